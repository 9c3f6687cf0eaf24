"""Whether what was derived is what the kept pages give; and how rot in it is found and made right.

What is kept is proved by the chain (`verify.py`). What follows from it is proved in three ways: texts, states and
changes have a key of their own content; readings are read anew, some each time; and everything can be derived once
more, beside, and compared row by row.
"""

import fcntl
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from diff.change import Change, fact_id, group_id
from scraper.register import page_key
from scraper.text import cut, one_line
from snapshots.keeping.bodies import Bodies
from snapshots.keeping.database import DatabaseError, StoreError, search_tables
from snapshots.keeping.readings import Progress, Readings, read_body, reading_rules
from snapshots.keeping.states import CHANGES, NOT_READABLE, States, change_of, tolerant
from snapshots.keeping.store import Rules, open_store
from snapshots.keeping.upkeep import BackupError, back_up
from snapshots.sql.rows import Database

KEPT = frozenset(
    (
        "_sqlite_migrations archived_pages attempts bodies captures change_notes deliveries dictionaries "
        "former_members listed_pages manifests official_dictionaries official_editions official_inbox official_rows "
        "time_stamps validators"
    ).split()
)
"""Tables that no derivation makes; every other one is compared with what the kept pages give."""

HEALED = "`registerwatch reparse --again` makes it right"

READ_ANEW = 25
"""Bodies that are read anew where not everything is looked at: a second's work; others each time the chain grows."""


def flaws_of_derived(db: Database, rules: Rules, progress: Progress, *, seed: str) -> Iterator[str]:
    """Yield what differs from its own key, and which of some readings is not what its bytes say.

    Args:
        db: The database, read only.
        rules: What pages are read by.
        progress: Shows how far it is.
        seed: Decides which bodies are read anew.
    """
    for table, number in States(db).damaged():
        yield f"{table}, row {number}: its content is not that of its key"
    with tolerant(db):
        yield from _flaws_of_changes(db, progress)
        yield from _flaws_of_readings(db, rules, progress, seed)


def _flaws_of_changes(db: Database, progress: Progress) -> Iterator[str]:
    listed = {row["fact"]: row["n"] for row in db.query("select fact, count(*) as n from changes group by fact")}
    for row in progress(db.query(CHANGES), len(listed), "changes"):
        try:
            change = change_of(row)
            # One that is no longer found has the id that earlier rules gave it.
            right = change.withdrawn or _is_its_id(change, listed[change.fact])
        except NOT_READABLE:
            right = False
        if not right:
            yield f"the change {one_line(cut(str(row['id']), 40))}: what it says is not that of its id"


def _is_its_id(change: Change, listed: int) -> bool:
    # Which of the listings of its fact it is, is not kept. A page that went with its agreements has members, and is a
    # fact like any other.
    if change.fact == fact_id(change, 0) and any(change.id == fact_id(change, n) for n in range(listed)):
        return True
    values = (change.added, change.removed, change.before, change.after)
    page = change.page or page_key(change.register, "")
    return change.id == group_id(change.kind, change.field, *values, change.first_seen[:10], page=page)


def _flaws_of_readings(db: Database, rules: Rules, progress: Progress, seed: str) -> Iterator[str]:
    readings = Readings(db, States(db), reading_rules(rules.vocabulary))
    read = readings.read_by_these_rules()
    some = random.Random(seed).sample(read, min(READ_ANEW, len(read)))
    for one in progress(sorted(some), len(some), "readings"):
        if not _reads_so(readings, Bodies(db), one, rules):
            yield f"the reading of {one[0]} is not what its bytes say"


def _reads_so(readings: Readings, bodies: Bodies, one: tuple[str, str, str | None], rules: Rules) -> bool:
    sha256, slug, charset = one
    fresh = read_body(bodies.read(sha256), slug, slug, rules.vocabulary, charset)
    try:
        kept = readings.load(sha256, slug)
    except NOT_READABLE:
        return False
    return (kept.page, kept.refused, kept.closes) == (fresh.page, fresh.refused, fresh.closes)


# --- everything, once more --------------------------------------------------------------------------------------------


def flaw_beside(db: Database, path: Path, rules: Rules, progress: Progress) -> str | None:
    """Derive everything once more in a copy beside the file, and return the first row that differs.

    It takes the time of `reparse`, and for as long twice the room of the file.

    Raises:
        BackupError: The copy cannot be written.
        StoreError: The history was derived by other rules than today's: it may differ, and nothing rotted.
    """
    with _folder_beside(path) as folder:
        before, after = folder / "before.db", folder / "after.db"
        back_up(db, path, before)
        shutil.copy(before, after)
        with closing(open_store(after)) as store:
            if not store.is_current(rules):
                raise StoreError(
                    f"{path}: the history was derived by an older version or by other names; "
                    "ask again after `registerwatch reparse`"
                )
            if damaged := next(_damaged_search(store.db), None):
                return damaged
            store.reparse(rules, again=True, progress=progress)
            store.db.execute("attach database ? as before", (str(before),))
            return next(_differences(store.db), None)


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """Hold an empty folder beside *path*, gone at the end; what a killed program left there is taken away."""
    folder = path.absolute().with_name(f".{path.name}.verify")
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.iterdir():
            left.unlink()
        yield folder
        shutil.rmtree(folder)
    except BlockingIOError as error:
        raise BackupError(f"{path}: is being looked at by another `verify --all`; this one does nothing") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(handle)


def _damaged_search(db: Database) -> Iterator[str]:
    for name in search_tables(db):
        try:
            db.execute(f"insert into {name} ({name}, rank) values ('integrity-check', 1)")
        except DatabaseError:
            yield f"{name} does not find what stands in its table"


def _differences(after: Database) -> Iterator[str]:
    tables = [row["name"] for row in after.query("pragma main.table_list") if row["type"] == "table"]
    for table in sorted(tables):
        if table in KEPT or table.startswith("sqlite_"):
            continue
        for one, other, what in (("before", "main", "is not"), ("main", "before", "is missing:")):
            rows = after.query(f"select * from {one}.[{table}] except select * from {other}.[{table}] limit 1")
            if row := next(iter(rows), None):
                yield f"{table}, {_shown(row)} {what} what the kept pages give by today's rules"


def _shown(row: dict[str, Any]) -> str:
    name, value = next(iter(row.items()))
    return f"{name} {one_line(cut(str(value), 60))}"
