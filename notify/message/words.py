"""The sentences of a digest that are not changes: subject, heading, when it was seen, what is coming up, the footer."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from diff.change import Change
from diff.saying.english import day, listed, moment, month, number, number_of, plural
from diff.severity import Severity
from notify.following.matching import PrintedEnd
from notify.message.order import REGISTER, Briefing, Correction, Location, Parts, Remark, RunRead, safe
from notify.message.stories import Room, severest
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line

MOST_PREVIEWED = 4
MOST_READINGS = 7
LONGEST_SUBJECT = 110  # lists of mails show about half of that, the mail itself mostly all of it
LONGEST_FOLLOWED = 600
LONGEST_CORRECTED = 600

_EXPLAINED = (("Severities", "severity"), ("Glossary", "glossary"), ("How it works", "method"))
"""Pages of ours that explain the words of a message."""

_EACH = {
    "run": "after each run that has news for you",
    "daily": "on each day that has news for you",
    "weekly": "in each week that has news for you",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """All that a digest says; text and HTML only lay it out."""

    subject: str
    heading: str
    seen: str
    follows: str
    preview: str
    parts: Parts
    counted: tuple[str, ...]
    rest: str
    """What stands in front of where all of it is in full, if it is not here: an address, or else a command."""
    rest_link: str | None
    rest_command: str
    corrections: tuple[tuple[str, str, Location], ...]
    """What was told, that it does not hold and when it was told, and where more of it is found."""
    more_corrections: tuple[str, ...]
    remarks: tuple[tuple[str, str, Location], ...]
    """What was remarked, on what and when that was told, and where it is found."""
    more_remarks: tuple[str, ...]
    endings: tuple[tuple[str, str, Location], ...]
    """Printed end, when it is, and of what."""
    caution: str
    dates: str
    readings: tuple[tuple[str, str], ...]
    """Pages that explain the words, by name."""
    chain: tuple[str, str] | None
    why: str
    stop: str | None
    ways: tuple[tuple[str, str], ...] = ()
    """Name and address of the pages on which a reader manages what is followed."""
    explained: str = "What the words mean:"
    licence: str = NHS_DATA_RELEASE.credit


def word(news: Briefing, parts: Parts, room: Room) -> Wording:
    """Return what a digest of *news* says around its changes, in a *room* that changes share with all else."""
    taken_back = sorted(news.corrections, key=lambda one: severest(one.change))
    left_out = _left_out(taken_back, room)
    subject = _subject(news, parts, taken_back)
    # The next end first; of one day the one that is printed shorter.
    ends = sorted(news.endings, key=lambda one: (one.days_left, one.dsa_end, one.reference))
    stop = one_line(news.stop) if news.stop else None
    how_to_stop = f'To stop these mails, write to {stop} with the subject "stop".'
    if news.ways:
        how_to_stop = f"You asked for it at {one_line(news.site or '')}."
    elif not stop:
        how_to_stop = "Whoever runs this registerwatch can stop it."
    first, last = (which((one.change.first_seen[:10] for one in news.told), default="") for which in (min, max))
    editorial = f"; {news.editorial:,} {'was' if news.editorial == 1 else 'were'} seen across the register"
    if not news.editorial:
        editorial = ""
    return Wording(
        subject=subject,
        heading=_heading(parts, news),
        # What a backfill found to be older than its run was not seen with it.
        seen=_seen(news.readings) if news.told and news.readings and not news.is_older else "",
        follows=f"You follow {cut(one_line(news.follows), LONGEST_FOLLOWED)}." if news.follows else "",
        preview=_preview(parts) or subject,
        parts=parts,
        counted=tuple(_counted(parts.counted, "more change", room)),
        rest=_rest(news, sum(n for _, n in parts.counted) + len(parts.brief)),
        rest_link=f"{news.site}/?since={first}&until={last}" if news.site else None,
        rest_command="" if news.site else f"registerwatch changes --since {first} --until {last}",
        corrections=tuple(_corrected(one, news) for one in taken_back[: room.others]),
        more_corrections=tuple(_counted(left_out, "more correction", room)),
        remarks=tuple(_remarked(one, news) for one in news.remarks[: room.others]),
        more_remarks=tuple(_counted(_left_out(news.remarks, room), "more note", room)),
        endings=tuple(_coming(one, news) for one in ends[: room.others]),
        caution=_caution(ends, len(ends) - room.others) if ends else "",
        dates="A date is when a change was first seen here, not when it was made. Editorial changes are left out"
        f"{editorial}.",
        readings=tuple((name, f"{news.site}/{page}") for name, page in _EXPLAINED if news.site),
        chain=(f"Head of the chain of runs, number {news.chain[0]:,}:", safe(news.chain[1])) if news.chain else None,
        why=f"You get this {_EACH[news.when]}. {how_to_stop}",
        stop=None if news.ways else stop,
        ways=tuple(news.ways),
    )


# --- subject and heading ----------------------------------------------------------------------------------------------


def _subject(news: Briefing, parts: Parts, taken_back: Sequence[Correction]) -> str:
    """Return the subject: what is new, most severe first; of a single change its sentence."""
    beside = [plural(len(taken_back), "correction")] if taken_back else []
    beside += [plural(len(news.remarks), "note")] if news.remarks else []
    if news.told and beside:
        return _joined(f"{', '.join([plural(len(parts.severities), 'change'), *beside])}: ", _news(parts))
    if len(news.told) == 1:
        return cut(one_line(news.told[0].change.summary), LONGEST_SUBJECT)
    if news.told:
        return _joined(f"{plural(len(parts.severities), 'change')}: ", _news(parts))
    if taken_back:
        start = "Correction: " if len(taken_back) == 1 else f"{len(taken_back):,} corrections: "
        return _joined(start, (one_line(one.change.summary) for one in taken_back))
    if news.remarks:
        start = "Note: " if len(news.remarks) == 1 else f"{len(news.remarks):,} notes: "
        return _joined(start, (one_line(one.change.summary) for one in news.remarks))
    labels = [one_line(one.title or one.reference) for one in news.endings]
    if len(news.endings) == 1:
        (one,) = news.endings
        name = f"{labels[0]}, {one_line(one.organisation or '')}"
        return cut(f"Printed end {_in_days(one.days_left)}: {name}", LONGEST_SUBJECT)
    dated = (f"{one_line(one.dsa_end)} {label}" for one, label in zip(news.endings, labels, strict=True))
    return _joined(f"{len(labels):,} printed ends coming up: ", dated)


def _news(parts: Parts) -> Iterator[str]:
    """Yield what is new in few words, naming an organisation once."""
    said, named = set(), ""
    # Of what is most severe the page's own words come first: they say it better than any heading of ours.
    for name, _, line in sorted(parts.lines, key=lambda one: (one[2].severity.rank, not one[2].quotes)):
        at = f" at {name}" if name not in (REGISTER, named) else ""
        named = name
        if (news := f"{line.phrase.short}{at}") not in said:
            yield news
        said.add(news)


def _joined(start: str, pieces: Iterable[str]) -> str:
    """Return as many *pieces* as fit, the first of them cut if it has to be."""
    told = start
    for n, piece in enumerate(pieces):
        longer = f"{told}, {piece}" if n else f"{told}{piece}"
        if len(longer) > LONGEST_SUBJECT - len(", …"):
            return f"{told}, …" if n else cut(longer, LONGEST_SUBJECT)
        told = longer
    return told


def _heading(parts: Parts, news: Briefing) -> str:
    """Return the heading: "Seven changes, one of high severity; one correction"."""
    told = [_changes(parts)] if parts.severities else []
    for what, n in (("correction", len(news.corrections)), ("note", len(news.remarks))):
        told += [number_of(n, what, capital=not told)] if n else []
    return "; ".join(told) or f"{number_of(len(news.endings), 'printed end')} coming up"


def _changes(parts: Parts) -> str:
    n, high = len(parts.severities), parts.severities.count(Severity.HIGH)
    if not high:
        return number_of(n, "change")
    if n == 1:
        return "One change, of high severity"
    return f"{number_of(n, 'change')}, {'all' if high == n else number(high)} of high severity"


def _preview(parts: Parts) -> str:
    """Return the line that mail programs show beside the subject."""
    said = [
        f"{line.severity.capitalize()}: {line.phrase.short}{f', {place.reference}' if place.reference else ''}."
        for _, place, line in parts.lines
    ]
    return cut(" ".join(said[:MOST_PREVIEWED]), 250)


# --- when -------------------------------------------------------------------------------------------------------------


def _seen(readings: Sequence[RunRead]) -> str:
    """Return when the changes were seen, and of how much of the register."""
    editions = sorted(one.edition for one in readings if one.edition)
    if editions:
        said = f"rom the official register, {called_editions(editions)}."
        others = [one for one in readings if not one.edition]
        return f"{_seen(others)} And f{said}" if others else f"F{said}"
    in_order = sorted(readings, key=lambda one: one.time)
    first, last = in_order[0], in_order[-1]
    if first is last:
        return f"First seen on {moment(first.time)}, when {_fraction(first)} pages were read."
    between = f"between {moment(first.time)}, and {moment(last.time)}"
    return f"First seen in {number_of(len(readings), 'run', capital=False)} {between}. {_read_by(in_order)}"


def called_editions(months: Sequence[str]) -> str:
    """Return what editions of the official register are called.

    >>> called_editions(["2026-02"]), called_editions(["2026-01", "2026-02"])
    ('edition of February 2026', 'editions of January 2026 and February 2026')
    """
    return f"edition{'s' if len(months) > 1 else ''} of {listed([month(one) for one in months])}"


def _fraction(one: RunRead) -> str:
    return f"{one.pages_read:,} of {one.pages:,}"


def _read_by(readings: Sequence[RunRead]) -> str:
    partly = [one for one in readings if one.pages_read != one.pages]
    if not partly:
        return f"Each of them read all pages, the last {readings[-1].pages:,}."
    told = [f"{_fraction(one)} on {day(one.time).rpartition(' ')[0]}" for one in partly[:MOST_READINGS]]
    left_out = len(partly) - MOST_READINGS
    told += [f"fewer than all in {number_of(left_out, 'more run', capital=False)}"] if left_out > 0 else []
    return f"Pages read: {', '.join(told)}{'; all in the others' if len(partly) < len(readings) else ''}."


# --- what is coming up, what is counted -------------------------------------------------------------------------------


def _in_days(days: int) -> str:
    return "today" if days == 0 else f"in {plural(days, 'day')}"


def _coming(end: PrintedEnd, news: Briefing) -> tuple[str, str, Location]:
    place = Location(
        organisation=safe(end.organisation),
        title=safe(end.title),
        reference=safe(end.reference),
        link=news.link("agreements", end.reference),
        source=news.source(end.page),
    )
    source = f", official: {end.official}" if end.official else ""
    return cut(one_line(end.dsa_end), 10), f"{_in_days(end.days_left)}{source}", place


def _caution(ends: Sequence[PrintedEnd], left_out: int) -> str:
    """Return what is to be known of printed ends, and of official ones."""
    printed = [end for end in ends if not end.official]
    what = "more printed end" if len(printed) == len(ends) else "more end"
    more = f"{number_of(left_out, what)} {'is' if left_out == 1 else 'are'} coming up. " if left_out > 0 else ""
    if not printed and len(ends) == 1:
        return f"{more}The end is that of the newest version on the official register; a later one may follow."
    if not printed:
        return f"{more}The ends are those of the newest versions on the official register; later ones may follow."
    one = "It is the printed end" if len(ends) == 1 else "Each is the printed end"
    if len(printed) < len(ends):
        one = "Where no official version is named, it is the printed end"
    return f"{more}{one} of the first version the page holds; releases or a renewal may go on after it."


def _rest(news: Briefing, n: int) -> str:
    """Return what leads to the *n* changes that are not told in full."""
    if not n:
        return ""
    if news.site:
        return f"{number_of(n, 'more change')} in full:"
    what = f"{number_of(n, 'change')} {'is' if n == 1 else 'are'} not told in full here, for want of room."
    return f"{what} Whoever runs this registerwatch has all of it:"


def _counted(counted: Sequence[tuple[str, int]], what: str, room: Room) -> Iterator[str]:
    """Yield a line for each organisation of which there is *what* that is only counted."""
    for name, n in counted[: room.counted]:
        yield f"{number_of(n, what)}: {name}"
    if left_out := sum(n for _, n in counted[room.counted :]):
        yield f"{number_of(left_out, what)} at other organisations"


def _left_out(these: Sequence[Correction | Remark], room: Room) -> list[tuple[str, int]]:
    """Return how many of *these* there is no room for, by organisation."""
    return sorted(Counter(safe(one.change.organisation) or REGISTER for one in these[room.others :]).items())


def _remarked(one: Remark, news: Briefing) -> tuple[str, str, Location]:
    """Return what was remarked, and on what that was told when."""
    change = one.change
    about = f"We told you this on {moment(one.told_at)}: {cut(one_line(change.summary), LONGEST_CORRECTED)}"
    return f"Note of {day(one.note.made_at)}: {one_line(one.note.text)}", about, _where(change, news)


def _corrected(one: Correction, news: Briefing) -> tuple[str, str, Location]:
    """Return what was told, and that the page does not say so: both as facts, and no reason."""
    change = one.change
    pages = "pages, as they are read now, do" if change.group else "page, as it is read now, does"
    told = f"We told you this on {moment(one.told_at)}. The {pages} not say so."
    return f"Correction: {cut(one_line(change.summary), LONGEST_CORRECTED)}", told, _where(change, news)


def _where(change: Change, news: Briefing) -> Location:
    """Return where a change that was told before is found."""
    return Location(
        organisation=safe(change.organisation),
        reference=safe(change.reference),
        link=news.link("changes", change.id),
        source=news.source(change.page),
    )
