"""One agreement's sorted lines to its record, and which of its fields the page does not print at all."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from scraper.names.fold import as_set
from scraper.reading.drafts import Draft, Style
from scraper.reading.headings import Heading
from scraper.reading.layouts import ALWAYS_PRINTED, FIELDS_OF_LABEL, labels_not_understood, unprinted
from scraper.reading.values import CONTROLLERS, REST, UNREAD, read_label
from scraper.records import SECTIONS, Agreement

SplitControllers = Callable[[str], Iterable[str]]


def read_agreement(
    reference: str,
    heading: Heading | None,
    draft: Draft,
    style: Style,
    split_controllers: SplitControllers,
    *,
    not_printed: frozenset[str] = frozenset(),
    missing: Collection[str] = (),
) -> Agreement:
    """Return the record of one agreement.

    Args:
        reference: The stem, version cut.
        heading: Where it begins; None in L0.
        draft: Its lines, sorted.
        style: How its page is written.
        split_controllers: From the vocabulary: names hold commas.
        not_printed: Fields that its page is known not to print, beside those that its layout does not.
        missing: Labels that its page has under another name, if at all: their fields are not understood.
    """
    values = draft.values()
    # A comma in what the markup keeps apart is a name's own.
    fields = _header_fields(values, _one_name if draft.keeps_apart(CONTROLLERS) else split_controllers)
    record = fields.record
    record["title"] = heading.title if heading else None
    record["datasets"] = None if draft.datasets is None else as_set(draft.datasets)
    record |= {name: "\n".join(draft.sections[name]) for name in SECTIONS if name in draft.sections}
    if draft.system_access:
        record["system_access_note"] = True
    # What stands there is printed, whatever the table says of the layout.
    not_in_layout = {name for name in unprinted(style.layout) if not record.get(name)}
    record = {name: value for name, value in record.items() if name not in not_in_layout}
    lost = {name for name in not_printed | _lost(values, record, style) if not record.get(name)}
    unread = {*fields.unread, *(name for name in fields_of(missing) if not record.get(name))}
    remark = [heading.remark] if heading and heading.remark else []
    return Agreement(
        reference=reference,
        remainder="\n".join([*remark, *draft.remainder, *fields.rest]) or None,
        printed=draft.printed(),
        unread=frozenset(unread),
        unprinted=frozenset(not_in_layout | lost | unread),
        **record,
    )


class _Fields(NamedTuple):
    """What the labels of a header give: fields, what is in none, and the fields that are not understood."""

    record: dict[str, Any]
    rest: list[str]
    unread: list[str]


def _header_fields(values: dict[str, list[str]], split_controllers: SplitControllers) -> _Fields:
    fields = _Fields({}, [], [])
    for label, texts in values.items():
        found = read_label(label, texts, split_controllers)
        if found is None:
            continue
        fields.record.update(found)
        unread, rest = fields.record.pop(UNREAD, ()), fields.record.pop(REST, ())
        fields.unread.extend(unread)
        # A field that is not understood stands whole in the remainder, so that a change of it is told.
        fields.rest.extend([f"{label}: {text}" for text in ((" ".join(texts),) if unread else rest)])
    return fields


def _one_name(text: str) -> list[str]:
    name = text.strip(" ,")
    return [name] if name else []


def _lost(values: dict[str, list[str]], record: dict[str, Any], style: Style) -> set[str]:
    """Return the fields that stand on this page as nothing, without the register having said so."""
    lost = set()
    if "Type of data" in values and any(values["Type of data"]) and record.get("type_of_data") is None:
        lost.add("type_of_data")  # the site's placeholder
    if style.layout == "L3" and not record.get("type_of_data"):
        lost.add("type_of_data")
    if style.lost_heads and CONTROLLERS not in values:
        lost.add("controllers")
    return lost


def labels_missing(draft: Draft, style: Style) -> list[str]:
    """Return the labels that every agreement of the page's layout has, and this one lacks."""
    there = {entry.name for entry in draft.entries} | ({"Datasets", "Data"} if draft.datasets is not None else set())
    lost = {CONTROLLERS} if style.lost_heads else set()
    return [label for label in ALWAYS_PRINTED[style.layout] if label not in there | lost]


def fields_of(labels: Iterable[str]) -> frozenset[str]:
    """Return the fields that *labels* give."""
    return frozenset(name for label in labels for name in FIELDS_OF_LABEL[label])


def notices_of(agreement: Agreement, draft: Draft) -> list[str]:
    """Return what a person should know of how *agreement* was read, sentences that name it."""
    notices = [f"unknown label '{_short(label)}'" for label in draft.unknown] + _windows(agreement)
    return [*(f"{agreement.reference}: {notice}" for notice in notices), *not_understood(agreement)]


def not_understood(agreement: Agreement) -> list[str]:
    """Return which labels of *agreement* are not understood, sentences that name it and quote what is there."""
    labels = labels_not_understood(agreement.unread, agreement.printed) if agreement.unread else {}
    return [
        f"{agreement.reference}: `{label}` is not understood: '{_short(text)}'"
        if text
        else f"{agreement.reference}: no label '{label}' beside an unknown one: taken as not printed"
        for label, text in labels.items()
    ]


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59].rstrip()}…"


def _windows(agreement: Agreement) -> list[str]:
    windows = (
        ("release window", agreement.released_from, agreement.released_to),
        ("DSA term", agreement.dsa_start, agreement.dsa_end),
    )
    return [
        f"the {name} ends before it starts: {start} to {end}"
        for name, start, end in windows
        if start and end and end < start
    ]
