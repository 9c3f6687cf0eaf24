"""What was told and is withdrawn is told as a correction, by the next run, to those who were told, once (rule 14)."""

import json
import lzma
import shutil
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from snapshots.asking.corrections import find_taken_back
from snapshots.keeping.store import open_store
from tests.harness.editions import HARROWDALE, REGISTER, Page, Watch, many, with_project
from tests.harness.mail_server import Die, LoopbackMail, Refuse
from tests.harness.nights import FIRST_NIGHT
from tests.harness.office import ALL, Office
from tests.harness.register_server import MAINTENANCE, RegisterServer, Site
from tests.harness.servers import Loopback, answer
from tests.test_pinned_ids import RULES, play_history

HARROW, WEX, EAST = REGISTER
REFERENCE = "DARS-NIC-204517-H6M2P"
TOLD_END = with_project(HARROWDALE, end="2029-03-12")
BETWEEN = {HARROW: with_project(HARROWDALE, end="2027-03-12")}
"""What an edition of the past turns out to have said: what was told as one step was two."""

DAY = timedelta(days=1)
SECOND, THIRD, FOURTH, FIFTH = (FIRST_NIGHT + n * DAY for n in range(1, 5))
LATE = datetime(2100, 1, 1, 3, 17, tzinfo=UTC)
"""After whatever the clock of this machine says."""

BEDS = {"name": "beds", "email": "beds@example.org", "datasets": ["ECDS"]}
EVERYTHING = {**ALL, "expiring": []}
HARROWDALES = {"name": "harrow", "email": "harrow@example.org", "organisations": [HARROW], "expiring": []}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A register and a mail server; a database in which one change was told to two of three subscriptions."""
    with RegisterServer() as server, LoopbackMail() as mail:
        server.site = Site(dict(REGISTER))
        office = Office(tmp_path_factory.mktemp("told"), server, mail, EVERYTHING, HARROWDALES, BEDS)
        office.night_at(FIRST_NIGHT)
        server.site.pages[HARROW] = TOLD_END
        office.night_at(SECOND)
        assert sorted(mail.to()) == ["all@example.org", "harrow@example.org"]
        yield server, mail, office.database


@pytest.fixture
def mail(told):
    _, mail, _ = told
    mail.taken.clear()
    mail.faults.clear()
    return mail


@pytest.fixture
def server(told):
    server, _, _ = told
    server.site = Site(REGISTER | {HARROW: TOLD_END})
    return server


@pytest.fixture
def office(tmp_path, told, server, mail):
    shutil.copy(told[2], tmp_path)
    return Office(tmp_path, server, mail, EVERYTHING, HARROWDALES, BEDS)


def withdraw(office, pages=BETWEEN, at="2026-06-01T12:00:00Z"):
    """Bring in an edition of the past, by which what was told is no longer found."""
    result = office.take(pages, at, complete=False)
    assert result.exit_code == 0, result.output


def believe(office, decision):
    """Have the history derived again with or without the edition of the past."""
    with closing(open_store(office.database)) as store:
        store.db.execute("update runs set decision = ? where kind = 'import'", [decision])
        store.reparse(RULES)


def corrections(office):
    """Return the corrections that were taken: who was told, and the message."""
    sent = [(one.to[0].partition("@")[0], one.message) for one in office.mail.taken]
    return sorted(((to, message) for to, message in sent if "Correction" in text(message)), key=lambda one: one[0])


def text(message, kind="plain"):
    return message.get_body(kind).get_content()


def who(office):
    return [to for to, _ in corrections(office)]


# --- told to those who were told, once --------------------------------------------------------------------------------


def test_what_was_told_and_is_withdrawn_is_told_by_the_next_run_to_those_who_were_told(office):
    withdraw(office)
    office.night_at(THIRD)

    assert who(office) == ["all", "harrow"]
    assert len(office.mail.taken) == 2


def test_a_correction_says_what_was_told_and_when_and_that_the_page_does_not_say_so(office):
    withdraw(office)
    office.night_at(THIRD)
    _, message = corrections(office)[0]
    (change,) = (change for change in office.changes() if change["withdrawn"])
    said = " ".join(text(message).split())

    assert message["Subject"].startswith(f"Correction: {change['summary'][:40]}")
    assert f"CORRECTIONS {'=' * 72} Correction: {change['summary']}" in said
    assert "We told you this on Tuesday 2 June 2026, 03:17 UTC." in said
    assert "The page, as it is read now, does not say so." in said
    assert f"Source: {office.server.url}" in said
    assert said.startswith("ONE CORRECTION You follow")


def test_a_correction_is_told_once_and_for_ever(office):
    withdraw(office)
    for night in (THIRD, FOURTH, FIFTH):
        office.night_at(night)
    believe(office, "discarded")
    believe(office, None)
    office.night_at(FIFTH + DAY)

    assert who(office) == ["all", "harrow"]


@pytest.mark.parametrize("what", ["import", "reparse", "backfill", "notify", "a dry run", "a run that tells nobody"])
def test_nothing_but_a_run_writes_a_correction(office, what):
    withdraw(office)
    before = office.rows("*")
    commands = {
        "reparse": ["reparse"],
        "backfill": ["import", str(office.folder / "edition-000"), "--fetched-at", "2026-05-01T00:00:00Z"],
        "notify": ["notify"],
        "a dry run": ["run", "--dry-run"],
        "a run that tells nobody": ["run", "--no-notify"],
    }
    if what in commands:
        result = office.run(*commands[what])
        assert result.exit_code == 0, result.output

    assert (office.rows("*"), office.mail.taken) == (before, [])


def test_a_run_tells_what_a_run_that_told_nobody_left(office):
    withdraw(office)
    office.run("run", "--no-notify")
    office.night_at(LATE)

    assert who(office) == ["all", "harrow"]


def test_who_was_not_told_gets_no_correction(office):
    office.tells(EVERYTHING, BEDS, {**EVERYTHING, "name": "new", "email": "new@example.org"})
    withdraw(office)
    office.night_at(THIRD)

    assert who(office) == ["all"]
    assert sorted(item for _, item in office.rows("subscription", "item") if item.startswith("correction:")) == [
        office.rows("item")[-1][0]
    ]


def test_who_was_given_up_was_not_told(told, tmp_path, server, mail):
    shutil.copy(told[2], tmp_path)
    office = Office(tmp_path, server, mail, EVERYTHING, HARROWDALES)
    with closing(sqlite3.connect(office.database)) as database:
        database.execute("update deliveries set state = 'given up', delivered_at = null where subscription = 'all'")
        database.commit()
    withdraw(office)
    office.night_at(THIRD)

    assert who(office) == ["harrow"]


def test_news_and_corrections_are_one_message(office, server):
    withdraw(office)
    server.site.pages[EAST] = with_project(REGISTER[EAST], sublicensing="Yes")
    office.night_at(THIRD)
    (_, both), (_, alone) = corrections(office)

    assert len(office.mail.taken) == 2
    assert both["Subject"].startswith("1 change, 1 correction: ")
    assert text(both).startswith("ONE CHANGE, OF HIGH SEVERITY; ONE CORRECTION")
    assert alone["Subject"].startswith("Correction: ")


# --- what comes back --------------------------------------------------------------------------------------------------


def test_a_change_that_is_found_again_before_the_correction_is_sent_is_not_corrected(office):
    office.tells({**HARROWDALES, "when": "daily"})
    withdraw(office)
    office.night_at(THIRD)
    believe(office, "discarded")
    office.deliver(THIRD + timedelta(hours=8))
    assert office.mail.taken == []

    believe(office, None)
    office.night_at(FOURTH)
    office.deliver(FOURTH + timedelta(hours=8))
    assert who(office) == ["harrow"]


def test_a_correction_that_failed_is_not_sent_when_its_change_is_found_again(office):
    withdraw(office)
    office.mail.faults["greeting"] = [Die()] * 8
    office.night_at(THIRD)
    believe(office, "discarded")
    office.deliver(FOURTH)

    assert office.mail.taken == []
    assert office.status()["undelivered"] == []


def test_a_change_that_is_found_again_after_the_correction_is_not_told_as_new(office):
    withdraw(office)
    office.night_at(THIRD)
    office.mail.taken.clear()
    believe(office, "discarded")
    office.night_at(FOURTH)

    assert office.mail.taken == []
    assert [change["withdrawn"] for change in office.changes()] == [False]


def test_what_another_change_says_in_its_place_needs_no_correction(office):
    with_other_ids(office.database)
    believe(office, None)
    office.night_at(THIRD)

    assert sorted(change["withdrawn"] for change in office.changes()) == [False, True]
    assert office.mail.taken == []


def with_other_ids(database):
    """Have every change as if it had been found by another folding: what a change says has another id."""
    with closing(sqlite3.connect(database)) as db:
        db.create_function("other", 1, lambda id_: id_ and "x" + id_[1:])
        db.execute("update changes set id = other(id), fact = other(fact), member_of = other(member_of)")
        db.execute("update deliveries set item = other(item) where note is null")
        db.commit()


def test_a_legal_basis_in_words_of_its_own_has_another_id_and_needs_no_correction(office, server):
    basis = with_project(TOLD_END, legal_basis="By leave of the harbour master")
    server.site.pages[HARROW] = basis
    office.night_at(THIRD)
    office.mail.taken.clear()
    with_other_ids(office.database)
    with closing(sqlite3.connect(office.database)) as database:
        words = "update changes set {0} = replace({0}, 'TEXT:', 'TEXT:f')"
        written = [database.execute(words.format(side)).rowcount for side in ("before", "after", "added", "removed")]
        database.commit()
    believe(office, None)
    office.night_at(FOURTH)

    assert all(written)
    assert sum(change["withdrawn"] for change in office.changes()) == 2
    assert office.mail.taken == []


# --- held runs --------------------------------------------------------------------------------------------------------


def test_a_held_run_writes_none_and_its_release_does(office, server):
    withdraw(office)
    server.site.faults = dict.fromkeys((WEX, EAST), MAINTENANCE)
    report, _ = office.night_at(THIRD)
    assert report.outcome.decision.held
    assert (office.mail.taken, len(office.rows("*"))) == ([], 2)

    assert office.run("release", "4").exit_code == 0
    assert who(office) == ["all", "harrow"]


def test_a_discarded_run_writes_none(office, server):
    withdraw(office)
    server.site.faults = dict.fromkeys((WEX, EAST), MAINTENANCE)
    office.night_at(THIRD)
    office.run("discard", "4")

    assert (office.mail.taken, len(office.rows("*"))) == ([], 2)


# --- groups -----------------------------------------------------------------------------------------------------------

BOARDS = {f"board_{n:02}": Page(f"Board {n}", many(1, first=n)) for n in range(30)}
EDITED = {slug: with_project(page, end="2029-03-12") for slug, page in BOARDS.items()}
SEVENTH = {**HARROWDALES, "name": "seventh", "email": "seventh@example.org", "organisations": ["board_07"]}


@pytest.fixture
def grouped(tmp_path, server, mail):
    """The same edit on thirty agreements, told to who follows everything and to who follows one of them."""
    server.site.pages = dict(BOARDS)
    office = Office(tmp_path, server, mail, EVERYTHING, SEVENTH)
    office.night_at(FIRST_NIGHT)
    server.site.pages = dict(EDITED)
    office.night_at(SECOND)
    assert sorted(mail.to()) == ["all@example.org", "seventh@example.org"]
    mail.taken.clear()
    return office


def edited_before(*numbers):
    return {f"board_{n:02}": with_project(BOARDS[f"board_{n:02}"], end="2027-03-12") for n in numbers}


def test_a_group_that_is_withdrawn_is_one_correction(grouped):
    withdraw(grouped, edited_before(*range(30)))
    grouped.night_at(THIRD)

    assert who(grouped) == ["all", "seventh"]
    for _, message in corrections(grouped):
        assert text(message).count("Correction: ") == 1
        assert "The pages, as they are read now, do not say so." in " ".join(text(message).split())


def test_members_that_a_told_group_lost_are_corrected_for_those_they_concern(grouped):
    withdraw(grouped, edited_before(3, 4))
    grouped.night_at(THIRD)

    ((to, message),) = corrections(grouped)
    assert to == "all"
    assert text(message).count("Correction: ") == 2
    assert all(f"DARS-NIC-50000{n}-Q2W3E" in text(message) for n in (3, 4))


def test_a_group_whose_members_are_another_group_now_needs_no_correction(grouped):
    withdraw(grouped, EDITED)
    grouped.night_at(THIRD)

    assert sorted(change["withdrawn"] for change in grouped.changes()) == [False, True]
    assert grouped.mail.taken == []


# --- other ways out ---------------------------------------------------------------------------------------------------


def test_a_webhook_is_told_of_corrections_beside_its_changes(told, tmp_path, server, mail):
    shutil.copy(told[2], tmp_path)
    with Loopback({"/in": answer()}) as receiver:
        hook = {"name": "harrow", "webhook": f"{receiver.url}/in", "allow_private": True, "expiring": []}
        office = Office(tmp_path, server, mail, hook)
        withdraw(office)
        office.night_at(THIRD)
    (request,) = receiver.requests
    news = json.loads(request.body)
    (change,) = (change for change in office.changes() if change["withdrawn"])

    assert news["changes"] == news["ends"] == []
    assert news["corrections"] == [{**change, "told_at": "2026-06-02T03:17:00Z"}]


def test_what_would_be_sent_can_be_looked_at(office):
    office.tells({**HARROWDALES, "when": "daily"})
    withdraw(office)
    office.night_at(THIRD)
    shown = office.run("notify", "--dry-run")

    assert "Correction: " in shown.stdout


# --- killed when it likes ---------------------------------------------------------------------------------------------

KILL = """
import os, signal
from snapshots.keeping.deliveries import Deliveries
whole = Deliveries.{method}
def killed(self, *args, **more):
    if {whole_first}:
        whole(self, *args, **more)
    os.kill(os.getpid(), signal.SIGKILL)
Deliveries.{method} = killed
"""
INSTANTS = [
    (method, whole_first)
    for method in ("add", "messages_to_send", "begin", "delivered")
    for whole_first in (False, True)
]


@pytest.mark.parametrize(("method", "whole_first"), INSTANTS)
def test_a_run_killed_at_any_instant_tells_a_correction_once(office, method, whole_first):
    withdraw(office)
    process = office.process("run", before=KILL.format(method=method, whole_first=whole_first))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    office.night_at(LATE)
    office.night_at(LATE + DAY)

    told = {(to, message["Message-ID"]) for to, message in corrections(office)}
    assert sorted(to for to, _ in told) == ["all", "harrow"]
    assert {state for (state,) in office.rows("state")} == {"delivered"}


def test_a_server_that_refused_a_correction_is_given_the_same_later(office):
    withdraw(office)
    office.mail.faults["dot"] = [Refuse()] * 2
    office.night_at(THIRD)
    assert office.mail.taken == []
    office.deliver(FOURTH)

    assert who(office) == ["all", "harrow"]


# --- real histories under other ids -----------------------------------------------------------------------------------


def deliver_everything(database):
    """Note every change that people are told as delivered to one subscription."""
    with closing(sqlite3.connect(database)) as db:
        db.execute(
            """
            insert into deliveries (subscription, item, run, due_at, state, message, attempts, delivered_at)
            select 'all', id, run, first_seen, 'delivered', 'm1', 1, first_seen
            from changes
            where substantive and member_of is null
            """
        )
        db.commit()


@pytest.fixture(scope="module")
def pinned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pinned")
    play_history(folder)
    return folder


@pytest.mark.parametrize("name", ["simulated", "sample"])
def test_another_folding_needs_no_correction_of_any_kind_of_change(tmp_path, pinned, name):
    database = Path(shutil.copy(pinned / f"{name}.db", tmp_path))
    deliver_everything(database)
    with_other_ids(database)
    with closing(open_store(database)) as store:
        store.reparse(RULES)
        withdrawn = list(store.db.query("select distinct kind from changes where withdrawn"))

        assert len(withdrawn) >= 8
        assert find_taken_back(store.db, ["all"]) == []


def test_a_history_that_is_no_longer_found_is_taken_back_as_it_was_told(tmp_path, pinned):
    database = Path(shutil.copy(pinned / "sample.db", tmp_path))
    deliver_everything(database)
    with closing(open_store(database)) as store:
        told = {row["item"] for row in store.db.query("select item from deliveries")}
        store.db.execute("update runs set decision = 'discarded' where id = 2")
        store.reparse(RULES)

        assert {one.change for one in find_taken_back(store.db, ["all", "beds"])} == told


def test_a_database_of_version_one_is_derived_again_and_tells_nobody_anything(tmp_path):
    data = next(folder for folder in Path(__file__).parents if folder.name == "tests") / "data"
    watch = Watch(tmp_path)
    watch.database.write_bytes(lzma.decompress((data / "version-1.db.xz").read_bytes()))
    deliver_everything(watch.database)
    with_other_ids(watch.database)
    before = watch.counts()["deliveries"]
    assert watch.run("status").exit_code == 0

    with closing(open_store(watch.database)) as store:
        assert watch.counts()["deliveries"] == before
        assert [row["n"] for row in store.db.query("select count(*) as n from changes where withdrawn")] == [before]
        assert find_taken_back(store.db, ["all"]) == []
