"""What the history gives to those who follow it: every name there has been, texts, and printed ends."""

from dataclasses import replace

import pytest

from diff.change import Change
from notify.following.matching import News, tell
from notify.following.subscription import follow
from snapshots.asking.agreements import read_ends, read_texts
from snapshots.asking.names import read_known
from snapshots.keeping.store import open_store
from tests.harness.editions import ADMISSIONS, FALLS, REGISTER, TIDES, Page, Watch, with_project
from tests.harness.followers import VOCABULARY, subscription

# --- what the history gives -------------------------------------------------------------------------------------------


@pytest.fixture
def watch(tmp_path):
    return Watch(tmp_path)


def opened(watch):
    return open_store(watch.database)


def test_every_name_and_every_reference_there_has_been_is_known(watch):
    watch.take(REGISTER, "2026-10-01")
    renamed = replace(REGISTER["wexcombe_city_council"], organisation="Wexcombe and Weir Council")
    later = dict(REGISTER) | {"wexcombe_city_council": renamed}
    watch.take(later, "2026-11-01")
    del later["nhs_eastmere_icb"]
    later["eastmere_board"] = Page("Eastmere Board", (TIDES,))
    watch.take(later, "2026-11-02")
    store = opened(watch)
    known = read_known(store.db)
    store.close()

    assert known.headings["wexcombe_city_council"] == ["Wexcombe City Council", "Wexcombe and Weir Council"]
    # All agreements of a page that is gone stand on this one: it was called so too.
    assert known.headings["eastmere_board"] == ["Eastmere Board", "NHS Eastmere ICB"]
    assert known.references == (ADMISSIONS.reference, FALLS.reference, TIDES.reference)
    told = watch.changes("--since", "2026-11-02")
    assert [one["kind"] for one in told].count("organisation-renamed") == 1
    assert ("organisation-renamed", None) in watch.told("--organisation", "nhs_eastmere_icb")
    followers = follow(
        [
            subscription("old", organisations=["nhs_eastmere_icb"]),
            subscription("w", organisations=["Wexcombe City Council"]),
        ],
        known,
        VOCABULARY,
    )
    changes = [Change.from_json(public) for public in watch.changes()]
    members = {
        one.id: [Change.from_json(public) for public in watch.changes("--group", one.id)]
        for one in changes
        if one.group
    }
    for_old, for_wexcombe = tell(followers, News(changes=changes, members=members))
    assert {one.change.kind for one in for_old} >= {"organisation-renamed"}
    assert [one.change.kind for one in for_wexcombe] == ["organisation-renamed"]


def test_texts_are_those_of_the_change_and_of_just_before(watch):
    def printing(objectives):
        return dict(REGISTER) | {
            "university_of_harrowdale": with_project(REGISTER["university_of_harrowdale"], objectives=objectives)
        }

    for night, objectives in enumerate(["First.", "Second.", "Third."], start=1):
        watch.take(printing(objectives), f"2026-11-0{night}")
    gone = {slug: page for slug, page in printing("Third.").items() if slug != "university_of_harrowdale"}
    watch.take(gone, "2026-11-05")
    watch.take(gone, "2026-11-06")
    store = opened(watch)

    def read(time, reference=ADMISSIONS.reference):
        moment = (reference, f"2026-11-{time}T00:00:00Z")
        (texts,) = read_texts(store.db, [moment]).values()
        return [word for text in texts for word in ("First", "Second", "Third") if word in text]

    try:
        assert read("02") == ["First", "Second"]
        assert read("03") == ["Second", "Third"]
        assert read("04") == ["Third"]
        assert read("06") == ["Third"]  # told as no longer there
        assert read("01", "DARS-NIC-0") == []
        ((text,),) = read_texts(store.db, [(ADMISSIONS.reference, "2026-11-04T00:00:00Z")]).values()
        assert text.splitlines()[0] == ADMISSIONS.title
        assert ADMISSIONS.outputs in text
    finally:
        store.close()


def test_ends_are_those_of_agreements_that_stand(watch):
    pages = {
        "university_of_harrowdale": with_project(REGISTER["university_of_harrowdale"], end="2027-02-18"),
        "wexcombe_city_council": with_project(REGISTER["wexcombe_city_council"], end="2027-02"),
        "nhs_eastmere_icb": with_project(REGISTER["nhs_eastmere_icb"], end="2027-03-01"),
        "northam": Page("Northam", (replace(FALLS, reference="DARS-NIC-5-A1B2C", end="2027-01-01"),)),
    }
    watch.take(pages, "2026-11-01")
    del pages["northam"]
    watch.take(pages, "2026-11-02")
    watch.take(pages, "2026-11-03")
    store = opened(watch)
    rows = read_ends(store.db, "2026-11-20", "2027-02-18")
    assert read_ends(store.db, "2027-02-19", "2027-02-28") == rows[1:]
    assert [row["reference"] for row in read_ends(store.db, "2027-03-01", "2027-12-31")] == [TIDES.reference]
    store.close()

    assert rows == [
        {
            "reference": ADMISSIONS.reference,
            "title": ADMISSIONS.title,
            "organisation": "University of Harrowdale",
            "page": "university_of_harrowdale",
            "dsa_end": "2027-02-18",
            "datasets": sorted(ADMISSIONS.datasets),
        },
        {
            "reference": FALLS.reference,
            "title": FALLS.title,
            "organisation": "Wexcombe City Council",
            "page": "wexcombe_city_council",
            "dsa_end": "2027-02",
            "datasets": sorted(FALLS.datasets),
        },
    ]
