"""Drawings of counts: by month as columns, as a line in steps, as a map of heat; and as bars. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from math import ceil
from typing import NamedTuple

from markupsafe import Markup

from diff.saying.english import month, sentence_case, short_month
from snapshots.browse.pictures.drawing import Chart, Drawing, place, round_numbers, short_name, sign

# --- changes by month -------------------------------------------------------------------------------------------------


class MonthCount(NamedTuple):
    """A month, as in 2026-11, and what was counted in it."""

    month: str
    changes: int
    high: int


def months_chart(months: Sequence[MonthCount], caption: str, *, is_over: bool) -> Chart | None:
    """Return the counts of at least two months, oldest first, as columns; None where there is nothing to draw.

    Of a last month that is not over the count is "so far".
    """
    svg = _columns(
        [(counted.month, (counted.high, counted.changes - counted.high)) for counted in months],
        ("bar hi", "bar"),
        "Changes by month",
        lambda: _months_described(months, is_over=is_over),
    )
    if svg is None:
        return None
    return Chart(
        name="Changes by month",
        svg=svg,
        key=[(sign(_FILLED.format("bar hi")), "high"), (sign(_FILLED.format("bar")), "medium and low")],
        caption=caption,
        head=("Month", "Changes", "High"),
        rows=list(reversed(months)),
    )


_FILLED = '<rect width="22" height="10" class="{}"/>'


def _months_described(months: Sequence[MonthCount], *, is_over: bool) -> str:
    counts, highs = [counted.changes for counted in months], [counted.high for counted in months]
    between = f"between {min(counts):,} and {max(counts):,} changes a month"
    high = f"{min(highs):,} to {max(highs):,} of them of high severity"
    last = f"{counts[-1]:,} {'in' if is_over else 'so far in'} {month(months[-1].month)}"
    return f"{month(months[0].month)} to {month(months[-1].month)}: {between}, {high}; {last}."


class EndCount(NamedTuple):
    """A month, and how many ends lie in it: those that may hold, and printed ones with releases after them."""

    month: str
    ends: int
    apparent: int
    official: int = 0
    """How many of those that may hold the official register says."""


def ends_chart(months: Sequence[EndCount]) -> Chart | None:
    """Return the ends of at least two months, the nearest first, as columns; None where there are none."""
    are_official = any(counted.official for counted in months)
    what = "ends" if are_official else "printed ends"
    name = f"{sentence_case(what)} ahead"
    svg = _columns(
        [(counted.month, (counted.ends, counted.apparent)) for counted in months],
        ("bar", "bar pale"),
        name,
        lambda: _ends_described(months, what),
    )
    if svg is None:
        return None
    newest = "that of the newest version on the official register where one is held"
    whose = f"An end is {newest}. Else it is the printed one," if are_official else "A printed end is"
    caption = (
        f"Agreements by the month of their {what.removesuffix('s')}. {whose} a date to ask about: the page prints the "
        "term of the first version it holds."
    )
    return Chart(
        name=name,
        svg=svg,
        key=[
            (sign(_FILLED.format("bar")), "ends, the official one where one is held" if are_official else what),
            (sign(_FILLED.format("bar pale")), "apparent ones: releases are printed after them"),
        ],
        caption=caption,
        head=("Month", sentence_case(what), "Apparent ends", *(["Official ends among them"] if are_official else [])),
        rows=[counted if are_official else counted[:3] for counted in months],
    )


def _ends_described(months: Sequence[EndCount], what: str) -> str:
    most = max(months, key=lambda counted: counted.ends)
    official = sum(one.official for one in months)
    words = (
        f"{month(months[0].month)} to {month(months[-1].month)}: {sum(one.ends for one in months):,} {what} and "
        f"{sum(one.apparent for one in months):,} apparent ones; most in {month(most.month)}, {most.ends:,}."
    )
    return f"{words} The official register says {official:,} of them." if official else words


_FLOOR, _TALLEST = 112, 84


def _columns(
    months: Sequence[tuple[str, Sequence[int]]], kinds: Sequence[str], name: str, described: Callable[[], str]
) -> Markup | None:
    """Draw a column for each of at least two months, of parts one on the other; nothing where all are empty."""
    most = max((sum(parts) for _, parts in months), default=0)
    if len(months) < 2 or not most:
        return None
    last = place(months[-1][0], end=True)
    drawing = Drawing(place(months[0][0]), last, margin=7)
    scale = _TALLEST / most
    for value in round_numbers(most):
        y = round(_FLOOR - value * scale)
        drawing.line("grid", 7, y, 100, y)
        drawing.text(f"{value:,}", 0, y + 4)
    for when, parts in months:
        # A sliver of white between two months, so that equal ones can be counted.
        start, end = (drawing.x(place(when) + part / 12) for part in (0.14, 0.86))
        top = _FLOOR
        for kind, count in zip(kinds, parts, strict=True):
            if count:
                # A single one among thousands would be less than a pixel, and is shown.
                height = max(1, round(count * scale))
                top -= height + (1 if top < _FLOOR else 0)
                drawing.bar(kind, start, end, top, height)
    drawing.line("base", 7, _FLOOR + 0.5, 100, _FLOOR + 0.5)
    shown = short_month(months[-1][0])
    if len(months) > 3:
        # The name of the last month needs room of its own.
        drawing.years(128, until=last - 5 / 12)
        drawing.text(shown.split()[0], 100, 128, "end")
    else:
        drawing.text(short_month(months[0][0]), 7, 128)
        drawing.text(shown, 100, 128, "end")
    return drawing.svg(name, described(), 134)


# --- how many there were, month by month ------------------------------------------------------------------------------

Level = tuple[str, int]
"""A month, and how many there were at its end."""

_TOP, _HIGH = 14, 150


def levels_of(stays: Iterable[tuple[str, str]], months: Sequence[str]) -> list[Level]:
    """Return how many stays last at the end of each of the *months*; each is from one month on, up to before another.

    >>> levels_of([("2025-10", "2026-01"), ("2025-12", "9999")], ["2025-11", "2025-12", "2026-01"])
    [('2025-11', 1), ('2025-12', 2), ('2026-01', 1)]
    """
    turns = Counter[str]()
    for came, went in stays:
        turns[max(came, months[0])] += 1
        turns[went] -= 1
    return list(zip(months, accumulate(turns[when] for when in months), strict=True))


def levels_chart(levels: Sequence[Level], name: str, caption: str, counted: str = "Agreements") -> Chart | None:
    """Return the levels of at least two months, oldest first, as a line in steps; None where nothing is to be drawn."""
    most = max((count for _, count in levels), default=0)
    if len(levels) < 2 or not most:
        return None
    first, last = place(levels[0][0]), place(levels[-1][0], end=True)
    # Room above the highest step, for the figure that stands on it.
    drawing, ceiling = Drawing(first, last), most * 1.17

    def y(count: int) -> int:
        return round(_TOP + _HIGH * (1 - count / ceiling))

    drawing.years(180, until=first + 0.9 * (last - first), line_to=_TOP + _HIGH)
    _steps(drawing, levels, ceiling, _TOP, _HIGH)
    for value in round_numbers(most):
        drawing.line("grid", 0, y(value), 100, y(value))
        # A label through which the line runs cannot be read.
        if abs(value - levels[0][1]) > most * 0.12:
            drawing.text(f"{value:,}", 0, y(value) - 4)
    drawing.line("base", 0, _TOP + _HIGH + 0.5, 100, _TOP + _HIGH + 0.5)
    # Above whatever the line does below the figure's own width.
    highest = max(count for _, count in levels[-ceil(len(levels) / 12) :])
    drawing.text(f"{levels[-1][1]:,}", 100, y(highest) - 8, "strong end")
    return Chart(
        name=name,
        svg=drawing.svg(name, _levels_described(levels), 186),
        caption=caption,
        head=("Month", counted),
        rows=list(reversed(levels)),
    )


def _steps(drawing: Drawing, levels: Sequence[Level], ceiling: float, top: int, height: int) -> None:
    """Draw an area of steps in a square of its own, which is stretched to the width; its line is not."""
    steps = [(n * 100 / len(levels), 100 - count / ceiling * 100) for n, (_, count) in enumerate(levels)]
    ends = [x for x, _ in steps[1:]] + [100.0]
    points = " ".join(f"{x:.2f},{high:.2f} {end:.2f},{high:.2f}" for (x, high), end in zip(steps, ends, strict=True))
    drawing.add(
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" x="0" y="{0}" width="100%" height="{1}">'
        '<polygon class="area" points="0,100 {2} 100,100"/>'
        '<polyline class="line" vector-effect="non-scaling-stroke" points="{2}"/></svg>',
        top, height, points,
    )  # fmt: skip


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


# --- several levels, each on its own scale ----------------------------------------------------------------------------


class Trend(NamedTuple):
    """What was counted at the end of each month, the newest last, and where what is counted now is listed."""

    name: str
    levels: Sequence[Level]
    address: str

    @property
    def now(self) -> int:
        """The newest count."""
        return self.levels[-1][1]


def trend_line(trend: Trend) -> Markup:
    """Return one trend as a line in steps, to stand below its name and its figure."""
    drawing = _along(trend.levels)
    _trend(drawing, trend, 0)
    return drawing.svg(trend.name, _levels_described(trend.levels), _TREND)


def trends_chart(trends: Sequence[Trend], name: str, caption: str) -> Chart | None:
    """Return several trends of the same months, one below the other; None before there are two months."""
    if len(trends[0].levels) < 2:
        return None
    drawing = _along(trends[0].levels)
    for n, trend in enumerate(trends):
        top = n * _TREND_ROW
        drawing.text(trend.name, 0, top + 14)
        drawing.text(f"{trend.now:,}", 100, top + 14, "strong end")
        _trend(drawing, trend, top + 20)
    drawing.years(len(trends) * _TREND_ROW + 6, until=place(trends[0].levels[-1][0]) - 0.3)
    described = " ".join(f"{trend.name}: {_levels_described(trend.levels)}" for trend in trends)
    months = [when for when, _ in trends[0].levels]
    return Chart(
        name=name,
        svg=drawing.svg(name, described, len(trends) * _TREND_ROW + 12),
        caption=caption,
        head=("Month", *(trend.name for trend in trends)),
        rows=[(when, *(trend.levels[n][1] for trend in trends)) for n, when in reversed(list(enumerate(months)))],
    )


_TREND, _TREND_ROW = 34, 68


def _along(levels: Sequence[Level]) -> Drawing:
    return Drawing(place(levels[0][0]), place(levels[-1][0], end=True))


def _trend(drawing: Drawing, trend: Trend, top: int) -> None:
    if most := max(count for _, count in trend.levels):
        _steps(drawing, trend.levels, most * 1.06, top, _TREND - 1)
    drawing.line("base", 0, top + _TREND - 0.5, 100, top + _TREND - 0.5)


# --- a map of heat, bars ----------------------------------------------------------------------------------------------

HEAT = (1, 2, 6, 21)
"""From how many on a field is one shade darker."""


def heat_chart(
    rows: Sequence[tuple[str, Sequence[int]]], months: Sequence[str], name: str, caption: str
) -> Chart | None:
    """Return a field for each row and month, the darker the more; None where there is nothing to draw.

    The name of a row stands above its fields: beside them it would leave no room on a narrow screen.
    """
    if len(months) < 2 or not rows:
        return None
    drawing = Drawing(place(months[0]), place(months[-1], end=True))
    for n, (label, counts) in enumerate(rows):
        top = n * _ROW
        drawing.text(short_name(label), 0, top + 14)
        drawing.text(f"{sum(counts):,}", 100, top + 14, "strong end")
        drawing.bar("field", 0, 100, top + 20, 12)
        for when, count in zip(months, counts, strict=True):
            if shade := sum(count >= least for least in HEAT):
                start, end = (drawing.x(place(when) + part / 12) for part in (0.06, 0.94))
                drawing.bar(f"heat{shade}", start, end, top + 20, 12)
    height = len(rows) * _ROW + 6
    drawing.years(height + 8, until=place(months[-1]) - 0.3)
    most = "; ".join(f"{label} {sum(counts):,}" for label, counts in sorted(rows, key=lambda row: -sum(row[1]))[:3])
    return Chart(
        name=name,
        svg=drawing.svg(name, f"{month(months[0])} to {month(months[-1])}. Most: {most}.", height + 14),
        key=[
            (sign(_FILLED.format(f"heat{n + 1}")), f"{least} or more" if least == HEAT[-1] else _shade(n))
            for n, least in enumerate(HEAT)
        ],
        caption=caption,
        head=("Month", *(label for label, _ in rows)),
        rows=[(when, *(counts[n] for _, counts in rows)) for n, when in reversed(list(enumerate(months)))],
    )


_ROW = 40


def _shade(n: int) -> str:
    """Return the counts of a shade.

    >>> _shade(0), _shade(1)
    ('1', '2 to 5')
    """
    return str(HEAT[n]) if HEAT[n + 1] == HEAT[n] + 1 else f"{HEAT[n]} to {HEAT[n + 1] - 1}"


def bars_chart(
    rows: Sequence[tuple[str, Sequence[int]]], parts: Sequence[str], name: str, caption: str, counted: str
) -> Chart | None:
    """Return a bar for each row, cut into parts in their order; None where there is nothing to draw."""
    most = max((sum(counts) for _, counts in rows), default=0)
    if not most:
        return None
    drawing = Drawing(0, most)
    for n, (label, counts) in enumerate(rows):
        top, done = n * _ROW, 0
        drawing.text(short_name(label), 0, top + 14)
        drawing.text(f"{sum(counts):,}", 100, top + 14, "strong end")
        for part, count in enumerate(counts):
            if count:
                drawing.bar(f"part{part}", drawing.x(done), drawing.x(done + count), top + 20, 12)
            done += count
    most_of = "; ".join(f"{label}: {sum(counts):,}" for label, counts in rows[:3])
    return Chart(
        name=name,
        svg=drawing.svg(name, f"{len(rows)} bars, the longest first. {most_of}.", len(rows) * _ROW),
        key=[(sign(_FILLED.format(f"part{n}")), part) for n, part in enumerate(parts)],
        caption=caption,
        head=(counted, *parts),
        rows=[(label, *counts) for label, counts in rows],
    )
