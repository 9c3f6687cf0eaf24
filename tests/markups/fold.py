"""Folding for the judge, written from design rule 4 and from nothing else.

Two texts that fold alike are one text printed differently; the judge compares what a record has with the truth
through this, so that a curly quote or a list mark is never called a misreading.
"""

import re
import unicodedata
from functools import lru_cache

MARK = re.compile(r"^(?:[-‐‑‒–—•·▪◦*o]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s+", re.IGNORECASE)
MINUS = "−"


@lru_cache(maxsize=50_000)
def fold(text: str) -> str:
    """Return a form of *text* in which only its letters, digits and meaning signs count.

    >>> fold("1. Patients aged 55–80") == fold("Patients aged 5580")
    True
    >>> fold("≤5") == fold("≥5"), fold("1.5") == fold("15"), fold("10⁶") == fold("106"), fold(".5") == fold("5")
    (False, False, False, False)
    """
    return "".join(_line(line) for line in text.replace("\r", "").split("\n"))


def _line(line: str) -> str:
    text = "".join(_compatible(c) for c in line if unicodedata.category(c) not in ("Cf", "Co", "Cc")).strip()
    text = MARK.sub("", text).casefold()
    return "".join(_kept(text, at) for at in range(len(text)))


def _compatible(character: str) -> str:
    if "<super>" in unicodedata.decomposition(character) or "<fraction>" in unicodedata.decomposition(character):
        return character
    return unicodedata.normalize("NFKC", character)


def _kept(text: str, at: int) -> str:
    here, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if here.isalnum() or here in "%&/" or unicodedata.category(here) in ("Sm", "Sc", "So", "No", "Mn", "Mc"):
        return here
    if here in ".," and after.isdigit() and before.isdigit():
        return here
    if here == "." and after.isdigit() and not before.isalnum():
        return "0."
    if here == "-" and after.isdigit() and (not before or before in "([{<>=≤≥±"):
        return MINUS
    return ""


def alike(one: object, other: object) -> bool:
    """Return whether two values of a record say the same: texts folded, lists as sets of folded texts."""
    if isinstance(one, list) and isinstance(other, list):
        return {fold(str(item)) for item in one} == {fold(str(item)) for item in other}
    if isinstance(one, str) and isinstance(other, str):
        return fold(one) == fold(other)
    if one in (None, "") or other in (None, ""):
        return not _weight(one) and not _weight(other)
    return one == other


def _weight(value: object) -> str:
    """Return what is left of a text: a remainder of nothing but a pilcrow is no remainder."""
    return fold(value) if isinstance(value, str) else "" if value is None else repr(value)
