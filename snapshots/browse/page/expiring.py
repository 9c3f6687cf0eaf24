"""Expiring: printed ends that are coming up, with the caution that they need.

The page prints the term of the first version it holds, so a printed end is a date to ask about and not one on which
anything must happen. An end that lies before the last printed release month is hardly the one that holds now: it is
listed apart.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from diff.kinds import ChangeKind
from diff.saying.english import day, listed, number, plural
from scraper.text import cut, one_line
from scraper.times import as_text, read_time
from snapshots.browse.app import addresses
from snapshots.browse.app.request import BadAddressError, PageRequest, PageRoute, PageRows, Row, files_beside
from snapshots.browse.parts.filters import pages_called
from snapshots.browse.parts.titles import called, first_datasets
from snapshots.browse.pictures.drawing import with_files
from snapshots.browse.pictures.register import ends_ahead

DAYS = (30, 90, 180, 365)
DEFAULT_DAYS = 90
LONGEST = 200


def expiring(request: PageRequest) -> Mapping[str, Any]:
    """Return the printed ends of the next days, as of the newest reading."""
    days, organisation = _days(request), request.words.one("organisation").strip()
    slugs, said = pages_called(request.reader, organisation)
    year = [] if said else _rows(request, DAYS[-1], slugs)
    rows = [row for row in year if row["days_left"] <= days]
    coming = [row for row in rows if not row["apparent"]]
    apparent = [row for row in rows if row["apparent"]]
    datasets = first_datasets(request.reader, (row["reference"] for row in rows if not row["title"]))
    query = [("days", str(days)), ("organisation", organisation)]
    at = f" at “{organisation}”" if organisation else ""
    feeds_url = request.site.feeds_url
    official = any(row["source"] == "official" for row in rows)
    return {
        "title": f"{'Ends' if official else 'Printed ends'} in the next {days} days{at}",
        "description": f"{plural(len(coming), 'agreement')} in the {request.site.register} with a printed end in the "
        f"next {days} days{at}: a date to ask about.",
        "lead": said or _lead(request, days, coming, "an end" if official else "a printed end"),
        "only_apparent": len(apparent) if not coming else 0,
        "months": [
            {"month": month, "ends": [_shown(row, datasets) for row in own]}
            for month, own in groupby(coming, key=lambda row: row["last_day"][:7])
        ],
        "ahead": None if said else with_files(ends_ahead(request), "ends-ahead", [("organisation", organisation)]),
        "apparent": [_shown(row, datasets) for row in apparent],
        "organisation": organisation,
        "official": official,
        "days": days,
        "choices": [_choice(choice, days, organisation, year) for choice in DAYS],
        "files": addresses.files("/expiring", query),
        "feeds": None if said else addresses.feeds([*MOVES, ("organisation", organisation)]),
        "calendar": f"{feeds_url.rstrip('/')}/everything.ics" if feeds_url else None,
        "canonical": addresses.with_query("/expiring", query),
    }


MOVES = tuple(
    ("kind", kind.value) for kind in (ChangeKind.DSA_EXTENDED, ChangeKind.DSA_SHORTENED, ChangeKind.DSA_TERM_CHANGED)
)
"""The changes by which a printed end comes, goes or moves."""


def _choice(choice: int, days: int, organisation: str, year: Sequence[Row]) -> Mapping[str, Any]:
    return {
        "days": choice,
        "count": sum(row["days_left"] <= choice and not row["apparent"] for row in year),
        "address": addresses.with_query("/expiring", [("days", str(choice)), ("organisation", organisation)]),
        "current": choice == days,
    }


def ends(request: PageRequest) -> PageRows:
    """Return the printed ends that are asked for."""
    slugs, said = pages_called(request.reader, request.words.one("organisation").strip())
    if said:
        raise BadAddressError(said)
    return PageRows(name="expiring", columns=COLUMNS, rows=_rows(request, _days(request), slugs))


COLUMNS = (
    "dsa_end", "last_day", "days_left", "organisation", "page", "reference", "title", "released_to", "apparent",
    "last_seen", "source", "official_version",
)  # fmt: skip


def _days(request: PageRequest) -> int:
    days = request.words.number("days")
    if days is None:
        return DEFAULT_DAYS
    if days not in DAYS:
        raise BadAddressError(f"The days ahead are {listed(map(str, DAYS))}, not {days}.")
    return days


def _rows(request: PageRequest, days: int, slugs: Sequence[str] | None) -> list[Row]:
    """Return the ends from the newest reading on, the nearest first."""
    reader = request.reader
    if not reader.newest:
        return []
    today = reader.newest[:10]
    # Those of a year are asked for together, and kept: they go through the whole register whatever is asked for.
    rows = reader.once(
        """
        select dsa_end, last_day, cast(julianday(last_day) - julianday(:today) as integer) as days_left,
          coalesce(organisation, page) as organisation, page, reference, title, released_to, apparent, last_seen,
          source, official_version
        from expiring_soon
        where last_day between :today and :until
        order by last_day, organisation, reference
        """,
        {"today": today, "until": as_text(read_time(today) + timedelta(days=DAYS[-1]))[:10]},
    )
    return [
        {**row, "apparent": bool(row["apparent"])}
        for row in rows
        if row["days_left"] <= days and (slugs is None or row["page"] in slugs)
    ]


def _lead(request: PageRequest, days: int, coming: Sequence[Row], what: str) -> str:
    if not request.reader.newest:
        return "Nothing has been read yet."
    n = len({row["reference"] for row in coming})
    agreements = f"{number(n, capital=True)} agreement{' has' if n in (0, 1) else 's have'}"
    read = day(request.reader.newest)
    return f"{agreements} {what} in the {days} days from {read}, when the pages were last read."


def _shown(row: Row, datasets: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        **row,
        "organisation": cut(one_line(row["organisation"]), LONGEST),
        "title": called(row["title"], row["reference"], datasets.get(row["reference"])),
        "official": row["source"] == "official",
        "left": "today" if not row["days_left"] else f"in {plural(row['days_left'], 'day')}",
    }


ROUTES = (
    PageRoute("/expiring", expiring, "expiring.html", navigation="Expiring"),
    *files_beside("/expiring", ends),
)
