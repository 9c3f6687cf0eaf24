"""What is asked of the history: changes, one agreement, lists as of a time, the state of things. Reads only."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from diff.change import Change, Severity
from diff.names import DatasetNames, datasets_of, nearest, said_nearest, slugs_of
from diff.saying.redline import Redline, redline
from scraper.errors import RegisterWatchError
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary
from scraper.records import PROSE, Agreement, agreement_to_json
from snapshots.keeping.changes import CHANGES, change_of
from snapshots.keeping.deliveries import Deliveries
from snapshots.keeping.states import States

Row = Mapping[str, Any]


class NotKnownError(RegisterWatchError):
    """What is asked for is not in the history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which changes are asked for; what is left empty does not narrow the answer."""

    since: str | None = None
    until: str | None = None
    kinds: Sequence[str] = ()
    organisations: Sequence[str] = ()
    datasets: Sequence[str] = ()
    references: Sequence[str] = ()
    severity: str | None = None
    """At least."""
    group: str | None = None
    editorial: bool = False
    run: int | None = None
    ids: Sequence[str] | None = None
    """Just these, single changes that came to stand in a group among them; those that were told and are no longer found
    too."""


class Answers:
    """Questions to an open database."""

    def __init__(self, db: Database, states: States, vocabulary: Vocabulary) -> None:
        self._db = db
        self._states = states
        self._vocabulary = vocabulary

    # --- changes ------------------------------------------------------------------------------------------------------

    def changes(self, question: Question) -> list[Change]:
        """Return the changes asked for: newest first, then the most severe.

        Raises:
            NotKnownError: An organisation, a reference or a group that is not known.
        """
        found = self._changes(question)
        if question.references:
            wanted = {one for name in question.references for one in self._history_of(self._reference(name))}
            found = self._touching(found, lambda change: change.reference in wanted)
        if question.organisations:
            found = self._touching(found, self._by_organisation(question.organisations))
        if question.datasets:
            found = self._touching(found, self._by_dataset(question.datasets))
        return sorted(found, key=Change.sort_key)

    def _changes(self, question: Question) -> list[Change]:
        where = {
            "member_of is null": question.group is None and question.ids is None,
            _OF_GROUP: question.group is not None,
            "first_seen >= :since": question.since,
            "first_seen <= :until": question.until,
            "run = :run and not withdrawn": question.run,
            "substantive": not question.editorial and question.group is None,
            "changes.id in (select value from json_each(:ids))": question.ids is not None,
            "kind in (select value from json_each(:kinds))": question.kinds,
            "severity in (select value from json_each(:severities))": question.severity,
        }
        chosen = " and ".join(condition for condition, wanted in where.items() if wanted) or "1"
        values = {
            "group": None if question.group is None else self._group(question.group),
            "since": question.since,
            "until": question.until,
            "run": question.run,
            "ids": json.dumps(list(question.ids or ())),
            "kinds": json.dumps(list(question.kinds)),
            "severities": json.dumps(_at_least(question.severity)),
        }
        return [change_of(row) for row in self._db.query(f"{CHANGES} where {chosen}", values)]

    def _group(self, prefix: str) -> str:
        """Return the one group whose id begins with *prefix*."""
        sql = "select id from changes where is_group and substr(id, 1, length(:prefix)) = lower(:prefix)"
        ids = [row["id"] for row in self._db.query(sql, {"prefix": prefix})] if len(prefix) >= 8 else []
        if len(ids) != 1:
            raise NotKnownError(f"{prefix}: no group has this id (at least its first 8 digits are needed)")
        return str(ids[0])

    def _touching(self, found: list[Change], touches: Callable[[Change], bool]) -> list[Change]:
        """Return the changes that *touches*, and groups with a member that does."""
        groups = [change.id for change in found if change.group]
        wanted = (
            "select group_id, change_id from change_groups where group_id in (select value from json_each(:groups))"
        )
        sql = CHANGES.replace("changes.*", "changes.*, listed.group_id") + (
            f"join ({wanted}) as listed on listed.change_id = changes.id"
        )
        members = self._db.query(sql, {"groups": json.dumps(groups)}) if groups else ()
        touched = {row["group_id"] for row in members if touches(change_of(row))}
        return [change for change in found if change.id in touched or (not change.group and touches(change))]

    def _by_organisation(self, names: Iterable[str]) -> Callable[[Change], bool]:
        slugs: set[str] = set()
        folded: set[str] = set()
        for name in names:
            for page in self._pages_named(name):
                slugs.add(page["slug"])
                folded |= self._vocabulary.predecessors(page["organisation"] or name)
            folded |= self._vocabulary.predecessors(name)

        def touches(change: Change) -> bool:
            return fold(change.organisation or "") in folded or bool(slugs & slugs_of(change))

        return touches

    def _pages_named(self, name: str) -> list[Row]:
        """Return the pages of an organisation, by slug or name; NotKnownError with the nearest if there are none."""
        pages: list[Row] = list(self._db.query("select slug, organisation from pages"))
        wanted = {fold(name)} | self._vocabulary.predecessors(name)
        found = [p for p in pages if p["slug"] == name.lower() or fold(p["organisation"] or "") in wanted]
        if not found:
            known = {p["organisation"] or p["slug"]: None for p in pages} | {p["slug"]: None for p in pages}
            raise NotKnownError(f"no organisation is called {name!r}{_nearest(name, known)}")
        return found

    def _by_dataset(self, names: Iterable[str]) -> Callable[[Change], bool]:
        wanted: set[str] = set()
        for name in names:
            wanted |= self._dataset_names(name)
        sql = "select distinct reference from agreement_datasets where folded in (select value from json_each(:names))"
        holders = {row["reference"] for row in self._db.query(sql, {"names": json.dumps(sorted(wanted))})}

        def touches(change: Change) -> bool:
            if change.kind.startswith("agreement-"):
                return change.reference in holders
            return any(fold(one) in wanted for one in datasets_of(change))

        return touches

    def _dataset_names(self, name: str) -> frozenset[str]:
        """Return every folded name of a dataset; an acronym in brackets, "MHSDS", names it too."""
        known = [row["dataset"] for row in self._db.query("select distinct dataset from agreement_datasets")]
        found = DatasetNames(known, self._vocabulary).named(name)
        if not found:
            raise NotKnownError(f"no dataset is called {name!r}{_nearest(name, known)}")
        return found

    def count_editorial(self, question: Question) -> int:
        """Return how many editorial changes the same question would have found."""
        return sum(not change.substantive for change in self.changes(replace(question, editorial=True)))

    def change_ids(self) -> list[str]:
        """Return the ids of all changes and of all members of groups, without those that are no longer found."""
        return [row["id"] for row in self._db.query("select id from changes where not withdrawn order by id")]

    def dataset_counts(self, references: Sequence[str]) -> dict[str, int]:
        """Return how many datasets each of these agreements began with."""
        rows = self._db.query(
            """
            select states.reference, json_array_length(states.datasets) as n
            from agreement_versions
            join states on states.id = agreement_versions.state
            where states.reference in (select value from json_each(:references)) and states.datasets is not null
            group by states.reference
            order by min(agreement_versions.id)
            """,
            {"references": json.dumps(list(references))},
        )
        return {row["reference"]: row["n"] for row in rows}

    def terms(self, references: Sequence[str]) -> dict[str, str]:
        """Return the printed term of each of these agreements as it is now, "2026-11-02 to 2029-11-01"."""
        rows = self._db.query(
            """
            select agreements.reference, states.dsa_start, states.dsa_end
            from agreements
            join agreement_versions on agreement_versions.id = agreements.version
            join states on states.id = agreement_versions.state
            where agreements.reference in (select value from json_each(:references))
              and states.dsa_start is not null and states.dsa_end is not null
            order by agreements.page desc
            """,
            {"references": json.dumps(list(references))},
        )
        return {row["reference"]: f"{row['dsa_start']} to {row['dsa_end']}" for row in rows}

    def is_first(self, number: int) -> bool:
        """Say whether no run before this one counts."""
        sql = "select min(captured_at) as at from runs where state = 'committed'"
        return bool(next(iter(self._db.query(sql)))["at"] == self.run(number)["captured_at"])

    def run(self, number: int) -> dict[str, Any]:
        """Return a run, with how many pages it met for the first time."""
        sql = """
            select runs.*, (
              select count(*) from pages where pages.first_seen = runs.captured_at
            ) + (
              -- Of a held run nothing is believed: new is what was never seen before.
              select count(*)
              from captures
              join pages on pages.slug = captures.page
              where runs.state in ('held', 'superseded') and captures.run = runs.id and captures.body is not null
                and coalesce(pages.first_seen > runs.captured_at, true)
                and not exists (select 1 from refusals where refusals.run = runs.id and refusals.page = pages.slug)
            ) as pages_new
            from runs
            where id = :id
            """
        (row,) = self._db.query(sql, {"id": number})
        return dict(row)

    # --- one agreement ------------------------------------------------------------------------------------------------

    def reference(self, reference: str) -> str:
        """Return the reference as it is kept; NotKnownError with the nearest if there is none."""
        return self._reference(reference)

    def _reference(self, reference: str) -> str:
        """Return the reference as it is kept: case and outer space do not matter."""
        sql = "select reference from agreement_versions where lower(reference) = lower(:reference) limit 1"
        for row in self._db.query(sql, {"reference": reference.strip()}):
            return str(row["reference"])
        known = [row["reference"] for row in self._db.query("select distinct reference from agreement_versions")]
        raise NotKnownError(f"no agreement has the reference {reference!r}{_nearest(reference.strip(), known)}")

    def _history_of(self, reference: str) -> list[str]:
        """Return all references that this agreement has had, as told."""
        known = [reference]
        for one in known:
            rows = self._db.query(
                """
                select before, after
                from changes
                where kind = 'reference-changed' and not withdrawn and (reference = :one or before = :quoted)
                """,
                {"one": one, "quoted": json.dumps(one)},
            )
            known += [r for row in rows for r in map(json.loads, (row["before"], row["after"])) if r not in known]
        return known

    def show(self, reference: str, as_of: str | None) -> dict[str, Any]:
        """Return one agreement as of a time, with its versions and changes.

        Raises:
            NotKnownError: It is not known, or not yet at that time.
        """
        references = self._history_of(self._reference(reference))
        versions = self._versions(references)
        known_since = min(version["first_seen"] for version in versions)
        at = as_of or self.newest()
        if at < known_since:
            raise NotKnownError(f"{references[0]}: not known before {known_since}")
        standing = _standing_at(versions, at)
        return {
            "reference": self._reference(reference),
            "as_of": at,
            "pages": sorted({version["page"] for version in standing}),
            "agreement": agreement_to_json(self._agreement(standing[0])) if standing else None,
            "versions": [_public_version(version) for version in versions if version["first_seen"] <= at],
            "changes": self._own_changes(references, at),
        }

    def _own_changes(self, references: Sequence[str], until: str) -> list[Change]:
        """Return what changed in one agreement, editorial changes and those that were told in a group among it."""
        sql = f"""{CHANGES}
            where reference in (select value from json_each(:references)) and not is_group and first_seen <= :until
            """
        rows = self._db.query(sql, {"references": json.dumps(list(references)), "until": until})
        return sorted(map(change_of, rows), key=Change.sort_key)

    def _versions(self, references: Sequence[str]) -> list[Row]:
        sql = """
            select agreement_versions.*, coalesce(agreement_versions.last_seen, pages.last_seen) as seen_until,
              snapshots.body, snapshots.source, snapshots.layout, pages.organisation
            from agreement_versions
            join pages on pages.slug = agreement_versions.page
            join snapshots on snapshots.id = agreement_versions.snapshot
            where agreement_versions.reference in (select value from json_each(:references))
            order by agreement_versions.first_seen, agreement_versions.page, agreement_versions.id
            """
        return list(self._db.query(sql, {"references": json.dumps(list(references))}))

    def _agreement(self, version: Row) -> Agreement:
        return self._states.load([version["state"]])[version["state"]]

    def redlines(self, reference: str, since: str | None, until: str | None) -> tuple[str, str, dict[str, Redline]]:
        """Return the prose of an agreement at two times, word by word.

        Args:
            reference: The agreement.
            since: The earlier time; without one the last state with other prose than the later one.
            until: The later time; without one now.

        Returns:
            When the two states were first seen, and for each section that differs its redline.
        """
        references = self._history_of(self._reference(reference))
        versions = self._versions(references)
        later = self._at(versions, until or self.newest())
        now = self._agreement(later)
        if since is not None:
            earlier = self._at(versions, since)
        else:
            before = [v for v in versions if v["first_seen"] < later["first_seen"]]
            other = [v for v in before if _prose(self._agreement(v)) != _prose(now)]
            earlier = (other or [later])[-1]
        old = self._agreement(earlier)
        changed = {
            name: redline(getattr(old, name) or "", getattr(now, name) or "")
            for name in PROSE
            if fold(getattr(old, name) or "") != fold(getattr(now, name) or "")
        }
        return self._prose_since(versions, earlier), self._prose_since(versions, later), changed

    def _prose_since(self, versions: list[Row], version: Row) -> str:
        """Return since when this page has printed the prose of *version*, up to it."""
        since, prose = version["first_seen"], _prose(self._agreement(version))
        for earlier in reversed([v for v in versions if v["page"] == version["page"] and v["first_seen"] < since]):
            if _prose(self._agreement(earlier)) != prose:
                break
            since = earlier["first_seen"]
        return str(since)

    def _at(self, versions: list[Row], time: str) -> Row:
        seen = [version for version in versions if version["first_seen"] <= time]
        if not seen:
            raise NotKnownError(f"{versions[0]['reference']}: not known before {versions[0]['first_seen']}")
        return (_standing_at(seen, time) or seen[-1:])[0]

    # --- lists as of a time -------------------------------------------------------------------------------------------

    def newest(self) -> str:
        """Return the time of the newest run that counts, empty before there is one."""
        (row,) = self._db.query("select coalesce(max(captured_at), '') as at from runs where state = 'committed'")
        return str(row["at"])

    def _all_standing(self, as_of: str | None) -> list[Row]:
        at = as_of or self.newest()
        rows = self._db.query(
            """
            select agreement_versions.*, pages.organisation, pages.last_seen as page_last_seen
            from agreement_versions
            join pages on pages.slug = agreement_versions.page
            where agreement_versions.first_seen <= :at
            order by agreement_versions.page, agreement_versions.reference, agreement_versions.id
            """,
            {"at": at},
        )
        standing = _standing_at(list(rows), at)
        first = next(iter(self._db.query("select min(first_seen) as at from snapshots")))["at"]
        if as_of is not None and (first is None or as_of < first):
            raise NotKnownError(f"not known before {first}" if first else "nothing is known yet")
        return standing

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
            join pages on pages.slug = snapshots.page
            where not snapshots.stale and snapshots.first_seen <= :at
            group by snapshots.page
            """,
            {"at": as_of or self.newest()},
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

    def datasets(self, as_of: str | None) -> list[dict[str, Any]]:
        """Return every dataset as of a time under its newest known name, the most frequent first."""
        found: dict[str, dict[str, set[str]]] = {}
        for row in self._all_standing(as_of):
            for name in self._agreement(row).datasets or ():
                newest = self._vocabulary.dataset_canonical(name)
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

    # --- the state of things ------------------------------------------------------------------------------------------

    def status(self, now: datetime) -> dict[str, Any]:
        """Return the last run, what needs a person, and how much there is."""
        last = next(iter(self._db.query("select * from runs order by captured_at desc limit 1")), None)
        held = list(self._db.query("select id, captured_at, reason from runs where state = 'held' order by id"))
        failing = self._failing(last) if last else []
        (counts,) = self._db.query(
            """
            select (select count(*) from pages where standing) as pages,
              (select coalesce(sum(agreements), 0) from pages where standing) as agreements,
              (select count(*) from snapshots) as snapshots,
              (select min(first_seen) from snapshots) as since,
              (select count(*) from changes where substantive and member_of is null and not withdrawn) as changes,
              (select count(*) from changes where not substantive and member_of is null and not withdrawn) as editorial,
              (select sum(length(data)) from bodies) as bodies_bytes,
              -- The file itself lags behind while a write-ahead log lies beside it.
              (select page_count * page_size from pragma_page_count, pragma_page_size) as database_bytes
            """
        )
        run = None
        if last:
            run = {name: last[name] for name in _RUN} | {"complete": bool(last["complete"])}
        deliveries = Deliveries(self._db)
        return {
            "last_run": run,
            "held": held,
            "failing": failing,
            "undelivered": [asdict(one) for one in deliveries.waiting(now)],
            "collected": deliveries.collected(now),
            **counts,
        }

    def week(self, since: str) -> dict[str, int]:
        """Return how many runs there were since a time, changes that are told, and messages that were taken."""
        (counts,) = self._db.query(
            """
            select (select count(*) from runs where captured_at >= :since and kind = 'run') as runs,
              (
                select count(*)
                from changes
                where first_seen >= :since and substantive and member_of is null and not withdrawn
              ) as changes,
              (select count(distinct message) from deliveries where delivered_at >= :since) as delivered
            """,
            {"since": since},
        )
        return dict(counts)

    def _failing(self, last: Row) -> list[dict[str, Any]]:
        """Return the pages that *last* could not read, with how many runs of its kind in a row could not."""
        rows = self._db.query(
            """
            with good as (
              select failing.page, max(runs.captured_at) as at
              from refusals as failing
              join runs on runs.kind = :kind
              left join refusals on refusals.run = runs.id and refusals.page = failing.page
              where failing.run = :run and refusals.page is null
              group by failing.page
            )
            select failing.page, failing.reason, count(*) as times, min(runs.captured_at) as since,
              exists (select 1 from snapshots where snapshots.page = failing.page) as was_read
            from refusals as failing
            left join good on good.page = failing.page
            join refusals as earlier on earlier.page = failing.page
            join runs on runs.id = earlier.run and runs.kind = :kind and runs.captured_at > coalesce(good.at, '')
            where failing.run = :run
            group by failing.page
            order by failing.page
            """,
            {"run": last["id"], "kind": last["kind"]},
        )
        return [{**row, "was_read": bool(row["was_read"])} for row in rows]


_RUN = (
    "id", "kind", "captured_at", "finished_at", "complete", "state", "reason", "pages_read", "pages_changed",
    "pages_failed", "pages_absent",
)  # fmt: skip

_OF_GROUP = "changes.id in (select change_id from change_groups where group_id = :group)"


def _prose(agreement: Agreement) -> tuple[str, ...]:
    return tuple(fold(getattr(agreement, name) or "") for name in PROSE)


def _at_least(severity: str | None) -> list[str]:
    ranks = [one.value for one in Severity]
    return ranks[: ranks.index(severity) + 1] if severity else ranks


def _nearest(name: str, known: Iterable[str]) -> str:
    return said_nearest(nearest(name, known))


def shown_as_json(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `Answers.show` shows as values that `json.dumps` takes."""
    return {**shown, "changes": [change.to_json() for change in shown["changes"]]}


def _public_version(version: Row) -> dict[str, Any]:
    return {
        "page": version["page"],
        "reference": version["reference"],
        "organisation": version["organisation"],
        "first_seen": version["first_seen"],
        "last_seen": version["seen_until"],
        "ended": version["ended"],
        "layout": version["layout"],
        "snapshot": version["body"],
        "source": version["source"],
    }


def _standing_at(versions: Iterable[Row], time: str) -> list[Row]:
    """Return the version of each place that stands at *time*, in order of page and reference."""
    latest: dict[tuple[str, str], Row] = {}
    for version in versions:
        place = (version["page"], version["reference"])
        if version["first_seen"] <= time and (
            place not in latest or version["first_seen"] >= latest[place]["first_seen"]
        ):
            latest[place] = version
    standing = [v for v in latest.values() if v["ended"] is None or v["ended"] > time]
    return sorted(standing, key=lambda v: (v["page"], v["reference"]))


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
