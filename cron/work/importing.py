"""Take saved pages as one edition: gather, check, read what is new, derive. One screen, top to bottom."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from diff.deciding.guards import Guards
from scraper.errors import RegisterWatchError
from scraper.names.vocabulary import Vocabulary
from snapshots.keeping.readings import read_body
from snapshots.keeping.runlog import NewPage, Trouble
from snapshots.keeping.store import Dues, Outcome, Store, no_progress
from snapshots.sources.saved import SavedPage, count_pages, saved_pages
from snapshots.sources.sightings import SeenAgain, seen_again

MOST_BYTES = 1_000_000_000
"""Of pages not seen before that one import takes: ten times a register of today, and what a machine can hold."""


class ImportRefusedError(RegisterWatchError):
    """Nothing of an edition was taken."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found of one edition."""

    pages: dict[str, NewPage] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Slug → reason, of pages whose bytes cannot be had: nothing of them is kept but this."""
    places: dict[str, str] = field(default_factory=dict)
    """Slug → where a person finds the page."""
    times: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.places)


Editions = dict[str, Gathered]
"""Time of capture → the pages to take as of then."""


def import_edition(
    store: Store,
    paths: Iterable[Path],
    *,
    time: str,
    complete: bool,
    now: str,
    vocabulary: Vocabulary,
    guards: Guards,
    progress: Callable[[Iterable[Any], int, str], Iterable[Any]] = no_progress,
) -> list[Outcome]:
    """Import the pages saved under *paths* as the register was at *time*: gather them, then take them.

    Args:
        store: The database.
        paths: Files, folders, `.zip`, `.warc.gz`.
        time: When the pages were fetched; a web archive's records have their own times, and each day of them is an
            edition of its own.
        complete: The edition holds every page of the register.
        now: When this import happens.
        vocabulary: Known names.
        guards: What is believable.
        progress: Shows how far it is.

    Returns:
        What became of each edition, oldest first.

    Raises:
        RegisterWatchError: Nothing was taken, and why.
    """
    editions = gather_editions(store, paths, time=time, now=now, vocabulary=vocabulary, progress=progress)
    return take_editions(
        store, editions, complete=complete, now=now, vocabulary=vocabulary, guards=guards, progress=progress
    )


def gather_editions(
    store: Store | None,
    paths: Iterable[Path],
    *,
    time: str,
    now: str,
    vocabulary: Vocabulary,
    progress: Callable[[Iterable[Any], int, str], Iterable[Any]] = no_progress,
    most_bytes: int = MOST_BYTES,
) -> Editions:
    """Return the pages saved under *paths* by time of capture, read if *store* has not read them.

    Without a store nothing is known yet; so none need be made for an import that is refused.

    Raises:
        RegisterWatchError: There is nothing to take, and why.
    """
    paths = list(paths)
    saved = progress(saved_pages(paths), count_pages(paths), "reading")
    known = store.log.read_bodies() if store else {}
    editions = _gather(known, saved, seen_again(paths), time, now, vocabulary, most_bytes)
    if not editions:
        raise ImportRefusedError(f"{', '.join(map(str, paths))}: no pages found; nothing was imported")
    refused = [line for edition in editions.values() for line in _refusals(known, edition)]
    if len(refused) == sum(map(len, editions.values())):
        raise _nothing_taken(refused)
    return editions


def take_editions(
    store: Store,
    editions: Editions,
    *,
    complete: bool,
    now: str,
    vocabulary: Vocabulary,
    guards: Guards,
    progress: Callable[[Iterable[Any], int, str], Iterable[Any]] = no_progress,
    dues: Dues | None = None,
) -> list[Outcome]:
    """Take gathered editions, all or none; return what became of each, oldest first.

    Nobody is told of them without *dues*.

    Raises:
        ImportRefusedError: Beside what is known of the register, no page of them can be believed; nothing was taken.
    """
    with store.writing():
        outcomes = [
            store.take(
                list(edition.pages.values()),
                time=at,
                complete=complete,
                finished_at=now,
                vocabulary=vocabulary,
                guards=guards,
                progress=progress,
                dues=dues,
                trouble=Trouble(edition.refused),
            )
            for at, edition in sorted(editions.items())
        ]
        told = [_own(outcome, editions[at]) for outcome, at in zip(outcomes, sorted(editions), strict=True)]
        if not any(_is_taken(outcome, editions[at]) for outcome, at in zip(told, sorted(editions), strict=True)):
            # An error takes back what was written.
            raise _nothing_taken([f"{slug}: {reason}" for one in told for slug, reason in one.refused.items()])
    return told


def _own(outcome: Outcome, edition: Gathered) -> Outcome:
    """Return an outcome; of an edition that was there before, with what this import holds of its refusals."""
    if not outcome.known:
        return outcome
    return replace(outcome, refused={slug: why for slug, why in outcome.refused.items() if slug in edition.places})


def _is_taken(outcome: Outcome, edition: Gathered) -> bool:
    return outcome.known or bool(edition.pages.keys() - outcome.refused.keys())


def _nothing_taken(refused: list[str]) -> ImportRefusedError:
    more = f" and {len(refused) - 3} more" if len(refused) > 3 else ""
    return ImportRefusedError("; ".join(refused[:3]) + f"{more}: nothing was imported")


def _refusals(known: Mapping[str, str | None], edition: Gathered) -> Iterator[str]:
    """Say which pages of an edition are refused, whatever is known of the register."""
    yield from (f"{edition.places[slug]}: {reason}" for slug, reason in edition.refused.items())
    for slug, page in edition.pages.items():
        if reason := page.reading.refused if page.reading else known.get(page.sha256):
            yield f"{edition.places[slug]}: {reason}"


def _gather(
    known: Mapping[str, str | None],
    saved_pages: Iterable[SavedPage],
    again: Iterable[SeenAgain],
    time: str,
    now: str,
    vocabulary: Vocabulary,
    most_bytes: int,
) -> Editions:
    """Return the editions by time: one of all files, one for each day of a web archive, as of its last record.

    Pages that read as lists of organisations are left out.
    """
    by_day: dict[str, Gathered] = {}
    held = 0
    for saved in saved_pages:
        at = saved.captured_at or time
        if at > now:
            raise ImportRefusedError(f"{saved.place}: {at} lies in the future; nothing was imported")
        edition = by_day.setdefault((saved.captured_at or "")[:10], Gathered())
        if _is_there(saved, edition):
            continue
        if saved.refused:
            edition.refused[saved.slug] = saved.refused
        else:
            page = _new_page(known, saved, at, vocabulary)
            if page.reading and page.reading.is_list:
                continue
            edition.refused.pop(saved.slug, None)
            edition.pages[saved.slug] = page
            held += len(page.body or b"")
        if held > most_bytes:
            raise ImportRefusedError(
                f"{saved.place}: more than {most_bytes // 1_000_000:,} MB of pages; import them in parts: "
                "nothing was imported"
            )
        edition.places[saved.slug] = saved.place
        edition.times.add(at)
    _add_seen_again(by_day, known, again, now)
    return {max(edition.times): edition for edition in by_day.values() if edition.places}


def _add_seen_again(
    by_day: dict[str, Gathered], known: Mapping[str, str | None], again: Iterable[SeenAgain], now: str
) -> None:
    """Add the pages that a web archive says were seen again, with bytes that are kept or of an earlier day of it."""
    since: dict[str, str] = {}
    for edition in by_day.values():
        for page in edition.pages.values():
            since[page.sha256] = min(page.captured_at[:10], since.get(page.sha256, page.captured_at[:10]))
    for one in again:
        day = one.captured_at[:10]
        if one.captured_at > now:
            raise ImportRefusedError(f"{one.address}: {one.captured_at} lies in the future; nothing was imported")
        if one.sha256 not in known and since.get(one.sha256, day) >= day:
            continue
        edition = by_day.setdefault(day, Gathered())
        if one.slug not in edition.places:
            edition.pages[one.slug] = NewPage(one.slug, one.sha256, one.address, one.captured_at, None, None)
            edition.places[one.slug] = one.address
            edition.times.add(one.captured_at)


def _is_there(saved: SavedPage, edition: Gathered) -> bool:
    """Say whether an edition has this page already: a web archive may hold it twice, and its best record counts.

    Raises:
        ImportRefusedError: Two files, or records that differ, are of one page.
    """
    place = edition.places.get(saved.slug)
    if place is None:
        return False
    if saved.captured_at is not None:
        if saved.slug in edition.refused:
            return saved.refused is not None
        if saved.refused or edition.pages[saved.slug].sha256 == saved.sha256:
            return True
    raise ImportRefusedError(f"{saved.place} and {place} are both {saved.slug}: nothing was imported")


def _new_page(known: Mapping[str, str | None], saved: SavedPage, at: str, vocabulary: Vocabulary) -> NewPage:
    sha256 = saved.sha256
    declared = _declared_charset(saved)
    new = NewPage(saved.slug, sha256, saved.source, at, None, None, charset=declared, headers=saved.headers)
    if sha256 in known:
        return new
    reading = read_body(saved.body, saved.slug, saved.source, vocabulary, declared)
    return replace(new, body=saved.body, reading=reading)


def _declared_charset(saved: SavedPage) -> str | None:
    """Return the set of characters that the server declared, where an archive kept what it sent."""
    for name, value in saved.headers:
        if name.lower() == "content-type":
            from scraper.web.fetch import declared_charset  # and with it a client of HTTP, which folders do not need

            return declared_charset(value)
    return None
