"""The past of the official register as the decider asks for it, and beliefs of its agreements as rows.

What is believed of a version is what its rows say, but for few: what is doubted, what is missing, what an older shape
printed and the newer does not. So a belief keeps the rows' number and what differs from them, and no prose.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from functools import cached_property
from typing import Any

from diff.deciding.belief import Doubt, PageBelief, Place
from diff.deciding.compare import first_belief
from scraper.names.fold import fold, fold_set
from scraper.official.references import read_reference
from scraper.reading.frame import Edges
from scraper.records import EVERY_FIELD, Agreement, RegisterPage, agreement_from_json, agreement_to_json
from scraper.register import NHS_OFFICIAL, page_key
from snapshots.keeping.past import times_listed
from snapshots.keeping.states import as_json
from snapshots.sql.rows import Database

ReadRows = Callable[[int, str], RegisterPage]
"""Reads the rows of a number, of the page with this key."""

_OF_PAGE = ("organisation", "layout", "absent_since", "gone", "lacked_before")
_PLAIN = tuple(one.name for one in fields(Place) if one.name not in ("believed", "type_words", "doubts"))


class OfficialPast:
    """`diff.deciding.belief.Past`, from the derived tables of the official register."""

    def __init__(self, db: Database, read: ReadRows) -> None:
        self._db = db
        self._read = read
        self._pages: dict[str, PageBelief | None] = {}

    @property
    def any_complete(self) -> bool:
        """Whether there was an edition: each of them is complete."""
        return bool(self._db.column("select 1 from official_beliefs limit 1"))

    def page(self, slug: str) -> PageBelief | None:
        """Return what is believed of an agreement; of one that no edition had, that earlier ones lacked it."""
        if slug not in self._pages:
            rows = list(self._db.query("select body, belief from official_beliefs where page = :page", {"page": slug}))
            kept = [belief_of(slug, row["body"], json.loads(row["belief"]), self._read) for row in rows]
            self._pages[slug] = kept[0] if kept else None
        return self._pages[slug]

    def standing_on(self, reference: str) -> frozenset[str]:
        """Return the page on which a version is believed to stand: its reference says which page that would be."""
        page = self._page_of(reference)
        return frozenset({page.slug} if page and reference in page.standing else ())

    def was_told_gone(self, reference: str) -> bool:
        """Say whether a version was told as no longer there."""
        page = self._page_of(reference)
        place = page.places.get(reference) if page else None
        return place is not None and place.gone

    def _page_of(self, reference: str) -> PageBelief | None:
        named = read_reference(reference)
        return self.page(page_key(NHS_OFFICIAL.id, named.slug)) if named else None

    def size(self, slugs: Iterable[str]) -> int:
        """Return how many versions are believed to stand on these pages."""
        sql = """
            select coalesce(sum(versions), 0) from official_beliefs where page in (select value from json_each(:slugs))
            """
        return int(self._db.column(sql, {"slugs": as_json(sorted(slugs))})[0])

    def listed(self, facts: Iterable[str]) -> Mapping[str, int]:
        """Return how often each fact was listed before."""
        return times_listed(self._db, facts)

    def had_dataset(self, folded: str) -> bool:
        """Say whether an earlier edition had a dataset of this folded name."""
        return folded in self._datasets

    @cached_property
    def _datasets(self) -> set[str]:
        sql = "select distinct value from official_versions, json_each(official_versions.facts, '$.datasets')"
        return set(map(fold, self._db.column(sql)))

    def carriers(self, folded: str) -> frozenset[tuple[str, str]]:
        """Return the standing places that are believed to carry this dataset."""
        sql = "select page, reference, facts from official_versions where last_seen is null"
        return frozenset(
            (row["page"], row["reference"])
            for row in self._db.query(sql)
            if folded in fold_set(json.loads(row["facts"])["datasets"])
        )

    def headings(self) -> frozenset[str]:
        """Return the names of the applicants."""
        return frozenset(self._db.column("select distinct organisation from official_versions"))

    def edges(self) -> Mapping[str, Edges]:
        """Return nothing: a workbook has no frame."""
        return {}

    def frame(self) -> Mapping[str, str]:
        """Return nothing: a workbook has no frame."""
        return {}

    def lines_inside(self, slugs: Iterable[str], frame: frozenset[str]) -> set[str]:  # noqa: ARG002
        """Return nothing: a workbook has no frame."""
        return set()


# --- beliefs as rows --------------------------------------------------------------------------------------------------


def belief_row(belief: PageBelief, read: ReadRows) -> dict[str, Any]:
    """Return the row of what is believed of an agreement."""
    printed = _printed(belief.slug, belief.body, read)
    places = {
        reference: _place_to_json(place, printed.get(reference), belief.layout, belief.slug, read)
        for reference, place in sorted(belief.places.items())
    }
    kept = {name: getattr(belief, name) for name in _OF_PAGE}
    kept["places"] = {reference: place for reference, place in places.items() if place}
    kept["lacks"] = sorted(printed.keys() - belief.places.keys())
    return {
        "page": belief.slug,
        "body": int(belief.body) if belief.body else None,
        "unsettled": belief.unsettled,
        "gone": belief.gone,
        "versions": len(belief.standing),
        "belief": as_json(kept),
    }


def _printed(slug: str, body: str | None, read: ReadRows) -> Mapping[str, Agreement]:
    if body is None:
        return {}
    return {agreement.reference: agreement for agreement in read(int(body), slug).agreements}


def _place_to_json(
    place: Place, printed: Agreement | None, layout: str, slug: str, read: ReadRows
) -> dict[str, Any] | None:
    """Return what differs from what the rows say; None where nothing does."""
    if printed is not None and place == _plain_place(printed, layout):
        return None
    last = place.missing_body if printed is None else None
    base = printed or _printed(slug, last, read).get(place.believed.reference)
    believed = agreement_to_json(place.believed)
    said = agreement_to_json(base) if base else {}
    kept: dict[str, Any] = {name: getattr(place, name) for name in _PLAIN}
    kept["base"] = last
    kept["believed"] = {name: value for name, value in believed.items() if name not in said or said[name] != value}
    kept["unprinted"], kept["unread"] = sorted(place.believed.unprinted), sorted(place.believed.unread)
    kept["doubts"] = {
        name: [sorted(doubt.values), doubt.body, doubt.text] for name, doubt in sorted(place.doubts.items())
    }
    return kept


def _plain_place(printed: Agreement, layout: str) -> Place:
    return replace(first_belief(printed, layout), type_words={layout: frozenset()})


def belief_of(slug: str, body: int | None, kept: Mapping[str, Any], read: ReadRows) -> PageBelief:
    """Return the belief that was kept; the inverse of `belief_row`."""
    said = _printed(slug, None if body is None else str(body), read)
    layout = kept["layout"]
    places = {
        reference: _plain_place(agreement, layout)
        for reference, agreement in said.items()
        if reference not in kept["places"] and reference not in kept["lacks"]
    }
    for reference, place in kept["places"].items():
        base = said.get(reference) or _printed(slug, place["base"], read).get(reference)
        places[reference] = _place_of(place, base, layout)
    return PageBelief(
        slug=slug,
        body=None if body is None else str(body),
        flags=(),
        places=dict(sorted(places.items())),
        **{name: kept[name] for name in _OF_PAGE},
    )


def _place_of(kept: Mapping[str, Any], base: Agreement | None, layout: str) -> Place:
    record = {**dict.fromkeys(EVERY_FIELD), **(agreement_to_json(base) if base else {}), **kept["believed"]}
    believed = agreement_from_json(record, frozenset(kept["unprinted"]), frozenset(kept["unread"]))
    return Place(
        believed=believed,
        type_words={layout: frozenset()},
        doubts={name: Doubt(frozenset(values), where, text) for name, (values, where, text) in kept["doubts"].items()},
        **{name: kept[name] for name in _PLAIN},
    )
