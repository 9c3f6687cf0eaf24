"""Which changes are asked for? What a reader filters by, as words of the address, and as a condition of SQL.

The same question as `changes` on the command line asks, answered without reading what is not shown: of five years there
are ten thousand changes, and a page has fifty of them. A name is taken as it is, or, where nobody is called that, as a
part of names, because it is typed into a field and not into a script.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from diff.change import Change
from diff.kinds import ChangeKind
from diff.names import DatasetNames, nearest
from diff.saying.english import listed, plural
from diff.severity import Severity
from scraper.names.fold import fold
from snapshots.browse.app.reader import Reader
from snapshots.browse.app.request import Asked, BadAddressError
from snapshots.keeping.changes import change_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What narrows the changes; what is left empty does not."""

    kinds: tuple[str, ...] = ()
    severity: str = ""
    """At least."""
    organisation: str = ""
    dataset: str = ""
    words: str = ""
    since: str = ""
    until: str = ""
    """These two as they were typed."""
    since_time: str | None = None
    until_time: str | None = None
    editorial: bool = False

    def query(self, **other: Any) -> list[tuple[str, str]]:
        """Return the filter as it stands in an address, with *other* values for some of its fields."""
        given = replace(self, **other)
        return [
            ("organisation", given.organisation),
            ("dataset", given.dataset),
            *(("kind", kind) for kind in given.kinds),
            ("severity", given.severity),
            ("words", given.words),
            ("since", given.since),
            ("until", given.until),
            ("all", "1" if given.editorial else ""),
        ]

    @property
    def narrows(self) -> bool:
        """Whether anything is left out but editorial changes."""
        return any(value for name, value in self.query() if name != "all")

    def in_words(self) -> str:
        """Return what is asked for, for a sentence that begins "Changes …"."""
        parts = [f"concerning “{name}”" for name in (self.organisation, self.dataset) if name]
        parts += [f"of the kind {listed([ChangeKind(kind).row.heading for kind in self.kinds])}"] if self.kinds else []
        parts += (
            [f"of {self.severity} severity{'' if self.severity == 'high' else ' or above'}"] if self.severity else []
        )
        parts += [f"with the words “{self.words}”"] if self.words else []
        parts += [f"first seen from {self.since}"] if self.since else []
        parts += [f"{'' if self.since else 'first seen '}to {self.until}"] if self.until else []
        return ", ".join(parts)


def filter_of(asked: Asked) -> Filter:
    """Return the filter that an address asks for.

    Raises:
        BadAddressError: A kind, a severity or a day that is none.
    """
    words = asked.words
    kinds = tuple(words.all("kind"))
    for kind in kinds:
        if kind not in list(ChangeKind):
            near = nearest(kind, list(ChangeKind))
            raise BadAddressError(f"There is no kind of change “{kind}”{_or(near)}.")
    severity = words.one("severity")
    if severity and severity not in list(Severity):
        raise BadAddressError(f"There is no severity “{severity}”; there are {listed(list(Severity))}.")
    return Filter(
        kinds=kinds,
        severity=severity,
        organisation=words.one("organisation").strip(),
        dataset=words.one("dataset").strip(),
        words=words.one("words").strip(),
        since=words.one("since").strip(),
        until=words.one("until").strip(),
        since_time=words.time("since"),
        until_time=words.time("until", until=True),
        editorial=words.one("all") not in ("", "0") or bool(kinds and all(ChangeKind(k).row.editorial for k in kinds)),
    )


def _or(near: Sequence[str]) -> str:
    return f"; the nearest {'is' if len(near) == 1 else 'are'} {listed(near)}" if near else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition on `changes`, which is called `c` in the question."""

    sql: str
    values: dict[str, Any]
    unknown: tuple[str, ...] = ()
    """Sentences about names that nobody has; with one of these the condition holds for nothing."""

    def more(self, sql: str, **values: Any) -> "Condition":
        """Return this condition and another one."""
        return replace(self, sql=f"{self.sql} and {sql}", values=self.values | values)


def condition(reader: Reader, given: Filter) -> Condition:
    """Return what a change listed by itself, or a group, must be like."""
    plain = ["+c.member_of is null"]  # the sign keeps SQLite from an index in which nearly all are null
    touching: list[str] = []
    values: dict[str, Any] = {}
    things: dict[str, Any] = {}
    unknown: list[str] = []
    if not given.editorial:
        plain.append("c.substantive")
    if given.kinds:
        plain.append("c.kind in (select value from json_each(:kinds))")
        values["kinds"] = json.dumps(given.kinds)
    if given.severity:
        plain.append("c.severity in (select value from json_each(:severities))")
        ranks = [one.value for one in Severity]
        values["severities"] = json.dumps(ranks[: ranks.index(given.severity) + 1])
    if given.since_time:
        plain.append("c.first_seen >= :since")
        values["since"] = given.since_time
    if given.until_time:
        plain.append("c.first_seen <= :until")
        values["until"] = given.until_time
    if given.organisation:
        slugs, names, said = organisations_called(reader, given.organisation)
        touching.append(_OF_ORGANISATIONS)
        things |= {"slugs": json.dumps(slugs), "names": json.dumps(names)}
        unknown += said
    if given.dataset:
        folded, said = datasets_called(reader, given.dataset)
        touching.append(_OF_DATASETS)
        things["datasets"] = json.dumps(folded)
        unknown += said
    if given.words:
        if match := matching(given.words):
            touching.append(_WITH_WORDS)
            things |= {"words": match, "words_as_typed": given.words}
        else:
            unknown.append(f"“{given.words}” holds no word that can be looked for.")
    if unknown:
        plain.append("0")
    elif touching:
        plain.append("+c.id in (select value from json_each(:touched))")
        # Found once: a page asks a dozen questions about the changes that it is to show.
        found = reader.once(_TOUCHED.format(" and ".join(touching)), things)
        values["touched"] = json.dumps([row["id"] for row in found])
    return Condition(sql=" and ".join(plain), values=values, unknown=tuple(unknown))


_TOUCHED = """
    with hits as materialized (select id from changes where {})
    select id from hits
    union
    select group_id as id from change_groups where change_id in (select id from hits)
    """
"""The changes that touch something, and the groups with such a member."""

# Each part of these has an index of its own: there are too many changes to look at every one.
_OF_ORGANISATIONS = """rowid in (
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
  )"""
_OF_DATASETS = """rowid in (
    select t.rowid
    from changes as t
    where t.kind in ('agreement-added', 'agreement-removed', 'agreement-moved') and t.reference in (
      select reference from agreement_datasets where folded in (select value from json_each(:datasets))
    )
    union all
    select t.rowid
    from changes as t
    where t.kind in ('dataset-added', 'dataset-removed', 'dataset-relabelled', 'wording-changed')
      and t.field = 'datasets' and exists (
        select 1 from json_each(t.added) as name where folded(name.value) in (select value from json_each(:datasets))
        union all
        select 1 from json_each(t.removed) as name where folded(name.value) in (select value from json_each(:datasets))
        union all
        select 1 from json_each(json_array(json_extract(t.before, '$'), json_extract(t.after, '$'))) as name
        where name.type = 'text' and folded(name.value) in (select value from json_each(:datasets))
      )
  )"""
_WITH_WORDS = """rowid in (
    select rowid from changes_search where changes_search match :words
    union all
    select rowid from changes where before_text in (select rowid from texts_search where texts_search match :words)
    union all
    select rowid from changes where after_text in (select rowid from texts_search where texts_search match :words)
    union all
    select rowid from changes where title like '%' || :words_as_typed || '%'
  )"""


def matching(text: str) -> str:
    """Return *text* as a question of the full-text index: all its words, the last one perhaps not yet whole.

    Nothing in it is taken for syntax:

    >>> matching('lung AND "heart'), matching("***")
    ('"lung" "and" "heart"*', '')
    """
    words = re.findall(r"\w+", text.lower())
    return " ".join(f'"{word}"' for word in words) + "*" if words else ""


def organisations_called(reader: Reader, name: str) -> tuple[list[str], list[str], list[str]]:
    """Return slugs and names of the pages of an organisation and of those it follows, and what is to be said if none.

    Where nobody is called *name*, organisations with it in their names are meant.
    """
    known = reader.organisations
    wanted = {fold(name)} | reader.vocabulary.predecessors(name)
    slugs = [slug for slug, called in known.items() if slug == name.lower() or fold(called) in wanted]
    if not slugs and fold(name):
        slugs = [slug for slug, called in known.items() if fold(name) in fold(called)]
    folded = set(wanted).union(*(reader.vocabulary.predecessors(known[slug]) for slug in slugs))
    rows = reader.once("select distinct organisation as name from changes where organisation is not null")
    names = [row["name"] for row in rows if fold(row["name"]) in folded]
    said = [] if slugs or names else [f"No organisation is called “{name}”{_or(nearest(name, known.values()))}."]
    return slugs, names, said


def pages_called(reader: Reader, name: str) -> tuple[list[str] | None, str]:
    """Return the pages of an organisation that is asked for, None where none is, and what is to be said if unknown."""
    if not name:
        return None, ""
    slugs, _, said = organisations_called(reader, name)
    return slugs, said[0] if said else ""


def datasets_called(reader: Reader, name: str) -> tuple[list[str], list[str]]:
    """Return every folded name of a dataset, and what is to be said if none is called so.

    An acronym in brackets names a dataset too. Where none is called *name*, those with it in their names are meant.
    """
    rows = reader.once("select distinct dataset from agreement_datasets")
    known = [row["dataset"] for row in rows]
    named = DatasetNames(known, reader.vocabulary).named(name)
    if not named and fold(name):
        parts = [one for one in known if fold(name) in fold(one)]
        named = frozenset[str]().union(*(reader.vocabulary.dataset_names(one) for one in parts))
    return sorted(named), [] if named else [f"No dataset is called “{name}”{_or(nearest(name, known))}."]


_CHANGES = """
    select c.*, before_texts.text as before_prose, after_texts.text as after_prose
    from changes as c
    join runs on runs.id = c.run
    left join texts as before_texts on before_texts.id = c.before_text
    left join texts as after_texts on after_texts.id = c.after_text
    """

_ORDER = """
    order by c.first_seen desc, severity_rank(c.severity), c.organisation, c.reference, c.kind, c.id
    """


def load_changes(reader: Reader, wanted: Condition, limit: int = -1) -> list[Change]:
    """Return the changes for which a condition holds: newest first, then the most severe."""
    rows = reader.rows(f"{_CHANGES} where {wanted.sql} {_ORDER} limit :limit", wanted.values | {"limit": limit})
    return [change_of(row) for row in rows]


def changes_by_id(reader: Reader, ids: Iterable[str]) -> list[Change]:
    """Return the changes with these ids, as `load_changes` does."""
    wanted = "c.id in (select value from json_each(:ids))"
    return load_changes(reader, Condition(sql=wanted, values={"ids": json.dumps(list(ids))}))


def count(n: int) -> str:
    """Return how many changes, in figures."""
    return plural(n, "change")
