"""What a name means: pages, datasets, agreements and groups, looked up alike by terminal, mail, feed and page.

What is pure of it is `diff/names.py`. NameLookup are compared folded; likeness only helps to say what somebody may have
meant. Reads only.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.names import (
    DatasetNames,
    KnownNames,
    bases_called,
    nearest,
    references_called,
    said_nearest,
    stem_of,
)
from scraper.errors import RegisterWatchError
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary
from scraper.register import NHS_DATA_RELEASE
from snapshots.sql.rows import Database

Row = Mapping[str, Any]

Ask = Callable[[str, Mapping[str, Any]], Iterable[Row]]
"""Asks the database: SQL and its values in, rows out."""

Keep = Callable[[str, Callable[[], Any]], Any]
"""Makes what has a name, or returns what was made under it the last time."""


def newest_run(db: Database) -> str:
    """Return the time of the newest run that counts, empty before there is one: what "now" means."""
    (row,) = db.query("select coalesce(max(captured_at), '') as at from page_runs as runs where state = 'committed'")
    return str(row["at"])


class NotKnownError(RegisterWatchError):
    """What is asked for is not in the history."""


class NameNotKnownError(NotKnownError):
    """Nothing is called so; *near* is what may have been meant, the likeliest first."""

    def __init__(self, said: str, name: str, near: Sequence[str]) -> None:
        super().__init__(f"{said} {name!r}{said_nearest(near)}")
        self.said = said
        self.name = name
        self.near = near


@dataclass(frozen=True, slots=True)
class CalledOrganisation:
    """An organisation that was asked for, with those it is known to follow."""

    slugs: Sequence[str]
    """Its pages."""
    folded: frozenset[str]
    """Its names."""


class NameLookup:
    """The look-up of names in an open database.

    Args:
        db: The database.
        vocabulary: Known other names.
        ask: Asks what is asked again and again; who reads one moment only may remember the answers.
        keep: Keeps what takes long to make; by default it is made each time.
    """

    def __init__(
        self, db: Database, vocabulary: Vocabulary, ask: Ask | None = None, keep: Keep = lambda _, make: make()
    ) -> None:
        self.db = db
        self.ask: Ask = ask or (lambda sql, values: db.query(sql, dict(values)))
        self.keep = keep
        self.vocabulary = vocabulary

    def organisation(self, name: str, *, parts: bool = False) -> CalledOrganisation:
        """Return who is called *name*, by slug or by name; with *parts* also who has it in a name, if nobody else is.

        Raises:
            NameNotKnownError: Nobody is.
        """
        own = self.names_of_called(name)
        if not own and parts and fold(name):
            own = [row for row in self._every_organisation() if fold(name) in row["folded"]]
        if not own:
            every = [row["name"] for row in self._every_organisation()]
            sql = f"select key from pages where register = '{NHS_DATA_RELEASE.id}' order by key"
            keys = [row["key"] for row in self.ask(sql, {})]
            raise NameNotKnownError("no organisation is called", name, nearest(name, dict.fromkeys((*every, *keys))))
        wanted = self._with_predecessors(name) | {row["folded"] for row in own}
        wanted = wanted.union(*(self.vocabulary.predecessors(row["name"]) for row in own))
        slugs = {row["key"] for row in (*own, *self._names_of_pages(wanted))}
        return CalledOrganisation(sorted(slugs), frozenset(wanted))

    def names_of_called(self, name: str) -> list[Row]:
        """Return every name of the pages that are called *name*, or were; without one of those that took over."""
        own = self._names_of_pages(self._with_predecessors(name), name.strip().lower())
        return own or self._names_of_pages(self.vocabulary.successors(name))

    def _with_predecessors(self, name: str) -> frozenset[str]:
        # With those it is known to follow: who asks for a board wants what its predecessors agreed.
        return self.vocabulary.predecessors(name) | {fold(name)}

    def _names_of_pages(self, folded: Iterable[str], slug: str = "") -> list[Row]:
        """Return every name of the pages that have, or had, one of these names, or this slug."""
        sql = """
            select key, name, folded
            from names
            where sort = 'organisation' and key in (
              select key from names
              where sort = 'organisation' and folded in (select value from json_each(:folded))
              union
              select key from pages where key = :slug
            )
            order by id
            """
        return list(self.ask(sql, {"folded": json.dumps(sorted(folded)), "slug": slug}))

    def _every_organisation(self) -> list[Row]:
        return list(self.ask("select key, name, folded from names where sort = 'organisation' order by id", {}))

    def dataset(self, name: str, *, parts: bool = False) -> frozenset[str]:
        """Return every folded name of the dataset called *name*; an acronym in brackets, "MHSDS", names it too.

        A family's name, "HES", means all datasets of the family.

        Raises:
            NameNotKnownError: None is called so, nor has it in its name where *parts* do.
        """
        known = [row["name"] for row in self.ask("select name from names where sort = 'dataset' order by id", {})]
        datasets: DatasetNames = self.keep("dataset names", lambda: DatasetNames(known, self.vocabulary))
        found = datasets.named(name)
        if not found and parts and fold(name):
            found = found.union(*(self.vocabulary.dataset_names(one) for one in known if fold(name) in fold(one)))
        if not found:
            raise NameNotKnownError("no dataset is called", name, nearest(name, known))
        return found

    def reference(self, name: str) -> str:
        """Return a reference as it is kept; it may be typed in any form in which `references_called` knows it.

        Raises:
            NameNotKnownError: No agreement has it, or several have.
        """
        typed = name.strip()
        rows = self.ask("select reference from agreement_versions where reference = :typed limit 1", {"typed": typed})
        for row in rows:
            return str(row["reference"])
        known = self.every_reference()
        found = references_called(typed, known)
        if len(set(map(stem_of, found))) == 1:
            # Of two that may be one agreement that which looks like what was typed.
            return min(found, key=lambda one: (one.lower() != typed.lower(), not one.startswith("DARS-")))
        raise NameNotKnownError("no agreement has the reference", name, found[:3] or nearest(typed, known))

    def every_reference(self) -> list[str]:
        """Return every reference that an agreement has had."""
        rows = self.ask("select distinct reference from agreement_versions order by reference", {})
        return [str(row["reference"]) for row in rows]

    def legal_bases(self, name: str) -> list[str]:
        """Return the legal bases, canonical ids, that *name* cites in any spelling.

        Raises:
            NameNotKnownError: None is cited.
        """
        rows = self.ask("select distinct key from names where sort = 'legal-basis' order by key", {})
        known = [str(row["key"]) for row in rows]
        if found := bases_called(name, known):
            return found
        raise NameNotKnownError("no legal basis is called", name, nearest(name, known))

    def references(self, name: str) -> list[str]:
        """Return all references that the agreement called *name* has had, as told, its own first."""
        known = [self.reference(name)]
        for one in known:  # which grows: a reference may have been changed more than once
            rows = self.ask(
                """
                select before, after
                from changes
                where kind = 'reference-changed' and not withdrawn and (reference = :one or before = :quoted)
                """,
                {"one": one, "quoted": json.dumps(one)},
            )
            known += [r for row in rows for r in map(json.loads, (row["before"], row["after"])) if r not in known]
        return known

    def group(self, prefix: str) -> str:
        """Return the one group whose id begins with *prefix*."""
        sql = "select id from changes where is_group and substr(id, 1, length(:prefix)) = lower(:prefix)"
        ids = [row["id"] for row in self.ask(sql, {"prefix": prefix})] if len(prefix) >= 8 else []
        if len(ids) != 1:
            raise NotKnownError(f"{prefix}: no group has this id (at least its first 8 digits are needed)")
        return str(ids[0])


def add_name_functions(conn: sqlite3.Connection, vocabulary: Vocabulary) -> None:
    """Let SQL say `dataset_names(text)`, `organisation_pages(text)`, `legal_bases_called(text)`, `references_of(text)`.

    Each is a JSON list, as the commands understand what is typed, empty where nothing is called so: folded names of
    datasets, slugs, canonical ids, references. In a question:
    `folded in (select value from json_each(dataset_names(:dataset)))`.
    """
    names = NameLookup(Database(conn), vocabulary)

    def dataset_names(text: str | None) -> str:
        return _listed(lambda: names.dataset(text or "", parts=True))

    def organisation_pages(text: str | None) -> str:
        return _listed(lambda: names.organisation(text or "", parts=True).slugs)

    conn.create_function("dataset_names", 1, dataset_names)
    conn.create_function("organisation_pages", 1, organisation_pages)
    conn.create_function("references_of", 1, lambda text: _listed(lambda: names.references(text or "")))
    conn.create_function("legal_bases_called", 1, lambda text: _listed(lambda: names.legal_bases(text or "")))


def _listed(look_up: Callable[[], Iterable[str]]) -> str:
    try:
        return json.dumps(sorted(look_up()))
    except NotKnownError:
        return "[]"


def read_known(db: Database) -> KnownNames:
    """Return what the history knows by name: pages, datasets, agreements, and who has held what."""
    pages = db.query("select key as slug, organisation from pages where organisation is not null order by key")
    datasets = db.query(
        "select dataset from agreement_datasets group by dataset order by min(first_seen), folded, dataset"
    )
    references = db.query("select distinct reference from agreement_versions order by reference")
    (beginning,) = db.query("select min(first_seen) as at from snapshots")
    return KnownNames(
        pages={row["slug"]: row["organisation"] for row in pages},
        headings=_read_headings(db),
        datasets=tuple(row["dataset"] for row in datasets),
        holdings=read_datasets_held(db),
        references=tuple(row["reference"] for row in references),
        since=beginning["at"],
    )


def read_datasets_held(db: Database) -> dict[str, list[str]]:
    """Return reference → every name of a dataset that was printed for it."""
    return _held(db.execute("select distinct reference, dataset from agreement_datasets order by reference, dataset"))


def read_bases_held(db: Database) -> dict[str, list[str]]:
    """Return reference → every legal basis that was cited for it."""
    return _held(db.execute("select distinct reference, basis from agreement_legal_bases order by reference, basis"))


def _held(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    held: dict[str, list[str]] = defaultdict(list)
    for reference, what in rows:
        held[reference].append(what)
    return dict(held)


def _read_headings(db: Database) -> dict[str, list[str]]:
    headings: dict[str, list[str]] = defaultdict(list)
    for row in db.query("select key, name from names where sort = 'organisation' order by id"):
        headings[row["key"]].append(row["name"])
    return dict(headings)
