"""What counts in a printed text: folding, and sets of printed values.

The register re-types itself: dashes go, quotes curl, spaces double, case changes, list marks come and go. `fold` gives
a form in which only what a text says is left; everything that is compared is compared folded, everything that is shown
is shown as printed. Pure; nothing here knows what a field means.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby

KEPT_SIGNS = "%£$€<>=+&/"
"""Signs that say something: `<5` is not `>5`. Every other sign is typography."""

# Signs that make up nearly all of the register's non-ASCII text, each with an ASCII sign that folds the same. With
# them gone most texts are ASCII and take the fast path; normalising 15 KB costs more than all the rest of folding.
_STAND_INS = (
    ("–", "-"),
    ("’", "'"),
    ("‘", "'"),
    ("“", '"'),
    ("”", '"'),
    ("•", "-"),
    ("\N{NO-BREAK SPACE}", " "),
    ("—", "-"),
    ("·", "'"),
    ("…", "'"),
)

# Marks may stand one behind the other: a page that prints "1. a) Trusts" shows the list's own number before a mark
# that stands in the text. A dash before a mark is one the site may delete tomorrow, so it must not hide the mark.
_LIST_MARKS = re.compile(r"(?:[\s•‐-―−-]*(?:\d{1,3}|[^\W\d_])[.)](?=\s))+")
_LOOSE_POINTS = re.compile(r"[.,](?:(?!\d)|(?<!\d.))")
_LOOSE_POINTS_ASCII = re.compile(rb"[.,](?:(?![0-9])|(?<![0-9].))")
_TYPOGRAPHY = re.compile(rf"[^\w{re.escape(KEPT_SIGNS)}.,]+|_+")

_ASCII_LOWER = bytes(range(256)).lower()
_ASCII_TYPOGRAPHY = bytes(c for c in range(128) if not chr(c).isalnum() and chr(c) not in KEPT_SIGNS + ".,")

_SHORT = 256  # names, labels and dates: the same few thousand on every page


def fold(text: str) -> str:
    r"""Return a form of *text* in which only its words and numbers count.

    In late 2024 the site deleted every en dash. Compared unfolded, nearly every page would have reported a new legal
    basis that night:

    >>> fold("Health and Social Care Act 2012 – s261(2)(a)")
    'healthandsocialcareact2012s2612a'
    >>> fold("Health and Social Care Act 2012 s261(2)(a)")
    'healthandsocialcareact2012s2612a'

    A dash goes without leaving a space, so spaces cannot count; points and commas inside numbers do, and so do signs
    that compare, count money or join names:

    >>> fold("ages 55–80") == fold("ages 5580")
    True
    >>> fold("last year’s") == fold("last years")
    True
    >>> fold("v1.5"), fold("v15"), fold("5,079 rows"), fold("A&E, <5")
    ('v1.5', 'v15', '5,079rows', 'a&e<5')

    Marks of lists go at the start of every paragraph, and only there and only before a space:

    >>> fold("1. HES\n• a) Critical Care\n- (b) 1.5 years")
    'hescriticalcareb1.5years'

    Text that is already folded stays as it is:

    >>> fold(fold("ﬁle ½ of Σ'ς Café"))
    'file12ofσσcafé'
    """
    return _fold_short(text) if len(text) <= _SHORT else _fold(text)


def as_set(values: Iterable[str]) -> tuple[str, ...]:
    """Return *values* as a set in public order: by folded text, then text.

    Of values that fold alike the first printed spelling stays, outer space is stripped, and what folds to nothing is
    no value:

    >>> as_set(["Non-Sensitive", " Sensitive", "Non Sensitive", "–", ""])
    ('Non-Sensitive', 'Sensitive')
    """
    spellings: dict[str, str] = {}
    for value in values:
        spellings.setdefault(fold(value), value.strip())
    spellings.pop("", None)
    # One spelling per fold is left, so sorting by fold alone is sorting by (fold, text).
    return tuple(spelling for _, spelling in sorted(spellings.items()))


def fold_set(values: Iterable[str] | None) -> frozenset[str]:
    """Return the folded forms of *values*; None (not printed) has none.

    >>> sorted(fold_set(["One-Off", "Ongoing", "One Off"]))
    ['oneoff', 'ongoing']
    """
    return frozenset(map(fold, values or ())) - {""}


# XML 1.0 has no way to write these, and feeds are XML. A page's NUL bytes are how they get in.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1b\ud800-\udfff\ufffe\uffff]")


def tidy(text: str) -> str:
    r"""Return *text* as one line: white space collapsed and stripped, characters that XML cannot hold dropped.

    >>> tidy(" Cancer Registry linked to  Diagnostic\n Imaging\x00 Dataset ")
    'Cancer Registry linked to Diagnostic Imaging Dataset'
    """
    return " ".join(_UNWRITABLE.sub("", text).split())


def _fold(text: str) -> str:
    for sign, stand_in in _STAND_INS:
        text = text.replace(sign, stand_in)
    if text.isascii():
        return _fold_ascii(text)
    # By paragraphs, because the few that hold a "£" or an "é" should not slow down all the others.
    folded = "".join(
        (_fold_ascii if is_ascii else _fold_unicode)("\n".join(lines))
        for is_ascii, lines in groupby(text.splitlines(), str.isascii)
    )
    # Case folding can leave letters that NFKC composes, and so can the loss of what stood between two of them (Hangul).
    return folded if unicodedata.is_normalized("NFKC", folded) else _fold(folded)


_fold_short = lru_cache(maxsize=1 << 14)(_fold)


def _fold_ascii(text: str) -> str:
    said = _LOOSE_POINTS_ASCII.sub(b"", _without_list_marks(text).encode("ascii"))
    return said.translate(_ASCII_LOWER, _ASCII_TYPOGRAPHY).decode("ascii")


def _fold_unicode(text: str) -> str:
    said = _without_list_marks(unicodedata.normalize("NFKC", text).casefold())
    return _TYPOGRAPHY.sub("", _LOOSE_POINTS.sub("", said))


def _without_list_marks(text: str) -> str:
    return "\n".join([_without_list_mark(line) for line in text.splitlines()])


def _without_list_mark(line: str) -> str:
    marks = _LIST_MARKS.match(line)
    return line[marks.end() :] if marks else line
