"""A terminal that is not UTF-8 shows what it can; what programs read is UTF-8 always."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.editions import HARROWDALE, REGISTER, Watch, with_project

PROGRAM = Path(sys.executable).with_name("registerwatch")
TITLE = "Ǆungla – a study of “growth” 中"


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    watch = Watch(tmp_path_factory.mktemp("encoding"))
    watch.take(REGISTER, "2026-06-01")
    watch.take(REGISTER | {"university_of_harrowdale": with_project(HARROWDALE, title=TITLE)}, "2026-07-01")
    return watch


def said(watch, encoding, *arguments):
    """Return what the installed command writes where *encoding* is all there is."""
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [PROGRAM, "--db", watch.database, *arguments]
    result = subprocess.run(command, env=environment, capture_output=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, b""), result
    return result.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_cannot_be_shown_is_replaced(watch, encoding):
    for command in (["changes"], ["agreements"], ["show", "DARS-NIC-204517-H6M2P", "--format", "table"], ["status"]):
        said(watch, encoding, *command).decode(encoding)

    assert '?ungla - a study of "growth" ?' in said(watch, encoding, "changes").decode(encoding)


def test_json_and_csv_are_utf_8_all_the_same(watch):
    listed = json.loads(said(watch, "latin-1", "agreements", "--format", "json"))
    rows = list(csv.DictReader(said(watch, "latin-1", "agreements", "--format", "csv").decode("utf-8").splitlines()))

    assert TITLE in [one["title"] for one in listed]
    assert TITLE in [one["title"] for one in rows]
