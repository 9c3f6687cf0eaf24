"""What an attack costs: each case that stopped version one, with its cost then and now.

A page is read, and prose compared, in a process of its own. A request goes to `registerwatch browse --public` without a
web server before it; what counts is the CPU time of that process, also after its reader has gone. The costs of version
one were measured when it was attacked; "extrapolated" are those that nobody waited for.
"""

import gzip
import http.client
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks.browsing import Started, cpu_of, ours, rested, serving
from benchmarks.history import ROOT, build, peak_mb
from benchmarks.register_site import Register
from tests.harness.editions import HARROWDALE, REGISTER, Watch, with_project

PAGE_S, PAGE_MB, REQUEST_S, STOPPED_S, P99_MS = 2.0, 300, 2.0, 5.0, 1500
"""The most that is allowed: of CPU and memory for a page of a megabyte, of CPU for a request, until a server stops."""

NOTHING_S = 0.5
"""CPU seconds that are nothing: what a server with nobody there takes in some."""

READERS, READING_S, HALF_OPEN = 200, 60, 1_200
ORGANISATIONS, EDITIONS = 337, 12


def page_of(body: str) -> bytes:
    """Return a page of the register with something in it."""
    page = HARROWDALE.html().decode()
    return page.replace("</body>", f"{body}</body>").encode()


def read(body: str, **project: str) -> None:
    """Read a page with something in it, refused or not."""
    from scraper.errors import RegisterWatchError
    from scraper.reading.page import read_page

    page = with_project(HARROWDALE, **project).html() if project else page_of(body)
    with suppress(RegisterWatchError):
        read_page(page, source="university_of_harrowdale.html")


def compared(before: str, after: str) -> None:
    """Compare prose word by word."""
    from diff.saying.redline import redline

    redline(before, after)


def repeated(times: int) -> None:
    """Compare so many times the same word with half as many times the same two."""
    compared("yes " * times, "yes no " * (times // 2))


def paragraphs(count: int) -> None:
    """Compare so many paragraphs of which every second changed."""
    before = [f"paragraph {n}" for n in range(count)]
    compared("\n".join(before), "\n".join(f"{line}{' x' * (n % 2)}" for n, line in enumerate(before)))


def unpacked() -> None:
    """Unpack ten megabytes out of a hundred thousand pieces."""
    from snapshots.sources.payloads import read_payload

    raw = gzip.compress(b"x" * 100, mtime=0) * 100_000
    read_payload(raw, len(raw), lambda name: "gzip" if name.lower() == "content-encoding" else None)


def linked(pages: int) -> None:
    """Find the pages of an index that names so many."""
    from scraper.errors import RegisterWatchError
    from scraper.limits import too_many_pages
    from scraper.web.crawl import find_slugs

    links = "".join(f'<a href="/organisations/page_{n}">x</a>' for n in range(pages))
    with suppress(RegisterWatchError):
        too_many_pages(len(find_slugs(links.encode(), "https://register.example/organisations/")), 337)


def of_code(name: str) -> None:
    """Take an organisation's name apart."""
    from scraper.names.organisations import code_of
    from scraper.names.vocabulary import default_vocabulary

    code_of(name)
    default_vocabulary().predecessors(name)


MB = 1_000_000
SLUG, EM_SPACE = "university_of_harrowdale", "\u2002"


@dataclass(frozen=True)
class Case:
    """What is tried on a page."""

    what: str
    before: str
    run: Callable[[], None]


CASES = {
    "H1a": Case("prose of 12 KB, “yes” became “yes no”", "more than 75 s", lambda: repeated(2_000)),
    "H1b": Case("the same, 1 MB", "hours (extrapolated)", lambda: repeated(MB // 4)),
    "H1c": Case("1,000 equal paragraphs, 7 KB", "9.7 s", lambda: compared("yes no\n" * 1_000, "yes no\n" * 500)),
    "H1d": Case("16,000 paragraphs, every second changed, 234 KB", "16 s", lambda: paragraphs(16_000)),
    "H3a": Case("2 MB of `<li>x`", "519 MB", lambda: read("<li>x" * (2 * MB // 5))),
    "H3b": Case("19.9 MB of `<li>x`", "60 s, 4,634 MB", lambda: read("<li>x" * 3_980_000)),
    "H3c": Case("1 MB of `<b>`", "260 MB", lambda: read("<b>" * (MB // 3))),
    "H3d": Case("1 MB of `<li>x`, fewer than a page may have", "not measured", lambda: read("<li>x" * 200_000)),
    "H5a": Case("120 KB of other spaces in a name", "22.4 s", lambda: of_code("NHS X CCG" + EM_SPACE * 40_000 + "x")),
    "H5b": Case("1 MB of them", "half an hour (extrapolated)", lambda: of_code("NHS X CCG" + EM_SPACE * 333_000 + "x")),
    "L1": Case("10 MB of gzip in 100,000 pieces", "21.6 s", unpacked),
    "M5": Case("an index of 200,000 pages, 8 MB", "7.8 s, 371 MB; then 55 h", lambda: linked(200_000)),
    "M5b": Case("an index of 25,000 pages, 1 MB", "not measured", lambda: linked(25_000)),
    "P1": Case("1 MB of spaces in a title", "not measured", lambda: read("", title=f"A {EM_SPACE * 333_000} title")),
    "P2": Case("1 MB of brackets in a basis", "not measured", lambda: read("", legal_basis="s261(" * 200_000)),
    "P3": Case("1 MB of numbers in a term", "not measured", lambda: read("", released="2022.05 — " * 90_000)),
    "P4": Case("1 MB of marks of emphasis", "not measured", lambda: read("", objectives="**a " * 250_000)),
    "P5": Case("1 MB of names", "not measured", lambda: read("", controllers="NHS X CCG, " * 90_000)),
    "P6": Case("1 MB of lines `When`", "not measured", lambda: read("<p>When: DSA runs 1/2 — x</p>" * 34_000)),
    "P7": Case("1 MB of agreements", "not measured", lambda: read("<p>A — DARS-NIC-1-A1B2C<p>Datasets: x" * 28_000)),
}  # fmt: skip
"""Number in the report of the attack → what is tried; P are shapes that were not among them."""


def cost_of(number: str) -> tuple[float, float]:
    """Return CPU seconds and megabytes of a case in a process of its own, which does nothing else but load."""
    code = (
        "import sys, resource; from benchmarks.attacks import CASES, spent\n"
        "began = spent(); CASES[sys.argv[1]].run()\n"
        "print(spent() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    run = subprocess.run([sys.executable, "-c", code, number], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    cpu_s, peak = run.stdout.split()
    return float(cpu_s), float(peak)


def spent() -> float:
    """Return the CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# --- requests ---------------------------------------------------------------------------------------------------------

COLUMNS = ("kind", "severity", "organisation", "page", "reference", "title", "field", "before", "after", "added", "id")
ENDLESS = quote("with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n")


def asked(started: Started, address: str) -> tuple[int, float]:
    """Ask for an address; return status and the server's CPU seconds."""
    began = cpu_of(started.process.pid)
    connection = http.client.HTTPConnection("127.0.0.1", started.port, timeout=120)
    connection.request("GET", address)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, cpu_of(started.process.pid) - began


def after_gone(started: Started, address: str, readers: int = 10, patience_s: float = 3.0) -> tuple[float, float]:
    """Have readers ask and go; return the CPU seconds until they went, and those after."""
    rested(started.process.pid)
    began = cpu_of(started.process.pid)
    with ExitStack() as held:
        for _ in range(readers):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", started.port)))
            connection.sendall(f"GET {address} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        time.sleep(patience_s)
    gone = cpu_of(started.process.pid)
    rested(started.process.pid)
    return gone - began, cpu_of(started.process.pid) - gone


def half_open(started: Started) -> tuple[int, float]:
    """Return how many of ten readers are served while others hold half a request, and the longest wait in ms."""
    with ExitStack() as held:
        for _ in range(HALF_OPEN):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", started.port)))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-")
        waits = [timed(started.port, "/") for _ in range(10)]
    return sum(status == 200 for status, _ in waits), max(ms for _, ms in waits)


def timed(port: int, address: str) -> tuple[int, float]:
    """Ask for an address; return status, 0 if there was no answer, and milliseconds."""
    began, status = time.perf_counter(), 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with closing(connection), suppress(OSError, http.client.HTTPException):
        connection.request("GET", address)
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    return status, (time.perf_counter() - began) * 1000


def crowd(port: int, addresses: list[str]) -> list[tuple[int, float]]:
    """Have readers ask one page after the other, for as long; return all answers."""
    until, found = time.perf_counter() + READING_S, list[tuple[int, float]]()

    def reads(number: int) -> None:
        while time.perf_counter() < until:
            found.append(timed(port, addresses[number % len(addresses)]))
            number += 7

    threads = [threading.Thread(target=reads, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def stopped_s(started: Started) -> float:
    """Return how long a server takes to end that is told to while it is asked what has no end."""
    with ExitStack() as held:
        for _ in range(3):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", started.port)))
            connection.sendall(f"GET /register.json?sql={ENDLESS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        time.sleep(0.5)
        began = time.perf_counter()
        started.process.send_signal(signal.SIGTERM)
        started.process.wait(60)
    return time.perf_counter() - began


@contextmanager
def hostile_history(folder: Path) -> Iterator[Started]:
    """Serve a history in which prose of 12 KB changed so that it took minutes to compare."""
    watch = Watch(folder)
    for day, prose in (("2026-01-01", "yes " * 2_000), ("2026-01-02", "yes no " * 1_000)):
        page = with_project(HARROWDALE, objectives=prose)
        watch.take(REGISTER | {SLUG: page}, day)
    with serving([*ours(watch.database), "--public"], folder) as started:
        yield started


# --- the table --------------------------------------------------------------------------------------------------------


def row(number: str, what: str, before: str, now: str, allowed: str, is_within: bool) -> str:
    """Return a line of the table; what is more than allowed is said."""
    return f"| {number} | {what} | {before} | {now} | {allowed}{'' if is_within else ' **exceeded**'} |"


def of_pages() -> Iterator[str]:
    """Yield a line for each page."""
    for number, case in CASES.items():
        cpu_s, peak = cost_of(number)
        allowed, is_within = f"{PAGE_S:.0f} s, {PAGE_MB} MB", cpu_s <= PAGE_S and peak <= PAGE_MB
        yield row(number, case.what, case.before, f"{cpu_s:.2f} s, {peak:.0f} MB", allowed, is_within)


TEN = "&".join(f"{name}__not=x" for name in COLUMNS[:10])
THREE = "&".join(f"_facet={name}" for name in ("summary", "before", "after"))
MANY = "&".join(["_facet=summary"] * 400)
ASKED = (
    ("H2a", "400 facets, 6 KB of address", "12 s", f"/register/changes?{MANY}"),
    ("H2b", "as much as is allowed: 3 facets, 10 conditions", "not measured", f"/register/changes?{THREE}&{TEN}"),
    ("H4", "a column of 48 KB", "3.0 s, nobody else served", f"/register/changes?{'1' * 48_000}__exact=1"),
    ("H4b", "a word of 16 KB to be searched", "not measured", "/search?q=" + "a" * 16_000),
)
LEFT = (
    ("H2c", "ten readers ask 400 facets and go", "356 s after, and not at an end", f"/register/changes?{MANY}"),
    ("H2d", "ten readers ask what is allowed and go", "not measured", f"/register/changes?{THREE}&_size=1000"),
)
ENDLESSLY = ("H2e", "ten readers ask SQL without an end and go", "not measured", f"/register.json?sql={ENDLESS}")
READ = ["/", "/organisations", "/search?q=stroke", "/status", "/datasets", "/changes.csv", "/red-flags"]


def of_request(started: Started, number: str, what: str, before: str, address: str) -> str:
    """Return the line of a request."""
    status, cpu_s = asked(started, address)
    return row(number, what, before, f"{status}, {cpu_s:.2f} s", f"{REQUEST_S:.0f} s", cpu_s <= REQUEST_S)


def of_left(started: Started, number: str, what: str, before: str, address: str) -> str:
    """Return the line of what readers ask who go away."""
    until, after = after_gone(started, address)
    return row(number, what, before, f"{until:.2f} s, {after:.2f} s after", "nothing after", after <= NOTHING_S)


def of_half_open(started: Started) -> str:
    """Return the line of connections that never say what they want."""
    served, longest = half_open(started)
    what = f"{HALF_OPEN:,} half requests held, ten readers"
    return row("M3", what, "no answer", f"{served} served, longest {longest:.0f} ms", "all served", served == 10)


def of_crowd(started: Started) -> str:
    """Return the line of many readers at once."""
    answers = crowd(started.port, READ)
    wrong = Counter(status for status, _ in answers if status != 200)
    errors = wrong.total()
    p99 = sorted(ms for _, ms in answers)[int(len(answers) * 0.99)]
    said = f"{errors} errors" + (f" {dict(wrong)}" if wrong else "")
    now = f"{len(answers):,}, {said}, p99 {p99:,.0f} ms, {peak_mb(started.process.pid):.0f} MB"
    allowed, is_within = f"0 errors, {P99_MS:,} ms on a quiet machine", not errors and p99 <= P99_MS
    return row("", f"{READERS} readers for {READING_S} s", "3,009 at load 8, p99 6,400 ms", now, allowed, is_within)


def of_server(folder: Path) -> Iterator[str]:
    """Yield a line for each thing that is done to a server."""
    file = folder / "year.db"
    build(file, Register(ORGANISATIONS, 1, 0.1, 0.1, 0.01), EDITIONS)
    with serving([*ours(file), "--public"], folder) as started:
        asked(started, "/")
        yield from (of_request(started, *one) for one in ASKED)
        yield from (of_left(started, *one) for one in LEFT)
        yield of_half_open(started)
        yield of_crowd(started)
    with serving(ours(file), folder) as started:
        yield of_left(started, *ENDLESSLY)
        seconds = stopped_s(started)
        now, allowed = f"{seconds:.1f} s", f"{STOPPED_S:.0f} s"
        yield row("H2f", "SIGTERM while such SQL runs", "more than 40 s", now, allowed, seconds <= STOPPED_S)


def of_hostile_history(folder: Path) -> Iterator[str]:
    """Yield a line for each page on which a change stands that took minutes to compare."""
    with hostile_history(folder) as started:
        with closing(http.client.HTTPConnection("127.0.0.1", started.port)) as connection:
            connection.request("GET", "/changes.csv")
            (change, *_) = re.findall(r"\b[0-9a-f]{20}\b", connection.getresponse().read().decode())
        for address in ("/", f"/changes/{change}", "/agreements/DARS-NIC-204517-H6M2P", f"/organisations/{SLUG}"):
            what = f"12 KB of prose, `{address.replace(change, 'ID')}`"
            yield of_request(started, "H1e", what, "minutes (extrapolated)", address)


def main() -> str:
    """Try everything, and return the results as a table in Markdown."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        lines = [*of_pages(), *of_hostile_history(Path(one)), *of_server(Path(other))]
    exceeded = sum("exceeded" in line for line in lines)
    return "\n".join(
        [
            "| | what is tried | version one | now | allowed |",
            "|---|---|---:|---:|---|",
            *lines,
            "",
            f"{len(lines)} cases, {exceeded} of them beyond what is allowed. CPU seconds, and memory of the whole "
            f"process; load of the machine at the end: {os.getloadavg()[0]:.1f}.",
        ]
    )


if __name__ == "__main__":
    print(main())
