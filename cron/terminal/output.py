"""Where answers, errors and progress go: standard output and standard error, and what is done when they are closed.

Progress is a line that is rewritten while something takes longer than a second, on a terminal and nowhere else. How an
answer looks is for the other modules of this room to say.

"""

import codecs
import io
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, Self, TextIO, TypedDict

import click

from cron.terminal.style import TableColumn, cut, paint, render_table, wants_colour
from diff.cells import to_csv, to_json, to_ndjson
from diff.saying.english import duration
from scraper.errors import RegisterWatchError, explained
from scraper.text import clean

PATIENCE_S = 1.0
"""Work that is done sooner shows nothing."""

# Ten times a second is smooth; a terminal across a network falls behind by more.
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


# --- answers and errors -----------------------------------------------------------------------------------------------


class OutputError(RegisterWatchError):
    """Standard output takes no answer."""


class Screen(TypedDict):
    """What those who render need to know of the terminal."""

    width: int
    colour: bool


def screen() -> Screen:
    """Return how wide standard output is, and whether it wants colours; where it was closed, it wants none."""
    colour = sys.stdout is not None and wants_colour(sys.stdout, os.environ)
    return {"width": _columns(), "colour": colour}


def at_terminal() -> bool:
    """Whether a person reads what is written to standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def _columns() -> int:
    return shutil.get_terminal_size((80, 24)).columns


# --- what a terminal can show ---------------------------------------------------------------------------------------

_PLAIN = {"─": "-", "━": "=", "→": "->", "…": "...", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"'}


def show_what_can_be_shown() -> None:
    """Have text that the terminal's encoding lacks be replaced from now on: an older terminal is no reason to fail."""
    codecs.register_error("registerwatch", _replaced)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="registerwatch")


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(one, "?") for one in error.object[error.start : error.end]), error.end


# --- what was asked for, and what was done ----------------------------------------------------------------------------


def write(
    rows: Sequence[dict[str, Any]], format_: str, table: Callable[[], str], fields: Sequence[str] | None = None
) -> None:
    """Write an answer to standard output in the form asked for; *fields* are the head line of CSV."""
    if format_ == "csv":
        answer(to_csv(rows, fields).encode())
    else:
        # As bytes: what a program reads is UTF-8 whatever the terminal is.
        writers = {"json": to_json, "ndjson": to_ndjson}
        answer(writers[format_](rows).encode() if format_ in writers else table())


def answer(text: str | bytes) -> None:
    """Write to standard output what was asked for; bytes are written as they are.

    Raises:
        OutputError: It cannot be written. Of a reader that has seen enough, as `head` has, nothing is said.
    """
    if (error := _not_written(text)) is None:
        return
    if isinstance(error, BrokenPipeError):
        click.get_current_context().exit(1)
    raise OutputError(f"standard output: {explained(error)}") from error


def say(text: str) -> None:
    """Write to standard output what was done; where it cannot be written, that undoes nothing and decides nothing."""
    error = _not_written(text)
    if error is not None and not isinstance(error, BrokenPipeError):
        complain(f"standard output: {explained(error)}; what was done is kept")


def _not_written(text: str | bytes) -> OSError | None:
    try:
        # Named: else click would write UTF-8 to a terminal that says it has ASCII.
        click.echo(text, file=sys.stdout, nl=False)
    except OSError as error:
        discard_output()
        return error
    return None


def discard_output() -> None:
    """Have whatever is still written to standard output go nowhere, also what waits there for the end."""
    # At its end Python writes what waits still, and would say in a traceback that it cannot.
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)


def table_of(rows: Sequence[dict[str, Any]], heads: Sequence[TableColumn], nothing: str) -> str:
    """Return rows as a table, or what is said where there are none."""
    return render_table(rows, heads, **screen()) if rows else f"{nothing}\n"


# --- standard error ---------------------------------------------------------------------------------------------------


def complain(*messages: str) -> None:
    """Say on standard error what went wrong, a line each."""
    for message in messages:
        click.echo(f"registerwatch: {' '.join(clean(message).split())}", file=sys.stderr)


def show_progress(items: Iterable[Any], length: int, word: str = "") -> Iterator[Any]:
    """Yield *items*, showing on standard error how far it is: *word* beside the bar, or else the item itself."""
    with Progress(length, sys.stderr, width=_columns(), colour=wants_colour(sys.stderr, os.environ)) as progress:
        for item in items:
            yield item
            progress.step(word or str(item))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start_log(form: Literal["text", "json"], *, verbose: bool) -> None:
    """Write log lines from now on: warnings, and with *verbose* every step."""
    # Standard output is the answer's: a log line in it would be data for whatever reads it.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Libraries stay at warnings: what they say at every step is nobody's business here.
    for name in ("scraper", "snapshots", "cron"):
        logging.getLogger(name).setLevel(logging.INFO if verbose or form == "json" else logging.WARNING)
