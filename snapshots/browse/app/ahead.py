"""What many pages need, made before somebody waits for it: templates, and what goes through the whole register.

It is made when the server begins, and anew when the database has rested for a minute after something was written.
"""

import asyncio
import sqlite3

from starlette.types import ASGIApp, Message

from snapshots.browse.app import addresses
from snapshots.browse.app.kept import KeptStates
from snapshots.browse.app.render import environment
from snapshots.browse.app.request import SiteSettings, reading

EVERY_S, SOON_S = 60.0, 0.2
"""Seconds between two looks whether the database rests, and when the server has only begun."""

_OF_ALL = (
    "/", "/organisations", "/datasets", "/legal-bases", "/search?q=hes", "/search?q=misspeld", "/expiring",
    "/red-flags.csv", "/status",
    addresses.table("current_agreements"),
)  # fmt: skip
"""Pages of the whole register, that first which most readers come to."""


async def stay_ready(app: ASGIApp, site: SiteSettings, found: KeptStates) -> None:
    """Ask *app* as a reader would, for as long as it serves *site*; what it finds is kept in *found*."""
    before = made = None
    await asyncio.to_thread(_addresses, site)  # which may make a log beside the file: that is another state
    while True:
        now = found.now()
        if now is before and now is not made:
            for address in await asyncio.to_thread(_addresses, site):
                await _ask(app, address)
            for name in environment().list_templates(extensions=["html"]):
                if not name.startswith("datasette/"):  # which are of an environment of its own
                    await asyncio.to_thread(environment().get_template, name)
            made = now
        before = now
        await asyncio.sleep(EVERY_S if made else SOON_S)


def _addresses(site: SiteSettings) -> list[str]:
    try:
        with reading(site.database, site.vocabulary) as reader:
            name = reader.value("select name from names where sort = 'dataset' limit 1")
    except sqlite3.Error:  # it cannot be read just now, which whoever asks is told
        return []
    return [*_OF_ALL, *([addresses.dataset(site.vocabulary.dataset_canonical(name))] if name else [])]


async def _ask(app: ASGIApp, address: str) -> None:
    path, _, query = address.partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "headers": [(b"host", b"localhost")],
        "server": ("localhost", None), "client": None, "root_path": "",
    }  # fmt: skip
    await app(scope, asyncio.Future, _unsent)
    # The door answers even when it is told to end, and says so.
    if (task := asyncio.current_task()) and task.cancelling():
        raise asyncio.CancelledError


async def _unsent(_: Message) -> None:
    """Send nothing: nobody asked."""
