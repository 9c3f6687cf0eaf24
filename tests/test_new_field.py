"""A new field is a row, a column and a kind: the patch of docs/howto.md, taken by a copy of the house that uses it.

`python -m tests.test_new_field FOLDER` is the part that runs in the copy, in a process of its own.
"""

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness.browse_server import serving
from tests.harness.editions import ADMISSIONS, HARROWDALE, REGISTER, Watch

ROOT = next(folder.parent for folder in Path(__file__).parents if folder.name == "tests")
COPIED = ("scraper", "diff", "snapshots", "notify", "cron", "docs", "tests/harness", "tests/simulation")
FIRST, SECOND = "2026-10-03T03:00:00Z", "2026-11-03T03:00:00Z"


def patches():
    """Yield file and lines of each patch in the section on fields, as `+` and context."""
    section = (ROOT / "docs/howto.md").read_text(encoding="utf-8").split("\n## A field\n")[1].split("\n## ")[0]
    for patch in re.findall(r"^```diff\n(.+?)^```$", section, re.DOTALL | re.MULTILINE):
        head, *lines = patch.splitlines(keepends=True)
        yield re.match(r"(?:---|\+\+\+) (\S+)", head)[1], lines


def apply(file, lines):
    """Apply a patch that only adds; what stands around it must stand there just once."""
    before = "".join(line[1:] for line in lines if line[0] == " ")
    if not before:
        assert not file.exists()
        file.write_text("".join(line[1:] for line in lines), encoding="utf-8")
        return
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{file.name}: the patch of docs/howto.md does not fit"
    file.write_text(text.replace(before, "".join(line[1:] for line in lines)), encoding="utf-8")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return what the copy said of the new field, place by place."""
    house, work = tmp_path_factory.mktemp("house"), tmp_path_factory.mktemp("work")
    for name in COPIED:
        shutil.copytree(ROOT / name, house / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(__file__, house / "tests")
    shutil.copy(ROOT / "mkdocs.yml", house)
    for name, lines in patches():
        apply(house / name, lines)
    for command in (["-m", "docs.generate"], ["-m", "tests.test_new_field", work]):
        ran = subprocess.run([sys.executable, *command], cwd=house, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stderr[-2000:]
    docs = {
        page: (house / "docs" / page).read_text(encoding="utf-8")
        for page in ("records.md", "page-shapes.md", "schema.md")
    }
    return json.loads(ran.stdout) | {"house": str(house), "docs": docs}


def use(folder: Path) -> dict[str, Any]:
    """Watch a register that prints the new label through two editions, and return what is said of it."""
    import scraper

    watch = Watch(folder)
    line = f"Sublicensing allowed: {ADMISSIONS.sublicensing}\n"
    printed = HARROWDALE.text().decode()
    pages = [printed.replace(line, f"{line}Data kept in: {places}\n") for places in ("UK", "eea, UK , EEA")]
    for page, at in zip(pages, (FIRST, SECOND), strict=True):
        watch.take(REGISTER | {"university_of_harrowdale.txt": page.encode()}, at)
    page = folder / "page.txt"
    page.write_text(pages[1], encoding="utf-8")
    watch.run("export", folder / "export")
    changes = watch.changes()
    with serving(watch.database) as server:
        shown = server.get(f"/agreements/{ADMISSIONS.reference}").words
        told = server.get(f"/changes/{changes[0]['id']}").words
        compared = server.get("/compare?from=2026-10-04&to=2026-11-04&organisation=university_of_harrowdale").words
    with (folder / "export/agreements.csv").open(encoding="utf-8", newline="") as file:
        exported = {row["reference"]: row["kept_in"] for row in csv.DictReader(file)}
    package = json.loads((folder / "export/datapackage.json").read_text(encoding="utf-8"))
    (table,) = [one for one in package["resources"] if one["path"] == "agreements.csv"]
    return {
        "scraper": str(scraper.__file__),
        "read": watch.json("parse", str(page)),
        "kept": watch.json("show", ADMISSIONS.reference, "--format", "json")[0]["agreement"],
        "states": [row for row in watch.everything()["states"] if ADMISSIONS.reference in row],
        "changes": changes,
        "shown": shown,
        "told": told,
        "compared": compared,
        "exported": exported,
        "described": [one for one in table["schema"]["fields"] if one["name"] == "kept_in"],
    }


def test_the_copy_was_used_and_not_the_house_itself(found):
    assert found["scraper"].startswith(found["house"])


def test_it_touches_three_files():
    assert [name for name, _ in patches()] == ["scraper/records.py", "snapshots/sql/m099_kept_in.sql", "diff/kinds.py"]


def test_it_is_read(found):
    (page,) = found["read"]

    assert page["agreements"][0]["kept_in"] == ["eea", "UK"]
    assert page["notices"] == []


def test_it_is_kept(found):
    assert found["kept"]["kept_in"] == ["eea", "UK"]
    assert sorted(value for row in found["states"] for value in row if value in ('["UK"]', '["eea","UK"]')) == [
        '["UK"]',
        '["eea","UK"]',
    ]


def test_it_is_compared_and_told_by_its_kind(found):
    (change,) = found["changes"]

    assert (change["kind"], change["severity"], change["field"]) == ("kept-in-changed", "medium", "kept_in")
    assert (change["before"], change["after"]) == (["UK"], ["eea", "UK"])
    assert (change["added"], change["removed"]) == (["eea"], [])


def test_it_is_worded(found):
    assert found["changes"][0]["summary"] == (
        'Place of the data of DARS-NIC-204517-H6M2P (University of Harrowdale) changed from "UK" to "eea, UK"'
    )


def test_it_stands_on_the_pages(found):
    assert found["told"].startswith("Place of the data gains “eea”, University of Harrowdale")
    assert "Place of the data eea UK Until 3 November 2026: UK" in found["shown"]
    assert "Place of the data" in found["compared"]


def test_it_is_exported_and_described(found):
    assert found["exported"][ADMISSIONS.reference] == "eea; UK"
    assert found["described"][0]["description"].startswith("Where the data are kept, a list; null where")


def test_it_is_documented(found):
    docs = found["docs"]

    assert "| `kept_in` | set or null | Where the data are kept, a list;" in docs["records.md"]
    assert "| `kept_in` | | | | yes | yes |" in docs["page-shapes.md"]
    assert docs["schema.md"].count("| `kept_in` | text |  | Where the data are kept, a JSON list;") == 3


if __name__ == "__main__":
    print(json.dumps(use(Path(sys.argv[1]))))
