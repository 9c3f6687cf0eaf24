"""Questions: all by what they are about, and each with its answer in a sentence, drawn, as rows and as files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from diff.names import nearest
from diff.saying.english import plural
from scraper.text import cut
from scraper.times import as_text, read_time
from snapshots.browse.app import addresses
from snapshots.browse.app.kept import SMALL
from snapshots.browse.app.request import (
    MovedError,
    NotThereError,
    PageRequest,
    PageRoute,
    PageRows,
    Reader,
    files_beside,
    piece_of,
)
from snapshots.browse.parts.filters import basis_called, dataset_called, pages_called, reference_called
from snapshots.browse.parts.titles import first_datasets
from snapshots.browse.pictures.counts import bars_chart
from snapshots.browse.pictures.drawing import Chart
from snapshots.browse.questions.answer import AnswerRow, AskedQuestion, answer, bar_counts, in_order
from snapshots.browse.questions.cells import AnswerHead, cell, heads
from snapshots.sql.comments import QUESTIONS, CannedQuery, questions_by_group

ON_A_PAGE = 50
LONGEST_DESCRIPTION = 200
_BY_SLUG = {question.slug: question for question in QUESTIONS}


def questions(request: PageRequest) -> Mapping[str, Any]:
    """Return all questions by group."""
    return {
        "title": "Questions",
        "description": f"Questions to the {request.site.register}, each with its answer, as CSV and JSON too.",
        "lead": "Ready to be asked. Each page answers in a sentence and in rows, and says what they do not tell.",
        "groups": questions_by_group(),
    }


def question(request: PageRequest) -> Mapping[str, Any]:
    """Return what the page of one question shows."""
    asked, said, sentence, chart = _remembered(request)
    one, sort = asked.question, request.words.one("sort")
    address = addresses.question(one.slug)
    query = [(name, request.words.one(name).strip()) for name, _ in one.parameters]
    piece = piece_of(
        in_order(asked, sort),
        request.words,
        ON_A_PAGE,
        lambda start: addresses.with_query(address, [*query, ("sort", sort), ("start", start)]),
    )
    shown: Sequence[AnswerRow] = piece.pop("shown")
    named = _named(request.reader, asked.columns, shown)
    columns = heads(asked.columns, one.headings, named[0] if named else {})
    return {
        **piece,
        "title": one.title,
        "description": cut(f"{one.title}: {sentence}", LONGEST_DESCRIPTION),
        "question": one,
        "said": said,
        "answer": sentence,
        "chart": chart,
        "heads": [(*head, addresses.with_query(address, [*query, ("sort", _turned(head, sort))])) for head in columns],
        "sort": sort,
        "rows": [[cell(request.reader, head.column, row) for head in columns] for row in named],
        "fields": [(name, meaning, asked.values[name]) for name, meaning in one.parameters],
        "files": addresses.files(address, query),
        "feeds": addresses.feeds(_filter(asked)) if one.feed and not said else {},
        "changes": addresses.with_query("/", _filter(asked)),
        "in_tables": addresses.with_query(addresses.table(one.name), asked.values.items()),
        "canonical": addresses.with_query(address, query),
    }


def followed(request: PageRequest) -> tuple[str, str, list[tuple[str, str]]]:
    """Return what a question is called, its address, and the changes that may alter its answer; none of some."""
    asked, said, *_ = _remembered(request)
    one = asked.question
    query = [(name, request.words.one(name).strip()) for name, _ in one.parameters]
    changes = [] if said or not one.feed else _filter(asked)
    return one.title, addresses.with_query(addresses.question(one.slug), query), changes


def _named(reader: Reader, columns: Sequence[str], shown: Sequence[AnswerRow]) -> list[dict[str, Any]]:
    """Return rows by their columns, with the first dataset of an agreement without a title, which it is called by."""
    named = [dict(zip(columns, row, strict=True)) for row in shown]
    if not {"title", "reference"} <= set(columns):
        return named
    datasets = first_datasets(reader, (row["reference"] for row in named if not row["title"]))
    return [{"first_dataset": datasets.get(row["reference"]), **row} for row in named]


def rows_of_question(request: PageRequest) -> PageRows:
    """Return all rows of the answer, with the columns of the SQL."""
    asked = _remembered(request).asked
    rows = [dict(zip(asked.columns, row, strict=True)) for row in asked.rows]
    return PageRows(name=asked.question.slug, columns=asked.columns, rows=rows)


# --- asking -----------------------------------------------------------------------------------------------------------


class _Answered(NamedTuple):
    """An answer with all that is made of all its rows."""

    asked: AskedQuestion
    said: str
    """What is to be said of a name that nobody has."""
    sentence: str
    chart: Chart | None


_NAMED = {
    "basis": basis_called,
    "dataset": dataset_called,
    "organisation": pages_called,
    "reference": reference_called,
}
"""Parameter → the look-up of names that says whether it is known."""


def _remembered(request: PageRequest) -> _Answered:
    """Return the answer to the question at the address."""
    one = _asked_for(request.path["slug"])
    typed = tuple(request.words.one(name).strip() for name, _ in one.parameters)
    return request.reader.lasting(
        ("question", one.name, typed),
        lambda: _ask(request.reader, one, typed),
        lambda found: len(found.asked.rows) + SMALL,
    )


def _ask(reader: Reader, one: CannedQuery, typed: Sequence[str]) -> _Answered:
    defaults = {**_defaults(reader), **one.examples}
    values = {name: text or defaults.get(name, "") for (name, _), text in zip(one.parameters, typed, strict=True)}
    cursor = reader.db.execute(one.sql, values)
    columns = [column for column, *_ in cursor.description]
    said = "".join(look_up(reader, values.get(name, ""))[1] for name, look_up in _NAMED.items())
    asked = AskedQuestion(question=one, values=values, columns=columns, rows=cursor.fetchall())
    return _Answered(asked, said, said or answer(asked), _drawn(asked))


def _drawn(asked: AskedQuestion) -> Chart | None:
    counted = bar_counts(asked)
    if counted is None:
        return None
    by, drawn = counted.head
    name = f"{drawn} by {by.lower()}"
    chart = bars_chart([(label, (count,)) for label, count in counted.counts], (drawn,), name, name, by)
    note = f"{plural(counted.others, 'more is', 'more are')} in the rows." if counted.others else ""
    return replace(chart, key=(), note=note) if chart else None


def _asked_for(slug: str) -> CannedQuery:
    if slug in _BY_SLUG:
        return _BY_SLUG[slug]
    if (plain := slug.lower().replace("_", "-")) in _BY_SLUG:
        raise MovedError(addresses.question(plain))
    near = [(_BY_SLUG[one].title, addresses.question(one)) for one in nearest(plain, _BY_SLUG)]
    raise NotThereError("There is no such question.", near)


def _defaults(reader: Reader) -> dict[str, str]:
    """Return what is asked for where nothing is typed: twelve months back from the newest reading, and its month."""
    if not reader.newest:
        return {}
    since = as_text(read_time(reader.newest) - timedelta(days=365))[:10]
    return {"since": since, "month": reader.newest[:7]}


def _turned(head: AnswerHead, sort: str) -> str:
    """Return how the rows are sorted by the next click on a heading: numbers from the largest, then the other way."""
    first, other = (f"-{head.column}", head.column) if head.is_number else (head.column, f"-{head.column}")
    return other if sort == first else first


def _filter(asked: AskedQuestion) -> list[tuple[str, str]]:
    """Return the filter whose changes the rows are, as names and values of an address."""
    return [
        (name, asked.values.get(value[1:], "") if value.startswith(":") else value)
        for name, value in asked.question.feed
    ]


ROUTES = (
    PageRoute("/questions", questions, "questions.html", navigation="Questions"),
    *files_beside("/questions/{slug}", rows_of_question),
    PageRoute("/questions/{slug}", question, "question.html"),
)
