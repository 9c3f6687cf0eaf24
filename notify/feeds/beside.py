"""A feed of differences between the pages and the official register: an entry for each that is one now."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from diff.beside import Discrepancy
from diff.change import digest
from diff.saying.english import day, month
from notify.feeds.files import NEVER, FeedSite
from notify.feeds.formats import FORMATS, LONGEST_TITLE, TAG, Entry, Feed
from scraper.limits import NEWEST
from scraper.names.fold import fold
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line


class ToldDifference(NamedTuple):
    """A difference as a feed tells it."""

    reference: str
    organisation: str
    difference: Discrepancy
    edition: str
    since: str
    words: str
    """In one plain sentence."""
    link: str


def render_differences(
    told: Sequence[ToldDifference], ending: str, site: FeedSite, query: str, addresses: Mapping[str, str]
) -> bytes:
    """Return the bytes of a feed in the format of *ending*.

    Args:
        told: What it tells, the newest first.
        ending: That of the format.
        site: Who serves it.
        query: What was asked for, with its question mark; makes the feed's id.
        addresses: Ending → where the feed lies.
    """
    entries = [_entry(one) for one in told[:NEWEST]]
    feed = Feed(
        path=f"differences{query}",
        name="differences",
        title=f"{one_line(site.register)}: differences from the official register",
        description=f"Where the pages and the official register disagree now. The newest {NEWEST}. A date is when both "
        "were first seen to say what they say.",
        updated=entries[0].first_seen if entries else NEVER,
        entries=entries,
        addresses=addresses,
        page=f"{site.pages_url.rstrip('/')}/differences{query}" if site.pages_url else None,
        site=site.index,
    )
    return FORMATS[ending](feed)


def _entry(one: ToldDifference) -> Entry:
    said = one.difference
    sides = (
        f"<li>Printed on the page: {escape(one_line(said.page)) if said.page else 'not there'}</li>"
        f"<li>Official register of {month(one.edition)}"
        f"{f', version {escape(said.version)}' if said.version else ''}: "
        f"{escape(one_line(said.official)) if said.official else 'not there'}</li>"
    )
    credited = f"{NHS_DATA_RELEASE.credit} Official register: {NHS_DATA_RELEASE.publisher}."
    return Entry(
        id=f"{TAG}difference/{digest([fold(one.reference), *said.fact])}",
        title=cut(one_line(one.words), LONGEST_TITLE),
        first_seen=one.since,
        html=f"<p>{escape(one_line(one.organisation))}, <code>{escape(one.reference)}</code></p><ul>{sides}</ul>"
        f"<p><small>Since {day(one.since)}.</small></p><p><small>{escape(credited)}</small></p>",
        tags=("difference", said.field),
        link=one.link,
    )
