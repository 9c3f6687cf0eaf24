"""Word by word: which two states of an agreement are compared, and where the prose of the later one begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.saying.english import listed
from scraper.text import cut
from scraper.times import end_of
from snapshots.browse.app.request import BadAddressError, QueryWords
from snapshots.browse.parts.facts import Comparison, comparison, same_prose
from snapshots.browse.parts.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A time at which the agreement began to say something else."""

    time: str
    value: str
    """What stands for it in an address: its day, or its time where two states began on one day."""
    name: str
    version: Version


def redline(words: QueryWords, states: Sequence[State], at: str) -> Mapping[str, Any]:
    """Return the comparison of two states up to a time: those asked for, or the newest rewording."""
    asked_for = bool(words.one("from") or words.one("to"))
    known = [state for state in states if state.time <= at]
    after = _state_at(known, words.one("to"), "to") or known[-1]
    before = _state_at(known, words.one("from"), "from")
    if before is None and after is known[0]:
        before = after
    if before is None:
        earlier = [state for state in known if state.time < after.time]
        other = (one for one in reversed(earlier) if not same_prose(one.version.agreement, after.version.agreement))
        before = next(other, earlier[-1])
    compared: Comparison = comparison(before.version.agreement, after.version.agreement)
    names = [section.name for section in compared.sections]
    return {
        "before": before,
        "after": after,
        "after_begins": _prose_begins(known, after) if not asked_for else after,
        "compared": compared,
        "facts": compared.facts if asked_for else [],
        "title": f"{listed(names) if len(names) <= 2 else 'The prose'}, before and after" if names else "Word by word",
        "asked_for": asked_for,
        "known": known,
    }


def _prose_begins(known: Sequence[State], after: State) -> State:
    """Return since when the prose has been that of *after*."""
    begins = after
    for state in reversed([one for one in known if one.time < after.time]):
        if not same_prose(state.version.agreement, after.version.agreement):
            break
        begins = state
    return begins


def _state_at(known: Sequence[State], typed: str, name: str) -> State | None:
    if not typed:
        return None
    try:
        time = end_of(typed)
    except (ValueError, OverflowError) as error:
        raise BadAddressError(f"“{cut(typed, 60)}” is no date; write {name} as 2026-11-21.") from error
    return next((state for state in reversed(known) if state.time <= time), known[0])
