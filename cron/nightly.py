"""One run over the register, readable from top to bottom: find the pages, fetch them, keep them, decide, commit."""

import hashlib
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from urllib.parse import urljoin

from diff.guards import Guards
from scraper.addresses import host_of
from scraper.crawl import fetch_robots, fetch_sitemap, find_slugs, page_url
from scraper.errors import FetchError, GoneError, RegisterWatchError
from scraper.fetch import Fetcher, Page, Validators
from scraper.slugs import slug_of
from scraper.vocabulary import Vocabulary
from snapshots.history import Capture
from snapshots.readings import read_body
from snapshots.runlog import NOT_ASKED, NewPage, Trouble
from snapshots.store import Outcome, Store, no_progress
from snapshots.times import as_text, read_time

_log = logging.getLogger(__name__)


MOST_SILENCES = 10
"""Pages in a row without an answer after which a run stops asking: a site that is down is not helped by 2,000 more."""


class RunFailedError(RegisterWatchError):
    """A run that could not begin, or was stopped. Bodies that arrived are kept; nothing else has changed."""


class RunStoppedError(RunFailedError):
    """A run that was told to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Where the register is: settings of `[register]`."""

    index: str
    slugs: tuple[str, ...] = ()
    sitemap: str | None = None


@dataclass(slots=True)
class Harvest:
    """What a run brought home."""

    pages: list[NewPage] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    kept_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What became of a run."""

    outcome: Outcome
    started_at: str
    finished_at: str
    asked: int
    received_bytes: int
    kept_bytes: int
    gone: int
    """Pages of which the server says that there are none."""
    failed: dict[str, str]
    """Slug → reason: no answer, no whole answer, or refused."""


Watch = Callable[[Iterable[str], int], Iterable[str]]
"""Wraps the slugs asked for, of known number, and shows how far it is."""


def run_once(
    store: Store,
    fetcher: Fetcher,
    register: Register,
    *,
    vocabulary: Vocabulary,
    guards: Guards,
    only: Collection[str] = (),
    limit: int | None = None,
    dry_run: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    watch: Watch = lambda slugs, _length: slugs,
    stopped: Callable[[], bool] = lambda: False,
) -> RunReport:
    """Pass once over the register.

    Args:
        store: The database.
        fetcher: Asks the site.
        register: Where the register is.
        vocabulary: Known names.
        guards: What is believable.
        only: Slugs to ask for, instead of all.
        limit: Ask for no more pages than this.
        dry_run: Decide and report, but keep nothing.
        now: The clock.
        watch: Shows how far it is.
        stopped: Asked between two pages: whether to stop.

    Raises:
        RunFailedError: It was stopped (RunStoppedError), or a slug of *only* is not known.
        FetchError, CrawlError: The index cannot be read, or robots.txt forbids.
    """
    started_at = _time_of_run(store, now())
    addresses = find_pages(store, fetcher, register)
    wanted = dict(list(_chosen(addresses, only).items())[:limit])
    # What failed last comes last: ten pages that fail for good must not keep a run from the others.
    failed_last = store.log.failed_last()
    order = sorted(wanted, key=lambda slug: slug in failed_last)
    harvest = Harvest()
    validators = store.log.validators()
    silences = 0
    for slug in watch(order, len(order)):
        if stopped():
            raise RunStoppedError("stopped between two pages; nothing is lost, the next run asks for all of them again")
        if silences >= MOST_SILENCES:
            harvest.failed[slug] = f"{NOT_ASKED}: the site gave no answer {MOST_SILENCES} times in a row"
            continue
        answered = _fetch_one(store, fetcher, slug, addresses, validators, vocabulary, harvest, keep=not dry_run)
        silences = 0 if answered else silences + 1
    finished_at = max(started_at, as_text(now()))
    outcome = store.take(
        harvest.pages,
        time=started_at,
        complete=not only and limit is None,
        finished_at=finished_at,
        vocabulary=vocabulary,
        guards=guards,
        progress=no_progress,
        kind="run",
        trouble=Trouble(harvest.failed, frozenset(harvest.gone)),
        keep=not dry_run,
    )
    return RunReport(
        outcome=outcome,
        started_at=started_at,
        finished_at=finished_at,
        asked=len(wanted),
        received_bytes=fetcher.received,
        kept_bytes=harvest.kept_bytes + outcome.kept_bytes,
        gone=len(harvest.gone),
        failed={**outcome.refused, **outcome.decision.distrusted},
    )


def find_pages(store: Store, fetcher: Fetcher, register: Register) -> dict[str, str]:
    """Return slug → address of every page to ask for: listed by the index, the settings or the sitemap, or known.

    A page that vanishes from the index is asked for until the server says that it is gone.

    Raises:
        FetchError, CrawlError: The index or the sitemap cannot be read, or robots.txt forbids.
    """
    fetcher.obey(fetch_robots(fetcher, register.index), register.index)
    index = fetcher.fetch(register.index)
    if index is None:
        raise FetchError(register.index, "the server says that it is unchanged, though it was not asked")
    if host_of(index.url) != host_of(register.index):
        fetcher.obey(fetch_robots(fetcher, index.url), index.url)
    hosts = fetcher.manners.register_hosts
    found = dict(find_slugs(index.body, index.url, hosts=hosts, charset=index.charset))
    if register.sitemap:
        found |= dict(fetch_sitemap(fetcher, register.sitemap))
    others = sorted({*register.slugs, *store.log.standing_pages()} - found.keys())
    last_seen = store.log.captures_at(store.log.newest()) if others else {}
    return found | {slug: _last_address(last_seen.get(slug), register.index, slug) for slug in others}


def _last_address(capture: Capture | None, index: str, slug: str) -> str:
    """Return where a page was seen last: with or without a final slash is not for us to guess.

    One that no run has seen on the register's own host is where the register's rule puts it.
    """
    host = urljoin(index, "/")
    return capture.source if capture and capture.source.startswith(host) else page_url(index, slug)


def _time_of_run(store: Store, began: datetime) -> str:
    """Return as of when a run counts: now, and always after all that is known.

    What the register says now is later than what it said before, whatever the clock says. Were a run put before older
    ones because a clock was set wrong, then or now, those would tell as news that its changes were taken back.
    """
    newest = store.log.newest()
    if as_text(began) > newest:
        return as_text(began)
    after_it = read_time(newest) + timedelta(seconds=1)
    if after_it - began > timedelta(minutes=1):
        _log.warning("the clock says %s, but %s was seen before: is it right?", as_text(began), newest)
    return as_text(after_it)


def _chosen(addresses: dict[str, str], only: Collection[str]) -> dict[str, str]:
    for slug in only:
        if slug not in addresses:
            near = get_close_matches(slug, addresses, n=3)
            hint = f"; the nearest are {', '.join(near)}" if near else ""
            raise RunFailedError(f"no page is called {slug!r}{hint}")
    return {slug: addresses[slug] for slug in only} if only else addresses


def _fetch_one(
    store: Store,
    fetcher: Fetcher,
    slug: str,
    addresses: dict[str, str],
    validators: dict[str, tuple[str, str | None, str | None]],
    vocabulary: Vocabulary,
    harvest: Harvest,
    *,
    keep: bool,
) -> bool:
    """Fetch one page into *harvest*; its bytes are kept at once, before anybody tries to understand them.

    Returns:
        Whether the site answered at all.
    """
    believed, etag, last_modified = validators.get(slug, ("", None, None))
    try:
        page = fetcher.fetch(addresses[slug], Validators(etag, last_modified) if believed else None)
    except GoneError:
        harvest.gone.add(slug)
        return True
    except FetchError as error:
        _log.warning("%s: %s", slug, error.reason)
        harvest.failed[slug] = error.reason
        return not error.temporary or error.status not in (None, 429, 503)
    if page is None:
        harvest.pages.append(NewPage(slug, believed, addresses[slug], as_text(datetime.now(UTC)), None, None))
        return True
    if (other := slug_of(page.url)) != slug:
        # Under this name stands another page. It is asked for itself; this one is no more.
        if other in addresses:
            harvest.gone.add(slug)
        else:
            harvest.failed[slug] = f"redirects to {page.url}, which is no page that is known"
        return True
    harvest.pages.append(_kept(store, slug, page, vocabulary, harvest, keep=keep))
    return True


def _kept(store: Store, slug: str, page: Page, vocabulary: Vocabulary, harvest: Harvest, *, keep: bool) -> NewPage:
    sha256 = hashlib.sha256(page.body).hexdigest()
    at = as_text(page.fetched_at)
    known = store.log.is_read(sha256)
    if keep and not known:
        harvest.kept_bytes += store.keep_body(sha256, page.body, slug, at)
    return NewPage(
        slug=slug,
        sha256=sha256,
        source=page.url,
        captured_at=at,
        body=None if keep or known else page.body,
        reading=None if known else read_body(page.body, slug, page.url, vocabulary, page.charset),
        charset=page.charset,
        etag=page.etag,
        last_modified=page.last_modified,
    )
