"""Serve an edition of the sample register on this machine, as a register's site would.

`python -m cron.sample_site [EDITION]` is for looking at the pages; it is no part of the nightly run.
"""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike
from pathlib import Path

import click

SAMPLE = Path(__file__).parent / "sample"
EDITIONS = ("2026-10", "2026-11")
PORT = 8765


class SamplePages(SimpleHTTPRequestHandler):
    """Files of one edition: the index at `/` and `/organisations/`, a page at `/organisations/<slug>`."""

    def translate_path(self, path: str) -> str:
        """Return the file for *path*; the base class keeps it inside the folder."""
        asked = Path(super().translate_path(path.removeprefix("/organisations")))
        for suffix in (".html", ".txt"):
            if asked.with_name(asked.name + suffix).is_file():
                return str(asked.with_name(asked.name + suffix))
        return str(asked)

    def guess_type(self, path: str | PathLike[str]) -> str:
        """Return the type of a file; the sample's plain text is UTF-8."""
        kind = super().guess_type(path)
        return f"{kind}; charset=utf-8" if kind == "text/plain" else kind


def serve(edition: str = EDITIONS[-1], port: int = PORT) -> ThreadingHTTPServer:
    """Return a server of *edition* on loopback, not yet running; port 0 takes any that is free."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(SamplePages, directory=str(SAMPLE / edition)))


def main(arguments: list[str]) -> int:
    """Serve until Ctrl-C; return the exit status."""
    edition = arguments[0] if arguments else EDITIONS[-1]
    if edition not in EDITIONS:
        click.echo(f"{edition}: no such edition; there are {' and '.join(EDITIONS)}", err=True)
        return 2
    try:
        server = serve(edition)
    except OSError as error:
        click.echo(f"port {PORT}: {error.strerror}", err=True)
        return 1
    click.echo(f"The sample register as of {edition}: http://127.0.0.1:{PORT}/  (Ctrl-C ends it)")
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
