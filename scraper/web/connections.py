"""Connections of ours in the pools of a library: bounded, to an address that was checked, with certificates chosen.

What an exchange may take, and where it may go, is decided by `transport`, which is the one to use this.
"""

import ssl
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.client import HTTPResponse
from socket import socket
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.utils import urldefragauth
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse
from urllib3.util.ssl_ import create_urllib3_context

from scraper.web.sockets import BoundedSocket, Limits

_MOST_HINTS = 20  # answers before the answer: 100 Continue, 103 Early Hints


def trusted_context(ca_file: str | None) -> ssl.SSLContext:
    """Return what connections are made with: who is trusted, and from which version of TLS on.

    Raises:
        OSError: There are no certificates in that file.
    """
    context = create_urllib3_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    # A machine without any, as small containers are, could ask for nothing.
    if not (ca_file or context.get_ca_certs() or ssl.get_default_verify_paths().capath):
        context.load_verify_locations(certifi.where())
    return context


OpenSocket = Callable[..., socket]


class _BoundedResponse(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(BoundedSocket(sock, limits), *args, **kwargs)  # type: ignore[arg-type]
        self._hints = 0

    def begin(self) -> None:
        """Read up to the answer. The library passes over 100 alone, and takes 103 Early Hints for the answer."""
        super().begin()
        while 100 <= self.status < 200 and self.status != HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()

    def _read_status(self) -> Any:
        self._hints += 1
        if self._hints > _MOST_HINTS:
            raise ValueError("hints without an answer")
        return super()._read_status()  # type: ignore[misc]


class _Bounded:
    """What both kinds of connection have of ours: the way to the address, and the way back."""

    _dns_host: str
    port: int
    response_class: Any

    def __init__(self, *args: Any, limits: Limits, open_socket: OpenSocket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.open_socket = open_socket
        self.response_class = partial(_BoundedResponse, limits=limits)

    def _new_conn(self) -> socket:
        # urllib3's own would look the name up a second time. Not its public API: the range in pyproject.toml and
        # test_fetch.py (an address that is not public gets no connection) watch over it.
        return self.open_socket(self._dns_host, self.port, tunnel=isinstance(self, HTTPSConnection))


class _HttpConnection(_Bounded, HTTPConnection):
    pass


class _HttpsConnection(_Bounded, HTTPSConnection):
    pass


class Adapter(HTTPAdapter):
    """Requests' way to urllib3, with our connections in its pools.

    Args:
        limits: Of the exchange under way.
        open_socket: Opens a connection to a host and port; `tunnel` says whether TLS will go through it.
        context: Returns what TLS is made with; asked for the first address that needs it.
        passed_on: Whether a proxy passes plain requests on.
    """

    def __init__(
        self,
        limits: Limits,
        open_socket: OpenSocket,
        context: Callable[[], ssl.SSLContext],
        *,
        passed_on: bool = False,
    ) -> None:
        self._ours = {"limits": limits, "open_socket": open_socket}
        self._context, self._passed_on = context, passed_on
        super().__init__(pool_connections=8, pool_maxsize=1)

    def request_url(self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """Return what stands in the first line: all of the address where a proxy has to find the host by it."""
        url = request.url or ""
        if self._passed_on and url.startswith("http:"):
            return str(urldefragauth(url))
        return str(super().request_url(request, proxies))

    def cert_verify(self, *_: Any) -> None:
        """Leave the connection as it is: whom it trusts is in its context, and requests would add certifi's."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, with connections of ours."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_pool, HTTPConnectionPool, _HttpConnection, self._ours),
            "https": self._tls_pool,
        }

    def _tls_pool(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        kwargs["ssl_context"] = self._context()
        return _pool(HTTPSConnectionPool, _HttpsConnection, self._ours, *args, **kwargs)

    def build_response(self, _request: requests.PreparedRequest, resp: BaseHTTPResponse) -> requests.Response:
        """Return what carries the raw response, and no more."""
        # Requests' own guesses a charset and reads cookies: not wanted, and in 2.32 an AttributeError at
        # `Content-Type: ; charset`, which is nobody's fault but would end the run.
        response = requests.Response()
        response.raw = resp
        return response


def _pool(
    kind: type[HTTPConnectionPool], connection: type[_Bounded], ours: dict[str, Any], *args: Any, **kwargs: Any
) -> HTTPConnectionPool:
    pool = kind(*args, **kwargs)
    pool.ConnectionCls = partial(connection, **ours)  # type: ignore[assignment]
    return pool
