"""How it is said that a field holds something else: names, sets, single values, prose, the page's own words."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from diff.details import Details, Value, several, single
from diff.saying.english import plural, sentence_case
from diff.saying.phrase import (
    NONE_PRINTED,
    SHORT,
    Form,
    Marked,
    Phrase,
    Say,
    Told,
    before_after,
    few,
    lower,
    renamed_values,
    safe,
    set_values,
    with_values,
)
from diff.saying.redline import Mark, excerpt
from diff.saying.sentence import NAMES, counted, listed, name_of, quoted, watched, who
from scraper.fields import Comparing
from scraper.records import FIELDS, PROSE
from scraper.text import one_line

if TYPE_CHECKING:  # as in `sentence`
    from diff.change import Change

LONGEST_PROSE = 300


def count_changed(change: "Change") -> str:
    """Return the sentence of a count of files: of a page as a whole, or of months of a version."""
    if change.reference:
        return f"files released under {change.reference}: {quoted(change.before)} before, {quoted(change.after)} now"
    return f"files disseminated on the page of {change.organisation}: {change.before} before, {change.after} now"


# --- a set, a single value --------------------------------------------------------------------------------------------


def changed(change: "Change") -> str:
    """Return the sentence of any field."""
    return f"{_changed(change)}{watched(change)}"


def _changed(change: "Change") -> str:
    name = name_of(change)
    if change.group and (change.added or change.removed):
        return f"{name} of {who(change)}: {_came_and_went(change)}"
    if not change.before:
        return f"{name} of {who(change)} now printed: {quoted(change.after)}, where there was none"
    if not change.after:
        return f"{name} of {who(change)} no longer printed; it was {quoted(change.before)}"
    return f"{name} of {who(change)} changed from {quoted(change.before)} to {quoted(change.after)}"


def _came_and_went(change: "Change") -> str:
    if change.added and change.removed:
        return f"{quoted(change.removed)} replaced by {quoted(change.added)}"
    if change.added:
        return f"{quoted(change.added)} now stands there"
    return f"{quoted(change.removed)} no longer stands there"


_HEADS = {one.kind: one.short for one in FIELDS.values() if one.comparing is Comparing.SET}


def set_changed(told: Told) -> Phrase:
    """Return the phrase of a set that is told as a whole."""
    change = told.change
    head = _HEADS[change.kind]
    short = f"{lower(head)} changed"
    came = change.added
    if len(came) == 1 and not change.removed and len(came[0]) <= SHORT // 2:
        gain = "gain" if head.endswith("s") else "gains"
        short = f"{lower(head)} {gain} “{came[0]}”"
        head = f"{head} {gain} “{safe(came[0])}”"
    is_set = isinstance(change.before, tuple) or isinstance(change.after, tuple)
    values = set_values(change)
    if (came or change.removed) and any(mark == "same" for mark, _ in values):
        # One a line: beside an arrow, what still stands would look as if it had taken the other's place.
        return Phrase(head=head, form="lines", lines=few(values), short=short)
    sides = [one_line(", ".join(several(side))) for side in (change.before, change.after)]
    if is_set and all(len(side) <= SHORT for side in sides):
        marks: tuple[Mark, ...] = ("out", "in")
        pair = [(m, s) if s else ("same", NONE_PRINTED) for m, s in zip(marks, sides, strict=True)]
        return Phrase(head=head, form="pair", lines=tuple(pair), short=short)
    return with_values(head, values, short=short)


# --- names: datasets and controllers, discussions ---------------------------------------------------------------------


def name_added(change: "Change") -> str:
    """Return the sentence of a dataset or controller that came."""
    where = "as data controller of" if change.field == "controllers" else "to"
    return f"{listed(change.added)} added {where} {who(change)}"


def name_removed(change: "Change") -> str:
    """Return the sentence of a dataset or controller that went."""
    what = "as data controller of" if change.field == "controllers" else "for"
    return f"{listed(change.removed)} no longer listed {what} {who(change)}"


def name(head: str, mark: Mark, short: str) -> Say:
    """Return the phrase of a dataset or controller that came or went."""

    def say(told: Told) -> Phrase:
        names = told.change.added if mark == "in" else told.change.removed
        return with_values(head, [(mark, one) for one in names], short=short.format(listed(map(short_name, names))))

    return say


def short_name(dataset: str) -> str:
    """Return a dataset as people call it.

    >>> short_name("Emergency Care Data Set (ECDS)"), short_name("Hospital Episode Statistics Critical Care")
    ('ECDS', 'HES Critical Care')
    """
    acronym = re.search(r"\(([A-Z][A-Za-z0-9&-]{1,11})\)$", dataset)
    return acronym[1] if acronym else dataset.replace("Hospital Episode Statistics", "HES")


def relabelled(change: "Change") -> str:
    """Return the sentence of a dataset under another name."""
    old, new = _names(change)
    if change.group and change.substantive:
        what = f"{old} {'replaced by' if change.removed else 'now listed with'} {new}"
        return f"{what} on all {change.agreements} agreements that carry it: probably a new name for it"
    if change.substantive:
        return f"{old} of {who(change)} now listed as {new}: probably a new name for it"
    if change.removed and not change.added:
        return f"{old} no longer listed beside its other name {new} for {who(change)}"
    beside = "now listed as" if change.removed else "now also listed under its other name"
    return f"{old} of {who(change)} {beside} {new}"


def succeeded(change: "Change") -> str:
    """Return the sentence of a controller's successor, or of its other name."""
    old, new = _names(change)
    presumed = ": presumably its successor" if change.substantive else ""
    if change.removed and not change.added:
        return f"{old} no longer listed as data controller of {who(change)} beside its successor {new}{presumed}"
    return f"{old} as data controller of {who(change)} succeeded by {new}{presumed}"


def _names(change: "Change") -> tuple[str, str]:
    details = change.details
    pair = (details.name_before, details.name_after) if change.group else (change.before, change.after)
    return quoted(pair[0]), quoted(pair[1])


def renamed(head: str, presumed: str, form: Form | None = None) -> Say:
    """Return the phrase of an old and a new name, with the head *presumed* where it is not known."""

    def say(told: Told) -> Phrase:
        example, title = told.example, presumed if told.change.substantive else head
        if example.before is None:  # a group without members knows only what came and went
            said = with_values(title, set_values(told.change))
        else:
            note = "" if example.removed else "The earlier name still stands beside it."
            note = note if example.added else "The newer name stood beside it already."
            said = with_values(title, renamed_values(example), note=note)
        return replace(said, form=form or said.form)

    return say


# --- prose ------------------------------------------------------------------------------------------------------------


def text_changed(change: "Change") -> str:
    """Return the sentence of prose: how many words, and the first of them."""
    details, of = change.details, f"{name_of(change)} of {who(change)}"
    if not (change.before or change.group):
        said = f"{of} now printed: {_words(details.words_in)}, beginning {quoted(details.first_in)}"
    elif not (change.after or change.group):
        said = f"{of} no longer printed: {_words(details.words_out)}, beginning {quoted(details.first_out)}"
    else:
        return f"{of} reworded: {reworded(change)}"
    return f"{said}{watched(change)}"


def reworded(change: "Change") -> str:
    """Return how many words of a text went and came, the first of them, and those to watch."""
    details = change.details
    out, into = details.first_out, details.first_in
    begins = [f"beginning with {quoted(out)}"] if out else []
    begins += [f"{'now' if out else 'beginning with'} {quoted(into)}"] if into else []
    return f"{_out_and_in(details)}, {', '.join(begins)}{watched(change)}"


def _out_and_in(details: Details) -> str:
    return f"{_words(details.words_out)} out, {details.words_in} in"


def _words(number: int | None) -> str:
    return counted(number or 0, "word")


def text_changed_briefly(told: Told) -> Phrase:
    """Return its phrase, with the first edits where they stand."""
    change, details = told.change, told.change.details
    what, count = "reworded", _out_and_in(details)
    if not change.group and not change.before:
        what, count = "now printed", _words(details.words_in)
    elif not change.group and not change.after:
        what, count = "no longer printed", _words(details.words_out)
    runs = excerpt(single(told.example.before), single(told.example.after), LONGEST_PROSE)
    return Phrase(
        head=f"{name_of(change)} {what}",
        tail="" if details.words_in is None else count,
        form="prose" if runs else "sentence",
        runs=runs,
        note=" ".join(filter(None, ["Shown as in the first of them." * bool(change.group and runs), _note(change)])),
    )


def title_changed_briefly(told: Told) -> Phrase:
    """Return the phrase of a title."""
    return with_values("Title changed", before_after(told.change), note=_note(told.change))


def _note(change: "Change") -> str:
    """Return the words to watch that came or went, as a sentence in small print."""
    said = watched(change).removeprefix("; ")
    return f"{sentence_case(said)}." if said else ""


def wording_changed(change: "Change") -> str:
    """Return the sentence of what is printed otherwise."""
    return f"{NAMES.get(change.field or '', '')} of {who(change)} printed differently"


def wording_changed_briefly(told: Told) -> Phrase:
    """Return its phrase; a discussion that is no longer named is no more than that."""
    change = told.change
    if change.field == "discussions" and change.removed and not change.added:
        return with_values("Discussion no longer named", [("out", one) for one in change.removed])
    head, field = "Same meaning, printed otherwise", NAMES.get(change.field or "", "")
    if change.field in PROSE:
        return Phrase(head=head, tail=field)
    before, after = (_each(value) for value in (told.example.before, told.example.after))
    values: list[Marked] = [("out", value) for value in before if value and value not in after]
    values += [("in", value) for value in after if value and value not in before]
    return with_values(head, values, tail=field)


def _each(value: Value) -> tuple[str, ...]:
    return several(value) or (single(value),)


# --- counts, the site ------------------------------------------------------------------------------------------------


def layout_changed(change: "Change") -> str:
    """Return the sentence of a rebuilt site, or of other lines around the register."""
    if change.field == "frame":
        sides = (("now", change.added), ("no longer", change.removed))
        said = [f"{word} {listed(map(quoted, lines))}" for word, lines in sides if lines]
        return f"the site prints other lines around the register: {', '.join(said)}"
    where = f"on pages with {counted(change.agreements, 'agreement')}"
    return f"the site's layout changed from {change.before} to {change.after} {where}"


def layout_changed_briefly(told: Told) -> Phrase:
    """Return its phrase."""
    if told.change.field == "frame":
        return with_values("Lines around the register changed", set_values(told.change))
    where = f"on pages with {plural(told.change.agreements, 'agreement')}"
    return with_values("Layout of the site changed", before_after(told.change), joint=",", tail=where)
