"""What comments, docstrings and pages cite: rules, pages, files, modules, functions; and whether these are there."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from benchmarks.house import FOLDERS

ROOT = next(folder.parent for folder in Path(__file__).parents if folder.name == "tests")
DOCS = ROOT / "docs"
DATA = {".sql", ".json", ".toml", ".html", ".css", ".js"}
WORD = re.compile(r"[A-Za-z_]\w*")

RULE = re.compile(r"\brules? (\d{1,2})(?:((?:, \d{1,2})*),? (?:and|to|or) (\d{1,2}))?\b")
PAGE = re.compile(r"\b(docs/)?([A-Za-z][\w-]*\.md)\b")
IN_CODE = re.compile(r"`([^`\n]+)`")
MODULE = re.compile(r"[\w/-]+\.py\b")
OF_MODULE = re.compile(r"((?:`[\w.]+`(?:, | and )?)+) in `([\w/]+\.py)`")

TESTS = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")]

STRANGERS = {
    "executescript",  # sqlite3
    "PHECancerReg",  # a reference of the register
    "V1234",
}
"""Names in code style that are nobody's here."""


def sources(*suffixes: str) -> list[Path]:
    """Return the files of the five folders, the benchmarks and docs/ with these suffixes."""
    folders = (*FOLDERS, "benchmarks", "docs")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.*") if path.suffix in suffixes)


@cache
def prose_of(path: Path) -> str:
    """Return the comments and docstrings of a source file, each as one line; of another file all of it."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return source
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    # A comment goes on over several lines: "design rule" at the end of one, the number on the next.
    comments = [token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT]
    texts = [" ".join(text.value.split()) for text in _docstrings(ast.parse(source))]
    return "\n".join([*texts, " ".join(comments)])


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield every text that stands by itself: docstrings, and what stands below a field or a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value


def rules_cited(text: str) -> set[int]:
    """Return the numbers of the rules that *text* cites."""
    numbers = (number for found in RULE.finditer(text) for number in re.findall(r"\d+", found[0]))
    return set(map(int, numbers))


class Names:
    """Every name that the code of the five folders has."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        self.defined: dict[str, set[str]] = {}
        """Module, as a path from the top → what it defines, methods and fields too."""
        self.members: dict[str, set[str]] = {}
        """Class → what it has."""
        for path in sources(".py"):
            self._read(path)
        for path in sources(*DATA):
            self.used |= set(WORD.findall(path.read_text(encoding="utf-8", errors="replace")))
        self.rooms = {part for module in self.defined for part in module.removesuffix(".py").split("/")}

    def _read(self, path: Path) -> None:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        beside_the_point = set(map(id, _docstrings(tree)))
        found = self.defined.setdefault(str(path.relative_to(ROOT)), set())
        for node in ast.walk(tree):
            found |= _defined_by(node)
            if isinstance(node, ast.ClassDef):
                inside = (name for part in ast.walk(node) if part is not node for name in _defined_by(part))
                self.members.setdefault(node.name, set()).update(inside)
            if id(node) not in beside_the_point:
                self.used |= _used_by(node)
        self.used |= found

    def has(self, cited: str) -> bool:
        """Say whether *cited*, which stands in code style somewhere, is there; true of what is no name of ours."""
        name = cited.removesuffix("()")
        if re.fullmatch(r"[\w./-]+", name) and (name.endswith(".py") or name.partition("/")[0] in FOLDERS):
            return (ROOT / name).exists() or any(module.endswith(f"/{name}") for module in [*self.defined, *TESTS])
        if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name) or name in STRANGERS:
            return True
        *owners, last = name.split(".")
        if owners and last in {"html", "txt", "json", "xml", "db", "toml", "md"}:
            return True
        if owners and owners[-1] in self.members:
            return last in self.members[owners[-1]]
        return last in self.used | self.rooms

    def module_has(self, module: str, cited: str) -> bool:
        """Say whether *module* defines what *cited* names, be it a method written with its class."""
        return WORD.findall(cited)[-1] in self.defined.get(module, set())


def _defined_by(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    return {node.attr} if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) else set()


def _used_by(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return set(WORD.findall(node.value))
    if isinstance(node, ast.alias):
        return set(node.name.split("."))
    names = [getattr(node, name, None) for name in ("id", "attr", "arg")]
    return {name for name in names if isinstance(name, str)}


@cache
def names() -> Names:
    """Return the names of the code."""
    return Names()
