"""What MkDocs is told beside mkdocs.yml: anchors of words, and links to files that are no pages."""

import re
from typing import Any

from snapshots.browse.explaining.words import anchor_of

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")
_FIRST_CELL = re.compile(r"^\| ([^|]+?) \|", re.MULTILINE)
WORDS = {"glossary.md", "severity.md"}
"""Pages whose tables explain words, each of which other pages lead to."""


def on_page_markdown(markdown: str, page: Any = None, **_: Any) -> str:
    """Return a page without links that lead out of docs/, and with an anchor for each word that it explains.

    >>> on_page_markdown("See [the crontab](../cron/deploy/crontab) and [rules](rules.md).")
    'See the crontab and [rules](rules.md).'
    """
    text = _OUTSIDE.sub(r"\1", markdown)
    return _with_anchors(text) if page is not None and page.file.src_uri in WORDS else text


def _with_anchors(text: str) -> str:
    """Return a page with an anchor before each name in the first cell of a row, as the site of `browse` has them.

    >>> _with_anchors("| DSA, agreement | a contract |")
    '| <span id="dsa"></span>DSA, <span id="agreement"></span>agreement | a contract |'
    """
    seen: set[str] = set()

    def named(name: str) -> str:
        anchor = anchor_of(name)
        if not anchor or anchor in seen:
            return name
        seen.add(anchor)
        return f'<span id="{anchor}"></span>{name}'

    return _FIRST_CELL.sub(lambda row: f"| {', '.join(map(named, row[1].split(', ')))} |", text)
