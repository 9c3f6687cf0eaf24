"""Feeds and calendars: where they are, if they are published, how to follow one, and how to get them if not."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from diff.names import by_letter
from scraper.names.fold import fold
from snapshots.browse.app import addresses
from snapshots.browse.app.request import PageRequest, PageRoute, Reader


class FeedLinks(NamedTuple):
    """What has feeds of its own."""

    name: str
    page: str
    """Address of its page here."""
    feeds: str
    """Address of its feeds, without the ending."""
    calendar: str | None


def feeds(request: PageRequest) -> Mapping[str, Any]:
    """Return what the page of the feeds shows."""
    base = request.site.feeds_url
    organisations = list(_organisations(request.reader, base)) if base else []
    datasets = list(_datasets(request.reader, base)) if base else []
    return {
        "title": "Feeds",
        "description": f"Feeds and calendars of what changes in the {request.site.register}, and how to follow them.",
        "everything": f"{base.rstrip('/')}/everything" if base else None,
        "organisations": by_letter(organisations, lambda one: (one.name, one.page)),
        "datasets": by_letter(datasets, lambda one: (one.name, one.page)),
        "counts": {"organisations": len(organisations), "datasets": len(datasets)},
    }


def _organisations(reader: Reader, base: str) -> Iterable[FeedLinks]:
    rows = reader.rows("select key as slug, organisation from pages where organisation is not null order by key")
    for row in rows:
        address = addresses.feeds_of_organisation(base, row["slug"])
        yield FeedLinks(row["organisation"], addresses.organisation(row["slug"]), address, f"{address}.ics")


def _datasets(reader: Reader, base: str) -> Iterable[FeedLinks]:
    """Yield every dataset under its newest known name, spelled as it was first seen: as its files are named."""
    rows = reader.rows(
        "select dataset from agreement_datasets group by dataset order by min(first_seen), folded, dataset"
    )
    names: dict[str, str] = {}
    for row in rows:
        newest = reader.vocabulary.dataset_canonical(row["dataset"])
        names.setdefault(fold(newest), newest)
    for name in names.values():
        yield FeedLinks(name, addresses.dataset(name), addresses.feeds_of_dataset(base, name), None)


ROUTES = (PageRoute("/feeds", feeds, "feeds.html", navigation="Feeds"),)
