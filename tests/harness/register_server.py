"""A register on loopback: a test sets its pages, index, validators and faults, and reads who asked for what.

Real sockets, real HTTP. `Site` is what the register says; `RegisterServer` says it.
"""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.harness.editions import Page
from tests.harness.servers import Reply, answer

MAINTENANCE = b"<!DOCTYPE html><html><body><h1>Down for maintenance</h1><p>Back soon.</p></body></html>"


@dataclass
class Site:
    """What the register says at the moment. Change it between two nights."""

    pages: dict[str, Page | bytes] = field(default_factory=dict)  # slug → page, or its bytes
    unlisted: set[str] = field(default_factory=set)  # pages that stand, without a link in the index
    more_links: list[str] = field(default_factory=list)  # what else the index links to
    faults: dict[str, Reply] = field(default_factory=dict)  # slug or path → what comes instead
    validates: bool = True  # ETags are given, and kept to
    etag_salt: str = ""  # another salt, other ETags for the same bytes
    robots: bytes = b"User-agent: *\nDisallow: /private/\n"
    content_type: str = "text/html; charset=utf-8"
    before_answer: Callable[[str], None] = lambda path: None  # called with each path that is asked for

    def body(self, slug: str) -> bytes:
        """Return the bytes of a page."""
        page = self.pages[slug]
        return page.html() if isinstance(page, Page) else page

    def etag(self, body: bytes) -> str:
        """Return the ETag that the server gives to *body*."""
        return f'"{hashlib.sha1(body + self.etag_salt.encode()).hexdigest()[:16]}"'

    def index(self) -> bytes:
        """Return the page that links to all others."""
        links = [f"/organisations/{slug}" for slug in self.pages if slug not in self.unlisted] + self.more_links
        items = "\n".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
        return f"<!DOCTYPE html>\n<html><body><h1>Organisations</h1><ul>\n{items}\n</ul></body></html>\n".encode()


@dataclass(frozen=True)
class Asked:
    """One request, and how it was answered."""

    path: str
    headers: Mapping[str, str]  # names in lower case
    status: int  # 0 if a fault answered

    @property
    def slug(self) -> str:
        return self.path.removeprefix("/organisations/")

    @property
    def is_conditional(self) -> bool:
        return "if-none-match" in self.headers or "if-modified-since" in self.headers


class RegisterServer:
    """Serves a site on loopback until the end of the `with` block."""

    def __init__(self, site: Site | None = None) -> None:
        self.site = site or Site()
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def index(self) -> str:
        return f"{self.url}/"

    def forget(self) -> None:
        """Forget who asked for what."""
        self.asked.clear()

    def pages_asked(self) -> list[str]:
        """Return the slugs of the pages that were asked for, in order."""
        return [one.slug for one in self.asked if one.path.startswith("/organisations/")]

    def statuses(self) -> dict[str, int]:
        """Return slug → how its last request was answered."""
        return {one.slug: one.status for one in self.asked if one.path.startswith("/organisations/")}

    def reply(self, path: str, headers: Mapping[str, str]) -> Reply:
        """Return what is answered to a request."""
        site = self.site
        slug = path.removeprefix("/organisations/")
        for name in (path, slug):
            if name in site.faults:
                return site.faults[name]
        if path == "/robots.txt":
            return answer(site.robots, content_type="text/plain")
        if path == "/":
            return answer(site.index(), content_type="text/html")
        if slug == path or slug not in site.pages:
            return answer(b"<h1>Not found</h1>", status="404 Not Found")
        body = site.body(slug)
        validators = {"etag": site.etag(body)} if site.validates else {}
        if site.validates and headers.get("if-none-match") == site.etag(body):
            return answer(status="304 Not Modified", **validators)
        return answer(body, content_type=site.content_type, **validators)


def _handler(server: RegisterServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            server.site.before_answer(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.reply(self.path, headers)
            status = int(reply[9:12]) if isinstance(reply, bytes) and reply.startswith(b"HTTP/") else 0
            server.asked.append(Asked(self.path, headers, status))
            if isinstance(reply, bytes):
                self.wfile.write(reply)
                return
            self.close_connection = True
            try:
                reply(self.connection)
            finally:
                # Closed at once, not shut down first: a fault may want the connection to break.
                self.connection.close()

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # who asked has gone
                super().handle()

        def finish(self) -> None:
            with contextlib.suppress(OSError):
                super().finish()

    return Handler
