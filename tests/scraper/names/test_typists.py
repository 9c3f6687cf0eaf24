"""A typist's spelling is typography: bases are the same however their words, marks and spaces are typed.

The table was written down before the grammar was. What a typist cannot mean (another number, another act, a word that
says more) is never read as the same.
"""

# ruff: noqa: E501  (tables: one spelling a line)

import re
import string
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from scraper.names.citations import READ_AT_MOST, read_basis
from scraper.names.legal_basis import read_legal_bases
from scraper.names.packaged import read_facts
from scraper.names.spelling import is_nearly, words_of

FACTS = read_facts("legal-bases")

LIMB = "HSCA2012:s261(2)(a)"
BOTH = "HSCA2012:s261(1) HSCA2012:s261(2)(b)(ii)"
SUPPORT = "NHSA2006:s251"
NOTICE = "COPI2002:r3(4)"
BIRTHS = "SRSA2007:s42(4)"
CONSENT = "CONSENT:informed"
COMMAND = "NHS England De-Identified Data Analytics and Publication Directions 2023"
DIRECTIONS = "DIR:nhse-deidentified-data-analytics-and-publication-2023"
ARTICLE = "UKGDPR:art9(2)(i)"

# fmt: off
SPELLINGS = [
    # joining words
    ("Health & Social Care Act 2012 – s261(2)(a)", LIMB),
    ("Health &Social Care Act 2012 s261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 – s261(1) & s261(2)(b)(ii)", BOTH),
    ("Health and Social Care Act 2012 – s261(1), s261(2)(b)(ii)", BOTH),
    ("Health and Social Care Act 2012 – s261(1) / s261(2)(b)(ii)", BOTH),
    ("Health and Social Care Act 2012 – sections 261(1) and 261(2)(b)(ii)", BOTH),
    ("Health and Social Care Act 2012 – s261(1) and (2)(b)(ii)", BOTH),
    ("Health and Social Care Act 2012 – ss. 261(1) and 261(2)(b)(ii)", BOTH),
    # marks before the section
    ("Health and Social Care Act 2012, s261(2)(a)", LIMB),
    ("Health and Social Care Act 2012: s261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 (s261(2)(a))", LIMB),
    ("Health and Social Care Act 2012 [s261(2)(a)]", LIMB),
    ("Health and Social Care Act 2012. s261(2)(a).", LIMB),
    ("Health and Social Care Act 2012—s261(2)(a)", LIMB),
    ("Health and Social Care Act 2012s261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 / s261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 , s261(2)(a)", LIMB),
    ("Health and Social Care Act 2012, Section 261(2)(a)", LIMB),
    ("National Health Service Act 2006, Section 251", SUPPORT),
    # what acts are called
    ("HSCA 2012 – s261(2)(a)", LIMB),
    ("HSCA2012 s261(2)(a)", LIMB),
    ("HSCA (2012) s261(2)(a)", LIMB),
    ("HSC Act 2012 s261(2)(a)", LIMB),
    ("H&SC Act 2012 s261(2)(a)", LIMB),
    ("The Health and Social Care Act 2012 – s261(2)(a)", LIMB),
    ("Health and Social Care Act (2012) – s261(2)(a)", LIMB),
    ("Health and Social Care Act, 2012 – s261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 (as amended) – s261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 – s261(2)(a) (as amended)", LIMB),
    ("Health and Social Care Act 2012, as amended, s261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 – s261(2)(a) as amended by the Health and Care Act 2022", LIMB),
    ("National Health Service Act - s251 - 'Control of patient information'.", SUPPORT),
    ("NHS Act 2006 s251", SUPPORT),
    ("NHS Act s.251", SUPPORT),
    ("s251 of the NHS Act", SUPPORT),
    ("Section 251 of the National Health Service Act 2006 (as amended)", SUPPORT),
    ("Under section 251 of the NHS Act 2006", SUPPORT),
    ("SRSA s42(4)", BIRTHS),
    ("Section 42(4) SRSA 2007", BIRTHS),
    ("Section 42 (4) of the Statistics & Registration Service Act 2007", BIRTHS),
    ("CV19: Reg. 3(4) of the Health Service (Control of Patient Information) Regulations 2002", NOTICE),
    ("COVID-19: Regulation 3(4) of the COPI Regulations 2002", NOTICE),
    ("COPI Regs 2002 – reg 3(4)", NOTICE),
    ("Regulation 3(4) of the Health Service [Control of Patient Information] Regulations", NOTICE),
    # the section
    ("Health and Social Care Act 2012 – sect. 261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 – Sec 261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 – section 261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 – sections 261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 – s.261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 – s. 261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 – S261(2)(A)", LIMB),
    ("Health and Social Care Act 2012 – § 261(2)(a)", LIMB),
    ("Health and Social Care Act 2012 – s261[2][a]", LIMB),
    ("Health and Social Care Act 2012 – s261 (2) (a)", LIMB),
    ("Health and Social Care Act 2012 – s 261( 2 )( a )", LIMB),
    ("Health and Social Care Act 2012 – s261(2)(a", LIMB),
    ("Section 261(2)(a), Health and Social Care Act 2012", LIMB),
    ("s261(2)(a) HSCA 2012", LIMB),
    ("Section 251, National Health Service Act 2006", SUPPORT),
    ("HEALTH AND SOCIAL CARE ACT 2012 – S261(2)(A)", LIMB),
    ("Health and Social Care Act 2012 – section 261, subsection 2, paragraph (a)", LIMB),
    ("paragraph (a) of subsection (2) of section 261 of the Health and Social Care Act 2012", LIMB),
    # one edit from a known word
    ("Health and Social Car Act 2012 – s261(2)(a)", LIMB),
    ("Health and Sociall Care Act 2012 – s261(2)(a)", LIMB),
    ("Haelth and Social Care Act 2012 – s261(2)(a)", LIMB),
    ("Health and Socisl Care Act 2012 – secton 261(2)(a)", LIMB),
    ("Nationl Health Servcie Act 2006 - s251 - 'Control of patent information'.", SUPPORT),
    ("Secton 251 aproval is in place for the flow of identifable data", SUPPORT),
    ("Informed Patient consent to permit the reciept, processing and release of data by NHS Digitel", CONSENT),
    ("Informed Patient consnt to permit the receipt, processing and release of data by the HSCIC", CONSENT),
    ("NHS Regulations (3)", "COPI2002:r3?"),
    ("Other-NHS Regulatoins [3]", "COPI2002:r3?"),
    (COMMAND.replace("Analytics", "Analitics").replace(" and ", " & "), DIRECTIONS),
    (COMMAND.replace("-", " "), DIRECTIONS),
    ("Consent (Reasonable Expectaton)", "CONSENT:reasonable-expectation"),
    ("Consent - reasonable expectation", "CONSENT:reasonable-expectation"),
    ("Section 251 support is in place for the flow of identifiable data", SUPPORT),
    ("Informed Patient consent to permit the receipt, processing & release of data by NHS England", CONSENT),
    # several in one cell
    ("Health and Social Care Act 2012 – s261(7) and National Health Service Act 2006 - s251", f"HSCA2012:s261(7) {SUPPORT}"),
    ("s261(7) HSCA 2012 & s251 NHS Act 2006", f"HSCA2012:s261(7) {SUPPORT}"),
    ("Health and Social Care Act 2012, s251 NHS Act 2006", f"HSCA2012 {SUPPORT}"),
    # named in the register's free entries
    ("Other-GDPR article 9(2)(i)", ARTICLE),
    ("Other - Article 9(2)(i) of the UK GDPR", ARTICLE),
    ("Other-Art. 9 (2)(i) UK General Data Protection Regulation", ARTICLE),
    ("Other-Article 9, paragraph 2, point (i) of the GDPR", ARTICLE),
    ("Other-point (i) of Article 9(2) GDPR", ARTICLE),
    ("Other-section 261(5)(d) of the Health and Social Care Act 2012 and UK GDPR Article 9(2)(i)", f"HSCA2012:s261(5)(d) {ARTICLE}"),
    ("Other-section two hundred and sixty-one (5)(d) of the Health and Social Care Act 2012", "HSCA2012:s261(5)(d)"),
    ("Other-Article nine(2)(i) of the GDPR", ARTICLE),
    # what is left of characters that no one sees
    ("Health and Social Care Act 2012 \N{WORD JOINER}–\N{WORD JOINER} s261(2)(a)", LIMB),
    ("Health and So\N{SOFT HYPHEN}cial Care Act 2012 \N{NON-BREAKING HYPHEN} s261(2)(a)", LIMB),
]

# A rest that is no heading of the section is told: its text stands beside the id.
MORE_SAID = [
    ("Health and Social Care Act 2012 – s261(7) – support refused", "HSCA2012:s261(7)", "support refused"),
    ("National Health Service Act 2006 - s251 - expired", SUPPORT, "expired"),
    ("National Health Service Act 2006 - s251 (ended)", SUPPORT, "ended"),
    ("National Health Service Act 2006 - s251 (no)", SUPPORT, "no"),
    ("National Health Service Act 2006 - s251 not approved", SUPPORT, "not approved"),
    ("National Health Service Act 2006 - s251 - 'Control of patient information' renewed", SUPPORT, "renewed"),
    ("Section 251 approval is not in place for the flow of identifiable data", SUPPORT, "is not in place for the flow of identifiable data"),
    ("Section 251 approval refused", SUPPORT, "refused"),
    ("Section 251 approval is in place for the flow of identifiable data until 2019", SUPPORT, "until 2019"),
    ("Informed Patient consent withdrawn", CONSENT, "withdrawn"),
    ("Informed Patient consent to permit the receipt, processing and release of data by NHS Digital was not given", CONSENT, "was not given"),
    ("Consent (Reasonable Expectation) – none", "CONSENT:reasonable-expectation", "none"),
    ("COPI Notice withdrawn", "COPI2002", "withdrawn"),
    ("Health and Social Care Act 2012 repealed", "HSCA2012", "repealed"),
    ("Section 36, Health Act 2009 lapsed", "HA2009:s36", "lapsed"),
    (f"{COMMAND} revoked", DIRECTIONS, "revoked"),
    ("Section 42(4) of the Statistics and Registration Service Act (2007) as amended by section 287 of the Health and Social Care Act (2012) not renewed", BIRTHS, "not renewed"),
    ("Health and Social Care Act 2012 – s261(7)² ", "HSCA2012:s261(7)", "²"),
    ("Other-GDPR article 9(2)(i) - public health", ARTICLE, "public health"),
    ("Health and Social Care Act 2012 – s261(2)(a) and 2 others", LIMB, "and 2 others"),
]

# Nothing here is a known basis: it is a text, and of what it names in passing at most presumed.
NOT_THESE = [
    "Health and Social Care Act – s261(2)(a)",  # two acts of that name are known
    "Health and Social Care Act 2013 – s261(2)(a)",
    "National Health Service Act 1977 s251",
    "Health and Social Care Bill 2012 – s261(2)(c)",
    "Mental Health Act 2009 – s36",
    "Health and Social Care Act 2012 Schedule 12, Part 9",
    "Uninformed Patient consent",
    "Informed Patient consenting",
    "Support refused: National Health Service Act 2006 s251",
    "regulation 261(2)(a) of the Health and Social Care Act 2012",
    "National Health Service Acts 2006 - s251",
]

IN_PASSING = [
    ("Other-Processing is necessary under GDPR article 9(2)(i) for reasons of public health", {"UKGDPR:art9(2)(i)?"}),
    ("Other-Functions of the Board, dissemination under section 261(5)(d) of the Health & Social Care Act 2012 to it", {"HSCA2012:s261(5)(d)?"}),
    ("Other-Powers under the Mental Health Act, section 36", set()),
    ("Other-The request relies on EU GDPR article 9(2)(i)", set()),
    ("Other-Not given under section 251 of the NHS Act 2006", set()),
    ("Powers of entry given by section 251 of the NHS Act 2006", set()),
]
# fmt: on


PUMPED = [
    "s261",
    "s261(2) and ",
    "and ",
    "(",
    ")",
    "2 ",
    "(2)",
    "the ",
    "subsection 2 of ",
    "paragraph (a) ",
    "section one ",
    "as amended by ",
    "Health Act ",
    "NHS Act 2006 ",
    "health and social ",
    "nhs england ",
    "dissemination ",
    ", ",
    "-",
    "x",
    "h e a l t h ",
    "CAG 7 ",
]
RAW = sorted({entry["raw"].strip().replace("Regulatons", "Regulations") for entry in FACTS["strings"]} - {""})
IDS = {raw: {basis.id for basis in read_legal_bases(raw)} for raw in RAW}
ABBREVIATED = {
    "Health and Social Care Act 2012": ["HSCA 2012", "HSC Act 2012", "The Health & Social Care Act (2012)"],
    "National Health Service Act 2006": ["NHS Act 2006", "NHS Act", "National Health Service Act (as amended)"],
    "Statistics and Registration Service Act (2007)": ["SRSA", "SRSA 2007", "Statistics & Registration Service Act"],
    " - s2": [", s2", ": section 2", " sect. 2", " (s.2", " [S 2"],
}
DASH = "[-–]"


def ids(field: str) -> set[str]:
    return {basis.id for basis in read_legal_bases(field)}


def known(field: str) -> set[str]:
    return {one for one in ids(field) if not one.startswith("TEXT:")}


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(SPELLINGS) >= 60


@pytest.mark.parametrize(("typed", "expected"), SPELLINGS, ids=lambda value: value)
def test_a_typists_spelling_is_the_same_basis(typed: str, expected: str) -> None:
    assert ids(typed) == set(expected.split())


@pytest.mark.parametrize(("typed", "expected", "rest"), MORE_SAID, ids=lambda value: value)
def test_what_is_said_behind_a_citation_is_a_text_beside_it(typed: str, expected: str, rest: str) -> None:
    assert ids(typed) == {expected} | ids(rest)


@pytest.mark.parametrize("typed", NOT_THESE)
def test_what_only_looks_like_a_known_basis_is_a_text(typed: str) -> None:
    assert known(typed) == set()
    assert ids(typed)


def test_other_directions_have_an_id_of_their_own() -> None:
    assert ids(COMMAND.replace("De-", "Re-")) == {DIRECTIONS.replace("deid", "reid")}


@pytest.mark.parametrize(("typed", "presumed"), IN_PASSING)
def test_a_free_entry_that_names_a_section_in_passing_is_a_text_and_the_section_presumed(
    typed: str, presumed: set[str]
) -> None:
    assert known(typed) == presumed
    assert any(one.startswith("TEXT:") for one in ids(typed))


@st.composite
def a_slip(draw: st.DrawFn, text: str, least: int) -> str:
    """Draw *text* with one letter lost, added, changed or two swapped in one of its words of *least* letters or more."""
    begin = 5 if text.startswith("Other") else 0
    words = [word for word in re.finditer(r"(?<![\w(])[^\W\d_]+(?![\w)])", text[begin:]) if len(word[0]) >= least]
    assume(words)
    word = draw(st.sampled_from([word for word in words if not word[0].isupper()] or words))
    at = draw(st.integers(begin + word.start(), begin + word.end() - 1))
    letter = draw(st.sampled_from(string.ascii_letters))
    changed = draw(st.sampled_from(["", letter, text[at] + letter, text[at + 1 : at + 2] + text[at]]))
    swapped = len(changed) == 2 and changed[1] == text[at] and changed[0] != letter
    assume(not swapped or at + 1 < begin + word.end())
    return text[:at] + changed + text[at + (2 if swapped else 1) :]


@st.composite
def as_typed(draw: st.DrawFn, text: str) -> str:
    """Draw *text* as a typist might write it."""
    if "Schedule" not in text:
        for name, others in ABBREVIATED.items():
            text = text.replace(name, draw(st.sampled_from([name, *others])))
    if draw(st.booleans()):
        text = draw(a_slip(text, least=5))
    if draw(st.booleans()):
        text = text.replace(" and ", " & ")
    if draw(st.booleans()):
        text = text.replace("(", "[").replace(")", "]")
    if not text.startswith("Other"):
        text = draw(st.sampled_from([str, str.upper, str.lower, str.title]))(text)
    dash = draw(st.sampled_from("-–—\N{NON-BREAKING HYPHEN}"))
    text = re.sub(rf" {DASH} ", f" {dash} ", text)
    space = draw(st.sampled_from([" ", "  ", "\N{NO-BREAK SPACE}", "\n"]))
    text = text.replace(" ", space)
    # Behind "Other" the reader's door has taken out what no one sees.
    return text if text.startswith("Other") else text.replace(dash, f"\N{WORD JOINER}{dash}\N{SOFT HYPHEN}")


@settings(max_examples=200)
@given(st.data(), st.sampled_from(RAW))
def test_any_mix_of_a_typists_variations_is_the_same_basis(data: st.DataObject, text: str) -> None:
    assert ids(data.draw(as_typed(text))) == IDS[text]


@settings(max_examples=150)
@given(
    st.sampled_from(RAW),
    st.sampled_from([" ", " – ", ", ", ". ", " (", ": ", "\n"]),
    st.text(string.ascii_lowercase, min_size=2).map("zq{}".format)
    | st.sampled_from(["refused", "expired", "not approved", "renewed", "no", "void", "support refused", "never"]),
)
def test_an_unknown_word_behind_a_basis_is_a_text_beside_it(text: str, between: str, word: str) -> None:
    found = ids(text + between + word)

    assert any(one.startswith("TEXT:") for one in found)
    assert found >= IDS[text]


@settings(max_examples=150)
@given(st.data(), st.sampled_from(RAW))
def test_a_slip_never_makes_another_known_basis(data: st.DataObject, text: str) -> None:
    found = {one.removesuffix("?") for one in known(data.draw(a_slip(text, least=1))) if not one.startswith("DIR:")}

    assert found <= {one.removesuffix("?") for one in IDS[text]}


@settings(max_examples=150)
@given(st.data(), st.sampled_from(RAW))
def test_another_number_is_another_basis(data: st.DataObject, text: str) -> None:
    text = text.partition(" as amended by")[0]
    at = data.draw(st.sampled_from([n for n, sign in enumerate(text) if sign.isdigit()] or [-1]))
    assume(at >= 0)
    digit = data.draw(st.sampled_from(string.digits))
    is_alone = not text[at - 1].isdigit() and not text[at + 1 : at + 2].isdigit()  # "3(3) and (1)" is "3(3) and 3(1)"
    edited = (
        text[:at] + data.draw(st.sampled_from([digit if is_alone else "", digit, text[at] + digit])) + text[at + 1 :]
    )
    assume(edited != text)

    assert ids(edited) != ids(text)


def test_one_slip_does_not_lead_from_one_known_word_to_another_but_in_its_number() -> None:
    tables = (FACTS["acts"], FACTS["phrases"], FACTS["headings"], FACTS["prefaces"], FACTS["units"], FACTS["amending"])
    words = {form.letters for text in texts_of(tables) for word in words_of(text) for form in word if form.may_slip}
    near = {pair for pair in combinations(sorted(words), 2) if is_nearly(*pair)}

    assert {pair for pair in near if pair[1] != pair[0] + "s"} == set()


def texts_of(table: Any) -> Iterator[str]:
    if isinstance(table, str):
        yield table
    elif isinstance(table, dict):
        for value in table.values():
            yield from texts_of(value)
    elif isinstance(table, (list, tuple)):
        for value in table:
            yield from texts_of(value)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(PUMPED), min_size=1, max_size=3).map("".join), st.sampled_from(["", "Other-", "NHS Act "])
)
@example("s261", "Other-")
@example("subsection 2 of ", "Other-")
@example("Health Act s1 ", "Other-")
def test_the_work_grows_with_the_text_and_not_with_its_square(unit: str, begin: str) -> None:
    repeats = READ_AT_MOST // 8 // len(unit)
    once, twice = (calls(lambda n=n: read_basis(begin + unit * n, is_free=True)) for n in (repeats, 2 * repeats))

    assert twice <= 3 * once  # its square would be four times as much


def calls(work: Callable[[], object]) -> int:
    """Return how many calls *work* takes, those of built-in functions too."""
    count = 0

    def note(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
