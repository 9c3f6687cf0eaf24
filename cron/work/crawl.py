"""What a run brings home, page by page: fetched, kept at once, read. What it means is decided when all are there."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from scraper.errors import FetchError, GoneError
from scraper.names.vocabulary import Vocabulary
from scraper.slugs import slug_of
from scraper.times import as_text
from scraper.web.fetch import FetchedPage, Fetcher, Validators
from snapshots.keeping.readings import read_body
from snapshots.keeping.runlog import NOT_ASKED, Capture
from snapshots.keeping.store import Store

_log = logging.getLogger(__name__)

MOST_SILENCES = 10
"""Pages in a row without an answer after which a run stops asking: a site that is down is not helped by 2,000 more."""


class Harvest:
    """The pages of one run.

    Args:
        store: The database.
        fetcher: Asks the site.
        addresses: Slug → address of every page known.
        vocabulary: Known names.
        keep: Whether bytes are kept as they arrive.
        now: The clock.
    """

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        addresses: Mapping[str, str],
        vocabulary: Vocabulary,
        *,
        keep: bool,
        now: Callable[[], datetime],
    ) -> None:
        self.pages: list[Capture] = []
        self.failed: dict[str, str] = {}
        self.gone: set[str] = set()
        self.kept_bytes = 0
        self._store, self._fetcher, self._vocabulary = store, fetcher, vocabulary
        self._addresses, self._keep, self._now = addresses, keep, now
        self._validators = store.log.validators()
        self._silences = 0

    def ask_for(self, slug: str) -> None:
        """Ask for one page, unless the site has long been silent."""
        if self._silences >= MOST_SILENCES:
            self.failed[slug] = f"{NOT_ASKED}: the site gave no answer {MOST_SILENCES} times in a row"
            return
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
                self.pages.append(Capture(slug, believed, url, as_text(self._now())))
            else:
                self._take(slug, page)
        self._silences = 0

    def _note_failure(self, slug: str, error: FetchError) -> None:
        _log.warning("%s: %s", slug, error.reason)
        self.failed[slug] = error.reason
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

    def _kept(self, slug: str, page: FetchedPage) -> Capture:
        """Keep the bytes of a page, before anybody tries to understand them; then read them."""
        sha256 = hashlib.sha256(page.body).hexdigest()
        at = as_text(page.fetched_at)
        known = self._store.log.is_read(sha256)
        if self._keep and not known:
            self.kept_bytes += self._store.keep_body(sha256, page.body, slug, at)
        return Capture(
            slug=slug,
            sha256=sha256,
            source=page.url,
            captured_at=at,
            body=None if self._keep or known else page.body,
            reading=None if known else read_body(page.body, slug, page.url, self._vocabulary, page.charset),
            charset=page.charset,
            etag=page.etag,
            last_modified=page.last_modified,
            headers=page.headers,
        )
