"""Answers as files: what a spreadsheet opens and does not run, and what a terminal shows that prints them."""

import csv
import io
import json

import pytest

from diff.cells import to_csv, to_json, to_ndjson

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


def cell(value):
    (row,) = csv.DictReader(io.StringIO(to_csv([{"a": value}]), newline=""))
    return row["a"]


@pytest.mark.parametrize("start", ["=1+1", "+44", "-1", "@SUM(1)", "＝1", " =1+1", "\u00a0\u3000=1", "\n=1"])
def test_a_cell_that_begins_like_a_formula_is_defused_also_after_spaces(start):
    assert cell(start) == f"'{start}"


def test_what_an_invisible_character_hides_is_defused():
    assert cell("\u200b=1") == "'=1"


def test_every_item_of_a_list_is_defused_by_itself():
    assert cell(["HES", "=1+1", " @x", "a = b"]) == "HES; '=1+1; ' @x; a = b"


def test_what_only_contains_a_sign_stays_as_it_is():
    assert cell("NHS - a = b") == "NHS - a = b"


def test_characters_that_cannot_be_seen_are_dropped_from_csv_and_written_out_in_json():
    assert cell(f"NHS{INVISIBLE} Trust") == "NHS Trust"
    for text in (to_json([INVISIBLE]), to_ndjson([INVISIBLE])):
        assert not set(INVISIBLE) & set(text)
    assert json.loads(to_json([INVISIBLE])) == [INVISIBLE]


def test_an_empty_answer_has_its_head_line():
    assert to_csv([], ["id", "kind"]) == "id,kind\r\n"
