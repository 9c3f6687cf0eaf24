"""What several commands are asked by, and the exit statuses that are more than "done" and "failed"."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cron.terminal.output import at_terminal, complain
from scraper.times import as_text, end_of, read_time, spelled_out

if TYPE_CHECKING:  # what knows databases takes ten times as long to load as the command line
    from cron.work.context import Context

WRONG_USAGE = 2
NEEDS_A_PERSON = 3

PATH = click.Path(path_type=Path, readable=False)
"""A file or folder; that it is there and may be read is for whoever opens it to say."""


class CommandGroup(click.Group):
    """Commands whose help says of each what it does, to the end of the sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write all commands."""
        self.format_some(formatter, "Commands", self.list_commands(ctx))

    def format_some(self, formatter: click.HelpFormatter, heading: str, names: Sequence[str]) -> None:
        """Write these commands under *heading*."""
        with formatter.section(heading):
            # The library cuts at the width of the terminal; lines that are full are for the formatter to break.
            formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=1000)) for name in names])


class Time(click.ParamType[str]):
    """A time as people write it, kept as UTC text."""

    name = "time"

    def __init__(self, *, until: bool = False) -> None:
        self._until = until

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the time as it is kept."""
        try:
            text = spelled_out(value, ctx.obj.clock() if ctx and ctx.obj else datetime.now(UTC))
            return end_of(text) if self._until else as_text(read_time(text))
        except (ValueError, OverflowError):
            self.fail(f'{value!r} is no time; write it as 2026-11-21, 2026-11-21T03:17:00Z or "30 days"', param, ctx)


as_of_option = click.option("--as-of", type=Time(until=True), metavar="TIME", help="As the pages read at that time.")


def format_option(default: str, *others: str) -> Callable[[Any], Any]:
    """Return the option that says how an answer is written."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice([default, *others]),
        default=default,
        show_default=True,
        help="How the answer is written.",
    )


tell_option = click.option("--tell", is_flag=True, help="Tell people also of a database that is not the settings'.")


def shown_format() -> Callable[[Any], Any]:
    """Return the option of an answer that people read at a terminal, and programs everywhere else."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(["table", "json", "ndjson"]),
        default=lambda: "table" if at_terminal() else "json",
        show_default="table at a terminal, else json",
        help="How the answer is written.",
    )


def stays_apart(context: "Context", tell: bool) -> bool:
    """Say whether nothing may leave the database, which is not the settings', and nobody said *tell*; complain so."""
    if tell or not context.is_apart:
        return False
    own, used = context.settings.own_database, context.settings.store.database
    complain(f"{used} is not the database of the settings, {own}: nothing is sent, no feeds are written; or say --tell")
    return True


def end_with(status: int) -> NoReturn:
    """End the command with an exit status; what was to be said was said."""
    click.get_current_context().exit(status)
