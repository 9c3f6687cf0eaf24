"""Differences: where the pages and the official register disagree now, by organisation and field, and since when."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from diff.beside import COMPARED
from diff.saying.english import listed, month, plural
from scraper.names.fold import fold
from scraper.text import cut, one_line
from snapshots.asking.differences import DIFFERENCE, Disagreement
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    BadAddressError,
    PageFile,
    PageRequest,
    PageRoute,
    PageRows,
    Reader,
    files_beside,
    lasting,
    piece_of,
)
from snapshots.browse.beside.words import called, value_in_words
from snapshots.browse.parts.filters import pages_called
from snapshots.browse.parts.sorting import Order, in_order, sort_asked, sort_links

ON_A_PAGE = 100
LONGEST = 300
COLUMNS = ("organisation", *DIFFERENCE)

ORDERS = {
    "": Order("newest first"),
    "organisation": Order("by organisation", lambda one: (fold(one.organisation), one.reference)),
    "field": Order("by field", lambda one: COMPARED.index(one.difference.field)),
}
"""How they may be sorted."""


def differences(request: PageRequest) -> Mapping[str, Any]:
    """Return where the two disagree: how often in each field, and each difference that is asked for."""
    organisation, field = request.words.one("organisation").strip(), _field(request)
    edition = edition_held(request.reader)
    slugs, said = pages_called(request.reader, organisation)
    rows = [] if said else _asked(request, slugs, field)
    sort = sort_asked(request.words, ORDERS)
    query = [("field", field), ("organisation", organisation)]
    in_turn = [*query, ("sort", sort)]
    piece = piece_of(
        in_order(rows, ORDERS[sort]), request.words, ON_A_PAGE, lambda start: _address([*in_turn, ("start", start)])
    )
    title = _title(field, organisation)
    return {
        **piece,
        "title": title,
        "description": f"Where the pages of the {request.site.register} and the official register disagree, and since "
        "when.",
        "heading": title,
        "lead": said or _lead(rows, edition),
        "held": edition is not None,
        "fields": [
            (called(name), _address([("field", name), ("organisation", organisation)]), number)
            for name, number in _counted(request.reader, slugs)
        ],
        "field": field,
        "organisation": organisation,
        "choices": [(name, called(name)) for name in COMPARED],
        "sorts": sort_links(ORDERS, sort, lambda key: _address([*query, ("sort", key)]) + "#h-rows"),
        "rows": [_shown(one) for one in piece["shown"]],
        "files": addresses.files("/differences", query),
        "feeds": addresses.feeds_of_differences(query),
        "canonical": _address(query),
    }


def rows_of_differences(request: PageRequest) -> PageRows:
    """Return the differences that are asked for, with whose they are."""
    rows = [{"organisation": one.organisation, **one.to_json()} for one in _wanted(request)]
    return PageRows(name="differences", columns=COLUMNS, rows=rows)


def _feed(kind: str, ending: str) -> PageRoute:
    def view(request: PageRequest) -> PageFile:
        body = request.site.draw_differences(request, _wanted(request), ending)
        return PageFile(body=body, content_type=f"{addresses.FEED_TYPES[kind]}; charset=utf-8")

    return PageRoute(f"/differences.{ending}", view)


@lasting
def _all(reader: Reader) -> Sequence[Disagreement]:
    found = reader.answers.differences.find()
    return sorted(found, key=lambda one: one.since, reverse=True)


@lasting
def edition_held(reader: Reader) -> str | None:
    """Return the month of the newest official edition; None where none is held."""
    edition = reader.answers.official.edition()
    return edition.month if edition else None


def _wanted(request: PageRequest) -> list[Disagreement]:
    """Return the differences that a file or a feed is asked for.

    Raises:
        BadAddressError: Of an organisation that nobody knows: no file is empty because of a slip.
    """
    slugs, said = pages_called(request.reader, request.words.one("organisation").strip())
    if said:
        raise BadAddressError(said)
    return _asked(request, slugs, _field(request))


def _asked(request: PageRequest, slugs: Sequence[str] | None, field: str) -> list[Disagreement]:
    """Return the differences of these pages in this field, the newest first."""
    return [
        one
        for one in _all(request.reader)
        if (not field or one.difference.field == field) and (slugs is None or one.slug in slugs)
    ]


def feeds_listed(reader: Reader) -> list[tuple[str, str, Mapping[str, str]]]:
    """Return name, page and feeds of all differences and of those of each field that has some; none without edition."""
    if edition_held(reader) is None:
        return []
    fields = [[("field", name)] for name, _ in _counted(reader, None)]
    return [
        (called(query[0][1]) if query else "All differences", _address(query), addresses.feeds_of_differences(query))
        for query in ([], *fields)
    ]


def _counted(reader: Reader, slugs: Sequence[str] | None) -> list[tuple[str, int]]:
    """Return the fields that have differences, and how many."""
    counts = Counter(one.difference.field for one in _all(reader) if slugs is None or one.slug in slugs)
    return [(name, counts[name]) for name in COMPARED if counts[name]]


def _field(request: PageRequest) -> str:
    field = request.words.one("field")
    if field and field not in COMPARED:
        raise BadAddressError(f"There is no field “{field}”; there are {listed(COMPARED)}.")
    return field


def _title(field: str, organisation: str) -> str:
    of_field = f": {called(field)}" if field else ""
    return f"Differences{of_field}" + (f" at “{organisation}”" if organisation else "")


def _lead(rows: Sequence[Disagreement], edition: str | None) -> str:
    if edition is None:
        return "No edition of the official register is held, so there is nothing to set the pages beside."
    agreements = plural(len({one.reference for one in rows}), "agreement")
    return (
        f"{plural(len(rows), 'difference')} on {agreements} between the pages and the official register of "
        f"{month(edition)}. A difference says that one has what the other lacks, not which of them is right."
    )


def _shown(one: Disagreement) -> Mapping[str, Any]:
    said = one.difference
    return {
        "organisation": cut(one_line(one.organisation), LONGEST),
        "slug": one.slug,
        "reference": one.reference,
        "field": called(said.field),
        "page": cut(value_in_words(said.field, said.page), LONGEST),
        "official": cut(value_in_words(said.field, said.official), LONGEST),
        "version": said.version,
        "since": one.since[:10],
    }


def _address(query: addresses.Query) -> str:
    return addresses.with_query("/differences", query)


ROUTES = (
    PageRoute("/differences", differences, "differences.html", navigation="Differences"),
    *files_beside("/differences", rows_of_differences),
    *(_feed(kind, ending) for kind, ending in addresses.FEEDS.items()),
)
