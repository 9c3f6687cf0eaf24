"""Workbooks that are broken, or that mean harm: refused by name, or read as what they say, and never run."""

import zipfile
from dataclasses import replace
from datetime import date

import pytest

from tests.harness.editions import ADMISSIONS, Page
from tests.harness.workbooks.play import ALL, Official
from tests.harness.workbooks.story import Story
from tests.harness.workbooks.writing import rewrite, serial, write_openpyxl, write_xlsxwriter

MONTH = ("--edition", "2026-09")


@pytest.fixture
def sheets():
    """A register of a few agreements, as sheets that a test alters."""
    return Story("hostile", 4, files=2).first().sheets


def import_into(folder, path):
    official = Official(folder)
    return official, official.run("import-official", path, *MONTH)


def version(official, reference):
    """Return what `show` says of the version that stands under *reference*; a page of the same agreement is taken."""
    stem = reference.rsplit("-v", 1)[0]
    page = Page("University of Harrowdale", (replace(ADMISSIONS, reference=stem),))
    official.take({stem.lower(): page}, "2026-09-15")
    (shown,) = official.json("show", stem)
    return next(one for one in shown["official"]["versions"] if one["reference"] == reference)


def first_of(sheets, name="Agreements"):
    head, first, *_ = sheets[name]
    return dict(zip(head, first, strict=True))


def put(sheets, name, column, value):
    """Put a value into the first row of a sheet."""
    sheets[name][1][sheets[name][0].index(column)] = value


def refused(tmp_path, path, *words):
    """Check that the workbook is refused in one line that has these words, and that nothing is kept of it."""
    official, result = import_into(tmp_path, path)

    assert result.exit_code in (1, 3)
    assert "Traceback" not in result.output
    assert [word for word in words if word not in " ".join(result.output.split())] == []
    assert not official.database.exists() or official.changes(*ALL) == []
    assert official.run("import-official", Story("good", 3).first().write(tmp_path / "good")).exit_code == 0


@pytest.mark.parametrize("sheet", ["Agreements", "Datasets", "DataReleases"])
def test_a_missing_sheet_is_named(tmp_path, sheets, sheet):
    del sheets[sheet]

    refused(tmp_path, write_openpyxl(tmp_path / "lacks.xlsx", sheets), "lacks.xlsx", sheet)


@pytest.mark.parametrize(
    ("sheet", "column"),
    [
        ("Agreements", "DSA End Date"),
        ("Datasets", "Legal Basis for Provision of Data"),
        ("Agreements", "Reference Number"),
    ],
)
def test_a_missing_column_is_named(tmp_path, sheets, sheet, column):
    index = sheets[sheet][0].index(column)
    sheets[sheet] = [row[:index] + row[index + 1 :] for row in sheets[sheet]]

    refused(tmp_path, write_openpyxl(tmp_path / "lacks.xlsx", sheets), "lacks.xlsx", sheet, column)


def test_an_unknown_column_is_noticed_and_loses_nothing(tmp_path, sheets):
    for row in sheets["Agreements"]:
        row.append("Applies to Wales" if row is sheets["Agreements"][0] else "No")
    path = write_openpyxl(tmp_path / "more.xlsx", sheets)
    official, result = import_into(tmp_path, path)

    assert result.exit_code in (0, 3)
    said = " ".join(result.output.split())
    assert "Applies to Wales" in said
    assert official.changes(*ALL) == []


def test_columns_in_another_order_and_case_are_known(tmp_path, sheets):
    turned = {
        name: [
            [str(cell).upper() if number == 0 else cell for cell in reversed(row)] for number, row in enumerate(rows)
        ]
        for name, rows in sheets.items()
    }
    official = Official(tmp_path)
    for number, one in enumerate((sheets, turned)):
        path = write_openpyxl(tmp_path / f"turned{number}.xlsx", one)
        result = official.run("import-official", path, "--edition", f"2026-0{number + 1}")
        assert result.exit_code == 0, result.output

    assert official.changes("--register", "nhs-official") == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 and no more",
        b"<html><body>403 Forbidden</body></html>",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    ],
    ids=("empty", "cut off", "a page", "an old or encrypted workbook"),
)
def test_what_is_no_workbook_is_refused(tmp_path, content):
    path = tmp_path / "wrong.xlsx"
    path.write_bytes(content)

    refused(tmp_path, path, "wrong.xlsx")


def test_half_a_workbook_is_refused(tmp_path, sheets):
    path = write_xlsxwriter(tmp_path / "half.xlsx", sheets)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])

    refused(tmp_path, path, "half.xlsx")


def test_entities_are_not_resolved(tmp_path, sheets):
    """Neither one that grows, nor one that reads a file."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of this machine", encoding="utf-8")
    path = write_openpyxl(tmp_path / "entities.xlsx", sheets)
    kinds = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(9))
    head = f'<!DOCTYPE x [{kinds}<!ENTITY file SYSTEM "{secret.as_uri()}">]>'.encode()

    def entitled(body):
        start = body.index(b"<worksheet")
        return body[:start] + head + body[start:].replace(b"<t>", b"<t>&file;&e8;", 1)

    official, result = import_into(tmp_path, rewrite(path, "xl/worksheets/sheet1.xml", entitled))

    assert result.exit_code in (0, 1, 3)
    assert "Traceback" not in result.output
    if official.database.exists():
        assert b"the secret of this machine" not in official.database.read_bytes()
        assert official.database.stat().st_size < 20_000_000


def test_formulas_links_and_macros_are_not_followed(tmp_path, sheets):
    title = "Applicant Organisation Type"
    put(sheets, "Agreements", title, '=HYPERLINK("https://example.org/","Academic")&WEBSERVICE("https://example.org/")')
    path = rewrite(write_openpyxl(tmp_path / "macros.xlsx", sheets), "xl/vbaProject.bin", lambda _: b"\xd0\xcf macro")
    official, result = import_into(tmp_path, path)

    assert result.exit_code in (0, 3), result.output
    put(sheets, "Agreements", title, "Academic")
    later = official.run("import-official", write_openpyxl(tmp_path / "plain.xlsx", sheets), "--edition", "2026-10")
    assert later.exit_code == 0, later.output
    assert "example.org" not in str(official.changes(*ALL))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (serial(date(2024, 3, 1)), serial(date(2027, 2, 28))),
        (float(serial(date(2024, 3, 1))), date(2027, 2, 28)),
        ("2024-03-01", "2027-02-28"),
        ("01/03/2024", "28/02/2027"),
        ("1 March 2024", "28 February 2027"),
        ("2024-03-01 00:00:00", "2027-02-28T00:00:00"),
    ],
    ids=("numbers", "a number and a date", "ISO", "with strokes", "in words", "with times"),
)
def test_dates_are_days_however_they_are_typed(tmp_path, sheets, start, end):
    sheets["Agreements"] = sheets["Agreements"][:2]
    put(sheets, "Agreements", "DSA Start Date", start)
    put(sheets, "Agreements", "DSA End Date", end)
    official, result = import_into(tmp_path, write_openpyxl(tmp_path / "dates.xlsx", sheets))

    assert result.exit_code in (0, 3), result.output
    shown = version(official, first_of(sheets)["Reference Number"].strip())
    assert (shown["dsa_start"], shown["dsa_end"]) == ("2024-03-01", "2027-02-28")


def test_a_long_cell_is_read_whole(tmp_path, sheets):
    official, result = import_into(tmp_path, write_xlsxwriter(tmp_path / "short.xlsx", sheets))
    assert result.exit_code == 0, result.output
    prose = "A sentence that is long enough. " * 1000
    put(sheets, "Agreements", "Objective for Processing", prose)
    path = write_xlsxwriter(tmp_path / "long.xlsx", sheets)
    assert official.run("import-official", path, "--edition", "2026-10").exit_code == 0
    (change,) = official.changes("--register", "nhs-official")

    assert (change["kind"], change["field"]) == ("text-changed", "objectives")
    assert change["after"].strip() == prose.strip()


def test_merged_cells_lose_no_row(tmp_path, sheets):
    import openpyxl

    path = write_openpyxl(tmp_path / "merged.xlsx", sheets)
    book = openpyxl.load_workbook(path)
    book["Agreements"].merge_cells("B2:B3")
    book["Datasets"].merge_cells("A2:A3")
    book.save(path)
    official, result = import_into(tmp_path, path)

    assert result.exit_code in (0, 3), result.output
    assert "Traceback" not in result.output
    for row in sheets["Agreements"][1:3]:
        assert version(official, row[0].strip())["reference"] == row[0].strip()


@pytest.mark.soak
def test_a_bomb_is_refused_before_it_is_read(tmp_path, sheets):
    path = write_xlsxwriter(tmp_path / "bomb.xlsx", sheets)
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    body, end = parts.pop(sheet).split(b"</worksheet>")[0], b"--></worksheet>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name, part in parts.items():
            new.writestr(name, part)
        with new.open(sheet, "w") as stream:
            stream.write(body + b"<!--")
            for _ in range(1100):
                stream.write(b" " * 1_000_000)
            stream.write(end)

    refused(tmp_path, path, "bomb.xlsx")


def test_a_note_in_the_reference_column_is_noticed(tmp_path, sheets):
    sheets["Agreements"].append(["No filters applied", *[None] * 14])
    official, result = import_into(tmp_path, write_openpyxl(tmp_path / "note.xlsx", sheets))

    assert result.exit_code in (0, 3)
    assert "No filters applied" in " ".join(result.output.split())
    assert official.run("show", "No filters applied").exit_code == 1


def test_a_cell_that_a_spreadsheet_would_run_is_not_handed_on_so(tmp_path, sheets):
    reference = first_of(sheets)["Reference Number"].strip()
    official = Official(tmp_path)
    assert (
        official.run("import-official", write_xlsxwriter(tmp_path / "a.xlsx", sheets), "--edition", "2026-08").exit_code
        == 0
    )
    put(sheets, "Agreements", "Application Title", "=cmd|' /C calc'!A0\x1b[31m")
    result = official.run("import-official", write_xlsxwriter(tmp_path / "b.xlsx", sheets), "--edition", "2026-09")
    listed = official.run("changes", "--register", "nhs-official", "--reference", reference, "--format", "csv")

    assert result.exit_code in (0, 3), result.output
    assert "\n=cmd" not in listed.stdout
    assert ",=cmd" not in listed.stdout
    assert "\x1b" not in listed.stdout


def lengthened(path, sheets, rows):
    """Repeat the last row of the files that were released until there are so many."""
    number = len(sheets["DataReleases"])

    def longer(body):
        start, end = body.rindex(b"<row "), body.rindex(b"</row>") + len(b"</row>")
        row = body[start:end]
        more = (row.replace(b'%d"' % number, b'%d"' % n) for n in range(number, rows + 1))
        return b"".join([body[:start], *more, body[end:]])

    return rewrite(write_xlsxwriter(path, sheets), "xl/worksheets/sheet3.xml", longer)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_a_million_rows_are_refused(tmp_path, sheets):
    refused(tmp_path, lengthened(tmp_path / "million.xlsx", sheets, 1_000_000), "million.xlsx")


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_half_as_many_rows_again_as_the_largest_edition_has_are_read_within_bounds(tmp_path, sheets):
    official, result = import_into(tmp_path, lengthened(tmp_path / "long.xlsx", sheets, 150_000))

    assert result.exit_code == 0, result.output
    assert official.database.stat().st_size < 5_000_000


def test_an_unknown_sheet_is_noticed(tmp_path, sheets):
    sheets["Glossary"] = [["Term", "Meaning"], ["DSA", "Data sharing agreement"]]
    _, result = import_into(tmp_path, write_openpyxl(tmp_path / "more.xlsx", sheets))

    assert result.exit_code == 0, result.output
    assert "Glossary" in " ".join(result.output.split())


def test_a_day_that_is_none_is_kept_as_it_stands_and_needs_a_person(tmp_path, sheets):
    put(sheets, "Agreements", "DSA End Date", "when the study ends")
    official, result = import_into(tmp_path, write_openpyxl(tmp_path / "word.xlsx", sheets))

    assert result.exit_code == 3, result.output
    assert "when the study ends" in " ".join(result.output.split())
    assert "newly not understood on 1 version" in " ".join(result.output.split())
    assert version(official, first_of(sheets)["Reference Number"].strip())["dsa_end"] is None


@pytest.mark.parametrize(
    ("sheet", "column", "words"),
    [
        ("Agreements", "DSA Start Date", "31/02/2024"),
        ("Agreements", "Does Sublicensing Apply", "to be decided"),
        ("Agreements", "For Commercial Purposes", "perhaps"),
        ("Datasets", "Sensitive or Non-Sensitive", "somewhat"),
        ("DataReleases", "Month File Released", "in the spring"),
    ],
)
def test_whatever_is_not_understood_is_said_once_and_told_as_it_stands(tmp_path, sheets, sheet, column, words):
    official = Official(tmp_path)
    paths = [write_openpyxl(tmp_path / "2026-07.xlsx", sheets)]
    put(sheets, sheet, column, words)
    paths += [write_openpyxl(tmp_path / "2026-08.xlsx", sheets), write_xlsxwriter(tmp_path / "2026-09.xlsx", sheets)]
    first, second, third = (official.run("import-official", path) for path in paths)
    (told,) = official.changes("--register", "nhs-official")

    assert [one.exit_code for one in (first, second, third)] == [0, 3, 0], second.output + third.output
    assert words in " ".join(second.output.split())
    assert "newly not understood" not in third.output
    assert (told["kind"], told["field"], words in told["after"]) == ("text-changed", "remainder", True)


@pytest.mark.parametrize(("is_word", "other"), [("DSA End Date", "DSA Start Date"), ("DSA Start Date", "DSA End Date")])
def test_beside_a_day_that_is_none_the_other_one_is_compared(tmp_path, sheets, is_word, other):
    put(sheets, "Agreements", "DSA Start Date", "2024-03-01")
    put(sheets, "Agreements", "DSA End Date", "2027-02-28")
    official = Official(tmp_path)
    for month, column, value in (
        ("07", is_word, first_of(sheets)[is_word]),
        ("08", is_word, "to be agreed"),
        ("09", other, {"DSA Start Date": "2024-04-01", "DSA End Date": "2029-02-28"}[other]),
    ):
        put(sheets, "Agreements", column, value)
        official.run("import-official", write_openpyxl(tmp_path / f"2026-{month}.xlsx", sheets))
    told = official.changes("--register", "nhs-official")
    field = "dsa_start" if other == "DSA Start Date" else "dsa_end"

    assert sorted(one["field"] for one in told) == [field, "remainder"]
    (change,) = (one for one in told if one["field"] == field)
    assert (change["before"], change["after"]) == (
        ("2024-03-01", "2024-04-01") if field == "dsa_start" else ("2027-02-28", "2029-02-28")
    )
    assert change["details"]["term_before"] != change["details"]["term_after"]
    assert None not in change["details"]["term_after"]
