"""What does a subscription follow? Names go in as somebody wrote them; pages, datasets and references come out.

Organisations, datasets and words are followed; kinds and severity narrow what is told of them, exceptions leave some of
it out. An organisation stands for itself under every name it has had, for the bodies it is known to follow and for
those known to follow it; as an exception only for itself. What is not known is a problem that is reported by name, and
never widens what is told. Who is told which changes and printed ends is in matching.py; when is here too: after each
run, or collected until a time of day in the subscription's own time zone. No clock here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from diff.names import (
    DatasetNames,
    KnownNames,
    NamedBody,
    OrganisationNames,
    nearest,
    references_called,
    said_nearest,
    stem_of,
)
from diff.severity import Severity
from scraper.errors import RegisterWatchError
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary
from scraper.text import cut, one_line
from scraper.times import as_text

Words = tuple[str, ...]
"""Folded words that stand one behind the other."""


def fold_words(text: str) -> Words:
    """Return the words of *text* as they are compared.

    >>> fold_words("“Rare  disease” – COVID-19,")
    ('rare', 'disease', 'covid19')
    """
    return tuple(filter(None, map(fold, text.split())))


class Listeners:
    """Subscriptions, by number, and the words that they follow: whole words, folded.

    A word behind a dash, a slash or a bracket is a word too, and two words that a dash joins are also one: the site
    deletes dashes without leaving a space. A text is read once, whoever asks for what.
    """

    def __init__(self, followed: Iterable[Iterable[Words]]) -> None:
        self._numbers: dict[Words, set[int]] = defaultdict(set)
        self._by_word: dict[str, set[Words]] = defaultdict(set)
        for number, every in enumerate(followed):
            for words in every:
                self._numbers[words].add(number)
                self._by_word[words[0]].add(words)
                self._by_word["".join(words)].add(words)

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def of_any(self, texts: Iterable[str]) -> frozenset[int]:
        """Return those that follow a word in one of *texts*."""
        return frozenset[int]().union(*map(self.of, texts))

    def of(self, text: str) -> frozenset[int]:
        """Return those that follow a word in *text*.

        >>> listeners = Listeners([[("rare", "disease")], [("covid19",)], [("genomic",)], [("omics",)]])
        >>> sorted(listeners.of("Rare disease (COVID–19) and genomic/phenotypic data"))
        [0, 1, 2]
        """
        if not self:
            return frozenset()
        in_order = _in_order(text)
        # Once more with a space in place of joints; only words that are more than letters and digits can hold one.
        apart = " ".join(piece for piece in set(text.split()) if not piece.isalnum()).translate(_WITHOUT_JOINTS)
        held = {*in_order.split(_BETWEEN), *_in_order(apart).split(_BETWEEN)}
        found: set[int] = set()
        for words in {words for word in self._by_word.keys() & held for words in self._by_word[word]}:
            if "".join(words) in held or (
                held.issuperset(words) and f"{_BETWEEN}{_BETWEEN.join(words)}{_BETWEEN}" in in_order
            ):
                found |= self._numbers[words]
        return frozenset(found)


# Stands between words in a text that is folded whole, which is much faster than word by word: folding keeps it.
_BETWEEN = "="

_WITHOUT_JOINTS = str.maketrans(dict.fromkeys("-‐‑–—/()[]'’", " "))


def _in_order(text: str) -> str:
    """Return the folded words of *text*, with the sign that stands between them also before and behind."""
    joined = _BETWEEN.join(["", *(fold(_BETWEEN.join(line.split())) for line in text.splitlines()), ""])
    while 2 * _BETWEEN in joined:  # a dash that stood alone
        joined = joined.replace(2 * _BETWEEN, _BETWEEN)
    return joined


# --- what a subscription names, and what it follows -------------------------------------------------------------------

# Days before a printed end at which those are told who name organisations and say nothing else.
BEFORE_AN_END = (90, 30)

# In a sentence: a name is as long as somebody wrote it, and a mail begins with what its reader follows.
LONGEST_NAME = 100
MOST_NAMES = 5  # of one sort; of more the others are counted

# When, if a subscription does not say.
MORNING = {"daily": "08:00", "weekly": "mon 08:00"}

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_T = TypeVar("_T")


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
    reader = _SubscriptionReader(known, vocabulary)
    return [reader.read(subscription) for subscription in subscriptions]


def find_problems(
    subscriptions: Iterable[Subscription], known: KnownNames, vocabulary: Vocabulary
) -> list[SubscriptionError]:
    """Return every name in *subscriptions* that is not known."""
    return [problem for followed in follow(subscriptions, known, vocabulary) for problem in followed.problems]


class _NobodyError(RegisterWatchError):
    """Nothing is called so: what is to be said, and the names that there are."""


class _SubscriptionReader:
    """Looks up what subscriptions name."""

    def __init__(self, known: KnownNames, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._bodies = OrganisationNames(known, vocabulary)
        self._every_dataset = [*known.datasets, *vocabulary.newest_datasets]
        self._datasets = DatasetNames(self._every_dataset, vocabulary)
        self._references = known.references
        headings = (name for names in known.headings.values() for name in names)
        self._every_body = [*known.pages.values(), *headings, *known.pages]
        self._has_history = bool(known.pages)

    def read(self, subscription: Subscription) -> Followed:
        """Return what *subscription* follows, with a problem for each name that is not known."""
        problems: list[SubscriptionError] = []

        def found(look_up: Callable[[str], _T], names: Iterable[str]) -> dict[str, _T]:
            known = {}
            for name in names:
                try:
                    known[name] = look_up(name)
                except _NobodyError as error:
                    wrong, every = error.args
                    problems.append(SubscriptionError(subscription.name, wrong, nearest(name, every)))
            return known

        bodies = list(found(self._body, subscription.organisations).values())
        datasets = found(self._dataset, subscription.datasets)
        words = found(self._word, subscription.words)
        exceptions = found(self._exception, subscription.exceptions)
        known = replace(subscription, datasets=list(datasets), words=list(words), exceptions=list(exceptions))
        # An organisation is followed with its relatives; an exception leaves out only what it names.
        names = frozenset[str]().union(*(body.names | body.earlier | body.later for body in bodies))
        return Followed(
            subscription=subscription,
            subjects=Subjects(
                pages=self._bodies.pages_of(names).union(*(body.pages for body in bodies)),
                organisations=names,
                datasets=frozenset[str]().union(*datasets.values()),
            ),
            left_out=reduce(or_, exceptions.values(), Subjects()),
            words=tuple(words.values()),
            said=_say(known, bodies, self._bodies, everything=subscription.follows_everything),
            problems=tuple(problems),
        )

    def _body(self, name: str) -> NamedBody:
        body = self._bodies.named(name)
        # A body that has no page itself is followed by way of its relatives that have one.
        if self._has_history and not self._bodies.pages_of(body.names | body.earlier | body.later):
            raise _NobodyError(f"no organisation is called {name!r}", self._every_body)
        return body

    def _dataset(self, name: str) -> frozenset[str]:
        found = self._datasets.named(name)
        if not found and self._has_history:
            raise _NobodyError(f"no dataset is called {name!r}", self._every_dataset)
        # Before there is a history any name may come to be printed.
        return found or self._vocabulary.dataset_names(name)

    def _exception(self, name: str) -> Subjects:
        """Find out by looking what *name* is; what might be several is all of them."""
        body, datasets = self._bodies.named(name), self._datasets.named(name)
        references = references_called(name, self._references)
        # A predecessor without a page is no mistake: there is nothing of it to leave out.
        is_body = bool(self._bodies.pages_of(body.names | body.earlier | body.later))
        if self._has_history and not (references or is_body or datasets):
            every = [*self._references, *self._every_body, *self._every_dataset]
            raise _NobodyError(f"no agreement, organisation or dataset is called {name!r}", every)
        return Subjects(
            pages=body.pages,
            organisations=body.names,
            datasets=datasets,
            references=frozenset(map(stem_of, references or [name])),
        )

    def _word(self, word: str) -> Words:
        folded = fold_words(word)
        if not folded:
            raise _NobodyError(f"{word!r} has neither letter nor digit, so no text holds it", ())
        return folded


# --- in words ---------------------------------------------------------------------------------------------------------


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


# --- when -------------------------------------------------------------------------------------------------------------


def due_at(subscription: Subscription, now: datetime) -> str:
    """Return from when on what became known *now* is to be told: UTC text, never before *now*.

    A time of day that the clocks skip in spring is as much later as they skip; one that they repeat in autumn is the
    first of the two.

    >>> daily = Subscription(name="ig", when="daily", timezone="Europe/London")
    >>> due_at(daily, datetime(2026, 7, 1, 3, 17, tzinfo=UTC)), due_at(daily, datetime(2026, 12, 1, 8, 1, tzinfo=UTC))
    ('2026-07-01T07:00:00Z', '2026-12-02T08:00:00Z')
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    if subscription.when == "run":
        return as_text(now)
    weekday, _, clock = (subscription.at or MORNING[subscription.when]).rpartition(" ")
    hour, minute = map(int, clock.split(":"))
    zone = ZoneInfo(subscription.timezone)
    # More days at either end than a week needs: in some zones clocks are changed at midnight.
    days = (now.astimezone(zone).date() + timedelta(days=n) for n in range(-1, 10))
    wanted = (day for day in days if weekday in ("", _WEEKDAYS[day.weekday()]))
    moments = (datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC) for day in wanted)
    return as_text(next(moment for moment in moments if moment >= now))
