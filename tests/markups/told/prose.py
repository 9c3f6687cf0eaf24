"""Edits of the prose: words, negations, watch words, numbers and signs; and what is typography and told to nobody."""
# ruff: noqa: E501  (a table: one edit a line)

from typing import Any

from tests.markups.register import Block, Blocks
from tests.markups.told.edits import L3, TINY, Edit, told
from tests.markups.told.expect import Told

SECTIONS = {
    "objectives": "Objectives",
    "yielded_benefits": "Yielded Benefits",
    "expected_benefits": "Expected Benefits",
    "outputs": "Outputs",
    "processing": "Processing",
}
STANDING = TINY.agreement(L3).sections


def _with(label: str, blocks: Blocks | None) -> dict[str, Any]:
    """Return the sections with one of them replaced, put in its place, or left out."""
    order = list(SECTIONS.values())
    rest = [(name, old) for name, old in STANDING if name != label]
    shown = rest if blocks is None else sorted([*rest, (label, blocks)], key=lambda section: order.index(section[0]))
    return {"sections": tuple(shown)}


def _paragraphs(*texts: str) -> Blocks:
    return tuple(Block(text) for text in texts)


def _prose(
    name: str,
    old: Blocks | None,
    new: Blocks | None,
    severity: str = "",
    *,
    field: str = "outputs",
    rule: str = "4",
    later: bool = False,
) -> Edit:
    tells: tuple[Told, ...] = told("text-changed", field, severity) if severity else ()
    label = SECTIONS[field]
    return Edit(
        f"prose:{name}", rule, _with(label, old), _with(label, new), () if later else tells, tells if later else ()
    )


def _sentence(name: str, old: str, new: str, severity: str = "", **more: Any) -> Edit:
    return _prose(
        name, _paragraphs("A paper by the board.", old), _paragraphs("A paper by the board.", new), severity, **more
    )


PLAIN = "The tables are shown to the board."
# fmt: off
WORDS = [
    *(_sentence(f"word-in-{field.replace('_', '-')}", PLAIN, "The tables are sent to the board.", "low", field=field) for field in SECTIONS),
    _prose("paragraph-more", _paragraphs(PLAIN), _paragraphs(PLAIN, "They are printed once."), "low"),
    _prose("paragraph-less", _paragraphs(PLAIN, "They are printed once."), _paragraphs(PLAIN), "low"),
    _prose("section-appears", None, _paragraphs(PLAIN), "low", rule="5"),
    _prose("section-goes", _paragraphs(PLAIN), None, "low", rule="6", later=True),
    _prose("section-emptied", _paragraphs(PLAIN), (), "low", rule="6", later=True),
    _sentence("not", "The tables are shown.", "The tables are not shown.", "medium", rule="domain.md 8"),
    _sentence("never-goes", "The tables are never shown.", "The tables are shown.", "medium", rule="domain.md 8"),
    _sentence("cannot", "Readers can see names.", "Readers cannot see names.", "medium", rule="domain.md 8"),
    _sentence("without", "It is done with review.", "It is done without review.", "medium", rule="domain.md 8"),
    _sentence("n't", "The board does see names.", "The board doesn’t see names.", "medium", rule="domain.md 8"),
    _sentence("no", "The tables have names.", "The tables have no names.", "medium", rule="domain.md 8"),
    _sentence("marketing", "They are used for teaching.", "They are used for marketing.", "medium", rule="domain.md 8"),
    _sentence("identifiable", "The records are pseudonymised.", "The records are identifiable.", "medium", rule="domain.md 8"),
    _sentence("overseas-goes", "They are read overseas and here.", "They are read here.", "medium", rule="domain.md 8"),
    _sentence("outside-the-uk", "They are kept here.", "They are kept outside the UK.", "medium", rule="domain.md 8"),
    _sentence("third-party", "They go to the board.", "They go to a third party.", "medium", rule="domain.md 8"),
    _sentence("a-word-that-holds-a-watch-word", "The team is unsold on it.", "The team is keen on it.", "low", rule="domain.md 8: whole words"),
    _sentence("breach-in-a-section", PLAIN, "The board looked at a breach.", "low", rule="contract 2: incidents are in remarks and remainders"),
]
# fmt: on

# Each of these says another thing; old and new fold to the same only if the sign is taken for typography.
SIGNS = {
    "at-most-at-least": ("Counts of ≤5 are left out.", "Counts of ≥5 are left out."),
    "less-more": ("Counts <5 are left out.", "Counts >5 are left out."),
    "plus-minus-goes": ("It is within ±2 days.", "It is within 2 days."),
    "minus-goes": ("It is stored at −2 degrees.", "It is stored at 2 degrees."),
    "hyphen-minus-in-brackets": ("It is kept cold (-2) at night.", "It is kept cold (2) at night."),
    "hyphen-minus-behind-equals": ("A score of x=-3 is kept.", "A score of x=3 is kept."),
    "leading-point": ("A rate of .5% is used.", "A rate of 5% is used."),
    "superscript": ("There are 10⁶ records.", "There are 106 records."),
    "squared": ("A grid of 10 m² is used.", "A grid of 10 m2 is used."),
    "decimal-point": ("It takes 1.5 years.", "It takes 15 years."),
    "fraction": ("It takes ½ a year.", "It takes 12 a year."),
    "pound": ("It costs £5.", "It costs 5."),
    "euro-pound": ("It costs €5.", "It costs £5."),
    "per-cent": ("A share of 50% is used.", "A share of 50 is used."),
    "plus": ("Aged 65+ only.", "Aged 65 only."),
    "slash": ("Read by staff and/or boards.", "Read by staff and or boards."),
    "ampersand": ("Seen in A&E last year.", "Seen in AE last year."),
    "number": ("It is kept for 3 years.", "It is kept for 13 years."),
    "year": ("It is kept until 2027.", "It is kept until 2028."),
    "date-in-words": ("It ends on 1 May 2027.", "It ends on 1 June 2027."),
    "letter": ("See Table A of the plan.", "See Table B of the plan."),
    "degree-sign": ("It is kept at 4°.", "It is kept at 4."),
}
TOLD = [_sentence(f"sign-{name}", old, new, "low") for name, (old, new) in SIGNS.items()]

SAME = {
    "range-dash-lost": ("Patients aged 55–80 are asked.", "Patients aged 5580 are asked."),
    "apostrophe-lost": ("The year’s plan.", "The years plan."),
    "dash-moved": ("The COVID-19 wave.", "The COVID -19 wave."),
    "dash-between-numbers": ("Ages 55-80 are asked.", "Ages 55 -80 are asked."),
    "hyphen-lost": ("A follow-up is planned.", "A followup is planned."),
    "quotes": ("It is called 'winter'.", "It is called “winter”."),
    "ellipsis": ("It goes on...", "It goes on…"),
    "ligature": ("A file of the office.", "A ﬁle of the oﬃce."),
    "full-width": ("Table 5 is shown.", "Table ５ is shown."),
    "case": ("The Board reads it.", "THE BOARD reads it."),
    "spaces": ("The board reads it.", "The  board reads\u00a0it."),
    "soft-hyphen": ("The supercomputer runs it.", "The super\u00adcomputer runs it."),
    "word-joiner": ("The sub-group reads it.", "The sub\u2060-\u2060group reads it."),
    "comma-lost": ("However, it is read.", "However it is read."),
}
TYPOGRAPHY = [_sentence(f"same-{name}", old, new) for name, (old, new) in SAME.items()]

LISTED = ("Describe the wards.", "Compare them with others.", "Write it up.")
# fmt: off
LISTS = [
    _prose("same-bullets-to-numbers", (Block(items=LISTED),), (Block(items=LISTED, numbered=True),)),
    _prose("same-list-to-paragraphs", (Block(items=LISTED),), _paragraphs(*LISTED)),
    _prose("same-marks-in-the-text", _paragraphs(*LISTED), _paragraphs(*(f"{mark} {line}" for mark, line in zip(("a)", "b)", "c)"), LISTED, strict=True)))),
    _prose("same-numbers-for-letters", _paragraphs(*(f"{n}. {line}" for n, line in enumerate(LISTED, 1))), _paragraphs(*(f"• {line}" for line in LISTED))),
    _prose("same-numbered-list-run-together", _paragraphs(*(f"{n}. {line}" for n, line in enumerate(LISTED, 1))), _paragraphs(" ".join(f"{n}. {line}" for n, line in enumerate(LISTED, 1)))),
    _prose("same-paragraphs-joined", _paragraphs(*LISTED), _paragraphs(" ".join(LISTED))),
    _prose("another-order", _paragraphs(*LISTED), _paragraphs(*reversed(LISTED)), "low"),
    _prose("a-number-in-a-sentence", _paragraphs("See stage 2. of the plan."), _paragraphs("See stage 3. of the plan."), "low"),
]
# fmt: on

QUOTED = (
    "Renewal of the earlier cohort — DARS-NIC-99001-Z9Y8X",
    "Legal basis: Health and Social Care Act 2012",
    "Sensitive: Sensitive",
)
# fmt: off
TRAPS = [
    _prose("a-quoted-header", _paragraphs(PLAIN), _paragraphs(PLAIN, *QUOTED), "low", field="processing", rule="18"),
    _prose("a-reference-in-a-sentence", _paragraphs(PLAIN), _paragraphs(PLAIN, "It renews DARS-NIC-99001-Z9Y8X."), "low", field="processing", rule="18"),
    _prose("a-label-in-a-later-section", _paragraphs(PLAIN), _paragraphs(PLAIN, "Objectives:", "They stay."), "low", field="processing", rule="19"),
    _prose("a-header-label-in-a-section", _paragraphs(PLAIN), _paragraphs(PLAIN, "Sublicensing allowed: see the contract"), "medium", field="processing", rule="19, domain.md 8: sublicence and its forms"),
    _prose("capitals-with-a-colon", _paragraphs(PLAIN), _paragraphs(PLAIN, "DATA RETENTION:", "Ten years."), "low", field="processing", rule="19"),
]
# fmt: on


def _purposes(name: str, old: str, new: str, severity: str) -> Edit:
    return Edit(
        f"prose:purposes-{name}",
        "16",
        {"purposes_text": old},
        {"purposes_text": new},
        told("text-changed", "purposes_text", severity),
    )


SAID = "The department plans services for older people with these records. It also answers questions that Parliament puts to it about them{} (Ministerial Department)"
PURPOSES = [
    _purposes("word", SAID.format(""), SAID.format(" each spring"), "low"),
    _purposes("negation", SAID.format(" and sells them"), SAID.format(" and never sells them"), "medium"),
]

EDITS = [*WORDS, *TOLD, *TYPOGRAPHY, *LISTS, *TRAPS, *PURPOSES]
