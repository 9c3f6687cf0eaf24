"""What happens to a register: each edit changes the model and says what must be told of it.

An edit is a function of the register and a source of chance; it returns the expected changes, or nothing where the
register has no place for it. `EDITS` are single facts, `WIDE` are edits on many agreements at once.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.simulation import values
from tests.simulation.model import (
    SECTIONS,
    Agreement,
    Page,
    Paragraph,
    Register,
    fit_to_page,
    new_agreement,
    new_date,
    new_page,
    new_prose,
)
from tests.simulation.truth import ANY, Expected, Tell

Edit = Callable[[Register, Random], list[Expected]]

EDITS: list[Edit] = []
WIDE: list[Edit] = []
TITLED = ("L2", "L3", "L4")
"""Layouts that print titles, terms, controllers and the rest of the head."""
GROUP_FROM = 25
SLACK = 4
"""How many members of a group may be on pages that this edition fails to read."""


def edit(function: Edit) -> Edit:
    EDITS.append(function)
    return function


def wide(function: Edit) -> Edit:
    WIDE.append(function)
    return function


# --- saying what must be told ----------------------------------------------------------------------------------------


def fact(register: Register, agreement: Agreement, kind: str, name: str | None, **facts: Any) -> Expected:
    """Return the expected change of one fact of an agreement, told once all its pages were read."""
    homes = register.pages_of(agreement)
    facts.setdefault("page", homes[0].slug)
    facts.setdefault("locks", ((agreement.reference, name or "*"),))
    facts.setdefault("reference", agreement.reference)
    return Expected(kind=kind, field=name, pages=tuple(home.slug for home in homes), **facts)


def set_change(
    register: Register, agreement: Agreement, kind: str, name: str, added: list[str], removed: list[str], severity: str
) -> list[Expected]:
    """Change a set of the agreement in place; without an addition it is told at the second sighting."""
    items = getattr(agreement, name)
    before = list(items)
    items[:] = [item for item in items if item not in removed] + added
    tell = Tell.FIRST if added else Tell.SECOND
    facts = {"before": before, "after": list(items), "added": added, "removed": removed}
    return [fact(register, agreement, kind, name, severity=severity, tell=tell, **facts)]


def value_change(
    register: Register, agreement: Agreement, kind: str, name: str, after: Any, severity: str, tell: Tell = Tell.FIRST
) -> list[Expected]:
    """Change a single value of the agreement."""
    before = getattr(agreement, name)
    setattr(agreement, name, after)
    return [fact(register, agreement, kind, name, severity=severity, before=before, after=after, tell=tell)]


# --- datasets --------------------------------------------------------------------------------------------------------

PARTNERS = {name: other for pair in values.DATASET_ALIASES for name, other in (pair, pair[::-1])}


@edit
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


@edit
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


@edit
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


@edit
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


# --- terms and windows -----------------------------------------------------------------------------------------------


def _later(day: str, months: int) -> str:
    whole = int(day[:4]) * 12 + int(day[5:7]) - 1 + months
    return f"{whole // 12}-{whole % 12 + 1:02d}{day[7:]}"


def _has_term(agreement: Agreement) -> bool:
    return bool(agreement.dsa_start and agreement.dsa_end)


def _lock_term(agreement: Agreement) -> dict[str, Any]:
    reference = agreement.reference
    return {"locks": ((reference, "dsa_end"), (reference, "dsa_start"), (reference, "when_note"))}


def _term(register: Register, agreement: Agreement, kind: str, name: str, after: Any, **facts: Any) -> list[Expected]:
    before = getattr(agreement, name)
    setattr(agreement, name, after)
    facts |= _lock_term(agreement)
    return [fact(register, agreement, kind, name, before=before, after=after, **facts)]


@edit
def dsa_extended(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", _has_term, TITLED)
    if not place:
        return []
    _, agreement = place
    if rng.random() < 0.2:
        agreement.dsa_start = _later(agreement.dsa_start, rng.choice((12, 24)))
    end = _later(agreement.dsa_end, rng.choice((3, 6, 12, 24, 36)))
    return _term(register, agreement, "dsa-extended", "dsa_end", end, severity="medium")


@edit
def dsa_shortened(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", _has_term, TITLED)
    if not place:
        return []
    _, agreement = place
    end = _later(agreement.dsa_end, -rng.choice((3, 6, 12)))
    return _term(register, agreement, "dsa-shortened", "dsa_end", end, severity="low")


@edit
def dsa_start_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", _has_term, TITLED)
    if not place:
        return []
    _, agreement = place
    start = _later(agreement.dsa_start, rng.choice((-6, -3, 3, 5)))
    return _term(register, agreement, "dsa-term-changed", "dsa_start", start, severity="low")


@edit
def dsa_end_became_a_word(register: Register, rng: Random) -> list[Expected]:
    def fits(agreement: Agreement) -> bool:
        return _has_term(agreement) and not agreement.remark and register.free(agreement, "when_note")

    place = register.pick(rng, "dsa_end", fits, TITLED)
    if not place:
        return []
    _, agreement = place
    return _term(register, agreement, "dsa-term-changed", "dsa_end", None, severity="low", tell=Tell.EITHER)


@edit
def dsa_end_appeared(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", lambda a: bool(a.dsa_start) and not a.dsa_end, TITLED)
    if not place:
        return []
    _, agreement = place
    end = _later(agreement.dsa_start, 36)
    return _term(register, agreement, "dsa-term-changed", "dsa_end", end, severity="low")


@edit
def dsa_term_appeared(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", lambda a: not a.dsa_start, TITLED)
    if not place:
        return []
    _, agreement = place
    agreement.dsa_start = new_date(rng, 2015, 2022)
    end = _later(agreement.dsa_start, 36)
    return _term(register, agreement, "dsa-term-changed", "dsa_end", end, severity="low")


@edit
def dsa_term_went(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "dsa_end", lambda a: _has_term(a) and bool(a.released_from), TITLED)
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


@edit
def releases_continued(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "released_to", lambda a: bool(a.released_from))
    if not place:
        return []
    _, agreement = place
    month = _later(agreement.released_to, rng.randint(1, 20))
    return _window(register, agreement, "releases-continued", "released_to", month)


@edit
def releases_cut(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "released_to", lambda a: bool(a.released_from))
    if not place:
        return []
    _, agreement = place
    month = _later(agreement.released_to, -rng.randint(1, 20))  # perhaps before it began: the register prints that too
    return _window(register, agreement, "release-window-changed", "released_to", month)


@edit
def releases_began_elsewhen(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "released_from", lambda a: bool(a.released_from), ("L1", "L2", "L3", "L4"))
    if not place:
        return []
    _, agreement = place
    month = _later(agreement.released_from, rng.choice((-7, -2, 2, 5)))
    return _window(register, agreement, "release-window-changed", "released_from", month)


@edit
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
        "locks": ((reference, "released_from"), (reference, "released_to")),
    }
    homes = tuple(home.slug for home in register.pages_of(agreement))
    return [Expected(kind="release-window-changed", page=homes[0], reference=reference, pages=homes, **facts)]


# --- legal bases -----------------------------------------------------------------------------------------------------

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


@edit
def legal_basis_added(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "legal_bases", lambda a: len(a.bases) < 5)
    return _bases(register, place[1], [_other_basis(place[1], rng)], []) if place else []


@edit
def legal_basis_replaced(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "legal_bases", lambda a: bool(_cited(a)))
    if not place:
        return []
    _, agreement = place
    return _bases(register, agreement, [_other_basis(agreement, rng)], [rng.choice(_cited(agreement))])


@edit
def legal_basis_removed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "legal_bases", lambda a: bool(_cited(a)))
    return _bases(register, place[1], [], [rng.choice(_cited(place[1]))]) if place else []


@edit
def consent_gave_way(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "legal_bases", lambda a: "informed consent" in a.bases and "s251" not in a.bases)
    return _bases(register, place[1], ["s251"], ["informed consent"]) if place else []


@edit
def legal_basis_made_precise(register: Register, rng: Random) -> list[Expected]:
    def bare(agreement: Agreement) -> bool:
        return "bare" in agreement.bases and not set(values.PLAIN_LIMBS) & set(agreement.bases)

    place = register.pick(rng, "legal_bases", bare)
    return _bases(register, place[1], [rng.choice(values.PLAIN_LIMBS)], ["bare"]) if place else []


@edit
def legal_basis_limb_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "legal_bases", lambda a: "2bii" in a.bases and "2a" not in a.bases)
    return _bases(register, place[1], ["2a"], ["2bii"]) if place else []


# --- opt-outs and the kind of data -----------------------------------------------------------------------------------


def _opt_outs(register: Register, agreement: Agreement, added: list[str], removed: list[str]) -> list[Expected]:
    had_yes = any(value in values.YES_OPT_OUTS for value in agreement.opt_outs)
    had_no = any(value not in values.YES_OPT_OUTS for value in agreement.opt_outs)
    new_no = any(value not in values.YES_OPT_OUTS for value in added)
    severity = "high" if new_no and had_yes and not had_no else "medium"
    return set_change(register, agreement, "opt-outs-changed", "opt_outs", added, removed, severity)


def _one_sided(agreement: Agreement) -> bool:
    """Whether the answers are all Yes or all No, so that nobody can argue whether a No is new."""
    return len({value in values.YES_OPT_OUTS for value in agreement.opt_outs}) == 1


@edit
def opt_out_added(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "opt_outs", _one_sided)
    if not place:
        return []
    _, agreement = place
    new = rng.choice([v for v in (*values.YES_OPT_OUTS, *values.NO_OPT_OUTS) if v not in agreement.opt_outs])
    return _opt_outs(register, agreement, [new], [])


@edit
def opt_out_replaced(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "opt_outs", lambda a: _one_sided(a) and len(a.opt_outs) == 1)
    if not place:
        return []
    _, agreement = place
    new = rng.choice([v for v in (*values.YES_OPT_OUTS, *values.NO_OPT_OUTS) if v not in agreement.opt_outs])
    return _opt_outs(register, agreement, [new], list(agreement.opt_outs))


@edit
def opt_out_removed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "opt_outs", lambda a: len(a.opt_outs) > 1)
    return _opt_outs(register, place[1], [], [rng.choice(place[1].opt_outs)]) if place else []


def _gains_identifiable(added: list[str]) -> str:
    return "high" if "Identifiable" in added else "medium"


@edit
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


@edit
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


@edit
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


# --- the other sets of the head --------------------------------------------------------------------------------------


def _swap(rng: Random, held: list[str], pool: tuple[str, ...], *, keep_one: bool = True) -> tuple[list[str], list[str]]:
    """Return what to add to and what to remove from a set: an addition, a replacement or a bare removal."""
    new = [value for value in pool if value not in held]
    ways = ["add", "replace"] * bool(new) + ["remove"] * (len(held) > keep_one)
    way = rng.choice(ways)
    added = [rng.choice(new)] if way != "remove" else []
    removed = [rng.choice(held)] if way != "add" and held else []
    return added, removed


@edit
def confidentiality_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "confidentiality", lambda a: a.confidentiality is not None)
    if not place:
        return []
    _, agreement = place
    added, removed = _swap(rng, agreement.confidentiality, values.CONFIDENTIALITY)
    return set_change(register, agreement, "confidentiality-changed", "confidentiality", added, removed, "medium")


@edit
def sensitivity_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "sensitivity", layouts=("L1", *TITLED))
    if not place:
        return []
    _, agreement = place
    added, removed = _swap(rng, agreement.sensitivity, ("Sensitive", "Non-Sensitive"))
    severity = "medium" if "Sensitive" in added else "low"
    return set_change(register, agreement, "sensitivity-changed", "sensitivity", added, removed, severity)


@edit
def access_method_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "access_methods")
    if not place:
        return []
    _, agreement = place
    system_only = agreement.access_methods == [values.SYSTEM_ACCESS]
    added, removed = _swap(rng, agreement.access_methods, (*values.FILE_ACCESS, values.SYSTEM_ACCESS))
    severity = "medium" if system_only else "low"
    return set_change(register, agreement, "access-method-changed", "access_methods", added, removed, severity)


@edit
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


@edit
def commercial_changed(register: Register, rng: Random) -> list[Expected]:
    return _yes_or_no(register, rng, "commercial-changed", "commercial")


@edit
def sublicensing_changed(register: Register, rng: Random) -> list[Expected]:
    return _yes_or_no(register, rng, "sublicensing-changed", "sublicensing")


@edit
def organisation_type_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "organisation_types", lambda a: not a.purposes_text, TITLED)
    if not place:
        return []
    _, agreement = place
    added, removed = _swap(rng, agreement.organisation_types, values.ORGANISATION_TYPES)
    severity = "high" if {"Commercial", "Supplier"} & set(added) else "low"
    return set_change(register, agreement, "organisation-type-changed", "organisation_types", added, removed, severity)


# --- controllers -----------------------------------------------------------------------------------------------------

KNOWN = values.SUCCESSIONS + values.CONTROLLER_ALIASES
RELATIONS = dict(KNOWN + values.PRESUMED)
RELATED = {name for pair in (*KNOWN, *values.PRESUMED, values.MASS_CONTROLLER) for name in pair}


@edit
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


@edit
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


@edit
def controller_succeeded(register: Register, rng: Random) -> list[Expected]:
    return _succession(register, rng, KNOWN, "info", substantive=False)


@edit
def controller_presumably_succeeded(register: Register, rng: Random) -> list[Expected]:
    return _succession(register, rng, values.PRESUMED, "low", substantive=True)


@edit
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


# --- words -----------------------------------------------------------------------------------------------------------


@edit
def title_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "title", layouts=TITLED)
    if not place:
        return []
    _, agreement = place
    title = f"{values.title(rng)} ({rng.randint(2, 9)}nd phase)"
    if agreement.title and rng.random() < 0.2:
        return value_change(register, agreement, "title-changed", "title", None, "low", Tell.SECOND)
    return value_change(register, agreement, "title-changed", "title", title, "low")


def _prose(paragraphs: list[Paragraph] | None) -> str | None:
    return None if paragraphs is None else "\n".join(paragraph.text for paragraph in paragraphs)


def _reworded(paragraphs: list[Paragraph], rng: Random) -> list[Paragraph]:
    """Return the prose with one word put in or taken out, somewhere."""
    spot = rng.randrange(len(paragraphs))
    words = paragraphs[spot].text.split(" ")
    if rng.random() < 0.7 or len(words) < 4:
        words.insert(rng.randint(1, len(words)), rng.choice(values.SUBSTANTIVE_WORDS))
    else:
        del words[rng.choice([n for n, word in enumerate(words) if any(c.isalpha() for c in word)])]
    return [*paragraphs[:spot], Paragraph(" ".join(words), paragraphs[spot].item), *paragraphs[spot + 1 :]]


def _text(
    register: Register, agreement: Agreement, name: str, after: list[Paragraph] | None, tell: Tell = Tell.FIRST
) -> list[Expected]:
    before = agreement.sections.pop(name, None)
    if after is not None:
        agreement.sections[name] = after
    facts = {"before": _prose(before), "after": _prose(after), "severity": "low", "tell": tell}
    return [fact(register, agreement, "text-changed", name, **facts)]


def _pick_section(
    register: Register, rng: Random, *, present: bool, long: bool = False
) -> tuple[Agreement, str] | None:
    names = list(SECTIONS)
    rng.shuffle(names)
    for name in names:

        def fits(agreement: Agreement, name: str = name) -> bool:
            prose = agreement.sections.get(name)
            return (prose is not None) is present and (not long or (prose is not None and len(prose) > 40))

        place = register.pick(rng, name, fits)
        if place and not (place[0].old_benefits and name == "yielded_benefits"):
            return place[1], name
    return None


@edit
def text_changed(register: Register, rng: Random) -> list[Expected]:
    found = _pick_section(register, rng, present=True)
    if not found:
        return []
    agreement, name = found
    return _text(register, agreement, name, _reworded(agreement.sections[name], rng))


@edit
def long_text_changed(register: Register, rng: Random) -> list[Expected]:
    found = _pick_section(register, rng, present=True, long=True)
    if not found:
        return []
    agreement, name = found
    return _text(register, agreement, name, _reworded(agreement.sections[name], rng))


@edit
def section_appeared(register: Register, rng: Random) -> list[Expected]:
    found = _pick_section(register, rng, present=False)
    return _text(register, *found, new_prose(rng, 3)) if found else []


@edit
def section_went(register: Register, rng: Random) -> list[Expected]:
    found = _pick_section(register, rng, present=True)
    if not found or len(found[0].sections) < 2:
        return []
    return _text(register, *found, None, Tell.SECOND)


@edit
def purposes_reworded(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "purposes_text", lambda a: a.purposes_text is not None, TITLED)
    if not place:
        return []
    _, agreement = place
    before = agreement.purposes_text
    agreement.purposes_text = _reworded(before, rng)
    facts = {"before": _prose(before), "after": _prose(agreement.purposes_text), "severity": "low"}
    return [fact(register, agreement, "text-changed", "purposes_text", **facts)]


# --- discussions, incidents, flags, counts ---------------------------------------------------------------------------


@edit
def discussion_added(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "discussions", lambda a: len(a.discussions) < 4, ("L4",))
    if not place:
        return []
    _, agreement = place
    new = rng.choice([name for name in values.DISCUSSIONS if name not in agreement.discussions])
    return set_change(register, agreement, "discussion-added", "discussions", [new], [], "low")


@edit
def incident_noted(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "when_note", lambda a: not a.remark and _has_term(a), TITLED)
    if not place:
        return []
    _, agreement = place
    agreement.remark = rng.choice(values.REMARKS)
    return [fact(register, agreement, "incident-noted", "when_note", severity="high", after=agreement.remark)]


@edit
def incident_removed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "when_note", lambda a: bool(a.remark), TITLED)
    if not place:
        return []
    _, agreement = place
    before, agreement.remark = agreement.remark, None
    facts = {"severity": "medium", "before": before, "tell": Tell.SECOND}
    return [fact(register, agreement, "incident-removed", "when_note", **facts)]


def _pick_page(
    register: Register, rng: Random, name: str, condition: Callable[[Page], bool] = lambda _p: True
) -> Page | None:
    fit = [
        page
        for slug, page in sorted(register.pages.items())
        if not (register.locks(page.slug, name) or register.locks(page.slug, "*") or page.nohead)
        and not (name == "*" and slug in register.owed)
        and condition(page)
    ]
    return rng.choice(fit) if fit else None


@edit
def flag_raised_or_cleared(register: Register, rng: Random) -> list[Expected]:
    raise_it = rng.random() < 0.5
    page = _pick_page(register, rng, "flags", lambda p: "flags" in p.printed and p.flag is not raise_it)
    if not page:
        return []
    page.flag = raise_it
    facts = {"before": ANY, "after": ANY, "added": ANY, "removed": ANY, "locks": ((page.slug, "flags"),)}
    kind, severity, tell = ("flag-raised", "high", Tell.FIRST) if raise_it else ("flag-cleared", "low", Tell.SECOND)
    return [
        Expected(kind=kind, severity=severity, page=page.slug, field="flags", pages=(page.slug,), tell=tell, **facts)
    ]


@edit
def files_count_changed(register: Register, rng: Random) -> list[Expected]:
    page = _pick_page(
        register, rng, "files_disseminated", lambda p: p.layout in ("L3", "L4") and "files_disseminated" in p.printed
    )
    if not page:
        return []
    before, page.count = page.count, page.count + rng.choice((-1, 1, 12, 140))
    facts = {"before": before, "after": page.count, "severity": "info", "substantive": False}
    locks = ((page.slug, "files_disseminated"),)
    name = "files_disseminated"
    return [Expected(kind="files-count-changed", page=page.slug, field=name, pages=(page.slug,), locks=locks, **facts)]


# --- agreements and their places -------------------------------------------------------------------------------------

UNSAID: dict[str, Any] = {"field": ANY, "before": ANY, "after": ANY, "added": ANY, "removed": ANY}


def _added(page: Page, agreement: Agreement) -> Expected:
    return Expected(
        kind="agreement-added",
        severity="medium",
        page=page.slug,
        reference=agreement.reference,
        pages=(page.slug,),
        locks=((agreement.reference, "*"),),
        **UNSAID,
    )


@edit
def agreement_added(register: Register, rng: Random) -> list[Expected]:
    page = _pick_page(register, rng, "*")
    if not page:
        return []
    agreement = fit_to_page(new_agreement(register, rng, page.name), page, rng)
    page.agreements.insert(rng.randint(0, len(page.agreements)), agreement)
    return [_added(page, agreement)]


@edit
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


@edit
def agreement_listed_again(register: Register, rng: Random) -> list[Expected]:
    for slug, agreement in register.gone:
        page = register.pages.get(slug)
        if page and register.free(agreement, "*") and not (page.nohead or register.locks(slug, "*")):
            register.gone.remove((slug, agreement))
            agreement.printed.clear()  # a history of its own begins: reading 20
            page.agreements.append(agreement)
            return [_added(page, agreement)]
    return []


def _elsewhere(register: Register, rng: Random, page: Page) -> Page | None:
    return _pick_page(register, rng, "*", lambda p: p is not page and p.layout == page.layout)


@edit
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


@edit
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


@edit
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
        **facts,
    )
    return [told]


# --- organisations ---------------------------------------------------------------------------------------------------


@edit
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
    return [told, *(_added(page, agreement) for agreement in page.agreements)]


def _undisturbed(register: Register, page: Page) -> bool:
    """Whether nothing waits about the page and no agreement of it stands elsewhere."""
    return not (register.locks(page.slug, "any") or register.concerned(page.slug)) and all(
        register.free(agreement, "*") and len(register.pages_of(agreement)) == 1 for agreement in page.agreements
    )


@edit
def organisation_removed(register: Register, rng: Random) -> list[Expected]:
    page = _pick_page(register, rng, "*", lambda p: len(p.agreements) < 4 and _undisturbed(register, p))
    if not page:
        return []
    del register.pages[page.slug]
    facts = {"severity": "medium", "page": page.slug, "absent": page.slug, "tell": Tell.SECOND, **UNSAID}
    gone = [
        Expected(kind="agreement-removed", reference=a.reference, locks=((a.reference, "*"),), **facts)
        for a in page.agreements
    ]
    return [Expected(kind="organisation-removed", locks=((page.slug, "*"),), **facts), *gone]


@edit
def organisation_renamed(register: Register, rng: Random) -> list[Expected]:
    page = _pick_page(register, rng, "organisation")
    if not page:
        return []
    before, tail = page.name, " Partnership"
    page.name = before.removesuffix(tail) if before.endswith(tail) else before + tail
    facts = {"before": before, "after": page.name, "severity": "low", "added": ANY, "removed": ANY}
    locks = ((page.slug, "organisation"),)
    return [Expected(kind="organisation-renamed", page=page.slug, field=ANY, pages=(page.slug,), locks=locks, **facts)]


@edit
def organisation_got_a_new_page(register: Register, rng: Random) -> list[Expected]:
    """A page goes and all its agreements stand on one new page, as when an ICB follows a CCG."""
    if not register.complete:
        return []
    fits = lambda p: p.layout in TITLED and not p.flag and _undisturbed(register, p)  # noqa: E731
    page = _pick_page(register, rng, "*", fits)
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
    return [Expected(kind="organisation-renamed", **facts, **both), *moved]


# --- gone once and back ----------------------------------------------------------------------------------------------


def _gone_once(register: Register, page: Page, lock: tuple[str, str], undo: Callable[[], None], kind: str) -> list:
    """Return what keeps other edits away while a fact is gone, and plan its return for the next edition."""
    held = Expected(kind=kind, silent=True, tell=Tell.NEVER, pages=(page.slug,), locks=(lock,))
    back = Expected(kind=kind, silent=True, pages=(page.slug,), locks=(lock,))

    def restore() -> list[Expected]:
        undo()
        return [back]

    register.later(register.edition + 1, restore, held)
    return [held]


@edit
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


@edit
def section_gone_once(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "processing", lambda a: len(a.sections) > 1 and "processing" in a.sections, alone=True)
    if not place:
        return []
    page, agreement = place
    lost = agreement.sections.pop("processing")
    lock = (agreement.reference, "processing")
    return _gone_once(register, page, lock, lambda: agreement.sections.update(processing=lost), "value")


@edit
def flag_gone_once(register: Register, rng: Random) -> list[Expected]:
    page = _pick_page(register, rng, "flags", lambda p: "flags" in p.printed and p.flag)
    if not page:
        return []
    page.flag = False
    return _gone_once(register, page, (page.slug, "flags"), lambda: setattr(page, "flag", True), "value")


@edit
def agreement_gone_once(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "*", alone=True)
    if not place or not 2 <= len(place[0].agreements) <= 10:
        return []
    page, agreement = place
    page.agreements.remove(agreement)
    lock = (agreement.reference, "*")
    return _gone_once(register, page, lock, lambda: page.agreements.append(agreement), "agreement-removed")


# --- register-wide edits ---------------------------------------------------------------------------------------------


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


@wide
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


@wide
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


@wide
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


@wide
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


@wide
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


@wide
def mass_directions(register: Register, rng: Random) -> list[Expected]:
    places = _free_places(register, "legal_bases", lambda a: "directions" not in a.bases)
    if len(places) < GROUP_FROM + 5 or not _rested(register, "directions"):
        return []
    chosen = rng.sample(places, GROUP_FROM + 5)
    for _, agreement in chosen:
        agreement.bases.append("directions")
    added = list(values.BASES["directions"].ids)
    return _group("legal-basis-changed", "legal_bases", chosen, severity="high", added=added)


@wide
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


@wide
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


@wide
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
    return _group("text-changed", "processing", places, severity="low", added=ANY, removed=ANY)


@wide
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
