"""Which label does a line begin with? A known one is known by its letters, on a line of its own or before its value.

Without a colon it is one only where the markup makes the line a heading or a term (design rule 19).
"""

from collections.abc import Collection

from scraper.reading.blocks import Line
from scraper.reading.layouts import HEADING_LABELS, Label, known_label, section_label

_NAMING = ("heading", "term")


def label_of(line: Line, allowed: Collection[str] = HEADING_LABELS) -> Label | None:
    """Return the header label that *line* begins with, if there is one."""
    return known_label(line.text, allowed, bare=line.kind in _NAMING)


def section_of(line: Line) -> str | None:
    """Return the section whose label *line* is, if it is one."""
    return section_label(line.text, bare=line.kind in _NAMING)
