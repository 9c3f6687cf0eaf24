"""Drawings as numbers: where each bar and line stands. The macros of `draw.html` write them as SVG.

x runs in per cent of the width and y in px, so that text keeps its size at any width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from diff.saying.english import month, short_month
from scraper.text import cut, one_line
from scraper.times import read_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month and what was counted in it."""

    month: str
    """As in 2026-11."""
    changes: int
    high: int

    @property
    def name(self) -> str:
        """Its short name."""
        return short_month(self.month)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of two pieces, the lower one for high severity."""

    x: str
    width: str
    top: int
    height: int
    high_top: int
    high_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Changes by month."""

    months: Sequence[Month]
    bars: Sequence[Bar]
    grid: Sequence[tuple[int, str]]
    """y and words of the lines behind."""
    years: Sequence[tuple[str, str]]
    """x and words of the years that begin."""
    last: str
    description: str
    height: int = 134
    base: float = 112.5


_FLOOR, _TALLEST, _LEFT = 112, 84, 7.0


def chart_of(months: Sequence[Month]) -> Chart | None:
    """Return the chart of at least two months, oldest first; None where there is nothing to draw."""
    most = max((one.changes for one in months), default=0)
    if len(months) < 2 or not most:
        return None
    step = (100 - _LEFT) / len(months)
    scale = _TALLEST / most
    return Chart(
        months=months,
        bars=[_bar(one, _LEFT + step * (n + 0.14), step * 0.72, scale) for n, one in enumerate(months)],
        grid=[(round(_FLOOR - value * scale), f"{value:,}") for value in _steps(most)],
        years=[
            (f"{_LEFT + step * n:.2f}%", one.month[:4])
            for n, one in enumerate(months)
            if one.month.endswith("-01") and n < len(months) - 4
        ],
        last=month(months[-1].month).split()[0][:3] + ("" if len(months) > 3 else f" {months[-1].month[:4]}"),
        description=_described(months),
    )


def _bar(one: Month, x: float, width: float, scale: float) -> Bar:
    high = _px(one.high, scale)
    rest = _px(one.changes - one.high, scale)
    gap = 1 if high and rest else 0
    return Bar(
        x=f"{x:.2f}%",
        width=f"{width:.2f}%",
        top=_FLOOR - high - gap - rest,
        height=rest,
        high_top=_FLOOR - high,
        high_height=high,
    )


def _px(count: int, scale: float) -> int:
    return max(1, round(count * scale)) if count else 0


def _steps(most: int) -> list[int]:
    """Return one or two round numbers up to *most*.

    >>> _steps(61), _steps(3), _steps(1), _steps(4200)
    ([30, 60], [1, 3], [1], [2000, 4000])
    """
    if most < 4:
        return sorted({1, most})
    size = 10 ** (len(str(most)) - 1)
    top = most // size * size
    return [top // 2, top] if top // 2 else [top]


def _described(months: Sequence[Month]) -> str:
    counts, highs = [one.changes for one in months], [one.high for one in months]
    between = f"between {min(counts):,} and {max(counts):,} changes a month"
    high = f"{min(highs):,} to {max(highs):,} of them of high severity"
    last = f"{counts[-1]:,} so far in {month(months[-1].month)}"
    return f"{month(months[0].month)} to {month(months[-1].month)}: {between}, {high}; {last}."


def months_between(first: str, last: str) -> list[str]:
    """Return the months from one to another, both with them.

    >>> months_between("2025-11", "2026-02")
    ['2025-11', '2025-12', '2026-01', '2026-02']
    """
    start, end = (int(text[:4]) * 12 + int(text[5:7]) - 1 for text in (first, last))
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(start, end + 1)]


# --- an agreement's term and its releases -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of a bar."""

    x: str
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Words at a place; `anchor` is the class that puts them before, around or behind it."""

    x: str
    anchor: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TermChart:
    """The printed term above the release window, on one line of years."""

    years: Sequence[tuple[str, str]]
    today: str
    term: tuple[str, str] | None
    """x of the printed start and end."""
    was: str
    """x of the end printed before; empty where there was none, or where it lies off the line."""
    term_labels: Sequence[Label]
    releases: Sequence[Span]
    apparent: Sequence[Span]
    release_labels: Sequence[Label]
    apparent_months: Sequence[str]
    description: str


def term_chart(
    *,
    term: tuple[str, str] | None,
    was_end: str | None,
    releases: tuple[str, str] | None,
    ends: Sequence[tuple[str, str | None]],
    last_read: str,
) -> TermChart | None:
    """Return the drawing of a printed term and a release window; None if neither is there to be drawn.

    Args:
        term: Printed start and end, as precise as printed.
        was_end: The end that was printed before.
        releases: First and last month of the release window.
        ends: (time, printed end) of each state, in order of time: which end was printed when.
        last_read: When the page was last read.
    """
    term = term if term and _place(term[0]) <= _place(term[1], end=True) else None
    releases = releases if releases and releases[0] <= releases[1] else None
    dates = [date for pair in (term, releases) if pair for date in pair]
    if not dates:
        return None
    first = min(int(date[:4]) for date in (*dates, last_read))
    last = max(int(date[:4]) for date in (*dates, last_read)) + 1
    axis = _Axis(first, last)
    apparent = apparent_months(releases, ends) if releases else []
    return TermChart(
        years=axis.years(),
        today=axis.x(_place(last_read)),
        term=(axis.x(_place(term[0])), axis.x(_place(term[1], end=True))) if term else None,
        was=axis.x(_place(was_end, end=True)) if was_end and first <= int(was_end[:4]) < last else "",
        term_labels=axis.labels(*term, wide=0.6) if term else [],
        releases=[axis.span(*months) for months in _stretches(releases, apparent)[0]] if releases else [],
        apparent=[axis.span(*months) for months in _stretches(releases, apparent)[1]] if releases else [],
        release_labels=axis.labels(*releases, wide=0.42) if releases else [],
        apparent_months=apparent,
        description=_term_described(term, was_end, releases, apparent),
    )


def apparent_months(releases: tuple[str, str], ends: Sequence[tuple[str, str | None]]) -> list[str]:
    """Return the months of a release window that lie after the end that was printed at the time.

    What was printed before the first reading is not known; the first reading stands for it.

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


MOST_MONTHS = 1200
"""Months of a release window that are looked at one by one; a page may print any year."""


def _stretches(window: tuple[str, str], hollow: Sequence[str]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the stretches of a window that are not hollow, and those that are.

    >>> _stretches(("2026-01", "2026-04"), ["2026-03", "2026-04"])
    ([('2026-01', '2026-02')], [('2026-03', '2026-04')])
    """
    if not hollow:
        return [window], []
    found: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
    known = set(hollow)
    for is_hollow, several in groupby(months_between(*window), key=known.__contains__):
        months = list(several)
        found[is_hollow].append((months[0], months[-1]))
    return found


def _place(date: str, *, end: bool = False) -> float:
    """Return where a printed date lies, in years; of a month its first day, as an end its last.

    >>> _place("2026-07"), _place("2026-12", end=True), round(_place("2026-12-31", end=True), 2)
    (2026.5, 2027.0, 2027.0)
    """
    year, month_ = int(date[:4]), int(date[5:7])
    days = int(date[8:10]) - 1 + end if len(date) >= 10 else 31 * end
    return year + (month_ - 1 + min(days, 31) / 31) / 12


class _Axis:
    """A line of years, and where things stand on it in per cent."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last

    def _share(self, place: float) -> float:
        return min(max((place - self.first) / (self.last - self.first), 0.0), 1.0)

    def x(self, place: float) -> str:
        return f"{100 * self._share(place):.1f}%"

    def span(self, first: str, last: str) -> Span:
        start, end = self._share(_place(first)), self._share(_place(last, end=True))
        return Span(x=f"{100 * start:.1f}%", width=f"{100 * (end - start):.1f}%")

    def years(self) -> list[tuple[str, str]]:
        """Return the beginnings of years, at most seven, so that they can be read on a narrow screen."""
        step = -(-(self.last - self.first) // 7)
        return [(self.x(year), str(year)) for year in range(self.first, self.last, step)]

    def labels(self, first: str, last: str, *, wide: float) -> list[Label]:
        """Return the two dates at their places; in one where that leaves no room, *wide* being what two need."""
        start, end = self._share(_place(first)), self._share(_place(last, end=True))
        if end - start >= wide:
            return [
                Label(x=f"{100 * start:.1f}%", anchor="", words=first),
                Label(x=f"{100 * end:.1f}%", anchor="end", words=last),
            ]
        words = first if first == last else f"{first} to {last}"
        if start <= 1 - wide:
            return [Label(x=f"{100 * start:.1f}%", anchor="", words=words)]
        if end >= wide:
            return [Label(x=f"{100 * end:.1f}%", anchor="end", words=words)]
        return [Label(x="50%", anchor="mid", words=words)]


def _term_described(
    term: tuple[str, str] | None, was_end: str | None, releases: tuple[str, str] | None, apparent: Sequence[str]
) -> str:
    words = f"Printed term {term[0]} to {term[1]}" if term else "No whole term printed"
    words += f"; the end printed before was {was_end}. " if was_end else ". "
    words += f"Releases from {releases[0]} to {releases[1]}" if releases else "No release window printed"
    if apparent:
        words += f"; {len(apparent)} of these months lay after the end printed at the time"
    return f"{words}."


# --- how many there were, month by month ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A month and how many there were at its end."""

    month: str
    count: int

    @property
    def name(self) -> str:
        """Its short name."""
        return short_month(self.month)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """How many there were by month, as a line in steps; points run from 0 to 100 both ways."""

    levels: Sequence[Level]
    points: str
    grid: Sequence[tuple[int, str]]
    years: Sequence[tuple[str, str]]
    last_y: int
    description: str
    height: int = 186
    top: int = 14
    base: float = 164.5


_LEVELS_TOP, _LEVELS_HIGH = 14, 150


def levels_chart(levels: Sequence[Level]) -> Levels | None:
    """Return the chart of at least two months, oldest first; None where there is nothing to draw.

    >>> chart = levels_chart([Level(month="2025-12", count=1), Level(month="2026-01", count=2)])
    >>> chart.points, chart.description
    ('0.00,57.26 50.00,57.26 50.00,14.53 100.00,14.53', 'From 1 in December 2025 to 2 in January 2026.')
    """
    most = max((one.count for one in levels), default=0)
    if len(levels) < 2 or not most:
        return None
    ceiling = most * 1.17
    step = 100 / len(levels)
    points = []
    for n, one in enumerate(levels):
        y = 100 - one.count / ceiling * 100
        points += [f"{n * step:.2f},{y:.2f}", f"{(n + 1) * step:.2f},{y:.2f}"]
    return Levels(
        levels=levels,
        points=" ".join(points),
        # A label through which the line runs cannot be read.
        grid=[
            (_level_y(value, ceiling), f"{value:,}" if abs(value - levels[0].count) > most * 0.12 else "")
            for value in _steps(most)
        ],
        years=[
            (f"{n * step:.2f}%", one.month[:4])
            for n, one in enumerate(levels)
            if one.month.endswith("-01") and n <= len(levels) * 0.9
        ],
        last_y=_level_y(levels[-1].count, ceiling) - 8,
        description=_levels_described(levels),
    )


def _level_y(count: int, ceiling: float) -> int:
    return round(_LEVELS_TOP + _LEVELS_HIGH * (1 - count / ceiling))


def _levels_described(levels: Sequence[Level]) -> str:
    first, last = levels[0], levels[-1]
    words = f"From {first.count:,} in {month(first.month)} to {last.count:,} in {month(last.month)}"
    counts = [one.count for one in levels]
    outer = [f"at most {max(counts):,}"] if max(counts) > max(first.count, last.count) else []
    outer = [f"at least {min(counts):,}", *outer] if min(counts) < min(first.count, last.count) else outer
    return f"{words}; {' and '.join(outer)} in between." if outer else f"{words}."


# --- names over time --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NameLine:
    """A name as a line: `turn` is where a newer name begins beside it."""

    name: str
    y: int
    start: str
    turn: str
    end: str
    is_newest: bool
    is_right: bool
    """Whether its words end at the right edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesDrawing:
    """Names over time."""

    lines: Sequence[NameLine]
    years: Sequence[tuple[str, str]]
    height: int
    base: float
    description: str


LONGEST_LABEL = 42
"""Characters of a name in a drawing, so that it stays within 320 px."""


def names_drawing(
    names: Sequence[tuple[str, str, str | None]], newest: str, first: str, last: str
) -> NamesDrawing | None:
    """Return the drawing of at least two names: (name, when it was first and last printed, None if it still is).

    Args:
        names: In the order in which they are drawn.
        newest: The newest of them.
        first: Time at which the axis begins.
        last: Time at which it ends.
    """
    if len(names) < 2 or first[:10] >= last[:10]:
        return None
    newer = min((since for name, since, _ in names if name == newest), default=last)

    def x(time: str) -> float:
        whole = (read_time(last) - read_time(first)).total_seconds()
        return min(100.0, max(0.0, (read_time(time) - read_time(first)).total_seconds() / whole * 100))

    lines = []
    for n, (name, since, until) in enumerate(names):
        start, end = x(since), x(until or last)
        turn = end if name == newest else min(end, max(start, x(newer)))
        lines.append(
            NameLine(
                name=cut(one_line(name), LONGEST_LABEL),
                y=14 + 40 * n,
                start=f"{start:.2f}%",
                turn=f"{turn:.2f}%",
                end=f"{end:.2f}%",
                is_newest=name == newest,
                is_right=start > 30,
            )
        )
    base = 40 * len(names) + 1.5
    return NamesDrawing(
        lines=lines,
        years=[
            (f"{x(f'{year}-01-01'):.2f}%", str(year))
            for year in range(int(first[:4]) + 1, int(last[:4]) + 1)
            if x(f"{year}-01-01") <= 90
        ],
        height=round(base + 22),
        base=base,
        description="; ".join(_name_described(*one) for one in names) + ".",
    )


def _name_described(name: str, since: str, until: str | None) -> str:
    to = f"to {month(until)}" if until else "and still"
    return f"{cut(one_line(name), 120)}, printed from {month(since)} {to}"
