"""The real workbook of February 2021 beside pages made of the same edition: no difference but those put there."""

import os
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from tests.harness.editions import Page, Project
from tests.harness.workbooks.play import Official

NAME = "releaseregister_20210201_20210228.xlsx"


def workbook():
    """Return the workbook that REAL_WORKBOOK names, or the one in a folder beside that of the real pages."""
    beside = Path(os.environ.get("REAL_REGISTER_DIR", "nowhere")).resolve().parent / "register-workbook" / NAME
    return Path(os.environ.get("REAL_WORKBOOK", beside))


WORKBOOK = workbook()
MISSING = f"REAL_WORKBOOK names no workbook, and beside REAL_REGISTER_DIR is no register-workbook/{NAME}"
pytestmark = [pytest.mark.real, pytest.mark.timeout(1200), pytest.mark.skipif(not WORKBOOK.is_file(), reason=MISSING)]


def joined(values):
    """Return values as the site joins them, each once in the order in which they were first seen."""
    return ", ".join(dict.fromkeys(value.strip() for value in values if value))


def project_of(reference, rows, statement):
    """Return the agreement as the site prints it: the union over its rows."""
    cells = list(zip(*rows, strict=True))
    answers, duties = joined(cells[10]), joined(cells[11])
    kinds = f"No ({statement[7]})" if statement and statement[7] else None
    return Project(
        reference=re.sub(r"-v\d+\.\d+$", "", reference),
        title="As of February 2021",
        opt_outs=f"{answers} ({duties})",
        legal_basis=joined(cells[5]),
        purposes=kinds,
        sensitive=joined(cells[4]).replace(", ", ", and "),
        released="2020.05 — 2021.02.",
        access=joined(cells[7]),
        controllers=None,
        sublicensing=None,
        datasets=tuple(dict.fromkeys(name.strip() for name in cells[2])),
        objectives="The workbook has its own.",
        outputs=None,
    )


@pytest.fixture(scope="module")
def pages():
    """The edition as pages: an organisation each, a stem each."""
    book = openpyxl.load_workbook(WORKBOOK, read_only=True)
    rows = list(book["DataReleases"].iter_rows(min_row=2, values_only=True))
    statements = {str(row[0]).strip(): row for row in book["PurposeStatements"].iter_rows(min_row=2, values_only=True)}
    by_stem = defaultdict(list)
    for row in rows:
        by_stem[re.sub(r"-v\d+\.\d+$", "", row[8].strip())].append(row)
    assert len(rows) == 5079
    by_page = defaultdict(list)
    names = {}
    for own in by_stem.values():
        name, reference = own[0][1].strip(), own[0][8].strip()
        # As the site makes it: spellings of one body that differ in their marks alone have one page.
        slug = re.sub(r"[^a-z0-9]", "_", name.lower())
        names.setdefault(slug, name)
        by_page[slug].append(project_of(reference, own, statements.get(reference)))
    return {slug: Page(names[slug], tuple(projects)) for slug, projects in by_page.items()}


def beside(folder, pages):
    official = Official(folder)
    taken = official.take(pages, "2021-03-02")
    assert taken.exit_code in (0, 3), taken.output
    result = official.run("import-official", WORKBOOK)
    assert result.exit_code == 0, result.output
    return official.json("differences", "--format", "json")


def test_the_same_edition_does_not_differ(tmp_path, pages):
    assert [row for row in beside(tmp_path, pages) if row["field"] != "reference" or row["page"]] == []


def test_what_is_put_there_is_found_and_nothing_else(tmp_path, pages):
    slugs = sorted(slug for slug, page in pages.items() if len(page.projects[0].datasets) > 2)[::40]
    changed, expected = dict(pages), set()
    for number, slug in enumerate(slugs):
        first, *others = pages[slug].projects
        if number % 2:
            first, gone = replace(first, datasets=first.datasets[1:]), first.datasets[0]
            expected.add((first.reference, "datasets", None, gone))
        else:
            first = replace(first, datasets=(*first.datasets, "Urgent and Same Day Care Data Set"))
            expected.add((first.reference, "datasets", "Urgent and Same Day Care Data Set", None))
        changed[slug] = replace(pages[slug], projects=(first, *others))
    found = [row for row in beside(tmp_path, changed) if row["field"] != "reference"]

    assert {(row["reference"], row["field"], row["page"], row["official"]) for row in found} == expected
    assert len(found) == len(expected) >= 3
