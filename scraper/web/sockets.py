"""Sockets within limits: every step has what is left of its time, and bytes are counted as they come.

Requests of pages and the talk with a mail server go through these; the standard library's protocols know time-outs of a
single wait only, and a server that says a byte now and then could hold them for ever. The system's own look-up of a
name is the one thing that no deadline reaches.
"""

import io
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

_PIECE = 65536


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of *host* as the system gives them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(slots=True)
class Limits:
    """What bounds the exchange under way; all connections to one server look at the same."""

    timeout_s: float
    """Of one silence."""
    clock: Callable[[], float] = time.monotonic
    deadline: float = 0.0
    """When, on the clock, the exchange must be over."""
    room: float = float("inf")
    """Bytes that may still come."""
    received: int = 0

    def start(self, seconds: float) -> None:
        """Give the next exchange this much time."""
        self.deadline = self.clock() + seconds

    def patience_s(self) -> float:
        """Return how long the next step may take.

        Raises:
            TimeoutError: The deadline is over.
        """
        left = self.deadline - self.clock()
        if left <= 0:
            raise TimeoutError
        return min(left, self.timeout_s)


def reach(addresses: Iterable[str], port: int, limits: Limits) -> socket.socket:
    """Return a connection to the first of *addresses* that answers.

    Raises:
        OSError: None does; the last one's reason.
    """
    trouble = OSError("no address")
    for ip in addresses:
        try:
            sock = socket.create_connection((ip, port), limits.patience_s())
        except OSError as error:
            trouble = error
        else:
            # Else the end of what we send waits until the other side has said that it got the part before.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise trouble


class BoundedSocket:
    """What the library's protocols need of a socket to read from it: a file, here one that minds the limits."""

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        self._sock, self._limits = sock, limits

    def makefile(self, _mode: str = "rb", *, buffer_size: int = _PIECE) -> io.BufferedReader:
        """Return what the other side says. Every read has what is left of the time: a server that drips gains none."""
        return io.BufferedReader(_BoundedFile(self._sock, self._limits), buffer_size)


class _BoundedFile(io.RawIOBase):
    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        self._sock, self._limits = sock, limits
        # A file of the socket, not the socket itself: http.client closes a socket while its last response is read, and
        # the socket stays open as long as this file is.
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        # Before every read: what is left has become less since the last one.
        self._sock.settimeout(self._limits.patience_s())
        n_bytes = self._file.readinto(buffer) or 0
        self._limits.received += n_bytes
        self._limits.room -= n_bytes
        if self._limits.room < 0:
            raise ValueError("an answer without an end")
        return n_bytes

    def close(self) -> None:
        self._file.close()
        super().close()
