"""Templates: one environment for all pages, what stands around every page, and the files of its style."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from diff.saying import english
from scraper.register import NHS_DATA_RELEASE
from scraper.text import unsteered
from snapshots.browse.app import addresses
from snapshots.browse.app.request import PageFile, Reader, SiteSettings
from snapshots.browse.app.routes import navigation
from snapshots.browse.explaining.texts import LINKS
from snapshots.browse.explaining.words import explained
from snapshots.browse.parts.clock import overdue_words
from snapshots.browse.parts.offered import names_offered, names_searched
from snapshots.browse.parts.titles import called

_TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml", "js": "text/javascript; charset=utf-8"}


def render(template: str, context: Mapping[str, Any]) -> bytes:
    """Return a page. No name or word off a page of others brings along what turns the direction of reading."""
    return unsteered(environment().get_template(template).render(context)).encode("utf-8", "replace")


@cache
def environment() -> Environment:
    """Return the environment of our own pages. A name that a view forgot is an error, not a gap."""
    made = Environment(
        loader=PackageLoader("snapshots.browse"),
        auto_reload=False,
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
        short_month=english.short_month,
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
        "called": called,
        "explained": explained,
        "explanations": LINKS,
        "plural": english.plural,
        "in_words": english.number,
        "days": english.days,
        "is_link": addresses.is_link,
    }


# --- what stands around every page ------------------------------------------------------------------------------------


def frame(site: SiteSettings, path: str | None, reader: Reader | None) -> dict[str, Any]:
    """Return what `base.html` needs beside what a view gives.

    Args:
        site: Who serves.
        path: The page's address; None for a page that says what went wrong.
        reader: The database; None where there may be none.
    """
    return {
        "site": site,
        "path": path or "",
        "canonical": path,
        "absolute": lambda address: f"{site.base_url.rstrip('/')}{address}" if site.base_url and address else None,
        "navigation": [(name, address, _is_current(path or "", address)) for name, address in navigation()],
        "overdue": overdue_words(site, reader) if reader else "",
        "source": NHS_DATA_RELEASE.credit,
        "last_run": _last_run(reader) if reader else None,
        "chain_head": _chain_head(reader) if reader else None,
        "with_query": addresses.with_query,
        "searched": "",
        "follow": None,
        "offered": names_offered(reader) if reader else "",
        "known_names": names_searched(reader) if reader and path in _SEARCHED_FROM else "",
    }


_SEARCHED_FROM = ("/", "/search")
"""Pages whose search offers names without script too: those where a search begins. On each it would be a few KB."""


def _is_current(path: str, address: str) -> str:
    if path == address:
        return "page"
    return "true" if address != "/" and path.startswith(f"{address}/") else ""


def _last_run(reader: Reader) -> Mapping[str, Any] | None:
    run = reader.row(
        """
        select id, kind, captured_at, finished_at, pages_read, pages_failed
        from page_runs as runs
        where state = 'committed'
        order by captured_at desc
        limit 1
        """
    )
    if run is None:
        return None
    asked_for = run["pages_read"] + run["pages_failed"]
    what = "Last run" if run["kind"] == "run" else "Last edition"
    when = run["finished_at"] if run["kind"] == "run" else run["captured_at"]
    read = f"{run['pages_read']:,} of {english.plural(asked_for, 'page')} read"
    words = f"{english.weekday(when)}, {english.clock(when)} UTC: {read}"
    return {"id": run["id"], "what": what, "words": words}


def _chain_head(reader: Reader) -> str | None:
    head = reader.value("select hash from manifests order by number desc limit 1")
    return str(head) if head else None


# --- files of the style -----------------------------------------------------------------------------------------------


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


def static_file(asked_for: str) -> PageFile | None:
    """Return the file of that name in an address; None if there is none, or if it is another by now."""
    stem, _, ending = asked_for.rpartition(".")
    name, _, digest = stem.rpartition("-")
    if "/" in name or ending not in _TYPES:
        return None
    found = _file(f"{name}.{ending}")
    if found is None or found[1] != digest:
        return None
    return PageFile(body=found[0], content_type=_TYPES[ending])
