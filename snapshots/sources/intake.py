"""From saved pages to editions: an import is one edition of captures, a backfill is captures of many times.

Both go the same way: pages are gathered, those with new bytes are read, each is put into an edition, and the store
takes the editions. An import puts files into the edition it is told, and an archive's records into one for each of
their days; it may be complete, and may be told. A backfill puts each capture where it belongs between what is known
(`placing.py`), is never complete, and is told to nobody.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from scraper.errors import RegisterWatchError
from scraper.names.vocabulary import Vocabulary
from scraper.register import NHS_DATA_RELEASE
from scraper.slugs import slug_of
from snapshots.keeping.bodies import Headers
from snapshots.keeping.readings import Progress, Readers, Unread, no_progress, read_all
from snapshots.keeping.runlog import Capture, NewEdition
from snapshots.keeping.store import Dues, Outcome, Rules, Store
from snapshots.sources.captures import Found, Passed, Refused, SavedPage, count_pages, edition_in
from snapshots.sources.placing import place
from snapshots.sources.waiting import WaitingRoom

EARLIEST = "1991-08-06T00:00:00Z"
"""The first web page: no page was fetched before it."""

MOST_OF_IMPORT = 1_000_000_000
"""Bytes of pages not seen before that one import takes: ten times a register of today."""

MOST_OF_BACKFILL = 10_000_000_000
"""Bytes of new captures that one backfill looks at: what packs more into an archive means no good."""

LIST_PAGE = "list of organisations"


class IntakeRefusedError(RegisterWatchError):
    """Nothing of an import or a backfill was taken."""


class Intake:
    """Pages on their way into the database. The bytes that were never read before wait here.

    Args:
        known: SHA-256 → why it is refused, or None, of every body that was read before.
        now: No page is of the future.
        folder: Where more may wait than memory should hold.
        undated: Time of the pages that have none of their own.
        most_bytes: How much of what is new is looked at.
    """

    def __init__(
        self,
        known: Mapping[str, str | None],
        *,
        now: str,
        folder: Path | None = None,
        undated: str = "",
        most_bytes: int = MOST_OF_BACKFILL,
    ) -> None:
        self.now = now
        self.pages: list[SavedPage] = []
        """In the order in which they were found, without their bytes."""
        self.again: list[SavedPage] = []
        """Seen again with the bytes of another capture."""
        self.lost: list[SavedPage] = []
        """Seen again with bytes that nobody has."""
        self.refused: list[Refused] = []
        self.passed: Counter[str] = Counter()
        """Why → how many, of what is no organisation's page."""
        self.without_ending: dict[str, str] = {}
        """Slug that it would have → place, of each file that has no ending and lies where no address leads."""
        self.full_at: str | None = None
        """Where it was too much: what follows was not looked at."""
        self._known = known
        self._why = {sha256: reason for sha256, reason in known.items() if reason}
        self._waiting = WaitingRoom(folder)
        self._undated, self.most_bytes = undated, most_bytes

    @classmethod
    def of_import(cls, store: Store | None, *, time: str, now: str, most_bytes: int = MOST_OF_IMPORT) -> "Intake":
        """Return one for pages as of *time*; without a store nothing is known yet, and an import may be refused."""
        known, folder = (store.log.read_bodies(), store.path.parent) if store else ({}, None)
        return cls(known, now=now, folder=folder, undated=time, most_bytes=most_bytes)

    def gather(self, found: Iterable[Found]) -> None:
        """Sort what was found, by what can be said of it before it is read."""
        again: list[SavedPage] = []
        by_digest: dict[str, str] = {}
        size = 0
        for one in found:
            if isinstance(one, Passed):
                self.passed[one.why] += 1
                if one.place:
                    self.without_ending[slug_of(f"file:///{one.place}")] = one.place
            elif isinstance(one, Refused):
                self.refused.append(one)
            elif reason := self._wrong_time(self.time_of(one)):
                self.refused.append(Refused(one.place, one.refused or reason))
            elif one.body is None:
                again.append(one)
            else:
                is_new = one.sha256 not in self._known
                size += len(one.body) if is_new else 0
                if size > self.most_bytes:
                    self.full_at = one.place
                    break
                if is_new and not one.refused and one.sha256 not in self._waiting:
                    self._waiting.keep(one.sha256, one.body, len(one.body))
                if not one.refused:
                    by_digest |= {one.digest: one.sha256, one.sha256: one.sha256}
                self.pages.append(replace(one, body=None))
        # A record without a digest is not the same as all others without one.
        by_digest.pop("", None)
        # Last, for an archive may hold what it refers to after what refers to it.
        for one in again:
            named = by_digest.get(one.digest) or (one.digest if one.digest in self._known else "")
            (self.again if named else self.lost).append(replace(one, sha256=named))

    def _wrong_time(self, at: str) -> str | None:
        if at > self.now:
            return f"{at} lies in the future"
        return f"{at} is a time before there were web pages" if at < EARLIEST else None

    def read(self, vocabulary: Vocabulary, progress: Progress, readers: Readers | None = None) -> None:
        """Read what waits; pages that turn out to list organisations are passed over."""
        # Before they are put into editions: two files of one slug are no contradiction where one of them is a list.
        unread = {page.sha256: page for page in self.pages if page.sha256 in self._waiting}
        bodies = (
            Unread(sha256, page.slug, self._waiting.read(sha256), _declared_charset(page.headers))
            for sha256, page in unread.items()
        )
        lists = set()
        found = read_all(bodies, len(unread), vocabulary, readers)
        for sha256, reading in progress(found, len(unread), "reading"):
            self._waiting.keep(_reading_of(sha256), reading, len(self._waiting.read(sha256)))
            if reading.is_list:
                lists.add(sha256)
            elif reading.refused:
                self._why[sha256] = reading.refused
        for pages in (self.pages, self.again):
            self.passed[LIST_PAGE] += sum(page.sha256 in lists for page in pages)
            pages[:] = [page for page in pages if page.sha256 not in lists]
        # The sign takes out of a counter what counts nothing: no list was passed over where there was none.
        self.passed = +self.passed

    def time_of(self, page: SavedPage) -> str:
        """Return when a page was captured."""
        return page.captured_at or self._undated

    def why_refused(self, page: SavedPage) -> str | None:
        """Return why a page cannot be read."""
        return page.refused or self._why.get(page.sha256)

    def capture(self, page: SavedPage, *, keeps_time: bool = False) -> Capture:
        """Return a page as the store takes it; the first of its bytes that is asked brings these, and their reading."""
        return Capture(
            page.slug,
            page.sha256,
            page.source,
            self.time_of(page),
            body=partial(self._waiting.take, page.sha256),
            reading=partial(self._waiting.take, _reading_of(page.sha256)),
            charset=_declared_charset(page.headers),
            headers=page.headers,
            keeps_time=keeps_time,
        )

    def close(self) -> None:
        """Let go of what waits."""
        self._waiting.close()


def _reading_of(sha256: str) -> str:
    return f"reading of {sha256}"


def _declared_charset(headers: Headers) -> str | None:
    """Return the set of characters that the server declared, where an archive kept what it sent."""
    for name, value in headers:
        if name.lower() == "content-type":
            from scraper.web.fetch import declared_charset  # and with it a client of HTTP, which folders do not need

            return declared_charset(value)
    return None


def _counted(passed: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {why}" for why, number in sorted(passed.items()))


def _told(refused: Iterable[Refused]) -> str:
    """Return the first few refusals, and how many more there are."""
    lines = [f"{one.place}: {one.reason}" for one in refused]
    return "; ".join(lines[:3]) + (f" and {len(lines) - 3:,} more" if len(lines) > 3 else "")


# --- an import --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found of one edition, by slug."""

    pages: dict[str, SavedPage] = field(default_factory=dict)
    refused: dict[str, SavedPage] = field(default_factory=dict)
    """Pages whose bytes cannot be had: nothing of them is kept but that."""

    def __contains__(self, slug: str) -> bool:
        return slug in self.pages or slug in self.refused

    def add(self, page: SavedPage) -> None:
        """Add a page, which an archive may hold twice: then the first whole record of it counts.

        Raises:
            IntakeRefusedError: Two files, or records that differ, are of one page.
        """
        there = self.pages.get(page.slug) or self.refused.get(page.slug)
        if there is None:
            (self.refused if page.refused else self.pages)[page.slug] = page
        elif page.captured_at is None or not (page.refused or page.sha256 == there.sha256):
            raise IntakeRefusedError(f"{page.place} and {there.place} are both {page.slug}: nothing was imported")


@dataclass(frozen=True, slots=True)
class Editions:
    """What an import is going to take."""

    intake: Intake
    by_time: Mapping[str, Gathered]


def gather_editions(
    intake: Intake,
    paths: Iterable[Path],
    vocabulary: Vocabulary,
    *,
    hosts: Collection[str] = NHS_DATA_RELEASE.hosts,
    readers: Readers | None = None,
    progress: Progress = no_progress,
) -> Editions:
    """Return the pages saved under *paths* as editions: one of all files, one for each day of an archive's records.

    Raises:
        RegisterWatchError: There is nothing to take, and why.
    """
    paths = list(paths)
    intake.gather(progress(edition_in(paths, hosts), count_pages(paths), "gathering"))
    if intake.refused:
        raise IntakeRefusedError(f"{_told(intake.refused[:1])}; nothing was imported")
    if intake.full_at:
        much = f"more than {intake.most_bytes // 1_000_000:,} MB of pages; import them in parts"
        raise IntakeRefusedError(f"{intake.full_at}: {much}: nothing was imported")
    intake.read(vocabulary, progress, readers)
    editions = Editions(intake, _by_time(intake))
    if not editions.by_time:
        others = f", only other things ({_counted(intake.passed)})" if intake.passed else ""
        raise IntakeRefusedError(f"{', '.join(map(str, paths))}: no pages found{others}; nothing was imported")
    found = [page for edition in editions.by_time.values() for page in _all_of(edition)]
    refused = [Refused(page.place, reason) for page in found if (reason := intake.why_refused(page))]
    if len(refused) == len(found):
        raise IntakeRefusedError(f"{_told(refused)}: nothing was imported")
    return editions


def _all_of(edition: Gathered) -> Iterator[SavedPage]:
    yield from edition.refused.values()
    yield from edition.pages.values()


def _by_time(intake: Intake) -> dict[str, Gathered]:
    """Return the editions by time: one of all files, one for each day of a web archive, as of its last record."""
    by_day: dict[str, Gathered] = defaultdict(Gathered)
    # Whole ones first: a record that was cut off does not stand in the way of another of the same page.
    for page in sorted(intake.pages, key=lambda page: page.refused is not None):
        by_day[(page.captured_at or "")[:10]].add(page)
    # Where a page has two versions on a day, as our own archives may have, the one with bytes counts.
    for page in intake.again:
        edition = by_day[intake.time_of(page)[:10]]
        if page.slug not in edition:
            edition.add(page)
    return {max(map(intake.time_of, _all_of(edition))): edition for edition in by_day.values()}


def take_editions(
    store: Store,
    editions: Editions,
    rules: Rules,
    *,
    complete: bool,
    progress: Progress = no_progress,
    dues: Dues | None = None,
) -> list[Outcome]:
    """Take gathered editions, all or none; return what became of each, oldest first.

    Args:
        store: The database.
        editions: From `gather_editions`.
        rules: What pages are read and believed by.
        complete: Whether each holds every page of the register.
        progress: Shows how far it is.
        dues: What is to be told of them; nobody is told without.

    Raises:
        IntakeRefusedError: Beside what is known of the register, no page of them can be believed; nothing was taken.
    """
    told, taken = [], False
    intake = editions.intake
    if complete:
        _refuse_to_miss(store, editions)
    with store.writing():
        for time, gathered in sorted(editions.by_time.items()):
            edition = NewEdition(
                captures=[intake.capture(page) for page in gathered.pages.values()],
                time=time,
                finished_at=intake.now,
                complete=complete,
                failed={slug: page.refused or "" for slug, page in gathered.refused.items()},
            )
            outcome = store.take(edition, rules, progress=progress, dues=dues)
            failed = outcome.refused.keys() | outcome.decision.cut_short
            taken = taken or outcome.known or bool(gathered.pages.keys() - failed)
            if outcome.known:  # of an edition that was there before, what this import holds of its refusals
                outcome = replace(
                    outcome, refused={slug: why for slug, why in outcome.refused.items() if slug in gathered}
                )
            told.append(outcome)
        if not taken:
            # An error takes back what was written.
            reasons = [{**outcome.refused, **outcome.decision.distrusted} for outcome in told]
            refused = [Refused(slug, reason) for by_slug in reasons for slug, reason in by_slug.items()]
            raise IntakeRefusedError(f"{_told(refused)}: nothing was imported")
    return told


def _refuse_to_miss(store: Store, editions: Editions) -> None:
    """Refuse a complete edition if a page of the register may lie beside it: it would be told as gone."""
    standing = {slug for slug in store.log.standing_pages() if slug in editions.intake.without_ending}
    for slug in sorted(standing):
        if any(slug not in edition for edition in editions.by_time.values()):
            place = editions.intake.without_ending[slug]
            way = f"call it {slug}.html, or put it into a folder organisations"
            raise IntakeRefusedError(f"{place} has no ending and may be the page {slug}; {way}: nothing was imported")


# --- a backfill -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilled:
    """What a backfill did."""

    read: int
    """Captures of organisations' pages that were found, the refused among them."""
    kept: int
    known: int
    passed: Mapping[str, int]
    """Why → how many, of what is no capture of an organisation's page."""
    refused: tuple[Refused, ...]
    outcomes: tuple[Outcome, ...]
    times: tuple[str, ...]
    """Of the captures that were kept: the first and the last."""


def backfill(store: Store, intake: Intake, rules: Rules, *, progress: Progress = no_progress) -> Backfilled:
    """Take what was gathered and read into the history.

    Raises:
        IntakeRefusedError: There is nothing to take, and why.
    """
    found = [*intake.pages, *intake.again]
    good = [page for page in found if not intake.why_refused(page)]
    refused = [*intake.refused, *_refusals(intake, found)]
    if not good:
        if refused:
            raise IntakeRefusedError(f"{_told(refused)}: nothing was taken")
        others = f", only other things ({_counted(intake.passed)})" if intake.passed else ""
        raise IntakeRefusedError(f"no captures of organisations' pages found{others}: nothing was taken")
    outcomes: list[Outcome] = []
    with store.writing():  # what is kept must not change between looking and writing
        editions, homeless = _placed(store, good, intake.now)
        if editions:
            new_editions = (
                NewEdition(
                    captures=[intake.capture(page, keeps_time=True) for page in pages],
                    time=time,
                    finished_at=intake.now,
                )
                for time, pages in sorted(editions.items())
            )
            outcomes = store.take_past(new_editions, rules, progress=progress)
    times = sorted(intake.time_of(page) for pages in editions.values() for page in pages)
    return Backfilled(
        read=len(found) + len(intake.lost) + len(intake.refused),
        kept=len(times),
        known=len(good) - len(times) - len(homeless),
        passed=intake.passed,
        refused=(*refused, *homeless),
        outcomes=tuple(outcomes),
        times=(times[0], times[-1]) if times else (),
    )


def _refusals(intake: Intake, found: Iterable[SavedPage]) -> Iterator[Refused]:
    yield from (Refused(page.place, reason) for page in found if (reason := intake.why_refused(page)))
    for page in intake.lost:
        named = page.digest or "which it does not name"
        yield Refused(page.place, f"has the bytes of another capture, {named}, and that is not here")
    if intake.full_at:
        much = f"more than {MOST_OF_BACKFILL // 1_000_000_000} GB of pages stand before it"
        yield Refused(intake.full_at, f"{much}; what follows is left out")


def _placed(store: Store, pages: Iterable[SavedPage], now: str) -> tuple[dict[str, list[SavedPage]], list[Refused]]:
    """Return time of edition → the captures that it gains, and those for which there is no place."""
    by_page: dict[tuple[str, str], dict[tuple[str, str], SavedPage]] = defaultdict(dict)
    for page in sorted(pages, key=lambda page: page.source):
        at = page.captured_at or ""
        by_page[page.slug, at[:10]].setdefault((at, page.sha256), page)
    kept = store.log.sightings({day for _, day in by_page})
    editions: dict[str, list[SavedPage]] = defaultdict(list)
    homeless = []
    for spot, found in by_page.items():
        for moment, time in place(found, kept.get(spot, ()), now):
            if time:
                editions[time].append(found[moment])
            else:
                homeless.append(Refused(found[moment].place, "no time is left between the captures beside it"))
    return editions, homeless
