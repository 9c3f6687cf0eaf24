"""Feeds and calendars, written: of the files that the history makes, those that differ."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cron.session import Session, complain, say
from cron.work.nightly import addresses_of
from diff.saying.english import plural
from notify.feeds.sorting import History
from scraper.errors import RegisterWatchError, system_words
from scraper.files import WrittenFile, only_writer
from scraper.names.vocabulary import Vocabulary
from snapshots.asking.answers import Answers, Question
from snapshots.asking.known import read_known
from snapshots.asking.terms import read_terms
from snapshots.keeping.chain import head
from snapshots.keeping.database import DatabaseError
from snapshots.keeping.store import Store

if TYPE_CHECKING:
    from notify.feeds.files import Site


class FeedsError(RegisterWatchError):
    """Feeds that could not be written."""


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, readable=False), required=False)
@click.pass_obj
def feeds(session: Session, directory: Path | None) -> None:
    r"""Write the feeds as files: of everything, of each organisation, of each dataset, and a page that lists them.

    Calendars of the printed ends of agreements lie beside them. DIRECTORY is the one of the settings if none is given;
    `run` writes there by itself. Files that would be the same are not touched, and none is removed.

    \b
    Example:
      registerwatch feeds public/feeds
    """
    directory = directory or session.settings.feeds.directory
    if directory is None:
        raise click.UsageError("no directory: name one, or set directory in [feeds] of registerwatch.toml")
    written = write_feeds(session, directory)
    changed = sum(file.changed for file in written)
    say(f"{directory}: {plural(changed, 'file')} written, {len(written) - changed:,} as before.\n")


def feeds_after_run(session: Session) -> tuple[bool, str | None]:
    """Write the feeds where the settings want them, if they do; return whether all is well, and what was written."""
    directory = session.settings.feeds.directory
    if directory is None:
        return True, None
    try:
        written = write_feeds(session, directory)
    except (FeedsError, DatabaseError) as error:
        complain(f"{error}; the run is kept, and the next one writes them")
        return False, None
    return True, f"{sum(file.changed for file in written):,} of {plural(len(written), 'file')} written"


def write_feeds(session: Session, directory: Path) -> list[WrittenFile]:
    """Write what differs into *directory*.

    Raises:
        FeedsError: It cannot be written there; files that were written before that are whole.
    """
    from notify.feeds.files import Site  # and with it a template engine, which no other command needs

    settings = session.settings
    site = Site(register=settings.register.name, index=settings.register.index, base_url=settings.feeds.base_url)
    published = settings.browse.base_url
    return write_feeds_of(session.store(), session.answers, session.vocabulary, site, directory, published=published)


def write_feeds_of(
    store: Store,
    answers: Answers,
    vocabulary: Vocabulary,
    site: "Site",
    directory: Path,
    *,
    published: str | None = None,
) -> list[WrittenFile]:
    """Write the feeds and calendars of *site* that differ into *directory*; see `write_feeds`.

    Args:
        store: The history.
        answers: Questions to it.
        vocabulary: The known names.
        site: Where feeds come from and go to.
        directory: Where the files are written; made if it is not there.
        published: Address of the history pages, if they are published: events of the calendars link to them.
    """
    from notify.feeds.files import render_feeds

    try:
        with only_writer(directory) as folder:
            # Gathered after the waiting: whoever writes last has the newest history.
            history = gather(store, answers)
            files = {**_calendars(store, history, site, published), **render_feeds(history, site, vocabulary)}
            for name, body in files.items():
                folder.put(name, body)
    except OSError as error:
        words = f"feeds cannot be written ({system_words(error)})"
        raise FeedsError(f"{error.filename or directory}: {words}") from error
    return folder.written


def gather(store: Store, answers: Answers) -> History:
    """Return what feeds are made of."""
    changes = answers.changes(Question())
    groups = [change.id for change in changes if change.group]
    known = read_known(store.db)
    return History(
        changes=changes,
        members={group: answers.changes(Question(group=group)) for group in groups},
        pages=known.pages,
        datasets=known.datasets,
        holdings=known.holdings,
        since=known.since,
        head=head(store.db),
    )


def _calendars(store: Store, history: History, site: "Site", published: str | None) -> dict[str, bytes]:
    """Return the calendars of printed ends."""
    from notify.calendar import render_calendars

    links = {} if published else addresses_of(store, site.index, history.pages)
    terms = read_terms(store.db)
    return render_calendars(terms, history.pages, register=site.register, links=links, base_url=published)


COMMANDS = (feeds,)
