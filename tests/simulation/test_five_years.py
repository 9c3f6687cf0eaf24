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


def different(one, other):
    """Return the tables that are not the same: two histories of this size are nothing to print."""
    assert one.keys() == other.keys()
    return [table for table, rows in one.items() if rows != other[table]]


def without_digests(history):
    """Return a history without the digests by which pages know what they showed: a commit may make others."""
    for row in history["beliefs"]:
        belief = row["belief"]
        belief["versions"] = len(belief["versions"])
        belief["returned"] = bool(belief["returned"])
        belief["unended"] = belief["unended"][1]
    return history


def test_what_was_derived_run_by_run_is_what_all_of_it_at_once_gives(watch):
    before = watch.history()
    assert watch.run("reparse", "--again").exit_code == 0

    assert different(before, watch.history()) == []


@pytest.mark.skipif("BEFORE" not in os.environ, reason="BEFORE names no commit to compare with")
def test_an_earlier_commit_derives_the_same(watch):
    before = watch.history()
    program = earlier(os.environ["BEFORE"])
    command = program.command("--db", str(watch.database), "reparse", "--again")
    subprocess.run(command, cwd=program.root, check=True, stdout=subprocess.DEVNULL)

    assert different(without_digests(before), without_digests(watch.history())) == []
