"""The chain of runs: what each write added to the run log, as a text that is hashed into the next one.

A manifest is one line of JSON: the run, its times, the pages whose bytes became known with their addresses and
checksums, those asked for in vain with the reason, and all pages seen as one checksum, so that a quiet night costs some
hundred bytes however many pages there are. It names the hash of the one before it: no earlier one can be altered
without altering every later one. A chain that only we hold proves nothing; its head, a number and a hash, goes out in
digests and stands beside the feeds, and whoever kept one can compare it (`verify.py`).
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from scraper.register import NHS_DATA_RELEASE
from snapshots.sql.rows import Database

OF_PAGES = f"runs.register = '{NHS_DATA_RELEASE.id}'"
"""Of the runs those over the pages: the editions of the official register stand beside them."""

# Written once a run and kept for ever: small matters more than fast.
LEVEL = 19

Row = Mapping[str, Any]
Fact = dict[str, Any]
"""What one row of the log says, in the words of a manifest."""


class Head(NamedTuple):
    """The end of the chain."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What a write added to the log, besides the row of its run."""

    pages: frozenset[str] = frozenset()
    """Slugs of the captures that it wrote."""
    answered: frozenset[str] = frozenset()
    """Slugs that the run had asked for in vain, and has now."""
    pinned: frozenset[tuple[int, str]] = frozenset()
    """Run and slug of captures written out for later runs, because this edition was put before them."""


def head(db: Database) -> Head | None:
    """Return number and hash of the last manifest; None before the first."""
    rows = db.query("select number, hash from manifests order by number desc limit 1")
    return next((Head(row["number"], row["hash"]) for row in rows), None)


def text_of(manifest: bytes) -> bytes:
    """Return the text of a manifest as it is kept; ZstdError if it is damaged."""
    import zstandard  # a question reads no manifest

    return zstandard.ZstdDecompressor().decompress(manifest)


def hash_of(text: bytes) -> str:
    """Return the hash of a manifest."""
    return hashlib.sha256(text).hexdigest()


def append_write(db: Database, run: int, added: Added, workbook: Fact | None = None) -> Head:
    """Append what a write added to the log of *run*; joins the transaction that is open.

    *workbook* is what is said of an edition of the official register: its file, and the rows of its agreements.
    """
    (row,) = db.query("select * from runs where id = :run", {"run": run})
    runs = {run, *(later for later, _ in added.pinned)}
    places = {(run, page) for page in added.pages} | added.pinned
    written = {number: [one for one in captures_of(db, number) if (number, one["page"]) in places] for number in runs}
    content = run_fact(row, keys_by_number(db)) | {"known": [capture_fact(one) for one in written[run]]}
    if workbook:
        content["workbook"] = workbook
    if added.answered:
        content["answered"] = sorted(added.answered)
    if added.pinned:
        later = sorted(runs - {run})
        content["pinned"] = [{"run": number, **capture_fact(one)} for number in later for one in written[number]]
    return _append(db, run, row["finished_at"], content)


def append_decision(db: Database, run: int, decision: str, at: str) -> Head:
    """Append an operator's decision on *run*; joins the transaction that is open."""
    return _append(db, run, at, {"decision": decision})


def append_note(db: Database, run: int, change: str, text: str, at: str) -> Head:
    """Append an operator's remark on a change, which *run* had shown; joins the transaction that is open."""
    return _append(db, run, at, {"note": {"change": change, "text": text}})


def begin_chain(db: Database) -> None:
    """Make the chain of a log that was written before there was one, and say so in each manifest."""
    # At this step of the schema there is one register, and a page's key is called its slug.
    slugs = {row["number"]: row["slug"] for row in db.query("select number, slug from pages")}
    runs = list(db.query("select * from runs order by id"))
    afterwards = {"made": "afterwards"}
    for row in runs:
        known = [capture_fact(one) for one in captures_of(db, row["id"])]
        _append(db, row["id"], row["finished_at"], run_fact(row, slugs) | {"known": known} | afterwards)
    last = max((row["finished_at"] for row in runs), default="")
    for row in runs:
        if row["decision"]:
            _append(db, row["id"], last, {"decision": row["decision"]} | afterwards)


def _append(db: Database, run: int, made_at: str, content: Fact) -> Head:
    import zstandard

    before = head(db)
    number = before.number + 1 if before else 1
    place = {"number": number, "previous": before.hash if before else None, "run": run, "made_at": made_at}
    text = json.dumps(content | place, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    compressed = zstandard.ZstdCompressor(level=LEVEL).compress(text)
    new = Head(number, hash_of(text))
    db.execute(
        """
        insert into manifests (number, run, made_at, hash, manifest)
        values (:number, :run, :made_at, :hash, :manifest)
        """,
        {"number": number, "run": run, "made_at": made_at, "hash": new.hash, "manifest": compressed},
    )
    return new


# --- what rows say ----------------------------------------------------------------------------------------------------


def keys_by_number(db: Database) -> dict[int, str]:
    """Return number → key of every page."""
    return {row["number"]: row["key"] for row in db.query("select number, key from pages")}


def captures_of(db: Database, run: int) -> list[dict[str, Any]]:
    """Return the captures of a run in order of their pages, each with its body's size and when that was kept."""
    return list(
        db.query(
            """
            select captures.*, bodies.size, bodies.kept_at
            from captures
            left join bodies on bodies.sha256 = captures.body
            where captures.run = :run
            order by captures.page
            """,
            {"run": run},
        )
    )


def run_fact(run: Row, slugs: Mapping[int, str]) -> Fact:
    """Return what a row of runs says; what is derived in it is left out.

    The pages seen are one checksum, over their slugs in order, each on a line.
    """
    # By slug and not by number: the numbers are of this file alone.
    seen = sorted(slugs.get(number, f"{number}?") for number in unpack(run["sighted"]))
    digest = hashlib.sha256("".join(f"{slug}\n" for slug in seen).encode()).hexdigest()
    return {
        "kind": run["kind"],
        "captured_at": run["captured_at"],
        "finished_at": run["finished_at"],
        "complete": bool(run["complete"]),
        "seen": {"pages": len(seen), "sha256": digest},
    }


def capture_fact(row: Row) -> Fact:
    """Return what a row of captures says; what it has not is left out."""
    headers = row.get("headers")
    fact = {
        "page": row["page"],
        "address": row["source"] or None,
        "captured_at": row["captured_at"],
        "sha256": row["body"],
        "size": row["size"],
        "kept_at": row["kept_at"],
        "charset": row["charset"],
        "headers_sha256": None if headers is None else hashlib.sha256(headers.encode()).hexdigest(),
        "outcome": None if row["outcome"] == "kept" else row["outcome"],
        "reason": row["failure"],
    }
    return {name: value for name, value in fact.items() if value is not None}


def pack(numbers: Iterable[int]) -> bytes:
    """Return a set of small numbers as a compressed bitmap: a quiet night of 2,000 pages is a few dozen bytes."""
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return zlib.compress(bits.to_bytes((bits.bit_length() + 7) // 8, "little"), 9)


def unpack(packed: bytes) -> set[int]:
    """Return the numbers of a bitmap."""
    data = zlib.decompress(packed)
    return {8 * place + bit for place, byte in enumerate(data) for bit in range(8) if byte >> bit & 1}
