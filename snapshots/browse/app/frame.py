"""What stands around every page: name, navigation, search, where it all comes from and when it was last read."""

from collections.abc import Mapping
from typing import Any

from diff.saying.english import clock, plural, weekday
from scraper.register import NHS_DATA_RELEASE
from snapshots.browse.app.addresses import with_query
from snapshots.browse.app.reader import Reader
from snapshots.browse.app.request import Site
from snapshots.browse.app.routes import navigation


def frame(site: Site, path: str | None, reader: Reader | None) -> dict[str, Any]:
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
        "source": NHS_DATA_RELEASE.credit,
        "last_run": _last_run(reader) if reader else None,
        "chain_head": _chain_head(reader) if reader else None,
        "with_query": with_query,
        "searched": "",
    }


def _is_current(path: str, address: str) -> str:
    if path == address:
        return "page"
    return "true" if address != "/" and path.startswith(f"{address}/") else ""


def _last_run(reader: Reader) -> Mapping[str, Any] | None:
    run = reader.row(
        """
        select id, kind, captured_at, finished_at, pages_read, pages_failed
        from runs
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
    words = f"{weekday(when)}, {clock(when)} UTC: {run['pages_read']:,} of {plural(asked_for, 'page')} read"
    return {"id": run["id"], "what": what, "words": words}


def _chain_head(reader: Reader) -> str | None:
    head = reader.value("select hash from manifests order by number desc limit 1")
    return str(head) if head else None
