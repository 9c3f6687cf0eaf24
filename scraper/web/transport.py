"""One request, one response, within limits. No spacing, no retries, no redirects, no robots.txt: those are `fetch`'s.

What is guaranteed here, on top of the standard library's `http.client`:

- Time: every read of the socket, of headers too, has what is left of the deadline, so a server that drips cannot hold
  the run. The system's own look-up of a name is the one thing that no deadline reaches.
- Place: the name is looked up once for each connection, the answer is checked, and the very address that was checked is
  connected to. A name that answers differently a moment later (DNS rebinding) changes nothing. Proxies, `.netrc` and
  other settings of the environment are not read; cookies are not kept.
- Size: the body is counted as it comes and again as it unpacks; both stop at the limit.
- Whole: a body shorter than its Content-Length, chunks without an end, gzip without its checksum are refused. What
  nothing can show is a cut in a body that has neither length nor chunks nor gzip: the parser looks for `</html>`.
- TLS is verified against certifi's certificates, or against the bundle that is given.
"""

import re
import selectors
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

import certifi

from scraper.errors import RegisterWatchError
from scraper.web.addresses import is_public
from scraper.web.sockets import BoundedSocket, Limits, look_up, reach

Resolve = Callable[[str, int], list[str]]
"""A host's name and a port to the numeric addresses it has, best first."""

_PIECE = 65536
_MOST_OF_A_REFUSAL = 16384  # what is read of an error's body to keep the connection; a longer one closes it
_MOST_AT_ONCE = 1 << 20  # of unpacked bytes
_LONGEST_RETRY_S = 1e9  # any number of digits is a number, and this one is for ever
_PACKED = {"gzip": True, "x-gzip": True, "identity": False, "": False}


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
    ca_bundle: str | None = None
    _connections: dict[tuple[str, str, int], "_Connection"] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._limits = Limits(self.timeout_s, self.clock)

    @property
    def received(self) -> int:
        """All bytes that came, headers too, before anything was unpacked."""
        return self._limits.received

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.close()

    def ask(self, url: str, headers: Mapping[str, str], deadline: float, *, post: bytes | None = None) -> Response:
        """Ask for *url* once.

        Args:
            url: Checked already: see `addresses.check_address`.
            headers: All of the request's.
            deadline: When, on the clock, the response must be whole.
            post: What to send, by POST instead of GET. The response is whole then with its status: no body is read.

        Raises:
            TransportError: There is no whole response.
        """
        self._limits.deadline = deadline
        try:
            parts = urlsplit(url)
            connection = self._connection_to(parts)
            try:
                connection.request("GET" if post is None else "POST", _target(parts), body=post, headers=dict(headers))
                return self._read(connection, connection.getresponse(), wants_body=post is None)
            except BaseException:
                connection.close()  # what else comes on it belongs to this response
                raise
        except (OSError, HTTPException, ValueError) as error:
            raise self._explain(error) from error

    def _connection_to(self, parts: SplitResult) -> "_Connection":
        """Return the connection that was used before, if the server has not closed it meanwhile."""
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        key = (parts.scheme, host, port)
        if key not in self._connections:
            open_socket = self._open_private if is_tls else self._open
            self._connections[key] = _Connection(host, port, open_socket, self._limits, is_tls=is_tls)
        connection = self._connections[key]
        if connection.sock and _has_news(connection.sock):  # an end, or words that nobody asked for
            connection.close()
        if connection.sock:
            connection.sock.settimeout(self._limits.patience_s())
        return connection

    def _open(self, host: str, port: int) -> socket.socket:
        """Look *host* up, and connect to the first address that is allowed and answers."""
        try:
            found = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            anonymous = "the name of its host does not resolve"
            raise TransportError(f"the name {host} does not resolve", anonymous=anonymous) from error
        allowed = [ip for ip in found if self.allow_private or is_public(ip)]
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
            raise TransportError(f"no connection within {self.timeout_s:g} s") from error
        except OSError as error:
            raise TransportError(f"no connection: {_plain_words(error)}") from error

    def _open_private(self, host: str, port: int) -> socket.socket:
        return self._tls.wrap_socket(self._open(host, port), server_hostname=host)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # With a file the system's own certificates and what the environment names do not count.
        return ssl.create_default_context(cafile=self.ca_bundle or certifi.where())

    def _read(self, connection: "_Connection", raw: HTTPResponse, *, wants_body: bool) -> Response:
        lengths = {value.strip() for line in raw.headers.get_all("Content-Length", []) for value in line.split(",")}
        if len(lengths) > 1 and not raw.chunked:
            raise HTTPException(f"it has {len(lengths)} lengths")
        response = Response(raw.status, tuple(raw.headers.items()), b"")
        if raw.status == 200 and wants_body:
            response = response._replace(body=self._body(response, raw))
        elif not wants_body or not _leave(raw):
            connection.close()
        raw.close()
        return response

    def _body(self, response: Response, raw: HTTPResponse) -> bytes:
        encoding = response.header("Content-Encoding").lower()
        if encoding not in _PACKED:
            raise TransportError(f"the answer is packed as {encoding!r}, which was not asked for", temporary=False)
        if (raw.length or 0) > self.max_bytes:
            raise self._too_big()
        pieces = self._pieces(raw)
        return b"".join(_unpacked(pieces, self.max_bytes) if _PACKED[encoding] else pieces)

    def _pieces(self, raw: HTTPResponse) -> Iterator[bytes]:
        n_bytes = 0
        while piece := raw.read(_PIECE):
            n_bytes += len(piece)
            if n_bytes > self.max_bytes:
                raise self._too_big()
            yield piece
        if raw.length:  # the library says nothing of a body that ends too early
            raise TransportError(f"cut off after {n_bytes} of {n_bytes + raw.length} bytes")

    def _too_big(self) -> TransportError:
        return TransportError(f"the answer is longer than {self.max_bytes:,} bytes", temporary=False)

    def _explain(self, error: Exception) -> TransportError:
        """Return in words what the library's *error* says."""
        match error:
            case ssl.SSLCertVerificationError():
                said = f"the certificate is not to be trusted: {error.verify_message}"
                # OpenSSL says: "… mismatch, certificate is not valid for 'host'".
                anonymous = said.partition(", certificate is not valid for")[0]
                return TransportError(said, anonymous=anonymous, temporary=False)
            case TimeoutError() if self.clock() >= self._limits.deadline:
                return TransportError(f"not there within {self.deadline_s:g} s")
            case TimeoutError():
                return TransportError(f"no answer for {self.timeout_s:g} s")
            case ssl.SSLError():
                return TransportError(f"no secure connection: {error.reason or error}")
            case IncompleteRead():
                return TransportError("cut off among its chunks")
            case ConnectionError():
                return TransportError(f"the connection broke: {_plain_words(error)}")
            case _:
                return TransportError(f"no proper answer: {_plain_words(error)}", anonymous="no proper answer")


class _Connection(HTTPConnection):
    """The library's connection, over a socket that is opened by our rules and read within limits."""

    def __init__(
        self, host: str, port: int, open_socket: Callable[[str, int], socket.socket], limits: Limits, *, is_tls: bool
    ) -> None:
        super().__init__(host, port)
        self.default_port = 443 if is_tls else 80  # for the Host header, which names no usual port
        self.response_class = partial(_bounded_response, limits)  # type: ignore[assignment]
        self._open_socket = open_socket

    def connect(self) -> None:
        self.sock = self._open_socket(self.host, self.port)


def _bounded_response(limits: Limits, sock: socket.socket, *args: Any, **kwargs: Any) -> HTTPResponse:
    return HTTPResponse(BoundedSocket(sock, limits), *args, **kwargs)  # type: ignore[arg-type]  # asked for its file only


_PERCENT_ALONE = re.compile("%(?![0-9A-Fa-f]{2})")


def _target(parts: SplitResult) -> str:
    """Return path and query as they stand in a request: what may not stand there is written with %.

    >>> _target(urlsplit("https://a.org/organisations/société?a=b c")), _target(urlsplit("https://a.org"))
    ('/organisations/soci%C3%A9t%C3%A9?a=b%20c', '/')
    >>> _target(urlsplit("https://a.org/king%27s")), _target(urlsplit("https://a.org/100%"))
    ('/king%27s', '/100%25')
    """
    whole = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return quote(whole, safe="/?:@!$&'()*+,;=~" + ("" if _PERCENT_ALONE.search(whole) else "%"))


def _has_news(sock: socket.socket) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _leave(raw: HTTPResponse) -> bool:
    """Read a short body to its end, and say whether the connection can be used again: not after a long one."""
    if raw.length is None or raw.length > _MOST_OF_A_REFUSAL:
        return False
    try:
        while raw.read(_PIECE):
            pass
    except (HTTPException, OSError):
        return False  # what it says is known: its status
    return not raw.length


def _unpacked(pieces: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    """Yield what packed *pieces* hold, never much at once."""
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
    """Return the message of *error* on one line."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split())[:200]
