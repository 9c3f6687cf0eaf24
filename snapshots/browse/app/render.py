"""Templates: one environment for all pages, with the words and addresses they use, and the files beside them."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from diff.saying import english
from scraper.text import unsteered
from snapshots.browse.app import addresses
from snapshots.browse.app.request import Reply

_TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml", "js": "text/javascript; charset=utf-8"}


def render(template: str, context: Mapping[str, Any]) -> bytes:
    """Return a page. No name or word off a page of others brings along what turns the direction of reading."""
    return unsteered(environment().get_template(template).render(context)).encode("utf-8", "replace")


@cache
def environment() -> Environment:
    """Return the environment of our own pages. A name that a view forgot is an error, not a gap."""
    made = Environment(
        loader=PackageLoader("snapshots.browse"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(shared_names())
    made.filters.update(
        day=english.day,
        weekday=english.weekday,
        month=english.month,
        clock=english.clock,
        eights=english.eights,
        listed=english.listed,
        figures=lambda n: f"{n:,}",
    )
    return made


def shared_names() -> dict[str, Any]:
    """Return the functions that every template may call, Datasette's among them."""
    return {
        "address": addresses,
        "static": static_address,
        "plural": english.plural,
        "in_words": english.number,
        "days": english.days,
        "is_link": addresses.is_link,
    }


@cache
def _file(name: str) -> tuple[bytes, str] | None:
    """Return a file of `static/` and its hash."""
    path = resources.files("snapshots.browse") / "static" / name
    if not path.is_file():
        return None
    body = path.read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:12]


def static_address(name: str) -> str:
    """Return the address of a file of `static/`: another one whenever the file is another."""
    found = _file(name)
    if found is None:
        raise FileNotFoundError(name)
    stem, _, ending = name.rpartition(".")
    return f"/static/{stem}-{found[1]}.{ending}"


def static_file(address: str) -> Reply | None:
    """Return the file at an address; None if there is none, or if it is another by now."""
    stem, _, ending = address.removeprefix("/static/").rpartition(".")
    name, _, digest = stem.rpartition("-")
    if "/" in name or ending not in _TYPES:
        return None
    found = _file(f"{name}.{ending}")
    if found is None or found[1] != digest:
        return None
    return Reply(body=found[0], content_type=_TYPES[ending])


def marked(text: str, opening: str, closing: str) -> Markup:
    r"""Return *text* escaped, with what stands between two signs in `<mark>`.

    >>> str(marked("a <b>\x02c\x03", "\x02", "\x03"))
    'a &lt;b&gt;<mark>c</mark>'
    """
    escaped = Markup.escape(text)
    return Markup(str(escaped).replace(opening, "<mark>").replace(closing, "</mark>"))
