"""What a decided run leaves in the derived tables: snapshots, versions, periods, changes, beliefs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from diff.change import Change
from diff.deciding.belief import Edition, PageBelief
from diff.deciding.decide import Decision
from diff.details import several
from diff.kinds import ChangeKind
from scraper.names.fold import fold
from scraper.records import Agreement, RegisterPage
from scraper.register import NHS_DATA_RELEASE
from snapshots.keeping.database import insert, insert_all, update
from snapshots.keeping.past import belief_to_json, edges_to_json
from snapshots.keeping.runlog import Origin
from snapshots.keeping.states import States, as_json, row_of
from snapshots.sql.rows import Database

DERIVED = (
    "beliefs", "agreement_controllers", "agreement_legal_bases", "agreement_datasets", "agreements",
    "agreement_versions", "refusals", "snapshots", "frame", "names",
)  # fmt: skip
"""Tables that a derivation empties and fills again, in an order that foreign keys allow; `changes` keeps a part."""


@dataclass(frozen=True, slots=True)
class Period:
    """A table of values with the periods in which they were printed."""

    table: str
    key: str
    values: Callable[[Agreement], list[dict[str, str]]]


def _names(column: str, field: str) -> Callable[[Agreement], list[dict[str, str]]]:
    return lambda agreement: [{column: name, "folded": fold(name)} for name in getattr(agreement, field) or ()]


PERIODS = (
    Period("agreement_datasets", "folded", _names("dataset", "datasets")),
    Period("agreement_controllers", "folded", _names("controller", "controllers")),
    Period(
        "agreement_legal_bases",
        "basis",
        lambda agreement: [
            {"basis": basis.id, "family": basis.family, "printed": basis.printed}
            for basis in agreement.legal_bases or ()
        ],
    ),
)


class HistoryWriter:
    """Writes what decided runs mean, in order of capture; every write joins the transaction that is open."""

    def __init__(self, db: Database, states: States) -> None:
        self._db = db
        self._states = states
        self._named: set[tuple[str, str, str]] = set()

    def clear(self) -> None:
        """Empty the derived tables; changes that were told stay, withdrawn until they are found again."""
        self.withdraw_told(NHS_DATA_RELEASE.id)
        self._named.clear()
        for table in DERIVED:
            self._db.execute(f"delete from {table}")
        # The pages themselves stay: their numbers are the bits of the log's bitmaps.
        self._db.execute(
            f"""
            update pages
            set organisation = null, layout = null, files_disseminated = null, flags = '[]', agreements = 0,
              first_seen = null, last_seen = null, standing = 0
            where register = '{NHS_DATA_RELEASE.id}'
            """
        )

    def withdraw_told(self, register: str) -> None:
        """Keep as withdrawn the changes of a register that were told or remarked on, and the members of such groups."""
        # Links in messages lead to them for ever, whatever today's rules make of the pages. A group's id holds its day,
        # so another derivation may dissolve it: who was in it must be known then.
        self._db.execute(
            """
            insert or ignore into former_members (group_id, change_id)
            select member_of, id
            from changes
            where member_of in (select item from deliveries union select change_id from change_notes)
            """
        )
        # What an operator remarked on is referred to as well: the remark stays in the chain, and needs its change.
        told = """
            select item from deliveries where message is not null
            union
            select change_id from change_notes
            union
            select change_id
            from former_members
            where group_id in (
              select item from deliveries where message is not null union select change_id from change_notes
            )
            """
        its = "run in (select id from runs where register = :register)"
        values = {"register": register}
        # One that was told by itself, and came into a group since, stays without a group that nobody was told of.
        self._db.execute(f"update changes set member_of = null where member_of not in ({told}) and {its}", values)
        self._db.execute(f"delete from changes where id not in ({told}) and {its}", values)
        self._db.execute(f"update changes set withdrawn = 1 where {its}", values)

    def write(
        self, edition: Edition, decision: Decision, origins: Mapping[str, Origin], refused: Mapping[str, str]
    ) -> tuple[Change, ...]:
        """Write what *decision* made of *edition*, of a held run only why it is held; return what is listed by it."""
        refusals = {**refused, **decision.distrusted}
        listed: tuple[Change, ...] = ()
        if decision.held is None:
            for slug in sorted(decision.stale):
                self._see(edition, slug, origins[slug], stale=True)
            for slug, belief in sorted(decision.pages.items()):
                read = slug not in refusals.keys() | decision.stale
                self._write_page(edition, slug, belief, origins.get(slug), read=read)
            self._see_unchanged(edition, decision)
            self._write_frame(edition)
            self._write_ends(decision)
            listed = self.write_changes(decision)
        for page, reason in sorted(refusals.items()):
            insert(self._db, "refusals", {"run": edition.run, "page": page, "reason": reason})
        self.write_run(edition, decision, refusals)
        return listed

    def _write_frame(self, edition: Edition) -> None:
        known = {row["line"] for row in self._db.query("select line from frame")} if edition.frame else set()
        for line in sorted(edition.frame.keys() - known):
            insert(self._db, "frame", {"line": line, "printed": edition.frame[line], "run": edition.run})

    # --- pages --------------------------------------------------------------------------------------------------------

    def _write_page(
        self, edition: Edition, slug: str, belief: PageBelief, origin: Origin | None, *, read: bool
    ) -> None:
        row = {
            "page": slug,
            "body": belief.body,
            "unsettled": belief.unsettled,
            "gone": belief.gone,
            "belief": as_json(belief_to_json(belief, self._states)),
            "edges": edges_to_json(belief.edges),
        }
        insert(self._db, "beliefs", row, verb="replace")
        sighting = edition.read.get(slug) if read else None
        if sighting and origin:
            # What is not printed any more was last seen when the page was last seen before this run.
            before = self._last_seen(slug)
            snapshot = self._see(edition, slug, origin)
            self._write_agreements(edition.time, slug, sighting.page.agreements, snapshot, before)
            self._write_names(slug, sighting.page)
        self._write_standing(slug, belief)
        self._db.execute(
            """
            update pages
            set organisation = :organisation, layout = :layout, files_disseminated = :files, flags = :flags,
              agreements = :agreements, standing = :standing,
              first_seen = coalesce(first_seen, :first_seen)
            where key = :slug
            """,
            {
                "slug": slug,
                "organisation": belief.organisation or None,
                "layout": belief.layout or None,
                "files": belief.files_disseminated,
                "flags": as_json(belief.flags or ()),
                "agreements": len(belief.standing),
                "standing": belief.body is not None and not belief.gone,
                "first_seen": edition.time if sighting else None,
            },
        )

    def _write_names(self, slug: str, page: RegisterPage) -> None:
        """Keep the names that a page prints: its own, those of datasets, the texts of legal bases."""
        names = {("organisation", slug, page.organisation): None}
        for agreement in page.agreements:
            names |= {("dataset", fold(name), name): None for name in agreement.datasets or ()}
            names |= {("legal-basis", basis.id, basis.printed): None for basis in agreement.legal_bases or ()}
        rows = [
            {"sort": sort, "key": key, "name": name, "folded": fold(name)}
            for sort, key, name in names
            if (sort, key, name) not in self._named
        ]
        insert_all(self._db, "names", rows, verb="insert or ignore")
        self._named.update(names)  # `|=` with the keys of a dictionary would make a new set of all each time

    def _write_former_names(self, change: Change) -> None:
        """Keep the names of a page that is gone as those of the page on which all its agreements stand, too."""
        if change.kind is ChangeKind.ORGANISATION_RENAMED and isinstance(change.before, tuple):
            (_, old), (_, new) = several(change.before), several(change.after)
            self._db.execute(
                """
                insert or ignore into names (sort, key, name, folded)
                select sort, :new, name, folded from names where sort = 'organisation' and key = :old order by id
                """,
                {"old": old, "new": new},
            )

    def _last_seen(self, slug: str) -> str | None:
        (row,) = self._db.query("select last_seen from pages where key = :slug", {"slug": slug})
        return None if row["last_seen"] is None else str(row["last_seen"])

    def _see(self, edition: Edition, slug: str, origin: Origin, *, stale: bool = False) -> int:
        """Return the snapshot that this capture continues or begins."""
        sql = "select id, body from snapshots where page = :page and stale = :stale order by id desc limit 1"
        last = next(iter(self._db.query(sql, {"page": slug, "stale": stale})), None)
        if last and last["body"] == origin.sha256:
            if stale:
                self._move_last_seen([last["id"]], edition.time)
            return int(last["id"])
        row = {
            "page": slug,
            "body": origin.sha256,
            "run": edition.run,
            "source": origin.source,
            "captured_at": origin.captured_at,
            "layout": edition.read[slug].page.layout,
            "stale": stale,
            "first_seen": edition.time,
            "last_seen": edition.time,
        }
        return insert(self._db, "snapshots", row)

    def _see_unchanged(self, edition: Edition, decision: Decision) -> None:
        """Move the last sighting of every page that was read or found unchanged."""
        # Growth follows changes: all that a quiet night of 2,000 pages moves are these two columns, by one statement
        # each.
        seen = edition.sighted - decision.stale - decision.distrusted.keys()
        values = {"slugs": as_json(sorted(seen)), "time": edition.time}
        rows = self._db.query(
            """
            select max(snapshots.id) as id
            from json_each(:slugs) as seen
            join snapshots on snapshots.page = seen.value and not snapshots.stale
            group by seen.value
            """,
            values,
        )
        self._move_last_seen([row["id"] for row in rows], edition.time)
        self._db.execute(
            "update pages set last_seen = :time where key in (select value from json_each(:slugs))", values
        )

    def _move_last_seen(self, snapshots: Iterable[int], time: str) -> None:
        self._db.execute(
            """
            update snapshots
            set second_seen = case when first_seen < :time then coalesce(second_seen, :time) end, last_seen = :time
            where id in (select value from json_each(:ids))
            """,
            {"ids": as_json(list(snapshots)), "time": time},
        )

    # --- agreements ---------------------------------------------------------------------------------------------------

    def _write_agreements(
        self, time: str, slug: str, agreements: Sequence[Agreement], snapshot: int, before: str | None
    ) -> None:
        """Begin the versions that are new on a page, close those it does not print now, and their periods."""
        open_versions = {
            row["reference"]: (row["version"], row["state"])
            for row in self._db.query(
                """
                select agreements.reference, agreements.version, agreement_versions.state
                from agreements
                join agreement_versions on agreement_versions.id = agreements.version
                where agreements.page = :page and agreement_versions.last_seen is null
                """,
                {"page": slug},
            )
        }
        states = self._states.keep(agreements)
        same = {
            a.reference
            for a, s in zip(agreements, states, strict=True)
            if open_versions.get(a.reference, (0, 0))[1] == s
        }
        # What stays open has no `last_seen` of its own: its page's counts.
        self._close_versions([v for r, (v, _) in open_versions.items() if r not in same], before)
        for agreement, state in zip(agreements, states, strict=True):
            if agreement.reference not in same:
                place = {"page": slug, "reference": agreement.reference}
                version = {**place, "state": state, "snapshot": snapshot, "first_seen": time}
                added = insert(self._db, "agreement_versions", version)
                insert(self._db, "agreements", {**place, "version": added, "standing": True}, verb="replace")
        printed = {a.reference for a in agreements}
        changed = {a.reference: a for a in agreements if a.reference not in same}
        gone = dict.fromkeys(open_versions.keys() - printed)
        # By value and not by agreement: a dataset that stays keeps its period while the text around it changes.
        for period in PERIODS:
            self._write_period(period, time, slug, {**changed, **gone}, before)

    def _close_versions(self, versions: Iterable[int], last_seen: str | None) -> None:
        self._db.execute(
            """
            update agreement_versions set last_seen = :last_seen
            where id in (select value from json_each(:ids)) and last_seen is null
            """,
            {"ids": as_json(list(versions)), "last_seen": last_seen},
        )

    def _write_period(
        self, period: "Period", time: str, slug: str, agreements: Mapping[str, Agreement | None], before: str | None
    ) -> None:
        """Open the periods of values that came to these agreements, close those of values that went."""
        table, key = period.table, period.key
        there: dict[tuple[str, str], int] = {
            (row["reference"], row[key]): row["rowid"]
            for row in self._db.query(
                f"select rowid, reference, {key} from {table} where page = :page and last_seen is null", {"page": slug}
            )
            if row["reference"] in agreements
        }
        values = {
            (reference, value[key]): value
            for reference, agreement in agreements.items()
            for value in (period.values(agreement) if agreement else ())
        }
        gone = [rowid for spot, rowid in there.items() if spot not in values]
        if gone:
            self._db.execute(
                f"update {table} set last_seen = :before where rowid in (select value from json_each(:gone))",
                {"before": before, "gone": as_json(gone)},
            )
        insert_all(
            self._db,
            table,
            [
                {"page": slug, "reference": reference, **value, "first_seen": time}
                for (reference, name), value in values.items()
                if (reference, name) not in there
            ],
        )

    def _write_standing(self, slug: str, belief: PageBelief) -> None:
        """Note which agreements are believed to stand on the page, and which were told as gone."""
        # As a list: what SQLite returns of rows that are written while it goes through them is not defined.
        for row in list(self._db.query("select * from agreements where page = :page", {"page": slug})):
            place = belief.places.get(row["reference"])
            now = {
                "standing": place is not None and not place.gone,
                "arrived": place is not None and place.arrived,
                "told_gone": place is not None and place.gone,
            }
            if any(bool(row[name]) != value for name, value in now.items()):  # most nights nothing is to be written
                update(self._db, "agreements", {"page": slug, "reference": row["reference"]}, now)

    def _write_ends(self, decision: Decision) -> None:
        for (slug, reference), since in sorted(decision.ended.items()):
            rows = self._db.query(
                """
                select agreements.version, coalesce(agreement_versions.last_seen, pages.last_seen) as last_printed
                from agreements
                join agreement_versions on agreement_versions.id = agreements.version
                join pages on pages.key = agreements.page
                where agreements.page = :page and agreements.reference = :reference
                """,
                {"page": slug, "reference": reference},
            )
            for row in list(rows):
                self._close_versions([row["version"]], row["last_printed"])
                for period in PERIODS:
                    self._write_period(period, since, slug, {reference: None}, row["last_printed"])
                self._db.execute(
                    "update agreement_versions set ended = :since where id = :version", row | {"since": since}
                )

    # --- changes and runs ---------------------------------------------------------------------------------------------

    def write_changes(self, decision: Decision) -> tuple[Change, ...]:
        """Write changes and members of groups; return the changes that stand there by this run, in public order."""
        listed = [_in_order(change) for change in decision.changes if self._list(row_of(change, self._states))]
        members = [member for change in decision.changes for member in change.members]
        for member in (*members, *decision.joined):
            self._list(row_of(member, self._states))
        for change in (*decision.changes, *members):
            self._write_former_names(change)
        for change in (*decision.changes, *decision.joined):
            group = change.group or change.member_of
            if group:
                self._recount(group)
        return tuple(sorted(listed, key=Change.sort_key))

    def _list(self, row: Mapping[str, Any]) -> bool:
        """Write a change, say whether it is there by this; one that was withdrawn is found again.

        The same group twice a day is one group: its members join it (its id is the day's).
        """
        # By `where` one that stands already is left alone, and counts as no row written: that is the answer.
        names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        found_again = ", ".join(f"{name} = excluded.{name}" for name in row)
        written = self._db.execute(
            f"""
            insert into changes ({names}) values ({values})
            on conflict (id) do update set {found_again}, withdrawn = 0 where withdrawn
            """,
            dict(row),
        )
        return written.rowcount > 0

    def _recount(self, group: str) -> None:
        """Count the members of a group again: some may have joined it."""
        # Distinct: an agreement that two pages list is a member twice.
        (found,) = self._db.query(
            """
            select groups.kind, count(distinct members.reference) as agreements,
              count(distinct members.organisation) as organisations,
              sum(members.kind = 'organisation-renamed') as pages,
              coalesce(sum(json_extract(members.details, '$.agreements')), 0) as with_their_pages
            from changes as groups
            join changes as members on members.member_of = groups.id and not members.withdrawn
            where groups.id = :id
            """,
            {"id": group},
        )
        agreements, details = found["agreements"], {"organisations": found["organisations"]}
        if found["kind"] == ChangeKind.REORGANISATION:
            agreements += found["with_their_pages"]
            details = {"pages": found["pages"], "agreements": agreements}
        elif found["kind"] == ChangeKind.ORGANISATION_RENAMED:
            details = {}
        self._db.execute(
            "update changes set agreements = :n, details = json_patch(details, :details) where id = :id",
            {"n": agreements, "details": as_json(details), "id": group},
        )

    def write_run(self, edition: Edition, decision: Decision, refusals: Mapping[str, str]) -> None:
        """Write what became of a run; a held one before it is superseded, if this one is not held."""
        if decision.held is None:
            self._db.execute(
                """
                update runs
                set state = 'superseded'
                where state = 'held' and captured_at < :time
                  and register = (select register from runs where id = :id)
                """,
                {"time": edition.time, "id": edition.run},
            )
        self._db.execute(
            """
            update runs
            set state = :state, reason = :reason, pages_read = :read, pages_changed = :changed,
              pages_failed = :failed, pages_absent = :absent
            where id = :id
            """,
            {
                "id": edition.run,
                "state": "held" if decision.held else "committed",
                "reason": decision.held,
                "read": len(edition.sighted - decision.distrusted.keys()),
                "changed": len(edition.changed - decision.distrusted.keys()),
                "failed": len(refusals),
                "absent": len(edition.absent),
            },
        )


def _in_order(change: Change) -> Change:
    """Return a change with its members, if it has any, in public order."""
    return replace(change, members=tuple(sorted(change.members, key=Change.sort_key))) if change.group else change
