"""One name, one number: ten names are asked of every door over a register of which each answer was counted by hand."""

import csv
import io
import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import feedparser
import pytest

from tests.harness.browse_server import serving
from tests.harness.editions import Watch, run
from tests.harness.ten_names import watched


class Dataset(NamedTuple):
    """What is true of a dataset, or of a family of them."""

    spellings: tuple[str, ...]
    held_by: tuple[str, ...]
    """The agreements that list it now, by the middle of their reference."""
    news: tuple[str, ...]
    """Kind and agreement of each change of it."""


HES = Dataset(
    ("HES", "hes", "Hospital Episode Statistics"),
    ("100001", "100002", "100005", "100006"),
    ("dataset-added 100002", "dataset-added 100008", "dataset-removed 100008", "organisation-renamed"),
)
GDPPR = Dataset(
    ("GDPPR", "GPES Data for Pandemic Planning and Research (COVID-19)"),
    ("100001", "100004"),
    ("agreement-added 100004", "dataset-added 100001"),
)
MHSDS = Dataset(("MHSDS", "Mental Health Services Data Set"), ("100002", "100006", "100007"), ("dataset-added 100006",))
ECDS = Dataset(
    ("ECDS", "Emergency Care Data Set (ECDS)", "emergency care data set"),
    ("100003", "100005", "100007"),
    ("dataset-added 100005", "dataset-added 100007", "organisation-renamed"),
)
IAPT = Dataset(
    ("IAPT", "Improving Access to Psychological Therapies Data Set_v1.5"),
    ("100003", "100006", "100008"),
    ("dataset-added 100006",),
)
DATASETS = {"HES": HES, "GDPPR": GDPPR, "MHSDS": MHSDS, "ECDS": ECDS, "IAPT": IAPT}
PARTS = {"HES": "(HES ", "GDPPR": "(GDPPR)", "MHSDS": "(MHSDS)", "ECDS": "(ECDS)", "IAPT": "(IAPT)"}
"""What stands in the newest name of each, and in no other dataset's."""
SPELLED = [(name, spelling) for name, dataset in DATASETS.items() for spelling in dataset.spellings]

BODIES = {
    ("NHS Frimley ICB - D4U1Y", "NHS Frimley ICB", "nhs_frimley_icb__d4u1y"): (
        "commercial-changed 100006",
        "dataset-added 100006",
        "dataset-added 100006",
        "dataset-added 100007",
        "dataset-added 100008",
        "dataset-removed 100008",
        "dsa-extended 100007",
    ),
    ("Northgate Analytics Ltd", "Brightwater Insights Ltd", "northgate_analytics_ltd", "brightwater_insights_ltd"): (
        "dataset-added 100005",
        "organisation-renamed",
        "sublicensing-changed 100005",
    ),
}
"""Names of a body → what is told of it and of those before it."""
NAMED = [(name, news) for names, news in BODIES.items() for name in names]

REFERENCES = {
    ("DARS-NIC-100001-A1B2C", "nic-100001", "NIC-100001-A1B2C", "dars-nic-100001-a1b2c-v2.1"): (
        "dataset-added 100001",
    ),
    ("NIC-100002-D3E4F", "nic-100002", "DARS-NIC-100002-D3E4F", "NIC-100002-D3E4F-v0.3"): (
        "dataset-added 100002",
        "legal-basis-changed 100002",
    ),
}
FORMS = [(form, forms[0], news) for forms, news in REFERENCES.items() for form in forms]

BASES = {
    "NHSA2006:s251": (
        ("NHSA2006:s251", "s251", "Section 251", "nhsa2006:S251"),
        ("100003", "100004", "100007", "100009"),
    ),
    "HSCA2012:s261(2)(a)": (
        ("HSCA2012:s261(2)(a)", "s261(2)(a)", "section 261 (2)(a)", "HSCA s.261(2)(a)"),
        ("100001", "100002", "100005", "100006"),
    ),
}
CITED = [(basis, spelling) for basis, (spellings, _) in BASES.items() for spelling in spellings]


def middle(reference: str) -> str:
    return reference.split("NIC-")[1].split("-")[0]


def facts(changes: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return kind and agreement of each change, in order of the alphabet."""
    return tuple(
        sorted(f"{one['kind']} {middle(one['reference'])}" if one["reference"] else one["kind"] for one in changes)
    )


@pytest.fixture(scope="module")
def watch(tmp_path_factory) -> Watch:
    return watched(tmp_path_factory.mktemp("ten-names"))


@pytest.fixture(scope="module")
def told(watch) -> list[dict[str, Any]]:
    """Every change that people are told of."""
    return watch.changes()


@pytest.fixture(scope="module")
def served(watch):
    with serving(watch.database) as served:
        yield served


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# --- what is told -----------------------------------------------------------------------------------------------------

FOLLOWED = [
    *(("dataset", spelling, DATASETS[name].news) for name, spelling in SPELLED),
    *(("organisation", name, news) for name, news in NAMED),
]
FILTERED = pytest.mark.parametrize(("what", "name", "news"), FOLLOWED)


@FILTERED
def test_the_command_and_the_files_of_the_front_page_tell_the_same(watch, served, what, name, news):
    query = urlencode({what: name})

    assert facts(watch.changes(f"--{what}", name)) == news
    assert facts(json.loads(served.page(f"/changes.json?{query}").text)) == news
    assert facts(table(served.page(f"/changes.csv?{query}").text)) == news


@pytest.fixture(scope="module")
def dry_run(watch) -> dict[str, list[dict[str, Any]]]:
    """What each name would have told whoever subscribes to it."""
    blocks = [
        f"[[subscriptions]]\nname = {json.dumps(name)}\nemail = 'a@example.org'\n{what}s = [{json.dumps(name)}]\n"
        for what, name, _ in FOLLOWED
    ]
    (watch.folder / "registerwatch.toml").write_text("\n".join(blocks))
    told = run(watch.folder, "--db", watch.database, "subscriptions", "--format", "json")
    assert told.returncode == 0, told.stderr
    return {one["name"]: one["changes"] for one in json.loads(told.stdout)}


@FILTERED
@pytest.mark.parametrize("form", ["atom", "rss", "feed.json"])
def test_a_feed_has_an_entry_for_each(told, served, what, name, news, form):
    answer = served.page(f"/changes.{form}?{urlencode({what: name})}")
    read = json.loads(answer.text)["items"] if form == "feed.json" else feedparser.parse(answer.body).entries
    found = [re.findall("[0-9a-f]{20}", one["id"])[0] for one in read]

    assert len(set(found)) == len(found)
    assert facts([one for one in told if one["id"] in found]) == news


@pytest.mark.soak
@pytest.mark.skipif(not shutil.which("newsboat"), reason="newsboat is not installed here")
@pytest.mark.parametrize("form", ["atom", "rss"])
def test_newsboat_reads_every_entry(told, served, tmp_path, form):
    (tmp_path / "urls").write_text(f"{served.url}changes.{form}\n")
    (tmp_path / "config").write_text("")
    options = ["-u", tmp_path / "urls", "-c", tmp_path / "cache.db", "-C", tmp_path / "config", "-x", "reload"]
    read = subprocess.run(["newsboat", *options], capture_output=True, text=True, check=True, timeout=60)
    with closing(sqlite3.connect(tmp_path / "cache.db")) as cache:
        found = cache.execute("select guid, url from rss_item").fetchall()

    assert read.stderr == ""
    assert {guid.rpartition("/")[2] for guid, _ in found} == {one["id"] for one in told}
    assert all(url for _, url in found)


@FILTERED
def test_a_subscriber_is_told_the_same(told, dry_run, what, name, news):
    found = {one["id"] for one in dry_run[name]}

    assert facts([one for one in told if one["id"] in found]) == news


@pytest.mark.parametrize(("form", "reference", "news"), FORMS)
def test_a_reference_is_known_in_any_form(watch, served, form, reference, news):
    assert facts(watch.changes("--reference", form)) == news
    assert [one["reference"] for one in watch.json("show", form)] == [reference]
    answer = served.get(f"/agreements/{form}")
    assert answer.status == 200 if form == reference else answer.headers["location"] == f"/agreements/{reference}"


# --- who holds it now, and on which basis -----------------------------------------------------------------------------


def agreements_of(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({middle(row["reference"]) for row in rows}))


def led_to(served, address: str) -> str:
    """Return where an address leads in the end."""
    answer = served.get(address)
    return answer.headers["location"] if answer.status in (301, 302) else served.page(address).address


@pytest.mark.parametrize(("form", "reference", "news"), FORMS)
def test_the_history_of_an_agreement_is_asked_for_in_any_form(served, form, reference, news):
    rows = json.loads(served.page(f"/questions/history-of-agreement.json?{urlencode({'reference': form})}").text)

    assert {row["reference"] for row in rows} <= {reference}
    assert bool(rows) == bool(news)


@pytest.mark.parametrize(("name", "spelling"), SPELLED)
def test_who_joined_and_left_a_dataset_is_who_changes_say_on_the_day_they_say(watch, served, name, spelling):
    query = urlencode({"dataset": spelling})
    rows = json.loads(served.page(f"/questions/joined-and-left.json?{query}").text)
    moved = {"added": "joined", "removed": "left"}
    told = [
        (one["first_seen"], moved[one["kind"].partition("-")[2]], one["reference"])
        for one in watch.changes("--dataset", spelling)
        if one["kind"].partition("-")[2] in moved
    ]
    by_hand = [moved[fact.split()[0].partition("-")[2]] for fact in DATASETS[name].news if " " in fact]

    assert sorted((row["day"], row["moved"], row["reference"]) for row in rows) == sorted(told)
    assert sorted(row["moved"] for row in rows) == sorted(by_hand)


@pytest.mark.parametrize(("name", "spelling"), SPELLED)
def test_who_got_a_dataset_is_who_joined_it_and_lists_it_still_or_not_as_its_page_says(served, name, spelling):
    query = urlencode({"dataset": spelling})
    got = json.loads(served.page(f"/questions/who-got-dataset.json?{query}").text)
    moves = json.loads(served.page(f"/questions/joined-and-left.json?{query}").text)

    assert sorted((row["first_seen"], row["reference"], row["dataset"]) for row in got) == sorted(
        (row["day"], row["reference"], row["dataset"]) for row in moves if row["moved"] == "joined"
    )
    assert {middle(row["reference"]) for row in got if row["still_listed"]} <= set(DATASETS[name].held_by)


@pytest.mark.parametrize(("name", "spelling"), SPELLED)
def test_the_page_of_a_dataset_lists_its_agreements_under_any_name(served, name, spelling):
    address = led_to(served, f"/datasets/{quote(spelling)}")

    assert agreements_of(json.loads(served.page(f"{address}.json").text)) == DATASETS[name].held_by
    assert agreements_of(table(served.page(f"{address}.csv").text)) == DATASETS[name].held_by


@pytest.mark.parametrize(("name", "spelling"), SPELLED)
def test_search_list_and_sql_have_the_number_of_the_page(watch, served, name, spelling):
    count = len(DATASETS[name].held_by)
    best = json.loads(served.page(f"/search/suggest?{urlencode({'q': spelling})}").text)["suggestions"][0]
    is_family = best["about"].endswith("family of datasets")
    listed = watch.json("datasets", "--format", "json", *["--families"] * is_family)
    sql = (
        "select count(distinct reference) as n from datasets_now "
        "where folded in (select value from json_each(dataset_names(:name)))"
    )
    answer = served.page(f"/register.json?{urlencode({'sql': sql, 'name': spelling, '_shape': 'array'})}")

    assert best["about"].startswith(f"in {count} agreements")
    assert [one["agreements"] for one in listed if one["dataset"] == best["name"]] == [count]
    assert json.loads(answer.text) == [{"n": count}]


@pytest.mark.parametrize(("basis", "spelling"), CITED)
def test_the_search_has_the_number_of_a_legal_bases_page(served, basis, spelling):
    best, *_ = json.loads(served.page(f"/search/suggest?{urlencode({'q': spelling})}").text)["suggestions"]

    assert best["address"] == f"/legal-bases/{quote(basis, safe='')}"
    assert best["about"] == f"in {len(BASES[basis][1])} agreements"


@pytest.mark.parametrize(("basis", "spelling"), CITED)
def test_the_page_of_a_legal_basis_lists_its_agreements_under_any_citation(served, basis, spelling):
    address = led_to(served, f"/legal-bases/{quote(spelling)}")

    assert agreements_of(json.loads(served.page(f"{address}.json").text)) == BASES[basis][1]


@pytest.mark.parametrize(("name", "spelling"), SPELLED)
def test_the_question_who_has_a_dataset_has_the_same_agreements(served, name, spelling):
    query = urlencode({"dataset": spelling})
    page = served.page(f"/questions/who-has-dataset?{query}")

    assert (
        agreements_of(json.loads(served.page(f"/questions/who-has-dataset.json?{query}").text))
        == DATASETS[name].held_by
    )
    assert agreements_of(table(served.page(f"/questions/who-has-dataset.csv?{query}").text)) == DATASETS[name].held_by
    assert page.soup.select_one(".stand").get_text().startswith(f"{len(DATASETS[name].held_by)} agreements of ")


def first_hits(served, searched: str) -> list[str]:
    """Return what is said of the best hit of a search, and of the best suggestion: "in 4 agreements"."""
    found = served.page(f"/search?{urlencode({'q': searched})}")
    suggested = json.loads(served.page(f"/search/suggest?{urlencode({'q': searched})}").text)["suggestions"]
    item = found.tree.xpath("//main//section//ul/li")[0]
    return [" ".join(item.text_content().split()), suggested[0]["about"]]


@pytest.mark.parametrize(("name", "spelling"), SPELLED)
def test_a_search_begins_with_the_dataset_and_its_number(served, name, spelling):
    said = f"in {len(DATASETS[name].held_by)} agreements"

    assert [said in one for one in first_hits(served, spelling)] == [True, True]


@pytest.mark.parametrize(("basis", "spelling"), CITED)
def test_a_search_begins_with_the_legal_basis_and_its_number(served, basis, spelling):
    said = f"in {len(BASES[basis][1])} agreements"

    assert [said in one for one in first_hits(served, spelling)] == [True, True]


@pytest.mark.parametrize(("form", "reference", "news"), FORMS)
def test_a_search_for_a_reference_leads_to_its_agreement(served, form, reference, news):
    assert served.get(f"/search?{urlencode({'q': form})}").headers["location"] == f"/agreements/{reference}"


@pytest.mark.parametrize(("name", "spelling"), SPELLED)
def test_a_picture_ends_with_as_many_agreements(served, name, spelling):
    months = table(served.page(f"/pictures/dataset-by-month.csv?{urlencode({'dataset': spelling})}").text)

    assert int(months[0]["Agreements"]) == len(DATASETS[name].held_by)


def test_an_organisations_page_says_its_own_changes_and_those_of_its_predecessors(watch, served):
    soup = served.page("/organisations/nhs_frimley_icb__d4u1y").soup
    link = soup.find("a", string=re.compile("of its predecessors"))

    assert link.get_text() == "Seven changes in all: three of its own, four of its predecessors"
    assert len(watch.changes("--organisation", "NHS Frimley ICB - D4U1Y")) == 7
    assert "7 changes concerning “NHS Frimley ICB - D4U1Y”" in served.page(link["href"]).words


def test_predecessors_stand_once_each_and_those_with_a_page_first(served):
    items = served.page("/organisations/nhs_frimley_icb__d4u1y").soup.select(".lineage li")
    earlier = [one.a for one in items[: [bool(one.b) for one in items].index(True)]]
    names = [" ".join(one.get_text(" ").split()).split(" no page")[0] for one in items]

    assert [link.get_text() for link in earlier[:2]] == ["NHS Frimley CCG", "NHS Surrey Heath CCG"]
    assert earlier[2:] == [None] * (len(earlier) - 2)
    assert [name for name in names if "CLINICAL COMMISSIONING GROUP" in name] == []


def test_a_company_that_was_renamed_is_one_recipient(served):
    # Harrowdale, Brightwater that was Northgate, Frimley, and Surrey Heath which lost the dataset since.
    rows = table(served.page("/pictures/recipients.csv?dataset=HES").text)

    assert {row["Month"]: row["Organisations"] for row in rows}["2024-11"] == "4"


@pytest.mark.parametrize("form", ["atom", "rss", "feed.json"])
def test_a_feed_asked_for_by_slug_is_titled_by_the_name(served, form):
    answer = served.page(f"/changes.{form}?organisation=nhs_frimley_icb__d4u1y")
    title = json.loads(answer.text)["title"] if form == "feed.json" else feedparser.parse(answer.body).feed.title

    assert "concerning “NHS Frimley ICB - D4U1Y”" in title


def test_the_figures_of_the_register_are_those_of_its_lists(watch, served):
    now = table(served.page("/pictures/figures.csv").text)[0]

    assert int(now["Section 251 support"]) == len(BASES["NHSA2006:s251"][1])
    assert int(now["Agreements"]) == len(watch.json("agreements", "--format", "json"))
    assert int(now["Organisations"]) == len(watch.json("organisations", "--format", "json"))


def test_the_export_holds_the_same(watch, told):
    folder = watch.folder / "export"
    assert watch.run("export", folder).exit_code == 0
    datasets, bases, changes = (
        [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        for name in ("datasets", "legal_bases", "changes")
    )

    for name, dataset in DATASETS.items():
        rows = [row for row in datasets if row["current"] and PARTS[name] in row["newest_name"]]
        assert agreements_of(rows) == dataset.held_by, name
    for basis, (_, cited_by) in BASES.items():
        assert agreements_of([row for row in bases if row["current"] and row["basis"] == basis]) == cited_by
    assert facts([one for one in changes if one["substantive"] and not one["member_of"]]) == facts(told)
