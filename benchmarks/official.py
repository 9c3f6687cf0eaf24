"""The official register at the size of today's: an edition read and decided, and the next one.

The workbook is made up, in the shape and the sizes of the real one: 1,950 agreements with 5,600 versions, 30,000 rows
of datasets, 104,000 files, and prose as long as the older workbook's (some 20 KB a version), in which a version differs
from the one before it in a few sentences. Files are written by XlsxWriter; each edition is taken by the command, in a
process of its own.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

AGREEMENTS, VERSIONS, ROWS, FILES = 1_950, 5_600, 30_000, 104_000
MONTHS = 63
NEW, RELEASED = 50, 850
FURTHER = 2
SECTIONS = 5
SENTENCES = 24
WORDS = (
    "the data will be used to measure outcomes of treatment for patients with long term conditions across england and "
    "to compare services between areas so that commissioners can plan care in hospital and in the community while "
    "identifiers are removed before analysis and results are published in aggregate with small numbers suppressed "
    "linkage cohort follow up mortality admissions research team university trust controller processor retention"
).split()
DATASETS = [f"Hospital Episode Statistics {name}" for name in "Admitted Outpatients Critical Emergency".split()] + [
    f"National Audit of Condition {number}" for number in range(60)
]
BASES = (
    "Health and Social Care Act 2012 – s261(2)(a)", "Health and Social Care Act 2012 – s261(2)(c)",
    "National Health Service Act 2006 - s251 - 'Control of patient information'.",
)  # fmt: skip


class Made:
    """A made-up register that goes on from month to month."""

    def __init__(self, seed: int = 1, versions: int = VERSIONS, files: int = FILES) -> None:
        self.rng = Random(seed)
        self.stems = [f"DARS-NIC-{100_000 + n}-{'ABCDEFGH'[n % 8]}{n % 10}C{n % 7}D" for n in range(AGREEMENTS)]
        self.applicants = [f"UNIVERSITY OF PLACE {n % 400}" for n in range(AGREEMENTS)]
        self.versions: dict[str, list[list[str]]] = {}
        self.counts = [0] * AGREEMENTS
        self.rows: list[list[str]] = []
        self.files: list[list[str]] = []
        count = versions // AGREEMENTS + 1
        for number, stem in enumerate(self.stems):
            prose = [self._section() for _ in range(SECTIONS)]
            for version in range(count if number % AGREEMENTS < versions - AGREEMENTS * (count - 1) else count - 1):
                prose = [self._amended(section) for section in prose]
                self._add(stem, number, version, prose)
        self._release(files, year_first=2016)

    def _section(self) -> list[str]:
        return [self._sentence() for _ in range(SENTENCES)]

    def _sentence(self) -> str:
        words = self.rng.choices(WORDS, k=self.rng.randint(18, 34))
        return " ".join(words).capitalize() + f" ({self.rng.randint(1, 9_999)})."

    def _amended(self, section: list[str]) -> list[str]:
        section = list(section)
        section[self.rng.randrange(len(section))] = self._sentence()
        return section

    def _add(self, stem: str, number: int, version: int, prose: list[list[str]]) -> None:
        reference = f"{stem}-v{version}.{self.rng.randint(0, 9)}"
        self.counts[number] += 1
        start = 2014 + 3 * version
        self.versions[reference] = [
            [
                reference, f"Study {number} of outcomes", self.applicants[number], "Academic", self.applicants[number],
                "Sole Data Controller", f"{start}-03-01", f"{start + 3}-02-28", "No", "No",
            ],
            ["\n".join(section) for section in prose],
        ]  # fmt: skip
        for dataset in self.rng.sample(DATASETS, ROWS // VERSIONS + (self.rng.random() < ROWS % VERSIONS / VERSIONS)):
            self.rows.append(
                [reference, dataset, "Anonymised - ICO Code Compliant", "Sensitive", "Ongoing",
                 self.rng.choice(BASES), "Does not include the flow of confidential data"]
            )  # fmt: skip

    def _release(self, count: int, year_first: int) -> None:
        months = [f"{year}-{month:02}-01" for year in range(year_first, 2027) for month in range(1, 13)]
        months = [month for month in months if month < "2026-07"]
        for number in range(count):
            row = self.rng.choice(self.rows)
            self.files.append([f"FILE{number:07}", *row[:4], "No", row[5], row[4], self.rng.choice(months)])

    def go_on(self, month: str) -> None:
        """Let a month pass: fifty new versions, ten amended ones, some 850 files of two hundred versions."""
        for number in self.rng.sample(range(AGREEMENTS), NEW):
            last = next(one for one in reversed(self.versions) if one.startswith(self.stems[number]))
            prose = [self._amended(section.split("\n")) for section in self.versions[last][1]]
            self._add(self.stems[number], number, self.counts[number], prose)
        for reference in self.rng.sample(sorted(self.versions), 10):
            self.versions[reference][0][1] += " extended"
        going_on = self.rng.sample(self.rows, 200)
        for number in range(RELEASED):
            row = self.rng.choice(going_on)
            self.files.append([f"NEW{month}{number:05}", *row[:4], "No", row[5], row[4], f"{month}-01"])

    def write(self, path: Path) -> Path:
        """Write the workbook."""
        import xlsxwriter

        book = xlsxwriter.Workbook(str(path), {"strings_to_urls": False, "in_memory": True})
        for sheet in ("Agreements", "Datasets", "DataReleases"):
            written = book.add_worksheet(sheet)
            for number, row in enumerate(self.rows_of(sheet)):
                for place, text in enumerate(row):
                    written.write_string(number, place, text)
        book.close()
        return path

    def rows_of(self, name: str) -> Iterator[list[str]]:
        """Yield the rows of a sheet, its headings first."""
        from scraper.official.shapes import W2

        sheet = next(one for one in W2.sheets if one.name == name)
        yield [column.heading for column in sheet.columns]
        yield from {"Agreements": self._agreements(), "Datasets": self.rows, "DataReleases": self.files}[name]

    def _agreements(self) -> Iterator[list[str]]:
        for head, prose in self.versions.values():
            yield [*head, *prose]


def take(database: Path, path: Path, month: str) -> tuple[float, float]:
    """Take a workbook by the command; return CPU seconds and megabytes."""
    code = (
        "import sys, time; from cron.cli import cli\n"
        "try: cli.main(sys.argv[1:], prog_name='registerwatch')\n"
        "finally:\n"
        "  high = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "  print(time.process_time(), high.split()[1], file=sys.stderr)"
    )
    arguments = ["--db", str(database), "import-official", str(path), "--edition", month]
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=Path.cwd())
    if run.returncode not in (0, 3) or "held" in run.stdout:
        raise RuntimeError(run.stdout + run.stderr)
    # Of its own process: what a process of another size began is none of its memory.
    seconds, kilobytes = run.stderr.split()[-2:]
    return float(seconds), int(kilobytes) / 1_024


def main() -> str:
    """Measure; return the table."""
    register, took, sizes = Made(), [], []
    with tempfile.TemporaryDirectory() as folder:
        database, size = Path(folder) / "registerwatch.db", 0
        for number in range(1 + FURTHER):
            month = f"2026-{4 + number:02}"
            if number:
                register.go_on(month)
            path = register.write(Path(folder) / f"{month}.xlsx")
            size = path.stat().st_size if not number else size
            took.append(take(database, path, month))
            sizes.append(database.stat().st_size)
    first, further = took[0], took[1:]
    growth = (sizes[-1] - sizes[0]) / FURTHER
    slowest = max(seconds for seconds, _ in further)
    return f"""
An edition of {VERSIONS:,} versions of {AGREEMENTS:,} agreements, {ROWS:,} rows of datasets
and {FILES:,} files, {size / 1e6:.0f} MB as a workbook; in each further one fifty versions came, ten were amended and
850 files went out.

| | measured | aim |
|---|---:|---:|
| an edition read and decided, CPU seconds | {first[0]:.1f} | 12 |
| its memory, MB | {first[1]:.0f} | 500 |
| the next, CPU seconds | {slowest:.1f} | 6 |
| its memory, MB | {max(mb for _, mb in further):.0f} | 500 |
| the first in the database, MB | {sizes[0] / 1e6:.1f} | |
| each further one, MB | {growth / 1e6:.2f} | |
"""
