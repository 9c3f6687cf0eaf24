"""One page in every markup and text form the site or an extractor could give it: always the same record."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from scraper.records import Agreement, LegalBasis, RegisterPage
from tests.scraper.reading.pages.render import (
    FIRST,
    MARKUPS,
    PAGE,
    SECOND,
    TEXT_FORMS,
    Page,
    as_nohead,
    as_num,
    as_paragraphs,
    read_said,
)

Form = Callable[[Page], str]

NO_BASIS: tuple[LegalBasis, ...] = ()

READ_FIRST = Agreement(
    reference="DARS-NIC-01234-A1B2C",
    title="Long term follow-up of harbour workers: phase II — the coast.",
    type_of_data=None,
    opt_outs=("Identifiable", "No - data flow is not identifiable"),
    confidentiality=("Mixture of data flow(s)", "Section 251"),
    legal_bases=(
        LegalBasis("HSCA2012:s261(2)(a)", "s261-dissemination", "Health and Social Care Act 2012 – s261(2)(a)"),
        LegalBasis("HSCA2012:s261(5)(d)", "s261-dissemination", "Health and Social Care Act 2012 - s261(5)(d)"),
    ),
    commercial=("No", "Yes"),
    organisation_types=("Academic", "Clinical Commissioning Group (CCG)"),
    purposes_text=None,
    sensitivity=("Non-Sensitive", "Sensitive"),
    dsa_start="2023-03-13",
    dsa_end="2026-03-12",
    released_from="2023-12",
    released_to="2024-11",
    access_methods=("One-Off", "System Access"),
    system_access_note=True,
    controllers=("HARBOURTOWN TRIALS, LTD", "UNIVERSITY OF HARBOURTOWN"),
    sublicensing=("No",),
    datasets=("Civil Registrations of Death", "HES:Harbour (Wards) bridge", "Quay, Pier and Mole Data Set_v1.5"),
    objectives="Processing for the cohort is done at sea.\nPROCESSING CONDITIONS:\nLegal basis: see above.",
    expected_benefits="1. Fewer accidents & “near misses” (<5).\na) at quays\nOutputs: as listed below.",
    yielded_benefits="",
    outputs="A report.",
    processing=None,
    printed=dict(FIRST.fields),
    unprinted=frozenset({"type_of_data", "discussions"}),
)

READ_SECOND = Agreement(
    reference="NIC-38002-X9Y8Z",
    title=None,
    opt_outs=("Y",),
    confidentiality=None,
    legal_bases=NO_BASIS,
    commercial=(),
    organisation_types=(),
    sensitivity=("Non-Sensitive",),
    released_from="2017-06",
    released_to="2017-05",
    access_methods=("Ongoing",),
    system_access_note=False,
    controllers=(),
    sublicensing=(),
    datasets=("e-Harbour Service",),
    processing="The data — all of it — is kept.\nIt is kept in a safe.",
    printed=dict(SECOND.fields),
    unprinted=frozenset({"type_of_data", "discussions"}),
)

READ = RegisterPage(
    source="university_of_harbourtown.html",
    slug="university_of_harbourtown",
    organisation="University Of Harbourtown",
    layout="L3",
    files_disseminated=1234,
    flags=("University Of Harbourtown was sent multiple files.",),
    notices=("NIC-38002-X9Y8Z: the release window ends before it starts: 2017-06 to 2017-05",),
    agreements=(READ_FIRST, READ_SECOND),
)


def read(text: str) -> RegisterPage:
    return read_said(text.encode(), source="university_of_harbourtown.html")


@pytest.mark.parametrize("form", TEXT_FORMS, ids=lambda form: form.__name__)
def test_every_text_form_gives_the_same_record(form: Form):
    assert read(form(PAGE)) == READ


@pytest.mark.parametrize("form", MARKUPS, ids=lambda form: form.__name__)
def test_every_markup_gives_the_record_of_the_text(form: Form):
    assert read(form(PAGE)) == READ


def test_a_text_that_lost_its_headings_gives_the_record_of_the_whole_one_without_its_controllers():
    first = replace(
        READ_FIRST,
        controllers=None,
        printed={label: text for label, text in READ_FIRST.printed.items() if label != "Data-controller type"},
        unprinted=READ_FIRST.unprinted | {"controllers"},
    )

    assert read(as_nohead(PAGE)) == replace(READ, agreements=(first, READ_SECOND))


def test_a_page_laid_out_by_style_sheets_alone_is_read():
    lines = as_num(PAGE).split("\n")
    markup = "<html><body>" + "".join(f"<span>{line.replace('<', '&lt;')}</span>" for line in lines) + "</body></html>"

    assert read(markup).agreements == READ.agreements


@pytest.mark.parametrize("block", ["td", "dt", "h5", "x-label"])
def test_labels_that_lost_their_colons_are_known_where_no_label_has_one(block: str):
    markup = as_paragraphs(PAGE)
    for label, _ in FIRST.fields:
        markup = markup.replace(f"<p><b>{label}:</b>", f"<{block}>{label}</{block}><p>")
    for label in ("Datasets", "Objectives", "Outputs", "Processing", "Yielded Benefits", "Expected Benefits"):
        markup = markup.replace(f"<p><b>{label}:</b></p>", f"<h6>{label}</h6>").replace(f"<h3>{label}:", f"<h3>{label}")

    assert read(markup).agreements == READ.agreements


def test_the_layout_of_a_page_does_not_hang_on_the_order_of_its_labels():
    mixed = replace(FIRST, fields=FIRST.fields[3:] + FIRST.fields[:3])

    (agreement,) = read(as_num(replace(PAGE, projects=(mixed,)))).agreements

    assert agreement == READ_FIRST
