"""Workbooks taken by the command and from the inbox: told as they must be, once, in any order, and kept whole."""

import shutil
import zipfile

import openpyxl
import pytest

from tests.harness.editions import REGISTER
from tests.harness.nights import Nights
from tests.harness.register_server import RegisterServer, Site
from tests.harness.workbooks.play import Official
from tests.harness.workbooks.story import months, older_months
from tests.harness.workbooks.truth import report


@pytest.fixture(scope="module")
def year():
    return list(months("taken", 5, 8, agreements=30))


@pytest.fixture(scope="module")
def taken(year, tmp_path_factory):
    official = Official(tmp_path_factory.mktemp("taken"))
    official.take_official(*year)
    return official


def without_numbers(rows):
    return sorted(tuple(one[:1]) + tuple(one[2:]) for one in rows)


def ids(official):
    return [one["id"] for one in official.changes("--all")]


def test_what_editions_tell_is_what_they_must_tell(year, taken):
    verdicts = taken.judged(year)

    assert report(verdicts) == ""
    assert sum(sum(one.right.values()) for one in verdicts) > 40


def test_the_older_shape_is_told_as_it_must_be(tmp_path):
    editions = list(older_months("older", 4, 8, agreements=30))
    official = Official(tmp_path)
    official.take_official(*editions)
    verdicts = official.judged(editions)

    assert report(verdicts) == ""
    assert sum(sum(one.right.values()) for one in verdicts) > 10


def test_the_same_workbook_again_adds_nothing(year, taken):
    before = taken.everything()
    result = taken.run("import-official", next((taken.folder / "workbooks").glob("*september2021.xlsx")))

    assert (result.exit_code, "already" in result.stdout) == (0, True)
    assert taken.everything() == before


def test_another_workbook_of_a_month_is_refused(year, taken, tmp_path):
    other = year[1].write(tmp_path)
    result = taken.run("import-official", other, "--edition", str(year[2].month))

    assert result.exit_code == 1
    assert "is kept as the edition of" in result.stderr


def test_the_order_in_which_editions_are_taken_makes_no_difference(year, taken, tmp_path):
    official = Official(tmp_path)
    official.take_official(year[4], year[0], year[2], year[1], year[3])

    assert ids(official) == ids(taken)
    versions = "select reference, facts, dsa_end, first_seen, last_seen from official_versions order by 1, 4"
    assert [row(one, versions) for one in (official, taken)] == [row(taken, versions)] * 2


def row(official, sql):
    import sqlite3

    with sqlite3.connect(official.database) as database:
        return database.execute(sql).fetchall()


def test_all_is_proved_and_derived_again_as_it_was(taken):
    before = taken.everything()

    assert taken.run("verify").exit_code == 0
    assert taken.run("reparse").exit_code == 0
    after = taken.everything()
    assert after["changes"] == before["changes"]
    assert after["official_versions"] == before["official_versions"]
    assert after["official_beliefs"] == before["official_beliefs"]


def test_rows_that_were_altered_are_found(taken, tmp_path):
    import sqlite3

    official = Official(tmp_path)
    shutil.copy(taken.database, official.database)
    with sqlite3.connect(official.database) as database:
        database.execute("update official_editions set sha256 = 'x' || substr(sha256, 2) where month = '2021-08'")
    result = official.run("verify")

    assert result.exit_code == 1
    assert "sha256 of the official register is not as it was" in result.stderr


# --- refused ----------------------------------------------------------------------------------------------------------


def altered(path, folder, alter):
    book = openpyxl.load_workbook(path)
    alter(book)
    folder.mkdir(exist_ok=True)
    book.save(folder / path.name)
    return folder / path.name


@pytest.mark.parametrize(
    ("alter", "says"),
    [
        (lambda book: book.remove(book["Datasets"]), "has no sheet 'Datasets'"),
        (lambda book: book["Agreements"].delete_cols(8), "the sheet 'Agreements' has no column"),
        (lambda book: book["DataReleases"].delete_rows(1), "the sheet 'DataReleases' has no column 'Reference Number'"),
        (lambda book: book["Agreements"].delete_rows(2, 10_000), "no row of its sheet 'Agreements' has a reference"),
    ],
)
def test_a_workbook_that_lacks_what_its_shape_names_is_refused_by_name(year, tmp_path, alter, says):
    official = Official(tmp_path)
    bad = altered(year[0].write(tmp_path), tmp_path / "bad", alter)
    result = official.run("import-official", bad)

    assert result.exit_code == 1
    assert says in result.stderr
    assert not official.database.exists()


def test_what_is_unknown_is_noticed_and_a_new_column_is_no_news(year, tmp_path):
    def alter(book):
        book.create_sheet("Surprise")
        sheet = book["Agreements"]
        place = sheet.max_column + 1
        sheet.cell(1, place, "Shade")
        for number in range(2, 6):
            sheet.cell(number, place, "blue")

    official = Official(tmp_path)
    first = year[0].write(tmp_path)
    assert official.run("import-official", first).exit_code == 0
    result = official.run("import-official", altered(first, tmp_path / "next", alter), "--edition", "2021-08")

    assert result.exit_code == 0
    assert "unknown sheet" in result.stdout
    assert "Shade" in result.stdout
    assert official.told() == []


def test_what_is_no_workbook_or_reaches_too_far_is_refused(tmp_path):
    official = Official(tmp_path)
    text = tmp_path / "2022-01.xlsx"
    text.write_bytes(b"no workbook")
    far = tmp_path / "2022-02.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Agreements"
    book.active.cell(1_048_576, 16_384, "x")
    book.save(far)

    assert "no whole Excel workbook" in official.run("import-official", text).stderr
    assert "reaches over 1,048,576 rows" in official.run("import-official", far).stderr
    assert "says no month" in official.run("import-official", shutil.copy(text, tmp_path / "book.xlsx")).stderr
    assert "lies in the future" in official.run("import-official", far, "--edition", "2098-01").stderr


# --- the inbox --------------------------------------------------------------------------------------------------------


@pytest.fixture
def nights(tmp_path):
    with RegisterServer(Site(dict(REGISTER))) as server:
        inbox = tmp_path / "night" / "inbox"
        watch = Nights(tmp_path / "night", server, official={"inbox": "inbox"})
        inbox.mkdir()
        yield watch, inbox


def subscribed(nights):
    settings = nights.config.read_text(encoding="utf-8")
    one = '\n[mail]\nsender = "us@example.org"\n[[subscriptions]]\nname = "all"\nemail = "ig@example.org"\n'
    nights.config.write_text(settings + one, encoding="utf-8")


def letters(nights):
    return sorted((nights.folder / "outbox").glob("*.eml")) if (nights.folder / "outbox").exists() else []


def test_a_run_empties_the_inbox_and_tells_what_it_took_once(nights, year):
    nights, inbox = nights
    subscribed(nights)
    for edition in year[:2]:
        edition.write(inbox)
    result = nights.night()

    assert (result.exit_code, list(inbox.iterdir())) == (0, []), result.output + result.stderr
    assert f"official register of {year[1].month}" in result.stdout
    kept = sorted((nights.folder / "official").iterdir())
    assert len(kept) == 2
    assert all(zipfile.is_zipfile(file) for file in kept)
    told = letters(nights)
    assert told
    # Dropped there once more, as by somebody whose computer was switched off meanwhile.
    year[1].write(inbox)
    again = nights.night()
    assert (again.exit_code, list(inbox.iterdir()), letters(nights)) == (0, [], told)


def test_a_file_that_is_half_copied_waits_and_one_that_is_refused_is_said(nights, year):
    nights, inbox = nights
    whole = year[0].write(inbox).read_bytes()
    path = inbox / next(inbox.iterdir()).name
    path.write_bytes(whole[: len(whole) // 2])
    half = nights.night()
    refused = altered(year[1].write(nights.folder), inbox, lambda book: book.remove(book["Datasets"]))
    path.write_bytes(whole)
    after = nights.night()
    status = nights.run("status")

    assert (half.exit_code, "until it is whole" in half.stdout) == (0, True), half.output
    assert (after.exit_code, list(inbox.iterdir())) == (3, [refused])
    assert "has no sheet 'Datasets'" in after.stdout
    assert (status.exit_code, refused.name in status.stdout) == (3, True)


def test_a_run_that_is_killed_before_the_file_left_the_inbox_tells_it_once(nights, year, monkeypatch):
    nights, inbox = nights
    subscribed(nights)
    year[0].write(inbox)
    nights.night()
    year[1].write(inbox)
    with monkeypatch.context() as killed:
        killed.setattr("pathlib.Path.unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        nights.night()
    there = [path.name for path in inbox.iterdir() if path.suffix == ".xlsx"]
    nights.night()
    changes = nights.changes("--all", "--register", "nhs-official")

    assert there
    assert list(inbox.iterdir()) == []
    assert len({change["id"] for change in changes}) == len(changes) > 0
    assert len(letters(nights)) == 1


def test_what_no_page_has_is_shown_as_the_official_register_holds_it(taken):
    reference = taken.json("changes", "--register", "nhs-official", "--kind", "version-added", "--format", "json")[0][
        "reference"
    ]
    (shown,) = taken.json("show", reference)

    assert shown["reference"] == reference.rpartition("-v")[0]
    assert (shown["agreement"], shown["pages"], shown["versions"]) == (None, [], [])
    assert reference in [version["reference"] for version in shown["official"]["versions"]]
    assert {change["reference"] for change in shown["changes"]} >= {reference}
    assert taken.run("show", "DARS-NIC-999999-X9X9X").exit_code == 1


def test_how_much_is_held_is_said_by_status(year, taken):
    (state,) = taken.json("status", "--format", "json")
    official = state["official"]

    assert (official["edition"], official["versions"]) == (str(year[-1].month), len(year[-1].sheets["Agreements"]) - 1)
    assert 0 < official["agreements"] <= official["versions"]
    said = taken.run("status").output
    assert "No page was read yet" in said
    assert f"{official['versions']} versions of {official['agreements']} agreements" in " ".join(said.split())
