"""The checksum of what feeds and calendars tell: another one where any of it is new, and the same where nothing is."""

import sqlite3
from contextlib import closing, contextmanager

import pytest

from cron.work.crawl import addresses_of
from scraper.names.vocabulary import default_vocabulary
from snapshots.asking.agreements import read_terms
from snapshots.asking.answers import Answers
from snapshots.asking.changes import ChangeFilter
from snapshots.asking.checksum import checksum_of_told
from snapshots.asking.names import read_known
from snapshots.asking.official import OfficialRegister
from snapshots.keeping.bodies import Bodies
from snapshots.keeping.database import open_database
from snapshots.keeping.runlog import RunLog
from snapshots.sql.rows import Database
from tests.harness.editions import REGISTER, Watch, with_project

HARROWDALE = "university_of_harrowdale"

IMPLIED = {
    # A text is what its checksum says, and the order of runs is that of their captures.
    ("texts", "text"),
    ("runs", "register"),
    ("captures", "captured_at"),
    ("json_each", "value"),
    ("sqlite_master", "ROWID"),
}
"""Columns that are read and need not be in it."""


@pytest.fixture
def watch(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-10-01")
    return watch


@contextmanager
def columns_read(db):
    """Give a set that is filled with (table, column) of all that is asked of *db*."""
    read = set()

    def note(action, table, column, *_):
        if action == sqlite3.SQLITE_READ:
            read.add((table, column))
        return sqlite3.SQLITE_OK

    db.conn.set_authorizer(note)
    try:
        yield read
    finally:
        db.conn.set_authorizer(None)


def test_all_that_is_read_to_draw_feeds_and_calendars_is_in_it(watch):
    with closing(open_database(watch.database).conn) as conn:
        db = Database(conn)
        with columns_read(db) as summed:
            checksum_of_told(db)
        with columns_read(db) as drawn:
            read_known(db)
            read_terms(db)
            Answers(db, default_vocabulary()).changes.find(ChangeFilter())
            OfficialRegister(db).every()
            addresses_of(RunLog(db, Bodies(db)), "https://register.example/", REGISTER)

    assert len(drawn) > 40
    assert drawn - summed - IMPLIED == set()


def test_another_night_with_nothing_new_is_the_same_and_any_change_is_not(watch):
    def checksum():
        with closing(open_database(watch.database).conn) as conn:
            return checksum_of_told(Database(conn))

    first = checksum()
    watch.take(REGISTER, "2026-10-02")
    assert checksum() == first

    watch.take(REGISTER | {HARROWDALE: with_project(REGISTER[HARROWDALE], end="2029-03-12")}, "2026-10-03")
    assert checksum() != first
