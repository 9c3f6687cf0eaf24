"""The history, written out: every table as CSV and as JSON lines, what describes them, and the pages if wanted."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from diff.cells import cell, escaped
from scraper.errors import RegisterWatchError, system_words
from scraper.files import Folder, Part, WrittenFile, only_writer
from scraper.names.vocabulary import Vocabulary
from snapshots.export.data_uses import COLUMNS, LEGAL_BASES, data_use
from snapshots.export.datapackage import DATA_USES, PAGES, About, data_package
from snapshots.export.tables import TABLES, Table, rows_of
from snapshots.export.warc import web_archive
from snapshots.keeping.store import Store
from snapshots.sql.rows import Database


class ExportError(RegisterWatchError):
    """The history could not be written out; files that were written before that are whole."""


def export(
    store: Store, directory: Path, *, register: str, index: str, vocabulary: Vocabulary, pages: bool = False
) -> list[WrittenFile]:
    """Write the history into *directory*; return its files.

    Args:
        store: The database.
        directory: Where to; made if it is not there. Other files in it are left alone.
        register: Name of the register.
        index: Its address.
        vocabulary: Known names.
        pages: Whether the kept pages are written too, as a web archive.

    Raises:
        ExportError: There is no history yet, or the directory cannot be written.
    """
    _about(store.db, register, index)  # of nothing no folder is made
    try:
        # Read after the waiting: whoever writes last has the newest history.
        with only_writer(directory) as folder, _one_state(store.db):
            _write_all(folder, store, _about(store.db, register, index), vocabulary, pages)
    except OSError as error:
        raise ExportError(
            f"{error.filename or directory}: the export cannot be written ({system_words(error)})"
        ) from error
    return folder.written


@contextmanager
def _one_state(db: Database) -> Iterator[None]:
    """Read the database as it is now, whatever is written meanwhile."""
    # A run that goes on meanwhile is in all files or in none.
    db.execute("begin")
    try:
        yield
    finally:
        db.execute("rollback")


def _about(db: Database, register: str, index: str) -> About:
    (row,) = db.query(
        """
        select min(captured_at) as since, max(captured_at) as head
        from page_runs as runs
        where state = 'committed' and pages_read > 0
        """
    )
    if row["head"] is None:
        raise ExportError("nothing is known yet, so there is nothing to export; start with `registerwatch import`")
    return About(register=register, index=index, since=row["since"], head=row["head"])


def _write_all(folder: Folder, store: Store, about: About, vocabulary: Vocabulary, pages: bool) -> None:
    # Nothing of the clock is written: the same history gives the same bytes.
    for table in TABLES:
        _write_table(folder, table, rows_of(table, store.db, vocabulary))
    _write_data_uses(folder, store.db, vocabulary)
    if pages:
        with folder.file(PAGES) as file:
            for record in web_archive(store.db, store.bodies, head=about.head, about=about.pages):
                file.write(record)
    files = {file.name: file for file in folder.written}
    with folder.file("datapackage.json") as file:
        file.write(_json(data_package(about, TABLES, files), indent=2))


def _write_table(folder: Folder, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    with folder.file(f"{table.name}.csv") as cells, folder.file(f"{table.name}.jsonl") as lines:
        write_row = _RowWriter(cells)
        write_row(table.names)
        for row in rows:
            write_row(row.values())
            lines.write(_json(row))


def _write_data_uses(folder: Folder, db: Database, vocabulary: Vocabulary) -> None:
    (agreements,) = (table for table in TABLES if table.name == "agreements")
    names = (*COLUMNS, LEGAL_BASES)
    with folder.file(DATA_USES) as cells:
        write_row = _RowWriter(cells)
        write_row(names)
        for agreement in rows_of(agreements, db, vocabulary):
            use = data_use(agreement)
            write_row(use.get(name) for name in names)


class _RowWriter:
    """Writes rows of RFC 4180 CSV."""

    def __init__(self, file: Part) -> None:
        self._file = file
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, lineterminator="\r\n")

    def __call__(self, values: Iterable[Any]) -> None:
        self._writer.writerow([cell(value) for value in values])
        self._file.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


def _json(value: Any, indent: int | None = None) -> bytes:
    return (escaped(json.dumps(value, ensure_ascii=False, indent=indent)) + "\n").encode()
