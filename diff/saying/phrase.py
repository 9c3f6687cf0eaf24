"""A change in few words and marked values, for a row of a page, a mail or a terminal.

The summary of a change is one sentence that can stand alone; a phrase stands below the names of the organisation and
the agreement, so it names neither. What it holds is plain text on single lines, made safe and cut to bounds; markup,
colours and signs are for whoever shows it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from diff.details import Value, several
from diff.saying.english import day, month, plural
from diff.saying.redline import Mark, Run
from scraper.text import cut, one_line

if TYPE_CHECKING:  # as in `sentence`
    from diff.change import Change

LONGEST_VALUE = 300
MOST_VALUES = 30
SHORT = 60
"""Characters of a value that can stand on one line with another."""

NONE_PRINTED = "none printed"
WITHDRAWN = "Told once; the kept pages no longer show it."
MOST_NOTES = 3
"""Remarks of an operator, the latest, that stand beside a change; its page has all of them."""

Form = Literal["sentence", "pair", "lines", "prose"]
Marked = tuple[Mark, str]
"""A value, and whether it went, came or stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A change as a row shows it: `opening`, `tail`, then the values as `form` says, then `note`."""

    head: str
    """What happened; stands in bold."""
    tail: str = ""
    """Plain words after the head."""
    joint: str = ":"
    """What stands between the head and what follows it on its line."""
    form: Form = "sentence"
    """How the values stand: none; one or two in `lines` on the line of the head, an arrow between two; one a line in
    `lines`; running text in `runs`."""
    lines: tuple[Marked, ...] = ()
    """Values spelled out. What is not printed, and "and 3 more" at the end of many, has the mark "same"."""
    runs: tuple[Run, ...] = ()
    note: str = ""
    """A sentence in small print."""
    short: str = ""
    """What happened without its values, for subjects and titles: "ECDS added"."""

    @property
    def opening(self) -> str:
        """Return the head with its joint, if something follows on its line."""
        return f"{self.head}{self.joint}" if self.tail or self.form == "pair" else self.head

    @property
    def words(self) -> str:
        """Return what stands before the values on the line of the head."""
        return f"{self.opening} {self.tail}{':' * (self.form == 'pair')}" if self.tail else self.opening


@dataclass(frozen=True, slots=True)
class Told:
    """A change that somebody is told, and what is said beside it."""

    change: "Change"
    members: "Sequence[Change]" = ()
    """Of a group those that concern whoever is told, or the first of them."""
    datasets: int | None = None
    """Of a new agreement, how many datasets it has."""
    named: tuple[str, ...] = ()
    """Those of them that are worth naming to whoever is told."""
    term: str | None = None
    """Its printed term, "2026-11-02 to 2029-11-01"."""

    @property
    def example(self) -> "Change":
        """What gives the values that a group does not have."""
        return self.members[0] if self.change.group and self.members else self.change


Say = Callable[[Told], Phrase]


def phrase(told: Told, *, as_member: bool = False) -> Phrase:
    """Return what is told in few words; *as_member* where a group is shown at one of its members."""
    change = told.change
    said = change.kind.row.phrase(told)
    if change.is_same_edit:
        said = _of_group(said, change, as_member)
    elif as_member and told.members:
        said = _made_of(said, told.members[0])
    return replace(
        said,
        tail=safe(said.tail),
        lines=tuple((mark, safe(text)) for mark, text in said.lines),
        note=" ".join(filter(None, [safe(said.note), _source(change), WITHDRAWN * change.withdrawn, *_notes(change)])),
        short=safe(said.short or lower(said.head)),
    )


def _source(change: "Change") -> str:
    """Return whence a change is known, where that is not the pages alone."""
    if change.details.source:
        edition = change.details.edition
        return f"Official register, edition of {month(edition)}." if edition else "Official register."
    official = change.details.official
    return f"The official register says the same: {safe(official)}." if official else ""


def _notes(change: "Change") -> list[str]:
    return [safe(f"Note of {day(note.made_at)}: {note.text}") for note in change.notes[-MOST_NOTES:]]


def _of_group(said: Phrase, change: "Change", as_member: bool) -> Phrase:
    """Return the phrase of the edit, with its head in second place after how many agreements it is on."""
    agreements = plural(change.agreements, "agreement")
    places = change.details.organisations
    at = f" at {plural(places, 'organisation')}" if places else ""
    return replace(
        said,
        head=f"One of {agreements} with the same edit" if as_member else f"The same edit on {agreements}{at}",
        joint=".",
        tail=said.head + (f"{said.joint} {said.tail}" if said.tail else ""),
        short=f"{said.short or lower(said.head)} on {agreements}",
    )


def _made_of(said: Phrase, member: "Change") -> Phrase:
    """Return the phrase of a *member* of a change that is made of others, with what it is a part of as a note."""
    own = phrase(Told(member))
    return replace(own, note=" ".join(filter(None, [own.note, f"Part of: {said.words}."])))


# --- what phrases are made of -----------------------------------------------------------------------------------------


def safe(text: str) -> str:
    """Return text off a page on one line, within bounds."""
    return cut(one_line(text), LONGEST_VALUE)


def lower(head: str) -> str:
    """Return a head as it stands in the middle of a sentence."""
    return head[:1].lower() + head[1:]


def with_values(head: str, values: Sequence[Marked], **more: Any) -> Phrase:
    """Return a phrase with *values*: one, or two short ones, beside the head, others below it."""
    is_short = all(len(one_line(text)) <= SHORT for _, text in values)
    one_line_does = len(values) == 1 or (len(values) == 2 and values[0][0] != "in" and is_short)
    form: Form = "sentence" if not values else "pair" if one_line_does else "lines"
    return Phrase(head=head, form=form, lines=few(values), **more)


def few(values: Sequence[Marked]) -> tuple[Marked, ...]:
    """Return so many values as are shown, and how many more there are."""
    left_out = len(values) - MOST_VALUES
    return (*values[:MOST_VALUES], ("same", f"and {left_out} more")) if left_out > 0 else tuple(values)


def before_after(change: "Change") -> list[Marked]:
    """Return the single values before and after."""
    pairs: tuple[tuple[Mark, Value], ...] = (("out", change.before), ("in", change.after))
    return [("same", NONE_PRINTED) if value in (None, "") else (mark, str(value)) for mark, value in pairs]


def set_values(change: "Change") -> list[Marked]:
    """Return what went out of a set, what came into it, and what stays."""
    stays = (value for value in several(change.after) if value not in change.added)
    return _marked(change.removed, change.added, stays)


def renamed_values(example: "Change") -> list[Marked]:
    """Return the two names of a relabelling or succession; the old one may stay, the new one may have been there."""
    return [
        ("out" if example.removed else "same", str(example.before)),
        ("in" if example.added else "same", str(example.after)),
    ]


def moved_values(change: "Change") -> list[Marked]:
    """Return the slugs of the pages that an agreement left, of those it came to, and of those where it stays."""
    before, after = several(change.before), several(change.after)
    went, came = (slug for slug in before if slug not in after), (slug for slug in after if slug not in before)
    return _marked(went, came, (slug for slug in after if slug in before))


def _marked(out: Iterable[str], into: Iterable[str], same: Iterable[str]) -> list[Marked]:
    marked: tuple[tuple[Mark, Iterable[str]], ...] = (("out", out), ("in", into), ("same", same))
    return [(mark, value) for mark, values in marked for value in values]


def plain(head: str, short: str = "") -> Say:
    """Return the phrase of what has no values to show."""
    return lambda _: Phrase(head=head, short=short)


def two(head: str) -> Say:
    """Return the phrase of what was one thing and is another."""
    return lambda told: with_values(head, before_after(told.change))
