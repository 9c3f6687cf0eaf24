"""A kept page: its text, its source, and what differs from another one. Shown, never executed, nothing fetched.

Whoever needs the bytes themselves saves them as a file that no browser opens as a page.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from diff.names import slug_name
from diff.saying.english import clock, day, plural
from scraper.text import cut, one_line
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    BadAddressError,
    MovedError,
    NotThereError,
    PageFile,
    PageRequest,
    PageRoute,
    Reader,
    Row,
)
from snapshots.browse.parts.kept_text import (
    Kept,
    PageLine,
    ShownLines,
    kept_as,
    kept_of_page,
    side_by_side,
    source_of,
    text_of,
)
from snapshots.keeping.bodies import Bodies

SHORTEST = 8
"""Digits of a checksum that are enough to ask by."""


def snapshot(request: PageRequest) -> Mapping[str, Any]:
    """Return the page of a kept page."""
    sha256 = _sha256(request, request.path["sha256"])
    if sha256 != request.path["sha256"]:
        raise MovedError(addresses.with_query(addresses.snapshot(sha256), _query(request)))
    capture = _capture(request, sha256)
    body = Bodies(request.reader.db).read(sha256)
    as_source = request.words.one("as") == "source"
    kept = kept_as(request.reader, request.site, sha256)
    lines = _lines(body, capture["charset"], as_source)
    other = _other(request, sha256)
    name = one_line(capture["organisation"])
    around = _around(request, kept)
    return {
        "title": cut(f"{name}: page kept {day(capture['captured_at'])}", 200),
        "description": f"What the page of {name} said on {day(capture['captured_at'])}: "
        f"{plural(len(body), 'byte')}, SHA-256 {sha256[:16]}…",
        "canonical": addresses.snapshot(sha256),
        "sha256": sha256,
        "size": len(body),
        "capture": capture,
        "headers": [(one_line(name), one_line(value)) for name, value in json.loads(capture["headers"] or "[]")],
        "kept": kept,
        "refusals": _refusals(request.reader, sha256),
        "reading": _reading(request.reader, sha256),
        "as_source": as_source,
        "lines": lines,
        "other": other,
        "rows": _compared(request.reader, other, lines.lines, as_source) if other else [],
        "words": _side_names(other, capture) if other else ("", ""),
        "newer": around[0],
        "older": around[1],
        "raw": f"{addresses.snapshot(sha256)}.txt",
        "raw_name": _file_name(capture["page"], sha256),
        "addressed": lambda **given: addresses.with_query(addresses.snapshot(sha256), _query(request, **given)),
    }


def raw(request: PageRequest) -> PageFile:
    """Return the bytes of a kept page as a file of plain text, whatever they are."""
    sha256 = _sha256(request, request.path["sha256"])
    capture = _capture(request, sha256)
    body = Bodies(request.reader.db).read(sha256)
    return PageFile(body=body, content_type="text/plain; charset=utf-8", name=_file_name(capture["page"], sha256))


def _file_name(page: str, sha256: str) -> str:
    return f"{slug_name(page)}-{sha256[:16]}.txt"


def _query(request: PageRequest, **given: str) -> list[tuple[str, str]]:
    return [(name, given.get(name, request.words.one(name))) for name in ("with", "as")]


def _sha256(request: PageRequest, digits: str) -> str:
    """Return the checksum that begins with *digits*.

    Raises:
        NotThereError: No kept page, or more than one, has it.
    """
    wanted = digits.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST},64}}", wanted):
        raise NotThereError(
            f"“{cut(one_line(digits), 70)}” is no checksum of a kept page: that has {SHORTEST} to 64 digits of SHA-256."
        )
    rows = request.reader.rows(
        "select sha256 from bodies where sha256 >= :low and sha256 <= :high limit 2",
        {"low": wanted, "high": wanted + "g"},
    )
    if len(rows) != 1:
        what = "More than one kept page has" if rows else "No kept page has"
        raise NotThereError(f"{what} a checksum that begins with {wanted}.")
    return str(rows[0]["sha256"])


def _capture(request: PageRequest, sha256: str) -> Row:
    """Return how the bytes first came, with the page that they are of.

    Raises:
        NotThereError: No run had these bytes: they were kept by one that was killed. Or, to the public, no run believed
            them.
    """
    believed = "select 1 from snapshots where body = :sha256 limit 1"
    if request.site.public and request.reader.row(believed, {"sha256": sha256}) is None:
        raise NotThereError("These bytes are kept, but no run believed them: they are not shown here.")
    row = request.reader.row(
        """
        select captures.page, coalesce(pages.organisation, pages.key) as organisation, captures.captured_at,
          captures.source, captures.charset, captures.headers, captures.run, runs.kind as run_kind, runs.state
        from captures
        join pages on pages.key = captures.page
        join runs on runs.id = captures.run
        where captures.body = :sha256
        order by captures.captured_at, captures.run
        limit 1
        """,
        {"sha256": sha256},
    )
    if row is None:
        raise NotThereError("These bytes are kept, but belong to no run: the one that fetched them did not finish.")
    return row


def _lines(body: bytes, charset: str | None, as_source: bool) -> ShownLines:
    return source_of(body, charset) if as_source else text_of(body, charset)


def _refusals(reader: Reader, sha256: str) -> list[Row]:
    """Return the runs that had these bytes and did not believe them."""
    return reader.rows(
        """
        select refusals.run, refusals.page, refusals.reason, runs.captured_at, runs.kind
        from captures
        join refusals on refusals.run = captures.run and refusals.page = captures.page
        join runs on runs.id = refusals.run
        where captures.body = :sha256
        order by runs.captured_at
        """,
        {"sha256": sha256},
    )


def _reading(reader: Reader, sha256: str) -> Mapping[str, Any]:
    """Return what the reader of pages makes of the bytes."""
    row = reader.row(
        "select layout, refused, flags, notices, states from readings where body = :id",
        {"id": sha256},
    )
    if row is None:
        return {"layout": None, "refused": "not read yet", "agreements": [], "flags": [], "notices": []}
    agreements = reader.rows(
        """
        select states.reference, states.title
        from json_each(:states) as printed
        join states on states.id = printed.value
        order by printed.key
        """,
        {"states": row["states"] or "[]"},
    )
    return {
        "layout": row["layout"],
        "refused": row["refused"],
        "agreements": agreements,
        "flags": [one_line(text) for text in json.loads(row["flags"] or "[]")],
        "notices": [one_line(text) for text in json.loads(row["notices"] or "[]")],
    }


def _around(request: PageRequest, kept: Sequence[Kept]) -> tuple[Kept | None, Kept | None]:
    """Return the kept states of the page just after and just before this one."""
    if not kept:
        return None, None
    own = kept[-1]
    # A stale copy is no state of its page, but beside another stale one it has a place.
    all_of_page = [one for one in kept_of_page(request.reader, request.site, own.page) if not one.stale or own.stale]
    later = [one for one in all_of_page if one.first_seen > own.first_seen and one.sha256 != own.sha256]
    earlier = [one for one in all_of_page if one.first_seen < own.first_seen and one.sha256 != own.sha256]
    return (later[-1] if later else None), (earlier[0] if earlier else None)


# --- two of them ------------------------------------------------------------------------------------------------------


def _other(request: PageRequest, sha256: str) -> Row | None:
    """Return the capture of the page that this one is to be compared with, if one is asked for."""
    typed = request.words.one("with")
    if not typed:
        return None
    other = _sha256(request, typed)
    if other == sha256:
        raise BadAddressError("A kept page has nothing in it that differs from itself.")
    return {**_capture(request, other), "sha256": other}


def _compared(reader: Reader, other: Row, lines: Sequence[PageLine], as_source: bool) -> Sequence[Any]:
    theirs = _lines(Bodies(reader.db).read(other["sha256"]), other["charset"], as_source)
    return side_by_side(theirs.lines, lines)


def _side_names(other: Row, own: Row) -> tuple[str, str]:
    """Return what the two sides are called: by their days, or where that says nothing by their times."""
    times = other["captured_at"], own["captured_at"]
    days = [day(time) for time in times]
    if days[0] == days[1]:
        days = [f"{date}, {clock(time)} UTC" for date, time in zip(days, times, strict=True)]
    return days[0], days[1]


ROUTES = (
    PageRoute("/snapshots/{sha256}.txt", raw, needs_pages=True),
    PageRoute("/snapshots/{sha256}", snapshot, "snapshot.html", needs_pages=True),
)
