"""Looking after the file: a consistent copy of it while others write, and economy at leisure."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scraper.errors import RegisterWatchError, system_words
from snapshots.keeping.chain import Head, head
from snapshots.keeping.database import DatabaseError, first_step
from snapshots.keeping.readings import Progress
from snapshots.keeping.store import Store
from snapshots.sql.rows import Database

# --- a copy -----------------------------------------------------------------------------------------------------------

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


def keep_as_it_was(database: Path) -> Path | None:
    """Copy a database that an older program wrote, before it is brought to today's schema; None if it is of today.

    The copy is the way back: an older program refuses a database that a newer one has opened. It is called after the
    first step of the schema that it lacks.

    Raises:
        BackupError: It cannot be copied, so it is not brought to today's schema either.
    """
    step = first_step(database)
    if step is None:
        return None
    kept = database.with_name(f"{database.name}.before-{step}")
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as conn:
        return back_up(Database(conn), database, kept, force=True).path


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
        expected = _head(db)
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            # SQLite's own backup, in a single step: it reads as of one moment beside a writer, who does not wait for
            # it, and copies page by page, write-ahead log and all. In several steps it would begin anew whenever
            # somebody writes, and beside a busy writer never end; `vacuum into` takes twice as long and leaves a file
            # of another journal mode.
            db.conn.backup(copy, pages=-1)
    finally:
        db.execute("rollback")
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        (answer,) = copy.execute("pragma quick_check(1)").fetchone()
        if answer != "ok" or (found := _head(Database(copy))) != expected:
            raise BackupError(f"{part}: the copy is not whole ({answer}); nothing was copied, see registerwatch verify")
    _to_disk(part)
    return found


def _head(db: Database) -> Head | None:
    """Return the head of the chain; None also of a database from before there was one."""
    has_one = db.execute("select 1 from sqlite_master where name = 'manifests'").fetchone()
    return head(db) if has_one else None


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


# --- economy ----------------------------------------------------------------------------------------------------------

# A transaction for each would sync the disk for each; one for all would keep a run waiting until the end.
AT_ONCE = 32
ROOM = 2.5
"""How many times the file's size writing it anew may take: once beside it, once in its write-ahead log."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of the bodies and of the file."""

    looked_at: int
    smaller: int
    """How many bodies take less than they did."""
    before: int
    after: int
    """Bytes that all bodies take."""
    file_before: int
    file_after: int
    given_back: bool
    """Whether the file was written anew, so that the disk has what became free in it."""


def compact(store: Store, progress: Progress, *, room: Callable[[], int]) -> Compacted:
    """Compress every body again, where that makes it smaller; then write the file anew if there is room for that.

    Nothing is lost whenever it is killed: each body is read back and has its checksum before it takes the place of what
    was there, some at a time, each time in one short transaction.

    Args:
        store: The database.
        progress: Shows how far it is.
        room: Says how many bytes are free on the disk.

    Raises:
        StoreError: A body is damaged; what was done before it is kept.
    """
    file_before = store.path.stat().st_size
    with store.writing():
        store.bodies.trained()
    # In this order, which is that of the file, neighbours are read together.
    bodies = [row["sha256"] for row in store.db.query("select sha256 from bodies order by rowid")]
    before, smaller = _taken(store), 0
    waiting: list[tuple[str, int | None, bytes]] = []
    for sha256 in progress(bodies, len(bodies), "pages"):
        if found := store.bodies.smaller(sha256):
            waiting.append((sha256, *found))
            smaller += 1
        if len(waiting) >= AT_ONCE:
            _replace(store, waiting)
    _replace(store, waiting)
    given_back = _give_back(store, room())
    return Compacted(
        looked_at=len(bodies),
        smaller=smaller,
        before=before,
        after=_taken(store),
        file_before=file_before,
        file_after=store.path.stat().st_size,
        given_back=given_back,
    )


def _replace(store: Store, waiting: list[tuple[str, int | None, bytes]]) -> None:
    with store.writing():
        for sha256, dictionary, data in waiting:
            store.bodies.replace(sha256, dictionary, data)
    waiting.clear()


def _taken(store: Store) -> int:
    (row,) = store.db.query("select coalesce(sum(length(data)), 0) as taken from bodies")
    return int(row["taken"])


def _give_back(store: Store, room: int) -> bool:
    """Write the file anew, without what is free in it; say whether that was done."""
    if room < ROOM * store.path.stat().st_size:
        return False
    try:
        store.db.execute("vacuum")
    except DatabaseError as error:
        if "full" in str(error):  # of temporary files, which may lie on another disk
            return False
        raise
    _check_search(store)
    store.db.execute("pragma wal_checkpoint(truncate)").fetchall()
    return True


def _check_search(store: Store) -> None:
    """Have the search over changes fit: its rows have no numbers of their own, and a new file may number them anew."""
    with store.writing():
        try:
            store.db.execute("insert into changes_search (changes_search, rank) values ('integrity-check', 1)")
        except DatabaseError:
            store.db.execute("insert into changes_search (changes_search) values ('rebuild')")
