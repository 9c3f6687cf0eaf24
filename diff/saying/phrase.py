"""A change in few words and marked values, for a row of a page, a mail or a terminal.

The summary of a change is one sentence that can stand alone; a phrase stands below the names of the organisation and
the agreement, so it names neither. What it holds is plain text on single lines, made safe and cut to bounds; markup,
colours and signs are for whoever shows it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from diff.change import Change, ChangeKind, Details, several, single
from diff.change import Value as Held
from diff.saying.excerpt import excerpt
from diff.saying.redline import Mark, Run
from diff.saying.sentence import NAMES, came_or_went, counted, listed, moved_dates, moved_in_words, words_out_and_in
from scraper.fields import Comparing
from scraper.names.legal_basis import spell_out
from scraper.records import FIELDS, PROSE
from scraper.text import cut, one_line

LONGEST_VALUE = 300
LONGEST_PROSE = 300
MOST_VALUES = 30
SHORT = 60
"""Characters of a value that can stand on one line with another."""

NONE_PRINTED = "none printed"
OWN_WORDS = "The register page’s own words."
WITHDRAWN = "Told once; the kept pages no longer show it."

Form = Literal["sentence", "pair", "lines", "prose"]
Value = tuple[Mark, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A change as a row shows it: `opening`, `tail`, then the values as `form` says, then `note`."""

    head: str
    """What happened; stands in bold."""
    tail: str = ""
    """Plain words after the head."""
    joint: str = ":"
    """What stands between the head and what follows it on its line."""
    form: Form = "sentence"
    """How the values stand: none; one or two in `lines` on the line of the head, an arrow between two; one a line in
    `lines`; running text in `runs`."""
    lines: tuple[Value, ...] = ()
    """Values spelled out. What is not printed, and "and 3 more" at the end of many, has the mark "same"."""
    runs: tuple[Run, ...] = ()
    note: str = ""
    """A sentence in small print."""
    short: str = ""
    """What happened without its values, for subjects and titles: "ECDS added"."""

    @property
    def opening(self) -> str:
        """Return the head with its joint, if something follows on its line."""
        return f"{self.head}{self.joint}" if self.tail or self.form == "pair" else self.head

    @property
    def words(self) -> str:
        """Return what stands before the values on the line of the head."""
        return f"{self.opening} {self.tail}{':' * (self.form == 'pair')}" if self.tail else self.opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a change does not say itself and a phrase may say."""

    datasets: int | None = None
    named: tuple[str, ...] = ()
    term: str | None = None
    pages: Mapping[str, str] = field(default_factory=dict)


def phrase(
    change: Change,
    members: Sequence[Change] = (),
    *,
    as_member: bool = False,
    datasets: int | None = None,
    named: Sequence[str] = (),
    term: str | None = None,
    pages: Mapping[str, str] | None = None,
) -> Phrase:
    """Return *change* in few words.

    Args:
        change: What is told.
        members: Of a group its members, or some of them; the first gives the values that a group does not have.
        as_member: Whether the group is shown at one of its members.
        datasets: Of an agreement that is new, how many datasets it has.
        named: Those of its datasets that are worth naming to whoever reads it.
        term: Its printed term, "2026-11-02 to 2029-11-01".
        pages: Slug of a page → name of the organisation, for agreements that moved.
    """
    known = Known(datasets=datasets, named=tuple(named), term=term, pages=pages or {})
    example = members[0] if change.group and members else change
    said = _PHRASES.get(change.kind, _set)(change, example, known)
    if change.group:
        said = _of_group(said, change, as_member)
    notes = [said.note, WITHDRAWN if change.withdrawn else ""]
    return replace(
        said,
        tail=_safe(said.tail),
        lines=tuple((mark, _safe(text)) for mark, text in said.lines),
        note=_safe(" ".join(filter(None, notes))),
        short=_safe(said.short or _lower(said.head)),
    )


def basis_in_words(basis: str) -> str:
    """Return a legal basis spelled out; one that is not understood has no words but the page's.

    >>> basis_in_words("NHSA2006:s251"), basis_in_words("TEXT:228c98f57f3f")
    ('section 251 of the National Health Service Act 2006', 'a basis in words of its own (TEXT:228c98f57f3f)')
    """
    words = spell_out(basis)
    return f"a basis in words of its own ({basis})" if words == basis else words


def short_name(name: str) -> str:
    """Return a dataset as people call it.

    >>> short_name("Emergency Care Data Set (ECDS)"), short_name("Hospital Episode Statistics Critical Care")
    ('ECDS', 'HES Critical Care')
    """
    acronym = re.search(r"\(([A-Z][A-Za-z0-9&-]{1,11})\)$", name)
    return acronym[1] if acronym else name.replace("Hospital Episode Statistics", "HES")


def set_values(change: Change) -> list[Value]:
    """Return what went out of a set, what came into it, and what stays."""
    stays = [value for value in several(change.after) if value not in change.added]
    marked: tuple[tuple[Mark, Iterable[str]], ...] = (
        ("out", change.removed),
        ("in", change.added),
        ("same", stays),
    )
    return [(mark, value) for mark, values in marked for value in values]


def renamed_values(example: Change) -> list[Value]:
    """Return the two names of a relabelling or succession; the old one may stay, the new one may have been there."""
    return [
        ("out" if example.removed else "same", str(example.before)),
        ("in" if example.added else "same", str(example.after)),
    ]


def moved_values(example: Change) -> list[Value]:
    """Return the slugs of the pages that an agreement left, of those it came to, and of those where it stays."""
    before, after = several(example.before), several(example.after)
    marked: tuple[tuple[Mark, Iterable[str]], ...] = (
        ("out", (slug for slug in before if slug not in after)),
        ("in", (slug for slug in after if slug not in before)),
        ("same", (slug for slug in after if slug in before)),
    )
    return [(mark, slug) for mark, slugs in marked for slug in slugs]


# --- parts of phrases -------------------------------------------------------------------------------------------------


def _safe(text: str) -> str:
    return cut(one_line(text), LONGEST_VALUE)


def _lower(head: str) -> str:
    return head[:1].lower() + head[1:]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _is_short(values: Iterable[Value]) -> bool:
    return all(len(one_line(text)) <= SHORT for _, text in values)


def _few(values: Sequence[Value]) -> tuple[Value, ...]:
    left_out = len(values) - MOST_VALUES
    return (*values[:MOST_VALUES], ("same", f"and {left_out} more")) if left_out > 0 else tuple(values)


def _values(head: str, values: Sequence[Value], **more: Any) -> Phrase:
    """Return a phrase with *values*: one, or two short ones, beside the head, others below it."""
    one_line_does = len(values) == 1 or (len(values) == 2 and values[0][0] != "in" and _is_short(values))
    form: Form = "sentence" if not values else "pair" if one_line_does else "lines"
    return Phrase(head=head, form=form, lines=_few(values), **more)


def _before_after(change: Change) -> list[Value]:
    pairs: tuple[tuple[Mark, Held], ...] = (("out", change.before), ("in", change.after))
    return [("same", NONE_PRINTED) if value in (None, "") else (mark, str(value)) for mark, value in pairs]


# --- phrases by kind --------------------------------------------------------------------------------------------------

_Say = Callable[[Change, Change, Known], Phrase]


def _plain(head: str, short: str = "") -> _Say:
    return lambda _change, _example, _known: Phrase(head=head, short=short)


def _two(head: str, short: str = "") -> _Say:
    return lambda change, _example, _known: _values(head, _before_after(change), short=short)


def _organisation_added(change: Change, _example: Change, _known: Known) -> Phrase:
    return Phrase(head=f"Organisation {'listed again' if change.details.listed_again else 'new on the register'}")


def _organisation_renamed(change: Change, _example: Change, _known: Known) -> Phrase:
    with_slugs = isinstance(change.before, tuple)
    old, new = (side[0] if isinstance(side, tuple) else side for side in (change.before, change.after))
    note = "The old page is gone; all its agreements stand on the new one." if with_slugs else ""
    return Phrase(head="Organisation renamed", form="pair", lines=(("out", str(old)), ("in", str(new))), note=note)


def _agreement_added(change: Change, _example: Change, known: Known) -> Phrase:
    again = change.details.listed_again
    facts = [f"with {_count(known.datasets, 'dataset')}"] if known.datasets is not None else []
    if known.named:
        among = "one of them" if len(known.named) == 1 else "among them"
        alone = known.datasets is not None and known.datasets == len(known.named)
        which = listed(known.named)
        facts = [f"{facts[0]}: {which}"] if alone else [*facts, f"{among} {which}" if facts else f"with {which}"]
    facts += [f"printed term {known.term}"] if known.term else []
    short = "agreement listed again" if again else "new agreement"
    head = "Listed again" if again else "New on the register’s pages"
    return Phrase(head=head, joint=",", tail=", ".join(facts), short=short)


def _agreement_moved(_change: Change, example: Change, known: Known) -> Phrase:
    values = [(mark, known.pages.get(slug, slug)) for mark, slug in moved_values(example)]
    marks = {mark for mark, _ in values}
    if {"in", "out"} <= marks and len(values) == 2:
        return Phrase(head="Moved to another page", form="pair", lines=tuple(values), short="agreement moved")
    came = "Moved to another page" if "out" in marks else "Now also on another page"
    head = came if "in" in marks else "No longer on a page"
    return _values(head, values, short=f"agreement {_lower(head)}")


def _name(head: str, mark: Mark, short: str) -> _Say:
    """Return the phrase of a dataset or controller that came or went."""

    def say(change: Change, _example: Change, _known: Known) -> Phrase:
        names = change.added if mark == "in" else change.removed
        return _values(head, [(mark, name) for name in names], short=short.format(listed(map(short_name, names))))

    return say


def _dataset_relabelled(change: Change, example: Change, _known: Known) -> Phrase:
    head = "Dataset probably under a newer name" if change.substantive else "Dataset under a newer name"
    return _renamed(head, change, example)


def _controller_succeeded(change: Change, example: Change, _known: Known) -> Phrase:
    head = "Data controller presumably succeeded" if change.substantive else "Data controller succeeded"
    return replace(_renamed(head, change, example), form="pair")


def _renamed(head: str, change: Change, example: Change) -> Phrase:
    """Return the phrase of an old and a new name; a group without members knows only what came and went."""
    if example.before is None:
        return _values(head, set_values(change))
    beside = "" if example.removed else "The earlier name still stands beside it."
    beside = beside if example.added else "The newer name stood beside it already."
    return _values(head, renamed_values(example), note=beside)


def _dates(head: str, tails: Mapping[str, str]) -> _Say:
    """Return the phrase of a date of a term or window, and in a note what happened to the other date."""

    def say(change: Change, _example: Change, _known: Known) -> Phrase:
        values = _before_after(change)
        if whole := came_or_went(change.details):
            values = [(mark, text if mark == "same" else f"{whole.start} to {whole.end}") for mark, text in values]
            return _values(head, values)
        tail = tails.get(change.field or "", "")
        if change.field == "when_note":
            values = [(mark, text if mark == "same" else f"“{text}”") for mark, text in values]
        return _values(head, values, tail=tail, joint="," if tail else ":", note=_other_date(change))

    return say


def _other_date(change: Change) -> str:
    """Return what became of the date of a term that `before` and `after` do not say, or stands in place of one."""
    moves = moved_dates(change.details)
    if len(moves) == 2:
        return f"The printed start {moved_in_words(change.details, 'start')}."
    word = change.details.term_after.word if change.details.term_after else None
    is_instead = [bool(old and not new) for old, new in moves.values()] == [True]
    return f"The page now reads “{word}”." if word and is_instead else ""


_FAMILIES = {
    "copi-regulations": "support under the COPI regulations",
    "s251-support": "section 251 support",
    "consent": "consent",
    "directions-s254-s259": "a direction under sections 254 to 259",
    "srsa2007-s42(4)": "section 42(4) of the Statistics and Registration Service Act",
    "srsa2007-other": "the Statistics and Registration Service Act",
    "police/court": "a police or court basis",
    "other": "a basis of another kind",
    "s261-dissemination": "section 261 dissemination",
}


def family_in_words(family: str) -> str:
    """Return a family of legal bases as it stands in a sentence.

    >>> family_in_words("s251-support")
    'section 251 support'
    """
    return _FAMILIES.get(family, family)


def _legal_basis(change: Change, _example: Change, _known: Known) -> Phrase:
    what = _new_or_gone(change)
    pins = _same_act(change)
    if pins:
        act, was, now = pins
        return Phrase(
            head=f"Legal basis: {what}",
            form="pair",
            lines=(("out", was), ("in", now)),
            note=f"{act[:1].upper()}{act[1:]}.",
            short="legal basis changed",
        )
    values = [(mark, basis_in_words(basis)) for mark, basis in set_values(change)]
    named = " is new" in what or " are new" in what or what.endswith("no longer cited")
    short = what.replace(" is new", " new").replace(" are new", " new") if named else "legal basis changed"
    return Phrase(head=f"Legal basis: {what}", form="lines" if values else "sentence", lines=_few(values), short=short)


def _new_or_gone(change: Change) -> str:
    """Return what is new or gone among the families of legal bases."""
    came, went = ([family_in_words(one) for one in families] for families in change.families or ((), ()))
    if not (change.after or change.added or change.group):
        return "none cited now"
    if came or went:
        new = [f"{listed(came)} {'is' if len(came) == 1 else 'are'} new"] if came else []
        return ", ".join([*new, *([f"{listed(went)} no longer cited"] if went else [])])
    if change.severity == "info":
        return "section now cited"
    same = "cited limb changed" if _same_act(change) else "citations changed"
    return f"{same}, family unchanged" if change.families else same


def _same_act(change: Change) -> tuple[str, str, str] | None:
    """Return (act, old pin, new pin) where one limb of an act replaced another and nothing else is cited."""
    if [mark for mark, _ in set_values(change)] != ["out", "in"]:
        return None
    (old,), (new,) = change.removed, change.added
    act, *acts = (spell_out(basis).partition(" of the ")[2] for basis in (old, new))
    pins = [basis.partition(":")[2] for basis in (old, new)]
    if not act or [act] != acts or not all(pins) or any("?" in pin for pin in pins):
        return None
    return act, pins[0], pins[1]


def _set(change: Change, _example: Change, _known: Known) -> Phrase:
    """Return the phrase of a set that is told as a whole."""
    head = _HEADS[change.kind]
    short = f"{_lower(head)} changed"
    came = change.added
    if len(came) == 1 and not change.removed and len(came[0]) <= SHORT // 2:
        gain = "gain" if head.endswith("s") else "gains"
        short = f"{_lower(head)} {gain} “{came[0]}”"
        head = f"{head} {gain} “{_safe(came[0])}”"
    is_set = isinstance(change.before, tuple) or isinstance(change.after, tuple)
    sides = [_joined(change.before), _joined(change.after)]
    if is_set and all(len(side) <= SHORT for side in sides):
        marks: tuple[Mark, ...] = ("out", "in")
        values = [(m, s) if s else ("same", NONE_PRINTED) for m, s in zip(marks, sides, strict=True)]
        return Phrase(head=head, form="pair", lines=tuple(values), short=short)
    return _values(head, set_values(change), short=short)


def _joined(values: Held) -> str:
    return one_line(", ".join(several(values)))


_HEADS = {ChangeKind(one.kind): one.short for one in FIELDS.values() if one.comparing is Comparing.SET}


def _text(change: Change, example: Change, _known: Known) -> Phrase:
    """Return the phrase of prose: how many words changed, and the first of them where they stand."""
    name = NAMES[change.field or ""]
    appears = not change.group and not change.before
    goes = not change.group and not change.after
    what = "now printed" if appears else "no longer printed" if goes else "reworded"
    runs = excerpt(single(example.before), single(example.after), LONGEST_PROSE)
    note = "Shown as in the first of them." if change.group and runs else ""
    tail = _word_count(change.details, what)
    return Phrase(head=f"{name} {what}", tail=tail, form="prose" if runs else "sentence", runs=runs, note=note)


def _word_count(details: Details, what: str) -> str:
    out, into = details.words_out, details.words_in
    if out is None or into is None:
        return ""
    whole = {"now printed": into, "no longer printed": out}.get(what)
    return words_out_and_in(details) if whole is None else counted(whole, "word")


def _own_words(head: str, short: str = "") -> _Say:
    """Return the phrase of what the page says in words of its own; they stand in quotation marks."""

    def say(change: Change, _example: Change, _known: Known) -> Phrase:
        sides: tuple[tuple[Mark, str], ...] = (("out", single(change.before)), ("in", single(change.after)))
        values = [(mark, f"“{cut(one_line(said), LONGEST_VALUE - 2)}”") for mark, said in sides if said]
        return _values(head, values, note=OWN_WORDS, short=short)

    return say


def _layout(change: Change, _example: Change, _known: Known) -> Phrase:
    where = f"on pages with {_count(change.agreements, 'agreement')}"
    return _values("Layout of the site changed", _before_after(change), joint=",", tail=where)


def _wording(change: Change, example: Change, _known: Known) -> Phrase:
    if change.field == "discussions" and change.removed and not change.added:
        return _values("Discussion no longer named", [("out", name) for name in change.removed])
    name = NAMES.get(change.field or "", "")
    head = "Same meaning, printed otherwise"
    if change.field in PROSE:
        return Phrase(head=head, tail=name)
    before, after = (several(value) or (single(value),) for value in (example.before, example.after))
    values: list[Value] = [("out", value) for value in before if value and value not in after]
    values += [("in", value) for value in after if value and value not in before]
    return _values(head, values, tail=name)


_PHRASES: dict[ChangeKind, _Say] = {
    ChangeKind.ORGANISATION_ADDED: _organisation_added,
    ChangeKind.ORGANISATION_REMOVED: _plain("Organisation no longer on the register"),
    ChangeKind.ORGANISATION_RENAMED: _organisation_renamed,
    ChangeKind.AGREEMENT_ADDED: _agreement_added,
    ChangeKind.AGREEMENT_REMOVED: _plain("No longer on the register’s pages", "agreement no longer on the pages"),
    ChangeKind.AGREEMENT_MOVED: _agreement_moved,
    ChangeKind.REFERENCE_CHANGED: _two("Reference changed"),
    ChangeKind.DATASET_ADDED: _name("Dataset added", "in", "{} added"),
    ChangeKind.DATASET_REMOVED: _name("Dataset removed", "out", "{} no longer listed"),
    ChangeKind.DATASET_RELABELLED: _dataset_relabelled,
    ChangeKind.DSA_EXTENDED: _dates("Printed end moved later", {}),
    ChangeKind.DSA_SHORTENED: _dates("Printed end moved earlier", {}),
    ChangeKind.DSA_TERM_CHANGED: _dates("Printed term changed", {"dsa_start": "start", "dsa_end": "end"}),
    ChangeKind.RELEASES_CONTINUED: _dates("Releases continued", {}),
    ChangeKind.RELEASE_WINDOW_CHANGED: _dates(
        "Release window changed", {"released_from": "first month", "released_to": "last month"}
    ),
    ChangeKind.LEGAL_BASIS_CHANGED: _legal_basis,
    ChangeKind.CONTROLLER_ADDED: _name("Data controller added", "in", "data controller added"),
    ChangeKind.CONTROLLER_REMOVED: _name("Data controller removed", "out", "data controller no longer listed"),
    ChangeKind.CONTROLLER_SUCCEEDED: _controller_succeeded,
    ChangeKind.TITLE_CHANGED: _two("Title changed"),
    ChangeKind.TEXT_CHANGED: _text,
    ChangeKind.DISCUSSION_ADDED: lambda change, _example, _known: _values("Discussion added", set_values(change)),
    ChangeKind.INCIDENT_NOTED: _own_words("A remark now stands beside the dates", "a remark beside the dates"),
    ChangeKind.INCIDENT_REMOVED: _own_words("A remark no longer stands beside the dates"),
    ChangeKind.FLAG_RAISED: _own_words("The page raises a flag", "a flag on the page"),
    ChangeKind.FLAG_CLEARED: _own_words("The page no longer raises a flag"),
    ChangeKind.FILES_COUNT_CHANGED: _two("Files disseminated"),
    ChangeKind.LAYOUT_CHANGED: _layout,
    ChangeKind.WORDING_CHANGED: _wording,
}


# --- groups -----------------------------------------------------------------------------------------------------------


def _of_group(said: Phrase, change: Change, as_member: bool) -> Phrase:
    """Return the phrase of the edit, with its head in second place after how many agreements it is on."""
    agreements = _count(change.agreements, "agreement")
    places = change.details.organisations
    at = f" at {_count(places, 'organisation')}" if places else ""
    head = f"One of {agreements} with the same edit" if as_member else f"The same edit on {agreements}{at}"
    tail = said.head + (f"{said.joint} {said.tail}" if said.tail else "")
    short = f"{said.short or _lower(said.head)} on {agreements}"
    return replace(said, head=head, joint=".", tail=tail, short=short)
