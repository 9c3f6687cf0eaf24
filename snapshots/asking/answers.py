"""An open database, asked: what every reader of the history begins with; and lists as of a time. Reads only."""

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scraper.names.families import family_of
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary
from scraper.records import Agreement
from snapshots.asking.agreements import Agreements, standing_at
from snapshots.asking.names import Ask, Keep, NameLookup, NotKnownError, Row, newest_run
from snapshots.asking.official import OfficialRegister
from snapshots.keeping.states import States
from snapshots.sql.rows import Database

if TYPE_CHECKING:  # loaded below by what is asked: most questions are of one sort
    from snapshots.asking.changes import Changes
    from snapshots.asking.differences import Differences
    from snapshots.asking.search import Search
    from snapshots.asking.status import Runs


class Lists:
    """Lists of an open database."""

    def __init__(self, db: Database, states: States, vocabulary: Vocabulary) -> None:
        self._db = db
        self._states = states
        self._vocabulary = vocabulary

    def _all_standing(self, as_of: str | None) -> list[Row]:
        at = as_of or newest_run(self._db)
        rows = self._db.query(
            """
            select agreement_versions.*, pages.organisation, pages.last_seen as page_last_seen
            from agreement_versions
            join pages on pages.key = agreement_versions.page
            where agreement_versions.first_seen <= :at
            order by agreement_versions.page, agreement_versions.reference, agreement_versions.id
            """,
            {"at": at},
        )
        standing = standing_at(list(rows), at)
        first = next(iter(self._db.query("select min(first_seen) as at from snapshots")))["at"]
        if as_of is not None and (first is None or as_of < first):
            raise NotKnownError(f"not known before {first}" if first else "nothing is known yet")
        return standing

    def _agreement(self, row: Row) -> Agreement:
        # One by one: the states remember some of them, and all at once are too many for a small machine.
        return self._states.load([row["state"]])[row["state"]]

    def agreements(self, as_of: str | None) -> list[dict[str, Any]]:
        """Return every agreement on every page as of a time."""
        standing = self._all_standing(as_of)
        return [_listed_agreement(row, self._agreement(row)) for row in standing]

    def organisations(self, as_of: str | None) -> list[dict[str, Any]]:
        """Return every organisation with a page as of a time, by name."""
        counts: dict[str, int] = {}
        for row in self._all_standing(as_of):
            counts[row["page"]] = counts.get(row["page"], 0) + 1
        rows = self._db.query(
            """
            select snapshots.page, readings.organisation, readings.files_disseminated, readings.flags,
              pages.first_seen, max(snapshots.first_seen) as latest
            from snapshots
            join readings on readings.body = snapshots.body
            join pages on pages.key = snapshots.page
            where not snapshots.stale and snapshots.first_seen <= :at
            group by snapshots.page
            """,
            {"at": as_of or newest_run(self._db)},
        )
        listed = [
            {
                "slug": row["page"],
                "organisation": row["organisation"],
                "agreements": counts[row["page"]],
                "files_disseminated": row["files_disseminated"],
                "flags": json.loads(row["flags"]),
                "first_seen": row["first_seen"],
            }
            for row in rows
            if row["page"] in counts
        ]
        return sorted(listed, key=lambda row: (fold(row["organisation"]), row["slug"]))

    def datasets(self, as_of: str | None, *, by_family: bool = False) -> list[dict[str, Any]]:
        """Return every dataset, or family, as of a time under its newest known name, the most frequent first."""
        found: dict[str, dict[str, set[str]]] = {}
        for row in self._all_standing(as_of):
            for name in self._agreement(row).datasets or ():
                newest = self._vocabulary.dataset_canonical(name)
                if by_family:
                    family = family_of(newest)
                    if family is None:
                        continue
                    newest = family.name
                one = found.setdefault(fold(newest), {"newest": set(), "names": set(), "in": set(), "of": set()})
                one["newest"].add(newest)
                one["names"].add(name)
                one["in"].add(row["reference"])
                one["of"].add(row["page"])
        listed = [
            {
                "dataset": min(one["newest"]),
                "printed_as": sorted(one["names"]),
                "agreements": len(one["in"]),
                "organisations": len(one["of"]),
            }
            for one in found.values()
        ]
        return sorted(listed, key=lambda row: (-row["agreements"], fold(row["dataset"])))


def _listed_agreement(row: Row, agreement: Agreement) -> dict[str, Any]:
    return {
        "reference": agreement.reference,
        "title": agreement.title,
        "organisation": row["organisation"],
        "page": row["page"],
        "dsa_start": agreement.dsa_start,
        "dsa_end": agreement.dsa_end,
        "released_to": agreement.released_to,
        "legal_bases": None if agreement.legal_bases is None else [basis.id for basis in agreement.legal_bases],
        "opt_outs": None if agreement.opt_outs is None else list(agreement.opt_outs),
        "controllers": None if agreement.controllers is None else list(agreement.controllers),
        "datasets": None if agreement.datasets is None else list(agreement.datasets),
        "first_seen": row["first_seen"],
    }


# --- all questions ----------------------------------------------------------------------------------------------------


class Answers:
    """Questions to an open database, by what they are about.

    Args:
        db: The database.
        vocabulary: Known other names.
        states: Its agreements, if somebody reads them already.
        ask: Asks what is asked again and again; see `NameLookup`.
        keep: Makes what has a name; see `NameLookup`.
    """

    def __init__(
        self,
        db: Database,
        vocabulary: Vocabulary,
        *,
        states: States | None = None,
        ask: Ask | None = None,
        keep: Keep = lambda _, make: make(),
    ) -> None:
        states = states or States(db)
        self._db, self._vocabulary, self._ask = db, vocabulary, ask
        self.names = NameLookup(db, vocabulary, ask, keep)
        self.official = OfficialRegister(db)
        self.agreements = Agreements(db, states, self.names, self.official)
        self.lists = Lists(db, states, vocabulary)

    @cached_property
    def changes(self) -> "Changes":
        """Questions for changes."""
        from snapshots.asking.changes import Changes

        return Changes(self._db, self.names, self._ask, self.official)

    @cached_property
    def search(self) -> "Search":
        """Questions for words."""
        from snapshots.asking.search import Search

        return Search(self.names)

    @cached_property
    def differences(self) -> "Differences":
        """Questions for what pages and official register say otherwise."""
        from snapshots.asking.differences import Differences

        return Differences(self._db, self._vocabulary, self.names, self.official)

    @cached_property
    def runs(self) -> "Runs":
        """Questions for runs."""
        from snapshots.asking.status import Runs

        return Runs(self._db)
