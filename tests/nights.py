"""Nights over a register on loopback: as the command runs them, or in this process with the clock of a test."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import Result

from cron.nightly import Register, RunReport, run_once
from diff.guards import Guards
from scraper.fetch import Fetcher, Manners
from scraper.vocabulary import default_vocabulary
from snapshots.store import open_store
from tests.editions import Watch
from tests.register_server import RegisterServer
from tests.servers import FastClock

CONTACT = "tests@example.org"
PROGRAM = (sys.executable, "-c", "from cron.cli import main; main()")
FIRST_NIGHT = datetime(2026, 6, 1, 3, 17, tzinfo=UTC)
QUICK: Mapping[str, Any] = {"interval_s": 0, "retries": 0, "timeout_s": 2, "deadline_s": 5}


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
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **extra.pop("environment", {})}
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

    def run_at(self, at: datetime | None = None, **options: Any) -> RunReport:
        """Run once in this process, at a time of the test's own: a day after the one before, if none is given."""
        at = at or FIRST_NIGHT + timedelta(days=self.nights)
        self.nights += 1
        clock = FastClock()
        manners = Manners(contact=CONTACT, index=self.server.index, **{**QUICK, **options.pop("manners", {})})
        register = options.pop("register", Register(index=self.server.index))
        with (
            closing(open_store(self.database)) as store,
            Fetcher(manners, clock=clock, sleep=clock.sleep, jitter=lambda: 0.0, now=lambda: at) as fetcher,
        ):
            return run_once(
                store,
                fetcher,
                register,
                vocabulary=default_vocabulary(),
                guards=Guards(),
                now=lambda: at,
                **options,
            )

    def status(self) -> dict[str, Any]:
        """Return what `status` says."""
        (state,) = json.loads(self.run("status", "--format", "json").stdout)
        return dict(state)
