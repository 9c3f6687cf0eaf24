"""One register-wide edit is one change (design rules 7 and 8)."""

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from diff.change import Change, fact_id, group_id
from diff.deciding.belief import Past
from diff.details import Details, single
from diff.kinds import INCIDENTS, ChangeKind
from diff.saying.sentence import summarise
from diff.severity import Severity
from scraper.fields import Sort
from scraper.names.fold import fold, fold_set
from scraper.records import PROSE, fields_of_sort

Edit = tuple[tuple[str, ...], tuple[str, ...]]
"""What was put in and what was taken out, folded and sorted."""

DATES = frozenset(fields_of_sort(Sort.DATE))

SINGLE_VALUES = frozenset(fields_of_sort(Sort.TEXT, Sort.DATE, Sort.MONTH)).difference(PROSE)
"""Fields of which a group has `before` and `after`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A change found on one page, on its way to being told by itself or in a group."""

    change: Change
    edit: Edit
    slug: str
    had: Mapping[str, str]
    """Datasets believed of the agreement before: folded → as printed."""
    went: frozenset[str] = frozenset()
    """Datasets, folded, that were there before and are not printed now."""

    @property
    def key(self) -> str:
        """Return the edit as text: equal for changes that belong into one group."""
        change = self.change
        single = change.field in SINGLE_VALUES
        values = [fold(str(v)) if v else "" for v in (change.before, change.after)] if single else []
        return json.dumps([change.kind.value, change.field, *self.edit, *values], ensure_ascii=False)


def merge_equal(found: Sequence[Found]) -> list[Found]:
    """Return *found* with changes that say the same as one: `page` the first slug, the others named beside it."""
    by_fact: dict[Hashable, list[Found]] = defaultdict(list)
    alike = Counter(_about(one.change) for one in found)
    for one in found:
        about = _about(one.change)
        # Most agreements stand on one page; the key of what can have no equal is not worth its folding.
        by_fact[_same_fact(one.change) if alike[about] > 1 else about].append(one)
    return [_merged(sorted(same, key=lambda one: one.slug)) for same in by_fact.values()]


def _about(change: Change) -> tuple[str, str | None, str | None]:
    """Return what changes that say the same have in common at least."""
    return change.kind.value, change.field, change.reference


def _same_fact(change: Change) -> str:
    """Return a key for what a change of an agreement comes to: its pages may have printed it in two spellings before.

    One page may print a date to the day and the other to the month, or one of them an old value that the other had
    lost already: where it ends is the same.
    """
    if change.reference is None:
        return change.fact
    after = single(change.after)[:7] if change.field in DATES and change.after else change.after
    if change.added or change.removed:
        after = None
    # Of several incidents that go, only what went tells one from another.
    before = change.before if change.kind is ChangeKind.INCIDENT_REMOVED else None
    return fact_id(replace(change, before=before, after=after), 0)


def _merged(same: list[Found]) -> Found:
    first, *others = same
    if not others:
        return first
    names = [one.change.organisation or "" for one in others]
    also_on = tuple(dict.fromkeys(name for name in names if name != first.change.organisation))
    severity = _highest(same)
    details = replace(first.change.details, also_on=also_on or None, watch_words=_watch_words(same))
    return replace(first, change=_worded(replace(first.change, details=details, severity=severity)))


def _highest(same: Iterable[Found]) -> Severity:
    return min((one.change.severity for one in same), key=lambda severity: severity.rank)


def _watch_words(same: Iterable[Found]) -> tuple[str, ...] | None:
    return tuple(sorted({word for one in same for word in one.change.details.watch_words or ()})) or None


def _worded(change: Change) -> Change:
    return replace(change, summary=summarise(change))


# --- proposed relabellings --------------------------------------------------------------------------------------------


def propose_relabellings(found: list[Found], past: Past, sighted: frozenset[str], group_from: int) -> list[Found]:
    """Return *found* with new names that look like relabellings proposed as such.

    A name that no earlier run had appears on many agreements; exactly one old name stands on all of these; and nearly
    all agreements read that carry it gained the new one. A mass grant of new data fails one of the three, and is told
    as what it is.
    """
    by_name: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        if one.change.kind is ChangeKind.DATASET_ADDED:
            by_name[fold(one.change.added[0])].append(one)
    proposed: dict[str, str] = {}
    for name, gaining in by_name.items():
        references = {one.change.reference for one in gaining}
        if len(references) >= group_from and not past.had_dataset(name):
            shared = frozenset.intersection(*(frozenset(one.had) for one in gaining))
            if len(shared) == 1 and _nearly_all(past.carriers(*shared), sighted, gaining):
                proposed[name] = next(iter(shared))
    relabelled: dict[int, Found] = {
        id(one): as_relabelling(one, old) for name, old in proposed.items() for one in by_name[name]
    }
    # An old name that was missing before is told with the new one, not as removed beside it.
    told = {(one.change.reference, one.edit[1][0]) for one in relabelled.values()}
    return [
        relabelled.get(id(one), one)
        for one in found
        if one.change.kind is not ChangeKind.DATASET_REMOVED or (one.change.reference, one.edit[1][0]) not in told
    ]


NEARLY_ALL = 0.95


def _nearly_all(carriers: Iterable[tuple[str, str]], sighted: frozenset[str], gaining: list[Found]) -> bool:
    read = {reference for slug, reference in carriers if slug in sighted}
    gained = {one.change.reference for one in gaining}
    return len(gained & read) >= NEARLY_ALL * len(read)


def as_relabelling(one: Found, old: str) -> Found:
    """Return a dataset-added as the proposed relabelling of the dataset whose folded name is *old*."""
    before, after = one.had[old], one.change.added[0]
    removed = (before,) if old in one.went else ()
    change = replace(
        one.change,
        kind=ChangeKind.DATASET_RELABELLED,
        severity=Severity.LOW,
        before=before,
        after=after,
        removed=removed,
    )
    fact = fact_id(change, 0)
    change = replace(change, id=fact, fact=fact)
    # Whether the old name went is no part of the edit: it may go from some agreements now and from others later.
    return replace(one, change=_worded(change), edit=((fold(after),), (old,)))


# --- groups -----------------------------------------------------------------------------------------------------------


def group_changes(found: Sequence[Found], group_from: int) -> tuple[list[Change], dict[str, str]]:
    """Return the changes to list, those with the same edit as one, and key → id of each group made."""
    by_key: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        by_key[one.key].append(one)
    changes: list[Change] = []
    groups: dict[str, str] = {}
    for key, same in by_key.items():
        references = {one.change.reference for one in same if one.change.reference}
        if len(references) >= group_from and same[0].change.kind.row.groups(same[0].change.field):
            group = _group(same, len(references))
            groups[key] = group.id
            changes.append(group)
        else:
            changes += [one.change for one in same]
    return changes, groups


def _group(same: list[Found], agreements: int) -> Change:
    example = same[0].change
    added, removed = _values_of_group(same)
    single = example.field in SINGLE_VALUES
    before, after = (example.before, example.after) if single else (None, None)
    date = example.first_seen[:10]
    identity = group_id(example.kind, example.field, added, removed, before, after, date, page=example.page)
    organisations = {one.change.organisation for one in same}
    one_organisation = len(organisations) == 1
    severity = _highest(same)
    members = tuple(replace(one.change, member_of=identity) for one in same)
    if example.field in PROSE:  # the same words, and one of them a part of a word to watch by what stands beside it
        members = tuple(replace(member, severity=severity) for member in members)
    group = replace(
        example,
        id=identity,
        severity=severity,
        organisation=example.organisation if one_organisation else None,
        page=example.page if one_organisation else None,
        reference=None,
        title=None,
        before=before,
        after=after,
        added=added,
        removed=removed,
        snapshot_before=None,
        snapshot_after=None,
        group=identity,
        agreements=agreements,
        members=members,
        details=replace(_details_of_group(example, len(organisations)), watch_words=_watch_words(same)),
        families=example.families if len({one.change.families for one in same}) == 1 else None,
    )
    return _worded(group)


def _details_of_group(example: Change, organisations: int) -> Details:
    """Return the example's details, as far as they are those of all members, and what the group's own fields lack."""
    details = replace(example.details, also_on=None, organisations=organisations)
    if example.kind in (ChangeKind.DATASET_RELABELLED, ChangeKind.CONTROLLER_SUCCEEDED):
        return replace(details, name_before=single(example.before), name_after=single(example.after))
    return details


def _values_of_group(same: list[Found]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what every member gained and lost: as printed for sets and remarks, the folded words for prose."""
    example = same[0].change
    if example.kind in INCIDENTS:
        went, came = (tuple(filter(None, [single(side)])) for side in (example.before, example.after))
        return came, went
    if example.kind is ChangeKind.TEXT_CHANGED:
        return same[0].edit
    added = frozenset.intersection(*(fold_set(one.change.added) for one in same))
    removed = frozenset.intersection(*(fold_set(one.change.removed) for one in same))
    return tuple(v for v in example.added if fold(v) in added), tuple(v for v in example.removed if fold(v) in removed)


def still_owed(groups: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return those of (id, key) whose edit only took something away: a late page shows it once before it tells it."""
    edits = ((identity, key, json.loads(key)[2:]) for identity, key in groups)
    return tuple((identity, key) for identity, key, (added, _, *pair) in edits if not added and not any(pair[1:]))


def join_late(found: list[Found], late: Mapping[str, Sequence[tuple[str, str]]]) -> tuple[list[Found], list[Change]]:
    """Split off the changes that belong to a group of a run in which their page could not be read.

    Args:
        found: The changes of this run.
        late: By slug, (id, key) of the groups that its page was too late for.

    Returns:
        The changes left, and the members that join: untold, because their group was told.
    """
    left, joined = [], []
    for one in found:
        keys = {key: identity for identity, key in late.get(one.slug, ())}
        candidates = [one]
        if one.change.kind is ChangeKind.DATASET_ADDED:
            candidates += [as_relabelling(one, old) for old in one.had]
        member = next((c for c in candidates if c.key in keys), None)
        if member is None:
            left.append(one)
        else:
            joined.append(replace(member.change, member_of=keys[member.key]))
    return left, joined
