"""Register-wide edits: one change on many agreements at once."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.simulation import values
from tests.simulation.edits.saying import Deck, fact, severity_of_words
from tests.simulation.model import Agreement, Page, Paragraph, Register
from tests.simulation.truth import ANY, Expected, Tell

WIDE = Deck()
GROUP_FROM = 25
SLACK = 4
"""How many members of a group may be on pages that this edition fails to read."""


def _free_places(
    register: Register, name: str, condition: Callable[[Agreement], bool] = lambda _a: True
) -> list[tuple[Page, Agreement]]:
    """Return the places where many may be edited at once: every agreement that stands on one page and is free."""
    return [
        (page, agreement)
        for page, agreement in register.places()
        if page.prints(name)
        and name in agreement.printed
        and register.free(agreement, name)
        and condition(agreement)
        and len(register.pages_of(agreement)) == 1
    ]


def _group(kind: str, name: str, places: list[tuple[Page, Agreement]], **facts: Any) -> list[Expected]:
    """Return the one change that a register-wide edit is."""
    members = tuple((page.slug, agreement.reference) for page, agreement in places)
    locks = tuple((reference, name) for _, reference in members)
    return [Expected(kind=kind, field=name, reference=None, members=members, locks=locks, **facts)]


def _fresh(register: Register, pool: tuple[str, ...]) -> str:
    """Return a name of the pool that no edition had; numbered once the pool is used up."""
    for round_ in range(1, 1000):
        for name in pool:
            fresh = name if round_ == 1 else f"{name} (series {round_})"
            if fresh not in register.used_labels:
                register.used_labels.append(fresh)
                return fresh
    raise AssertionError("a thousand series used up")


def _mixed(places: list[tuple[Page, Agreement]]) -> bool:
    """Whether no dataset stands on all of these, so that a new one cannot be taken for another name of it."""
    return not set.intersection(*(set(agreement.datasets) for _, agreement in places))


def _rested(register: Register, key: str) -> bool:
    """Whether the last edit of this kind was long enough ago that no late reader of it is taken for a member."""
    if register.edition - register.last_wide.get(key, -9) < 6:
        return False
    register.last_wide[key] = register.edition
    return True


@WIDE.add
def mass_grant(register: Register, rng: Random) -> list[Expected]:
    places = _free_places(register, "datasets")
    if len(places) < GROUP_FROM + 8:
        return []
    chosen = rng.sample(places, rng.randint(GROUP_FROM + 4, min(len(places), 60)))
    if not _mixed(chosen):
        return []
    new = _fresh(register, values.MASS_GRANTS)
    for _, agreement in chosen:
        agreement.datasets.append(new)
    return _group("dataset-added", "datasets", chosen, severity="medium", added=[new])


@WIDE.add
def mass_lookalikes(register: Register, rng: Random) -> list[Expected]:
    """Two datasets with nearly the same name, given to the same agreements: two changes."""
    places = _free_places(register, "datasets")
    if len(places) < GROUP_FROM + 8:
        return []
    chosen = rng.sample(places, GROUP_FROM + 4)
    first, second = rng.choice(values.LOOKALIKE_GRANTS)
    names = [_fresh(register, (first,)), _fresh(register, (second,))]
    if not _mixed(chosen):
        return []
    for _, agreement in chosen:
        agreement.datasets += names
    return [
        one for name in names for one in _group("dataset-added", "datasets", chosen, severity="medium", added=[name])
    ]


@WIDE.add
def nearly_a_group(register: Register, rng: Random) -> list[Expected]:
    """The same dataset on one agreement too few: each is told."""
    places = _free_places(register, "datasets")
    if len(places) < GROUP_FROM:
        return []
    new = _fresh(register, values.NEW_LABELS)
    told = []
    for _, agreement in rng.sample(places, GROUP_FROM - 1):
        agreement.datasets.append(new)
        told.append(fact(register, agreement, "dataset-added", "datasets", severity="medium", added=[new]))
    return told


@WIDE.add
def known_relabelling(register: Register, rng: Random) -> list[Expected]:
    pairs = [pair for pair in values.DATASET_ALIASES if pair[0] not in register.used_labels]
    rng.shuffle(pairs)
    for old, new in pairs:
        places = _free_places(
            register, "datasets", lambda a, old=old, new=new: old in a.datasets and new not in a.datasets
        )
        if len(places) >= GROUP_FROM + SLACK:
            break
    else:
        return []
    register.used_labels += [old, new]
    went = rng.random() < 0.5
    for _, agreement in places:
        agreement.datasets.append(new)
        if went:
            agreement.datasets.remove(old)
    facts = {"before": ANY, "after": ANY, "added": [new], "removed": [old] if went else []}
    return _group("dataset-relabelled", "datasets", places, severity="info", substantive=False, **facts)


@WIDE.add
def unknown_relabelling(register: Register, rng: Random) -> list[Expected]:
    """A name nobody knows comes onto every agreement that carries one old name, and onto no other."""
    names = list(values.DATASETS)
    rng.shuffle(names)
    for old in names:
        carriers = {a.reference: (page, a) for page, a in reversed(list(register.places())) if old in a.datasets}
        if len(carriers) > GROUP_FROM and all(register.free(a, "datasets") for _, a in carriers.values()):
            common = set.intersection(*(set(agreement.datasets) for _, agreement in carriers.values()))
            if common == {old}:
                break
    else:
        return []
    new = _fresh(register, values.NEW_LABELS)
    register.used_labels.append(old)
    went = rng.random() < 0.6
    homes = set()
    for _, agreement in carriers.values():
        homes |= {home.slug for home in register.pages_of(agreement)}
        agreement.datasets.append(new)
        if went:
            agreement.datasets.remove(old)
    facts = {
        "before": ANY,
        "after": ANY,
        "added": [new],
        "removed": [old] if went else [],
        "pages": tuple(sorted(homes)),
    }
    return _group("dataset-relabelled", "datasets", list(carriers.values()), severity="low", **facts)


@WIDE.add
def mass_directions(register: Register, rng: Random) -> list[Expected]:
    places = _free_places(register, "legal_bases", lambda a: "directions" not in a.bases)
    if len(places) < GROUP_FROM + 5 or not _rested(register, "directions"):
        return []
    chosen = rng.sample(places, GROUP_FROM + 5)
    for _, agreement in chosen:
        agreement.bases.append("directions")
    added = list(values.BASES["directions"].ids)
    return _group("legal-basis-changed", "legal_bases", chosen, severity="high", added=added)


@WIDE.add
def mass_opt_out(register: Register, rng: Random) -> list[Expected]:
    def all_no(agreement: Agreement) -> bool:
        held = agreement.opt_outs
        return bool(held) and values.MASS_OPT_OUT not in held and not set(held) & set(values.YES_OPT_OUTS)

    places = _free_places(register, "opt_outs", all_no)
    if len(places) < GROUP_FROM + SLACK or not _rested(register, "opt-out"):
        return []
    for _, agreement in places:
        agreement.opt_outs.append(values.MASS_OPT_OUT)
    return _group("opt-outs-changed", "opt_outs", places, severity="medium", added=[values.MASS_OPT_OUT])


@WIDE.add
def mass_controller_relabelling(register: Register, rng: Random) -> list[Expected]:
    old, new = values.MASS_CONTROLLER

    def relabelled(agreement: Agreement) -> bool:
        held = agreement.controllers
        return old in held and new not in held and "NHSX" not in held

    places = _free_places(register, "controllers", relabelled)
    if len(places) < GROUP_FROM + SLACK or not _rested(register, "controller"):
        return []
    for _, agreement in places:
        agreement.controllers[agreement.controllers.index(old)] = new
    facts = {"before": ANY, "after": ANY, "added": [new], "removed": [old]}
    return _group("controller-succeeded", "controllers", places, severity="info", substantive=False, **facts)


@WIDE.add
def mass_rewording(register: Register, rng: Random) -> list[Expected]:
    """One sentence of boilerplate reworded wherever it stands in `Processing`."""

    def has_boilerplate(agreement: Agreement) -> bool:
        return any(p.text == values.BOILERPLATE for p in agreement.sections.get("processing", ()))

    places = _free_places(register, "processing", has_boilerplate)
    if len(places) < GROUP_FROM + SLACK or not _rested(register, "boilerplate"):
        return []
    for _, agreement in places:
        agreement.sections["processing"] = [
            Paragraph(values.BOILERPLATE_REWORDED if p.text == values.BOILERPLATE else p.text, p.item)
            for p in agreement.sections["processing"]
        ]
    severity = severity_of_words(values.BOILERPLATE, values.BOILERPLATE_REWORDED)
    return _group("text-changed", "processing", places, severity=severity, added=ANY, removed=ANY)


@WIDE.add
def mass_removal(register: Register, rng: Random) -> list[Expected]:
    names = [name for name in values.DATASETS if name not in register.used_labels]
    names = [name for name in names if register.edition - register.last_wide.get(f"removed {name}", -9) > 6]
    rng.shuffle(names)
    for old in names:
        places = _free_places(register, "datasets", lambda a, old=old: old in a.datasets and len(a.datasets) > 2)
        if len(places) >= GROUP_FROM + 2:
            break
    else:
        return []
    register.used_labels.append(old)
    for _, agreement in places:
        agreement.datasets.remove(old)
    facts = {"removed": [old], "tell": Tell.SECOND, "whole": True}
    return _group("dataset-removed", "datasets", places, severity="low", **facts)
