"""Feeds as files: what changed goes in, the bytes of each file come out. Nothing is written and no clock is asked here.

`everything.atom`, `.rss` and `.json` lie beside `index.html`; `organisations/` and `datasets/` hold one feed for each.
The same history gives the same bytes. A file keeps its name: that of an organisation is its slug, that of a dataset its
newest known name, and neither depends on which others there are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from diff.addresses import readable_name, slug_name
from diff.change import Change
from notify.feeds.entry import Entry, entry_of
from notify.feeds.formats import FORMATS, Feed
from notify.feeds.index import Listed, render_index
from notify.feeds.sorting import Datasets, Here, History, Organisations, sort_changes
from scraper.names.vocabulary import Vocabulary
from scraper.text import cut, one_line

NEWEST = 200
"""Entries of a feed."""

NEVER = "2026-01-01T00:00:00Z"
"""When a feed was updated for which nothing was ever read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where feeds come from and go to: settings."""

    register: str
    """What the register is called."""
    index: str
    """Address of the register."""
    base_url: str | None = None
    """Address under which the folder of the feeds is published, if it is; a final slash does not matter."""


def render_feeds(history: History, site: Site, vocabulary: Vocabulary) -> dict[str, bytes]:
    """Return every file by its path in the folder of the feeds; the page that lists them is the last."""
    entries = _Entries(history)
    make = _maker(history, site, entries)
    everything = make("everything", f"{site.register}: all changes", "What changed anywhere in the register.",
                      [(change, ()) for change in history.changes[:NEWEST]])  # fmt: skip
    organisations = list(_organisation_feeds(history, site, vocabulary, make))
    datasets = list(_dataset_feeds(history, site, vocabulary, make))
    feeds = [everything, *(listed.feed for listed in (*organisations, *datasets))]
    files = {f"{feed.path}.{ending}": write(feed) for feed in feeds for ending, write in FORMATS.items()}
    files["index.html"] = render_index(
        site.register, Listed("All changes", everything), organisations, datasets, newest=NEWEST, head=history.head
    )
    return files


_Make = Callable[[str, str, str, Sequence[Here]], Feed]


def _maker(history: History, site: Site, entries: "_Entries") -> _Make:
    """Return what makes a feed from path, title, description and changes."""

    def make(path: str, title: str, description: str, changes: Sequence[Here]) -> Feed:
        return Feed(
            path=path,
            title=title,
            description=f"{description} The newest {NEWEST} changes; editorial ones are left out. A date is when a "
            "change was first seen, not when it was made.",
            updated=changes[0][0].first_seen if changes else history.since or NEVER,
            entries=[entries.of(*here) for here in changes],
            base_url=site.base_url.rstrip("/") if site.base_url else None,
            site=site.index,
        )

    return make


class _Entries:
    """Each entry is made once; those of groups once for each feed."""

    def __init__(self, history: History) -> None:
        self._members = history.members
        self._made: dict[str, Entry] = {}

    def of(self, change: Change, here: Sequence[Change]) -> Entry:
        members = self._members.get(change.id, ()) if change.group else ()
        if here:
            return entry_of(change, members, here)
        if change.id not in self._made:
            self._made[change.id] = entry_of(change, members)
        return self._made[change.id]


def _organisation_feeds(history: History, site: Site, vocabulary: Vocabulary, make: _Make) -> Iterator[Listed]:
    organisations = Organisations(history.pages, vocabulary)
    for slug, changes in sort_changes(history, organisations, NEWEST).items():
        name = cut(one_line(organisations.names[slug]), 300)
        about = f"What changed in the agreements of {name} and of the bodies it is known to follow."
        yield Listed(name, make(f"organisations/{slug_name(slug)}", f"{name}: {site.register}", about, changes))


def _dataset_feeds(history: History, site: Site, vocabulary: Vocabulary, make: _Make) -> Iterator[Listed]:
    datasets = Datasets(history.datasets, history.holdings, vocabulary)
    for key, changes in sort_changes(history, datasets, NEWEST).items():
        name = cut(one_line(datasets.names[key]), 300)
        about = f"Where {name} came, went or was renamed, under all its names, and agreements with it that did."
        yield Listed(name, make(f"datasets/{readable_name(datasets.names[key])}", f"{name}: {site.register}", about,
                                changes))  # fmt: skip
