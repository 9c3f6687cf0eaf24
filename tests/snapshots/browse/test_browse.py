"""The pages, served for real: what is shown, to whom, with which headers, and that every link leads somewhere."""

import contextlib
import csv
import io
import json
import re
import signal
import sqlite3
import subprocess
import sys
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from cron.cli import cli
from snapshots.browse.app.tables import PRIVATE
from snapshots.sql.comments import MEANINGS, QUESTIONS
from tests.harness.browse_server import PATIENCE_S, ROOT, copy_of, running, serving
from tests.harness.editions import HARROWDALE, REGISTER, Page, Watch, many, with_project

STRICT = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@pytest.fixture(scope="module")
def public(register):
    with serving(register, public=True) as served:
        yield served


def asked(database, sql, **values):
    with contextlib.closing(sqlite3.connect(database)) as db:
        return db.execute(sql, values).fetchall()


# --- the front page ---------------------------------------------------------------------------------------------------


def shown_ids(answer):
    return [link["href"].removeprefix("/changes/") for link in answer.soup.select(".change > a.id")]


def all_ids(served, address="/"):
    """Return the ids of all changes, page by page."""
    ids = []
    while address:
        answer = served.page(address)
        ids += shown_ids(answer)
        older = answer.soup.find("a", rel="next")
        address = older["href"] if older else None
    return ids


def test_page_by_page_the_front_page_shows_every_change_that_is_told_once(register, served):
    told = asked(register, "select id from changes where member_of is null and substantive")

    ids = all_ids(served)
    assert sorted(ids) == sorted(one for (one,) in told)


def test_the_newest_run_stands_first_and_in_it_the_most_severe(register, served):
    answer = served.page("/")
    (run,) = answer.soup.select("section.run")[:1]
    ((newest,),) = asked(register, "select max(run) from changes where substantive")
    ranks = ["high", "medium", "low", "info", "withdrawn"]
    leading = [ranks.index(org.select_one(".sev")["class"][1]) for org in run.select(".org")]

    assert run.select_one("header a")["href"] == f"/runs/{newest}"
    assert leading == sorted(leading)


def test_a_group_is_one_line_that_opens(register, served):
    ((group, n),) = asked(
        register, "select id, agreements from changes where is_group and substantive order by agreements desc limit 1"
    )
    ((run,),) = asked(register, "select run from changes where id = :id", id=group)
    answer = served.page(f"/?before={run + 1}")
    row = answer.soup.find(id=f"c-{group[:8]}")

    assert row.find_parent(class_="group")
    assert f"on {n} agreements" in row.get_text()
    assert row.find("summary").get_text() == f"The {n} agreements"
    assert len(row.select(".members a.ref")) == n


def test_a_withdrawn_change_stays_and_says_why(register, served):
    ((change, run),) = asked(register, "select id, run from changes where withdrawn")
    row = served.page(f"/?before={run + 1}").soup.find(id=f"c-{change[:8]}")

    assert "withdrawn" in row["class"]
    assert row.select_one(".sev").get_text() == "Withdrawn"
    assert not row.find(["ins", "del"])
    assert row.select_one(".note")


def test_editorial_changes_are_counted_and_shown_when_asked_for(register, served):
    ((editorial,),) = asked(register, "select count(*) from changes where member_of is null and not substantive")

    assert "editorial changes left out" in served.page("/").words
    assert f"Show too ({editorial})" in served.page("/").words
    assert len(all_ids(served, "/?all=1")) == len(all_ids(served)) + editorial
    assert served.page("/?all=1").soup.select(".editorials .change.editorial")


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("kind=dataset-added", "kind = 'dataset-added'"),
        ("kind=dataset-added&kind=flag-raised", "kind in ('dataset-added', 'flag-raised')"),
        ("severity=high", "severity = 'high'"),
        ("severity=medium", "severity in ('high', 'medium')"),
        ("since=2016-05-01", "first_seen >= '2016-05-01'"),
        ("until=2016-05-01", "first_seen < '2016-05-02'"),
        ("since=2016-04&until=2016-04", "first_seen like '2016-04%'"),
    ],
)
def test_filters_narrow_and_stay_in_the_address(register, served, query, condition):
    wanted = asked(register, f"select id from changes where member_of is null and substantive and {condition}")

    assert sorted(all_ids(served, f"/?{query}")) == sorted(one for (one,) in wanted)
    first = served.page(f"/?{query}").soup
    assert all(query.split("&")[0] in link["href"] for link in first.select("#feeds a"))


def test_filters_by_organisation_and_dataset_find_what_the_command_finds(register, served, tmp_path):
    watch = Watch(register.parent)
    watch.database = register
    organisation = asked(register, "select organisation from changes where kind = 'agreement-moved'")[0][0]
    dataset = asked(register, "select dataset from agreement_datasets group by folded order by count(*) desc")[0][0]

    for option, name in (("organisation", organisation), ("dataset", dataset)):
        told = [change["id"] for change in watch.changes(f"--{option}", name)]
        found = json.loads(served.page(f"/changes.json?{option}={name.replace(' ', '+').replace('&', '%26')}").body)
        assert told
        assert [change["id"] for change in found] == told, name


def test_a_part_of_a_name_is_enough(served):
    assert "changes concerning “nhs”" in served.page("/?organisation=nhs").words


def test_words_are_found_in_summaries_and_in_prose(register, served):
    ((summary, prose),) = asked(
        register,
        """
        select c.id, p.id from changes as c, changes as p
        where c.kind = 'incident-noted' and p.kind = 'text-changed' and p.member_of is null limit 1
        """,
    )
    ((text,),) = asked(
        register, "select text from changes join texts on texts.id = after_text where changes.id = :id", id=prose
    )
    words = "+".join(re.findall(r"\w+", text)[:4])

    assert summary in all_ids(served, "/?words=now+prints")
    assert prose in all_ids(served, f"/?words={words}")


def test_a_name_that_nobody_has_gets_the_nearest(register, served):
    name = asked(register, "select organisation from pages order by slug")[0][0]
    wrong = name.replace("e", "", 1).replace(" ", "+")

    answer = served.page(f"/?organisation={wrong}xx")
    assert "No organisation is called" in answer.words
    assert name in answer.words


def test_runs_that_told_nothing_are_one_line(served):
    assert "15 May 2017: one edition read all 40 pages and found nothing new." in served.page("/").words


def test_the_first_reading_is_the_baseline_and_no_news(served):
    address = "/"
    while older := served.page(address).soup.find("a", rel="next"):
        address = older["href"]

    assert "The first reading" in served.page(address).words.replace("the first reading", "The first reading")
    assert "baseline and no news" in served.page(address).words


def test_the_chart_has_its_figures_behind_it(register, served):
    figure = served.page("/").soup.select_one("figure")
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in figure.select("tbody tr")]
    counted = dict(
        asked(
            register,
            """
            select substr(first_seen, 1, 7), count(*) from changes
            where member_of is null and substantive and not withdrawn group by 1
            """,
        )
    )

    assert sum(int(row[1]) for row in rows) == sum(counted.values())
    assert figure.select_one("svg desc").get_text().startswith("February 2016 to May 2017: between 0 and ")


def test_csv_and_json_have_all_that_is_filtered(served):
    rows = list(csv.DictReader(io.StringIO(served.page("/changes.csv?severity=high").text)))
    found = json.loads(served.page("/changes.json?severity=high").body)

    assert [row["id"] for row in rows] == [one["id"] for one in found]
    assert {one["severity"] for one in found} == {"high"}
    assert "attachment" in served.page("/changes.csv").headers["content-disposition"]


def test_titles_and_descriptions_say_what_is_asked(served):
    answer = served.page("/?severity=high&kind=flag-raised")

    assert answer.soup.title.get_text() == "Changes of the kind flag raised, of high severity: registerwatch"
    assert "of high severity" in answer.soup.find("meta", property="og:description")["content"]


def test_published_pages_know_their_address_and_feeds(register, tmp_path):
    config = tmp_path / "registerwatch.toml"
    config.write_text(
        '[browse]\nbase_url = "https://register.example.org"\n[feeds]\nbase_url = "https://example.org/feeds/"\n'
    )
    with running(register, "--public", options=("--config", str(config))) as published:
        soup = published.page("/?severity=high").soup

    assert soup.find("link", rel="canonical")["href"] == "https://register.example.org/?severity=high"
    assert soup.find("link", rel="alternate")["href"] == "https://example.org/feeds/everything.atom"
    assert "https://example.org/feeds/everything.rss" in [link["href"] for link in soup.select("#feeds a")]


# --- register-wide edits ----------------------------------------------------------------------------------------------


def test_an_edit_over_the_whole_register_is_no_last_change_of_an_organisation(register, served):
    own, any_at_all = (
        dict(asked(register, f"{LAST} and {condition} group by page")) for condition in ("member_of is null", "true")
    )
    rows = served.page("/organisations").soup.select("tbody tr")
    listed = {
        row.a["href"].removeprefix("/organisations/"): row.select_one("[data-label='Last change']").get_text()
        for row in rows
    }

    assert listed == {page: own.get(page, "none seen")[:10] if page in own else "none seen" for page in listed}
    assert any(any_at_all[page] > own.get(page, "") for page in listed if page in any_at_all)


LAST = "select page, max(first_seen) from changes where substantive and not withdrawn and page is not null"


def test_what_is_probably_a_new_name_is_no_dataset_that_came(served):
    query = "from=2016-03-31&to=2016-04-10&organisation=ashcombe_borough_council"
    (of,) = json.loads(served.page(f"/compare.json?{query}").text)
    came = [
        name for one in of["agreements"] for d in one["differences"] if d["field"] == "datasets" for name in d["added"]
    ]
    answer = served.page(f"/compare?{query}")

    assert "National Obesity and Weight Audit (NOWA)" in came
    assert answer.soup.find(attrs={"data-label": "Datasets in"}).get_text() == str(len(came) - 1)
    assert "One name of a dataset is probably new for the same data" in answer.words


def test_changes_in_between_are_counted_apart_from_editorial_ones(served):
    query = "from=2016-03-31&to=2016-04-10&organisation=ashcombe_borough_council"
    (of,) = json.loads(served.page(f"/compare.json?{query}").text)
    changes = [*of["changes_of_the_page"], *(change for one in of["agreements"] for change in one["changes"])]
    told = sum(change["substantive"] for change in changes)
    summary = " ".join(
        served.page(f"/compare?{query}").soup.select_one("details.editorials > summary").get_text().split()
    )

    assert 0 < told < len(changes)
    assert summary.startswith(f"{told} change")
    assert f"and {len(changes) - told} editorial one" in summary


# --- search -----------------------------------------------------------------------------------------------------------


def test_search_looks_through_everything_and_counts(register, served):
    answer = served.page("/search?q=nhs")
    ((agreements,),) = asked(
        register,
        """
        select count(distinct agreements.reference) from agreements
        join agreement_versions as v on v.id = agreements.version
        where v.state in (
          select rowid from states_search where states_search match '{reference title controllers}: "nhs"*'
        )
        """,
    )

    heads = {h.get_text(): h.parent.p.get_text() for h in answer.soup.select(".part h2")}
    assert heads["Agreements"] == str(agreements)
    assert {"Organisations", "In the prose of agreements", "Changes"} <= heads.keys()
    assert answer.soup.select(".excerpt mark")
    assert len(served.page("/search?q=nhs&in=agreements").soup.select(".found li")) == min(50, agreements)


def test_a_reference_leads_to_its_agreement(register, served):
    reference = asked(register, "select reference from agreements")[0][0]

    answer = served.get(f"/search?q=+{reference.lower()}")
    assert (answer.status, answer.headers["location"]) == (301, f"/agreements/{reference}")


def test_the_id_of_a_change_leads_to_it_whole_or_as_it_is_shown(register, served):
    change = asked(register, "select id from changes order by id")[0][0]

    for words in (change, change[:8]):
        answer = served.get(f"/search?q={words}")
        assert (answer.status, answer.headers["location"]) == (301, f"/changes/{change}")
    assert served.get(f"/search?q={change[:7]}").status == 200
    assert served.get("/search?q=00000000").status == 200


@pytest.mark.parametrize(
    "words", ['"', "AND", "*", "a*b+NEAR(", "%00", "%F0%9F%9A%A9", "%ED%A0%80", "x" * 3000, "-", "NIC-%27"]
)
def test_no_words_break_the_search(served, words):
    assert served.get(f"/search?q={words}").status == 200
    assert served.get(f"/?words={words}&organisation={words}&dataset={words}").status == 200


# --- what cannot be answered ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("/nothing/here", 404, "There is no page at this address."),
        ("/?kind=dataset-aded", 400, "There is no kind of change “dataset-aded”; the nearest are dataset-added"),
        ("/?severity=huge", 400, "There is no severity “huge”; there are high, medium, low and info."),
        ("/?since=yesterday", 400, "“yesterday” is no date; write it as 2026-11-21."),
        ("/?since=2016-13", 400, "“2016-13” is no date"),
        ("/?" + "kind=text-changed&" * 200, 400, "This address asks for too much at once."),
        ("/?before=abc", 400, "“abc” is no number."),
        ("/?before=999", 400, "There is no run 999."),
        ("/changes.json?organisation=zzzz", 400, "No organisation is called “zzzz”"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_sentence(served, address, status, sentence):
    answer = served.get(address)

    assert answer.status == status
    assert answer.soup.select_one(".stand").get_text().startswith(sentence)
    assert answer.soup.select_one("nav.nav")


def test_reading_is_all_that_can_be_done(served):
    assert {served.get(address, method="POST").status for address in ("/", "/register", "/register/changes")} == {405}
    assert served.get("/", method="HEAD").body == b""


def test_a_slash_too_many_is_taken_away(served):
    answer = served.get("/search/?q=nhs")

    assert (answer.status, answer.headers["location"]) == (301, "/search?q=nhs")
    assert served.get("//elsewhere.example/").headers.get("location", "/").startswith("/elsewhere")


# --- headers ----------------------------------------------------------------------------------------------------------

EVERYWHERE = ("/", "/search?q=a", "/nothing", "/changes.csv", "/register", "/register/changes",
              "/register/changes.json", "/register/nothing",
              "/-/static/app.css", "/register/high_severity", "/tables", "/?since=x")  # fmt: skip


@pytest.mark.parametrize("address", EVERYWHERE)
@pytest.mark.parametrize("name", ["served", "public"])
def test_every_answer_has_safe_headers(request, name, address):
    headers = request.getfixturevalue(name).get(address).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == STRICT
    assert "server" not in headers


@pytest.mark.parametrize("address", ["/", "/?all=1", "/search?q=nhs", "/nothing", "/register", "/register/changes",
                                     "/register/pages", "/register/who_has_dataset?dataset=x",
                                     "/register?sql=select+1"])  # fmt: skip
def test_no_page_carries_a_script_or_a_style_of_its_own(served, address):
    soup = served.get(address).soup

    assert not [script for script in soup.find_all("script") if not script.get("src")]
    assert not soup.find_all("style")
    if not address.startswith("/register"):
        assert not soup.find_all(style=True)
        assert all(re.fullmatch(r"/static/\w+-[0-9a-f]{12}\.js", one["src"]) for one in soup.find_all("script"))


def test_the_style_sheet_may_be_kept_for_a_year_because_its_address_changes_with_it(served):
    (address,) = {link["href"] for link in served.page("/").soup.find_all("link", rel="stylesheet")}
    answer = served.page(address)

    assert re.fullmatch(r"/static/site-[0-9a-f]{12}\.css", address)
    assert "max-age=31536000" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert served.get("/static/site-000000000000.css").status == 404
    assert served.get("/static/..%2fpages-000000000000.py").status == 404


def test_a_page_is_asked_for_again_and_not_sent_again(served):
    tag = served.page("/").headers["etag"]

    assert served.get("/", if_none_match=tag).status == 304


# --- Datasette --------------------------------------------------------------------------------------------------------


def test_the_tables_are_there_with_their_meanings(served):
    assert served.get("/tables").headers["location"] == "/register"
    assert MEANINGS["changes"]["severity"] in served.page("/register/changes").words
    (change, *_) = json.loads(served.page("/register/changes.json?_shape=array&_size=1").body)
    assert change["id"]


def test_changes_agreements_and_prose_can_be_searched_in_the_tables(register, served):
    title = asked(register, "select title from states where title is not null")[0][0]
    word = max(re.findall(r"\w+", title), key=len)

    for table, words in (("changes", "prints"), ("states", word), ("texts", "data")):
        found = json.loads(served.page(f"/register/{table}.json?_search={words}&_shape=array").body)
        assert found, table


def test_every_question_can_be_asked(served, public):
    for question in QUESTIONS:
        for server in (served, public):
            answer = server.page(f"/register/{question.name}.json?dataset=a&_shape=array")
            assert isinstance(json.loads(answer.body), list), question.name


def test_on_this_machine_sql_is_on(served):
    answer = served.page("/register.json?sql=select+count(*)+as+n+from+bodies&_shape=array")

    assert json.loads(answer.body)[0]["n"] > 0


# --- in public --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", sorted(PRIVATE))
def test_in_public_a_private_table_is_behind_no_door(public, table):
    doors = [
        f"/register/{table}",
        f"/register/{table}.json",
        f"/register/{table}.csv",
        f"/register/{table}.csv?_stream=1",
        f"/register/{table}?_facet=rowid",
        f"/register/{table}/1",
        f"/register/{table}/1.json",
        f"/register/{table.upper()}",
        f"/register/{table.upper()}.json",
        f"/register?sql=select+*+from+{table}",
        f"/register.json?sql=select+*+from+{table}",
        f"/register.csv?sql=select+*+from+{table}",
        f"/register/changes.json?_where=id+in+(select+1+from+{table})",
    ]

    assert {public.get(door).status for door in doors} <= {400, 403, 404}
    assert f'href="/register/{table}"' not in public.page("/register").text


def test_in_public_a_private_table_cannot_be_probed_through_another(register, public):
    body = asked(register, "select sha256 from bodies limit 1")[0][0]
    through = json.dumps({"table": "bodies", "column": "sha256", "value": body})
    answer = public.get(f"/register/snapshots.json?_through={quote(through)}")

    assert answer.status in (400, 403, 500) or json.loads(answer.body)["rows"] == []


def test_in_public_nothing_private_leaks_through_labels_counts_or_links(register, public):
    secret = "a secret reader"
    for address in ("/register", "/register.json", "/register/runs/1.json", "/register/runs/1",
                    "/register/snapshots?_labels=on",
                    "/register/snapshots.json?_labels=on", "/register/snapshots.json?_facet=body"):  # fmt: skip
        answer = public.get(address)
        assert answer.status == 200, address
        assert secret not in answer.text


def test_in_public_the_machine_is_not_described(register, public):
    for address in ("/-/databases.json", "/-/metadata.json", "/-/threads", "/-/plugins", "/-/settings",
                    "/-/versions", "/-/actor", "/_internal", "/_internal/databases", "/_memory", "/-/logout",
                    "/-/allow-debug"):  # fmt: skip
        assert public.get(address).status == 404, address
    for address in ("/register.db", "/register/-/query?sql=select+1"):
        assert public.get(address).status in (400, 403, 404), address
    for address in ("/", "/register", "/register.json"):
        assert str(register.parent) not in public.get(address).text


def test_on_this_machine_only_its_own_names_are_answered(served, public):
    for address in ("/", "/register", "/register.json?sql=select+1", "/-/databases.json"):
        assert served.get(address, host="register.attacker.example").status == 400, address
    assert served.get("/", host="localhost:8001").status == 200
    assert served.get("/", host="[::1]:8001").status == 200
    assert public.get("/", host="register.example.org").status == 200


# --- while it is written ----------------------------------------------------------------------------------------------


def test_pages_and_tables_show_the_new_state_when_a_run_has_committed(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-01-01")
    with serving(watch.database) as served:
        assert "the first reading, of 3 pages" in served.page("/").words
        assert json.loads(served.page("/register/changes.json").body)["rows"] == []

        writer = sqlite3.connect(watch.database, isolation_level=None)
        with contextlib.closing(writer):
            writer.execute("begin immediate")
            writer.execute("update pages set organisation = 'half written'")
            assert "half written" not in served.page("/register/pages").text
            assert served.page("/").status == 200
            writer.execute("rollback")

        watch.take(REGISTER | {"university_of_harrowdale": with_project(HARROWDALE, end="2031-01-01")}, "2026-01-02")
        assert "Printed end moved later" in served.page("/").words
        assert len(json.loads(served.page("/register/changes.json").body)["rows"]) == 1


def test_an_empty_history_has_a_page(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-01-01")
    with contextlib.closing(sqlite3.connect(watch.database)) as db, db:
        db.execute("pragma foreign_keys = off")
        for table in ("runs", "changes", "snapshots", "pages", "agreements", "agreement_versions"):
            db.execute(f"delete from {table}")
    with serving(watch.database) as served:
        assert "Nothing has been read yet." in served.page("/").words
        assert served.page("/search?q=a").status == 200


# --- text of others ---------------------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> \u202egpj.exe {{ 7*7 }} javascript:alert(3)"


def test_text_of_pages_stays_text(tmp_path):
    watch = Watch(tmp_path)
    page = Page(f"Hostile {HOSTILE}", many(2, objectives=HOSTILE, datasets=(HOSTILE,)))
    later = Page(f"Hostile {HOSTILE}", many(3, datasets=(f"{HOSTILE} more",), objectives=f"Some {HOSTILE} words"))
    later = with_project(later, title=HOSTILE, controllers=HOSTILE)
    watch.take(REGISTER | {"hostile": page}, "2026-01-01")
    watch.take(REGISTER | {"hostile": later}, "2026-01-02")
    with serving(watch.database) as served:
        for address in ("/", "/?all=1", "/search?q=script", "/?words=%3Cscript%3E&organisation=%3Cimg+src=x%3E",
                        "/%3Cscript%3Ealert(1)%3C/script%3E", "/?kind=%3Cscript%3E", "/register/pages",
                        "/register/changes"):  # fmt: skip
            answer = served.get(address)
            soup = answer.soup
            assert "<script>alert" not in answer.text, address
            assert not soup.find_all("img"), address
            assert not [tag for tag in soup.find_all(True) for name in tag.attrs if name.startswith("on")], address
            links = [tag.get("href", "") for tag in soup.find_all("a")]
            assert not [link for link in links if not link.startswith(("/", "?", "#", "http"))], address
            assert "49" not in re.findall(r"\b49\b", soup.get_text()), address


# --- the command ------------------------------------------------------------------------------------------------------


def refused(database, *arguments):
    """Return exit status and line of the command, which serves nothing."""
    result = CliRunner().invoke(cli, ["--db", str(database), "browse", *arguments])
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return result.exit_code, line


def test_a_port_in_use_is_one_clear_line(register, served):
    status, line = refused(register, "--port", str(served.port))

    assert (status, line) == (1, f"registerwatch: port {served.port}: is in use; name another with --port")


def test_a_database_that_is_not_there_is_one_clear_line(tmp_path):
    status, line = refused(tmp_path / "none.db", "--port", "0")

    assert status == 1
    assert "there is no database yet" in line


def test_an_address_that_others_can_reach_needs_to_be_public(register):
    status, line = refused(register, "--host", "0.0.0.0", "--port", "0")

    assert status == 2
    assert "others can reach this address and would see everything; add --public" in line


def test_a_host_that_is_not_this_machine_is_one_clear_line(register):
    status, line = refused(register, "--host", "192.0.2.7", "--port", "0", "--public")

    assert (status, line) == (
        1,
        "registerwatch: 192.0.2.7: is not an address of this machine; name another with --host",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_it_is_told_to(register, number):
    with running(register) as served:
        served.page("/")
        served.page("/register")
        served.process.send_signal(number)
        out, err = served.process.communicate(timeout=PATIENCE_S)

        assert (served.process.returncode, out, err) == (0, "", "")


def test_a_database_that_cannot_be_read_now_is_said_on_the_page(register, tmp_path):
    database = copy_of(register, tmp_path)
    with serving(database) as served:
        database.rename(tmp_path / "elsewhere.db")
        answer = served.get("/")

    assert answer.status == 503
    assert "The database cannot be read just now." in answer.words


def test_other_commands_do_not_load_datasette():
    program = "import sys; import cron.cli; print('datasette' in sys.modules, 'uvicorn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)

    assert done.stdout.split() == ["False", "False"]


def test_of_one_edition_the_front_page_does_not_count_which_told_something(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-01-01")
    watch.take({**REGISTER, "university_of_harrowdale": with_project(HARROWDALE, end="2031-01-31")}, "2026-02-01")
    with serving(watch.database) as served:
        assert "February 2026, seen in one edition." in served.page("/").words
