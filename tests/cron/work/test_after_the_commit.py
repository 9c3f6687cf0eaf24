"""What a database that is full refuses once a run is committed: it is said in a line, and the next run puts it right."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from tests.cron.commands.test_notify import NEWS, House
from tests.harness.editions import REGISTER
from tests.harness.office import ALL

HARROW, *_ = REGISTER
FULL = "database or disk is full"


class FullHouse(House):
    """A register with news tonight, somebody who follows it, and a database that refuses some of what is written."""

    def execute(self, sql):
        with closing(sqlite3.connect(self.database, isolation_level=None)) as database:
            database.execute(sql)

    def refuse(self, write):
        """Refuse a write, as a full disk does: `delete on attempts`, say."""
        self.execute(f"create trigger refused before {write} begin select raise(abort, '{FULL}'); end")

    def make_room(self):
        self.execute("drop trigger refused")

    def has_failed(self, table):
        """Have *table* hold three failures from before tonight."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for _ in range(3):
            self.execute(f"insert into {table} (at, reason) values ('{now}', 'the disk is full')")


@pytest.fixture
def house(tmp_path, server):
    house = FullHouse(tmp_path, server)
    house.tells(ALL)
    house.quiet_night()
    server.site.pages[HARROW] = NEWS
    return house


def test_a_run_is_committed_with_the_end_of_those_that_failed_or_not_at_all(house):
    house.has_failed("attempts")
    house.refuse("delete on attempts")
    result = house.night()

    assert (result.exit_code, result.stdout, house.told(), house.outbox()) == (1, "", [], {})
    (line,) = result.stderr.splitlines()
    assert FULL in line
    house.make_room()
    result = house.night()
    assert (result.exit_code, result.stderr) == (0, "")
    assert "in a row" not in result.stdout
    assert house.status()["attempts"] is None
    assert [*house.outbox()] == ["all@example.org"]
