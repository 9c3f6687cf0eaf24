"""What is to be told of a run, and to whom? Written in the transaction that commits it, and told later.

What a subscription follows, which changes concern it and when it wants to hear of them is for notify/ to say; here is
gathered what that takes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cron.following.followers import due_to_followers, note_to_followers
from cron.work.context import Context
from diff.change import Change
from diff.saying.phrase import Told
from notify.following.matching import News, PrintedEnd, ends_due, moments_of, most_days_before, needs_texts, tell
from notify.following.subscription import Followed, Subscription, SubscriptionError, due_at, find_problems, follow
from scraper.times import as_text
from snapshots.asking.agreements import read_ends, read_texts
from snapshots.asking.changes import ChangeFilter
from snapshots.asking.corrections import Taken, find_taken_back, find_told
from snapshots.asking.names import read_known
from snapshots.keeping.deliveries import CORRECTION, NOTE, OutboxItem
from snapshots.keeping.notes import KeptNote

if TYPE_CHECKING:  # of an outcome only what it says is asked, also by who derives nothing
    from snapshots.keeping.store import Outcome

Holdings = Mapping[str, Iterable[str]]
"""Reference → every name of a dataset that was printed for it."""


def problems_of(context: Context) -> list[SubscriptionError]:
    """Return what the subscriptions name that nobody knows."""
    if not context.subscriptions:
        return []
    return find_problems(context.subscriptions, read_known(context.database()), context.vocabulary)


def what_to_tell(context: Context) -> "Callable[[Outcome], list[OutboxItem]]":
    """Return a function that, given what became of a run, says what of it is to be told to whom, and when.

    It is to be called in the transaction that commits the run: what became known and what is due are one.
    """
    # Asked for before the transaction, so that settings that are wrong fail before a page is fetched.
    subscriptions, now = context.subscriptions, context.clock()
    if context.may_be_followed:
        context.people()

    def of_run(outcome: "Outcome") -> list[OutboxItem]:
        # The first run finds a register, and no news.
        if context.answers.runs.is_first(outcome.run):
            return []
        return [*to_subscriptions(outcome), *due_to_followers(context, outcome, now)]

    def to_subscriptions(outcome: "Outcome") -> list[OutboxItem]:
        if not subscriptions:
            return []
        known = read_known(context.database())
        followed = follow(subscriptions, known, context.vocabulary)
        news = [change for change in outcome.changes if change.substantive]
        told = tell_each(context, news, known.holdings, followed)
        ends = ends_coming(context, followed, now, context.store().deliveries.ends_told())
        taken_back = corrections_of(context, followed, known.holdings)
        return [
            item
            for one, changes, coming, taken in zip(followed, told, ends, taken_back, strict=True)
            for item in _items(one.subscription, changes, coming, taken, now)
        ]

    return of_run


def what_to_tell_of_release(context: Context) -> "Callable[[Outcome], list[OutboxItem]]":
    """Return `what_to_tell` for a held run that is released.

    Of an edition of the past, imported beside later ones, nobody is told: it is history, not news.
    """
    of_run = what_to_tell(context)

    def of_release(outcome: "Outcome") -> list[OutboxItem]:
        row = context.answers.runs.run(outcome.run)
        # A run's own time is always after all that is known; only an import can lie before it.
        is_past = row["kind"] == "import" and row["captured_at"] < context.answers.runs.newest()
        return [] if is_past else of_run(outcome)

    return of_release


def _items(
    subscription: Subscription, told: Iterable[Told], ends: Iterable[PrintedEnd], taken: Iterable[Taken], now: datetime
) -> Iterator[OutboxItem]:
    at = datetime.fromisoformat(due_at(subscription, now))
    for one in told:
        yield OutboxItem(subscription=subscription.name, item=one.change.id, due_at=at)
    for end in ends:
        yield OutboxItem(subscription=subscription.name, item=end.item, due_at=at, note=end.note)
    for back in taken:
        note = {"change": back.change, "told_at": back.told_at}
        yield OutboxItem(subscription=subscription.name, item=f"{CORRECTION}{back.change}", due_at=at, note=note)


def tell_each(
    context: Context, changes: Sequence[Change], holdings: Holdings, followed: Sequence[Followed]
) -> list[list[Told]]:
    """Return which of *changes* each of *followed* is told."""
    return tell(followed, gather_news(context, changes, holdings, followed))


def gather_news(context: Context, changes: Sequence[Change], holdings: Holdings, followed: Sequence[Followed]) -> News:
    """Return *changes* with what is needed to see whom they concern."""
    groups, find = [change for change in changes if change.group], context.answers.changes.find
    members = {group.id: group.members or find(ChangeFilter(group=group.id)) for group in groups}
    news = News(changes=changes, members=members, holdings=holdings)
    if not needs_texts(followed):
        return news
    return replace(news, texts=read_texts(context.database(), moments_of(news)))


def corrections_of(context: Context, followed: Sequence[Followed], holdings: Holdings) -> list[list[Taken]]:
    """Return for each of *followed* what it was told and is taken back; of a group of which others hold, its own."""
    names = [one.subscription.name for one in followed]
    taken = find_taken_back(context.database(), names)
    ids = sorted({one.change for one in taken if one.is_member})
    members = context.answers.changes.find(ChangeFilter(ids=ids, editorial=True)) if ids else []
    own = {
        (name, told.change.id)
        for name, its in zip(names, tell_each(context, members, holdings, followed), strict=True)
        for told in its
    }
    due = [one for one in taken if not one.is_member or (one.subscription, one.change) in own]
    return [[one for one in due if one.subscription == name] for name in names]


def what_to_tell_of_note(context: Context, change: Change, kept: KeptNote) -> Iterator[OutboxItem]:
    """Yield who is to be told of an operator's remark: those who were told of the change, when they are told things."""
    subscriptions = {one.name: one for one in context.subscriptions}
    told = [one for one in find_told(context.database(), change.id) if one.subscription in subscriptions]
    if any(one.is_member for one in told) and not change.group:
        # Told as a part of a group: only where this part of it concerns them.
        known = read_known(context.database())
        followed = follow(context.subscriptions, known, context.vocabulary)
        concerned = {
            one.subscription.name
            for one, its in zip(followed, tell_each(context, [change], known.holdings, followed), strict=True)
            if its
        }
        told = [one for one in told if not one.is_member or one.subscription in concerned]
    now = context.clock()
    for one in told:
        at = datetime.fromisoformat(due_at(subscriptions[one.subscription], now))
        note = {"change": change.id, **kept.note._asdict(), "told_at": one.told_at}
        yield OutboxItem(subscription=one.subscription, item=f"{NOTE}{kept.number}", due_at=at, note=note)
    yield from note_to_followers(context, change, kept)


def ends_coming(
    context: Context, followed: Sequence[Followed], now: datetime, told: Mapping[str, Iterable[str]]
) -> list[list[PrintedEnd]]:
    """Return for each of *followed* the printed ends that come up, but for those it was *told*."""
    days = most_days_before(followed)
    if days is None:
        return [[] for _ in followed]
    db, today = context.database(), now.date()
    standing = read_ends(db, today.isoformat(), (today + timedelta(days=days)).isoformat())
    texts: dict[str, tuple[str, ...]] = {}
    if needs_texts(followed):
        at = context.answers.runs.newest()
        read = read_texts(db, {(row["reference"], at) for row in standing})
        texts = {reference: printed for (reference, _), printed in read.items()}
    return ends_due(followed, standing, today=today, told=told, texts=texts)


# --- what would have been told ----------------------------------------------------------------------------------------

A_YEAR = timedelta(days=365)


def told_last_year(context: Context) -> list[dict[str, Any]]:
    """Return of each subscription what it follows, and what it would have been told in the last year of the history."""
    known = read_known(context.database())
    followed = follow(context.subscriptions, known, context.vocabulary)
    newest = context.answers.runs.newest()
    since = as_text(datetime.fromisoformat(newest) - A_YEAR) if newest else ""
    changes = context.answers.changes.find(ChangeFilter(since=since)) if newest else []
    told: list[list[Told]] = [[] for _ in followed]
    # Run by run, as it was told: what a word stands in is asked as of then.
    for _, of_run in groupby(changes, key=lambda change: change.run):
        for own, items in zip(told, tell_each(context, list(of_run), known.holdings, followed), strict=True):
            own += items
    ends = ends_coming(context, followed, context.clock(), {})
    return [
        _row(one, settings.channel, items, coming, since)
        for one, settings, items, coming in zip(followed, context.settings.subscriptions, told, ends, strict=True)
    ]


def _row(
    one: Followed, channel: str, items: Sequence[Told], coming: Sequence[PrintedEnd], since: str
) -> dict[str, Any]:
    subscription = one.subscription
    times = {due_at(subscription, datetime.fromisoformat(item.change.first_seen)) for item in items}
    public = [item.change.to_json() for item in items]
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
            {key: change[key] for key in ("id", "first_seen", "severity", "kind", "summary")} for change in public
        ],
        "coming_up": [{"reference": end.reference, "dsa_end": end.dsa_end, "page": end.page} for end in coming],
    }
