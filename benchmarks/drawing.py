"""A plot of costs as SVG, in a few lines: logarithmic axes, in light and dark, with a reference that is linear."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

HEIGHT = 430
LEFT, TOP, WIDE, TALL = 56, 74, 222, 280
NEXT = 476
"""How far to the right the next panel begins."""
APART = 15
"""Pixels between two labels at the least."""

STYLE = """
  svg { color-scheme: light dark; font: 12px system-ui, sans-serif; }
  text { fill: #1f2328; } .quiet { fill: #59636e; } .grid { stroke: #d1d9e0; } .axis { stroke: #59636e; }
  .linear { stroke: #818b98; stroke-dasharray: 2 4; }
  .line { fill: none; stroke-width: 2; } .lead { stroke: #b6bfc9; }
  .c0 { stroke: #0550ae; } .c1 { stroke: #a33c00; } .c2 { stroke: #8250df; } .c3 { stroke: #116329; }
  .c4 { stroke: #a40e6b; } .c5 { stroke: #1b6f84; } .c6 { stroke: #7d4e00; } .c7 { stroke: #57606a; }
  .c8 { stroke: #cf222e; } .c9 { stroke: #4d2d00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .quiet { fill: #9198a1; } .grid { stroke: #2f3742; } .axis { stroke: #9198a1; }
    .linear { stroke: #6e7681; } .lead { stroke: #4a525c; }
    .c0 { stroke: #79c0ff; } .c1 { stroke: #ffa657; } .c2 { stroke: #d2a8ff; } .c3 { stroke: #7ee787; }
    .c4 { stroke: #ff9bce; } .c5 { stroke: #76d7ea; } .c6 { stroke: #e3b341; } .c7 { stroke: #b1bac4; }
    .c8 { stroke: #ffa198; } .c9 { stroke: #d0a878; }
  }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One cost, at each size over that of the first."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One part of the plot."""

    title: str
    axis: str
    at: Sequence[int]
    lines: Sequence[Line]


def plot(title: str, panels: Sequence[Panel]) -> str:
    """Return the panels side by side as an SVG document; beside each line stands what it is and how it grew."""
    grown = "; ".join(f"{panel.title}: {', '.join(_grown(panel))}" for panel in panels)
    top = max(value for panel in panels for line in panel.lines for value in (*line.values, panel.at[-1] / panel.at[0]))
    decades = math.ceil(math.log10(top) - 0.01)
    drawn = [
        f'<g transform="translate({LEFT + n * NEXT} {TOP})">\n{"".join(_panel(panel, decades))}</g>\n'
        for n, panel in enumerate(panels)
    ]
    width = 8 + len(panels) * NEXT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" role="img" aria-labelledby="t d">\n'
        f'<title id="t">{escape(title)}</title>\n<desc id="d">{escape(grown)}.</desc>\n<style>{STYLE}</style>\n'
        f'<text x="{LEFT - 40}" y="24" font-size="16" font-weight="600">{escape(title)}</text>\n'
        f'<text x="{LEFT - 40}" y="44" class="quiet">times the cost at the smallest size; dotted: as much '
        f"more as there is more</text>\n{''.join(drawn)}</svg>\n"
    )


def _grown(panel: Panel) -> Iterator[str]:
    for line in panel.lines:
        yield f"{line.name} {_times(line.values[-1])}"


def _times(value: float) -> str:
    """Return a factor as it is written.

    >>> _times(99.6), _times(1.04), _times(3.26)
    ('× 100', '× 1.0', '× 3.3')
    """
    return f"× {value:.0f}" if value >= 9.95 else f"× {value:.1f}"


def _panel(panel: Panel, decades: int) -> Iterator[str]:
    def x(size: float) -> float:
        return WIDE * math.log(size / panel.at[0]) / math.log(panel.at[-1] / panel.at[0])

    def y(value: float) -> float:
        return TALL * (1 - (math.log10(max(value, 0.5)) + 0.3) / (decades + 0.3))

    yield f'<text x="0" y="-12" font-weight="600">{escape(panel.title)}</text>\n'
    for decade in range(decades + 1):
        height = y(10**decade)
        yield f'<line class="grid" x1="0" x2="{WIDE}" y1="{height:.1f}" y2="{height:.1f}"/>'
        yield f'<text class="quiet" x="-6" y="{height + 4:.1f}" text-anchor="end">{10**decade:,}</text>\n'
    yield f'<line class="axis" x1="0" x2="{WIDE}" y1="{TALL}" y2="{TALL}"/>\n'
    for size in panel.at:
        yield f'<text class="quiet" x="{x(size):.1f}" y="{TALL + 18}" text-anchor="middle">{size:,}</text>\n'
    yield f'<text class="quiet" x="{WIDE / 2}" y="{TALL + 36}" text-anchor="middle">{escape(panel.axis)}</text>\n'
    yield f'<line class="linear" x1="0" y1="{y(1):.1f}" x2="{WIDE}" y2="{y(panel.at[-1] / panel.at[0]):.1f}"/>\n'
    ends = [y(line.values[-1]) for line in panel.lines]
    for number, (line, end, label) in enumerate(zip(panel.lines, ends, spread(ends), strict=True)):
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(panel.at, line.values, strict=True))
        yield f'<polyline class="line c{number}" points="{points}"/>'
        yield f'<line class="lead" x1="{WIDE + 2}" y1="{end:.1f}" x2="{WIDE + 14}" y2="{label:.1f}"/>'
        yield f'<line class="line c{number}" x1="{WIDE + 14}" y1="{label:.1f}" x2="{WIDE + 22}" y2="{label:.1f}"/>'
        yield f'<text x="{WIDE + 26}" y="{label + 4:.1f}" font-size="11">'
        yield f"{escape(line.name)} {_times(line.values[-1])}</text>\n"


def spread(heights: Sequence[float]) -> list[float]:
    """Return heights for labels near *heights*, in the same order and apart enough to be read.

    >>> spread([100.0, 101.0, 10.0])
    [100.0, 115.0, 10.0]
    """
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed = list(heights)
    for above, below in pairwise(order):
        placed[below] = max(placed[below], placed[above] + APART)
    lowest = TALL + 4.0
    for number in reversed(order):  # what was pushed below the axis goes up again
        placed[number] = min(placed[number], lowest)
        lowest = placed[number] - APART
    return placed
