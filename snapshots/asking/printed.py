"""What agreements print, as far as subscriptions ask: their words at a time, and ends that come up. Reads only."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from scraper.records import PROSE, SECTIONS
from snapshots.keeping.states import PROSE_JOINS, prose_columns

Row = Mapping[str, Any]
Moment = tuple[str, str]
"""A reference and a UTC time."""


def read_texts(db: Database, moments: Iterable[Moment]) -> dict[Moment, tuple[str, ...]]:
    """Return title and prose of agreements as printed at a time, and as printed just before if that is when it began.

    An agreement that stands on no page at that time is given as it was last printed. Some 15 KB each: ask for those of
    one run, not of a year.
    """
    wanted = set(moments)
    versions = _read_versions(db, {reference for reference, _ in wanted})
    chosen = {moment: list(_printed_at(versions.get(moment[0], ()), moment[1])) for moment in sorted(wanted)}
    texts = _read_states(db, {state for states in chosen.values() for state in states})
    return {moment: tuple(texts[state] for state in states) for moment, states in chosen.items()}


def _read_versions(db: Database, references: Iterable[str]) -> dict[str, list[Row]]:
    versions: dict[str, list[Row]] = defaultdict(list)
    rows = db.query(
        """
        select page, reference, state, first_seen, ended
        from agreement_versions
        where reference in (select value from json_each(:references))
        order by reference, page, first_seen, id
        """,
        {"references": json.dumps(sorted(references))},
    )
    for row in rows:
        versions[row["reference"]].append(row)
    return versions


def _printed_at(versions: Iterable[Row], time: str) -> Iterator[int]:
    """Yield the states of one agreement, whose *versions* are in order of page and time, at *time*."""
    by_page: dict[str, list[Row]] = defaultdict(list)
    for version in versions:
        if version["first_seen"] <= time:
            by_page[version["page"]].append(version)
    standing = [own for own in by_page.values() if own[-1]["ended"] is None or own[-1]["ended"] > time]
    last = max((own[-1]["ended"] or "" for own in by_page.values()), default="")
    states: dict[int, None] = {}
    for own in standing or [own for own in by_page.values() if own[-1]["ended"] == last]:
        for version in own[-2:] if own[-1]["first_seen"] == time else own[-1:]:
            states[version["state"]] = None
    yield from states


def _read_states(db: Database, states: Iterable[int]) -> dict[int, str]:
    rows = db.query(
        f"""
        select states.id, states.title, {", ".join(f"states.{name}" for name in PROSE if name not in SECTIONS)},
          {prose_columns()}
        from states
        {PROSE_JOINS}
        where states.id in (select value from json_each(:states))
        """,
        {"states": json.dumps(sorted(states))},
    )
    return {row["id"]: "\n".join(row[name] for name in ("title", *PROSE) if row[name]) for row in rows}


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
          join pages on pages.slug = agreements.page
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
