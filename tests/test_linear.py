"""No regular expression of ours takes more than linear time over others' texts: each is pumped, its work counted.

Every expression in the source is found, those within functions too, with what is done with it. What is bounded
otherwise stands in a table with its reason.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.harness.backtracking import Counted, TooMuchWorkError, pumps

ROOT = Path(__file__).parents[1]
PACKAGES = ("scraper", "diff", "snapshots", "notify", "cron")
METHODS = frozenset({"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer", "scanner"})
REPEATED = frozenset({"sub", "subn", "split", "findall", "finditer", "scanner"})


@dataclass(frozen=True)
class Expression:
    """An expression, and one thing that is done with it."""

    place: str
    """Module, and name or line of what holds it."""
    pattern: str | bytes
    flags: int
    method: str

    def __str__(self) -> str:
        return f"{self.place}.{self.method}"


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def is_of_re(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in METHODS | {"compile"}
    )


LOCAL = {"also": "_", "SHORTEST_PREFIX": 4}
"""Names of functions' own that stand in an expression."""


def spelled(node: ast.Call, module: Any) -> tuple[str | bytes, int]:
    """Return the text of an expression and its flags."""

    def value(expression: ast.expr) -> Any:
        return eval(compile(ast.Expression(expression), "<expression>", "eval"), LOCAL | vars(module))

    of_flags = [word.value for word in node.keywords if word.arg == "flags"]
    if not of_flags:
        place = {"compile": 1, "sub": 4, "subn": 4, "split": 3}.get(node.func.attr, 2)
        of_flags = node.args[place : place + 1]
    return value(node.args[0]), int(value(of_flags[0])) if of_flags else 0


def done_with(tree: ast.Module) -> dict[str, set[str]]:
    """Return what is done with whatever is called so: `NAME.search(…)`, `NAMES["x"].match`."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            value = node.value
            while isinstance(value, ast.Subscript):
                value = value.value
            name = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
            found.setdefault(name, set()).add(node.attr)
    return found


@cache
def expressions() -> tuple[Expression, ...]:
    """Return every expression of the source, once for each thing that is done with it."""
    return tuple(found_expressions())


def found_expressions() -> Iterator[Expression]:
    everywhere: dict[str, set[str]] = {}
    for _, tree in modules():
        for name, methods in done_with(tree).items():
            everywhere.setdefault(name, set()).update(methods)
    for name, tree in modules():
        module, here = importlib.import_module(name), done_with(tree)
        targets = {
            id(node.value): target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not is_of_re(node):
                continue
            pattern, flags = spelled(node, module)
            called = targets.get(id(node), str(node.lineno))
            methods = here.get(called) or everywhere.get(called) or PASSED_ON.get(name) or {"search"}
            for method in sorted({node.func.attr} if node.func.attr != "compile" else methods):
                yield Expression(f"{name}.{called}", pattern, flags, method)


PASSED_ON = {"scraper.names.citations": {"match"}, "scraper.reading.values": {"match"}}
"""What is done in a module with expressions that are handed to a function."""

_OURS = "what it reads is the program's own SQL"
_ONE_SPACE = "white space is one space there"
BOUNDED = {
    "snapshots.sql.comments._STATEMENT": _OURS,
    "snapshots.sql.comments.50": _OURS,
    "scraper.reading.values._END_WORDS": _ONE_SPACE,
    "scraper.text._ESCAPES": "a control string ends after 999 characters",
}
"""Expressions whose text is bounded otherwise, and by what."""

LINEAR = 5.2
"""How many times as much work four times as long a text may be: 4, and what of it does not grow."""


def superlinear(expression: Expression, *, thorough: bool) -> tuple[str, str, str] | None:
    """Return with what an expression is stopped: what stands before, what is repeated, what stands behind."""
    counted = Counted(expression.pattern, expression.flags)
    for pump in pumps(counted, thorough=thorough):
        few = 40 if thorough else 12
        # Up to a bound it may grow as the square: a name of at most four hundred letters. Then it does no longer.
        if is_square(counted, expression.method, pump, few) and is_square(counted, expression.method, pump, 640):
            return pump
    return None


def is_square(counted: Counted, method: str, pump: tuple[str, str, str], times: int) -> bool:
    """Say whether four times as long a text is more than so much more work."""
    before, body, behind = pump
    try:
        once = counted.work(before + body * times + behind, method, most=3_000_000)
        counted.work(before + body * (4 * times) + behind, method, most=int((once + 50) * LINEAR))
    except TooMuchWorkError:
        return True
    return False


def test_every_expression_is_found():
    found = expressions()

    assert len(found) > 150
    assert {one.place for one in found} >= {"scraper.names.name_lists._CODE", "diff.cells._FORMULA"}
    assert any(re.fullmatch(r"[\w.]+\.\d+", one.place) for one in found)  # within a function


def test_an_expression_that_takes_its_square_is_found_out():
    for pattern in (r"\s+$", r"(a+)+$", r"\s*\(.*\)$"):
        assert superlinear(Expression("", pattern, 0, "search"), thorough=False)
    for pattern in (r"(?<!\s)\s++$", r"\s*", r"a{1,20}b", r"[^,]*,"):
        assert superlinear(Expression("", pattern, 0, "search"), thorough=False) is None
    assert superlinear(Expression("", r"\s+$", 0, "match"), thorough=False) is None


def stopped(*, thorough: bool) -> dict[str, Any]:
    found = {str(one): superlinear(one, thorough=thorough) for one in expressions() if one.place not in BOUNDED}
    return {name: pump for name, pump in found.items() if pump}


def test_no_expression_takes_more_than_linear_time():
    assert stopped(thorough=False) == {}


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_no_expression_takes_more_than_linear_time_whatever_it_is_pumped_with():
    assert stopped(thorough=True) == {}
