"""Answers as files: CSV that a spreadsheet opens and does not run, JSON, one JSON object a line.

The text of a page is somebody else's: a cell that begins like a formula gets an apostrophe in front, as does each item
of a list, and characters that steer a terminal, turn the direction of reading or cannot be seen are dropped from CSV
and written as escapes in JSON.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from diff.cells import cell, escaped, harmless


def to_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> str:
    """Return *rows* as RFC 4180 CSV with a head line.

    Lists are joined by "; ", values that have a structure of their own are JSON, null is an empty cell.

    Args:
        rows: One mapping a line.
        columns: Which keys, in which order; without them the keys of the rows as they come. An answer without rows has
            its head line only if they are given.
    """
    names = list(columns) if columns is not None else list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    if names:
        writer.writerow([harmless(name) for name in names])
    writer.writerows([cell(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


def to_json(rows: Sequence[Any]) -> str:
    """Return *rows* as one JSON array."""
    return escaped(json.dumps(list(rows), ensure_ascii=False, indent=2)) + "\n"


def to_ndjson(rows: Iterable[Any]) -> str:
    """Return *rows* as JSON, one to a line."""
    return "".join(escaped(json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)
