"""How changes, and one agreement, are told on a terminal: values go in, text comes out. Nothing is printed here.

Two lines a change or more, at any width: who and where, then what, in the words of mails and pages.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from cron.terminal.style import NARROWEST, cut, paint, wrap
from diff.change import Change
from diff.kinds import ChangeKind
from diff.saying.english import moment, month, plural, weekday
from diff.saying.phrase import Phrase, Told, phrase
from diff.saying.redline import Redline, Run
from diff.saying.sentence import NAMES, who
from diff.severity import Severity
from scraper.records import SECTIONS
from scraper.text import clean

_INDENT = " " * 8
_GAP = 5
_SIGNS = {"same": "=", "out": "-", "in": "+"}
_MARKS = {"same": ("", ""), "out": ("[-", "-]"), "in": ("{+", "+}")}
_COLOURS = {"same": "", "out": "yellow", "in": "green"}


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
            told = Told(change, datasets=(dataset_counts or {}).get(change.reference or ""))
            lines += render_change(told, width=width, colour=colour)
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


def render_change(told: Told, *, width: int, colour: bool) -> Iterator[str]:
    """Yield the lines of one change: how severe it is and whom it is about, then what happened, as mails say it."""
    change, severity = told.change, told.change.severity
    bold = "bold" if severity in ("high", "medium") else ""
    word = paint(severity.upper().ljust(6), "bold red", colour) if severity == "high" else paint(severity, bold, colour)
    tail = _tail(change, width)
    name = cut(_who(change), width - len(_INDENT) - (len(tail) + _GAP if tail else 0))
    space = " " * (width - len(_INDENT) - len(name) - len(tail)) if tail else ""
    gap = "  " if severity == "high" else " " * (len(_INDENT) - len(severity))
    yield word + gap + paint(name, bold, colour) + space + paint(tail, "dim", colour)

    plain = change.substantive and not change.withdrawn
    said = list(_said(phrase(told), width - len(_INDENT), colour and plain))
    if change.kind is ChangeKind.AGREEMENT_ADDED and change.title:
        said += wrap(f"“{clean(change.title)}”", width - len(_INDENT))
    for line in said:
        yield _INDENT + (line if plain else paint(line, "dim", colour))


def _who(change: Change) -> str:
    if change.is_same_edit:
        return who(change) if change.details.organisations else plural(change.agreements, "agreement")
    return clean(change.organisation or "Across the register")


def _tail(change: Change, width: int) -> str:
    """Return what stands at the right: the reference, and where there is room the first digits of the id."""
    if change.group:
        return f"--group {change.group[:8]}"
    named = [clean(change.reference)] if change.reference else []
    return "   ".join([*named, change.id[:8]] if width >= 100 else named)


def _said(said: Phrase, width: int, colour: bool) -> Iterator[str]:
    """Yield what happened, with its values where they fit beside it and else below it."""
    words, values = clean(said.words), [(mark, clean(text)) for mark, text in said.lines]
    if said.form == "pair" and len(words) + 1 + len(" → ".join(text for _, text in values)) <= width:
        arrow = f" {paint('→', 'dim', colour)} "
        yield f"{words} {arrow.join(paint(text, _COLOURS[mark], colour) for mark, text in values)}"
    else:
        yield from wrap(words, width)
        for mark, text in values:
            for number, line in enumerate(wrap(text, width - 2)):
                yield paint(f"{' ' if number else _SIGNS[mark]} {line}", _COLOURS[mark], colour)
    if said.form == "prose":
        yield from _marked_lines(said.runs, width, colour)
    if said.note:
        yield from wrap(clean(said.note), width)


# --- one agreement ----------------------------------------------------------------------------------------------------

_LABEL = 22


def render_agreement(shown: Mapping[str, Any], *, width: int = 80, colour: bool = False) -> str:
    """Return the public form of one agreement as text: facts first, then prose, then how it came about."""
    width = max(width, NARROWEST)
    title = f"{clean(shown['reference'])}, as of {weekday(shown['as_of'])}"
    blocks = [[paint(line, "underline", colour) for line in wrap(title, width)]]
    agreement = shown["agreement"]
    if agreement is None:
        absent = "It stood on no page at that time." if shown["versions"] else "No page has it."
        blocks.append(wrap(absent, width))
    else:
        blocks.append(list(_facts(shown, width, colour)))
        if agreement["datasets"] is not None:
            names = [line for name in agreement["datasets"] for line in _hanging("- ", clean(name), width)]
            blocks.append([_title(plural(len(agreement["datasets"]), "dataset"), colour), *names])
        sections = {name: agreement[name] for name in SECTIONS if agreement[name] is not None}
        for name, text in sections.items():
            prose = [line for part in text.split("\n") for line in wrap(clean(part), width)] if text else ["empty"]
            blocks.append([_title(NAMES[name], colour), *prose])
    if shown.get("official"):
        blocks.append(
            [_title(f"Official register of {month(shown['official']['edition'])}", colour), *_held(shown, width)]
        )
    blocks.append([_title(plural(len(shown["versions"]), "version"), colour), *_versions(shown["versions"], width)])
    blocks.append([_title(plural(len(shown["changes"]), "change"), colour), *_changes(shown["changes"], width, colour)])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _title(text: str, colour: bool) -> str:
    return paint(text, "bold", colour)


def _facts(shown: Mapping[str, Any], width: int, colour: bool) -> Iterator[str]:
    """Yield the lines of the agreement's head as its page prints them."""
    newest = [version for version in shown["versions"] if version["page"] == shown["pages"][0]][-1]
    rows = [("Organisation", newest["organisation"] or "none printed")]
    rows += [("Page" if len(shown["pages"]) == 1 else "Pages", ", ".join(shown["pages"]))]
    rows += [("Title", shown["agreement"]["title"] or "none printed"), *shown["agreement"]["printed"].items()]
    for label, value in rows:
        head = clean(label)
        lines = [line for part in value.split("\n") for line in wrap(clean(part) or "empty", width - _LABEL)]
        if len(head) >= _LABEL:
            yield paint(head, "dim", colour)
            head = ""
        for number, line in enumerate(lines):
            yield paint(f"{'' if number else head:<{_LABEL}}", "dim", colour) + line


def _held(shown: Mapping[str, Any], width: int) -> Iterator[str]:
    """Yield the versions on the official register with their terms, the newest first."""
    for one in shown["official"]["versions"]:
        has_term = one["dsa_start"] or one["dsa_end"]
        term = " to ".join(one[name] or "none" for name in ("dsa_start", "dsa_end")) if has_term else "no term printed"
        said = ", ".join(clean(part) for part in (term, one["title"] or one["organisation"]) if part)
        yield from _hanging(f"{clean(one['version'] or 'no version'):<10}  ", said, width)


def _versions(versions: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    # Which page it was is said of one that moved.
    moved = len({version["page"] for version in versions}) > 1
    for version in versions:
        until = f"gone since {version['ended'][:10]}" if version["ended"] else f"last seen {version['last_seen'][:10]}"
        page = f", page {clean(version['page'])}" if moved else ""
        yield from _hanging(f"{version['first_seen'][:10]}  ", f"{until}{page}", width)


def _changes(changes: Sequence[Change], width: int, colour: bool) -> Iterator[str]:
    """Yield what happened to the agreement, in the words and marks of `changes`."""
    for change in changes:
        severity = "HIGH" if change.severity is Severity.HIGH else change.severity
        start = f"{change.first_seen[:10]}  {severity:<6}  "
        said = phrase(Told(change))
        said = said if change.substantive else replace(said, note=" ".join(filter(None, [said.note, "Editorial."])))
        for number, line in enumerate(_said(said, width - len(start), colour)):
            yield (" " * len(start) if number else start) + line


def _hanging(start: str, text: str, width: int) -> Iterator[str]:
    for number, line in enumerate(wrap(text, width - len(start))):
        yield (" " * len(start) if number else start) + line


# --- its prose at two times -------------------------------------------------------------------------------------------


def render_redlines(
    reference: str, earlier: str, later: str, changed: Mapping[str, Redline], *, width: int = 80, colour: bool = False
) -> str:
    """Return the redlines of an agreement; *earlier* and *later* say when the two texts were first seen."""
    # On one day the two differ by their hours alone.
    same_day = earlier != later and earlier[:10] == later[:10]
    first, last = ((moment if same_day else weekday)(time) for time in (earlier, later))
    if not changed:
        when = f"since it was first seen on {first}" if earlier == later else f"between {first} and {last}"
        return "\n".join(wrap(f"The prose of {reference} has not changed {when}.", width)) + "\n"
    parts = ["\n".join(wrap(f"{reference}: as first seen on {first}, and on {last}", width)) + "\n"]
    for name, lines in changed.items():
        words = f"{plural(lines.words('out'), 'word')} out, {lines.words('in'):,} in"
        title = f"{paint(NAMES[name], 'bold', colour)}, {words}"
        parts.append(f"{title}\n\n{render_redline(lines, width=width, colour=colour)}")
    return "\n".join(parts)


def render_redline(redline: Redline, *, width: int = 80, colour: bool = False) -> str:
    """Return a redline: words out as `[-out-]`, words in as `{+in+}`, unchanged paragraphs counted and left out."""
    width = max(width, NARROWEST)
    blocks = []
    for same, paragraphs in groupby(redline.paragraphs, key=lambda runs: all(run.mark == "same" for run in runs)):
        if same:
            blocks.append(paint(f"({plural(len(list(paragraphs)), 'paragraph')} unchanged)", "dim", colour))
        else:
            blocks += ["\n".join(_marked_lines(paragraph, width, colour)) for paragraph in paragraphs]
    return "\n\n".join(blocks) + "\n"


def _marked_lines(paragraph: Sequence[Run], width: int, colour: bool) -> Iterator[str]:
    """Wrap the runs of a paragraph; each word carries its colour, so that a line can break inside a run."""
    line: list[tuple[str, str]] = []
    length = 0
    for word, style in _marked_words(paragraph):
        for piece in textwrap.wrap(word, width, break_on_hyphens=False):
            if line and length + 1 + len(piece) > width:
                yield _coloured(line, colour)
                line, length = [], 0
            length += len(piece) + bool(line)
            line.append((piece, style))
    yield _coloured(line, colour)


def _marked_words(paragraph: Sequence[Run]) -> Iterator[tuple[str, str]]:
    for run in paragraph:
        words = clean(run.text).split()
        opening, closing = _MARKS[run.mark]
        for number, word in enumerate(words):
            first, last = number == 0, number == len(words) - 1
            yield f"{opening if first else ''}{word}{closing if last else ''}", _COLOURS[run.mark]


def _coloured(line: Sequence[tuple[str, str]], colour: bool) -> str:
    spans = groupby(line, key=lambda word: word[1])
    return " ".join(paint(" ".join(word for word, _ in words), style, colour) for style, words in spans)
