"""Prose, what is in no field, and what differs in print alone."""

from collections.abc import Collection, Mapping
from typing import Any

from diff.deciding.belief import Doubt
from diff.deciding.comparing.comparison import Comparison
from diff.deciding.comparing.forms import by_fold
from diff.deciding.texts import compare_remainders, reworded
from diff.kinds import ChangeKind
from scraper.fields import Comparing
from scraper.names.fold import fold
from scraper.official.versions import cells_not_understood
from scraper.records import FIELDS


def compare_remainder(at_work: Comparison, field: str) -> None:
    """Compare what is in no field: a text that only went there from a label, or back, is no news."""
    believed, printed = at_work.place.believed, at_work.printed
    before = _without_values(at_work.frame.without_ending(believed.remainder), printed.printed)
    after = _without_values(printed.remainder, believed.printed)
    if printed.is_version:
        before = _of_columns(before, printed.printed.keys() | cells_not_understood(believed))
        after = _of_columns(after, believed.printed.keys() | cells_not_understood(printed))
    outcome = compare_remainders(before, after, at_work.doubt.values, at_work.vocabulary, sure=at_work.sure)
    for difference in outcome.found:
        at_work.note(difference)
    if outcome.missing:
        at_work.doubts[field] = Doubt(outcome.missing, at_work.doubt.body or at_work.old_body)
        at_work.values[field] = outcome.believed


def _without_values(remainder: str | None, printed: Mapping[str, str]) -> str | None:
    """Return *remainder* without the lines whose text stands behind a label among those *printed*, in any order."""
    values = {_words_of(text) for text in printed.values()}
    lines = [line for line in (remainder or "").split("\n") if _words_of(line.partition(": ")[2] or line) not in values]
    return "\n".join(lines) or None


def _of_columns(remainder: str | None, columns: Collection[str]) -> str | None:
    """Return the lines of a workbook's *remainder* that are of these *columns*: that a new one came is no news."""
    lines = [line for line in (remainder or "").split("\n") if line.partition(": ")[0] in columns]
    return "\n".join(lines) or None


def _words_of(value: str) -> frozenset[str]:
    return frozenset(map(fold, value.replace(", and ", ", ").split(",")))


def compare_text(at_work: Comparison, field: str) -> None:
    """Compare a text: reworded is one change, gone waits for its second sighting."""
    before = at_work.frame.without_ending(getattr(at_work.place.believed, field))
    _tell_text(at_work, field, before, getattr(at_work.printed, field))


def _tell_text(at_work: Comparison, field: str, before: str | None, after: str | None) -> None:
    if fold(before or "") == fold(after or ""):
        return
    if not fold(after or "") and not at_work.confirmed(frozenset({field})):
        at_work.values[field] = before
        return
    at_work.note(reworded(field, before, after, at_work.vocabulary))


def compare_wording(at_work: Comparison, parts: Collection[str]) -> None:
    """Tell, as editorial, each field whose print differs while its meaning, in which *parts* differ, does not."""
    believed, printed = at_work.place.believed, at_work.printed
    told = {difference.field for difference in at_work.found}
    at_work.part = ""
    for name in _WORDED:
        old, new = getattr(believed, name), getattr(printed, name)
        if old == new or not old or not new or name in told | printed.unprinted | believed.unprinted:
            continue
        if _printed_otherwise(name, old, new, parts):
            at_work.tell(ChangeKind.WORDING_CHANGED, name, before=_shown(old), after=_shown(new), substantive=False)


_WORDED = tuple(
    name for name, one in FIELDS.items() if one.comparing not in (Comparing.NEVER, Comparing.TERM, Comparing.WINDOW)
)
"""Fields that can be printed otherwise and mean the same: dates cannot."""


def _printed_otherwise(field: str, old: Any, new: Any, parts: Collection[str]) -> bool:
    """Say whether values that differ in print mean the same; of sets, whether any value of both is spelled anew."""
    if field == "when_note":  # compared as words for dates and as remarks
        return fold(old) == fold(new)
    if isinstance(old, str):
        return field not in parts
    before, after = _print_of(field, old), _print_of(field, new)
    return any(before[key] != after[key] for key in before.keys() & after.keys())


def _print_of(field: str, value: Any) -> dict[str, str]:
    """Return folded meaning → print of a set."""
    if field == "legal_bases":
        return {basis.id.removesuffix("?"): basis.printed for basis in value}
    return by_fold(value)


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return tuple(item if isinstance(item, str) else item.printed for item in value)
