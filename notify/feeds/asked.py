"""A feed of what somebody asks for, drawn when it is asked for: its entries are those of the feeds that are files."""

from urllib.parse import urlencode

from diff.change import FoundChanges
from diff.names import KnownNames
from notify.feeds.files import DATES, NEVER, FeedMaker, FeedSite, FeedSource
from notify.feeds.formats import FORMATS
from scraper.limits import NEWEST
from scraper.text import cut, one_line

LONGEST_TITLE = 300

SERVED = {"json": "feed.json"}
"""Ending of a file → that of its address here, where the plain one has the records themselves."""


def render_asked(asked: FoundChanges, ending: str, site: FeedSite) -> bytes:
    """Return the bytes of a feed in the format of *ending*."""
    source = FeedSource(members=asked.examples, known=KnownNames(since=asked.since or NEVER))
    words = cut(one_line(asked.words), LONGEST_TITLE)
    query = f"?{urlencode(asked.query)}" if asked.query else ""
    base = (site.pages_url or "").rstrip("/")
    editorial = "editorial ones stand among them" if asked.editorial else "editorial ones are left out"
    feed = FeedMaker(source, site).feed(
        changes=[(change, asked.touched.get(change.id, ())) for change in asked.changes],
        path=f"changes{query}" if asked.query else "everything",
        name=words,
        title=f"{one_line(site.register)}: {f'changes {words}' if words else 'all changes'}",
        description=f"{f'Changes {words}' if words else 'What changed anywhere in the register'}. The newest {NEWEST}; "
        f"{editorial}. {DATES}",
        # From the root, where it is not known what stands before it: a reader knows whom it asked.
        addresses={one: f"{base}/changes.{SERVED.get(one, one)}{query}" for one in FORMATS},
        page=f"{base}/{query}" if site.pages_url else None,
    )
    return FORMATS[ending](feed)
