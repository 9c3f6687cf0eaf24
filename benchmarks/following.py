"""What following by e-mail costs: due rows within the run's transaction, digests handed over, forms answered.

The register, its mail server and the run with news are those of `telling`. Most follow an organisation or an agreement,
many a dataset, few a legal basis, a severity or a word.
"""

import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.nights import ROOT, measured
from benchmarks.register_site import DATASETS, Register
from benchmarks.telling import IMPORT, mail_server, rows, take, write_edition
from snapshots.people.keys import Keys, add_key
from snapshots.people.people import Followable, open_people

ORGANISATIONS, FOLLOWERS, EACH = 700, 10_000, 2
BUSY = 0.5
FORMS, AT_ONCE = 500, 50

TIMED = """
import time
_told = what_to_tell
def what_to_tell(context):
    of_run = _told(context)
    def timed(outcome):
        began, cpu = time.perf_counter(), time.process_time()
        items = list(of_run(outcome))
        context.store().deliveries.add(outcome.run, items)
        print(len(outcome.changes), len(items), time.perf_counter() - began, time.process_time() - cpu)
        return []
    return timed
"""


def followables(register: Register) -> Iterator[Followable]:
    """Yield what is followed, one after the other, without end."""
    r = random.Random("followers")
    slugs = [slug for slug in sorted(register.orgs) if register.orgs[slug]["last_edition"] == register.edition]
    while True:
        share = r.random()
        if share < 0.7:
            pair = ("organisation", r.choice(slugs))
        elif share < 0.94:
            pair = ("dataset", r.choice(DATASETS))
        elif share < 0.97:
            pair = ("severity", "high")
        else:
            pair = ("words", r.choice(["cancer", "linkage", "commissioning", "diabetes", "cohort"]))
        yield Followable(what=f"/?{urlencode([pair])}", asks=urlencode([pair]), said=pair[1])


def write_people(folder: Path, register: Register) -> None:
    """Write the file of those who follow: everybody confirmed."""
    add_key(folder / "people.key")
    some, now = followables(register), "2025-10-15T09:00:00Z"
    with closing(open_people(folder / "people.db", Keys.read(folder / "people.key"))) as people:
        persons = [(f"p{n}", f"reader{n}@localhost.invalid", f"h{n}", now) for n in range(FOLLOWERS)]
        follows = {}
        while len(follows) < FOLLOWERS * EACH:
            one, number = next(some), len(follows) // EACH
            follows[f"p{number}", one.what] = (
                one,
                random.Random(len(follows)).choice(["run", "run", "daily", "weekly"]),
            )
        conn = people._db.conn
        conn.execute("begin")
        conn.executemany("insert into people (id, address, hash, created_at) values (?, ?, ?, ?)", persons)
        conn.executemany(
            "insert into follows values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (f"f{n}", person, one.what, one.asks, one.said, often, now, now)
                for n, ((person, _), (one, often)) in enumerate(follows.items())
            ),
        )
        conn.execute("commit")


def forms_answered(folder: Path) -> tuple[list[float], float]:
    """Return how many milliseconds each of many forms took, fifty at once, and how many of the processor one took."""
    command = [sys.executable, "-c", "from cron.cli import main; main()", "browse", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(re.findall(r":(\d+)/", server.stdout.readline())[0])
        keys = Keys.read(folder / "people.key")
        token = keys.form_token(["/", "", "everything that changes", False], datetime.now(UTC).date())
        before = _cpu_s(server.pid)
        took = asyncio.run(_send_all(port, token))
        cpu_ms = (_cpu_s(server.pid) - before) / FORMS * 1000
        server.terminate()
    return took, cpu_ms


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _send_all(port: int, token: str) -> list[float]:
    places = asyncio.Semaphore(AT_ONCE)

    async def send(number: int) -> float:
        form = {"what": "/", "token": token, "address": f"new{number}@example.org", "frequency": "weekly"}
        body = urlencode(form)
        head = (
            f"POST /follow HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            f"X-Forwarded-For: 10.{number // 250}.{number % 250}.1\r\n\r\n"
        )
        async with places:
            answers, asks = await asyncio.open_connection("127.0.0.1", port)
            began = time.perf_counter()
            asks.write(f"{head}{body}".encode())
            status = await answers.readline()
            took_ms = (time.perf_counter() - began) * 1000
            await answers.read()
            asks.close()
        assert b" 303 " in status, status
        return took_ms

    return await asyncio.gather(*(send(number) for number in range(FORMS)))


def prepare(folder: Path, port: int) -> list[str]:
    """Make a register of two editions, those who follow it, and take the first; return how the second is taken."""
    base = folder.parent
    folder.mkdir()
    register = Register(ORGANISATIONS, 1, sub=BUSY)
    write_edition(base / "1", register.to(1))
    write_edition(base / "2", register.to(2))
    (folder / "registerwatch.toml").write_text(
        f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "register@localhost.invalid"\n'
        '[browse]\nbase_url = "https://register.example.org"\n'
        '[follow]\nenabled = true\ntrusted_proxy = "127.0.0.1"\n'
        'return_path = "bounces+{token}@localhost.invalid"\n',
        encoding="utf-8",
    )
    write_people(folder, register)
    take(folder, base / "1", "2025-10-01")
    timed = IMPORT.replace("folder, time, tells", TIMED + "\nfolder, time_, tells").replace("{time}T", "{time_}T")
    return [sys.executable, "-c", timed, str(base / "2"), "2025-11-01", "tell"]


def main() -> str:
    """Return the figures as Markdown."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory, mail_server() as port:
        folder = Path(directory) / "watch"
        command = prepare(folder, port)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        said = subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        changes, items, due_s, due_cpu_s = said.stdout.split()
        set_up_s = time.perf_counter() - began - float(due_s)
        database = folder / "registerwatch.db"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ((messages,),) = rows(database, f"select count(distinct subscription) from deliveries where due_at <= '{now}'")
        cost = measured([sys.executable, "-c", "from cron.cli import main; main()", "notify"], folder)
        ((sent,),) = rows(database, "select count(distinct subscription) from deliveries where state = 'delivered'")
        assert sent == messages, f"{sent} of {messages}"
        took, form_ms = forms_answered(folder)
    p95 = statistics.quantiles(took, n=20)[-1]
    load = os.getloadavg()[1]
    return "\n".join(
        [
            f"{FOLLOWERS:,} followers with {FOLLOWERS * EACH:,} follows, a run with {int(changes):,} changes. "
            f"Set up in {set_up_s:.0f} s; {load:.0f} processes wanted the {os.cpu_count()} cores meanwhile.",
            "",
            "| | by the clock | by CPU |",
            "|---|---:|---:|",
            f"| due rows in the run's transaction: {int(items):,} (at most 5 s) "
            f"| {float(due_s):.2f} s | {float(due_cpu_s):.2f} s |",
            f"| `notify`: {messages:,} digests composed and handed over (at least 150 a second) "
            f"| {messages / cost.wall_s:.0f} a second | {messages / cost.cpu_s:.0f} a second |",
            f"| its memory (at most 250 MB) | {cost.peak_mb:.0f} MB | |",
            f"| a form answered, {AT_ONCE} at once, 95th percentile of {FORMS} (at most 50 ms) "
            f"| {p95:.0f} ms | {form_ms:.1f} ms each |",
        ]
    )


if __name__ == "__main__":
    print(main())
