"""What a body says: read once for each version of the reading rules."""

import gc
import hashlib
import json
import os
import pickle
import platform
import sys
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import groupby, islice
from typing import Any, NamedTuple

from scraper.errors import ListPageError, RefusedPageError
from scraper.limits import MADE_BETWEEN_COLLECTIONS, too_large
from scraper.names.vocabulary import Vocabulary
from scraper.reading.blocks import looks_like_markup
from scraper.reading.lines import closes
from scraper.records import Agreement, Owned, RegisterPage, lines_of
from scraper.register import NHS_DATA_RELEASE
from snapshots.keeping.database import StoreError, insert, search_tables
from snapshots.keeping.states import States, as_json, digest_of_state
from snapshots.sql.rows import Database


@dataclass(frozen=True, slots=True)
class Reading:
    """A body as read: a page, or the reason why it is refused."""

    page: RegisterPage | None
    refused: str | None
    closes: bool | None
    """Whether it has its end, `</body>` or `</html>`; None for a page saved as text."""
    is_list: bool = False
    keys: tuple[str, ...] = ()
    """Keys of its agreements' states, made where they were read: by whom there are many of, and each once."""


def read_body(body: bytes, slug: str, source: str, vocabulary: Vocabulary, charset: str | None = None) -> Reading:
    """Read *body*, whatever it is; *charset* is what the server declared."""
    if reason := too_large(len(body)):
        return Reading(None, reason, None)
    # Text that was saved from a browser never ends in </html>; that it does not says nothing.
    ends = closes(body) or (False if looks_like_markup(body.decode("utf-8", "replace")) else None)
    try:
        page = NHS_DATA_RELEASE.read(body, source=source, slug=slug, charset=charset, vocabulary=vocabulary)
    except RefusedPageError as error:
        return Reading(None, error.reason, ends, isinstance(error, ListPageError))
    return Reading(page, None, ends, keys=tuple(map(digest_of_state, page.agreements)))


class Unread(NamedTuple):
    """A body that is to be read."""

    sha256: str
    slug: str
    body: bytes
    charset: str | None


Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Wraps an iterable of known length and shows how far it is, under a word."""


def no_progress(items: Iterable[Any], _length: int, _word: str) -> Iterable[Any]:
    """Show nothing."""
    return items


WORTH_A_POOL = 150
"""Bodies from which starting further processes takes less time than it saves (about a second)."""

# Of one message to another process: one by one the messages cost more than they carry.
_AT_ONCE = 16
_BYTES_AT_ONCE = 1_000_000


class Pool(NamedTuple):
    """What reads bodies in the place of this process."""

    executor: Executor
    at_once: int
    """How many batches it reads at the same moment."""


Readers = Callable[[int], AbstractContextManager[Pool | None]]
"""Says who reads so many bodies, for as long as it is held: a pool, or with None this process itself."""


def on_this_machine(workers: int | None = None) -> Readers:
    """Return readers of this machine: this process, and from 150 bodies on *workers* others, by default one a core."""

    @contextmanager
    def readers(number: int) -> Iterator[Pool | None]:
        many = workers or _cores()
        if number < WORTH_A_POOL or many == 1:
            yield None
            return
        # Not at the top: most commands read few pages or none, and begin sooner.
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        # Not forked: a child that closes its copy of the database file would drop the locks of this process.
        spawn, seldom = multiprocessing.get_context("spawn"), (MADE_BETWEEN_COLLECTIONS,)
        with processes(ProcessPoolExecutor(many, spawn, gc.set_threshold, seldom), many) as pool:
            yield pool

    return readers


def _cores() -> int:
    # Not on every system there is a way to ask for those that this process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def processes(executor: Executor, many: int) -> Iterator[Pool]:
    """Hold *executor*, of so many processes, until it has ended, whatever became of them."""
    with executor:
        try:
            yield Pool(executor, many)
        except BrokenExecutor:
            # gh-94777: it waits for ever for a thread that writes to processes that are gone. Debian 12 has 3.11.2;
            # later ones let go by themselves, at the same moment, and twice is an error.
            if sys.version_info < (3, 11, 5):
                executor._call_queue._reader.close()  # type: ignore[attr-defined]
            raise


def read_all(
    bodies: Iterable[Unread], number: int, vocabulary: Vocabulary, readers: Readers | None = None
) -> Iterator[tuple[str, Reading]]:
    """Yield (sha256, reading) of each body, in order.

    Args:
        bodies: What is to be read.
        number: How many there are.
        vocabulary: The names that the register uses.
        readers: Who reads them; by default this machine.

    Raises:
        StoreError: What reads was ended from outside, or reads by other rules than this process.
    """
    try:
        with (readers or on_this_machine())(number) as pool:
            if pool is None:
                yield from (_read_one(one, vocabulary) for one in bodies)
            else:
                yield from _read_by(pool, bodies, vocabulary)
    except BrokenExecutor as error:
        raise StoreError("a process that reads pages was ended from outside, perhaps for want of memory") from error


def _read_by(pool: Pool, bodies: Iterable[Unread], vocabulary: Vocabulary) -> Iterator[tuple[str, Reading]]:
    # Sent with each batch, not when a process begins: one that died then would leave this one writing for ever.
    names = pickle.dumps(vocabulary)
    running: deque[Future[tuple[str, list[tuple[str, Reading]]]]] = deque()
    try:
        for batch in _batches(bodies):
            running.append(pool.executor.submit(_read_batch, batch, names))
            if len(running) > 2 * pool.at_once:  # no more in memory than keeps all busy
                yield from _answered(running.popleft())
        while running:
            yield from _answered(running.popleft())
    finally:
        for waiting in running:  # of no use to anybody, if it ends before its time
            waiting.cancel()


def _batches(bodies: Iterable[Unread]) -> Iterator[list[Unread]]:
    batch: list[Unread] = []
    for one in bodies:
        batch.append(one)
        if len(batch) == _AT_ONCE or sum(len(each.body) for each in batch) >= _BYTES_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _answered(future: Future[tuple[str, list[tuple[str, Reading]]]]) -> list[tuple[str, Reading]]:
    """Return what was read, by whatever read it.

    Raises:
        StoreError: That is not what this process would have read, as where the program was upgraded in between.
    """
    ways, readings = future.result()
    if ways != ways_of_reading():
        raise StoreError(f"pages were read by another program ({ways}) than this one ({ways_of_reading()})")
    return readings


def _read_one(one: Unread, vocabulary: Vocabulary) -> tuple[str, Reading]:
    return one.sha256, read_body(one.body, one.slug, one.slug, vocabulary, one.charset)


@lru_cache(maxsize=1)
def _vocabulary(names: bytes) -> Vocabulary:
    return pickle.loads(names)  # type: ignore[no-any-return]


def _read_batch(batch: list[Unread], names: bytes) -> tuple[str, list[tuple[str, Reading]]]:
    return ways_of_reading(), [_read_one(one, _vocabulary(names)) for one in batch]


@cache
def ways_of_reading() -> str:
    """Return what a reading depends on beside the body and the names: where this is equal, readings are."""
    from importlib.metadata import version  # and with it what reads mail, which few commands need

    parsers = (f"{name} {version(name)}" for name in ("lxml", "beautifulsoup4"))
    return ", ".join([f"rules {rules_of('scraper')}", f"Python {platform.python_version()}", *parsers])


@cache
def rules_of(*packages: str) -> str:
    """Return a digest of the code and data that read pages and decide: another digest, another reading."""
    digest = hashlib.sha256()
    for package in packages:
        for name, content in sorted(_sources(resources.files(package), package)):
            digest.update(name.encode() + content)
    return digest.hexdigest()[:16]


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of the code and data in a folder and below it, wherever a rule moves to."""
    for entry in folder.iterdir():
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _sources(entry, path)
        elif entry.name.endswith((".py", ".json")):
            yield path, entry.read_bytes()


def reading_rules(vocabulary: Vocabulary) -> str:
    """Return a digest of all that decides what a body says."""
    return f"{rules_of('scraper')}:{vocabulary.digest}"


class Readings:
    """The table `readings`; writes join the transaction that is open."""

    def __init__(self, db: Database, states: States, rules: str) -> None:
        self._db = db
        self._states = states
        self._rules = rules

    def keep(self, sha256: str, reading: Reading) -> None:
        """Keep what *sha256* says, in place of what an older version of the rules read in it."""
        page = reading.page
        row: dict[str, Any] = {
            "body": sha256,
            "rules": self._rules,
            "refused": reading.refused,
            "closes": reading.closes,
        }
        if page:
            row |= {
                "organisation": page.organisation,
                "layout": page.layout,
                "files_disseminated": page.files_disseminated,
                "flags": as_json(page.flags),
                "notices": as_json(page.notices),
                "states": as_json(self._states.keep(page.agreements, reading.keys)),
                "remainder": page.remainder,
                "tail": as_json(_lengths_of(page)),
            }
        insert(self._db, "readings", row, verb="replace")

    def load(self, sha256: str, slug: str) -> Reading:
        """Return what a body says; KeyError if it was not read."""
        rows = self._db.query("select * from readings where body = :body", {"body": sha256})
        row = next(iter(rows), None)
        if row is None:
            raise KeyError(sha256)
        ends = None if row["closes"] is None else bool(row["closes"])
        if row["states"] is None:
            return Reading(None, row["refused"], ends)
        ids = json.loads(row["states"])
        agreements = self._states.load(ids)
        page = RegisterPage(
            source=slug,
            slug=slug,
            organisation=row["organisation"],
            layout=row["layout"],
            files_disseminated=row["files_disseminated"],
            flags=tuple(json.loads(row["flags"])),
            notices=tuple(json.loads(row["notices"])),
            agreements=tuple(agreements[number] for number in ids),
            remainder=row["remainder"],
        )
        page = replace(page, tail=_tail_of(page.agreements, json.loads(row["tail"] or "[]")))
        return Reading(page, None, ends)

    def forget(self) -> None:
        """Forget every reading, and doubt every text and state that is not what its key says: both are made anew."""
        for name in search_tables(self._db):
            self._db.execute(f"insert into {name} ({name}) values ('rebuild')")
        self._db.execute("delete from readings")
        self._states.doubt_damaged()

    def sweep(self, needed: Collection[str]) -> None:
        """Delete what was read of bodies that nothing needs, and states and texts that nothing refers to."""
        # By number of rows most are needed: what is not is found, and not everything else asked for.
        kept = [row["body"] for row in self._db.query("select body from readings")]
        unneeded = as_json([sha256 for sha256 in kept if sha256 not in needed])
        self._db.execute(
            "delete from readings where body in (select value from json_each(:bodies))", {"bodies": unneeded}
        )
        self._states.sweep()

    def unread(self) -> list[tuple[str, str, str | None]]:
        """Return (sha256, slug, declared charset) of the bodies that today's rules have not read."""
        return self._bodies(read=False)

    def read_by_these_rules(self) -> list[tuple[str, str, str | None]]:
        """Return (sha256, slug, declared charset) of the bodies that today's rules have read."""
        return self._bodies(read=True)

    def _bodies(self, *, read: bool) -> list[tuple[str, str, str | None]]:
        rows = self._db.query(
            """
            select captures.body, min(captures.page) as page, min(captures.charset) as charset
            from captures
            left join readings on readings.body = captures.body and readings.rules = :rules
            where captures.body is not null and (readings.body is not null) = :read
            group by captures.body
            order by page, min(captures.run)
            """,
            {"rules": self._rules, "read": read},
        )
        return [(row["body"], row["page"], row["charset"]) for row in rows]


def _lengths_of(page: RegisterPage) -> Sequence[tuple[str, int | str]]:
    """Return the lines at the end of *page* as (field, how many in a row): their texts stand in its last agreement.

    Where they do not, as of a set's values that stand in another order, a line is (field, text).
    """
    lengths = [(field, len(list(lines))) for field, lines in groupby(page.tail, key=lambda line: line.field)]
    return lengths if _tail_of(page.agreements, lengths) == page.tail else list(page.tail)


def _tail_of(agreements: Sequence[Agreement], lengths: Sequence[tuple[str, int | str]]) -> tuple[Owned, ...]:
    """Return the lines at the end of a page, which `_lengths_of` made short."""
    many: Counter[str] = Counter()
    for field, length in lengths:
        many[field] += length if isinstance(length, int) else 0
    values = {field: getattr(agreements[-1], field) for field, n in many.items() if n}
    texts = {
        field: iter(lines_of(value)[-many[field] :]) for field, value in values.items() if not isinstance(value, tuple)
    }
    return tuple(
        Owned(field, text)
        for field, length in lengths
        for text in (islice(texts.get(field, ()), length) if isinstance(length, int) else [length])
    )
