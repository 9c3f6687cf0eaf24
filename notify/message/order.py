"""What stands where in a digest: organisations and their agreements by severity, and what is told as one line.

Text and HTML are both drawn from these parts, so that neither says more than the other.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import quote

from diff.change import Change, ChangeNote
from diff.kinds import ChangeKind
from diff.saying.phrase import Phrase, Told, phrase
from diff.severity import Severity
from notify.following.matching import PrintedEnd
from notify.message.stories import Room, Story
from scraper.names.fold import fold
from scraper.text import cut, one_line

# Agreements of a reader at which a group stands as a line; on more of them it stands once for all.
MOST_PLACES = 3

MOST_ABOUT = 20  # agreements that one line names
LONGEST_NAME = 200
LONGEST_ADDRESS = 1_000

MOST_REMEMBERED = 10_000
"""Names and addresses that are made once for all readers."""

REGISTER = "Across the register"
ITS_PAGE = "The organisation’s page"

When = Literal["run", "daily", "weekly"]

# Phrases by what they are made of: many readers are told the same, and wording takes most of the time of a digest.
Phrases = dict[Hashable, Phrase]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRead:
    """A run, as far as a reader asks: when it read the register, and how much of it."""

    time: str
    pages_read: int
    pages: int
    edition: str | None = None
    """Month of the official register, if it is an edition of that and read no page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A change that the reader was told, and that the kept pages do not show as they are read now."""

    change: Change
    told_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What an operator remarked on a change that the reader was told."""

    change: Change
    note: ChangeNote
    told_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """What one reader is told in one message, before it is put into words."""

    follows: str
    """What they follow, in words: "NHS Eastmere ICB, its predecessors, and MHSDS"."""
    told: Sequence[Told] = ()
    endings: Sequence[PrintedEnd] = ()
    corrections: Sequence[Correction] = ()
    remarks: Sequence[Remark] = ()
    readings: Sequence[RunRead] = ()
    """The runs that the changes are of."""
    editorial: int = 0
    """How many editorial changes were left out."""
    chain: tuple[int, str] | None = None
    """Number and hash of the head of the chain of runs."""
    when: When = "run"
    stop: str | None = None
    """Address that stops the mails."""
    ways: Sequence[tuple[str, str]] = ()
    """Name and address of the pages on which whoever follows by e-mail manages and stops it."""
    base_url: str | None = None
    """Address of the history pages, if they are anywhere."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Slug of a page → its address."""

    @property
    def is_older(self) -> bool:
        """Whether a change was first seen at none of the runs: what a backfill found has a time of its own."""
        times = {reading.time for reading in self.readings}
        return any(told.change.first_seen not in times for told in self.told)

    @property
    def site(self) -> str | None:
        """Address of the history pages, if they are anywhere and it can stand in a message."""
        base = address(self.base_url)
        return base.rstrip("/") if base else None

    def link(self, kind: str, name: str | None) -> str | None:
        """Return the address of an agreement's, an organisation's or a change's history, if it is anywhere."""
        return _page_at(self.site, kind, name) if self.site and name else None

    def source(self, slug: str | None) -> str | None:
        """Return the address of a page of the register."""
        return address(self.sources.get(slug or ""))


@lru_cache(maxsize=MOST_REMEMBERED)
def _page_at(site: str, kind: str, name: str) -> str | None:
    return address(f"{site}/{kind}/{quote(one_line(name), safe='')}")


@lru_cache(maxsize=MOST_REMEMBERED)
def address(url: str | None) -> str | None:
    """Return *url* if it can stand in a message: a web address without spaces and of bearable length.

    >>> address("https://example.org/a"), address("javascript:alert(1)"), address("https://a.example/ b")
    ('https://example.org/a', None, None)
    """
    # Addresses come out of settings and off pages: a mail program runs what it is given as a link.
    if not url or len(url) > LONGEST_ADDRESS or not url.startswith(("http://", "https://")):
        return None
    return url if url == one_line(url) and " " not in url else None


@lru_cache(maxsize=MOST_REMEMBERED)
def safe(text: str | None) -> str:
    """Return a name as it stands in a message."""
    return cut(one_line(text or ""), LONGEST_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An agreement, an organisation's own page or the whole register, and where more of it is found."""

    organisation: str
    title: str = ""
    reference: str = ""
    link: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsLine:
    """One line of news."""

    severity: Severity
    phrase: Phrase
    key: Hashable = None
    """Lines with the same key look the same; without one a line is the reader's own."""
    seen: str | None = None
    """When it was first seen, if the digest tells of several times."""
    quotes: bool = False
    """Whether it tells words of the page's own that are grave: the subject begins with them."""
    about: tuple[Location, ...] = ()
    more_about: int = 0
    link: str | None = None
    link_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The lines of one place."""

    place: Location
    lines: tuple[NewsLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefLine:
    """A change in one line, for which there is no room in full."""

    severity: Severity
    said: str
    """What, at which agreement, at whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The body of a digest."""

    organisations: tuple[tuple[str, tuple[Block, ...]], ...]
    """What is told of each, the one with the most severe change first; what is across the register is one of them."""
    severities: tuple[Severity, ...]
    """Of all that is told, most severe first."""
    brief: tuple[BriefLine, ...]
    counted: tuple[tuple[str, int], ...]
    """Organisations with changes that are only counted, and how many."""
    sums: tuple[tuple[str, str | None, str | None], ...]
    """Organisation, SHA-256 of its kept pages before and after; each once, and only where no page of ours has them."""

    @property
    def lines(self) -> Iterator[tuple[str, Location, NewsLine]]:
        """Yield every line with the organisation above it and its place."""
        for name, blocks in self.organisations:
            yield from ((name, block.place, line) for block in blocks for line in block.lines)


class _Placed(NamedTuple):
    """A line, and where it stands."""

    place: Location
    line: NewsLine
    kind: ChangeKind
    sums: tuple[str | None, str | None] = (None, None)

    @property
    def rank(self) -> int:
        return self.line.severity.rank


# Kinds stand in the order in which they are declared: what changed about datasets before what about wording.
_ORDER = {kind: number for number, kind in enumerate(ChangeKind)}


def arrange(news: Briefing, stories: Sequence[Story], room: Room, phrases: Phrases) -> Parts:
    """Return the *stories* of *news* as they stand in a digest; *phrases* made before are used, and added to."""
    arranger = _Arranger(news, phrases)
    until = room.changes + room.brief
    placed = [one for story in stories[: room.changes] for one in arranger.place(story)]
    brief = [arranger.briefly(story) for story in stories[room.changes : until]]
    counted = Counter(safe(story[0].change.organisation) or REGISTER for story in stories[until:])
    sums = dict.fromkeys((one.place.organisation, *one.sums) for one in placed if any(one.sums) and not news.site)
    return Parts(
        organisations=tuple(_by_organisation(placed)),
        severities=tuple(story[0].change.severity for story in stories),
        brief=tuple(brief),
        counted=tuple(sorted(counted.items())),
        sums=tuple(sums),
    )


# --- lines and their places -------------------------------------------------------------------------------------------


class _Arranger:
    """Puts stories of one briefing into lines."""

    def __init__(self, news: Briefing, phrases: Phrases) -> None:
        self._news, self._phrases = news, phrases
        # Of several times each line says its own.
        self._is_dated = len({reading.time for reading in news.readings}) != 1 or news.is_older

    def place(self, story: Sequence[Told]) -> Iterator[_Placed]:
        """Yield the lines of *story*, mostly one."""
        told = story[0]
        if len(story) > 1:
            yield self._succession(told, [one.change for one in story])
        elif not told.change.group:
            yield self._at_its_agreement(told.change, self._line(told))
        elif 0 < len(told.members) <= MOST_PLACES:
            yield from self._at_members(told)
        else:
            yield self._across(told.change, self._with_about(self._line(told), told.members))

    def briefly(self, story: Story) -> BriefLine:
        """Return *story* in one line."""
        change, line = story[0].change, self._line(story[0])
        said = (line.phrase.short, safe(change.reference), safe(change.organisation))
        return BriefLine(severity=line.severity, said=", ".join(filter(None, said)))

    def _at_members(self, told: Told) -> Iterator[_Placed]:
        """Yield a group at the agreements it is on, or each change that it is made of at its own."""
        line = self._line(told, as_member=True)
        for member in told.members:
            own = line if told.change.is_same_edit else self._line(replace(told, members=(member,)), as_member=True)
            yield self._at_its_agreement(member, own)

    def _line(self, told: Told, *, as_member: bool = False) -> NewsLine:
        change = told.change
        beside = (told.datasets, told.named, told.term)
        key = (
            change.id,
            change.withdrawn,
            change.details.official,
            as_member,
            told.members[0].id if told.members else None,
            *beside,
        )
        if key not in self._phrases:
            self._phrases[key] = phrase(told, as_member=as_member)
        said = self._phrases[key]
        link_text = _link_text(change, said)
        link = self._news.link("changes", change.id) if link_text else None
        return NewsLine(
            severity=change.severity,
            phrase=said,
            key=(key, self._is_dated, link),
            seen=change.first_seen if self._is_dated else None,
            link=link,
            link_text=link_text,
            quotes=change.kind in (ChangeKind.INCIDENT_NOTED, ChangeKind.FLAG_RAISED),
        )

    def _succession(self, lead: Told, changes: Sequence[Change]) -> _Placed:
        """Return the one line of a succession, with the agreements it was seen on."""
        line, kind = self._line(lead), lead.change.kind
        on = [change for change in changes if change.reference]
        number = len({change.reference for change in on})
        agreements = f"{number} {'agreement' if number == 1 else 'agreements'}"
        said = line.phrase
        if kind is ChangeKind.AGREEMENT_MOVED:
            said = replace(said, head=f"{agreements} moved to another page", short=f"{agreements} moved")
        elif kind is not ChangeKind.ORGANISATION_RENAMED:
            said = replace(said, head=f"{said.head} on {agreements}")
        line = self._with_about(replace(line, phrase=said), on)
        # One successor at several organisations belongs to none of them.
        if len({change.organisation for change in changes}) > 1:
            return self._across(lead.change, line)
        bare = tuple(replace(one, organisation="", source=None) for one in line.about)  # its organisation stands above
        return self._at_its_agreement(replace(lead.change, reference=None), replace(line, about=bare))

    def _at_its_agreement(self, change: Change, line: NewsLine) -> _Placed:
        """Return *line* at the agreement of *change*, or at its organisation where it is about no agreement."""
        if not change.organisation:
            return self._across(change, line)
        place = self._place_of(change)
        if not place.reference:
            place = replace(place, title=ITS_PAGE, link=self._news.link("organisations", change.page))
        return _Placed(place, line, change.kind, (change.snapshot_before, change.snapshot_after))

    def _across(self, change: Change, line: NewsLine) -> _Placed:
        return _Placed(Location(organisation=REGISTER, source=self._news.source(change.page)), line, change.kind)

    def _with_about(self, line: NewsLine, on: Sequence[Change]) -> NewsLine:
        """Return *line* with the agreements that it is about; what names them is the reader's own."""
        each = {(change.organisation, change.reference): change for change in on}.values()
        shown = sorted(each, key=lambda change: (fold(change.organisation or ""), change.reference or ""))
        about = tuple(replace(self._place_of(change), title="") for change in shown[:MOST_ABOUT])
        return replace(line, about=about, more_about=max(0, len(shown) - MOST_ABOUT), key=None)

    def _place_of(self, change: Change) -> Location:
        reference = safe(change.reference)
        return Location(
            organisation=safe(change.organisation),
            title=safe(change.title),
            reference=reference,
            link=self._news.link("agreements", change.reference),
            source=self._news.source(change.page),
        )


def _link_text(change: Change, said: Phrase) -> str:
    """Return what leads to the rest of a change, empty where a line says it all."""
    if change.is_same_edit:
        return f"All {change.agreements:,}"
    if change.group:
        return "All that belongs to it"
    return "The whole redline" if said.form == "prose" else ""


# --- by organisation and agreement ------------------------------------------------------------------------------------


def _by_organisation(placed: Iterable[_Placed]) -> Iterator[tuple[str, tuple[Block, ...]]]:
    by_organisation: dict[str, list[_Placed]] = defaultdict(list)
    for one in placed:
        by_organisation[one.place.organisation].append(one)
    for name, its in sorted(by_organisation.items(), key=lambda one: (_most_severe(one[1]), fold(one[0]))):
        yield name, tuple(_blocks(its))


def _blocks(placed: Iterable[_Placed]) -> Iterator[Block]:
    by_place: dict[tuple[str, str | None], list[_Placed]] = defaultdict(list)
    for one in placed:
        # What names no agreement is about a page of the organisation, which may have several.
        by_place[one.place.reference, None if one.place.reference else one.place.link].append(one)
    for its in sorted(
        by_place.values(), key=lambda its: (_most_severe(its), its[0].place.title, its[0].place.reference)
    ):
        if len(its) > 1:
            its.sort(key=lambda one: (one.rank, _ORDER[one.kind], one.line.phrase.head, str(one.line.key)))
        yield Block(place=its[0].place, lines=tuple(one.line for one in its))


def _most_severe(placed: Iterable[_Placed]) -> int:
    return min(one.rank for one in placed)
