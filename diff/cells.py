"""Answers as files: CSV that a spreadsheet opens and does not run, JSON that steers no terminal.

The text of a page is somebody else's: a cell that begins like a formula gets an apostrophe in front, as does each item
of a list, and characters that steer a terminal, turn the direction of reading or cannot be seen are dropped from cells
and written as escapes in JSON.
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scraper.text import UNSAFE

# What spreadsheets take for the start of a formula, in both widths.
_FORMULA = re.compile("[\t\r\n]|\\s*[=+\\-@＝＋－＠]")
_CONTROLS = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f{UNSAFE}]")
# json.dumps writes the first 32 as escapes itself.
_UNSAFE_IN_JSON = re.compile(f"[\u2028\u2029{UNSAFE}]")


def escaped(text: str) -> str:
    r"""Return JSON *text* with what is unsafe in it as escapes: the same value.

    >>> escaped('"a\u202eb"')
    '"a\\u202eb"'
    """
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def cell(value: Any) -> str:
    """Return *value* as a cell: lists are joined by "; ", what has a structure of its own is JSON, null is empty.

    >>> cell(["Yes", "=No"]), cell(None), cell(True), cell({"a": 1})
    ("Yes; '=No", '', 'true', '{"a": 1}')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return "; ".join(map(harmless, value))
    return harmless(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def harmless(text: str) -> str:
    """Return *text* as a cell that no spreadsheet runs.

    >>> harmless("=HYPERLINK(1)"), harmless("a = b")
    ("'=HYPERLINK(1)", 'a = b')
    """
    text = _CONTROLS.sub("", text)
    return f"'{text}" if _FORMULA.match(text) else text


# A cell and what ends it: quoted, where two quotes are one, or as it stands.
_CELL_OF_LINE = re.compile('(?:"((?:[^"]|"")*+)"|([^",\r\n]*+))(,|\r?\n|\\Z)')
_NUMBER = re.compile(r"[+-]?\d++(?:\.\d++)?(?:e[+-]?\d++)?", re.IGNORECASE)
_NEEDS_QUOTES = re.compile('[",\r\n]')


def harmless_lines(lines: str) -> str:
    r"""Return whole *lines* of CSV, by whomever they were written, with every cell harmless; numbers stay numbers.

    >>> harmless_lines("=1+1,-5.5,plain\r\n")
    "'=1+1,-5.5,plain\r\n"
    """
    parts: list[str] = []
    at = 0
    while at < len(lines):
        found = _CELL_OF_LINE.match(lines, at)
        if found is None:  # no CSV: what went wrong, in a sentence
            return "".join(parts) + harmless(lines[at:])
        quoted, bare, end = found.groups()
        text = bare if quoted is None else quoted.replace('""', '"')
        safe = text if _NUMBER.fullmatch(text) else harmless(text)
        parts += ['"', safe.replace('"', '""'), '"', end] if _NEEDS_QUOTES.search(safe) else [safe, end]
        at = found.end()
    return "".join(parts)


class _Lines(list[str]):
    """What a csv.writer writes to: a pure room has no files."""

    write = list.append


def to_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> str:
    """Return *rows* as RFC 4180 CSV with a head line.

    Args:
        rows: One mapping a line.
        columns: Which keys, in which order; without them the keys of the rows as they come. An answer without rows has
            its head line only if they are given.
    """
    names = list(columns) if columns is not None else list(dict.fromkeys(key for row in rows for key in row))
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\r\n")
    if names:
        writer.writerow([harmless(name) for name in names])
    writer.writerows([cell(row.get(name)) for name in names] for row in rows)
    return "".join(lines)


def to_json(rows: Sequence[Any]) -> str:
    """Return *rows* as one JSON array."""
    return escaped(json.dumps(list(rows), ensure_ascii=False, indent=2)) + "\n"


def to_ndjson(rows: Iterable[Any]) -> str:
    """Return *rows* as JSON, one to a line."""
    return "".join(escaped(json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)
