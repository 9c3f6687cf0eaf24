"""Times as they are kept: ISO 8601, UTC, whole seconds, `2025-02-01T03:00:00Z`; they sort as text."""

import re
from datetime import UTC, datetime, timedelta


def as_text(moment: datetime) -> str:
    """Return a timezone-aware moment as it is kept."""
    # Not strftime: it writes the year 1 as "1".
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def read_time(text: str) -> datetime:
    """Read a time as people write it: a date is its midnight, a time without a zone is UTC.

    Raises:
        ValueError: It is no time.

    >>> as_text(read_time("2025-02-01")), as_text(read_time("2025-02-01T04:00:00+01:00"))
    ('2025-02-01T00:00:00Z', '2025-02-01T03:00:00Z')
    """
    cleaned = text.strip()
    if not re.match(r"\d{4}-\d{2}-\d{2}", cleaned):
        raise ValueError(text)
    moment = datetime.fromisoformat(cleaned)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def end_of(text: str) -> str:
    """Return the last moment that *text* names, for "until": a bare date includes its day.

    >>> end_of("2025-02-01"), end_of("2025-02-01T03:00")
    ('2025-02-01T23:59:59Z', '2025-02-01T03:00:00Z')
    """
    moment = read_time(text)
    is_date = re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()) is not None
    return as_text(moment + timedelta(days=1, seconds=-1) if is_date else moment)


def same_date(a: str | None, b: str | None) -> bool:
    """Say whether two printed dates agree as far as both are precise.

    The newest layout prints months where the older ones print days:

    >>> same_date("2025-07", "2025-07-14"), same_date("2025-07", "2025-08"), same_date("2025-07", None)
    (True, False, False)
    """
    if a is None or b is None:
        return a is b
    return a.startswith(b) or b.startswith(a)
