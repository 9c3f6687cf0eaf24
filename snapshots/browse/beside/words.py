"""What fields, values and editions of the two registers are called, beside each other."""

from diff.saying.english import day, month
from scraper.names.legal_families import spell_out
from scraper.records import FIELDS
from scraper.text import one_line
from snapshots.asking.differences import Disagreement

_CALLED = {"reference": "On one side only", "dsa_end": "End of the term", "dsa_start": "Start of the term"}


def called(field: str) -> str:
    """Return what a field is called where both sides have it.

    >>> called("dsa_end"), called("datasets")
    ('End of the term', 'Datasets')
    """
    return _CALLED.get(field) or FIELDS[field].called


def value_in_words(field: str, value: str | None) -> str:
    """Return a value as a reader knows it; empty where there is none."""
    if value is None:
        return ""
    if field in ("dsa_end", "dsa_start"):
        return day(value)
    return spell_out(value) if field == "legal_bases" else one_line(value)


def difference_in_words(one: Disagreement) -> str:
    """Return a difference in one plain sentence, with both sides and the edition."""
    said, edition = one.difference, month(one.edition)
    version = f", version {said.version}" if said.version else ""
    if said.field == "reference":
        if said.page:
            return f"{one.reference} stands on the pages, and not in the official register of {edition}"
        return f"{one.reference} stands in the official register of {edition}, and on no page"
    page, official = (value_in_words(said.field, value) or "nothing" for value in (said.page, said.official))
    field = called(said.field).lower()
    return f"{one.reference}, {field}: the page prints {page}; official{version} of {edition}: {official}"
