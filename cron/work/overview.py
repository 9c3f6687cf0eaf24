"""How things are, gathered from the database and the settings; `state` says it in words."""

from datetime import datetime
from typing import Any

from cron.session import Session
from cron.settings.crontab import due_after
from cron.work.outbox import problems_of
from notify.following.subscription import SubscriptionError
from snapshots.asking.needs import needs_a_person
from snapshots.keeping.chain import head
from snapshots.keeping.runlog import failed_attempts


def state_of(session: Session, now: datetime) -> dict[str, Any]:
    """Return the facts that `status` tells, and what needs a person."""
    store, schedule = session.store(), session.settings.schedule
    facts = session.answers.status(now) | {"database": str(store.path)}
    facts |= due_after(schedule.cron, schedule.timezone, store.log.last_run_time(), now)
    facts["attempts"] = failed_attempts(store.db)
    facts["head"] = (last := head(store.db)) and last._asdict()
    facts["needs_a_person"] = [*needs_a_person(facts), *map(_to_correct, problems_of(session))]
    return facts


def _to_correct(problem: SubscriptionError) -> str:
    return f"{problem}. Correct it in the settings; the rest of that subscription is told."
