"""The register's figures at the end of each month: agreements, organisations, and what stands out among them.

Counted as the questions about the same count, by place: an agreement on two pages stands on both.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from snapshots.browse.app import addresses
from snapshots.browse.app.request import PageRequest, Reader
from snapshots.browse.pictures.counts import Level, Trend, trends_chart
from snapshots.browse.pictures.drawing import Chart, months_between
from snapshots.browse.pictures.lasting import lasting


class Figure(NamedTuple):
    """A figure of the register: what it is called, and where what it counts is listed."""

    name: str
    address: str


FIGURES = (
    Figure("Agreements", addresses.table("current_agreements")),
    Figure("Organisations", "/organisations"),
    Figure("Commercial purpose", "/red-flags?rule=commercial-purpose"),
    Figure("Section 251 support", addresses.table("current_agreements") + "?legal_bases__contains=s251-support"),
    Figure("Opt-outs: a No is printed", addresses.question("opt-outs-by-type")),
    Figure("System access only (TRE)", addresses.question("tre-only")),
)


class _Stay(NamedTuple):
    """In which months a page showed an agreement in one state: from one on, up to before another."""

    page: str
    came: str
    went: str
    signs: tuple[bool, ...]
    """Which of the figures behind the first two it counts for."""


@lasting
def trends(reader: Reader) -> Sequence[Trend]:
    """Return the figures, month by month; nothing before the first reading."""
    months = _months(reader)
    if not months:
        return []
    stays = list(_stays(reader))
    levels = [_levels(stays, months), _levels(_pages(stays), months)]
    levels += [_levels((stay for stay in stays if stay.signs[n]), months) for n in range(len(FIGURES) - 2)]
    return [Trend(figure.name, own, figure.address) for figure, own in zip(FIGURES, levels, strict=True)]


def figures_picture(request: PageRequest) -> Chart | None:
    """Return all figures as one drawing."""
    found = trends(request.reader)
    return (found and trends_chart(found, "The register in figures", CAPTION)) or None


CAPTION = (
    "At the end of each month, as last read by then. An agreement pools all its versions: a Yes or a No may be printed "
    "beside the other, and none of these figures says that anything is wrong."
)


def _months(reader: Reader) -> list[str]:
    first = reader.value("select min(captured_at) from runs where state = 'committed'")
    return months_between(first[:7], reader.newest[:7]) if first else []


def _stays(reader: Reader) -> Iterator[_Stay]:
    rows = reader.rows(
        """
        select versions.page, substr(versions.first_seen, 1, 7) as came, substr(coalesce(
            lead(versions.first_seen) over (
              partition by versions.reference, versions.page order by versions.first_seen, versions.id
            ),
            versions.ended,
            '9999'
          ), 1, 7) as went,
          coalesce(states.commercial, '[]') as commercial, coalesce(states.opt_outs, '[]') as opt_outs,
          coalesce(states.access_methods, '[]') as access,
          coalesce(instr(states.legal_bases, '"family":"s251-support"'), 0) > 0 as supported
        from agreement_versions as versions
        join states on states.id = versions.state
        """
    )
    for row in rows:
        trades, supported = "Yes" in _values(row["commercial"]), bool(row["supported"])
        signs = (trades, supported, _no(row["opt_outs"]), _only(row["access"]))
        yield _Stay(row["page"], row["came"], row["went"], signs)


@lru_cache(maxsize=4096)  # thousands of agreements print the same
def _values(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=4096)
def _no(opt_outs: str) -> bool:
    """Say whether a No is printed at the opt-outs, as the question about them does."""
    values = [value.lower() for value in _values(opt_outs)]
    return any(value in ("n", "no") or value.startswith("no ") for value in values)


@lru_cache(maxsize=4096)
def _only(access: str) -> bool:
    """Say whether system access is printed and nothing else, as the question about it does."""
    values = [value.lower() for value in _values(access) if value.strip()]
    return bool(_values(access)) and all(value.startswith("system access") for value in values)


def _pages(stays: Iterable[_Stay]) -> Iterator[_Stay]:
    """Yield in which months each page had any agreement: stays that touch are one."""
    open_: _Stay | None = None
    for stay in sorted(stays):
        if open_ and open_.page == stay.page and stay.came <= open_.went:
            open_ = open_._replace(went=max(open_.went, stay.went))
        else:
            yield from [open_] if open_ else []
            open_ = stay
    yield from [open_] if open_ else []


def _levels(stays: Iterable[_Stay], months: Sequence[str]) -> list[Level]:
    """Return how many there were at the end of each month."""
    turns = Counter[str]()
    for stay in stays:
        turns[stay.came] += 1
        turns[stay.went] -= 1
    return list(zip(months, accumulate(turns[when] for when in months), strict=True))
