"""The pages, served: `browse` opens an address on this machine and answers there until it is stopped."""

import errno
import ipaddress
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from cron.commands.processes import side_by_side
from cron.settings.crontab import due_after
from cron.terminal.output import say
from cron.work.context import Context
from scraper.errors import RegisterWatchError

if TYPE_CHECKING:
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
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that make pages side by side: as many as processors, where a crowd comes.",
)
@click.pass_obj
def browse(context: Context, port: int, host: str, public: bool, processes: int) -> None:
    r"""Serve the history as pages, for a browser on this machine; Ctrl-C ends it.

    What a run commits while it serves is there for the next request. An address that others can reach needs --public;
    docs/operations.md has a recipe with a web server in front. Each process takes up to 200 MB.

    \b
    Example:
      registerwatch browse
    """
    if not public and not _is_loopback(host):
        raise click.UsageError(f"{host}: others can reach this address and would see everything; add --public")
    database = context.settings.store.database
    # Refused in plain words, or brought to today's schema.
    context.store().close()
    if context.may_be_followed:
        # Its key must be there, or no page could be shown.
        context.people().close()
    _load_pages()
    with ExitStack() as stack:
        listeners = [stack.enter_context(closing(one)) for one in _listeners(processes, host, port)]
        name = f"[{host}]" if ":" in host else host
        say(f"Serving {database} at http://{name}:{listeners[0].getsockname()[1]}/ (Ctrl-C ends it)\n")
        if public and not _is_loopback(host):
            say("Others reach this directly. A web server belongs before a public site: docs/operations.md has one.\n")
        if processes == 1:
            _serve(context, listeners, 0, host, public=public)
        else:
            works = [partial(_serve, context, listeners, one, host, public=public) for one in range(processes)]
            side_by_side(works, when_begun=stack.close)


def _load_pages() -> None:
    """Load what makes pages, before processes part: it is in memory once for all of them."""
    from cron.work import feeds  # noqa: F401
    from snapshots.browse.app import app, server, tables  # noqa: F401


def _serve(context: Context, listeners: list[socket.socket], own: int, host: str, *, public: bool) -> None:
    """Answer at one's *own* of the *listeners* until this process is told to stop."""
    for listener in listeners[:own] + listeners[own + 1 :]:
        listener.close()  # held by two processes, it would take in those whom the other does not answer any more
    with _postman(context) as wake:
        serve(make_app(_site(context, public=public, wake=wake), host), listeners[own])


def _postman(context: Context) -> "AbstractContextManager[Callable[[], None]]":
    """Have letters sent that ask those for a confirmation who want to follow a page; nothing where nobody can."""
    if not context.may_be_followed:
        return nullcontext(lambda: None)
    from cron.following.letters import Postman

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

    server = make_server(app, beside=app.stay_ready, lifespan="on")

    def stop(*_: object) -> None:
        server.should_exit = True

    # The library hears signals only while it runs, and raises them again when it has closed everything.
    before = signal.signal(signal.SIGTERM, stop)
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
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


def _listeners(processes: int, host: str, port: int) -> list[socket.socket]:
    """Return a socket for each of the *processes* at the same port."""
    alone = _listen(host, port)
    if processes == 1:
        return [alone]
    # Of sockets that share a port the system deals out those who come evenly. Of one socket that processes share, who
    # looks first takes a whole crowd. But at a port that may be shared, a second `browse` would not hear that it is in
    # use: so it was first asked for alone.
    port = alone.getsockname()[1]
    alone.close()
    return [_listen(host, port, shared=True) for _ in range(processes)]


def _listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: else asyncio does not switch off the waiting for more to send, and each page takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Else a port stays taken for a minute after it was left.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
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
