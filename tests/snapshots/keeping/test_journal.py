"""A database that another tool copied gets a write-ahead log, and who was killed in it locks nobody out."""

import lzma
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from snapshots.people.keys import Keys, new_key
from snapshots.people.people import open_people
from tests.harness.editions import REGISTER, Watch, write_edition
from tests.snapshots.keeping.test_released import DATABASES
from tests.snapshots.keeping.test_store import COMMANDS, foreign_database, one_line, run_without_rights, shape

WITH_A_LOG, WITHOUT = b"\2\2", b"\1\1"

KILLED = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma cache_size = 2")
db.execute("begin immediate")
db.execute("create table half_written (text)")
for _ in range(500):
    db.execute("insert into half_written values (hex(randomblob(1000)))")
os.kill(os.getpid(), signal.SIGKILL)
"""
"""More than its memory takes: so pages are in the file, and in the journal beside it what stood there."""


def mode_of(path):
    with path.open("rb") as file:
        return file.read(20)[18:]


def kill_in(path):
    """Have a program killed while it writes to the file; return what it leaves, file by file."""
    assert subprocess.run([sys.executable, "-c", KILLED, path], timeout=60).returncode == -signal.SIGKILL
    return left(path)


def left(path):
    return {file.name: file.read_bytes() for file in path.parent.glob(f"{path.name}*")}


def copied(source, target):
    """Copy a database as many a recipe for backups does."""
    with closing(sqlite3.connect(source)) as db:
        db.execute("vacuum into ?", (str(target),))
    return target


@pytest.fixture
def original(tmp_path):
    (tmp_path / "original").mkdir()
    watch = Watch(tmp_path / "original")
    watch.take(REGISTER, "2026-06-01")
    return watch


@pytest.fixture
def restored(original, tmp_path):
    (tmp_path / "data").mkdir()
    watch = Watch(tmp_path / "data")
    assert mode_of(copied(original.database, watch.database)) == WITHOUT
    return watch


@pytest.fixture(params=COMMANDS)
def command(request, tmp_path):
    edition = write_edition(tmp_path / "edition", REGISTER)
    return [str(edition) if word == "edition" else word for word in COMMANDS[request.param]]


def test_whatever_it_was_made_by_a_command_has_it_kept_with_a_log(restored, command):
    assert restored.run(*command).exit_code == 0

    assert mode_of(restored.database) == WITH_A_LOG


def test_what_a_killed_program_left_half_written_is_taken_back_by_the_next_command(original, restored, command):
    assert f"{restored.database.name}-journal" in kill_in(restored.database)

    result = restored.run(*command)
    assert (result.exit_code, result.stderr) == (0, "")
    assert mode_of(restored.database) == WITH_A_LOG
    original.run(*command)
    assert restored.history() == original.history()
    assert restored.run("verify").exit_code == 0


def test_the_database_of_an_older_program_is_copied_as_it_was_before_the_killed_one(tmp_path):
    watch = Watch(tmp_path)
    watch.database.write_bytes(lzma.decompress(DATABASES["m005"].read_bytes()))
    before = shape(watch.database)
    kill_in(watch.database)

    assert watch.run("changes").exit_code == 0
    (kept,) = tmp_path.glob("*.before-*")
    assert shape(kept) == before


@pytest.mark.parametrize("application", [0, 252006674])
def test_what_another_program_left_half_written_is_left_as_it_is(tmp_path, command, application):
    watch = Watch(tmp_path)
    foreign_database(watch.database)
    with closing(sqlite3.connect(watch.database)) as db:
        db.execute(f"pragma application_id = {application}")
    before = kill_in(watch.database)

    assert "it is left as it is" in one_line(watch.run(*command))
    assert left(watch.database) == before
    assert f"{watch.database.name}-journal" in before


def test_a_link_to_the_database_is_followed(restored, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    kill_in(restored.database)
    linked = Watch(tmp_path / "elsewhere")
    linked.database.symlink_to(restored.database)

    assert linked.run("status").exit_code == 0


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_copy_that_may_not_be_written_is_asked_all_the_same(restored, what):
    before = restored.database.read_bytes()
    protected = restored.folder if what == "folder" else restored.database
    protected.chmod(0o555 if what == "folder" else 0o444)
    result = run_without_rights(restored.database, "show", "DARS-NIC-204517-H6M2P")
    protected.chmod(0o755)

    assert (result.returncode, result.stderr) == (0, "")
    assert restored.database.read_bytes() == before


def test_one_that_was_left_half_written_and_may_not_be_written_says_what_to_do(restored):
    before = kill_in(restored.database)
    restored.database.chmod(0o444)
    result = run_without_rights(restored.database, "show", "DARS-NIC-204517-H6M2P")
    restored.database.chmod(0o644)
    (line,) = result.stderr.splitlines()

    assert (result.returncode, "readable and writable" in line) == (1, True)
    assert left(restored.database) == before


def test_who_reads_a_copy_meanwhile_is_waited_for(restored):
    reader = (
        "import sqlite3, sys, time; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "db.execute('begin'); db.execute('select * from runs').fetchall(); print(flush=True); time.sleep(1)"
    )
    with subprocess.Popen([sys.executable, "-c", reader, restored.database], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert restored.run("status").exit_code == 0

    assert mode_of(restored.database) == WITH_A_LOG


def test_the_file_of_those_who_follow_is_kept_with_a_log_too(tmp_path):
    keys, path, copy = Keys([new_key()]), tmp_path / "people.db", tmp_path / "copy.db"
    open_people(path, keys).close()
    copied(path, copy)
    shutil.move(copy, path)
    open_people(path, keys).close()

    assert mode_of(path) == WITH_A_LOG
