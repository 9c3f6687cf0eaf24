"""What Datasette answers when something goes wrong: in a sentence, and whose fault it is.

Its own handler calls an unknown column to sort by an error of the server, and prints what it knows of that to the
terminal.
"""

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from datasette import Response, hookimpl
from datasette.utils.asgi import Base400
from datasette.views.base import DatasetteError

from scraper.text import cut, one_line

_LOG = logging.getLogger(__name__)

_NOT_NOW = ("unable to open", "locked", "busy", "disk", "malformed", "not a database")
"""What SQLite says where the question is not to blame."""


class Mishap(NamedTuple):
    """What is answered."""

    status: int
    words: str


def mishap_of(exception: Exception) -> Mishap:
    """Return the answer to what went wrong.

    >>> mishap_of(KeyError("table"))
    Mishap(status=400, words='The tables cannot be asked this.')
    >>> mishap_of(sqlite3.OperationalError("unable to open database file")).status
    503
    """
    if isinstance(exception, sqlite3.Error) and any(words in str(exception) for words in _NOT_NOW):
        return Mishap(503, "The database cannot be read just now. Try again in a minute.")
    if isinstance(exception, Base400):
        return Mishap(exception.status, str(exception.args[0]) if exception.args else "Not here.")
    if isinstance(exception, DatasetteError):
        if exception.message_is_html:  # its one message in HTML is about time, with a script to open a text field
            return Mishap(exception.status, "This took too long and was given up.")
        return Mishap(400 if exception.status >= 500 else exception.status, str(exception.message))
    return Mishap(400, "The tables cannot be asked this.")


@hookimpl(tryfirst=True)  # type: ignore[untyped-decorator,unused-ignore]  # the library has no types
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Callable[[], Awaitable[Any]]:
    """Return what answers the request."""

    async def answer() -> Any:
        status, words = mishap_of(exception)
        words = cut(one_line(words), 300)
        _LOG.info("%s: %d, %s: %s", request.path, status, type(exception).__name__, words)
        told = {"ok": False, "error": words, "status": status, "title": None}
        if request.path.partition("?")[0].endswith(".json"):
            return Response.json(told, status=status)
        names = {"urls": datasette.urls, "app_css_hash": datasette.app_css_hash(), "menu_links": list}
        page = await datasette.jinja_env.get_template("error.html").render_async(told | names)
        return Response.html(page, status=status)

    return answer
