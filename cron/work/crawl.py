"""What a run brings home, page by page: found, fetched, kept, read. What it means is decided when all is there."""

import hashlib
import logging
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple
from urllib.parse import urljoin

from cron.work.context import Context
from scraper.errors import CrawlError, FetchError, GoneError
from scraper.limits import too_many_pages
from scraper.register import NHS_DATA_RELEASE
from scraper.slugs import slug_of
from scraper.times import as_text
from scraper.web.addresses import host_of
from scraper.web.crawl import fetch_robots, fetch_sitemap, find_slugs
from scraper.web.fetch import FetchedPage, Fetcher, Validators
from snapshots.keeping.readings import read_body, rules_of
from snapshots.keeping.runlog import NOT_ASKED, Capture, RunLog
from snapshots.sources.waiting import WaitingRoom

_log = logging.getLogger(__name__)

MOST_SILENCES = 10
"""Pages in a row without an answer after which a run stops asking: a site that is down is not helped by 2,000 more."""


class PagesToAskFor(NamedTuple):
    """The pages to ask for, and what of them the index lists."""

    addresses: dict[str, str]
    """Slug → address of every page to ask for."""
    made_of: str
    """Names the index and what reads it."""
    newly_listed: dict[str, str] | None
    """Slug → address of those that it lists; None where that is kept already, as on most nights."""


def find_pages(context: Context, fetcher: Fetcher) -> PagesToAskFor:
    """Return every page to ask for: listed by the index, the settings or the sitemap, or known.

    A page that vanishes from the index is asked for until the server says that it is gone.

    Raises:
        FetchError, CrawlError: The index or the sitemap cannot be read, or robots.txt forbids.
    """
    register, start = context.settings.register, fetcher.policy.index
    # Before anything else is asked for, the index too.
    fetcher.obey(fetch_robots(fetcher, start), start)
    index = fetcher.fetch(start)
    if index is None:
        raise FetchError(start, "the server says that it is unchanged, though it was not asked")
    # Redirected to another host of the register: it has rules of its own.
    if host_of(index.url) != host_of(start):
        fetcher.obey(fetch_robots(fetcher, index.url), index.url)
    store, hosts = context.store(), fetcher.policy.register_hosts
    made_of = _made_of(index, hosts)
    # Most nights it lists what it did, and to read it takes as long as to ask for hundreds of pages.
    kept, newly_listed = store.log.pages_listed(made_of), None
    if kept is None:
        newly_listed = dict(find_slugs(index.body, index.url, hosts=hosts, charset=index.charset))
    found = (kept or newly_listed or {}) | (dict(fetch_sitemap(fetcher, register.sitemap)) if register.sitemap else {})
    standing = store.log.standing_pages()
    # Before any of them is asked for: the site would be asked for days, and the night would be over before its end.
    if reason := too_many_pages(len(found), len(standing)):
        raise CrawlError(start, f"names {reason}: not believed, and none was asked for")
    others = sorted({*register.slugs, *standing} - found.keys())
    return PagesToAskFor(found | addresses_of(store.log, start, others), made_of, newly_listed)


def _made_of(index: FetchedPage, hosts: Iterable[str]) -> str:
    """Return a checksum of all that decides what an index lists, the program's own rules among it."""
    about = repr((index.url, index.charset, sorted(hosts), rules_of("scraper")))
    return hashlib.sha256(about.encode() + index.body).hexdigest()


def addresses_of(log: RunLog, index: str, slugs: Iterable[str]) -> dict[str, str]:
    """Return slug → the address at which each page was seen last: with a final slash or without is not ours to guess.

    One that no run has seen on the register's own host is where the register's rule puts it.
    """
    slugs, host = list(slugs), urljoin(index, "/")
    last_seen = log.origins_at(log.newest(), slugs) if slugs else {}
    seen_here = {slug: origin.source for slug, origin in last_seen.items() if origin.source.startswith(host)}
    return {slug: seen_here.get(slug) or NHS_DATA_RELEASE.address_of(slug, index) for slug in slugs}


class Crawl:
    """The pages of one run.

    Args:
        context: The database, the known names, the clock.
        fetcher: Asks the site.
        addresses: Slug → address of every page known.
        keep: Whether bytes are kept as they arrive.
    """

    def __init__(self, context: Context, fetcher: Fetcher, addresses: dict[str, str], *, keep: bool) -> None:
        self.pages: list[Capture] = []
        self.failed: dict[str, str] = {}
        self.gone: set[str] = set()
        self.kept_bytes = 0
        self._context, self._store, self._fetcher = context, context.store(), fetcher
        self._addresses, self._keep = addresses, keep
        self._validators = self._store.log.validators()
        self._silences = 0
        # What was read is of the transaction that ends the run (rule 1); a register of it would not fit into memory.
        self._read = WaitingRoom(context.settings.store.database.parent)

    def ask_for(self, slug: str) -> None:
        """Ask for one page, unless the site has long been silent."""
        if self._silences >= MOST_SILENCES:
            self.failed[slug] = f"{NOT_ASKED}: the site gave no answer {MOST_SILENCES} times in a row"
            return
        # Only of a page that was understood: a 304 for one that was not would hide it for good.
        believed, etag, last_modified = self._validators.get(slug, ("", None, None))
        url = self._addresses[slug]
        try:
            page = self._fetcher.fetch(url, Validators(etag, last_modified) if believed else None)
        except GoneError:
            self.gone.add(slug)
        except FetchError as error:
            self._note_failure(slug, error)
            return
        else:
            if page is None:
                self.pages.append(Capture(slug, believed, url, as_text(self._context.clock())))
            else:
                self._take(slug, page)
        self._silences = 0

    def _note_failure(self, slug: str, error: FetchError) -> None:
        _log.warning("%s: %s", slug, error.reason)
        self.failed[slug] = error.reason
        # An answer, however unwelcome, is no silence; asking for patience, or being overloaded, is one.
        silent = error.temporary and error.status in (None, 429, 503)
        self._silences = self._silences + 1 if silent else 0

    def _take(self, slug: str, page: FetchedPage) -> None:
        other = slug_of(page.url)
        if other == slug:
            self.pages.append(self._kept(slug, page))
        elif other in self._addresses:
            # Under this name stands another page. It is asked for itself; this one is no more.
            self.gone.add(slug)
        else:
            self.failed[slug] = f"redirects to {page.url}, which is no page that is known"

    def close(self) -> None:
        """Let go of what was read."""
        self._read.close()

    def _kept(self, slug: str, page: FetchedPage) -> Capture:
        """Keep the bytes of a page, before anybody tries to understand them; then read them."""
        sha256 = hashlib.sha256(page.body).hexdigest()
        at = as_text(page.fetched_at)
        # Bytes that were read before are kept and understood already, whichever page they came for.
        known = self._store.log.is_read(sha256)
        if self._keep and not known:
            self.kept_bytes += self._store.keep_body(sha256, page.body, slug, at)
        if not known:
            vocabulary = self._context.vocabulary
            self._read.keep(sha256, read_body(page.body, slug, page.url, vocabulary, page.charset), len(page.body))
        return Capture(
            slug=slug,
            sha256=sha256,
            source=page.url,
            captured_at=at,
            # What is kept need not be carried along, nor what was read.
            body=None if self._keep or known else page.body,
            reading=None if known else partial(self._read.take, sha256),
            charset=page.charset,
            etag=page.etag,
            last_modified=page.last_modified,
            headers=page.headers,
        )
