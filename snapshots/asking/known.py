"""What the history knows by name: pages, datasets, agreements, and who has held what. Reads only."""

import json
from collections import defaultdict

from sqlite_utils import Database

from diff.names import Known


def read_known(db: Database) -> Known:
    """Return what is known by name."""
    pages = db.query("select slug, organisation from pages where organisation is not null order by slug")
    datasets = db.query(
        "select dataset from agreement_datasets group by dataset order by min(first_seen), folded, dataset"
    )
    holdings: dict[str, list[str]] = {}
    for row in db.query("select distinct reference, dataset from agreement_datasets order by reference, dataset"):
        holdings.setdefault(row["reference"], []).append(row["dataset"])
    references = db.query("select distinct reference from agreement_versions order by reference")
    (beginning,) = db.query("select min(first_seen) as at from snapshots")
    return Known(
        pages={row["slug"]: row["organisation"] for row in pages},
        headings=_read_headings(db),
        datasets=tuple(row["dataset"] for row in datasets),
        holdings=holdings,
        references=tuple(row["reference"] for row in references),
        since=beginning["at"],
    )


def _read_headings(db: Database) -> dict[str, list[str]]:
    headings: dict[str, list[str]] = defaultdict(list)
    rows = db.query(
        """
        select snapshots.page, readings.organisation
        from snapshots
        join readings on readings.body = snapshots.body
        where readings.organisation is not null
        group by snapshots.page, readings.organisation
        order by snapshots.page, min(snapshots.first_seen), readings.organisation
        """
    )
    for row in rows:
        headings[row["page"]].append(row["organisation"])
    # A page that is gone and whose agreements all stand on a new one: the new one was called so too.
    renamed = db.query(
        """
        select before, after
        from changes
        where kind = 'organisation-renamed' and json_type(before) = 'array' and not withdrawn
        order by first_seen, id
        """
    )
    for row in renamed:
        (_, old), (_, new) = json.loads(row["before"]), json.loads(row["after"])
        headings[new] += [name for name in headings.get(old, ()) if name not in headings[new]]
    return dict(headings)
