"""The tables that an export has: their columns, what these mean, and how their rows are read."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_type_hints

from diff.change import PUBLIC, Change
from diff.details import Details, Families, Value
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.fields import Sort
from scraper.names.vocabulary import Vocabulary
from scraper.records import FIELDS, SECTIONS
from snapshots.keeping.states import CHANGES, PLAIN_COLUMNS, PROSE_IDS, PROSE_JOINS, change_of, prose_columns
from snapshots.sql.comments import MEANINGS
from snapshots.sql.rows import Database

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its type is text, integer, boolean, time, date, month, list (of texts) or any."""

    name: str
    type: str
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of an export."""

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    refers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Column → table and column where its value stands."""
    rows: Callable[[Database, Vocabulary], Iterator[Row]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in order."""
        return tuple(column.name for column in self.columns)


def rows_of(table: Table, db: Database, vocabulary: Vocabulary) -> Iterator[dict[str, Any]]:
    """Yield the rows of *table*, values as they are, in the order of its columns and of its key."""
    # One at a time: the prose of a whole register is more than a machine should hold.
    for row in table.rows(db, vocabulary):
        yield {column.name: _value(column.type, row[column.name]) for column in table.columns}


def _value(type_: str, kept: Any) -> Any:
    if kept is None:
        return None
    if type_ == "list":
        return json.loads(kept) if isinstance(kept, str) else list(kept)
    return bool(kept) if type_ == "boolean" else kept


# --- columns ----------------------------------------------------------------------------------------------------------


def _meaning(table: str, column: str) -> str:
    return MEANINGS[table][column].replace("JSON list", "list")


def _columns(table: str, **types: str) -> tuple[Column, ...]:
    """Return columns that mean what those of the database do; a type that ends in "!" is never empty."""
    return tuple(
        Column(name=name, type=type_.rstrip("!"), meaning=_meaning(table, name), required=type_.endswith("!"))
        for name, type_ in types.items()
    )


_TYPES = {
    Sort.TEXT: "text",
    Sort.SET: "list",
    Sort.LIST: "list",
    Sort.DATE: "date",
    Sort.MONTH: "month",
    Sort.FLAG: "boolean",
}
_PLACE = (
    Column(name="page", type="text", meaning="Slug of the page, a row of organisations.", required=True),
    Column(name="reference", type="text", meaning=_meaning("agreements", "reference"), required=True),
)
_ORGANISATION = Column(name="organisation", type="text", meaning="Name in the page's heading when it was last read.")


def _fields() -> Iterator[Column]:
    """Yield the fields of an agreement, without its reference and its prose."""
    for name, one in FIELDS.items():
        if one.sort is Sort.CITATIONS:
            meaning = "Canonical ids of the legal bases, a list; null where the page prints none."
            yield Column(name=name, type="list", meaning=meaning)
            yield Column(name=f"{name}_printed", type="list", meaning="The texts that gave them, in the same order.")
        elif one.sort in _TYPES and name != "reference":
            yield Column(name=name, type=_TYPES[one.sort], meaning=_meaning("states", name))


_SEEN = (
    Column(name="first_seen", type="time", meaning="Time of the first run that saw it.", required=True),
    Column(name="last_seen", type="time", meaning="Time of the last run that saw it.", required=True),
)
_CURRENT = Column(
    name="current", type="boolean", meaning="Whether it still stood when the page was last read.", required=True
)

# --- rows -------------------------------------------------------------------------------------------------------------


def _all(sql: str) -> Callable[[Database, Vocabulary], Iterator[Row]]:
    def rows(db: Database, _: Vocabulary) -> Iterator[Row]:
        return iter(db.query(sql))

    return rows


def _one_by_one(keys: str, sql: str) -> Callable[[Database, Vocabulary], Iterator[Row]]:
    """Return how rows with prose are read: first which, in order, then each for itself.

    In *sql*, {state} stands for the fields of a state but for its prose, {texts} or {hashes} for its prose, {joins} for
    the tables with it.
    """
    # Sorted all at once, their prose would go through a temporary file.
    one = sql.format(state=PLAIN_COLUMNS, joins=PROSE_JOINS, texts=prose_columns(), hashes=prose_columns("hash"))

    def rows(db: Database, _: Vocabulary) -> Iterator[Row]:
        for key in list(db.query(keys)):
            for row in db.query(one, dict(key)):
                bases = json.loads(row["legal_bases"]) if row["legal_bases"] else None
                ids = None if bases is None else [basis["id"] for basis in bases]
                printed = None if bases is None else [basis["printed"] for basis in bases]
                yield {**row, "legal_bases": ids, "legal_bases_printed": printed}

    return rows


def _agreements() -> Table:
    prose = (Column(name=one, type="text", meaning=_meaning("current_agreements", one)) for one in SECTIONS)
    return Table(
        name="agreements",
        title="Agreements that stand on the register's pages, as last seen",
        columns=(*_PLACE, _ORGANISATION, *_fields(), *prose, *_SEEN),
        key=("page", "reference"),
        refers={"page": ("organisations", "page")},
        rows=_one_by_one(
            "select page, reference, version from agreements where standing order by page, reference",
            """
            select {state}, pages.key as page, pages.organisation, pages.last_seen,
              (
                select min(first_seen) from agreement_versions
                where agreement_versions.page = :page and agreement_versions.reference = :reference
              ) as first_seen, {texts}
            from agreement_versions
            join states on states.id = agreement_versions.state
            join pages on pages.key = agreement_versions.page
            {joins}
            where agreement_versions.id = :version
            """,
        ),
    )


def _versions() -> Table:
    prose = (
        Column(name=one, type="text", meaning=_meaning("current_agreements", one).replace(";", ", a row of texts;"))
        for one in SECTIONS
    )
    ended = _columns("agreement_versions", ended="time")
    snapshot = Column(
        name="snapshot", type="text", meaning="SHA-256 of the page that first printed this state.", required=True
    )
    return Table(
        name="agreement_versions",
        title="Every state in which an agreement was seen, and from when to when",
        columns=(*_PLACE, *_SEEN, _CURRENT, *ended, snapshot, *_fields(), *prose),
        key=("page", "reference", "first_seen"),
        refers={"page": ("organisations", "page")} | dict.fromkeys(SECTIONS, ("texts", "text_id")),
        rows=_one_by_one(
            "select id from agreement_versions order by page, reference, first_seen, id",
            """
            select {state}, agreement_versions.page, agreement_versions.first_seen,
              coalesce(agreement_versions.last_seen, pages.last_seen) as last_seen,
              agreement_versions.last_seen is null as current, agreement_versions.ended, snapshots.body as snapshot,
              {hashes}
            from agreement_versions
            join states on states.id = agreement_versions.state
            join pages on pages.key = agreement_versions.page
            join snapshots on snapshots.id = agreement_versions.snapshot
            {joins}
            where agreement_versions.id = :id
            """,
        ),
    )


def _text_rows(db: Database, _: Vocabulary) -> Iterator[Row]:
    # Texts of refused or discarded states are left out: nothing that is exported names them.
    keys = db.query(
        f"""
        select distinct texts.id, texts.hash
        from agreement_versions
        join states on states.id = agreement_versions.state
        join texts on texts.id in ({PROSE_IDS})
        order by texts.hash
        """
    )
    for key in list(keys):
        yield from db.query("select hash as text_id, text from texts where id = :id", {"id": key["id"]})


_TEXTS = Table(
    name="texts",
    title="The prose of the states of agreements, each text once",
    columns=(
        Column(name="text_id", type="text", meaning=_meaning("texts", "hash"), required=True),
        Column(name="text", type="text", meaning=_meaning("texts", "text"), required=True),
    ),
    key=("text_id",),
    rows=_text_rows,
)


def _organisations() -> Table:
    page = Column(name="page", type="text", meaning=_meaning("pages", "slug"), required=True)
    standing = Column(
        name="standing", type="boolean", meaning="Whether the page is believed to be on the register.", required=True
    )
    return Table(
        name="organisations",
        title="The register's pages, one for each organisation, those that went among them",
        columns=(
            page,
            *_columns(
                "pages", organisation="text", layout="text", files_disseminated="integer", flags="list!",
                agreements="integer!", first_seen="time", last_seen="time",
            ),
            standing,
        ),
        key=("page",),
        rows=_all("select key as page, pages.* from pages order by key"),
    )  # fmt: skip


def _dataset_rows(db: Database, vocabulary: Vocabulary) -> Iterator[Row]:
    newest = cache(vocabulary.dataset_canonical)
    for row in db.query(_PERIODS.format(table="agreement_datasets", columns="dataset")):
        yield {**row, "newest_name": newest(row["dataset"])}


_PERIODS = """
    select {table}.page, {table}.reference, {columns}, {table}.first_seen,
      coalesce({table}.last_seen, pages.last_seen) as last_seen, {table}.last_seen is null as current
    from {table}
    join pages on pages.key = {table}.page
    order by {table}.page, {table}.reference, 3, {table}.first_seen
    """


def _periods(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    *,
    table: str,
    rows: Callable[[Database, Vocabulary], Iterator[Row]] | None = None,
) -> Table:
    """Return a table of what stood on an agreement, and from when to when."""
    return Table(
        name=name,
        title=title,
        columns=(*_PLACE, *columns, *_SEEN, _CURRENT),
        key=("page", "reference", columns[0].name, "first_seen"),
        refers={"page": ("organisations", "page")},
        rows=rows or _all(_PERIODS.format(table=table, columns=", ".join(column.name for column in columns))),
    )


_NEWEST_NAME = Column(name="newest_name", type="text", meaning="The newest name known of this dataset.", required=True)

_TYPES_OF_A_CHANGE = {
    str: "text!", str | None: "text", ChangeKind: "text!", Severity: "text!", bool: "boolean!", int: "integer!",
    tuple[str, ...]: "list!", Value: "any", Families | None: "any", Details: "any!",
}  # fmt: skip
_CHANGE_MEANINGS = {
    "substantive": "Whether people are told; false for an editorial change.",
    "page": "Slug of the page, a row of organisations; of a change of the official register (`source` in the details) "
    "that of its agreement, which has no row there.",
    "before": "What was printed: a value, a list, or prose; null where there is none.",
    "after": "What is printed now; as before.",
    "families": "For legal bases the families that came and those that went, as an object; else null.",
    "details": "Facts that the summary says and no other column has, as an object; docs/records.md names them.",
    "group": "The change's own id if it has members, such as the same edit on many agreements; else null.",
    "withdrawn": "Whether it was delivered and is no longer found.",
}


def _change_rows(db: Database, _: Vocabulary) -> Iterator[Row]:
    for key in list(db.query("select id from changes order by first_seen, id")):
        for change in map(change_of, db.query(f"{CHANGES} where c.id = :id", dict(key))):
            yield {**change.to_json(), "member_of": change.member_of}


def _changes() -> Table:
    hints = get_type_hints(Change)
    types = {name: _TYPES_OF_A_CHANGE[hints[name]] for name in PUBLIC} | {"first_seen": "time!"}
    columns = [
        Column(
            name=name,
            type=type_.rstrip("!"),
            meaning=_CHANGE_MEANINGS.get(name) or _meaning("changes", name),
            required=type_.endswith("!"),
        )
        for name, type_ in types.items()
    ]
    member = Column(name="member_of", type="text", meaning="The group that the change belongs to; null for others.")
    return Table(
        name="changes",
        title="Every change that was found, editorial ones and members of groups among them",
        columns=(*columns, member),
        key=("id",),
        refers={"member_of": ("changes", "id")},
        rows=_change_rows,
    )


_NOTES = Table(
    name="change_notes",
    title="What the operator remarked on changes",
    columns=_columns("change_notes", number="integer!", change_id="text!", made_at="time!", text="text!"),
    key=("number",),
    refers={"change_id": ("changes", "id")},
    rows=_all("select * from change_notes order by number"),
)


def _snapshots() -> Table:
    return Table(
        name="snapshots",
        title="The kept versions of the pages, and from when to when each was seen",
        columns=(
            _PLACE[0],
            Column(name="sha256", type="text", meaning=_meaning("bodies", "sha256"), required=True),
            Column(name="size", type="integer", meaning=_meaning("bodies", "size"), required=True),
            Column(name="address", type="text", meaning=_meaning("snapshots", "source"), required=True),
            *_columns(
                "snapshots", captured_at="time!", first_seen="time!", second_seen="time", last_seen="time!",
                layout="text!",
            ),
            Column(
                name="stale",
                type="boolean",
                meaning="Whether it is an older copy, from another address or shown again: it starts no change.",
                required=True,
            ),
        ),
        key=("page", "first_seen"),
        refers={"page": ("organisations", "page")},
        rows=_all(
            """
            select snapshots.*, snapshots.body as sha256, snapshots.source as address, bodies.size as size
            from snapshots
            join bodies on bodies.sha256 = snapshots.body
            order by snapshots.page, snapshots.first_seen, snapshots.id
            """
        ),
    )  # fmt: skip


TABLES: tuple[Table, ...] = (
    _organisations(),
    _agreements(),
    _versions(),
    _TEXTS,
    _periods(
        "datasets",
        "Datasets of the agreements, and from when to when each was seen",
        (*_columns("agreement_datasets", dataset="text!"), _NEWEST_NAME),
        table="agreement_datasets",
        rows=_dataset_rows,
    ),
    _periods(
        "legal_bases",
        "Legal bases of the agreements, and from when to when each was seen",
        _columns("agreement_legal_bases", basis="text!", family="text!", printed="text!"),
        table="agreement_legal_bases",
    ),
    _periods(
        "controllers",
        "Data controllers of the agreements, and from when to when each was seen",
        _columns("agreement_controllers", controller="text!"),
        table="agreement_controllers",
    ),
    _changes(),
    _NOTES,
    _snapshots(),
)
"""What an export holds, each once as CSV and once as JSON lines."""
