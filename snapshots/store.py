"""The database: opening it, the run log, and deriving the history from it.

The log says which pages a run saw and where their bytes changed; the history is what `diff` makes of that, run by run
in order of capture. The newest run is derived from what is believed; anything that reaches further back derives the
whole history again.
"""

import re
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from diff.belief import Edition, Past, Remembered, Sighting
from diff.decide import Decision, decide
from diff.guards import Guards
from diff.repeats import one_each
from scraper.errors import RegisterWatchError
from scraper.vocabulary import Vocabulary
from snapshots.bodies import Bodies
from snapshots.history import Capture, History
from snapshots.migrations import APPLICATION_ID, is_current, known_names, migrate
from snapshots.past import StoredPast
from snapshots.readings import Reading, Readings, Unread, read_all, reading_rules, rules_of
from snapshots.states import States
from snapshots.times import read_time

BUSY_S = 30.0

DatabaseError = sqlite3.Error
"""What SQLite raises: a full disk, a file that is read-only, locked or damaged."""


class StoreError(RegisterWatchError):
    """The database cannot be used; it is as it was."""


class EditionRefusedError(RegisterWatchError):
    """An edition contradicts what is kept; nothing of it is taken."""


@dataclass(frozen=True, slots=True)
class NewPage:
    """A page of an edition that is to be kept."""

    slug: str
    sha256: str
    source: str
    captured_at: str
    body: bytes | None
    """None where these bytes are kept already."""
    reading: Reading | None
    """None where these bytes were read already."""
    charset: str | None = None
    """What the server declared."""
    etag: str | None = None
    last_modified: str | None = None

    @property
    def capture(self) -> Capture:
        """Return where these bytes came from."""
        return Capture(self.sha256, self.source, self.captured_at)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Pages that a run asked for in vain."""

    failed: Mapping[str, str] = field(default_factory=dict)
    """Slug → reason, of pages that gave no answer or no whole one."""
    gone: frozenset[str] = frozenset()
    """Slugs of which the server says that there is no such page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an edition."""

    run: int
    known: bool = False
    """The edition was there already, with the same bytes."""
    decision: Decision = field(default_factory=Decision)
    refused: Mapping[str, str] = field(default_factory=dict)
    pages: int = 0
    changed: int = 0
    kept_bytes: int = 0


class Store:
    """An open database. Use `open_store`."""

    def __init__(self, db: Database, path: Path) -> None:
        self.db = db
        self.path = path
        self.states = States(db)
        self.bodies = Bodies(db)

    @contextmanager
    def writing(self, *, keep: bool = True) -> Iterator[None]:
        """Hold one transaction: all of it is kept, or nothing. Inside another one, it is a part of that.

        Without *keep* it is taken back at its end: what was derived in it can be told, and is not kept.
        """
        if self.db.conn.in_transaction:
            yield
            return
        self.db.execute("begin immediate")
        try:
            yield
            self.db.execute("commit" if keep else "rollback")
            if not keep:
                self.states.forget()
        except BaseException:
            if self.db.conn.in_transaction:  # a full disk has SQLite roll back by itself
                self.db.execute("rollback")
            self.states.forget()
            raise

    def close(self) -> None:
        """Close the file."""
        self.db.conn.close()

    # --- the run log --------------------------------------------------------------------------------------------------

    def run_at(self, time: str) -> dict[str, Any] | None:
        """Return the run captured at *time*, if there is one."""
        return next(iter(self.db.query("select * from runs where captured_at = :time", {"time": time})), None)

    def last_run_time(self) -> datetime | None:
        """Return when the last run over the register began; imports do not count."""
        (row,) = self.db.query("select max(captured_at) as at from runs where kind = 'run'")
        return read_time(row["at"]) if row["at"] else None

    def run_times(self) -> list[str]:
        """Return the times of all runs, oldest first."""
        return [row["captured_at"] for row in self.db.query("select captured_at from runs order by captured_at")]

    def captures_at(self, time: str) -> dict[str, Capture]:
        """Return slug → the bytes each page had at its last capture up to *time*."""
        rows = self.db.query(
            """
            select captures.page, captures.body, captures.source, captures.captured_at, max(runs.captured_at) as at
            from captures
            join runs on runs.id = captures.run
            where runs.captured_at <= :time and captures.body is not null
            group by captures.page
            """,
            {"time": time},
        )
        return {row["page"]: Capture(row["body"], row["source"], row["captured_at"]) for row in rows}

    def _keep_validators(self, page: NewPage) -> None:
        row = {"page": page.slug, "body": page.sha256, "etag": page.etag, "last_modified": page.last_modified}
        self.db.table("validators").insert(row, replace=True)

    def validators(self) -> dict[str, tuple[str, str | None, str | None]]:
        """Return slug → (SHA-256, ETag, Last-Modified) of the pages whose last answer is the one that is believed.

        A validator of a page that was not understood, or of a held run, is not among them: a 304 would hide that page
        for good.
        """
        rows = self.db.query(
            """
            select validators.page, validators.body, validators.etag, validators.last_modified
            from validators
            join beliefs on beliefs.page = validators.page and beliefs.body = validators.body
            """
        )
        return {row["page"]: (row["body"], row["etag"], row["last_modified"]) for row in rows}

    def standing_pages(self) -> list[str]:
        """Return the slugs of all pages that are believed to stand, or were never read."""
        rows = self.db.query(
            """
            select pages.slug
            from pages
            left join beliefs on beliefs.page = pages.slug
            where not coalesce(beliefs.gone, 0)
            order by pages.slug
            """
        )
        return [row["slug"] for row in rows]

    def keep_body(self, sha256: str, body: bytes, page: str, at: str) -> int:
        """Keep the bytes of a page as they arrive, in a transaction of their own; return what they take."""
        with self.writing():
            return self.bodies.keep(sha256, body, page, at)

    def is_read(self, sha256: str) -> bool:
        """Say whether this body is kept and read."""
        return bool(list(self.db.query("select 1 from readings where body = :body", {"body": sha256})))

    def refusal_of(self, sha256: str) -> str | None:
        """Return why a kept body is refused, None if it is not."""
        rows = self.db.query("select refused from readings where body = :body", {"body": sha256})
        return next((row["refused"] for row in rows), None)

    def newest(self) -> str:
        """Return the time of the newest run, empty if there is none."""
        (row,) = self.db.query("select coalesce(max(captured_at), '') as newest from runs")
        return str(row["newest"])

    def _page_numbers(self, slugs: Iterable[str]) -> dict[str, int]:
        """Return slug → number of these pages, numbering new ones."""
        known = {row["slug"]: row["number"] for row in self.db.query("select slug, number from pages")}
        new = sorted(set(slugs) - known.keys())
        rows = [{"slug": slug, "number": len(known) + n} for n, slug in enumerate(new)]
        if rows:
            self.db.table("pages").insert_all(rows)
        return known | {str(row["slug"]): int(str(row["number"])) for row in rows}

    def _log(
        self,
        run: dict[str, Any] | None,
        time: str,
        finished_at: str,
        complete: bool,
        pages: list[NewPage],
        kind: str,
        trouble: Trouble,
    ) -> tuple[int, int, dict[str, Capture]]:
        """Write an edition, or what extends one, into the log; return its run, the bytes kept, where they are from."""
        seen = {page.slug for page in pages}
        numbers = self._page_numbers(seen | trouble.failed.keys() | trouble.gone)
        if run is None:
            row = {
                "kind": kind,
                "captured_at": time,
                "finished_at": finished_at,
                "complete": complete,
                "sighted": _pack({numbers[slug] for slug in seen}),
            }
            number = int(self.db.table("runs").insert(row).last_pk or 0)
        else:
            number = run["id"]
            sighted = _pack(_unpack(run["sighted"]) | {numbers[slug] for slug in seen})
            now = {"sighted": sighted, "complete": bool(run["complete"]) or complete, "finished_at": finished_at}
            self.db.table("runs").update(number, now)
        before = self.captures_at(time)
        kept = sum(self._log_page(number, page, before, finished_at) for page in pages)
        self._log_trouble(number, time, trouble)
        return number, kept, _seen_again({page.slug: page.capture for page in pages}, before, time)

    def _log_page(self, run: int, page: NewPage, before: Mapping[str, Capture], at: str) -> int:
        last = before[page.slug].sha256 if page.slug in before else None
        if last == page.sha256:
            return 0
        self._pin_next(run, page.slug, last)
        kept = 0 if page.body is None else self.bodies.keep(page.sha256, page.body, page.slug, at)
        row = {
            "run": run, "page": page.slug, "body": page.sha256, "captured_at": page.captured_at, "source": page.source,
            "charset": page.charset,
        }  # fmt: skip
        self.db.table("captures").insert(row)
        return kept

    def _log_trouble(self, run: int, time: str, trouble: Trouble) -> None:
        common = {"run": run, "captured_at": time, "source": "", "body": None}
        rows = [
            {**common, "page": slug, "outcome": "failed", "failure": reason} for slug, reason in trouble.failed.items()
        ]
        rows += [{**common, "page": slug, "outcome": "gone", "failure": None} for slug in trouble.gone]
        if rows:
            self.db.table("captures").insert_all(rows)

    def _trouble_of(self, run: int) -> Trouble:
        rows = list(self.db.query("select page, outcome, failure from captures where run = :run", {"run": run}))
        return Trouble(
            {row["page"]: row["failure"] for row in rows if row["outcome"] == "failed"},
            frozenset(row["page"] for row in rows if row["outcome"] == "gone"),
        )

    def _pin_next(self, run: int, slug: str, body: str | None) -> None:
        """Before an edition is put between two, write out what the later one saw of the page as unchanged."""
        rows = list(
            self.db.query(
                """
                select later.id, later.sighted, captures.page as written, pages.number, last.source, later.captured_at
                from runs as this
                join runs as later on later.captured_at > this.captured_at
                join pages on pages.slug = :slug
                left join captures on captures.run = later.id and captures.page = :slug
                left join captures as last on last.page = :slug and last.body = :body
                where this.id = :run
                group by later.id
                order by later.captured_at
                """,
                {"run": run, "slug": slug, "body": body},
            )
        )
        for row in rows:
            if row["number"] in _unpack(row["sighted"]):
                if row["written"] is None and body is not None:
                    pinned = {"run": row["id"], "page": slug, "body": body}
                    pinned |= {"captured_at": row["captured_at"], "source": row["source"]}
                    self.db.table("captures").insert(pinned)
                return

    def take(
        self,
        pages: list[NewPage],
        *,
        time: str,
        complete: bool,
        finished_at: str,
        vocabulary: Vocabulary,
        guards: Guards,
        progress: "Progress",
        kind: str = "import",
        trouble: Trouble = Trouble(),
        keep: bool = True,
    ) -> Outcome:
        """Take an edition: log it, keep its bodies, derive what it means; one transaction.

        Args:
            pages: The pages that were read, or found unchanged.
            time: As of when.
            complete: Whether every page of the register was asked for.
            finished_at: When that was done.
            vocabulary: Known names.
            guards: What is believable.
            progress: Shows how far it is, if the history has to be derived again.
            kind: "import" or "run".
            trouble: Pages asked for in vain.
            keep: Without it all is taken back at the end, and only the outcome is left.

        Raises:
            EditionRefusedError: It has other bytes for a page that an edition of the same time has.
        """
        run = self.run_at(time)
        new = pages if run is None else self._further(run, pages)
        if run is not None and not new and (run["complete"] or not complete):
            return Outcome(run=run["id"], known=True, pages=len(pages))
        with self.writing(keep=keep):
            is_newest = time > self.newest() and self._is_current()
            number, kept, captures = self._log(run, time, finished_at, complete, new, kind, trouble)
            readings = Readings(self.db, self.states, reading_rules(vocabulary))
            for page in new:
                if page.reading is not None:
                    readings.keep(page.sha256, page.reading)
                if page.etag or page.last_modified:
                    self._keep_validators(page)
            if is_newest:
                report = self._derive_newest(number, readings, captures, vocabulary, guards)
            else:
                report = self._derive_all(readings, vocabulary, guards, progress)[number]
        return replace(report, pages=len(pages), kept_bytes=kept)

    def _further(self, run: Mapping[str, Any], pages: list[NewPage]) -> list[NewPage]:
        """Return the pages that extend an edition; refuse other bytes for what it has."""
        numbers = {row["slug"]: row["number"] for row in self.db.query("select slug, number from pages")}
        sighted, captures = _unpack(run["sighted"]), self.captures_at(run["captured_at"])
        there = {page.slug for page in pages if numbers.get(page.slug) in sighted}
        for page in pages:
            if page.slug in there and captures[page.slug].sha256 != page.sha256:
                raise EditionRefusedError(
                    f"{page.source}: other bytes than those kept for {page.slug} at {run['captured_at']}; "
                    "nothing was imported"
                )
        return [page for page in pages if page.slug not in there]

    # --- deriving -----------------------------------------------------------------------------------------------------

    def _is_current(self) -> bool:
        """Say whether everything derived so far was derived by today's rules."""
        rows = list(self.db.query("select rules from derivation"))
        return not rows or rows[0]["rules"] == _deriving_rules()

    def _derive_newest(
        self, run: int, readings: Readings, captures: Mapping[str, Capture], vocabulary: Vocabulary, guards: Guards
    ) -> Outcome:
        (row,) = self.db.query("select * from runs where id = :id", {"id": run})
        believed = {b["page"]: (b["body"], b["unsettled"]) for b in self.db.query("select * from beliefs")}
        known = {b["page"] for b in self.db.query("select page from beliefs where body is not null and not gone")}
        past = StoredPast(self.db, self.states)

        def is_quiet(slug: str) -> bool:
            return believed.get(slug) == (captures[slug].sha256, 0)

        edition, refused = self._edition(row, captures, readings, past, is_quiet, known)
        decision = decide(past, edition, vocabulary=vocabulary, guards=guards)
        History(self.db, self.states).write(edition, decision, captures, refused)
        self._note_rules()
        return Outcome(run=run, decision=decision, refused=refused, changed=len(edition.changed))

    def _derive_all(
        self, readings: Readings, vocabulary: Vocabulary, guards: Guards, progress: "Progress"
    ) -> dict[int, Outcome]:
        """Derive the whole history again; return what became of each run."""
        self._read_again(readings, vocabulary, progress)
        history = History(self.db, self.states)
        history.clear()
        past = Remembered()
        effective: dict[str, Capture] = {}
        slugs = {row["number"]: row["slug"] for row in self.db.query("select slug, number from pages")}
        outcomes = {}
        runs = list(self.db.query("select * from runs order by captured_at"))
        for row in runs:
            own = _seen_again(self._captures_of(row["id"]), effective, row["captured_at"])
            effective |= own
            seen = {
                slug: own.get(slug) or replace(effective[slug], captured_at=row["captured_at"])
                for slug in (slugs[number] for number in _unpack(row["sighted"]))
            }
            outcomes[row["id"]] = self._derive_one(row, seen, readings, past, history, vocabulary, guards)
        self._note_rules()
        return outcomes

    def _derive_one(
        self,
        row: Mapping[str, Any],
        seen: Mapping[str, Capture],
        readings: Readings,
        past: Remembered,
        history: History,
        vocabulary: Vocabulary,
        guards: Guards,
    ) -> Outcome:
        def is_quiet(slug: str) -> bool:
            page = past.page(slug)
            return page is not None and page.body == seen[slug].sha256 and not page.unsettled

        known = {slug for slug, page in past.pages.items() if page.body is not None and not page.gone}
        edition, refused = self._edition(row, seen, readings, past, is_quiet, known)
        if row["decision"] == "discarded":
            self.db.table("runs").update(row["id"], {"state": "discarded"})
            return Outcome(run=row["id"], refused=refused)
        trusted = row["decision"] == "released"
        decision = decide(past, edition, vocabulary=vocabulary, guards=guards, trusted=trusted)
        history.write(edition, decision, seen, refused)
        if decision.held is None:
            past.learn(decision.pages, decision.facts, complete=edition.complete)
        return Outcome(run=row["id"], decision=decision, refused=refused, changed=len(edition.changed))

    def _captures_of(self, run: int) -> dict[str, Capture]:
        rows = self.db.query("select * from captures where run = :run and body is not null", {"run": run})
        return {row["page"]: Capture(row["body"], row["source"], row["captured_at"]) for row in rows}

    def _edition(
        self,
        run: Mapping[str, Any],
        seen: Mapping[str, Capture],
        readings: Readings,
        past: Past,
        is_quiet: Callable[[str], bool],
        known: set[str],
    ) -> tuple[Edition, dict[str, str]]:
        """Return a run as the decider takes it, and why pages of it are refused."""
        trouble = self._trouble_of(run["id"])
        quiet = frozenset(slug for slug in seen if is_quiet(slug))
        read: dict[str, Sighting] = {}
        refused: dict[str, str] = dict(trouble.failed)
        for slug in sorted(seen.keys() - quiet):
            reading = readings.load(seen[slug].sha256, slug)
            reason = reading.refused or self._stops_short(slug, reading, readings, past)
            if reading.page is None or reason:
                refused[slug] = reason or "unreadable"
            else:
                read[slug] = Sighting(seen[slug].sha256, one_each(reading.page), _spelling(seen[slug].source))
        # A page that was refused is not missing.
        missing = known - seen.keys() - trouble.failed.keys() if run["complete"] else set[str]()
        edition = Edition(
            run=run["id"],
            time=run["captured_at"],
            complete=bool(run["complete"]),
            read=read,
            quiet=quiet,
            failed=frozenset(refused),
            absent=frozenset(missing | (trouble.gone & known)),
            changed=frozenset(s for s in read if (page := past.page(s)) is None or page.body != seen[s].sha256),
        )
        return edition, refused

    def _stops_short(self, slug: str, reading: Reading, readings: Readings, past: Past) -> str | None:
        """Say that a page lacks the `</html>` that its last snapshot had: it was cut off on its way."""
        if reading.closes is not False:
            return None
        page = past.page(slug)
        if page is None or page.body is None or not readings.load(page.body, slug).closes:
            return None
        return "the page stops before </html>, which its last snapshot had"

    def _note_rules(self) -> None:
        self.db.table("derivation").insert({"id": 1, "rules": _deriving_rules()}, replace=True)

    def _read_again(self, readings: Readings, vocabulary: Vocabulary, progress: "Progress") -> None:
        """Read the bodies that today's rules have not read."""
        unread = readings.unread()
        bodies = (Unread(sha256, slug, self.bodies.read(sha256), charset) for sha256, slug, charset in unread)
        for sha256, reading in progress(read_all(bodies, len(unread), vocabulary), len(unread), "reading"):
            readings.keep(sha256, reading)

    def reparse(self, *, vocabulary: Vocabulary, guards: Guards, progress: "Progress") -> dict[int, Outcome]:
        """Derive everything again by today's rules."""
        with self.writing():
            readings = Readings(self.db, self.states, reading_rules(vocabulary))
            return self._derive_all(readings, vocabulary, guards, progress)

    # --- an operator's decisions --------------------------------------------------------------------------------------

    def settle_held(
        self, run: int, decision: str, *, vocabulary: Vocabulary, guards: Guards, progress: "Progress"
    ) -> Outcome:
        """Release or discard the latest held run.

        Raises:
            StoreError: It is not the latest run, or not held.
        """
        rows = list(self.db.query("select * from runs order by captured_at desc"))
        found = next((row for row in rows if row["id"] == run), None)
        if found is None:
            raise StoreError(f"run {run} is not known")
        if found["state"] != "held":
            raise StoreError(f"run {run} is {found['state']}, not held")
        latest = next(row["id"] for row in rows if row["state"] == "held")
        if run != latest:
            raise StoreError(f"run {run} is not the latest held run: decide on run {latest} first")
        with self.writing():
            self.db.table("runs").update(run, {"decision": decision})
            readings = Readings(self.db, self.states, reading_rules(vocabulary))
            return self._derive_all(readings, vocabulary, guards, progress)[run]


Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Wraps an iterable of known length and shows how far it is, under a word."""


def no_progress(items: Iterable[Any], _length: int, _word: str) -> Iterable[Any]:
    """Show nothing."""
    return items


def _deriving_rules() -> str:
    return rules_of("scraper", "diff")


def _seen_again(captures: Mapping[str, Capture], before: Mapping[str, Capture], time: str) -> dict[str, Capture]:
    """Return *captures*; those whose bytes were there *before* are from where they first were, as of *time*.

    The log has no row for bytes seen again, so whatever is derived must not depend on where they were found again.
    """
    return {
        slug: replace(before[slug], captured_at=time)
        if slug in before and before[slug].sha256 == capture.sha256
        else capture
        for slug, capture in captures.items()
    }


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


def _pack(numbers: set[int]) -> bytes:
    """Return a set of small numbers as a compressed bitmap: a quiet night of 2,000 pages is a few dozen bytes."""
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return zlib.compress(bits.to_bytes((bits.bit_length() + 7) // 8, "little"), 9)


def _unpack(packed: bytes) -> set[int]:
    data = zlib.decompress(packed)
    return {8 * place + bit for place, byte in enumerate(data) for bit in range(8) if byte >> bit & 1}


def open_store(path: Path, *, create: bool = True) -> Store:
    """Open the database at *path*, migrating an older one.

    Raises:
        StoreError: There is none and none is to be made; it is not ours, of a newer program, damaged, or not
            writable. It is left as it was.
    """
    if not path.exists() and not create:
        raise StoreError(f"{path}: there is no database yet; start with `registerwatch import`")
    if path.is_dir():
        raise StoreError(f"{path}: is a folder, not a database")
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.parent}")
    try:
        if path.exists() and path.stat().st_size:
            _check_ours(path)
        return _opened(path)
    except (sqlite3.Error, PermissionError) as error:
        raise StoreError(explain(path, error)) from error


_DAMAGED = "is damaged; put back a backup, or import the saved pages into a new file"
_CLOSED = "cannot be used; make the file and its folder readable and writable, or name another with --db"
_REMEDIES = {
    "malformed": _DAMAGED,
    "not a database": _DAMAGED,
    "readonly": _CLOSED,
    "unable to open": _CLOSED,
    "Permission denied": _CLOSED,
    "locked": "is in use by another registerwatch; try again when it is done",
    "full": "the disk is full; make room and try again",
}


def explain(path: Path, error: Exception) -> str:
    """Return in one line what is wrong with the database, and what to do."""
    remedy = next((words for sign, words in _REMEDIES.items() if sign in str(error)), None)
    return f"{path}: {remedy} ({error})" if remedy else f"{path}: {error}"


def _check_ours(path: Path) -> None:
    """Refuse a file of another program or of a newer one, without touching it."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(b"SQLite format 3\0"):
        raise StoreError(f"{path}: is not a database of registerwatch; it is left as it is, name another with --db")
    foreign = f"{path}: is a database of another program; it is left as it is, name another with --db"
    if int.from_bytes(header[68:72], "big") not in (APPLICATION_ID, 0):
        raise StoreError(foreign)
    conn = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        # The file's own header lags behind where a killed program left a write-ahead log.
        (application,) = conn.execute("pragma application_id").fetchone()
        (tables,) = conn.execute("select count(*) from sqlite_master").fetchone()
        if application != APPLICATION_ID and tables:
            raise StoreError(foreign)
        applied = {name for (name,) in conn.execute("select name from _sqlite_migrations")} if tables else set()
    finally:
        conn.close()
    if newer := applied - known_names():
        raise StoreError(
            f"{path}: was written by a newer registerwatch ({', '.join(sorted(newer))}); update the program"
        )


def _opened(path: Path) -> Store:
    conn = sqlite3.connect(str(path), timeout=BUSY_S, isolation_level=None)
    db = Database(conn)
    try:
        db.execute("pragma foreign_keys = on")
        if not is_current(db):
            db.execute("pragma journal_mode = wal")
            migrate(db)
        db.execute("pragma synchronous = normal")
    except BaseException:
        conn.close()
        raise
    return Store(db, path)
