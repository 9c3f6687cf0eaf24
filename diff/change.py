"""A change as a value: what differs, whose it is, when it was seen; its id, its public form (docs/records.md).

What a change *says* decides its id; when it was seen and from which bytes does not. So a rebuild of the database, a
backfill and another order of import find the same ids, and nobody is told twice.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple, Self

from diff.details import NO_DETAILS, Details, Families, Value, read_value
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.names.fold import fold
from scraper.register import NHS_DATA_RELEASE, NHS_OFFICIAL, page_key, register_and_slug

OFFICIAL = "official"
"""What the details of a change name as its source, where the official register says it."""


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


class ChangeNote(NamedTuple):
    """What an operator remarked on a change: "confirmed by NHS England on …", "our misreading"."""

    made_at: str
    """UTC."""
    text: str


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
    # Shown by whoever looks at a change as it is, so that an answer with another remark is another answer.
    notes: tuple[ChangeNote, ...] = dataclasses.field(default=(), compare=False)
    """What an operator remarked on it, the oldest first."""

    @property
    def register(self) -> str:
        """Which register says it."""
        return NHS_OFFICIAL.id if self.details.source == OFFICIAL else NHS_DATA_RELEASE.id

    @property
    def is_same_edit(self) -> bool:
        """Whether it is the same edit on many agreements; other changes with members are made of these."""
        return self.group is not None and not self.kind.row.gathers

    @property
    def is_of_its_day(self) -> bool:
        """Whether it says no fact of its own: its members do, and its id has the day on which they were found."""
        return self.is_same_edit or self.kind is ChangeKind.REORGANISATION

    @property
    def facts(self) -> list[str]:
        """The facts that are listed with it: its own, and its members'."""
        return [*([] if self.is_of_its_day else [self.fact]), *(member.fact for member in self.members)]

    def sort_key(self) -> tuple[Any, ...]:
        """Return the order of the public list: newest, severity, organisation, reference, kind, id."""
        newest = tuple(-ord(c) for c in self.first_seen)
        who = (self.organisation or "", self.reference or "")
        return (newest, self.severity.rank, *who, self.kind.value, self.id)

    def to_json(self) -> dict[str, Any]:
        """Return the public form: values that `json.dumps` takes, keys in public order."""
        public = {name: _to_json(getattr(self, name)) for name in PUBLIC}
        # Within, a page goes by its key; which register it is of stands in the details.
        return public | {"page": self.page and register_and_slug(self.page)[1]}

    @classmethod
    def from_json(cls, public: Mapping[str, Any]) -> Self:
        """Return the change of a public form; the inverse of `to_json`."""
        values = {name: read_value(public[name]) for name in PUBLIC}
        families = public["families"]
        values["kind"], values["severity"] = ChangeKind(public["kind"]), Severity(public["severity"])
        values["families"] = None if families is None else read_families(families["added"], families["removed"])
        values["details"] = Details.from_json(public["details"])
        if values["page"] and values["details"].source == OFFICIAL:
            values["page"] = page_key(NHS_OFFICIAL.id, values["page"])
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


def read_families(added: Iterable[str], removed: Iterable[str]) -> Families:
    """Return the families that came and went."""
    return Families(tuple(added), tuple(removed))


# --- ids --------------------------------------------------------------------------------------------------------------


def fact_id(says: Difference | Change, n: int, *, reference: str | None = None, page: str | None = None) -> str:
    """Return the id of the *n*-th listing (0 first) of a fact.

    Args:
        says: What differs.
        n: How often the same was listed before.
        reference: The agreement; that of *says* if it is a change.
        page: Key of the page; likewise.
    """
    if isinstance(says, Change):
        reference, page = says.reference, says.page
    key = register_and_slug(page)[1] if reference is None and page is not None else reference
    values = [_folded(value) for value in (says.before, says.after, says.added, says.removed)]
    # What is said of the site as a whole has no page.
    whose = page_key(says.register, "") if page is None and isinstance(says, Change) else page
    return digest([*_of_register(whose), says.kind.value, key, says.field, *values, n])


def group_id(
    kind: str, field: str | None, added: Any, removed: Any, before: Any, after: Any, date: str, *, page: str | None
) -> str:
    """Return the id of a group: the same edit on the same day is one group, whoever it touches.

    *page* is the key of one of its pages, which are all of one register.
    """
    values = [_folded(value) for value in (tuple(added), tuple(removed), before, after)]
    return digest([*_of_register(page), "group", str(kind), field, *values, date])


def _of_register(page: str | None) -> list[str]:
    """Return what ids begin with for changes of a page: nothing for the register that was there first."""
    register, _ = register_and_slug(page or "")
    return [] if register == NHS_DATA_RELEASE.id else [register]


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return fold(value)
    if isinstance(value, tuple | list):
        return sorted(fold(item) for item in value)
    return value


def digest(array: Sequence[Any]) -> str:
    """Return what ids are made of: the first 20 hex digits of the SHA-256 of *array* as JSON."""
    text = json.dumps(array, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundChanges:
    """What somebody asked for and what was found, for whoever tells it: a feed is drawn from it."""

    words: str
    """What is asked for, behind "changes"; empty for everything."""
    query: Sequence[tuple[str, str]]
    """The same as names and values of an address."""
    editorial: bool
    """Whether editorial changes are asked for, too."""
    changes: Sequence[Change]
    """The newest first."""
    examples: Mapping[str, Sequence[Change]]
    """Id of a group → its first member."""
    touched: Mapping[str, Sequence[Change]]
    """Id of a group → those of its members that it was found by; none where a group is found by what it is."""
    since: str | None
    """When the history begins."""
