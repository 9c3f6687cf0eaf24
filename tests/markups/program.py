"""The program as a black box: its command line, called in this process, and nothing behind it."""

import json
import os
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result


@dataclass(frozen=True)
class Parsed:
    """What `parse` said of some files."""

    exit_code: int
    pages: dict[str, dict]
    refused: str


def _call(*arguments: str, folder: Path) -> Result:
    from cron.cli import cli

    with chdir(folder):
        return CliRunner().invoke(cli, list(arguments), env=dict(os.environ, NO_COLOR="1"))


def parse(files: Mapping[str, bytes], folder: Path) -> Parsed:
    """Return what `registerwatch parse` reads in the files, written to *folder* first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    said = _call("parse", *files, folder=folder)
    if said.exit_code not in (0, 1, 3):
        raise AssertionError(f"parse ended with {said.exit_code}: {said.stderr or said.exception!r}")
    pages = json.loads(said.stdout) if said.stdout.strip() else []
    return Parsed(said.exit_code, {page["slug"]: page for page in pages}, said.stderr)


class Watch:
    """A database of its own, into which editions are imported."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.night = 0

    def take(self, files: Mapping[str, bytes], at: str) -> tuple[int, str]:
        """Import an edition; return the exit status and what was said on standard error."""
        self.night += 1
        edition = self._folder / f"edition-{self.night}"
        edition.mkdir()
        for name, body in files.items():
            (edition / name).write_bytes(body)
        said = self._run("import", str(edition), "--fetched-at", at, "--complete")
        return said.exit_code, said.stdout + said.stderr

    def changes(self) -> list[dict]:
        """Return every change there is, the editorial ones too."""
        return json.loads(self._run("changes", "--all", "--format", "json").stdout)

    def status(self) -> dict:
        """Return what `status` says, with its exit code."""
        said = self._run("status", "--format", "json")
        return {"exit": said.exit_code, "text": said.stdout}

    def show(self, reference: str) -> list[dict]:
        """Return what is believed of an agreement."""
        return json.loads(self._run("show", reference).stdout or "[]")

    def _run(self, *arguments: str) -> Result:
        return _call("--db", str(self._folder / "watch.db"), *arguments, folder=self._folder)
