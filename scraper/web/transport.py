"""One request, one answer, within limits. No spacing, no retries, no redirects, no robots.txt: those are `fetch`'s.

What is guaranteed here, on top of requests and urllib3:

- Time: every read of the socket, of headers too, has what is left of the deadline, so a server that drips cannot hold
  the run. The system's own look-up of a name is the one thing that no deadline reaches.
- Place: the name is looked up once for each connection, the answer is checked, and the very address that was checked is
  connected to. A name that answers differently a moment later (DNS rebinding) changes nothing. Proxies, `.netrc` and
  other settings of the environment are not read.
- Size: the body is counted as it comes and again as it unpacks; both stop at the limit.
- Whole: a body shorter than its Content-Length, chunks without an end, gzip without its checksum are refused. What
  nothing can show is a cut in a body that has neither length nor chunks nor gzip: the parser looks for `</html>`.
- TLS is verified against certifi's certificates, or against the bundle that is given.
"""

import io
import re
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.client import HTTPResponse, IncompleteRead
from typing import Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from scraper.errors import RegisterWatchError
from scraper.web.addresses import is_public

Resolve = Callable[[str, int], list[str]]
"""A host's name and a port to the numeric addresses it has, best first."""

_PIECE = 65536
_MOST_OF_A_REFUSAL = 16384  # what is read of an error's body to keep the connection; a longer one closes it
_MOST_AT_ONCE = 1 << 20  # of unpacked bytes
_GZIP = zlib.MAX_WBITS | 16
_PACKED = {"gzip": True, "x-gzip": True, "identity": False, "": False}


class WireError(RegisterWatchError):
    """No whole answer. `temporary`: the same request may succeed another time."""

    def __init__(self, reason: str, *, temporary: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.temporary = temporary


class Answer(NamedTuple):
    """What the server said. The body of an answer that is not 200 is not kept."""

    status: int
    phrase: str
    headers: Mapping[str, str]
    header_lines: tuple[tuple[str, str], ...]
    body: bytes


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of *host* as the system gives them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Limits:
    """What bounds the request under way; all connections of one `Wire` look at the same."""

    def __init__(
        self,
        *,
        timeout_s: float,
        deadline_s: float,
        allow_private: bool,
        clock: Callable[[], float],
        resolve: Resolve,
    ) -> None:
        self.timeout_s = timeout_s
        self.deadline_s = deadline_s
        self.allow_private = allow_private
        self.clock = clock
        self.resolve = resolve
        self.deadline = clock()
        self.received = 0

    def patience_s(self) -> float:
        """Return how long the next step may take.

        Raises:
            WireError: The deadline is over.
        """
        left = self.deadline - self.clock()
        if left <= 0:
            raise self.too_slow()
        return min(left, self.timeout_s)

    def too_slow(self) -> WireError:
        """Return the error for a step that took too long: the deadline's, or that of one silence."""
        if self.clock() >= self.deadline:
            return WireError(f"not there within {self.deadline_s:g} s", temporary=True)
        return WireError(f"no answer for {self.timeout_s:g} s", temporary=True)


class Wire:
    """Asks for addresses, one after the other, over connections that are kept open. Not for several threads."""

    def __init__(
        self,
        *,
        timeout_s: float,
        deadline_s: float,
        max_bytes: int,
        allow_private: bool,
        clock: Callable[[], float],
        resolve: Resolve = look_up,
        ca_bundle: str | None = None,
    ) -> None:
        self._limits = Limits(
            timeout_s=timeout_s, deadline_s=deadline_s, allow_private=allow_private, clock=clock, resolve=resolve
        )
        self._max_bytes = max_bytes
        self._verify = ca_bundle or True
        # An adapter without a session: no cookies, no proxies, no .netrc. A session would also read the body of a
        # redirect to its end, without limit, even when told not to follow it.
        self._adapter = _Adapter(self._limits)

    @property
    def received(self) -> int:
        """All bytes that came, headers too, before anything was unpacked."""
        return self._limits.received

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()

    def ask(self, url: str, headers: Mapping[str, str], deadline: float, *, post: bytes | None = None) -> Answer:
        """Ask for *url* once.

        Args:
            url: Checked already: see `addresses.check_address`.
            headers: All of the request's.
            deadline: When, on the clock, the answer must be whole.
            post: What to send, by POST instead of GET. The answer is whole then with its status: no body is read.

        Raises:
            WireError: There is no whole answer.
        """
        self._limits.deadline = deadline
        try:
            request = requests.Request("GET" if post is None else "POST", url, headers=headers, data=post).prepare()
            patience_s = self._limits.patience_s()
            response = self._adapter.send(request, stream=True, timeout=patience_s, verify=self._verify)
            return self._read(response.raw) if post is None else _status(response.raw)
        except WireError:
            raise
        except (OSError, HTTPError, ValueError) as error:  # a RequestException is an OSError
            raise self._explain(error) from error

    def _read(self, raw: BaseHTTPResponse) -> Answer:
        try:
            body = self._body(raw) if raw.status == 200 else _leave(raw)
        except BaseException:
            raw.close()  # the connection too: what else comes on it belongs to this answer
            raise
        return Answer(raw.status, raw.reason or "", raw.headers, tuple(raw.headers.items()), body)

    def _body(self, raw: BaseHTTPResponse) -> bytes:
        encoding = raw.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in _PACKED:
            raise WireError(f"the answer is packed as {encoding!r}, which was not asked for", temporary=False)
        if (raw.length_remaining or 0) > self._max_bytes:
            raise self._too_big()
        unpack = _Gunzip(self._max_bytes) if _PACKED[encoding] else _Plain()
        n_packed = 0
        pieces: list[bytes] = []
        for piece in iter(partial(raw.read1, _PIECE, decode_content=False), b""):
            n_packed += len(piece)
            if n_packed > self._max_bytes:
                raise self._too_big()
            pieces.extend(unpack.feed(piece))
        unpack.finish()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _too_big(self) -> WireError:
        return WireError(f"the answer is longer than {self._max_bytes:,} bytes", temporary=False)

    def _explain(self, error: Exception) -> WireError:
        """Return in words what a library's *error* says, the deepest cause that means something."""
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, WireError):
                return cause
            if isinstance(cause, ssl.SSLCertVerificationError):
                return WireError(f"the certificate is not to be trusted: {cause.verify_message}", temporary=False)
            if isinstance(cause, TimeoutError | socket.timeout):
                return self._limits.too_slow()
            if isinstance(cause, ssl.SSLError):
                return WireError(f"no secure connection: {cause.reason or cause}", temporary=True)
            if isinstance(cause, IncompleteRead):  # of http.client, or of urllib3, where it is derived from it
                return WireError(f"cut off {_where(cause)}", temporary=True)
            if isinstance(cause, ConnectionError):
                return WireError(f"the connection broke: {_plain_words(cause)}", temporary=True)
        return WireError(f"no proper answer: {_plain_words(causes[-1])}", temporary=True)


def _status(raw: BaseHTTPResponse) -> Answer:
    """Return the answer without its body, and close the connection on that."""
    raw.close()
    return Answer(raw.status, raw.reason or "", raw.headers, tuple(raw.headers.items()), b"")


def _leave(raw: BaseHTTPResponse) -> bytes:
    """Read a short body to its end, so that the connection can be used again; close on a long one."""
    length = raw.length_remaining
    if length is None or length > _MOST_OF_A_REFUSAL:
        raw.close()
        return b""
    try:
        while raw.read1(_PIECE, decode_content=False):
            pass
    except (HTTPError, OSError, WireError):
        raw.close()  # what it says is known: its status
    return b""


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


def _plain_words(error: BaseException) -> str:
    """Return the message of *error* on one line, without the objects that urllib3 names in it."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return re.sub(r"<[^<>]* object at 0x[0-9a-f]+>|\s+", " ", str(words)).strip(" :")[:200]


class _Plain:
    """A body that is not packed."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        pass


class _Gunzip:
    """A packed body, unpacked piece by piece. Our own, because urllib3 takes gzip that stops half-way for whole."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._left = max_bytes
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._begun = True
        while data:
            if self._member.eof:  # another member, or the padding that some servers write
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member = zlib.decompressobj(_GZIP)
            try:
                piece = self._member.decompress(data, min(self._left + 1, _MOST_AT_ONCE))
            except zlib.error as error:
                raise WireError(f"the gzip of the answer is broken: {error}", temporary=True) from error
            self._left -= len(piece)
            if self._left < 0:
                raise WireError(f"the answer unpacks to more than {self._max_bytes:,} bytes", temporary=False)
            yield piece
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def finish(self) -> None:
        if self._begun and not self._member.eof:
            raise WireError("cut off: the gzip of the answer has no end", temporary=True)


def _connect(limits: Limits, host: str, port: int) -> socket.socket:
    """Look *host* up, and connect to the first address that is allowed and answers."""
    try:
        found = limits.resolve(host.strip("[]"), port)
    except (OSError, UnicodeError) as error:
        raise WireError(f"the name {host} does not resolve", temporary=True) from error
    allowed = [ip for ip in found if limits.allow_private or is_public(ip)]
    if not allowed:
        raise WireError(f"{host} is at {found[0] if found else 'no address'}, which is not public", temporary=False)
    said = WireError("no connection", temporary=True)
    for ip in allowed:
        try:
            return socket.create_connection((ip, port), limits.patience_s())
        except TimeoutError:
            said = WireError(f"no connection within {limits.timeout_s:g} s", temporary=True)
        except OSError as error:
            said = WireError(f"no connection: {_plain_words(error)}", temporary=True)
    raise said


class _BoundedSocket:
    """What http.client needs of a socket to read an answer: a file, here one that minds the deadline."""

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        self._sock = sock
        self._limits = limits

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_BoundedFile(self._sock, self._limits), _PIECE)


class _BoundedFile(io.RawIOBase):
    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._limits = limits

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._limits.patience_s())
        n = self._file.readinto(buffer) or 0
        self._limits.received += n
        return n

    def close(self) -> None:
        self._file.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(_BoundedSocket(sock, limits), *args, **kwargs)  # type: ignore[arg-type]


class _Bounded:
    """What both kinds of connection have of ours: the way to the address, and the way back."""

    _dns_host: str
    port: int
    response_class: Any

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = limits
        self.response_class = partial(_BoundedResponse, limits=limits)

    def _new_conn(self) -> socket.socket:
        # urllib3's own would look the name up a second time. Not its public API: the range in pyproject.toml and
        # test_fetch.py (an address that is not public gets no connection) watch over it.
        return _connect(self.limits, self._dns_host, self.port)


class _HttpConnection(_Bounded, HTTPConnection):
    pass


class _HttpsConnection(_Bounded, HTTPSConnection):
    pass


class _Adapter(HTTPAdapter):
    """Requests' way to urllib3, with our connections in its pools."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        super().__init__(pool_connections=8, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_pool, HTTPConnectionPool, _HttpConnection, self._limits),
            "https": partial(_pool, HTTPSConnectionPool, _HttpsConnection, self._limits),
        }

    def build_response(self, _request: requests.PreparedRequest, resp: BaseHTTPResponse) -> requests.Response:
        # Requests' own guesses a charset and reads cookies: not wanted, and in 2.32 an AttributeError at
        # `Content-Type: ; charset`, which is nobody's fault but would end the run.
        response = requests.Response()
        response.raw = resp
        return response


def _pool(
    kind: type[HTTPConnectionPool], connection: type[_Bounded], limits: Limits, *args: Any, **kwargs: Any
) -> HTTPConnectionPool:
    pool = kind(*args, **kwargs)
    pool.ConnectionCls = partial(connection, limits=limits)  # type: ignore[assignment]
    return pool
