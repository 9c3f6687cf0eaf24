"""The commands about telling people: deliver what is due, and say who is told what."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from cron.session import (
    NEEDS_A_PERSON,
    WRONG_SETTINGS,
    Session,
    answer,
    clock,
    coloured,
    columns,
    complain,
    format_option,
    say,
    write,
)
from cron.terminal.log import start_log
from cron.terminal.style import clean, facts, paint
from cron.work.afterwards import complain_of, deliver_and_note, in_words, note_state
from cron.work.deliver import compose_due
from cron.work.outbox import ends_coming, problems_of, subscriptions_of, tell_each
from diff.saying.english import plural, weekday
from notify.following.ends import PrintedEnd
from notify.following.matching import Told
from notify.following.subscription import Followed, follow
from notify.following.timing import MORNING, due_at
from scraper.times import as_text
from snapshots.asking.answers import Question
from snapshots.asking.known import read_known

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
@click.pass_obj
def notify(session: Session, dry_run: bool) -> None:
    r"""Deliver what is due: what a run left for the morning, and what could not be delivered before.

    `run` delivers by itself what is due at once; this is for the rest, from a crontab every few minutes. `schedule`
    does it too. A message that fails is tried again, later and later, for a week.

    \b
    Example:
      registerwatch notify --dry-run
    """
    if dry_run:
        answer("\n".join(_previewed(session)) or "Nothing is due.\n")
        return
    start_log(session.settings.log.format, verbose=session.options.verbose)
    result = deliver_and_note(session, clock)
    complain_of(result)
    say(f"{in_words(result) or 'Nothing is due'}.\n")
    if not result.all_well:
        click.get_current_context().exit(NEEDS_A_PERSON)


def _previewed(session: Session) -> list[str]:
    """Return what would go out. The operator's notes are made for that, and taken back."""
    from cron.work.channels import Channels  # and with them clients of mail and HTTP

    now = clock()
    with session.store().writing(keep=False):
        note_state(session, now)
        settings = {one.name: one for one in session.settings.subscriptions}
        with Channels(session.settings.mail) as channels:
            return [_printed(one, channels.of(settings.get(one.to))) for one in compose_due(session, now)]


def _printed(message: "Message", channel: "Channel") -> str:
    """Return a message as it would go out, with whom it goes to."""
    heads, body = channel.preview(message)
    return "\n".join([*map(clean, [f"Subscription: {message.to}", *heads]), "", body])


@click.command()
@format_option("table", "json", "ndjson")
@click.pass_obj
def subscriptions(session: Session, format_: str) -> None:
    r"""Say who is told what: what each subscription follows, and what it would have been told in the last year.

    An organisation, a dataset or an exception that is not known is an error, with the nearest names: exit status 2.

    \b
    Example:
      registerwatch subscriptions
    """
    rows = list(_rows(session))
    write(rows, format_, lambda: _table(rows))
    problems = problems_of(session)
    for problem in problems:
        complain(str(problem))
    if problems:
        click.get_current_context().exit(WRONG_SETTINGS)


def _rows(session: Session) -> Iterator[dict[str, Any]]:
    known = read_known(session.store().db)
    followed = follow(subscriptions_of(session), known, session.vocabulary)
    newest = session.answers.newest()
    since = as_text(datetime.fromisoformat(newest) - A_YEAR) if newest else ""
    changes = session.answers.changes(Question(since=since)) if newest else []
    told: list[list[Told]] = [[] for _ in followed]
    for _, of_run in groupby(changes, key=lambda change: change.run):
        for own, items in zip(told, tell_each(session, list(of_run), known.holdings, followed), strict=True):
            own += items
    ends = ends_coming(session, followed, clock(), {})
    for one, settings, items, coming in zip(followed, session.settings.subscriptions, told, ends, strict=True):
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
    return "\n".join(paint(clean(row["name"]), "bold", coloured()) + "\n" + _facts(row) for row in rows)


def _facts(row: dict[str, Any]) -> str:
    at = row["at"] or MORNING.get(row["when"], "")
    lines = [
        ("Follows", row["follows"]),
        ("Told", f"by {row['channel']}, {_HOW[row['when']].format(at=at, zone=row['timezone'])}"),
        ("Last year", _last_year(row["changes"], row["messages"])),
    ]
    if row["coming_up"]:
        lines.append(("Coming up", plural(len(row["coming_up"]), "printed end")))
    return facts(lines, width=columns(), colour=coloured())


def _last_year(told: Sequence[dict[str, Any]], n_messages: int) -> str:
    if not told:
        return "nothing"
    high = sum(one["severity"] == "high" for one in told)
    severe = f", {high:,} of high severity" if high else ""
    latest = [f"{weekday(one['first_seen'])}: {one['summary']}" for one in told[:MOST_SHOWN]]
    more = [f"and {len(told) - MOST_SHOWN:,} more"] if len(told) > MOST_SHOWN else []
    return "\n".join([f"{plural(len(told), 'change')} in {plural(n_messages, 'message')}{severe}", *latest, *more])


COMMANDS = (notify, subscriptions)
