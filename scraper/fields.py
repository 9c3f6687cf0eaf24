"""What there is to know of a field of the record, once: `Field`, the row of a table that `records.Agreement` is.

How a page prints it, how two pages are compared in it, what it is called, what it means, how it is kept. Reading,
comparing, wording, the database, exports, pages and docs/records.md ask the row and not the field's name, so that a new
field is a new row (docs/howto.md). How a label's text is taken apart is in `reading.values`, which kind of change
matters how much in `diff.kinds`.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

LAYOUTS = ("L0", "L1", "L2", "L3", "L4")
"""The generations of the site's markup, 2017 to 2025 on. A page is of one of them."""

WORKBOOKS = ("W1", "W2")
"""The shapes of the official register's workbook, to the middle of 2021 and since."""


class Sort(Enum):
    """What a value is, and so how it is kept, exported and shown."""

    TEXT = auto()
    """Words on a line or a few, kept where they stand."""
    PROSE = auto()
    """A section. The same text stands on many agreements, so it is kept once, as a row of `texts`."""
    SET = auto()
    """Values between commas; order and repeats mean nothing."""
    LIST = auto()
    """Values on lines of their own; a set all the same."""
    CITATIONS = auto()
    """Legal bases: id, family and the text that gave them."""
    DATE = auto()
    """A day or a month, as precise as printed."""
    MONTH = auto()
    FLAG = auto()
    """Yes or no, as our own reading; what the page answers with yes and no can be both, and is a set."""
    LINES = auto()
    """Label and text as they stood."""
    ROWS = auto()
    """Rows of datasets, each with attributes of its own."""
    COUNTS = auto()
    """Month and number."""


class Comparing(Enum):
    """How what was believed is compared with what is printed (`diff.deciding.compare` has the rule for each)."""

    NEVER = auto()
    TEXT = auto()
    """By its folded words."""
    SET = auto()
    """Told as a whole: what came replaces what went."""
    NAMES = auto()
    """Told name by name; names have aliases and successors."""
    ADDITIONS = auto()
    """Only what comes is news."""
    CITATIONS = auto()
    """By canonical ids."""
    TERM = auto()
    """With the other printed date, as far as both are precise."""
    REMARK = auto()
    """A word in place of a date with the term, everything else by itself."""
    WINDOW = auto()
    """With the other month of the release window."""
    BESIDE_NAMES = auto()
    """A single value that is told by itself only where the names that it is about stay."""
    ROWS = auto()
    """Row by row, where what all rows have together stays as it is."""
    COUNTS = auto()
    """By the months that were counted before: new ones are told with the release window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A row of the table."""

    name: str = ""
    """As in the record, in `states` and in an export."""
    sort: Sort
    meaning: str
    """A sentence for who reads a column of `states`; where that says "JSON list", others say "list"."""
    layouts: Sequence[str]
    """Those that print it. Elsewhere it is not empty but unknown, and not compared (rule 5)."""
    label: str
    """What stands before it on a page; empty for what has no label."""
    older: Mapping[str, str]
    """Layout → its label there, where that is another one."""
    part: str
    """Which part of that line it is, for docs/records.md."""
    choices: Sequence[str]
    """All values it can have, where these are few."""
    rare: bool
    """Whether most agreements are without, so that its absence is not worth a word, nor its label's a notice."""
    comparing: Comparing
    kind: str
    """The kind of change by which it is told as a whole; empty where `comparing` knows several."""
    called: str
    """Its name in a sentence; empty for what no sentence is about."""
    heading: str
    """Its name on the agreement's page. Fields of one heading stand there together."""
    short: str
    """Its name where there is little room: at the head of a change, in a subject."""

    def label_in(self, layout: str) -> str:
        """Return the label before it on pages of *layout*; empty where that does not print it."""
        return self.older.get(layout, self.label) if layout in self.layouts else ""


ROW = "row"
"""Where a dataclass's field keeps its row."""


def about(
    sort: Sort,
    meaning: str,
    *,
    layouts: str = "L0 L1 L2 L3 L4",
    workbooks: str = "",
    label: str = "",
    older: Mapping[str, str] | None = None,
    part: str = "",
    choices: Sequence[str] = (),
    rare: bool = False,
    comparing: Comparing = Comparing.NEVER,
    kind: str = "",
    called: str = "",
    heading: str | None = None,
    short: str | None = None,
) -> dict[str, Field]:
    """Return a row as the metadata of a dataclass's field; the arguments are those of `Field`.

    A heading that is not given is the name in a sentence, a short name the heading.
    """
    return {
        ROW: Field(
            sort=sort,
            meaning=meaning,
            layouts=(*layouts.split(), *workbooks.split()),
            label=label,
            older=older or {},
            part=part,
            choices=choices,
            rare=rare,
            comparing=comparing,
            kind=kind,
            called=called,
            heading=called if heading is None else heading,
            short=short or heading or called,
        )
    }


def row(sort: Sort, meaning: str, **facts: Any) -> Any:
    """Return a field that is None where it is not printed, with its row (`about`)."""
    return dataclasses.field(default=None, metadata=about(sort, meaning, **facts))


def rows_of(record: type) -> Iterator[Field]:
    """Yield the rows of a dataclass, in its order; what has none is no part of the public record."""
    for one in dataclasses.fields(record):
        if ROW in one.metadata:
            yield dataclasses.replace(one.metadata[ROW], name=one.name)
