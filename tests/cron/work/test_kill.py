"""Killed at any instant, an import leaves the database as it was or as it was to be, and the next one completes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.harness.editions import Page, Watch, many, write_edition

SLUGS = [f"nhs_board_{number:02d}" for number in range(24)]
EARLIER = {slug: Page(f"NHS Board {n}", many(3, first=10 * n)) for n, slug in enumerate(SLUGS)}
LATER = {
    slug: Page(f"NHS Board {n}", many(3, first=10 * n, end=f"20{30 + n}-01-01", sublicensing="Yes"))
    for n, slug in enumerate(SLUGS)
}
PROGRAM = [sys.executable, "-c", "from cron.cli import main; main()"]


def start(watch, edition, at):
    command = [*PROGRAM, "--db", watch.database, "import", edition, "--fetched-at", at, "--complete"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.Popen(
        list(map(str, command)), cwd=watch.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def finish(watch, edition, at):
    result = watch.take(edition, at)
    assert (result.exit_code, result.stderr) == (0, "")


def size_of_log(watch):
    log = watch.database.with_name(f"{watch.database.name}-wal")
    return log.stat().st_size if log.exists() else 0


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """Two editions; the database before any, after one and after both; how long a whole import takes."""
    folder = tmp_path_factory.mktemp("kill")
    editions = {at: write_edition(folder / at, pages) for at, pages in (("2026-06-01", EARLIER), ("2026-08-01", LATER))}
    states, seconds = [None], []
    watch = Watch(folder)
    for at, edition in editions.items():
        began = time.monotonic()
        process = start(watch, edition, at)
        _, stderr = process.communicate(timeout=120)
        assert (process.returncode, stderr.decode()) == (0, "")
        seconds.append(time.monotonic() - began)
        states.append(watch.history())
    return editions, states, seconds


@pytest.mark.parametrize("seed", range(15))
def test_an_import_killed_at_any_instant_loses_nothing(tmp_path, stage, seed):
    editions, states, seconds = stage
    watch, number = Watch(tmp_path), seed % 2
    if number:
        finish(watch, editions["2026-06-01"], "2026-06-01")
    at, edition = list(editions.items())[number]

    process = start(watch, edition, at)
    time.sleep(seconds[number] * Random(seed).uniform(0.25, 1.0))
    process.kill()
    process.communicate()

    known = watch.database.exists() and watch.run("status").exit_code == 0
    assert known or number == 0
    if known and watch.counts()["runs"] > number:
        assert watch.history() == states[number + 1]
    elif number:
        assert watch.history() == states[number]
    finish(watch, edition, at)
    assert watch.history() == states[number + 1]


@pytest.mark.parametrize("number", [0, 1])
def test_an_import_killed_while_it_writes_loses_nothing(tmp_path, stage, number):
    editions, states, _ = stage
    watch = Watch(tmp_path)
    if number:
        finish(watch, editions["2026-06-01"], "2026-06-01")
    at, edition = list(editions.items())[number]

    process = start(watch, edition, at)
    while process.poll() is None and size_of_log(watch) < 20_000:
        time.sleep(0.001)
    process.kill()
    process.communicate()

    assert watch.run("status").exit_code == 0
    finish(watch, edition, at)
    assert watch.history() == states[number + 1]


def test_a_program_killed_before_its_first_edition_was_written_leaves_a_database_that_is_ours(tmp_path, stage):
    editions, states, _ = stage
    watch = Watch(tmp_path)
    code = (
        "import os, signal, sys; from pathlib import Path; from snapshots.keeping.store import open_store; "
        "open_store(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, watch.database], cwd=Path(__file__).parents[3], timeout=60)
    assert killed.returncode == -9

    # What the file itself holds may still be the state before the tables were made: they are in its log.
    assert watch.run("status").exit_code == 0
    finish(watch, editions["2026-06-01"], "2026-06-01")
    assert watch.history() == states[1]


@pytest.mark.parametrize("statement", range(6))
def test_a_program_killed_while_it_makes_the_tables_leaves_a_database_that_is_ours(tmp_path, statement):
    watch = Watch(tmp_path)
    code = """
import os, signal, sqlite3, sys
from pathlib import Path
from snapshots.keeping.database import add_functions, migrate
from snapshots.sql.rows import Database
steps = []
def count(statement):
    steps.append(statement)
    if len(steps) > int(sys.argv[2]) * 12:
        os.kill(os.getpid(), signal.SIGKILL)
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.set_trace_callback(count)
conn.execute("pragma journal_mode = wal")
add_functions(conn)
migrate(Database(conn))
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run(
        [sys.executable, "-c", code, watch.database, str(statement)], cwd=Path(__file__).parents[3], timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    result = watch.take(EARLIER, "2026-06-01")

    assert (result.exit_code, result.stderr) == (0, "")


def test_the_log_left_behind_does_not_get_in_the_way_of_a_copy(tmp_path, stage):
    editions, states, _ = stage
    watch = Watch(tmp_path)
    finish(watch, editions["2026-06-01"], "2026-06-01")
    copy = Watch(tmp_path / "copy")
    copy.folder.mkdir()
    shutil.copy(watch.database, copy.database)

    assert copy.history() == states[1]
