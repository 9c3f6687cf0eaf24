"""Legal bases that come, go, give way to others or are cited more precisely."""

from random import Random
from typing import Any

from tests.simulation import values
from tests.simulation.edits.saying import Deck, fact
from tests.simulation.model import Agreement, Register
from tests.simulation.truth import Expected, Tell

EDITS = Deck()


NEWS_WHEN_NEW = {"s251-support", "copi-regulations", "directions-s254-s259"}


def basis_severity(before: set[str], after: set[str], *, precise: Any, gone: bool) -> Any:
    """Return the severity of a change of legal bases, from their families before and after."""
    if (after - before) & NEWS_WHEN_NEW or "consent" in before - after:
        return "high"
    if before != after or gone:
        return "medium"
    return precise or "low"


def _bases(register: Register, agreement: Agreement, added: list[str], removed: list[str]) -> list[Expected]:
    ids, families = agreement.basis_ids(), agreement.families()
    limb_only = not removed and added[0] in values.PLAIN_LIMBS if added else False
    agreement.bases[:] = [key for key in agreement.bases if key not in removed] + added
    new_ids = agreement.basis_ids()
    precise = None
    if removed == ["bare"]:
        precise = "info"
    elif limb_only and "bare" in agreement.bases:
        precise = frozenset(("info", "low"))
    severity = basis_severity(families, agreement.families(), precise=precise, gone=not agreement.bases)
    return [
        fact(
            register,
            agreement,
            "legal-basis-changed",
            "legal_bases",
            severity=severity,
            before=ids,
            after=new_ids,
            added=[one for one in new_ids if one not in ids],
            removed=[one for one in ids if one not in new_ids],
            tell=Tell.FIRST if added else Tell.SECOND,
        )
    ]


def _other_basis(agreement: Agreement, rng: Random) -> str:
    return rng.choice([key for key in values.BASES if key not in agreement.bases and key != "directions"])


def _cited(agreement: Agreement) -> list[str]:
    """Return the bases other than the bare act, which only `legal_basis_made_precise` takes away."""
    return [key for key in agreement.bases if key != "bare"]


@EDITS.add
def legal_basis_added(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "legal_bases", lambda a: len(a.bases) < 5)
    return _bases(register, place[1], [_other_basis(place[1], rng)], []) if place else []


@EDITS.add
def legal_basis_replaced(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "legal_bases", lambda a: bool(_cited(a)))
    if not place:
        return []
    _, agreement = place
    return _bases(register, agreement, [_other_basis(agreement, rng)], [rng.choice(_cited(agreement))])


@EDITS.add
def legal_basis_removed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "legal_bases", lambda a: bool(_cited(a)))
    return _bases(register, place[1], [], [rng.choice(_cited(place[1]))]) if place else []


@EDITS.add
def consent_gave_way(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "legal_bases", lambda a: "informed consent" in a.bases and "s251" not in a.bases)
    return _bases(register, place[1], ["s251"], ["informed consent"]) if place else []


@EDITS.add
def legal_basis_made_precise(register: Register, rng: Random) -> list[Expected]:
    def bare(agreement: Agreement) -> bool:
        return "bare" in agreement.bases and not set(values.PLAIN_LIMBS) & set(agreement.bases)

    place = register.pick(rng, "legal_bases", bare)
    return _bases(register, place[1], [rng.choice(values.PLAIN_LIMBS)], ["bare"]) if place else []


@EDITS.add
def legal_basis_limb_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "legal_bases", lambda a: "2bii" in a.bases and "2a" not in a.bases)
    return _bases(register, place[1], ["2a"], ["2bii"]) if place else []
