"""Feeds as files: what changed goes in, the bytes of each file come out. Nothing is written and no clock is asked here.

`everything.atom`, `.rss` and `.json` lie beside `index.html`, the page that lists and explains them: one file without
scripts that loads nothing. `organisations/` and `datasets/` hold one feed for each. The same history gives the same
bytes. A file keeps its name: that of an organisation is its slug, that of a dataset its newest known name, and neither
depends on which others there are.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment
from markupsafe import Markup

from diff.names import by_letter, readable_name, slug_name
from diff.saying.english import day
from notify.drawing import new_environment
from notify.feeds.formats import FORMATS, Entry, Feed, entry_of
from notify.feeds.sorting import Datasets, FeedSource, Here, Organisations, sort_changes
from scraper.names.vocabulary import Vocabulary
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line

NEWEST = 200
"""Entries of a feed."""

NEVER = "2026-01-01T00:00:00Z"
"""When a feed was updated for which nothing was ever read."""

NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}
TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSite:
    """Where feeds come from and go to: settings."""

    register: str
    """What the register is called."""
    index: str
    """Address of the register."""
    base_url: str | None = None
    """Address under which the folder of the feeds is published, if it is; a final slash does not matter."""


def render_feeds(source: FeedSource, site: FeedSite, vocabulary: Vocabulary) -> dict[str, bytes]:
    """Return every file by its path in the folder of the feeds; the page that lists them is the last."""
    maker = _Maker(source, site)
    everything = maker.feed(
        "everything", "All changes", f"{site.register}: all changes", "What changed anywhere in the register.",
        [(change, ()) for change in source.changes[:NEWEST]],
    )  # fmt: skip
    organisations = list(_organisation_feeds(maker, Organisations(source.known, vocabulary)))
    datasets = list(_dataset_feeds(maker, Datasets(source.known, vocabulary)))
    feeds = [everything, *organisations, *datasets]
    files = {f"{feed.path}.{ending}": write(feed) for feed in feeds for ending, write in FORMATS.items()}
    files["index.html"] = _index(source, site, everything, organisations, datasets)
    return files


class _Maker:
    """Makes feeds of a site. Each entry is made once; those of groups once for each feed."""

    def __init__(self, source: FeedSource, site: FeedSite) -> None:
        self.source, self.site = source, site
        self._entries: dict[str, Entry] = {}

    def feed(self, path: str, name: str, title: str, description: str, changes: Sequence[Here]) -> Feed:
        return Feed(
            path=path,
            name=name,
            title=title,
            description=f"{description} The newest {NEWEST} changes; editorial ones are left out. A date is when a "
            "change was first seen, not when it was made.",
            updated=changes[0][0].first_seen if changes else self.source.known.since or NEVER,
            entries=[self._entry(here) for here in changes],
            base_url=self.site.base_url.rstrip("/") if self.site.base_url else None,
            site=self.site.index,
        )

    def _entry(self, told: Here) -> Entry:
        change, here = told
        members = self.source.members.get(change.id, ()) if change.group else ()
        if here:
            return entry_of(change, members, here)
        if change.id not in self._entries:
            self._entries[change.id] = entry_of(change, members)
        return self._entries[change.id]


def _organisation_feeds(maker: _Maker, organisations: Organisations) -> Iterator[Feed]:
    for slug, changes in sort_changes(maker.source, organisations, NEWEST).items():
        name = cut(one_line(organisations.names[slug]), 300)
        about = f"What changed in the agreements of {name} and of the bodies it is known to follow."
        title = f"{name}: {maker.site.register}"
        yield maker.feed(f"organisations/{slug_name(slug)}", name, title, about, changes)


def _dataset_feeds(maker: _Maker, datasets: Datasets) -> Iterator[Feed]:
    for key, changes in sort_changes(maker.source, datasets, NEWEST).items():
        name = cut(one_line(datasets.names[key]), 300)
        about = f"Where {name} came, went or was renamed, under all its names, and agreements with it that did."
        title = f"{name}: {maker.site.register}"
        yield maker.feed(f"datasets/{readable_name(datasets.names[key])}", name, title, about, changes)


# --- the page that lists them -----------------------------------------------------------------------------------------


def _index(
    source: FeedSource, site: FeedSite, everything: Feed, organisations: Iterable[Feed], datasets: Iterable[Feed]
) -> bytes:
    style = _environment().get_template("feeds.css").render()
    page = _environment().get_template("feeds.html").render(
        style=Markup(style),  # ours, from a file beside the template
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        register=one_line(site.register),
        everything=everything,
        organisations=by_letter(organisations, lambda feed: (feed.name, feed.path)),
        datasets=by_letter(datasets, lambda feed: (feed.name, feed.path)),
        formats=NAMES,
        types=TYPES,
        newest=NEWEST,
        head=source.head,
        source=NHS_DATA_RELEASE.credit,
    )  # fmt: skip
    return page.encode()


@cache
def _environment() -> Environment:
    environment = new_environment()
    environment.filters["day"] = day
    environment.filters["how_many"] = lambda letters: f"{sum(len(feeds) for _, feeds in letters):,}"
    return environment
