"""How it is said what a page prints in words of its own: remarks that are incidents, and flags. They are quoted."""

from typing import TYPE_CHECKING

from diff.details import single
from diff.saying.phrase import LONGEST_VALUE, Phrase, Say, Told, with_values
from diff.saying.redline import Mark
from diff.saying.sentence import quoted, who
from scraper.text import cut, one_line

if TYPE_CHECKING:  # as in `sentence`
    from diff.change import Change

OWN_WORDS = "The register page’s own words."
LONGEST_QUOTED = 60
"""Characters of what a page says, in a subject or a title."""


def own_words_of(change: "Change") -> tuple[str, str]:
    """Return the words that went and those that came; a group has them among what was taken out and put in."""
    if change.group:
        return "\n".join(change.removed), "\n".join(change.added)
    return single(change.before), single(change.after)


def incident_noted(change: "Change") -> str:
    """Return the sentence of a remark that came."""
    went, came = own_words_of(change)
    instead = f", where it printed {quoted(one_line(went))}" if went else ""
    return f"{_page(change)} now prints {quoted(one_line(came))}{_beside(change)}{instead}"


def incident_removed(change: "Change") -> str:
    """Return the sentence of a remark that went."""
    went, came = own_words_of(change)
    instead = f", where it now prints {quoted(one_line(came))}" if came else ""
    return f"{_page(change)} no longer prints {quoted(one_line(went))}{_beside(change)}{instead}"


def _page(change: "Change") -> str:
    if change.group:
        return "each page"
    return "the page" if change.reference else f"the page of {change.organisation}"


def _beside(change: "Change") -> str:
    if change.field == "when_note":
        return f" beside the dates of {who(change)}"
    return f" among the other lines of {who(change)}" if change.reference or change.group else ""


def incident_noted_briefly(told: Told) -> Phrase:
    """Return the phrase of a remark that came."""
    where = _where(told.change)
    # A subject in our words ("a remark beside the dates") would hide what the page says: it is quoted, from its start.
    quotation = f"“{cut(one_line(own_words_of(told.change)[1]), LONGEST_QUOTED)}”"
    return own_words(f"A remark now stands {where}", f"{quotation} {where}")(told)


def incident_removed_briefly(told: Told) -> Phrase:
    """Return the phrase of a remark that went."""
    return own_words(f"A remark no longer stands {_where(told.change)}")(told)


def _where(change: "Change") -> str:
    return "beside the dates" if change.field == "when_note" else "on the page"


def own_words(head: str, short: str = "") -> Say:
    """Return the phrase of what the page says in words of its own; they stand in quotation marks."""

    def say(told: Told) -> Phrase:
        marks: tuple[Mark, ...] = ("out", "in")
        sides = zip(marks, own_words_of(told.change), strict=True)
        values = [(mark, f"“{cut(one_line(said), LONGEST_VALUE - 2)}”") for mark, said in sides if said]
        return with_values(head, values, note=OWN_WORDS, short=short)

    return say
