"""Is somebody needed? The facts behind `/-/health`, `/-/metrics` and `status`, as counts and times. Pure.

No name of a subscriber, no words of a server: a published site says this to everybody.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from diff.saying.english import plural, size, weekday
from scraper.times import as_text, read_time
from snapshots.asking.status import (
    NIGHTS,
    failing_for_long,
    feeds_key,
    held_key,
    latest_of,
    overdue_key,
    undelivered_for_long,
)

PASS, FAIL = "pass", "fail"
"""As in the health check format of the IETF's draft, which monitors know."""

REASONS = ("overdue", "held", "failing", "undelivered", "feeds", "disk")
"""Why somebody is needed, in the order in which it is told."""

LEAST_FREE = 200_000_000
"""Bytes that have to be left on the disk: some nights of a large register, and the log beside a database."""
PART_FREE = 10
"""One of so many parts of the database has to be left as well: deriving the history again takes that much."""


def health_of(state: Mapping[str, Any], free_bytes: int, now: datetime) -> dict[str, Any]:
    """Return whether all is well, why not, and the counts that monitors draw.

    Args:
        state: What `Runs.status` returns, with `next_due` and `overdue`.
        free_bytes: What is left on the disk of the database.
        now: The time.
    """
    reasons = [{"reason": name, "said": said} for name, said in _reasons(state, free_bytes)]
    return {
        "status": FAIL if reasons else PASS,
        "reasons": reasons,
        "checked_at": as_text(now),
        "last_run": _last_run(state["last_run"]),
        "next_due": state.get("next_due"),
        "overdue": state.get("overdue"),
        "runs": state["runs"],
        "runs_held": len(state["held"]),
        "runs_failed_in_a_row": state["attempts"]["times"] if state["attempts"] else 0,
        "pages": state["pages"],
        "pages_failing": len(state["failing"]),
        "agreements": state["agreements"],
        "changes": state["changes_by_severity"],
        **_deliveries(state["undelivered"], now),
        "database_bytes": state["database_bytes"],
        "disk_free_bytes": free_bytes,
    }


def _last_run(run: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if run is None:
        return None
    names = ("id", "kind", "state", "captured_at", "finished_at", "pages_read", "pages_changed", "pages_failed")
    took = (read_time(run["finished_at"]) - read_time(run["captured_at"])).total_seconds()
    # An import is captured when its pages were saved, which says nothing of how long it took.
    return {name: run[name] for name in names} | {"duration_s": took if run["kind"] == "run" else None}


def _deliveries(undelivered: Iterable[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    given_up = sum(one["messages"] for one in undelivered if one["given_up"])
    due = [one for one in undelivered if not one["given_up"]]
    oldest = min((one["since"] for one in due), default=None)
    return {
        "deliveries_due": sum(one["messages"] for one in due),
        "deliveries_oldest_s": (now - read_time(oldest)).total_seconds() if oldest else None,
        "deliveries_given_up": given_up,
    }


# --- why somebody is needed -------------------------------------------------------------------------------------------


def _reasons(state: Mapping[str, Any], free_bytes: int) -> Iterator[tuple[str, str]]:
    """Yield the name of each reason and a sentence, in the order of `REASONS`."""
    if state.get("overdue"):
        yield "overdue", f"{overdue_key(state['overdue'])}."
    if state["held"]:
        also = f", and {plural(len(state['held']) - 1, 'run')} before it" if len(state["held"]) > 1 else ""
        yield "held", f"{held_key(latest_of(state['held'])['id'])}{also}."
    for said in (_failed_runs(state["attempts"]), _failing_pages(state)):
        if said:
            yield "failing", said
    if lasting := undelivered_for_long(state["undelivered"]):
        messages = plural(sum(one["messages"] for one in lasting), "message")
        yield "undelivered", f"{messages} could not be delivered, due since {weekday(min(map(_since, lasting)))}."
    if feeds := state.get("feeds_failed"):
        yield "feeds", f"{feeds_key(feeds)}."
    least = max(LEAST_FREE, state["database_bytes"] // PART_FREE)
    if free_bytes < least:
        yield "disk", f"{size(free_bytes)} are left on the disk of the database, and {size(least)} are needed."


def _since(one: Mapping[str, Any]) -> str:
    return str(one["since"])


def _failed_runs(attempts: Mapping[str, Any] | None) -> str:
    if attempts is None or attempts["times"] < NIGHTS:
        return ""
    return f"{attempts['times']} runs in a row have failed, since {weekday(attempts['since'])}."


def _failing_pages(state: Mapping[str, Any]) -> str:
    lasting, is_many = failing_for_long(state["last_run"], state["failing"])
    if not lasting and not is_many:
        return ""
    since = weekday(min(map(_since, lasting or state["failing"])))
    return f"{plural(len(state['failing'] if is_many else lasting), 'page')} could not be read, since {since}."
