"""The command line: the options before the command, which command is where, and errors in one line."""

import gc
import sys
import traceback
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from cron.commands.options import PATH, WRONG_USAGE, CommandGroup
from cron.terminal.output import complain, discard_output, show_what_can_be_shown
from registerwatch import VERSION
from scraper.errors import RegisterWatchError, SettingsError, explained
from scraper.limits import MADE_BETWEEN_COLLECTIONS

COMMANDS = {
    "Every night": {"run": ("run", "schedule"), "tell": ("notify", "feeds"), "look": ("status",)},
    "Look": {
        "look": ("changes", "show", "redline", "agreements", "organisations", "datasets", "differences"),
        "browse": ("browse",),
    },
    "Bring in and take out": {
        "intake": ("import", "backfill", "parse"),
        "official": ("import-official",),
        "keep": ("export",),
    },
    "Look after": {
        "start": ("init", "demo", "doctor"),
        "subscribe": ("subscriptions",),
        "follow": ("followers", "bounces"),
        "keep": ("release", "discard", "verify", "backup", "compact", "reparse"),
        "prove": ("note", "witness"),
    },
}
"""Heading in the help → module of cron/commands/ → the commands in it."""


class LazyCommands(Mapping[str, click.Command]):
    """Name → command. Its module is loaded when somebody asks for it: `--version` needs none."""

    def __init__(self) -> None:
        tables = (table.items() for table in COMMANDS.values())
        self._modules = {name: module for table in tables for module, names in table for name in names}

    def __getitem__(self, name: str) -> click.Command:
        # To load all families takes longer than most of them take to answer.
        module = import_module(f"cron.commands.{self._modules[name]}")
        commands = (value for value in vars(module).values() if isinstance(value, click.Command))
        return next(_with_paragraphs(command) for command in commands if command.name == name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


def _with_paragraphs(command: click.Command) -> click.Command:
    r"""Return a command, its help with the mark that keeps the lines of a paragraph apart.

    The mark is the character U+0008; in the source it is written as `\b`.
    """
    command.help = (command.help or "").replace("\\b\n", "\b\n")
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        _with_paragraphs(inner)
    return command


class Commands(CommandGroup):
    """Commands whose errors are one line, with the exit status of docs/cli.md."""

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.commands = LazyCommands()  # type: ignore[assignment]  # nobody adds to them

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 the library's
        """Write the commands under the headings of `COMMANDS`, by what somebody is about to do."""
        for heading, modules in COMMANDS.items():
            self.format_some(formatter, heading, [name for names in modules.values() for name in names])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn what went wrong into one line and a status."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever reads has seen enough; Python would complain of it at its end.
            discard_output()
            ctx.exit(1)
        except SettingsError as error:
            complain(f"{error} (see {error.page or f'{ctx.command_path} {ctx.invoked_subcommand} --help'})")
            ctx.exit(WRONG_USAGE)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            # Not at the top: what knows databases takes longer to load than the rest of the command line.
            from snapshots.keeping.database import DatabaseError, explain

            if not isinstance(error, RegisterWatchError | DatabaseError | OSError):
                raise
            if ctx.params["verbose"]:
                traceback.print_exc()
            if isinstance(error, DatabaseError):
                complain(explain(ctx.obj.settings.store.database, error))
            else:
                complain(explained(error) if isinstance(error, OSError) else str(error) or type(error).__name__)
            ctx.exit(1)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run; wrong usage is one line too, and status 2."""
        # Else click would word errors itself, and leave by itself.
        extra["standalone_mode"] = False
        try:
            status = super().main(*args, **extra)
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else "registerwatch"
            complain(f"{error.format_message()} (see {path} --help)")
            status = WRONG_USAGE
        except click.Abort:
            complain("stopped; nothing was changed")
            status = 1
        except OSError as error:
            # The help of all commands, or the version, written to where nothing can be.
            discard_output()
            complain(explained(error))
            status = 1
        sys.exit(status if isinstance(status, int) else 0)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--config", type=PATH, metavar="FILE", help="Settings, instead of ./registerwatch.toml.")
@click.option("--db", "database", type=PATH, metavar="FILE", help="The database, instead of the settings'.")
@click.option("-v", "--verbose", is_flag=True, help="Show where an error came from.")
@click.version_option(VERSION)
@click.pass_context
def cli(ctx: click.Context, config: Path | None, database: Path | None, verbose: bool) -> None:  # noqa: ARG001 read off the context
    """Watch a public register of data sharing agreements, and tell what changed.

    Exit status: 0 done; 1 failed, nothing changed; 2 wrong usage or settings; 3 finished, but something needs a
    person.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(WRONG_USAGE)
    from cron.settings.load import load_settings
    from cron.work.context import Context

    # Nothing is read here: `init` works beside settings that are wrong.
    ctx.obj = Context(partial(load_settings, config, {"store.database": database}))
    ctx.call_on_close(ctx.obj.close)


def main() -> None:
    """Run the command line."""
    gc.set_threshold(MADE_BETWEEN_COLLECTIONS)
    show_what_can_be_shown()
    cli.main(prog_name="registerwatch")
