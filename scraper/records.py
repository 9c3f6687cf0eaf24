"""What a page prints, as values: `Agreement`, `LegalBasis`, `RegisterPage`, and their JSON.

The fields are those of the public record (docs/records.md). Sets are kept as tuples in their public order (by folded
text, then text, one spelling for values that fold alike), so that equal records have equal JSON. None means: not
printed on this page. An empty tuple or string means: the label is there with nothing after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from scraper.fields import LAYOUTS, Comparing, Field, Sort, about, row, rows_of
from scraper.names.fold import fold_key

Values = tuple[str, ...] | None
Text = str | None


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """One legal basis: canonical id, its family, and the first printed text that gave it (docs/records.md)."""

    id: str
    family: str
    printed: str


class DatasetRow(NamedTuple):
    """A dataset of a version of the official register, with what is said of it alone. None: a blank cell."""

    name: str
    type_of_data: str | None = None
    sensitivity: str | None = None
    frequency: str | None = None
    legal_bases: tuple[LegalBasis, ...] = ()
    confidentiality: str | None = None

    @property
    def text(self) -> str:
        """Return the row on one line, as changes name it."""
        bases = ", ".join(basis.id for basis in self.legal_bases)
        cells = (self.name, self.type_of_data, self.sensitivity, self.frequency, bases, self.confidentiality)
        return " | ".join(cell or "" for cell in cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What one page prints of one agreement, and the table of all that is known of each of its fields."""

    # The stem alone: it lives as long as the agreement, and its versions are all printed as one.
    reference: str = field(
        metadata=about(
            Sort.TEXT,
            "Reference of the agreement, without a version's tail.",
            workbooks="W1 W2",
            older={"L0": "HSCIC Id"},
            part="what stands after the last ` — ` of the heading",
        )
    )
    # `Project 3` is no title: the site counts anew whenever an agreement comes or goes.
    title: Text = row(
        Sort.TEXT,
        "Title in the heading; null where the page only numbers its projects.",
        layouts="L2 L3 L4",
        workbooks="W2",
        part="the heading; null for `Project 3`",
        rare=True,
        comparing=Comparing.TEXT,
        kind="title-changed",
        called="Title",
    )
    # The builds of 2022 to 2024 print these values among the opt-outs, and a placeholder behind the label.
    type_of_data: Values = row(
        Sort.SET,
        "Types of data, a JSON list; null where the page prints none.",
        layouts="L0 L1 L3 L4",
        workbooks="W1 W2",
        label="Type of data",
        older={"L1": "Categories", "L0": "Format"},
        part='but for the sentence "information not disclosed for TRE projects", a placeholder',
        comparing=Comparing.SET,
        kind="type-of-data-changed",
        called="Type of data",
    )
    # Answers of all versions side by side: a sentence of 2018, a Yes of 2022. Whatever differs only in spelling stays.
    opt_outs: Values = row(
        Sort.SET,
        "Opt-outs honoured, a JSON list of the values before the brackets; null where none are printed.",
        workbooks="W1 W2",
        label="Opt outs honoured",
        part="before the brackets",
        comparing=Comparing.SET,
        kind="opt-outs-changed",
        called="Opt-outs honoured",
        short="Opt-outs",
    )
    confidentiality: Values = row(
        Sort.SET,
        "How the duty of confidentiality is met, a JSON list from the brackets; null without brackets.",
        layouts="L1 L2 L3 L4",
        workbooks="W1 W2",
        label="Opt outs honoured",
        part="in the brackets, without `Excuses:`",
        comparing=Comparing.SET,
        kind="confidentiality-changed",
        called="Duty of confidentiality",
        heading="Confidentiality",
    )
    # Cells of all datasets and versions, joined: the same section in four spellings, so that only its id is compared.
    legal_bases: tuple[LegalBasis, ...] | None = row(
        Sort.CITATIONS,
        "Legal bases, a JSON list of id, family and printed text; null where the page prints none.",
        workbooks="W1 W2",
        label="Legal basis",
        older={"L0": "Basis"},
        part="one object for each canonical id, sorted by id, with the text that gave it first",
        comparing=Comparing.CITATIONS,
        called="Legal basis",
    )
    # The label says purposes; what stands behind it is a flag, and in brackets who applied.
    commercial: Values = row(
        Sort.SET,
        "Whether the purpose is commercial, a JSON list of Yes and No; null where that is not printed.",
        layouts="L2 L3 L4",
        workbooks="W2",
        label="Purposes",
        part="before the brackets",
        choices=("Yes", "No"),
        comparing=Comparing.SET,
        kind="commercial-changed",
        called="Commercial purpose",
    )
    organisation_types: Values = row(
        Sort.SET,
        "Types of organisation, a JSON list from the brackets after the purposes; else null.",
        layouts="L2 L3 L4",
        workbooks="W1 W2",
        label="Purposes",
        part="in the brackets",
        comparing=Comparing.SET,
        kind="organisation-type-changed",
        called="Organisation type",
    )
    # Pages of the internal register print a paragraph there, which would be one long unknown type.
    purposes_text: Text = row(
        Sort.TEXT,
        "The line Purposes where it is prose; else null.",
        layouts="L2 L3 L4",
        workbooks="W1",
        label="Purposes",
        part="where it is prose",
        comparing=Comparing.TEXT,
        kind="text-changed",
        called="Purposes",
    )
    # `Non Sensitive` and `Non-Sensitive` are two spellings of one answer.
    sensitivity: Values = row(
        Sort.SET,
        "A JSON list of Sensitive and Non-Sensitive; null where that is not printed.",
        workbooks="W1 W2",
        label="Sensitive",
        older={"L0": "Format"},
        choices=("Sensitive", "Non-Sensitive"),
        comparing=Comparing.SET,
        kind="sensitivity-changed",
        called="Sensitivity",
        heading="Sensitive",
    )
    # The window of one version, apparently the first that is held; never to be called the current term.
    dsa_start: Text = row(
        Sort.DATE,
        "Printed start of the agreement's term, YYYY-MM-DD or YYYY-MM as printed; null where none is printed.",
        layouts="L2 L3 L4",
        workbooks="W2",
        label="When",
        part="the first date of `DSA runs … — …`, as precise as it is printed",
        comparing=Comparing.TERM,
        called="Printed start",
        heading="Printed term",
    )
    # The newest layout prints months. A day and its month are the same date, less precisely.
    dsa_end: Text = row(
        Sort.DATE,
        "Printed end of the agreement's term, YYYY-MM-DD or YYYY-MM as printed; null where none is printed.",
        layouts="L2 L3 L4",
        workbooks="W2",
        label="When",
        part="the second date of `DSA runs … — …`",
        comparing=Comparing.TERM,
        called="Printed end",
        heading="Printed term",
    )
    # Over all versions, unlike the term: releases after its end are mostly an artefact of that.
    released_from: Text = row(
        Sort.MONTH,
        "First month of the release window, YYYY-MM; null where none is printed.",
        workbooks="W2",
        label="When",
        part="the start of the release window",
        comparing=Comparing.WINDOW,
        called="First release month",
        heading="Releases",
    )
    # Kept when it is odd: one page's window ends before it begins. Swapping would hide what the register says.
    released_to: Text = row(
        Sort.MONTH,
        "Last month of the release window, YYYY-MM; null where none is printed.",
        workbooks="W2",
        label="When",
        part="the end of the release window",
        comparing=Comparing.WINDOW,
        called="Last release month",
        heading="Releases",
    )
    when_note: Text = row(
        Sort.TEXT,
        "What else the line of the dates says, such as a remark about an incident; else null.",
        label="When",
        part="what else it says: `(or before)`, `unknown`, a word in place of a date, a remark about an incident",
        rare=True,
        comparing=Comparing.REMARK,
        called="Remark beside the dates",
    )
    access_methods: Values = row(
        Sort.SET,
        "Access methods, a JSON list; null where the page prints none.",
        workbooks="W1 W2",
        label="Access method",
        older={"L1": "Repeats", "L0": "How often"},
        comparing=Comparing.SET,
        kind="access-method-changed",
        called="Access method",
    )
    # An explanation of the site's and not of the register's.
    system_access_note: bool | None = row(
        Sort.FLAG,
        "Whether the bracketed explanation stands under the access method; null where that is absent.",
        layouts="L2 L3 L4",
        label="Access method",
        part="what stands in brackets under it; never compared",
        heading="Access method",
    )
    # "NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB" is one name: commas alone do not part them.
    controllers: Values = row(
        Sort.SET,
        "Names of the data controllers, a JSON list; null where the page prints none.",
        layouts="L2 L3 L4",
        workbooks="W2",
        label="Data-controller type",
        part="the names, which may hold commas",
        comparing=Comparing.NAMES,
        called="Data controllers",
    )
    sublicensing: Values = row(
        Sort.SET,
        "Whether sublicensing is allowed, a JSON list of Yes and No; null where that is not printed.",
        layouts="L2 L3 L4",
        workbooks="W2",
        label="Sublicensing allowed",
        choices=("Yes", "No"),
        comparing=Comparing.SET,
        kind="sublicensing-changed",
        called="Sublicensing",
    )
    # File names of minutes: that one is named is news, that one is named no longer is not.
    discussions: Values = row(
        Sort.SET,
        "Minutes and other discussions named, a JSON list; null where the page prints none.",
        layouts="L4",
        label="AGD/predecessor discussions",
        rare=True,
        comparing=Comparing.ADDITIONS,
        kind="discussion-added",
        called="Discussions",
    )
    # Names hold commas here too, but each has a line of its own; the order is the page's.
    datasets: Values = row(
        Sort.LIST,
        "Names of the datasets, a JSON list; null where the page prints no list.",
        workbooks="W1 W2",
        label="Datasets",
        older={"L0": "Data"},
        part="the lines under it",
        comparing=Comparing.NAMES,
        called="Datasets",
    )
    remainder: Text = row(
        Sort.PROSE,
        "Every line of the agreement that is in no other field and is not the site's; null where there is none.",
        workbooks="W1 W2",
        part="every line that is in no other field and not the site's frame (rules 16 and 17), one a line",
        rare=True,
        comparing=Comparing.TEXT,
        kind="text-changed",
        called="Other lines",
    )
    objectives: Text = row(
        Sort.PROSE,
        "The section Objectives; null where the page prints none.",
        layouts="L1 L2 L3 L4",
        workbooks="W1 W2",
        label="Objectives",
        part="one line for each paragraph or list item",
        comparing=Comparing.TEXT,
        kind="text-changed",
        called="Objectives",
    )
    expected_benefits: Text = row(
        Sort.PROSE,
        "The section Expected Benefits; null where the page prints none.",
        layouts="L1 L2 L3 L4",
        workbooks="W1 W2",
        label="Expected Benefits",
        older={"L1": "Benefits"},
        comparing=Comparing.TEXT,
        kind="text-changed",
        called="Expected benefits",
    )
    yielded_benefits: Text = row(
        Sort.PROSE,
        "The section Yielded Benefits; null where the page prints none.",
        layouts="L1 L2 L3 L4",
        workbooks="W1 W2",
        label="Yielded Benefits",
        comparing=Comparing.TEXT,
        kind="text-changed",
        called="Yielded benefits",
    )
    outputs: Text = row(
        Sort.PROSE,
        "The section Outputs; null where the page prints none.",
        workbooks="W1 W2",
        label="Outputs",
        older={"L0": "Output"},
        comparing=Comparing.TEXT,
        kind="text-changed",
        called="Outputs",
    )
    processing: Text = row(
        Sort.PROSE,
        "The section Processing; null where the page prints none.",
        workbooks="W1 W2",
        label="Processing",
        older={"L0": "Activities"},
        comparing=Comparing.TEXT,
        kind="text-changed",
        called="Processing",
    )
    printed: Mapping[str, str] = field(
        default_factory=dict,
        metadata=about(
            Sort.LINES,
            "Every line of the agreement's head as it stood, a JSON object of label and text.",
            workbooks="W1 W2",
            part="every line of the head as it stood; repeated labels are joined by a newline",
        ),
    )
    # Only the official register prints what follows: its agreements are versions.
    version: Text = row(
        Sort.TEXT,
        "Which version of its agreement this is, from the tail of the reference; null where that has none.",
        layouts="",
        workbooks="W1 W2",
        label="Reference Number",
        part="the numbers behind `-v`",
        called="Version",
    )
    controller_basis: Text = row(
        Sort.TEXT,
        "Whether the controllers are sole or joint.",
        layouts="",
        workbooks="W2",
        label="Sole/Joint Data Controller",
        comparing=Comparing.BESIDE_NAMES,
        kind="controller-basis-changed",
        called="Sole or joint",
    )
    # A dataset may stand there twice, as an identifiable and an anonymised cut.
    dataset_rows: tuple[DatasetRow, ...] | None = row(
        Sort.ROWS,
        "The rows of its datasets, each with type of data, sensitivity, frequency, legal bases and duty of its own.",
        layouts="",
        workbooks="W1 W2",
        label="Dataset",
        comparing=Comparing.ROWS,
        kind="dataset-row-changed",
        called="Dataset rows",
    )
    files: Mapping[str, int] | None = row(
        Sort.COUNTS,
        "How many files were released in each month, an object of month and number.",
        layouts="",
        workbooks="W2",
        label="Month File Released",
        rare=True,
        comparing=Comparing.COUNTS,
        kind="files-count-changed",
        called="Files released",
    )
    unprinted: frozenset[str] = frozenset()
    """Names of the fields that this page does not print at all, whatever the agreement is (rule 5): its layout has no
    such label, its text form lost it, or its value is the site's placeholder. Not part of the public record."""
    unread: frozenset[str] = frozenset()
    """Those of them whose text is there and not understood (rule 20): it stands in `printed` and in the remainder.
    So is what has a label that nobody knows, where the label that the layout always prints is missing."""

    @property
    def is_version(self) -> bool:
        """Whether it is a version of the official register, and not what a page prints."""
        return self.dataset_rows is not None

    def text_key(self, name: str) -> str:
        """Return what stands for the folded text of the field *name*: texts are compared by these."""
        return fold_key(getattr(self, name))


EVERY_FIELD: Mapping[str, Field] = {one.name: one for one in rows_of(Agreement)}
"""The table: the public fields of an agreement by name, in their public order."""

FIELDS: Mapping[str, Field] = {name: one for name, one in EVERY_FIELD.items() if set(one.layouts) & set(LAYOUTS)}
"""Those that pages print."""

VERSION_FIELDS: Mapping[str, Field] = {name: one for name, one in EVERY_FIELD.items() if name not in FIELDS}
"""Those that the official register alone prints."""


def fields_of_sort(*sorts: Sort) -> tuple[str, ...]:
    """Return the names of the fields whose values are of one of these *sorts*, in public order."""
    return tuple(name for name, one in FIELDS.items() if one.sort in sorts)


SECTIONS = fields_of_sort(Sort.PROSE)
"""Fields of prose that are kept as texts, in the order in which the site usually prints them."""

PROSE = tuple(name for name, one in FIELDS.items() if one.kind == "text-changed")
"""Fields that are compared, told and shown as prose."""


def lines_of(text: str | None) -> list[str]:
    r"""Return the lines of a record's text: prose has one for each paragraph or item, a remainder each line by itself.

    >>> lines_of("one\ntwo"), lines_of(None)
    (['one', 'two'], [])
    """
    return text.split("\n") if text else []


class Owned(NamedTuple):
    """A line of a page and the field that has it."""

    field: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPage:
    """What one organisation's page prints."""

    source: str
    slug: str
    organisation: str
    layout: str
    files_disseminated: int | None = None
    flags: tuple[str, ...] = ()
    remainder: str | None = None
    """Lines outside its agreements that are in no other field, and not the site's frame once that is taken out."""
    notices: tuple[str, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    tail: tuple[Owned, ...] = ()
    """The lines below the last label, which may be the site's (rule 17). Not part of the public record."""


_SETS, _CITATIONS = fields_of_sort(Sort.SET, Sort.LIST), fields_of_sort(Sort.CITATIONS)


def agreement_to_json(agreement: Agreement) -> dict[str, Any]:
    """Return the public record of *agreement*: values that `json.dumps` takes, keys in public order.

    What the official register alone prints stands in records of its versions, and in no other.
    """
    names = EVERY_FIELD if agreement.is_version else FIELDS
    record = {name: getattr(agreement, name) for name in names}
    for name in _SETS:
        if record[name] is not None:
            record[name] = list(record[name])
    for name in _CITATIONS:
        if record[name] is not None:
            record[name] = list(map(_basis_to_json, record[name]))
    record["printed"] = dict(agreement.printed)
    if agreement.dataset_rows is not None:
        bases = "legal_bases"
        record["dataset_rows"] = [
            one._asdict() | {bases: list(map(_basis_to_json, one.legal_bases))} for one in agreement.dataset_rows
        ]
        record["files"] = None if agreement.files is None else dict(agreement.files)
    return record


def _basis_to_json(basis: LegalBasis) -> dict[str, str]:
    return {"id": basis.id, "family": basis.family, "printed": basis.printed}


def agreement_from_json(
    record: Mapping[str, Any], unprinted: frozenset[str] = frozenset(), unread: frozenset[str] = frozenset()
) -> Agreement:
    """Return the agreement whose public record is *record*; the inverse of `agreement_to_json`."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record.items()
    }
    for name in _CITATIONS:
        if values[name] is not None:
            values[name] = tuple(LegalBasis(**basis) for basis in values[name])
    if values.get("dataset_rows") is not None:
        values["dataset_rows"] = tuple(
            DatasetRow(**one | {"legal_bases": tuple(LegalBasis(**basis) for basis in one["legal_bases"])})
            for one in values["dataset_rows"]
        )
    return Agreement(**values, unprinted=unprinted, unread=unread)


def page_to_json(page: RegisterPage) -> dict[str, Any]:
    """Return the public record of *page*: values that `json.dumps` takes, keys in public order."""
    return {
        "source": page.source,
        "slug": page.slug,
        "organisation": page.organisation,
        "layout": page.layout,
        "files_disseminated": page.files_disseminated,
        "flags": list(page.flags),
        "remainder": page.remainder,
        "notices": list(page.notices),
        "agreements": [agreement_to_json(agreement) for agreement in page.agreements],
    }
