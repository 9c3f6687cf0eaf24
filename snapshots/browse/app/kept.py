"""What is kept while nothing is written to the database: whole answers, and what is found by going through all of it.

So are connections, which know the schema, their questions and what they read last. It is kept in this process, and with
one state of the database: when that is over, so is all that was kept with it, so that nothing can be out of date.
"""

import hashlib
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, MutableMapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send

from snapshots.browse.app.limits import LARGEST_KEPT

SMALL = 100
"""Rows that a small value of its own counts for."""

_JUST_NOW_NS = 100_000_000
"""A file system's clock may stand still for some milliseconds: of what was written just now the next change might not
be seen by its time. git calls such files "racily clean"."""


class KeptStore:
    """What is kept with one state of the database. Of too much, what was not asked for the longest time goes.

    Args:
        most: Sizes that there is room for, all together.
    """

    def __init__(self, most: int) -> None:
        self._room, self._lock = most, Lock()
        self._held: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._idle: list[sqlite3.Connection] = []
        self._is_over = False

    def end(self) -> None:
        """Close what is open, and keep no connection any more: the state is over, though pages may be under way."""
        with self._lock:
            self._is_over = True
            while self._idle:
                self._idle.pop().close()

    __del__ = end

    def get(self, key: Hashable) -> Any:
        """Return what is kept as *key*; None if nothing is."""
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key][0]

    def keep(self, key: Hashable, value: Any, size: int) -> None:
        """Keep *value*, if there is room for it at all."""
        with self._lock:
            if key in self._held:
                return  # made twice at the same time
            self._held[key] = (value, size)
            self._room -= size
            while self._room < 0:
                _, (_, left) = self._held.popitem(last=False)
                self._room += left

    def lent(self) -> sqlite3.Connection | None:
        """Return a connection that nobody uses just now, for one page; None if there is none."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def take_back(self, conn: sqlite3.Connection) -> None:
        """Keep a connection that its page is done with."""
        with self._lock:
            if self._is_over:
                conn.close()
            else:
                self._idle.append(conn)


class KeptStates:
    """What is kept with the state that the database is in.

    Args:
        state: Returns what is another value whenever the database is another; None if that cannot be told just now.
        most: Sizes that there is room for.
    """

    def __init__(self, state: Callable[[], object], most: int) -> None:
        self._state, self._most = state, most
        self._now: tuple[object, KeptStore] = (None, KeptStore(0))

    def now(self) -> KeptStore:
        """Return what is kept with today's state. Ask before the database is opened: what is written then is later."""
        state = self._state()
        known, kept = self._now
        if state is None:
            passing = KeptStore(self._most)
            passing.end()
            return passing
        if state != known:
            kept.end()
            kept = KeptStore(self._most)
            self._now = (state, kept)
        return kept


def written_at(database: Path) -> tuple[object, ...] | None:
    """Return what is another value whenever something was written to *database*; None if that was just now."""
    files = (database, database.with_name(f"{database.name}-wal"))
    stats = [file.stat() for file in files if file.exists()]
    if any(stat.st_mtime_ns > time.time_ns() - _JUST_NOW_NS for stat in stats):
        return None
    return tuple((stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in stats)


def written_this_minute(database: Path, clock: Callable[[], datetime]) -> object:
    """Return what is another value whenever the database is, or the minute: a page says whether a run is overdue."""
    written = written_at(database)
    return written and (written, int(clock().timestamp()) // 60)


# --- whole answers ----------------------------------------------------------------------------------------------------


class KeptAnswer(NamedTuple):
    """An answer to be given again."""

    headers: list[tuple[bytes, bytes]]
    body: bytes

    async def send(self, scope: Scope, send: Send) -> None:
        """Give it, or say that the reader has it."""
        headers = MutableHeaders(raw=list(self.headers))
        etag, changed = headers.get("etag"), headers.get("last-modified")
        known = reader_has(Headers(scope=scope), etag, parsedate_to_datetime(changed) if changed else None)
        if known:
            del headers["content-type"]
            del headers["content-length"]
        body = b"" if known or scope["method"] == "HEAD" else self.body
        await send({"type": "http.response.start", "status": 304 if known else 200, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})


def answer_key(scope: Scope) -> Hashable:
    """Return what answers hang on; of the headers it is the name we are asked by, and whether a file is clicked on."""
    headers = Headers(scope=scope)
    in_browser = "text/html" in headers.get("accept", "")
    return (scope.get("raw_path") or scope["path"], scope["query_string"], headers.get("host"), in_browser)


def keeping(kept: KeptStore, key: Hashable, scope: Scope, send: Send) -> Send:
    """Return *send* for an application whose answer, if it is whole and good, is named by its bytes, and kept."""
    begun: MutableMapping[str, Any] | None = None

    async def sending(message: Message) -> None:
        nonlocal begun
        if message["type"] == "http.response.start" and message["status"] == 200:
            begun = message
            return
        if begun is None:
            await send(message)
            return
        start, begun = begun, None
        body = message.get("body", b"")
        headers = MutableHeaders(raw=list(start.get("headers", [])))
        # Datasette has no body for who asks for the head alone; and a cookie is one reader's.
        whole = not message.get("more_body", False) and (body or scope["method"] == "GET")
        if not whole or "set-cookie" in headers:
            await send(start)
            await send(message)
            return
        headers.setdefault("etag", f'"{hashlib.sha256(body).hexdigest()[:20]}"')
        headers["content-length"] = str(len(body))
        answer = KeptAnswer(headers.raw, body)
        if len(body) <= LARGEST_KEPT:
            kept.keep(key, answer, len(body))
        await answer.send(scope, send)

    return sending


def reader_has(asked: Headers, etag: str | None, changed_at: datetime | None) -> bool:
    """Say whether the reader has an answer: by its name if one is named, which is exact, else by its time."""
    if (named := asked.get("if-none-match")) is not None:
        return bool(etag and etag in named) or named.strip() == "*"
    since = asked.get("if-modified-since")
    try:
        return bool(since and changed_at and changed_at <= parsedate_to_datetime(since))
    except (ValueError, TypeError):  # no date, or one without a zone
        return False
