"""What telling costs: digests of a run handed to a mail server, by how many follow, and the feeds after a quiet night.

The register is the simulated one. Each figure is of the whole command in a process of its own, on its own copy of a
database in which the run is committed and nothing is told yet. The mail server is another process, on loopback.
"""

import copy
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.nights import ROOT, Cost, measured
from benchmarks.register_site import DATASETS, Register, render_org

ORGANISATIONS = 700
SUBSCRIPTIONS = (100, 1_000, 10_000)
A_MESSAGE_MS = 4
BUSY, QUIET = 0.48, 15 / ORGANISATIONS
RUNS = 3

MAIL_SERVER = """
import socket, threading

def serve(connection):
    with connection, connection.makefile("rb") as lines:
        connection.sendall(b"220 localhost\\r\\n")
        for line in lines:
            verb = line[:4].upper()
            if verb == b"DATA":
                connection.sendall(b"354 go on\\r\\n")
                for line in lines:
                    if line == b".\\r\\n":
                        break
            connection.sendall(b"221 bye\\r\\n" if verb == b"QUIT" else b"250 OK\\r\\n")

listening = socket.create_server(("127.0.0.1", 0), backlog=100)
print(listening.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""

IMPORT = """
import sys
from contextlib import closing
from pathlib import Path
from cron.settings.load import load_settings
from cron.work.context import Context
from cron.work.outbox import what_to_tell
from snapshots.sources.intake import Intake, gather_editions, take_editions
from scraper.times import as_text

folder, time, tells = sys.argv[1:]
context = Context(lambda: load_settings(Path("registerwatch.toml")))
store = context.store(create=True)
now = as_text(context.clock())
dues = what_to_tell(context) if tells == "tell" else None
with closing(Intake.of_import(store, time=f"{time}T03:00:00Z", now=now)) as intake:
    editions = gather_editions(intake, [Path(folder)], context.vocabulary)
    take_editions(store, editions, context.rules, complete=True, dues=dues)
context.close()
"""


@contextmanager
def mail_server() -> Iterator[int]:
    """Take mail in a process of its own, and forget it; give its port. It is quick: a real one costs others' time."""
    with subprocess.Popen([sys.executable, "-c", MAIL_SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


class Told(NamedTuple):
    """What it took to tell so many."""

    messages: int
    things: int
    cost: Cost
    nobody: Cost
    """Of the same command where nothing is due."""

    @property
    def message_ms(self) -> float:
        """CPU milliseconds of a message composed and handed over."""
        return 1000 * (self.cost.cpu_s - self.nobody.cpu_s) / self.messages


def subscriptions(register: Register, count: int) -> Iterator[str]:
    """Yield blocks of settings: most follow an organisation or two with news, or a dataset; few all, or all severe."""
    r = random.Random("subscriptions")
    slugs = [slug for slug in sorted(register.orgs) if register.orgs[slug]["last_edition"] == register.edition]
    for number in range(count):
        lines = ["[[subscriptions]]", f'name = "reader {number}"', f'email = "reader{number}@localhost.invalid"']
        share = number / count
        if share >= 0.98:
            pass  # everything
        elif share >= 0.93:
            lines.append('severity = "high"')
        elif share >= 0.73:
            lines.append(f"datasets = {json.dumps([r.choice(DATASETS)])}")
        else:
            lines.append(f"organisations = {json.dumps(r.sample(slugs, r.choice([1, 1, 2])))}")
        yield "\n".join(lines)


def write_edition(folder: Path, register: Register) -> None:
    """Write every page of *register* as it is now."""
    folder.mkdir()
    for slug, organisation in register.orgs.items():
        (folder / f"{slug}.html").write_text(render_org(organisation, register), encoding="utf-8", newline="")


def take(folder: Path, edition: Path, time: str, *, tell: bool = False) -> None:
    """Import an edition into the database in *folder*; what is due is noted, not delivered."""
    command = [sys.executable, "-c", IMPORT, str(edition), time, "tell" if tell else "quiet"]
    subprocess.run(command, cwd=folder, env=_environment(), check=True)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def rows(database: Path, sql: str) -> list[tuple[int, ...]]:
    """Return the rows of a question to *database*."""
    with closing(sqlite3.connect(database)) as db:
        return db.execute(sql).fetchall()


def command(*arguments: str) -> list[str]:
    """Return a call of our command."""
    return [sys.executable, "-c", "from cron.cli import main; main()", *arguments]


def medians(folder: Path, *arguments: str) -> Cost:
    """Return what a command costs in a copy of *folder*: medians, and the largest memory."""
    costs = []
    for number in range(RUNS):
        again = folder.with_name(f"{folder.name}-{number}")
        shutil.copytree(folder, again)
        costs.append(measured(command(*arguments), again))
    cpu_s, wall_s = (statistics.median(cost[n] for cost in costs) for n in (0, 1))
    return Cost(cpu_s, wall_s, max(cost.peak_mb for cost in costs))


class Editions:
    """The pages of three editions: the first, a busy one and a quiet one."""

    def __init__(self, base: Path) -> None:
        self.folders = [base / str(number) for number in (1, 2, 3)]
        self._register = Register(ORGANISATIONS, 1, sub=BUSY)
        for number, folder in enumerate(self.folders, 1):
            write_edition(folder, self._register.to(number))
            if number == 2:
                self.busy = copy.deepcopy(self._register)
                self._register.sub, self._register.cosm = QUIET, 0

    def watched(self, folder: Path, port: int, count: int) -> Path:
        """Make *folder* that of so many subscriptions, to whom the busy edition is due."""
        folder.mkdir()
        mail = f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "register@localhost.invalid"\n'
        settings = mail + "\n".join(subscriptions(self.busy, count))
        (folder / "registerwatch.toml").write_text(settings, encoding="utf-8")
        take(folder, self.folders[0], "2025-10-01")
        take(folder, self.folders[1], "2025-11-01", tell=True)
        return folder


def tell(folder: Path) -> Told:
    """Deliver what is due in *folder*, in copies of it that are left beside it."""
    ((messages, things),) = rows(
        folder / "registerwatch.db", "select count(distinct subscription), count(*) from deliveries"
    )
    cost = medians(folder, "notify")
    told = folder.with_name(f"{folder.name}-0")
    ((left,),) = rows(told / "registerwatch.db", "select count(*) from deliveries where state != 'delivered'")
    assert not left, f"{left} of {things} were not delivered"
    return Told(messages, things, cost, medians(told, "notify"))


def by_subscriptions(base: Path, editions: Editions, port: int) -> Iterator[tuple[int, Told]]:
    """Yield how many follow, and what telling them took."""
    for count in SUBSCRIPTIONS:
        place = base / f"following-{count}"
        place.mkdir()
        yield count, tell(editions.watched(place / "watch", port, count))


def main() -> str:
    """Return the figures as Markdown."""
    with tempfile.TemporaryDirectory() as directory, mail_server() as port:
        base = Path(directory)
        editions = Editions(base)
        told = dict(by_subscriptions(base, editions, port))
        folder = base / f"following-{SUBSCRIPTIONS[0]}" / "watch"
        sql = "select count(*) from changes where substantive and member_of is null"
        ((changes,),) = rows(folder / "registerwatch.db", sql)
        lines = [
            f"A run with {changes:,} changes, told by `notify` in a process of its own; medians of {RUNS}.",
            "",
            "| subscriptions | messages | things told | seconds | CPU seconds | CPU ms a message | peak MB |",
            "|---:|---:|---:|---:|---:|---:|---:|",
            *(
                f"| {count:,} | {one.messages:,} | {one.things:,} | {one.cost.wall_s:.2f} | {one.cost.cpu_s:.2f} | "
                f"{one.message_ms:.1f} | {one.cost.peak_mb:.0f} |"
                for count, one in told.items()
            ),
            "",
            f"Aims: 10 s and 200 MB for 1,000; {A_MESSAGE_MS} ms a message composed and handed over, beside what the "
            f"command takes where nothing is due ({told[SUBSCRIPTIONS[0]].nobody.cpu_s:.2f} s).",
            "",
            *_feeds(folder, editions.folders[2]),
        ]
    return "\n".join(lines)


def _feeds(folder: Path, quiet: Path) -> Iterator[str]:
    subprocess.run(command("feeds", "feeds"), cwd=folder, env=_environment(), check=True, stdout=subprocess.DEVNULL)
    before = _files(folder / "feeds")
    take(folder, quiet, "2025-12-01")
    for number in range(RUNS):
        shutil.rmtree(folder.with_name(f"{folder.name}-{number}"))
    cost = medians(folder, "feeds", "feeds")
    after = _files(folder.with_name(f"{folder.name}-0") / "feeds")
    differ = sum(before.get(name, (b"", 0))[0] != body for name, (body, _) in after.items())
    touched = sum(before.get(name, (b"", 0))[1] != at for name, (_, at) in after.items())
    yield (
        f"`feeds` after a run with 15 changed pages: {cost.wall_s:.2f} s (at most 2), {cost.cpu_s:.2f} CPU seconds, "
        f"{cost.peak_mb:.0f} MB. Of {len(after):,} feed files {differ:,} differ afterwards, and "
        f"{touched:,} were touched."
    )


def _files(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


if __name__ == "__main__":
    print(main())
