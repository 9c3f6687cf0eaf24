"""A database that refuses one of several workbooks: those before it are kept and told, the others are named."""

import sqlite3
from contextlib import closing

import pytest

from tests.harness.nights import FULL
from tests.harness.workbooks.story import months


@pytest.fixture
def editions():
    return list(months("full disk", 4, 6, agreements=12, files=2))


def refuse_edition(house, edition):
    house.refuse(f"insert on official_editions when new.month = '{edition.month}'")


def taken(house):
    with closing(sqlite3.connect(house.database)) as database:
        return [month for (month,) in database.execute("select month from official_editions order by month")]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def mails(house):
    return len(list((house.folder / "outbox").glob("*.eml")))


def test_a_command_of_several_says_which_it_did_not_take_and_tells_the_others(house, editions):
    paths = [edition.write(house.folder / "workbooks") for edition in editions[1:]]
    refuse_edition(house, editions[2])
    result = house.run("import-official", *paths, "--tell")
    (line,) = result.stderr.splitlines()

    assert result.exit_code == 3
    assert FULL in line
    assert str(house.database) in line
    assert line.endswith(f"; not taken: {paths[1].name}, {paths[2].name}")
    assert f"official register of {editions[1].month}" in result.stdout
    assert taken(house) == [str(edition.month) for edition in editions[:2]]
    assert mails(house) == 1
    house.make_room()
    assert house.run("import-official", *paths, "--tell").exit_code == 0
    assert taken(house) == [str(edition.month) for edition in editions]


def test_a_command_that_took_none_has_failed(house, editions):
    paths = [edition.write(house.folder / "workbooks") for edition in editions[1:]]
    refuse_edition(house, editions[1])
    result = house.run("import-official", *paths)
    (line,) = result.stderr.splitlines()

    assert (result.exit_code, result.stdout, FULL in line) == (1, "", True)


def test_a_night_leaves_in_the_inbox_what_was_not_taken_and_goes_on(house, editions):
    paths = [edition.write(house.folder / "inbox") for edition in editions[1:]]
    refuse_edition(house, editions[2])
    result = house.night()
    said = " ".join(result.output.split())

    assert result.exit_code == 3
    assert names(house.folder / "inbox") == sorted(path.name for path in paths[1:])
    assert all(f"{path.name} lies in the inbox of the official register" in said for path in paths[1:])
    assert FULL in said
    assert mails(house) == 1
    assert [one["name"] for one in house.status()["official_inbox"]] == names(house.folder / "inbox")
    house.make_room()
    house.quiet_night()
    assert names(house.folder / "inbox") == []
    assert taken(house) == [str(edition.month) for edition in editions]
    assert house.status()["official_inbox"] == []


def test_a_night_that_could_not_note_what_stays_there_says_so_and_goes_on(house, editions):
    (house.folder / "inbox" / "register.xlsx").write_bytes(b"no workbook")
    editions[1].write(house.folder / "inbox")
    house.refuse("insert on official_inbox")
    result = house.night()
    said = " ".join(result.output.split())

    assert result.exit_code == 3
    assert f"could not be noted ({FULL}); the next run notes it" in said
    assert "register.xlsx lies in the inbox" in said
    assert mails(house) == 1


def test_a_night_that_fails_after_it_says_what_it_took(house, editions):
    path = editions[1].write(house.folder / "inbox")
    house.refuse("insert on runs when new.kind = 'run'")
    result = house.night()

    assert (result.exit_code, mails(house)) == (1, 1)
    assert FULL in result.stderr
    assert f"taken from the inbox, and kept: {path.name}" in result.stderr
