"""Who has had what agreements list, a dataset or a legal basis: read as times, and as who has it now.

A value that was missing once and came back was there all along, as an agreement is (rule 6): it is gone where a later
state of its agreement lacks it, or where the agreement's own absence is confirmed. Pages of the same agreement, and
several names of the same data, are one stretch of time. `holding.py` shows it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

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


class HeldPeriod(NamedTuple):
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


class Holder(NamedTuple):
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
        return _access(self.access_methods)


@lru_cache(maxsize=4096)  # thousands of agreements print the same ways
def _access(methods: Sequence[str] | None) -> str:
    is_system = [fold(method) == "systemaccess" for method in methods or ()]
    if not is_system:
        return "none"
    return "system" if all(is_system) else "both" if any(is_system) else "files"


COLUMNS = Holder._fields
"""Of the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementOnPage:
    """An agreement on a page, as it is printed there now or was last."""

    page: str
    reference: str
    standing: bool
    ended: str | None
    organisation: str
    page_since: str
    title: str | None
    dsa_end: str | None
    released_from: str | None
    released_to: str | None
    families: tuple[str, ...]
    opt_outs: tuple[str, ...] | None
    access_methods: tuple[str, ...] | None


def read_places(reader: Reader) -> Mapping[tuple[str, str], AgreementOnPage]:
    """Return page and reference → every agreement on every page there has been, in order of reference and page."""
    return reader.lasting("places", lambda: {(one.page, one.reference): one for one in _places(reader)}, len)


def _places(reader: Reader) -> Iterator[AgreementOnPage]:
    rows = reader.rows(
        """
        select agreements.page, agreements.reference, agreements.standing, agreement_versions.ended,
          coalesce(pages.organisation, pages.key) as organisation, pages.first_seen as page_since, states.title,
          states.dsa_end, states.released_from, states.released_to, states.legal_bases as families, states.opt_outs,
          states.access_methods
        from agreements
        join pages on pages.key = agreements.page
        join agreement_versions on agreement_versions.id = agreements.version
        join states on states.id = agreement_versions.state
        order by agreements.reference, agreements.page
        """
    )
    for row in rows:
        lists = {name: _list(row[name]) for name in ("opt_outs", "access_methods")}
        yield AgreementOnPage(**row | lists | {"families": _families(row["families"] or "[]")})


@dataclass(frozen=True, slots=True)
class Holding:
    """A subject with every time in which it was listed, the earliest first, and who has it now, the latest first."""

    subject: Subject
    periods: Sequence[HeldPeriod]
    stretches: Sequence[tuple[HeldPeriod, str | None]]
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
    known = stretches(periods)
    return Holding(subject, periods, known, _holders(reader, periods, known))


def _periods(reader: Reader, subject: Subject) -> list[HeldPeriod]:
    rows = reader.rows(
        # Not at `last_seen`: that is when it was last there, and it may have stood until just before the next reading.
        # A period with neither a later state nor an end is not over: it is missing, and not yet believed.
        f"""
        select page, reference, name, printed, since, coalesce(next_seen, gone) as until,
          next_seen is null and gone is not null as ended
        from (
          select held.page, held.reference, held.{subject.key} as name, held.{subject.printed} as printed,
            held.first_seen as since, case when held.last_seen is not null then (
              select min(later.first_seen)
              from agreement_versions as later
              where later.reference = held.reference and later.page = held.page and later.first_seen > held.last_seen
            ) end as next_seen, case when held.last_seen is not null then (
              select ending.ended
              from agreements
              join agreement_versions as ending on ending.id = agreements.version
              where agreements.page = held.page and agreements.reference = held.reference
            ) end as gone
          {subject.rows}
        )
        order by since, reference, page
        """,
        subject.parameters,
    )
    return [HeldPeriod(**row) for row in rows]


def stretches(periods: Iterable[HeldPeriod]) -> list[tuple[HeldPeriod, str | None]]:
    """Return when agreements had it, on any page, under any name: the first period of each stretch, and its end.

    >>> old = HeldPeriod(page="a", reference="R", name="old", printed="Old", since="2021", until="2023", ended=False)
    >>> [(first.since, until) for first, until in stretches([old, old._replace(since="2023", until=None)])]
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


def _holders(
    reader: Reader, periods: Sequence[HeldPeriod], known: Sequence[tuple[HeldPeriod, str | None]]
) -> list[Holder]:
    places = {(period.page, period.reference) for period in periods if period.until is None}
    began = {first.reference: first for first, until in known if until is None}
    references = {period.reference for period in periods}
    rows = [place for place in read_places(reader).values() if place.standing and place.reference in references]
    # A page that was told as new was read from its first day on: what stood there then is as old as it looks.
    came = {row["page"] for row in reader.once("select page from changes where kind = 'organisation-added'")}
    page_since = {place.page: place.page_since for place in rows}
    holders = [
        Holder(
            organisation=place.organisation,
            page=place.page,
            reference=place.reference,
            title=place.title,
            since=first.since,
            or_before=first.page not in came and first.since <= page_since.get(first.page, ""),
            dsa_end=place.dsa_end,
            families=place.families,
            opt_outs=place.opt_outs,
            access_methods=place.access_methods,
        )
        for place in rows
        if (place.page, place.reference) in places and (first := began[place.reference])
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
