"""The schema, step by step. A migration that was shipped is never edited; the next one repairs it."""

from importlib import resources
from pathlib import Path

from sqlite_utils import Database, Migrations

migrations = Migrations("registerwatch")

APPLICATION_ID = 0x52575448
"""Written into the file's header, so that a file of another program is never taken for ours."""


def _sql(name: str) -> str:
    return (resources.files("snapshots") / name).read_text(encoding="utf-8")


@migrations()
def m001_begin(db: Database) -> None:
    """Make the tables."""
    db.executescript(_sql("schema.sql"))


def migrate(db: Database) -> None:
    """Bring *db* to today's schema, and make the views anew if anything moved."""
    if not migrations.pending(db):
        return
    migrations.apply(db)
    with db.atomic():
        for view in db.view_names():
            db.execute(f"drop view [{view}]")
        db.executescript(_sql("views.sql"))
    db.execute(f"pragma application_id = {APPLICATION_ID}")


def known_names() -> set[str]:
    """Return the names of the migrations this program knows."""
    return {migration.name for migration in migrations._migrations}


def make_empty(path: Path) -> Database:
    """Return a new, migrated, empty database at *path*."""
    db = Database(str(path))
    migrate(db)
    return db
