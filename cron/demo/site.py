"""Serve an edition of the sample register on this machine, as a register's site would.

The demo reads its pages from here. `python -m cron.demo.site [EDITION]` is for looking at them; it is no part of the
nightly run. Three editions lie in `sample/`: two, and the second after the site was rebuilt. The fourth is made from
that one: the site with trouble.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import click

SAMPLE = Path(__file__).parents[1] / "sample"
FOLDERS = ("2026-10", "2026-11")
REBUILT = "rebuilt"
EDITIONS = (*FOLDERS, REBUILT, "broken")
PORT = 8765

INDEX = "index"
CUT_OFF, IN_MAINTENANCE = "university_of_harrowdale", "the_brightwater_cancer_charity"
"""The pages that are in trouble in the edition `broken`."""

_MAINTENANCE = "<!DOCTYPE html>\n<html><body><h1>Down for maintenance</h1><p>We will be back soon.</p></body></html>\n"


class Served(NamedTuple):
    """What the site answers for a page."""

    content_type: str
    body: bytes


Site = Mapping[str, Served]
"""Slug → what is served; the list of organisations under `index`."""


# --- the editions -----------------------------------------------------------------------------------------------------


def edition(name: str) -> Site:
    """Return one of the `EDITIONS`: what the site serves."""
    if name == "broken":
        return _broken(edition(REBUILT))
    # Only what was printed anew lies in the folder of the rebuilt site; its other pages stay as they were.
    site = dict(edition(FOLDERS[-1])) if name == REBUILT else {}
    for path in sorted((SAMPLE / name).iterdir()):
        # The HTML pages declare their charset themselves, one of them windows-1252; plain text cannot.
        content_type = "text/html" if path.suffix == ".html" else "text/plain; charset=utf-8"
        site[path.stem] = Served(content_type, path.read_bytes())
    return site


def _broken(site: Site) -> Site:
    """Return the site on a bad night: one page stops inside a tag, another one says that it is not there."""
    whole = site[CUT_OFF]
    cut_off = whole._replace(body=whole.body[: whole.body.index(b"<", len(whole.body) // 2) + 2])
    return dict(site) | {CUT_OFF: cut_off, IN_MAINTENANCE: Served("text/html", _MAINTENANCE.encode())}


# --- the server -------------------------------------------------------------------------------------------------------


class SampleServer(ThreadingHTTPServer):
    """Serves a site on loopback: the index at `/` and `/organisations/`, a page at `/organisations/<slug>`."""

    def __init__(self, site: Site, port: int) -> None:
        super().__init__(("127.0.0.1", port), _SiteHandler)
        self.site = site
        """May be replaced by another edition while it serves."""

    @property
    def url(self) -> str:
        """The address of the index."""
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _SiteHandler(BaseHTTPRequestHandler):
    """Answers with an ETag, and with 304 who has it already. Says nothing on the terminal."""

    server: SampleServer
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: together with delayed ACKs 40 ms a page.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        served = self._asked_for()
        if served is None:
            self.send_response(HTTPStatus.NOT_FOUND)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        # No Last-Modified: after a clone the files of both editions are of the same second.
        etag = f'"{hashlib.sha256(served.body).hexdigest()[:16]}"'
        known = self.headers.get("If-None-Match") == etag
        self.send_response(HTTPStatus.NOT_MODIFIED if known else HTTPStatus.OK)
        self.send_header("ETag", etag)
        if not known:
            self.send_header("Content-Type", served.content_type)
            self.send_header("Content-Length", str(len(served.body)))
        self.end_headers()
        if not known:
            self.wfile.write(served.body)

    def _asked_for(self) -> Served | None:
        path = unquote(urlsplit(self.path).path)
        slug = path.removeprefix("/organisations").strip("/").removesuffix(".html")
        return self.server.site.get(slug or INDEX)

    def version_string(self) -> str:
        # Not Python's version: what is received counts in the demo's output.
        return "sample"

    def log_message(self, *_: object) -> None:
        pass


def serve(name: str = FOLDERS[-1], port: int = PORT) -> SampleServer:
    """Return a server of an edition on loopback, not yet running; port 0 takes any that is free."""
    return SampleServer(edition(name), port)


@contextmanager
def served_here(name: str) -> Iterator[SampleServer]:
    """Serve an edition in a thread, on a port of its own choosing."""
    with serve(name, port=0) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def main(arguments: list[str]) -> int:
    """Serve until Ctrl-C; return the exit status."""
    name = arguments[0] if arguments else FOLDERS[-1]
    if name not in EDITIONS:
        click.echo(f"{name}: no such edition; there are {', '.join(EDITIONS[:-1])} and {EDITIONS[-1]}", err=True)
        return 2
    try:
        server = serve(name)
    except OSError as error:
        click.echo(f"port {PORT}: {error.strerror}", err=True)
        return 1
    click.echo(f"The sample register, edition {name}: {server.url}  (Ctrl-C ends it)")
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
