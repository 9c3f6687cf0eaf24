"""How `status` is told: facts in, text out."""

from collections.abc import Mapping, Sequence
from typing import Any

from cron.outcome import size
from cron.terminal import clean, facts, long_date, long_time, paint, plural, wrap

NIGHTS = 3
"""A page that so many runs in a row could not read needs a person, and so do runs that fail; one bad night does not."""

MOST_FAILING = 20
"""Failing pages that are listed; where more fail, it is not the single page that matters."""


def needs_a_person(state: Mapping[str, Any]) -> list[str]:
    """Return what waits for the operator, a sentence each."""
    needs = [
        f"Run {run['id']} is held: {run['reason']}. Decide with: registerwatch release {run['id']}, or: "
        f"registerwatch discard {run['id']}"
        for run in state["held"]
    ]
    attempts = state["attempts"]
    if state.get("overdue"):
        last = f" {_attempt(attempts)}." if attempts else ""
        needs.append(f"A run is overdue since {long_time(state['overdue'])}.{last}")
    elif attempts and attempts["times"] >= NIGHTS:
        needs.append(
            f"{attempts['times']} runs in a row have failed, since {long_date(attempts['since'])}: "
            f"{attempts['reason']}. Try one: registerwatch -v run"
        )
    for page in state["failing"]:
        stands = "Its last snapshot still stands." if page["was_read"] else "It was never read."
        if state["last_run"]["kind"] == "import":
            needs.append(f"{page['page']} could not be read: {page['reason']}. {stands}")
        elif page["times"] >= NIGHTS:
            needs.append(
                f"{page['page']} has not been read for {page['times']} runs, since {long_date(page['since'])}: "
                f"{page['reason']}. {stands} Try it alone: registerwatch -v run --only {page['page']}"
            )
    return needs


def _attempt(attempts: Mapping[str, Any]) -> str:
    return f"The last attempt, on {long_time(attempts['at'])}, failed: {attempts['reason']}"


def render_status(state: Mapping[str, Any], *, width: int, colour: bool) -> str:
    """Return the state of things in labelled lines, and what needs a person below."""
    run, attempts = state["last_run"], state["attempts"]
    needs = _needs(needs_a_person(state), width, colour)
    if run is None:
        start = "Nothing was read yet. Start with: registerwatch run, or: registerwatch import FOLDER --fetched-at DATE"
        tried = wrap(clean(f"{_attempt(attempts)}."), width) if attempts else []
        return "\n".join([start, *tried]) + "\n" + needs
    unchanged = run["pages_read"] - run["pages_changed"]
    failed = f", {plural(run['pages_failed'], 'page')} failed" if run["pages_failed"] else ""
    what = "finished" if run["state"] == "committed" else run["state"]
    pages = f"{run['pages_read']:,} read: {unchanged:,} unchanged, {run['pages_changed']:,} changed"
    kept = f"{size(state['database_bytes'])}: {plural(state['snapshots'], 'snapshot')}{_since(state['since'])}"
    last = f"{run['id']}, {run['kind']} of {long_time(run['captured_at'])}: {what}{failed}\n{pages}"
    rows = [("Last run", f"{last}\n{_attempt(attempts)}" if attempts else last)]
    rows += [("Next run", f"due {long_time(state['next_due'])}")] if state.get("next_due") else []
    rows += [
        ("Pages", _failing(state["failing"])),
        ("Held", f"run {state['held'][-1]['id']}" if state["held"] else "none"),
        ("Changes", f"{state['changes']:,} found in all, {state['editorial']:,} editorial"),
        ("Register", f"{plural(state['pages'], 'page')}, {plural(state['agreements'], 'agreement')}"),
        ("Database", kept),
    ]
    return facts(rows, width=width, colour=colour) + needs


def _failing(pages: Sequence[Mapping[str, Any]]) -> str:
    """Say which pages the last run could not read, and why: a fact, whether or not it needs a person already."""
    if not pages:
        return "none failing"
    lines = [f"{page['page']}: {page['reason']}" for page in pages[:MOST_FAILING]]
    more = len(pages) - len(lines)
    lines += [f"and {more:,} more, which --format json lists"] if more else []
    return "\n".join([f"{len(pages):,} failing", *lines])


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
