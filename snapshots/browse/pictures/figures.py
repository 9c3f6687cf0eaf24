"""The register's figures at the end of each month: agreements, organisations, and what stands out among them.

Counted as the questions about the same count, by place: an agreement on two pages stands on both.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from snapshots.browse.app import addresses
from snapshots.browse.app.request import PageRequest, Reader, lasting
from snapshots.browse.pictures.counts import Level, Trend, levels_of, trends_chart
from snapshots.browse.pictures.drawing import Chart, months_between


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
    first = reader.value("select min(captured_at) from page_runs as runs where state = 'committed'")
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
          signs.trades, signs.cites_s251, signs.not_honoured, signs.system_access_only
        from agreement_versions as versions
        join red_flag_signs as signs on signs.version = versions.id
        """
    )
    for row in rows:
        signs = (row[name] for name in ("trades", "cites_s251", "not_honoured", "system_access_only"))
        yield _Stay(row["page"], row["came"], row["went"], tuple(map(bool, signs)))


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
    return levels_of(((stay.came, stay.went) for stay in stays), months)
