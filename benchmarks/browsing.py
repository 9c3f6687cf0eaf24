"""How fast the pages are: `registerwatch browse` on five years of the register, the whole command, asked over HTTP.

Addresses are taken from links, as a reader takes them: from each page seen, at random but alike every time, until there
are enough of each kind. Every address is asked three times: cold, which is its first time; again, when it is kept; and
by a reader who has it. What goes through the whole register is kept from the first page on that asks for it, for as
long as nothing is written. What a reader types is made up here: the words of searches and the choices on the front
page.
"""

import asyncio
import http.client
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from html import unescape
from itertools import product
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.history import ROOT, five_years, peak_mb

OF_EACH = 50
STARTS = 5
MEDIAN_MS, SLOW_MS = 15, 40
SEARCH_MS, SLOW_SEARCH_MS = 30, 100
KEPT_MS, KNOWN_MS = 3, 2
READY_S, READY_RATIO, PEAK_MB = 3, 1.5, 200
CLIENTS, THEIR_PAGES, ROUNDS = 50, 100, 5
PROCESSES, RESTED_S = 2, 1.0
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
COLD_A_SECOND, KEPT_A_SECOND = 150, 2_000

KINDS = {
    "front": r"/(\?before=\d+)?",
    "filtered front": r"/\?.+",
    "organisations": r"/organisations(\?.*)?",
    "organisation": r"/organisations/[^/?.]+",
    "agreement": r"/agreements/[^/?.]+",
    "agreement as of a day": r"/agreements/[^/?]+\?.*as_of=.+",
    "datasets": r"/datasets(\?.*)?",
    "dataset": r"/datasets/[^/?]+(?<!\.csv)(?<!\.json)",
    "legal bases": r"/legal-bases(\?.*)?",
    "legal basis": r"/legal-bases/[^/?]+(?<!\.csv)(?<!\.json)",
    "compare": r"/compare(\?.*)?",
    "snapshot": r"/snapshots/[^?]+(\?.*)?",
    "expiring": r"/expiring(\?.*)?",
    "red flags": r"/red-flags(\?.*)?",
    "suggestions": r"/search/suggest\?.+",
    "search": r"/search\?.+",
    "change": r"/changes/[^/?.]+",
    "run": r"/runs/\d+(\?.*)?",
    "status": r"/status",
    "feeds": r"/feeds(\?.*)?",
    "feed of a filter": r"/changes\.(atom|rss|feed\.json)\?.+",
    "question": r"/questions/[^/?.]+(\?.*)?",
    "picture": r"/pictures/[^/?.]+(\?.*)?",
    "table (Datasette)": r"/register/(?!bodies)[a-z_]+(\?.*)?",
}
"""Kind of page → its addresses; an address is of the first kind it fits."""

WORDS = """stroke cancer sepsis mortality admissions waiting lists nursing homes diabetes virtual wards commissioning
population health inequalities hospital episode statistics maternity mental health cambridge oxford university council
consent pseudonymised record level section 251 DARS-NIC dataset added removed""".split()

NAMES = ("HES", "GDPPR", "mhsds", "iapt", "s251", "s261(2)(a)", "oxfrod", "mental helth", "nic-100", "frimley ccg")
"""What people ask for who know the trade, or cannot spell it."""


class Asked(NamedTuple):
    """Milliseconds of the requests for one address."""

    cold: float
    kept: float
    known: float


Times = dict[str, list[Asked]]
"""Kind of page → what its addresses took."""


class Started(NamedTuple):
    """A server that answers."""

    process: subprocess.Popen[bytes]
    port: int
    ready_s: float


@contextmanager
def serving(command: Sequence[str | Path], folder: Path, source: Path = ROOT) -> Iterator[Started]:
    """Run a server of the checkout *source*, which is told its port last, until it answers; end it at the end."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    began = time.perf_counter()
    options = {
        "env": {**os.environ, "PYTHONPATH": str(source)},
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.PIPE,
    }
    with subprocess.Popen([*command, "--port", str(port)], cwd=folder, **options) as process:  # type: ignore[call-overload]
        try:
            while not _answers(port):
                if process.poll() is not None:
                    raise RuntimeError(process.stderr.read().decode())
                time.sleep(0.01)
            yield Started(process, port, time.perf_counter() - began)
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("GET", "/-/versions.json")
            answer = connection.getresponse()
            answer.read()
            return answer.status in (200, 404)  # of a public site nobody is told its versions
    except OSError:
        return False


def ours(file: Path) -> list[str | Path]:
    """Return the command that serves our pages."""
    return [sys.executable, "-c", "from cron.cli import main; main()", "--db", file, "browse"]


def bare(file: Path) -> list[str | Path]:
    """Return the command that serves the same file with Datasette alone."""
    return [sys.executable, "-m", "datasette", "serve", file]


def kind_of(address: str) -> str | None:
    """Return the kind of page that an address is of."""
    return next((kind for kind, pattern in KINDS.items() if re.fullmatch(pattern, address)), None)


def typed(chosen: random.Random, slugs: list[str]) -> Iterator[str]:
    """Yield addresses that come of what a reader types or chooses."""
    yield from ("/", "/search?q=" + WORDS[0], "/status")
    for _ in range(OF_EACH):
        asked = " ".join(chosen.sample(WORDS, chosen.choice([1, 1, 2])))
        yield "/search?" + urlencode({"q": asked})
        yield "/search/suggest?" + urlencode({"q": asked[: chosen.randint(2, len(asked))]})
    for name in NAMES:
        yield "/search?" + urlencode({"q": name})
    for severity, since in product(("", "high", "medium"), ("2021-06", "2023-01", "2025-09")):
        yield "/?" + urlencode({"severity": severity, "since": since, "until": "2026-01"})
    for kind in ("dataset-added", "dsa-extended", "legal-basis-changed", "agreement-removed", "dataset-relabelled"):
        yield "/?" + urlencode({"kind": kind})
    for slug in chosen.sample(slugs, min(len(slugs), 10)):
        yield "/?" + urlencode({"organisation": slug})
    for word in WORDS[:10]:
        yield "/?" + urlencode({"words": word})


def walk(port: int) -> tuple[Times, dict[str, float], list[str]]:
    """Ask for pages of every kind; return the times, those of single addresses, and what was not answered with 200."""
    chosen = random.Random(1)
    waiting: dict[str, list[str]] = {kind: [] for kind in KINDS}
    seen: set[str] = set()
    times: Times = {}
    single: dict[str, float] = {}
    failed: list[str] = []

    def learn(addresses: Iterator[str]) -> None:
        for address in addresses:
            kind = kind_of(address)
            if kind and address not in seen:
                seen.add(address)
                waiting[kind].append(address)

    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        page = ask(connection, "/organisations")[2]
        slugs = sorted(set(re.findall(r'href="/organisations/([^"/?#]+)"', page)))
        learn(typed(chosen, slugs))
        while kinds := [kind for kind in KINDS if waiting[kind] and len(times.get(kind, ())) < OF_EACH]:
            for kind in kinds:
                address = waiting[kind].pop(chosen.randrange(len(waiting[kind])))
                status, ms, page, tag = ask(connection, address)
                learn(unescape(link) for link in re.findall(r'href="(/[^"#]*)', page))
                if status == 200:
                    again, known = ask(connection, address), ask(connection, address, tag)
                    times.setdefault(kind, []).append(Asked(ms, again[1], known[1]))
                    failed += [f"{known[0]} {address} again"] if (again[0], known[0]) != (200, 304) else []
                    single[address] = ms
                elif status >= 400:
                    failed.append(f"{status} {address}")
    return times, single, failed


def ask(connection: http.client.HTTPConnection, address: str, has: str = "") -> tuple[int, float, str, str]:
    """Ask for a page, perhaps as somebody who *has* the one of that name; return status, ms, text and name."""
    began = time.perf_counter()
    connection.request("GET", address, headers={"If-None-Match": has} if has else {})
    answer = connection.getresponse()
    page = answer.read()
    ms = (time.perf_counter() - began) * 1000
    return answer.status, ms, page.decode("utf-8", "replace"), answer.headers.get("etag", "")


class Crowd(NamedTuple):
    """What many clients at once were answered."""

    a_second: float
    waits_ms: list[float]
    refused: int


async def _client(port: int, addresses: deque[str], waits_ms: list[float], statuses: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    while addresses:
        began = time.perf_counter()
        writer.write(f"GET {addresses.popleft()} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(re.findall(rb"content-length: (\d+)", head)[0]))
        waits_ms.append((time.perf_counter() - began) * 1000)
        statuses.append(int(head[9:12]))
    writer.close()


def crowd(port: int, addresses: Iterable[str]) -> Crowd:
    """Have many clients ask for *addresses* at once, each for the next one that nobody has asked for."""
    waiting, waits_ms, statuses = deque(addresses), list[float](), list[int]()

    async def all_at_once() -> None:
        await asyncio.gather(*(_client(port, waiting, waits_ms, statuses) for _ in range(CLIENTS)))

    began = time.perf_counter()
    asyncio.run(all_at_once())
    return Crowd(len(statuses) / (time.perf_counter() - began), waits_ms, sum(status != 200 for status in statuses))


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a server and of the processes that serve beside it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    stats = [Path(f"/proc/{one}/stat").read_text(encoding="ascii") for one in (pid, *children)]
    return sum(int(ticks) for stat in stats for ticks in stat.rpartition(")")[2].split()[11:13]) * TICK_S


def rested(pid: int) -> None:
    """Wait until a server does nothing any more."""
    seen = -1.0
    while (now := cpu_of(pid)) - seen > 2 * TICK_S:
        seen = now
        time.sleep(RESTED_S)


def _in_words(crowd: Crowd) -> str:
    return (
        f"{crowd.a_second:,.0f} a second, median {statistics.median(crowd.waits_ms):.0f} ms, 95th percentile "
        f"{p95(crowd.waits_ms):.0f} ms, {crowd.refused} of {len(crowd.waits_ms):,} refused"
    )


def ready_s(command: Sequence[str | Path], folder: Path) -> float:
    """Return how long a server takes until it answers."""
    seconds = []
    for _ in range(STARTS):
        with serving(command, folder) as started:
            seconds.append(started.ready_s)
    return statistics.median(seconds)


def p95(values: list[float]) -> float:
    """Return the value that 95 in 100 do not exceed."""
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def _cold(asked: Sequence[Asked]) -> float:
    return statistics.median(one.cold for one in asked)


def _row(kind: str, asked: Sequence[Asked]) -> str:
    cold = [one.cold for one in asked]
    again, known = (statistics.median(times) for times in zip(*(one[1:] for one in asked), strict=True))
    return (
        f"| {kind} | {len(asked)} | {_cold(asked):.0f} | {p95(cold):.0f} | {max(cold):.0f} | {again:.1f} | "
        f"{known:.1f} |"
    )


def main() -> str:
    """Return the table as markdown."""
    file = five_years()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        ours_s, bare_s = ready_s(ours(file), folder), ready_s(bare(file), folder)
        with serving(ours(file), folder) as started:
            times, single, failed = walk(started.port)
            memory = peak_mb(started.process.pid)
        # Not one sort after the other: as they come from many readers.
        pages = [one for one in single if not one.startswith("/register/")]
        random.Random(1).shuffle(pages)
        with serving(ours(file), folder) as started:
            just_begun = crowd(started.port, pages)
        with serving([*ours(file), "--processes", str(PROCESSES)], folder) as started:
            rested(started.process.pid)
            cold_by_several = crowd(started.port, pages)
        with serving(ours(file), folder) as started:
            rested(started.process.pid)
            cold = crowd(started.port, pages)
            # As many as there is room for, and the middle of some rounds: in one of them the minute may end.
            rounds = [crowd(started.port, pages[:THEIR_PAGES] * ROUNDS) for _ in range(ROUNDS)]
            kept = sorted(rounds, key=lambda one: one.a_second)[ROUNDS // 2]
        with serving(bare(file), folder) as started:
            bare_memory = peak_mb(started.process.pid)
    slowest = max(single, key=single.__getitem__)
    rows = [_row(kind, asked) for kind, asked in sorted(times.items(), key=lambda item: -_cold(item[1]))]
    ours_alone = [one for kind, asked in times.items() if "Datasette" not in kind for one in asked]
    rows.append(_row("**all of ours**", ours_alone))
    missing = [kind for kind in KINDS if kind not in times]
    notes = [f"Not there: {', '.join(missing)}."] if missing else []
    notes += [f"Not answered with a page: {', '.join(failed[:5])} ({len(failed)} in all)."] if failed else []
    return "\n".join(
        [
            "| page | addresses | cold: median ms | 95th percentile | slowest | kept: median | 304: median |",
            "|---|---:|---:|---:|---:|---:|---:|",
            *rows,
            "",
            f"Targets: cold a median under {MEDIAN_MS} ms and a 95th percentile under {SLOW_MS}, search {SEARCH_MS} "
            f"and {SLOW_SEARCH_MS}; kept {KEPT_MS}, 304 {KNOWN_MS}.",
            "",
            f"{CLIENTS} clients at once, {len(pages)} pages cold (at least {COLD_A_SECOND} a second), {THEIR_PAGES} of "
            f"them kept (at least {KEPT_A_SECOND:,}):",
            "",
            f"- cold, `--processes {PROCESSES}`: {_in_words(cold_by_several)}",
            f"- cold, one process: {_in_words(cold)}",
            f"- the same while the server, which has just begun, makes itself ready: {_in_words(just_begun)}",
            f"- kept, one process: {_in_words(kept)}",
            "",
            f"The slowest: {slowest[:120]}, {single[slowest]:.0f} ms.",
            f"Ready after {ours_s:.2f} s, {ours_s / bare_s:.2f} times bare Datasette on the same file (at most "
            f"{READY_RATIO}, or {READY_S} s).",
            f"Peak memory {memory:.0f} MB (at most {PEAK_MB}); bare Datasette, asked for nothing, {bare_memory:.0f}.",
            *notes,
        ]
    )


if __name__ == "__main__":
    print(main())
