"""Run a story through the real command and hold what it tells against the truth, edition by edition."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cron.cli import cli
from tests.simulation.story import Edition
from tests.simulation.truth import Expected, Score, Tell, Verdict, judge, report


def command(database: Path, *arguments: str) -> Result:
    """Run one `registerwatch` command on *database*, in this process."""
    return CliRunner().invoke(cli, ["--db", str(database), *arguments])


def write_edition(edition: Edition, folder: Path) -> Path:
    """Write the edition's files to a folder of its own and return it."""
    home = folder / f"edition-{edition.number:03d}"
    home.mkdir(parents=True, exist_ok=True)
    for name, body in edition.files.items():
        (home / name).write_bytes(body)
    return home


def import_edition(edition: Edition, database: Path, folder: Path) -> list[str]:
    """Import the edition; return what is wrong with how the command ended."""
    home = write_edition(edition, folder)
    complete = ["--complete"] if edition.complete else []
    result = command(database, "import", str(home), "--fetched-at", edition.at, *complete)
    wrong = []
    if result.exit_code != edition.exit_status:
        said = (result.stderr or repr(result.exception))[-600:].strip()
        wrong.append(f"edition {edition.number}: exit {result.exit_code}, not {edition.exit_status}: {said}")
    unnamed = [] if edition.held else [slug for slug in sorted(edition.refused) if slug not in result.output]
    wrong += [f"edition {edition.number}: refused page {slug} is not named" for slug in unnamed]
    return wrong


def told(database: Path, *options: str) -> list[dict[str, Any]]:
    """Return what `changes --all` lists."""
    result = command(database, "changes", "--all", "--format", "json", *options)
    if result.exit_code:
        raise AssertionError(f"changes: exit {result.exit_code}: {result.stderr or result.exception!r}")
    return json.loads(result.stdout)


@dataclass
class Played:
    """What became of a story."""

    seed: Any
    verdicts: list[Verdict] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    edits: int = 0

    @property
    def ok(self) -> bool:
        return not self.wrong and all(verdict.ok for verdict in self.verdicts)

    def score(self) -> Score:
        score = Score()
        for verdict in self.verdicts:
            score.add(verdict)
        return score

    def report(self) -> str:
        return report(self.seed, self.verdicts, self.wrong)


def play(editions: Iterable[Edition], folder: Path, seed: Any) -> Played:
    """Import the editions in order; after each, judge what its run told, and at the end that nothing was rewritten."""
    database = folder / "register.db"
    played = Played(seed)
    carried: list[Expected] = []
    ids: set[str] = set()
    for edition in editions:
        played.edits += edition.edits
        played.wrong += import_edition(edition, database, folder)
        news = told(database, "--since", edition.at)
        ids.update(one["id"] for one in news)
        verdict = judge(edition.number, edition.due + carried, news)
        retried, carried = carried, []
        if not edition.held:
            carried = [one for one in verdict.missing if one.tell is Tell.EITHER and one not in retried]
            verdict.missing = [one for one in verdict.missing if one not in carried]
        else:
            carried = retried
            verdict.missing = [one for one in verdict.missing if one not in retried]
        played.verdicts.append(verdict)
    rewritten = ids ^ {one["id"] for one in told(database)}
    played.wrong += [f"told in its run and not at the end, or the other way round: {one}" for one in sorted(rewritten)]
    return played


def import_in_order(editions: Iterable[Edition], folder: Path) -> list[tuple[Any, ...]]:
    """Import the editions in the order given; return the ids and first sightings of all changes."""
    database = folder / "register.db"
    for edition in editions:
        import_edition(edition, database, folder)
    return sorted((one["id"], one["first_seen"], one["kind"], one["agreements"]) for one in told(database))
