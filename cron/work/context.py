"""What work needs: settings, names, the database, the clock, and to be alone. Knows no command line and no terminal."""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cron.settings.sections import Settings
from scraper.errors import RegisterWatchError, SettingsError, explained
from scraper.names.vocabulary import Vocabulary, default_vocabulary, parse_vocabulary
from snapshots.asking.answers import Answers
from snapshots.keeping.database import FOR_THE_GROUP, first_step, lacks_details, open_database
from snapshots.keeping.states import States
from snapshots.sql.rows import Database

if TYPE_CHECKING:  # loaded below by who needs them: a question is answered before they are
    from notify.following.subscription import Subscription
    from snapshots.keeping.store import Rules, Store
    from snapshots.people.people import People

_log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Context:
    """Settings, names, the database, the clock; each of them made when it is first needed.

    Args:
        load: Reads the settings.
        clock: Says what time it is.
    """

    def __init__(self, load: Callable[[], Settings], clock: Clock = utc_now) -> None:
        self._load = load
        self.clock = clock
        self._open: Database | None = None
        self._people: People | None = None

    def another(self) -> "Context":
        """Return one of the same settings, read again, with a database connection of its own."""
        # A connection of SQLite belongs to the thread that opened it, and settings may have changed since yesterday.
        return Context(self._load, self.clock)

    @cached_property
    def settings(self) -> Settings:
        """The settings."""
        return self._load()

    @property
    def rules(self) -> "Rules":
        """What pages are read and believed by, on this machine: a night depends on no other."""
        from diff.deciding.guards import Guards
        from snapshots.keeping.readings import on_this_machine
        from snapshots.keeping.store import Rules

        readers = on_this_machine(self.settings.compute.workers)
        return Rules(self.vocabulary, self.settings.guards.as_value(Guards), readers)

    @property
    def rules_for_many(self) -> "Rules":
        """The same, for a past that may be large: on the cluster of the settings, if there is one."""
        if self.settings.compute.dask is None:
            return self.rules
        from snapshots.sources.cluster import on_cluster

        return replace(self.rules, readers=on_cluster(self.settings.compute.dask))

    @cached_property
    def subscriptions(self) -> "tuple[Subscription, ...]":
        """Who follows what, without their addresses."""
        if not self.settings.subscriptions:
            return ()
        from notify.following.subscription import Subscription

        return tuple(settings.as_value(Subscription) for settings in self.settings.subscriptions)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The known names, the user's own among them."""
        file = self.settings.vocabulary.file
        if file is None:
            return default_vocabulary()
        try:
            return default_vocabulary().extended(parse_vocabulary(file.read_text(encoding="utf-8")))
        except OSError as error:
            raise SettingsError(explained(error)) from error
        except (RegisterWatchError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file}: {error}", "docs/operations.md") from error

    @property
    def is_apart(self) -> bool:
        """Whether the database is another one than the settings': then nothing is written or sent outside of it."""
        return self.settings.own_database is not None

    @property
    def has_history(self) -> bool:
        """Whether there is a database, to be opened without making one."""
        return self.settings.store.database.exists()

    def database(self, *, create: bool = False) -> Database:
        """Open the database; a history that lacks what is shown today is derived again."""
        if self._open is None:
            path = self.settings.store.database
            if first_step(path):
                from snapshots.keeping.upkeep import keep_as_it_was

                kept = keep_as_it_was(path)
                _log.warning("the database is that of an older registerwatch: %s is a copy of it as it was", kept)
            self._open = open_database(path, create=create)
            if lacks_details(self._open):
                _log.warning("the history is that of an older registerwatch: it is derived again, once")
                self._store.reparse(self.rules)
        return self._open

    def store(self, *, create: bool = False) -> "Store":
        """Open the database to write what runs find."""
        self.database(create=create)
        return self._store

    @cached_property
    def _store(self) -> "Store":
        from snapshots.keeping.store import Store

        return Store(self.database(), self.settings.store.database, self._states)

    @cached_property
    def _states(self) -> States:
        # One for all: it remembers rows, and forgets them when they are taken back.
        return States(self.database(), prose_apart=True)

    @cached_property
    def answers(self) -> Answers:
        """Questions to the database."""
        return Answers(self.database(), self.vocabulary, states=self._states)

    @property
    def may_be_followed(self) -> bool:
        """Whether readers of the published pages may follow them: where letters go out, and links lead to the pages."""
        settings = self.settings
        return bool(settings.follow.enabled and settings.mail.sender and settings.browse.base_url)

    def people(self) -> "People":
        """Open the file of those who follow by e-mail, made if it is not there.

        Raises:
            KeyFileError, PeopleError: Its key or it cannot be used.
        """
        if self._people is None:
            # Not at the top: most commands have nothing to do with people.
            from snapshots.people.keys import Keys
            from snapshots.people.people import open_people

            follow = self.settings.follow
            self._people = open_people(follow.database, Keys.read(follow.key_file))
        return self._people

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open.conn.close()
        if self._people is not None:
            self._people.close()


# --- one run at a time ------------------------------------------------------------------------------------------------


class AlreadyRunningError(RegisterWatchError):
    """Another run on the same database is under way."""


@contextmanager
def only_run(database: Path) -> Iterator[None]:
    """Hold the lock of *database*'s runs: two never overlap. The system frees it whatever becomes of the run.

    Raises:
        AlreadyRunningError: Another run holds it.
    """
    # The file is never removed: a lock on a removed file and a lock on its successor would both be held.
    handle = os.open(database.with_name(f"{database.name}.lock"), os.O_WRONLY | os.O_CREAT, FOR_THE_GROUP)
    with open(handle, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(f"{database}: another run is under way; this one does nothing") from error
        yield
