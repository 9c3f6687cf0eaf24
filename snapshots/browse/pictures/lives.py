"""Pictures of one organisation and of one dataset over the whole time that its agreements print.

Release windows reach back to 2016, further than anything was read here.
"""

import json
from collections.abc import Sequence

from scraper.text import one_line
from snapshots.asking.official import called_version
from snapshots.browse.app.request import NotThereError, PageRequest, Reader, Row
from snapshots.browse.parts.filters import dataset_called
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
    return recipients_of(request.reader, list(folded))


def recipients_of(reader: Reader, folded: Sequence[str]) -> Chart | None:
    """Return at how many organisations release windows were open in each month, since the first one printed.

    An agreement that went from page to page prints the same releases on each: it counts where it stands, or last stood.
    """
    rows = reader.rows(
        """
        select distinct page, released_from, released_to
        from (
          select agreements.page, states.released_from, states.released_to, rank() over (
              partition by agreements.reference order by agreements.standing desc, versions.ended desc
            ) as place
          from (
            select distinct page, reference
            from agreement_datasets
            where folded in (select value from json_each(:folded))
          ) as held
          join agreements on agreements.page = held.page and agreements.reference = held.reference
          join agreement_versions as versions on versions.id = agreements.version
          join states on states.id = versions.state
          where states.released_from <= states.released_to and states.released_from <= :newest
        )
        where place = 1
        order by page, released_from
        """,
        {"folded": json.dumps(folded), "newest": reader.newest[:7]},
    )
    if not rows:
        return None
    windows = _merged(rows, reader.newest[:7])
    months = months_between(min(window[0] for window in windows), reader.newest[:7])[-MOST_MONTHS:]
    return levels_chart(
        levels_of(((first, month_after(last)) for first, last in windows), months),
        "Organisations with releases",
        "Organisations with an agreement that has listed the dataset, in the months between its first and last printed "
        "release. A release window is that of all the agreement’s data, and not each month in it has a release.",
        "Organisations",
    )


def _merged(rows: Sequence[Row], newest: str) -> list[Span]:
    """Return the windows of each page, those that overlap as one, none beyond the newest reading."""
    found: list[tuple[str, str, str]] = []
    for row in rows:
        page, first, last = row["page"], row["released_from"], min(row["released_to"], newest)
        if found and found[-1][0] == page and first <= found[-1][2]:
            found[-1] = (page, found[-1][1], max(found[-1][2], last))
        else:
            found.append((page, first, last))
    return [(first, last) for _, first, last in found]
