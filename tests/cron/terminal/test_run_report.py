"""What is said at the end of a run, and what `status` says of the state of things."""

from typing import Any

import pytest

from cron.terminal.reports import render_run
from cron.terminal.status import needs_a_person, render_status
from cron.work.nightly import RunFacts
from diff.saying.english import size
from tests.harness.builders import a_change

CHANGE = a_change("dataset-added", organisation="Wexcombe City Council", reference="DARS-NIC-377120-B8T4W")


def facts(**fields: Any) -> RunFacts:
    values = {
        "run": 7,
        "started_at": "2026-11-21T03:17:00Z",
        "finished_at": "2026-11-21T03:21:05Z",
        "fetched": 240,
        "unchanged": 238,
        "changed": 2,
        "gone": 0,
        "failed": (),
        "received_bytes": 1_440_000,
        "kept_bytes": 41_300,
        "changes": (),
        "baseline": False,
        "held": None,
    }
    return RunFacts(**(values | fields))


def said(**fields: Any) -> str:
    """Return what is said, in one line."""
    return " ".join(render_run(facts(**fields)).split())


def test_a_quiet_night_is_five_lines_and_needs_nobody():
    assert render_run(facts()).splitlines() == [
        "Run 7, Saturday 21 November 2026, 03:17:00 to 03:21:05 UTC",
        "",
        "Pages       fetched 240    unchanged 238    changed 2    failed 0",
        "Transfer    received 1.4 MB    kept 41 KB    4 min 5 s",
        "",
        "Changes     none",
    ]


def test_pages_that_are_gone_are_counted_only_if_there_are_any():
    assert "gone" not in said()
    assert "changed 2 gone 3 failed 0" in said(gone=3)


def test_what_the_reader_noticed_is_told():
    assert "notice" not in said()
    assert said(notices=["board: unknown label 'Weather'"]).endswith("1 notice: board: unknown label 'Weather'")


def test_failed_pages_are_named_with_the_reason():
    text = said(failed=[("a_board", "answered 503 Service Unavailable"), ("b_board", "cut off")])

    assert "a_board" in text
    assert "answered 503 Service Unavailable" in text
    assert "2 pages could not be read. Nothing is lost; the next run asks again." in text


def test_a_held_run_says_why_and_how_to_decide():
    text = said(held="6 of the 12 pages asked for could not be read")

    assert "This run is held: 6 of the 12 pages asked for could not be read. It is told to nobody." in text
    assert "registerwatch release 7, or: registerwatch discard 7" in text


def test_changes_are_counted_by_kind():
    assert "Changes 2 2 medium dataset added 2" in said(changes=[CHANGE, CHANGE])


def test_a_run_ends_with_its_five_most_severe_changes_in_words_and_where_the_others_are():
    low = a_change("dataset-removed", severity="low", organisation="Wexcombe City Council", removed=["Low data"])
    high = a_change("opt-outs-changed", severity="high", before=[], after=["No"], added=["No"])
    text = said(changes=[*[low] * 7, high])

    assert text.index("Opt-outs gain “No”") < text.index("Dataset removed: Low data")
    assert text.count("Dataset removed: Low data") == 4
    assert "3 more: registerwatch changes --since 2026-11-21T03:17:00Z" in text


def test_of_few_changes_all_are_told_and_a_published_page_is_named():
    text = said(changes=[CHANGE], page="https://register.example.org/runs/7")

    assert "What changed medium Wexcombe City Council" in text
    assert "registerwatch changes --since 2026-11-21T03:17:00Z https://register.example.org/runs/7" in text


def test_of_a_held_run_and_of_a_quiet_one_nothing_is_told():
    assert "What changed" not in said()
    assert "What changed" not in said(changes=[CHANGE], held="half is gone")


def test_a_run_that_was_not_kept_says_so():
    assert said(run=None).startswith("Run, not kept, Saturday 21 November 2026")


def test_what_a_server_says_cannot_steer_the_terminal():
    text = render_run(facts(failed=[("a_board", "answered \x1b[2J\x07 503")], held="\x1b]0;gotcha\x07"))

    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize("width", [20, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width):
    long = [(f"page_{n}" * 4, "no answer for 30 s, " * 8) for n in range(30)]
    lines = render_run(facts(failed=long, held="because " * 30, changes=[CHANGE]), width=width).splitlines()

    assert max(map(len, lines)) <= max(width, 60)


def test_a_clock_that_was_set_back_is_no_negative_time():
    assert "0 s" in said(finished_at="2026-11-21T03:16:00Z")


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 KB"), (1_000_000, "1.0 MB"), (10**10, "10,000.0 MB")],
)
def test_sizes_in_words(n_bytes, words):
    assert size(n_bytes) == words


# --- status -----------------------------------------------------------------------------------------------------------


def state(**fields: Any) -> dict[str, Any]:
    run = {
        "id": 7, "kind": "run", "captured_at": "2026-11-21T03:17:00Z", "state": "committed", "pages_read": 240,
        "pages_changed": 2, "pages_failed": 0,
    }  # fmt: skip
    values = {
        "last_run": run, "held": [], "official_inbox": [], "failing": [], "undelivered": [], "attempts": None,
        "overdue": None, "next_due": "2026-11-22T03:17:00Z", "changes": 3, "editorial": 1, "pages": 240,
        "agreements": 700, "snapshots": 300, "since": "2025-01-01T00:00:00Z", "database_bytes": 50_000_000,
    }  # fmt: skip
    return values | fields


def failing(times: int) -> dict[str, Any]:
    return {
        "page": "a_board",
        "reason": "cut off",
        "times": times,
        "since": "2026-11-19T03:17:00Z",
        "was_read": True,
    }


@pytest.mark.parametrize(("times", "people"), [(1, 0), (2, 0), (3, 1), (30, 1)])
def test_a_page_needs_a_person_from_the_third_night_in_a_row(times, people):
    assert len(needs_a_person(state(failing=[failing(times)]))) == people


def test_a_page_that_an_import_could_not_read_needs_a_person_at_once():
    imported = state(failing=[failing(1)])
    imported["last_run"]["kind"] = "import"

    assert needs_a_person(imported) == ["a_board could not be read: cut off. Its last snapshot still stands."]


def test_a_run_that_is_overdue_needs_a_person():
    assert needs_a_person(state(overdue="2026-11-20T03:17:00Z")) == [
        "A run has been overdue since Friday 20 November 2026, 03:17 UTC."
    ]


ATTEMPT = {"at": "2026-11-21T03:17:00Z", "since": "2026-11-19T03:17:00Z", "reason": "robots.txt forbids it"}


@pytest.mark.parametrize(("times", "people"), [(1, 0), (2, 0), (3, 1), (9, 1)])
def test_runs_that_fail_need_a_person_from_the_third_in_a_row(times, people):
    needs = needs_a_person(state(attempts=ATTEMPT | {"times": times}))

    assert len(needs) == people
    assert all("robots.txt forbids it" in need for need in needs)


def test_an_attempt_that_failed_is_shown_from_the_first_on():
    text = " ".join(render_status(state(attempts=ATTEMPT | {"times": 1}), width=80, colour=False).split())

    assert "failed: robots.txt forbids it" in text


def test_a_held_run_needs_a_person():
    (need,) = needs_a_person(state(held=[{"id": 7, "captured_at": "…", "reason": "half is gone"}]))

    assert need == ("Run 7 is held: half is gone. Decide with: registerwatch release 7, or: registerwatch discard 7")


def undelivered(**fields: Any) -> dict[str, Any]:
    values = {
        "subscription": "charity", "messages": 1, "items": 3, "since": "2026-11-20T08:00:00Z", "attempts": 4,
        "failure": "the mail server did not answer", "given_up": False, "late": False,
    }  # fmt: skip
    return values | fields


def test_mail_that_was_refused_needs_a_person_as_the_run_said_and_is_a_trouble_of_its_own_after_a_day():
    fresh, late = state(undelivered=[undelivered()]), state(undelivered=[undelivered(late=True)])
    untried = state(undelivered=[undelivered(failure=None)])

    assert needs_a_person(untried) == []
    assert [need.passing for need in needs_a_person(fresh)] == [True]
    assert [need.passing for need in needs_a_person(late)] == [False]
    assert needs_a_person(fresh) == needs_a_person(late)
    assert needs_a_person(late) == [
        "1 message to charity has waited since Friday 20 November 2026, 08:00 UTC: the mail server did not answer. "
        "Try now: registerwatch notify"
    ]
    assert (
        "Undelivered charity: 1 message due since Friday 20 November 2026, 08:00 UTC, tried 4 times: the mail server "
        "did not answer"
    ) in " ".join(render_status(fresh, width=80, colour=False).split())


def test_mail_that_was_not_tried_yet_has_no_reason():
    text = render_status(state(undelivered=[undelivered(attempts=0, failure=None)]), width=100, colour=False)

    assert "Undelivered charity: 1 message due since Friday 20 November 2026, 08:00 UTC, not tried yet\n" in text


def test_mail_that_was_given_up_needs_a_person():
    given_up = state(undelivered=[undelivered(messages=2, attempts=31, given_up=True)])

    assert needs_a_person(given_up) == [
        "2 messages to charity, due since Friday 20 November 2026, were given up after 31 attempts: the mail server "
        "did not answer. This is settled when a later message to it is taken."
    ]
    assert "charity: 2 messages given up after 31 attempts" in render_status(given_up, width=90, colour=False)


def test_of_many_subscriptions_with_undelivered_mail_the_first_are_listed():
    many = [undelivered(subscription=f"charity {n}") for n in range(30)]
    text = render_status(state(undelivered=many), width=100, colour=False)

    assert "charity 19" in text
    assert "charity 20" not in text
    assert "and 10 more, which --format json lists" in text


def test_status_says_when_the_next_run_is_due_and_what_needs_a_person():
    text = render_status(state(failing=[failing(3)]), width=80, colour=False)

    assert "due Sunday 22 November 2026, 03:17 UTC" in text
    assert "1 failing" in text
    assert "1 thing needs a person" in text
    assert "Try it alone: registerwatch -v run --only a_board" in " ".join(text.split())


def test_status_before_the_first_run_says_how_to_start():
    text = render_status(state(last_run=None), width=80, colour=False)

    assert (
        text
        == "Nothing was read yet. Start with: registerwatch run, or: registerwatch import FOLDER --fetched-at DATE\n"
    )
