"""Changes as rows, which every page shows alike: by organisation and agreement, or as a history run by run.

In a history editorial changes are folded away, and members of a register-wide group stand for it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from diff.change import Change
from diff.kinds import ChangeKind
from diff.saying.english import day, plural
from diff.saying.phrase import Phrase, Told, phrase
from diff.severity import Severity
from scraper.text import one_line
from snapshots.asking.changes import ChangeFilter, Condition
from snapshots.browse.app.request import Reader, Row
from snapshots.browse.parts.titles import called, first_datasets

MOST_MEMBERS = 60
"""Members of a group that are listed beneath it; all of them stand on its own page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """A change as the macro `change_row` shows it."""

    change: Change
    phrase: Phrase
    members: Sequence[Row] = ()
    """Of a group the first of its members: organisation, page, reference, id."""
    called: str = ""
    """What its agreement is called, if it is of one."""

    @property
    def id(self) -> str:
        """Its id."""
        return self.change.id

    @property
    def mark(self) -> str:
        """The class of its mark: a severity, `editorial` or `withdrawn`."""
        if self.change.withdrawn:
            return "withdrawn"
        return self.change.severity if self.change.substantive else "editorial"

    @property
    def is_group(self) -> bool:
        """Whether it has members."""
        return self.change.group is not None

    @property
    def rank(self) -> int:
        """0 for the most severe; what is withdrawn or editorial comes last."""
        if self.change.withdrawn or not self.change.substantive:
            return len(Severity)
        return self.change.severity.rank


def change_rows(reader: Reader, changes: Sequence[Change]) -> list[ChangeRow]:
    """Return changes as rows, in their order."""
    members = _members(reader, [change.id for change in changes if change.group])
    examples = _examples(reader, members)
    began = _beginnings(reader, [change for change in changes if change.kind is ChangeKind.AGREEMENT_ADDED])
    untitled = (change.reference for change in changes if change.reference and not change.title)
    datasets = first_datasets(reader, untitled)
    return [
        ChangeRow(
            change=change,
            called=called(change.title, change.reference, datasets.get(change.reference)) if change.reference else "",
            phrase=phrase(
                Told(
                    change,
                    examples.get(change.id, ()),
                    **began.get((change.reference or "", change.first_seen), {}),
                )
            ),
            members=members.get(change.id, ())[:MOST_MEMBERS],
        )
        for change in changes
    ]


def _members(reader: Reader, groups: Sequence[str]) -> dict[str, list[Row]]:
    """Return the members of each group by name, the first in order first."""
    if not groups:
        return {}
    rows = reader.rows(
        """
        select listed.group_id, changes.id, changes.organisation, changes.page, changes.reference, changes.title,
          changes.summary
        from change_groups as listed
        join changes on changes.id = listed.change_id
        where listed.group_id in (select value from json_each(:groups))
        order by listed.group_id, changes.organisation, changes.reference, changes.id
        """,
        {"groups": json.dumps(groups)},
    )
    return {group: list(found) for group, found in groupby(rows, key=lambda row: row["group_id"])}


def _examples(reader: Reader, members: Mapping[str, Sequence[Row]]) -> dict[str, list[Change]]:
    """Return of each group its first member as a whole: its phrase takes the values from it."""
    firsts = {group: found[0]["id"] for group, found in members.items()}
    of_groups = reader.answers.changes.find(ChangeFilter(ids=list(firsts.values()), editorial=True)) if firsts else []
    whole = {change.id: change for change in of_groups}
    return {group: [whole[first]] for group, first in firsts.items()}


def _beginnings(reader: Reader, added: Sequence[Change]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return with how many datasets, and which printed term, new agreements began."""
    rows = reader.rows(
        """
        select v.reference, v.first_seen, states.dsa_start, states.dsa_end,
          json_array_length(states.datasets) as datasets
        from agreement_versions as v
        join states on states.id = v.state
        where v.reference in (select value from json_each(:references))
        order by v.id desc
        """,
        {"references": json.dumps([change.reference for change in added])},
    )
    return {
        (row["reference"], row["first_seen"]): {
            "datasets": row["datasets"],
            "term": f"{row['dsa_start']} to {row['dsa_end']}" if row["dsa_start"] and row["dsa_end"] else None,
        }
        for row in rows
    }


# --- by organisation --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAgreement:
    """The changes of one agreement, or, without a reference, those of an organisation's page."""

    reference: str | None
    title: str
    rows: Sequence[ChangeRow]
    editorial: Sequence[ChangeRow]

    @property
    def rank(self) -> int:
        """That of the most severe change."""
        return min((row.rank for row in (*self.rows, *self.editorial)), default=len(Severity))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfOrganisation:
    """The changes of one organisation; without a page those across the register."""

    slug: str | None
    name: str
    agreements: Sequence[OfAgreement]

    @property
    def rank(self) -> int:
        """That of the most severe change."""
        return min(one.rank for one in self.agreements)


def by_organisation(rows: Iterable[ChangeRow]) -> list[OfOrganisation]:
    """Return rows by organisation and agreement, the most severe first; what is of no one page comes as a whole."""
    found: dict[tuple[str | None, str], dict[str | None, list[ChangeRow]]] = {}
    for row in rows:
        change = row.change
        across = change.is_same_edit or change.page is None
        place = (None, "Across the register") if across else (change.page, change.organisation or change.page or "")
        found.setdefault(place, {}).setdefault(None if across else change.reference, []).append(row)
    organisations = [
        OfOrganisation(
            slug=slug, name=name, agreements=sorted(map(_of_agreement, of.values()), key=lambda one: one.rank)
        )
        for (slug, name), of in found.items()
    ]
    return sorted(organisations, key=lambda one: one.rank)


def _of_agreement(rows: Sequence[ChangeRow]) -> OfAgreement:
    titles = [row.called for row in rows if row.change.title] or [row.called for row in rows]
    return OfAgreement(
        reference=None if rows[0].change.is_same_edit else rows[0].change.reference,
        title=titles[0],
        rows=sorted((row for row in rows if row.change.substantive), key=lambda row: row.rank),
        editorial=[row for row in rows if not row.change.substantive],
    )


# --- run by run -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
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

    entries: Sequence[RunEntry]
    groups: Mapping[str, str]
    """Id of a group → what a change that belongs to it is one of, in few words."""

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
            RunEntry(
                run=run,
                word="run" if runs[run] == "run" else "edition",
                time=time,
                told=[row for row in own if row.change.substantive],
                editorial=[row for row in own if not row.change.substantive],
            )
        )
    return Timeline(entries=entries, groups=_groups(reader, rows))


def _groups(reader: Reader, rows: Sequence[ChangeRow]) -> dict[str, str]:
    ids = {row.change.member_of for row in rows} - {None}
    found = reader.answers.changes.find(ChangeFilter(ids=sorted(filter(None, ids)), editorial=True)) if ids else []
    return {group.id: one_of(group) for group in found}


def one_of(group: Change) -> str:
    """Return what a member of *group* is one of."""
    if group.is_same_edit:
        return f"one of {plural(group.agreements, 'agreement')} with the same edit"
    return f"part of: {one_line(group.summary)}"


def most_severe(rows: Sequence[ChangeRow]) -> str:
    """Return the most severe of some changes in few words, to end a sentence."""
    first = min(rows, key=lambda row: row.rank)
    head = first.phrase.head
    return first.phrase.short or head[:1].lower() + head[1:]


def last_told(found: Timeline) -> tuple[str, Sequence[ChangeRow]] | None:
    """Return the day, in words, on which something was last told, and what."""
    entry = next((entry for entry in found.entries if entry.told), None)
    return (day(entry.time), entry.told) if entry else None
