"""What follows a run, a release or an import that is told: messages, feeds, notes to the operator, a sign of life.

The operator is told last, of how things stand then.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from cron.following.letters import ask_for_consent
from cron.work.context import Context
from cron.work.deliver import Delivered, deliver
from cron.work.outbox import problems_of
from cron.work.standing import note_state, state_of
from diff.change import Change
from diff.saying.english import Trouble, plural
from scraper.errors import RegisterWatchError
from scraper.files import WrittenFile
from snapshots.asking.status import feeds_key
from snapshots.keeping.chain import head
from snapshots.keeping.database import DatabaseError, NotNotedError, explain, noting
from snapshots.keeping.runlog import failed_feeds

# --- what follows -----------------------------------------------------------------------------------------------------

_log = logging.getLogger(__name__)

PING_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """What followed, in words; None where there was nothing to do."""

    all_well: bool = True
    told: str | None = None
    """What became of the messages that were due."""
    feeds: str | None = None
    """What was written of the feeds."""
    chain: str | None = None
    """Head of the chain of runs."""
    witness: str | None = None
    """Who holds that head, too."""
    archive: str | None = None
    """What became of the pages that a web archive was to save."""
    complaints: tuple[str, ...] = ()
    """What did not go well, a line each."""
    needs: tuple[Trouble, ...] = ()
    """What needs a person then, in the sentences of `status`; but for what the complaints say."""


NOTHING_AFTERWARDS = Afterwards()


def after_run(context: Context, fresh: Sequence[Change] = ()) -> Afterwards:
    """Write the feeds, deliver what is due, tell the operator how things stand then; what was committed stays so.

    Args:
        context: Settings, the database, the clock.
        fresh: The changes that were committed just now: they are not read again.
    """
    feeds, complaint = _feeds(context, "the run is kept, and the next one")
    if complaint is None:
        return replace(after_held(context, fresh), feeds=feeds)
    # What is noted of the feeds is in the sentences of `status`; what the database refuses, nobody else knows.
    noted = failed_feeds(context.store().db)
    told = after_held(context, fresh, also=[] if noted else [complaint])
    needs = tuple(need for need in told.needs if not noted or need.key != feeds_key(noted))
    return replace(told, all_well=False, complaints=(*told.complaints, complaint), needs=needs)


def after_note(context: Context, *, tell: bool) -> Afterwards:
    """Have the feeds show an operator's remark; deliver it, if it is to be told."""
    if tell:
        return after_run(context)
    feeds, complaint = _feeds(context, "the note is kept, and the next run")
    complaints = (complaint,) if complaint else ()
    return replace(NOTHING_AFTERWARDS, all_well=not complaints, feeds=feeds, complaints=complaints)


def _feeds(context: Context, kept: str) -> tuple[str | None, str | None]:
    """Write the feeds of the settings; return what was written, in words, and what did not go well.

    *kept* is what stays so whatever becomes of them, and who writes them then.
    """
    try:
        return _write_feeds(context), None
    except NotNotedError as error:
        return None, str(error)
    except (RegisterWatchError, DatabaseError, OSError) as error:
        return None, f"{_in_a_line(context, error)}; {kept} writes them"


def _write_feeds(context: Context) -> str | None:
    directory = context.settings.feeds.directory
    if directory is None:
        with noting("no feeds are to be written any more", "the next run notes it"):
            context.store().log.forget_feeds_failed()
        return None
    from cron.work.feeds import write_feeds  # not at the top: to deliver what is due draws none

    return _in_words(write_feeds(context, directory))


def _in_words(written: Sequence[WrittenFile]) -> str:
    """Return how many files of the feeds there are, and how many of them are new."""
    return f"{sum(file.changed for file in written):,} of {plural(len(written), 'file')} written"


def after_held(context: Context, fresh: Sequence[Change] = (), also: Sequence[str] = ()) -> Afterwards:
    """Deliver what other runs left and what the operator has to know: of a held run nothing is told."""
    chain = head(context.store().db)
    nothing, result = Afterwards(chain=chain.hash if chain else None), Delivered()
    try:
        deliver_and_note(context, fresh, also, result)
        problems, needs = problems_of(context), state_of(context)["needs_a_person"]
    except (RegisterWatchError, DatabaseError, OSError) as error:
        # The run is committed: whatever fails from here on is no failure of it.
        later = "the run is kept, and what is due is delivered by the next one, or by registerwatch notify"
        complaints = (*result.complaints, f"{_in_a_line(context, error)}; {later}")
        return replace(nothing, all_well=False, told=result.in_words, complaints=complaints)
    return replace(
        nothing,
        all_well=result.all_well and not problems,
        told=result.in_words,
        complaints=(*result.complaints, *map(str, problems)),
        needs=tuple(need for need in needs if isinstance(need, Trouble) and not need.passing),
    )


def _in_a_line(context: Context, error: Exception) -> str:
    """Return what went wrong; of the database with its file, which SQLite does not name."""
    return explain(context.settings.store.database, error) if isinstance(error, DatabaseError) else str(error)


def after_failure(context: Context) -> None:
    """Deliver what other runs left and what the operator has to know; the failure itself is what is said."""
    try:
        if context.has_history:
            deliver_and_note(context)
    except (RegisterWatchError, DatabaseError, OSError) as failure:
        _log.info("what is due could not be delivered: %s", failure)


def deliver_due(context: Context) -> Delivered:
    """Deliver what is due by now, and what the operator has to know.

    An error is raised where nothing was done; once a message went out, it is one of the complaints.
    """
    result = Delivered()
    try:
        return deliver_and_note(context, result=result)
    except (RegisterWatchError, DatabaseError, OSError) as error:
        if not result.messages:
            raise
        result.broken_off = _in_a_line(context, error)
        return result


def deliver_and_note(
    context: Context, fresh: Sequence[Change] = (), also: Sequence[str] = (), result: Delivered | None = None
) -> Delivered:
    """Deliver what is due, and tell the operator what needs a person after that; *also*: what nobody else knows."""
    if context.may_be_followed:
        ask_for_consent(context)
    return deliver(context, fresh, note=partial(note_state, context, also), result=result)


def ping(url: str | None) -> None:
    """Ask for *url*, if there is one, so that whoever watches the watcher sees a sign of life.

    A ping that fails is logged and changes nothing.
    """
    if not url:
        return
    import requests  # only here, and only where a ping is set: it takes a tenth of a second to load

    # A ping must not keep a run from its end, so the wait is short and nothing it does is an error.
    try:
        with requests.get(url, timeout=PING_TIMEOUT_S, stream=True) as answer:
            if not answer.ok:
                _log.warning("ping: %s answered %d", _host(url), answer.status_code)
    except requests.RequestException as error:
        # The address may hold a token: its host is enough to know which it was.
        _log.warning("ping: %s gave no answer (%s)", _host(url), type(error).__name__)


def _host(url: str) -> str:
    # Not what stands between the slashes: that may have a password before an @.
    return urlsplit(url).hostname or "the address"
