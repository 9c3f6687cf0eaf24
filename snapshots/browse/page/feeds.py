"""Feeds of whatever is asked for, and the page that lists and explains them and the calendars.

A feed is drawn by `SiteSettings.draw_feed`, in the words of the feeds that are files: what is found is all that is done
here. Whoever has it already is told so before it is drawn.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from diff.change import FoundChanges
from diff.kinds import ChangeKind
from diff.names import by_letter
from scraper.limits import NEWEST
from scraper.names.families import families, family_of
from scraper.names.fold import fold
from snapshots.browse.app import addresses
from snapshots.browse.app.request import PageFile, PageRequest, PageRoute, Reader, SiteSettings, lasting
from snapshots.browse.beside.differences import feeds_listed
from snapshots.browse.parts.filters import asked_for, known_condition

ALL_LISTED = 60
"""Organisations of which all are listed; of more, those under a letter."""


class FeedLinks(NamedTuple):
    """What has feeds of its own."""

    name: str
    page: str
    """Address of its page here."""
    feeds: Mapping[str, str]
    """Addresses of its feeds, by their formats."""
    calendar: str | None


def feeds(request: PageRequest) -> Mapping[str, Any]:
    """Return what the page of the feeds shows."""
    base, reader = request.site.feeds_url, request.reader
    of_families = list(_families(reader, base))
    letters, count, datasets = _letters(reader), len(reader.organisations), list(_datasets(reader, base))
    words, letter = request.words.one("words").strip(), request.words.one("letter")
    chosen = _chosen(letters, words, letter) if count > ALL_LISTED else letters
    return {
        "title": "Feeds",
        "description": f"Feeds and calendars of what changes in the {request.site.register}, and how to follow them.",
        "everything": addresses.feeds_of_everything(base),
        "calendar": f"{base.rstrip('/')}/everything.ics" if base else None,
        "examples": [(words, addresses.feeds(query)) for words, query in _EXAMPLES],
        "filters": FILTERS,
        "organisations": [(of, [_of_organisation(*one, base) for one in listed]) for of, listed in chosen],
        "letters": [(of, addresses.with_query("/feeds", [("letter", of)])) for of, _ in letters if chosen != letters],
        "letter": letter,
        "words": words,
        "differences": [FeedLinks(*one, calendar=None) for one in feeds_listed(reader)],
        "datasets": by_letter(datasets, lambda one: (one.name, one.page)),
        "families": of_families,
        "counts": {"organisations": count, "families": len(of_families), "datasets": len(datasets)},
    }


Letters = Sequence[tuple[str, Sequence[tuple[str, str]]]]
"""Letter → name and slug of the organisations under it."""


@lasting
def _letters(reader: Reader) -> Letters:
    named = [(name, slug) for slug, name in reader.organisations.items() if name != slug]
    return by_letter(named, lambda one: one)


def _chosen(letters: Letters, words: str, letter: str) -> Letters:
    """Return those that are asked for, by words of their names or by their letter."""
    parts = [fold(part) for part in words.split() if fold(part)]
    if not parts:
        return [(of, listed) for of, listed in letters if of == letter]
    found = [one for _, listed in letters for one in listed if all(part in fold(one[0]) for part in parts)]
    return [(f"“{words}”", found)]


def _of_organisation(name: str, slug: str, base: str | None) -> FeedLinks:
    path = addresses.feeds_of_organisation(base, slug) if base else None
    feeds = addresses.feed_files(path) if path else addresses.feeds([("organisation", slug)])
    return FeedLinks(name, addresses.organisation(slug), feeds, f"{path}.ics" if path else None)


def _newest(reader: Reader) -> Iterable[str]:
    """Return the newest known name of every dataset, spelled as it was first seen: as its files are named."""
    rows = reader.once(
        "select dataset from agreement_datasets group by dataset order by min(first_seen), folded, dataset"
    )
    names: dict[str, str] = {}
    for row in rows:
        newest = reader.vocabulary.dataset_canonical(row["dataset"])
        names.setdefault(fold(newest), newest)
    return names.values()


def _families(reader: Reader, base: str | None) -> Iterable[FeedLinks]:
    """Yield every family of which a dataset was ever printed."""
    listed = set(map(family_of, _newest(reader)))
    for family in families():
        if family in listed:
            path = addresses.feeds_of_family(base, family.id) if base else None
            feeds = addresses.feed_files(path) if path else addresses.feeds([("dataset", family.id)])
            yield FeedLinks(family.name, addresses.dataset(family.id), feeds, None)


def _datasets(reader: Reader, base: str | None) -> Iterable[FeedLinks]:
    """Yield every dataset under its newest known name."""
    for name in _newest(reader):
        path = addresses.feeds_of_dataset(base, name) if base else None
        feeds = addresses.feed_files(path) if path else addresses.feeds([("dataset", name)])
        yield FeedLinks(name, addresses.dataset(name), feeds, None)


_EXAMPLES = (
    ("High severity", [("severity", "high")]),
    ("New agreements", [("kind", ChangeKind.AGREEMENT_ADDED)]),
    ("Legal bases that changed", [("kind", ChangeKind.LEGAL_BASIS_CHANGED)]),
    ("Opt-outs that changed", [("kind", ChangeKind.OPT_OUTS_CHANGED)]),
    ("Incidents, and flags raised", [("kind", ChangeKind.INCIDENT_NOTED), ("kind", ChangeKind.FLAG_RAISED)]),
)
"""What many want to follow: in words, and as a filter."""

FILTERS = (
    ("organisation", "by name, or as in the address of its page; with those it is known to follow", "more than one"),
    ("dataset", "by any name or acronym; with agreements that come or go with it", "more than one"),
    ("basis", "a legal basis, as in s251 or s261(2)(a)", "more than one"),
    ("reference", "an agreement", "more than one"),
    ("kind", "as in dataset-added", "more than one"),
    ("severity", "high, medium, low or info: at least that", "one"),
    ("words", "in the summary, the title or the prose", "one"),
    ("since, until", "a day or a month, as in 2026-11-21 or 2026-11", "one of each"),
    ("run", "the number of a run", "one"),
    ("group", "the agreements of a change that stands for many, by its id", "one"),
    ("all", "1: the editorial changes too", "one"),
)
"""The names in the address of a feed, what each is, and how often it may stand there."""


# --- a feed of what is asked for --------------------------------------------------------------------------------------

FORMATS = {
    "atom": ("atom", "application/atom+xml"),
    "rss": ("rss", "application/rss+xml"),
    "feed.json": ("json", "application/feed+json"),
}
"""Ending of an address → the format, and what it is served as."""


def found_changes(request: PageRequest) -> FoundChanges:
    """Return the newest of the changes that an address asks for."""
    given, reader = asked_for(request), request.reader
    changes = reader.answers.changes
    wanted = known_condition(reader, given)
    found = changes.find_where(wanted, limit=NEWEST)
    groups = [change.id for change in found if change.group]
    return FoundChanges(
        words=given.in_words(reader),
        query=[(name, value) for name, value in given.query() if value],
        editorial=given.editorial,
        changes=found,
        examples=changes.examples(groups),
        # Words stand in all of them: who follows a name wants to know which of its agreements are meant.
        touched=changes.touched(wanted, groups) if given.names else {},
        since=reader.value("select min(first_seen) from snapshots"),
    )


def _feed(ending: str) -> Callable[[PageRequest], PageFile]:
    format_, content_type = FORMATS[ending]

    def feed(request: PageRequest) -> PageFile:
        found = found_changes(request)
        return PageFile(
            body=partial(request.site.draw_feed, request, found, format_),
            content_type=f"{content_type}; charset=utf-8",
            state=_state(request.site, found, format_),
            changed_at=_written_at(request.site.database),
        )

    return feed


def _state(site: SiteSettings, found: FoundChanges, format_: str) -> str:
    """Return a digest of all that a feed is made of."""
    place = (_version(), site.register, site.index, site.base_url)
    made_of = (place, format_, found.query, found.words, found.changes, found.examples, found.touched, found.since)
    return hashlib.sha256(repr(made_of).encode("utf-8", "replace")).hexdigest()[:20]


@cache
def _version() -> str:
    return version("registerwatch")


def _written_at(database: Path) -> datetime:
    """Return when something was last written to the history: changes may be withdrawn without a later run."""
    times = [database.stat().st_mtime]
    with suppress(FileNotFoundError):  # it comes and goes with whoever writes
        beside = database.with_name(f"{database.name}-wal").stat()
        times += [beside.st_mtime] if beside.st_size else []
    return datetime.fromtimestamp(int(max(times)), UTC)


ROUTES = (
    PageRoute("/feeds", feeds, "feeds.html", navigation="Feeds"),
    *(PageRoute(f"/changes.{ending}", _feed(ending)) for ending in FORMATS),
)
