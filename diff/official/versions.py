"""One believable edition of the official register at work: what a run over pages is, but that a page is an agreement.

Its agreements are versions, which come and go as such (contract of the official register): a new version of a known
agreement says what differs from the one below it, an agreement that is new is told once for all its versions.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from diff.change import OFFICIAL, Change, Difference
from diff.deciding.belief import Place
from diff.deciding.compare import compare_place, first_belief
from diff.deciding.comparing.forms import TEXTS, folded_form
from diff.deciding.identity import Fate, Verdict
from diff.deciding.run import RunAtWork
from diff.deciding.when import when_of
from diff.details import Details
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.official.references import read_reference
from scraper.records import Agreement

_ADDED = {
    ChangeKind.DATASET_ADDED: ("datasets_added", "added"),
    ChangeKind.DATASET_REMOVED: ("datasets_removed", "removed"),
    ChangeKind.CONTROLLER_ADDED: ("controllers_added", "added"),
    ChangeKind.CONTROLLER_REMOVED: ("controllers_removed", "removed"),
}


class VersionsAtWork(RunAtWork):
    """An edition of the official register at work."""

    def follow(self, fates: list[Fate]) -> None:
        """Carry out what became of each version, and tell what became of agreements of which several came or went."""
        self._came = self._by_page(fate for fate in fates if fate.verdict is Verdict.ADDED)
        self._went = self._by_page(fate for fate in fates if fate.verdict is Verdict.REMOVED)
        super().follow(fates)

    def _by_page(self, fates: Iterable[Fate]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for fate in fates:
            for slug in fate.new_on or fate.left:
                found.setdefault(slug, []).append(fate.reference)
        return {slug: in_order(references) for slug, references in found.items()}

    def _tell_fate(self, fate: Fate) -> None:
        if not fate.told:
            return
        if fate.verdict is Verdict.ADDED:
            for slug in fate.new_on:
                self._tell_came(fate, slug)
        elif fate.verdict is Verdict.REMOVED:
            for slug in fate.left:
                self._tell_went(fate, slug)
        elif fate.reference_changed:
            super()._tell_fate(replace(fate, before=(), after=()))

    def _tell_came(self, fate: Fate, slug: str) -> None:
        """Tell a version of a known agreement by itself, a new agreement once, with its lowest version."""
        believed = self.past.page(slug)
        if believed is not None and believed.standing:
            self._tell_version(fate, slug)
            return
        first, *others = self._came[slug]
        if fate.reference == first:
            # All that was told as gone at the same time comes back as one.
            details = Details(listed_again=fate.listed_again or None, versions=tuple(others) or None)
            printed = self._printed(slug, first)
            self._find_plain(ChangeKind.AGREEMENT_ADDED, slug, first, printed.title, details=details)

    def _tell_version(self, fate: Fate, slug: str) -> None:
        printed = self._printed(slug, fate.reference)
        lower = self._lower(slug, printed)
        severity, details = self._what_differs(lower, printed) if lower else (Severity.MEDIUM, Details())
        row = Difference(
            kind=ChangeKind.VERSION_ADDED,
            severity=Severity.HIGH if severity is Severity.HIGH else ChangeKind.VERSION_ADDED.row.usual,
            field="version",
            before=lower.version if lower else None,
            after=printed.version,
            details=replace(details, listed_again=fate.listed_again or None),
        )
        self._find(slug, row, fate.reference, printed.title, old_body=None)

    def _lower(self, slug: str, printed: Agreement) -> Agreement | None:
        """Return the next lower version in the same edition."""
        shown = {one.reference: one for one in self.edition.read[slug].page.agreements}
        order = in_order(shown)
        place = order.index(printed.reference)
        return shown[order[place - 1]] if place else None

    def _what_differs(self, lower: Agreement, printed: Agreement) -> tuple[Severity, Details]:
        """Return how much what differs would matter by itself, and what it is."""
        layout = self.edition.read[next(iter(self.edition.read))].page.layout
        found, _ = compare_place(
            first_belief(lower, layout),
            printed,
            layout=layout,
            old_body="",
            vocabulary=self.vocabulary,
            splitter=self.splitter,
            forms=self._forms(lower, printed),
            sure=True,
        )
        facts: dict[str, Any] = {}
        for one in found:
            if one.kind in _ADDED:
                name, side = _ADDED[one.kind]
                facts[name] = (*facts.get(name, ()), *getattr(one, side))
            elif one.kind is ChangeKind.LEGAL_BASIS_CHANGED:
                facts |= {"bases_added": one.added or None, "bases_removed": one.removed or None}
        told = [one for one in found if one.substantive]
        severity = min((one.severity for one in told), key=lambda one: one.rank, default=Severity.LOW)
        before, after = when_of(lower).term, when_of(printed).term
        fields = tuple(dict.fromkeys(one.field for one in told if one.field))
        return severity, Details(**facts, term_before=before, term_after=after, fields=fields or None)

    def _tell_went(self, fate: Fate, slug: str) -> None:
        """Tell a version that went by itself, an agreement that went once, with the lowest of its versions."""
        believed = self._page(slug).places[fate.reference].believed
        if self._stays(slug):
            row = Difference(
                kind=ChangeKind.VERSION_REMOVED,
                severity=ChangeKind.VERSION_REMOVED.row.usual,
                field="version",
                before=believed.version,
            )
            self._find(slug, row, fate.reference, believed.title, old_body=None)
            return
        first, *others = self._went[slug]
        if fate.reference == first:
            details = Details(versions=tuple(others) or None)
            self._find_plain(ChangeKind.AGREEMENT_REMOVED, slug, first, believed.title, details=details)

    def _stays(self, slug: str) -> bool:
        """Say whether any version of an agreement is believed to stand after this edition."""
        went = set(self._went.get(slug, ()))
        sighting = self.edition.read.get(slug)
        printed = {one.reference for one in sighting.page.agreements} if sighting else set()
        return bool((self._page(slug).standing | printed) - went)

    # --- what pages have and agreements have not ----------------------------------------------------------------------

    def _tell_page_came(self, slug: str, *, again: bool) -> None:
        """Tell nothing: the agreement was told."""

    def _tell_page_went(self, slug: str) -> None:
        """Tell nothing: the agreement was told."""

    def _heirs(self, fates: list[Fate]) -> dict[str, str]:  # noqa: ARG002 no agreement takes over from another
        return {}

    def _put(self, slug: str, reference: str, place: Place | None) -> None:
        # Words that say a type of data stand among the opt-outs of the pages alone.
        super()._put(slug, reference, place and replace(place, type_words={self._layout(slug): frozenset()}))

    def _forms(self, believed: Agreement, printed: Agreement) -> Callable[[Agreement], Mapping[str, str]]:
        """Return folded forms without the prose that is the same to the letter: it is long, and differs seldom."""
        same = [name for name in TEXTS if getattr(believed, name) == getattr(printed, name)]
        without: dict[str, Any] = dict.fromkeys(same)
        return lambda agreement: folded_form(replace(agreement, **without))

    # --- findings -----------------------------------------------------------------------------------------------------

    def _change(
        self, slug: str, difference: Difference, reference: str | None, title: str | None, old_body: str | None
    ) -> Change:
        # A workbook is no snapshot of a page.
        change = super()._change(slug, difference, reference, title, old_body)
        return replace(change, snapshot_before=None, snapshot_after=None)

    def sourced(self, details: Details) -> Details:
        """Return the details of a change with its source and edition."""
        return replace(details, source=OFFICIAL, edition=self.edition.time[:7])


def in_order(references: Iterable[str]) -> list[str]:
    """Return references of versions, the lowest first."""

    def order(reference: str) -> tuple[tuple[int, ...], str]:
        found = read_reference(reference)
        return (found.order if found else ()), reference

    return sorted(references, key=order)
