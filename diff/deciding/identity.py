"""Which agreement is which: what arrived on a page, what left one, what moved.

The key is the reference; a page is a view of it (design rules 9 and 10). Every reference that is new on a page or no
longer on one is settled by itself, from what is known of all the pages where it stood or stands.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from diff.deciding.belief import Edition, PageBelief, Past, Place

Spot = tuple[str, str]
"""(slug, reference)."""


class Evidence(Enum):
    """What a run says of one reference on one page."""

    PRINTED = auto()
    LACKING = auto()
    UNKNOWN = auto()


class Verdict(Enum):
    """What became of a reference."""

    ADDED = auto()
    """Newly on the register; `after` are its pages."""
    BASELINE = auto()
    """First seen with the first snapshot of its page: no news."""
    MOVED = auto()
    """Left all of `before` for `after`."""
    ALSO = auto()
    """Newly also on another page, or no longer on all of its pages: `before` → `after`."""
    UNSETTLED = auto()
    """New on a page while one where it stood was not read."""
    DOUBTED = auto()
    """Missing for the first time, or waiting for its other page."""
    REMOVED = auto()
    """No longer on any page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one reference in a run."""

    reference: str
    verdict: Verdict
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    new_on: tuple[str, ...] = ()
    """Pages where a place begins (or is still unsettled)."""
    left: tuple[str, ...] = ()
    """Pages where its place ends now."""
    doubted: tuple[str, ...] = ()
    """Pages where it is missing, and nothing is told yet."""
    origin: Spot | None = None
    """The place whose history goes on here."""
    told: bool = True
    listed_again: bool = False

    @property
    def reference_changed(self) -> bool:
        """Whether the agreement stood under another reference before."""
        return self.origin is not None and self.origin[1] != self.reference


def twin_of(reference: str) -> str | None:
    """Return the other spelling of a reference from before DARS Online, None where there is none.

    >>> twin_of("NIC-38002-S3K0V"), twin_of("DARS-NIC-38002-S3K0V"), twin_of("PHECancerReg")
    ('DARS-NIC-38002-S3K0V', 'NIC-38002-S3K0V', None)
    """
    if re.match(r"DARS-NIC-", reference):
        return reference.removeprefix("DARS-")
    return f"DARS-{reference}" if reference.startswith("NIC-") else None


class Identities:
    """The references of one run, settled one by one."""

    def __init__(
        self,
        past: Past,
        edition: Edition,
        *,
        trusted: bool = False,
        shown: Collection[str] = (),
        twice: Collection[str] = (),
    ) -> None:
        """Settle what *edition* says.

        Args:
            past: What is believed.
            edition: What the run saw.
            trusted: What is missing needs no second sighting.
            shown: References on pages that are not believed and show an earlier version: these are not gone.
            twice: Slugs of pages of which this is the second sighting, though nothing was made of the first.
        """
        self._past = past
        self._edition = edition
        self._trusted = trusted
        self._shown = shown
        self._twice = twice
        self._printed = {slug: {a.reference for a in s.page.agreements} for slug, s in edition.read.items()}
        self._n_printed = Counter(reference for references in self._printed.values() for reference in references)
        self._respelt = {
            (slug, twin): reference
            for slug, references in sorted(self._printed.items())
            for reference in sorted(references)
            if (twin := twin_of(reference)) in self._standing(slug) - references and self._is_newcomer(slug, reference)
        }
        self._taken: set[str] = set()

    def settle(self) -> list[Fate]:
        """Return the fate of every reference that is new on a page, unsettled, or no longer on one."""
        respelt = [_respelt_in_place(spot, reference) for spot, reference in self._respelt.items()]
        arriving, leaving = self._arriving(), self._leaving()
        fates = respelt + [self._fate_of_arrival(reference, slugs) for reference, slugs in sorted(arriving.items())]
        settled = arriving.keys() | self._taken
        fates += [self._fate_of_leaving(reference) for reference in sorted(leaving - settled)]
        return fates + self._false_arrivals(leaving)

    def nowhere(self) -> int:
        """Return how many agreements of the pages seen are gone: on no page, under no other reference."""
        everywhere = self._n_printed.keys() | set(self._shown)
        return sum(
            1
            for reference in self._leaving() - everywhere
            if twin_of(reference) not in everywhere
            and not self._holders(reference, {Evidence.PRINTED, Evidence.UNKNOWN})
        )

    def found_elsewhere(self, slug: str) -> frozenset[str]:
        """Return the references that other pages than this print, or are believed to."""
        here = self._printed.get(slug, set())
        return frozenset(
            reference
            for reference in self._standing(slug)
            if self._n_printed[reference] > (reference in here) or self._past.standing_on(reference) - {slug}
        )

    # --- what is seen -------------------------------------------------------------------------------------------------

    def _place(self, slug: str, reference: str) -> Place | None:
        page = self._past.page(slug)
        return page.places.get(reference) if page else None

    def _standing(self, slug: str) -> frozenset[str]:
        page = self._past.page(slug)
        return page.standing if page else frozenset()

    def _evidence(self, slug: str, reference: str) -> Evidence:
        if slug in self._printed:
            return Evidence.PRINTED if reference in self._printed[slug] else Evidence.LACKING
        if slug in self._edition.absent:
            return Evidence.LACKING
        if slug in self._edition.quiet:
            return Evidence.PRINTED
        place = self._place(slug, reference)
        return Evidence.LACKING if place and place.missing_since else Evidence.UNKNOWN

    def _holders(self, reference: str, evidence: Iterable[Evidence] = tuple(Evidence)) -> list[str]:
        """Return, in order, the pages where it settled earlier, of which this run says *evidence*."""
        wanted = set(evidence)
        return [
            slug
            for slug in sorted(self._past.standing_on(reference))
            if not self._is_newcomer(slug, reference)
            and (slug, reference) not in self._respelt
            and self._evidence(slug, reference) in wanted
        ]

    def _is_newcomer(self, slug: str, reference: str) -> bool:
        place = self._place(slug, reference)
        return place is None or place.gone or place.arrived

    def _arriving(self) -> dict[str, list[str]]:
        """Return, by reference, the pages where it is new or unsettled; unread pages of its too, if it left another."""
        arriving: dict[str, list[str]] = {}
        for slug, references in self._printed.items():
            for reference in references:
                if self._is_newcomer(slug, reference) and (slug, twin_of(reference)) not in self._respelt:
                    arriving.setdefault(reference, []).append(slug)
        for reference in self._leaving():
            for slug in self._past.standing_on(reference):
                if self._evidence(slug, reference) is not Evidence.LACKING and self._is_newcomer(slug, reference):
                    slugs = arriving.setdefault(reference, [])
                    slugs += [slug] if slug not in slugs else []
        return arriving

    def _leaving(self) -> set[str]:
        seen = self._printed.keys() | self._edition.absent
        return {
            reference
            for slug in seen
            for reference in self._standing(slug) - self._printed.get(slug, set())
            if (slug, reference) not in self._respelt
        }

    # --- what is concluded --------------------------------------------------------------------------------------------

    def _fate_of_arrival(self, reference: str, slugs: list[str]) -> Fate:
        new_on = tuple(sorted(slugs))
        name = reference
        holders = self._holders(reference)
        if not holders and (twin := twin_of(reference)):
            # Only where the other spelling left all its pages: else the two are two agreements, side by side.
            found = self._holders(twin)
            if twin not in self._n_printed and found == self._holders(twin, {Evidence.LACKING}):
                name, holders = twin, found
        if not holders:
            return self._newly_listed(reference, new_on)
        left = [slug for slug in holders if self._evidence(slug, name) is Evidence.LACKING]
        stays = [slug for slug in holders if self._evidence(slug, name) is Evidence.PRINTED]
        if len(left) == len(holders):
            self._taken.add(name)
            return Fate(
                reference=reference,
                verdict=Verdict.MOVED,
                before=tuple(holders),
                after=new_on,
                new_on=new_on,
                left=tuple(holders),
                origin=(holders[0], name),
            )
        verdict = Verdict.ALSO if stays else Verdict.UNSETTLED
        told = [slug for slug in new_on if not self._is_baseline(slug, reference)]
        return Fate(
            reference=reference,
            verdict=verdict,
            before=tuple(holders),
            after=tuple(sorted({*holders, *new_on})),
            new_on=new_on,
            doubted=tuple(left),
            told=bool(told) and verdict is Verdict.ALSO,
        )

    def _newly_listed(self, reference: str, new_on: tuple[str, ...]) -> Fate:
        places = [place for slug in new_on if (place := self._place(slug, reference))]
        unsettled = any(place.arrived for place in places)
        baseline = all(self._is_baseline(slug, reference) for slug in new_on)
        return Fate(
            reference=reference,
            verdict=Verdict.BASELINE if baseline or unsettled else Verdict.ADDED,
            after=new_on,
            new_on=new_on,
            listed_again=self._past.was_told_gone(reference),
        )

    def _is_baseline(self, slug: str, reference: str) -> bool:
        """Say whether a place begins with the first snapshot of its page, and no complete run lacked the page."""
        place = self._place(slug, reference)
        if place is not None and place.arrived:
            return place.baseline
        return is_baseline(self._past.page(slug), self._past)

    def _fate_of_leaving(self, reference: str) -> Fate:
        holders = self._holders(reference)
        left = [slug for slug in holders if self._evidence(slug, reference) is Evidence.LACKING]
        seen_now = [slug for slug in left if slug in self._printed or slug in self._edition.absent]
        confirmed = [slug for slug in seen_now if self._was_missing(slug, reference)]
        rest = [slug for slug in holders if slug not in confirmed]
        if confirmed and not rest:
            return Fate(reference=reference, verdict=Verdict.REMOVED, before=tuple(holders), left=tuple(confirmed))
        if confirmed and any(slug not in left for slug in rest):
            return Fate(
                reference=reference,
                verdict=Verdict.ALSO,
                before=tuple(holders),
                after=tuple(rest),
                left=tuple(confirmed),
                doubted=tuple(slug for slug in left if slug not in confirmed),
            )
        return Fate(reference=reference, verdict=Verdict.DOUBTED, before=tuple(holders), doubted=tuple(left))

    def _false_arrivals(self, leaving: Iterable[str]) -> list[Fate]:
        """Return the end of places that began while another page was unread, and are gone before it was read."""
        return [
            Fate(reference=reference, verdict=Verdict.DOUBTED, left=(slug,), told=False)
            for reference in sorted(leaving)
            for slug in sorted(self._past.standing_on(reference))
            if self._is_newcomer(slug, reference) and self._evidence(slug, reference) is Evidence.LACKING
        ]

    def _was_missing(self, slug: str, reference: str) -> bool:
        """Say whether an earlier run saw that it is missing, as part of a page too small to be believed perhaps."""
        page, place = self._past.page(slug), self._place(slug, reference)
        if page and page.shrunk[1] and page.shrunk[0] == tuple(sorted(self._printed.get(slug, ()))):
            return True
        return self._trusted or slug in self._twice or (place is not None and place.missing_since is not None)


def _respelt_in_place(spot: Spot, reference: str) -> Fate:
    """Return the fate of *reference*, which stands where its other spelling stood."""
    here = (spot[0],)
    return Fate(
        reference=reference, verdict=Verdict.MOVED, before=here, after=here, new_on=here, left=here, origin=spot
    )


def is_new(page: PageBelief | None) -> bool:
    """Say whether a page was never read before."""
    return page is None or page.body is None


def lacked_before(page: PageBelief | None, past: Past) -> bool:
    """Say whether an earlier complete run lacked this page, so that it is news."""
    return past.any_complete if page is None else page.lacked_before


def is_baseline(page: PageBelief | None, past: Past) -> bool:
    """Say whether the page's next snapshot is its first, and no complete run lacked it before."""
    return is_new(page) and not lacked_before(page, past)
