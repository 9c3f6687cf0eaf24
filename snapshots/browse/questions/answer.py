"""The answer to a question: its rows, the sentence that counts them, what is drawn of them, their order. Pure.

A question is asked once; all that its page says is counted from the rows that came.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.kinds import ChangeKind
from diff.saying.english import day, listed, month, plural, sentence_case
from scraper.names.fold import fold
from snapshots.sql.comments import CannedQuery

COUNTED = {"agreements": ("reference", "agreement"), "organisations": ("page", "organisation"),
           "datasets": ("dataset", "dataset")}  # fmt: skip
"""Word of a sentence → the column whose values it counts, and what one of them is called."""

MOST_BARS = 12
MOST_TIMES = 24

AnswerRow = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """A question with what was asked for and the rows that came."""

    question: CannedQuery
    values: Mapping[str, str]
    """Parameter → what is asked for."""
    columns: Sequence[str]
    rows: Sequence[AnswerRow]

    def column(self, name: str) -> list[Any]:
        """Return the values of a column, row by row; none where there is no such column."""
        if name not in self.columns:
            return []
        place = self.columns.index(name)
        return [row[place] for row in self.rows]


# --- the sentence -----------------------------------------------------------------------------------------------------


class _CountInWords(str):
    """A number, or a number with what it counts, that chooses between two forms of the words that go with it.

    >>> "{n} {n:stands|stand}, {n}".format(n=_CountInWords("1 flag", 1)), f"{_CountInWords('2 flags', 2):stands|stand}"
    ('1 flag stands, 1 flag', 'stand')
    """

    n: float

    def __new__(cls, said: str, n: float) -> "_CountInWords":
        counted = super().__new__(cls, said)
        counted.n = n
        return counted

    def __format__(self, forms: str) -> str:
        one, _, many = forms.partition("|")
        return (one if self.n == 1 else many) if forms else str(self)


class _SentenceWords(dict[str, Any]):
    """What a sentence may name, counted when it does."""

    def __init__(self, asked: AskedQuestion) -> None:
        super().__init__(first=_OfFirstRow(asked), total=_TotalOfColumn(asked), count=_RowsWith(asked))
        self._asked = asked

    def __missing__(self, name: str) -> str:
        if name == "rows":
            return _counted(len(self._asked.rows), *self._asked.question.counted)
        if name in self._asked.values:
            return _said(name, self._asked.values[name])
        column, one = COUNTED[name]
        found = {value for value in self._asked.column(column) if value is not None}
        return _counted(len({fold(value) for value in found} if name == "datasets" else found), one)


def _counted(n: int, *words: str) -> _CountInWords:
    return _CountInWords(plural(n, *words), n)


class _OfFirstRow(dict[str, str]):
    """Column → its value in the first row."""

    def __init__(self, asked: AskedQuestion) -> None:
        super().__init__(zip(asked.columns, map(_figure, asked.rows[0]), strict=True) if asked.rows else ())


class _TotalOfColumn(dict[str, str]):
    """Column → the sum of its numbers."""

    def __init__(self, asked: AskedQuestion) -> None:
        super().__init__()
        self._asked = asked

    def __missing__(self, column: str) -> str:
        return _figure(sum(value or 0 for value in self._asked.column(column)))


class _RowsWith(dict[str, str]):
    """Value → in how many rows it stands."""

    def __init__(self, asked: AskedQuestion) -> None:
        super().__init__()
        self._rows = asked.rows

    def __missing__(self, value: str) -> str:
        return _figure(sum(value in row for row in self._rows))


def _figure(value: Any) -> str:
    return _CountInWords(f"{value:,}", value) if isinstance(value, int | float) else str(value)


def _said(parameter: str, value: str) -> str:
    """Return what is asked for as a sentence says it.

    >>> _said("since", "2026-11-01"), _said("month", "2026-11"), _said("dataset", "HES"), _said("dataset", "")
    ('1 November 2026', 'November 2026', '“HES”', 'any dataset')
    """
    if not value:
        return f"any {parameter}"
    try:
        return month(value) if parameter == "month" else day(value) if parameter == "since" else f"“{value}”"
    except ValueError:
        return f"“{value}”"


def answer(asked: AskedQuestion) -> str:
    """Return the sentence that answers a question."""
    if not asked.rows:
        given = [_said(name, value) for name, value in asked.values.items() if value]
        return f"Nothing on the register answers this{f', asked for {listed(given)}' if given else ''}."
    return asked.question.answer.format_map(_SentenceWords(asked))


# --- what is drawn ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BarCounts:
    """What a drawing shows: labels with a number each, the largest first or in the order of time."""

    head: tuple[str, str]
    counts: Sequence[tuple[str, int]]
    others: int
    """How many labels are left out."""


def bar_counts(asked: AskedQuestion) -> BarCounts | None:
    """Return what is drawn of the rows; None where there are not two labels to compare."""
    if asked.question.bars is None:
        return None
    drawn, by = asked.question.bars
    unit, of, column = by.rpartition(" of ")
    labels = [_label(value, unit or by) for value in asked.column((column if of else by).replace(" ", "_"))]
    counts = _added(asked, drawn.replace(" ", "_"), labels)
    in_time = bool(unit) or by in ("year", "years")
    order = sorted(counts.items(), key=lambda one: _in_order(one, in_time=in_time))
    shown = order[-MOST_TIMES:] if in_time else order[:MOST_BARS]
    words = asked.question.counted[-1] if drawn == "rows" and len(asked.question.counted) > 1 else drawn
    head = ((unit or by).capitalize(), words.capitalize() if drawn != "rows" else _plain_plural(asked.question))
    return BarCounts(head, shown, len(order) - len(shown)) if len(shown) > 1 else None


def _plain_plural(question: CannedQuery) -> str:
    one = question.counted
    if one == ("row",):
        return "Agreements"
    return plural(2, *one).removeprefix("2 ").capitalize()


def _label(value: Any, unit: str) -> str | None:
    if value is None:
        return None
    if unit == "kind":
        return sentence_case(ChangeKind(value).row.heading)
    if isinstance(value, str):
        return value[: {"year": 4, "month": 7}.get(unit, 200)]
    return str(value)


def _added(asked: AskedQuestion, drawn: str, labels: Sequence[str | None]) -> Counter[str]:
    """Return label → the sum of a column, or how many rows or different agreements it has."""
    counts: Counter[str] = Counter()
    if drawn in asked.columns:
        for label, value in zip(labels, asked.column(drawn), strict=True):
            if label is not None:
                counts[label] += value or 0
        return counts
    what = asked.column("reference") if drawn == "agreements" else range(len(labels))
    counts.update(label for label, _ in set(zip(labels, what, strict=True)) if label is not None)
    return counts


def _in_order(one: tuple[str, int], *, in_time: bool) -> tuple[Any, ...]:
    label, count = one
    if not in_time:
        return (-count, fold(label))
    try:
        return (float(label.replace("-", ".")), label)
    except ValueError:
        return (0.0, label)


# --- the order --------------------------------------------------------------------------------------------------------


def in_order(asked: AskedQuestion, column: str) -> list[AnswerRow]:
    """Return the rows by a column, downwards where a minus stands before it; as they came if there is no such column.

    What is not printed comes last.
    """
    name = column.removeprefix("-")
    if name not in asked.columns:
        return list(asked.rows)
    place = asked.columns.index(name)
    known = [row for row in asked.rows if row[place] is not None]
    unknown = [row for row in asked.rows if row[place] is None]
    return sorted(known, key=lambda row: _comparable(row[place]), reverse=column.startswith("-")) + unknown


def _comparable(value: Any) -> tuple[int, Any]:
    return (0, value) if isinstance(value, int | float) else (1, fold(str(value)))
