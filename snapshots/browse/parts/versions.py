"""What was printed of one agreement, state by state: on which page, from when to when, and which state stood at a time.

The history of a place (page, reference) goes on where the agreement moved from, and under the reference it had before.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scraper.names.fold import fold
from scraper.records import Agreement
from snapshots.browse.app.request import Reader
from snapshots.keeping.states import States


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of an agreement on one page."""

    page: str
    organisation: str
    reference: str
    first_seen: str
    last_seen: str
    """The last reading that saw it; while it is printed, the page's last reading."""
    ended: str | None
    """The first reading that lacked it, once that was confirmed."""
    layout: str
    body: str
    """The kept page that first printed it."""
    source: str
    is_last: bool
    """Whether it is still printed."""
    agreement: Agreement


def read_versions(reader: Reader, references: Sequence[str]) -> list[Version]:
    """Return every version of an agreement, in order of time and page."""
    rows = reader.rows(
        """
        select v.page, coalesce(pages.organisation, v.page) as organisation, v.reference, v.state, v.first_seen,
          coalesce(v.last_seen, pages.last_seen) as last_seen, v.ended, v.last_seen is null as is_last,
          snapshots.layout, snapshots.body, snapshots.source
        from agreement_versions as v
        join pages on pages.key = v.page
        join snapshots on snapshots.id = v.snapshot
        where v.reference in (select value from json_each(:references))
        order by v.first_seen, v.page, v.id
        """,
        {"references": json.dumps(list(references))},
    )
    states = States(reader.db).load(row["state"] for row in rows)
    return [
        Version(
            agreement=states[row.pop("state")],
            is_last=bool(row.pop("is_last")),
            **row,
        )
        for row in rows
    ]


def standing_at(versions: Iterable[Version], time: str) -> list[Version]:
    """Return the version on each page on which the agreement stands at *time*, in order of the pages."""
    latest = {version.page: version for version in versions if version.first_seen <= time}
    standing = [version for version in latest.values() if version.ended is None or version.ended > time]
    return sorted(standing, key=lambda version: version.page)


def last_before(versions: Iterable[Version], time: str) -> list[Version]:
    """Return, of an agreement that stands nowhere at *time*, the version that went last."""
    seen = [version for version in versions if version.first_seen <= time and version.ended]
    return sorted(seen, key=lambda version: (version.ended or "", version.first_seen))[-1:]


def line_of(versions: Sequence[Version], page: str) -> list[Version]:
    """Return the history of the agreement on *page*, and before that on the page it came from."""
    own = [version for version in versions if version.page == page]
    earlier = [version for version in versions if version.first_seen < own[0].first_seen]
    return [*line_of(earlier, earlier[-1].page), *own] if earlier else own


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """Since when something stands on the page."""

    time: str
    or_before: bool
    """It stood in the first state known."""


def since(line: Sequence[Version], field: str, holds: Iterable[str]) -> Since:
    """Return since when the last of *line* has had one of *holds*, folded, among its names in *field*.

    A state whose layout does not print the field says nothing.
    """
    wanted = frozenset(holds)
    begins = line[-1]
    for version in reversed(line):
        if field in version.agreement.unprinted:
            continue
        if not wanted & names_in(version.agreement, field):
            return Since(time=begins.first_seen, or_before=False)
        begins = version
    return Since(time=begins.first_seen, or_before=True)


def names_in(agreement: Agreement, field: str) -> frozenset[str]:
    """Return what stands in a field that is a set: names folded, legal bases by their ids."""
    values = getattr(agreement, field) or ()
    return frozenset(value.id.removesuffix("?") if field == "legal_bases" else fold(value) for value in values)
