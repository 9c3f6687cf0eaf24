"""One agreement: as of a time, with its versions and changes; its prose word by word; what it printed. Reads only.

And the printed terms of all of them: what was printed since when, and which ends come up.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from diff.change import Change
from diff.names import stem_of
from diff.saying.redline import Redline, redline
from diff.terms import PrintedTerm, Printing
from scraper.names.fold import fold
from scraper.records import PROSE, SECTIONS, Agreement, agreement_to_json
from snapshots.asking.names import NameLookup, NotKnownError, Row, newest_run
from snapshots.asking.official import OfficialRegister, called_version, standing_versions
from snapshots.keeping.states import CHANGES, PROSE_JOINS, States, change_of, prose_columns
from snapshots.sql.rows import Database

Moment = tuple[str, str]
"""A reference and a UTC time."""


class Agreements:
    """The agreements of an open database."""

    def __init__(self, db: Database, states: States, names: NameLookup, official: OfficialRegister) -> None:
        self._db = db
        self._states = states
        self._names = names
        self._official = official

    def show(self, reference: str, as_of: str | None) -> dict[str, Any]:
        """Return one agreement as of a time, with its versions and changes.

        Raises:
            NotKnownError: It is not known, or not yet at that time.
        """
        try:
            references = self._names.references(reference)
        except NotKnownError:
            if alone := self._show_official(reference, as_of):
                return alone
            raise
        versions = self._versions(references)
        known_since = min(version["first_seen"] for version in versions)
        at = as_of or newest_run(self._db)
        if at < known_since:
            raise NotKnownError(f"{references[0]}: not known before {known_since}")
        standing = standing_at(versions, at)
        return {
            "reference": references[0],
            "as_of": at,
            "pages": sorted({version["page"] for version in standing}),
            "agreement": agreement_to_json(self._agreement(standing[0])) if standing else None,
            "versions": [
                {name: value for name, value in version.items() if name != "state"}
                for version in versions
                if version["first_seen"] <= at
            ],
            "changes": self._own_changes(references, at),
        } | ({"official": self._official.of_agreement(references, as_of)} if self._official.edition(as_of) else {})

    def _show_official(self, reference: str, as_of: str | None) -> dict[str, Any] | None:
        """Return an agreement that no page ever had, as the official register holds it; None if it does not either."""
        edition = self._official.edition(as_of)
        called = self._official.called(reference)
        official = self._official.of_agreement(called, as_of) if len(called) == 1 else None
        if edition is None or official is None:
            return None
        at = as_of or edition.at
        own = [version["reference"] for version in official["versions"]]
        return {
            "reference": called[0],
            "as_of": at,
            "pages": [],
            "agreement": None,
            "versions": [],
            "changes": self._own_changes(own, at),
            "official": official,
        }

    def _own_changes(self, references: Sequence[str], until: str) -> list[Change]:
        """Return what changed in one agreement, editorial changes and those that were told in a group among it."""
        sql = f"""{CHANGES}
            where reference in (select value from json_each(:references)) and not is_group and first_seen <= :until
            """
        rows = self._db.query(sql, {"references": json.dumps(list(references)), "until": until})
        return sorted(self._official.named(map(change_of, rows), self._names.vocabulary), key=Change.sort_key)

    def _versions(self, references: Sequence[str]) -> list[Row]:
        sql = """
            select agreement_versions.page, agreement_versions.reference, pages.organisation,
              agreement_versions.first_seen, coalesce(agreement_versions.last_seen, pages.last_seen) as last_seen,
              agreement_versions.ended, snapshots.layout, snapshots.body as snapshot, snapshots.source,
              agreement_versions.state
            from agreement_versions
            join pages on pages.key = agreement_versions.page
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
        references = self._names.references(reference)
        versions = self._versions(references)
        later = self._at(versions, until or newest_run(self._db))
        now = self._agreement(later)
        if since is not None:
            earlier = self._at(versions, since)
        else:
            # Not simply the version before: most of them differ in a date or a dataset, and would show nothing.
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
        return (standing_at(seen, time) or seen[-1:])[0]

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


def _prose(agreement: Agreement) -> tuple[str, ...]:
    return tuple(fold(getattr(agreement, name) or "") for name in PROSE)


def shown_as_json(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `Agreements.show` shows as values that `json.dumps` takes."""
    return {**shown, "changes": [change.to_json() for change in shown["changes"]]}


def standing_at(versions: Iterable[Row], time: str) -> list[Row]:
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


# --- what was printed -------------------------------------------------------------------------------------------------


def read_texts(db: Database, moments: Iterable[Moment]) -> dict[Moment, tuple[str, ...]]:
    """Return title and prose of agreements as printed at a time, and as printed just before if that is when it began.

    An agreement that stands on no page at that time is given as it was last printed.
    """
    # Some 15 KB each: asked for those of one run, not of a year.
    wanted = set(moments)
    versions = _read_versions(db, {reference for reference, _ in wanted})
    chosen = {moment: list(_printed_at(versions.get(moment[0], ()), moment[1])) for moment in sorted(wanted)}
    texts = _read_states(db, {state for states in chosen.values() for state in states})
    return {moment: tuple(texts[state] for state in states) for moment, states in chosen.items()}


def _read_versions(db: Database, references: Iterable[str]) -> dict[str, list[Row]]:
    versions: dict[str, list[Row]] = defaultdict(list)
    rows = db.query(
        """
        select page, reference, state, first_seen, ended
        from agreement_versions
        where reference in (select value from json_each(:references))
        order by reference, page, first_seen, id
        """,
        {"references": json.dumps(sorted(references))},
    )
    for row in rows:
        versions[row["reference"]].append(row)
    return versions


def _printed_at(versions: Iterable[Row], time: str) -> Iterator[int]:
    """Yield the states of one agreement, whose *versions* are in order of page and time, at *time*."""
    by_page: dict[str, list[Row]] = defaultdict(list)
    for version in versions:
        if version["first_seen"] <= time:
            by_page[version["page"]].append(version)
    standing = [own for own in by_page.values() if own[-1]["ended"] is None or own[-1]["ended"] > time]
    last = max((own[-1]["ended"] or "" for own in by_page.values()), default="")
    states: dict[int, None] = {}
    for own in standing or [own for own in by_page.values() if own[-1]["ended"] == last]:
        for version in own[-2:] if own[-1]["first_seen"] == time else own[-1:]:
            states[version["state"]] = None
    yield from states


def _read_states(db: Database, states: Iterable[int]) -> dict[int, str]:
    rows = db.query(
        f"""
        select states.id, states.title, {", ".join(f"states.{name}" for name in PROSE if name not in SECTIONS)},
          {prose_columns()}
        from states
        {PROSE_JOINS}
        where states.id in (select value from json_each(:states))
        """,
        {"states": json.dumps(sorted(states))},
    )
    return {row["id"]: "\n".join(row[name] for name in ("title", *PROSE) if row[name]) for row in rows}


# --- printed terms ----------------------------------------------------------------------------------------------------


PRINTED_TERMS = """
    select agreement_versions.page, pages.organisation, agreement_versions.reference, agreement_versions.first_seen,
      agreement_versions.ended, states.title, states.dsa_end, states.released_to, states.unprinted,
      -- Asked only where it matters: where an end is printed, another night is nothing new.
      states.dsa_end is null and states.unprinted not like '%"dsa_end"%'
        and coalesce(agreement_versions.last_seen, pages.last_seen) > agreement_versions.first_seen as missing_again
    from agreement_versions
    join pages on pages.key = agreement_versions.page
    join states on states.id = agreement_versions.state
    order by agreement_versions.page, agreement_versions.reference, agreement_versions.first_seen,
      agreement_versions.id
    """


def read_terms(db: Database) -> list[PrintedTerm]:
    """Return every agreement on every page there has been, in order of page and reference.

    Where the official register held a version, the end is that of the newest one.
    """
    official = OfficialRegister(db)
    held = official.every() if official.editions else {}
    rows = db.query(PRINTED_TERMS)
    return [
        _term(page, reference, list(versions), held.get(stem_of(reference), ()))
        for (page, reference), versions in groupby(rows, key=lambda row: (row["page"], row["reference"]))
    ]


def _term(page: str, reference: str, versions: list[dict[str, Any]], held: Sequence[Row]) -> PrintedTerm:
    titles = [version["title"] for version in versions if version["title"]]
    return PrintedTerm(
        page=page,
        organisation=versions[-1]["organisation"] or page,
        reference=reference,
        title=titles[-1] if titles else None,
        printings=tuple(_with_official(versions, held) if held else _printings(versions)),
    )


def _with_official(versions: Sequence[Mapping[str, Any]], held: Sequence[Row]) -> Iterator[Printing]:
    """Yield what is known of a term from time to time: the official end while a version was held, else the printed."""
    printed, gone = list(_printings(versions)), {version["ended"] for version in versions}
    times = {one.since for one in printed} | {row["first_seen"] for row in held} | {row["gone"] for row in held}
    for time in sorted(times - {None}):
        page = next((one for one in reversed(printed) if one.since <= time), None)
        if page is None:
            continue
        newest = next((row for row in standing_versions(held, time) if row["dsa_end"]), None)
        if newest is None or (page.end is None and page.since in gone):
            yield page._replace(since=time)
        else:
            yield Printing(time, newest["dsa_end"], official=called_version(newest["version"], newest["since"]))


def _printings(versions: Iterable[Mapping[str, Any]]) -> Iterator[Printing]:
    missing: str | None = None  # since when no end is printed, until that is seen a second time
    for version in versions:
        # A layout that prints no end says nothing about it (rule 5): what was printed before still stands.
        if '"dsa_end"' not in version["unprinted"]:  # names in JSON, which six thousand times is slow to read
            if version["dsa_end"]:
                missing = None
                yield Printing(version["first_seen"], version["dsa_end"], version["released_to"])
            else:
                # What is missing once and comes back was never news (rule 6).
                is_confirmed = missing is not None or version["missing_again"]
                missing = missing or version["first_seen"]
                if is_confirmed:
                    yield Printing(missing, None, version["released_to"])
        if version["ended"]:
            missing = None
            yield Printing(version["ended"], None)


def read_ends(db: Database, first: str, last: str) -> Sequence[dict[str, Any]]:
    """Return the standing agreements whose end lies between two days, by reference and page.

    It is the official end of the newest version that is held, else the printed one.

    Args:
        db: The database.
        first: A day, YYYY-MM-DD; an end that is printed as a month is given if any of its days lies between.
        last: A day.

    Returns:
        reference, title, organisation, page, dsa_end, and datasets: what it lists now, None where none are printed;
        official: of an official end which version says so.
    """
    rows = db.query(
        """
        with standing as (
          select agreements.reference, agreements.page, pages.organisation, states.title, states.datasets,
            (
              -- A page of a layout that prints no end says nothing about it.
              select printed.dsa_end
              from agreement_versions as earlier
              join states as printed on printed.id = earlier.state
              where earlier.page = agreements.page and earlier.reference = agreements.reference
                and not exists (select 1 from json_each(printed.unprinted) where value = 'dsa_end')
              order by earlier.first_seen desc, earlier.id desc
              limit 1
            ) as printed_end,
            official_terms.dsa_end as official_end, official_terms.version, official_terms.since
          from agreements
          join pages on pages.key = agreements.page
          join agreement_versions on agreement_versions.id = agreements.version
          join states on states.id = agreement_versions.state
          left join official_terms on official_terms.reference = agreements.reference
          where agreements.standing
        ), ending as (
          select standing.*, coalesce(official_end, printed_end) as dsa_end from standing
        )
        select reference, title, organisation, page, dsa_end, datasets, version, iif(official_end, since, null) as since
        from ending
        where dsa_end >= substr(:first, 1, length(dsa_end)) and dsa_end <= substr(:last, 1, length(dsa_end))
        order by reference, page
        """,
        {"first": first, "last": last},
    )
    return [
        {
            "reference": row["reference"],
            "title": row["title"],
            "organisation": row["organisation"],
            "page": row["page"],
            "dsa_end": row["dsa_end"],
            "datasets": None if row["datasets"] is None else json.loads(row["datasets"]),
        }
        | ({"official": called_version(row["version"], row["since"])} if row["since"] else {})
        for row in rows
    ]
