"""Opening the database: making it, bringing it to today's schema, refusing what is not ours; errors in plain words."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from diff.severity import Severity
from scraper.errors import RegisterWatchError
from scraper.names.fold import fold
from snapshots.keeping.migrations import APPLICATION_ID, is_current, known_names, migrate

BUSY_S = 30.0

DatabaseError = sqlite3.Error
"""What SQLite raises: a full disk, a file that is read-only, locked or damaged."""


class StoreError(RegisterWatchError):
    """The database cannot be used; it is as it was."""


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
        if path.exists() and path.stat().st_size:
            _check_ours(path)
        return _opened(path)
    except (sqlite3.Error, PermissionError) as error:
        raise StoreError(explain(path, error)) from error


_DAMAGED = "is damaged; put back a backup, or import the saved pages into a new file"
_CLOSED = "cannot be used; make the file and its folder readable and writable, or name another with --db"
_REMEDIES = {
    "malformed": _DAMAGED,
    "not a database": _DAMAGED,
    "readonly": _CLOSED,
    "unable to open": _CLOSED,
    "Permission denied": _CLOSED,
    "locked": "is in use by another registerwatch; try again when it is done",
    "full": "the disk is full; make room and try again",
}


def explain(path: Path, error: Exception) -> str:
    """Return in one line what is wrong with the database, and what to do."""
    remedy = next((words for sign, words in _REMEDIES.items() if sign in str(error)), None)
    return f"{path}: {remedy} ({error})" if remedy else f"{path}: {error}"


def _check_ours(path: Path) -> None:
    """Refuse a file of another program or of a newer one, without touching it."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(b"SQLite format 3\0"):
        raise StoreError(f"{path}: is not a database of registerwatch; it is left as it is, name another with --db")
    foreign = f"{path}: is a database of another program; it is left as it is, name another with --db"
    if int.from_bytes(header[68:72], "big") not in (APPLICATION_ID, 0):
        raise StoreError(foreign)
    conn = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        # The file's own header lags behind where a killed program left a write-ahead log.
        (application,) = conn.execute("pragma application_id").fetchone()
        (tables,) = conn.execute("select count(*) from sqlite_master").fetchone()
        if application != APPLICATION_ID and tables:
            raise StoreError(foreign)
        applied = {name for (name,) in conn.execute("select name from _sqlite_migrations")} if tables else set()
    finally:
        conn.close()
    if newer := applied - known_names():
        raise StoreError(
            f"{path}: was written by a newer registerwatch ({', '.join(sorted(newer))}); update the program"
        )


def add_functions(conn: sqlite3.Connection) -> None:
    """Let SQL say `folded(text)`, the form in which names are compared, and `severity_rank(severity)`, 0 for high."""
    conn.create_function("folded", 1, lambda text: fold(text or ""), deterministic=True)
    conn.create_function("severity_rank", 1, lambda text: Severity(text).rank, deterministic=True)


def _opened(path: Path) -> Database:
    conn = sqlite3.connect(str(path), timeout=BUSY_S, isolation_level=None)
    db = Database(conn)
    try:
        db.execute("pragma foreign_keys = on")
        add_functions(conn)
        if not is_current(db):
            db.execute("pragma journal_mode = wal")
            migrate(db)
        db.execute("pragma synchronous = normal")
    except BaseException:
        conn.close()
        raise
    return db


def insert(db: Database, table: str, row: Mapping[str, Any], *, verb: str = "insert") -> int:
    """Insert one row by one statement; return its row id. Joins the transaction that is open."""
    # Not by sqlite-utils' own `insert`: it opens a savepoint and looks at the table for each row, which was a tenth of
    # the time of importing a whole register.
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    return int(db.execute(f"{verb} into {table} ({names}) values ({values})", dict(row)).lastrowid or 0)
