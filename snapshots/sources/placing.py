"""Which edition does a capture belong to? Pure: times and checksums in, times of editions out.

Captures come one by one, an edition is many pages as of one time: the captures of a day (UTC) are one edition. A
capture gets the same edition however the captures were handed over, but for neighbours within a day.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from scraper.times import as_text, read_time
from snapshots.keeping.runlog import KeptCapture

Moment = tuple[str, str]
"""Time of capture and SHA-256 of a capture that is to be placed."""


def place(moments: Iterable[Moment], kept: Iterable[KeptCapture], now: str) -> Iterator[tuple[Moment, str | None]]:
    """Yield the captures that add something to what is kept, each with the time of its edition.

    A capture that has the bytes of the one before or after it, on the same day, adds nothing.

    Args:
        moments: Captures of one page on one day.
        kept: What is kept of that page and day.
        now: No edition is of the future.

    Returns:
        Capture and time; None where there is no time left between its neighbours.
    """
    seen = sorted(kept)
    for at, sha256 in reversed(_without_repeats(moments)):
        before = max((one for one in seen if (one.at, one.sha256) <= (at, sha256)), default=None)
        after = min((one for one in seen if (one.at, one.sha256) > (at, sha256)), default=None)
        if sha256 in (one.sha256 for one in (before, after) if one):
            continue
        edition = _edition_between(before.edition if before else "", at, after.edition if after else "~", now)
        if edition:
            seen.append(KeptCapture(at, sha256, edition))
        yield (at, sha256), edition


def _without_repeats(moments: Iterable[Moment]) -> list[Moment]:
    found: list[Moment] = []
    for moment in sorted(moments):
        if not found or found[-1][1] != moment[1]:
            found.append(moment)
    return found


def _edition_between(before: str, at: str, after: str, now: str) -> str | None:
    """Return the first fitting time of an edition that comes after one and before another.

    >>> _edition_between("", "2024-10-03T10:20:30Z", "~", "2026")
    '2024-10-03T23:59:00Z'
    >>> _edition_between("", "2024-10-03T10:20:30Z", "2024-10-03T23:59:00Z", "2026")
    '2024-10-03T10:59:59Z'
    >>> _edition_between("2024-10-03T23:59:00Z", "2024-10-03T10:20:30Z", "~", "2026")
    '2024-10-03T23:59:01Z'
    """
    # As of 23:59: nothing is dated before it was seen, and an edit on many pages is found in one edition, as the one
    # change that it is. Only where that would put two versions of a page in the wrong order (rule 12), or two into one
    # edition, is an edition made whose time is closer: the hour's end, the minute's, or the second of the capture.
    candidates = [f"{at[:10]}T23:59:00Z", f"{at[:13]}:59:59Z", f"{at[:16]}:59Z", at]
    if before:
        candidates.append(as_text(read_time(before) + timedelta(seconds=1)))
    fitting = (time for time in candidates if at <= time <= now and before < time < after and time[:10] == at[:10])
    return next(fitting, None)
