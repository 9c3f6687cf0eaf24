"""How things stand: gathered for `status`, and for the operator, who is told what of it needs a person."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from cron.settings.crontab import due_after
from cron.work.context import Context
from diff.saying.english import size
from notify.message.operator import OPERATOR, Week, alive_of, as_of_now, notes_of
from scraper.times import as_text
from snapshots.asking.health import health_of
from snapshots.asking.status import needs_a_person
from snapshots.asking.witnesses import count_archived, last_stamps
from snapshots.keeping.chain import head
from snapshots.keeping.deliveries import OutboxItem
from snapshots.keeping.runlog import last_run_time


def state_of(context: Context) -> dict[str, Any]:
    """Return the facts that `status` tells, and what needs a person."""
    path, schedule, now = context.settings.store.database, context.settings.schedule, context.clock()
    facts = context.answers.runs.status(now) | {"database": str(path)}
    facts |= due_after(schedule.cron, schedule.timezone, last_run_time(context.database()), now)
    facts["head"] = (last := head(context.database())) and last._asdict()
    facts["health"] = health_of(facts, shutil.disk_usage(path.parent).free, now)
    facts["witness"] = _witness_state(context)
    facts["followers"] = context.people().counts(now) if context.may_be_followed else None
    facts["needs_a_person"] = [*needs_a_person(facts), *_unknown_followed(context)]
    return facts


def _unknown_followed(context: Context) -> Iterable[str]:
    """Return a sentence for each name in the subscriptions that nobody knows."""
    if not context.subscriptions:
        return []
    # Not at the top: who is told what is loaded where somebody is told something.
    from cron.work.outbox import problems_of

    correct = "Correct it in the settings; the rest of that subscription is told."
    return [f"{problem}. {correct}" for problem in problems_of(context)]


def _witness_state(context: Context) -> dict[str, Any]:
    """Return who holds what: of each authority the last time stamp, where heads are mirrored, what is archived."""
    settings = context.settings.witness
    kept = {row["authority"]: row for row in last_stamps(context.database())}
    names = dict.fromkeys([*settings.tsa, *kept])
    return {
        "time_stamps": [
            {
                "authority": name,
                "asked": name in settings.tsa,
                "number": kept[name]["number"] if name in kept else None,
                "stamped_at": kept[name]["stamped_at"] if name in kept else None,
                "signer": kept[name]["signer"] if name in kept else None,
            }
            for name in names
        ],
        "archive": count_archived(context.database()) | {"asked": context.settings.archive.save},
        "mirrors": [str(place) for place in (settings.file, settings.git) if place],
    }


def note_state(context: Context, also: Sequence[str] = ()) -> None:
    """Note what the operator has to know, if the settings say who that is: each trouble once, and weekly that all runs.

    Args:
        context: Settings, the database, the clock.
        also: What needs a person beside what the database knows.
    """
    if context.settings.mail.operator is None:
        return
    state, now = state_of(context), context.clock()
    week, needs = _week_of(context, state), [*state["needs_a_person"], *also]
    notes = notes_of(needs)
    # Where nothing runs, nothing is alive: that a run is overdue is told above.
    if week.runs:
        notes.append(alive_of(now.date(), week, needs))
    items = [OutboxItem(subscription=OPERATOR, item=key, due_at=now, note=json.loads(note)) for key, note in notes]
    context.store().deliveries.add(None, items)


def notes_as_of_now(context: Context, notes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return notes to the operator as they are to be told now."""
    state = state_of(context)
    _, sign = alive_of(context.clock().date(), _week_of(context, state), state["needs_a_person"])
    return as_of_now(notes, sign, state["needs_a_person"])


def _week_of(context: Context, state: Mapping[str, Any]) -> Week:
    return Week(
        **context.answers.runs.week(as_text(context.clock() - timedelta(days=7))),
        runs_failed=state["attempts"]["times"] if state["attempts"] else 0,
        pages=state["pages"],
        agreements=state["agreements"],
        size=size(state["database_bytes"]),
    )
