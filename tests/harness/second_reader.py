"""The second reader of markup: a walk over BeautifulSoup's tree, to hold beside the reader that works from events.

It shares no more with that one than the tables of elements and the door for characters.
"""

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, RubyParenthesisString, RubyTextString, TemplateString

from scraper.reading import markup
from scraper.reading.blocks import Line, clean
from scraper.reading.layouts import section_label

STRINGS = (NavigableString, RubyTextString, RubyParenthesisString, TemplateString)


def lines_of_tree(text: str, inline: frozenset[str] = markup._INLINE) -> list[Line]:
    """Return the lines of a page whose markup is *text*."""
    walk = _Walk(BeautifulSoup(text, "lxml"), inline)
    while walk.stack:
        walk.step()
    return walk.lines


class _Open:
    """An element of the tree that the walk is in."""

    __slots__ = ("aside", "children", "in_link", "is_block", "kind")

    def __init__(self, node: Tag | BeautifulSoup, is_block: bool, kind: str, in_link: bool, aside: bool) -> None:
        self.children = iter(node.contents)
        self.is_block = is_block
        self.kind = kind
        self.in_link = in_link
        self.aside = aside


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
            if type(node) in STRINGS:
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
            if name in markup._CHIPS and now.kind != "pre" and all(type(child) in STRINGS for child in node.contents):
                self.pieces.append(f"{markup._CHIP}{''.join(node.contents)}{markup._END_OF_CHIP}")  # type: ignore[arg-type]
                self.chips += 1
                self.only_links = self.only_links and (now.in_link or name == "a")
                return False
            self.stack.append(_Open(node, False, now.kind, now.in_link or name == "a", now.aside))
            return True
        if name in markup._SKIPPED:
            return False
        if self.pieces:
            self.end_line(now)
        if name in markup._BREAKS and not node.contents:
            return False
        aside = now.aside or name in markup._ASIDE
        self.stack.append(_Open(node, True, markup._KINDS.get(name, now.kind), now.in_link, aside))
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
            parts = markup._parts_of(text) if self.chips > 1 else ()
            text = " ".join(parts) if parts else _without_chips(markup._TIGHT.sub(" ", text))
        text = clean(text)
        # A section's label in an element of its own, with the prose behind it: a whole line all the same.
        if len(pieces) > 1 and ":" in pieces[0]:
            label = clean(_without_chips(pieces[0]))
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


def _without_chips(text: str) -> str:
    return text.replace(markup._CHIP, "").replace(markup._END_OF_CHIP, "")
