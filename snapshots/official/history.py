"""What a decided edition of the official register leaves in the derived tables: versions, their periods, beliefs."""

from collections.abc import Iterable, Mapping
from typing import Any

from diff.deciding.belief import PageBelief
from scraper.official.references import read_reference
from scraper.official.versions import applicants_of, cells_not_understood
from scraper.records import FIELDS, Agreement, RegisterPage, agreement_to_json
from snapshots.keeping.database import insert
from snapshots.keeping.states import as_json
from snapshots.official.past import ReadRows, belief_row
from snapshots.sql.rows import Database

DERIVED = ("official_beliefs", "official_versions", "official_unread")
"""Tables that a derivation empties and fills again."""

FACTS = (
    "type_of_data", "sensitivity", "access_methods", "legal_bases", "confidentiality", "opt_outs", "datasets",
    "controllers", "organisation_types", "commercial", "sublicensing",
)  # fmt: skip
"""Fields that `official_versions.facts` holds."""

assert set(FACTS) <= FIELDS.keys()
_COLUMNS = ("title", "dsa_start", "dsa_end", "controller_basis")


class OfficialHistory:
    """Writes what editions mean, in their order; every write joins the transaction that is open."""

    def __init__(self, db: Database, read: ReadRows) -> None:
        self._db = db
        self._read = read

    def clear(self) -> None:
        """Empty the derived tables."""
        for table in DERIVED:
            self._db.execute(f"delete from {table}")

    def write_belief(self, belief: PageBelief) -> None:
        """Write what is believed of an agreement."""
        insert(self._db, "official_beliefs", belief_row(belief, self._read), verb="replace")

    def write_plain(self, key: str, page: RegisterPage, body: int) -> None:
        """Write what is believed of an agreement that is as its rows say: it is new, or so it would be told."""
        belief: dict[str, Any] = {
            "organisation": page.organisation,
            "layout": page.layout,
            "absent_since": None,
            "gone": False,
            "lacked_before": False,
            "places": {},
            "lacks": [],
        }
        row = {"page": key, "body": body, "unsettled": False, "gone": False, "versions": len(page.agreements)}
        insert(self._db, "official_beliefs", {**row, "belief": as_json(belief)}, verb="replace")

    def write_versions(self, key: str, page: RegisterPage | None, body: int, time: str, before: str | None) -> None:
        """Begin the versions that are new on the page of an agreement, close those that it does not show now.

        Args:
            key: Key of the page.
            page: What it shows; None where the edition lacks it.
            body: Number of its rows.
            time: Of the edition.
            before: Time of the edition before it, when what is gone was last seen.
        """
        sql = "select * from official_versions where page = :page and last_seen is null"
        standing = {row["reference"]: row for row in self._db.query(sql, {"page": key})}
        agreements = page.agreements if page else ()
        rows = {one.reference: _row(key, place, one, page) for place, one in enumerate(agreements) if page}
        same = {ref for ref, row in rows.items() if ref in standing and _same(standing[ref], row)}
        closed = [row["id"] for reference, row in standing.items() if reference not in same]
        self._close(closed, before)
        for reference, row in rows.items():
            if reference in same:
                self._move(standing[reference], row)
            else:
                insert(self._db, "official_versions", {**row, "body": body, "first_seen": time})
        self._write_unread(key, agreements, time, before)

    def _write_unread(self, key: str, agreements: Iterable[Agreement], time: str, before: str | None) -> None:
        """Note which cells are not understood from this edition on, and which are not any more."""
        now = {
            (one.reference, heading): text
            for one in agreements
            if one.unread
            for heading, text in cells_not_understood(one).items()
        }
        standing = "page = :page and last_seen is null"
        there = set()
        for row in list(self._db.query(f"select rowid, * from official_unread where {standing}", {"page": key})):
            place = row["reference"], row["heading"]
            text, last_seen = (now[place], None) if place in now else (row["text"], before)
            sql = "update official_unread set text = :text, last_seen = :last_seen where rowid = :rowid"
            self._db.execute(sql, {"text": text, "last_seen": last_seen, "rowid": row["rowid"]})
            there.add(place)
        for reference, heading in sorted(now.keys() - there):
            row = {"page": key, "reference": reference, "heading": heading, "text": now[reference, heading]}
            insert(self._db, "official_unread", {**row, "since": time})

    def _close(self, versions: Iterable[int], before: str | None) -> None:
        for number in versions:
            self._db.execute(
                "update official_versions set last_seen = :before where id = :id", {"before": before, "id": number}
            )

    def _move(self, there: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        """Note what a version has no period for: its releases, its place among the others, its opt-outs."""
        names = ("released_from", "released_to", "place")
        if any(there[name] != row[name] for name in names):
            self._db.execute(
                """
                update official_versions
                set released_from = :released_from, released_to = :released_to, place = :place
                where id = :id
                """,
                {name: row[name] for name in names} | {"id": there["id"]},
            )


def _row(key: str, place: int, agreement: Agreement, page: RegisterPage | None) -> dict[str, Any]:
    record = agreement_to_json(agreement)
    named = read_reference(agreement.reference)
    return {
        "page": key,
        "stem": named.stem if named else agreement.reference,
        "reference": agreement.reference,
        "version": agreement.version,
        "place": place,
        "organisation": applicants_of(agreement) or (page.organisation if page else ""),
        **{name: record[name] for name in _COLUMNS},
        "facts": as_json({name: record[name] for name in FACTS}),
        "released_from": agreement.released_from,
        "released_to": agreement.released_to,
    }


def _same(there: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return all(there[name] == row[name] for name in (*_COLUMNS, "organisation", "facts"))
