"""How things are, gathered from the database and the settings, and what of it the operator is to know."""

import json
from datetime import timedelta
from typing import Any

from cron.settings.crontab import due_after
from cron.work.context import Context
from cron.work.outbox import problems_of
from diff.saying.english import size
from notify.following.subscription import SubscriptionError
from notify.message.operator import OPERATOR, Week, alive_of, notes_of
from scraper.times import as_text
from snapshots.asking.status import needs_a_person
from snapshots.keeping.chain import head
from snapshots.keeping.deliveries import OutboxItem


def state_of(context: Context) -> dict[str, Any]:
    """Return the facts that `status` tells, and what needs a person."""
    store, schedule, now = context.store(), context.settings.schedule, context.clock()
    facts = context.answers.runs.status(now) | {"database": str(store.path)}
    facts |= due_after(schedule.cron, schedule.timezone, store.log.last_run_time(), now)
    facts["head"] = (last := head(store.db)) and last._asdict()
    facts["needs_a_person"] = [*needs_a_person(facts), *map(_to_correct, problems_of(context))]
    return facts


def _to_correct(problem: SubscriptionError) -> str:
    return f"{problem}. Correct it in the settings; the rest of that subscription is told."


def note_state(context: Context) -> int:
    """Note what the operator has to know, if the settings say who that is; return how much of it is new."""
    if context.settings.mail.operator is None:
        return 0
    return context.store().deliveries.add(None, _operator_items(context))


def _operator_items(context: Context) -> list[OutboxItem]:
    """Return what needs a person, each trouble once, and weekly that all of it runs."""
    state, now = state_of(context), context.clock()
    week = Week(
        **context.answers.runs.week(as_text(now - timedelta(days=7))),
        runs_failed=state["attempts"]["times"] if state["attempts"] else 0,
        pages=state["pages"],
        agreements=state["agreements"],
        size=size(state["database_bytes"]),
    )
    notes = notes_of(state["needs_a_person"])
    # Where nothing runs, nothing is alive: that a run is overdue is told above.
    if week.runs:
        notes.append(alive_of(now.date(), week, state["needs_a_person"]))
    return [OutboxItem(subscription=OPERATOR, item=key, due_at=now, note=json.loads(note)) for key, note in notes]
