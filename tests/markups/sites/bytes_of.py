"""What happens to a page's characters behind the generator: minifiers, invisible characters, entities, encodings."""

import re
from collections.abc import Callable

TAG = re.compile(
    r"(<(?:script|style|title)\b.*?</(?:script|style|title)>|<!--.*?-->|<[^>]*>|&[#\w]+;)", re.DOTALL | re.IGNORECASE
)
BLOCKS = (
    "html|head|meta|title|link|body|header|footer|main|nav|aside|article|section|div|h[1-6]|p|ul|ol|li|dl|dt|dd|table|thead|"
    "tbody|tr|th|td|details|summary|hr|br"
)
BETWEEN = re.compile(rf"\s*(</?(?:{BLOCKS})\b[^>]*>)\s*", re.IGNORECASE)
OPTIONAL_ENDS = re.compile(r"</(?:li|dt|dd|tr|th|td|tbody|body|head)>", re.IGNORECASE)
PARAGRAPH_END = re.compile(
    r"</p>(?=<(?:p|ul|ol|div|h[1-6]|table|dl|section|footer|header|main|nav|hr|details)\b)", re.IGNORECASE
)
QUOTED = re.compile(r'=("|\')([\w./#-]+)\1')


def in_text(page: str, change: Callable[[str], str]) -> str:
    """Return the page with *change* done to its text: not to tags, entities, scripts or its title."""
    pieces = TAG.split(page)
    return "".join(piece if n % 2 else change(piece) for n, piece in enumerate(pieces))


def minify(page: str) -> str:
    """Return the page as an HTML minifier writes it: no white space between blocks, no end tag that may be left out."""
    without = re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)
    tight = BETWEEN.sub(r"\1", re.sub(r"\s+", " ", without))
    return QUOTED.sub(r"=\2", PARAGRAPH_END.sub("", OPTIONAL_ENDS.sub("", tight))).replace(
        "<!DOCTYPE html>", "<!doctype html>"
    )


def minify_all(page: str) -> str:
    """Return the page minified, and without `</html>`, which HTML allows."""
    return minify(page).replace("</html>", "")


def _inside_words(mark: str) -> Callable[[str], str]:
    return lambda words: re.sub(r"\b([A-Za-z]{4})([A-Za-z]{4,})\b", rf"\1{mark}\2", words)


def soft_hyphens(page: str) -> str:
    """Return the page with a soft hyphen in every long word, labels included."""
    return in_text(page, _inside_words("\u00ad"))


def soft_entities(page: str) -> str:
    """Return the page with `&shy;` in every long word."""
    return in_text(page, _inside_words("&shy;"))


def word_joiners(page: str) -> str:
    """Return the page with a word joiner on both sides of a dash."""
    return in_text(page, lambda words: re.sub(r"([—–-])", "\u2060\\1\u2060", words))


def zero_width(page: str) -> str:
    """Return the page with a zero width space behind hyphens, slashes and underscores, for lines to break there."""
    return in_text(page, lambda words: re.sub(r"([-/_])", "\\1\u200b", words))


def hard_hyphens(page: str) -> str:
    """Return the page with U+2011 for every hyphen."""
    return in_text(page, lambda words: words.replace("-", "\u2011"))


def hard_spaces(page: str) -> str:
    """Return the page with a hard space beside dashes and behind colons, a thin one before numbers."""

    def change(words: str) -> str:
        return re.sub(r" (?=\d)", "\u2009", re.sub(r"(?<=[:—–]) | (?=[—–])", "\u00a0", words))

    return in_text(page, change)


def typographic(page: str) -> str:
    """Return the page with curly quotes for straight ones."""
    return in_text(page, lambda words: re.sub(r'"(?=\w)', "“", words).replace('"', "”").replace("'", "’"))


def twice_escaped(page: str) -> str:
    """Return the page with its quotes and ampersands escaped twice: `&amp;#x27;`, `&amp;amp;`."""
    escaped = in_text(page, lambda words: words.replace("'", "&amp;#x27;").replace('"', "&amp;quot;"))
    return re.sub(r"&amp;(?!#x27;|quot;)", "&amp;amp;", escaped)


def named_entities(page: str) -> str:
    """Return the page with entities for what is not ASCII."""
    page = page.replace("—", "&mdash;").replace("–", "&ndash;").replace("’", "&rsquo;").replace("≤", "&le;")
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def utf8(page: str) -> bytes:
    """Return the page in UTF-8."""
    return page.encode()


def with_mark(page: str) -> bytes:
    """Return the page in UTF-8 behind a byte order mark."""
    return b"\xef\xbb\xbf" + page.encode()


def windows(page: str) -> bytes:
    """Return the page in Windows-1252, and saying so."""
    return page.replace('charset="utf-8"', 'charset="windows-1252"').encode("cp1252", "xmlcharrefreplace")


def mojibake(page: str) -> bytes:
    """Return the page with its UTF-8 taken for Windows-1252 and written as UTF-8 again."""
    return (
        page.encode().decode("cp1252", "surrogateescape").encode("utf-8", "surrogateescape")
        if _survives(page)
        else page.encode()
    )


def _survives(page: str) -> bool:
    """Return whether every byte of the page has a character in Windows-1252."""
    return not any(byte in page.encode() for byte in b"\x81\x8d\x8f\x90\x9d")
