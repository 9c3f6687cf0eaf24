"""Hold what the parser reads from a rendered page against the model that was rendered.

A disagreement is a fault of one of the two; without this, a fault in reading would only show as a change that nobody
understands.
"""

from collections.abc import Iterator
from typing import Any

from scraper.reading.page import read_page
from scraper.records import Agreement as Record
from tests.simulation.model import SECTIONS, Agreement, Page
from tests.simulation.noise import fold

SETS = ("opt_outs", "type_of_data", "sensitivity", "access_methods", "datasets", "controllers", "sublicensing")


def disagreements(page: Page, body: bytes) -> Iterator[str]:
    """Yield what the parser reads differently from what the page means."""
    read = read_page(body, source=page.file_name, slug=page.slug)
    if read.layout != page.layout:
        yield f"layout: {read.layout}, not {page.layout}"
    if fold(read.organisation) != fold(page.name):
        yield f"organisation: {read.organisation!r}, not {page.name!r}"
    if page.prints("files_disseminated") and read.files_disseminated != page.count:
        yield f"files_disseminated: {read.files_disseminated}, not {page.count}"
    if page.prints("flags") and bool(read.flags) != page.flag:
        yield f"flags: {read.flags}, not {page.flag}"
    references = [record.reference for record in read.agreements]
    if references != [agreement.reference for agreement in page.agreements]:
        yield f"references: {references}"
        return
    for record, agreement in zip(read.agreements, page.agreements, strict=True):
        for name, meant in _meaning(page, agreement):
            found = _found(record, name)
            if found != meant:
                yield f"{agreement.reference} {name}: {found!r}, not {meant!r}"


def _meaning(page: Page, agreement: Agreement) -> Iterator[tuple[str, Any]]:
    """Yield the fields that the page prints, each as it should compare."""
    for name in SETS:
        values = getattr(agreement, name)
        if name == "opt_outs" and page.layout in ("L2", "L3") and agreement.words_among_opt_outs:
            values = values + agreement.type_of_data
        if page.prints(name):
            yield name, _folded(values)
    if page.prints("confidentiality"):
        meant = agreement.confidentiality
        yield "confidentiality", None if meant is None else _folded(meant)
    yield "legal_bases", tuple(sorted(set(agreement.basis_ids())))
    if page.prints("commercial"):
        prose = agreement.purposes_text
        yield "purposes_text", None if prose is None else fold("\n".join(paragraph.text for paragraph in prose))
        if prose is None:
            yield "commercial", _folded(agreement.commercial)
            yield "organisation_types", _folded(agreement.organisation_types)
        precision = 7 if page.layout == "L4" else 10
        yield "dsa_start", agreement.dsa_start and agreement.dsa_start[:precision]
        yield "dsa_end", agreement.dsa_end and agreement.dsa_start and agreement.dsa_end[:precision]
        yield "title", agreement.title and fold(agreement.title)
    yield "released_from", agreement.released_from
    yield "released_to", agreement.released_to
    if page.layout == "L4" and agreement.discussions:
        yield "discussions", _folded(agreement.discussions)
    for name in SECTIONS:
        if page.prints(name) and not (page.old_benefits and name == "yielded_benefits"):
            prose = agreement.sections.get(name)
            yield name, None if prose is None else fold("\n".join(paragraph.text for paragraph in prose))


def _folded(values: list[str]) -> tuple[str, ...]:
    return tuple(sorted({fold(value) for value in values}))


def _found(record: Record, name: str) -> Any:
    value = getattr(record, name)
    if name == "legal_bases":
        return tuple(sorted({basis.id.removesuffix("?") for basis in value} - {"HSCA2012:s261(1)"}))
    if isinstance(value, tuple):
        return _folded(list(value))
    return fold(value) if isinstance(value, str) and not name.startswith(("dsa_", "released_")) else value
