"""Who holds what agreements list, a dataset or a legal basis: now and since when, by month, lately got or lost.

A value that was missing once and came back was there all along, as an agreement is (design rule 6): it is gone where a
later state of its agreement lacks it, or where the agreement's own absence is confirmed. Pages of the same agreement,
and several names of the same data, are one stretch of time.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any

from diff.saying.english import plural
from scraper.names.fold import fold
from scraper.times import as_text, read_time
from snapshots.browse.app.reader import Reader, Row
from snapshots.browse.parts.charts import Level, months_between

LATELY_DAYS = 90
LATELY_LISTED = 8

FAMILIES = {
    "s261-dissemination": "Section 261 dissemination",
    "s251-support": "Section 251 support",
    "consent": "Consent",
    "copi-regulations": "COPI regulations",
    "directions-s254-s259": "Directions, sections 254 to 259",
    "srsa2007-s42(4)": "Statistics Act, section 42(4)",
    "srsa2007-other": "Statistics Act, other sections",
    "police/court": "Police or court",
    "other": "Another basis",
    "not-recorded": "None printed",
}
"""What a family of legal bases is called."""

Place = tuple[str, str]
"""Page and reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What is held: the rows of `table` whose `key` is one of `values`; `printed` is the column of its printed form."""

    table: str
    key: str
    printed: str
    values: Sequence[str]
    added: str
    """Kind of change that tells that an agreement got it."""
    removed: str
    is_it: Callable[[str], bool]
    """Whether a value that a change names is this thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A time in which one page listed the thing on one agreement, under one name."""

    page: str
    reference: str
    name: str
    """The key under which it is kept."""
    printed: str
    since: str
    until: str | None
    """When it was first seen to be gone; None while it is there."""
    ended: bool
    """Whether it went with the whole agreement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """An agreement on a page that lists the thing now."""

    page: str
    reference: str
    organisation: str
    title: str | None
    since: str
    or_before: bool
    """Whether it stood there when the page was first read, so that it may be older."""
    dsa_end: str | None
    families: tuple[str, ...]
    opt_outs: tuple[str, ...] | None
    access: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An agreement that got or lost the thing."""

    id: str
    severity: str
    organisation: str
    page: str
    reference: str
    head: str
    first_seen: str
    got: bool


def spells_of(reader: Reader, thing: Thing) -> list[Spell]:
    """Return every time in which the thing was listed, the earliest first."""
    rows = reader.rows(
        f"""
        select held.page, held.reference, held.{thing.key} as name, held.{thing.printed} as printed, held.first_seen,
          held.last_seen, (
            select min(later.first_seen)
            from agreement_versions as later
            where later.reference = held.reference and later.page = held.page and later.first_seen > held.last_seen
          ) as next_seen, (
            select ending.ended
            from agreements
            join agreement_versions as ending on ending.id = agreements.version
            where held.last_seen is not null
              and agreements.page = held.page and agreements.reference = held.reference
          ) as ended
        from {thing.table} as held
        where held.{thing.key} in (select value from json_each(:values))
        order by held.first_seen, held.reference, held.page
        """,
        {"values": json.dumps(list(thing.values))},
    )
    return [
        Spell(
            page=row["page"],
            reference=row["reference"],
            name=row["name"],
            printed=row["printed"],
            since=row["first_seen"],
            until=row["last_seen"] and (row["next_seen"] or row["ended"]),
            ended=bool(row["last_seen"] and not row["next_seen"] and row["ended"]),
        )
        for row in rows
    ]


def stretches(spells: Iterable[Spell]) -> list[tuple[Spell, str | None]]:
    """Return when agreements had the thing, on any page, under any name: the first spell of each stretch, and its end.

    >>> from dataclasses import replace
    >>> one = Spell(page="a", reference="R", name="old", printed="Old", since="2021", until="2023", ended=False)
    >>> [(first.since, until) for first, until in stretches([one, replace(one, since="2023", until=None)])]
    [('2021', None)]
    """
    found: list[tuple[Spell, str | None]] = []
    in_order = sorted(spells, key=lambda spell: (spell.reference, spell.since))
    for _, own in groupby(in_order, key=lambda spell: spell.reference):
        first: Spell | None = None
        until: str | None = ""
        for spell in own:
            if first is not None and (until is None or spell.since <= until):
                until = None if until is None or spell.until is None else max(until, spell.until)
                continue
            if first is not None:
                found.append((first, until))
            first, until = spell, spell.until
        if first is not None:
            found.append((first, until))
    return found


def holders_of(reader: Reader, thing: Thing, spells: Sequence[Spell]) -> list[Holder]:
    """Return who has the thing now, the latest to get it first."""
    places = {(spell.page, spell.reference) for spell in spells if spell.until is None}
    since = {first.reference: first for first, until in stretches(spells) if until is None}
    rows = reader.rows(
        f"""
        select agreements.page, agreements.reference, coalesce(pages.organisation, pages.key) as organisation,
          pages.first_seen as page_since, states.title, states.dsa_end, states.access_methods, states.opt_outs,
          states.legal_bases
        from agreements
        join pages on pages.key = agreements.page
        join agreement_versions on agreement_versions.id = agreements.version
        join states on states.id = agreement_versions.state
        where agreements.standing and agreements.reference in (
          select reference from {thing.table} where {thing.key} in (select value from json_each(:values))
        )
        """,
        {"values": json.dumps(list(thing.values))},
    )
    came = {row["page"] for row in reader.rows("select page from changes where kind = 'organisation-added'")}
    page_since = {row["page"]: row["page_since"] for row in rows}
    holders = [
        _holder(row, since[row["reference"]], page_since, came)
        for row in rows
        if (row["page"], row["reference"]) in places
    ]
    holders.sort(key=lambda one: (fold(one.organisation), one.reference))
    return sorted(holders, key=lambda one: one.since, reverse=True)


def _holder(row: Row, first: Spell, page_since: Mapping[str, str], came: set[str]) -> Holder:
    return Holder(
        page=row["page"],
        reference=row["reference"],
        organisation=row["organisation"],
        title=row["title"],
        since=first.since,
        or_before=first.page not in came and first.since <= page_since.get(first.page, ""),
        dsa_end=row["dsa_end"],
        families=_families(row["legal_bases"] or "[]"),
        opt_outs=_list(row["opt_outs"]),
        access=_list(row["access_methods"]),
    )


@lru_cache(maxsize=4096)  # thousands of agreements cite the same bases
def _families(bases: str) -> tuple[str, ...]:
    return tuple(sorted({basis["family"] for basis in json.loads(bases)})) or ("not-recorded",)


@lru_cache(maxsize=4096)
def _list(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))


# --- by month ---------------------------------------------------------------------------------------------------------


def levels_of(reader: Reader, spells: Sequence[Spell]) -> list[Level]:
    """Return how many agreements had the thing at the end of each month: as of the last reading up to it."""
    rows = reader.rows(
        """
        select substr(captured_at, 1, 7) as month, max(captured_at) as at
        from runs
        where state = 'committed'
        group by month
        order by month
        """
    )
    if not rows:
        return []
    known = stretches(spells)
    came = sorted(first.since for first, _ in known)
    went = sorted(until for _, until in known if until is not None)
    last_reading = {row["month"]: row["at"] for row in rows}
    levels: list[Level] = []
    at = ""
    for month in months_between(rows[0]["month"], rows[-1]["month"]):
        at = last_reading.get(month, at)
        levels.append((month, bisect_right(came, at) - bisect_right(went, at)))
    return levels


# --- lately -----------------------------------------------------------------------------------------------------------


def moves_of(reader: Reader, thing: Thing, spells: Sequence[Spell]) -> list[Move]:
    """Return the changes by which agreements got or lost the thing, the newest first."""
    rows = reader.rows(
        f"""
        select id, kind, severity, coalesce(organisation, page) as organisation, page, reference, details, first_seen,
          added, removed
        from changes
        where kind in ('agreement-added', 'agreement-removed', :added, :removed)
          and not is_group and not withdrawn and substantive
          and reference in (
            select reference from {thing.table} where {thing.key} in (select value from json_each(:values))
          )
        order by first_seen desc, organisation, reference
        """,
        {"values": json.dumps(list(thing.values)), "added": thing.added, "removed": thing.removed},
    )
    began = {(spell.page, spell.reference, spell.since) for spell in spells}
    ended = {(spell.page, spell.reference): spell.until for spell in spells if spell.ended}
    return [
        Move(
            id=row["id"],
            severity=row["severity"],
            organisation=row["organisation"],
            page=row["page"],
            reference=row["reference"],
            head=head,
            first_seen=row["first_seen"],
            got=got,
        )
        for row in rows
        for got, head in _got_or_lost(row, thing, began, ended)
    ]


def _got_or_lost(
    row: Row, thing: Thing, began: set[tuple[str, str, str]], ended: Mapping[Place, str | None]
) -> Iterable[tuple[bool, str]]:
    place = (row["page"], row["reference"])
    if row["kind"] == "agreement-added":
        if (*place, row["first_seen"]) in began:
            again = "listed_again" in json.loads(row["details"])
            yield True, "With an agreement listed again" if again else "With a new agreement"
    elif row["kind"] == "agreement-removed":
        if place in ended and (ended[place] or "") <= row["first_seen"]:
            yield False, "No longer on the register’s pages, with the agreement"
    else:
        if any(map(thing.is_it, json.loads(row["added"]))):
            yield True, "Added"
        if any(map(thing.is_it, json.loads(row["removed"]))):
            yield False, "Removed"


def lately(reader: Reader, moves: Sequence[Move], *, got: bool) -> int:
    """Return how many agreements got or lost the thing in the last days that count as lately."""
    if not reader.newest:
        return 0
    since = as_text(read_time(reader.newest) - timedelta(days=LATELY_DAYS))
    return len({move.reference for move in moves if move.got is got and move.first_seen >= since})


# --- words and files --------------------------------------------------------------------------------------------------

ORDERS: Mapping[str, tuple[str, Callable[[Holder], Any]]] = {
    "": ("newest first", lambda _: 0),
    "organisation": ("by organisation", lambda one: (fold(one.organisation), one.reference)),
    "end": ("by printed end", lambda one: (one.dsa_end is None, one.dsa_end or "", fold(one.organisation))),
}
"""How the table of holders may be sorted; the first is the order in which they come."""


def counted(holders: Sequence[Holder]) -> str:
    """Return on how many agreements at how many organisations.

    >>> counted([])
    'on no agreement'
    """
    agreements = len({one.reference for one in holders})
    if not agreements:
        return "on no agreement"
    return f"on {plural(agreements, 'agreement')} at {plural(len({one.page for one in holders}), 'organisation')}"


def by_family(holders: Iterable[Holder]) -> list[tuple[str, str, int]]:
    """Return family, its words and how many agreements cite it, the most first."""
    return [(family, FAMILIES.get(family, family), n) for family, n in _counts(holders, lambda one: one.families)]


def access_of(holder: Holder) -> str:
    """Return how the data are used: as files, by system access, or both."""
    if not holder.access:
        return "none"
    is_system = [fold(one) == "systemaccess" for one in holder.access]
    return "system" if all(is_system) else "both" if any(is_system) else "files"


ACCESS = {
    "files": "Files, once or repeatedly",
    "system": "System access only",
    "both": "Both",
    "none": "None printed",
}


def by_access(holders: Iterable[Holder]) -> list[tuple[str, str, int]]:
    """Return a kind of access, its words and how many agreements have it, the most first."""
    return [(one, ACCESS[one], n) for one, n in _counts(holders, lambda one: (access_of(one),))]


def _counts(holders: Iterable[Holder], keys: Callable[[Holder], Iterable[str]]) -> list[tuple[str, int]]:
    found: dict[str, set[str]] = {}
    for one in holders:
        for key in keys(one):
            found.setdefault(key, set()).add(one.reference)
    return sorted(((key, len(references)) for key, references in found.items()), key=lambda one: (-one[1], one[0]))


COLUMNS = (
    "organisation", "page", "reference", "title", "since", "or_before", "dsa_end", "families", "opt_outs",
    "access_methods",
)  # fmt: skip


def as_row(one: Holder) -> Row:
    """Return a holder as files have it."""
    return {
        "organisation": one.organisation,
        "page": one.page,
        "reference": one.reference,
        "title": one.title,
        "since": one.since,
        "or_before": one.or_before,
        "dsa_end": one.dsa_end,
        "families": list(one.families),
        "opt_outs": None if one.opt_outs is None else list(one.opt_outs),
        "access_methods": None if one.access is None else list(one.access),
    }
