"""A copy of the database, consistent while others write: one file, and restoring it is copying it back.

SQLite's own backup in a single step: it reads as of one moment beside a writer, who does not wait for it, and copies
page by page, so that the copy is what the database is, write-ahead log and all folded into one file. In several steps
it would begin anew whenever somebody writes, and beside a busy writer never end; `vacuum into` takes twice as long and
leaves a file of another journal mode.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from scraper.errors import RegisterWatchError, system_words
from snapshots.keeping.chain import Head, head

_BESIDE = ("-wal", "-shm", "-journal")


class BackupError(RegisterWatchError):
    """No copy was made, and nothing is left of the attempt."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that was made and looked at."""

    path: Path
    bytes: int
    head: Head | None
    """The head of its chain, which is that of the database at the moment of the copy."""


def back_up(db: Database, database: Path, target: Path, *, force: bool = False) -> Copy:
    """Copy the open *database* to *target*, which appears whole or not at all.

    Args:
        db: The database, open.
        database: Where it lies.
        target: Where the copy is to lie.
        force: Whether a file that is there may be replaced.

    Raises:
        BackupError: The target is there, or is the database, or cannot be written, or the copy is not whole.
    """
    _refuse(database, target, force=force)
    try:
        with _part_of(target, like=database) as part:
            found = _copied(db, part)
            part.replace(target)
            _to_disk(target.parent)
            return Copy(target, target.stat().st_size, found)
    except OSError as error:
        raise BackupError(f"{target}: cannot be written ({system_words(error)}); nothing was copied") from error
    except sqlite3.Error as error:
        raise BackupError(f"{target}: {_in_words(error)}; nothing was copied") from error


def _refuse(database: Path, target: Path, *, force: bool) -> None:
    if target.is_dir():
        raise BackupError(f"{target}: is a folder; name a file in it")
    own = {database.with_name(f"{database.name}{ending}") for ending in ("", *_BESIDE, ".lock")}
    if target.resolve() in {path.resolve() for path in own} or (target.exists() and target.samefile(database)):
        raise BackupError(f"{target}: belongs to the database itself; name another file")
    if target.exists() and not force:
        raise BackupError(f"{target}: is there already; name another file, or replace it with --force")
    for ending in _BESIDE:
        beside = target.with_name(f"{target.name}{ending}")
        if beside.exists():  # SQLite would take it for a part of the copy
            raise BackupError(f"{beside}: lies where the copy is to be, and belongs to another database; remove both")


@contextmanager
def _part_of(target: Path, *, like: Path) -> Iterator[Path]:
    """Hold an empty file beside *target*, as readable as *like*; what a killed copy left there is written over."""
    part = target.with_name(f".{target.name}.part")
    handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not part.exists() or not os.path.samestat(os.fstat(handle), part.stat()):
            raise BlockingIOError
    except BlockingIOError as error:
        os.close(handle)
        raise BackupError(f"{target}: is being written by another backup; this one does nothing") from error
    try:
        os.truncate(handle, 0)
        os.fchmod(handle, like.stat().st_mode & 0o666)
        yield part
    finally:
        for ending in ("", *_BESIDE):
            part.with_name(f"{part.name}{ending}").unlink(missing_ok=True)
        os.close(handle)


def _copied(db: Database, part: Path) -> Head | None:
    """Copy and compare; return the head of the chain."""
    # The copy is of the moment at which this transaction reads first, and so is the head.
    db.execute("begin")
    try:
        expected = head(db)
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            db.conn.backup(copy, pages=-1)
    finally:
        db.execute("rollback")
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        (answer,) = copy.execute("pragma quick_check(1)").fetchone()
        if answer != "ok" or (found := head(Database(copy))) != expected:
            raise BackupError(f"{part}: the copy is not whole ({answer}); nothing was copied, see registerwatch verify")
    _to_disk(part)
    return found


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _in_words(error: sqlite3.Error) -> str:
    if "full" in str(error) or "disk I/O" in str(error):
        return f"there is no room for the copy, or the disk fails ({error})"
    return f"the database cannot be copied ({error})"
