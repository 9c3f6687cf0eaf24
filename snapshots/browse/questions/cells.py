"""What stands in a cell of an answer, by its column: values in the words of the pages, every name a link.

The columns are those of the SQL, which scripts read; a page leaves out what only serves a link, and shows title and
reference of an agreement in one cell.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from diff.kinds import ChangeKind
from diff.saying.english import day, sentence_case
from scraper.text import cut, one_line
from snapshots.browse.app import addresses
from snapshots.browse.app.request import Reader
from snapshots.browse.parts.holding import FAMILY_NAMES
from snapshots.browse.parts.law import heading
from snapshots.browse.parts.titles import called

LONGEST = 160
MOST_LISTED = 6
HIDDEN = frozenset({"page", "change"})
_BOOLEAN = frozenset({"in_a_group", "standing", "still_listed", "substantive", "withdrawn"})
_PLAIN = frozenset({"year"})


class CellPart(NamedTuple):
    """Words in a cell, and where they lead."""

    words: str
    address: str | None = None


class AnswerCell(NamedTuple):
    """A cell: its words, and a reference below them."""

    parts: Sequence[CellPart]
    mark: str = ""
    """A severity, which is shown as one."""
    ref: str = ""


class AnswerHead(NamedTuple):
    """A column of the page."""

    column: str
    words: str
    is_number: bool


Named = Mapping[str, Any]
"""A row by its columns."""


def heads(columns: Sequence[str], headings: Mapping[str, str], example: Named) -> list[AnswerHead]:
    """Return the columns that a page shows; *example* is a row, by which numbers are known."""
    both = {"title", "reference"} <= set(columns)
    found = []
    for column in columns:
        if column in HIDDEN or (both and column == "reference"):
            continue
        words = "Agreement" if column in ("title", "reference") else column.replace("_", " ").capitalize()
        is_number = isinstance(example.get(column), int | float) and column not in _BOOLEAN | _PLAIN
        found.append(AnswerHead(column, headings.get(column, words), is_number))
    return found


def cell(reader: Reader, column: str, row: Named) -> AnswerCell:
    """Return a cell."""
    value = row[column]
    if column == "title" and row.get("reference"):
        address = addresses.agreement(row["reference"])
        name = called(value, row["reference"], row.get("first_dataset"))
        return AnswerCell([CellPart(_short(name), address)], ref=row["reference"])
    if value is None or value in ("", "[]"):
        return AnswerCell([])
    if column == "severity":
        return AnswerCell([CellPart(value)], mark=value)
    # `datasets` and `organisations` are counted by one question and named by another.
    if column in _LINKED and isinstance(value, str):
        return AnswerCell(_LINKED[column](reader, value, row))
    return AnswerCell(_plain(column, value))


def _plain(column: str, value: Any) -> list[CellPart]:
    if column in _BOOLEAN:
        return [CellPart("yes" if value else "no")]
    if isinstance(value, int | float):
        return [CellPart(str(value) if column in _PLAIN else f"{value:,}")]
    if len(value) == len("2026-11-01T03:00:00Z") and value[10] == "T" and value.endswith("Z"):
        return [CellPart(day(value))]
    if value.startswith("[") and isinstance(listed := _json(value), list):
        return _some([CellPart(_short(one)) for one in listed if isinstance(one, str)])
    return [CellPart(_short(value, 400))]


def _short(text: str, longest: int = LONGEST) -> str:
    return cut(one_line(text), longest)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _some(parts: Sequence[CellPart]) -> list[CellPart]:
    shown = list(parts[:MOST_LISTED])
    left = len(parts) - len(shown)
    return [*shown, CellPart(f"and {left:,} more")] if left else shown


# --- names, and where they lead ---------------------------------------------------------------------------------------


def _organisation(_: Reader, value: str, row: Named) -> list[CellPart]:
    return [CellPart(_short(value), addresses.organisation(row["page"]) if row.get("page") else None)]


def _organisations(_: Reader, value: str, row: Named) -> list[CellPart]:
    names, slugs = value.split("; "), (row.get("page") or "").split("; ")
    if len(names) != len(slugs):  # a name may hold what stands between names
        return [CellPart(_short(value))]
    return _some(
        [CellPart(_short(name), addresses.organisation(slug)) for name, slug in zip(names, slugs, strict=True)]
    )


def _reference(_: Reader, value: str, _row: Named) -> list[CellPart]:
    return [CellPart(value, addresses.agreement(value))]


def _references(reader: Reader, value: str, row: Named) -> list[CellPart]:
    return _some([part for one in value.split(",") for part in _reference(reader, one, row)])


def _dataset(reader: Reader, value: str, _: Named) -> list[CellPart]:
    return [CellPart(_short(value), addresses.dataset(reader.vocabulary.dataset_canonical(value)))]


def _datasets(reader: Reader, value: str, row: Named) -> list[CellPart]:
    return _some([part for one in _json(value) or () for part in _dataset(reader, one, row)])


def _controller(_: Reader, value: str, _row: Named) -> list[CellPart]:
    return [CellPart(_short(value), addresses.with_query("/search", [("q", value)]))]


def _kind(_: Reader, value: str, row: Named) -> list[CellPart]:
    words = sentence_case(ChangeKind(value).row.heading)
    return [CellPart(words, addresses.change(row["change"]) if row.get("change") else None)]


def _summary(_: Reader, value: str, row: Named) -> list[CellPart]:
    return [CellPart(_short(value, 300), addresses.change(row["change"]) if row.get("change") else None)]


def _families(_: Reader, value: str, _row: Named) -> list[CellPart]:
    return [CellPart(FAMILY_NAMES.get(one, one)) for one in _json(value) or ()]


def _basis(basis: str, printed: str = "") -> CellPart:
    return CellPart(_short(heading(basis, printed)), addresses.legal_basis(basis))


def _bases(_: Reader, value: str, _row: Named) -> list[CellPart]:
    return _some([_basis(one) for one in value.split(",")])


def _legal_bases(_: Reader, value: str, _row: Named) -> list[CellPart]:
    cited = {one["id"]: _short(one["printed"]) for one in _json(value) or ()}
    return _some([_basis(basis, printed) for basis, printed in cited.items()])


_LINKED: Mapping[str, Callable[[Reader, Any, Named], list[CellPart]]] = {
    "bases": _bases,
    "controller": _controller,
    "dataset": _dataset,
    "datasets": _datasets,
    "families_that_came": _families,
    "families_that_went": _families,
    "in_agreements": _references,
    "kind": _kind,
    "legal_bases": _legal_bases,
    "organisation": _organisation,
    "organisations": _organisations,
    "reference": _reference,
    "summary": _summary,
}
"""Column → how its texts are shown, if not as they are."""
