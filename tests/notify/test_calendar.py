"""Printed ends as calendars."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from diff.terms import PrintedTerm, Printing, last_day
from notify.calendar import render_calendars
from scraper.text import cut, one_line

JAN, FEB, MAR, APR = (f"2026-0{month}-05T03:00:00Z" for month in range(1, 5))
LINKS = {"harrowdale": "https://register.example/organisations/harrowdale"}


def term(*printings, page="harrowdale", reference="DARS-NIC-100001-A1B2C", title="Winter pressures", name="Harrowdale"):
    return PrintedTerm(page=page, organisation=name, reference=reference, title=title, printings=printings)


def files(*terms, pages=None, **more):
    pages = pages or {one.page: one.organisation for one in terms}
    return render_calendars(terms, pages, **{"register": "Sample register", "links": LINKS, **more})


def events(*terms, path="everything.ics", **more):
    return Calendar.from_ical(files(*terms, **more)[path]).walk("VEVENT")


def event(*printings, **more):
    (one,) = events(term(*printings), **more)
    return one


def test_a_printed_end_is_an_all_day_event_with_the_caution_beside_it():
    one = event(Printing(JAN, "2028-07-14", "2026-05"))

    assert (one["uid"], one["dtstart"].dt) == ("DARS-NIC-100001-A1B2C@registerwatch.invalid", date(2028, 7, 14))
    assert one["summary"] == "Printed end of DSA (first held version): Winter pressures, Harrowdale"
    assert "releases or a renewal may go on after it" in one["description"]
    assert "Open Government Licence" in one["description"]
    assert (one["sequence"], one["status"], one["transp"]) == (0, "CONFIRMED", "TRANSPARENT")
    assert one["url"] == LINKS["harrowdale"]


def test_a_month_is_its_last_day_and_says_so():
    one = event(Printing(JAN, "2028-02"))

    assert one["dtstart"].dt == date(2028, 2, 29)
    assert "2028-02 (month only)" in one["description"]


@pytest.mark.parametrize(
    ("printings", "sequence", "status", "day"),
    [
        ([(JAN, "2027-01-01"), (FEB, "2028-01-01")], 1, "CONFIRMED", "2028-01-01"),
        ([(JAN, "2027-01-01"), (FEB, "2027-01-01")], 0, "CONFIRMED", "2027-01-01"),
        ([(JAN, "2027-01-01"), (FEB, None)], 1, "CANCELLED", "2027-01-01"),
        ([(JAN, "2027-01-01"), (FEB, None), (MAR, "2027-01-01")], 2, "CONFIRMED", "2027-01-01"),
        ([(JAN, None), (FEB, "2027-01-01")], 0, "CONFIRMED", "2027-01-01"),
        ([(JAN, "2027-01-14"), (FEB, "2027-01"), (MAR, "2027-01-14")], 0, "CONFIRMED", "2027-01-14"),
        ([(JAN, "2027-01-14"), (FEB, "2027-01"), (MAR, "2027-01-20")], 1, "CONFIRMED", "2027-01-20"),
        ([(JAN, "2027-01"), (FEB, "2027-01-14")], 1, "CONFIRMED", "2027-01-14"),
        ([(JAN, "2027-01-14"), (FEB, None), (MAR, "2027-01")], 2, "CONFIRMED", "2027-01-31"),
        ([(JAN, "9999-12-31")], 0, "CONFIRMED", "9999-12-31"),
        ([(JAN, "2027-13-44"), (FEB, "2027-01-14")], 0, "CONFIRMED", "2027-01-14"),
    ],
)
def test_the_sequence_is_raised_when_the_date_moves_and_an_end_that_goes_is_cancelled(printings, sequence, status, day):
    one = event(*(Printing(*printing) for printing in printings))

    assert (one["sequence"], one["status"], one["dtstart"].dt.isoformat()) == (sequence, status, day)


def test_the_time_of_the_event_is_when_it_last_moved():
    one = event(Printing(JAN, "2027-01-01"), Printing(FEB, "2028-01-01"), Printing(MAR, "2028-01-01"))

    assert one["dtstamp"].dt == one["last-modified"].dt
    assert f"{one['last-modified'].dt:%Y-%m-%dT%H:%M:%SZ}" == FEB
    assert "Before, the printed end was 2027-01-01." in one["description"]


def test_an_end_before_the_last_release_month_is_no_event():
    assert not events(term(Printing(JAN, "2026-03-31", "2026-04")))
    assert events(term(Printing(JAN, "2026-04-01", "2026-04")))


def test_releases_that_go_on_after_the_end_cancel_it():
    one = event(Printing(JAN, "2026-04-30", "2026-03"), Printing(FEB, "2026-04-30", "2026-06"))

    assert (one["status"], one["sequence"]) == ("CANCELLED", 1)


def test_an_end_stays_for_a_year_after_it_has_passed_and_only_something_new_takes_it_away():
    passed, other = term(Printing("2026-01-05T03:00:00Z", "2026-02-01")), "DARS-NIC-100002-A1B2C"

    assert len(events(passed, term(Printing("2027-02-01T03:00:00Z", None), reference=other))) == 1
    assert not events(passed, term(Printing("2027-02-03T03:00:00Z", None), reference=other))


HERE = {"page": "harrowdale", "name": "Harrowdale"}
THERE = {"page": "stonegate", "name": "Stonegate"}


def where(one):
    return one["summary"].rpartition(", ")[2]


def test_an_agreement_on_two_pages_is_one_event_of_everything_and_one_on_each_page():
    terms = [term(Printing(JAN, "2027-01-01"), **page) for page in (HERE, THERE)]

    assert [where(one) for one in events(*terms)] == ["Harrowdale"]
    assert [where(one) for one in events(*terms, path="organisations/harrowdale.ics")] == ["Harrowdale"]
    assert [where(one) for one in events(*terms, path="organisations/stonegate.ics")] == ["Stonegate"]


def test_an_agreement_that_moved_stands_where_it_is_now_and_is_cancelled_where_it_was():
    gone = term(Printing(JAN, "2027-01-01"), Printing(FEB, None), **HERE)
    now = term(Printing(FEB, "2027-01-01"), **THERE)

    (one,) = events(gone, now)
    (before,) = events(gone, now, path="organisations/harrowdale.ics")

    assert (one["status"], one["sequence"], where(one)) == ("CONFIRMED", 0, "Stonegate")
    assert (before["status"], before["sequence"], before["uid"]) == ("CANCELLED", 1, one["uid"])


def test_the_sequence_of_an_agreement_goes_on_when_it_moves_to_another_page():
    gone = term(Printing(JAN, "2027-01-01"), Printing(FEB, "2028-01-01"), Printing(MAR, None), **HERE)
    now = term(Printing(MAR, "2029-01-01"), **THERE)

    (one,) = events(now, gone)

    assert (one["sequence"], one["dtstart"].dt) == (2, date(2029, 1, 1))
    assert "Before, the printed end was 2028-01-01." in one["description"]


def test_an_agreement_that_left_one_of_two_pages_stands_on_the_other():
    terms = [
        term(Printing(JAN, "2027-01-01"), Printing(FEB, None), **HERE),
        term(Printing(JAN, "2027-01-01"), **THERE),
    ]

    assert [(where(one), one["sequence"], one["status"]) for one in events(*terms)] == [("Stonegate", 0, "CONFIRMED")]


def test_every_page_has_a_calendar_even_an_empty_one_that_is_a_proper_calendar():
    written = files(term(Printing(JAN, None)), pages={"harrowdale": "Harrowdale", "king's": "King's"})

    assert set(written) == {"everything.ics", "organisations/harrowdale.ics", "organisations/king-s-d4d36187.ics"}
    for body in written.values():
        empty = Calendar.from_ical(body)
        assert [part.name for part in empty.subcomponents] == ["VTIMEZONE"]
        assert not empty.errors


def test_events_link_to_the_history_where_it_is_published():
    one = event(Printing(JAN, "2027-01-01"), base_url="https://history.example/")

    assert one["url"] == "https://history.example/agreements/DARS-NIC-100001-A1B2C"


HOSTILE = st.text(max_size=400) | st.sampled_from(["x\r\nBEGIN:VALARM", "\u202edtL", "é" * 300, "a;b,c\\n", "<b>"])


@given(title=HOSTILE, name=HOSTILE, register=HOSTILE, link=HOSTILE)
def test_whatever_a_page_prints_the_lines_are_folded_and_nothing_is_added(title, name, register, link):
    printed = term(Printing(JAN, "2027-01-01"), title=title, name=name)
    body = files(printed, register=register, links={"harrowdale": f"https://x.example/{link}"})["everything.ics"]

    lines = body.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert b"\n" not in body.replace(b"\r\n", b"")
    for line in body.replace(b"\r\n ", b"").split(b"\r\n"):
        line.decode()
    assert [line for line in lines if line.startswith(b"BEGIN:")] == [b"BEGIN:VCALENDAR", b"BEGIN:VEVENT"]
    calendar = Calendar.from_ical(body)
    (one,) = calendar.walk("VEVENT")
    assert one["dtstart"].dt == date(2027, 1, 1)
    shown = cut(one_line(title or "DARS-NIC-100001-A1B2C"), 300)
    assert one["summary"] == f"Printed end of DSA (first held version): {shown}, {cut(one_line(name), 300)}"
    assert [*calendar.errors, *one.errors] == []


def test_what_a_library_reads_and_writes_again_is_the_same_calendar():
    terms = [
        term(Printing(JAN, "2027-01-01"), Printing(FEB, "2028-02"), reference=f"DARS-NIC-{n}-A1B2C", name="é" * n)
        for n in range(60, 90)
    ]
    body = files(*terms)["everything.ics"]
    read = Calendar.from_ical(body)
    again = Calendar.from_ical(read.to_ical())

    assert len({one["uid"] for one in read.walk("VEVENT")}) == len(terms)
    assert read == again
    assert body.count(b"BEGIN:VEVENT") == len(terms)


def test_the_same_history_in_another_order_gives_the_same_bytes():
    terms = [
        term(Printing(JAN, "2027-01-01"), page=page, reference=f"DARS-NIC-{n}-A1B2C")
        for n, page in ((3, "b"), (1, "a"), (2, "b"), (1, "b"))
    ]

    assert files(*terms) == files(*reversed(terms))


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=8))
def test_the_sequence_never_falls_as_the_history_grows(steps):
    day = date(2027, 1, 1)
    printings = [
        Printing(f"2026-01-{number + 1:02}T03:00:00Z", (day + timedelta(days=31 * step)).isoformat() if there else None)
        for number, (step, there) in enumerate(steps)
    ]
    sequences = [one["sequence"] for n in range(len(printings) + 1) for one in events(term(*printings[:n]))]

    assert sequences == sorted(sequences)


def test_the_last_day_of_a_month_is_known():
    assert last_day("2026-04") == date(2026, 4, 30)
