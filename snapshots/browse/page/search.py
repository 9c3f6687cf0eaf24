"""Search over everything: names of all sorts, agreements, changes and prose, each with its number; and suggestions."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from markupsafe import Markup

from diff.cells import escaped
from diff.names import nearest, references_called
from diff.saying.english import listed, plural
from scraper.names.fold import fold
from scraper.records import SECTIONS
from scraper.text import cut, one_line
from snapshots.asking.changes import ChangeFilter, matching
from snapshots.asking.names import NotKnownError
from snapshots.asking.search import EXACT, HOLDS, INSIDE, NameFound
from snapshots.browse.app import addresses
from snapshots.browse.app.request import MovedError, PageFile, PageRequest, PageRoute, Reader, Row, lasting
from snapshots.browse.parts.law import heading
from snapshots.browse.parts.rows import ChangeRow, change_rows
from snapshots.browse.parts.titles import called, first_datasets

LONGEST_NAME = 160
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
    sort: str = ""
    """What it is, where hits of several sorts stand together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitGroup:
    """What was found of one kind."""

    key: str
    title: str
    count: int
    hits: Sequence[Hit] = ()
    rows: Sequence[ChangeRow] = field(default=())
    rank: int = INSIDE
    """How near the best of them is to what was asked for."""
    more: str | None = None
    """Address of all of them, where not all are shown."""


def search(request: PageRequest) -> Mapping[str, Any]:
    """Return what is found under the words asked for."""
    reader, text = request.reader, request.words.one("q").strip()
    if reference := _reference(reader, text):
        raise MovedError(addresses.agreement(reference))
    if change := _change(reader, text):
        raise MovedError(addresses.change(change))
    only = request.words.one("in")
    only = only if only in _COUNTED else ""
    sections = sorted(_found(reader, text, only), key=lambda one: one.rank) if matching(text) else []
    named = any(one.key != "prose" and one.key != "changes" for one in sections)
    meant = "" if named or only else reader.answers.search.corrected(text)
    return {
        "title": f"Search: {text}" if text else "Search",
        "description": f"What the register says, and said, with the words “{text}”." if text else "Search everything.",
        "searched": text,
        "lead": _lead(text, sections),
        "sections": [_with_more(section, text, only) for section in sections],
        "only": only,
        "everything": addresses.with_query("/search", [("q", text)]),
        "feeds": addresses.feeds([("words", text)]) if sections else None,
        "meant": {"words": meant, "address": addresses.with_query("/search", [("q", meant)])} if meant else None,
        "near": [] if sections else _near(reader, text),
        "canonical": addresses.with_query("/search", [("q", text)]),
    }


def _found(reader: Reader, text: str, only: str) -> Iterator[HitGroup]:
    limit = MANY if only else FEW
    names = reader.answers.search.names(text)
    for key, found in names.items():
        if found and only in ("", key):
            hits = [_of_name(one) for one in found[:limit]]
            yield HitGroup(key=key, title=_TITLES[key], count=len(found), hits=hits, rank=found[0].rank)
    meant = next((key for key, found in names.items() if found and found[0].rank == EXACT), None)
    for key, section in _WITH_WORDS.items():
        if only in ("", key):
            group = _changes_of(reader, meant, text, limit) if meant and key == "changes" else None
            group = group or section(reader, text, limit)
            if group.count:
                yield group


_TITLES = {"datasets": "Datasets", "organisations": "Organisations", "legal-bases": "Legal bases"}


def _of_name(one: NameFound) -> Hit:
    return Hit(name=_shown(one), address=_address(one), about=_about(one))


def _shown(one: NameFound) -> str:
    return cut(one_line(heading(one.key, one.name) if one.sort == "legal-basis" else one.name), LONGEST_NAME)


def _address(one: NameFound) -> str:
    if one.sort == "organisation":
        return addresses.organisation(one.key)
    return addresses.legal_basis(one.key) if one.sort == "legal-basis" else addresses.dataset(one.key)


def _about(one: NameFound) -> str:
    if one.sort == "organisation" and not one.standing:
        about = "no longer on the register"
    else:
        about = f"{'' if one.sort == 'organisation' else 'in '}{plural(one.agreements, 'agreement')}"
    family = ", family of datasets" if one.sort == "family" else ""
    return f"{about}{family}{f', known as {cut(one_line(one.known_as), 120)}' if one.known_as else ''}"


def _reference(reader: Reader, text: str) -> str | None:
    """Return the one agreement that *text* names, in any form that has more than digits."""
    try:
        return (
            reader.answers.names.reference(text)
            if any(map(str.isalpha, text)) and any(map(str.isdigit, text)) and len(text) < MANY
            else None
        )
    except NotKnownError:
        return None


def _change(reader: Reader, text: str) -> str | None:
    """Return the change whose id *text* is, or the beginning of it that pages and mails show."""
    if not re.fullmatch("[0-9a-f]{8,20}", text):
        return None
    found = reader.rows("select id from changes where id between :text and :text || 'g' limit 2", {"text": text})
    return str(found[0]["id"]) if len(found) == 1 else None


def _lead(text: str, sections: Sequence[HitGroup]) -> str:
    if not text:
        return "Agreements, organisations, datasets, the prose of every section, and every change."
    if not matching(text):
        return f"“{text}” holds no word that can be looked for."
    if not sections:
        return f"Nothing was found for “{text}”."
    return f"For “{text}”: {listed(plural(one.count, *_COUNTED[one.key]) for one in sections)}."


_COUNTED = {
    "datasets": ("dataset or family of datasets", "datasets and families"),
    "organisations": ("organisation",),
    "legal-bases": ("legal basis", "legal bases"),
    "agreements": ("agreement",),
    "prose": ("agreement with it in its prose", "agreements with it in their prose"),
    "changes": ("change",),
}


def _with_more(section: HitGroup, text: str, only: str) -> HitGroup:
    shown = len(section.hits) + len(section.rows)
    if shown >= section.count or only:
        return replace(section, more=None)
    if section.more:
        return section
    return replace(section, more=addresses.with_query("/search", [("q", text), ("in", section.key)]))


def _near(reader: Reader, text: str) -> list[Hit]:
    by_name = {name: slug for slug, name in reader.organisations.items()}
    return (
        [Hit(name=name, address=addresses.organisation(by_name[name])) for name in nearest(text, by_name)]
        if text
        else []
    )


# --- while it is typed ------------------------------------------------------------------------------------------------

MOST_SUGGESTED = 8
_SHORTEST_TYPED = 2


def suggest(request: PageRequest) -> PageFile:
    """Return as JSON what somebody who typed this may mean: names, and agreements by their titles; a few at most."""
    reader, text = request.reader, request.words.one("q").strip()
    found: list[tuple[int, Hit]] = []
    if len(fold(text)) >= _SHORTEST_TYPED:
        for key, names in reader.answers.search.names(text).items():
            found += [(one.rank, replace(_of_name(one), sort=_SAID[key])) for one in names[:MOST_SUGGESTED]]
        found += [(EXACT, replace(hit, sort="agreement")) for hit in _by_reference(reader, text)]
    found.sort(key=lambda one: one[0])
    hits = [hit for _, hit in found[:MOST_SUGGESTED]]
    said = [{"name": hit.name, "sort": hit.sort, "about": hit.about, "address": hit.address} for hit in hits]
    body = escaped(json.dumps({"searched": text, "suggestions": said}, ensure_ascii=False)).encode("utf-8", "replace")
    state = hashlib.sha256(body).hexdigest()[:20]
    return PageFile(body=body, content_type="application/json; charset=utf-8", state=state)


_SAID = {"datasets": "dataset", "organisations": "organisation", "legal-bases": "legal basis"}


def _by_reference(reader: Reader, text: str) -> list[Hit]:
    """Return the agreements whose reference *text* begins."""
    if not any(map(str.isdigit, text)):
        return []
    rows = reader.rows(
        """
        select agreements.reference, states.title, agreements.page, agreements.standing
        from agreements
        join agreement_versions on agreement_versions.id = agreements.version
        join states on states.id = agreement_versions.state
        where agreements.reference in (select value from json_each(:references))
        group by agreements.reference
        """,
        {"references": json.dumps(references_called(text, reader.answers.names.every_reference())[:FEW])},
    )
    return _of_agreements(reader, rows)


# --- what is looked through for words ---------------------------------------------------------------------------------

_NOW = """
    cross join agreement_versions on agreement_versions.state = states.id
    cross join agreements on agreements.version = agreement_versions.id
    """
"""From the states that are found to the agreements whose newest they are; "cross" keeps SQLite to this order."""


def _agreements(reader: Reader, text: str, limit: int) -> HitGroup:
    rows = reader.rows(
        f"""
        with found as materialized (
          select rowid as id, bm25(states_search, 8, 4, 0, 1) as score
          from states_search
          where states_search match :match
        )
        select agreements.reference, states.title, agreements.page,
          max(agreements.standing) as standing, min(found.score) as score, count(*) over () as found
        from found
        cross join states on states.id = found.id
        {_NOW}
        group by agreements.reference
        order by max(agreements.standing) desc, coalesce(states.title, '') = '', score, agreements.reference
        limit :limit
        """,
        {"match": f"{{reference title controllers}}: {matching(text)}", "limit": limit},
    )
    return HitGroup(
        key="agreements",
        title="Agreements",
        count=rows[0]["found"] if rows else 0,
        hits=_of_agreements(reader, rows),
        rank=HOLDS,
    )


def _of_agreements(reader: Reader, rows: Sequence[Row], snippets: Mapping[int, Markup] | None = None) -> list[Hit]:
    datasets = first_datasets(reader, (row["reference"] for row in rows if not row["title"]))
    return [
        Hit(
            name=cut(called(row["title"], row["reference"], datasets.get(row["reference"])), LONGEST_NAME),
            address=addresses.agreement(row["reference"]),
            reference=row["reference"],
            about=reader.organisations[row["page"]]
            + ("" if row["standing"] else ", no longer on the register’s pages"),
            snippet=snippets.get(row["text"]) if snippets else None,
        )
        for row in rows
    ]


_SECTIONS = tuple(dict.fromkeys(("objectives", "processing", "outputs", *SECTIONS)))
"""The sections, that first which is quoted first where words stand in several alike."""

# A word that stands nearly everywhere tells no text from another: bm25 gives it no weight, and takes its time over it.
_MOST_RANKED = 5_000
"""Sections with the words, of which it is asked how much each is about them."""


class _PrintedProse(NamedTuple):
    """Which agreement prints which text, or printed it last. An agreement is its place among `rows`."""

    rows: Sequence[Row]
    """On one page each; those first which stand, and of them those that have a title, by title."""
    texts: Sequence[Sequence[int | None]]
    """Of each agreement, one for each section."""
    printed_by: Mapping[int, Sequence[int]]
    """Text → agreements."""


@lasting
def _printed(reader: Reader) -> _PrintedProse:
    rows = reader.rows(
        f"""
        select agreements.reference, agreements.page, agreements.standing, states.title, {", ".join(_SECTIONS)}
        from agreements
        cross join agreement_versions on agreement_versions.id = agreements.version
        cross join states on states.id = agreement_versions.state
        """
    )
    rows.sort(key=lambda row: (not row["standing"], not row["title"], row["title"] or "", row["reference"]))
    texts = [tuple(map(row.pop, _SECTIONS)) for row in rows]
    printed_by: dict[int, list[int]] = {}
    for agreement, printed in enumerate(texts):
        for text in printed:
            if text is not None:  # the section is printed
                printed_by.setdefault(text, []).append(agreement)
    return _PrintedProse(rows, texts, printed_by)


def _prose(reader: Reader, text: str, limit: int) -> HitGroup:
    """Return that agreement first of which a section is most about the words; that section is quoted."""
    # To look for all that begins with one letter takes 0.1 s, and finds nothing that was meant: vitamin D, s261(2)(a).
    match = matching(text, shortest_beginning=2)
    rows, texts, printed_by = _printed(reader)
    ranks = dict(_texts(reader, match))
    nearest: dict[int, float] = {}
    for found in sorted(ranks, key=ranks.__getitem__, reverse=True):  # the nearest text of an agreement comes last
        nearest.update(dict.fromkeys(printed_by.get(found, ()), ranks[found]))

    def place(agreement: int) -> tuple[bool, float, tuple[int, int]]:
        is_gone, rank = not rows[agreement]["standing"], nearest[agreement]
        places = enumerate(texts[agreement])
        return is_gone, rank, next((n, text) for n, text in places if text is not None and ranks.get(text) == rank)

    best: dict[str, int] = {}
    for agreement in nearest:
        reference = rows[agreement]["reference"]
        other = best.setdefault(reference, agreement)
        if other != agreement:  # it is on several pages
            best[reference] = min(agreement, other, key=lambda one: (place(one), one))
    first = sorted(best.values(), key=lambda one: (not rows[one]["standing"], nearest[one], one))[:limit]
    quoted = [place(agreement)[2][1] for agreement in first]
    hits = _of_agreements(
        reader,
        [{**rows[agreement], "text": text} for agreement, text in zip(first, quoted, strict=True)],
        _snippets(reader, match, quoted),
    )
    return HitGroup(key="prose", title="In the prose of agreements", count=len(best), hits=hits)


def _texts(reader: Reader, match: str) -> Iterable[tuple[int, float]]:
    """Return the texts with the words, and how much each is about them: the less, the more. Of too many it is 0."""
    some = "select count(*) from (select 1 from texts_search where texts_search match :match limit :most)"
    is_ranked = reader.value(some, {"match": match, "most": _MOST_RANKED + 1}) <= _MOST_RANKED
    rank = "bm25(texts_search)" if is_ranked else "0"
    return reader.db.execute(f"select rowid, {rank} from texts_search where texts_search match ?", [match])


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


def _changes(reader: Reader, text: str, limit: int) -> HitGroup:
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
        {"match": matching(text), "limit": limit},
    )
    found = reader.answers.changes.find(ChangeFilter(ids=[row["id"] for row in rows], editorial=True))
    return HitGroup(
        key="changes", title="Changes", count=rows[0]["found"] if rows else 0, rows=change_rows(reader, found)
    )


_FILTERS: Mapping[str, tuple[str, Callable[[str], ChangeFilter]]] = {
    "datasets": ("dataset", lambda text: ChangeFilter(datasets=(text,))),
    "organisations": ("organisation", lambda text: ChangeFilter(organisations=(text,))),
    "legal-bases": ("basis", lambda text: ChangeFilter(bases=(text,))),
}
"""How each sort of name stands in the address of a filter, and the filter."""


def _changes_of(reader: Reader, sort: str, text: str, limit: int) -> HitGroup:
    """Return the changes of what is called *text*, as every filter finds them; its words may stand in none of them."""
    word, filter_of = _FILTERS[sort]
    wanted = filter_of(text)
    found = reader.answers.changes.find(wanted, limit=limit)
    return HitGroup(
        key="changes",
        title="Changes",
        count=reader.answers.changes.count(wanted),
        rows=change_rows(reader, found),
        more=addresses.with_query("/", [(word, text)]),
    )


_WITH_WORDS = {"agreements": _agreements, "changes": _changes, "prose": _prose}

ROUTES = (PageRoute("/search", search, "search.html"), PageRoute("/search/suggest", suggest))
