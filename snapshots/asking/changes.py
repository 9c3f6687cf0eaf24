"""One question about changes: what a terminal, a mail, a feed and a page ask alike. Reads only.

A `ChangeFilter` says which changes are wanted: by when they were seen, kind, severity, run, organisation, dataset,
reference, group, id or words of the text. `Changes` finds and counts them; what narrows them is one condition of
SQL, so that nothing is read that is not shown. A page that asks more of the same changes, as how many there are of each
run, puts `Changes.condition` into a question of its own.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from diff.change import Change
from diff.severity import Severity
from scraper.names.fold import fold
from snapshots.asking.names import Ask, NameLookup, NotKnownError
from snapshots.asking.official import OfficialRegister
from snapshots.keeping.states import CHANGES, change_of
from snapshots.sql.rows import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFilter:
    """Which changes are asked for; what is left empty does not narrow the answer."""

    since: str | None = None
    until: str | None = None
    register: str | None = None
    """Id of the register that says so; without it, all of them."""
    """These two as UTC times, both inclusive."""
    kinds: Sequence[str] = ()
    severity: str | None = None
    """At least."""
    organisations: Sequence[str] = ()
    """By slug or name; those that they are known to follow count too."""
    datasets: Sequence[str] = ()
    """By any name or acronym; agreements that come, go or move with one of them count too."""
    bases: Sequence[str] = ()
    """Legal bases, cited in any spelling; agreements that come, go or move with one of them count too."""
    references: Sequence[str] = ()
    """Under each reference the agreement has had."""
    parts: bool = False
    """Whether a name that nobody has may be a part of names."""
    words: str = ""
    """In the summary, the title or the prose; the last one need not be whole."""
    editorial: bool = False
    """Whether editorial changes are asked for too."""
    group: str | None = None
    """By its id, or the beginning of that: its members, instead of what is listed by itself."""
    run: int | None = None
    ids: Sequence[str] | None = None
    """Just these, single changes that came to stand in a group among them; those that were told and are no longer found
    too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition on `changes`, which is called `c` in the question."""

    sql: str
    values: dict[str, Any]

    def more(self, sql: str, **values: Any) -> "Condition":
        """Return this condition and another one."""
        return replace(self, sql=f"{self.sql} and {sql}", values=self.values | values)


Part = tuple[str, dict[str, Any]]
"""A part of a condition, and the values it names."""


class Changes:
    """The changes of an open database.

    Args:
        db: The database.
        names: Looks up names.
        ask: Asks what is asked again and again; see `NameLookup`.
        official: Its official register, if somebody reads it already.
    """

    def __init__(
        self, db: Database, names: NameLookup, ask: Ask | None = None, official: OfficialRegister | None = None
    ) -> None:
        self._db = db
        self._official = official or OfficialRegister(db)
        self._names = names
        self._ask: Ask = ask or (lambda sql, values: db.query(sql, dict(values)))

    def find(self, wanted: ChangeFilter, *, limit: int | None = None) -> list[Change]:
        """Return the changes asked for: newest first, then the most severe.

        Raises:
            NotKnownError: An organisation, a dataset, a reference or a group that is not known.
        """
        return self.find_where(self.condition(wanted), limit=limit)

    def find_where(self, condition: Condition, *, limit: int | None = None) -> list[Change]:
        """Return the changes for which a condition holds, in the same order."""
        sql = f"{CHANGES} where {condition.sql} {_ORDER} limit :limit"
        most = {"limit": -1 if limit is None else limit}
        found = [change_of(row) for row in self._db.query(sql, condition.values | most)]
        return self._official.named(found, self._names.vocabulary)

    def examples(self, groups: Iterable[str]) -> dict[str, list[Change]]:
        """Return of each group its first member: what a group has in common is shown by it."""
        return {group: self.find(ChangeFilter(group=group), limit=1) for group in groups}

    def touched(self, condition: Condition, groups: Iterable[str]) -> dict[str, list[Change]]:
        """Return of each group those of its members by which it was found; none where only the group itself was."""
        if "touched" not in condition.values:
            return {}
        of_groups = Condition(
            sql="c.member_of in (select value from json_each(:groups)) "
            "and +c.id in (select value from json_each(:touched))",
            values={"groups": json.dumps(list(groups)), "touched": condition.values["touched"]},
        )
        found: dict[str, list[Change]] = {}
        for member in self.find_where(of_groups):
            found.setdefault(member.member_of or "", []).append(member)
        return found

    def with_words(self, words: str, ids: Iterable[str]) -> frozenset[str]:
        """Return which of these changes, members of groups among them, hold the words; none if there is no word."""
        if not (match := matching(words)):
            return frozenset()
        sql = f"select id from changes where id in (select value from json_each(:ids)) and rowid in ({_WITH_WORDS})"
        values = {"ids": json.dumps(list(ids)), "words": match, "words_as_typed": words}
        return frozenset(row["id"] for row in self._db.query(sql, values))

    def count(self, wanted: ChangeFilter) -> int:
        """Return how many changes are asked for; raises as `find` does."""
        return self._count(self.condition(wanted))

    def _count(self, condition: Condition) -> int:
        (row,) = self._db.query(f"select count(*) as n from changes as c where {condition.sql}", condition.values)
        return int(row["n"])

    def count_editorial(self, wanted: ChangeFilter) -> int:
        """Return how many editorial changes the same question would have found."""
        return self._count(self.condition(replace(wanted, editorial=True)).more("not c.substantive"))

    def called(self, prefix: str) -> Change:
        """Return the one change whose id begins with *prefix*; one that was told and is no longer found too.

        Raises:
            NotKnownError: None does, or several do, or it is too short to tell.
        """
        typed = prefix.strip().lower()
        if not re.fullmatch("[0-9a-f]{8,20}", typed):
            raise NotKnownError(f"{prefix!r} is no id of a change: at least its first 8 digits are needed")
        found = self.find_where(Condition(sql="c.id >= :id and c.id < :id || 'g'", values={"id": typed}), limit=3)
        if len(found) != 1:
            these = f"; {', '.join(one.id for one in found)} are such" if found else ""
            raise NotKnownError(f"{'several changes have' if found else 'no change has'} the id {typed}{these}")
        return found[0]

    def ids(self) -> list[str]:
        """Return the ids of all changes and of all members of groups, without those that are no longer found."""
        return [row["id"] for row in self._db.query("select id from changes where not withdrawn order by id")]

    def condition(self, wanted: ChangeFilter) -> Condition:
        """Return what a change must be like that is listed by itself, or is a group, or is asked for by its id.

        Raises:
            NotKnownError: As `find` does.
        """
        parts = _plain(wanted)
        if wanted.group is not None:
            members = "c.id in (select change_id from change_groups where group_id = :group)"
            parts.append((members, {"group": self._names.group(wanted.group)}))
        if touching := list(self._touching(wanted)):
            # Found first, by their indexes, and once: a page asks a dozen questions about the changes that it shows.
            hits = " and ".join(f"rowid in ({sql})" for sql, _ in touching)
            found = self._ask(_TOUCHED.format(hits), _together(touching))
            touched = json.dumps([row["id"] for row in found])
            parts.append(("+c.id in (select value from json_each(:touched))", {"touched": touched}))
        return Condition(sql=" and ".join(sql for sql, _ in parts) or "1", values=_together(parts))

    def _touching(self, wanted: ChangeFilter) -> Iterator[Part]:
        """Yield what a change, or a member of a group, must have to do with, as a list of rows and its values."""
        if wanted.organisations:
            called = [self._names.organisation(name, parts=wanted.parts) for name in wanted.organisations]
            slugs = {slug for one in called for slug in one.slugs}
            folded = frozenset[str]().union(*(one.folded for one in called))
            printed = self._names.keep("organisations of changes", self._organisations)
            names = {name for one in folded for name in printed.get(one, ())}
            yield _OF_ORGANISATIONS, {"slugs": _list(slugs), "names": _list(names)}
        if wanted.datasets:
            folded = frozenset[str]().union(
                *(self._names.dataset(name, parts=wanted.parts) for name in wanted.datasets)
            )
            named = self._named_by_dataset()
            rows = {row for name in folded for row in named.get(name, ())}
            yield _OF_DATASETS, {"datasets": _list(folded), "naming": json.dumps(sorted(rows))}
        if wanted.bases:
            cited = {one for name in wanted.bases for one in self._names.legal_bases(name)}
            yield _OF_BASES, {"bases": _list(cited)}
        if wanted.references:
            references = {one for name in wanted.references for one in self._names.references(name)}
            sql = "select rowid from changes where reference in (select value from json_each(:references))"
            yield sql, {"references": _list(references)}
        if wanted.words:
            if not (words := matching(wanted.words)):
                raise NotKnownError(f"“{wanted.words}” holds no word that can be looked for")
            yield _WITH_WORDS, {"words": words, "words_as_typed": wanted.words}

    def _organisations(self) -> dict[str, list[str]]:
        """Return folded name → every form in which changes name an organisation so."""
        found: dict[str, list[str]] = {}
        for name in self._db.column("select distinct organisation from changes where organisation is not null"):
            found.setdefault(fold(name), []).append(name)
        return found

    def _named_by_dataset(self) -> dict[str, list[int]]:
        """Return folded name of a dataset → the rows of the changes that name it."""
        # Of all at once: to take each apart in SQL, for one dataset after the other, takes longer.
        named: dict[str, list[int]] = self._names.keep("changes by dataset", self._changes_by_dataset)
        return named

    def _changes_by_dataset(self) -> dict[str, list[int]]:
        rows = self._db.execute(
            """
            select rowid, added, removed, before, after
            from changes
            where kind in ('dataset-added', 'dataset-removed', 'dataset-relabelled', 'wording-changed')
              and field = 'datasets'
            """
        )
        found: dict[str, list[int]] = {}
        for row, added, removed, *sides in rows:
            values = [*json.loads(added), *json.loads(removed), *(json.loads(side) for side in sides if side)]
            for name in {fold(value) for value in values if isinstance(value, str)}:
                found.setdefault(name, []).append(row)
        return found


def _together(parts: Iterable[Part]) -> dict[str, Any]:
    return {name: value for _, values in parts for name, value in values.items()}


def _list(values: Iterable[str]) -> str:
    return json.dumps(sorted(values))


def _plain(wanted: ChangeFilter) -> list[Part]:
    """Return what can be said of a change without looking at others, or up a name."""
    parts: list[Part] = []
    # Exactly those are asked for, members of groups among them; else a group stands for its members.
    if wanted.group is None and wanted.ids is None:
        parts.append(("+c.member_of is null", {}))  # the sign keeps SQLite from an index in which nearly all are null
    if wanted.ids is not None:
        parts.append(("c.id in (select value from json_each(:ids))", {"ids": json.dumps(list(wanted.ids))}))
    if wanted.group is None and not wanted.editorial:
        parts.append(("c.substantive", {}))
    if wanted.register is not None:
        parts.append(("c.run in (select id from runs where register = :register)", {"register": wanted.register}))
    if wanted.run is not None:
        parts.append(("c.run = :run and not c.withdrawn", {"run": wanted.run}))
    if wanted.kinds:
        parts.append(("c.kind in (select value from json_each(:kinds))", {"kinds": json.dumps(list(wanted.kinds))}))
    if wanted.severity:
        at_least = [one.value for one in Severity if one.rank <= Severity(wanted.severity).rank]
        parts.append(("c.severity in (select value from json_each(:severities))", {"severities": json.dumps(at_least)}))
    if wanted.since:
        parts.append(("c.first_seen >= :since", {"since": wanted.since}))
    if wanted.until:
        parts.append(("c.first_seen <= :until", {"until": wanted.until}))
    return parts


_ORDER = "order by c.first_seen desc, severity_rank(c.severity), c.organisation, c.reference, c.kind, c.id"
"""That of `Change.sort_key`."""

_TOUCHED = """
    with hits as materialized (select id from changes where {})
    select id from hits
    union
    select group_id as id from change_groups where change_id in (select id from hits)
    """
"""The changes that touch something, and the groups with such a member."""

# Each part of these has an index of its own: there are too many changes to look at every one.
_OF_ORGANISATIONS = """
    select rowid from changes where page in (select value from json_each(:slugs))
    union all
    select rowid from changes where organisation in (select value from json_each(:names))
    union all
    select t.rowid
    from changes as t
    where t.kind in ('agreement-moved', 'organisation-renamed') and exists (
      select 1 from json_each(t.before) as side where side.value in (select value from json_each(:slugs))
      union all
      select 1 from json_each(t.after) as side where side.value in (select value from json_each(:slugs))
    )
    """
_OF_DATASETS = """
    select t.rowid
    from changes as t
    where t.kind in ('agreement-added', 'agreement-removed', 'agreement-moved') and t.reference in (
      select reference from agreement_datasets where folded in (select value from json_each(:datasets))
    )
    union all
    select value as rowid from json_each(:naming)
    """
_OF_BASES = """
    select t.rowid
    from changes as t
    where t.kind in ('agreement-added', 'agreement-removed', 'agreement-moved') and t.reference in (
      select reference from agreement_legal_bases where basis in (select value from json_each(:bases))
    )
    union all
    select t.rowid
    from changes as t
    where t.kind = 'legal-basis-changed' and exists (
      select 1 from json_each(t.added) as basis where basis.value in (select value from json_each(:bases))
      union all
      select 1 from json_each(t.removed) as basis where basis.value in (select value from json_each(:bases))
    )
    """
_WITH_WORDS = """
    select rowid from changes_search where changes_search match :words
    union all
    select rowid from changes where before_text in (select rowid from texts_search where texts_search match :words)
    union all
    select rowid from changes where after_text in (select rowid from texts_search where texts_search match :words)
    union all
    select rowid from changes where title like '%' || :words_as_typed || '%'
    """


def matching(text: str, *, shortest_beginning: int = 1) -> str:
    """Return *text* as a question of the full-text index: all its words, the last one perhaps not yet whole.

    A last word of less than *shortest_beginning* letters is whole. Nothing in the text is taken for syntax:

    >>> matching('lung AND "heart'), matching("***")
    ('"lung" "and" "heart"*', '')
    """
    words = re.findall(r"\w+", text.lower())
    beginning = "*" if words and len(words[-1]) >= shortest_beginning else ""
    return " ".join(f'"{word}"' for word in words) + beginning
