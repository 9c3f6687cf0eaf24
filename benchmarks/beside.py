"""The pages beside the official register: the page of all differences and the command, at three times the real size.

The official register is made of three months of made-up pages: of each agreement the term that was printed and one or
two later ones, and in some of them another title, dataset or controller; some agreements are on one side only.
"""

import http.client
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.browsing import ask, ours, serving
from benchmarks.history import COSMETIC, NEW, ORGANISATIONS, RELABELLED, SUBSTANTIVE, build, peak_mb
from benchmarks.official import take
from benchmarks.register_site import Register

MONTHS = ("2021-01", "2021-02", "2021-03")
PAGE_S, COMMAND_S = 0.5, 2

_STANDING = """
    select v.reference, pages.organisation, states.*
    from agreement_versions as v join pages on pages.key = v.page join states on states.id = v.state
    where v.first_seen <= :at and coalesce(v.ended, '9999') > :at and coalesce(v.last_seen, '9999') > :at
    order by v.reference, v.page
    """
_SHARE = 0.04
"""In which part of the agreements each of their facts is another one on the official register."""


def agreements_at(database: Path, month: str) -> list[dict[str, Any]]:
    """Return what the pages printed of each agreement in a month."""
    with closing(sqlite3.connect(database)) as db:
        db.row_factory = sqlite3.Row
        rows = db.execute(_STANDING, {"at": f"{month}-02T00:00:00Z"})
        return list({row["reference"]: dict(row) for row in rows}.values())


def sheets_of(printed: list[dict[str, Any]]) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield each sheet of a workbook that says what the pages do, but for some facts."""
    agreements, datasets, files = [], [], []
    for row in printed:
        rng = random.Random(row["reference"])
        if rng.random() < _SHARE:
            continue
        for version in range(rng.choice((1, 2, 3, 3))):
            reference = f"{row['reference']}-v{version}.0"
            agreements.append([reference, *_own_row(row, version, rng)])
            datasets += [[reference, *cells] for cells in _dataset_rows(row) if rng.random() > _SHARE / 4]
        month = row["released_to"] or "2021-01"
        files += [["", reference, "", "", "", answer, "", "", month] for answer in _list(row, "opt_outs")]
    yield "Agreements", agreements
    yield "Datasets", datasets
    yield "DataReleases", files


def _dataset_rows(row: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield rows of datasets that say together what the page does."""
    fields = ("datasets", "type_of_data", "sensitivity", "access_methods", "confidentiality")
    columns = [_list(row, field) or [""] for field in fields]
    bases = "; ".join(basis["printed"] for basis in _list(row, "legal_bases"))
    for number in range(max(map(len, columns))):
        yield [
            *(values[number % len(values)] for values in columns[:-1]),
            bases,
            columns[-1][number % len(columns[-1])],
        ]


def _own_row(row: Mapping[str, Any], version: int, rng: random.Random) -> list[str]:
    controllers = _list(row, "controllers") + (["UNIVERSITY OF SOMEWHERE ELSE"] if rng.random() < _SHARE else [])
    title = f"{row['title']}{' again' if rng.random() < _SHARE else ''}"
    term = [f"{int(date[:4]) + 3 * version}{date[4:]}" if date else "" for date in (row["dsa_start"], row["dsa_end"])]
    term = [f"{date}-01" if len(date) == 7 else date for date in term]
    answers = [" ".join(_list(row, field)) for field in ("sublicensing", "commercial")]
    types = _list(row, "organisation_types") or [""]
    return [
        title,
        row["organisation"],
        types[version % len(types)],
        "; ".join(controllers),
        "",
        *term,
        *answers,
        *[""] * 5,
    ]


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    return json.loads(row[name]) if row[name] else []


def write(path: Path, printed: list[dict[str, Any]]) -> Path:
    """Write the workbook."""
    import xlsxwriter

    from scraper.official.shapes import W2

    book = xlsxwriter.Workbook(str(path), {"strings_to_urls": False, "strings_to_formulas": False})
    for sheet, (name, rows) in zip(W2.sheets, sheets_of(printed), strict=True):
        written = book.add_worksheet(name)
        for number, row in enumerate([[column.heading for column in sheet.columns], *rows]):
            written.write_row(number, 0, row)
    book.close()
    return path


def with_editions(folder: Path) -> Path:
    """Return a database that holds the pages and the official register of some months."""
    database = folder / "both.db"
    build(database, Register(ORGANISATIONS, 1, SUBSTANTIVE, COSMETIC, NEW, RELABELLED), len(MONTHS))
    for month in MONTHS:
        take(database, write(folder / f"{month}.xlsx", agreements_at(database, month)), month)
    return database


def command_s(database: Path, *options: str) -> tuple[float, str]:
    """Return the CPU seconds that `differences` takes, and what it says."""
    code = (
        "import sys, time; from cron.cli import cli\n"
        "try: cli.main(sys.argv[1:], prog_name='registerwatch')\n"
        "finally: print(time.process_time(), file=sys.stderr)"
    )
    arguments = ["--db", str(database), "differences", "--format", "json", *options]
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return float(run.stderr.split()[-1]), run.stdout


def pages_s(database: Path, folder: Path, addresses: tuple[str, ...]) -> tuple[list[float], float]:
    """Return how many CPU seconds a server takes for each address, one after the other, and its peak memory."""
    with serving(ours(database), folder) as started:
        seconds = []
        for address in addresses:
            status = 503
            # On a busy machine a page may be out of time, and asks to be asked again.
            while status == 503:
                before = _cpu_s(started.process)
                with closing(http.client.HTTPConnection("127.0.0.1", started.port, timeout=120)) as connection:
                    status = ask(connection, address)[0]
            if status != 200:
                raise RuntimeError(f"{status} {address}")
            seconds.append(_cpu_s(started.process) - before)
        return seconds, peak_mb(started.process.pid)


def _cpu_s(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> str:
    """Measure; return the table."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        database = with_editions(folder)
        seconds, said = command_s(database)
        found = json.loads(said)
        one, _ = command_s(database, "--reference", found[0]["reference"])
        (first, of_field), memory = pages_s(database, folder, ("/differences", "/differences?field=dsa_end"))
        held = agreements_at(database, MONTHS[-1])
    agreements = len({one["reference"] for one in found})
    return f"""
{len(held):,} agreements on pages, {len(MONTHS)} months of them, beside {len(MONTHS)} editions of the official register;
{len(found):,} differences on {agreements:,} agreements. CPU seconds.

| | measured | aim |
|---|---:|---:|
| `/differences`, the first that is asked for | {first:.2f} | {PAGE_S} |
| another of them, while nothing is written | {of_field:.2f} | {PAGE_S} |
| `differences`, all | {seconds:.1f} | {COMMAND_S} |
| `differences --reference`, one agreement | {one:.1f} | |
| memory of `browse`, MB | {memory:.0f} | |
"""
