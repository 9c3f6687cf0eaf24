"""The commands about telling people: deliver what is due, say who is told what, write the feeds."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cron.commands.options import NEEDS_A_PERSON, PATH, WRONG_USAGE, end_with, format_option
from cron.terminal.output import answer, complain, say, screen, start_log, write
from cron.terminal.style import facts, paint
from cron.work.afterwards import deliver_and_note
from cron.work.context import Context
from cron.work.deliver import compose_due
from cron.work.feeds import write_feeds
from cron.work.outbox import ends_coming, problems_of, tell_each
from cron.work.status import note_state
from diff.saying.english import plural, weekday
from diff.saying.phrase import Told
from notify.following.ends import PrintedEnd
from notify.following.subscription import MORNING, Followed, due_at, follow
from scraper.text import clean
from scraper.times import as_text
from snapshots.asking.changes import ChangeFilter
from snapshots.asking.names import read_known

if TYPE_CHECKING:
    from notify.channels.channel import Channel, Message

A_YEAR = timedelta(days=365)
MOST_SHOWN = 3
_HOW = {
    "run": "after each run that has news",
    "daily": "daily at {at}, {zone}",
    "weekly": "weekly, {at}, {zone}",
}


@click.command()
@click.option("--dry-run", is_flag=True, help="Print what would go to whom, and send nothing.")
@click.pass_context
def notify(ctx: click.Context, dry_run: bool) -> None:
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
    start_log(context.settings.log.format, verbose=ctx.find_root().params["verbose"])
    result = deliver_and_note(context)
    complain(*result.complaints)
    say(f"{result.in_words or 'Nothing is due'}.\n")
    if not result.all_well:
        end_with(NEEDS_A_PERSON)


def _previewed(context: Context) -> list[str]:
    """Return what would go out. The operator's notes are made for that, and taken back."""
    from cron.work.channels import Channels  # and with them clients of mail and HTTP

    with context.store().writing(keep=False):
        note_state(context)
        settings = {one.name: one for one in context.settings.subscriptions}
        with Channels(context.settings.mail) as channels:
            return [_printed(message, channels.of(settings.get(message.to))) for message in compose_due(context)]


def _printed(message: "Message", channel: "Channel") -> str:
    """Return a message as it would go out, with whom it goes to."""
    heads, body = channel.preview(message)
    return "\n".join([*map(clean, [f"Subscription: {message.to}", *heads]), "", body])


@click.command()
@format_option("table", "json", "ndjson")
@click.pass_obj
def subscriptions(context: Context, format_: str) -> None:
    r"""Say who is told what: what each subscription follows, and what it would have been told in the last year.

    An organisation, a dataset or an exception that is not known is an error, with the nearest names: exit status 2.

    \b
    Example:
      registerwatch subscriptions
    """
    rows = list(_rows(context))
    write(rows, format_, lambda: _table(rows))
    if problems := problems_of(context):
        complain(*map(str, problems))
        end_with(WRONG_USAGE)


def _rows(context: Context) -> Iterator[dict[str, Any]]:
    known = read_known(context.store().db)
    followed = follow(context.subscriptions, known, context.vocabulary)
    newest = context.answers.runs.newest()
    since = as_text(datetime.fromisoformat(newest) - A_YEAR) if newest else ""
    changes = context.answers.changes.find(ChangeFilter(since=since)) if newest else []
    told: list[list[Told]] = [[] for _ in followed]
    for _, of_run in groupby(changes, key=lambda change: change.run):
        for own, items in zip(told, tell_each(context, list(of_run), known.holdings, followed), strict=True):
            own += items
    ends = ends_coming(context, followed, context.clock(), {})
    for one, settings, items, coming in zip(followed, context.settings.subscriptions, told, ends, strict=True):
        channel = "mail" if settings.email else "webhook" if settings.webhook else "service"
        yield _row(one, channel, items, coming, since)


def _row(
    one: Followed, channel: str, items: Sequence[Told], coming: Sequence[PrintedEnd], since: str
) -> dict[str, Any]:
    subscription = one.subscription
    times = {due_at(subscription, datetime.fromisoformat(item.change.first_seen)) for item in items}
    return {
        "name": subscription.name,
        "follows": one.said,
        "channel": channel,
        "when": subscription.when,
        "at": subscription.at,
        "timezone": subscription.timezone,
        "since": since or None,
        "messages": len(times),
        "changes": [
            {name: public[name] for name in ("id", "first_seen", "severity", "kind", "summary")}
            for public in (item.change.to_json() for item in items)
        ],
        "coming_up": [{"reference": end.reference, "dsa_end": end.dsa_end, "page": end.page} for end in coming],
    }


def _table(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return "There are no subscriptions. One is a [[subscriptions]] block in registerwatch.toml.\n"
    return "\n".join(paint(clean(row["name"]), "bold", screen()["colour"]) + "\n" + _facts(row) for row in rows)


def _facts(row: dict[str, Any]) -> str:
    at = row["at"] or MORNING.get(row["when"], "")
    lines = [
        ("Follows", row["follows"]),
        ("Told", f"by {row['channel']}, {_HOW[row['when']].format(at=at, zone=row['timezone'])}"),
        ("Last year", _last_year(row["changes"], row["messages"])),
    ]
    if row["coming_up"]:
        lines.append(("Coming up", plural(len(row["coming_up"]), "printed end")))
    return facts(lines, **screen())


def _last_year(told: Sequence[dict[str, Any]], n_messages: int) -> str:
    if not told:
        return "nothing"
    high = sum(one["severity"] == "high" for one in told)
    severe = f", {high:,} of high severity" if high else ""
    latest = [f"{weekday(one['first_seen'])}: {one['summary']}" for one in told[:MOST_SHOWN]]
    more = [f"and {len(told) - MOST_SHOWN:,} more"] if len(told) > MOST_SHOWN else []
    return "\n".join([f"{plural(len(told), 'change')} in {plural(n_messages, 'message')}{severe}", *latest, *more])


@click.command()
@click.argument("directory", type=PATH, required=False)
@click.pass_obj
def feeds(context: Context, directory: Path | None) -> None:
    r"""Write the feeds as files: of everything, of each organisation, of each dataset, and a page that lists them.

    Calendars of the printed ends of agreements lie beside them. DIRECTORY is the one of the settings if none is given;
    `run` writes there by itself. Files that would be the same are not touched, and none is removed.

    \b
    Example:
      registerwatch feeds public/feeds
    """
    directory = directory or context.settings.feeds.directory
    if directory is None:
        raise click.UsageError("no directory: name one, or set directory in [feeds] of registerwatch.toml")
    written = write_feeds(context, directory)
    changed = sum(file.changed for file in written)
    say(f"{directory}: {plural(changed, 'file')} written, {len(written) - changed:,} as before.\n")


COMMANDS = (notify, subscriptions, feeds)
