"""Ten thousand bodies read by processes of this machine, and by one and two workers of a Dask cluster beside them.

All of it runs on this machine, so what a cluster costs is seen, and not what further machines bring: every body goes
over TCP to a worker and what was read in it comes back. Each way reads the same bodies; what they read is compared.
"""

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from benchmarks.history import ROOT
from benchmarks.reading import make_pages
from scraper.names.vocabulary import default_vocabulary
from scraper.records import page_to_json
from snapshots.keeping.readings import Readers, Unread, on_this_machine, read_all
from snapshots.sources.cluster import on_cluster

BODIES = 10_000
PAGES = 500
"""Different ones among them."""


@dataclass(frozen=True)
class Took:
    """What a way took."""

    seconds: float
    cpu: float
    read: str
    """A digest of all that was read."""


def main(bodies: int = BODIES, pages: int = PAGES) -> str:
    """Measure, and return a table."""
    made = make_pages(pages)
    ways: dict[str, Took] = {}
    ways["one process"] = _took(made, bodies, on_this_machine(1))
    ways["two processes of this machine"] = _took(made, bodies, on_this_machine(2))
    for workers in (1, 2):
        before = _cpu()
        with cluster(workers) as address:
            took = _took(made, bodies, on_cluster(address))
        # Scheduler and workers have ended, and what they took is known now; most of it was reading.
        name = f"{workers} Dask worker{'s' * (workers > 1)}"
        ways[name] = Took(took.seconds, _cpu() - before, took.read)
    size = sum(map(len, made)) / len(made) / 1000
    alike = "all read the same" if len({took.read for took in ways.values()}) == 1 else "THEY READ DIFFERENTLY"
    base = ways["one process"].seconds
    return "\n".join(
        [
            f"{bodies:,} bodies, {len(made)} different ones of {size:.0f} KB; {alike}. "
            f"Load of the machine at the end: {os.getloadavg()[0]:.1f}.",
            "",
            "| way | seconds | bodies a second | times as fast | CPU seconds |",
            "|---|---:|---:|---:|---:|",
            *(
                f"| {name} | {took.seconds:.1f} | {bodies / took.seconds:.0f} | {base / took.seconds:.2f} "
                f"| {took.cpu:.1f} |"
                for name, took in ways.items()
            ),
            "",
            "Scheduler, workers and the command share the two cores here. CPU seconds are of all processes, "
            "those of a cluster with its start.",
        ]
    )


def _took(pages: list[bytes], number: int, readers: Readers) -> Took:
    digest, vocabulary = hashlib.sha256(), default_vocabulary()
    bodies = (Unread(f"{n:064}", "page", page, None) for n, page in enumerate(islice(cycle(pages), number)))
    cpu, start = _cpu(), time.perf_counter()
    for _, reading in read_all(bodies, number, vocabulary, readers):
        record = page_to_json(reading.page) if reading.page else reading.refused
        digest.update(json.dumps(record, sort_keys=True).encode())
    return Took(time.perf_counter() - start, _cpu() - cpu, digest.hexdigest())


def _cpu() -> float:
    """Return the CPU seconds of this process and of those that it started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """Run a scheduler and workers of one thread each; yield the scheduler's address."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        started = [_start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", file)]
        try:
            for _ in range(workers):
                options = ("--no-nanny", "--nthreads", 1, "--local-directory", folder)
                started.append(_start("worker", "--scheduler-file", file, *options))
            while not file.exists() or not (found := _address(file)):
                time.sleep(0.1)
            yield found
        finally:
            for process in started:
                process.kill()
            for process in started:
                process.wait()


def _start(what: str, *options: object) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *map(str, options)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _address(file: Path) -> str:
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["address"])
    except ValueError:
        return ""
