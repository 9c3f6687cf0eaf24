"""Is this run believable? Totals are checked here, once, before anything is told.

What is asked of a run, in this order: could its pages be read, do its agreements still stand anywhere, is each field
still understood, and do not too many agreements say something else at once (`diff.deciding.oddness` has the last two).
Whether a page is believable is asked before (`diff.deciding.sightings`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diff.deciding.belief import Edition


@dataclass(frozen=True, slots=True)
class Guards:
    """From where on a run, or an edit, is something else than the sum of its pages."""

    gone_fraction: float = 0.33
    """Share of the agreements of the pages read, gone, from which a run is held."""
    failed_fraction: float = 0.5
    """Share of the pages asked for, unreadable, from which a run is held."""
    group_from: int = 25
    """Agreements with the same edit in one run that are told as one change."""
    odd_fraction: float = 0.2
    """Share of the agreements sighted on which one field fails, or that differ at once, from which a run is held."""


FEWEST_AGREEMENTS = 30
"""Below so many agreements a third of them, though not all, can go in earnest, and a fifth can change."""

FEWEST_FAILURES = 2
"""One unreadable page is that page's failure, however few were asked for."""


def why_held(guards: Guards, *, asked: int, failed: int, agreements: int, gone: int) -> str | None:
    """Return why a run is not believable, or None (design rule 11).

    Args:
        guards: The thresholds.
        asked: Pages asked for.
        failed: Pages among them that could not be read.
        agreements: Agreements believed to stand on the pages that were read.
        gone: Agreements among them that now stand nowhere.
    """
    if failed >= FEWEST_FAILURES and failed >= guards.failed_fraction * asked:
        return f"{failed} of the {asked} pages asked for could not be read"
    enough = agreements >= FEWEST_AGREEMENTS or gone == agreements > 0
    if enough and gone >= guards.gone_fraction * agreements:
        return f"{gone} of the {agreements} agreements on the pages asked for are gone"
    return None


def asked_for(edition: "Edition") -> frozenset[str]:
    """Return the slugs of all pages that a run asked for."""
    return edition.sighted | edition.failed | edition.absent
