"""A connection of SQLite: statements in, rows out as dictionaries.

The standard library alone: a question to the history is answered by it before sqlite-utils, which brings a database to
today's schema, would have been loaded (`snapshots.sql.steps`).
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def make_file(path: Path, mode: int) -> None:
    """Make the empty file of a database, for whom *mode* says, unless it is there.

    One that is there is opened by SQLite alone: its locks are those of the process, and to close another handle of the
    file ends them all. The next program at it then takes it for closed by everybody, and removes the log that we write
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode))


Values = Mapping[str, Any] | Sequence[Any]


class Database:
    """An open database. Transactions are begun and ended by whoever asks, never by themselves."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn

    def execute(self, sql: str, values: Values = ()) -> sqlite3.Cursor:
        """Execute a statement."""
        return self.conn.execute(sql, values)

    def query(self, sql: str, values: Values = ()) -> Iterator[dict[str, Any]]:
        """Ask at once; return the rows one by one, as dictionaries."""
        cursor = self.conn.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return (dict(zip(names, row, strict=True)) for row in cursor)

    def column(self, sql: str, values: Values = ()) -> list[Any]:
        """Return the first column of what is asked for."""
        return [row[0] for row in self.conn.execute(sql, values)]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold a transaction that nobody else writes beside: all of it is kept, or nothing."""
        # Immediate: who has read before, and then wants to write, is refused at once if another wrote in between.
        self.execute("begin immediate")
        try:
            yield
            self.execute("commit")
        except BaseException:
            if self.conn.in_transaction:  # a full disk has SQLite roll back by itself
                self.execute("rollback")
            raise

    @contextmanager
    def together(self) -> Iterator[None]:
        """Keep all that is written meanwhile, or nothing of it; a part of the transaction that is open, if one is."""
        self.execute("savepoint together")
        try:
            yield
        except BaseException:
            if self.conn.in_transaction:  # a full disk has SQLite roll back by itself
                self.execute("rollback to together")
                self.execute("release together")
            raise
        self.execute("release together")
