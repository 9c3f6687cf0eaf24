"""Whether everything kept is as it was: the file, the chain of runs, the log against the chain, every body.

A chain cannot prove itself: who rewrites the whole file can write a chain that fits. Only a head that somebody else
kept, from an old digest, tells the two apart.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

from diff.saying.english import plural
from scraper.register import page_key
from scraper.text import cut, one_line
from snapshots.keeping.bodies import Bodies
from snapshots.keeping.chain import Fact, Head, capture_fact, captures_of, hash_of, keys_by_number, run_fact, text_of
from snapshots.keeping.database import DatabaseError
from snapshots.keeping.derived import HEALED, flaw_beside, flaws_of_derived
from snapshots.keeping.readings import Progress
from snapshots.keeping.store import Rules
from snapshots.official.proof import flaws_of_editions
from snapshots.proving.saving import flaws_of_archived
from snapshots.proving.stamps import count_stamps, flaws_of_stamps
from snapshots.proving.tokens import NoLibraryError
from snapshots.sql.rows import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """The first thing that is not as it was."""

    what: str
    manifest: int | None = None
    run: int | None = None
    page: str | None = None

    def __str__(self) -> str:
        places = {"manifest": self.manifest, "run": self.run, "page": self.page}
        named = ", ".join(f"{name} {place}" for name, place in places.items() if place is not None)
        return f"{named}: {self.what}" if named else self.what


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was looked at, up to the first flaw if there is one."""

    flaw: Flaw | None
    head: Head | None
    run: int | None
    """The run of the head."""
    made_at: str | None
    manifests: int
    runs: int
    captures: int
    bodies: int
    bytes: int
    """Of these bodies, uncompressed."""
    loose: int
    """Bodies among them of no run: of one that was stopped."""
    stamps: int
    """Time stamps of heads."""
    stamps_unread: str | None
    """Why these were not looked at, if they were not."""
    known_head: Head | None = None
    """The head that somebody else kept, if one was given; without a flaw, it stands in the chain."""


@dataclass(slots=True)
class _Log:
    """What the chain says that the log holds."""

    runs: dict[int, tuple[int, Fact]] = field(default_factory=dict)
    """Run → the manifest that last wrote it, and what that says."""
    decisions: dict[int, tuple[int, str]] = field(default_factory=dict)
    captures: dict[int, dict[str, tuple[int, Fact]]] = field(default_factory=dict)
    """Run → page → the manifest that wrote it, and what that says."""
    workbooks: dict[int, tuple[int, Fact]] = field(default_factory=dict)
    """Run → the manifest that has an edition of the official register, and what that says of it."""
    notes: dict[int, tuple[int, Fact]] = field(default_factory=dict)
    """Number of a manifest that has an operator's remark → its run, and the remark."""
    bodies: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    """SHA-256 → manifest, run and page that first had it."""


def verify(
    db: Database, progress: Progress, rules: Rules, known_head: Head | None = None, *, beside: Path | None = None
) -> Report:
    """Look at everything that is kept, and at what was derived from it as far as that has a key of its own.

    It is as it was at one moment; a run may write meanwhile.

    Args:
        db: The database.
        progress: Shows how far it is.
        rules: What pages are read by.
        known_head: A head that somebody else kept.
        beside: The database's file, if everything is to be derived once more, beside it, and compared.

    Raises:
        BackupError: There is no room beside it.
    """
    check = _Check(db, progress, rules, known_head)
    db.execute("begin")  # one moment: a run that commits meanwhile would look like a flaw
    try:
        flaw = next(check.flaws(), None)
    except DatabaseError as error:
        flaw = Flaw(what=f"the file cannot be read: {error}")
    finally:
        db.execute("rollback")
    if flaw is None and beside is not None and (what := flaw_beside(db, beside, rules, progress)):
        flaw = Flaw(what=f"{what}; {HEALED}")
    return check.report(flaw)


class _Check:
    def __init__(self, db: Database, progress: Progress, rules: Rules, known_head: Head | None) -> None:
        self._db, self._progress, self._rules, self._known_head = db, progress, rules, known_head
        self._bodies = Bodies(db)
        self._log = _Log()
        self._last: Mapping[str, Any] | None = None  # the manifest that was looked at last
        self._counts = dict.fromkeys(("manifests", "runs", "captures", "bodies", "bytes", "loose", "stamps"), 0)
        self._stamps_unread: str | None = None

    def report(self, flaw: Flaw | None) -> Report:
        last = self._last
        return Report(
            flaw=flaw,
            head=Head(last["number"], last["hash"]) if last else None,
            run=last["run"] if last else None,
            made_at=last["made_at"] if last else None,
            known_head=self._known_head,
            stamps_unread=self._stamps_unread,
            **self._counts,
        )

    def flaws(self) -> Iterator[Flaw]:
        """Yield what is not as it was."""
        # In this order: what comes after the first flaw may be its consequence.
        yield from self._file()
        yield from self._chain()
        yield from self._kept_head()
        yield from self._against_log()
        yield from self._notes()
        yield from self._stamps()
        yield from self._archived()
        yield from self._every_body()
        yield from self._workbooks()
        yield from self._references()
        yield from self._derived()

    def _file(self) -> Iterator[Flaw]:
        (answer,) = self._db.execute("pragma integrity_check(1)").fetchone()
        if answer != "ok":
            yield Flaw(what=f"the file is damaged: {answer}")

    # --- the chain ----------------------------------------------------------------------------------------------------

    def _chain(self) -> Iterator[Flaw]:
        rows = self._db.query("select * from manifests order by number")
        (counted,) = self._db.query("select count(*) as n from manifests")
        for row in self._progress(rows, counted["n"], "chain"):
            if what := self._broken_link(row):
                yield Flaw(manifest=row["number"], run=row["run"], what=what)
            self._last = row
            self._counts["manifests"] += 1

    def _broken_link(self, row: Mapping[str, Any]) -> str | None:
        """Take a manifest in; say what is wrong with it, or with its place in the chain."""
        number = self._last["number"] + 1 if self._last else 1
        if row["number"] != number:
            return f"it follows number {number - 1}: a manifest is missing" if number > 1 else "the first is missing"
        try:
            text = text_of(row["manifest"])
        except (zstandard.ZstdError, MemoryError) as error:
            return f"its text cannot be read ({error})"
        if hash_of(text) != row["hash"]:
            return "its text is not that of its hash"
        try:
            manifest = json.loads(text)
            said = {name: manifest[name] for name in ("number", "previous", "run", "made_at")}
            self._replay(manifest)
        except (ValueError, KeyError, TypeError, AttributeError):
            return "its text is not a manifest's"
        place = {name: row[name] for name in ("number", "run", "made_at")}
        place["previous"] = self._last["hash"] if self._last else None
        return _difference(place, said, "this place in the chain has")

    def _replay(self, manifest: Fact) -> None:
        """Take in what a manifest says of the log."""
        number, run = manifest["number"], manifest["run"]
        if "decision" in manifest:
            self._log.decisions[run] = (number, manifest["decision"])
            return
        if "note" in manifest:
            note = manifest["note"]
            said = {"change_id": note["change"], "text": note["text"], "made_at": manifest["made_at"]}
            self._log.notes[number] = (run, said)
            return
        names = ("kind", "captured_at", "finished_at", "complete", "seen")
        self._log.runs[run] = (number, {name: manifest[name] for name in names})
        if "workbook" in manifest:
            self._log.workbooks[run] = number, manifest["workbook"]
        for page in manifest.get("answered", ()):
            self._log.captures.get(run, {}).pop(page, None)
        for fact in manifest["known"]:
            self._take(number, run, fact)
        for fact in manifest.get("pinned", ()):
            self._take(number, fact["run"], {name: value for name, value in fact.items() if name != "run"})

    def _take(self, number: int, run: int, fact: Fact) -> None:
        self._log.captures.setdefault(run, {})[fact["page"]] = (number, fact)
        if "sha256" in fact:
            self._log.bodies.setdefault(fact["sha256"], (number, run, fact["page"]))

    def _kept_head(self) -> Iterator[Flaw]:
        known = self._known_head
        if known is None:
            return
        row = next(self._db.query("select run, hash from manifests where number = :n", {"n": known.number}), None)
        if row is None:
            what = f"the chain ends before it: what was written up to the head {known.hash} is missing"
            yield Flaw(manifest=known.number, what=what)
        elif row["hash"] != known.hash:
            what = (
                f"its hash is {row['hash']} here, not {known.hash}: what came before was written anew since then, "
                "or the number does not belong to this hash"
            )
            yield Flaw(manifest=known.number, run=row["run"], what=what)

    # --- the log against the chain ------------------------------------------------------------------------------------

    def _against_log(self) -> Iterator[Flaw]:
        slugs = keys_by_number(self._db)
        rows = {row["id"]: row for row in self._db.query("select * from runs order by id")}
        found: list[Flaw] = []
        for run in self._progress(sorted(rows.keys() | self._log.runs.keys()), len(rows), "log"):
            found += self._run_flaws(run, rows.get(run), slugs)
            found += self._capture_flaws(run)
        self._counts["runs"] = len(rows)
        # What was added stands in no manifest, and comes last.
        yield from sorted(found, key=lambda flaw: (flaw.manifest is None, flaw.manifest, flaw.run, flaw.page or ""))

    def _run_flaws(self, run: int, row: Mapping[str, Any] | None, slugs: Mapping[int, str]) -> Iterator[Flaw]:
        if run not in self._log.runs:
            yield Flaw(run=run, what="stands in no manifest: it was added")
            return
        number, said = self._log.runs[run]
        if row is None:
            yield Flaw(manifest=number, run=run, what="the run is missing")
            return
        try:
            actual = run_fact(row, slugs) | {"complete": row["complete"]}
        except (zlib.error, MemoryError):
            yield Flaw(manifest=number, run=run, what="the pages seen cannot be read")
            return
        if what := _difference(actual, said, "the log has"):
            yield Flaw(manifest=number, run=run, what=what)
        number, decided = self._log.decisions.get(run, (number, None))
        if what := _difference({"decision": row["decision"]}, {"decision": decided}, "the log has"):
            yield Flaw(manifest=number, run=run, what=what)

    def _capture_flaws(self, run: int) -> Iterator[Flaw]:
        said = self._log.captures.get(run, {})
        actual = {row["page"]: row for row in captures_of(self._db, run)}
        self._counts["captures"] += len(actual)
        for page in sorted(actual.keys() - said.keys()):
            yield Flaw(run=run, page=page, what="the capture stands in no manifest: it was added")
        for page, (number, fact) in said.items():
            if page not in actual:
                what: str | None = "the capture is missing"
            else:
                what = _difference(capture_fact(actual[page]), fact, "the log has")
            if what:
                yield Flaw(manifest=number, run=run, page=page, what=what)

    def _notes(self) -> Iterator[Flaw]:
        kept = {row["number"]: row for row in self._db.query("select * from change_notes order by number")}
        for number, (run, said) in self._log.notes.items():
            row = kept.pop(number, None)
            actual = None if row is None else {name: row[name] for name in said}
            if actual is None:
                yield Flaw(manifest=number, run=run, what="the note is missing")
            elif what := _difference(actual, said, "the table has"):
                yield Flaw(manifest=number, run=run, what=f"the note: its {what}")
        for number in kept:
            yield Flaw(what=f"change_notes, row {number}: the note stands in no manifest: it was added")

    def _workbooks(self) -> Iterator[Flaw]:
        for run, what in flaws_of_editions(self._db, {run: said for run, (_, said) in self._log.workbooks.items()}):
            number, _ = self._log.workbooks.get(run, (None, {}))
            yield Flaw(manifest=number, run=run, what=what)

    def _stamps(self) -> Iterator[Flaw]:
        number_of = count_stamps(self._db)
        try:
            for number, what in self._progress(flaws_of_stamps(self._db), number_of, "time stamps"):
                if what is not None:
                    yield Flaw(manifest=number, what=what)
                self._counts["stamps"] += 1
        except NoLibraryError as error:
            self._stamps_unread = f"{plural(number_of, 'time stamp')} not looked at: {error}"

    def _archived(self) -> Iterator[Flaw]:
        for what in flaws_of_archived(self._db):
            yield Flaw(what=what)

    # --- bodies and references ----------------------------------------------------------------------------------------

    def _every_body(self) -> Iterator[Flaw]:
        sizes = {row["sha256"]: row["size"] for row in self._db.query("select sha256, size from bodies")}
        loose = sorted(sizes.keys() - self._log.bodies.keys())
        for sha256 in self._progress([*self._log.bodies, *loose], len(sizes), "bodies"):
            if what := self._not_the_body(sha256, sizes[sha256]):
                number, run, page = self._log.bodies.get(sha256, (None, None, None))
                yield Flaw(manifest=number, run=run, page=page, what=f"the bytes of {sha256} {what}")
            self._counts["bodies"] += 1
            self._counts["bytes"] += sizes[sha256]
        self._counts["loose"] = len(loose)

    def _not_the_body(self, sha256: str, size: int) -> str | None:
        try:
            body = self._bodies.read(sha256)
        except (zstandard.ZstdError, MemoryError, KeyError, ValueError, RecursionError) as error:
            return f"cannot be read ({error})"
        if hashlib.sha256(body).hexdigest() != sha256:
            return "are others"
        return None if len(body) == size else f"are {len(body)}, and not {size}"

    def _references(self) -> Iterator[Flaw]:
        for table, row, parent, _ in self._db.execute("pragma foreign_key_check"):
            where = f"{table}, row {row}" if row is not None else table
            yield Flaw(what=f"{where}: refers to what is not in {parent}; of a derived table, reparse makes it anew")

        for row in self._db.query("select key, register, slug from pages"):
            if page_key(row["register"], row["slug"]) != row["key"]:
                yield Flaw(page=row["key"], what="its register and its slug are not those of its key")

    def _derived(self) -> Iterator[Flaw]:
        seed = self._last["hash"] if self._last else ""
        for what in flaws_of_derived(self._db, self._rules, self._progress, seed=seed):
            yield Flaw(what=f"{what}; {HEALED}")


def _difference(actual: Mapping[str, Any], said: Mapping[str, Any], who: str) -> str | None:
    """Return the first value that differs, None if none does."""
    for name in (*said, *actual):
        if actual.get(name) != said.get(name):
            return f"{name} is not as it was: {who} {_shown(actual.get(name))}, the manifest {_shown(said.get(name))}"
    return None


def _shown(value: Any) -> str:
    if isinstance(value, dict):  # the pages seen
        value = " ".join(str(part) for part in value.values())
    return "nothing" if value is None else cut(one_line(str(value)), 200)
