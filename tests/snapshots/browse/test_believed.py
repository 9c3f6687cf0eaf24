"""A public site shows what committed runs say, and nothing that was held, discarded or not believed."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from snapshots.browse.app.tables import AS_READ
from tests.harness.browse_server import serving
from tests.harness.editions import Page, Watch, many, with_project

SECRET = "Numberless"
BOARDS = {f"nhs_board_{n:02d}": Page(f"NHS Board {n}", many(2, first=10 * n)) for n in range(20)}


def different(start):
    other = {
        "title": f"{SECRET} admissions",
        "objectives": f"{SECRET} prose.",
        "start": start,
        "datasets": (f"{SECRET} data set",),
        "controllers": f"{SECRET.upper()} TRUST",
        "legal_basis": f"{SECRET} Act 2012 – s1",
        "purposes": f"Yes ({SECRET})",
    }
    boards = {slug: replace(page, organisation=f"{SECRET} board {slug}") for slug, page in BOARDS.items()}
    return {slug: with_project(page, **other) for slug, page in boards.items()}


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    """A register with a committed and a discarded edition, and one that is held."""
    watch = Watch(tmp_path_factory.mktemp("believed"))
    watch.take(BOARDS, "2026-06-01")
    watch.take(BOARDS | {"nhs_board_99": Page("NHS Board 99", many(1, first=990))}, "2026-06-15")
    assert watch.take(different("2021-01-01"), "2026-07-01").exit_code == 3
    watch.run("discard", "3")
    assert watch.take(different("2021-02-02"), "2026-08-01").exit_code == 3
    return watch.database


@pytest.fixture(scope="module")
def public(register):
    with serving(register, public=True, publish_pages=True) as served:
        yield served


def tables(database):
    with closing(sqlite3.connect(database)) as db:
        return [name for (name,) in db.execute("select name from sqlite_master where type in ('table', 'view')")]


def test_no_table_or_view_shows_what_a_held_or_a_discarded_edition_printed(register, public):
    shown = []
    for table in tables(register):
        for ending in (".json?_shape=array&_size=max", ".csv?_stream=1", f".json?_search={SECRET.lower()}"):
            answer = public.get(f"/register/{table}{ending}")
            assert answer.status < 500, table
            # The word that was asked for stands there again, in small letters.
            assert not {SECRET, SECRET.upper()} & set(re.findall("[A-Za-z]+", answer.text)), f"{table}{ending}"
            shown += [table] if answer.status == 200 else []

    assert "agreement_versions" in shown
    assert "printed_versions" in shown
    assert not AS_READ & set(shown)


@pytest.mark.parametrize("address", ["/search?q={}", "/register/words_in_prose.json?words={}", "/changes?words={}"])
def test_no_search_finds_it(public, address):
    answer = public.get(address.format(SECRET))
    assert f"{SECRET} " not in answer.text.replace(f"q={SECRET} ", "")


def test_no_word_of_it_is_offered_for_one_that_is_misspelt(public):
    assert SECRET.lower() not in public.get("/search?q=Numberlses").text.lower()


def test_what_was_printed_before_is_there_with_its_prose(public):
    rows = json.loads(public.get("/register/printed_versions.json?_shape=array").body)

    assert len(rows) == 41
    assert "cold week" in rows[0]["objectives"]


def test_a_kept_page_that_no_run_believed_is_not_shown_to_the_public(register, public):
    with closing(sqlite3.connect(register)) as db:
        (held,) = db.execute("select body from captures where run = 4 limit 1").fetchone()
        (believed,) = db.execute("select body from captures where run = 1 limit 1").fetchone()

    assert public.get(f"/snapshots/{believed}").status == 200
    for address in (f"/snapshots/{held}", f"/snapshots/{held}.txt", f"/snapshots/{believed}?with={held}"):
        answer = public.get(address)
        assert answer.status == 404, address
        assert SECRET not in answer.text


def test_on_this_machine_it_can_be_looked_at_before_a_decision(register):
    with closing(sqlite3.connect(register)) as db:
        (held,) = db.execute("select body from captures where run = 4 limit 1").fetchone()
    with serving(register) as local:
        assert SECRET in local.get(f"/snapshots/{held}").text
        assert SECRET in local.get("/register/states.json").text


def test_no_cell_leads_to_what_is_not_shown(public):
    for table in ("agreement_versions", "snapshots", "changes", "captures"):
        links = [link["href"] for link in public.page(f"/register/{table}").soup.select("td a[href]")]
        assert not [link for link in links if link.split("/")[2:3] in (["states"], ["texts"], ["bodies"])]
