"""The database: whatever order the editions came in, derived again, of an older or a foreign make, damaged."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from snapshots.keeping.chain import begin_chain
from snapshots.keeping.database import StoreError, add_functions
from snapshots.keeping.store import open_store
from snapshots.sql import steps
from tests.harness.editions import (
    ADMISSIONS,
    EASTMERE,
    FALLS,
    HARROWDALE,
    REGISTER,
    TIDES,
    WEXCOMBE,
    Page,
    Watch,
    many,
    web_archive,
    with_project,
    write_edition,
)

TABLES = "agreement_datasets agreements changes pages runs snapshots".split()


@pytest.fixture
def watch(tmp_path):
    return Watch(tmp_path)


@pytest.fixture
def started(watch):
    assert watch.take(REGISTER, "2026-06-01").exit_code == 0
    return watch


# --- any order --------------------------------------------------------------------------------------------------------


def without(slug, *others):
    return {name: page for name, page in REGISTER.items() if name not in (slug, *others)}


def reads(page, **fields):
    return with_project(page, **fields)


LACKS_A_DATASET = reads(HARROWDALE, datasets=ADMISSIONS.datasets[:1])
NORTHAM = Page("NHS Northam ICB", many(40))
SOUTHAM = Page("NHS Southam ICB", many(60, first=100))

STORIES = {
    "a removal told at its second sighting": [
        (REGISTER, "2026-01-01", True),
        (REGISTER | {"university_of_harrowdale": LACKS_A_DATASET}, "2026-02-01", True),
        (REGISTER | {"university_of_harrowdale": LACKS_A_DATASET}, "2026-03-01", True),
    ],
    "a value missing once": [
        (REGISTER, "2026-01-01", True),
        (REGISTER | {"university_of_harrowdale": LACKS_A_DATASET}, "2026-02-01", True),
        (REGISTER, "2026-03-01", True),
    ],
    "a page missing, then back": [
        (REGISTER, "2026-01-01", True),
        (without("nhs_eastmere_icb"), "2026-02-01", True),
        (REGISTER, "2026-03-01", True),
    ],
    "a page gone, then listed again": [
        (REGISTER, "2026-01-01", True),
        (without("nhs_eastmere_icb"), "2026-02-01", True),
        (without("nhs_eastmere_icb"), "2026-03-01", True),
        (REGISTER, "2026-04-01", True),
    ],
    "partial editions prove no absence": [
        (REGISTER, "2026-01-01", True),
        ({"university_of_harrowdale": reads(HARROWDALE, end="2027-03-12")}, "2026-02-01", False),
        (without("university_of_harrowdale"), "2026-03-01", False),
        (REGISTER | {"wexcombe_city_council": reads(WEXCOMBE, sublicensing="Yes")}, "2026-04-01", True),
    ],
    "an end there and back for good": [
        (REGISTER, "2026-01-01", True),
        (REGISTER | {"university_of_harrowdale": reads(HARROWDALE, end="2027-03-12")}, "2026-02-01", True),
        (REGISTER, "2026-03-01", True),
        (REGISTER, "2026-04-01", True),
    ],
    "an end there and back and there again, as an old copy has it": [
        (REGISTER, "2026-01-01", True),
        (REGISTER | {"university_of_harrowdale": reads(HARROWDALE, end="2027-03-12")}, "2026-02-01", True),
        (REGISTER, "2026-03-01", True),
        (REGISTER | {"university_of_harrowdale": reads(HARROWDALE, end="2027-03-12")}, "2026-04-01", True),
    ],
    "an agreement that moves": [
        (REGISTER, "2026-01-01", True),
        (
            REGISTER
            | {
                "wexcombe_city_council": replace(WEXCOMBE, projects=(FALLS, TIDES)),
                "nhs_eastmere_icb": replace(EASTMERE, projects=many(1)),
            },
            "2026-02-01",
            True,
        ),
        (
            REGISTER
            | {
                "wexcombe_city_council": replace(WEXCOMBE, projects=(FALLS, TIDES)),
                "nhs_eastmere_icb": replace(EASTMERE, projects=(*EASTMERE.projects, *many(1))),
            },
            "2026-03-01",
            True,
        ),
    ],
    "an edition held, superseded": [
        ({"nhs_northam_icb": NORTHAM}, "2026-01-01", True),
        ({"nhs_northam_icb": replace(NORTHAM, projects=many(10))}, "2026-02-01", True),
        ({"nhs_northam_icb": replace(NORTHAM, projects=many(39))}, "2026-03-01", True),
    ],
    "an edition that is held until another comes before it": [
        ({"nhs_northam_icb": NORTHAM}, "2026-01-01", False),
        ({"nhs_northam_icb": NORTHAM, "nhs_southam_icb": SOUTHAM}, "2026-02-01", True),
        ({"nhs_northam_icb": replace(NORTHAM, projects=many(26)), "nhs_southam_icb": SOUTHAM}, "2026-03-01", True),
        ({"nhs_northam_icb": replace(NORTHAM, projects=many(26)), "nhs_southam_icb": SOUTHAM}, "2026-04-01", True),
    ],
    "an error page in between": [
        (REGISTER, "2026-01-01", True),
        (
            without("nhs_eastmere_icb") | {"nhs_eastmere_icb.html": b"<p>503 Service Unavailable</p>"},
            "2026-02-01",
            True,
        ),
        (REGISTER | {"nhs_eastmere_icb": reads(EASTMERE, title="Drowning in tidal rivers")}, "2026-03-01", True),
    ],
    "a page cut short, which only its neighbour tells": [
        ({"nhs_eastmere_icb.html": EASTMERE.html(), "wexcombe_city_council": WEXCOMBE}, "2026-01-01", True),
        (
            {
                "nhs_eastmere_icb.html": EASTMERE.html().removesuffix(b"\n</body></html>\n"),
                "wexcombe_city_council": WEXCOMBE,
            },
            "2026-02-01",
            True,
        ),
        ({"nhs_eastmere_icb.html": EASTMERE.html(), "wexcombe_city_council": WEXCOMBE}, "2026-03-01", True),
    ],
    "the same edit on many": [
        ({"nhs_northam_icb": replace(NORTHAM, projects=many(40, sublicensing=value))}, at, True)
        for value, at in (("No", "2026-01-01"), ("Yes", "2026-02-01"), ("No, Yes", "2026-03-01"))
    ],
    "a flag that comes and goes": [
        (REGISTER | {"nhs_eastmere_icb": replace(EASTMERE, flag=flag, files=files)}, at, True)
        for flag, files, at in (
            ("", 3, "2026-01-01"),
            ("NHS Eastmere ICB was sent multiple files.", 4, "2026-02-01"),
            ("", 5, "2026-03-01"),
            ("", 5, "2026-04-01"),
        )
    ],
}


def told_in_order(folder, editions):
    folder.mkdir()
    watch = Watch(folder)
    folders = {at: write_edition(folder.parent / f"at-{at}", pages) for pages, at, _ in editions}
    for _, at, complete in editions:
        result = watch.take(folders[at], at, complete=complete)
        assert result.exit_code in (0, 3), result.output
    return watch.history()


@pytest.mark.parametrize("story", STORIES)
def test_editions_imported_in_any_order_end_in_the_same_history(tmp_path, story):
    editions = STORIES[story]
    in_order = told_in_order(tmp_path / "in-order", editions)
    orders = list(permutations(editions))[1:]

    for number, order in enumerate(orders if len(orders) < 6 else Random(story).sample(orders, 8)):
        assert told_in_order(tmp_path / f"order-{number}", order) == in_order, [at for _, at, _ in order]


def test_the_stories_are_worth_telling(tmp_path):
    told = {}
    for number, (story, editions) in enumerate(STORIES.items()):
        (tmp_path / str(number)).mkdir()
        history = told_in_order(tmp_path / str(number) / "told", editions)
        runs = [run["state"] for run in history["runs"]]
        told[story] = sorted(one["kind"] for one in history["changes"] if not one["member_of"]), runs

    committed = ["committed"] * 4
    assert told == {
        "a removal told at its second sighting": (["dataset-removed"], committed[:3]),
        "a value missing once": ([], committed[:3]),
        "a page missing, then back": ([], committed[:3]),
        "a page gone, then listed again": (
            ["agreement-added", "agreement-removed", "organisation-added", "organisation-removed"],
            committed,
        ),
        "partial editions prove no absence": (["dsa-extended", "sublicensing-changed"], committed),
        "an end there and back for good": (["dsa-extended", "dsa-shortened"], committed),
        "an end there and back and there again, as an old copy has it": (["dsa-extended"], committed),
        "an agreement that moves": (["agreement-added", "agreement-moved", "agreement-moved"], committed[:3]),
        "an edition held, superseded": ([], ["committed", "superseded", "committed"]),
        "an edition that is held until another comes before it": (
            ["agreement-removed"] * 14,
            committed,
        ),
        "an error page in between": (["title-changed"], committed[:3]),
        "a page cut short, which only its neighbour tells": ([], committed[:3]),
        "the same edit on many": (["sublicensing-changed"] * 2, committed[:3]),
        "a flag that comes and goes": (["files-count-changed"] * 2 + ["flag-cleared", "flag-raised"], committed),
    }


FIELDS = st.fixed_dictionaries(
    {
        "end": st.sampled_from(["2026-03-12", "2027-03-12", "2025-01-01"]),
        "datasets": st.sampled_from(
            [ADMISSIONS.datasets, ADMISSIONS.datasets[:1], (*ADMISSIONS.datasets, "Tide Data")]
        ),
        "sublicensing": st.sampled_from(["No", "Yes"]),
        "outputs": st.sampled_from(["A map.", "A map and a table.", None]),
    }
)


@st.composite
def made_up_editions(draw):
    editions = []
    for month in range(1, draw(st.integers(3, 5)) + 1):
        pages = {}
        for slug in REGISTER:
            projects = [replace(REGISTER[slug].projects[0], **draw(FIELDS))]
            projects += many(1) if draw(st.integers(0, 3)) == 0 else ()
            if draw(st.integers(0, 3)) or (slug in list(REGISTER)[:1] and month == 1):
                pages[slug] = replace(REGISTER[slug], projects=tuple(projects), files=draw(st.integers(1, 2)))
        if pages:
            editions.append((pages, f"2026-{month:02d}-01", draw(st.booleans())))
    return editions, draw(st.permutations(editions))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made_up_editions())
def test_made_up_editions_in_any_order_end_in_the_same_history(both):
    editions, shuffled = both
    with tempfile.TemporaryDirectory() as folder:
        assert told_in_order(Path(folder) / "a", editions) == told_in_order(Path(folder) / "b", shuffled)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made_up_editions())
def test_what_was_derived_run_by_run_is_what_a_reparse_derives(both):
    with tempfile.TemporaryDirectory() as folder:
        watch = Watch(Path(folder))
        for pages, at, complete in both[0]:
            watch.take(pages, at, complete=complete)
        before = watch.history()
        assert watch.run("reparse").exit_code == 0

        assert watch.history() == before


def test_bytes_seen_again_from_elsewhere_make_no_difference_in_any_order(tmp_path):
    fewer = replace(LACKS_A_DATASET, files=4)
    sides = {}
    for order in permutations(range(4)):
        watch = Watch(tmp_path / "-".join(map(str, order)))
        watch.folder.mkdir()
        editions = [
            ({"old/university_of_harrowdale.txt": HARROWDALE.text()}, "2026-01-01"),
            ({"old/university_of_harrowdale.txt": LACKS_A_DATASET.text()}, "2026-02-01"),
            ({"new/deeper/university_of_harrowdale.txt": LACKS_A_DATASET.text()}, "2026-03-01"),
            ({"old/university_of_harrowdale.txt": reads(fewer, end="2029-01-01").text()}, "2026-04-01"),
        ]
        for number in order:
            pages, at = editions[number]
            assert watch.take(pages, at).exit_code == 0
        sides[order] = watch.history()

    assert all(side == sides[0, 1, 2, 3] for side in sides.values())
    assert {one["kind"] for one in sides[0, 1, 2, 3]["changes"]} == {
        "dataset-removed", "dsa-extended", "files-count-changed"
    }  # fmt: skip


def test_the_address_at_which_bytes_were_seen_again_makes_no_difference_in_any_order(tmp_path):
    here = "https://theysolditanyway.com/organisations/harrowdale"
    there = "http://www.theysolditanyway.com/organisations/harrowdale"
    records = [
        (here, "2026-01-01T03:00:00Z", HARROWDALE.html()),
        (here, "2026-02-01T03:00:00Z", LACKS_A_DATASET.html()),
        (there, "2026-03-01T03:00:00Z", LACKS_A_DATASET.html()),
        (here, "2026-04-01T03:00:00Z", replace(LACKS_A_DATASET, files=3).html()),
    ]
    archives = [web_archive(tmp_path / f"{n}.warc.gz", [record]) for n, record in enumerate(records)]
    sides = {}
    for order in permutations(range(4)):
        watch = Watch(tmp_path / "-".join(map(str, order)))
        watch.folder.mkdir()
        for number in order:
            assert watch.take(archives[number], "2026-05-01").exit_code == 0
        sides[order] = watch.history()

    assert [order for order, side in sides.items() if side != sides[0, 1, 2, 3]] == []
    assert {one["kind"] for one in sides[0, 1, 2, 3]["changes"]} == {"dataset-removed", "files-count-changed"}


def test_a_held_edition_is_decided_anew_when_another_is_put_before_it(watch):
    january, february, march, april = STORIES["an edition that is held until another comes before it"]
    for (pages, at, complete), status in ((january, 0), (march, 3), (april, 3), (february, 0)):
        assert watch.take(pages, at, complete=complete).exit_code == status
        told = [run["state"] for run in watch.history()["runs"]]

    assert told == ["committed"] * 4
    assert watch.run("status").exit_code == 0


# --- derived again ----------------------------------------------------------------------------------------------------


def test_a_reparse_changes_no_row(started):
    started.take(REGISTER | {"university_of_harrowdale": LACKS_A_DATASET}, "2026-07-01")
    started.take(REGISTER | {"university_of_harrowdale": LACKS_A_DATASET}, "2026-08-01")
    before = started.history()
    result = started.run("reparse")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "Derived 3 runs again: 1 change as before, 0 new, 0 no longer found.\n"
    assert started.history() == before


def without_search(counts):
    """Return the tables that are not SQLite's own for searching."""
    return {name: count for name, count in counts.items() if "_search" not in name}


def test_a_reparse_twice_leaves_the_same_bytes_of_meaning(started):
    started.take(REGISTER | {"university_of_harrowdale": reads(HARROWDALE, end="2029-01-01")}, "2026-07-01")
    started.run("reparse")
    once = without_search(started.counts())
    started.run("reparse")

    assert without_search(started.counts()) == once


def test_an_edition_between_two_keeps_what_the_later_one_saw_as_unchanged(started):
    started.take(REGISTER, "2026-08-01")
    started.take(REGISTER, "2026-09-01")
    started.take(REGISTER | {"university_of_harrowdale": reads(HARROWDALE, end="2029-01-01")}, "2026-07-01")

    assert [(one["kind"], one["first_seen"]) for one in started.changes()] == [
        ("dsa-shortened", "2026-09-01T00:00:00Z"),  # what stood there before is believed again at its second sighting
        ("dsa-extended", "2026-07-01T00:00:00Z"),
    ]


def test_the_second_sighting_stays_the_second(started):
    for at in ("2026-07-01", "2026-08-01", "2026-09-01"):
        started.take(REGISTER, at)

    periods = {(row["first_seen"], row["second_seen"], row["last_seen"]) for row in started.history()["snapshots"]}
    assert periods == {("2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z", "2026-09-01T00:00:00Z")}


def test_an_edition_that_only_repeats_moves_the_last_sighting_and_nothing_else(started):
    started.take(REGISTER, "2026-08-01")
    in_between = started.counts()
    started.take(REGISTER, "2026-07-01")

    assert without_search(started.counts()) == without_search(in_between) | {"runs": 3, "manifests": 3}
    assert {row["second_seen"] for row in started.history()["snapshots"]} == {"2026-07-01T00:00:00Z"}


def names_file(watch, text):
    (watch.folder / "names.toml").write_text(text, encoding="utf-8")
    (watch.folder / "registerwatch.toml").write_text('[vocabulary]\nfile = "names.toml"\n', encoding="utf-8")
    return Watch(watch.folder, "--config", str(watch.folder / "registerwatch.toml"))


def test_the_users_names_apply_to_the_past_at_the_next_reparse(started):
    renamed = reads(EASTMERE, datasets=("Emergency Care Data",))
    started.take(REGISTER | {"nhs_eastmere_icb": renamed}, "2026-07-01")
    assert started.told() == [("dataset-added", "DARS-NIC-418833-K1D7R")]

    own = names_file(started, '[[datasets]]\nnames = ["Emergency Care Data", "Emergency Care Data Set (ECDS)"]\n')
    result = own.run("reparse")

    assert result.stdout == "Derived 2 runs again: 0 changes as before, 1 new, 1 no longer found.\n"
    assert own.told() == []
    assert own.told("--all") == [("dataset-relabelled", "DARS-NIC-418833-K1D7R")]


def test_names_taken_away_again_bring_back_the_same_ids(started):
    started.take(REGISTER | {"nhs_eastmere_icb": reads(EASTMERE, datasets=("Emergency Care Data",))}, "2026-07-01")
    before = started.history()
    own = names_file(started, '[[datasets]]\nnames = ["Emergency Care Data", "Emergency Care Data Set (ECDS)"]\n')
    own.run("reparse")
    started.run("reparse")

    assert started.history() == before


def test_other_reading_rules_derive_all_again_at_the_next_import_without_news(started):
    started.take(REGISTER | {"university_of_harrowdale": reads(HARROWDALE, end="2029-01-01")}, "2026-07-01")
    before = started.history()
    with closing(sqlite3.connect(started.database)) as database, database:
        # As an older reader would have left it: another digest, an agreement read without its datasets.
        database.execute("update derivation set rules = 'older'")
        database.execute("update readings set rules = 'older'")
        database.execute("update states set datasets = '[]', hash = 'older' || id")
        database.execute("update beliefs set belief = replace(belief, 'Harrowdale', 'Harowdale')")
    result = started.take(REGISTER | {"university_of_harrowdale": reads(HARROWDALE, end="2029-01-01")}, "2026-08-01")

    assert result.exit_code == 0
    assert started.told() == [("dsa-extended", "DARS-NIC-204517-H6M2P")]
    assert started.history()["changes"] == before["changes"]
    assert started.history()["versions"] == before["versions"]


# --- older, foreign, newer, damaged -----------------------------------------------------------------------------------


def shape(path):
    with closing(sqlite3.connect(path)) as database:
        return set(database.execute("select type, name, sql from sqlite_master where name not like 'sqlite_%'"))


def test_an_older_database_gets_todays_tables_and_views(tmp_path):
    older, today = tmp_path / "older.db", tmp_path / "today.db"
    database = Database(older)
    add_functions(database.conn)  # a step that derives names folds them
    steps.migrations({"m003_manifests": begin_chain}).apply(database, stop_before=steps.names()[-1])
    database.execute("pragma application_id = 0x52575448")
    database.close()
    open_store(older).close()
    open_store(today).close()

    assert shape(older) == shape(today)


def test_changes_from_before_there_were_details_get_them_when_a_command_opens_the_file(started):
    objectives = "To learn why admissions fall."
    started.take(REGISTER | {"university_of_harrowdale": reads(HARROWDALE, objectives=objectives)}, "2026-07-01")
    before = started.history()
    with closing(sqlite3.connect(started.database)) as database, database:
        for (view,) in database.execute("select name from sqlite_master where type = 'view'").fetchall():
            database.execute(f"drop view {view}")
        database.execute("alter table changes drop column details")
        database.execute("delete from _sqlite_migrations where name = 'm006_details'")
        database.execute("pragma user_version = 0")
    (change,) = started.changes()

    assert change["details"]["words_out"] > 0
    assert started.history() == before


def test_a_database_without_the_views_gets_them(started):
    with closing(sqlite3.connect(started.database)) as database, database:
        for (view,) in database.execute("select name from sqlite_master where type = 'view'").fetchall():
            database.execute(f"drop view {view}")
        database.execute("pragma user_version = 0")
    before = started.history()
    started.run("status")

    assert started.history() == before
    with closing(sqlite3.connect(started.database)) as database:
        assert database.execute("select count(*) from current_agreements").fetchone() == (3,)


def test_a_later_step_of_the_schema_keeps_what_is_there(started, monkeypatch):
    before = started.history()
    names, sql = [*steps.names(), "m999_remarks"], steps.sql
    added = "alter table pages add column remarks text;"
    monkeypatch.setattr(steps, "names", lambda: names)
    monkeypatch.setattr(steps, "sql", lambda name: added if name == "m999_remarks.sql" else sql(name))
    open_store(started.database).close()

    with closing(sqlite3.connect(started.database)) as database:
        assert database.execute("select count(*), max(remarks) from pages").fetchone() == (3, None)
    assert started.history() == before


def one_line(result):
    (line,) = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    assert "Traceback" not in line
    assert line.startswith("registerwatch: ")
    return line


COMMANDS = {
    "status": ["status"],
    "changes": ["changes", "--format", "json"],
    "show": ["show", "DARS-NIC-204517-H6M2P"],
    "reparse": ["reparse"],
    "import": ["import", "edition", "--fetched-at", "2026-10-01"],
}


@pytest.fixture(params=COMMANDS)
def command(request, watch):
    edition = write_edition(watch.folder / "edition", REGISTER)
    return [str(edition) if word == "edition" else word for word in COMMANDS[request.param]]


def foreign_database(path):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table accounts (name text)")
        database.execute("insert into accounts values ('somebody')")


def browser_history(path):
    foreign_database(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma application_id = 252006674")
        database.execute("pragma journal_mode = wal")


def a_letter(path):
    path.write_text("Dear Sir or Madam,\n" * 100, encoding="utf-8")


def a_short_note(path):
    path.write_bytes(b"SQLite format")


@pytest.mark.parametrize("make", [foreign_database, browser_history, a_letter, a_short_note])
def test_a_file_that_is_not_ours_is_left_as_it_is(watch, command, make):
    make(watch.database)
    before = watch.database.read_bytes()

    line = one_line(watch.run(*command))

    assert str(watch.database) in line
    assert "it is left as it is" in line
    assert watch.database.read_bytes() == before


def test_a_database_of_a_newer_program_is_left_as_it_is(started, command):
    with closing(sqlite3.connect(started.database)) as database, database:
        database.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('registerwatch', 'm999_x', '')"
        )
    before = started.database.read_bytes()
    line = one_line(started.run(*command))

    assert "m999_x" in line
    assert "update the program" in line
    assert started.database.read_bytes() == before


@pytest.mark.parametrize("keep", [0.9, 0.5, 0.1, 4096, 2000, 200, 50])
def test_a_half_written_database_is_left_as_it_is(started, command, keep):
    whole = started.database.read_bytes()
    half = whole[: keep if keep > 1 else int(len(whole) * keep)]
    started.database.write_bytes(half)
    line = one_line(started.run(*command))

    assert str(started.database) in line
    assert "back" in line or "name another" in line
    assert started.database.read_bytes() == half


def test_pages_damaged_in_the_middle_are_named_as_damage(started):
    for month in range(7, 12):
        started.take(
            {f"board_{month}_{n}": reads(EASTMERE, title=f"Study {n}") for n in range(20)}, f"2026-{month:02d}-01"
        )
    whole = bytearray(started.database.read_bytes())
    for place in range(8 * 4096, len(whole) - 4096, 4096):
        whole[place : place + 64] = b"\xff" * 64
    started.database.write_bytes(whole)
    line = one_line(started.run("changes", "--format", "json"))

    assert str(started.database) in line
    assert "is damaged" in line


def test_a_folder_in_place_of_the_database_is_named(watch, command):
    watch.database.mkdir()

    assert "is a folder" in one_line(watch.run(*command))


def test_a_database_in_a_folder_that_is_not_there_is_named(watch, command):
    watch.database = watch.folder / "nowhere" / "registerwatch.db"

    assert "nowhere" in one_line(watch.run(*command))


def test_a_database_may_lie_in_a_folder_of_any_name(tmp_path):
    watch = Watch(tmp_path / "100% of it? #1 & 'more' ünï %41")
    watch.folder.mkdir()
    watch.take(REGISTER, "2026-06-01")

    assert watch.run("status").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == [watch.folder.name]


def test_an_error_shows_where_it_came_from_only_if_asked(watch):
    a_letter(watch.database)

    assert "Traceback" not in watch.run("status").stderr
    assert "Traceback (most recent call last)" in Watch(watch.folder, "-v").run("status").stderr


AS_ONE_WHOM_PERMISSIONS_CONCERN = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
for right in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, right, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-c", "from cron.cli import main; main()", *sys.argv[1:]])
"""
"""Root may write everywhere, unless it gives up these two rights; for others this changes nothing."""


def run_without_rights(database, *arguments):
    code = [sys.executable, "-c", AS_ONE_WHOM_PERMISSIONS_CONCERN, "--db", str(database), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(code, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("what", ["file", "folder", "unreadable"])
def test_what_may_not_be_written_is_named_and_left_as_it_is(tmp_path, what):
    watch = Watch(tmp_path / "data")
    watch.folder.mkdir()
    watch.take(REGISTER, "2026-06-01")
    before = watch.database.read_bytes()
    edition = write_edition(tmp_path / "new", {"nhs_northam_icb": NORTHAM})
    watch.folder.chmod(0o555 if what == "folder" else 0o755)
    watch.database.chmod({"file": 0o444, "folder": 0o644, "unreadable": 0o000}[what])
    result = run_without_rights(watch.database, "import", edition, "--fetched-at", "2026-07-01")
    watch.folder.chmod(0o755)
    watch.database.chmod(0o644)
    (line,) = result.stderr.splitlines()

    assert (result.returncode, result.stdout) == (1, "")
    assert str(watch.database) in line
    assert "writable" in line
    assert watch.database.read_bytes() == before


@pytest.mark.parametrize(("mask", "ours", "of_all"), [(0o022, 0o640, 0o644), (0o077, 0o600, 0o600)])
def test_others_read_the_feeds_and_nothing_else_and_a_stricter_mask_is_kept(tmp_path, mask, ours, of_all):
    watch, before = Watch(tmp_path), os.umask(mask)
    try:
        watch.take(REGISTER, "2026-01-01")
        with closing(sqlite3.connect(watch.database)) as db:
            db.execute("update runs set reason = reason")  # what lies beside the file while it is open
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("registerwatch.db*")}
        for command in (("feeds", tmp_path / "feeds"), ("backup", tmp_path / "copy.db")):
            assert watch.run(*command).exit_code == 0
    finally:
        os.umask(before)

    assert {"registerwatch.db", "registerwatch.db-wal", "registerwatch.db-shm"} <= set(modes)
    assert set(modes.values()) == {ours}
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == ours
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "feeds").rglob("*.*")} == {of_all}


def test_two_programs_at_once_wait_for_each_other(started):
    editions = [
        write_edition(
            started.folder / f"e{month}", REGISTER | {"nhs_eastmere_icb": reads(EASTMERE, end=f"203{month}-01-01")}
        )
        for month in range(6)
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", "from cron.cli import main; main()", "--db", str(started.database), "import",
             str(edition), "--fetched-at", f"2026-08-0{number + 1}"],
            env=environment, cwd=started.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number, edition in enumerate(editions)
    ]  # fmt: skip
    answers = [process.communicate(timeout=120) for process in running]

    assert [(process.returncode, err) for process, (_, err) in zip(running, answers, strict=True)] == [(0, "")] * 6
    assert [run["captured_at"][:10] for run in started.history()["runs"]] == [
        "2026-06-01", *(f"2026-08-0{n}" for n in range(1, 7))
    ]  # fmt: skip
    assert started.told("--kind", "dsa-extended") == [("dsa-extended", "DARS-NIC-418833-K1D7R")] * 6


# --- growth -----------------------------------------------------------------------------------------------------------


def test_a_quiet_edition_costs_two_small_rows(started):
    started.take(REGISTER, "2026-07-01")
    before, rows = started.database.stat().st_size, started.counts()
    for day in range(1, 21):
        started.take(REGISTER, f"2026-08-{day:02d}")

    assert started.counts() == rows | {"runs": rows["runs"] + 20, "manifests": rows["manifests"] + 20}
    assert started.database.stat().st_size - before <= 5 * 4096


def test_an_agreement_that_changes_adds_rows_for_what_changed_only(started):
    before = without_search(started.counts())
    started.take(REGISTER | {"university_of_harrowdale": reads(HARROWDALE, sublicensing="Yes")}, "2026-07-01")
    after = without_search(started.counts())

    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == dict.fromkeys(
        [
            "agreement_versions",
            "bodies",
            "captures",
            "changes",
            "manifests",
            "readings",
            "runs",
            "snapshots",
            "states",
        ],
        1,
    )


# --- held, released, discarded ----------------------------------------------------------------------------------------


@pytest.fixture
def held(watch):
    watch.take({"nhs_northam_icb": NORTHAM, "wexcombe_city_council": WEXCOMBE}, "2026-06-01")
    smaller = {"nhs_northam_icb": replace(NORTHAM, projects=many(20)), "wexcombe_city_council": WEXCOMBE}
    assert watch.take(smaller, "2026-07-01").exit_code == 3
    return watch


def test_a_held_run_is_no_state_and_no_news(held):
    assert held.told("--all") == []
    assert len(held.json("agreements", "--format", "json")) == 41
    assert held.json("show", "DARS-NIC-500030-Q2W3E")[0]["as_of"] == "2026-06-01T00:00:00Z"


def test_status_asks_for_a_person_while_a_run_is_held(held):
    result = held.run("status")

    assert result.exit_code == 3
    assert "registerwatch release 2" in " ".join(result.stdout.split())
    assert json.loads(held.run("status", "--format", "json").stdout)[0]["held"][0]["id"] == 2


REMOVED = [("agreement-removed", f"DARS-NIC-{500_020 + n}-Q2W3E") for n in range(20)]


def test_a_release_commits_a_run_and_tells_what_it_lacks(held):
    result = held.run("release", "2")

    assert (result.exit_code, result.stderr) == (0, "")
    assert held.run("status").exit_code == 0
    assert held.told() == REMOVED
    assert held.history()["runs"][1]["state"] == "committed"
    assert len(held.json("agreements", "--format", "json")) == 21


def test_what_a_released_run_lacks_is_not_held_or_told_again(held):
    held.run("release", "2")

    assert held.take(held.folder / "edition-001", "2026-08-01").exit_code == 0
    assert held.told() == REMOVED


def test_a_release_outlives_a_reparse(held):
    held.run("release", "2")
    before = held.history()
    held.run("reparse")

    assert held.history() == before


def test_a_discarded_run_keeps_its_bodies_and_nothing_else(held):
    kept = held.counts()["bodies"]
    before = {name: rows for name, rows in held.history().items() if name != "runs"}
    result = held.run("discard", "2")

    assert (result.exit_code, result.stderr) == (0, "")
    assert held.run("status").exit_code == 0
    assert {name: rows for name, rows in held.history().items() if name != "runs"} == before
    assert held.history()["runs"][1]["state"] == "discarded"
    assert held.counts()["bodies"] == kept


def test_a_held_run_is_superseded_by_the_next_believable_one(held):
    held.take(held.folder / "edition-000", "2026-08-01")

    assert [run["state"] for run in held.history()["runs"]] == ["committed", "superseded", "committed"]
    assert held.run("status").exit_code == 0
    assert "run 2 is superseded, not held" in one_line(held.run("release", "2"))
    assert "run 2 is superseded, not held" in one_line(held.run("discard", "2"))


def test_only_the_latest_held_run_can_be_decided_on(held):
    held.take({"nhs_northam_icb": replace(NORTHAM, projects=many(21)), "wexcombe_city_council": WEXCOMBE}, "2026-08-01")

    assert [run["state"] for run in held.history()["runs"]] == ["committed", "held", "held"]
    assert "3" in one_line(held.run("release", "2"))
    assert held.run("release", "3").exit_code == 0
    assert [run["state"] for run in held.history()["runs"]] == ["committed", "superseded", "committed"]


def test_a_run_that_is_not_held_or_not_there_cannot_be_decided_on(held):
    before = held.everything()

    assert "run 1 is committed, not held" in one_line(held.run("release", "1"))
    assert "run 7 is not known" in one_line(held.run("discard", "7"))
    assert held.everything() == before


def test_a_store_that_is_not_there_is_not_made_for_a_question(tmp_path):
    with pytest.raises(StoreError, match="start with `registerwatch run` or `registerwatch import`"):
        open_store(tmp_path / "registerwatch.db", create=False)

    assert list(tmp_path.iterdir()) == []


def test_nothing_half_done_is_kept_when_an_import_fails_midway(started, monkeypatch):
    before = started.everything()
    monkeypatch.setattr("snapshots.keeping.history.HistoryWriter.write_run", lambda *_: 1 / 0)
    result = started.take(REGISTER | {"nhs_northam_icb": NORTHAM}, "2026-07-01")

    assert isinstance(result.exception, ZeroDivisionError)
    assert started.everything() == before
