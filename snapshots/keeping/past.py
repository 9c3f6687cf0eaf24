"""The past as the decider asks for it, answered from the tables; and beliefs as rows."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from diff.deciding.belief import Doubt, PageBelief, Place, lines_inside_belief
from scraper.names.fold import fold_set
from scraper.reading.frame import Edges
from snapshots.keeping.chain import OF_PAGES
from snapshots.keeping.states import States, as_json
from snapshots.sql.rows import Database


class StoredPast:
    """`diff.deciding.belief.Past`, from the derived tables of everything committed so far."""

    def __init__(self, db: Database, states: States) -> None:
        self._db = db
        self._states = states
        self._pages: dict[str, PageBelief | None] = {}

    @property
    def any_complete(self) -> bool:
        """Whether an earlier run was complete."""
        sql = f"select 1 from runs where complete and state = 'committed' and pages_read > 0 and {OF_PAGES} limit 1"
        return bool(self._db.column(sql))

    def page(self, slug: str) -> PageBelief | None:
        """Return what is believed of a page."""
        if slug not in self._pages:
            rows = list(self._db.query("select belief, edges from beliefs where page = :page", {"page": slug}))
            self._pages[slug] = _belief_of(slug, rows[0], self._states) if rows else None
        return self._pages[slug]

    def standing_on(self, reference: str) -> frozenset[str]:
        """Return the pages on which *reference* is believed to stand."""
        sql = "select page from agreements where reference = :reference and standing"
        return frozenset(self._db.column(sql, {"reference": reference}))

    def was_told_gone(self, reference: str) -> bool:
        """Say whether *reference* was told as no longer on any page."""
        sql = "select coalesce(max(told_gone) and not max(standing), 0) from agreements where reference = :reference"
        return bool(self._db.column(sql, {"reference": reference})[0])

    def size(self, slugs: Iterable[str]) -> int:
        """Return how many agreements are believed to stand on these pages."""
        sql = "select coalesce(sum(agreements), 0) from pages where key in (select value from json_each(:slugs))"
        return int(self._db.column(sql, {"slugs": as_json(sorted(slugs))})[0])

    def listed(self, facts: Iterable[str]) -> Mapping[str, int]:
        """Return how often each fact was listed before."""
        return times_listed(self._db, facts)

    def had_dataset(self, folded: str) -> bool:
        """Say whether an earlier run had a dataset of this folded name."""
        return bool(self._db.column("select 1 from agreement_datasets where folded = :f limit 1", {"f": folded}))

    def carriers(self, folded: str) -> frozenset[tuple[str, str]]:
        """Return the standing places that are believed to carry this dataset."""
        slugs = self._db.column("select distinct page from agreement_datasets where folded = :f", {"f": folded})
        return frozenset(
            (page.slug, reference)
            for page in filter(None, map(self.page, slugs))
            for reference, place in page.places.items()
            if not place.gone and folded in fold_set(place.believed.datasets)
        )

    def headings(self) -> frozenset[str]:
        """Return the names that head pages, or headed them when they were last read."""
        return frozenset(self._db.column("select organisation from pages where organisation is not null"))

    def edges(self) -> Mapping[str, Edges]:
        """Return the edges of every page that is not gone, in its last version."""
        rows = self._db.query("select page, edges from beliefs where edges is not null and not gone")
        return {row["page"]: _edges_from_json(row["edges"]) for row in rows}

    def frame(self) -> Mapping[str, str]:
        """Return what was the site's in earlier runs: masked line → line as printed."""
        return {row["line"]: row["printed"] for row in self._db.query("select line, printed from frame")}

    def lines_inside(self, slugs: Iterable[str], frame: frozenset[str]) -> set[str]:
        """Return the masked lines inside the agreements of these pages, as they are believed, given the *frame*."""
        pages = filter(None, map(self.page, slugs))
        return {line for page in pages for line in lines_inside_belief(page, frame)}


def times_listed(db: Database, facts: Iterable[str]) -> Mapping[str, int]:
    """Return how often each of these facts is listed, by a change that still stands."""
    sql = """
        select fact, count(*) as n
        from changes
        where fact in (select value from json_each(:facts)) and not withdrawn
          and (not is_group or kind = 'organisation-renamed')
        group by fact
        """
    return {row["fact"]: row["n"] for row in db.query(sql, {"facts": as_json(sorted(facts))})}


def _belief_of(slug: str, row: Mapping[str, Any], states: States) -> PageBelief:
    belief = belief_from_json(slug, json.loads(row["belief"]), states)
    return belief if row["edges"] is None else replace(belief, edges=_edges_from_json(row["edges"]))


def edges_to_json(edges: Edges | None) -> str | None:
    """Return the edges of a page as they are kept, in a column of their own: all pages are asked for theirs at once."""
    return None if edges is None else as_json([sorted(edges.head), edges.tail, sorted(edges.dated)])


def _edges_from_json(text: str) -> Edges:
    head, tail, dated = json.loads(text)
    return Edges(frozenset(head), tuple(tail), frozenset(dated))


_OF_PAGE = tuple(one.name for one in fields(PageBelief) if one.name not in ("slug", "places", "edges"))
_OF_PLACE = tuple(one.name for one in fields(Place))


def belief_to_json(page: PageBelief, states: States) -> dict[str, Any]:
    """Return a belief as it is kept: agreements by the id of their state."""
    plain = {name: getattr(page, name) for name in _OF_PAGE}
    doubt = page.remainder_doubt
    plain["remainder_doubt"] = doubt and [sorted(doubt.values), doubt.body]
    return plain | {"places": {name: _place_to_json(place, states) for name, place in sorted(page.places.items())}}


def _place_to_json(place: Place, states: States) -> dict[str, Any]:
    (state,) = states.keep([place.believed])
    # Sorted, so that equal beliefs are equal texts.
    return {name: getattr(place, name) for name in _OF_PLACE} | {
        "believed": state,
        "type_words": {layout: sorted(words) for layout, words in sorted(place.type_words.items())},
        "doubts": {
            name: [sorted(doubt.values), doubt.body, *([doubt.text] if doubt.text else [])]
            for name, doubt in sorted(place.doubts.items())
        },
        "last_bodies": dict(sorted(place.last_bodies.items())),
    }


def belief_from_json(slug: str, row: Mapping[str, Any], states: States) -> PageBelief:
    """Return the belief that was kept; the inverse of `belief_to_json`."""
    believed = states.load(place["believed"] for place in row["places"].values())
    places = {
        reference: Place(
            **place
            | {
                "believed": believed[place["believed"]],
                "type_words": {layout: frozenset(words) for layout, words in place["type_words"].items()},
                "doubts": {name: Doubt(frozenset(values), *rest) for name, (values, *rest) in place["doubts"].items()},
            }
        )
        for reference, place in row["places"].items()
    }
    references, times = row["shrunk"]
    doubt = row["remainder_doubt"]
    tuples = {
        "remainder_doubt": doubt and Doubt(frozenset(doubt[0]), doubt[1]),
        "flags": None if row["flags"] is None else tuple(row["flags"]),
        "shrunk": (tuple(references), times),
        "unended": tuple(row["unended"]),
        "late_groups": tuple((identity, key) for identity, key in row["late_groups"]),
    }
    return PageBelief(slug=slug, **{**row, **tuples, "places": places})
