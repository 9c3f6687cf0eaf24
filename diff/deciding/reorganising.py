"""Renames and moves that belong together: of a page and its agreements, of many bodies (design rule 20).

A page that another one took over from is one change, and the agreements that went with it are its members. Where enough
pages or agreements went from bodies to those that one listed reorganisation put in their place, they are one change.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from diff.change import Change, group_id
from diff.deciding.grouping import Found
from diff.details import Details, several
from diff.kinds import ChangeKind
from diff.saying.sentence import summarise
from scraper.names.vocabulary import Vocabulary

RENAMED, MOVED = ChangeKind.ORGANISATION_RENAMED, ChangeKind.AGREEMENT_MOVED

Went = tuple[str, str]
"""Slugs of the page that was left and of the one that has what stood there."""


@dataclass(frozen=True, slots=True)
class GatheredMoves:
    """What was found, once renames and moves are gathered."""

    left: list[Found]
    changes: list[Change]
    """Reorganisations, and pages that went with their agreements: each holds its members."""
    keys: dict[str, str]
    """Key → id of the reorganisations."""


def gather(
    found: Sequence[Found], vocabulary: Vocabulary, size_of: Callable[[str], int], group_from: int
) -> GatheredMoves:
    """Return *found* with what belongs together as one change.

    Args:
        found: The changes of a run.
        vocabulary: Knows who took over from whom, and when.
        size_of: Says how many agreements stand on a page.
        group_from: Pages or agreements from which on a reorganisation is one change.
    """
    by_reorganisation: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        if name := reorganisation_of(one.change, vocabulary):
            by_reorganisation[name].append(one)
    changes: list[Change] = []
    keys: dict[str, str] = {}
    taken: set[int] = set()
    for name, its in by_reorganisation.items():
        if _is_large(its, group_from):
            change = _reorganisation(name, [counted(one.change, size_of) for one in its])
            changes.append(change)
            keys[key_of(name)] = change.id
            taken |= set(map(id, its))
    left = [one for one in found if id(one) not in taken]
    return _with_their_pages(left, changes, keys)


def reorganisation_of(change: Change, vocabulary: Vocabulary) -> str | None:
    """Return by which reorganisation the bodies of a rename or a move follow each other, None where by none."""
    names = change.details.page_names or {}
    if change.kind is RENAMED:
        old, new = (side[0] if isinstance(side, tuple) else str(side) for side in (change.before, change.after))
    elif change.kind is MOVED and (went := _went(change)):
        old, new = (names.get(slug, slug) for slug in went)
    else:
        return None
    return vocabulary.reorganisation(old, new)


def key_of(reorganisation: str) -> str:
    """Return the key by which a page that could not be read joins it late, of the form of `Found.key`."""
    return json.dumps([ChangeKind.REORGANISATION.value, reorganisation, [reorganisation], []], ensure_ascii=False)


def counted(change: Change, size_of: Callable[[str], int]) -> Change:
    """Return a member of a reorganisation; a page under another heading with how many agreements stand on it."""
    if change.kind is not RENAMED or _went(change):
        return change  # agreements that went to another page are counted themselves
    return replace(change, details=replace(change.details, agreements=size_of(change.page or "")))


def join_reorganisations(
    found: Iterable[Found],
    late: Mapping[str, Sequence[tuple[str, str]]],
    vocabulary: Vocabulary,
    size_of: Callable[[str], int],
) -> tuple[list[Found], list[Change]]:
    """Split off renames and moves that belong to a reorganisation of a run in which their page could not be read.

    *late* has by slug the (id, key) of what its page was too late for. Returned are the changes left, and the members
    that join: untold, because the reorganisation was told.
    """
    left: list[Found] = []
    joined: list[Change] = []
    for one in found:
        change, went = one.change, _went(one.change)
        slugs = (one.slug, went[0]) if went else (one.slug,)
        keys = {key: identity for slug in slugs for identity, key in late.get(slug, ())}
        name = reorganisation_of(change, vocabulary) if keys else None
        if name and key_of(name) in keys:
            joined.append(replace(counted(change, size_of), member_of=keys[key_of(name)]))
        else:
            left.append(one)
    return left, joined


def _went(change: Change) -> Went | None:
    """Return which page was left for which other one; None where that is not one of each."""
    before, after = several(change.before), several(change.after)
    if change.kind is RENAMED:
        return (before[-1], after[-1]) if before and after else None
    out, into = set(before) - set(after), set(after) - set(before)
    return (min(out), min(into)) if len(out) == len(into) == 1 else None


def _is_large(its: Iterable[Found], group_from: int) -> bool:
    changes = [one.change for one in its]
    renamed = [change for change in changes if change.kind is RENAMED]
    with_page = {went for change in renamed if (went := _went(change))}
    moved = [change for change in changes if change.kind is MOVED]
    alone = [change for change in moved if _went(change) not in with_page]
    return max(len(renamed) + len(alone), len(moved)) >= group_from


def _reorganisation(name: str, members: Sequence[Change]) -> Change:
    example = members[0]
    identity = group_id(ChangeKind.REORGANISATION, name, (), (), None, None, example.first_seen[:10], page=example.page)
    pages = sum(member.kind is RENAMED for member in members)
    agreements = sum(member.details.agreements or 0 for member in members)
    agreements += len({member.reference for member in members if member.reference})
    change = replace(
        example,
        id=identity,
        kind=ChangeKind.REORGANISATION,
        severity=ChangeKind.REORGANISATION.row.usual,
        field=name,
        organisation=None,
        page=None,
        reference=None,
        title=None,
        before=None,
        after=None,
        snapshot_before=None,
        snapshot_after=None,
        details=replace(
            Details(pages=pages, agreements=agreements), source=example.details.source, edition=example.details.edition
        ),
        group=identity,
        agreements=agreements,
        members=tuple(replace(member, member_of=identity) for member in members),
        fact=identity,
    )
    return replace(change, summary=summarise(change))


def _with_their_pages(found: Iterable[Found], changes: list[Change], keys: dict[str, str]) -> GatheredMoves:
    """Gather the agreements that went with a page which another one took over from."""
    moved: dict[Went | None, list[Found]] = defaultdict(list)
    for one in found:
        if one.change.kind is MOVED:
            moved[_went(one.change)].append(one)
    left: list[Found] = []
    with_page: set[int] = set()
    for one in found:
        went = _went(one.change) if one.change.kind is RENAMED else None
        if went is None or not (its := moved.get(went)):
            left.append(one)
            continue
        with_page |= set(map(id, its))
        changes.append(with_members(one.change, [member.change for member in its]))
    return GatheredMoves([one for one in left if id(one) not in with_page], changes, keys)


def with_members(change: Change, members: Sequence[Change]) -> Change:
    """Return a renamed page as the one change that its agreements' moves belong to."""
    return replace(
        change,
        group=change.id,
        agreements=len({member.reference for member in members}),
        members=tuple(replace(member, member_of=change.id) for member in members),
    )
