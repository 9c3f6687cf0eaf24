"""Printed ends of agreements as calendars (RFC 5545): one for everything, one for each organisation. Pure.

The printed end is that of the first version a page holds, so each event says so, and an end that lies before the last
release month is no event: something went on after it. An event keeps its UID for ever; SEQUENCE is raised whenever the
date moved, and an event whose end is no longer printed is cancelled, never silently gone. The same history gives the
same bytes, however often the register was read.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import quote

from diff.names import slug_name
from diff.terms import PrintedTerm, Printing, last_day
from scraper.register import NHS_DATA_RELEASE
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
OFFICIAL_CAUTION = (
    "This is the end of the newest version that the official register holds; a later version may follow. It does not "
    "say that the agreement ends."
)
# A title may have any length, and calendars show the first line of it.
_LONGEST_NAME = 300
_LONGEST_LINE = 75  # octets, without its end

_UNESCAPED_IN_URI = ":/?#[]@!$&'()*+,;=%~"
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class _EventDates:
    """The dates an event has had: the last one, how often it moved, and whether it still stands."""

    day: date
    end: str
    """As printed."""
    earlier: str | None
    moved: int
    since: str
    changed: str
    stands: bool
    official: str | None
    """Where the official register says so: which version."""


def render_calendars(
    terms: Sequence[PrintedTerm],
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
    oldest = _oldest(terms)

    def write(term: PrintedTerm) -> bytes:
        dated = _dated(term.printings)
        if dated is None or dated.day < oldest:
            return b""
        ours = base_url and f"{base_url.rstrip('/')}/agreements/{quote(term.reference, safe='')}"
        return block("VEVENT", _lines(term, dated, ours or links.get(term.page)))

    by_page: dict[str, list[bytes]] = {page: [] for page in pages}
    by_reference: dict[str, list[PrintedTerm]] = defaultdict(list)
    events: dict[tuple[str, str], bytes] = {}
    for term in sorted(terms, key=lambda term: (term.reference, term.page)):
        by_reference[term.reference].append(term)
        event = events[term.reference, term.page] = write(term)
        by_page.setdefault(term.page, []).append(event)
    everything = (
        events[reference, own[0].page] if len(own) == 1 else write(_anywhere(own))
        for reference, own in by_reference.items()
    )
    files = {"everything.ics": _calendar(register, everything)}
    for page, own in by_page.items():
        files[f"organisations/{slug_name(page)}.ics"] = _calendar(pages.get(page, page), own)
    return files


def _oldest(terms: Iterable[PrintedTerm]) -> date:
    """Return the day before which an end is left out.

    It is counted from the newest thing printed, not from the newest run: another quiet night changes no calendar.
    """
    newest = max((printing.since for term in terms for printing in term.printings), default=None)
    return datetime.fromisoformat(newest).date() - KEPT if newest else date.min


def _anywhere(own: Sequence[PrintedTerm]) -> PrintedTerm:
    """Return what was printed of one agreement on any of its pages; at each time the first that shows an end speaks."""
    speaking, printings = own[0], []
    for time in sorted({printing.since for term in own for printing in term.printings}):
        newest = [(term, one) for term in own for one in [p for p in term.printings if p.since <= time][-1:]]
        shown = next(((term, one) for term, one in newest if _is_shown(one)), None)
        speaking = shown[0] if shown else speaking
        printings.append(shown[1]._replace(since=time) if shown else Printing(time, None))
    return replace(speaking, printings=tuple(printings))


def _dated(printings: Iterable[Printing]) -> _EventDates | None:
    """Return what became of an event; None if there never was one."""
    shown: list[tuple[str, str | None]] = []
    official: str | None = None
    for printing in printings:
        end = printing.end if _is_shown(printing) else None
        moved = not _is_same(shown[-1][1] if shown else None, end)
        # The edition that first said so: a later one that says the same changes no event.
        if end and (moved or (official is None) != (printing.official is None)):
            official = printing.official
        if moved:
            shown.append((printing.since, end))
    ends = [end for _, end in shown if end is not None]
    if not ends:
        return None
    day = last_day(ends[-1])
    assert day is not None  # what means no day is not shown
    return _EventDates(
        day=day,
        end=ends[-1],
        earlier=next((end for end in reversed(ends) if end != ends[-1]), None),
        moved=len(shown) - 1,
        since=shown[0][0],
        changed=shown[-1][0],
        stands=shown[-1][1] is not None,
        official=official,
    )


def _is_same(before: str | None, after: str | None) -> bool:
    """Say whether the date of an event stays: a month does not move the day in it that is known already."""
    if before is None or after is None:
        return before == after
    return before.startswith(after)


def _is_shown(printing: Printing) -> bool:
    """Say whether an end is one to be shown: a date that there is, and no releases went on after it."""
    if printing.end is None or last_day(printing.end) is None:
        return False
    return printing.released_to is None or printing.end[:7] >= printing.released_to


def _lines(term: PrintedTerm, dated: _EventDates, address: str | None) -> Iterator[bytes]:
    title = cut(one_line(term.title or term.reference), _LONGEST_NAME)
    organisation = cut(one_line(term.organisation), _LONGEST_NAME)
    yield line("UID", f"{text(one_line(term.reference))}@{DOMAIN}")
    yield line("DTSTAMP", _time(dated.changed))
    yield line("CREATED", _time(dated.since))
    yield line("LAST-MODIFIED", _time(dated.changed))
    yield line("SEQUENCE", str(dated.moved))
    # Without an end it lasts the one day.
    yield line("DTSTART;VALUE=DATE", dated.day.isoformat().replace("-", ""))
    yield line("STATUS", "CONFIRMED" if dated.stands else "CANCELLED")
    yield line("TRANSP", "TRANSPARENT")
    which = "End of DSA (official register)" if dated.official else "Printed end of DSA (first held version)"
    yield line("SUMMARY", text(f"{which}: {title}, {organisation}"))
    yield line("DESCRIPTION", text("\n".join(_description(term, dated))))
    if address:
        yield line("URL", uri(address))


def _time(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y%m%dT%H%M%SZ}"


def _description(term: PrintedTerm, dated: _EventDates) -> Iterator[str]:
    if dated.official:
        yield f"{one_line(term.reference)}. End on the official register, {dated.official}: {dated.end}."
    else:
        yield f"{one_line(term.reference)}. Printed end: {_as_printed(dated.end)}."
    if dated.earlier:
        yield f"Before, the {'' if dated.official else 'printed '}end was {_as_printed(dated.earlier)}."
    if not dated.stands:
        yield f"Since {dated.changed[:10]} this end is not shown: none is printed, or releases went on after it."
    yield OFFICIAL_CAUTION if dated.official else CAUTION
    yield NHS_DATA_RELEASE.credit


def _as_printed(end: str) -> str:
    return f"{end} (month only)" if end.count("-") == 1 else end


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


# --- how iCalendar is written -----------------------------------------------------------------------------------------

# Our own, because a whole register is some two thousand events after every run: a tenth of the time that a library of
# objects takes. The tests read every calendar back with one.


def line(name: str, value: str) -> bytes:
    r"""Return a property as one line, or as many as it takes; no character is split.

    >>> line("STATUS", "CONFIRMED")
    b'STATUS:CONFIRMED\r\n'
    >>> [len(piece) for piece in line("X", "é" * 70).split(b"\r\n ")]
    [74, 70]
    """
    whole = f"{name}:{value}".encode()
    pieces = []
    begin, room = 0, _LONGEST_LINE
    while len(whole) - begin > room:
        end = begin + room
        while whole[end] & 0xC0 == 0x80:  # in the middle of a character
            end -= 1
        pieces.append(whole[begin:end])
        begin, room = end, _LONGEST_LINE - 1  # a line that goes on begins with a space
    return b"\r\n ".join([*pieces, whole[begin:]]) + b"\r\n"


def text(words: str) -> str:
    r"""Return *words*, which hold no control characters but line feeds, as a value.

    >>> text("Falls; fractures, and \\ more\nSource")
    'Falls\\; fractures\\, and \\\\ more\\nSource'
    """
    return words.translate(_ESCAPES)


def uri(address: str) -> str:
    r"""Return *address* as a value: whatever may not stand in one is written with %.

    >>> uri("https://register.example/organisations/king's\r\nX:1")
    "https://register.example/organisations/king's%0D%0AX:1"
    """
    return quote(address, safe=_UNESCAPED_IN_URI)


def block(kind: str, inner: Iterable[bytes]) -> bytes:
    r"""Return a component.

    >>> block("VEVENT", [line("SEQUENCE", "0")])
    b'BEGIN:VEVENT\r\nSEQUENCE:0\r\nEND:VEVENT\r\n'
    """
    return b"".join([line("BEGIN", kind), *inner, line("END", kind)])


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
