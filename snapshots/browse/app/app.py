"""The door: every request comes in here. Ours go to their page, Datasette's to Datasette; all leave with safe headers.

HTTP is here and nowhere else in this package. A page is made in a worker thread, by a reader of its own.
"""

import asyncio
import hashlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from snapshots.asking.names import NotKnownError
from snapshots.browse.app import routes as pages
from snapshots.browse.app.addresses import DATABASE
from snapshots.browse.app.frame import frame
from snapshots.browse.app.reader import LONGEST_S, reading
from snapshots.browse.app.render import render, static_file
from snapshots.browse.app.request import (
    Asked,
    BadAddressError,
    DeniedError,
    MovedError,
    NotThereError,
    Reply,
    Site,
    Words,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[str, str]]

THREADS = 4

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
"""Content-Security-Policy of our pages: no script, no style in the page, nothing from elsewhere."""
POLICY_OF_TABLES = POLICY.replace("default-src 'none';", "default-src 'none'; script-src 'self'; connect-src 'self';")
"""That of Datasette's pages, whose menus are a script in a file of its own."""

SAFE: Headers = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)

_FOR_A_YEAR = "public, max-age=31536000, immutable"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What goes back."""

    status: int
    body: bytes
    content_type: str = "text/html; charset=utf-8"
    headers: Headers = ()


@dataclass(slots=True)
class Door:
    """The application that the server runs."""

    site: Site
    tables: App
    """Datasette."""
    hosts: frozenset[str] = frozenset()
    """The names under which this machine may be asked; empty: any. On loopback a page elsewhere on the web could give
    its own name our address, and read what is shown to this machine alone."""
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="page"), init=False
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.tables(scope, receive, send)
            return
        path = _path(scope)
        if self._is_of_tables(path) and scope["method"] in ("GET", "HEAD") and self._may_be_asked(scope):
            await self.tables(scope, receive, _with_headers(send, POLICY_OF_TABLES))
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        loop = asyncio.get_running_loop()
        query = scope["query_string"].decode("latin-1")
        response = await loop.run_in_executor(self._threads, self.respond, scope["method"], path, query, headers)
        await _answer(response, scope["method"], _with_headers(send, POLICY))

    def respond(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> Response:
        """Return the answer to a request for one of our own pages."""
        if not self._allows(headers.get("host", "")):
            return Response(status=400, body=b"This address is not served here.\n", content_type="text/plain")
        if method not in ("GET", "HEAD"):
            return Response(
                status=405, body=b"Read only.\n", content_type="text/plain", headers=(("allow", "GET, HEAD"),)
            )
        if path.startswith("/static/") and (file := static_file(path)):
            return Response(
                status=200, body=file.body, content_type=file.content_type, headers=(("cache-control", _FOR_A_YEAR),)
            )
        if path in ("/tables", "/tables/"):
            return _moved(f"/{DATABASE}", permanent=False)
        if path.endswith("/") and path != "/":
            return _moved("/" + path.strip("/") + (f"?{query}" if query else ""))
        return _unless_known(self._page(path, query), headers.get("if-none-match", ""))

    def _page(self, path: str, query: str) -> Response:
        """Return a page, or the page that says why there is none."""
        try:
            return self._made(path, query)
        except MovedError as moved:
            return _moved(moved.address)
        except NotThereError as error:
            return self._trouble(404, "Not here", str(error), error.nearest)
        except NotKnownError as error:
            return self._trouble(404, "Not here", _sentence(str(error)))
        except BadAddressError as error:
            return self._trouble(400, "This cannot be asked", str(error))
        except DeniedError as error:
            return self._trouble(403, "Not shown", str(error))
        except sqlite3.Error as error:
            if "interrupted" in str(error):
                return self._trouble(
                    503, "Too slow", f"This took longer than {LONGEST_S:.0f} seconds and was given up."
                )
            _LOG.exception("%s", path)
            return self._trouble(503, "No answer", "The database cannot be read just now. Try again in a minute.")
        except Exception:
            _LOG.exception("%s", path)
            return self._trouble(500, "No answer", "Something is wrong with this page; the server's log says what.")

    def _made(self, path: str, query: str) -> Response:
        found = pages.find(path)
        if found is None:
            raise NotThereError("There is no page at this address.")
        if found.page.needs_pages and not self.site.shows_pages:
            raise DeniedError("Kept pages are somebody else’s work and are not published here.")
        with reading(self.site.database, self.site.vocabulary) as reader:
            asked = Asked(path=found.path, words=Words(query), reader=reader, site=self.site)
            shown = found.page.view(asked)
            if isinstance(shown, Reply):
                return _file(shown)
            context = {**frame(self.site, path, reader), **shown}
        template = found.page.template
        if template is None:
            raise TypeError(f"{found.page.address}: a view without a template returns a Reply")
        return Response(status=200, body=render(template, context))

    def _trouble(self, status: int, heading: str, message: str, nearest: Sequence[tuple[str, str]] = ()) -> Response:
        context = {
            **frame(self.site, None, None),
            "title": heading,
            "description": message,
            "message": message,
            "nearest": nearest,
        }
        return Response(status=status, body=render("trouble.html", context))

    def _may_be_asked(self, scope: Scope) -> bool:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        return self._allows(host.decode("latin-1"))

    def _allows(self, host: str) -> bool:
        try:
            return not self.hosts or (urlsplit(f"//{host}").hostname or "") in self.hosts
        except ValueError:  # a bracket that is not closed
            return False

    def _is_of_tables(self, path: str) -> bool:
        """Say whether Datasette answers *path*. What it tells about itself is for this machine alone."""
        is_database = path == f"/{DATABASE}" or path.startswith((f"/{DATABASE}/", f"/{DATABASE}."))
        return is_database or path.startswith("/-/static/" if self.site.public else "/-/")


def _path(scope: Scope) -> str:
    """Return the path as it stands in the address: a slash that is part of a name is still written as %2F."""
    raw = scope.get("raw_path")
    return raw.decode("latin-1").partition("?")[0] if raw else quote(scope["path"])


def _with_headers(send: Send, policy: str) -> Send:
    """Return *send* with the safe headers on every answer, whatever else it has."""
    ours = {"content-security-policy": policy, **dict(SAFE)}

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            others = [(name, value) for name, value in message.get("headers", []) if name.decode().lower() not in ours]
            message = {**message, "headers": [*others, *((n.encode(), v.encode()) for n, v in ours.items())]}
        await send(message)

    return sending


async def _answer(response: Response, method: str, send: Send) -> None:
    headers = [("content-type", response.content_type), ("content-length", str(len(response.body))), *response.headers]
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})


def _unless_known(response: Response, known: str) -> Response:
    """Return the answer, or that it is the one the reader has. No page is used again without asking: a run may end."""
    if response.status != 200:
        return response
    etag = f'"{hashlib.sha256(response.body).hexdigest()[:20]}"'
    headers = (*response.headers, ("etag", etag), ("cache-control", "no-cache"))
    if etag in known:
        return Response(status=304, body=b"", content_type=response.content_type, headers=headers)
    return Response(status=200, body=response.body, content_type=response.content_type, headers=headers)


def _moved(address: str, *, permanent: bool = True) -> Response:
    return Response(status=301 if permanent else 302, body=b"", headers=(("location", address),))


def _file(reply: Reply) -> Response:
    saved = (("content-disposition", f'attachment; filename="{reply.name}"'),) if reply.name else ()
    return Response(status=200, body=reply.body, content_type=reply.content_type, headers=saved)


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."
