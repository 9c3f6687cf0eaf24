"""The database at work: taking editions into the log, and deriving the history from it.

The log says which pages a run saw and where their bytes changed; the history is what `diff` makes of that, run by run
in order of capture. The newest run is derived from what is believed; anything that reaches further back derives the
whole history again.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from diff.change import Change
from diff.deciding.belief import Edition, Past, Remembered, Sighting
from diff.deciding.controllers import heed_headings
from diff.deciding.decide import Decision, decide
from diff.deciding.guards import Guards
from diff.deciding.oddness import LATELY_DAYS
from diff.deciding.pages import one_each, take_out_frame
from scraper.names.vocabulary import Vocabulary
from scraper.register import NHS_DATA_RELEASE
from snapshots.keeping.bodies import Bodies
from snapshots.keeping.chain import OF_PAGES, append_decision
from snapshots.keeping.database import StoreError, insert, open_database, update
from snapshots.keeping.deliveries import Deliveries, OutboxItem
from snapshots.keeping.history import HistoryWriter
from snapshots.keeping.past import StoredPast
from snapshots.keeping.readings import (
    Progress,
    Readers,
    Readings,
    Unread,
    no_progress,
    read_all,
    reading_rules,
    rules_of,
)
from snapshots.keeping.runlog import NewEdition, Origin, RunLog, seen_again
from snapshots.keeping.states import States
from snapshots.sql.rows import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an edition."""

    run: int
    known: bool = False
    """The edition was there already, with the same bytes."""
    decision: Decision = field(default_factory=Decision)
    changes: Sequence[Change] = ()
    """Those that it listed, the editorial too, in public order; groups hold their members."""
    refused: Mapping[str, str] = field(default_factory=dict)
    pages: int = 0
    changed: int = 0
    kept_bytes: int = 0
    notices: tuple[str, ...] = ()
    """What the reader noticed on pages whose bytes are new, after the slug."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides how pages are read and what of them is believed, and who reads them."""

    vocabulary: Vocabulary
    guards: Guards = field(default_factory=Guards)
    readers: Readers | None = None
    """Who reads them where they are many; by default this machine. It changes nothing of what is read."""


Dues = Callable[[Outcome], Iterable[OutboxItem]]
"""Says what is to be told of an edition, whose changes are in the table by now."""


class Store:
    """An open database. Use `open_store`."""

    def __init__(self, db: Database, path: Path, states: States | None = None) -> None:
        self.db = db
        self.path = path
        self.states = states or States(db, prose_apart=True)
        self.bodies = Bodies(db)
        self.log = RunLog(db, self.bodies)
        self.deliveries = Deliveries(db)

    @contextmanager
    def writing(self, *, keep: bool = True) -> Iterator[None]:
        """Hold one transaction: all of it is kept, or nothing. Inside another one, it is a part of that.

        Without *keep* it is taken back at its end: what was derived in it can be told, and is not kept.
        """
        if self.db.conn.in_transaction:
            yield
            return
        # Immediate: who has read before, and then wants to write, is refused at once if another wrote in between.
        self.db.execute("begin immediate")
        try:
            yield
            self.states.index_texts()
            self.db.execute("commit" if keep else "rollback")
            if not keep:
                self.states.forget()  # the ids that it remembers are of rows that are gone
        except BaseException:
            if self.db.conn.in_transaction:  # a full disk has SQLite roll back by itself
                self.db.execute("rollback")
            self.states.forget()
            raise

    def close(self) -> None:
        """Close the file."""
        self.db.conn.close()

    # --- the run log --------------------------------------------------------------------------------------------------

    def keep_body(self, sha256: str, body: bytes, page: str, at: str) -> int:
        """Keep the bytes of a page as they arrive, in a transaction of their own; return what they take."""
        with self.writing():
            return self.bodies.keep(sha256, body, page, at)

    def take(
        self,
        edition: NewEdition,
        rules: Rules,
        *,
        progress: Progress = no_progress,
        keep: bool = True,
        dues: Dues | None = None,
    ) -> Outcome:
        """Take an edition: log it, keep its bodies, derive what it means; one transaction.

        Args:
            edition: What is to be taken.
            rules: What it is read and believed by.
            progress: Shows how far it is, if the history has to be derived again.
            keep: Without it all is taken back at the end, and only the outcome is left.
            dues: What is to be told of it, if it is committed; nobody is told of an edition taken without.

        Raises:
            EditionRefusedError: It has other bytes for a page that an edition of the same time has.
        """
        run = self.log.run_at(edition.time)
        # The same again adds nothing; further pages of the same time extend the edition.
        new = self.log.further(run, edition) if run else edition
        if run and new.is_empty and (run["complete"] or not edition.complete):
            refused = self.log.refusals_of(run["id"])
            return Outcome(run=run["id"], known=True, refused=refused, pages=len(edition.captures))
        with self.writing(keep=keep):
            # What comes last is decided beside what is believed. What comes before something, or is the first by newer
            # rules, may change what later runs meant.
            is_newest = edition.time > self.log.newest() and self._is_current()
            readings = Readings(self.db, self.states, reading_rules(rules.vocabulary))
            number, kept, origins = self._log(run, new, readings)
            if is_newest:
                report = self._derive_newest(number, readings, origins, rules)
            else:
                report = self._derive_all(readings, rules, progress, {number})[number]
            if keep:
                self._add_dues(report, dues)
        self.states.let_go()  # what the next edition prints alike is loaded again: most of it never is
        return replace(report, pages=len(edition.captures), kept_bytes=kept)

    def take_past(
        self, editions: Iterable[NewEdition], rules: Rules, *, progress: Progress = no_progress
    ) -> list[Outcome]:
        """Take many editions of the past, none of them complete: log them all, derive once, tell nobody.

        Raises:
            EditionRefusedError: One has other bytes for a page that an edition of the same time has.
        """
        kept: dict[int, int] = {}
        with self.writing():
            readings = Readings(self.db, self.states, reading_rules(rules.vocabulary))
            for edition in editions:  # each is made when its turn comes: there may be more than memory holds
                run = self.log.run_at(edition.time)
                number, size, _ = self._log(run, self.log.further(run, edition) if run else edition, readings)
                kept[number] = size
            outcomes = self._derive_all(readings, rules, progress, kept)
        return [replace(outcomes[number], kept_bytes=size) for number, size in kept.items()]

    def _log(
        self, run: dict[str, Any] | None, edition: NewEdition, readings: Readings
    ) -> tuple[int, int, dict[str, Origin]]:
        """Write an edition into the log, and what was read in it; return its run, the bytes kept, and whence."""
        written = self.log.write(run, edition)
        for capture in edition.captures:
            reading = capture.reading() if callable(capture.reading) else capture.reading
            if reading is not None:
                readings.keep(capture.sha256, reading)
            if capture.etag or capture.last_modified:
                self.log.keep_validators(capture)
        return written

    def _add_dues(self, outcome: Outcome, dues: Dues | None) -> None:
        """Write what is to be told of a run beside what it means: both are kept, or neither."""
        committed = "select 1 from runs where id = :id and state = 'committed'"
        if dues is not None and list(self.db.query(committed, {"id": outcome.run})):
            self.deliveries.add(outcome.run, dues(outcome))

    # --- deriving -----------------------------------------------------------------------------------------------------

    def _is_current(self) -> bool:
        """Say whether everything derived so far was derived by today's rules."""
        rows = list(self.db.query("select rules from derivation"))
        return not rows or rows[0]["rules"] == _deriving_rules()

    def is_current(self, rules: Rules) -> bool:
        """Say whether everything was derived, and all that is needed was read, by today's rules and these names."""
        readings = Readings(self.db, self.states, reading_rules(rules.vocabulary))
        needed = self._needed()
        return self._is_current() and not any(one[0] in needed for one in readings.unread())

    def _derive_newest(self, run: int, readings: Readings, origins: Mapping[str, Origin], rules: Rules) -> Outcome:
        (row,) = self.db.query("select * from runs where id = :id", {"id": run})
        believed = {b["page"]: (b["body"], b["unsettled"]) for b in self.db.query("select * from beliefs")}
        known = {b["page"] for b in self.db.query("select page from beliefs where body is not null and not gone")}
        past = StoredPast(self.db, self.states)
        quiet = frozenset(slug for slug, origin in origins.items() if believed.get(slug) == (origin.sha256, 0))
        edition, refused = self._edition(row, origins, readings, past, quiet, known)
        self.states.let_go()  # agreements as they were read: from here on they are without the frame
        edition = heed_headings(past, edition, rules.vocabulary)
        decision = decide(past, edition, vocabulary=rules.vocabulary, guards=rules.guards)
        listed = HistoryWriter(self.db, self.states).write(edition, decision, origins, refused)
        self._note_rules()
        return _outcome(edition, decision, listed, refused)

    def _derive_all(
        self, readings: Readings, rules: Rules, progress: Progress, asked: Collection[int] = ()
    ) -> dict[int, Outcome]:
        """Derive the whole history again; return every run, and of those *asked* for what became of them.

        All that a history ever said, and all that was believed in the course of it, would fill the memory.
        """
        needed = self._needed()
        self._read_again(readings, needed, rules, progress)
        history = HistoryWriter(self.db, self.states)
        history.clear()
        # Remembered, where the newest run asks the tables: those are being filled, page by page and run by run.
        past = Remembered()
        outcomes = {}
        for row, seen in self._runs_as_seen():
            if row["decision"] == "discarded":
                update(self.db, "runs", {"id": row["id"]}, {"state": "discarded"})
                outcomes[row["id"]] = Outcome(run=row["id"])
                continue
            pages = {slug: page for slug, page in past.pages.items() if page.body is not None}
            quiet = frozenset(
                slug
                for slug, origin in seen.items()
                if (page := pages.get(slug)) and page.body == origin.sha256 and not page.unsettled
            )
            known = {slug for slug, page in pages.items() if not page.gone}
            edition, refused = self._edition(row, seen, readings, past, quiet, known)
            trusted = row["decision"] == "released"
            edition = heed_headings(past, edition, rules.vocabulary)
            decision = decide(past, edition, vocabulary=rules.vocabulary, guards=rules.guards, trusted=trusted)
            listed = history.write(edition, decision, seen, refused)
            if decision.held is None:
                past.learn(decision.pages, decision.facts, complete=edition.complete, frame=edition.frame)
            is_asked = row["id"] in asked
            outcomes[row["id"]] = _outcome(edition, decision, listed, refused) if is_asked else Outcome(run=row["id"])
        self.deliveries.follow_history()
        readings.sweep(needed)
        self._note_rules()
        return outcomes

    def _runs_as_seen(self) -> Iterator[tuple[dict[str, Any], dict[str, Origin]]]:
        """Yield each run, in order of capture, with the bytes that it saw of each page."""
        effective: dict[str, Origin] = {}
        for row in list(self.db.query(f"select * from runs where {OF_PAGES} order by captured_at")):
            own = seen_again(self.log.origins_of(row["id"]), effective, row["captured_at"])
            effective |= own
            yield (
                row,
                {
                    slug: own.get(slug) or replace(effective[slug], captured_at=row["captured_at"])
                    for slug in self.log.sighted(row)
                },
            )

    def _needed(self) -> frozenset[str]:
        """Return the bodies that must be read: of a discarded run its pages are kept, and nothing of what they say."""
        runs = (seen for row, seen in self._runs_as_seen() if row["decision"] != "discarded")
        return frozenset(origin.sha256 for seen in runs for origin in seen.values())

    def _edition(
        self,
        run: Mapping[str, Any],
        seen: Mapping[str, Origin],
        readings: Readings,
        past: Past,
        quiet: frozenset[str],
        known: set[str],
    ) -> tuple[Edition, dict[str, str]]:
        """Return a run as the decider takes it, and why pages of it are refused."""
        failed, gone = self.log.asked_in_vain(run["id"])
        read: dict[str, Sighting] = {}
        refused: dict[str, str] = dict(failed)
        for slug in sorted(seen.keys() - quiet):
            reading = readings.load(seen[slug].sha256, slug)
            if reading.page is None:
                refused[slug] = reading.refused or "unreadable"
            else:
                whence = _spelling(seen[slug].source)
                read[slug] = Sighting(seen[slug].sha256, one_each(reading.page), whence, reading.closes)
        # A page that was refused is not missing.
        missing = known - seen.keys() - failed.keys() if run["complete"] else set[str]()
        absent = missing | (gone & known)
        edition = Edition(
            run=run["id"],
            time=run["captured_at"],
            complete=bool(run["complete"]),
            read=read,
            quiet=quiet,
            failed=frozenset(refused),
            absent=frozenset(absent),
            lately=self.log.seen_before(run["captured_at"], LATELY_DAYS, seen.keys() | absent),
            changed=frozenset(s for s in read if (page := past.page(s)) is None or page.body != seen[s].sha256),
        )
        return take_out_frame(past, edition), refused

    def _note_rules(self) -> None:
        insert(self.db, "derivation", {"id": 1, "rules": _deriving_rules()}, verb="replace")

    def _read_again(self, readings: Readings, needed: frozenset[str], rules: Rules, progress: Progress) -> None:
        """Read the bodies that are needed and that today's rules have not read."""
        unread = [one for one in readings.unread() if one[0] in needed]
        bodies = (Unread(sha256, slug, self.bodies.read(sha256), charset) for sha256, slug, charset in unread)
        found = read_all(bodies, len(unread), rules.vocabulary, rules.readers)
        for sha256, reading in progress(found, len(unread), "reading"):
            readings.keep(sha256, reading)
            # Nothing asks for them before their run is derived; then each text of several of them is loaded once.
            self.states.let_go()

    def reparse(self, rules: Rules, *, again: bool = False, progress: Progress = no_progress) -> dict[int, Outcome]:
        """Derive everything again by today's rules, and return the runs.

        *again* means from the bytes, also what these rules have read.
        """
        with self.writing():
            readings = Readings(self.db, self.states, reading_rules(rules.vocabulary))
            if again:
                readings.forget()
            return self._derive_all(readings, rules, progress) | self._derive_official(rules, progress)

    def _derive_official(self, rules: Rules, progress: Progress) -> dict[int, Outcome]:
        """Derive the history of the official register again; nothing is loaded where there is none."""
        if not list(self.db.query("select 1 from official_editions limit 1")):
            return {}
        from snapshots.official.editions import OfficialEditions

        return OfficialEditions(self, rules).derive_all(progress)

    # --- an operator's decisions --------------------------------------------------------------------------------------

    def settle_held(
        self,
        run: int,
        decision: str,
        rules: Rules,
        *,
        at: str,
        progress: Progress = no_progress,
        dues: Dues | None = None,
    ) -> Outcome:
        """Release or discard the latest held run of its register, at this time; what a released one says is told.

        Raises:
            StoreError: It is not the latest run, or not held.
        """
        rows = list(self.db.query("select * from runs order by captured_at desc"))
        found = next((row for row in rows if row["id"] == run), None)
        if found is None:
            raise StoreError(f"run {run} is not known")
        if found["state"] != "held":
            raise StoreError(f"run {run} is {found['state']}, not held")
        latest = next(row["id"] for row in rows if row["state"] == "held" and row["register"] == found["register"])
        if run != latest:
            raise StoreError(f"run {run} is not the latest held run: decide on run {latest} first")
        with self.writing():
            update(self.db, "runs", {"id": run}, {"decision": decision})
            append_decision(self.db, run, decision, at)
            if found["register"] == NHS_DATA_RELEASE.id:
                readings = Readings(self.db, self.states, reading_rules(rules.vocabulary))
                report = self._derive_all(readings, rules, progress, {run})[run]
            else:
                report = self._derive_official(rules, progress)[run]
            if decision == "released":
                self._add_dues(report, dues)
        return report


def _outcome(edition: Edition, decision: Decision, listed: Sequence[Change], refused: Mapping[str, str]) -> Outcome:
    notices = (f"{slug}: {notice}" for slug in sorted(edition.changed) for notice in edition.read[slug].page.notices)
    return Outcome(
        run=edition.run,
        decision=replace(decision, pages={}),  # what is believed stands in the tables
        changes=listed,
        refused=refused,
        changed=len(edition.changed - decision.distrusted.keys()),
        notices=tuple(notices),
    )


def _deriving_rules() -> str:
    return rules_of("scraper", "diff")


_HOST_FOLDER = re.compile(r"(?:^|/)([\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/.+)$", re.IGNORECASE)


def _spelling(source: str) -> str:
    """Return the address that a copy came from, host and all; empty for a file that lies in no folder of a host.

    >>> _spelling("https://goodtreswork.com/organisations/x"), _spelling("2026-10/x.html")
    ('https://goodtreswork.com/organisations/x', '')
    >>> _spelling("mirror/www.theysolditanyway.com/organisations/x/index.html")
    'www.theysolditanyway.com/organisations/x/index.html'
    """
    if "://" in source:
        return source
    found = _HOST_FOLDER.search(source)
    return found[1] if found else ""


def open_store(path: Path, *, create: bool = True) -> Store:
    """Open the database at *path*, as `open_database` does."""
    return Store(open_database(path, create=create), path)
