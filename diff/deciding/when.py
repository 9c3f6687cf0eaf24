"""The `When` line: printed term, release window, words in place of their dates, remarks (design rule 20).

Pure text, no calendar. Of the note that a record has, only the place tells which is which: `DSA runs 2015-03-04 — No`
is printed as `… breached contract — audit report.` is.
"""

import re
from typing import NamedTuple

from diff.details import Span
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary
from scraper.reading.frame import holds_date
from scraper.records import Agreement

_NOT_REMARKS = frozenset(map(fold, ("(or before)", "unknown")))
_MOST_WORDS = 4  # "to be confirmed", "until further notice"; a remark that happens to be short is told all the same
_NO_WORD = "—"  # in a note that we put together: the date is missing, and no word of the note stands for it
_TERM_IN_WORDS = fold("DSA runs")  # begins the words of a term that has no date at all
_MONTH = re.compile(r"\b(?:\d{4}[./-]\d{1,2}|\d{1,2}[./-]\d{4})\b")


class WhenLine(NamedTuple):
    """What a `When` line says, with the words that stand in place of one of two dates."""

    term: Span
    window: Span
    remark: str
    """What else it says, empty if nothing."""


def when_of(agreement: Agreement) -> WhenLine:
    """Return what the `When` line of *agreement* says."""
    parts = [part for part in (agreement.when_note or "").split("\n") if part == _NO_WORD or _is_said(part)]
    if parts and fold(parts[0]).startswith(_TERM_IN_WORDS):
        term = Span(agreement.dsa_start, agreement.dsa_end, parts.pop(0))
    else:
        term = _span(agreement.dsa_start, agreement.dsa_end, parts)
    window = _span(agreement.released_from, agreement.released_to, parts)
    return WhenLine(term, window, " ".join(part for part in parts if part != _NO_WORD))


def _is_said(part: str) -> bool:
    return bool(fold(part)) and fold(part) not in _NOT_REMARKS


def _span(start: str | None, end: str | None, parts: list[str]) -> Span:
    """Return two dates and, where one is missing, the first words that may stand in its place, taken from *parts*."""
    word = None
    if _lacks_one(start, end):
        word = next(filter(_may_be_for_date, parts), None)
    if word:
        parts.remove(word)
    return Span(start, end, None if word == _NO_WORD else word)


def _lacks_one(start: str | None, end: str | None) -> bool:
    return (start is None) != (end is None)


def _may_be_for_date(part: str) -> bool:
    words = part.split()
    return len(words) == 1 or (len(words) <= _MOST_WORDS and not any(map(str.isdigit, part)))


def note_of(*, term: Agreement, window: Agreement, remark: Agreement) -> str | None:
    """Return the note with the words for dates in the term of one and the window of another, and a third's remark."""
    spans, said = (when_of(term).term, when_of(window).window), when_of(remark).remark
    words = (span.word or (_NO_WORD if said and _lacks_one(span.start, span.end) else None) for span in spans)
    return "\n".join(filter(None, (*words, said))) or None


def is_incident(remark: str, vocabulary: Vocabulary) -> bool:
    """Say whether a remark beside the dates is an incident: by its words, or as it is in words and has no date.

    Remarks are rare there, so that one which explains itself by no date is taken to be grave.
    """
    has_letter = any(map(str.isalpha, remark))
    return vocabulary.tells_incident(remark) or (has_letter and not holds_date(remark) and not _MONTH.search(remark))


def says_unknown(agreement: Agreement) -> bool:
    """Say whether the page prints `unknown` where a month should stand."""
    return any(fold(part) == "unknown" for part in (agreement.when_note or "").split("\n"))


def later(a: str, b: str) -> bool:
    """Say whether printed date *a* is later than *b*, which differs from it."""
    return a > b
