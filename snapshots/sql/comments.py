"""What the comments of the SQL say: what each table holds, what each column means, and questions ready to be asked.

What is true of a column stands beside it in the file that makes it, and is read from there: for `docs/schema.md`, for
the pages of the tables and for exports; what a field of an agreement means stands in `scraper.records`. A test compares
all this with the tables and columns that there are.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import groupby, takewhile

from scraper.records import FIELDS, SECTIONS
from snapshots.sql.steps import NOT_SHOWN

_FOLDER = resources.files("snapshots.sql")


def _files(folder: Traversable) -> list[tuple[str, str]]:
    """Return name and text of the files of SQL in a folder, in the order of their names."""
    found = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted((file.name, file.read_text(encoding="utf-8")) for file in found)


# --- tables and columns -----------------------------------------------------------------------------------------------

_STATEMENT = re.compile(
    r"(?P<above>(?:^-- .*\n)*)"
    r"^(?:create (?:virtual )?(?P<sort>table|view)|alter table) (?P<name>\w+)"
    r"(?: add column| rename column (?P<old>\w+) to)?"
    r"(?P<body>.*\n(?:(?!create |alter |-- ).+\n)*)",
    re.MULTILINE,
)
_COLUMN = re.compile(
    r"^ +(?!-- )(?P<sql>\S.*?)[,;]?(?:  |\n    )-- (?P<meaning>.*(?:\n    -- .*)*)$"
    r"|^  (?P<table>\w+)\.(?P<same>\w+),?$",
    re.MULTILINE,
)
"""A column with its meaning at the end of the line or on lines under it; or, in a view, one of a table as it is."""


def _first_sentence(comment: str) -> str:
    r"""Return what a comment above a table says first: what the table holds. Reasons come after it.

    >>> _first_sentence("-- Every organisation's page. There is one for each\n-- slug.\n")
    "Every organisation's page."
    """
    words = re.sub(r"\s*(?:^|\n)-- ", " ", comment).strip()
    return re.split(r"(?<=\.)\s", words, maxsplit=1)[0]


def _read() -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    descriptions = {"_sqlite_migrations": "Which steps of the schema this file has gone through."}
    of_fields = {name: one.meaning for name, one in FIELDS.items()}
    shown = {name: meaning for name, meaning in of_fields.items() if name not in NOT_SHOWN}
    meanings: dict[str, dict[str, str]] = {
        "states": of_fields | {name: of_fields[name].replace(";", ", a row of texts;") for name in SECTIONS},
        "current_agreements": dict(shown),
        "printed_versions": dict(shown),
    }
    files = dict(_files(_FOLDER))
    # In the order in which they are executed: what a step adds comes after the table, a view after all it shows.
    for name in sorted(files, key=lambda name: (name == "views.sql", name)):
        for statement in _STATEMENT.finditer(files[name]):
            columns = meanings.setdefault(statement["name"], {})
            columns.pop(statement["old"], None)
            for column in _COLUMN.finditer(statement["body"]):
                if column["same"]:
                    columns[column["same"]] = meanings[column["table"]][column["same"]]
                else:
                    words = re.findall(r"\w+", column["sql"])
                    columns[words[-1 if statement["sort"] == "view" else 0]] = column["meaning"].replace(
                        "\n    -- ", " "
                    )
            if statement["sort"] and statement["above"]:
                descriptions[statement["name"]] = _first_sentence(statement["above"])
    # Its table is made by sqlite-utils.
    meanings["_sqlite_migrations"] = {
        "id": "Number of the step.",
        "migration_set": "Whose steps: registerwatch.",
        "name": "Name of a step of the schema that this file has gone through.",
        "applied_at": "When that was.",
    }
    return descriptions, meanings


DESCRIPTIONS, MEANINGS = _read()
"""Table or view → what it holds, in a sentence; table or view → column → meaning."""


# --- questions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedQuery:
    """A question that is ready to be asked: `name` is its address below the database's."""

    name: str
    title: str
    group: str
    description: str
    """What it answers, and what it cannot."""
    answer: str
    """The sentence that answers it, with counts of its rows in braces and the words that go with one or with several of
    them: `{agreements} {agreements:lists|list} it`."""
    counted: tuple[str, ...]
    """What a row is, one and several: `("change", "changes")`."""
    bars: tuple[str, str] | None
    """What is drawn, and by which column: `("agreements", "dataset")`; "rows" counts them."""
    feed: tuple[tuple[str, str], ...]
    """Names and values of the filter whose changes its rows are; `:since` stands for what is asked for."""
    examples: Mapping[str, str]
    """Parameter → what its page asks for where nothing is typed."""
    headings: Mapping[str, str]
    """Column → what it is called, where that is not its name."""
    parameters: tuple[tuple[str, str], ...]
    """Name and meaning of each, with its default."""
    sql: str

    @property
    def slug(self) -> str:
        """The last part of the address of its page."""
        return self.name.replace("_", "-")


_FACTS = ("Group", "Answer", "Rows", "Bars", "Feed", "Example")
"""What the head of a question says by name, beside title and description: `-- Bars: agreements by dataset`."""


def _question(file: str, text: str) -> CannedQuery:
    head = list(takewhile(lambda line: line.startswith("-- "), text.splitlines()))
    said = [line.removeprefix("-- ") for line in head]
    facts = {name: words for name, colon, words in (line.partition(": ") for line in said) if colon and name in _FACTS}
    named = [tuple(line.split("  ", 1)) for line in said if line[:1] in (":", ".") and "  " in line]
    words = [line for line in said[1:] if line.partition(": ")[0] not in _FACTS and line[:1] not in (":", ".")]
    if not words or not {"Group", "Answer"} <= facts.keys():
        raise ValueError(f"questions/{file}: no title, group, description and answer above the SQL")
    drawn, by, column = facts.get("Bars", "").partition(" by ")
    return CannedQuery(
        name=file.removesuffix(".sql").partition("_")[2],
        title=said[0].removesuffix("."),
        group=facts["Group"],
        description=" ".join(words),
        answer=facts["Answer"],
        counted=tuple(facts.get("Rows", "row").split(", ")),
        bars=(drawn, column) if by else None,
        feed=tuple(_pair(pair) for pair in facts.get("Feed", "").split()),
        examples=dict(_pair(pair) for pair in facts.get("Example", "").split()),
        headings={name[1:]: called for name, called in named if name[0] == "."},
        parameters=tuple((name[1:], meaning) for name, meaning in named if name[0] == ":"),
        sql="\n".join(text.splitlines()[len(head) :]).strip(),
    )


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


QUESTIONS = tuple(_question(*file) for file in _files(_FOLDER / "questions"))
"""Every question, in the order of the numbers of their files."""


def questions_by_group() -> Sequence[tuple[str, Sequence[CannedQuery]]]:
    """Return the questions under what they are about."""
    return [(group, list(found)) for group, found in groupby(QUESTIONS, key=lambda question: question.group)]
