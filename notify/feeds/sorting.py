"""Into which feeds does a change belong? The same changes that `changes --organisation` and `--dataset` find.

An organisation's feed holds what concerns it and the bodies it is known to follow; a dataset's what concerns it under
any of its names, and agreements added, removed or moved that hold it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from diff.change import Change
from diff.names import datasets_of, slugs_of
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSource:
    """What feeds are made of."""

    changes: Sequence[Change] = ()
    """Substantive ones, newest first; a group is one."""
    members: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    """Id of a group → its members."""
    pages: Mapping[str, str] = field(default_factory=dict)
    """Slug → organisation, of every page there has been."""
    datasets: Sequence[str] = ()
    """Every name of a dataset that was printed, the first one seen first."""
    holdings: Mapping[str, Iterable[str]] = field(default_factory=dict)
    """Reference → every name of a dataset that was printed for it."""
    since: str | None = None
    """When the history begins."""
    head: tuple[int, str] | None = None
    """Number and hash of the head of the chain of runs: for the page that lists the feeds, and for no feed."""


class Organisations:
    """The organisations that have a feed, by slug."""

    def __init__(self, pages: Mapping[str, str], vocabulary: Vocabulary) -> None:
        self.names = pages
        pages_of: dict[str, list[str]] = defaultdict(list)
        for slug, name in pages.items():
            pages_of[fold(name)].append(slug)
        self._by_page: dict[str, set[str]] = defaultdict(set)
        self._by_name: dict[str, set[str]] = defaultdict(set)
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

    def __init__(self, printed: Iterable[str], holdings: Mapping[str, Iterable[str]], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.names: dict[str, str] = {}
        """Of spellings that fold alike the first one seen: a later one must not give the file another name."""
        for name in printed:
            newest = vocabulary.dataset_canonical(name)
            self.names.setdefault(fold(newest), newest)
        self._held = {reference: frozenset(map(self._key, names)) for reference, names in holdings.items()}

    def _key(self, name: str) -> str:
        return fold(self._vocabulary.dataset_canonical(name))

    def concerned(self, change: Change) -> frozenset[str]:
        """Return the keys of those that *change*, which is no group, concerns."""
        if change.kind.startswith("agreement-"):
            return self._held.get(change.reference or "", frozenset())
        return frozenset(map(self._key, datasets_of(change))) & self.names.keys()


Here = tuple[Change, Sequence[Change]]
"""A change, and of a group the members that concern the feed it stands in."""


def sort_changes(source: FeedSource, concerned: Organisations | Datasets, most: int) -> dict[str, list[Here]]:
    """Return for each organisation or dataset its newest changes, at most *most*; for one without news none."""
    sorted_: dict[str, list[Here]] = {key: [] for key in concerned.names}
    for change in source.changes:
        for key, members in _touched(change, source, concerned):
            if len(sorted_[key]) < most:
                sorted_[key].append((change, members))
    return sorted_


def _touched(
    change: Change, source: FeedSource, concerned: Organisations | Datasets
) -> Iterator[tuple[str, Sequence[Change]]]:
    if not change.group:
        yield from ((key, ()) for key in concerned.concerned(change))
        return
    by_key: dict[str, list[Change]] = {}
    for member in source.members.get(change.id, ()):
        for key in concerned.concerned(member):
            by_key.setdefault(key, []).append(member)
    yield from by_key.items()
