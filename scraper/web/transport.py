"""One request, one response, within limits. No spacing, no retries, no redirects, no robots.txt: those are `fetch`'s.

What is guaranteed here, on top of requests and urllib3:

- Time: every read of the socket, of headers too, has what is left of the deadline, so a server that drips cannot hold
  the run. The system's own look-up of a name is the one thing that no deadline reaches.
- Place: the name is looked up once for each connection, the answer is checked, and the very address that was checked is
  connected to. A name that answers differently a moment later (DNS rebinding) changes nothing. A proxy that the
  operator names looks names up itself: then what it connects to is its to refuse, and which hosts may be asked at all
  is still ours. Proxies, `.netrc` and other settings of the environment are not read; cookies are not kept.
- Size: the body is counted as it comes and again as it unpacks; both stop at the limit. So does all that comes with it.
- Whole: a body shorter than its Content-Length, chunks without an end, gzip without its checksum are refused. What
  nothing can show is a cut in a body that has neither length nor chunks nor gzip: the parser looks for `</html>`.
- TLS is verified against the certificates that this machine trusts, or against those that are given.
"""

import re
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache, partial
from http.client import IncompleteRead
from socket import socket
from typing import Any, NamedTuple

import requests
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from scraper.errors import RegisterWatchError
from scraper.text import one_of_equal
from scraper.web.addresses import is_public
from scraper.web.connections import Adapter, trusted_context
from scraper.web.proxy import Proxy, ProxyRefusedError
from scraper.web.sockets import Limits, look_up, reach

Resolve = Callable[[str, int], list[str]]
"""A host's name and a port to the numeric addresses it has, best first."""

_PIECE = 65536
_MOST_OF_A_REFUSAL = 16384  # what is read of an error's body to keep the connection; a longer one closes it
_MOST_AT_ONCE = 1 << 20  # of unpacked bytes
_LONGEST_RETRY_S = 1e9  # any number of digits is a number, and this one is for ever
_ROOM = 1 << 20  # beside a body: headers, and what chunks add to it
_GZIP = frozenset(("gzip", "x-gzip"))
# What we cannot unpack. Any other word is none of a packing, and is passed over as browsers do: "none", "utf-8".
_OTHER_PACKINGS = frozenset("br compress x-compress dcb dcz deflate zstd".split())


class TransportError(RegisterWatchError):
    """No whole response.

    Attributes:
        reason: What happened.
        anonymous: The same without an address and without words of the server, to be kept beside a secret address.
        temporary: The same request may succeed another time.
    """

    def __init__(self, reason: str, *, anonymous: str = "", temporary: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.anonymous = anonymous or reason
        self.temporary = temporary


class UnreachedError(TransportError):
    """Nobody was found at the address, or nobody there took the connection."""


class DistrustedError(TransportError):
    """Whoever answered has no certificate of that name that is trusted here."""


class Response(NamedTuple):
    """What the server said. The body of a response that is not 200 is not kept."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return what stands in a header, in all its lines; nothing if there is none."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower()).strip()


def retry_after_s(header: str, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` asks for, given in seconds or as a date; None if it says nothing.

    >>> now = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    >>> retry_after_s("86400", now), retry_after_s("Sun, 25 Oct 2026 01:30:30 GMT", now)
    (86400.0, 30.0)
    >>> retry_after_s("Sun, 25 Oct 2020 01:30:30 GMT", now), retry_after_s("soon", now), retry_after_s("-1", now)
    (0.0, None, None)
    """
    if re.fullmatch(r"\s*[0-9]+\s*", header):
        return min(float(header), _LONGEST_RETRY_S)
    try:
        until = parsedate_to_datetime(header)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    # A date of HTTP is one of UTC, also where it names no zone.
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


@dataclass(kw_only=True)
class Transport:
    """Asks for addresses, one after the other, over connections that are kept open. Not for several threads."""

    timeout_s: float
    """Of one silence."""
    deadline_s: float
    """Of a request in all: for the words of an error; the deadline itself comes with each request."""
    max_bytes: int
    """Of a body, packed and unpacked."""
    allow_private: bool
    """Whether addresses of this machine and of private networks may be asked."""
    clock: Callable[[], float] = time.monotonic
    resolve: Resolve = look_up
    ca_file: str | None = None
    """Certificates of authorities to trust in place of this machine's."""
    proxy: Proxy | None = None
    """Through which all requests go."""
    _adapter: Adapter = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._limits = Limits(self.timeout_s, self.clock)
        # This machine's own certificates are read for the first address that needs them: they take a tenth of a second.
        context = cache(partial(trusted_context, self.ca_file))
        try:
            if self.ca_file:
                context()
        except OSError as error:
            why = "no certificates in it" if isinstance(error, ssl.SSLError) else _plain_words(error)
            raise TransportError(f"ca_file {self.ca_file}: {why}", temporary=False) from error
        self._adapter = Adapter(self._limits, self._open, context, passed_on=self.proxy is not None)

    @property
    def received(self) -> int:
        """All bytes that came, headers too, before anything was unpacked."""
        return self._limits.received

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()

    def ask(
        self,
        url: str,
        headers: Mapping[str, str],
        deadline: float,
        *,
        post: bytes | None = None,
        answered: bool = False,
        at_most: int | None = None,
    ) -> Response:
        """Ask for *url* once.

        Args:
            url: Checked already: see `addresses.check_address`.
            headers: All of the request's.
            deadline: When, on the clock, the response must be whole.
            post: What to send, by POST instead of GET. The response is whole then with its status: no body is read,
                unless it is *answered*.
            answered: Whether the body is wanted of what comes back to a POST.
            at_most: Bytes of the body that are wanted; the rest is left where it is.

        Raises:
            TransportError: There is no whole response.
        """
        self._limits.deadline, self._limits.room = deadline, 2 * self.max_bytes + _ROOM
        # In a tunnel the host would read what is meant for the proxy.
        to_proxy = self.proxy.headers if self.proxy and url.startswith("http:") else {}
        try:
            method = "GET" if post is None else "POST"
            request = _prepared(method, url, {**headers, **to_proxy}, post)
            raw = self._adapter.send(request, stream=True, timeout=self._limits.patience_s()).raw
            return self._read(raw, at_most, wants_body=post is None or answered)
        except TransportError:
            raise
        except (OSError, HTTPError, ValueError) as error:  # a RequestException is an OSError
            raise self._explain(error) from error

    def _open(self, host: str, port: int, *, tunnel: bool) -> socket:
        """Return a connection to *host*, or to the proxy, which has the way to it open if it is a *tunnel*."""
        if self.proxy is None:
            return self._reach(host, port, allow_private=self.allow_private)
        sock = self._reach(self.proxy.host, self.proxy.port, allow_private=True)
        try:
            if tunnel:
                self.proxy.open_tunnel(sock, host.strip("[]"), port, self._limits)
        except ProxyRefusedError as error:
            sock.close()
            raise TransportError(str(error), temporary=error.status not in (401, 403, 405, 407)) from error
        except BaseException:
            sock.close()
            raise
        return sock

    def _reach(self, host: str, port: int, *, allow_private: bool) -> socket:
        """Look *host* up, and connect to the first address that is allowed and answers."""
        try:
            found = self.resolve(host.strip("[]"), port)
        except (OSError, UnicodeError) as error:
            anonymous = "the name of its host does not resolve"
            raise UnreachedError(f"the name {host} does not resolve", anonymous=anonymous) from error
        # Of several addresses those that are not public are passed over: one name may have both.
        allowed = [ip for ip in found if allow_private or is_public(ip)]
        if not allowed:
            where = found[0] if found else "no address"
            raise TransportError(
                f"{host} is at {where}, which is not public",
                anonymous="its host is not on the public internet, and allow_private is not set",
                temporary=False,
            )
        try:
            return reach(allowed, port, self._limits)
        except TimeoutError as error:
            raise UnreachedError(f"no connection within {self.timeout_s:g} s") from error
        except OSError as error:
            raise UnreachedError(f"no connection: {_plain_words(error)}") from error

    def _read(self, raw: BaseHTTPResponse, at_most: int | None, *, wants_body: bool) -> Response:
        # Most are the same on every page, and are kept until the run ends.
        headers = tuple((one_of_equal(name), one_of_equal(value)) for name, value in raw.headers.items())
        response = Response(raw.status, headers, b"")
        try:
            if raw.status == 200 and wants_body:
                return response._replace(body=self._body(response, raw, at_most))
            # Of a webhook's answer only the status counts, and what follows it may be endless.
            if not wants_body or not _leave(raw):
                raw.close()
            return response
        except BaseException:
            raw.close()  # the connection too: what else comes on it belongs to this response
            raise

    def _body(self, response: Response, raw: BaseHTTPResponse, at_most: int | None) -> bytes:
        # Only gzip was asked for. What a server packs otherwise would be read as a page of noise.
        said = [word.strip() for word in response.header("Content-Encoding").lower().split(",")]
        packings = [word for word in said if word in _GZIP | _OTHER_PACKINGS]
        if len(packings) > 1 or not _GZIP.issuperset(packings):
            encoding = ", ".join(packings)
            raise TransportError(f"the answer is packed as {encoding!r}, which was not asked for", temporary=False)
        # A server that says how much it is going to send is believed at once.
        if at_most is None and (raw.length_remaining or 0) > self.max_bytes:
            raise self._too_big()
        pieces = self._pieces(raw)
        # Our own unpacking, because urllib3 takes gzip that stops half-way for whole.
        pieces = _unpacked(pieces, self.max_bytes) if packings else pieces
        if at_most is None:
            return b"".join(pieces)
        body = b""
        while len(body) < at_most and (piece := next(pieces, None)) is not None:
            body += piece
        raw.close()
        return body[:at_most]

    def _pieces(self, raw: BaseHTTPResponse) -> Iterator[bytes]:
        n_bytes = 0
        for piece in iter(partial(raw.read1, _PIECE, decode_content=False), b""):
            n_bytes += len(piece)
            if n_bytes > self.max_bytes:
                raise self._too_big()
            yield piece

    def _too_big(self) -> TransportError:
        return TransportError(f"the answer is longer than {self.max_bytes:,} bytes", temporary=False)

    def _explain(self, error: Exception) -> TransportError:
        """Return in words what a library's *error* says, the deepest cause that means something."""
        causes = list(_causes(error))
        return next(filter(None, map(self._meaning, causes)), None) or TransportError(
            f"no proper answer: {_plain_words(causes[-1])}", anonymous="no proper answer"
        )

    def _meaning(self, error: BaseException) -> TransportError | None:
        match error:
            case TransportError():
                return error
            case ssl.SSLCertVerificationError():
                said = f"the certificate is not to be trusted: {error.verify_message}"
                # OpenSSL says: "… mismatch, certificate is not valid for 'host'".
                anonymous = said.partition(", certificate is not valid for")[0]
                return DistrustedError(said, anonymous=anonymous, temporary=False)
            case TimeoutError() if self.clock() >= self._limits.deadline:
                return TransportError(f"not there within {self.deadline_s:g} s")
            case TimeoutError():
                return TransportError(f"no answer for {self.timeout_s:g} s")
            case ssl.SSLError():
                return TransportError(f"no secure connection: {error.reason or error}")
            case IncompleteRead():  # of http.client, or of urllib3, where it is derived from it
                return TransportError(f"cut off {_where(error)}")
            case ConnectionError():
                return TransportError(f"the connection broke: {_plain_words(error)}")
        return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what it was raised from or for, the outermost first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def _where(error: IncompleteRead) -> str:
    if isinstance(error.partial, int) and error.expected is not None:
        return f"after {error.partial} of {error.partial + error.expected} bytes"
    return "among its chunks"


def _leave(raw: BaseHTTPResponse) -> bool:
    """Read a short body to its end, and say whether the connection can be used again: not after a long one."""
    if raw.length_remaining is None or raw.length_remaining > _MOST_OF_A_REFUSAL:
        return False
    try:
        while raw.read1(_PIECE, decode_content=False):
            pass
    except (HTTPError, OSError):
        return False  # what it says is known: its status
    return True


def _unpacked(pieces: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    """Yield what packed *pieces* hold, never much at once."""
    # Our own loop, because the usual clients take gzip that stops half-way for whole.
    left, has_begun, member = max_bytes, False, _new_member()
    for data in pieces:
        has_begun = True
        while data:
            if member.eof:  # another member, or the padding that some servers write
                data = data.lstrip(b"\0")
                member = _new_member() if data else member
                continue
            try:
                piece = member.decompress(data, min(left + 1, _MOST_AT_ONCE))
            except zlib.error as error:
                raise TransportError(f"the gzip of the answer is broken: {error}") from error
            left -= len(piece)
            if left < 0:
                raise TransportError(f"the answer unpacks to more than {max_bytes:,} bytes", temporary=False)
            yield piece
            data = member.unused_data if member.eof else member.unconsumed_tail
    if has_begun and not member.eof:
        raise TransportError("cut off: the gzip of the answer has no end")


def _new_member() -> Any:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _plain_words(error: BaseException) -> str:
    """Return the message of *error* on one line, without the objects that urllib3 names in it."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return re.sub(r"<[^<>]* object at 0x[0-9a-f]+>|\s+", " ", str(words)).strip(" :")[:200]


def _prepared(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> requests.PreparedRequest:
    """Return a request as requests sends it."""
    # Its own `prepare` makes a jar for cookies as well, which are not wanted, and takes three times as long.
    request = requests.PreparedRequest()
    request.prepare_method(method)
    request.prepare_url(url, None)
    request.prepare_headers(headers)
    request.prepare_body(body, None)
    request.prepare_auth(None, url)
    return request
