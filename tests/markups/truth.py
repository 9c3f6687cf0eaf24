"""What a record of the made-up register must read: the contract's section 1, filled from the truth model."""

from tests.markups import pools
from tests.markups.register import Agreement, Block, Page
from tests.markups.shapes import PLACEHOLDER

SECTIONS = {
    "objectives": "Objectives",
    "expected_benefits": "Expected Benefits",
    "yielded_benefits": "Yielded Benefits",
    "outputs": "Outputs",
    "processing": "Processing",
}

# The printed labels of the fields that may be "not understood, and said": a notice names one of these.
LABELS = {
    "type_of_data": "Type of data",
    "opt_outs": "Opt outs honoured",
    "confidentiality": "Opt outs honoured",
    "legal_bases": "Legal basis",
    "commercial": "Purposes",
    "organisation_types": "Purposes",
    "purposes_text": "Purposes",
    "sensitivity": "Sensitive",
    "dsa_start": "When",
    "dsa_end": "When",
    "released_from": "When",
    "released_to": "When",
    "when_note": "When",
    "access_methods": "Access method",
    "controllers": "Data-controller type",
    "sublicensing": "Sublicensing allowed",
    "discussions": "AGD/predecessor discussions",
    "datasets": "Datasets",
    **SECTIONS,
}


def record(one: Agreement, layout: str) -> dict:
    """Return the `Agreement` record that the page must give, without `printed` and with `legal_bases` as ids."""
    return {**_identity(one), **_header(one, layout), **_when(one), **_prose(one)}


def page_record(page: Page) -> dict:
    """Return the `RegisterPage` record, agreements and notices left out."""
    return {
        "organisation": page.organisation,
        "layout": page.layout,
        "files_disseminated": page.files,
        "flags": list(page.flags),
        "remainder": "\n".join(page.head) or None,
    }


def _identity(one: Agreement) -> dict:
    unknown = [f"{label}: {text}" for label, text in one.unknown]
    loose = [one.remark or "", *one.under_heading, one.access_note or "", *unknown, *one.under_datasets]
    return {
        "reference": one.reference,
        "title": one.title,
        "remainder": "\n".join(line for line in loose if line) or None,
    }


def _header(one: Agreement, layout: str) -> dict:
    prose = one.purposes_text is not None
    return {
        "type_of_data": _type_of_data(one, layout),
        "opt_outs": list(one.opt_outs),
        "confidentiality": _listed(one.confidentiality),
        "legal_bases": None if one.legal_bases is None else ids(one.legal_bases),
        "commercial": None if prose else list(one.commercial),
        "organisation_types": None if prose else _listed(one.organisation_types),
        "purposes_text": one.purposes_text,
        "sensitivity": [_sensitivity(word) for word in one.sensitivity],
        "access_methods": list(one.access),
        "system_access_note": one.system_note,
        "controllers": _listed(one.controllers),
        "sublicensing": list(one.sublicensing),
        "discussions": _listed(one.discussions) if layout == "L4" else None,
        "datasets": list(one.datasets),
    }


def ids(cells: tuple[str, ...]) -> list[str]:
    """Return the canonical ids of the cells of a legal basis."""
    return sorted({found for cell in cells for found in pools.IDS[cell]})


def _sensitivity(word: str) -> str:
    return "Non-Sensitive" if word.startswith("Non") else word


def _type_of_data(one: Agreement, layout: str) -> list[str] | None:
    shown = one.type_of_data if layout in ("L3", "L4") else None
    return None if shown is None or shown == (PLACEHOLDER,) else list(shown)


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _when(one: Agreement) -> dict:
    start, end = one.term or (None, None)
    first, last = one.window or (None, None)
    return {
        "dsa_start": start,
        "dsa_end": end,
        "released_from": first,
        "released_to": last,
        "when_note": one.when_remark,
    }


def _prose(one: Agreement) -> dict:
    return {name: _text(one.section(label)) for name, label in SECTIONS.items()}


def _text(blocks: tuple[Block, ...] | None) -> str | None:
    return None if blocks is None else "\n".join(line for block in blocks for line in block.lines())
