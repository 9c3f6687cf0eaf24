"""Feeds and calendars: written where they differ from what the history makes, and drawn for whoever asks for some.

Both are made of the same history in the same words, so that an entry is the same wherever a reader meets it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from cron.work.context import Context
from cron.work.crawl import addresses_of
from notify.feeds.asked import AskedFeed, render_asked
from notify.feeds.files import FeedSite, FeedSource, render_feeds
from scraper.errors import RegisterWatchError, system_words
from scraper.files import WrittenFile, only_writer
from snapshots.asking.agreements import read_terms
from snapshots.asking.changes import ChangeFilter
from snapshots.asking.names import read_known
from snapshots.browse.app.request import FoundChanges
from snapshots.keeping.bodies import Bodies
from snapshots.keeping.chain import head
from snapshots.keeping.runlog import RunLog


class FeedsError(RegisterWatchError):
    """Feeds that could not be written."""


def write_feeds(context: Context, directory: Path) -> list[WrittenFile]:
    """Write the feeds and calendars that differ into *directory*, made if it is not there.

    Raises:
        FeedsError: It cannot be written there; files that were written before that are whole.
    """
    # Of no history no folder is made.
    context.store()
    try:
        with only_writer(directory) as folder:
            # Gathered after the waiting: whoever writes last has the newest history.
            history = gather_history(context)
            site = feed_site(context, sources_of(context, history.known.pages))
            files = {**_calendars(context, history), **render_feeds(history, site, context.vocabulary)}
            for name, body in files.items():
                folder.put(name, body)
    except OSError as error:
        words = f"feeds cannot be written ({system_words(error)})"
        raise FeedsError(f"{error.filename or directory}: {words}") from error
    return folder.written


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


def _calendars(context: Context, history: FeedSource) -> dict[str, bytes]:
    """Return the calendars of printed ends; events link to the history pages if these are published."""
    from notify.calendar import render_calendars

    register, published = context.settings.register, context.settings.browse.base_url
    # An event leads to our page of the agreement, or else to the register's own.
    links = sources_of(context, history.known.pages)
    return render_calendars(
        read_terms(context.store().db), history.known.pages, register=register.name, links=links, base_url=published
    )


# --- what somebody asks for -------------------------------------------------------------------------------------------


def draw_feed(found: FoundChanges, ending: str) -> bytes:
    """Return a feed of what was found, in the format of *ending*."""
    site, db = found.site, found.reader.db
    slugs = {change.page for change in found.changes if change.page}
    log = RunLog(db, Bodies(db))
    return render_asked(
        AskedFeed(
            words=found.words,
            query=found.query,
            editorial=found.editorial,
            changes=found.changes,
            examples=found.examples,
            touched=found.touched,
            since=found.since,
        ),
        ending,
        FeedSite(
            register=site.register,
            index=site.index,
            pages_url=site.base_url,
            sources={} if site.base_url else addresses_of(log, site.index, slugs),
        ),
    )
