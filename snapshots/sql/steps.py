"""The steps of the schema: which there are, and taking them.

Each numbered file of statements in this folder is a step, and a new file is a new one. A step that was shipped is never
edited; the next one repairs it.
"""

import re
import sqlite3
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from snapshots.sql.rows import Database

if TYPE_CHECKING:
    import sqlite_utils

Beside = Mapping[str, Callable[[Database], None]]
"""Step → what it does when its statements are done, as far as that is more than SQL."""

_FOLDER = Path(__file__).parent

NOT_SHOWN = ("purposes_text", "system_access_note", "printed")
"""Fields without a column in `current_agreements`: it never had one of them, and scripts read its rows as they are."""


def sql(name: str) -> str:
    """Return the statements of a file of this folder."""
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def names() -> tuple[str, ...]:
    """Return the steps this program knows, in their order."""
    files = sorted(file.name for file in _FOLDER.iterdir())
    return tuple(name.removesuffix(".sql") for name in files if re.match(r"m\d{3}_\w+\.sql$", name))


def execute(db: Database, statements: str) -> None:
    """Execute statements, each of which ends with its line, within the transaction that is open.

    `executescript` of sqlite3 would commit that first.
    """
    statement = ""
    for line in statements.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
    db.execute(statement)


def taken(conn: sqlite3.Connection) -> set[str]:
    """Return the steps that a database has gone through; `sqlite3.Error` where none ever was."""
    return {name for (name,) in conn.execute("select name from _sqlite_migrations")}


def take(db: Database, beside: Beside) -> None:
    """Take the steps that *db* lacks, each as a whole."""
    # Here: it is needed by a database of an older program alone.
    import sqlite_utils

    migrations(beside).apply(sqlite_utils.Database(db.conn))


def migrations(beside: Beside) -> "sqlite_utils.Migrations":
    """Return the steps as sqlite-utils knows them."""
    import sqlite_utils

    all_steps = sqlite_utils.Migrations("registerwatch")
    for name in names():
        all_steps(name=name)(_step(name, beside))
    return all_steps


def _step(name: str, beside: Beside) -> "Callable[[sqlite_utils.Database], None]":
    def step(db: "sqlite_utils.Database") -> None:
        plain = Database(db.conn)
        execute(plain, sql(f"{name}.sql"))
        if name in beside:
            beside[name](plain)

    return step
