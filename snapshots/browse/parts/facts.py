"""An agreement in facts: what each field says, what it said before, and what differs between two of its states.

Not printed is not empty: what the page's layout does not print, what it leaves out and a label with nothing behind it
are three different things, and each has words of its own. Pure.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from diff.saying.english import day
from diff.saying.redline import Run, redline
from diff.saying.sentence import NAMES
from scraper.names.fold import fold
from scraper.records import SECTIONS, Agreement
from scraper.text import one_line
from snapshots.browse.parts.versions import Version

PROSE = ("purposes_text", *SECTIONS)

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


@dataclass(frozen=True, slots=True)
class _Field:
    label: str
    names: tuple[str, ...]
    """Fields of the record; the first decides whether the page prints it."""
    say: Callable[[Agreement, tuple[str, ...]], Said]
    always: bool = True
    """Whether it is worth saying that it is missing."""


def _set(agreement: Agreement, names: tuple[str, ...]) -> Said:
    values = getattr(agreement, names[0])
    if values is None:
        return Said(quiet=NONE_PRINTED)
    return Said(values=tuple(map(one_line, values))) if values else Said(quiet=NOTHING_BEHIND)


def _text(agreement: Agreement, names: tuple[str, ...]) -> Said:
    value = getattr(agreement, names[0])
    return Said(values=(one_line(value),)) if value else Said(quiet=NONE_PRINTED)


def _span(agreement: Agreement, names: tuple[str, ...]) -> Said:
    first, last = (getattr(agreement, name) for name in names)
    if first and last:
        return Said(values=(first, last), between="to")
    if first or last:
        return Said(values=(f"from {first}" if first else f"to {last}",))
    return Said(quiet=NONE_PRINTED)


def _access(agreement: Agreement, names: tuple[str, ...]) -> Said:
    said = _set(agreement, names)
    noted = agreement.system_access_note and said.values
    return Said(values=(*said.values, "(an explanation of system access stands under it)")) if noted else said


_FIELDS = (
    _Field("Title", ("title",), _text, always=False),
    _Field("Data controllers", ("controllers",), _set),
    _Field("Printed term", ("dsa_start", "dsa_end"), _span),
    _Field("Releases", ("released_from", "released_to"), _span),
    _Field("Remark beside the dates", ("when_note",), _text, always=False),
    _Field("Opt-outs honoured", ("opt_outs",), _set),
    _Field("Confidentiality", ("confidentiality",), _set),
    _Field("Type of data", ("type_of_data",), _set),
    _Field("Sensitive", ("sensitivity",), _set),
    _Field("Commercial purpose", ("commercial",), _set),
    _Field("Sublicensing", ("sublicensing",), _set),
    _Field("Access method", ("access_methods",), _access),
    _Field("Organisation type", ("organisation_types",), _set),
    _Field("Discussions", ("discussions",), _set, always=False),
)


def facts_of(line: Sequence[Version]) -> list[Fact]:
    """Return what the last state of *line* says field by field, with what each said before."""
    return [fact for field in _FIELDS if (fact := _fact(line, field))]


def _fact(line: Sequence[Version], field: _Field) -> Fact | None:
    said = _said(line[-1].agreement, field)
    was = _was(line, field, said)
    nothing = said.quiet in (NOT_ON_PAGE, NONE_PRINTED)
    if (nothing and not field.always and not was) or (field.label == "Title" and not was):
        return None  # the title stands above the page
    return Fact(label=field.label, said=said, was=was)


def _said(agreement: Agreement, field: _Field) -> Said:
    if field.names[0] in agreement.unprinted:
        return Said(quiet=NOT_ON_PAGE)
    return field.say(agreement, field.names)


def _was(line: Sequence[Version], field: _Field, said: Said) -> str:
    """Return the value before, and until when it stood; nothing if there was no other."""
    changed_at = line[-1].first_seen
    for version in reversed(line[:-1]):
        earlier = _said(version.agreement, field)
        if earlier.quiet != NOT_ON_PAGE and _key(earlier) != _key(said):
            return _until(day(changed_at), field, earlier, said)
        if earlier.quiet != NOT_ON_PAGE or said.quiet == NOT_ON_PAGE:
            changed_at = version.first_seen
    return ""


def _until(date: str, field: _Field, earlier: Said, now: Said) -> str:
    if earlier.quiet:
        return f"Until {date}: {earlier.quiet}"
    if field.label == "Printed term" and len(earlier.values) == len(now.values) == 2:
        (start, end), (start_now, end_now) = earlier.values, now.values
        if start == start_now:
            return f"Until {date} the printed end was {end}"
        if end == end_now:
            return f"Until {date} the printed start was {start}"
    if field.label == "Releases" and len(earlier.values) == len(now.values) == 2 and earlier.values[0] == now.values[0]:
        return f"Until {date} to {earlier.values[1]}"
    return f"Until {date}: {earlier.text}"


def _key(said: Said) -> frozenset[str]:
    return frozenset(map(fold, said.values)) if said.values else frozenset({f"({said.quiet})"})


# --- prose ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of prose."""

    name: str
    paragraphs: Sequence[str]
    words: int


def prose_of(agreement: Agreement) -> list[Section]:
    """Return the prose that a state prints."""
    found = []
    for name in PROSE:
        paragraphs = [one_line(text) for text in (getattr(agreement, name) or "").split("\n")]
        paragraphs = [text for text in paragraphs if text]
        if paragraphs:
            words = sum(len(text.split()) for text in paragraphs)
            found.append(Section(name=NAMES[name], paragraphs=paragraphs, words=words))
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
class Comparison:
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


def same_prose(one: Agreement, other: Agreement) -> bool:
    """Say whether two states have the same prose, as far as both print it."""
    return not any(True for _ in _reworded(one, other))


def _reworded(before: Agreement, after: Agreement) -> Iterator[str]:
    for name in PROSE:
        old, new = getattr(before, name) or "", getattr(after, name) or ""
        if name not in before.unprinted | after.unprinted and old != new and fold(old) != fold(new):
            yield name


def comparison(before: Agreement, after: Agreement) -> Comparison:
    """Return what differs between two states."""
    reworded = list(_reworded(before, after))
    silent = [name for name in PROSE if (name in before.unprinted) != (name in after.unprinted)]
    same = [name for name in PROSE if name not in (*reworded, *silent) and getattr(after, name)]
    pairs = [(field.label, _said(before, field), _said(after, field)) for field in _FIELDS]
    return Comparison(
        facts=[pair for pair in [*pairs, *_further(before, after)] if _key(pair[1]) != _key(pair[2])],
        sections=[_section(name, getattr(before, name) or "", getattr(after, name) or "") for name in reworded],
        unchanged=[NAMES[name] for name in same],
        silent=[NAMES[name] for name in silent],
    )


def _further(before: Agreement, after: Agreement) -> Iterator[tuple[str, Said, Said]]:
    """Yield the fields that have a part of their own on the page."""
    yield "Datasets", _said(before, _DATASETS), _said(after, _DATASETS)
    yield "Legal basis", _said(before, _BASES), _said(after, _BASES)


def _bases(agreement: Agreement, names: tuple[str, ...]) -> Said:
    values = getattr(agreement, names[0])
    if values is None:
        return Said(quiet=NONE_PRINTED)
    return Said(values=tuple(one_line(one.printed) for one in values)) if values else Said(quiet=NOTHING_BEHIND)


_DATASETS = _Field("Datasets", ("datasets",), _set)
_BASES = _Field("Legal basis", ("legal_bases",), _bases)


def _section(name: str, before: str, after: str) -> Reworded:
    changed = redline(before, after)
    return Reworded(
        name=NAMES[name],
        words_out=changed.words("out"),
        words_in=changed.words("in"),
        paragraphs=list(_paragraphs(changed.paragraphs)),
    )


def _paragraphs(found: Sequence[tuple[Run, ...]]) -> Iterator[Paragraph]:
    unchanged = 0
    for runs in found:
        if all(run.mark == "same" for run in runs):
            unchanged += 1
            continue
        if unchanged:
            yield Paragraph(unchanged=unchanged)
        unchanged = 0
        yield Paragraph(runs=tuple(Run(run.mark, one_line(run.text)) for run in runs))
    if unchanged:
        yield Paragraph(unchanged=unchanged)
