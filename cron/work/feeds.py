"""Feeds and calendars: written where they differ from what the history makes, and drawn for whoever asks for some.

Both are made of the same history in the same words, so that an entry is the same wherever a reader meets it.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from cron.work.context import Context
from cron.work.crawl import addresses_of
from diff.change import FoundChanges
from notify.calendar import render_calendars
from notify.feeds.asked import SERVED, render_asked
from notify.feeds.beside import ToldDifference, render_differences
from notify.feeds.files import FeedFolder, FeedSite, FeedSource
from notify.feeds.formats import FORMATS
from notify.feeds.index import INDEX, is_sealed, listed, sealed
from scraper.errors import RegisterWatchError, system_words
from scraper.files import Folder, WrittenFile, only_writer
from snapshots.asking.agreements import read_terms
from snapshots.asking.changes import ChangeFilter
from snapshots.asking.checksum import checksum_of_told
from snapshots.asking.names import read_known
from snapshots.keeping.bodies import Bodies
from snapshots.keeping.chain import head
from snapshots.keeping.database import DatabaseError, noting
from snapshots.keeping.readings import rules_of
from snapshots.keeping.runlog import RunLog

if TYPE_CHECKING:  # what serves pages is not loaded by a run
    from snapshots.asking.differences import Disagreement
    from snapshots.browse.app.request import PageRequest

_log = logging.getLogger(__name__)


class FeedsError(RegisterWatchError):
    """Feeds that could not be written."""


def write_feeds(context: Context, directory: Path) -> list[WrittenFile]:
    """Write the feeds and calendars that differ into *directory*, made if it is not there.

    Raises:
        FeedsError: It cannot be written there; files that were written before that are whole. If it is the directory of
            the settings, `status` knows of it until they are written.
        NotNotedError: They are written, and `status` could not be told.
    """
    try:
        written = _write(context, directory)
    except FeedsError as error:
        if directory == context.settings.feeds.directory:
            _note_failure(context, error)
        raise
    if directory == context.settings.feeds.directory:
        with noting("the feeds are written", "the next run notes it"):
            context.store().log.forget_feeds_failed()
    return written


def _note_failure(context: Context, error: FeedsError) -> None:
    try:
        context.store().log.note_feeds_failed(context.clock(), str(error))
    except DatabaseError as failure:
        _log.warning("that the feeds could not be written is not noted: %s", failure)


def _write(context: Context, directory: Path) -> list[WrittenFile]:
    # Of no history no folder is made.
    db = context.store().db
    try:
        with only_writer(directory) as folder:
            told, index = _checksum(context), folder.read(INDEX)
            # Most nights nothing is new, and to make eight thousand files takes longer than to ask for the pages.
            if is_sealed(index, told) and folder.still_stand(listed(index), INDEX):
                folder.put(INDEX, sealed(index, told, head(db)))
            else:
                _draw(context, folder, told)
    except OSError as error:
        words = f"feeds cannot be written ({system_words(error)})"
        raise FeedsError(f"{error.filename or directory}: {words}") from error
    return folder.written


def _draw(context: Context, folder: Folder, told: str) -> None:
    # Gathered after the waiting: whoever writes last has the newest history.
    history, terms = gather_history(context), read_terms(context.store().db)
    pages = history.known.pages
    site = feed_site(context, sources_of(context, pages))
    feeds = FeedFolder(history, site, context.vocabulary)
    # An event leads to our page of the agreement, where these are published, or else to the register's own.
    calendars = render_calendars(terms, pages, register=site.register, links=site.sources, base_url=site.pages_url)
    for name, body in chain(calendars.items(), feeds.render()):
        folder.put(name, body)
    # The last: its seal says of what the others are made, so that they are drawn anew if this one was not written.
    folder.put(INDEX, feeds.index(told))


def _checksum(context: Context) -> str:
    """Return a checksum of all that calendars and feeds are made of, the program's own words among it."""
    program = (rules_of("scraper", "diff"), rules_of("notify"), context.vocabulary.digest)
    parts = (*program, repr(feed_site(context, {})), checksum_of_told(context.store().db))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def feed_site(context: Context, sources: Mapping[str, str]) -> FeedSite:
    """Return where feeds come from and go to, by the settings; *sources* are the addresses of the register's pages."""
    settings = context.settings
    return FeedSite(
        register=settings.register.name,
        index=settings.register.index,
        base_url=settings.feeds.base_url,
        pages_url=settings.browse.base_url,
        sources=sources,
    )


def sources_of(context: Context, slugs: Iterable[str]) -> dict[str, str]:
    """Return where a link about a page leads; nothing where our own pages are published, for they come first."""
    if context.settings.browse.base_url:
        return {}
    return addresses_of(context.store().log, context.settings.register.index, slugs)


def gather_history(context: Context) -> FeedSource:
    """Return what feeds are made of."""
    answers, store = context.answers, context.store()
    changes = answers.changes.find(ChangeFilter())
    groups = [change.id for change in changes if change.group]
    return FeedSource(
        changes=changes,
        members={group: answers.changes.find(ChangeFilter(group=group)) for group in groups},
        known=read_known(store.db),
        head=head(store.db),
    )


# --- what somebody asks for -------------------------------------------------------------------------------------------


def draw_feed(request: "PageRequest", found: FoundChanges, ending: str) -> bytes:
    """Return a feed of what was found, in the format of *ending*."""
    site, db = request.site, request.reader.db
    slugs = {change.page for change in found.changes if change.page}
    log = RunLog(db, Bodies(db))
    return render_asked(
        found,
        ending,
        FeedSite(
            register=site.register,
            index=site.index,
            pages_url=site.base_url,
            sources={} if site.base_url else addresses_of(log, site.index, slugs),
        ),
    )


def draw_differences(request: "PageRequest", found: Sequence["Disagreement"], ending: str) -> bytes:
    """Return a feed of these differences, in the format of *ending*."""
    from snapshots.browse.app.addresses import agreement as address_of
    from snapshots.browse.app.addresses import with_query
    from snapshots.browse.beside.words import difference_in_words

    site, base = request.site, (request.site.base_url or "").rstrip("/")
    asked = [(name, request.words.one(name)) for name in ("field", "organisation")]
    query = with_query("", asked)
    told = [
        ToldDifference(
            reference=one.reference,
            organisation=one.organisation,
            difference=one.difference,
            edition=one.edition,
            since=one.since,
            words=difference_in_words(one),
            link=f"{base}{address_of(one.reference)}" if one.slug and base else site.index,
        )
        for one in found
    ]
    names = {format_: f"{base}/differences.{SERVED.get(format_, format_)}{query}" for format_ in FORMATS}
    return render_differences(
        told,
        next(format_ for format_ in FORMATS if SERVED.get(format_, format_) == ending),
        FeedSite(register=site.register, index=site.index, pages_url=site.base_url, sources={}),
        query,
        names,
    )
