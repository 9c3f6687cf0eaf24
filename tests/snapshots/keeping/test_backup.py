"""`backup`: a copy that is consistent while others write, appears whole or not at all, and is restored by copying."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest

from snapshots.keeping.store import open_store
from snapshots.keeping.upkeep import back_up
from tests.harness.editions import HARROWDALE, REGISTER, Watch, with_project
from tests.harness.nights import Nights
from tests.harness.register_server import RegisterServer, Site

CHANGED = REGISTER | {"university_of_harrowdale": with_project(HARROWDALE, end="2029-03-12")}


@pytest.fixture
def watch(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    watch = Watch(folder)
    watch.take(REGISTER, "2026-06-01")
    watch.take(CHANGED, "2026-07-01")
    return watch


@pytest.fixture
def copies(tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder


def refused(watch, *arguments):
    """Return the one line that a refused backup says."""
    result = watch.run("backup", *arguments)
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    (line,) = result.stderr.splitlines()
    return line


def test_a_copy_is_restored_by_copying_it_back(watch, copies):
    everything = watch.everything()
    result = watch.run("backup", copies / "copy.db")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [path.name for path in copies.iterdir()] == ["copy.db"]

    watch.take(REGISTER, "2026-08-01")
    shutil.copy(copies / "copy.db", watch.database)
    assert watch.everything() == everything
    assert watch.run("verify").exit_code == 0
    assert watch.take(REGISTER, "2026-08-01").exit_code == 0


def test_the_copy_says_the_head_of_the_chain_that_it_holds(watch, copies):
    said = watch.run("backup", copies / "copy.db").stdout
    (report,) = Watch(copies, "--db", str(copies / "copy.db")).json("verify", "--format", "json")

    assert f"head of the chain of runs, number 2: {report['head']['hash']}" in said


def test_the_copy_is_read_by_no_one_who_may_not_read_the_database(watch, copies):
    watch.database.chmod(0o640)
    watch.run("backup", copies / "copy.db")

    assert (copies / "copy.db").stat().st_mode & 0o777 == 0o640


def test_the_copy_stays_in_the_journal_mode_of_the_database(watch, copies):
    watch.run("backup", copies / "copy.db")

    assert (copies / "copy.db").read_bytes()[18:20] == watch.database.read_bytes()[18:20] == b"\2\2"


def test_a_file_that_is_there_is_left_as_it_is_unless_forced(watch, copies):
    (copies / "copy.db").write_text("something dear")
    assert "is there already" in refused(watch, copies / "copy.db")
    assert (copies / "copy.db").read_text() == "something dear"

    assert watch.run("backup", copies / "copy.db", "--force").exit_code == 0
    assert (copies / "copy.db").read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize("name", ["registerwatch.db", "registerwatch.db-wal", "registerwatch.db.lock", "link", "hard"])
def test_the_database_is_never_copied_onto_itself(watch, name):
    (watch.folder / "link").symlink_to(watch.database)
    (watch.folder / "hard").hardlink_to(watch.database)
    before = watch.database.read_bytes()

    assert "belongs to the database itself" in refused(watch, watch.folder / name, "--force")
    assert watch.database.read_bytes() == before


def test_a_log_of_another_database_beside_the_copy_is_not_taken_for_its_own(watch, copies):
    (copies / "copy.db-wal").write_bytes(b"of an older copy")

    assert "copy.db-wal" in refused(watch, copies / "copy.db")
    assert [path.name for path in copies.iterdir()] == ["copy.db-wal"]


def test_a_folder_and_what_lies_in_none_are_refused(watch, copies):
    assert "is a folder" in refused(watch, copies)
    assert "nothing was copied" in refused(watch, copies / "none/copy.db")
    assert list(copies.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(watch, copies):
    copies.chmod(0o500)

    assert "permission denied" in refused(watch, copies / "copy.db")


def test_a_disk_that_fills_up_leaves_nothing(tmp_path, copies):
    """A limit on the size of files stands in for the disk."""
    with RegisterServer(Site(dict(REGISTER))) as server:
        nights = Nights(tmp_path / "nights", server)
        nights.quiet_night()
        limit = nights.database.stat().st_size // 2
        before = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
        process = nights.process("backup", str(copies / "copy.db"), before=before)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (1, "")
    (line,) = err.splitlines()
    assert "copy.db: there is no room for the copy" in line
    assert list(copies.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root may make a small disk")
def test_a_disk_that_is_full_is_said_and_nothing_is_left(watch, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        assert "there is no room for the copy" in refused(watch, disk / "copy.db")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_what_a_killed_backup_left_is_written_over(watch, copies):
    (copies / ".copy.db.part").write_bytes(b"half of it")
    watch.run("backup", copies / "copy.db")

    assert [path.name for path in copies.iterdir()] == ["copy.db"]
    assert Watch(copies, "--db", str(copies / "copy.db")).run("verify").exit_code == 0


def test_two_backups_to_one_file_do_not_mix(watch, copies):
    part = copies / ".copy.db.part"
    with part.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        assert "is being written by another backup" in refused(watch, copies / "copy.db")
        assert list(copies.iterdir()) == [part]


def test_copies_made_while_runs_write_are_whole_and_no_run_fails(watch, copies):
    answers, done = [], threading.Event()

    def write():
        with closing(open_store(watch.database)) as store:
            for number in range(150):
                body = f"body {number}".encode() * 400
                store.keep_body(f"{number:064x}", body, "wexcombe_city_council", "2026-08-01T00:00:00Z")
                answers.append(number)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    heads = []
    with closing(open_store(watch.database)) as store:
        while not done.is_set() or not heads:
            copy = back_up(store.db, watch.database, copies / f"{len(heads)}.db")
            heads.append(copy.head)
    writer.join()

    assert len(answers) == 150
    assert {head.number for head in heads} == {2}
    sizes = [bodies_in(path) for path in sorted(copies.iterdir(), key=lambda path: int(path.stem))]
    assert sizes == sorted(sizes)


def bodies_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        return int(database.execute("select count(*) from bodies").fetchone()[0])


def test_a_copy_of_a_damaged_database_is_none(watch, copies):
    size = watch.database.stat().st_size
    with watch.database.open("r+b") as file:
        file.seek(size // 8192 * 4096)
        file.write(b"\xff" * 65_536)
    result = watch.run("backup", copies / "copy.db")

    assert result.exit_code == 1
    assert list(copies.iterdir()) == []
