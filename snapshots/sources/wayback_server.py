"""Fetch captures from a Wayback server: one after the other, politely, and each only once.

The manners are those of every fetch (scraper/web/fetch.py): one connection, spacing, retries with Retry-After, a
deadline, a limit of size, robots.txt. A capture that arrived whole, with the digest that the list says, is kept under
its own name by one rename; a fetch that was killed finds it there.
"""

from pathlib import Path

from scraper.errors import FetchError, ForbiddenError
from scraper.files import whole_file
from scraper.web.crawl import fetch_robots
from scraper.web.fetch import Fetcher
from snapshots.sources.payloads import Payload
from snapshots.sources.wayback import ListedCapture, check

MOST_FAILURES = 3
"""Captures in a row that the server may leave unanswered before it is left alone."""

LATER = "try again later: what arrived is not fetched again"


class RemoteCaptures:
    """The captures of a Wayback server at *root*, kept in *folder* as they arrive."""

    def __init__(self, fetcher: Fetcher, root: str, folder: Path) -> None:
        self._fetcher = fetcher
        self._root = root.rstrip("/") + "/"
        self._folder = folder
        self._asked = False
        self._failures = 0
        self._stopped: str | None = None

    def fetch(self, capture: ListedCapture) -> Payload:
        """Return the bytes of a capture, which are kept now, or why they cannot be had."""
        if self._stopped:
            return Payload(b"", f"not asked for: {self._stopped}")
        url = f"{self._root}web/{capture.timestamp}id_/{capture.original}"
        try:
            self._greet()
            page = self._fetcher.fetch(url)
        except FetchError as error:
            return Payload(b"", self._failed(error))
        self._failures = 0
        if page is None:
            return Payload(b"", "the archive says that it is unchanged, though it was not asked")
        payload = check(Payload(page.body), capture, "what the archive sent")
        if f"/{capture.timestamp}" not in page.url and not capture.digest:
            payload = Payload(b"", f"the archive has it only of another time: {page.url}")
        if payload.refused is None:
            self._keep(capture, payload.body)
        return payload

    def _greet(self) -> None:
        """Ask for robots.txt, before anything else is asked."""
        if not self._asked:
            self._asked = True
            self._fetcher.obey(fetch_robots(self._fetcher, self._root), self._root)

    def _failed(self, error: FetchError) -> str:
        self._failures = self._failures + 1 if error.temporary else 0
        if isinstance(error, ForbiddenError):
            self._stopped = f"{error.reason}; save the captures into DIR by other means"
        elif self._failures >= MOST_FAILURES:
            self._stopped = f"the archive does not answer; {LATER}"
        return f"{error.reason}; {LATER}" if error.temporary else error.reason

    def _keep(self, capture: ListedCapture, body: bytes) -> None:
        file = self._folder / capture.file_name
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as stream:
            stream.write(body)
