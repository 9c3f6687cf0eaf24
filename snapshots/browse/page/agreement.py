"""An agreement: what its page says and said, its data, its law, what changed, word by word, and the proof of it all.

As of now, or as of a time. An agreement on two pages is shown page by page, each named; one that is gone as it was last
printed. A reference that it had before leads to the one it has now.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from diff.kinds import ChangeKind
from diff.names import slug_name
from diff.saying.bases import family_in_words
from diff.saying.english import clock, day, number, number_of
from scraper.names.legal_families import families_of
from scraper.records import agreement_to_json
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line
from scraper.times import read_time
from snapshots.asking.agreements import shown_as_json
from snapshots.asking.changes import Condition
from snapshots.asking.names import NameNotKnownError
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    MovedError,
    NotThereError,
    PageRequest,
    PageRoute,
    PageRows,
    Reader,
    Row,
    files_beside,
)
from snapshots.browse.beside.official import beside
from snapshots.browse.parts.facts import State, facts_of, prose_of, rewording
from snapshots.browse.parts.kept_text import page_address, proof_of
from snapshots.browse.parts.law import about, heading
from snapshots.browse.parts.plainly import plainly
from snapshots.browse.parts.rows import Timeline, last_told, most_severe, timeline
from snapshots.browse.parts.titles import called
from snapshots.browse.parts.versions import (
    Version,
    last_before,
    line_of,
    read_versions,
    since,
    standing_at,
)
from snapshots.browse.pictures.drawing import Chart
from snapshots.browse.pictures.terms import term_and_window

LONGEST_TITLE = 200
STATES_SHOWN = 6
"""Known states that are links beside the as-of field; all of them can be chosen below the redline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementView:
    """The agreement at the time asked for."""

    request: PageRequest
    references: Sequence[str]
    versions: Sequence[Version]
    at: str
    shown: Sequence[Version]
    """One for each page that shows it; of one that is gone the last there was."""
    version: Version
    """The one that the page is about."""
    line: Sequence[Version]
    """The history that led to it."""

    @property
    def reader(self) -> Reader:
        """The database."""
        return self.request.reader

    @property
    def reference(self) -> str:
        """Its newest reference."""
        return self.request.path["reference"]

    @property
    def is_gone(self) -> bool:
        """Whether it stands on no page."""
        return self.version.ended is not None and self.version.ended <= self.at

    @property
    def as_of(self) -> str:
        """The time asked for, as it was typed; empty for now."""
        return self.request.words.one("as_of")

    def address(self, as_of: str = "", page: str = "") -> str:
        """Return the address of its page, as of a time, as shown on one of the organisations' pages."""
        return addresses.with_query(addresses.agreement(self.reference), [("as_of", as_of), ("page", page)])


# --- the views --------------------------------------------------------------------------------------------------------


def agreement(request: PageRequest) -> Mapping[str, Any]:
    """Return an agreement's page."""
    references, versions = _known(request)
    as_of = request.words.time("as_of", until=True)
    if as_of and as_of < versions[0].first_seen:
        return _not_yet(request, versions)
    seen = _seen(request, references, versions, as_of)
    found = timeline(seen.reader, _changes(seen, "<="))
    states = _states(seen.versions, seen.version.page)
    datasets, bases = _datasets(seen), _bases(seen)
    official = beside(seen.reader, seen.references, seen.version, as_of)
    lead = _lead(seen, datasets, found, official["end"] if official else "")
    return {
        **_about(seen),
        **_links(seen),
        "description": lead,
        "lead": lead,
        "plainly": plainly(
            seen.version.agreement,
            (one_line(seen.version.organisation), addresses.organisation(seen.version.page)),
            [(row["name"], row["address"]) for row in datasets],
            gone=seen.is_gone,
            as_of=as_of or "",
            official=official["term"] if official else "",
        ),
        "states": states,
        "state_links": _state_links(seen, states),
        "read_words": _read_words(seen),
        "facts": facts_of(seen.line),
        "printed": [(one_line(label), one_line(text)) for label, text in seen.version.agreement.printed.items()],
        "prose": prose_of(seen.version.agreement),
        "chart": _chart(seen),
        "official": official,
        "datasets": datasets,
        # No number where the page prints no list: that is not the same as a list of none.
        "datasets_title": "Datasets"
        if seen.version.agreement.datasets is None
        else number_of(len(datasets), "dataset"),
        "bases": bases,
        "families": _families(seen),
        "found": found,
        "baseline": _baseline(seen, found),
        "later": _changed_later(seen) if as_of else 0,
        "redline": rewording(request.words, states, seen.at),
        "proof": _proof(seen, found),
        "cite": _cite(seen),
    }


def _about(seen: AgreementView) -> Mapping[str, Any]:
    """Return which agreement it is, as of when, and on whose pages it stands."""
    title = seen.version.agreement.title
    first_dataset = next(iter(seen.version.agreement.datasets or ()), None)
    return {
        "title": cut(f"{_name(seen.version)}, {seen.reference}", LONGEST_TITLE),
        "heading": cut(one_line(title), 2 * LONGEST_TITLE) if title else called(None, seen.reference, first_dataset),
        "reference": seen.reference,
        "references": [reference for reference in seen.references if reference != seen.reference],
        "version": seen.version,
        "shown": [(version, seen.address(seen.as_of, version.page), version is seen.version) for version in seen.shown],
        "is_gone": seen.is_gone,
        "not_yet": "",
        "as_of": seen.as_of,
        "as_of_shown": seen.as_of or seen.at[:10],
        "page": seen.request.words.one("page"),
    }


def _links(seen: AgreementView) -> Mapping[str, Any]:
    """Return its address, and those of its feeds, its calendar, its data and its organisation's page."""
    site, page = seen.request.site, seen.version.page
    published = addresses.feeds_of_organisation(site.feeds_url, page) if site.feeds_url else None
    return {
        "canonical": seen.address(seen.as_of),
        "feeds": addresses.feeds([("reference", seen.reference)]),
        "of_organisation": addresses.feed_files(published) if published else None,
        "calendar": f"{published}.ics" if published else None,
        "files": addresses.files(addresses.agreement(seen.reference), [("as_of", seen.as_of)]),
        "register_page": page_address(site, page, seen.version.source),
    }


_COLUMNS = ("page", "first_seen", "last_seen", "ended", "snapshot")


def rows_of_agreement(request: PageRequest) -> PageRows:
    """Return every state of an agreement, one to a line; as JSON what `show` prints."""
    references, versions = _known(request)
    as_of = request.words.time("as_of", until=True)
    rows = (
        {
            "page": version.page,
            "first_seen": version.first_seen,
            "last_seen": version.last_seen,
            "ended": version.ended,
            "snapshot": version.body,
            **agreement_to_json(version.agreement),
        }
        for version in versions
        if version.first_seen <= (as_of or request.reader.newest)
    )
    return PageRows(
        name=slug_name(references[0].lower()),
        columns=[*_COLUMNS, *agreement_to_json(versions[0].agreement)],
        rows=rows,
        as_json=lambda: [shown_as_json(request.reader.answers.agreements.show(request.path["reference"], as_of))],
    )


# --- which agreement, which state -------------------------------------------------------------------------------------


def _known(request: PageRequest) -> tuple[list[str], list[Version]]:
    """Return the references and versions of the agreement asked for.

    Raises:
        NotThereError: There is none; with the nearest.
        MovedError: It has another reference now, or is spelled otherwise.
    """
    wanted = request.path["reference"].strip()
    try:
        references = request.reader.answers.names.references(wanted[:100])
    except NameNotKnownError as error:
        near = [(name, addresses.agreement(name)) for name in error.near]
        raise NotThereError(f"No agreement has the reference {cut(one_line(wanted), 60)}.", near) from error
    versions = read_versions(request.reader, references)
    newest = max(versions, key=lambda version: (version.ended is None, version.first_seen)).reference
    if newest != request.path["reference"]:
        query = [(name, request.words.one(name)) for name in ("as_of", "page", "from", "to")]
        raise MovedError(addresses.with_query(addresses.agreement(newest) + request.ending, query))
    return references, versions


def _seen(
    request: PageRequest, references: Sequence[str], versions: Sequence[Version], as_of: str | None
) -> AgreementView:
    at = min(as_of or request.reader.newest, request.reader.newest)
    # One that is gone still has its page: what it said last, and when it was first missing.
    shown = standing_at(versions, at) or last_before(versions, at)
    page = request.words.one("page")
    version = next((version for version in shown if version.page == page), shown[0])
    line = [state for state in line_of(versions, version.page) if state.first_seen <= at]
    return AgreementView(
        request=request, references=references, versions=versions, at=at, shown=shown, version=version, line=line
    )


def _not_yet(request: PageRequest, versions: Sequence[Version]) -> Mapping[str, Any]:
    """Return the page of an agreement as of a time before the first that is known of it."""
    first = versions[0]
    when = request.words.one("as_of")
    words = f"{first.reference} is not known before {day(first.first_seen)}"
    own_address = addresses.agreement(request.path["reference"])
    states = _states(versions, first.page)
    return {
        "title": cut(f"{_name(first)}, {request.path['reference']}", LONGEST_TITLE),
        "heading": f"Not known before {day(first.first_seen)}",
        "description": f"{words}.",
        "lead": f"{words}, when it was first read here. What its page said on {when} is not kept.",
        "plainly": (),
        "canonical": own_address,
        "reference": request.path["reference"],
        "version": first,
        "shown": [(first, "", True)],
        "not_yet": when,
        "as_of": when,
        "as_of_shown": when,
        "page": "",
        "state_links": [
            (state, addresses.with_query(own_address, [("as_of", state.value)]), False) for state in _few(states)
        ],
        "states": states,
        "chart": None,
    }


def _states(versions: Sequence[Version], page: str) -> list[State]:
    """Return the states of the agreement on a page and on those it came from, in order of time."""
    line = {version.first_seen: version for version in line_of(versions, page)}
    # A day says which state is meant, unless two began on it.
    days = [time[:10] for time in line]
    return [
        State(
            time=time,
            value=time if days.count(time[:10]) > 1 else time[:10],
            name=_short(time) + (f", {clock(time)} UTC" if days.count(time[:10]) > 1 else ""),
            version=version,
        )
        for time, version in line.items()
    ]


def _few(states: Sequence[State]) -> Sequence[State]:
    return states if len(states) <= STATES_SHOWN else [states[0], *states[1 - STATES_SHOWN :]]


def _state_links(seen: AgreementView, states: Sequence[State]) -> list[tuple[State, str, bool]]:
    current = max((state for state in states if state.time <= seen.at), key=lambda state: state.time)
    shown = _few(states)
    if current not in shown:
        shown = sorted([*shown, current], key=lambda state: state.time)
    page = seen.request.words.one("page")
    # The newest has no time in its address: that link goes on showing the newest when there are newer ones.
    return [
        (state, seen.address("" if state is states[-1] else state.value, page), state is current) for state in shown
    ]


def _short(time: str) -> str:
    moment = read_time(time)
    return f"{moment.day} {moment:%b} {moment.year}"


# --- in words ---------------------------------------------------------------------------------------------------------


def _name(version: Version) -> str:
    return cut(one_line(version.agreement.title or version.organisation), 120)


def _lead(seen: AgreementView, datasets: Sequence[Row], found: Timeline, official: str) -> str:
    record = seen.version.agreement
    sentences = []
    if seen.is_gone and seen.version.ended:
        sentences.append(
            f"No longer on the register’s pages: last read there on {day(seen.version.last_seen)}, "
            f"first missing on {day(seen.version.ended)}"
        )
    printed = f"printed term to {day(record.dsa_end)}" if record.dsa_end else "no end printed"
    sentences.append(f"{number_of(len(datasets), 'dataset')}, {printed}{official}")
    if last := last_told(found):
        date, rows = last
        if len(rows) == 1:
            sentences.append(f"The last change was first seen on {date}: {most_severe(rows)}")
        else:
            sentences.append(
                f"{number_of(len(rows), 'change')} were first seen on {date}; the most severe: {most_severe(rows)}"
            )
    else:
        sentences.append(f"Nothing that is told has changed since {day(seen.line[0].first_seen)}")
    return ". ".join(sentences) + "."


def _read_words(seen: AgreementView) -> str:
    last = min(seen.version.last_seen, seen.at)
    read = f"Last read {day(last)}, {clock(last)} UTC"
    began = seen.version.first_seen
    if began == seen.line[0].first_seen:
        return f"{read}. The first state known, since {day(began)}."
    same_day = began[:10] == last[:10]
    return f"{read}. Last changed {'the same day' if same_day else day(began)}."


def _families(seen: AgreementView) -> str:
    bases = seen.version.agreement.legal_bases
    if not bases:
        return ""
    families = sorted(families_of(basis.id for basis in bases))
    words = "; ".join(map(family_in_words, families))
    return f"{number(len(families), capital=True)} famil{'y' if len(families) == 1 else 'ies'}: {words}"


def _cite(seen: AgreementView) -> str:
    record, began = seen.version.agreement, seen.version.first_seen
    titled = f"“{one_line(record.title)}”, " if record.title else ""
    # By the time it is cited for: what the page says by the time somebody looks it up may be something else.
    address = seen.address(began[:10], seen.version.page if len(seen.shown) > 1 else "")
    base = (seen.request.site.base_url or "").rstrip("/")
    return (
        f"{one_line(seen.version.organisation)}, {titled}{seen.version.reference}, as first read on {day(began)}, "
        f"{clock(began)} UTC (SHA-256 {seen.version.body[:16]}…). Source: {NHS_DATA_RELEASE.origin}; kept by "
        f"registerwatch{f', {base}{address}' if base else ''}"
    )


# --- data and law -----------------------------------------------------------------------------------------------------


def _datasets(seen: AgreementView) -> list[Row]:
    """Return the datasets of the agreement, since when it lists each, and how many others do."""
    names = seen.version.agreement.datasets or ()
    vocabulary = seen.reader.vocabulary
    known = [sorted(vocabulary.dataset_names(name)) for name in names]
    counts, is_baseline = _counts(seen.reader, known), _is_baseline(seen)
    return [
        {
            "name": one_line(name),
            "address": addresses.dataset(vocabulary.dataset_canonical(name)),
            "agreements": counts[n],
            **_begun(seen, "datasets", known[n], is_baseline),
        }
        for n, name in enumerate(names)
    ]


def _counts(reader: Reader, known: Sequence[Sequence[str]]) -> list[int]:
    """Return in how many agreements each dataset stands now, under any of its names."""
    held = reader.answers.search.held_now("datasets_now", "folded")
    return [len(set[str]().union(*(held.get(folded, ()) for folded in names))) for names in known]


def _bases(seen: AgreementView) -> list[Row]:
    """Return the legal bases of the agreement, those that are new first."""
    is_baseline = _is_baseline(seen)
    bases = [
        {
            "heading": cut(one_line(heading(basis.id, basis.printed)), LONGEST_TITLE),
            "address": addresses.legal_basis(basis.id),
            "about": about(basis.id),
            "printed": one_line(basis.printed),
            **_begun(seen, "legal_bases", [basis.id.removesuffix("?")], is_baseline),
        }
        for basis in seen.version.agreement.legal_bases or ()
    ]
    return sorted(bases, key=lambda basis: not basis["is_new"])


def _begun(seen: AgreementView, field: str, names: Sequence[str], is_baseline: bool) -> Row:
    """Return since when one of these names has stood in a field, and whether it came with the state that is shown."""
    begins = since(seen.line, field, names)
    return {
        "since": begins if is_baseline else replace(begins, or_before=False),
        "is_new": not begins.or_before and begins.time == seen.version.first_seen,
    }


def _is_baseline(seen: AgreementView) -> bool:
    """Say whether the agreement may be older than its first state: not if its arrival was told."""
    first = seen.line[0]
    sql = """
        select 1 from changes
        where kind = 'agreement-added' and reference = :reference and page = :page and first_seen = :time
    """
    values = {"reference": first.reference, "page": first.page, "time": first.first_seen}
    return seen.reader.value(sql, values) is None


def term_and_releases(request: PageRequest) -> Chart | None:
    """Return the drawing of the agreement asked for, with its `page` and `as_of` as in its address."""
    reference = request.words.one("reference").strip()
    if not reference:
        raise NotThereError("Name an agreement.")
    asked = replace(request, path={"reference": reference})
    return _chart(_seen(asked, *_known(asked), request.words.time("as_of", until=True)))


def _chart(seen: AgreementView) -> Chart | None:
    """Return the drawing of term and releases with what is said of it."""
    asked_at = seen.request.words.time("as_of", until=True)
    official = seen.reader.answers.official.of_agreement(seen.references, asked_at)
    chart = term_and_window(seen.line, seen.version, official, min(seen.version.last_seen, seen.at))
    if chart is None:
        return None
    query = [("reference", seen.reference), ("as_of", seen.as_of), ("page", seen.request.words.one("page"))]
    return replace(chart, caption=f"{chart.name} of {seen.reference}", files=addresses.picture("term", query))


# --- what changed -----------------------------------------------------------------------------------------------------


def _changes(seen: AgreementView, when: Literal["<=", ">"]) -> Condition:
    """Return the condition of its changes that were first seen up to the time shown, or after it."""
    return Condition(
        # A group says again what its members say, and they are in the list.
        sql=f"c.reference in (select value from json_each(:references)) and not c.is_group and c.first_seen {when} :at",
        values={"references": json.dumps(list(seen.references)), "at": seen.at},
    )


def _changed_later(seen: AgreementView) -> int:
    later = _changes(seen, ">")
    sql = f"select count(*) from changes as c where {later.sql} and c.substantive"
    return int(seen.reader.value(sql, later.values))


def _baseline(seen: AgreementView, found: Timeline) -> str:
    """Return when the history begins; empty where a change says so itself."""
    first = seen.line[0].first_seen
    told = [row for entry in found.entries if entry.time <= first for row in entry.told]
    return "" if any(row.change.kind in _BEGINS for row in told) else first


_BEGINS = (ChangeKind.AGREEMENT_ADDED, ChangeKind.AGREEMENT_MOVED)


def _proof(seen: AgreementView, found: Timeline) -> Mapping[str, Any]:
    """Return the kept pages behind every change, and behind what is shown."""
    changes = [row.change for entry in found.entries for row in (*entry.told, *entry.editorial)]
    pages = {one.page for one in seen.versions}
    return proof_of(seen.reader, seen.request.site, changes, pages, seen.version.body)


ROUTES = (
    *files_beside("/agreements/{reference}", rows_of_agreement),
    PageRoute("/agreements/{reference}", agreement, "agreement.html"),
)
