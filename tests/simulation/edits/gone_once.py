"""What is missing in one edition and back in the next: never news."""

from collections.abc import Callable
from random import Random

from tests.simulation.edits.saying import TITLED, Deck, pick_page
from tests.simulation.model import Page, Register
from tests.simulation.truth import Expected, Tell

EDITS = Deck()


def _gone_once(register: Register, page: Page, lock: tuple[str, str], undo: Callable[[], None], kind: str) -> list:
    """Return what keeps other edits away while a fact is gone, and plan its return for the next edition."""
    held = Expected(kind=kind, silent=True, tell=Tell.NEVER, pages=(page.slug,), locks=(lock,))
    back = Expected(kind=kind, silent=True, pages=(page.slug,), locks=(lock,))

    def restore() -> list[Expected]:
        undo()
        return [back]

    register.later(register.edition + 1, restore, held)
    return [held]


@EDITS.add
def item_gone_once(register: Register, rng: Random) -> list[Expected]:
    """A value of a set is missing in one edition and back in the next: never news."""
    names = ["datasets", "controllers", "opt_outs", "access_methods", "sensitivity", "bases"]
    name = rng.choice(names)
    fact_name = "legal_bases" if name == "bases" else name
    place = register.pick(rng, fact_name, lambda a: len(getattr(a, name)) > 1, ("L1", *TITLED), alone=True)
    if not place:
        return []
    page, agreement = place
    items = getattr(agreement, name)
    lost = rng.choice(items)
    items.remove(lost)
    return _gone_once(register, page, (agreement.reference, fact_name), lambda: items.append(lost), "value")


@EDITS.add
def section_gone_once(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "processing", lambda a: len(a.sections) > 1 and "processing" in a.sections, alone=True)
    if not place:
        return []
    page, agreement = place
    lost = agreement.sections.pop("processing")
    lock = (agreement.reference, "processing")
    return _gone_once(register, page, lock, lambda: agreement.sections.update(processing=lost), "value")


@EDITS.add
def flag_gone_once(register: Register, rng: Random) -> list[Expected]:
    page = pick_page(register, rng, "flags", lambda p: "flags" in p.printed and p.flag)
    if not page:
        return []
    page.flag = False
    return _gone_once(register, page, (page.slug, "flags"), lambda: setattr(page, "flag", True), "value")


@EDITS.add
def agreement_gone_once(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "*", alone=True)
    if not place or not 2 <= len(place[0].agreements) <= 10:
        return []
    page, agreement = place
    page.agreements.remove(agreement)
    lock = (agreement.reference, "*")
    return _gone_once(register, page, lock, lambda: page.agreements.append(agreement), "agreement-removed")
