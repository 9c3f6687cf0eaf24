"""Legal bases: all of them by family, and each with act and section, printed forms, who cites it, how many by month."""

from collections.abc import Mapping, Sequence
from typing import Any

from diff.kinds import ChangeKind
from diff.names import bases_called, nearest
from diff.saying.english import plural
from scraper.names.legal_families import FAMILIES, family_of
from scraper.text import cut, one_line
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    MovedError,
    NotThereError,
    PageRequest,
    PageRoute,
    PageRows,
    Reader,
    Row,
    files_beside,
    lasting,
)
from snapshots.browse.parts.holders import HeldPeriod, Subject, read_holding, rows_of_holders
from snapshots.browse.parts.holding import FAMILY_NAMES, by_month, holding_page
from snapshots.browse.parts.law import about, heading
from snapshots.browse.parts.sorting import Order, in_order, sort_asked, sort_links
from snapshots.browse.pictures.drawing import Chart

LONGEST_TITLE = 160
MOST_FORMS = 20


# --- all legal bases --------------------------------------------------------------------------------------------------


def legal_bases(request: PageRequest) -> Mapping[str, Any]:
    """Return every legal basis that was ever cited, by family."""
    rows, none_printed = _cited(request.reader)
    sort = sort_asked(request.words, ORDERS)
    now = sum(bool(row["agreements"]) for row in rows)
    return {
        "title": "Legal bases",
        "description": f"{plural(now, 'legal basis', 'legal bases')} that agreements in the {request.site.register} "
        "cite now: act and section, who cites each, since when.",
        "lead": f"{plural(now, 'legal basis', 'legal bases')} that agreements cite now. The register prints them in "
        "many spellings; what cites the same section is one basis here.",
        "parts": _by_family(rows) if not sort else _all_together(in_order(rows, ORDERS[sort])),
        "sorts": sort_links(ORDERS, sort, lambda key: addresses.with_query("/legal-bases", [("sort", key)])),
        "none_printed": none_printed,
    }


@lasting
def _cited(reader: Reader) -> tuple[list[Row], int]:
    """Return every basis with the number of those that cite it now, and how many agreements cite none."""
    rows = reader.rows(
        """
        with now as materialized (
          select basis, count(distinct reference) as agreements, count(distinct page) as organisations
          from legal_bases_now
          group by basis
        )
        select names.key as basis, max(names.name) as printed, coalesce(now.agreements, 0) as agreements,
          coalesce(now.organisations, 0) as organisations
        from names
        left join now on now.basis = names.key
        where names.sort = 'legal-basis'
        group by names.key
        """
    )
    none_printed = reader.value(
        """
        select count(distinct agreements.reference)
        from agreements
        join agreement_versions on agreement_versions.id = agreements.version
        join states on states.id = agreement_versions.state
        where agreements.standing and states.legal_bases = '[]'
        """
    )
    return rows, int(none_printed or 0)


def _by_family(rows: Sequence[Row]) -> list[Mapping[str, Any]]:
    """Return each family with its bases, the most cited first."""
    bases: dict[str, list[Row]] = {family: [] for family in FAMILY_NAMES}
    for row in sorted(rows, key=lambda row: (-row["agreements"], row["basis"])):
        bases[family_of(row["basis"])].append(_shown(row))
    return [
        {"id": f"family-{n}", "name": FAMILY_NAMES[family], "about": FAMILIES[family].about, "bases": own}
        for n, (family, own) in enumerate(bases.items())
        if own
    ]


def _all_together(rows: Sequence[Row]) -> list[Mapping[str, Any]]:
    return [{"id": "all", "name": "All families", "about": "", "bases": list(map(_shown, rows))}] if rows else []


def _shown(row: Row) -> Row:
    return row | {"heading": _title(row["basis"], row["printed"]), "about": about(row["basis"])}


ORDERS = {
    "": Order("by family"),
    "name": Order("by name", lambda row: _title(row["basis"], row["printed"])),
    "agreements": Order("most agreements first", lambda row: row["agreements"], most_first=True),
    "organisations": Order("most organisations first", lambda row: row["organisations"], most_first=True),
}
"""How the list of legal bases may be sorted."""


def _title(basis: str, printed: str) -> str:
    return cut(one_line(heading(basis, cut(one_line(printed), LONGEST_TITLE))), LONGEST_TITLE + 20)


# --- one legal basis --------------------------------------------------------------------------------------------------


def legal_basis(request: PageRequest) -> Mapping[str, Any]:
    """Return what the page of one legal basis shows."""
    basis, subject = _asked_for(request.reader, request.path["basis"])
    holding = read_holding(request.reader, subject)
    forms = _forms(holding.periods)
    return {
        **holding_page(
            request,
            holding,
            addresses.legal_basis(basis),
            addresses.picture("legal-basis-by-month", [("basis", basis)]),
        ),
        "title": _title(basis, forms[0]["printed"]),
        "description": f"{holding.counted}: who cites it, since when, and in which words it is printed.",
        "family": FAMILY_NAMES[family_of(basis)],
        "about": about(basis),
        "forms": forms[:MOST_FORMS],
        "forms_all": len(forms),
        "feeds": addresses.feeds([("basis", basis)]),
        "all_changes": addresses.with_query("/", [("kind", ChangeKind.LEGAL_BASIS_CHANGED)]),
    }


def basis_by_month(request: PageRequest) -> Chart | None:
    """Return the drawing of how many agreements cited the legal basis asked for."""
    _, subject = _asked_for(request.reader, request.words.one("basis"))
    return by_month(request.reader, read_holding(request.reader, subject))


def followed(reader: Reader, wanted: str) -> tuple[str, str]:
    """Return the canonical id of a legal basis, and what it is called.

    Raises:
        MovedError, NotThereError: As the page itself does.
    """
    basis, _ = _asked_for(reader, wanted)
    printed = reader.value("select name from names where sort = 'legal-basis' and key = :key", {"key": basis})
    return basis, _title(basis, printed or basis)


def rows_of_legal_basis(request: PageRequest) -> PageRows:
    """Return who cites a legal basis now."""
    basis, subject = _asked_for(request.reader, request.path["basis"])
    return rows_of_holders(request, subject, _file_name(basis))


def _file_name(basis: str) -> str:
    """Return a name of a file for a legal basis.

    >>> _file_name("HSCA2012:s261(2)(b)(ii)")
    'hsca2012-s261-2-b-ii'
    """
    return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in basis.lower()).split())


def _asked_for(reader: Reader, wanted: str) -> tuple[str, Subject]:
    """Return the legal basis that is wanted, and how it is kept."""
    known = [row["basis"] for row in reader.once("select distinct basis from agreement_legal_bases")]
    if wanted in known:
        return wanted, Subject(
            table="agreement_legal_bases",
            key="basis",
            printed="printed",
            values=(wanted,),
            added=ChangeKind.LEGAL_BASIS_CHANGED,
            removed=ChangeKind.LEGAL_BASIS_CHANGED,
            is_it=lambda basis: basis == wanted,
            verbs=("came to cite", "ceased to cite"),
            chart=(
                "Agreements that cite the legal basis, by month",
                "Agreements on the register’s pages that cite the legal basis at the end of the month.",
            ),
        )
    for basis in bases_called(wanted, known):
        raise MovedError(addresses.legal_basis(basis))
    near = [(_title(basis, basis), addresses.legal_basis(basis)) for basis in nearest(wanted, known)]
    raise NotThereError(f"No legal basis is called “{cut(one_line(wanted), 80)}”.", near)


def _forms(periods: Sequence[HeldPeriod]) -> list[Row]:
    """Return the printed forms, since when each was seen and on how many agreements: the one on most first."""
    by_form: dict[str, list[HeldPeriod]] = {}
    for period in periods:
        by_form.setdefault(cut(one_line(period.printed), 300), []).append(period)
    forms = [
        {
            "printed": printed,
            "since": own[0].since,
            "agreements": len({period.reference for period in own if period.until is None}),
        }
        for printed, own in by_form.items()
    ]
    return sorted(forms, key=lambda form: (-form["agreements"], form["since"], form["printed"]))


ROUTES = (
    PageRoute("/legal-bases", legal_bases, "legal_bases.html", navigation="Legal bases"),
    *files_beside("/legal-bases/{basis}", rows_of_legal_basis),
    PageRoute("/legal-bases/{basis}", legal_basis, "legal_basis.html"),
)
