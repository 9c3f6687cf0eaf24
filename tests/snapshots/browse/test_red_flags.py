"""Red flags: the view finds states, says since when, and the page says why each may mean nothing."""

import contextlib
import csv
import io
import json
import re
import sqlite3
from dataclasses import replace

import pytest

from snapshots.browse.page.red_flags import ABOUT
from tests.harness.browse_server import serving
from tests.harness.editions import REGISTER, Page, Project, Watch

NOTICE = "CV19: Regulation 3 (4) of the Health Service (Control of Patient Information) Regulations 2002"
S251 = "National Health Service Act 2006 - s251 - 'Control of patient information'"
EVIL = '<img src=x onerror="alert(1)">\u202e audit'
PLAIN = Project(access="One-Off")
SHOWS = {
    "releases-after-the-end": {"end": "2024-10-31"},
    "ongoing-past-the-end": {"access": "Ongoing", "end": "2024-12-31"},
    "no-legal-basis": {"legal_basis": ""},
    "commercial-with-s251": {"legal_basis": S251, "purposes": "No (Academic, Commercial)"},
    "lapsed-notice": {"legal_basis": NOTICE},
    "commercial-purpose": {"purposes": "No, Yes (Charity)"},
    "sublicensing": {"sublicensing": "No, Yes"},
    "remark": {"released": f"2022.05 — 2024.11. {EVIL}"},
    "end-before-start": {"end": "2021-01-01", "released": ""},
    "releases-backwards": {"released": "2024.11 — 2022.05."},
    "over-ten-years": {"end": "2032-04-12"},
}
"""Word of a rule → what an agreement prints that shows it."""


def number(rule):
    return f"DARS-NIC-{800_000 + list(SHOWS).index(rule)}-F1L2G"


def page_of(shown, flag=""):
    projects = tuple(
        replace(PLAIN, reference=number(rule), title=rule, **(SHOWS[rule] if rule in shown else {})) for rule in SHOWS
    )
    return Page("Severn Institute", projects, flag=flag)


def found(database, rule=None):
    with contextlib.closing(sqlite3.connect(database)) as db:
        rows = db.execute("select flag, page, reference, since, evidence from red_flags order by rule, 3").fetchall()
    return [row for row in rows if rule in (None, row[0])]


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    """Watch a register whose agreements show nothing at first and each its sign from the second edition on."""
    watch = Watch(tmp_path_factory.mktemp("flags"))
    rest = {"severn": page_of(())}
    watch.take({**REGISTER, **rest}, "2025-01-05")
    for at in ("2025-02-05", "2025-03-05"):
        watch.take({**REGISTER, "severn": page_of(SHOWS, flag="It was sent files both ways.")}, at)
    return watch


@pytest.fixture(scope="module")
def served(watch):
    with serving(watch.database) as served:
        yield served


@pytest.mark.parametrize("rule", SHOWS)
def test_a_state_that_shows_it_is_found_with_since_when(watch, rule):
    rows = [row for row in found(watch.database, rule) if row[1] == "severn"]

    assert number(rule) in {row[2] for row in rows}
    assert {row[3] for row in rows if row[2] == number(rule)} == {"2025-02-05T00:00:00Z"}


def test_a_plain_agreement_shows_nothing(tmp_path):
    watch = Watch(tmp_path)
    watch.take({"severn": page_of(())}, "2025-01-05")

    assert found(watch.database) == []


def test_the_flag_of_a_page_is_quoted_and_counts_from_when_it_was_raised(watch):
    (row,) = found(watch.database, "opt-outs-both-ways")

    assert row == ("opt-outs-both-ways", "severn", None, "2025-02-05T00:00:00Z", "“It was sent files both ways.”")


def test_evidence_is_in_words(watch):
    evidence = {row[0]: row[4] for row in found(watch.database) if row[2] and row[2] == number(row[0])}

    assert evidence["releases-after-the-end"] == "printed end 2024-10-31, last release 2024-11"
    assert evidence["commercial-purpose"] == "commercial purpose No, Yes"
    assert evidence["commercial-with-s251"] == "organisation type Academic, Commercial"
    assert evidence["over-ten-years"] == "2022-03-13 to 2032-04-12"


def test_since_begins_anew_where_a_state_did_not_show_it(tmp_path):
    watch = Watch(tmp_path)
    for at, shown in (("2025-01-05", SHOWS), ("2025-02-05", ()), ("2025-03-05", SHOWS), ("2025-04-05", SHOWS)):
        watch.take({"severn": page_of(shown)}, at)

    # What was printed before is believed again at its second sighting in a row (rule 12).
    assert {row[3] for row in found(watch.database, "sublicensing")} == {"2025-04-05T00:00:00Z"}


def test_an_end_that_passed_while_it_was_watched_is_past_since_the_day_after(tmp_path):
    watch = Watch(tmp_path)
    pages = {"severn": Page("Severn Institute", (replace(PLAIN, access="Ongoing", end="2025-01"),))}
    watch.take(pages, "2025-01-05")
    before = found(watch.database)
    watch.take(pages, "2025-02-05")

    assert before == []
    assert [row[3] for row in found(watch.database, "ongoing-past-the-end")] == ["2025-02-01T00:00:00Z"]


def test_a_term_that_changed_twice_is_found_and_once_is_not(tmp_path):
    watch = Watch(tmp_path)
    known = []
    for at, end in (("2025-01-05", "2026-03-12"), ("2025-02-05", "2027-03-12"), ("2025-03-05", "2028-03-12")):
        watch.take({"severn": Page("Severn Institute", (replace(PLAIN, end=end),))}, at)
        known.append(found(watch.database, "term-changed-again"))

    evidence = "changed 2 times, the last first seen 2025-03-05"
    only = ("term-changed-again", "severn", PLAIN.reference, "2025-03-05T00:00:00Z", evidence)
    assert known == [[], [], [only]]


def test_every_rule_of_the_view_is_explained(watch):
    with contextlib.closing(sqlite3.connect(watch.database)) as db:
        flags = [flag for (flag,) in db.execute("select flag from red_flag_rules")]
        signs = {sign for (sign,) in db.execute("select sign from red_flag_rules")}
        ((sql,),) = db.execute("select sql from sqlite_master where name = 'red_flag_places'")

    assert set(flags) == ABOUT.keys()
    assert len(flags) == len(signs)
    assert all(f"'{sign}'" in sql for sign in signs)


def test_the_overview_explains_and_counts_each_rule(served, watch):
    answer = served.page("/red-flags")
    rows = {row.th.get_text(): row.find_all("td") for row in answer.soup.select("tbody tr")}

    with contextlib.closing(sqlite3.connect(watch.database)) as db:
        rules = dict(db.execute("select flag, rule from red_flag_rules").fetchall())
    for flag, said in ABOUT.items():
        about, n = rows[rules[flag][0].upper() + rules[flag][1:]]
        assert about.get_text() == said
        assert int(n.get_text()) == len(found(watch.database, flag))


@pytest.mark.parametrize("rule", ABOUT)
def test_a_rule_lists_its_agreements(served, watch, rule):
    answer = served.page(f"/red-flags?rule={rule}")
    wanted = {row[2] for row in found(watch.database, rule)} - {None}

    assert {tag.get_text() for tag in answer.soup.select("td a.ref")} == wanted
    assert ABOUT[rule] in answer.words


def test_an_organisation_can_be_asked_for(served):
    answer = served.page("/red-flags?organisation=severn")

    assert {tag.get_text() for tag in answer.soup.select("tbody th")} == {"Severn Institute"}
    assert "No organisation is called “Nobody Such”" in served.page("/red-flags?organisation=Nobody+Such").words
    assert served.get("/red-flags?rule=guilty").status == 400


def test_files_have_all_of_it(served, watch):
    rows = list(csv.DictReader(io.StringIO(served.page("/red-flags.csv").text, newline="")))

    assert len(rows) == len(found(watch.database)) == len(json.loads(served.page("/red-flags.json").text))
    assert {"rule", "reference", "since", "evidence"} <= rows[0].keys()


def test_a_hostile_remark_is_only_text(served):
    answer = served.page("/red-flags?rule=remark")

    assert not answer.soup.find_all("img")
    assert "\u202e" not in answer.text
    assert '<img src=x onerror="alert(1)"> audit' in answer.words


def test_nothing_is_said_that_the_register_does_not_say():
    for flag, said in ABOUT.items():
        assert not re.search(r"\b(breach|sold|alert|illegal|unlawful|please)|!", said), flag
