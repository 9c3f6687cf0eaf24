"""Drawings of times: a printed term and its releases, many of them one below the other, names over time. Pure."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from diff.saying.english import month
from scraper.text import cut, one_line
from snapshots.browse.pictures.drawing import Chart, Drawing, Span, months_between, place, short_name, sign

MOST_MONTHS = 1200
"""Months of a release window that are looked at one by one; a page may print any year."""

# --- an agreement's term and its releases -----------------------------------------------------------------------------


def term_chart(
    *,
    term: Span | None,
    releases: Span | None,
    apparent: Sequence[str],
    was: tuple[str, str] | None,
    last_read: str,
    official: str = "",
    earlier: Sequence[Span] = (),
) -> Chart | None:
    """Return a term above a release window, on one line of years; None if neither can be drawn.

    Args:
        term: Start and end, as precise as printed.
        releases: First and last month of the release window.
        apparent: The months of it that lie after the end that was printed at the time.
        was: The end that was printed before, or is printed beside an official one, and words for it.
        last_read: When the page was last read.
        official: Which version of the official register has the term; empty where it is the printed one.
        earlier: Terms of the versions before it.
    """
    earlier = [one for one in earlier if place(one[0]) <= place(one[1], end=True)]
    term = term if term and place(term[0]) <= place(term[1], end=True) else None
    releases = releases if releases and releases[0] <= releases[1] else None
    if not term and not releases:
        return None
    years = [int(date[:4]) for span in (term, releases, *earlier) if span for date in span]
    years.append(int(last_read[:4]))
    described = _term_described(term, was, releases, apparent, official)
    # An end that lies decades away would press everything else into one corner.
    was = was if was and min(years) <= int(was[0][:4]) <= max(years) else None
    drawing, today = Drawing(min(years), max(years) + 1), place(last_read)
    drawing.years(170, until=max(years), line_to=158)
    drawing.line("today", drawing.x(today), 0, drawing.x(today), 158)
    for one in earlier:
        drawing.line("term", *(part for edge in drawing.ends(one) for part in (edge, 30)))
    _draw_term(drawing, term, was, f"Term, official {official}" if official else "Printed term")
    _draw_releases(drawing, releases, apparent)
    drawing.line("base", 0, 157.5, 100, 157.5)
    upright = '<line class="{}" x1="11" x2="11" y1="-3" y2="13"/>'
    hollow = '<rect class="k-app" y=".75" width="22" height="8.5"/>'
    return Chart(
        name=(name := "Term and release window" if official else "Printed term and release window"),
        svg=drawing.svg(name, described, 174),
        key=[
            *([(sign(upright.format("k-was")), was[1])] if was else []),
            *([(sign(hollow), "releases after the end printed at the time")] if apparent else []),
            (sign(upright.format("k-now")), "last read"),
        ],
        head=("What", "As printed"),
    )


def _draw_term(drawing: Drawing, term: Span | None, was: tuple[str, str] | None, called: str) -> None:
    drawing.text(called, 0, 14, "strong")
    if term:
        start, end = drawing.ends(term)
        drawing.line("term", start, 30, end, 30)
        drawing.line("term", start, 24, start, 36)
        drawing.line("term", end, 24, end, 36)
        _write_ends(drawing, term, 54, room=60)
    else:
        drawing.text("none printed", 0, 34)
    if was:
        x = drawing.x(place(was[0], end=True))
        drawing.line("was", x, 20, x, 40)


def _draw_releases(drawing: Drawing, releases: Span | None, apparent: Sequence[str]) -> None:
    drawing.text("Releases", 0, 96, "strong")
    if not releases:
        drawing.text("none printed", 0, 116)
        return
    # Months are not counted without need: a page may print whatever years.
    months = months_between(*releases) if apparent else [*releases]
    for is_apparent, several in groupby(months, key=set(apparent).__contains__):
        own = list(several)
        start, end = drawing.ends((own[0], own[-1]))
        if is_apparent:
            drawing.bar("apparent", start, end, 107.75, 8.5)
        else:
            drawing.bar("rel", start, end, 107, 10)
    _write_ends(drawing, releases, 136, room=42)


def _write_ends(drawing: Drawing, span: Span, y: int, *, room: float) -> None:
    """Write two dates at their places; as one where that leaves no room, *room* being the per cent that two need."""
    start, end = drawing.ends(span)
    words = span[0] if span[0] == span[1] else f"{span[0]} to {span[1]}"
    if end - start >= room:
        drawing.text(span[0], start, y)
        drawing.text(span[1], end, y, "end")
    elif start <= 100 - room:
        drawing.text(words, start, y)
    elif end >= room:
        drawing.text(words, end, y, "end")
    else:
        drawing.text(words, 50, y, "mid")


def apparent_months(releases: Span, ends: Sequence[tuple[str, str | None]]) -> list[str]:
    """Return the months of a release window that lie after the end that was printed at the time.

    What was printed before the first reading is not known; the first reading stands for it.

    Args:
        releases: First and last month.
        ends: (time, printed end) of each state, in order of time: which end was printed when.

    >>> apparent_months(("2026-02", "2026-05"), [("2025-01-01T03:00:00Z", "2026-03-12")])
    ['2026-04', '2026-05']
    >>> apparent_months(("2026-04", "2026-05"), [("2025-01-01T03Z", "2026-03"), ("2026-05-09T03Z", "2029-03")])
    ['2026-04']
    """
    found = []
    for month_ in months_between(*releases)[-MOST_MONTHS:]:
        known = [end for time, end in ends if time[:7] <= month_] or [end for _, end in ends[:1]]
        end = known[-1] if known else None
        if end and month_ > end[:7]:
            found.append(month_)
    return found


def _term_described(
    term: Span | None, was: tuple[str, str] | None, releases: Span | None, apparent: Sequence[str], official: str
) -> str:
    whose = f"Official term, {official}," if official else "Printed term"
    words = f"{whose} {term[0]} to {term[1]}" if term else "No whole term printed"
    before = "the printed end is" if official else "the end printed before was"
    words += f"; {before} {was[0]}. " if was else ". "
    words += f"Releases from {releases[0]} to {releases[1]}" if releases else "No release window printed"
    if apparent:
        words += f"; {len(apparent)} of these months lay after the end printed at the time"
    return f"{words}."


# --- names over time --------------------------------------------------------------------------------------------------


def names_chart(names: Sequence[tuple[str, str, str | None]], newest: str, first: str, last: str) -> Chart | None:
    """Return at least two names as lines: (name, when it was first and last printed, None if it still is).

    Args:
        names: In the order in which they are drawn.
        newest: The newest of them.
        first: Time at which the drawing begins.
        last: Time at which it ends.
    """
    if len(names) < 2 or first[:10] >= last[:10]:
        return None
    begins, ends = place(first[:10]), place(last[:10])
    drawing, base = Drawing(begins, ends), 40 * len(names) + 1.5
    drawing.years(round(base + 22) - 6, until=begins + 0.9 * (ends - begins), line_to=base)
    # Beside the newest name an earlier one is a broken line.
    newer = drawing.x(place(min((since for name, since, _ in names if name == newest), default=last)[:10]))
    for n, (name, since, until) in enumerate(names):
        y, start, end = 14 + 40 * n, drawing.x(place(since[:10])), drawing.x(place((until or last)[:10]))
        turn = end if name == newest else min(end, max(start, newer))
        kind = "strong" if name == newest else ""
        words = short_name(name)
        drawing.text(words, *(100, y, f"{kind} end") if start > 30 else (start, y, kind))
        drawing.line("term", start, y + 10, turn, y + 10)
        if turn < end:
            drawing.line("was", turn, y + 10, end, y + 10)
    drawing.line("base", 0, base, 100, base)
    flat = '<line class="{}" x1="0" x2="22" y1="5" y2="5"/>'
    return Chart(
        name="Names over time",
        svg=drawing.svg("Names over time", "; ".join(_name_described(*name) for name in names) + ".", round(base + 22)),
        key=[
            (sign(flat.format("k-term")), "the name given to it"),
            (sign(flat.format("k-was")), "an earlier name, still listed beside the newest"),
        ],
        head=("Name", "First printed", "Last printed"),
        rows=[(one_line(name), since[:10], (until or "")[:10]) for name, since, until in names],
    )


def _name_described(name: str, since: str, until: str | None) -> str:
    to = f"to {month(until)}" if until else "and still"
    return f"{cut(one_line(name), 120)}, printed from {month(since)} {to}"


# --- many terms and releases, one below the other ---------------------------------------------------------------------

MOST_STRIPS = 40
"""Strips that are drawn; the table behind has them all."""
_BEFORE, _AHEAD = 25, 15
"""Years before and after the newest reading beyond which nothing is drawn: a page may print any."""


class Strip(NamedTuple):
    """An agreement's term and its releases, as precise as printed; None where they are not printed whole."""

    name: str
    reference: str
    term: Span | None
    releases: Span | None
    official: str = ""
    """Which version of the official register has that term; empty where it is the printed one."""


def strips_chart(strips: Sequence[Strip], last_read: str, name: str, caption: str) -> Chart | None:
    """Return the terms of agreements above their releases, on one line of years; None if there is nothing to draw."""
    drawn = [strip for strip in strips if strip.term or strip.releases][:MOST_STRIPS]
    if not drawn:
        return None
    spans = [span for strip in drawn for span in (strip.term, strip.releases) if span]
    now = int(last_read[:4])
    first = max(now - _BEFORE, min(now, *(int(span[0][:4]) for span in spans)))
    last = min(now + _AHEAD, max(now, *(int(span[1][:4]) for span in spans)))
    drawing, floor = Drawing(first, last + 1), len(drawn) * _STRIP
    drawing.years(floor + 20, until=last, line_to=floor + 6)
    drawing.line("today", drawing.x(place(last_read[:10])), 0, drawing.x(place(last_read[:10])), floor + 6)
    for n, strip in enumerate(drawn):
        _draw_strip(drawing, strip, n * _STRIP)
    drawing.line("base", 0, floor + 6.5, 100, floor + 6.5)
    upright = '<line class="k-now" x1="11" x2="11" y1="-3" y2="13"/>'
    are_official = any(strip.official for strip in strips)
    return Chart(
        name=name,
        svg=drawing.svg(name, _strips_described(drawn, len(strips)), floor + 26),
        key=[
            (sign('<line class="k-term" x1="0" x2="22" y1="5" y2="5"/>'), "term" if are_official else "printed term"),
            (sign('<rect class="rel" y="2" width="22" height="6"/>'), "releases"),
            (sign(upright), "last read"),
        ],
        note=f"The {len(drawn)} of {len(strips):,} that begin first." if len(strips) > len(drawn) else "",
        caption=caption,
        head=(*_HEAD, *(["Official term of"] if are_official else [])),
        rows=[
            (
                strip.reference,
                strip.name,
                *(strip.term or ("", "")),
                *(strip.releases or ("", "")),
                *([strip.official] if are_official else []),
            )
            for strip in strips
        ],
    )


_HEAD = ("Agreement", "Title", "Term from", "Term to", "Releases from", "Releases to")
_STRIP = 40


def _draw_strip(drawing: Drawing, strip: Strip, top: int) -> None:
    drawing.text(short_name(strip.name), 0, top + 14)
    if strip.term:
        start, end = drawing.ends(strip.term)
        drawing.line("term", start, top + 23, end, top + 23)
        drawing.line("term", start, top + 20, start, top + 26)
        drawing.line("term", end, top + 20, end, top + 26)
    if strip.releases:
        start, end = drawing.ends(strip.releases)
        drawing.bar("rel", start, max(end, start + 0.4), top + 28, 6)


def _strips_described(drawn: Sequence[Strip], all_of_them: int) -> str:
    ends = sorted(strip.term[1] for strip in drawn if strip.term)
    months = sorted(edge for strip in drawn if strip.releases for edge in strip.releases)
    words = f"{len(drawn)} of {all_of_them:,} agreements"
    whose = "ends, official where held," if any(strip.official for strip in drawn) else "printed ends"
    words += f"; {whose} from {ends[0]} to {ends[-1]}" if ends else "; no whole term is printed"
    words += f"; releases from {months[0]} to {months[-1]}" if months else "; no release window is printed"
    return f"{words}."
