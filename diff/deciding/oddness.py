"""Too much at once: fields that fail on many agreements, and agreements of which many say something else in one night.

A register changes here and there; what changes everywhere is the site, or our reading of it (design rule 11). Pure, as
all that decides: what was compared goes in, a reason to hold the run comes out, or None.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from diff.change import Change
from diff.deciding.belief import Place
from diff.deciding.comparing.forms import LISTS, part_of
from diff.deciding.grouping import Found
from diff.deciding.guards import FEWEST_AGREEMENTS, Guards
from diff.deciding.when import says_unknown, when_of
from diff.kinds import ChangeKind
from scraper.fields import Comparing, Sort
from scraper.names.fold import fold, fold_set
from scraper.reading.layouts import FIELDS_OF_LABEL, known_label
from scraper.reading.values import is_type_of_data
from scraper.records import FIELDS, Agreement

LATELY_DAYS = 45
"""Editions that lie further apart may differ in anything: a register of months or years is another one."""


@dataclass(frozen=True, slots=True)
class ComparedPlace:
    """An agreement that a run compared: what was believed of it, and what its page prints."""

    slug: str
    stood_on: str
    """Slug of the page where it stood before: this one, unless it moved."""
    layout: str
    before: Place
    printed: Agreement
    is_same: bool
    """It is as it was to the letter."""


# --- fields that fail -------------------------------------------------------------------------------------------------

_BESIDE_FIELDS = frozenset(("remainder", "when_note"))
"""What stands there only where there is something to say: it goes because somebody took it away."""

GUARDED = tuple(
    name for name, one in FIELDS.items() if one.comparing is not Comparing.NEVER and name not in _BESIDE_FIELDS
)


def why_not_understood(
    guards: Guards, compared: Sequence[ComparedPlace], unchanged: Callable[[], Iterable[Place]], agreements: int
) -> str | None:
    """Return which fields newly fail on a fifth of the agreements, or None.

    Args:
        guards: The thresholds.
        compared: The agreements that were compared.
        unchanged: Gives those of the pages that were seen and not read; asked for only where a field fails.
        agreements: How many agreements were sighted.
    """
    if agreements < FEWEST_AGREEMENTS:
        return None
    failing = Counter(name for one in compared if not one.is_same for name in _failing(one))
    odd = [name for name, count in failing.most_common() if count >= guards.odd_fraction * agreements]
    if not odd:
        return None
    places = [*(one.before for one in compared), *unchanged()]
    reasons = {_label_of(name, compared): _reason(name, failing[name], places) for name in reversed(odd)}
    return "; ".join(f"`{label}` {reason}" for label, reason in reversed(reasons.items()))


def _reason(name: str, failing: int, places: Iterable[Place]) -> str:
    had = sum(_was_understood(place, name) for place in places)
    return f"is understood on {had - failing} of {had} agreements that had it"


def _label_of(name: str, compared: Iterable[ComparedPlace]) -> str:
    """Return what the page prints before a field, where it is gone; of one without a label what we call it."""
    layout = next(one.layout for one in compared if name in _failing(one))
    return FIELDS[name].label_in(layout) or FIELDS[name].called


def _failing(one: ComparedPlace) -> Iterator[str]:
    """Yield the fields that were there and understood at the last sighting, and are now missing or not understood."""
    for name in GUARDED:
        if not _has(one.printed, name) and _is_due(one, name) and _was_understood(one.before, name):
            yield name


def _is_due(one: ComparedPlace, name: str) -> bool:
    """Say whether the page prints this field, be it as nothing or as what is not understood (design rule 5)."""
    printed = one.printed
    return name not in printed.unprinted or name in printed.unread or _is_under_another_label(printed, name, one.layout)


def _is_under_another_label(printed: Agreement, name: str, layout: str) -> bool:
    """Say whether a label that is always printed is missing beside one that nobody knows."""
    field = FIELDS[name]
    if printed.is_version:  # a workbook that lacks a column is refused
        return False
    # Of one layout the type of data is a placeholder, which counts as not printed whatever stands beside it.
    if field.sort is Sort.PROSE or not field.label_in(layout) or name == "type_of_data":
        return False
    labels = [known_label(f"{label}:", FIELDS_OF_LABEL) for label in printed.printed]
    return None in labels and field.label_in(layout) not in {label.name for label in labels if label}


def _was_understood(place: Place, name: str) -> bool:
    return name not in place.last_bodies and _has(place.believed, name) and not _was_missing(place, name)


def _was_missing(place: Place, name: str) -> bool:
    """Say whether the field was missing at the last sighting already, and is believed because once is not enough."""
    doubt = place.doubts.get(part_of(name))
    if doubt is None:
        return False
    return (name in doubt.values or part_of(name) in doubt.values) or _values(place.believed, name) == doubt.values


def _values(agreement: Agreement, name: str) -> frozenset[str]:
    if name == "legal_bases":
        return frozenset(basis.id.removesuffix("?") for basis in agreement.legal_bases or ())
    return fold_set(getattr(agreement, name)) if name in LISTS else frozenset()


_HAS: dict[str, Callable[[Agreement], Any]] = {
    "opt_outs": lambda one: any(not is_type_of_data(value) for value in one.opt_outs or ()),
    "purposes_text": lambda one: one.purposes_text or one.commercial,  # prose where it is not understood as an answer
    "dsa_start": lambda one: one.dsa_start or when_of(one).term.word,
    "dsa_end": lambda one: one.dsa_end or when_of(one).term.word,
    "released_from": lambda one: one.released_from or when_of(one).window.word or says_unknown(one),
    "released_to": lambda one: one.released_to or when_of(one).window.word or says_unknown(one),
}
"""Fields in whose place something else may stand that is no less understood."""


def _has(agreement: Agreement, name: str) -> bool:
    return bool(_HAS[name](agreement) if name in _HAS else getattr(agreement, name))


# --- many that differ -------------------------------------------------------------------------------------------------

_NOT_ODD = frozenset(
    (
        ChangeKind.AGREEMENT_ADDED,
        ChangeKind.AGREEMENT_REMOVED,
        ChangeKind.AGREEMENT_MOVED,
        ChangeKind.REFERENCE_CHANGED,
        ChangeKind.ORGANISATION_RENAMED,
        ChangeKind.CONTROLLER_SUCCEEDED,
        ChangeKind.DATASET_RELABELLED,
        ChangeKind.RELEASES_CONTINUED,
    )
)
"""What happens to whole agreements, which has a guard of its own; names with another name; what time brings."""


def why_too_different(
    guards: Guards,
    found: Sequence[Found],
    losses: Iterable["Loss"],
    lately: Collection[str],
    agreements: int,
) -> str | None:
    """Return that a fifth of the agreements bare lose values or differ in substance since lately, or None.

    Args:
        guards: The thresholds; the same edit on so many agreements that it is one change is not odd.
        found: What is to be told, ungrouped.
        losses: What is missing for the first time, and is not told yet.
        lately: References that a run, believed or not, saw less than 45 days before.
        agreements: How many agreements were sighted.
    """
    if agreements < FEWEST_AGREEMENTS:
        return None
    edits: list[tuple[str | None, Hashable]] = [(one.change.reference, one.key) for one in found if _is_odd(one.change)]
    edits += [(one.reference, one.key) for one in losses]
    odd = _ungrouped([(ref, key) for ref, key in edits if ref and ref in lately], guards.group_from)
    if len(odd) < guards.odd_fraction * agreements:
        return None
    return (
        f"{len(odd)} of the {agreements} agreements lose values or differ in substance, "
        f"less than {LATELY_DAYS} days after the run before"
    )


def _ungrouped(edits: Iterable[tuple[str, Hashable]], group_from: int) -> frozenset[str]:
    """Return the references with an edit that fewer than *group_from* have."""
    by_key: dict[Hashable, set[str]] = defaultdict(set)
    for reference, key in edits:
        by_key[key].add(reference)
    return frozenset().union(*(references for references in by_key.values() if len(references) < group_from))


def _is_odd(change: Change) -> bool:
    if not change.substantive or change.kind in _NOT_ODD:
        return False
    only_added = bool(change.added) and not change.removed
    # What only goes is told at its second sighting, and was weighed at its first.
    only_gone = not change.added and (bool(change.removed) or not change.after)
    return not only_added and not only_gone


@dataclass(frozen=True, slots=True)
class Loss:
    """Values that an agreement newly lacks, and that wait for their second sighting."""

    reference: str
    key: Hashable
    """Equal for losses that would be told as one change."""


def losses_of(one: ComparedPlace, now: Place) -> Iterator[Loss]:
    """Yield what *one* newly lacks: what is in doubt *now*, and was not before."""
    for part, doubt in now.doubts.items():
        known = one.before.doubts.get(part)
        values = doubt.values - known.values if known else doubt.values
        if part in FIELDS and FIELDS[part].comparing is Comparing.NAMES:  # told name by name
            edits: list[Hashable] = [(value,) for value in values]
        else:
            edits = [(tuple(sorted(values)), _text(part, now.believed))] if values else []
        yield from (Loss(one.printed.reference, (part, edit)) for edit in edits)


def _text(part: str, believed: Agreement) -> Hashable:
    """Return what is believed of a part that has one value."""
    if part == "term":
        return when_of(believed).term
    if part == "incident":
        return fold(when_of(believed).remark)
    if part == "released":
        return believed.released_from, believed.released_to
    return fold(getattr(believed, part) or "") if part in FIELDS and part not in LISTS and part != "legal_bases" else ""
