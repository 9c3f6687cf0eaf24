"""Discussions, incidents, flags and counts."""

from random import Random

from tests.simulation import values
from tests.simulation.edits.saying import TITLED, Deck, fact, pick_page, set_change
from tests.simulation.edits.terms import has_term
from tests.simulation.model import Register
from tests.simulation.truth import ANY, Expected, Tell

EDITS = Deck()


@EDITS.add
def discussion_added(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "discussions", lambda a: len(a.discussions) < 4, ("L4",))
    if not place:
        return []
    _, agreement = place
    new = rng.choice([name for name in values.DISCUSSIONS if name not in agreement.discussions])
    return set_change(register, agreement, "discussion-added", "discussions", [new], [], "low")


@EDITS.add
def incident_noted(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "when_note", lambda a: not a.remark and has_term(a), TITLED)
    if not place:
        return []
    _, agreement = place
    agreement.remark = rng.choice(values.REMARKS)
    return [fact(register, agreement, "incident-noted", "when_note", severity="high", after=agreement.remark)]


@EDITS.add
def incident_removed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "when_note", lambda a: bool(a.remark), TITLED)
    if not place:
        return []
    _, agreement = place
    before, agreement.remark = agreement.remark, None
    facts = {"severity": "medium", "before": before, "tell": Tell.SECOND}
    return [fact(register, agreement, "incident-removed", "when_note", **facts)]


@EDITS.add
def flag_raised_or_cleared(register: Register, rng: Random) -> list[Expected]:
    raise_it = rng.random() < 0.5
    page = pick_page(register, rng, "flags", lambda p: "flags" in p.printed and p.flag is not raise_it)
    if not page:
        return []
    page.flag = raise_it
    facts = {"before": ANY, "after": ANY, "added": ANY, "removed": ANY, "locks": ((page.slug, "flags"),)}
    kind, severity, tell = ("flag-raised", "high", Tell.FIRST) if raise_it else ("flag-cleared", "low", Tell.SECOND)
    return [
        Expected(kind=kind, severity=severity, page=page.slug, field="flags", pages=(page.slug,), tell=tell, **facts)
    ]


@EDITS.add
def files_count_changed(register: Register, rng: Random) -> list[Expected]:
    page = pick_page(
        register, rng, "files_disseminated", lambda p: p.layout in ("L3", "L4") and "files_disseminated" in p.printed
    )
    if not page:
        return []
    before, page.count = page.count, page.count + rng.choice((-1, 1, 12, 140))
    facts = {"before": before, "after": page.count, "severity": "info", "substantive": False}
    locks = ((page.slug, "files_disseminated"),)
    name = "files_disseminated"
    return [Expected(kind="files-count-changed", page=page.slug, field=name, pages=(page.slug,), locks=locks, **facts)]
