"""How long it takes to import 24 monthly editions of 500 pages, beside reading their distinct bodies once.

Beside it git-history 0.8, which is given the same editions as ready-made JSON, one commit a month: it need not read
pages, and it keeps items, but decides nothing. benchmarks/others.py installs it; where that is not possible its row
says so. CPU seconds, of all processes that a part begins: others use the machine too.
"""

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.history import cpu_s, import_edition, peak_mb
from benchmarks.others import NotToBeHadError, programs, version_of
from benchmarks.register_site import Register, records, render_org

EDITIONS, ORGANISATIONS = 24, 500
RUNS = 3


def write_editions(folder: Path) -> None:
    """Write the editions as folders of pages, and as JSON beside them."""
    register = Register(ORGANISATIONS, 1)
    for number in range(1, EDITIONS + 1):
        register.to(number)
        edition = folder / f"{number:02d}"
        edition.mkdir()
        for slug, organisation in register.orgs.items():
            (edition / f"{slug}.html").write_text(render_org(organisation, register), encoding="utf-8", newline="")
        (folder / f"{number:02d}.json").write_text(json.dumps(records(register), indent=1), encoding="utf-8")


def time_of(number: int) -> str:
    """Return when an edition is taken to have been fetched."""
    return f"{2024 + (number - 1) // 12}-{(number - 1) % 12 + 1:02d}-01T03:00:00Z"


def distinct_bodies(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Return the distinct bodies of all editions."""
    found = {}
    for file in sorted(folder.glob("*/*.html")):
        body = file.read_bytes()
        found.setdefault(hashlib.sha256(body).hexdigest(), (file.stem, body))
    return found


def _read_all(folder: Path) -> tuple[float, int]:
    from scraper.reading.page import read_page

    bodies = distinct_bodies(folder)
    started = cpu_s()
    for slug, body in bodies.values():
        read_page(body, source=slug)
    return cpu_s() - started, len(bodies)


def _import_all(folder: Path) -> float:
    from snapshots.keeping.store import open_store

    started = cpu_s()
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(Path(directory) / "registerwatch.db")
        for number in range(1, EDITIONS + 1):
            import_edition(store, folder / f"{number:02d}", time_of(number))
        store.close()
    return cpu_s() - started


def _quiet_edition(folder: Path) -> tuple[float, float]:
    """Return CPU seconds of importing an edition in which nothing changed, and of reading and hashing its files."""
    from snapshots.keeping.store import open_store

    with tempfile.TemporaryDirectory() as directory:
        store = open_store(Path(directory) / "registerwatch.db")
        seconds = []
        for at in ("2024-01-01T03:00:00Z", "2024-01-02T03:00:00Z"):
            started = cpu_s()
            import_edition(store, folder / "01", at)
            seconds.append(cpu_s() - started)
        store.close()
    started = cpu_s()
    for file in sorted((folder / "01").glob("*.html")):
        hashlib.sha256(file.read_bytes()).hexdigest()
    return seconds[1], cpu_s() - started


def _git_history(folder: Path) -> float:
    """Return the CPU seconds that git-history takes for the same editions."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        repository = place / "repository"
        git = ["git", "-C", str(repository), "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
        subprocess.run(["git", "init", "--quiet", "--initial-branch=editions", str(repository)], **quiet)  # type: ignore[call-overload]
        for number in range(1, EDITIONS + 1):
            (repository / "register.json").write_bytes((folder / f"{number:02d}.json").read_bytes())
            at = {"GIT_AUTHOR_DATE": time_of(number), "GIT_COMMITTER_DATE": time_of(number)}
            subprocess.run([*git, "add", "register.json"], **quiet)  # type: ignore[call-overload]
            subprocess.run([*git, "commit", "--quiet", "-m", str(number)], env={**os.environ, **at}, **quiet)  # type: ignore[call-overload]
        started = cpu_s()
        command = [programs() / "git-history", "file", "history.db", "register.json", "--id", "id"]
        command += ["--branch", "editions", "--silent"]
        subprocess.run(command, cwd=repository, **quiet)  # type: ignore[call-overload]
        return cpu_s() - started


def _in_own_process(part: str, folder: Path) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.importing", part, str(folder)]
    return [float(n) for n in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()]


def _rows(folder: Path) -> Iterator[str]:
    reads = [_in_own_process("read", folder) for _ in range(RUNS)]
    imports = [_in_own_process("import", folder) for _ in range(RUNS)]
    read_s, import_s = (statistics.median(run[0] for run in runs) for runs in (reads, imports))
    memory = max(run[-1] for run in imports)
    yield f"| reading the {int(reads[0][1]):,} distinct bodies once | {read_s:.1f} | 1.00 | {reads[0][-1]:.0f} |"
    yield f"| importing all {EDITIONS} editions | {import_s:.1f} | {import_s / read_s:.2f} | {memory:.0f} |"
    try:
        theirs = _git_history(folder)
        yield f"| {version_of('git-history')} on ready-made JSON | {theirs:.1f} | {theirs / read_s:.2f} | |"
        yield f"| ours of git-history's (at most 0.5) | | {import_s / theirs:.2f} | |"
    except NotToBeHadError as error:
        yield f"| {version_of('git-history')} {error} | | | |"
    quiet, hashing, _ = _in_own_process("quiet", folder)
    yield f"| an edition in which nothing changed | {quiet:.2f} | {quiet / read_s:.2f} | |"
    yield f"| reading and hashing its files | {hashing:.2f} | {hashing / read_s:.2f} | |"


def main() -> str:
    """Return the table as markdown."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        write_editions(folder)
        head = ["| | CPU seconds | of reading | peak MB |", "|---|---:|---:|---:|"]
        return "\n".join([*head, *_rows(folder)])


if __name__ == "__main__":
    if len(sys.argv) == 3:
        parts = {
            "read": _read_all,
            "import": lambda folder: (_import_all(folder),),
            "quiet": _quiet_edition,
        }
        figures = parts[sys.argv[1]](Path(sys.argv[2]))
        print(*figures, peak_mb())
    else:
        print(main())
