"""Controllers that come, go, or are followed by others."""

from random import Random

from tests.simulation import values
from tests.simulation.edits.saying import TITLED, Deck, fact
from tests.simulation.model import Agreement, Register
from tests.simulation.truth import Expected, Tell

EDITS = Deck()


KNOWN = values.SUCCESSIONS + values.CONTROLLER_ALIASES
RELATIONS = dict(KNOWN + values.PRESUMED)
RELATED = {name for pair in (*KNOWN, *values.PRESUMED, values.MASS_CONTROLLER) for name in pair}


@EDITS.add
def controller_added(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "controllers", layouts=TITLED)
    if not place:
        return []
    _, agreement = place
    company = rng.random() < 0.4
    plain = tuple(f"{rng.choice(values.PLACES).upper()} {kind}" for kind in ("RESEARCH TRUST", "CITY COUNCIL"))
    pool = values.COMPANIES if company else (*values.COMMA_NAMES, *plain)
    new = rng.choice([name for name in pool if name not in agreement.controllers])
    agreement.controllers.append(new)
    severity = "high" if company else "medium"
    return [fact(register, agreement, "controller-added", "controllers", severity=severity, added=[new])]


@EDITS.add
def controller_removed(register: Register, rng: Random) -> list[Expected]:
    def removable(agreement: Agreement) -> list[str]:
        return [name for name in agreement.controllers if name not in RELATED]

    place = register.pick(rng, "controllers", lambda a: len(a.controllers) > 1 and bool(removable(a)), TITLED)
    if not place:
        return []
    _, agreement = place
    old = rng.choice(removable(agreement))
    agreement.controllers.remove(old)
    facts = {"severity": "low", "removed": [old], "tell": Tell.SECOND}
    return [fact(register, agreement, "controller-removed", "controllers", **facts)]


def _succession(register: Register, rng: Random, pairs: tuple, severity: str, *, substantive: bool) -> list[Expected]:
    heirs = dict(pairs)

    def superseded(agreement: Agreement) -> list[str]:
        held = agreement.controllers
        return [name for name in held if name in heirs and not any(n in RELATED for n in held if n != name)]

    place = register.pick(rng, "controllers", superseded, TITLED)
    if not place:
        return []
    _, agreement = place
    old = rng.choice(superseded(agreement))
    went = rng.random() < 0.5
    if went:
        agreement.controllers.remove(old)
    agreement.controllers.append(heirs[old])
    facts = {"before": old, "after": heirs[old], "added": [heirs[old]], "removed": [old] if went else []}
    facts |= {"severity": severity, "substantive": substantive}
    return [fact(register, agreement, "controller-succeeded", "controllers", **facts)]


@EDITS.add
def controller_succeeded(register: Register, rng: Random) -> list[Expected]:
    return _succession(register, rng, KNOWN, "info", substantive=False)


@EDITS.add
def controller_presumably_succeeded(register: Register, rng: Random) -> list[Expected]:
    return _succession(register, rng, values.PRESUMED, "low", substantive=True)


@EDITS.add
def predecessor_dropped(register: Register, rng: Random) -> list[Expected]:
    heirs = dict(KNOWN)

    def outlived(agreement: Agreement) -> list[str]:
        return [name for name in agreement.controllers if heirs.get(name) in agreement.controllers]

    place = register.pick(rng, "controllers", outlived, TITLED)
    if not place:
        return []
    _, agreement = place
    old = rng.choice(outlived(agreement))
    agreement.controllers.remove(old)
    facts = {"before": old, "after": heirs[old], "removed": [old], "tell": Tell.SECOND}
    return [
        fact(register, agreement, "controller-succeeded", "controllers", severity="info", substantive=False, **facts)
    ]
