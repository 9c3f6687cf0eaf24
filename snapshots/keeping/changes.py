"""Changes as rows of the table `changes`, and back. Prose stands in `texts`, each text once."""

import json
from collections.abc import Mapping
from typing import Any

from diff.change import Change, read_families
from diff.details import NO_DETAILS, Details, read_value
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.records import PROSE
from snapshots.keeping.states import States, as_json

CHANGES = """
    select c.*, before_texts.text as before_prose, after_texts.text as after_prose
    from changes as c
    left join texts as before_texts on before_texts.id = c.before_text
    left join texts as after_texts on after_texts.id = c.after_text
    """
"""The rows that `change_of` reads; conditions on `c` may follow."""


def change_of(row: Mapping[str, Any]) -> Change:
    """Return the change of a row of `CHANGES`. Its members are rows of their own."""
    families = json.loads(row["families"]) if row["families"] else None
    return Change(
        id=row["id"],
        kind=ChangeKind(row["kind"]),
        severity=Severity(row["severity"]),
        substantive=bool(row["substantive"]),
        organisation=row["organisation"],
        page=row["page"],
        reference=row["reference"],
        title=row["title"],
        field=row["field"],
        before=_value(row["before"], row["before_prose"]),
        after=_value(row["after"], row["after_prose"]),
        added=_list(row["added"]),
        removed=_list(row["removed"]),
        families=None if families is None else read_families(*families),
        details=NO_DETAILS if row["details"] == "{}" else Details.from_json(json.loads(row["details"])),
        summary=row["summary"],
        first_seen=row["first_seen"],
        run=row["run"],
        snapshot_before=row["snapshot_before"],
        snapshot_after=row["snapshot_after"],
        group=row["id"] if row["is_group"] else None,
        agreements=row["agreements"],
        withdrawn=bool(row["withdrawn"]),
        fact=row["fact"],
        member_of=row["member_of"],
    )


def _list(values: str) -> tuple[str, ...]:
    # Most changes have an empty list and no details: not to parse these saves a third of the time of reading a history.
    return () if values == "[]" else tuple(json.loads(values))


def _value(value: str | None, prose: str | None) -> Any:
    return prose if value is None else read_value(json.loads(value))


def row_of(change: Change, states: States) -> dict[str, Any]:
    """Return the row of a change; its prose is kept by *states*."""
    row: dict[str, Any] = {
        "id": change.id,
        "fact": change.fact,
        "kind": change.kind.value,
        "severity": change.severity.value,
        "substantive": change.substantive,
        "organisation": change.organisation,
        "page": change.page,
        "reference": change.reference,
        "title": change.title,
        "field": change.field,
        "added": as_json(change.added),
        "removed": as_json(change.removed),
        "families": None if change.families is None else as_json(change.families),
        "details": as_json(change.details.to_json()),
        "summary": change.summary,
        "first_seen": change.first_seen,
        "run": change.run,
        "snapshot_before": change.snapshot_before,
        "snapshot_after": change.snapshot_after,
        "is_group": change.group is not None,
        "member_of": change.member_of,
        "agreements": change.agreements,
    }
    is_prose = change.field in PROSE and change.group is None
    for side, value in (("before", change.before), ("after", change.after)):
        row[side] = None if value is None or is_prose else as_json(value)
        row[f"{side}_text"] = states.keep_text(str(value)) if is_prose and value is not None else None
    return row
