"""The figures: how markups are read and what is told of histories, for `make bench` and `python -m tests.markups`."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.markups import program, register
from tests.markups.judge import MISREAD, REFUSED, RIGHT, SAID, Reading, judge_reading
from tests.markups.sites.markups import MARKUPS, UNFORESEEN, Markup
from tests.markups.told.cases import HISTORIES
from tests.markups.told.expect import History
from tests.markups.told.judging import EXACT, FALSE, HELD, INEXACT, MISSED, Verdict, judge

Row = tuple[str, ...]


def read(markup: Markup) -> Reading:
    """Return the verdict over the small register in one markup."""
    made_up = register.small()
    with TemporaryDirectory() as folder:
        return judge_reading(markup, made_up, program.parse(markup.pages(made_up), Path(folder)))


def follow(history: History) -> Verdict:
    """Return the verdict over one history."""
    with TemporaryDirectory() as folder:
        return judge(history, Path(folder))


def report(
    markups: Iterable[Markup] = (*MARKUPS, *UNFORESEEN), histories: Iterable[History] = HISTORIES.values()
) -> list[list[Row]]:
    """Return three tables: how markups are read, what is told by kind, and the totals; each with a row of headings."""
    readings = [read(markup) for markup in markups]
    verdicts = [follow(history) for history in histories]
    return [markup_rows(readings), kind_rows(verdicts), total_rows(readings, verdicts)]


def passes(markup: Markup, reading: Reading) -> bool:
    """Return whether the reading is a good answer: right, or where nothing is promised anything but a misreading."""
    return reading.outcome == RIGHT if markup.foreseen else reading.outcome != MISREAD


def markup_rows(readings: list[Reading]) -> list[Row]:
    """Return a row for each generator, how its markups are read, and the sum."""
    outcomes = (RIGHT, SAID, REFUSED, MISREAD)
    counts: dict[str, Counter[str]] = {}
    for reading in readings:
        counts.setdefault(reading.markup.split("+")[0], Counter())[reading.outcome] += 1
    counts["all"] = sum(counts.values(), Counter())
    return [("markup", *outcomes), *((name, *(str(of[one]) for one in outcomes)) for name, of in counts.items())]


def kind_rows(verdicts: list[Verdict]) -> list[Row]:
    """Return a row for each kind of change: told exactly, missed, false, inexact; with them recall and precision."""
    counts: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        for kind, outcomes in verdict.kinds.items():
            counts.setdefault(kind, Counter()).update(outcomes)
    rows = [_kind_row(kind, counts[kind]) for kind in sorted(counts)]
    return [
        ("kind", EXACT, MISSED, FALSE, INEXACT, "recall", "precision"),
        *rows,
        _kind_row("all", sum(counts.values(), Counter())),
    ]


def _kind_row(kind: str, of: Counter[str]) -> Row:
    demanded, told = of[EXACT] + of[MISSED] + of[INEXACT], of[EXACT] + of[FALSE] + of[INEXACT]
    shares = (_share(of[EXACT], demanded), _share(of[EXACT], told))
    return (kind, *(str(of[one]) for one in (EXACT, MISSED, FALSE, INEXACT)), *shares)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def total_rows(readings: list[Reading], verdicts: list[Verdict]) -> list[Row]:
    """Return the totals that a reader looks for first."""
    totals = {
        "markups": len(readings),
        "misread in silence": sum(reading.outcome == MISREAD for reading in readings),
        "histories": len(verdicts),
        "histories told exactly": sum(verdict.good for verdict in verdicts),
        "nights held": sum(verdict.outcomes[HELD] for verdict in verdicts),
        "pages refused": sum(verdict.outcomes[REFUSED] for verdict in verdicts),
        "held or refused otherwise than demanded": sum(verdict.misjudged for verdict in verdicts),
    }
    return [("total", "number"), *((name, str(number)) for name, number in totals.items())]


def write(rows: list[Row]) -> str:
    """Return rows as a table of plain text."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
