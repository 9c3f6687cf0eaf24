"""What two sequences have in common, within a bounded number of steps: paragraphs, words, lines of a kept page.

difflib matches well and takes time by the cube where items repeat: 12 KB of "yes no yes" took minutes. So its steps are
counted as it goes, and where they are used up what is unique in both is matched first and each gap on its own; a gap
that takes too long as well is given whole, out and in. The steps hang on the two sequences alone, not on the machine or
on the clock: the same texts give the same answer for ever.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate, pairwise
from typing import NamedTuple

STEPS_AN_ITEM = 100
"""Steps for each item of both sides. Prose of the register as one paragraph of 4,000 words with 80 edits takes as many;
matched paragraph by paragraph, as it is, a tenth."""

STEPS = 20_000
"""Steps for any pair, however short: repeats among a hundred words are matched as well as can be."""


class Stretch(NamedTuple):
    """Items that belong together: `old[a:b]` became `new[c:d]`, or stands there again."""

    same: bool
    a: int
    b: int
    c: int
    d: int


def matching(old: Sequence[str], new: Sequence[str]) -> list[Stretch]:
    """Return how *old* became *new*, from the first item to the last.

    >>> [stretch for stretch in matching("a b c".split(), "a x c".split()) if not stretch.same]
    [Stretch(same=False, a=1, b=2, c=1, d=2)]
    """
    steps = STEPS + STEPS_AN_ITEM * (len(old) + len(new))
    blocks, left = _blocks(old, new, steps)
    return list(_stretches(_anchored(old, new, steps) if left < 0 else blocks, len(old), len(new)))


class _Counted(SequenceMatcher[str]):
    """A matcher that finds nothing more when its steps are used up: then `left` is below zero."""

    def __init__(self, old: Sequence[str], new: Sequence[str], steps: int) -> None:
        super().__init__(None, old, new, autojunk=False)
        self.left = steps
        # What looking from one item on costs: itself, and each place of its like on the other side.
        places = Counter(new)
        self.costs = list(accumulate((1 + places[item] for item in old), initial=0))

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """Return the longest match in a range, or none where no steps are left for it."""
        self.left -= self.costs[-1 if ahi is None else ahi] - self.costs[alo]
        return Match(alo, blo, 0) if self.left < 0 else super().find_longest_match(alo, ahi, blo, bhi)


def _blocks(old: Sequence[str], new: Sequence[str], steps: int) -> tuple[list[Match], int]:
    """Return the blocks that both have, in order, and the steps left; below zero where it takes more to say."""
    matcher = _Counted(old, new, steps)
    return matcher.get_matching_blocks()[:-1], matcher.left


def _anchored(old: Sequence[str], new: Sequence[str], steps: int) -> list[Match]:
    """Return the blocks that both have by what is unique in both, and what stands between two such within *steps*."""
    blocks: list[Match] = []
    ends = [Match(0, 0, 0), *_anchors(old, new), Match(len(old), len(new), 0)]
    for before, after in pairwise(ends):
        blocks += [before] if before.size else []
        a, c = before.a + before.size, before.b + before.size
        found, left = _blocks(old[a : after.a], new[c : after.b], steps)
        if left >= 0:  # else it is given whole, out and in
            blocks += [Match(a + i, c + j, n) for i, j, n in found]
        steps = max(left, 0)
    return blocks


def _anchors(old: Sequence[str], new: Sequence[str]) -> Iterator[Match]:
    """Yield the longest row of items that are unique in both and in the same order, each with its like around it."""
    once = {item for item, n in Counter(new).items() if n == 1} & {item for item, n in Counter(old).items() if n == 1}
    places = {item: place for place, item in enumerate(new) if item in once}
    pairs = [(place, places[item]) for place, item in enumerate(old) if item in once]
    a = b = 0
    for i, j in _rising(pairs):
        if i < a:  # taken by the one before
            continue
        while i > a and j > b and old[i - 1] == new[j - 1]:
            i, j = i - 1, j - 1
        size = 1
        while i + size < len(old) and j + size < len(new) and old[i + size] == new[j + size]:
            size += 1
        yield Match(i, j, size)
        a, b = i + size, j + size


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest row of *pairs*, which rise in the first, that rises in the second too."""
    tops: list[int] = []  # the least end of a row of each length
    rows: list[int] = []  # the pair at that end
    before: list[int | None] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(tops, place)
        before.append(rows[length - 1] if length else None)
        tops[length : length + 1] = [place]
        rows[length : length + 1] = [number]
    row: list[tuple[int, int]] = []
    last = rows[-1] if rows else None
    while last is not None:
        row.append(pairs[last])
        last = before[last]
    return row[::-1]


def _stretches(blocks: Sequence[Match], n_old: int, n_new: int) -> Iterator[Stretch]:
    a = c = 0
    for block in (*blocks, Match(n_old, n_new, 0)):
        if a < block.a or c < block.b:
            yield Stretch(False, a, block.a, c, block.b)
        if block.size:
            yield Stretch(True, block.a, block.a + block.size, block.b, block.b + block.size)
        a, c = block.a + block.size, block.b + block.size
