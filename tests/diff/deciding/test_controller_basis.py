"""Sole or joint controllers of a version: told by itself, unless who came or went among the controllers says it."""

from itertools import product

import pytest

from diff.deciding.compare import compare_place, first_belief
from scraper.names.vocabulary import default_vocabulary
from tests.harness.builders import agreement

SOLE, JOINT = "Sole Data Controller", "Joint Data Controller"
GROUP, BOARD = "NHS BARNSLEY CCG", "NHS SOUTH YORKSHIRE ICB - 02P"
OTHER_GROUP, OTHER_BOARD = "NHS BASILDON AND BRENTWOOD CCG", "NHS MID AND SOUTH ESSEX ICB - 99E"
HARROW, LEEDS = "UNIVERSITY OF HARROWDALE", "UNIVERSITY OF LEEDS"


def told(*editions):
    """Return what each edition after the first tells: kind, and the names or the basis that it is about."""
    facts = {"layout": "W2", "version": "1.2", "dataset_rows": ()}
    records = [agreement(**facts, controllers=names, controller_basis=basis) for names, basis in editions]
    place, found = first_belief(records[0], "W2"), []
    for record in records[1:]:
        changes, place = compare_place(place, record, layout="W2", old_body="a", vocabulary=default_vocabulary())
        found.append({(one.kind.value, *(one.added or one.removed or (one.after,))) for one in changes})
    return found


BASIS_TOLD = ("controller-basis-changed", JOINT)


def test_a_succession_does_not_swallow_that_the_controllers_are_joint_now():
    assert told(((GROUP,), SOLE), ((BOARD,), JOINT)) == [{("controller-succeeded", BOARD), BASIS_TOLD}]


def test_two_successions_at_once_do_not_either():
    before, now = ((GROUP, OTHER_GROUP), SOLE), ((BOARD, OTHER_BOARD), JOINT)

    assert told(before, now) == [{("controller-succeeded", BOARD), ("controller-succeeded", OTHER_BOARD), BASIS_TOLD}]


def test_names_that_are_only_spelled_otherwise_do_not_either():
    (found,) = told((("SMITH, JONES LLP",), SOLE), (("SMITH", "JONES LLP"), JOINT))

    assert BASIS_TOLD in found


@pytest.mark.parametrize("heir", [GROUP, BOARD])
def test_who_comes_says_it(heir):
    (found,) = told(((GROUP,), SOLE), ((heir, HARROW), JOINT))

    assert ("controller-added", HARROW) in found
    assert BASIS_TOLD not in found


@pytest.mark.parametrize("heir", [GROUP, BOARD])
def test_who_goes_says_it_at_the_second_sighting(heir):
    first, second = told(((GROUP, HARROW), JOINT), ((heir,), SOLE), ((heir,), SOLE))

    assert "controller-basis-changed" not in {one[0] for one in first | second}
    assert ("controller-removed", HARROW) in second


def test_where_who_was_missing_is_back_it_is_told():
    first, second = told(((GROUP, HARROW), JOINT), ((GROUP,), SOLE), ((GROUP, HARROW), SOLE))

    assert first == set()
    assert second == {("controller-basis-changed", SOLE)}


def test_where_all_is_as_before_nothing_is_told():
    assert told(((GROUP, HARROW), JOINT), ((GROUP,), SOLE), ((GROUP, HARROW), JOINT)) == [set(), set()]


def test_two_that_become_one_say_it():
    merged = ("NHS NEWCASTLE GATESHEAD CCG",), SOLE
    first, second = told((("NHS GATESHEAD CCG", "NHS NEWCASTLE WEST CCG"), JOINT), merged, merged)

    assert {one[0] for one in first | second} == {"controller-succeeded"}


NAMES = [(GROUP,), (BOARD,), (GROUP, HARROW), (BOARD, HARROW), (HARROW, LEEDS), (HARROW,)]


@pytest.mark.parametrize(("before", "now"), list(product(NAMES, NAMES)))
def test_no_difference_of_the_basis_is_told_by_nobody(before, now):
    """Whatever the controllers were and are: after two sightings something says that they are joint now."""
    found = set().union(*told((before, SOLE), (now, JOINT), (now, JOINT)))

    assert {"controller-added", "controller-removed", "controller-basis-changed"} & {kind for kind, *_ in found}
    assert ("controller-basis-changed", SOLE) not in found
