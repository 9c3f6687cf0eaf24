"""Nights over a register on loopback: as the command runs them, or in this process with the clock of a test."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from click.testing import Result

from cron.settings.sections import RegisterSettings, Settings, StoreSettings
from cron.work.context import Context
from cron.work.nightly import RunPlan, RunReport, Stopped, run_once
from scraper.web.fetch import Fetcher, FetchPolicy
from snapshots.keeping.store import open_store
from tests.harness.editions import Page, Project, Watch, many, with_project
from tests.harness.register_server import RegisterServer, Site
from tests.harness.servers import FastClock

CONTACT = "tests@example.org"
FIRST_NIGHT = datetime(2026, 6, 1, 3, 17, tzinfo=UTC)
QUICK: Mapping[str, Any] = {"interval_s": 0, "retries": 0}
"""Manners that cost no time. How long a silence may last stays what it is: a busy machine is silent for seconds."""


FULL = "database or disk is full"
"""What SQLite says of a full disk."""


class Nights(Watch):
    """A database, its settings, and a register that it watches."""

    def __init__(self, folder: Path, server: RegisterServer, **settings: Mapping[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "registerwatch.toml"
        super().__init__(folder, "--config", str(self.config))
        self.server = server
        self.nights = 0
        self.configure(**settings)

    def configure(self, **settings: Mapping[str, Any]) -> None:
        """Write the settings file: the quickest manners and this register, but for what is given by section."""
        sections: dict[str, dict[str, Any]] = {
            "register": {"index": self.server.index},
            "fetch": {"contact": CONTACT, **QUICK},
        }
        for name, values in settings.items():
            sections.setdefault(name, {}).update(values)
        lines = []
        for name, values in sections.items():
            lines.append(f"[{name}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items() if value is not None]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def add_settings(self, text: str) -> None:
        """Write more at the end of the settings file."""
        with self.config.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def execute(self, sql: str) -> None:
        """Execute a statement in the database."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as database:
            database.execute(sql)

    def refuse(self, write: str) -> None:
        """Refuse a write, as a full disk does, until there is room: `delete on attempts`, say."""
        self.execute(f"create trigger refused before {write} begin select raise(abort, '{FULL}'); end")

    def make_room(self) -> None:
        """Refuse nothing any more."""
        self.execute("drop trigger refused")

    def night(self, *arguments: str) -> Result:
        """Run once, as the command does, now."""
        return self.run("run", *arguments)

    def quiet_night(self) -> None:
        """Run once; all must go well."""
        result = self.night()
        assert result.exit_code == 0, result.output

    def process(self, *arguments: str, before: str = "", **extra: Any) -> subprocess.Popen[str]:
        """Start a command in a process of its own; *before* is Python that it does first."""
        program = [sys.executable, "-c", f"{before}\nfrom cron.cli import main; main()"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **extra.pop("environment", {})}
        options = ["--db", str(self.database), *self.options]
        return subprocess.Popen(
            [*program, *options, *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **extra,
        )

    def run_at(
        self,
        at: datetime | None = None,
        *,
        context: Context | None = None,
        register: Mapping[str, Any] = {},
        manners: Mapping[str, Any] = {},
        clock: FastClock | None = None,
        stopped: Stopped = lambda: False,
        **plan: Any,
    ) -> RunReport:
        """Run once in this process, at a time of the test's own: a day after the one before, if none is given."""
        at = at or FIRST_NIGHT + timedelta(days=self.nights)
        self.nights += 1
        clock = clock or FastClock()
        policy = FetchPolicy(contact=CONTACT, index=self.server.index, **{**QUICK, **manners})
        with (
            nullcontext(context) if context else closing(self._context(at, register)) as context,
            Fetcher(policy, clock=clock, sleep=clock.sleep, jitter=lambda: 0.0, now=lambda: at) as fetcher,
        ):
            return run_once(context, fetcher, RunPlan(**plan), stopped=stopped)

    def _context(self, at: datetime, register: Mapping[str, Any]) -> Context:
        settings = Settings(
            register=RegisterSettings(index=self.server.index, **register), store=StoreSettings(database=self.database)
        )
        return Context(lambda: settings, lambda: at)

    def status(self) -> dict[str, Any]:
        """Return what `status` says."""
        (state,) = json.loads(self.run("status", "--format", "json").stdout)
        return dict(state)


# --- killed at any instant --------------------------------------------------------------------------------------------

BIG = {f"nhs_board_{n:02d}": Page(f"NHS Board {n}", many(4, first=10 * n)) for n in range(12)}
"""A register of 48 agreements."""

NORTHAM = Page("NHS Northam ICB", (Project(reference="DARS-NIC-555001-Z9Y8X", title="Fog on the moors"),))
TONIGHT = {
    **{slug: with_project(page, end="2031-01-01") for slug, page in list(BIG.items())[:8]},
    **dict(list(BIG.items())[8:11]),
    "nhs_northam_icb": NORTHAM,
}
"""The same on the next night: eight pages changed, one new, one gone."""

TOLD = {
    "changes": ("id", "kind", "summary", "page", "reference", "before", "after", "added", "removed"),
    "agreements": ("page", "reference", "standing"),
    "versions": ("page", "reference", "hash", "body"),
    "pages": ("slug", "organisation", "standing", "agreements"),
    "snapshots": ("page", "body"),
}
"""What a history says but for the times, which are those at which the test happened to run."""

Story = dict[str, list[str]]


def story(nights: Nights) -> Story:
    """Return what the history says, whenever it was."""
    history = nights.history()
    return {table: sorted(str([row[key] for key in keys]) for row in history[table]) for table, keys in TOLD.items()}


@dataclass(frozen=True)
class Tonight:
    """The database before tonight's run, what an undisturbed run makes of it, and how many requests that takes."""

    before: Path
    story: Story
    n_requests: int


def undisturbed(folder: Path) -> Tonight:
    with RegisterServer(Site(dict(BIG))) as server:
        nights = Nights(folder, server)
        nights.quiet_night()
        before = folder / "before.db"
        with closing(open_store(nights.database)) as store:
            store.db.execute("vacuum into :path", {"path": str(before)})
        server.site.pages = dict(TONIGHT)
        server.forget()
        nights.quiet_night()
        return Tonight(before, story(nights), len(server.asked))


@dataclass(frozen=True)
class Killed:
    """What became of a run that was killed."""

    instant: str
    left: dict[str, int]  # rows that it left, by table, if it was not over
    was_over: bool
    wrong: list[str]
    story: Story  # after the next run


def play_killed(folder: Path, tonight: Tonight, seed: int) -> Killed:
    """Kill a run, with signal 9, at an instant that *seed* chooses; then run again, if there is need to."""
    random = Random(seed)
    # At one of its requests; or, one time in three, after the last one, while it decides and commits.
    at, delay_s = (random.randrange(tonight.n_requests), 0.0) if seed % 3 else (tonight.n_requests - 1, random.random())
    delay_s *= 0.1
    with RegisterServer(Site(dict(TONIGHT))) as server:
        nights = Nights(folder, server)
        shutil.copy(tonight.before, nights.database)
        history, counts = nights.history(), nights.counts()
        running: list[subprocess.Popen[str]] = []
        started = threading.Event()
        seen: list[str] = []

        def watch(path: str) -> None:
            started.wait(200)
            seen.append(path)
            if len(seen) - 1 == at and delay_s:
                threading.Timer(delay_s, running[0].kill).start()
            elif len(seen) - 1 == at:
                running[0].kill()

        server.site.before_answer = watch
        running.append(nights.process("run"))
        started.set()
        running[0].communicate(timeout=200)
        server.site.before_answer = lambda path: None
        was_over = nights.counts()["runs"] > counts["runs"]
        left = {table: n - counts[table] for table, n in nights.counts().items() if n != counts[table]}
        wrong = []
        if not was_over:
            wrong += [f"left rows in {table}" for table in left.keys() - {"bodies", "dictionaries"}]
            wrong += ["the history is another"] * (nights.history() != history)
            result = nights.night()
            wrong += [f"the next run: {result.output}"] * (result.exit_code != 0)
        instant = f"{delay_s * 1000:.0f} ms after the last request" if delay_s else f"at request {at + 1}"
        return Killed(instant, {} if was_over else left, was_over, wrong, story(nights))
