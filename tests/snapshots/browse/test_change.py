"""The pages of changes and runs: what each says, its proof, its files, and addresses that stay."""

import contextlib
import csv
import hashlib
import io
import json
import sqlite3
from dataclasses import replace

import pytest

from tests.harness.browse_server import copy_of, serving
from tests.harness.editions import HARROWDALE, REGISTER, Page, Watch, many, with_project


def asked(database, sql, **values):
    with contextlib.closing(sqlite3.connect(database)) as db:
        return db.execute(sql, values).fetchall()


def one(database, condition, column="id"):
    return asked(database, f"select {column} from changes where {condition} order by id limit 1")[0][0]


def facts(answer, part="h-seen"):
    section = answer.soup.select_one(f"[aria-labelledby={part}]")
    return {row.dt.get_text(): " ".join(row.dd.get_text().split()) for row in section.select(".facts > div")}


# --- what a page of a change says -------------------------------------------------------------------------------------


def test_every_kind_of_change_has_a_page_with_its_sentence(register, served):
    rows = asked(
        register,
        "select min(id), summary, kind from changes group by kind, is_group, member_of is not null, withdrawn",
    )

    for change, summary, kind in rows:
        answer = served.page(f"/changes/{change}")
        sentence = answer.soup.select_one(".stand").get_text()
        assert " ".join(summary.split()) in sentence, kind
        assert answer.soup.h1.get_text(), kind
        assert answer.soup.find("meta", property="og:description")["content"], kind
        assert answer.soup.select_one(".cite").get_text().endswith(f"change {change}"), kind


def test_a_change_gives_before_and_after_and_when_it_was_first_seen(register, served):
    change = one(register, "kind = 'commercial-changed'")
    answer = served.page(f"/changes/{change}")
    ((run, at),) = asked(register, "select run, first_seen from changes where id = :id", id=change)

    told = answer.soup.select_one(".told")
    assert told.find(["del", "ins"])
    assert facts(answer)["First seen"].endswith(f"edition {run}")
    assert answer.soup.select_one(f'[href="/runs/{run}"]')
    assert answer.soup.select_one(f'time[datetime="{at}"]')


def test_a_removal_names_both_sightings_of_the_absence(register, served):
    change = one(register, "kind = 'agreement-removed' and run = 3")
    seen = facts(served.page(f"/changes/{change}"))

    assert seen["Last seen there"].startswith("20 February 2016")
    assert seen["First missing"].startswith("10 April 2016")
    assert seen["Missing again, and told"].startswith("30 May 2016")


def test_an_addition_has_no_second_sighting(register, served):
    seen = facts(served.page(f"/changes/{one(register, _single('dataset-added'))}"))

    assert "First seen" in seen
    assert "Last seen there" not in seen


def _single(kind):
    return f"kind = '{kind}' and not is_group and member_of is null"


def test_the_proof_is_the_two_kept_pages(register, served):
    change = one(register, f"{_single('dsa-extended')} and snapshot_before is not null")
    ((before, after),) = asked(
        register, "select snapshot_before, snapshot_after from changes where id = :id", id=change
    )
    answer = served.page(f"/changes/{change}")

    digests = [code.get_text().replace(" ", "") for code in answer.soup.select(".proof .sha")]
    assert digests == [before, after]
    assert {f"/snapshots/{before}", f"/snapshots/{after}"} <= {a.get("href") for a in answer.soup.select(".proof a")}


def test_prose_is_shown_word_by_word_and_what_stayed_is_counted(tmp_path):
    watch = Watch(tmp_path)
    paragraphs = [f"Paragraph {n} stays as it is." for n in range(9)]
    later = [*paragraphs[:4], "Paragraph 4 stays nearly as it is.", *paragraphs[5:]]
    for day, prose in (("2026-01-01", paragraphs), ("2026-01-02", later)):
        page = Page("Wexcombe", many(1, objectives="\n".join(prose)))
        watch.take(REGISTER | {"wexcombe": page}, day)
    with serving(watch.database) as served:
        answer = served.page(f"/changes/{one(watch.database, _single('text-changed'))}")

    redline = answer.soup.select_one("#redline").find_parent("section").select_one(".redline")
    assert [ins.get_text() for ins in redline.select("ins")] == ["nearly"]
    assert [p.get_text() for p in redline.select(".elided")] == ["3 paragraphs unchanged", "3 paragraphs unchanged"]


def test_a_withdrawn_change_stays_and_says_so(register, served):
    answer = served.page(f"/changes/{one(register, 'withdrawn')}")

    assert "no longer show it" in answer.soup.select_one(".notice").get_text()
    assert answer.soup.select_one(".sev").get_text() == "Withdrawn"
    assert not answer.soup.select_one(".told").find(["ins", "del"])


def test_an_editorial_change_says_that_nobody_is_told(register, served):
    answer = served.page(f"/changes/{one(register, 'not substantive and member_of is null')}")

    assert "nobody is told of it" in answer.soup.select_one(".notice").get_text()


# --- groups -----------------------------------------------------------------------------------------------------------


def test_a_group_lists_its_members_by_organisation(register, served):
    group = one(register, "is_group and kind = 'dataset-added'")
    members = {row for (row,) in asked(register, "select id from changes where member_of = :id", id=group)}
    part = served.page(f"/changes/{group}").soup.select_one("[aria-labelledby=h-members]")
    names = [h.get_text() for h in part.select("h3")]

    assert part.h2.get_text() == f"The {len(members)} agreements"
    assert {a["href"] for a in part.select("li a.small")} == {f"/changes/{member}" for member in members}
    assert names == sorted(set(names))


def test_a_member_of_a_group_leads_to_it(register, served):
    member = one(register, "member_of is not null")
    group = one(register, f"id = '{member}'", "member_of")

    assert served.page(f"/changes/{member}").soup.select_one(f'.notice a[href="/changes/{group}"]')


# --- files and addresses ----------------------------------------------------------------------------------------------


def test_a_change_is_there_as_json_in_its_public_form(register, served):
    change = one(register, _single("legal-basis-changed"))
    listed = json.loads(served.page("/changes.json?kind=legal-basis-changed").body)

    assert json.loads(served.page(f"/changes/{change}.json").body) in listed


def test_a_group_is_there_with_its_members_as_json_and_csv(register, served):
    group = one(register, "is_group and kind = 'dataset-added'")
    found = json.loads(served.page(f"/changes/{group}.json").body)
    rows = list(csv.DictReader(io.StringIO(served.page(f"/changes/{group}.csv").text)))

    assert len(found["members"]) == found["agreements"] == len(rows)
    assert {member["id"] for member in found["members"]} == {row["id"] for row in rows}


def test_the_beginning_of_an_id_leads_to_the_change(register, served):
    change = one(register, _single("dataset-added"))

    for given in (change[:8], change[:19], change.upper()):
        answer = served.get(f"/changes/{given}")
        assert (answer.status, answer.headers["location"]) == (301, f"/changes/{change}")
    assert served.get(f"/changes/{change[:8]}.json").headers["location"] == f"/changes/{change}.json"
    assert served.get("/changes").headers["location"] == "/"


def test_a_beginning_that_several_ids_have_offers_them(register, tmp_path):
    database = copy_of(register, tmp_path)
    change = one(database, _single("dataset-added"))
    twin = f"{change[:10]}{'f' * 10}"
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        columns = [row[1] for row in db.execute("pragma table_info(changes)") if row[1] != "id"]
        db.execute(
            f"insert into changes (id, {', '.join(columns)}) select ?, {', '.join(columns)} from changes where id = ?",
            (twin, change),
        )
    with serving(database) as served:
        answer = served.get(f"/changes/{change[:10]}")

    assert answer.status == 404
    assert {f"/changes/{change}", f"/changes/{twin}"} <= {a["href"] for a in answer.soup.select("main a")}


@pytest.mark.parametrize(
    "given", ["abc", "0" * 8, "0" * 20, "0" * 21, "zzzzzzzz", "%00%00%00%00%00%00%00%00", "'--", "a" * 3000]
)
def test_what_is_no_change_is_not_there(served, given):
    for ending in ("", ".json", ".csv"):
        assert served.get(f"/changes/{given}{ending}").status == 404


# --- runs -------------------------------------------------------------------------------------------------------------


def test_all_runs_are_listed_the_newest_first(register, served):
    links = [a["href"] for a in served.page("/runs").soup.select("tbody th a")]

    assert links == [f"/runs/{n}" for (n,) in asked(register, "select id from runs order by captured_at desc")]


def test_the_list_of_runs_has_further_pages(register, tmp_path):
    database = copy_of(register, tmp_path)
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        for n in range(250):
            db.execute(
                "insert into runs (kind, captured_at, finished_at, complete, sighted) "
                "values ('run', datetime('2017-01-01', ? || ' days') || 'Z', '2017-01-01T00:00:00Z', 1, x'')",
                (n,),
            )
        db.execute("update runs set captured_at = replace(captured_at, ' ', 'T')")
    with serving(database) as served:
        address, links = "/runs", []
        while address:
            soup = served.page(address).soup
            links += [a["href"] for a in soup.select("tbody th a")]
            older = soup.find("a", rel="next")
            address = older["href"] if older else None

    assert len(links) == len(set(links)) == 260


def test_a_run_says_what_it_read_and_what_failed_and_why(register, served):
    answer = served.page("/runs/7")
    ((reason,),) = asked(register, "select reason from refusals where run = 7")

    assert facts(answer, "h-facts")["Pages read"] == "40: 0 unchanged, 40 changed"
    assert reason in answer.soup.select_one("[aria-labelledby=h-failed]").get_text()


def test_a_run_shows_every_change_that_it_told(register, served):
    for (run,) in asked(register, "select id from runs"):
        told = asked(register, "select id from changes where run = :r and member_of is null and substantive", r=run)
        shown = [a["href"] for a in served.page(f"/runs/{run}").soup.select(".change > a.id")]
        assert sorted(shown) == sorted(f"/changes/{change}" for (change,) in told), run


def test_the_changes_of_a_large_run_go_over_several_pages(tmp_path):
    watch = Watch(tmp_path)
    page = Page("Wexcombe", many(230))
    retitled = tuple(replace(one, title=f"Title of {one.reference}") for one in page.projects)
    watch.take(REGISTER | {"wexcombe": page}, "2026-01-01")
    watch.take(REGISTER | {"wexcombe": Page("Wexcombe", retitled)}, "2026-03-01")
    ((told,),) = asked(watch.database, "select count(*) from changes where run = 2 and substantive")
    with serving(watch.database) as served:
        address, shown = "/runs/2", []
        while address:
            soup = served.page(address).soup
            shown += [a["href"] for a in soup.select(".change > a.id")]
            older = soup.select_one(".pager a[rel=next]")
            address = older["href"] if older else None
        beyond = served.get("/runs/2?from=999").status

    assert told > 200
    assert len(set(shown)) == len(shown) == told
    assert beyond == 400


def test_a_superseded_run_says_why_and_tells_nothing(served):
    answer = served.page("/runs/5")

    assert "It was held: 68 of the 120 agreements" in answer.words
    assert "A later run that could be believed took its place." in answer.words
    assert "What it says is told to nobody." in answer.words


@pytest.mark.parametrize(
    ("state", "decision", "sentence"),
    [
        ("held", None, "told to nobody until an operator decides"),
        ("discarded", "discarded", "An operator discarded it"),
        ("committed", "released", "an operator released it; it counts"),
    ],
)
def test_a_run_says_what_was_decided(register, tmp_path, state, decision, sentence):
    database = copy_of(register, tmp_path)
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.execute("update runs set state = ?, decision = ? where id = 5", (state, decision))
    with serving(database) as served:
        assert sentence in served.page("/runs/5").words


def test_kinds_are_counted_and_lead_to_what_is_counted(register, served):
    soup = served.page("/runs/7").soup
    for item in soup.select("aside li"):
        link = item.find("a")["href"]
        if link.startswith("/?kind="):
            found = json.loads(served.page(link.replace("/?", "/changes.json?")).body)
            assert len(found) == int(item.select_one(".n").get_text().replace(",", "")), link


def test_a_manifest_is_given_byte_for_byte_and_its_hash_stands_in_the_next(register, served):
    chain = asked(register, "select number, run, hash from manifests order by number")
    previous = None
    for number, run, hash_ in chain:
        body = served.page(f"/runs/{run}/manifests/{number}.json").body
        assert hashlib.sha256(body).hexdigest() == hash_
        assert json.loads(body)["previous"] == previous
        previous = hash_
    assert hash_ in served.page(f"/runs/{run}").text.replace(" ", "")
    assert served.get(f"/runs/{run}/manifests/999.json").status == 404


def test_a_manifest_that_cannot_be_read_is_said(register, tmp_path):
    database = copy_of(register, tmp_path)
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.execute("update manifests set manifest = x'00' where number = 3")
    with serving(database) as served:
        assert "It cannot be read." in served.page("/runs/3").words
        assert served.get("/runs/3/manifests/3.json").status == 404


@pytest.mark.parametrize("given", ["99", "0", "x", "-1", "1.5", "%E2%91%A0", "9" * 30, "07x"])
def test_what_is_no_run_is_not_there(served, given):
    assert served.get(f"/runs/{given}").status == 404


# --- text of others ---------------------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> \u202egpj.exe {{ 7*7 }} javascript:alert(3)"


def test_text_of_pages_stays_text_on_every_page_of_a_change(tmp_path):
    watch = Watch(tmp_path)
    page = Page(f"Hostile {HOSTILE}", many(2, objectives=HOSTILE, datasets=(HOSTILE,)))
    later = Page(f"Hostile {HOSTILE}", many(3, datasets=(f"{HOSTILE} more",), objectives=f"Some {HOSTILE} words"))
    later = with_project(later, title=HOSTILE, controllers=HOSTILE)
    watch.take(REGISTER | {"hostile": page}, "2026-01-01")
    watch.take(REGISTER | {"hostile": later}, "2026-01-02")
    changes = [change for (change,) in asked(watch.database, "select id from changes")]
    with serving(watch.database) as served:
        assert changes
        for address in ["/runs/2", "/runs", *(f"/changes/{change}" for change in changes)]:
            answer = served.page(address)
            assert "<script>alert" not in answer.text, address
            assert "\u202e" not in answer.text, address
            assert not answer.soup.body.find_all(["img", "script"]), address
            assert not [tag for tag in answer.soup.find_all(True) for name in tag.attrs if name.startswith("on")]
            links = [tag.get("href", "") for tag in answer.soup.find_all("a")]
            assert not [link for link in links if not link.startswith(("/", "#", "http"))], address
        for change in changes:
            json.loads(served.page(f"/changes/{change}.json").body)


def test_a_page_with_one_long_word_is_shown(tmp_path):
    watch = Watch(tmp_path)
    word = "x" * 20_000
    watch.take(REGISTER, "2026-01-01")
    watch.take(REGISTER | {"university_of_harrowdale": with_project(HARROWDALE, title=word)}, "2026-01-02")
    with serving(watch.database) as served:
        answer = served.page(f"/changes/{one(watch.database, 'substantive')}")

    assert len(answer.soup.title.get_text()) < 200
