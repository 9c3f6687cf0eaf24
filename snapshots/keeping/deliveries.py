"""What is to be told to whom, and what became of it: due, attempted, delivered, given up.

Rows are written in the transaction that commits a run (`Store.take`). What a message says, and how it travels, is no
question of this room; nor are addresses.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

from scraper.times import as_text, read_time
from snapshots.keeping.states import as_json
from snapshots.sql.rows import Database

# Servers that put strangers off take a letter minutes later; one that is down for a night is asked four times a day.
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)
# Mail servers themselves try for four to five days (RFC 5321); a week outlasts a long weekend too.
GIVEN_UP_AFTER = timedelta(days=7)
LATE_AFTER = timedelta(days=1)
"""A message that waits for longer than this needs a person."""

NOT_NAMED = "the settings no longer name this subscription"
"""The failure of rows given up because their subscription is gone: nobody has to do anything about those."""

NOTHING_LEFT = "what was to be told no longer holds"
"""The failure of rows that were let go: an end that moved before it was told, say. Nobody has to do anything either."""


CORRECTION = "correction:"
"""What an item begins with that takes a change back."""

NOTE = "note:"
"""What an item begins with that tells an operator's remark on a change; its number follows."""

FOLLOWERS = "followers"
"""What all who follow by e-mail are called where it is said what waits: they are counted, and not named."""

FOLLOWER = "follower:"
"""What the name of one begins with who follows by e-mail; what follows says nothing of who it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """One thing that a subscription is to be told."""

    subscription: str
    item: str
    """Id of a change or a group; else which printed end, correction or note to the operator it is."""
    due_at: datetime
    note: Mapping[str, Any] | None = None
    """What there is to tell of a printed end, a correction or to the operator; None for a change."""
    follows: Sequence[str] = ()
    """On account of which follows somebody is told who follows by e-mail; none: of whatever is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One row of a message."""

    row: int
    item: str
    note: Mapping[str, Any] | None
    run: int | None
    follows: frozenset[str] = frozenset()
    """See `OutboxItem`."""

    @property
    def correction(self) -> Mapping[str, Any] | None:
        """The note, if it is one that takes a change back."""
        return self.note if self.item.startswith(CORRECTION) else None

    @property
    def remark(self) -> Mapping[str, Any] | None:
        """The note, if it is an operator's remark on a change."""
        return self.note if self.item.startswith(NOTE) else None

    @property
    def end(self) -> Mapping[str, Any] | None:
        """The note, if it is one of a printed end."""
        return None if self.item.startswith((CORRECTION, NOTE)) else self.note


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What goes to one subscription in one message."""

    subscription: str
    message: str | None
    """Id of the message that these rows were put into; None for a new one."""
    parts: tuple[BatchRow, ...]
    attempts: int = 0
    first_attempt_at: datetime | None = None

    @property
    def items(self) -> tuple[str, ...]:
        """Return what is told, in the order in which it became due."""
        return tuple(part.item for part in self.parts)

    @property
    def follows(self) -> frozenset[str]:
        """Return on account of which follows it is; none: of whatever is followed."""
        every = [part.follows for part in self.parts]
        return frozenset[str]().union(*every) if all(every) else frozenset()

    @property
    def is_to_follower(self) -> bool:
        """Whether it goes to somebody who follows by e-mail."""
        return self.subscription.startswith(FOLLOWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a subscription was not told yet, or was given up for it."""

    subscription: str
    messages: int
    items: int
    since: str
    """When the oldest of it was due."""
    attempts: int
    """How often the message tried most was tried."""
    failure: str | None
    """Why the last attempt failed."""
    given_up: bool
    late: bool
    """Whether it waits for longer than a day."""


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts in vain.

    >>> [int(wait_after(attempts) / timedelta(minutes=1)) for attempts in (1, 2, 3, 7, 8, 1000)]
    [5, 10, 20, 320, 360, 360]
    """
    doublings = min(attempts - 1, 16)  # more would only be a larger number than a timedelta takes
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def next_attempt(attempts: int, first_attempt_at: datetime, now: datetime) -> datetime | None:
    """Return when to try again after an attempt in vain; None if it is to be given up."""
    return None if now - first_attempt_at >= GIVEN_UP_AFTER else now + wait_after(attempts)


class Deliveries:
    """The table `deliveries`. Every method is one transaction, or a part of the one that is open."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- what becomes due ---------------------------------------------------------------------------------------------

    def add(self, run: int | None, dues: Iterable[OutboxItem]) -> int:
        """Note what is to be told; return how much of it is new."""
        # What a subscription has a row of is left as it is, whatever became of it; and so is what a group held that it
        # has a row of, now that the group is another or has come apart. Nobody is told twice.
        told = self._told_in_groups()
        members = self._members() if told else {}
        # Of a busy night a hundred thousand rows are due, at few times and on account of few follows.
        at, said = cache(as_text), cache(lambda follows: as_json(list(follows)))
        rows = (
            (
                due.subscription,
                due.item,
                None if due.note is None else as_json(dict(due.note)),
                run,
                at(due.due_at),
                said(tuple(due.follows)) if due.follows else None,
            )
            for due in dues
            if not (told and members.get(due.item, {due.item}) <= told.get(due.subscription, set()))
        )
        before = self._db.conn.total_changes
        with self._db.together():
            self._db.conn.executemany(
                """
                insert or ignore into deliveries (subscription, item, note, run, due_at, follows)
                values (?, ?, ?, ?, ?, ?)
                """,
                rows,
            )
        return self._db.conn.total_changes - before

    def _told_in_groups(self) -> dict[str, set[str]]:
        """Return subscription → the former members of groups that it has a row of."""
        rows = self._db.query(
            """
            select deliveries.subscription, former_members.change_id
            from former_members
            join deliveries on deliveries.item = former_members.group_id
            """
        )
        told: dict[str, set[str]] = {}
        for row in rows:
            told.setdefault(row["subscription"], set()).add(row["change_id"])
        return told

    def _members(self) -> dict[str, set[str]]:
        """Return group → members, of the groups that have former members of others."""
        rows = self._db.query(
            """
            select member_of, id
            from changes
            where not withdrawn and member_of in (
              select member_of from changes where id in (select change_id from former_members)
            )
            """
        )
        members: dict[str, set[str]] = {}
        for row in rows:
            members.setdefault(row["member_of"], set()).add(row["id"])
        return members

    def follow_history(self) -> None:
        """After the history was derived again, let go of what is due, was never tried, and is no longer found."""
        # A group that is another one now, because its day or its members are others, is due as what it is now.
        self._db.execute(
            f"""
            insert or ignore into deliveries (subscription, item, run, due_at, follows)
            select deliveries.subscription, members.member_of, deliveries.run, min(deliveries.due_at),
              deliveries.follows
            from deliveries
            join former_members on former_members.group_id = deliveries.item
            join changes as members on members.id = former_members.change_id
            where {_VANISHED} and members.member_of is not null and not members.withdrawn
            group by deliveries.subscription, members.member_of
            """
        )
        self._db.execute(f"delete from deliveries where {_VANISHED}")
        self._db.execute("""
            delete from former_members
            where group_id not in (select item from deliveries union select change_id from change_notes)
            """)

    # --- messages -----------------------------------------------------------------------------------------------------

    def messages_to_send(self, now: datetime) -> Iterator[Batch]:
        """Yield what is to be sent now: messages to be tried again, and one new one for each subscription."""
        # Which messages those are is known at the start, or a failed one would come round again; each is read when its
        # turn comes, for what it holds may be much.
        messages = self._db.query(
            """
            select json_group_array(id) as rows
            from deliveries
            where (state = 'due' and due_at <= :now) or (state = 'attempted' and next_attempt_at <= :now)
            group by subscription, message
            order by subscription, message is null, min(first_attempt_at), message
            """,
            {"now": as_text(now)},
        )
        for message in list(messages):
            sql = "select * from deliveries where id in (select value from json_each(:rows)) order by due_at, id"
            yield _batch(list(self._db.query(sql, {"rows": message["rows"]})))

    def begin(self, batch: Batch, message: str, now: datetime) -> Batch | None:
        """Put rows into a message, before it is sent.

        Args:
            batch: From `messages_to_send`.
            message: Id of the message; rows that are in one already stay in it.
            now: Time of the attempt.

        Returns:
            The batch as it is now, to be handed to `delivered` or `failed`; None if another process has begun it since
            it was read, and is sending it.
        """
        # Put down before it is sent: a process that is killed in between leaves rows that are sent again under the same
        # message id, and a reader's mail program shows one mail.
        begun = replace(
            batch,
            message=batch.message or message,
            attempts=batch.attempts + 1,
            first_attempt_at=batch.first_attempt_at or now,
        )
        values = {
            "rows": _rows(batch),
            "before": batch.message,
            "message": begun.message,
            "tried": batch.attempts,
            "attempts": begun.attempts,
            "now": as_text(now),
            # If this process is killed, another one tries again then.
            "next": as_text(now + wait_after(begun.attempts)),
            "parts": len(batch.parts),
        }
        # All of its rows or none: two processes that read the same batch must not both send it.
        cursor = self._db.execute(
            """
            update deliveries
            set state = 'attempted', message = :message, attempts = :attempts, next_attempt_at = :next,
              first_attempt_at = coalesce(first_attempt_at, :now)
            where id in (select value from json_each(:rows)) and :parts = (
              select count(*)
              from deliveries as still
              where still.id in (select value from json_each(:rows)) and still.state not in ('delivered', 'given up')
                and still.message is :before and still.attempts = :tried
            )
            """,
            values,
        )
        return begun if cursor.rowcount else None

    def delivered(self, batch: Batch, now: datetime) -> None:
        """Note that a begun message was taken."""
        self._db.execute(
            """
            update deliveries
            set state = 'delivered', delivered_at = :now, next_attempt_at = null, given_up_at = null, failure = null
            where id in (select value from json_each(:rows)) and message = :message
            """,
            {"rows": _rows(batch), "message": batch.message, "now": as_text(now)},
        )

    def failed(self, batch: Batch, now: datetime, reason: str, *, wait_s: float | None = None) -> bool:
        """Note why a begun message was not taken; say whether it is given up now.

        Args:
            batch: From `begin`.
            now: Time of the failure.
            reason: Why, without addresses.
            wait_s: How many seconds the receiver asks to be left alone.
        """
        again = next_attempt(batch.attempts, batch.first_attempt_at or now, now)
        if again is not None and wait_s is not None:  # asked for longer than we would wait; never for less
            again = max(again, now + timedelta(seconds=wait_s))
        self._db.execute(
            """
            update deliveries
            set state = case when :next is null then 'given up' else 'attempted' end, next_attempt_at = :next,
              given_up_at = case when :next is null then :now end, failure = :reason
            where id in (select value from json_each(:rows)) and message = :message and state = 'attempted'
            """,
            {
                "rows": _rows(batch),
                "message": batch.message,
                "next": None if again is None else as_text(again),
                "now": as_text(now),
                "reason": reason,
            },
        )
        return again is None

    def let_go(self, batch: Batch, now: datetime) -> None:
        """Close rows of which nothing is left to tell."""
        self._db.execute(
            """
            update deliveries
            set state = 'given up', next_attempt_at = null, given_up_at = :now, failure = :reason
            where id in (select value from json_each(:rows)) and state in ('due', 'attempted') and message is :message
            """,
            {"rows": _rows(batch), "message": batch.message, "now": as_text(now), "reason": NOTHING_LEFT},
        )

    def drop_needless_corrections(self) -> None:
        """Forget corrections that went into no message yet, of changes that are found again."""
        self._db.execute(
            """
            delete from deliveries
            where state = 'due' and message is null and item like :correction || '%'
              and exists (select 1 from changes where id = substr(item, 1 + length(:correction)) and not withdrawn)
            """,
            {"correction": CORRECTION},
        )

    def forget(self, rows: Iterable[int]) -> None:
        """Delete rows that are due to somebody who follows by e-mail no longer."""
        self._db.execute(
            """
            delete from deliveries
            where state in ('due', 'attempted') and id in (select value from json_each(:rows))
            """,
            {"rows": as_json(list(rows))},
        )

    def forget_followers(self, known: Collection[str]) -> None:
        """Delete what was due, or told, to those who follow by e-mail and are not *known* any more."""
        sql = """
            delete from deliveries
            where subscription >= :first and subscription < :behind
              and subscription not in (select value from json_each(:known))
            """
        self._db.execute(sql, {"first": FOLLOWER, "behind": _BEHIND_FOLLOWERS, "known": as_json(list(known))})

    def last_told(self, follower: str) -> tuple[str, list[BatchRow]] | None:
        """Return when the last message to a follower was taken, and what it told."""
        rows = list(
            self._db.query(
                """
                select * from deliveries
                where subscription = :follower and state = 'delivered' and message = (
                  select message from deliveries
                  where subscription = :follower and state = 'delivered'
                  order by delivered_at desc, id desc
                  limit 1
                )
                order by id
                """,
                {"follower": follower},
            )
        )
        return (rows[0]["delivered_at"], list(_batch(rows).parts)) if rows else None

    def give_up_orphans(self, names: Collection[str], now: datetime) -> dict[str, int]:
        """Give up what has waited a week for subscriptions that the settings do not name; return how much for each.

        Args:
            names: All subscriptions there are, that of the operator's notes among them.
            now: The time.
        """
        # Not at once: a subscription that is missing for a day may be a slip in the settings.
        values = {
            "names": as_json(sorted(names)),
            "now": as_text(now),
            "since": as_text(now - GIVEN_UP_AFTER),
            "reason": NOT_NAMED,
            "first": FOLLOWER,
            "behind": _BEHIND_FOLLOWERS,
        }
        rows = self._db.query(
            """
            update deliveries
            set state = 'given up', next_attempt_at = null, given_up_at = :now, failure = :reason
            where state in ('due', 'attempted') and subscription not in (select value from json_each(:names))
              and not (subscription >= :first and subscription < :behind)
              and coalesce(first_attempt_at, due_at) <= :since
            returning subscription
            """,
            values,
        )
        given_up = [row["subscription"] for row in rows]
        return {name: given_up.count(name) for name in sorted(set(given_up))}

    # --- what was told ------------------------------------------------------------------------------------------------

    def collected(self, now: datetime) -> list[dict[str, Any]]:
        """Return what is kept for a later time: subscription, how many changes and printed ends, and when it is due."""
        rows = self._db.query(
            f"""
            select {_WHO} as who, count(*) as items, min(due_at) as due_at
            from deliveries
            where state = 'due' and due_at > :now
            group by who
            order by min(due_at), who
            """,
            {"now": as_text(now)},
        )
        return [{"subscription": row.pop("who"), **row} for row in rows]

    def ends_told(self) -> dict[str, set[str]]:
        """Return subscription → the printed ends that it was told, or is going to be."""
        told: dict[str, set[str]] = {}
        for row in self._db.query("select subscription, item from deliveries where item like 'end:%'"):
            told.setdefault(row["subscription"], set()).add(row["item"])
        return told

    def waiting(self, now: datetime) -> list[Waiting]:
        """Return what each subscription waits for, and what was given up, until a later message to it was taken."""
        rows = self._db.query(
            f"""
            select {_WHO} as who, state = 'given up' as given_up, message, count(*) as items, min(due_at) as since,
              max(attempts) as attempts, max(failure) as failure, max(coalesce(next_attempt_at, given_up_at)) as latest
            from deliveries
            where (state = 'due' and due_at <= :now) or state = 'attempted' or (
              state = 'given up' and coalesce(failure, '') not in (:not_named, :nothing_left) and not exists (
                select 1
                from deliveries as later
                where later.subscription = deliveries.subscription and later.delivered_at > deliveries.given_up_at
              )
            )
            group by who, given_up, message
            order by who, given_up
            """,
            {"now": as_text(now), "not_named": NOT_NAMED, "nothing_left": NOTHING_LEFT},
        )
        same = groupby(rows, lambda row: (row["who"], bool(row["given_up"])))
        return [_waiting(*key, list(messages), as_text(now - LATE_AFTER)) for key, messages in same]


_BEHIND_FOLLOWERS = FOLLOWER[:-1] + chr(ord(FOLLOWER[-1]) + 1)

_WHO = f"iif(subscription >= '{FOLLOWER}' and subscription < '{_BEHIND_FOLLOWERS}', '{FOLLOWERS}', subscription)"

_VANISHED = """
    deliveries.state = 'due' and deliveries.message is null and deliveries.note is null
    and not exists (select 1 from changes as found where found.id = deliveries.item and not found.withdrawn)
    """


def _rows(batch: Batch) -> str:
    return as_json([part.row for part in batch.parts])


def _batch(rows: list[dict[str, Any]]) -> Batch:
    first = rows[0]
    return Batch(
        subscription=first["subscription"],
        message=first["message"],
        parts=tuple(
            BatchRow(
                row=row["id"],
                item=row["item"],
                note=None if row["note"] is None else json.loads(row["note"]),
                run=row["run"],
                follows=frozenset(json.loads(row["follows"]) if row["follows"] else ()),
            )
            for row in rows
        ),
        attempts=first["attempts"],
        first_attempt_at=None if first["first_attempt_at"] is None else read_time(first["first_attempt_at"]),
    )


def _waiting(subscription: str, given_up: bool, messages: list[dict[str, Any]], late_before: str) -> Waiting:
    since = min(message["since"] for message in messages)
    tried = [message for message in messages if message["failure"] is not None]
    return Waiting(
        subscription=subscription,
        messages=len(messages),
        items=sum(message["items"] for message in messages),
        since=since,
        attempts=max(message["attempts"] for message in messages),
        failure=max(tried, key=lambda message: message["latest"])["failure"] if tried else None,
        given_up=given_up,
        late=not given_up and since < late_before,
    )
