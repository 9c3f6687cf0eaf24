"""The made-up register itself: it is the same for the same seed, has the traps, and three programs can write it."""

from collections import Counter

import openpyxl
import pytest

from tests.harness.workbooks.edits import EDITS, OLDER
from tests.harness.workbooks.model import Month
from tests.harness.workbooks.story import Story, months
from tests.harness.workbooks.truth import Due, grouped, judge
from tests.harness.workbooks.writing import write_openpyxl, write_xlsxwriter


@pytest.fixture(scope="module")
def years():
    return list(months("made up", 63, 9, agreements=60))


def test_a_seed_is_a_register(years):
    again = list(months("made up", 63, 9, agreements=60))

    assert [one.sheets for one in again] == [one.sheets for one in years]
    assert [one.due for one in again] == [one.due for one in years]
    assert (years[0].month, years[-1].month) == (Month(2021, 7), Month(2026, 9))


def test_every_kind_of_the_official_register_is_due(years):
    due = Counter(one.kind for edition in years for one in edition.due)

    assert due.keys() == {
        "version-added", "version-removed", "agreement-added", "agreement-removed", "organisation-renamed",
        "dsa-extended", "dsa-shortened", "dsa-term-changed", "title-changed", "text-changed", "releases-continued",
        "dataset-added", "dataset-removed", "dataset-relabelled", "dataset-row-changed", "legal-basis-changed",
        "controller-added", "controller-removed", "controller-succeeded", "controller-basis-changed",
        "type-of-data-changed", "sensitivity-changed", "access-method-changed", "confidentiality-changed",
        "opt-outs-changed", "sublicensing-changed", "commercial-changed", "organisation-type-changed",
    }  # fmt: skip
    assert min(due[kind] for kind in due) > 5
    assert any(one.agreements >= 25 for edition in years for one in edition.due if one.agreements != 1)


def test_the_traps_are_there(years):
    rows = [row for edition in years for row in edition.sheets["Agreements"][1:]]
    joined = {mark for row in rows for mark in (";", "\n", ", ") if mark in str(row[4])}
    datasets = Counter((row[0], row[1]) for row in years[-1].sheets["Datasets"])
    answers = {(row[1], row[5]) for edition in years for row in edition.sheets["DataReleases"][1:]}

    assert joined == {";", "\n", ", "}
    assert max(datasets.values()) > 1
    assert any(str(row[0]).endswith("-v2.10") for row in rows)
    assert any("-v0." in str(row[0]) for row in rows)
    assert any(row[0] == "No filters applied" for row in rows)
    assert any((reference, "Yes") in answers for reference, answer in answers if answer == "No")
    assert any(one.mentions == ("listed_again",) for edition in years for one in edition.due)
    assert {edit.__name__ for edit in OLDER} - {edit.__name__ for edit in EDITS} == {"answers_changed"}


@pytest.mark.parametrize("write", [write_openpyxl, write_xlsxwriter])
def test_a_workbook_says_what_its_sheets_say(tmp_path, write):
    edition = Story("written", 5).first()
    book = openpyxl.load_workbook(edition.write(tmp_path, write))

    assert book.sheetnames == list(edition.sheets)
    for name, rows in edition.sheets.items():
        assert [list(row) for row in book[name].iter_rows(values_only=True)] == rows


def told(due, **other):
    facts = {"kind": due.kind, "reference": due.reference, "page": "x", "severity": "low", "substantive": True}
    facts |= {"field": "title", "before": "A", "after": "B", "added": [], "removed": [], "agreements": 1}
    return facts | {"summary": "A became B", "details": {"source": "official"}} | other


def test_what_is_told_is_held_against_what_is_due():
    due = Due(kind="title-changed", reference="X-v1.0", before="A", after="B", severity="low")

    assert judge("2022-01", [due], [told(due, before=" a")]).ok
    assert not judge("2022-01", [due], []).ok
    assert not judge("2022-01", [due], [told(due), told(due)]).ok
    assert not judge("2022-01", [due], [told(due, after="C")]).ok
    assert not judge("2022-01", [due], [told(due, details={})]).ok
    assert not judge("2022-01", [], [told(due)]).ok


def test_the_same_edit_on_25_versions_is_one():
    same = [Due(kind="dataset-added", reference=f"X-v{n}.0", added=["D"]) for n in range(25)]
    alone = [Due(kind="version-added", reference=f"X-v{n}.0", after="1.0") for n in range(25)]

    assert [one.agreements for one in grouped(same)] == [25]
    assert len(grouped(same[:24])) == 24
    assert len(grouped(alone)) == 25
