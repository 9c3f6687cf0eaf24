"""Compare: two dates of the pages, side by side, with what changed in between; and the same as files."""

import csv
import io
import json
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.harness.browse_server import serving
from tests.harness.editions import ADMISSIONS, EASTMERE, FALLS, HARROWDALE, REGISTER, TIDES, Page, Watch, with_project

HARROW = "university_of_harrowdale"
EVIL = '<img src=x onerror="alert(1)">\u202e</td>'


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a register of three with four editions: a dataset comes and goes again, another is renamed."""
    watch = Watch(tmp_path_factory.mktemp("compare"))
    deaths = ADMISSIONS.datasets
    ecds = (*deaths, "Emergency Care Data Set (ECDS)")
    renamed = ("Hospital Episode Statistics Admitted Patient Care (HES APC)", "Civil Registrations of Death")
    watch.take(REGISTER, "2024-01-05")
    watch.take({**REGISTER, HARROW: with_project(HARROWDALE, datasets=ecds, end="2027-03-12")}, "2024-02-05")
    for at in ("2024-03-05", "2024-04-05"):
        pages = {**REGISTER, HARROW: with_project(HARROWDALE, datasets=renamed, objectives=f"To learn more. {EVIL}")}
        pages["wexcombe_city_council"] = Page("Wexcombe City Council", (FALLS, replace(TIDES, title=EVIL)))
        pages["nhs_eastmere_icb"] = Page("NHS Eastmere ICB", (replace(TIDES, reference="DARS-NIC-555123-X1Y2Z"),))
        watch.take(pages, at)
    with serving(watch.database) as served:
        yield served


def rows_of(answer, organisation):
    """Return what stands in the rows of an organisation: what differs, before, after."""
    part = answer.soup.find("h2", string=organisation).find_parent("section")
    cells = [[" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])] for row in part("tr")[1:]]
    return [tuple(row) for row in cells]


def ask(served, query):
    return served.page(f"/compare?{query}")


def test_without_a_name_there_is_a_form_with_dates_that_make_sense(served):
    answer = served.page("/compare")
    form = answer.soup.find("form", action="/compare")

    assert form.find(attrs={"name": "from"})["value"] == "2024-01-05"
    assert form.find(attrs={"name": "to"})["value"] == "2024-04-05"
    assert "Name an organisation or a dataset" in answer.words


def test_what_differs_stands_side_by_side(served):
    rows = rows_of(ask(served, f"from=2024-01-10&to=2024-02-10&organisation={HARROW}"), "University of Harrowdale")

    assert ("Printed end", "2026-03-12", "2027-03-12") in rows
    (datasets,) = [row for row in rows if row[0] == "Datasets"]
    assert "Emergency Care Data Set (ECDS)" not in datasets[1]
    assert "Emergency Care Data Set (ECDS)" in datasets[2]


def test_a_newer_name_of_the_same_data_is_no_difference(served):
    rows = rows_of(ask(served, f"from=2024-01-10&to=2024-04-10&organisation={HARROW}"), "University of Harrowdale")

    assert "Datasets" not in [row[0] for row in rows]


def test_what_came_and_went_again_is_noted_though_it_is_no_difference(served):
    answer = ask(served, f"from=2024-01-10&to=2024-04-10&organisation={HARROW}")
    rows = rows_of(answer, "University of Harrowdale")

    assert ("In between", "Datasets: “Emergency Care Data Set (ECDS)” came in between and went again.") in rows
    assert ("In between", "Printed end: changed in between, and is as it was.") in rows


def test_the_changes_in_between_stand_below_with_editorial_ones_folded(served):
    answer = ask(served, f"from=2024-01-10&to=2024-04-10&organisation={HARROW}")
    (between,) = answer.soup.select("details.editorials")[:1]

    assert "first seen in between" in between.summary.get_text()
    assert "Dataset added" in between.get_text()
    assert between.select("details.editorials .change.editorial")


def test_an_agreement_that_moved_stands_at_the_organisation_asked_for(served):
    query = "from=2024-01-10&to=2024-04-10&organisation=NHS+Eastmere+ICB&organisation=wexcombe_city_council"
    answer = ask(served, query)
    rows = rows_of(answer, "Wexcombe City Council")

    assert ("Page", "NHS Eastmere ICB", "Wexcombe City Council") in rows
    assert ("Agreement", "not on the page", "on the pages, with 1 dataset") in rows_of(answer, "NHS Eastmere ICB")


def test_a_dataset_may_narrow_or_choose(served):
    answer = ask(served, "from=2024-01-10&to=2024-02-10&dataset=ECDS")

    assert answer.soup.find("h2", string="University of Harrowdale")
    assert not answer.soup.find("h2", string="NHS Eastmere ICB")


def test_the_sum_counts_agreements_and_datasets(served):
    answer = ask(served, f"from=2024-01-10&to=2024-02-10&organisation={HARROW}")
    cells = {td["data-label"]: " ".join(td.get_text(" ").split()) for td in answer.soup.select("#h-sum ~ * td, td")[:5]}

    assert cells["Agreements"] == "1 → to 1"
    assert (cells["Datasets in"], cells["Datasets out"], cells["Most severe"]) == ("1", "0", "Medium")


def test_csv_has_differences_notes_and_changes(served):
    answer = served.page(f"/compare.csv?from=2024-01-10&to=2024-04-10&organisation={HARROW}")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))

    assert {row["row"] for row in rows} == {"difference", "note", "change"}
    assert {row["reference"] for row in rows} == {ADMISSIONS.reference}
    assert [row["id"] for row in rows if row["row"] == "change"]


def test_json_is_by_organisation_and_agreement(served):
    (found,) = json.loads(served.page(f"/compare.json?from=2024-01-10&to=2024-02-10&organisation={HARROW}").text)
    (one,) = found["agreements"]

    assert (found["page"], one["reference"]) == (HARROW, ADMISSIONS.reference)
    assert {"field": "dsa_end", "before": ["2026-03-12"], "after": ["2027-03-12"]}.items() <= next(
        d for d in one["differences"] if d["field"] == "dsa_end"
    ).items()
    assert {change["kind"] for change in one["changes"]} == {"dataset-added", "dsa-extended"}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("from=2024-03-01&to=2024-02-01&organisation=wexcombe_city_council", "The first date lies after the second."),
        ("from=yesterday&organisation=wexcombe_city_council", "“yesterday” is no date"),
    ],
)
def test_what_cannot_be_compared_is_said(served, query, says):
    answer = served.get(f"/compare?{query}")

    assert answer.status == 400
    assert says in answer.words


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("organisation=University+of+Harowdale", "the nearest is University of Harrowdale"),
        ("dataset=Emergency+Car+Dataset", "No dataset is called"),
        ("from=2023-01-01&organisation=wexcombe_city_council", "not known before 5 January 2024"),
    ],
)
def test_a_name_or_a_day_that_is_not_known_is_said_beside_the_form(served, query, says):
    answer = ask(served, query)

    assert says in answer.words
    assert answer.soup.find("form", action="/compare")
    assert served.get(f"/compare.csv?{query}").status == 400


def test_text_of_a_page_and_of_the_reader_is_only_text(served):
    answer = ask(
        served, "from=2024-01-10&to=2024-04-10&organisation=wexcombe&organisation=%3Cscript%3Ealert(1)%3C/script%3E"
    )
    other = ask(served, "from=2024-01-10&to=2024-04-10&organisation=wexcombe&organisation=university_of_harrowdale")

    for one in (answer, other):
        assert not one.soup.find_all("img")
        assert not one.soup.body.find_all("script")
        assert "\u202e" not in one.text
    assert '<img src=x onerror="alert(1)">' in other.words


def test_headings_are_in_order_and_tables_have_captions(served):
    answer = ask(served, f"from=2024-01-10&to=2024-04-10&organisation={HARROW}&organisation=wexcombe_city_council")
    levels = [int(tag.name[1]) for tag in answer.soup.find("main").find_all(["h1", "h2", "h3", "h4", "h5"])]

    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert all(table.caption for table in answer.soup("table"))
    assert not answer.soup.find_all(style=True)


def test_eastmere_is_unchanged_before_it_moves(served):
    answer = ask(served, f"from=2024-01-10&to=2024-02-10&organisation={EASTMERE.organisation.replace(' ', '+')}")

    assert "0 differences on the agreements compared" in answer.words
