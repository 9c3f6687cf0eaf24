"""Where the pages and the official register say the same, a digest tells it once and names both."""

from dataclasses import replace

from diff.change import Change
from diff.details import Details
from diff.kinds import ChangeKind
from diff.saying.phrase import Told, phrase
from diff.severity import Severity
from notify.message.order import RunRead
from notify.message.stories import stories_of
from notify.message.words import _seen

PAGE = Change(
    id="a" * 20,
    kind=ChangeKind.DATASET_ADDED,
    severity=Severity.MEDIUM,
    substantive=True,
    organisation="University of Harrowdale",
    page="university_of_harrowdale",
    reference="DARS-NIC-927731-B8F3W",
    title=None,
    field="datasets",
    before=None,
    after=None,
    added=("Mental Health Services Data Set (MHSDS)",),
    removed=(),
    families=None,
    summary="",
    first_seen="2026-11-20T03:17:00Z",
    run=1,
    snapshot_before=None,
    snapshot_after=None,
)
OFFICIAL = replace(
    PAGE,
    id="f" * 20,
    reference=f"{PAGE.reference}-v2.0",
    page=f"nhs-official/{(PAGE.reference or '').lower()}",
    details=Details(source="official", edition="2026-11"),
)


def test_the_same_is_told_once_and_names_both():
    ((told,),) = stories_of([Told(OFFICIAL), Told(PAGE)])

    assert told.change.id == PAGE.id
    assert f"The official register says the same: {OFFICIAL.reference}." in phrase(told).note


def test_what_one_of_both_says_is_told_with_its_source():
    other = replace(OFFICIAL, added=("Another dataset",))
    told = [story[0].change for story in stories_of([Told(other), Told(PAGE)])]

    assert {change.id for change in told} == {PAGE.id, other.id}
    assert phrase(Told(other)).note == "Official register, edition of November 2026."
    assert phrase(Told(PAGE)).note == ""


def test_a_letter_about_both_says_first_when_the_pages_were_read():
    pages = RunRead(time="2026-11-20T03:17:00Z", pages_read=3, pages=3)
    official = replace(pages, edition="2026-11")

    assert _seen([official]) == "From the official register, edition of November 2026."
    assert _seen([official, pages]) == (
        "First seen on Friday 20 November 2026, 03:17 UTC, when 3 of 3 pages were read. "
        "And from the official register, edition of November 2026."
    )
