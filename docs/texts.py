"""The pages of docs/ that readers of the site meet too: Markdown in, the part of a page out, with anchors.

`docs/generate.py` writes them as templates of `snapshots/browse`, so that one source serves both.
"""

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

import markdown

from snapshots.browse.explaining.words import anchor_of

SITE = ("about", "method", "glossary", "severity")
"""Pages of docs/ that are pages of the site too."""
FOR_READERS_OF_CODE = "\n## The house's words"
"""What follows it in a page is for docs/ alone."""


_NOBODY = re.compile("<!-- nobody named -->(.*?)<!-- /nobody named -->")
_CONTACT = (
    '{{% if contact %}}They can be reached at <a href="{{{{ contact.address }}}}">{{{{ contact.words }}}}</a>.'
    "{{% else %}}{}{{% endif %}}"
)
"""What stands in a page of the site where docs/ says that nobody is named."""


def as_template(page: str) -> str:
    """Return a page of docs/ as what stands below the title of a page of ours.

    A table becomes a list of terms: each name of a first cell gets an anchor, the other cells are what it means.
    """
    _, _, body = page.split(FOR_READERS_OF_CODE)[0].partition("\n")
    for name in (*SITE, "legal-bases"):
        body = body.replace(f"]({name}.md", f"](/{name}")
    if "{{" in body or "{%" in body or ".md)" in body:
        raise ValueError("a page of the site holds no template and links to no file of docs/")
    # As a sign, for Markdown would make a paragraph of its own of a comment.
    nobody, body = _NOBODY.findall(body), _NOBODY.sub("¤", body)
    anchors: set[str] = set()
    parts = []
    for is_table, group in groupby(body.splitlines(), key=lambda line: line.startswith("|")):
        lines = list(group)
        parts += _terms(lines[2:], anchors) if is_table else lines
    html = markdown.markdown("\n".join(parts), extensions=["toc"])
    html = html.replace("¤", _CONTACT.format("".join(nobody)))
    return re.sub(r"<!--.*?-->\n*", "", html) + "\n"


def _terms(rows: list[str], anchors: set[str]) -> Iterator[str]:
    """Yield a list of terms, made of the rows of a table."""
    yield from ("", '<dl class="terms">')
    for row in rows:
        names, *cells = (cell.strip() for cell in row.strip("|").split(" | "))
        said = ", ".join(_named(name, anchors) for name in names.split(", "))
        yield f"<div><dt>{said}</dt>{''.join(f'<dd>{_inline(cell)}</dd>' for cell in cells if cell)}</div>"
    yield from ("</dl>", "")


def _named(name: str, anchors: set[str]) -> str:
    """Return a name with its anchor; none where the same letters have one on the page."""
    anchor, said = anchor_of(name), f"<code>{escape(name[1:-1])}</code>" if name.startswith("`") else escape(name)
    if not anchor or anchor in anchors:
        return said
    anchors.add(anchor)
    return f'<span id="{anchor}">{said}</span>'


def _inline(text: str) -> str:
    return markdown.markdown(text).removeprefix("<p>").removesuffix("</p>")
