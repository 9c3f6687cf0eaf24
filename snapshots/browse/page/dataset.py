"""Datasets: all of them, and each with its names over time, who has it, who got or lost it, and how many by month."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.kinds import ChangeKind
from diff.names import DatasetNames, nearest, readable_name
from diff.saying.english import plural
from scraper.names.families import DatasetFamily, families, family_called, family_of
from scraper.names.fold import fold
from scraper.text import cut, one_line
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    MovedError,
    NotThereError,
    PageRequest,
    PageRoute,
    PageRows,
    Reader,
    Row,
    files_beside,
    lasting,
)
from snapshots.browse.parts.filters import dataset_called
from snapshots.browse.parts.holders import HeldPeriod, Subject, read_holding, rows_of_holders
from snapshots.browse.parts.holding import by_month, holding_page
from snapshots.browse.parts.sorting import Order, in_order, sort_asked, sort_links
from snapshots.browse.pictures.drawing import Chart, with_files
from snapshots.browse.pictures.lives import recipients_of
from snapshots.browse.pictures.spans import names_chart

LONGEST_TITLE = 200
_NOWHERE: Row = {"agreements": 0, "organisations": 0}


# --- all datasets -----------------------------------------------------------------------------------------------------


def datasets(request: PageRequest) -> Mapping[str, Any]:
    """Return every dataset that was ever listed, by name."""
    words = request.words.one("words").strip()
    known = _all(request.reader)
    family = family_called(words)
    found = [row for row in known if family and row["family"] == family]
    found = found or [row for row in known if fold(words) in fold(" ".join((row["name"], *row["also"])))]
    standing = sum(bool(row["agreements"]) for row in known)
    found.sort(key=lambda row: fold(row["name"]))
    sort = sort_asked(request.words, ORDERS)

    def grouped(rows: Sequence[Row]) -> list[Row]:
        # What was asked for by a part of a name, or in another order, is not listed by family.
        by_family = (not words or family is not None) and not sort
        rows = in_order(rows, ORDERS[sort])
        return _by_family(request.reader, rows) if by_family else [{"name": "", "rows": rows}] if rows else []

    return {
        "title": f"Datasets called “{words}”" if words else "Datasets",
        "description": f"{plural(len(known), 'dataset')} in the {request.site.register}: who has each, since when, "
        "under which names.",
        "words": words,
        "lead": f"{plural(len(found), 'dataset')} with “{words}” in a name, of {len(known):,}."
        if words
        else f"{plural(standing, 'dataset')} on the register’s pages now, under the newest known name of each. Several "
        "names of the same data count as one.",
        "now": grouped([row for row in found if row["agreements"]]),
        "gone": grouped([row for row in found if not row["agreements"]]),
        "sorts": sort_links(
            ORDERS, sort, lambda key: addresses.with_query("/datasets", [("words", words), ("sort", key)])
        ),
        "canonical": addresses.with_query("/datasets", [("words", words)]),
    }


ORDERS = {
    "": Order("by family"),
    "name": Order("by name", lambda row: fold(row["name"])),
    "agreements": Order("most agreements first", lambda row: row["agreements"], most_first=True),
    "organisations": Order("most organisations first", lambda row: row["organisations"], most_first=True),
}
"""How the list of datasets may be sorted."""


@lasting
def _all(reader: Reader) -> list[Row]:
    """Return every dataset: its name, the other names that were printed, on how many agreements it is and where."""
    names = _names_of(reader)
    newest_of = {folded: newest for newest, all_folded in names.items() for folded in all_folded}
    others: dict[str, dict[str, str]] = {newest: {} for newest in names}
    for row in _printed(reader):
        newest = newest_of[row["folded"]]
        if row["folded"] != fold(newest):
            others[newest][row["folded"]] = cut(one_line(row["dataset"]), LONGEST_TITLE)
    now = _now(reader)
    return [
        {
            "name": cut(one_line(newest), LONGEST_TITLE),
            "address": addresses.dataset(newest),
            "also": sorted(others[newest].values()),
            "family": family_of(newest),
            **now.get(newest, _NOWHERE),
        }
        for newest in names
    ]


def _by_family(reader: Reader, rows: Sequence[Row]) -> list[Row]:
    """Return *rows* by family, each with the number of all of its agreements, and at the end those of no family."""
    own = {family: [row for row in rows if row["family"] == family] for family in (*families(), None)}
    counts = _now(reader)
    return [
        {
            "name": family.name if family else "",
            "address": addresses.dataset(family.id) if family else "",
            "rows": own[family],
            **(counts.get(family, _NOWHERE) if family else _NOWHERE),
        }
        for family in own
        if own[family]
    ]


def _folded_of(reader: Reader, family: DatasetFamily) -> list[str]:
    """Return every printed name, folded, of a family's datasets."""
    return [
        name for newest, all_folded in _names_of(reader).items() if family_of(newest) == family for name in all_folded
    ]


@lasting
def _now(reader: Reader) -> dict[DatasetFamily | str, Row]:
    """Return on how many agreements and at how many organisations each dataset is, under all its names, and family."""
    means: dict[str, list[DatasetFamily | str]] = {}
    for newest, all_folded in _names_of(reader).items():
        family = family_of(newest)
        means |= {folded: [newest, *([family] if family else [])] for folded in all_folded}
    agreements: dict[DatasetFamily | str, set[str]] = {}
    organisations: dict[DatasetFamily | str, set[str]] = {}
    # Each row once, for its dataset and for its family: asked of SQLite name by name it takes three times as long.
    for folded, reference, page in reader.db.execute("select folded, reference, page from datasets_now"):
        for one in means.get(folded, ()):
            agreements.setdefault(one, set()).add(reference)
            organisations.setdefault(one, set()).add(page)
    return {one: {"agreements": len(agreements[one]), "organisations": len(organisations[one])} for one in agreements}


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
    return reader.once("select name as dataset, key as folded from names where sort = 'dataset' order by name")


# --- one dataset ------------------------------------------------------------------------------------------------------


def dataset(request: PageRequest) -> Mapping[str, Any]:
    """Return what the page of one dataset shows."""
    reader = request.reader
    if family := _family_at(request):
        return _family_page(request, family)
    newest, subject, known = _asked_for(request)
    holding = read_holding(reader, subject)
    title = cut(one_line(newest), LONGEST_TITLE)
    names = _names(newest, holding.periods)
    feeds_url, query = request.site.feeds_url, [("dataset", newest)]
    return {
        **holding_page(
            request,
            holding,
            addresses.dataset(newest),
            addresses.picture("dataset-by-month", [("dataset", newest)]),
        ),
        "title": title,
        "name": title,
        "family": family_of(newest),
        "description": f"{holding.counted}: who has it, since when, and under which names.",
        "names": names,
        "proposed": list(_proposed(reader, subject)),
        "kept_apart": [(name, addresses.dataset(name)) for name in _apart(reader, newest, known)],
        "recipients": with_files(recipients_of(reader, holding.periods), "recipients", [("dataset", newest)]),
        "drawing": names_chart(
            [(name.name, name.since, name.until) for name in names],
            next((name.name for name in names if name.is_newest), ""),
            holding.periods[0].since,
            reader.newest,
        ),
        "all_changes": addresses.with_query("/", query),
        "feeds": addresses.feed_files(addresses.feeds_of_dataset(feeds_url, newest))
        if feeds_url
        else addresses.feeds(query),
    }


def dataset_by_month(request: PageRequest) -> Chart | None:
    """Return the drawing of how many agreements listed the dataset asked for."""
    folded, said = dataset_called(request.reader, request.words.one("dataset"))
    if said or not folded:
        raise NotThereError(said or "Name a dataset.")
    return by_month(request.reader, read_holding(request.reader, _subject(sorted(folded))))


def _family_at(request: PageRequest) -> DatasetFamily | None:
    """Return the family at the address, if any of its datasets was ever printed.

    Raises:
        MovedError: It stands at the address of another of its names.
    """
    name = request.path["name"]
    family = family_called(name)
    if family is None or not _folded_of(request.reader, family):
        return None
    if name != family.id:
        raise MovedError(addresses.dataset(family.id) + request.ending)
    return family


def _family_page(request: PageRequest, family: DatasetFamily) -> Mapping[str, Any]:
    """Return what the page of a family shows: what that of one dataset does, and its datasets in place of names."""
    reader, feeds_url, query = request.reader, request.site.feeds_url, [("dataset", family.id)]
    subject = _subject(_folded_of(reader, family))
    holding = read_holding(reader, subject)
    picture = addresses.picture("dataset-by-month", query)
    return {
        **holding_page(request, holding, addresses.dataset(family.id), picture),
        "title": family.name,
        "name": family.name,
        "description": f"{holding.counted}: who has any dataset of the family, and since when.",
        "family": family,
        "members": [row for row in _all(reader) if row["family"] == family],
        "recipients": with_files(recipients_of(reader, holding.periods), "recipients", query),
        "all_changes": addresses.with_query("/", query),
        "feeds": addresses.feed_files(addresses.feeds_of_family(feeds_url, family.id))
        if feeds_url
        else addresses.feeds(query),
    }


def followed(request: PageRequest) -> tuple[list[tuple[str, str]], str]:
    """Return the changes that the page of a dataset, or of a family, stands for, and what it is called.

    Raises:
        MovedError, NotThereError: As the page itself does.
    """
    if family := _family_at(request):
        return [("dataset", family.id)], family.name
    newest, *_ = _asked_for(request)
    return [("dataset", newest)], newest


def rows_of_dataset(request: PageRequest) -> PageRows:
    """Return who has a dataset now."""
    if family := _family_at(request):
        return rows_of_holders(request, _subject(_folded_of(request.reader, family)), family.id)
    newest, subject, _ = _asked_for(request)
    return rows_of_holders(request, subject, readable_name(newest))


def _asked_for(request: PageRequest) -> tuple[str, Subject, Collection[str]]:
    """Return the newest known name of the dataset at the address, how it is kept, and the names of all datasets.

    Raises:
        MovedError: It stands at the address of another of its names.
        NotThereError: There is none; with what may have been meant.
    """
    name, reader = request.path["name"], request.reader
    names = _names_of(reader)
    for newest, all_folded in names.items():
        # By its name in addresses first: most links are ours, and need no look at all names.
        if readable_name(newest) == name:
            return newest, _subject(all_folded), names.keys()
    rows = _printed(reader)
    wanted = {row["folded"] for row in rows if readable_name(row["dataset"]) == name or row["folded"] == fold(name)}
    wanted |= DatasetNames((row["dataset"] for row in rows), reader.vocabulary).named(name)
    for newest, all_folded in names.items():
        if wanted & set(all_folded):
            raise MovedError(addresses.dataset(newest))
    near = [(cut(one_line(newest), 80), addresses.dataset(newest)) for newest in nearest(name, names)]
    raise NotThereError(f"No dataset is called “{cut(one_line(name), 80)}”.", near)


def _subject(all_folded: Sequence[str]) -> Subject:
    own = frozenset(all_folded)
    return Subject(
        table="agreement_datasets",
        key="folded",
        printed="dataset",
        values=tuple(all_folded),
        added=ChangeKind.DATASET_ADDED,
        removed=ChangeKind.DATASET_REMOVED,
        is_it=lambda name: fold(name) in own,
        verbs=("gained", "lost"),
        chart=(
            "Agreements that list the dataset, by month",
            "Agreements on the register’s pages that list the dataset, under any of its names, at the end of the "
            "month.",
        ),
    )


# --- its names --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NameOfDataset:
    """A name of a dataset, as it was last printed."""

    name: str
    since: str
    until: str | None
    agreements: int
    """How many list it under this name now."""
    is_newest: bool


def _names(newest: str, periods: Sequence[HeldPeriod]) -> list[NameOfDataset]:
    """Return the names under which a dataset was printed, the earliest first."""
    by_name: dict[str, list[HeldPeriod]] = {}
    for period in periods:
        by_name.setdefault(period.name, []).append(period)
    names = [
        NameOfDataset(
            name=cut(one_line(own[-1].printed), LONGEST_TITLE),
            since=own[0].since,
            until=None if any(period.until is None for period in own) else max(period.until or "" for period in own),
            agreements=len({period.reference for period in own if period.until is None}),
            is_newest=folded == fold(newest),
        )
        for folded, own in by_name.items()
    ]
    return sorted(names, key=lambda name: (name.is_newest, name.since, fold(name.name)))


def _proposed(reader: Reader, subject: Subject) -> Iterator[Row]:
    """Yield the names of which it was told that they are probably newer or older names of this dataset."""
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
    own = set(subject.values)
    for row in rows:
        sides = (("probably a newer name", row["old"], row["new"]), ("probably an older name", row["new"], row["old"]))
        for words, here, other in sides:
            if fold(here) in own and fold(other) not in own:
                address = addresses.dataset(reader.vocabulary.dataset_canonical(other))
                yield {**row, "words": words, "name": cut(one_line(other), LONGEST_TITLE), "address": address}


def _apart(reader: Reader, newest: str, known: Collection[str]) -> list[str]:
    """Return the datasets that are known to be other data, as far as they were ever listed."""
    apart = {fold(reader.vocabulary.dataset_canonical(name)) for name in reader.vocabulary.kept_apart(newest)}
    return sorted(name for name in known if fold(name) in apart)


ROUTES = (
    PageRoute("/datasets", datasets, "datasets.html", navigation="Datasets"),
    *files_beside("/datasets/{name}", rows_of_dataset),
    PageRoute("/datasets/{name}", dataset, "dataset.html"),
)
