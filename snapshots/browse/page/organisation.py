"""An organisation: its agreements now, those gone and moved, whom it follows, what changed, its kept pages; and all.

Also of one whose page is no longer on the register. The page's own flags stand as quotations: they are its words.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

from diff.names import letter_of, nearest, parted
from diff.saying.english import day, number, number_of, plural, sentence_case
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line
from snapshots.asking.changes import ChangeFilter, Condition
from snapshots.asking.names import NotKnownError
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    MovedError,
    NotThereError,
    PageRequest,
    PageRoute,
    Reader,
    Row,
    SiteSettings,
    lasting,
)
from snapshots.browse.parts.kept_text import kept_of_page, page_address
from snapshots.browse.parts.rows import timeline
from snapshots.browse.parts.sorting import Order, in_order, sort_asked, sort_links
from snapshots.browse.pictures.drawing import with_files
from snapshots.browse.pictures.lives import strips_of

CHANGES_SHOWN = 30
"""Changes of a page of the timeline; a run is never cut in two."""
KEPT_SHOWN = 12
DATASETS_SHOWN = 8


# --- all of them ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOrganisation:
    """An organisation in the list of all."""

    slug: str
    name: str
    agreements: int
    standing: bool
    last_change: str | None

    folded: str
    """Its name as comparisons see it."""
    letter: str
    """The letter that it is listed under."""


def organisations(request: PageRequest) -> Mapping[str, Any]:
    """Return the list of all organisations, or of those whose name holds the words asked for."""
    words = request.words.one("words").strip()
    sort = request.words.one("sort") if request.words.one("sort") in LIST_ORDERS else ""
    everyone = _all(request.reader)
    parts = [fold(part) for part in words.split() if fold(part)]
    found = [one for one in everyone if all(part in one.folded for part in parts)] if words else everyone
    standing = sum(one.standing for one in found)
    near = nearest(words, (one.name for one in everyone)) if words and not found else []
    by_name = {one.name: one.slug for one in everyone}
    gone = len(found) - standing
    stand = f"{plural(standing, 'organisation')} with a page on the register"
    stand += f", {gone:,} without one by now" if gone else ""
    return {
        "title": "Organisations",
        "description": f"Who has data from the register: {stand}.",
        "canonical": addresses.with_query("/organisations", [("words", words)]),
        "lead": f"{stand}{f', with “{words}” in their names' if words else ''}.",
        "words": words,
        "letters": _sorted(found, LIST_ORDERS[sort]) if sort else _by_letter(found),
        "sort": sort,
        "sorted_by": {
            one: addresses.with_query("/organisations", [("words", words), ("sort", one)]) for one in LIST_ORDERS
        },
        "near": [(name, addresses.organisation(by_name[name])) for name in near],
    }


@lasting
def _all(reader: Reader) -> list[ListedOrganisation]:
    rows = reader.rows(
        f"""
        select key as slug, coalesce(organisation, key) as name, agreements, standing, (
            select change.first_seen
            from changes as change
            where change.page = pages.key and change.substantive and not change.withdrawn
              -- An edit over the whole register is no news of any one organisation; a reorganisation is.
              and not exists (
                select 1
                from changes as edit
                where edit.id = change.member_of and edit.page is null and edit.kind != 'reorganisation'
              )
            order by change.first_seen desc
            limit 1
          ) as last_change
        from pages
        where register = '{NHS_DATA_RELEASE.id}'
        """
    )
    return sorted(map(_listed, rows), key=lambda one: (one.letter, one.folded, one.slug))


def _listed(row: Row) -> ListedOrganisation:
    name, folded, letter = _filed(row["name"])
    return ListedOrganisation(
        slug=row["slug"],
        name=name,
        agreements=row["agreements"],
        standing=bool(row["standing"]),
        last_change=row["last_change"],
        folded=folded,
        letter=letter,
    )


@lru_cache(maxsize=8192)
def _filed(name: str) -> tuple[str, str, str]:
    """Return a name as it is shown, as it is compared, and its letter. Names stay; a list of two thousand does too."""
    shown = one_line(name)
    folded = fold(shown)
    return shown, folded, letter_of(folded)


LIST_ORDERS = {
    "": Order("by name"),
    "agreements": Order("by number of agreements", lambda one: one.agreements * one.standing, most_first=True),
    "changed": Order("by last change", lambda one: one.last_change, most_first=True),
}
"""How the list may be sorted."""


def _sorted(found: Sequence[ListedOrganisation], order: Order) -> list[tuple[str, str, list[ListedOrganisation]]]:
    """Return the whole list as one part."""
    return [(sentence_case(order.words), "l-all", in_order(found, order))] if found else []


def _by_letter(found: Sequence[ListedOrganisation]) -> list[tuple[str, str, list[ListedOrganisation]]]:
    """Return letter, the id of its part, and who is listed under it."""
    letters = groupby(found, key=lambda one: one.letter)
    parts = [part for letter, several in letters for part in parted(letter, list(several), lambda one: one.name)]
    return [(heading, f"l-{'-'.join(heading.replace('0–9', '0').split())}", several) for heading, several in parts]


# --- one of them ------------------------------------------------------------------------------------------------------


def organisation(request: PageRequest) -> Mapping[str, Any]:
    """Return an organisation's page."""
    reader, site = request.reader, request.site
    page = _page(request)
    slug, name = page["slug"], one_line(page["organisation"] or page["slug"])
    sort = sort_asked(request.words, ORDERS)
    now, gone = in_order(_now(reader, slug), ORDERS[sort]), _gone(reader, slug)
    counts = _counts(reader, slug)
    before = request.words.time("before")
    shown, older = _shown(counts, before)
    found = timeline(reader, Condition(sql="c.id in (select value from json_each(:ids))", values={"ids": shown}))
    kept = kept_of_page(reader, site, slug)
    told = [row for row in counts if row["substantive"]]
    query = [("organisation", slug)]
    datasets = _datasets(reader, slug)
    stand = _lead(reader, page, now, told)
    return {
        "title": cut(name, 200),
        "description": stand,
        "lead": stand,
        "page": page,
        "name": name,
        "flags": [one_line(flag) for flag in json.loads(page["flags"])],
        "now": now,
        "sorts": sort_links(
            ORDERS, sort, lambda key: addresses.with_query(addresses.organisation(slug), [("sort", key)]) + "#h-now"
        ),
        "now_title": f"{number_of(len(now), 'agreement')} now",
        "after_end": any(map(_is_released_after_end, now)),
        "strips": with_files(strips_of(reader, slug), "terms-and-releases", [("organisation", slug)]),
        "gone": gone,
        "lineage": _lineage(reader, page, slug),
        "found": found,
        "told": len(told),
        "of_all": _told_of_all(reader, slug, told),
        "all_changes": addresses.with_query("/", query),
        "newer": addresses.organisation(slug) + "#h-time" if before else None,
        "older": f"{addresses.with_query(addresses.organisation(slug), [('before', older)])}#h-time" if older else None,
        "baseline": page["first_seen"] if not older else None,
        "kept": kept,
        "kept_shown": KEPT_SHOWN,
        "told_by": _told_by(told),
        "failures": _failures(reader, slug),
        "datasets": datasets[:DATASETS_SHOWN],
        "all_datasets": len(datasets),
        **_links(site, slug),
        "register_page": page_address(site, slug, kept[0].source if kept else ""),
    }


def _is_released_after_end(row: Row) -> bool:
    """Say whether data are released after the printed end of an agreement of which no other end is known."""
    if not (row["released_to"] and row["dsa_end"]) or row["official_end"]:
        return False
    return bool(row["released_to"] > row["dsa_end"][:7])


def _links(site: SiteSettings, slug: str) -> Mapping[str, Any]:
    """Return the addresses of its feeds, its calendar and its changes as data."""
    query = [("organisation", slug)]
    published = addresses.feeds_of_organisation(site.feeds_url, slug) if site.feeds_url else None
    return {
        "feeds": addresses.feed_files(published) if published else addresses.feeds(query),
        "calendar": f"{published}.ics" if published else None,
        "files": addresses.files("/changes", query),
    }


def _page(request: PageRequest) -> Row:
    """Return the row of the page asked for.

    Raises:
        NotThereError: There is none; with the nearest by slug or name.
        MovedError: It is spelled otherwise.
    """
    wanted = request.path["slug"]
    rows = request.reader.rows(
        # Slugs are in lower case, and addresses are typed as names are.
        "select * from pages where key in (:slug, :lower)",
        {"slug": wanted, "lower": wanted.lower()},
    )
    if not rows:
        known = request.reader.organisations
        names = nearest(cut(one_line(wanted), 120), [*known, *known.values()])
        slugs = dict.fromkeys(slug for near in names for slug, name in known.items() if near in (slug, name))
        raise NotThereError(
            f"No organisation has a page called “{cut(one_line(wanted), 120)}”.",
            [(known[slug], addresses.organisation(slug)) for slug in list(slugs)[:3]],
        )
    if rows[0]["slug"] != wanted:
        raise MovedError(addresses.organisation(rows[0]["slug"]))
    return rows[0]


def _lead(reader: Reader, page: Row, now: Sequence[Row], told: Sequence[Row]) -> str:
    if page["last_seen"] is None:
        return "This page could never be read."
    agreements = number_of(len(now), "agreement")
    if page["standing"]:
        here = f"{agreements} on its page, on {day(page['last_seen'])}."
    else:
        here = f"No longer on the register’s pages; last read on {day(page['last_seen'])}."
    # A 29 February has none the year before; as a text it still sorts between the 28th and the 1st.
    year_ago = f"{int(reader.newest[:4]) - 1}{reader.newest[4:]}"
    lately = [row for row in told if row["first_seen"] > year_ago]
    if not lately:
        return f"{here} No change in the last twelve months."
    high = sum(row["severity"] == "high" for row in lately)
    changes = f"{number_of(len(lately), 'change')} in the last twelve months"
    return f"{here} {changes}{f', {number(high)} of high severity' if high else ''}."


ORDERS = {
    "": Order("by title"),
    "end": Order("by printed end", lambda row: row["dsa_end"]),
    "released": Order("last release first", lambda row: row["released_to"], most_first=True),
    "datasets": Order("most datasets first", lambda row: row["datasets"], most_first=True),
    "changed": Order("last change first", lambda row: row["last_change"], most_first=True),
}
"""How the table of its agreements may be sorted."""


def _now(reader: Reader, slug: str) -> list[Row]:
    rows = reader.rows(
        """
        select agreements.reference, states.title, states.dsa_start, states.dsa_end, states.released_to,
          states.unprinted, json_array_length(states.datasets) as datasets,
          json_extract(states.datasets, '$[0]') as first_dataset, agreement_versions.first_seen,
          official_terms.dsa_end as official_end,
          (
            select max(first_seen)
            from changes
            where changes.reference = agreements.reference and changes.page = agreements.page and substantive
              and not withdrawn
          ) as last_change
        from agreements
        join agreement_versions on agreement_versions.id = agreements.version
        join states on states.id = agreement_versions.state
        left join official_terms on official_terms.reference = agreements.reference
        where agreements.page = :page and agreements.standing
        order by states.title is null, states.title, agreements.reference
        """,
        {"page": slug},
    )
    return [{**row, "title": one_line(row["title"] or ""), "unprinted": json.loads(row["unprinted"])} for row in rows]


def _gone(reader: Reader, slug: str) -> list[Row]:
    """Return the agreements that once stood on a page, with the pages on which they stand now."""
    rows = reader.rows(
        """
        select agreements.reference, states.title, json_extract(states.datasets, '$[0]') as first_dataset,
          agreement_versions.ended,
          (
            select json_group_array(elsewhere.page)
            from agreements as elsewhere
            where elsewhere.reference = agreements.reference and elsewhere.standing
          ) as pages,
          (
            select json_extract(changes.after, '$')
            from changes
            where changes.kind = 'reference-changed' and changes.before = json_quote(agreements.reference)
              and not changes.withdrawn
          ) as renamed
        from agreements
        join agreement_versions on agreement_versions.id = agreements.version
        join states on states.id = agreement_versions.state
        where agreements.page = :page and not agreements.standing
        order by agreement_versions.ended desc, agreements.reference
        """,
        {"page": slug},
    )
    known = reader.organisations
    return [
        {
            **row,
            "title": one_line(row["title"] or ""),
            "pages": [(known[page], addresses.organisation(page)) for page in json.loads(row["pages"])],
        }
        for row in rows
    ]


def _counts(reader: Reader, slug: str) -> list[Row]:
    """Return the changes of a page, and the moves to and from it, in few columns, the newest first."""
    return reader.rows(
        """
        select id, first_seen, substantive, severity, snapshot_after, run, withdrawn
        from changes
        where not is_group and (
          page = :page
          or (kind = 'agreement-moved' and exists (
            select 1 from json_each(changes.before) where value = :page
            union all
            select 1 from json_each(changes.after) where value = :page
          ))
        )
        order by first_seen desc, id
        """,
        {"page": slug},
    )


def _shown(counts: Sequence[Row], before: str | None) -> tuple[str, str | None]:
    """Return the ids to be shown, as JSON, and the time before which there are more."""
    ids: list[str] = []
    told = 0
    older = (row for row in counts if not before or row["first_seen"] < before)
    for time, several in groupby(older, lambda row: str(row["first_seen"])):
        rows = list(several)
        if told >= CHANGES_SHOWN:
            return json.dumps(ids), str(min(row["first_seen"] for row in counts if row["first_seen"] > time))
        ids += [row["id"] for row in rows]
        told += sum(row["substantive"] for row in rows)
    return json.dumps(ids), None


def _told_of_all(reader: Reader, slug: str, told: Sequence[Row]) -> str:
    """Return how many changes are its own and how many of its predecessors, as who follows it is told them.

    Empty where there are none but its own.
    """
    try:
        wanted = reader.answers.changes.condition(ChangeFilter(organisations=[slug]))
    except NotKnownError:  # of a page that could never be read no name is known
        return ""
    found = {row["id"] for row in reader.rows(f"select c.id from changes as c where {wanted.sql}", wanted.values)}
    own = len(found & _listed_ids(reader, told))
    others = len(found) - own
    if not others:
        return ""
    return f"{number_of(len(found), 'change')} in all: {number(own)} of its own, {number(others)} of its predecessors"


def _listed_ids(reader: Reader, told: Sequence[Row]) -> set[str]:
    """Return the changes, and for those that stand in a group that group, by which they are listed."""
    rows = reader.rows(
        "select coalesce(member_of, id) as id from changes where id in (select value from json_each(:ids))",
        {"ids": json.dumps([row["id"] for row in told])},
    )
    return {row["id"] for row in rows}


def _told_by(told: Sequence[Row]) -> dict[str, int]:
    """Return for each kept page how many changes were told from it."""
    found: dict[str, int] = {}
    for row in told:
        if row["snapshot_after"] and not row["withdrawn"]:
            found[row["snapshot_after"]] = found.get(row["snapshot_after"], 0) + 1
    return found


def _failures(reader: Reader, slug: str) -> list[Row]:
    """Return the runs in which the page could not be read, or gave what was not believed, the newest first."""
    return reader.rows(
        """
        select runs.id, runs.kind, runs.captured_at, refusals.reason
        from page_runs as runs
        join refusals on refusals.run = runs.id and refusals.page = :page
        order by runs.captured_at desc
        limit 50
        """,
        {"page": slug},
    )


def _datasets(reader: Reader, slug: str) -> list[tuple[str, str, int]]:
    """Return the datasets of a page's agreements now: newest name, address, in how many."""
    rows = reader.rows("select dataset, reference from datasets_now where page = :page", {"page": slug})
    held: dict[str, set[str]] = {}
    for row in rows:
        held.setdefault(reader.vocabulary.dataset_canonical(row["dataset"]), set()).add(row["reference"])
    found = [(one_line(name), addresses.dataset(name), len(references)) for name, references in held.items()]
    return sorted(found, key=lambda one: (-one[2], one[0]))


# --- whom it follows --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedBody:
    """An organisation before or after this one."""

    name: str
    address: str
    """Of its page; empty if it has none."""
    about: str
    is_this: bool = False


def _lineage(reader: Reader, page: Row, slug: str) -> Mapping[str, Sequence[RelatedBody]]:
    """Return whom this organisation is known to follow, and who is known to follow it."""
    name = page["organisation"] or slug
    earlier, later = reader.vocabulary.predecessors(name), reader.vocabulary.successors(name)
    same = (earlier & later) | {fold(name)}
    pages: dict[str, list[Row]] = {}
    if (earlier | later) - same:
        for row in reader.rows(
            f"""
            select key as slug, organisation, standing, first_seen, last_seen
            from pages
            where register = '{NHS_DATA_RELEASE.id}'
            order by key
            """
        ):
            pages.setdefault(fold(row["organisation"] or row["slug"]), []).append(row)
    vocabulary = reader.vocabulary
    return {
        "earlier": _bodies(
            earlier - same, pages, vocabulary, slug, lambda other: _followed(vocabulary.reorganisation(other, name))
        ),
        "later": _bodies(
            later - same, pages, vocabulary, slug, lambda other: _followed(vocabulary.reorganisation(name, other))
        ),
    }


def _followed(reorganisation: str | None) -> str:
    """Return since when one body follows another, of which the reorganisation is given as class and date.

    >>> _followed("ccg-2022 2022-07-01"), _followed(None)
    (', followed from 1 July 2022', '')
    """
    date = (reorganisation or "").rpartition(" ")[2]
    return f", followed from {day(date)}" if date else ""


def _bodies(
    folded: Iterable[str],
    pages: Mapping[str, Sequence[Row]],
    vocabulary: Vocabulary,
    own: str,
    followed: Callable[[str], str],
) -> list[RelatedBody]:
    """Return each body once, whatever it is called: those with a page first, then by name.

    *followed* says of a name since when one of the two follows the other.
    """
    names = _spellings(vocabulary)
    found: list[RelatedBody] = []
    left = sorted(folded, key=lambda one: names.get(one, one))
    while left:
        name = names.get(left[0], left[0])
        # Of one body are the names that it both follows and is followed by.
        same = (vocabulary.predecessors(name) & vocabulary.successors(name)) | {left[0]}
        rows = [row for one in left if one in same for row in pages.get(one, ()) if row["slug"] != own]
        found += (_with_page(row, followed(name)) for row in rows)
        if not rows and left[0] in names:
            about = f"no page of its own here{followed(name)}"
            found.append(RelatedBody(name=one_line(name), address="", about=about))
        left = [one for one in left if one not in same]
    return sorted(found, key=lambda one: not one.address)


def _with_page(row: Row, followed: str) -> RelatedBody:
    seen = "on the register" if row["standing"] else "no longer on the register"
    since = f", page kept since {day(row['first_seen'])}" if row["first_seen"] else ""
    return RelatedBody(
        name=one_line(row["organisation"] or row["slug"]),
        address=addresses.organisation(row["slug"]),
        about=f"{seen}{since}{followed}",
    )


@lru_cache(maxsize=4)
def _spellings(vocabulary: Vocabulary) -> Mapping[str, str]:
    """Return folded name → name, for every organisation that is listed."""
    # From the last on: of names that fold alike the one listed first is the one that is shown.
    return {fold(name): name for name in reversed(vocabulary.organisation_names)}


ROUTES = (
    PageRoute("/organisations", organisations, "organisations.html", navigation="Organisations"),
    PageRoute("/organisations/{slug}", organisation, "organisation.html"),
)
