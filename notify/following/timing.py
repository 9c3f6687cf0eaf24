"""When is a subscription told? After each run, or collected until a time of day in its own time zone. No clock here."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notify.following.subscription import Subscription

MORNING = {"daily": "08:00", "weekly": "mon 08:00"}
"""When, if a subscription does not say."""

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def due_at(subscription: Subscription, now: datetime) -> str:
    """Return from when on what became known *now* is to be told: UTC text, never before *now*.

    A time of day that the clocks skip in spring is as much later as they skip; one that they repeat in autumn is the
    first of the two.

    >>> daily = Subscription(name="ig", when="daily", timezone="Europe/London")
    >>> due_at(daily, datetime(2026, 7, 1, 3, 17, tzinfo=UTC)), due_at(daily, datetime(2026, 12, 1, 8, 1, tzinfo=UTC))
    ('2026-07-01T07:00:00Z', '2026-12-02T08:00:00Z')
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    if subscription.when == "run":
        return _as_text(now)
    return _as_text(next(moment for moment in _moments(subscription, now) if moment >= now))


def _moments(subscription: Subscription, now: datetime) -> Iterator[datetime]:
    """Yield the times of *subscription* around *now*, in order: enough that one of them is not past."""
    weekday, _, clock = (subscription.at or MORNING[subscription.when]).rpartition(" ")
    hour, minute = map(int, clock.split(":"))
    zone = ZoneInfo(subscription.timezone)
    today = now.astimezone(zone).date()
    for days in range(-1, 10):
        day = today + timedelta(days=days)
        if weekday in ("", _WEEKDAYS[day.weekday()]):
            yield datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC)


def _as_text(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat()}Z"
