"""The register's own noise: everything about a page that may differ without meaning anything.

A dress is a choice of one way from each line of `WAYS`, made anew whenever a page is dressed again. Every way leaves
the folded text alone, which `test_simulation` checks against the folding written here from design rule 4.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from random import Random

_KEPT = frozenset("%£$€<>=+&/")
_LIST_MARK = re.compile(r"^\s*(?:(?:\d{1,3}|[^\W\d_])[.)]\s|[•\-])\s*")


@lru_cache(maxsize=1 << 15)  # the same few thousand texts are dressed again and again
def fold(text: str) -> str:
    """Return what of *text* counts (design rule 4), written anew from the rule."""
    lines = unicodedata.normalize("NFKC", text).casefold().split("\n")
    text = "\n".join(_LIST_MARK.sub("", line, count=1) for line in lines)
    kept = []
    for index, char in enumerate(text):
        between_digits = char in ".," and text[index - 1 : index].isdigit() and text[index + 1 : index + 2].isdigit()
        if char.isalnum() or char in _KEPT or between_digits:
            kept.append(char)
    return "".join(kept)


def _curled(text: str) -> str:
    text = re.sub(r"(^|[\s(])'", "\\1‘", text).replace("'", "’")
    return re.sub(r'(^|[\s(])"', "\\1“", text).replace('"', "”")


def _straight(text: str) -> str:
    return text.translate(str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'}))


def _unquoted(text: str) -> str:
    return re.sub("[‘’“”'\"]", "", text)


def _without_dashes(text: str) -> str:
    return text.replace("–", "")


def _spread(text: str) -> str:
    return text.replace(" ", "  ", 3)


WAYS: dict[str, tuple[Callable[[str], str], ...]] = {
    "dashes": (
        str,
        lambda text: text.replace("–", "-"),
        lambda text: text.replace(" - ", " – "),
        _without_dashes,
        lambda text: text.replace(" – ", "  ").replace("–", ""),
    ),
    "quotes": (str, _curled, _straight, _unquoted),
    "spaces": (str, _spread, lambda text: text.replace(" ", "\N{NO-BREAK SPACE}", 2), lambda text: text + "  "),
    "letters": (
        str,
        lambda text: text.replace("fi", "ﬁ", 1),
        lambda text: text.replace("Icb", "ICB"),
        lambda text: text.replace(" of ", " Of ").replace(" and ", " And "),
    ),
}
CASES = (str, str, str.upper, str.title)
"""How the names in a list may be cased."""
MARKS = ("{n}. ", "{n}) ", "• ", "- ", "{a}) ")
"""List marks of prose, all of which fold away."""


class Dress:
    """One typographic dress of a page: a way of writing, and a source of orders and repeats."""

    def __init__(self, key: str, *, lost: bool, plain: bool = False) -> None:
        self.rng = Random(key)
        self.plain = plain
        self.ways = [str] if plain else [self.rng.choice(ways) for ways in WAYS.values()]
        if lost:
            self.ways += [_without_dashes, _unquoted]
        self.case = str if plain else self.rng.choice(CASES)
        self.mark = MARKS[0] if plain else self.rng.choice(MARKS)

    def text(self, text: str) -> str:
        for way in self.ways:
            text = way(text)
        return text

    def name(self, text: str) -> str:
        """Return an item of a list, in this dress's case; `str.title` would break up `MHSDS`, not what it folds to."""
        return self.text(self.case(text) if self.rng.random() < 0.5 else text)

    def shuffled(self, items: list) -> list:
        """Return the items of a set in some order, some of them twice."""
        if self.plain:
            return list(items)
        items = list(items)
        self.rng.shuffle(items)
        if items and self.rng.random() < 0.25:
            items.append(self.rng.choice(items))
        return items

    def chance(self, probability: float) -> bool:
        return not self.plain and self.rng.random() < probability

    def choice(self, options: tuple) -> str:
        return options[0] if self.plain else self.rng.choice(options)
