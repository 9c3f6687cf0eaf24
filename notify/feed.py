"""Feeds as files: what changed goes in, the bytes of each file come out. Nothing is written and no clock is asked here.

`everything.atom`, `.rss` and `.json` lie beside `index.html`; `organisations/` and `datasets/` hold one feed for each.
The same history gives the same bytes. A file keeps its name: that of an organisation is its slug, that of a dataset its
newest known name, and neither depends on which others there are.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from diff.safe_text import cut, one_line
from notify.feed_entry import Change, Entry, entry_of
from notify.feed_formats import FORMATS, Feed
from notify.feed_index import Listed, render_index
from notify.feed_sorting import Datasets, Here, History, Organisations, sort_changes
from scraper.normalise import fold
from scraper.vocabulary import Vocabulary

NEWEST = 200
"""Entries of a feed."""

NEVER = "2026-01-01T00:00:00Z"
"""When a feed was updated for which nothing was ever read."""

_LONGEST_NAME = 80


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
        site.register, Listed("All changes", everything), organisations, datasets, newest=NEWEST
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
            updated=changes[0][0]["first_seen"] if changes else history.since or NEVER,
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
        members = self._members.get(change["id"], ()) if change["group"] else ()
        if here:
            return entry_of(change, members, here)
        if change["id"] not in self._made:
            self._made[change["id"]] = entry_of(change, members)
        return self._made[change["id"]]


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


def slug_name(slug: str) -> str:
    """Return the file name of an organisation's feed: its slug, or one made from it that is safe anywhere.

    >>> slug_name("university_of_harrowdale"), slug_name("king's_college")
    ('university_of_harrowdale', 'king-s_college-6033b888')
    """
    if re.fullmatch(r"[a-z0-9_-]{1,100}", slug):
        return slug
    return f"{_plain(slug, '_')}-{_digest(slug)}".lstrip("-")


def readable_name(name: str) -> str:
    """Return the file name of a dataset's feed: readable, and another for every other dataset.

    A name that loses something a dataset is told apart by gets a few digits, whether another is like it or not; so no
    later dataset changes the name of an earlier one.

    >>> readable_name("Emergency Care Data Set (ECDS)")
    'emergency-care-data-set-ecds'
    >>> readable_name("A&E 2019/20"), readable_name("AE 2019 20")
    ('a-e-2019-20-9f2b3733', 'ae-2019-20')
    """
    plain = _plain(name)
    return plain if plain and fold(plain) == fold(name) else f"{plain}-{_digest(fold(name))}".lstrip("-")


def _plain(text: str, also: str = "") -> str:
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(f"[^a-z0-9{also}]+", "-", ascii_).strip("-")[:_LONGEST_NAME].strip("-")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
