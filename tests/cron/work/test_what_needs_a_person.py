"""What ends a run with 3, and what is a line in its report: `run`, `status` and the operator's notes agree."""

import pytest

from tests.harness.editions import HARROWDALE, REGISTER, Page, many, with_project
from tests.harness.servers import answer

HARROW, WEX, _ = REGISTER
NIC = "DARS-NIC-204517-H6M2P"
BUSY = answer(b"<h1>Later</h1>", status="503 Service Unavailable")
UNREAD = with_project(HARROWDALE, sensitive="see the catalogue")
OTHER_WORDS = with_project(HARROWDALE, sensitive="as the catalogue says")
READ_AGAIN = with_project(HARROWDALE, title="Read again")
MANY = {f"board_{n:02d}": Page(f"Board {n}", many(1, first=n)) for n in range(20)}


@pytest.fixture
def known(nights):
    """A register that was read once."""
    nights.quiet_night()
    return nights


@pytest.fixture
def many_known(nights, site):
    """A register of twenty pages that was read once."""
    site.pages = dict(MANY)
    nights.quiet_night()
    return nights


def exits(nights):
    """Run a night, then ask how things are; return how both end."""
    return nights.night().exit_code, nights.run("status").exit_code


def words(result):
    """Return what a command said, on one line."""
    return " ".join(result.stdout.split())


# --- pages that fail --------------------------------------------------------------------------------------------------


def test_a_page_that_fails_needs_a_person_from_the_third_night_on(many_known, site):
    site.faults["board_07"] = BUSY

    assert [exits(many_known) for _ in range(4)] == [(0, 0), (0, 0), (3, 3), (3, 3)]
    site.faults.clear()
    assert exits(many_known) == (0, 0)


def test_a_page_that_fails_for_the_first_time_is_a_line_of_the_report(many_known, site):
    site.faults["board_07"] = BUSY
    told = words(many_known.night())

    assert "failed board_07 answered 503 Service Unavailable" in told
    assert told.endswith("1 page could not be read. Nothing is lost; the next run asks again.")
    assert "1 failing" in words(many_known.run("status"))


@pytest.mark.parametrize(("failing", "status"), [(1, 0), (2, 3), (3, 3)])
def test_a_tenth_of_the_pages_asked_for_needs_a_person_at_once(many_known, site, failing, status):
    site.faults = dict.fromkeys([*MANY][:failing], BUSY)

    assert many_known.night("--dry-run").exit_code == status
    assert exits(many_known) == (status, status)


def test_one_page_of_three_is_more_than_a_tenth(known, site):
    site.faults[WEX] = BUSY

    assert "1 of 3 pages asked for could not be read" in words(known.night())


def test_many_pages_that_fail_are_said_also_beside_one_that_fails_for_long(many_known, site):
    site.faults["board_07"] = BUSY
    for _ in range(3):
        many_known.night()
    (before,) = many_known.status()["needs_a_person"]
    site.faults |= dict.fromkeys([*MANY][:3], BUSY)
    many_known.night()
    lasting, tonight = many_known.status()["needs_a_person"]

    assert before.startswith("board_07 has not been read for 3 runs")
    assert lasting.startswith("board_07 has not been read for 4 runs")
    assert tonight.startswith("4 of 20 pages asked for could not be read")


# --- fields that are not understood -----------------------------------------------------------------------------------


def test_a_field_that_is_newly_not_understood_ends_one_run_with_3(known, site):
    endings = []
    # Other words that are not understood either are nothing new; the same after it was read are.
    for page in (UNREAD, UNREAD, OTHER_WORDS, READ_AGAIN, with_project(OTHER_WORDS, title="Once more")):
        site.pages[HARROW] = page
        endings.append(exits(known))

    assert endings == [(3, 3), (0, 0), (0, 0), (0, 0), (3, 3)]


def test_a_dry_run_ends_as_the_run_would(known, site):
    site.pages[HARROW] = UNREAD

    assert known.night("--dry-run").exit_code == 3
    assert known.status()["not_understood"] == []


def test_the_report_says_what_is_newly_not_understood_and_later_that_it_is_not_still(known, site):
    site.pages[HARROW] = UNREAD
    first, second = words(known.night()), words(known.night())

    assert f"`Sensitive` is newly not understood on 1 agreement, as on {NIC}: 'see the catalogue'." in first
    assert "Not understood still" not in first
    assert "newly" not in second
    assert f"Not understood still: {NIC} ({HARROW}): `Sensitive`" in second


def test_status_lists_what_is_not_understood_now(known, site):
    site.pages[HARROW] = UNREAD
    known.night()
    state, told = known.status(), known.run("status")
    site.pages[HARROW] = READ_AGAIN
    known.night()

    since = state["last_run"]["captured_at"]
    place = {"page": HARROW, "reference": NIC, "label": "Sensitive"}
    assert state["not_understood"] == [{**place, "text": "see the catalogue", "since": since}]
    assert f"Not read {NIC} ({HARROW}): `Sensitive` is not understood since " in words(told)
    assert known.status()["not_understood"] == []
    assert "Not read" not in known.run("status").stdout


def test_two_fields_of_one_label_are_one_thing_that_is_not_understood(known, site):
    site.pages[HARROW] = with_project(HARROWDALE, start="1 May 2018", end="30 April 2019")
    known.night()

    assert [one["label"] for one in known.status()["not_understood"]] == ["When"]


def test_an_agreement_that_left_the_register_is_not_listed(nights, site):
    site.pages[HARROW] = Page("University of Harrowdale", (*UNREAD.projects, *many(1)))
    assert nights.night().exit_code == 3
    site.pages[HARROW] = Page("University of Harrowdale", many(1))
    nights.night()
    nights.night()

    assert nights.status()["not_understood"] == []


def test_lines_about_what_is_not_understood_are_few_and_short_and_steer_no_terminal(nights, site):
    unread = "\x9b31m" + "x" * 500
    site.pages = {f"b_{n:02d}": Page(f"B {n}", many(2, first=2 * n, sensitive=unread)) for n in range(20)}
    nights.night()
    told, state = words(nights.run("status")), nights.status()

    assert told.count("`Sensitive` is not understood since") == 20
    assert "and 20 more, which --format json lists" in told
    assert "\x9b" not in told
    assert len(state["not_understood"]) == 40
    assert max(len(one["text"]) for one in state["not_understood"]) <= 60
    assert [need[:48] for need in state["needs_a_person"]] == ["`Sensitive` is newly not understood on 40 agreem"]


def test_a_rebuilt_history_calls_nothing_new(known, site):
    site.pages[HARROW] = UNREAD
    known.night()
    known.night()
    before = known.status()["not_understood"]
    known.run("reparse")

    assert known.status()["not_understood"] == before
    assert exits(known) == (0, 0)


def test_an_import_says_what_it_is_the_first_not_to_understand(nights):
    nights.take(REGISTER, "2026-01-01")
    first = nights.take(REGISTER | {HARROW: UNREAD}, "2026-02-01")
    again = nights.take(REGISTER | {HARROW: UNREAD}, "2026-02-01")
    later = nights.take(REGISTER | {HARROW: OTHER_WORDS}, "2026-03-01")
    between = nights.take(REGISTER | {HARROW: with_project(UNREAD, title="Between")}, "2026-01-15")

    assert [result.exit_code for result in (first, again, later, between)] == [3, 0, 0, 3]
    assert "`Sensitive` is newly not understood on 1 agreement" in words(first)


def test_the_operator_is_told_of_it_once(known, site, tmp_path):
    known.configure(mail={"operator": "op@example.org", "sender": "rw@example.org", "folder": str(tmp_path / "out")})
    site.pages[HARROW] = UNREAD
    for _ in range(3):
        known.night()
    letters = [path.read_text() for path in (tmp_path / "out").rglob("*.eml")]

    assert sum("Sensitive" in letter for letter in letters) == 1
