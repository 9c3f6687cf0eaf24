"""How long `reparse` takes over five years of the register at its real size: the whole command, on all cores.

Derived again twice: every body read again, as after a change of the reading rules; and from what was read, as after a
change of what is believed or told. Beside it the same bodies only read, on one core and nothing kept: what no way of
rebuilding can do without.
"""

import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from benchmarks.history import ROOT, five_years
from benchmarks.nights import Cost, measured

AT_MOST_S = 180
COMMAND = [sys.executable, "-c", "from cron.cli import main; main()", "--db"]

READ = """
import sqlite3, sys
from pathlib import Path
from scraper.reading.page import read_page
from snapshots.keeping.store import open_store

store = open_store(Path(sys.argv[1]))
for row in store.db.query("select sha256 from bodies"):
    read_page(store.bodies.read(row["sha256"]), source="body")
"""


def forget_rules(file: Path) -> None:
    """Let every body be one that today's rules have not read."""
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("update readings set rules = 'older'")


def measure(file: Path) -> dict[str, Cost]:
    """Return what was done, and what it cost."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "registerwatch.db"
        shutil.copyfile(file, copy)
        forget_rules(copy)
        return {
            "`reparse`, every body read again": measured([*COMMAND, str(copy), "reparse"], Path(directory)),
            "`reparse`, from what was read": measured([*COMMAND, str(copy), "reparse"], Path(directory)),
            "reading the bodies, one core, nothing kept": measured([sys.executable, "-c", READ, str(copy)], ROOT),
        }


def counts(file: Path) -> str:
    """Return how large the history is, in words."""
    with closing(sqlite3.connect(file)) as db:
        runs, pages, agreements, bodies, states, changes = (
            db.execute(question).fetchone()[0]
            for question in (
                "select count(*) from runs",
                "select count(distinct page) from captures",
                "select count(distinct reference) from agreements",
                "select count(*) from bodies",
                "select count(*) from states",
                "select count(*) from changes",
            )
        )
    return (
        f"{runs} editions, {pages:,} organisations, {agreements:,} agreements, {bodies:,} distinct bodies, "
        f"{states:,} agreement states, {changes:,} changes; {file.stat().st_size / 1e6:.0f} MB"
    )


def main() -> str:
    """Return the table as markdown."""
    file = five_years()
    costs = measure(file)
    again, _, reading = costs.values()
    rows = [f"| {what} | {c.cpu_s:.1f} | {c.wall_s:.1f} | {c.peak_mb:.0f} |" for what, c in costs.items()]
    return "\n".join(
        [
            f"Five years: {counts(file)}.",
            "",
            "| | CPU seconds | seconds | peak MB of one process |",
            "|---|---:|---:|---:|",
            *rows,
            "",
            f"Everything again: {again.wall_s:.0f} s (at most {AT_MOST_S}), {again.cpu_s / reading.cpu_s:.2f} times "
            "the CPU seconds of reading alone.",
        ]
    )


if __name__ == "__main__":
    print(main())
