"""The `When` line: printed term, words in place of dates, remarks. Pure text, no calendar."""

from diff.details import Span
from scraper.names.fold import fold
from scraper.records import Agreement

_NOT_REMARKS = frozenset(map(fold, ("(or before)", "unknown")))


def _parts(agreement: Agreement) -> list[str]:
    return [part for part in (agreement.when_note or "").split("\n") if fold(part) and fold(part) not in _NOT_REMARKS]


def _is_word_for_date(agreement: Agreement, part: str) -> bool:
    """Say whether *part* stands in place of a date: one word, and one of the two dates is not there.

    The page prints `DSA runs 2015-03-04 — No` as it prints `… breached contract — audit report.`: only the place tells.
    """
    return len(part.split()) == 1 and (agreement.dsa_start is None) != (agreement.dsa_end is None)


def term_of(agreement: Agreement) -> Span:
    """Return the printed term of *agreement*."""
    words = [part for part in _parts(agreement) if _is_word_for_date(agreement, part)]
    return Span(agreement.dsa_start, agreement.dsa_end, " ".join(words) or None)


def incident(agreement: Agreement) -> str:
    """Return the remark that stands beside the dates, empty if there is none."""
    return " ".join(part for part in _parts(agreement) if not _is_word_for_date(agreement, part))


def note_of(term: Agreement, remark: Agreement) -> str | None:
    """Return the note with the words that stand for dates in *term* and the remark of *remark*."""
    return "\n".join(filter(None, (term_of(term).word, incident(remark)))) or None


def says_unknown(agreement: Agreement) -> bool:
    """Say whether the page prints `unknown` where a month should stand."""
    return any(fold(part) == "unknown" for part in (agreement.when_note or "").split("\n"))


def later(a: str, b: str) -> bool:
    """Say whether printed date *a* is later than *b*, which differs from it."""
    return a > b
