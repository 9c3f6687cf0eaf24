"""What a subscription follows, in names and in words, and when it is told: times of day in its own zone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diff.names import KnownNames
from notify.following.subscription import SubscriptionError, due_at, find_problems
from scraper.errors import RegisterWatchError
from tests.harness.followers import (
    CCG,
    EASTMERE,
    ECDS,
    HARROWDALE,
    HES_OP,
    KNOWN,
    MERGED,
    MHSDS,
    ONE_A_PAGE,
    VOCABULARY,
    followed,
    numbers_told,
    problems,
    subscription,
)

# --- names that are not known -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"organisations": ["Univercity of Harowdale"]},
            "subscription 'ig': no organisation is called 'Univercity of Harowdale'; "
            "the nearest is University of Harrowdale",
        ),
        (
            {"organisations": ["Borough of Wexcomb"]},
            "subscription 'ig': no organisation is called 'Borough of Wexcomb'; the nearest are Borough of Wexcombe, "
            "wexcombe",
        ),
        # The program knows it, but nobody on this register follows it or is followed by it.
        ({"organisations": ["Northam Trust"]}, "subscription 'ig': no organisation is called 'Northam Trust'"),
        (
            {"exceptions": ["DARS-NIC-4"]},
            "subscription 'ig': no agreement, organisation or dataset is called 'DARS-NIC-4'; the nearest are "
            "DARS-NIC-2, DARS-NIC-1, NIC-3",
        ),
        ({"words": ["–"]}, "subscription 'ig': '–' has neither letter nor digit, so no text holds it"),
    ],
)
def test_what_nobody_knows_is_named_with_the_nearest_names(fields, problem):
    assert problems(**fields) == [problem]


def test_a_mistyped_dataset_is_a_problem():
    (problem,) = problems(datasets=["Mental Health Servises Data Set"])

    assert problem.startswith("subscription 'ig': no dataset is called 'Mental Health Servises Data Set'; the nearest")
    assert MHSDS in problem


def test_a_part_of_several_names_is_a_problem_that_names_them():
    (problem,) = problems(datasets=["Episode"])

    assert problem.startswith("subscription 'ig': no dataset is called 'Episode'; the nearest are ")
    assert HES_OP in problem


def test_a_dataset_that_the_vocabulary_knows_can_be_waited_for():
    assert (
        problems(replace(KNOWN, datasets=(ECDS,)), datasets=["Hospital Episode Statistics Outpatients", "HES OP"]) == []
    )


def test_all_problems_of_all_subscriptions_are_found():
    found = find_problems(
        [subscription("one", organisations=["Nobody"], datasets=["Nothing"]), subscription("two", exceptions=["?"])],
        KNOWN,
        VOCABULARY,
    )

    assert [problem.subscription for problem in found] == ["one", "one", "two"]
    assert all(isinstance(problem, RegisterWatchError) for problem in found)


def test_what_is_known_is_followed_although_the_rest_is_not():
    one = followed(organisations=["Nobody of that name", HARROWDALE], exceptions=["Nothing of that name"])

    assert len(one.problems) == 2
    assert numbers_told(ONE_A_PAGE, organisations=["Nobody of that name", HARROWDALE], exceptions=["Zilch"]) == [1]


def test_a_name_that_is_not_known_does_not_make_it_follow_everything():
    for fields in ({"organisations": ["Nobody"]}, {"datasets": ["Nothing"]}, {"words": ["–"]}):
        assert numbers_told(ONE_A_PAGE, **fields) == []
        assert followed(**fields).said == "nothing that is known"


def test_before_there_is_a_history_every_name_is_taken():
    nothing = KnownNames()
    fields = {"organisations": ["nhs_eastmere_icb", "Anybody"], "datasets": ["Anything"], "exceptions": ["DARS-NIC-9"]}

    assert problems(nothing, **fields) == []
    # By way of its slug, which says the name, even its relatives are found.
    assert numbers_told(ONE_A_PAGE, nothing, **fields) == [2, 3, 4]


def test_an_error_is_one_line_whatever_a_page_is_called():
    known = KnownNames(pages={"x": "University\r\nBcc: \u202e" + "of Harrowdale " * 2_000})
    found = SubscriptionError("my\nname", "no organisation is called 'x'", known.pages.values())

    assert len(str(found).splitlines()) == 1
    assert len(str(found)) < 300
    assert "\u202e" not in str(found)


# --- in words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "everything"),
        ({"severity": "high"}, "everything of high severity"),
        ({"severity": "medium"}, "everything of medium severity or more"),
        ({"kinds": ["dataset-added"]}, "everything, only dataset-added"),
        (
            {"severity": "low", "kinds": ["dataset-added", "dsa-extended"], "exceptions": ["DARS-NIC-1"]},
            "everything of low severity or more, only dataset-added or dsa-extended, except DARS-NIC-1",
        ),
        ({"organisations": [HARROWDALE]}, HARROWDALE),
        ({"organisations": ["wexcombe"]}, "Wexcombe City Council"),
        ({"organisations": ["Borough of Wexcombe"]}, "Wexcombe City Council"),
        ({"organisations": [MERGED], "datasets": ["MHSDS"]}, f"{MERGED}, its predecessors, and MHSDS"),
        ({"organisations": [CCG]}, f"{CCG} and its successors"),
        ({"organisations": [EASTMERE, HARROWDALE]},
         f"{EASTMERE}, {HARROWDALE}, and their predecessors and successors"),
        ({"datasets": ["MHSDS"], "severity": "high"}, "MHSDS; of high severity"),
        ({"words": ["genomic"]}, 'the word "genomic"'),
        ({"datasets": ["MHSDS"], "words": ["rare disease", "genomic"]},
         'MHSDS and the words "rare disease" or "genomic"'),
    ],
)  # fmt: skip
def test_what_is_followed_is_said_in_words(fields, said):
    assert followed(**fields).said == said


def test_of_many_names_the_first_are_said():
    one = followed(KnownNames(), datasets=list("ABCDEFG"), exceptions=list("1234567"))

    assert one.said == "A, B, C, D, and 3 more datasets; except 1, 2, 3, 4, and 3 others"


def test_what_is_said_is_one_line_of_bounded_length():
    long = [f"{number} \r\nBcc: x\u202e " + "word " * 4_000 for number in range(40)]
    said = followed(KnownNames(), organisations=long, datasets=long, words=long, exceptions=long).said

    assert len(said) < 3_000
    assert said.splitlines() == [said]
    assert "\u202e" not in said


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "at", "zone", "now", "due"),
    [
        ("run", None, "Europe/London", "2026-11-20T03:31:09Z", "2026-11-20T03:31:09Z"),
        ("daily", None, "Europe/London", "2026-11-20T03:31:09Z", "2026-11-20T08:00:00Z"),
        ("daily", "08:00", "Europe/London", "2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"),
        ("daily", "08:00", "Europe/London", "2026-11-20T08:00:01Z", "2026-11-21T08:00:00Z"),
        ("daily", "08:00", "Europe/London", "2026-07-01T03:17:00Z", "2026-07-01T07:00:00Z"),
        ("weekly", None, "Europe/London", "2026-11-20T03:31:09Z", "2026-11-23T08:00:00Z"),  # a Friday
        ("weekly", "mon 08:00", "Europe/London", "2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z"),
        ("weekly", "mon 08:00", "Europe/London", "2026-11-23T08:00:01Z", "2026-11-30T08:00:00Z"),
        # It is Monday already in Auckland, still Sunday in Honolulu.
        ("weekly", "mon 08:00", "Pacific/Auckland", "2026-11-22T12:00:00Z", "2026-11-22T19:00:00Z"),
        ("weekly", "sun 18:00", "Pacific/Honolulu", "2026-11-23T03:00:00Z", "2026-11-23T04:00:00Z"),
        # 29 March 2026: from 01:00 to 02:00 there is no time in London. The day before, the day, the day after.
        ("daily", "01:30", "Europe/London", "2026-03-28T01:00:00Z", "2026-03-28T01:30:00Z"),
        ("daily", "01:30", "Europe/London", "2026-03-28T02:00:00Z", "2026-03-29T01:30:00Z"),
        ("daily", "01:30", "Europe/London", "2026-03-29T01:31:00Z", "2026-03-30T00:30:00Z"),
        ("daily", "08:00", "Europe/London", "2026-03-28T09:00:00Z", "2026-03-29T07:00:00Z"),
        ("weekly", "sun 08:00", "Europe/London", "2026-03-23T09:00:00Z", "2026-03-29T07:00:00Z"),
        # 25 October 2026: 01:30 comes twice. It is the first that counts, once.
        ("daily", "01:30", "Europe/London", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        ("daily", "01:30", "Europe/London", "2026-10-25T00:31:00Z", "2026-10-26T01:30:00Z"),
        ("daily", "08:00", "Europe/London", "2026-10-24T12:00:00Z", "2026-10-25T08:00:00Z"),
        # Where the clocks change at midnight, a day begins at one; Samoa had no 30 December 2011 at all.
        ("daily", "00:00", "Asia/Beirut", "2026-03-28T12:00:00Z", "2026-03-28T22:00:00Z"),
        ("daily", "00:00", "Asia/Beirut", "2026-03-28T22:00:01Z", "2026-03-29T21:00:00Z"),
        ("daily", "08:00", "Pacific/Apia", "2011-12-29T19:00:00Z", "2011-12-30T18:00:00Z"),
    ],
)
def test_a_subscription_is_due_at_its_time_of_day(when, at, zone, now, due):
    one = subscription(when=when, at=at, timezone=zone)

    assert due_at(one, datetime.fromisoformat(now)) == due


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Chatham"]),
    st.times().map(lambda time: time.strftime("%H:%M")),
    st.sampled_from(["", "mon", "thu", "sun"]),
)
def test_it_is_due_at_that_time_of_day_not_before_now_and_within_a_period(now, zone, clock, weekday):
    one = subscription(when="weekly" if weekday else "daily", at=f"{weekday} {clock}".strip(), timezone=zone)
    due = datetime.fromisoformat(due_at(one, now))
    local = due.astimezone(ZoneInfo(zone))

    assert now.replace(microsecond=0) <= due <= now + timedelta(days=7 if weekday else 1, hours=2)
    assert weekday in ("", local.strftime("%a").lower())
    skipped = local.strftime("%H:%M") != clock
    assert not skipped or local.utcoffset() != (local - timedelta(days=1)).utcoffset()
    assert due_at(one, due) == due_at(one, now)
