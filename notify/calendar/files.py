"""Printed ends of agreements as calendars (RFC 5545): one for everything, one for each organisation. Pure.

The printed end is that of the first version a page holds, so each event says so, and an end that lies before the last
release month is no event: something went on after it. An event keeps its UID for ever; SEQUENCE is raised whenever the
date moved, and an event whose end is no longer printed is cancelled, never silently gone. The same history gives the
same bytes, however often the register was read.
"""

import calendar
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote

from diff.addresses import slug_name
from diff.saying.phrase import SOURCE
from notify.calendar.lines import block, line, text, uri
from scraper.text import cut, one_line

PRODUCT = "-//registerwatch//printed ends of agreements//EN"
DOMAIN = "registerwatch.invalid"
"""Ends every UID, for ever: a name and no address."""

KEPT = timedelta(days=366)
"""How long an end that has passed stays in the calendars, counted from when the register last printed anything new."""

CAUTION = (
    "This is the printed end of the first version that the page holds; releases or a renewal may go on after it. It "
    "does not say that the agreement ends."
)
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Printing:
    """What a page printed of one agreement's term from a time on."""

    since: str
    """UTC time of the run that first saw it."""
    end: str | None
    """Printed end, YYYY-MM-DD or YYYY-MM; None where none is printed or the agreement is not on the page."""
    released_to: str | None = None
    """Last month of the release window, YYYY-MM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One agreement on one page, and what was printed of its term, the earliest first."""

    page: str
    organisation: str
    reference: str
    title: str | None
    printings: Sequence[Printing]


@dataclass(frozen=True, slots=True)
class _Dated:
    """The dates an event has had: the last one, how often it moved, and whether it still stands."""

    end: str
    earlier: str | None
    moved: int
    since: str
    changed: str
    stands: bool


def render_calendars(
    terms: Sequence[Term],
    pages: Mapping[str, str],
    *,
    register: str,
    links: Mapping[str, str],
    base_url: str | None = None,
) -> dict[str, bytes]:
    """Return every calendar by its path: `everything.ics`, and `organisations/<slug>.ics` of each page.

    Args:
        terms: All that was ever printed.
        pages: Slug → organisation, of every page there has been; one without an event has an empty calendar.
        register: What the register is called.
        links: Slug → address of the page.
        base_url: Where the history pages are published, if they are; events link to those rather than to the page.
    """
    write = _Writer(_oldest(terms), links, base_url)
    by_page: dict[str, list[bytes]] = {page: [] for page in pages}
    by_reference: dict[str, list[Term]] = defaultdict(list)
    events: dict[tuple[str, str], bytes] = {}
    for term in sorted(terms, key=lambda term: (term.reference, term.page)):
        by_reference[term.reference].append(term)
        event = events[term.reference, term.page] = write.event(term)
        by_page.setdefault(term.page, []).append(event)
    everything = (
        events[reference, own[0].page] if len(own) == 1 else write.event(_anywhere(own))
        for reference, own in by_reference.items()
    )
    files = {"everything.ics": _calendar(register, everything)}
    for page, own in by_page.items():
        files[f"organisations/{slug_name(page)}.ics"] = _calendar(pages.get(page, page), own)
    return files


def last_day(end: str) -> date:
    """Return the day of a printed end; of a month its last.

    >>> last_day("2028-02"), last_day("2028-07-14")
    (datetime.date(2028, 2, 29), datetime.date(2028, 7, 14))
    """
    year, month, *day = map(int, end.split("-"))
    return date(year, month, day[0] if day else calendar.monthrange(year, month)[1])


def _oldest(terms: Iterable[Term]) -> date:
    """Return the day before which an end is left out.

    It is counted from the newest thing printed, not from the newest run: another quiet night changes no calendar.
    """
    newest = max((printing.since for term in terms for printing in term.printings), default=None)
    return datetime.fromisoformat(newest).date() - KEPT if newest else date.min


def _anywhere(own: Sequence[Term]) -> Term:
    """Return what was printed of one agreement on any of its pages; at each time the first that shows an end speaks."""
    speaking, printings = own[0], []
    for time in sorted({printing.since for term in own for printing in term.printings}):
        printed = [(term, [one for one in term.printings if one.since <= time][-1:]) for term in own]
        shown = [(term, one[0]) for term, one in printed if one and _is_shown(one[0])]
        if shown:
            speaking = shown[0][0]
        printings.append(Printing(time, *((shown[0][1].end, shown[0][1].released_to) if shown else (None, None))))
    return Term(
        page=speaking.page,
        organisation=speaking.organisation,
        reference=speaking.reference,
        title=speaking.title,
        printings=printings,
    )


def _dated(printings: Iterable[Printing]) -> _Dated | None:
    """Return what became of an event; None if there never was one."""
    shown: list[tuple[str, str | None]] = []
    for printing in printings:
        end = printing.end if _is_shown(printing) else None
        if not _is_same(shown[-1][1] if shown else None, end):
            shown.append((printing.since, end))
    ends = [end for _, end in shown if end is not None]
    if not ends:
        return None
    return _Dated(
        end=ends[-1],
        earlier=next((end for end in reversed(ends) if end != ends[-1]), None),
        moved=len(shown) - 1,
        since=shown[0][0],
        changed=shown[-1][0],
        stands=shown[-1][1] is not None,
    )


def _is_same(before: str | None, after: str | None) -> bool:
    """Say whether the date of an event stays: a month does not move the day in it that is known already."""
    if before is None or after is None:
        return before == after
    return before.startswith(after)


def _is_shown(printing: Printing) -> bool:
    if printing.end is None:
        return False
    try:
        last_day(printing.end)
    except ValueError:
        return False
    return printing.released_to is None or printing.end[:7] >= printing.released_to


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes events."""

    oldest: date
    links: Mapping[str, str]
    base_url: str | None

    def event(self, term: Term) -> bytes:
        """Return the event of an agreement; nothing, if none of its ends is one to be shown."""
        dated = _dated(term.printings)
        if dated is None or last_day(dated.end) < self.oldest:
            return b""
        return block("VEVENT", self._lines(term, dated))

    def _lines(self, term: Term, dated: _Dated) -> Iterator[bytes]:
        title = cut(one_line(term.title or term.reference), _LONGEST_NAME)
        organisation = cut(one_line(term.organisation), _LONGEST_NAME)
        yield line("UID", f"{text(one_line(term.reference))}@{DOMAIN}")
        yield line("DTSTAMP", _time(dated.changed))
        yield line("CREATED", _time(dated.since))
        yield line("LAST-MODIFIED", _time(dated.changed))
        yield line("SEQUENCE", str(dated.moved))
        # Without an end it lasts the one day.
        yield line("DTSTART;VALUE=DATE", last_day(dated.end).isoformat().replace("-", ""))
        yield line("STATUS", "CONFIRMED" if dated.stands else "CANCELLED")
        yield line("TRANSP", "TRANSPARENT")
        yield line("SUMMARY", text(f"Printed end of DSA (first held version): {title}, {organisation}"))
        yield line("DESCRIPTION", text("\n".join(_description(term, dated))))
        address = self._address(term)
        if address:
            yield line("URL", uri(address))

    def _address(self, term: Term) -> str | None:
        if self.base_url is None:
            return self.links.get(term.page)
        return f"{self.base_url.rstrip('/')}/agreements/{quote(term.reference, safe='')}"


def _time(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y%m%dT%H%M%SZ}"


def _description(term: Term, dated: _Dated) -> Iterator[str]:
    yield f"{one_line(term.reference)}. Printed end: {_as_printed(dated.end)}."
    if dated.earlier:
        yield f"Before, the printed end was {_as_printed(dated.earlier)}."
    if not dated.stands:
        yield f"Since {dated.changed[:10]} this end is not shown: none is printed, or releases went on after it."
    yield CAUTION
    yield SOURCE


def _as_printed(end: str) -> str:
    return f"{end} (month only)" if end.count("-") == 1 else end


# A calendar without a component is none (RFC 5545, 3.6). This one says nothing.
_EMPTY = block(
    "VTIMEZONE",
    [
        line("TZID", "UTC"),
        block(
            "STANDARD",
            [line("DTSTART", "19700101T000000"), line("TZOFFSETFROM", "+0000"), line("TZOFFSETTO", "+0000")],
        ),
    ],
)


def _calendar(whose: str, events: Iterable[bytes]) -> bytes:
    name = text(f"{cut(one_line(whose), _LONGEST_NAME)}: printed ends of agreements")
    return block(
        "VCALENDAR",
        [
            line("VERSION", "2.0"),
            line("PRODID", PRODUCT),
            line("METHOD", "PUBLISH"),
            line("NAME", name),
            line("X-WR-CALNAME", name),
            line("REFRESH-INTERVAL;VALUE=DURATION", "P1D"),
            line("X-PUBLISHED-TTL", "P1D"),
            b"".join(events) or _EMPTY,
        ],
    )
