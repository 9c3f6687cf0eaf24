"""A drawing as a file of its own: what a page gives it by its style it brings along. Pure.

Every shape has its colours as attributes, since other programs read these better than a style, and the pages' policy
forbids a style in a file as in a page. The colours are those of paper.
"""

import re
from collections.abc import Sequence
from textwrap import wrap

from markupsafe import Markup

from scraper.text import unsteered
from snapshots.browse.pictures.drawing import Chart

WIDTH = 760
_EDGE, _HEAD, _LINE = 20, 52, 17
_LETTERS = 120
"""Of a line of small print."""

_INK, _SOFT, _RULE, _SHADE, _LINK, _HIGH = "#1c1b19", "#5a5750", "#d8d3c6", "#8a857a", "#1d4a86", "#a5151c"

_LOOKS = {
    "bar": f'fill="{_SHADE}"',
    "bar hi": f'fill="{_HIGH}"',
    "bar pale": f'fill="#fff" stroke="{_SHADE}" stroke-width="1.5"',
    "base": f'stroke="{_INK}"',
    "grid": f'stroke="{_RULE}"',
    "term": f'stroke="{_INK}" stroke-width="2"',
    "was": f'stroke="{_SHADE}" stroke-width="2" stroke-dasharray="4 3"',
    "rel": f'fill="{_LINK}"',
    "apparent": f'fill="#fff" stroke="{_LINK}" stroke-width="1.5"',
    "today": f'stroke="{_HIGH}" stroke-dasharray="2 2"',
    "strong": f'fill="{_INK}" font-weight="600"',
    "strong end": f'fill="{_INK}" font-weight="600" text-anchor="end"',
    "end": 'text-anchor="end"',
    "mid": 'text-anchor="middle"',
    "area": 'fill="#f3f0e8"',
    "line": f'stroke="{_INK}" stroke-width="1.5" fill="none"',
    "field": 'fill="#f3f0e8"',
    **{f"heat{n}": f'fill="{_LINK}" fill-opacity="{opacity}"' for n, opacity in enumerate((0.25, 0.5, 0.75, 1), 1)},
    **{
        f"part{n}": f'fill="{colour}"'
        for n, colour in enumerate(("#1d4a86", "#0c7a63", "#a8621b", "#7a4b94", "#6d7a1f", "#8a857a", "#d8d3c6"))
    },
}
_LOOKS |= {f"k-{short}": _LOOKS[kind] for short, kind in (("term", "term"), ("was", "was"), ("now", "today"))}
_LOOKS["k-app"] = _LOOKS["apparent"]


def standing_alone(chart: Chart, source: Sequence[str]) -> str:
    """Return a drawing with its name above it, and its key and where it is from below it."""
    height = int(chart.svg.partition('height="')[2].partition('"')[0])
    place = f'x="{_EDGE}" y="{_HEAD}" width="{WIDTH - 2 * _EDGE}" overflow="visible"'
    key, below = _key(chart.key, _HEAD + height + 26)
    said = [line for text in (chart.note, chart.caption) for line in wrap(text, _LETTERS)]
    lines = [*said, *source]
    shapes = [
        Markup('<text x="{}" y="32" font-size="18" font-weight="700" fill="{}">{}</text>').format(
            _EDGE, _INK, chart.name
        ),
        Markup(str(chart.svg).replace('class="draw"', place, 1)),
        *key,
        *(_text(line, _EDGE, below + n * _LINE, size=11) for n, line in enumerate(lines)),
    ]
    whole = Markup(_WHOLE).format(WIDTH, below + len(lines) * _LINE + 8, _SOFT, Markup("\n").join(shapes))
    return unsteered(re.sub(r'class="([^"]*)"', lambda match: _LOOKS.get(match[1].strip(), ""), whole))


_WHOLE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" '
    'font-family="Segoe UI, Roboto, Noto Sans, Liberation Sans, Arial, sans-serif" font-size="12" fill="{2}">'
    '<rect width="100%" height="100%" fill="#fff"/>\n{3}\n</svg>\n'
)


def _key(key: Sequence[tuple[Markup, str]], y: int) -> tuple[list[Markup], int]:
    """Return the signs with their words, from left to right and on as many lines as it takes, and where they end."""
    shapes: list[Markup] = []
    x = _EDGE
    for sign, words in key:
        # How wide words are is not known here: by a letter's usual width, and a little more.
        room = 56 + 6 * len(words)
        if x > _EDGE and x + room > WIDTH - _EDGE:
            x, y = _EDGE, y + _LINE + 4
        where = f'<svg x="{x}" y="{y - 9}" width="22" height="10" overflow="visible">'
        shapes += [Markup(str(sign).replace('<svg aria-hidden="true">', where, 1)), _text(words, x + 30, y)]
        x += room
    return shapes, y + (_LINE + 12 if key else 0)


def _text(words: str, x: int, y: int, size: int = 12) -> Markup:
    return Markup('<text x="{}" y="{}" font-size="{}">{}</text>').format(x, y, size, words)
