"""The history, written out: what the files hold, that they tell truly of themselves, that they are always alike."""

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest

from diff.cells import cell
from scraper.names.vocabulary import default_vocabulary
from scraper.records import SECTIONS
from snapshots.export.data_uses import COLUMNS, LEGAL_BASES
from snapshots.export.tables import TABLES
from snapshots.export.writing import export
from snapshots.keeping.store import open_store
from tests.harness.editions import EASTMERE, HARROWDALE, REGISTER, WEXCOMBE, Page, Watch, many, with_project

ROOT = Path(__file__).parents[3]
COAST = Page("Coast Study Group", many(26), flag="Files were sent twice.")
HOSTILE = with_project(
    WEXCOMBE,
    title='=HYPERLINK("http://example.org"), "quoted"',
    datasets=("+44 Register", "Emergency Care Data Set (ECDS)"),
    controllers="@WEXCOMBE \u202eCITY",
    objectives="-1 is how it starts.\nA second line, with a comma.",
)
EDITIONS = {
    "2025-01-01": {**REGISTER, "coast_study_group": COAST},
    "2025-02-01": {
        "university_of_harrowdale": with_project(HARROWDALE, end="2027-03-12", outputs="A map of every town."),
        "wexcombe_city_council": HOSTILE,
        "coast_study_group": replace(COAST, projects=many(26, sublicensing="Yes")),
        "nhs_eastmere_icb": EASTMERE,
    },
    "2025-03-01": {
        "university_of_harrowdale": with_project(HARROWDALE, datasets=("Civil Registrations of Death",)),
        "wexcombe_city_council": HOSTILE,
        "coast_study_group": replace(COAST, projects=many(25, sublicensing="Yes")),
    },
    "2025-04-01": {
        "university_of_harrowdale": with_project(HARROWDALE, released="2022.04 — 2024.11."),
        "wexcombe_city_council": HOSTILE,
        "coast_study_group": replace(COAST, projects=many(25, sublicensing="Yes")),
    },
}

STRING = {"type": "string", "minLength": 1}
FIELD = {
    "type": "object",
    "required": ["name", "type"],
    "properties": {
        "name": STRING,
        "description": STRING,
        "type": {"enum": ["string", "integer", "boolean", "datetime", "yearmonth", "array", "any"]},
        "constraints": {
            "type": "object",
            "properties": {"required": {"type": "boolean"}, "pattern": STRING},
            "additionalProperties": False,
        },
        "trueValues": {"type": "array", "items": STRING},
        "falseValues": {"type": "array", "items": STRING},
    },
    "additionalProperties": False,
}
TABLE_SCHEMA = {
    "type": "object",
    "required": ["fields"],
    "properties": {
        "fields": {"type": "array", "minItems": 1, "items": FIELD},
        "missingValues": {"type": "array", "items": {"type": "string"}},
        "primaryKey": {"type": "array", "minItems": 1, "items": STRING},
        "foreignKeys": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["fields", "reference"],
                "properties": {
                    "fields": STRING,
                    "reference": {
                        "type": "object",
                        "required": ["resource", "fields"],
                        "properties": {"resource": {"type": "string"}, "fields": STRING},
                    },
                },
            },
        },
    },
    "additionalProperties": False,
}
LICENCES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "anyOf": [{"required": ["name"]}, {"required": ["path"]}],
        "properties": {"name": {"type": "string", "pattern": "^[-A-Za-z0-9._]+$"}, "path": STRING, "title": STRING},
    },
}
RESOURCE = {
    "type": "object",
    "required": ["name", "path", "profile"],
    "properties": {
        "name": {"type": "string", "pattern": "^[-a-z0-9._/]+$"},
        "path": {"type": "string", "pattern": "^(?=^[^./~])(^((?!\\.{2}).)*$).*$"},
        "profile": {"enum": ["data-resource", "tabular-data-resource"]},
        "title": STRING,
        "description": STRING,
        "format": STRING,
        "mediatype": {"type": "string", "pattern": "^(.+)/(.+)$"},
        "encoding": {"const": "utf-8"},
        "bytes": {"type": "integer", "minimum": 0},
        "hash": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        "licenses": LICENCES,
        "schema": TABLE_SCHEMA,
        "dialect": {
            "type": "object",
            "properties": {
                "delimiter": {"const": ","},
                "lineTerminator": {"const": "\r\n"},
                "quoteChar": {"const": '"'},
                "doubleQuote": {"const": True},
                "skipInitialSpace": {"const": False},
                "header": {"const": True},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
    "if": {"properties": {"profile": {"const": "tabular-data-resource"}}},
    "then": {"required": ["schema", "dialect"]},
}
DATA_PACKAGE = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["resources"],
    "properties": {
        "profile": {"const": "data-package"},
        "name": {"type": "string", "pattern": "^([-a-z0-9._/])+$"},
        "title": STRING,
        "description": STRING,
        "homepage": {"type": "string", "format": "uri"},
        "licenses": LICENCES,
        "sources": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["title"]}},
        "created": False,
        "resources": {"type": "array", "minItems": 1, "items": RESOURCE},
    },
}
"""What the specification of Data Packages, version 1, asks of those properties that we use."""


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    watch = Watch(tmp_path_factory.mktemp("watched"))
    for at, pages in EDITIONS.items():
        watch.take(pages, at)
    noted = watch.run("note", watch.changes()[0]["id"], "=Confirmed by NHS England, 3 March 2026.")
    assert noted.exit_code == 0, noted.output
    return watch


@pytest.fixture(scope="module")
def exported(watch):
    result = watch.run("export", watch.folder / "out")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return watch.folder / "out"


def files_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def cells_of(folder, name):
    return list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_bytes().decode(), newline="")))


def lines_of(folder, name):
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def package_of(folder):
    return json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))


NAMES = [table.name for table in TABLES]


# --- what it says of itself -------------------------------------------------------------------------------------------


def test_the_package_is_what_the_specification_asks_for(exported):
    package = package_of(exported)

    jsonschema.Draft7Validator.check_schema(DATA_PACKAGE)
    jsonschema.validate(package, DATA_PACKAGE, jsonschema.Draft7Validator)
    names = [resource["name"] for resource in package["resources"]]
    assert len(set(names)) == len(names)


def test_the_package_names_every_file_by_its_checksum(exported):
    resources = {resource["path"]: resource for resource in package_of(exported)["resources"]}
    files = files_of(exported)

    assert files.keys() == resources.keys() | {"datapackage.json"}
    for path, resource in resources.items():
        assert resource["bytes"] == len(files[path])
        assert resource["hash"] == f"sha256:{hashlib.sha256(files[path]).hexdigest()}"


def test_the_package_says_under_which_licence_how_to_cite_and_since_when(exported):
    package = package_of(exported)

    assert [licence["name"] for licence in package["licenses"]] == ["OGL-UK-3.0"]
    assert "Contains public sector information licensed under the Open Government Licence v3.0." in str(package)
    assert package["sources"][0]["title"].startswith("NHS England, Data Uses Register, as reformatted by")
    assert (package["since"], package["head"]) == ("2025-01-01T00:00:00Z", "2025-04-01T00:00:00Z")
    assert "from 2025-01-01 to 2025-04-01" in package["citation"]


FITS = {
    "string": lambda text: True,
    "any": lambda text: True,
    "integer": lambda text: re.fullmatch(r"-?[0-9]+", text),
    "boolean": lambda text: text in ("true", "false"),
    "datetime": lambda text: text.endswith("Z") and datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ"),
    "yearmonth": lambda text: datetime.strptime(text, "%Y-%m"),
}
FITS_JSON = FITS | {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
}


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("name", NAMES)
def test_every_row_is_of_the_declared_types(exported, name, ending):
    rows = cells_of(exported, name) if ending == "csv" else lines_of(exported, name)
    fits, missing = (FITS, "") if ending == "csv" else (FITS_JSON, None)
    wanted = f"{name}.{ending}"
    (schema,) = (one["schema"] for one in package_of(exported)["resources"] if one["path"] == wanted)

    assert rows
    for row in rows:
        assert list(row) == [field["name"] for field in schema["fields"]]
        for field in schema["fields"]:
            value, rules = row[field["name"]], field.get("constraints", {})
            if value == missing:
                assert not rules.get("required"), (field, row)
            else:
                assert fits[field["type"]](value), (field, value)
                assert re.fullmatch(rules.get("pattern", "(?s:.*)"), str(value))


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_unique_and_references_lead_somewhere(exported, name):
    schemas = {one["name"]: one["schema"] for one in package_of(exported)["resources"] if "schema" in one}
    rows = cells_of(exported, name)
    keys = [tuple(row[part] for part in schemas[name]["primaryKey"]) for row in rows]

    assert len(set(keys)) == len(keys)
    for key in schemas[name].get("foreignKeys", ()):
        other = key["reference"]["resource"] or name
        there = {row[key["reference"]["fields"]] for row in cells_of(exported, other)} | {""}
        assert {row[key["fields"]] for row in rows} <= there


@pytest.mark.parametrize("name", NAMES)
def test_cells_and_lines_say_the_same(exported, name):
    told = [{column: cell(value) for column, value in row.items()} for row in lines_of(exported, name)]

    assert cells_of(exported, name) == told


def test_every_column_is_explained():
    for table in TABLES:
        for column in table.columns:
            assert re.fullmatch(r"(?s)\w.+\.", column.meaning), (table.name, column)
            assert "JSON" not in column.meaning


def test_every_table_is_in_the_manual():
    text = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")

    assert all(f"`{table.name}`" in text for table in TABLES)


# --- what it holds ----------------------------------------------------------------------------------------------------


def test_agreements_are_those_that_stand_with_their_prose(exported, watch):
    rows = lines_of(exported, "agreements")
    (winter,) = (row for row in rows if row["page"] == "university_of_harrowdale")

    assert {(row["page"], row["reference"]) for row in rows} == {
        (row["page"], row["reference"]) for row in watch.json("agreements", "--format", "json")
    }
    assert winter["outputs"] == "A paper a year, and a table for each town."
    assert (winter["first_seen"], winter["last_seen"]) == ("2025-01-01T00:00:00Z", "2025-04-01T00:00:00Z")
    assert winter["legal_bases"] == ["HSCA2012:s261(2)(a)"]


def test_versions_tell_every_state_and_when_it_was_seen(exported):
    rows = [row for row in lines_of(exported, "agreement_versions") if row["page"] == "university_of_harrowdale"]
    texts = {row["text_id"]: row["text"] for row in lines_of(exported, "texts")}

    assert [(row["first_seen"][:7], row["last_seen"][:7], row["current"]) for row in rows] == [
        ("2025-01", "2025-01", False),
        ("2025-02", "2025-02", False),
        ("2025-03", "2025-03", False),
        ("2025-04", "2025-04", True),
    ]
    assert [texts[row["outputs"]] for row in rows][:2] == [
        "A paper a year, and a table for each town.",
        "A map of every town.",
    ]
    assert {row[name] for row in rows for name in SECTIONS} <= texts.keys() | {None}


def test_an_agreement_that_went_has_versions_and_an_end_but_stands_no_more(exported):
    (tides,) = (row for row in lines_of(exported, "agreement_versions") if row["page"] == "nhs_eastmere_icb")

    assert (tides["current"], tides["ended"]) == (False, "2025-03-01T00:00:00Z")
    assert "nhs_eastmere_icb" not in {row["page"] for row in lines_of(exported, "agreements")}
    assert {row["page"]: row["standing"] for row in lines_of(exported, "organisations")}["nhs_eastmere_icb"] is False


def test_datasets_have_periods_and_their_newest_name(exported):
    rows = [row for row in lines_of(exported, "datasets") if row["page"] == "university_of_harrowdale"]

    assert {(row["dataset"], row["newest_name"]) for row in rows} == {
        ("Civil Registrations of Death", "Civil Registrations of Death"),
        (
            "Hospital Episode Statistics Admitted Patient Care",
            "Hospital Episode Statistics Admitted Patient Care (HES APC)",
        ),
    }


def test_changes_are_the_public_ones_with_editorial_ones_and_members_of_groups(exported, watch):
    rows = {row["id"]: row for row in lines_of(exported, "changes")}
    (group,) = watch.changes("--all", "--kind", "sublicensing-changed")
    members = watch.changes("--group", group["id"])

    assert {row["id"] for row in rows.values() if row["member_of"] == group["id"]} == {one["id"] for one in members}
    for change in (*watch.changes("--all"), *members):
        told = dict(rows.pop(change["id"]))
        assert told.pop("member_of") == (group["id"] if change in members else None)
        assert told == change
    assert rows == {}


def test_snapshots_are_named_by_checksum_and_size(exported, watch):
    bodies = {page.text() for pages in EDITIONS.values() for page in pages.values()}
    rows = lines_of(exported, "snapshots")

    assert {(row["sha256"], row["size"]) for row in rows} == {
        (hashlib.sha256(body).hexdigest(), len(body)) for body in bodies
    }
    assert {row["address"] for row in rows} == {f"{slug}.txt" for slug in EDITIONS["2025-01-01"]}


def test_no_cell_is_run_by_a_spreadsheet_and_the_lines_are_exact(exported):
    (row,) = (row for row in cells_of(exported, "agreements") if row["page"] == "wexcombe_city_council")
    (line,) = (row for row in lines_of(exported, "agreements") if row["page"] == "wexcombe_city_council")

    assert row["title"] == '\'=HYPERLINK("http://example.org"), "quoted"'
    assert row["controllers"] == "'@WEXCOMBE CITY"
    assert "'+44 Register" in row["datasets"]
    assert row["objectives"].startswith("'-1 is")
    assert line["title"] == '=HYPERLINK("http://example.org"), "quoted"'
    assert line["objectives"] == "-1 is how it starts.\nA second line, with a comma."


@pytest.mark.parametrize("name", [*NAMES, "data_uses"])
def test_csv_is_rfc_4180(exported, name):
    data = (exported / f"{name}.csv").read_bytes()
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    unquoted = re.sub(rb'"(?:[^"]|"")*"', b'""', data)

    assert not data.startswith(b"\xef\xbb\xbf")
    assert unquoted.count(b"\r\n") == unquoted.count(b"\n") == len(rows)
    assert {len(row) for row in rows} == {len(rows[0])}


def test_data_uses_have_the_columns_of_the_standard_and_nothing_that_is_not_known(exported):
    rows = cells_of(exported, "data_uses")
    (row,) = (row for row in rows if row["Organisation name*"] == "University of Harrowdale")
    head = (exported / "data_uses.csv").read_bytes().split(b"\r\n")[0]

    assert len(COLUMNS) == 31
    assert head.decode().startswith("Project ID,Organisation name*,Organisation ID,Organisation sector,")
    assert list(row) == [*COLUMNS, LEGAL_BASES]
    assert {name: value for name, value in row.items() if value} == {
        "Project ID": "DARS-NIC-204517-H6M2P",
        "Organisation name*": "University of Harrowdale",
        "Sub-licence arrangements (if any)?": "No",
        "Project title*": "Winter admissions of older people in coastal towns",
        "Technical summary": "To learn why admissions rise after the first cold week.",
        "Project start date": "2022-03-13",
        "Project end date": "2026-03-12",
        "Dataset(s) name*": "Civil Registrations of Death, Hospital Episode Statistics Admitted Patient Care",
        "Common Law Duty of Confidentiality": "Does not include the flow of confidential data",
        "Request frequency": "RECURRING",
        "Release/Access date": "2024-11",
        "Access type*": "Release",
        "Legal bases as the register prints them": "Health and Social Care Act 2012 – s261(2)(a)",
    }


# --- always alike -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", ["0", "42"])
def test_the_same_history_gives_the_same_bytes_in_any_process(exported, watch, tmp_path, seed):
    subprocess.run(
        [sys.executable, "-c", "from cron.cli import main; main()", "--db", watch.database, "export", "out", "--pages"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "TZ": "Pacific/Auckland"},
        check=True,
        timeout=60,
        stdout=subprocess.DEVNULL,
    )
    watch.run("export", tmp_path / "here", "--pages")

    assert files_of(tmp_path / "out") == files_of(tmp_path / "here")
    names = files_of(exported).keys() - {"datapackage.json"}
    assert {name: files_of(exported)[name] for name in names} == {
        name: files_of(tmp_path / "out")[name] for name in names
    }


def test_what_is_derived_again_gives_the_same_bytes(exported, watch, tmp_path):
    copy = Watch(tmp_path)
    copy.database.write_bytes(watch.database.read_bytes())
    copy.run("reparse")
    copy.run("export", tmp_path / "again")

    assert files_of(tmp_path / "again") == files_of(exported)


def test_only_files_that_differ_are_touched(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2025-01-01")
    first = watch.run("export", tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    stats = {path.name: path.stat().st_ino for path in (tmp_path / "out").iterdir()}
    second = watch.run("export", tmp_path / "out")
    same = {path.name: path.stat().st_ino for path in (tmp_path / "out").iterdir()}
    watch.take({**REGISTER, "nhs_eastmere_icb": with_project(EASTMERE, title="Tides")}, "2025-02-01")
    third = watch.run("export", tmp_path / "out")

    assert first.stdout == f"{tmp_path}/out: {2 * len(TABLES) + 2} files written, 0 as before.\n"
    assert second.stdout == f"{tmp_path}/out: 0 files written, {2 * len(TABLES) + 2} as before.\n"
    assert same == stats
    assert third.stdout.endswith(" files written, 4 as before.\n")  # the texts, and no notes


class Interrupting:
    """Names as known; at the first question a further edition is imported by somebody else."""

    def __init__(self, act):
        self._known, self._act = default_vocabulary(), act

    def dataset_canonical(self, name):
        act, self._act = self._act, lambda: None
        act()
        return self._known.dataset_canonical(name)


def test_a_run_meanwhile_is_in_no_file(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2025-01-01")
    watch.run("export", tmp_path / "before")
    later = {**REGISTER, "nhs_eastmere_icb": with_project(EASTMERE, end="2030-01-01")}
    taken = []
    about = {"register": "NHS data release register", "index": "https://theysolditanyway.com/"}
    with closing(open_store(watch.database)) as store:
        names = Interrupting(lambda: taken.append(watch.take(later, "2025-02-01").exit_code))
        export(store, tmp_path / "meanwhile", vocabulary=names, **about)

    assert taken == [0]
    assert files_of(tmp_path / "meanwhile") == files_of(tmp_path / "before")


# --- where it cannot be written ---------------------------------------------------------------------------------------


def test_a_folder_that_is_a_file_is_one_line(watch, tmp_path):
    (tmp_path / "file").write_text("mine")

    for place in (tmp_path / "file", tmp_path / "file" / "deeper"):
        result = watch.run("export", place)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1
        assert f"{place}: the export cannot be written (" in result.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_place_of_a_file_is_one_line_and_nothing_half_stays(watch, tmp_path):
    (tmp_path / "out" / "texts.csv").mkdir(parents=True)
    result = watch.run("export", tmp_path / "out")

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "texts.csv: the export cannot be written (is a directory)" in result.stderr
    assert not list((tmp_path / "out").glob(".*"))
    assert (tmp_path / "out" / "agreements.csv").exists()
    assert not (tmp_path / "out" / "datapackage.json").exists()


def test_a_full_disk_leaves_what_was_there_whole(watch, tmp_path):
    out = tmp_path / "out"
    watch.run("export", out)
    (out / "datapackage.json").write_text("older")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))"
    program = f"{limit}\nfrom cron.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "--db", watch.database, "export", out],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert "the export cannot be written (file too large)" in ended.stderr
    assert (out / "datapackage.json").read_text() == "older"
    assert not list(out.glob(".*"))


def test_without_a_history_nothing_is_made(tmp_path):
    result = Watch(tmp_path).run("export", tmp_path / "out")

    assert result.exit_code == 1
    assert "there is no database yet" in result.stderr
    assert not (tmp_path / "out").exists()


def test_where_nothing_was_believed_yet_nothing_is_made(tmp_path):
    open_store(tmp_path / "registerwatch.db").close()
    result = Watch(tmp_path).run("export", tmp_path / "out")

    assert result.exit_code == 1
    assert "nothing is known yet" in result.stderr
    assert not (tmp_path / "out").exists()
