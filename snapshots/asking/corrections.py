"""What was delivered and holds no longer: changes that are withdrawn and that nothing took the place of (rule 14)."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from diff.change import Change, fact_id
from snapshots.keeping.deliveries import CORRECTION
from snapshots.keeping.states import CHANGES, change_of
from snapshots.sql.rows import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A change that a subscription was told and that is taken back."""

    subscription: str
    item: str
    """What it was told as: the change, or a group that it belonged to."""
    change: str
    told_at: str

    @property
    def is_member(self) -> bool:
        """Whether it was told as a part of a group of which others still hold."""
        return self.item != self.change


def find_taken_back(db: Database, subscriptions: Collection[str]) -> list[Taken]:
    """Return what these *subscriptions* were delivered, is withdrawn, and was not corrected yet."""
    rows = list(db.query(_TOLD, {"names": json.dumps(list(subscriptions))}))
    lost = _lost(db, {row["change"] for row in rows})
    members = _count_members(db, {row["item"] for row in rows})
    same = groupby(rows, lambda row: (row["subscription"], row["item"]))
    return [taken for (_, item), told in same for taken in _of_item(list(told), lost, members.get(item))]


def told_of_withdrawn(db: Database, prefix: str) -> list[str]:
    """Return the names that begin with *prefix* of those who were delivered anything that is withdrawn."""
    rows = db.query(
        """
        with gone as materialized (select id from changes where withdrawn)
        select distinct subscription
        from deliveries
        where state = 'delivered' and substr(subscription, 1, length(:prefix)) = :prefix and item in (
          select id from gone
          union
          select group_id from change_groups where change_id in (select id from gone)
        )
        order by subscription
        """,
        {"prefix": prefix},
    )
    return [row["subscription"] for row in rows]


def find_told(db: Database, change: str) -> list[Taken]:
    """Return who was delivered a *change*: by itself, in a group, or as members of what is a group; the latest time."""
    rows = db.query(
        """
        with told as (
          select :change as item
          union
          select group_id from change_groups where change_id = :change
          union
          select change_id from change_groups where group_id = :change
        )
        select subscription, item, max(delivered_at) as told_at
        from deliveries
        where state = 'delivered' and item in (select item from told)
        group by subscription
        order by subscription
        """,
        {"change": change},
    )
    return [Taken(change=change, **row) for row in rows]


def _of_item(told: list[dict[str, Any]], lost: Collection[str], members: int | None) -> list[Taken]:
    """Return what of one delivered item is taken back: all of it as one, or the *members* of a group that are gone."""
    gone = [Taken(**row) for row in told if row["change"] in lost]
    is_whole = told[0]["item"] in lost or len(gone) == members
    return [replace(gone[0], change=gone[0].item)] if is_whole else gone


def _count_members(db: Database, items: Collection[str]) -> dict[str, int]:
    """Return group → how many members it has, of these *items* that are groups."""
    sql = """
        select group_id, count(*) as n
        from change_groups
        where group_id in (select value from json_each(:items))
        group by group_id
        """
    return {row["group_id"]: row["n"] for row in db.query(sql, {"items": json.dumps(list(items))})}


def _lost(db: Database, withdrawn: Collection[str]) -> set[str]:
    """Return which of the *withdrawn* say what no change says now; a group says nothing but what its members do."""
    if not withdrawn:
        return set()
    sql = f"{CHANGES} where c.id in (select value from json_each(:ids))"
    found = [change_of(row) for row in db.query(sql, {"ids": json.dumps(list(withdrawn))})]
    said = [change for change in found if not change.is_of_its_day]
    # The sentence has all values as they are printed, and outlives another folding and other ids of legal bases.
    standing = _standing(db, "summary", [change.summary for change in said])
    rest = [change for change in said if _place(change) not in standing]
    # Where its words are others by now, it is what it says, folded as today.
    facts = {change.id: fact_id(change, 0) for change in rest}
    same = {fact for *_, fact in _standing(db, "fact", facts.values())}
    return {id_ for id_, fact in facts.items() if fact not in same}


def _place(change: Change) -> tuple[str | None, ...]:
    return (change.kind.value, change.page, change.reference, change.field, change.summary)


def _standing(db: Database, column: str, values: Iterable[str]) -> set[tuple[str | None, ...]]:
    """Return kind, place, field and this *column* of the changes that stand and have one of these *values* there."""
    sql = f"""
        select kind, page, reference, field, {column}
        from changes
        where not withdrawn and {column} in (select value from json_each(:values))
        """
    return {tuple(row.values()) for row in db.query(sql, {"values": json.dumps(list(values))})}


_TOLD = f"""
    with gone as materialized (select id from changes where withdrawn),
    told as materialized (
      select id as item, id as change from gone
      union
      select group_id, change_id from change_groups where change_id in (select id from gone)
    )
    select deliveries.subscription, deliveries.item, told.change, deliveries.delivered_at as told_at
    from json_each(:names) as name
    cross join told
    cross join deliveries on deliveries.subscription = name.value and deliveries.item = told.item
    where deliveries.state = 'delivered' and not exists (
      select 1
      from deliveries as corrected
      where corrected.subscription = deliveries.subscription
        and corrected.item in ('{CORRECTION}' || told.item, '{CORRECTION}' || told.change)
    )
    order by deliveries.subscription, deliveries.item, told.change
    """
