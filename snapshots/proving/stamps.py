"""Time stamps of the chain's heads: asked for, kept, looked for, checked again."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scraper.limits import LARGEST_STAMP, MOST_CLOCKS_DIFFER_S, STAMP_DEADLINE_S, STAMP_TIMEOUT_S
from scraper.web.operator_service import OperatorService, ServiceError, Stopped
from snapshots.keeping.chain import Head, text_of
from snapshots.keeping.database import insert
from snapshots.proving.tokens import (
    NoLibraryError,
    StampedHash,
    StampError,
    in_pieces,
    question_about,
    read_stamp,
    too_far,
)
from snapshots.sql.rows import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStamp:
    """A time stamp as it is kept."""

    number: int
    """Of the head that is stamped."""
    authority: str
    stamped_at: str
    signer: str
    response: bytes
    sha256: str
    """Of the response."""
    certificates: str


def ask_authority(
    authority: str,
    text: bytes,
    hash_: str,
    *,
    now: datetime,
    agent: str,
    trusted: Sequence[str] = (),
    stopped: Stopped | None = None,
) -> StampedHash:
    """Have an authority stamp the SHA-256 of a manifest's *text*; within a bounded time, whatever it sends.

    Args:
        authority: Its address.
        text: The manifest.
        hash_: Its SHA-256.
        now: What time it is: an authority that says another time is not believed.
        agent: What we call ourselves.
        trusted: Certificates of authorities, PEM.
        stopped: Says whether the program was told to stop; then no answer is waited for.

    Raises:
        StampError: There is no time stamp, or none that holds.
    """
    question = question_about(text)
    service = OperatorService(
        timeout_s=STAMP_TIMEOUT_S, deadline_s=STAMP_DEADLINE_S, max_bytes=LARGEST_STAMP, stopped=stopped
    )
    headers = {
        "Content-Type": "application/timestamp-query",
        "Accept": "application/timestamp-reply",
        "User-Agent": agent,
    }
    try:
        answer = service.ask(authority, headers, question.request)
    except ServiceError as error:
        raise StampError(str(error)) from error
    finally:
        service.close()
    if answer.status != 200:
        raise StampError(f"it answered {answer.status}")
    stamp = read_stamp(answer.body, hash_, trusted, question.nonce)
    if too_far(stamp.at, now, MOST_CLOCKS_DIFFER_S):
        raise StampError(f"it says that it is {stamp.at}, and that is not so here")
    return stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadToWitness:
    """The head of the chain, for others to hold."""

    head: Head
    made_at: str
    text: bytes
    """Of its manifest: what is stamped."""
    missing: Sequence[str]
    """The authorities that have not stamped it."""


def head_to_witness(db: Database, authorities: Sequence[str]) -> HeadToWitness | None:
    """Return the head of the chain, and which of the *authorities* have not stamped it; None without a chain."""
    rows = list(db.query("select * from manifests order by number desc limit 1"))
    if not rows:
        return None
    (row,) = rows
    stamped = db.query("select authority from time_stamps where number = :number", {"number": row["number"]})
    have = {one["authority"] for one in stamped}
    return HeadToWitness(
        head=Head(row["number"], row["hash"]),
        made_at=row["made_at"],
        text=text_of(row["manifest"]),
        missing=[one for one in authorities if one not in have],
    )


def keep_stamp(db: Database, number: int, authority: str, stamp: StampedHash) -> None:
    """Keep a time stamp of the head of this number; in a transaction of its own, or the one that is open."""
    row = {
        "number": number,
        "authority": authority,
        "stamped_at": stamp.at,
        "signer": stamp.signer,
        "response": stamp.response,
        "sha256": hashlib.sha256(stamp.response).hexdigest(),
        "certificates": stamp.certificates,
    }
    insert(db, "time_stamps", row, verb="insert or ignore")


def manifest_of(db: Database, run: int) -> int | None:
    """Return the number of the last manifest that says what a *run* read; None if there is none."""
    rows = db.query("select number, manifest from manifests where run = :run order by number desc", {"run": run})
    # Those after it are decisions and remarks.
    return next((row["number"] for row in rows if "known" in json.loads(text_of(row["manifest"]))), None)


def stamps_from(db: Database, number: int) -> list[TimeStamp]:
    """Return the time stamps of the first head from *number* on that has any: they cover what that manifest says."""
    rows = db.query(
        """
        select *
        from time_stamps
        where number = (select min(number) from time_stamps where number >= :number)
        order by stamped_at, authority
        """,
        {"number": number},
    )
    return [_stamp(row) for row in rows]


def _stamp(row: dict[str, Any]) -> TimeStamp:
    return TimeStamp(**row)


def flaws_of_stamps(db: Database) -> Iterator[tuple[int, str | None]]:
    """Yield of each time stamp its number, and why it does not hold or is not what stands beside it, if so.

    Raises:
        NoLibraryError: There are some, and what reads them is not installed.
    """
    rows = db.query(
        """
        select time_stamps.*, manifests.hash
        from time_stamps
        left join manifests on manifests.number = time_stamps.number
        order by time_stamps.number, authority
        """
    )
    for row in rows:
        what = _flaw(row)
        yield row["number"], what and f"the time stamp by {row['authority']}: {what}"


def _flaw(row: dict[str, Any]) -> str | None:
    if row["hash"] is None:
        return "the manifest that it stamps is missing"
    if hashlib.sha256(row["response"]).hexdigest() != row["sha256"]:
        return "its bytes are not what they were"
    try:
        found = read_stamp(bytes(row["response"]), row["hash"], in_pieces(row["certificates"])[-1:])
    except NoLibraryError:
        raise
    except StampError as error:
        return f"it does not hold: {error}"
    for name, value in (("stamped_at", found.at), ("signer", found.signer), ("certificates", found.certificates)):
        if row[name] != value:
            return f"its {name} is not what it says"
    return None


def count_stamps(db: Database) -> int:
    """Return how many time stamps are kept."""
    (row,) = db.query("select count(*) as n from time_stamps")
    return int(row["n"])
