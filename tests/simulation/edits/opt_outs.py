"""Opt-outs, and the kind of data that some layouts print among them."""

from random import Random

from tests.simulation import values
from tests.simulation.edits.saying import Deck, fact, set_change
from tests.simulation.model import Agreement, Register
from tests.simulation.truth import ANY, Expected

EDITS = Deck()


def _opt_outs(register: Register, agreement: Agreement, added: list[str], removed: list[str]) -> list[Expected]:
    had_yes = any(value in values.YES_OPT_OUTS for value in agreement.opt_outs)
    had_no = any(value not in values.YES_OPT_OUTS for value in agreement.opt_outs)
    new_no = any(value not in values.YES_OPT_OUTS for value in added)
    severity = "high" if new_no and had_yes and not had_no else "medium"
    return set_change(register, agreement, "opt-outs-changed", "opt_outs", added, removed, severity)


def _one_sided(agreement: Agreement) -> bool:
    """Whether the answers are all Yes or all No, so that nobody can argue whether a No is new."""
    return len({value in values.YES_OPT_OUTS for value in agreement.opt_outs}) == 1


@EDITS.add
def opt_out_added(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "opt_outs", _one_sided)
    if not place:
        return []
    _, agreement = place
    new = rng.choice([v for v in (*values.YES_OPT_OUTS, *values.NO_OPT_OUTS) if v not in agreement.opt_outs])
    return _opt_outs(register, agreement, [new], [])


@EDITS.add
def opt_out_replaced(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "opt_outs", lambda a: _one_sided(a) and len(a.opt_outs) == 1)
    if not place:
        return []
    _, agreement = place
    new = rng.choice([v for v in (*values.YES_OPT_OUTS, *values.NO_OPT_OUTS) if v not in agreement.opt_outs])
    return _opt_outs(register, agreement, [new], list(agreement.opt_outs))


@EDITS.add
def opt_out_removed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "opt_outs", lambda a: len(a.opt_outs) > 1)
    return _opt_outs(register, place[1], [], [rng.choice(place[1].opt_outs)]) if place else []


def _gains_identifiable(added: list[str]) -> str:
    return "high" if "Identifiable" in added else "medium"


@EDITS.add
def type_of_data_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "type_of_data", layouts=("L0", "L1", "L4"))
    if not place:
        return []
    page, agreement = place
    new = rng.choice([word for word in values.TYPE_WORDS if word not in agreement.type_of_data] or [None])
    if new is None:
        return []
    removed = list(agreement.type_of_data) if page.layout == "L0" or rng.random() < 0.4 else []
    severity = _gains_identifiable([new])
    return set_change(register, agreement, "type-of-data-changed", "type_of_data", [new], removed, severity)


@EDITS.add
def identifiable_among_opt_outs(register: Register, rng: Random) -> list[Expected]:
    def anonymous(agreement: Agreement) -> bool:
        return agreement.words_among_opt_outs and "Identifiable" not in agreement.type_of_data

    place = register.pick(rng, "opt_outs", anonymous, ("L2", "L3"))
    if not place or not register.free(place[1], "type_of_data"):
        return []
    page, agreement = place
    if register.layouts_read[page.slug] != page.layout:
        return []  # news within one layout only
    before = list(agreement.type_of_data)
    agreement.type_of_data.append("Identifiable")
    facts = {"severity": "high", "added": ["Identifiable"]}
    told = [
        fact(
            register,
            agreement,
            "type-of-data-changed",
            "opt_outs",
            before=ANY,
            after=ANY,
            layout=page.layout,
            **facts,
        ),
    ]
    if "type_of_data" in agreement.printed:
        facts |= {"before": before, "after": list(agreement.type_of_data)}
        told.append(fact(register, agreement, "type-of-data-changed", "type_of_data", **facts))
    return told


@EDITS.add
def type_of_data_changed_unseen(register: Register, rng: Random) -> list[Expected]:
    """An edit of a field that L3 does not print: told when L4 prints it again, if L1 had printed it."""

    def hidden(agreement: Agreement) -> bool:
        return not agreement.words_among_opt_outs and len(agreement.type_of_data) == 1

    place = register.pick(rng, "opt_outs", hidden, ("L2", "L3"))
    if not place or not register.free(place[1], "type_of_data"):
        return []
    _, agreement = place
    new = next(word for word in values.TYPE_WORDS if word not in agreement.type_of_data)
    severity = _gains_identifiable([new])
    told = set_change(register, agreement, "type-of-data-changed", "type_of_data", [new], [], severity)
    return told if "type_of_data" in agreement.printed else []
