"""What stands where in a digest: organisations and their agreements by severity, and what is told as one line."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from diff.change import Change, ChangeKind, several, single
from diff.saying.phrase import Phrase, phrase
from notify.message.parts import LONGEST_NAME, REGISTER, About, Block, Parts, Places, Row, Section, Told
from scraper.names.fold import fold
from scraper.text import cut, one_line

MOST_CHANGES = 300
"""Changes that a digest tells in full; the others are counted by organisation."""

MOST_PLACES = 3
"""Agreements of a reader at which a group stands as a line; on more of them it stands once for all."""

MOST_ABOUT = 20
"""Agreements that one line names."""

MOST_COUNTED = 50
ITS_PAGE = "The organisation’s page"

Phrases = dict[Hashable, Phrase]
"""Phrases by what they are made of: many readers are told the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A row, with where it stands."""

    row: Row
    kind: ChangeKind
    organisation: str
    title: str
    reference: str
    link: str | None
    source: str | None
    sums: tuple[str | None, str | None]

    def order(self) -> tuple[Hashable, ...]:
        return (self.row.severity.rank, _ORDER[self.kind], self.row.phrase.head, str(self.row.key))


_ORDER = {kind: number for number, kind in enumerate(ChangeKind)}


def arrange(told: Sequence[Told], places: Places, *, dated: bool, phrases: Phrases) -> Parts:
    """Return *told* in the order of a digest.

    Args:
        told: Each change once.
        places: Where things are found.
        dated: Whether each line says when it was first seen.
        phrases: Those made before, which are added to.
    """
    news = sorted((_united(same) for same in _by_story(told)), key=_severest)
    full, rest = news[:MOST_CHANGES], news[MOST_CHANGES:]
    entries = [entry for story in full for entry in _entries(story, places, dated, phrases)]
    counted = _counted(rest)
    return Parts(
        sections=tuple(_sections(entries)),
        severities=tuple(story.lead.change.severity for story in news),
        counted=tuple(counted[:MOST_COUNTED]),
        more_counted=sum(number for _, number in counted[MOST_COUNTED:]),
    )


# --- stories: what is told as one -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """What is told as one line: a change, or one succession seen on several agreements."""

    lead: Told
    others: tuple[Change, ...] = ()


def _by_story(told: Iterable[Told]) -> Iterator[list[Told]]:
    """Yield what belongs together: the agreements that moved with a page, and the page that was renamed."""
    by_key: dict[Hashable, list[Told]] = defaultdict(list)
    for one in told:
        by_key[_story_key(one.change)].append(one)
    yield from by_key.values()


def _story_key(change: Change) -> Hashable:
    kind, before, after = change.kind, several(change.before), several(change.after)
    if not change.group and kind is ChangeKind.AGREEMENT_MOVED and len(before) == len(after) == 1:
        return ("succession", before[0], after[0])
    if kind is ChangeKind.ORGANISATION_RENAMED and before:
        return ("succession", before[-1], after[-1])
    if not change.group and kind is ChangeKind.CONTROLLER_SUCCEEDED:
        names = fold(single(change.before)), fold(single(change.after))
        return (kind, *names, bool(change.removed), bool(change.added))
    return change.id


def _united(same: Sequence[Told]) -> _Story:
    """Return one story: the page leads its agreements, the most severe leads its like."""

    def order(one: Told) -> tuple[bool, int]:
        return one.change.kind is not ChangeKind.ORGANISATION_RENAMED, one.change.severity.rank

    lead, *others = sorted(same, key=order)
    return _Story(lead=lead, others=tuple(one.change for one in others))


def _severest(story: _Story) -> tuple[Hashable, ...]:
    change = story.lead.change
    return (change.severity.rank, fold(change.organisation or ""), change.reference or "", change.id)


def _counted(rest: Iterable[_Story]) -> list[tuple[str, int]]:
    names = sorted(_name(story.lead.change.organisation) or REGISTER for story in rest)
    return [(name, len(list(same))) for name, same in groupby(names)]


# --- entries: a line and its place ------------------------------------------------------------------------------------


def _entries(story: _Story, places: Places, dated: bool, phrases: Phrases) -> Iterator[_Entry]:
    told = story.lead
    if story.others:
        yield _succession(story, places, dated, phrases)
    elif not told.change.group:
        yield _entry(told.change, _row(told, places, dated, phrases), places)
    elif 0 < len(told.members) <= MOST_PLACES:
        row = _row(told, places, dated, phrases, as_member=True)
        yield from (_entry(member, row, places) for member in told.members)
    else:
        row = _row(told, places, dated, phrases)
        yield _across(told.change, _with_about(row, told.members, places), places)


def _row(told: Told, places: Places, dated: bool, phrases: Phrases, as_member: bool = False) -> Row:
    change = told.change
    example = told.members[0].id if told.members else None
    key = (
        change.id,
        change.withdrawn,
        as_member,
        example,
        told.organisations,
        told.datasets,
        told.named,
        told.term,
    )
    if key not in phrases:
        phrases[key] = phrase(
            change,
            told.members,
            as_member=as_member,
            datasets=told.datasets,
            named=told.named,
            term=told.term,
            organisations=told.organisations,
            pages=places.names,
        )
    said = phrases[key]
    link, link_text = _link(change, said, places)
    return Row(
        severity=change.severity,
        phrase=said,
        key=(key, dated, link),
        seen=change.first_seen if dated else None,
        link=link,
        link_text=link_text,
    )


def _link(change: Change, said: Phrase, places: Places) -> tuple[str | None, str]:
    if change.group:
        return places.change(change.id), f"All {change.agreements:,}"
    return (places.change(change.id), "The whole redline") if said.form == "prose" else (None, "")


def _entry(change: Change, row: Row, places: Places) -> _Entry:
    """Return *row* at the agreement of *change*, or at its organisation where it is about no agreement."""
    if not change.organisation:
        return _across(change, row, places)
    reference = _name(change.reference)
    return _Entry(
        row=row,
        kind=change.kind,
        organisation=_name(change.organisation),
        title=_name(change.title) if reference else ITS_PAGE,
        reference=reference,
        link=places.agreement(reference) if reference else places.organisation(change.page),
        source=places.source(change.page),
        sums=(change.snapshot_before, change.snapshot_after),
    )


def _across(change: Change, row: Row, places: Places) -> _Entry:
    return _Entry(
        row=row,
        kind=change.kind,
        organisation=REGISTER,
        title="",
        reference="",
        link=None,
        source=places.source(change.page),
        sums=(None, None),
    )


def _succession(story: _Story, places: Places, dated: bool, phrases: Phrases) -> _Entry:
    """Return the one line of a succession, with the agreements it was seen on."""
    lead = story.lead.change
    changes = [lead, *story.others]
    on = [change for change in changes if change.reference]
    row = _row(story.lead, places, dated, phrases)
    number = len({change.reference for change in on})
    agreements = f"{number} {'agreement' if number == 1 else 'agreements'}"
    renamed = lead.kind is ChangeKind.ORGANISATION_RENAMED
    said = row.phrase if renamed else replace(row.phrase, head=f"{row.phrase.head} on {agreements}")
    if lead.kind is ChangeKind.AGREEMENT_MOVED:
        said = replace(said, head=f"{agreements} moved to another page", short=f"{agreements} moved")
    row = _with_about(replace(row, phrase=said), on, places)
    if len({change.organisation for change in changes}) > 1:
        return _across(lead, row, places)
    bare = tuple(replace(one, organisation="", source=None) for one in row.about)  # its organisation stands above
    return _entry(replace(lead, reference=None), replace(row, about=bare), places)


def _with_about(row: Row, on: Sequence[Change], places: Places) -> Row:
    """Return *row* with the agreements that it is about; what names them is the reader's own."""
    each = {(change.organisation, change.reference): change for change in on}.values()
    shown = sorted(each, key=lambda change: (fold(change.organisation or ""), change.reference or ""))
    about = tuple(
        About(
            reference=_name(change.reference),
            organisation=_name(change.organisation),
            link=places.agreement(change.reference or ""),
            source=places.source(change.page),
        )
        for change in shown[:MOST_ABOUT]
    )
    return replace(row, about=about, more_about=max(0, len(shown) - MOST_ABOUT), key=None)


def _name(text: str | None) -> str:
    return cut(one_line(text or ""), LONGEST_NAME)


# --- sections ---------------------------------------------------------------------------------------------------------


def _sections(entries: Iterable[_Entry]) -> Iterator[Section]:
    """Yield organisations, the one with the most severe change first; what is across the register is one of them."""
    by_organisation: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        by_organisation[entry.organisation].append(entry)
    for name, its in sorted(by_organisation.items(), key=lambda one: (_most_severe(one[1]), fold(one[0]))):
        yield Section(organisation=name, blocks=tuple(_blocks(its)))


def _blocks(entries: Iterable[_Entry]) -> Iterator[Block]:
    by_agreement: dict[tuple[str, str | None], list[_Entry]] = defaultdict(list)
    for entry in entries:
        by_agreement[entry.reference, None if entry.reference else entry.link].append(entry)
    for its in sorted(by_agreement.values(), key=lambda its: (_most_severe(its), its[0].title, its[0].reference)):
        its.sort(key=_Entry.order)
        sums = dict.fromkeys(entry.sums for entry in its)
        yield Block(
            title=its[0].title,
            reference=its[0].reference,
            rows=tuple(entry.row for entry in its),
            link=its[0].link,
            source=its[0].source,
            sums=tuple(pair for pair in sums if any(pair)),
        )


def _most_severe(entries: Iterable[_Entry]) -> int:
    return min(entry.row.severity.rank for entry in entries)
