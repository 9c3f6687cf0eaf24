"""Datasets: all of them, and each with its names over time, who has it, who got or lost it, and how many by month."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.addresses import readable_name
from diff.names import DatasetNames, nearest
from diff.saying.english import month, plural
from scraper.names.fold import fold
from scraper.text import cut, one_line
from snapshots.browse.app import addresses
from snapshots.browse.app.reader import Reader, Row
from snapshots.browse.app.request import MovedError, NotThereError, PageRequest, PageRoute, PageRows, files_beside
from snapshots.browse.parts import holders as holding
from snapshots.browse.parts.charts import levels_chart, names_chart
from snapshots.browse.parts.holders import Spell, Thing
from snapshots.browse.parts.holders_page import holding_page, rows_of_holders

LONGEST_TITLE = 200


# --- all datasets -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A dataset in the list of all."""

    name: str
    address: str
    agreements: int
    organisations: int
    also: tuple[str, ...]
    """Its other names that were printed."""


def datasets(request: PageRequest) -> Mapping[str, Any]:
    """Return every dataset that was ever listed, by name."""
    words = request.words.one("words").strip()
    known = _all(request.reader)
    found = [one for one in known if fold(words) in fold(" ".join((one.name, *one.also)))] if fold(words) else known
    now = [one for one in found if one.agreements]
    return {
        "title": f"Datasets called “{words}”" if words else "Datasets",
        "description": f"{plural(len(known), 'dataset')} in the {request.site.register}: who has each, since when, "
        "under which names.",
        "words": words,
        "lead": _lead(known, found, words),
        "now": sorted(now, key=lambda one: fold(one.name)),
        "gone": sorted((one for one in found if not one.agreements), key=lambda one: fold(one.name)),
        "canonical": addresses.with_query("/datasets", [("words", words)]),
    }


def _lead(known: Sequence[Listed], found: Sequence[Listed], words: str) -> str:
    if words:
        return f"{plural(len(found), 'dataset')} with “{words}” in a name, of {len(known):,}."
    standing = sum(bool(one.agreements) for one in known)
    return (
        f"{plural(standing, 'dataset')} on the register’s pages now, under "
        "the newest known name of each. Several names of the same data count as one."
    )


def _all(reader: Reader) -> list[Listed]:
    names = _names_of(reader)
    of = {folded: newest for newest, all_folded in names.items() for folded in all_folded}
    printed: dict[str, set[str]] = {}
    for row in _printed(reader):
        printed.setdefault(of[row["folded"]], set()).add(row["dataset"])
    agreements, organisations = _now(reader, names)
    return [
        Listed(
            name=cut(one_line(newest), LONGEST_TITLE),
            address=addresses.dataset(newest),
            agreements=agreements.get(newest, 0),
            organisations=organisations.get(newest, 0),
            also=tuple(sorted(cut(one_line(n), LONGEST_TITLE) for n in _others(newest, printed[newest]))),
        )
        for newest in names
    ]


def _others(newest: str, printed: set[str]) -> list[str]:
    return list({fold(name): name for name in sorted(printed) if fold(name) != fold(newest)}.values())


def _now(reader: Reader, names: Mapping[str, Sequence[str]]) -> tuple[dict[str, int], dict[str, int]]:
    """Return on how many agreements and at how many organisations each dataset is, under all its names together."""
    alone = {all_folded[0]: newest for newest, all_folded in names.items() if len(all_folded) == 1}
    several = {folded: newest for newest, all_folded in names.items() if len(all_folded) > 1 for folded in all_folded}
    counts = """
        select folded, count(distinct reference) as agreements, count(distinct page) as organisations
        from agreement_datasets
        where last_seen is null and folded in (select value from json_each(:folded))
        group by folded
        """
    rows = reader.rows(counts, {"folded": json.dumps(list(alone))})
    together = """
        select newest.value as name, count(distinct reference) as agreements, count(distinct page) as organisations
        from json_each(:several) as newest
        join agreement_datasets on agreement_datasets.folded = newest.key and last_seen is null
        group by newest.value
        """
    found = [(alone[row["folded"]], row) for row in rows]
    found += [(row["name"], row) for row in reader.rows(together, {"several": json.dumps(several)})]
    return {name: row["agreements"] for name, row in found}, {name: row["organisations"] for name, row in found}


def _names_of(reader: Reader) -> dict[str, list[str]]:
    """Return every dataset there has been: newest known name → its names that were printed, folded."""
    newest: dict[str, str] = {}
    names: dict[str, list[str]] = {}
    for row in _printed(reader):
        name = reader.vocabulary.dataset_canonical(row["dataset"])
        own = names.setdefault(newest.setdefault(fold(name), name), [])
        own += [row["folded"]] if row["folded"] not in own else []
    return names


def _printed(reader: Reader) -> list[Row]:
    """Return every name that was ever printed, in every spelling."""
    return reader.rows("select distinct dataset, folded from agreement_datasets order by dataset")


# --- one dataset ------------------------------------------------------------------------------------------------------


def dataset(request: PageRequest) -> Mapping[str, Any]:
    """Return what the page of one dataset shows."""
    newest, thing, known = _asked_for(request)
    reader = request.reader
    spells = holding.spells_of(reader, thing)
    holders = holding.holders_of(reader, thing, spells)
    page = holding_page(request, thing, spells, holders, address=addresses.dataset(newest), verbs=("gained", "lost"))
    title = cut(one_line(newest), LONGEST_TITLE)
    names = _names(newest, spells)
    levels = holding.levels_of(reader, spells)
    feeds_url = request.site.feeds_url
    return {
        **page,
        "title": title,
        "name": title,
        "description": f"{_capital(holding.counted(holders))}: who has it, since when, and under which names.",
        "names": names,
        "proposed": _proposed(reader, thing),
        "kept_apart": [(name, addresses.dataset(name)) for name in _apart(reader, newest, known)],
        "drawing": names_chart(
            [(one.name, one.since, one.until) for one in names],
            next((one.name for one in names if one.is_newest), ""),
            spells[0].since,
            reader.newest,
        ),
        "months": f"{month(levels[0][0])} to {month(levels[-1][0])}" if levels else "",
        "chart": levels_chart(
            levels,
            "Agreements that list the dataset, by month",
            "Agreements on the register’s pages that list the dataset, under any of its names, at the end of the "
            "month.",
        ),
        "all_changes": addresses.with_query("/", [("dataset", newest)]),
        "feeds": addresses.feeds_of_dataset(feeds_url, newest) if feeds_url else None,
    }


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def rows_of_dataset(request: PageRequest) -> PageRows:
    """Return who has a dataset now."""
    newest, subject, _ = _asked_for(request)
    return rows_of_holders(request, subject, readable_name(newest))


def _asked_for(request: PageRequest) -> tuple[str, Thing, Collection[str]]:
    """Return the newest known name of the dataset at the address, how it is kept, and the names of all datasets."""
    name = request.path["name"]
    names = _names_of(request.reader)
    for newest, all_folded in names.items():
        if readable_name(newest) == name:
            return newest, _thing(all_folded), names.keys()
    raise _elsewhere(request.reader, names, name)


def _elsewhere(reader: Reader, names: Mapping[str, Sequence[str]], name: str) -> MovedError | NotThereError:
    """Return where the dataset stands that is called by another of its names, or what may have been meant."""
    rows = _printed(reader)
    wanted = {row["folded"] for row in rows if readable_name(row["dataset"]) == name}
    wanted |= DatasetNames((row["dataset"] for row in rows), reader.vocabulary).named(name)
    wanted |= {row["folded"] for row in rows if row["folded"] == fold(name)}
    for newest, all_folded in names.items():
        if wanted & set(all_folded):
            return MovedError(addresses.dataset(newest))
    near = nearest(name, names)
    said = cut(one_line(name), 80)
    return NotThereError(
        f"No dataset is called “{said}”.", [(cut(one_line(one), 80), addresses.dataset(one)) for one in near]
    )


def _thing(all_folded: Sequence[str]) -> Thing:
    own = frozenset(all_folded)
    return Thing(
        table="agreement_datasets",
        key="folded",
        printed="dataset",
        values=tuple(all_folded),
        added="dataset-added",
        removed="dataset-removed",
        is_it=lambda name: fold(name) in own,
    )


# --- its names --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name of a dataset, as it was last printed."""

    name: str
    since: str
    until: str | None
    agreements: int
    """How many list it under this name now."""
    is_newest: bool

    @property
    def known_as(self) -> str:
        """What it is known to be."""
        return "newest known name" if self.is_newest else "known name of the same data"


def _names(newest: str, spells: Sequence[Spell]) -> list[Name]:
    """Return the names under which a dataset was printed, the earliest first."""
    by_name: dict[str, list[Spell]] = {}
    for spell in spells:
        by_name.setdefault(spell.name, []).append(spell)
    names = [
        Name(
            name=cut(one_line(own[-1].printed), LONGEST_TITLE),
            since=own[0].since,
            until=None if any(one.until is None for one in own) else max(one.until or "" for one in own),
            agreements=len({one.reference for one in own if one.until is None}),
            is_newest=folded == fold(newest),
        )
        for folded, own in by_name.items()
    ]
    return sorted(names, key=lambda one: (one.is_newest, one.since, fold(one.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A name that probably means the same data, as was told and is not known."""

    words: str
    name: str
    address: str
    change: str
    date: str


def _proposed(reader: Reader, thing: Thing) -> list[Proposed]:
    """Return the names of which it was told that they are probably newer or older names of this dataset."""
    rows = reader.rows(
        """
        select json_extract(before, '$') as old, json_extract(after, '$') as new, min(coalesce(member_of, id)) as id,
          min(first_seen) as first_seen
        from changes
        where kind = 'dataset-relabelled' and substantive and not withdrawn and json_type(before) = 'text'
          and json_type(after) = 'text'
        group by old, new
        order by first_seen
        """
    )
    own = set(thing.values)
    proposed = []
    for row in rows:
        sides = (("probably a newer name", row["old"], row["new"]), ("probably an older name", row["new"], row["old"]))
        for words, here, other in sides:
            if fold(here) in own and fold(other) not in own:
                proposed.append(
                    Proposed(
                        words=words,
                        name=cut(one_line(other), LONGEST_TITLE),
                        address=addresses.dataset(reader.vocabulary.dataset_canonical(other)),
                        change=row["id"],
                        date=row["first_seen"],
                    )
                )
    return proposed


def _apart(reader: Reader, newest: str, known: Collection[str]) -> list[str]:
    """Return the datasets that are known to be other data, as far as they were ever listed."""
    apart = {fold(reader.vocabulary.dataset_canonical(name)) for name in reader.vocabulary.kept_apart(newest)}
    return sorted(name for name in known if fold(name) in apart)


ROUTES = (
    PageRoute("/datasets", datasets, "datasets.html", navigation="Datasets"),
    *files_beside("/datasets/{name}", rows_of_dataset),
    PageRoute("/datasets/{name}", dataset, "dataset.html"),
)
