"""The schema, step by step. A migration that was shipped is never edited; the next one repairs it."""

import sqlite3
import zlib
from importlib import resources

from sqlite_utils import Database, Migrations

from snapshots.keeping.chain import begin_chain

migrations = Migrations("registerwatch")

APPLICATION_ID = 0x52575448
"""Written into the file's header, so that a file of another program is never taken for ours."""


def _sql(name: str) -> str:
    return (resources.files("snapshots.sql") / name).read_text(encoding="utf-8")


def _execute(db: Database, name: str) -> None:
    """Execute a file of statements, each of which ends with its line, within the transaction that is open.

    `executescript` of sqlite3 would commit that first; the one of sqlite-utils looks for the end after every letter.
    """
    statement = ""
    for line in _sql(name).splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
    db.execute(statement)


@migrations()
def m001_begin(db: Database) -> None:
    """Make the tables."""
    _execute(db, "schema.sql")


@migrations()
def m002_deliveries(db: Database) -> None:
    """Make room for what is to be told."""
    _execute(db, "m002_deliveries.sql")


@migrations()
def m003_manifests(db: Database) -> None:
    """Make room for the chain of runs, and begin it with the runs that there are."""
    _execute(db, "m003_manifests.sql")
    begin_chain(db)


@migrations()
def m004_headers(db: Database) -> None:
    """Make room for the headers that a page came with."""
    _execute(db, "m004_headers.sql")


@migrations()
def m005_looking(db: Database) -> None:
    """Make the questions of the pages that are browsed quick."""
    _execute(db, "m005_looking.sql")


def is_current(db: Database) -> bool:
    """Say whether *db* has today's schema and views."""
    (version,) = db.execute("pragma user_version").fetchone()
    return version == _views_version() and not migrations.pending(db)


def _views_version() -> int:
    return zlib.crc32(_sql("views.sql").encode()) & 0x7FFFFFFF


def migrate(db: Database) -> None:
    """Bring *db* to today's schema and make the views anew: one transaction, so that a killed one leaves what was."""
    db.execute("begin immediate")
    with db.atomic():
        migrations.apply(db)
        for view in db.view_names():
            db.execute(f"drop view [{view}]")
        _execute(db, "views.sql")
        db.execute(f"pragma application_id = {APPLICATION_ID}")
        db.execute(f"pragma user_version = {_views_version()}")
    db.execute("commit")


def known_names() -> set[str]:
    """Return the names of the migrations this program knows."""
    return {migration.name for migration in migrations._migrations}
