"""Who has what agreements list, a dataset or a legal basis: now and since when, by month, lately got or lost.

A value that was missing once and came back was there all along, as an agreement is (rule 6): it is gone where a later
state of its agreement lacks it, or where the agreement's own absence is confirmed. Pages of the same agreement, and
several names of the same data, are one stretch of time. The pages of a dataset and of a legal basis show it alike.
"""

import json
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any

from diff.kinds import ChangeKind
from diff.saying.english import day, listed, month, number, plural
from scraper.names.fold import fold
from scraper.names.legal_basis import FAMILIES as ALL_FAMILIES
from scraper.reading.values import is_type_of_data
from scraper.text import cut, one_line
from scraper.times import as_text, read_time
from snapshots.browse.app import addresses
from snapshots.browse.app.request import BadAddressError, PageRequest, PageRows, QueryWords, Reader, Row, piece_of
from snapshots.browse.parts.charts import Level, levels_chart, months_between

LATELY_DAYS = 90
LATELY_LISTED = 8
ON_A_PAGE = 100
LONGEST_TITLE = 200

FAMILIES = {one.id: one.name for one in sorted(ALL_FAMILIES.values(), key=lambda one: one.place)}
"""What a family of legal bases is called, in the order of a list."""

ACCESS = {
    "files": "Files, once or repeatedly",
    "system": "System access only",
    "both": "Both",
    "none": "None printed",
}
"""How data may be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is had: the rows of `table` whose `key` is one of `values`; `printed` is the column of its printed form."""

    table: str
    key: str
    printed: str
    values: Sequence[str]
    added: ChangeKind
    """Kind of change that tells that an agreement got it."""
    removed: ChangeKind
    is_it: Callable[[str], bool]
    """Whether a value that a change names is this one."""
    verbs: tuple[str, str]
    """What an agreement did that got it, and one that lost it."""
    chart: tuple[str, str]
    """Name and caption of the chart by month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPeriod:
    """A time in which one page listed it on one agreement, under one name."""

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
    """An agreement on a page that lists it now."""

    organisation: str
    page: str
    reference: str
    title: str | None
    since: str
    or_before: bool
    """Whether it stood there when the page was first read, so that it may be older."""
    dsa_end: str | None
    families: tuple[str, ...]
    opt_outs: tuple[str, ...] | None
    access_methods: tuple[str, ...] | None

    @property
    def access(self) -> str:
        """How the data are used, as a key of `ACCESS`."""
        is_system = [fold(method) == "systemaccess" for method in self.access_methods or ()]
        if not is_system:
            return "none"
        return "system" if all(is_system) else "both" if any(is_system) else "files"


COLUMNS = tuple(Holder.__dataclass_fields__)
"""Of the files."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A subject with every time in which it was listed, the earliest first, and who has it now, the latest first."""

    subject: Subject
    periods: Sequence[HeldPeriod]
    holders: Sequence[Holder]

    @property
    def counted(self) -> str:
        """On how many agreements at how many organisations it is."""
        agreements = len({holder.reference for holder in self.holders})
        at = plural(len({holder.page for holder in self.holders}), "organisation")
        return f"On {plural(agreements, 'agreement')} at {at}" if agreements else "On no agreement"


def read_holding(reader: Reader, subject: Subject) -> Holding:
    """Return who has had the subject, and who has it."""
    periods = _periods(reader, subject)
    return Holding(subject, periods, _holders(reader, subject, periods))


def _periods(reader: Reader, subject: Subject) -> list[HeldPeriod]:
    rows = reader.rows(
        f"""
        select held.page, held.reference, held.{subject.key} as name, held.{subject.printed} as printed,
          held.first_seen as since, held.last_seen, (
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
        from {subject.table} as held
        where held.{subject.key} in (select value from json_each(:values))
        order by held.first_seen, held.reference, held.page
        """,
        {"values": json.dumps(list(subject.values))},
    )
    return [
        HeldPeriod(
            until=row["last_seen"] and (row["next_seen"] or row["ended"]),
            ended=bool(row["last_seen"] and not row["next_seen"] and row["ended"]),
            **{name: row[name] for name in ("page", "reference", "name", "printed", "since")},
        )
        for row in rows
    ]


def stretches(periods: Iterable[HeldPeriod]) -> list[tuple[HeldPeriod, str | None]]:
    """Return when agreements had it, on any page, under any name: the first period of each stretch, and its end.

    >>> from dataclasses import replace
    >>> old = HeldPeriod(page="a", reference="R", name="old", printed="Old", since="2021", until="2023", ended=False)
    >>> [(first.since, until) for first, until in stretches([old, replace(old, since="2023", until=None)])]
    [('2021', None)]
    """
    found: list[tuple[HeldPeriod, str | None]] = []
    in_order = sorted(periods, key=lambda period: (period.reference, period.since))
    for _, own in groupby(in_order, key=lambda period: period.reference):
        first: HeldPeriod | None = None
        until: str | None = ""
        for period in own:
            if first is not None and (until is None or period.since <= until):
                until = None if until is None or period.until is None else max(until, period.until)
                continue
            if first is not None:
                found.append((first, until))
            first, until = period, period.until
        if first is not None:
            found.append((first, until))
    return found


def _holders(reader: Reader, subject: Subject, periods: Sequence[HeldPeriod]) -> list[Holder]:
    places = {(period.page, period.reference) for period in periods if period.until is None}
    began = {first.reference: first for first, until in stretches(periods) if until is None}
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
          select reference from {subject.table} where {subject.key} in (select value from json_each(:values))
        )
        """,
        {"values": json.dumps(list(subject.values))},
    )
    # A page that was told as new was read from its first day on: what stood there then is as old as it looks.
    came = {row["page"] for row in reader.rows("select page from changes where kind = 'organisation-added'")}
    page_since = {row["page"]: row["page_since"] for row in rows}
    holders = [
        Holder(
            since=first.since,
            or_before=first.page not in came and first.since <= page_since.get(first.page, ""),
            families=_families(row["legal_bases"] or "[]"),
            opt_outs=_list(row["opt_outs"]),
            access_methods=_list(row["access_methods"]),
            **{name: row[name] for name in ("organisation", "page", "reference", "title", "dsa_end")},
        )
        for row in rows
        if (row["page"], row["reference"]) in places and (first := began[row["reference"]])
    ]
    # Sorting keeps the order of equals: of one day they stay by name, which `reverse` on both would turn round.
    holders.sort(key=lambda holder: (fold(holder.organisation), holder.reference))
    return sorted(holders, key=lambda holder: holder.since, reverse=True)


@lru_cache(maxsize=4096)  # thousands of agreements cite the same bases
def _families(bases: str) -> tuple[str, ...]:
    return tuple(sorted({basis["family"] for basis in json.loads(bases)})) or ("not-recorded",)


@lru_cache(maxsize=4096)
def _list(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))


def rows_of_holders(request: PageRequest, subject: Subject, name: str) -> PageRows:
    """Return who has it now, as rows of a file."""
    holders = read_holding(request.reader, subject).holders
    rows = ({column: getattr(holder, column) for column in COLUMNS} for holder in holders)
    return PageRows(name=name, columns=COLUMNS, rows=rows)


# --- what both pages show ---------------------------------------------------------------------------------------------

ORDERS: Mapping[str, tuple[str, Callable[[Holder], Any]]] = {
    "": ("newest first", lambda _: 0),
    "organisation": ("by organisation", lambda holder: (fold(holder.organisation), holder.reference)),
    "end": (
        "by printed end",
        lambda holder: (holder.dsa_end is None, holder.dsa_end or "", fold(holder.organisation)),
    ),
}
"""How the table of holders may be sorted; the first is the order in which they come."""


def holding_page(request: PageRequest, holding: Holding, address: str) -> Mapping[str, Any]:
    """Return what both pages show; *address* is that of the page."""
    words, reader = request.words, request.reader
    family, access, order = _asked_for(words)

    def to(**other: str) -> str:
        return addresses.with_query(address, ({"family": family, "access": access, "sort": order} | other).items())

    chosen = [
        holder
        for holder in holding.holders
        if (not family or family in holder.families) and (not access or holder.access == access)
    ]
    chosen.sort(key=ORDERS[order][1])
    piece = piece_of(chosen, words, ON_A_PAGE, lambda start: to(start=start) + "#h-who")
    moves = list(_moves(reader, holding))
    got, lost = ([move for move in moves if move["got"] is which] for which in (True, False))
    narrowed = [f"legal family “{FAMILIES[family]}”"] if family else []
    narrowed += [f"access “{ACCESS[access]}”"] if access else []
    levels = _levels(reader, holding.periods)
    return {
        **piece,
        "lead": _lead(reader, holding, moves),
        "holders": [_shown(holder) for holder in piece["shown"]],
        "all_holders": len(holding.holders),
        "narrowed": listed(narrowed) if narrowed else "",
        "without": to(family="", access=""),
        "sorts": [
            {"words": said, "address": to(sort=key) + "#h-who", "current": key == order}
            for key, (said, _) in ORDERS.items()
        ],
        "got": got[:LATELY_LISTED],
        "got_all": len(got),
        "lost": lost[:LATELY_LISTED],
        "lost_all": len(lost),
        "families": [
            (FAMILIES.get(key, key), n, to(family=key) + "#h-who")
            for key, n in _counts((key, holder) for holder in holding.holders for key in holder.families)
        ],
        "access": [
            (ACCESS[key], n, to(access=key) + "#h-who")
            for key, n in _counts((holder.access, holder) for holder in holding.holders)
        ],
        "months": f"{month(levels[0][0])} to {month(levels[-1][0])}" if levels else "",
        "chart": levels_chart(levels, *holding.subject.chart),
        "files": addresses.files(address),
        "canonical": to(),
    }


def _asked_for(words: QueryWords) -> tuple[str, str, str]:
    """Return family, access and order that an address asks for; BadAddressError for one that there is not."""
    family, access, order = words.one("family"), words.one("access"), words.one("sort")
    if family and family not in FAMILIES:
        raise BadAddressError(f"There is no family of legal bases “{family}”.")
    if access and access not in ACCESS:
        raise BadAddressError(f"There is no kind of access “{access}”; there are {listed(ACCESS)}.")
    if order not in ORDERS:
        raise BadAddressError(f"A table can be sorted by {listed(key for key in ORDERS if key)}, not by “{order}”.")
    return family, access, order


def _counts(found: Iterable[tuple[str, Holder]]) -> list[tuple[str, int]]:
    """Return on how many agreements each key is, the most first."""
    references: dict[str, set[str]] = defaultdict(set)
    for key, holder in found:
        references[key].add(holder.reference)
    return sorted(((key, len(own)) for key, own in references.items()), key=lambda count: (-count[1], count[0]))


def _shown(holder: Holder) -> Mapping[str, Any]:
    return {
        "page": holder.page,
        "reference": holder.reference,
        "organisation": cut(one_line(holder.organisation), LONGEST_TITLE),
        "title": cut(one_line(holder.title or ""), LONGEST_TITLE) or "Without a title",
        "since": holder.since[:10],
        "or_before": holder.or_before,
        "dsa_end": holder.dsa_end,
        "families": [FAMILIES.get(family, family) for family in holder.families],
        "opt_outs": answers(holder.opt_outs or ()),
    }


def answers(opt_outs: Sequence[str]) -> list[str]:
    """Return what opt-out values answer, without their reasons; types of data among them answer nothing.

    >>> answers(["No - data flow is not identifiable", "NO – deaths data", "Y", "Pseudonymised"])
    ['No', 'Y']
    """
    found: dict[str, str] = {}
    for value in opt_outs:
        if not is_type_of_data(value):
            answer = re.split(r"\s[-‐-―]\s", one_line(value), maxsplit=1)[0]
            found.setdefault(answer.lower(), cut(answer, 60))
    return list(found.values())


def _levels(reader: Reader, periods: Sequence[HeldPeriod]) -> list[Level]:
    """Return how many agreements had it at the end of each month: as of the last reading up to it."""
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
    known = stretches(periods)
    came = sorted(first.since for first, _ in known)
    went = sorted(until for _, until in known if until is not None)
    last_reading = {row["month"]: row["at"] for row in rows}
    levels: list[Level] = []
    at = ""
    for when in months_between(rows[0]["month"], rows[-1]["month"]):
        # A month without a reading is as the one before it.
        at = last_reading.get(when, at)
        levels.append((when, bisect_right(came, at) - bisect_right(went, at)))
    return levels


# --- lately -----------------------------------------------------------------------------------------------------------


def _moves(reader: Reader, holding: Holding) -> Iterator[Row]:
    """Yield the changes by which agreements got or lost it, the newest first, each with `got` and a `head`."""
    subject = holding.subject
    rows = reader.rows(
        f"""
        select id, kind, severity, coalesce(organisation, page) as organisation, page, reference, details, first_seen,
          added, removed
        from changes
        where kind in ('agreement-added', 'agreement-removed', :added, :removed)
          and not is_group and not withdrawn and substantive
          and reference in (
            select reference from {subject.table} where {subject.key} in (select value from json_each(:values))
          )
        order by first_seen desc, organisation, reference
        """,
        {"values": json.dumps(list(subject.values)), "added": subject.added, "removed": subject.removed},
    )
    began = {(period.page, period.reference, period.since) for period in holding.periods}
    ended = {(period.page, period.reference): period.until or "" for period in holding.periods if period.ended}
    for row in rows:
        place = (row["page"], row["reference"])
        if row["kind"] == ChangeKind.AGREEMENT_ADDED:
            # A new agreement that got the subject later is told by the addition, and not here.
            if (*place, row["first_seen"]) in began:
                again = "listed_again" in json.loads(row["details"])
                yield {
                    **row,
                    "got": True,
                    "head": f"With {'an agreement listed again' if again else 'a new agreement'}",
                }
        elif row["kind"] == ChangeKind.AGREEMENT_REMOVED:
            # Between missing and confirmed missing lies a run: the period ends before the change is told.
            if place in ended and ended[place] <= row["first_seen"]:
                yield {**row, "got": False, "head": "No longer on the register’s pages, with the agreement"}
        else:
            if any(map(subject.is_it, json.loads(row["added"]))):
                yield {**row, "got": True, "head": "Added"}
            if any(map(subject.is_it, json.loads(row["removed"]))):
                yield {**row, "got": False, "head": "Removed"}


def _lead(reader: Reader, holding: Holding, moves: Sequence[Row]) -> str:
    if not reader.newest:
        return f"{holding.counted}. {said_lately(0, 0, holding.subject.verbs)}"
    since = as_text(read_time(reader.newest) - timedelta(days=LATELY_DAYS))
    lately = [move for move in moves if move["first_seen"] >= since]
    got, lost = (len({move["reference"] for move in lately if move["got"] is which}) for which in (True, False))
    return f"{holding.counted}, on {day(reader.newest)}. {said_lately(got, lost, holding.subject.verbs)}"


def said_lately(got: int, lost: int, verbs: tuple[str, str]) -> str:
    """Return how many gained or lost it lately, as a sentence.

    >>> said_lately(3, 1, ("gained", "lost"))
    'Three agreements gained it in the last 90 days, one lost it.'
    >>> said_lately(0, 0, ("gained", "lost"))
    'No agreement gained or lost it in the last 90 days.'
    """
    when = f"in the last {LATELY_DAYS} days"
    if not got and not lost:
        return f"No agreement {verbs[0]} or {verbs[1]} it {when}."
    if not got:
        return f"{number(lost, capital=True)} agreement{'' if lost == 1 else 's'} {verbs[1]} it {when}."
    gained = f"{number(got, capital=True)} agreement{'' if got == 1 else 's'} {verbs[0]} it {when}"
    return f"{gained}, {number(lost)} {verbs[1]} it." if lost else f"{gained}."
