"""Which agreement is which: what is new, what has moved, what is gone, and what only a view of it is."""

import pytest

from diff.change import fact_id
from tests.harness.builders import REFERENCE, SLUG, Watched, agreement, body_of, kinds, news, page

OTHER, THIRD = "DARS-NIC-911052-Q7N2D", "DARS-NIC-906631-X8N4K"
GROUP, BOARD, COLLEGE = "nhs_eastmere_ccg", "nhs_eastmere_icb", "calder_moor_university"


def on(slug, *references, **fields):
    """Return the page *slug* with these agreements, all of the same content."""
    return page(*(agreement(reference, **fields) for reference in references), slug=slug)


def facts(changes):
    """Return kind, page, reference, before and after of changes."""
    return sorted((c.kind.value, c.page, c.reference, c.before, c.after) for c in changes)


# --- baselines --------------------------------------------------------------------------------------------------------


def test_the_first_snapshot_of_a_page_tells_nothing():
    assert Watched().see(on(GROUP, REFERENCE, OTHER)) == []


def test_a_page_first_seen_in_a_later_partial_edition_is_a_baseline_too():
    watched = Watched()
    watched.see(on(GROUP, REFERENCE), complete=False)

    assert watched.see(on(COLLEGE, OTHER), complete=False) == []


def test_a_page_that_an_earlier_complete_edition_lacked_is_a_new_organisation_with_its_agreements():
    watched = Watched(on(GROUP, REFERENCE))

    assert facts(watched.see(on(GROUP, REFERENCE), on(COLLEGE, OTHER))) == [
        ("agreement-added", COLLEGE, OTHER, None, None),
        ("organisation-added", COLLEGE, None, None, None),
    ]


def test_a_page_that_could_not_be_read_at_first_is_a_baseline_when_it_can():
    watched = Watched()
    watched.see(on(GROUP, REFERENCE), failed=[COLLEGE])

    assert watched.see(on(GROUP, REFERENCE), on(COLLEGE, OTHER)) == []


# --- agreements that come and go --------------------------------------------------------------------------------------


def test_a_new_agreement_is_told_at_once_without_its_datasets_and_controllers():
    watched = Watched(on(GROUP, REFERENCE))

    (change,) = watched.see(on(GROUP, REFERENCE, OTHER))

    assert (change.kind.value, change.severity.value, change.reference) == ("agreement-added", "medium", OTHER)
    assert (change.field, change.before, change.after, change.added, change.removed) == (None, None, None, (), ())


def test_an_agreement_that_goes_is_told_at_its_second_sighting_and_listed_again_when_it_is_back():
    both, one = on(GROUP, REFERENCE, OTHER), on(GROUP, REFERENCE)
    watched = Watched(both)

    assert watched.see(one) == []
    (gone,) = watched.see(one)
    assert (gone.kind.value, gone.severity.value, gone.reference) == ("agreement-removed", "medium", OTHER)
    assert watched.see(one) == []
    assert watched.see(both) == [], "an earlier version of the page, for the first time (rule 12)"
    (back,) = watched.see(both)
    assert (back.kind.value, back.reference) == ("agreement-added", OTHER)
    assert "listed again" in back.summary
    watched.see(one)
    (again,) = watched.see(one)
    assert (gone.id, again.id) == (gone.fact, fact_id(gone, 1))
    assert gone.id != again.id


def test_an_agreement_missing_once_was_never_news_and_what_changed_meanwhile_is():
    watched = Watched(on(GROUP, REFERENCE, OTHER))
    watched.see(on(GROUP, OTHER))

    told = watched.see(page(agreement(REFERENCE, sublicensing=("Yes",)), agreement(OTHER), slug=GROUP))

    assert kinds(told) == ["sublicensing-changed"]


def test_a_page_that_cannot_be_read_proves_nothing():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD))
    watched.see(on(GROUP, REFERENCE), on(COLLEGE, THIRD))

    assert watched.see(on(COLLEGE, THIRD), failed=[GROUP]) == []
    assert watched.see(on(COLLEGE, THIRD), complete=False) == []
    assert kinds(watched.see(on(GROUP, REFERENCE), on(COLLEGE, THIRD))) == ["agreement-removed"]


# --- moves ------------------------------------------------------------------------------------------------------------


def test_a_reference_that_leaves_one_page_and_stands_on_another_has_moved():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD))

    told = watched.see(on(GROUP, OTHER), on(COLLEGE, THIRD, REFERENCE))

    assert facts(told) == [("agreement-moved", COLLEGE, REFERENCE, (GROUP,), (COLLEGE,))]
    assert watched.see(on(GROUP, OTHER), on(COLLEGE, THIRD, REFERENCE)) == [], "nothing follows"


def test_the_snapshot_before_a_move_is_that_of_the_page_it_came_from():
    here, there = on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD)
    left, came = on(GROUP, OTHER), on(COLLEGE, THIRD, REFERENCE)

    (told,) = Watched(here, there).see(left, came)
    assert (told.snapshot_before, told.snapshot_after) == (body_of(here), body_of(came))

    missing_first = Watched(here, there)
    missing_first.see(left, there)
    (told,) = missing_first.see(left, came)
    assert told.snapshot_before == body_of(here)


def test_what_changes_with_a_move_is_told_beside_it_and_what_waited_goes_on_waiting():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD))
    watched.see(page(agreement(outputs=None), agreement(OTHER), slug=GROUP), on(COLLEGE, THIRD))
    moved = agreement(dsa_end="2027-03-12", outputs=None)

    told = watched.see(on(GROUP, OTHER), page(agreement(THIRD), moved, slug=COLLEGE))

    assert kinds(told) == ["agreement-moved", "dsa-extended", "text-changed"]


def test_a_move_is_told_when_the_new_page_shows_it_after_the_old_one_lacked_it_once():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD))
    watched.see(on(GROUP, OTHER), on(COLLEGE, THIRD))

    assert kinds(watched.see(on(GROUP, OTHER), on(COLLEGE, THIRD, REFERENCE))) == ["agreement-moved"]


def test_a_move_waits_until_the_old_page_was_read():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD))

    assert watched.see(on(COLLEGE, THIRD, REFERENCE), failed=[GROUP]) == []
    assert facts(watched.see(on(GROUP, OTHER), on(COLLEGE, THIRD, REFERENCE))) == [
        ("agreement-moved", COLLEGE, REFERENCE, (GROUP,), (COLLEGE,))
    ]


def test_a_move_that_waited_is_told_even_if_the_new_page_is_not_read_again():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD))
    watched.see(on(COLLEGE, THIRD, REFERENCE), failed=[GROUP])

    assert kinds(watched.see(on(GROUP, OTHER), failed=[COLLEGE])) == ["agreement-moved"]


def test_a_move_from_a_page_that_is_gone():
    watched = Watched(on(GROUP, REFERENCE), on(COLLEGE, THIRD))

    assert facts(watched.see(on(COLLEGE, THIRD, REFERENCE))) == [
        ("agreement-moved", COLLEGE, REFERENCE, (GROUP,), (COLLEGE,))
    ]
    assert kinds(watched.see(on(COLLEGE, THIRD, REFERENCE))) == ["organisation-removed"]


# --- one agreement on several pages -----------------------------------------------------------------------------------


def test_an_agreement_newly_also_on_another_page():
    watched = Watched(on(GROUP, REFERENCE), on(COLLEGE, THIRD))

    assert facts(watched.see(on(GROUP, REFERENCE), on(COLLEGE, THIRD, REFERENCE))) == [
        ("agreement-moved", COLLEGE, REFERENCE, (GROUP,), (COLLEGE, GROUP))
    ]


def test_an_agreement_on_the_first_snapshot_of_a_second_page_is_no_news():
    watched = Watched()
    watched.see(on(GROUP, REFERENCE), complete=False)

    assert watched.see(on(COLLEGE, REFERENCE), complete=False) == []
    assert watched.see(on(GROUP, REFERENCE), on(COLLEGE, REFERENCE)) == []


def test_an_agreement_that_leaves_one_of_its_two_pages_is_told_at_the_second_sighting():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, REFERENCE))
    now = on(GROUP, OTHER), on(COLLEGE, REFERENCE)

    assert watched.see(*now) == []
    assert facts(watched.see(*now)) == [("agreement-moved", COLLEGE, REFERENCE, (COLLEGE, GROUP), (COLLEGE,))]
    assert watched.see(*now) == []


def test_a_change_seen_on_both_pages_is_one_and_names_both():
    watched = Watched(on(GROUP, REFERENCE), on(COLLEGE, REFERENCE))

    (change,) = watched.see(on(GROUP, REFERENCE, dsa_end="2027-03-12"), on(COLLEGE, REFERENCE, dsa_end="2027-03-12"))

    assert (change.kind.value, change.page, change.agreements) == ("dsa-extended", COLLEGE, 1)
    assert "Calder Moor University and Nhs Eastmere Ccg" in change.summary


@pytest.mark.parametrize(
    "edit", [{"sublicensing": ("Yes",)}, {"datasets": ("Adult Social Care",)}, {"objectives": "x"}, {"dsa_end": None}]
)
def test_a_second_page_that_catches_up_tells_nothing_again(edit):
    watched = Watched(on(GROUP, REFERENCE), on(COLLEGE, REFERENCE))
    early = [c for _ in range(3) for c in watched.see(on(GROUP, REFERENCE, **edit), on(COLLEGE, REFERENCE))]
    late = [c for _ in range(3) for c in watched.see(on(GROUP, REFERENCE, **edit), on(COLLEGE, REFERENCE, **edit))]

    assert len(news(early)) == (3 if "datasets" in edit else 1)
    assert late == []


# --- references from before DARS Online -------------------------------------------------------------------------------

OLD, NEW = "NIC-38002-S3K0V", "DARS-NIC-38002-S3K0V"


def test_a_reference_that_gains_its_prefix_is_one_change_and_the_history_goes_on():
    watched = Watched(on(GROUP, OLD, OTHER))

    told = watched.see(page(agreement(NEW, sublicensing=("Yes",)), agreement(OTHER), slug=GROUP))

    assert facts(told) == [
        ("reference-changed", GROUP, NEW, OLD, NEW),
        ("sublicensing-changed", GROUP, NEW, ("No",), ("Yes",)),
    ]
    assert {c.severity.value for c in told} == {"low", "high"}
    assert watched.see(page(agreement(NEW, sublicensing=("Yes",)), agreement(OTHER), slug=GROUP)) == []


def test_a_reference_that_gains_its_prefix_while_it_moves():
    watched = Watched(on(GROUP, OLD, OTHER), on(COLLEGE, THIRD))

    told = watched.see(on(GROUP, OTHER), on(COLLEGE, THIRD, NEW))

    assert kinds(told) == ["agreement-moved", "reference-changed"]


def test_both_forms_of_a_reference_side_by_side_are_two_agreements():
    watched = Watched(on(GROUP, OLD, OTHER))

    assert facts(watched.see(on(GROUP, OLD, NEW, OTHER))) == [("agreement-added", GROUP, NEW, None, None)]


def test_a_reference_on_two_pages_that_gains_its_prefix_on_both_is_one_change():
    watched = Watched(on(GROUP, OLD, OTHER), on(COLLEGE, OLD, THIRD))
    now = on(GROUP, NEW, OTHER), on(COLLEGE, NEW, THIRD)

    assert facts(watched.see(*now)) == [("reference-changed", COLLEGE, NEW, OLD, NEW)]
    assert watched.see(*now) == []


@pytest.mark.parametrize("second", ["unread", "behind"])
def test_a_reference_on_two_pages_that_gains_its_prefix_on_one_after_the_other_is_one_change(second):
    watched = Watched(on(GROUP, OLD, OTHER), on(COLLEGE, OLD, THIRD))
    late = [on(COLLEGE, OLD, THIRD)] if second == "behind" else []

    told = watched.see(on(GROUP, NEW, OTHER), *late, failed=[] if late else [COLLEGE])

    assert facts(told) == [("reference-changed", GROUP, NEW, OLD, NEW)]
    for _ in range(3):
        assert watched.see(on(GROUP, NEW, OTHER), on(COLLEGE, NEW, THIRD)) == []


@pytest.mark.parametrize("odd", ["PHECancerReg", "CASEMIX_NHSE", "CSU RS Ps/sens"])
def test_an_odd_reference_is_a_reference(odd):
    watched = Watched(on(GROUP, odd, OTHER), on(COLLEGE, THIRD))

    assert facts(watched.see(on(GROUP, OTHER), on(COLLEGE, THIRD, odd))) == [
        ("agreement-moved", COLLEGE, odd, (GROUP,), (COLLEGE,))
    ]


# --- organisations ----------------------------------------------------------------------------------------------------


def test_an_organisation_whose_page_is_gone_is_told_at_the_second_complete_edition_with_its_agreements():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD))

    assert watched.see(on(COLLEGE, THIRD)) == []
    assert watched.see(on(COLLEGE, THIRD), complete=False) == []
    told = watched.see(on(COLLEGE, THIRD))
    assert facts(told) == [
        ("agreement-removed", GROUP, OTHER, None, None),
        ("agreement-removed", GROUP, REFERENCE, None, None),
        ("organisation-removed", GROUP, None, None, None),
    ]
    assert {(c.severity.value, c.organisation, c.snapshot_after) for c in told} == {
        ("medium", "Nhs Eastmere Ccg", None)
    }
    assert watched.see(on(COLLEGE, THIRD)) == []


def test_an_organisation_that_is_back_after_it_was_told_as_gone_is_listed_again():
    watched = Watched(on(GROUP, REFERENCE), on(COLLEGE, THIRD))
    watched.see(on(COLLEGE, THIRD))
    watched.see(on(COLLEGE, THIRD))

    told = watched.see(on(GROUP, REFERENCE), on(COLLEGE, THIRD))

    assert kinds(told) == ["agreement-added", "organisation-added"]
    assert all("listed again" in change.summary for change in told)


def test_a_page_missing_once_and_back_was_never_news():
    watched = Watched(on(GROUP, REFERENCE), on(COLLEGE, THIRD))
    watched.see(on(COLLEGE, THIRD))

    assert watched.see(on(GROUP, REFERENCE), on(COLLEGE, THIRD)) == []


def test_another_name_in_the_heading_is_a_renaming_and_another_case_is_none():
    watched = Watched(page(agreement(), organisation="Nhs Eastmere Icb - 04c"))

    assert watched.see(page(agreement(), organisation="NHS Eastmere ICB - 04C")) == []
    (change,) = watched.see(page(agreement(), organisation="NHS Estuary ICB - 04C"))
    assert facts([change]) == [("organisation-renamed", SLUG, None, "NHS Eastmere ICB - 04C", "NHS Estuary ICB - 04C")]
    assert (change.severity.value, change.organisation) == ("low", "NHS Estuary ICB - 04C")


def test_a_page_that_went_while_all_its_agreements_stand_on_one_new_page_is_a_renaming():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD))
    now = on(BOARD, REFERENCE, OTHER, controllers=("NHS ENGLAND - X26",)), on(COLLEGE, THIRD)

    told = watched.see(*now)

    assert kinds(told) == ["controller-added"] * 2 + ["organisation-renamed"]
    (renamed,) = (c for c in told if c.kind.value == "organisation-renamed")
    assert (renamed.group, renamed.agreements, kinds(renamed.members)) == (renamed.id, 2, ["agreement-moved"] * 2)
    assert (renamed.page, renamed.before, renamed.after) == (
        BOARD, ("Nhs Eastmere Ccg", GROUP), ("Nhs Eastmere Icb", BOARD),
    )  # fmt: skip
    assert kinds(watched.see(*now)) == ["controller-removed"] * 2, "neither removed nor added later"


def test_a_page_whose_agreements_went_to_two_pages_is_no_renaming():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD))
    now = on(BOARD, REFERENCE), on(COLLEGE, THIRD, OTHER)

    assert kinds(watched.see(*now)) == ["agreement-moved", "agreement-moved", "organisation-added"]
    assert kinds(watched.see(*now)) == ["organisation-removed"]


# --- arrivals that did not last ---------------------------------------------------------------------------------------


def test_an_agreement_that_stood_on_a_second_page_while_its_own_was_unread_leaves_no_trace():
    watched = Watched(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD))
    watched.see(on(COLLEGE, THIRD, REFERENCE), failed=[GROUP])

    assert watched.see(on(COLLEGE, THIRD), failed=[GROUP]) == []
    assert watched.see(on(GROUP, REFERENCE, OTHER), on(COLLEGE, THIRD)) == []
    assert not watched.past.pages[COLLEGE].unsettled
    assert watched.past.standing_on(REFERENCE) == {GROUP}


def test_a_change_of_reference_names_all_its_organisations():
    watched = Watched(on(GROUP, OLD, OTHER), on(COLLEGE, OLD, THIRD))

    (change,) = watched.see(on(GROUP, NEW, OTHER), on(COLLEGE, NEW, THIRD))

    assert change.summary == f"{OLD} (Calder Moor University and Nhs Eastmere Ccg) is now listed as {NEW}"
