"""The command that takes workbooks of the official register."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cron.commands.options import NEEDS_A_PERSON, PATH, end_with
from cron.official.inbox import OfficialRefusedError, TakenWorkbook, month_in, take_workbook
from cron.terminal.output import complain, say, screen, show_progress
from cron.terminal.reports import render_afterwards, render_workbook
from cron.work.context import Context
from scraper.errors import RegisterWatchError
from snapshots.keeping.database import DatabaseError, explain

if TYPE_CHECKING:
    from cron.work.afterwards import Afterwards


class Month(click.ParamType[str]):
    """A month as people write it."""

    name = "month"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the month as it is kept."""
        if not re.fullmatch(r"20\d\d-(?:0[1-9]|1[0-2])", value):
            self.fail(f"{value!r} is no month; write it as 2026-09", param, ctx)
        return value


@click.command("import-official")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option("--edition", type=Month(), metavar="MONTH", help="Month of the edition; else the one in the file's name.")
@click.option("--tell", is_flag=True, help="Tell subscribers what the newest edition says, as a run does.")
@click.pass_obj
def import_official(context: Context, files: tuple[Path, ...], edition: str | None, tell: bool) -> None:
    r"""Take workbooks of the official register as editions of their months, and decide what changed.

    FILE is the workbook as NHS England publishes it, of the shape until the middle of 2021 or the one since. The month
    is taken from its name (september2026, 202609, 20210201_20210228) if --edition does not say it. The same workbook
    again adds nothing; editions may come in any order. A workbook that lacks a sheet or a column is refused, saying
    which. Exit status 3 if one of several was refused, an edition is held, or is the first with a cell that is not
    understood.

    \b
    Example:
      registerwatch import-official datausesregister_september2026.xlsx
    """
    if edition and len(files) > 1:
        raise click.UsageError("--edition says the month of one file, and there are several")
    taken, refused = _take(context, files, edition, tell=tell)
    if not taken:
        raise OfficialRefusedError("; ".join(refused))
    done = _tell(context) if tell else None
    complain(*refused, *(done.complaints if done else ()))
    afterwards = render_afterwards(done, **screen()) if done else ""
    say("".join(render_workbook(one, **screen()) for one in taken) + afterwards)
    if refused or (done and not done.all_well) or any(one.needs_a_person for one in taken):
        end_with(NEEDS_A_PERSON)


def _tell(context: Context) -> "Afterwards":
    # What sends mail and asks servers is loaded by who does.
    from cron.work.afterwards import after_run

    return after_run(context)


def _take(
    context: Context, files: Sequence[Path], edition: str | None, *, tell: bool
) -> tuple[list[TakenWorkbook], list[str]]:
    taken, refused = [], []
    # In the order of their months: an edition that comes before another has that one decided again.
    files = sorted(files, key=lambda file: (month_in(file.name) or "", file.name))
    for number, file in enumerate(files):
        try:
            taken.append(take_workbook(context, file, edition, tell=tell, progress=show_progress))
        except RegisterWatchError as error:
            refused.append(str(error))
        except DatabaseError as error:
            # For the same reason those after it wait.
            names = ", ".join(file.name for file in files[number:])
            refused.append(f"{explain(context.settings.store.database, error)}; not taken: {names}")
            break
    return taken, refused
