"""Who is told which changes, and which printed ends?

A change is told to a subscription if it concerns an organisation, a dataset or a word that is followed (any change,
where none is named), is of one of the kinds and severe enough, and concerns none of the exceptions. A group is told
with those of its members that do. Every change asks who follows it; no subscription is held against every change.

An end is told as many days before it as a subscription says, once for each of these, and of several that hold at once
only for the smallest. It is followed as its agreement is; kinds and severity are for changes and do not narrow it. No
clock: the day is an argument.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from diff.change import Change
from diff.kinds import INCIDENTS, ChangeKind
from diff.names import datasets_of, slugs_of, stem_of
from diff.saying.phrase import Told
from diff.severity import Severity
from diff.terms import last_day
from notify.following.subscription import Followed, Listeners, Subjects
from scraper.names.fold import fold

Moment = tuple[str, str]
"""Reference and time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What became known, and what is needed to see whom it concerns."""

    changes: Sequence[Change]
    """A group is one."""
    members: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    """Id of a group → its members."""
    holdings: Mapping[str, Iterable[str]] = field(default_factory=dict)
    """Reference → every name of a dataset that was printed for it."""
    texts: Mapping[Moment, Sequence[str]] = field(default_factory=dict)
    """Reference and first_seen → title and prose; only those who follow words need it."""


def needs_texts(followed: Iterable[Followed]) -> bool:
    """Whether anybody follows words."""
    return any(one.words for one in followed)


def moments_of(news: News) -> set[Moment]:
    """Return the keys of `News.texts` that `tell` asks for."""
    every = [*news.changes, *(member for members in news.members.values() for member in members)]
    return {(change.reference, change.first_seen) for change in every if change.reference}


def tell(followed: Sequence[Followed], news: News) -> list[list[Told]]:
    """Return for each of *followed* what it is told, in the order of the changes; nobody is told an editorial one."""
    told: list[list[Told]] = [[] for _ in followed]
    audience = Audience(followed)
    facts = _Facts(news, audience.listeners)
    for change in news.changes:
        if not change.substantive:
            continue
        admitted = audience.admitted(change.kind, change.severity)
        if change.group:
            members = [(member, *facts.about(member)) for member in news.members.get(change.id, ())]
            if change.kind.row.gathers:  # who asked for renames or moves is told of what is made of these
                kinds = {(member.kind, member.severity) for member, *_ in members}
                admitted = admitted.union(*(audience.admitted(*one) for one in kinds))
            for number, concerned in _concerned_members(members, audience, admitted):
                told[number].append(Told(change, concerned))
        else:
            about, hearing = facts.about(change)
            following = audience.everything | audience.naming(about, hearing)
            for number in (following & admitted) - audience.excluding(about):
                told[number].append(Told(change))
    return told


def _concerned_members(
    members: Sequence[tuple[Change, Subjects, frozenset[int]]], audience: "Audience", admitted: frozenset[int]
) -> Iterator[tuple[int, Sequence[Change]]]:
    """Yield the subscriptions that a group is told to, each with the members that concern it."""
    concerned: dict[int, list[Change]] = defaultdict(list)
    left_out: dict[int, set[str]] = defaultdict(set)
    for member, about, hearing in members:
        excluding = audience.excluding(about)
        for number in (audience.naming(about, hearing) & admitted) - excluding:
            concerned[number].append(member)
        for number in excluding & audience.everything:
            left_out[number].add(member.id)
    yield from concerned.items()
    for number in audience.everything & admitted:
        left = [member for member, *_ in members if member.id not in left_out.get(number, ())]
        if left or not members:
            yield number, left


class _Facts:
    """What each change is about; what an agreement holds and prints is looked up once."""

    def __init__(self, news: News, listeners: Listeners) -> None:
        self._news = news
        self._listeners = listeners
        self._held: dict[str, frozenset[str]] = {}
        self._heard: dict[Moment, frozenset[int]] = {}

    def about(self, change: Change) -> tuple[Subjects, frozenset[int]]:
        """Return what *change*, which is no group, is about, and those that follow one of its words."""
        about = Subjects(
            pages=frozenset(slugs_of(change)),
            organisations=frozenset({fold(change.organisation or "")}),
            datasets=self._datasets(change),
            references=frozenset({stem_of(change.reference or "")}),
        )
        return about, self._hear(change) if self._listeners else frozenset()

    def _datasets(self, change: Change) -> frozenset[str]:
        if not change.kind.startswith("agreement-"):
            return frozenset(map(fold, datasets_of(change)))
        reference = change.reference or ""
        if reference not in self._held:
            self._held[reference] = frozenset(map(fold, self._news.holdings.get(reference, ())))
        return self._held[reference]

    def _hear(self, change: Change) -> frozenset[int]:
        moment = (change.reference or "", change.first_seen)
        if moment not in self._heard:
            self._heard[moment] = self._listeners.of_any(self._news.texts.get(moment, ()))
        if change.kind not in (ChangeKind.TEXT_CHANGED, ChangeKind.TITLE_CHANGED, *INCIDENTS):
            return self._heard[moment]
        # A section that went is told at its second sighting, when the agreement has not printed it for a while.
        own = [side for side in (change.before, change.after) if isinstance(side, str)]
        return self._heard[moment] | self._listeners.of_any(own)


class Audience:
    """All subscriptions, by number, asked by what a change or a printed end is about."""

    def __init__(self, followed: Sequence[Followed]) -> None:
        self._subscriptions = [one.subscription for one in followed]
        self._named = _Index(one.subjects for one in followed)
        self._left_out = _Index(one.left_out for one in followed)
        self._admitted: dict[tuple[str, str], frozenset[int]] = {}
        self.listeners = Listeners(one.words for one in followed)
        self.everything = frozenset(n for n, one in enumerate(self._subscriptions) if one.follows_everything)

    def admitted(self, kind: str, severity: str) -> frozenset[int]:
        """Return those whose kinds and severity let such a change through."""
        if (kind, severity) not in self._admitted:
            rank = Severity(severity).rank
            self._admitted[kind, severity] = frozenset(
                number
                for number, one in enumerate(self._subscriptions)
                if (not one.kinds or kind in one.kinds)
                and (one.severity is None or rank <= Severity(one.severity).rank)
            )
        return self._admitted[kind, severity]

    def naming(self, about: Subjects, hearing: frozenset[int]) -> frozenset[int]:
        """Return those that name an organisation, an agreement or a dataset in *about*, and those *hearing* a word."""
        return hearing.union(self._named.of_place(about), *self._named.of_datasets(about))

    def excluding(self, about: Subjects) -> set[int]:
        """Return those that except it: an agreement that holds other datasets too is not left out for one of them."""
        datasets = self._left_out.of_datasets(about)
        return self._left_out.of_place(about) | (set.intersection(*datasets) if datasets else set())


class _Index:
    """From pages, names and references to the subscriptions that name them, by number."""

    def __init__(self, subjects: Iterable[Subjects]) -> None:
        # By sort first: a page, an organisation and a dataset may be called alike.
        self._numbers: dict[tuple[str, str], set[int]] = defaultdict(set)
        for number, one in enumerate(subjects):
            for sort in ("pages", "organisations", "datasets", "references"):
                for name in getattr(one, sort):
                    self._numbers[sort, name].add(number)

    def of_place(self, about: Subjects) -> set[int]:
        """Return those that name the organisation or the agreement."""
        keys = [("pages", page) for page in about.pages]
        keys += [("organisations", name) for name in about.organisations]
        keys += [("references", stem) for stem in about.references]
        return set[int]().union(*(self._numbers.get(key, ()) for key in keys))

    def of_datasets(self, about: Subjects) -> list[set[int]]:
        """Return for each of the datasets those that name it."""
        return [self._numbers.get(("datasets", name), set()) for name in about.datasets]


# --- printed ends that come up ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedEnd:
    """A printed end that a subscription is told."""

    item: str
    """What it is delivered as: once."""
    reference: str
    title: str | None
    organisation: str | None
    page: str
    dsa_end: str
    """As printed."""
    day: str
    """The day that is meant, YYYY-MM-DD: of a month its last."""
    days_left: int
    official: str | None = None
    """Which version of the official register says so; None of a printed end."""

    @classmethod
    def of_note(cls, item: str, note: Mapping[str, Any], today: date) -> Self:
        """Return the end of a *note* that was kept, as it is *today*."""
        return cls(item=item, **note, days_left=(date.fromisoformat(note["day"]) - today).days)

    @property
    def note(self) -> dict[str, Any]:
        """What is kept and told to programs (docs/webhooks.md)."""
        names = ("reference", "title", "organisation", "page", "dsa_end", "day", *["official"] * bool(self.official))
        return {name: getattr(self, name) for name in names}

    @property
    def days(self) -> int:
        """How many days before it the subscription wants to hear of it."""
        return int(self.item.rpartition(":")[2])


def most_days_before(followed: Iterable[Followed]) -> int | None:
    """Return how many days ahead anybody wants to hear of a printed end; None if nobody does."""
    return max((days for one in followed for days in one.subscription.days_before_ends), default=None)


def ends_due(
    followed: Sequence[Followed],
    standing: Iterable[Mapping[str, Any]],
    *,
    today: date,
    told: Mapping[str, Iterable[str]],
    texts: Mapping[str, Sequence[str]] | None = None,
) -> list[list[PrintedEnd]]:
    """Return for each of *followed* the printed ends that are due today, the nearest first.

    Args:
        followed: The subscriptions.
        standing: reference, title, organisation, page, dsa_end, datasets and official of agreements on the register's
            pages.
        today: The day, in UTC.
        told: Name of a subscription → items that it was told, or is going to be; other items than ends do not matter.
        texts: Reference → title and prose; only those who follow words need it.
    """
    audience = Audience(followed)
    wanted = [one.subscription.days_before_ends for one in followed]
    every_days = {days for several in wanted for days in several}
    told_at = [_fewest_days(told.get(one.subscription.name, ())) for one in followed]
    due: list[dict[str, PrintedEnd]] = [{} for _ in followed]
    for row in standing:
        day = last_day(row["dsa_end"])
        if day is None or day < today:
            continue
        note = {name: row[name] for name in ("reference", "title", "organisation", "page", "dsa_end")}
        note["day"] = day.isoformat()
        if row.get("official"):
            note["official"] = row["official"]
        item = f"end:{row['reference']}:{row['dsa_end']}"
        ends = {days: PrintedEnd.of_note(f"{item}:{days}", note, today) for days in every_days}
        about = Subjects(
            pages=frozenset({row["page"]}),
            organisations=frozenset({fold(row["organisation"] or "")}),
            datasets=frozenset(map(fold, row["datasets"] or ())),
            references=frozenset({stem_of(row["reference"])}),
        )
        hearing = audience.listeners.of_any((texts or {}).get(row["reference"], ()))
        for number in (audience.everything | audience.naming(about, hearing)) - audience.excluding(about):
            days = min((one for one in wanted[number] if (day - today).days <= one), default=None)
            before = told_at[number].get((stem_of(row["reference"]), row["dsa_end"]))
            if days is not None and (before is None or days < before):
                due[number].setdefault(ends[days].item, ends[days])  # it may stand on another page too
    return [sorted(own.values(), key=lambda end: (end.day, end.reference)) for own in due]


def _fewest_days(items: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return stem of the reference and printed end → the fewest days before it that it was told at.

    >>> _fewest_days(["end:NIC-1:2026-03-12:90", "end:DARS-NIC-1:2026-03-12:30", "0f5e"])
    {('NIC-1', '2026-03-12'): 30}
    """
    fewest: dict[tuple[str, str], int] = {}
    for item in items:
        if item.startswith("end:"):
            reference, end, days = item.removeprefix("end:").rsplit(":", 2)
            key = (stem_of(reference), end)
            fewest[key] = min(int(days), fewest.get(key, int(days)))
    return fewest
