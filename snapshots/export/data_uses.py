"""The agreements in the columns of the data-use register standard of HDR UK, as far as the register says. Pure.

The standard asks for things that the register does not print, a lay summary and a date of approval among them: those
cells are empty, and what is made here is not a conformant upload. The register's legal bases are no articles of the
UK GDPR; they have a column of their own at the end.
"""

from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = (
    "Project ID", "Organisation name*", "Organisation ID", "Organisation sector", "Applicant name(s)", "Applicant ID",
    "Funders/ Sponsors", "DEA accredited researcher?", "Sub-licence arrangements (if any)?", "Project title*",
    "Lay summary*", "Public benefit statement*", "Request category type", "Technical summary",
    "Other approval committees", "Project start date", "Project end date", "Latest approval date*", "Dataset(s) name*",
    "Data sensitivity level", "Legal basis for provision of data under Article 6",
    "Lawful conditions for provision of data under Article 9", "Common Law Duty of Confidentiality",
    "National data opt-out applied?", "Request frequency",
    "For linked datasets specify how the linkage will take place",
    "Description of the confidential data being used", "Release/Access date", "Access type*",
    "How has data been processed to enhance privacy?", "Link to research outputs",
)  # fmt: skip
"""Of the standard's template of January 2022, in its order."""

LEGAL_BASES = "Legal bases as the register prints them"
"""Our own column, after those of the standard."""

Row = Mapping[str, Any]


def data_use(agreement: Row) -> dict[str, Any]:
    """Return a row of an export's agreements as a row of the standard's template; what is not known is left out."""
    methods = agreement["access_methods"] or ()
    return {
        "Project ID": agreement["reference"],
        "Organisation name*": agreement["organisation"],
        "Sub-licence arrangements (if any)?": _joined(agreement["sublicensing"]),
        "Project title*": agreement["title"],
        "Public benefit statement*": agreement["expected_benefits"],
        "Technical summary": agreement["objectives"],
        "Project start date": agreement["dsa_start"],
        "Project end date": agreement["dsa_end"],
        "Dataset(s) name*": _joined(agreement["datasets"]),
        "Data sensitivity level": sensitivity_level(agreement["type_of_data"] or ()),
        "Common Law Duty of Confidentiality": _joined(agreement["confidentiality"]),
        "Request frequency": request_frequency(methods),
        "Release/Access date": agreement["released_to"],
        "Access type*": access_type(methods),
        LEGAL_BASES: agreement["legal_bases_printed"],
    }


def _joined(values: Iterable[str] | None) -> str | None:
    """Return several values in one cell, as the standard has them: with a comma between."""
    return None if values is None else ", ".join(values)


def sensitivity_level(types: Iterable[str]) -> str | None:
    """Return the highest level that the types of data have; None where a type is not known.

    >>> sensitivity_level(("Anonymised - ICO Code Compliant", "Identifiable"))
    'Personally Identifiable'
    >>> sensitivity_level(("Pseudonymised",)), sensitivity_level(())
    ('De-Personalised', None)
    """
    words = [type_.lower() for type_ in types]
    if any(word.startswith("identifiable") for word in words):
        return "Personally Identifiable"
    if any(word.startswith(("pseudonymised", "anonymised - ico", "anonymised to the ico")) for word in words):
        return "De-Personalised"
    return "Anonymous" if words and all(word.startswith(("aggregate", "anonymised")) for word in words) else None


def request_frequency(methods: Iterable[str]) -> str | None:
    """Return whether data are asked for once or again and again.

    >>> request_frequency(("One-Off", "Ongoing")), request_frequency(("One-Off",)), request_frequency(())
    ('RECURRING', 'ONE-OFF', None)
    """
    words = [method.lower() for method in methods]
    if any(word.startswith(("ongoing", "frequent")) for word in words):
        return "RECURRING"
    return "ONE-OFF" if any(word.startswith("one-off") for word in words) else None


def access_type(methods: Iterable[str]) -> str | None:
    """Return whether data are released as files, looked at where they lie, or both.

    >>> access_type(("Ongoing", "System access")), access_type(("System Access",)), access_type(())
    ('Release, TRE', 'TRE', None)
    """
    words = [method.lower() for method in methods]
    ways = []
    if any(word.startswith(("one-off", "ongoing", "frequent")) for word in words):
        ways.append("Release")
    if any(word.startswith("system access") for word in words):
        ways.append("TRE")
    return ", ".join(ways) or None
