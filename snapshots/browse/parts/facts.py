"""An agreement in facts: what each field says, what it said before, and what differs between two of its states.

Not printed is not empty: what the page's layout does not print, what it leaves out and a label with nothing behind it
are three different things, and each has words of its own. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.saying.english import day, listed
from diff.saying.redline import Redline, Run, redline
from diff.saying.sentence import NAMES
from scraper.fields import Field, Sort
from scraper.names.fold import fold
from scraper.records import FIELDS, PROSE, Agreement
from scraper.text import cut, one_line
from scraper.times import end_of
from snapshots.browse.app.request import BadAddressError, QueryWords
from snapshots.browse.parts.versions import Version

NOT_ON_PAGE = "not on the page"
NONE_PRINTED = "none printed"
NOTHING_BEHIND = "nothing after the label"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a field says: values, or in `quiet` words why there are none."""

    values: tuple[str, ...] = ()
    quiet: str = ""
    between: str = ""
    """Words between two values on one line; without them each value has a line of its own."""

    @property
    def text(self) -> str:
        """All of it in one piece."""
        return self.quiet or (f" {self.between} " if self.between else "; ").join(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A field with its name, what it says, and what it said before."""

    label: str
    said: Said
    was: str = ""


_FIRST = (
    "title", "controllers", "dsa_start", "dsa_end", "released_from", "released_to", "when_note", "opt_outs",
    "confidentiality", "type_of_data", "sensitivity", "commercial", "sublicensing", "access_methods",
)  # fmt: skip
"""What is asked first; other fields follow in their public order."""
_PARTS_OF_THEIR_OWN = ("datasets", "legal_bases")
"""Fields that stand elsewhere on the page, but among the facts where two states are compared."""


def _headings() -> dict[str, list[Field]]:
    """Return the fields that stand together under one heading, by heading, in the order of the page."""
    others = (name for name in FIELDS if name not in _PARTS_OF_THEIR_OWN)
    found: dict[str, list[Field]] = {}
    for name in dict.fromkeys((*_FIRST, *others, *_PARTS_OF_THEIR_OWN)):
        if FIELDS[name].heading and name not in PROSE:
            found.setdefault(FIELDS[name].heading, []).append(FIELDS[name])
    return found


_HEADINGS = _headings()


def _say(agreement: Agreement, fields: Sequence[Field]) -> Said:
    """Return what the *fields* under one heading say; the first decides whether the page prints them."""
    if fields[0].name in agreement.unprinted:
        return Said(quiet=NOT_ON_PAGE)
    if fields[0].sort in (Sort.DATE, Sort.MONTH):
        return _say_span(*(getattr(agreement, one.name) for one in fields))
    value = getattr(agreement, fields[0].name)
    if not value:
        return Said(quiet=NOTHING_BEHIND if value == () else NONE_PRINTED)
    values = (value,) if isinstance(value, str) else (v if isinstance(v, str) else v.printed for v in value)
    notes = [_NOTES[one.name] for one in fields[1:] if getattr(agreement, one.name)]
    return Said(values=(*map(one_line, values), *notes))


def _say_span(first: str | None, last: str | None) -> Said:
    if first and last:
        return Said(values=(first, last), between="to")
    if first or last:
        return Said(values=(f"from {first}" if first else f"to {last}",))
    return Said(quiet=NONE_PRINTED)


_NOTES = {"system_access_note": "(an explanation of system access stands under it)"}


def facts_of(line: Sequence[Version]) -> list[Fact]:
    """Return what the last state of *line* says field by field, with what each said before."""
    shown = {heading: own for heading, own in _HEADINGS.items() if own[0].name not in _PARTS_OF_THEIR_OWN}
    return [fact for heading, fields in shown.items() if (fact := _fact(line, heading, fields))]


def _fact(line: Sequence[Version], heading: str, fields: Sequence[Field]) -> Fact | None:
    said = _say(line[-1].agreement, fields)
    was = _was(line, fields, said)
    nothing = said.quiet in (NOT_ON_PAGE, NONE_PRINTED)
    # Where nothing is printed and nothing ever was, a row of a rare field would say "none" on nearly every page.
    if (nothing and fields[0].rare and not was) or (fields[0].name == "title" and not was):
        return None  # the title stands above the page
    return Fact(label=heading, said=said, was=was)


def _was(line: Sequence[Version], fields: Sequence[Field], said: Said) -> str:
    """Return the value before, and until when it stood; nothing if there was no other."""
    changed_at = line[-1].first_seen
    for version in reversed(line[:-1]):
        earlier = _say(version.agreement, fields)
        if earlier.quiet != NOT_ON_PAGE and _key(earlier) != _key(said):
            return _until(day(changed_at), fields[0].sort, earlier, said)
        # A layout that does not print the field does not say when it changed either.
        if earlier.quiet != NOT_ON_PAGE or said.quiet == NOT_ON_PAGE:
            changed_at = version.first_seen
    return ""


def _until(date: str, sort: Sort, earlier: Said, now: Said) -> str:
    if earlier.quiet:
        return f"Until {date}: {earlier.quiet}"
    if sort is Sort.DATE and len(earlier.values) == len(now.values) == 2:
        # Where one of two dates moved, that one is named: of a whole term the reader would have to look for it.
        (start, end), (start_now, end_now) = earlier.values, now.values
        if start == start_now:
            return f"Until {date} the printed end was {end}"
        if end == end_now:
            return f"Until {date} the printed start was {start}"
    if sort is Sort.MONTH and len(earlier.values) == len(now.values) == 2 and earlier.values[0] == now.values[0]:
        return f"Until {date} to {earlier.values[1]}"
    return f"Until {date}: {earlier.text}"


def _key(said: Said) -> frozenset[str]:
    return frozenset(map(fold, said.values)) if said.values else frozenset({f"({said.quiet})"})


# --- prose ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ProseSection:
    """A section of prose."""

    name: str
    paragraphs: Sequence[str]
    words: int


def prose_of(agreement: Agreement) -> list[ProseSection]:
    """Return the prose that a state prints."""
    found = []
    for name in PROSE:
        paragraphs = [one_line(text) for text in (getattr(agreement, name) or "").split("\n")]
        paragraphs = [text for text in paragraphs if text]
        if paragraphs:
            words = sum(len(text.split()) for text in paragraphs)
            found.append(ProseSection(name=NAMES[name], paragraphs=paragraphs, words=words))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph of a redline; or how many in a row are as they were."""

    runs: tuple[Run, ...] = ()
    unchanged: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether all of it is new, or gone."""
        return len(self.runs) == 1 and self.runs[0].mark != "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reworded:
    """A section that differs between two states."""

    name: str
    words_out: int
    words_in: int
    paragraphs: Sequence[Paragraph]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementDifference:
    """What differs between two states of an agreement."""

    facts: Sequence[tuple[str, Said, Said]]
    sections: Sequence[Reworded]
    unchanged: Sequence[str]
    """Sections that say the same."""
    silent: Sequence[str]
    """Sections that one of the two pages does not print."""

    @property
    def words_out(self) -> int:
        """Words taken out, in all sections."""
        return sum(section.words_out for section in self.sections)

    @property
    def words_in(self) -> int:
        """Words put in."""
        return sum(section.words_in for section in self.sections)


def _reworded(before: Agreement, after: Agreement) -> Iterator[str]:
    for name in PROSE:
        old, new = getattr(before, name) or "", getattr(after, name) or ""
        if name not in before.unprinted | after.unprinted and old != new and fold(old) != fold(new):
            yield name


def comparison(before: Agreement, after: Agreement) -> AgreementDifference:
    """Return what differs between two states."""
    reworded = list(_reworded(before, after))
    silent = [name for name in PROSE if (name in before.unprinted) != (name in after.unprinted)]
    same = [name for name in PROSE if name not in (*reworded, *silent) and getattr(after, name)]
    pairs = [(heading, _say(before, own), _say(after, own)) for heading, own in _HEADINGS.items()]
    return AgreementDifference(
        facts=[pair for pair in pairs if _key(pair[1]) != _key(pair[2])],
        sections=[_section(name, getattr(before, name) or "", getattr(after, name) or "") for name in reworded],
        unchanged=[NAMES[name] for name in same],
        silent=[NAMES[name] for name in silent],
    )


def _section(name: str, before: str, after: str) -> Reworded:
    changed = redline(before, after)
    return Reworded(
        name=NAMES[name],
        words_out=changed.words("out"),
        words_in=changed.words("in"),
        paragraphs=paragraphs_of(changed),
    )


def paragraphs_of(found: Redline, *, around: int = 0) -> list[Paragraph]:
    """Return a redline without what is far from any difference: so many paragraphs *around* one are shown."""
    differ = [any(run.mark != "same" for run in runs) for runs in found.paragraphs]
    shown: list[Paragraph] = []
    for n, runs in enumerate(found.paragraphs):
        if any(differ[max(0, n - around) : n + around + 1]):
            shown.append(Paragraph(runs=tuple(Run(run.mark, one_line(run.text)) for run in runs)))
        elif shown and shown[-1].unchanged:
            shown[-1] = Paragraph(unchanged=shown[-1].unchanged + 1)
        else:
            shown.append(Paragraph(unchanged=1))
    return shown


# --- which two states -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A time at which the agreement began to say something else."""

    time: str
    value: str
    """What stands for it in an address: its day, or its time where two states began on one day."""
    name: str
    version: Version


def rewording(words: QueryWords, states: Sequence[State], at: str) -> Mapping[str, Any]:
    """Return the comparison of two states up to a time: those asked for, or the newest rewording."""
    asked_for = bool(words.one("from") or words.one("to"))
    known = [state for state in states if state.time <= at]
    after = _state_at(known, words.one("to"), "to") or known[-1]
    before = _state_at(known, words.one("from"), "from")
    if before is None and after is known[0]:
        before = after
    if before is None:
        earlier = [state for state in known if state.time < after.time]
        # Nobody asked for two states: the newest rewording is shown, past states that differ in other fields.
        other = (state for state in reversed(earlier) if not _same_prose(state, after))
        before = next(other, earlier[-1])
    compared = comparison(before.version.agreement, after.version.agreement)
    names = [section.name for section in compared.sections]
    return {
        "before": before,
        "after": after,
        "after_begins": _prose_begins(known, after) if not asked_for else after,
        "compared": compared,
        "facts": compared.facts if asked_for else [],
        "title": f"{listed(names) if len(names) <= 2 else 'The prose'}, before and after" if names else "Word by word",
        "asked_for": asked_for,
        "known": known,
    }


def _prose_begins(known: Sequence[State], after: State) -> State:
    """Return since when the prose has been that of *after*."""
    begins = after
    for state in reversed([state for state in known if state.time < after.time]):
        if not _same_prose(state, after):
            break
        begins = state
    return begins


def _same_prose(one: State, other: State) -> bool:
    return not any(True for _ in _reworded(one.version.agreement, other.version.agreement))


def _state_at(known: Sequence[State], typed: str, name: str) -> State | None:
    if not typed:
        return None
    try:
        time = end_of(typed)
    except (ValueError, OverflowError) as error:
        raise BadAddressError(f"“{cut(typed, 60)}” is no date; write {name} as 2026-11-21.") from error
    return next((state for state in reversed(known) if state.time <= time), known[0])
