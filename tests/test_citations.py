"""What comments, docstrings and pages cite exists (rule 21)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.house import FOLDERS
from scraper.reading.layouts import LAYOUTS, unprinted
from scraper.records import FIELDS
from tests.harness.citations import DOCS, IN_CODE, MODULE, OF_MODULE, PAGE, ROOT, names, prose_of, rules_cited, sources

SOURCES = sources(".py", ".sql")
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")])
OF_THE_HOUSE = [DOCS / name for name in ("rules.md", "architecture.md", "decisions.md", "howto.md")]
"""Pages on which all that stands in code style is a name of the code."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def numbers_of_rules() -> list[int]:
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    return [int(number) for number in re.findall(r"^## (\d+)\. \S", text, flags=re.MULTILINE)]


# --- rules ------------------------------------------------------------------------------------------------------------


def test_rules_are_found_in_the_ways_in_which_they_are_cited():
    text = "(design rule 6), design rules 7 and 8; rule 12; rules 1, 2 and 3; a rule of 2017; rules 9 to 11"

    assert rules_cited(text) == {6, 7, 8, 12, 1, 2, 3, 9, 11}


def test_the_rules_stand_in_order():
    numbers = numbers_of_rules()

    assert numbers == sorted(set(numbers))
    assert {*range(1, 16), 21} <= set(numbers)


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=name_of)
def test_every_rule_that_is_cited_stands_in_the_rules(path):
    assert rules_cited(prose_of(path)) <= set(numbers_of_rules())


def test_the_code_cites_rules():
    assert len({rule for path in SOURCES for rule in rules_cited(prose_of(path))}) > 8


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=name_of)
def test_every_page_that_is_named_exists(path):
    named = set(PAGE.findall(prose_of(path)))

    assert {page for folder, page in named if not exists(page, in_docs=bool(folder), beside=path.parent)} == set()


OF_OTHERS = {"README.md", "RESULTS.md"}
"""Pages of the sample, of exports and of the benchmarks."""


def exists(page: str, *, in_docs: bool, beside: Path) -> bool:
    """Say whether a page of this name is there: in docs/ if it is named so, else there, at the top, or beside."""
    if in_docs:
        return (DOCS / page).exists()
    return any((folder / page).exists() for folder in (DOCS, ROOT, beside)) or page in OF_OTHERS


# --- modules and functions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*sources(".py"), *OF_THE_HOUSE], ids=name_of)
def test_every_name_in_code_style_exists(path):
    assert {cited for cited in IN_CODE.findall(prose_of(path)) if not names().has(cited)} == set()


@pytest.mark.parametrize("path", [*sources(".py"), *PAGES], ids=name_of)
def test_every_module_that_is_named_exists(path):
    assert {module for module in MODULE.findall(prose_of(path)) if not names().has(module)} == set()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_what_is_said_to_be_in_a_module_is_there(path):
    said = [(name, module) for found, module in OF_MODULE.findall(prose_of(path)) for name in IN_CODE.findall(found)]

    assert [(name, module) for name, module in said if not names().module_has(module, name)] == []


def test_what_does_not_exist_is_found_out():
    missing = ["no_such_function", "scraper/no_such_room.py", "RegisterPage.no_such_field", "no_such_room.py"]
    there = ["fold", "scraper/names/fold.py", "RegisterPage.slug", "two words", "index.html", "cron/", "≤5"]

    assert [name for name in missing if names().has(name)] == []
    assert [name for name in there if not names().has(name)] == []
    assert names().module_has("scraper/names/fold.py", "fold")
    assert not names().module_has("scraper/names/fold.py", "read_page")


# --- the map ----------------------------------------------------------------------------------------------------------


def test_the_map_shows_every_room_as_it_is(tmp_path):
    subprocess.run([sys.executable, DOCS / "generate.py", tmp_path], cwd=ROOT, check=True, timeout=60)
    page, fresh = (folder / "architecture.md" for folder in (DOCS, tmp_path))

    assert page.read_text(encoding="utf-8") == fresh.read_text(encoding="utf-8"), "run `make docs`"


def test_the_map_shows_every_module_once():
    text = (DOCS / "architecture.md").read_text(encoding="utf-8").split("## The map")[1]
    rooms = re.split(r"^### (\S+)/$", text, flags=re.MULTILINE)[1:]
    shown = [
        f"{room}/{file}"
        for room, lines in zip(rooms[::2], rooms[1::2], strict=True)
        for file in re.findall(r"^- `([\w.]+)`: \S", lines, flags=re.MULTILINE)
    ]
    there = [path for folder in FOLDERS for ending in ("py", "sql") for path in (ROOT / folder).rglob(f"*.{ending}")]

    assert sorted(shown) == sorted(name_of(path) for path in there if path.name != "__init__.py")


# --- the table of layouts ---------------------------------------------------------------------------------------------


def test_the_table_of_layouts_is_the_one_that_the_reader_uses():
    section = (DOCS / "page-shapes.md").read_text(encoding="utf-8").split("## Which layout prints which field")[1]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\| `.+$", section, re.M)]
    table = {name.strip("`"): [bool(cell) for cell in cells] for name, *cells in rows}

    assert list(table) == [name for name in FIELDS if name in table]
    assert table.keys() | {"reference", "printed"} == set(FIELDS)
    assert table == {name: [name not in unprinted(layout) for layout in LAYOUTS] for name in table}
