"""What waits for a person: held runs, runs overdue, pages that fail night after night, messages that do not go out.

Sentences for the operator, made of facts and read in a terminal, in a mail and on a page alike. Pure.
"""

from collections.abc import Mapping
from typing import Any

from diff.saying.english import moment, plural, weekday

NIGHTS = 3
"""A page that so many runs in a row could not read needs a person, and so do runs that fail; one bad night does not."""


def needs_a_person(state: Mapping[str, Any]) -> list[str]:
    """Return what waits for the operator, a sentence each."""
    needs = [
        f"Run {run['id']} is held: {run['reason']}. Decide with: registerwatch release {run['id']}, or: "
        f"registerwatch discard {run['id']}"
        for run in state["held"]
    ]
    attempts = state["attempts"]
    if state.get("overdue"):
        last = f" {attempt_in_words(attempts)}." if attempts else ""
        needs.append(f"A run is overdue since {moment(state['overdue'])}.{last}")
    elif attempts and attempts["times"] >= NIGHTS:
        needs.append(
            f"{attempts['times']} runs in a row have failed, since {weekday(attempts['since'])}: "
            f"{attempts['reason']}. Try one: registerwatch -v run"
        )
    for page in state["failing"]:
        stands = "Its last snapshot still stands." if page["was_read"] else "It was never read."
        if state["last_run"]["kind"] == "import":
            needs.append(f"{page['page']} could not be read: {page['reason']}. {stands}")
        elif page["times"] >= NIGHTS:
            needs.append(
                f"{page['page']} has not been read for {page['times']} runs, since {weekday(page['since'])}: "
                f"{page['reason']}. {stands} Try it alone: registerwatch -v run --only {page['page']}"
            )
    needs += [_undelivered_need(one) for one in state["undelivered"] if one["given_up"] or one["late"]]
    return needs


def _undelivered_need(one: Mapping[str, Any]) -> str:
    messages = f"{plural(one['messages'], 'message')} to {one['subscription']}"
    were = "was" if one["messages"] == 1 else "were"
    if one["given_up"]:
        return (
            f"{messages}, due since {weekday(one['since'])}, {were} given up after "
            f"{plural(one['attempts'], 'attempt')}{why(one)}. This is settled when a later message to it is taken."
        )
    waits = "has" if one["messages"] == 1 else "have"
    return f"{messages} {waits} waited since {moment(one['since'])}{why(one)}. Try now: registerwatch notify"


def why(one: Mapping[str, Any]) -> str:
    """Return why a message did not go out, to stand behind what is said of it."""
    return f": {one['failure']}" if one["failure"] else ""


def attempt_in_words(attempts: Mapping[str, Any]) -> str:
    """Return when the last run failed that had no edition, and why."""
    return f"The last attempt, on {moment(attempts['at'])}, failed: {attempts['reason']}"
