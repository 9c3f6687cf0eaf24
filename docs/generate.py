"""Write the pages of docs/ that are taken from the code: cli.md, settings.md, schema.md, the map in architecture.md.

`python docs/generate.py [FOLDER]` writes into FOLDER instead; a test does that and compares.
"""

import ast
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click

from cron.cli import cli
from cron.settings.load import (
    PREFIX,
    SECTIONS,
    SUBSCRIPTIONS,
    in_toml,
    keys_of_subscriptions,
    settings_template,
    variable,
)
from cron.settings.sections import SubscriptionSettings
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
        for key, field in section.model_fields.items():
            default = "none" if field.default is None else f"`{in_toml(field.default)}`"
            lines.append(f"| `{key}` | {default} | `{variable(f'{name}.{key}')}` | {field.description} |")
    lines += [
        "",
        f"## [[{SUBSCRIPTIONS}]]",
        "",
        *(line.strip() for line in str(SubscriptionSettings.__doc__).splitlines()),
    ]
    lines += ["", "| key | default | example | meaning |", "|---|---|---|---|"]
    for key, field in keys_of_subscriptions().items():
        default = "none" if field.default in (None, ()) or field.is_required() else f"`{in_toml(field.default)}`"
        example = f"`{in_toml(field.examples[0])}`" if field.examples else ""
        lines.append(f"| `{key}` | {default} | {example} | {field.description} |")
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
SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-Z`])")


def architecture_page() -> str:
    """Return the page about the house as it is, its map drawn anew: every room, each module with its first words."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    before, rest = page.split(MAP[0])
    after = rest.split(MAP[1])[1]
    return before + "\n".join([MAP[0], *_map(), "", MAP[1]]) + after


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
}


def main(arguments: list[str]) -> int:
    """Write all pages; return the exit status."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parent
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
