"""How things are, gathered from the database and the settings; `state` says it in words."""

from datetime import datetime, timedelta
from typing import Any

from cron.session import Session
from cron.settings.sections import Schedule
from cron.work.outbox import problems_of
from cron.work.schedule import GRACE_S, next_after
from notify.following.subscription import SubscriptionError
from scraper.times import as_text
from snapshots.asking.needs import needs_a_person
from snapshots.keeping.chain import head
from snapshots.keeping.runlog import failed_attempts


def state_of(session: Session, now: datetime) -> dict[str, Any]:
    """Return the facts that `status` tells, and what needs a person."""
    store = session.store()
    facts = session.answers.status(now) | {"database": str(store.path)}
    facts |= due_after(session.settings.schedule, store.log.last_run_time(), now)
    facts["attempts"] = failed_attempts(store.db)
    facts["head"] = (last := head(store.db)) and last._asdict()
    facts["needs_a_person"] = [*needs_a_person(facts), *map(_to_correct, problems_of(session))]
    return facts


def due_after(schedule: Schedule, last: datetime | None, now: datetime) -> dict[str, str | None]:
    """Return when the next run is due by the settings, and since when one is overdue; nothing before the first run."""
    if last is None:
        return {"next_due": None, "overdue": None}
    due = next_after(schedule.cron, schedule.timezone, last)
    late = now - due > timedelta(seconds=GRACE_S)
    return {"next_due": as_text(due), "overdue": as_text(due) if late else None}


def _to_correct(problem: SubscriptionError) -> str:
    return f"{problem}. Correct it in the settings; the rest of that subscription is told."
