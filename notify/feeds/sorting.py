"""Into which feeds does a change belong? The same changes that `changes --organisation` and `--dataset` find.

An organisation's feed holds what concerns it and the bodies it is known to follow; a dataset's what concerns it under
any of its names, and agreements added, removed or moved that hold it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from diff.change import Change
from diff.names import KnownNames, datasets_of, slugs_of
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary


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
        self._vocabulary = vocabulary
        self.names: dict[str, str] = {}
        for name in known.datasets:
            newest = vocabulary.dataset_canonical(name)
            # Of spellings that fold alike the first one seen: a later one must not give the file another name.
            self.names.setdefault(fold(newest), newest)
        self._held = {reference: frozenset(map(self._key, names)) for reference, names in known.holdings.items()}

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
