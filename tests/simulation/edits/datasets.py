"""Datasets that come, go, or are called otherwise."""

from random import Random

from tests.simulation import values
from tests.simulation.edits.saying import Deck, fact
from tests.simulation.model import Agreement, Register
from tests.simulation.truth import Expected, Tell

EDITS = Deck()


PARTNERS = {name: other for pair in values.DATASET_ALIASES for name, other in (pair, pair[::-1])}


@EDITS.add
def dataset_added(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "datasets")
    if not place:
        return []
    _, agreement = place
    new = rng.choice([name for name in values.DATASETS if name not in agreement.datasets])
    agreement.datasets.append(new)
    return [fact(register, agreement, "dataset-added", "datasets", severity="medium", added=[new])]


def _removable(register: Register, agreement: Agreement) -> list[str]:
    """Return the datasets that may go one by one: no alias stays, and no register-wide edit took them elsewhere."""
    held, wide_ones = agreement.datasets, register.used_labels
    return [name for name in held if PARTNERS.get(name) not in held and name not in wide_ones]


@EDITS.add
def dataset_removed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "datasets", lambda a: len(_removable(register, a)) > 2)
    if not place:
        return []
    _, agreement = place
    old = rng.choice(_removable(register, agreement))
    agreement.datasets.remove(old)
    register.last_wide[f"removed {old}"] = register.edition
    return [fact(register, agreement, "dataset-removed", "datasets", severity="low", removed=[old], tell=Tell.SECOND)]


def _relabelling(register: Register, agreement: Agreement, old: str, new: str, *, went: bool) -> Expected:
    facts = {"before": old, "after": new, "added": [new], "removed": [old] if went else []}
    return fact(register, agreement, "dataset-relabelled", "datasets", severity="info", substantive=False, **facts)


def _one_named(register: Register, agreement: Agreement) -> list[str]:
    held, wide_ones = agreement.datasets, register.used_labels
    return [n for n in held if n in PARTNERS and PARTNERS[n] not in held and n not in wide_ones]


@EDITS.add
def dataset_relabelled(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "datasets", lambda a: bool(_one_named(register, a)))
    if not place:
        return []
    _, agreement = place
    old = rng.choice(_one_named(register, agreement))
    went = rng.random() < 0.5
    if went:
        agreement.datasets.remove(old)
    agreement.datasets.append(PARTNERS[old])
    return [_relabelling(register, agreement, old, PARTNERS[old], went=went)]


@EDITS.add
def dataset_old_name_dropped(register: Register, rng: Random) -> list[Expected]:
    def twice_named(agreement: Agreement) -> list[str]:
        held = agreement.datasets
        return [n for n in held if PARTNERS.get(n) in held and n not in register.used_labels]

    place = register.pick(rng, "datasets", twice_named)
    if not place:
        return []
    _, agreement = place
    old = rng.choice(twice_named(agreement))
    agreement.datasets.remove(old)
    facts = {"before": old, "after": PARTNERS[old], "removed": [old], "tell": Tell.SECOND}
    return [fact(register, agreement, "dataset-relabelled", "datasets", severity="info", substantive=False, **facts)]
