"""The sentences of a digest that are not changes: subject, heading, when it was seen, what is coming up, the footer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from diff.change import Severity
from diff.saying.english import moment
from notify.message.parts import LONGEST_NAME, MOST_ENDINGS, REGISTER, Ending, Parts, Places, Told
from scraper.text import cut, one_line

LONGEST_SUBJECT = 110
LONGEST_FOLLOWED = 600

When = Literal["run", "daily", "weekly"]

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_EACH = {
    "run": "after each run that has news for you",
    "daily": "on each day that has news for you",
    "weekly": "in each week that has news for you",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A run, as far as a reader asks: when it read the register, and how much of it."""

    time: str
    pages_read: int | None = None
    pages: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A printed end that is coming up, in words."""

    date: str
    when: str
    title: str
    organisation: str
    reference: str
    link: str | None
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All that a digest says; text and HTML only lay it out."""

    subject: str
    heading: str
    seen: str
    follows: str
    preview: str
    parts: Parts
    counted: tuple[str, ...]
    endings: tuple[Coming, ...]
    caution: str
    dates: str
    licence: str
    chain: tuple[str, str] | None
    why: str
    stop: str | None


def count(number: int, what: str, whats: str = "") -> str:
    """Return a number of things, in a word where that is short.

    >>> count(7, "change"), count(1, "change"), count(1300, "change")
    ('seven changes', 'one change', '1,300 changes')
    """
    figure = _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"
    return f"{figure} {what if number == 1 else whats or what + 's'}"


# --- subject and heading ----------------------------------------------------------------------------------------------


def subject_of(told: Sequence[Told], parts: Parts, endings: Sequence[Ending]) -> str:
    """Return the subject: what is new, most severe first; of a single change its sentence."""
    if len(told) == 1:
        return cut(one_line(told[0].change.summary), LONGEST_SUBJECT)
    if told:
        number = len(parts.severities)
        return _joined(f"{number:,} {'change' if number == 1 else 'changes'}: ", _news(parts))
    if len(endings) == 1:
        (one,) = endings
        name = one_line(one.title or one.reference)
        return cut(f"Printed end {_in_days(one.days)}: {name}, {one_line(one.organisation)}", LONGEST_SUBJECT)
    return _joined(f"{len(endings):,} printed ends coming up: ", (f"{one_line(e.date)} {_label(e)}" for e in endings))


def _label(ending: Ending) -> str:
    return one_line(ending.title or ending.reference)


def _news(parts: Parts) -> Iterator[str]:
    """Yield what is new in few words, naming an organisation once."""
    said = set()
    for section in parts.sections:
        at = "" if section.organisation == REGISTER else f" at {section.organisation}"
        for row in (row for block in section.blocks for row in block.rows):
            news = f"{row.phrase.short}{at}"
            if news not in said:
                yield news
            said.add(news)
            at = ""


def _joined(start: str, pieces: Iterable[str]) -> str:
    """Return as many *pieces* as fit, the first of them cut if it has to be."""
    told = start
    for number, piece in enumerate(pieces):
        longer = f"{told}, {piece}" if number else f"{told}{piece}"
        if len(longer) > LONGEST_SUBJECT - len(", …"):
            return f"{told}, …" if number else cut(longer, LONGEST_SUBJECT)
        told = longer
    return told


def heading_of(parts: Parts, endings: Sequence[Ending]) -> str:
    """Return the heading: "Seven changes, one of high severity"."""
    number, high = len(parts.severities), parts.severities.count(Severity.HIGH)
    if not number:
        return f"{_capital(count(len(endings), 'printed end'))} coming up"
    changes = _capital(count(number, "change"))
    if not high:
        return changes
    if number == 1:
        return "One change, of high severity"
    return f"{changes}, {'all' if high == number else _NUMBERS[high] if high <= 12 else high} of high severity"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def preview_of(parts: Parts, most: int = 4) -> str:
    """Return the line that mail programs show beside the subject."""
    rows = [
        f"{row.severity.capitalize()}: {row.phrase.short}{f', {block.reference}' if block.reference else ''}."
        for section in parts.sections
        for block in section.blocks
        for row in block.rows
    ]
    return cut(" ".join(rows[:most]), 250)


# --- when -------------------------------------------------------------------------------------------------------------


def seen_in(readings: Sequence[Reading]) -> str:
    """Return when the changes were seen, and of how much of the register."""
    if not readings:
        return ""
    in_order = sorted(readings, key=lambda one: one.time)
    if len(in_order) == 1:
        (one,) = in_order
        read = f", when {_pages(one)} were read" if one.pages is not None else ""
        return f"First seen on {moment(one.time)}{read}."
    between = f"between {moment(in_order[0].time)}, and {moment(in_order[-1].time)}"
    return f"First seen in {count(len(in_order), 'run')} {between}. {_read_by(in_order)}".rstrip()


def _pages(one: Reading) -> str:
    return f"{_fraction(one)} pages"


def _fraction(one: Reading) -> str:
    return f"{one.pages if one.pages_read is None else one.pages_read:,} of {one.pages:,}"


def _read_by(readings: Sequence[Reading], most: int = 7) -> str:
    known = [one for one in readings if one.pages is not None]
    if not known:
        return ""
    partly = [one for one in known if one.pages_read not in (None, one.pages)]
    if not partly:
        return f"Each of them read all pages, the last {known[-1].pages:,}." if len(known) == len(readings) else ""
    told = [f"{_fraction(one)} on {_day(one.time)}" for one in partly[:most]]
    told += [f"fewer than all in {count(len(partly) - most, 'more run')}"] if len(partly) > most else []
    others = "; all in the others" if len(partly) < len(known) == len(readings) else ""
    return f"Pages read: {', '.join(told)}{others}."


def _day(time: str) -> str:
    moment = datetime.fromisoformat(time)
    return f"{moment.day} {moment:%B}"


# --- what is coming up, what is counted -------------------------------------------------------------------------------


def _in_days(days: int) -> str:
    return "today" if days == 0 else "in 1 day" if days == 1 else f"in {days:,} days"


def coming_up(endings: Sequence[Ending], places: Places) -> tuple[Coming, ...]:
    """Return printed ends in words, the next one first."""
    in_order = sorted(endings, key=lambda one: (one.days, one.date, one.reference))
    return tuple(
        Coming(
            date=cut(one_line(one.date), 10),
            when=_in_days(one.days),
            title=_safe(one.title or ""),
            organisation=_safe(one.organisation),
            reference=_safe(one.reference),
            link=places.agreement(one.reference),
            source=places.source(one.page),
        )
        for one in in_order[:MOST_ENDINGS]
    )


def caution(endings: Sequence[Ending]) -> str:
    """Return what is to be known of printed ends."""
    left_out = len(endings) - MOST_ENDINGS
    more = (
        f"{count(left_out, 'more printed end')} {'is' if left_out == 1 else 'are'} coming up. " if left_out > 0 else ""
    )
    one = "It is the printed end" if len(endings) == 1 else "Each is the printed end"
    return _capital(f"{more}{one} of the first version the page holds; releases or a renewal may go on after it.")


def counted(parts: Parts) -> tuple[str, ...]:
    """Return a line for each organisation whose changes are only counted."""
    lines = [f"{_capital(count(number, 'more change'))}: {name}" for name, number in parts.counted]
    more = (
        [f"{_capital(count(parts.more_counted, 'more change'))} at other organisations"] if parts.more_counted else []
    )
    return (*lines, *more)


# --- footer -----------------------------------------------------------------------------------------------------------


def about_dates(editorial: int) -> str:
    """Return what a date means here, and what is left out."""
    seen = f"; {editorial:,} {'was' if editorial == 1 else 'were'} seen across the register" if editorial else ""
    return f"A date is when a change was first seen here, not when it was made. Editorial changes are left out{seen}."


def chain_head(chain: tuple[int, str] | None) -> tuple[str, str] | None:
    """Return the head of the chain of runs, and what it is."""
    return (f"Head of the chain of runs, number {chain[0]:,}:", _safe(chain[1])) if chain else None


def why(when: When, stop: str | None) -> str:
    """Return why this comes and how to stop it."""
    how = f'To stop these mails, write to {stop} with the subject "stop".' if stop else ""
    how = how or "Whoever runs this registerwatch can stop it."
    return f"You get this {_EACH[when]}. {how}"


def follows(what: str) -> str:
    """Return what the reader follows."""
    return f"You follow {cut(one_line(what), LONGEST_FOLLOWED)}." if what else ""


def _safe(text: str) -> str:
    return cut(one_line(text), LONGEST_NAME)
