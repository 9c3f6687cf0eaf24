"""The server itself: uvicorn, with a deadline for the head of a request and a limit to connections.

A web server before it has both; this one must not be stopped where there is none, or one that is set up badly.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol

from snapshots.browse.app.limits import HEAD_S, KNOCKING, MOST_CONNECTIONS, STOPPING_S
from snapshots.browse.following.site import PEER

_AT_ONCE = 100  # accepted in one go, before any of them is looked at


class _BoundedProtocol(H11Protocol):
    """A connection that says soon what it wants, or makes room."""

    idle: dict["_BoundedProtocol", None]
    """All that have no request under way, the longest first."""

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.idle = vars(self.server_state).setdefault("idle_connections", {})
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request; of too many connections the one that has waited longest goes."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS and self.idle:
            oldest = next(iter(self.idle))
            del self.idle[oldest]
            oldest.transport.abort()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that has begun must end."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._late is None:
            self._wait()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._stop_waiting()
        self.idle[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self.idle[self] = None
        self._late = self.loop.call_later(HEAD_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        self.idle.pop(self, None)
        if self._late is not None:
            self._late.cancel()
            self._late = None


class _PatientServer(uvicorn.Server):
    """A server at which many may knock at once, though it takes in only some of them in one go."""

    beside: Callable[[], Coroutine[Any, Any, None]] | None = None
    """What is done beside, for as long as it serves."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and let as many wait to be taken in as may be kept."""
        await super().startup(sockets)
        self._task = asyncio.create_task(self.beside()) if self.beside else None
        # To the library both numbers are one. Of who finds the queue full the system hears nothing: it knocks again
        # after one second, three, and seven.
        for one in sockets or ():
            one.listen(KNOCKING)


def _knowing_peer(app: Any) -> ASGIApp:
    """Return *app* behind what the library makes of headers, with the machine that was really spoken to kept."""
    believing: Any = ProxyHeadersMiddleware(app)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, PEER: scope.get("client")}
        await believing(scope, receive, send)

    return serve


def make_server(
    app: ASGIApp, *, beside: Callable[[], Coroutine[Any, Any, None]] | None = None, **settings: Any
) -> uvicorn.Server:
    """Return a server of *app* that does something *beside*; *settings* are further ones of uvicorn."""
    server = _PatientServer(
        uvicorn.Config(
            _knowing_peer(app),
            proxy_headers=False,
            http=_BoundedProtocol,
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            backlog=_AT_ONCE,
            timeout_graceful_shutdown=STOPPING_S,
            **settings,
        )
    )
    server.beside = beside
    return server
