"""Rows of a version's datasets: each is told that goes or differs, also where its dataset is called anew meanwhile."""

from dataclasses import replace

import pytest

from diff.deciding.compare import compare_place, first_belief
from scraper.names.vocabulary import default_vocabulary
from scraper.records import DatasetRow
from tests.harness.builders import agreement
from tests.simulation.values import DATASET_ALIASES

OLD, NEW = DATASET_ALIASES[0]
OTHER = "Emergency Care Data Set (ECDS)"


def row(name, frequency):
    return DatasetRow(
        name=name,
        type_of_data="Identifiable",
        sensitivity="Sensitive",
        frequency=frequency,
        legal_bases=(),
        confidentiality="None needed",
    )


def version(*rows):
    names, ways = {one.name for one in rows}, {one.frequency for one in rows}
    values = {"datasets": tuple(sorted(names)), "access_methods": tuple(sorted(ways)), "dataset_rows": rows}
    return replace(agreement(layout="W2", version="1.2"), **values)


def told(*editions):
    """Return what each edition after the first tells of rows: (added, removed), each by its frequency."""
    place, found = first_belief(editions[0], "W2"), []
    for record in editions[1:]:
        changes, place = compare_place(place, record, layout="W2", old_body="a", vocabulary=default_vocabulary())
        rows = [one for one in changes if one.kind.value == "dataset-row-changed"]
        found.append([(one.added, one.removed) for one in rows])
    return found


BESIDE = (row(OTHER, "One-Off"), row(OTHER, "Ongoing"))
"""Rows that have all there is, so that what happens beside them changes no union."""
BOTH = version(row(OLD, "One-Off"), row(OLD, "Ongoing"), *BESIDE)


def one_row(name):
    return version(row(name, "One-Off"), *BESIDE)


def test_a_row_that_goes_is_told_at_its_second_sighting_as_it_stood():
    assert told(BOTH, one_row(OLD), one_row(OLD)) == [[], [((), (row(OLD, "Ongoing").text,))]]


def test_a_new_name_at_the_second_sighting_does_not_swallow_it():
    assert told(BOTH, one_row(OLD), one_row(NEW)) == [[], [((), (row(OLD, "Ongoing").text,))]]


def test_a_new_name_at_the_first_sighting_does_not_either():
    first, second = told(BOTH, one_row(NEW), one_row(NEW))

    assert first == []
    assert second == [((), (row(NEW, "Ongoing").text,))]


def test_a_row_that_differs_while_its_dataset_is_called_anew_is_told():
    after = version(row(NEW, "Ongoing"), *BESIDE)

    assert told(one_row(OLD), after) == [[((row(NEW, "Ongoing").text,), (row(OLD, "One-Off").text,))]]


@pytest.mark.parametrize("name", [OLD, NEW])
def test_the_same_rows_under_another_name_are_no_news(name):
    assert told(BOTH, version(row(name, "One-Off"), row(name, "Ongoing"), *BESIDE)) == [[]]
