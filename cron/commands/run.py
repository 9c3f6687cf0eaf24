"""The commands that go out to the register: one run, and runs at the configured times."""

import logging
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread

import click

from cron.session import NEEDS_A_PERSON, Session, clock, coloured, columns, say, show_progress
from cron.terminal.log import start_log
from cron.terminal.run_report import NOTHING_AFTERWARDS, facts_of, render_run
from cron.work.afterwards import after_failure, after_held, after_run, complain_of, deliver_and_note, in_words
from cron.work.lock import AlreadyRunningError, only_run
from cron.work.nightly import Register, RunStoppedError, run_once
from cron.work.outbox import dues_of
from cron.work.ping import ping
from scraper.errors import RegisterWatchError
from scraper.web.fetch import Fetcher, FetchPolicy
from snapshots.keeping.database import DatabaseError

_log = logging.getLogger(__name__)


@click.command()
@click.option("--only", multiple=True, metavar="SLUG", help="Ask for this page only; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Ask for no more than N pages.")
@click.option("--no-notify", is_flag=True, help="Tell nobody, now or later; what changed is kept all the same.")
@click.option("--dry-run", is_flag=True, help="Fetch and decide, but keep nothing.")
@click.pass_obj
def run(session: Session, only: tuple[str, ...], limit: int | None, no_notify: bool, dry_run: bool) -> None:
    r"""Pass once over the register: fetch, keep, compare, commit, deliver, write feeds.

    Pages that did not change cost a few bytes. A page that fails is named, and asked for again by the next run; exit
    status 3. A run that is killed keeps the pages that arrived, and changes nothing else.

    \b
    Example:
      registerwatch run
      registerwatch -v run --only university_of_harrowdale
    """
    status = run_here(session, only=only, limit=limit, tell=not no_notify, dry_run=dry_run, stopped=lambda: False)
    click.get_current_context().exit(status)


def run_here(
    session: Session,
    *,
    only: tuple[str, ...] = (),
    limit: int | None = None,
    tell: bool = True,
    dry_run: bool = False,
    stopped: Callable[[], bool],
) -> int:
    """Run once, tell, write feeds, say what became of it, ping; return the exit status."""
    settings = session.settings
    start_log(settings.log.format, verbose=session.options.verbose)
    try:
        policy = _policy(session)
        with only_run(settings.store.database), Fetcher(policy) as fetcher:
            report = run_once(
                session.store(create=True),
                fetcher,
                Register(
                    index=settings.register.index, slugs=settings.register.slugs, sitemap=settings.register.sitemap
                ),
                session.rules,
                only=only,
                limit=limit,
                dry_run=dry_run,
                dues=dues_of(session, clock()) if tell and not dry_run else None,
                now=clock,
                watch=_watch,
                stopped=stopped,
            )
    except RunStoppedError:
        raise  # no failure: whoever stopped it knows, and the next start makes up for it
    except Exception as error:  # whatever it was: silence would be taken for a machine that is switched off
        if not dry_run:
            if not only and not isinstance(error, AlreadyRunningError):
                _note_failure(session, error)
                after_failure(session)
            ping(settings.schedule.ping_failure_url)
        raise
    if not dry_run:
        _note_success(session)
    facts = facts_of(report, session.answers, kept=not dry_run)
    done = NOTHING_AFTERWARDS
    if tell and not dry_run:
        done = after_held(session) if facts.held else after_run(session)
    facts = replace(facts, after=done)
    say(render_run(facts, width=columns(), colour=coloured()))
    needs_a_person = bool(facts.failed or facts.held or not done.all_well)
    if not dry_run:
        ping(settings.schedule.ping_failure_url if needs_a_person else settings.schedule.ping_url)
    return NEEDS_A_PERSON if needs_a_person else 0


def _note_failure(session: Session, error: Exception) -> None:
    """Have `status` know of a run that failed before it had an edition; no database is made for that."""
    reason = error.format_message() if isinstance(error, click.ClickException) else str(error)
    try:
        if session.settings.store.database.exists():
            session.store().log.note_attempt(clock(), reason or type(error).__name__)
    except (RegisterWatchError, DatabaseError, OSError) as trouble:
        # What failed may be the database itself: then every command says so.
        _log.info("that the run failed could not be noted: %s", trouble)


def _note_success(session: Session) -> None:
    try:
        session.store().log.forget_attempts()
    except DatabaseError as trouble:
        _log.warning("that runs failed before this one is still noted: %s", trouble)


def _policy(session: Session) -> FetchPolicy:
    fetch, register = session.settings.fetch, session.settings.register
    if not fetch.contact:
        raise click.UsageError(
            "no contact: the site must be able to reach whoever asks for its pages; set contact in [fetch] of "
            "registerwatch.toml, or REGISTERWATCH_FETCH__CONTACT"
        )
    try:
        return fetch.as_value(FetchPolicy, index=register.index, hosts=register.hosts)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _watch(slugs: Iterable[str], length: int) -> Iterator[str]:
    """Show each page: as a bar on a terminal, as log lines otherwise."""
    for number, slug in enumerate(show_progress(slugs, length), 1):
        yield slug
        _log.info("%d of %d: %s", number, length, slug)


@click.command()
@click.pass_obj
def schedule(session: Session) -> None:
    r"""Stay, and run at the configured times; a run that was missed is made up for at the start.

    Every few minutes it delivers what is due by then: digests of a day or a week, and messages that failed before.

    Stops cleanly on SIGTERM and SIGINT. A crontab line or a systemd timer does as well: see the files in cron/.

    \b
    Example:
      registerwatch schedule
    """
    from cron.work.schedule import stay

    settings = session.settings.schedule
    start_log(session.settings.log.format, verbose=session.options.verbose)
    _policy(session)
    store = session.store(create=True)
    last_run = store.log.last_run_time()
    session.close()
    with _until_told_to_stop() as told_to_stop:
        stay(
            settings,
            last_run=last_run,
            run=lambda: _scheduled(session, told_to_stop.is_set),
            told_to_stop=told_to_stop,
            between=lambda: _deliver_between(session),
        )


def _scheduled(session: Session, stopped: Callable[[], bool]) -> None:
    """Run in a scheduler's thread: with a database connection of its own, and errors that are said, not swallowed."""
    own = Session(session.options)
    try:
        status = run_here(own, stopped=stopped)
        _log.info("run finished with status %d", status)
    except RunStoppedError as error:
        _log.info("%s", error)
    except Exception as error:  # whatever it was, the next night is tried
        _log.error("run failed: %s", error, exc_info=not isinstance(error, RegisterWatchError))
    finally:
        own.close()
        sys.stdout.flush()


def _deliver_between(session: Session) -> None:
    """Deliver what is due in the morning, and what could not be delivered before."""
    own = Session(session.options)
    try:
        if own.settings.store.database.exists():
            result = deliver_and_note(own, clock)
            complain_of(result)
            if told := in_words(result):
                _log.info("told: %s", told)
    except Exception as error:  # whatever it was, in a few minutes it is tried again
        _log.error("nothing could be delivered: %s", error, exc_info=not isinstance(error, RegisterWatchError))
    finally:
        own.close()


@contextmanager
def _until_told_to_stop() -> Iterator[Event]:
    told = Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    # Set by a thread: a handler that runs while this one holds the event's lock would wait for itself.
    before = [signal.signal(one, lambda *_: Thread(target=told.set).start()) for one in signals]
    try:
        yield told
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


COMMANDS = (run, schedule)
