"""Families of datasets: which the register's datasets are of, and that no family is called like one of them."""

import pytest

from diff.names import DatasetNames
from scraper.names.families import families, family_called, family_of
from scraper.names.fold import fold
from scraper.names.packaged import read_facts
from scraper.names.vocabulary import default_vocabulary

FACTS = read_facts("datasets")
LISTED = sorted(
    {name for alias in FACTS["aliases"] for name in alias["variants"]}
    | {pair[side] for pair in FACTS["different_datasets"] for side in "ab"}
    | {pair[side] for pair in FACTS["local_provider_flows"] for side in ("current", "old_2016_17")}
)
NAMES = DatasetNames(LISTED, default_vocabulary())


def members(name):
    own = NAMES.named(name)
    return {default_vocabulary().dataset_canonical(listed) for listed in LISTED if fold(listed) in own}


def test_hes_is_its_four_parts_under_all_their_names():
    assert members("HES") == members("hospital episode statistics") == {
        "Hospital Episode Statistics Admitted Patient Care (HES APC)",
        "Hospital Episode Statistics Outpatients (HES OP)",
        "Hospital Episode Statistics Accident and Emergency (HES A and E)",
        "Hospital Episode Statistics Critical Care (HES Critical Care)",
    }  # fmt: skip
    assert fold("Hospital Episode Statistics Outpatients") in NAMES.named("HES")


def test_every_local_provider_flow_of_both_wordings_is_of_the_family():
    flows = {name for pair in FACTS["local_provider_flows"] for name in (pair["current"], pair["old_2016_17"])}

    assert NAMES.named("local provider flows") == set(map(fold, flows))


def test_a_family_joins_versions_that_stay_different_datasets():
    assert len(members("IAPT")) == 2
    assert members("Improving Access to Psychological Therapies (IAPT) v2") == {
        "Improving Access to Psychological Therapies (IAPT) v2"
    }


def test_an_acronym_at_the_end_of_one_dataset_still_names_it_alone():
    assert members("MHSDS") == {"Mental Health Services Data Set (MHSDS)"}
    assert members("GDPPR") == {
        "COVID-19 General Practice Extraction Service (GPES) Data for Pandemic Planning and Research (GDPPR)"
    }


@pytest.mark.parametrize("family", families(), ids=lambda family: family.id)
def test_a_family_is_called_like_no_dataset_and_like_no_other_family(family):
    called = {fold(name) for name in (family.id, family.name, *family.also)}

    assert not called & set(map(fold, LISTED))
    assert {family_called(name) for name in called} == {family}


@pytest.mark.parametrize("name", ["", "Census of consensus", "Sustainability survey", "x" * 100_000, "COVID" * 9])
def test_what_only_holds_the_letters_of_a_family_is_not_of_it(name):
    assert family_of(name) is None
