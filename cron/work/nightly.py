"""One run over the register, readable from top to bottom: find the pages, fetch them, keep them, decide, commit."""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from urllib.parse import urljoin

from cron.work.crawl import Harvest
from diff.names import said_nearest
from scraper.errors import FetchError, RegisterWatchError
from scraper.times import as_text, read_time
from scraper.web.addresses import host_of
from scraper.web.crawl import fetch_robots, fetch_sitemap, find_slugs, page_url
from scraper.web.fetch import Fetcher
from snapshots.keeping.history import Origin
from snapshots.keeping.runlog import NewEdition
from snapshots.keeping.store import Dues, Outcome, Rules, Store

_log = logging.getLogger(__name__)


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
    rules: Rules,
    *,
    only: Collection[str] = (),
    limit: int | None = None,
    dry_run: bool = False,
    dues: Dues | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    watch: Watch = lambda slugs, _length: slugs,
    stopped: Callable[[], bool] = lambda: False,
) -> RunReport:
    """Pass once over the register.

    Args:
        store: The database.
        fetcher: Asks the site.
        register: Where the register is.
        rules: What pages are read and believed by.
        only: Slugs to ask for, instead of all.
        limit: Ask for no more pages than this.
        dry_run: Decide and report, but keep nothing.
        dues: Says what is to be told of it; nobody is told without.
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
    harvest = Harvest(store, fetcher, addresses, rules.vocabulary, keep=not dry_run, now=now)
    for slug in watch(order, len(order)):
        if stopped():
            raise RunStoppedError("stopped between two pages; nothing is lost, the next run asks for all of them again")
        harvest.ask_for(slug)
    finished_at = max(started_at, as_text(now()))
    edition = NewEdition(
        captures=harvest.pages,
        time=started_at,
        finished_at=finished_at,
        complete=not only and limit is None,
        kind="run",
        failed=harvest.failed,
        gone=frozenset(harvest.gone),
    )
    outcome = store.take(edition, rules, keep=not dry_run, dues=dues)
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
    hosts = fetcher.policy.register_hosts
    found = dict(find_slugs(index.body, index.url, hosts=hosts, charset=index.charset))
    if register.sitemap:
        found |= dict(fetch_sitemap(fetcher, register.sitemap))
    others = sorted({*register.slugs, *store.log.standing_pages()} - found.keys())
    return found | addresses_of(store, register.index, others)


def addresses_of(store: Store, index: str, slugs: Iterable[str]) -> dict[str, str]:
    """Return slug → the address at which each page was seen last."""
    slugs = list(slugs)
    last_seen = store.log.origins_at(store.log.newest()) if slugs else {}
    return {slug: _last_address(last_seen.get(slug), index, slug) for slug in slugs}


def _last_address(origin: Origin | None, index: str, slug: str) -> str:
    """Return where a page was seen last: with or without a final slash is not for us to guess.

    One that no run has seen on the register's own host is where the register's rule puts it.
    """
    host = urljoin(index, "/")
    return origin.source if origin and origin.source.startswith(host) else page_url(index, slug)


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
            raise RunFailedError(f"no page is called {slug!r}{said_nearest(near)}")
    return {slug: addresses[slug] for slug in only} if only else addresses
