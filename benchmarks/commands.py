"""What a question costs from the call to its answer: CPU seconds of a command over the sample register.

Each call is a process of its own. Calls take turns, so that a busy machine is busy for all of them. Beside them stands
what Python takes to begin, alone and with click, by which every command is called.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from cron.demo.site import SAMPLE

TIMES = 9
EDITIONS = ("2026-10", "2026-11")
REFERENCE = "DARS-NIC-904417-T2H6P"

FLOORS = {"python": ("-c", "pass"), "python, import click": ("-c", "import click")}
AIMS = {
    ("--version",): 0.10,
    ("show", REFERENCE): 0.20,
    ("changes",): 0.20,
    ("status",): 0.20,
    ("datasets",): 0.20,
    ("run", "--help"): 0.30,
}


def main() -> str:
    """Return a table of CPU seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for edition in EDITIONS:
            cpu_of(folder, *called("import", str(SAMPLE / edition), "--fetched-at", f"{edition}-01", "--complete"))
        calls = {label: (words, None) for label, words in FLOORS.items()}
        calls |= {f"`{' '.join(words)}`": (called(*words), aim) for words, aim in AIMS.items()}
        taken: dict[str, list[float]] = {label: [] for label in calls}
        for _ in range(TIMES):
            for label, (words, _aim) in calls.items():
                taken[label].append(cpu_of(folder, *words))
    python = min(taken["python"])
    lines = ["| call | median, CPU s | least | of Python alone | aim, s |", "|---|---:|---:|---:|---:|"]
    for label, (_words, aim) in calls.items():
        times = taken[label]
        least, middle = min(times), statistics.median(times)
        lines.append(f"| {label} | {middle:.2f} | {least:.2f} | {least / python:.1f} | {'' if aim is None else aim} |")
    return "\n".join([*lines, "", f"{TIMES} rounds."])


def called(*words: str) -> tuple[str, ...]:
    """Return what follows Python in a call of the program."""
    return ("-m", "registerwatch", *words)


def cpu_of(folder: Path, *words: str) -> float:
    """Return the CPU seconds, user and system, of a call of Python in *folder*."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    print(main())
