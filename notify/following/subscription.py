"""What does a subscription follow? Names go in as somebody wrote them; pages, datasets and references come out.

Organisations, datasets and words are followed; kinds and severity narrow what is told of them, exceptions leave some of
it out. An organisation stands for itself under every name it has had, for the bodies it is known to follow and for
those known to follow it; as an exception only for itself. What is not known is a problem that is reported by name, and
never widens what is told. Who is told which changes is in matching.py, which printed ends in ends.py, when in
timing.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Literal

from diff.change import Severity
from diff.names import DatasetNames, KnownNames, NamedBody, OrganisationNames, nearest, said_nearest
from notify.following.words import Words, fold_words
from scraper.errors import RegisterWatchError
from scraper.names.vocabulary import Vocabulary
from scraper.text import cut, one_line

BEFORE_AN_END = (90, 30)
"""Days before a printed end at which those are told who name organisations and say nothing else."""

LONGEST_NAME = 100
"""Characters of a name in a sentence."""

MOST_NAMES = 5
"""Names of one sort in a sentence; of more the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who follows what, as the settings say it; addresses are not known here."""

    name: str
    organisations: Sequence[str] = ()
    datasets: Sequence[str] = ()
    words: Sequence[str] = ()
    kinds: Sequence[str] = ()
    severity: str | None = None
    """At least."""
    exceptions: Sequence[str] = ()
    expiring: Sequence[int] | None = None
    when: Literal["run", "daily", "weekly"] = "run"
    at: str | None = None
    """"08:00", weekly "mon 08:00"; None for just these."""
    timezone: str = "Europe/London"

    @property
    def follows_everything(self) -> bool:
        """Whether nothing is named, so that everything is followed."""
        return not (self.organisations or self.datasets or self.words)

    @property
    def days_before_ends(self) -> Sequence[int]:
        """How many days before a printed end it is told."""
        return (BEFORE_AN_END if self.organisations else ()) if self.expiring is None else self.expiring


class SubscriptionError(RegisterWatchError):
    """A subscription names what nobody knows."""

    def __init__(self, subscription: str, wrong: str, near: Iterable[str] = ()) -> None:
        known = said_nearest([cut(one_line(name), LONGEST_NAME) for name in near])
        super().__init__(f"subscription {one_line(subscription)!r}: {wrong}{known}")
        self.subscription = subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """What changes may be about."""

    pages: frozenset[str] = frozenset()
    """By slug."""
    organisations: frozenset[str] = frozenset()
    """Folded, like the datasets."""
    datasets: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()

    def __or__(self, other: "Subjects") -> "Subjects":
        return Subjects(
            pages=self.pages | other.pages,
            organisations=self.organisations | other.organisations,
            datasets=self.datasets | other.datasets,
            references=self.references | other.references,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A subscription whose names were looked up."""

    subscription: Subscription
    subjects: Subjects = field(default_factory=Subjects)
    left_out: Subjects = field(default_factory=Subjects)
    words: tuple[Words, ...] = ()
    said: str
    """What is followed, in words: goes behind "You follow"."""
    problems: tuple[SubscriptionError, ...] = ()
    """What could not be looked up; the rest is followed."""


def follow(subscriptions: Iterable[Subscription], known: KnownNames, vocabulary: Vocabulary) -> list[Followed]:
    """Return what each of *subscriptions* follows of what is known; before there is a history nothing is checked."""
    names = _Names(known, vocabulary)
    return [_Reader(subscription, names).read() for subscription in subscriptions]


def find_problems(
    subscriptions: Iterable[Subscription], known: KnownNames, vocabulary: Vocabulary
) -> list[SubscriptionError]:
    """Return every name in *subscriptions* that is not known."""
    return [problem for followed in follow(subscriptions, known, vocabulary) for problem in followed.problems]


class _Names:
    """All names there are, in the shape in which they are looked up."""

    def __init__(self, known: KnownNames, vocabulary: Vocabulary) -> None:
        self.known = known
        self.vocabulary = vocabulary
        self.bodies = OrganisationNames(known, vocabulary)
        self.all_datasets = [*known.datasets, *vocabulary.newest_datasets]
        self.datasets = DatasetNames(self.all_datasets, vocabulary)
        self.references = frozenset(map(stem_of, known.references))
        self.has_history = bool(known.pages)

    def organisation_names(self) -> Iterable[str]:
        known = self.known
        earlier = (name for headings in known.headings.values() for name in headings)
        return (*known.pages.values(), *earlier, *known.pages)


def stem_of(reference: str) -> str:
    """Return a reference as it is compared: `NIC-…` and `DARS-NIC-…` of one stem are one agreement."""
    return reference.strip().upper().removeprefix("DARS-")


class _Reader:
    """Looks up the names of one subscription and notes what it cannot find."""

    def __init__(self, subscription: Subscription, names: _Names) -> None:
        self._subscription = subscription
        self._names = names
        self._problems: list[SubscriptionError] = []

    def read(self) -> Followed:
        subscription = self._subscription
        bodies = [body for name in subscription.organisations for body in self._body(name)]
        datasets = {name: self._dataset(name) for name in subscription.datasets}
        words = {word: self._word(word) for word in subscription.words}
        exceptions = {name: self._exception(name) for name in subscription.exceptions}
        found = replace(
            subscription,
            datasets=[name for name, names in datasets.items() if names],
            words=[word for word, folded in words.items() if folded],
            exceptions=[name for name, subjects in exceptions.items() if subjects != Subjects()],
        )
        kin = [_with_relatives(body, self._names.bodies) for body in bodies]
        return Followed(
            subscription=subscription,
            subjects=reduce(or_, kin, Subjects(datasets=frozenset[str]().union(*datasets.values()))),
            left_out=reduce(or_, exceptions.values(), Subjects()),
            words=tuple(filter(None, words.values())),
            said=_say(found, bodies, self._names.bodies, everything=subscription.follows_everything),
            problems=tuple(self._problems),
        )

    def _body(self, name: str) -> Iterable[NamedBody]:
        body = self._names.bodies.named(name)
        if self._names.has_history and not self._names.bodies.pages_of(body.names | body.earlier | body.later):
            self._report(f"no organisation is called {name!r}", nearest(name, self._names.organisation_names()))
            return ()
        return (body,)

    def _dataset(self, name: str) -> frozenset[str]:
        found = self._names.datasets.named(name)
        if not found and self._names.has_history:
            self._report(f"no dataset is called {name!r}", nearest(name, self._names.all_datasets))
            return frozenset()
        return found or self._names.vocabulary.dataset_names(name)

    def _exception(self, name: str) -> Subjects:
        """Find out by looking what *name* is; what might be several is all of them."""
        names = self._names
        body, datasets = names.bodies.named(name), names.datasets.named(name)
        is_reference = stem_of(name) in names.references
        # A predecessor without a page is no mistake: there is nothing of it to leave out.
        is_body = bool(names.bodies.pages_of(body.names | body.earlier | body.later))
        if names.has_history and not (is_reference or is_body or datasets):
            every = (*names.known.references, *names.organisation_names(), *names.all_datasets)
            self._report(f"no agreement, organisation or dataset is called {name!r}", nearest(name, every))
            return Subjects()
        return Subjects(
            pages=body.pages,
            organisations=body.names,
            datasets=datasets,
            references=frozenset({stem_of(name)}),
        )

    def _word(self, word: str) -> Words:
        folded = fold_words(word)
        if not folded:
            self._report(f"{word!r} has neither letter nor digit, so no text holds it")
        return folded

    def _report(self, wrong: str, near: Iterable[str] = ()) -> None:
        self._problems.append(SubscriptionError(self._subscription.name, wrong, near))


def _with_relatives(body: NamedBody, bodies: OrganisationNames) -> Subjects:
    names = body.names | body.earlier | body.later
    return Subjects(pages=body.pages | bodies.pages_of(names), organisations=names)


# In words ---------------------------------------------------------------------------------------------------------


def _say(found: Subscription, bodies: Sequence[NamedBody], known: OrganisationNames, *, everything: bool) -> str:
    """Return in words what is followed; *found* names what is known alone."""
    narrowed = ", ".join(_list_narrowings(found))
    if everything:
        between = " " if found.severity else ", "
        return f"everything{between if narrowed else ''}{narrowed}"
    what = _join(list(_list_followed(found, bodies, known)), "and") or "nothing that is known"
    return f"{what}; {narrowed}" if narrowed else what


def _list_followed(subscription: Subscription, bodies: Sequence[NamedBody], known: OrganisationNames) -> Iterator[str]:
    yield from _shorten([body.name for body in bodies], "more organisations")
    kin = {"predecessors": [body.earlier for body in bodies], "successors": [body.later for body in bodies]}
    relatives = [word for word, names in kin.items() if any(map(known.pages_of, names))]
    if relatives:
        yield f"{'its' if len(bodies) == 1 else 'their'} {' and '.join(relatives)}"
    yield from _shorten(subscription.datasets, "more datasets")
    if subscription.words:
        words = _join(_shorten(subscription.words, "others", quote='"'), "or")
        yield f"the word{'s' if len(subscription.words) > 1 else ''} {words}"


def _list_narrowings(subscription: Subscription) -> Iterator[str]:
    if subscription.severity:
        yield f"of {subscription.severity} severity{'' if subscription.severity == Severity.HIGH else ' or more'}"
    if subscription.kinds:
        yield f"only {_join(_shorten(subscription.kinds, 'more kinds'), 'or')}"
    if subscription.exceptions:
        yield f"except {_join(_shorten(subscription.exceptions, 'others'), 'and')}"


def _shorten(names: Sequence[str], noun: str, quote: str = "") -> list[str]:
    """Return *names* safe and short enough for a sentence; the last counts those that are too many."""
    shown = names if len(names) <= MOST_NAMES else names[: MOST_NAMES - 1]
    said = [f"{quote}{cut(one_line(name), LONGEST_NAME)}{quote}" for name in shown]
    return said if len(shown) == len(names) else [*said, f"{len(names) - len(shown):,} {noun}"]


def _join(names: Sequence[str], word: str) -> str:
    """Return *names* as a list in a sentence.

    >>> _join(["A"], "and"), _join(["A", "B"], "and"), _join(["A", "its predecessors", "B"], "and")
    ('A', 'A and B', 'A, its predecessors, and B')
    """
    if len(names) < 3:
        return f" {word} ".join(names)
    return f"{', '.join(names[:-1])}, {word} {names[-1]}"
