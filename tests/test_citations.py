"""What comments, docstrings and pages cite exists (rule 21)."""

import io
import re
import tokenize
from pathlib import Path

import pytest

from benchmarks.house import FOLDERS
from scraper.reading.layouts import LAYOUTS, unprinted
from scraper.records import FIELDS

ROOT = next(folder.parent for folder in Path(__file__).parents if folder.name == "tests")
DOCS = ROOT / "docs"
SOURCES = sorted(
    path
    for folder in (*FOLDERS, "docs", "benchmarks")
    for path in (ROOT / folder).rglob("*.*")
    if path.suffix in (".py", ".sql")
)
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")])

RULE = re.compile(r"\brules? (\d{1,2})(?:((?:, \d{1,2})*),? (?:and|to|or) (\d{1,2}))?\b")
PAGE = re.compile(r"\b(docs/)?([A-Za-z][\w-]*\.md)\b")


def prose_of(path: Path) -> str:
    """Return the comments and the texts of a source file, docstrings among them, each as one line; a page as it is."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return source
    wanted = {tokenize.COMMENT: lambda text: text.lstrip("# "), tokenize.STRING: str, FSTRING: str}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    # A comment goes on over several lines: "design rule" at the end of one, the number on the next.
    return re.sub(r"\s+", " ", " ".join(wanted[token.type](token.string) for token in tokens if token.type in wanted))


FSTRING = getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)


def rules_cited(text: str) -> set[int]:
    """Return the numbers of the rules that *text* cites."""
    numbers = (number for found in RULE.finditer(text) for number in re.findall(r"\d+", found[0]))
    return set(map(int, numbers))


def rules_there() -> set[int]:
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    return {int(number) for number in re.findall(r"^## (\d+)\. \S", text, flags=re.MULTILINE)}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_rules_are_found_in_the_ways_in_which_they_are_cited():
    text = "(design rule 6), design rules 7 and 8; rule 12; rules 1, 2 and 3; a rule of 2017; rules 9 to 11"

    assert rules_cited(text) == {6, 7, 8, 12, 1, 2, 3, 9, 11}


def test_the_rules_stand_in_order():
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"^## (\d+)\. \S", text, flags=re.MULTILINE)]

    assert numbers == sorted(set(numbers))
    assert {*range(1, 16), 21} <= set(numbers)


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=name_of)
def test_every_rule_that_is_cited_stands_in_the_rules(path):
    assert rules_cited(prose_of(path)) <= rules_there()


def test_some_rules_are_cited():
    assert len({rule for path in SOURCES for rule in rules_cited(prose_of(path))}) > 8


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=name_of)
def test_every_page_that_is_named_exists(path):
    named = {(folder, page) for folder, page in PAGE.findall(prose_of(path))}
    missing = {page for folder, page in named if not exists(page, in_docs=bool(folder), beside=path.parent)}

    assert missing == set()


def exists(page: str, *, in_docs: bool, beside: Path) -> bool:
    """Say whether a page of this name is there: in docs/ if it is named so, else there, at the top, or beside."""
    if in_docs:
        return (DOCS / page).exists()
    return any((folder / page).exists() for folder in (DOCS, ROOT, beside)) or page in OF_OTHERS


OF_OTHERS = {"README.md", "RESULTS.md"}
"""Pages of the sample and of the benchmarks."""


def test_the_table_of_layouts_is_the_one_that_the_reader_uses():
    section = (DOCS / "page-shapes.md").read_text(encoding="utf-8").split("## Which layout prints which field")[1]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\| `.+$", section, re.M)]
    table = {name.strip("`"): [bool(cell) for cell in cells] for name, *cells in rows}

    assert list(table) == [name for name in FIELDS if name in table]
    assert table.keys() | {"reference", "printed"} == set(FIELDS)
    assert table == {name: [name not in unprinted(layout) for layout in LAYOUTS] for name in table}
