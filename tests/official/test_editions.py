"""Months of the official register, taken by the real command, are told exactly: every edit, and nothing else."""

from random import Random

import pytest

from tests.harness.workbooks.play import ALL, Official
from tests.harness.workbooks.story import Story, months, older_months
from tests.harness.workbooks.truth import report
from tests.harness.workbooks.writing import write_openpyxl


def assert_told(official, editions):
    verdicts = official.judged(editions)

    assert report(verdicts) == ""
    assert sum(sum(one.right.values()) for one in verdicts) > len(editions)


def test_months_of_the_newer_shape_are_told_exactly(tmp_path):
    editions = list(months("quick", 7, 9, agreements=30, files=3))
    official = Official(tmp_path)
    official.take_official(*editions)

    assert_told(official, editions)


def test_months_of_the_older_shape_are_told_exactly(tmp_path):
    editions = list(older_months("old", 6, 7, agreements=30))
    official = Official(tmp_path)
    official.take_official(*editions, write=write_openpyxl)

    assert_told(official, editions)


def test_the_first_edition_tells_nothing(tmp_path):
    official = Official(tmp_path)
    official.take_official(Story("first", 12).first())

    assert official.changes(*ALL) == []


def test_typing_a_month_anew_tells_nothing(tmp_path):
    story = Story("typing", 12)
    official = Official(tmp_path)
    official.take_official(story.first(), *(story.turn(0, share=0) for _ in range(2)))

    assert [one["summary"] for one in official.changes("--register", "nhs-official")] == []


def test_an_edition_taken_twice_adds_nothing(tmp_path):
    editions = list(months("twice", 2, 6, agreements=12))
    official = Official(tmp_path)
    official.take_official(*editions)
    before = official.everything()
    official.take_official(*editions)

    assert official.everything() == before


def test_the_order_of_import_does_not_matter(tmp_path):
    editions = list(months("order", 4, 8, agreements=30, files=2))
    shuffled = editions.copy()
    Random("order").shuffle(shuffled)
    histories = []
    for name, order in (("in-order", editions), ("shuffled", shuffled)):
        (tmp_path / name).mkdir()
        official = Official(tmp_path / name)
        official.take_official(*order)
        histories.append(official.history())

    assert histories[0] == histories[1]


def test_several_files_of_one_command_are_their_months(tmp_path):
    editions = list(months("several", 3, 6, agreements=20))
    official = Official(tmp_path)
    paths = [edition.write(tmp_path / "workbooks") for edition in editions]
    result = official.run("import-official", *reversed(paths))

    assert result.exit_code == 0, result.output
    assert_told(official, editions)


@pytest.mark.parametrize(
    "name", ["DataUsesRegister_September2026.xlsx", "register-202609.xlsx", "releaseregister_20260901_20260930.xlsx"]
)
def test_the_month_stands_in_the_name_of_the_file(tmp_path, name):
    story = Story("named", 3)
    path = story.first().write(tmp_path).rename(tmp_path / name)
    official = Official(tmp_path)

    assert official.run("import-official", path).exit_code == 0
    assert official.run("import-official", path, "--edition", "2026-09").exit_code == 0
    assert official.changes(*ALL) == []


def test_a_file_whose_name_has_no_month_needs_one(tmp_path):
    path = Story("unnamed", 3).first().write(tmp_path).rename(tmp_path / "register.xlsx")
    official = Official(tmp_path)
    refused = official.run("import-official", path)

    assert refused.exit_code in (1, 2)
    assert "--edition" in refused.stderr
    assert official.run("import-official", path, "--edition", "2022-04").exit_code == 0
