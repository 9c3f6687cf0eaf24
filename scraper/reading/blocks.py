"""Lines of a page, and the one door that every character of them comes through (design rule 19).

Markup becomes lines in `markup`; what the lines say is read elsewhere. Here is only which label a line begins with:
without a colon it is one only where the markup makes the line a heading or a term.
"""

import html
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field

from scraper.reading.layouts import (
    FIELDS_OF_LABEL,
    HEADING_LABELS,
    LONGEST_LABEL,
    Label,
    known_label,
    section_label,
)

_MARK = re.compile(r"(?:\d{1,3}[.)]|[-•·*–])(?:\s+|$)|•")
_BLOCK_TAG = re.compile(
    r"</?(?:!doctype|html|head|body|title|meta|div|p|h[1-6]|table|tr|td|th|dl|dt|dd|ul|ol|li|br|pre|section|article"
    r"|main|b|strong|span)\b[^<>]{0,2000}>",
    re.IGNORECASE,
)


NAMING = ("heading", "term")
"""What the markup calls lines that name what follows: there a label is one without its colon."""


@dataclass(slots=True)
class Line:
    """One line of a page, white space collapsed, never empty. It stays as it is made."""

    text: str
    kind: str = ""  # "item", "heading", "term", "cell" or "pre": what the markup calls it
    gap: int = 0  # blank lines before it, in text
    parts: tuple[str, ...] = ()  # what the markup keeps apart within it, where that is more than one
    link: bool = False  # it is nothing but links
    aside: bool = False  # it stands in the site's navigation, footer or the like
    label: Label | None = field(init=False, repr=False, compare=False)
    """The header label that it begins with, of any layout, if there is one."""
    section: str | None = field(init=False, repr=False, compare=False)
    """The section whose label it is, if it is one."""

    def __post_init__(self) -> None:
        # Looked up once: who looks for headings, for the layout and for values asks each line some ten times in all.
        text, bare = self.text, self.kind in NAMING
        if not bare and text.find(":", 0, LONGEST_LABEL) < 0:  # as most lines are: prose, and names of datasets
            self.label = self.section = None
            return
        self.label = known_label(text, FIELDS_OF_LABEL, bare=bare)
        self.section = section_label(text, bare=bare)


def looks_like_markup(text: str) -> bool:
    """Say whether *text* is HTML, from its content: it begins with a tag, or has many block tags for its lines."""
    start = text.lstrip()[:2]
    if start[:1] == "<" and (start[1:].isalpha() or start[1:] in "!?/"):
        return True
    n_tags = sum(1 for _ in _BLOCK_TAG.finditer(text))
    return n_tags > 1 and n_tags * 3 > text.count("\n")


# Characters: the one door

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
# Each round takes one layer of escaping off. A text of nothing but `&amp;` has as many layers as letters.
_MOST_DOUBLINGS = 4
_LONGEST_EMPHASIS = 4_000  # labels and values; looking for pairs in a longer text costs more than it tells
_EMPHASIS = re.compile(r"(\*\*\*?|___?)(?=\S)(.{1,400}?)(?<=\S)\1")
_EMPHASISED = re.compile(r"^(\W{0,3}?)([*_`])(?=[^\s*_`])([^*_`]+)(?<=\S)\2(?=\s|:|$)")


def clean(text: str) -> str:
    r"""Return *text* as it is read: what nobody sees gone, entities resolved, white space collapsed.

    Format characters go, every sort of space is a space, the two hyphens that look like one are one. Entities that are
    still there were escaped twice; emphasis marks around a label or a value were left by a generator:

    >>> clean(" Type\u00a0of\u00ad  data: "), clean("&amp;#x27;Control&nbsp;of"), clean("**When:**DSA runs 2019-01")
    ('Type of data:', "'Control of", 'When:DSA runs 2019-01')
    """
    if "&" in text:
        text = _resolve_entities(text)
    text = text.strip()
    # Nearly all text is as it is read already, and asking costs a third of making it so.
    if "  " in text or _has_unseen(text) or "\u2010" in text or "\u2011" in text:
        if not text.isascii():
            text = text.translate(_AS_READ)
        text = " ".join(text.split())
    if len(text) <= _LONGEST_EMPHASIS and ("*" in text or "_" in text or "`" in text):
        text = _EMPHASISED.sub(r"\1\3", _EMPHASIS.sub(r"\2", text))
    return text


def _has_unseen(text: str) -> bool:
    """Say whether *text* holds a space that is not the plain one, or anything that nobody sees."""
    if text.isascii() and len(text) > _LONG:
        # All that ends lines, and what other spaces there are: a fifth of the time of the question below.
        return len(text.splitlines()) > 1 or "\t" in text or "\x1f" in text
    return not text.isprintable()


_LONG = 100


def _resolve_entities(text: str) -> str:
    for _ in range(_MOST_DOUBLINGS):
        resolved = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
        if resolved == text:
            break
        text = resolved
    return text


class _AsRead(dict[int, str | int | None]):
    """What becomes of a character at the door, by what Unicode calls it; looked up once for each."""

    def __missing__(self, code: int) -> str | int | None:
        category = unicodedata.category(chr(code))
        self[code] = None if category == "Cf" else " " if category in ("Zs", "Zl", "Zp") else code
        return self[code]


_AS_READ = _AsRead({0x2010: "-", 0x2011: "-", 0x85: " "})


def without_mark(text: str) -> str:
    """Return *text* without the mark of a list item.

    >>> without_mark("12. e-Referral Service"), without_mark("e-Referral Service")
    ('e-Referral Service', 'e-Referral Service')
    """
    found = _MARK.match(text)
    return text[found.end() :].lstrip() if found else text


def is_item(line: Line) -> bool:
    """Say whether *line* is an item of a list, by its markup or by the mark it begins with."""
    return line.kind == "item" or _MARK.match(line.text) is not None


# On the first and the last page of a site one of the two is missing, so they are on no page alike as its frame is.
_LEADS = re.compile(
    r"\W*(?:(?:back to )?(?:top|contents|index)|(?:previous|next)(?: page)?(?:\W+next(?: page)?)?)\W*", re.IGNORECASE
)


def leads_elsewhere(line: Line) -> bool:
    """Say whether *line* is a link of the site's own: to the top of the page, to the page before or the next one."""
    return line.link and _LEADS.fullmatch(line.text) is not None


def lines_of_text(text: str) -> list[Line]:
    """Return the lines of a plain *text*, each with the number of blank lines before it."""
    lines, gap = [], 0
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = clean(raw)
        if line:
            lines.append(Line(line, "", gap))
            gap = 0
        else:
            gap += 1
    return lines


def label_of(line: Line, allowed: Collection[str] = HEADING_LABELS) -> Label | None:
    """Return the header label that *line* begins with, if there is one and it is *allowed*."""
    label = line.label
    return label if label is None or label.name in allowed else None
