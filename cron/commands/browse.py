"""The pages, served: `browse` opens an address on this machine and answers there until it is stopped."""

import errno
import ipaddress
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from cron.settings.crontab import due_after
from cron.terminal.output import say
from cron.work.context import Context
from scraper.errors import RegisterWatchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from snapshots.browse.app.app import Door
    from snapshots.browse.app.request import SiteSettings

PORT = 8001


class BrowseError(RegisterWatchError):
    """The pages cannot be served."""


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port; 0 takes any free.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of this machine to listen on.")
@click.option("--public", is_flag=True, help="Show what may be shown to anybody: no kept pages, no deliveries, no SQL.")
@click.pass_obj
def browse(context: Context, port: int, host: str, public: bool) -> None:
    r"""Serve the history as pages, for a browser on this machine; Ctrl-C ends it.

    What a run commits while it serves is there for the next request. An address that others can reach needs --public;
    docs/operations.md has a recipe with a web server in front.

    \b
    Example:
      registerwatch browse
    """
    if not public and not _is_loopback(host):
        raise click.UsageError(f"{host}: others can reach this address and would see everything; add --public")
    database = context.settings.store.database
    # Refused in plain words, or brought to today's schema.
    context.store().close()
    with closing(_listen(host, port)) as listener, ExitStack() as stack:
        app = make_app(_site(context, public=public, wake=stack.enter_context(_postman(context))), host)
        name = f"[{host}]" if ":" in host else host
        say(f"Serving {database} at http://{name}:{listener.getsockname()[1]}/ (Ctrl-C ends it)\n")
        if public and not _is_loopback(host):
            say("Others reach this directly. A web server belongs before a public site: docs/operations.md has one.\n")
        serve(app, listener)


def _postman(context: Context) -> "AbstractContextManager[Callable[[], None]]":
    """Have letters sent that ask those for a confirmation who want to follow a page; nothing where nobody can."""
    if not context.may_be_followed:
        return nullcontext(lambda: None)
    from cron.following.letters import Postman

    # Its key must be there, or no page could be shown.
    context.people().close()
    return Postman(context.another())


def _site(context: Context, *, public: bool, wake: "Callable[[], None]") -> "SiteSettings":
    from snapshots.browse.app.request import SiteSettings
    from snapshots.browse.following.site import FollowSite

    settings, follow = context.settings, context.settings.follow
    following = follow.as_value(FollowSite, wake=wake) if context.may_be_followed else None
    return settings.browse.as_value(
        SiteSettings,
        following=following,
        database=settings.store.database,
        register=settings.register.name,
        index=settings.register.index,
        feeds_url=settings.feeds.base_url,
        public=public,
        vocabulary=context.vocabulary,
        due=partial(due_after, settings.schedule.cron, settings.schedule.timezone),
    )


def make_app(site: "SiteSettings", host: str) -> "Door":
    """Return the application that serves *site* at *host*."""
    from cron.work.feeds import draw_differences, draw_feed
    from snapshots.browse.app.app import Door  # and with it Datasette, which no other command needs
    from snapshots.browse.app.tables import make_tables

    site = replace(site, draw_feed=draw_feed, draw_differences=draw_differences)
    names = {host, "localhost", "127.0.0.1", "::1", urlsplit(site.base_url or "").hostname or "localhost"}
    # A public site without an address of its own may be asked under any name.
    return Door(site, make_tables(site), hosts=frozenset() if site.public and not site.base_url else frozenset(names))


def serve(app: "Door", listener: socket.socket) -> None:
    """Answer at *listener* until this process is told to stop."""
    from snapshots.browse.app.server import make_server

    with _quietly_stopped():
        make_server(app, beside=app.stay_ready, lifespan="on").run(sockets=[listener])


@contextmanager
def _quietly_stopped() -> Iterator[None]:
    """Take the signals that end a server for its end: uvicorn raises them again when it has closed everything."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_TROUBLE = {
    errno.EADDRINUSE: "is in use; name another with --port",
    errno.EACCES: "may not be used by you; name another with --port, above 1023",
    errno.EADDRNOTAVAIL: "is not an address of this machine; name another with --host",
}


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: else asyncio does not switch off the waiting for more to send, and each page takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Else a port stays taken for a minute after it was left.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Before anything is said: who reads the line can ask at once.
        listener.listen(128)
    except OSError as error:
        listener.close()
        what = host if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror) else f"port {port}"
        trouble = _TROUBLE.get(error.errno or 0, error.strerror or str(error))
        raise BrowseError(f"{what}: {trouble}") from error
    return listener
