"""What a night costs: `registerwatch run`, the whole process, over 2,000 pages on loopback, without spacing.

Beside it a bare loop of `requests` over the same addresses with the same validators, a process too, in the same pass:
what Python and requests cost before anything is kept or decided. The register is served by a process of its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

PAGES = 2000
RUNS = 3
CHANGED = 0.02
ROOT = Path(__file__).parents[1]

SETTINGS = """
[register]
index = "{index}"
[fetch]
contact = "bench@localhost.invalid"
interval_s = 0
"""

SERVER = """
import sys
from types import SimpleNamespace
from benchmarks.register_site import Server, Site, handler

pages, changed, validators = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "validators"
settings = SimpleNamespace(
    orgs=pages, seed=1, substantive=changed, cosmetic=0, new_orgs=0, bulk=0, stamp=False, edition=1, latency_ms=0,
    crawl_delay=0, fail_pct=0, soft_pct=0, no_etag=not validators, no_gzip=False, no_conditional=not validators,
)
server = Server(("127.0.0.1", 0), handler(Site(settings)))
print(server.server_port, flush=True)
server.serve_forever(0.2)
"""

BARE = """
import re, sqlite3, sys
from contextlib import closing
import requests

index, database = sys.argv[1:]
with closing(sqlite3.connect(database)) as db:
    etags = dict(db.execute("select page, etag from validators"))
session = requests.Session()
session.get(index.replace("/organisations/", "/robots.txt"))
for path in re.findall(r'href="/organisations/([^"/]+)/"', session.get(index).text):
    headers = {"If-None-Match": etags[path]} if path in etags else {}
    session.get(index + path + "/", headers=headers).content
"""


class Cost(NamedTuple):
    """What a process took."""

    cpu_s: float
    wall_s: float
    peak_mb: float


@contextmanager
def serving(*, validators: bool, pages: int = PAGES, changed: float = CHANGED) -> Iterator[str]:
    """Serve the register in a process of its own; give the address of its index."""
    command = [sys.executable, "-c", SERVER, str(pages), str(changed), "validators" if validators else "none"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/organisations/"
        finally:
            server.terminate()


def measured(command: list[str], folder: Path, source: Path = ROOT) -> Cost:
    """Run a command of the checkout *source* to its end in *folder*; it must succeed."""
    # As the only child of a child: what the kernel says of children is then said of this one.
    code = (
        "import json, resource, subprocess, sys, time; began = time.perf_counter(); "
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); wall_s = time.perf_counter() - began; "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); "
        "print(json.dumps([used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / 1024]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(source)}
    run = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE
    )
    return Cost(*json.loads(run.stdout))


def night(folder: Path) -> Cost:
    """Run one night in *folder*."""
    return measured([sys.executable, "-c", "from cron.cli import main; main()", "run"], folder)


def bare_loop(folder: Path, index: str) -> Cost:
    """Ask for the same pages with nothing but requests."""
    return measured([sys.executable, "-c", BARE, index, str(folder / "registerwatch.db")], folder)


def median(costs: list[Cost]) -> Cost:
    """Return the middle of each figure, and the largest memory."""
    cpu_s, wall_s = (statistics.median(cost[n] for cost in costs) for n in (0, 1))
    return Cost(cpu_s, wall_s, max(cost.peak_mb for cost in costs))


def edition(index: str, number: int) -> None:
    """Let the server serve another edition."""
    urllib.request.urlopen(index.replace("/organisations/", f"/__edition?k={number}")).read()


def requests_made(index: str) -> int:
    """Return how often the server was asked since the last time."""
    with urllib.request.urlopen(index.replace("/organisations/", "/__stats?reset=1")) as answer:
        return int(json.load(answer)["requests"])


def measure() -> Iterator[tuple[str, Cost]]:
    """Yield each kind of night and what it cost."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        with serving(validators=True) as index:
            (folder / "registerwatch.toml").write_text(SETTINGS.format(index=index), encoding="utf-8")
            yield "the first night: all pages are new", night(folder)
            pairs = [(night(folder), bare_loop(folder, index)) for _ in range(RUNS)]
            yield "unchanged, every page answered 304", median([ours for ours, _ in pairs])
            yield "a bare requests loop of the same", median([bare for _, bare in pairs])
            changed = []
            for number in range(2, 2 + RUNS):
                edition(index, number)
                changed.append(night(folder))
            yield f"{CHANGED:.0%} of the pages changed", median(changed)
        with serving(validators=False) as index:
            whole = folder / "whole"
            whole.mkdir()
            (whole / "registerwatch.toml").write_text(SETTINGS.format(index=index), encoding="utf-8")
            night(whole)
            pairs = [(night(whole), bare_loop(whole, index)) for _ in range(RUNS)]
            yield "unchanged, every page sent whole", median([ours for ours, _ in pairs])
            yield "a bare requests loop of that", median([bare for _, bare in pairs])


def main() -> str:
    """Return the table as markdown."""
    costs = dict(measure())
    rows = [f"| {what} | {c.cpu_s:.2f} | {c.wall_s:.2f} | {c.peak_mb:.0f} |" for what, c in costs.items()]
    _, quiet, bare, changed, whole, _ = costs.values()
    n_changed = round(PAGES * CHANGED)
    most = 1.5 * quiet.cpu_s + 0.025 * n_changed
    return "\n".join(
        [
            f"{PAGES:,} pages, medians of {RUNS} (the first night: one).",
            "",
            "| | CPU seconds | seconds | peak MB |",
            "|---|---:|---:|---:|",
            *rows,
            "",
            f"An unchanged night is {quiet.cpu_s / bare.cpu_s:.2f} times the bare loop (at most 3), {quiet.cpu_s:.2f} "
            f"CPU seconds (at most 2.5) and {quiet.peak_mb:.0f} MB (at most 150).",
            f"Full answers with equal bytes: {whole.cpu_s:.2f} CPU seconds (at most 4).",
            f"{n_changed} changed pages: {changed.cpu_s:.2f} CPU seconds (at most {most:.2f}: 1.5 times the unchanged "
            "night and 25 ms a page).",
        ]
    )


if __name__ == "__main__":
    print(main())
