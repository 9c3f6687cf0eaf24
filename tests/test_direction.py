"""Whatever the database holds, nothing that we print, write or send turns the line around or steers a terminal."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from tests.harness.editions import ADMISSIONS, REGISTER, Page, Watch

STEERING = "\u202egnp.exe\u2066 \u200f\x1b[31mred\x9b31m"
FORBIDDEN = ("\u202e", "\u2066", "\u200f", "\x1b", "\x9b")
COLUMNS = {
    "pages": ("organisation",),
    "readings": ("organisation",),
    "texts": ("text",),
    "states": ("title",),
    "changes": ("summary", "organisation", "title"),
    "agreement_datasets": ("dataset",),
}
"""Where a name or a word off a page stands; a page that is read brings none of it in, an older database might."""


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("direction")
    watch = Watch(folder)
    other = replace(ADMISSIONS, datasets=("Another",), objectives="To learn less.", end="2030-01-01")
    for day, project in (("2026-01-01", ADMISSIONS), ("2026-02-01", other)):
        assert watch.take(REGISTER | {"e\u202evil": Page("Harrow", (project,))}, day).exit_code == 0
    with closing(sqlite3.connect(watch.database)) as db, db:
        for table, columns in COLUMNS.items():
            db.execute(
                f"update {table} set {', '.join(f'{name} = {name} || :it' for name in columns)}", {"it": STEERING}
            )
        listed = json.dumps(STEERING, ensure_ascii=False).strip('"')
        db.execute("update states set datasets = replace(datasets, 'Another', ?)", (listed,))
    return watch


def steered(text):
    return [text[max(0, text.index(sign) - 40) :][:60] for sign in FORBIDDEN if sign in text]


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
@pytest.mark.parametrize("command", ["changes", "agreements", "organisations", "datasets"])
def test_no_list_is(watch, command, form):
    printed = watch.run(command, "--format", form)

    assert printed.exit_code == 0
    assert "gnp.exe" in printed.stdout
    assert steered(printed.output) == []


def test_no_page_at_a_terminal_is(watch):
    change = watch.changes("--limit", "1")[0]["id"]
    reference = ADMISSIONS.reference
    asked = (
        ("show", reference),
        ("show", "e\u202evil"),
        ("show", change),
        ("redline", change),
        ("status",),
        ("verify",),
    )
    printed = [watch.run(*words).output for words in asked]

    assert [steered(text) for text in printed] == [[]] * len(asked)
    assert any("gnp.exe" in text for text in printed)


def test_no_file_is(watch):
    for command in ("feeds", "export"):
        assert watch.run(command, watch.folder / command).exit_code == 0
    files = [path for command in ("feeds", "export") for path in (watch.folder / command).rglob("*.*")]
    texts = {path.name: path.read_bytes().decode("utf-8", "replace") for path in files}

    assert {name: steered(text) for name, text in texts.items() if steered(text)} == {}
    assert {"everything.atom", "everything.rss", "everything.json", "index.html", "changes.csv"} <= texts.keys()
    assert sum("gnp.exe" in text for text in texts.values()) > 10
