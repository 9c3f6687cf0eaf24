"""Titles and prose."""

from random import Random
from typing import Any

from tests.simulation import values
from tests.simulation.edits.saying import TITLED, Deck, fact, severity_of_words, value_change
from tests.simulation.model import SECTIONS, Agreement, Paragraph, Register, new_prose
from tests.simulation.truth import Expected, Tell

EDITS = Deck()


@EDITS.add
def title_changed(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "title", layouts=TITLED)
    if not place:
        return []
    _, agreement = place
    title = f"{values.title(rng)} ({rng.randint(2, 9)}nd phase)"
    if agreement.title and rng.random() < 0.2:
        severity = severity_of_words(agreement.title, None)
        return value_change(register, agreement, "title-changed", "title", None, severity, Tell.SECOND)
    severity = severity_of_words(agreement.title, title)
    return value_change(register, agreement, "title-changed", "title", title, severity)


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
    return [fact(register, agreement, "text-changed", name, **_sides(before, after), tell=tell)]


def _sides(before: list[Paragraph] | None, after: list[Paragraph] | None) -> dict[str, Any]:
    old, new = _prose(before), _prose(after)
    return {"before": old, "after": new, "severity": severity_of_words(old, new)}


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


@EDITS.add
def text_changed(register: Register, rng: Random) -> list[Expected]:
    found = _pick_section(register, rng, present=True)
    if not found:
        return []
    agreement, name = found
    return _text(register, agreement, name, _reworded(agreement.sections[name], rng))


@EDITS.add
def long_text_changed(register: Register, rng: Random) -> list[Expected]:
    found = _pick_section(register, rng, present=True, long=True)
    if not found:
        return []
    agreement, name = found
    return _text(register, agreement, name, _reworded(agreement.sections[name], rng))


@EDITS.add
def section_appeared(register: Register, rng: Random) -> list[Expected]:
    found = _pick_section(register, rng, present=False)
    return _text(register, *found, new_prose(rng, 3)) if found else []


@EDITS.add
def section_went(register: Register, rng: Random) -> list[Expected]:
    found = _pick_section(register, rng, present=True)
    if not found or len(found[0].sections) < 2:
        return []
    return _text(register, *found, None, Tell.SECOND)


@EDITS.add
def purposes_reworded(register: Register, rng: Random) -> list[Expected]:
    place = register.pick(rng, "purposes_text", lambda a: a.purposes_text is not None, TITLED)
    if not place:
        return []
    _, agreement = place
    before = agreement.purposes_text
    agreement.purposes_text = _reworded(before, rng)
    return [fact(register, agreement, "text-changed", "purposes_text", **_sides(before, agreement.purposes_text))]
