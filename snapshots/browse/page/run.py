"""Runs: when the register was read, what came of it, and the link of the chain that each of them made."""

import json
from collections.abc import Mapping
from typing import Any

import zstandard

from diff.cells import escaped
from diff.kinds import ChangeKind
from diff.saying.english import clock, day, plural
from scraper.errors import RegisterWatchError
from scraper.text import cut, one_line
from snapshots.asking.changes import ChangeFilter
from snapshots.browse.app import addresses
from snapshots.browse.app.request import BadAddressError, NotThereError, PageFile, PageRequest, PageRoute, Reader, Row
from snapshots.browse.parts.rows import by_organisation, change_rows
from snapshots.keeping.chain import text_of

RUNS = 100
"""Runs on one page of their list."""
CHANGES = 200
"""Changes on one page of a run."""
FAILED = 200
"""Failing pages that are named on a page."""
CHANGED = 60
"""Changed pages that are named on a page."""
LONGEST_MANIFEST = 20_000
"""Characters of a manifest that is shown on the page itself."""


class DamagedError(RegisterWatchError):
    """A manifest cannot be read."""


# --- all of them ------------------------------------------------------------------------------------------------------


def runs(request: PageRequest) -> Mapping[str, Any]:
    """Return the list of runs, newest first."""
    before = request.words.number("before")
    at = request.reader.value("select captured_at from runs where id = :id", {"id": before}) if before else None
    if before and at is None:
        raise BadAddressError(f"There is no run {before}.")
    rows = request.reader.rows(
        """
        select runs.*, coalesce(told.changes, 0) as changes
        from page_runs as runs
        left join (
          select run, count(*) as changes
          from changes
          where member_of is null and substantive and not withdrawn
          group by run
        ) as told on told.run = runs.id
        where :before is null or captured_at < :before
        order by captured_at desc
        limit :most
        """,
        {"before": at, "most": RUNS + 1},
    )
    (facts,) = request.reader.rows(
        """
        select count(*) as runs, sum(state = 'held') as held, sum(kind = 'import') as editions,
          min(captured_at) as first, max(captured_at) as last
        from page_runs
        """
    )
    shown, older = rows[:RUNS], rows[RUNS:]
    return {
        "title": f"Runs before {day(at)}" if at else "Runs",
        "description": "Every reading of the register: what was read, what changed, what failed.",
        "canonical": "/runs" if not before else f"/runs?before={before}",
        "lead": _lead(facts),
        "rows": [_listed(run) for run in shown],
        "newer": {"words": "Back to the newest", "address": "/runs"} if before else None,
        "older": {"words": "Earlier runs", "address": f"/runs?before={shown[-1]['id']}"} if older else None,
    }


def _lead(facts: Row) -> str:
    if not facts["runs"]:
        return "Nothing has been read yet."
    what = plural(facts["runs"], "reading")
    editions = f", of these {plural(facts['editions'], 'imported edition')}" if facts["editions"] else ""
    held = f" {plural(facts['held'], 'is held', 'are held')} and told to nobody." if facts["held"] else ""
    return f"{what} of the register{editions}, {day(facts['first'])} to {day(facts['last'])}.{held}"


def _listed(run: Row) -> list[Any]:
    name = f"{_kind(run).capitalize()} {run['id']}"
    when = f"{day(run['captured_at'])}, {clock(run['captured_at'])}"
    figures = [f"{run[name]:,}" for name in ("pages_read", "pages_changed", "pages_failed", "changes")]
    return [(name, addresses.run(run["id"])), when, _STATES[run["state"]], *figures]


_STATES = {"committed": "counts", "held": "held", "superseded": "superseded", "discarded": "discarded"}


def _kind(run: Row) -> str:
    return "run" if run["kind"] == "run" else "edition"


# --- one of them ------------------------------------------------------------------------------------------------------


def run(request: PageRequest) -> Mapping[str, Any]:
    """Return what the page of a run shows."""
    reader = request.reader
    found = _run(request)
    number = found["id"]
    kinds = _kinds(reader, number)
    ids = _ids(reader, number)
    start = request.words.number("from") or 0
    if start and start >= len(ids):
        raise BadAddressError(f"This {_kind(found)} has {plural(len(ids), 'change')}; there is none after {start:,}.")
    shown = reader.answers.changes.find(ChangeFilter(ids=ids[start : start + CHANGES], editorial=True))
    failed = reader.rows(
        """
        select refusals.page, pages.organisation, refusals.reason
        from refusals
        join pages on pages.key = refusals.page
        where refusals.run = :run
        order by refusals.page
        limit :most
        """,
        {"run": number, "most": FAILED},
    )
    what, left = _kind(found), len(ids) - start - CHANGES
    return {
        "title": f"{what.capitalize()} {number}, {day(found['captured_at'])}",
        "description": _description(found, len(ids)),
        "run": found,
        "what": what,
        "facts": _facts(reader, found),
        "feeds": addresses.feeds_of_everything(request.site.feeds_url),
        "files": addresses.files("/changes", [("run", str(number))]),
        "failed": [(_page(row), cut(one_line(row["reason"]), 300)) for row in failed],
        "failed_more": found["pages_failed"] - len(failed),
        "gone": _absent(reader, number),
        "changed": _changed(reader, number),
        "kinds": kinds,
        "since": found["captured_at"],
        "count": len(ids),
        "organisations": by_organisation(change_rows(reader, shown)),
        "newer": _part(number, max(0, start - CHANGES), "Earlier in the list") if start else None,
        "older": _part(number, start + CHANGES, f"{left:,} more") if left > 0 else None,
        "manifests": [_manifest_shown(row) for row in _manifests(reader, number)],
        "before": _beside(reader, found, "<", "desc"),
        "after": _beside(reader, found, ">", "asc"),
    }


def _run(request: PageRequest) -> Row:
    given = request.path["number"]
    found = None
    # A longer number is more than SQLite can be asked for, and no database comes near.
    if given.isascii() and given.isdecimal() and len(given) < 10:
        found = request.reader.row("select * from runs where id = :id", {"id": int(given)})
    if found is None:
        newest = request.reader.rows("select id, kind from page_runs order by captured_at desc limit 3")
        near = [(f"{_kind(row).capitalize()} {row['id']}", addresses.run(row["id"])) for row in newest]
        raise NotThereError(f"There is no run “{cut(one_line(given), 60)}”.", near)
    return found


def _page(row: Row) -> str | tuple[str, str]:
    """Return the name of a failing page, with its address: one that was never read has no page here."""
    if row["organisation"] is None:
        return str(row["page"])
    return row["organisation"], addresses.organisation(row["page"])


def _description(found: Row, changes: int) -> str:
    counts = found["state"] == "committed" and not found["decision"]
    failed = f", {found['pages_failed']:,} failed" if found["pages_failed"] else ""
    read = f"{plural(found['pages_read'], 'page')} read, {found['pages_changed']:,} changed{failed}"
    return f"{read}; {plural(changes, 'change')}.{'' if counts else ' ' + _state(found)}"


def _state(found: Row) -> str:
    """Return in a sentence whether a run counts."""
    reason = f": {one_line(found['reason'])}" if found["reason"] else ""
    if found["state"] == "held":
        return f"Held{reason}. Its pages are kept; what they say is told to nobody until an operator decides."
    if found["state"] == "superseded":
        return f"It was held{reason}. A later run that could be believed took its place."
    if found["state"] == "discarded":
        return f"An operator discarded it{reason}. Its pages are kept, and nothing else of it counts."
    if found["decision"] == "released":
        return "It was held, and an operator released it; it counts."
    return "It counts."


def _facts(reader: Reader, found: Row) -> list[tuple[str, str, str]]:
    unchanged = found["pages_read"] - found["pages_changed"]
    whole = "the whole register" if found["complete"] else "some of its pages: what is missing is no absence"
    taken = "Began" if found["kind"] == "run" else "As of"
    rows = [
        (taken, _moment(found["captured_at"]), ""),
        ("Finished" if found["kind"] == "run" else "Taken in", _moment(found["finished_at"]), ""),
        ("Asked for", whole, ""),
        ("Pages read", f"{found['pages_read']:,}: {unchanged:,} unchanged, {found['pages_changed']:,} changed", ""),
        ("Pages failed", f"{found['pages_failed']:,}", ""),
        ("Pages absent", f"{found['pages_absent']:,}", ""),
    ]
    kept = reader.row(
        """
        select count(distinct bodies.sha256) as n, coalesce(sum(bodies.size), 0) as size
        from captures
        join bodies on bodies.sha256 = captures.body
        where captures.run = :run
        """,
        {"run": found["id"]},
    )
    if kept and kept["n"]:
        rows.append(("Other bytes", f"{plural(kept['n'], 'body', 'bodies')}, {kept['size']:,} bytes as they came", ""))
    return rows


def _moment(time: str) -> str:
    return f"{day(time)}, {clock(time)} UTC"


def _absent(reader: Reader, number: int) -> list[tuple[str, str]]:
    """Return the pages of which the server said in that run that there is no such page."""
    rows = reader.rows(
        """
        select captures.page, pages.organisation
        from captures
        join pages on pages.key = captures.page
        where captures.run = :run and captures.outcome = 'gone' and pages.organisation is not null
        order by captures.page
        """,
        {"run": number},
    )
    return [(row["organisation"], addresses.organisation(row["page"])) for row in rows]


def _changed(reader: Reader, number: int) -> Mapping[str, Any]:
    """Return the pages that the run had other bytes of than the one before."""
    rows = reader.rows(
        """
        select captures.page, pages.organisation
        from captures
        join pages on pages.key = captures.page
        where captures.run = :run and captures.body is not null and pages.organisation is not null
        order by captures.page
        """,
        {"run": number},
    )
    named = [(row["organisation"], addresses.organisation(row["page"])) for row in rows[:CHANGED]]
    return {"named": named, "more": len(rows) - len(named), "count": len(rows)}


def _kinds(reader: Reader, number: int) -> list[Row]:
    """Return how many changes of each kind the run found, and how many of these are editorial; groups count once."""
    rows = reader.rows(
        """
        select kind, count(*) as n, sum(not substantive) as editorial, sum(severity = 'high') as high
        from changes
        where run = :run and member_of is null
        group by kind
        order by editorial = n, n desc, kind
        """,
        {"run": number},
    )
    return [{**row, "words": ChangeKind(row["kind"]).row.heading} for row in rows]


def _ids(reader: Reader, number: int) -> list[str]:
    """Return the ids of what the run told, in the order in which changes are listed."""
    rows = reader.rows(
        """
        select id from changes
        where run = :run and member_of is null and substantive
        order by withdrawn, severity_rank(severity), organisation, reference, kind, id
        """,
        {"run": number},
    )
    return [row["id"] for row in rows]


def _part(number: int, start: int, words: str) -> dict[str, str]:
    return {
        "words": words,
        "address": addresses.with_query(addresses.run(number), [("from", str(start) if start else "")]),
    }


def _beside(reader: Reader, found: Row, than: str, order: str) -> dict[str, str] | None:
    row = reader.row(
        f"""
        select id, kind, captured_at from page_runs where captured_at {than} :at order by captured_at {order} limit 1
        """,
        {"at": found["captured_at"]},
    )
    if row is None:
        return None
    words = f"{_kind(row).capitalize()} {row['id']}, {day(row['captured_at'])}"
    return {"words": words, "address": addresses.run(row["id"])}


# --- the chain --------------------------------------------------------------------------------------------------------


def manifest(request: PageRequest) -> PageFile:
    """Return a manifest, byte for byte: its SHA-256 is the hash in the chain."""
    found = _run(request)
    rows = [row for row in _manifests(request.reader, found["id"]) if str(row["number"]) == request.path["manifest"]]
    if not rows:
        given = cut(one_line(request.path["manifest"]), 60)
        raise NotThereError(f"Run {found['id']} has no manifest “{given}”.", [("The run", addresses.run(found["id"]))])
    try:
        return PageFile(body=_text(rows[0]), content_type="application/json; charset=utf-8")
    except DamagedError as error:
        raise NotThereError(f"It is there, and damaged: {error}.") from error


def _manifests(reader: Reader, number: int) -> list[Row]:
    return reader.rows(
        "select number, run, made_at, hash, manifest from manifests where run = :run order by number", {"run": number}
    )


def _text(row: Row) -> bytes:
    try:
        return text_of(row["manifest"])
    except zstandard.ZstdError as error:
        raise DamagedError(f"manifest {row['number']} cannot be read") from error


def _manifest_shown(row: Row) -> dict[str, Any]:
    try:
        text = _text(row)
        content = json.loads(text)
    except (DamagedError, ValueError):
        return {**row, "previous": None, "text": None, "size": 0, "what": "It cannot be read."}
    # Of most runs it is longer by far, and to lay it out takes longer than the page.
    is_long = len(text.decode("utf-8", "replace")) > LONGEST_MANIFEST
    pretty = "" if is_long else escaped(json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True))
    decision = content.get("decision")
    what = f"the decision: {one_line(str(decision))}" if decision else "the pages that were read"
    return {
        **row,
        "previous": content.get("previous"),
        "text": None if is_long or len(pretty) > LONGEST_MANIFEST else pretty,
        "size": len(text),
        "what": what,
    }


ROUTES = (
    PageRoute("/runs", runs, "runs.html"),
    PageRoute("/runs/{number}/manifests/{manifest}.json", manifest),
    PageRoute("/runs/{number}", run, "run.html"),
)
