"""Five years of the official register. `make soak`; OFFICIAL_AGREEMENTS says how large it is at first."""

import os
from random import Random

import pytest

from tests.harness.workbooks.play import Official
from tests.harness.workbooks.story import months, older_months
from tests.harness.workbooks.truth import report
from tests.harness.workbooks.writing import has_libreoffice, write_libreoffice, write_openpyxl, write_xlsxwriter

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]

AGREEMENTS = int(os.environ.get("OFFICIAL_AGREEMENTS", "220"))
"""A register as large as the real one has 1,000 at first, and takes two hours."""


@pytest.mark.parametrize("seed", range(int(os.environ.get("SOAK_SEEDS", "1"))))
def test_five_years_are_told_exactly(tmp_path, seed):
    size = {"rows": 9, "files": 30} if AGREEMENTS >= 1000 else {}
    editions = list(months(f"years {seed}", 63, 30, agreements=AGREEMENTS, **size))
    official = Official(tmp_path)
    official.take_official(*editions)
    verdicts = official.judged(editions)

    assert report(verdicts) == ""
    assert sum(edition.edits for edition in editions) > 1500


@pytest.mark.parametrize("seed", range(4))
def test_small_registers_are_told_exactly(tmp_path, seed):
    editions = list(months(f"small {seed}", 24, 9, agreements=40))
    official = Official(tmp_path)
    official.take_official(*editions)

    assert report(official.judged(editions)) == ""


@pytest.mark.parametrize("seed", range(3))
def test_the_older_shape_is_told_exactly(tmp_path, seed):
    editions = list(older_months(f"older {seed}", 8, 10, agreements=50))
    official = Official(tmp_path)
    official.take_official(*editions)

    assert report(official.judged(editions)) == ""


@pytest.mark.parametrize("seed", range(3))
def test_any_order_gives_the_same_history(tmp_path, seed):
    editions = list(months(f"orders {seed}", 8, 9, agreements=40))
    histories = []
    for number in range(3):
        order = editions.copy()
        Random(f"{seed} {number}").shuffle(order) if number else None
        (tmp_path / str(number)).mkdir()
        official = Official(tmp_path / str(number))
        official.take_official(*order)
        histories.append(official.history())

    assert histories[0] == histories[1] == histories[2]


@pytest.mark.skipif(not has_libreoffice(), reason="LibreOffice is not installed")
def test_three_programs_write_the_same_register(tmp_path):
    editions = list(months("programs", 3, 9, agreements=30))
    histories = []
    for write in (write_xlsxwriter, write_openpyxl, write_libreoffice):
        (tmp_path / write.__name__).mkdir()
        official = Official(tmp_path / write.__name__)
        official.take_official(*editions, write=write)
        told = official.changes("--all", "--register", "nhs-official")
        histories.append(sorted((one["id"], one["kind"], one["summary"]) for one in told))
        assert report(official.judged(editions)) == ""

    assert histories[0] == histories[1] == histories[2]
