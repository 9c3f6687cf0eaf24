"""An export's own description: a Data Package (Frictionless, version 1) with licence, citation, columns. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scraper.files import WrittenFile
from scraper.register import NHS_DATA_RELEASE
from snapshots.export.data_uses import COLUMNS, LEGAL_BASES
from snapshots.export.tables import Column, Table

_REGISTER = NHS_DATA_RELEASE
_LICENCE = {"name": _REGISTER.licence.id, "title": _REGISTER.licence.title, "path": _REGISTER.licence.url}
PAGES = "pages.warc.gz"
DATA_USES = "data_uses.csv"

_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "time": {"type": "datetime"},
    "date": {"type": "string", "constraints": {"pattern": "[0-9]{4}-[0-9]{2}(-[0-9]{2})?"}},
    "month": {"type": "yearmonth"},
    "list": {"type": "array"},
    "any": {"type": "any"},
}
# What JSON has and a cell has not.
_IN_A_CELL: dict[str, dict[str, Any]] = {"list": {"type": "string"}, "any": {"type": "string"}}
_BOOLEANS = {"trueValues": ["true"], "falseValues": ["false"]}
_DIALECT = {
    "delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True, "skipInitialSpace": False,
    "header": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an export is of."""

    register: str
    """Name of the register."""
    index: str
    """Its address."""
    since: str
    """Time of the first run that counts."""
    head: str
    """Time of the newest run that counts."""

    @property
    def citation(self) -> str:
        """One sentence to cite it by."""
        return (
            f"{self.register}: source {_REGISTER.source}; read by registerwatch from {self.since[:10]} to "
            f"{self.head[:10]} ({self.index})"
        )

    @property
    def pages(self) -> str:
        """What the archive of the pages is, in one line."""
        return (
            f"Pages of the register at {self.index} as they were fetched from {self.since} to {self.head}, bodies "
            f"unpacked. Their wording and layout are {_REGISTER.reformatter}'s."
        )

    @property
    def description(self) -> str:
        """What it is, in a few sentences."""
        return (
            f"What the pages of the register at {self.index} printed from {self.since} to {self.head}, as read by "
            "registerwatch: agreements as last seen and every state before, and the changes between them. Times are "
            "those of readings, not of the facts. Dates of agreements are the printed ones of the first version held. "
            f"{_REGISTER.licence.attribution} Source: {_REGISTER.source}. The sentences in flags are the site's own, "
            f"{_REGISTER.reformatter}'s. Prose may name individuals; the licence covers no personal data and no logos, "
            "and nobody who is named endorses this."
        )


def data_package(about: About, tables: Iterable[Table], files: Mapping[str, WrittenFile]) -> dict[str, Any]:
    """Return the description of the files that were written, by name."""
    resources = [resource for table in tables for resource in _resources(table, files)]
    resources.append(_data_uses(files[DATA_USES]))
    if PAGES in files:
        resources.append(_pages(files[PAGES]))
    return {
        "profile": "data-package",
        "name": "registerwatch-export",
        "title": f"{about.register}: its history",
        "description": about.description,
        "homepage": about.index,
        "licenses": [_LICENCE],
        "sources": [{"title": _REGISTER.source, "path": about.index}],
        "attribution": _REGISTER.licence.attribution,
        "citation": about.citation,
        "since": about.since,
        "head": about.head,
        "resources": resources,
    }


def _resources(table: Table, files: Mapping[str, WrittenFile]) -> Iterable[dict[str, Any]]:
    yield {
        "name": table.name,
        "title": table.title,
        "profile": "tabular-data-resource",
        **_file(files[f"{table.name}.csv"], "csv", "text/csv"),
        "encoding": "utf-8",
        "dialect": _DIALECT,
        "schema": _schema(table, in_cells=True),
    }
    yield {
        "name": f"{table.name}.jsonl",
        "title": table.title,
        "description": "The same rows, one JSON object a line, values as they are.",
        "profile": "data-resource",
        **_file(files[f"{table.name}.jsonl"], "jsonl", "application/x-ndjson"),
        "encoding": "utf-8",
        "schema": _schema(table, in_cells=False),
    }


def _file(file: WrittenFile, format_: str, mediatype: str) -> dict[str, Any]:
    return {
        "path": file.name, "format": format_, "mediatype": mediatype, "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }  # fmt: skip


def _schema(table: Table, *, in_cells: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_field(column, in_cells) for column in table.columns],
        "missingValues": [""] if in_cells else [],
        "primaryKey": list(table.key),
    }
    if table.refers:
        ending = "" if in_cells else ".jsonl"
        schema["foreignKeys"] = [
            {"fields": name, "reference": {"resource": _other(table, other, ending), "fields": column}}
            for name, (other, column) in table.refers.items()
        ]
    return schema


def _other(table: Table, other: str, ending: str) -> str:
    """Return what a reference calls another table; its own has no name there."""
    return "" if other == table.name else f"{other}{ending}"


def _field(column: Column, in_cells: bool) -> dict[str, Any]:
    kind = _TYPES[column.type] | (_IN_A_CELL.get(column.type, {}) if in_cells else {})
    meaning = column.meaning
    if in_cells and column.type == "list":
        meaning = f'{meaning.rstrip(".")}. In one cell, with "; " between.'
    field: dict[str, Any] = {"name": column.name, "description": meaning, **kind}
    if in_cells and column.type == "boolean":
        field |= _BOOLEANS
    # An empty list is an empty cell, which counts as missing.
    if column.required and not (in_cells and column.type == "list"):
        field["constraints"] = {**field.get("constraints", {}), "required": True}
    return field


def _data_uses(file: WrittenFile) -> dict[str, Any]:
    return {
        "name": "data_uses",
        "title": "Agreements in the columns of HDR UK's data-use register standard; not a conformant upload",
        "profile": "tabular-data-resource",
        **_file(file, "csv", "text/csv"),
        "encoding": "utf-8",
        "dialect": _DIALECT,
        "schema": {"fields": [{"name": name, "type": "string"} for name in (*COLUMNS, LEGAL_BASES)]},
    }


def _pages(file: WrittenFile) -> dict[str, Any]:
    return {
        "name": "pages",
        "title": "The kept pages, a web archive (WARC 1.1)",
        "description": f"The pages as they were fetched. Their wording and layout are {_REGISTER.reformatter}'s: "
        "evidence to keep, not to publish.",
        "profile": "data-resource",
        **_file(file, "warc.gz", "application/warc"),
        "licenses": [{"name": "other-closed", "title": "The site's own text and layout: no licence is known"}],
    }
