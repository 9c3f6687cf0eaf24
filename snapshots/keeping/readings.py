"""What a body says: read once for each version of the reading rules."""

import hashlib
import json
import multiprocessing
import os
import pickle
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import groupby, islice
from typing import Any, NamedTuple

from sqlite_utils import Database

from scraper.errors import ListPageError, RefusedPageError
from scraper.limits import too_large
from scraper.names.vocabulary import Vocabulary
from scraper.reading.blocks import looks_like_markup
from scraper.reading.lines import closes
from scraper.records import Agreement, Owned, RegisterPage, lines_of
from scraper.register import NHS_DATA_RELEASE
from snapshots.keeping.database import StoreError, insert, search_tables
from snapshots.keeping.states import States, as_json


@dataclass(frozen=True, slots=True)
class Reading:
    """A body as read: a page, or the reason why it is refused."""

    page: RegisterPage | None
    refused: str | None
    closes: bool | None
    """Whether it has its end, `</body>` or `</html>`; None for a page saved as text."""
    is_list: bool = False


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
    return Reading(page, None, ends)


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

_AT_ONCE = 16  # bodies of one message to another process: one by one the messages cost more than they carry


def read_all(
    bodies: Iterable[Unread], number: int, vocabulary: Vocabulary, executor: Executor | None = None
) -> Iterator[tuple[str, Reading]]:
    """Yield (sha256, reading) of each body, in order; many are read on all cores.

    Args:
        bodies: What is to be read.
        number: How many there are.
        vocabulary: The names that the register uses.
        executor: Who reads them; by default this process, or from 150 on as many others as there are cores.

    Raises:
        StoreError: A process that reads was ended from outside.
    """
    workers = len(os.sched_getaffinity(0))
    if executor is None and (number < WORTH_A_POOL or workers == 1):
        yield from (_read_one(one, vocabulary) for one in bodies)
        return
    # Not forked: a child that closes its copy of the database file would drop the locks of this process.
    with executor or ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        # Sent with each batch, not when a process begins: one that died then would leave this one writing for ever.
        names = pickle.dumps(vocabulary)
        source = iter(bodies)
        running: deque[Future[list[tuple[str, Reading]]]] = deque()
        try:
            while batch := list(islice(source, _AT_ONCE)):
                running.append(pool.submit(_read_batch, batch, names))
                if len(running) > 2 * workers:  # no more in memory than keeps all busy
                    yield from running.popleft().result()
            while running:
                yield from running.popleft().result()
        except BrokenExecutor as error:
            raise StoreError("a process that reads pages was ended from outside, perhaps for want of memory") from error


def _read_one(one: Unread, vocabulary: Vocabulary) -> tuple[str, Reading]:
    return one.sha256, read_body(one.body, one.slug, one.slug, vocabulary, one.charset)


@lru_cache(maxsize=1)
def _vocabulary(names: bytes) -> Vocabulary:
    return pickle.loads(names)  # type: ignore[no-any-return]


def _read_batch(batch: list[Unread], names: bytes) -> list[tuple[str, Reading]]:
    return [_read_one(one, _vocabulary(names)) for one in batch]


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
                "states": as_json(self._states.keep(page.agreements)),
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
            order by captures.body
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
