"""Printed ends that are coming up: with caution, by days and organisation, the apparent ones apart."""

import csv
import io
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.harness.browse_server import serving
from tests.harness.editions import REGISTER, Page, Project, Watch

EVIL = '<img src=x onerror="alert(1)">\u202e'


def ending(n, end, title="A study", released="2022.05 — 2023.11."):
    return Project(reference=f"DARS-NIC-{700_000 + n}-E1N2D", title=title, end=end, released=released)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    watch = Watch(tmp_path_factory.mktemp("expiring"))
    projects = (
        ending(1, "2024-01-20"),
        ending(2, "2024-02"),
        ending(3, "2024-12-31"),
        ending(4, "2024-01-09"),
        ending(5, "2024-01-10", title=EVIL),
        ending(6, "2024-02-01", released="2022.05 — 2024.11."),
        ending(7, "2026-01-01"),
    )
    pages = {**REGISTER, "severn": Page("Severn Institute", projects)}
    watch.take(pages, "2024-01-10")
    with serving(watch.database, feeds_url="https://example.org/feeds") as served:
        yield served


def references(answer, part="main"):
    soup = answer.soup.find(id=part).find_parent("section") if part != "main" else answer.soup
    return [int(tag.get_text()[9:15]) - 700_000 for tag in soup.select("td .ref")]


@pytest.mark.parametrize(("days", "found"), [(30, [5, 1]), (90, [5, 1, 2]), (365, [5, 1, 2, 3])])
def test_ends_of_the_next_days_stand_nearest_first_and_today_counts(served, days, found):
    answer = served.page(f"/expiring?days={days}")

    assert references(answer)[: len(found)] == found
    assert 4 not in references(answer)


def test_an_end_printed_as_a_month_is_its_last_day(served):
    (one,) = [one for one in json.loads(served.page("/expiring.json").text) if one["dsa_end"] == "2024-02"]

    assert (one["last_day"], one["days_left"]) == ("2024-02-29", 50)


def test_an_end_before_the_last_release_is_apparent_and_not_coming_up(served):
    answer = served.page("/expiring")

    assert references(answer, "h-apparent") == [6]
    assert "Three agreements have a printed end" in answer.words
    assert "hardly the end that holds now" in answer.words


def test_where_only_apparent_ends_come_up_the_page_says_why_and_offers_them(tmp_path):
    watch = Watch(tmp_path)
    pages = {**REGISTER, "severn": Page("Severn Institute", (ending(6, "2024-02-01", released="2022.05 — 2024.11."),))}
    watch.take(pages, "2024-01-10")
    with serving(watch.database) as served:
        note = served.page("/expiring?days=30").soup.select_one(".main > .note")

    assert " ".join(note.get_text(" ").split()) == (
        "No printed end lies in these days but 1 apparent one , listed below: releases are printed for months after it."
    )
    assert note.a["href"] == "#h-apparent"


def test_where_nothing_comes_up_the_page_offers_the_longest_time(served):
    note = served.page("/expiring?days=30&organisation=wexcombe").soup.select_one(".main > .note")

    assert note.get_text() == "No printed end lies in these days."


def test_an_agreement_without_a_title_is_called_by_its_first_dataset_and_its_reference(tmp_path):
    watch = Watch(tmp_path)
    untitled = replace(ending(1, "2024-01-20", title="Project 1"), datasets=("Civil Registrations of Death",))
    watch.take({**REGISTER, "severn": Page("Severn Institute", (untitled,))}, "2024-01-10")
    watch.take({**REGISTER, "severn": Page("Severn Institute", (replace(untitled, end="2025-01-20"),))}, "2024-02-10")
    with serving(watch.database) as served:
        words = {
            address: [link.get_text() for link in served.page(address).soup.select("main a[href^='/agreements/']")]
            for address in ("/", "/organisations/severn", "/datasets/civil-registrations-of-death")
        }

    for address, links in words.items():
        assert f"Without a title: Civil Registrations of Death, {untitled.reference}" in links, address


def test_the_caution_stands_beside_the_list(served):
    assert "a printed end that passes does not mean that anything stops" in served.page("/expiring").words


def test_an_organisation_can_be_asked_for_by_a_part_of_its_name(served):
    assert references(served.page("/expiring?days=365&organisation=severn")) == [5, 1, 2, 3, 6]
    assert references(served.page("/expiring?days=365&organisation=wexcombe")) == []
    assert "No organisation is called “Nobody Such”" in served.page("/expiring?organisation=Nobody+Such").words
    assert served.get("/expiring.csv?organisation=Nobody+Such").status == 400


def test_other_numbers_of_days_are_refused(served):
    assert served.get("/expiring?days=31").status == 400
    assert served.get("/expiring?days=soon").status == 400


def test_the_choices_say_how_many_there_are(served):
    answer = served.page("/expiring")
    choices = [" ".join(tag.get_text(" ").split()) for tag in answer.soup.select(".choice a")]

    assert choices == ["30 days 2", "90 days 3", "180 days 3", "365 days 4"]
    assert answer.soup.select_one('.choice a[aria-current="true"]').get_text().startswith("90 days")


def test_the_file_marks_what_is_apparent(served):
    rows = list(csv.DictReader(io.StringIO(served.page("/expiring.csv").text, newline="")))

    assert [(row["dsa_end"], row["apparent"]) for row in rows] == [
        ("2024-01-10", "false"),
        ("2024-01-20", "false"),
        ("2024-02-01", "true"),
        ("2024-02", "false"),
    ]


def test_a_hostile_title_is_only_text(served):
    answer = served.page("/expiring")

    assert not answer.soup.find_all("img")
    assert "\u202e" not in answer.text
    assert '<img src=x onerror="alert(1)">' in answer.words


def test_printed_ends_that_move_are_followed_for_the_organisation_that_is_asked_for(served):
    for address, organisation in (("/expiring", None), ("/expiring?organisation=wexcombe_city_council", "wexcombe")):
        (atom,) = [a["href"] for a in served.page(address).soup.select("aside .feeds a") if a.get_text() == "Atom"]
        asked = parse_qs(urlsplit(atom).query)
        assert served.get(atom).status == 200
        assert asked["kind"] == ["dsa-extended", "dsa-shortened", "dsa-term-changed"]
        assert asked.get("organisation", [None])[0] == (organisation and "wexcombe_city_council")
