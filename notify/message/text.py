"""A digest as plain text: 72 columns, addresses and checksums on lines of their own, nothing said by colour."""

import textwrap
from collections.abc import Hashable, Iterator
from functools import lru_cache

from diff.saying.english import moment
from diff.saying.phrase import Phrase
from diff.saying.redline import Run
from notify.message.parts import Block, Row, Section
from notify.message.words import Words

WIDTH = 72
INDENT = 10
"""Columns of the severity, before what it is the severity of."""

_LABELS = {"high": "[HIGH]", "medium": "[medium]", "low": "[low]", "info": "[info]"}
_SIGNS = {"out": "-", "in": "+", "same": "="}
_BRACKETS = {"out": ("[-", "-]"), "in": ("{+", "+}"), "same": ("", "")}

Drawn = dict[Hashable, str]
"""Rows drawn before, by their keys."""


def draw_text(words: Words, drawn: Drawn) -> str:
    """Return the whole text of a digest."""
    lines = [words.heading.upper(), *_wrap(" ".join(filter(None, (words.seen, words.follows))))]
    for section in words.parts.sections:
        lines += _section(section, drawn)
    if words.counted:
        lines += ["", "", *_title("And more"), ""]
        lines += [line for counted in words.counted for line in _wrap(counted, hang=2)]
    if words.endings:
        lines += ["", "", *_title("Coming up")]
        for ending in words.endings:
            lines += ["", *_wrap(f"{ending.date:<10}  printed end of {ending.reference}, {ending.when}", hang=12)]
            lines += _indented(", ".join(filter(None, (ending.title, ending.organisation))), 12)
            lines += [ending.link] if ending.link else []
            lines += ["Source:", ending.source] if ending.source else []
        lines += ["", *_wrap(words.caution)]
    lines += ["", "-" * WIDTH, *_footer(words)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _title(text: str) -> list[str]:
    return [*_wrap(text.upper()), "=" * WIDTH]


def _section(section: Section, drawn: Drawn) -> Iterator[str]:
    yield from ("", "", *_title(section.organisation))
    for block in section.blocks:
        yield ""
        yield from _block(block, drawn)


def _block(block: Block, drawn: Drawn) -> Iterator[str]:
    if block.title or block.reference:
        yield from (*_wrap(block.title), *_wrap(block.reference), "-" * WIDTH, "")
    for number, row in enumerate(block.rows):
        if number:
            yield ""
        yield _row(row, drawn)
    if block.link or block.source or block.sums:
        yield ""
    if block.link:
        yield from ("History and proof:", block.link)
    if block.source:
        yield from ("Source:", block.source)
    for before, after in block.sums:
        yield from ("Page before, SHA-256:", before) if before else ()
        yield from ("Page after, SHA-256:", after) if after else ()


def _row(row: Row, drawn: Drawn) -> str:
    if row.key is None or row.key not in drawn:
        text = "\n".join(_row_lines(row))
        if row.key is None:
            return text
        drawn[row.key] = text
    return drawn[row.key]


def _row_lines(row: Row) -> Iterator[str]:
    said = row.phrase
    first, *others = _indented(f"{said.head}{said.joint} {said.tail}" if said.tail else said.head)
    yield f"{_LABELS[row.severity]:<{INDENT}}{first.lstrip()}"
    yield from others
    yield from _values(said)
    yield from _indented(said.note) if said.note else ()
    yield from _indented(f"First seen on {moment(row.seen)}.") if row.seen else ()
    for one in row.about:
        yield from _indented(", ".join(filter(None, (one.reference, one.organisation))), hang=2)
    yield from _indented(f"and {row.more_about} more") if row.more_about else ()
    yield from ("", f"{row.link_text}:", row.link) if row.link else ()
    sources = dict.fromkeys(one.source for one in row.about if one.source)
    if sources:
        yield from ("Source:",) if row.link else ("", "Source:")
        yield from sources


def _values(said: Phrase) -> Iterator[str]:
    if said.form == "prose":
        yield from _indented(" ".join(map(_marked, said.runs)))
    elif said.form == "pair" and len(said.lines) == 2:
        yield from _indented(" -> ".join(text for _, text in said.lines))
    else:
        for mark, text in said.lines:
            yield from _indented(f"{_SIGNS[mark]} {text}", hang=2)


def _marked(run: Run) -> str:
    before, after = _BRACKETS[run.mark]
    return f"{before}{run.text}{after}"


def _footer(words: Words) -> Iterator[str]:
    yield from _wrap(words.dates)
    yield from ("", *_wrap(words.licence))
    if words.chain:
        yield from ("", *_wrap(words.chain[0]), words.chain[1])
    yield from ("", *_wrap(words.why))


def _indented(text: str, indent: int = INDENT, hang: int = 0) -> tuple[str, ...]:
    return _wrap(text, indent=indent, hang=hang)


@lru_cache(maxsize=10_000)  # names, titles and the footer come again in the digest of the next reader
def _wrap(text: str, indent: int = 0, hang: int = 0) -> tuple[str, ...]:
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_on_hyphens=False,
    )
    return tuple(lines)
