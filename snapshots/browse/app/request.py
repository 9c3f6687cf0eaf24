"""What a view gets and what it gives: the words of the address, who serves, a reader; a page, a file, a refusal.

A reader is one page's: a connection that nobody else uses meanwhile, read-only, in one transaction that is over when
the page is. No HTTP beyond that.
"""

import json
import re
import sqlite3
from calendar import monthrange
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import parse_qsl

from diff.cells import escaped, to_csv
from diff.change import FoundChanges
from scraper.errors import RegisterWatchError
from scraper.names.vocabulary import Vocabulary, default_vocabulary
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line
from scraper.times import as_text, end_of, read_time
from snapshots.asking.answers import Answers
from snapshots.asking.differences import Disagreement
from snapshots.asking.names import add_name_functions
from snapshots.browse.app.budget import Budget
from snapshots.browse.app.kept import SMALL, KeptStore
from snapshots.browse.app.limits import LONGEST_WORD, MOST_FOUND, MOST_WORDS
from snapshots.keeping.database import add_functions
from snapshots.sql.rows import Database

if TYPE_CHECKING:
    from snapshots.browse.following.site import FollowSite

Row = dict[str, Any]
T = TypeVar("T")


class Reader:
    """The database as it is for one page."""

    def __init__(self, db: Database, vocabulary: Vocabulary, budget: Budget, kept: KeptStore) -> None:
        self.db = db
        self.vocabulary = vocabulary
        self.budget = budget
        self.kept = kept

    @cached_property
    def answers(self) -> Answers:
        """The questions that the command line asks too."""
        return Answers(self.db, self.vocabulary, ask=self.once, keep=self.lasting)

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        """Return the rows of a question. In SQL, `folded(text)` is the form in which names are compared.

        `dataset_names(text)` and `organisation_pages(text)` are what is called so (`add_name_functions`).
        """
        self.budget.check()  # what Python did since the last question counts too
        return list(self.db.query(sql, dict(values or {})))

    def once(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        """Return the rows of a question that is asked again and again, by this page or others: read only."""
        key = (sql, json.dumps(values, sort_keys=True))
        return self.lasting(key, lambda: self.rows(sql, values), len)

    def row(self, sql: str, values: Mapping[str, Any] | None = None) -> Row | None:
        """Return the first row of a question, if there is one."""
        return next(iter(self.rows(sql, values)), None)

    def value(self, sql: str, values: Mapping[str, Any] | None = None) -> Any:
        """Return the first value of the first row of a question; None if there is no row."""
        row = self.row(sql, values)
        return next(iter(row.values())) if row else None

    @cached_property
    def newest(self) -> str:
        """The time of the newest run that counts, empty before there is one: what pages mean by "now"."""
        return self.answers.runs.newest()

    @property
    def standing(self) -> Mapping[str, Any]:
        """How things stand, whatever time it is."""
        return self.lasting("standing", self.answers.runs.standing)

    @cached_property
    def organisations(self) -> dict[str, str]:
        """Slug → name, of every page there has been."""
        rows = self.once(
            f"""
            select key as slug, coalesce(organisation, key) as name
            from pages
            where register = '{NHS_DATA_RELEASE.id}'
            order by key
            """
        )
        return {row["slug"]: row["name"] for row in rows}

    def lasting(self, key: Hashable, found: Callable[[], T], size: Callable[[T], int] = lambda _: SMALL) -> T:
        """Return what is found by going through the whole register, or what was found since it was last written to.

        Args:
            key: What it is called.
            found: Finds it.
            size: Returns how many rows it is; without it, it is a small one.
        """
        known = self.kept.get(key)
        if known is None:
            known = found()
            self.kept.keep(key, known, size(known) + 1)
        return cast(T, known)


def lasting(find: Callable[[Reader], T]) -> Callable[[Reader], T]:
    """Have a question about the whole register asked once, until something is written to the database."""

    @wraps(find)
    def found(reader: Reader) -> T:
        return reader.lasting((find.__module__, find.__qualname__), partial(find, reader))

    return found


@contextmanager
def reading(
    database: Path, vocabulary: Vocabulary, budget: Budget | None = None, kept: KeptStore | None = None
) -> Iterator[Reader]:
    """Open *database* to read one page from it, within what is left of the request's time.

    Args:
        database: The file.
        vocabulary: The names that are known.
        budget: Of the request; by default one that begins now.
        kept: What is kept with the state that the database was in just before; by default nothing is.
    """
    if budget is None:
        budget = Budget()
        budget.begin()
    conn = (kept.lent() if kept else None) or _connected(database, vocabulary)
    keeping = None  # what went wrong may have left anything
    try:
        budget.mind(conn)
        conn.execute("begin")
        yield Reader(Database(conn), vocabulary, budget, kept or KeptStore(MOST_FOUND))
        conn.execute("rollback")
        keeping = kept
    finally:
        if keeping:
            keeping.take_back(conn)
        else:
            conn.close()


def _connected(database: Path, vocabulary: Vocabulary) -> sqlite3.Connection:
    # One page after the other has it, each in a thread of its own.
    uri = f"{database.absolute().as_uri()}?mode=ro"
    conn = sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None, check_same_thread=False)
    add_functions(conn)
    add_name_functions(conn, vocabulary)
    conn.execute("pragma query_only = on")
    return conn


# --- what a view gets and gives ---------------------------------------------------------------------------------------


class NotThereError(RegisterWatchError):
    """There is no such page; `nearest` are (words, address) of what may have been meant."""

    def __init__(self, message: str, nearest: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.nearest = nearest


class BadAddressError(RegisterWatchError):
    """The address asks for something that cannot be: a day that is none, a kind that nobody knows."""


class DeniedError(RegisterWatchError):
    """What is asked for is there, and is not shown to everybody."""


class MovedError(RegisterWatchError):
    """The page has another address; 303 where what was sent is done, and the answer is read there."""

    def __init__(self, address: str, status: int = 301) -> None:
        super().__init__(address)
        self.address = address
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """Who serves what to whom: settings."""

    database: Path
    register: str = NHS_DATA_RELEASE.name
    """What the register is called."""
    index: str = NHS_DATA_RELEASE.index
    """Address of the register."""
    base_url: str | None = None
    """Address under which the pages are published, if they are."""
    feeds_url: str | None = None
    """Address under which the feeds are published, if they are."""
    contact: str | None = None
    """Mail or web address of whoever runs the pages, for everybody to read."""
    public: bool = False
    publish_pages: bool = False
    vocabulary: Vocabulary = field(default_factory=default_vocabulary)
    draw_feed: Callable[["PageRequest", FoundChanges, str], bytes] = lambda _request, _found, _format: b""
    """Given who asks, what was found, and a format: the bytes of a feed of it."""
    draw_differences: Callable[["PageRequest", Sequence[Disagreement], str], bytes] = lambda *_: b""
    """The same for differences between the pages and the official register."""
    following: "FollowSite | None" = None
    """How the pages may be followed by e-mail; None where they may not."""
    due: Callable[[datetime | None, datetime], Mapping[str, str | None]] = lambda _last, _now: {}
    """Given when the last run began and what time it is: when the next is due, and since when one is overdue."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """What time it is. Only whether a run is overdue and whether a month is over is asked of it: pages are as of the
    newest run."""
    patience: float = 1.0
    """How many times as long as usual an answer may take; more where the machine has much else to do."""

    @property
    def shows_pages(self) -> bool:
        """Whether kept pages are shown: the work of others, and possibly with names of people."""
        return not self.public or self.publish_pages


class QueryWords:
    """The part of an address behind the question mark."""

    def __init__(self, query: str) -> None:
        try:
            pairs = parse_qsl(query, max_num_fields=MOST_WORDS, errors="replace")
        except ValueError as error:
            raise BadAddressError("This address asks for too much at once.") from error
        self._pairs = [(name, cut(one_line(value), LONGEST_WORD)) for name, value in pairs]

    @property
    def names(self) -> list[str]:
        """The names that have a value, each once."""
        return list(dict.fromkeys(name for name, _ in self._pairs))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All names with their values, in order."""
        return list(self._pairs)

    def one(self, name: str) -> str:
        """Return the last value given for *name*; empty if none is."""
        return next((value for given, value in reversed(self._pairs) if given == name), "")

    def all(self, name: str) -> list[str]:
        """Return the values given for *name*, each once."""
        return list(dict.fromkeys(value for given, value in self._pairs if given == name and value))

    def time(self, name: str, *, until: bool = False) -> str | None:
        """Return a time as it is kept; None if none is given.

        Raises:
            BadAddressError: What is given is no time.
        """
        typed = text = self.one(name).strip()
        try:
            # A month stands for its days, as people write it.
            if re.fullmatch(r"\d{4}-\d{2}", text):
                text = f"{text}-01" if not until else _last_day(text)
            return (end_of(text) if until else as_text(read_time(text))) if text else None
        except (ValueError, OverflowError) as error:
            raise BadAddressError(f"“{cut(typed, 60)}” is no date; write it as 2026-11-21.") from error

    def number(self, name: str) -> int | None:
        """Return a whole number; None if none is given.

        Raises:
            BadAddressError: What is given is none.
        """
        text = self.one(name)
        if text and not re.fullmatch(r"\d{1,9}", text):
            raise BadAddressError(f"“{cut(text, 60)}” is no number.")
        return int(text) if text else None


def _last_day(month: str) -> str:
    year, number = month.split("-")
    return f"{month}-{monthrange(int(year), int(number))[1]:02d}"


# --- a request, and what answers it -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """One request, as a view sees it."""

    path: Mapping[str, str]
    """The variable parts of the address, as `PageRoute.address` names them."""
    words: QueryWords
    reader: Reader
    site: SiteSettings
    ending: str = ""
    """Of an address that asks for a page's rows as a file: .csv or .json."""
    form: Mapping[str, str] | None = None
    """What was sent to it; None where it is only read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """What a view answers that has no template: a file."""

    body: bytes | Callable[[], bytes]
    """A function where drawing it takes time, which whoever has it need not wait for."""
    content_type: str
    name: str | None = None
    """File name it is saved under; without one it is shown."""
    state: str | None = None
    """A digest of what it is made of: who names it has the same bytes already."""
    changed_at: datetime | None = None
    """When what it is made of was last written."""

    def drawn(self) -> bytes:
        """Return the bytes."""
        return self.body if isinstance(self.body, bytes) else self.body()


@dataclass(frozen=True, slots=True)
class PageRoute:
    """An address and what answers it."""

    address: str
    """As in `/organisations/{slug}`; a part in braces is any text without a slash."""
    view: Callable[[PageRequest], Mapping[str, Any] | PageFile]
    template: str | None = None
    """In `templates/`; a view without one returns a `PageFile`."""
    navigation: str | None = None
    """Its name in the navigation of every page, if it stands there."""
    takes_forms: bool = False
    """Whether something may be sent to it; it is private then: kept nowhere, and shown to no search engine."""
    needs_pages: bool = False
    """Whether it shows kept pages, which `--public` does not serve unless the settings say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRows:
    """What a page says, as rows."""

    name: str
    """File name, without its ending, under which the rows are saved."""
    columns: Sequence[str]
    rows: Iterable[Mapping[str, Any]]
    as_json: Callable[[], Any] | None = None
    """What JSON says where that is not a list of the rows."""


def files_beside(address: str, rows_of: Callable[[PageRequest], PageRows]) -> tuple[PageRoute, PageRoute]:
    """Return the routes by which a page's rows are had as CSV and as JSON: its address with an ending."""

    def as_csv(request: PageRequest) -> PageFile:
        found = rows_of(replace(request, ending=".csv"))
        text = to_csv(list(found.rows), found.columns)
        return PageFile(body=_bytes(text), content_type="text/csv; charset=utf-8", name=f"{found.name}.csv")

    def as_json(request: PageRequest) -> PageFile:
        found = rows_of(replace(request, ending=".json"))
        value = found.as_json() if found.as_json else list(found.rows)
        text = escaped(json.dumps(value, ensure_ascii=False, indent=2)) + "\n"
        return PageFile(body=_bytes(text), content_type="application/json; charset=utf-8")

    return PageRoute(f"{address}.csv", as_csv), PageRoute(f"{address}.json", as_json)


def _bytes(text: str) -> bytes:
    # Half of a pair of code units, as it may stand on a page, is no UTF-8.
    return text.encode("utf-8", "replace")


def piece_of(rows: Sequence[Any], words: QueryWords, most: int, to: Callable[[str], str]) -> dict[str, Any]:
    """Return the piece of a long list that an address asks for, and where the pieces before and after it are.

    Args:
        rows: All of the list.
        words: Of the address; `start` says where the piece begins.
        most: Rows of a piece.
        to: Returns the address of the piece that begins somewhere; empty stands for the first.
    """
    start = min(words.number("start") or 0, max(0, len(rows) - 1))
    shown, left = rows[start : start + most], len(rows) - start - most
    before = str(start - most) if start > most else ""
    return {
        "shown": shown,
        "start": start,
        "found": len(rows),
        "newer": {"words": "Back", "address": to(before)} if start else None,
        "older": {"words": f"Next {min(most, left)}", "address": to(str(start + most))} if left > 0 else None,
    }
