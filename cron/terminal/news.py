"""How changes are told on a terminal: values go in, text comes out. Nothing is printed here.

Two lines a change at any width: who and where, then what. The words on the second line come from the change's values;
its full sentence is for mails and feeds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from cron.terminal.style import NARROWEST, cut, in_words, paint, wrap
from diff.change import Change
from diff.details import Value, several
from diff.kinds import ChangeKind
from diff.saying.english import plural, weekday
from diff.saying.sentence import NAMES, who
from diff.saying.values import reworded
from scraper.text import clean

_VALUE = 34
_INDENT = " " * 8
_GAP = 5


def render_changes(
    changes: Sequence[Change],
    *,
    width: int = 80,
    colour: bool = False,
    more: int = 0,
    editorial_left_out: int = 0,
    dataset_counts: Mapping[str, int] | None = None,
) -> str:
    """Return *changes*, in the order given, under one heading a run.

    Args:
        changes: Those of one run stand together.
        width: Columns of the terminal.
        colour: Whether to use colours.
        more: How many further changes a limit left out.
        editorial_left_out: How many editorial changes the same question would have found with `--all`.
        dataset_counts: Reference → number of datasets, told beside agreements that are new.
    """
    width = max(width, NARROWEST)
    blocks = []
    for _, same_run in groupby(changes, key=lambda change: change.run):
        run = list(same_run)
        lines = [_run_heading(run, width, colour), ""]
        for change in run:
            lines += _two_lines(change, width, colour, (dataset_counts or {}).get(change.reference or ""))
        blocks.append("\n".join(lines))
    if not changes:
        blocks.append("No changes.")
    if more:
        blocks.append(paint(f"{more:,} more left out by --limit.", "dim", colour))
    if editorial_left_out:
        blocks.append(
            paint(f"Editorial changes left out: {editorial_left_out:,}. Show them with --all.", "dim", colour)
        )
    return "\n\n".join(blocks) + "\n"


def _run_heading(changes: Sequence[Change], width: int, colour: bool) -> str:
    first_seen = changes[0].first_seen
    title = f"{weekday(first_seen)}, run {changes[0].run}"
    # An edition imported under a date alone counts as midnight: that is no time at which anyone looked.
    at = "" if first_seen.endswith("T00:00:00Z") else f" at {first_seen[11:16]} UTC"
    count = f"{plural(len(changes), 'change')} first seen{at}"
    between = "  " if len(title) + 2 + len(count) <= width else "\n"
    return paint(title, "underline", colour) + paint(between + count, "dim", colour)


def _two_lines(change: Change, width: int, colour: bool, datasets: int | None) -> Iterator[str]:
    severity = change.severity
    bold = "bold" if severity in ("high", "medium") else ""
    word = paint(severity.upper().ljust(6), "bold red", colour) if severity == "high" else paint(severity, bold, colour)
    tail = _tail(change, width)
    name = cut(_who(change), width - len(_INDENT) - (len(tail) + _GAP if tail else 0))
    space = " " * (width - len(_INDENT) - len(name) - len(tail)) if tail else ""
    gap = "  " if severity == "high" else " " * (len(_INDENT) - len(severity))
    yield word + gap + paint(name, bold, colour) + space + paint(tail, "dim", colour)

    kind = f"{_INDENT}{change.kind:<{_VALUE - len(_INDENT)}}"
    # A kind that is longer than its column pushes its value to the right, and is not cut: it is what --kind takes.
    if len(kind) > _VALUE:
        kind += "  "
    plain = change.substantive and not change.withdrawn
    for number, line in enumerate(_value_lines(change, width - _VALUE, colour and plain, datasets)):
        yield (kind if number == 0 else " " * _VALUE) + (line if plain else paint(line, "dim", colour))


def _who(change: Change) -> str:
    if change.group:
        return who(change) if change.details.organisations else plural(change.agreements, "agreement")
    return clean(change.organisation or "Across the register")


def _tail(change: Change, width: int) -> str:
    """Return what stands at the right: the reference, and where there is room the first digits of the id."""
    if change.group:
        return f"--group {change.group[:8]}"
    named = [clean(change.reference)] if change.reference else []
    return "   ".join([*named, change.id[:8]] if width >= 100 else named)


_SENTENCES = {
    ChangeKind.ORGANISATION_ADDED: "new on the register's pages",
    ChangeKind.ORGANISATION_REMOVED: "no longer on the register's pages",
    ChangeKind.AGREEMENT_REMOVED: "no longer on the register's pages",
}
_ITEMS = {
    ChangeKind.DATASET_ADDED,
    ChangeKind.DATASET_REMOVED,
    ChangeKind.CONTROLLER_ADDED,
    ChangeKind.CONTROLLER_REMOVED,
    ChangeKind.DISCUSSION_ADDED,
    ChangeKind.LEGAL_BASIS_CHANGED,
}
_QUOTED = {
    ChangeKind.FLAG_RAISED,
    ChangeKind.FLAG_CLEARED,
    ChangeKind.INCIDENT_NOTED,
    ChangeKind.INCIDENT_REMOVED,
}


def _value_lines(change: Change, width: int, colour: bool, datasets: int | None) -> list[str]:
    lines = list(_what(change, width, colour, datasets))
    if change.withdrawn:
        lines += wrap("withdrawn: told once, no longer found", width)
    return lines or [""]


def _what(change: Change, width: int, colour: bool, datasets: int | None) -> Iterable[str]:
    kind, before, after = change.kind, change.before, change.after
    if kind in _SENTENCES:
        return wrap(_SENTENCES[kind], width)
    if kind is ChangeKind.AGREEMENT_ADDED:
        again = ["listed again"] if change.details.listed_again else []
        counted = [plural(datasets, "dataset")] if datasets is not None else []
        return wrap("; ".join([clean(change.title or "without a title"), *again, *counted]), width)
    if kind in (ChangeKind.TEXT_CHANGED, ChangeKind.WORDING_CHANGED):
        return wrap(_reworded(change), width)
    if kind in _QUOTED:
        return _signed([f'"{said}"' for said in _texts(before)], [f'"{said}"' for said in _texts(after)], width, colour)
    if kind in _ITEMS or change.group:
        return _out_and_in(change, width, colour)
    arrow = _arrow(in_words(before), in_words(after), width, colour)
    if arrow:
        return [arrow]
    if change.removed or change.added:
        return _signed(change.removed, change.added, width, colour)
    return _signed([in_words(before)], [in_words(after)], width, colour)


def _out_and_in(change: Change, width: int, colour: bool) -> Iterable[str]:
    """Say what went and what came; what stays of a set is not repeated."""
    out, into = change.removed, change.added
    if not out and not into:
        out, into = (in_words(change.before),), (in_words(change.after),)
    arrow = _arrow(in_words(out), in_words(into), width, colour) if out and into else ""
    return [arrow] if arrow else _signed(out, into, width, colour)


def _arrow(before: str, after: str, width: int, colour: bool) -> str:
    """Return both values on one line, or nothing if they do not fit."""
    if len(before) + len(after) + 3 > width:
        return ""
    return f"{paint(before, 'yellow', colour)} {paint('→', 'dim', colour)} {paint(after, 'green', colour)}"


def _signed(out: Iterable[str], into: Iterable[str], width: int, colour: bool) -> Iterator[str]:
    for sign, texts, style in (("- ", out, "yellow"), ("+ ", into, "green")):
        for text in texts:
            lines = wrap(clean(text), width - len(sign))
            for number, line in enumerate(lines):
                yield paint((sign if number == 0 else "  ") + line, style, colour)


def _reworded(change: Change) -> str:
    section = clean(change.field or "text").replace("_", " ")
    if change.field == "remainder":  # no reader knows the field by its name
        section = NAMES[change.field].lower()
    if change.kind is ChangeKind.TEXT_CHANGED and not change.group and not (change.before and change.after):
        return f"{section}: {'now printed' if change.after else 'no longer printed'}"
    if change.kind is not ChangeKind.TEXT_CHANGED:
        return f"{section}: printed differently"
    return f"{section}, {clean(reworded(change.details)).rstrip('.')}"


def _texts(value: Value) -> tuple[str, ...]:
    return () if value is None else several(value) or (str(value),)
