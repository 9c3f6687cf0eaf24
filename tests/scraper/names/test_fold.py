"""Folding: what counts in a text, and nothing else."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scraper.names.fold import as_set, fold, fold_set

EQUAL = [
    ("Health and Social Care Act 2012 – s261(2)(a)", "Health and Social Care Act 2012  s261(2)(a)"),
    ("ages 55–80", "ages 5580"),
    ("the last year’s data", "the last year's data"),
    ("the last year’s data", "the last years data"),
    ("Non-Sensitive", "Non Sensitive"),
    ("NHS LEICESTER CITY CCG", "NHS Leicester City CCG"),
    ("BCP COUNCIL  [BOURNEMOUTH, CHRISTCHURCH AND POOLE]", "BCP COUNCIL (BOURNEMOUTH, CHRISTCHURCH AND POOLE)"),
    (
        "Cancer Registry linked to  Diagnostic Imaging Dataset",
        "Cancer Registry linked to Diagnostic\N{NO-BREAK SPACE}Imaging Dataset",
    ),
    (
        "Improving Access to Psychological Therapies Data Set_v1.5",
        "Improving Access to Psychological Therapies Data Set v1.5",
    ),
    ("ﬁgures", "figures"),
    ("Cafe\u0301", "CAFÉ"),
    ("data\u200b set", "data set"),
    ("pseudo\u00adnymised", "pseudonymised"),
    ("1. Trusts\n2) Boards\na. Councils", "Trusts\nBoards\nCouncils"),
    ("• Trusts\n- Boards\n– Councils", "Trusts\nBoards\nCouncils"),
    ("• 12. Trusts", "Trusts"),
    ("– 1. Trusts", " 1. Trusts"),
    ("1. a) Trusts", "a) Trusts"),
    ("Trusts\r\n1. Boards", "Trusts\n1. Boards"),
    ("stays until 2024. Then", "stays until 2024 then"),
    ("2023, 2024", "2023; 2024"),
    ("Aims: 1. to link. 2. to count; 3. to tell", "Aims:\n1. to link.\n2. to count;\n3. to tell"),
    ("1) to link. 2) to count", "to link. to count"),
    ("o Trusts\niv. Boards\nXII) Councils\n➢ Regions\n= Places", "Trusts\nBoards\nCouncils\nRegions\nPlaces"),
    ("COVID -19", "COVID 19"),
    ("55 -80", "5580"),
    ("2 - 3", "23"),
    ("aged -2", "aged 2"),
    ("−2", "-2"),
    ("(−2)", "(-2)"),
    ("<-2", "<−2"),
    (".5", "0.5"),
    ("word\N{WORD JOINER}s\ufeff and\ue001 more", "words and more"),
    ("data § set", "data set"),
    ("two\nlines", "two lines"),
]

DIFFERENT = [
    ("1.5 years", "15 years"),
    ("5,079 rows", "5079 rows"),
    ("<5", ">5"),
    ("<5", "5"),
    ("£100", "$100"),
    ("100%", "100"),
    ("HES A&E", "HES A and E"),
    ("A+B", "AB"),
    ("and/or", "and or"),
    ("s261(2)(a)", "s261(2)(c)"),
    ("covers 1. Trusts", "covers Trusts"),
    ("1.Trusts", "Trusts"),
    ("2023. Trusts", "Trusts"),
    ("(a) Trusts", "Trusts"),
    ("ab) Trusts", "Trusts"),
    ("1.5 Trusts", "Trusts"),
    ("≤5", "≥5"),
    ("≤ 5 cases", "≥ 5 cases"),
    ("±2", "2"),
    ("−2", "2"),
    ("-2", "2"),
    ("< 5", "5"),
    (".5%", "5%"),
    ("10⁶", "106"),
    ("1½", "11/2"),
    ("1½", "1"),
    ("A → B", "A B"),
    ("3 × 4", "34"),
    ("€5", "£5"),
    ("o.k. Trusts", "Trusts"),
    ("mix. Trusts", "Trusts"),
    ("covers 2. Trusts. 3. Boards", "covers Trusts. Boards"),
    ("versions 1.1. 2.2. x", "versions 1.1. x"),
]

texts = st.text(
    st.one_of(st.characters(), st.sampled_from("\n\r\t .,;:()-–•1234aB’“£<>&_½ﬁß\u0301\u200b\u00ad\u1100\u1161"))
)


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_typography_does_not_count(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_words_and_numbers_count(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(texts)
@example("\u1100-\u1161")
@example("1. \u01f0) a. x")
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(st.sampled_from("abcXYZ019 –'’()[]_;:\n")))
def test_no_letter_or_digit_is_lost(text: str) -> None:
    # No point in it, so that no mark of a list can be in it; and a bracket after one letter is one.
    text = text.replace(")", "")
    assert fold(text) == "".join(filter(str.isalnum, text)).lower()


@given(
    st.lists(st.text(st.sampled_from("abz109"), min_size=4), min_size=1),
    st.sampled_from(["1. ", "a) ", "• ", "999) ", "- "]),
)
def test_marks_are_dropped_from_every_paragraph(paragraphs: list[str], mark: str) -> None:
    assert fold("\n".join(mark + text for text in paragraphs)) == fold("\n".join(paragraphs))


@given(texts, st.integers(300, 600))
def test_long_texts_fold_as_short_ones_do(text: str, length: int) -> None:
    # Short texts are cached; texts that hold rare signs are folded in pieces. None of it shows.
    padding = "x" * length
    assert fold(f"{text}\n{padding}") in (fold(text) + padding, fold(fold(text) + padding))


# Whatever the accents are typed with: letters of their own take another way than marks behind letters do.
@given(st.text(st.sampled_from("éÉñÿÅ£¥ao125 .,:;)(-–+~\n")))
@example("É) 1. Café -2 (£.5)\n2. -é")
def test_accents_fold_alike_composed_and_decomposed(text: str) -> None:
    assert fold(text) == fold(unicodedata.normalize("NFD", text))


@given(st.lists(texts))
def test_a_set_has_one_spelling_for_each_fold_in_public_order(values: list[str]) -> None:
    result = as_set(values)

    assert {fold(value) for value in result} == fold_set(values)
    assert list(result) == sorted(result, key=lambda value: (fold(value), value))
    assert len(result) == len(fold_set(values))
    assert as_set(result) == result
    assert all(value == value.strip() for value in result)


def test_the_first_printed_spelling_stays() -> None:
    assert as_set(["Frequent adhoc flow ", "One-Off", "Frequent Adhoc Flow"]) == ("Frequent adhoc flow", "One-Off")


def test_what_is_not_printed_has_no_values() -> None:
    assert fold_set(None) == frozenset()
