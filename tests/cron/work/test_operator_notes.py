"""What the operator is told: each trouble once, and weekly that there is somebody watching."""

import json
from datetime import date

import pytest

from cron.terminal.status import needs_a_person
from notify.message.operator import WIDTH, Week, alive_of, notes_of, render_notes

SINCE = "2026-11-20T03:17:00Z"
WEEK = Week(runs=7, runs_failed=0, pages=712, agreements=2861, changes=14, delivered=22, size="31.8 MB")
MONDAY = date(2026, 11, 16)
PAGE = "nhs_severn_marches_icb__9x4"
ABOUT_PAGE = (
    f"{PAGE} has not been read for 3 runs, since Friday 20 November 2026: no answer within 120 s. Its last "
    f"snapshot still stands. Try it alone: registerwatch -v run --only {PAGE}"
)


def needs(**facts):
    quiet = {
        "last_run": {"kind": "run"}, "held": [], "official_inbox": [], "failing": [], "undelivered": [],
        "attempts": None,
    }  # fmt: skip
    return needs_a_person(quiet | facts)


def failing(times=3, since=SINCE, reason="cut off", page=PAGE):
    return {"page": page, "reason": reason, "times": times, "since": since, "was_read": True}


def attempts(times=3, since=SINCE, at="2026-11-22T03:17:00Z"):
    return {"times": times, "since": since, "at": at, "reason": "no answer"}


def undelivered(**facts):
    one = {"subscription": "charity", "messages": 2, "since": SINCE, "attempts": 4, "failure": "login refused (535)"}
    return one | {"items": 3, "given_up": True, "late": True} | facts


def keys(**facts):
    return [key for key, _ in notes_of(needs(**facts))]


SAME = [
    ({"failing": [failing(3)]}, {"failing": [failing(1200, reason="503: try again")]}),
    ({"attempts": attempts(3)}, {"attempts": attempts(4, at="2026-11-23T03:17:00Z")}),
    ({"overdue": SINCE}, {"overdue": SINCE, "attempts": attempts()}),
    ({"undelivered": [undelivered()]}, {"undelivered": [undelivered(attempts=31, failure="no answer")]}),
    (
        {"undelivered": [undelivered(given_up=False)]},
        {"undelivered": [undelivered(given_up=False, messages=3, failure="no answer")]},
    ),
    (
        {"held": [{"id": 12, "reason": "half is gone", "captured_at": SINCE}]},
        {"held": [{"id": 12, "reason": "half is gone", "captured_at": SINCE}]},
    ),
]
OTHER = [
    ({"failing": [failing()]}, {"failing": [failing(since="2026-12-01T03:17:00Z")]}),
    ({"failing": [failing()]}, {"failing": [failing(page="another")]}),
    ({"attempts": attempts()}, {"attempts": attempts(since="2026-12-01T03:17:00Z")}),
    ({"overdue": SINCE}, {"overdue": "2026-11-20T04:17:00Z"}),
    ({"undelivered": [undelivered(given_up=False)]}, {"undelivered": [undelivered()]}),
    ({"undelivered": [undelivered()]}, {"undelivered": [undelivered(subscription="trust")]}),
    (
        {"held": [{"id": 12, "reason": "half is gone", "captured_at": SINCE}]},
        {"held": [{"id": 13, "reason": "half is gone", "captured_at": SINCE}]},
    ),
]


@pytest.mark.parametrize(("one_night", "the_next"), SAME)
def test_the_same_trouble_has_the_same_key_the_next_night(one_night, the_next):
    assert len(keys(**one_night)) == 1
    assert keys(**one_night) == keys(**the_next)


@pytest.mark.parametrize(("one", "another"), OTHER)
def test_another_trouble_has_another_key(one, another):
    assert len({*keys(**one), *keys(**another)}) == 2


def test_a_sentence_of_another_kind_is_its_own_key():
    assert notes_of(["The disk is nearly full."]) == [
        ("need:The disk is nearly full.", '{"need": "The disk is nearly full."}')
    ]


@pytest.mark.parametrize("given_up", [True, False])
@pytest.mark.parametrize("messages", [1, 2])
def test_that_mail_to_the_operator_does_not_arrive_makes_no_more_of_it(messages, given_up):
    one = undelivered(subscription="operator", messages=messages, given_up=given_up)

    assert keys(undelivered=[one]) == []
    assert len(keys(undelivered=[one | {"subscription": "operators"}])) == 1


def test_a_thing_that_needs_a_person_reads_like_status():
    subject, text = render_notes([note for _, note in notes_of([ABOUT_PAGE])])

    assert subject == "registerwatch: 1 thing needs a person"
    assert text == (
        "1 thing needs a person\n"
        "\n"
        "  nhs_severn_marches_icb__9x4 has not been read for 3 runs, since Friday\n"
        "  20 November 2026: no answer within 120 s. Its last snapshot still\n"
        "  stands. Try it alone: registerwatch -v run --only\n"
        "  nhs_severn_marches_icb__9x4\n"
        "\n"
        "------------------------------------------------------------------------\n"
        "A note to whoever looks after registerwatch; readers do not get it.\n"
        "How things stand now: registerwatch status\n"
    )


def test_a_week_in_which_all_is_well_is_told_with_its_figures():
    key, note = alive_of(MONDAY, WEEK, [])
    subject, text = render_notes([note])

    assert key == "alive:2026-W47"
    assert subject == "registerwatch: all is well, week 47"
    assert text.startswith(
        "Week 47\n"
        "Runs        7 in the last seven days\n"
        "Changes     14 told, 22 messages delivered\n"
        "Register    712 pages, 2,861 agreements\n"
        "Database    31.8 MB\n"
        "\n"
        "---"
    )


def test_all_is_not_well_while_something_told_before_still_waits():
    subject, text = render_notes([alive_of(MONDAY, WEEK, [ABOUT_PAGE])[1]])

    assert subject == "registerwatch: 1 thing needs a person still, week 47"
    assert text.startswith("1 thing needs a person still\n\n  nhs_severn")


def test_what_is_new_this_week_is_not_told_twice_in_one_letter():
    new = "Run 12 is held: half is gone. Decide with: registerwatch release 12, or: registerwatch discard 12"
    notes = [note for _, note in notes_of([new])]
    subject, text = render_notes([*notes, alive_of(MONDAY, WEEK, [new, ABOUT_PAGE])[1]])

    assert subject == "registerwatch: 1 thing needs a person"
    assert text.count("Run 12 is held") == 1
    assert "1 thing needs a person still" in text


@pytest.mark.parametrize(("day", "key"), [(date(2027, 1, 3), "alive:2026-W53"), (date(2027, 1, 4), "alive:2027-W01")])
def test_a_week_belongs_to_one_year(day, key):
    assert alive_of(day, WEEK, [])[0] == key


def test_runs_that_failed_are_counted():
    week = Week(runs=7, runs_failed=2, pages=1, agreements=1, changes=0, delivered=1, size="41 KB")

    assert (
        "7 in the last seven days, 2 failed\nChanges     0 told, 1 message delivered\nRegister    1 page, 1 agree"
        in (render_notes([alive_of(MONDAY, week, [])[1]])[1])
    )


@pytest.mark.parametrize("words", ["wort" * 5000, "a\r\nBcc: b\x1b[31m\u202e", "<script>alert(1)</script>"])
def test_hostile_words_stay_within_the_columns(words):
    _, text = render_notes([note for _, note in notes_of([f"{words} could not be read: {words}"])])

    assert all(len(line) <= WIDTH for line in text.split("\n"))
    assert not {"\r", "\x1b", "\u202e"} & set(text)
    assert len(text) < 2000


def test_a_note_is_json():
    assert json.loads(alive_of(MONDAY, WEEK, ["x"])[1])["needs"] == ["x"]
    assert [json.loads(note) for _, note in notes_of(["x"])] == [{"need": "x"}]
