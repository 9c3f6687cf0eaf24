"""Who has had what agreements list, a dataset or a legal basis: read as times, and as who has it now.

A value that was missing once and came back was there all along, as an agreement is (rule 6): it is gone where a later
state of its agreement lacks it, or where the agreement's own absence is confirmed. Pages of the same agreement, and
several names of the same data, are one stretch of time. `holding.py` shows it.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from diff.kinds import ChangeKind
from diff.saying.english import plural
from scraper.names.fold import fold
from snapshots.browse.app.request import PageRequest, PageRows, Reader


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
    """Whether a value that a change names is this one: `lambda basis: basis == "HSCA2012:s261(1)"`."""
    verbs: tuple[str, str]
    """What an agreement did that got it, and one that lost it: `("gained", "lost")`."""
    chart: tuple[str, str]
    """Name and caption of the chart by month."""

    @property
    def rows(self) -> str:
        """The rows as SQL, to stand behind `select`, with `parameters`."""
        # Put into the text of a query, which takes no name as a parameter. Both names stand in the code of a page and
        # no reader can send one; the values, of which readers send some, are parameters.
        return f"from {self.table} as held where held.{self.key} in (select value from json_each(:values))"

    @property
    def parameters(self) -> dict[str, str]:
        """The values, of any number, as the one parameter of `rows`."""
        return {"values": json.dumps(list(self.values))}


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
        {subject.rows}
        order by held.first_seen, held.reference, held.page
        """,
        subject.parameters,
    )
    return [
        HeldPeriod(
            # Not at `last_seen`: that is when it was last there, and it may have stood until just before the next
            # reading. A period with neither a later state nor an end is not over: it is missing, and not yet believed.
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
    for period in sorted(periods, key=lambda period: (period.reference, period.since)):
        first, until = found[-1] if found else (period, "")
        if first.reference == period.reference and (until is None or period.since <= until):
            found[-1] = first, None if until is None or period.until is None else max(until, period.until)
        else:
            found.append((period, period.until))
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
          select held.reference {subject.rows}
        )
        """,
        subject.parameters,
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
