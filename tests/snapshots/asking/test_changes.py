"""One question about changes: what is found is counted alike, and names and words narrow it."""

import pytest

from diff.change import Change
from scraper.names.vocabulary import default_vocabulary
from snapshots.asking.answers import Answers
from snapshots.asking.changes import ChangeFilter
from snapshots.asking.names import NameNotKnownError, NotKnownError
from snapshots.keeping.store import open_store
from tests.harness.editions import ADMISSIONS, FALLS, HARROWDALE, REGISTER, WEXCOMBE, Page, Watch, many, with_project

CRITICAL_CARE = "Hospital Episode Statistics Critical Care"
BEFORE = REGISTER | {"nhs_northam_icb": Page("NHS Northam ICB", many(30))}
AFTER = REGISTER | {
    "university_of_harrowdale": with_project(
        HARROWDALE, datasets=(*ADMISSIONS.datasets, CRITICAL_CARE), end="2028-03-12", outputs="A paper, with tides."
    ),
    "wexcombe_city_council": with_project(WEXCOMBE, sublicensing="Yes"),
    "nhs_northam_icb": Page("NHS Northam ICB", many(30, sublicensing="Yes")),
}


@pytest.fixture(scope="module")
def changes(tmp_path_factory):
    watch = Watch(tmp_path_factory.mktemp("watch"))
    for at, pages in (("2026-06-01", BEFORE), ("2026-07-01", AFTER)):
        assert watch.take(pages, at).exit_code == 0
    store = open_store(watch.database)
    yield Answers(store.db, default_vocabulary()).changes
    store.close()


def kinds(found):
    return [change.kind.value for change in found]


QUESTIONS = [
    ChangeFilter(),
    ChangeFilter(editorial=True),
    ChangeFilter(severity="high"),
    ChangeFilter(kinds=("dsa-extended", "text-changed")),
    ChangeFilter(organisations=("NHS Northam ICB",)),
    ChangeFilter(datasets=(CRITICAL_CARE,)),
    ChangeFilter(references=(ADMISSIONS.reference,)),
    ChangeFilter(run=2, until="2026-06-30T00:00:00Z"),
    ChangeFilter(words="tides"),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_what_is_found_is_counted_and_the_first_ones_come_first(changes, question):
    found = changes.find(question)

    assert changes.count(question) == len(found)
    assert changes.find(question, limit=2) == found[:2]
    assert found == sorted(found, key=Change.sort_key)


def test_a_familys_name_asks_for_all_its_datasets(changes):
    both = [
        *changes.find(ChangeFilter(datasets=("Hospital Episode Statistics Admitted Patient Care",))),
        *changes.find(ChangeFilter(datasets=(CRITICAL_CARE,))),
    ]
    found = changes.find(ChangeFilter(datasets=("hes",)))

    assert {one.id for one in found} == {one.id for one in both}
    assert found


def test_a_group_is_one_change_and_is_found_by_what_its_members_are(changes):
    (group,) = changes.find(ChangeFilter(references=("DARS-NIC-500003-Q2W3E",)))

    assert (group.kind.value, group.agreements) == ("sublicensing-changed", 31)
    assert changes.find(ChangeFilter(organisations=("nhs_northam_icb",))) == [group]
    assert changes.count(ChangeFilter(group=group.id[:8])) == 31


def test_words_are_found_in_prose_and_the_last_one_need_not_be_whole(changes):
    assert kinds(changes.find(ChangeFilter(words="paper tid"))) == ["text-changed"]
    assert changes.find(ChangeFilter(words="nobody wrote this")) == []
    with pytest.raises(NotKnownError, match="holds no word that can be looked for"):
        changes.find(ChangeFilter(words="***"))


def test_a_name_is_whole_unless_a_part_will_do(changes):
    with pytest.raises(NameNotKnownError, match="no organisation is called 'Harrowdale'; the nearest is University"):
        changes.find(ChangeFilter(organisations=("Harrowdale",)))

    whole = changes.find(ChangeFilter(organisations=("University of Harrowdale",)))
    assert changes.find(ChangeFilter(organisations=("Harrowdale",), parts=True)) == whole
    assert changes.find(ChangeFilter(datasets=("critical",), parts=True)) == changes.find(
        ChangeFilter(datasets=(CRITICAL_CARE,))
    )


def test_several_names_are_any_of_them_and_several_things_all_of_them(changes):
    either = ChangeFilter(references=(ADMISSIONS.reference, FALLS.reference))
    both = ChangeFilter(references=either.references, datasets=(CRITICAL_CARE,))

    assert len(changes.find(either)) > len(changes.find(both))
    assert kinds(changes.find(both)) == ["dataset-added"]
