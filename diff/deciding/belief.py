"""What is believed of the register: what has been told of it, and what is still in doubt.

A page is compared with what is believed of it, not with its last snapshot: a value that was missing once is still
believed (design rule 6), a field that the site's new layout does not print is still believed (rule 5).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from scraper.names.fold import fold_set
from scraper.reading.frame import Edges, lines_of_agreements
from scraper.records import Agreement, RegisterPage


@dataclass(frozen=True, slots=True)
class Doubt:
    """What was missing from a field at the last sighting, and the last body that showed it."""

    values: frozenset[str]
    """Folded values; for a single value its name."""
    body: str
    text: str = ""
    """Of controllers: the lists that held them, as they stood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An agreement on a page: what is believed of it there."""

    believed: Agreement
    """Field by field the last value that a layout printing it gave; `unprinted` is what no snapshot printed yet."""
    type_words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By layout: the type-of-data words that stood among the opt-outs (compared within one layout only)."""
    doubts: Mapping[str, Doubt] = field(default_factory=dict)
    last_bodies: Mapping[str, str] = field(default_factory=dict)
    """By field, where the page's last body did not print it: the last one that did."""
    missing_since: str | None = None
    """Time of the first sighting of its absence from the page, until it is back or told."""
    missing_body: str | None = None
    """SHA-256 of the last body that showed it, while it is missing or after it was told as gone."""
    gone: bool = False
    """It was told that it is no longer on this page."""
    arrived: bool = False
    """It stands here newly, and a page where it stood has not been read since: a move, or a second place?"""
    baseline: bool = False
    """It was on the first snapshot of its page, so that its standing here is no news by itself."""

    @property
    def in_doubt(self) -> bool:
        """Whether the next sighting may tell something, though the page does not change."""
        return bool(self.doubts) or self.missing_since is not None or self.arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBelief:
    """What is believed of one page."""

    slug: str
    organisation: str = ""
    layout: str = ""
    files_disseminated: int | None = None
    flags: tuple[str, ...] | None = None
    """None: no layout that prints flags was seen yet."""
    flag_doubt: str | None = None
    """Body that last showed the flag, while it is missing for the first time."""
    remainder: str | None = None
    remainder_doubt: Doubt | None = None
    """Which lines outside the agreements are missing for the first time."""
    edges: Edges | None = None
    """The lines of its last version that may be the site's; None: no version was read yet."""
    body: str | None = None
    """SHA-256 of the last body read. None: the page was asked for but never could be read."""
    spelling: str = ""
    """Host and spelling, or file, that the last body came from (design rule 12)."""
    places: Mapping[str, Place] = field(default_factory=dict)
    absent_since: str | None = None
    gone: bool = False
    lacked_before: bool = False
    """An earlier complete run lacked the page (only of use before its first snapshot)."""
    shrunk: tuple[tuple[str, ...], int] = ((), 0)
    """References of a page that shrank beyond belief, and how often it was seen so."""
    closes: bool = False
    """Its last version had its end, `</body>` or `</html>`."""
    unended: tuple[str, int] = ("", 0)
    """Version of a page that lost its end and is not believed whole, and how often in a row it was seen so."""
    late_groups: tuple[tuple[str, str], ...] = ()
    """(id, edit) of the groups of runs in which this page could not be read (design rule 7)."""
    versions: tuple[str, ...] = ()
    """Digests of all that it ever said and was believed, each once; the last is the version before (design rule 12)."""
    returned: str = ""
    """The earlier version that its last sighting showed again, for the first time in a row."""
    returned_since: str = ""
    """Time of that sighting."""

    @property
    def standing(self) -> frozenset[str]:
        """References of the agreements that are believed to stand on the page."""
        return frozenset(reference for reference, place in self.places.items() if not place.gone)

    @property
    def unsettled(self) -> bool:
        """Whether the next sighting may tell something, though the page does not change."""
        doubtful = self.flag_doubt or self.remainder_doubt or self.absent_since or self.late_groups or self.returned
        distrusted = self.shrunk[1] or self.unended[1]
        return bool(doubtful or distrusted) or any(place.in_doubt for place in self.places.values())


@dataclass(frozen=True, slots=True)
class Sighting:
    """One page as a run saw it: read or found unchanged. Times of capture order the versions of a page."""

    body: str
    page: RegisterPage
    spelling: str = ""
    closes: bool | None = None
    """Whether its bytes have their end, `</body>` or `</html>`; None: of a text that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The pages of one run, as of one time."""

    run: int
    time: str
    """UTC, `2025-02-01T03:00:00Z`."""
    complete: bool
    read: Mapping[str, Sighting]
    """By slug: pages whose bytes differ from their last snapshot's, and unchanged ones that are unsettled."""
    quiet: frozenset[str] = frozenset()
    """Slugs of the pages found unchanged of which nothing is in doubt."""
    failed: frozenset[str] = frozenset()
    """Slugs of the pages that could not be read."""
    absent: frozenset[str] = frozenset()
    """Slugs of known pages that a complete run lacked, or that are gone (404, 410)."""
    lately: frozenset[str] = frozenset()
    """Slugs of the pages sighted or absent that another run, held or not, saw less than 45 days before (rule 11)."""
    changed: frozenset[str] = frozenset()
    """Slugs among those read whose bytes are other than the believed ones."""
    edges: Mapping[str, Edges] = field(default_factory=dict)
    """By slug: the lines of the pages read that may be the site's."""
    frame: Mapping[str, str] = field(default_factory=dict)
    """What the site prints around the register: masked line → line as it was printed first."""
    frame_added: tuple[str, ...] = ()
    frame_removed: tuple[str, ...] = ()
    """Lines of the frame that no page had before, and that none has any more."""

    @property
    def sighted(self) -> frozenset[str]:
        """Slugs of the pages that were read or found unchanged."""
        return self.quiet | self.read.keys()


class Past(Protocol):
    """What the decider asks of the past. `Remembered` answers from memory, snapshots/ from its tables."""

    @property
    def any_complete(self) -> bool:
        """Whether an earlier run was complete."""
        ...

    def page(self, slug: str) -> PageBelief | None:
        """Return what is believed of a page, None if it was never asked for."""
        ...

    def standing_on(self, reference: str) -> frozenset[str]:
        """Return the slugs of the pages on which *reference* is believed to stand."""
        ...

    def was_told_gone(self, reference: str) -> bool:
        """Say whether *reference* was told as no longer on the register's pages."""
        ...

    def size(self, slugs: Iterable[str]) -> int:
        """Return how many agreements are believed to stand on these pages."""
        ...

    def listed(self, facts: Iterable[str]) -> Mapping[str, int]:
        """Return how often each of these facts was listed before; facts never listed may be left out."""
        ...

    def had_dataset(self, folded: str) -> bool:
        """Say whether an earlier run had a dataset of this folded name on any agreement."""
        ...

    def carriers(self, folded: str) -> frozenset[tuple[str, str]]:
        """Return (slug, reference) of the standing places that are believed to carry this dataset."""
        ...

    def headings(self) -> frozenset[str]:
        """Return the names that head pages, or headed them when they were last read."""
        ...

    def edges(self) -> Mapping[str, Edges]:
        """Return the edges of every page that is not gone, in its last version."""
        ...

    def frame(self) -> Mapping[str, str]:
        """Return what was the site's in earlier runs: masked line → line as printed."""
        ...

    def lines_inside(self, slugs: Iterable[str], frame: frozenset[str]) -> set[str]:
        """Return the masked lines inside the agreements of these pages, as they are believed, given the *frame*."""
        ...


def lines_inside_belief(page: PageBelief, frame: frozenset[str]) -> set[str]:
    """Return the masked lines inside the agreements of a page as they are believed."""
    agreements = tuple(place.believed for place in page.places.values() if not place.gone)
    return lines_of_agreements(page.organisation, agreements, page.edges.tail if page.edges else (), frame)


class Remembered:
    """The whole past in memory, grown run by run."""

    def __init__(self) -> None:
        self.any_complete = False
        self.pages: dict[str, PageBelief] = {}
        self._standing: dict[str, set[str]] = {}
        self._told_gone: set[str] = set()
        self._ever: set[str] = set()
        self._listed: Counter[str] = Counter()
        self._frame: dict[str, str] = {}

    def page(self, slug: str) -> PageBelief | None:
        """Return what is believed of a page."""
        return self.pages.get(slug)

    def standing_on(self, reference: str) -> frozenset[str]:
        """Return the pages on which *reference* is believed to stand."""
        return frozenset(self._standing.get(reference, ()))

    def was_told_gone(self, reference: str) -> bool:
        """Say whether *reference* was told as gone."""
        return reference in self._told_gone

    def size(self, slugs: Iterable[str]) -> int:
        """Return how many agreements stand on these pages."""
        return sum(len(self.pages[slug].standing) for slug in slugs if slug in self.pages)

    def listed(self, facts: Iterable[str]) -> Mapping[str, int]:
        """Return how often each fact was listed."""
        return {fact: self._listed[fact] for fact in facts}

    def had_dataset(self, folded: str) -> bool:
        """Say whether any run had this dataset."""
        return folded in self._ever

    def carriers(self, folded: str) -> frozenset[tuple[str, str]]:
        """Return the standing places that carry this dataset."""
        return frozenset(
            (slug, reference)
            for slug, page in self.pages.items()
            for reference, place in page.places.items()
            if not place.gone and folded in fold_set(place.believed.datasets)
        )

    def headings(self) -> frozenset[str]:
        """Return the names that head pages, or did."""
        return frozenset(page.organisation for page in self.pages.values() if page.organisation)

    def edges(self) -> Mapping[str, Edges]:
        """Return the edges of every page that is not gone."""
        return {slug: page.edges for slug, page in self.pages.items() if page.edges is not None and not page.gone}

    def frame(self) -> Mapping[str, str]:
        """Return what was the site's in earlier runs."""
        return self._frame

    def lines_inside(self, slugs: Iterable[str], frame: frozenset[str]) -> set[str]:
        """Return the masked lines inside the agreements of these pages."""
        return {line for slug in slugs for line in lines_inside_belief(self.pages[slug], frame)}

    def learn(
        self,
        pages: Mapping[str, PageBelief],
        facts: Iterable[str],
        *,
        complete: bool,
        frame: Mapping[str, str] | None = None,
    ) -> None:
        """Take over what a run made of these pages, the facts it listed, and what it found to be the site's."""
        self._frame |= frame or {}
        self._listed.update(facts)
        for slug, page in pages.items():
            before = self.pages.get(slug)
            for reference in before.standing - page.standing if before else ():
                self._standing[reference].discard(slug)
            for reference in page.standing:
                self._standing.setdefault(reference, set()).add(slug)
                self._told_gone.discard(reference)
            for reference, place in page.places.items():
                if place.gone and not self._standing.get(reference):
                    self._told_gone.add(reference)
                self._ever |= fold_set(place.believed.datasets)
            self.pages[slug] = page
        self.any_complete = self.any_complete or complete
