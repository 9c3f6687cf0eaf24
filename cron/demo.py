"""The whole thing on the sample register that comes with the program: two editions in, news out."""

import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from cron import news
from cron.importing import import_edition
from diff.guards import Guards
from scraper.errors import RegisterWatchError
from scraper.vocabulary import Vocabulary
from snapshots.answers import Answers, Question
from snapshots.store import open_store

EDITIONS = {"2026-10": "2026-10-01T03:17:00Z", "2026-11": "2026-11-01T03:17:00Z"}
"""Folder of the sample register → when it is taken to have been fetched."""

DATABASE = "registerwatch.db"


def run_demo(
    directory: Path,
    vocabulary: Vocabulary,
    guards: Guards,
    width: int,
    colour: bool,
    say: Callable[[str], None],
) -> None:
    """Import the sample editions into a new database in *directory*, and *say* what changed and what to try next."""
    directory.mkdir(parents=True, exist_ok=True)
    database = directory / DATABASE
    if database.exists():
        _remove_demo(database)
    store = open_store(database)
    with resources.as_file(resources.files("cron") / "sample") as sample:
        for folder, time in EDITIONS.items():
            say(f"$ registerwatch import cron/sample/{folder} --fetched-at {time} --complete")
            (outcome,) = import_edition(
                store, [sample / folder], time=time, complete=True, now=time, vocabulary=vocabulary, guards=guards
            )
            pages = f"{outcome.pages} pages read, {outcome.changed} of them new or changed"
            say(
                f"{pages}; what they say is where the history begins\n"
                if not outcome.decision.changes
                else f"{pages}\n"
            )
    answers = Answers(store.db, store.states, vocabulary)
    told = answers.changes(Question())
    editorial = answers.count_editorial(Question())
    say("$ registerwatch changes\n")
    counts = answers.dataset_counts([c["reference"] for c in told if c["kind"] == "agreement-added"])
    text = news.render_changes(told, width=width, colour=colour, editorial_left_out=editorial, dataset_counts=counts)
    say(text)
    store.close()
    reworded = next(c["reference"] for c in told if c["kind"] == "text-changed")
    say("Try next:")
    for command in (
        "changes --all",
        "changes --severity high --format json",
        f"show {told[0]['reference']} --as-of 2026-10-15",
        f"redline {reworded}",
        "datasets",
        "status",
    ):
        say(f"  {_program()} --db {database} {command}")


def _remove_demo(database: Path) -> None:
    """Remove the database of an earlier demo, and nothing else.

    Raises:
        RegisterWatchError: It holds something else; it is left as it is.
    """
    store = open_store(database)
    others = set(store.run_times()) - set(EDITIONS.values())
    store.close()
    if others:
        raise RegisterWatchError(
            f"{database}: holds a history that is not the demo's; name another folder for the demo"
        )
    for ending in ("", "-wal", "-shm"):
        database.with_name(f"{DATABASE}{ending}").unlink(missing_ok=True)


def _program() -> str:
    """Return how the program is called from here: in a checkout it may not be on the path."""
    return "registerwatch" if shutil.which("registerwatch") else ".venv/bin/registerwatch"
