"""A reference that stands twice on one page is one agreement: what it prints is the union of both.

Pages of the oldest layout print each version of an agreement by itself; the later ones join them, as is done here.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scraper.names.fold import as_set, fold
from scraper.records import FIELDS, Agreement, LegalBasis, RegisterPage


def one_each(page: RegisterPage) -> RegisterPage:
    """Return *page* with one agreement for each reference, in page order."""
    by_reference: dict[str, list[Agreement]] = {}
    for agreement in page.agreements:
        by_reference.setdefault(agreement.reference, []).append(agreement)
    if len(by_reference) == len(page.agreements):
        return page
    return replace(page, agreements=tuple(_joined(same) for same in by_reference.values()))


def _joined(same: Sequence[Agreement]) -> Agreement:
    first, *others = same
    if not others:
        return first
    values = {name: _join(name, [getattr(agreement, name) for agreement in same]) for name in FIELDS}
    values["printed"] = _join_printed([agreement.printed for agreement in same])
    return Agreement(**values, unprinted=frozenset.intersection(*(agreement.unprinted for agreement in same)))


def _join(name: str, values: list[Any]) -> Any:
    there = [value for value in values if value is not None]
    if not there or name == "printed":
        return None
    if name == "legal_bases":
        return _join_bases(there)
    if isinstance(there[0], tuple):
        return as_set(value for one in there for value in one)
    if name in ("dsa_start", "released_from"):
        return min(there)
    if name in ("dsa_end", "released_to"):
        return max(there)
    if isinstance(there[0], bool) or name in ("reference", "title"):
        return there[0]
    return "\n".join({fold(text): text for text in there}.values())


def _join_bases(values: list[tuple[LegalBasis, ...]]) -> tuple[LegalBasis, ...]:
    by_id = {basis.id: basis for one in reversed(values) for basis in one}
    return tuple(by_id[basis] for basis in sorted(by_id))


def _join_printed(values: list[Any]) -> dict[str, str]:
    labels = dict.fromkeys(label for printed in values for label in printed)
    return {label: "\n".join(printed[label] for printed in values if label in printed) for label in labels}
