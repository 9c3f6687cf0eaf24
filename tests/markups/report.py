"""The figures: how the markups are read, for `make bench` and for `python -m tests.markups`."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.markups import program, register
from tests.markups.judge import MISREAD, REFUSED, RIGHT, SAID, Reading, judge_reading
from tests.markups.sites.markups import MARKUPS, UNFORESEEN, Markup

Row = tuple[str, ...]


def read(markup: Markup) -> Reading:
    """Return the verdict over the small register in one markup."""
    made_up = register.small()
    with TemporaryDirectory() as folder:
        return judge_reading(markup, made_up, program.parse(markup.pages(made_up), Path(folder)))


def readings(markups: Iterable[Markup] = (*MARKUPS, *UNFORESEEN)) -> list[Reading]:
    """Return the verdict over each markup."""
    return [read(markup) for markup in markups]


def passes(markup: Markup, reading: Reading) -> bool:
    """Return whether the reading is a good answer: right, or where nothing is promised anything but a misreading."""
    return reading.outcome == RIGHT if markup.foreseen else reading.outcome != MISREAD


def markup_rows(given: list[Reading]) -> list[Row]:
    """Return a row for each generator, how its markups are read, and the total."""
    outcomes = (RIGHT, SAID, REFUSED, MISREAD)
    by_generator: dict[str, Counter[str]] = {}
    for reading in given:
        by_generator.setdefault(reading.markup.split("+")[0], Counter())[reading.outcome] += 1
    total = sum(by_generator.values(), Counter())
    rows = [(name, *(str(counts[outcome]) for outcome in outcomes)) for name, counts in by_generator.items()]
    return [("markup", *outcomes), *rows, ("all", *(str(total[outcome]) for outcome in outcomes))]


def write(rows: list[Row]) -> str:
    """Return rows as a table of plain text."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
