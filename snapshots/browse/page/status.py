"""How things are, for the operator: what `status` tells in a terminal. In public without what was sent to whom."""

from collections.abc import Mapping, Sequence
from typing import Any

from diff.saying.english import day, listed, moment, plural, size
from scraper.text import cut, one_line
from snapshots.asking.status import attempt_in_words, needs_a_person, why
from snapshots.browse.app import addresses
from snapshots.browse.app.request import PageRequest, PageRoute, Row
from snapshots.browse.parts.clock import due
from snapshots.keeping.chain import head

FAILING = 200
"""Failing pages that are listed."""


def status(request: PageRequest) -> Mapping[str, Any]:
    """Return what the page of the state of things shows."""
    reader = request.reader
    facts = {**reader.standing, **reader.answers.runs.waiting(request.site.clock()), **due(request.site, reader)}
    if request.site.public:
        # What the server sent is nobody's business but the operator's, and so is whom anything was sent to, and where
        # files lie.
        facts |= {"attempts": None, "feeds_failed": None, "undelivered": [], "collected": []}
    run, last = facts["last_run"], head(reader.db)
    needs = [cut(one_line(need), 600) for need in needs_a_person(facts)] if run or facts["attempts"] else []
    failing = facts["failing"]
    return {
        "title": "Status",
        "description": "When the register was last read, which pages failed, and what waits for a person.",
        "lead": _lead(run, needs),
        "needs": needs,
        "facts": _facts(facts),
        "failing": [_failing(page, run["kind"], reader.organisations) for page in failing[:FAILING]],
        "failing_more": len(failing) - len(failing[:FAILING]),
        "held": [
            (
                (f"Run {one['id']}", addresses.run(one["id"])),
                moment(one["captured_at"]),
                cut(one_line(one["reason"] or ""), 300),
            )
            for one in facts["held"]
        ],
        "undelivered": [_waiting(one) for one in facts["undelivered"]],
        "head": last,
        "run": run,
    }


def _lead(run: Row | None, needs: Sequence[str]) -> str:
    if run is None:
        return "Nothing has been read yet."
    if needs:
        return f"{plural(len(needs), 'thing needs', 'things need')} a person."
    return "Nothing needs a person."


def _facts(facts: Row) -> list[tuple[str, str, str]]:
    run = facts["last_run"]
    rows = []
    if run is not None:
        unchanged = run["pages_read"] - run["pages_changed"]
        what = "finished" if run["state"] == "committed" else run["state"]
        read = f"{run['pages_read']:,} read: {unchanged:,} unchanged, {run['pages_changed']:,} changed"
        failed = f", {run['pages_failed']:,} failed" if run["pages_failed"] else ""
        rows.append(("Last run", f"{run['id']}, {run['kind']} of {moment(run['captured_at'])}: {what}", read + failed))
    if facts["attempts"]:
        rows.append(("Last attempt", f"{one_line(attempt_in_words(facts['attempts']))}.", ""))
    if facts.get("next_due"):
        rows.append(("Next run", f"due {moment(facts['next_due'])}", ""))
    rows += [
        ("Changes", f"{facts['changes']:,} told of, {facts['editorial']:,} editorial", ""),
        ("Register", f"{plural(facts['pages'], 'page')}, {plural(facts['agreements'], 'agreement')}", ""),
        ("Database", size(facts["database_bytes"]), _kept(facts)),
    ]
    return rows


def _kept(facts: Row) -> str:
    since = f", since {day(facts['since'])}" if facts["since"] else ""
    bodies = f"; bodies of pages take {size(facts['bodies_bytes'])}" if facts["bodies_bytes"] else ""
    return f"{plural(facts['snapshots'], 'snapshot')}{since}{bodies}"


def _failing(page: Row, kind: str, names: Mapping[str, str]) -> tuple[Any, ...]:
    name = cut(one_line(names.get(page["page"], page["page"])), 200)
    where = (name, addresses.organisation(page["page"])) if page["was_read"] else name
    runs = plural(page["times"], "run" if kind == "run" else "edition")
    stands = "Its last snapshot still stands." if page["was_read"] else "It was never read."
    return where, cut(one_line(page["reason"]), 300), f"{moment(page['since'])}, {runs} in a row", stands


def _waiting(one: Row) -> tuple[str, str, str]:
    what = [plural(one["messages"], "message"), plural(one["items"], "thing to tell", "things to tell")]
    tried = f"tried {plural(one['attempts'], 'time')}" if one["attempts"] else "not tried yet"
    state = "given up" if one["given_up"] else "waiting"
    return one["subscription"], f"{listed(what)}, {state}", f"{moment(one['since'])}, {tried}{one_line(why(one))}"


ROUTES = (PageRoute("/status", status, "status.html"),)
