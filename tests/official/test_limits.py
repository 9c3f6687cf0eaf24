"""How much a workbook may unpack to, and how far its cells reach: an honest one stays far below, an attack does not."""

import zipfile

import pytest

from scraper.official.sheets import WorkbookError, open_workbook
from tests.harness.workbooks.story import Story
from tests.harness.workbooks.writing import rewrite, write_openpyxl, write_xlsxwriter

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
RUN = b"<r><t>" + b" " * 900_000 + b"</t></r>"


@pytest.fixture
def path(tmp_path):
    """A register of a few agreements, as a workbook."""
    return write_xlsxwriter(tmp_path / "workbook.xlsx", Story("limits", 4, files=2).first().sheets)


def put_first(body, cells):
    """Put cells into the first row of a sheet."""
    head, row, rest = body.partition(b'<row r="1"')
    attributes, end, rest = rest.partition(b">")
    return head + row + attributes + end + cells + rest


def refusal(path):
    with pytest.raises(WorkbookError) as refused:
        open_workbook(path)
    return str(refused.value)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(lambda: b"<t>" + b" " * 60_000_000 + b"</t>", id="one text"),
        pytest.param(lambda: RUN * 70, id="many runs of one text"),
        pytest.param(lambda: b"<t></t></si><si>" * 4_000_000, id="texts without end"),
    ],
)
def test_blanks_without_end_are_refused(path, texts):
    end = b"<si>" + texts() + b"</si></sst>"
    rewrite(path, TEXTS, lambda body: body.replace(b"</sst>", end))

    assert path.stat().st_size < 1_000_000
    assert TEXTS in refusal(path)


def test_a_text_of_a_megabyte_is_refused_however_large_the_file_is(path):
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("docProps/large.bin", b"<" * 3_000_000)
    rewrite(path, TEXTS, lambda body: body.replace(b"</sst>", b"<si><t>" + b" " * 3_000_000 + b"</t></si></sst>"))

    assert "a text of more than" in refusal(path)


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="XFD1048576"><v>1</v></c>',
        b"<c r='xfd1048576'><v>1</v></c>",
        b'<c r="XFDA9"><v>1</v></c><c r="A1000"><v>1</v></c>',
        b'<c r="ZZZ0000000000009000"><v>1</v></c>',
        b'<c r = "XFD1048576"><v>1</v></c>',
        b'<c\nr="XFD1048576"><v>1</v></c>',
        b'<c s="0" r="XFD1048576"><v>1</v></c>',
        b"<c><v>1</v></c>" * 3,
        b"<x:c><v>1</v></x:c>",
    ],
)
def test_a_cell_far_out_or_of_no_place_is_refused(path, cell):
    rewrite(path, SHEET, lambda body: put_first(body, cell))

    assert SHEET in refusal(path)


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="{place}" t="s"><v>{text}</v></c>',
        "<c r='{place}' s='1' t = 's' ><v> 0{text} </v></c>",
        '<c r="{place}" t="s"><v>&#48;{text}</v></c>',
    ],
)
def test_a_long_text_that_many_cells_name_is_refused(path, cell):
    with zipfile.ZipFile(path) as archive:
        text = archive.read(TEXTS).count(b"<si>")
    cells = "".join(cell.format(place=f"A{number}", text=text) for number in range(500, 1_800)).encode()
    rewrite(path, TEXTS, lambda body: body.replace(b"</sst>", b"<si><t>" + b"x " * 250_000 + b"</t></si></sst>"))
    rewrite(path, SHEET, lambda body: body.replace(b"</sheetData>", b'<row r="500">' + cells + b"</row></sheetData>"))

    assert path.stat().st_size < 100_000
    assert "its cells name texts of 6" in refusal(path)


def test_texts_that_are_commented_out_hide_none(path):
    rewrite(path, TEXTS, lambda body: body.replace(b"</sst>", b"<!-- </si> --></sst>"))

    assert TEXTS in refusal(path)


def test_a_sheet_is_looked_at_whatever_its_part_is_called(path):
    far = b'<c r="XFD1048576"><v>1</v></c>'
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/other.bin"] = put_first(parts.pop(SHEET), far)
    relations = "xl/_rels/workbook.xml.rels"
    parts[relations] = parts[relations].replace(b"worksheets/sheet1.xml", b"other.bin")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, part in parts.items():
            new.writestr(name, part)

    assert "xl/other.bin reaches over" in refusal(path)


def test_prefixed_tags_and_texts_that_look_like_some_are_taken(path):
    # Some programs give every tag of a sheet a prefix; a text may hold what looks like one.
    def prefixed(body):
        for tag in (b"worksheet", b"sheetData", b"row", b"c", b"v"):
            for sign in (b" ", b">", b"/>"):
                body = body.replace(b"<" + tag + sign, b"<x:" + tag + sign)
            body = body.replace(b"</" + tag + b">", b"</x:" + tag + b">")
        return body.replace(b"<x:worksheet xmlns=", b"<x:worksheet xmlns:x=")

    with zipfile.ZipFile(rewrite(path, SHEET, prefixed)) as archive:
        assert b"<x:c r=" in archive.read(SHEET)
    rewrite(path, TEXTS, lambda body: body.replace(b"</t>", b" see:c and :c x</t>", 1))
    book = open_workbook(path)

    assert len(list(book.rows("Agreements"))) > 1


def test_what_openpyxl_writes_in_line_is_taken(tmp_path):
    path = write_openpyxl(tmp_path / "workbook.xlsx", Story("limits", 4, files=2).first().sheets)

    assert open_workbook(path).sheets[0] == "Agreements"
