"""The search knows the trade: acronyms, families, former names, citations, references in any form, slips of the pen."""

import json
from dataclasses import replace
from urllib.parse import quote

import pytest

from snapshots.browse.page import search
from tests.harness.browse_server import serving
from tests.harness.chromium import Visit, chromium, needs_chromium
from tests.harness.editions import ADMISSIONS, FALLS, TIDES, Page, Watch
from tests.harness.ten_names import GDPPR, watched


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(watched(tmp_path_factory.mktemp("search")).database) as served:
        yield served


def found(served, text, part):
    """Return name and the words beside it of what stands in one part of the results."""
    head = served.page(f"/search?q={quote(text)}").soup.find(id=f"h-{part}")
    hits = head.find_parent("section").select(".found li") if head else []
    return [(hit.a.get_text(), " ".join(hit.get_text(" ").split())) for hit in hits]


def names(served, text, part):
    return [name for name, _ in found(served, text, part)]


@pytest.mark.parametrize(
    ("text", "part", "first"),
    [
        ("HES", "datasets", "Hospital Episode Statistics (HES)"),
        ("hospital episode", "datasets", "Hospital Episode Statistics (HES)"),
        ("mhsds", "datasets", "Mental Health Services Data Set (MHSDS)"),
        ("iapt", "datasets", "Improving Access to Psychological Therapies (IAPT)"),
        ("Pandemic Planning", "datasets", GDPPR),
        ("s251", "legal-bases", "National Health Service Act 2006, section 251"),
        ("Section 251", "legal-bases", "National Health Service Act 2006, section 251"),
        ("s261(2)(a)", "legal-bases", "Health and Social Care Act 2012, section 261(2)(a)"),
        ("frimley ccg", "organisations", "NHS Frimley CCG"),
        ("frimley icb", "organisations", "NHS Frimley ICB - D4U1Y"),
        ("brightwater", "organisations", "Brightwater Insights Ltd"),
        ("wexcombe", "organisations", "Wexcombe City Council"),
        ("streets", "agreements", "Accidents on our streets"),
        ("100003", "agreements", "Accidents on our streets"),
    ],
)  # fmt: skip
def test_the_first_hit_is_what_was_meant(served, text, part, first):
    assert names(served, text, part)[0] == first


def test_an_acronym_is_no_part_of_a_longer_word(served):
    assert "Cheshire" not in served.page("/search?q=HES").soup.main.get_text()
    assert names(served, "cheshire", "organisations") == ["Cheshire East Council"]


def test_the_number_beside_a_name_is_that_of_its_page(served):
    ((_, hes), *_) = found(served, "hes", "datasets")
    ((_, s251), *_) = found(served, "s251", "legal-bases")

    assert "in 4 agreements, family of datasets" in hes
    assert len(json.loads(served.page("/datasets/hes.json").text)) == 4
    assert "in 4 agreements" in s251
    assert len(json.loads(served.page("/legal-bases/NHSA2006:s251.json").text)) == 4


@pytest.mark.parametrize(("name", "what"), [("hes", "dataset"), ("s251", "basis"), ("NHS Frimley ICB", "organisation")])
def test_the_changes_found_by_a_name_are_those_of_its_filter(served, name, what):
    count = served.page(f"/search?q={quote(name)}").soup.find(id="h-changes").parent.p.get_text()

    assert int(count) == len(json.loads(served.page(f"/changes.json?{what}={quote(name)}").text))


def test_a_renamed_company_is_found_by_the_name_it_had(served):
    hits = dict(found(served, "northgate", "organisations"))

    assert "known as Northgate Analytics Ltd" in hits["Brightwater Insights Ltd"]


@pytest.mark.parametrize(
    "form", ["nic-100003", "NIC-100003-G5H6J", "dars-nic-100003-g5h6j", "DARS-NIC-100003-G5H6J-v2.1"]
)
def test_a_reference_in_any_form_leads_to_its_agreement(served, form):
    answer = served.get(f"/search?q={form}")

    assert (answer.status, answer.headers["location"]) == (301, "/agreements/DARS-NIC-100003-G5H6J")


@pytest.mark.parametrize(("typed", "meant"), [("mental helth", "mental health"), ("wexcmobe", "wexcombe")])
def test_what_is_misspelt_is_asked_back_and_the_answer_finds_it(served, typed, meant):
    link = served.page(f"/search?q={quote(typed)}").soup.find("a", string=meant)

    assert served.page(link["href"]).soup.select(".found li")


def test_only_words_that_are_found_have_feeds(served):
    for typed, has_feeds in (("mental helth", False), ("streets", True)):
        links = [link["href"] for link in served.page(f"/search?q={quote(typed)}").soup.select("main a[href]")]
        assert any(".atom" in link for link in links) == has_feeds


def test_letters_inside_of_a_name_find_it_where_no_name_has_them_as_a_word(served):
    assert names(served, "ightwater", "organisations") == ["Brightwater Insights Ltd"]


# --- while it is typed ------------------------------------------------------------------------------------------------


def suggested(served, text):
    return json.loads(served.page(f"/search/suggest?q={quote(text)}").text)["suggestions"]


def test_suggestions_are_the_first_hits_of_every_sort_and_lead_to_pages(served):
    ((hes, *_), frimley, basis) = (suggested(served, text) for text in ("he", "frimley", "s251"))

    assert (hes["name"], hes["address"]) == ("Hospital Episode Statistics (HES)", "/datasets/hes")
    assert {one["name"] for one in frimley} >= {"NHS Frimley ICB - D4U1Y", "NHS Frimley CCG"}
    assert [one["sort"] for one in basis] == ["legal basis"]
    assert all(served.page(one["address"]) for one in (hes, *frimley, *basis))


@pytest.mark.parametrize("text", ["", "h", "***", "x" * 3000, '"<script>', "\0"])
def test_what_says_nothing_is_suggested_nothing(served, text):
    assert suggested(served, text) == []


def test_no_more_is_suggested_than_can_be_read_and_who_has_it_need_not_have_it_again(served):
    answer = served.page("/search/suggest?q=da")

    assert len(json.loads(answer.text)["suggestions"]) <= 8
    assert served.get("/search/suggest?q=da", if_none_match=answer.headers["etag"]).status == 304


@needs_chromium
def test_a_suggestion_is_chosen_by_keyboard(served):
    with chromium() as browser, Visit(browser, served.url) as visit:
        page = visit.to("/")
        field = page.get_by_role("combobox", name="Search agreements")
        field.fill("hes")  # at once: of letter after letter a later answer may close what an earlier one opened
        first = page.get_by_role("option").first
        first.wait_for()
        assert field.get_attribute("aria-expanded") == "true"
        field.press("ArrowDown")
        assert first.get_attribute("aria-selected") == "true"
        assert field.get_attribute("aria-activedescendant") == first.get_attribute("id")
        field.press("Escape")
        assert field.get_attribute("aria-expanded") == "false"
        field.press_sequentially(" ")
        first.wait_for()
        field.press("ArrowDown")
        field.press("Enter")
        page.wait_for_url("**/datasets/hes")
        assert visit.complaints == []


@needs_chromium
def test_suggestions_that_were_closed_are_not_opened_by_an_answer_that_comes_later(served):
    with chromium() as browser, Visit(browser, served.url) as visit:
        page = visit.to("/")
        field = page.get_by_role("combobox", name="Search agreements")
        field.fill("hes")
        page.get_by_role("option").first.wait_for()
        page.route("**/search/suggest?q=mhsds", lambda _route: None)  # no answer
        with page.expect_request("**/search/suggest?q=mhsds"):
            field.fill("mhsds")
        with page.expect_event("requestfailed"):
            field.press("Escape")
        assert field.get_attribute("aria-expanded") == "false"


# --- the best first ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ranked(tmp_path_factory):
    """Serve three agreements: one about lichen, one that names it once among much else, one without a title."""
    watch = Watch(tmp_path_factory.mktemp("ranked"))
    much = " ".join(f"word{n}" for n in range(300))
    projects = (
        replace(ADMISSIONS, title="A first by its title", objectives=f"{much} lichen {much}"),
        replace(FALLS, title="Zonation", objectives=much, outputs="Lichen, and more lichen: lichen."),
        replace(TIDES, title="Project 3", objectives=f"{much} {much} {much} lichen"),
    )
    watch.take({"harrowdale": Page("University of Harrowdale", projects)}, "2026-06-01")
    with serving(watch.database) as served:
        yield served


def test_prose_that_is_most_about_the_words_comes_first_and_is_quoted(ranked):
    hits = found(ranked, "lichen", "prose")

    assert [name for name, _ in hits] == [
        "Zonation",
        "A first by its title",
        f"Without a title: {TIDES.datasets[0]}, {TIDES.reference}",
    ]
    assert "Lichen , and more lichen : lichen" in hits[0][1]


def test_words_in_more_sections_than_are_ranked_are_found_in_the_order_of_titles(ranked, monkeypatch):
    monkeypatch.setattr(search, "_MOST_RANKED", 0)

    assert names(ranked, "lichen", "prose")[:2] == ["A first by its title", "Zonation"]


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """Serve agreements about lichen, of which one has left the register."""
    watch = Watch(tmp_path_factory.mktemp("left"))
    lichen = replace(ADMISSIONS, title="Lichen on roofs", objectives="Lichen, lichen, lichen, and vitamin D.")
    moss = replace(FALLS, title="Moss on roofs", objectives="Moss, and some lichen, and vitamin doses.")
    for edition, projects in (("2026-06-01", (lichen, moss)), ("2026-07-01", (moss,)), ("2026-08-01", (moss,))):
        watch.take({"harrowdale": Page("University of Harrowdale", projects)}, edition)
    with serving(watch.database) as served:
        yield served


def test_what_stands_comes_before_what_has_left_the_register(left):
    hits = found(left, "lichen", "prose")

    assert [name for name, _ in hits] == ["Moss on roofs", "Lichen on roofs"]
    assert "no longer on the register’s pages" in hits[1][1]


def test_a_single_letter_at_the_end_is_a_word_of_the_prose_and_more_letters_begin_one(left):
    assert names(left, "vitamin d", "prose") == ["Lichen on roofs"]
    assert names(left, "vitamin do", "prose") == ["Moss on roofs"]


def test_of_an_agreement_on_several_pages_the_first_section_with_the_words_is_quoted(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "_MOST_RANKED", 0)
    watch = Watch(tmp_path)
    aims, results = (replace(ADMISSIONS, **{section: "Some lichen."}) for section in ("objectives", "outputs"))
    pages = {"ashdown": Page("Ashdown Council", (results,)), "brightsea": Page("Brightsea Council", (aims,))}
    watch.take(pages, "2026-06-01")
    with serving(watch.database) as served:
        hits = found(served, "lichen", "prose")

    assert [name for name, _ in hits] == [ADMISSIONS.title]
    assert "Brightsea Council" in hits[0][1]
