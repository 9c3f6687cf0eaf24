"""Questions as pages: each answers in a sentence, with links, bars, files and feeds, in the words of other pages."""

import csv
import io
import json
import re

import pytest

from snapshots.sql.comments import QUESTIONS

QUESTION = pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)


@pytest.fixture(scope="module")
def page_of(served):
    """Return the page of a question, which is asked for once."""
    pages = {one.slug: served.page(f"/questions/{one.slug}") for one in QUESTIONS}
    return lambda question: pages[question.slug].soup


@pytest.fixture(scope="module")
def rows_of(served):
    pages = {one.slug: json.loads(served.page(f"/questions/{one.slug}.json").body) for one in QUESTIONS}
    return lambda question: pages[question.slug]


def sentence(served, address):
    return served.page(address).soup.select_one(".stand").get_text()


def test_questions_have_their_place_in_the_bar_and_a_page_by_what_they_are_about(served):
    soup = served.page("/questions").soup
    listed = {link["href"] for link in soup.select("main dl a")}

    assert soup.select_one("nav.nav a[aria-current=page]").get_text() == "Questions"
    assert listed == {f"/questions/{one.slug}" for one in QUESTIONS}


@QUESTION
def test_a_question_answers_in_a_sentence_and_gives_the_same_rows_as_files(served, page_of, rows_of, question):
    soup, rows = page_of(question), rows_of(question)
    files = {link.get_text(): link["href"] for link in soup.select("aside .feeds a")}
    lines = list(csv.DictReader(io.StringIO(served.page(files["CSV"]).text)))
    said = soup.select_one(".stand").get_text()

    assert soup.h1.get_text() == question.title
    assert said.endswith(".")
    assert ("Nothing on the register" in said) == (rows == [])
    assert len(rows) == len(lines)
    assert len(soup.select("#h-rows")) == 1
    assert len(soup.select("table.stack tbody tr")) == min(len(rows), 50)


@QUESTION
def test_a_page_of_a_question_speaks_as_the_other_pages_do(page_of, rows_of, question):
    main, rows = page_of(question).main, rows_of(question)
    words = main.get_text(" ").replace(main.select_one("details.asked").get_text(" "), "")

    assert not re.search(r"\d{4}-\d{2}-\d{2}T\d{2}", words)
    assert not re.search(r"\b(first_seen|dataset-added|agreement-added|dsa-extended)\b", words)
    for column, selector in (("organisation", "/organisations/"), ("reference", "/agreements/")):
        if rows and all(row.get(column) for row in rows):
            assert main.select_one(f'table.stack a[href^="{selector}"]'), column


@QUESTION
def test_the_feeds_of_a_question_are_there_and_it_can_be_asked_in_the_tables(served, page_of, question):
    soup = page_of(question)
    feeds = [link["href"] for link in soup.select('aside a[href^="/changes."]')]

    assert bool(feeds) == bool(question.feed)
    for address in (*feeds[:1], soup.select_one("details.asked a")["href"]):
        assert served.page(address).body


def test_a_dataset_has_as_many_agreements_as_its_page_says_under_whichever_name_it_is_asked_for(served):
    rows = json.loads(served.page("/questions/datasets-most-widely-held.json").body)
    name = rows[0]["dataset"]
    link = served.page("/questions/datasets-most-widely-held").soup.select_one('table a[href^="/datasets/"]')["href"]
    told = served.page(link).soup.select_one(".stand").get_text()
    counted = re.search(r"([\d,]+ agreements?) at ([\d,]+ organisations?)", told)

    asked = sentence(served, f"/questions/who-has-dataset?dataset={name.replace(' ', '+').upper()}")
    assert asked.startswith(f"{counted[1]} of {counted[2]} list ")


def test_a_family_is_asked_for_by_its_name(served):
    rows = json.loads(served.page("/questions/who-has-dataset.json?dataset=HES").body)

    assert len({row["dataset"] for row in rows}) > 1
    assert all("hospital episode" in row["dataset"].lower() for row in rows)


def test_a_name_that_nobody_has_is_said_with_the_nearest(served):
    said = sentence(served, "/questions/who-has-dataset?dataset=Hospitl+Episode+Statistcs+Outpatient")

    assert said.startswith("No dataset is called ")
    assert "the nearest" in said


def test_a_reference_that_no_agreement_has_is_said_with_the_nearest(served, rows_of):
    history = next(one for one in QUESTIONS if one.name == "history_of_agreement")
    known = rows_of(history)[0]["reference"]
    said = sentence(served, f"/questions/history-of-agreement?reference={known}X")

    assert said.startswith(f"No agreement has the reference “{known}X”; the nearest ")
    assert known in said


def test_an_agreement_that_is_gone_left_its_datasets_on_the_day_it_was_told(served):
    gone = json.loads(served.page("/changes.json?kind=agreement-removed").text)
    every = "/register/joined_and_left.json?dataset=&since=2000-01-01&_shape=array&_size=max"
    left = json.loads(served.page(every).text)

    assert gone
    assert {(one["reference"], one["first_seen"]) for one in gone} <= {
        (row["reference"], row["day"]) for row in left if row["moved"] == "left"
    }


def test_a_heading_sorts_the_rows_by_number_and_back(served):
    address = "/questions/organisations-most-agreements"
    heading = served.page(address).soup.find("a", string="Datasets")["href"]
    down = [
        int(cell.get_text()) for cell in served.page(heading.split("#")[0]).soup.select('td[data-label="Datasets"]')
    ]
    again = served.page(heading.split("#")[0]).soup.find("a", string="Datasets")["href"]
    up = [int(cell.get_text()) for cell in served.page(again.split("#")[0]).soup.select('td[data-label="Datasets"]')]

    assert down == sorted(down, reverse=True)
    assert up == sorted(up)


def test_an_address_written_as_the_table_names_it_leads_to_the_page(served):
    assert served.get("/questions/who_has_dataset").headers["location"] == "/questions/who-has-dataset"
    assert served.get("/questions/who-has-datasets").status == 404
    assert "Who has a dataset now" in served.get("/questions/who-has-datasets").text


@pytest.mark.parametrize("typed", ["%22", "%27%3B", "%3Cscript%3E", "%25", "9999-99-99", "x" * 2000, "%00"])
def test_whatever_is_typed_a_page_answers(served, typed):
    for slug, name in (("who-has-dataset", "dataset"), ("high-severity", "since"), ("words-in-prose", "words")):
        answer = served.get(f"/questions/{slug}?{name}={typed}&sort={typed}&start=999999999")
        assert answer.status == 200
        assert "<script>" not in answer.text
