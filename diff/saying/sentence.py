"""The one plain sentence of a change: both values, who, and no opinion (design rule 15).

Sentences have no full stop at the end, so that they can stand in subjects, titles and lists.
"""

from collections.abc import Callable, Iterable, Sequence

from diff.change import Change, ChangeKind, Details, Span, several
from diff.saying.redline import Redline
from scraper.names.legal_basis import spell_out
from scraper.records import FIELDS
from scraper.times import same_date

NAMES = {name: one.called for name, one in FIELDS.items() if one.called} | {
    "flags": "Flag",
    "files_disseminated": "Files disseminated",
    "organisation": "Name",
    "layout": "Layout",
}
"""What a field is called in a sentence."""

NOTHING = "nothing printed"
NO_SPAN = Span(None, None)


def listed(items: Iterable[str]) -> str:
    """Join items as a sentence does.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    *others, last = list(items) or [NOTHING]
    return f"{', '.join(others)} and {last}" if others else last


def quoted(value: object) -> str:
    """Return a value in quotation marks, as the register's own words; lists joined by commas.

    >>> quoted(("No", "Yes")), quoted(None)
    ('"No, Yes"', 'nothing printed')
    """
    text = ", ".join(value) if isinstance(value, tuple | list) else value
    return f'"{text}"' if text not in (None, "") else NOTHING


def who(change: Change) -> str:
    """Return whom a change is about: the reference with the organisation, several organisations, or a count."""
    if change.group:
        return f"{change.agreements} agreements at {counted(change.details.organisations or 0, 'organisation')}"
    return f"{change.reference} ({_organisations(change)})" if change.reference else _organisations(change)


def _organisations(change: Change) -> str:
    return listed([change.organisation or "", *(change.details.also_on or ())])


def counted(number: int, what: str) -> str:
    """Return a number of things as sentences have it: in figures without a comma, for they are searched."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def summarise(change: Change) -> str:
    """Return the sentence of *change*."""
    sentence = _SENTENCES.get(change.kind, _changed)(change)
    if sentence.startswith((*change.added, *change.removed)):
        return sentence  # "e-Referral Service": a name stays as printed
    return sentence[:1].upper() + sentence[1:]


def text_details(changed: Redline) -> Details:
    """Return what a sentence says of a redline."""
    first_out, first_in = _first_edit(changed)
    return Details(
        words_out=changed.words("out"),
        words_in=changed.words("in"),
        first_out=_opening(first_out) or None,
        first_in=_opening(first_in) or None,
    )


def _first_edit(changed: Redline) -> tuple[str, str]:
    """Return the words taken out and put in at the first place that differs; one of the two may be empty."""
    for runs in changed.paragraphs:
        for number, run in enumerate(runs):
            if run.mark == "in":
                return "", run.text
            if run.mark == "out":
                following = runs[number + 1] if number + 1 < len(runs) else None
                return run.text, following.text if following and following.mark == "in" else ""
    return "", ""


def _opening(text: str, longest: int = 8) -> str:
    words = text.split()
    opening = " ".join(words[:longest])[:120]
    return f"{opening} …" if len(words) > longest or len(opening) < len(" ".join(words[:longest])) else opening


def _changed(change: Change) -> str:
    name = NAMES.get(change.field or "", change.field or "")
    if change.group and (change.added or change.removed):
        return f"{name} of {who(change)}: {_came_and_went(change)}"
    if not change.before:
        return f"{name} of {who(change)} now printed: {quoted(change.after)}, where there was none"
    if not change.after:
        return f"{name} of {who(change)} no longer printed; it was {quoted(change.before)}"
    return f"{name} of {who(change)} changed from {quoted(change.before)} to {quoted(change.after)}"


def _came_and_went(change: Change) -> str:
    if change.added and change.removed:
        return f"{quoted(change.removed)} replaced by {quoted(change.added)}"
    if change.added:
        return f"{quoted(change.added)} now stands there"
    return f"{quoted(change.removed)} no longer stands there"


def _name_added(change: Change) -> str:
    where = "as data controller of" if change.field == "controllers" else "to"
    return f"{listed(change.added)} added {where} {who(change)}"


def _name_removed(change: Change) -> str:
    what = "as data controller of" if change.field == "controllers" else "for"
    return f"{listed(change.removed)} no longer listed {what} {who(change)}"


def _relabelled(change: Change) -> str:
    old, new = _pair(change)
    if change.group and change.substantive:
        what = f"{quoted(old)} {'replaced by' if change.removed else 'now listed with'} {quoted(new)}"
        return f"{what} on all {change.agreements} agreements that carry it: probably a new name for it"
    if change.substantive:
        return f"{quoted(old)} {_of(change)} {who(change)} now listed as {quoted(new)}: probably a new name for it"
    if change.removed and not change.added:
        return f"{quoted(old)} no longer listed beside its other name {quoted(new)} for {who(change)}"
    beside = "now listed as" if change.removed else "now also listed under its other name"
    return f"{quoted(old)} {_of(change)} {who(change)} {beside} {quoted(new)}"


def _of(change: Change) -> str:
    return "as data controller of" if change.field == "controllers" else "of"


def _pair(change: Change) -> tuple[object, object]:
    """Return the old and the new name."""
    if change.group:
        return change.details.name_before, change.details.name_after
    return change.before, change.after


def _succeeded(change: Change) -> str:
    old, new = _pair(change)
    presumed = ": presumably its successor" if change.substantive else ""
    if change.removed and not change.added:
        gone = f"{quoted(old)} no longer listed as data controller of {who(change)}"
        return f"{gone} beside its successor {quoted(new)}{presumed}"
    return f"{quoted(old)} as data controller of {who(change)} succeeded by {quoted(new)}{presumed}"


def _term(change: Change) -> str:
    of, details = _ref(change), change.details
    before, after = term_of(details)
    if change.field == "when_note":
        return f"the printed term of {of} now reads {quoted(after.word)} in place of {quoted(before.word)}"
    if whole := came_or_went(details):
        dates = f"{whole.start} to {whole.end}"
        if whole is before:
            return f"the printed term of {of}, {dates}, is no longer printed"
        return f"the printed term of {of} is now {dates}, where none was printed"
    first, *others = (f"printed {end}{{}} {moved_in_words(details, end)}" for end in moved_dates(details))
    return listed([first.format(f" of {of}"), *(one.format("") for one in others)])


def term_of(details: Details) -> tuple[Span, Span]:
    """Return the printed term before and after."""
    return details.term_before or NO_SPAN, details.term_after or NO_SPAN


def came_or_went(details: Details) -> Span | None:
    """Return the whole term or release window that stands there where none did, or does no longer."""
    if details.window_before or details.window_after:
        before, after = details.window_before or NO_SPAN, details.window_after or NO_SPAN
    else:
        before, after = term_of(details)
    for whole, other in ((before, after), (after, before)):
        if whole.start and whole.end and not any(other):
            return whole
    return None


def moved_dates(details: Details) -> dict[str, tuple[str | None, str | None]]:
    """Return which dates of the printed term differ, the end first: what was printed, and what is now."""
    before, after = term_of(details)
    pairs = {"end": (before.end, after.end), "start": (before.start, after.start)}
    return {name: pair for name, pair in pairs.items() if not same_date(*pair)}


def moved_in_words(details: Details, date: str) -> str:
    """Return what became of the "start" or "end" of a printed term."""
    old, new = moved_dates(details)[date]
    if not old:
        return f"is now {new}, where none was printed"
    if not new:
        word = term_of(details)[1].word
        return f"was {old}; the page now reads {quoted(word)}" if word else f"was {old} and is no longer printed"
    return f"moved from {old} to {new}"


def _ref(change: Change) -> str:
    if change.group:
        return who(change)
    pages = f" (on the pages of {_organisations(change)})" if change.details.also_on else ""
    return f"{change.reference}{pages}"


def _released(change: Change) -> str:
    of = _ref(change)
    if window := change.details.window_after:
        return f"release window of {of} is now {_window(window)}, where none was printed"
    if window := change.details.window_before:
        return f"release window of {of} was {_window(window)} and is no longer printed"
    if change.kind is ChangeKind.RELEASES_CONTINUED:
        return f"releases under {of} continued: last release month moved from {change.before} to {change.after}"
    name = NAMES[change.field or ""].lower()
    return f"{name} of {of} changed from {change.before or NOTHING} to {change.after or NOTHING}"


def _window(window: Span) -> str:
    return " to ".join(filter(None, (window.start, window.end)))


def _legal_basis(change: Change) -> str:
    printed = change.details.printed or {}

    acts: set[str] = set()  # each is named once in a sentence: "section 261(7) of the … Act 2012 and section 261(4)"

    def say(ids: Sequence[str]) -> str:
        return listed(_without_known_act(spell_out(basis, printed.get(basis, "")), acts) for basis in ids)

    of = f"legal basis of {who(change)}"
    if change.added and change.removed:
        return f"{of}: {say(change.removed)} replaced by {say(change.added)}"
    if change.added:
        others = [basis for basis in several(change.before) if basis not in change.removed]
        came = say(change.added)
        beside = f" beside {say(others)}" if others else ""
        return f"{of}: {came} now cited{beside}"
    return f"{of}: {say(change.removed)} no longer cited"


def _without_known_act(citation: str, acts: set[str]) -> str:
    """Return *citation* without the name of its act where that is among *acts*; else note the act there."""
    section, found, act = citation.partition(" of the ")
    if not found or not section.startswith(("section", "regulation")):
        return citation
    if act in acts:
        return section
    acts.add(act)
    return citation


def _text(change: Change) -> str:
    name = NAMES.get(change.field or "", "")
    details = change.details
    first_out, first_in = details.first_out, details.first_in
    if not (change.before or change.group):
        words = counted(details.words_in or 0, "word")
        return f"{name} of {who(change)} now printed: {words}, beginning {quoted(first_in)}"
    if not (change.after or change.group):
        words = counted(details.words_out or 0, "word")
        return f"{name} of {who(change)} no longer printed: {words}, beginning {quoted(first_out)}"
    return f"{name} of {who(change)} reworded: {reworded(details)}"


def reworded(details: Details) -> str:
    """Return how many words of a text went and came, and the first of them."""
    out, into = details.first_out, details.first_in
    begins = [f"beginning with {quoted(out)}"] if out else []
    begins += [f"{'now' if out else 'beginning with'} {quoted(into)}"] if into else []
    return f"{words_out_and_in(details)}, {', '.join(begins)}"


def words_out_and_in(details: Details) -> str:
    """Return how many words of a text went and came."""
    return f"{counted(details.words_out or 0, 'word')} out, {details.words_in} in"


def _agreement_added(change: Change) -> str:
    again = "listed again" if change.details.listed_again else "new on the register's pages"
    title = f": {change.title}" if change.title else ""
    return f"{who(change)} is {again}{title}"


def _moved(change: Change) -> str:
    old, new = several(change.before), several(change.after)
    names = change.details.page_names or {}
    before, after = ([names.get(slug, slug) for slug in slugs] for slugs in (old, new))
    if set(old) <= set(new):
        came = [names.get(slug, slug) for slug in new if slug not in old]
        return f"{change.reference} now also on the page of {listed(came)}, beside that of {listed(before)}"
    if set(new) <= set(old):
        gone = [names.get(slug, slug) for slug in old if slug not in new]
        return f"{change.reference} no longer on the page of {listed(gone)}; still on that of {listed(after)}"
    return f"{change.reference} moved from the page of {listed(before)} to that of {listed(after)}"


def _renamed(change: Change) -> str:
    if isinstance(change.before, tuple):
        (old, _), (new, slug) = change.before, several(change.after)
        return f"the page of {old} is gone; all its agreements stand on the new page of {new} ({slug})"
    return f"{quoted(change.before)} is now headed {quoted(change.after)}"


def _incident(change: Change) -> str:
    if not change.after:
        return f"the page no longer prints {quoted(change.before)} beside the dates of {who(change)}"
    instead = f", where it printed {quoted(change.before)}" if change.before else ""
    return f"the page now prints {quoted(change.after)} beside the dates of {who(change)}{instead}"


def _wording(change: Change) -> str:
    name = NAMES.get(change.field or "", "")
    return f"{name} of {who(change)} printed differently; the meaning is the same"


_SENTENCES: dict[ChangeKind, Callable[[Change], str]] = {
    ChangeKind.ORGANISATION_ADDED: lambda c: (
        f"{c.organisation} {'is listed again' if c.details.listed_again else 'is new on the register'}"
    ),
    ChangeKind.ORGANISATION_REMOVED: lambda c: f"the page of {c.organisation} is no longer on the register",
    ChangeKind.ORGANISATION_RENAMED: _renamed,
    ChangeKind.AGREEMENT_ADDED: _agreement_added,
    ChangeKind.AGREEMENT_REMOVED: lambda c: f"{who(c)} is no longer on the register's pages",
    ChangeKind.AGREEMENT_MOVED: _moved,
    ChangeKind.REFERENCE_CHANGED: lambda c: f"{c.before} ({_organisations(c)}) is now listed as {c.after}",
    ChangeKind.DATASET_ADDED: _name_added,
    ChangeKind.DATASET_REMOVED: _name_removed,
    ChangeKind.DATASET_RELABELLED: _relabelled,
    ChangeKind.CONTROLLER_ADDED: _name_added,
    ChangeKind.CONTROLLER_REMOVED: _name_removed,
    ChangeKind.CONTROLLER_SUCCEEDED: _succeeded,
    ChangeKind.DSA_EXTENDED: _term,
    ChangeKind.DSA_SHORTENED: _term,
    ChangeKind.DSA_TERM_CHANGED: _term,
    ChangeKind.RELEASES_CONTINUED: _released,
    ChangeKind.RELEASE_WINDOW_CHANGED: _released,
    ChangeKind.LEGAL_BASIS_CHANGED: _legal_basis,
    ChangeKind.TEXT_CHANGED: _text,
    ChangeKind.DISCUSSION_ADDED: lambda c: f"{listed(c.added)} named as discussion of {who(c)}",
    ChangeKind.INCIDENT_NOTED: _incident,
    ChangeKind.INCIDENT_REMOVED: _incident,
    ChangeKind.FLAG_RAISED: lambda c: f"the page of {c.organisation} now raises a flag: {quoted(c.after)}",
    ChangeKind.FLAG_CLEARED: lambda c: f"the page of {c.organisation} no longer raises its flag: {quoted(c.before)}",
    ChangeKind.FILES_COUNT_CHANGED: lambda c: (
        f"files disseminated on the page of {c.organisation}: {c.before} before, {c.after} now"
    ),
    ChangeKind.LAYOUT_CHANGED: lambda c: (
        f"the site's layout changed from {c.before} to {c.after} on pages with {counted(c.agreements, 'agreement')}"
    ),
    ChangeKind.WORDING_CHANGED: _wording,
}
