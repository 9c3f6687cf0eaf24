"""The sheets of a workbook in both shapes, dressed in what means nothing: order, spaces, dashes, types of cells."""

from collections.abc import Iterable
from datetime import date, datetime, time
from random import Random

from tests.harness.workbooks.model import SECTIONS, Month, Register, Row, Version
from tests.simulation import values

Cell = str | int | float | bool | date | None
Sheets = dict[str, list[list[Cell]]]

AGREEMENTS = (
    "Reference Number", "Application Title", "Applicant Organisation", "Applicant Organisation Type",
    "Data Controller(s)", "Sole/Joint Data Controller", "DSA Start Date", "DSA End Date", "Does Sublicensing Apply",
    "For Commercial Purposes", *SECTIONS.values(),
)  # fmt: skip
DATASETS = (
    "Reference Number", "Dataset", "Type of Data", "Sensitive or Non-Sensitive", "Frequency",
    "Legal Basis for Provision of Data", "Common Law Duty of Confidentiality",
)  # fmt: skip
FILES = (
    "File Reference", "Reference Number", "Dataset", "Type of Data", "Sensitive or Non-Sensitive",
    "Patient Opt-Outs Applied", "Legal Basis for Provision of Data", "Frequency", "Month File Released",
)  # fmt: skip
OLD_FILES = (
    "RowID", "Organisation Name", "Type of Data Provided",
    "Data provided to customer:\nIdentifiable, Anonymised - ICO code compliant, Aggregated -anonymised ",
    "Sensitive or Non-Sensitive", "Legal Basis for Provision of Data (Dissemination)", "Purpose", "Frequency",
    "NIC Number", "MR Number (where relevant)", "Patient Opt-Outs applied", "Common law duty of confidentiality",
)  # fmt: skip
OLD_STATEMENTS = ("Reference Number", "Organisation", *SECTIONS.values(), "Organisation Type")
LIMB = "s261(1) and s261(2)(b)(ii)"


class Dress:
    """How one edition is typed."""

    def __init__(self, key: str, *, limb: bool = True) -> None:
        self.rng = Random(f"dress {key}")
        self.limb = limb
        self.dash = self.rng.choice(("–", "-"))
        self.bullet = self.rng.choice(("~ ", "- ", "• "))
        self.dates = self.rng.choice((_as_day, _as_day, _as_text))
        self.months = self.rng.choice((_as_month, _as_month, _as_first_day))
        self.plain = self.rng.choice(("Non Sensitive", "Non-Sensitive"))
        self.capitals = self.rng.random() < 0.2

    def text(self, text: str) -> str:
        """Return a text with spaces, dashes and quotes as nobody means them."""
        text = text.replace("–", self.dash)
        if self.rng.random() < 0.1:
            text = text.replace(" ", "  ", 1)
        if self.rng.random() < 0.05:
            text = text.replace("’", "'")
        return text + " " * (self.rng.random() < 0.05)

    def name(self, name: str) -> str:
        return self.text(name.upper() if self.capitals else name)

    def prose(self, lines: Iterable[str]) -> str:
        return "\n".join(self.text(line.replace("~ ", self.bullet, 1)) for line in lines)

    def basis(self, keys: Iterable[str]) -> str:
        """Return the cell of a legal basis: several are joined by a semicolon."""
        cited = []
        for key in keys:
            plain = values.BASES[key].spellings[:2]
            text = f"{values.ACT} – {LIMB if self.limb else LIMB[12:]}" if key == "2bii" else self.rng.choice(plain)
            cited.append(self.text(text).strip())
        return "; ".join(cited)

    def joined(self, names: list[str]) -> str:
        """Return names of controllers as one cell."""
        joint = self.rng.choice((";", "; ", "\n", ", "))
        return joint.join(self.name(name).strip() for name in names)

    def attributes(self, row: Row) -> tuple[str, str, str, str, str]:
        """Return type, sensitivity, frequency, basis and duty of a row as they are typed."""
        kind = row.kind.replace("Code Compliant", self.rng.choice(("Code Compliant", "code compliant")))
        sensitivity = self.plain if row.sensitivity == "Non-Sensitive" else row.sensitivity
        return kind, sensitivity, row.frequency, self.basis(row.basis), self.text(row.duty)

    def shuffled(self, versions: Iterable[Version]) -> list[Version]:
        found = sorted(versions, key=lambda one: one.reference)
        self.rng.shuffle(found)
        return found


def _as_day(day: date) -> Cell:
    return datetime.combine(day, time())


def _as_text(day: date) -> Cell:
    return day.isoformat()


def _as_month(month: Month) -> Cell:
    return f"{month.first:%b-%y}"


def _as_first_day(month: Month) -> Cell:
    return datetime.combine(month.first, time())


def newer_shape(register: Register, dress: Dress, *, note: bool = False) -> Sheets:
    """Return the three sheets of a Data Uses Register."""
    sheets: Sheets = {"Agreements": [list(AGREEMENTS)], "Datasets": [list(DATASETS)], "DataReleases": [list(FILES)]}
    for version in dress.shuffled(register):
        reference = version.reference + " " * (dress.rng.random() < 0.02)
        sheets["Agreements"].append(
            [
                reference, dress.text(version.title), dress.name(version.applicant), version.applicant_type,
                dress.joined(version.controllers), version.joint, dress.dates(version.start), dress.dates(version.end),
                version.sublicensing, version.commercial,
                *(dress.prose(version.sections[name]) if name in version.sections else None for name in SECTIONS),
            ]
        )  # fmt: skip
        rows = dress.rng.sample(version.rows, len(version.rows))
        for row in rows:
            sheets["Datasets"].append([reference, dress.text(row.name), *dress.attributes(row)])
        for file in version.files:
            kind, sensitivity, frequency, basis, _ = dress.attributes(file.row)
            sheets["DataReleases"].append(
                [
                    file.number, reference, file.row.name, kind, sensitivity, file.opt_out, basis, frequency,
                    dress.months(file.month),
                ]
            )  # fmt: skip
    if note:
        sheets["Agreements"].append(["No filters applied", *[None] * (len(AGREEMENTS) - 1)])
    return sheets


def older_shape(register: Register, dress: Dress) -> Sheets:
    """Return the sheets of a Data Release Register, with those that are there beside the two that are read."""
    sheets: Sheets = {
        "README": [["Data Release Register - Data released from NHS Digital"], [None], ["Notes:\n\n Frequency column"]],
        "DataReleases": [list(OLD_FILES)],
        "PurposeStatements": [list(OLD_STATEMENTS)],
        "FurtherExplanationOfTerms": [[None, None], ["Legal Basis for Provision of Data (Dissemination)", "Explained"]],
        "AmendmentsToPreviousRegisters": [list(OLD_FILES)],
    }
    for version in dress.shuffled(register):
        for number, row in enumerate(version.rows):
            kind, sensitivity, frequency, basis, duty = dress.attributes(row)
            answer = version.answers[number % len(version.answers)]
            sheets["DataReleases"].append(
                [
                    f"DSfC{len(sheets['DataReleases']):04d}", version.applicant, dress.text(row.name), kind,
                    sensitivity, basis, None, frequency, version.reference, None, answer, duty,
                ]
            )  # fmt: skip
        texts = (dress.prose(version.sections[name]) if name in version.sections else None for name in SECTIONS)
        sheets["PurposeStatements"].append(
            [version.reference, version.applicant.upper(), *texts, version.applicant_type]
        )
    return sheets
