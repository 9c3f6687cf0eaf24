"""The second simulation: sites that nobody tuned the reader to. How to read a verdict: `tests/markups/__init__.py`."""

from pathlib import Path

import pytest

from tests.markups import known, program, register
from tests.markups.judge import MISREAD, RIGHT, judge_reading
from tests.markups.sites import real
from tests.markups.sites.decorations import EVERY
from tests.markups.sites.markups import MARKUPS, QUICK, UNFORESEEN, markup
from tests.markups.told import cases
from tests.markups.told.judging import judge

REGISTER = register.small()


def named(names: list[str], quick: frozenset[str]) -> list:
    """Return the cases as parameters: the long hauls marked, those that are known to fail expected to, strictly."""
    soak, fails = pytest.mark.soak, pytest.mark.xfail(strict=True, reason="known.py")
    marks = {name: [soak] * (name not in quick) + [fails] * (name in known.FAILING) for name in names}
    return [pytest.param(name, id=name, marks=marks[name]) for name in names]


@pytest.mark.parametrize(
    "name", named([one.name for one in (*MARKUPS, *UNFORESEEN)], frozenset(one.name for one in QUICK))
)
def test_a_markup_is_read_right_or_the_reader_says_so(name: str, tmp_path: Path) -> None:
    one = markup(name)

    reading = judge_reading(one, REGISTER, program.parse(one.pages(REGISTER), tmp_path))

    assert reading.outcome == RIGHT if one.foreseen else reading.outcome != MISREAD, "\n".join(reading.reasons[:12])


@pytest.mark.parametrize("name", named(list(cases.HISTORIES), cases.QUICK))
def test_what_changes_is_told_and_nothing_else(name: str, tmp_path: Path) -> None:
    verdict = judge(cases.HISTORIES[name], tmp_path)

    assert verdict.faults == []


@pytest.mark.parametrize("name", named([f"edits-in:{site}" for site in EVERY if site != "plain"], frozenset()))
def test_an_edit_is_told_alike_in_every_markup(name: str, tmp_path: Path) -> None:
    """What is told of an edit does not hang on the markup: no edit fails that does not fail on the plain site too."""
    site = name.partition(":")[2]
    tried = [edit.history(site) for edit in cases.EDITS if edit.name not in known.FAILING]

    failed = {history.name: judge(history, tmp_path / str(n)).faults for n, history in enumerate(tried)}

    assert {name: faults for name, faults in failed.items() if faults} == {}


@pytest.mark.parametrize("name", named([f"real:{case}" for case in real.CASES], frozenset()))
def test_what_a_real_program_makes_is_not_misread(name: str, tmp_path: Path) -> None:
    """MkDocs, Hugo, Jekyll and Pandoc, where they are installed, on the register written as Markdown."""
    try:
        pages = real.build(name.partition(":")[2], REGISTER, tmp_path / "site")
    except real.NotInstalledError as missing:
        pytest.skip(str(missing))

    reading = judge_reading(markup("plain"), REGISTER, program.parse(pages, tmp_path / "pages"))

    assert reading.outcome != MISREAD, "\n".join(reading.reasons[:12])


def test_what_is_known_to_fail_is_a_case() -> None:
    everything = {one.name for one in (*MARKUPS, *UNFORESEEN)} | set(cases.HISTORIES)
    everything |= {f"edits-in:{site}" for site in EVERY} | {f"real:{case}" for case in real.CASES}

    assert everything >= known.FAILING
    assert set(cases.HISTORIES) >= cases.QUICK
