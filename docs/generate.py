"""Write what docs/ takes from the code: cli.md, settings.md, schema.md, parts of architecture.md and other pages.

`python docs/generate.py [FOLDER]` writes into FOLDER instead; a test does that and compares.
"""

import ast
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from itertools import takewhile
from pathlib import Path

import click

from cron.cli import cli
from cron.settings.load import (
    PREFIX,
    SECTIONS,
    SUBSCRIPTIONS,
    in_toml,
    settings_template,
    variable,
)
from cron.settings.sections import SubscriptionSettings
from diff.kinds import ChangeKind
from diff.severity import STANDS_FOR
from docs.examples import example
from docs.manual import as_json, as_page, contents, manual_names
from docs.texts import SITE, as_template
from scraper.fields import LAYOUTS, Comparing, Field, Sort
from scraper.records import FIELDS, VERSION_FIELDS, Agreement
from snapshots.keeping.store import open_store
from snapshots.sql.comments import MEANINGS

ROOT = Path(__file__).parents[1]
PACKAGES = ("scraper", "diff", "snapshots", "notify", "cron")
GENERATED = "<!-- Written by `make docs`; do not edit. -->"


def cli_page() -> str:
    """Return every command's own help, as it prints it."""
    lines = ["# Commands", "", GENERATED, "", *_fenced(_help(cli, "registerwatch"))]
    for name in sorted(cli.commands):
        lines += ["", f"## {name}", "", *_fenced(_help(cli.commands[name], f"registerwatch {name}"))]
        lines += _subcommands(cli.commands[name], name)
    return "\n".join(lines) + "\n"


def _subcommands(command: click.Command, name: str) -> Iterator[str]:
    """Yield the help of the commands of a group, each under a heading of its own."""
    for own, inner in sorted(command.commands.items()) if isinstance(command, click.Group) else ():
        yield from ("", f"### {name} {own}", "", *_fenced(_help(inner, f"registerwatch {name} {own}")))


def _help(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    return command.get_help(context)


def _fenced(text: str) -> list[str]:
    return ["```", *(line.rstrip() for line in text.splitlines()), "```"]


def settings_page() -> str:
    """Return every setting with its default, its environment variable and its meaning."""
    lines = [
        "# Settings",
        "",
        GENERATED,
        "",
        "Settings stand in `registerwatch.toml` in the current directory, or in the file named by `--config`.",
        f"What the environment says (`{PREFIX}…`) goes before the file, and options go before both.",
        "Relative paths count from the folder of the settings file; paths given as options from the current directory.",
        "A key or variable that nobody knows is refused, with the nearest known one if one is near.",
    ]
    for name, section in SECTIONS.items():
        lines += ["", f"## [{name}]", "", str(section.__doc__), ""]
        lines += ["| key | default | environment | meaning |", "|---|---|---|---|"]
        for key, row in section.rows().items():
            default = "none" if row.default is None else f"`{in_toml(row.default)}`"
            lines.append(f"| `{key}` | {default} | `{variable(f'{name}.{key}')}` | {row.meaning} |")
    lines += [
        "",
        f"## [[{SUBSCRIPTIONS}]]",
        "",
        *(line.strip() for line in str(SubscriptionSettings.__doc__).splitlines()),
    ]
    lines += ["", "| key | default | example | meaning |", "|---|---|---|---|"]
    for key, row in SubscriptionSettings.rows().items():
        default = "none" if row.default in (None, (), ...) else f"`{in_toml(row.default)}`"
        example = "" if row.example is None else f"`{in_toml(row.example)}`"
        lines.append(f"| `{key}` | {default} | {example} | {row.meaning} |")
    lines += ["", "## The file that `registerwatch init` writes", "", "```toml", settings_template().rstrip(), "```"]
    return "\n".join(lines) + "\n"


def schema_page() -> str:
    """Return every table, view and column of a new database, with its meaning."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        open_store(path).close()
        database = sqlite3.connect(path)
        try:
            return "\n".join(_schema_lines(database)) + "\n"
        finally:
            database.close()


def _schema_lines(database: sqlite3.Connection) -> Iterator[str]:
    yield from ("# The database", "", GENERATED, "")
    yield "One SQLite file. Times are ISO 8601 in UTC, printed dates as precise as they are printed."
    shadows = "select name from pragma_table_list where type = 'shadow'"
    for name, kind in database.execute(
        f"""
        select name, type from sqlite_master
        where type in ('table', 'view') and name not like 'sqlite_%' and name not in ({shadows})
        order by type, name
        """
    ).fetchall():
        yield from ("", f"## {name}" + (" (view)" if kind == "view" else ""), "")
        yield from ("| column | type | | meaning |", "|---|---|---|---|")
        meanings = MEANINGS.get(name, {})
        foreign = {row[3]: f"→ `{row[2]}`" for row in database.execute(f'pragma foreign_key_list("{name}")')}
        for _, column, type_, not_null, _, key in database.execute(f'pragma table_info("{name}")'):
            marks = ", ".join(
                filter(None, ["key" * bool(key), "not null" * bool(not_null and not key), foreign.get(column, "")])
            )
            yield f"| `{column}` | {type_.lower()} | {marks} | {meanings.get(column, '')} |"


MAP = ("<!-- the map; written by `make docs` -->", "<!-- end of the map -->")
FIELDS_OF_RECORD = ("<!-- the fields; written by `make docs` -->", "<!-- end of the fields -->")
FIELDS_OF_VERSION = (
    "<!-- the fields of versions; written by `make docs` -->",
    "<!-- end of the fields of versions -->",
)
KINDS = ("<!-- the kinds; written by `make docs` -->", "<!-- end of the kinds -->")
SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-Z`])")


def architecture_page() -> str:
    """Return the page about the house as it is, its map drawn anew: every room, each module with its first words."""
    return _with_part(_read("architecture.md"), (MAP, _map()))


def records_page() -> str:
    """Return the page about records as it is, its tables of an agreement's fields and of kinds drawn anew."""
    of_versions = _record_lines(VERSION_FIELDS)
    parts = ((FIELDS_OF_RECORD, _record_lines()), (FIELDS_OF_VERSION, of_versions), (KINDS, _kind_lines()))
    return _with_part(_read("records.md"), *parts)


def page_shapes_page() -> str:
    """Return the page about the register's pages as it is, its table of layouts and fields drawn anew."""
    return _with_part(_read("page-shapes.md"), (FIELDS_OF_RECORD, _layout_lines()))


def severity_page() -> str:
    """Return what each severity means, and each kind of change with an example."""
    lines = ["# Severities", "", GENERATED, ""]
    lines += [
        "Each change is of one of four severities, which say how much it matters to most readers.",
        "None of them says that anything is wrong.",
        "Whoever follows something chooses from which severity on they are told.",
        "",
        "| severity | means |",
        "|---|---|",
        *(f"| {severity.capitalize()} | {meaning} |" for severity, meaning in STANDS_FOR.items()),
        "",
        "## Kinds of change",
        "",
        "When a change is of a kind, how much it matters, and how it is said.",
        "The examples are made up.",
        "",
        "| kind | when | severity | example |",
        "|---|---|---|---|",
    ]
    for kind in ChangeKind:
        row = kind.row
        name = f"{row.heading[:1].upper()}{row.heading[1:]}".replace(", ", " (") + ")" * (", " in row.heading)
        weighed = row.weighed or f"{row.severity}{', editorial' if row.editorial else ''}"
        said = example(kind).replace("|", "&#124;")  # which would end the cell
        lines.append(f"| {name}, `{row.name}` | {row.when} | *{weighed}* | {said} |")
    return "\n".join(lines) + "\n"


def _read(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def _with_part(page: str, *parts: tuple[tuple[str, str], Iterable[str]]) -> str:
    """Return a page with other lines in place of what stands between their marks."""
    for marks, lines in parts:
        before, rest = page.split(marks[0])
        page = before + "\n".join([marks[0], *lines, "", marks[1]]) + rest.split(marks[1])[1]
    return page


TYPES = {
    Sort.TEXT: "string",
    Sort.PROSE: "string",
    Sort.SET: "set",
    Sort.LIST: "set",
    Sort.CITATIONS: "list of `{id, family, printed}`",
    Sort.DATE: "`YYYY-MM-DD`, `YYYY-MM`",
    Sort.MONTH: "`YYYY-MM`",
    Sort.FLAG: "true, false",
    Sort.LINES: "object, label → text",
    Sort.ROWS: "list of `{name, type_of_data, sensitivity, frequency, legal_bases, confidentiality}`",
    Sort.COUNTS: "object, month → number",
}


def _record_lines(table: Mapping[str, Field] = FIELDS) -> Iterator[str]:
    yield from ("", "| field | type | meaning | printed as |", "|---|---|---|---|")
    never_null = {field.name for field in fields(Agreement) if field.default is not None}
    for name, one in table.items():
        choices = f" of {', '.join(f'`{choice}`' for choice in one.choices)}," if one.choices else ""
        null = "" if name in never_null else " or null"
        meaning = one.meaning.replace("a JSON object", "an object").replace("JSON list", "list")
        older = ", ".join(f"{layout}: `{label}`" for layout, label in one.older.items())
        printed = ", ".join(filter(None, [f"`{one.label}`" if one.label else "", one.part]))
        yield f"| `{name}` | {TYPES[one.sort]}{choices}{null} | {meaning} | {printed}{f' ({older})' if older else ''} |"


def _kind_lines() -> Iterator[str]:
    yield from ("", "| kind | when | severity |", "|---|---|---|")
    for kind in ChangeKind:
        row = kind.row
        editorial = ", editorial" if row.editorial else ""
        yield f"| `{row.name}` | {row.when} | {row.weighed or f'{row.severity}{editorial}'} |"


def _layout_lines() -> Iterator[str]:
    yield from ("", f"| field | {' | '.join(LAYOUTS)} |", "|---" * (1 + len(LAYOUTS)) + "|")
    for name, one in FIELDS.items():
        if one.comparing is Comparing.NEVER and not one.label:
            continue
        cells = (
            "" if layout not in one.layouts else f"`{one.older[layout]}`" if layout in one.older else "yes"
            for layout in LAYOUTS
        )
        yield f"| `{name}` | {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def _map() -> Iterator[str]:
    rooms = [path.parent for top in PACKAGES for path in sorted((ROOT / top).rglob("__init__.py"), key=_parts)]
    for room in rooms:
        yield from ("", f"### {room.relative_to(ROOT)}/", "", says(room / "__init__.py"))
        files = sorted(path for path in room.iterdir() if path.suffix in (".py", ".sql") and path.stem != "__init__")
        yield from [""] * bool(files)
        yield from (f"- `{path.name}`: {says(path)}" for path in files)


def _parts(path: Path) -> tuple[str, ...]:
    return path.parent.parts


def says(path: Path) -> str:
    """Return what a module says of itself in its first sentence, the answer too if that is a question."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        paragraph = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0]
    else:
        comments = takewhile(lambda line: line.startswith("--"), text.splitlines())
        paragraph = " ".join(line.lstrip("- ") for line in comments)
    first, *others = SENTENCE.split(" ".join(paragraph.split()))
    return " ".join([first, *others[:1]]) if first.endswith("?") else first


PAGES = {
    "cli.md": cli_page,
    "settings.md": settings_page,
    "schema.md": schema_page,
    "architecture.md": architecture_page,
    "records.md": records_page,
    "page-shapes.md": page_shapes_page,
    "severity.md": severity_page,
}
TEMPLATES = ROOT / "snapshots" / "browse" / "templates" / "texts"
"""Where pages of docs/ stand as templates of the site."""
MANUAL = TEMPLATES.with_name("manual")
"""Where they stand as the manual."""


def main(arguments: list[str]) -> int:
    """Write all pages; return the exit status."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parent
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
    templates = folder / "texts" if arguments else TEMPLATES
    templates.mkdir(exist_ok=True)
    for name in SITE:
        page = severity_page() if name == "severity" else _read(f"{name}.md")
        (templates / f"{name}.html").write_text(as_template(page), encoding="utf-8")
    _write_manual(folder, folder / "manual" if arguments else MANUAL)
    return 0


def _write_manual(pages: Path, target: Path) -> None:
    """Write every page of docs/ as a template, those that were written into *pages* as they are there."""
    target.mkdir(exist_ok=True)
    parts = contents(ROOT)
    (target / "contents.json").write_text(as_json(parts), encoding="utf-8")
    for name in manual_names(parts):
        fresh = pages / f"{name}.md"
        text = fresh.read_text(encoding="utf-8") if fresh.exists() else _read(f"{name}.md")
        (target / f"{name}.html").write_text(as_page(text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
