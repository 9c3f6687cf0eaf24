"""The run log: which pages a run saw, and where their bytes changed. It is the truth that the history is derived from.

A run notes the pages it saw as one compressed bitmap, and a row only for pages whose bytes differ from the capture
before, so that a quiet night costs a few dozen bytes. Writes join the transaction that is open.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from scraper.errors import RegisterWatchError
from scraper.times import as_text, read_time
from snapshots.keeping.bodies import Bodies, Headers, headers_as_kept
from snapshots.keeping.chain import Added, append_write, pack, unpack
from snapshots.keeping.database import insert
from snapshots.keeping.history import Capture
from snapshots.keeping.readings import Reading
from snapshots.sources.placing import Seen

NOT_ASKED = "not asked"
"""How the reason begins where a run did not even ask for a page."""


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
    headers: Headers = ()
    """What the server sent with these bytes, as it sent it."""
    is_capture: bool = False
    """One of many times, and its own is kept even where its bytes were there before."""

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


class RunLog:
    """The tables `runs`, `captures` and `validators`, and the numbers of pages."""

    def __init__(self, db: Database, bodies: Bodies) -> None:
        self.db = db
        self.bodies = bodies

    def run_at(self, time: str) -> dict[str, Any] | None:
        """Return the run captured at *time*, if there is one."""
        return next(iter(self.db.query("select * from runs where captured_at = :time", {"time": time})), None)

    def run_times(self) -> list[str]:
        """Return the times of all runs, oldest first."""
        return [row["captured_at"] for row in self.db.query("select captured_at from runs order by captured_at")]

    def last_run_time(self) -> datetime | None:
        """Return when the last run over the register began; imports do not count."""
        (row,) = self.db.query("select max(captured_at) as at from runs where kind = 'run'")
        return read_time(row["at"]) if row["at"] else None

    def note_attempt(self, at: datetime, reason: str) -> None:
        """Keep that a run failed before it had an edition, and why; in a transaction of its own."""
        values = {"at": as_text(at), "reason": reason}
        self.db.execute("insert into attempts (at, reason) values (:at, :reason)", values)

    def forget_attempts(self) -> None:
        """Forget the failed ones, because a run came through; in a transaction of its own."""
        if failed_attempts(self.db):
            self.db.execute("delete from attempts")

    def newest(self) -> str:
        """Return the time of the newest run, empty if there is none."""
        (row,) = self.db.query("select coalesce(max(captured_at), '') as newest from runs")
        return str(row["newest"])

    def is_read(self, sha256: str) -> bool:
        """Say whether this body is kept and read."""
        return bool(list(self.db.query("select 1 from readings where body = :body", {"body": sha256})))

    def read_bodies(self) -> dict[str, str | None]:
        """Return SHA-256 → why it is refused, or None, of every body that is kept and read."""
        return {row["body"]: row["refused"] for row in self.db.query("select body, refused from readings")}

    def failed_last(self) -> set[str]:
        """Return the slugs of the pages that the newest run asked for and got no whole answer."""
        rows = self.db.query(
            """
            select captures.page
            from captures
            where captures.outcome = 'failed' and captures.failure not like :not_asked || '%'
              and captures.run = (select id from runs order by captured_at desc limit 1)
            """,
            {"not_asked": NOT_ASKED},
        )
        return {row["page"] for row in rows}

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

    def sightings(self, days: Collection[str]) -> dict[tuple[str, str], list[Seen]]:
        """Return (slug, day) → the captures that runs of these days (UTC) saw; of one seen unchanged the run's time."""
        found: dict[tuple[str, str], list[Seen]] = defaultdict(list)
        for run in list(self.db.query("select * from runs order by captured_at")):
            time = run["captured_at"]
            if time[:10] not in days:
                continue
            own, slugs = self.captures_of(run["id"]), self.sighted(run)
            before = self.captures_at(time) if own.keys() < set(slugs) else {}
            for slug in slugs:
                capture = own.get(slug) or replace(before[slug], captured_at=time)
                found[slug, time[:10]].append(Seen(capture.captured_at, capture.sha256, time))
        return found

    def captures_of(self, run: int) -> dict[str, Capture]:
        """Return slug → the bytes that a run found to differ from the capture before."""
        rows = self.db.query("select * from captures where run = :run and body is not null", {"run": run})
        return {row["page"]: Capture(row["body"], row["source"], row["captured_at"]) for row in rows}

    def trouble_of(self, run: int) -> Trouble:
        """Return the pages that a run asked for in vain."""
        rows = list(self.db.query("select page, outcome, failure from captures where run = :run", {"run": run}))
        return Trouble(
            {row["page"]: row["failure"] for row in rows if row["outcome"] == "failed"},
            frozenset(row["page"] for row in rows if row["outcome"] == "gone"),
        )

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

    def keep_validators(self, page: NewPage) -> None:
        """Keep what the server gave with these bytes, to ask by next time."""
        row = {"page": page.slug, "body": page.sha256, "etag": page.etag, "last_modified": page.last_modified}
        insert(self.db, "validators", row, verb="replace")

    def further(self, run: Mapping[str, Any], pages: list[NewPage], trouble: Trouble) -> tuple[list[NewPage], Trouble]:
        """Return the pages, and the trouble, that extend an edition; refuse other bytes for what it has."""
        numbers = {row["slug"]: row["number"] for row in self.db.query("select slug, number from pages")}
        sighted, captures = unpack(run["sighted"]), self.captures_at(run["captured_at"])
        there = {slug for slug, number in numbers.items() if number in sighted}
        for page in pages:
            if page.slug in there and captures[page.slug].sha256 != page.sha256:
                raise EditionRefusedError(
                    f"{page.source}: other bytes than those kept for {page.slug} at {run['captured_at']}; "
                    "nothing was imported"
                )
        for slug in sorted(there & trouble.failed.keys()):
            raise EditionRefusedError(
                f"{slug}: {trouble.failed[slug]}, and the page kept at {run['captured_at']} is whole; "
                "nothing was imported"
            )
        known = self.trouble_of(run["id"])
        failed = {slug: reason for slug, reason in trouble.failed.items() if slug not in known.failed}
        return [page for page in pages if page.slug not in there], Trouble(failed, trouble.gone - known.gone)

    def refusals_of(self, run: int) -> dict[str, str]:
        """Return slug → reason of the pages that a run could not read or believe."""
        rows = self.db.query("select page, reason from refusals where run = :run order by page", {"run": run})
        return {row["page"]: row["reason"] for row in rows}

    def write(
        self,
        run: dict[str, Any] | None,
        time: str,
        finished_at: str,
        complete: bool,
        pages: list[NewPage],
        kind: str,
        trouble: Trouble,
    ) -> tuple[int, int, dict[str, Capture]]:
        """Write an edition, or what extends one, into the log and the chain; return its run, the bytes kept, whence."""
        seen = {page.slug for page in pages}
        numbers = self._page_numbers(seen | trouble.failed.keys() | trouble.gone)
        answered: frozenset[str] = frozenset()
        if run is None:
            row = {
                "kind": kind,
                "captured_at": time,
                "finished_at": finished_at,
                "complete": complete,
                "sighted": pack({numbers[slug] for slug in seen}),
            }
            number = insert(self.db, "runs", row)
        else:
            number = run["id"]
            sighted = pack(unpack(run["sighted"]) | {numbers[slug] for slug in seen})
            now = {"sighted": sighted, "complete": bool(run["complete"]) or complete, "finished_at": finished_at}
            self.db.table("runs").update(number, now)
            answered = self._forget_trouble(number, seen)
        before = self.captures_at(time)
        new = [page for page in pages if page.slug not in before or before[page.slug].sha256 != page.sha256]
        pinned = [self._pin_next(number, page.slug, before.get(page.slug)) for page in new]
        logged = new + [page for page in pages if page.is_capture and page.slug not in {one.slug for one in new}]
        kept = sum(self._log_page(number, page, finished_at) for page in logged)
        self._log_trouble(number, time, trouble)
        added = Added(
            pages=frozenset({page.slug for page in logged} | trouble.failed.keys() | trouble.gone),
            answered=answered,
            pinned=frozenset(place for place in pinned if place),
        )
        append_write(self.db, number, added)
        return number, kept, seen_again({page.slug: page.capture for page in pages}, before, time)

    def _log_page(self, run: int, page: NewPage, at: str) -> int:
        kept = 0 if page.body is None else self.bodies.keep(page.sha256, page.body, page.slug, at)
        row = {
            "run": run, "page": page.slug, "body": page.sha256, "captured_at": page.captured_at, "source": page.source,
            "charset": page.charset, "headers": headers_as_kept(page.headers),
        }  # fmt: skip
        insert(self.db, "captures", row)
        return kept

    def _log_trouble(self, run: int, time: str, trouble: Trouble) -> None:
        common = {"run": run, "captured_at": time, "source": "", "body": None}
        rows = [
            {**common, "page": slug, "outcome": "failed", "failure": reason} for slug, reason in trouble.failed.items()
        ]
        rows += [{**common, "page": slug, "outcome": "gone", "failure": None} for slug in trouble.gone]
        if rows:
            self.db.table("captures").insert_all(rows)

    def _forget_trouble(self, run: int, slugs: Iterable[str]) -> frozenset[str]:
        """Forget that a run asked for pages in vain, now that it has them; return these pages."""
        trouble = self.trouble_of(run)
        answered = frozenset((trouble.failed.keys() | trouble.gone) & set(slugs))
        for slug in answered:
            row = {"run": run, "slug": slug}
            self.db.execute("delete from captures where run = :run and page = :slug and body is null", row)
        return answered

    def _page_numbers(self, slugs: Iterable[str]) -> dict[str, int]:
        """Return slug → number of these pages, numbering new ones."""
        known = {row["slug"]: row["number"] for row in self.db.query("select slug, number from pages")}
        new = sorted(set(slugs) - known.keys())
        rows = [{"slug": slug, "number": len(known) + n} for n, slug in enumerate(new)]
        if rows:
            self.db.table("pages").insert_all(rows)
        return known | {str(row["slug"]): int(str(row["number"])) for row in rows}

    def _pin_next(self, run: int, slug: str, last: Capture | None) -> tuple[int, str] | None:
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
            if row["number"] in unpack(row["sighted"]):
                if row["written"] is None and body is not None:
                    pinned = {"run": row["id"], "page": slug, "body": body}
                    pinned |= {"captured_at": row["captured_at"], "source": row["source"]}
                    insert(self.db, "captures", pinned)
                    return row["id"], slug
                return None
        return None

    def sighted(self, run: Mapping[str, Any]) -> list[str]:
        """Return the slugs of the pages that *run*, a row of `runs`, saw."""
        slugs = {row["number"]: row["slug"] for row in self.db.query("select slug, number from pages")}
        return [slugs[number] for number in unpack(run["sighted"])]


def seen_again(captures: Mapping[str, Capture], before: Mapping[str, Capture], time: str) -> dict[str, Capture]:
    """Return *captures*; those whose bytes were there *before* are from where they first were, as of *time*.

    The log has no row for bytes seen again, so whatever is derived must not depend on where they were found again.
    """
    return {
        slug: replace(before[slug], captured_at=time)
        if slug in before and before[slug].sha256 == capture.sha256
        else capture
        for slug, capture in captures.items()
    }


def failed_attempts(db: Database) -> dict[str, Any] | None:
    """Return how many runs in a row have failed, since when, and the last one's time and reason; None if none has."""
    rows = list(db.query("select at, reason from attempts order by rowid"))
    if not rows:
        return None
    return {"times": len(rows), "since": rows[0]["at"], "at": rows[-1]["at"], "reason": rows[-1]["reason"]}
