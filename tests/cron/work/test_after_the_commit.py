"""What a database that is full refuses once a run is committed: said in a line, put right by the next run."""

import re
from contextlib import closing
from datetime import UTC, datetime
from functools import partial

import pytest

from cron.commands.run import _deliver_between
from cron.settings.load import load_settings
from cron.work.context import Context
from tests.cron.commands.test_notify import NEWS, House
from tests.harness.editions import REGISTER
from tests.harness.nights import FULL
from tests.harness.office import ALL

HARROW, *_ = REGISTER


class FullHouse(House):
    """A register with news tonight, somebody who follows it, and a database that refuses some of what is written."""

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


def told(result):
    """Return what a run says of whom it told, and the one line that it complains in."""
    (line,) = result.stderr.splitlines()
    (said,) = re.findall(r"^Told +(.+)$", result.stdout, re.MULTILINE)
    return said, line.removeprefix("registerwatch: ")


def test_a_message_that_was_taken_and_could_not_be_noted_is_told_as_that(house):
    house.refuse("update on deliveries when new.state = 'delivered'")
    result = house.night()
    letters = house.outbox()

    assert (result.exit_code, [*letters]) == (3, ["all@example.org"])
    assert told(result) == (
        "1 message, delivered",
        f"message to all: taken, and that could not be noted ({FULL}); it is sent again under the same Message-ID; the "
        "run is kept, and what is due is delivered by the next one, or by registerwatch notify",
    )
    house.make_room()
    house.rewind(hours=1)
    assert house.night().exit_code == 0
    assert (house.outbox().keys(), house.states()) == (letters.keys(), {"delivered": 1})


def test_a_later_delivery_that_could_not_be_noted_is_done_and_needs_a_person(house):
    house.refuse("update on deliveries when new.state = 'delivered'")
    house.night()
    house.rewind(hours=1)
    result = house.run("notify")

    assert (result.exit_code, result.stdout) == (3, "1 message, delivered.\n")
    (line,) = result.stderr.splitlines()
    assert "message to all: taken, and that could not be noted" in line
    house.make_room()
    house.rewind(hours=1)
    assert house.run("notify").exit_code == 0


def test_a_later_delivery_that_sent_nothing_has_failed(house):
    house.refuse("update on deliveries")
    house.night()
    result = house.run("notify")

    assert (result.exit_code, result.stdout, house.outbox()) == (1, "", {})
    (line,) = result.stderr.splitlines()
    assert FULL in line


def test_a_schedule_says_of_a_later_delivery_what_was_sent(house, caplog, capsys):
    house.refuse("update on deliveries when new.state = 'delivered'")
    house.night()
    house.rewind(hours=1)
    with closing(Context(partial(load_settings, house.config, {"store.database": house.database}))) as context:
        _deliver_between(context)

    assert "could not be noted" in capsys.readouterr().err
    assert "nothing could be delivered" not in caplog.text


def test_readers_who_were_told_before_the_operator_could_not_be_are_told_of(house):
    house.tells(ALL, mail='[mail]\noperator = "ops@example.org"')
    house.refuse("insert on deliveries when new.subscription = 'operator'")
    result = house.night()

    assert (result.exit_code, [*house.outbox()]) == (3, ["all@example.org"])
    said, line = told(result)
    assert (said, FULL in line) == ("1 message, delivered", True)
    house.make_room()
    assert house.night().exit_code == 0
    assert sorted(house.outbox()) == ["all@example.org", "ops@example.org"]


@pytest.mark.parametrize("directory", ["public", ""])
def test_feeds_that_are_written_are_not_told_as_unwritten(house, directory):
    house.has_failed("feeds_failed")
    house.refuse("delete on feeds_failed")
    house.add_settings(f'[feeds]\ndirectory = "{directory}"')
    result = house.night()

    assert (result.exit_code, [*house.outbox()]) == (3, ["all@example.org"])
    done = "the feeds are written" if directory else "no feeds are to be written any more"
    assert told(result) == (
        "1 message, delivered",
        f"{done}, and that could not be noted ({FULL}); the next run notes it",
    )
    assert "have not been written" not in result.stdout
    house.make_room()
    assert house.night().exit_code == 0
    assert house.status()["feeds_failed"] is None
