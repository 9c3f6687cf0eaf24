"""Those who follow the published pages by e-mail: what of a run is due to whom, and whether it still is.

What is due stands in the history under an id that says nothing of who it is; where it goes to is asked of the people's
own file when it is sent, and so is whether somebody follows still.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import parse_qsl

from cron.work.context import Context
from diff.change import Change
from notify.following.asked import NewsIndex, PageQuestion
from notify.following.subscription import Subscription, due_at
from snapshots.asking.answers import Answers
from snapshots.asking.changes import ChangeFilter
from snapshots.asking.corrections import find_taken_back, find_told, told_of_withdrawn
from snapshots.asking.names import NotKnownError, read_bases_held, read_datasets_held
from snapshots.keeping.deliveries import CORRECTION, FOLLOWER, NOTE, Batch, OutboxItem
from snapshots.keeping.notes import KeptNote

if TYPE_CHECKING:
    from snapshots.keeping.store import Outcome
    from snapshots.people.people import Follow

When = Literal["run", "daily", "weekly"]


class Reason(NamedTuple):
    """Why somebody is told of a change: on account of which follows, and how soon."""

    follows: tuple[str, ...]
    frequency: When


class PageQuestions:
    """What followed pages ask for, with their names looked up; each name once, as of now."""

    def __init__(self, context: Context) -> None:
        memory: dict[Any, Any] = {}
        db = context.store().db

        def ask(sql: str, values: Mapping[str, Any]) -> list[Any]:
            rows: list[Any] = keep((sql, *values.values()), lambda: list(db.query(sql, dict(values))))
            return rows

        def keep(key: Any, make: Callable[[], Any]) -> Any:
            if key not in memory:
                memory[key] = make()
            return memory[key]

        self._answers = Answers(db, context.vocabulary, states=context.store().states, ask=ask, keep=keep)

    def read(self, asks: str, ids: Iterable[str]) -> PageQuestion:
        """Return what a page asks for of the changes with these *ids*; what nobody knows any more is nothing."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for name, value in parse_qsl(asks):
            wanted[name].append(value)
        names = self._answers.names
        bodies = [_known(partial(names.organisation, name, parts=True)) for name in wanted["organisation"]]
        found = [body for body in bodies if body]
        words = " ".join(wanted["words"])
        return PageQuestion(
            pages=frozenset(slug for body in found for slug in body.slugs) if bodies else None,
            names=frozenset(name for body in found for name in body.folded),
            datasets=_all(wanted["dataset"], partial(names.dataset, parts=True)),
            bases=_all(wanted["basis"], names.legal_bases),
            references=_all(wanted["reference"], names.references),
            hits=self._answers.changes.with_words(words, ids) if words else None,
            kinds=frozenset(wanted["kind"]),
            severity=wanted["severity"][-1] if wanted["severity"] else None,
        )


def _known(look_up: Callable[[], Any]) -> Any:
    try:
        return look_up()
    except NotKnownError:
        return None


def _all(wanted: Sequence[str], look_up: Callable[[str], Iterable[str]]) -> frozenset[str] | None:
    if not wanted:
        return None
    return frozenset(one for name in wanted for one in _known(partial(look_up, name)) or ())


class Concerned:
    """Which of some changes concern which followed page, asked once for each page however many follow it."""

    def __init__(self, context: Context, changes: Sequence[Change]) -> None:
        db = context.store().db
        # Words that this very transaction keeps are looked for, too.
        context.store().states.index_texts()
        self._index = NewsIndex(changes, read_datasets_held(db), read_bases_held(db))
        self._ids = [one.id for change in changes for one in (change, *change.members)]
        self._questions = PageQuestions(context)
        self._found: dict[str, tuple[PageQuestion, list[Change]]] = {}

    def _of(self, asks: str) -> tuple[PageQuestion, list[Change]]:
        if asks not in self._found:
            question = self._questions.read(asks, self._ids)
            self._found[asks] = (question, self._index.matching(question))
        return self._found[asks]

    def by(self, asks: str) -> list[Change]:
        """Return the changes that the feed of a page would hold."""
        return self._of(asks)[1]

    def members(self, asks: str, group: str) -> list[Change]:
        """Return those members of a group that concern a page; none where all of it does."""
        return self._index.members(self._of(asks)[0], group)

    def told(self, follows: Iterable["Follow"]) -> dict[str, Reason]:
        """Return change → on account of which *follows* it is told, and how soon: the soonest of them."""
        told: dict[str, Reason] = {}
        for follow in follows:
            for change in self.by(follow.asks):
                before = told.get(change.id)
                frequency = follow.frequency if before is None else min(before.frequency, follow.frequency, key=_SOON)
                told[change.id] = Reason((*(before.follows if before else ()), follow.id), frequency)
        return told


_SOON = ("run", "daily", "weekly").index
"""How soon somebody is told, as a number."""


def due_to_followers(context: Context, outcome: "Outcome", now: datetime) -> Iterator[OutboxItem]:
    """Yield what of a run is due to those who follow, for the transaction that commits it."""
    if not context.may_be_followed:
        return
    live = context.people().live()
    if not live:
        return
    due = {"run": due_of("run", now), "daily": due_of("daily", now), "weekly": due_of("weekly", now)}
    concerned = Concerned(context, [change for change in outcome.changes if change.substantive])
    for person, follows in live.items():
        for change, one in concerned.told(follows).items():
            yield OutboxItem(
                subscription=f"{FOLLOWER}{person}", item=change, due_at=due[one.frequency], follows=one.follows
            )
    yield from _corrections(context, live, due)


def due_of(frequency: When, now: datetime) -> datetime:
    """Return when what became known *now* is told to who follows so often."""
    return datetime.fromisoformat(due_at(Subscription(name=FOLLOWER, when=frequency), now))


def soonest(follows: Iterable["Follow"]) -> When:
    """Return the frequency of what is told soonest of what is followed."""
    return min((follow.frequency for follow in follows), key=_SOON, default="run")


def _corrections(
    context: Context, live: Mapping[str, Sequence["Follow"]], due: Mapping[str, datetime]
) -> Iterator[OutboxItem]:
    """Yield what is taken back of what was told: it is owed to those who were told, and follow anything still."""
    db = context.store().db
    told = [name for name in told_of_withdrawn(db, FOLLOWER) if _person(name) in live]
    taken = find_taken_back(db, told)
    members = sorted({one.change for one in taken if one.is_member})
    changes = context.answers.changes.find(ChangeFilter(ids=members, editorial=True)) if members else []
    concerned = Concerned(context, changes) if changes else None
    for one in taken:
        follows = live[_person(one.subscription)]
        if one.is_member and not (concerned and one.change in concerned.told(follows)):
            continue
        yield OutboxItem(
            subscription=one.subscription,
            item=f"{CORRECTION}{one.change}",
            due_at=due[soonest(follows)],
            note={"change": one.change, "told_at": one.told_at},
        )


def note_to_followers(context: Context, change: Change, kept: KeptNote) -> Iterator[OutboxItem]:
    """Yield to whom of those who follow an operator's remark is told: who was told of the change, when told things."""
    if not context.may_be_followed:
        return
    live, now = context.people().live(), context.clock()
    told = [one for one in find_told(context.store().db, change.id) if one.subscription.startswith(FOLLOWER)]
    concerned = Concerned(context, [change]) if told and not change.group else None
    for one in told:
        follows = live.get(_person(one.subscription), ())
        is_theirs = not one.is_member or concerned is None or change.id in concerned.told(follows)
        if follows and is_theirs:
            yield OutboxItem(
                subscription=one.subscription,
                item=f"{NOTE}{kept.number}",
                due_at=due_of(soonest(follows), now),
                note={"change": change.id, **kept.note._asdict(), "told_at": one.told_at},
            )


# --- at sending time --------------------------------------------------------------------------------------------------


class Followers:
    """Those who follow, for one round of messages."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._people = context.people()

    @cached_property
    def live(self) -> dict[str, list["Follow"]]:
        """Name of a delivery → what is followed."""
        return {f"{FOLLOWER}{person}": follows for person, follows in self._people.live().items()}

    def names(self) -> set[str]:
        """Return the names of all that are kept, those who are told nothing at the moment among them."""
        return {f"{FOLLOWER}{person}" for person in self._people.ids()}

    def still_due(self, batch: Batch) -> Batch:
        """Return a message without what nobody follows any more on account of which it was due."""
        now_followed = {one.id for one in self._people.follows_of(_person(batch.subscription))}
        parts = tuple(part for part in batch.parts if not part.follows or part.follows & now_followed)
        return replace(batch, parts=parts if now_followed else ())

    def address_of(self, batch: Batch) -> str | None:
        """Return where a message goes to; None if it goes nowhere any more."""
        return self._people.address_of(_person(batch.subscription), batch.follows)

    def sent(self, name: str, now: datetime) -> None:
        """Note that something was sent."""
        self._people.note_sent(_person(name), now)

    def came_back(self, name: str, message: str, now: datetime) -> None:
        """Note that a mail server knows no such mailbox: as if the message had come back for good."""
        from snapshots.people.keys import in_short

        self._people.note_returned(_person(name), in_short(message), "hard", now)

    def manage_link(self, name: str) -> str:
        """Return the address under which somebody manages what is followed."""
        return self._link("manage", name)

    def stop_link(self, name: str) -> str:
        """Return the address that stops all of it."""
        return self._link("stop", name)

    def _link(self, use: str, name: str) -> str:
        return link_to(self._context, use, _person(name))

    def return_path(self, name: str, message: str) -> str | None:
        """Return where a message comes back to, if the settings name a place."""
        return return_path(self._context, _person(name), message)


def _person(name: str) -> str:
    return name.removeprefix(FOLLOWER)


def link_to(context: Context, use: str, value: str) -> str:
    """Return the address of a page that only who gets the letter can open."""
    base = (context.settings.browse.base_url or "").rstrip("/")
    return f"{base}/follow/{use}/{context.people().keys.token(use, value)}"


def return_path(context: Context, person: str, message: str) -> str | None:
    """Return the address to which one message to one person comes back, if the settings name one."""
    pattern = context.settings.follow.return_path
    if pattern is None:
        return None
    return pattern.replace("{token}", context.people().keys.return_token(person, message))
