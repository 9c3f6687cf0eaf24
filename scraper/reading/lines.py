"""A page's bytes to its lines: the seam between what turns bytes into lines and what sorts lines.

Behind it nobody knows bytes, character sets or markup; before it nobody knows a label that is not a whole line.
"""

import re
from dataclasses import dataclass, field

from scraper.errors import RefusedPageError, UnreadableMarkupError
from scraper.limits import too_many_tags
from scraper.reading.blocks import Line, lines_of_text, looks_like_markup
from scraper.reading.charset import decode, is_binary
from scraper.reading.markup import every_element_a_line, lines_of_markup

_XML_PROLOG = re.compile(r"\A(?:\s*<\?xml[^>]*>?)+")
# What stands behind `</body>` is no part of a page: a generator may leave the other tag out, a cut takes both.
_CLOSES = re.compile(rb"</(?:html|body)\s*>", re.IGNORECASE)
# In a mirror a link may be relative, and its front page has one to the folder of the pages.
_PAGE_OF_ORGANISATION = re.compile(r"(?:^|/)organisations?/(?!index\.html?$)[^/?#\s]+")


@dataclass(slots=True)
class PageLines:
    """The lines of a page, and what was put right on the way to them."""

    lines: list[Line]
    notices: list[str]
    _markup: str | None = field(default=None, repr=False)

    @property
    def is_markup(self) -> bool:
        """Whether the page is HTML."""
        return self._markup is not None

    def every_element(self) -> list[Line] | None:
        """Return the lines of a page laid out by style sheets alone, each element one; None of a text."""
        return None if self._markup is None else every_element_a_line(self._markup)

    def links_to_organisations(self) -> bool:
        """Say whether the page links to pages of organisations, as the register's list of them does."""
        from bs4 import BeautifulSoup  # a fifth of a second, for pages that are refused

        links = BeautifulSoup(self._markup, "lxml").find_all("a", href=True) if self._markup else ()
        return any(_PAGE_OF_ORGANISATION.search(str(link.get("href"))) for link in links)


def read_lines(body: bytes, *, source: str, charset: str | None = None) -> PageLines:
    """Return the lines of the page in *body*.

    Args:
        body: The page as it came, HTML or text: its content decides, not its name.
        source: What to call it in an error.
        charset: The set of characters that came with it in a header, if any.

    Raises:
        RefusedPageError: It is no text, or stops inside a tag.
    """
    if is_binary(body):
        raise RefusedPageError(source, "not a text or HTML page (binary)")
    text, notices = decode(body, charset)
    if not text.strip():
        raise RefusedPageError(source, "empty")
    if not looks_like_markup(text):
        return PageLines(lines_of_text(text), notices)
    _refuse_cut_off(text, source)
    if reason := too_many_tags(text):
        raise RefusedPageError(source, reason)
    text = _XML_PROLOG.sub("", text)
    try:
        return PageLines(lines_of_markup(text), notices, text)
    except UnreadableMarkupError as error:
        raise RefusedPageError(source, "not readable as HTML") from error


def closes(body: bytes) -> bool:
    """Say whether *body* is an HTML page that has its end, `</body>` or `</html>`."""
    return _CLOSES.search(body[-65536:]) is not None or _CLOSES.search(body) is not None


def _refuse_cut_off(text: str, source: str) -> None:
    if text.rfind("<") > text.rfind(">") and re.match(r"<(?:[a-zA-Z/!?]|\s*$)", text[text.rfind("<") :]):
        raise RefusedPageError(source, "the page stops inside a tag")
