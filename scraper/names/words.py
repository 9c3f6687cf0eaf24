"""Words that matter where they stand in prose: which of a list does a text hold, and which came or went?

The lists are data (`data/words.json`), and a user adds to them; `vocabulary` asks. Words are compared whole, each
folded by itself: in a folded text there are none. Pure; nothing here knows what a word means.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import combinations, pairwise
from typing import NamedTuple, TypeVar

from scraper.names.fold import fold

Forms = tuple[str, ...]
"""A word, and other forms of it."""

# "U.K." is one word, and so is "year's"; "end.Next" is two, for the site loses spaces.
_WORD = re.compile(r"(?:(?:[^\W\d_]\.){2,}|[^\W_]+)(?:['’ʼ][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’ʼ]s$", re.IGNORECASE)

MOST_JOINTS = 5
"""Gaps between the parts of a word, each of which a text may print or not; of longer ones all or none."""


class WordFound(NamedTuple):
    """A word that stands in a text."""

    word: str
    """As it is listed first."""
    form: str
    """The form of it that stands there, as it is listed."""


class WordList:
    """Words with their forms, looked for in texts. Built once and never changed."""

    __slots__ = ("_by_first", "_not_before")

    def __init__(self, words: Iterable[Forms], not_before: Mapping[str, Iterable[str]] | None = None) -> None:
        """Make one.

        Args:
            words: The words, each with its other forms.
            not_before: Word → what may not stand behind it.
        """
        self._by_first: dict[str, dict[tuple[str, ...], WordFound]] = defaultdict(dict)
        self._not_before = {word: frozenset(map(fold, after)) for word, after in (not_before or {}).items()}
        for forms in words:
            for form in forms:
                for parts in _spellings(tuple(words_of(form))):
                    self._by_first[parts[0]].setdefault(parts, WordFound(forms[0], form))

    def found_in(self, text: str) -> Iterator[WordFound]:
        """Yield the words of the list that stand in *text*, in reading order, each as often as it stands there.

        >>> words = WordList([("opt-out", "opt-outs"), ("sold",), ("ICO",)], {"ICO": ["Code"]})
        >>> [one.form for one in words.found_in("Opt outs, an OPTOUT; it’s old and unsold. ICO’s view, the ICO Code")]
        ['opt-outs', 'opt-out', 'ICO']
        """
        said = list(words_of(text))
        end = 0
        for at in (at for at, word in enumerate(said) if word in self._by_first):
            if at >= end and (parts := self._longest(said, at)):
                yield self._by_first[parts[0]][parts]
                end = at + len(parts)

    def _longest(self, said: list[str], at: int) -> tuple[str, ...]:
        """Return the longest word that stands in *said* at a place; nothing where none does."""
        there = [
            parts
            for parts, found in self._by_first[said[at]].items()
            if tuple(said[at : at + len(parts)]) == parts
            and not self._not_before.get(found.word, frozenset()).intersection(said[at + len(parts) :][:1])
        ]
        return max(there, key=len, default=())

    def came_or_went(self, before: str, after: str) -> tuple[str, ...]:
        """Return the forms of the words that stand in one of two texts more often than in the other, sorted.

        What only moved is not among them, and what only stands in another form is neither:

        >>> words = WordList([("not", "cannot", "isn't"), ("sold",)])
        >>> words.came_or_went("It can be sold, and is not.", "It cannot be sold, and is not.")
        ('cannot',)
        >>> words.came_or_went("It is not sold.", "Sold it isnt.")
        ()
        """
        lines = [Counter(text.split("\n")) for text in (before, after)]  # most stand in both, and cost time
        old, new = (list(self.found_in("\n".join((one - other).elements()))) for one, other in (lines, lines[::-1]))
        words = _differing((one.word for one in old), (one.word for one in new))
        return tuple(sorted(one.form for one in _differing(old, new) if one.word in words))


def words_of(text: str) -> Iterator[str]:
    """Return the words of *text*, folded; what a possessive adds is no part of them.

    >>> list(words_of("The U.K.’s third-party year’s end.Next"))
    ['the', 'uk', 'third', 'party', 'year', 'end', 'next']
    """
    return filter(None, map(_fold_word, _WORD.findall(text)))


@lru_cache(maxsize=1 << 14)
def _fold_word(word: str) -> str:
    return fold(_POSSESSIVE.sub("", word))


def _spellings(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield *parts* as a text may print them: some of them run together, where a hyphen was lost."""
    gaps = range(1, len(parts))
    counts = range(len(parts)) if len(gaps) <= MOST_JOINTS else (0, len(gaps))
    for kept in (kept for count in counts for kept in combinations(gaps, count)):
        edges = (0, *kept, len(parts))
        yield tuple("".join(parts[start:end]) for start, end in pairwise(edges))


T = TypeVar("T")


def _differing(old: Iterable[T], new: Iterable[T]) -> set[T]:
    before, after = Counter(old), Counter(new)
    return {one for one in before.keys() | after.keys() if before[one] != after[one]}
