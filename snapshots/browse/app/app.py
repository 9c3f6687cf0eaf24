"""The door: every request comes in here. Ours go to their page, Datasette's to Datasette; all leave with safe headers.

HTTP is here and nowhere else in this package. A page is made in a worker thread, by a reader of its own.
"""

import asyncio
import logging
import sqlite3
from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime
from functools import partial
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diff.saying.english import sentence_case
from snapshots.asking.names import NotKnownError
from snapshots.browse.app.addresses import DATABASE
from snapshots.browse.app.ahead import stay_ready
from snapshots.browse.app.budget import Budget, TooLongError
from snapshots.browse.app.kept import (
    KeptStates,
    KeptStore,
    answer_key,
    keeping,
    reader_has,
    written_at,
    written_this_minute,
)
from snapshots.browse.app.limits import (
    LONGEST_FILE_S,
    LONGEST_S,
    MOST_FOUND,
    MOST_KEPT,
    MOST_WAITING,
    TABLES_AT_ONCE,
    TABLES_WAITING,
    THREADS,
    why_not_of_table,
    why_too_much,
)
from snapshots.browse.app.machines import ADDRESSES, Watched
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
from snapshots.browse.following.followable import followable_at, form_of
from snapshots.browse.following.sending import (
    FORM,
    NoFormError,
    SignUps,
    TooLargeError,
    read_form,
    sign_up_of,
)
from snapshots.browse.following.site import FollowSite
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

BUDGET, KEPT = "registerwatch.budget", "registerwatch.kept"
"""Where a request carries what it may take, and what was found before and still holds."""

_COLUMNS = {table: frozenset(columns) for table, columns in MEANINGS.items()}
_ASK_AGAIN = "no-cache"
"""No page is used again without asking: a run may have ended."""
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
        self._site = site
        self._sign_ups = SignUps(site.following, site.clock) if site.following else None
        self._turns_of_pages, self._turns_of_tables = (
            Turns(THREADS, MOST_WAITING),
            Turns(TABLES_AT_ONCE, TABLES_WAITING),
        )
        self._found = KeptStates(partial(written_at, site.database), MOST_FOUND)
        self._answers = KeptStates(partial(written_this_minute, site.database, site.clock), MOST_KEPT)
        self._watched, self._is_public = Watched(site, self._found), site.public
        # What Datasette tells about itself is for this machine alone.
        self._below = (f"/{DATABASE}/", f"/{DATABASE}.", "/-/static/" if site.public else "/-/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._tables(scope, receive, send)
            return
        path, query = _path(scope), scope["query_string"]
        if path in ADDRESSES and scope["method"] in READING and (self._is_public or self._allows(scope)):
            # On a network of containers a monitor asks by another name; it is told what everybody is.
            answer = await asyncio.to_thread(self._watched.answer, path)
            await answer(scope, receive, _with_headers(send, POLICY))
            return
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
        elif scope["method"] not in READING:
            await self._sent(scope, receive, sending)
        elif path.startswith("/follow"):
            # Of people, who change without the history: kept nowhere, by no reader either.
            budget = self._budget()
            scope = {**scope, BUDGET: budget, KEPT: self._found.now()}
            await self._turns_of_pages.serve(self._pages, scope, receive, _private(sending), budget)
        elif answer := (kept := self._answers.now()).get(key := answer_key(scope)):
            await answer.send(scope, sending)
        elif of_tables:
            budget = self._budget(LONGEST_FILE_S if b"_stream" in query else LONGEST_S)
            scope = {**scope, "query_string": shortened(path, query.decode("latin-1")).encode("latin-1")}
            sending = keeping(kept, key, scope, sending)
            await self._turns_of_tables.serve(self._tables, scope, receive, sending, budget)
        else:
            budget = self._budget()
            scope = {**scope, BUDGET: budget, KEPT: self._found.now()}
            sending = keeping(kept, key, scope, sending)
            await self._turns_of_pages.serve(self._pages, scope, receive, sending, budget)

    def _budget(self, seconds: float = LONGEST_S) -> Budget:
        return Budget(seconds * self._site.patience)

    async def stay_ready(self) -> None:
        """Have at hand what many pages need, for as long as the server runs."""
        await stay_ready(self, self._site, self._found)

    async def _sent(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is sent: forms of those who follow by e-mail, and nothing else."""
        following, path = self._site.following, scope["path"]
        if following is None or scope["method"] != "POST" or not path.startswith("/follow"):
            await self._pages(scope, receive, send)
            return
        send = _private(send)
        try:
            form = await read_form(scope, receive)
            if path == "/follow":
                await (await self._signed_up(following, scope, form))(scope, receive, send)
                return
        except (TooLargeError, NoFormError) as error:
            status = 413 if isinstance(error, TooLargeError) else 400
            await _refusal(self._pages, str(error), status, is_question=False)(scope, receive, send)
            return
        except ClientDisconnect:
            return
        budget = self._budget()
        scope = {**scope, BUDGET: budget, KEPT: self._found.now(), FORM: form}
        await self._turns_of_pages.serve(self._pages, scope, receive, send, budget)

    async def _signed_up(self, following: FollowSite, scope: Scope, form: Mapping[str, str]) -> Response:
        """Keep what a form asks for; whoever sent it is told the same, whatever stands in it."""
        elsewhere = next((value for name, value in scope["headers"] if name == b"sec-fetch-site"), b"same-origin")
        if elsewhere not in (b"same-origin", b"same-site", b"none"):
            raise NoFormError("This form was sent from another site. Open the page here, and send its form.")
        wanted = sign_up_of(following, form, following.client_of(scope), self._site.clock())
        try:
            if wanted is not None and self._sign_ups and not await self._sign_ups.keep(wanted):
                return PlainTextResponse("Too many are asking at this moment. Come again in a minute.\n", 503)
        except Exception as error:
            # Without its words: they may hold what was typed.
            _LOG.error("a form could not be kept: %s", type(error).__name__)
            return PlainTextResponse("This could not be kept just now. Try again in a minute.\n", 503)
        return Response(status_code=303, headers={"location": "/follow/sent"})

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


def _private(send: Send) -> Send:
    """Return *send* for pages behind the links of letters: nobody keeps them, no search engine lists them."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [(name, value) for name, value in message.get("headers", []) if name.lower() != b"cache-control"]
            ours = [(b"cache-control", b"no-store"), (b"x-robots-tag", b"noindex")]
            message = {**message, "headers": [*others, *ours]}
        await send(message)

    return sending


def _refusal(pages: Starlette, why: str, status: int = 400, *, is_question: bool = True) -> Response:
    title = "This cannot be asked" if is_question else "This cannot be taken"
    said = {"title": title, "description": why, "message": why, "nearest": ()}
    return _page(render("trouble.html", {**frame(pages.state.site, None, None), **said}), status)


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
            *(Route(route.address, _endpoint(route), methods=_methods(site, route)) for route in ROUTES),
        ],
        exception_handlers={404: _elsewhere, 405: _read_only},
    )
    pages.state.site, pages.state.threads = site, ThreadPoolExecutor(THREADS, thread_name_prefix="page")
    # It would try every address a second time, and answer 307 with a whole address; see _elsewhere.
    pages.router.redirect_slashes = False
    return pages


def _methods(site: SiteSettings, route: PageRoute) -> list[str]:
    return ["GET", "POST"] if route.takes_forms and site.following else ["GET"]


def _endpoint(route: PageRoute) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        threads: ThreadPoolExecutor = request.app.state.threads
        return await asyncio.get_running_loop().run_in_executor(threads, _answer, route, request)

    return endpoint


def _answer(route: PageRoute, request: Request) -> Response:
    """Return a page, or the page that says why there is none."""
    try:
        return _made(route, request)
    except MovedError as moved:
        return _moved(moved.address, moved.status)
    except Exception as error:
        return _trouble(request, error)


def _made(route: PageRoute, request: Request) -> Response:
    site: SiteSettings = request.app.state.site
    if route.needs_pages and not site.shows_pages:
        raise DeniedError("Kept pages are somebody else’s work and are not published here.")
    budget: Budget = request.scope[BUDGET]
    kept: KeptStore = request.scope[KEPT]
    with reading(site.database, site.vocabulary, budget, kept) as reader:
        path = {name: unquote(text, errors="replace") for name, text in request.path_params.items()}
        words = QueryWords(request.scope["query_string"].decode("latin-1"))
        asked = PageRequest(path=path, words=words, reader=reader, site=site, form=request.scope.get(FORM))
        shown = route.view(asked)
        if isinstance(shown, PageFile):
            return _file(shown, request)
        context = {**frame(site, request.scope["path"], reader), "follow": _form(asked, request), **shown}
        budget.check()
    if route.template is None:
        raise TypeError(f"{route.address}: a view without a template returns a PageFile")
    return _page(render(route.template, context))


def _form(asked: PageRequest, request: Request) -> Mapping[str, Any] | None:
    """Return what the form of a page shows by which it is followed; None where it cannot be."""
    path = request.scope["path"]
    if asked.site.following is None or path.startswith("/follow"):
        return None
    found = followable_at(asked, path)
    return form_of(asked, found) if found else None


def _file(file: PageFile, request: Request) -> Response:
    """Return a file. One that says of what it is made is not drawn for whoever has it."""
    headers = {"cache-control": _ASK_AGAIN}
    if file.name:
        headers["content-disposition"] = f'attachment; filename="{file.name}"'
    etag = f'"{file.state}"' if file.state else None
    if etag:
        headers["etag"] = etag
    if file.changed_at:
        headers["last-modified"] = format_datetime(file.changed_at, usegmt=True)
    known = etag and reader_has(request.headers, etag, file.changed_at)
    body = b"" if known else file.drawn()
    if file.content_type.startswith("text/csv"):
        # A spreadsheet takes a file without the mark for Windows-1252, and a program the mark for part of a name. Who
        # clicks on a link asks for a page.
        body = BOM_UTF8 + body if "text/html" in request.headers.get("accept", "") else body
        headers["vary"] = "Accept"
    return Response(body, 304 if known else 200, headers, file.content_type)


def _page(body: bytes, status: int = 200) -> Response:
    return Response(body, status, {"cache-control": _ASK_AGAIN}, media_type="text/html")


def _moved(address: str, status: int = 301) -> Response:
    return Response(status_code=status, headers={"location": address}, media_type="text/html")


# --- what is no page --------------------------------------------------------------------------------------------------


def _trouble(request: Request, error: Exception) -> Response:
    """Return the page that says what went wrong."""
    status, heading, message = _in_words(error)
    if heading == "No answer":
        # What stands behind /follow/ opens what somebody follows.
        path = request.scope["path"]
        _LOG.error("%s", "/follow/…" if path.startswith("/follow/") else path, exc_info=error)
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
            return 404, "Not here", f"{sentence_case(str(error))}."
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
    closed = (
        (f"/{DATABASE}", "/search", "/compare", "/snapshots/", "/follow") if request.app.state.site.public else ("/",)
    )
    return PlainTextResponse("".join(["User-agent: *\n", *(f"Disallow: {path}\n" for path in closed)]))


async def _static(request: Request) -> Response:
    file = static_file(request.path_params["file"])
    if file is None:
        raise HTTPException(404)
    return Response(file.body, headers={"cache-control": _FOR_A_YEAR}, media_type=file.content_type)


async def _to_tables(_: Request) -> Response:
    return _moved(f"/{DATABASE}", 302)
