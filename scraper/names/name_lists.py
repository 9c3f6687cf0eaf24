"""How a list of organisations that is joined by commas is taken apart, although names hold commas too.

A listed name is known with initials, a code or brackets behind it as well. Where nothing is known a comma separates;
but nobody can say then whether the names on its two sides are one, so `side_by_side` tells which stand so (design
rule 20). Which names there are is told by the caller. Pure.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scraper.names.fold import fold

_NHS_BODY = re.compile(
    r"(?:\b(?:CCG|ICB|CSU)|CLINICAL COMMISSIONING GROUP|INTEGRATED CARE BOARD|COMMISSIONING SUPPORT UNIT)"
    r"(?:\s*+(?:[-‐-―−]\s*+)?(?=[A-Z]*\d)[A-Z0-9]{3,5})?$"
)


class _Listed(NamedTuple):
    """Names, folded: those without a comma, and those with commas part by part."""

    single: frozenset[str]
    joined: frozenset[tuple[str, ...]]
    beginnings: frozenset[str]

    @classmethod
    def of(cls, names: Iterable[str]) -> "_Listed":
        """Return *names* as they are looked up."""
        parts = [tuple(map(fold, name.split(","))) for name in names]
        joined = frozenset(one for one in parts if len(one) > 1)
        single = frozenset(one[0] for one in parts if len(one) == 1)
        return cls(single, joined, frozenset(one[0] for one in joined))

    def with_more(self, more: "_Listed") -> "_Listed":
        """Return these names and *more*."""
        return _Listed(self.single | more.single, self.joined | more.joined, self.beginnings | more.beginnings)


class NameSplitter:
    """Takes apart lists of names that are joined by commas, although names hold commas too."""

    def __init__(self, names: Iterable[str], suffixes: Iterable[str]) -> None:
        self._listed = _Listed.of(names)
        self._longest = max(map(len, self._listed.joined), default=1)
        self._suffixes = frozenset(map(fold, suffixes))

    def knowing(self, names: Iterable[str]) -> "NameSplitter":
        """Return a splitter that knows *names* as well, such as those that head pages."""
        other = NameSplitter((), ())
        other._suffixes = self._suffixes
        other._listed = self._listed.with_more(_Listed.of(names))
        other._longest = max(map(len, other._listed.joined), default=1)
        return other

    def split(self, text: str) -> list[str]:
        """Return the names in *text* in printed order and spelling, repeats included."""
        return [name.strip() for name in self._names(text)]

    def side_by_side(self, text: str) -> list[list[str]]:
        """Return the names in *text* that stand beside each other and are not known, with the space around them.

        A comma behind a corporate suffix separates:

        >>> splitter = NameSplitter(["NHS DIGITAL"], ["LTD"])
        >>> splitter.side_by_side("SMITH, JONES AND PARTNERS, NHS DIGITAL, ACME LTD, NORTHAM,SOUTHAM, WESTHAM LTD")
        [['SMITH', ' JONES AND PARTNERS'], [' NORTHAM', 'SOUTHAM', ' WESTHAM LTD']]
        """
        groups: list[list[str]] = [[]]
        for name in self._names(text):
            known = self.is_known(name)
            if not known:
                groups[-1].append(name)
            if known or self.is_corporate(name):
                groups.append([])
        return [group for group in groups if len(group) > 1]

    def is_known(self, name: str) -> bool:
        """Whether *name* is listed, as it is or with more behind it, or ends as the names of NHS bodies do."""
        return any(map(self.lists, (name, *_shortened(name)))) or bool(_NHS_BODY.search(name.strip().upper()))

    def lists(self, name: str) -> bool:
        """Whether *name* is listed as it is."""
        parts = tuple(map(fold, name.split(",")))
        return parts in self._listed.joined if len(parts) > 1 else parts[0] in self._listed.single

    def is_corporate(self, name: str) -> bool:
        """Whether *name* ends in a suffix of a company, as a word of its own."""
        words = re.split(r"[\s,]+", name.strip())
        return any(fold(" ".join(words[-count:])) in self._suffixes for count in (1, 2, 3))

    def _names(self, text: str) -> Iterator[str]:
        """Yield the names in *text* with the space around them."""
        parts = text.split(",")
        waiting: list[str] = []
        start = 0
        while start < len(parts):
            end = start + self._length(parts, start)
            name = parts[start:end]
            folded = fold(",".join(name))
            if waiting and self._is_suffix(folded, name[0]):
                waiting += name
            elif folded:
                if waiting:
                    yield ",".join(waiting)
                waiting = name
            start = end
        if waiting:
            yield ",".join(waiting)

    def _is_suffix(self, folded: str, printed: str) -> bool:
        if folded in self._suffixes:
            return True
        return printed.rstrip().endswith((")", "]")) and fold(_BRACKETS.sub("", printed)) in self._suffixes

    def _length(self, parts: Sequence[str], start: int) -> int:
        """Return of how many parts the name consists that begins at *start*."""
        lengths = (self._known_length(parts, start), _bracket_length(parts, start), self._nhs_length(parts, start))
        return next(filter(None, lengths), 1)

    def _known_length(self, parts: Sequence[str], start: int) -> int:
        if fold(parts[start]) not in self._listed.beginnings:
            return 0
        folded = tuple(map(fold, parts[start : start + self._longest]))
        for length in range(len(folded), 1, -1):
            if folded[:length] in self._listed.joined:
                return length
        for length in range(len(folded), 1, -1):
            printed = ",".join(parts[start : start + length])
            if any((*folded[: length - 1], fold(end)) in self._listed.joined for end in _last_parts(printed)):
                return length - 1 + (_bracket_length(parts, start + length - 1) or 1)
        return 0

    def _nhs_length(self, parts: Sequence[str], start: int) -> int:
        """Return the length of a name such as "NHS A, B AND C ICB - 01X" that is not known, or 0."""
        first = parts[start].strip().upper()
        if not first.startswith("NHS ") or _NHS_BODY.search(first) or fold(first) in self._listed.single:
            return 0
        for length, part in enumerate(parts[start + 1 : start + 5], start=2):
            following = part.strip().upper()
            if following.startswith("NHS ") or fold(following) in self._listed.single:
                return 0
            if _NHS_BODY.search(following):
                return length if re.search(r"\bAND\b|&", following) else 0
        return 0


def _bracket_length(parts: Sequence[str], start: int) -> int:
    """Return the length of a name whose brackets hold commas, or 0.

    A bracket that is not closed soon is a typing error, and must not swallow the names behind it:

    >>> _bracket_length(["BCP COUNCIL [POOLE", " CHRISTCHURCH]", " ICO"], 0), _bracket_length(["A (B", " C", " D"], 0)
    (2, 0)
    """
    depth = 0
    for length, part in enumerate(parts[start : start + 6], start=1):
        depth += sum(map(part.count, "([")) - sum(map(part.count, ")]"))
        if depth <= 0:
            return length if length > 1 and depth == 0 else 0
    return 0


# What may stand behind a name

_BRACKETS = re.compile(r"(?:(?<!\s)\s++)?(?:\([^()]*\)|\[[^\[\]]*\])\s*$")
_OPEN_BRACKET = re.compile(r"\s[(\[][^()\[\]]*$")
_CODE = re.compile(r"(?:\s[-‐-―−]\s*[A-Z\d]{2,10}|\s(?=[A-Z]*\d)[A-Z\d]{3,10})$", re.IGNORECASE)
_LAST_WORD = re.compile(r"\s([A-Z]{2,8})$")
_MOST_BEHIND = 4


def _shortened(name: str) -> Iterator[str]:
    """Yield *name* with less and less of the initials, codes and brackets behind it.

    >>> list(_shortened("NORTHAM, SOUTHAM AND WESTHAM COUNCIL (NSWC) - E06"))
    ['NORTHAM, SOUTHAM AND WESTHAM COUNCIL (NSWC)', 'NORTHAM, SOUTHAM AND WESTHAM COUNCIL']
    >>> list(_shortened("NORTHAM COUNCIL NC")), list(_shortened("NORTHAM COUNCIL TRUST"))
    (['NORTHAM COUNCIL'], [])
    """
    name = name.strip()
    for _ in range(_MOST_BEHIND):
        found = _BRACKETS.search(name) or _OPEN_BRACKET.search(name) or _CODE.search(name) or _initials_behind(name)
        if not found or not found.start():
            return
        name = name[: found.start()].rstrip()
        yield name


def _last_parts(printed: str) -> Iterator[str]:
    """Yield the last part of *printed*, a name with commas, without what may stand behind a name."""
    commas = printed.count(",")
    for shorter in _shortened(printed):
        if shorter.count(",") == commas:
            yield shorter.rpartition(",")[2]


def _initials_behind(name: str) -> re.Match[str] | None:
    found = _LAST_WORD.search(name)
    return found if found and are_initials(found[1], name[: found.start()]) else None


def are_initials(letters: str, name: str) -> bool:
    """Say whether *letters*, in their order, begin words of *name*.

    >>> are_initials("BCP", "BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL"), are_initials("UK", "GRAIL, INC.")
    (True, False)
    """
    words = iter(re.findall(r"[^\W\d_]+", name.upper()))
    return len(letters) > 1 and all(any(word.startswith(letter) for word in words) for letter in letters.upper())


def without_initials(name: str) -> str:
    """Return *name* without its own initials in brackets behind it, which say nothing new.

    >>> without_initials("BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL (BCP)"), without_initials("GRAIL (UK)")
    ('BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL', 'GRAIL (UK)')
    """
    found = _BRACKETS.search(name)
    if not found:
        return name
    own, letters = name[: found.start()].rstrip(), found[0].strip(" ()[].")
    return own if letters.isalpha() and are_initials(letters, own) else name
