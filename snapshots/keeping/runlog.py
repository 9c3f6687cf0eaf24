"""The run log: which pages a run saw, and where their bytes changed. It is the truth that the history is derived from.

Writes join the transaction that is open.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from scraper.errors import RegisterWatchError
from scraper.register import NHS_DATA_RELEASE, register_and_slug
from scraper.times import as_text, read_time
from snapshots.keeping.bodies import Bodies, Headers, headers_as_kept
from snapshots.keeping.chain import OF_PAGES, Added, append_write, keys_by_number, pack, unpack
from snapshots.keeping.database import insert, update
from snapshots.sql.rows import Database

if TYPE_CHECKING:  # what reads pages is not loaded by those who ask the log
    from snapshots.keeping.readings import Reading

NOT_ASKED = "not asked"
"""How the reason begins where a run did not even ask for a page."""


class EditionRefusedError(RegisterWatchError):
    """An edition contradicts what is kept; nothing of it is taken."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the bytes of a page in a run came from."""

    sha256: str
    source: str
    captured_at: str


@dataclass(frozen=True, slots=True)
class Capture:
    """A page as it was caught at a time, on its way into the database."""

    slug: str
    sha256: str
    source: str
    captured_at: str
    body: bytes | Callable[[], bytes | None] | None = None
    """The bytes, or what gives them where they wait elsewhere; None where these bytes are kept already."""
    reading: "Reading | Callable[[], Reading | None] | None" = None
    """What was read in them, in the same way; None where these bytes were read already."""
    charset: str | None = None
    """What the server declared."""
    etag: str | None = None
    last_modified: str | None = None
    headers: Headers = ()
    """What the server sent with these bytes, as it sent it."""
    keeps_time: bool = False
    """Whether its own time is kept even where the page had these bytes before."""

    @property
    def origin(self) -> Origin:
        """Return where these bytes came from."""
        return Origin(self.sha256, self.source, self.captured_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEdition:
    """An edition that is to be taken: the pages that were read or found unchanged, and those asked for in vain."""

    captures: list[Capture]
    time: str
    """As of when."""
    finished_at: str
    complete: bool = False
    """Whether every page of the register was asked for."""
    kind: str = "import"
    """Or "run"."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Slug → reason, of pages that gave no answer or no whole one."""
    gone: frozenset[str] = frozenset()
    """Slugs of which the server says that there is no such page."""

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing in it."""
        return not (self.captures or self.failed or self.gone)


@dataclass(frozen=True, slots=True, order=True)
class KeptCapture:
    """A capture of a page that is kept, and the time of the edition it is kept in."""

    at: str
    sha256: str
    edition: str


class RunLog:
    """The tables `runs`, `captures` and `validators`, and the numbers of pages."""

    def __init__(self, db: Database, bodies: Bodies) -> None:
        self.db = db
        self.bodies = bodies

    def run_at(self, time: str) -> dict[str, Any] | None:
        """Return the run captured at *time*, if there is one."""
        sql = f"select * from runs where captured_at = :time and {OF_PAGES}"
        return next(iter(self.db.query(sql, {"time": time})), None)

    def run_times(self) -> list[str]:
        """Return the times of all runs, oldest first."""
        rows = self.db.query(f"select captured_at from runs where {OF_PAGES} order by captured_at")
        return [row["captured_at"] for row in rows]

    def note_attempt(self, at: datetime, reason: str) -> None:
        """Keep that a run failed before it had an edition, and why; in a transaction of its own."""
        values = {"at": as_text(at), "reason": reason}
        self.db.execute("insert into attempts (at, reason) values (:at, :reason)", values)

    def forget_attempts(self) -> None:
        """Forget the failed ones, because a run came through: in the transaction that commits it."""
        self.db.execute("delete from attempts")

    def note_feeds_failed(self, at: datetime, reason: str) -> None:
        """Keep that the feeds could not be written, and why; in a transaction of its own."""
        values = {"at": as_text(at), "reason": reason}
        self.db.execute("insert into feeds_failed (at, reason) values (:at, :reason)", values)

    def note_inbox(self, refused: Mapping[str, str], at: datetime) -> None:
        """Keep which workbooks in the inbox of the official register are refused, and why; forget all others.

        In a transaction of its own.
        """
        kept = {row["name"]: row for row in self.db.query("select * from official_inbox")}
        if not (kept or refused):
            return
        with self.db.together():
            self.db.execute("delete from official_inbox")
            for name, reason in refused.items():
                since = kept[name]["since"] if name in kept else as_text(at)
                insert(self.db, "official_inbox", {"name": name, "reason": reason, "since": since})

    def forget_feeds_failed(self) -> None:
        """Forget that they could not, because they are written; in a transaction of its own."""
        if failed_feeds(self.db):
            self.db.execute("delete from feeds_failed")

    def newest(self) -> str:
        """Return the time of the newest run, empty if there is none."""
        (row,) = self.db.query(f"select coalesce(max(captured_at), '') as newest from runs where {OF_PAGES}")
        return str(row["newest"])

    def pages_listed(self, made_of: str) -> dict[str, str] | None:
        """Return slug → address of the pages that the index named *made_of* lists; None if another was read last."""
        rows = self.db.query("select * from listed_pages where made_of = :made_of", {"made_of": made_of})
        found = next((row["pages"] for row in rows if row["sha256"] == _checksum(made_of, row["pages"])), None)
        return None if found is None else dict(json.loads(found))

    def keep_pages_listed(self, made_of: str, pages: Mapping[str, str]) -> None:
        """Keep what the index named *made_of* lists, in place of what the one before it did."""
        listed = json.dumps(list(pages.items()))
        row = {"made_of": made_of, "pages": listed, "sha256": _checksum(made_of, listed)}
        self.db.execute("delete from listed_pages")
        insert(self.db, "listed_pages", row)

    def is_read(self, sha256: str) -> bool:
        """Say whether this body is kept and read."""
        return bool(list(self.db.query("select 1 from readings where body = :body", {"body": sha256})))

    def read_bodies(self) -> dict[str, str | None]:
        """Return SHA-256 → why it is refused, or None, of every body that is kept and read."""
        return {row["body"]: row["refused"] for row in self.db.query("select body, refused from readings")}

    def failed_last(self) -> set[str]:
        """Return the slugs of the pages that the newest run asked for and got no whole answer."""
        rows = self.db.query(
            f"""
            select captures.page
            from captures
            where captures.outcome = 'failed' and captures.failure not like :not_asked || '%'
              and captures.run = (select id from runs where {OF_PAGES} order by captured_at desc limit 1)
            """,
            {"not_asked": NOT_ASKED},
        )
        return {row["page"] for row in rows}

    def standing_pages(self) -> list[str]:
        """Return the slugs of all pages that are believed to stand, or were never read."""
        rows = self.db.query(
            f"""
            select pages.key as slug
            from pages
            left join beliefs on beliefs.page = pages.key
            where not coalesce(beliefs.gone, 0) and pages.register = '{NHS_DATA_RELEASE.id}'
            order by pages.key
            """
        )
        return [row["slug"] for row in rows]

    def origins_at(self, time: str, slugs: Collection[str] | None = None) -> dict[str, Origin]:
        """Return slug → the bytes each page had at its last capture up to *time*; of some pages only, if given."""
        of_these = "" if slugs is None else "and captures.page in (select value from json_each(:slugs))"
        # Beside a `max` SQLite takes the other columns from the row that has it; no other database promises that.
        rows = self.db.query(
            f"""
            select captures.page, captures.body, captures.source, captures.captured_at, max(runs.captured_at) as at
            from captures
            join runs on runs.id = captures.run
            where runs.captured_at <= :time and captures.body is not null {of_these}
            group by captures.page
            """,
            {"time": time, "slugs": json.dumps(sorted(slugs or ()))},
        )
        return {row["page"]: Origin(row["body"], row["source"], row["captured_at"]) for row in rows}

    def sightings(self, days: Collection[str]) -> dict[tuple[str, str], list[KeptCapture]]:
        """Return (slug, day) → the captures that runs of these days (UTC) saw; of one seen unchanged the run's time."""
        found: dict[tuple[str, str], list[KeptCapture]] = defaultdict(list)
        for run in list(self.db.query(f"select * from runs where {OF_PAGES} order by captured_at")):
            time = run["captured_at"]
            if time[:10] not in days:
                continue
            # A page without a row of its own was seen unchanged, at the time of the run.
            own, slugs = self.origins_of(run["id"]), self.sighted(run)
            before = self.origins_at(time) if own.keys() < set(slugs) else {}
            for slug in slugs:
                origin = own.get(slug) or replace(before[slug], captured_at=time)
                found[slug, time[:10]].append(KeptCapture(origin.captured_at, origin.sha256, time))
        return found

    def origins_of(self, run: int) -> dict[str, Origin]:
        """Return slug → the bytes that a run found to differ from the capture before."""
        rows = self.db.query("select * from captures where run = :run and body is not null", {"run": run})
        return {row["page"]: Origin(row["body"], row["source"], row["captured_at"]) for row in rows}

    def asked_in_vain(self, run: int) -> tuple[dict[str, str], frozenset[str]]:
        """Return slug → reason of the pages that gave a run no whole answer, and the slugs of those that were gone."""
        rows = list(self.db.query("select page, outcome, failure from captures where run = :run", {"run": run}))
        failed = {row["page"]: row["failure"] for row in rows if row["outcome"] == "failed"}
        return failed, frozenset(row["page"] for row in rows if row["outcome"] == "gone")

    def validators(self) -> dict[str, tuple[str, str | None, str | None]]:
        """Return slug → (SHA-256, ETag, Last-Modified) of the pages whose last answer is the one that is believed."""
        # Not of a page that was not understood, or of a held run: a 304 would hide that page for good (rule 2).
        rows = self.db.query(
            """
            select validators.page, validators.body, validators.etag, validators.last_modified
            from validators
            join beliefs on beliefs.page = validators.page and beliefs.body = validators.body
            """
        )
        return {row["page"]: (row["body"], row["etag"], row["last_modified"]) for row in rows}

    def keep_validators(self, capture: Capture) -> None:
        """Keep what the server gave with these bytes, to ask by next time."""
        row = {
            "page": capture.slug,
            "body": capture.sha256,
            "etag": capture.etag,
            "last_modified": capture.last_modified,
        }
        insert(self.db, "validators", row, verb="replace")

    def further(self, run: Mapping[str, Any], edition: NewEdition) -> NewEdition:
        """Return what of *edition* extends *run*, the row of an equal time; refuse other bytes for what it has."""
        numbers = {row["key"]: row["number"] for row in self.db.query("select key, number from pages")}
        sighted, kept = unpack(run["sighted"]), self.origins_at(run["captured_at"])
        there = {slug for slug, number in numbers.items() if number in sighted}
        for capture in edition.captures:
            if capture.slug in there and kept[capture.slug].sha256 != capture.sha256:
                raise EditionRefusedError(
                    f"{capture.source}: other bytes than those kept for {capture.slug} at {run['captured_at']}; "
                    "nothing was imported"
                )
        for slug in sorted(there & edition.failed.keys()):
            raise EditionRefusedError(
                f"{slug}: {edition.failed[slug]}, and the page kept at {run['captured_at']} is whole; "
                "nothing was imported"
            )
        failed, gone = self.asked_in_vain(run["id"])
        return replace(
            edition,
            captures=[capture for capture in edition.captures if capture.slug not in there],
            failed={slug: reason for slug, reason in edition.failed.items() if slug not in failed},
            gone=edition.gone - gone,
        )

    def refusals_of(self, run: int) -> dict[str, str]:
        """Return slug → reason of the pages that a run could not read or believe."""
        rows = self.db.query("select page, reason from refusals where run = :run order by page", {"run": run})
        return {row["page"]: row["reason"] for row in rows}

    def write(self, run: dict[str, Any] | None, edition: NewEdition) -> tuple[int, int, dict[str, Origin]]:
        """Write an edition, or what extends *run*, into the log and the chain.

        Returns:
            Its run, how many bytes are kept of its bodies, and slug → where the bytes of each page came from.
        """
        # The pages that a run saw are one compressed bitmap, and only those whose bytes differ from the capture before
        # have a row: a quiet night costs a few dozen bytes.
        seen = {capture.slug for capture in edition.captures}
        in_vain = edition.failed.keys() | edition.gone
        numbers = self.number_pages(seen | in_vain)
        answered: frozenset[str] = frozenset()
        if run is None:
            self._refuse_taken(edition.time)
            row = {
                "kind": edition.kind,
                "captured_at": edition.time,
                "finished_at": edition.finished_at,
                "complete": edition.complete,
                "sighted": pack({numbers[slug] for slug in seen}),
            }
            number = insert(self.db, "runs", row)
        else:
            number = run["id"]
            now = {
                "sighted": pack(unpack(run["sighted"]) | {numbers[slug] for slug in seen}),
                "complete": bool(run["complete"]) or edition.complete,
                "finished_at": edition.finished_at,
            }
            update(self.db, "runs", {"id": number}, now)
            answered = self._forget_asked_in_vain(number, seen)
        before = self.origins_at(edition.time)
        new = [one for one in edition.captures if one.slug not in before or before[one.slug].sha256 != one.sha256]
        pinned = [self._pin_next(number, one.slug, before.get(one.slug)) for one in new]
        slugs = {one.slug for one in new}
        # A capture of the past keeps its row where its bytes are known: its own time is what it proves.
        logged = new + [one for one in edition.captures if one.keeps_time and one.slug not in slugs]
        kept = sum(self._log_capture(number, one, edition.finished_at) for one in logged)
        self._log_asked_in_vain(number, edition)
        added = Added(
            pages=frozenset({one.slug for one in logged} | in_vain),
            answered=answered,
            pinned=frozenset(place for place in pinned if place),
        )
        append_write(self.db, number, added)
        return number, kept, seen_again({one.slug: one.origin for one in edition.captures}, before, edition.time)

    def free_time(self, time: str) -> str:
        """Return *time*, or the first second after it of which there is no run of any register."""
        while list(self.db.query("select 1 from runs where captured_at = :time", {"time": time})):
            time = as_text(read_time(time) + timedelta(seconds=1))
        return time

    def _refuse_taken(self, time: str) -> None:
        # An edition of the official register is as of noon of a day, and no time is given twice.
        if self.free_time(time) != time:
            raise EditionRefusedError(f"{time} is the time of an edition of the official register: give another one")

    def _log_capture(self, run: int, capture: Capture, at: str) -> int:
        body = capture.body() if callable(capture.body) else capture.body
        kept = 0 if body is None else self.bodies.keep(capture.sha256, body, capture.slug, at)
        row = {
            "run": run,
            "page": capture.slug,
            "body": capture.sha256,
            "captured_at": capture.captured_at,
            "source": capture.source,
            "charset": capture.charset,
            "headers": headers_as_kept(capture.headers),
        }
        insert(self.db, "captures", row)
        return kept

    def _log_asked_in_vain(self, run: int, edition: NewEdition) -> None:
        common = {"run": run, "captured_at": edition.time, "source": "", "body": None}
        rows = [
            {**common, "page": slug, "outcome": "failed", "failure": reason} for slug, reason in edition.failed.items()
        ]
        rows += [{**common, "page": slug, "outcome": "gone", "failure": None} for slug in edition.gone]
        for row in rows:
            insert(self.db, "captures", row)

    def _forget_asked_in_vain(self, run: int, slugs: Iterable[str]) -> frozenset[str]:
        """Forget that a run asked for pages in vain, now that it has them; return these pages."""
        failed, gone = self.asked_in_vain(run)
        answered = frozenset((failed.keys() | gone) & set(slugs))
        for slug in answered:
            row = {"run": run, "slug": slug}
            self.db.execute("delete from captures where run = :run and page = :slug and body is null", row)
        return answered

    def number_pages(self, slugs: Iterable[str]) -> dict[str, int]:
        """Return slug → number of these pages, numbering new ones."""
        known = {row["key"]: row["number"] for row in self.db.query("select key, number from pages")}
        # Never given twice: they are the places in the bitmaps of all runs.
        new = sorted(set(slugs) - known.keys())
        numbers = {key: len(known) + n for n, key in enumerate(new)}
        for key, number in numbers.items():
            register, slug = register_and_slug(key)
            insert(self.db, "pages", {"key": key, "register": register, "slug": slug, "number": number})
        return known | numbers

    def _pin_next(self, run: int, slug: str, last: Origin | None) -> tuple[int, str] | None:
        """Before an edition is put between two, write out what the later one saw of the page as unchanged.

        Returns:
            Run and slug of the row that was written, if one was.
        """
        body = last.sha256 if last else None
        rows = list(
            self.db.query(
                """
                select later.id, later.sighted, captures.page as written, pages.number, last.source, later.captured_at
                from runs as this
                join runs as later on later.captured_at > this.captured_at
                join pages on pages.key = :slug
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
            # The first later run that saw the page: without a row, "as before" would now mean the new edition's bytes.
            if row["number"] in unpack(row["sighted"]):
                if row["written"] is None and body is not None:
                    pinned = {"run": row["id"], "page": slug, "body": body}
                    pinned |= {"captured_at": row["captured_at"], "source": row["source"]}
                    insert(self.db, "captures", pinned)
                    return row["id"], slug
                return None
        return None

    def seen_before(self, time: str, days: int, slugs: Collection[str]) -> frozenset[str]:
        """Return those of *slugs* that runs of the last *days* before *time* saw, whatever became of these runs."""
        numbers = {number: slug for number, slug in keys_by_number(self.db).items() if slug in slugs}
        seen: set[int] = set()
        rows = self.db.query(
            f"""
            select sighted from runs
            where captured_at > :since and captured_at < :time and {OF_PAGES}
            order by captured_at desc
            """,
            {"since": as_text(read_time(time) - timedelta(days=days)), "time": time},
        )
        for row in rows:
            seen |= unpack(row["sighted"])
            if numbers.keys() <= seen:  # most nights the run before saw all of them
                break
        return frozenset(numbers[number] for number in seen & numbers.keys())

    def sighted(self, run: Mapping[str, Any]) -> list[str]:
        """Return the slugs of the pages that *run*, a row of `runs`, saw."""
        slugs = keys_by_number(self.db)
        return [slugs[number] for number in unpack(run["sighted"])]


def seen_again(origins: Mapping[str, Origin], before: Mapping[str, Origin], time: str) -> dict[str, Origin]:
    """Return *origins*; those whose bytes were there *before* are from where they first were, as of *time*."""
    # The log has no row for bytes seen again, so whatever is derived must not depend on where they were found again.
    return {
        slug: replace(before[slug], captured_at=time)
        if slug in before and before[slug].sha256 == origin.sha256
        else origin
        for slug, origin in origins.items()
    }


def last_run_time(db: Database) -> datetime | None:
    """Return when the last run over the register began; imports do not count."""
    (row,) = db.query("select max(captured_at) as at from runs where kind = 'run'")
    return read_time(row["at"]) if row["at"] else None


def failed_attempts(db: Database) -> dict[str, Any] | None:
    """Return how many runs in a row have failed, since when, and the last one's time and reason; None if none has."""
    return _failed_in_a_row(db.query("select at, reason from attempts order by rowid"))


def failed_feeds(db: Database) -> dict[str, Any] | None:
    """Return the same of the feeds: how often in a row they could not be written."""
    return _failed_in_a_row(db.query("select at, reason from feeds_failed order by rowid"))


def _failed_in_a_row(failures: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    rows = list(failures)
    if not rows:
        return None
    return {"times": len(rows), "since": rows[0]["at"], "at": rows[-1]["at"], "reason": rows[-1]["reason"]}


def _checksum(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
