"""How `status` is told: facts in, text out."""

from collections.abc import Mapping
from typing import Any

from cron.terminal import clean, facts, long_date, paint, plural, wrap


def needs_a_person(state: Mapping[str, Any]) -> bool:
    """Say whether anything waits for the operator."""
    return bool(state["failing"] or state["held"])


def render_status(state: Mapping[str, Any], *, width: int, colour: bool) -> str:
    """Return the state of things in labelled lines, and what needs a person below."""
    run = state["last_run"]
    if run is None:
        return "No edition was imported yet. Start with: registerwatch import FOLDER --fetched-at DATE --complete\n"
    unchanged = run["pages_read"] - run["pages_changed"]
    at = f"{long_date(run['captured_at'])}, {run['captured_at'][11:16]} UTC"
    last = f"{run['id']}, {run['kind']} of {at}: {run['state']}"
    pages = f"{run['pages_read']:,} read: {unchanged:,} unchanged, {run['pages_changed']:,} changed"
    failing = plural(len(state["failing"]), "page") + " failing" if state["failing"] else "none failing"
    rows = [
        ("Last run", f"{last}\n{pages}"),
        ("Pages", failing),
        ("Held", f"run {state['held'][-1]['id']}" if state["held"] else "none"),
        ("Changes", f"{state['changes']:,} told in all, {state['editorial']:,} editorial"),
        ("Register", f"{plural(state['pages'], 'page')}, {plural(state['agreements'], 'agreement')}"),
        (
            "Database",
            f"{_size(state['database_bytes'])}: {plural(state['snapshots'], 'snapshot')}{_since(state['since'])}",
        ),
    ]
    return facts(rows, width=width, colour=colour) + _needs(state, width, colour)


def _since(time: str | None) -> str:
    return f", since {long_date(time)}" if time else ""


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 100_000 else f"{n_bytes / 1e3:.0f} KB"


def _needs(state: Mapping[str, Any], width: int, colour: bool) -> str:
    needs = [
        f"Run {run['id']} is held: {run['reason']}. Decide with: registerwatch release {run['id']}, or: "
        f"registerwatch discard {run['id']}"
        for run in state["held"]
    ]
    needs += [
        f"{page['page']} could not be read: {page['reason']}. Its last snapshot still stands."
        for page in state["failing"]
    ]
    if not needs:
        return ""
    title = f"{plural(len(needs), 'thing')} {'needs' if len(needs) == 1 else 'need'} a person"
    lines = ["", paint(title, "bold red", colour)]
    for need in needs:
        lines += [f"  {line}" for line in wrap(clean(need), width - 2)]
    return "\n".join(lines) + "\n"
