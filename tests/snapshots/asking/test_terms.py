"""What was printed of each agreement's term, read from databases of real editions; and what calendars make of it."""

from contextlib import closing
from dataclasses import replace
from datetime import date

import pytest
from icalendar import Calendar

from diff.terms import PrintedTerm, Printing
from notify.calendar import render_calendars
from snapshots.asking.agreements import read_terms
from snapshots.keeping.store import open_store
from tests.harness.editions import ADMISSIONS, HARROWDALE, REGISTER, Page, Watch, with_project

SLUG = "university_of_harrowdale"
TIMES = [f"2025-{month:02d}-01T03:00:00Z" for month in range(1, 13)]
OTHERS = {slug: page for slug, page in REGISTER.items() if slug != SLUG}


@pytest.fixture
def watch(tmp_path):
    return Watch(tmp_path)


def take(watch, *pages):
    """Import an edition for each of *pages*: the page of Harrowdale, None if it is gone, or several pages by slug."""
    for at, page in zip(TIMES, pages, strict=False):
        edition = page if isinstance(page, dict) else {SLUG: page} if page else {}
        result = watch.take(OTHERS | edition, at)
        assert result.exit_code == 0, result.output


def take_again(watch, edition):
    number = len(list(watch.folder.glob("edition-*")))
    pages = edition if isinstance(edition, dict) else {SLUG: edition}
    assert watch.take(OTHERS | pages, TIMES[number]).exit_code == 0


def terms(watch):
    with closing(open_store(watch.database)) as store:
        return read_terms(store.db)


def printings(watch, slug=SLUG):
    """Return what was printed on a page that has one agreement: which edition first printed it, end, last release."""
    (one,) = [term for term in terms(watch) if term.page == slug]
    return [(TIMES.index(since), end, released) for since, end, released, _ in one.printings]


def events(watch, path="everything.ics"):
    """Return sequence, status and day of each event of Harrowdale's agreement."""
    read = terms(watch)
    body = render_calendars(read, {one.page: one.organisation for one in read}, register="R", links={})[path]
    own = [one for one in Calendar.from_ical(body).walk("VEVENT") if one["uid"].startswith(ADMISSIONS.reference)]
    return [(one["sequence"], str(one["status"]), one["dtstart"].dt) for one in own]


def page(**fields):
    return with_project(HARROWDALE, **fields)


def without_term():
    """Return the page with a `When` line that has a release window and no term."""
    before, _, after = HARROWDALE.text().decode().partition("DSA runs 2022-03-13 — 2026-03-12 ")
    return f"{before}{after}".encode()


def as_file(body):
    return {f"{SLUG}.txt": body}


def test_an_agreement_has_its_page_its_title_and_what_was_printed(watch):
    take(watch, HARROWDALE)

    assert terms(watch)[1] == PrintedTerm(
        page=SLUG,
        organisation="University of Harrowdale",
        reference=ADMISSIONS.reference,
        title=ADMISSIONS.title,
        printings=(Printing(TIMES[0], "2026-03-12", "2024-11"),),
    )
    assert [one.page for one in terms(watch)] == sorted(REGISTER)


def test_an_end_that_moves_is_there_twice(watch):
    take(watch, HARROWDALE, HARROWDALE, page(end="2029-03-12"))

    assert printings(watch) == [(0, "2026-03-12", "2024-11"), (2, "2029-03-12", "2024-11")]
    assert events(watch) == [(1, "CONFIRMED", date(2029, 3, 12))]


def test_releases_that_go_on_after_the_end_cancel_it(watch):
    take(watch, HARROWDALE, page(released="2022.05 — 2026.11."))

    assert events(watch) == [(1, "CANCELLED", date(2026, 3, 12))]


def test_an_end_that_is_missing_once_and_comes_back_was_always_there(watch):
    take(watch, HARROWDALE, as_file(without_term()), HARROWDALE)

    assert events(watch) == [(0, "CONFIRMED", date(2026, 3, 12))]
    assert all(end == "2026-03-12" for _, end, _ in printings(watch))


def test_an_end_that_is_missing_once_more_has_gone_since_the_first_time(watch):
    take(watch, HARROWDALE, as_file(without_term()))
    assert events(watch) == [(0, "CONFIRMED", date(2026, 3, 12))]

    take_again(watch, as_file(without_term()))
    assert printings(watch) == [(0, "2026-03-12", "2024-11"), (1, None, "2024-11")]
    assert events(watch) == [(1, "CANCELLED", date(2026, 3, 12))]

    for _ in range(2):  # what stood there before is believed again at its second sighting
        take_again(watch, HARROWDALE)
    assert events(watch) == [(2, "CONFIRMED", date(2026, 3, 12))]


def test_an_end_that_is_missing_in_two_wordings_has_gone(watch):
    other = without_term().replace(b"Sublicensing allowed: No", b"Sublicensing allowed: Yes")
    take(watch, HARROWDALE, as_file(without_term()), as_file(other), HARROWDALE, HARROWDALE)

    assert [end for _, end, _ in printings(watch)] == ["2026-03-12", None, "2026-03-12"]
    assert events(watch) == [(2, "CONFIRMED", date(2026, 3, 12))]


OLDER = {
    "L0": """NHS Digital Data Release Register - reformatted

University of Harrowdale

Opt outs honoured: N

Basis: Health and Social Care Act 2012

Format: Anonymised - ICO code compliant Non Sensitive

How often: Ongoing

When: 05/2022 — 11/2024

HSCIC Id: DARS-NIC-204517-H6M2P-v1.2

Data: Hospital Episode Statistics Admitted Patient Care

Data: Civil Registrations of Death

Project info

Output: A paper a year, and a table for each town.
""",
    "L1": """University of Harrowdale
Project 1 — DARS-NIC-204517-H6M2P
Opt outs honoured: No - data flow is not identifiable (Does not include the flow of confidential data)
Sensitive: Non-Sensitive
When: 2022/05 — 2024/11.
Repeats: Ongoing
Legal basis: Health and Social Care Act 2012
Categories: Anonymised - ICO code compliant
Datasets:
- Hospital Episode Statistics Admitted Patient Care
- Civil Registrations of Death
Objectives:
To learn why admissions rise after the first cold week.
Outputs:
A paper a year, and a table for each town.
""",
}


@pytest.mark.parametrize("layout", OLDER)
def test_a_layout_that_prints_no_end_says_nothing_of_it(watch, layout):
    older = as_file(OLDER[layout].encode())
    take(watch, older, older)
    assert [row["layout"] for row in watch.history()["pages"] if row["slug"] == SLUG] == [layout]
    assert printings(watch) == []
    assert events(watch) == []

    for edition in (HARROWDALE, older, older, page(end="2029-03-12")):
        take_again(watch, edition)
    assert [(since, end) for since, end, _ in printings(watch)] == [(2, "2026-03-12"), (5, "2029-03-12")]
    assert events(watch) == [(1, "CONFIRMED", date(2029, 3, 12))]
    assert {term.title for term in terms(watch) if term.page == SLUG} == {ADMISSIONS.title}


def test_an_agreement_that_goes_is_cancelled_and_comes_back_under_the_same_uid(watch):
    two = Page(HARROWDALE.organisation, (replace(ADMISSIONS, reference="DARS-NIC-1-A1B2C"), *HARROWDALE.projects))
    one = Page(HARROWDALE.organisation, two.projects[:1])
    take(watch, two, one)
    assert events(watch) == [(0, "CONFIRMED", date(2026, 3, 12))]

    take_again(watch, one)
    assert events(watch) == [(1, "CANCELLED", date(2026, 3, 12))]

    for _ in range(2):
        take_again(watch, two)
    assert events(watch) == [(2, "CONFIRMED", date(2026, 3, 12))]


def test_an_agreement_that_is_gone_once_was_never_gone(watch):
    two = Page(HARROWDALE.organisation, (replace(ADMISSIONS, reference="DARS-NIC-1-A1B2C"), *HARROWDALE.projects))
    take(watch, two, Page(HARROWDALE.organisation, two.projects[:1]), two)

    assert events(watch) == [(0, "CONFIRMED", date(2026, 3, 12))]


def test_an_agreement_on_two_pages_is_two_terms_and_one_event_of_everything(watch):
    take(watch, {SLUG: HARROWDALE, "stonegate": Page("Stonegate Trust", (ADMISSIONS,))})

    assert printings(watch) == printings(watch, "stonegate") == [(0, "2026-03-12", "2024-11")]
    assert events(watch) == [(0, "CONFIRMED", date(2026, 3, 12))]
    assert events(watch, "organisations/stonegate.ics") == [(0, "CONFIRMED", date(2026, 3, 12))]


def test_an_agreement_that_moved_goes_on_where_it_is_now(watch):
    other = replace(ADMISSIONS, reference="DARS-NIC-1-A1B2C", title="Another")
    stays = Page(HARROWDALE.organisation, (other,))
    take(
        watch,
        {SLUG: Page(HARROWDALE.organisation, (other, ADMISSIONS)), "stonegate": Page("Stonegate Trust", (other,))},
        {SLUG: stays, "stonegate": Page("Stonegate Trust", (other, ADMISSIONS))},
    )

    assert events(watch) == [(0, "CONFIRMED", date(2026, 3, 12))]
    assert events(watch, f"organisations/{SLUG}.ics") == [(1, "CANCELLED", date(2026, 3, 12))]
    assert events(watch, "organisations/stonegate.ics") == [(0, "CONFIRMED", date(2026, 3, 12))]


def test_a_page_under_another_name_keeps_its_events(watch):
    renamed = Page("Harrowdale University", HARROWDALE.projects)
    take(watch, {SLUG: HARROWDALE}, {"harrowdale_university": renamed}, {"harrowdale_university": renamed})

    assert events(watch) == [(0, "CONFIRMED", date(2026, 3, 12))]
    assert events(watch, "organisations/harrowdale_university.ics") == [(0, "CONFIRMED", date(2026, 3, 12))]
    assert events(watch, f"organisations/{SLUG}.ics") == [(1, "CANCELLED", date(2026, 3, 12))]


def test_a_heading_that_changes_gives_the_calendar_its_new_name(watch):
    take(watch, HARROWDALE, Page("Harrowdale University", HARROWDALE.projects))

    (one,) = [term for term in terms(watch) if term.page == SLUG]
    assert one.organisation == "Harrowdale University"
    assert len(one.printings) == 1


def test_a_rebuild_gives_the_same_terms(watch):
    take(watch, HARROWDALE, page(end="2029-03-12"), None, None, HARROWDALE)
    before = terms(watch)
    assert watch.run("reparse").exit_code == 0

    assert terms(watch) == before
