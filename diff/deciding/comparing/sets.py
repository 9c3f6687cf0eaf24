"""Sets: told as a whole, as legal bases are, or by what comes; and words that one layout has among others."""

from collections.abc import Collection, Iterable
from typing import Any

from diff.deciding.comparing.comparison import Comparison
from diff.deciding.comparing.forms import by_fold, compared_of, compared_values, type_words_of
from diff.details import Details, Families
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.names.fold import as_set, fold
from scraper.names.legal_families import compared_ids, families_of
from scraper.records import FIELDS, Agreement, LegalBasis


def compare_set(at_work: Comparison, field: str) -> None:
    """Compare a set that is told as a whole: what came replaces what went; what only went waits."""
    old, new = (by_fold(compared_values(agreement, field)) for agreement in (at_work.place.believed, at_work.printed))
    come, gone = new.keys() - old.keys(), frozenset(old.keys() - new.keys())
    told = at_work.confirmed(gone, replaced=bool(come))
    kept = {k: v for k, v in old.items() if k in gone - told}
    if kept:
        at_work.values[field] = as_set((*(getattr(at_work.printed, field) or ()), *kept.values()))
    if not come and not told:
        return
    kind, after = ChangeKind(FIELDS[field].kind), new | kept
    at_work.tell(
        kind,
        field,
        weighed=(old.values(), after.values()),
        before=_as_printed(at_work.place.believed, field, old.values()),
        after=_as_printed(at_work.printed, field, after.values()),
        added=as_set(new[k] for k in come),
        removed=as_set(old[k] for k in told),
    )


def _as_printed(agreement: Agreement, field: str, values: Iterable[str]) -> tuple[str, ...] | None:
    """Return a set as a change names it: None where there is nothing and the label is not printed either."""
    return as_set(values) or (None if getattr(agreement, field) is None else ())


def compare_legal_bases(at_work: Comparison, field: str) -> None:
    """Compare legal bases by their ids; one that only went waits."""
    believed, printed = at_work.place.believed.legal_bases or (), at_work.printed.legal_bases or ()
    # What is left out of comparisons beside a more precise pin is still printed: it neither comes nor goes with it.
    come = compared_of(at_work.printed) - _plain_ids(believed)
    gone = compared_of(at_work.place.believed) - _plain_ids(printed)
    told = at_work.confirmed(gone, replaced=bool(come))
    kept = tuple(basis for basis in believed if basis.id.removesuffix("?") in gone - told)
    all_now = tuple(sorted({b.id: b for b in (*kept, *printed)}.values(), key=lambda b: b.id))
    if kept:
        at_work.values[field] = all_now
    if not come and not told:
        return
    before_ids, after_ids = _telling_ids(believed), _telling_ids(all_now)
    was, now = families_of(before_ids) - {"not-recorded"}, families_of(after_ids) - {"not-recorded"}
    at_work.tell(
        ChangeKind.LEGAL_BASIS_CHANGED,
        field,
        weighed=(compared_ids(before_ids), compared_ids(after_ids)),
        before=before_ids,
        after=after_ids,
        added=tuple(basis for basis in after_ids if basis.removesuffix("?") in come),
        removed=tuple(basis for basis in before_ids if basis.removesuffix("?") in told),
        families=Families(tuple(sorted(now - was)), tuple(sorted(was - now))),
        details=_printed_texts((*believed, *printed), {*before_ids, *after_ids}),
    )


def _printed_texts(bases: Iterable[LegalBasis], told: Collection[str]) -> Details:
    """Return the printed texts of the bases that are *told* and not understood: their ids say nothing."""
    texts = {basis.id: basis.printed for basis in bases if basis.id.startswith("TEXT:") and basis.id in told}
    return Details(printed=texts or None)


def _telling_ids(bases: Iterable[LegalBasis]) -> tuple[str, ...]:
    """Return the ids that a change names: what comparisons leave out would make the same fact look like another."""
    ids = [basis.id for basis in bases]
    compared = compared_ids(ids)
    presumed_beside = {f"{basis}?" for basis in ids}
    return tuple(basis for basis in ids if basis.removesuffix("?") in compared and basis not in presumed_beside)


def _plain_ids(bases: Iterable[LegalBasis]) -> frozenset[str]:
    return frozenset(basis.id.removesuffix("?") for basis in bases)


def compare_additions(at_work: Comparison, field: str) -> None:
    """Compare a set of which only what comes is news."""
    old, new = by_fold(getattr(at_work.place.believed, field)), by_fold(getattr(at_work.printed, field))
    come, gone = new.keys() - old.keys(), frozenset(old.keys() - new.keys())
    told = at_work.confirmed(gone, replaced=bool(come))
    kept = {k: old[k] for k in gone - told}
    if kept:
        at_work.values[field] = as_set((*new.values(), *kept.values()))
    facts: dict[str, Any] = {"before": as_set(old.values()), "after": as_set((new | kept).values())}
    facts |= {"added": as_set(new[k] for k in come), "removed": as_set(old[k] for k in told)}
    if come:
        at_work.tell(ChangeKind(FIELDS[field].kind), field, **facts)
    elif told:
        at_work.tell(ChangeKind.WORDING_CHANGED, field, substantive=False, **facts)


def compare_type_words(at_work: Comparison) -> dict[str, frozenset[str]]:
    """Tell `Identifiable` newly among the opt-outs of one layout; other layouts print these words elsewhere, or not."""
    if "opt_outs" in at_work.printed.unprinted:
        return dict(at_work.place.type_words)
    at_work.part = "type_words"
    now = type_words_of(at_work.printed)
    before = at_work.place.type_words.get(at_work.layout)
    if before is not None:
        now |= (before - now) - at_work.confirmed(before - now)
    identifiable = fold("Identifiable")
    if before is not None and identifiable in now - before:
        old, new = at_work.place.believed.opt_outs or (), at_work.printed.opt_outs or ()
        added = tuple(value for value in new if fold(value) == identifiable)
        at_work.tell(ChangeKind.TYPE_OF_DATA_CHANGED, "opt_outs", Severity.HIGH, before=old, after=new, added=added)
    return {**at_work.place.type_words, at_work.layout: now}
