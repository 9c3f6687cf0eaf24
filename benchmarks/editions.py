"""Five years of the official register in the database, an edition a month: measured, where `official` extrapolates.

The made-up register grows from month to month to what it is in `official`. Its rows are handed to the program as those
of a workbook would be: to write 63 workbooks takes an hour, and nothing of what is kept depends on it.
"""

import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from benchmarks.official import FILES, MONTHS, NEW, RELEASED, VERSIONS, Made

AIM_MB = 60


@dataclass(frozen=True, slots=True)
class MadeWorkbook:
    """A made-up edition as an open workbook."""

    register: Made
    month: str

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.month}.xlsx"

    @property
    def sha256(self) -> str:
        """Checksum of its file."""
        return sha256(self.name.encode()).hexdigest()

    size = 17_000_000
    sheets = ("Agreements", "Datasets", "DataReleases")

    def rows(self, sheet: str) -> Iterator[list[str]]:
        """Yield the rows of a sheet, its headings first."""
        yield from self.register.rows_of(sheet)


def main() -> str:
    """Measure; return the table."""
    from scraper.names.vocabulary import default_vocabulary
    from scraper.official.workbook import SortedWorkbook
    from snapshots.keeping.store import Rules, open_store
    from snapshots.official.editions import OfficialEditions

    months = MONTHS - 1
    register = Made(versions=VERSIONS - months * NEW, files=FILES - months * RELEASED)
    sizes, seconds = [], []
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "registerwatch.db"
        store = open_store(database)
        editions = OfficialEditions(store, Rules(default_vocabulary()))
        for number in range(MONTHS):
            month = f"{2021 + (number + 6) // 12}-{(number + 6) % 12 + 1:02}"
            if number:
                register.go_on(month)
            began = time.process_time()
            editions.take(SortedWorkbook(MadeWorkbook(register, month)), month, at="2026-11-01T00:00:00Z")
            seconds.append(time.process_time() - began)
            store.db.execute("pragma wal_checkpoint(truncate)")
            sizes.append(database.stat().st_size / 1e6)
        store.close()
    years = [f"| after {count}, MB in the database | {sizes[count - 1]:.1f} | |" for count in (1, 2, 12, 36)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return "\n".join(
        [
            f"{MONTHS} editions of what `official` makes up, which has {len(register.versions):,} versions at the end.",
            "The rows are at hand: no workbook is opened. CPU seconds; the memory is that of the made-up register too.",
            "",
            "| | measured | aim |",
            "|---|---:|---:|",
            *years,
            f"| **{MONTHS} editions, MB** | {sizes[-1]:.1f} | {AIM_MB} |",
            f"| the last edition, CPU seconds | {seconds[-1]:.1f} | |",
            f"| memory, MB | {peak:.0f} | |",
        ]
    )
