"""A page's markup or text to its lines: one for each block of text. What the lines say is read elsewhere.

The site's real markup is not known and will change, so nothing here asks for a class, an id or a certain nesting. All
that counts is where a browser would begin a new line. What the tags say beyond that (a list item, a heading, a link)
goes along as a hint for choices that have no other ground.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from bs4 import BeautifulSoup, Tag
from bs4.builder._lxml import LXMLTreeBuilder
from bs4.element import NavigableString

from scraper.reading.layouts import SECTION_LINES

_INLINE = frozenset(
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i img input ins kbd label mark nobr q s samp"
    " small span strike strong sub sup time tt u var wbr".split()
)
"""Elements that do not begin a line. An unknown one does: labels and values may part, agreements must not run on."""

_BREAKS = frozenset(("br", "hr"))
_SKIPPED = frozenset("footer head iframe nav noscript object script select style svg template textarea title".split())
_KINDS = {"li": "item", "pre": "pre", **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "heading")}

_BLANKS = re.compile("[ \t\r\n\f\v\N{NO-BREAK SPACE}]+")
_MARK = re.compile(r"(?:\d{1,3}[.)]|[-•·*–])(?:\s+|$)|•")
_BLOCK_TAG = re.compile(
    r"</?(?:!doctype|html|head|body|title|meta|div|p|h[1-6]|table|tr|td|th|dl|dt|dd|ul|ol|li|br|pre|section|article"
    r"|main|b|strong|span)\b[^<>]{0,2000}>",
    re.IGNORECASE,
)


class Line(NamedTuple):
    """One line of a page, white space collapsed, never empty."""

    text: str
    kind: str = ""  # "item", "heading", "link" or "pre": what the markup calls it
    gap: int = 0  # blank lines before it, in text
    climb: int = 0  # in markup: the depth of the innermost element that holds both this line and the one before


def looks_like_markup(text: str) -> bool:
    """Say whether *text* is HTML, from its content: it begins with a tag, or has many block tags for its lines."""
    start = text.lstrip()[:2]
    if start[:1] == "<" and (start[1:].isalpha() or start[1:] in "!?/"):
        return True
    n_tags = sum(1 for _ in _BLOCK_TAG.finditer(text))
    return n_tags > 1 and n_tags * 3 > text.count("\n")


def collapse_space(text: str) -> str:
    """Return *text* with runs of white space made one space. An en space is a character of the text and stays.

    >>> collapse_space("  Type of  data: ")
    'Type of data:'
    """
    if text.isascii():
        return " ".join(text.split())
    return _BLANKS.sub(" ", text).strip()


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
        line = collapse_space(raw)
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


class _Walk:
    """A walk over the tree with a stack of its own: 20,000 levels of nesting are twenty times Python's.

    It is the part of reading that every node of a page pays for, so a node costs no call where it need not.
    """

    def __init__(self, soup: BeautifulSoup, inline: frozenset[str]) -> None:
        self.lines: list[Line] = []
        self.inline = inline
        self.stack = [(iter(soup.contents), True, "", False)]  # children to come, block, kind, inside a link
        self.pieces: list[str] = []  # of the line that is open
        self.only_links = True
        self.climb = 0
        self.gap = 0

    def step(self) -> None:
        """Take the children of the innermost open element, up to the next one that has children itself."""
        children, is_block, kind, in_link = self.stack[-1]
        pieces = self.pieces
        for node in children:
            if type(node) is NavigableString:
                if kind == "pre" and "\n" in node:
                    self.take_lines(node)
                elif in_link or not node.isspace():
                    pieces.append(node)
                    self.only_links = self.only_links and in_link
                elif pieces:
                    pieces.append(" ")
            elif type(node) is Tag and self.enter(node, kind, in_link):
                return
        if is_block and pieces:
            self.end_line(kind)
        self.stack.pop()
        if self.climb > len(self.stack):
            self.climb = len(self.stack)

    def enter(self, node: Tag, kind: str, in_link: bool) -> bool:
        """Open *node*; False where there is nothing in it to read."""
        name = node.name
        if name in self.inline:
            self.stack.append((iter(node.contents), False, kind, in_link or name == "a"))
            return True
        if name in _SKIPPED:
            return False
        if self.pieces:
            self.end_line(kind)
        if name in _BREAKS and not node.contents:
            return False
        self.stack.append((iter(node.contents), True, _KINDS.get(name, kind), in_link))
        return True

    def take_lines(self, text: str) -> None:
        """Take text in which line breaks count, as in `<pre>`."""
        *whole, rest = text.split("\n")
        for line in whole:
            self.pieces.append(line)
            n_before = len(self.lines)
            self.end_line("pre")
            self.gap = self.gap + 1 if len(self.lines) == n_before else 0
        self.pieces.append(rest)
        self.only_links = False

    def end_line(self, kind: str) -> None:
        """Close the line that is open, if there is any text in it."""
        pieces = self.pieces
        text = collapse_space(pieces[0] if len(pieces) == 1 else "".join(pieces))
        kind = kind or ("link" if self.only_links else "")
        # A section's label in an element of its own, with the prose behind it: a whole line all the same.
        if len(pieces) > 1 and ":" in pieces[0]:
            label = collapse_space(pieces[0])
            if label in SECTION_LINES and label != text:
                self.add(label, kind)
                text = text[len(label) :].lstrip()
        if text:
            self.add(text, kind)
        pieces.clear()
        self.only_links = True

    def add(self, text: str, kind: str) -> None:
        """Add a line, and remember from where the way to the next one starts."""
        self.lines.append(Line(text, kind, self.gap, self.climb))
        self.climb = len(self.stack)
        self.gap = 0
