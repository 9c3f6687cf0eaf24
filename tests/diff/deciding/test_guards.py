"""Runs and pages that are not believable, copies that are stale: kept apart before anything is concluded from them."""

from dataclasses import replace

import pytest

from diff.deciding.guards import Guards, why_held
from tests.harness.builders import SLUG, Watched, agreement, kinds, news, page

HELD = [
    # asked for, failed, agreements on the pages read, gone of them
    (10, 0, 300, 0, False),
    (10, 0, 300, 98, False),
    (10, 0, 300, 99, True),
    (10, 0, 30, 10, True),
    (10, 0, 29, 29, False),
    (10, 4, 300, 0, False),
    (10, 5, 300, 0, True),
    (2, 1, 300, 0, False),
    (2, 2, 0, 0, True),
    (1, 1, 0, 0, False),
]


@pytest.mark.parametrize(("asked", "failed", "agreements", "gone", "held"), HELD)
def test_a_run_is_held_when_a_third_is_gone_or_half_cannot_be_read(asked, failed, agreements, gone, held):
    reason = why_held(Guards(), asked=asked, failed=failed, agreements=agreements, gone=gone)

    assert (reason is not None) == held


def test_the_thresholds_are_settings():
    assert why_held(Guards(gone_fraction=0.1), asked=9, failed=0, agreements=100, gone=10)
    assert why_held(Guards(failed_fraction=0.2), asked=10, failed=2, agreements=100, gone=0)


def reference(number):
    return f"DARS-NIC-{100000 + number}-A1B2C"


def trust(number, *numbers, **fields):
    return page(*(agreement(reference(n), **fields) for n in numbers), slug=f"trust_{number}")


def test_a_run_in_which_a_third_of_the_agreements_is_gone_is_held_and_is_not_state():
    full, less = [trust(1, *range(20)), trust(2, *range(20, 40))], [trust(1, *range(10)), trust(2, *range(20, 36))]
    watched = Watched(*full)

    assert watched.see(*less) == []
    assert watched.last.held == "14 of the 40 agreements on the pages asked for are gone"
    assert watched.last.pages == {}
    assert watched.see(*full) == [], "superseded by the next believable one"
    assert watched.last.held is None


def test_a_released_run_is_state_and_what_it_lacks_needs_no_second_sighting():
    full, less = [trust(1, *range(20)), trust(2, *range(20, 40))], [trust(1, *range(10)), trust(2, *range(20, 36))]
    watched = Watched(*full)
    watched.see(*less)

    told = watched.see(*less, trusted=True)

    assert watched.last.held is None
    assert kinds(told) == ["agreement-removed"] * 14
    assert watched.see(*less) == []


def test_agreements_that_moved_are_not_gone():
    watched = Watched(trust(1, *range(20)), trust(2, *range(20, 40)))

    told = watched.see(trust(3, *range(20)), trust(2, *range(20, 40)))

    assert kinds(told) == ["agreement-moved"] * 20 + ["organisation-renamed"]


def test_agreements_that_gained_their_prefix_are_not_gone():
    old, new = ([agreement(f"{way}-{100000 + n}-A1B2C") for n in range(30)] for way in ("NIC", "DARS-NIC"))
    watched = Watched(page(*old))

    assert kinds(watched.see(page(*new))) == ["reference-changed"] * 30


def test_pages_that_a_complete_edition_lacks_count_as_gone():
    watched = Watched(trust(1, *range(20)), trust(2, *range(20, 40)))

    watched.see(trust(2, *range(20, 40)))

    assert watched.last.held


def test_half_of_the_pages_unreadable_holds_the_run():
    pages = [trust(number, number) for number in range(6)]
    watched = Watched(*pages)

    watched.see(*pages[3:], failed=["trust_0", "trust_1", "trust_2"])

    assert watched.last.held == "3 of the 6 pages asked for could not be read"


# --- one page that shrinks --------------------------------------------------------------------------------------------

WHOLE, SHRUNK = trust(1, *range(20)), trust(1, 0)
REST = [trust(number, *range(number * 30, number * 30 + 30)) for number in range(2, 6)]


def test_a_page_that_shrinks_to_under_a_tenth_is_that_pages_failure():
    watched = Watched(WHOLE, *REST)

    assert watched.see(SHRUNK, *REST) == []
    assert watched.last.held is None
    assert watched.last.distrusted == {"trust_1": "it shows 1 of 20 agreements, the others are found nowhere else"}
    assert watched.see(WHOLE, *REST) == []


def test_it_is_believed_at_its_third_equal_sighting():
    watched = Watched(WHOLE, *REST)

    told = [kinds(watched.see(SHRUNK, *REST)) for _ in range(3)]

    assert told == [[], [], ["agreement-removed"] * 19]
    assert watched.last.distrusted == {}
    assert watched.see(SHRUNK, *REST) == []


def test_the_count_begins_again_when_it_shows_something_else():
    watched = Watched(WHOLE, *REST)
    watched.see(SHRUNK, *REST)
    watched.see(trust(1, 1), *REST)

    assert watched.see(SHRUNK, *REST) == []
    assert list(watched.last.distrusted) == ["trust_1"]


def test_a_page_whose_agreements_stand_elsewhere_has_not_shrunk():
    watched = Watched(WHOLE, *REST)

    told = watched.see(SHRUNK, trust(6, *range(1, 20)), *REST)

    assert kinds(told) == ["agreement-moved"] * 19 + ["organisation-added"]


def test_one_agreement_that_always_stood_on_two_pages_does_not_make_a_broken_page_believable():
    watched = Watched(WHOLE, trust(6, 5), *REST)

    watched.see(SHRUNK, trust(6, 5), *REST)

    assert list(watched.last.distrusted) == ["trust_1"]


def test_a_page_that_keeps_a_tenth_is_believed():
    watched = Watched(WHOLE, *REST)

    watched.see(trust(1, 0, 1), *REST)

    assert watched.last.distrusted == {}


def test_an_operator_who_releases_a_run_trusts_its_pages():
    watched = Watched(WHOLE, *REST)

    watched.see(SHRUNK, *REST, trusted=True)

    assert watched.last.distrusted == {}


# --- stale copies -----------------------------------------------------------------------------------------------------

MIRROR = {SLUG: "https://mirror/"}
NOW = page(agreement(released_to="2024-11"), files=58)

STALE = [
    page(agreement(released_to="2024-10", sublicensing=("Yes",)), files=58),
    page(agreement(released_to="2024-11", sublicensing=("Yes",)), files=57),
]


@pytest.mark.parametrize("copy", STALE)
def test_an_older_build_from_another_host_starts_no_change_and_is_no_sighting(copy):
    watched = Watched(NOW)

    assert watched.see(copy, hosts=MIRROR) == []
    assert watched.last.stale == {SLUG}
    assert watched.see(NOW) == []


FRESH = [
    page(agreement(released_to="2024-11", sublicensing=("Yes",)), files=58),
    page(agreement(released_to="2024-12", sublicensing=("Yes",)), files=60),
    page(agreement(released_to="2024-11", sublicensing=("Yes",)), files=None),
    page(agreement(released_from=None, released_to=None, sublicensing=("Yes",)), files=58),
]


@pytest.mark.parametrize("copy", FRESH)
def test_a_copy_from_another_host_that_is_not_older_counts(copy):
    told = Watched(NOW).see(copy, hosts=MIRROR)

    assert "sublicensing-changed" in kinds(told)


def test_the_same_host_may_show_an_earlier_month():
    assert kinds(news(Watched(NOW).see(page(agreement(released_to="2024-10"), files=57)))) == ["release-window-changed"]


def test_what_is_missing_from_a_stale_copy_is_not_missing():
    stale = page(agreement(sublicensing=(), released_to="2024-10"))
    watched = Watched(NOW)
    watched.see(stale, hosts=MIRROR)
    watched.see(page(agreement(sublicensing=())))

    assert news(watched.see(NOW)) == []


def test_a_page_of_two_agreements_that_loses_one_has_not_shrunk_though_the_other_stands_elsewhere_too():
    both, one, other = (page(agreement(reference(n)), slug=f"trust_{n}") for n in range(3))
    first = replace(both, slug="trust_9", agreements=(*both.agreements, *one.agreements))
    watched = Watched(first, one, other)

    watched.see(replace(first, agreements=one.agreements), one, other)

    assert watched.last.distrusted == {}
