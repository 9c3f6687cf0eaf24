"""Which changes are asked for? What a reader filters by, as words of an address.

The question itself is that of the command line, `snapshots/asking/changes.py`; a name is taken as it is or, where
nobody is called that, as a part of names, because it is typed into a field and not into a script.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from diff.kinds import ChangeKind
from diff.names import nearest
from diff.saying.english import listed
from diff.severity import Severity
from snapshots.asking.changes import ChangeFilter, Condition
from snapshots.asking.names import NameNotKnownError, NotKnownError
from snapshots.browse.app.request import BadAddressError, PageRequest, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What narrows the changes; what is left empty does not."""

    kinds: tuple[str, ...] = ()
    severity: str = ""
    """At least."""
    organisation: str = ""
    dataset: str = ""
    words: str = ""
    since: str = ""
    until: str = ""
    """These two as they were typed."""
    since_time: str | None = None
    until_time: str | None = None
    editorial: bool = False

    def question(self) -> ChangeFilter:
        """Return the filter as what terminal, mail and feed ask; a name typed into a field may be a part of names."""
        return ChangeFilter(
            since=self.since_time,
            until=self.until_time,
            kinds=self.kinds,
            severity=self.severity,
            organisations=(self.organisation,) if self.organisation else (),
            datasets=(self.dataset,) if self.dataset else (),
            words=self.words,
            parts=True,
            editorial=self.editorial,
        )

    def query(self, **other: Any) -> list[tuple[str, str]]:
        """Return the filter as it stands in an address, with *other* values for some of its fields."""
        given = replace(self, **other)
        return [
            ("organisation", given.organisation),
            ("dataset", given.dataset),
            *(("kind", kind) for kind in given.kinds),
            ("severity", given.severity),
            ("words", given.words),
            ("since", given.since),
            ("until", given.until),
            ("all", "1" if given.editorial else ""),
        ]

    @property
    def narrows(self) -> bool:
        """Whether anything is left out but editorial changes."""
        return any(value for name, value in self.query() if name != "all")

    def in_words(self) -> str:
        """Return what is asked for, for a sentence that begins "Changes …"."""
        parts = [f"concerning “{name}”" for name in (self.organisation, self.dataset) if name]
        parts += [f"of the kind {listed([ChangeKind(kind).row.heading for kind in self.kinds])}"] if self.kinds else []
        parts += (
            [f"of {self.severity} severity{'' if self.severity == 'high' else ' or above'}"] if self.severity else []
        )
        parts += [f"with the words “{self.words}”"] if self.words else []
        parts += [f"first seen from {self.since}"] if self.since else []
        parts += [f"{'' if self.since else 'first seen '}to {self.until}"] if self.until else []
        return ", ".join(parts)


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
        organisation=words.one("organisation").strip(),
        dataset=words.one("dataset").strip(),
        words=words.one("words").strip(),
        since=words.one("since").strip(),
        until=words.one("until").strip(),
        since_time=words.time("since"),
        until_time=words.time("until", until=True),
        # Who asks for kinds that are all editorial means them; left out, they would always be none.
        editorial=words.one("all") not in ("", "0") or bool(kinds and all(ChangeKind(k).row.editorial for k in kinds)),
    )


def _or(near: Sequence[str]) -> str:
    return f"; the nearest {'is' if len(near) == 1 else 'are'} {listed(near)}" if near else ""


def condition(reader: Reader, given: Filter) -> Condition:
    """Return what a change listed by itself, or a group, must be like; nothing is, if a name is not known."""
    try:
        return reader.answers.changes.condition(given.question())
    except NotKnownError:
        return Condition(sql="0", values={})


def unknown_name(reader: Reader, given: Filter) -> str:
    """Return what is to be said of a name that nobody has; empty if all are known."""
    try:
        reader.answers.changes.condition(given.question())
    except NotKnownError as error:
        return _said(error)
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


def _said(error: NotKnownError) -> str:
    """Return an error as a sentence of a page."""
    if isinstance(error, NameNotKnownError):
        return f"{error.said[:1].upper()}{error.said[1:]} “{error.name}”{_or(error.near)}."
    return f"{error}."
