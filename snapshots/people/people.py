"""Those who follow by e-mail: who asked, who confirmed, who stopped; and that nobody is kept for longer than said.

Every method is one transaction, so that two processes may confirm and stop at once and one killed at any instant leaves
a whole state. What is due to them stands in the history, without an address (`snapshots/keeping/deliveries.py`).
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from scraper.errors import RegisterWatchError
from scraper.times import as_text, read_time
from snapshots.people.addresses import network_of, read_address, same
from snapshots.people.keys import Keys, new_id
from snapshots.sql.rows import Database, make_file

APPLICATION_ID = 0x52575050
"""Written into the file's header, so that no other file is taken for this one."""

BUSY_S = 20.0

UNCONFIRMED = timedelta(days=7)
"""How long what was asked for waits to be confirmed."""

SUSPENDED = timedelta(days=30)
"""How long an address is kept from which letters come back."""

MOST_LETTERS = {"address": 3, "network": 20, "all": 500}
"""Letters that ask for a confirmation in a day: to one address, from one network, in all. Whoever has several things to
follow from one office needs some; whoever floods an address with them has three."""

MOST_FOLLOWED = 50
"""Things that one address may follow."""

LONGEST_WHAT = 1_000
"""Characters of the address of what is followed."""

DAY = timedelta(days=1)

Frequency = Literal["run", "daily", "weekly"]

FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)

Row = dict[str, Any]


class PeopleError(RegisterWatchError):
    """The file of those who follow cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followable:
    """What may be followed: a page of ours, and the changes that it stands for."""

    what: str
    """Its address, with the words behind the question mark."""
    asks: str
    """The changes, as words of an address: `organisation=nhs_example_icb`."""
    said: str
    """What it is called, for a sentence that begins "You follow …"."""
    own_words: bool = False
    """Whether words of whoever asks stand in that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """A form that was sent."""

    address: str
    """As it was typed."""
    followable: Followable
    frequency: str
    client: str
    """Address of the machine that it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What somebody follows."""

    id: str
    what: str
    asks: str
    said: str
    frequency: Frequency
    asked_at: str
    confirmed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asked for, and may confirm."""

    id: str
    person: str
    what: str
    said: str
    frequency: Frequency
    asked_at: str
    confirmed_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingLetter:
    """A letter that asks for a confirmation."""

    asked: str
    person: str
    address: str
    said: str | None
    """What is to be followed; None where words of whoever asked stand in it: no mail to others repeats them."""
    frequency: str
    attempts: int


class People:
    """The open file. *keys* hash the addresses in it."""

    def __init__(self, conn: sqlite3.Connection, keys: Keys) -> None:
        self._db = Database(conn)
        self.keys = keys

    def close(self) -> None:
        """Close the file."""
        self._db.conn.close()

    def _rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        return list(self._db.query(sql, values or {}))

    def _value(self, sql: str, values: Mapping[str, Any]) -> Any:
        return next(iter(self._db.column(sql, values)), None)

    # --- asking -------------------------------------------------------------------------------------------------------

    def sign_up(self, forms: Iterable[SignUp], now: datetime) -> int:
        """Keep what is asked for, as far as a letter may go out for it; return how many letters that makes.

        Whoever asks is told the same whatever becomes of it: that an address is known is nobody else's business.
        """
        with self._db.writing():
            return sum(self._sign_up(form, now) for form in forms)

    def _sign_up(self, form: SignUp, now: datetime) -> bool:
        address = read_address(form.address)
        if address is None or form.frequency not in FREQUENCIES or len(form.followable.what) > LONGEST_WHAT:
            return False
        hashes, at = self.keys.hashes(same(address)), as_text(now)
        if self._complained(hashes) or not self._may_ask(hashes, network_of(form.client), now):
            return False
        person = self._person_of(address, hashes, at)
        if self._count_followed(person) >= MOST_FOLLOWED:
            return False
        wanted = form.followable
        self._db.execute(
            """
            insert into asked (id, person, what, asks, said, own_words, frequency, asked_at)
            values (:id, :person, :what, :asks, :said, :own_words, :frequency, :at)
            """,
            {
                "id": new_id(),
                "person": person,
                "what": wanted.what,
                "asks": wanted.asks,
                "said": wanted.said,
                "own_words": wanted.own_words,
                "frequency": form.frequency,
                "at": at,
            },
        )
        return True

    def _complained(self, hashes: Sequence[str]) -> bool:
        sql = "select 1 from gone where why = 'complaint' and hash = :hash"
        return any(self._value(sql, {"hash": hash_}) for hash_ in hashes)

    def _may_ask(self, hashes: Sequence[str], network: str, now: datetime) -> bool:
        """Say whether one more letter may go out, and count it if so."""
        # Of a machine whose network is not known, all such are one: that is stricter, and cannot be had by hiding.
        counted = {"address": hashes[-1], "network": self.keys.hash(network or "unknown")}
        since = as_text(now - DAY)
        sql = "select count(*) from letters where sort = :sort and hash = :hash and at > :since"
        for sort, hash_ in counted.items():
            if self._value(sql, {"sort": sort, "hash": hash_, "since": since}) >= MOST_LETTERS[sort]:
                return False
        every = "select count(*) from letters where sort = 'address' and at > :since"
        if self._value(every, {"since": since}) >= MOST_LETTERS["all"]:
            return False
        rows = [(sort, hash_, as_text(now)) for sort, hash_ in counted.items()]
        self._db.conn.executemany("insert into letters (sort, hash, at) values (?, ?, ?)", rows)
        return True

    def _person_of(self, address: str, hashes: Sequence[str], at: str) -> str:
        if known := self._find(hashes):
            return known
        id_ = new_id()
        self._db.execute(
            "insert into people (id, address, hash, created_at) values (:id, :address, :hash, :at)",
            {"id": id_, "address": address, "hash": hashes[-1], "at": at},
        )
        return id_

    def _find(self, hashes: Sequence[str]) -> str | None:
        found = (self._value("select id from people where hash = :hash", {"hash": hash_}) for hash_ in hashes)
        return next((str(id_) for id_ in found if id_), None)

    def _count_followed(self, person: str) -> int:
        sql = """
            select (select count(*) from follows where person = :person)
              + (select count(*) from asked where person = :person and confirmed_at is null)
            """
        return int(self._value(sql, {"person": person}))

    # --- letters that ask ---------------------------------------------------------------------------------------------

    def letters_due(self, now: datetime) -> list[AskingLetter]:
        """Return the letters that ask for a confirmation and are to go out now."""
        rows = self._rows(
            """
            select asked.id as asked, person, address, iif(own_words, null, said) as said, frequency, attempts
            from asked
            join people on people.id = asked.person
            where letter in ('due', 'attempted') and coalesce(next_attempt_at, '') <= :now and confirmed_at is null
            order by asked_at, asked.id
            """,
            {"now": as_text(now)},
        )
        return [AskingLetter(**row) for row in rows]

    def begin_letter(self, letter: AskingLetter, until: datetime) -> bool:
        """Put down that a letter is being sent, before it is; say whether no other process was faster."""
        changed = self._db.execute(
            """
            update asked
            set letter = 'attempted', attempts = attempts + 1, next_attempt_at = :until
            where id = :id and attempts = :attempts and letter in ('due', 'attempted') and confirmed_at is null
            """,
            {"id": letter.asked, "attempts": letter.attempts, "until": as_text(until)},
        )
        return bool(changed.rowcount)

    def end_letter(self, letter: AskingLetter, *, given_up: bool = False) -> None:
        """Note that a letter was taken, or that it is not tried any more."""
        state = "given up" if given_up else "sent"
        self._db.execute(
            "update asked set letter = :state, next_attempt_at = null where id = :id",
            {"id": letter.asked, "state": state},
        )

    # --- confirming, changing, stopping -------------------------------------------------------------------------------

    def asked(self, id_: str, now: datetime) -> Asked | None:
        """Return what was asked for; None if there is no such thing, or it is too old."""
        rows = self._rows(
            """
            select id, person, what, said, frequency, asked_at, confirmed_at
            from asked
            where id = :id and asked_at > :since
            """,
            {"id": id_, "since": as_text(now - UNCONFIRMED)},
        )
        return Asked(**rows[0]) if rows else None

    def confirm(self, id_: str, now: datetime) -> Asked | None:
        """Begin what was asked for; once: a link that is used again brings back nothing that was stopped since."""
        with self._db.writing():
            found = self.asked(id_, now)
            if found is None or found.confirmed_at is not None:
                return found
            values = {"id": id_, "follow": new_id(), "person": found.person, "now": as_text(now)}
            self._db.execute(
                """
                insert into follows (id, person, what, asks, said, frequency, asked_at, confirmed_at)
                select :follow, person, what, asks, said, frequency, asked_at, :now
                from asked
                where id = :id
                on conflict (person, what) do update set frequency = excluded.frequency
                """,
                values,
            )
            self._db.execute("update asked set confirmed_at = :now where id = :id", values)
            # Whoever confirms gets our letters: what came back before is settled.
            self._db.execute(
                "update people set stopped_at = null, suspended_at = null, suspended_why = null where id = :person",
                values,
            )
            self._db.execute("delete from returned where person = :person", values)
            return self.asked(id_, now)

    def follows_of(self, person: str) -> list[Follow]:
        """Return what somebody follows, the oldest first."""
        rows = self._rows(
            """
            select id, what, asks, said, frequency, asked_at, confirmed_at
            from follows
            where person = :person
            order by confirmed_at, id
            """,
            {"person": person},
        )
        return [Follow(**row) for row in rows]

    def person(self, id_: str) -> Row | None:
        """Return what is kept of somebody, but for what is followed and asked for."""
        rows = self._rows("select * from people where id = :id", {"id": id_})
        return rows[0] if rows else None

    def set_frequency(self, person: str, follow: str, frequency: str) -> None:
        """Change how often somebody is told of something."""
        if frequency in FREQUENCIES:
            self._db.execute(
                "update follows set frequency = :frequency where id = :follow and person = :person",
                {"frequency": frequency, "follow": follow, "person": person},
            )

    def stop(self, person: str, follow: str | None, now: datetime) -> None:
        """Stop one thing that somebody follows, or all of it and what waits to be confirmed."""
        values = {"person": person, "follow": follow, "now": as_text(now)}
        with self._db.writing():
            self._db.execute("delete from follows where person = :person and (:follow is null or id = :follow)", values)
            if follow is None:
                self._db.execute("delete from asked where person = :person and confirmed_at is null", values)
            self._db.execute(
                """
                update people set stopped_at = :now
                where id = :person and stopped_at is null
                  and not exists (select 1 from follows where person = :person)
                """,
                values,
            )

    def erase(self, person: str, why: str, now: datetime) -> None:
        """Erase somebody at once; a keyed hash remains."""
        with self._db.writing():
            self._erase(person, why, now)

    def _erase(self, person: str, why: str, now: datetime) -> None:
        values = {"person": person, "why": why, "now": as_text(now)}
        self._db.execute(
            """
            insert into gone (hash, why, at) select hash, :why, :now from people where id = :person
            on conflict (hash) do update set at = excluded.at, why = iif(why = 'complaint', why, excluded.why)
            """,
            values,
        )
        self._db.execute("delete from people where id = :person", values)

    # --- telling ------------------------------------------------------------------------------------------------------

    def live(self) -> dict[str, list[Follow]]:
        """Return person → what is followed, of all who are told things."""
        cursor = self._db.execute(
            """
            select people.id, follows.id, what, asks, said, frequency, asked_at, confirmed_at
            from follows
            join people on people.id = follows.person
            where suspended_at is null
            order by people.id, confirmed_at, follows.id
            """
        )
        found: dict[str, list[Follow]] = {}
        for person, id_, what, asks, said, frequency, asked_at, confirmed_at in cursor:
            follow = Follow(
                id=id_,
                what=what,
                asks=asks,
                said=said,
                frequency=frequency,
                asked_at=asked_at,
                confirmed_at=confirmed_at,
            )
            found.setdefault(person, []).append(follow)
        return found

    def ids(self) -> list[str]:
        """Return who is kept."""
        return [row["id"] for row in self._rows("select id from people")]

    def address_of(self, person: str, follows: Iterable[str]) -> str | None:
        """Return where a letter goes to, on account of *follows*; None if not one of them is followed any more."""
        rows = self._rows(
            """
            select address, follows.id
            from people
            join follows on follows.person = people.id
            where people.id = :person and suspended_at is null
            """,
            {"person": person},
        )
        wanted = set(follows)
        return next((str(row["address"]) for row in rows if not wanted or row["id"] in wanted), None)

    def note_sent(self, person: str, now: datetime) -> None:
        """Note that something was sent to somebody."""
        self._db.execute(
            "update people set last_sent_at = :now where id = :person", {"person": person, "now": as_text(now)}
        )

    # --- what came back -----------------------------------------------------------------------------------------------

    def note_returned(self, person: str, message: str, sort: str, now: datetime) -> bool:
        """Note that a message came back, or was complained of; say whether that was news.

        Two letters that came back for good suspend, so does a week of letters that came back for the time being; a
        complaint ends everything at once.
        """
        values = {"person": person, "message": message, "sort": sort, "now": as_text(now)}
        with self._db.writing():
            if not self._value("select 1 from people where id = :person", values):
                return False
            sql = "insert or ignore into returned (person, message, sort, at) values (:person, :message, :sort, :now)"
            is_news = bool(self._db.execute(sql, values).rowcount)
            if sort == "complaint":
                self._erase(person, "complaint", now)
            elif is_news and (why := self._why_suspended(person, now)):
                self._db.execute(
                    """
                    update people set suspended_at = :now, suspended_why = :why
                    where id = :person and suspended_at is null
                    """,
                    values | {"why": why},
                )
            return is_news

    def _why_suspended(self, person: str, now: datetime) -> str | None:
        came_back = self._rows("select sort, at from returned where person = :person", {"person": person})
        if sum(row["sort"] == "hard" for row in came_back) >= MOST_HARD:
            return "hard"
        soft = [read_time(row["at"]) for row in came_back if row["sort"] == "soft"]
        return "soft" if soft and now - min(soft) >= SOFT_FOR else None

    # --- for the operator, and for whoever asks -----------------------------------------------------------------------

    def find(self, address: str) -> str | None:
        """Return the id of who has an address."""
        read = read_address(address)
        return self._find(self.keys.hashes(same(read))) if read else None

    def everything_of(self, person: str) -> Row:
        """Return all that is kept of somebody."""
        tables = {
            "follows": "select what, said, frequency, asked_at, confirmed_at from follows where person = :person",
            "asked": "select what, said, frequency, asked_at, confirmed_at from asked where person = :person",
            "returned": "select sort, at from returned where person = :person",
        }
        kept = self.person(person) or {}
        own = ("address", "created_at", "last_sent_at", "stopped_at", "suspended_at", "suspended_why")
        return {name: kept.get(name) for name in own} | {
            name: self._rows(sql, {"person": person}) for name, sql in tables.items()
        }

    def counts(self, now: datetime) -> Row:
        """Return how many there are of what; nobody is named."""
        (row,) = self._rows(
            """
            select
              (select count(distinct person) from follows
                join people on people.id = person where suspended_at is null) as followers,
              (select count(*) from follows) as follows,
              (select count(*) from follows where frequency = 'run') as run,
              (select count(*) from follows where frequency = 'daily') as daily,
              (select count(*) from follows where frequency = 'weekly') as weekly,
              (select count(*) from asked where confirmed_at is null and asked_at > :since) as unconfirmed,
              (select count(*) from asked where letter in ('due', 'attempted') and confirmed_at is null
                and asked_at > :since) as letters_waiting,
              (select count(*) from people where suspended_at is not null) as suspended,
              (select count(*) from people where stopped_at is not null) as stopped,
              (select count(*) from gone) as erased,
              (select count(*) from gone where why = 'complaint') as complaints
            """,
            {"since": as_text(now - UNCONFIRMED)},
        )
        return row

    def sweep(self, now: datetime, keep_days: int) -> None:
        """Erase what is kept no longer: what nobody confirmed, who stopped, from whom letters come back."""
        at = {
            "asked": as_text(now - UNCONFIRMED),
            "letters": as_text(now - DAY),
            "stopped": as_text(now - timedelta(days=keep_days)),
            "suspended": as_text(now - SUSPENDED),
        }
        with self._db.writing():
            self._db.execute("delete from asked where asked_at <= :asked", {"asked": at["asked"]})
            self._db.execute("delete from letters where at <= :letters", {"letters": at["letters"]})
            for why, column in (("stopped", "stopped_at"), ("returned", "suspended_at")):
                limit = at["stopped" if why == "stopped" else "suspended"]
                for row in self._rows(f"select id from people where {column} <= :limit", {"limit": limit}):
                    self._erase(row["id"], why, now)
            self._db.execute("delete from returned where at <= :suspended", {"suspended": at["suspended"]})
            # Who never confirmed anything leaves nothing behind.
            self._db.execute(
                """
                delete from people
                where stopped_at is null and not exists (select 1 from follows where person = people.id)
                  and not exists (select 1 from asked where person = people.id)
                """
            )
        # Else what was erased would stand in the log beside the file until it is written over.
        self._db.execute("pragma wal_checkpoint(truncate)")


MOST_HARD = 2
"""Letters that came back for good, after which no more are sent."""

SOFT_FOR = timedelta(days=7)
"""For how long letters may come back for the time being."""


def open_people(path: Path, keys: Keys) -> People:
    """Open the file of those who follow, made if it is not there; its owner alone can read it.

    Raises:
        PeopleError: It is another program's, or cannot be used.
    """
    try:
        # Made before anything is in it; what SQLite puts beside it has its mode.
        make_file(path, 0o600)
        conn = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            _make_ready(conn, path)
        except BaseException:
            conn.close()
            raise
    except (sqlite3.Error, OSError) as error:
        raise PeopleError(f"{path}: cannot be used ({error})") from error
    return People(conn, keys)


def _make_ready(conn: sqlite3.Connection, path: Path) -> None:
    (application,) = conn.execute("pragma application_id").fetchone()
    (tables,) = conn.execute("select count(*) from sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise PeopleError(f"{path}: is another database; name another file in [follow]")
    # Kept in the file; a copy that another tool made of it may be without.
    conn.execute("pragma journal_mode = wal")
    if not tables:
        # As often as one likes: another process may be making it at this moment.
        conn.executescript(_SCHEMA.read_text(encoding="utf-8"))
        conn.execute(f"pragma application_id = {APPLICATION_ID}")
    conn.execute("pragma foreign_keys = on")
    # What is erased is overwritten, and not only forgotten.
    conn.execute("pragma secure_delete = on")
    conn.execute("pragma synchronous = normal")


_SCHEMA = resources.files("snapshots.people") / "schema.sql"
