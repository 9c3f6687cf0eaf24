"""Runs that failed before they had an edition: the run log has nothing of them, and `status` has to know."""

from datetime import datetime
from typing import Any

from sqlite_utils import Database

from scraper.times import as_text


def note_attempt(db: Database, at: datetime, reason: str) -> None:
    """Keep that a run failed at this time, and why; in a transaction of its own."""
    db.execute("insert into attempts (at, reason) values (:at, :reason)", {"at": as_text(at), "reason": reason})


def forget_attempts(db: Database) -> None:
    """Forget the failed ones, because a run came through; in a transaction of its own."""
    if list(db.query("select 1 from attempts limit 1")):
        db.execute("delete from attempts")


def failed_attempts(db: Database) -> dict[str, Any] | None:
    """Return how many runs in a row have failed, since when, and the last one's time and reason; None if none has."""
    rows = list(db.query("select at, reason from attempts order by rowid"))
    if not rows:
        return None
    return {"times": len(rows), "since": rows[0]["at"], "at": rows[-1]["at"], "reason": rows[-1]["reason"]}
