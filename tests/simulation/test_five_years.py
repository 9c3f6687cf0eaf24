"""Five years of the register at its real size, derived again: row by row what they were. `make soak`.

What is derived anew comes of other code than what was derived run by run, and of an earlier commit's where BEFORE names
one with the same tables: the way to see that a change which should only be faster changed nothing.
"""

import os
import shutil
import subprocess

import pytest

from benchmarks.before import earlier
from benchmarks.history import five_years
from tests.harness.editions import Watch

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


@pytest.fixture
def watch(tmp_path):
    watch = Watch(tmp_path)
    shutil.copyfile(five_years(), watch.database)
    return watch


def same(one, other):
    """Say for each table whether it is the same: two histories of this size are nothing to print."""
    assert one.keys() == other.keys()
    return {table: rows == other[table] for table, rows in one.items()}


def test_what_was_derived_run_by_run_is_what_all_of_it_at_once_gives(watch):
    before = watch.history()
    assert watch.run("reparse", "--again").exit_code == 0

    assert set(same(before, watch.history()).values()) == {True}


@pytest.mark.skipif("BEFORE" not in os.environ, reason="BEFORE names no commit to compare with")
def test_an_earlier_commit_derives_the_same(watch):
    before = watch.history()
    program = earlier(os.environ["BEFORE"])
    command = program.command("--db", str(watch.database), "reparse", "--again")
    subprocess.run(command, cwd=program.root, check=True, stdout=subprocess.DEVNULL)

    assert set(same(before, watch.history()).values()) == {True}
