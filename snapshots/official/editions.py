"""Editions of the official register: taking a workbook into the log, and deriving the history from all that are there.

As over the pages (`snapshots.keeping.store`), the log is the truth: which rows each agreement had in each edition. The
newest edition is decided beside what is believed; one that is put between others has everything derived again.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from diff.deciding.belief import Edition, PageBelief, Sighting
from diff.deciding.controllers import heed_headings
from diff.deciding.decide import Decision, decide
from diff.deciding.oddness import LATELY_DAYS
from scraper.official.bodies import without_prose
from scraper.official.versions import read_agreement_rows, read_content
from scraper.official.workbook import SortedWorkbook
from scraper.records import RegisterPage
from scraper.register import NHS_OFFICIAL, page_key, register_and_slug
from scraper.times import as_text, read_time
from snapshots.keeping.chain import Added, append_write, keys_by_number, pack
from snapshots.keeping.database import insert, update
from snapshots.keeping.history import HistoryWriter
from snapshots.keeping.readings import Progress, no_progress, rules_of
from snapshots.keeping.runlog import EditionRefusedError
from snapshots.keeping.states import as_json
from snapshots.keeping.store import Dues, Outcome, Rules, Store
from snapshots.official.history import OfficialHistory
from snapshots.official.past import OfficialPast
from snapshots.official.rows import OfficialRows
from snapshots.sql.rows import Database

_IS_OFFICIAL = f"runs.register = '{NHS_OFFICIAL.id}'"


class OfficialEditions:
    """The official register in an open database."""

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store = store
        self._db = store.db
        self._rules = rules
        self._rows = OfficialRows(store.db)
        self.read = lru_cache(maxsize=4_096)(self._read)
        self._history = OfficialHistory(store.db, self.read)

    # --- taking -------------------------------------------------------------------------------------------------------

    def take(
        self, book: SortedWorkbook, month: str, *, at: str, progress: Progress = no_progress, dues: Dues | None = None
    ) -> Outcome:
        """Take a workbook as the edition of a month, and derive what it means; one transaction.

        Args:
            book: The workbook, its rows sorted.
            month: YYYY-MM.
            at: When it is taken.
            progress: Shows how far it is.
            dues: What is to be told of it; nobody is told of an edition taken without, nor of the register's first.

        Raises:
            EditionRefusedError: Another workbook is kept for this month, or this one for another month.
        """
        known = self._known(book, month)
        if known is not None:
            return Outcome(run=known, known=True, pages=len(list(book.slugs)), notices=book.notices)
        with self._store.writing():
            run = self._log(book, month, at, progress)
            is_newest = month == max(self.months()) and self.is_current()
            outcome = self._derive_newest(run, book) if is_newest else self.derive_all(progress)[run]
            if dues is not None and outcome.decision.held is None and not self._is_first(run):
                self._store.deliveries.add(run, dues(outcome))
        return outcome

    def months(self) -> list[str]:
        """Return the months of the editions that are kept, in order."""
        return [row["month"] for row in self._db.query("select month from official_editions order by month")]

    def _known(self, book: SortedWorkbook, month: str) -> int | None:
        sql = "select * from official_editions where month = :month or sha256 = :sha256"
        for row in self._db.query(sql, {"month": month, "sha256": book.sha256}):
            # Whoever opens a workbook and saves it makes other bytes of the same rows.
            if row["sha256"] != book.sha256 and not self._has_rows(row["run"], book):
                what = f"{row['name']} is kept as the edition of {month}"
                raise EditionRefusedError(f"{book.name}: {what}, with other bytes; nothing was taken")
            if row["month"] != month:
                what = f"is kept as the edition of {row['month']}"
                raise EditionRefusedError(f"{book.name}: {what}, and not of {month}; nothing was taken")
            return int(row["run"])
        return None

    def _has_rows(self, run: int, book: SortedWorkbook) -> bool:
        """Say whether an edition has the rows of *book*, and no others."""
        bodies = bodies_of(self._db, run)
        keys = {page_key(NHS_OFFICIAL.id, slug): slug for slug in book.slugs}
        return bodies.keys() == keys.keys() and all(
            self._rows.digest(bodies[key]) == hashlib.sha256(book.body(slug)).hexdigest() for key, slug in keys.items()
        )

    def _log(self, book: SortedWorkbook, month: str, at: str, progress: Progress) -> int:
        """Write an edition into the log and the chain; return its run."""
        slugs = list(book.slugs)
        numbers = self._store.log.number_pages([page_key(NHS_OFFICIAL.id, slug) for slug in slugs])
        self._rows.train(slugs, book.body)
        agreements: dict[int, int] = {}
        digest = hashlib.sha256()
        for slug in progress(slugs, len(slugs), "keeping"):
            key, body = page_key(NHS_OFFICIAL.id, slug), book.body(slug)
            sha256 = hashlib.sha256(body).hexdigest()
            digest.update(line_of_rows(slug, sha256))
            agreements[numbers[key]] = self._rows.keep(key, body, sha256)
        run = {
            "kind": "import",
            "register": NHS_OFFICIAL.id,
            "captured_at": self._store.log.free_time(time_of(month)),
            "finished_at": at,
            "complete": True,
            "sighted": pack(()),
        }
        number = insert(self._db, "runs", run)
        row = {
            "run": number,
            "month": month,
            "sha256": book.sha256,
            "size": book.size,
            "name": book.name,
            "layout": book.layout,
            "versions": book.versions,
            "dataset_rows": book.rows,
            "files": book.files,
            "notices": as_json(book.notices),
            "agreements": _packed(agreements),
        }
        insert(self._db, "official_editions", row)
        append_write(self._db, number, Added(), workbook=workbook_fact(row, digest.hexdigest()))
        return number

    def _is_first(self, run: int) -> bool:
        """Say whether an edition is the first of the register that is kept: it is a baseline, and no news."""
        (row,) = self._db.query("select month from official_editions where run = :run", {"run": run})
        return bool(row["month"] == self.months()[0])

    # --- deriving -----------------------------------------------------------------------------------------------------

    def is_current(self) -> bool:
        """Say whether everything derived so far was derived by today's rules and names."""
        rows = list(self._db.query("select rules from official_derivation"))
        return not rows or rows[0]["rules"] == self._today()

    def _today(self) -> str:
        return f"{rules_of('scraper', 'diff')}:{self._rules.vocabulary.digest}"

    def derive_all(self, progress: Progress = no_progress) -> dict[int, Outcome]:
        """Derive the history of the official register again, edition by edition; joins the transaction that is open."""
        writer = HistoryWriter(self._db, self._store.states)
        writer.withdraw_told(NHS_OFFICIAL.id)
        self._history.clear()
        rows = list(self._db.query(f"select runs.* from runs where {_IS_OFFICIAL} order by captured_at"))
        outcomes = {}
        for row in progress(rows, len(rows), "deriving"):
            if row["decision"] == "discarded":
                update(self._db, "runs", {"id": row["id"]}, {"state": "discarded"})
                outcomes[row["id"]] = Outcome(run=row["id"])
            else:
                outcomes[row["id"]] = self._derive(row, trusted=row["decision"] == "released")
        self._store.deliveries.follow_history()
        self._note_rules()
        return outcomes

    def _derive_newest(self, run: int, book: SortedWorkbook) -> Outcome:
        (row,) = self._db.query("select * from runs where id = :id", {"id": run})
        outcome = self._derive(row, book=book)
        self._note_rules()
        return outcome

    def _note_rules(self) -> None:
        insert(self._db, "official_derivation", {"id": 1, "rules": self._today()}, verb="replace")

    def _derive(self, run: Mapping[str, Any], *, trusted: bool = False, book: SortedWorkbook | None = None) -> Outcome:
        """Decide what an edition means beside what is believed, and write it; *book* is its workbook, if at hand."""
        past = OfficialPast(self._db, self.read)
        bodies = bodies_of(self._db, run["id"])
        writer = HistoryWriter(self._db, self._store.states)
        (kept,) = self._db.query("select notices from official_editions where run = :run", {"run": run["id"]})
        if not past.any_complete:
            noticed = self._write_first(run["captured_at"], bodies, book)
            edition = Edition(run=run["id"], time=run["captured_at"], complete=True, read={}, quiet=frozenset(bodies))
            decision, listed = Decision(), ()
        else:
            edition = self._edition(run, bodies)
            noticed = _notices(edition)
            decision = self._decide(past, edition, trusted=trusted)
            listed = self._write(edition, decision, bodies, writer)
        writer.write_run(edition, decision, {})
        return Outcome(
            run=run["id"],
            decision=decision,
            changes=listed,
            pages=len(bodies),
            changed=len(edition.changed),
            notices=(*json.loads(kept["notices"]), *noticed),
        )

    def _decide(self, past: OfficialPast, edition: Edition, *, trusted: bool) -> Decision:
        names, guards = self._rules.vocabulary, self._rules.guards
        edition = heed_headings(past, edition, names)
        return decide(past, edition, vocabulary=names, guards=guards, trusted=trusted, register=NHS_OFFICIAL.id)

    def _edition(self, run: Mapping[str, Any], bodies: Mapping[str, int]) -> Edition:
        rows = self._db.query("select page, body, unsettled, gone from official_beliefs")
        beliefs = {row["page"]: row for row in rows}
        quiet = {
            key for key, body in bodies.items()
            if key in beliefs and beliefs[key]["body"] == body and not beliefs[key]["unsettled"]
        }  # fmt: skip
        absent = {key for key, row in beliefs.items() if not row["gone"]} - bodies.keys()
        read = {}
        for key in sorted(bodies.keys() - quiet):
            # What was believed of it is asked for anyway; read right before, its sections are still at hand.
            if key in beliefs and beliefs[key]["body"]:
                self.read(beliefs[key]["body"], key)
            read[key] = Sighting(str(bodies[key]), self.read(bodies[key], key))
        time = run["captured_at"]
        return Edition(
            run=run["id"],
            time=time,
            complete=True,
            read=read,
            quiet=frozenset(quiet),
            absent=frozenset(absent),
            lately=frozenset(bodies.keys() | absent) if self._follows_closely(time) else frozenset(),
            changed=frozenset(key for key in read if key not in beliefs or beliefs[key]["body"] != bodies[key]),
        )

    def _follows_closely(self, time: str) -> bool:
        """Say whether an edition, believed or not, was lately before this time (rule 11)."""
        since = as_text(read_time(time) - timedelta(days=LATELY_DAYS))
        sql = f"select 1 from runs where {_IS_OFFICIAL} and captured_at > :since and captured_at < :time limit 1"
        return bool(list(self._db.query(sql, {"since": since, "time": time})))

    def _write_first(self, time: str, bodies: Mapping[str, int], book: SortedWorkbook | None) -> list[str]:
        """Write the first edition, return what was noticed in it: nothing is compared, and no prose is read."""
        noticed: list[str] = []
        for key, body in sorted(bodies.items()):
            slug = slug_of_key(key)
            content = book.content(slug) if book else without_prose(self._rows.read(body))
            page = read_content(content, source=slug, slug=slug, vocabulary=self._rules.vocabulary)
            noticed += page.notices
            self._history.write_plain(key, page, body)
            self._history.write_versions(key, page, body, time, None)
        return noticed

    def _write(
        self, edition: Edition, decision: Decision, bodies: Mapping[str, int], writer: HistoryWriter
    ) -> tuple[Any, ...]:
        if decision.held is not None:
            return ()
        before = self._believed_before(edition.time)
        for key, belief in sorted(decision.pages.items()):
            sighting = edition.read.get(key)
            self._write_page(belief, sighting, bodies.get(key), edition.time, before)
        return writer.write_changes(decision)

    def _write_page(
        self, belief: PageBelief, sighting: Sighting | None, body: int | None, time: str, before: str | None
    ) -> None:
        self._history.write_belief(belief)
        page = sighting.page if sighting else None
        self._history.write_versions(belief.slug, page, body or 0, time, before)

    def _believed_before(self, time: str) -> str | None:
        """Return the time of the edition that was believed last before this one."""
        sql = f"""
            select max(captured_at) as at from runs where {_IS_OFFICIAL} and captured_at < :time and state = 'committed'
            """
        (row,) = self._db.query(sql, {"time": time})
        return row["at"] if row["at"] is None else str(row["at"])

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _read(self, body: int, key: str) -> RegisterPage:
        slug = slug_of_key(key)
        return read_agreement_rows(self._rows.read(body), source=slug, slug=slug, vocabulary=self._rules.vocabulary)


def bodies_of(db: Database, run: int) -> dict[str, int]:
    """Return key → number of the rows of each agreement of an edition."""
    keys = keys_by_number(db)
    (row,) = db.query("select agreements from official_editions where run = :run", {"run": run})
    return {keys[number]: body for number, body in _unpacked(row["agreements"]).items()}


def slug_of_key(key: str) -> str:
    """Return the slug of the page with this key."""
    return register_and_slug(key)[1]


def time_of(month: str) -> str:
    """Return as of when the edition of a month is: noon of its first day, when no import of pages is by itself.

    >>> time_of("2026-09")
    '2026-09-01T12:00:00Z'
    """
    return f"{month}-01T12:00:00Z"


def line_of_rows(slug: str, sha256: str) -> bytes:
    """Return what is said of the rows of one agreement where those of an edition are summed up."""
    return f"{slug} {sha256}\n".encode()


def workbook_fact(row: Mapping[str, Any], agreements: str) -> dict[str, Any]:
    """Return what the chain says of an edition: the file by its checksum, its agreements by one over their rows."""
    named = {name: row[name] for name in ("month", "sha256", "size", "name", "layout", "versions", "files")}
    return {**named, "agreements": agreements}


def _packed(agreements: Mapping[int, int]) -> bytes:
    numbers, bodies = zip(*sorted(agreements.items()), strict=True)
    return zlib.compress(json.dumps([_steps(numbers), _steps(bodies)], separators=(",", ":")).encode(), 9)


def _steps(numbers: tuple[int, ...]) -> list[int]:
    return [number - before for before, number in zip((0, *numbers), numbers, strict=False)]


def _unpacked(packed: bytes) -> dict[int, int]:
    numbers, bodies = map(_sums, json.loads(zlib.decompress(packed)))
    return dict(zip(numbers, bodies, strict=True))


def _sums(steps: list[int]) -> Iterator[int]:
    total = 0
    for step in steps:
        total += step
        yield total


def _notices(edition: Edition) -> list[str]:
    return [notice for key in sorted(edition.changed) for notice in edition.read[key].page.notices]
