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

LINKS = (*((link, f"/{name}") for name, (link, _, _) in TEXTS.items()), ("Manual", "/docs"))
"""Name and address of each, as every page has them at its foot."""


def _page_of(name: str) -> Callable[[PageRequest], Mapping[str, Any]]:
    _, title, description = TEXTS[name]

    def view(request: PageRequest) -> Mapping[str, Any]:
        return {
            "title": title,
            "description": description,
            "lead": description,
            "text": f"texts/{name}.html",
            "contact": _contact(request.site.contact),
        }

    return view


def _contact(contact: str | None) -> Mapping[str, str] | None:
    """Return whom to write to, as words and where they lead."""
    if not contact:
        return None
    return {
        "words": contact,
        "address": contact if contact.startswith(("http://", "https://")) else f"mailto:{contact}",
    }


ROUTES = tuple(PageRoute(f"/{name}", _page_of(name), "text.html") for name in TEXTS)
