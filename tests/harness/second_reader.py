"""The second reader of markup: a walk over BeautifulSoup's tree, to hold beside the reader that works from events.

It has its own way over the page; what the elements are, and how a line ends, is the reader's.
"""

from collections.abc import Iterator
from itertools import dropwhile

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, RubyParenthesisString, RubyTextString, TemplateString

from scraper.reading.blocks import Line
from scraper.reading.markup import ASIDE, CHIPS, INLINE, KINDS, OF_HEAD, SKIPPED, LineMaker, Surrounding

STRINGS = (NavigableString, RubyTextString, RubyParenthesisString, TemplateString)


def lines_of_tree(text: str, inline: frozenset[str] = INLINE) -> list[Line]:
    """Return the lines of a page whose markup is *text*."""
    walk = _TreeWalk(BeautifulSoup(text, "lxml"), inline)
    while walk.stack:
        walk.step()
    return walk.lines


class _TreeWalk(LineMaker):
    """A walk over the tree with a stack of its own: 20,000 levels of nesting are twenty times Python's."""

    def __init__(self, soup: BeautifulSoup, inline: frozenset[str]) -> None:
        super().__init__()
        self.inline = inline
        self.stack: list[tuple[Iterator[object], Surrounding, bool]] = [(iter(soup.contents), Surrounding(), True)]

    def step(self) -> None:
        """Take the children of the innermost open element, up to the next one that has children itself."""
        children, now, is_block = self.stack[-1]
        for node in children:
            if type(node) in STRINGS:
                self.take_text(node, now)
            elif type(node) is Tag and self.enter(node, now):
                return
        if is_block and self.pieces:
            self.end_line(now)
        self.stack.pop()

    def enter(self, node: Tag, now: Surrounding) -> bool:
        """Open *node*; False where nobody reads in it, or it is read already."""
        name, children = node.name, node.contents
        in_link = now.in_link or (name == "a" and name in self.inline)
        if name == "head":
            # Only what may stand in one is hidden by it: a browser ends it at anything else.
            children = list(dropwhile(_is_of_head, children))
            if children:
                self.stack.append((iter(children), now, True))
            return bool(children)
        if name in SKIPPED:
            return False
        if name not in self.inline:
            if self.pieces:
                self.end_line(now)
            now = now._replace(kind=KINDS.get(name, now.kind), aside=now.aside or name in ASIDE)
        elif name in CHIPS and now.kind != "pre" and all(type(child) in STRINGS for child in children):
            self.take_chip("".join(map(str, children)), in_link=in_link)
            return False
        self.stack.append((iter(children), now._replace(in_link=in_link), name not in self.inline))
        return True


def _is_of_head(node: object) -> bool:
    if isinstance(node, Tag):
        return node.name in OF_HEAD
    return type(node) not in STRINGS or str(node).isspace()
