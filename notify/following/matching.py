"""Who is told which changes?

A change is told to a subscription if it concerns an organisation, a dataset or a word that is followed (any change,
where none is named), is of one of the kinds and severe enough, and concerns none of the exceptions. A group is told
with those of its members that do. Every change asks who follows it; no subscription is held against every change.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from diff.change import Change
from diff.kinds import ChangeKind
from diff.names import datasets_of, slugs_of
from diff.saying.phrase import Told
from diff.severity import Severity
from notify.following.subscription import Followed, Subjects, stem_of
from notify.following.words import Listeners
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
        if change.kind not in (ChangeKind.TEXT_CHANGED, ChangeKind.TITLE_CHANGED):
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
