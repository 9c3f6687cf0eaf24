"""What the generations of the site's markup print: labels, and the fields behind them.

Look-ups only, all made from the table of fields in `scraper.records`. A page is of one layout, `L0` (2017) to `L4`
(2025 on); rule 5 compares a field only between layouts that print it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from scraper.fields import LAYOUTS, Comparing, Field, Sort
from scraper.records import FIELDS

HEADER = [one for one in FIELDS.values() if one.sort is not Sort.PROSE]
"""Fields of an agreement's head."""


def labels_of(fields: Iterable[Field], *layouts: str) -> frozenset[str]:
    """Return the labels before these *fields* on pages of these *layouts*."""
    return frozenset(label for one in fields for layout in layouts if (label := one.label_in(layout)))


def _fields_of_labels() -> dict[str, tuple[str, ...]]:
    labels = dict.fromkeys(label for one in HEADER for layout in reversed(LAYOUTS) if (label := one.label_in(layout)))
    return {label: tuple(one.name for one in HEADER if label in map(one.label_in, LAYOUTS)) for label in labels}


FIELDS_OF_LABEL = _fields_of_labels()
"""The fields that each header label gives."""

L0_LABELS = labels_of(HEADER, "L0")
HEADING_LABELS = labels_of(HEADER, *LAYOUTS[1:])
LIST_LABELS = labels_of((one for one in HEADER if one.sort is Sort.LIST), *LAYOUTS)
"""Labels with a line for each value."""
L1_ONLY = labels_of(HEADER, "L1") - labels_of(HEADER, "L0", "L2", "L3", "L4")
L2_ONWARDS = labels_of(HEADER, "L2") - labels_of(HEADER, "L1")

ALWAYS_PRINTED = {
    layout: tuple(
        dict.fromkeys(
            label
            for one in HEADER
            # A label of a rare field or of none that is compared is not missed.
            if not one.rare and one.comparing is not Comparing.NEVER and (label := one.label_in(layout))
        )
    )
    for layout in LAYOUTS
}
"""Labels that every agreement of a layout has, whatever stands behind them."""

SECTION_LINES = {f"{one.label}:": one.name for one in FIELDS.values() if one.sort is Sort.PROSE and one.label}
"""A section's label is a whole line, and to the letter: prose has `PROCESSING CONDITIONS:` and `Processing for …`."""

L1_SECTION_LINES = SECTION_LINES | {
    f"{label}:": name for name in SECTION_LINES.values() if (label := FIELDS[name].older.get("L1", ""))
}
L0_INLINE_SECTIONS = {label: name for name in SECTION_LINES.values() if (label := FIELDS[name].label_in("L0"))}
L0_BARE_LINES = frozenset(("Project info", "Project info:"))
"""Lines that say nothing: this one stands between the datasets and the prose of some pages."""

# The longest known label has 27 characters. A colon that comes later stands in a sentence, and every line is asked.
LONGEST_LABEL = 40


def _key(label: str) -> str:
    """Return what counts in a label: its letters and digits, in lower case.

    >>> _key("Data-controller type") == _key("data controller type")
    True
    """
    return "".join(filter(str.isalnum, label.lower()))


_LABEL_OF_KEY = {_key(label): label for label in FIELDS_OF_LABEL}


@lru_cache(maxsize=2048)  # the same twenty on every page, and the beginnings of prose that have a colon
def _canonical(printed: str) -> str | None:
    return _LABEL_OF_KEY.get(_key(printed))


class Label(NamedTuple):
    """A known header label at the start of a line: its canonical name, as printed, and the text behind it."""

    name: str
    printed: str
    value: str


def known_label(text: str, allowed: Collection[str] = HEADING_LABELS, *, bare: bool = False) -> Label | None:
    """Return the known header label that *text* begins with, if there is one; *bare*: it may lack its colon.

    >>> known_label("When:2017.09 — 2019.06.")
    Label(name='When', printed='When', value='2017.09 — 2019.06.')
    >>> known_label("Health and Social Care Act 2012")
    """
    end = text.find(":", 0, LONGEST_LABEL)
    if end < 0 and bare and len(text) < LONGEST_LABEL:
        end = len(text)
    name = _canonical(text[:end]) if end > 0 else None
    if name is None or name not in allowed:
        return None
    return Label(name, text[:end].strip(), text[end + 1 :].strip())


def _section_key(label: str) -> str:
    """Return what counts in a section's label: its letters, whatever their case, and no plural.

    >>> _section_key("EXPECTED BENEFITS") == _section_key("Expected Benefit")
    True
    """
    return "".join(_key(word).removesuffix("s") for word in label.split())


_SECTION_OF_KEY = {_section_key(label.rstrip(":")): field for label, field in L1_SECTION_LINES.items()}


def section_label(text: str, *, bare: bool = False) -> str | None:
    """Return the section whose label the whole line *text* is, if it is one; *bare*: it may lack its colon.

    >>> section_label("EXPECTED BENEFITS :"), section_label("Objectives"), section_label("Processing conditions:")
    ('expected_benefits', None, None)
    """
    label = text.rstrip()
    if len(label) > LONGEST_LABEL or not (bare or label.endswith(":")):
        return None
    return _section(label.removesuffix(":"))


@lru_cache(maxsize=2048)
def _section(label: str) -> str | None:
    return _SECTION_OF_KEY.get(_section_key(label))


def labels_giving(fields: Collection[str]) -> list[str]:
    """Return the header labels that give one of these *fields*, as they are called in any layout.

    >>> labels_giving(["dsa_start", "dsa_end"])
    ['When']
    """
    return [label for label, names in FIELDS_OF_LABEL.items() if not set(names).isdisjoint(fields)]


def labels_not_understood(fields: Collection[str], printed: Mapping[str, str]) -> dict[str, str]:
    """Return label → what stands behind it, of *fields* that are not understood; nothing where the label is not there.

    >>> labels_not_understood(["sensitivity", "legal_bases"], {"SENSITIVE": "see there", "Lawful basis": "S251"})
    {'Sensitive': 'see there', 'Legal basis': ''}
    >>> labels_not_understood(["sensitivity"], {"Sensitive status": "Sensitive"})
    {'Sensitive': ''}
    """
    labels = labels_giving(fields)
    there = {label: text for name, text in printed.items() if (label := _canonical(name)) in labels}
    said = {name for label in there for name in FIELDS_OF_LABEL[label]}
    absent = [labels_giving([name]) for name in sorted({*fields} - said)]
    # What the oldest layout calls it is printed by no page any more.
    return there | {next((name for name in names if name in HEADING_LABELS), names[0]): "" for names in absent}


@cache
def unprinted(layout: str) -> frozenset[str]:
    """Return the fields that *layout* does not print.

    >>> sorted(unprinted("L3"))
    ['discussions']
    """
    return frozenset(name for name, one in FIELDS.items() if layout not in one.layouts)


class LayoutEvidence(NamedTuple):
    """What the headers of a page's agreements show of its layout."""

    labels: frozenset[str]
    type_leads: bool  # `Type of data` stands before the datasets
    type_follows: bool  # ... after them
    excuses: bool  # `(Excuses: …)` among the opt-outs
    months_only: bool  # the DSA range is in months


def layout_of(headers: Sequence[LayoutEvidence], says_projects: bool) -> str:
    """Return the layout of a page from the *headers* of its agreements and from whether its name line says projects."""
    labels: frozenset[str] = frozenset().union(*(header.labels for header in headers))
    if labels & {"HSCIC Id"}:
        return "L0"
    type_leads = any(header.type_leads for header in headers)
    if "AGD/predecessor discussions" in labels or any(
        header.excuses or header.type_follows or (header.months_only and not type_leads) for header in headers
    ):
        return "L4"
    if not labels & L2_ONWARDS and (labels & L1_ONLY or not (says_projects or type_leads)):
        return "L1"
    return "L3" if type_leads else "L2"
