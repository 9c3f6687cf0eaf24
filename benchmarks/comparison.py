"""Ours beside the tools that a user would otherwise take: nights, what is told, what a failed mail loses, storage.

All of it in one run on one machine, from the same pages; beside each what nothing can go below. How the others are
set up is in benchmarks/others.py. git-history fetches and tells nothing: it is given what a fetcher would have
committed, as ready-made JSON, and shown where that is a fair question.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.economy import Git, distinct, one_stream
from benchmarks.history import time_of
from benchmarks.nights import ROOT, Cost, edition, measured, median, night, requests_made, serving
from benchmarks.others import NotToBeHadError, Watcher, programs, version_of
from benchmarks.register_site import Register, records
from benchmarks.trust import PageWatcher, judge_watcher
from tests.harness.mail_server import LoopbackMail, Refuse, Stall
from tests.simulation.play import play
from tests.simulation.story import Edition, quick
from tests.simulation.truth import Score

PAGES, EDITIONS, CHANGED = 200, 8, 0.05
QUIET = 3
TRIES = 2
SEED, ORGANISATIONS, EDITS = "trust 1", 60, 25
OTHERS = ("urlwatch", "webchanges")

SETTINGS = """
[register]
index = "{index}"
[fetch]
contact = "bench@localhost.invalid"
interval_s = 0
"""
SUBSCRIPTION = """
[[subscriptions]]
name = "reader"
email = "reader@example.org"
"""

BARE_SOCKET = """
import re, socket, sys

host, port = sys.argv[1].split("/")[2].split(":")
server = socket.create_connection((host, int(port)))
answers = server.makefile("rb")

def ask(path):
    server.sendall(f"GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode())
    length = 0
    while (line := answers.readline().strip()):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return answers.read(length)

for path in re.findall(r'href="(/organisations/[^"/]+/)"', ask("/organisations/").decode()):
    ask(path)
"""


def addresses(index: str) -> list[str]:
    """Return the addresses of the list of pages and of all pages on it."""
    with urllib.request.urlopen(index) as answer:
        found = re.findall(r'href="/organisations/([^"/]+)/"', answer.read().decode())
    return [index, *(f"{index}{slug}/" for slug in found)]


# --- nights and storage -----------------------------------------------------------------------------------------------


@dataclass
class Nights:
    """What a tool's nights cost and took."""

    quiet: Cost
    changed: Cost
    requests: int
    stored: int | None = None


def nights(place: Path) -> dict[str, Nights]:
    """Return what each tool's nights cost; all see the same editions."""
    made: dict[str, Nights] = {}
    for name in ("ours", *OTHERS, "a bare socket"):
        with serving(validators=True, pages=PAGES, changed=CHANGED) as index:
            folder = place / name.replace(" ", "-")
            folder.mkdir()
            one_night, kept = _nightly(name, folder, index)
            one_night()
            requests_made(index)
            quiet = [one_night() for _ in range(QUIET)]
            requests = requests_made(index) // QUIET
            changed = []
            for number in range(2, EDITIONS + 1):
                edition(index, number)
                changed.append(one_night())
        stored = sum(file.stat().st_size for file in folder.glob(kept)) if kept else None
        made[name] = Nights(median(quiet), median(changed), requests, stored)
    return made


def _nightly(name, folder, index):  # type: ignore[no-untyped-def]
    """Return the function that runs one night of a tool, and which files it keeps pages in."""
    if name == "ours":
        (folder / "registerwatch.toml").write_text(SETTINGS.format(index=index), encoding="utf-8")
        return lambda: night(folder), "registerwatch.db*"
    if name == "a bare socket":
        return lambda: measured([sys.executable, "-c", BARE_SOCKET, index], folder), None
    watcher = Watcher(name, folder)
    watcher.set_up(addresses(index))
    return lambda: measured(watcher.command(), folder), "kept.db*"


def git_history(place: Path) -> tuple[Cost, int]:
    """Return what git-history takes for one more edition of JSON, and what its repository and database take."""
    git = Git(place)
    register = Register(PAGES, 1, CHANGED, 0, 0)
    command = [str(programs() / "git-history"), "file", "history.db", "register.json", "--id", "id", "--silent"]
    branch = git("branch", "--show-current").strip()
    costs = []
    for number in range(1, EDITIONS + 1):
        (place / "register.json").write_text(json.dumps(records(register.to(number)), indent=1), encoding="utf-8")
        git("add", "register.json")
        git("commit", "--quiet", "--date", time_of(number), "-m", str(number))
        costs.append(measured(["env", "-u", "PYTHONPATH", *command, "--branch", branch], place))
    git("gc", "--aggressive", "--prune=now", "--quiet")
    return median(costs[1:]), sum(file.stat().st_size for file in place.glob("history.db*")) + git.packed()


def nights_table(place: Path) -> Iterator[str]:
    """Yield the tables of nights and of storage."""
    made = nights(place)
    socket_cpu = made["a bare socket"].quiet.cpu_s
    ours = made["ours"]
    yield "| | unchanged: CPU s | seconds | requests | changed: CPU s | of ours | peak MB |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, of in made.items():
        yield (
            f"| {_called(name)} | {of.quiet.cpu_s:.2f} | {of.quiet.wall_s:.2f} | {of.requests} | "
            f"{of.changed.cpu_s:.2f} | {of.changed.cpu_s / ours.changed.cpu_s:.2f} | {of.changed.peak_mb:.0f} |"
        )
    (place / "history").mkdir()
    history, history_bytes = git_history(place / "history")
    yield (
        f"| {version_of('git-history')}, given JSON | | | | {history.cpu_s:.2f} | "
        f"{history.cpu_s / ours.changed.cpu_s:.2f} | {history.peak_mb:.0f} |"
    )
    yield ""
    yield (
        f"An unchanged night of ours is {ours.quiet.cpu_s / socket_cpu:.1f} times the CPU seconds of a socket that "
        "asks for the same pages and looks at nothing."
    )
    yield from ["", "### Storage of the same history", ""]
    yield from storage_table(place, {name: of.stored for name, of in made.items() if of.stored}, history_bytes)


def storage_table(place: Path, stored: dict[str, int], history_bytes: int) -> Iterator[str]:
    """Yield the table of what the editions take."""
    (place / "bodies").mkdir()
    git = Git(place / "bodies")
    bodies, raw = distinct(git.folder, EDITIONS, Register(PAGES, 1, CHANGED, 0, 0), git)
    git("gc", "--aggressive", "--prune=now", "--quiet")
    limit = one_stream([body for _, body in sorted(bodies.values(), key=lambda kept: kept[0])]).bytes
    with closing(sqlite3.connect(place / "ours/registerwatch.db")) as db:
        (our_bodies,) = db.execute("select sum(length(data)) from bodies").fetchone()
    rows = {
        "the pages as they came": (raw, "every page of every edition"),
        "ours: the whole database": (stored["ours"], "every page, every version of every field, changes, search"),
        "ours: the bodies in it": (our_bodies, "every page to the byte"),
        _called("urlwatch"): (stored["urlwatch"], "the text of every version"),
        _called("webchanges"): (stored["webchanges"], "the text of the last 4 versions"),
        version_of("git-history"): (history_bytes, "a repository of JSON and its items; no page"),
        "git, after gc --aggressive": (git.packed(), "every page to the byte"),
        "one zstd stream: the limit": (limit, "every page, none readable alone"),
    }
    yield "| | MB | of the limit | what can be had from it |"
    yield "|---|---:|---:|---|"
    for name, (size, what) in rows.items():
        yield f"| {name} | {size / 1e6:.2f} | {size / limit:.1f} | {what} |"


# --- what is told -----------------------------------------------------------------------------------------------------


@contextmanager
def folder_server() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Serve pages from a dictionary of slug → body; give the address of the list of them."""
    pages: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            slug = self.path.strip("/").rpartition("/")[2]
            body = pages.get(slug)
            if slug == "organisations":
                body = "".join(f'<p><a href="/organisations/{one}/">{one}</a></p>\n' for one in sorted(pages)).encode()
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/organisations/", pages
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Running:
    """A tool that is run once for each edition, and what it reported."""

    watcher: Watcher
    index: str
    pages: dict[str, bytes]
    reported: list[set[str]] = field(default_factory=list)
    lines: int = 0
    known: dict[str, None] = field(default_factory=dict)

    def read(self, edition: Edition) -> None:
        """Run it over an edition. Its list of pages is kept up to date for it, which a user would do by hand."""
        files = {name.rsplit(".", 1)[0]: body for name, body in edition.files.items()}
        if edition.complete:
            self.pages.clear()
        self.pages.update(files)
        self.known |= dict.fromkeys(sorted(self.pages))
        self.watcher.set_up([self.index, *(f"{self.index}{slug}/" for slug in self.known)])
        run = subprocess.run(self.watcher.command(), capture_output=True, text=True)
        told = run.stdout if self.reported else ""
        slugs = set(re.findall(r"(?:CHANGED|NEW|ERROR)\b.*?/organisations/([^/\s]+)/", told))
        self.lines += len(re.findall(r"^[+-](?![+-])", told, flags=re.MULTILINE))
        if not self.reported and not run.stdout:
            raise RuntimeError(f"{self.watcher.tool} said nothing: {run.stderr[-500:]}")
        self.reported.append(slugs)


def is_noise(edition: Edition, index: int) -> bool:
    """Say whether an edition differs from the one before it in its markup and typography alone."""
    return index > 0 and not edition.held and not edition.edits and edition.complete


def told_table(place: Path) -> Iterator[str]:
    """Yield the table of what is told of the simulated editions."""
    editions = list(quick(SEED, organisations=ORGANISATIONS, edit_count=EDITS))
    noisy = [index for index, edition in enumerate(editions) if is_noise(edition, index)]
    played = play(editions, place, SEED)
    ours = played.score()
    right, missing, unexpected = (sum(c.values()) for c in (ours.right, ours.missing, ours.unexpected))
    noise = sum(len(played.verdicts[index].unexpected) for index in noisy)
    yield "| | told of changes | told rightly | lines to read | for each change | told on nights of noise alone |"
    yield "|---|---:|---:|---:|---:|---:|"
    told = right + unexpected
    yield (
        f"| ours: {told} changes | {right / (right + missing):.2f} | {right / told:.2f} | {told:,} | "
        f"{told / right:.1f} | {noise} changes |"
    )
    for tool in OTHERS:
        with folder_server() as (index, pages):
            running: PageWatcher = Running(Watcher(tool, place / tool), index, pages)
            score, good = judge_watcher(editions, running)
        yield _told_row(tool, running, score, good, noisy, right)  # type: ignore[arg-type]
    yield ""
    yield (
        f"{len(editions)} editions of {ORGANISATIONS} pages, {played.edits} edits; {len(noisy)} nights have none, only "
        "another markup and typography."
    )
    yield (
        "The others report pages, not changes: a change counts as told if its page was reported then or up to two "
        "editions before, a report as right if anything of substance was due on the page."
    )


def _told_row(tool: str, running: Running, score: Score, good: int, noisy: list[int], changes: int) -> str:
    reports = sum(map(len, running.reported))
    right, missing = sum(score.right.values()), sum(score.missing.values())
    noise = sum(len(running.reported[index]) for index in noisy)
    precision = good / max(1, reports)
    return (
        f"| {_called(tool)}: {reports} reports of pages | {right / (right + missing):.2f} | {precision:.2f} | "
        f"{running.lines:,} | {running.lines / changes:.1f} | {noise} pages |"
    )


# --- what a failed or killed delivery loses ---------------------------------------------------------------------------


FAULTS = {"refused": "MAIL", "killed before": "dot", "killed after": "taken"}
"""What goes wrong with the mail of a night, and at which step of the conversation."""


class Delivered(NamedTuple):
    """What became of it."""

    changed: int
    told: int
    twice: bool
    """Whether a reader gets the same news in two messages, which have different ids."""


def delivery(tool: str, place: Path, fault: str) -> Delivered:
    """Return how many changed pages there were in a night whose mail went wrong, and how many are told in the end."""
    step = FAULTS[fault]
    place.mkdir()
    with serving(validators=True, pages=60, changed=0.1) as index:
        with LoopbackMail() as mail:  # the first night: everything is new
            command = _telling(tool, place, index, mail)
            subprocess.run(command, cwd=place, env=_environment(), capture_output=True)
        with LoopbackMail(faults={step: [Stall() if fault.startswith("killed") else Refuse()]}) as mail:
            edition(index, 2)
            command = _telling(tool, place, index, mail)
            run = subprocess.Popen(
                command, cwd=place, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            if fault.startswith("killed"):
                _wait_for_fault(mail, step, run)
                run.send_signal(signal.SIGKILL)
            run.wait(120)
            if tool == "ours":
                _let_time_pass(place / "registerwatch.db")
            subprocess.run(command, cwd=place, env=_environment(), capture_output=True)
            texts = [one.message.get_body(("plain",)).get_content() for one in mail.taken]  # type: ignore[union-attr]
            # A reader's program shows one message of those with the same id.
            ids = [one.message["Message-ID"] or str(number) for number, one in enumerate(mail.taken)]
            shown = dict(zip(ids, texts, strict=True)).values()
            # Of the same news by the words of the subject: others name the pages in any order.
            subjects = {frozenset(str(one.message["Subject"]).split()) for one in mail.taken}
        with urllib.request.urlopen(index.replace("/organisations/", "/__log?k=2")) as answer:
            changed = {(one["slug"], one["agreement"]) for one in json.load(answer) if not one["cosmetic"]}
    text = "\n".join(shown)
    found = {slug for slug, reference in changed if slug in text or (reference and reference in text)}
    return Delivered(len({slug for slug, _ in changed}), len(found), len(shown) > len(subjects))


def _telling(tool: str, place: Path, index: str, mail: LoopbackMail) -> list[str]:
    """Set a tool up to mail what it finds; return its command."""
    if tool == "ours":
        settings = SETTINGS.format(index=index) + mail.settings + SUBSCRIPTION
        (place / "registerwatch.toml").write_text(settings, encoding="utf-8")
        return [sys.executable, "-c", "from cron.cli import main; main()", "run"]
    watcher = Watcher(tool, place)
    watcher.set_up(addresses(index), mail.port)
    return watcher.command()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _wait_for_fault(mail: LoopbackMail, step: str, run: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while mail.faults[step] and run.poll() is None and time.monotonic() < until:
        time.sleep(0.02)


def _let_time_pass(database: Path) -> None:
    """Let the wait before the next try of a delivery be over."""
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("update deliveries set next_attempt_at = first_attempt_at where next_attempt_at is not null")


def delivery_table(place: Path) -> Iterator[str]:
    """Yield the table of what is never told, or told twice."""
    yield "| pages told of that changed | server refuses | killed before the server has it | killed after it | twice |"
    yield "|---|---:|---:|---:|---:|"
    for tool in ("ours", *OTHERS):
        tried = {
            fault: [delivery(tool, place / f"{tool}-{fault}-{number}", fault) for number in range(TRIES)]
            for fault in FAULTS
        }
        cells = [f"{sum(one.told for one in all_)} of {sum(one.changed for one in all_)}" for all_ in tried.values()]
        twice = sum(one.twice for one in tried["killed after"])
        yield f"| {_called(tool)} | {' | '.join(cells)} | {twice} of {TRIES} |"
    yield ""
    yield (
        "What a reader is told of a night whose mail goes wrong, until the night after, when the mail server works and "
        f"nothing has changed since; {TRIES} tries, as it hangs on what was written when. Killed is kill -9 while it "
        "talks to the server. git-history tells nobody. Ours waits five minutes before it tries again; here "
        "that wait is moved into the past instead of waited for."
    )


# --- the whole --------------------------------------------------------------------------------------------------------


def _called(name: str) -> str:
    return version_of(name) if name in OTHERS else name


def main() -> str:
    """Return the tables as markdown."""
    try:
        programs()
    except NotToBeHadError as error:
        return f"urlwatch, webchanges and git-history {error}."
    lines = [
        f"Nights of {PAGES} pages and the list of them on a server of this machine, {QUIET} unchanged and "
        f"{EDITIONS - 1} in which {CHANGED:.0%} of the pages changed; medians. The others as documented, with a job "
        "for each page and the filter html2text.",
        "",
    ]
    with tempfile.TemporaryDirectory() as directory:
        parts = {"": nights_table, "### What is told of the same editions": told_table}
        parts["### What a failed delivery loses"] = delivery_table
        for number, (heading, part) in enumerate(parts.items()):
            place = Path(directory) / str(number)
            place.mkdir()
            lines += ["", heading, ""] if heading else []
            lines += part(place)
    return "\n".join(lines)


if __name__ == "__main__":
    print(main())
