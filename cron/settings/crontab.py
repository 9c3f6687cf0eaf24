"""When is a run due? The times of a crontab line in a time zone, read by APScheduler."""

from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from scraper.errors import RegisterWatchError
from scraper.times import as_text

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

GRACE_S = 6 * 3600
"""How late a run may be before `status` says so."""


class ScheduleError(RegisterWatchError):
    """Times that cannot be read."""


def trigger_of(cron: str, timezone: str) -> "CronTrigger":
    """Return the times of a crontab line in a time zone.

    Raises:
        ScheduleError: It is no crontab line, or no time zone.
    """
    fields = cron.split()
    days = [day for part in fields[4].split(",") for day in part.split("-")] if len(fields) == 5 else []
    # `*/2` counts them too, from the first.
    if any(day.startswith("*/") or day[:1].isdigit() for day in days):
        # In a crontab 0 is Sunday, for the library it is Monday: a week that begins a day late would never be noticed.
        raise ScheduleError(
            f"schedule.cron: {cron!r} names days of the week by number, and a week begins on Sunday for some and on "
            "Monday for others; write sun, mon, …"
        )
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(
            f"schedule.timezone: there is no time zone {timezone!r}{_nearest_zone(timezone)}"
        ) from error
    from apscheduler.triggers.cron import CronTrigger  # it brings asyncio along, which takes a tenth of a second

    try:
        return CronTrigger.from_crontab(cron, timezone=zone)
    except ValueError as error:
        raise ScheduleError(f"schedule.cron: {cron!r} cannot be read: {error}") from error


def _nearest_zone(timezone: str) -> str:
    """Name the time zone that may have been meant: people write the city alone, or another case.

    >>> _nearest_zone("London"), _nearest_zone("europe/berlin"), _nearest_zone("GMT+25:99")
    (', the nearest is Europe/London', ', the nearest is Europe/Berlin', '')
    """
    known = {name.lower(): name for name in available_timezones()}
    cities = {name.rpartition("/")[2]: name for name in sorted(known, reverse=True)}
    wanted = timezone.strip().lower().replace(" ", "_")
    near = get_close_matches(wanted, known, n=1, cutoff=0.8) or [
        cities[city] for city in get_close_matches(wanted.rpartition("/")[2], cities, n=1, cutoff=0.8)
    ]
    return f", the nearest is {known[near[0]]}" if near else ""


def next_after(cron: str, timezone: str, time: datetime) -> datetime:
    """Return when the first run after *time* is due.

    Raises:
        ScheduleError: The times cannot be read, or never come.
    """
    # A second later: a run that began on time was that one.
    due = trigger_of(cron, timezone).get_next_fire_time(None, time + timedelta(seconds=1))
    if due is None:
        raise ScheduleError(f"schedule.cron: {cron!r} names a time that never comes")
    return datetime.fromtimestamp(due.timestamp(), UTC)


def missed(cron: str, timezone: str, last_run: datetime | None, now: datetime) -> bool:
    """Say whether a run was due since *last_run*; before the first run there is always one due."""
    return last_run is None or next_after(cron, timezone, last_run) <= now


def due_after(cron: str, timezone: str, last: datetime | None, now: datetime) -> dict[str, str | None]:
    """Return when the next run is due by the settings, and since when one is overdue; nothing before the first run."""
    if last is None:
        return {"next_due": None, "overdue": None}
    due = next_after(cron, timezone, last)
    late = now - due > timedelta(seconds=GRACE_S)
    return {"next_due": as_text(due), "overdue": as_text(due) if late else None}
