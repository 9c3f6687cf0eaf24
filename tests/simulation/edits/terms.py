"""The terms of agreements and the windows of their releases."""

from random import Random
from typing import Any

from tests.simulation.edits.saying import TITLED, Deck, fact
from tests.simulation.model import Agreement, Register, new_date
from tests.simulation.truth import ANY, Expected, Tell

EDITS = Deck()


def _later(day: str, months: int) -> str:
    whole = int(day[:4]) * 12 + int(day[5:7]) - 1 + months
    return f"{whole // 12}-{whole % 12 + 1:02d}{day[7:]}"


def has_term(agreement: Agreement) -> bool:
    return bool(agreement.dsa_start and agreement.dsa_end)


def _lock_term(agreement: Agreement) -> dict[str, Any]:
    reference = agreement.reference
    return {"locks": ((reference, "dsa_end"), (reference, "dsa_start"), (reference, "when_note"))}


def _term(register: Register, agreement: Agreement, kind: str, name: str, after: Any, **facts: Any) -> list[Expected]:
    before = getattr(agreement, name)
    setattr(agreement, name, after)
    facts |= _lock_term(agreement)
    return [fact(register, agreement, kind, name, before=before, after=after, **facts)]


@EDITS.add
def dsa_extended(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", has_term, TITLED)
    if not place:
        return []
    _, agreement = place
    if rng.random() < 0.2:
        agreement.dsa_start = _later(agreement.dsa_start, rng.choice((12, 24)))
    end = _later(agreement.dsa_end, rng.choice((3, 6, 12, 24, 36)))
    return _term(register, agreement, "dsa-extended", "dsa_end", end, severity="medium")


@EDITS.add
def dsa_shortened(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", has_term, TITLED)
    if not place:
        return []
    _, agreement = place
    end = _later(agreement.dsa_end, -rng.choice((3, 6, 12)))
    return _term(register, agreement, "dsa-shortened", "dsa_end", end, severity="low")


@EDITS.add
def dsa_start_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", has_term, TITLED)
    if not place:
        return []
    _, agreement = place
    start = _later(agreement.dsa_start, rng.choice((-6, -3, 3, 5)))
    return _term(register, agreement, "dsa-term-changed", "dsa_start", start, severity="low")


@EDITS.add
def dsa_end_became_a_word(register: Register, rng: Random) -> list[Expected]:
    def fits(agreement: Agreement) -> bool:
        return has_term(agreement) and not agreement.remark and register.free(agreement, "when_note")

    place = register.pick(rng, "dsa_end", fits, TITLED)
    if not place:
        return []
    _, agreement = place
    return _term(register, agreement, "dsa-term-changed", "dsa_end", None, severity="low", tell=Tell.EITHER)


@EDITS.add
def dsa_end_appeared(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", lambda a: bool(a.dsa_start) and not a.dsa_end, TITLED)
    if not place:
        return []
    _, agreement = place
    end = _later(agreement.dsa_start, 36)
    return _term(register, agreement, "dsa-term-changed", "dsa_end", end, severity="low")


@EDITS.add
def dsa_term_appeared(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", lambda a: not a.dsa_start, TITLED)
    if not place:
        return []
    _, agreement = place
    agreement.dsa_start = new_date(rng, 2015, 2022)
    end = _later(agreement.dsa_start, 36)
    return _term(register, agreement, "dsa-term-changed", "dsa_end", end, severity="low")


@EDITS.add
def dsa_term_went(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", lambda a: has_term(a) and bool(a.released_from), TITLED)
    if not place:
        return []
    _, agreement = place
    agreement.dsa_start = None
    return _term(register, agreement, "dsa-term-changed", "dsa_end", None, severity="low", tell=Tell.SECOND)


def _window(register: Register, agreement: Agreement, kind: str, name: str, after: str) -> list[Expected]:
    before = getattr(agreement, name)
    setattr(agreement, name, after)
    locks = ((agreement.reference, "released_from"), (agreement.reference, "released_to"))
    return [fact(register, agreement, kind, name, severity="low", before=before, after=after, locks=locks)]


@EDITS.add
def releases_continued(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "released_to", lambda a: bool(a.released_from))
    if not place:
        return []
    _, agreement = place
    month = _later(agreement.released_to, rng.randint(1, 20))
    return _window(register, agreement, "releases-continued", "released_to", month)


@EDITS.add
def releases_cut(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "released_to", lambda a: bool(a.released_from))
    if not place:
        return []
    _, agreement = place
    month = _later(agreement.released_to, -rng.randint(1, 20))  # perhaps before it began: the register prints that too
    return _window(register, agreement, "release-window-changed", "released_to", month)


@EDITS.add
def releases_began_elsewhen(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "released_from", lambda a: bool(a.released_from), ("L1", "L2", "L3", "L4"))
    if not place:
        return []
    _, agreement = place
    month = _later(agreement.released_from, rng.choice((-7, -2, 2, 5)))
    return _window(register, agreement, "release-window-changed", "released_from", month)


@EDITS.add
def release_window_came_or_went(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "released_from", lambda a: bool(a.dsa_start), TITLED)
    if not place or not register.free(place[1], "released_to"):
        return []
    _, agreement = place
    came = agreement.released_from is None
    agreement.released_from, agreement.released_to = ("2021-03", "2022-05") if came else (None, None)
    reference = agreement.reference
    facts = {
        "field": frozenset(("released_from", "released_to")),
        "before": ANY,
        "after": ANY,
        "severity": "low",
        "tell": Tell.FIRST if came else Tell.SECOND,
        "apart": True,
        "locks": ((reference, "released_from"), (reference, "released_to")),
    }
    homes = tuple(home.slug for home in register.pages_of(agreement))
    return [Expected(kind="release-window-changed", page=homes[0], reference=reference, pages=homes, **facts)]
