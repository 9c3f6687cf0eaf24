"""One feed in three formats: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1, all saying the same.

Where nothing changed the bytes are the same: no clock is asked. There are links only to what is there.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedgenerator import Atom1Feed, Rss201rev2Feed

from diff.saying.phrase import SOURCE
from notify.feeds.entry import TAG, Entry

AUTHOR = "registerwatch"
LANGUAGE = "en-GB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed, in the words of none of the three formats."""

    path: str
    """Where it lies, without the ending; makes its id."""
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

    def address(self, ending: str) -> str | None:
        """Return where the file with *ending* lies in the web, if that is known."""
        return f"{self.base_url}/{self.path}.{ending}" if self.base_url else None

    @property
    def index(self) -> str | None:
        """Where the page that lists all feeds lies in the web, if that is known."""
        return f"{self.base_url}/index.html" if self.base_url else None


class _Dated:
    """A feed of the library that knows when it was updated: an empty one must not say "now"."""

    feed: dict[str, Any]

    def latest_post_date(self) -> datetime:
        """Return when the feed was updated."""
        return datetime.fromisoformat(self.feed["updated"])


class _Atom(_Dated, Atom1Feed):  # type: ignore[misc]  # the library has no types
    """The library's Atom insists on a link for the feed and each entry; the RFC does not."""

    def add_root_elements(self, handler: Any) -> None:
        """Write what stands before the entries."""
        feed = self.feed
        handler.addQuickElement("title", feed["title"])
        handler.addQuickElement("subtitle", feed["subtitle"])
        handler.addQuickElement("id", feed["id"])
        handler.addQuickElement("updated", feed["updated"])
        if feed["feed_url"]:
            handler.addQuickElement("link", None, {"rel": "self", "href": feed["feed_url"], "type": self._type})
            handler.addQuickElement("link", None, {"rel": "alternate", "href": feed["link"], "type": "text/html"})
        handler.startElement("author", {})
        handler.addQuickElement("name", feed["author_name"])
        handler.endElement("author")
        handler.addQuickElement("rights", feed["feed_copyright"])

    _type = "application/atom+xml"

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        """Write one entry."""
        handler.addQuickElement("title", item["title"])
        handler.addQuickElement("id", item["unique_id"])
        handler.addQuickElement("published", item["first_seen"])
        handler.addQuickElement("updated", item["first_seen"])
        for tag in item["categories"]:
            handler.addQuickElement("category", None, {"term": tag})
        handler.addQuickElement("content", item["description"], {"type": "html"})


class _WithoutEmptyLinks:
    """Hands everything on to the library's writer but links that lead nowhere, which its RSS writes for each item."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def addQuickElement(self, name: str, contents: str | None = None, attrs: Any = None) -> None:  # noqa: N802
        """Write an element."""
        if name != "link" or contents:
            self._handler.addQuickElement(name, contents, attrs)


class _Rss(_Dated, Rss201rev2Feed):  # type: ignore[misc]
    """The library's RSS 2.0, but for links that lead nowhere."""

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        """Write one item."""
        super().add_item_elements(_WithoutEmptyLinks(handler), item)


def atom(feed: Feed) -> bytes:
    """Return *feed* as Atom."""
    return _written(_Atom, feed, feed.index, feed.address("atom"), lambda title: title)


def rss(feed: Feed) -> bytes:
    """Return *feed* as RSS 2.0."""
    return _written(_Rss, feed, feed.index or feed.site, feed.address("rss"), _rss_title)


def _written(kind: type, feed: Feed, link: str | None, own: str | None, title: Callable[[str], str]) -> bytes:
    written = kind(
        title=title(feed.title),
        link=link,
        description=feed.description,
        subtitle=feed.description,
        language=LANGUAGE,
        author_name=AUTHOR,
        feed_url=own,
        feed_guid=feed.id,
        feed_copyright=SOURCE,
        updated=feed.updated,
    )
    for entry in feed.entries:
        written.add_item(
            title=title(entry.title),
            link=None,
            description=entry.html,
            unique_id=entry.id,
            unique_id_is_permalink=False,
            pubdate=datetime.fromisoformat(entry.first_seen),
            categories=entry.tags,
            first_seen=entry.first_seen,
        )
    return bytes(written.writeString("utf-8").encode())


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
        "items": [_item(entry) for entry in feed.entries],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _item(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "title": entry.title,
        "content_html": entry.html,
        "date_published": entry.first_seen,
        "tags": list(entry.tags),
    }


FORMATS: dict[str, Callable[[Feed], bytes]] = {"atom": atom, "rss": rss, "json": json_feed}
"""Ending of the file → what writes it."""
