"""The second simulation: sites that nobody tuned the reader to. How to read a verdict: `tests/markups/__init__.py`."""

from pathlib import Path

import pytest

from tests.markups import known, program, register
from tests.markups.judge import MISREAD, RIGHT, judge_reading
from tests.markups.sites.markups import MARKUPS, QUICK, UNFORESEEN, Markup, markup

REGISTER = register.small()


def cases(names: list[str], *marks: pytest.MarkDecorator) -> list:
    """Return the cases as parameters; those that are known to fail are expected to, strictly."""
    fails = pytest.mark.xfail(strict=True, reason="known.py")
    return [pytest.param(name, id=name, marks=[*marks, *([fails] if name in known.FAILING else [])]) for name in names]


def quick_first(quick: list[Markup], every: list[Markup]) -> list:
    """Return the quick ones, and the rest marked as a long haul."""
    names = list(dict.fromkeys(one.name for one in quick))
    rest = [name for name in dict.fromkeys(one.name for one in every) if name not in names]
    return cases(names) + cases(rest, pytest.mark.soak)


@pytest.mark.parametrize("name", quick_first(QUICK, [*MARKUPS, *UNFORESEEN]))
def test_a_markup_is_read_right_or_the_reader_says_so(name: str, tmp_path: Path) -> None:
    one = markup(name)

    reading = judge_reading(one, REGISTER, program.parse(one.pages(REGISTER), tmp_path))

    assert reading.outcome == RIGHT if one.foreseen else reading.outcome != MISREAD, "\n".join(reading.reasons[:12])
