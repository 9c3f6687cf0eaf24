"""The picture of one agreement's term and releases: the official term where one is held, else the printed one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from diff.saying.english import day, number_of
from scraper.times import same_date
from snapshots.asking.official import called_version
from snapshots.browse.parts.versions import Version
from snapshots.browse.pictures.drawing import Chart, Span
from snapshots.browse.pictures.spans import apparent_months, term_chart

_Rows = list[tuple[str, str]]


def term_and_window(
    line: Sequence[Version], version: Version, official: Mapping[str, Any] | None, last_read: str
) -> Chart | None:
    """Return a drawing of a term and of releases with what is said of it; None where there is nothing to draw.

    Args:
        line: The states of the agreement, in order of time.
        version: The state that is shown.
        official: What the official register holds of it, as `show` says it.
        last_read: When its page was last read.
    """
    record = version.agreement
    releases = (record.released_from, record.released_to) if record.released_from and record.released_to else None
    held = [one for one in (official or {}).get("versions", ()) if one["dsa_start"] and one["dsa_end"]]
    if official and held:
        called = called_version(held[0]["version"], official["edition"])
        chart, more = _official(version, held, called, releases, last_read), _Rows()
        rows = [(f"Official start, {called}", held[0]["dsa_start"]), (f"Official end, {called}", held[0]["dsa_end"])]
        rows += _as_printed(version)
    else:
        chart, rows, more = _printed(line, version, releases, last_read)
    rows += [
        ("First month of the release window", record.released_from or "none printed"),
        ("Last month of the release window", record.released_to or "none printed"),
    ]
    return chart and replace(chart, rows=[*rows, *more, ("Last read", last_read[:10])])


def _official(
    version: Version, held: Sequence[Mapping[str, Any]], called: str, releases: Span | None, last_read: str
) -> Chart | None:
    """Return the drawing with the terms of all versions that are *held*, the newest first."""
    printed, newest = version.agreement.dsa_end, held[0]
    differs = printed if printed and not same_date(printed, newest["dsa_end"]) else None
    return term_chart(
        term=(newest["dsa_start"], newest["dsa_end"]),
        earlier=[(one["dsa_start"], one["dsa_end"]) for one in held[1:]],
        releases=releases,
        apparent=[],
        was=(differs, f"printed end: {differs}") if differs else None,
        last_read=last_read,
        official=called,
    )


def _printed(
    line: Sequence[Version], version: Version, releases: Span | None, last_read: str
) -> tuple[Chart | None, _Rows, _Rows]:
    """Return the drawing with the printed term, which may be that of an earlier version, and what its table says."""
    record = version.agreement
    term = (record.dsa_start, record.dsa_end) if record.dsa_start and record.dsa_end else None
    printing = [one for one in line if "dsa_end" not in one.agreement.unprinted]
    ends = [(one.first_seen, one.agreement.dsa_end) for one in printing]
    changed = next((n for n in range(len(ends) - 1, 0, -1) if ends[n - 1][1] != ends[n][1]), None)
    until, was_end = (day(ends[changed][0]), ends[changed - 1][1]) if changed else ("", None)
    apparent = apparent_months(releases, ends) if releases and releases[0] <= releases[1] else []
    was = (was_end, f"end printed until {until}: {was_end}") if was_end else None
    chart = term_chart(term=term, releases=releases, apparent=apparent, was=was, last_read=last_read)
    rows = [*_as_printed(version), *([(f"Printed end until {until}", was_end)] if was_end else [])]
    more = [("Months after the end printed at the time", str(len(apparent)))]
    return chart and replace(chart, note=_apparent_note(apparent)), rows, more


def _as_printed(version: Version) -> _Rows:
    record = version.agreement
    return [("Printed start", record.dsa_start or "none printed"), ("Printed end", record.dsa_end or "none printed")]


def _apparent_note(months: Sequence[str]) -> str:
    if not months:
        return ""
    which = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    lay = f"{number_of(len(months), 'release month')}, {which},"
    return (
        f"{lay} lay after the end printed at the time. This is apparent only: the page prints the term of the first "
        "version it holds, and pools the releases of all versions."
    )
