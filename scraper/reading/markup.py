"""A page's markup to its lines, one for each block of text, straight from the parser's events.

The site's real markup is not known and will change, so nothing here asks for a class, an id or a certain nesting. All
that counts is where a browser would begin a new line. What the tags say beyond that (a list item, a heading, a term, a
link, parts that stand apart on one line) goes along as a hint for choices that have no other ground.

Every word outside script, style and head is in a line, and what no head may hold ends one. No tree is built: it would
take 250 times the size of a page of nothing but tags, and most of the time of reading.
"""

import re
from typing import Any, NamedTuple

from lxml import etree

from scraper.errors import UnreadableMarkupError
from scraper.reading.blocks import Line, clean
from scraper.reading.layouts import section_label

INLINE = frozenset(
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i img input ins kbd label mark nobr q rb"
    " rp rt ruby s samp small span strike strong sub sup time tt u var wbr".split()
)
"""Elements that do not begin a line. An unknown one does: labels and values may part, agreements must not run on."""

CHIPS = frozenset(("a", "button", "data", "label", "mark", "span"))
"""Inline elements that sites set apart by a style sheet alone: two side by side are two values."""

SKIPPED = frozenset(("head", "script", "style"))
OF_HEAD = frozenset("base basefont bgsound link meta noframes noscript script style template title".split())
"""What may stand in a head; anything else ends it, as browsers have it (HTML, 13.2.6.4.4)."""
ASIDE = frozenset("aside footer iframe nav noscript object select svg template textarea".split())
"""What stands in these is on the page, and in no agreement, wherever in the tree they stand."""

KINDS = {
    "li": "item",
    "pre": "pre",
    "dt": "term",
    "th": "term",
    "td": "cell",
    "dd": "cell",
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "heading"),
}


def lines_of_markup(text: str) -> list[Line]:
    """Return the lines of a page whose markup is *text*.

    Raises:
        UnreadableMarkupError: Nothing can be made of it.
    """
    return _lines(text, INLINE)


def every_element_a_line(text: str) -> list[Line]:
    """Return the lines of a page laid out by style sheets alone, where each span or link may be a line.

    Raises:
        UnreadableMarkupError: Nothing can be made of it.
    """
    return _lines(text, frozenset())


def _lines(text: str, inline: frozenset[str]) -> list[Line]:
    parser = etree.HTMLParser(target=_MarkupEvents(inline), recover=True)
    try:
        parser.feed(text.removeprefix("\N{BYTE ORDER MARK}"))
        lines: list[Line] = parser.close()
    except (UnicodeError, LookupError, etree.LxmlError) as error:
        raise UnreadableMarkupError(str(error)) from error
    return lines


class Surrounding(NamedTuple):
    """What the open elements around a text say of it."""

    kind: str = ""
    in_link: bool = False
    aside: bool = False


# Around the text of an inline element that may be a value of its own; no page holds them, they are control characters.
_CHIP, _END_OF_CHIP = "\x1e", "\x1f"
# A badge is no part of the word that it stands at; a capital in an element of its own is.
_TIGHT = re.compile(rf"(?<=\w\w)(?:{_CHIP}(?=\w\w)|{_END_OF_CHIP}(?=\w\w))")
_CHIPS_OF_LINE = re.compile(
    rf"(?<![^{_CHIP}{_END_OF_CHIP}])([^{_CHIP}{_END_OF_CHIP}]*+){_CHIP}([^{_CHIP}{_END_OF_CHIP}]*+){_END_OF_CHIP}"
)


class LineMaker:
    """Makes lines of texts that come in reading order, whoever walks over the page."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.pieces: list[str] = []  # of the line that is open
        self.only_links = True
        self.chips = 0  # in the line that is open
        self.gap = 0

    def take_text(self, text: str, now: Surrounding) -> None:
        """Add the text between two tags to the line that is open."""
        if now.kind == "pre" and "\n" in text:
            self.take_lines(text, now)
        elif now.in_link or not text.isspace():
            self.pieces.append(text)
            self.only_links = self.only_links and now.in_link
        elif self.pieces:
            self.pieces.append(" ")

    def take_chip(self, text: str, *, in_link: bool) -> None:
        """Add the text of an inline element that may be a value of its own."""
        self.pieces.append(f"{_CHIP}{text}{_END_OF_CHIP}")
        self.chips += 1
        self.only_links = self.only_links and in_link

    def take_lines(self, text: str, now: Surrounding) -> None:
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

    def end_line(self, now: Surrounding) -> None:
        """Close the line that is open, if there is any text in it."""
        pieces = self.pieces
        text = pieces[0] if len(pieces) == 1 else "".join(pieces)
        parts: tuple[str, ...] = ()
        if self.chips:
            parts = _parts_of(text) if self.chips > 1 else ()
            text = " ".join(parts) if parts else _without_chips(_TIGHT.sub(" ", text))
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

    def add(self, text: str, parts: tuple[str, ...], now: Surrounding) -> None:
        """Add a line."""
        self.lines.append(Line(text, now.kind, self.gap, parts, self.only_links, now.aside))
        self.gap = 0


class _MarkupEvents(LineMaker):
    """The target of a parser: its events become lines.

    It is the part of reading that every tag of a page pays for, so an event costs no call where it need not.
    """

    def __init__(self, inline: frozenset[str]) -> None:
        super().__init__()
        self.inline = inline
        self.now = Surrounding()
        self.around: list[Surrounding] = []
        self.skipped = 0  # elements that are open in one whose text nobody reads
        self.in_head = False  # and that one is a head
        self.text: list[str] = []  # since the last tag
        self.data = self.text.append  # the parser's most frequent event: no function of ours is called for it
        self.after_block = True  # and no text since
        self.leaf = False  # the element may be a chip: nothing but text has come in it

    def start(self, tag: Any, _attributes: Any) -> None:
        """Open an element."""
        if text := self.text:
            if self.after_block and len(text) == 1 and text[0].isspace():
                text.clear()  # between two blocks, as every second text is: for this no call is made either
            else:
                self.end_text()
        if self.skipped:
            if tag in OF_HEAD or not self.is_directly_in_head():
                self.skipped += 1
                return
            self.end_head()
        if tag in SKIPPED:
            self.skipped, self.in_head = 1, tag == "head"
            return
        now = self.now
        self.around.append(now)
        self.after_block = tag not in self.inline
        self.leaf = not self.after_block and tag in CHIPS and now.kind != "pre"
        if self.after_block:
            if self.pieces:
                self.end_line(now)
            if tag in KINDS or tag in ASIDE:
                self.now = Surrounding(KINDS.get(tag, now.kind), now.in_link, now.aside or tag in ASIDE)
        elif tag == "a":
            self.now = Surrounding(now.kind, True, now.aside)

    def end(self, tag: Any) -> None:
        """Close an element."""
        now, is_block = self.now, tag not in self.inline
        if self.leaf and not self.skipped:
            self.take_chip("".join(self.text), in_link=now.in_link)
            self.text.clear()
        elif text := self.text:
            if is_block and not self.pieces and not self.skipped and now.kind != "pre":
                # A block of nothing but text, as most lines are.
                if whole := clean(text[0] if len(text) == 1 else "".join(text)):
                    self.lines.append(Line(whole, now.kind, self.gap, (), now.in_link, now.aside))
                    self.gap = 0
                text.clear()
            else:
                self.end_text()
        if self.skipped:
            self.skipped -= 1
            return
        self.leaf, self.after_block = False, is_block
        if is_block and self.pieces:
            self.end_line(now)
        if self.around:
            self.now = self.around.pop()

    def is_directly_in_head(self) -> bool:
        """Say whether a head is open, and nothing in it."""
        return self.skipped == 1 and self.in_head

    def end_head(self) -> None:
        """Read on: a head that is not closed where it ends, as a second one is not, hides nothing of the page."""
        self.skipped = 0
        self.around.append(self.now)  # for its end tag, which is still to come

    def close(self) -> list[Line]:
        """Return the lines."""
        if self.text:
            self.end_text()
        if self.pieces:
            self.end_line(self.now)
        return self.lines

    def end_text(self) -> None:
        """Take what came since the last tag as one text, but not the space with which a block begins or ends."""
        text = self.text[0] if len(self.text) == 1 else "".join(self.text)
        self.text.clear()
        if self.skipped:
            if text.isspace() or not self.is_directly_in_head():
                return
            self.end_head()
        elif self.after_block and text.isspace():
            return
        self.after_block = False
        self.take_text(text, self.now)


def _without_chips(text: str) -> str:
    return text.replace(_CHIP, "").replace(_END_OF_CHIP, "")


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
