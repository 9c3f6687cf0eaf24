"""Who follows a word that a text holds? Whole words, folded; a text is read once, whoever asks for what.

A word behind a dash, a slash or a bracket is a word too, and two words that a dash joins are also one: the site deletes
dashes without leaving a space.
"""

from collections import defaultdict
from collections.abc import Iterable

from scraper.names.fold import fold

Words = tuple[str, ...]
"""Folded words that stand one behind the other."""


def fold_words(text: str) -> Words:
    """Return the words of *text* as they are compared.

    >>> fold_words("“Rare  disease” – COVID-19,")
    ('rare', 'disease', 'covid19')
    """
    return tuple(filter(None, map(fold, text.split())))


class Listeners:
    """Subscriptions, by number, and the words that they follow."""

    def __init__(self, followed: Iterable[Iterable[Words]]) -> None:
        self._numbers: dict[Words, set[int]] = defaultdict(set)
        self._by_word: dict[str, set[Words]] = defaultdict(set)
        for number, every in enumerate(followed):
            for words in every:
                self._numbers[words].add(number)
                self._by_word[words[0]].add(words)
                self._by_word["".join(words)].add(words)

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def of_any(self, texts: Iterable[str]) -> frozenset[int]:
        """Return those that follow a word in one of *texts*."""
        return frozenset[int]().union(*map(self.of, texts))

    def of(self, text: str) -> frozenset[int]:
        """Return those that follow a word in *text*.

        >>> listeners = Listeners([[("rare", "disease")], [("covid19",)], [("genomic",)], [("omics",)]])
        >>> sorted(listeners.of("Rare disease (COVID–19) and genomic/phenotypic data"))
        [0, 1, 2]
        """
        if not self:
            return frozenset()
        in_order = _in_order(text)
        # Once more with a space in place of joints; only words that are more than letters and digits can hold one.
        apart = " ".join(piece for piece in set(text.split()) if not piece.isalnum()).translate(_WITHOUT_JOINTS)
        held = {*in_order.split(_BETWEEN), *_in_order(apart).split(_BETWEEN)}
        found: set[int] = set()
        for words in {words for word in self._by_word.keys() & held for words in self._by_word[word]}:
            if "".join(words) in held or (
                held.issuperset(words) and f"{_BETWEEN}{_BETWEEN.join(words)}{_BETWEEN}" in in_order
            ):
                found |= self._numbers[words]
        return frozenset(found)


# Stands between words in a text that is folded whole, which is much faster than word by word: folding keeps it.
_BETWEEN = "="

_WITHOUT_JOINTS = str.maketrans(dict.fromkeys("-‐‑–—/()[]'’", " "))


def _in_order(text: str) -> str:
    """Return the folded words of *text*, with the sign that stands between them also before and behind."""
    joined = _BETWEEN.join(["", *(fold(_BETWEEN.join(line.split())) for line in text.splitlines()), ""])
    while 2 * _BETWEEN in joined:  # a dash that stood alone
        joined = joined.replace(2 * _BETWEEN, _BETWEEN)
    return joined
