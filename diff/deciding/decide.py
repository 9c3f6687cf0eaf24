"""One run, decided: what was believed and what was seen go in, changes and the new belief come out.

The order of the steps is the order of the questions: is each page believable, is the run, which agreement is which,
what differs in each, which of it is one register-wide edit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from diff.change import Change, fact_id
from diff.deciding.belief import Edition, PageBelief, Past
from diff.deciding.grouping import group_changes, join_late, merge_equal, propose_relabellings
from diff.deciding.guards import SHRUNK_SIGHTINGS, Guards, asked_for, has_shrunk, is_stale_copy, why_held
from diff.deciding.identity import Identities, Spot
from diff.deciding.run import RunAtWork
from diff.details import single
from diff.kinds import ChangeKind
from diff.saying.sentence import summarise
from scraper.names.fold import as_set, fold
from scraper.names.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a run means. Of a held one nothing but `held` and `distrusted` counts."""

    changes: tuple[Change, ...] = ()
    """To list: single changes and groups, which hold their members."""
    joined: tuple[Change, ...] = ()
    """Members of groups of earlier runs (`member_of`), told with these."""
    pages: Mapping[str, PageBelief] = field(default_factory=dict)
    """The new belief of every page that the run says something of."""
    ended: Mapping[Spot, str] = field(default_factory=dict)
    """Places that ended, and since when: the first sighting of their absence."""
    held: str | None = None
    distrusted: Mapping[str, str] = field(default_factory=dict)
    """Slug → reason, of pages that were read but are not believed."""
    stale: frozenset[str] = frozenset()

    @property
    def facts(self) -> list[str]:
        """Return the facts listed, members of groups among them."""
        return [member.fact for change in (*self.changes, *self.joined) for member in change.members or (change,)]


def decide(past: Past, edition: Edition, *, vocabulary: Vocabulary, guards: Guards, trusted: bool = False) -> Decision:
    """Decide what *edition* means, given the *past*, which is left as it is.

    Args:
        past: What is believed.
        edition: What the run saw.
        vocabulary: Known names.
        guards: From where on a run is not believable, and an edit register-wide.
        trusted: An operator released the run: nothing in it is held back, and what it lacks needs no second sighting.

    Returns:
        The decision.
    """
    stale = frozenset(s for s, seen in edition.read.items() if (page := past.page(s)) and is_stale_copy(page, seen))
    edition = _without(edition, stale)
    distrusted = {} if trusted else _distrusted(past, edition)
    edition = _without(edition, distrusted, failed=True)
    identities = Identities(past, edition, trusted=trusted)
    reasons = {slug: _why_distrusted(past, page) for slug, page in distrusted.items()}
    held = why_held(
        guards,
        asked=len(asked_for(edition)),
        failed=len(edition.failed),
        agreements=past.size(edition.sighted | edition.absent),
        gone=identities.nowhere(),
    )
    if held and not trusted:
        return Decision(held=held, distrusted=reasons, stale=stale)
    run = RunAtWork(past, edition, vocabulary, distrusted, trusted)
    run.follow(identities.settle())
    decision = _tell(run, guards)
    return replace(decision, distrusted=reasons, stale=stale)


def _without(edition: Edition, slugs: Iterable[str], *, failed: bool = False) -> Edition:
    gone = frozenset(slugs)
    read = {slug: sighting for slug, sighting in edition.read.items() if slug not in gone}
    return replace(edition, read=read, failed=edition.failed | gone if failed else edition.failed)


def _distrusted(past: Past, edition: Edition) -> dict[str, PageBelief]:
    """Return the pages that lost nine tenths of their agreements and were not seen so often enough to believe it."""
    identities = Identities(past, edition)
    shrunk = {}
    for slug, sighting in edition.read.items():
        page = past.page(slug)
        if page and not page.gone and has_shrunk(page, sighting, identities.found_elsewhere(slug)):
            references = tuple(sorted(a.reference for a in sighting.page.agreements))
            times = page.shrunk[1] + 1 if page.shrunk[0] == references else 1
            shrunk[slug] = replace(page, shrunk=(references, times))
    return {slug: page for slug, page in shrunk.items() if page.shrunk[1] < SHRUNK_SIGHTINGS}


def _why_distrusted(past: Past, page: PageBelief) -> str:
    return f"it shows {len(page.shrunk[0])} of {past.size([page.slug])} agreements, the others are found nowhere else"


def _tell(run: RunAtWork, guards: Guards) -> Decision:
    """Turn what was found into what is listed: late members, equal facts, proposals, groups, counts."""
    late = {slug: run.past.page(slug) for slug in run.edition.read}
    keys = {slug: page.late_groups for slug, page in late.items() if page and page.late_groups}
    found, joined = join_late(run.found, keys)
    found = merge_equal(found)
    found = propose_relabellings(found, run.past, run.edition.sighted, guards.group_from)
    listed, groups = group_changes(found, guards.group_from)
    changes = _numbered(run.past, [*listed, *_layout_changes(run)])
    for change in (*(one.change for one in found), *joined):
        if change.kind is ChangeKind.DATASET_RELABELLED and change.substantive:
            _settle(run, change)
    pages = dict(run.pages)
    for slug in run.edition.failed if groups else ():
        owed = tuple((identity, key) for key, identity in groups.items())
        pages[slug] = replace(pages[slug], late_groups=(*pages[slug].late_groups, *owed))
    joined = _numbered(run.past, joined)
    return Decision(changes=tuple(changes), joined=tuple(joined), pages=pages, ended=run.ended)


def _settle(run: RunAtWork, change: Change) -> None:
    """Stop doubting an old name whose going was told with the new one."""
    old = fold(single(change.before))
    for slug, page in run.pages.items():
        place = page.places.get(change.reference or "")
        doubt = place.doubts.get("datasets") if place else None
        if place is None or doubt is None or old not in doubt.values:
            continue
        left = doubt.values - {old}
        doubts = {name: d for name, d in place.doubts.items() if name != "datasets"}
        doubts |= {"datasets": replace(doubt, values=left)} if left else {}
        datasets = as_set(name for name in place.believed.datasets or () if fold(name) != old)
        settled = replace(place, doubts=doubts, believed=replace(place.believed, datasets=datasets))
        run.pages[slug] = replace(page, places={**page.places, change.reference or "": settled})


def _layout_changes(run: RunAtWork) -> list[Change]:
    """Return what changed of the site and not of the register: one for each pair of layouts, one for the frame."""
    pairs = sorted(run.layouts.items())
    changes = [_of_site(run, field="layout", before=a, after=b, agreements=count) for (a, b), count in pairs]
    added, removed = run.edition.frame_added, run.edition.frame_removed
    return [*changes, _of_site(run, field="frame", added=added, removed=removed)] if added or removed else changes


def _of_site(run: RunAtWork, **facts: Any) -> Change:
    plain = Change(
        id="",
        kind=ChangeKind.LAYOUT_CHANGED,
        severity=ChangeKind.LAYOUT_CHANGED.row.usual,
        substantive=False,
        organisation=None,
        page=None,
        reference=None,
        title=None,
        field=None,
        before=None,
        after=None,
        added=(),
        removed=(),
        families=None,
        summary="",
        first_seen=run.edition.time,
        run=run.edition.run,
        snapshot_before=None,
        snapshot_after=None,
    )
    change = replace(plain, **facts)
    fact = fact_id(change, 0)
    return replace(change, id=fact, fact=fact, summary=summarise(change))


def _numbered(past: Past, changes: Iterable[Change]) -> list[Change]:
    """Return *changes* with how often each fact was listed before, members of groups too."""
    changes = list(changes)
    facts = {member.fact for change in changes for member in change.members or (change,)}
    counts = past.listed(facts) if facts else {}

    def number(change: Change) -> Change:
        if change.members:
            return replace(change, members=tuple(number(member) for member in change.members))
        before = counts.get(change.fact, 0)
        return replace(change, id=fact_id(change, before)) if before else change

    return [number(change) for change in changes]
