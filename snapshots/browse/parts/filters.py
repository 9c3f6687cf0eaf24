"""Which changes are asked for? What a reader filters by, as words of an address.

The question itself is that of the command line, `snapshots/asking/changes.py`; a name is taken as it is or, where
nobody is called that, as a part of names, because it is typed into a field and not into a script.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from diff.kinds import ChangeKind
from diff.names import nearest
from diff.saying.english import listed, sentence_case
from diff.severity import Severity
from scraper.text import cut, one_line
from snapshots.asking.changes import ChangeFilter, Condition
from snapshots.asking.names import NameNotKnownError, NotKnownError
from snapshots.browse.app.request import BadAddressError, PageRequest, QueryWords, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What narrows the changes; what is left empty does not."""

    kinds: tuple[str, ...] = ()
    severity: str = ""
    """At least."""
    organisations: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    words: str = ""
    since: str = ""
    until: str = ""
    """These two as they were typed."""
    since_time: str | None = None
    until_time: str | None = None
    run: int | None = None
    group: str = ""
    editorial: bool = False

    def question(self) -> ChangeFilter:
        """Return the filter as what terminal, mail and feed ask; a name typed into a field may be a part of names."""
        return ChangeFilter(
            since=self.since_time,
            until=self.until_time,
            kinds=self.kinds,
            severity=self.severity,
            organisations=self.organisations,
            datasets=self.datasets,
            bases=self.bases,
            references=self.references,
            run=self.run,
            group=self.group or None,
            words=self.words,
            parts=True,
            editorial=self.editorial,
        )

    def query(self, **other: Any) -> list[tuple[str, str]]:
        """Return the filter as it stands in an address, with *other* values for some of its fields."""
        given = replace(self, **other)
        return [
            *(("organisation", name) for name in given.organisations),
            *(("dataset", name) for name in given.datasets),
            *(("basis", name) for name in given.bases),
            *(("reference", name) for name in given.references),
            *(("kind", kind) for kind in given.kinds),
            ("severity", given.severity),
            ("words", given.words),
            ("since", given.since),
            ("until", given.until),
            ("run", str(given.run) if given.run is not None else ""),
            ("group", given.group),
            ("all", "1" if given.editorial else ""),
        ]

    @property
    def narrows(self) -> bool:
        """Whether anything is left out but editorial changes."""
        return any(value for name, value in self.query() if name != "all")

    @property
    def names(self) -> list[tuple[str, ...]]:
        """The names that are asked for: organisations, datasets, legal bases, agreements."""
        return [names for names in (self.organisations, self.datasets, self.bases, self.references) if names]

    def in_words(self, reader: Reader) -> str:
        """Return what is asked for, for a sentence that begins "Changes …"; who is asked for by slug is named."""
        named = replace(self, organisations=tuple(_name_of(reader, one) for one in self.organisations))
        parts = [f"concerning {' or '.join(f'“{name}”' for name in names)}" for names in named.names]
        parts += [f"of the kind {listed([ChangeKind(kind).row.heading for kind in self.kinds])}"] if self.kinds else []
        parts += (
            [f"of {self.severity} severity{'' if self.severity == 'high' else ' or above'}"] if self.severity else []
        )
        parts += [f"with the words “{self.words}”"] if self.words else []
        parts += [f"first seen from {self.since}"] if self.since else []
        parts += [f"{'' if self.since else 'first seen '}to {self.until}"] if self.until else []
        parts += [f"of run {self.run}"] if self.run is not None else []
        parts += [f"of the group {self.group}"] if self.group else []
        return ", ".join(parts)


def _name_of(reader: Reader, organisation: str) -> str:
    """Return the name of the page with this slug; what is none is a name already."""
    return one_line(reader.organisations.get(organisation.lower(), organisation))


def filter_of(request: PageRequest) -> Filter:
    """Return the filter that an address asks for.

    Raises:
        BadAddressError: A kind, a severity or a day that is none.
    """
    words = request.words
    kinds = tuple(words.all("kind"))
    for kind in kinds:
        if kind not in list(ChangeKind):
            near = nearest(kind, list(ChangeKind))
            raise BadAddressError(f"There is no kind of change “{kind}”{_or(near)}.")
    severity = words.one("severity")
    if severity and severity not in list(Severity):
        raise BadAddressError(f"There is no severity “{severity}”; there are {listed(list(Severity))}.")
    return Filter(
        kinds=kinds,
        severity=severity,
        organisations=_names(words, "organisation"),
        datasets=_names(words, "dataset"),
        bases=_names(words, "basis"),
        references=_names(words, "reference"),
        words=words.one("words").strip(),
        since=words.one("since").strip(),
        until=words.one("until").strip(),
        since_time=words.time("since"),
        until_time=words.time("until", until=True),
        run=words.number("run"),
        group=words.one("group").strip(),
        # Who asks for kinds that are all editorial means them; left out, they would always be none.
        editorial=any(words.one(name) not in ("", "0") for name in ("all", "editorial"))
        or bool(kinds and all(ChangeKind(k).row.editorial for k in kinds)),
    )


NAMES = (
    *("organisation", "dataset", "basis", "reference", "kind", "severity", "words", "since", "until", "run", "group"),
    *("all", "editorial"),
)
"""What may be asked for: the names in an address."""

MOST_NAMES = 20
"""Organisations, datasets or agreements that may be asked for at once."""


def asked_for(request: PageRequest) -> Filter:
    """Return the filter of a feed or a file, where what is not known is refused: left out, something else is answered.

    Raises:
        BadAddressError: A name that is none of `NAMES`, or a kind, a severity or a day that is none.
    """
    for name in request.words.names:
        if name not in NAMES:
            near = nearest(name, NAMES)
            there_are = _or(near) or f"; there are {listed(NAMES)}"
            raise BadAddressError(f"Changes cannot be asked for by “{cut(name, 60)}”{there_are}.")
    return filter_of(request)


def known_condition(reader: Reader, given: Filter) -> Condition:
    """Return what a change listed by itself, or a group, must be like.

    Raises:
        BadAddressError: A name that nobody has.
    """
    try:
        return reader.answers.changes.condition(given.question())
    except NotKnownError as error:
        raise BadAddressError(_said(error)) from error


def _names(words: QueryWords, name: str) -> tuple[str, ...]:
    names = tuple(one.strip() for one in words.all(name) if one.strip())
    if len(names) > MOST_NAMES:
        raise BadAddressError(f"At most {MOST_NAMES} of “{name}” can be asked for at once.")
    return names


def _or(near: Sequence[str]) -> str:
    return f"; the nearest {'is' if len(near) == 1 else 'are'} {listed(near)}" if near else ""


def condition(reader: Reader, given: Filter) -> Condition:
    """Return what a change listed by itself, or a group, must be like; nothing is, if a name is not known."""
    try:
        return known_condition(reader, given)
    except BadAddressError:
        return Condition(sql="0", values={})


def unknown_name(reader: Reader, given: Filter) -> str:
    """Return what is to be said of a name that nobody has; empty if all are known."""
    try:
        known_condition(reader, given)
    except BadAddressError as error:
        return str(error)
    return ""


def pages_called(reader: Reader, name: str) -> tuple[list[str] | None, str]:
    """Return the pages of an organisation that is asked for, None where none is, and what is to be said if unknown."""
    if not name:
        return None, ""
    try:
        return list(reader.answers.names.organisation(name, parts=True).slugs), ""
    except NotKnownError as error:
        return [], _said(error)


def dataset_called(reader: Reader, name: str) -> tuple[list[str], str]:
    """Return every folded name of the dataset that is asked for, and what is to be said if it is unknown."""
    try:
        return sorted(reader.answers.names.dataset(name, parts=True)) if name else [], ""
    except NotKnownError as error:
        return [], _said(error)


def basis_called(reader: Reader, name: str) -> tuple[list[str], str]:
    """Return the legal bases that are asked for, and what is to be said if none is called so."""
    try:
        return reader.answers.names.legal_bases(name) if name else [], ""
    except NotKnownError as error:
        return [], _said(error)


def reference_called(reader: Reader, name: str) -> tuple[list[str], str]:
    """Return every reference of the agreement that is asked for, and what is to be said if none has one like it."""
    try:
        return reader.answers.names.references(name) if name else [], ""
    except NotKnownError as error:
        return [], _said(error)


def _said(error: NotKnownError) -> str:
    """Return an error as a sentence of a page."""
    if isinstance(error, NameNotKnownError):
        return f"{sentence_case(error.said)} “{error.name}”{_or(error.near)}."
    return f"{error}."
