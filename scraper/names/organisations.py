"""How organisations follow each other.

Which organisations there are is told by the caller, `vocabulary`; here are only the rules. Pure. Names are compared
folded and never by likeness.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple

from scraper.names.fold import fold

Succession = Literal["known", "presumed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One entry of the list of organisations: all spellings of one body, and what became of it."""

    alias: bool
    """Another name of the same body; else `to` took over from it."""
    old: tuple[str, ...]
    to: str
    parent: str = ""
    """The board whose sub-location `to` is."""
    known: bool = True
    """Else presumed."""
    reorganisation: str = ""
    """Of a succession which one it is part of, as class and date: "ccg-2022 2022-07-01"; empty where none is known."""


class _Step(Enum):
    ALIAS = "the same body under another name"
    SUCCESSION = "a body that took over from it"
    TO_PARENT = "the board of this sub-location"
    TO_PART = "a sub-location of this board"


class _Tie(NamedTuple):
    name: str
    step: _Step
    known: bool


class Lineage:
    """Who became whom: a graph of folded names, built once and then only asked."""

    def __init__(self, relations: Iterable[Relation], distinct: Iterable[tuple[str, str]]) -> None:
        self._ahead: dict[str, list[_Tie]] = defaultdict(list)
        self._back: dict[str, list[_Tie]] = defaultdict(list)
        self._by_code: dict[str, set[str]] = defaultdict(set)
        self._by_heir: dict[str, list[Relation]] = defaultdict(list)
        self._distinct = frozenset(frozenset(map(fold, pair)) for pair in distinct)
        for relation in relations:
            self._add(relation)

    def _add(self, relation: Relation) -> None:
        to = fold(relation.to)
        spellings = [fold(name) for name in relation.old]
        # All spellings of an entry are one body, whoever took over from it.
        for spelling in spellings[1:]:
            self._tie_both_ways(spellings[0], spelling, _Step.ALIAS, _Step.ALIAS, known=True)
        if relation.alias:
            self._tie_both_ways(spellings[0], to, _Step.ALIAS, _Step.ALIAS, known=relation.known)
        else:
            self._tie(spellings[0], to, _Step.SUCCESSION, known=relation.known)
        if relation.reorganisation:
            for heir in filter(None, (relation.to, relation.parent)):
                self._by_heir[fold(heir)].append(relation)
        if relation.parent:
            self._tie_both_ways(to, fold(relation.parent), _Step.TO_PARENT, _Step.TO_PART, known=relation.known)
        for name in (*relation.old, relation.to):
            if code := code_of(name):
                self._by_code[code].add(fold(name))

    def _tie_both_ways(self, one: str, other: str, there: _Step, back: _Step, *, known: bool) -> None:
        self._tie(one, other, there, known=known)
        self._tie(other, one, back, known=known)

    def _tie(self, old: str, new: str, step: _Step, *, known: bool) -> None:
        self._ahead[old].append(_Tie(new, step, known))
        self._back[new].append(_Tie(old, step, known))

    def succession(self, old: str, new: str) -> Succession | None:
        """Return whether *new* is *old* under another name, or took over from it."""
        folded_old, folded_new = fold(old), fold(new)
        if folded_old == folded_new:
            return "known"
        codes = code_of(old), code_of(new)
        if all(codes):
            return "known" if codes[0] == codes[1] else None
        distinct = frozenset((folded_old, folded_new)) in self._distinct
        steps = {_Step.SUCCESSION} if distinct else {_Step.SUCCESSION, _Step.ALIAS}
        # What the list says of this very pair counts more than any way around it: Frimley's one place went to one of
        # three boards, and that its own board went to all three does not tell to which.
        if listed := self._listed(folded_old, folded_new, steps):
            return "known" if any(tie.known for tie in listed) else "presumed"
        targets = frozenset[str]() if distinct else self._places(new)
        if targets & self.successors(old):
            return "known"
        return "presumed" if targets & self.successors(old, presumed=True) else None

    def reorganisation(self, old: str, new: str) -> str | None:
        """Return by which reorganisation *new* took over from *old*, None where that is not listed."""
        heirs = {name for place in self._places(new) for name in self._spellings(place)}
        listed = [relation for heir in heirs for relation in self._by_heir.get(heir, ())]
        own = {name for place in self._places(old) for name in self._spellings(place)}
        # Of a body that was merged before it was succeeded, the last step is what brought it to where it is now.
        for names in (own, self.successors(old, presumed=True)):
            found = {relation.reorganisation for relation in listed if not names.isdisjoint(map(fold, relation.old))}
            if found and heirs.isdisjoint(own):
                return max(found, key=lambda one: (one.rpartition(" ")[2], one))
        return None

    def _listed(self, old: str, new: str, steps: Collection[_Step]) -> list[_Tie]:
        """Return the ties between the two bodies, under whatever name they are listed."""
        names = self._spellings(new)
        return [
            tie
            for name in self._spellings(old)
            for tie in self._ahead.get(name, ())
            if tie.name in names and tie.step in steps
        ]

    def _spellings(self, name: str) -> set[str]:
        """Return all known names of the body called *name*, folded."""
        names = {name}
        waiting = [name]
        while waiting:
            for tie in self._ahead.get(waiting.pop(), ()):
                if tie.step is _Step.ALIAS and tie.known and tie.name not in names:
                    names.add(tie.name)
                    waiting.append(tie.name)
        return names

    def successors(self, name: str, *, presumed: bool = False) -> frozenset[str]:
        """Return *name*, its other names, and those of every body that took over from it, folded."""
        # Down from a board to one of its places only at the start: the board that took over from Sussex is not, by
        # way of itself, the place in Surrey that is also its own; nor are two places one body because of their board.
        return _reach(self._ahead, self._places(name), presumed=presumed, once=False)

    def predecessors(self, name: str, *, presumed: bool = False) -> frozenset[str]:
        """Return *name*, its other names, and those of every body it took over from, folded."""
        return _reach(self._back, self._places(name), presumed=presumed, once=True)

    def _places(self, name: str) -> frozenset[str]:
        """Return *name* folded, and if we do not know it the names we know with the same code: it is that place."""
        folded = fold(name)
        if folded in self._ahead or folded in self._back:
            return frozenset({folded})
        return frozenset({folded, *self._by_code.get(code_of(name), ())})


def _reach(ties: Mapping[str, Collection[_Tie]], start: Iterable[str], *, presumed: bool, once: bool) -> frozenset[str]:
    """Return all names reached from *start*.

    Read forwards (*once* false), a step to a part comes only after steps of the same name. Read backwards (*once*
    true) the same rule says: after it only steps of the same name.
    """
    waiting = [(name, True) for name in start]
    seen = set(waiting)
    while waiting:
        name, free = waiting.pop()
        for tie in ties.get(name, ()):
            if not (tie.known or presumed):
                continue
            if once:
                if not free and tie.step is not _Step.ALIAS:
                    continue
                state = (tie.name, free and tie.step is not _Step.TO_PART)
            else:
                if not free and tie.step is _Step.TO_PART:
                    continue
                state = (tie.name, free and tie.step is _Step.ALIAS)
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    return frozenset(name for name, _ in seen)


_CODE = re.compile(r"(?:\s[-‐-―−]\s|\bICB\s*+(?:[-‐-―−]\s*+)?)((?=[A-Z]*\d)[A-Z0-9]{3,5})$")


def code_of(name: str) -> str:
    """Return the code with which *name* ends, or nothing.

    >>> code_of("NHS KENT AND MEDWAY ICB - 91Q"), code_of("NHS Sussex ICB  09d"), code_of("NHS ENGLAND - X26")
    ('91Q', '09D', 'X26')
    >>> code_of("HEALTH INNOVATION NETWORK - SOUTH LONDON")
    ''
    """
    found = _CODE.search(name.strip().upper())
    return found[1] if found else ""


def names_of(relations: Iterable[Relation]) -> Iterator[str]:
    """Yield every name that *relations* mention."""
    for relation in relations:
        yield from (*relation.old, relation.to)
        if relation.parent:
            yield relation.parent
