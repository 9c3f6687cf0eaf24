"""One change: what it says, the words before and after, when it was seen, and the two kept pages that prove it.

Its address is for ever, so a change that was told and is no longer found has its page too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from diff.change import PUBLIC, Change
from diff.details import single
from diff.kinds import INCIDENTS, ChangeKind
from diff.saying.english import clock, day, sentence_case
from diff.saying.phrase import Phrase, Told, phrase
from diff.saying.redline import redline
from scraper.records import PROSE
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line
from snapshots.asking.changes import ChangeFilter
from snapshots.browse.app import addresses
from snapshots.browse.app.request import (
    MovedError,
    NotThereError,
    PageFile,
    PageRequest,
    PageRoute,
    PageRows,
    Reader,
    Row,
    files_beside,
)
from snapshots.browse.parts.facts import Paragraph, paragraphs_of
from snapshots.browse.parts.kept_text import Kept, kept_as
from snapshots.browse.parts.rows import change_rows, one_of
from snapshots.proving.saving import captures_by_archive
from snapshots.proving.stamps import TimeStamp, manifest_of, stamps_from

# With 8 hex digits two of 100,000 changes collide about once; several that fit are offered, not guessed at.
SHORTEST_PREFIX = 8
MOST_NAMED = 20
"""Changes that are offered where the digits given are the beginning of several."""
MOST_MEMBERS = 500
"""Members of a group on its page; its files have them all."""
LONGEST_TITLE = 110
AROUND = 1
"""Unchanged paragraphs of a redline shown before and after what changed."""

_GOES = (
    ChangeKind.AGREEMENT_REMOVED, ChangeKind.ORGANISATION_REMOVED, ChangeKind.DATASET_REMOVED,
    ChangeKind.CONTROLLER_REMOVED, ChangeKind.FLAG_CLEARED, ChangeKind.INCIDENT_REMOVED,
)  # fmt: skip
"""Kinds that say that something is gone, which is told when it is missing a second time."""


def change(request: PageRequest) -> Mapping[str, Any]:
    """Return what the page of a change shows."""
    reader = request.reader
    found = _change(request)
    members = _members(reader, found)
    # Its remarks stand on this page by themselves, in full.
    bare = replace(found, notes=())
    (row,) = change_rows(reader, [bare])
    said = phrase(Told(bare, members)) if members else row.phrase
    return {
        "title": cut(_title(found, said), LONGEST_TITLE),
        "description": cut(_sentence(found), 300),
        "change": found,
        "official": bool(found.reference and reader.answers.official.of_agreement([found.reference])),
        "row": row,
        "said": said,
        "sentence": _sentence(found),
        "kind": found.kind.row.heading,
        "seen": [(what, at, reader.row(_RUN_AT, {"at": at})) for what, at in _seen(reader, found)],
        "families": found.families,
        "notes": found.notes,
        "group": _group(reader, found),
        "redline": _redline(members[0] if members else found),
        "members": _by_page(members[:MOST_MEMBERS]),
        "left_out": len(members) - len(members[:MOST_MEMBERS]),
        "proof": _proof(request, found),
        "stamps": _stamps(reader, found),
        "cite": _cite(request, found),
        "files": _files(found),
    }


def rows_of_change(request: PageRequest) -> PageRows:
    """Return a change, of a group its members; as JSON the change itself, a group with its members in it."""
    found = _change(request)
    members = [member.to_json() for member in _members(request.reader, found)]
    return PageRows(
        name=found.id,
        columns=PUBLIC,
        rows=members if found.group else [found.to_json()],
        as_json=lambda: found.to_json() | _notes(found) | ({"members": members} if found.group else {}),
    )


def _notes(found: Change) -> dict[str, Any]:
    return {"notes": [note._asdict() for note in found.notes]} if found.notes else {}


def _members(reader: Reader, found: Change) -> list[Change]:
    """Return the members of a group, by organisation; none of any other change."""
    members = reader.answers.changes.find(ChangeFilter(group=found.id)) if found.group else []
    return sorted(members, key=lambda member: (member.organisation or "", member.page or "", member.reference or ""))


# --- which one --------------------------------------------------------------------------------------------------------


def _change(request: PageRequest) -> Change:
    """Return the change that an address names.

    Raises:
        MovedError: The beginning of its id was given.
        NotThereError: There is none, or several begin like this.
    """
    typed = request.path["id"]
    given = typed.lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_PREFIX},20}}", given):
        raise NotThereError(
            f"“{cut(one_line(typed), 60)}” is no id of a change: it has 20 digits, of which at least the first "
            f"{SHORTEST_PREFIX} are needed."
        )
    rows = request.reader.rows(
        "select id, summary from changes where id >= :given and id < :given || 'g' order by id limit :most",
        {"given": given, "most": MOST_NAMED},
    )
    if not rows:
        raise NotThereError(f"No change has an id that begins with {given}.")
    if len(rows) > 1:
        several = [(cut(one_line(row["summary"]), 200), addresses.change(row["id"])) for row in rows]
        raise NotThereError(f"Several changes have an id that begins with {given}.", several)
    # A table or a mail cuts an id to its first digits, and people type them.
    if typed != rows[0]["id"]:
        raise MovedError(addresses.change(rows[0]["id"]) + request.ending)
    return request.reader.answers.changes.find(ChangeFilter(ids=[given], editorial=True))[0]


# --- in words ---------------------------------------------------------------------------------------------------------


def _sentence(found: Change) -> str:
    sentence = one_line(found.summary)
    return sentence if sentence.endswith((".", "!", "?", ".”", '."')) else f"{sentence}."


def _title(found: Change, said: Phrase) -> str:
    """Return a title that says who and what: "ECDS added, Meridian Outcomes Research Ltd"."""
    what = sentence_case(said.short)
    where = one_line(found.organisation or found.page or "")
    return f"{what}, {where}" if where and not found.is_same_edit else what


def _files(found: Change) -> dict[str, str]:
    address = addresses.change(found.id)
    return ({"csv": f"{address}.csv"} if found.group else {}) | {"json": f"{address}.json"}


def _group(reader: Reader, found: Change) -> Mapping[str, Any] | None:
    """Return id, words and remarks of the group that a change belongs to, if it does."""
    group = reader.value(
        """
        select groups.id
        from change_groups
        join changes as groups on groups.id = change_groups.group_id
        where change_groups.change_id = :id
        order by groups.withdrawn
        """,
        {"id": found.id},
    )
    if group is None:
        return None
    (whole,) = reader.answers.changes.find(ChangeFilter(ids=[group], editorial=True))
    return {"id": whole.id, "words": one_of(whole), "notes": whole.notes}


def _cite(request: PageRequest, found: Change) -> str:
    """Return a sentence that names the change, its proof and where both are kept."""
    seen = f"first seen on {day(found.first_seen)}, {clock(found.first_seen)} UTC"
    proof = f" (SHA-256 of the page {found.snapshot_after})" if found.snapshot_after else ""
    base = request.site.base_url
    address = f", {base.rstrip('/')}{addresses.change(found.id)}" if base else ""
    kept = f"Kept by registerwatch, change {found.id}{address}"
    return f"{_sentence(found).removesuffix('.')}: {seen}{proof}. {NHS_DATA_RELEASE.credit} {kept}"


def _by_page(members: Sequence[Change]) -> list[tuple[str, str | None, list[Change]]]:
    """Return name and page of each organisation with its members."""
    found: dict[tuple[str, str | None], list[Change]] = {}
    for member in members:
        found.setdefault((member.organisation or member.page or "", member.page), []).append(member)
    return [(name, page, own) for (name, page), own in found.items()]


# --- when -------------------------------------------------------------------------------------------------------------


def _seen(reader: Reader, found: Change) -> list[tuple[str, str]]:
    """Return when what the change says was seen: of a removal last there, missing, and missing again."""
    told, last = found.first_seen, _last_there(reader, found)
    missing = _first_missing(reader, found, last) if last else None
    if last and missing and last < missing < told:
        return [("Last seen there", last), ("First missing", missing), ("Missing again, and told", told)]
    if found.kind in _GOES and last and last < told:
        return [("Last seen there", last), ("Missing, and told", told)]
    return [("First seen", told)]


def _last_there(reader: Reader, found: Change) -> str | None:
    gone = found.kind in _GOES or (found.before is not None and found.after is None and not found.group)
    if not gone or not found.snapshot_before:
        return None
    last: str | None = reader.value(
        "select max(last_seen) from snapshots where body = :body and page = :page and first_seen < :told",
        {"body": found.snapshot_before, "page": found.page, "told": found.first_seen},
    )
    return last


def _first_missing(reader: Reader, found: Change, last: str) -> str | None:
    """Return when the page was first read without it, or was first missing itself."""
    missing: str | None = reader.value(
        """
        select min(at) from (
          select first_seen as at from snapshots where page = :page and not stale and first_seen > :last
          union all
          select ended from agreement_versions where page = :page and ended > :last
        )
        """,
        {"page": found.page, "last": last},
    )
    return missing


_RUN_AT = "select id, kind from runs where captured_at = :at"


# --- redline ----------------------------------------------------------------------------------------------------------


def _redline(found: Change) -> Sequence[Paragraph]:
    """Return the prose word by word; nothing for what is no prose."""
    if found.field not in PROSE or found.kind in INCIDENTS or not (found.before or found.after):
        return []
    return paragraphs_of(redline(single(found.before), single(found.after)), around=AROUND)


# --- proof ------------------------------------------------------------------------------------------------------------


def _proof(request: PageRequest, found: Change) -> list[Row]:
    """Return the kept pages behind a change, the earlier first; a side that there is none of says so."""
    if not (found.snapshot_before or found.snapshot_after):
        return []
    both = [sha256 for sha256 in (found.snapshot_before, found.snapshot_after) if sha256]
    archived = captures_by_archive(request.reader.db, both)
    return [
        {
            "name": name,
            "sha256": sha256,
            "kept": _kept(request, found, sha256),
            "missing": missing,
            "archived": archived.get(sha256 or ""),
        }
        for name, sha256, missing in (
            ("Before", found.snapshot_before, "No page was read before."),
            ("After", found.snapshot_after, "There was no page to keep."),
        )
    ]


def _stamps(reader: Reader, found: Change) -> list[TimeStamp]:
    """Return who time-stamped the chain first since the run that showed a change."""
    number = manifest_of(reader.db, found.run)
    return [] if number is None else stamps_from(reader.db, number)


def _kept(request: PageRequest, found: Change, sha256: str | None) -> Kept | None:
    """Return the period in which these bytes stood on the page that the change is about."""
    periods = kept_as(request.reader, request.site, sha256) if sha256 else []
    # The same bytes may have stood on another page too, or come back later: meant is the reading that was told.
    near = [kept for kept in periods if kept.page == found.page] or periods
    seen = [kept for kept in near if kept.first_seen <= found.first_seen] or near
    return seen[-1] if seen else None


def all_changes(_: PageRequest) -> PageFile:
    """Lead to the front page, which lists the changes."""
    raise MovedError("/")


ROUTES = (
    PageRoute("/changes", all_changes),
    *files_beside("/changes/{id}", rows_of_change),
    PageRoute("/changes/{id}", change, "change.html"),
)
