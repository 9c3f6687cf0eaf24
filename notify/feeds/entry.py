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
from diff.saying.redline import Run, excerpt
from diff.saying.sentence import NAMES
from scraper.records import PROSE
from scraper.register import NHS_DATA_RELEASE
from scraper.text import cut, one_line

TAG = "tag:registerwatch.invalid,2026:"
"""Begins every id, for ever (RFC 4151). It is a name and no address: `.invalid` can never be anybody's."""

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
    parts = [_withdrawn(change), _what(change), _values(change, members), _members(here), _seen(change)]
    return Entry(
        id=f"{TAG}change/{change.id}",
        title=cut(one_line(change.summary), LONGEST_TITLE),
        first_seen=change.first_seen,
        html="".join([*parts, f"<p><small>{escape(NHS_DATA_RELEASE.credit)}</small></p>"]),
        tags=(change.kind, f"severity-{change.severity}"),
    )


def _safe(text: object, longest: int = LONGEST_VALUE) -> str:
    return escape(cut(one_line(str(text)), longest))


def _marked(mark: str, text: object) -> str:
    sign = _SIGNS.get(mark)
    return f"<{sign}>{_safe(text)}</{sign}>" if sign else _safe(text)


def _withdrawn(change: Change) -> str:
    if not change.withdrawn:
        return ""
    return "<p>Withdrawn: the kept pages no longer show this change. It stays here because it was told.</p>"


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
        whose = " in the first of them" if members else ""
        return f"<p>{name}{whose}:</p><blockquote><p>{_running(runs)}</p></blockquote>" if runs else ""
    lines = _lines(change, example)
    if not lines:
        return ""
    label = f"<p>{name}:</p>" if name else ""
    own_words = "<p>These are the register page’s own words.</p>" if _quotes(change) else ""
    return f"{label}<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>{own_words}"


def _running(runs: Iterable[Run]) -> str:
    return " ".join(_marked(run.mark, run.text) for run in runs)


def _quotes(change: Change) -> bool:
    return bool(change.kind.startswith(("incident-", "flag-")))


def _lines(change: Change, example: Change) -> list[str]:
    """Return what went, what came and what stays, a line for each."""
    if change.kind in (ChangeKind.DATASET_RELABELLED, ChangeKind.CONTROLLER_SUCCEEDED):
        return _relabelled(example)
    before, after = change.before, change.after
    if change.kind is ChangeKind.ORGANISATION_RENAMED:
        before, after = (side[0] if isinstance(side, tuple) else side for side in (before, after))
    elif change.kind is ChangeKind.AGREEMENT_MOVED:
        return _listed(moved_values(example))
    elif isinstance(before, tuple) or isinstance(after, tuple) or change.added or change.removed:
        return _listed([(mark, _spelled(change, value)) for mark, value in set_values(change)])
    if before in (None, "") and after in (None, ""):
        return []
    was, now = (("nothing printed" if v in (None, "") else _marked(m, v)) for m, v in (("out", before), ("in", after)))
    return [f"{was} → {now}"]


def _relabelled(example: Change) -> list[str]:
    """Return the two names; the old one may stay, the new one may have been there."""
    return [" → ".join(_marked(mark, name) for mark, name in renamed_values(example))]


def _listed(lines: Sequence[tuple[str, str]]) -> list[str]:
    shown = [_marked(mark, value) for mark, value in lines[:MOST_VALUES]]
    return shown + [f"and {len(lines) - MOST_VALUES} more"] * (len(lines) > MOST_VALUES)


def _spelled(change: Change, value: str) -> str:
    return basis_in_words(value) if change.field == "legal_bases" else value


def _members(here: Sequence[Change]) -> str:
    if not here:
        return ""
    lines = [f"<code>{_safe(member.reference)}</code>, {_safe(member.organisation)}" for member in here]
    shown = lines[:MOST_MEMBERS] + [f"and {len(lines) - MOST_MEMBERS} more"] * (len(lines) > MOST_MEMBERS)
    return f"<p>Among them, for this feed:</p><ul>{''.join(f'<li>{line}</li>' for line in shown)}</ul>"


def _seen(change: Change) -> str:
    kept = (("before", change.snapshot_before), ("after", change.snapshot_after))
    sums = ", ".join(f"{word} <code>{escape(sha256)}</code>" for word, sha256 in kept if sha256)
    proof = f" SHA-256 of the kept pages: {sums}." if sums else ""
    return f"<p><small>First seen on {day(change.first_seen)}, {clock(change.first_seen)} UTC.{proof}</small></p>"
