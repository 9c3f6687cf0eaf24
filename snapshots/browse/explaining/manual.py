"""The manual: the pages of docs/, which `make docs` writes as templates, under /docs."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from snapshots.browse.app.request import NotThereError, PageRequest, PageRoute


@cache
def contents() -> list[dict[str, Any]]:
    """Return the parts of the manual, each with its pages: name, title, address."""
    text = resources.files("snapshots.browse").joinpath("templates/manual/contents.json").read_text(encoding="utf-8")
    return list(json.loads(text))


def _list(_: PageRequest) -> Mapping[str, Any]:
    lead = "How to install it, look after it, use what it finds, and why it is as it is."
    return {"title": "Manual", "description": lead, "lead": lead, "parts": contents(), "text": None, "current": ""}


def _page(request: PageRequest) -> Mapping[str, Any]:
    name = request.path["name"]
    pages = (page for part in contents() for page in part["pages"])
    page = next((page for page in pages if page["address"] == f"/docs/{name}"), None)
    if page is None:
        raise NotThereError("There is no such page of the manual.", [("Manual", "/docs")])
    return {
        "title": page["title"],
        "description": f"{page['title']}: a page of registerwatch’s manual.",
        "parts": contents(),
        "text": f"manual/{name}.html",
        "current": page["address"],
    }


ROUTES = (PageRoute("/docs", _list, "manual.html"), PageRoute("/docs/{name}", _page, "manual.html"))
