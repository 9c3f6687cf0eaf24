"""A value as a cell of a table that a spreadsheet opens and does not run, or as JSON that steers no terminal.

The text of a page is somebody else's: a cell that begins like a formula gets an apostrophe in front, as does each item
of a list, and characters that steer a terminal, turn the direction of reading or cannot be seen are dropped from cells
and written as escapes in JSON.
"""

import json
import re
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
