"""A change as a value: its kind, its severity, its id, its public form (docs/records.md).

What a change *says* decides its id; when it was seen and from which bytes does not. So a rebuild of the database, a
backfill and another order of import find the same ids, and nobody is told twice.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scraper.names.fold import fold


class Severity(StrEnum):
    """How much a change matters to a reader; compared by `rank`."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Return 0 for the most severe."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class ChangeKind(StrEnum):
    """What kind of fact differs."""

    ORGANISATION_ADDED = "organisation-added"
    ORGANISATION_REMOVED = "organisation-removed"
    ORGANISATION_RENAMED = "organisation-renamed"
    AGREEMENT_ADDED = "agreement-added"
    AGREEMENT_REMOVED = "agreement-removed"
    AGREEMENT_MOVED = "agreement-moved"
    REFERENCE_CHANGED = "reference-changed"
    DATASET_ADDED = "dataset-added"
    DATASET_REMOVED = "dataset-removed"
    DATASET_RELABELLED = "dataset-relabelled"
    DSA_EXTENDED = "dsa-extended"
    DSA_SHORTENED = "dsa-shortened"
    DSA_TERM_CHANGED = "dsa-term-changed"
    RELEASES_CONTINUED = "releases-continued"
    RELEASE_WINDOW_CHANGED = "release-window-changed"
    LEGAL_BASIS_CHANGED = "legal-basis-changed"
    OPT_OUTS_CHANGED = "opt-outs-changed"
    TYPE_OF_DATA_CHANGED = "type-of-data-changed"
    CONFIDENTIALITY_CHANGED = "confidentiality-changed"
    SENSITIVITY_CHANGED = "sensitivity-changed"
    ACCESS_METHOD_CHANGED = "access-method-changed"
    COMMERCIAL_CHANGED = "commercial-changed"
    SUBLICENSING_CHANGED = "sublicensing-changed"
    ORGANISATION_TYPE_CHANGED = "organisation-type-changed"
    CONTROLLER_ADDED = "controller-added"
    CONTROLLER_REMOVED = "controller-removed"
    CONTROLLER_SUCCEEDED = "controller-succeeded"
    TITLE_CHANGED = "title-changed"
    TEXT_CHANGED = "text-changed"
    DISCUSSION_ADDED = "discussion-added"
    INCIDENT_NOTED = "incident-noted"
    INCIDENT_REMOVED = "incident-removed"
    FLAG_RAISED = "flag-raised"
    FLAG_CLEARED = "flag-cleared"
    FILES_COUNT_CHANGED = "files-count-changed"
    LAYOUT_CHANGED = "layout-changed"
    WORDING_CHANGED = "wording-changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact that differs on one page, before it is known whose page that is and when it was seen."""

    kind: ChangeKind
    severity: Severity
    field: str | None = None
    before: Any = None
    after: Any = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    families: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    substantive: bool = True
    old_body: str | None = None
    """SHA-256 of the last body that showed what was there before, where that is not the page's previous one."""
    words: tuple[str, ...] = ()
    """What the summary needs beside the values: other pairs of dates, printed forms of unknown bases, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change, as it is kept and told. Sets are sorted tuples; times are UTC, `2025-02-01T03:00:00Z`."""

    kind: ChangeKind
    severity: Severity
    substantive: bool
    organisation: str | None
    page: str | None
    reference: str | None
    title: str | None
    field: str | None
    before: Any
    after: Any
    added: tuple[str, ...]
    removed: tuple[str, ...]
    families: tuple[tuple[str, ...], tuple[str, ...]] | None
    summary: str
    first_seen: str
    run: int
    snapshot_before: str | None
    snapshot_after: str | None
    fact: str
    """Id of the first listing of this fact: two changes that say the same have the same."""
    n: int = 0
    """How often the same fact was listed before."""
    group: str | None = None
    """Id of the group that this change *is*."""
    member_of: str | None = None
    """Id of the group that this change belongs to; such a change is not listed by itself."""
    agreements: int = 1
    withdrawn: bool = False
    members: tuple["Change", ...] = dataclasses.field(default=(), repr=False)
    also_on: tuple[str, ...] = ()
    """Names of further organisations on whose pages the same fact was seen in the same run."""
    words: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return the id: for ever the same for the same fact."""
        return self.group or (fact_id(self, self.n) if self.n else self.fact)

    def sort_key(self) -> tuple[Any, ...]:
        """Return the order of the public list: newest, severity, organisation, reference, kind, id."""
        newest = tuple(-ord(c) for c in self.first_seen)
        who = (self.organisation or "", self.reference or "")
        return (newest, self.severity.rank, *who, self.kind.value, self.id)


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return fold(value)
    if isinstance(value, tuple | list):
        return sorted(fold(item) for item in value)
    return value


def _canonical(array: list[Any]) -> str:
    return json.dumps(array, ensure_ascii=False, separators=(",", ":"))


def fact_id(says: "Difference | Change", n: int, key: str | None = None) -> str:
    """Return the id of the *n*-th listing (0 first) of a fact.

    Args:
        says: What differs.
        n: How often the same was listed before.
        key: Reference or slug; that of *says* where it has one.
    """
    if isinstance(says, Change):
        key = says.page if says.reference is None else says.reference
    values = [_folded(value) for value in (says.before, says.after, says.added, says.removed)]
    return _digest(_canonical([says.kind.value, key, says.field, *values, n]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def group_id(kind: str, field: str | None, added: Any, removed: Any, before: Any, after: Any, date: str) -> str:
    """Return the id of a group: the same edit on the same day is one group, whoever it touches."""
    values = [_folded(value) for value in (tuple(added), tuple(removed), before, after)]
    return _digest(_canonical(["group", str(kind), field, *values, date]))


def _public(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def change_to_json(change: Change) -> dict[str, Any]:
    """Return the public form of *change*: values that `json.dumps` takes, keys in public order."""
    families = None
    if change.families is not None:
        families = {"added": list(change.families[0]), "removed": list(change.families[1])}
    return {
        "id": change.id,
        "kind": change.kind.value,
        "severity": change.severity.value,
        "substantive": change.substantive,
        "organisation": change.organisation,
        "page": change.page,
        "reference": change.reference,
        "title": change.title,
        "field": change.field,
        "before": _public(change.before),
        "after": _public(change.after),
        "added": list(change.added),
        "removed": list(change.removed),
        "families": families,
        "summary": change.summary,
        "first_seen": change.first_seen,
        "run": change.run,
        "snapshot_before": change.snapshot_before,
        "snapshot_after": change.snapshot_after,
        "group": change.group,
        "agreements": change.agreements,
        "withdrawn": change.withdrawn,
    }
