"""Answers are kept until the database or the minute is another, and are what would be made anew."""

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.names.vocabulary import default_vocabulary
from snapshots.browse.app.kept import KeptStates, KeptStore, written_at
from snapshots.browse.app.request import NotThereError, reading
from tests.harness.browse_server import copy_of, serving

PAGES = [
    "/", "/?severity=high", "/datasets", "/red-flags", "/status", "/questions/high-severity", "/red-flags.csv",
    "/changes.atom", "/search?q=stroke", "/register/changes", "/register/changes.json?_shape=array&_size=1",
]  # fmt: skip


class Site:
    """A server of a copy of the register that counts the pages it makes; its clock stands still."""

    def __init__(self, database):
        self.database, self.made, self.now = database, 0, datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def due(self, _last, _now):
        self.made += 1
        return {}

    def rests(self):
        """Let the files be as old as they are in the morning after a run."""
        for name in ("copy.db", "copy.db-wal"):
            if (file := self.database.with_name(name)).exists():
                os.utime(file, (1_000_000_000, 1_000_000_000))

    def write(self, sql):
        with closing(sqlite3.connect(self.database)) as db, db:
            db.execute(sql)


@pytest.fixture
def site(register, tmp_path):
    site = Site(copy_of(register, tmp_path))
    with (
        closing(sqlite3.connect(site.database)) as held,  # so that its files stay while nobody asks
        serving(site.database, due=site.due, clock=lambda: site.now) as site.served,
    ):
        held.execute("select 1 from runs").fetchone()
        site.served.page("/about")
        site.rests()
        yield site


@contextmanager
def made_anew(site):
    with serving(site.database, due=site.due, clock=lambda: site.now) as anew:
        yield anew


@pytest.mark.parametrize("address", PAGES)
def test_what_is_kept_is_what_was_made(site, address):
    first = site.served.get(address)
    made = site.made
    again = site.served.get(address)

    # Between the two a second may end, which the server says in their date.
    assert (again.status, again.body) == (first.status, first.body)
    assert {**again.headers, "date": ""} == {**first.headers, "date": ""}
    assert site.made == made


@pytest.mark.parametrize("address", PAGES)
def test_who_has_an_answer_is_told_so_without_its_being_made(site, address):
    tag = site.served.get(address).headers["etag"]
    made = site.made
    answer = site.served.get(address, if_none_match=tag)

    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
    assert site.made == made


@pytest.mark.parametrize("address", PAGES)
def test_who_asks_for_the_head_alone_gets_no_body(site, address):
    whole = site.served.get(address)
    head = site.served.get(address, method="HEAD")

    assert head.body == b""
    assert (head.status, head.headers["content-type"]) == (200, whole.headers["content-type"])


def test_a_head_that_came_first_is_not_taken_for_the_page(site):
    for address in PAGES:
        site.served.get(address, method="HEAD")
        assert site.served.page(address).body


@pytest.mark.parametrize("address", ["/organisations", "/", "/expiring.csv?days=365", "/register/pages.csv"])
def test_after_the_database_was_written_to_everything_is_made_anew(site, address):
    slug = "select key from pages where standing order by agreements desc limit 1"
    site.served.page(address)
    site.write(f"update pages set organisation = 'Renamed Overnight' where key = ({slug})")

    after = site.served.page(address)

    with made_anew(site) as anew:
        assert after.body == anew.page(address).body
    assert address in ("/", "/expiring.csv?days=365") or "Renamed Overnight" in after.text


def test_a_minute_later_our_pages_are_made_anew_for_a_run_may_be_overdue(site):
    site.served.page("/")
    made = site.made
    site.now += timedelta(minutes=1)
    site.served.page("/")

    assert site.made == made + 1


def test_what_was_written_this_moment_is_not_kept_by_its_time(site, monkeypatch):
    # The clock of a file system stands still for some milliseconds: two changes may have one time.
    assert written_at(site.database)
    site.write("update pages set organisation = 'x' where 0")
    os.utime(site.database)
    written_ns = site.database.stat().st_mtime_ns

    monkeypatch.setattr("snapshots.browse.app.kept.time", SimpleNamespace(time_ns=lambda: written_ns + 90_000_000))
    assert written_at(site.database) is None
    monkeypatch.setattr("snapshots.browse.app.kept.time", SimpleNamespace(time_ns=lambda: written_ns + 110_000_000))
    assert written_at(site.database)


@pytest.mark.parametrize("address", ["/changes/0000", "/nowhere", "/?since=never", "/register/nothing"])
def test_what_went_wrong_is_not_kept_as_an_answer(site, address):
    first, again = site.served.get(address), site.served.get(address)

    assert first.status >= 400
    assert again.status == first.status


def test_a_file_for_a_browser_has_the_mark_that_a_spreadsheet_needs_and_one_for_a_program_has_none(site):
    asked = [site.served.get("/red-flags.csv", accept=accept).body[:3] for accept in ("text/html", "*/*") * 2]

    assert asked[0] == asked[2] == b"\xef\xbb\xbf"
    assert asked[1] == asked[3] != asked[0]


def test_what_was_changed_is_told_by_the_time_too(site):
    since = site.served.page("/changes.atom").headers["last-modified"]

    assert site.served.get("/changes.atom", if_modified_since=since).status == 304
    assert site.served.get("/changes.atom", if_modified_since="Sat, 01 Jan 2000 00:00:00 GMT").status == 200


# --- room -------------------------------------------------------------------------------------------------------------

sizes = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=40)


@given(sizes)
def test_no_more_is_kept_than_there_is_room_for_and_the_last_asked_for_stays(given_sizes):
    kept, held = KeptStore(40), {}
    for key, size in given_sizes:
        kept.keep(key, str(key), size)
        held.setdefault(key, size)
        assert kept.get(key) == str(key)
        held = {one: held[one] for one in held if kept.get(one)}
        kept.get(key)
        assert sum(held.values()) <= 40


def test_what_is_larger_than_all_room_is_not_kept():
    kept = KeptStore(10)
    kept.keep("a", "whole", 11)

    assert kept.get("a") is None


def test_another_state_has_nothing_of_the_one_before():
    state = ["monday"]
    states = KeptStates(lambda: state[0], 10)
    monday = states.now()
    monday.keep("page", "Monday’s", 1)
    state[0] = "tuesday"
    tuesday = states.now()
    monday.keep("late", "Monday’s", 1)  # by somebody who began before

    assert (states.now().get("page"), states.now().get("late")) == (None, None)
    assert states.now() is tuesday


def test_in_a_state_that_cannot_be_told_nothing_is_kept():
    states = KeptStates(lambda: None, 10)
    states.now().keep("page", "this moment’s", 1)

    assert states.now().get("page") is None


# --- connections ------------------------------------------------------------------------------------------------------


def is_open(conn):
    try:
        return bool(conn.execute("select 1").fetchone())
    except sqlite3.ProgrammingError:
        return False


def test_a_connection_is_lent_to_one_page_at_a_time_and_closed_with_its_state():
    state, conns = ["monday"], [sqlite3.connect(":memory:") for _ in range(2)]
    states = KeptStates(lambda: state[0], 10)
    monday = states.now()
    monday.take_back(conns[0])

    assert monday.lent() is conns[0]
    assert monday.lent() is None

    monday.take_back(conns[0])
    state[0] = "tuesday"
    states.now()
    monday.take_back(conns[1])  # by a page that began before

    assert not any(map(is_open, conns))


def test_while_the_database_is_written_no_connection_is_kept():
    conn = sqlite3.connect(":memory:")
    KeptStates(lambda: None, 10).now().take_back(conn)

    assert not is_open(conn)


def test_one_page_after_the_other_has_the_same_connection_and_what_went_wrong_has_none(register):
    kept = KeptStore(10)
    with reading(register, default_vocabulary(), kept=kept) as reader:
        first = reader.db.conn
    with suppress(NotThereError), reading(register, default_vocabulary(), kept=kept) as reader:
        assert reader.db.conn is first
        assert first.in_transaction
        raise NotThereError("There is none.")

    assert not is_open(first)
    assert kept.lent() is None
