"""The pages that explain the others: what this is, how it works, what its words mean, how much a change matters."""

from collections.abc import Callable, Mapping
from typing import Any

from snapshots.browse.app.request import PageRequest, PageRoute

TEXTS = {
    "about": ("About", "About these pages", "Who runs this, whether it is official, how it is made, how to cite it."),
    "method": ("How it works", "How it works", "How pages are read, what counts as a change, and what we do not know."),
    "glossary": ("Glossary", "Glossary", "The words of the register, and of these pages and mails."),
    "severity": (
        "Severities",
        "Severities",
        "What high, medium, low and info mean, with an example of each kind.",
    ),
}
"""Last part of the address → name of a link to it, title, what it has; the text is that of docs/."""

LINKS = tuple((link, f"/{name}") for name, (link, _, _) in TEXTS.items())
"""Name and address of each, as every page has them at its foot."""


def _page_of(name: str) -> Callable[[PageRequest], Mapping[str, Any]]:
    _, title, description = TEXTS[name]

    def view(_: PageRequest) -> Mapping[str, Any]:
        return {"title": title, "description": description, "lead": description, "text": f"texts/{name}.html"}

    return view


ROUTES = tuple(PageRoute(f"/{name}", _page_of(name), "text.html") for name in TEXTS)
