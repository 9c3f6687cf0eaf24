"""The way out through a proxy: where it is, and the tunnel that it opens to a host (RFC 9110, CONNECT)."""

import base64
import socket
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from scraper.errors import RegisterWatchError
from scraper.web.sockets import BoundedSocket, Limits

_LONGEST_LINE = 4096
_MOST_LINES = 100
_USUAL_PORT = 3128


class ProxyRefusedError(RegisterWatchError):
    """The proxy opens no way to a host.

    Attributes:
        status: What it answered; 0 if that was no HTTP.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"the proxy answered {status}" if status else "the proxy gave no proper answer")
        self.status = status


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy of HTTP, as the operator named it."""

    host: str
    port: int
    login: str = ""

    @classmethod
    def at(cls, address: str) -> Self:
        """Return the proxy at *address*, which may hold a name and a password.

        >>> Proxy.at("http://proxy.example.org:8080"), Proxy.at("http://proxy.example.org").port
        (Proxy(host='proxy.example.org', port=8080, login=''), 3128)
        >>> Proxy.at("http://me:p%40ss@10.0.0.1").headers
        {'Proxy-Authorization': 'Basic bWU6cEBzcw=='}

        Raises:
            ValueError: It is none, or one that is itself asked by TLS.
        """
        parts = urlsplit(address)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(address)
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
        return cls(parts.hostname, parts.port or _USUAL_PORT, login)

    @property
    def headers(self) -> dict[str, str]:
        """What a request that it passes on says to the proxy itself."""
        named = base64.b64encode(self.login.encode()).decode()
        return {"Proxy-Authorization": f"Basic {named}"} if self.login else {}

    def open_tunnel(self, sock: socket.socket, host: str, port: int, limits: Limits) -> None:
        """Have the proxy connect *sock*, which leads to it, to a host and port.

        Raises:
            ProxyRefusedError: It does not.
        """
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        said = {"Host": target, **self.headers}
        lines = [f"CONNECT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
        sock.settimeout(limits.patience_s())
        sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        # A byte at a time: what follows the head is the host's.
        with BoundedSocket(sock, limits).makefile(buffer_size=1) as head:
            words = head.readline(_LONGEST_LINE).split()
            for _ in range(_MOST_LINES):
                if head.readline(_LONGEST_LINE).strip() == b"":
                    break
        status = int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit() else 0
        if not 200 <= status < 300:
            raise ProxyRefusedError(status)
