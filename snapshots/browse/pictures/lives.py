"""Pictures of one organisation and of one dataset over the whole time that its agreements print.

Release windows reach back to 2016, further than anything was read here.
"""

import json
from collections.abc import Iterable, Sequence

from scraper.text import one_line
from snapshots.asking.official import called_version
from snapshots.browse.app.request import NotThereError, PageRequest, Reader
from snapshots.browse.parts.filters import dataset_called
from snapshots.browse.parts.holders import HeldPeriod, read_places
from snapshots.browse.pictures.counts import levels_chart, levels_of
from snapshots.browse.pictures.drawing import Chart, Span, month_after, months_between
from snapshots.browse.pictures.spans import MOST_MONTHS, Strip, strips_chart


def terms_and_releases(request: PageRequest) -> Chart | None:
    """Return the printed terms and release windows of the agreements of the organisation that is asked for by slug."""
    slug = request.words.one("organisation")
    if slug not in request.reader.organisations:
        raise NotThereError("Name the organisation by the last part of its page’s address.")
    return strips_of(request.reader, slug)


def strips_of(reader: Reader, slug: str) -> Chart | None:
    """Return the printed terms and release windows of the agreements on a page now."""
    rows = reader.rows(
        """
        select agreements.reference, states.title, states.datasets, states.released_from, states.released_to,
          official_terms.version, official_terms.since,
          iif(official_terms.dsa_end is null, states.dsa_start, official_terms.dsa_start) as dsa_start,
          coalesce(official_terms.dsa_end, states.dsa_end) as dsa_end
        from agreements
        join agreement_versions as versions on versions.id = agreements.version
        join states on states.id = versions.state
        left join official_terms on official_terms.reference = agreements.reference
        where agreements.page = :page and agreements.standing
        order by coalesce(
          iif(official_terms.dsa_end is null, states.dsa_start, official_terms.dsa_start), states.released_from, '9999'
        ), agreements.reference
        """,
        {"page": slug},
    )
    return strips_chart(
        [
            Strip(
                one_line(row["title"] or "") or row["reference"],
                row["reference"],
                _span(row["dsa_start"], row["dsa_end"]),
                _span(row["released_from"], row["released_to"]),
                called_version(row["version"], row["since"]) if row["since"] else "",
            )
            for row in rows
        ],
        reader.newest,
        "Terms and releases",
        f"{_OFFICIAL if any(row['since'] for row in rows) else ''}The printed term is that of the first version the "
        "page holds; releases are those of all versions, so later ones do not mean that an agreement has lapsed.",
    )


_OFFICIAL = "A term is that of the newest version on the official register where one is held, else the printed one. "


def _span(first: str | None, last: str | None) -> Span | None:
    # A window that ends before it begins is as the page prints it, and no stretch of time.
    return (first, last) if first and last and first[: len(last)] <= last else None


def recipients(request: PageRequest) -> Chart | None:
    """Return how many organisations had releases under agreements that have listed the dataset asked for."""
    name = request.words.one("dataset")
    folded, said = dataset_called(request.reader, name)
    if said or not folded:
        raise NotThereError(said or "Name a dataset.")
    held = request.reader.rows(
        """
        select distinct page, reference
        from agreement_datasets
        where folded in (select value from json_each(:folded))
        """,
        {"folded": json.dumps(folded)},
    )
    return _recipients(request.reader, {(row["page"], row["reference"]) for row in held})


def recipients_of(reader: Reader, periods: Iterable[HeldPeriod]) -> Chart | None:
    """Return at how many organisations release windows were open in each month, since the first one printed.

    An agreement that went from page to page prints the same releases on each: it counts where it stands, or last stood.

    Args:
        reader: The database.
        periods: All times in which agreements listed the dataset.
    """
    return _recipients(reader, {(period.page, period.reference) for period in periods})


_Window = tuple[str, str, str]
"""A page, and the first and the last month of releases."""


def _recipients(reader: Reader, held: Iterable[tuple[str, str]]) -> Chart | None:
    newest, places = reader.newest[:7], read_places(reader)
    printed: list[tuple[str, tuple[bool, str], _Window]] = []
    for place in map(places.__getitem__, held):
        first, last = place.released_from, place.released_to
        if first and last and first <= min(last, newest):
            printed.append((place.reference, (place.standing, place.ended or ""), (place.page, first, last)))
    stood: dict[str, tuple[bool, str]] = {}
    for reference, when, _ in printed:
        stood[reference] = max(when, stood.get(reference, when))
    rows = sorted({row for reference, when, row in printed if when == stood[reference]})
    if not rows:
        return None
    windows = _merged(rows, newest)
    months = months_between(min(window[0] for window in windows), newest)[-MOST_MONTHS:]
    return levels_chart(
        levels_of(((first, month_after(last)) for first, last in windows), months),
        "Organisations with releases",
        "Organisations with an agreement that has listed the dataset, in the months between its first and last printed "
        "release. A release window is that of all the agreement’s data, and not each month in it has a release.",
        "Organisations",
    )


def _merged(rows: Sequence[_Window], newest: str) -> list[Span]:
    """Return the windows of each page, those that overlap as one, none beyond the newest reading."""
    found: list[_Window] = []
    for page, first, released_to in rows:
        last = min(released_to, newest)
        if found and found[-1][0] == page and first <= found[-1][2]:
            found[-1] = (page, found[-1][1], max(found[-1][2], last))
        else:
            found.append((page, first, last))
    return [(first, last) for _, first, last in found]
