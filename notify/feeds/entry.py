"""One change as an entry of a feed: its id, its title, and what a reader of feeds shows of it, as safe HTML.

An entry says the same wherever it stands, but that a group names the agreements that concern the feed it stands in.
The HTML has no attributes at all: nothing to style, to load, to follow or to run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from diff.change import Change
from diff.details import single
from diff.kinds import ChangeKind
from diff.saying.bases import basis_in_words
from diff.saying.english import clock, day
from diff.saying.phrase import moved_values, renamed_values, set_values
from diff.saying.redline import excerpt
from diff.saying.sentence import NAMES
from scraper.records import PROSE
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line

# Begins every id, for ever (RFC 4151): a name and no address, for `.invalid` can never be anybody's.
TAG = "tag:registerwatch.invalid,2026:"

LONGEST_TITLE = 500
LONGEST_VALUE = 300
LONGEST_PROSE = 300
MOST_VALUES = 30
MOST_MEMBERS = 50

_SIGNS = {"out": "del", "in": "ins"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry, in the words of none of the three formats."""

    id: str
    title: str
    first_seen: str
    html: str
    tags: tuple[str, ...]


def entry_of(change: Change, members: Sequence[Change] = (), here: Sequence[Change] = ()) -> Entry:
    """Return the entry of *change*.

    Args:
        change: What is told.
        members: Of a group all its members.
        here: Those of them that concern the feed which the entry stands in; empty in the feed of everything.
    """
    kept = (("before", change.snapshot_before), ("after", change.snapshot_after))
    sums = ", ".join(f"{word} <code>{escape(sha256)}</code>" for word, sha256 in kept if sha256)
    proof = f" SHA-256 of the kept pages: {sums}." if sums else ""
    seen = f"First seen on {day(change.first_seen)}, {clock(change.first_seen)} UTC.{proof}"
    parts = [
        # A feed reader shows what it has once seen, so that an entry which only vanished would stand there for ever.
        "<p>Withdrawn: the kept pages no longer show this change. It stays here because it was told.</p>"
        if change.withdrawn
        else "",
        _what(change),
        _values(change, members),
        _members(here),
        f"<p><small>{seen}</small></p>",
        f"<p><small>{escape(NHS_DATA_RELEASE.credit)}</small></p>",
    ]
    return Entry(
        id=f"{TAG}change/{change.id}",
        title=cut(one_line(change.summary), LONGEST_TITLE),
        first_seen=change.first_seen,
        html="".join(parts),
        tags=(change.kind, f"severity-{change.severity}"),
    )


def _safe(text: object) -> str:
    return escape(cut(one_line(str(text)), LONGEST_VALUE))


def _marked(mark: str, text: object) -> str:
    sign = _SIGNS.get(mark)
    return f"<{sign}>{_safe(text)}</{sign}>" if sign else _safe(text)


def _what(change: Change) -> str:
    severity = f"{change.severity.capitalize()} severity."
    if change.group:
        places = change.details.organisations
        at = f" at {places} {'organisation' if places == 1 else 'organisations'}" if places else ""
        return f"<p>{severity} The same edit on {change.agreements} agreements{at}.</p>"
    about = [_safe(name) for name in (change.organisation, change.title) if name]
    about += [f"<code>{_safe(change.reference)}</code>"] if change.reference else []
    return f"<p>{severity} {', '.join(about)}</p>"


def _values(change: Change, members: Sequence[Change]) -> str:
    """Return before and after; a group of prose, of renamed or of moved things shows those of its first member."""
    example = members[0] if members else change
    name = escape(NAMES.get(change.field or "", ""))
    if change.field in PROSE:
        runs = excerpt(single(example.before), single(example.after), LONGEST_PROSE)
        said = " ".join(_marked(run.mark, run.text) for run in runs)
        whose = " in the first of them" if members else ""
        return f"<p>{name}{whose}:</p><blockquote><p>{said}</p></blockquote>" if runs else ""
    lines = _lines(change, example)
    if not lines:
        return ""
    label = f"<p>{name}:</p>" if name else ""
    # What a page says of others is quoted as such: it is not our accusation.
    is_quoted = change.kind.startswith(("incident-", "flag-"))
    own_words = "<p>These are the register page’s own words.</p>" if is_quoted else ""
    return f"{label}{_list(lines)}{own_words}"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _lines(change: Change, example: Change) -> list[str]:
    """Return what went, what came and what stays, a line for each."""
    if change.kind in (ChangeKind.DATASET_RELABELLED, ChangeKind.CONTROLLER_SUCCEEDED):
        # The old one may stay, the new one may have been there.
        return [" → ".join(_marked(mark, name) for mark, name in renamed_values(example))]
    before, after = change.before, change.after
    if change.kind is ChangeKind.ORGANISATION_RENAMED:
        before, after = (side[0] if isinstance(side, tuple) else side for side in (before, after))
    elif change.kind is ChangeKind.AGREEMENT_MOVED:
        return _listed(moved_values(example))
    elif isinstance(before, tuple) or isinstance(after, tuple) or change.added or change.removed:
        spell = basis_in_words if change.field == "legal_bases" else str
        return _listed([(mark, spell(value)) for mark, value in set_values(change)])
    if before in (None, "") and after in (None, ""):
        return []
    was, now = (("nothing printed" if v in (None, "") else _marked(m, v)) for m, v in (("out", before), ("in", after)))
    return [f"{was} → {now}"]


def _listed(values: Sequence[tuple[str, str]]) -> list[str]:
    return _first([_marked(mark, value) for mark, value in values], MOST_VALUES)


def _members(here: Sequence[Change]) -> str:
    lines = [f"<code>{_safe(member.reference)}</code>, {_safe(member.organisation)}" for member in here]
    return f"<p>Among them, for this feed:</p>{_list(_first(lines, MOST_MEMBERS))}" if here else ""


def _first(lines: list[str], most: int) -> list[str]:
    return [*lines[:most], f"and {len(lines) - most} more"] if len(lines) > most else lines
