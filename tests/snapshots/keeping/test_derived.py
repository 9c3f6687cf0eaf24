"""Rot in what was derived: `verify` names it, or `verify --all` does, and `reparse --again` makes it right.

What was flipped is either found or harmless. Harmless is what changes no value of any row.
"""

import fcntl
import os
import random
import shutil
import sqlite3
import zlib
from contextlib import closing

import pytest

from snapshots.keeping.chain import unpack
from snapshots.keeping.derived import KEPT
from tests.harness.editions import HARROWDALE, REGISTER, Page, Watch, many, with_project

CHANGED = REGISTER | {
    "university_of_harrowdale": with_project(
        HARROWDALE, end="2029-03-12", objectives="To learn why admissions fall after the first warm week."
    )
}
REFUSED = {"nhs_eastmere_icb.html": b"<html><body><p>Down for maintenance</p></body></html>"}
BOARDS = {f"nhs_board_{n:02d}": Page(f"NHS Board {n}", many(2, first=10 * n)) for n in range(20)}
EVERYWHERE = {slug: with_project(page, sublicensing="Yes") for slug, page in BOARDS.items()}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A history in which every derived table has rows: changes of prose, a group, a refused page."""
    watch = Watch(tmp_path_factory.mktemp("original"))
    watch.take(REGISTER | BOARDS, "2026-06-01")
    watch.take(CHANGED | BOARDS, "2026-07-01")
    rest = {slug: page for slug, page in CHANGED.items() if slug != "nhs_eastmere_icb"}
    watch.take(rest | EVERYWHERE | REFUSED, "2026-08-01")
    return watch


@pytest.fixture
def watch(original, tmp_path):
    shutil.copy(original.database, tmp_path)
    return Watch(tmp_path)


def names_of(database, kind="table"):
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute("select name from pragma_table_list where schema = 'main' and type = ?", (kind,))
        return sorted(name for (name,) in rows if not name.startswith("sqlite_"))


def columns_of(database, table):
    with closing(sqlite3.connect(database)) as db:
        return [name for (name,) in db.execute(f"select name from pragma_table_info('{table}')")]


ALTERED = {"integer": "{} + 1", "real": "{} + 1", "text": "{} || ' 7'", "blob": "{} || x'07'"}


def alter(database, table, column):
    """Give a row another value in this column; say whether there was one, and the table takes another."""
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        row = db.execute(f"select typeof([{column}]) from [{table}] where [{column}] is not null limit 1").fetchone()
        if row is None:
            return False
        (value,) = db.execute(f"select [{column}] from [{table}] where [{column}] is not null limit 1").fetchone()
        try:
            other = ALTERED[row[0]].format(f"[{column}]")
            db.execute(f"update [{table}] set [{column}] = {other} where [{column}] = ?", (value,))
        except sqlite3.IntegrityError:  # a state that there is not: such a row is refused, also when it is read
            return False
        return True


def flaw(watch, *options):
    """Return the line in which `verify` names what is not as it was; empty if it finds nothing."""
    result = watch.run("verify", *options)
    assert result.exit_code == (1 if result.stderr else 0), result.output
    assert len(result.stderr.splitlines()) <= 1
    return result.stderr


DERIVED = [
    ("texts", "text"),
    ("texts", "hash"),
    ("states", "datasets"),
    ("readings", "organisation"),
    ("agreement_versions", "first_seen"),
    ("agreement_datasets", "dataset"),
    ("changes", "summary"),
    ("beliefs", "belief"),
    ("pages", "organisation"),
    ("runs", "pages_changed"),
]


@pytest.mark.parametrize(("table", "column"), DERIVED)
def test_what_rotted_is_found_and_made_right(watch, table, column):
    assert alter(watch.database, table, column)

    assert "reparse --again" in flaw(watch, "--all")
    assert watch.run("reparse", "--again").exit_code == 0
    assert flaw(watch, "--all") == ""


OF_THE_LOG = {("pages", name) for name in ("key", "number", "register", "slug")} | {
    ("runs", name) for name in ("id", "kind", "captured_at", "finished_at", "complete", "sighted", "decision")
}
"""Columns of derived tables that are kept and stand in the chain: rot in them is found, and only a backup heals it."""


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_rot_in_any_column_of_any_derived_table_is_found_and_made_right(original, tmp_path):
    altered, silent, not_healed = set(), [], []
    for table in sorted(set(names_of(original.database)) - KEPT):
        for column in columns_of(original.database, table):
            watch = Watch(tmp_path)
            shutil.copy(original.database, watch.database)
            if not alter(watch.database, table, column):
                continue
            altered.add(table)
            if not flaw(watch, "--all"):
                silent.append((table, column))
            elif (table, column) not in OF_THE_LOG:
                assert watch.run("reparse", "--again").exit_code == 0, f"{table}.{column}"
                not_healed += [(table, column, said) for said in [flaw(watch, "--all")] if said]

    assert (silent, not_healed) == ([], [])
    assert len(altered) > 15


@pytest.mark.parametrize(("table", "column"), [("texts", "text"), ("states", "title"), ("changes", "after")])
def test_what_has_a_key_of_its_content_is_found_without_deriving_everything(watch, table, column):
    assert alter(watch.database, table, column)

    assert table.removesuffix("s") in flaw(watch)


def test_a_reading_that_rotted_is_found_among_those_read_anew(watch):
    with closing(sqlite3.connect(watch.database, isolation_level=None)) as db:
        db.execute("update readings set organisation = organisation || '!' where organisation is not null")

    assert "the reading of" in flaw(watch)


def test_what_was_read_by_older_rules_is_no_flaw_of_the_file(watch):
    with closing(sqlite3.connect(watch.database, isolation_level=None)) as db:
        db.execute("update readings set rules = 'of an older version', organisation = 'As it was read then'")

    assert flaw(watch) == ""


def test_what_older_rules_derived_is_not_compared_with_what_todays_do(watch):
    with closing(sqlite3.connect(watch.database, isolation_level=None)) as db:
        db.execute("update derivation set rules = 'of an older version'")

    assert "older version" in flaw(watch, "--all")
    assert watch.run("reparse").exit_code == 0
    assert flaw(watch, "--all") == ""


def test_a_search_that_does_not_find_what_stands_there_is_found_and_made_right(watch):
    with closing(sqlite3.connect(watch.database, isolation_level=None)) as db:
        db.execute("insert into texts_search (texts_search) values ('delete-all')")

    assert "texts_search" in flaw(watch, "--all")
    assert watch.run("reparse", "--again").exit_code == 0
    assert flaw(watch, "--all") == ""


def test_nothing_is_left_beside_the_file(watch):
    before = {file.name for file in watch.folder.iterdir()}
    flaw(watch, "--all")

    assert {file.name for file in watch.folder.iterdir()} - before <= {"registerwatch.db-wal", "registerwatch.db-shm"}


def test_what_a_killed_look_left_beside_the_file_is_taken_away_by_the_next(watch):
    left = watch.folder / f".{watch.database.name}.verify"
    left.mkdir()
    (left / "before.db").write_bytes(b"half a copy")

    assert flaw(watch, "--all") == ""
    assert not left.exists()


def test_two_do_not_look_at_everything_at_once(watch):
    left = watch.folder / f".{watch.database.name}.verify"
    left.mkdir()
    handle = os.open(left, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert "another `verify --all`" in flaw(watch, "--all")
    finally:
        os.close(handle)


def test_reading_everything_again_changes_nothing_where_nothing_rotted(watch):
    before = rows_of(watch.database)
    watch.run("reparse", "--again")

    assert rows_of(watch.database) == before


def opened(database):
    db = sqlite3.connect(database)
    # A letter that is none any more is another letter: where nobody reads it, that is harmless.
    db.text_factory = lambda letters: letters.decode("utf-8", "surrogateescape")
    return closing(db)


def rows_of(database):
    with opened(database) as db:
        return {
            table: sorted(db.execute(f"select * from [{table}]").fetchall(), key=repr) for table in names_of(database)
        }


READ_BY_NOBODY = {"_sqlite_migrations": "applied_at"}
"""When a step of the schema was taken: the library puts it down, and no program of ours looks at it."""


def meaning_of(database):
    """Return every row as it is read: what is packed is unpacked, for its padding may be anything."""
    read = rows_of(database)
    with opened(database) as db:
        names = ", ".join(f"[{name}]" for name in columns_of(database, "runs") if name != "sighted")
        seen = [(number, unpack(packed)) for number, packed in db.execute("select id, sighted from runs")]
        read["runs"] = [*seen, *db.execute(f"select {names} from runs")]
        for table, column in READ_BY_NOBODY.items():
            names = ", ".join(f"[{name}]" for name in columns_of(database, table) if name != column)
            read[table] = db.execute(f"select {names} from [{table}]").fetchall()
    return read


def differs(database, right):
    try:
        return meaning_of(database) != right
    except (sqlite3.Error, UnicodeDecodeError, zlib.error):
        return True


def others(database, right):
    """Yield the rows that are not as they were, by their table."""
    now = meaning_of(database)
    for table in right:
        yield from ((table, row) for row in set(map(repr, now[table])) ^ set(map(repr, right[table])))


# --- nothing is left that nothing refers to ---------------------------------------------------------------------------

HELD = {slug: with_project(page, title="A title that nobody should read") for slug, page in BOARDS.items()}


def holds(watch, word):
    with closing(sqlite3.connect(watch.database)) as db:
        return [
            table
            for table in ("states", "texts", "readings", "changes", "refusals", "states_search")
            for row in db.execute(f"select * from {table}")
            if word in repr(row)
        ]


def test_of_a_discarded_edition_nothing_that_it_said_is_kept(watch):
    assert watch.take(HELD, "2026-09-01").exit_code == 3
    assert "states" in holds(watch, "nobody should read")
    watch.run("discard", "4")

    assert holds(watch, "nobody should read") == []
    assert flaw(watch, "--all") == ""


def test_what_a_discarded_edition_showed_is_read_when_a_later_one_shows_it_again(watch):
    watch.take(HELD, "2026-09-01")
    watch.run("discard", "4")
    assert watch.take(HELD, "2026-10-01").exit_code == 3
    watch.run("release", "5")

    assert "changes" in holds(watch, "nobody should read")
    assert flaw(watch, "--all") == ""


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_bit_turned_anywhere_is_found_or_harmless(original, tmp_path):
    """Sixty single bits in each table, as SQLite's own tests turn them over; the judge reads every row."""
    watch = Watch(tmp_path)
    with closing(sqlite3.connect(original.database, isolation_level=None)) as db:
        db.execute("pragma journal_mode = delete")
        size = db.execute("pragma page_size").fetchone()[0]
        pages = db.execute("select name, pageno from dbstat where name not like 'sqlite%'").fetchall()
    whole, right = original.database.read_bytes(), meaning_of(original.database)
    silent = []
    chance = random.Random(14)
    for table in sorted({name for name, _ in pages}):
        numbers = [number for name, number in pages if name == table]
        for _ in range(60):
            place = (chance.choice(numbers) - 1) * size + chance.randrange(size)
            bit = 1 << chance.randrange(8)
            watch.database.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            if differs(watch.database, right) and not flaw(watch) and not flaw(watch, "--all"):
                silent += [(table, *other) for other in others(watch.database, right)]

    assert silent == []
