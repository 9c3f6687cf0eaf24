"""The schema, step by step: each numbered file in snapshots/sql/ is one, and a new file is a new one.

A step that was shipped is never edited; the next one repairs it.
"""

import re
import sqlite3
import zlib
from collections.abc import Callable
from importlib import resources

from sqlite_utils import Database, Migrations

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
