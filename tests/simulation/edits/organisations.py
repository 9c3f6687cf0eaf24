"""Organisations: their pages and their names."""

from random import Random

from tests.simulation.edits.places import agreement_came
from tests.simulation.edits.saying import TITLED, UNSAID, Deck, pick_page
from tests.simulation.model import Page, Register, new_page
from tests.simulation.truth import ANY, Expected, Tell

EDITS = Deck()


@EDITS.add
def organisation_added(register: Register, rng: Random) -> list[Expected]:
    layouts = sorted({page.layout for page in register.pages.values()})
    page = new_page(register, rng, rng.choice(layouts), rng.randint(1, 3))
    register.pages[page.slug] = page
    told = Expected(
        kind="organisation-added",
        severity="medium",
        page=page.slug,
        pages=(page.slug,),
        locks=((page.slug, "*"),),
        **UNSAID,
    )
    return [told, *(agreement_came(page, agreement) for agreement in page.agreements)]


def _undisturbed(register: Register, page: Page) -> bool:
    """Whether nothing waits about the page and no agreement of it stands elsewhere."""
    return not (register.locks(page.slug, "any") or register.concerned(page.slug)) and all(
        register.free(agreement, "*") and len(register.pages_of(agreement)) == 1 for agreement in page.agreements
    )


@EDITS.add
def organisation_removed(register: Register, rng: Random) -> list[Expected]:
    page = pick_page(register, rng, "*", lambda p: len(p.agreements) < 4 and _undisturbed(register, p))
    if not page:
        return []
    del register.pages[page.slug]
    facts = {"severity": "medium", "page": page.slug, "absent": page.slug, "tell": Tell.SECOND, **UNSAID}
    gone = [
        Expected(kind="agreement-removed", reference=a.reference, locks=((a.reference, "*"),), **facts)
        for a in page.agreements
    ]
    return [Expected(kind="organisation-removed", locks=((page.slug, "*"),), **facts), *gone]


@EDITS.add
def organisation_renamed(register: Register, rng: Random) -> list[Expected]:
    page = pick_page(register, rng, "organisation")
    if not page:
        return []
    before, tail = page.name, " Partnership"
    page.name = before.removesuffix(tail) if before.endswith(tail) else before + tail
    facts = {"before": before, "after": page.name, "severity": "low", "added": ANY, "removed": ANY}
    locks = ((page.slug, "organisation"),)
    return [Expected(kind="organisation-renamed", page=page.slug, field=ANY, pages=(page.slug,), locks=locks, **facts)]


@EDITS.add
def organisation_got_a_new_page(register: Register, rng: Random) -> list[Expected]:
    """A page goes and all its agreements stand on one new page, as when an ICB follows a CCG."""
    if not register.complete:
        return []
    fits = lambda p: p.layout in TITLED and not p.flag and _undisturbed(register, p)  # noqa: E731
    page = pick_page(register, rng, "*", fits)
    if not page:
        return []
    new = new_page(register, rng, page.layout, 0)
    new.agreements = page.agreements
    new.flag, new.count = False, page.count
    del register.pages[page.slug]
    register.pages[new.slug] = new
    both = {"absent": page.slug, "pages": (new.slug,), "severity": "low"}
    locks = ((page.slug, "*"), (new.slug, "*"))
    facts = {"page": frozenset((page.slug, new.slug)), "locks": locks, **UNSAID}
    moved = [
        Expected(
            kind="agreement-moved", reference=a.reference, locks=((a.reference, "*"),), optional=True, **UNSAID, **both
        )
        for a in new.agreements
    ]
    return [Expected(kind="organisation-renamed", agreements=len(moved), **facts, **both), *moved]
