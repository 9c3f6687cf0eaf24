"""How a backfill is told on a terminal, in the voice of an import: values go in, text comes out."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cron.terminal.news import changes_by_kind, notice_lines, troubles
from cron.terminal.style import NARROWEST, fact_lines, paint, wrap
from diff.change import Change
from diff.saying.english import plural, weekday
from scraper.text import clean

MOST_NAMED = 3
"""Captures that are refused for the same reason and named; of more the first ones are, and a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillReport:
    """What a backfill did, as far as a reader wants to know."""

    read: int
    """Captures of organisations' pages that were found."""
    kept: int
    known: int
    passed: Mapping[str, int]
    """Why → how many, of what is no capture of an organisation's page."""
    refused: Sequence[tuple[str, str]]
    """Place and reason."""
    editions: int
    times: Sequence[str]
    """First and last time of capture of what was kept; nothing if nothing was."""
    changes: Sequence[Change] = ()
    """Those found now that were not known before, the editorial too."""
    notices: Sequence[str] = ()
    held: Sequence[tuple[int, str]] = ()
    """Number and reason of editions that are not believed."""


def render_backfill(report: BackfillReport, *, width: int = 80, colour: bool = False) -> str:
    """Return what a backfill did: captures, editions, refusals, changes by kind, and what needs a person."""
    width = max(width, NARROWEST)
    lines = [paint("Backfill", "underline", colour), ""]
    counts = {"read": report.read, "kept": report.kept, "known": report.known, "refused": len(report.refused)}
    lines += fact_lines("Captures", "    ".join(f"{word} {n:,}" for word, n in counts.items()), width, colour)
    if report.passed:
        lines += fact_lines("Passed over", _in_numbers(report.passed), width, colour)
    if report.times:
        first, last = (weekday(time) for time in (report.times[0], report.times[-1]))
        span = f"of {first}" if first == last else f"from {first} to {last}"
        lines += fact_lines("Editions", f"{report.editions:,}, {span}", width, colour)
    lines.append("")
    if report.refused:
        lines += [*troubles("refused", list(_shortened(report.refused)), width, colour), ""]
    if report.kept:
        lines += _changes(report, width, colour)
        lines += notice_lines(report.notices, width)
    else:
        lines.append("These captures are known already; nothing to add.")
    lines += _needs(report, width, colour)
    return "\n".join(lines) + "\n"


def _in_numbers(passed: Mapping[str, int]) -> str:
    """Return how many of what, the most frequent first.

    >>> _in_numbers({"redirect": 2, "another site": 10})
    '10 of another site, 2 redirects'
    """
    of = ("another site", "another page of the register")
    ordered = sorted(passed.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number:,} of {why}" if why in of else plural(number, why) for why, number in ordered)


def _changes(report: BackfillReport, width: int, colour: bool) -> Iterator[str]:
    yield from changes_by_kind(report.changes, width, colour)
    if any(change.substantive for change in report.changes):
        yield ""
        yield "Nobody is told of these changes: they lie in the past."


def _shortened(refused: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the refused, but of many with the same reason the first ones and how many more there are."""
    left: Counter[str] = Counter(reason for _, reason in refused)
    named: defaultdict[str, int] = defaultdict(int)
    for place, reason in refused:
        if named[reason] < MOST_NAMED or left[reason] == MOST_NAMED + 1:
            named[reason] += 1
            yield place, reason
    for reason, number in left.items():
        if number > named[reason]:
            yield f"and {number - named[reason]:,} more", reason


def _needs(report: BackfillReport, width: int, colour: bool) -> Iterator[str]:
    """Say what needs a person."""
    if report.refused:
        others = " The others were taken." if report.kept else ""
        sentence = f"{plural(len(report.refused), 'capture')} could not be taken.{others}"
        yield ""
        yield from (paint(line, "bold", colour) for line in wrap(sentence, width))
    if report.held:
        yield ""
        yield paint(f"{plural(len(report.held), 'edition')} held", "bold red", colour)
        for run, reason in report.held:
            yield from (f"  {line}" for line in wrap(f"Run {run}: {clean(reason)}", width - 2))
