"""What Datasette shows and says as we do: cells with links to our own pages, and what goes wrong in a sentence.

Its own handler calls an unknown column to sort by an error of the server, and prints what it knows of that to the
terminal.
"""

import json
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from datasette import Response, hookimpl
from datasette.utils.asgi import Base400
from datasette.views.base import DatasetteError
from markupsafe import Markup, escape

from scraper.text import cut, one_line
from snapshots.browse.app import addresses
from snapshots.browse.app.budget import TooLongError

# --- cells ------------------------------------------------------------------------------------------------------------

_CHANGES = frozenset({"change", "change_id", "group_id", "member_of"})
_REFERENCES = frozenset({"reference"})
_PAGES = frozenset({"page"})
_CHANGE_TABLES = frozenset({"changes", "recent_changes"})
_BODIES = frozenset({"base", "body", "sha256", "snapshot_after", "snapshot_before"})
_WITHOUT_ROWS = frozenset({"current_agreements", "printed_versions"})
"""Views whose rows have no page of their own; all that is listed stands on the agreement's page."""
_FEW = 5
_STATES = frozenset({"after_text", "before_text", "state", "states"})


@hookimpl  # type: ignore[untyped-decorator,unused-ignore]  # the library has no types
def render_cell(value: Any, column: str, table: str | None, datasette: Any) -> Markup | None:
    """Return a cell as markup; None leaves it to Datasette."""
    site = datasette.jinja_env.globals["site"]
    if site.public and column in _STATES and isinstance(value, int | dict):
        return Markup.escape(value["value"] if isinstance(value, dict) else value)  # its row is not shown there
    of_body = str(value["value"] if isinstance(value, dict) else value)
    if column in _BODIES and re.fullmatch("[0-9a-f]{64}", of_body):
        return _link(addresses.snapshot(of_body), of_body) if site.shows_pages else Markup.escape(of_body)
    if isinstance(value, dict):
        return _labelled(column, value)
    if not isinstance(value, str) or not value:
        return None
    if column in _REFERENCES:
        return _link(addresses.agreement(value), value)
    if column in _PAGES:
        return _link(addresses.organisation(value), value)
    if (column in _CHANGES or (column == "id" and table in _CHANGE_TABLES)) and re.fullmatch("[0-9a-f]{20}", value):
        return _link(addresses.change(value), value[:8])
    if value.startswith("[") and (lines := _lines(value, most=_FEW if table in _WITHOUT_ROWS else None)):
        return lines
    return None


def _labelled(column: str, cell: Mapping[str, Any]) -> Markup | None:
    """Return a cell that names a row of another table, which has a label."""
    address = addresses.organisation if column in _PAGES else addresses.change if column in _CHANGES else None
    return _link(address(str(cell["value"])), str(cell["label"])) if address else None


def _link(to: str, words: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(to, words)


def _lines(value: str, *, most: int | None) -> Markup | None:
    """Return a list in JSON as lines, at most so many; of a legal basis its id. None for what is no such list."""
    try:
        listed = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, list):
        return None
    words = [one["id"] if isinstance(one, dict) and isinstance(one.get("id"), str) else one for one in listed]
    if not all(isinstance(one, str) for one in words):
        return None
    if not words:
        return Markup('<span class="quiet">empty</span>')
    left = len(words) - most if most else 0
    shown = [*words[:most], f"and {left:,} more"] if left > 0 else words
    # Thousands on a page: put together as text, for which `Markup.format` takes ten times as long.
    items = "".join(f"<li>{escape(one)}</li>" for one in shown)
    return Markup(f'<ul class="values">{items}</ul>')


# --- errors -----------------------------------------------------------------------------------------------------------

_LOG = logging.getLogger(__name__)

_NOT_NOW = ("unable to open", "locked", "busy", "disk", "malformed", "not a database")
"""What SQLite says where the question is not to blame."""


class Answer(NamedTuple):
    """What is answered."""

    status: int
    words: str


def answer_to(exception: Exception) -> Answer:
    """Return the answer to what went wrong.

    >>> answer_to(KeyError("table"))
    Answer(status=400, words='The tables cannot be asked this.')
    >>> answer_to(sqlite3.OperationalError("unable to open database file")).status
    503
    """
    if isinstance(exception, sqlite3.Error) and any(words in str(exception) for words in _NOT_NOW):
        return Answer(503, "The database cannot be read just now. Try again in a minute.")
    if isinstance(exception, TooLongError):
        return Answer(503, str(exception))
    if isinstance(exception, Base400):
        return Answer(exception.status, str(exception.args[0]) if exception.args else "Not here.")
    if isinstance(exception, DatasetteError):
        if exception.message_is_html:  # its one message in HTML is about time, with a script to open a text field
            return Answer(exception.status, "This took too long and was given up.")
        return Answer(400 if exception.status >= 500 else exception.status, str(exception.message))
    return Answer(400, "The tables cannot be asked this.")


@hookimpl(tryfirst=True)  # type: ignore[untyped-decorator,unused-ignore]  # the library has no types
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Callable[[], Awaitable[Any]]:
    """Return what answers the request."""

    async def answer() -> Any:
        status, words = answer_to(exception)
        words = cut(one_line(words), 300)
        _LOG.info("%s: %d, %s: %s", request.path, status, type(exception).__name__, words)
        told = {"ok": False, "error": words, "status": status, "title": None}
        if request.path.partition("?")[0].endswith(".json"):
            return Response.json(told, status=status)
        names = {"urls": datasette.urls, "app_css_hash": datasette.app_css_hash(), "menu_links": list}
        page = await datasette.jinja_env.get_template("error.html").render_async(told | names)
        return Response.html(page, status=status)

    return answer
