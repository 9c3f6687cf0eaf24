"""Times as they are kept: ISO 8601, UTC, whole seconds, `2025-02-01T03:00:00Z`; they sort as text."""

import re
from datetime import UTC, datetime, timedelta

MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
"""How the name of a month begins → its number."""


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


_AGO = re.compile(r"(\d{1,5}) ?(hour|day|week|month|year)s?(?: ago)?")
_HOURS = {"hour": 1, "day": 24, "week": 7 * 24, "month": 30 * 24, "year": 365 * 24}
_DAYS = {"today": 0, "yesterday": 1}


def spelled_out(text: str, now: datetime) -> str:
    """Return a time that is named by how long ago it is as a date or time; any other text as it is.

    A month is 30 days and a year 365.

    >>> now = read_time("2026-11-28T10:30")
    >>> [spelled_out(text, now) for text in ("30 days", "2 weeks ago", "yesterday", "2026-11-01")]
    ['2026-10-29T10:30:00Z', '2026-11-14T10:30:00Z', '2026-11-27', '2026-11-01']
    """
    cleaned = text.strip().lower()
    if cleaned in _DAYS:
        return as_text(now - timedelta(days=_DAYS[cleaned]))[:10]
    found = _AGO.fullmatch(cleaned)
    return as_text(now - timedelta(hours=int(found[1]) * _HOURS[found[2]])) if found else text


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
