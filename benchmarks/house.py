"""Measure the house: `python benchmarks/house.py [-v]` prints how its source is cut, beside version one and the aim.

Read off the syntax, with the standard library only, so that it runs on any checkout. `-v` lists what the counts count.
"""

import ast
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("scraper", "snapshots", "diff", "notify", "cron")
MANY_ARGUMENTS = 6
FULLEST = 5

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file, read and parsed."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def lines(self) -> list[str]:
        """Return its lines, blank ones too."""
        return self.text.splitlines()

    def functions(self) -> Iterator[Function]:
        """Yield every function and method, nested ones too."""
        yield from (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def classes(self) -> Iterator[ast.ClassDef]:
        """Yield every class, nested ones too."""
        yield from (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))


@dataclass(frozen=True)
class Figure:
    """One line of the table, and what `-v` lists below it."""

    name: str
    today: str
    version_one: str = ""
    aim: str = ""
    listed: Sequence[str] = ()


def read(root: Path = ROOT) -> list[Module]:
    """Return the modules of the five source folders."""
    paths = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))
    texts = [(path.relative_to(root), path.read_text(encoding="utf-8")) for path in paths]
    return [Module(path, text, ast.parse(text)) for path, text in texts]


def measure(modules: Sequence[Module]) -> list[Figure]:
    """Return every figure of *modules*, beside version one's and the aim."""
    n_lines = sum(len(module.lines) for module in modules)
    full = fullest_folders(modules)
    lengths = sorted(length(function) for module in modules for function in module.functions())
    once, private = used_once(modules)
    twice = class_names_with_two_meanings(modules)
    wide = [where for module in modules for where in many_arguments(module)]
    comments = sum(line.lstrip().startswith("#") for module in modules for line in module.lines)
    untyped = [f"{m.path}: {n}" for m in modules if (n := m.text.count('change["'))]
    return [
        Figure("modules, `__init__.py` too", str(len(modules)), "192", "< 140"),
        Figure("lines", str(n_lines), "33526", "< 28000"),
        Figure("modules in the fullest folder", str(full[0][1]), "40", "<= 14"),
        *(Figure(f"  {folder}/", str(n), V1_FULLEST.get(folder, "")) for folder, n in full[:FULLEST]),
        Figure("function length median / p90 / max", spread(lengths), "5 / 17 / 51", "as it is"),
        Figure("private functions named once more", f"{once / private:.0%} of {private}", "63% of 1097", "50%"),
        Figure("class names with two meanings", str(len(twice)), "43", "0", twice),
        Figure(f"functions with more than {MANY_ARGUMENTS} arguments", str(len(wide)), "18", "", wide),
        Figure("comment lines", f"{comments / n_lines:.1%}", "0.7%", ">= 3%"),
        Figure('`change["` is written', str(sum(m.text.count('change["') for m in modules)), "263", "", untyped),
    ]


V1_FULLEST = {"snapshots/browse": "40", "cron": "37", "snapshots": "25", "scraper": "22", "diff": "19"}


def fullest_folders(modules: Iterable[Module]) -> list[tuple[str, int]]:
    """Return how many modules each folder has, the fullest first; a package's note is none."""
    counts = Counter(str(module.path.parent) for module in modules if module.path.name != "__init__.py")
    return counts.most_common()


def length(function: Function) -> int:
    """Return how many lines a function has, its docstring left out."""
    documented = ast.get_docstring(function, clean=False) is not None
    first = function.body[0]
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def spread(lengths: Sequence[int]) -> str:
    """Return median, ninth decile and maximum of sorted *lengths*."""
    return f"{statistics.median(lengths):g} / {lengths[int(0.9 * len(lengths))]} / {lengths[-1]}"


def used_once(modules: Iterable[Module]) -> tuple[int, int]:
    """Return how many private functions their module names just once more, of how many."""
    said = [
        len(re.findall(rf"\b{function.name}\b", module.text))
        for module in modules
        for function in module.functions()
        if function.name.startswith("_") and not function.name.startswith("__")
    ]
    return said.count(2), len(said)


def class_names_with_two_meanings(modules: Iterable[Module]) -> list[str]:
    """Return each name that two classes have, and where; a leading underscore makes no other name."""
    places: dict[str, list[str]] = {}
    for module in modules:
        for found in module.classes():
            places.setdefault(found.name.lstrip("_"), []).append(str(module.path))
    return [f"{name}: {', '.join(paths)}" for name, paths in sorted(places.items()) if len(paths) > 1]


def many_arguments(module: Module) -> Iterator[str]:
    """Yield the functions of *module* with more arguments than one can call without looking; `self` is none."""
    for function in module.functions():
        arguments = function.args
        names = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        n = len(names) - (names[:1] in (["self"], ["cls"]))
        if n > MANY_ARGUMENTS:
            yield f"{module.path}:{function.lineno} {function.name} ({n})"


def table(figures: Sequence[Figure], *, verbose: bool = False) -> str:
    """Return the figures as lines of equal columns, with what they count below them if *verbose*."""
    rows = [Figure("", "today", "version one", "aim"), *figures]
    lines = []
    for row in rows:
        lines.append(f"{row.name:40}{row.today:>14}{row.version_one:>14}{row.aim:>12}".rstrip())
        if verbose:
            lines += [f"    {item}" for item in row.listed]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    figures = measure(read())
    print(table(figures, verbose="-v" in arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
