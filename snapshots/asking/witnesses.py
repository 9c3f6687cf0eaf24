"""Who holds what of the history: time stamps, pages in a public archive. Reads only (`snapshots.proving` writes)."""

from typing import Any

from scraper.limits import ARCHIVE_ATTEMPTS
from snapshots.sql.rows import Database


def last_stamps(db: Database) -> list[dict[str, Any]]:
    """Return of each authority the number of the last head that it stamped, when, and by whom it was signed."""
    rows = db.query(
        """
        select authority, max(number) as number, stamped_at, signer
        from time_stamps
        group by authority
        order by authority
        """
    )
    return list(rows)


def count_archived(db: Database) -> dict[str, Any]:
    """Return how many pages are saved, are being saved, and could not be, and when one was captured last."""
    (row,) = db.query(
        """
        select count(capture) as saved, count(job) as under_way,
          count(case when attempts >= :attempts then 1 end) as failed, max(captured_at) as last
        from archived_pages
        """,
        {"attempts": ARCHIVE_ATTEMPTS},
    )
    return dict(row)
