"""What changed: the front page, run by run, and the same as CSV and JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from markupsafe import Markup

from diff.change import PUBLIC
from diff.kinds import ChangeKind
from diff.saying.english import day, days, month, number, number_of, plural
from diff.severity import Severity
from scraper.times import as_text, read_time
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    BadAddressError,
    PageRequest,
    PageRoute,
    PageRows,
    Reader,
    Row,
    files_beside,
    lasting,
)
from snapshots.browse.beside.differences import edition_held
from snapshots.browse.parts.clock import is_over
from snapshots.browse.parts.filters import Filter, asked_for, condition, filter_of, known_condition, unknown_name
from snapshots.browse.parts.rows import ChangeRow, by_organisation, change_rows
from snapshots.browse.pictures.counts import MonthCount, Trend, months_chart, trend_line
from snapshots.browse.pictures.drawing import Chart, months_between, with_files
from snapshots.browse.pictures.figures import trends

ENOUGH = 40
"""Changes on a page from which on no further run is begun."""
MOST_OF_A_RUN = 250
"""Changes of one run; the others stand on its own page."""
MONTHS = 24
SOON_DAYS = 90
SOON_LISTED = 6


class Count(NamedTuple):
    """How many changes are alike in what the page counts by."""

    run: int
    first_seen: str
    severity: str
    substantive: int
    withdrawn: int
    n: int


class Counts:
    """How many changes there are of every time, severity and weight, read once: all that the page counts is in it."""

    def __init__(self, reader: Reader, given: Filter) -> None:
        # Whatever severity and time are asked for: the choices beside them say what they would show.
        every = replace(given, severity="", since="", until="", since_time=None, until_time=None, editorial=True)
        wanted = condition(reader, every)
        rows = reader.once(
            f"""
            select c.run, c.first_seen, c.severity, c.substantive, c.withdrawn, count(*) as n
            from changes as c
            where {wanted.sql}
            group by c.run, c.first_seen, c.severity, c.substantive, c.withdrawn
            """,
            wanted.values,
        )
        self.all = [Count(*row.values()) for row in rows]
        self._given = given

    def fitting(self, *, of_any_severity: bool = False, of_any_time: bool = False) -> list[Count]:
        """Return those that are as severe, and as new and old, as asked for, editorial ones too."""
        given = self._given
        least = Severity(given.severity).rank if given.severity and not of_any_severity else len(Severity)
        since, until = ("", "~") if of_any_time else (given.since_time or "", given.until_time or "~")
        return [
            count for count in self.all if Severity(count.severity).rank <= least and since <= count.first_seen <= until
        ]

    def listed(self, **leaving_out: bool) -> list[Count]:
        """Return those of them that are listed: editorial ones only where they are asked for."""
        return [count for count in self.fitting(**leaving_out) if self._given.editorial or count.substantive]


def front(request: PageRequest) -> Mapping[str, Any]:
    """Return what the front page shows."""
    reader, given = request.reader, filter_of(request)
    counts = Counts(reader, given)
    runs = _runs_with(reader, counts)
    start = _start(runs, reader, request.words.number("before"))
    shown = _enough(runs[start:])
    older = runs[start + len(shown) :]
    at = f", up to {day(shown[0]['captured_at'])}" if start and shown else ""
    editorial = Counter[int]()
    for count in counts.fitting():
        editorial[count.run] += 0 if count.substantive else count.n
    return {
        "title": f"Changes {given.in_words(reader)}{at}" if given.narrows else f"What changed{at}",
        "heading": "What changed",
        "description": _description(request, given, sum(run["changes"] for run in runs), at),
        "lead": unknown_name(reader, given) or _lead(request, counts, given, runs, at),
        "filter": given,
        "kinds": [(kind.value, kind.row.heading) for kind in ChangeKind if given.editorial or not kind.row.editorial],
        "severities": _severities(counts, given),
        "editorial": editorial.total(),
        "runs": list(_shown(reader, given, shown, runs[:start], editorial)),
        "after_quiet": _quiet_after(reader, given, shown, older),
        "older": _older(given, shown, older),
        "newer": addresses.with_query("/", given.query()) if start else None,
        "chart": _chart(request, counts, given),
        "figures": _figures(reader) if not given.narrows else [],
        "figure_files": addresses.picture("figures"),
        "soon": _soon(reader),
        "everything": addresses.feeds_of_everything(request.site.feeds_url),
        "feeds": addresses.feeds(given.query()),
        "files": addresses.files("/changes", given.query()),
        "canonical": addresses.with_query("/", given.query()) if not start else None,
    }


def _runs_with(reader: Reader, counts: Counts) -> list[Row]:
    """Return the runs that have changes of the kind wanted, newest first, with how many."""
    found = Counter[int]()
    for count in counts.listed():
        found[count.run] += count.n
    rows = reader.rows(
        """
        select id, kind, captured_at, finished_at, pages_read, pages_failed
        from page_runs as runs
        where id in (select value from json_each(:ids))
        order by captured_at desc
        """,
        {"ids": json.dumps(list(found))},
    )
    return [row | {"changes": found[row["id"]]} for row in rows]


def _start(runs: Sequence[Row], reader: Reader, before: int | None) -> int:
    if before is None:
        return 0
    at = reader.value("select captured_at from runs where id = :id", {"id": before})
    if at is None:
        raise BadAddressError(f"There is no run {before}.")
    return sum(run["captured_at"] >= at for run in runs)


def _enough(runs: Sequence[Row]) -> Sequence[Row]:
    n = 0
    for shown, run in enumerate(runs):
        n += run["changes"]
        # The first run is shown whole, however many changes it has: a page without one would lead nowhere.
        if shown and n > ENOUGH:
            return runs[:shown]
    return runs


def _shown(
    reader: Reader, given: Filter, runs: Sequence[Row], newer: Sequence[Row], editorial: Mapping[int, int]
) -> Iterator[Mapping[str, Any]]:
    """Yield each run with what of its changes is shown, and what is said of the runs between it and the one before."""
    # Asked for at once: more than fit on a page are those of one run alone.
    of_these = condition(reader, given).more(
        "c.run in (select value from json_each(:runs))", runs=json.dumps([run["id"] for run in runs])
    )
    listed: dict[int, list[ChangeRow]] = {}
    for row in change_rows(reader, reader.answers.changes.find_where(of_these, limit=MOST_OF_A_RUN)):
        listed.setdefault(row.change.run, []).append(row)
    last = newer[-1]["captured_at"] if newer else None
    for run in runs:
        rows = listed.get(run["id"], [])
        yield {
            "run": run,
            "changes": run["changes"],
            "editorial": 0 if given.editorial else editorial[run["id"]],
            "organisations": by_organisation(rows),
            "left_out": run["changes"] - len(rows),
            "quiet": _quiet(reader, run["captured_at"], last, given),
        }
        last = run["captured_at"]


# --- runs that told nothing -------------------------------------------------------------------------------------------


def _quiet(reader: Reader, after: str | None, before: str | None, given: Filter) -> list[str]:
    """Return what is said of the runs between two times that told nothing; of a narrowed list nothing can be said."""
    if given.narrows:
        return []
    rows = reader.rows(
        """
        select captured_at, kind, pages_read, pages_failed
        from page_runs as runs
        where state = 'committed' and captured_at > :after and captured_at < :before
          and not exists (select 1 from changes where changes.run = runs.id and substantive)
        order by captured_at
        """,
        {"after": after or "", "before": before or "9999"},
    )
    if not rows:
        return []
    read, failed = {row["pages_read"] for row in rows}, sum(row["pages_failed"] for row in rows)
    what = "run" if all(row["kind"] == "run" for row in rows) else "edition"
    runs = number_of(len(rows), what, capital=False)
    pages = f"all {read.pop():,} pages" if len(read) == 1 and not failed else "the pages"
    left = f"; {plural(failed, 'time a page', 'times a page')} could not be read" if failed else ""
    when = days(rows[0]["captured_at"], rows[-1]["captured_at"])
    return [f"{when}: {runs} read {pages} and found nothing new{left}."]


def _quiet_after(reader: Reader, given: Filter, shown: Sequence[Row], older: Sequence[Row]) -> list[str]:
    if shown and older:
        return _quiet(reader, older[0]["captured_at"], shown[-1]["captured_at"], given)
    if given.narrows:
        return []
    first = reader.row(
        "select captured_at, pages_read from page_runs as runs where state = 'committed' order by captured_at limit 1"
    )
    if first is None:
        return ["No page has been read yet."]
    quiet = _quiet(reader, first["captured_at"], shown[-1]["captured_at"] if shown else None, given)
    return [
        *quiet,
        f"{day(first['captured_at'])}: the first reading, of {plural(first['pages_read'], 'page')}. What they said is "
        "the baseline and no news.",
    ]


def _older(given: Filter, shown: Sequence[Row], older: Sequence[Row]) -> dict[str, str] | None:
    if not older:
        return None
    words = f"{plural(sum(run['changes'] for run in older), 'change')} up to {day(older[0]['captured_at'])}"
    query = [*given.query(), ("before", str(shown[-1]["id"]))]
    return {"words": words, "address": addresses.with_query("/", query)}


# --- sentences and counts ---------------------------------------------------------------------------------------------


def _lead(request: PageRequest, counts: Counts, given: Filter, runs: Sequence[Row], at: str) -> str:
    reader = request.reader
    if given.narrows:
        found = sum(run["changes"] for run in runs)
        where = f", first seen in {plural(len(runs), 'reading')} of the register" if found else ""
        return f"{plural(found, 'change')} {given.in_words(reader)}{where}."
    if not reader.newest:
        return "Nothing has been read yet."
    if at:
        return f"Changes first seen{at.removeprefix(',')}, the latest first."
    this = reader.newest[:7]
    (facts,) = reader.rows(
        """
        select count(*) as runs, iif(count(*) = sum(kind != 'run'), 'edition', 'run') as word
        from page_runs as runs
        where state = 'committed' and captured_at >= :month
        """,
        {"month": this},
    )
    of_all = number_of(facts["runs"], facts["word"], capital=False)
    told = [count for count in counts.all if count.substantive and count.first_seen.startswith(this)]
    changes = sum(count.n for count in told if not count.withdrawn)
    severe = sum(count.n for count in told if not count.withdrawn and count.severity == Severity.HIGH)
    so_far = "in" if is_over(request.site, this) else "so far in"
    if not changes:
        earlier = f" The latest change was first seen on {day(runs[0]['captured_at'])}." if runs else ""
        return f"No changes {so_far} {month(this)}, in {of_all}.{earlier}"
    high = f" {number(severe, capital=True)} {'is' if severe == 1 else 'are'} of high severity." if severe else ""
    telling = len({count.run for count in told})
    seen_in = of_all if telling == facts["runs"] else f"{number(telling)} of {of_all}"
    return f"{plural(changes, 'change')} {so_far} {month(this)}, seen in {seen_in}.{high}"


def _description(request: PageRequest, given: Filter, found: int, at: str) -> str:
    if given.narrows:
        asked = f"{plural(found, 'change')} {given.in_words(request.reader)}{at}"
        return f"{asked}, in the {request.site.register}: with before and after."
    return (
        f"The latest changes in the {request.site.register}{at}: datasets, legal bases, terms and controllers, with "
        "before and after."
    )


def _severities(counts: Counts, given: Filter) -> list[dict[str, Any]]:
    """Return the choice of least severities, each with how many changes it would show."""
    found = Counter[str]()
    for count in counts.listed(of_any_severity=True):
        found[count.severity] += count.n
    choices = (("", "All", len(Severity)), ("medium", "Medium and high", 2), ("high", "High", 1))
    return [
        {
            "name": name,
            "count": sum(found[severity] for severity in list(Severity)[:most]),
            "address": addresses.with_query("/", given.query(severity=least)),
            "current": given.severity == least or (least == "" and given.severity in ("low", "info")),
        }
        for least, name, most in choices
    ]


def changes_by_month(request: PageRequest) -> Chart | None:
    """Return the drawing of the changes that are asked for."""
    given = filter_of(request)
    if said := unknown_name(request.reader, given):
        raise BadAddressError(said)
    return _chart(request, Counts(request.reader, given), given)


@lasting
def _figures(reader: Reader) -> list[tuple[Trend, Markup]]:
    return [(trend, trend_line(trend)) for trend in trends(reader)]


def _chart(request: PageRequest, counts: Counts, given: Filter) -> Chart | None:
    """Return the counts of the newest months, whatever time is asked for."""
    reader = request.reader
    if not reader.newest:
        return None
    # The same on each page of a list.
    so_far = not is_over(request.site, reader.newest[:7])
    key = ("changes by month", *given.query(), so_far)
    return reader.lasting(key, lambda: _drawn(reader, counts, given, so_far=so_far))


def _drawn(reader: Reader, counts: Counts, given: Filter, *, so_far: bool) -> Chart | None:
    changes, high = Counter[str](), Counter[str]()
    for count in counts.listed(of_any_time=True):
        if not count.withdrawn:
            changes[count.first_seen[:7]] += count.n
            high[count.first_seen[:7]] += count.n if count.severity == Severity.HIGH else 0
    first = reader.value("select min(first_seen) as at from snapshots") or reader.newest
    months = months_between(first[:7], reader.newest[:7])[-MONTHS:]
    filtered = ", as filtered" if given.narrows else ""
    caption = f"Changes by the month in which they were first seen{filtered}. A register-wide change counts once."
    counted = [MonthCount(when, changes[when], high[when]) for when in months]
    chart = months_chart(counted, caption, is_over=not so_far)
    return with_files(chart, "changes-by-month", given.query())


def _soon(reader: Reader) -> dict[str, Any]:
    """Return the ends of the next days, as of the newest run; an end printed as a month is its last day.

    Where an official edition is held, the end of an agreement is that of the newest version.
    """
    official = edition_held(reader) is not None
    if not reader.newest:
        return {"ends": [], "count": 0, "official": official}
    today = reader.newest[:10]
    until = as_text(read_time(today) + timedelta(days=SOON_DAYS))[:10]
    if official:
        ends = reader.once(
            """
            select dsa_end, page, organisation, reference
            from expiring_soon
            where last_day between :today and :until
            order by last_day, organisation, reference
            """,
            {"today": today, "until": until},
        )
        return {"ends": ends[:SOON_LISTED], "count": len(ends), "official": True}
    ends = reader.rows(
        """
        select states.dsa_end, agreements.page, pages.organisation, agreements.reference
        from states
        cross join agreement_versions on agreement_versions.state = states.id
        cross join agreements on agreements.version = agreement_versions.id and agreements.standing
        cross join pages on pages.key = agreements.page
        where states.dsa_end between :month and :until  -- a month comes before its days
          and case length(states.dsa_end) when 7 then date(states.dsa_end || '-01', '+1 month', '-1 day')
            else states.dsa_end end between :today and :until
        order by states.dsa_end, pages.organisation, agreements.reference
        """,
        {"today": today, "month": today[:7], "until": until},
    )
    return {"ends": ends[:SOON_LISTED], "count": len(ends), "official": False}


# --- files ------------------------------------------------------------------------------------------------------------


def changes(request: PageRequest) -> PageRows:
    """Return the changes that are asked for."""
    found = request.reader.answers.changes.find_where(known_condition(request.reader, asked_for(request)))
    return PageRows(name="changes", columns=PUBLIC, rows=(change.to_json() for change in found))


ROUTES = (
    PageRoute("/", front, "front.html", navigation="What changed"),
    *files_beside("/changes", changes),
)
