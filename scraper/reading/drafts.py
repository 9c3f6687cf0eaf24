"""The lines of one agreement, sorted: which belong to which header label, to the datasets, to which section, to none.

Nothing is understood here but labels. The order of header labels is free, any may be missing; prose begins with the
first section's label and ends the header for good. Every line has an owner (design rule 16): what is in no field is in
the remainder.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from scraper.names.fold import fold
from scraper.reading.blocks import NAMING, Line, is_item, label_of, leads_elsewhere, without_mark
from scraper.reading.headings import Titles
from scraper.reading.layouts import (
    FIELDS_OF_LABEL,
    HEADING_LABELS,
    L0_BARE_LINES,
    L0_INLINE_SECTIONS,
    L0_LABELS,
    LIST_LABELS,
    Label,
    known_label,
    section_label,
)
from scraper.records import Owned

_WITH_BRACKETS = frozenset(("Purposes", "Opt outs honoured", "When"))
# A label that nobody knows is a few words with a colon. A sentence of prose has one too, and must not become a field.
_LONGEST_UNKNOWN_LABEL = 60
_MOST_WORDS = 7
_ACCESS_NOTE = fold("System access")
REMAINDER = "remainder"


class Style(NamedTuple):
    """How a page is written, so far as its lines cannot be sorted without knowing."""

    layout: str
    is_markup: bool = True
    labels_apart: bool = False  # labels and their values stand on lines of their own
    lost_heads: bool = False  # a text form that lost `Datasets:`, `Objectives:` and most `Data-controller type:` lines
    old_benefits: bool = False  # the older half of L1, where `Benefits:` is a label

    def label(self, line: Line) -> Label | None:
        """Return the header label that *line* begins with, of those that this page may have."""
        return line.label and label_of(line, L0_LABELS if self.layout == "L0" else HEADING_LABELS)

    def section(self, line: Line) -> tuple[str, str] | None:
        """Return the section that begins with *line*, and what stands behind the label on the same line."""
        if self.layout == "L0":
            label, colon, rest = line.text.partition(":")
            return (L0_INLINE_SECTIONS[label], rest.strip()) if colon and label in L0_INLINE_SECTIONS else None
        name = line.section
        if name is None or (not self.old_benefits and is_old_benefits(line)):
            return None
        return name, ""


def is_old_benefits(line: Line) -> bool:
    """Say whether *line* is the label `Benefits:` of 2018, which newer pages know as a word of their prose."""
    return fold(line.text).startswith("benefit") and line.section is not None


@dataclass(slots=True)
class HeaderEntry:
    """A header label and the lines that follow it up to the next one. An unknown label has no name."""

    name: str
    printed: str
    value: str
    parts: tuple[str, ...] = ()
    """The value's parts, where the markup keeps several apart on the label's own line."""
    lines: list[Line] = field(default_factory=list)
    kind: str = ""
    """What the markup calls the label's line."""

    def texts(self) -> list[str]:
        """Return the lines of the value."""
        below = [line.text for line in self.lines]
        return [self.value, *below] if self.value else below

    @property
    def is_apart(self) -> bool:
        """Whether the markup keeps its values apart."""
        return bool(self.parts) or any(line.parts or is_item(line) or line.kind == "cell" for line in self.lines)

    def values(self) -> list[str]:
        """Return the value, or the values that the markup keeps apart: items of a list, cells, parts of a line."""
        texts = self.texts()
        if self.name == "Purposes":
            return ["\n".join(texts)]
        if self.name == "When" or not self.is_apart:
            return [" ".join(texts)]
        own = self.parts or ((self.value,) if self.value else ())
        return [*own, *(part for line in self.lines for part in line.parts or (without_mark(line.text),))]


@dataclass(slots=True)
class Draft:
    """One agreement's lines, sorted."""

    entries: list[HeaderEntry]
    datasets: list[str] | None
    sections: dict[str, list[str]]
    remainder: list[str]
    system_access: bool
    """Whether the bracketed sentence on system access stands there."""
    tail: list[Owned] = field(default_factory=list)
    """The lines below the last label, in order."""
    under_heading: int = 0
    """Lines between the heading and the first label."""

    @property
    def leads_with_values(self) -> bool:
        """Whether its first value stands before any label, and nothing behind its last one."""
        last = [entry for entry in self.entries if entry.name not in LIST_LABELS][-1:]
        return self.under_heading > 0 and any(not entry.texts() for entry in last)

    @property
    def unknown(self) -> list[str]:
        """The labels that are not known, as printed."""
        return list(dict.fromkeys(entry.printed for entry in self.entries if not entry.name))

    def values(self) -> dict[str, list[str]]:
        """Return for each known header label the values it has: at least one for each time it stands there."""
        values: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.name and entry.name not in LIST_LABELS:
                values.setdefault(entry.name, []).extend(entry.values())
        return values

    def keeps_apart(self, label: str) -> bool:
        """Say whether the markup keeps several values of *label* apart."""
        return any(entry.name == label and entry.is_apart and len(entry.values()) > 1 for entry in self.entries)

    def printed(self) -> dict[str, str]:
        """Return every header line as it stood, by its label as printed."""
        printed: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.name not in LIST_LABELS:
                printed.setdefault(entry.printed, []).append("\n".join(entry.texts()))
        return {label: "\n".join(texts) for label, texts in printed.items()}


def draft_of(lines: Sequence[Line], style: Style, titles: Titles) -> Draft:
    """Return the *lines* of one agreement, its heading left out, sorted."""
    lines = [line for line in lines if not line.aside]
    prose_at = _find_prose(lines, style)
    header, lost = split_lost(lines[:prose_at]) if style.lost_heads else (lines[:prose_at], [])
    sorted_ = _Header(style, titles)
    sorted_.take(header)
    datasets, left = _lost_list(lost) if style.lost_heads else _take_datasets(sorted_.entries)
    draft = Draft(sorted_.entries, datasets, {}, sorted_.remainder, sorted_.system_access)
    draft.under_heading = sorted_.under_heading
    prose = lines[prose_at:]
    if (
        style.lost_heads
        and left
        and not any(begins and begins[0] == "objectives" for begins in map(style.section, prose))
    ):
        draft.sections["objectives"] = [line.text for line in left]
        draft.tail = [Owned("objectives", line.text) for line in left]
        left = []
    _leave(draft, left, titles)
    _sort_prose(draft, prose, style, titles)
    return draft


def _leave(draft: Draft, left: Iterable[Line], titles: Titles) -> None:
    """Give the lines behind the list of datasets to the remainder."""
    rest = [line.text for line in left if not titles.repeats(line.text)]
    draft.remainder += rest
    if draft.datasets and not draft.sections:
        draft.tail += [Owned("datasets", name) for name in draft.datasets]
    draft.tail += [Owned(REMAINDER, text) for text in rest]


def has_list_label(lines: Sequence[Line]) -> bool:
    """Say whether there is a `Datasets:` among the *lines* of a header."""
    return any(label and label.name == "Datasets" for label in map(label_of, lines))


def split_lost(header: Sequence[Line]) -> tuple[Sequence[Line], Sequence[Line]]:
    """Return the fields of a *header*, and the datasets and prose behind them if their headings are lost.

    Two blank lines are all that is left of a lost line. What follows them is no field any more, whatever it looks like:
    prose has headings with a colon, and some are our labels. Only a field that lost the one before it is still one, and
    so is the type of data that the newest layout prints behind the datasets.
    """
    name = ""
    far: list[int] = []
    for index, line in enumerate(header):
        label = label_of(line)
        if label and not far:
            name = label.name
            if name == "Datasets":
                break
        elif line.gap > 1 and name not in ("", "Purposes"):
            far.append(index)
    items = [index for index in far if is_item(header[index])]
    starts = items or ([] if has_list_label(header) else far)
    end = starts[0] if starts else len(header)
    lost = header[end:]
    behind = next(
        (i for i, line in enumerate(lost) if (label := label_of(line)) and label.name == "Type of data"), None
    )
    if behind is None or any(label and label.name == "Type of data" for label in map(label_of, header[:end])):
        return header[:end], lost
    return [*header[:end], lost[behind]], [*lost[:behind], *lost[behind + 1 :]]


def with_colons(lines: Sequence[Line]) -> list[Line]:
    """Return *lines* with a colon behind each that is a label and nothing else: cells and terms of a list do without.

    `Sensitive` is a label and a value: right behind itself it is the value.
    """
    changed: list[Line] = []
    for line in lines:
        label = known_label(line.text, FIELDS_OF_LABEL, bare=True)
        is_label = (label is not None and not label.value) or section_label(line.text, bare=True) is not None
        is_value = bool(changed) and changed[-1].text.removesuffix(":") == line.text
        bare = is_label and not is_value and not line.text.endswith(":")
        changed.append(replace(line, text=f"{line.text}:") if bare else line)
    return changed


# Header


def _find_prose(lines: Sequence[Line], style: Style) -> int:
    """Return where the first section begins. A label inside the paragraphs of `Purposes` begins none."""
    list_at = next((i for i, line in enumerate(lines) if (label := style.label(line)) and label.name in LIST_LABELS), 0)
    inside_purposes = False
    for index, line in enumerate(lines):
        if style.section(line) and not (inside_purposes and index < list_at):
            return index
        label = style.label(line)
        if label:
            inside_purposes = label.name == "Purposes"
    return len(lines)


class _Header:
    """The header's lines at work: each goes to the label above it, or is left over."""

    def __init__(self, style: Style, titles: Titles) -> None:
        self.style = style
        self.titles = titles
        self.entries: list[HeaderEntry] = []
        self.remainder: list[str] = []
        self.system_access = False
        self.under_heading = 0

    def take(self, lines: Iterable[Line]) -> None:
        """Sort the *lines* of a header."""
        for line in lines:
            if self.style.layout == "L0" and line.text in L0_BARE_LINES:
                continue
            label = self.style.label(line) or _unknown_label(line, self.entries, self.style)
            if label and not self.is_named_alike(line, label):
                parts = _parts_behind(line, label)
                self.entries.append(HeaderEntry(label.name, label.printed, label.value, parts, kind=line.kind))
            elif not leads_elsewhere(line):
                self.give(line)
        for entry in self.entries:
            if not entry.name:  # what an unknown label says is in no field, and must not change in silence
                self.remainder.append(f"{entry.printed}: {' '.join(entry.texts())}".rstrip())

    def is_named_alike(self, line: Line, label: Label) -> bool:
        """Say whether *line* is a name in a list of datasets that begins with a label which the agreement has above."""
        in_list = bool(self.entries) and self.entries[-1].name in LIST_LABELS and line.kind == "item"
        return in_list and label.name not in LIST_LABELS and any(entry.name == label.name for entry in self.entries)

    def give(self, line: Line) -> None:
        """Give *line*, which has no label, to the entry above or to the remainder."""
        entry = self.entries[-1] if self.entries else None
        if line.text.startswith("(") and fold(line.text[:80]).startswith(_ACCESS_NOTE):
            self.system_access = True
            if behind := line.text.partition(")")[2].strip(" ."):  # the note is a yes, and what stands behind it is not
                self.remainder.append(behind)
        elif entry is None or self.is_beside(line, entry):
            if not self.titles.repeats(
                line.text
            ):  # a dataset may be called as its agreement is: only here it says nothing
                self.under_heading += entry is None
                self.remainder.append(line.text)
        else:
            entry.lines.append(line)

    def is_beside(self, line: Line, entry: HeaderEntry) -> bool:
        """Say whether *line* stands below the value of *entry* and is no part of it."""
        if entry.name in LIST_LABELS or entry.name in ("", "Purposes", "When"):
            return False
        if entry.name not in _WITH_BRACKETS and _is_bracketed(line.text):
            return True
        has_value = bool(entry.value) or (bool(entry.lines) and not self.style.labels_apart)
        if not has_value or is_item(line) or line.kind in ("cell", "pre"):
            return False
        # A text may be wrapped, and then the next line follows at once; markup has one line for each block.
        return self.style.is_markup or line.gap > 0


def _parts_behind(line: Line, label: Label) -> tuple[str, ...]:
    """Return the parts of *line* behind its label, if there are several."""
    if not line.parts:
        return ()
    first = line.parts[0].partition(":")[2].strip()
    parts = tuple(part for part in (first, *line.parts[1:]) if part)
    return parts if len(parts) > 1 and label.value else ()


def _unknown_label(line: Line, entries: Sequence[HeaderEntry], style: Style) -> Label | None:
    """Return the label that *line* begins with, if it looks like one and cannot be a part of the value before it."""
    printed, colon, value = line.text.partition(":")
    # Where labels are headings or terms, another one is a label too: it cannot be the value of the one before it.
    is_named = line.kind in NAMING and any(entry.name and entry.kind == line.kind for entry in entries)
    looks_like_label = (is_named and printed) or (
        colon
        and len(printed) <= _LONGEST_UNKNOWN_LABEL
        and len(printed.split()) <= _MOST_WORDS
        and printed[:1].isupper()
        and not value.startswith("//")
        and not set(printed) & set(".;?!")
        and printed.count("(") == printed.count(")")  # "Yes (Excuses: …" is a value
    )
    if not looks_like_label or (entries and _is_inside(line, value.strip(), entries[-1], style)):
        return None
    return Label("", printed.strip(), value.strip())


def _is_inside(line: Line, value: str, entry: HeaderEntry, style: Style) -> bool:
    """Say whether *line*, which looks like `label: value`, belongs to the value of *entry*."""
    texts = entry.texts()
    if entry.name in LIST_LABELS:
        # A list of items ends with what is no item; one without marks can only be ended by a label we know.
        return is_item(line) or not (entry.lines and is_item(entry.lines[0]))
    if entry.name == "Purposes" and texts:
        return not texts[-1].endswith(")")  # paragraphs that end in the kinds of organisation
    return style.labels_apart and bool(value) and not texts


def _is_bracketed(text: str) -> bool:
    return text.startswith("(") and text.removesuffix(".").endswith(")")


# Datasets


def _take_datasets(entries: list[HeaderEntry]) -> tuple[list[str] | None, list[Line]]:
    """Return the names of the datasets and the lines behind them that are none; takes bare lists out of *entries*."""
    lists = [entry for entry in entries if entry.name in LIST_LABELS]
    if not lists:
        return _take_bare_list(entries)
    names: list[str] = []
    left: list[Line] = []
    for entry in lists:
        names += entry.parts or ([without_mark(entry.value)] if entry.value else [])
        if entry.name == "Datasets" or not entry.value:
            found, rest = _list_items(entry.lines, items_only=any(is_item(line) for line in entry.lines[:1]))
            names += found
            left += rest
    return names, left


def _take_bare_list(entries: list[HeaderEntry]) -> tuple[list[str] | None, list[Line]]:
    """Return the items of a list without a heading, and cut them and what follows off the last field of *entries*."""
    if not entries or entries[-1].name in ("", "Purposes"):
        return None, []
    lines = entries[-1].lines
    start = next((i for i, line in enumerate(lines) if is_item(line)), None)
    if start is None or (not entries[-1].value and start == 0):
        return None, []
    entries[-1].lines = lines[:start]
    return _list_items(lines[start:], items_only=True)


def _lost_list(lines: Sequence[Line]) -> tuple[list[str] | None, list[Line]]:
    """Return the datasets, and the prose behind another two blank lines, of which `split_lost` gave the *lines*."""
    end = next((i for i, line in enumerate(lines) if i and line.gap > 1), len(lines))
    names, left = _list_items(lines[:end], items_only=True)
    return names, [*left, *lines[end:]]


def _list_items(lines: Sequence[Line], *, items_only: bool) -> tuple[list[str], list[Line]]:
    """Return the names in a list of datasets, and the lines that are none of them."""
    names: list[str] = []
    left: list[Line] = []
    for index, line in enumerate(lines):
        if items_only and not is_item(line) and not _is_bracketed(line.text):
            following = lines[index + 1 : index + 2]
            # One line between two items of the markup is what a reader presses for more of them.
            if not (names and following and following[0].kind == "item" and not following[0].link):
                return names, [*left, *lines[index:]]
            left.append(line)
            continue
        for name in line.parts or (without_mark(line.text),):
            if _may_be_dataset(name):
                names.append(name)
            elif fold(name) and not name.strip(".)").isdigit():
                left.append(line)
    return names, left


def _may_be_dataset(name: str) -> bool:
    """Say whether *name* is more than a mark, a number in a cell of its own, or an explanation in brackets."""
    return bool(fold(name)) and not _is_bracketed(name) and not name.strip(".)").isdigit()


# Sections


def _sort_prose(draft: Draft, lines: Sequence[Line], style: Style, titles: Titles) -> None:
    """Sort the prose in *lines*; a list of datasets further down is taken out of it."""
    owner = ""
    texts: list[str] = []
    above = draft.tail
    is_l0 = style.layout == "L0"
    for line in lines:
        begins = _begun(line, draft, style) if is_l0 or line.section or line.label else None
        if begins:
            owner, above = begins[0], []
            texts = [] if owner == "datasets" else draft.sections.setdefault(owner, [])
            texts += [begins[1]] if begins[1] else []
            if owner == "datasets":
                draft.datasets = texts
        elif not (line.link and (leads_elsewhere(line) or titles.repeats(line.text))):
            texts.append(without_mark(line.text) if owner == "datasets" else line.text)
    draft.tail = [*above, *(Owned(owner, text) for text in texts)]


def _begun(line: Line, draft: Draft, style: Style) -> tuple[str, str] | None:
    """Return what begins with *line*, as `Style.section` does, if it may begin here.

    A section's label counts once an agreement: pages print their sections in more than one order, so where it stands
    says nothing.
    """
    begins = style.section(line)
    if begins and begins[0] in draft.sections:
        begins = None
    if begins is None and draft.datasets is None and style.layout != "L0":
        label = style.label(line)
        if label and label.name == "Datasets" and not label.value:
            return "datasets", ""
    return begins
