"""How `status` is told: facts in, text out."""

from collections.abc import Mapping, Sequence
from typing import Any

from cron.terminal.style import facts, paint, wrap
from diff.saying.english import moment, plural, size, weekday
from scraper.text import clean
from snapshots.asking.status import attempt_in_words, needs_a_person, why

MOST_FAILING = 20
"""Failing pages that are listed; where more fail, it is not the single page that matters."""


def render_status(state: Mapping[str, Any], *, width: int, colour: bool) -> str:
    """Return the state of things in labelled lines, and what needs a person below."""
    run, attempts = state["last_run"], state["attempts"]
    known = state["needs_a_person"] if "needs_a_person" in state else needs_a_person(state)
    needs = _needs(known, width, colour)
    if run is None:
        start = "Nothing was read yet. Start with: registerwatch run, or: registerwatch import FOLDER --fetched-at DATE"
        tried = wrap(clean(f"{attempt_in_words(attempts)}."), width) if attempts else []
        return "\n".join([start, *tried]) + "\n" + needs
    unchanged = run["pages_read"] - run["pages_changed"]
    failed = f", {plural(run['pages_failed'], 'page')} failed" if run["pages_failed"] else ""
    what = "finished" if run["state"] == "committed" else run["state"]
    pages = f"{run['pages_read']:,} read: {unchanged:,} unchanged, {run['pages_changed']:,} changed"
    kept = f"{size(state['database_bytes'])}: {plural(state['snapshots'], 'snapshot')}{_since(state['since'])}"
    last = f"{run['id']}, {run['kind']} of {moment(run['captured_at'])}: {what}{failed}\n{pages}"
    rows = [("Last run", f"{last}\n{attempt_in_words(attempts)}" if attempts else last)]
    rows += [("Next run", f"due {moment(state['next_due'])}")] if state.get("next_due") else []
    rows += [
        ("Pages", _failing(state["failing"])),
        ("Held", f"run {state['held'][-1]['id']}" if state["held"] else "none"),
        ("Undelivered", _undelivered(state["undelivered"])),
        *([("Collected", _collected(state["collected"]))] if state.get("collected") else []),
        ("Changes", f"{state['changes']:,} found in all, {state['editorial']:,} editorial"),
        ("Register", f"{plural(state['pages'], 'page')}, {plural(state['agreements'], 'agreement')}"),
        ("Database", kept),
    ]
    rows += [("Chain", _chain(state["head"]))] if state.get("head") else []
    return facts(rows, width=width, colour=colour) + needs


def _failing(pages: Sequence[Mapping[str, Any]]) -> str:
    """Say which pages the last run could not read, and why: a fact, whether or not it needs a person already."""
    if not pages:
        return "none failing"
    lines = [f"{page['page']}: {page['reason']}" for page in pages[:MOST_FAILING]]
    more = len(pages) - len(lines)
    lines += [f"and {more:,} more, which --format json lists"] if more else []
    return "\n".join([f"{len(pages):,} failing", *lines])


def _undelivered(waiting: Sequence[Mapping[str, Any]]) -> str:
    """Say to which subscriptions something is to be sent still, or could not be; no addresses are known here."""
    lines = [f"{one['subscription']}: {_how_it_waits(one)}" for one in waiting[:MOST_FAILING]]
    more = len(waiting) - len(lines)
    lines += [f"and {more:,} more, which --format json lists"] if more else []
    return "\n".join(lines) or "none"


def _collected(kept: Sequence[Mapping[str, Any]]) -> str:
    """Say what digests of a day or a week hold already, and when they go out."""
    lines = [f"{one['subscription']}: {one['items']:,} to tell, {moment(one['due_at'])}" for one in kept]
    more = len(lines) - MOST_FAILING
    return "\n".join([*lines[:MOST_FAILING], *([f"and {more:,} more, which --format json lists"] if more > 0 else [])])


def _how_it_waits(one: Mapping[str, Any]) -> str:
    messages = plural(one["messages"], "message")
    if one["given_up"]:
        return f"{messages} given up after {plural(one['attempts'], 'attempt')}{why(one)}"
    tried = f", tried {plural(one['attempts'], 'time')}" if one["attempts"] else ", not tried yet"
    return f"{messages} due since {moment(one['since'])}{tried}{why(one)}"


def _chain(head: Mapping[str, Any]) -> str:
    """Return the head of the chain of runs, to be kept elsewhere and compared one day."""
    return f"number {head['number']:,}\n{head['hash'][:32]}\n{head['hash'][32:]}"


def _since(time: str | None) -> str:
    return f", since {weekday(time)}" if time else ""


def _needs(needs: Sequence[str], width: int, colour: bool) -> str:
    if not needs:
        return ""
    title = f"{plural(len(needs), 'thing')} {'needs' if len(needs) == 1 else 'need'} a person"
    lines = ["", paint(title, "bold red", colour)]
    for need in needs:
        lines += [f"  {line}" for line in wrap(clean(need), width - 2)]
    return "\n".join(lines) + "\n"
