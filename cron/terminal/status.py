"""How it is told how things stand: by `status`, by `verify`, by `subscriptions`. Facts go in, text comes out."""

from collections.abc import Mapping, Sequence
from typing import Any

from cron.terminal.style import LABEL, facts, paint, wrap
from diff.saying.english import moment, month, plural, size, weekday
from scraper.text import clean
from snapshots.asking.status import attempt_in_words, latest_of, needs_a_person, why
from snapshots.asking.unread import unread_in_words

MOST_FAILING = 20
"""Failing pages that are listed; where more fail, it is not the single page that matters."""


def render_status(state: Mapping[str, Any], *, width: int, colour: bool) -> str:
    """Return the state of things in labelled lines, and what needs a person below."""
    run, attempts = state["last_run"], state["attempts"]
    known = state["needs_a_person"] if "needs_a_person" in state else needs_a_person(state)
    needs = _needs(known, width, colour)
    if run is None:
        start = "Nothing was read yet. Start with: registerwatch run, or: registerwatch import FOLDER --fetched-at DATE"
        if official := state.get("official"):
            start = "No page was read yet. Start with: registerwatch run, or: registerwatch import FOLDER"
        tried = wrap(clean(f"{attempt_in_words(attempts)}."), width) if attempts else []
        rows = [*_not_read(state), ("Official", _official(official))] if official else []
        said = facts(rows, width=width, colour=colour) if rows else ""
        return "\n".join([start, *tried]) + "\n" + said + needs
    return facts(_facts(state, run), width=width, colour=colour) + needs


def _facts(state: Mapping[str, Any], run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return how things stand after the last run, labelled."""
    attempts = state["attempts"]
    unchanged = run["pages_read"] - run["pages_changed"]
    failed = f", {plural(run['pages_failed'], 'page')} failed" if run["pages_failed"] else ""
    what = "finished" if run["state"] == "committed" else run["state"]
    pages = f"{run['pages_read']:,} read: {unchanged:,} unchanged, {run['pages_changed']:,} changed"
    since = f", since {weekday(state['since'])}" if state["since"] else ""
    failing = [f"{page['page']}: {page['reason']}" for page in state["failing"]]
    undelivered = [f"{one['subscription']}: {_how_it_waits(one)}" for one in state["undelivered"]]
    collected = [
        f"{one['subscription']}: {one['items']:,} to tell, {moment(one['due_at'])}"
        for one in state.get("collected") or ()
    ]
    last = f"{run['id']}, {run['kind']} of {moment(run['captured_at'])}: {what}{failed}\n{pages}"
    rows = [("Last run", f"{last}\n{attempt_in_words(attempts)}" if attempts else last)]
    rows += [("Next run", f"due {moment(state['next_due'])}")] if state.get("next_due") else []
    rows += [
        # A fact, whether or not it needs a person already.
        ("Pages", f"{len(failing):,} failing\n{_few(failing)}" if failing else "none failing"),
        *_not_read(state),
        ("Held", _held(state["held"])),
        ("Undelivered", _few(undelivered) or "none"),
        *([("Collected", _few(collected))] if collected else []),
        ("Changes", f"{state['changes']:,} found in all, {state['editorial']:,} editorial"),
        ("Register", f"{plural(state['pages'], 'page')}, {plural(state['agreements'], 'agreement')}"),
        *([("Official", _official(state["official"]))] if state.get("official") else []),
        ("Database", f"{size(state['database_bytes'])}: {plural(state['snapshots'], 'snapshot')}{since}"),
    ]
    if head := state.get("head"):
        # To be kept elsewhere and compared one day; in halves it fits any width.
        rows.append(("Chain", f"number {head['number']:,}\n{head['hash'][:32]}\n{head['hash'][32:]}"))
    if people := state.get("followers"):
        rows.append(("Followers", f"{people['followers']:,}; {people['suspended']:,} suspended"))
    if held := _witnesses(state.get("witness") or {}):
        rows.append(("Witness", held))
    return rows


def _not_read(state: Mapping[str, Any]) -> list[tuple[str, str]]:
    unread = [*state.get("not_understood", ()), *state.get("official_not_understood", ())]
    return [("Not read", _few([unread_in_words(one) for one in unread]))] if unread else []


def _official(state: Mapping[str, Any]) -> str:
    """Say how much of the official register is held."""
    held = f"{plural(state['versions'], 'version')} of {plural(state['agreements'], 'agreement')}"
    return f"edition of {month(state['edition'])}: {held}"


def _witnesses(state: Mapping[str, Any]) -> str:
    lines = [
        f"{one['authority']}: number {one['number']:,}, {moment(one['stamped_at'])}"
        if one["number"]
        else f"{one['authority']}: no time stamp yet"
        for one in state.get("time_stamps", ())
    ]
    archive = state.get("archive") or {}
    if archive.get("asked") or archive.get("saved"):
        failed = f", {archive['failed']:,} could not be" if archive["failed"] else ""
        lines.append(f"archive: {plural(archive['saved'], 'page')} saved, {archive['under_way']:,} under way{failed}")
    return _few([*lines, *(f"heads in {place}" for place in state.get("mirrors", ()))])


def _held(held: Sequence[Mapping[str, Any]]) -> str:
    if not held:
        return "none"
    before = f", {len(held) - 1:,} before it" if len(held) > 1 else ""
    return f"run {latest_of(held)['id']}{before}"


def _few(lines: Sequence[str]) -> str:
    """Return the first of *lines*, and how many more there are."""
    more = len(lines) - MOST_FAILING
    return "\n".join([*lines[:MOST_FAILING], *([f"and {more:,} more, which --format json lists"] if more > 0 else [])])


def _how_it_waits(one: Mapping[str, Any]) -> str:
    messages = plural(one["messages"], "message")
    if one["given_up"]:
        return f"{messages} given up after {plural(one['attempts'], 'attempt')}{why(one)}"
    tried = f", tried {plural(one['attempts'], 'time')}" if one["attempts"] else ", not tried yet"
    return f"{messages} due since {moment(one['since'])}{tried}{why(one)}"


def _needs(needs: Sequence[str], width: int, colour: bool) -> str:
    if not needs:
        return ""
    title = f"{plural(len(needs), 'thing')} {'needs' if len(needs) == 1 else 'need'} a person"
    lines = ["", paint(title, "bold red", colour)]
    for need in needs:
        lines += [f"  {line}" for line in wrap(clean(need), width - 2)]
    return "\n".join(lines) + "\n"


# --- whether everything works -----------------------------------------------------------------------------------------


def render_checks(checks: Sequence[Mapping[str, Any]], *, width: int, colour: bool) -> str:
    """Return what `doctor` found, a line each, what does not work marked, and at the end what it comes to."""
    bad = sum(not check["good"] for check in checks)
    rows = [(check["what"], f"{'' if check['good'] else 'does not work: '}{check['said']}") for check in checks]
    end = (
        f"{plural(bad, 'thing does', 'things do')} not work"
        if bad
        else "everything works; go on with: registerwatch run"
    )
    return facts([*rows, ("Result", end)], width=width, colour=colour)


# --- whether what is kept is as it was --------------------------------------------------------------------------------


def render_proof(row: Mapping[str, Any], *, width: int, colour: bool) -> str:
    """Return what `verify` looked at and what it found."""
    head, known, good = row["head"], row["known_head"], row["good"]
    checked = [
        f"{plural(row['manifests'], 'manifest')}, {plural(row['runs'], 'run')}, {plural(row['captures'], 'capture')}",
        f"{plural(row['bodies'], 'body', 'bodies')} of pages, {size(row['bytes'])} as they came",
    ]
    checked += [f"{row['loose']:,} of these of a run that did not finish"] if row["loose"] else []
    rows = [("Database", row["database"]), ("Looked at", "\n".join(checked))]
    if row["stamps"]:
        checked.append(f"{plural(row['stamps'], 'time stamp')} of heads of the chain, with certificates")
        rows[-1] = ("Looked at", "\n".join(checked))
    if head:
        rows.append(("Head" if good else "Read up to", f"of run {row['run']}, written {moment(row['made_at'])}"))
    results = []
    if known and good:
        results.append(("Your head", f"number {known['number']:,} stands in the chain with this hash"))
    results.append(("Result", _GOOD if good else _NOT_GOOD))
    # The head is one word that --head takes: it is never wrapped.
    token = f"{'':<{LABEL}}{head['number']}:{head['hash']}\n" if head else ""
    return facts(rows, width=width, colour=colour) + token + facts(results, width=width, colour=colour)


_GOOD = "everything is as it was"
_NOT_GOOD = "not everything is as it was; it stopped at the first such thing, and the rest was not looked at"


# --- who is told what -------------------------------------------------------------------------------------------------

MOST_SHOWN = 3
_HOW = {
    "run": "after each run that has news",
    "daily": "daily at {at}, {zone}",
    "weekly": "weekly, {at}, {zone}",
}


def render_subscriptions(rows: Sequence[Mapping[str, Any]], *, width: int, colour: bool) -> str:
    """Return who is told what, subscription by subscription."""
    if not rows:
        return "There are no subscriptions. One is a [[subscriptions]] block in registerwatch.toml.\n"
    return "\n".join(
        paint(clean(row["name"]), "bold", colour) + "\n" + facts(_told(row), width=width, colour=colour) for row in rows
    )


def _told(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    # Not at the top: `status` has none of this, and who follows what takes long to load.
    from notify.following.subscription import MORNING

    at = row["at"] or MORNING.get(row["when"], "")
    lines = [
        ("Follows", row["follows"]),
        ("Told", f"by {row['channel']}, {_HOW[row['when']].format(at=at, zone=row['timezone'])}"),
        ("Last year", _last_year(row["changes"], row["messages"])),
    ]
    if row["coming_up"]:
        lines.append(("Coming up", plural(len(row["coming_up"]), "printed end")))
    return lines


def _last_year(told: Sequence[Mapping[str, Any]], n_messages: int) -> str:
    if not told:
        return "nothing"
    high = sum(one["severity"] == "high" for one in told)
    severe = f", {high:,} of high severity" if high else ""
    latest = [f"{weekday(one['first_seen'])}: {one['summary']}" for one in told[:MOST_SHOWN]]
    more = [f"and {len(told) - MOST_SHOWN:,} more"] if len(told) > MOST_SHOWN else []
    return "\n".join([f"{plural(len(told), 'change')} in {plural(n_messages, 'message')}{severe}", *latest, *more])


def render_followers(counts: Mapping[str, Any], *, width: int, colour: bool) -> str:
    """Return how many follow by e-mail, and how."""
    often = (f"{counts['run']:,} as it happens", f"{counts['daily']:,} once a day", f"{counts['weekly']:,} once a week")
    lines = [
        ("Followers", f"{counts['followers']:,}, of {plural(counts['follows'], 'thing')}: {', '.join(often)}"),
        (
            "Waiting",
            f"{counts['unconfirmed']:,} to be confirmed, {plural(counts['letters_waiting'], 'letter')} to be sent",
        ),
        ("Suspended", f"{plural(counts['suspended'], 'address', 'addresses')} from which letters came back"),
        ("Stopped", f"{counts['stopped']:,}, to be erased"),
        ("Erased", f"{counts['erased']:,}, of which {counts['complaints']:,} after a complaint; kept as hashes"),
    ]
    return facts(lines, width=width, colour=colour)
