"""One edition after the other: what stands on pages beside their agreements, rebuilds, gaps, and what is listed."""

from dataclasses import replace

from diff.change import fact_id
from scraper.names.vocabulary import default_vocabulary, parse_vocabulary
from tests.harness.builders import DEATHS, HES, SLUG, Watched, agreement, kinds, news, page

FLAG = "NHS Eastmere Integrated Care Board was sent multiple files from the same dataset, in the same month."


# --- flags and counts -------------------------------------------------------------------------------------------------


def test_a_flag_is_told_by_its_presence_and_its_going_at_the_second_sighting():
    clean, flagged = page(agreement()), page(agreement(), flags=(FLAG,))
    watched = Watched(clean)

    (raised,) = watched.see(flagged)
    assert (raised.kind.value, raised.severity.value, raised.field) == ("flag-raised", "high", "flags")
    assert (raised.before, raised.after, raised.reference, raised.page) == (None, FLAG, None, SLUG)
    assert watched.see(page(agreement(), flags=(FLAG.replace("was sent", "received"),))) == []
    assert watched.see(clean) == []
    (cleared,) = watched.see(clean)
    assert (cleared.kind.value, cleared.severity.value) == ("flag-cleared", "low")
    assert (cleared.before, cleared.after) == (FLAG.replace("was sent", "received"), None)
    assert watched.see(clean) == []


def test_a_flag_missing_once_was_never_news():
    watched = Watched(page(agreement(), flags=(FLAG,)))
    watched.see(page(agreement()))

    assert watched.see(page(agreement(), flags=(FLAG,))) == []


def test_the_number_of_files_is_editorial_and_compared_over_pages_that_do_not_print_it():
    watched = Watched(page(agreement(), files=58))

    assert watched.see(page(agreement(), files=None)) == []
    (change,) = watched.see(page(agreement(), files=61))
    assert (change.kind.value, change.severity.value, change.substantive) == ("files-count-changed", "info", False)
    assert (change.field, change.before, change.after) == ("files_disseminated", 58, 61)


# --- rebuilds ---------------------------------------------------------------------------------------------------------


def rebuilt(layout, number=40, **fields):
    months = {"dsa_start": "2023-03", "dsa_end": "2026-03"} if layout == "L4" else {}
    states = [agreement(f"DARS-NIC-{100000 + n}-A1B2C", layout=layout, **(months | fields)) for n in range(number)]
    return [
        page(*states[start : start + 4], slug=f"trust_{start:02}", layout=layout, files=None if layout == "L1" else 9)
        for start in range(0, number, 4)
    ]


def test_a_rebuilt_site_is_one_change_for_each_pair_of_layouts():
    watched = Watched(*rebuilt("L1"))

    (first,) = watched.see(*rebuilt("L3"))
    (second,) = watched.see(*rebuilt("L4"))

    assert (first.kind.value, first.substantive, first.agreements) == ("layout-changed", False, 40)
    assert [(c.field, c.before, c.after, c.page, c.reference) for c in (first, second)] == [
        ("layout", "L1", "L3", None, None),
        ("layout", "L3", "L4", None, None),
    ]


def test_a_site_rebuilt_in_two_halves_is_two_changes_of_one_kind_with_two_ids():
    old, new = rebuilt("L1"), rebuilt("L3")
    watched = Watched(*old)

    (first,) = watched.see(*new[:5], *old[5:])
    (second,) = watched.see(*new)

    assert (first.agreements, second.agreements) == (20, 20)
    assert (first.id, first.fact) == (first.fact, second.fact)
    assert second.id == fact_id(second, 1)
    assert first.id != second.id


# --- known names of the user's own ------------------------------------------------------------------------------------


def test_the_users_own_alias_is_known():
    alias = parse_vocabulary('[[datasets]]\nnames = ["Ambulance Care Record Set", "Ambulance Journeys"]')
    watched = Watched(
        page(agreement(datasets=("Ambulance Journeys",))), vocabulary=default_vocabulary().extended(alias)
    )

    (change,) = watched.see(page(agreement(datasets=("Ambulance Care Record Set",))))

    assert (change.kind.value, change.substantive) == ("dataset-relabelled", False)


# --- gaps -------------------------------------------------------------------------------------------------------------


def test_second_sightings_are_counted_over_partial_editions():
    full, less = page(agreement()), page(agreement(sublicensing=()))
    watched = Watched(full)

    assert watched.see(less, complete=False) == []
    assert watched.see(failed=[SLUG], complete=False) == []
    assert watched.see(complete=False) == []
    assert kinds(watched.see(less, complete=False)) == ["sublicensing-changed"]


def test_an_unchanged_page_is_a_second_sighting_of_what_it_lacked():
    less = page(agreement(datasets=(HES,)))
    watched = Watched(page(agreement()))
    watched.see(less)

    (change,) = watched.see(less)

    assert (change.kind.value, change.removed) == ("dataset-removed", (DEATHS,))


def test_the_same_fact_told_again_has_another_id():
    no, yes = page(agreement(sublicensing=("No",))), page(agreement(sublicensing=("Yes",)))
    watched = Watched(no)

    told = [change for seen in (yes, no, no, yes, yes) for change in watched.see(seen)]

    assert [change.id for change in told] == [told[0].fact, told[1].fact, fact_id(told[2], 1)]
    assert told[0].fact == told[2].fact
    assert len({change.id for change in told}) == 3


def test_two_pages_of_one_body_are_two_views():
    first = page(agreement(), slug="nhs_england")
    second = replace(first, slug="nhs_england_x26", source="nhs_england_x26.html")
    watched = Watched(first, second)

    (change,) = watched.see(
        page(agreement(sublicensing=("Yes",)), slug="nhs_england"),
        replace(page(agreement(sublicensing=("Yes",)), slug="nhs_england"), slug="nhs_england_x26"),
    )

    assert (change.page, change.details.also_on) == ("nhs_england", None)


def test_an_edition_without_pages_tells_nothing():
    assert Watched(page(agreement())).see(complete=False) == []


def test_what_is_editorial_is_listed_and_no_news():
    (change,) = Watched(page(agreement())).see(page(agreement(datasets=(HES.upper(), DEATHS))))

    assert news([change]) == []
