"""A feed and its entries, in three formats: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1, all saying the same.

An entry says the same wherever it stands, but that a group names the agreements that concern the feed it stands in. Its
HTML has no attributes at all: nothing to style, to load, to follow or to run.

Each entry links to the page of its change, where pages are published, else to the page of the register it is about.
Where it is not known where a feed itself lies in the web, it does not say so.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import quote
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

from diff.change import Change
from diff.details import single
from diff.kinds import INCIDENTS, ChangeKind
from diff.saying.bases import basis_in_words
from diff.saying.english import clock, day
from diff.saying.phrase import moved_values, renamed_values, set_values
from diff.saying.redline import excerpt
from diff.saying.sentence import NAMES
from scraper.records import PROSE
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line

# Begins every id, for ever (RFC 4151): a name and no address, for `.invalid` can never be anybody's.
TAG = "tag:registerwatch.invalid,2026:"

LONGEST_TITLE = 500
LONGEST_VALUE = 300
LONGEST_PROSE = 300
MOST_VALUES = 30
MOST_MEMBERS = 50

_CREDIT = f"<p><small>{escape(NHS_DATA_RELEASE.credit)}</small></p>"
_SIGNS = {"out": "del", "in": "ins"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry, in the words of none of the three formats."""

    id: str
    title: str
    first_seen: str
    html: str
    tags: tuple[str, ...]
    link: str
    """Where a reader sees for themselves."""


def entry_of(
    change: Change,
    members: Sequence[Change] = (),
    here: Sequence[Change] = (),
    link: str = NHS_DATA_RELEASE.index,
) -> Entry:
    """Return the entry of *change*.

    Args:
        change: What is told.
        members: Of a group all its members.
        here: Those of them that concern the feed which the entry stands in; empty in the feed of everything.
        link: Address of the change's page, or of the page of the register that it is about.
    """
    kept = (("before", change.snapshot_before), ("after", change.snapshot_after))
    sums = ", ".join(f"{word} <code>{escape(sha256)}</code>" for word, sha256 in kept if sha256)
    proof = f" SHA-256 of the kept pages: {sums}." if sums else ""
    seen = f"First seen on {day(change.first_seen)}, {clock(change.first_seen)} UTC.{proof}"
    parts = [
        # A feed reader shows what it has once seen, so that an entry which only vanished would stand there for ever.
        "<p>Withdrawn: the kept pages no longer show this change. It stays here because it was told.</p>"
        if change.withdrawn
        else "",
        *(f"<p>Note of {day(note.made_at)}: {escape(one_line(note.text))}</p>" for note in change.notes),
        _what(change),
        _values(change, members),
        _members(here),
        f"<p><small>{seen}</small></p>",
        _CREDIT,
    ]
    return Entry(
        id=f"{TAG}change/{change.id}",
        title=cut(one_line(change.summary), LONGEST_TITLE),
        first_seen=change.first_seen,
        html="".join(parts),
        tags=(change.kind, f"severity-{change.severity}"),
        link=link,
    )


def _safe(text: object) -> str:
    return escape(cut(one_line(str(text)), LONGEST_VALUE))


def _marked(mark: str, text: object) -> str:
    sign = _SIGNS.get(mark)
    return f"<{sign}>{_safe(text)}</{sign}>" if sign else _safe(text)


def _what(change: Change) -> str:
    severity = f"{change.severity.capitalize()} severity."
    if change.is_same_edit:
        places = change.details.organisations
        at = f" at {places} {'organisation' if places == 1 else 'organisations'}" if places else ""
        return f"<p>{severity} The same edit on {change.agreements} agreements{at}.</p>"
    about = [_safe(name) for name in (change.organisation, change.title) if name]
    about += [f"<code>{_safe(change.reference)}</code>"] if change.reference else []
    return f"<p>{severity} {', '.join(about)}</p>"


def _values(change: Change, members: Sequence[Change]) -> str:
    """Return before and after; a group of prose, of renamed or of moved things shows those of its first member."""
    example = members[0] if members else change
    name = escape(NAMES.get(change.field or "", ""))
    if change.field in PROSE and change.kind not in INCIDENTS:
        runs = excerpt(single(example.before), single(example.after), LONGEST_PROSE)
        said = " ".join(_marked(run.mark, run.text) for run in runs)
        whose = " in the first of them" if members else ""
        return f"<p>{name}{whose}:</p><blockquote><p>{said}</p></blockquote>" if runs else ""
    lines = _lines(change, example)
    if not lines:
        return ""
    label = f"<p>{name}:</p>" if name else ""
    # What a page says of others is quoted as such: it is not our accusation.
    is_quoted = change.kind.startswith(("incident-", "flag-"))
    own_words = "<p>These are the register page’s own words.</p>" if is_quoted else ""
    return f"{label}{_list(lines)}{own_words}"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _lines(change: Change, example: Change) -> list[str]:
    """Return what went, what came and what stays, a line for each."""
    if change.kind in (ChangeKind.DATASET_RELABELLED, ChangeKind.CONTROLLER_SUCCEEDED):
        # The old one may stay, the new one may have been there.
        return [" → ".join(_marked(mark, name) for mark, name in renamed_values(example))]
    before, after = change.before, change.after
    if change.kind is ChangeKind.ORGANISATION_RENAMED:
        before, after = (side[0] if isinstance(side, tuple) else side for side in (before, after))
    elif change.kind is ChangeKind.AGREEMENT_MOVED:
        return _listed(moved_values(example))
    elif isinstance(before, tuple) or isinstance(after, tuple) or change.added or change.removed:
        spell = basis_in_words if change.field == "legal_bases" else str
        return _listed([(mark, spell(value)) for mark, value in set_values(change)])
    if before in (None, "") and after in (None, ""):
        return []
    was, now = (("nothing printed" if v in (None, "") else _marked(m, v)) for m, v in (("out", before), ("in", after)))
    return [f"{was} → {now}"]


def _listed(values: Sequence[tuple[str, str]]) -> list[str]:
    return _first([_marked(mark, value) for mark, value in values], MOST_VALUES)


def _members(here: Sequence[Change]) -> str:
    lines = [
        f"<code>{_safe(member.reference)}</code>, {_safe(member.organisation)}"
        if member.reference
        else _safe(member.summary)  # a page's own
        for member in here
    ]
    return f"<p>Among them, for this feed:</p>{_list(_first(lines, MOST_MEMBERS))}" if here else ""


def _first(lines: list[str], most: int) -> list[str]:
    return [*lines[:most], f"and {len(lines) - most} more"] if len(lines) > most else lines


# --- three formats ----------------------------------------------------------------------------------------------------

NAMES_OF_FORMATS = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}
TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}

AUTHOR = "registerwatch"
LANGUAGE = "en-GB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed, in the words of none of the three formats."""

    path: str
    """Where it lies, without the ending; makes its id."""
    name: str
    """Whose it is: what it stands under on the page that lists all feeds."""
    title: str
    description: str
    updated: str
    """When its newest entry was first seen; of an empty one when the history begins."""
    entries: Sequence[Entry]
    addresses: Mapping[str, str]
    """Ending → where it lies in the web; empty where that is not known."""
    page: str | None
    """Where a page that shows the same, or lists all feeds, lies in the web; None where that is not known."""
    site: str
    """Address of the register: what an RSS feed without a page of its own must link to."""

    @property
    def id(self) -> str:
        """The id: the same for ever, wherever the files lie."""
        return f"{TAG}feed/{self.path}"

    @property
    def newest(self) -> str | None:
        """When its newest change was first seen."""
        return self.entries[0].first_seen if self.entries else None


def _as_uri(address: str) -> str:
    """Return *address* as XML readers want it: in ASCII, also where somebody set one that is not."""
    return quote(address, safe="/#%[]=:;$&()+,!?*@'~")


# The usual library for feeds is not used: its Atom insists on a link for the feed and for each entry, its RSS writes
# empty ones, and both call an empty feed updated now. Nor is the usual writer of XML, which takes most of the time.
class _Xml:
    """An XML document that is being written."""

    def __init__(self) -> None:
        self._parts = ['<?xml version="1.0" encoding="utf-8"?>\n']

    def add(self, name: str, text: str = "", attributes: Mapping[str, str] | None = None) -> None:
        """Write an element without others in it."""
        opened = _opened(name, attributes)
        self._parts.append(f"<{opened}>{xml_escape(text)}</{name}>" if text else f"<{opened}/>")

    @contextmanager
    def inside(self, name: str, attributes: Mapping[str, str] | None = None) -> Iterator[None]:
        """Write an element around what is written in the block."""
        self._parts.append(f"<{_opened(name, attributes)}>")
        yield
        self._parts.append(f"</{name}>")

    def as_bytes(self) -> bytes:
        """Return the document."""
        return "".join(self._parts).encode()


def _opened(name: str, attributes: Mapping[str, str] | None) -> str:
    return name + "".join(f" {key}={quoteattr(value)}" for key, value in (attributes or {}).items())


def atom(feed: Feed) -> bytes:
    """Return *feed* as Atom."""
    xml = _Xml()
    with xml.inside("feed", {"xml:lang": LANGUAGE, "xmlns": "http://www.w3.org/2005/Atom"}):
        xml.add("title", feed.title)
        xml.add("subtitle", feed.description)
        xml.add("id", feed.id)
        xml.add("updated", feed.updated)
        if own := feed.addresses.get("atom"):
            xml.add("link", attributes={"href": _as_uri(own), "rel": "self", "type": TYPES["atom"]})
        if feed.page:
            xml.add("link", attributes={"href": _as_uri(feed.page), "rel": "alternate", "type": "text/html"})
        with xml.inside("author"):
            xml.add("name", AUTHOR)
        xml.add("rights", NHS_DATA_RELEASE.credit)
        for entry in feed.entries:
            with xml.inside("entry"):
                xml.add("title", entry.title)
                xml.add("id", entry.id)
                xml.add("link", attributes={"href": _as_uri(entry.link), "rel": "alternate", "type": "text/html"})
                xml.add("published", entry.first_seen)
                xml.add("updated", entry.first_seen)
                for tag in entry.tags:
                    xml.add("category", attributes={"term": tag})
                xml.add("content", entry.html, {"type": "html"})
    return xml.as_bytes()


def rss(feed: Feed) -> bytes:
    """Return *feed* as RSS 2.0."""
    xml = _Xml()
    root = {"version": "2.0", "xmlns:atom": "http://www.w3.org/2005/Atom"}
    with xml.inside("rss", root), xml.inside("channel"):
        xml.add("title", _for_rss(feed.title))
        xml.add("link", _as_uri(feed.page or feed.site))
        xml.add("description", _for_rss(feed.description))
        if own := feed.addresses.get("rss"):
            xml.add("atom:link", attributes={"href": _as_uri(own), "rel": "self"})
        xml.add("language", LANGUAGE)
        xml.add("copyright", NHS_DATA_RELEASE.credit)
        xml.add("lastBuildDate", _rss_date(feed.updated))
        for entry in feed.entries:
            with xml.inside("item"):
                xml.add("title", _for_rss(entry.title))
                xml.add("link", _as_uri(entry.link))
                xml.add("description", entry.html)
                xml.add("pubDate", _rss_date(entry.first_seen))
                xml.add("guid", entry.id, {"isPermaLink": "false"})
                for tag in entry.tags:
                    xml.add("category", tag)
    return xml.as_bytes()


def _rss_date(time: str) -> str:
    return format_datetime(datetime.fromisoformat(time))


_MAY_BE_A_TAG = re.compile("<(?=[A-Za-z/!?])|&(?=#?\\w+;)")


def _for_rss(text: str) -> str:
    """Return a text that reads the same as text and as HTML: RSS does not say which it is.

    >>> _for_rss("A&E, ages <5, <script>")
    'A&E, ages <5, &lt;script>'
    """
    return _MAY_BE_A_TAG.sub(lambda match: "&lt;" if match[0] == "<" else "&amp;", text)


def json_feed(feed: Feed) -> bytes:
    """Return *feed* as JSON Feed 1.1."""
    links = {"home_page_url": feed.page, "feed_url": feed.addresses.get("json")}
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        **{name: link for name, link in links.items() if link},
        "description": feed.description,
        "language": LANGUAGE,
        "authors": [{"name": AUTHOR}],
        "items": [
            {
                "id": entry.id,
                "url": _as_uri(entry.link),
                "title": entry.title,
                "content_html": entry.html,
                "date_published": entry.first_seen,
                "tags": list(entry.tags),
            }
            for entry in feed.entries
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


FORMATS: dict[str, Callable[[Feed], bytes]] = {"atom": atom, "rss": rss, "json": json_feed}
"""Ending of the file → what writes it."""
