"""What the pages of a site share: its navigation, its footer, the day it was built (design rule 17). Pure.

Nothing is known of words or of elements: a line is the site's where most pages have it at their edge and none inside an
agreement. So a single page is read with its frame, which is taken out where several are known.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile
from typing import Any, NamedTuple

from scraper.names.fold import as_set, fold
from scraper.records import SECTIONS, Agreement, Owned, RegisterPage, lines_of

_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_DAYS = "mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_WRITTEN = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTHS})|(?:{_MONTHS})\.?\s+\d{{1,2}}(?:st|nd|rd|th)?)"
# What may begin a date is asked for first: most words of prose do not, and are passed over in a third of the time.
_DATE = re.compile(
    rf"\b(?=[mtwfsjando\d])(?:(?:{_DAYS})\.?,?\s+)?(?:{_WRITTEN}(?:,?\s+\d{{4}})?|(?:{_MONTHS})\.?,?\s+\d{{4}}"
    r"|\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*(?:\s*[ap]\.?m\b\.?)?", re.IGNORECASE)

_HAS_DIGITS = re.compile(r"\d")  # every date has one

ON_AT_LEAST = 10
"""Pages that share a line from which on half of those known are enough."""
FEWEST = 3
"""Pages that must be known for any of their lines to be the site's."""


class Edges(NamedTuple):
    """The lines of a page, masked, that may be the site's."""

    head: frozenset[str]
    """Above the first agreement, or in none wherever they stand."""
    tail: tuple[str, ...]
    """Below the last label, in order."""
    dated: frozenset[str]
    """Those of them that have a date in them."""


def holds_date(line: str) -> bool:
    """Say whether a date stands in *line*, in figures or with its month in words."""
    return _masked(line)[1]


def masked(line: str) -> str:
    """Return what counts in a line of the frame: its words, digits and dates masked.

    >>> masked("Last updated 26 November 2026, 03:17") == masked("Last updated Friday, December 4th, 4:02")
    True
    """
    return _masked(line)[0]


@lru_cache(maxsize=1 << 13)
def _masked(line: str) -> tuple[str, bool]:
    """Return a line masked, and whether it holds a date: both are asked of every line at the edge of a page."""
    if not _HAS_DIGITS.search(line):
        return fold(line), False
    undated, dates = _DATE.subn("0", line)
    return fold(_DIGITS.sub("0", undated)), dates > 0


def mask_of(organisation: str, line: str) -> str:
    """Return a line of an organisation's page, masked; where it names that, it says the same on every page."""
    name, folded = fold(organisation), masked(line)
    return folded.replace(name, _NAME) if len(name) >= _SHORTEST_NAME else folded


_NAME = "☐"  # folded text keeps symbols, and no line of a register has this one
# A name that folds to "nhs" stands in half of all lines: masked, different lines would become the same.
_SHORTEST_NAME = 4


def edges_of(page: RegisterPage) -> Edges:
    """Return the lines of *page* that may be the site's."""
    head = [(mask_of(page.organisation, line), line) for line in lines_of(page.remainder)]
    tail = [(mask_of(page.organisation, owned.text), owned.text) for owned in page.tail]
    dated = frozenset(mask for mask, line in (*head, *tail) if holds_date(line))
    return Edges(frozenset(mask for mask, _ in head) - {""}, tuple(mask for mask, _ in tail), dated)


def find_frame(
    known: Mapping[str, Edges], inside: Callable[[frozenset[str]], Collection[str]], before: frozenset[str]
) -> frozenset[str]:
    """Return the frame of a site: the masked lines that its pages share, and those that were its frame *before*.

    Args:
        known: The edges of every page known, each in its last version, by slug.
        inside: Says which of some masked lines stand inside an agreement, or at the end of one that is not its page's
            last, on any page known. It is asked only where a line is new.
        before: The frame of the runs before: what was the frame stays it.
    """
    new = _shared(known, before) - before
    # Asked of all lines: a new one stands between others at a page's end, which are the frame's already.
    return before | (new - frozenset(inside(before | new))) if new else before


def _shared(known: Mapping[str, Edges], before: frozenset[str]) -> frozenset[str]:
    """Return what enough pages have at their edge; the end of a page reaches up to the first line that is no frame."""
    dated = frozenset(line for edges in known.values() for line in edges.dated)
    # Few lines are on many pages: those are found first, wherever in a page's tail they stand.
    pages = Counter(line for edges in known.values() for line in edges.head.union(edges.tail))
    lines: frozenset[str] = frozenset()
    while True:
        enough = before | {line for line in pages if _is_enough(pages[line], len(known), line in dated)}
        if enough == lines:
            return lines
        # Fewer lines make ends shorter, and these make fewer lines: so it goes on until nothing changes.
        lines = enough
        pages = Counter(line for edges in known.values() for line in _at_edge(edges, lines))


def _at_edge(edges: Edges, frame: frozenset[str]) -> frozenset[str]:
    ending = edges.tail[len(edges.tail) - _ending(reversed(edges.tail), frame) :]
    return (edges.head & frame).union(ending)


def _ending(backwards: Iterable[str], frame: Collection[str]) -> int:
    """Return how many of these masked lines, the last one first, are the frame's up to one that is not."""
    return sum(1 for _ in takewhile(frame.__contains__, backwards))


def _is_enough(pages: int, known: int, has_date: bool) -> bool:
    if known >= ON_AT_LEAST:
        return pages >= ON_AT_LEAST and 2 * pages >= known
    return known >= FEWEST and pages == known and has_date


def lines_inside(page: RegisterPage, tail: Sequence[str], frame: Collection[str]) -> set[str]:
    """Return the lines of the *frame* that stand in an agreement of *page* and not at its end, the masked *tail*."""
    return lines_of_agreements(page.organisation, page.agreements, tail, frame)


def lines_of_agreements(
    organisation: str, agreements: Iterable[Agreement], tail: Sequence[str], frame: Collection[str]
) -> set[str]:
    """Return the lines of the *frame* that stand in *agreements*, but for those that end the masked *tail* of the page.

    A register's pages are asked whenever a line is new at their edge, so what is too long or short is not folded.
    """
    ends = Counter(tail[len(tail) - _ending(reversed(tail), frame) :])
    sizes = frozenset[int]().union(*(_letters_of(mask, len(organisation)) for mask in frame))
    lines = Counter(
        mask_of(organisation, line)
        for agreement in agreements
        for line in _lines_of(agreement)
        if not line.isascii() or _letters(line) in sizes
    )
    return set(lines - ends)


_NO_LETTERS = bytes(set(range(256)) - set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
_LETTERS_OF_A_DATE = len("wednesdaythofseptemberam")
_LETTERS_OF_A_MARK = len("xxxviii")


def _letters(line: str) -> int:
    return len(line.encode("ascii").translate(None, _NO_LETTERS))


def _letters_of(mask: str, name: int) -> range:
    """Return how many letters a line of ASCII may have that is *mask* when it is masked, the *name* so many."""
    said = sum(map(str.isalpha, mask))
    return range(said, said + _LETTERS_OF_A_DATE * mask.count("0") + name * mask.count(_NAME) + _LETTERS_OF_A_MARK + 1)


def without_frame(page: RegisterPage, frame: Collection[str]) -> RegisterPage:
    """Return *page* without the lines of the site's *frame*."""
    if not frame:
        return page
    head = [line for line in lines_of(page.remainder) if mask_of(page.organisation, line) not in frame]
    ending = Frame(frame, page.organisation).ending(owned.text for owned in reversed(page.tail))
    page = replace(page, remainder="\n".join(head) or None)
    if not ending:
        return page
    kept, gone = page.tail[:-ending], page.tail[-ending:]
    last = _without(page.agreements[-1], gone)
    return replace(page, agreements=(*page.agreements[:-1], last), tail=kept)


def printed_frame(page: RegisterPage, frame: Collection[str]) -> dict[str, str]:
    """Return masked line → line as printed, of those lines at the edge of *page* that are in the *frame*."""
    lines = [*lines_of(page.remainder), *(owned.text for owned in page.tail)]
    return {mask: line for line in lines if (mask := mask_of(page.organisation, line)) in frame}


def _without(agreement: Agreement, gone: Iterable[Owned]) -> Agreement:
    """Return *agreement* without lines at its end, each taken from the field that has it."""
    by_field: dict[str, list[str]] = {}
    for owned in gone:
        by_field.setdefault(owned.field, []).append(owned.text)
    changed: dict[str, Any] = {}
    for name, texts in by_field.items():
        if name == "datasets":
            folded = set(map(fold, texts))
            changed[name] = as_set(value for value in agreement.datasets or () if fold(value) not in folded)
        else:
            left = "\n".join(_cut(lines_of(getattr(agreement, name)), texts))
            changed[name] = left or (None if name == "remainder" else "")
    return replace(agreement, **changed)


def _cut(lines: list[str], texts: list[str]) -> list[str]:
    """Return *lines* without the last occurrence of each of *texts*."""
    for text in reversed(texts):
        place = len(lines) - 1 - lines[::-1].index(text)
        lines = [*lines[:place], *lines[place + 1 :]]
    return lines


class Frame(NamedTuple):
    """A site's frame as the texts of one organisation's page see it."""

    lines: Collection[str] = frozenset()
    organisation: str = ""

    def without(self, text: str | None) -> str | None:
        """Return *text* without any line of the frame."""
        if not text or not self.lines:
            return text
        kept = [line for line in lines_of(text) if mask_of(self.organisation, line) not in self.lines]
        return "\n".join(kept) or None

    def without_ending(self, text: str | None) -> str | None:
        """Return *text* without the lines of the frame that end it: a section was believed with them once."""
        if not text or not self.lines:
            return text
        lines = lines_of(text)
        return "\n".join(lines[: len(lines) - self.ending(reversed(lines))])

    def ending(self, backwards: Iterable[str]) -> int:
        """Return how many of these lines, as printed, the last one first, are the frame's up to one that is not."""
        return _ending((mask_of(self.organisation, line) for line in backwards), self.lines)


def frame_of(pages: Sequence[RegisterPage], before: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the frame of *pages*, all of one site and read together, and what was its frame *before*."""
    known = {f"{number}": edges_of(page) for number, page in enumerate(pages)}

    def inside(lines: frozenset[str]) -> set[str]:
        found = zip(pages, known.values(), strict=True)
        return {line for page, edges in found for line in lines_inside(page, edges.tail, lines)}

    return find_frame(known, inside, before)


def take_out_frame(pages: Sequence[RegisterPage]) -> list[RegisterPage]:
    """Return *pages*, all of one site and read together, without what they share; of fewer than three nothing is."""
    frame = frame_of(pages)
    return [without_frame(page, frame) for page in pages]


def _lines_of(agreement: Agreement) -> Iterator[str]:
    for name in ("purposes_text", *SECTIONS, "remainder"):
        yield from lines_of(getattr(agreement, name))
    yield from agreement.datasets or ()
