"""The parts of a digest as values: what is told, and the lines, agreements and organisations that text and HTML draw.

Both are made from the same parts, so that neither says more than the other.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from diff.change import Change, Severity
from diff.saying.phrase import Phrase
from scraper.text import one_line

MOST_ENDINGS = 100
LONGEST_NAME = 200
LONGEST_ADDRESS = 1_000

REGISTER = "Across the register"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One change that is told, or one group."""

    change: Change
    members: tuple[Change, ...] = ()
    """Of a group the members that touch the reader."""
    organisations: int | None = None
    """At how many organisations all of a group is."""
    datasets: int | None = None
    """Of a new agreement, how many datasets it has."""
    named: tuple[str, ...] = ()
    """Those of them that the reader follows."""
    term: str | None = None
    """Its printed term, "2026-11-02 to 2029-11-01"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A printed end that is coming up."""

    date: str
    days: int
    reference: str
    title: str | None
    organisation: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """An agreement that a line names beside others."""

    reference: str
    organisation: str
    link: str | None
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of news."""

    severity: Severity
    phrase: Phrase
    key: Hashable = None
    """Rows with the same key look the same; without one a row is the reader's own."""
    seen: str | None = None
    """When it was first seen, if the digest tells of several times."""
    about: tuple[About, ...] = ()
    more_about: int = 0
    link: str | None = None
    link_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The rows of one agreement, or of an organisation itself, and what proves them."""

    title: str
    reference: str
    rows: tuple[Row, ...]
    link: str | None
    source: str | None
    sums: tuple[tuple[str | None, str | None], ...]
    """SHA-256 of the kept pages before and after, each pair once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What is told of one organisation."""

    organisation: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The body of a digest."""

    sections: tuple[Section, ...]
    severities: tuple[Severity, ...]
    """Of all that is told, most severe first."""
    counted: tuple[tuple[str, int], ...]
    """Organisations with changes that are only counted, and how many."""
    more_counted: int
    """Changes at organisations beyond those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things are found."""

    base_url: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    """Slug of a page → its address."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Slug of a page → name of its organisation."""

    def agreement(self, reference: str) -> str | None:
        """Return the address of an agreement's history."""
        return self._ours("agreements", reference)

    def organisation(self, slug: str | None) -> str | None:
        """Return the address of an organisation's history."""
        return self._ours("organisations", slug) if slug else None

    def change(self, change_id: str) -> str | None:
        """Return the address of a change."""
        return self._ours("changes", change_id)

    def source(self, slug: str | None) -> str | None:
        """Return the address of a page of the register."""
        return address(self.sources.get(slug or ""))

    def _ours(self, kind: str, name: str) -> str | None:
        base = address(self.base_url)
        return address(f"{base.rstrip('/')}/{kind}/{quote(one_line(name), safe='')}") if base else None


def address(url: str | None) -> str | None:
    """Return *url* if it can stand in a message: a web address without spaces and of bearable length.

    >>> address("https://example.org/a"), address("javascript:alert(1)"), address("https://a.example/ b")
    ('https://example.org/a', None, None)
    """
    if not url or len(url) > LONGEST_ADDRESS or not url.startswith(("http://", "https://")):
        return None
    return url if url == one_line(url) and " " not in url else None
