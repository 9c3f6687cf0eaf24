"""The manual under /docs: every page of docs/ is there, well made, and leads nowhere that is not."""

from pathlib import Path

import pytest

from snapshots.browse.explaining.manual import contents
from tests.harness.browse_server import register_database, serving
from tests.snapshots.browse.test_crawl import faults

DOCS = Path(__file__).parents[3] / "docs"
PAGES = [page for part in contents() for page in part["pages"]]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(register_database(tmp_path_factory.mktemp("browse")), public=True) as served:
        yield served


@pytest.fixture(scope="module")
def answers(served):
    return {page["address"]: served.page(page["address"]) for page in [{"address": "/docs"}, *PAGES]}


def test_every_page_of_docs_is_there(answers):
    assert {page["name"] for page in PAGES} == {path.stem for path in DOCS.glob("*.md")} - {"index"}
    assert all(
        answers[page["address"]].soup.h1.get_text() == page["title"] for page in PAGES if "/docs/" in page["address"]
    )


def test_every_page_is_as_ours_have_to_be(answers):
    assert {address: list(faults(answer)) for address, answer in answers.items() if list(faults(answer))} == {}


def test_every_link_between_them_leads_to_a_page_and_a_place_on_it(answers, served):
    ids = {address: {tag["id"] for tag in answer.soup.select("[id]")} for address, answer in answers.items()}
    lost = []
    for address, answer in answers.items():
        for link in answer.soup.select("#content .main a[href]"):
            page, _, place = link["href"].partition("#")
            page = page or address
            if page.startswith(("http://", "https://", "mailto:")):
                continue
            if page not in ids:
                lost += [] if served.get(page).status == 200 else [(address, link["href"])]
            elif place and place not in ids[page]:
                lost.append((address, link["href"]))

    assert lost == []


def test_what_stands_in_an_example_is_no_template(answers):
    assert "{{ $labels.reason }}" in answers["/docs/monitoring"].text


def test_a_page_that_there_is_not_leads_to_the_manual(served):
    answer = served.get("/docs/nothing")

    assert answer.status == 404
    assert 'href="/docs"' in answer.text


def test_every_page_leads_to_the_manual(served):
    assert served.page("/").soup.select_one('footer a[href="/docs"]').get_text() == "Manual"
