"""What pages ask of a clock, and they ask it nothing else: is a run overdue, and is a month over?

Everything else is as of the newest run.
"""

from collections.abc import Mapping

from diff.saying.english import weekday
from scraper.times import as_text, read_time
from snapshots.browse.app.request import Reader, SiteSettings


def due(site: SiteSettings, reader: Reader) -> Mapping[str, str | None]:
    """Return when the next run is due, and since when one is overdue."""
    last = reader.answers.runs.last_pass()
    return site.due(read_time(last) if last else None, site.clock())


def overdue_words(site: SiteSettings, reader: Reader) -> str:
    """Return that the register has not been read for longer than it should be; nothing where it was."""
    since = due(site, reader).get("overdue")
    if not since or not reader.newest:
        return ""
    return (
        f"The register was last read here on {weekday(reader.newest)}. A run has been overdue since {weekday(since)}: "
        "what changed in the meantime is not told here yet."
    )


def is_over(site: SiteSettings, month: str) -> bool:
    """Say whether a month, as in 2026-11, is over: of one that is not, counts are "so far"."""
    return as_text(site.clock())[:7] > month
