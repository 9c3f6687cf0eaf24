"""Reading for one page: a connection of its own, read-only, in one transaction that is over when the page is."""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scraper.names.vocabulary import Vocabulary
from snapshots.asking.answers import Answers
from snapshots.keeping.database import add_functions

Row = dict[str, Any]

LONGEST_S = 10.0
"""Seconds after which a page is given up, so that no request holds a thread for ever."""

_EVERY = 20_000
"""Steps of SQLite's machine between two looks at the clock."""


class Reader:
    """The database as it is for one page."""

    def __init__(self, db: Database, vocabulary: Vocabulary) -> None:
        self.db = db
        self.vocabulary = vocabulary
        self._found: dict[tuple[str, str], list[Row]] = {}

    @cached_property
    def answers(self) -> Answers:
        """The questions that the command line asks too."""
        return Answers(self.db, self.vocabulary, ask=self.once)

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        """Return the rows of a question. In SQL, `folded(text)` is the form in which names are compared."""
        return list(self.db.query(sql, dict(values or {})))

    def once(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        """Return the rows of a question that one page asks again and again: what was found the first time."""
        key = (sql, json.dumps(values, sort_keys=True))
        if key not in self._found:
            self._found[key] = self.rows(sql, values)
        return self._found[key]

    def row(self, sql: str, values: Mapping[str, Any] | None = None) -> Row | None:
        """Return the first row of a question, if there is one."""
        return next(iter(self.rows(sql, values)), None)

    def value(self, sql: str, values: Mapping[str, Any] | None = None) -> Any:
        """Return the first value of the first row of a question; None if there is no row."""
        row = self.row(sql, values)
        return next(iter(row.values())) if row else None

    @cached_property
    def newest(self) -> str:
        """The time of the newest run that counts, empty before there is one: what pages mean by "now"."""
        return self.answers.runs.newest()

    @cached_property
    def organisations(self) -> dict[str, str]:
        """Slug → name, of every page there has been."""
        rows = self.rows("select key as slug, coalesce(organisation, key) as name from pages order by key")
        return {row["slug"]: row["name"] for row in rows}


@contextmanager
def reading(database: Path, vocabulary: Vocabulary) -> Iterator[Reader]:
    """Open *database* to read one page from it."""
    conn = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0, isolation_level=None)
    try:
        until = time.monotonic() + LONGEST_S
        conn.set_progress_handler(lambda: time.monotonic() > until, _EVERY)
        add_functions(conn)
        conn.execute("pragma query_only = on")
        conn.execute("begin")
        yield Reader(Database(conn), vocabulary)
    finally:
        conn.close()
