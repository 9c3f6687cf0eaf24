"""What the official register says: its editions, and the versions that it holds of an agreement. Reads only."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from diff.beside import SETS, version_saying
from diff.change import Change
from diff.names import references_called, stem_of
from diff.saying.english import month
from scraper.names.vocabulary import Vocabulary
from scraper.register import NHS_DATA_RELEASE
from snapshots.asking.names import Row
from snapshots.sql.rows import Database

OFFICIAL_VERSION = (
    "reference", "version", "title", "organisation", "dsa_start", "dsa_end", "released_from", "released_to",
)  # fmt: skip
"""The public fields of a version, in their order."""


@dataclass(frozen=True, slots=True)
class OfficialEdition:
    """A month's workbook."""

    at: str
    """As of when it counts."""
    month: str


EDITIONS = """
    select runs.captured_at, official_editions.month
    from official_editions
    join runs on runs.id = official_editions.run
    where runs.state = 'committed'
    order by runs.captured_at
    """


class OfficialRegister:
    """The official register of an open database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    def editions(self) -> Sequence[OfficialEdition]:
        """The editions that are believed, in order of time."""
        rows = self._db.query(EDITIONS)
        return [OfficialEdition(row["captured_at"], row["month"]) for row in rows]

    def edition(self, at: str | None = None) -> OfficialEdition | None:
        """Return the newest edition, or the newest up to a time; None where there is none."""
        return next((one for one in reversed(self.editions) if at is None or one.at <= at), None)

    def called(self, name: str) -> list[str]:
        """Return the agreements, without their versions, that it ever held and that *name* may stand for."""
        held = self._db.column("select distinct stem from official_versions order by stem")
        return references_called(name, held)

    def of_agreement(self, references: Iterable[str], at: str | None = None) -> dict[str, Any] | None:
        """Return the versions of an agreement as `show` says them, the newest first; None where none is held."""
        edition = self.edition(at)
        if edition is None:
            return None
        held = [standing_versions(rows, at or "9999") for rows in self.every(references).values()]
        versions = [row for rows in held for row in rows]
        said = [{name: row[name] for name in OFFICIAL_VERSION} for row in versions]
        return {"edition": edition.month, "versions": said} if said else None

    def named(self, changes: Iterable[Change], vocabulary: Vocabulary) -> list[Change]:
        """Return *changes*, each of the pages with the version of the official register that says the same."""
        found = list(changes)
        asked = {change.reference for change in found if _is_of_pages(change) and change.reference}
        if not asked or not self.editions:
            return found
        held = {
            stem: [record_of(row) for row in standing_versions(rows, "9999")]
            for stem, rows in self.every(asked).items()
        }

        def beside(change: Change) -> Change:
            versions = held.get(stem_of(change.reference or ""), ()) if _is_of_pages(change) else ()
            version = version_saying(change, versions, vocabulary) if versions else None
            return replace(change, details=replace(change.details, official=version)) if version else change

        return list(map(beside, found))

    def every(self, references: Iterable[str] | None = None) -> dict[str, list[Row]]:
        """Return all that was ever said of versions, by the stem of their agreement, in order of time.

        Args:
            references: Those of the agreements that are asked for; None for all.
        """
        if references is None:
            return self._rows("1 or :asked", "")
        return self._rows("stem in (select value from json_each(:asked))", json.dumps(spellings(references)))

    def held_now(self) -> dict[str, list[Row]]:
        """Return the versions that are held now, by the stem of their agreement: a fraction of all that ever were."""
        edition = self.edition()
        return self._rows("last_seen is null or last_seen >= :asked", edition.at) if edition else {}

    def _rows(self, where: str, asked: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        months = {one.at: one.month for one in self.editions}
        times = list(months)
        for row in self._db.query(_ROWS.format(where), {"asked": asked}):
            after = bisect_right(times, row["last_seen"]) if row["last_seen"] else len(times)
            gone = times[after] if after < len(times) else None
            found[stem_of(row["stem"])].append({**row, "gone": gone, "since": months.get(row["first_seen"], "")})
        return found


def _is_of_pages(change: Change) -> bool:
    return change.register == NHS_DATA_RELEASE.id


_ROWS = """
    select stem, reference, version, place, organisation, title, dsa_start, dsa_end, released_from, released_to, facts,
      first_seen, last_seen
    from official_versions
    where {}
    order by first_seen, id
    """


def spellings(references: Iterable[str]) -> list[str]:
    """Return every form in which the pages or the official register may have a reference.

    >>> spellings(["NIC-38002-S3K0V"])
    ['DARS-NIC-38002-S3K0V', 'NIC-38002-S3K0V']
    """
    return sorted({form for one in references for form in (one, stem_of(one), f"DARS-{stem_of(one)}")})


def record_of(row: Row) -> Row:
    """Return what a version says, as `diff.beside` compares it."""
    return {**row, **sets_of_version(row), "unprinted": frozenset()}


def sets_of_version(row: Row) -> Row:
    """Return the sets of a version's record."""
    return _sets_of_facts(row["facts"])


# Versions of an agreement are asked for one after the other, and most say the same.
@lru_cache(maxsize=256)
def _sets_of_facts(text: str) -> Row:
    facts = json.loads(text)
    return {name: None if facts.get(name) is None else values_of(name, facts[name]) for name in SETS}


def called_version(version: str | None, edition: str) -> str:
    """Return how a version is called, with the edition that first said what is told of it.

    >>> called_version("4.2", "2026-03"), called_version(None, "2026-03")
    ('version 4.2 of March 2026', 'edition of March 2026')
    """
    return f"version {version} of {month(edition)}" if version else f"edition of {month(edition)}"


def standing_versions(rows: Iterable[Row], time: str) -> list[Row]:
    """Return those of the versions of an agreement that were held at a time, the newest first."""
    held = [row for row in rows if row["first_seen"] <= time and not (row["gone"] and row["gone"] <= time)]
    return sorted(held, key=lambda row: row["place"], reverse=True)


def values_of(name: str, values: Iterable[Any]) -> list[str]:
    """Return the values of a set as they are compared and shown: legal bases by their ids."""
    return [value["id"] for value in values] if name == "legal_bases" else list(values)
