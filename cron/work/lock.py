"""Two runs never overlap: one lock, freed by the system whatever becomes of the run."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scraper.errors import RegisterWatchError


class AlreadyRunningError(RegisterWatchError):
    """Another run on the same database is under way."""


@contextmanager
def only_run(database: Path) -> Iterator[None]:
    """Hold the lock of *database*'s runs.

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
