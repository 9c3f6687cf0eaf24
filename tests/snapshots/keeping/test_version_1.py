"""A database of version one opens, is brought to today's schema and gives the same answers.

`tests/data/version-1.db.xz` is what version one made of the two editions of the sample; `version-1.json.xz` is what it
answered then, by command. Neither is made anew.
"""

import json
import lzma
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cron.demo.site import SAMPLE
from snapshots.keeping.store import open_store
from tests.harness.editions import Watch

DATA = next(folder for folder in Path(__file__).parents if folder.name == "tests") / "data"
# Version one said more of what is printed differently than anybody knows (rule 4).
SAID = lzma.decompress((DATA / "version-1.json.xz").read_bytes()).replace(b"; the meaning is the same", b"")
ANSWERS = json.loads(SAID)


@pytest.fixture
def old(tmp_path):
    watch = Watch(tmp_path)
    watch.database.write_bytes(lzma.decompress((DATA / "version-1.db.xz").read_bytes()))
    return watch


def in_order(answer):
    """Return changes by their ids: they are listed by severity, and that of some is another one now."""
    is_changes = isinstance(answer, list) and all("id" in one and "severity" in one for one in answer)
    return sorted(answer, key=lambda one: one["id"]) if is_changes else answer


def known_then(now, then):
    """Return *now* without what version one did not say yet."""
    if isinstance(then, dict) and isinstance(now, dict):
        if (now.get("details") or {}).get("watch_words"):  # it knew no words that make a rewording medium (rule 16)
            now = now | {"severity": "low", "summary": now["summary"].partition("; ")[0]}
        return {key: known_then(now.get(key), value) for key, value in then.items()}
    if isinstance(then, list) and isinstance(now, list) and len(now) == len(then):
        return [known_then(*pair) for pair in zip(now, then, strict=True)]
    return now


@pytest.mark.parametrize("command", ANSWERS)
def test_it_answers_as_it_did(old, command):
    answer = old.json(*command.split(), "--format", "json")

    then = in_order(ANSWERS[command])
    assert known_then(in_order(answer), then) == then


def test_nothing_in_it_is_damaged(old):
    assert old.run("verify").exit_code == 0


def test_what_is_known_is_no_news_at_the_next_import(old):
    old.take(SAMPLE / "2026-11", "2026-12-01T00:00:00Z")

    assert old.changes("--since", "2026-12-01") == []


def columns(path):
    with closing(sqlite3.connect(path)) as database:
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        return {name: set(database.execute(f"select * from pragma_table_info('{name}')")) for name in names}


def test_it_has_the_tables_of_a_new_one(old, tmp_path):
    old.run("status")
    open_store(tmp_path / "new.db").close()

    assert columns(old.database) == columns(tmp_path / "new.db")


def test_pages_are_known_by_register_and_slug(old):
    old.run("status")
    page = "insert into pages (key, register, slug, number) values (:key, :register, 'wexcombe_city_council', :number)"
    with closing(sqlite3.connect(old.database)) as database:
        assert database.execute(
            "select count(*) from pages where key = slug and register = 'nhs-data-release'"
        ).fetchone() == (12,)
        database.execute(page, {"key": "nhs-official/wexcombe_city_council", "register": "nhs-official", "number": 99})
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            database.execute(page, {"key": "other", "register": "nhs-official", "number": 100})
