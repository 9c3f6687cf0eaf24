"""A register in a few words: agreements, pages, and `Watched`, which runs editions of them through the decider.

No HTML, no database: what the parser would have read is written down, what the decider lists is given back.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from diff.change import Change
from diff.deciding.belief import Edition, Remembered, Sighting
from diff.deciding.controllers import heed_headings
from diff.deciding.decide import Decision, decide
from diff.deciding.guards import Guards
from diff.saying.sentence import summarise
from scraper.names.fold import as_set
from scraper.names.legal_families import family_of, spell_out
from scraper.names.vocabulary import Vocabulary, default_vocabulary
from scraper.reading.layouts import unprinted
from scraper.records import Agreement, LegalBasis, RegisterPage

REFERENCE = "DARS-NIC-918274-K4R7T"
ORGANISATION = "NHS Eastmere Integrated Care Board"
SLUG = "nhs_eastmere_integrated_care_board"
PLAIN = "HSCA2012:s261(2)(a)"
HES, DEATHS = "Hospital Episode Statistics Critical Care", "Civil Registrations of Death"
PROSE = "NHS Digital will send the data every month.\nOnly trained analysts of the trust will see them."


def bases(*ids: str) -> tuple[LegalBasis, ...]:
    return tuple(LegalBasis(one, family_of(one), spell_out(one)) for one in sorted(ids))


def not_printed_by(layout: str) -> frozenset[str]:
    """Return what no agreement of this layout prints; `Type of data` of L3 is the site's placeholder."""
    return frozenset(unprinted(layout) | ({"type_of_data"} if layout == "L3" else set()))


def agreement(
    reference: str = REFERENCE, *, layout: str = "L3", without: Iterable[str] = (), **fields: Any
) -> Agreement:
    """Return an agreement as its page prints it in *layout*, whose form lost the fields *without*."""
    unseen = not_printed_by(layout) | frozenset(without)
    record: dict[str, Any] = {
        "title": "Winter admissions in coastal towns",
        "opt_outs": ("No - data flow is not identifiable",),
        "confidentiality": ("Does not include the flow of confidential data",),
        "legal_bases": bases(PLAIN),
        "commercial": ("No",),
        "organisation_types": ("Academic",),
        "sensitivity": ("Non-Sensitive",),
        "dsa_start": "2023-03-13",
        "dsa_end": "2026-03-12",
        "released_from": "2023-12",
        "released_to": "2024-11",
        "access_methods": ("One-Off",),
        "controllers": ("UNIVERSITY OF HARROWDALE",),
        "sublicensing": ("No",),
        "datasets": (HES, DEATHS),
        "objectives": PROSE,
        "outputs": "A report a year.",
    }
    values = {name: value for name, value in (record | fields).items() if name not in unseen or name in fields}
    values = {
        name: as_set(value) if isinstance(value, tuple) and name != "legal_bases" else value
        for name, value in values.items()
    }
    return Agreement(reference=reference, unprinted=unseen - fields.keys(), **values)


def page(
    *agreements: Agreement,
    slug: str = SLUG,
    organisation: str | None = None,
    layout: str = "L3",
    files: int | None = 58,
    flags: tuple[str, ...] = (),
) -> RegisterPage:
    name = organisation or (ORGANISATION if slug == SLUG else slug.replace("_", " ").title())
    return RegisterPage(
        source=f"{slug}.html",
        slug=slug,
        organisation=name,
        layout=layout,
        files_disseminated=files,
        flags=flags,
        agreements=agreements,
    )


def reference(number: int) -> str:
    return f"DARS-NIC-{100000 + number}-A1B2C"


def trust(number: int, *numbers: int, **fields: Any) -> RegisterPage:
    """Return the page of a trust with the agreements of these numbers."""
    return page(*(agreement(reference(n), **fields) for n in numbers), slug=f"trust_{number}")


def body_of(seen: RegisterPage) -> str:
    """Return a SHA-256 as good as that of the page's bytes: equal pages, equal bytes."""
    told = [sorted(one.unprinted) for one in seen.agreements]
    bare = replace(seen, agreements=tuple(replace(one, unprinted=frozenset()) for one in seen.agreements))
    return hashlib.sha256(f"{bare!r} {told}".encode()).hexdigest()


class Watched:
    """A register that is watched: each call of `see` is one edition, a month after the one before."""

    def __init__(
        self, *pages: RegisterPage, guards: Guards | None = None, vocabulary: Vocabulary | None = None
    ) -> None:
        self.past = Remembered()
        self.guards = guards or Guards()
        self.vocabulary = vocabulary or default_vocabulary()
        self.months = 0
        self.last = Decision()
        if pages:
            assert self.see(*pages) == [], "the first edition tells nothing"

    def see(
        self,
        *pages: RegisterPage,
        failed: Iterable[str] = (),
        complete: bool = True,
        trusted: bool = False,
        hosts: Mapping[str, str] | None = None,
        unended: Iterable[str] = (),
        lately: bool = True,
    ) -> list[Change]:
        """Take an edition and return what it lists, in public order.

        Args:
            pages: The pages read.
            failed: Slugs of pages that could not be read.
            complete: It holds every page of the register, so that what is missing is gone.
            trusted: An operator released it.
            hosts: Where pages came from, by slug, if not from the usual host.
            unended: Slugs of the pages without `</html>`.
            lately: The run before it was less than 45 days earlier.
        """
        self.months += 1
        seen = {
            one.slug: Sighting(
                body_of(one) + "-" * (one.slug in unended),
                one,
                (hosts or {}).get(one.slug, "https://site/"),
                closes=one.slug not in unended,
            )
            for one in pages
        }
        quiet = {slug for slug, sighting in seen.items() if self._is_quiet(slug, sighting)}
        known = {slug for slug, belief in self.past.pages.items() if belief.body is not None and not belief.gone}
        edition = Edition(
            run=self.months,
            time=f"{2025 + (self.months - 1) // 12}-{(self.months - 1) % 12 + 1:02}-01T03:00:00Z",
            complete=complete,
            read={slug: sighting for slug, sighting in seen.items() if slug not in quiet},
            quiet=frozenset(quiet),
            failed=frozenset(failed),
            absent=frozenset(known - seen.keys() - set(failed)) if complete else frozenset(),
            lately=frozenset(seen.keys() | known) if lately else frozenset(),
        )
        edition = heed_headings(self.past, edition, self.vocabulary)
        self.last = decide(self.past, edition, vocabulary=self.vocabulary, guards=self.guards, trusted=trusted)
        if self.last.held is None:
            self.past.learn(self.last.pages, self.last.facts, complete=complete)
        for change in self.last.changes:
            said = summarise(Change.from_json(change.to_json()))
            assert said == change.summary, "a sentence says nothing that no field has"
        return sorted(self.last.changes, key=Change.sort_key)

    def _is_quiet(self, slug: str, sighting: Sighting) -> bool:
        belief = self.past.page(slug)
        return belief is not None and belief.body == sighting.body and not belief.unsettled


def after(before: Agreement, *later: Agreement, layouts: Iterable[str] = ()) -> list[Change]:
    """Return what the last of these states of one agreement, seen one after the other on its page, tells."""
    names = list(layouts) or ["L3"] * (len(later) + 1)
    watched = Watched(page(before, layout=names[0]))
    told: list[Change] = []
    for state, layout in zip(later, names[1:], strict=True):
        told = watched.see(page(state, layout=layout))
    return told


def edited(times: int = 1, /, **fields: Any) -> list[Change]:
    """Return what is told when an agreement is seen with other values for the *times*-th time."""
    return after(agreement(), *[agreement(**fields)] * times)


def kinds(changes: Iterable[Change]) -> list[str]:
    return sorted(change.kind.value for change in changes)


def news(changes: Iterable[Change]) -> list[Change]:
    """Return the changes that people are told."""
    return [change for change in changes if change.substantive]


def a_change(kind: str = "dsa-extended", **values: Any) -> Change:
    """Return a change of which only *values* matter, given as its public form has them."""
    public: dict[str, Any] = {
        "id": "00000000aaaaaaaaaaaa",
        "kind": kind,
        "severity": "medium",
        "substantive": True,
        "organisation": "University of Harrowdale",
        "page": "university_of_harrowdale",
        "reference": "DARS-NIC-902265-M1V9C",
        "title": None,
        "field": None,
        "before": None,
        "after": None,
        "added": [],
        "removed": [],
        "families": None,
        "details": {},
        "summary": "",
        "first_seen": "2026-11-20T03:17:00Z",
        "run": 512,
        "snapshot_before": None,
        "snapshot_after": None,
        "group": None,
        "agreements": 1,
        "withdrawn": False,
    }
    return Change.from_json(public | values)
