"""One feed in three formats: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1, all saying the same.

Where it is not known where a feed lies in the web, it links to nothing; where it is, it links only to what is there.
"""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote
from xml.sax.saxutils import XMLGenerator

from notify.feeds.entry import TAG, Entry
from scraper.register import NHS_DATA_RELEASE

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
    base_url: str | None
    """Address of the folder of all feeds, without a final slash; None where it is not known."""
    site: str
    """Address of the register: what an RSS feed without an address of its own must link to."""

    @property
    def id(self) -> str:
        """The id: the same for ever, wherever the files lie."""
        return f"{TAG}feed/{self.path}"

    @property
    def newest(self) -> str | None:
        """When its newest change was first seen."""
        return self.entries[0].first_seen if self.entries else None

    def address(self, ending: str) -> str | None:
        """Return where the file with *ending* lies in the web, if that is known."""
        return f"{self.base_url}/{self.path}.{ending}" if self.base_url else None

    @property
    def index(self) -> str | None:
        """Where the page that lists all feeds lies in the web, if that is known."""
        return f"{self.base_url}/index.html" if self.base_url else None


def _as_uri(address: str) -> str:
    """Return *address* as XML readers want it: in ASCII, also where somebody set one that is not."""
    return quote(address, safe="/#%[]=:;$&()+,!?*@'~")


# The usual library for feeds is not used: its Atom insists on a link for the feed and for each entry, its RSS writes
# empty ones, and both call an empty feed updated now.
class _Xml(XMLGenerator):
    """An XML document that is being written."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        super().__init__(self._text, "utf-8", short_empty_elements=True)
        self.startDocument()

    def add(self, name: str, text: str = "", attributes: Mapping[str, str] | None = None) -> None:
        """Write an element without others in it."""
        self.startElement(name, attributes or {})  # type: ignore[arg-type]  # any mapping does
        self.characters(text)
        self.endElement(name)

    @contextmanager
    def inside(self, name: str, attributes: Mapping[str, str] | None = None) -> Iterator[None]:
        """Write an element around what is written in the block."""
        self.startElement(name, attributes or {})  # type: ignore[arg-type]
        yield
        self.endElement(name)

    def as_bytes(self) -> bytes:
        """Return the document."""
        return self._text.getvalue().encode()


def atom(feed: Feed) -> bytes:
    """Return *feed* as Atom."""
    xml = _Xml()
    with xml.inside("feed", {"xml:lang": LANGUAGE, "xmlns": "http://www.w3.org/2005/Atom"}):
        xml.add("title", feed.title)
        xml.add("subtitle", feed.description)
        xml.add("id", feed.id)
        xml.add("updated", feed.updated)
        if feed.index and (own := feed.address("atom")):
            xml.add("link", attributes={"href": _as_uri(own), "rel": "self", "type": "application/atom+xml"})
            xml.add("link", attributes={"href": _as_uri(feed.index), "rel": "alternate", "type": "text/html"})
        with xml.inside("author"):
            xml.add("name", AUTHOR)
        xml.add("rights", NHS_DATA_RELEASE.credit)
        for entry in feed.entries:
            with xml.inside("entry"):
                xml.add("title", entry.title)
                xml.add("id", entry.id)
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
        xml.add("title", _rss_title(feed.title))
        xml.add("link", _as_uri(feed.index or feed.site))
        xml.add("description", feed.description)
        if own := feed.address("rss"):
            xml.add("atom:link", attributes={"href": _as_uri(own), "rel": "self"})
        xml.add("language", LANGUAGE)
        xml.add("copyright", NHS_DATA_RELEASE.credit)
        xml.add("lastBuildDate", _rss_date(feed.updated))
        for entry in feed.entries:
            with xml.inside("item"):
                xml.add("title", _rss_title(entry.title))
                xml.add("description", entry.html)
                xml.add("pubDate", _rss_date(entry.first_seen))
                xml.add("guid", entry.id, {"isPermaLink": "false"})
                for tag in entry.tags:
                    xml.add("category", tag)
    return xml.as_bytes()


def _rss_date(time: str) -> str:
    return format_datetime(datetime.fromisoformat(time))


_MAY_BE_A_TAG = re.compile("<(?=[A-Za-z/!?])|&(?=#?\\w+;)")


def _rss_title(title: str) -> str:
    """Return a title that reads the same as text and as HTML: RSS does not say which it is.

    >>> _rss_title("A&E, ages <5, <script>")
    'A&E, ages <5, &lt;script>'
    """
    return _MAY_BE_A_TAG.sub(lambda match: "&lt;" if match[0] == "<" else "&amp;", title)


def json_feed(feed: Feed) -> bytes:
    """Return *feed* as JSON Feed 1.1."""
    links = {"home_page_url": feed.index, "feed_url": feed.address("json")}
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
