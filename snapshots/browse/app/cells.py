"""Cells of Datasette's tables: lists as lines, and references, changes and pages as links to our own pages."""

import json
import re
from typing import Any

from datasette import hookimpl
from markupsafe import Markup

from scraper.text import cut, unsteered
from snapshots.browse.app import addresses

LONGEST = 2048
"""Characters of a cell; Datasette cuts what it shows itself there too."""

_CHANGES = frozenset({"change", "change_id", "group_id", "member_of"})
_REFERENCES = frozenset({"reference"})
_PAGES = frozenset({"page"})
_CHANGE_TABLES = frozenset({"changes", "recent_changes"})


@hookimpl  # type: ignore[untyped-decorator,unused-ignore]  # the library has no types
def render_cell(value: Any, column: str, table: str | None) -> Markup | None:
    """Return a cell as markup; None leaves it to Datasette."""
    if isinstance(value, dict):
        return _labelled(column, str(value["value"]), str(value["label"]))
    if not isinstance(value, str) or not value:
        return None
    if column in _REFERENCES:
        return _link(addresses.agreement(value), value)
    if column in _PAGES:
        return _link(addresses.organisation(value), value)
    if (column in _CHANGES or (column == "id" and table in _CHANGE_TABLES)) and re.fullmatch("[0-9a-f]{20}", value):
        return _link(addresses.change(value), value[:8])
    if value.startswith("[") and (lines := _lines(value)):
        return lines
    plain = unsteered(value)
    return Markup.escape(cut(plain, LONGEST)) if plain != value else None


def _labelled(column: str, value: str, label: str) -> Markup | None:
    """Return a cell that names a row of another table, which has a label."""
    if column in _PAGES:
        return _link(addresses.organisation(value), label)
    if column in _CHANGES:
        return _link(addresses.change(value), label)
    return Markup("{} <em>{}</em>").format(unsteered(label), value) if unsteered(label) != label else None


def _link(to: str, words: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(to, unsteered(words))


def _lines(value: str) -> Markup | None:
    """Return a list in JSON as lines; of a legal basis its id. None for what is no such list."""
    try:
        listed = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, list):
        return None
    words = [one["id"] if isinstance(one, dict) and isinstance(one.get("id"), str) else one for one in listed]
    if not all(isinstance(one, str) for one in words):
        return None
    if not words:
        return Markup('<span class="quiet">empty</span>')
    items = Markup("").join(Markup("<li>{}</li>").format(unsteered(one)) for one in words)
    return Markup('<ul class="values">{}</ul>').format(items)
