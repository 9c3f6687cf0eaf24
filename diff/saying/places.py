"""How it is said that organisations and agreements come, go, move, and get other names, terms and release windows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from diff.details import Details, Span, several
from diff.saying import remarks, versions
from diff.saying.english import plural, sentence_case
from diff.saying.phrase import Phrase, Say, Told, before_after, lower, moved_values, with_values
from diff.saying.sentence import NOTHING, briefly, counted, listed, name_of, quoted, who

if TYPE_CHECKING:  # as in `sentence`
    from diff.change import Change


def organisation_renamed(change: "Change") -> str:
    """Return the sentence of another heading, or of a page that took over from one that is gone."""
    if not isinstance(change.before, tuple):
        return f"{quoted(change.before)} is now headed {quoted(change.after)}"
    (old, _), (new, slug) = change.before, several(change.after)
    return f"the page of {old} is gone; all its agreements stand on the new page of {new} ({slug})"


def organisation_renamed_briefly(told: Told) -> Phrase:
    """Return its phrase."""
    sides = (told.change.before, told.change.after)
    old, new = (side[0] if isinstance(side, tuple) else str(side) for side in sides)
    took_over = isinstance(told.change.before, tuple)
    note = "The old page is gone; all its agreements stand on the new one." if took_over else ""
    return Phrase(head="Organisation renamed", form="pair", lines=(("out", old), ("in", new)), note=note)


def reorganisation(change: "Change") -> str:
    """Return the sentence of many pages and agreements that went to the bodies which took over."""
    return f"{_named(change)}: {_went_over(change)}"


def reorganisation_briefly(told: Told) -> Phrase:
    """Return its phrase."""
    name = _named(told.change)
    return Phrase(head=sentence_case(name), tail=_went_over(told.change), short=name)


def _named(change: "Change") -> str:
    which, _, since = (change.field or "").rpartition(" ")
    return f"reorganisation {which} of {since}"


def _went_over(change: "Change") -> str:
    details = change.details
    pages = [counted(details.pages, "page")] if details.pages else []
    things = listed([*pages, counted(details.agreements or 0, "agreement")])
    return f"{things} now stand under the bodies that are known to follow those named before"


def agreement_added(change: "Change") -> str:
    """Return the sentence of an agreement that is new, or there again."""
    where = "in the official register" if is_official(change) else "on the register's pages"
    again = "listed again" if change.details.listed_again else f"new {where}"
    others = versions.others_of(change)
    return f"{who(change)} is {again}{others}{f': {change.title}' if change.title else ''}"


def is_official(change: "Change") -> bool:
    """Say whether the official register says it."""
    return change.details.source is not None


def agreement_removed(change: "Change") -> str:
    """Return the sentence of an agreement that is gone."""
    if is_official(change):
        return f"{who(change)} is no longer in the official register{versions.others_of(change)}"
    return f"{who(change)} is no longer on the register's pages"


def agreement_removed_briefly(told: Told) -> Phrase:
    """Return its phrase."""
    if is_official(told.change):
        return Phrase(head="No longer in the official register", short="agreement no longer in the official register")
    return Phrase(head="No longer on the register’s pages", short="agreement no longer on the pages")


def agreement_added_briefly(told: Told) -> Phrase:
    """Return its phrase: with which data, for how long."""
    again = told.change.details.listed_again
    where = "in the official register" if is_official(told.change) else "on the register’s pages"
    facts = [f"with {plural(told.datasets, 'dataset')}"] if told.datasets is not None else []
    if told.named:
        which = listed(told.named)
        if told.datasets == len(told.named):
            facts = [f"{facts[0]}: {which}"]
        elif facts:
            facts += [f"{'one of them' if len(told.named) == 1 else 'among them'} {which}"]
        else:
            facts = [f"with {which}"]
    facts += [f"{printed(told.change)}term {told.term}"] if told.term else []
    return Phrase(
        head="Listed again" if again else f"New {where}",
        joint=",",
        tail=", ".join(facts),
        short="agreement listed again" if again else "new agreement",
    )


def agreement_moved(change: "Change") -> str:
    """Return the sentence of an agreement that left a page, or came to one."""
    names = change.details.page_names or {}
    old, new = several(change.before), several(change.after)
    before, after = ([names.get(slug, slug) for slug in slugs] for slugs in (old, new))
    if set(old) <= set(new):
        came = [names.get(slug, slug) for slug in new if slug not in old]
        return f"{change.reference} now also on the page of {listed(came)}, beside that of {listed(before)}"
    if set(new) <= set(old):
        gone = [names.get(slug, slug) for slug in old if slug not in new]
        return f"{change.reference} no longer on the page of {listed(gone)}; still on that of {listed(after)}"
    return f"{change.reference} moved from the page of {listed(before)} to that of {listed(after)}"


def agreement_moved_briefly(told: Told) -> Phrase:
    """Return its phrase."""
    names = told.example.details.page_names or {}
    values = [(mark, names.get(slug, slug)) for mark, slug in moved_values(told.example)]
    marks = {mark for mark, _ in values}
    if {"in", "out"} <= marks and len(values) == 2:
        return Phrase(head="Moved to another page", form="pair", lines=tuple(values), short="agreement moved")
    came = "Moved to another page" if "out" in marks else "Now also on another page"
    head = came if "in" in marks else "No longer on a page"
    return with_values(head, values, short=f"agreement {lower(head)}")


# --- dates ------------------------------------------------------------------------------------------------------------


def printed(change: "Change") -> str:
    """Return what stands before "term": a page prints the first held version's, the official register each its own."""
    return "" if is_official(change) else "printed "


def releases_continued(change: "Change") -> str:
    """Return the sentence of releases that went on."""
    if is_official(change) and not change.before:
        return versions.first_release(change)
    files = versions.files_of(change)
    moved = f"last release month moved from {change.before} to {change.after}"
    return f"releases under {briefly(change)} continued: {moved}{files}"


def is_remark(change: "Change") -> bool:
    """Say whether a change of the term or window is one of what stands beside them, and of no word in their place."""
    return change.field == "when_note" and not (change.details.term_after or change.details.window_after)


def term_changed(change: "Change") -> str:
    """Return the sentence of a printed term: of both dates, if both moved."""
    of, details = briefly(change), change.details
    if is_remark(change):
        return remarks.incident_noted(change) if change.after else remarks.incident_removed(change)
    if change.field == "when_note":
        was, now = (span.word if span else None for span in (details.term_before, details.term_after))
        return f"the {printed(change)}term of {of} now reads {quoted(now)} in place of {quoted(was)}"
    if whole := details.whole:
        dates = f"{whole.start} to {whole.end}"
        if whole is details.term_before:
            return f"the {printed(change)}term of {of}, {dates}, is no longer printed"
        return f"the {printed(change)}term of {of} is now {dates}, where none was printed"
    which = printed(change) or "term "
    first, *others = (f"{which}{date}{{}} {_moved(details, date)}" for date in details.moved_dates)
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
    of, details = briefly(change), change.details
    if details.window_before and details.window_after:
        return f"release window of {of} was {_window(details.window_before)}; it is now {_window(details.window_after)}"
    if window := change.details.window_after:
        return f"release window of {of} is now {_window(window)}, where none was printed"
    if window := change.details.window_before:
        return f"release window of {of} was {_window(window)} and is no longer printed"
    return f"{name_of(change).lower()} of {of} changed from {change.before or NOTHING} to {change.after or NOTHING}"


def _window(window: Span) -> str:
    word = quoted(window.word) if window.word else None
    return " to ".join(filter(None, (window.start or word, window.end or word)))


def dates(head: str, tails: Mapping[str, str] | None = None) -> Say:
    """Return the phrase of a date of a term or window, and in a note what happened to the other date.

    Args:
        head: What happened.
        tails: Field → which date it is, where the head does not say so.
    """

    def say(told: Told) -> Phrase:
        change = told.change
        if is_remark(change):
            return remarks.incident_noted_briefly(told) if change.after else remarks.incident_removed_briefly(told)
        values = before_after(change)
        if whole := change.details.whole:
            values = [(mark, text if mark == "same" else f"{whole.start} to {whole.end}") for mark, text in values]
            return with_values(head, values)
        if change.field == "when_note":
            values = [(mark, text if mark == "same" else f"“{text}”") for mark, text in values]
        tail = (tails or {}).get(change.field or "", "")
        return with_values(head, values, tail=tail, joint="," if tail else ":", note=_other_date(change))

    return say


def _other_date(change: "Change") -> str:
    """Return what became of the date of a term that `before` and `after` do not say, or stands in place of one."""
    details = change.details
    if len(details.moved_dates) == 2:
        return f"The printed start {_moved(details, 'start')}."
    after = details.term_after or details.window_after
    is_instead = change.field != "when_note" and change.before and not change.after
    return f"The page now reads “{after.word}”." if after and after.word and is_instead else ""
