"""The other sets of the head: confidentiality, sensitivity, access, purposes, sublicensing."""

from random import Random

from tests.simulation import values
from tests.simulation.edits.saying import TITLED, Deck, set_change
from tests.simulation.model import Register
from tests.simulation.truth import Expected

EDITS = Deck()


def _swap(rng: Random, held: list[str], pool: tuple[str, ...], *, keep_one: bool = True) -> tuple[list[str], list[str]]:
    """Return what to add to and what to remove from a set: an addition, a replacement or a bare removal."""
    new = [value for value in pool if value not in held]
    ways = ["add", "replace"] * bool(new) + ["remove"] * (len(held) > keep_one)
    way = rng.choice(ways)
    added = [rng.choice(new)] if way != "remove" else []
    removed = [rng.choice(held)] if way != "add" and held else []
    return added, removed


@EDITS.add
def confidentiality_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "confidentiality", lambda a: a.confidentiality is not None)
    if not place:
        return []
    _, agreement = place
    added, removed = _swap(rng, agreement.confidentiality, values.CONFIDENTIALITY)
    return set_change(register, agreement, "confidentiality-changed", "confidentiality", added, removed, "medium")


@EDITS.add
def sensitivity_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "sensitivity", layouts=("L1", *TITLED))
    if not place:
        return []
    _, agreement = place
    added, removed = _swap(rng, agreement.sensitivity, ("Sensitive", "Non-Sensitive"))
    severity = "medium" if "Sensitive" in added else "low"
    return set_change(register, agreement, "sensitivity-changed", "sensitivity", added, removed, severity)


@EDITS.add
def access_method_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "access_methods")
    if not place:
        return []
    _, agreement = place
    system_only = agreement.access_methods == [values.SYSTEM_ACCESS]
    added, removed = _swap(rng, agreement.access_methods, (*values.FILE_ACCESS, values.SYSTEM_ACCESS))
    severity = "medium" if system_only else "low"
    return set_change(register, agreement, "access-method-changed", "access_methods", added, removed, severity)


@EDITS.add
def system_access_became_files(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "access_methods", lambda a: a.access_methods == [values.SYSTEM_ACCESS])
    if not place:
        return []
    removed = [values.SYSTEM_ACCESS] if rng.random() < 0.5 else []
    return set_change(register, place[1], "access-method-changed", "access_methods", ["One-Off"], removed, "medium")


def _yes_or_no(register: Register, rng: Random, kind: str, name: str) -> list[Expected]:
    place = register.pick(rng, name, lambda a: not a.purposes_text, TITLED)
    if not place:
        return []
    _, agreement = place
    added, removed = _swap(rng, getattr(agreement, name), ("Yes", "No"))
    return set_change(register, agreement, kind, name, added, removed, "high" if "Yes" in added else "low")


@EDITS.add
def commercial_changed(register: Register, rng: Random) -> list[Expected]:
    return _yes_or_no(register, rng, "commercial-changed", "commercial")


@EDITS.add
def sublicensing_changed(register: Register, rng: Random) -> list[Expected]:
    return _yes_or_no(register, rng, "sublicensing-changed", "sublicensing")


@EDITS.add
def organisation_type_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "organisation_types", lambda a: not a.purposes_text, TITLED)
    if not place:
        return []
    _, agreement = place
    added, removed = _swap(rng, agreement.organisation_types, values.ORGANISATION_TYPES)
    severity = "high" if {"Commercial", "Supplier"} & set(added) else "low"
    return set_change(register, agreement, "organisation-type-changed", "organisation_types", added, removed, severity)
