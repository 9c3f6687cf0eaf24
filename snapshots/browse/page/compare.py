"""Compare: what differs between the pages as they stood on two dates, and the changes that were told in between.

What went and came back is noted, for it is in the list of changes and not in the difference.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any, Literal

from diff.change import Change
from diff.kinds import ChangeKind
from diff.saying.english import day, listed, number
from scraper.names.fold import fold
from scraper.names.vocabulary import Vocabulary
from scraper.records import Agreement
from scraper.text import cut, one_line
from scraper.times import as_text, read_time
from snapshots.asking.changes import Condition
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    BadAddressError,
    PageRequest,
    PageRoute,
    PageRows,
    Reader,
    Row,
    files_beside,
    piece_of,
)
from snapshots.browse.parts.differing import FieldDifference, Value, came_back, differences_of, of_set, of_whole
from snapshots.browse.parts.filters import dataset_called, pages_called
from snapshots.browse.parts.rows import ChangeRow, OfOrganisation, by_organisation, change_rows
from snapshots.browse.parts.titles import called
from snapshots.keeping.states import States

ON_A_PAGE = 50
# Each is looked up and compared on its own; a request with all 2,000 would hold its thread to the time limit.
MOST_ORGANISATIONS = 30
LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementSide:
    """An agreement at one of the dates: where it stood and what was printed there."""

    pages: tuple[str, ...] = ()
    state: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPair:
    """An agreement at both dates, under the organisation where it is listed here."""

    home: str
    reference: str
    before: AgreementSide
    after: AgreementSide
    was_told: bool
    """Whether changes of it were told in between."""

    @property
    def differs(self) -> bool:
        """Whether there is anything to say: it stands elsewhere, is printed otherwise, or changed and changed back."""
        return self.was_told or self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is said of one agreement."""

    reference: str
    title: str | None
    """As printed."""
    called: str
    """What it is called where it is a link."""
    differences: Sequence[FieldDifference]
    notes: Sequence[str]
    """What changed in between and is as it was."""
    changes: Sequence[Change]
    """Those first seen in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOrganisation:
    """One organisation with its agreements that differ."""

    slug: str
    name: str
    agreements_before: int
    agreements_after: int
    compared: Sequence[Compared]
    unchanged: int
    of_page: Sequence[Change]
    """Changes of the page itself."""

    @property
    def changes(self) -> list[Change]:
        """All changes first seen in between."""
        return [*self.of_page, *(change for one in self.compared for change in one.changes)]

    @property
    def severest(self) -> str:
        """The severity of the gravest change that was told; empty without one."""
        told = [change.severity for change in self.changes if change.substantive]
        return min(told, key=lambda one: one.rank, default="")

    @property
    def editorial(self) -> int:
        """How many of the changes were told to nobody."""
        return sum(not change.substantive for change in self.changes)

    def count(self, key: Literal["added", "removed"]) -> int:
        """Return how many datasets came ("added") or went ("removed"); a name that was told as a new one did neither.

        Names alone are no data: what is probably another name of the same data is counted by `relabelled`.
        """
        names = {change.after if key == "added" else change.before for change in self._relabellings}
        return len([name for d in self._of_datasets for name in getattr(d, key) if name not in names])

    @property
    def relabelled(self) -> int:
        """How many of the datasets that are printed now stand there as probably the new name of another."""
        return sum(len(d.added) for d in self._of_datasets) - self.count("added")

    @property
    def _relabellings(self) -> Iterator[Change]:
        return (change for change in self.changes if change.kind is ChangeKind.DATASET_RELABELLED)

    @property
    def _of_datasets(self) -> Iterator[FieldDifference]:
        return (d for one in self.compared for d in one.differences if d.field == "datasets")

    @property
    def others(self) -> int:
        """How many other fields differ."""
        return sum(d.field not in ("datasets", "agreement") for one in self.compared for d in one.differences)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareQuestion:
    """What is to be compared."""

    since: str
    until: str
    since_typed: str
    until_typed: str
    organisations: tuple[str, ...]
    dataset: str
    slugs: tuple[str, ...]
    folded: tuple[str, ...]
    said: str
    """Why there is no answer, if there is none."""

    def query(self, **other: str) -> list[tuple[str, str]]:
        """Return the question as it stands in an address."""
        named = [("organisation", name) for name in self.organisations]
        return [
            ("from", self.since_typed),
            ("to", self.until_typed),
            *named,
            ("dataset", self.dataset),
            *other.items(),
        ]

    @property
    def followed(self) -> list[tuple[str, str]]:
        """What of it can be followed: whom and what it names, whenever it changes."""
        return [*(("organisation", name) for name in self.organisations), ("dataset", self.dataset)]

    @property
    def asks(self) -> bool:
        """Whether it names anything to compare."""
        return bool(self.organisations or self.dataset)


def compare(request: PageRequest) -> Mapping[str, Any]:
    """Return what differs between two dates, for the organisations or the dataset asked for."""
    reader, question = request.reader, _question(request)
    pairs = _pairs(reader, question) if question.asks and not question.said else []
    differing = [pair for pair in pairs if pair.differs]
    piece = piece_of(
        differing,
        request.words,
        ON_A_PAGE,
        lambda start: addresses.with_query("/compare", question.query(start=start)),
    )
    start, older = piece["start"], piece["older"]
    found = _organisations(reader, question, pairs, piece["shown"]) if pairs or question.slugs else []
    # That nothing differs at an organisation is said once, on the first piece.
    found = [one for one in found if one.compared or one.of_page or not start]
    changes = change_rows(reader, [change for one in found for change in one.changes])
    between = f"between {_dates(question)}" if question.since_typed else "between two dates"
    return {
        "title": f"Compare {_dates(question)}" if question.asks else "Compare two dates",
        "heading": "Compare two dates",
        "description": f"What differs in the {request.site.register} {between}{_at(question)}.",
        "lead": question.said or _lead(question, reader.organisations),
        "question": question,
        "inputs": [*question.organisations, "", ""],
        "found": found,
        "in_between": _in_between(found, changes),
        "differences": sum(len(one.differences) for of in found for one in of.compared),
        "agreements": len(differing),
        "is_whole": not start and older is None,
        "start": start,
        "newer": piece["newer"],
        "older": older and {**older, "words": "Next"},
        "feeds": addresses.feeds(question.followed) if question.asks and not question.said else None,
        "files": addresses.files("/compare", question.query()),
        "canonical": addresses.with_query("/compare", question.query() if question.asks else []),
    }


def _in_between(found: Sequence[AtOrganisation], changes: Sequence[ChangeRow]) -> dict[str, list[OfOrganisation]]:
    rows = {row.id: row for row in changes}
    return {of.slug: by_organisation(rows[change.id] for change in of.changes) for of in found}


def _question(request: PageRequest) -> CompareQuestion:
    reader, words = request.reader, request.words
    first = reader.value("select min(captured_at) as at from page_runs as runs where state = 'committed'") or ""
    newest = reader.newest
    given = (words.time("from", until=True), words.time("to", until=True))
    year_before = as_text(read_time(newest[:10]) - timedelta(days=365))[:10] if newest else ""
    since_typed = words.one("from").strip() or max(year_before, first[:10])
    until_typed = words.one("to").strip() or newest[:10]
    # A date alone means its end: a run of that day counts as seen by then.
    since = given[0] or f"{since_typed}T23:59:59Z"
    until = given[1] or f"{until_typed}T23:59:59Z"
    names = tuple(name.strip() for name in words.all("organisation") if name.strip())
    dataset = words.one("dataset").strip()
    said = _why_not(names, dataset, since, until, first)
    slugs: dict[str, None] = {}
    for name in names[:MOST_ORGANISATIONS]:
        own, unknown = pages_called(reader, name)
        slugs |= dict.fromkeys(own or ())
        said = said or unknown
    folded, unknown = dataset_called(reader, dataset)
    return CompareQuestion(
        since=since,
        until=until,
        since_typed=since_typed,
        until_typed=until_typed,
        organisations=names,
        dataset=dataset,
        slugs=tuple(slugs),
        folded=tuple(folded),
        said=said or unknown,
    )


def _why_not(names: Sequence[str], dataset: str, since: str, until: str, first: str) -> str:
    if not first:
        return "Nothing has been read yet."
    if not names and not dataset:
        return ""
    if len(names) > MOST_ORGANISATIONS:
        raise BadAddressError(f"At most {MOST_ORGANISATIONS} organisations can be compared at once.")
    if since > until:
        raise BadAddressError("The first date lies after the second.")
    return f"The pages are not known before {day(first)}." if since < first else ""


# --- the two dates ----------------------------------------------------------------------------------------------------

_STANDING = """
    select v.page, v.reference, v.state
    from agreement_versions as v
    where v.first_seen <= :at and (v.ended is null or v.ended > :at)
      and not exists (
        select 1
        from agreement_versions as later
        where later.reference = v.reference and later.page = v.page and later.first_seen <= :at
          and (later.first_seen > v.first_seen or (later.first_seen = v.first_seen and later.id > v.id))
      )
    """


def _standing(reader: Reader, at: str, condition: str, values: Sequence[str]) -> list[Row]:
    """Return which state stood where at a time."""
    return reader.rows(
        f"{_STANDING} and v.{condition} in (select value from json_each(:values)) order by v.reference, v.page",
        {"at": at, "values": json.dumps(list(values))},
    )


def _pairs(reader: Reader, question: CompareQuestion) -> list[ComparedPair]:
    """Return the agreements that are compared, by name of the organisation and reference."""
    told = _told(reader, question)
    references = _references(reader, question, told)
    sides = [_sides(_standing(reader, at, "reference", references)) for at in (question.since, question.until)]
    names = reader.organisations
    pairs = []
    for reference in references:
        before, after = (side.get(reference, {}) for side in sides)
        # Where it stands now comes first: what moved is shown at the organisation that has it.
        pages = (*after, *before, *told.get(reference, ()))
        home = next((page for page in pages if not question.slugs or page in question.slugs), None)
        if home is not None:
            pairs.append(
                ComparedPair(
                    home=home,
                    reference=reference,
                    before=_side(before, home),
                    after=_side(after, home),
                    was_told=reference in told,
                )
            )
    return sorted(pairs, key=lambda pair: (fold(names.get(pair.home, pair.home)), pair.home, pair.reference))


def _told(reader: Reader, question: CompareQuestion) -> dict[str, list[str]]:
    """Return the agreements of which changes were told in between, and on which pages."""
    rows = reader.rows(
        """
        select distinct reference, page
        from changes
        where first_seen > :since and first_seen <= :until and substantive and not is_group and not withdrawn
          and reference is not null and page is not null
        order by reference, page
        """,
        {"since": question.since, "until": question.until},
    )
    return {
        reference: [row["page"] for row in own] for reference, own in groupby(rows, key=lambda row: row["reference"])
    }


def _references(reader: Reader, question: CompareQuestion, told: Mapping[str, Sequence[str]]) -> list[str]:
    slugs = set(question.slugs)
    found = {reference for reference, pages in told.items() if slugs & set(pages)}
    if question.slugs:
        at = (question.since, question.until)
        found |= {row["reference"] for one in at for row in _standing(reader, one, "page", question.slugs)}
    if question.folded:
        rows = reader.rows(
            """
            select distinct reference
            from agreement_datasets
            where folded in (select value from json_each(:folded))
              and first_seen <= :until and (last_seen is null or last_seen >= :since)
            """,
            {"folded": json.dumps(question.folded), "since": question.since, "until": question.until},
        )
        holding = {row["reference"] for row in rows}
        # Beside the organisations asked for the dataset narrows; alone it names the agreements.
        found = found & holding if question.slugs else holding
    return sorted(found)


def _sides(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """Return reference → page → state."""
    return {
        reference: {row["page"]: row["state"] for row in own}
        for reference, own in groupby(rows, key=lambda row: row["reference"])
    }


def _side(places: Mapping[str, int], home: str) -> AgreementSide:
    if not places:
        return AgreementSide()
    return AgreementSide(pages=tuple(sorted(places)), state=places.get(home, next(iter(places.values()))))


# --- what differs -----------------------------------------------------------------------------------------------------


def _organisations(
    reader: Reader, question: CompareQuestion, pairs: Sequence[ComparedPair], shown: Sequence[ComparedPair]
) -> list[AtOrganisation]:
    """Return organisation by organisation what differs on the agreements that are shown."""
    loaded = States(reader.db).load(
        side.state for pair in shown for side in (pair.before, pair.after) if side.state is not None
    )
    changes = _changes(reader, question, shown)
    names = reader.organisations
    homes: dict[str, list[ComparedPair]] = {}
    for pair in pairs:
        homes.setdefault(pair.home, []).append(pair)
    # Those asked for of which nothing differs are named too: that nothing differs is the answer.
    homes |= {slug: [] for slug in question.slugs if slug not in homes}
    are_shown = {pair.reference for pair in shown}
    found = []
    for slug, own in homes.items():
        compared = [
            _compared(pair, loaded, changes.get(pair.reference, []), names, reader.vocabulary)
            for pair in own
            if pair.reference in are_shown
        ]
        compared = [one for one in compared if one.differences or one.notes or one.changes]
        of_page = changes.get(f"/{slug}", [])
        if not own and not of_page:
            continue
        found.append(
            AtOrganisation(
                slug=slug,
                name=cut(one_line(names.get(slug, slug)), LONGEST),
                agreements_before=sum(slug in pair.before.pages for pair in own),
                agreements_after=sum(slug in pair.after.pages for pair in own),
                compared=compared,
                unchanged=sum(not pair.differs for pair in own),
                of_page=of_page,
            )
        )
    return found


def _changes(reader: Reader, question: CompareQuestion, shown: Sequence[ComparedPair]) -> dict[str, list[Change]]:
    """Return the changes first seen in between, by reference; those of pages themselves under a slash and the slug."""
    condition = Condition(
        sql="""c.first_seen > :since and c.first_seen <= :until and not c.is_group and not c.withdrawn
          and (c.reference in (select value from json_each(:references))
            or (c.reference is null and c.page in (select value from json_each(:slugs))))""",
        values={
            "since": question.since,
            "until": question.until,
            "references": json.dumps([pair.reference for pair in shown]),
            "slugs": json.dumps(question.slugs),
        },
    )
    found: dict[str, list[Change]] = {}
    for change in reader.answers.changes.find_where(condition):
        found.setdefault(change.reference or f"/{change.page}", []).append(change)
    return found


def _compared(
    pair: ComparedPair,
    loaded: Mapping[int, Agreement],
    changes: Sequence[Change],
    names: Mapping[str, str],
    vocabulary: Vocabulary,
) -> Compared:
    before, after = (loaded[side.state] if side.state is not None else None for side in (pair.before, pair.after))
    latest = after or before
    differences = _differences(pair, before, after, names, vocabulary)
    return Compared(
        reference=pair.reference,
        title=latest.title if latest else None,
        called=called(
            latest.title if latest else None, pair.reference, next(iter((latest and latest.datasets) or ()), None)
        ),
        differences=differences,
        notes=list(came_back(changes, differences, before, after, vocabulary)),
        changes=changes,
    )


def _differences(
    pair: ComparedPair,
    before: Agreement | None,
    after: Agreement | None,
    names: Mapping[str, str],
    vocabulary: Vocabulary,
) -> list[FieldDifference]:
    if before is None or after is None:
        return [of_whole(before, after)]
    sides = [{page: names.get(page, page) for page in side.pages} for side in (pair.before, pair.after)]
    moved = [of_set("page", *sides)] if pair.before.pages != pair.after.pages else []
    return [*moved, *differences_of(before, after, vocabulary)]


# --- words ------------------------------------------------------------------------------------------------------------


def _dates(question: CompareQuestion) -> str:
    return f"{day(question.since)} and {day(question.until)}"


def _at(question: CompareQuestion) -> str:
    parts = [f"at {listed(question.organisations[:5])}"] if question.organisations else []
    parts += [f"for the dataset “{question.dataset}”"] if question.dataset else []
    return f", {' and '.join(parts)}" if parts else ""


def _lead(question: CompareQuestion, names: Mapping[str, str]) -> str:
    if not question.asks:
        return (
            "What differs between the register’s pages as they stood on two dates. Name an organisation or a dataset."
        )
    where = []
    if question.organisations:
        n = len(question.organisations)
        one = names.get(question.slugs[0], "") if len(question.slugs) == 1 else question.organisations[0]
        where = [f"at {cut(one_line(one), LONGEST) if n == 1 else number(n) + ' organisations'}"]
    if question.dataset:
        where.append(f"on agreements that list “{question.dataset}”")
    return f"What differs between the register’s pages as they stood on {_dates(question)}, {', '.join(where)}."


# --- files ------------------------------------------------------------------------------------------------------------

COLUMNS = (
    "row", "organisation", "page", "reference", "title", "field", "before", "after", "added", "removed", "kind",
    "severity", "substantive", "first_seen", "summary", "id",
)  # fmt: skip
"""Of the CSV: a row is a difference between the two dates, a note, or a change first seen in between."""


def differing(request: PageRequest) -> PageRows:
    """Return the comparison; as JSON by organisation and agreement, each with what differs and what changed."""
    question = _question(request)
    if question.said or not question.asks:
        raise BadAddressError(question.said or "Name an organisation or a dataset to compare.")
    pairs = _pairs(request.reader, question)
    found = _organisations(request.reader, question, pairs, [pair for pair in pairs if pair.differs])
    return PageRows(
        name="compare",
        columns=COLUMNS,
        rows=(row for organisation in found for row in _lines(organisation)),
        as_json=lambda: list(map(_as_json, found)),
    )


def _plain(values: Sequence[Value]) -> list[str]:
    return [text for _, text in values]


def _as_json(of: AtOrganisation) -> Row:
    return {
        "organisation": of.name,
        "page": of.slug,
        "agreements_before": of.agreements_before,
        "agreements_after": of.agreements_after,
        "unchanged": of.unchanged,
        "agreements": [
            {
                "reference": one.reference,
                "title": one.title,
                "differences": [_difference(d) for d in one.differences],
                "notes": list(one.notes),
                "changes": [change.to_json() for change in one.changes],
            }
            for one in of.compared
        ],
        "changes_of_the_page": [change.to_json() for change in of.of_page],
    }


def _difference(one: FieldDifference) -> Row:
    return {
        "field": one.field,
        "before": _plain(one.before),
        "after": _plain(one.after),
        "added": list(one.added),
        "removed": list(one.removed),
    }


def _lines(of: AtOrganisation) -> Iterator[Row]:
    place = {"organisation": of.name, "page": of.slug}
    for one in of.compared:
        own = {**place, "reference": one.reference, "title": one.title}
        yield from ({"row": "difference", **own, **_difference(d)} for d in one.differences)
        yield from ({"row": "note", **own, "summary": note} for note in one.notes)
        yield from ({**change.to_json(), "row": "change", **own} for change in one.changes)
    yield from ({**change.to_json(), "row": "change", **place} for change in of.of_page)


ROUTES = (
    PageRoute("/compare", compare, "compare.html", navigation="Compare"),
    *files_beside("/compare", differing),
)
