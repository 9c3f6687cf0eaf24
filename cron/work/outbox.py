"""What is to be told of a run, and to whom? Written in the transaction that commits it, and told later.

`dues_of` is asked in that transaction. What a subscription follows, which changes concern it and when it wants to hear
of them is notify's to say; here is gathered what that takes.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cron.session import Session
from diff.change import Change
from diff.saying.english import size
from notify.following.ends import PrintedEnd, ends_due, most_days_before
from notify.following.matching import News, Told, moments_of, needs_texts, tell
from notify.following.subscription import Followed, Subscription, SubscriptionError, find_problems, follow
from notify.following.timing import due_at
from notify.message.operator import OPERATOR
from scraper.times import as_text
from snapshots.asking.answers import Question
from snapshots.asking.known import read_known
from snapshots.asking.printed import read_ends, read_texts
from snapshots.keeping.deliveries import Due

Holdings = Mapping[str, Iterable[str]]
"""Reference → every name of a dataset that was printed for it."""


def subscriptions_of(session: Session) -> tuple[Subscription, ...]:
    """Return the subscriptions of the settings, without their addresses."""
    return tuple(settings.as_value(Subscription) for settings in session.settings.subscriptions)


def problems_of(session: Session) -> list[SubscriptionError]:
    """Return what the subscriptions name that nobody knows."""
    subscriptions = subscriptions_of(session)
    return find_problems(subscriptions, read_known(session.store().db), session.vocabulary) if subscriptions else []


def dues_of(session: Session, now: datetime) -> Callable[[int], list[Due]]:
    """Return what says what is to be told of a run, to be called in the transaction that commits it."""
    subscriptions = subscriptions_of(session)

    def dues(run: int) -> list[Due]:
        # The first run finds a register, and no news.
        if not subscriptions or session.answers.is_first(run):
            return []
        known = read_known(session.store().db)
        followed = follow(subscriptions, known, session.vocabulary)
        told = tell_each(session, session.answers.changes(Question(run=run)), known.holdings, followed)
        ends = ends_coming(session, followed, now, session.store().deliveries.ends_told())
        return [
            due
            for one, items, coming in zip(followed, told, ends, strict=True)
            for due in _dues(one.subscription, items, coming, now)
        ]

    return dues


def dues_of_release(session: Session, now: datetime) -> Callable[[int], list[Due]]:
    """Return what says what is to be told of a held run that is released.

    Of an edition of the past, imported beside later ones, nobody is told: it is history, not news.
    """
    dues = dues_of(session, now)

    def of_release(run: int) -> list[Due]:
        row = session.answers.run(run)
        is_past = row["kind"] == "import" and row["captured_at"] < session.answers.newest()
        return [] if is_past else dues(run)

    return of_release


def _dues(subscription: Subscription, told: Iterable[Told], ends: Iterable[PrintedEnd], now: datetime) -> Iterator[Due]:
    at = datetime.fromisoformat(due_at(subscription, now))
    for one in told:
        yield Due(subscription=subscription.name, item=one.change.id, due_at=at)
    for end in ends:
        yield Due(subscription=subscription.name, item=end.item, due_at=at, note=end.note)


def tell_each(
    session: Session, changes: Sequence[Change], holdings: Holdings, followed: Sequence[Followed]
) -> list[list[Told]]:
    """Return which of *changes* each of *followed* is told."""
    return tell(followed, gather_news(session, changes, holdings, followed))


def gather_news(session: Session, changes: Sequence[Change], holdings: Holdings, followed: Sequence[Followed]) -> News:
    """Return *changes* with what is needed to see whom they concern."""
    groups = [change.id for change in changes if change.group]
    members = {group: session.answers.changes(Question(group=group)) for group in groups}
    news = News(changes=changes, members=members, holdings=holdings)
    if not needs_texts(followed):
        return news
    return replace(news, texts=read_texts(session.store().db, moments_of(news)))


def ends_coming(
    session: Session, followed: Sequence[Followed], now: datetime, told: Mapping[str, Iterable[str]]
) -> list[list[PrintedEnd]]:
    """Return for each of *followed* the printed ends that come up, but for those it was *told*."""
    days = most_days_before(followed)
    if days is None:
        return [[] for _ in followed]
    db, today = session.store().db, now.date()
    standing = read_ends(db, today.isoformat(), (today + timedelta(days=days)).isoformat())
    texts: dict[str, tuple[str, ...]] = {}
    if needs_texts(followed):
        at = session.answers.newest()
        read = read_texts(db, {(row["reference"], at) for row in standing})
        texts = {reference: printed for (reference, _), printed in read.items()}
    return ends_due(followed, standing, today=today, told=told, texts=texts)


# --- the operator -----------------------------------------------------------------------------------------------------


def operator_dues(session: Session, state: Mapping[str, Any], now: datetime) -> list[Due]:
    """Return what the operator is to know: what needs a person, each trouble once, and weekly that all of it runs."""
    from notify.message.operator import Week, alive_of, notes_of

    week = Week(
        **session.answers.week(as_text(now - timedelta(days=7))),
        runs_failed=state["attempts"]["times"] if state["attempts"] else 0,
        pages=state["pages"],
        agreements=state["agreements"],
        size=size(state["database_bytes"]),
    )
    notes = notes_of(state["needs_a_person"])
    if week.runs:  # where nothing runs, nothing is alive: that a run is overdue is told above
        notes.append(alive_of(now.date(), week, state["needs_a_person"]))
    return [Due(subscription=OPERATOR, item=key, due_at=now, note=json.loads(note)) for key, note in notes]
