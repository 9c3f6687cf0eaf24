"""One change: what it says, the words before and after, when it was seen, and the two kept pages that prove it.

Its address is for ever, so a change that was told and is no longer found has its page too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diff.change import PUBLIC, Change
from diff.details import single
from diff.kinds import ChangeKind
from diff.saying.english import clock, day
from diff.saying.phrase import Phrase, Told, phrase
from diff.saying.redline import Run, redline
from scraper.records import PROSE
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line
from snapshots.asking.changes import ChangeFilter
from snapshots.browse.app import addresses
from snapshots.browse.app.reader import Reader, Row
from snapshots.browse.app.request import (
    MovedError,
    NotThereError,
    PageFile,
    PageRequest,
    PageRoute,
    PageRows,
    files_beside,
)
from snapshots.browse.parts.proof import Kept, kept_as
from snapshots.browse.parts.rows import change_rows

SHORTEST_PREFIX = 8
MOST_NAMED = 20
"""Changes that are offered where the digits given are the beginning of several."""
MOST_MEMBERS = 500
"""Members of a group on its page; its files have them all."""
LONGEST_TITLE = 110
AROUND = 1
"""Unchanged paragraphs of a redline shown before and after what changed."""

_GOES = frozenset(
    {
        ChangeKind.AGREEMENT_REMOVED,
        ChangeKind.ORGANISATION_REMOVED,
        ChangeKind.DATASET_REMOVED,
        ChangeKind.CONTROLLER_REMOVED,
        ChangeKind.FLAG_CLEARED,
        ChangeKind.INCIDENT_REMOVED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A paragraph of a redline, or a number of them that are as they were."""

    runs: Sequence[Run] = ()
    unchanged: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether all of it came or went."""
        return len(self.runs) == 1 and self.runs[0].mark != "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersOf:
    """The members of a group on one page."""

    name: str
    slug: str | None
    members: Sequence[Change]


def change(request: PageRequest) -> Mapping[str, Any]:
    """Return what the page of a change shows."""
    reader = request.reader
    found = _change(request)
    members = members_of(reader, found.id) if found.group else []
    (row,) = change_rows(reader, [found])
    said = phrase(Told(found, members)) if members else row.phrase
    return {
        "title": cut(_title(found, said), LONGEST_TITLE),
        "description": cut(_sentence(found), 300),
        "change": found,
        "row": row,
        "said": said,
        "sentence": _sentence(found),
        "kind": found.kind.row.heading,
        "seen": _seen(reader, found),
        "families": found.families,
        "group": _group(reader, found),
        "redline": _redline(members[0] if members else found),
        "members": _by_page(members[:MOST_MEMBERS]),
        "left_out": len(members) - len(members[:MOST_MEMBERS]),
        "proof": _proof(request, found),
        "cite": _cite(request, found),
        "files": _files(found),
    }


def rows_of_change(request: PageRequest) -> PageRows:
    """Return a change, of a group its members; as JSON the change itself, a group with its members in it."""
    found = _change(request)
    members = [member.to_json() for member in members_of(request.reader, found.id)] if found.group else []
    rows = members if found.group else [found.to_json()]
    return PageRows(
        name=found.id,
        columns=PUBLIC,
        rows=rows,
        as_json=lambda: found.to_json() | ({"members": members} if found.group else {}),
    )


def members_of(reader: Reader, group: str) -> list[Change]:
    """Return the members of a group, by organisation."""
    ids = reader.rows("select change_id from change_groups where group_id = :group", {"group": group})
    found = reader.answers.changes.find(ChangeFilter(ids=[row["change_id"] for row in ids], editorial=True))
    return sorted(found, key=lambda one: (one.organisation or "", one.page or "", one.reference or ""))


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
    if typed != rows[0]["id"]:
        raise MovedError(addresses.change(rows[0]["id"]) + request.ending)
    return request.reader.answers.changes.find(ChangeFilter(ids=[given], editorial=True))[0]


# --- in words ---------------------------------------------------------------------------------------------------------


def _sentence(found: Change) -> str:
    sentence = one_line(found.summary)
    return sentence if sentence.endswith((".", "!", "?", ".”", '."')) else f"{sentence}."


def _title(found: Change, said: Phrase) -> str:
    """Return a title that says who and what: "ECDS added, Meridian Outcomes Research Ltd"."""
    what = said.short[:1].upper() + said.short[1:]
    where = one_line(found.organisation or found.page or "")
    return f"{what}, {where}" if where and not found.group else what


def _files(found: Change) -> dict[str, str]:
    address = addresses.change(found.id)
    return ({"csv": f"{address}.csv"} if found.group else {}) | {"json": f"{address}.json"}


def _group(reader: Reader, found: Change) -> Row | None:
    """Return the group that a change belongs to, if it does."""
    return reader.row(
        """
        select groups.id, groups.agreements
        from change_groups
        join changes as groups on groups.id = change_groups.group_id
        where change_groups.change_id = :id
        order by groups.withdrawn
        """,
        {"id": found.id},
    )


def _cite(request: PageRequest, found: Change) -> str:
    """Return a sentence that names the change, its proof and where both are kept."""
    seen = f"first seen on {day(found.first_seen)}, {clock(found.first_seen)} UTC"
    proof = f" (SHA-256 of the page {found.snapshot_after})" if found.snapshot_after else ""
    base = request.site.base_url
    address = f", {base.rstrip('/')}{addresses.change(found.id)}" if base else ""
    kept = f"Kept by registerwatch, change {found.id}{address}"
    return f"{_sentence(found).removesuffix('.')}: {seen}{proof}. {NHS_DATA_RELEASE.credit} {kept}"


def _by_page(members: Sequence[Change]) -> list[MembersOf]:
    found: dict[tuple[str, str | None], list[Change]] = {}
    for member in members:
        found.setdefault((member.organisation or member.page or "", member.page), []).append(member)
    return [MembersOf(name=name, slug=slug, members=of) for (name, slug), of in found.items()]


# --- when -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAt:
    """A time at which the register was read, and what was seen then."""

    what: str
    at: str
    run: Row | None


def _seen(reader: Reader, found: Change) -> list[SeenAt]:
    """Return when what the change says was seen: of a removal last there, missing, and missing again."""
    last, missing = _last_there(reader, found), _first_missing(reader, found)
    told = found.first_seen
    times = [("First seen", told)]
    if last and missing and last < missing < told:
        times = [("Last seen there", last), ("First missing", missing), ("Missing again, and told", told)]
    elif found.kind in _GOES and last and last < told:
        times = [("Last seen there", last), ("Missing, and told", told)]
    return [SeenAt(what=what, at=at, run=_run_at(reader, at)) for what, at in times]


def _last_there(reader: Reader, found: Change) -> str | None:
    gone = found.kind in _GOES or (found.before is not None and found.after is None and not found.group)
    if not gone or not found.snapshot_before:
        return None
    return _text(
        reader.value(
            """
            select max(last_seen) from snapshots
            where body = :body and page = :page and first_seen < :told
            """,
            {"body": found.snapshot_before, "page": found.page, "told": found.first_seen},
        )
    )


def _first_missing(reader: Reader, found: Change) -> str | None:
    """Return when the page was first read without it, or was first missing itself."""
    last = _last_there(reader, found)
    if last is None:
        return None
    return _text(
        reader.value(
            """
            select min(at) from (
              select first_seen as at from snapshots where page = :page and not stale and first_seen > :last
              union all
              select ended from agreement_versions where page = :page and ended > :last
            )
            """,
            {"page": found.page, "last": last},
        )
    )


def _run_at(reader: Reader, at: str) -> Row | None:
    return reader.row("select id, kind from runs where captured_at = :at", {"at": at})


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


# --- redline ----------------------------------------------------------------------------------------------------------


def _redline(found: Change) -> list[Passage]:
    """Return the prose word by word, with what is far from any difference left out; nothing for what is no prose."""
    if found.field not in PROSE or not (found.before or found.after):
        return []
    passages: list[Passage] = []
    paragraphs = redline(single(found.before), single(found.after)).paragraphs
    for n, runs in enumerate(paragraphs):
        near = paragraphs[max(0, n - AROUND) : n + AROUND + 1]
        if any(run.mark != "same" for one in near for run in one):
            passages.append(Passage(runs=[Run(run.mark, one_line(run.text)) for run in runs]))
        elif passages and passages[-1].unchanged:
            passages[-1] = Passage(unchanged=passages[-1].unchanged + 1)
        else:
            passages.append(Passage(unchanged=1))
    return passages


# --- proof ------------------------------------------------------------------------------------------------------------


def _proof(request: PageRequest, found: Change) -> list[Row]:
    """Return the kept pages behind a change, the earlier first; a side that there is none of says so."""
    if not (found.snapshot_before or found.snapshot_after):
        return []
    return [
        {"name": name, "sha256": sha256, "kept": _kept(request, found, sha256), "missing": missing}
        for name, sha256, missing in (
            ("Before", found.snapshot_before, "No page was read before."),
            ("After", found.snapshot_after, "There was no page to keep."),
        )
    ]


def _kept(request: PageRequest, found: Change, sha256: str | None) -> Kept | None:
    """Return the period in which these bytes stood on the page that the change is about."""
    periods = kept_as(request.reader, request.site, sha256) if sha256 else []
    near = [one for one in periods if one.page == found.page] or periods
    seen = [one for one in near if one.first_seen <= found.first_seen] or near
    return seen[-1] if seen else None


def all_changes(_asked: PageRequest) -> PageFile:
    """Lead to the front page, which lists the changes."""
    raise MovedError("/")


ROUTES = (
    PageRoute("/changes", all_changes),
    *files_beside("/changes/{id}", rows_of_change),
    PageRoute("/changes/{id}", change, "change.html"),
)
