"""Charts: counts and levels by month, a printed term, names over time, drawn as SVG within the page. Pure.

x runs in per cent of the width and y in px, so that text keeps its size at any width. Whatever a chart shows is said in
its description too, and what is counted stands as figures in the table behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from typing import NamedTuple

from markupsafe import Markup

from diff.saying.english import month, short_month
from scraper.text import cut, one_line

MOST_MONTHS = 1200
"""Months of a release window that are looked at one by one; a page may print any year."""
MOST_YEARS = 7
"""Years written below a chart, so that they can be read on a narrow screen."""
LONGEST_LABEL = 42
"""Characters of a name in a drawing, so that it stays within 320 px."""

Span = tuple[str, str]
"""Two printed dates or months, the first and the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing with what stands below it."""

    svg: Markup
    key: Sequence[tuple[Markup, str]] = ()
    """Signs, and the words for each."""
    note: str = ""
    caption: str = ""
    """Of the table of figures; without rows there is none."""
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    has_counts: bool = True
    """Whether all columns but the first are numbers."""


class _Drawing:
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
        return self.x(_place(span[0])), self.x(_place(span[1], end=True))

    def add(self, shape: str, *values: object) -> None:
        """Add a shape; values are escaped."""
        self._shapes.append(Markup(shape).format(*values))

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
        own = name.split()[0].lower()
        head = Markup('<title id="{0}-t">{1}</title><desc id="{0}-d">{2}</desc>').format(own, name, described)
        return Markup('<svg class="draw" height="{0}" role="img" aria-labelledby="{1}-t {1}-d">{2}{3}</svg>').format(
            height, own, head, Markup("\n").join(self._shapes)
        )


def _sign(shape: str) -> Markup:
    return Markup(f'<svg aria-hidden="true">{shape}</svg>')


def _place(date: str, *, end: bool = False) -> float:
    """Return where a printed date lies, in years; of a month its first day, as an end its last.

    >>> _place("2026-07"), _place("2026-12", end=True), round(_place("2026-12-31", end=True), 2)
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


def _round_numbers(most: int) -> list[int]:
    """Return one or two round numbers up to *most*.

    >>> _round_numbers(61), _round_numbers(3), _round_numbers(1), _round_numbers(4200)
    ([30, 60], [1, 3], [1], [2000, 4000])
    """
    if most < 4:
        return sorted({1, most})
    size = 10 ** (len(str(most)) - 1)
    top = most // size * size
    return [top // 2, top] if top // 2 else [top]


# --- changes by month -------------------------------------------------------------------------------------------------


class MonthCount(NamedTuple):
    """A month, as in 2026-11, and what was counted in it."""

    month: str
    changes: int
    high: int


_FLOOR, _TALLEST = 112, 84


def months_chart(months: Sequence[MonthCount], caption: str, *, is_over: bool) -> Chart | None:
    """Return the counts of at least two months, oldest first, as bars; None where there is nothing to draw.

    Of a last month that is not over the count is "so far".
    """
    most = max((counted.changes for counted in months), default=0)
    if len(months) < 2 or not most:
        return None
    last = _place(months[-1].month, end=True)
    drawing = _Drawing(_place(months[0].month), last, margin=7)
    scale = _TALLEST / most
    for value in _round_numbers(most):
        y = round(_FLOOR - value * scale)
        drawing.line("grid", 7, y, 100, y)
        drawing.text(f"{value:,}", 0, y + 4)
    for counted in months:
        # A sliver of white between two months, so that equal ones can be counted.
        start, end = (drawing.x(_place(counted.month) + part / 12) for part in (0.14, 0.86))
        top = _FLOOR
        for kind, count in (("bar hi", counted.high), ("bar", counted.changes - counted.high)):
            if count:
                # A single change among thousands would be less than a pixel, and is shown.
                height = max(1, round(count * scale))
                top -= height + (1 if top < _FLOOR else 0)
                drawing.bar(kind, start, end, top, height)
    drawing.line("base", 7, _FLOOR + 0.5, 100, _FLOOR + 0.5)
    # The name of the last month needs room of its own.
    drawing.years(128, until=last - 5 / 12)
    name = short_month(months[-1].month)
    drawing.text(name.split()[0] if len(months) > 3 else name, 100, 128, "end")
    return Chart(
        svg=drawing.svg("Changes by month", _months_described(months, is_over=is_over), 134),
        key=[
            (_sign('<rect width="22" height="10" class="bar hi"/>'), "high"),
            (_sign('<rect width="22" height="10" class="bar"/>'), "medium and low"),
        ],
        caption=caption,
        head=("Month", "Changes", "High"),
        rows=[(short_month(when), f"{changes:,}", f"{high:,}") for when, changes, high in reversed(months)],
    )


def _months_described(months: Sequence[MonthCount], *, is_over: bool) -> str:
    counts, highs = [counted.changes for counted in months], [counted.high for counted in months]
    between = f"between {min(counts):,} and {max(counts):,} changes a month"
    high = f"{min(highs):,} to {max(highs):,} of them of high severity"
    last = f"{counts[-1]:,} {'in' if is_over else 'so far in'} {month(months[-1].month)}"
    return f"{month(months[0].month)} to {month(months[-1].month)}: {between}, {high}; {last}."


# --- how many there were, month by month ------------------------------------------------------------------------------

Level = tuple[str, int]
"""A month, and how many there were at its end."""

_TOP, _HIGH = 14, 150


def levels_chart(levels: Sequence[Level], name: str, caption: str) -> Chart | None:
    """Return the levels of at least two months, oldest first, as a line in steps; None where nothing is to be drawn."""
    most = max((count for _, count in levels), default=0)
    if len(levels) < 2 or not most:
        return None
    first, last = _place(levels[0][0]), _place(levels[-1][0], end=True)
    # Room above the highest step, for the figure that stands on it.
    drawing, ceiling = _Drawing(first, last), most * 1.17

    def y(count: int) -> int:
        return round(_TOP + _HIGH * (1 - count / ceiling))

    drawing.years(180, until=first + 0.9 * (last - first), line_to=_TOP + _HIGH)
    # An area of steps is drawn in a square of its own, which is stretched to the width; its line is not.
    steps = [(n * 100 / len(levels), 100 - count / ceiling * 100) for n, (_, count) in enumerate(levels)]
    ends = [x for x, _ in steps[1:]] + [100.0]
    points = " ".join(f"{x:.2f},{high:.2f} {end:.2f},{high:.2f}" for (x, high), end in zip(steps, ends, strict=True))
    drawing.add(
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" x="0" y="{0}" width="100%" height="{1}">'
        '<polygon class="area" points="0,100 {2} 100,100"/>'
        '<polyline class="line" vector-effect="non-scaling-stroke" points="{2}"/></svg>',
        _TOP, _HIGH, points,
    )  # fmt: skip
    for value in _round_numbers(most):
        drawing.line("grid", 0, y(value), 100, y(value))
        # A label through which the line runs cannot be read.
        if abs(value - levels[0][1]) > most * 0.12:
            drawing.text(f"{value:,}", 0, y(value) - 4)
    drawing.line("base", 0, _TOP + _HIGH + 0.5, 100, _TOP + _HIGH + 0.5)
    drawing.text(f"{levels[-1][1]:,}", 100, y(levels[-1][1]) - 8, "strong end")
    return Chart(
        svg=drawing.svg(name, _levels_described(levels), 186),
        caption=caption,
        head=("Month", "Agreements"),
        rows=[(short_month(when), f"{count:,}") for when, count in reversed(levels)],
    )


def _levels_described(levels: Sequence[Level]) -> str:
    """Return in words how many there were.

    >>> _levels_described([("2025-11", 2), ("2025-12", 1), ("2026-01", 3)])
    'From 2 in November 2025 to 3 in January 2026; at least 1 in between.'
    """
    (first, earlier), (last, later) = levels[0], levels[-1]
    counts = [count for _, count in levels]
    outer = [f"at least {min(counts):,}"] if min(counts) < min(earlier, later) else []
    outer += [f"at most {max(counts):,}"] if max(counts) > max(earlier, later) else []
    between = f"; {' and '.join(outer)} in between" if outer else ""
    return f"From {earlier:,} in {month(first)} to {later:,} in {month(last)}{between}."


# --- an agreement's term and its releases -----------------------------------------------------------------------------


def term_chart(
    *, term: Span | None, releases: Span | None, apparent: Sequence[str], was: tuple[str, str] | None, last_read: str
) -> Chart | None:
    """Return a printed term above a release window, on one line of years; None if neither can be drawn.

    Args:
        term: Printed start and end, as precise as printed.
        releases: First and last month of the release window.
        apparent: The months of it that lie after the end that was printed at the time.
        was: The end that was printed before, and words for it.
        last_read: When the page was last read.
    """
    term = term if term and _place(term[0]) <= _place(term[1], end=True) else None
    releases = releases if releases and releases[0] <= releases[1] else None
    if not term and not releases:
        return None
    years = [int(date[:4]) for date in (*(term or ()), *(releases or ()), last_read)]
    described = _term_described(term, was, releases, apparent)
    # An end that lies decades away would press everything else into one corner.
    was = was if was and min(years) <= int(was[0][:4]) <= max(years) else None
    drawing, today = _Drawing(min(years), max(years) + 1), _place(last_read)
    drawing.years(170, until=max(years), line_to=158)
    drawing.line("today", drawing.x(today), 0, drawing.x(today), 158)
    _draw_term(drawing, term, was)
    _draw_releases(drawing, releases, apparent)
    drawing.line("base", 0, 157.5, 100, 157.5)
    upright = '<line class="{}" x1="11" x2="11" y1="-3" y2="13"/>'
    hollow = '<rect class="k-app" y=".75" width="22" height="8.5"/>'
    return Chart(
        svg=drawing.svg("Printed term and release window", described, 174),
        key=[
            *([(_sign(upright.format("k-was")), was[1])] if was else []),
            *([(_sign(hollow), "releases after the end printed at the time")] if apparent else []),
            (_sign(upright.format("k-now")), "last read"),
        ],
        head=("What", "As printed"),
        has_counts=False,
    )


def _draw_term(drawing: _Drawing, term: Span | None, was: tuple[str, str] | None) -> None:
    drawing.text("Printed term", 0, 14, "strong")
    if term:
        start, end = drawing.ends(term)
        drawing.line("term", start, 30, end, 30)
        drawing.line("term", start, 24, start, 36)
        drawing.line("term", end, 24, end, 36)
        _write_ends(drawing, term, 54, room=60)
    else:
        drawing.text("none printed", 0, 34)
    if was:
        x = drawing.x(_place(was[0], end=True))
        drawing.line("was", x, 20, x, 40)


def _draw_releases(drawing: _Drawing, releases: Span | None, apparent: Sequence[str]) -> None:
    drawing.text("Releases", 0, 96, "strong")
    if not releases:
        drawing.text("none printed", 0, 116)
        return
    # Months are not counted without need: a page may print whatever years.
    months = months_between(*releases) if apparent else [*releases]
    for is_apparent, several in groupby(months, key=set(apparent).__contains__):
        own = list(several)
        start, end = drawing.ends((own[0], own[-1]))
        if is_apparent:
            drawing.bar("apparent", start, end, 107.75, 8.5)
        else:
            drawing.bar("rel", start, end, 107, 10)
    _write_ends(drawing, releases, 136, room=42)


def _write_ends(drawing: _Drawing, span: Span, y: int, *, room: float) -> None:
    """Write two dates at their places; as one where that leaves no room, *room* being the per cent that two need."""
    start, end = drawing.ends(span)
    words = span[0] if span[0] == span[1] else f"{span[0]} to {span[1]}"
    if end - start >= room:
        drawing.text(span[0], start, y)
        drawing.text(span[1], end, y, "end")
    elif start <= 100 - room:
        drawing.text(words, start, y)
    elif end >= room:
        drawing.text(words, end, y, "end")
    else:
        drawing.text(words, 50, y, "mid")


def apparent_months(releases: Span, ends: Sequence[tuple[str, str | None]]) -> list[str]:
    """Return the months of a release window that lie after the end that was printed at the time.

    What was printed before the first reading is not known; the first reading stands for it.

    Args:
        releases: First and last month.
        ends: (time, printed end) of each state, in order of time: which end was printed when.

    >>> apparent_months(("2026-02", "2026-05"), [("2025-01-01T03:00:00Z", "2026-03-12")])
    ['2026-04', '2026-05']
    >>> apparent_months(("2026-04", "2026-05"), [("2025-01-01T03Z", "2026-03"), ("2026-05-09T03Z", "2029-03")])
    ['2026-04']
    """
    found = []
    for month_ in months_between(*releases)[-MOST_MONTHS:]:
        known = [end for time, end in ends if time[:7] <= month_] or [end for _, end in ends[:1]]
        end = known[-1] if known else None
        if end and month_ > end[:7]:
            found.append(month_)
    return found


def _term_described(
    term: Span | None, was: tuple[str, str] | None, releases: Span | None, apparent: Sequence[str]
) -> str:
    words = f"Printed term {term[0]} to {term[1]}" if term else "No whole term printed"
    words += f"; the end printed before was {was[0]}. " if was else ". "
    words += f"Releases from {releases[0]} to {releases[1]}" if releases else "No release window printed"
    if apparent:
        words += f"; {len(apparent)} of these months lay after the end printed at the time"
    return f"{words}."


# --- names over time --------------------------------------------------------------------------------------------------


def names_chart(names: Sequence[tuple[str, str, str | None]], newest: str, first: str, last: str) -> Chart | None:
    """Return at least two names as lines: (name, when it was first and last printed, None if it still is).

    Args:
        names: In the order in which they are drawn.
        newest: The newest of them.
        first: Time at which the drawing begins.
        last: Time at which it ends.
    """
    if len(names) < 2 or first[:10] >= last[:10]:
        return None
    begins, ends = _place(first[:10]), _place(last[:10])
    drawing, base = _Drawing(begins, ends), 40 * len(names) + 1.5
    drawing.years(round(base + 22) - 6, until=begins + 0.9 * (ends - begins), line_to=base)
    # Beside the newest name an earlier one is a broken line.
    newer = drawing.x(_place(min((since for name, since, _ in names if name == newest), default=last)[:10]))
    for n, (name, since, until) in enumerate(names):
        y, start, end = 14 + 40 * n, drawing.x(_place(since[:10])), drawing.x(_place((until or last)[:10]))
        turn = end if name == newest else min(end, max(start, newer))
        kind = "strong" if name == newest else ""
        words = cut(one_line(name), LONGEST_LABEL)
        drawing.text(words, *(100, y, f"{kind} end") if start > 30 else (start, y, kind))
        drawing.line("term", start, y + 10, turn, y + 10)
        if turn < end:
            drawing.line("was", turn, y + 10, end, y + 10)
    drawing.line("base", 0, base, 100, base)
    flat = '<line class="{}" x1="0" x2="22" y1="5" y2="5"/>'
    return Chart(
        svg=drawing.svg("Names over time", "; ".join(_name_described(*name) for name in names) + ".", round(base + 22)),
        key=[
            (_sign(flat.format("k-term")), "the name given to it"),
            (_sign(flat.format("k-was")), "an earlier name, still listed beside the newest"),
        ],
    )


def _name_described(name: str, since: str, until: str | None) -> str:
    to = f"to {month(until)}" if until else "and still"
    return f"{cut(one_line(name), 120)}, printed from {month(since)} {to}"
