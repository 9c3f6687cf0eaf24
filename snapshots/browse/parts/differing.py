"""What differs between two states of an agreement, in the terms in which changes are told; and what went and came back.

Only what both states print is compared. A dataset under a newer name, a known successor and a limb of section 261 that
says nothing beside another are no difference. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from diff.change import Change
from diff.deciding.when import when_of
from diff.kinds import ChangeKind
from diff.saying.english import plural
from diff.saying.redline import Mark, redline
from diff.saying.sentence import NAMES
from scraper.fields import Comparing, Sort
from scraper.names.fold import fold
from scraper.names.legal_families import compared_ids
from scraper.names.vocabulary import Vocabulary
from scraper.reading.values import is_type_of_data
from scraper.records import FIELDS, PROSE, Agreement, fields_of_sort
from scraper.text import cut, one_line
from scraper.times import same_date
from snapshots.browse.parts.law import heading

LONGEST = 300
_DATES = fields_of_sort(Sort.DATE)
_SINGLE = tuple(name for name in fields_of_sort(Sort.TEXT, Sort.MONTH) if name not in PROSE)

Value = tuple[Mark, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDifference:
    """A field that differs between the two dates."""

    field: str
    before: tuple[Value, ...]
    after: tuple[Value, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    is_prose: bool = False

    @property
    def name(self) -> str:
        """What the field is called."""
        return {"page": "Page", "agreement": "Agreement"}.get(self.field) or NAMES[self.field]


def of_whole(before: Agreement | None, after: Agreement | None) -> FieldDifference:
    """Return the difference of an agreement that stands on one of the dates alone, or on neither."""
    return FieldDifference(field="agreement", before=_whole(before, "out"), after=_whole(after, "in"))


def differences_of(before: Agreement, after: Agreement, vocabulary: Vocabulary) -> Iterator[FieldDifference]:
    """Yield the fields that differ between two states."""
    for field, one in FIELDS.items():
        if one.comparing is not Comparing.NEVER and field not in before.unprinted | after.unprinted:
            yield from _of_field(field, before, after, vocabulary)


def _whole(agreement: Agreement | None, mark: Mark) -> tuple[Value, ...]:
    if agreement is None:
        return ()
    return ((mark, f"on the pages, with {plural(len(agreement.datasets or ()), 'dataset')}"),)


def _of_field(field: str, before: Agreement, after: Agreement, vocabulary: Vocabulary) -> Iterator[FieldDifference]:
    old, new = getattr(before, field), getattr(after, field)
    if field == "when_note":  # a word that stands for a date is no remark
        old, new = when_of(before).remark, when_of(after).remark
    if old == new:
        return
    if field in PROSE:
        if fold(old or "") != fold(new or ""):
            changed = redline(old or "", new or "")
            words = f"{plural(changed.words('out'), 'word')} out, {changed.words('in'):,} in"
            yield FieldDifference(field=field, before=(), after=(("same", words),), is_prose=True)
    elif field in (*_DATES, *_SINGLE):
        # A day and its month are one date, as precise as the layout printed it.
        same = same_date(old, new) if field in _DATES else fold(old or "") == fold(new or "")
        if not same:
            yield _of_single(field, old, new)
    else:
        was, is_now = _values(field, before, vocabulary), _values(field, after, vocabulary)
        if was.keys() != is_now.keys():
            one = of_set(field, *_without_successors(field, was, is_now, vocabulary))
            if one.added or one.removed:
                yield one


def _of_single(field: str, old: str | None, new: str | None) -> FieldDifference:
    return FieldDifference(
        field=field,
        before=(("out", _safe(old)),) if old else (),
        after=(("in", _safe(new)),) if new else (),
        added=(new,) if new else (),
        removed=(old,) if old else (),
    )


def of_set(field: str, old: Mapping[str, str], new: Mapping[str, str]) -> FieldDifference:
    """Return the difference of a set: what it is compared by → as it is shown, on both dates."""
    return FieldDifference(
        field=field,
        before=tuple(("same" if key in new else "out", _safe(text)) for key, text in old.items()),
        after=tuple(("same" if key in old else "in", _safe(text)) for key, text in new.items()),
        added=tuple(text for key, text in new.items() if key not in old),
        removed=tuple(text for key, text in old.items() if key not in new),
    )


def _values(field: str, agreement: Agreement, vocabulary: Vocabulary) -> dict[str, str]:
    """Return what a set holds: what it is compared by → as it is shown."""
    if field == "legal_bases":
        bases = agreement.legal_bases or ()
        compared = compared_ids(basis.id for basis in bases)
        return {b.id.removesuffix("?"): heading(b.id, b.printed) for b in bases if b.id.removesuffix("?") in compared}
    values = getattr(agreement, field) or ()
    if field == "datasets":
        return {fold(vocabulary.dataset_canonical(name)): name for name in values}
    if field == "opt_outs":
        values = [value for value in values if not is_type_of_data(value)]  # some layouts print these there
    return {fold(value): value for value in values}


def _without_successors(
    field: str, old: Mapping[str, str], new: Mapping[str, str], vocabulary: Vocabulary
) -> tuple[dict[str, str], dict[str, str]]:
    """Return both sides without controllers that are known to be one body under two names."""
    if field != "controllers":
        return dict(old), dict(new)
    gone, come = old.keys() - new.keys(), new.keys() - old.keys()
    kin = [(a, b) for a in gone for b in come if vocabulary.succession(old[a], new[b]) == "known"]
    replaced, instead = {a for a, _ in kin}, {b for _, b in kin}
    return (
        {key: text for key, text in old.items() if key not in replaced},
        {key: text for key, text in new.items() if key not in instead},
    )


def _safe(text: str) -> str:
    return cut(one_line(text), LONGEST)


# --- what went and came back ------------------------------------------------------------------------------------------


def came_back(
    changes: Sequence[Change],
    differences: Sequence[FieldDifference],
    before: Agreement | None,
    after: Agreement | None,
    vocabulary: Vocabulary,
) -> Iterator[str]:
    """Yield what changed in between and is as it was, as sentences.

    Args:
        changes: The changes first seen in between.
        differences: What differs between the two states.
        before: The agreement on the first date, if it stood there.
        after: The agreement on the second.
        vocabulary: Known names.
    """
    told = [change for change in changes if change.substantive]
    kinds = {change.kind for change in told}
    if {ChangeKind.AGREEMENT_REMOVED, ChangeKind.AGREEMENT_ADDED} <= kinds:
        if before and after:
            yield "It was no longer on the register’s pages in between, and is listed again."
        elif not before and not after:
            yield "It came onto the register’s pages in between, and is no longer on them."
    differing = {one.field for one in differences}
    for field in dict.fromkeys(change.field for change in told if change.field):
        own = [change for change in told if change.field == field]
        if before is None or after is None or field not in FIELDS:
            continue
        if field in (*_DATES, *_SINGLE, *PROSE):
            # Once changed, a single value is another one; it takes a second change to be as it was.
            if field not in differing and len(own) > 1:
                yield f"{NAMES[field]}: changed in between, and is as it was."
        else:
            yield from _values_back(field, own, before, after, vocabulary)


def _values_back(
    field: str, own: Sequence[Change], before: Agreement, after: Agreement, vocabulary: Vocabulary
) -> Iterator[str]:
    def key(value: str) -> str:
        if field == "legal_bases":
            return value.removesuffix("?")
        return fold(vocabulary.dataset_canonical(value) if field == "datasets" else value)

    was, is_now = (_values(field, agreement, vocabulary).keys() for agreement in (before, after))
    came = {key(value): value for change in own for value in change.added}
    went = {key(value): value for change in own for value in change.removed}
    for one in sorted(came.keys() & went.keys()):
        shown = heading(came[one]) if field == "legal_bases" else came[one]
        if one in was and one in is_now:
            yield f"{NAMES[field]}: “{_safe(shown)}” went in between and came back."
        elif one not in was and one not in is_now:
            yield f"{NAMES[field]}: “{_safe(shown)}” came in between and went again."
