"""What the pages of a dataset and of a legal basis show alike: who has it, by month, and who lately got or lost it."""

import json
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from diff.kinds import ChangeKind
from diff.saying.english import day, listed, month, number, number_of
from scraper.names.fold import fold
from scraper.names.legal_families import FAMILIES
from scraper.reading.values import is_type_of_data
from scraper.text import cut, one_line
from scraper.times import as_text, read_time
from snapshots.browse.app import addresses
from snapshots.browse.app.request import BadAddressError, PageRequest, QueryWords, Reader, Row, piece_of
from snapshots.browse.parts.holders import Holder, Holding
from snapshots.browse.parts.sorting import Order, in_order, sort_asked, sort_links
from snapshots.browse.parts.titles import called, first_datasets
from snapshots.browse.pictures.counts import Level, levels_chart
from snapshots.browse.pictures.drawing import Chart, months_between

RECENT_DAYS = 90
MOVES_SHOWN = 8
ON_A_PAGE = 100
LONGEST_TITLE = 200

FAMILY_NAMES = {one.id: one.name for one in sorted(FAMILIES.values(), key=lambda one: one.place)}
"""What a family of legal bases is called, in the order of a list."""

ACCESS = {
    "files": "Files, once or repeatedly",
    "system": "System access only",
    "both": "Both",
    "none": "None printed",
}
"""How data may be used."""

ORDERS = {
    "": Order("newest first"),
    "organisation": Order("by organisation", lambda holder: (fold(holder.organisation), holder.reference)),
    "end": Order("by printed end", lambda holder: holder.dsa_end and (holder.dsa_end, fold(holder.organisation))),
}
"""How the table of holders may be sorted."""


def holding_page(request: PageRequest, holding: Holding, address: str, picture: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what both pages show; *address* is that of the page, *picture* those of its drawing as a file."""
    words, reader = request.words, request.reader
    family, access, order = _asked_for(words)

    def to(**other: str) -> str:
        return addresses.with_query(address, ({"family": family, "access": access, "sort": order} | other).items())

    chosen = [
        holder
        for holder in holding.holders
        if (not family or family in holder.families) and (not access or holder.access == access)
    ]
    piece = piece_of(in_order(chosen, ORDERS[order]), words, ON_A_PAGE, lambda start: to(start=start) + "#h-who")
    moves = list(_moves(reader, holding))
    got, lost = ([{**move.row, "head": move.head} for move in moves if move.got is which] for which in (True, False))
    narrowed = [f"legal family “{FAMILY_NAMES[family]}”"] if family else []
    narrowed += [f"access “{ACCESS[access]}”"] if access else []
    chart = by_month(reader, holding)
    datasets = first_datasets(reader, (holder.reference for holder in piece["shown"] if not holder.title))
    return {
        **piece,
        "lead": _lead(reader, holding, moves),
        "holders": [_shown(holder, datasets) for holder in piece["shown"]],
        "all_holders": len(holding.holders),
        "narrowed": listed(narrowed) if narrowed else "",
        "without": to(family="", access=""),
        "sorts": sort_links(ORDERS, order, lambda key: to(sort=key) + "#h-who"),
        "got": got[:MOVES_SHOWN],
        "got_all": len(got),
        "lost": lost[:MOVES_SHOWN],
        "lost_all": len(lost),
        "families": [
            (FAMILY_NAMES.get(key, key), n, to(family=key) + "#h-who")
            for key, n in _counts((key, holder) for holder in holding.holders for key in holder.families)
        ],
        "access": [
            (ACCESS[key], n, to(access=key) + "#h-who")
            for key, n in _counts((holder.access, holder) for holder in holding.holders)
        ],
        "months": f"{month(str(chart.rows[-1][0]))} to {month(str(chart.rows[0][0]))}" if chart else "",
        "chart": chart and replace(chart, files=picture),
        "files": addresses.files(address),
        "canonical": to(),
    }


def _asked_for(words: QueryWords) -> tuple[str, str, str]:
    """Return family, access and order that an address asks for; BadAddressError for one that there is not."""
    family, access = words.one("family"), words.one("access")
    if family and family not in FAMILY_NAMES:
        raise BadAddressError(f"There is no family of legal bases “{family}”.")
    if access and access not in ACCESS:
        raise BadAddressError(f"There is no kind of access “{access}”; there are {listed(ACCESS)}.")
    return family, access, sort_asked(words, ORDERS)


def _counts(found: Iterable[tuple[str, Holder]]) -> list[tuple[str, int]]:
    """Return on how many agreements each key is, the most first."""
    references: dict[str, set[str]] = defaultdict(set)
    for key, holder in found:
        references[key].add(holder.reference)
    return sorted(((key, len(own)) for key, own in references.items()), key=lambda count: (-count[1], count[0]))


class ShownHolder(NamedTuple):
    """A row of the table of holders."""

    page: str
    reference: str
    organisation: str
    title: str
    since: str
    or_before: bool
    dsa_end: str | None
    families: str
    opt_outs: str


def _shown(holder: Holder, datasets: Mapping[str, str]) -> ShownHolder:
    return ShownHolder(
        page=holder.page,
        reference=holder.reference,
        organisation=cut(one_line(holder.organisation), LONGEST_TITLE),
        title=called(holder.title, holder.reference, datasets.get(holder.reference)),
        since=holder.since[:10],
        or_before=holder.or_before,
        dsa_end=holder.dsa_end,
        families="; ".join(FAMILY_NAMES.get(family, family) for family in holder.families),
        opt_outs="; ".join(answers(holder.opt_outs or ())),
    )


@lru_cache(maxsize=4096)  # thousands of agreements print the same
def answers(opt_outs: tuple[str, ...]) -> tuple[str, ...]:
    """Return what opt-out values answer, without their reasons; types of data among them answer nothing.

    >>> answers(("No - data flow is not identifiable", "NO – deaths data", "Y", "Pseudonymised"))
    ('No', 'Y')
    """
    found: dict[str, str] = {}
    for value in opt_outs:
        if not is_type_of_data(value):
            # The register puts any of the dashes between an answer and its reason.
            answer = re.split(r"\s[-‐-―]\s", one_line(value), maxsplit=1)[0]
            found.setdefault(answer.lower(), cut(answer, 60))
    return tuple(found.values())


def by_month(reader: Reader, holding: Holding) -> Chart | None:
    """Return the drawing of how many agreements had it at the end of each month."""
    return levels_chart(_levels(reader, holding), *holding.subject.chart)


def _levels(reader: Reader, holding: Holding) -> list[Level]:
    """Return how many agreements had it at the end of each month: as of the last reading up to it."""
    rows = reader.rows(
        """
        select substr(captured_at, 1, 7) as month, max(captured_at) as at
        from page_runs as runs
        where state = 'committed'
        group by month
        order by month
        """
    )
    if not rows:
        return []
    came = sorted(first.since for first, _ in holding.stretches)
    went = sorted(until for _, until in holding.stretches if until is not None)
    last_reading = {row["month"]: row["at"] for row in rows}
    levels: list[Level] = []
    at = ""
    for when in months_between(rows[0]["month"], rows[-1]["month"]):
        # A month without a reading is as the one before it.
        at = last_reading.get(when, at)
        levels.append((when, bisect_right(came, at) - bisect_right(went, at)))
    return levels


# --- lately -----------------------------------------------------------------------------------------------------------


class Move(NamedTuple):
    """A change by which an agreement got or lost it, and what heads its line."""

    got: bool
    head: str
    row: Row


def _moves(reader: Reader, holding: Holding) -> Iterator[Move]:
    """Yield the changes by which agreements got or lost it, the newest first."""
    subject, references = holding.subject, {period.reference for period in holding.periods}
    kinds = {ChangeKind.AGREEMENT_ADDED, ChangeKind.AGREEMENT_REMOVED, subject.added, subject.removed}
    began = {(period.page, period.reference, period.since) for period in holding.periods}
    ended = {(period.page, period.reference): period.until or "" for period in holding.periods if period.ended}
    for row in _told(reader):
        if row["reference"] not in references or row["kind"] not in kinds:
            continue
        place = (row["page"], row["reference"])
        if row["kind"] == ChangeKind.AGREEMENT_ADDED:
            # A new agreement that got the subject later is told by the addition, and not here.
            if (*place, row["first_seen"]) in began:
                yield Move(True, f"With {'an agreement listed again' if row['again'] else 'a new agreement'}", row)
        elif row["kind"] == ChangeKind.AGREEMENT_REMOVED:
            # Between missing and confirmed missing lies a run: the period ends before the change is told.
            if place in ended and ended[place] <= row["first_seen"]:
                yield Move(False, "No longer on the register’s pages, with the agreement", row)
        else:
            if any(map(subject.is_it, row["added"])):
                yield Move(True, "Added", row)
            if any(map(subject.is_it, row["removed"])):
                yield Move(False, "Removed", row)


def _told(reader: Reader) -> Sequence[Row]:
    """Return every change by which an agreement may have got or lost something, the newest first."""
    return reader.lasting("told of holders", lambda: [_taken_apart(row) for row in _changes(reader)], len)


def _changes(reader: Reader) -> list[Row]:
    return reader.rows(
        """
        select id, kind, severity, coalesce(organisation, page) as organisation, page, reference, details, first_seen,
          added, removed
        from changes
        where kind in ('agreement-added', 'agreement-removed', 'dataset-added', 'dataset-removed',
            'legal-basis-changed')
          and not is_group and not withdrawn and substantive
        order by first_seen desc, organisation, reference, rowid
        """
    )


def _taken_apart(row: Row) -> Row:
    again = "listed_again" in json.loads(row.pop("details"))
    return row | {"again": again, "added": json.loads(row["added"]), "removed": json.loads(row["removed"])}


def _lead(reader: Reader, holding: Holding, moves: Sequence[Move]) -> str:
    if not reader.newest:
        return f"{holding.counted}. {said_lately(0, 0, holding.subject.verbs)}"
    since = as_text(read_time(reader.newest) - timedelta(days=RECENT_DAYS))
    # By reference: an agreement on two pages gained it once; one that lost it and got it again counts in both.
    lately = {(move.got, move.row["reference"]) for move in moves if move.row["first_seen"] >= since}
    got, lost = (sum(move_got is which for move_got, _ in lately) for which in (True, False))
    return f"{holding.counted}, on {day(reader.newest)}. {said_lately(got, lost, holding.subject.verbs)}"


def said_lately(got: int, lost: int, verbs: tuple[str, str]) -> str:
    """Return how many gained or lost it lately, as a sentence.

    >>> said_lately(3, 1, ("gained", "lost"))
    'Three agreements gained it in the last 90 days, one lost it.'
    >>> said_lately(0, 0, ("gained", "lost"))
    'No agreement gained or lost it in the last 90 days.'
    """
    when = f"in the last {RECENT_DAYS} days"
    if not got and not lost:
        return f"No agreement {verbs[0]} or {verbs[1]} it {when}."
    if not got:
        return f"{number_of(lost, 'agreement')} {verbs[1]} it {when}."
    gained = f"{number_of(got, 'agreement')} {verbs[0]} it {when}"
    return f"{gained}, {number(lost)} {verbs[1]} it." if lost else f"{gained}."
