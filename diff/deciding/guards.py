"""Is this run believable? Is this page? Totals are checked here, once, before anything is concluded from them."""

from collections.abc import Iterable
from dataclasses import dataclass

from diff.deciding.belief import Edition, PageBelief, Sighting


@dataclass(frozen=True, slots=True)
class Guards:
    """From where on a run, or an edit, is something else than the sum of its pages."""

    gone_fraction: float = 0.33
    """Share of the agreements of the pages read, gone, from which a run is held."""
    failed_fraction: float = 0.5
    """Share of the pages asked for, unreadable, from which a run is held."""
    group_from: int = 25
    """Agreements with the same edit in one run that are told as one change."""


FEWEST_AGREEMENTS = 30
"""Below so many agreements a third of them can go in earnest."""

FEWEST_FAILURES = 2
"""One unreadable page is that page's failure, however few were asked for."""

SHRUNK_TO = 0.1
SHRUNK_SIGHTINGS = 3


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
    if agreements >= FEWEST_AGREEMENTS and gone >= guards.gone_fraction * agreements:
        return f"{gone} of the {agreements} agreements on the pages asked for are gone"
    return None


def has_shrunk(page: PageBelief, sighting: Sighting, elsewhere: frozenset[str]) -> bool:
    """Say whether a page lost nine tenths of its agreements while these are found nowhere else.

    So it did, too, without the agreements that other pages show: some moved there, some stand on two pages all along.
    """
    printed = {agreement.reference for agreement in sighting.page.agreements}
    shrank = len(printed) < SHRUNK_TO * len(page.standing)
    return shrank and len(printed - elsewhere) < SHRUNK_TO * len(page.standing - elsewhere)


def is_stale_copy(page: PageBelief, sighting: Sighting) -> bool:
    """Say whether a capture from another host or spelling shows an older build than the one before (design rule 12)."""
    # A saved file has no address: nothing says that it is another copy than the one before.
    if sighting.spelling == page.spelling or not sighting.spelling or not page.spelling or page.body is None:
        return False
    before = _latest(place.believed.released_to for place in page.places.values() if not place.gone)
    now = _latest(agreement.released_to for agreement in sighting.page.agreements)
    count, count_before = sighting.page.files_disseminated, page.files_disseminated
    fewer_files = count is not None and count_before is not None and count < count_before
    earlier_month = bool(now) and now < before
    return earlier_month or fewer_files


def _latest(months: Iterable[str | None]) -> str:
    return max((month for month in months if month), default="")


def asked_for(edition: Edition) -> frozenset[str]:
    """Return the slugs of all pages that a run asked for."""
    return edition.sighted | edition.failed | edition.absent
