"""What history costs on disk: 24 monthly editions of 500 pages, kept by us, by git and as one compressed stream.

A body must be readable by itself; one stream of everything, from which nothing can be read but from its beginning, is
how small it could be at all. Times are of one read by an open program, the best of three for each body.
"""

import hashlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import zstandard

from benchmarks.history import build, editions, time_of
from benchmarks.nights import measured
from benchmarks.register_site import Register

EDITIONS, ORGANISATIONS = 24, 500
AT_MOST_MB, AT_MOST_MS = 5, 5
TRIES = 3


class Kept(NamedTuple):
    """A way of keeping bodies."""

    bytes: int
    median_ms: float | None
    worst_ms: float | None


class Git:
    """A repository of the pages, a commit for each edition, as small as git makes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs: dict[str, str] = {}
        """sha256 → git's name of the body."""
        self("init", "--quiet")

    def __call__(self, *arguments: str) -> str:
        """Run git."""
        command = ["git", "-C", str(self.folder), "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
        return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout

    def commit(self, number: int) -> None:
        """Commit what lies in the folder."""
        self("add", "--all")
        self("commit", "--quiet", "--allow-empty", "--date", time_of(number), "-m", str(number))

    def packed(self) -> int:
        """Return how many bytes its packs take."""
        return sum(file.stat().st_size for file in (self.folder / ".git/objects/pack").iterdir())

    @contextmanager
    def reading(self) -> Iterator[Callable[[str], bytes]]:
        """Give a function that reads one body from a process that stays."""
        command = ["git", "-C", str(self.folder), "cat-file", "--batch"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
            assert cat.stdin is not None
            assert cat.stdout is not None
            asking, answering = cat.stdin, cat.stdout

            def read(sha256: str) -> bytes:
                asking.write(self.blobs[sha256].encode() + b"\n")
                asking.flush()
                size = int(answering.readline().split()[2])
                return answering.read(size + 1)[:size]

            yield read


def read_times(read: Callable[[str], bytes], wanted: list[str]) -> tuple[float, float]:
    """Return median and worst time of reading each body, in milliseconds; they must be the right bytes."""
    times = []
    for sha256 in wanted:
        tries = []
        for _ in range(TRIES):
            began = time.perf_counter()
            body = read(sha256)
            tries.append((time.perf_counter() - began) * 1000)
        assert hashlib.sha256(body).hexdigest() == sha256
        times.append(min(tries))
    return statistics.median(times), max(times)


def ours(file: Path, wanted: list[str]) -> Kept:
    """Return what our database makes of it."""
    from snapshots.keeping.store import open_store

    store = open_store(file)
    (row,) = store.db.query(
        "select sum(length(data)) + (select sum(length(data)) from dictionaries) as taken from bodies"
    )
    kept = Kept(row["taken"], *read_times(store.bodies.read, wanted))
    store.close()
    return kept


def one_stream(bodies: list[bytes]) -> Kept:
    """Return what one stream of all bodies takes, and how long it takes to read it to its end."""
    parameters = zstandard.ZstdCompressionParameters.from_level(19, window_log=27, enable_ldm=True)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compress(b"".join(bodies))
    began = time.perf_counter()
    zstandard.ZstdDecompressor(max_window_size=2**27).decompress(stream)
    return Kept(len(stream), None, (time.perf_counter() - began) * 1000)


def distinct(folder: Path, count: int, register: Register, git: Git) -> tuple[dict[str, tuple[str, bytes]], int]:
    """Write and commit the editions; return their distinct bodies and how many bytes all editions have."""
    bodies: dict[str, tuple[str, bytes]] = {}
    raw = 0
    for number in editions(register, count, folder):
        for file in sorted(folder.glob("*.html")):
            body = file.read_bytes()
            raw += len(body)
            bodies.setdefault(hashlib.sha256(body).hexdigest(), (file.stem, body))
        git.commit(number)
    return bodies, raw


def measure(place: Path, count: int, organisations: int) -> Iterator[tuple[str, Kept]]:
    """Yield ways of keeping the editions and what they come to."""
    file = place / "registerwatch.db"
    (place / "git").mkdir()
    git = Git(place / "git")
    bodies, raw = distinct(git.folder, count, Register(organisations, 1), git)
    wanted = list(bodies)
    yield f"{count} editions of {organisations} pages, as they came", Kept(raw, None, None)
    yield f"without repeats: {len(bodies):,} bodies", Kept(sum(len(body) for _, body in bodies.values()), None, None)
    build(file, Register(organisations, 1), count)
    yield "ours", ours(file, wanted)
    cost = measured([sys.executable, "-c", "from cron.cli import main; main()", "--db", str(file), "compact"], place)
    yield f"ours after `compact` ({cost.wall_s:.0f} s)", ours(file, wanted)
    git("gc", "--aggressive", "--prune=now", "--quiet")
    objects = git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
    blobs = {git_name(body): sha256 for sha256, (_, body) in bodies.items()}
    git.blobs = {blobs[name]: name for name, kind in map(str.split, objects.splitlines()) if kind == "blob"}
    with git.reading() as read:
        yield "git, after gc --aggressive", Kept(git.packed(), *read_times(read, wanted))
    by_page = [body for _, body in sorted(bodies.values(), key=lambda kept: kept[0])]
    yield "one zstd stream (level 19, long): the limit", one_stream(by_page)


def git_name(body: bytes) -> str:
    """Return git's name of a body."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


def file_mb(file: Path) -> float:
    """Return the size of a whole database."""
    with closing(sqlite3.connect(file)) as db:
        return db.execute("select page_count * page_size from pragma_page_count, pragma_page_size").fetchone()[0] / 1e6


def main() -> str:
    """Return the table as markdown."""
    with tempfile.TemporaryDirectory() as directory:
        kept = dict(measure(Path(directory), EDITIONS, ORGANISATIONS))
        whole = file_mb(Path(directory) / "registerwatch.db")
    limit = list(kept.values())[-1].bytes
    rows = [
        f"| {what} | {k.bytes / 1e6:.2f} | {k.bytes / limit:.2f} | {_ms(k.median_ms)} | {_ms(k.worst_ms)} |"
        for what, k in kept.items()
    ]
    return "\n".join(
        [
            "| | MB | of the limit | ms to read one body | worst |",
            "|---|---:|---:|---:|---:|",
            *rows,
            "",
            f"Targets: {AT_MOST_MB} MB of bodies, each read in under {AT_MOST_MS} ms. The dictionary is counted in. "
            f"The whole database, with the history, its indexes and the search, has {whole:.0f} MB.",
        ]
    )


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


if __name__ == "__main__":
    print(main())
