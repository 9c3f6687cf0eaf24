"""Pictures: what they count, that each stands alone as a file, and that the table behind it says the same."""

import csv
import io
import re
import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from lxml import etree

from snapshots.browse.pictures.picture import PICTURES
from tests.harness.browse_server import serving
from tests.harness.editions import HARROWDALE, REGISTER, Watch, with_project

SVG = "{http://www.w3.org/2000/svg}"
SITE = "https://watch.example.org"


@pytest.fixture(scope="module")
def served(register):
    with serving(register, base_url=SITE) as served:
        yield served


def asked(database, sql):
    with closing(sqlite3.connect(database)) as db:
        return db.execute(sql).fetchall()


@pytest.fixture(scope="module")
def addresses(register, served):
    """Name of a picture → its address as a file, without the ending, and what is asked of it."""
    ((page,),) = asked(
        register, "select page from agreements where standing group by page order by count(*) desc limit 1"
    )
    ((reference,),) = asked(register, "select reference from agreements where standing order by reference limit 1")
    ((basis,),) = asked(register, "select basis from agreement_legal_bases order by basis limit 1")
    dataset = served.page("/datasets").soup.select_one("main tbody th a").get_text().replace(" ", "+")
    query = {
        "terms-and-releases": f"?organisation={page}",
        "recipients": f"?dataset={dataset}",
        "dataset-by-month": f"?dataset={dataset}",
        "legal-basis-by-month": f"?basis={basis}",
        "term": f"?reference={reference.replace(' ', '+')}",
    }
    return {one.name: (f"/pictures/{one.name}", query.get(one.name, "")) for one in PICTURES}


def table(served, name, query=""):
    """Return the rows behind a picture, and what its last line says."""
    rows = list(csv.reader(io.StringIO(served.page(f"/pictures/{name}.csv{query}").text, newline="")))
    head, *lines, last = rows
    return [dict(zip(head, line, strict=True)) for line in lines], last[0]


@pytest.mark.parametrize("name", [one.name for one in PICTURES])
def test_a_picture_stands_alone_as_a_file_and_says_where_it_is_from(served, addresses, name):
    address, query = addresses[name]
    answer = served.page(f"{address}.svg{query}")
    root = etree.fromstring(answer.body)
    words = " ".join(root.itertext())

    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.svg"'
    assert not root.xpath("//@class")
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= set(
        "svg title desc rect line text polygon polyline".split()
    )
    assert "Open Government Licence" in words
    assert f"Drawn by registerwatch, {SITE}, from pages as last read on 15 May 2017." in words


@pytest.mark.parametrize("name", [one.name for one in PICTURES])
def test_the_table_behind_a_picture_ends_with_the_same_source(served, addresses, name):
    rows, source = table(served, name, addresses[name][1])

    assert rows
    assert source.startswith("Source: ")
    assert source.endswith("as last read on 15 May 2017.")


def test_the_figures_are_those_that_the_pages_count(served):
    rows, _ = table(served, "figures")
    newest = rows[0]
    trading = served.page("/red-flags.csv?rule=commercial-purpose").text.splitlines()

    assert newest["Month"] == "2017-05"
    assert f"{newest['Organisations']} pages, {newest['Agreements']} agreements" in served.page("/status").words
    assert int(newest["Commercial purpose"]) == len(trading) - 1


def test_each_figure_leads_to_a_list_of_as_many(served):
    shown = served.page("/").soup.select("#h-figures ~ ul li")
    figures = {one.a.get_text(): (int(one.select_one(".n").get_text()), one.a["href"]) for one in shown}
    n = {name: number for name, (number, _) in figures.items()}
    listed = {name: listing(served, address) for name, (_, address) in figures.items() if address != "/organisations"}

    assert len(figures) == 6
    assert len(listed["Agreements"]) == n["Agreements"]
    assert len(listed["Section 251 support"]) == n["Section 251 support"]
    assert len(listed["Commercial purpose"]) == n["Commercial purpose"]
    assert (
        sum(int(row["system_access_only"]) for row in listed["System access only (TRE)"])
        == n["System access only (TRE)"]
    )
    assert all(served.get(address).status == 200 for _, address in figures.values())


def listing(served, address):
    """Return the rows behind a list, all of them."""
    path, _, query = address.partition("?")
    text = served.page(f"{path}.csv?{query}&_stream=1").text.removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_month_that_is_long_past_counts_what_stood_then(register, served):
    rows, _ = table(served, "figures")
    first = rows[-1]
    ((agreements, pages),) = asked(
        register,
        "select count(*), count(distinct page) from agreement_versions "
        "where first_seen = (select min(captured_at) from runs)",
    )

    assert (first["Month"], int(first["Agreements"]), int(first["Organisations"])) == ("2016-02", agreements, pages)


def test_the_map_of_kinds_counts_each_change_that_is_told_once(served):
    rows, _ = table(served, "kinds-by-month")
    changes = csv.DictReader(io.StringIO(served.page("/changes.csv").text, newline=""))
    told = Counter(change["kind"] for change in changes)

    assert sum(int(row["Dataset added"]) for row in rows) == told["dataset-added"]
    assert (
        sum(int(n) for row in rows for name, n in row.items() if name != "Month") == told.total() - 1
    )  # one withdrawn


def test_the_map_of_kinds_follows_the_filter_of_the_page(served):
    rows, _ = table(served, "kinds-by-month", "?severity=high")
    all_rows, _ = table(served, "kinds-by-month")

    assert set(rows[0]) < set(all_rows[0])
    assert served.get("/pictures/kinds-by-month.svg?organisation=nobody+at+all").status == 400


def test_an_organisations_strip_has_each_of_its_agreements(served, addresses):
    query = addresses["terms-and-releases"][1]
    rows, _ = table(served, "terms-and-releases", query)
    slug = query.partition("=")[2]
    now = served.page(f"/organisations/{slug}").soup.select("[aria-labelledby=h-now] tbody .ref")

    assert {row["Agreement"] for row in rows} == {one.get_text() for one in now}


def test_a_datasets_recipients_reach_back_further_than_anything_was_read(served, addresses):
    rows, _ = table(served, "recipients", addresses["recipients"][1])

    assert rows[-1]["Month"] < "2016-02"
    assert rows[0]["Month"] == "2017-05"


def test_each_drawing_in_a_page_has_a_name_a_description_and_a_table(served):
    answer = served.page("/pictures")
    drawings = answer.soup.select("figure > svg")
    ids = [tag["id"] for tag in answer.soup.select("[id]")]

    assert len(drawings) == 5
    assert len(ids) == len(set(ids))
    for drawing in drawings:
        named = drawing["aria-labelledby"].split()
        assert drawing["role"] == "img"
        assert all(answer.soup.find(id=one).get_text() for one in named)
        assert drawing.find_parent("figure").table.caption.get_text()


def test_an_id_in_a_drawing_is_made_of_letters_digits_and_dashes(served, addresses):
    svgs = [served.page(f"{address}.svg{query}").body for address, query in addresses.values()]
    ids = [one for svg in svgs for one in etree.fromstring(svg).xpath("//@id")]

    assert len(ids) == 2 * len(svgs)
    assert [one for one in ids if not re.fullmatch("[a-z][a-z0-9-]*", one)] == []


def test_the_caption_of_a_figure_is_its_last_part(served):
    figures = served.page("/questions/who-has-dataset?dataset=HES").soup.select("figure:has(figcaption)")

    assert figures
    assert all(figure.find_all(recursive=False)[-1].name == "figcaption" for figure in figures)


def test_what_cannot_be_drawn_is_said(served):
    for address in (
        "nothing.svg",
        "recipients.svg?dataset=Nothing",
        "recipients.csv",
        "terms-and-releases.svg?organisation=x",
    ):
        assert served.get(f"/pictures/{address}").status == 404
    assert "Name an agreement." in served.get("/pictures/term.svg").text
    assert "has the reference NIC-0" in served.get("/pictures/term.svg?reference=NIC-0").text


def test_the_text_of_a_page_is_only_text_in_a_picture(tmp_path):
    watch = Watch(tmp_path)
    evil = '<script>alert("1")</script> =1+1'
    watch.take({**REGISTER, "university_of_harrowdale": with_project(HARROWDALE, title=evil)}, "2026-01-01")
    with serving(watch.database) as served:
        query = "?organisation=university_of_harrowdale"
        root = etree.fromstring(served.page(f"/pictures/terms-and-releases.svg{query}").body)
        (row,), _ = table(served, "terms-and-releases", query)

    assert not root.findall(f".//{SVG}script")
    assert any(evil[:30] in text for text in root.itertext())
    assert row["Title"] == evil


def test_before_anything_was_read_there_are_no_pictures(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-01-01")
    with closing(sqlite3.connect(watch.database)) as db, db:
        for one in ("agreements", "agreement_versions", "changes", "snapshots", "manifests", "captures", "runs"):
            db.execute(f"delete from {one}")
    with serving(watch.database) as served:
        assert "Nothing has been read yet." in served.page("/pictures").words
        assert served.get("/pictures/figures.svg").status == 404
