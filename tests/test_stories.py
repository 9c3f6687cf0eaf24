"""The ten stories that the program is for, from the front page to the goal by clicking, with script and without."""

import csv
import hashlib
import io
import json
import re

import feedparser
import pytest

from tests.harness.browse_server import serving
from tests.harness.chromium import Visit, chromium, needs_chromium
from tests.harness.ten_names import watched

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    return watched(tmp_path_factory.mktemp("stories"))


@pytest.fixture(scope="module")
def served(watch):
    with serving(watch.database) as served:
        yield served


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=[True, False], ids=["script", "without"])
def visit(request, browser, served):
    with Visit(browser, served.url, java_script_enabled=request.param, accept_downloads=True) as visit:
        yield visit
        assert visit.elsewhere() == []
        assert visit.complaints == []


@pytest.fixture
def page(visit):
    """The front page, where every story begins."""
    return visit.to("/")


def go(page, *names):
    """Click one link after the other, as the bar or the page calls it."""
    for name in names:
        page.get_by_role("link", name=name, exact=isinstance(name, str)).first.click()
        page.wait_for_load_state()


def words(page):
    return " ".join(page.get_by_role("main").inner_text().split())


def file_behind(page, name):
    """Return the text of a file that the page links to."""
    address = page.get_by_role("link", name=name, exact=True).last.get_attribute("href")
    answer = page.request.get(address)
    assert answer.ok, address
    return answer.text()


def feed_behind(page, name="Atom"):
    """Return the entries of the feed that the page links to."""
    return feedparser.parse(file_behind(page, name)).entries


def feed_behind_address(page, address):
    """Return the entries of the feed at an address that the page must link to."""
    assert page.locator(f"main a[href='{address}']").count() > 0, address
    return feedparser.parse(page.request.get(address).text()).entries


def test_1_a_board_sees_what_became_of_itself_and_of_those_it_took_over(page):
    go(page, "Organisations", "NHS Frimley ICB - D4U1Y")
    assert "Commissioning for Frimley" in words(page)
    told = {row["page"] for row in csv.DictReader(io.StringIO(file_behind(page, "CSV")))}
    assert told == {"nhs_frimley_icb__d4u1y", "nhs_frimley_ccg", "nhs_surrey_heath_ccg"}
    assert len(feed_behind(page)) == 7

    go(page, "NHS Surrey Heath CCG", "Invoices of the heath")
    assert "DARS-NIC-100008-X6Y7Z" in words(page)


def test_2_a_campaigner_watches_a_dataset_under_every_name_it_had(page):
    go(page, "Datasets", re.compile("GDPPR"))
    said = words(page)

    assert "2 agreements at 2 organisations" in said
    assert "GPES Data for Pandemic Planning and Research (COVID-19)" in said
    assert "University of Harrowdale" in said
    assert "Wexcombe City Council" in said
    assert sorted(one.title.split()[0] for one in feed_behind(page)) == ["DARS-NIC-100004-K7L8M", "GPES"]


def test_2_a_campaigner_types_three_letters_and_sees_who_has_any_part_of_it(page):
    page.get_by_label("Search agreements, organisations, datasets and changes").fill("hes")
    page.get_by_role("button", name="Search").click()
    go(page, "Hospital Episode Statistics (HES)")
    said = words(page)

    assert "4 agreements" in said
    assert all(
        name in said for name in ("Admissions along the coast", "Minds of the young", "Benchmarks for hospitals")
    )
    assert "Cheshire" not in said


def test_3_a_data_protection_officer_hears_of_another_family_and_not_of_another_section(page):
    go(page, "Questions", "Changes of the family of a legal basis")
    told = {row["reference"] for row in csv.DictReader(io.StringIO(file_behind(page, "CSV")))}

    assert told == {"DARS-NIC-100009-B2C3D", "DARS-NIC-100003-G5H6J"}  # NIC-100002-D3E4F only cites another limb
    assert all(one in words(page) for one in told)
    assert "NIC-100002-D3E4F" not in words(page)


def test_4_what_ends_soon_is_one_click_away_and_leads_to_the_agreement(page):
    go(page, "Expiring")
    assert "2026-06-30" in words(page)
    go(page, "Invoices of the heath")

    assert "2026-06-30" in words(page)
    assert page.url.endswith("/agreements/DARS-NIC-100008-X6Y7Z")


def test_5_a_journalist_takes_the_gravest_change_home_with_both_values_and_a_citation(page):
    go(page, re.compile("^High"))
    assert page.locator(".change").count() == len(feed_behind(page)) == 4
    page.locator(".change").filter(has_text="Commercial").locator("a.id").click()
    said = words(page)

    assert "“No” to “Yes”" in said or '"No" to "Yes"' in said
    assert "first seen 1 April 2026" in said
    assert "/changes/ea4a4a95bb272c4489f4" in page.url
    assert "ea4a4a95" in page.locator(".cite").inner_text()


def test_6_a_researcher_takes_a_table_of_what_changed_between_two_days(page):
    go(page, "Compare")
    page.get_by_label("From (year-month-day)").fill("2026-01-15")
    page.get_by_label("to", exact=True).fill("2026-05-01")
    page.get_by_label("Organisation", exact=True).fill("Cheshire East Council")
    page.get_by_role("button", name="Compare").click()
    said = words(page)
    found = json.loads(file_behind(page, "JSON"))
    rows = [row for row in csv.DictReader(io.StringIO(file_behind(page, "CSV"))) if row["row"] == "difference"]

    assert "One difference" in said or "1 difference" in said
    assert [len(one["differences"]) for of in found for one in of["agreements"]] == [1]
    assert [row["reference"] for row in rows] == ["DARS-NIC-100009-B2C3D"]


def test_7_a_lawyer_opens_both_kept_pages_and_checks_the_sum(page):
    page.locator(".change").filter(has_text="section 261").locator("a.id").last.click()
    sums = ["".join(one.split()) for one in page.locator("code.sha").all_inner_texts()]
    assert len(set(sums)) >= 2
    page.get_by_role("link", name=re.compile("As it was kept")).first.click()
    kept = page.request.get(page.get_by_role("link", name="save its bytes").get_attribute("href")).body()

    assert hashlib.sha256(kept).hexdigest() == sums[0]


def test_8_a_company_that_changed_its_name_is_one_line_that_lists_what_went_with_it(page):
    lines = page.locator(".change").filter(has_text="Northgate Analytics Ltd")
    assert lines.count() == 1
    lines.locator("a.id").first.click()
    said = words(page)
    go(page, "Benchmarks for hospitals")

    assert "Brightwater Insights Ltd" in said
    assert page.url.endswith("/agreements/DARS-NIC-100005-N9P1Q")


def test_9_whoever_runs_it_sees_that_nothing_needs_a_person(page):
    go(page, "Status")

    assert "Nothing needs a person" in words(page)


def test_10_a_newsroom_follows_what_is_grave_and_each_entry_keeps_its_id(page, watch):
    go(page, "Feeds")
    entries = {name: feed_behind_address(page, f"/changes.{name}?severity=high") for name in ("atom", "rss")}
    told = watch.changes("--severity", "high")

    for read in entries.values():
        assert [one.id.rpartition("/")[2] for one in read] == [one["id"] for one in told]
        assert all(one.link for one in read)
