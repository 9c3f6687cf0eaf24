"""Months of the official register through the real command, and what it told of each held against the truth."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cron.cli import cli
from tests.harness.editions import Watch
from tests.harness.workbooks.sheets import Sheets
from tests.harness.workbooks.story import Edition
from tests.harness.workbooks.truth import Verdict, judge
from tests.harness.workbooks.writing import write_xlsxwriter

Writer = Callable[[Path, Sheets], Path]
ALL = ("--all", "--register", "nhs-official")


class Official(Watch):
    """A database that holds the official register, and the command used on it; workbooks are kept beside it."""

    def run(self, *arguments: str | Path) -> Result:
        """Run one command."""
        kept = {"REGISTERWATCH_OFFICIAL__ARCHIVE": str(self.folder / "official")}
        return CliRunner().invoke(cli, ["--db", str(self.database), *map(str, arguments)], env=kept)

    def take_official(self, *editions: Edition, write: Writer = write_xlsxwriter) -> None:
        """Import editions, each with a command of its own; all must go well."""
        for edition in editions:
            path = edition.write(self.folder / "workbooks", write)
            result = self.run("import-official", path)
            assert result.exit_code == 0, f"{edition.month}: exit {result.exit_code}: {result.output}"

    def told_by_edition(self) -> dict[str, list[dict[str, Any]]]:
        """Return what is told of the official register, by the edition that told it."""
        told = defaultdict(list)
        for change in self.changes(*ALL):
            told[change["details"].get("edition", "")].append(change)
        return told

    def judged(self, editions: Iterable[Edition]) -> list[Verdict]:
        """Hold what each edition told against what it had to tell."""
        told = self.told_by_edition()
        return [judge(str(edition.month), edition.due, told.get(str(edition.month), [])) for edition in editions]
