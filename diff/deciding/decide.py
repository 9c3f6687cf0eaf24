"""One run, decided: what was believed and what was seen go in, changes and the new belief come out.

The order of the steps is the order of the questions: is each page believable, is the run, which agreement is which,
what differs in each, which of it is one register-wide edit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from diff.change import Change, fact_id
from diff.deciding.belief import Edition, PageBelief, Past, Place
from diff.deciding.grouping import Found, group_changes, join_late, merge_equal, propose_relabellings
from diff.deciding.guards import Guards, asked_for, why_held
from diff.deciding.identity import Identities, Spot
from diff.deciding.oddness import losses_of, why_not_understood, why_too_different
from diff.deciding.reorganising import GatheredMoves, gather, join_reorganisations
from diff.deciding.run import RunAtWork
from diff.deciding.sightings import JudgedPages, judge_pages, take_pages
from diff.details import NO_DETAILS, single
from diff.kinds import ChangeKind
from diff.official.versions import VersionsAtWork
from diff.saying.sentence import summarise
from scraper.names.fold import as_set, fold
from scraper.names.vocabulary import Vocabulary
from scraper.register import NHS_DATA_RELEASE, NHS_OFFICIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a run means. Of a held one nothing but `held`, `distrusted` and `cut_short` counts."""

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
    cut_short: frozenset[str] = frozenset()
    """Slugs of those among them that seem cut off on their way."""
    stale: frozenset[str] = frozenset()
    """Slugs of the pages that show what they showed earlier, be it at another address: kept, and no more."""

    @property
    def facts(self) -> list[str]:
        """Return the facts listed, members of groups among them."""
        return [fact for change in (*self.changes, *self.joined) for fact in change.facts]


def decide(
    past: Past,
    edition: Edition,
    *,
    vocabulary: Vocabulary,
    guards: Guards,
    trusted: bool = False,
    register: str = NHS_DATA_RELEASE.id,
) -> Decision:
    """Decide what *edition* means, given the *past*, which is left as it is.

    Args:
        past: What is believed.
        edition: What the run saw.
        vocabulary: Known names.
        guards: From where on a run is not believable, and an edit register-wide.
        trusted: An operator released the run: nothing in it is held back, and what it lacks needs no second sighting.
        register: Whose pages these are; the past is that of this register alone.

    Returns:
        The decision.
    """
    judge, at_work = (take_pages, VersionsAtWork) if register == NHS_OFFICIAL.id else (judge_pages, RunAtWork)
    pages = judge(past, edition, trusted=trusted)
    identities = identities_of(past, pages, trusted=trusted)
    undone = Decision(
        distrusted={slug: _why_distrusted(past, pages, slug) for slug in pages.distrusted},
        cut_short=frozenset(pages.cut_short),
        stale=pages.stale | pages.earlier.keys(),
    )
    if not trusted and (held := _why_impossible(past, edition, pages, identities, guards)):
        return replace(undone, held=held)
    run = at_work(past, pages, vocabulary, trusted=trusted)
    run.follow(identities.settle())
    gathered, joined = _gather(run, guards)
    if not trusted and (held := _why_odd(run, gathered.left, guards)):
        return replace(undone, held=held)
    decision = _tell(run, gathered, joined, guards)
    return replace(decision, distrusted=undone.distrusted, cut_short=undone.cut_short, stale=undone.stale)


def identities_of(past: Past, pages: JudgedPages, *, trusted: bool) -> Identities:
    """Return the references of a run; those on pages that show an earlier version are not gone."""
    shown = {agreement.reference for sighting in pages.earlier.values() for agreement in sighting.page.agreements}
    return Identities(past, pages.edition, trusted=trusted, shown=shown, twice=pages.twice)


def _why_impossible(
    past: Past, edition: Edition, pages: JudgedPages, identities: Identities, guards: Guards
) -> str | None:
    return why_held(
        guards,
        asked=len(asked_for(edition)),
        failed=len(pages.edition.failed),
        agreements=past.size(pages.edition.sighted | pages.edition.absent),
        gone=identities.nowhere(),
    )


def _why_odd(run: RunAtWork, found: list[Found], guards: Guards) -> str | None:
    """Return why what was compared is not believable: a field fails, or too much differs at once."""
    agreements = len(run.compared) + run.past.size(run.edition.quiet)
    lately = {one.printed.reference for one in run.compared if one.stood_on in run.edition.lately}
    losses = (
        loss for one in run.compared for loss in losses_of(one, run.pages[one.slug].places[one.printed.reference])
    )
    return why_not_understood(guards, run.compared, lambda: _unchanged(run), agreements) or why_too_different(
        guards, found, losses, lately, agreements
    )


def _unchanged(run: RunAtWork) -> Iterator[Place]:
    """Yield the agreements of the pages that were seen and not read."""
    for page in filter(None, map(run.past.page, sorted(run.edition.quiet))):
        yield from (place for place in page.places.values() if not place.gone)


def _why_distrusted(past: Past, pages: JudgedPages, slug: str) -> str:
    if slug in pages.cut_short:
        return "the page stops before </html>, which its last snapshot had"
    shown = len(pages.shrunk[slug].shrunk[0])
    return f"it shows {shown} of {past.size([slug])} agreements, the others are found nowhere else"


def _gather(run: RunAtWork, guards: Guards) -> tuple[GatheredMoves, list[Change]]:
    """Return what was found, equal facts once, new names proposed, and what belongs to groups of earlier runs."""
    late = {slug: run.past.page(slug) for slug in run.edition.read.keys() | run.edition.absent}
    keys = {slug: page.late_groups for slug, page in late.items() if page and page.late_groups}
    found, joined = join_late(run.found, keys)
    found, went = join_reorganisations(found, keys, run.vocabulary, run.size)
    joined += went
    gathered = gather(merge_equal(found), run.vocabulary, run.size, guards.group_from)
    found = propose_relabellings(gathered.left, run.past, run.edition.sighted, guards.group_from)
    for change in (*(one.change for one in found), *joined):
        if change.kind is ChangeKind.DATASET_RELABELLED and change.substantive:
            _settle(run, change)
    return replace(gathered, left=found), joined


def _tell(run: RunAtWork, gathered: GatheredMoves, joined: list[Change], guards: Guards) -> Decision:
    """Turn what was found into what is listed: groups, counts; pages that are not believed owe the groups theirs."""
    listed, groups = group_changes(gathered.left, guards.group_from)
    groups |= gathered.keys
    changes = _numbered(run.past, [*listed, *gathered.changes, *_layout_changes(run)])
    pages = run.pages | run.shown_again()
    for slug in run.judged.not_believed if groups else ():
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
        details=run.sourced(NO_DETAILS),
    )
    change = replace(plain, **facts)
    fact = fact_id(change, 0)
    return replace(change, id=fact, fact=fact, summary=summarise(change))


def _numbered(past: Past, changes: Iterable[Change]) -> list[Change]:
    """Return *changes* with how often each fact was listed before, members of groups too."""
    changes = list(changes)
    facts = {fact for change in changes for fact in change.facts}
    counts = past.listed(facts) if facts else {}

    def number(change: Change) -> Change:
        if change.members:
            change = replace(change, members=tuple(number(member) for member in change.members))
        before = 0 if change.is_of_its_day else counts.get(change.fact, 0)
        if not before:
            return change
        identity = fact_id(change, before)
        members = tuple(replace(member, member_of=identity) for member in change.members)
        return replace(change, id=identity, group=identity if change.group else None, members=members)

    return [number(change) for change in changes]
