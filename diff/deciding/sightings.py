"""Which of the pages that a run read are believed, each by itself: what is no sighting starts no change.

A page that was cut off on its way, or shrank beyond belief, is its own failure (design rule 11). Older builds from
another host are no sightings, and an earlier version that a page shows again is none the first time: a cache may serve
old and new by turns (rule 12).
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from diff.deciding.belief import Edition, PageBelief, Past, Place, Sighting
from diff.deciding.compare import still_doubted
from diff.deciding.comparing.forms import TEXTS, FoldedForms, folded_form
from diff.deciding.guards import FEWEST_FAILURES
from diff.deciding.identity import Identities
from scraper.names.fold import fold
from scraper.records import Agreement, RegisterPage

SHRUNK_TO = 0.1
ENOUGH_SIGHTINGS = 3
"""Equal ones in a row, from which on a page is believed whatever it lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPages:
    """The pages of a run, by what is believed of them."""

    edition: Edition
    """The run, with the pages that are believed."""
    shrunk: Mapping[str, PageBelief]
    """What is noted of the pages that shrank beyond belief; they count as failed."""
    cut_short: Mapping[str, PageBelief]
    """The same of those that lost their end, and are not known to be whole."""
    stale: frozenset[str]
    """Older builds from another host."""
    earlier: Mapping[str, Sighting]
    """Pages that show an earlier version again, and not the one before, for the first time in a row."""
    twice: Mapping[str, str]
    """Slug → time of the first sighting, of the pages that do so for the second time: believed, and seen twice."""
    versions: Mapping[str, str]
    """The version that each page shows."""
    forms: FoldedForms
    """The folded forms that these were made of."""

    @property
    def distrusted(self) -> Mapping[str, PageBelief]:
        """Return what is noted of the pages that were read and count as failed."""
        return {**self.shrunk, **self.cut_short}

    @property
    def not_believed(self) -> frozenset[str]:
        """Return the slugs of the pages that could not be read, or are not believed, but for stale ones."""
        return self.edition.failed | self.earlier.keys()


def judge_pages(past: Past, edition: Edition, *, trusted: bool) -> JudgedPages:
    """Judge the pages of a run one by one; of a *trusted* one only older builds are put aside."""
    stale = frozenset(s for s, seen in edition.read.items() if (page := past.page(s)) and is_stale_copy(page, seen))
    edition = _without(edition, stale)
    identities = Identities(past, edition)
    shrunk = {} if trusted else _shrunken(past, edition, identities)
    cut_short = {} if trusted else _cut_short(past, edition, identities, shrunk)
    distrusted = shrunk.keys() | cut_short.keys()
    edition = replace(_without(edition, distrusted), failed=edition.failed | distrusted)
    forms = FoldedForms()
    # Of a page that is new nothing will be compared: its forms are not kept.
    versions = {
        slug: version_of(sighting.page, forms.of if past.page(slug) else folded_form)
        for slug, sighting in edition.read.items()
    }
    earlier = {s: seen for s, seen in edition.read.items() if returns(past.page(s), seen, versions[s]) and not trusted}
    pages = {slug: past.page(slug) for slug in versions}
    return JudgedPages(
        edition=_without(edition, earlier),
        shrunk=shrunk,
        cut_short=cut_short,
        stale=stale,
        earlier=earlier,
        twice={s: page.returned_since for s, page in pages.items() if page and page.returned == versions[s]},
        versions=versions,
        forms=forms,
    )


def take_pages(_past: Past, edition: Edition, *, trusted: bool) -> JudgedPages:  # noqa: ARG001 as `judge_pages`
    """Take the pages of a workbook as they are: one file holds all of them, no cache and no copy has a part of it."""
    return JudgedPages(
        edition=edition,
        shrunk={},
        cut_short={},
        stale=frozenset(),
        earlier={},
        twice={},
        versions=dict.fromkeys(edition.read, ""),
        forms=FoldedForms(),
    )


def _without(edition: Edition, slugs: Iterable[str]) -> Edition:
    gone = frozenset(slugs)
    return replace(edition, read={slug: seen for slug, seen in edition.read.items() if slug not in gone})


def _times(before: tuple[object, int], shown: object) -> int:
    """Return how often in a row this was shown, given what was shown *before* and how often."""
    return before[1] + 1 if before[0] == shown else 1


# --- pages without their end ------------------------------------------------------------------------------------------


def _cut_short(
    past: Past, edition: Edition, identities: Identities, shrunk: Mapping[str, PageBelief]
) -> dict[str, PageBelief]:
    """Return the pages that lost their end and were not seen so often enough to believe it.

    A cut takes the end, but so does a minifier, as HTML allows: where as many lost theirs as would hold the run, the
    site prints none any more, and what shows all that it showed at its end is whole.
    """
    pages = {slug: page for slug in edition.read if (page := past.page(slug)) and page.closes}
    lost = {slug: page for slug, page in pages.items() if edition.read[slug].closes is False}
    is_the_sites = len(lost) >= FEWEST_FAILURES and 2 * len(lost) >= len(edition.sighted)
    cut = {}
    for slug, page in lost.items():
        sighting = edition.read[slug]
        if not is_the_sites or shows_less(page, sighting, identities.found_elsewhere):
            version = version_of(sighting.page, folded_form)
            cut[slug] = replace(shrunk.get(slug, page), unended=(version, _times(page.unended, version)))
    return {slug: page for slug, page in cut.items() if page.unended[1] < ENOUGH_SIGHTINGS}


def shows_less(page: PageBelief, sighting: Sighting, found_elsewhere: Callable[[str], frozenset[str]]) -> bool:
    """Say whether a page shows less than is believed of it as a cut page does: agreements, or the end of the last."""
    missing = page.standing - set(_references(sighting))
    if missing and missing - found_elsewhere(page.slug):
        return True
    last = sighting.page.agreements[-1]
    if last.reference not in page.standing:
        return False
    believed = page.places[last.reference].believed
    texts = [(fold(getattr(believed, t) or ""), fold(getattr(last, t) or "")) for t in TEXTS if t not in last.unprinted]
    return any(before != now and before.startswith(now) for before, now in texts)


# --- pages that shrink, and older builds ------------------------------------------------------------------------------


def _shrunken(past: Past, edition: Edition, identities: Identities) -> dict[str, PageBelief]:
    """Return the pages that lost nine tenths of their agreements and were not seen so often enough to believe it."""
    shrunk = {}
    for slug, sighting in edition.read.items():
        page = past.page(slug)
        if page and not page.gone and has_shrunk(page, sighting, identities.found_elsewhere):
            references = _references(sighting)
            shrunk[slug] = replace(page, shrunk=(references, _times(page.shrunk, references)))
    return {slug: page for slug, page in shrunk.items() if page.shrunk[1] < ENOUGH_SIGHTINGS}


def _references(sighting: Sighting) -> tuple[str, ...]:
    return tuple(sorted(agreement.reference for agreement in sighting.page.agreements))


def has_shrunk(page: PageBelief, sighting: Sighting, found_elsewhere: Callable[[str], frozenset[str]]) -> bool:
    """Say whether a page lost nine tenths of its agreements while these are found nowhere else.

    So it did, too, without the agreements that other pages show: some moved there, some stand on two pages all along.
    These are asked for of few pages, as the database is asked for each of a page's agreements.
    """
    printed = {agreement.reference for agreement in sighting.page.agreements}
    if len(printed) >= SHRUNK_TO * len(page.standing):
        return False
    elsewhere = found_elsewhere(page.slug)
    return len(printed - elsewhere) < SHRUNK_TO * len(page.standing - elsewhere)


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


# --- earlier versions -------------------------------------------------------------------------------------------------


def version_of(page: RegisterPage, form_of: Callable[[Agreement], Mapping[str, str]]) -> str:
    """Return a digest of what a page says: its records folded, without the site's frame and the count of files."""
    digest = hashlib.sha256()
    for part in (fold(page.organisation), "flag" if page.flags else "", fold(page.remainder or "")):
        digest.update(f"{part}\n".encode())
    for agreement in sorted(page.agreements, key=lambda one: one.reference):
        # Where a name with commas ends is known better from night to night: that makes no other version.
        names = sorted({fold(part) for name in agreement.controllers or () for part in name.split(",")})
        # Words among the opt-outs that say a type of data are compared by themselves, and in no folded form.
        words = sorted(fold(value) for value in agreement.opt_outs or ())
        form = {**form_of(agreement), "controllers": "\x1f".join(names), "opt_outs": "\x1f".join(words)}
        digest.update("\x1e".join([agreement.reference, *form.values(), ""]).encode())
    return digest.hexdigest()[:16]


def returns(page: PageBelief | None, sighting: Sighting, version: str) -> bool:
    """Say whether a page shows an earlier version of itself, and not the one before, for the first time in a row."""
    if page is None or page.gone or version in (*page.versions[-1:], page.returned):
        return False
    # What was distrusted twice is believed at its third equal sighting, be it an earlier version.
    return version in page.versions and page.shrunk[0] != _references(sighting) and page.unended[0] != version


def seen_again(page: PageBelief, sighting: Sighting, version: str, time: str) -> PageBelief:
    """Return what is believed of a page that shows an earlier version: as before, but what it shows is in no doubt."""
    printed = {agreement.reference: agreement for agreement in sighting.page.agreements}
    shows_remainder = fold(page.remainder or "") == fold(sighting.page.remainder or "")
    return replace(
        page,
        places={ref: _seen(place, printed[ref]) if ref in printed else place for ref, place in page.places.items()},
        flag_doubt=None if sighting.page.flags else page.flag_doubt,
        remainder_doubt=None if shows_remainder else page.remainder_doubt,
        absent_since=None,
        returned=version,
        returned_since=time,
    )


def _seen(place: Place, printed: Agreement) -> Place:
    if place.gone:
        return place
    return replace(place, doubts=still_doubted(place, printed), missing_since=None, missing_body=None)


def with_version(page: PageBelief, version: str) -> tuple[str, ...]:
    """Return the versions of a page, each once, the one that is believed now behind all others."""
    return (*(one for one in page.versions if one != version), version)
