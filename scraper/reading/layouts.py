"""What the generations of the site's markup print: labels, and the fields behind them.

Tables and look-ups only. A page is of one layout, `L0` (2017) to `L4` (2025 on); design rule 5 compares a field only
between layouts that print it.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

LAYOUTS = ("L0", "L1", "L2", "L3", "L4")

# Which layout prints which field, shown in docs/page-shapes.md. The placeholder of `Type of data`, a text form that
# lost a line and a page with unknown labels print less; `read_agreement` adds those.
_TABLE = """
    title                L2 L3 L4
    type_of_data         L0 L1 L3 L4
    opt_outs             L0 L1 L2 L3 L4
    confidentiality      L1 L2 L3 L4
    legal_bases          L0 L1 L2 L3 L4
    commercial           L2 L3 L4
    organisation_types   L2 L3 L4
    purposes_text        L2 L3 L4
    sensitivity          L0 L1 L2 L3 L4
    dsa_start            L2 L3 L4
    dsa_end              L2 L3 L4
    released_from        L0 L1 L2 L3 L4
    released_to          L0 L1 L2 L3 L4
    when_note            L0 L1 L2 L3 L4
    access_methods       L0 L1 L2 L3 L4
    system_access_note   L2 L3 L4
    controllers          L2 L3 L4
    sublicensing         L2 L3 L4
    discussions          L4
    datasets             L0 L1 L2 L3 L4
    objectives           L1 L2 L3 L4
    expected_benefits    L1 L2 L3 L4
    yielded_benefits     L1 L2 L3 L4
    outputs              L0 L1 L2 L3 L4
    processing           L0 L1 L2 L3 L4
"""

_PRINTED_BY = {field: layouts for field, *layouts in (row.split() for row in _TABLE.strip().splitlines())}

FIELDS_OF_LABEL = {
    "Type of data": ("type_of_data",),
    "Opt outs honoured": ("opt_outs", "confidentiality"),
    "Legal basis": ("legal_bases",),
    "Purposes": ("commercial", "organisation_types", "purposes_text"),
    "Sensitive": ("sensitivity",),
    "When": ("dsa_start", "dsa_end", "released_from", "released_to", "when_note"),
    "Access method": ("access_methods", "system_access_note"),
    "Data-controller type": ("controllers",),
    "Sublicensing allowed": ("sublicensing",),
    "AGD/predecessor discussions": ("discussions",),
    "Datasets": ("datasets",),
    # as older layouts call them
    "Categories": ("type_of_data",),
    "Repeats": ("access_methods",),
    "Format": ("type_of_data", "sensitivity"),
    "Basis": ("legal_bases",),
    "How often": ("access_methods",),
    "Data": ("datasets",),
    "HSCIC Id": (),
}
"""The fields that each header label gives."""

L0_LABELS = frozenset(("Opt outs honoured", "Basis", "Format", "How often", "When", "HSCIC Id", "Data"))
HEADING_LABELS = frozenset(FIELDS_OF_LABEL) - {"Format", "Basis", "How often", "Data", "HSCIC Id"}
L1_ONLY = frozenset(("Categories", "Repeats"))
L2_ONWARDS = frozenset(("Purposes", "Access method", "Data-controller type", "Sublicensing allowed"))

_FROM_L3 = (
    "Type of data",
    "Opt outs honoured",
    "Legal basis",
    "Purposes",
    "Sensitive",
    "When",
    "Access method",
    "Data-controller type",
    "Sublicensing allowed",
    "Datasets",
)
ALWAYS_PRINTED = {
    "L0": ("Opt outs honoured", "Basis", "Format", "How often", "When", "Data"),
    "L1": ("Opt outs honoured", "Sensitive", "When", "Repeats", "Legal basis", "Categories", "Datasets"),
    "L2": _FROM_L3[1:],
    "L3": _FROM_L3,
    "L4": _FROM_L3,
}
"""Labels that every agreement of a layout has, whatever stands behind them."""

SECTION_LINES = {
    "Objectives:": "objectives",
    "Expected Benefits:": "expected_benefits",
    "Yielded Benefits:": "yielded_benefits",
    "Outputs:": "outputs",
    "Processing:": "processing",
}
"""A section's label is a whole line, and to the letter: prose has `PROCESSING CONDITIONS:` and `Processing for …`."""

L1_SECTION_LINES = SECTION_LINES | {"Benefits:": "expected_benefits"}
L0_INLINE_SECTIONS = {"Output": "outputs", "Activities": "processing"}
L0_BARE_LINES = frozenset(("Project info", "Project info:"))
"""Lines that say nothing: this one stands between the datasets and the prose of some pages."""

_LONGEST_LABEL = 40


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


def known_label(text: str, allowed: Collection[str] = HEADING_LABELS) -> Label | None:
    """Return the known header label that *text* begins with, if there is one.

    >>> known_label("When:2017.09 — 2019.06.")
    Label(name='When', printed='When', value='2017.09 — 2019.06.')
    >>> known_label("Health and Social Care Act 2012")
    """
    end = text.find(":", 0, _LONGEST_LABEL)
    name = _canonical(text[:end]) if end > 0 else None
    if name is None or name not in allowed:
        return None
    return Label(name, text[:end].strip(), text[end + 1 :].strip())


def unprinted(layout: str) -> set[str]:
    """Return the fields that *layout* does not print.

    >>> sorted(unprinted("L3"))
    ['discussions']
    """
    return {field for field, layouts in _PRINTED_BY.items() if layout not in layouts}


class Evidence(NamedTuple):
    """What the headers of a page's agreements show of its layout."""

    labels: frozenset[str]
    type_leads: bool  # `Type of data` stands before the datasets
    type_follows: bool  # ... after them
    excuses: bool  # `(Excuses: …)` among the opt-outs
    months_only: bool  # the DSA range is in months


def layout_of(headers: Sequence[Evidence], says_projects: bool) -> str:
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
