"""What was printed of each agreement's term, and since when. Reads only."""

import json
from collections.abc import Iterable, Iterator, Mapping
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
        join pages on pages.slug = agreement_versions.page
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
