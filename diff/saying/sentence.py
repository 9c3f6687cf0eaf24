"""The one plain sentence of a change: both values, who, and no opinion (design rule 15).

Sentences have no full stop at the end, so that they can stand in subjects, titles and lists. What a kind of change says
stands beside its phrase, in the module of what it is about; here is what they share.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from diff.saying import english
from scraper.records import EVERY_FIELD

if TYPE_CHECKING:  # a change has a kind, and a kind names its sentence: only the checker may see both ends
    from diff.change import Change

NAMES = {name: one.called for name, one in EVERY_FIELD.items() if one.called} | {
    "flags": "Flag",
    "files_disseminated": "Files disseminated",
    "organisation": "Name",
    "layout": "Layout",
}
"""What a field is called in a sentence."""

NOTHING = "nothing printed"


def summarise(change: "Change") -> str:
    """Return the sentence of *change*."""
    sentence = change.kind.row.sentence(change)
    if sentence.startswith((*change.added, *change.removed)):
        return sentence  # "e-Referral Service": a name stays as printed
    return english.sentence_case(sentence)


def name_of(change: "Change") -> str:
    """Return what the field of a change is called; empty where none differs."""
    return NAMES.get(change.field or "", change.field or "")


def watched(change: "Change") -> str:
    """Return the words to watch that came or went, as the end of a sentence; nothing where none did."""
    words = [quoted(word) for word in change.details.watch_words or ()]
    return f"; {'a word' if len(words) == 1 else 'words'} to watch came or went: {listed(words)}" if words else ""


def listed(items: Iterable[str]) -> str:
    """Join items as a sentence does, where there may be none.

    >>> listed(["a", "b", "c"]), listed([])
    ('a, b and c', 'nothing printed')
    """
    return english.listed(list(items) or [NOTHING])


def quoted(value: object) -> str:
    """Return a value in quotation marks, as the register's own words; lists joined by commas.

    >>> quoted(("No", "Yes")), quoted(None)
    ('"No, Yes"', 'nothing printed')
    """
    text = ", ".join(value) if isinstance(value, tuple | list) else value
    return f'"{text}"' if text not in (None, "") else NOTHING


def counted(number: int, what: str) -> str:
    """Return a number of things as sentences have it: in figures without a comma, for they are searched."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def who(change: "Change") -> str:
    """Return whom a change is about: the reference with the organisation, several organisations, or a count."""
    if change.group:
        return f"{change.agreements} agreements at {counted(change.details.organisations or 0, 'organisation')}"
    return f"{change.reference} ({organisations(change)})" if change.reference else organisations(change)


def briefly(change: "Change") -> str:
    """Return whom a change of an agreement is about: its reference alone, as far as that says it."""
    if change.group:
        return who(change)
    pages = f" (on the pages of {organisations(change)})" if change.details.also_on else ""
    return f"{change.reference}{pages}"


def organisations(change: "Change") -> str:
    """Return the organisations on whose pages a change was seen."""
    return listed([change.organisation or "", *(change.details.also_on or ())])
