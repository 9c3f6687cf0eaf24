"""How `status` is told: facts in, text out."""

from collections.abc import Mapping
from typing import Any

from cron.outcome import size
from cron.terminal import clean, facts, long_date, paint, plural, wrap
from snapshots.times import read_time

NIGHTS = 3
"""A page that so many runs in a row could not read needs a person; one bad night does not."""


def needs_a_person(state: Mapping[str, Any]) -> list[str]:
    """Return what waits for the operator, a sentence each."""
    needs = [
        f"Run {run['id']} is held: {run['reason']}. Decide with: registerwatch release {run['id']}, or: "
        f"registerwatch discard {run['id']}"
        for run in state["held"]
    ]
    if state.get("overdue"):
        needs.append(f"A run is overdue since {long_date(state['overdue'])}, {state['overdue'][11:16]} UTC.")
    for page in state["failing"]:
        if state["last_run"]["kind"] == "import":
            needs.append(f"{page['page']} could not be read: {page['reason']}. Its last snapshot still stands.")
        elif page["times"] >= NIGHTS:
            needs.append(
                f"{page['page']} has not been read for {page['times']} runs, since {long_date(page['since'])}: "
                f"{page['reason']}. Its last snapshot still stands. Try it alone: "
                f"registerwatch -v run --only {page['page']}"
            )
    return needs


def render_status(state: Mapping[str, Any], *, width: int, colour: bool) -> str:
    """Return the state of things in labelled lines, and what needs a person below."""
    run = state["last_run"]
    if run is None:
        return (
            "Nothing was read yet. Start with: registerwatch run, or: registerwatch import FOLDER --fetched-at DATE\n"
        )
    unchanged = run["pages_read"] - run["pages_changed"]
    failed = f", {plural(run['pages_failed'], 'page')} failed" if run["pages_failed"] else ""
    at = f"{long_date(run['captured_at'])}, {run['captured_at'][11:16]} UTC"
    what = "finished" if run["state"] == "committed" else run["state"]
    pages = f"{run['pages_read']:,} read: {unchanged:,} unchanged, {run['pages_changed']:,} changed"
    kept = f"{size(state['database_bytes'])}: {plural(state['snapshots'], 'snapshot')}{_since(state['since'])}"
    rows = [("Last run", f"{run['id']}, {run['kind']} of {at}: {what}{failed}\n{pages}")]
    rows += [("Next run", f"due {_due(state['next_due'])}")] if state.get("next_due") else []
    rows += [
        ("Pages", f"{len(state['failing'])} failing" if state["failing"] else "none failing"),
        ("Held", f"run {state['held'][-1]['id']}" if state["held"] else "none"),
        ("Changes", f"{state['changes']:,} told in all, {state['editorial']:,} editorial"),
        ("Register", f"{plural(state['pages'], 'page')}, {plural(state['agreements'], 'agreement')}"),
        ("Database", kept),
    ]
    return facts(rows, width=width, colour=colour) + _needs(needs_a_person(state), width, colour)


def _due(time: str) -> str:
    return f"{long_date(time)}, {read_time(time):%H:%M} UTC"


def _since(time: str | None) -> str:
    return f", since {long_date(time)}" if time else ""


def _needs(needs: list[str], width: int, colour: bool) -> str:
    if not needs:
        return ""
    title = f"{plural(len(needs), 'thing')} {'needs' if len(needs) == 1 else 'need'} a person"
    lines = ["", paint(title, "bold red", colour)]
    for need in needs:
        lines += [f"  {line}" for line in wrap(clean(need), width - 2)]
    return "\n".join(lines) + "\n"
