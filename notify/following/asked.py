"""Who of those who follow a page is told which changes: what the page's own feed would hold of them. Pure.

A page that is followed stands for a question about changes, as its feed does: organisations, datasets, legal bases,
agreements, words, kinds, severity. `snapshots/asking/changes.py` asks SQL the same, of all changes there ever were, a
question at a time; here thousands of questions are held against the changes of one run, each looked at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.change import Change
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.names.fold import fold

Key = tuple[str, str]

_COMING_AND_GOING = (ChangeKind.AGREEMENT_ADDED, ChangeKind.AGREEMENT_REMOVED, ChangeKind.AGREEMENT_MOVED)
_BETWEEN_PAGES = (ChangeKind.AGREEMENT_MOVED, ChangeKind.ORGANISATION_RENAMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuestion:
    """What a followed page asks for, its names looked up; None does not narrow, an empty set is what nobody knows."""

    pages: frozenset[str] | None = None
    """Slugs of the organisations, and with them their names."""
    names: frozenset[str] = frozenset()
    datasets: frozenset[str] | None = None
    """Folded."""
    bases: frozenset[str] | None = None
    references: frozenset[str] | None = None
    hits: frozenset[str] | None = None
    """Ids of the changes that hold the words."""
    kinds: frozenset[str] = frozenset()
    severity: str | None = None
    """At least."""

    def narrowing(self) -> Iterator[list[Key]]:
        """Yield for each thing that narrows the keys of what it lets through."""
        if self.pages is not None:
            yield [*(("page", slug) for slug in self.pages), *(("name", name) for name in self.names)]
        for sort, wanted in (
            ("dataset", self.datasets),
            ("basis", self.bases),
            ("reference", self.references),
            ("id", self.hits),
        ):
            if wanted is not None:
                yield [(sort, one) for one in wanted]


class NewsIndex:
    """The changes of a run, by what they are about.

    Args:
        changes: As they are listed; a group holds its members.
        datasets: Reference → every name of a dataset that was printed for it.
        bases: Reference → every legal basis that was cited for it.
    """

    def __init__(
        self, changes: Sequence[Change], datasets: Mapping[str, Iterable[str]], bases: Mapping[str, Iterable[str]]
    ) -> None:
        self._datasets, self._bases = datasets, bases
        self._listed = [change for change in changes if change.substantive]
        self._group_of: dict[str, str] = {}
        self._found: dict[Key, set[str]] = defaultdict(set)
        for change in self._listed:
            for one in (change, *change.members):
                for key in self._keys_of(one):
                    self._found[key].add(one.id)
            self._group_of.update({member.id: change.id for member in change.members})
        self._members = {change.id: change.members for change in self._listed if change.members}

    def _keys_of(self, change: Change) -> Iterator[Key]:
        yield "id", change.id
        yield from [("page", change.page)] if change.page else []
        yield from [("name", fold(change.organisation))] if change.organisation else []
        yield from [("reference", change.reference)] if change.reference else []
        reference = change.reference or ""
        if change.kind in _BETWEEN_PAGES:
            yield from (("page", str(slug)) for side in (change.before, change.after) for slug in _texts(side))
        if change.kind in _COMING_AND_GOING:
            yield from (("dataset", fold(name)) for name in self._datasets.get(reference, ()))
            yield from (("basis", basis) for basis in self._bases.get(reference, ()))
        if change.field == "datasets":
            single = [side for side in (change.before, change.after) if isinstance(side, str)]
            yield from (("dataset", fold(name)) for name in (*change.added, *change.removed, *single))
        if change.kind is ChangeKind.LEGAL_BASIS_CHANGED:
            yield from (("basis", basis) for basis in (*change.added, *change.removed))

    def matching(self, asked: PageQuestion) -> list[Change]:
        """Return the changes, and the groups with a member, that are asked for, in their order."""
        touched = self._touched(asked)
        listed = None if touched is None else {self._group_of.get(id_, id_) for id_ in touched} | touched
        return [
            change
            for change in self._listed
            if (listed is None or change.id in listed)
            and (not asked.kinds or change.kind.value in asked.kinds)
            and (asked.severity is None or change.severity.rank <= Severity(asked.severity).rank)
        ]

    def members(self, asked: PageQuestion, group: str) -> list[Change]:
        """Return those members of a group that are asked for; none where all of it is."""
        touched = self._touched(asked)
        return [] if touched is None else [one for one in self._members.get(group, ()) if one.id in touched]

    def _touched(self, asked: PageQuestion) -> set[str] | None:
        """Return the ids of all that is about what is asked for; None where nothing is named."""
        found: set[str] | None = None
        for keys in asked.narrowing():
            own = set[str]().union(*(self._found.get(key, ()) for key in keys))
            found = own if found is None else found & own
        return found


def _texts(side: Any) -> Iterable[str]:
    if isinstance(side, str):
        return (side,)
    return [one for one in side if isinstance(one, str)] if isinstance(side, list | tuple) else ()
