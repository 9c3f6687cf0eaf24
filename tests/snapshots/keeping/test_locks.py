"""Other programs come and go at a file that one of ours has open: it goes on, and nothing is taken from under it."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from snapshots.keeping.database import open_database
from snapshots.people.keys import Keys, new_key
from snapshots.people.people import open_people

LOOK = """
import contextlib, sqlite3, sys
with contextlib.closing(sqlite3.connect(sys.argv[1])) as db:
    db.execute("select count(*) from sqlite_master").fetchone()
"""


def look_from_outside(path):
    """Open the file in a process of its own and close it again, as any tool of SQLite does."""
    subprocess.run([sys.executable, "-c", LOOK, path], check=True, timeout=60)


def history(path):
    return open_database(path).conn


def people(path):
    return open_people(path, Keys([new_key()]))._db.conn


@pytest.mark.parametrize("opened", [history, people])
def test_what_is_open_twice_here_is_not_taken_for_closed_when_one_of_them_is(opened, tmp_path):
    path = tmp_path / "kept.db"
    with closing(opened(path)) as first:
        first.execute("create table written (n integer)")
        # SQLite's locks are those of a process: a handle of the file that is closed beside it would end them all.
        opened(path).close()
        look_from_outside(path)

        assert os.path.exists(f"{path}-shm")
        first.execute("insert into written values (1)")

    with closing(sqlite3.connect(path)) as after:
        assert after.execute("select count(*) from written").fetchone() == (1,)


@pytest.mark.parametrize("opened", [history, people])
def test_an_empty_file_is_made_for_its_owner_before_anything_is_in_it(opened, tmp_path):
    path = tmp_path / "kept.db"
    opened(path).close()

    assert path.stat().st_mode & 0o007 == 0
