"""Search over everything: organisations, datasets, agreements, prose and changes, each with its number."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from diff.names import nearest
from diff.saying.english import listed, plural
from scraper.names.fold import fold
from scraper.records import SECTIONS
from snapshots.asking.changes import ChangeFilter, matching
from snapshots.browse.app import addresses
from snapshots.browse.app.request import MovedError, PageRequest, PageRoute, Reader, Row
from snapshots.browse.parts.rows import ChangeRow, change_rows

FEW = 5
MANY = 50
_OPENING, _CLOSING = "\x02", "\x03"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing found."""

    name: str
    address: str
    reference: str = ""
    about: str = ""
    snippet: Markup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HitGroup:
    """What was found of one kind."""

    key: str
    title: str
    count: int
    hits: Sequence[Hit] = ()
    rows: Sequence[ChangeRow] = field(default=())
    more: str | None = None
    """Address of all of them, where not all are shown."""


def search(request: PageRequest) -> Mapping[str, Any]:
    """Return what is found under the words asked for."""
    text = request.words.one("q").strip()
    if reference := _reference(request.reader, text):
        raise MovedError(addresses.agreement(reference))
    if change := _change(request.reader, text):
        raise MovedError(addresses.change(change))
    only = request.words.one("in")
    match = matching(text)
    find = {name: one for name, one in _SECTIONS.items() if only in ("", name) or only not in _SECTIONS}
    found = (
        [one(request.reader, text, match, MANY if only in _SECTIONS else FEW) for one in find.values()] if match else []
    )
    sections = [_with_more(section, text, only) for section in found if section.count]
    return {
        "title": f"Search: {text}" if text else "Search",
        "description": f"What the register says, and said, with the words “{text}”." if text else "Search everything.",
        "searched": text,
        "lead": _lead(text, match, sections),
        "sections": sections,
        "only": only if only in _SECTIONS else "",
        "everything": addresses.with_query("/search", [("q", text)]),
        "feeds": addresses.feeds([("words", text)]) if match else None,
        "near": [] if sections else _near(request.reader, text),
        "canonical": addresses.with_query("/search", [("q", text)]),
    }


def _reference(reader: Reader, text: str) -> str | None:
    sql = "select reference from agreements where lower(reference) = lower(:text) limit 1"
    found = reader.value(sql, {"text": text})
    return str(found) if found else None


def _change(reader: Reader, text: str) -> str | None:
    """Return the change whose id *text* is, or the beginning of it that pages and mails show."""
    if not re.fullmatch("[0-9a-f]{8,20}", text):
        return None
    found = reader.rows("select id from changes where id between :text and :text || 'g' limit 2", {"text": text})
    return str(found[0]["id"]) if len(found) == 1 else None


def _lead(text: str, match: str, sections: Sequence[HitGroup]) -> str:
    if not text:
        return "Agreements, organisations, datasets, the prose of every section, and every change."
    if not match:
        return f"“{text}” holds no word that can be looked for."
    if not sections:
        return f"Nothing was found for “{text}”."
    return f"For “{text}”: {listed(plural(one.count, *_COUNTED[one.key]) for one in sections)}."


_COUNTED = {
    "organisations": ("organisation",),
    "datasets": ("dataset",),
    "agreements": ("agreement",),
    "prose": ("agreement with it in its prose", "agreements with it in their prose"),
    "changes": ("change",),
}


def _with_more(section: HitGroup, text: str, only: str) -> HitGroup:
    shown = len(section.hits) + len(section.rows)
    if shown >= section.count or only:
        return section
    more = addresses.with_query("/search", [("q", text), ("in", section.key)])
    return HitGroup(**{name: getattr(section, name) for name in HitGroup.__dataclass_fields__} | {"more": more})


def _near(reader: Reader, text: str) -> list[Hit]:
    by_name = {name: slug for slug, name in reader.organisations.items()}
    return (
        [Hit(name=name, address=addresses.organisation(by_name[name])) for name in nearest(text, by_name)]
        if text
        else []
    )


# --- what is looked through -------------------------------------------------------------------------------------------


def _holds(name: str, words: Sequence[str]) -> bool:
    folded = fold(name)
    return all(word in folded for word in words)


def _organisations(reader: Reader, text: str, _match: str, limit: int) -> HitGroup:
    words = [fold(word) for word in text.split() if fold(word)]
    rows = reader.rows(
        "select key as slug, coalesce(organisation, key) as name, agreements, standing from pages order by name, key"
    )
    found = [row for row in rows if words and _holds(row["name"], words)]
    hits = [
        Hit(
            name=row["name"],
            address=addresses.organisation(row["slug"]),
            about=plural(row["agreements"], "agreement") if row["standing"] else "no longer on the register",
        )
        for row in found[:limit]
    ]
    return HitGroup(key="organisations", title="Organisations", count=len(found), hits=hits)


def _datasets(reader: Reader, text: str, _match: str, limit: int) -> HitGroup:
    words = [fold(word) for word in text.split() if fold(word)]
    rows = reader.rows(
        """
        with now as materialized (
          select folded, count(distinct reference) as n from agreement_datasets where last_seen is null group by folded
        )
        select names.dataset, coalesce(now.n, 0) as n
        from (select distinct dataset, folded from agreement_datasets) as names
        left join now on now.folded = names.folded
        group by names.folded
        order by n desc, names.dataset
        """
    )
    newest: dict[str, Row] = {}
    for row in rows:
        name = reader.vocabulary.dataset_canonical(row["dataset"])
        if words and (_holds(row["dataset"], words) or _holds(name, words)):
            known = newest.setdefault(fold(name), {"name": name, "n": 0})
            known["n"] += row["n"]
    hits = [
        Hit(name=row["name"], address=addresses.dataset(row["name"]), about=f"in {plural(row['n'], 'agreement')}")
        for row in list(newest.values())[:limit]
    ]
    return HitGroup(key="datasets", title="Datasets", count=len(newest), hits=hits)


_NOW = """
    cross join agreement_versions on agreement_versions.state = states.id
    cross join agreements on agreements.version = agreement_versions.id
    """
"""From the states that are found to the agreements whose newest they are; "cross" keeps SQLite to this order."""


def _agreements(reader: Reader, _text: str, match: str, limit: int) -> HitGroup:
    rows = reader.rows(
        f"""
        select agreements.reference, states.title, agreements.page, max(agreements.standing) as standing,
          count(*) over () as found
        from states_search
        cross join states on states.id = states_search.rowid
        {_NOW}
        where states_search match :match
        group by agreements.reference
        order by max(agreements.standing) desc, states.title, agreements.reference
        limit :limit
        """,
        {"match": match, "limit": limit},
    )
    return HitGroup(
        key="agreements",
        title="Agreements",
        count=rows[0]["found"] if rows else 0,
        hits=[_of_agreement(reader, row) for row in rows],
    )


def _of_agreement(reader: Reader, row: Row, snippet: Markup | None = None) -> Hit:
    return Hit(
        name=row["title"] or "Without a title",
        address=addresses.agreement(row["reference"]),
        reference=row["reference"],
        about=reader.organisations[row["page"]] + ("" if row["standing"] else ", no longer on the register’s pages"),
        snippet=snippet,
    )


def _prose(reader: Reader, _text: str, match: str, limit: int) -> HitGroup:
    rows = reader.rows(
        f"""
        with found as materialized (
          select rowid as id from texts_search where texts_search match :match
        ),
        hits as materialized (
          select id, title,
            case {_FIRST_FOUND} end as text
          from states
        )
        select agreements.reference, states.title, agreements.page, max(agreements.standing) as standing, states.text,
          count(*) over () as found
        from hits as states
        {_NOW}
        where states.text is not null
        group by agreements.reference
        order by max(agreements.standing) desc, states.title, agreements.reference
        limit :limit
        """,
        {"match": match, "limit": limit},
    )
    snippets = _snippets(reader, match, [row["text"] for row in rows])
    return HitGroup(
        key="prose",
        title="In the prose of agreements",
        count=rows[0]["found"] if rows else 0,
        hits=[_of_agreement(reader, row, snippets.get(row["text"])) for row in rows],
    )


def _snippets(reader: Reader, match: str, texts: Sequence[int]) -> dict[int, Markup]:
    rows = reader.rows(
        """
        select rowid as id, snippet(texts_search, 0, :opening, :closing, '…', 28) as words
        from texts_search
        where texts_search match :match and rowid in (select value from json_each(:texts))
        """,
        {"match": match, "texts": json.dumps(texts), "opening": _OPENING, "closing": _CLOSING},
    )
    return {row["id"]: _marked(row["words"], _OPENING, _CLOSING) for row in rows}


def _marked(text: str, opening: str, closing: str) -> Markup:
    r"""Return *text* escaped, with what stands between two signs in `<mark>`.

    >>> str(_marked("a <b>\x02c\x03", "\x02", "\x03"))
    'a &lt;b&gt;<mark>c</mark>'
    """
    escaped = Markup.escape(text)
    return Markup(str(escaped).replace(opening, "<mark>").replace(closing, "</mark>"))


def _changes(reader: Reader, _text: str, match: str, limit: int) -> HitGroup:
    rows = reader.rows(
        """
        select distinct coalesce(changes.member_of, changes.id) as id, count(*) over () as found
        from changes
        where changes.rowid in (select rowid from changes_search where changes_search match :match)
          and changes.substantive
        group by coalesce(changes.member_of, changes.id)
        order by max(changes.first_seen) desc, id
        limit :limit
        """,
        {"match": match, "limit": limit},
    )
    found = reader.answers.changes.find(ChangeFilter(ids=[row["id"] for row in rows], editorial=True))
    return HitGroup(
        key="changes", title="Changes", count=rows[0]["found"] if rows else 0, rows=change_rows(reader, found)
    )


_SHOWN_FIRST = ("objectives", "processing", "outputs")
_FIRST_FOUND = " ".join(
    f"when states.{name} in (select id from found) then states.{name}"
    for name in dict.fromkeys((*_SHOWN_FIRST, *SECTIONS))
)
"""The section that is quoted, where words are found in several."""

_SECTIONS = {
    "organisations": _organisations,
    "datasets": _datasets,
    "agreements": _agreements,
    "prose": _prose,
    "changes": _changes,
}

ROUTES = (PageRoute("/search", search, "search.html"),)
