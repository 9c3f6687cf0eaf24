"""How it looks on a terminal: values go in, text comes out. Nothing is printed here.

Bold, dim, underline and the theme's red, green and yellow are all there is, and nothing is lost without them. Whatever
came off a page is somebody else's text: it passes `clean` before it is drawn. The width decides only where names are
cut and values wrap.
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from scraper.text import clean

NARROWEST = 60
"""Columns below which lines run over rather than being cut to nothing."""

LABEL = 12
"""Columns of the label before a fact."""

_NARROW = 6
"""Columns under which a name of a table is not cut."""

_STYLES = {"bold": "1", "dim": "2", "underline": "4", "red": "31", "green": "32", "yellow": "33"}


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether *stream* is a terminal whose user has not said no (https://no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def paint(text: str, styles: str, colour: bool) -> str:
    """Return *text* in *styles*, as in "bold red", if *colour* is wanted."""
    if not (colour and styles and text):
        return text
    return f"\x1b[{';'.join(_STYLES[style] for style in styles.split())}m{text}\x1b[0m"


def cut(text: str, width: int) -> str:
    """Return *text* in at most *width* columns, with an ellipsis where something is missing."""
    return text if len(text) <= width else text[: max(width - 1, 0)].rstrip() + "…"


def wrap(text: str, width: int) -> list[str]:
    """Return *text* in lines of at most *width* columns; at least one line, and at least twenty columns."""
    # Not at hyphens: references, dates and statutes stay whole.
    return textwrap.wrap(text, max(width, 20), break_on_hyphens=False) or [""]


def in_words(value: Any) -> str:
    """Return a value of a record in words."""
    if value is None:
        return "none printed"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return clean(", ".join(value) if isinstance(value, list | tuple) else value) or "empty"


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes for one terminal, which is so wide and has colours or has not."""

    width: int
    colour: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", max(self.width, NARROWEST))

    def paint(self, text: str, styles: str) -> str:
        """Return *text* in *styles*, as in "bold red"."""
        return paint(text, styles, self.colour)

    def wrap(self, text: str, styles: str = "", *, indent: int = 0) -> list[str]:
        """Return *text* in lines, in *styles*, *indent* columns from the left."""
        return [self.paint(" " * indent + line, styles) for line in wrap(text, self.width - indent)]

    def title(self, text: str) -> list[str]:
        """Return what a report begins with, and a free line."""
        return [self.paint(text, "underline"), ""]

    def fact(self, label: str, value: str) -> Iterator[str]:
        """Yield the lines of one labelled value."""
        pieces = [piece for line in value.split("\n") for piece in wrap(clean(line), self.width - LABEL)]
        for number, piece in enumerate(pieces):
            yield self.paint(f"{label if number == 0 else '':<{LABEL}}", "dim") + piece

    def need(self, sentence: str) -> list[str]:
        """Return what needs a person, below a free line."""
        return ["", *self.wrap(sentence, "bold")]


def facts(rows: Iterable[tuple[str, str]], *, width: int = 80, colour: bool = False) -> str:
    """Return labelled values under each other; a value may have several lines."""
    pen = Pen(width, colour)
    return "".join(f"{line}\n" for label, value in rows for line in pen.fact(label, value))


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a table: which value, under which heading, and what to say where there is none."""

    key: str
    heading: str
    missing: str = "none printed"
    whole: bool = False
    """Never cut: a reference or a slug that is to be copied, or a date."""


def render_table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[TableColumn], *, width: int = 80, colour: bool = False
) -> str:
    """Return *rows* as a table no wider than *width*: the widest columns are cut first, numbers stand at the right.

    Where cutting is not enough, the widest column that may be cut is left out and named below.
    """
    width = max(width, NARROWEST)
    measured = [_measure(rows, column, width) for column in columns]
    left_out = []
    while len(measured) > 1 and _least(measured) > width:
        one = max((m for m in measured[1:] if not m.whole), key=lambda m: m.longest, default=measured[-1])
        left_out.append(one.column)
        measured.remove(one)
    columns = [one.column for one in measured]
    cells = [[_cell(row.get(column.key), column.missing) for column in columns] for row in rows]
    numbers = [one.is_number for one in measured]
    widths = _shrink([one.longest for one in measured], [one.whole for one in measured], width - 2 * (len(columns) - 1))

    def line(texts: Sequence[str]) -> str:
        fitted = [cut(text, room) for text, room in zip(texts, widths, strict=True)]
        placed = [
            text.rjust(room) if number else text.ljust(room)
            for text, room, number in zip(fitted, widths, numbers, strict=True)
        ]
        return "  ".join(placed).rstrip()

    head = paint(line([column.heading for column in columns]), "bold", colour)
    rule = paint("─" * (sum(widths) + 2 * (len(columns) - 1)), "dim", colour)
    lines = [head, rule, *map(line, cells)]
    if left_out:
        names = ", ".join(column.heading for column in left_out)
        lines += ["", *(paint(text, "dim", colour) for text in wrap(f"Left out for want of room: {names}.", width))]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Measured:
    """A column with what it needs."""

    column: TableColumn
    longest: int
    is_number: bool

    @property
    def whole(self) -> bool:
        return self.column.whole or self.is_number


def _measure(rows: Sequence[Mapping[str, Any]], column: TableColumn, width: int) -> _Measured:
    values = [row.get(column.key) for row in rows]
    longest = max([len(column.heading), *(len(_cell(value, column.missing)) for value in values)])
    known = [value for value in values if value is not None]
    is_number = bool(known) and all(isinstance(value, int) and not isinstance(value, bool) for value in known)
    return _Measured(column, min(longest, width), is_number)


def _least(measured: Sequence[_Measured]) -> int:
    """Return how wide the table is when all that may be cut is cut."""
    return sum(one.longest if one.whole else min(one.longest, _NARROW) for one in measured) + 2 * (len(measured) - 1)


def _cell(value: Any, missing: str) -> str:
    return missing if value is None else in_words(value)


def _shrink(widths: Sequence[int], whole: Sequence[bool], room: int) -> list[int]:
    """Return *widths* cut down to *room*, a column at a time, the widest first; none falls under `_NARROW`."""
    shrunk = list(widths)
    # A column at a time, so that of two long ones neither is cut for the other.
    while sum(shrunk) > room:
        widest = max((n for n, keep in enumerate(whole) if not keep), key=lambda n: shrunk[n], default=None)
        if widest is None or shrunk[widest] <= _NARROW:
            break
        shrunk[widest] -= 1
    return shrunk
