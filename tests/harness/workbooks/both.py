"""Pages and a workbook that say the same, for what is put into one of them to be found."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tests.harness.editions import Page, Project
from tests.harness.workbooks.model import File, Month, Register, Row, Version
from tests.harness.workbooks.sheets import Dress, Sheets, newer_shape
from tests.simulation import values

SPELLED = {spelling: key for key, basis in values.BASES.items() for spelling in basis.spellings}


def version_of(project: Project, organisation: str, **fields: Any) -> Version:
    """Return the version that says what a project of the pages says."""
    basis = tuple(SPELLED[one.strip()] for one in (project.legal_basis or "").split("; ") if one.strip())
    answer, _, duty = (project.opt_outs or "").rstrip(")").partition(" (")
    commercial, _, kind = (project.purposes or "").rstrip(")").partition(" (")
    sensitivity, access = project.sensitive or "", project.access or ""
    rows = [
        Row(name, "Anonymised - ICO Code Compliant", sensitivity, access, basis, duty)
        for name in project.datasets or ()
    ]
    version = Version(
        stem=project.reference,
        number=(1, 2),
        title=project.title,
        applicant=organisation,
        applicant_type=kind,
        controllers=[project.controllers or ""],
        start=date.fromisoformat(project.start),
        end=date.fromisoformat(project.end),
        sublicensing=project.sublicensing or "",
        commercial=commercial,
        sections={"objectives": [project.objectives or ""], "outputs": [project.outputs or ""]},
        rows=rows,
    )
    for name, value in fields.items():
        setattr(version, name, value)
    said = "Yes" if answer.startswith("Yes") else "No"
    version.files = [
        File(f"F{project.reference}{month}", row, said, Month(2024, month)) for row in rows[:1] for month in (5, 11)
    ]
    return version


def versions_of(pages: Mapping[str, Page]) -> list[Version]:
    """Return versions that say what all pages say."""
    return [version_of(project, page.organisation) for page in pages.values() for project in page.projects]


def workbook(versions: Iterable[Version], month: str) -> Sheets:
    """Return the workbook of these versions, as it is typed in a month."""
    register = Register("both", 0)
    for version in versions:
        register.add(version)
    return newer_shape(register, Dress(month))
