"""Economy at leisure: kept bodies compressed again by the most effort, and the room given back to the disk.

Nothing is lost whenever it is killed: each body is read back and has its checksum before it takes the place of what was
there, some at a time, each time in one short transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass

from snapshots.keeping.database import DatabaseError
from snapshots.keeping.readings import Progress
from snapshots.keeping.store import Store

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
