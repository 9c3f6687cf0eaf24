"""Opening the database: making it, bringing it to today's schema, refusing what is not ours; errors in plain words.

The schema comes step by step: each numbered file in snapshots/sql/ is a migration, and a new file is a new one. A step
that was shipped is never edited; the next one repairs it.
"""

import re
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from diff.severity import Severity
from scraper.errors import RegisterWatchError
from scraper.names.fold import fold
from scraper.records import FIELDS, SECTIONS
from snapshots.keeping.chain import begin_chain
from snapshots.keeping.states import PROSE_JOINS
from snapshots.sql.comments import NOT_SHOWN

migrations = Migrations("registerwatch")

APPLICATION_ID = 0x52575448
"""Written into the file's header, so that a file of another program is never taken for ours."""


def _sql(name: str) -> str:
    return (resources.files("snapshots.sql") / name).read_text(encoding="utf-8")


def _execute(db: Database, sql: str) -> None:
    """Execute statements, each of which ends with its line, within the transaction that is open.

    `executescript` of sqlite3 would commit that first; the one of sqlite-utils looks for the end after every letter.
    """
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
    db.execute(statement)


_BESIDE: dict[str, Callable[[Database], None]] = {"m003_manifests": begin_chain}
"""What a step does when its statements are done, as far as that is more than SQL."""


def _step(name: str) -> Callable[[Database], None]:
    def step(db: Database) -> None:
        _execute(db, _sql(f"{name}.sql"))
        if name in _BESIDE:
            _BESIDE[name](db)

    return step


def _register() -> None:
    """Make a step of every numbered file of statements, in their order."""
    files = sorted(file.name for file in resources.files("snapshots.sql").iterdir())
    for name in (file.removesuffix(".sql") for file in files if re.match(r"m\d{3}_\w+\.sql$", file)):
        migrations(name=name)(_step(name))


_register()


def is_current(db: Database) -> bool:
    """Say whether *db* has today's schema and views."""
    (version,) = db.execute("pragma user_version").fetchone()
    return version == _views_version() and not migrations.pending(db)


def _views() -> str:
    """Return the statements that make the views, with a column for every field of an agreement that is shown."""
    columns = [f"{name}.text as {name}" if name in SECTIONS else f"states.{name}" for name in FIELDS]
    shown = [column for name, column in zip(FIELDS, columns, strict=True) if name not in NOT_SHOWN]
    fields = "".join(f"{column},\n  " for column in shown).rstrip()
    return _sql("views.sql").replace("/* fields */", fields).replace("/* prose */", PROSE_JOINS)


def _views_version() -> int:
    # `user_version` is a signed number of 32 bits.
    return zlib.crc32(_views().encode()) & 0x7FFFFFFF


def migrate(db: Database) -> None:
    """Bring *db* to today's schema and make the views anew: one transaction, so that a killed one leaves what was."""
    db.execute("begin immediate")
    with db.atomic():
        migrations.apply(db)
        for view in db.view_names():
            db.execute(f"drop view [{view}]")
        _execute(db, _views())
        db.execute(f"pragma application_id = {APPLICATION_ID}")
        db.execute(f"pragma user_version = {_views_version()}")
    db.execute("commit")


def known_names() -> set[str]:
    """Return the names of the migrations this program knows."""
    return {migration.name for migration in migrations._migrations}


# --- opening ----------------------------------------------------------------------------------------------------------

# The end of a run holds the file for seconds; who has waited for longer is told that it is busy.
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
    # Where the format of the file has its application id: looked at before SQLite opens what may not be ours.
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
    # Without a level Python begins no transaction of its own: one begins where we say so, and holds what we say.
    conn = sqlite3.connect(str(path), timeout=BUSY_S, isolation_level=None)
    db = Database(conn)
    try:
        # Off by default, and not kept in the file: said for each connection.
        db.execute("pragma foreign_keys = on")
        add_functions(conn)
        if not is_current(db):
            # Kept in the file: with a write-ahead log its pages can be read while a run writes.
            db.execute("pragma journal_mode = wal")
            migrate(db)
        # With such a log a power cut then loses what was written last, and never damages the file.
        db.execute("pragma synchronous = normal")
    except BaseException:
        conn.close()
        raise
    return db


def search_tables(db: Database) -> list[str]:
    """Return the full-text indexes over tables."""
    rows = db.query("select name from sqlite_master where sql like '%using fts5%' and sql like '% content = ''_%'")
    return [row["name"] for row in rows]


def insert(db: Database, table: str, row: Mapping[str, Any], *, verb: str = "insert") -> int:
    """Insert one row by one statement; return its row id. Joins the transaction that is open."""
    # Not by sqlite-utils' own `insert`: it opens a savepoint and looks at the table for each row, which was a tenth of
    # the time of importing a whole register.
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    return int(db.execute(f"{verb} into {table} ({names}) values ({values})", dict(row)).lastrowid or 0)
