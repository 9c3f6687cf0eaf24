"""How it is said that a printed term or a release window is another one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from diff.details import Details, Span
from diff.saying.phrase import Phrase, Say, Told, before_after, with_values
from diff.saying.sentence import NOTHING, briefly, listed, name_of, quoted

if TYPE_CHECKING:  # as in `sentence`
    from diff.change import Change


def term_changed(change: "Change") -> str:
    """Return the sentence of a printed term: of both dates, if both moved."""
    of, details = briefly(change), change.details
    if change.field == "when_note":
        was, now = (span.word if span else None for span in (details.term_before, details.term_after))
        return f"the printed term of {of} now reads {quoted(now)} in place of {quoted(was)}"
    if whole := details.whole:
        dates = f"{whole.start} to {whole.end}"
        if whole is details.term_before:
            return f"the printed term of {of}, {dates}, is no longer printed"
        return f"the printed term of {of} is now {dates}, where none was printed"
    first, *others = (f"printed {date}{{}} {_moved(details, date)}" for date in details.moved_dates)
    return listed([first.format(f" of {of}"), *(one.format("") for one in others)])


def _moved(details: Details, date: str) -> str:
    """Return what became of the "start" or "end" of a printed term."""
    old, new = details.moved_dates[date]
    if not old:
        return f"is now {new}, where none was printed"
    if not new:
        word = details.term_after.word if details.term_after else None
        return f"was {old}; the page now reads {quoted(word)}" if word else f"was {old} and is no longer printed"
    return f"moved from {old} to {new}"


def window_changed(change: "Change") -> str:
    """Return the sentence of a window that is another one otherwise."""
    of = briefly(change)
    if window := change.details.window_after:
        return f"release window of {of} is now {_window(window)}, where none was printed"
    if window := change.details.window_before:
        return f"release window of {of} was {_window(window)} and is no longer printed"
    return f"{name_of(change).lower()} of {of} changed from {change.before or NOTHING} to {change.after or NOTHING}"


def _window(window: Span) -> str:
    return " to ".join(filter(None, (window.start, window.end)))


def dates(head: str, tails: Mapping[str, str] | None = None) -> Say:
    """Return the phrase of a date of a term or window, and in a note what happened to the other date.

    Args:
        head: What happened.
        tails: Field → which date it is, where the head does not say so.
    """

    def say(told: Told) -> Phrase:
        change = told.change
        values = before_after(change)
        if whole := change.details.whole:
            values = [(mark, text if mark == "same" else f"{whole.start} to {whole.end}") for mark, text in values]
            return with_values(head, values)
        if change.field == "when_note":
            values = [(mark, text if mark == "same" else f"“{text}”") for mark, text in values]
        tail = (tails or {}).get(change.field or "", "")
        return with_values(head, values, tail=tail, joint="," if tail else ":", note=_other_date(change.details))

    return say


def _other_date(details: Details) -> str:
    """Return what became of the date of a term that `before` and `after` do not say, or stands in place of one."""
    moves = details.moved_dates
    if len(moves) == 2:
        return f"The printed start {_moved(details, 'start')}."
    word = details.term_after.word if details.term_after else None
    is_instead = [bool(old and not new) for old, new in moves.values()] == [True]
    return f"The page now reads “{word}”." if word and is_instead else ""
