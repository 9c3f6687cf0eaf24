"""The rows of one agreement to its record: a page of the official register, whose agreements are its versions.

What a cell says goes through the same readers as what a page prints: the one door for characters, names, legal bases.
A cell that is not understood is in the remainder, is named, and counts as not printed (rules 16 and 20). Pure.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple

from scraper.names.fold import as_set, fold
from scraper.names.legal_basis import read_legal_bases
from scraper.names.vocabulary import Vocabulary, default_vocabulary
from scraper.official.references import read_reference
from scraper.official.shapes import AGREEMENTS, STATEMENTS
from scraper.reading.blocks import clean
from scraper.reading.values import UNREAD, read_sensitivity
from scraper.records import EVERY_FIELD, SECTIONS, Agreement, DatasetRow, LegalBasis, RegisterPage
from scraper.times import MONTHS

_HEADINGS = {column.gives: column.heading for sheet in (STATEMENTS, AGREEMENTS) for column in sheet.columns}
_YES_NO = {"yes": "Yes", "y": "Yes", "no": "No", "n": "No"}


def read_agreement_rows(
    body: bytes,
    *,
    source: str,
    slug: str | None = None,
    charset: str | None = None,  # noqa: ARG001 as of every reader of a register
    vocabulary: Vocabulary | None = None,
) -> RegisterPage:
    """Return what the workbook says of one agreement.

    Args:
        body: What `SortedWorkbook.body` made of its rows.
        source: The workbook.
        slug: Name of its page.
        charset: Of no use here: a body is UTF-8.
        vocabulary: Known names; by default those that come with the program.
    """
    return read_content(json.loads(body), source=source, slug=slug, vocabulary=vocabulary)


def read_content(
    rows: Mapping[str, Any], *, source: str, slug: str | None = None, vocabulary: Vocabulary | None = None
) -> RegisterPage:
    """Return what the workbook says of one agreement; *rows* are those of a body, or of `SortedWorkbook.content`."""
    vocabulary = vocabulary or default_vocabulary()
    in_order = sorted(rows["versions"].items(), key=lambda one: _order(one[0]))
    found = [_read_version(reference, version, rows, vocabulary) for reference, version in in_order]
    applicants = list(filter(None, (version["fields"].get("organisation") for _, version in in_order)))
    return RegisterPage(
        source=source,
        slug=slug or "",
        organisation=clean(applicants[-1]) if applicants else "",
        layout=rows["layout"],
        notices=tuple(notice for _, notices in found for notice in notices),
        agreements=tuple(agreement for agreement, _ in found),
    )


def applicants_of(agreement: Agreement) -> str:
    """Return the applicant of a version, as its row says."""
    return clean(agreement.printed.get(_HEADINGS["organisation"], "") or agreement.printed.get("Organisation", ""))


def cells_not_understood(agreement: Agreement) -> dict[str, str]:
    """Return heading → what stands in the cell, of the columns of a version that are not understood."""
    lines = [line.partition(": ") for line in (agreement.remainder or "").split("\n")]
    unread = {_heading_of(name) for name in agreement.unread}
    return {heading: text for heading, _, text in lines if heading in unread}


def _order(reference: str) -> tuple[int, ...]:
    found = read_reference(reference)
    return found.order if found else ()


def _read_version(
    reference: str, version: Mapping[str, Any], rows: Mapping[str, Any], vocabulary: Vocabulary
) -> tuple[Agreement, list[str]]:
    layout, fields = rows["layout"], version["fields"]
    named = read_reference(reference)
    unclear: dict[str, str] = {}
    record = _of_rows(version["rows"], unclear)
    record |= {name: _section(fields[name]) for name in SECTIONS if name in fields}
    record |= {name: None for name in SECTIONS if name != "remainder" and name not in fields}
    record["organisation_types"] = _one(fields, "organisation_types")
    record["opt_outs"] = as_set(clean(text) for text in version["opt_outs"])
    others = {heading: texts for heading, texts in version["others"].items() if heading != "Purpose"}
    if layout == "W1":
        record["purposes_text"] = "\n".join(clean(text) for text in version["others"].get("Purpose", ())) or None
    else:
        record |= _of_version_row(fields, unclear, vocabulary)
        record |= _of_files(version["files"], unclear)
    # Which opt-outs were applied is said of files: of a version without one nothing is said.
    silent = _not_printed(layout) | ({"opt_outs"} if not version["opt_outs"] else set())
    unread = frozenset(unclear)
    rest = [f"{_heading_of(name)}: {text}" for name, text in unclear.items()]
    rest += [f"{heading}: {clean(text)}" for heading, texts in others.items() for text in texts if clean(text)]
    agreement = Agreement(
        reference=reference,
        version=named.version if named else None,
        remainder="\n".join(rest) or None,
        printed=_printed(fields, others, rows["columns"]),
        unprinted=silent | unread,
        unread=unread,
        **{name: value for name, value in record.items() if name not in silent | unread},
    )
    notices = [f"{reference}: `{_heading_of(name)}` is not understood: {text!r}" for name, text in unclear.items()]
    if agreement.dsa_start and agreement.dsa_end and agreement.dsa_end < agreement.dsa_start:
        notices.append(f"{reference}: the DSA term ends before it starts: {agreement.dsa_start} to {agreement.dsa_end}")
    return agreement, notices


def _printed(fields: Mapping[str, str], others: Mapping[str, Sequence[str]], columns: Iterable[str]) -> dict[str, str]:
    """Return the cells of the version's own row as they stand, and those of columns that nobody knows."""
    head = {_HEADINGS[name]: fields[name].strip() for name in _HEADINGS if name in fields and name not in SECTIONS}
    return head | {heading: "\n".join(others.get(heading, ())) for heading in (*columns, *others)}


def _heading_of(name: str) -> str:
    return _HEADINGS.get(name) or EVERY_FIELD[name].label


@cache
def _not_printed(layout: str) -> frozenset[str]:
    return frozenset(name for name, one in EVERY_FIELD.items() if layout not in one.layouts)


# An agreement is read as it is and as it was, one after the other, and differs in a few sections of some versions.
@lru_cache(maxsize=256)
def _section(text: str) -> str:
    return "\n".join(line for printed in text.splitlines() if (line := clean(printed)))


def _one(fields: Mapping[str, str], name: str) -> tuple[str, ...]:
    return as_set([clean(fields.get(name, ""))])


# --- datasets ---------------------------------------------------------------------------------------------------------


# A workbook of 30,000 rows has some thousand that differ, months by the hundred, and few answers.
_MANY, _SOME = 16_384, 1_024


def _of_rows(rows: Iterable[Sequence[str]], unclear: dict[str, str]) -> dict[str, Any]:
    """Return the rows of its datasets, and the unions of what they say."""
    read = {one.folded: one for one in (_row(*cells) for cells in rows)}
    kept = tuple(one.row for one in sorted(read.values(), key=lambda one: one.order))
    sensitivity, is_unread = _sensitivity(_each(row.sensitivity for row in kept))
    if is_unread:
        unclear["sensitivity"] = ", ".join(as_set(row.sensitivity or "" for row in kept))
    return {
        "dataset_rows": kept,
        "datasets": _set(_each(row.name for row in kept)),
        "type_of_data": _set(_each(row.type_of_data for row in kept)),
        "sensitivity": sensitivity,
        "access_methods": _set(_each(row.frequency for row in kept)),
        "legal_bases": union_of_bases({id(row.legal_bases): row.legal_bases for row in kept}.values()),
        "confidentiality": _set(_each(row.confidentiality for row in kept)),
    }


class _ReadRow(NamedTuple):
    """A dataset's row, with what it is known and sorted by."""

    row: DatasetRow
    folded: str
    order: tuple[str, str]


@lru_cache(maxsize=_MANY)
def _row(name: str, type_of_data: str, sensitivity: str, frequency: str, legal_bases: str, duty: str) -> _ReadRow:
    row = DatasetRow(
        name=clean(name),
        type_of_data=clean(type_of_data) or None,
        sensitivity=clean(sensitivity) or None,
        frequency=clean(frequency) or None,
        legal_bases=_bases(" ".join(legal_bases.split())),
        confidentiality=clean(duty) or None,
    )
    return _ReadRow(row, fold(row.text), (fold(row.name), row.text))


_bases = lru_cache(maxsize=_SOME)(read_legal_bases)


def _each(values: Iterable[str | None]) -> tuple[str, ...]:
    """Return each text of *values* once, in their order."""
    return tuple(dict.fromkeys(value for value in values if value))


@lru_cache(maxsize=_SOME)
def _set(values: tuple[str, ...]) -> tuple[str, ...]:
    return as_set(values)


@lru_cache(maxsize=_SOME)
def _sensitivity(values: tuple[str, ...]) -> tuple[tuple[str, ...] | None, bool]:
    """Return how sensitive a version's datasets are, and whether that is not understood."""
    read = read_sensitivity(values)
    return read["sensitivity"], bool(read.get(UNREAD))


def union_of_bases(lists: Iterable[Iterable[LegalBasis]]) -> tuple[LegalBasis, ...]:
    """Return the legal bases of several *lists*: one for each id, as it is printed first, sorted by id."""
    found: dict[str, LegalBasis] = {}
    for bases in lists:
        for basis in bases:
            found.setdefault(basis.id, basis)
    return tuple(found[basis] for basis in sorted(found))


# --- a version's own row ----------------------------------------------------------------------------------------------


def _of_version_row(fields: Mapping[str, str], unclear: dict[str, str], vocabulary: Vocabulary) -> dict[str, Any]:
    record: dict[str, Any] = {
        "title": clean(fields.get("title", "")) or None,
        "controllers": as_set(split_names(fields.get("controllers", ""), vocabulary)),
        "controller_basis": clean(fields.get("controller_basis", "")) or None,
        "sublicensing": _answer(fields, "sublicensing", unclear),
        "commercial": _answer(fields, "commercial", unclear),
    }
    for name in ("dsa_start", "dsa_end"):
        printed = clean(fields.get(name, ""))
        record[name] = read_day(printed)
        if printed and record[name] is None:
            unclear[name] = printed
    return record


def _answer(fields: Mapping[str, str], name: str, unclear: dict[str, str]) -> tuple[str, ...]:
    printed = clean(fields.get(name, ""))
    if printed and fold(printed) not in _YES_NO:
        unclear[name] = printed
    return as_set([_YES_NO.get(fold(printed), "")])


_JOINTS = re.compile(r"[;\n\r]+")


def split_names(text: str, vocabulary: Vocabulary) -> list[str]:
    r"""Return the names in *text*, which a semicolon, a line break or a comma parts; names hold the last two as well.

    >>> names = default_vocabulary()
    >>> split_names("NHS ENGLAND - X26;NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 03W\nNOVAVAX, INC.", names)
    ['NHS ENGLAND - X26', 'NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB - 03W', 'NOVAVAX, INC.']
    >>> split_names("UNIVERSITY OF\nOXFORD", names)
    ['UNIVERSITY OF OXFORD']
    """
    splitter = vocabulary.splitter()
    lines: list[str] = []
    for part in filter(None, map(clean, _JOINTS.split(text))):
        # A line break inside of a name that is listed is that name's; `,` before one goes on in the next line.
        joined = f"{lines[-1]} {part}" if lines else ""
        goes_on = joined and (lines[-1].endswith(",") or (splitter.lists(joined) and not splitter.lists(part)))
        if goes_on:
            lines[-1] = joined
        else:
            lines.append(part)
    return [name for line in lines for name in splitter.split(line)]


# --- dates and months -------------------------------------------------------------------------------------------------

_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?:[ T].*)?")
_NUMBERS = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?: .*)?")
_WORDS = re.compile(r"(?:(\d{1,2})(?:st|nd|rd|th)?[ -]+)?([A-Za-z]{3,9})\.?,?[ -]+(\d{4}|\d{2})")
_SERIAL = re.compile(r"[2-6]\d{4}(?:\.\d+)?")
_BEGIN = date(1899, 12, 30)
"""Day 0 of a workbook's numbers."""


def _parts(text: str) -> tuple[int, int, int | None] | None:
    """Return year, month and day of a date, however it was typed; the day may be left out."""
    if _SERIAL.fullmatch(text):
        day = _BEGIN + timedelta(days=int(float(text)))
        return day.year, day.month, day.day
    if found := _ISO.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3]) if found[3] else None
    if found := _NUMBERS.fullmatch(text):
        return _year(found[3]), int(found[2]), int(found[1])
    if found := _WORDS.fullmatch(text):
        month = MONTHS.get(found[2][:3].lower())
        return (_year(found[3]), month, int(found[1]) if found[1] else None) if month else None
    return None


def _year(digits: str) -> int:
    return int(digits) + (2000 if len(digits) == 2 else 0)


@lru_cache(maxsize=_MANY)
def read_day(text: str) -> str | None:
    """Return the day that *text* says, as days are written in England; None where it says none.

    >>> [read_day(text) for text in ("2026-04-28", "28/04/2026", "28 April 2026", "46140", "2026-04-28 00:00:00")]
    ['2026-04-28', '2026-04-28', '2026-04-28', '2026-04-28', '2026-04-28']
    >>> read_day("31/04/2026"), read_day("ongoing")
    (None, None)
    """
    parts = _parts(text.strip())
    if parts is None or parts[2] is None:
        return None
    try:
        return date(parts[0], parts[1], parts[2]).isoformat()
    except ValueError:
        return None


@lru_cache(maxsize=_SOME)
def read_month(text: str) -> str | None:
    """Return the month that *text* says; None where it says none.

    >>> [read_month(text) for text in ("Jul-19", "July 2019", "2019-07-01", "2019-07", "43647", "01/07/2019")]
    ['2019-07', '2019-07', '2019-07', '2019-07', '2019-07', '2019-07']
    >>> read_month("2019-13"), read_month("")
    (None, None)
    """
    parts = _parts(text.strip())
    return f"{parts[0]:04}-{parts[1]:02}" if parts and 1 <= parts[1] <= 12 else None


def _of_files(printed: Mapping[str, int], unclear: dict[str, str]) -> dict[str, Any]:
    files: dict[str, int] = {}
    for text, count in printed.items():
        month = read_month(clean(text))
        if month is None:
            unclear["files"] = ", ".join(filter(None, (unclear.get("files"), f"{clean(text) or 'blank'} ({count})")))
        else:
            files[month] = files.get(month, 0) + count
    months = sorted(files)
    return {
        "files": dict(sorted(files.items())),
        "released_from": months[0] if months else None,
        "released_to": months[-1] if months else None,
    }
