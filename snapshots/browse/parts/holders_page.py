"""What the pages of a dataset and of a legal basis have in common: who has it, in pieces, and what came lately."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from diff.saying.english import day, listed, number
from scraper.reading.values import is_type_of_data
from scraper.text import cut, one_line
from snapshots.browse.app import addresses
from snapshots.browse.app.request import BadAddressError, PageRequest, PageRows
from snapshots.browse.parts import holders as holding
from snapshots.browse.parts.holders import ACCESS, FAMILIES, ORDERS, Holder, Move, Spell, Thing

ON_A_PAGE = 100
LONGEST_TITLE = 200

Verbs = tuple[str, str]
"""What an agreement did that got something, and one that lost it."""


def holding_page(
    request: PageRequest,
    thing: Thing,
    spells: Sequence[Spell],
    holders: Sequence[Holder],
    *,
    address: str,
    verbs: Verbs,
) -> Mapping[str, Any]:
    """Return what both pages show; *address* is that of the page, *verbs* say what an agreement did with it."""
    words = request.words
    narrowing = {"family": words.one("family"), "access": words.one("access")}
    order = words.one("sort")
    _check(narrowing, order)
    chosen = [one for one in holders if _fits(one, narrowing)]
    chosen.sort(key=ORDERS[order][1])
    start = min(words.number("start") or 0, max(0, len(chosen) - 1))
    shown = chosen[start : start + ON_A_PAGE]
    moves = holding.moves_of(request.reader, thing, spells)
    got, lost = ([move for move in moves if move.got is which] for which in (True, False))

    def to(**other: Any) -> str:
        query = {"family": narrowing["family"], "access": narrowing["access"], "sort": order, **other}
        return addresses.with_query(address, [(name, str(value)) for name, value in query.items() if value])

    return {
        "lead": _lead(request, holders, moves, verbs),
        "holders": [_shown(one) for one in shown],
        "found": len(chosen),
        "start": start,
        "all_holders": len(holders),
        "narrowed": _narrowed(narrowing),
        "without": to(family="", access=""),
        "sorts": [
            {"words": words_, "address": to(sort=key) + "#h-who", "current": key == order}
            for key, (words_, _) in ORDERS.items()
        ],
        "newer": _piece(to, start - ON_A_PAGE, "Back") if start else None,
        "older": _piece(to, start + ON_A_PAGE, f"Next {min(ON_A_PAGE, left)}")
        if (left := len(chosen) - start - len(shown)) > 0
        else None,
        "got": got[: holding.LATELY_LISTED],
        "got_all": len(got),
        "lost": lost[: holding.LATELY_LISTED],
        "lost_all": len(lost),
        "families": [(words_, n, to(family=key) + "#h-who") for key, words_, n in holding.by_family(holders)],
        "access": [(words_, n, to(access=key) + "#h-who") for key, words_, n in holding.by_access(holders)],
        "files": addresses.files(address),
        "canonical": to(),
    }


def _check(narrowing: Mapping[str, str], order: str) -> None:
    if narrowing["family"] and narrowing["family"] not in FAMILIES:
        raise BadAddressError(f"There is no family of legal bases “{narrowing['family']}”.")
    if narrowing["access"] and narrowing["access"] not in ACCESS:
        raise BadAddressError(f"There is no kind of access “{narrowing['access']}”; there are {listed(ACCESS)}.")
    if order not in ORDERS:
        raise BadAddressError(f"A table can be sorted by {listed(key for key in ORDERS if key)}, not by “{order}”.")


def _fits(one: Holder, narrowing: Mapping[str, str]) -> bool:
    family, access = narrowing["family"], narrowing["access"]
    return (not family or family in one.families) and (not access or holding.access_of(one) == access)


def _narrowed(narrowing: Mapping[str, str]) -> str:
    family, access = narrowing["family"], narrowing["access"]
    parts = [f"legal family “{FAMILIES[family]}”"] if family else []
    return listed([*parts, f"access “{ACCESS[access]}”"] if access else parts) if family or access else ""


def _piece(to: Any, start: int, words: str) -> dict[str, str]:
    return {"words": words, "address": to(start=max(0, start)) + "#h-who"}


def _shown(one: Holder) -> Mapping[str, Any]:
    return {
        "page": one.page,
        "reference": one.reference,
        "organisation": cut(one_line(one.organisation), LONGEST_TITLE),
        "title": cut(one_line(one.title or ""), LONGEST_TITLE) or "Without a title",
        "since": one.since[:10],
        "or_before": one.or_before,
        "dsa_end": one.dsa_end,
        "families": [FAMILIES.get(family, family) for family in one.families],
        "opt_outs": answers(one.opt_outs or ()),
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


def _lead(request: PageRequest, holders: Sequence[Holder], moves: Sequence[Move], verbs: Verbs) -> str:
    reader = request.reader
    when = f", on {day(reader.newest)}" if reader.newest else ""
    got, lost = (holding.lately(reader, moves, got=which) for which in (True, False))
    where = holding.counted(holders)
    return f"{where[:1].upper()}{where[1:]}{when}. {said_lately(got, lost, verbs)}"


def said_lately(got: int, lost: int, verbs: Verbs) -> str:
    """Return how many gained or lost it lately, as a sentence.

    >>> said_lately(3, 1, ("gained", "lost"))
    'Three agreements gained it in the last 90 days, one lost it.'
    >>> said_lately(0, 0, ("gained", "lost"))
    'No agreement gained or lost it in the last 90 days.'
    """
    when = f"in the last {holding.LATELY_DAYS} days"
    if not got and not lost:
        return f"No agreement {verbs[0]} or {verbs[1]} it {when}."
    if not got:
        return f"{number(lost, capital=True)} agreement{'' if lost == 1 else 's'} {verbs[1]} it {when}."
    gained = f"{number(got, capital=True)} agreement{'' if got == 1 else 's'} {verbs[0]} it {when}"
    return f"{gained}, {number(lost)} {verbs[1]} it." if lost else f"{gained}."


def rows_of_holders(request: PageRequest, subject: Thing, name: str) -> PageRows:
    """Return who has it now."""
    found = holding.holders_of(request.reader, subject, holding.spells_of(request.reader, subject))
    return PageRows(name=name, columns=holding.COLUMNS, rows=map(holding.as_row, found))
