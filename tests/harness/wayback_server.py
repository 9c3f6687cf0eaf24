"""A Wayback server on loopback: it lists captures (`/cdx/search/cdx`) and serves them (`/web/<time>id_/<address>`)."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import requests

from snapshots.sources.payloads import digest_of
from tests.harness.servers import Loopback, Reply, answer

FIELDS = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")


@dataclass(frozen=True, kw_only=True)
class Archived:
    """A capture that the archive has."""

    timestamp: str
    original: str
    body: bytes = b""
    mimetype: str = "text/html"
    statuscode: str = "200"
    digest: str | None = None
    """Of the body, unless the list is to say something else."""

    @property
    def row(self) -> list[str]:
        """Return the capture as the server lists it."""
        host, _, path = self.original.partition("://")[2].partition("/")
        key = ",".join(reversed(host.lower().removeprefix("www.").split("."))) + f")/{path}"
        digest = digest_of(self.body) if self.digest is None else self.digest
        return [key, self.timestamp, self.original, self.mimetype, self.statuscode, digest, str(len(self.body))]

    @property
    def path(self) -> str:
        """Return where the server serves it."""
        return f"/web/{self.timestamp}id_/{self.original}"


class WaybackServer:
    """Serves *captures*; *instead* has other replies for some of its paths."""

    def __init__(
        self, captures: Iterable[Archived], *, instead: dict[str, Reply | Sequence[Reply]] | None = None
    ) -> None:
        self.captures = list(captures)
        script: dict[str, Reply | Sequence[Reply]] = {
            "/cdx/search/cdx?output=json": answer(cdx_json(self.captures), content_type="application/json"),
            "/cdx/search/cdx": answer(cdx_plain(self.captures), content_type="text/plain"),
        }
        script |= {one.path: answer(one.body, content_type=one.mimetype) for one in self.captures}
        self._server = Loopback(script | (instead or {}))
        self.root = f"{self._server.url}/"

    def __enter__(self) -> "WaybackServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def save_list(self, file: Path, query: str = "?output=json") -> Path:
        """Save the list as anyone saves it: by asking the server for it."""
        file.write_bytes(requests.get(f"{self.root}cdx/search/cdx{query}", timeout=60).content)
        return file

    def fetched(self) -> list[str]:
        """Return the paths of the captures that were asked for, in order."""
        return [path for path in self._server.paths() if path.startswith("/web/")]

    def paths(self) -> list[str]:
        """Return all paths that were asked for."""
        return self._server.paths()

    @property
    def connections(self) -> int:
        """Return how many connections were made."""
        return self._server.connections


def cdx_json(captures: Iterable[Archived]) -> bytes:
    """Return a list as JSON, a row on each line."""
    rows = [list(FIELDS), *(one.row for one in captures)]
    return ("[" + ",\n".join(json.dumps(row) for row in rows) + "]\n").encode()


def cdx_plain(captures: Iterable[Archived]) -> bytes:
    """Return a list as plain lines."""
    return "".join(" ".join(one.row) + "\n" for one in captures).encode()


def cdx_file(captures: Iterable[Archived]) -> bytes:
    """Return a list as older files have it, under a head line."""
    lines = [" CDX N b a m s k r M S V g\n"]
    for one in captures:
        key, timestamp, original, mimetype, status, digest, length = one.row
        lines.append(f"{key} {timestamp} {original} {mimetype} {status} {digest} - - {length} 0 crawl.warc.gz\n")
    return "".join(lines).encode()


def cdxj(captures: Iterable[Archived]) -> bytes:
    """Return a list as lines with JSON."""
    lines = []
    for one in captures:
        key, timestamp, original, mimetype, status, digest, length = one.row
        fields = {"url": original, "mime": mimetype, "status": status, "digest": f"sha1:{digest}", "length": length}
        lines.append(f"{key} {timestamp} {json.dumps(fields)}\n")
    return "".join(lines).encode()


def cdx_packed(captures: Iterable[Archived]) -> bytes:
    """Return a list packed with gzip."""
    return gzip.compress(cdx_json(captures), mtime=0)
