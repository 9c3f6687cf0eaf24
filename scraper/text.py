"""Text off a page: made safe to hand on, and held once where many pages print it.

What a page prints is somebody else's, and messages go to many programs.
"""

import re
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

UNSAFE = "\x7f-\x9f\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
"""What no text of a page may bring along, as a class of a regular expression; besides it only the first 32 characters.

Control characters; marks that turn the direction of reading; characters without a width, which make two names of one
look; halves of characters, which no terminal can be sent.
"""

# Control characters other than white space; marks that turn the direction of reading; what XML cannot hold.
_UNSAFE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)


def one_line(text: str) -> str:
    r"""Return *text* on one line, without anything that steers a program or turns the direction of reading.

    >>> one_line("Meridian\x07 Outcomes\r\nBcc: x \u202edtL")
    'Meridian Outcomes Bcc: x dtL'
    """
    return " ".join(_UNSAFE.sub("", text).split())


def unsteered(text: str) -> str:
    r"""Return *text* without anything that steers a program or turns the direction of reading; its lines stay.

    >>> unsteered("Meridian\x07\n\u202eLtd")
    'Meridian\nLtd'
    """
    return _UNSAFE.sub("", text)


# Whole escape sequences first (CSI, then OSC and the like up to their end), so that no "[31m" is left behind.
_ESCAPES = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].{0,999}?(?:\x07|\x1b\\)|\x1b.?", re.DOTALL)
_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
_NOT_SEEN = re.compile(f"[\x00-\x1f{UNSAFE}]")


def clean(text: object) -> str:
    r"""Return *text* on one line, without anything that steers a terminal or cannot be seen on one.

    >>> clean("Meridian\x1b[31m Outcomes\x07\nLtd")
    'Meridian Outcomes Ltd'
    """
    return _NOT_SEEN.sub("", _BREAKS.sub(" ", _ESCAPES.sub("", str(text))))


def cut(text: str, longest: int) -> str:
    """Return *text* in at most *longest* characters, cut between words where there are any, with an ellipsis.

    >>> cut("a table for each town", 14), cut("a table", 14), cut("unbreakable", 6)
    ('a table for…', 'a table', 'unbre…')
    """
    if len(text) <= longest:
        return text
    kept, space, _ = text[:longest].rpartition(" ")
    return (kept if space and len(kept) > longest // 2 else text[: longest - 1]).rstrip() + "…"


LONGEST_SHARED = 300
"""Characters; what is longer is mostly printed once."""


def one_of_equal(value: T) -> T:
    """Return the one object in memory that stands for all that are equal to *value* and were met lately.

    Most of what a register prints stands on many of its pages. A long text is returned as it is.
    """
    return value if isinstance(value, str) and len(value) > LONGEST_SHARED else _held(value)


# Not sys.intern: what that was given once, Python 3.12 keeps for ever.
@lru_cache(maxsize=8_192)
def _held(value: T) -> T:
    return value
