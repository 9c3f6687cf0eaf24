"""Editions of a made-up register, in folders; the command run on them; and the database laid open to be compared."""

import gzip
import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from contextlib import chdir, closing
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from click.testing import CliRunner, Result

from cron.cli import cli


@dataclass(frozen=True, kw_only=True)
class Project:
    """One agreement, as its page prints it. A field that is None has no line."""

    reference: str = "DARS-NIC-204517-H6M2P"
    title: str = "Winter admissions of older people in coastal towns"
    opt_outs: str | None = "No - data flow is not identifiable (Does not include the flow of confidential data)"
    legal_basis: str | None = "Health and Social Care Act 2012 – s261(2)(a)"
    purposes: str | None = "No (Academic)"
    sensitive: str | None = "Non-Sensitive"
    start: str = "2022-03-13"
    end: str = "2026-03-12"
    released: str = "2022.05 — 2024.11."
    access: str | None = "Ongoing"
    controllers: str | None = "UNIVERSITY OF HARROWDALE"
    sublicensing: str | None = "No"
    datasets: tuple[str, ...] | None = (
        "Hospital Episode Statistics Admitted Patient Care",
        "Civil Registrations of Death",
    )
    objectives: str | None = "To learn why admissions rise after the first cold week."
    outputs: str | None = "A paper a year, and a table for each town."

    def blocks(self) -> Iterable[str]:
        """Yield the lines of the agreement; a list item begins with "- "."""
        yield f"{self.title} — {self.reference}"
        lines = {
            "Type of data": "information not disclosed for TRE projects",
            "Opt outs honoured": self.opt_outs,
            "Legal basis": self.legal_basis,
            "Purposes": self.purposes,
            "Sensitive": self.sensitive,
            "When": f"DSA runs {self.start} — {self.end} {self.released}",
            "Access method": self.access,
            "Data-controller type": self.controllers,
            "Sublicensing allowed": self.sublicensing,
        }
        yield from (f"{label}: {value}" for label, value in lines.items() if value is not None)
        if self.datasets is not None:
            yield "Datasets:"
            yield from (f"- {name}" for name in self.datasets)
        for label, text in (("Objectives", self.objectives), ("Outputs", self.outputs)):
            if text is not None:
                yield f"{label}:"
                yield from text.splitlines()


@dataclass(frozen=True)
class Page:
    """One organisation's page."""

    organisation: str
    projects: tuple[Project, ...]
    files: int = 12
    flag: str = ""

    def text(self) -> bytes:
        """Return the page as text, in the compact form."""
        return "".join(f"{line}\n" for line in self._lines()).encode()

    def html(self) -> bytes:
        """Return the page as plain HTML."""
        blocks = "\n".join(
            f"<li>{escape(line[2:])}</li>" if line.startswith("- ") else f"<p>{escape(line)}</p>"
            for line in self._lines()
        )
        return f"<!DOCTYPE html>\n<html><body>\n{blocks}\n</body></html>\n".encode()

    def _lines(self) -> Iterable[str]:
        yield "NHS Digital Data Release Register - reformatted"
        yield f"{self.organisation} projects"
        yield (
            f"{self.files} data files in total were disseminated unsafely "
            '(information about files used safely is missing for TRE/"system access" projects).'
        )
        if self.flag:
            yield f"🚩 {self.flag}"
        for project in self.projects:
            yield from project.blocks()


ADMISSIONS = Project()
FALLS = Project(
    reference="DARS-NIC-377120-B8T4W",
    title="Falls and fractures in three counties",
    datasets=("Hospital Episode Statistics Outpatients", "Emergency Care Data Set (ECDS)"),
    controllers="WEXCOMBE CITY COUNCIL",
)
TIDES = Project(
    reference="DARS-NIC-418833-K1D7R",
    title="Drowning and near drowning along tidal rivers",
    datasets=("Emergency Care Data Set (ECDS)",),
    controllers="NHS EASTMERE ICB - 09X",
)
HARROWDALE = Page("University of Harrowdale", (ADMISSIONS,))
WEXCOMBE = Page("Wexcombe City Council", (FALLS,))
EASTMERE = Page("NHS Eastmere ICB", (TIDES,))
REGISTER = {"university_of_harrowdale": HARROWDALE, "wexcombe_city_council": WEXCOMBE, "nhs_eastmere_icb": EASTMERE}
"""Slug → page of a register of three."""


def with_project(page: Page, **fields: Any) -> Page:
    """Return *page* with other fields on its first agreement."""
    first, *others = page.projects
    return replace(page, projects=(replace(first, **fields), *others))


def many(count: int, *, first: int = 0, **fields: Any) -> tuple[Project, ...]:
    """Return *count* agreements that differ in reference and title."""
    return tuple(
        Project(reference=f"DARS-NIC-{500_000 + n}-Q2W3E", title=f"Study {n} of the coast", **fields)
        for n in range(first, first + count)
    )


def write_edition(folder: Path, pages: Mapping[str, Page | bytes]) -> Path:
    """Write *pages* into *folder*: bytes under the name given, a page as text under its slug."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in pages.items():
        file = folder / (name if isinstance(page, bytes) else f"{name}.txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(page if isinstance(page, bytes) else page.text())
    return folder


def web_archive(path: Path, records: list[tuple[str, str, bytes]]) -> Path:
    """Write (address, time, body) as responses of a web archive."""
    return answer_archive(path, [(address, time, http_answer(body)) for address, time, body in records])


def http_answer(body: bytes, **headers: str) -> bytes:
    """Return an answer of a web server, as it came over the wire."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{lines}\r\n".encode() + body


def answer_archive(path: Path, records: list[tuple[str, str, bytes]], **more: str) -> Path:
    """Write (address, time, whole answer) as responses of a web archive; *more* are further lines of each record."""
    whole = b""
    for number, (address, time, answer) in enumerate(records):
        is_http = address.startswith("http")
        head = {
            "WARC-Type": "response",
            "WARC-Record-ID": f"<urn:uuid:00000000-0000-4000-8000-{number:012d}>",
            "WARC-Target-URI": address,
            "WARC-Date": time,
            "Content-Type": "application/http; msgtype=response" if is_http else "text/dns",
            "Content-Length": str(len(answer)),
        } | {name.replace("_", "-"): value for name, value in more.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        record = f"WARC/1.1\r\n{lines}\r\n".encode() + answer + b"\r\n\r\n"
        whole += gzip.compress(record) if path.name.endswith(".gz") else record
    path.write_bytes(whole)
    return path


def run(folder: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> CompletedProcess[str]:
    """Run one command in *folder*, in this process, which is many times sooner there than in one of its own."""
    others = {name: None for name in os.environ if name.startswith("REGISTERWATCH_")}
    with chdir(folder):
        result = CliRunner().invoke(cli, list(map(str, arguments)), env={**others, **(environment or {})})
    return CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


class Watch:
    """A database in a folder, and the command used on it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.database = folder / "registerwatch.db"
        self.options = options

    def run(self, *arguments: str | Path) -> Result:
        """Run one command."""
        return CliRunner().invoke(cli, ["--db", str(self.database), *self.options, *map(str, arguments)])

    def take(self, pages: Mapping[str, Page | bytes] | Path, at: str, *, complete: bool = True) -> Result:
        """Import *pages* as the edition of *at*."""
        if not isinstance(pages, Path):
            number = len(list(self.folder.glob("edition-*")))
            pages = write_edition(self.folder / f"edition-{number:03d}", pages)
        return self.run("import", pages, "--fetched-at", at, *["--complete"] * complete)

    def changes(self, *options: str) -> list[dict[str, Any]]:
        """Return what `changes` tells."""
        return self.json("changes", "--format", "json", *options)

    def told(self, *options: str) -> list[tuple[str, str | None]]:
        """Return kind and reference of each change told."""
        return [(change["kind"], change["reference"]) for change in self.changes(*options)]

    def json(self, *arguments: str) -> Any:
        """Return the JSON that a command prints."""
        result = self.run(*arguments)
        assert (result.exit_code, result.stderr) == (0, ""), result.output
        return json.loads(result.stdout)

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table."""
        with closing(sqlite3.connect(self.database)) as database:
            names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
            return {name: sorted(database.execute(f'select * from "{name}"'), key=repr) for name in names}

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return {name: len(rows) for name, rows in self.everything().items()}

    def history(self) -> dict[str, list[dict[str, Any]]]:
        """Return what was derived, without numbers of rows and runs and without the clock of this machine."""
        with closing(sqlite3.connect(self.database)) as database:
            database.row_factory = sqlite3.Row
            return _history(database)


def _history(database: sqlite3.Connection) -> dict[str, list[dict[str, Any]]]:
    states = dict(database.execute("select id, hash from states").fetchall())
    slugs = dict(database.execute("select number, slug from pages").fetchall())

    def rows(sql: str) -> list[dict[str, Any]]:
        return sorted((dict(row) for row in database.execute(sql)), key=lambda row: json.dumps(row, sort_keys=True))

    beliefs = rows("select * from beliefs")
    for row in beliefs:
        belief = json.loads(row["belief"])
        for place in belief["places"].values():
            place["believed"] = states[place["believed"]]
        row["belief"] = belief
    runs = [dict(row) for row in database.execute("select * from runs order by captured_at")]
    for row in runs:
        del row["id"], row["finished_at"]
        bits = int.from_bytes(zlib.decompress(row["sighted"]), "little")
        row["sighted"] = sorted(slug for number, slug in slugs.items() if bits >> number & 1)
    tables = {
        table: rows(f"select * from {table}")
        for table in ("agreement_datasets", "agreement_legal_bases", "agreement_controllers")
    }
    return tables | {
        "beliefs": beliefs,
        "runs": runs,
        "pages": rows(
            """
            select slug, register, organisation, layout, files_disseminated, flags, agreements, first_seen, last_seen,
              standing
            from pages
            """
        ),
        "snapshots": rows(
            """
            select page, body, runs.captured_at as run, source, snapshots.captured_at, layout, stale, first_seen,
              second_seen, last_seen
            from snapshots join runs on runs.id = snapshots.run
            """
        ),
        "refusals": rows("select runs.captured_at, page, refusals.reason from refusals join runs on runs.id = run"),
        "versions": rows(
            """
            select v.page, v.reference, states.hash, snapshots.body, v.first_seen, v.last_seen, v.ended
            from agreement_versions v
            join states on states.id = v.state
            join snapshots on snapshots.id = v.snapshot
            """
        ),
        "agreements": rows(
            """
            select a.page, a.reference, v.first_seen, v.last_seen, a.standing, a.arrived, a.told_gone
            from agreements a join agreement_versions v on v.id = a.version
            """
        ),
        "changes": rows(
            """
            select c.id, c.fact, c.kind, c.severity, c.substantive, c.organisation, c.page, c.reference, c.title,
              c.field, c.before, c.after, b.text as before_text, a.text as after_text, c.added, c.removed, c.families,
              c.summary, c.first_seen, runs.captured_at as run, c.snapshot_before, c.snapshot_after, c.is_group,
              c.member_of, c.agreements, c.withdrawn
            from changes c
            join runs on runs.id = c.run
            left join texts b on b.id = c.before_text
            left join texts a on a.id = c.after_text
            """
        ),
    }
