"""Datasets and legal bases: names over time, who has each and since when, who got or lost it, how many by month."""

import csv
import io
import json
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.harness.browse_server import register_database, serving
from tests.harness.editions import (
    ADMISSIONS,
    FALLS,
    HARROWDALE,
    REGISTER,
    TIDES,
    WEXCOMBE,
    Page,
    Watch,
    many,
    with_project,
)

OLD, NEW = "Hospital Episode Statistics Outpatients", "Hospital Episode Statistics Outpatients (HES OP)"
ECDS = "Emergency Care Data Set (ECDS)"
ADDRESS = "/datasets/hospital-episode-statistics-outpatients-hes-op"
EVIL = '<script>alert("1")</script>\u202e</svg>'


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a register in which a dataset is renamed, gained, lost and read in hostile spellings."""
    watch = Watch(tmp_path_factory.mktemp("dataset"))
    fresh = replace(ADMISSIONS, reference="DARS-NIC-600001-N3W4G", title=EVIL, datasets=(NEW, EVIL))
    s251 = "National Health Service Act 2006 - s251 - 'Control of patient information'"
    later = {
        **REGISTER,
        "wexcombe_city_council": with_project(WEXCOMBE, datasets=(NEW,), legal_basis=s251),
        "university_of_harrowdale": replace(HARROWDALE, projects=(ADMISSIONS, fresh)),
    }
    watch.take(REGISTER, "2024-01-05")
    watch.take(later, "2024-02-05")
    watch.take(later, "2024-03-05")
    watch.take({**later, "nhs_eastmere_icb": with_project(REGISTER["nhs_eastmere_icb"], datasets=(OLD,))}, "2024-04-05")
    with serving(watch.database, base_url="https://example.org", feeds_url="https://example.org/feeds") as served:
        yield served


def table(answer, part):
    """Return the rows of the table in a part of the page, as words."""
    rows = answer.soup.find(id=part).find_parent("section").select("tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])] for row in rows]


def test_the_list_counts_several_names_of_one_dataset_once(served):
    rows = table(served.page("/datasets"), "h-now")

    assert [f"{NEW} also printed as {OLD}", "3", "3"] in rows
    assert [ECDS, "1", "1"] not in rows


def test_the_list_can_be_narrowed_by_any_name(served):
    assert len(table(served.page("/datasets?words=outpatients"), "h-now")) == 1
    assert "0 datasets with “zebra” in a name" in served.page("/datasets?words=zebra").words


def test_a_dataset_that_nobody_has_any_more_stands_apart(served):
    assert [row[0] for row in table(served.page("/datasets"), "h-gone")] == [ECDS]


def test_who_has_it_says_since_when_under_any_name(served):
    rows = {row[1].split()[-1]: row for row in table(served.page(ADDRESS), "h-who")}

    assert rows[FALLS.reference][2] == "2024-01-05 , or before"
    assert rows["DARS-NIC-600001-N3W4G"][2] == "2024-02-05"
    assert rows[TIDES.reference][2:] == ["2024-04-05", "2026-03-12", "Section 261 dissemination", "No"]
    assert rows[FALLS.reference][4] == "Section 251 support"


def test_names_over_time_tell_the_newest_from_the_earlier(served):
    assert table(served.page(ADDRESS), "h-names") == [
        [OLD, "known name of the same data", "2024-01-05", "still printed", "1"],
        [NEW, "newest known name", "2024-02-05", "still printed", "2"],
    ]


def test_who_got_it_lately_leaves_out_renamings(served):
    got = served.page(ADDRESS).soup.find(id="h-got").find_parent("section").select(".change .what")

    assert [" ".join(row.get_text().split()) for row in got] == [
        f"Added at NHS Eastmere ICB, 5 April 2024. {TIDES.reference}",
        "With a new agreement at University of Harrowdale, 5 February 2024. DARS-NIC-600001-N3W4G",
    ]


def test_who_lost_it_is_told_with_the_change(served):
    answer = served.page("/datasets/emergency-care-data-set-ecds")
    lost = answer.soup.find(id="h-lost").find_parent("section").select(".change")

    assert [" ".join(row.select_one(".what").get_text().split()).split(",")[0] for row in lost] == [
        "Removed at Wexcombe City Council"
    ]
    assert lost[0].select_one("a.id")["href"].startswith("/changes/")


def test_the_chart_by_month_has_its_figures_beside_it(served):
    figures = served.page(ADDRESS).soup.find(id="h-month").find_parent("section").select("tbody tr")

    assert [(row.th.get_text(), row.td.get_text()) for row in figures] == [
        ("Apr 2024", "3"),
        ("Mar 2024", "2"),
        ("Feb 2024", "2"),
        ("Jan 2024", "1"),
    ]


def test_a_value_missing_once_was_there_all_along(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2024-01-05")
    without = {name: page for name, page in REGISTER.items() if name != "wexcombe_city_council"}
    watch.take({**without, "wexcombe_city_council": Page("Wexcombe City Council", many(1))}, "2024-02-05")
    watch.take(REGISTER, "2024-03-05")
    with serving(watch.database) as served:
        address = "/datasets/hospital-episode-statistics-outpatients-hes-op.json"
        (one,) = json.loads(served.page(address).text)

    assert one["since"] == "2024-01-05T00:00:00Z"


def test_the_table_can_be_narrowed_and_sorted(served):
    narrow = served.page(f"{ADDRESS}?family=s251-support")
    by_name = [row[0] for row in table(served.page(f"{ADDRESS}?sort=organisation"), "h-who")]

    assert [row[0] for row in table(narrow, "h-who")] == ["Wexcombe City Council"]
    assert by_name == sorted(by_name)
    assert served.get(f"{ADDRESS}?family=magic").status == 400
    assert served.get(f"{ADDRESS}?sort=magic").status == 400


def test_other_names_lead_to_the_page_and_unknown_ones_to_the_nearest(served):
    for name in ("hospital-episode-statistics-outpatients", "hes-op"):
        assert served.get(f"/datasets/{name}").headers["location"] == ADDRESS
    answer = served.get("/datasets/emergency-care-dataset")

    assert answer.status in (301, 404)
    assert served.get("/datasets/nothing-like-it-zzzz").status == 404


def test_the_files_have_who_has_it_now(served):
    rows = list(csv.DictReader(io.StringIO(served.page(f"{ADDRESS}.csv").text, newline="")))
    found = json.loads(served.page(f"{ADDRESS}.json").text)

    assert len(rows) == len(found) == 3
    assert {row["reference"] for row in rows} == {one["reference"] for one in found}


def test_a_page_names_its_feeds_and_its_own_address(served):
    soup = served.page(ADDRESS).soup

    assert soup.find("link", rel="canonical")["href"] == f"https://example.org{ADDRESS}"
    assert soup.find("link", rel="alternate")["href"] == f"https://example.org/feeds{ADDRESS}.atom"
    assert soup.title.get_text() == f"{NEW}: registerwatch"


# --- legal bases ------------------------------------------------------------------------------------------------------


def test_legal_bases_are_spelled_out_by_family(served):
    answer = served.page("/legal-bases")

    assert [h.get_text() for h in answer.soup.select("main h2")] == ["Section 261 dissemination", "Section 251 support"]
    assert "National Health Service Act 2006, section 251" in answer.words


def test_a_legal_basis_says_who_cites_it_and_in_which_words(served):
    answer = served.page("/legal-bases/NHSA2006:s251")

    assert answer.soup.h1.get_text() == "National Health Service Act 2006, section 251"
    assert [row[1].split()[-1] for row in table(answer, "h-who")] == [FALLS.reference]
    assert "One agreement came to cite it in the last 90 days" in answer.words
    assert "“National Health Service Act 2006 - s251 - 'Control of patient information'”" in answer.words


def test_a_legal_basis_that_went_is_told_where_it_went(served):
    answer = served.page("/legal-bases/HSCA2012:s261(2)(a)")
    lost = answer.soup.find(id="h-lost").find_parent("section").select(".change .what")

    assert [" ".join(row.get_text().split()) for row in lost] == [
        f"Removed at Wexcombe City Council, 5 February 2024. {FALLS.reference}"
    ]


def test_a_legal_basis_has_files_and_one_spelling_of_its_address(served):
    assert served.page("/legal-bases/NHSA2006:s251.csv").headers["content-type"].startswith("text/csv")
    assert len(json.loads(served.page("/legal-bases/NHSA2006:s251.json").text)) == 1
    assert served.get("/legal-bases/nhsa2006:s251").headers["location"].startswith("/legal-bases/NHSA2006")
    assert served.get("/legal-bases/magna-carta").status == 404


# --- all of them ------------------------------------------------------------------------------------------------------


def test_hostile_names_are_only_text(served):
    addresses = {row["href"] for row in served.page("/datasets").soup.select("main th a")}
    evil = [address for address in addresses if "script" in address]

    for address in ("/datasets", ADDRESS, *evil):
        answer = served.page(address)
        assert not answer.soup.body.find_all("script")
        assert "\u202e" not in answer.text
    assert len(evil) == 1
    assert '<script>alert("1")</script>' in served.page(evil[0]).soup.h1.get_text()


def test_datasets_and_legal_bases_of_a_large_register_have_whole_pages(tmp_path_factory):
    with serving(register_database(tmp_path_factory.mktemp("many"))) as served:
        for listing in ("/datasets", "/legal-bases"):
            for link in served.page(listing).soup.select("main tbody th a")[::9]:
                soup = served.page(link["href"]).soup
                levels = [int(tag.name[1]) for tag in soup.find("main").find_all(["h1", "h2", "h3", "h4"])]
                assert levels[0] == 1
                assert all(b - a <= 1 for a, b in pairwise(levels))
                assert all(one.caption for one in soup("table"))
                assert len({tag["id"] for tag in soup.find_all(id=True)}) == len(soup.find_all(id=True)), link["href"]
