"""Stay and run at the configured times, with APScheduler. What a run is, is not known here."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from scraper.errors import RegisterWatchError

_log = logging.getLogger(__name__)

GRACE_S = 6 * 3600
"""How late a run may be before `status` says so."""

LOOK_AGAIN_S = 60.0
"""How often the clock on the wall is looked at: the library's wait does not notice a sleep, nor a clock that is set."""


BETWEEN_MIN = 5
"""Minutes from one look at what is due to be told to the next."""


class ScheduleError(RegisterWatchError):
    """Times that cannot be read."""


def trigger_of(cron: str, timezone: str) -> CronTrigger:
    """Return the times of a crontab line in a time zone.

    Raises:
        ScheduleError: It is no crontab line, or no time zone.
    """
    fields = cron.split()
    if len(fields) == 5 and _counts_days(fields[4]):
        # In a crontab 0 is Sunday, for the library it is Monday: a week that begins a day late would never be noticed.
        raise ScheduleError(
            f"schedule.cron: {cron!r} names days of the week by number, and a week begins on Sunday for some and on "
            "Monday for others; write sun, mon, …"
        )
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(f"schedule.timezone: there is no time zone {timezone!r}") from error
    try:
        return CronTrigger.from_crontab(cron, timezone=zone)
    except ValueError as error:
        raise ScheduleError(f"schedule.cron: {cron!r} cannot be read: {error}") from error


def _counts_days(days: str) -> bool:
    """Say whether a field of days of the week counts them: `1-5`, and `*/2` too, which counts from the first."""
    return any(one.startswith("*/") or one[:1].isdigit() for part in days.split(",") for one in part.split("-"))


def next_after(cron: str, timezone: str, time: datetime) -> datetime:
    """Return when the first run after *time* is due.

    Raises:
        ScheduleError: The times cannot be read, or never come.
    """
    due = trigger_of(cron, timezone).get_next_fire_time(None, time + timedelta(seconds=1))
    if due is None:
        raise ScheduleError(f"schedule.cron: {cron!r} names a time that never comes")
    return datetime.fromtimestamp(due.timestamp(), UTC)


def missed(cron: str, timezone: str, last_run: datetime | None, now: datetime) -> bool:
    """Say whether a run was due since *last_run*; before the first run there is always one due."""
    return last_run is None or next_after(cron, timezone, last_run) <= now


def stay(
    cron: str,
    timezone: str,
    *,
    last_run: datetime | None,
    run: Callable[[], None],
    told_to_stop: Event,
    between: Callable[[], None] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Run at the configured times until told to stop; a run under way is given the time to end.

    Args:
        cron: The times, as in a crontab.
        timezone: Their time zone.
        last_run: When the last run of any process was, from the run log.
        run: Runs once; does not raise.
        told_to_stop: Set from outside.
        between: Is done every few minutes, also while a run goes on; does not raise.
        now: The clock.

    Raises:
        ScheduleError: The times cannot be read.
    """
    trigger = trigger_of(cron, timezone)
    scheduler = BackgroundScheduler(timezone=ZoneInfo(timezone))
    scheduler.add_listener(_say, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    # Jobs live in memory: a stored one would lose the missed night that the run log remembers.
    # No grace time: the library would drop the run of a laptop that wakes up later than that.
    common = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    scheduler.add_job(run, trigger, id="run", **common)
    if between is not None:
        scheduler.add_job(between, "interval", minutes=BETWEEN_MIN, id="between", **common)
    scheduler.start()
    if missed(cron, timezone, last_run, now()):
        _log.info("a run was missed: it is made up for now")
        scheduler.modify_job("run", next_run_time=now())
    while not told_to_stop.wait(LOOK_AGAIN_S):
        scheduler.wakeup()
    scheduler.shutdown(wait=True)


def _say(event: JobEvent) -> None:
    error = getattr(event, "exception", None)
    _log.error("a scheduled run %s", f"failed: {error!r}" if error else "was missed: the one before it took too long")
