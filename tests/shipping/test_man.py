"""The page of the manual says what `--help` says, in the language of man; the settings as installed are such."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cron.cli import cli
from cron.settings.load import load_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def page():
    command = [sys.executable, str(ROOT / "shipping/man.py")]
    return subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    ).stdout


def test_every_command_has_its_part_and_every_option_its_line(page):
    for name, command in cli.commands.items():
        assert f"\n.SS {name}\n".replace("-", r"\-") in page
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert all(option.replace("-", r"\-") in page for option in options)


def test_man_reads_it_without_complaint(page, tmp_path):
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    (tmp_path / "registerwatch.1").write_text(page)
    read = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", str(tmp_path / "registerwatch.1")], capture_output=True, text=True
    )

    assert (read.returncode, read.stderr) == (0, "")
    assert "REGISTERWATCH(1)" in read.stdout


def test_the_settings_of_the_package_have_all_their_files_in_its_folder():
    settings = load_settings(ROOT / "shipping/debian/registerwatch.toml", None, {})
    written = (settings.store.database, settings.feeds.directory, settings.mail.folder)

    assert all(path.is_relative_to("/var/lib/registerwatch") for path in written)
