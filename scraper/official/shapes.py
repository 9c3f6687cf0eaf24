"""The two shapes of the official workbook: which sheets it has, which columns, and what each column gives.

`W1` is the Data Release Register, published up to the middle of 2021, one row for each released file. `W2` is the Data
Uses Register that followed it, with a row for each version of an agreement, each of its datasets and each file. What a
cell is taken apart into is said in `versions`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scraper.names.fold import fold

REFERENCE = "reference"
"""What the column gives that says which version of which agreement a row is about."""

CONTROLLERS = "Data Controller(s)"
"""Heading of the column that names the controllers."""


@dataclass(frozen=True, slots=True)
class WorkbookColumn:
    """A column of a sheet."""

    heading: str
    gives: str
    """What it gives of a version, a dataset's row or a file: a name that `workbook` and `versions` know."""
    begins: str = ""
    """How its heading begins, where the rest of it is an explanation that may be reworded."""

    def is_headed(self, text: str) -> bool:
        """Say whether *text* is its heading: case, spaces and line breaks count for nothing."""
        if self.begins:
            return fold(text).startswith(fold(self.begins))
        return fold(text) == fold(self.heading)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that a shape names; a workbook without it, or without one of its columns, is refused."""

    name: str
    columns: Sequence[WorkbookColumn]

    @property
    def key(self) -> str:
        """How its name is looked up."""
        return fold(self.name)

    def column_headed(self, text: str) -> WorkbookColumn | None:
        """Return the column of this heading."""
        return next((column for column in self.columns if column.is_headed(text)), None)


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of the workbook."""

    layout: str
    called: str
    sheets: Sequence[Sheet]
    others: Sequence[str]
    """Sheets that say nothing of an agreement."""

    def sheet_named(self, text: str) -> Sheet | None:
        """Return the sheet of this name."""
        return next((sheet for sheet in self.sheets if sheet.key == fold(text)), None)


_PROSE = (
    WorkbookColumn("Objective for Processing", "objectives"),
    WorkbookColumn("Processing Activities", "processing"),
    WorkbookColumn("Expected Output", "outputs"),
    WorkbookColumn("Expected Measurable Benefits", "expected_benefits"),
    WorkbookColumn("Yielded Benefits", "yielded_benefits"),
)
PROSE = frozenset(column.gives for column in _PROSE)
"""What the columns of prose give."""

AGREEMENTS = Sheet(
    "Agreements",
    (
        WorkbookColumn("Reference Number", REFERENCE),
        WorkbookColumn("Application Title", "title"),
        WorkbookColumn("Applicant Organisation", "organisation"),
        WorkbookColumn("Applicant Organisation Type", "organisation_types"),
        WorkbookColumn(CONTROLLERS, "controllers"),
        WorkbookColumn("Sole/Joint Data Controller", "controller_basis"),
        WorkbookColumn("DSA Start Date", "dsa_start"),
        WorkbookColumn("DSA End Date", "dsa_end"),
        WorkbookColumn("Does Sublicensing Apply", "sublicensing"),
        WorkbookColumn("For Commercial Purposes", "commercial"),
        *_PROSE,
    ),
)
DATASETS = Sheet(
    "Datasets",
    (
        WorkbookColumn("Reference Number", REFERENCE),
        WorkbookColumn("Dataset", "name"),
        WorkbookColumn("Type of Data", "type_of_data"),
        WorkbookColumn("Sensitive or Non-Sensitive", "sensitivity"),
        WorkbookColumn("Frequency", "frequency"),
        WorkbookColumn("Legal Basis for Provision of Data", "legal_bases"),
        WorkbookColumn("Common Law Duty of Confidentiality", "confidentiality"),
    ),
)
# What a file's row says of its dataset stands in the sheet of datasets too; 737 of 104,451 rows say something else.
FILES = Sheet(
    "DataReleases",
    (
        WorkbookColumn("File Reference", ""),
        WorkbookColumn("Reference Number", REFERENCE),
        WorkbookColumn("Dataset", ""),
        WorkbookColumn("Type of Data", ""),
        WorkbookColumn("Sensitive or Non-Sensitive", ""),
        WorkbookColumn("Patient Opt-Outs Applied", "opt_outs"),
        WorkbookColumn("Legal Basis for Provision of Data", ""),
        WorkbookColumn("Frequency", ""),
        WorkbookColumn("Month File Released", "month"),
    ),
)
RELEASES = Sheet(
    "DataReleases",
    (
        WorkbookColumn("RowID", ""),
        WorkbookColumn("Organisation Name", "organisation"),
        WorkbookColumn("Type of Data Provided", "name"),
        WorkbookColumn("Data provided to customer", "type_of_data", begins="Data provided to customer"),
        WorkbookColumn("Sensitive or Non-Sensitive", "sensitivity"),
        WorkbookColumn("Legal Basis for Provision of Data (Dissemination)", "legal_bases"),
        WorkbookColumn("Purpose", "Purpose"),
        WorkbookColumn("Frequency", "frequency"),
        WorkbookColumn("NIC Number", REFERENCE),
        WorkbookColumn("MR Number (where relevant)", "MR Number", begins="MR Number"),
        WorkbookColumn("Patient Opt-Outs applied", "opt_outs"),
        WorkbookColumn("Common law duty of confidentiality", "confidentiality"),
    ),
)
STATEMENTS = Sheet(
    "PurposeStatements",
    (
        WorkbookColumn("Reference Number", REFERENCE),
        WorkbookColumn("Organisation", "organisation"),
        *_PROSE,
        WorkbookColumn("Organisation Type", "organisation_types"),
    ),
)

W1 = Shape(
    "W1",
    "the older workbook",
    (RELEASES, STATEMENTS),
    ("README", "Title sheet", "FurtherExplanationOfTerms", "AmendmentsToPreviousRegisters"),
)
W2 = Shape(
    "W2",
    "the workbook since July 2021",
    (AGREEMENTS, DATASETS, FILES),
    ("README", "Title sheet", "FurtherExplanationOfTerms", "AmendmentsToPreviousRegisters"),
)


def shape_of(names: Iterable[str]) -> Shape:
    """Return the shape that has most of the sheets of these *names*: `W2`, where neither has more.

    >>> shape_of(["README", "DataReleases", "PurposeStatements"]).layout, shape_of(["Agreements"]).layout
    ('W1', 'W2')
    """
    keys = {fold(name) for name in names}
    return max((W2, W1), key=lambda shape: sum(sheet.key in keys for sheet in shape.sheets))
