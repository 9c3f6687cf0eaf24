"""A change as a value: its kind, its severity, its id, its public form (docs/records.md).

What a change *says* decides its id; when it was seen and from which bytes does not. So a rebuild of the database, a
backfill and another order of import find the same ids, and nobody is told twice.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple, Self

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


Value = str | int | tuple[str, ...] | None
"""What a field held: a single value, a set as a sorted tuple, prose; None where there was nothing."""


def single(value: Value) -> str:
    """Return a single value as text, empty where there is none."""
    return "" if value is None or isinstance(value, tuple) else str(value)


def several(value: Value) -> tuple[str, ...]:
    """Return the values of a set, none where it is no set."""
    return value if isinstance(value, tuple) else ()


class Families(NamedTuple):
    """The families of legal bases that came and those that went."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


class Span(NamedTuple):
    """A printed term or a release window: dates as precise as printed, None where none is printed."""

    start: str | None
    end: str | None
    word: str | None = None
    """What stands where a date should: `No`, `ongoing`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Facts that the summary says and no other field has; never part of the id. What does not apply is left out."""

    words_out: int | None = None
    """Of prose how many words went, how many came, and the first of each where the text first differs."""
    words_in: int | None = None
    first_out: str | None = None
    first_in: str | None = None
    term_before: Span | None = None
    term_after: Span | None = None
    """The whole printed term, of which `before` and `after` are one date."""
    window_before: Span | None = None
    """The whole release window where there is none after it, or none was before it."""
    window_after: Span | None = None
    name_before: str | None = None
    """Of a group the old and the new name: its own `before` and `after` are null."""
    name_after: str | None = None
    printed: Mapping[str, str] | None = None
    """Legal basis that is not understood → its printed text."""
    page_names: Mapping[str, str] | None = None
    """Slug → organisation, of the pages that an agreement left or came to."""
    listed_again: bool | None = None
    """Whether it was told as gone before."""
    also_on: tuple[str, ...] | None = None
    """Further organisations on whose pages the same was seen in the same run."""
    organisations: int | None = None
    """At how many organisations a group is."""

    def to_json(self) -> dict[str, Any]:
        """Return what applies, as values that `json.dumps` takes."""
        if self == NO_DETAILS:
            return {}
        values = {name: getattr(self, name) for name in DETAILS}
        return {name: _detail_to_json(value) for name, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, details: Mapping[str, Any]) -> "Details":
        """Return the details of a public form; the inverse of `to_json`."""
        if not details:
            return NO_DETAILS
        spans = {name: Span(**details[name]) for name in _SPANS & details.keys()}
        return cls(**{name: read_value(value) for name, value in details.items()} | spans)


DETAILS = tuple(one.name for one in fields(Details))
"""The names of details, in public order."""
NO_DETAILS = Details()
_SPANS = {"term_before", "term_after", "window_before", "window_after"}


def _detail_to_json(value: Any) -> Any:
    if isinstance(value, Span):
        return {name: one for name, one in value._asdict().items() if name != "word" or one is not None}
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact that differs on one page, before it is known whose page that is and when it was seen."""

    kind: ChangeKind
    severity: Severity
    field: str | None = None
    before: Value = None
    after: Value = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    families: Families | None = None
    substantive: bool = True
    old_body: str | None = None
    """SHA-256 of the last body that showed what was there before, where that is not the page's previous one."""
    details: Details = NO_DETAILS


def _own(default: Any) -> Any:
    """Return a field that is no part of the public form, and by which two changes are not compared."""
    return dataclasses.field(default=default, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change, as it is kept and told; the fields down to `withdrawn` are its public form, in this order."""

    id: str
    """For ever the same for the same fact."""
    kind: ChangeKind
    severity: Severity
    substantive: bool
    """Whether people are told; the others are editorial."""
    organisation: str | None
    page: str | None
    reference: str | None
    title: str | None
    field: str | None
    before: Value
    after: Value
    added: tuple[str, ...]
    removed: tuple[str, ...]
    families: Families | None
    details: Details = dataclasses.field(default=NO_DETAILS, hash=False)  # mappings stand in them
    summary: str
    first_seen: str
    """UTC, `2025-02-01T03:00:00Z`."""
    run: int
    snapshot_before: str | None
    snapshot_after: str | None
    group: str | None = None
    """Its own id if it *is* a group."""
    agreements: int = 1
    withdrawn: bool = False
    """Whether it was told and is no longer found."""

    fact: str = _own("")
    """Id of the first listing of this fact: two changes that say the same have the same."""
    member_of: str | None = _own(None)
    """Id of the group that this change belongs to; such a change is not listed by itself."""
    members: tuple["Change", ...] = _own(())

    def sort_key(self) -> tuple[Any, ...]:
        """Return the order of the public list: newest, severity, organisation, reference, kind, id."""
        newest = tuple(-ord(c) for c in self.first_seen)
        who = (self.organisation or "", self.reference or "")
        return (newest, self.severity.rank, *who, self.kind.value, self.id)

    def to_json(self) -> dict[str, Any]:
        """Return the public form: values that `json.dumps` takes, keys in public order."""
        return {name: _to_json(getattr(self, name)) for name in PUBLIC}

    @classmethod
    def from_json(cls, public: Mapping[str, Any]) -> Self:
        """Return the change of a public form; the inverse of `to_json`."""
        values = {name: read_value(public[name]) for name in PUBLIC}
        families = public["families"]
        values["kind"], values["severity"] = ChangeKind(public["kind"]), Severity(public["severity"])
        values["families"] = None if families is None else read_families(families["added"], families["removed"])
        values["details"] = Details.from_json(public["details"])
        return cls(**values)


PUBLIC = tuple(one.name for one in fields(Change) if one.compare)
"""The fields of a change that everybody sees, in public order: keys of JSON, columns of CSV and of the export."""


def _to_json(value: Any) -> Any:
    if isinstance(value, Details):
        return value.to_json()
    if isinstance(value, Families):
        return {"added": list(value.added), "removed": list(value.removed)}
    if isinstance(value, StrEnum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def read_value(value: Any) -> Any:
    """Return a value as changes hold it: what JSON has as a list is a tuple."""
    return tuple(value) if isinstance(value, list) else value


def read_families(added: Iterable[str], removed: Iterable[str]) -> Families:
    """Return the families that came and went."""
    return Families(tuple(added), tuple(removed))


# --- ids --------------------------------------------------------------------------------------------------------------


def fact_id(says: Difference | Change, n: int, key: str | None = None) -> str:
    """Return the id of the *n*-th listing (0 first) of a fact.

    Args:
        says: What differs.
        n: How often the same was listed before.
        key: Reference or slug; that of *says* where it has one.
    """
    if isinstance(says, Change):
        key = says.page if says.reference is None else says.reference
    values = [_folded(value) for value in (says.before, says.after, says.added, says.removed)]
    return _digest([says.kind.value, key, says.field, *values, n])


def group_id(kind: str, field: str | None, added: Any, removed: Any, before: Any, after: Any, date: str) -> str:
    """Return the id of a group: the same edit on the same day is one group, whoever it touches."""
    values = [_folded(value) for value in (tuple(added), tuple(removed), before, after)]
    return _digest(["group", str(kind), field, *values, date])


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return fold(value)
    if isinstance(value, tuple | list):
        return sorted(fold(item) for item in value)
    return value


def _digest(array: list[Any]) -> str:
    text = json.dumps(array, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]
