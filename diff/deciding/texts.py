"""Prose, and lines that are in no field: what is told of them, and what waits for its second sighting.

An agreement and a page alike have a remainder; of both its incidents are told line by line, the rest as one text.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from diff.change import Difference
from diff.details import Details
from diff.kinds import ChangeKind
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary
from scraper.records import FIELDS, lines_of

REMAINDER = "remainder"
_ALL_PROSE = frozenset({REMAINDER})
"""What is missing of a remainder of which incidents alone are left; an incident is missing by its folded line."""


def reworded(field: str, before: str | None, after: str | None, vocabulary: Vocabulary) -> Difference:
    """Return what is told of a text that is another one: how much that matters hangs on the words in it."""
    kind, words = ChangeKind(FIELDS[field].kind), vocabulary.watched(before or "", after or "")
    return Difference(
        kind=kind,
        severity=kind.row.weigh(frozenset(), frozenset(words), vocabulary),
        field=field,
        before=before,
        after=after,
        details=Details(watch_words=words or None),
    )


@dataclass(frozen=True, slots=True)
class RemainderCompared:
    """What is told of a remainder, what is believed of it now, and what of that is missing for the first time."""

    found: tuple[Difference, ...]
    believed: str | None
    missing: frozenset[str] = frozenset()


def compare_remainders(
    before: str | None, after: str | None, doubted: frozenset[str], vocabulary: Vocabulary, *, sure: bool = False
) -> RemainderCompared:
    """Compare the lines in no field that were believed with those that are printed now (rules 16 and 20).

    Incidents are told line by line, the other lines as one text. What only goes waits for its second sighting; what
    goes as something else comes is replaced, and told with it as one change.

    Args:
        before: The lines believed.
        after: The lines printed.
        doubted: What was missing at the sighting before.
        vocabulary: The words of incidents, and those to watch.
        sure: Nothing waits.
    """
    if fold(before or "") == fold(after or ""):
        return RemainderCompared((), after)
    edit = _edit(_LinesOf.of(before, vocabulary), _LinesOf.of(after, vocabulary))
    if edit.came:
        out = edit.lost if edit.is_one_way else ()
        return RemainderCompared((*_noted(edit.came, [*edit.gone, *out]), *_text(edit, vocabulary, taken=out)), after)
    if edit.gone and edit.gained and edit.is_one_way:
        return RemainderCompared(_removed(edit.gone, edit.gained), after)
    bare = {fold(line) for line in edit.gone} | (_ALL_PROSE if edit.lost and not edit.new.prose else set())
    missing = frozenset() if sure else frozenset(bare - doubted)
    told = _removed([line for line in edit.gone if fold(line) not in missing], ())
    text = () if missing & _ALL_PROSE else _text(edit, vocabulary, taken=())
    kept = [line for line in edit.gone if fold(line) in missing]
    kept += edit.old.prose if missing & _ALL_PROSE else ()
    return RemainderCompared((*told, *text), _merged(before, after, kept) if kept else after, missing)


def _merged(before: str | None, after: str | None, kept: Collection[str]) -> str:
    """Return the lines *after* and those *kept*, in the order of *before*: what comes back finds itself there."""
    old, new = lines_of(before), lines_of(after)
    return "\n".join([*(line for line in old if line in kept or line in new), *(one for one in new if one not in old)])


class _LinesOf(NamedTuple):
    """The lines of a remainder."""

    incidents: Mapping[str, str]
    """Folded → as printed."""
    prose: tuple[str, ...]
    """The others."""

    @classmethod
    def of(cls, remainder: str | None, vocabulary: Vocabulary) -> "_LinesOf":
        """Return the lines of *remainder*, sorted."""
        lines = lines_of(remainder)
        incidents = {fold(line): line for line in lines if vocabulary.tells_incident(line)}
        return cls(incidents, tuple(line for line in lines if fold(line) not in incidents))

    @property
    def text(self) -> str | None:
        """The others as one text."""
        return "\n".join(self.prose) or None


class _LinesEdit(NamedTuple):
    """What differs between two remainders, as printed."""

    old: _LinesOf
    new: _LinesOf
    came: Sequence[str]
    """Incidents."""
    gone: Sequence[str]
    lost: Sequence[str] = ()
    """Other lines that went."""
    gained: Sequence[str] = ()

    @property
    def is_one_way(self) -> bool:
        """Whether other lines only went, or only came."""
        return bool(self.lost) != bool(self.gained)


def _edit(old: _LinesOf, new: _LinesOf) -> _LinesEdit:
    came = [line for key, line in new.incidents.items() if key not in old.incidents]
    gone = [line for key, line in old.incidents.items() if key not in new.incidents]
    if fold(old.text or "") == fold(new.text or ""):  # breaks alone may have moved
        return _LinesEdit(old, new, came, gone)
    return _LinesEdit(old, new, came, gone, _only_in(old.prose, new.prose), _only_in(new.prose, old.prose))


def _only_in(lines: Iterable[str], others: Iterable[str]) -> list[str]:
    there = {"", *map(fold, others)}
    return [line for line in lines if fold(line) not in there]


def _text(edit: _LinesEdit, vocabulary: Vocabulary, *, taken: Sequence[str]) -> tuple[Difference, ...]:
    """Return what is told of the lines that are no incidents, unless what differs in them is *taken*."""
    before, after = edit.old.text, edit.new.text
    same = fold(before or "") == fold(after or "")
    return () if taken or same else (reworded(REMAINDER, before, after, vocabulary),)


def _noted(came: Sequence[str], instead_of: Sequence[str]) -> tuple[Difference, ...]:
    sides = [("\n".join(instead_of) or None, came[0]), *((None, line) for line in came[1:])]
    return tuple(_incident(ChangeKind.INCIDENT_NOTED, before, after) for before, after in sides)


def _removed(gone: Sequence[str], instead: Sequence[str]) -> tuple[Difference, ...]:
    sides = [(line, None if number else "\n".join(instead) or None) for number, line in enumerate(gone)]
    return tuple(_incident(ChangeKind.INCIDENT_REMOVED, before, after) for before, after in sides)


def _incident(kind: ChangeKind, before: str | None, after: str | None) -> Difference:
    return Difference(kind=kind, severity=kind.row.usual, field=REMAINDER, before=before, after=after)
