"""`compact`: the same bytes in less room, whenever it is killed."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from cron.work.context import only_run
from snapshots.keeping.database import StoreError
from snapshots.keeping.store import no_progress, open_store
from snapshots.keeping.upkeep import compact
from tests.harness.editions import Page, Watch, many

WORDS = [bytes(Random(n).choices(range(97, 123), k=3 + n % 7)).decode() for n in range(600)]


def prose(seed):
    return " ".join(Random(seed).choices(WORDS, k=250))


BOARDS = {f"nhs_board_{n:02d}": Page(f"NHS Board {n}", many(1, first=n, objectives=prose(n))) for n in range(80)}
LATER = BOARDS | {
    slug: Page(page.organisation, many(1, first=n, objectives=f"{prose(n)} {prose(n + 100)}"))
    for n, (slug, page) in enumerate(list(BOARDS.items())[:20])
}
PLENTY = 1 << 40


@pytest.fixture
def watch(tmp_path):
    watch = Watch(tmp_path)
    watch.take(BOARDS, "2026-06-01")
    watch.take(LATER, "2026-08-01")
    return watch


def bodies(watch):
    with closing(open_store(watch.database)) as store:
        return {row["sha256"]: store.bodies.read(row["sha256"]) for row in store.db.query("select sha256 from bodies")}


def taken(watch):
    with closing(sqlite3.connect(watch.database)) as database:
        return database.execute("select sum(length(data)) from bodies").fetchone()[0]


def test_bodies_take_less_and_are_what_they_were(watch):
    before, room, history = bodies(watch), taken(watch), watch.history()
    result = watch.run("compact")

    assert (result.exit_code, result.stderr) == (0, "")
    assert taken(watch) < room
    assert bodies(watch) == before
    assert watch.history() == history
    assert watch.run("verify").exit_code == 0


def test_a_second_time_finds_nothing_to_do(watch):
    watch.run("compact")
    everything = watch.everything()
    result = watch.run("compact")

    assert "0 of 100 bodies made smaller" in result.stdout
    assert watch.everything() == everything


def test_the_search_finds_what_it_found(watch):
    def found():
        with closing(sqlite3.connect(watch.database)) as database:
            sql = "select summary from changes where rowid in (select rowid from changes_search where summary match ?)"
            return [database.execute(sql, (word,)).fetchall() for word in ("objectives", "board", "reworded")]

    before = found()
    assert any(before)
    watch.run("compact")

    assert found() == before


def test_without_room_the_file_stays_and_its_free_pages_are_used_by_and_by(watch):
    with closing(open_store(watch.database)) as store:
        done = compact(store, no_progress, room=lambda: 1_000)

    assert (done.given_back, done.file_after) == (False, done.file_before)
    assert done.after < done.before
    assert watch.run("verify").exit_code == 0


def test_a_register_of_a_few_pages_has_no_dictionary_and_loses_nothing(tmp_path):
    watch = Watch(tmp_path)
    watch.take(dict(list(BOARDS.items())[:3]), "2026-06-01")
    before = bodies(watch)

    assert watch.run("compact").exit_code == 0
    assert bodies(watch) == before


def test_it_waits_for_no_run_and_lets_none_begin(watch):
    with only_run(watch.database):
        result = watch.run("compact")

    assert result.exit_code == 1
    assert "another run is under way" in result.stderr


def test_a_damaged_body_is_not_compressed_as_if_it_were_whole(watch):
    with closing(sqlite3.connect(watch.database, isolation_level=None)) as database:
        (other,) = database.execute("select data from bodies where base is null order by rowid desc limit 1").fetchone()
        damaged = "(select sha256 from bodies where base is null order by rowid limit 1)"
        database.execute(f"update bodies set data = ?, size = 99999 where sha256 = {damaged}", (other,))
    with closing(open_store(watch.database)) as store, pytest.raises(StoreError, match="verify"):
        compact(store, no_progress, room=lambda: PLENTY)


@pytest.mark.parametrize("after", [1, 7, 40, 77, 99])
def test_it_may_be_killed_at_any_time(watch, after):
    before, history = bodies(watch), watch.history()
    program = f"""
import os, signal
from contextlib import closing
from pathlib import Path
from snapshots.keeping.upkeep import compact
from snapshots.keeping.store import open_store

def until_killed(items, length, word):
    for number, item in enumerate(items):
        if number == {after}:
            os.kill(os.getpid(), signal.SIGKILL)
        yield item

with closing(open_store(Path({str(watch.database)!r}))) as store:
    compact(store, until_killed, room=lambda: 0)
"""
    root = Path(__file__).parents[3]
    killed = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, timeout=60)

    assert killed.returncode == -9
    assert bodies(watch) == before
    assert watch.history() == history
    assert watch.run("verify").exit_code == 0
    assert watch.run("compact").exit_code == 0
    assert bodies(watch) == before
