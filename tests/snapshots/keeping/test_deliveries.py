"""What is due, once: rows that a run leaves, messages they are put into, and what stays of changes that were told."""

import hashlib
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraper.names.vocabulary import default_vocabulary
from snapshots.asking.answers import Answers
from snapshots.asking.changes import ChangeFilter
from snapshots.keeping.deliveries import OutboxItem, Waiting, next_attempt, wait_after
from snapshots.keeping.readings import read_body
from snapshots.keeping.runlog import Capture, NewEdition
from snapshots.keeping.store import Outcome, Rules, open_store
from tests.harness.editions import EASTMERE, HARROWDALE, REGISTER, WEXCOMBE, Page, Watch, many, with_project

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
VOCABULARY = default_vocabulary()
RULES = Rules(VOCABULARY)


def capture(slug, page, at):
    body = page.text()
    source = f"{slug}.txt"
    reading = read_body(body, slug, source, VOCABULARY)
    return Capture(slug, hashlib.sha256(body).hexdigest(), source, at, body, reading)


class Register:
    """A database whose runs are told to subscriptions that follow everything."""

    def __init__(self, folder, *subscriptions):
        self.watch = Watch(folder)
        self.store = open_store(folder / "registerwatch.db")
        self.subscriptions = subscriptions or ("charity",)
        self.answers = Answers(self.store.db, VOCABULARY, states=self.store.states)
        self.deliveries = self.store.deliveries
        self.asked = []

    def dues(self, outcome):
        self.asked.append(outcome.run)
        listed = self.answers.changes.find(ChangeFilter(run=outcome.run, editorial=True))
        assert listed == list(outcome.changes) or not outcome.changes, "what is listed reads as it was decided"
        return [
            OutboxItem(subscription=name, item=change.id, due_at=NOW)
            for change in self.answers.changes.find(ChangeFilter(run=outcome.run))
            for name in self.subscriptions
        ]

    def take(self, pages, at, *, tell=True, complete=True, kind="import", keep=True):
        at = f"{at}T00:00:00Z"
        captures = [capture(slug, page, at) for slug, page in pages.items()]
        edition = NewEdition(captures=captures, time=at, finished_at=at, complete=complete, kind=kind)
        return self.store.take(edition, RULES, keep=keep, dues=self.dues if tell else None)

    def reparse(self):
        self.store.reparse(RULES)

    def settle(self, run, decision):
        return self.store.settle_held(run, decision, RULES, at="2026-11-20T00:00:00Z", dues=self.dues)

    def send(self, now=NOW):
        """Deliver all there is to send; return what went to whom."""
        sent = []
        for batch in self.deliveries.messages_to_send(now):
            begun = self.deliveries.begin(batch, f"message-{batch.parts[0].row}", now)
            self.deliveries.delivered(begun, now)
            sent += [(begun.subscription, item) for item in begun.items]
        return sent

    def changes(self, **question):
        return self.answers.changes.find(ChangeFilter(editorial=True, **question))

    def standing(self):
        return [change for change in self.changes() if not change.withdrawn]

    def withdrawn(self):
        return [change for change in self.changes() if change.withdrawn]

    def rows(self, columns="*"):
        return [tuple(row.values()) for row in self.store.db.query(f"select {columns} from deliveries order by id")]

    def is_sound(self):
        """Say whether every reference leads somewhere; a search index that differs from its table raises."""
        db = self.store.db
        db.execute("insert into changes_search (changes_search, rank) values ('integrity-check', 1)")
        faults = [*db.execute("pragma foreign_key_check"), *db.execute("pragma integrity_check")]
        return [tuple(fault) for fault in faults] == [("ok",)]


@pytest.fixture
def register(tmp_path):
    register = Register(tmp_path)
    register.take(REGISTER, "2026-06-01")
    yield register
    register.store.close()


def later(*, end="2029-03-12", **fields):
    """Return the register after an edit on one page."""
    return REGISTER | {"university_of_harrowdale": with_project(HARROWDALE, end=end, **fields)}


# --- what becomes due -------------------------------------------------------------------------------------------------


def test_a_run_leaves_what_is_due_with_what_it_means(register):
    register.take(later(), "2026-07-01", kind="run")
    (change,) = register.changes()

    assert register.rows("subscription, item, run, due_at, state, message, attempts") == [
        ("charity", change.id, 2, "2026-11-20T08:00:00Z", "due", None, 0)
    ]


def test_nobody_is_told_of_an_edition_taken_without_dues_or_of_a_reparse(register):
    register.take(later(), "2026-07-01", tell=False)
    register.reparse()

    assert register.rows() == []


def test_a_run_that_is_not_kept_leaves_nothing_due(register):
    outcome = register.take(later(), "2026-07-01", kind="run", keep=False)

    assert len(outcome.decision.changes) == 1
    assert (register.rows(), register.asked) == ([], [1])


def test_a_run_whose_dues_cannot_be_said_leaves_nothing_at_all(register):
    register.dues = lambda _run: 1 / 0
    before = register.watch.everything()

    with pytest.raises(ZeroDivisionError):
        register.take(later(), "2026-07-01", kind="run")
    assert register.watch.everything() == before


def test_an_edition_that_was_known_is_told_to_nobody(register):
    register.take(later(), "2026-07-01", tell=False)

    assert register.take(later(), "2026-07-01").known
    assert register.rows() == []


def test_an_edition_that_is_extended_tells_what_it_did_not_tell_before(register):
    pages = later() | {"wexcombe_city_council": with_project(WEXCOMBE, sublicensing="Yes")}
    first = {"university_of_harrowdale": pages.pop("university_of_harrowdale")}
    register.take(first, "2026-07-01", complete=False)
    told = register.send()
    register.take(pages, "2026-07-01")

    assert [register.answers.changes.find(ChangeFilter())[0].kind] == ["sublicensing-changed"]
    assert len(told) == len(register.send()) == 1
    assert len(register.rows()) == 2


NORTHAM = Page("NHS Northam ICB", many(40))
HALVED = {"nhs_northam_icb": replace(NORTHAM, projects=many(20))}


@pytest.fixture
def held(tmp_path):
    register = Register(tmp_path)
    register.take({"nhs_northam_icb": NORTHAM}, "2026-06-01")
    assert register.take(HALVED, "2026-07-01", kind="run").decision.held
    yield register
    register.store.close()


def test_a_held_run_is_told_at_its_release_and_not_before(held):
    assert (held.rows(), held.asked) == ([], [1])
    held.settle(2, "released")

    assert held.asked == [1, 2]
    assert len(held.send()) == 20
    assert {run for (run,) in held.rows("run")} == {2}


def test_a_discarded_run_and_a_superseded_one_are_told_to_nobody(held):
    held.take({"nhs_northam_icb": NORTHAM}, "2026-08-01")
    held.take(HALVED, "2026-09-01")
    held.settle(4, "discarded")

    assert held.rows() == []


def test_what_was_told_once_is_never_due_again(register):
    due = OutboxItem(subscription="charity", item="end:DARS-NIC-1:2026-12:30", due_at=NOW, note={"days": 30})

    assert register.deliveries.add(1, [due, due]) == 1
    register.send()
    before = register.rows()
    assert register.deliveries.add(1, [due, replace(due, due_at=NOW + DAY)]) == 0
    assert register.rows() == before
    assert register.deliveries.add(None, [replace(due, subscription="newspaper")]) == 1


# --- messages ---------------------------------------------------------------------------------------------------------


def note(subscription, item, due_at=NOW):
    return OutboxItem(subscription=subscription, item=item, due_at=due_at, note={"says": item})


@pytest.fixture
def waiting(register):
    register.deliveries.add(1, [note("newspaper", "a"), note("charity", "b"), note("charity", "c", NOW - HOUR)])
    register.deliveries.add(1, [note("charity", "d", NOW + HOUR)])
    return register.deliveries


def outline(batches):
    return [(batch.subscription, batch.message, batch.items, batch.attempts) for batch in batches]


def test_what_is_due_is_one_message_for_each_subscription(waiting):
    batches = list(waiting.messages_to_send(NOW))

    assert outline(batches) == [("charity", None, ("c", "b"), 0), ("newspaper", None, ("a",), 0)]
    assert [(part.note, part.run) for part in batches[0].parts] == [({"says": "c"}, 1), ({"says": "b"}, 1)]


def told_ids(deliveries, subscription=None):
    """Return what was put into a message: to anybody, or to one subscription."""
    sql = "select item from deliveries where message is not null and subscription = coalesce(?, subscription)"
    return {item for (item,) in deliveries._db.execute(sql, [subscription])}


def test_a_message_that_was_taken_is_not_sent_again(waiting, register):
    register.send()

    assert outline(waiting.messages_to_send(NOW + HOUR)) == [("charity", None, ("d",), 0)]
    assert told_ids(waiting) == {"a", "b", "c"}
    assert told_ids(waiting, "newspaper") == {"a"}


def test_a_message_that_failed_keeps_its_rows_and_id_and_newer_rows_make_another(waiting):
    begun = waiting.begin(next(waiting.messages_to_send(NOW)), "m1", NOW)
    assert not waiting.failed(begun, NOW, "no answer")

    assert [one.subscription for one in waiting.messages_to_send(NOW + 4 * MINUTE)] == ["newspaper"]
    again, new, _ = waiting.messages_to_send(NOW + HOUR)
    assert outline([again, new]) == [("charity", "m1", ("c", "b"), 1), ("charity", None, ("d",), 0)]
    second = waiting.begin(again, "another", NOW + HOUR)
    assert (second.message, second.attempts, second.first_attempt_at) == ("m1", 2, NOW)


def test_a_message_is_begun_by_one_process_only(waiting):
    batch = next(waiting.messages_to_send(NOW))

    assert waiting.begin(batch, "m1", NOW)
    assert waiting.begin(batch, "m2", NOW) is None
    (row,) = waiting._db.query("select distinct message, attempts from deliveries where message is not null")
    assert row == {"message": "m1", "attempts": 1}


BEGIN_AND_DIE = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from snapshots.keeping.store import open_store
now = datetime.fromisoformat(sys.argv[2])
store = open_store(Path(sys.argv[1]))
batch = next(store.deliveries.messages_to_send(now))
store.deliveries.begin(batch, "m1", now)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_was_sending_is_sent_again_under_the_same_id(waiting, register):
    command = [sys.executable, "-c", BEGIN_AND_DIE, str(register.store.path), NOW.isoformat()]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=60)
    soon = waiting.messages_to_send(NOW + MINUTE)
    again = next(waiting.messages_to_send(NOW + 5 * MINUTE))

    assert (done.returncode, done.stderr) == (-9, "")
    assert [one.subscription for one in soon] == ["newspaper"]
    assert outline([again]) == [("charity", "m1", ("c", "b"), 1)]
    begun = waiting.begin(again, "m1", NOW + 5 * MINUTE)
    waiting.delivered(begun, NOW + 5 * MINUTE)
    assert told_ids(waiting, "charity") == {"b", "c"}


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 320), (8, 360), (9, 360), (500, 360)],
)
def test_each_wait_is_twice_the_one_before_up_to_six_hours(attempts, minutes):
    assert wait_after(attempts) == minutes * MINUTE


@pytest.mark.parametrize(
    ("attempts", "since_first", "again_in"),
    [(1, 0 * DAY, 5 * MINUTE), (9, 3 * DAY, 6 * HOUR), (30, 7 * DAY - MINUTE, 6 * HOUR), (31, 7 * DAY, None)],
)
def test_a_week_after_the_first_attempt_a_message_is_given_up(attempts, since_first, again_in):
    assert next_attempt(attempts, NOW - since_first, NOW) == (None if again_in is None else NOW + again_in)


def test_a_server_that_is_down_for_a_week_has_its_message_given_up(waiting):
    now, tries, given_up = NOW, 0, False
    while not given_up:
        (batch,) = (one for one in waiting.messages_to_send(now) if one.subscription == "newspaper")
        given_up = waiting.failed(waiting.begin(batch, "m1", now), now, "no answer")
        tries, now = tries + 1, now + (wait_after(tries + 1) if not given_up else 30 * DAY)

    assert 30 < tries < 40
    assert all(one.subscription != "newspaper" for one in waiting.messages_to_send(now))
    assert told_ids(waiting, "newspaper") == {"a"}


def test_what_waits_for_a_subscription_that_is_named_no_longer_is_given_up_after_a_week(waiting):
    assert waiting.give_up_orphans({"newspaper"}, NOW + 7 * DAY - HOUR) == {"charity": 1}
    assert waiting.give_up_orphans({"newspaper"}, NOW + 8 * DAY) == {"charity": 2}
    assert waiting.give_up_orphans({"newspaper"}, NOW + 9 * DAY) == {}
    assert [one.subscription for one in waiting.messages_to_send(NOW + 9 * DAY)] == ["newspaper"]
    assert told_ids(waiting) == set()


# --- what status knows ------------------------------------------------------------------------------------------------


def test_status_knows_what_waits_and_why(waiting):
    begun = waiting.begin(next(waiting.messages_to_send(NOW)), "m1", NOW)
    waiting.failed(begun, NOW, "no answer")

    newspaper = Waiting(
        subscription="newspaper", messages=1, items=1, since="2026-11-20T08:00:00Z", attempts=0, failure=None,
        given_up=False, late=False,
    )  # fmt: skip
    charity = Waiting(
        subscription="charity", messages=1, items=2, since="2026-11-20T07:00:00Z", attempts=1, failure="no answer",
        given_up=False, late=False,
    )  # fmt: skip
    assert waiting.waiting(NOW) == [charity, newspaper]
    assert waiting.waiting(NOW + DAY) == [replace(charity, messages=2, items=3, late=True), newspaper]


def test_what_was_given_up_is_told_until_a_later_message_is_taken(waiting, register):
    batch = list(waiting.messages_to_send(NOW))[1]
    begun = waiting.begin(batch, "m1", NOW)
    waiting.add(1, [note("newspaper", "taken while the other was tried", NOW)])
    register.send(NOW)
    waiting.failed(begun, NOW + 7 * DAY, "mailbox unknown")
    (told,) = (one for one in waiting.waiting(NOW + 8 * DAY) if one.subscription == "newspaper")
    waiting.add(1, [note("newspaper", "e", NOW + 8 * DAY)])
    register.send(NOW + 8 * DAY)

    assert (told.given_up, told.messages, told.failure) == (True, 1, "mailbox unknown")
    assert waiting.waiting(NOW + 9 * DAY) == []


def test_nobody_has_to_care_for_what_a_removed_subscription_was_not_told(waiting):
    waiting.give_up_orphans(set(), NOW + 30 * DAY)

    assert waiting.waiting(NOW + 30 * DAY) == []


def test_the_command_status_tells_what_is_undelivered(register):
    assert json.loads(register.watch.run("status", "--format", "json").stdout)[0]["undelivered"] == []
    assert "Undelivered none" in register.watch.run("status").stdout
    # Of a time that has been for certain, whatever this machine's clock says.
    register.deliveries.add(1, [note("charity", "a", datetime(2020, 1, 1, tzinfo=UTC))])
    result = register.watch.run("status")

    assert result.exit_code == 3
    assert "1 message to charity has waited since" in " ".join(result.stdout.split())


# --- changes that were told stay --------------------------------------------------------------------------------------


BETWEEN = "2026-06-15"


def test_after_a_delivery_a_reparse_tells_nobody_and_changes_nothing(register):
    register.take(later(), "2026-07-01", kind="run")
    register.send()
    before = register.watch.history(), register.rows()
    register.reparse()

    assert (register.watch.history(), register.rows()) == before
    assert register.send(NOW + DAY) == []


def test_a_told_change_that_an_edition_put_before_shows_earlier_keeps_its_id(register):
    register.take(later(), "2026-07-01", kind="run")
    ((_, item),) = register.send()
    register.take(later(), BETWEEN, tell=False)

    assert [(c.id, c.first_seen[:10], c.withdrawn) for c in register.changes()] == [(item, BETWEEN, False)]
    assert register.send(NOW + DAY) == []


def test_a_told_change_that_is_no_longer_found_stays_withdrawn(register):
    register.take(later(), "2026-07-01", kind="run")
    (told,) = register.changes()
    register.send()
    register.take(later(end="2027-03-12"), BETWEEN, tell=False)

    assert register.withdrawn() == [replace(told, withdrawn=True)]
    assert [(c.before, c.after) for c in register.standing()] == [
        ("2027-03-12", "2029-03-12"), ("2026-03-12", "2027-03-12"),
    ]  # fmt: skip
    shown = register.answers.agreements.show("DARS-NIC-204517-H6M2P", None)["changes"]
    assert [change.withdrawn for change in shown if change.id == told.id] == [True]
    assert register.send(NOW + DAY) == []
    assert register.is_sound()
    assert register.answers.runs.status(NOW)["changes"] == 2
    assert told.id not in register.answers.changes.ids()
    found = register.store.db.query("select summary from changes_search where changes_search match '\"2026-03-12\"'")
    assert told.summary in {row["summary"] for row in found}


def test_a_withdrawn_change_outlives_reparses_backfills_releases_and_discards(register):
    register.take(later(), "2026-07-01", kind="run")
    register.send()
    register.take(later(end="2027-03-12"), BETWEEN, tell=False)
    (withdrawn,) = register.withdrawn()
    register.reparse()
    register.reparse()
    register.take(REGISTER, "2026-05-01", tell=False)
    register.take(REGISTER | {"nhs_northam_icb": NORTHAM}, "2026-08-01", tell=False)
    register.take(HALVED, "2026-09-01", tell=False, complete=False)
    register.settle(6, "discarded")
    register.take(HALVED, "2026-10-01", tell=False, complete=False)
    register.settle(7, "released")

    assert register.withdrawn() == [withdrawn]
    assert register.is_sound()


def discard(register, run):
    """Have the history derived again as if *run* had never been believed."""
    register.store.db.execute("update runs set decision = 'discarded' where id = :run", {"run": run})
    register.reparse()


def believe(register, run):
    register.store.db.execute("update runs set decision = null where id = :run", {"run": run})
    register.reparse()


def test_a_withdrawn_change_that_is_found_again_is_as_it_was_and_told_to_nobody(register):
    register.take(later(), "2026-07-01", kind="run")
    register.send()
    before = register.watch.history()
    discard(register, 2)
    assert (register.standing(), len(register.withdrawn())) == ([], 1)
    believe(register, 2)

    assert register.watch.history() == before
    assert register.send(NOW + DAY) == []


def test_a_withdrawn_change_that_a_run_finds_again_stands_and_is_not_told_twice(register):
    register.take(later(), "2026-07-01", kind="run")
    (told,) = register.changes()
    register.send()
    discard(register, 2)
    register.take(later(), "2026-08-01", kind="run")

    again = replace(told, first_seen="2026-08-01T00:00:00Z", run=3)
    assert (register.changes(), register.send(NOW + DAY)) == ([again], [])
    before = register.watch.history()
    register.reparse()
    assert register.watch.history() == before
    assert register.is_sound()


def test_the_changes_of_a_run_are_those_that_are_found_in_it(register):
    register.take(later(), "2026-07-01", kind="run")
    register.send()
    register.take(later(end="2027-03-12"), BETWEEN, tell=False)

    assert [(c.before, c.after) for c in register.changes(run=2)] == [("2027-03-12", "2029-03-12")]


def test_the_prose_of_a_withdrawn_change_stays(register):
    register.take(later(end="2026-03-12", objectives="To count."), "2026-07-01", kind="run")
    register.send()
    register.take(later(end="2026-03-12", objectives="To weigh."), BETWEEN, tell=False)
    (withdrawn,) = register.withdrawn()

    assert (withdrawn.before, withdrawn.after) == (
        "To learn why admissions rise after the first cold week.", "To count.",
    )  # fmt: skip
    assert withdrawn.snapshot_after in {row["sha256"] for row in register.store.db.query("select * from bodies")}


def test_an_attempt_counts_as_told_and_what_is_only_due_does_not(tmp_path):
    register = Register(tmp_path, "charity", "newspaper")
    register.take(REGISTER, "2026-06-01")
    register.take(later(), "2026-07-01", kind="run")
    charity, _ = register.deliveries.messages_to_send(NOW)
    register.deliveries.begin(charity, "m1", NOW)
    register.take(later(end="2027-03-12"), BETWEEN, tell=False)

    assert len(register.withdrawn()) == 1
    assert register.rows("subscription, state") == [("charity", "attempted")]
    register.store.close()


def test_a_change_that_nobody_was_told_of_goes_with_what_is_due(register):
    register.take(later(), "2026-07-01", kind="run")
    register.deliveries.add(2, [note("charity", "end:x"), note("operator", "held:2")])
    register.take(later(end="2027-03-12"), BETWEEN, tell=False)

    assert (register.withdrawn(), register.rows("item")) == ([], [("end:x",), ("held:2",)])


def test_a_withdrawn_reference_no_longer_joins_two_histories(tmp_path):
    old = {"university_of_harrowdale": with_project(HARROWDALE, reference="NIC-204517-H6M2P")}
    other = Register(tmp_path)
    other.take(REGISTER | old, "2026-06-01")
    other.take(REGISTER, "2026-07-01", kind="run")
    other.send()
    discard(other, 2)

    assert [change.kind for change in other.withdrawn()] == ["reference-changed"]
    assert other.answers.names.references("NIC-204517-H6M2P") == ["NIC-204517-H6M2P"]
    other.store.close()


# --- groups -----------------------------------------------------------------------------------------------------------


def northam(number=30, **fields):
    others = {"nhs_southam_icb": Page("NHS Southam ICB", many(100, first=100)), "nhs_eastmere_icb": EASTMERE}
    return {"nhs_northam_icb": Page("NHS Northam ICB", many(number, **fields)), **others}


@pytest.fixture
def grouped(tmp_path):
    (tmp_path / "grouped").mkdir()
    register = Register(tmp_path / "grouped")
    register.take(northam(), "2026-06-01")
    register.take(northam(end="2029-03-12"), "2026-07-01", kind="run")
    (group,) = register.changes()
    assert group.agreements == 30
    yield register
    register.store.close()


def members(register, group):
    return sorted(member.reference for member in register.changes(group=group))


def test_a_told_group_that_is_no_longer_found_stays_with_its_members(grouped):
    ((_, group),) = grouped.send()
    before = members(grouped, group)
    grouped.take(northam(end="2027-03-12"), BETWEEN, tell=False)

    assert [change.id for change in grouped.withdrawn()] == [group]
    assert all(member.withdrawn for member in grouped.changes(group=group))
    assert (members(grouped, group), grouped.withdrawn()[0].agreements) == (before, 30)
    assert grouped.is_sound()
    grouped.reparse()
    assert members(grouped, group) == before
    assert grouped.send(NOW + DAY) == []


def test_a_told_group_whose_members_are_another_days_group_names_them_still(grouped):
    ((_, group),) = grouped.send()
    before = members(grouped, group)
    grouped.take(northam(end="2029-03-12"), BETWEEN)  # told, if it were news

    assert [change.id for change in grouped.withdrawn()] == [group]
    (other,) = grouped.standing()
    assert members(grouped, group) == members(grouped, other.id) == before
    assert not any(member.withdrawn for member in grouped.changes(group=group))
    assert grouped.send(NOW + DAY) == []
    found = grouped.answers.changes.find(ChangeFilter(references=["DARS-NIC-500003-Q2W3E"]))
    assert {change.id for change in found} == {group, other.id}


def test_a_due_group_that_is_another_days_now_is_due_as_that(grouped):
    before = grouped.rows("item")
    grouped.take(northam(end="2029-03-12"), BETWEEN, tell=False)
    (group,) = grouped.standing()

    assert before != grouped.rows("item") == [(group.id,)]
    assert grouped.rows("run, due_at") == [(2, "2026-11-20T08:00:00Z")]


def test_members_that_were_told_in_a_group_are_not_told_by_themselves(grouped):
    ((_, group),) = grouped.send()
    # Of thirty agreements ten had it before: the other twenty are too few for a group.
    some = many(10, end="2029-03-12") + many(20, first=10)
    pages = northam() | {"nhs_northam_icb": Page("NHS Northam ICB", some)}
    grouped.take(pages, BETWEEN)
    assert len(grouped.standing()) == 30
    grouped.deliveries.add(2, grouped.dues(Outcome(run=2)))

    assert grouped.send(NOW + DAY) == []
    assert len(members(grouped, group)) == 30
    grouped.reparse()
    assert (len(grouped.standing()), len(members(grouped, group))) == (30, 30)


def test_a_change_told_by_itself_that_came_into_an_untold_group_stays_by_itself(grouped):
    # Told of one member alone, as a subscription that follows one organisation might be.
    member = grouped.changes(group=grouped.changes()[0].id)[0].id
    grouped.store.db.execute("delete from deliveries")
    grouped.deliveries.add(2, [OutboxItem(subscription="charity", item=member, due_at=NOW)])
    grouped.send()
    grouped.take(northam(end="2027-03-12"), BETWEEN, tell=False)

    assert [change.id for change in grouped.withdrawn()] == [member]
    assert grouped.is_sound()


def test_a_told_group_found_again_counts_the_members_it_has_now(grouped):
    grouped.send()
    before = grouped.watch.history()
    discard(grouped, 2)
    assert grouped.standing() == []
    believe(grouped, 2)

    assert grouped.watch.history() == before
    assert grouped.is_sound()


def test_a_told_group_that_is_found_smaller_counts_who_is_left_and_names_all(grouped):
    ((_, group),) = grouped.send()
    before = members(grouped, group)
    some = many(3, end="2027-03-12") + many(27, first=3)
    grouped.take(northam() | {"nhs_northam_icb": Page("NHS Northam ICB", some)}, BETWEEN, tell=False)
    (found,) = (change for change in grouped.standing() if change.group)

    assert (found.id, found.agreements) == (group, 27)
    assert members(grouped, group) == before
    assert sum(member.withdrawn for member in grouped.changes(group=group)) == 3
    assert grouped.send(NOW + DAY) == []


# --- whatever the order -----------------------------------------------------------------------------------------------

STATES = [
    northam(),
    northam(end="2027-03-12"),
    northam(end="2029-03-12"),
    northam(28, end="2029-03-12"),
    northam() | {"nhs_northam_icb": Page("NHS Northam ICB", many(10, end="2029-03-12") + many(20, first=10))},
    northam() | {"nhs_eastmere_icb": with_project(EASTMERE, objectives="To count.", sublicensing="Yes")},
]
STEPS = st.tuples(st.integers(1, 28), st.sampled_from(range(len(STATES))), st.booleans(), st.booleans())


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=2, max_size=6, unique_by=lambda step: step[0]))
def test_whatever_order_editions_come_in_nobody_is_told_an_item_twice_and_links_last(steps):
    with tempfile.TemporaryDirectory() as folder:
        register = Register(Path(folder), "charity", "newspaper")
        told = []
        for day, state, tell, send in steps:
            register.take(STATES[state], f"2026-03-{day:02d}", tell=tell)
            told += register.send() if send else []
        register.reparse()
        told += register.send()
        everything = register.watch.history()["changes"]
        register.reparse()

        assert len(told) == len(set(told))
        assert {item for _, item in told} <= {change["id"] for change in everything}
        assert register.watch.history()["changes"] == everything
        assert register.send(NOW + DAY) == []
        assert register.is_sound()
        register.store.close()
