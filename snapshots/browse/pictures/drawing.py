"""A drawing: shapes along a line of time, as SVG within a page, with the words and the table that belong to it. Pure.

x runs in per cent of the width and y in px, so that text keeps its size at any width. Whatever a chart shows is said in
its description too, and what is counted stands as figures in the table behind it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import ceil

from markupsafe import Markup, escape

from scraper.text import cut, one_line
from snapshots.browse.app import addresses

MOST_YEARS = 7
"""Years written below a chart, so that they can be read on a narrow screen."""
LONGEST_LABEL = 42
"""Characters of a name in a drawing, so that it stays within 320 px."""

Span = tuple[str, str]
"""Two printed dates or months, the first and the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing with what stands below it, and the table behind it."""

    name: str
    """What it is called, where it stands alone."""
    svg: Markup
    key: Sequence[tuple[Markup, str]] = ()
    """Signs, and the words for each."""
    note: str = ""
    caption: str = ""
    """Of the table of figures."""
    head: Sequence[str]
    rows: Sequence[Sequence[str | int]] = ()
    """As a file has them: a month is 2026-11, and a number has no commas."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Its addresses as a file, by ending; see `addresses.picture`."""


class Drawing:
    """Shapes along a line of time, whose ends are places in years; the left *margin* per cent are kept for words."""

    def __init__(self, first: float, last: float, *, margin: float = 0.0) -> None:
        self._first, self._last, self._margin = first, last, margin
        self._shapes: list[Markup] = []

    def x(self, place: float) -> float:
        """Return where a place lies, in per cent; what lies beyond an end lies at it."""
        share = min(max((place - self._first) / (self._last - self._first), 0.0), 1.0)
        return self._margin + (100 - self._margin) * share

    def ends(self, span: Span) -> tuple[float, float]:
        """Return where a span begins and ends, in per cent."""
        return self.x(place(span[0])), self.x(place(span[1], end=True))

    def add(self, shape: str, *values: object) -> None:
        """Add a shape; values are escaped."""
        # Hundreds on a page, of numbers mostly: `Markup.format` takes three times as long.
        safe = (escape(value) if isinstance(value, str) else value for value in values)
        self._shapes.append(Markup(shape.format(*safe)))

    def line(self, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
        """Add a line from one point to another."""
        self.add('<line class="{}" x1="{:.2f}%" y1="{}" x2="{:.2f}%" y2="{}"/>', kind, x1, y1, x2, y2)

    def bar(self, kind: str, start: float, end: float, y: float, height: float) -> None:
        """Add a filled rectangle."""
        shape = '<rect class="{}" x="{:.2f}%" y="{}" width="{:.2f}%" height="{}"/>'
        self.add(shape, kind, start, y, end - start, height)

    def text(self, words: str, x: float, y: float, kind: str = "", shift: int = 0) -> None:
        """Add words that begin at a point, or end there, or stand around it, as their kind has it."""
        self.add('<text class="{}" x="{:.2f}%" y="{}" dx="{}">{}</text>', kind, x, y, shift, words)

    def years(self, y: float, *, until: float, line_to: float = 0) -> None:
        """Add the beginnings of years up to a place, each with a line up to the top if it goes down to somewhere."""
        # A month is a twelfth of a year only nearly, as numbers go.
        years = [year for year in range(ceil(self._first - 1e-6), ceil(self._last)) if year <= until + 1e-6]
        for year in years[:: ceil(len(years) / MOST_YEARS) or 1]:
            if line_to:
                self.line("grid", self.x(year), 0, self.x(year), line_to)
            self.text(str(year), self.x(year), y, shift=4 if line_to else 0)

    def svg(self, name: str, described: str, height: int) -> Markup:
        """Return what was drawn, with its name and in words."""
        own = _own_id(name)
        head = Markup('<title id="{0}-t">{1}</title><desc id="{0}-d">{2}</desc>').format(own, name, described)
        return Markup('<svg class="draw" height="{0}" role="img" aria-labelledby="{1}-t {1}-d">{2}{3}</svg>').format(
            height, own, head, Markup("\n").join(self._shapes)
        )


def _own_id(name: str) -> str:
    """Return a name as the beginning of an id, which XML and CSS take as it is: letters, digits and dashes.

    >>> _own_id("System access only (TRE)"), _own_id("Agreements that list the dataset, by month")
    ('drawn-system-access-only-tre', 'drawn-agreements-that-list-the-dataset-by-month')
    """
    return "-".join(["drawn", *re.findall("[a-z0-9]+", name.lower())])


def with_files(chart: Chart | None, name: str, query: addresses.Query = ()) -> Chart | None:
    """Return a drawing with its addresses as a file; *name* is that of the picture, *query* what it is asked."""
    return chart and replace(chart, files=addresses.picture(name, query))


def short_name(name: str) -> str:
    """Return a name as it fits beside a drawing."""
    return cut(one_line(name), LONGEST_LABEL)


def sign(shape: str) -> Markup:
    """Return a shape as it stands in a key."""
    return Markup(f'<svg aria-hidden="true">{shape}</svg>')


def place(date: str, *, end: bool = False) -> float:
    """Return where a printed date lies, in years; of a month its first day, as an end its last.

    >>> place("2026-07"), place("2026-12", end=True), round(place("2026-12-31", end=True), 2)
    (2026.5, 2027.0, 2027.0)
    """
    year, month_ = int(date[:4]), int(date[5:7])
    days = int(date[8:10]) - 1 + end if len(date) >= 10 else 31 * end
    return year + (month_ - 1 + min(days, 31) / 31) / 12


def months_between(first: str, last: str) -> list[str]:
    """Return the months from one to another, both with them.

    >>> months_between("2025-11", "2026-02")
    ['2025-11', '2025-12', '2026-01', '2026-02']
    """
    start, end = (int(text[:4]) * 12 + int(text[5:7]) - 1 for text in (first, last))
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(start, end + 1)]


@lru_cache(maxsize=4096)
def month_after(month: str) -> str:
    """Return the next month.

    >>> month_after("2025-11"), month_after("2025-12")
    ('2025-12', '2026-01')
    """
    n = int(month[:4]) * 12 + int(month[5:7])
    return f"{n // 12:04d}-{n % 12 + 1:02d}"


def round_numbers(most: int) -> list[int]:
    """Return one or two round numbers up to *most*.

    >>> round_numbers(61), round_numbers(3), round_numbers(1), round_numbers(4200)
    ([30, 60], [1, 3], [1], [2000, 4000])
    """
    if most < 4:
        return sorted({1, most})
    size = 10 ** (len(str(most)) - 1)
    top = most // size * size
    return [top // 2, top] if top // 2 else [top]
