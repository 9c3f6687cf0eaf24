"""The commands that go out to the register: one run, and runs at the configured times."""

import logging
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

import click

from cron.commands.options import NEEDS_A_PERSON, end_with, stays_apart, tell_option
from cron.terminal.output import complain, say, screen, show_progress, start_log
from cron.work.context import Context
from diff.saying.english import moment
from scraper.errors import RegisterWatchError
from scraper.times import as_text

if TYPE_CHECKING:  # a night is loaded when one is run: who asks for help need not wait for it
    from cron.work.nightly import RunPlan, Stopped

SAYS_SO_AFTER_S = 3.0
"""Seconds after which a program that was told to stop says what it waits for."""

_log = logging.getLogger(__name__)


@click.command()
@click.option("--only", multiple=True, metavar="SLUG", help="Ask for this page only; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Ask for no more than N pages.")
@click.option("--no-notify", is_flag=True, help="Tell nobody, now or later; what changed is kept all the same.")
@click.option("--dry-run", is_flag=True, help="Fetch and decide, but keep nothing.")
@tell_option
@click.pass_context
def run(
    ctx: click.Context, only: tuple[str, ...], limit: int | None, no_notify: bool, dry_run: bool, tell: bool
) -> None:
    r"""Pass once over the register: fetch, keep, compare, commit, deliver, write feeds.

    Pages that did not change cost a few bytes. A page that fails is named, and asked for again by the next run. A run
    that is killed keeps the pages that arrived, and changes nothing else. Exit status 3 if something needs a person: a
    held run, a field that is newly not understood, mail that does not arrive, a tenth of the pages failed or one page
    for the third night running.

    \b
    Example:
      registerwatch run
      registerwatch -v run --only university_of_harrowdale
    """
    from cron.work.nightly import RunPlan

    start_log(ctx.obj.settings.log.format, verbose=ctx.find_root().params["verbose"])
    apart = stays_apart(ctx.obj, tell)
    plan = RunPlan(only=only, limit=limit, tell=not no_notify, dry_run=dry_run, apart=apart)
    end_with(_run_and_say(ctx.obj, plan))


def _run_and_say(context: Context, plan: "RunPlan") -> int:
    """Run, say what became of it, and return the exit status."""
    from cron.terminal.reports import render_run
    from cron.work.nightly import run_tonight

    facts = run_tonight(context, plan, watch=_watch)
    complain(*facts.after.complaints)
    say(render_run(facts, **screen()))
    return NEEDS_A_PERSON if facts.needs_a_person else 0


def _watch(slugs: Iterable[str], length: int) -> Iterator[str]:
    """Show each page: as a bar on a terminal, as log lines otherwise."""
    for number, slug in enumerate(show_progress(slugs, length), 1):
        yield slug
        _log.info("%d of %d: %s", number, length, slug)


@click.command()
@tell_option
@click.pass_context
def schedule(ctx: click.Context, tell: bool) -> None:
    r"""Stay, and run at the configured times; a run that was missed is made up for at the start.

    Every few minutes it delivers what is due by then: digests of a day or a week, and messages that failed before. It
    says when the next run is due, and a line for each run that it made.

    Stops cleanly on SIGTERM and SIGINT. A crontab line or a systemd timer does as well: see the files in cron/.

    \b
    Example:
      registerwatch schedule
    """
    from cron.work.nightly import RunPlan, fetch_policy
    from cron.work.schedule import stay
    from snapshots.keeping.runlog import last_run_time

    context: Context = ctx.obj
    start_log(context.settings.log.format, verbose=ctx.find_root().params["verbose"])
    # Refused now, not at three in the morning.
    fetch_policy(context)
    plan = RunPlan(apart=stays_apart(context, tell))
    last_run = last_run_time(context.database(create=True))
    # Each run opens its own: a connection that stays open for months keeps the file of a database that was replaced.
    context.close()
    with _until_told_to_stop() as told_to_stop:
        stay(
            context.settings.schedule,
            last_run=last_run,
            run=lambda: _scheduled(context, plan, told_to_stop.is_set),
            told_to_stop=told_to_stop,
            between=None if plan.apart else lambda: _deliver_between(context),
            say_next=lambda at: _say_at_once(f"Next run: {moment(as_text(at))}."),
        )


def _say_at_once(line: str) -> None:
    """Say a line; into a pipe Python writes when a buffer is full: that of a night would come weeks later."""
    say(f"{line}\n")
    sys.stdout.flush()


def _scheduled(context: Context, plan: "RunPlan", stopped: "Stopped") -> None:
    """Run in a scheduler's thread: with a database connection of its own, and errors that are said, not swallowed."""
    from cron.terminal.reports import run_in_a_line
    from cron.work.nightly import RunStoppedError, run_tonight

    try:
        with closing(context.another()) as own:
            facts = run_tonight(own, plan, watch=_watch, stopped=stopped)
        complain(*facts.after.complaints)
        _say_at_once(run_in_a_line(facts))
    except RunStoppedError as error:
        _log.info("%s", error)
    except Exception as error:
        # Whatever it was, the next night is tried.
        _log.error("run failed: %s", error, exc_info=not isinstance(error, RegisterWatchError))


def _deliver_between(context: Context) -> None:
    """Deliver what is due in the morning, and what could not be delivered before."""
    from cron.work.afterwards import deliver_due

    try:
        with closing(context.another()) as own:
            if own.has_history:
                result = deliver_due(own)
                complain(*result.complaints)
                if told := result.in_words:
                    _log.info("told: %s", told)
    except Exception as error:
        # Whatever it was, in a few minutes it is tried again.
        _log.error("nothing could be delivered: %s", error, exc_info=not isinstance(error, RegisterWatchError))


@contextmanager
def _until_told_to_stop() -> Iterator[Event]:
    told, ended = Event(), Event()
    signals = (signal.SIGTERM, signal.SIGINT)

    def stop() -> None:
        told.set()
        if not ended.wait(SAYS_SO_AFTER_S):
            complain("stopping when the page is there that is being asked for; everything before it is kept")

    # By a thread: a handler that runs while this one holds the event's lock would wait for itself.
    before = [signal.signal(number, lambda *_: Thread(target=stop, daemon=True).start()) for number in signals]
    try:
        yield told
    finally:
        ended.set()
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
