"""The commit at hand beside an earlier one, in one run: the same work through the command line of both, turn by turn.

The earlier commit, version one unless BEFORE names another, is checked out and installed with its own pins below
.bench/. Nothing but commands, settings and addresses is used, which the contract fixes for both.
"""

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from benchmarks.browsing import ask, p95
from benchmarks.browsing import serving as browsing
from benchmarks.history import KEPT, ROOT, editions, peak_mb, time_of
from benchmarks.nights import SETTINGS, Cost, edition, measured, median
from benchmarks.nights import serving as site
from benchmarks.register_site import Register

VERSION_ONE = "444cd21"
PAGES, EDITIONS, RUNS = 300, 12, 5
SUBSCRIBERS = 20
SUBSCRIPTION = '[[subscriptions]]\nname = "reader {n}"\nemail = "reader{n}@example.org"\n'
MAIL = '[mail]\nsender = "bench@localhost.invalid"\n'


class Program(NamedTuple):
    """One commit's command: where its source lies and which Python has what it needs."""

    root: Path
    python: Path

    def command(self, *arguments: str) -> list[str]:
        """Return the words that start it."""
        return [str(self.python), "-c", "from cron.cli import main; main()", *arguments]

    def run(self, folder: Path, *arguments: str) -> Cost:
        """Run it to its end in *folder*."""
        return measured(self.command(*arguments), folder, self.root)


def earlier(commit: str) -> Program:
    """Return the program of an earlier commit, installed if it is not there; raise CalledProcessError without git."""
    root = KEPT / f"before-{commit}"
    python = root / ".venv" / "bin" / "python"
    if not python.exists():
        KEPT.mkdir(exist_ok=True)
        source = subprocess.run(["git", "-C", ROOT, "archive", commit], check=True, stdout=subprocess.PIPE).stdout
        root.mkdir(exist_ok=True)
        subprocess.run(["tar", "-x", "-C", root], check=True, input=source)
        venv.create(root / ".venv", with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "-c", "constraints.txt", "-e", "."]
        subprocess.run(pip, cwd=root, check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    return Program(root, python)


class Turns:
    """Both programs at the same work, turn by turn, each in a folder of its own."""

    def __init__(self, programs: tuple[Program, Program], place: Path):
        self.programs = programs
        self.folders = tuple(place / name for name in ("before", "now"))
        for folder in self.folders:
            folder.mkdir(parents=True)

    def of(self, runs: int, *arguments: str) -> list[Cost]:
        """Return what the command costs before and now: the middle of *runs*."""
        costs: tuple[list[Cost], list[Cost]] = ([], [])
        for turn in range(runs):
            # Whoever is first finds the disk's cache colder: they take it in turns.
            for side in (0, 1) if turn % 2 else (1, 0):
                costs[side].append(self.programs[side].run(self.folders[side], *arguments))
        return [median(side) for side in costs]


def history(turns: Turns, pages: Path) -> Iterator[tuple[str, list[Cost]]]:
    """Import the register's editions, then ask for what stands in the database."""
    imports = [
        turns.of(1, "import", str(pages), "--fetched-at", time_of(number), "--complete")
        for number in editions(Register(PAGES, 1), EDITIONS, pages)
    ]
    yield f"import of {EDITIONS} editions of {PAGES} pages", [_summed(side) for side in zip(*imports, strict=True)]
    files = sorted(str(file) for file in pages.glob("*.html"))
    yield f"reading {len(files)} pages (`parse`)", turns.of(3, "parse", *files)
    for question in ("--version", "status", "changes --limit 20", "datasets", "organisations"):
        yield f"`{question}`", turns.of(RUNS, *question.split())
    yield "`reparse`", turns.of(3, "reparse")


def _summed(costs: Sequence[Cost]) -> Cost:
    return Cost(sum(c.cpu_s for c in costs), sum(c.wall_s for c in costs), max(c.peak_mb for c in costs))


def nights(turns: Turns) -> Iterator[tuple[str, list[Cost]]]:
    """Run nights over a register on loopback, with subscribers whose mails are laid down as files."""
    with site(validators=True, pages=PAGES, changed=0.05) as index:
        readers = "".join(SUBSCRIPTION.format(n=n) for n in range(SUBSCRIBERS))
        for folder in turns.folders:
            (folder / "registerwatch.toml").write_text(SETTINGS.format(index=index) + MAIL + readers, encoding="utf-8")
        yield f"first night of {PAGES} pages", turns.of(1, "run")
        yield "unchanged night", turns.of(RUNS, "run")
        changed = []
        for number in range(2, 2 + RUNS):
            edition(index, number)
            changed.append(turns.of(1, "run"))
        told = [median([pair[side] for pair in changed]) for side in (0, 1)]
        yield f"5 % of the pages changed, mailed to {SUBSCRIBERS}", told


class Walked(NamedTuple):
    """What a walk over the pages cost the server."""

    ms: list[float]
    """Until each page was there; on a busy machine most of it is waiting."""
    cpu_ms: float
    """A page, in the middle of all."""
    peak_mb: float


def browse(turns: Turns) -> list[Walked]:
    """Return, before and now, what the same walk over the pages cost."""
    walked = []
    for program, folder in zip(turns.programs, turns.folders, strict=True):
        with browsing(program.command("browse"), folder, program.root) as started:
            began = cpu_s(started.process.pid)
            ms = [asked[1] for asked in _walk(started.port)]
            used_ms = (cpu_s(started.process.pid) - began) * 1000
            walked.append(Walked(ms, used_ms / len(ms), peak_mb(started.process.pid)))
    return walked


def cpu_s(process: int) -> float:
    """Return the CPU seconds that a running process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _walk(port: int) -> Iterator[tuple[int, float, str]]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        yield from (ask(connection, address) for address in addresses())


def addresses() -> Iterator[str]:
    """Yield pages that every version has: each sort cold, many of those that people read."""
    made = sorted(Register(PAGES, 1).orgs)
    for number in range(40):
        slug = made[number * len(made) // 40]
        yield from (f"/organisations/{slug}", f"/?organisation={slug}", f"/search?q={quote(slug.split('-')[0])}")
    yield from ("/", "/organisations", "/datasets", "/legal-bases", "/expiring", "/red-flags", "/status", "/feeds")


def main() -> str:
    """Return the table as markdown, or why there is none."""
    commit = os.environ.get("BEFORE", VERSION_ONE)
    try:
        programs = earlier(commit), Program(ROOT, Path(sys.executable))
    except (subprocess.CalledProcessError, OSError) as error:
        return f"The commit {commit} could not be installed here: {error}"
    with tempfile.TemporaryDirectory() as directory:
        place, pages = Path(directory), Path(directory) / "pages"
        pages.mkdir()
        kept = Turns(programs, place / "history")
        rows = [*history(kept, pages), *nights(Turns(programs, place / "nights"))]
        files = [(folder / "registerwatch.db").stat().st_size / 1e6 for folder in kept.folders]
        walked = browse(kept)
    return "\n".join(_table(commit, rows, walked, files))


def _table(
    commit: str, rows: Sequence[tuple[str, list[Cost]]], walked: Sequence[Walked], files: Sequence[float]
) -> Iterator[str]:
    yield f"The commit {commit} and this one, turn by turn, each with its own pins; CPU seconds, medians."
    yield ""
    yield "| work | before | now | ratio | MB before | MB now |"
    yield "|---|---:|---:|---:|---:|---:|"
    for work, (old, new) in rows:
        ratio = new.cpu_s / old.cpu_s
        yield f"| {work} | {old.cpu_s:.2f} | {new.cpu_s:.2f} | {ratio:.2f} | {old.peak_mb:.0f} | {new.peak_mb:.0f} |"
    old, new = walked
    for name, was, is_now in (
        ("CPU ms a page", old.cpu_ms, new.cpu_ms),
        ("median ms", statistics.median(old.ms), statistics.median(new.ms)),
        ("95th percentile ms", p95(old.ms), p95(new.ms)),
    ):
        memory = f"{old.peak_mb:.0f} | {new.peak_mb:.0f}"
        yield f"| browse, {name} | {was:.1f} | {is_now:.1f} | {is_now / was:.2f} | {memory} |"
    was_mb, now_mb = files
    yield f"| the history's file, MB | {was_mb:.1f} | {now_mb:.1f} | {now_mb / was_mb:.2f} | | |"


if __name__ == "__main__":
    print(main())
