"""One believable run at work: each reference is followed, each page looked at, and what differs is gathered.

Nothing is told here: `decide` makes changes, groups and a decision of what was found.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from diff.change import Change, Difference, fact_id
from diff.deciding.belief import Doubt, PageBelief, Past, Place, Sighting
from diff.deciding.compare import compare_place, first_belief
from diff.deciding.comparing.forms import folded_form, part_of
from diff.deciding.controllers import has_name, splitter_of
from diff.deciding.grouping import Found, still_owed
from diff.deciding.identity import Fate, Spot, Verdict, is_baseline, is_new, lacked_before
from diff.deciding.oddness import ComparedPlace
from diff.deciding.sightings import JudgedPages, seen_again, with_version
from diff.deciding.texts import compare_remainders
from diff.details import Details, single
from diff.kinds import INCIDENTS, ChangeKind
from diff.saying.redline import edit_of, redline, text_details
from diff.saying.sentence import summarise
from diff.severity import Severity
from scraper.fields import Comparing
from scraper.names.fold import fold
from scraper.names.name_lists import NameSplitter
from scraper.names.vocabulary import Vocabulary
from scraper.reading.frame import Frame
from scraper.records import FIELDS, Agreement


class RunAtWork:
    """One believable run at work: places and pages get their new belief, what differs is gathered in `found`."""

    def __init__(self, past: Past, pages: JudgedPages, vocabulary: Vocabulary, *, trusted: bool) -> None:
        self.past = past
        self.judged = pages
        self.edition = pages.edition
        self.vocabulary = vocabulary
        self.trusted = trusted
        self.compared: list[ComparedPlace] = []
        self.pages: dict[str, PageBelief] = {}
        self.places: dict[str, dict[str, Place]] = {}
        self.found: list[Found] = []
        self.layouts: Counter[tuple[str, str]] = Counter()
        self.ended: dict[Spot, str] = {}

    def follow(self, fates: list[Fate]) -> None:
        """Carry out what became of each reference, compare what stays, then look at the pages themselves."""
        for fate in fates:
            self._begin(fate)
            self._end(fate)
            self._tell_fate(fate)
        begun = {(slug, fate.reference) for fate in fates for slug in fate.new_on}
        for slug, sighting in self.edition.read.items():
            for agreement in sighting.page.agreements:
                if (slug, agreement.reference) not in begun:
                    place = self._page(slug).places[agreement.reference]
                    self._compare(slug, agreement, place, self._page(slug).body)
        heirs = self._heirs(fates)
        for slug, sighting in self.edition.read.items():
            self._look_at_page(slug, sighting, heirs)
        for slug in self.edition.absent:
            self._look_at_absence(slug, heirs)
        for slug in self.edition.failed:
            self.pages[slug] = self.judged.distrusted.get(slug) or self._page(slug)
        for slug in self.places.keys() - self.pages.keys():  # changed from afar: their agreements moved to them unread
            self.pages[slug] = replace(self._page(slug), places=self.places[slug])

    def shown_again(self) -> dict[str, PageBelief]:
        """Return what is believed of the pages that show an earlier version of themselves."""
        return {
            slug: seen_again(
                self.pages.get(slug) or self._page(slug), sighting, self.judged.versions[slug], self.edition.time
            )
            for slug, sighting in self.judged.earlier.items()
        }

    @cached_property
    def splitter(self) -> NameSplitter:
        """What takes lists of controllers apart, and knows what heads pages; on most nights nobody asks."""
        return splitter_of(self.past, self.edition, self.vocabulary)

    # --- the past at hand ---------------------------------------------------------------------------------------------

    def _page(self, slug: str) -> PageBelief:
        """Return what is believed of a page; of one never asked for, whether that itself is news."""
        return self.past.page(slug) or PageBelief(slug=slug, lacked_before=self.past.any_complete)

    def size(self, slug: str) -> int:
        """Return how many agreements stand on a page now."""
        return len(self.pages[slug].standing)

    def _organisation(self, slug: str) -> str:
        sighting = self.edition.read.get(slug)
        return sighting.page.organisation if sighting else self._page(slug).organisation

    def _body(self, slug: str) -> str | None:
        sighting = self.edition.read.get(slug)
        return sighting.body if sighting else self._page(slug).body

    def _layout(self, slug: str) -> str:
        sighting = self.edition.read.get(slug)
        return sighting.page.layout if sighting else self._page(slug).layout

    def _printed(self, slug: str, reference: str) -> Agreement:
        """Return an agreement as its page prints it now, or printed it when it was last read."""
        sighting = self.edition.read.get(slug)
        if sighting is None:
            return self._page(slug).places[reference].believed
        return next(a for a in sighting.page.agreements if a.reference == reference)

    def _is_sure(self, slug: str) -> bool:
        """Say whether what a page lacks needs no second sighting."""
        return self.trusted or slug in self.judged.twice

    def _put(self, slug: str, reference: str, place: Place | None) -> None:
        """Note the new belief of a place. None: its history goes on elsewhere."""
        places = self.places.setdefault(slug, dict(self._page(slug).places))
        if place is None:
            places.pop(reference, None)
        else:
            places[reference] = place

    # --- agreements ---------------------------------------------------------------------------------------------------

    def _begin(self, fate: Fate) -> None:
        """Begin places: from the belief of where the agreement stood before, or from what is printed."""
        for slug in fate.new_on:
            printed = self._printed(slug, fate.reference)
            if fate.verdict is Verdict.MOVED and fate.origin:
                origin_slug, origin_reference = fate.origin
                origin = self._page(origin_slug)
                place = replace(origin.places[origin_reference], arrived=False)
                self._compare(slug, printed, place, origin.body, stood_on=origin_slug)
                continue
            place = first_belief(printed, self._layout(slug))
            if fate.verdict is Verdict.UNSETTLED:
                known = self._page(slug).places.get(fate.reference)
                baseline = known.baseline if known and known.arrived else is_baseline(self.past.page(slug), self.past)
                place = replace(place, arrived=True, baseline=baseline)
            self._put(slug, fate.reference, place)

    def _end(self, fate: Fate) -> None:
        """End places that were left, and note those where the agreement is missing for the first time."""
        name = fate.origin[1] if fate.origin else fate.reference
        for slug in fate.left:
            place = self._page(slug).places[name]
            self.ended[slug, name] = place.missing_since or self.judged.twice.get(slug) or self.edition.time
            told_gone = fate.verdict is Verdict.REMOVED
            self._put(slug, name, replace(place, gone=True, missing_since=None, doubts={}) if told_gone else None)
        for slug in fate.doubted:
            place = self._page(slug).places[name]
            last_body = place.missing_body if place.missing_since else self._page(slug).body
            since = place.missing_since or self.edition.time
            self._put(slug, name, replace(place, missing_since=since, missing_body=last_body))

    def _compare(
        self, slug: str, printed: Agreement, place: Place, old_body: str | None, *, stood_on: str | None = None
    ) -> None:
        differences, now = compare_place(
            place,
            printed,
            layout=self._layout(slug),
            old_body=old_body or "",
            vocabulary=self.vocabulary,
            frame=Frame(self.edition.frame, self._organisation(slug)),
            splitter=self.splitter,
            forms=self._forms(place.believed, printed),
            sure=self._is_sure(slug),
        )
        self.compared.append(
            ComparedPlace(slug, stood_on or slug, self._layout(slug), place, printed, is_same=now is place)
        )
        self._put(slug, printed.reference, now)
        had = {fold(name): name for name in place.believed.datasets or ()}
        went = frozenset(had.keys() - {fold(name) for name in printed.datasets or ()})
        for difference in differences:
            if not self._told_from_another_page(slug, printed.reference, difference, now):
                self._find(slug, difference, printed.reference, printed.title, had=had, went=went, old_body=old_body)

    def _forms(self, _believed: Agreement, _printed: Agreement) -> Callable[[Agreement], Mapping[str, str]]:
        """Return what gives the folded forms of two states of an agreement."""
        return self.judged.forms.of

    def _told_from_another_page(self, slug: str, reference: str, difference: Difference, now: Place) -> bool:
        """Say whether another page of this agreement showed the same earlier, and it was told then."""
        others = [
            self._page(other).places[reference].believed
            for other in self.past.standing_on(reference) - {slug}
            if reference in self._page(other).places
        ]
        agreeing = any(_agrees(other, now.believed, difference) for other in others)
        return agreeing and self._was_listed(difference, slug, reference)

    def _was_listed(self, difference: Difference, slug: str, reference: str) -> bool:
        fact = fact_id(difference, 0, reference=reference, page=slug)
        return bool(self.past.listed([fact]).get(fact))

    def _tell_fate(self, fate: Fate) -> None:
        """Tell what became of a reference, once for each page it is news on."""
        if not fate.told:
            return
        title = self._title(fate)
        if fate.reference_changed and fate.origin:
            page, before = fate.origin
            facts: dict[str, Any] = {"field": "reference", "before": before, "after": fate.reference}
            respelt = Difference(kind=ChangeKind.REFERENCE_CHANGED, severity=Severity.LOW, **facts)
            # Another page of it may have shown the new spelling earlier.
            if not (self.past.standing_on(fate.reference) and self._was_listed(respelt, page, fate.reference)):
                for slug in fate.new_on:
                    self._find(slug, respelt, fate.reference, title, old_body=self._page(slug).body)
        if fate.verdict is Verdict.ADDED:
            details = Details(listed_again=fate.listed_again or None)
            for slug in fate.new_on:
                self._find_plain(ChangeKind.AGREEMENT_ADDED, slug, fate.reference, title, details=details)
        elif fate.verdict is Verdict.REMOVED:
            for slug in fate.left:
                gone = self._page(slug).places[fate.reference]
                self._find_plain(ChangeKind.AGREEMENT_REMOVED, slug, fate.reference, title, old_body=gone.missing_body)
        elif fate.verdict in (Verdict.MOVED, Verdict.ALSO) and fate.before != fate.after:
            names = {slug: self._organisation(slug) for slug in (*fate.before, *fate.after)}
            self._find_plain(
                ChangeKind.AGREEMENT_MOVED,
                fate.after[0],
                fate.reference,
                title,
                before=fate.before,
                after=fate.after,
                details=Details(page_names=names),
                old_body=self._last_body(fate.before[0], fate.origin[1] if fate.origin else fate.reference),
            )

    def _last_body(self, slug: str, reference: str) -> str | None:
        """Return the last bytes of a page that showed this agreement."""
        page = self._page(slug)
        place = page.places.get(reference)
        return (place.missing_body if place else None) or page.body

    def _title(self, fate: Fate) -> str | None:
        if fate.new_on:
            return self._printed(fate.new_on[0], fate.reference).title
        return self._page(fate.before[0]).places[fate.reference].believed.title

    # --- pages --------------------------------------------------------------------------------------------------------

    def _heirs(self, fates: list[Fate]) -> dict[str, str]:
        """Return absent page → new page, where all agreements of the one now stand on the other."""
        moved: dict[str, dict[str, tuple[str, ...]]] = {}
        for fate in fates:
            for slug in fate.left if fate.verdict is Verdict.MOVED and fate.origin else ():
                moved.setdefault(slug, {})[fate.origin[1] if fate.origin else ""] = fate.after
        heirs = {}
        for slug in self.edition.absent & moved.keys():
            targets = set(moved[slug].values())
            if moved[slug].keys() == self._page(slug).standing and len(targets) == 1:
                (after,) = targets
                if len(after) == 1 and is_new(self.past.page(after[0])):
                    heirs[slug] = after[0]
        return heirs

    def _tell_page_came(self, slug: str, *, again: bool) -> None:
        self._find_plain(ChangeKind.ORGANISATION_ADDED, slug, details=Details(listed_again=again or None))

    def _tell_page_went(self, slug: str) -> None:
        self._find_plain(ChangeKind.ORGANISATION_REMOVED, slug)

    def _look_at_page(self, slug: str, sighting: Sighting, heirs: Mapping[str, str]) -> None:
        """Compare what stands on the page beside its agreements, and note what is believed of it now."""
        before, page = self._page(slug), sighting.page
        flag_doubt = None
        remainder, remainder_doubt = page.remainder, None
        places = self.places.get(slug, before.places)
        if is_new(self.past.page(slug)) or before.gone:
            if before.gone or (lacked_before(self.past.page(slug), self.past) and slug not in heirs.values()):
                self._tell_page_came(slug, again=before.gone)
        else:
            flag_doubt = self._compare_page(before, sighting)
            remainder, remainder_doubt = self._compare_remainder(before, sighting)
        self.pages[slug] = replace(
            before,
            organisation=page.organisation,
            layout=page.layout,
            files_disseminated=before.files_disseminated
            if page.files_disseminated is None
            else page.files_disseminated,
            flags=before.flags if flag_doubt or page.layout in NO_FLAGS else page.flags,
            flag_doubt=flag_doubt,
            remainder=remainder,
            remainder_doubt=remainder_doubt,
            edges=self.edition.edges.get(slug, before.edges),
            body=sighting.body,
            spelling=sighting.spelling,
            places=places,
            absent_since=None,
            gone=False,
            shrunk=((), 0),
            closes=bool(sighting.closes),
            unended=("", 0),
            versions=with_version(before, self.judged.versions[slug]),
            returned="",
            returned_since="",
            late_groups=still_owed(before.late_groups) if any(place.doubts for place in places.values()) else (),
        )

    def _compare_page(self, before: PageBelief, sighting: Sighting) -> str | None:
        """Tell what differs on the page itself; return the body that last showed its flag, if that is in doubt."""
        slug, page = before.slug, sighting.page
        if fold(before.organisation) != fold(page.organisation):
            facts: dict[str, Any] = {"before": before.organisation, "after": page.organisation}
            self._find_plain(ChangeKind.ORGANISATION_RENAMED, slug, field="organisation", **facts)
        count, count_before = page.files_disseminated, before.files_disseminated
        if count is not None and count_before is not None and count != count_before:
            facts = {"field": "files_disseminated", "before": count_before, "after": count}
            self._find_plain(ChangeKind.FILES_COUNT_CHANGED, slug, **facts)
        if before.layout != page.layout:
            self.layouts[before.layout, page.layout] += len(page.agreements)
        if page.layout in NO_FLAGS or before.flags is None:
            return before.flag_doubt
        if page.flags and not before.flags:
            self._find_plain(ChangeKind.FLAG_RAISED, slug, field="flags", after="\n".join(page.flags))
        elif before.flags and not page.flags:
            if not before.flag_doubt and not self._is_sure(slug):
                return before.body
            facts = {"field": "flags", "before": "\n".join(before.flags), "old_body": before.flag_doubt}
            self._find_plain(ChangeKind.FLAG_CLEARED, slug, **facts)
        return None

    def _compare_remainder(self, before: PageBelief, sighting: Sighting) -> tuple[str | None, Doubt | None]:
        """Tell what differs in the lines outside the agreements; return what is believed of them, what is doubted."""
        old = Frame(self.edition.frame, before.organisation).without(before.remainder)
        doubt = before.remainder_doubt or Doubt(frozenset(), before.body or "")
        outcome = compare_remainders(
            old, sighting.page.remainder, doubt.values, self.vocabulary, sure=self._is_sure(before.slug)
        )
        for difference in outcome.found:
            self._find(before.slug, difference, None, None, old_body=doubt.body)
        return outcome.believed, Doubt(outcome.missing, doubt.body) if outcome.missing else None

    def _look_at_absence(self, slug: str, heirs: Mapping[str, str]) -> None:
        page = self._page(slug)
        if slug in heirs:
            heir = heirs[slug]
            facts: dict[str, Any] = {"before": (page.organisation, slug), "after": (self._organisation(heir), heir)}
            self._find_plain(ChangeKind.ORGANISATION_RENAMED, heir, field="organisation", **facts)
        elif page.absent_since or self.trusted:
            self._tell_page_went(slug)
        gone = slug in heirs or page.absent_since is not None or self.trusted
        places = self.places.get(slug, page.places)
        since = page.absent_since or self.edition.time
        self.pages[slug] = replace(page, places=places, absent_since=since, gone=gone)

    # --- findings -----------------------------------------------------------------------------------------------------

    def _find_plain(
        self,
        kind: ChangeKind,
        slug: str,
        reference: str | None = None,
        title: str | None = None,
        **facts: Any,
    ) -> None:
        row = kind.row
        difference = Difference(kind=kind, severity=row.usual, substantive=not row.editorial, **facts)
        self._find(slug, difference, reference, title, old_body=self._page(slug).body)

    def _find(
        self,
        slug: str,
        difference: Difference,
        reference: str | None,
        title: str | None,
        *,
        old_body: str | None,
        had: Mapping[str, str] | None = None,
        went: frozenset[str] = frozenset(),
    ) -> None:
        edit = _fold_edit(difference)
        if difference.kind is ChangeKind.TEXT_CHANGED:
            reworded = redline(single(difference.before), single(difference.after))
            words = difference.details.watch_words
            difference = replace(difference, details=replace(text_details(reworded), watch_words=words))
            edit = edit_of(reworded)
        elif difference.kind in INCIDENTS:
            edit = _fold_sides(difference)
        change = self._change(slug, difference, reference, title, difference.old_body or old_body)
        change = replace(change, summary=summarise(change))
        self.found.append(Found(change=change, edit=edit, slug=slug, had=had or {}, went=went))

    def _change(
        self, slug: str, difference: Difference, reference: str | None, title: str | None, old_body: str | None
    ) -> Change:
        fact = fact_id(difference, 0, reference=reference, page=slug)
        return Change(
            id=fact,
            kind=difference.kind,
            severity=difference.severity,
            substantive=difference.substantive,
            organisation=self._organisation(slug),
            page=slug,
            reference=reference,
            title=title,
            field=difference.field,
            before=difference.before,
            after=difference.after,
            added=difference.added,
            removed=difference.removed,
            families=difference.families,
            summary="",
            first_seen=self.edition.time,
            run=self.edition.run,
            snapshot_before=old_body or None,
            snapshot_after=self._body(slug) if slug not in self.edition.absent else None,
            fact=fact,
            details=self.sourced(difference.details),
        )

    def sourced(self, details: Details) -> Details:
        """Return the details of a change with whence it is known, where that is not from the pages."""
        return details


NO_FLAGS = frozenset({"L0"})
"""Layouts that print no 🚩 sentence."""


def _fold_edit(difference: Difference) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(map(fold, difference.added))), tuple(sorted(map(fold, difference.removed)))


def _fold_sides(difference: Difference) -> tuple[tuple[str, ...], tuple[str, ...]]:
    came, went = (fold(single(side)) for side in (difference.after, difference.before))
    return ((came,) if came else ()), ((went,) if went else ())


def _agrees(other: Agreement, now: Agreement, difference: Difference) -> bool:
    """Say whether *other* already had what *difference* says of *now*."""
    field = difference.field or ""
    if field in FIELDS and FIELDS[field].comparing is Comparing.NAMES:
        has = {fold(name) for name in getattr(other, field) or ()}
        come, gone = ([has_name(has, name) for name in names] for names in (difference.added, difference.removed))
        return all(come) and not any(gone)
    part = part_of(field)
    return folded_form(now).get(part) == folded_form(other).get(part)
