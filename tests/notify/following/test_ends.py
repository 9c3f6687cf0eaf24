"""Which printed ends come up for whom, and each how often."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.following.matching import ends_due, most_days_before
from tests.harness.followers import (
    CCG,
    EASTMERE,
    ECDS,
    HARROWDALE,
    KNOWN,
    MHSDS,
    followed,
)

# --- printed ends that come up ----------------------------------------------------------------------------------------

TODAY = date(2026, 11, 20)


def standing(number=1, end="2027-02-18", page="university_of_harrowdale", datasets=(ECDS,), **fields):
    values = {"reference": f"DARS-NIC-{number}", "title": "Falls", "organisation": KNOWN.pages[page], "page": page}
    return {**values, "dsa_end": end, "datasets": list(datasets), **fields}


def due_ends(rows, told=(), today=TODAY, texts=None, **fields):
    fields = fields or {"organisations": [HARROWDALE]}
    (due,) = ends_due([followed(**fields)], rows, today=today, told={"ig": told}, texts=texts)
    return due


def items(*args, **fields):
    return [end.item for end in due_ends(*args, **fields)]


@pytest.mark.parametrize(
    ("end", "days"),
    [
        ("2027-02-19", None),  # in 91 days
        ("2027-02-18", 90),
        ("2026-12-21", 90),  # in 31 days
        ("2026-12-20", 30),
        ("2026-11-20", 30),  # today
        ("2026-11-19", None),
        ("2026-11", 30),  # a month is its last day
        ("2026-12", 90),
        ("2026-10", None),
        ("2027-02", None),
        (None, None),
        ("", None),
        ("unknown", None),
        ("2027-02-30", None),
    ],
)
def test_an_end_is_due_for_the_smallest_number_of_days_that_holds(end, days):
    assert items([standing(end=end)]) == ([] if days is None else [f"end:DARS-NIC-1:{end}:{days}"])


def test_an_end_says_what_is_to_be_told():
    (end,) = due_ends([standing(end="2026-12", title="Falls")])

    assert (end.organisation, end.page, end.title) == (HARROWDALE, "university_of_harrowdale", "Falls")
    assert (end.dsa_end, end.day, end.days, end.days_left) == ("2026-12", "2026-12-31", 90, 41)


@pytest.mark.parametrize(
    ("end", "told", "due"),
    [
        ("2027-02-18", ["end:DARS-NIC-1:2027-02-18:90"], []),
        ("2026-12-20", ["end:DARS-NIC-1:2026-12-20:90"], ["end:DARS-NIC-1:2026-12-20:30"]),
        ("2026-12-20", ["end:DARS-NIC-1:2026-12-20:30", "end:DARS-NIC-1:2026-12-20:90"], []),
        # The page named it by the older form of its reference then.
        ("2027-02-18", ["end:NIC-1:2027-02-18:90"], []),
        # Told for 7 days, which the settings no longer name: not told for 30 after that.
        ("2026-11-25", ["end:DARS-NIC-1:2026-11-25:7"], []),
        # Another end of the same agreement, the same end of another; a change and a note.
        ("2027-02-18", ["end:DARS-NIC-1:2027-01-18:30", "end:DARS-NIC-2:2027-02-18:30", "0f5e", "note:1"],
         ["end:DARS-NIC-1:2027-02-18:90"]),
    ],
)  # fmt: skip
def test_an_end_is_told_once(end, told, due):
    assert items([standing(end=end)], told) == due


@given(st.lists(st.integers(1, 120), min_size=1, max_size=4, unique=True), st.integers(0, 150))
def test_from_night_to_night_each_number_of_days_is_told_once_on_its_day(days, first):
    end, told = date(2027, 6, 1), []
    for night in range(first, -3, -1):
        due = items(
            [standing(end=end.isoformat())],
            told,
            today=end - timedelta(days=night),
            organisations=[HARROWDALE],
            expiring=days,
        )
        assert len(due) <= 1
        told += due

    started = min((one for one in days if first <= one), default=None)
    expected = {one for one in days if one < first} | ({started} if started else set())
    assert Counter(told) == Counter(f"end:DARS-NIC-1:2027-06-01:{one}" for one in expected)


def test_an_agreement_on_several_pages_is_told_once():
    rows = [standing(), standing(page="wexcombe")]

    assert items(rows, organisations=[HARROWDALE, "wexcombe"]) == ["end:DARS-NIC-1:2027-02-18:90"]
    (end,) = due_ends(rows, organisations=["wexcombe"])
    assert end.page == "wexcombe"


@pytest.mark.parametrize(
    ("fields", "numbers"),
    [
        ({}, []),  # who names no organisation asks for ends by saying so
        ({"datasets": ["MHSDS"]}, []),
        ({"expiring": [90]}, [1, 2, 3]),
        ({"expiring": [90], "datasets": ["MHSDS"]}, [2]),
        ({"expiring": [90], "words": ["rare"]}, [3]),
        ({"organisations": [HARROWDALE]}, [1, 2]),
        ({"organisations": [CCG]}, [3]),
        ({"organisations": [HARROWDALE], "expiring": []}, []),
        ({"organisations": [HARROWDALE], "kinds": ["dataset-added"], "severity": "high"}, [1, 2]),
        ({"expiring": [90], "exceptions": ["DARS-NIC-1", EASTMERE]}, [2]),
        ({"expiring": [90], "exceptions": ["MHSDS"]}, [1, 3]),
    ],
)
def test_an_end_is_followed_as_its_agreement_is(fields, numbers):
    rows = [
        standing(1),
        standing(2, datasets=[MHSDS], end="2027-02-17"),
        standing(3, page="nhs_eastmere_icb", datasets=[ECDS, MHSDS][:1]),
    ]
    due = due_ends(rows, texts={"DARS-NIC-3": ["Rare"]}, **(fields or {"name": "ig"}))

    assert sorted(int(end.reference[-1]) for end in due) == numbers
    assert [end.day for end in due] == sorted(end.day for end in due)


def test_it_is_known_how_far_ahead_to_look():
    assert most_days_before([followed(), followed(organisations=[HARROWDALE]), followed(expiring=[7])]) == 90
    assert most_days_before([followed()]) is None
