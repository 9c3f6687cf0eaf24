"""What work needs: settings, names, the database, the clock, and to be alone. Knows no command line and no terminal."""

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from cron.settings.sections import Settings
from diff.deciding.guards import Guards
from notify.following.subscription import Subscription
from scraper.errors import RegisterWatchError, SettingsError, explained
from scraper.names.vocabulary import Vocabulary, default_vocabulary, parse_vocabulary
from snapshots.asking.answers import Answers
from snapshots.keeping.store import Rules, Store, open_store

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
        self._open: Store | None = None

    def another(self) -> "Context":
        """Return one of the same settings, read again, with a database connection of its own."""
        # A connection of SQLite belongs to the thread that opened it, and settings may have changed since yesterday.
        return Context(self._load, self.clock)

    @cached_property
    def settings(self) -> Settings:
        """The settings."""
        return self._load()

    @property
    def rules(self) -> Rules:
        """What pages are read and believed by."""
        return Rules(self.vocabulary, self.settings.guards.as_value(Guards))

    @cached_property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Who follows what, without their addresses."""
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

    def store(self, *, create: bool = False) -> Store:
        """Open the database; a history that lacks what is shown today is derived again."""
        if self._open is None:
            self._open = open_store(self.settings.store.database, create=create)
            if self._open.lacks_details:
                _log.warning("the history is that of an older registerwatch: it is derived again, once")
                self._open.reparse(self.rules)
        return self._open

    @cached_property
    def answers(self) -> Answers:
        """Questions to the database."""
        store = self.store()
        return Answers(store.db, self.vocabulary, states=store.states)

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open.close()


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
    with database.with_name(f"{database.name}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(f"{database}: another run is under way; this one does nothing") from error
        yield
