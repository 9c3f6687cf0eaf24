"""Small servers on loopback that answer from a script, most of them badly. Real sockets: what is tested is the wire."""

import contextlib
import gzip
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CERTIFICATES = Path(__file__).parent / "certificates"

Fault = Callable[[socket.socket], None]
"""Gets the connection after the request was read, and does with it what it likes. Then it is closed."""

Reply = bytes | Fault


@dataclass
class Request:
    path: str
    headers: dict[str, str]  # names in lower case
    at: float
    connection: int  # the how-manieth it came on
    method: str = "GET"
    body: bytes = b""


@dataclass
class FastClock:
    """A clock on which nothing but a sleep takes time: how busy the machine is cannot be seen on it."""

    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Loopback:
    """Answers each path from its script: one reply each time, the last for ever. Other paths are 404."""

    def __init__(
        self,
        script: Mapping[str, Reply | Sequence[Reply]],
        *,
        certificate: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.script = {path: [r] if isinstance(r, bytes) or callable(r) else list(r) for path, r in script.items()}
        self.requests: list[Request] = []
        self.connections = 0
        self._clock = clock
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATES / certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Loopback":
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(connection)
            with connection:
                for method, path, headers, body in _requests(connection):
                    self.requests.append(Request(path, headers, self._clock(), number, method, body))
                    replies = self.script.get(path, [answer(status="404 Not Found")])
                    reply = replies.pop(0) if len(replies) > 1 else replies[0]
                    if not isinstance(reply, bytes):
                        reply(connection)
                        return
                    connection.sendall(reply)
                    if b"\r\nConnection: close" in reply:
                        return


class LoopbackProxy:
    """A proxy as hospitals and councils have one: passes on what it is asked for, and looks every name up as *where*.

    Args:
        where: Host and port of each request → the port on loopback to which it goes.
        login: What `Proxy-Authorization` must say.
    """

    def __init__(self, where: Mapping[str, int], *, login: str = "") -> None:
        self._where, self._login = where, login
        self.asked: list[str] = []  # the first line of each request
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "LoopbackProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, contextlib.ExitStack() as open_ones:
            further = None
            while head := _head(connection):
                first, *lines = head.decode("latin-1").split("\r\n")
                self.asked.append(first)
                method, target, _ = first.split()
                host, slash, path = target.removeprefix("http://").partition("/")
                if self._login and f"Proxy-Authorization: {self._login}" not in lines:
                    connection.sendall(answer(status="407 Proxy Authentication Required", connection="close"))
                    return
                if host not in self._where:
                    connection.sendall(answer(status="403 Forbidden", connection="close"))
                    return
                if further is None:
                    further = open_ones.enter_context(socket.create_connection(("127.0.0.1", self._where[host])))
                    if method == "CONNECT":
                        connection.sendall(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
                    threading.Thread(target=_pass_on, args=(further, connection), daemon=True).start()
                if method == "CONNECT":
                    _pass_on(connection, further)
                    return
                further.sendall(head.replace(target.encode(), (slash + path).encode(), 1))


def _head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return b""
        head += byte
    return head


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := source.recv(65536):
            to.sendall(said)
        to.shutdown(socket.SHUT_WR)


_system_look_up = socket.getaddrinfo


def look_up_here(host: Any, *given: Any, **named: Any) -> Any:
    """Look a name up as the system does, in place of `socket.getaddrinfo`; one of `.invalid` without asking a network.

    Nobody has such a name, but what there is of a network may be slow to say so, or say something else.
    """
    if str(host).endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _system_look_up(host, *given, **named)


@contextlib.contextmanager
def held_port() -> Iterator[int]:
    """Give a port at which nobody answers, and which nobody else is given while it is held.

    A port that was only looked up may be another test's a moment later. A server that is told this one (`SO_REUSEADDR`,
    as they all do on Linux) may listen there.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextlib.contextmanager
def babbler(said: bytes) -> Iterator[int]:
    """Say something to whoever connects, without having read a word. Gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def babble() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(said)
                    connection.recv(65536)

        threading.Thread(target=babble, daemon=True).start()
        yield listener.getsockname()[1]


def _requests(connection: socket.socket) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    with connection.makefile("rb") as lines:
        while first := lines.readline():
            headers = {}
            while (line := lines.readline().strip()) != b"":
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            method, path, *_ = first.decode("latin-1").split()
            yield method, path, headers, lines.read(int(headers.get("content-length", "0")))


def answer(body: bytes = b"", *, status: str = "200 OK", **headers: str) -> bytes:
    """Return a proper answer. A header `content_type` is `Content-Type`; the length is added if none is given."""
    given = {name.replace("_", "-").title(): value for name, value in headers.items()}
    if "Transfer-Encoding" not in given and not status.startswith("304"):
        given.setdefault("Content-Length", str(len(body)))
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def packed(body: bytes, **headers: str) -> bytes:
    return answer(gzip.compress(body, mtime=0), content_encoding="gzip", **headers)


def redirect(location: str, status: str = "302 Found") -> bytes:
    return answer(status=status, location=location)


def chunks(*pieces: bytes, end: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return answer(body + b"0\r\n\r\n" * end, transfer_encoding="chunked")


def hang_up(said: bytes = b"") -> Fault:
    """Say something, or nothing, and close the connection."""
    return lambda connection: connection.sendall(said)


def reset(said: bytes = b"") -> Fault:
    """Say something, and break the connection off as a machine does that is switched off and on."""

    def break_off(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return break_off


def silence() -> Fault:
    """Say nothing, until whoever asked has gone: with an end of its own it might be the first to lose patience."""

    def wait(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    return wait


def drip(said: bytes, *, pause_s: float = 0.02, sleep: Callable[[float], None] = time.sleep) -> Fault:
    """Say a byte at a time, and the last one never: who is slow to read would find all of it there.

    With the sleep of the client's own clock no time is lost over it.
    """

    def trickle(connection: socket.socket) -> None:
        for byte in said[:-1]:
            connection.sendall(bytes([byte]))
            sleep(pause_s)
        silence()(connection)

    return trickle


def gzip_bomb(n_bytes: int) -> bytes:
    """Return *n_bytes* of nothing, packed to about a thousandth."""
    return packed(bytes(n_bytes))


def wait_until(done: Callable[[], bool], what: str) -> None:
    """Wait until something is done by another program."""
    for _ in range(3_000):
        if done():
            return
        time.sleep(0.02)
    raise AssertionError(what)
