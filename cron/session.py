"""What every command shares: settings, names, the database, the way an answer is written, errors in one line."""

import errno
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from cron.settings.load import load_settings
from cron.settings.sections import Settings
from cron.terminal import formats
from cron.terminal import style as terminal
from cron.terminal.progress import Progress
from diff.deciding.guards import Guards
from scraper.errors import RegisterWatchError, system_words
from scraper.names.vocabulary import Vocabulary, default_vocabulary, parse_vocabulary
from scraper.times import as_text, end_of, read_time
from snapshots.asking.answers import Answers
from snapshots.keeping.database import DatabaseError, explain
from snapshots.keeping.store import Rules, Store, open_store

NEEDS_A_PERSON = 3
WRONG_SETTINGS = 2


class OutputError(RegisterWatchError):
    """Standard output takes no answer."""


@dataclass(slots=True, kw_only=True)
class Options:
    """The options before the command."""

    config: Path | None
    database: Path | None
    verbose: bool


class WrongSettings(click.UsageError):
    """Settings that cannot be used, and the page that says which can."""

    def __init__(self, message: str, page: str = "docs/settings.md") -> None:
        super().__init__(message)
        self.page = page


class Session:
    """What a command works with: settings, names, the database; each made when it is first needed."""

    def __init__(self, options: Options, settings: Settings | None = None) -> None:
        self.options = options
        self._open: Store | None = None
        if settings is not None:  # the demo's: no file and no environment says otherwise
            self.settings = settings

    @cached_property
    def settings(self) -> Settings:
        """The settings."""
        overrides = {"store.database": self.options.database}
        try:
            return load_settings(self.options.config, overrides)
        except RegisterWatchError as error:
            raise WrongSettings(str(error)) from error

    @cached_property
    def guards(self) -> Guards:
        """What is believable."""
        return self.settings.guards.as_value(Guards)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The known names, the user's own among them."""
        file = self.settings.vocabulary.file
        if file is None:
            return default_vocabulary()
        try:
            return default_vocabulary().extended(parse_vocabulary(file.read_text(encoding="utf-8")))
        except OSError as error:
            raise WrongSettings(in_words(error)) from error
        except (RegisterWatchError, UnicodeDecodeError) as error:
            raise WrongSettings(f"{file}: {error}", "docs/operations.md") from error

    @property
    def rules(self) -> Rules:
        """What pages are read and believed by."""
        return Rules(self.vocabulary, self.guards)

    def store(self, *, create: bool = False) -> Store:
        """Open the database."""
        if self._open is None:
            self._open = open_store(self.settings.store.database, create=create)
        return self._open

    @cached_property
    def answers(self) -> Answers:
        """Questions to the database."""
        store = self.store()
        return Answers(store.db, store.states, self.vocabulary)

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open.close()


class Commands(click.Group):
    """Commands whose errors are one line, with the exit status of docs/cli.md."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        r"""Add a command, its help with the mark that keeps the lines of a paragraph apart.

        The mark is the character U+0008; in the source it is written as `\b`.
        """
        cmd.help = (cmd.help or "").replace("\\b\n", "\b\n")
        super().add_command(cmd, name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn what went wrong into one line and status 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _discard_output()
            ctx.exit(1)
        except (RegisterWatchError, DatabaseError, OSError) as error:
            if ctx.find_root().params.get("verbose"):
                traceback.print_exc()
            named = isinstance(error, DatabaseError) and isinstance(ctx.obj, Session)
            if named:
                complain(explain(ctx.obj.settings.store.database, error))
            else:
                complain(in_words(error) if isinstance(error, OSError) else str(error) or type(error).__name__)
            ctx.exit(1)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run; wrong usage is one line too, and status 2."""
        extra["standalone_mode"] = False
        try:
            status = super().main(*args, **extra)
        except WrongSettings as error:
            complain(f"{error.format_message()} (see {error.page})")
            status = 2
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else "registerwatch"
            complain(f"{error.format_message()} (see {path} --help)")
            status = 2
        except click.Abort:
            complain("stopped; nothing was changed")
            status = 1
        except OSError as error:  # the help of all commands, or the version, written to where nothing can be
            _discard_output()
            complain(in_words(error))
            status = 1
        sys.exit(status if isinstance(status, int) else 0)


def complain(message: str) -> None:
    """Say in one line on standard error what went wrong."""
    click.echo(f"registerwatch: {' '.join(terminal.clean(message).split())}", err=True)


_REMEDIES = {
    errno.ENOENT: "name one that is there, or make it",
    errno.ENOTDIR: "name another",
    errno.EISDIR: "name a file",
    errno.EACCES: "make it readable and writable, or name another",
    errno.EPERM: "make it readable and writable, or name another",
    errno.EROFS: "name another",
    errno.ENOSPC: "make room and try again",
    errno.EDQUOT: "make room and try again",
    errno.EMFILE: "try again when less is running",
}


def in_words(error: OSError) -> str:
    """Return what the system said in one line: the file, the trouble, and what to do.

    >>> in_words(PermissionError(errno.EACCES, "Permission denied", "pages/a.html"))
    'pages/a.html: permission denied; make it readable and writable, or name another'
    """
    said = system_words(error)
    named = f"{error.filename}: " if error.filename else ""
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{named}{said}; {remedy}" if remedy else f"{named}{said}"


def columns() -> int:
    """Return how wide the terminal is."""
    return shutil.get_terminal_size((80, 24)).columns


def coloured() -> bool:
    """Say whether standard output wants colours; where it was closed, there is none."""
    return sys.stdout is not None and terminal.wants_colour(sys.stdout, os.environ)


def write(
    rows: Sequence[dict[str, Any]], format_: str, table: Callable[[], str], fields: Sequence[str] | None = None
) -> None:
    """Write an answer to standard output in the form asked for; *fields* are the head line of CSV."""
    if format_ == "csv":
        answer(formats.to_csv(rows, fields))
    else:
        writers = {"json": formats.to_json, "ndjson": formats.to_ndjson}
        answer(writers[format_](rows) if format_ in writers else table())


def answer(text: str) -> None:
    """Write to standard output what was asked for.

    Raises:
        OutputError: It cannot be written. Of a reader that has seen enough, as `head` has, nothing is said.
    """
    if (error := _not_written(text)) is None:
        return
    if isinstance(error, BrokenPipeError):
        click.get_current_context().exit(1)
    raise OutputError(f"standard output: {in_words(error)}") from error


def say(text: str) -> None:
    """Write to standard output what was done; where it cannot be written, that undoes nothing and decides nothing."""
    error = _not_written(text)
    if error is not None and not isinstance(error, BrokenPipeError):
        complain(f"standard output: {in_words(error)}; what was done is kept")


def _not_written(text: str) -> OSError | None:
    try:
        click.echo(text, nl=False)
    except OSError as error:
        _discard_output()
        return error
    return None


def _discard_output() -> None:
    """Have whatever is still written to standard output go nowhere, also what waits there for the end."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)


def table_of(rows: Sequence[dict[str, Any]], heads: Sequence[terminal.Column], nothing: str) -> str:
    """Return rows as a table, or what is said where there are none."""
    return terminal.render_table(rows, heads, width=columns(), colour=coloured()) if rows else f"{nothing}\n"


def show_progress(items: Iterable[Any], length: int, word: str = "") -> Iterator[Any]:
    """Yield *items*, showing on standard error how far it is: *word* beside the bar, or else the item itself."""
    with Progress(
        length, sys.stderr, width=columns(), colour=terminal.wants_colour(sys.stderr, os.environ)
    ) as progress:
        for item in items:
            yield item
            progress.step(word or str(item))


class Time(click.ParamType[str]):
    """A time as people write it, kept as UTC text."""

    name = "time"

    def __init__(self, *, until: bool = False) -> None:
        self._until = until

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the time as it is kept."""
        try:
            return end_of(value) if self._until else as_text(read_time(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write it as 2026-11-21 or 2026-11-21T03:17:00Z", param, ctx)


def format_option(default: str = "table", *others: str) -> Callable[[Any], Any]:
    """Return the option that says how an answer is written."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice([default, *others]),
        default=default,
        show_default=True,
        help="How the answer is written.",
    )


as_of_option = click.option("--as-of", type=Time(until=True), metavar="TIME", help="As the pages read at that time.")


def clock() -> datetime:
    """Return the time."""
    return datetime.now(UTC)
