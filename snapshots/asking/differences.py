"""Where the pages and the official register disagree now, and since when. Reads only.

What is a difference is decided in `diff/beside.py`; here both sides are read, as they are now and as they were.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from diff.beside import COMPARED, SETS, Discrepancy, differences
from diff.names import stem_of
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary
from snapshots.asking.agreements import standing_at
from snapshots.asking.names import NameLookup, NameNotKnownError, Row
from snapshots.asking.official import OfficialRegister, sets_of_version, spellings, standing_versions, values_of
from snapshots.sql.rows import Database

DIFFERENCE = ("reference", "field", "page", "official", "version", "edition", "since")
"""The public fields of a difference, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A difference of now: whose it is, and since when both sides have said so."""

    reference: str
    slug: str | None
    """The page; None of an agreement that stands on none."""
    organisation: str
    """Who the page is about; of what stands on none, the applicant."""
    difference: Discrepancy
    edition: str
    """Month of the official edition."""
    since: str

    def to_json(self) -> dict[str, Any]:
        """Return its public form."""
        said = self.difference
        values = (self.reference, said.field, said.page, said.official, said.version, self.edition, self.since)
        return dict(zip(DIFFERENCE, values, strict=True))


@dataclass(slots=True)
class _BothSides:
    """What the pages and the official register said of one agreement: rows, their sets read when one is asked for.

    Of what was said earlier most is asked for its term alone.
    """

    sets_of_page: Callable[[Row], Row]
    pages: list[Row] = field(default_factory=list)
    versions: list[Row] = field(default_factory=list)
    _records: dict[tuple[int, bool], Row] = field(default_factory=dict)

    def times(self) -> list[str]:
        """Return when either side began to say something else, the latest first."""
        began = {row["first_seen"] for row in (*self.pages, *self.versions)}
        ended = {row["ended"] for row in self.pages} | {row["gone"] for row in self.versions}
        return sorted((began | ended) - {None}, reverse=True)

    def first(self) -> Row:
        """Return the row that says whose it is now: a page's, else the newest version's."""
        return (standing_at(self.pages, "9999") or standing_versions(self.versions, "9999"))[0]

    def at(self, time: str, fields: Collection[str]) -> tuple[list[Row], list[Row]]:
        """Return what the pages printed of it at a time, and its versions, the newest first; these fields at least."""
        needs_sets = not _ALL_SETS.isdisjoint(fields)
        return (
            [self._once(row, self.sets_of_page if needs_sets else None) for row in standing_at(self.pages, time)],
            [self._once(row, sets_of_version) if needs_sets else row for row in standing_versions(self.versions, time)],
        )

    def _once(self, row: Row, sets: Callable[[Row], Row] | None) -> Row:
        key = id(row), sets is not None
        if key not in self._records:
            printed = {"unprinted": _names(row["unprinted"])} if "unprinted" in row else {}
            self._records[key] = {**row, **(sets(row) if sets else {}), **printed}
        return self._records[key]


_ALL_SETS = frozenset(SETS)


class Differences:
    """The pages of an open database beside its official register."""

    def __init__(self, db: Database, vocabulary: Vocabulary, names: NameLookup, official: OfficialRegister) -> None:
        self._db = db
        self._vocabulary = vocabulary
        self._names = names
        self._official = official

    def find(
        self, *, references: Collection[str] = (), organisations: Collection[str] = (), fields: Collection[str] = ()
    ) -> list[Disagreement]:
        """Return what the two disagree about now, by reference and field; nothing where no edition is held.

        Raises:
            NotKnownError: An agreement or an organisation that is not known.
        """
        edition = self._official.edition()
        if edition is None:
            return []
        asked = [one for name in references for one in self._called(name)]
        told = self._told(self._standing(asked), frozenset(fields or COMPARED))
        # What was said earlier is read of those alone that differ now.
        ever = self._history(asked or self._spelled(told)) if told else {}
        first = self._official.editions[0].at
        found = []
        for stem, (side, here) in told.items():
            since = self._since(ever.pop(stem), here, first)
            found += [
                Disagreement(
                    reference=side.get("stem") or side["reference"],
                    slug=side.get("key"),
                    organisation=side["organisation"] or stem,
                    difference=one,
                    edition=edition.month,
                    since=since[one.fact],
                )
                for one in here
            ]
        wanted = [self._names.organisation(name, parts=True) for name in organisations]
        slugs, folded = {s for one in wanted for s in one.slugs}, {f for one in wanted for f in one.folded}
        return [one for one in found if not wanted or one.slug in slugs or fold(one.organisation) in folded]

    def _told(self, sides: dict[str, _BothSides], fields: Collection[str]) -> dict[str, tuple[Row, list[Discrepancy]]]:
        """Return by their stems, in order, the agreements on which the two disagree now: one side's row, and where."""
        found = {}
        for stem in sorted(sides):
            # Let go of one by one: with all records at hand, a third of the time went into looking for garbage.
            both = sides.pop(stem)
            if here := differences(*both.at("9999", fields), self._vocabulary, fields):
                found[stem] = both.first(), here
        return found

    def _called(self, name: str) -> Sequence[str]:
        try:
            return self._names.references(name)
        except NameNotKnownError:
            if found := self._official.called(name):
                return found
            raise

    def _since(self, sides: _BothSides, told: Sequence[Discrepancy], first: str) -> dict[Any, str]:
        """Return of each fact since when it has held without a break, as far back as both registers were read."""
        latest, *earlier = *(time for time in sides.times() if time > first), first
        # Nothing was said since the latest of these, so what is so now was so then.
        since: dict[Any, str] = {one.fact: latest for one in told}
        alive = set(since)
        for time in earlier:
            fields = {field for field, *_ in alive}
            alive &= {one.fact for one in differences(*sides.at(time, fields), self._vocabulary, fields)}
            if not alive:
                break
            since |= dict.fromkeys(alive, time)
        return since

    def _standing(self, references: Sequence[str]) -> dict[str, _BothSides]:
        """Return what both sides say now of the agreements asked for; of all where none are."""
        where, asked = (f"{_IS_LAST} and {_OF_THESE}", references) if references else (_IS_LAST, ())
        pages = self._db.query(_PRINTED.format(_SETS, where), {"references": json.dumps(spellings(asked))})
        return _both(pages, self._official.every(references) if references else self._official.held_now(), _sets)

    def _history(self, references: Sequence[str]) -> dict[str, _BothSides]:
        """Return all that both sides ever said of these agreements."""
        pages = self._db.query(_PRINTED.format("", _OF_THESE), {"references": json.dumps(spellings(references))})
        return _both(pages, self._official.every(references), lambda row: self._sets_of(row["state"]))

    def _sets_of(self, state: int) -> Row:
        sql = f"select {', '.join(SETS)} from states where id = :state"
        (row,) = self._db.query(sql, {"state": state})
        return _sets(row)

    def _spelled(self, stems: Collection[str]) -> list[str]:
        """Return every reference that either side ever had of agreements with these stems."""
        sql = "select reference from agreement_versions union select stem from official_versions"
        return [reference for reference in self._db.column(sql) if stem_of(reference) in stems]


def _both(
    pages: Iterable[Row], versions: Mapping[str, Sequence[Row]], sets_of_page: Callable[[Row], Row]
) -> dict[str, _BothSides]:
    sides: dict[str, _BothSides] = defaultdict(lambda: _BothSides(sets_of_page))
    for row in pages:
        sides[stem_of(row["reference"])].pages.append(row)
    for stem, rows in versions.items():
        sides[stem].versions += rows
    return sides


_PRINTED = """
    select v.page, v.page as key, v.reference, v.first_seen, v.ended, v.state, pages.organisation, states.title,
      states.dsa_start, states.dsa_end, states.unprinted {}
    from agreement_versions as v
    join pages on pages.key = v.page
    join states on states.id = v.state
    where {}
    order by v.first_seen, v.page, v.id
    """
_SETS = "".join(f", states.{name}" for name in SETS)
_OF_THESE = "v.reference in (select value from json_each(:references))"
_IS_LAST = """
    not exists (
      select 1 from agreement_versions as later
      where later.reference = v.reference and later.page = v.page and later.first_seen > v.first_seen
    )
    """


def _sets(row: Row) -> Row:
    return {name: None if (text := row[name]) is None else _values(name, text) for name in SETS}


# The same few answers stand on nearly every agreement.
@lru_cache(maxsize=16_384)
def _values(name: str, text: str) -> list[str]:
    return values_of(name, json.loads(text))


@lru_cache(maxsize=1_024)
def _names(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))
