"""Answers as files: CSV that a spreadsheet opens and does not run, JSON, one JSON object a line.

The text of a page is somebody else's: a cell that begins like a formula gets an apostrophe in front, and characters
that steer a terminal or turn the direction of reading are dropped from CSV and written as escapes in JSON.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# What spreadsheets take for the start of a formula, in both widths.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# json.dumps writes the first 32 as escapes itself.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def to_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> str:
    """Return *rows* as RFC 4180 CSV with a head line.

    Lists are joined by "; ", values that have a structure of their own are JSON, null is an empty cell.

    Args:
        rows: One mapping a line.
        columns: Which keys, in which order; without them the keys of the rows as they come.
    """
    names = list(columns) if columns is not None else list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    if names:
        writer.writerow([_harmless(name) for name in names])
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


def to_json(rows: Sequence[Any]) -> str:
    """Return *rows* as one JSON array."""
    return _escaped(json.dumps(list(rows), ensure_ascii=False, indent=2)) + "\n"


def to_ndjson(rows: Iterable[Any]) -> str:
    """Return *rows* as JSON, one to a line."""
    return "".join(_escaped(json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)


def _escaped(text: str) -> str:
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return _harmless("; ".join(value))
    return _harmless(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _harmless(text: str) -> str:
    """Return *text* as a cell that no spreadsheet runs.

    >>> _harmless("=HYPERLINK(1)"), _harmless("a = b")
    ("'=HYPERLINK(1)", 'a = b')
    """
    text = _CONTROLS.sub("", text)
    return f"'{text}" if text.startswith(_FORMULA) else text
