"""Runs that are not believable: too much gone, unreadable, not understood, or different at once."""

from dataclasses import replace

import pytest

from diff.deciding.guards import Guards, why_held
from scraper.names.legal_families import family_of
from scraper.records import LegalBasis
from tests.harness.builders import HES, Watched, agreement, bases, kinds, page, reference, trust

HELD = [
    # asked for, failed, agreements on the pages read, gone of them
    (10, 0, 300, 0, False),
    (10, 0, 300, 98, False),
    (10, 0, 300, 99, True),
    (10, 0, 30, 10, True),
    (10, 0, 29, 28, False),
    (10, 0, 29, 29, True),
    (1, 0, 1, 1, True),
    (1, 0, 0, 0, False),
    (10, 4, 300, 0, False),
    (10, 5, 300, 0, True),
    (2, 1, 300, 0, False),
    (2, 2, 0, 0, True),
    (1, 1, 0, 0, False),
]


@pytest.mark.parametrize(("asked", "failed", "agreements", "gone", "held"), HELD)
def test_a_run_is_held_when_a_third_or_all_are_gone_or_half_cannot_be_read(asked, failed, agreements, gone, held):
    reason = why_held(Guards(), asked=asked, failed=failed, agreements=agreements, gone=gone)

    assert (reason is not None) == held


def test_the_thresholds_are_settings():
    assert why_held(Guards(gone_fraction=0.1), asked=9, failed=0, agreements=100, gone=10)
    assert why_held(Guards(failed_fraction=0.2), asked=10, failed=2, agreements=100, gone=0)


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

    assert kinds(told) == ["organisation-renamed"]
    assert kinds(told[0].members) == ["agreement-moved"] * 20


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


# --- one field that fails ---------------------------------------------------------------------------------------------

NUMBERS = range(77)
PER_PAGE = 7


def register(*, on=NUMBERS, layout="L3", **fields):
    """Return 77 agreements on eleven pages, no two of which read alike, with other *fields* on some of them."""
    return [
        page(
            *(
                agreement(reference(n), layout=layout, **(own(n) | (fields if n in on else {})))
                for n in NUMBERS[start : start + PER_PAGE]
            ),
            slug=f"trust_{start // PER_PAGE}",
            layout=layout,
        )
        for start in NUMBERS[::PER_PAGE]
    ]


def own(number):
    return {"title": f"Study {number}", "datasets": (f"Registry {number}", HES), "outputs": f"Report {number}."}


def why(before, after, **options):
    """Return why the second of two editions is held."""
    watched = Watched(*before)
    watched.see(*after, **options)
    return watched.last.held


FIELDS_THAT_FAIL = [
    ({"datasets": None}, "`Datasets` is understood on 0 of 77 agreements that had it"),
    ({"datasets": ()}, "`Datasets` is understood on 0 of 77 agreements that had it"),
    ({"title": None}, "`Title` is understood on 0 of 77 agreements that had it"),
    ({"controllers": ()}, "`Data-controller type` is understood on 0 of 77 agreements that had it"),
    ({"objectives": ""}, "`Objectives` is understood on 0 of 77 agreements that had it"),
    ({"legal_bases": ()}, "`Legal basis` is understood on 0 of 77 agreements that had it"),
    ({"dsa_start": None, "dsa_end": None}, "`When` is understood on 0 of 77 agreements that had it"),
    (
        {"commercial": None, "datasets": None},
        "`Purposes` is understood on 0 of 77 agreements that had it; "
        "`Datasets` is understood on 0 of 77 agreements that had it",
    ),
]


@pytest.mark.parametrize("lately", [True, False])
@pytest.mark.parametrize(("fields", "reason"), FIELDS_THAT_FAIL)
def test_a_run_in_which_a_field_is_missing_everywhere_is_held_however_long_ago_the_last_was(fields, reason, lately):
    assert why(register(), register(**fields), lately=lately) == reason


def not_understood(*names, on=NUMBERS):
    """Return the register with fields that are printed and not understood."""
    return [
        replace(
            one,
            agreements=tuple(
                replace(a, **dict.fromkeys(names), unread=frozenset(names), unprinted=a.unprinted | set(names))
                if n in on
                else a
                for n, a in zip(range(start, start + PER_PAGE), one.agreements, strict=True)
            ),
        )
        for start, one in zip(NUMBERS[::PER_PAGE], register(), strict=True)
    ]


def test_a_field_that_is_not_understood_fails_like_one_that_is_missing():
    assert why(register(), not_understood("sensitivity")) == (
        "`Sensitive` is understood on 0 of 77 agreements that had it"
    )


def test_a_label_that_is_missing_beside_one_that_nobody_knows_is_not_understood():
    renamed = [
        replace(
            one,
            agreements=tuple(
                replace(
                    a, access_methods=None, unprinted=a.unprinted | {"access_methods"}, printed={"Access": "One-Off"}
                )
                for a in one.agreements
            ),
        )
        for one in register()
    ]

    assert why(register(), renamed) == "`Access method` is understood on 0 of 77 agreements that had it"


@pytest.mark.parametrize(("failing", "held"), [(15, False), (16, True)])
def test_a_fifth_of_the_agreements_sighted_is_enough_and_those_found_unchanged_count(failing, held):
    reason = why(register(), register(on=range(failing), datasets=()), lately=False)

    assert reason == (f"`Datasets` is understood on {77 - failing} of 77 agreements that had it" if held else None)


def test_below_thirty_agreements_all_may_lose_a_field():
    assert why(register()[:4], register(datasets=())[:4]) is None
    assert why(register()[:5], register(datasets=())[:5])


def test_a_field_that_was_not_understood_before_does_not_fail_again():
    watched = Watched(*register())
    watched.see(*not_understood("sensitivity", on=range(14)))
    watched.see(*not_understood("sensitivity", on=range(28)))
    assert watched.last.held is None, "fourteen more, and these are fewer than a fifth"

    watched.see(*not_understood("sensitivity", on=range(44)))
    assert watched.last.held == "`Sensitive` is understood on 33 of 49 agreements that had it"


def test_a_field_that_was_missing_before_does_not_fail_again():
    watched = Watched(*register())
    watched.see(*register(on=range(14), sublicensing=()), lately=False)
    told = watched.see(*register(on=range(28), sublicensing=()), lately=False)

    assert watched.last.held is None
    assert kinds(told) == ["sublicensing-changed"] * 14


def test_a_field_that_a_layout_does_not_print_does_not_fail():
    assert why(register(), register(layout="L1")) is None
    assert why(register(layout="L4", discussions=("minutes.pdf",)), register()) is None


NOT_FAILING = [
    ({"remainder": "The board looks at this again."}, {}),
    ({"when_note": "Audit report: breached contract."}, {}),
    ({}, {"dsa_end": None, "when_note": "ongoing"}),
    ({"purposes_text": "Research", "commercial": None}, {"purposes_text": None, "commercial": ("No",)}),
]


@pytest.mark.parametrize(("before", "after"), NOT_FAILING)
def test_what_stands_beside_a_field_or_in_its_place_does_not_fail(before, after):
    assert why(register(**before), register(**after), lately=False) is None


def test_an_operator_who_releases_it_is_told_what_it_lacks_at_once_and_the_next_night_is_quiet():
    watched = Watched(*register())
    watched.see(*register(datasets=()))
    assert watched.last.held

    told = watched.see(*register(datasets=()), trusted=True)

    assert kinds(one for one in told if not one.group) == ["dataset-removed"] * 77
    assert watched.see(*register(datasets=())) == []
    assert watched.last.held is None


def test_until_then_every_night_that_lacks_it_is_held():
    watched = Watched(*register())
    for _ in range(4):
        watched.see(*register(datasets=()))
        assert watched.last.held

    assert watched.see(*register()) == []
    assert watched.last.held is None


def test_an_agreement_that_moves_and_loses_a_field_counts():
    moved = [replace(one, slug=f"{one.slug}_trust", organisation="A trust") for one in register(datasets=())]

    assert why(register(), moved) == "`Datasets` is understood on 0 of 77 agreements that had it"


# --- too much at once -------------------------------------------------------------------------------------------------

REWRITTEN = [
    replace(one, agreements=tuple(replace(a, outputs=f"A book {a.title[::-1]}") for a in one.agreements))
    for one in register()
]
TOO_MUCH = "77 of the 77 agreements lose values or differ in substance, less than 45 days after the run before"


def edited(count, edit):
    """Return the register with the first *count* agreements edited, each by its number."""
    numbers = iter(NUMBERS)
    return [
        replace(
            one,
            agreements=tuple(replace(a, **edit(n)) if (n := next(numbers)) < count else a for a in one.agreements),
        )
        for one in register()
    ]


ODD = {
    "prose": lambda n: {"outputs": f"A book about {n}."},
    "a title": lambda n: {"title": f"A study called {n}"},
    "an end": lambda n: {"dsa_end": f"2031-01-{n % 28 + 1:02}"},
    "a dataset for another": lambda n: {"datasets": (f"Another registry {n}", HES)},
    "a dataset gone": lambda n: {"datasets": (HES,)},
    "a controller for another": lambda n: {"controllers": (f"UNIVERSITY {n} OF WEXCOMBE",)},
    "a legal basis for a text": lambda n: {
        "legal_bases": (LegalBasis(f"TEXT:{n:012}", family_of(f"TEXT:{n:012}"), f"Basis {n}"),)
    },
}


@pytest.mark.parametrize("edit", ODD)
def test_a_fifth_that_differ_or_lose_values_in_a_night_hold_the_run(edit):
    reason = f"16 of the 77 agreements lose values or differ in substance, {TOO_MUCH.partition('substance, ')[2]}"

    assert why(register(), edited(15, ODD[edit])) is None
    assert why(register(), edited(16, ODD[edit])) == reason
    assert why(register(), edited(15, ODD[edit]), lately=False) is None
    assert why(register(), edited(77, ODD[edit]), lately=False) is None


NOT_ODD = {
    "a dataset more": lambda n: {"datasets": (f"Registry {n}", f"Another registry {n}", HES)},
    "a controller more": lambda n: {"controllers": ("UNIVERSITY OF HARROWDALE", f"UNIVERSITY {n} OF WEXCOMBE")},
    "a later month": lambda n: {"released_to": f"2025-{n % 12 + 1:02}"},
    "the same words": lambda n: {"outputs": f"Report {n}. It is kept."},
    "the same dataset gone": lambda n: {"datasets": (f"Registry {n}",)},
    "the same legal basis for another": lambda n: {"legal_bases": bases("HSCA2012:s261(7)")},
    "a known name for a dataset": lambda n: {"datasets": (f"Registry {n}", HES.replace("Episode", "Episodes"))},
    "print": lambda n: {"outputs": f"REPORT {n}"},
}


@pytest.mark.parametrize("edit", NOT_ODD)
def test_one_edit_on_many_and_what_time_brings_hold_nothing(edit):
    watched = Watched(*register())
    for _ in range(2):
        watched.see(*edited(77, NOT_ODD[edit]))

        assert watched.last.held is None


def test_editions_that_lie_apart_may_differ_in_everything():
    told = Watched(*register()).see(*REWRITTEN, lately=False)

    assert kinds(told) == ["text-changed"] * 77
    assert why(register(), REWRITTEN) == TOO_MUCH


def test_what_was_weighed_at_its_first_sighting_is_not_weighed_again():
    watched = Watched(*register())
    watched.see(*edited(15, ODD["a dataset gone"]))
    later = edited(29, ODD["a dataset gone"])
    told = watched.see(*later)

    assert watched.last.held is None
    assert kinds(told) == ["dataset-removed"] * 15


def test_an_agreement_that_moves_and_says_something_else_counts_as_of_where_it_stood():
    moved = [replace(one, slug=f"{one.slug}_trust") for one in REWRITTEN]

    assert why(register(), moved) == TOO_MUCH
    assert why(register(), moved, lately=False) is None


def test_agreements_that_go_or_move_do_not_differ():
    watched = Watched(*register())
    gone = [replace(one, agreements=one.agreements[2:]) for one in register()]

    for _ in range(2):
        watched.see(*gone)
        assert watched.last.held is None
    watched.see(*(replace(one, slug=f"{one.slug}_trust") for one in gone))
    assert watched.last.held is None
