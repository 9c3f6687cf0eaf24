"""What follows a run, a release or an import that is told: messages, feeds, and notes to the operator."""

import logging
from datetime import datetime

from cron.session import Session, clock, complain
from cron.terminal.run_report import Afterwards
from cron.work.deliver import Clock, Delivered, deliver
from cron.work.feeds import feeds_after_run
from cron.work.outbox import operator_dues, problems_of
from cron.work.overview import state_of
from diff.saying.english import plural
from scraper.errors import RegisterWatchError
from snapshots.keeping.chain import head
from snapshots.keeping.database import DatabaseError

_log = logging.getLogger(__name__)


def after_run(session: Session) -> Afterwards:
    """Deliver what is due, note what the operator has to know, write the feeds; what was committed stays so."""
    all_told, told = _tell(session)
    all_written, feeds = feeds_after_run(session)
    return Afterwards(all_well=all_told and all_written, told=told, feeds=feeds, chain=_chain(session))


def after_held(session: Session) -> Afterwards:
    """Deliver what other runs left and what the operator has to know: of a held run nothing is told."""
    all_told, told = _tell(session)
    return Afterwards(all_well=all_told, told=told, chain=_chain(session))


def after_failure(session: Session) -> None:
    """Deliver what other runs left and what the operator has to know; the failure itself is what is said."""
    try:
        if session.settings.store.database.exists():
            deliver_and_note(session, clock)
    except (RegisterWatchError, DatabaseError, OSError) as trouble:
        _log.info("what is due could not be delivered: %s", trouble)


def deliver_and_note(session: Session, clock: Clock) -> Delivered:
    """Note what the operator has to know, and deliver what is due."""
    note_state(session, clock())
    result = deliver(session, clock)
    if result.given_up and note_state(session, clock()):
        deliver(session, clock)
    return result


def note_state(session: Session, now: datetime) -> int:
    """Note what the operator has to know, if the settings say who that is; return how much of it is new."""
    if session.settings.mail.operator is None:
        return 0
    return session.store().deliveries.add(None, operator_dues(session, state_of(session, now), now))


def complain_of(result: Delivered) -> None:
    """Say on standard error what did not go out."""
    for name, reason in result.failed:
        complain(f"message to {name}: {reason}; it is tried again")
    for name, reason in result.given_up:
        complain(f"message to {name}: {reason}; it is given up after a week")
    for reason, number in result.kept_back.items():
        wait = "waits" if number == 1 else "wait"
        complain(f"{plural(number, 'more message')} {wait}: {reason}")
    for name in result.unknown:
        complain(f"something is due for {name!r}, which the settings do not name: it waits for a week")


def in_words(result: Delivered) -> str | None:
    """Return what became of the messages that were due, if there was any; a note to the operator tells no reader."""
    readers = result.messages - result.notes
    delivered = "delivered" if readers == 1 else "all delivered"
    if not result.all_well:
        delivered = f"{result.sent - result.notes:,} delivered"
    told = [f"{plural(readers, 'message')}, {delivered}"] if readers else []
    told += [f"{plural(result.notes, 'note')} to the operator"] if result.notes else []
    return "; ".join(told) or None


def _tell(session: Session) -> tuple[bool, str | None]:
    """Deliver and note; return whether all is well, and what became of the messages."""
    try:
        result = deliver_and_note(session, clock)
        problems = problems_of(session)
    except (RegisterWatchError, DatabaseError, OSError) as error:
        complain(f"{error}; the run is kept, and what is due is delivered by the next one, or by registerwatch notify")
        return False, None
    complain_of(result)
    for problem in problems:
        complain(str(problem))
    return result.all_well and not problems, in_words(result)


def _chain(session: Session) -> str | None:
    chain = head(session.store().db)
    return chain.hash if chain else None
