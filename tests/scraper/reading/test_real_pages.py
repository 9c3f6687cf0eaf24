"""The four real pages, read where they lie: `REAL_REGISTER_DIR`. Nothing of them is copied into this project."""

import os
from pathlib import Path

import pytest

from scraper.reading.page import read_page
from scraper.records import RegisterPage

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def pages() -> list[RegisterPage]:
    folder = os.environ.get("REAL_REGISTER_DIR")
    if not folder:
        pytest.skip("REAL_REGISTER_DIR is not set: the register's real pages are not part of this project")
    paths = sorted(path for path in Path(folder).iterdir() if path.suffix in (".txt", ".html"))
    return [read_page(path.read_bytes(), source=path.name) for path in paths]


def test_the_agreements_of_each_page_are_found(pages: list[RegisterPage]):
    assert [len(page.agreements) for page in pages] == [2, 1, 1, 2]


def test_the_datasets_of_each_agreement_are_found(pages: list[RegisterPage]):
    counts = [[len(agreement.datasets or ()) for agreement in page.agreements] for page in pages]

    assert counts == [[42, 1], [4], [20], [5, 3]]


def test_all_are_of_layout_3(pages: list[RegisterPage]):
    assert {page.layout for page in pages} == {"L3"}


def test_the_names_and_counts_at_the_head_are_read(pages: list[RegisterPage]):
    assert [page.organisation.split()[1] for page in pages] == ["Leicester,", "South,", "Cambridge", "Coventry"]
    assert [page.files_disseminated for page in pages] == [55, 46, 58, 30]


def test_controllers_are_told_apart_though_names_hold_commas(pages: list[RegisterPage]):
    controllers = pages[0].agreements[0].controllers or ()

    assert len(controllers) == 9
    assert len([name for name in controllers if "," in name]) == 3


def test_the_flag_is_read_without_its_sign(pages: list[RegisterPage]):
    assert [len(page.flags) for page in pages] == [0, 0, 1, 0]
    assert pages[2].flags[0].startswith("NHS Cambridge And Peterborough Ccg was sent multiple files")


def test_a_window_that_ends_before_it_starts_is_kept_and_noticed(pages: list[RegisterPage]):
    (agreement,) = pages[2].agreements

    assert (agreement.released_from, agreement.released_to) == ("2017-06", "2017-05")
    assert pages[2].notices == (f"{agreement.reference}: the release window ends before it starts: 2017-06 to 2017-05",)


def test_a_section_that_is_not_there_is_not_an_empty_one(pages: list[RegisterPage]):
    agreement = pages[3].agreements[1]

    assert (agreement.objectives, agreement.processing) == (None, None)
    assert pages[0].agreements[1].yielded_benefits == ""


def test_the_note_under_the_access_method_is_no_method(pages: list[RegisterPage]):
    (agreement,) = pages[1].agreements

    assert agreement.access_methods == ("Ongoing", "System access")
    assert agreement.system_access_note is True


def test_every_line_of_a_page_is_read_somewhere(pages: list[RegisterPage]):
    folder = Path(os.environ["REAL_REGISTER_DIR"])
    for page in pages:
        prose = "\n".join(
            text
            for a in page.agreements
            for text in (a.objectives, a.yielded_benefits, a.expected_benefits, a.outputs, a.processing)
            if text
        )
        lines = [line.strip() for line in (folder / page.source).read_text(encoding="utf-8").splitlines()]
        left = [line for line in lines if line and line not in prose.split("\n")]
        assert len(left) < 25 * len(page.agreements) + sum(len(a.datasets or ()) for a in page.agreements)
