"""The pages of docs/ as the manual that `browse` serves under /docs: Markdown in, templates and a list of them out."""

import json
import re
from pathlib import Path
from typing import Any

import markdown
import yaml

from docs.hooks import on_page_markdown
from docs.texts import SITE

_PICTURE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\n*", re.MULTILINE)
_LINK = re.compile(r'href="([\w-]+)\.md(#[\w-]+)?"')
_WIDE = re.compile(r"<(table|pre)>(.*?)</\1>", re.DOTALL)


def contents(root: Path) -> list[dict[str, Any]]:
    """Return the parts of the manual, as mkdocs.yml has them: name of each; name, title and address of its pages."""
    navigation = yaml.safe_load((root / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    parts = [part for part in navigation if isinstance(part, dict)]
    return [
        {"part": name, "pages": [_entry(root, file.removesuffix(".md")) for file in files]}
        for part in parts
        for name, files in part.items()
    ]


def _entry(root: Path, name: str) -> dict[str, str]:
    title = (root / f"docs/{name}.md").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    return {"name": name, "title": title.replace("`", ""), "address": f"/{name}" if name in SITE else f"/docs/{name}"}


def manual_names(parts: list[dict[str, Any]]) -> list[str]:
    """Return the names of the pages that the manual has alone; the others are pages of the site already."""
    return [page["name"] for part in parts for page in part["pages"] if page["address"].startswith("/docs/")]


def as_json(parts: list[dict[str, Any]]) -> str:
    """Return the list of pages as it is kept beside their templates."""
    return json.dumps(parts, ensure_ascii=False, indent=1) + "\n"


def as_page(text: str) -> str:
    r"""Return a page as what stands below its title: no pictures, which are the site's, and no template in it.

    >>> as_page("# Title\n\nSee [rules](rules.md#one), [words](glossary.md).\n")
    '{% raw %}<p>See <a href="/docs/rules#one">rules</a>, <a href="/glossary">words</a>.</p>{% endraw %}\n'
    """
    body = _PICTURE.sub("", on_page_markdown(text.partition("\n")[2]))
    html = markdown.markdown(body, extensions=["tables", "fenced_code", "toc"])
    html = re.sub(r"<!--.*?-->\n*", "", _LINK.sub(_address, html), flags=re.DOTALL)
    return f"{{% raw %}}{_WIDE.sub(_scrolled, html)}{{% endraw %}}\n"


def _address(link: re.Match[str]) -> str:
    page = f"/{link[1]}" if link[1] in SITE else "/docs" if link[1] == "index" else f"/docs/{link[1]}"
    return f'href="{page}{link[2] or ""}"'


def _scrolled(part: re.Match[str]) -> str:
    """Return a table or an example in a box that is scrolled by itself, with keys too, where a window is narrow."""
    name = "Table" if part[1] == "table" else "Example"
    return f'<div class="wide" tabindex="0" role="region" aria-label="{name}"><{part[1]}>{part[2]}</{part[1]}></div>'
