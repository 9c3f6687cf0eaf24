"""Datasette, made ready: one database under one name, opened to be read while it is written, and private where it must.

It is served as a file that changes (never "immutable"): what a run commits is there for the next request. What tables
hold and columns mean comes from the comments of the SQL; what `--public` does not show is denied here, by name. What
it sends goes through here too: no cell of a CSV is run by a spreadsheet, and no page is read from right to left.
"""

import re
import sqlite3
import warnings
from collections.abc import Callable
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diff.cells import harmless_lines
from scraper.records import SECTIONS
from scraper.register import NHS_DATA_RELEASE
from scraper.text import unsteered
from snapshots.asking.names import add_name_functions
from snapshots.browse.app import plugins
from snapshots.browse.app.addresses import DATABASE
from snapshots.browse.app.budget import Budget, current
from snapshots.browse.app.kept import KeptStates, written_at, written_this_minute
from snapshots.browse.app.limits import MOST_FOUND
from snapshots.browse.app.render import shared_names
from snapshots.browse.app.request import SiteSettings, reading
from snapshots.browse.app.routes import navigation
from snapshots.browse.parts.clock import overdue_words
from snapshots.keeping.database import add_functions
from snapshots.sql.comments import DESCRIPTIONS, MEANINGS, QUESTIONS, questions_by_group

PRIVATE = frozenset({"attempts", "bodies", "deliveries", "dictionaries", "feeds_failed", "validators"})
"""Tables of which `--public` shows nothing: kept pages, to whom what was sent, what the server said to us."""

AS_READ = frozenset(
    {"beliefs", "readings", "states", "texts"}
    | {
        f"{index}{part}"
        for index in ("states_search", "texts_search")
        for part in ("", "_config", "_data", "_docsize", "_idx")
    }
)
"""Tables of what was read of pages, believed or not: `--public` shows it by views, which go through committed runs."""

PRIVATE_COLUMNS = frozenset({("captures", "headers")})
"""Columns of other tables that read as null there: what the server sent to us alone, cookies perhaps."""

_HIDDEN = frozenset(
    "_sqlite_migrations attempts beliefs derivation dictionaries feeds_failed former_members listed_pages "
    "readings validators".split()
)
"""Tables of the program's own; they are there, and out of the way."""

_TABLES: dict[str, dict[str, Any]] = {
    "agreements": {"facets": ["standing"]},
    "agreement_versions": {"sort_desc": "first_seen"},
    "agreement_datasets": {"sort_desc": "first_seen", "facets": ["dataset"]},
    "agreement_legal_bases": {"sort_desc": "first_seen", "facets": ["family"]},
    "agreement_controllers": {"sort_desc": "first_seen"},
    "bodies": {"units": {"size": "B"}},
    "changes": {
        "sort_desc": "first_seen", "facets": ["severity"], "label_column": "summary", "fts_table": "changes_search",
        "fts_pk": "rowid",
    },
    "current_agreements": {"sort": "organisation", "facets": ["organisation"]},
    "deliveries": {"sort_desc": "id"},
    "pages": {"label_column": "organisation", "sort": "organisation", "facets": ["layout", "standing"]},
    "recent_changes": {"facets": ["severity"]},
    "red_flags": {"facets": ["rule"]},
    "runs": {"sort_desc": "captured_at", "facets": ["kind", "state"], "label_column": "captured_at"},
    "snapshots": {"sort_desc": "first_seen", "facets": ["layout"]},
    "states": {"label_column": "title", "fts_table": "states_search", "fts_pk": "id"},
    "texts": {"fts_table": "texts_search", "fts_pk": "id"},
}  # fmt: skip
"""How Datasette sorts, counts, names and searches the rows of a table."""


def metadata(*, register: str, index: str, public: bool) -> dict[str, Any]:
    """Return Datasette's metadata.

    Args:
        register: What the register is called.
        index: Its address.
        public: Whether what is private is denied.
    """
    return {
        "title": "Tables",
        "license": NHS_DATA_RELEASE.licence.title,
        "license_url": NHS_DATA_RELEASE.licence.url,
        "source": NHS_DATA_RELEASE.source,
        "source_url": index,
        "databases": {
            DATABASE: {
                "title": f"{register}: all tables",
                "description": f"What registerwatch remembers of the {register}. {NHS_DATA_RELEASE.credit}",
                "tables": {
                    name: _table(name, public=public) for name in sorted({*MEANINGS, *_TABLES, *_HIDDEN, *AS_READ})
                },
                "queries": {
                    question.name: {"title": question.title, "description": question.description, "sql": question.sql}
                    for question in QUESTIONS
                },
            }
        },
    }


def _table(name: str, *, public: bool) -> dict[str, Any]:
    table = {**_TABLES.get(name, {}), "columns": MEANINGS.get(name, {})}
    if name in DESCRIPTIONS:
        table["description"] = DESCRIPTIONS[name]
    if name in _HIDDEN:
        table["hidden"] = True
    if public and name in PRIVATE | AS_READ:
        table |= {"allow": False, "hidden": True}
    return table


# --- what a browser is shown ------------------------------------------------------------------------------------------

_WIDE = frozenset({"current_agreements", "printed_versions"})
"""Views with all the prose of an agreement: a hundred rows were a page of 270,000 px and took seconds."""
_SHORT = (("_short", "on"), ("_size", "25"))
_SHORT_OF_WIDE = (*(("_nocol", column) for column in SECTIONS), ("_nocount", "1"))
_CHOSEN = frozenset({"_size", "_col", "_nocol", "_short"})


def shortened(path: str, query: str) -> str:
    """Return the words of an address with which a browser is shown a table: few rows, and no prose.

    A file has what it had, and who chooses rows or columns has them.

    >>> shortened("/register/changes", "kind=dataset-added")
    'kind=dataset-added&_short=on&_size=25'
    >>> shortened("/register/changes.json", ""), shortened("/register/changes", "_size=100")
    ('', '_size=100')
    """
    table = path.removeprefix(f"/{DATABASE}/")
    given = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    if table not in MEANINGS or given & _CHOSEN:
        return query
    facets = (("_nofacet", "1"),) if table in _WIDE and "_facet" not in given else ()
    added = urlencode([*_SHORT, *(_SHORT_OF_WIDE if table in _WIDE else ()), *facets])
    return f"{query}&{added}" if query else added


def lengthened(address: str) -> str:
    """Return an address without what `shortened` put in: that of the rows as a file.

    >>> lengthened("/register/changes.csv?kind=dataset-added&_short=on&_size=25")
    '/register/changes.csv?kind=dataset-added'
    """
    path, _, query = str(address).partition("?")  # the library's own sort of text is slow to be taken apart
    pairs = parse_qsl(query, keep_blank_values=True)
    if ("_short", "on") not in pairs:
        return address
    ours = {*_SHORT, *_SHORT_OF_WIDE, ("_nofacet", "1")}
    left = urlencode([pair for pair in pairs if pair not in ours])
    return f"{path}?{left}" if left else path


# --- the application --------------------------------------------------------------------------------------------------

_SHOWN = {
    "default_page_size": 100,
    "truncate_cells_html": 300,
    "suggest_facets": False,  # Datasette would ask a question of every column of every table that is shown
    "max_csv_mb": 200,
}
_LONGEST_MS = {"sql_time_limit_ms": 2000, "facet_time_limit_ms": 500}
_PUBLIC = {"default_allow_sql": False, "allow_download": False}

_ORDER = re.compile(r"\[?\w+\]?( desc)? limit (?P<limit>\d+)\s*")
_COUNTED = re.compile(r"\s*select (count\(\*\) from|.* as value, count\(\*\) as count from \()")
"""How Datasette asks how many rows there are, and of which values of a column how many."""
_TABLE = re.compile(r"\[?(?P<table>\w+)\]?( where |$)")
"""What Datasette writes at the end and at the beginning of what it asks for the first page of a table, sorted by one
column. What stands between them is a reader's, and of any length."""


class _AskedConnection(sqlite3.Connection):
    """A connection whose questions are those of a request: its time counts beside what Datasette allows each."""

    budget: Budget | None = None

    def set_progress_handler(self, handler: Any, n: int) -> None:
        """Have SQLite ask both, the library and the request."""
        budget = self.budget
        if budget is None or handler is None:
            super().set_progress_handler(handler, n)
        else:
            super().set_progress_handler(lambda: budget.is_over or handler(), n)


class _Tables(Datasette):  # type: ignore[misc]  # the library has no types
    """Datasette, which makes whole addresses of a thousand links of one page that differ in their words alone."""

    def absolute_url(self, request: Any, path: str) -> str:
        """Return the whole address of *path*, which the library makes anew of the request's own each time."""
        begin, _, query = str(path).partition("?")  # of a sort of text of the library's own, which is slow
        known = request.scope.setdefault(WHOLE, {})
        if begin not in known:
            known[begin] = super().absolute_url(request, begin)
        return f"{known[begin]}?{query}" if query else str(known[begin])


WHOLE = "registerwatch.whole"
"""Where a request carries the whole addresses of what its page links to."""


class _RegisterDatabase(Database):  # type: ignore[misc]  # the library has no types
    """The register's file; read by the public, nothing of a private table comes out of it, by whatever door."""

    def __init__(self, datasette: Any, site: SiteSettings, *, private: frozenset[str]) -> None:
        super().__init__(datasette, path=str(site.database), is_mutable=True)
        self._private = private
        self._vocabulary = site.vocabulary
        self._counted = KeptStates(partial(written_this_minute, site.database, site.clock), MOST_FOUND)

    def connect(self, write: bool = False) -> sqlite3.Connection:  # noqa: ARG002  # nothing here writes
        """Open the file to be read."""
        uri = f"{Path(self.path).absolute().as_uri()}?mode=ro"
        conn = sqlite3.connect(uri, uri=True, check_same_thread=False, factory=_AskedConnection)
        self._all_file_connections.append(conn)
        conn.execute("pragma query_only = on")
        add_functions(conn)
        add_name_functions(conn, self._vocabulary)
        if self._private:
            conn.set_authorizer(self._authorise)
        return conn

    async def execute(self, sql: str, *given: Any, **named: Any) -> Any:
        """Ask. What cannot be asked is answered, and is nothing to print on this machine's terminal.

        What is counted goes through all rows, and is the same however they are sorted: it is asked once.
        """
        named |= {"log_sql_errors": False}
        if not _COUNTED.match(sql):
            return await super().execute(await self._in_one_order(sql), *given, **named)
        key, kept = (sql, repr(given), repr(named)), self._counted.now()
        if (found := kept.get(key)) is None:
            found = await super().execute(sql, *given, **named)
            kept.keep(key, found, len(found.rows) + 1)
        return found

    async def execute_fn(self, fn: Any) -> Any:
        """Ask within the time of the request that it is asked for, if it is one's."""
        budget = current.get()
        if budget is None:
            return await super().execute_fn(fn)
        budget.check()

        def within(conn: _AskedConnection) -> Any:
            conn.budget = budget
            try:
                return fn(conn)
            finally:
                conn.budget = None

        return await super().execute_fn(within)

    async def _in_one_order(self, sql: str) -> str:
        """Return a sorted page of a table with its ties in the order of the key.

        Datasette goes on to the next page by value and key, but has the first page's ties in any order: rows would be
        missing from the pages and from the CSV of all of them, and others be there twice.
        """
        asked, _, order = sql.rpartition(" order by ")
        end = _ORDER.fullmatch(order)
        begin = _TABLE.match(asked.partition(" from ")[2]) if asked.startswith("select ") else None
        if end is None or begin is None or not await self.table_exists(begin["table"]):
            return sql
        key = ", ".join(f"[{column}]" for column in await self.primary_keys(begin["table"]) or ["rowid"])
        return f"{asked} order by {order[: end.start('limit')].removesuffix(' limit ')}, {key} limit {end['limit']}"

    def _authorise(self, action: int, table: str | None, column: str | None, *_: str | None) -> int:
        """Let private columns, and all of private tables, read as null.

        Not "deny": Datasette counts every table there is, and an error there would take the page of all tables away.
        """
        private = table in self._private or (table, column) in PRIVATE_COLUMNS
        return sqlite3.SQLITE_IGNORE if action == sqlite3.SQLITE_READ and private else sqlite3.SQLITE_OK


def make_tables(site: SiteSettings) -> ASGIApp:
    """Return Datasette as an ASGI application."""
    # It prepares all that it asks about facets, and drops the rest when one cannot be asked: Python would tell the
    # journal of each.
    warnings.filterwarnings("ignore", r"coroutine '[\w.<>]*facet\w*' was never awaited", RuntimeWarning)
    datasette = _Tables(
        files=[],
        metadata=metadata(register=site.register, index=site.index, public=site.public),
        settings=_SHOWN
        | {name: round(ms * site.patience) for name, ms in _LONGEST_MS.items()}
        | (_PUBLIC if site.public else {}),
        template_dir=str(resources.files("snapshots.browse") / "templates" / "datasette"),
    )
    datasette.remove_database("_memory")
    private = PRIVATE if site.public else frozenset[str]()
    datasette.add_database(_RegisterDatabase(datasette, site, private=private), name=DATABASE)
    datasette.jinja_env.globals.update(
        shared_names(),
        our_navigation=list(navigation()),
        site=site,
        source_sentence=NHS_DATA_RELEASE.credit,
        question_groups=questions_by_group(),
        questions={question.name: question for question in QUESTIONS},
        table_descriptions=DESCRIPTIONS,
        column_meanings=MEANINGS,
        lengthened=lengthened,
        overdue=partial(_overdue, site, KeptStates(partial(written_at, site.database), MOST_FOUND)),
    )
    _add_our_parts()
    return _Harmless(datasette.app())


class _Harmless:
    """Datasette, with what it sends made safe to show and to open: its own writers know pages and CSV by their form.

    JSON is as it is: it says what is kept to the letter, with all but ASCII as escapes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        made_safe: Callable[[str], str] | None = None

        async def sending(message: Message) -> None:
            nonlocal made_safe
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                made_safe = _SAFE.get(headers.get("content-type", "").partition(";")[0])
                if made_safe:
                    del headers["content-length"]
                message = {**message, "headers": headers.raw}
            elif made_safe and message.get("body"):
                # A page comes whole, a CSV line by line, and each of them is one piece.
                message = {**message, "body": made_safe(message["body"].decode()).encode()}
            await send(message)

        await self._app(scope, receive, sending)


_SAFE: dict[str, Callable[[str], str]] = {
    "text/html": unsteered,
    "text/csv": harmless_lines,
    "text/plain": harmless_lines,  # CSV that is looked at, and nothing else here
}


def _overdue(site: SiteSettings, found: KeptStates) -> str:
    with reading(site.database, site.vocabulary, kept=found.now()) as reader:
        return overdue_words(site, reader)


def _add_our_parts() -> None:
    """Have Datasette show cells, and tell what went wrong, as we do; its plugins are one list for the process."""
    if not pm.is_registered(plugins):
        pm.unregister(name="datasette.handle_exception")
        pm.register(plugins, name="ours")
