"""The questions of /tables: each answers, on the made-up register and a hostile one, with rows where there are some."""

import contextlib
import csv
import io
import json
import re
import sqlite3
from urllib.parse import quote

import pytest

from scraper.names.vocabulary import default_vocabulary
from scraper.records import SECTIONS
from snapshots.asking.names import add_name_functions
from snapshots.browse.app.tables import PRIVATE
from snapshots.keeping.database import add_functions
from snapshots.sql.comments import DESCRIPTIONS, MEANINGS, QUESTIONS
from snapshots.sql.comments import questions_by_group as by_group
from tests.harness.browse_server import serving

# Nothing is of this month, and no edition of the official register is held here.
EMPTY = {"new_this_month", "printed_end_beside_official"}
"""Questions to which the made-up register has no answer: in its last month nothing came."""


@pytest.fixture(scope="module")
def public(register):
    with serving(register, public=True) as served:
        yield served


def ask(database, name, **values):
    (question,) = [one for one in QUESTIONS if one.name == name]
    given = {parameter: "" for parameter, _ in question.parameters} | values
    with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        add_functions(db)
        add_name_functions(db, default_vocabulary())
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(question.sql, given)]


def asked(database, sql, **values):
    with contextlib.closing(sqlite3.connect(database)) as db:
        return db.execute(sql, values).fetchall()


QUESTION = pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)


@QUESTION
def test_a_question_has_rows_without_a_word_typed(register, question):
    rows = ask(register, question.name)

    assert bool(rows) == (question.name not in EMPTY)


@QUESTION
def test_a_question_says_what_it_answers_and_names_its_parameters(question):
    named = set(re.findall(r":([a-z_]+)", question.sql))

    assert named == {name for name, _ in question.parameters}
    assert question.title[0].isupper()
    assert question.description.endswith(".")
    assert "{" not in question.description
    assert question.feed
    assert question.group
    assert not re.search(r"\b(sold|breach|ended|alert|please)\b|!", f"{question.title} {question.description}".lower())


@QUESTION
def test_a_question_touches_nothing_private(question):
    assert not [table for table in PRIVATE if re.search(rf"\b{table}\b", question.sql)]


@QUESTION
def test_a_question_can_be_asked_as_page_csv_and_json_here_and_in_public(served, public, question):
    for server in (served, public):
        page = server.page(f"/register/{question.name}")
        rows = json.loads(server.page(f"/register/{question.name}.json?_shape=array").body)
        lines = list(csv.DictReader(io.StringIO(server.page(f"/register/{question.name}.csv").text)))
        assert page.soup.h1.get_text() == question.title
        assert page.soup.select_one(".stand").get_text() == question.description
        assert len(rows) == len(lines)
        assert len(page.soup.select("form input[type=text]")) == len(question.parameters)


@QUESTION
@pytest.mark.parametrize("value", ['"', "'", "%", "NEAR(", "a AND", "*", "-1", "x" * 5000, "2026-13-45"])
def test_whatever_is_typed_a_question_answers(public, question, value):
    query = "&".join(f"{name}={quote(value)}" for name, _ in question.parameters)

    assert public.get(f"/register/{question.name}.json?{query}&_shape=array").status == 200


def test_there_are_twenty_questions_and_more_each_once_in_one_group(served):
    listed = [link["href"] for link in served.page("/register").soup.select(".questions a")]

    assert len(QUESTIONS) >= 20
    assert listed == [f"/register/{one.name}" for one in QUESTIONS]
    assert sum(len(found) for _, found in by_group()) == len(QUESTIONS)
    assert len({group for group, _ in by_group()}) == len(by_group())


# --- some answers, against the tables ---------------------------------------------------------------------------------


def test_who_got_a_dataset_lately_leaves_out_what_was_there_when_the_page_was_first_read(register):
    rows = ask(register, "who_got_dataset", dataset="", since="2016-01-01")

    assert rows
    assert all(row["first_seen"] > "2016-02-20T03:00:00Z" for row in rows)
    assert all("hospital episode statistics" in row["dataset"].lower() for row in rows)
    assert ask(register, "who_got_dataset", since="2018-01-01") == []


def test_new_agreements_are_those_of_the_month_that_is_asked_for(register):
    wanted = asked(
        register,
        "select id from changes where kind = 'agreement-added' and first_seen like '2016-05%' and not withdrawn",
    )

    assert {row["change"] for row in ask(register, "new_this_month", month="2016-05")} == {one for (one,) in wanted}
    assert wanted


def test_families_are_asked_for_from_a_day_on(register):
    every = ask(register, "legal_basis_family", since="2016-01-01")

    assert all(row["families_that_came"] != "[]" or row["families_that_went"] != "[]" for row in every)
    late = ask(register, "legal_basis_family", since="2016-05-01")
    assert 0 < len(late) < len(every)


def test_what_is_gone_stands_nowhere_now(register):
    standing = {one for (one,) in asked(register, "select reference from agreements where standing")}
    gone = {row["reference"] for row in ask(register, "no_longer_listed")}

    assert gone
    assert not gone & standing


def test_no_for_the_opt_outs_is_not_counted_for_the_type_of_data(register):
    for row in ask(register, "opt_outs_by_type"):
        assert row["with_a_no"] <= row["agreements"]
        assert 0 <= row["per_cent_with_a_no"] <= 100


def test_identifiable_is_a_type_of_data_and_no_reason_for_an_opt_out(register):
    for row in ask(register, "identifiable_data"):
        values = json.loads(row["type_of_data"] or "[]") + json.loads(row["opt_outs"] or "[]")
        assert any(re.fullmatch("identi(fi|ﬁ)able", value.lower()) for value in values), row


def test_companies_are_known_by_the_end_of_their_names(register):
    names = [row["controller"] for row in ask(register, "company_controllers")]

    assert "YOXFORD REGISTRY LTD. (UNITED KINGDOM)" in names
    assert not [name for name in names if "COUNCIL" in name or "UNIVERSITY" in name]


def test_months_after_the_printed_end_are_counted(register):
    row = ask(register, "released_after_printed_end")[0]
    (year, month), (later, other) = (
        map(int, row[name][:7].split("-")) for name in ("printed_end", "last_release_month")
    )

    assert row["months"] == 12 * (later - year) + other - month > 0


def test_terms_are_years_and_the_longest_come_first(register):
    years = [row["years"] for row in ask(register, "longest_terms")]

    assert years == sorted(years, reverse=True)
    assert all(row["years"] >= 4 for row in ask(register, "longest_terms", years="4"))


def test_the_history_of_one_reference_is_all_of_it(register):
    reference = asked(register, "select reference from changes where kind = 'dsa-extended'")[0][0]
    rows = ask(register, "history_of_agreement", reference=f" {reference.lower()} ")

    assert len(rows) == asked(register, "select count(*) from changes where reference = :r", r=reference)[0][0]


def test_words_are_looked_for_as_a_phrase_in_what_stands_now(register):
    ((text, reference),) = asked(
        register,
        """
        select texts.text, agreements.reference from agreements
        join agreement_versions as v on v.id = agreements.version
        join states on states.id = v.state
        join texts on texts.id = states.objectives
        where agreements.standing limit 1
        """,
    )
    phrase = " ".join(re.findall(r"\w+", text)[:5])

    assert reference in {row["reference"] for row in ask(register, "words_in_prose", words=phrase)}
    assert ask(register, "words_in_prose", words=f"{phrase} zebra zebra") == []


# --- the tables themselves --------------------------------------------------------------------------------------------


def test_every_table_says_what_it_holds_and_every_column_what_it_means(served):
    soup = served.page("/register?_show_hidden=1").soup
    described = {row.dt.get_text(): row.dd.get_text() for row in soup.select("dl.tables > div")}

    for table in MEANINGS:
        if table.endswith("_search"):
            continue
        assert DESCRIPTIONS[table] in described[table], table
        meanings = {
            dt.get_text() for dt in served.page(f"/register/{table}?_size=1").soup.select("details.meanings dt")
        }
        assert meanings == set(MEANINGS[table]), table


def test_the_programs_own_tables_are_out_of_the_way(served):
    shown = {dt.get_text() for dt in served.page("/register").soup.select("dl.tables dt")}

    assert {"changes", "agreements", "red_flags", "manifests"} <= shown
    assert not shown & {
        "beliefs",
        "derivation",
        "readings",
        "_sqlite_migrations",
        "changes_search",
        "texts_search_data",
    }


def test_lists_are_lines_and_references_lead_to_our_pages(register, served):
    soup = served.page("/register/current_agreements?_size=5").soup
    cell = soup.select_one("td.col-datasets")
    reference = soup.select_one("td.col-reference a")

    assert cell.select("ul.values li")
    assert reference["href"] == f"/agreements/{reference.get_text()}"
    change = served.page("/register/recent_changes?_size=1").soup.select_one("td.col-id a")
    assert served.page(change["href"])


def test_lists_are_lists_in_json_if_that_is_asked_for(served):
    (row,) = json.loads(served.page("/register/current_agreements.json?_size=1&_shape=array&_json=datasets").body)

    assert isinstance(row["datasets"], list)


def test_a_row_has_a_page_with_the_meaning_of_each_column(register, served):
    change = asked(register, "select id from changes limit 1")[0][0]
    words = served.page(f"/register/changes/{change}").words

    assert MEANINGS["changes"]["severity"] in words
    assert json.loads(served.page(f"/register/changes/{change}.json").body)["rows"]


def test_next_page_comes_after_this_one(served):
    seen, address = [], "/register/changes?_size=100&_nofacet=1&kind=dataset-added"
    while address:
        soup = served.page(address).soup
        seen += [row.a.get_text() for row in soup.select("tbody td.col-id")]
        following = soup.select_one("a[rel=next]")
        address = following["href"].split("127.0.0.1", 1)[-1].partition("/")[2] if following else None
        address = f"/{address}" if address else None

    assert len(seen) == len(set(seen)) > 100


# --- text of others ---------------------------------------------------------------------------------------------------


def test_text_of_pages_stays_text_in_tables_rows_and_facets(tmp_path):
    from tests.harness.editions import REGISTER, Page, Watch, many, with_project

    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> \u202egpj.exe {{ 7*7 }} javascript:alert(3)"
    watch = Watch(tmp_path)
    page = Page(f"Hostile {hostile}", many(2, objectives=hostile, datasets=(hostile,)))
    later = with_project(Page(f"Hostile {hostile}", many(3, datasets=(f"{hostile} more",))), title=hostile)
    watch.take(REGISTER | {"hostile": page}, "2026-01-01")
    watch.take(REGISTER | {"hostile": later}, "2026-01-02")
    change = asked(watch.database, "select id from changes where reference is not null")[0][0]
    with serving(watch.database) as served:
        for address in (
            "/register/changes?_facet=organisation&_facet=title&_facet_array=added",
            "/register/states?_facet=title&_facet_array=datasets",
            "/register/states?_search=script",
            "/register/pages?_facet=organisation&organisation__contains=%3Cscript%3Ealert",
            "/register/agreement_datasets?_facet=dataset",
            "/register/current_agreements?_facet=organisation",
            "/register/texts",
            "/register/pages/hostile",
            f"/register/changes/{change}",
            *(f"/register/{question.name}?dataset=%3Cscript%3E" for question in QUESTIONS),
            "/register/changes?_sort=%3Cscript%3Ealert(1)",
            "/register/%3Cscript%3Ealert(1)",
            "/register?sql=select+'%3Cscript%3Ealert(1)%3C/script%3E'",
            "/register?sql=%3Cscript%3Ealert(1)%3C/script%3E",
        ):
            answer = served.get(address)
            assert answer.status in (200, 302, 400, 404), address
            assert "<script>alert" not in answer.text, address
            assert not answer.soup.find_all("img"), address
            assert not [tag for tag in answer.soup.find_all(True) for name in tag.attrs if name.startswith("on")]
            assert not answer.soup.find_all(style=True), address
            links = [tag.get("href", "") for tag in answer.soup.find_all("a")]
            assert not [link for link in links if link.startswith(("javascript", "data"))], address
            cells = "".join(td.get_text() for td in answer.soup.select("td, dd"))
            assert "\u202e" not in cells, address


def test_words_are_looked_for_in_every_section():
    (question,) = (one for one in QUESTIONS if one.name == "words_in_prose")

    assert [name for name in SECTIONS if question.sql.count(f"states.{name}") < 1] == []


# --- what a browser is shown ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/register", "/register/changes", "/register/who_has_dataset"])
def test_the_search_box_and_the_bar_are_on_the_tables_too(served, address):
    here, front = served.page(address).soup, served.page("/").soup

    assert here.select_one("header form[role=search] input[name=q]")
    assert [a["href"] for a in here.select("header nav li a")] == [a["href"] for a in front.select("header nav li a")]


def test_a_browser_is_shown_few_agreements_without_prose_and_the_files_have_all(served):
    page = served.page("/register/current_agreements")
    files = [a["href"] for a in page.soup.select(".export-links a") if a.get_text() in ("JSON", "CSV")]
    (row,) = json.loads(served.page(f"{files[0]}?_size=1&_shape=array").body)
    head = next(csv.reader(io.StringIO(served.page(files[1]).text)))

    assert len(page.soup.select("table.rows-and-columns tbody tr")) == 25
    assert not page.soup.select("th.col-objectives, th.col-processing")
    assert set(SECTIONS) <= row.keys()
    assert set(SECTIONS) <= set(head)


def test_who_chooses_rows_and_columns_of_a_table_has_them(served):
    soup = served.page("/register/current_agreements?_size=3").soup

    assert len(soup.select("table.rows-and-columns tbody tr")) == 3
    assert soup.select_one("th.col-objectives")


@pytest.mark.parametrize("query", ["", "?_sort=organisation", "?legal_bases__contains=s251-support&_sort=controllers"])
def test_agreements_without_prose_lead_to_rows_with_all_columns(served, query):
    soup = served.page(f"/register/current_agreements{query}").soup
    (link,) = [one["href"] for one in soup.select("main a[href]") if one.get_text() == "Five rows with all columns"]

    assert served.page(link).soup.select("td.col-objectives")
