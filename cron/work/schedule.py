"""Stay and run at the configured times, with APScheduler. What a run is, is not known here."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler

from cron.settings.crontab import missed, next_after, trigger_of
from cron.settings.sections import ScheduleSettings

_log = logging.getLogger(__name__)

LOOK_AGAIN_S = 60.0
"""How often the clock on the wall is looked at."""

BETWEEN_MIN = 5
"""Minutes from one look at what is due to be told to the next."""


def stay(
    schedule: ScheduleSettings,
    *,
    last_run: datetime | None,
    run: Callable[[], None],
    told_to_stop: Event,
    between: Callable[[], None] | None = None,
    say_next: Callable[[datetime], None] = lambda _: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Run at the configured times until told to stop; a run under way is given the time to end.

    Args:
        schedule: The times.
        last_run: When the last run of any process was, from the run log.
        run: Runs once; does not raise.
        told_to_stop: Set from outside.
        between: Is done every few minutes, also while a run goes on; does not raise.
        say_next: Told at the start, and after each run, when the next one is due.
        now: The clock.

    Raises:
        ScheduleError: The times cannot be read.
    """
    trigger = trigger_of(schedule.cron, schedule.timezone)
    scheduler = BackgroundScheduler(timezone=ZoneInfo(schedule.timezone))
    scheduler.add_listener(_say, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    # Jobs live in memory: a stored one would lose the missed night that the run log remembers.
    # No grace time: the library would drop the run of a laptop that wakes up later than that.
    common = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}

    def run_and_say() -> None:
        run()
        say_next(next_after(schedule.cron, schedule.timezone, now()))

    scheduler.add_job(run_and_say, trigger, id="run", **common)
    if between is not None:
        scheduler.add_job(between, "interval", minutes=BETWEEN_MIN, id="between", **common)
    scheduler.start()
    if missed(schedule.cron, schedule.timezone, last_run, now()):
        _log.info("a run was missed: it is made up for now")
        scheduler.modify_job("run", next_run_time=now())
    else:
        say_next(next_after(schedule.cron, schedule.timezone, now()))
    while not told_to_stop.wait(LOOK_AGAIN_S):
        # The library's wait notices neither that a laptop slept nor that the clock was set.
        scheduler.wakeup()
    scheduler.shutdown(wait=True)


def _say(event: JobEvent) -> None:
    error = getattr(event, "exception", None)
    _log.error("a scheduled run %s", f"failed: {error!r}" if error else "was missed: the one before it took too long")
