"""What the register printed of an agreement's term, and since when. Pure; read from the history by `snapshots`."""

import calendar
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


class Printing(NamedTuple):
    """What a page printed of one agreement's term from a time on."""

    since: str
    """UTC time of the run that first saw it."""
    end: str | None
    """Printed end, YYYY-MM-DD or YYYY-MM; None where none is printed or the agreement is not on the page."""
    released_to: str | None = None
    """Last month of the release window, YYYY-MM."""
    official: str | None = None
    """Where the official register says so, its words: "version 2.4 of March 2026"; None of what a page prints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedTerm:
    """One agreement on one page, and what was printed of its term, the earliest first."""

    page: str
    organisation: str
    reference: str
    title: str | None
    printings: tuple[Printing, ...]


def last_day(printed: str | None) -> date | None:
    """Return the day that a printed end means, of a month its last; None if it means none.

    >>> last_day("2026-10-25"), last_day("2028-02"), last_day("2026-02-30")
    (datetime.date(2026, 10, 25), datetime.date(2028, 2, 29), None)
    """
    try:
        year, month, *day = map(int, (printed or "").split("-"))
        return date(year, month, day[0] if day else calendar.monthrange(year, month)[1])
    except ValueError:  # what the calendar raises for a thirteenth month is one too
        return None
