"""Documentation that cannot lie: what is generated is fresh, and nothing is left out."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from cron.cli import cli
from cron.settings.load import KEYS, variable
from diff.change import PUBLIC
from diff.details import DETAILS
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.records import FIELDS, VERSION_FIELDS, RegisterPage
from snapshots.sql.comments import MEANINGS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GENERATED = ("cli.md", "settings.md", "schema.md", "records.md", "page-shapes.md", "severity.md")
TEMPLATES = ROOT / "snapshots/browse/templates/texts"


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    subprocess.run([sys.executable, DOCS / "generate.py", folder], cwd=ROOT, check=True, timeout=60)
    return folder


@pytest.mark.parametrize("page", GENERATED)
def test_generated_pages_are_fresh(fresh, page):
    assert (DOCS / page).read_text(encoding="utf-8") == (fresh / page).read_text(encoding="utf-8"), "run `make docs`"


@pytest.mark.parametrize("page", ["about", "method", "glossary", "severity"])
def test_what_the_site_explains_is_what_docs_say(fresh, page):
    text = (TEMPLATES / f"{page}.html").read_text(encoding="utf-8")

    assert text == (fresh / "texts" / f"{page}.html").read_text(encoding="utf-8"), "run `make docs`"


def test_the_manual_is_what_docs_say(fresh):
    kept, written = TEMPLATES.with_name("manual"), fresh / "manual"

    assert {path.name: path.read_text(encoding="utf-8") for path in kept.iterdir()} == {
        path.name: path.read_text(encoding="utf-8") for path in written.iterdir()
    }, "run `make docs`"


def first_cells(page, heading):
    """Return the words in code of the first column of the table under *heading*."""
    section = re.split(rf"^#+ {re.escape(heading)}$", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", section, flags=re.MULTILINE)[0]
    return re.findall(r"^\| `([^`]+)` \|", section, flags=re.MULTILINE)


def test_every_field_of_an_agreement_is_documented_in_order():
    assert first_cells("records.md", "Agreement") == list(FIELDS)


def test_every_field_of_a_version_is_documented_in_order():
    assert first_cells("records.md", "Version") == list(VERSION_FIELDS)


def test_every_field_of_a_page_is_documented_in_order():
    assert first_cells("records.md", "RegisterPage") == [
        name for name in RegisterPage.__dataclass_fields__ if name != "tail"
    ]


def test_every_field_of_a_change_is_documented_in_order():
    assert first_cells("records.md", "Change") == list(PUBLIC)


def test_every_detail_of_a_change_is_documented_in_order():
    assert first_cells("records.md", "Details") == list(DETAILS)


def test_every_kind_of_change_is_documented_in_order():
    assert first_cells("records.md", "Kinds and severities") == [kind.value for kind in ChangeKind]


def test_every_severity_of_the_table_is_one():
    table = (DOCS / "records.md").read_text(encoding="utf-8").split("### Kinds and severities")[1]
    words = {word for row in re.findall(r"\| ([^|]+) \|$", table, re.MULTILINE)[2:] for word in re.split(r"\W+", row)}

    assert {severity.value for severity in Severity} <= words


def test_every_command_is_documented_with_an_example():
    text = (DOCS / "cli.md").read_text(encoding="utf-8")

    for name, command in cli.commands.items():
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert command.help, name
        assert f"registerwatch {name}" in section.split("Usage:")[1].partition("\n")[2], f"{name}: no example"


def subcommands():
    groups = {name: command for name, command in cli.commands.items() if isinstance(command, click.Group)}
    return {f"{name} {own}": inner for name, group in groups.items() for own, inner in group.commands.items()}


def test_every_command_of_a_group_is_documented_with_an_example():
    text = (DOCS / "cli.md").read_text(encoding="utf-8")

    for name, command in subcommands().items():
        section = re.split(r"\n##+ ", text.split(f"\n### {name}\n")[1])[0]
        assert command.help, name
        assert f"registerwatch {name}" in section.split("Usage:")[1].partition("\n")[2], f"{name}: no example"


def test_every_option_says_what_it_does():
    for name, command in {"registerwatch": cli, **cli.commands, **subcommands()}.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts}"


def test_every_setting_is_documented():
    text = (DOCS / "settings.md").read_text(encoding="utf-8")

    for full_name, (_, key) in KEYS.items():
        assert re.search(rf"^\| `{key}` \| .+ \| `{variable(full_name)}` \| \S.+ \|$", text, re.MULTILINE), full_name


def test_defaults_stand_as_the_settings_file_has_them():
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    defaults = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", text, re.MULTILINE)
    read = [tomllib.loads(f"value = {default}")["value"] for _, default in defaults]

    assert dict(zip([key for key, _ in defaults], read, strict=True))["slugs"] == []
    assert {"Europe/London", 25, 0.33} <= {value for value in read if not isinstance(value, list)}


def test_examples_stand_on_lines_of_their_own():
    text = (DOCS / "cli.md").read_text(encoding="utf-8")

    assert "\\b" not in text
    assert text.count("\n  Example:\n    registerwatch ") == len(cli.commands) + len(subcommands())


def test_every_column_of_the_database_has_a_meaning(fresh):
    tables = re.split(r"^## (\S+).*$", (fresh / "schema.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    columns = {
        name: re.findall(r"^\| `([^`]+)` \|", body, re.MULTILINE)
        for name, body in zip(tables[::2], tables[1::2], strict=True)
    }

    assert {name: set(meanings) for name, meanings in MEANINGS.items()} == {
        name: set(found) for name, found in columns.items()
    }
    assert all(meaning for meanings in MEANINGS.values() for meaning in meanings.values())


def test_the_readme_comes_to_the_point():
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").split("## Quick start")[0].splitlines()

    assert len(first_screen) <= 32
    assert any(line.startswith("make demo") for line in first_screen)
    assert any(line.startswith("make test") for line in first_screen)


def test_links_between_our_pages_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *DOCS.glob("*.md")]:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def quick_start():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- quick start")[1].split("```sh\n")[1].split("```")[0]
    return [shlex.split(line) for line in block.splitlines()]


def test_the_quick_start_of_the_readme_runs(tmp_path):
    (tmp_path / "cron").mkdir()
    (tmp_path / "cron/sample").symlink_to(ROOT / "cron/sample")
    answers = []
    for program, *arguments in quick_start():
        assert program == "registerwatch"
        # As a user does: the installed command, in a folder of its own.
        command = [Path(sys.executable).with_name("registerwatch"), *arguments]
        answers.append(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60))

    assert [(answer.returncode, answer.stderr) for answer in answers] == [(0, "")] * len(answers)
    assert "Printed end moved later" in answers[2].stdout
    assert "2026-03-12" in answers[3].stdout
    assert "2029-03-12" not in answers[3].stdout
    assert "{+" in answers[4].stdout
