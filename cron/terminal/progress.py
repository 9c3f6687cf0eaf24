"""A line that is rewritten while something takes longer than a second, on a terminal and nowhere else."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from cron.terminal.style import cut, paint
from diff.saying.english import duration
from scraper.text import clean

PATIENCE_S = 1.0
"""Work that is done sooner shows nothing."""

REDRAW_S = 0.1


class Progress:
    """Count steps on *stream*; as a context manager it leaves the line empty behind it.

    >>> import sys
    >>> with Progress(3, sys.stdout, width=80) as progress:
    ...     for name in "abc":
    ...         progress.step(name)
    """

    def __init__(
        self,
        total: int,
        stream: TextIO,
        *,
        width: int,
        colour: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._stream, self._width, self._colour, self._clock = total, stream, width, colour, clock
        self._shown = stream.isatty()
        self._started = self._drawn_at = clock()
        self._done = 0
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._write("")

    def step(self, name: str = "") -> None:
        """Say that one more is done, *name* being the latest."""
        self._done += 1
        now = self._clock()
        if self._shown and now - self._started >= PATIENCE_S and now - self._drawn_at >= REDRAW_S:
            self._drawn_at = now
            self._write(progress_line(self._done, self._total, now - self._started, name, self._width, self._colour))

    def _write(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line}")
        self._stream.flush()
        self._drawn = bool(line)


def progress_line(done: int, total: int, elapsed_s: float, name: str, width: int, colour: bool = False) -> str:
    """Return how far it is: a bar, the count, the rate, the time left, and where there is room the latest name."""
    bar = 40 if width >= 100 else 20
    full = bar * min(done, total) // max(total, 1)
    rate = done / elapsed_s if elapsed_s > 0 else 0.0
    words = f"  {done:,} of {total:,}"
    if rate:
        words += f"  {rate:,.1f} a second  {duration((total - done) / rate)} left"
    words = cut(words, width - bar - 1)
    room = width - bar - len(words) - 3
    if name and width >= 100 and room > 8:
        words += f"  {cut(clean(name), room)}"
    return paint("━" * full, "green", colour) + paint("─" * (bar - full), "dim", colour) + words
