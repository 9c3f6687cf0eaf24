"""A page's markup or text to its lines, one for each block of text: the one door for characters (design rule 19).

The site's real markup is not known and will change, so nothing here asks for a class, an id or a certain nesting. All
that counts is where a browser would begin a new line. What the tags say beyond that (a list item, a heading, a term, a
link, parts that stand apart on one line) goes along as a hint for choices that have no other ground.

Every word outside script, style and head is in a line. What the lines say is read elsewhere; here is only which label a
line begins with: without a colon it is one only where the markup makes the line a heading or a term.
"""

import html
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from bs4 import BeautifulSoup, Tag
from bs4.builder._lxml import LXMLTreeBuilder
from bs4.element import NavigableString

from scraper.reading.layouts import HEADING_LABELS, Label, known_label, section_label

_INLINE = frozenset(
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i img input ins kbd label mark nobr q s samp"
    " small span strike strong sub sup time tt u var wbr".split()
)
"""Elements that do not begin a line. An unknown one does: labels and values may part, agreements must not run on."""

_CHIPS = frozenset(("a", "button", "data", "label", "mark", "span"))
"""Inline elements that sites set apart by a style sheet alone: two side by side are two values."""

_BREAKS = frozenset(("br", "hr"))
_SKIPPED = frozenset(("head", "script", "style"))
_ASIDE = frozenset("aside footer iframe nav noscript object select svg template textarea".split())
"""What stands in these is on the page, and in no agreement, wherever in the tree they stand."""

_KINDS = {
    "li": "item",
    "pre": "pre",
    "dt": "term",
    "th": "term",
    "td": "cell",
    "dd": "cell",
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "heading"),
}

_MARK = re.compile(r"(?:\d{1,3}[.)]|[-•·*–])(?:\s+|$)|•")
_BLOCK_TAG = re.compile(
    r"</?(?:!doctype|html|head|body|title|meta|div|p|h[1-6]|table|tr|td|th|dl|dt|dd|ul|ol|li|br|pre|section|article"
    r"|main|b|strong|span)\b[^<>]{0,2000}>",
    re.IGNORECASE,
)


class Line(NamedTuple):
    """One line of a page, white space collapsed, never empty."""

    text: str
    kind: str = ""  # "item", "heading", "term", "cell" or "pre": what the markup calls it
    gap: int = 0  # blank lines before it, in text
    parts: tuple[str, ...] = ()  # what the markup keeps apart within it, where that is more than one
    link: bool = False  # it is nothing but links
    aside: bool = False  # it stands in the site's navigation, footer or the like


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
    if not text.isascii():
        text = text.translate(_AS_READ)
    text = " ".join(text.split())
    if len(text) <= _LONGEST_EMPHASIS and ("*" in text or "_" in text or "`" in text):
        text = _EMPHASISED.sub(r"\1\3", _EMPHASIS.sub(r"\2", text))
    return text


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


def parse_markup(text: str) -> BeautifulSoup:
    """Return the tree of the page whose markup is *text*, links the only attributes in it.

    Raises:
        ParserRejectedMarkup: Nothing can be made of it.
    """
    return BeautifulSoup(text, builder=_TreeBuilder(multi_valued_attributes=None))


def lines_of_markup(soup: BeautifulSoup, inline: frozenset[str] = _INLINE) -> list[Line]:
    """Return the lines of a parsed page. *inline* names the elements that do not begin a line of their own."""
    walk = _Walk(soup, inline)
    while walk.stack:
        walk.step()
    return walk.lines


def every_element_a_line(soup: BeautifulSoup) -> list[Line]:
    """Return the lines of a page laid out by style sheets alone, where each span or link may be a line."""
    return lines_of_markup(soup, frozenset())


class _TreeBuilder(LXMLTreeBuilder):
    """BeautifulSoup's builder on lxml, without what no line is made of: attributes, and space between blocks.

    HTML has no namespaces, so nothing looks for them; that and half of the strings less are a third of the time.
    """

    after_block = True

    def start(self, tag: Any, attrib: Mapping[Any, Any], nsmap: Any = None) -> None:  # noqa: ARG002
        """Open an element; of its attributes a link's address is kept."""
        self.after_block = tag not in _INLINE
        kept = {"href": attrib["href"]} if "href" in attrib else {}
        self.soup.handle_starttag(tag, None, None, kept)  # type: ignore[union-attr]

    def end(self, tag: Any) -> None:
        """Close an element."""
        self.after_block = tag not in _INLINE
        self.soup.handle_endtag(tag)  # type: ignore[union-attr]

    def data(self, data: Any) -> None:
        """Take text, but not the space with which a block begins or ends."""
        if self.after_block and data.isspace():
            return
        self.after_block = False
        self.soup.handle_data(data)  # type: ignore[union-attr]


class _Open:
    """An element of the tree that the walk is in."""

    __slots__ = ("aside", "children", "in_link", "is_block", "kind")

    def __init__(self, node: Tag | BeautifulSoup, is_block: bool, kind: str, in_link: bool, aside: bool) -> None:
        self.children = iter(node.contents)
        self.is_block = is_block
        self.kind = kind
        self.in_link = in_link
        self.aside = aside


# Around the text of an inline element that may be a value of its own; no page holds them, they are control characters.
_CHIP, _END_OF_CHIP = "\x1e", "\x1f"
# A badge is no part of the word that it stands at; a capital in an element of its own is.
_TIGHT = re.compile(rf"(?<=\w\w)(?:{_CHIP}(?=\w\w)|{_END_OF_CHIP}(?=\w\w))")
_CHIPS_OF_LINE = re.compile(rf"([^{_CHIP}{_END_OF_CHIP}]*){_CHIP}([^{_CHIP}{_END_OF_CHIP}]*){_END_OF_CHIP}")


class _Walk:
    """A walk over the tree with a stack of its own: 20,000 levels of nesting are twenty times Python's.

    It is the part of reading that every node of a page pays for, so a node costs no call where it need not.
    """

    def __init__(self, soup: BeautifulSoup, inline: frozenset[str]) -> None:
        self.lines: list[Line] = []
        self.inline = inline
        self.stack = [_Open(soup, True, "", False, False)]
        self.pieces: list[str] = []  # of the line that is open
        self.only_links = True
        self.chips = 0  # in the line that is open
        self.gap = 0

    def step(self) -> None:
        """Take the children of the innermost open element, up to the next one that has children itself."""
        now = self.stack[-1]
        pieces = self.pieces
        for node in now.children:
            if type(node) is NavigableString:
                if now.kind == "pre" and "\n" in node:
                    self.take_lines(node, now)
                elif now.in_link or not node.isspace():
                    pieces.append(node)
                    self.only_links = self.only_links and now.in_link
                elif pieces:
                    pieces.append(" ")
            elif type(node) is Tag and self.enter(node, now):
                return
        if now.is_block and pieces:
            self.end_line(now)
        self.stack.pop()

    def enter(self, node: Tag, now: _Open) -> bool:
        """Open *node*; False where there is nothing in it to read, or it is read already."""
        name = node.name
        if name in self.inline:
            if name in _CHIPS and now.kind != "pre" and all(type(child) is NavigableString for child in node.contents):
                self.pieces.append(f"{_CHIP}{''.join(node.contents)}{_END_OF_CHIP}")  # type: ignore[arg-type]
                self.chips += 1
                self.only_links = self.only_links and (now.in_link or name == "a")
                return False
            self.stack.append(_Open(node, False, now.kind, now.in_link or name == "a", now.aside))
            return True
        if name in _SKIPPED:
            return False
        if self.pieces:
            self.end_line(now)
        if name in _BREAKS and not node.contents:
            return False
        aside = now.aside or name in _ASIDE
        self.stack.append(_Open(node, True, _KINDS.get(name, now.kind), now.in_link, aside))
        return True

    def take_lines(self, text: str, now: _Open) -> None:
        """Take text in which line breaks count, as in `<pre>`."""
        *whole, rest = text.split("\n")
        for line in whole:
            self.pieces.append(line)
            self.only_links = now.in_link
            n_before = len(self.lines)
            self.end_line(now)
            self.gap = self.gap + 1 if len(self.lines) == n_before else 0
        self.pieces.append(rest)
        self.only_links = False

    def end_line(self, now: _Open) -> None:
        """Close the line that is open, if there is any text in it."""
        pieces = self.pieces
        text = pieces[0] if len(pieces) == 1 else "".join(pieces)
        parts: tuple[str, ...] = ()
        if self.chips:
            parts = _parts_of(text) if self.chips > 1 else ()
            text = " ".join(parts) if parts else _TIGHT.sub(" ", text).replace(_CHIP, "").replace(_END_OF_CHIP, "")
        text = clean(text)
        # A section's label in an element of its own, with the prose behind it: a whole line all the same.
        if len(pieces) > 1 and ":" in pieces[0]:
            label = clean(pieces[0].replace(_CHIP, "").replace(_END_OF_CHIP, ""))
            if label != text and text.startswith(label) and label.endswith(":") and section_label(label):
                self.add(label, (), now)
                text, parts = text[len(label) :].lstrip(), ()
        if text:
            self.add(text, parts, now)
        pieces.clear()
        self.only_links = True
        self.chips = 0

    def add(self, text: str, parts: tuple[str, ...], now: _Open) -> None:
        """Add a line."""
        self.lines.append(Line(text, now.kind, self.gap, parts, self.only_links, now.aside))
        self.gap = 0


def _parts_of(text: str) -> tuple[str, ...]:
    """Return the values of a line that stand side by side in elements of their own, behind a label if there is one.

    Text between them says that they are words of one sentence.
    """
    parts: list[str] = []
    end = 0
    for found in _CHIPS_OF_LINE.finditer(text):
        between = clean(found[1])
        if between and (parts or not between.endswith(":")):
            return ()
        parts += [part for part in (between, clean(found[2])) if part]
        end = found.end()
    return tuple(parts) if len(parts) > 1 and not text[end:].strip() else ()


# --- labels -----------------------------------------------------------------------------------------------------------

_NAMING = ("heading", "term")


def label_of(line: Line, allowed: Collection[str] = HEADING_LABELS) -> Label | None:
    """Return the header label that *line* begins with, if there is one."""
    return known_label(line.text, allowed, bare=line.kind in _NAMING)


def section_of(line: Line) -> str | None:
    """Return the section whose label *line* is, if it is one."""
    return section_label(line.text, bare=line.kind in _NAMING)
