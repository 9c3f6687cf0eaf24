"""The lines of one agreement, sorted: which belong to which header label, to the datasets, to which section.

Nothing is understood here but labels. The order of labels is free, any may be missing; prose begins with the first
section's label and ends the header for good.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scraper.reading.blocks import Line, is_item, without_mark
from scraper.reading.layouts import (
    FIELDS_OF_LABEL,
    HEADING_LABELS,
    L0_BARE_LINES,
    L0_INLINE_SECTIONS,
    L0_LABELS,
    L1_SECTION_LINES,
    LIST_LABELS,
    SECTION_LINES,
    Label,
    known_label,
)

_WITH_BRACKETS = frozenset(("Purposes", "Opt outs honoured", "When"))
_TO_TOP = re.compile(r"\W*(?:back to )?(?:top|contents|index)\W*", re.IGNORECASE)
_LONGEST_UNKNOWN_LABEL = 60
_MOST_WORDS = 7


class Style(NamedTuple):
    """How a page is written, so far as its lines cannot be sorted without knowing."""

    layout: str
    labels_apart: bool = False  # labels and their values stand on lines of their own
    lost_heads: bool = False  # a text form that lost `Datasets:`, `Objectives:` and most `Data-controller type:` lines
    old_benefits: bool = False  # the older half of L1, where `Benefits:` is a label

    def label(self, text: str) -> Label | None:
        """Return the header label that *text* begins with, of those that this page may have."""
        return known_label(text, L0_LABELS if self.layout == "L0" else HEADING_LABELS)

    def section(self, text: str) -> tuple[str, str] | None:
        """Return the section that begins with the line *text*, and what stands behind the label on the same line."""
        if self.layout == "L0":
            label, colon, rest = text.partition(":")
            return (L0_INLINE_SECTIONS[label], rest.strip()) if colon and label in L0_INLINE_SECTIONS else None
        name = (L1_SECTION_LINES if self.old_benefits else SECTION_LINES).get(text)
        return (name, "") if name else None


@dataclass(slots=True)
class Entry:
    """A header label and the lines that follow it up to the next one. An unknown label has no name."""

    name: str
    printed: str
    value: str
    lines: list[Line] = field(default_factory=list)

    def texts(self) -> list[str]:
        """Return the lines of the value: explanations in brackets under it are none."""
        may_explain = bool(self.name) and self.name not in _WITH_BRACKETS
        lines = [line.text for line in self.lines if not (may_explain and _is_bracketed(line.text))]
        return [text for text in (self.value, *lines) if text]


@dataclass(slots=True)
class Draft:
    """One agreement's lines, sorted."""

    entries: list[Entry]
    datasets: list[str] | None
    sections: dict[str, list[str]]
    notices: list[str]

    @property
    def unknown(self) -> list[str]:
        """The labels that are not known, as printed."""
        return list(dict.fromkeys(entry.printed for entry in self.entries if not entry.name))

    def values(self) -> dict[str, list[str]]:
        """Return for each known header label the values it has: one for each time it stands there."""
        values: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.name and entry.name not in LIST_LABELS:
                joint = "\n" if entry.name == "Purposes" else " "
                values.setdefault(entry.name, []).append(joint.join(entry.texts()))
        return values

    def printed(self) -> dict[str, str]:
        """Return every header line as it stood, by its label as printed."""
        printed: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.name not in LIST_LABELS:
                printed.setdefault(entry.printed, []).append("\n".join(entry.texts()))
        return {label: "\n".join(texts) for label, texts in printed.items()}


def draft_of(lines: Sequence[Line], style: Style) -> Draft:
    """Return the *lines* of one agreement, its heading left out, sorted."""
    notices: list[str] = []
    prose_at = _find_prose(lines, style)
    header, lost = split_lost(lines[:prose_at]) if style.lost_heads else (lines[:prose_at], [])
    entries = _entries(header, style, notices)
    datasets, left = _lost_list(lost) if style.lost_heads else _take_datasets(entries, style)
    sections = _sections(lines[prose_at:], style, datasets is not None, notices)
    if "datasets" in sections:
        datasets = [without_mark(text) for text in sections.pop("datasets")]
    if left and "objectives" in sections:
        notices += [f"a line after the datasets was not understood: '{_short(line.text)}'" for line in left]
    elif left:
        sections = {"objectives": [line.text for line in left], **sections}
    return Draft(entries, datasets, sections, notices)


def has_list_label(lines: Sequence[Line]) -> bool:
    """Say whether there is a `Datasets:` among the *lines* of a header."""
    labels = map(known_label, (line.text for line in lines))
    return any(label and label.name == "Datasets" for label in labels)


def split_lost(header: Sequence[Line]) -> tuple[Sequence[Line], Sequence[Line]]:
    """Return the fields of a *header*, and the datasets and prose behind them if their headings are lost.

    Two blank lines are all that is left of a lost line. What follows them is no field any more, whatever it looks like:
    prose has headings with a colon, and some are our labels. Only a field that lost the one before it is still one.
    """
    name = ""
    far: list[int] = []
    for index, line in enumerate(header):
        label = known_label(line.text)
        if label and not far:
            name = label.name
            if name == "Datasets":
                break
        elif line.gap > 1 and name not in ("", "Purposes"):
            far.append(index)
    items = [index for index in far if is_item(header[index])]
    starts = items or ([] if has_list_label(header) else far)
    end = starts[0] if starts else len(header)
    return header[:end], header[end:]


def with_colons(lines: Sequence[Line]) -> list[Line]:
    """Return *lines* with a colon behind each that is a label and nothing else: cells and terms of a list do without.

    `Sensitive` is a label and a value: right behind itself it is the value.
    """
    changed: list[Line] = []
    for line in lines:
        is_label = line.text in FIELDS_OF_LABEL or f"{line.text}:" in L1_SECTION_LINES
        is_value = bool(changed) and changed[-1].text == f"{line.text}:"
        changed.append(line._replace(text=f"{line.text}:") if is_label and not is_value else line)
    return changed


# Header


def _find_prose(lines: Sequence[Line], style: Style) -> int:
    """Return where the first section begins. A label inside the paragraphs of `Purposes` begins none."""
    list_at = next((i for i, line in enumerate(lines) if line.text == "Datasets:"), 0)
    inside_purposes = False
    for index, line in enumerate(lines):
        if style.section(line.text) and not (inside_purposes and index < list_at):
            return index
        label = style.label(line.text)
        if label:
            inside_purposes = label.name == "Purposes"
    return len(lines)


def _entries(lines: Sequence[Line], style: Style, notices: list[str]) -> list[Entry]:
    entries: list[Entry] = []
    for line in lines:
        if style.layout == "L0" and line.text in L0_BARE_LINES:
            continue
        label = style.label(line.text) or _unknown_label(line, entries, style)
        if label:
            entries.append(Entry(label.name, label.printed, label.value))
        elif entries:
            entries[-1].lines.append(line)
        elif not _is_bracketed(line.text):
            notices.append(f"a line under the heading was not understood: '{_short(line.text)}'")
    return entries


def _unknown_label(line: Line, entries: Sequence[Entry], style: Style) -> Label | None:
    """Return the label that *line* begins with, if it looks like one and cannot be a part of the value before it."""
    printed, colon, value = line.text.partition(":")
    looks_like_label = (
        colon
        and len(printed) <= _LONGEST_UNKNOWN_LABEL
        and len(printed.split()) <= _MOST_WORDS
        and printed[:1].isupper()
        and not value.startswith("//")
        and not set(printed) & set(".;?!")
    )
    if not looks_like_label or (entries and _is_inside(line, value.strip(), entries[-1], style)):
        return None
    return Label("", printed.strip(), value.strip())


def _is_inside(line: Line, value: str, entry: Entry, style: Style) -> bool:
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


def _take_datasets(entries: list[Entry], style: Style) -> tuple[list[str] | None, list[Line]]:
    """Return the names of the datasets and the lines behind them that are none; takes bare lists out of *entries*."""
    lists = [entry for entry in entries if entry.name in LIST_LABELS]
    if not lists:
        return _take_bare_list(entries, style)
    names: list[str] = []
    left: list[Line] = []
    for entry in lists:
        names += [without_mark(entry.value)] if entry.value else []
        if entry.name == "Datasets" or not entry.value:
            found, rest = _list_items(entry.lines, items_only=any(is_item(line) for line in entry.lines[:1]))
            names += found
            left += rest
    return names, left


def _take_bare_list(entries: list[Entry], style: Style) -> tuple[list[str] | None, list[Line]]:
    """Return the items of a list without a heading, and cut them and what follows off the last field of *entries*."""
    if not entries or entries[-1].name in ("", "Purposes"):
        return None, []
    lines = entries[-1].lines
    start = next((i for i, line in enumerate(lines) if is_item(line)), None)
    if start is None or (style.labels_apart and not entries[-1].value and start == 0):
        return None, []
    entries[-1].lines = lines[:start]
    return _list_items(lines[start:], items_only=True)


def _lost_list(lines: Sequence[Line]) -> tuple[list[str] | None, list[Line]]:
    """Return the datasets, and the prose behind another two blank lines, of which `split_lost` gave the *lines*."""
    end = next((i for i, line in enumerate(lines) if i and line.gap > 1), len(lines))
    names, left = _list_items(lines[:end], items_only=True)
    return names, [*left, *lines[end:]]


def _list_items(lines: Sequence[Line], *, items_only: bool) -> tuple[list[str], list[Line]]:
    """Return the names in a list of datasets, and the lines from the first on that is no longer in the list."""
    stays = (not items_only or is_item(line) or _is_bracketed(line.text) for line in lines)
    end = next((i for i, stay in enumerate(stays) if not stay), len(lines))
    names = [without_mark(line.text) for line in lines[:end]]
    return [name for name in names if _may_be_dataset(name)], list(lines[end:])


def _may_be_dataset(name: str) -> bool:
    """Say whether *name* is more than a mark, a number in a cell of its own, or an explanation in brackets."""
    return bool(name) and not _is_bracketed(name) and not name.strip(".)").isdigit()


# Sections


def _sections(lines: Sequence[Line], style: Style, has_list: bool, notices: list[str]) -> dict[str, list[str]]:
    """Return the sections of the prose in *lines*; a list of datasets further down is called `datasets`."""
    sections: dict[str, list[str]] = {}
    texts: list[str] = []
    for line in lines:
        begins = style.section(line.text)
        if begins and style.layout == "L0" and begins[0] in sections:
            begins = None  # labels in front of prose look like prose: an agreement has one of each
        if begins is None and line.text == "Datasets:" and not has_list:
            begins = ("datasets", "")
        if begins is None:
            if not _leads_to_top(line):
                texts.append(line.text)
            continue
        if begins[0] in sections:
            notices.append(f"'{line.text}' stands there twice: read as one section")
        texts = sections.setdefault(begins[0], [])
        texts += [begins[1]] if begins[1] else []
    return sections


def _leads_to_top(line: Line) -> bool:
    """Say whether *line* is a link of the site's own, between two agreements."""
    return line.kind == "link" and _TO_TOP.fullmatch(line.text) is not None


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59].rstrip()}…"
