"""Polite HTTP: one page of the register at a time, within limits, or a reason why not.

Here are the manners: spacing, retries, redirects, conditional requests. What one request is bounded by, and what is
guaranteed of it, is `transport`'s. What is fetched is not looked at.
"""

import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from scraper.errors import FetchError, ForbiddenError, GoneError
from scraper.limits import LARGEST_PAGE
from scraper.web.addresses import AddressError, check_address, host_of, is_private_host, redirected
from scraper.web.proxy import Proxy
from scraper.web.robots import Robots
from scraper.web.sockets import look_up
from scraper.web.transport import Resolve, Response, Transport, TransportError, retry_after_s

# What is waited at most when a server asks for patience. One that asks for more is told of in the error.
MOST_WAIT_S = 120.0

# To https, to the host's other name, to the address with a slash: what goes on after that leads nowhere.
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
# What may be otherwise in a minute. Not 403: a site that has shut us out is not asked again by a program.
_PASSING = frozenset((429, 500, 502, 503, 504))
_GONE = frozenset((404, 410))
# To a request with a validator: the server may not bear what it said itself.
_NOT_BORNE = frozenset((400, 431))
_LONGEST_VALIDATOR = 512
_PACKED_TAG = '-gzip"'
# What browsers make of a header: quotes of either sort, blanks, and the first of several.
_CHARSET = re.compile(r";\s*+charset\s*+=\s*+(?:[\"']\s*+)?([^\s;\"',]+)", re.IGNORECASE)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """How the register's server is asked, and how far it is trusted. All but `index` are settings of `[fetch]`."""

    contact: str  # the operator's, an address of mail or web: whom the site can write to
    index: str  # the configured address of the register
    hosts: tuple[str, ...] = ()  # other hosts that serve the same register
    interval_s: float = 1.0  # from the start of one request to the start of the next
    timeout_s: float = 30.0  # of one silence
    deadline_s: float = 120.0  # of one page in all, its retries and waits included
    retries: int = 4
    max_bytes: int = LARGEST_PAGE  # of one page, packed and unpacked
    ca_file: Path | None = None  # authorities to trust in place of those that this machine does
    proxy: str | None = None  # through which all of it goes

    def __post_init__(self) -> None:
        if not self.contact.strip() or not (self.contact.isascii() and self.contact.isprintable()):
            raise ValueError("a contact is required, in printable ASCII: the address under which the site reaches you")

    @property
    def register_hosts(self) -> frozenset[str]:
        """The hosts that are asked, and to which redirects are followed."""
        return frozenset(filter(None, map(host_of, (self.index, *self.hosts))))

    @property
    def allow_private(self) -> bool:
        """Whether addresses of this machine and of private networks may be asked: only if the index has such a name."""
        return is_private_host(host_of(self.index))

    @property
    def user_agent(self) -> str:
        """What we call ourselves."""
        return f"registerwatch/{version('registerwatch')} (+{self.contact.strip()})"


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server gave us with the last *committed* snapshot of a page, word for word."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        r"""What is sent back of them.

        Apache's mod_deflate names a packed page `"x-gzip"` and knows it as `"x"` alone; what it is called there is
        asked beside it. A tag that no server can read in a request would lose us the page night after night.

        >>> Validators('"x-gzip"').headers, Validators('W/"x"', "Sat, 21 Nov 2026").headers
        ({'If-None-Match': '"x-gzip", "x"'}, {'If-None-Match': 'W/"x"', 'If-Modified-Since': 'Sat, 21 Nov 2026'})
        >>> Validators("x" * 9000, "\x01").headers
        {}
        """
        etag, date = self.etag or "", self.last_modified or ""
        plain = f'{etag.removesuffix(_PACKED_TAG)}"' if etag.endswith(_PACKED_TAG) else ""
        said = {"If-None-Match": etag and ", ".join(filter(None, (etag, plain))), "If-Modified-Since": date}
        return {name: value for name, value in said.items() if value and _is_sane(value)}


def _is_sane(value: str) -> bool:
    return value.isascii() and value.isprintable() and len(value) <= _LONGEST_VALIDATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPage:
    """A page as it came."""

    url: str  # after redirects: may be another page than the one asked for
    body: bytes  # unpacked
    charset: str | None  # as the header declares it; None if it does not
    etag: str | None
    last_modified: str | None
    fetched_at: datetime  # when it was asked for
    received: int  # bytes that came for it: headers, redirects and failed attempts too
    headers: tuple[tuple[str, str], ...]


class Fetcher:
    """Asks the register's server, one request at a time and evenly spaced, whatever the request is for.

    All spellings of the register's host count as one host. One thread, one run; use it in a `with` statement.

    Args:
        policy: How to ask.
        clock: Seconds that never go back.
        sleep: Waits for seconds.
        now: The time of day, UTC.
        jitter: A number between 0 and 1, so that many watchers do not come back in step.
        resolve: Looks up a host's addresses.
    """

    def __init__(
        self,
        policy: FetchPolicy,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
        resolve: Resolve = look_up,
    ) -> None:
        self.policy = policy
        self.interval_s = policy.interval_s
        self._hosts = policy.register_hosts
        self._user_agent = policy.user_agent
        self._clock, self._sleep, self._now, self._jitter = clock, sleep, now, jitter
        self._transport = Transport(
            timeout_s=policy.timeout_s,
            deadline_s=policy.deadline_s,
            max_bytes=policy.max_bytes,
            allow_private=policy.allow_private,
            clock=clock,
            resolve=resolve,
            ca_file=str(policy.ca_file) if policy.ca_file else None,
            proxy=Proxy.at(policy.proxy) if policy.proxy else None,
        )
        self._rules: dict[str, Robots] = {}  # by host
        self._next_at = clock()  # when the next request may start

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def received(self) -> int:
        """All bytes that came so far."""
        return self._transport.received

    def obey(self, rules: Robots, url: str) -> None:
        """Keep to the *rules* of the host of *url* from now on: what it forbids, and its crawl delay if that is longer.

        The addresses that redirects lead to are held against them too.
        """
        self._rules[host_of(url)] = rules
        self.interval_s = max(self.interval_s, rules.crawl_delay_s or 0.0)

    def fetch(
        self, url: str, validators: Validators | None = None, *, at_most: int | None = None
    ) -> FetchedPage | None:
        """Fetch a page, unless it is unchanged.

        Args:
            url: Where it is, on one of the register's hosts.
            validators: Of the last committed snapshot of it; never of one that was not understood.
            at_most: Bytes that are wanted of it; of a longer one the rest is left.

        Returns:
            The page, or None if the server said 304 Not Modified.

        Raises:
            GoneError: The server says that there is no such page.
            ForbiddenError: robots.txt forbids it.
            FetchError: Any other reason; always the last one, when it was tried several times.
        """
        received_before = self.received
        # Counted from when its turn comes: a page does not pay for the one before it.
        deadline = max(self._clock(), self._next_at) + self.policy.deadline_s
        for attempt in range(self.policy.retries + 1):
            try:
                return self._attempt(url, validators or Validators(), deadline, received_before, at_most)
            except FetchError as error:
                is_last = not error.temporary or attempt == self.policy.retries
                # After the last try the next page waits only if the server asked for it.
                if error.wait_s is not None or not is_last:
                    self._postpone(error, attempt)
                if is_last or self._next_at >= deadline:
                    raise
                _log.info("asking again in %.0f s: %s", self._next_at - self._clock(), error)
        raise AssertionError("the last attempt raises or returns")  # pragma: no cover

    def _postpone(self, error: FetchError, attempt: int) -> None:
        """Put the next request off, this page's or the next one's: the server wants to be left alone, or needs it."""
        wait_s = 2.0**attempt if error.wait_s is None else min(error.wait_s, MOST_WAIT_S)
        self._next_at = max(self._next_at, self._clock() + wait_s + self._jitter())

    def _take_turn(self) -> None:
        """Wait until the next request may start. Counted from start to start, so that requests come evenly."""
        wait_s = self._next_at - self._clock()
        if wait_s > 0:
            self._sleep(wait_s)
        self._next_at = self._clock() + self.interval_s

    def _attempt(
        self, url: str, validators: Validators, deadline: float, received_before: int, at_most: int | None
    ) -> FetchedPage | None:
        conditions = validators.headers
        asked = url
        seen = set()
        while True:
            self._check(url, asked)
            seen.add(asked)
            self._take_turn()
            # The last request's, and its beginning: what changed while the page was on its way is a later page's.
            fetched_at = self._now()
            try:
                response = self._transport.ask(asked, self._headers | conditions, deadline, at_most=at_most)
            except TransportError as error:
                raise FetchError(url, error.reason, temporary=error.temporary) from error
            if conditions and response.status in _NOT_BORNE:
                conditions = {}
                continue
            if response.status not in _REDIRECTS:
                break
            asked = self._redirected(url, asked, response)
            if asked in seen or len(seen) > _MOST_REDIRECTS:
                raise FetchError(url, f"redirects in a circle, at last to {asked}", status=response.status)
        # Who has nothing cannot be told that it is unchanged, though some caches say so to everybody.
        if response.status == HTTPStatus.NOT_MODIFIED and conditions:
            return None
        if response.status != HTTPStatus.OK:
            raise self._refusal(url, response)
        return FetchedPage(
            url=asked,
            body=response.body,
            charset=declared_charset(response.header("Content-Type")),
            etag=response.header("ETag") or None,
            last_modified=response.header("Last-Modified") or None,
            fetched_at=fetched_at,
            received=self.received - received_before,
            headers=response.headers,
        )

    @property
    def _headers(self) -> dict[str, str]:
        return {
            "User-Agent": self._user_agent,
            "Accept": "text/html, */*;q=0.5",
            "Accept-Encoding": "gzip",
            "Connection": "keep-alive",
        }

    def _check(self, url: str, asked: str) -> None:
        try:
            check_address(asked, self._hosts)
        except AddressError as error:
            raise FetchError(url, str(error)) from error
        # robots.txt itself may always be asked for (RFC 9309, 2.2.2).
        rules = self._rules.get(host_of(asked))
        if rules and not rules.allows(asked) and urlsplit(asked).path != "/robots.txt":
            forbids = "robots.txt forbids it" if asked == url else f"robots.txt forbids {asked}, where it redirects to"
            raise ForbiddenError(url, rules.unreadable or forbids)

    def _redirected(self, url: str, asked: str, response: Response) -> str:
        location = response.header("Location")
        if not location:
            raise FetchError(url, f"answered {response.status} without saying where to", status=response.status)
        try:
            # Headers are read as Latin-1; an address that is not ASCII is UTF-8.
            return redirected(asked, location.encode("latin-1").decode("utf-8", "replace"), self._hosts)
        except AddressError as error:
            raise FetchError(url, str(error), status=response.status) from error

    def _refusal(self, url: str, response: Response) -> FetchError:
        # The standard's words for a status: a server's may be anything.
        phrase = HTTPStatus(response.status).phrase if response.status in set(HTTPStatus) else ""
        said = f"answered {response.status} {phrase}".rstrip()
        if response.status in _GONE:
            return GoneError(url, said, status=response.status)
        if response.status not in _PASSING:
            return FetchError(url, said, status=response.status)
        wait_s = retry_after_s(response.header("Retry-After"), self._now())
        if wait_s:
            said += f" and asked for {_in_words(wait_s)} of patience"
        return FetchError(url, said, status=response.status, wait_s=wait_s, temporary=True)


def declared_charset(content_type: str) -> str | None:
    """Return the set of characters that a `Content-Type` declares. What it leaves out is not made up.

    >>> declared_charset('text/html; charset="UTF-8"'), declared_charset("text/html")
    ('utf-8', None)
    """
    found = _CHARSET.search(content_type)
    return found[1].lower() if found else None


def _in_words(seconds: float) -> str:
    """Return a length of time in the largest unit that suits it.

    >>> _in_words(86400), _in_words(5400), _in_words(30)
    ('24 h', '90 min', '30 s')
    """
    if seconds >= 7200:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
