"""`make house` says how the source is cut. What it measures is not asserted, but for names: a class has its own."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import house

FIGURES = (
    "modules, `__init__.py` too",
    "lines",
    "modules in the fullest folder",
    "function length median / p90 / max",
    "private functions named once more",
    "class names with two meanings",
    "functions with more than 6 arguments",
    "comment lines",
    '`change["` is written',
)


@pytest.fixture(scope="module")
def printed():
    command = [sys.executable, house.__file__]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_printed_beside_that_of_version_one(printed, figure):
    (row,) = [line for line in printed if line.startswith(figure)]
    values = row.removeprefix(figure).split("  ")

    assert len([value for value in values if value]) >= 2


def test_what_is_counted_is_listed_on_request():
    counted = house.Figure("class names with two meanings", "1", listed=["Page: a.py, b.py"])

    assert "Page" not in house.table([counted])
    assert house.table([counted], verbose=True).splitlines()[-1].strip() == "Page: a.py, b.py"


def module(path, text):
    return house.Module(Path(path), text, ast.parse(text))


def test_a_private_function_named_once_more_is_told_from_one_named_twice():
    text = "def _a(): ...\ndef _b(): ...\n_a()\n_b()\n_b()\n"

    assert house.used_once([module("a.py", text)]) == (1, 2)


def test_a_name_of_two_classes_is_found_whatever_its_underscore():
    modules = [module("a.py", "class Page: ...\n"), module("b.py", "class _Page: ...\nclass Line: ...\n")]

    assert house.class_names_with_two_meanings(modules) == ["Page: a.py, b.py"]


def test_no_two_classes_of_the_source_have_one_name():
    assert house.class_names_with_two_meanings(house.read()) == []


def test_a_docstring_makes_no_function_longer():
    (function,) = module("a.py", 'def f():\n    """One.\n\n    Two.\n    """\n    return 1\n').functions()

    assert house.length(function) == 2


def test_self_is_no_argument():
    wide = module(
        "a.py", "class A:\n    def f(self, a, b, c, d, e, f): ...\n    def g(self, a, b, c, d, e, f, g): ...\n"
    )

    assert list(house.many_arguments(wide)) == ["a.py:3 g (7)"]
