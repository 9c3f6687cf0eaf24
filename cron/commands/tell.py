"""The commands about telling people: deliver what is due, write the feeds."""

from functools import partial
from pathlib import Path

import click

from cron.commands.options import (
    NEEDS_A_PERSON,
    PATH,
    WRONG_USAGE,
    end_with,
    stays_apart,
    tell_option,
)
from cron.terminal.output import answer, complain, say, start_log
from cron.work.afterwards import deliver_due
from cron.work.context import Context
from cron.work.deliver import compose_due
from cron.work.standing import note_state
from diff.saying.english import plural
from scraper.text import clean


@click.command()
@click.option("--dry-run", is_flag=True, help="Print what would go to whom, and send nothing.")
@tell_option
@click.pass_context
def notify(ctx: click.Context, dry_run: bool, tell: bool) -> None:
    r"""Deliver what is due: what a run left for the morning, and what could not be delivered before.

    `run` delivers by itself what is due at once; this is for the rest, from a crontab every few minutes. `schedule`
    does it too. A message that fails is tried again, later and later, for a week.

    \b
    Example:
      registerwatch notify --dry-run
    """
    context: Context = ctx.obj
    if dry_run:
        answer("\n".join(_previewed(context)) or "Nothing is due.\n")
        return
    if stays_apart(context, tell):
        return
    start_log(context.settings.log.format, verbose=ctx.find_root().params["verbose"])
    result = deliver_due(context)
    complain(*result.complaints)
    say(f"{result.in_words or 'Nothing is due'}.\n")
    if not result.all_well:
        end_with(NEEDS_A_PERSON)


def _previewed(context: Context) -> list[str]:
    """Return what would go out. The operator's notes are made for that, and taken back."""
    # Not at the top: with the channels come clients of mail and HTTP.
    from cron.work.channels import Channels

    settings = {one.name: one for one in context.settings.subscriptions}
    printed = []
    with context.store().writing(keep=False), Channels(context.settings.mail) as channels:
        for message in compose_due(context, note=partial(note_state, context)):
            heads, body = channels.of(settings.get(message.to)).preview(message)
            printed.append("\n".join([*map(clean, [f"Subscription: {message.to}", *heads]), "", body]))
    return printed


@click.command()
@click.argument("directory", type=PATH, required=False)
@tell_option
@click.pass_obj
def feeds(context: Context, directory: Path | None, tell: bool) -> None:
    r"""Write the feeds as files: of everything, of each organisation, dataset and family, and a page that lists them.

    Calendars of the printed ends of agreements lie beside them. DIRECTORY is the one of the settings if none is given;
    `run` writes there by itself. Files that would be the same are not touched, and none is removed.

    \b
    Example:
      registerwatch feeds public/feeds
    """
    if directory is None and stays_apart(context, tell):
        end_with(WRONG_USAGE)
    directory = directory or context.settings.feeds.directory
    if directory is None:
        raise click.UsageError("no directory: name one, or set directory in [feeds] of registerwatch.toml")
    from cron.work.feeds import write_feeds  # not at the top: `notify` is called every few minutes, and draws none

    written = write_feeds(context, directory)
    changed = sum(file.changed for file in written)
    say(f"{directory}: {plural(changed, 'file')} written, {len(written) - changed:,} as before.\n")
