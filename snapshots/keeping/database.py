"""Opening the database: making it, bringing it to today's schema, refusing what is not ours; errors in plain words."""

import re
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from diff.severity import Severity
from scraper.errors import RegisterWatchError
from scraper.names.fold import fold
from scraper.records import FIELDS, SECTIONS
from snapshots.keeping.chain import begin_chain
from snapshots.sql import steps
from snapshots.sql.rows import Database, make_file

APPLICATION_ID = 0x52575448
"""Written into the file's header, so that a file of another program is never taken for ours."""


_BESIDE: steps.Beside = {"m003_manifests": begin_chain}


def is_current(db: Database) -> bool:
    """Say whether *db* has today's schema and views."""
    (version,) = db.execute("pragma user_version").fetchone()
    return version == _views_version() and steps.taken(db.conn) >= set(steps.names())


_HELD_NOW = r"""\1.last_seen is null or \1.last_seen = (
  select missing.last_seen
  from agreements
  join agreement_versions as missing on missing.id = agreements.version
  where agreements.page = \1.page and agreements.reference = \1.reference
    and agreements.standing
)"""
"""That a row of a table of periods is held now; why, stands above the first view that asks it."""


def _views() -> str:
    """Return the statements that make the views, with a column for every field of an agreement that is shown."""
    # A section is looked up, not joined: then it is read of the rows that are shown, and not of all that are sorted.
    columns = [
        f"(select text from texts where texts.id = states.{name}) as {name}" if name in SECTIONS else f"states.{name}"
        for name in FIELDS
    ]
    shown = [column for name, column in zip(FIELDS, columns, strict=True) if name not in steps.NOT_SHOWN]
    fields = "".join(f"{column},\n  " for column in shown).rstrip()
    text = steps.sql("views.sql").replace("/* fields */", fields)
    return re.sub(r"/\* held now: (\w+) \*/", _HELD_NOW, text)


def _views_version() -> int:
    # `user_version` is a signed number of 32 bits.
    return zlib.crc32(_views().encode()) & 0x7FFFFFFF


def migrate(db: Database) -> None:
    """Bring *db* to today's schema and make the views anew: one transaction, so that a killed one leaves what was."""
    with db.writing():
        steps.take(db, _BESIDE)
        for view in db.column("select name from sqlite_master where type = 'view'"):
            db.execute(f"drop view [{view}]")
        steps.execute(db, _views())
        db.execute(f"pragma application_id = {APPLICATION_ID}")
        db.execute(f"pragma user_version = {_views_version()}")


def first_step(path: Path) -> str | None:
    """Return the first migration that the database at *path* lacks; None if it lacks none, or is none of ours yet."""
    if not path.is_file() or not path.stat().st_size:
        return None
    try:
        _recover(path)
        with closing(_connect(path, "mode=ro")) as conn:
            applied = steps.taken(conn)
    except sqlite3.Error:
        # Opening it says what is wrong with it.
        return None
    known = set(steps.names())
    return None if applied - known else min(known - applied, default=None)


# --- opening ----------------------------------------------------------------------------------------------------------

# The end of a run holds the file for seconds; who has waited for longer is told that it is busy.
BUSY_S = 30.0

FOR_THE_GROUP = 0o640
"""Mode of the database and of what lies beside it where the process's own mask is not stricter."""

DatabaseError = sqlite3.Error
"""What SQLite raises: a full disk, a file that is read-only, locked or damaged."""


class StoreError(RegisterWatchError):
    """The database cannot be used; it is as it was."""


class NotNotedError(RegisterWatchError):
    """Something was done, and the database refused to note it."""


@contextmanager
def noting(done: str, healed: str) -> Iterator[None]:
    """Note what was *done*; if the database refuses, say both, and how that is *healed*.

    Raises:
        NotNotedError: It refused.
    """
    try:
        yield
    except DatabaseError as error:
        raise NotNotedError(f"{done}, and that could not be noted ({error}); {healed}") from error


def open_database(path: Path, *, create: bool = True) -> Database:
    """Open the database at *path*, migrating an older one.

    Raises:
        StoreError: There is none and none is to be made; it is not ours, of a newer program, damaged, or not
            writable. It is left as it was.
    """
    if not path.exists() and not create:
        raise StoreError(f"{path}: there is no database yet; start with `registerwatch run` or `registerwatch import`")
    if path.is_dir():
        raise StoreError(f"{path}: is a folder, not a database")
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.parent}")
    try:
        # It holds what nobody was told, and who is told: nothing for other users of the machine. What SQLite puts
        # beside it, and a copy of it, have its mode.
        make_file(path, FOR_THE_GROUP)
        if path.stat().st_size:
            _check_ours(path)
        db = _opened(path)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(explain(path, error)) from error
    _opened_here.add(_file_id(path))
    return db


_DAMAGED = "is damaged; put back a backup, or import the saved pages into a new file"
_CLOSED = "cannot be used; make the file and its folder readable and writable, or name another with --db"
_REMEDIES = {
    "malformed": _DAMAGED,
    "not a database": _DAMAGED,
    "readonly": _CLOSED,
    "unable to open": _CLOSED,
    "Permission denied": _CLOSED,
    "Read-only file system": _CLOSED,
    "locked": "is in use by another registerwatch; try again when it is done",
    "full": "the disk is full; make room and try again",
}


def explain(path: Path, error: Exception) -> str:
    """Return in one line what is wrong with the database, and what to do."""
    remedy = next((words for sign, words in _REMEDIES.items() if sign in str(error)), None)
    return f"{path}: {remedy} ({error})" if remedy else f"{path}: {error}"


_NO_DATABASE = "is not a database of registerwatch; it is left as it is, name another with --db"
_FOREIGN = "is a database of another program; it is left as it is, name another with --db"

_opened_here: set[tuple[int, int]] = set()
"""Files that this process has opened, and may have open."""


def _file_id(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_dev, about.st_ino


def _check_ours(path: Path) -> None:
    """Refuse a file of another program or of a newer one, without touching it."""
    # Not of a file that we may have open: see `make_file`.
    if _file_id(path) not in _opened_here:
        _check_header(path)
    try:
        _recover(path)
        _check_applied(path)
    except sqlite3.DatabaseError as error:
        # Put in the place of one that was open: its header was not looked at.
        if "not a database" in str(error):
            raise StoreError(f"{path}: {_NO_DATABASE}") from error
        raise


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(b"SQLite format 3\0"):
        raise StoreError(f"{path}: {_NO_DATABASE}")
    # Where the format of the file has its application id: looked at before SQLite opens what may not be ours.
    if int.from_bytes(header[68:72], "big") not in (APPLICATION_ID, 0):
        raise StoreError(f"{path}: {_FOREIGN}")


def _recover(path: Path) -> None:
    """Have SQLite take back what a killed program left half written in a file of ours, which who only reads cannot."""
    real = path.resolve()  # SQLite, too, follows links
    if not real.with_name(f"{real.name}-journal").exists():
        return
    # As it lies there: to read it in any other way is to take that back, and it may not be ours.
    with closing(_connect(path, "immutable=1")) as conn:
        _is_ours(path, conn)
    with closing(_connect(path, "mode=rw")) as conn:
        conn.execute("select 1 from sqlite_master").fetchone()


def _check_applied(path: Path) -> None:
    with closing(_connect(path, "mode=ro")) as conn:
        # The file's own header lags behind where a killed program left a write-ahead log.
        applied = steps.taken(conn) if _is_ours(path, conn) else set()
    if newer := applied.difference(steps.names()):
        raise StoreError(
            f"{path}: was written by a newer registerwatch ({', '.join(sorted(newer))}); update the program"
        )


def _is_ours(path: Path, conn: sqlite3.Connection) -> bool:
    """Refuse a database of another program; say whether it is ours already, and not empty still."""
    (application,) = conn.execute("pragma application_id").fetchone()
    if application == APPLICATION_ID:  # no table is looked for: what is half written may have none that can be read
        return True
    (tables,) = conn.execute("select count(*) from sqlite_master").fetchone()
    if tables:
        raise StoreError(f"{path}: {_FOREIGN}")
    return False


def _connect(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=BUSY_S)


def add_functions(conn: sqlite3.Connection) -> None:
    """Let SQL say `folded(text)`, the form in which names are compared, and `severity_rank(severity)`, 0 for high."""
    conn.create_function("folded", 1, lambda text: fold(text or ""), deterministic=True)
    conn.create_function("severity_rank", 1, lambda text: Severity(text).rank, deterministic=True)


def _opened(path: Path) -> Database:
    # Without a level Python begins no transaction of its own: one begins where we say so, and holds what we say.
    conn = sqlite3.connect(str(path), timeout=BUSY_S, isolation_level=None)
    db = Database(conn)
    try:
        # Off by default, and not kept in the file: said for each connection.
        db.execute("pragma foreign_keys = on")
        add_functions(conn)
        _keep_a_log(db)
        if not is_current(db):
            migrate(db)
        # With such a log a power cut then loses what was written last, and never damages the file.
        db.execute("pragma synchronous = normal")
    except BaseException:
        conn.close()
        raise
    return db


def _keep_a_log(db: Database) -> None:
    """Have the file kept with a write-ahead log: then its pages can be read while a run writes."""
    # It is kept in the file, but a copy that another tool made, as `vacuum into` does, is without.
    try:
        db.execute("pragma journal_mode = wal")
    except sqlite3.OperationalError as error:
        # What may only be read can be asked as it is; who writes is told by SQLite.
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise


def lacks_details(db: Database) -> bool:
    """Say whether the history was derived before changes had details, and not again since."""
    return db.execute("select 1 from derivation where rules = 'without details'").fetchone() is not None


def search_tables(db: Database) -> list[str]:
    """Return the full-text indexes over tables."""
    rows = db.query("select name from sqlite_master where sql like '%using fts5%' and sql like '% content = ''_%'")
    return [row["name"] for row in rows]


def insert(db: Database, table: str, row: Mapping[str, Any], *, verb: str = "insert") -> int:
    """Insert one row by one statement; return its row id. Joins the transaction that is open."""
    return int(db.execute(_insertion(verb, table, row), dict(row)).lastrowid or 0)


def insert_all(db: Database, table: str, rows: Sequence[Mapping[str, Any]], *, verb: str = "insert") -> None:
    """Insert rows of the same columns by one statement. Joins the transaction that is open."""
    if rows:
        db.conn.executemany(_insertion(verb, table, rows[0]), rows)


def _insertion(verb: str, table: str, row: Mapping[str, Any]) -> str:
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    return f"{verb} into {table} ({names}) values ({values})"


def update(db: Database, table: str, key: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """Write these columns of the row that has this key. Joins the transaction that is open."""
    columns, where = ", ".join(f"{name} = :{name}" for name in row), " and ".join(f"{name} = :{name}" for name in key)
    db.execute(f"update {table} set {columns} where {where}", {**key, **row})
