"""The past as the decider asks for it, answered from the tables; and beliefs as rows."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlite_utils import Database

from diff.deciding.belief import Doubt, PageBelief, Place
from scraper.names.fold import fold_set
from snapshots.keeping.states import States, as_json


class StoredPast:
    """`diff.deciding.belief.Past`, from the derived tables of everything committed so far."""

    def __init__(self, db: Database, states: States) -> None:
        self._db = db
        self._states = states
        self._pages: dict[str, PageBelief | None] = {}

    def _column(self, sql: str, values: Mapping[str, Any]) -> list[Any]:
        return [next(iter(row.values())) for row in self._db.query(sql, dict(values))]

    @property
    def any_complete(self) -> bool:
        """Whether an earlier run was complete."""
        sql = "select 1 from runs where complete and state = 'committed' and pages_read > 0 limit 1"
        return bool(self._column(sql, {}))

    def page(self, slug: str) -> PageBelief | None:
        """Return what is believed of a page."""
        if slug not in self._pages:
            rows = self._column("select belief from beliefs where page = :page", {"page": slug})
            self._pages[slug] = belief_from_json(slug, json.loads(rows[0]), self._states) if rows else None
        return self._pages[slug]

    def standing_on(self, reference: str) -> frozenset[str]:
        """Return the pages on which *reference* is believed to stand."""
        sql = "select page from agreements where reference = :reference and standing"
        return frozenset(self._column(sql, {"reference": reference}))

    def was_told_gone(self, reference: str) -> bool:
        """Say whether *reference* was told as no longer on any page."""
        sql = "select told_gone from agreements where reference = :reference and (told_gone or standing)"
        rows = list(self._db.query(sql.replace("told_gone from", "told_gone, standing from"), {"reference": reference}))
        return any(row["told_gone"] for row in rows) and not any(row["standing"] for row in rows)

    def size(self, slugs: Iterable[str]) -> int:
        """Return how many agreements are believed to stand on these pages."""
        sql = "select coalesce(sum(agreements), 0) from pages where key in (select value from json_each(:slugs))"
        return int(self._column(sql, {"slugs": as_json(sorted(slugs))})[0])

    def listed(self, facts: Iterable[str]) -> Mapping[str, int]:
        """Return how often each fact was listed before."""
        sql = """
            select fact, count(*) as n
            from changes
            where fact in (select value from json_each(:facts)) and not withdrawn and not is_group
            group by fact
            """
        return {row["fact"]: row["n"] for row in self._db.query(sql, {"facts": as_json(sorted(facts))})}

    def had_dataset(self, folded: str) -> bool:
        """Say whether an earlier run had a dataset of this folded name."""
        return bool(self._column("select 1 from agreement_datasets where folded = :f limit 1", {"f": folded}))

    def carriers(self, folded: str) -> frozenset[tuple[str, str]]:
        """Return the standing places that are believed to carry this dataset."""
        pages = self._column("select distinct page from agreement_datasets where folded = :f", {"f": folded})
        return frozenset(
            (slug, reference)
            for slug in pages
            for reference, place in self._places(slug).items()
            if not place.gone and folded in fold_set(place.believed.datasets)
        )

    def _places(self, slug: str) -> Mapping[str, Place]:
        page = self.page(slug)
        return page.places if page else {}


def belief_to_json(page: PageBelief, states: States) -> dict[str, Any]:
    """Return a belief as it is kept: agreements by the id of their state."""
    return {
        "organisation": page.organisation,
        "layout": page.layout,
        "files_disseminated": page.files_disseminated,
        "flags": page.flags,
        "flag_doubt": page.flag_doubt,
        "body": page.body,
        "spelling": page.spelling,
        "absent_since": page.absent_since,
        "gone": page.gone,
        "lacked_before": page.lacked_before,
        "shrunk": page.shrunk,
        "late_groups": page.late_groups,
        "places": {reference: _place_to_json(place, states) for reference, place in sorted(page.places.items())},
    }


def _place_to_json(place: Place, states: States) -> dict[str, Any]:
    (state,) = states.keep([place.believed])
    return {
        "believed": state,
        "type_words": {layout: sorted(words) for layout, words in sorted(place.type_words.items())},
        "doubts": {name: [sorted(d.values), d.body] for name, d in sorted(place.doubts.items())},
        "last_bodies": dict(sorted(place.last_bodies.items())),
        "missing_since": place.missing_since,
        "missing_body": place.missing_body,
        "gone": place.gone,
        "arrived": place.arrived,
        "baseline": place.baseline,
    }


def belief_from_json(slug: str, row: Mapping[str, Any], states: States) -> PageBelief:
    """Return the belief that was kept; the inverse of `belief_to_json`."""
    believed = states.load(place["believed"] for place in row["places"].values())
    places = {
        reference: Place(
            believed=believed[place["believed"]],
            type_words={layout: frozenset(words) for layout, words in place["type_words"].items()},
            doubts={name: Doubt(frozenset(values), body) for name, (values, body) in place["doubts"].items()},
            last_bodies=place["last_bodies"],
            missing_since=place["missing_since"],
            missing_body=place["missing_body"],
            gone=place["gone"],
            arrived=place["arrived"],
            baseline=place["baseline"],
        )
        for reference, place in row["places"].items()
    }
    plain = {name: row[name] for name in ("organisation", "layout", "files_disseminated", "flag_doubt", "body")}
    plain |= {name: row[name] for name in ("spelling", "absent_since", "gone", "lacked_before")}
    references, times = row["shrunk"]
    return PageBelief(
        slug=slug,
        **plain,
        flags=None if row["flags"] is None else tuple(row["flags"]),
        shrunk=(tuple(references), times),
        late_groups=tuple((identity, key) for identity, key in row["late_groups"]),
        places=places,
    )
