"""What whoever looks after the machine is told: what needs a person, once, and weekly that all is well.

Pure: what needs a person is said elsewhere, in the sentences that `status` prints; here is decided which of them were
not told yet, and how the letter reads. A note is stored as JSON until it is told.
"""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from diff.saying.english import Trouble, plural
from scraper.text import cut, one_line

WIDTH = 72
OPERATOR = "operator"
"""Under which name these notes are delivered."""

_LONGEST = 1000  # characters of one sentence
_LABEL = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What the last seven days came to."""

    runs: int
    runs_failed: int
    pages: int
    agreements: int
    changes: int
    """Told, or to be told."""
    delivered: int
    """Messages."""
    size: str
    """Of the database, in words."""


def notes_of(needs: Iterable[str]) -> list[tuple[str, str]]:
    """Return a key and a note for each sentence that says what needs a person.

    The key is the same as long as it is the same trouble, however often it happened since. That mail to the operator
    does not arrive is told by `status` alone, and so is what may pass by itself.
    """
    return [(f"need:{_key(need)}", json.dumps(_note(need))) for need in needs if not _is_quiet(need)]


def _note(need: str) -> dict[str, str]:
    if not isinstance(need, Trouble):
        return {"need": need}
    return {"need": need, "key": need.key} | ({"about": need.about} if need.about else {})


def _is_quiet(need: str) -> bool:
    return isinstance(need, Trouble) and (need.passing or need.about == OPERATOR)


def as_of_now(notes: Iterable[Mapping[str, Any]], sign: str, needs: Sequence[str]) -> list[str]:
    """Return notes as they are to be told now: a sign of life with the figures of *sign*, and no message that arrived.

    A note may have waited, for a night or for what was delivered just before it.
    """
    now, keys = json.loads(sign), set(map(_key, needs))
    told = [_sign_of(note, now) if "week" in note else note for note in notes]
    return [json.dumps(note) for note in told if not note.get("about") or note["key"] in keys]


def _sign_of(note: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    # What nobody else knows, as that feeds cannot be written, stands in the note alone.
    alone = [need for need in note["needs"] if need in note.get("keys", ()) and need not in now["needs"]]
    return {**now, "week": note["week"], "needs": [*now["needs"], *alone], "keys": [*now["keys"], *alone]}


def alive_of(day: date, week: Week, needs: Sequence[str]) -> tuple[str, str]:
    """Return the key and the note of the sign of life in the week of *day*, with what needs a person still."""
    year, number, _ = day.isocalendar()
    # Who reads it has this letter.
    said = [need for need in needs if not (isinstance(need, Trouble) and need.about == OPERATOR)]
    note = {"week": number, **asdict(week), "needs": said, "keys": list(map(_key, said))}
    return f"alive:{year}-W{number:02}", json.dumps(note)


def _key(need: str) -> str:
    return need.key if isinstance(need, Trouble) else need


def render_notes(notes: Iterable[str]) -> tuple[str, str]:
    """Return subject and text of the letter that tells *notes*, at most 72 columns wide."""
    read = [json.loads(note) for note in notes]
    signs = [note for note in read if "week" in note]
    told = [note["need"] for note in read if "need" in note]
    known = {note.get("key", note["need"]) for note in read if "need" in note}
    last = signs[-1] if signs else {"needs": []}
    # A sign that version one wrote has no keys.
    still = [need for need, key in zip(last["needs"], last.get("keys", last["needs"]), strict=True) if key not in known]
    blocks = [_listed(told, "a person"), _listed(still, "a person still"), *map(_figures, signs), _FOOT]
    return f"registerwatch: {_subject(told, still, signs)}", "\n\n".join(filter(None, blocks)) + "\n"


_FOOT = f"""{"-" * WIDTH}
A note to whoever looks after registerwatch; readers do not get it.
How things stand now: registerwatch status"""


def _subject(told: Sequence[str], still: Sequence[str], signs: Sequence[dict[str, int]]) -> str:
    if told:
        return _needing(told, "a person")
    week = f"week {signs[-1]['week']}" if signs else "no news"
    return f"{_needing(still, 'a person still')}, {week}" if still else f"all is well, {week}"


def _needing(needs: Sequence[str], whom: str) -> str:
    return f"1 thing needs {whom}" if len(needs) == 1 else f"{len(needs):,} things need {whom}"


def _listed(needs: Sequence[str], whom: str) -> str:
    if not needs:
        return ""
    return "\n\n".join([_needing(needs, whom), *(_wrapped(cut(one_line(need), _LONGEST), 2) for need in needs)])


def _figures(week: dict[str, int | str]) -> str:
    failed = f", {week['runs_failed']:,} failed" if week["runs_failed"] else ""
    rows = [
        ("Runs", f"{week['runs']:,} in the last seven days{failed}"),
        ("Changes", f"{week['changes']:,} told, {plural(int(week['delivered']), 'message')} delivered"),
        ("Register", f"{plural(int(week['pages']), 'page')}, {plural(int(week['agreements']), 'agreement')}"),
        ("Database", str(week["size"])),
    ]
    return "\n".join([f"Week {week['week']}", *(f"{label:<{_LABEL}}{value}" for label, value in rows)])


def _wrapped(text: str, indent: int) -> str:
    # Not at hyphens: slugs, references and options stay whole.
    margin = " " * indent
    return textwrap.fill(text, WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
