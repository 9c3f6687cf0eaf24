"""Prose, word by word."""

import pytest

from diff.saying.redline import edit_of, redline
from scraper.names.fold import fold


def marked(before, after):
    """Return a redline as text: `[-out-]`, `{+in+}`, a line for each paragraph."""
    signs = {"same": "{}", "out": "[-{}-]", "in": "{{+{}+}}"}
    return [
        " ".join(signs[run.mark].format(run.text) for run in paragraph)
        for paragraph in redline(before, after).paragraphs
    ]


CASES = [
    ("Data of NHS Digital.", "Data of NHS England.", ["Data of NHS [-Digital.-] {+England.+}"]),
    ("One two three.", "One three.", ["One [-two-] three."]),
    ("One three.", "One two three.", ["One {+two+} three."]),
    ("Kept.\nGone for good.", "Kept.", ["Kept.", "[-Gone for good.-]"]),
    ("Kept.", "Kept.\nNew here.", ["Kept.", "{+New here.+}"]),
    ("", "All new.", ["{+All new.+}"]),
    ("All gone.", "", ["[-All gone.-]"]),
    ("", "", []),
    ("ages 55–80", "ages 5580", ["ages 5580"]),
    ("the trust’s data", "The trusts data", ["The trusts data"]),
    ("1. Trusts\n2. Councils", "• Trusts\n• Councils", ["• Trusts", "• Councils"]),
    ("1. Trusts learn", "Trusts learn more", ["Trusts learn {+more+}"]),
    ("Trusts learn", "1. a) Trusts learn more", ["1. a) Trusts learn {+more+}"]),
    ("1.", "2.", ["[-1.-] {+2.+}"]),
    ("fewer than <5", "fewer than >5", ["fewer than [-<5-] {+>5+}"]),
    ("one two\nthree four", "one two three four", ["one two three four"]),
    ("data data\ndata", "data\ndata data", ["data", "data data"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_what_was_taken_out_and_put_in(before, after, expected):
    assert marked(before, after) == expected


def test_paragraphs_are_matched_before_words():
    before = "\n".join(f"Paragraph {n} is about the number {n}." for n in range(50))
    after = before.replace("number 25", "figure 25").replace("Paragraph 3 is about the number 3.\n", "")

    changed = redline(before, after)

    assert (changed.words("out"), changed.words("in")) == (8, 1)
    assert [run.text for run in changed.runs("out")] == ["Paragraph 3 is about the number 3.", "number"]


def test_words_are_counted():
    changed = redline("a b c d e", "a x y d e")

    assert (changed.words("same"), changed.words("out"), changed.words("in")) == (3, 2, 2)


def test_one_word_of_a_long_passage_is_found():
    before = " ".join(f"w{n}" for n in range(20_000))

    changed = redline(before, before.replace("w77 ", "W99 "))

    assert [run.text for run in (*changed.runs("out"), *changed.runs("in"))] == ["w77", "W99"]


def test_a_passage_of_repeats_is_given_whole():
    changed = redline("yes " * 3_000, "yes no " * 1_500)

    assert [(run.mark, len(run.text.split())) for run in changed.paragraphs[0]] == [("out", 3_000), ("in", 3_000)]


def test_the_key_of_an_edit_is_folded_sorted_and_without_repeats():
    before = "The Trust may see it. The trust may keep it. Zebra."
    after = "The Board may see it. The BOARD may keep it. Aardvark."

    assert edit_of(redline(before, after)) == (("aardvark", "board"), ("trust", "zebra"))
    assert edit_of(redline(before, before.upper())) == ((), ())


def test_an_edit_has_a_key_exactly_if_the_texts_differ():
    assert fold("x 1. foo y") != fold("x 2. fo o y")
    assert edit_of(redline("x 1. foo y", "x 2. fo o y")) != ((), ())
