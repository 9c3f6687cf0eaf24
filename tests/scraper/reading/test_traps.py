"""Prose that looks like structure, and structure that looks like prose."""

from dataclasses import replace

import pytest

from scraper.records import Agreement, RegisterPage
from tests.scraper.reading.pages.render import (
    FIRST,
    MARKUPS,
    PAGE,
    Project,
    as_compact,
    as_deeply_nested,
    as_nohead,
    as_num,
    as_paragraphs,
    read_said,
)


def read(text: str) -> RegisterPage:
    return read_said(text.encode(), source="a.html")


def read_project(project: Project, form=as_num) -> Agreement:
    (agreement,) = read(form(replace(PAGE, projects=(project,)))).agreements
    return agreement


def with_prose(*lines: str) -> Project:
    return replace(FIRST, sections=(("Objectives", lines), ("Outputs", ("A report.",))))


@pytest.mark.parametrize("form", [as_num, as_compact, *(form for form in MARKUPS if form is not as_deeply_nested)])
@pytest.mark.parametrize(
    "line",
    [
        "The study goes on — DARS-NIC-55555-A1B2C",
        "An older name — PHECancerReg",
        "PROCESSING CONDITIONS:",
        "Outputs: as agreed",
        "Processing",
        "Legal basis: Section 251",
        "Type of data: all of it",
        "When:2017.01 — 2017.02.",
        "Project 3",
        "🚩 a flag",
        "http://example.org/a_(b)",
        "Benefits:",
    ],
)
def test_a_line_of_prose_stays_prose(form, line: str):
    agreement = read_project(with_prose("First.", line, "Last."), form)

    assert (agreement.objectives, agreement.outputs) == (f"First.\n{line}\nLast.", "A report.")


@pytest.mark.parametrize(
    "line",
    [
        "Datasets requested:",
        "Datasets: as agreed",
        "Outputs will include: maps",
        "Legal basis: Section 251",
        "Type of data: all of it",
        "Categories: two",
        "The study goes on — DARS-NIC-55555-A1B2C",
        "1. Number one",
        "(in brackets)",
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_line_of_prose_stays_prose_though_the_heading_of_the_prose_is_lost(line: str, place: int):
    prose = ["First.", "Last."]
    prose.insert(place, line)

    page = read(as_nohead(replace(PAGE, projects=(with_prose(*prose),))))

    (agreement,) = page.agreements
    assert (agreement.objectives, agreement.outputs) == ("\n".join(prose), "A report.")
    assert (len(agreement.datasets or ()), agreement.sublicensing) == (3, ("No",))
    assert page.layout == "L3"


def test_prose_whose_heading_is_lost_may_be_all_there_is():
    bare = replace(FIRST, datasets=(), sections=(("Objectives", ("Data minimisation:", "None is asked for.")),))

    agreement = read_project(bare, as_nohead)

    assert (agreement.datasets, agreement.objectives) == ((), "Data minimisation:\nNone is asked for.")


def test_a_renamed_label_stays_one_behind_a_lost_line():
    text = as_nohead(PAGE).replace("Sublicensing allowed: No", "Sublicensing status: No")

    agreement = read(text).agreements[0]

    assert agreement.printed["Sublicensing status"] == "No"
    assert len(agreement.datasets or ()) == 3


@pytest.mark.parametrize(
    "markup",
    ["<dl><dt>{}:<dd>{}</dl>{}", "<table><tr><th>{}:<td>{}</table>{}", "<p><b>{}:</b> {}</p>{}", "{}: {}<br>{}"],
)
def test_the_bare_line_of_2017_is_no_dataset(markup: str):
    fields = {"Opt outs honoured": "N", "Basis": "x", "When": "unknown — 09/2015", "HSCIC Id": "DARS-NIC-12345-A1B2C"}
    fields |= {"Data": "Tides", "Output": "A report."}
    lines = [
        markup.format(label, value, "<p>Project info</p>" if label == "Data" else "") for label, value in fields.items()
    ]

    (agreement,) = read("<html><h1>Seaview Observatory</h1>" + "\n".join(lines)).agreements

    assert (agreement.datasets, agreement.outputs) == (("Tides",), "A report.")


@pytest.mark.parametrize("reference", ["NIC-00000-V0000", "DARS-NIC-12345-V12AB", "DARS-NIC-12345-v1234"])
def test_a_reference_that_ends_in_a_v_is_whole(reference: str):
    assert read_project(replace(FIRST, reference=reference)).reference == reference


def test_a_remark_on_a_line_of_its_own_begins_no_agreement():
    text = as_num(PAGE).replace("2024.11.", "2024.11.\n\nbreached contract — Audit report").replace("Academic, ", "")

    page = read(text)

    assert len(page.agreements) == 2
    assert page.agreements[0].when_note == "breached contract — Audit report"


def test_a_paragraph_among_the_purposes_begins_nothing():
    prose = "It follows another.\n\nBackground: see — DARS-NIC-55555-A1B2C\n\nOutputs:\n\nIt ends here. (Academic)"
    text = as_num(PAGE).replace("No, Yes (Academic, Clinical Commissioning Group (CCG))", prose)

    agreement = read(text).agreements[0]

    assert agreement.purposes_text == (
        "It follows another.\nBackground: see — DARS-NIC-55555-A1B2C\nOutputs:\nIt ends here."
    )
    assert (agreement.organisation_types, agreement.outputs) == (("Academic",), "A report.")


def test_an_unknown_label_is_kept_and_noticed():
    page = read(as_num(PAGE).replace("Sublicensing allowed: No", "Sublicensing allowed: No\n\nRetention: ten years"))

    assert page.notices[0] == "DARS-NIC-01234-A1B2C: unknown label 'Retention'"
    assert page.agreements[0].printed["Retention"] == "ten years"


def test_a_renamed_label_makes_its_field_not_printed_on_the_whole_page_that_lacks_it():
    page = read(as_num(PAGE).replace("Legal basis: Health", "Lawful basis: Health", 1))

    assert page.agreements[0].legal_bases is None
    assert "legal_bases" in page.agreements[0].unprinted
    assert page.agreements[1].legal_bases == ()
    assert "legal_bases" not in page.agreements[1].unprinted


def test_a_missing_label_alone_is_a_missing_value():
    without = replace(FIRST, fields=tuple(field for field in FIRST.fields if field[0] != "Sensitive"))

    agreement = read_project(without)

    assert agreement.sensitivity is None
    assert "sensitivity" not in agreement.unprinted


def test_a_repeated_label_is_one_field_with_both_values():
    twice = replace(FIRST, fields=(*FIRST.fields, ("Purposes", "(Research)")))

    agreement = read_project(replace(twice, note=""))

    assert agreement.printed["Purposes"] == "No, Yes (Academic, Clinical Commissioning Group (CCG))\n(Research)"
    assert agreement.organisation_types == ("Academic", "Clinical Commissioning Group (CCG)", "Research")


def test_type_of_data_behind_the_datasets_is_no_dataset():
    text = as_paragraphs(PAGE).replace("</ol>", "</ol><p><b>Type of data:</b> Identifiable</p>", 1)

    page = read(text.replace("<p><b>Type of data:</b> information not disclosed for TRE projects</p>", ""))

    assert page.layout == "L4"
    assert page.agreements[0].type_of_data == ("Identifiable",)
    assert len(page.agreements[0].datasets or ()) == 3


def test_a_footer_is_no_prose_of_the_last_agreement():
    page = read(as_paragraphs(PAGE))

    assert page.agreements[-1].processing == "The data — all of it — is kept.\nIt is kept in a safe."


def test_a_link_back_to_the_top_is_no_prose():
    markup = as_paragraphs(PAGE).replace("<h2", '<p><a href="#top">Back to top</a></p><h2')

    assert read(markup).agreements == read(as_num(PAGE)).agreements


def test_a_list_of_contents_is_no_list_of_datasets():
    page = read(as_compact(PAGE, ("- Long term follow-up", "- Research projects", "- Project 2")))

    assert page.organisation == "University Of Harbourtown"
    assert [len(agreement.datasets or ()) for agreement in page.agreements] == [3, 1]


def test_a_reference_that_stands_twice_on_a_page_is_noticed():
    page = read(as_num(replace(PAGE, projects=(FIRST, FIRST))))

    assert page.notices == ("DARS-NIC-01234-A1B2C: stands on this page 2 times",)


@pytest.mark.parametrize("form", [as_compact, as_paragraphs])
@pytest.mark.parametrize("above", ["Type of data", "Opt outs honoured", "Legal basis"])
def test_a_sentence_with_a_reference_among_the_labels_begins_no_agreement(form, above: str):
    sentence = "see DARS-NIC-00000-Q9Q9Q for more"
    line = f"<div>{sentence}</div>\n<p><b>{above}" if form is as_paragraphs else f"{sentence}\n{above}"
    text = form(PAGE).replace(f"<p><b>{above}" if form is as_paragraphs else above, line)
    agreements = read(text).agreements

    assert [agreement.reference for agreement in agreements] == [one.reference for one in PAGE.projects]
    assert all(sentence in f"{agreement.remainder} {agreement.printed}" for agreement in agreements)
