"""Agreements that come and go, and the pages they stand on."""

from random import Random

from tests.simulation import values
from tests.simulation.edits.saying import TITLED, UNSAID, Deck, fact, pick_page
from tests.simulation.model import Agreement, Page, Register, fit_to_page, new_agreement
from tests.simulation.truth import ANY, Expected, Tell

EDITS = Deck()


def agreement_came(page: Page, agreement: Agreement) -> Expected:
    return Expected(
        kind="agreement-added",
        severity="medium",
        page=page.slug,
        reference=agreement.reference,
        pages=(page.slug,),
        locks=((agreement.reference, "*"),),
        **UNSAID,
    )


@EDITS.add
def agreement_added(register: Register, rng: Random) -> list[Expected]:
    page = pick_page(register, rng, "*")
    if not page:
        return []
    agreement = fit_to_page(new_agreement(register, rng, page.name), page, rng)
    page.agreements.insert(rng.randint(0, len(page.agreements)), agreement)
    return [agreement_came(page, agreement)]


@EDITS.add
def agreement_removed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "*", alone=True)
    if not place or len(place[0].agreements) < 2 or len(place[0].agreements) > 10:
        return []
    page, agreement = place
    page.agreements.remove(agreement)
    register.gone.append((page.slug, agreement))
    return [
        Expected(
            kind="agreement-removed",
            severity="medium",
            page=page.slug,
            reference=agreement.reference,
            pages=(page.slug,),
            locks=((agreement.reference, "*"),),
            tell=Tell.SECOND,
            **UNSAID,
        )
    ]


@EDITS.add
def agreement_listed_again(register: Register, rng: Random) -> list[Expected]:
    for slug, agreement in register.gone:
        page = register.pages.get(slug)
        if page and register.free(agreement, "*") and not (page.nohead or register.locks(slug, "*")):
            register.gone.remove((slug, agreement))
            agreement.printed.clear()  # a history of its own begins: reading 20
            page.agreements.append(agreement)
            return [agreement_came(page, agreement)]
    return []


def _elsewhere(register: Register, rng: Random, page: Page) -> Page | None:
    return pick_page(register, rng, "*", lambda p: p is not page and p.layout == page.layout)


@EDITS.add
def agreement_moved(register: Register, rng: Random) -> list[Expected]:
    """A move, every other time with a dataset that comes with it."""
    place = register.pick(rng, "*", layouts=TITLED, alone=True)
    target = place and len(place[0].agreements) > 1 and _elsewhere(register, rng, place[0])
    if not target:
        return []
    page, agreement = place
    page.agreements.remove(agreement)
    target.agreements.append(agreement)
    both = tuple(sorted((page.slug, target.slug)))
    facts = {"before": [page.slug], "after": [target.slug], "severity": "low", "added": ANY, "removed": ANY}
    locks = ((agreement.reference, "*"),)
    reference = agreement.reference
    told = [Expected(kind="agreement-moved", reference=reference, field=ANY, pages=both, locks=locks, **facts)]
    if rng.random() < 0.5:
        new = rng.choice([name for name in values.DATASETS if name not in agreement.datasets])
        agreement.datasets.append(new)
        facts = {"severity": "medium", "added": [new], "locks": locks}
        told.append(
            Expected(kind="dataset-added", page=target.slug, reference=reference, field="datasets", pages=both, **facts)
        )
    return told


@EDITS.add
def agreement_on_a_second_page(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "*", layouts=TITLED, alone=True)
    target = place and _elsewhere(register, rng, place[0])
    if not target:
        return []
    page, agreement = place
    target.agreements.append(agreement)
    both = tuple(sorted((page.slug, target.slug)))
    facts = {"before": [page.slug], "after": list(both), "severity": "low", "added": ANY, "removed": ANY}
    locks = ((agreement.reference, "*"),)
    return [
        Expected(kind="agreement-moved", reference=agreement.reference, field=ANY, pages=both, locks=locks, **facts)
    ]


@EDITS.add
def reference_became_dars(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "*", lambda a: a.reference.startswith("NIC-"), ("L1", *TITLED))
    if not place:
        return []
    _, agreement = place
    old = agreement.reference
    agreement.reference = new = f"DARS-{old}"
    facts = {"before": old, "after": new, "severity": "low", "added": ANY, "removed": ANY}
    told = fact(
        register,
        agreement,
        "reference-changed",
        ANY,
        reference=frozenset((old, new)),
        locks=((old, "*"), (new, "*")),
        apart=False,
        **facts,
    )
    return [told]
