"""How one agreement is told on a terminal: what its page prints, how it came about, its prose word by word. Pure."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from cron.terminal.style import NARROWEST, paint, wrap
from diff.change import Change
from diff.saying.english import moment, plural, weekday
from diff.saying.redline import Redline, Run
from diff.saying.sentence import NAMES
from diff.severity import Severity
from scraper.records import SECTIONS
from scraper.text import clean

_LABEL = 22


def render_agreement(shown: Mapping[str, Any], *, width: int = 80, colour: bool = False) -> str:
    """Return the public form of one agreement as text: facts first, then prose, then how it came about."""
    width = max(width, NARROWEST)
    title = f"{clean(shown['reference'])}, as of {weekday(shown['as_of'])}"
    blocks = [[paint(line, "underline", colour) for line in wrap(title, width)]]
    agreement = shown["agreement"]
    if agreement is None:
        blocks.append(wrap("It stood on no page at that time.", width))
    else:
        blocks.append(list(_facts(shown, width, colour)))
        if agreement["datasets"] is not None:
            names = [line for name in agreement["datasets"] for line in _hanging("- ", clean(name), width)]
            blocks.append([_title(plural(len(agreement["datasets"]), "dataset"), colour), *names])
        sections = {name: agreement[name] for name in SECTIONS if agreement[name] is not None}
        for name, text in sections.items():
            prose = [line for part in text.split("\n") for line in wrap(clean(part), width)] if text else ["empty"]
            blocks.append([_title(NAMES[name], colour), *prose])
    blocks.append([_title(plural(len(shown["versions"]), "version"), colour), *_versions(shown["versions"], width)])
    blocks.append([_title(plural(len(shown["changes"]), "change"), colour), *_changes(shown["changes"], width)])
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


def _versions(versions: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    for version in versions:
        until = f"gone since {version['ended'][:10]}" if version["ended"] else f"last seen {version['last_seen'][:10]}"
        yield from _hanging(f"{version['first_seen'][:10]}  ", f"{until}, page {clean(version['page'])}", width)


def _changes(changes: Sequence[Change], width: int) -> Iterator[str]:
    for change in changes:
        severity = "HIGH" if change.severity is Severity.HIGH else change.severity
        told = clean(change.summary) + ("" if change.substantive else " (editorial)")
        yield from _hanging(f"{change.first_seen[:10]}  {severity:<6}  ", told, width)


def _hanging(start: str, text: str, width: int) -> Iterator[str]:
    for number, line in enumerate(wrap(text, width - len(start))):
        yield (" " * len(start) if number else start) + line


# --- its prose at two times -------------------------------------------------------------------------------------------

_MARKS = {"same": ("", ""), "out": ("[-", "-]"), "in": ("{+", "+}")}
_COLOURS = {"same": "", "out": "yellow", "in": "green"}


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
