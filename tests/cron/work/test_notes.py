"""A note on a change: kept in the chain, shown with the change, told to nobody unless `--tell`, and then once."""

import csv
import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from snapshots.keeping.chain import text_of
from snapshots.keeping.store import open_store
from tests.cron.work.test_corrections import (
    BEDS,
    EVERYTHING,
    HARROW,
    HARROWDALES,
    SECOND,
    THIRD,
    TOLD_END,
    believe,
    text,
    withdraw,
)
from tests.harness.browse_server import serving
from tests.harness.editions import REGISTER, many
from tests.harness.mail_server import LoopbackMail
from tests.harness.nights import FIRST_NIGHT
from tests.harness.office import Office
from tests.harness.register_server import RegisterServer, Site
from tests.test_pinned_ids import RULES

WORDS = "Confirmed by NHS England on 3 March, see <their letter>."


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    with RegisterServer() as server, LoopbackMail() as mail:
        server.site = Site(dict(REGISTER))
        office = Office(tmp_path_factory.mktemp("noted"), server, mail, EVERYTHING, HARROWDALES, BEDS)
        office.night_at(FIRST_NIGHT)
        server.site.pages[HARROW] = TOLD_END
        office.night_at(SECOND)
        yield server, mail, office.database


@pytest.fixture
def office(tmp_path, original):
    server, mail, database = original
    mail.taken.clear()
    server.site = Site(REGISTER | {HARROW: TOLD_END})
    shutil.copy(database, tmp_path)
    return Office(tmp_path, server, mail, EVERYTHING, HARROWDALES, BEDS)


def change_of(office):
    (change,) = office.json("changes", "--format", "json")
    return change["id"]


def note(office, *arguments):
    result = office.run("note", *arguments)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def test_a_note_is_in_the_chain_and_verify_covers_it(office):
    note(office, change_of(office)[:8], WORDS)
    with closing(open_store(office.database)) as store:
        *_, last = store.db.query("select * from manifests order by number")
    (report,) = office.json("verify", "--format", "json")

    assert json.loads(text_of(last["manifest"]))["note"] == {"change": change_of(office), "text": WORDS}
    assert (report["good"], report["head"]["number"]) == (True, last["number"])


@pytest.mark.parametrize(
    "altered",
    [
        "update change_notes set text = 'Our misreading.'",
        "update change_notes set change_id = 'aaaaaaaaaaaaaaaaaaaa'",
        "update change_notes set made_at = '2020-01-01T00:00:00Z'",
        "delete from change_notes",
        "insert into change_notes select 1, change_id, made_at, text from change_notes",
    ],
)
def test_whatever_is_altered_of_a_note_is_named(office, altered):
    note(office, change_of(office), WORDS)
    with closing(sqlite3.connect(office.database, isolation_level=None)) as database:
        assert database.execute(altered).rowcount == 1
    result = office.run("verify")

    assert result.exit_code == 1
    assert "note" in result.stderr.partition("not as it was: ")[2]


def test_a_note_is_told_to_nobody(office):
    note(office, change_of(office), WORDS)
    office.night_at(THIRD)

    assert office.mail.taken == []


def test_a_note_with_tell_is_told_once_to_those_who_were_told_of_the_change(office):
    said = note(office, change_of(office), WORDS, "--tell")
    note(office, change_of(office), WORDS, "--tell")
    office.night_at(THIRD)

    assert "2 subscriptions" in said
    assert sorted(office.mail.to()) == ["all@example.org", "harrow@example.org"]
    for message in office.taken():
        assert message["Subject"].startswith("Note: ")
        for kind, words in (("plain", WORDS), ("html", WORDS.replace("<", "&lt;").replace(">", "&gt;"))):
            assert words in " ".join(text(message, kind).split())
        assert "We told you this on Tuesday 2 June 2026" in " ".join(text(message).split())


def test_a_note_that_was_kept_may_be_told_later(office):
    note(office, change_of(office), WORDS)
    note(office, change_of(office), WORDS, "--tell")
    with closing(sqlite3.connect(office.database)) as database:
        kept = database.execute("select count(*) from change_notes").fetchone()

    assert kept == (1,)
    assert len(office.mail.taken) == 2


def test_a_note_waits_for_the_time_at_which_its_subscription_is_told_things(office):
    office.tells(EVERYTHING | {"when": "daily", "at": "08:00"}, HARROWDALES, BEDS)
    note(office, change_of(office), WORDS, "--tell")

    assert office.mail.to() == ["harrow@example.org"]
    assert ("all", "due") in office.rows("subscription", "state")


def test_a_withdrawn_change_can_be_noted_and_stays(office):
    id_ = change_of(office)
    withdraw(office)
    note(office, id_, "Our misreading.", "--tell")
    believe(office, None)
    with closing(open_store(office.database)) as store:
        store.reparse(RULES)

    assert sorted(office.mail.to()) == ["all@example.org", "harrow@example.org"]
    assert office.run("verify").exit_code == 0


def test_a_noted_change_that_nobody_was_told_of_stays_when_it_is_found_no_longer(tmp_path, original):
    server, mail, _ = original
    mail.taken.clear()
    server.site = Site(dict(REGISTER))
    office = Office(tmp_path, server, mail)
    office.night_at(FIRST_NIGHT)
    server.site.pages[HARROW] = TOLD_END
    office.night_at(SECOND)
    id_ = change_of(office)
    note(office, id_, "Looked into.")
    withdraw(office)
    note(office, id_, "And it does not hold.")
    exported = tmp_path / "history"
    office.run("export", str(exported))
    with (exported / "change_notes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [(row["change_id"], row["text"]) for row in rows] == [
        (id_, "Looked into."),
        (id_, "And it does not hold."),
    ]


def test_a_note_on_a_group_is_told_to_those_who_were_told_of_it_in_the_group(tmp_path, original):
    server, mail, _ = original
    mail.taken.clear()
    boards = REGISTER | {"board": type(TOLD_END)("NHS Board", many(30))}
    server.site = Site(dict(boards))
    office = Office(tmp_path, server, mail, EVERYTHING, HARROWDALES)
    office.night_at(FIRST_NIGHT)
    server.site.pages["board"] = type(TOLD_END)("NHS Board", many(30, sublicensing="Yes"))
    office.night_at(SECOND)
    (group,) = office.json("changes", "--format", "json")
    members = office.json("changes", "--group", group["id"], "--format", "json")
    assert mail.to() == ["all@example.org"]
    mail.taken.clear()
    note(office, members[0]["id"], "Only this one was asked for.", "--tell")
    note(office, group["id"], "A new form, says the site.", "--tell")

    assert mail.to() == ["all@example.org"] * 2


def test_a_note_stands_on_the_page_in_lists_feeds_and_files(office):
    id_ = change_of(office)
    note(office, id_, WORDS)
    feeds = office.folder / "feeds"
    escaped = WORDS.replace("<", "&lt;").replace(">", "&gt;")
    terminal = " ".join(office.run("changes").stdout.split())
    with serving(office.database) as served:
        addresses = (f"/changes/{id_}", "/", f"/changes/{id_}.json", "/changes.atom")
        page, front, file, asked = (served.get(address).text for address in addresses)

    assert WORDS in terminal
    assert escaped in page
    assert escaped in front
    assert [one["text"] for one in json.loads(file)["notes"]] == [WORDS]
    assert "Confirmed by NHS England" in asked
    for ending in ("atom", "rss", "json"):
        assert "Confirmed by NHS England" in (feeds / f"everything.{ending}").read_text(encoding="utf-8")


def test_a_change_keeps_its_public_form(office):
    before = office.json("changes", "--format", "json")
    note(office, change_of(office), WORDS)

    assert office.json("changes", "--format", "json") == before


@pytest.mark.parametrize(
    ("which", "words"),
    [("00000000", "x"), ("abc", "x"), ("", "x"), (None, "  "), (None, "\x07"), (None, "x" * 2_001)],
)
def test_what_cannot_be_noted_is_one_line_and_changes_nothing(office, which, words):
    before = office.rows("item")
    result = office.run("note", change_of(office) if which is None else which, words)

    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert office.rows("item") == before
    assert office.run("verify").exit_code == 0


def test_a_note_cannot_steer_a_terminal_or_turn_what_is_read(office):
    note(office, change_of(office), "Fine\x1b[31m \u202eand\nwell")
    with closing(sqlite3.connect(office.database)) as database:
        (kept,) = database.execute("select text from change_notes").fetchone()

    assert kept == "Fine[31m and well"


def test_of_another_database_nothing_is_written_or_told_unless_asked_for(office):
    copy = office.folder / "copy.db"
    shutil.copy(office.database, copy)
    feeds = office.folder / "feeds"
    result = office.run("--db", str(copy), "note", change_of(office), WORDS)

    assert result.exit_code == 0
    assert not feeds.exists()
    assert office.mail.taken == []
