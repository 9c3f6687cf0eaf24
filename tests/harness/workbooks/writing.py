"""Workbooks as three programs write them, and as somebody writes them who means harm."""

import shutil
import subprocess
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tests.harness.workbooks.sheets import Sheets

DAY = "dd/mm/yyyy"


def write_xlsxwriter(path: Path, sheets: Sheets) -> Path:
    """Write a workbook as XlsxWriter does."""
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"constant_memory": False, "in_memory": True})
    day = book.add_format({"num_format": DAY})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(number, column, value, day)
                elif isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value)
    book.close()
    return path


def write_openpyxl(path: Path, sheets: Sheets) -> Path:
    """Write a workbook as openpyxl does."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def write_libreoffice(path: Path, sheets: Sheets) -> Path:
    """Write a workbook as LibreOffice does, from one that openpyxl wrote."""
    before = path.with_name("before") / path.name
    before.parent.mkdir(exist_ok=True)
    write_openpyxl(before, sheets)
    profile = path.with_name("profile").as_uri()
    program = ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*program, "--outdir", str(path.parent), str(before)], check=True, capture_output=True, timeout=300)
    return path


def has_libreoffice() -> bool:
    return shutil.which("soffice") is not None


def rewrite(path: Path, name: str, change: Any) -> Path:
    """Rewrite one part of a workbook: *change* gets and returns its bytes; a part that is not there is added."""
    with zipfile.ZipFile(path) as old:
        parts = {one: old.read(one) for one in old.namelist()}
    parts[name] = change(parts.get(name, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for one, body in parts.items():
            new.writestr(one, body)
    return path


def serial(day: date) -> int:
    """Return the number under which a spreadsheet keeps a day."""
    return (day if not isinstance(day, datetime) else day.date()).toordinal() - date(1899, 12, 30).toordinal()
