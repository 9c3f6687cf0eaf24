"""What a page prints, as values: `Agreement`, `LegalBasis`, `RegisterPage`.

The fields are those of the public record (docs/records.md). Sets are kept as tuples in their public order (by folded
text, then text, one spelling for values that fold alike), so that equal records have equal JSON. None means: not
printed on this page. An empty tuple or string means: the label is there with nothing after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

SECTIONS = ("objectives", "expected_benefits", "yielded_benefits", "outputs", "processing")
"""Fields of prose, in the order in which the site usually prints them."""


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """One legal basis: canonical id, its family, and the first printed text that gave it (docs/records.md)."""

    id: str
    family: str
    printed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What one page prints of one agreement."""

    reference: str
    title: str | None = None
    type_of_data: tuple[str, ...] | None = None
    opt_outs: tuple[str, ...] | None = None
    confidentiality: tuple[str, ...] | None = None
    legal_bases: tuple[LegalBasis, ...] | None = None
    commercial: tuple[str, ...] | None = None
    organisation_types: tuple[str, ...] | None = None
    purposes_text: str | None = None
    sensitivity: tuple[str, ...] | None = None
    dsa_start: str | None = None
    dsa_end: str | None = None
    released_from: str | None = None
    released_to: str | None = None
    when_note: str | None = None
    access_methods: tuple[str, ...] | None = None
    system_access_note: bool | None = None
    controllers: tuple[str, ...] | None = None
    sublicensing: tuple[str, ...] | None = None
    discussions: tuple[str, ...] | None = None
    datasets: tuple[str, ...] | None = None
    objectives: str | None = None
    expected_benefits: str | None = None
    yielded_benefits: str | None = None
    outputs: str | None = None
    processing: str | None = None
    printed: Mapping[str, str] = field(default_factory=dict)
    unprinted: frozenset[str] = frozenset()
    """Names of the fields that this page does not print at all, whatever the agreement is (design rule 5): its
    layout has no such label, its text form lost it, or its value is the site's placeholder. Not part of the public
    record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPage:
    """What one organisation's page prints."""

    source: str
    slug: str
    organisation: str
    layout: str
    files_disseminated: int | None = None
    flags: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    agreements: tuple[Agreement, ...] = ()


FIELDS = tuple(f.name for f in fields(Agreement) if f.name != "unprinted")
"""Names of the public fields of an agreement, in their public order."""


def agreement_to_json(agreement: Agreement) -> dict[str, Any]:
    """Return the public record of *agreement*: values that `json.dumps` takes, keys in public order."""
    record = {name: getattr(agreement, name) for name in FIELDS}
    for name, value in record.items():
        if isinstance(value, tuple):
            record[name] = list(value)
    if agreement.legal_bases is not None:
        record["legal_bases"] = [
            {"id": basis.id, "family": basis.family, "printed": basis.printed} for basis in agreement.legal_bases
        ]
    record["printed"] = dict(agreement.printed)
    return record


def agreement_from_json(record: Mapping[str, Any], unprinted: frozenset[str] = frozenset()) -> Agreement:
    """Return the agreement whose public record is *record*; the inverse of `agreement_to_json`."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record.items()
    }
    if record["legal_bases"] is not None:
        values["legal_bases"] = tuple(LegalBasis(**basis) for basis in record["legal_bases"])
    return Agreement(**values, unprinted=unprinted)


def page_to_json(page: RegisterPage) -> dict[str, Any]:
    """Return the public record of *page*: values that `json.dumps` takes, keys in public order."""
    return {
        "source": page.source,
        "slug": page.slug,
        "organisation": page.organisation,
        "layout": page.layout,
        "files_disseminated": page.files_disseminated,
        "flags": list(page.flags),
        "notices": list(page.notices),
        "agreements": [agreement_to_json(agreement) for agreement in page.agreements],
    }
