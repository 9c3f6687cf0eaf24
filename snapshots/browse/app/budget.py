"""What one request may take: its time, asked by SQL and by Python alike, and gone when its reader is."""

import sqlite3
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event

from scraper.errors import RegisterWatchError
from snapshots.browse.app.limits import LONGEST_S

EVERY = 20_000
"""Steps of SQLite's machine between two looks at the clock."""


class TooLongError(RegisterWatchError):
    """The time of a request is over, or nobody waits for its answer any more."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"This took longer than {seconds:.0f} seconds and was given up.")


@dataclass(slots=True)
class Budget:
    """The time of one request. It begins with the request's turn, not while it waits."""

    seconds: float = LONGEST_S
    clock: Callable[[], float] = time.monotonic
    _until: float = float("inf")
    _cancelled: Event = field(default_factory=Event)

    def begin(self) -> None:
        """Count from now."""
        self._until = self.clock() + self.seconds

    def cancel(self) -> None:
        """Let nothing more be done for it: the reader has gone, or the server stops."""
        self._cancelled.set()

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be done."""
        return self._cancelled.is_set() or self.clock() > self._until

    def check(self) -> None:
        """Raise TooLongError if nothing more is to be done; asked before each question and each template."""
        if self.is_over:
            raise TooLongError(self.seconds)

    def mind(self, conn: sqlite3.Connection) -> None:
        """Have SQLite ask, too, while it works."""
        conn.set_progress_handler(lambda: self.is_over, EVERY)


current: ContextVar[Budget | None] = ContextVar("budget", default=None)
"""That of the request under way, for Datasette, which hands nothing of ours on."""
