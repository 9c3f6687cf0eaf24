"""A reorganisation as people meet it: imported, asked for, browsed, fed and mailed as one change with its members."""

import json
import re

import pytest

from scraper.names.packaged import read_facts
from tests.harness.browse_server import serving
from tests.harness.editions import Page, Watch, many, write_edition
from tests.harness.office import block

GROUPS = [
    (entry["from"][0].title(), entry["to"].title())
    for entry in read_facts("organisations")["entries"]
    if entry.get("class") == "ccg-2022" and entry["kind"] == "succession"
][:30]
REFERENCE = many(1)[0].reference
OLD = {f"group_{n}": Page(old, many(1, first=n)) for n, (old, _) in enumerate(GROUPS)}
# Half of the pages are only headed anew, the others stand at another address.
NEW = {f"group_{n}" if n % 2 else f"board_{n}": Page(new, many(1, first=n)) for n, (_, new) in enumerate(GROUPS)}
MEMBERS = ["agreement-moved"] * 15 + ["organisation-renamed"] * 30


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reorganised")
    settings = folder / "registerwatch.toml"
    followed = [
        {"name": "everything", "email": "all@example.org"},
        {"name": "one", "email": "one@example.org", "organisations": ["group_1"]},
        {"name": "moves", "email": "moves@example.org", "kinds": ["agreement-moved"], "organisations": ["group_0"]},
        {"name": "other", "email": "other@example.org", "kinds": ["dataset-added"]},
    ]
    settings.write_text(
        "\n".join(['[mail]\nsender = "watch@example.org"\nfolder = "outbox"', *(block(one) for one in followed)]),
        encoding="utf-8",
    )
    watch = Watch(folder, "--config", str(settings))
    assert watch.take(OLD, "2022-09-01").exit_code == 0
    new = write_edition(folder / "new", NEW)
    taken = watch.run("import", new, "--fetched-at", "2022-10-01", "--complete", "--tell")
    assert taken.exit_code == 0, taken.output
    assert watch.run("notify").exit_code == 0
    return watch


def test_it_is_one_element_and_its_members_are_asked_for(watch):
    (change,) = watch.changes()

    assert (change["kind"], change["field"], change["severity"]) == ("reorganisation", "ccg-2022 2022-07-01", "low")
    assert (change["group"], change["agreements"], change["details"]) == (
        change["id"], 30, {"pages": 30, "agreements": 30},
    )  # fmt: skip
    assert sorted(kind for kind, _ in watch.told("--group", change["id"])) == MEMBERS
    assert watch.changes("--all")[0] == change


@pytest.mark.parametrize(
    "question",
    [
        ["--reference", REFERENCE],
        ["--organisation", "group_1"],
        ["--organisation", GROUPS[0][1]],
        ["--kind", "reorganisation"],
    ],
)
def test_who_asks_for_a_member_finds_it(watch, question):
    assert watch.told(*question) == [("reorganisation", None)]


def test_an_agreement_has_its_own_part_of_it(watch):
    (shown,) = watch.json("show", REFERENCE)

    assert "agreement-moved" in {change["kind"] for change in shown["changes"]}


def test_a_derived_history_has_the_same_ids(watch):
    before = watch.history()

    assert watch.run("reparse").exit_code == 0
    assert watch.history() == before


def test_mails_tell_it_to_who_follows_one_of_its_members(watch):
    texts = [path.read_text(encoding="utf-8") for path in sorted((watch.folder / "outbox").glob("*.eml"))]
    mails = {re.search("^To: (.+)$", text, re.MULTILINE)[1]: text for text in texts}

    assert mails.keys() == {"all@example.org", "one@example.org", "moves@example.org"}
    assert "Reorganisation ccg-2022 of 2022-07-01" in mails["all@example.org"]
    assert "Organisation renamed" in mails["one@example.org"]
    assert "Part of: Reorganisation" in mails["one@example.org"]


def test_feeds_hold_it_once_and_name_the_members(watch):
    assert watch.run("feeds", watch.folder / "feeds").exit_code == 0
    feeds = {
        path.relative_to(watch.folder / "feeds").as_posix(): path for path in (watch.folder / "feeds").rglob("*.json")
    }
    (everything,) = [path for name, path in feeds.items() if "/" not in name]
    (own,) = [path for name, path in feeds.items() if name.endswith("/group_1.json")]

    assert [item["title"] for item in json.loads(everything.read_text(encoding="utf-8"))["items"]] == [
        watch.changes()[0]["summary"]
    ]
    (item,) = json.loads(own.read_text(encoding="utf-8"))["items"]
    assert "Among them, for this feed:" in item["content_html"]
    assert "is now headed" in item["content_html"]
    assert "same edit" not in item["content_html"]


@pytest.mark.parametrize("width", [60, 120])
def test_the_terminal_says_it(watch, width):
    from cron.terminal.news import render_changes
    from diff.change import Change

    said = render_changes([Change.from_json(change) for change in watch.changes()], width=width)

    assert "Reorganisation ccg-2022" in said
    assert "--group " in said
    assert "30 pages and 30 agreements" in " ".join(said.split())


def test_its_pages_are_read_in_a_browser(watch):
    (change,) = watch.changes()
    (renamed, *_) = [one for one in watch.changes("--group", change["id"]) if one["page"] == "group_1"]
    with serving(watch.database) as served:
        whole = served.page(f"/changes/{change['id']}")
        own = served.page(f"/changes/{renamed['id']}")
        front, organisation = served.page("/"), served.page("/organisations/group_1")
        as_file = served.page(f"/changes/{change['id']}.csv")

    assert "30 pages and 30 agreements" in whole.words
    assert "What belongs to it" in whole.words
    assert whole.soup.find("a", href=f"/agreements/{REFERENCE}")
    assert "Part of: Reorganisation".lower() in own.words.lower()
    assert "Reorganisation ccg-2022 of 2022-07-01" in front.words
    assert f"/changes/{change['id']}" in {link["href"] for link in organisation.soup.find_all("a", href=True)}
    assert len(as_file.text.splitlines()) == 46
