"""Evidence of one change, for somebody who trusts nobody and has nothing but `sha256sum` and `openssl`.

Gathered here: the kept pages behind it, the manifests from each page to the next time stamp, the stamps with their
certificates. `bundle.py` writes them into a zip, `wacz.py` into a web archive.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import zstandard

from diff.change import Change
from scraper.errors import RegisterWatchError
from scraper.limits import MOST_PAGES_OF_EVIDENCE
from snapshots.keeping.bodies import Bodies
from snapshots.keeping.chain import head, text_of
from snapshots.proving.saving import captures_by_archive
from snapshots.proving.stamps import TimeStamp, stamps_from
from snapshots.sql.rows import Database


class EvidenceError(RegisterWatchError):
    """There is no evidence of a change, or too much of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvidence:
    """A kept page behind a change, and how it is proved."""

    side: str
    """before or after."""
    page: str
    address: str
    captured_at: str
    first_seen: str | None
    last_seen: str | None
    """When these bytes were seen on the page; None of a page that no run believed."""
    sha256: str
    body: bytes
    headers: str | None
    """As they are kept, JSON; None of a saved page. The manifest has their SHA-256."""
    manifest: int
    """Number of the manifest that names these bytes."""
    archived: tuple[str, str] | None
    """Address and time of a web archive's capture, which was asked for when these bytes were new."""
    stamped: int | None
    """Number of the first manifest from that one on that is time-stamped; None if none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOfChange:
    """All that proves a change."""

    change: Change
    members: Sequence[Change]
    pages: Sequence[KeptEvidence]
    manifests: Mapping[int, bytes]
    """Number → text, in order."""
    stamps: Sequence[TimeStamp]


def gather_evidence(db: Database, bodies: Bodies, change: Change, members: Sequence[Change] = ()) -> ProofOfChange:
    """Return what proves a *change*, of a group with its *members*.

    Raises:
        EvidenceError: No kept page stands behind it, or more than a person can look at.
    """
    wanted = dict.fromkeys(_pages_of(members or [change]))
    if not wanted:
        raise EvidenceError(f"no kept page stands behind the change {change.id}, so there is nothing to prove it by")
    if len(wanted) > MOST_PAGES_OF_EVIDENCE:
        raise EvidenceError(
            f"{len(wanted):,} kept pages stand behind the change {change.id}; ask for one of its members"
        )
    pages = [_kept(db, bodies, side, page, sha256, change.first_seen) for side, page, sha256 in wanted]
    last = head(db)
    assert last is not None  # there are pages, so there is a log
    spans = [(page.manifest, page.stamped or last.number) for page in pages]
    stamps = {stamp.number: stamps_from(db, stamp.number) for page in pages for stamp in stamps_from(db, page.manifest)}
    return ProofOfChange(
        change=change,
        members=members,
        pages=pages,
        manifests=_manifests(db, {number for first, end in spans for number in range(first, end + 1)}),
        stamps=[stamp for number in sorted(stamps) for stamp in stamps[number]],
    )


def _pages_of(changes: Iterable[Change]) -> Iterator[tuple[str, str, str]]:
    """Yield side, page and checksum of the pages behind changes."""
    for change in changes:
        for side, sha256 in (("before", change.snapshot_before), ("after", change.snapshot_after)):
            if sha256 and change.page:
                yield side, change.page, sha256


def _kept(db: Database, bodies: Bodies, side: str, page: str, sha256: str, seen: str) -> KeptEvidence:
    values = {"page": page, "body": sha256, "seen": seen}
    # The reading that was told: these bytes may have stood there before, on another page, or come back since. An
    # agreement that moved stood on another page before.
    rows = db.query(
        """
        select captures.*
        from captures
        join runs on runs.id = captures.run
        where captures.body = :body
        order by captures.page <> :page, runs.captured_at > :seen,
          abs(julianday(runs.captured_at) - julianday(:seen))
        limit 1
        """,
        values,
    )
    (row,) = rows
    periods = db.query(
        """
        select first_seen, last_seen
        from snapshots
        where page = :page and body = :body
        order by first_seen > :seen, first_seen desc
        limit 1
        """,
        values | {"page": row["page"]},
    )
    period = next(iter(periods), {"first_seen": None, "last_seen": None})
    manifest = _manifest_naming(db, row["run"], row["page"], sha256)
    stamps = stamps_from(db, manifest)
    return KeptEvidence(
        side=side,
        page=row["page"],
        address=row["source"],
        captured_at=row["captured_at"],
        first_seen=period["first_seen"],
        last_seen=period["last_seen"],
        sha256=sha256,
        body=_body(bodies, sha256),
        headers=row["headers"],
        manifest=manifest,
        archived=captures_by_archive(db, [sha256]).get(sha256),
        stamped=stamps[0].number if stamps else None,
    )


def _body(bodies: Bodies, sha256: str) -> bytes:
    """Return a body that is what its checksum says: what is handed on as evidence is looked at first."""
    try:
        body = bodies.read(sha256)
    except (zstandard.ZstdError, KeyError, ValueError) as error:
        raise EvidenceError(f"the bytes of {sha256} cannot be read; see registerwatch verify") from error
    if hashlib.sha256(body).hexdigest() != sha256:
        raise EvidenceError(f"the bytes of {sha256} are not those of their checksum; see registerwatch verify")
    return body


def _manifest_naming(db: Database, run: int, page: str, sha256: str) -> int:
    """Return the number of the manifest that says that a run read these bytes of a page."""
    # That of the run itself; or, where an edition was put before it later, that of this edition.
    for sql in ("select * from manifests where run = :run order by number", "select * from manifests order by number"):
        for row in db.query(sql, {"run": run} if ":run" in sql else {}):
            said = json.loads(text_of(row["manifest"]))
            own = [fact for fact in said.get("known", ()) if said["run"] == run]
            pinned = [fact for fact in said.get("pinned", ()) if fact["run"] == run]
            if any((fact["page"], fact.get("sha256")) == (page, sha256) for fact in (*own, *pinned)):
                return int(row["number"])
    raise EvidenceError(f"no manifest names the page {page} with the checksum {sha256}; see registerwatch verify")


def _manifests(db: Database, numbers: set[int]) -> dict[int, bytes]:
    rows: Iterable[Mapping[str, Any]] = db.query(
        """
        select number, manifest
        from manifests
        where number in (select value from json_each(:numbers))
        order by number
        """,
        {"numbers": json.dumps(sorted(numbers))},
    )
    return {row["number"]: text_of(row["manifest"]) for row in rows}
