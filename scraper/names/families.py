"""Families of datasets: what people ask for by one name, and the register lists as several datasets.

The facts are data with sources and dates, `data/families.json`; its `matching` text is the rule. A family joins no
datasets, as names of one do: it is a way to ask for all of them at once. Each dataset is in one family at most.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from scraper.names.fold import fold
from scraper.names.packaged import read_facts

_LONGEST = 300
"""Characters of a name that are looked at: a name may be as long as a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFamily:
    """One family."""

    id: str
    """As it stands in addresses, for ever."""
    name: str
    also: tuple[str, ...]
    """What else it is called."""
    datasets: frozenset[str]
    """Folded names of those that are listed one by one."""
    words: tuple[str, ...]
    """Words that only its datasets have in their names, with a space around each."""

    def takes(self, name: str) -> bool:
        """Whether the dataset whose newest known name is *name* is of this family."""
        spaced = _spaced(name)
        return fold(name) in self.datasets or any(words in spaced for words in self.words)


def _spaced(text: str) -> str:
    """Return the words of a text, folded, with a space around each."""
    words = re.findall(r"[^\W_]+", text[:_LONGEST].lower())
    return f" {' '.join(words)} "


@lru_cache(maxsize=1)
def families() -> Sequence[DatasetFamily]:
    """Return every family, in the order in which they take datasets."""
    return tuple(
        DatasetFamily(
            id=entry["id"],
            name=entry["name"],
            also=tuple(entry["also"]),
            datasets=frozenset(map(fold, entry.get("datasets", ()))),
            words=tuple(map(_spaced, entry.get("words", ()))),
        )
        for entry in read_facts("families")["families"]
    )


@lru_cache(maxsize=4096)
def family_of(newest: str) -> DatasetFamily | None:
    """Return the family of the dataset whose newest known name is *newest*.

    >>> family_of("Acute-Local Provider Flows").name, family_of("Minimal SUS Dataset for COVID-19 Surveillance").id
    ('Local provider flows', 'covid-19')
    >>> family_of("HES:Civil Registration (Deaths) bridge").id, family_of("Census of consensus")
    ('bridge-files', None)
    """
    return next((family for family in families() if family.takes(newest)), None)


def family_called(name: str) -> DatasetFamily | None:
    """Return the family that is called *name*.

    >>> family_called("hes").name, family_called("Covid 19").id, family_called("HES APC")
    ('Hospital Episode Statistics (HES)', 'covid-19', None)
    """
    return _by_name().get(fold(name[:_LONGEST]))


@lru_cache(maxsize=1)
def _by_name() -> dict[str, DatasetFamily]:
    return {fold(name): family for family in families() for name in (family.id, family.name, *family.also)}
