"""What changed: the front page, run by run, and the same as CSV and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from diff.changes import ChangeKind, Severity
from snapshots.browse import addresses
from snapshots.browse.asked import Asked, BadAddressError, Page, Reply
from snapshots.browse.drawings import Month, chart_of, months_between
from snapshots.browse.finding import (
    EDITORIAL_ONLY,
    Condition,
    Filter,
    condition,
    count,
    filter_of,
    kind_in_words,
    load_changes,
)
from snapshots.browse.reader import Reader, Row
from snapshots.browse.rows import OfOrganisation, by_organisation, change_rows
from snapshots.browse.wording import day, days, month, number, plural
from snapshots.times import as_text, read_time

ENOUGH = 40
"""Changes on a page from which on no further run is begun."""
MOST_OF_A_RUN = 250
"""Changes of one run; the others stand on its own page."""
MONTHS = 24
SOON_DAYS = 90
SOON_LISTED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShown:
    """A run and what of its changes is shown."""

    run: Row
    changes: int
    editorial: int
    organisations: Sequence[OfOrganisation]
    left_out: int
    quiet: Sequence[str]
    """What is said of the runs between this one and the one shown before it."""


def front(asked: Asked) -> Mapping[str, Any]:
    """Return what the front page shows."""
    reader, given = asked.reader, filter_of(asked)
    wanted = condition(reader, given)
    runs = _runs_with(reader, wanted)
    start = _start(runs, reader, asked.words.number("before"))
    shown = _enough(runs[start:])
    older = runs[start + len(shown) :]
    at = f", up to {day(shown[0]['captured_at'])}" if start and shown else ""
    return {
        "title": f"Changes {given.in_words()}{at}" if given.narrows else f"What changed{at}",
        "heading": "What changed",
        "description": _description(asked, given, sum(run["changes"] for run in runs), at),
        "stand": wanted.unknown[0] if wanted.unknown else _stand(reader, given, runs, at),
        "filter": given,
        "kinds": [
            (kind.value, kind_in_words(kind)) for kind in ChangeKind if given.editorial or kind not in _EDITORIAL
        ],
        "severities": _severities(reader, given),
        "editorial": _editorial(reader, given),
        "runs": _shown(reader, wanted, shown, runs[:start], given),
        "after_quiet": _quiet_after(reader, given, shown, older),
        "older": _older(given, shown, older),
        "newer": addresses.with_query("/", given.query()) if start else None,
        "chart": chart_of(_months(reader, given)),
        "soon": _soon(reader),
        "files": {ending: addresses.with_query(f"/changes.{ending}", given.query()) for ending in ("csv", "json")},
        "canonical": addresses.with_query("/", given.query()) if not start else None,
    }


_EDITORIAL = frozenset(EDITORIAL_ONLY)


def _runs_with(reader: Reader, wanted: Condition) -> list[Row]:
    """Return the runs that have changes of the kind wanted, newest first, with how many."""
    return reader.rows(
        f"""
        select runs.id, runs.kind, runs.captured_at, runs.finished_at, runs.pages_read, runs.pages_failed,
          count(*) as changes
        from changes as c
        join runs on runs.id = c.run
        where {wanted.sql}
        group by runs.id
        order by runs.captured_at desc
        """,
        wanted.values,
    )


def _start(runs: Sequence[Row], reader: Reader, before: int | None) -> int:
    if before is None:
        return 0
    at = reader.value("select captured_at from runs where id = :id", {"id": before})
    if at is None:
        raise BadAddressError(f"There is no run {before}.")
    return sum(run["captured_at"] >= at for run in runs)


def _enough(runs: Sequence[Row]) -> list[Row]:
    shown: list[Row] = []
    for run in runs:
        if shown and sum(one["changes"] for one in shown) + run["changes"] > ENOUGH:
            break
        shown.append(run)
    return shown


def _shown(
    reader: Reader, wanted: Condition, runs: Sequence[Row], newer: Sequence[Row], given: Filter
) -> list[RunShown]:
    editorial = _editorial_by_run(reader, given, runs) if not given.editorial else {}
    shown = []
    last = newer[-1] if newer else None
    for run in runs:
        changes = load_changes(reader, wanted.more("c.run = :run", run=run["id"]), MOST_OF_A_RUN)
        shown.append(
            RunShown(
                run=run,
                changes=run["changes"],
                editorial=editorial.get(run["id"], 0),
                organisations=by_organisation(change_rows(reader, changes)),
                left_out=run["changes"] - len(changes),
                quiet=_quiet(reader, run["captured_at"], last["captured_at"] if last else None, given),
            )
        )
        last = run
    return shown


def _editorial_by_run(reader: Reader, given: Filter, runs: Sequence[Row]) -> dict[int, int]:
    if not runs:
        return {}
    wanted = condition(reader, Filter(**{**_fields(given), "editorial": True})).more(
        "not c.substantive and c.run in (select value from json_each(:runs))",
        runs=str([run["id"] for run in runs]),
    )
    rows = reader.rows(
        f"select c.run, count(*) as n from changes as c where {wanted.sql} group by c.run", wanted.values
    )
    return {row["run"]: row["n"] for row in rows}


def _fields(given: Filter) -> dict[str, Any]:
    return {name: getattr(given, name) for name in Filter.__dataclass_fields__}


# --- runs that told nothing -------------------------------------------------------------------------------------------


def _quiet(reader: Reader, after: str | None, before: str | None, given: Filter) -> list[str]:
    """Return what is said of the runs between two times that told nothing; of a narrowed list nothing can be said."""
    if given.narrows:
        return []
    rows = reader.rows(
        """
        select captured_at, kind, pages_read, pages_failed, pages_new
        from (
          select runs.*, (select count(*) from snapshots where snapshots.first_seen = runs.captured_at) as pages_new
          from runs
        ) as runs
        where state = 'committed' and captured_at > :after and captured_at < :before
          and not exists (select 1 from changes where changes.run = runs.id and substantive)
        order by captured_at
        """,
        {"after": after or "", "before": before or "9999"},
    )
    return [_said_of_quiet(rows)] if rows else []


def _said_of_quiet(rows: Sequence[Row]) -> str:
    when = days(rows[0]["captured_at"], rows[-1]["captured_at"])
    what = plural_run(rows)
    read = {row["pages_read"] for row in rows}
    failed = sum(row["pages_failed"] for row in rows)
    pages = f"all {read.pop():,} pages" if len(read) == 1 and not failed else "the pages"
    left = f"; {plural(failed, 'time a page', 'times a page')} could not be read" if failed else ""
    return f"{when}: {what} read {pages} and found nothing new{left}."


def plural_run(rows: Sequence[Row]) -> str:
    """Return how many runs, or imported editions, in words."""
    one = "run" if all(row["kind"] == "run" for row in rows) else "edition"
    return f"{number(len(rows))} {one}{'' if len(rows) == 1 else 's'}"


def _quiet_after(reader: Reader, given: Filter, shown: Sequence[Row], older: Sequence[Row]) -> list[str]:
    if shown and older:
        return _quiet(reader, older[0]["captured_at"], shown[-1]["captured_at"], given)
    if given.narrows:
        return []
    first = reader.row(
        "select captured_at, pages_read from runs where state = 'committed' order by captured_at limit 1"
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
    words = f"{count(sum(run['changes'] for run in older))} up to {day(older[0]['captured_at'])}"
    query = [*given.query(), ("before", str(shown[-1]["id"]))]
    return {"words": words, "address": addresses.with_query("/", query)}


# --- sentences and counts ---------------------------------------------------------------------------------------------


def _stand(reader: Reader, given: Filter, runs: Sequence[Row], at: str) -> str:
    if given.narrows:
        found = sum(run["changes"] for run in runs)
        where = f", first seen in {plural(len(runs), 'reading')} of the register" if found else ""
        return f"{plural(found, 'change')} {given.in_words()}{where}."
    if not reader.newest:
        return "Nothing has been read yet."
    if at:
        return f"Changes first seen{at.removeprefix(',')}, the latest first."
    this = reader.newest[:7]
    (facts,) = reader.rows(
        """
        select count(*) as runs, sum(kind != 'run') as editions,
          (select count(*) from changes as c where c.member_of is null and c.substantive and not c.withdrawn
            and c.first_seen like :month) as changes,
          (select count(*) from changes as c where c.member_of is null and c.substantive and not c.withdrawn
            and c.severity = 'high' and c.first_seen like :month) as high,
          (select count(distinct run) from changes as c where c.member_of is null and c.substantive
            and c.first_seen like :month) as telling
        from runs
        where state = 'committed' and captured_at like :month
        """,
        {"month": f"{this}%"},
    )
    if not facts["changes"]:
        earlier = f" The latest change was first seen on {day(runs[0]['captured_at'])}." if runs else ""
        return f"No changes so far in {month(this)}, in {number(facts['runs'])} {_runs_or_editions(facts)}.{earlier}"
    seen = f"seen in {number(facts['telling'])} of {number(facts['runs'])} {_runs_or_editions(facts)}"
    high = f" {number(facts['high'], capital=True)} {'is' if facts['high'] == 1 else 'are'} of high severity."
    return f"{count(facts['changes'])} so far in {month(this)}, {seen}.{high if facts['high'] else ''}"


def _runs_or_editions(facts: Row) -> str:
    one = "edition" if facts["editions"] == facts["runs"] else "run"
    return one if facts["runs"] == 1 else f"{one}s"


def _description(asked: Asked, given: Filter, found: int, at: str) -> str:
    if given.narrows:
        return f"{count(found)} {given.in_words()}{at}, in the {asked.site.register}: with before and after."
    return (
        f"The latest changes in the {asked.site.register}{at}: datasets, legal bases, terms and controllers, with "
        "before and after."
    )


def _severities(reader: Reader, given: Filter) -> list[dict[str, Any]]:
    """Return the choice of least severities, each with how many changes it would show."""
    wanted = condition(reader, Filter(**{**_fields(given), "severity": ""}))
    rows = reader.rows(
        f"select c.severity, count(*) as n from changes as c where {wanted.sql} group by c.severity", wanted.values
    )
    counts = {row["severity"]: row["n"] for row in rows}
    choices = (("", "All", tuple(Severity)), ("medium", "Medium and high", _MEDIUM), ("high", "High", _HIGH))
    return [
        {
            "name": name,
            "count": sum(counts.get(one, 0) for one in which),
            "address": addresses.with_query("/", given.query(severity=least)),
            "current": given.severity == least or (least == "" and given.severity in ("low", "info")),
        }
        for least, name, which in choices
    ]


_HIGH = (Severity.HIGH,)
_MEDIUM = (Severity.HIGH, Severity.MEDIUM)


def _editorial(reader: Reader, given: Filter) -> int:
    wanted = condition(reader, Filter(**{**_fields(given), "editorial": True})).more("not c.substantive")
    return int(reader.value(f"select count(*) as n from changes as c where {wanted.sql}", wanted.values))


def _months(reader: Reader, given: Filter) -> list[Month]:
    """Return the counts of the newest months, whatever time is asked for."""
    if not reader.newest:
        return []
    timeless = {"since": "", "until": "", "since_time": None, "until_time": None}
    wanted = condition(reader, Filter(**{**_fields(given), **timeless})).more("not c.withdrawn")
    rows = reader.rows(
        f"""
        select substr(c.first_seen, 1, 7) as month, count(*) as changes, sum(c.severity = 'high') as high
        from changes as c
        where {wanted.sql}
        group by month
        """,
        wanted.values,
    )
    counted = {row["month"]: row for row in rows}
    first = reader.value("select min(first_seen) as at from snapshots") or reader.newest
    return [
        Month(month=one, changes=counted[one]["changes"], high=counted[one]["high"])
        if one in counted
        else Month(month=one, changes=0, high=0)
        for one in months_between(first[:7], reader.newest[:7])[-MONTHS:]
    ]


def _soon(reader: Reader) -> dict[str, Any]:
    """Return the printed ends of the next days, as of the newest run; an end printed as a month is its last day."""
    if not reader.newest:
        return {"ends": [], "count": 0}
    today = reader.newest[:10]
    until = as_text(read_time(today) + timedelta(days=SOON_DAYS))[:10]
    ends = reader.rows(
        """
        select states.dsa_end, agreements.page, pages.organisation, agreements.reference
        from agreements
        join pages on pages.slug = agreements.page
        join agreement_versions on agreement_versions.id = agreements.version
        join states on states.id = agreement_versions.state
        where agreements.standing
          and case length(states.dsa_end) when 7 then date(states.dsa_end || '-01', '+1 month', '-1 day')
            else states.dsa_end end between :today and :until
        order by states.dsa_end, pages.organisation, agreements.reference
        """,
        {"today": today, "until": until},
    )
    return {"ends": ends[:SOON_LISTED], "count": len(ends)}


# --- files ------------------------------------------------------------------------------------------------------------


def changes_csv(asked: Asked) -> Reply:
    """Return the changes that are asked for as CSV."""
    return Reply(
        body=asked.site.to_csv(_asked_for(asked), COLUMNS).encode(),
        content_type="text/csv; charset=utf-8",
        name="changes.csv",
    )


def changes_json(asked: Asked) -> Reply:
    """Return the changes that are asked for as JSON."""
    return Reply(body=asked.site.to_json(_asked_for(asked)).encode(), content_type="application/json; charset=utf-8")


def _asked_for(asked: Asked) -> list[Row]:
    wanted = condition(asked.reader, filter_of(asked))
    if wanted.unknown:
        raise BadAddressError(wanted.unknown[0])
    return [{name: change[name] for name in COLUMNS} for change in load_changes(asked.reader, wanted)]


COLUMNS = tuple(
    "id kind severity substantive organisation page reference title field before after added removed families summary "
    "first_seen run snapshot_before snapshot_after group agreements withdrawn".split()
)
"""The public form of a change (docs/records.md)."""

PAGES = (
    Page("/", front, "front.html", navigation="What changed"),
    Page("/changes.csv", changes_csv),
    Page("/changes.json", changes_json),
)
