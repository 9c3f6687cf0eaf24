"""Every word that a reader meets is explained, and leads there: /about, /method, /glossary, /severity."""

import pytest

from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.fields import LAYOUTS
from scraper.records import FIELDS
from snapshots.browse.explaining.words import anchor_of, explained
from tests.harness.browse_server import copy_of, serving

PAGES = ("/about", "/method", "/glossary", "/severity")


@pytest.fixture(scope="module")
def anchors(served):
    """Address → the anchors on the page."""
    return {page: [one["id"] for one in served.page(page).soup.select("[id]")] for page in PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_there_and_each_anchor_once(anchors, page):
    assert len(anchors[page]) == len(set(anchors[page]))


@pytest.mark.parametrize("page", ["/", "/datasets", "/status", "/search?q=mental", "/nowhere", "/register", *PAGES])
def test_every_page_leads_to_them_at_its_foot(served, page):
    links = [link["href"] for link in served.get(page).soup.select("footer a[href]")]

    assert links[:4] == list(PAGES)


def words_of_pages():
    """Labels as we call them, as every layout prints them; severities, kinds, and what else marks a change."""
    headings = {one.heading for one in FIELDS.values()} | {one.called for one in FIELDS.values()}
    printed = {one.label_in(layout) for one in FIELDS.values() for layout in LAYOUTS}
    return sorted(
        {*headings, *printed, *Severity, *(kind.value for kind in ChangeKind), "editorial", "withdrawn"} - {""}
    )


@pytest.mark.parametrize("word", words_of_pages())
def test_every_word_of_a_page_is_explained(anchors, word):
    page, _, anchor = (explained(word) or "").partition("#")

    assert anchor in anchors[page]


@pytest.mark.parametrize("kind", ChangeKind)
def test_every_kind_is_explained_under_the_heading_that_lists_it(anchors, kind):
    assert anchor_of(kind.row.heading) in anchors["/severity"]


@pytest.mark.parametrize(
    "word",
    "DSA DARS DSFC TRE SDE s251 COPI CAG IGARD AGD DPN opt-outs sublicensing commercial identifiable pseudonymised "
    "anonymised aggregated controller processor consent directions redline checksum proof group run held".split(),
)
def test_the_trade_s_words_are_explained(anchors, word):
    assert anchor_of(word) in anchors["/glossary"]


def test_every_link_of_them_leads_to_an_anchor_that_is_there(served, anchors):
    for page in PAGES:
        for link in served.page(page).soup.select("main a[href]"):
            to, _, anchor = link["href"].partition("#")
            if not to.startswith("http"):
                assert not anchor or anchor in anchors[to or page], link["href"]


def test_a_severity_leads_to_what_it_means(served):
    marks = served.page("/").soup.select(".sev")

    assert marks
    assert all(mark["href"] == explained(mark.text) for mark in marks)


def test_the_labels_of_an_agreement_lead_to_what_they_mean(served):
    front = served.page("/").soup
    agreement = next(link["href"] for link in front.select("a[href^='/agreements/']"))
    labels = served.page(agreement).soup.select("#h-facts ~ dl > div > dt, .facts:not(.printed) > div > dt")

    assert len(labels) > 5
    assert [label.text for label in labels if not label.a and label.text != "Earlier reference"] == []


def test_it_says_that_it_is_not_official_and_names_its_address(register, tmp_path):
    with serving(copy_of(register, tmp_path), base_url="https://register.example.org") as published:
        about = published.page("/about").soup

    assert about.select_one("#is-this-official").find_next("p").text.startswith("No.")
    assert about.select_one("aside a[href='https://register.example.org']")


def test_each_kind_has_an_example_in_the_words_of_the_pages(served):
    terms = served.page("/severity").soup.select(".terms")[1].select("div")

    assert [one.code.text for one in terms] == list(ChangeKind)
    assert all(one.select("dd")[-1].text.startswith("“") for one in terms)


def test_heads_of_tables_and_proofs_lead_to_what_they_mean(served):
    organisation = next(link["href"] for link in served.page("/").soup.select(".org h3 a"))
    change = next(link["href"] for link in served.page("/").soup.select("a.id"))
    asked = {
        organisation: ("Printed term", "Last release", "SHA-256", "Layout"),
        change: ("First seen", "SHA-256", "Kept page"),
    }

    for page, words in asked.items():
        terms = {link.text: link["href"] for link in served.page(page).soup.select("a.term")}
        assert {word: terms.get(word) for word in words} == {word: explained(word) for word in words}, page


def test_a_change_leads_to_what_its_kind_is(served):
    for link in served.page("/").soup.select("a.id")[:3]:
        there = [a["href"] for a in served.page(link["href"]).soup.select("dl a[href^='/severity#']")]
        assert there
        assert there[0].partition("#")[2] in set(ChangeKind)


@pytest.mark.parametrize(
    ("contact", "link"),
    [("desk@register.example", "mailto:desk@register.example"), ("https://desk.example/us", "https://desk.example/us")],
)
def test_about_says_whom_to_write_to_if_anybody_is_named(served, register, contact, link):
    with serving(register, public=True, contact=contact) as named:
        (shown,) = named.page("/about").soup.find_all("a", string=contact)
        assert shown["href"] == link
        assert "No name and no address" not in named.page("/about").words

    assert "No name and no address stand here" in served.page("/about").words
