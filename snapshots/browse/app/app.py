"""The door: every request comes in here. Ours go to their page, Datasette's to Datasette; all leave with safe headers.

HTTP is here and nowhere else in this package. A page is made in a worker thread, by a reader of its own.
"""

import asyncio
import hashlib
import logging
import sqlite3
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote, unquote, urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from snapshots.asking.names import NotKnownError
from snapshots.browse.app.addresses import DATABASE
from snapshots.browse.app.budget import Budget, TooLongError
from snapshots.browse.app.limits import (
    LONGEST_FILE_S,
    LONGEST_S,
    MOST_WAITING,
    TABLES_AT_ONCE,
    TABLES_WAITING,
    THREADS,
    why_not_of_table,
    why_too_much,
)
from snapshots.browse.app.render import frame, render, static_file
from snapshots.browse.app.request import (
    BadAddressError,
    DeniedError,
    MovedError,
    NotThereError,
    PageFile,
    PageRequest,
    PageRoute,
    QueryWords,
    SiteSettings,
    reading,
)
from snapshots.browse.app.routes import ROUTES
from snapshots.browse.app.tables import shortened
from snapshots.browse.app.turns import Turns
from snapshots.sql.comments import MEANINGS

READING = ("GET", "HEAD")

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content-Security-Policy: no script and no style in a page, those in files of ours alone, nothing from elsewhere."""

SAFE = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)

BUDGET = "registerwatch.budget"
"""Where a request carries what it may take."""

_COLUMNS = {table: frozenset(columns) for table, columns in MEANINGS.items()}
_FOR_A_YEAR = "public, max-age=31536000, immutable"
_LOG = logging.getLogger(__name__)


class Door:
    """The application that the server runs.

    Args:
        site: Who serves what to whom.
        tables: Datasette.
        hosts: The names under which this machine may be asked; empty: any. On loopback a page elsewhere on the web
            could give its own name our address, and read what is shown to this machine alone.
    """

    def __init__(self, site: SiteSettings, tables: ASGIApp, *, hosts: frozenset[str] = frozenset()) -> None:
        self._tables, self._pages, self._hosts = tables, make_pages(site), hosts
        self._turns_of_pages, self._turns_of_tables = (
            Turns(THREADS, MOST_WAITING),
            Turns(TABLES_AT_ONCE, TABLES_WAITING),
        )
        # What Datasette tells about itself is for this machine alone.
        self._below = (f"/{DATABASE}/", f"/{DATABASE}.", "/-/static/" if site.public else "/-/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._tables(scope, receive, send)
            return
        path, query = _path(scope), scope["query_string"]
        of_tables = scope["method"] in READING and (path == f"/{DATABASE}" or path.startswith(self._below))
        sending = _with_headers(send, POLICY)
        # Routes are found by what stands in the address, where a slash that is part of a name is still %2F.
        scope = scope if of_tables else {**scope, "path": path}
        why_not = why_too_much(query) or (
            why_not_of_table(query.decode("latin-1"), _columns(path)) if of_tables else ""
        )
        if not self._allows(scope):
            await PlainTextResponse("This address is not served here.\n", 400)(scope, receive, sending)
        elif why_not:
            await _refusal(self._pages, why_not)(scope, receive, sending)
        elif of_tables:
            budget = Budget(LONGEST_FILE_S if b"_stream" in query else LONGEST_S)
            scope = {**scope, "query_string": shortened(path, query.decode("latin-1")).encode("latin-1")}
            await self._turns_of_tables.serve(self._tables, scope, receive, sending, budget)
        elif scope["method"] not in READING:
            await self._pages(scope, receive, sending)
        else:
            budget = Budget()
            await self._turns_of_pages.serve(self._pages, {**scope, BUDGET: budget}, receive, sending, budget)

    def _allows(self, scope: Scope) -> bool:
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        try:
            return not self._hosts or (urlsplit(f"//{host}").hostname or "") in self._hosts
        except ValueError:  # a bracket that is not closed
            return False


def _columns(path: str) -> frozenset[str] | None:
    """Return the columns of the table at *path*; None if there is none: questions have names of their own."""
    name = unquote(path.removeprefix(f"/{DATABASE}/"))
    return _COLUMNS.get(name.removesuffix(".json").removesuffix(".csv"))


def _refusal(pages: Starlette, why: str) -> Response:
    said = {"title": "This cannot be asked", "description": why, "message": why, "nearest": ()}
    return _page(render("trouble.html", {**frame(pages.state.site, None, None), **said}), 400)


def _path(scope: Scope) -> str:
    raw = scope.get("raw_path")
    return raw.decode("latin-1").partition("?")[0] if raw else quote(scope["path"])


def _with_headers(send: Send, policy: str) -> Send:
    """Return *send* with the safe headers on every answer, whatever else it has."""
    ours = {"content-security-policy": policy, **dict(SAFE)}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [(name, value) for name, value in message.get("headers", []) if name.decode().lower() not in ours]
            message = {**message, "headers": [*others, *((n.encode(), v.encode()) for n, v in ours.items())]}
        await send(message)

    return sending


# --- our own pages ----------------------------------------------------------------------------------------------------


def make_pages(site: SiteSettings) -> Starlette:
    """Return our own pages as an application: whatever a route does not open to another method is read only."""
    pages = Starlette(
        routes=[
            Route("/robots.txt", _robots),
            Route("/static/{file}", _static),
            Route("/tables", _to_tables),
            Route("/tables/", _to_tables),
            *(Route(route.address, _endpoint(route)) for route in ROUTES),
        ],
        exception_handlers={404: _elsewhere, 405: _read_only},
    )
    pages.state.site, pages.state.threads = site, ThreadPoolExecutor(THREADS, thread_name_prefix="page")
    # It would try every address a second time, and answer 307 with a whole address; see _elsewhere.
    pages.router.redirect_slashes = False
    return pages


def _endpoint(route: PageRoute) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        threads: ThreadPoolExecutor = request.app.state.threads
        return await asyncio.get_running_loop().run_in_executor(threads, _answer, route, request)

    return endpoint


def _answer(route: PageRoute, request: Request) -> Response:
    """Return a page, or the page that says why there is none."""
    try:
        return _unless_known(_made(route, request), request.headers.get("if-none-match", ""))
    except MovedError as moved:
        return _moved(moved.address)
    except Exception as error:
        return _trouble(request, error)


def _made(route: PageRoute, request: Request) -> Response:
    site: SiteSettings = request.app.state.site
    if route.needs_pages and not site.shows_pages:
        raise DeniedError("Kept pages are somebody else’s work and are not published here.")
    budget: Budget = request.scope[BUDGET]
    with reading(site.database, site.vocabulary, budget) as reader:
        path = {name: unquote(text, errors="replace") for name, text in request.path_params.items()}
        words = QueryWords(request.scope["query_string"].decode("latin-1"))
        shown = route.view(PageRequest(path=path, words=words, reader=reader, site=site))
        if isinstance(shown, PageFile):
            return _file(shown, request)
        context = {**frame(site, request.scope["path"], reader), **shown}
        budget.check()
    if route.template is None:
        raise TypeError(f"{route.address}: a view without a template returns a PageFile")
    return _page(render(route.template, context))


def _file(file: PageFile, request: Request) -> Response:
    """Return a file. One that says of what it is made is not drawn for whoever has it."""
    headers = {"content-disposition": f'attachment; filename="{file.name}"'} if file.name else {}
    if file.state:
        headers["etag"] = f'"{file.state}"'
    if file.changed_at:
        headers["last-modified"] = format_datetime(file.changed_at, usegmt=True)
    known = file.state and _knows(file, request)
    body = b"" if known else file.drawn()
    if file.content_type.startswith("text/csv"):
        # A spreadsheet takes a file without the mark for Windows-1252, and a program the mark for part of a name. Who
        # clicks on a link asks for a page.
        body = BOM_UTF8 + body if "text/html" in request.headers.get("accept", "") else body
        headers["vary"] = "Accept"
    return Response(body, 304 if known else 200, headers, file.content_type)


def _knows(file: PageFile, request: Request) -> bool:
    """Say whether the reader has the file: by its state if that is named, which is exact, else by its time."""
    if (named := request.headers.get("if-none-match")) is not None:
        return f'"{file.state}"' in named or named.strip() == "*"
    since = request.headers.get("if-modified-since")
    try:
        return bool(since and file.changed_at and file.changed_at <= parsedate_to_datetime(since))
    except (ValueError, TypeError):  # no date, or one without a zone
        return False


def _page(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="text/html")


def _unless_known(response: Response, known: str) -> Response:
    """Return the answer, or that it is the one the reader has. No page is used again without asking: a run may end."""
    response.headers["cache-control"] = "no-cache"
    if "etag" in response.headers:
        return response
    etag = f'"{hashlib.sha256(response.body).hexdigest()[:20]}"'
    if etag in known:
        response = Response(status_code=304, media_type=response.media_type)
    response.headers.update({"etag": etag, "cache-control": "no-cache"})
    return response


def _moved(address: str, status: int = 301) -> Response:
    return Response(status_code=status, headers={"location": address}, media_type="text/html")


# --- what is no page --------------------------------------------------------------------------------------------------


def _trouble(request: Request, error: Exception) -> Response:
    """Return the page that says what went wrong."""
    status, heading, message = _in_words(error)
    if heading == "No answer":
        _LOG.error("%s", request.scope["path"], exc_info=error)
    said = {"title": heading, "description": message, "message": message}
    nearest = error.nearest if isinstance(error, NotThereError) else ()
    return _page(
        render("trouble.html", {**frame(request.app.state.site, None, None), **said, "nearest": nearest}), status
    )


def _in_words(error: Exception) -> tuple[int, str, str]:
    match error:
        case NotThereError():
            return 404, "Not here", str(error)
        case NotKnownError():
            return 404, "Not here", f"{str(error)[:1].upper()}{str(error)[1:]}."
        case BadAddressError():
            return 400, "This cannot be asked", str(error)
        case DeniedError():
            return 403, "Not shown", str(error)
        case TooLongError():
            return 503, "Too slow", str(error)
        case sqlite3.Error() if "interrupted" in str(error):
            return 503, "Too slow", str(TooLongError(LONGEST_S))
        case sqlite3.Error():
            return 503, "No answer", "The database cannot be read just now. Try again in a minute."
        case _:
            return 500, "No answer", "Something is wrong with this page; the server's log says what."


def _elsewhere(request: Request, error: Exception) -> Response:
    """Answer for an address that no route has: a slash too many is taken away."""
    if request.method not in READING:
        return _read_only(request, error)
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    if path.endswith("/") and path != "/":
        # A backslash at the beginning is a slash to some, and so the beginning of a host.
        return _moved("/" + path.strip("/\\") + (f"?{query}" if query else ""))
    return _trouble(request, NotThereError("There is no page at this address."))


def _read_only(_request: Request, _: Exception) -> Response:
    return PlainTextResponse("Read only.\n", 405, headers={"allow": ", ".join(READING)})


async def _robots(request: Request) -> Response:
    """Say what may be crawled: what is published, without tables and questions, of which there is no end."""
    closed = (f"/{DATABASE}", "/search", "/compare", "/snapshots/") if request.app.state.site.public else ("/",)
    return PlainTextResponse("".join(["User-agent: *\n", *(f"Disallow: {path}\n" for path in closed)]))


async def _static(request: Request) -> Response:
    file = static_file(request.path_params["file"])
    if file is None:
        raise HTTPException(404)
    return Response(file.body, headers={"cache-control": _FOR_A_YEAR}, media_type=file.content_type)


async def _to_tables(_: Request) -> Response:
    return _moved(f"/{DATABASE}", 302)
