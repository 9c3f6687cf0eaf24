"""Feeds and calendars, written: of the files that the history makes, those that differ."""

from pathlib import Path

from cron.work.context import Context
from cron.work.crawl import addresses_of
from notify.feeds.sorting import FeedSource
from scraper.errors import RegisterWatchError, system_words
from scraper.files import WrittenFile, only_writer
from snapshots.asking.changes import ChangeFilter
from snapshots.asking.names import read_known
from snapshots.asking.terms import read_terms
from snapshots.keeping.chain import head


class FeedsError(RegisterWatchError):
    """Feeds that could not be written."""


def write_feeds(context: Context, directory: Path) -> list[WrittenFile]:
    """Write the feeds and calendars that differ into *directory*, made if it is not there.

    Raises:
        FeedsError: It cannot be written there; files that were written before that are whole.
    """
    from notify.feeds.files import FeedSite, render_feeds  # and with it a template engine, which no other command needs

    register, base_url = context.settings.register, context.settings.feeds.base_url
    site = FeedSite(register=register.name, index=register.index, base_url=base_url)
    # Of no history no folder is made.
    context.store()
    try:
        with only_writer(directory) as folder:
            # Gathered after the waiting: whoever writes last has the newest history.
            history = gather_history(context)
            files = {**_calendars(context, history), **render_feeds(history, site, context.vocabulary)}
            for name, body in files.items():
                folder.put(name, body)
    except OSError as error:
        words = f"feeds cannot be written ({system_words(error)})"
        raise FeedsError(f"{error.filename or directory}: {words}") from error
    return folder.written


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

    store, register = context.store(), context.settings.register
    published = context.settings.browse.base_url
    # An event leads to our page of the agreement, or else to the register's own.
    links = {} if published else addresses_of(store, register.index, history.known.pages)
    return render_calendars(
        read_terms(store.db), history.known.pages, register=register.name, links=links, base_url=published
    )
