"""Printed terms: what was printed of each agreement's, since when, and which ends come up. Reads only."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from diff.terms import PrintedTerm, Printing


def read_terms(db: Database) -> list[PrintedTerm]:
    """Return every agreement on every page there has been, in order of page and reference."""
    rows = db.query(
        """
        select agreement_versions.page, pages.organisation, agreement_versions.reference, agreement_versions.first_seen,
          agreement_versions.ended, states.title, states.dsa_end, states.released_to, states.unprinted,
          coalesce(agreement_versions.last_seen, pages.last_seen) > agreement_versions.first_seen as seen_again
        from agreement_versions
        join pages on pages.key = agreement_versions.page
        join states on states.id = agreement_versions.state
        order by agreement_versions.page, agreement_versions.reference, agreement_versions.first_seen,
          agreement_versions.id
        """
    )
    return [
        _term(page, reference, list(versions))
        for (page, reference), versions in groupby(rows, key=lambda row: (row["page"], row["reference"]))
    ]


def _term(page: str, reference: str, versions: list[dict[str, Any]]) -> PrintedTerm:
    titles = [version["title"] for version in versions if version["title"]]
    return PrintedTerm(
        page=page,
        organisation=versions[-1]["organisation"] or page,
        reference=reference,
        title=titles[-1] if titles else None,
        printings=tuple(_printings(versions)),
    )


def _printings(versions: Iterable[Mapping[str, Any]]) -> Iterator[Printing]:
    missing: str | None = None  # since when no end is printed, until that is seen a second time
    for version in versions:
        # A layout that prints no end says nothing about it (rule 5): what was printed before still stands.
        if "dsa_end" not in json.loads(version["unprinted"]):
            if version["dsa_end"]:
                missing = None
                yield Printing(version["first_seen"], version["dsa_end"], version["released_to"])
            else:
                # What is missing once and comes back was never news (rule 6).
                is_confirmed = missing is not None or version["seen_again"]
                missing = missing or version["first_seen"]
                if is_confirmed:
                    yield Printing(missing, None, version["released_to"])
        if version["ended"]:
            missing = None
            yield Printing(version["ended"], None)


def read_ends(db: Database, first: str, last: str) -> Sequence[dict[str, Any]]:
    """Return the standing agreements whose printed end lies between two days, by reference and page.

    Args:
        db: The database.
        first: A day, YYYY-MM-DD; an end that is printed as a month is given if any of its days lies between.
        last: A day.

    Returns:
        reference, title, organisation, page, dsa_end, and datasets: what it lists now, None where none are printed.
    """
    rows = db.query(
        """
        with standing as (
          select agreements.reference, agreements.page, pages.organisation, states.title, states.datasets,
            (
              -- A page of a layout that prints no end says nothing about it.
              select printed.dsa_end
              from agreement_versions as earlier
              join states as printed on printed.id = earlier.state
              where earlier.page = agreements.page and earlier.reference = agreements.reference
                and not exists (select 1 from json_each(printed.unprinted) where value = 'dsa_end')
              order by earlier.first_seen desc, earlier.id desc
              limit 1
            ) as dsa_end
          from agreements
          join pages on pages.key = agreements.page
          join agreement_versions on agreement_versions.id = agreements.version
          join states on states.id = agreement_versions.state
          where agreements.standing
        )
        select reference, title, organisation, page, dsa_end, datasets
        from standing
        where dsa_end >= substr(:first, 1, length(dsa_end)) and dsa_end <= substr(:last, 1, length(dsa_end))
        order by reference, page
        """,
        {"first": first, "last": last},
    )
    return [{**row, "datasets": None if row["datasets"] is None else json.loads(row["datasets"])} for row in rows]
