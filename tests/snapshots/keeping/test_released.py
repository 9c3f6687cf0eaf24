"""What earlier programs wrote is opened by today's: databases of each schema, settings files. Not the reverse."""

import contextlib
import lzma
import sqlite3
from pathlib import Path

import pytest

from cron.settings.load import load_settings
from snapshots.keeping.database import first_step
from snapshots.keeping.store import open_store
from snapshots.sql import steps
from tests.harness.editions import Watch

DATA = next(folder for folder in Path(__file__).parents if folder.name == "tests") / "data"
RELEASED = DATA / "released"
DATABASES = {"m005": DATA / "version-1.db.xz"} | {path.name[:4]: path for path in sorted(RELEASED.glob("*.db.xz"))}
TOLD = (RELEASED / "changes.txt").read_text().split()


def steps_of(database):
    with contextlib.closing(sqlite3.connect(database)) as db:
        return sorted(name for (name,) in db.execute("select name from _sqlite_migrations"))


@pytest.fixture(params=DATABASES)
def old(request, tmp_path):
    watch = Watch(tmp_path)
    watch.database.write_bytes(lzma.decompress(DATABASES[request.param].read_bytes()))
    watch.was = steps_of(watch.database)
    assert watch.was[-1].startswith(request.param)
    return watch


def test_each_is_of_a_step_that_is_known_still():
    assert set(DATABASES) <= {name[:4] for name in steps.names()}
    assert {"m005", "m010"} <= set(DATABASES)


def test_it_opens_and_tells_what_it_told_under_the_same_ids(old):
    ids = sorted(change["id"] for change in old.json("changes", "--format", "json"))

    assert ids == TOLD
    assert steps_of(old.database) == list(steps.names())


def test_it_can_be_proved(old):
    # m008 gave states a further field. The two schemas before it that were never released are proved once they were
    # derived again, as `verify` says; 0.1.0 is derived again when it is opened.
    if old.was[-1][:4] in ("m006", "m007"):
        assert "`registerwatch reparse --again` makes it right" in old.run("verify").output
        assert old.run("reparse", "--again").exit_code == 0

    assert old.run("verify").exit_code == 0


def test_nobody_is_told_again(old):
    with contextlib.closing(sqlite3.connect(old.database)) as db:
        before = db.execute("select subscription, item, delivered_at from deliveries order by id").fetchall()
    old.run("status")
    with contextlib.closing(sqlite3.connect(old.database)) as db:
        after = db.execute("select subscription, item, delivered_at from deliveries order by id").fetchall()

    assert after == before


def test_before_it_is_changed_it_is_copied_and_the_copy_is_what_it_was(old):
    assert old.run("status").exit_code == 0
    (copy,) = old.database.parent.glob("*.before-*")

    assert copy.name == f"{old.database.name}.before-{min(set(steps.names()) - set(old.was))}"
    assert steps_of(copy) == old.was


def test_a_database_of_today_is_opened_without_a_copy(old):
    old.run("status")
    for copy in old.database.parent.glob("*.before-*"):
        copy.unlink()
    old.run("status")

    assert not list(old.database.parent.glob("*.before-*"))


def test_where_no_copy_can_be_made_nothing_is_changed(old):
    # What the copy is written into first.
    step = first_step(old.database)
    old.database.with_name(f".{old.database.name}.before-{step}.part").mkdir()
    result = old.run("status")

    assert result.exit_code == 1
    assert "nothing was copied" in result.output
    assert steps_of(old.database) == old.was


def test_a_downgrade_is_refused_by_name_and_leaves_the_file_as_it_is(tmp_path):
    watch = Watch(tmp_path)
    open_store(watch.database).close()
    with contextlib.closing(sqlite3.connect(watch.database)) as db, db:
        db.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('registerwatch', "
            "'m900_of_next_year', '2027-01-01')"
        )
    before = watch.database.read_bytes()
    result = watch.run("status")

    assert result.exit_code == 1
    assert "was written by a newer registerwatch (m900_of_next_year); update the program" in result.output
    assert watch.database.read_bytes() == before
    assert not list(tmp_path.glob("*.before-*"))


@pytest.mark.parametrize("file", sorted(RELEASED.glob("*.toml")), ids=lambda path: path.stem)
def test_a_settings_file_of_then_says_today_what_it_said(file):
    settings = load_settings(file, None, {})

    assert settings.store.database == file.with_name("registerwatch.db")
    assert [one.name for one in settings.subscriptions] == ["Everything"]
    assert (settings.schedule.cron, settings.guards.group_from) == ("17 3 * * *", 25)
