"""Take saved pages as one edition: gather, check, read what is new, derive. One screen, top to bottom."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from diff.guards import Guards
from scraper.errors import RegisterWatchError
from scraper.vocabulary import Vocabulary
from snapshots.readings import read_body
from snapshots.runlog import NewPage
from snapshots.sources import SavedPage, count_pages, saved_pages
from snapshots.store import Outcome, Store, no_progress

Editions = dict[str, list[NewPage]]
"""Time of capture → the pages to take as of then."""


class ImportRefusedError(RegisterWatchError):
    """Nothing of an edition was taken."""


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
) -> Editions:
    """Return the pages saved under *paths* by time of capture, read if *store* has not read them.

    Without a store nothing is known yet; so none need be made for an import that is refused.

    Raises:
        RegisterWatchError: There is nothing to take, and why.
    """
    paths = list(paths)
    saved = progress(saved_pages(paths), count_pages(paths), "reading")
    editions = _gather(store, saved, time, vocabulary)
    if not editions:
        raise ImportRefusedError(f"{', '.join(map(str, paths))}: no pages found; nothing was imported")
    if (latest := max(editions)) > now:
        page = next(page for page in editions[latest] if page.captured_at > now)
        raise ImportRefusedError(f"{page.source}: {page.captured_at} lies in the future; nothing was imported")
    refused = [line for pages in editions.values() for page in pages if (line := _refusal(store, page))]
    if len(refused) == sum(map(len, editions.values())):
        raise ImportRefusedError("; ".join(refused[:3]) + ": nothing was imported")
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
) -> list[Outcome]:
    """Take gathered editions, all or none; return what became of each, oldest first."""
    with store.writing():
        return [
            store.take(
                pages,
                time=at,
                complete=complete,
                finished_at=now,
                vocabulary=vocabulary,
                guards=guards,
                progress=progress,
            )
            for at, pages in sorted(editions.items())
        ]


def _refusal(store: Store | None, page: NewPage) -> str | None:
    kept = store.log.refusal_of(page.sha256) if store and page.reading is None else None
    reason = page.reading.refused if page.reading else kept
    return f"{page.source}: {reason}" if reason else None


def _gather(store: Store | None, pages: Iterable[SavedPage], time: str, vocabulary: Vocabulary) -> Editions:
    """Return the editions by time: one of all files, one for each day of a web archive, as of its last record.

    Pages that read as lists of organisations are left out.
    """
    by_day: dict[str, dict[str, NewPage]] = {}
    for saved in pages:
        edition = by_day.setdefault((saved.captured_at or "")[:10], {})
        if saved.slug in edition:
            other = edition[saved.slug].source
            raise ImportRefusedError(f"{saved.source} and {other} are both {saved.slug}: nothing was imported")
        page = _new_page(store, saved, time, vocabulary)
        if page.reading is None or not page.reading.is_list:
            edition[saved.slug] = page
    return {
        max(page.captured_at for page in pages.values()) if day else time: list(pages.values())
        for day, pages in by_day.items()
        if pages
    }


def _new_page(store: Store | None, saved: SavedPage, time: str, vocabulary: Vocabulary) -> NewPage:
    sha256 = saved.sha256
    known = store is not None and store.log.is_read(sha256)
    reading = None if known else read_body(saved.body, saved.slug, saved.source, vocabulary)
    body = None if known else saved.body
    return NewPage(saved.slug, sha256, saved.source, saved.captured_at or time, body, reading)
