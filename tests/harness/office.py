"""A register that is watched night after night, who is told of it, and a real mail server that takes the mail."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cron.settings.load import load_settings
from cron.work.afterwards import deliver_and_note
from cron.work.context import Context, utc_now
from cron.work.deliver import Delivered
from cron.work.nightly import RunReport
from tests.harness.mail_server import LoopbackMail
from tests.harness.nights import FIRST_NIGHT, Nights
from tests.harness.register_server import RegisterServer

ALL = {"name": "all", "email": "all@example.org"}
"""A subscription that follows everything."""


def block(subscription: Mapping[str, Any]) -> str:
    """Return a subscription as it stands in the settings file."""
    return "\n".join(["[[subscriptions]]", *(f"{key} = {json.dumps(value)}" for key, value in subscription.items())])


class Office(Nights):
    """A register that is watched, who is told of it, and what takes the mail, on the test's own clock."""

    def __init__(
        self,
        folder: Path,
        server: RegisterServer,
        mail: LoopbackMail,
        *subscriptions: Mapping[str, Any],
        operator: str | None = None,
    ) -> None:
        self.mail = mail
        super().__init__(folder, server)
        self.now = FIRST_NIGHT
        self.tells(*subscriptions, operator=operator)

    def tells(self, *subscriptions: Mapping[str, Any], operator: str | None = None) -> None:
        """Write settings with these subscriptions."""
        self.configure()
        mail = self.mail.settings + (f'operator = "{operator}"\n' if operator else "")
        self.add_settings("\n".join([mail, *map(block, subscriptions)]))

    @contextmanager
    def context(self, clock: Callable[[], datetime] = utc_now) -> Iterator[Context]:
        with closing(Context(lambda: load_settings(self.config, {"store.database": self.database}), clock)) as context:
            yield context

    def night_at(self, at: datetime) -> tuple[RunReport, Delivered]:
        """Run at a time, and deliver as `run` does."""
        self.now = at
        with self.context(lambda: at) as context:
            report = self.run_at(at, context=context)
        return report, self.deliver(at)

    def deliver(self, at: datetime) -> Delivered:
        """Deliver what is due at a time."""
        with self.context(lambda: at) as context:
            return deliver_and_note(context)

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """Return these columns of what is due or was told, in order."""
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(f"select {', '.join(columns)} from deliveries order by id").fetchall()

    def taken(self, address: str | None = None) -> list[EmailMessage]:
        """Return the messages that were taken, for one reader or all."""
        return [one.message for one in self.mail.taken if address in (None, *one.to)]
