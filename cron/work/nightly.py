"""One night, readable from top to bottom: lock, find the pages, fetch and keep them, decide, commit, tell, ping."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

from cron.official.inbox import EMPTY, Emptied, empty_inbox
from cron.work.afterwards import NOTHING_AFTERWARDS, Afterwards, after_failure, after_held, after_run, ping
from cron.work.context import AlreadyRunningError, Context, only_run
from cron.work.crawl import Crawl, find_pages
from cron.work.outbox import what_to_tell
from cron.work.proving import archive_pages, bear_witness
from diff.change import Change
from diff.kinds import ChangeKind
from diff.names import said_nearest
from scraper.errors import RegisterWatchError, SettingsError
from scraper.times import as_text, read_time
from scraper.web.fetch import Fetcher, FetchPolicy
from snapshots.asking.status import held_key, reading_needs
from snapshots.asking.unread import unread_in_words
from snapshots.browse.app import addresses
from snapshots.keeping.database import DatabaseError
from snapshots.keeping.runlog import NewEdition
from snapshots.keeping.store import Outcome, Store

_log = logging.getLogger(__name__)


class RunFailedError(RegisterWatchError):
    """A run that could not begin, or was stopped. Bodies that arrived are kept; nothing else has changed."""


class RunStoppedError(RunFailedError):
    """A run that was told to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run is to do."""

    only: Collection[str] = ()
    """Slugs to ask for, instead of all."""
    limit: int | None = None
    """Ask for no more pages than this."""
    tell: bool = True
    dry_run: bool = False
    """Decide and report, but keep nothing and tell nobody."""
    apart: bool = False
    """Write and send nothing outside the database, a ping neither."""

    @property
    def is_whole_night(self) -> bool:
        """Whether it looks into the inbox of the official register, too: that is the settings' own database's."""
        return not (self.only or self.limit or self.dry_run or self.apart)

    @property
    def tells(self) -> bool:
        """Whether people are told what changed."""
        return self.tell and not self.apart


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What became of a run."""

    outcome: Outcome
    started_at: str
    finished_at: str
    asked: int
    received_bytes: int
    kept_bytes: int
    gone: int
    """Pages of which the server says that there are none."""
    failed: dict[str, str]
    """Slug → reason: no answer, no whole answer, or refused."""
    state: Mapping[str, Any]
    """How pages and fields are after it, as `status` knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What a run did, as far as a reader wants to know. Times are UTC text."""

    run: int | None
    """None of one that was not kept."""
    started_at: str
    finished_at: str
    fetched: int
    unchanged: int
    changed: int
    gone: int
    failed: Sequence[tuple[str, str]]
    """Slug and reason."""
    received_bytes: int
    kept_bytes: int
    changes: Sequence[Change]
    baseline: bool
    dataset_counts: Mapping[str, int] = field(default_factory=dict)
    """Reference → number of datasets, of the agreements that are new."""
    page: str | None = None
    """Address of our page about it, where pages are published."""
    held: str | None
    notices: Sequence[str] = ()
    """What the reader noticed, after the page."""
    needs: Sequence[str] = ()
    """What of its pages and fields needs a person, in the sentences of `status`."""
    unread: Sequence[str] = ()
    """What is not understood since an earlier run, a line each: it is believed as before."""
    official: Emptied = EMPTY
    """What became of the workbooks in the inbox of the official register."""
    after: Afterwards = NOTHING_AFTERWARDS

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look after it."""
        return bool(self.all_needs or self.held or self.official.needs_a_person or not self.after.all_well)

    @property
    def all_needs(self) -> list[str]:
        """What needs a person, whatever is to blame; that this run is held is said by itself."""
        said = {*self.needs, *([] if self.run is None else [held_key(self.run)])}
        said |= {need.key for need in self.official.refused}
        needs = [*self.needs, *self.official.refused]
        return [*needs, *(need for need in self.after.needs if need not in said and need.key not in said)]


Watch = Callable[[Iterable[str], int], Iterable[str]]
"""Wraps the slugs asked for, of known number, and shows how far it is."""


Stopped = Callable[[], bool]
"""Asked between two pages: whether to stop."""


# --- the night --------------------------------------------------------------------------------------------------------


def run_tonight(
    context: Context, plan: RunPlan, *, watch: Watch = lambda slugs, _: slugs, stopped: Stopped = lambda: False
) -> RunFacts:
    """Run once, alone; then tell of it, write the feeds, and ping.

    Raises:
        RegisterWatchError: It could not begin or was stopped. That is noted, and the operator told, unless it was
            stopped: whoever stopped it knows, and the next start makes up for it.
    """
    schedule, official = context.settings.schedule, EMPTY
    try:
        policy = fetch_policy(context)
        with only_run(context.settings.store.database), Fetcher(policy) as fetcher:
            # Before the site is asked: that it does not answer is no reason to let a workbook lie.
            if plan.is_whole_night:
                official = empty_inbox(context, tell=plan.tells)
            report = run_once(context, fetcher, plan, watch=watch, stopped=stopped)
    except RunStoppedError:
        raise
    except Exception as error:
        if official.taken:
            _log.warning("taken from the inbox, and kept: %s", ", ".join(one.name for one in official.taken))
        # Whatever it was: silence would be taken for a machine that is switched off.
        if not plan.dry_run:
            # One page is no night, and where another run is at work, that one notes and tells how the night was.
            if not plan.only and not isinstance(error, AlreadyRunningError):
                _note_failure(context, error)
                if not plan.apart:
                    after_failure(context)
            # A second run is pinged too: it ended with status 1, and whoever started two has to hear of it.
            ping(None if plan.apart else schedule.ping_failure_url)
        raise
    if plan.dry_run:
        return facts_of(report, context, kept=False)
    facts = replace(facts_of(report, context), official=official)
    if plan.tells:
        fresh = [*facts.changes, *official.changes]
        facts = replace(facts, after=after_held(context) if facts.held else after_run(context, fresh))
    if not plan.apart:
        facts = replace(facts, after=_proved(context, facts.after, stopped))
    # The ping comes last: it says that all of the night is over.
    if not plan.apart:
        ping(schedule.ping_failure_url if facts.needs_a_person else schedule.ping_url)
    return facts


def _proved(context: Context, after: Afterwards, stopped: Stopped) -> Afterwards:
    """Have others hold the head of the chain and the pages; that somebody does not is a line, and no failed night."""
    witness, archive = bear_witness(context, stopped), archive_pages(context, stopped)
    complaints = (*after.complaints, *witness.complaints, *archive.complaints)
    return replace(after, witness=witness.said, archive=archive.said, complaints=complaints)


def fetch_policy(context: Context) -> FetchPolicy:
    """Return how the register's site is asked.

    Raises:
        SettingsError: There is no contact, or none that can be sent.
    """
    fetch, register = context.settings.fetch, context.settings.register
    if not fetch.contact:
        raise SettingsError(
            "no contact: the site must be able to reach whoever asks for its pages; set contact in [fetch] of "
            "registerwatch.toml, or REGISTERWATCH_FETCH__CONTACT",
            page=None,
        )
    try:
        return fetch.as_value(FetchPolicy, index=register.index, hosts=register.hosts)
    except ValueError as error:
        raise SettingsError(str(error), page=None) from error


def _note_failure(context: Context, error: Exception) -> None:
    """Have `status` know of a run that failed before it had an edition; no database is made for that."""
    try:
        if context.has_history:
            context.store().log.note_attempt(context.clock(), str(error) or type(error).__name__)
    except (RegisterWatchError, DatabaseError, OSError) as failure:
        # What failed may be the database itself: then every command says so.
        _log.info("that the run failed could not be noted: %s", failure)


# --- the pass over the register ---------------------------------------------------------------------------------------


def run_once(
    context: Context,
    fetcher: Fetcher,
    plan: RunPlan,
    *,
    watch: Watch = lambda slugs, _: slugs,
    stopped: Stopped = lambda: False,
) -> RunReport:
    """Pass once over the register.

    Args:
        context: Settings, names, the database, the clock.
        fetcher: Asks the site.
        plan: Which pages, and what comes of it.
        watch: Shows how far it is.
        stopped: Asked between two pages: whether to stop.

    Raises:
        RunFailedError: It was stopped (RunStoppedError), or a slug of the plan is not known.
        FetchError, CrawlError: The index cannot be read, or robots.txt forbids.
    """
    store, clock = context.store(create=True), context.clock
    # What subscriptions follow is settled before the first page is asked for, and so is when the night began.
    dues = what_to_tell(context) if plan.tells and not plan.dry_run else None
    started_at = _time_of_run(store, clock())
    listed = find_pages(context, fetcher)
    wanted = dict(list(_chosen(listed.addresses, plan.only).items())[: plan.limit])
    # What failed last comes last: ten pages that fail for good must not keep a run from the others.
    failed_last = store.log.failed_last()
    order = sorted(wanted, key=lambda slug: slug in failed_last)
    with closing(Crawl(context, fetcher, listed.addresses, keep=not plan.dry_run)) as crawl:
        for slug in watch(order, len(order)):
            if stopped():
                raise RunStoppedError(
                    "stopped between two pages; nothing is lost, the next run asks for all of them again"
                )
            crawl.ask_for(slug)
        # A clock that was set back meanwhile must not end a run before it began.
        finished_at = max(started_at, as_text(clock()))
        edition = NewEdition(
            captures=crawl.pages,
            time=started_at,
            finished_at=finished_at,
            # What was not asked for is not seen to be missing.
            complete=not plan.only and plan.limit is None,
            kind="run",
            failed=crawl.failed,
            gone=frozenset(crawl.gone),
        )
        # What a dry run comes to is asked before it is taken back: it ends as the run would.
        with store.writing(keep=not plan.dry_run):
            if listed.newly_listed is not None:
                store.log.keep_pages_listed(listed.made_of, listed.newly_listed)
            outcome = store.take(edition, context.rules, keep=not plan.dry_run, dues=dues)
            # Here, and not when it is over: a run that is committed is never told as one of a row that failed.
            store.log.forget_attempts()
            state = context.answers.runs.reading()
    return RunReport(
        outcome=outcome,
        started_at=started_at,
        finished_at=finished_at,
        asked=len(wanted),
        received_bytes=fetcher.received,
        kept_bytes=crawl.kept_bytes + outcome.kept_bytes,
        gone=len(crawl.gone),
        failed={**outcome.refused, **outcome.decision.distrusted},
        state=state,
    )


def _time_of_run(store: Store, began: datetime) -> str:
    """Return as of when a run counts: now, and always after all that is known.

    What the register says now is later than what it said before, whatever the clock says. Were a run put before older
    ones because a clock was set wrong, then or now, those would tell as news that its changes were taken back.
    """
    newest = store.log.newest()
    if as_text(began) > newest:
        return store.log.free_time(as_text(began))
    after_it = read_time(newest) + timedelta(seconds=1)
    if after_it - began > timedelta(minutes=1):
        _log.warning("the clock says %s, but %s was seen before: is it right?", as_text(began), newest)
    return as_text(after_it)


def _chosen(addresses: dict[str, str], only: Collection[str]) -> dict[str, str]:
    for slug in only:
        if slug not in addresses:
            near = get_close_matches(slug, addresses, n=3)
            raise RunFailedError(f"no page is called {slug!r}{said_nearest(near)}")
    return {slug: addresses[slug] for slug in only} if only else addresses


def facts_of(report: RunReport, context: Context, *, kept: bool = True) -> RunFacts:
    """Return what a reader wants to know of a run."""
    outcome, answers = report.outcome, context.answers
    fetched, published = report.asked - len(report.failed) - report.gone, context.settings.browse.base_url
    added = [change.reference or "" for change in outcome.changes if change.kind is ChangeKind.AGREEMENT_ADDED]
    return RunFacts(
        run=outcome.run if kept else None,
        started_at=report.started_at,
        finished_at=report.finished_at,
        fetched=fetched,
        unchanged=fetched - outcome.changed,
        changed=outcome.changed,
        gone=report.gone,
        failed=sorted(report.failed.items()),
        received_bytes=report.received_bytes,
        kept_bytes=report.kept_bytes,
        changes=outcome.changes,
        dataset_counts=answers.agreements.dataset_counts(added),
        page=f"{published.rstrip('/')}{addresses.run(outcome.run)}" if published else None,
        baseline=not outcome.changes and (answers.runs.is_first(outcome.run) if kept else not answers.runs.newest()),
        held=outcome.decision.held,
        notices=outcome.notices,
        needs=reading_needs(report.state),
        unread=_unread_since_before(report),
    )


def _unread_since_before(report: RunReport) -> list[str]:
    """Return what is not understood and was not before this run either, a line each."""
    state = report.state
    newly = state["official_newly_not_understood"]
    unread = [one for one in state["not_understood"] if one["since"] < report.started_at]
    unread += [one for one in state["official_not_understood"] if one not in newly]
    return [unread_in_words(one) for one in unread]
