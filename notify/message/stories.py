"""What is told as one line, the most severe first; and for how much of it there is room in a message."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from diff.change import Change
from diff.details import several, single
from diff.kinds import ChangeKind
from diff.saying.phrase import Told
from scraper.names.fold import fold
from scraper.official.references import read_reference

# Changes that a digest tells in full, if they fit.
MOST_CHANGES = 300


@dataclass(frozen=True, slots=True)
class Room:
    """How much a digest tells: mail programs cut what is long, so that nobody would see what was left out.

    Changes stand in full by severity, then in one line each, then counted by organisation.
    """

    changes: int = MOST_CHANGES

    @property
    def brief(self) -> int:
        """Changes that have one line."""
        return 2 * self.changes

    @property
    def counted(self) -> int:
        """Organisations at which changes are only counted."""
        return min(50, self.changes)

    @property
    def others(self) -> int:
        """Corrections; printed ends."""
        return min(100, self.changes)


Story = Sequence[Told]
"""What is told as one line, its lead first."""


def stories_of(told: Iterable[Told]) -> list[Story]:
    """Return what is told, the most severe first."""
    return sorted(_stories(told), key=lambda story: severest(story[0].change))


def severest(change: Change) -> tuple[Any, ...]:
    """Return what the most severe change is sorted first by."""
    # Down to the id, so that the same news reads the same in whatever order it is handed over.
    return (change.severity.rank, fold(change.organisation or ""), change.reference or "", change.id)


def _stories(told: Iterable[Told]) -> Iterator[list[Told]]:
    """Yield what belongs together, its lead first: a change, or one succession seen on several agreements.

    A page that was renamed leads the agreements that moved with it, the most severe leads its like.
    """
    by_key: dict[Hashable, list[Told]] = defaultdict(list)
    for one in _said_once(list(told)):
        by_key[_story_key(one.change)].append(one)
    for story in by_key.values():
        yield sorted(
            story, key=lambda one: (one.change.kind is not ChangeKind.ORGANISATION_RENAMED, one.change.severity.rank)
        )


def _said_once(told: Sequence[Told]) -> Iterator[Told]:
    """Yield what is told; where both registers say the same, the change of the pages, naming the other's version."""
    official = {_same_in_both(one.change): one for one in told if one.change.details.source and one.change.reference}
    both = {key for one in told if not one.change.details.source and (key := _same_in_both(one.change)) in official}
    for one in told:
        key = _same_in_both(one.change) if both else None
        if key not in both:
            yield one
        elif not one.change.details.source:
            named = one.change.details.official or official[key].change.reference
            yield replace(one, change=replace(one.change, details=replace(one.change.details, official=named)))


def _same_in_both(change: Change) -> Hashable:
    """Return what a change comes to, of an agreement or of a version of it."""
    found = read_reference(change.reference or "")
    came, went = (frozenset(map(fold, names)) for names in (change.added, change.removed))
    after = None if came or went else fold(single(change.after))
    return (change.kind, change.field, found.stem if found else None, after, came, went)


def _story_key(change: Change) -> Hashable:
    kind, before, after = change.kind, several(change.before), several(change.after)
    if not change.group and kind is ChangeKind.AGREEMENT_MOVED and len(before) == len(after) == 1:
        return ("succession", before[0], after[0])
    # Of a page that another one took over name and slug are told; the slugs tie it to the agreements that moved.
    if kind is ChangeKind.ORGANISATION_RENAMED and before:
        return ("succession", before[-1], after[-1])
    if not change.group and kind is ChangeKind.CONTROLLER_SUCCEEDED:
        names = fold(single(change.before)), fold(single(change.after))
        return (kind, *names, bool(change.removed), bool(change.added))
    return change.id
