"""Asking a web archive to save pages that changed: the interface of Save Page Now 2, and what became of each page.

A page is asked for, and is saved minutes later: what is under way when the time is over is looked at by the next run.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from scraper.errors import RegisterWatchError
from scraper.limits import (
    ARCHIVE_ANSWER,
    ARCHIVE_ATTEMPTS,
    ARCHIVE_DAYS,
    ARCHIVE_DEADLINE_S,
    ARCHIVE_FAILURES,
    ARCHIVE_TIMEOUT_S,
)
from scraper.text import cut, one_line
from scraper.times import as_text
from scraper.web.operator_service import LOOK_S, STOPPED, OperatorService, ServiceError, Stopped
from snapshots.sql.rows import Database

if TYPE_CHECKING:
    from scraper.web.transport import Response


class ArchiveError(RegisterWatchError):
    """The archive gives no answer that can be used; it may another time."""


class ArchiveBusyError(ArchiveError):
    """The archive asks to be left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCapture:
    """What an archive says of a page that it was asked to save."""

    address: str | None = None
    """Of the capture; None if it is under way still, or failed."""
    at: str | None = None
    failure: str | None = None


class SavePageNow:
    """An archive at *root* that speaks the interface of Save Page Now 2. Not for several threads.

    Args:
        root: Its address, `https://web.archive.org/`.
        agent: What we call ourselves.
        keys: Access key and secret of an account there, if there is one.
        interval_s: Seconds from one request to the next.
        stopped: Says whether the program was told to stop; then nothing is waited for any more.
    """

    def __init__(
        self,
        root: str,
        *,
        agent: str,
        keys: tuple[str, str] | None = None,
        interval_s: float,
        stopped: Stopped = lambda: False,
    ) -> None:
        self.root = root.rstrip("/")
        self._interval_s, self._stopped, self._next_at = interval_s, stopped, 0.0
        self._headers = {"Accept": "application/json", "User-Agent": agent}
        if keys:
            self._headers["Authorization"] = f"LOW {keys[0]}:{keys[1]}"
        self._service = OperatorService(
            timeout_s=ARCHIVE_TIMEOUT_S, deadline_s=ARCHIVE_DEADLINE_S, max_bytes=ARCHIVE_ANSWER, stopped=stopped
        )

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def ask_for(self, address: str) -> str:
        """Ask to have *address* saved; return what the archive calls that work.

        Raises:
            ArchiveError: It does not take it.
        """
        form = urlencode({"url": address, "skip_first_archive": "1"}).encode()
        answer = self._ask("/save", form)
        # With an account it answers JSON, without one a page that watches the job.
        found = _JOB.search(answer.body.decode("utf-8", "replace"))
        if found is None:
            said = _said(answer)
            busy = any(word in said for word in _BUSY)
            raise (ArchiveBusyError if busy else ArchiveError)(said or "it names no job")
        return found[0]

    def look_at(self, job: str, address: str) -> ArchiveCapture:
        """Return what became of a job.

        Raises:
            ArchiveError: It does not say.
        """
        answer = self._ask(f"/save/status/{quote(job, safe='')}")
        try:
            said = json.loads(answer.body)
            status = said["status"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ArchiveError("what it says of a page is not to be read") from error
        if status == "pending":
            return ArchiveCapture()
        moment = str(said.get("timestamp", ""))
        if status == "success" and (at := _time_of(moment)):
            return ArchiveCapture(address=f"{self.root}/web/{moment}/{address}", at=at)
        failure = cut(one_line(str(said.get("status_ext") or said.get("message") or status)), 200)
        return ArchiveCapture(failure=failure)

    def greet(self) -> str:
        """Return what the archive says of itself; nothing is asked of it.

        Raises:
            ArchiveError: It gives no answer.
        """
        return _said(self._ask("/save/status/system")) or "it answers"

    def _wait(self) -> None:
        """Wait until it may be asked again.

        Raises:
            ArchiveError: The program was told to stop before.
        """
        while (left := self._next_at - time.monotonic()) > 0:
            if self._stopped():
                raise ArchiveError(STOPPED)
            time.sleep(min(left, LOOK_S))

    def _ask(self, path: str, form: bytes | None = None) -> "Response":
        self._wait()
        self._next_at = time.monotonic() + self._interval_s
        headers = self._headers | ({} if form is None else {"Content-Type": "application/x-www-form-urlencoded"})
        try:
            answer = self._service.ask(f"{self.root}{path}", headers, form)
        except ServiceError as error:
            raise ArchiveError(str(error)) from error
        if answer.status == 429 or answer.status == 503:
            raise ArchiveBusyError(f"it answered {answer.status}: it asks to be left alone")
        if answer.status in (401, 403):
            raise ArchiveBusyError(f"it answered {answer.status}: the keys are not taken, or it wants some")
        if answer.status != 200:
            raise ArchiveError(f"it answered {answer.status}")
        return answer


_JOB = re.compile(r"spn2-[0-9A-Za-z-]{8,100}")
_BUSY = ("limit", "too-many", "too many", "wait")
"""Words of its refusals that are about us and not about the page."""


def _said(answer: "Response") -> str:
    """Return the words of an answer, whatever it is."""
    text = answer.body.decode("utf-8", "replace")
    try:
        said = json.loads(text)
        text = str(said.get("message") or said.get("status_ext") or said.get("status") or "")
    except (ValueError, AttributeError, RecursionError):
        text = ""
    return cut(one_line(text), 200)


def _time_of(moment: str) -> str | None:
    """Return a time as archives write it as we do; None if it is none.

    >>> _time_of("20261128031700"), _time_of("soon")
    ('2026-11-28T03:17:00Z', None)
    """
    if not re.fullmatch(r"\d{14}", moment):
        return None
    try:
        return as_text(datetime.strptime(moment, "%Y%m%d%H%M%S").replace(tzinfo=UTC))
    except ValueError:
        return None


# --- which pages, and what became of them -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PageToSave:
    """A page that is to be saved, or is being saved."""

    page: str
    body: str
    address: str
    job: str | None


def pages_to_save(db: Database, now: datetime) -> list[PageToSave]:
    """Return the pages that changed lately and are as they were kept, as far as they are not saved; jobs first."""
    # Not what changed long ago, when nobody was asked; and not what changed since: another page would be saved.
    rows = db.query(
        """
        with latest as (select page, max(id) as id from snapshots where not stale group by page)
        select snapshots.page, snapshots.body, snapshots.source as address, archived_pages.job
        from latest
        join snapshots on snapshots.id = latest.id
        join pages on pages.key = snapshots.page and pages.standing
        join runs on runs.id = snapshots.run and runs.kind = 'run'
        left join archived_pages on archived_pages.page = snapshots.page and archived_pages.body = snapshots.body
        where snapshots.first_seen >= :since and snapshots.source like 'http%'
          and snapshots.first_seen > (select min(captured_at) from runs where state = 'committed')
          and archived_pages.capture is null and coalesce(archived_pages.attempts, 0) < :attempts
        order by archived_pages.job is null, coalesce(archived_pages.attempts, 0), snapshots.first_seen, snapshots.page
        """,
        {"since": as_text(now - timedelta(days=ARCHIVE_DAYS)), "attempts": ARCHIVE_ATTEMPTS},
    )
    return [PageToSave(**row) for row in rows]


def note_asked(db: Database, one: PageToSave, job: str, at: str) -> None:
    """Keep that the archive was asked, so that the next run knows of the job."""
    db.execute(
        """
        insert into archived_pages (page, body, address, asked_at, job)
        values (:page, :body, :address, :at, :job)
        on conflict (page, body) do update set asked_at = excluded.asked_at, job = excluded.job
        """,
        {"page": one.page, "body": one.body, "address": one.address, "at": at, "job": job},
    )


def note_outcome(db: Database, one: PageToSave, found: ArchiveCapture) -> None:
    """Keep the address of a capture, or why there is none."""
    db.execute(
        """
        update archived_pages
        set job = null, capture = :capture, captured_at = :at, failure = :failure,
          attempts = attempts + (:failure is not null)
        where page = :page and body = :body
        """,
        {"page": one.page, "body": one.body, "capture": found.address, "at": found.at, "failure": found.failure},
    )


def captures_by_archive(db: Database, bodies: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return SHA-256 → address and time of an archive's capture, of those bodies that have one."""
    rows = db.query(
        """
        select body, capture, captured_at
        from archived_pages
        where capture is not null and body in (select value from json_each(:bodies))
        order by captured_at desc
        """,
        {"bodies": json.dumps(list(bodies))},
    )
    return {row["body"]: (row["capture"], row["captured_at"]) for row in rows}


def flaws_of_archived(db: Database) -> Iterator[str]:
    """Yield which captures are not of the page and the time that stand beside them."""
    rows = db.query(
        """
        select archived_pages.*, exists (
          select 1
          from captures
          where captures.page = archived_pages.page and captures.body = archived_pages.body
            and captures.source = archived_pages.address
        ) as is_known
        from archived_pages
        order by page, body
        """
    )
    for row in rows:
        moment = re.sub(r"\D", "", row["captured_at"] or "")
        fits = row["capture"] is None or row["capture"].endswith(f"/web/{moment}/{row['address']}")
        if not (fits and row["is_known"]):
            yield f"archived_pages, page {cut(one_line(row['page']), 60)}: it is not the page or the time beside it"


# --- one after the other ----------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Archived:
    """What became of the pages that were to be saved."""

    saved: int = 0
    left: int = 0
    """That wait for the next run."""
    failed: int = 0
    stopped: str | None = None
    """Why the archive was left alone before the end."""


def save_pages(
    db: Database,
    archive: SavePageNow,
    *,
    at_most: int,
    seconds: float,
    now: Callable[[], datetime],
    told_to_stop: Stopped = lambda: False,
) -> Archived:
    """Have pages saved: ask for each, then look at each until it is there; what is left is for the next run.

    Args:
        db: The database.
        archive: Who is asked.
        at_most: Pages that are asked for.
        seconds: How long it may take in all.
        now: Says what time it is.
        told_to_stop: Asked between two requests.
    """
    end = time.monotonic() + seconds
    saving = _Saving(db, archive, now, lambda: time.monotonic() >= end or told_to_stop())
    saving.ask(_at_most(pages_to_save(db, now()), at_most))
    saving.look()
    saving.done.left = len(pages_to_save(db, now()))
    return saving.done


@dataclass(slots=True)
class _Saving:
    """Pages being saved: what became of them so far, and the jobs that are open."""

    db: Database
    archive: SavePageNow
    now: Callable[[], datetime]
    is_over: Callable[[], bool]
    done: Archived = field(default_factory=Archived)
    jobs: list[PageToSave] = field(default_factory=list)

    def ask(self, wanted: Iterable[PageToSave]) -> None:
        """Ask for each page of which no job is open, until the archive is busy or fails too often."""
        failures: list[str] = []  # since one was taken
        for one in wanted:
            if self.done.stopped is not None or self.is_over():
                break
            if one.job:
                self.jobs.append(one)
                continue
            try:
                job = self.archive.ask_for(one.address)
            except ArchiveBusyError as error:
                self.done.stopped = str(error)
            except ArchiveError as error:
                failures.append(str(error))
                self.done.stopped = str(error) if len(failures) >= ARCHIVE_FAILURES else None
            else:
                failures.clear()
                note_asked(self.db, one, job, as_text(self.now()))
                self.jobs.append(PageToSave(page=one.page, body=one.body, address=one.address, job=job))
        if failures and self.done.stopped is None:
            self.done.stopped = failures[-1]

    def look(self) -> None:
        """Look at each open job, one after the other and again, until each is done or the time is over."""
        while self.jobs and not self.is_over():
            one = self.jobs.pop(0)
            try:
                found = self.archive.look_at(one.job or "", one.address)
            except ArchiveError as error:
                self.done.stopped = str(error)
                return
            if found == ArchiveCapture():
                self.jobs.append(one)
                continue
            note_outcome(self.db, one, found)
            self.done.saved += found.address is not None
            self.done.failed += found.failure is not None


def _at_most(wanted: Iterable[PageToSave], at_most: int) -> Iterator[PageToSave]:
    """Yield what is under way already, and so many more."""
    asked = 0
    for one in wanted:
        asked += one.job is None
        if asked > at_most:
            return
        yield one
