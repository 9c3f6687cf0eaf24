"""Feeds as files: what changed goes in, the bytes of each file come out. Nothing is written and no clock is asked here.

`everything.atom`, `.rss` and `.json` lie beside `index.html`, the page that lists and explains them: one file without
scripts that loads nothing. `organisations/`, `datasets/` and `families/` (of datasets) hold one feed for each. The same
history gives the same bytes. A file keeps its name: that of an organisation is its slug, that of a dataset its newest
known name, that of a family its id, and none depends on which others there are.

A change stands in the feeds that `changes --organisation` and `--dataset` find it by: an organisation's feed holds what
concerns it and the bodies it is known to follow; a dataset's what concerns it under any of its names, and agreements
added, removed or moved that hold it; a family's what concerns any of its datasets.
"""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from diff.change import Change
from diff.names import KnownNames, by_letter, datasets_of, readable_name, slug_name, slugs_of
from diff.saying.english import day
from notify.feeds.formats import FORMATS, NAMES_OF_FORMATS, TYPES, Entry, Feed, entry_of
from notify.feeds.index import INDEX, sealed
from scraper.limits import NEWEST
from scraper.names.families import families, family_of
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSource:
    """What feeds are made of."""

    changes: Sequence[Change] = ()
    """Substantive ones, newest first; a group is one."""
    members: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    """Id of a group → its members."""
    known: KnownNames = field(default_factory=KnownNames)
    """Pages and datasets, each of which has a feed."""
    head: tuple[int, str] | None = None
    """Number and hash of the head of the chain of runs: for the page that lists the feeds, and for no feed."""


class Organisations:
    """The organisations that have a feed, by slug."""

    def __init__(self, known: KnownNames, vocabulary: Vocabulary) -> None:
        self.names = pages = known.pages
        pages_of: dict[str, list[str]] = defaultdict(list)
        for slug, name in pages.items():
            pages_of[fold(name)].append(slug)
        self._by_page: dict[str, set[str]] = defaultdict(set)
        self._by_name: dict[str, set[str]] = defaultdict(set)
        # Turned round: of each page and name, whose feeds have it. A history has more changes than organisations.
        for slug, name in pages.items():
            earlier = vocabulary.predecessors(name) & pages_of.keys()
            for page in {slug}.union(*(pages_of[one] for one in earlier)):
                self._by_page[page].add(slug)
                for one in vocabulary.predecessors(pages[page]):
                    self._by_name[one].add(slug)

    def concerned(self, change: Change) -> frozenset[str]:
        """Return the slugs of those that *change*, which is no group, concerns."""
        concerned = set(self._by_name.get(fold(change.organisation or ""), ()))
        return frozenset(concerned.union(*(self._by_page.get(page, ()) for page in slugs_of(change))))


class Datasets:
    """The datasets that have a feed, by the folded form of their newest known name."""

    def __init__(self, known: KnownNames, vocabulary: Vocabulary) -> None:
        self._known, self._vocabulary = known, vocabulary
        self.names: dict[str, str] = {}
        for name in known.datasets:
            newest = vocabulary.dataset_canonical(name)
            # Of spellings that fold alike the first one seen: a later one must not give the file another name.
            self.names.setdefault(fold(newest), newest)
        self._held: dict[str, frozenset[str]] = {}

    def _key(self, name: str) -> str:
        return fold(self._vocabulary.dataset_canonical(name))

    def _held_by(self, reference: str) -> frozenset[str]:
        # Of those that changed alone: a register has six thousand agreements.
        if reference not in self._held:
            self._held[reference] = frozenset(map(self._key, self._known.holdings.get(reference, ())))
        return self._held[reference]

    def concerned(self, change: Change) -> frozenset[str]:
        """Return the keys of those that *change*, which is no group, concerns."""
        if change.kind.startswith("agreement-"):
            return self._held_by(change.reference or "")
        return frozenset(map(self._key, datasets_of(change))) & self.names.keys()


class FollowedFamilies:
    """The families that have a feed, by id: those of which a dataset was ever printed."""

    def __init__(self, datasets: Datasets) -> None:
        self._datasets = datasets
        self._of = {key: family for key, name in datasets.names.items() if (family := family_of(name))}
        listed = {family.id for family in self._of.values()}
        self.names = {family.id: family.name for family in families() if family.id in listed}

    def concerned(self, change: Change) -> frozenset[str]:
        """Return the ids of those that *change*, which is no group, concerns."""
        return frozenset(self._of[key].id for key in self._datasets.concerned(change) if key in self._of)


Here = tuple[Change, Sequence[Change]]
"""A change, and of a group the members that concern the feed it stands in."""


Concerned = Organisations | Datasets | FollowedFamilies


def sort_changes(source: FeedSource, concerned: Concerned, most: int) -> dict[str, list[Here]]:
    """Return for each of those that have a feed its newest changes, at most *most*; for one without news none."""
    sorted_: dict[str, list[Here]] = {key: [] for key in concerned.names}
    for change in source.changes:
        here: dict[str, list[Change]] = defaultdict(list)
        if change.group:
            for member in source.members.get(change.id, ()):
                for key in concerned.concerned(member):
                    here[key].append(member)
        else:
            here.update((key, []) for key in concerned.concerned(change))
        for key, members in here.items():
            if len(sorted_[key]) < most:
                sorted_[key].append((change, members))
    return sorted_


# --- the files --------------------------------------------------------------------------------------------------------

DATES = "A date is when a change was first seen, not when it was made."

NEVER = "2026-01-01T00:00:00Z"
"""When a feed was updated for which nothing was ever read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSite:
    """Where feeds come from and go to: settings."""

    register: str
    """What the register is called."""
    index: str
    """Address of the register."""
    base_url: str | None = None
    """Address under which the folder of the feeds is published, if it is; a final slash does not matter."""
    pages_url: str | None = None
    """Address under which our pages are published, if they are; a final slash does not matter."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Slug → address of the register's own page."""

    def link_of(self, change: Change) -> str:
        """Return where *change* can be seen: on its page here, else on the register's, else in the register."""
        if self.pages_url:
            return f"{self.pages_url.rstrip('/')}/changes/{change.id}"
        return self.sources.get(change.page or "", self.index)


class FeedFile(NamedTuple):
    """What a feed that is a file is about, before it is drawn."""

    path: str
    name: str
    title: str
    about: str
    changes: Sequence[Here]

    @property
    def newest(self) -> str | None:
        """When its newest change was first seen."""
        return self.changes[0][0].first_seen if self.changes else None


class FeedFolder:
    """All files of the folder of the feeds: what they are called, and their bytes once they are asked for."""

    def __init__(self, source: FeedSource, site: FeedSite, vocabulary: Vocabulary) -> None:
        self._source, self._site = source, site
        self._everything = FeedFile(
            "everything", "All changes", f"{site.register}: all changes", "What changed anywhere in the register.",
            [(change, ()) for change in source.changes[:NEWEST]],
        )  # fmt: skip
        self._organisations = list(_organisation_feeds(source, site, Organisations(source.known, vocabulary)))
        listed = Datasets(source.known, vocabulary)
        self._datasets = list(_dataset_feeds(source, site, listed))
        self._families = list(_family_feeds(source, site, FollowedFamilies(listed)))

    def _feeds(self) -> list[FeedFile]:
        return [self._everything, *self._organisations, *self._families, *self._datasets]

    def render(self) -> Iterator[tuple[str, bytes]]:
        """Yield the path in the folder and the bytes of every feed."""
        maker = FeedMaker(self._source, self._site)
        for feed in map(maker.file, self._feeds()):
            yield from ((f"{feed.path}.{ending}", write(feed)) for ending, write in FORMATS.items())

    def index(self, told: str) -> bytes:
        """Return the page that lists them, sealed with *told*: a checksum of what all the others are made of."""
        style = _environment().get_template("feeds.css").render()
        page = _environment().get_template("feeds.html").render(
            style=Markup(style),  # ours, from a file beside the template
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            register=one_line(self._site.register),
            everything=self._everything,
            organisations=by_letter(self._organisations, lambda feed: (feed.name, feed.path)),
            families=[("", self._families)] if self._families else [],
            datasets=by_letter(self._datasets, lambda feed: (feed.name, feed.path)),
            formats=NAMES_OF_FORMATS,
            types=TYPES,
            newest=NEWEST,
            source=NHS_DATA_RELEASE.credit,
        )  # fmt: skip
        return sealed(page.encode(), told, self._source.head)


class FeedMaker:
    """Makes feeds of a site. Each entry is made once; those of groups once for each feed."""

    def __init__(self, source: FeedSource, site: FeedSite) -> None:
        self.source, self.site = source, site
        self._entries: dict[str, Entry] = {}

    def file(self, about: FeedFile) -> Feed:
        """Return a feed that is a file."""
        base = self.site.base_url.rstrip("/") if self.site.base_url else None
        return self.feed(
            path=about.path,
            name=about.name,
            title=about.title,
            description=f"{about.about} The newest {NEWEST} changes; editorial ones are left out. {DATES}",
            changes=about.changes,
            addresses={ending: f"{base}/{about.path}.{ending}" for ending in FORMATS} if base else {},
            page=f"{base}/{INDEX}" if base else None,
        )

    def feed(self, changes: Sequence[Here], **about: Any) -> Feed:
        """Return a feed of *changes*; *about* are the fields of `Feed` that no change says."""
        updated = changes[0][0].first_seen if changes else self.source.known.since or NEVER
        return Feed(updated=updated, entries=[self._entry(here) for here in changes], site=self.site.index, **about)

    def _entry(self, told: Here) -> Entry:
        change, here = told
        members = self.source.members.get(change.id, ()) if change.group else ()
        if here:
            return entry_of(change, members, here, self.site.link_of(change))
        if change.id not in self._entries:
            self._entries[change.id] = entry_of(change, members, link=self.site.link_of(change))
        return self._entries[change.id]


def _organisation_feeds(source: FeedSource, site: FeedSite, organisations: Organisations) -> Iterator[FeedFile]:
    for slug, changes in sort_changes(source, organisations, NEWEST).items():
        name = cut(one_line(organisations.names[slug]), 300)
        about = f"What changed in the agreements of {name} and of the bodies it is known to follow."
        title = f"{name}: {site.register}"
        yield FeedFile(f"organisations/{slug_name(slug)}", name, title, about, changes)


def _dataset_feeds(source: FeedSource, site: FeedSite, datasets: Datasets) -> Iterator[FeedFile]:
    for key, changes in sort_changes(source, datasets, NEWEST).items():
        name = cut(one_line(datasets.names[key]), 300)
        about = f"Where {name} came, went or was renamed, under all its names, and agreements with it that did."
        title = f"{name}: {site.register}"
        yield FeedFile(f"datasets/{readable_name(datasets.names[key])}", name, title, about, changes)


def _family_feeds(source: FeedSource, site: FeedSite, followed: FollowedFamilies) -> Iterator[FeedFile]:
    for id_, changes in sort_changes(source, followed, NEWEST).items():
        name = followed.names[id_]
        about = f"Where a dataset of the family {name} came, went or was renamed, and agreements with one that did."
        yield FeedFile(f"families/{id_}", name, f"{name}: {site.register}", about, changes)


@cache
def _environment() -> "Environment":
    from notify.drawing import new_environment  # and with it a template engine, which no run without feeds needs

    environment = new_environment()
    environment.filters["day"] = day
    environment.filters["how_many"] = lambda letters: f"{sum(len(feeds) for _, feeds in letters):,}"
    return environment
