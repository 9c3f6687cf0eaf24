"""Words to watch, negations and words of incidents: found whole, however they are printed, only where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import VocabularyError
from scraper.names.packaged import read_facts
from scraper.names.vocabulary import default_vocabulary, parse_vocabulary
from scraper.names.words import WordList

VOCABULARY = default_vocabulary()
WORDS = read_facts("words")
WATCHED = [form for key in ("watch_words", "negations") for forms in WORDS[key] for form in forms]
INCIDENTS = [form for forms in WORDS["incident_words"] for form in forms]


@pytest.mark.parametrize("word", WATCHED)
@pytest.mark.parametrize("sentence", ["Data is {} here.", "{}", "Data ({}), kept.", "DATA IS “{}”", "kept.{} then"])
def test_every_listed_word_is_found_as_it_comes_and_as_it_goes(word, sentence):
    without, said = sentence.format("kept"), sentence.format(word.upper() if sentence.isupper() else word)

    assert VOCABULARY.watched(without, said) == VOCABULARY.watched(said, without) == (word,)


PRINTED = [
    ("opt-out", "optout"), ("opt-out", "opt out"), ("opt-out", "OPT – OUT"), ("third party", "third-party"),
    ("third party", "third\nparty"), ("outside the UK", "outside the U.K."), ("doesn't", "doesn’t"),
    ("doesn't", "doesnt"), ("sub-licensing", "sub‑licensing"), ("insurance", "insurance’s"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "printed"), PRINTED)
def test_what_is_typography_is_no_other_word(word, printed):
    assert len(VOCABULARY.watched("They are kept.", f"They are {printed}.")) == 1
    assert VOCABULARY.watched(f"They are {word}.", f"They are {printed}!") == ()


@pytest.mark.parametrize(
    "said", ["unsold", "reidentifiable", "nothing", "knot", "now and note", "commercially", "a third; a partying"]
)
def test_a_word_that_only_holds_one_is_none(said):
    assert VOCABULARY.watched("kept", said) == ()


SAME = [
    ("It is not sold and is linked.", "It is linked and is not sold."),
    ("It is not linked.", "It isn't linked."),
    ("It can not be sold.", "It cannot be sold, as before."),
    ("An objection counts.", "All objections count."),
    ("Sublicensing is meant.", "A sub-licence is meant."),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_a_word_that_moves_or_stands_in_another_form_neither_comes_nor_goes(before, after):
    assert VOCABULARY.watched(before, after) == ()


def test_one_of_two_that_goes_is_gone():
    assert VOCABULARY.watched("Not sold, not linked.", "Sold, not linked.") == ("not",)


@pytest.mark.parametrize("word", INCIDENTS)
def test_every_listed_word_makes_an_incident_of_a_remark(word):
    assert VOCABULARY.tells_incident(f"See the {word}.")
    assert VOCABULARY.tells_incident(f"{word.upper()}—see there")


@pytest.mark.parametrize(
    "remark", ["It follows the ICO Code.", "ICO code compliant", "Incidental costs", "an audit of reports"]
)
def test_other_remarks_are_none(remark):
    assert not VOCABULARY.tells_incident(remark)


def test_the_ico_itself_is_not_its_code():
    assert VOCABULARY.tells_incident("The ICO Code and the ICO’s letter")


def test_a_user_adds_words_of_their_own():
    own = VOCABULARY.extended(parse_vocabulary('watch_words = ["bio-bank"]\nincident_words = ["data loss"]'))

    assert own.watched("kept", "kept in a biobank") == ("bio-bank",)
    assert own.watched("kept", "not kept") == ("not",)
    assert all(map(own.tells_incident, ("A data loss", "A breach")))
    assert not VOCABULARY.tells_incident("A data loss")
    assert own.digest != VOCABULARY.digest


@pytest.mark.parametrize("key", ["watch_words", "incident_words"])
@pytest.mark.parametrize("value", ['"sold"', "[3]", '[""]', '["☂"]'])
def test_what_is_no_list_of_words_is_refused_by_name(key, value):
    with pytest.raises(VocabularyError, match=key):
        VOCABULARY.extended(parse_vocabulary(f"{key} = {value}"))


PARTS = st.sampled_from(["sold", "not", "third party", "data", "the", "ICO", "Code", "opt-out", "1.5"])


@given(st.lists(PARTS), st.randoms(use_true_random=False))
def test_whatever_is_only_shuffled_holds_the_same_words(parts, random):
    shuffled = random.sample(parts, len(parts))

    assert VOCABULARY.watched("; ".join(parts), "; ".join(shuffled)) == ()


@given(st.text(), st.text())
def test_what_came_on_the_way_goes_on_the_way_back(before, after):
    assert VOCABULARY.watched(before, after) == VOCABULARY.watched(after, before)


def test_a_word_of_many_parts_is_found_in_one_piece_or_in_all():
    words = WordList([("a b c d e f g h",)])

    assert [one.form for one in words.found_in("A-B-C-D-E-F-G-H abcdefgh")] == ["a b c d e f g h"] * 2
