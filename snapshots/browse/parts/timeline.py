"""A history run by run: what was first seen in each, the editorial folded away, the register-wide with its group."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from diff.saying.english import day
from snapshots.asking.changes import Condition
from snapshots.browse.app.reader import Reader
from snapshots.browse.parts.rows import ChangeRow, change_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run, and what it showed."""

    run: int
    word: str
    """run or edition."""
    time: str
    told: Sequence[ChangeRow]
    editorial: Sequence[ChangeRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Runs, the newest first."""

    entries: Sequence[Entry]
    groups: Mapping[str, int]
    """Id of a group → how many agreements it is on."""

    @property
    def told(self) -> int:
        """How many changes of it people are told."""
        return sum(len(entry.told) for entry in self.entries)

    @property
    def editorial(self) -> int:
        """How many are editorial."""
        return sum(len(entry.editorial) for entry in self.entries)


def timeline(reader: Reader, wanted: Condition) -> Timeline:
    """Return the changes for which a condition holds, run by run; members of groups stand for their groups."""
    rows = change_rows(reader, reader.answers.changes.find_where(wanted))
    runs = {row["id"]: row["kind"] for row in reader.rows("select id, kind from runs")}
    entries = []
    for (run, time), several in groupby(rows, key=lambda row: (row.change.run, row.change.first_seen)):
        own = sorted(several, key=lambda row: row.rank)
        entries.append(
            Entry(
                run=run,
                word="run" if runs[run] == "run" else "edition",
                time=time,
                told=[row for row in own if row.change.substantive],
                editorial=[row for row in own if not row.change.substantive],
            )
        )
    return Timeline(entries=entries, groups=_groups(reader, rows))


def _groups(reader: Reader, rows: Sequence[ChangeRow]) -> dict[str, int]:
    ids = {row.change.member_of for row in rows} - {None}
    found = reader.rows(
        "select id, agreements from changes where id in (select value from json_each(:ids))",
        {"ids": json.dumps(sorted(ids))},
    )
    return {row["id"]: row["agreements"] for row in found}


def most_severe(rows: Sequence[ChangeRow]) -> str:
    """Return the most severe of some changes in few words, to end a sentence."""
    first = min(rows, key=lambda row: row.rank)
    head = first.phrase.head
    return first.phrase.short or head[:1].lower() + head[1:]


def last_told(found: Timeline) -> tuple[str, Sequence[ChangeRow]] | None:
    """Return the day, in words, on which something was last told, and what."""
    entry = next((entry for entry in found.entries if entry.told), None)
    return (day(entry.time), entry.told) if entry else None
