"""Who is told which changes: organisations, datasets and words; narrowed, left out; groups with their members."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diff.kinds import ChangeKind
from diff.saying.phrase import Told
from diff.severity import Severity
from notify.following.matching import moments_of, needs_texts, tell
from notify.following.subscription import follow
from tests.harness.followers import (
    CCG,
    DEATHS,
    EASTMERE,
    ECDS,
    HARROWDALE,
    HES_OP,
    KNOWN,
    MERGED,
    MHSDS,
    ONE_A_PAGE,
    SEEN,
    VOCABULARY,
    agreement_added,
    change,
    dataset_added,
    followed,
    group,
    news,
    numbers_told,
    problems,
    subscription,
)

# --- what is followed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([HARROWDALE], [1]),
        (["university_of_harrowdale"], [1]),
        (["University_of_Harrowdale "], [1]),
        (["university of harrowdale"], [1]),
        (["Harrowdale University"], [1]),
        (["Borough of Wexcombe"], [5]),
        (["wexcombe", HARROWDALE], [1, 5]),
        # The bodies that came before and after, but not the body beside it.
        ([EASTMERE], [2, 3, 4]),
        ([CCG], [2, 3, 4]),
        ([MERGED], [2, 3, 4]),
    ],
)
def test_an_organisation_is_followed_under_all_its_names_with_predecessors_and_successors(names, told):
    assert numbers_told(ONE_A_PAGE, organisations=names) == told


def test_a_brother_is_no_relative():
    vocabulary = VOCABULARY.extended(
        {"organisations": [{"kind": "succession", "from": ["Westmere CCG"], "to": MERGED}]}
    )
    known = replace(KNOWN, pages={**KNOWN.pages, "westmere_ccg": "Westmere CCG"})
    (one,) = follow([subscription(organisations=[CCG])], known, vocabulary)

    assert "westmere_ccg" not in one.subjects.pages
    assert one.subjects.pages == {"nhs_eastmere_ccg", "nhs_eastmere_icb", "nhs_eastmere_and_westmere_icb"}


def test_a_body_that_has_no_page_is_followed_by_way_of_those_that_have():
    known = replace(KNOWN, pages={"nhs_eastmere_icb": EASTMERE})

    assert problems(known, organisations=[CCG, MERGED]) == []
    assert numbers_told(ONE_A_PAGE, known, organisations=[CCG]) == [2, 3, 4]


def test_a_move_concerns_both_pages_and_so_does_a_page_that_took_over():
    moved = change(1, "wexcombe", kind="agreement-moved", before=["nhs_eastmere_icb"], after=["wexcombe"], field=None)
    renamed = change(
        2,
        "wexcombe",
        kind="organisation-renamed",
        before=[HARROWDALE, "university_of_harrowdale"],
        after=["Wexcombe City Council", "wexcombe"],
        reference=None,
        field="organisation",
    )
    heading = change(3, "wexcombe", kind="organisation-renamed", before="Borough of Wexcombe", after="Wexcombe")

    assert numbers_told(news(moved, renamed, heading), organisations=[EASTMERE]) == [1]
    assert numbers_told(news(moved, renamed, heading), organisations=[HARROWDALE]) == [2]
    assert numbers_told(news(moved, renamed, heading), organisations=["wexcombe"]) == [1, 2, 3]


@pytest.mark.parametrize("name", [MHSDS, "MHSDS", "mhsds", "mental health services data set (mhsds)"])
def test_a_dataset_is_followed_by_name_or_acronym_also_where_agreements_hold_it(name):
    changes = news(
        dataset_added(4, MHSDS),
        dataset_added(5, ECDS),
        agreement_added(1),
        agreement_added(2),
        agreement_added(1, kind="agreement-removed", id=f"{6:020x}"),
        change(1),
    )

    assert numbers_told(changes, datasets=[name]) == [4, 1, 6]


def test_a_dataset_is_followed_under_every_name_it_has_had():
    relabelled = change(2, kind="dataset-relabelled", field="datasets", before="Death Data", after=DEATHS)
    changes = news(dataset_added(1, "Civil Registration - Deaths"), relabelled, dataset_added(3, HES_OP))

    assert numbers_told(changes, datasets=[DEATHS]) == [1, 2]
    assert numbers_told(changes, datasets=["HES OP"]) == [3]


def test_a_familys_name_follows_all_its_datasets():
    changes = news(dataset_added(1, "Civil Registration - Deaths"), dataset_added(2, ECDS), dataset_added(3, HES_OP))

    assert numbers_told(changes, datasets=["HES"]) == [3]
    assert numbers_told(changes, datasets=["HES", "civil registrations"]) == [1, 3]


PROSE = "Rare disease and genomic/phenotypic data of COVID–19.\nThe agent’s long-term A&E plan for machine  learning."


@pytest.mark.parametrize(
    ("word", "held"),
    [
        ("genomic", True),
        ("GENOMIC", True),
        ("genom", False),
        ("phenotypic", True),
        ("rare disease", True),
        ("Rare  Disease", True),
        ("disease rare", False),
        ("rare data", False),
        ("COVID-19", True),
        ("covid19", True),
        ("long-term", True),
        ("term", True),
        ("agents", True),
        ("a&e", True),
        ("machine learning", True),
        ("machine-learning", False),
        ("age", False),
    ],
)
def test_a_word_is_followed_whole_in_title_or_prose(word, held):
    texts = {("DARS-NIC-1", SEEN): ("Nothing here", PROSE), ("DARS-NIC-2", SEEN): ("Nothing here",)}

    assert numbers_told(news(change(1), change(2), texts=texts), words=[word]) == [1] * held


@given(
    st.lists(st.sampled_from(["Rare", "rare,", "disease", "(disease)", "–", "data"]), max_size=8),
    st.lists(st.sampled_from(["rare", "disease", "data"]), min_size=1, max_size=3),
    st.sampled_from([" ", "\n", "  \u00a0"]),
)
def test_words_are_found_where_they_stand_one_behind_the_other(printed, phrase, space):
    plain = [word.lower().strip("(,)") for word in printed if word != "–"]
    held = any(plain[start : start + len(phrase)] == phrase for start in range(len(plain)))
    texts = {("DARS-NIC-1", SEEN): [space.join(printed)]}

    assert numbers_told(news(change(1), texts=texts), words=[" ".join(phrase)]) == [1] * held


def test_the_prose_that_went_counts_although_the_agreement_does_not_print_it_any_more():
    reworded = change(1, kind="text-changed", field="objectives", before="Genomic data.", after=None)
    retitled = change(2, kind="title-changed", field="title", before="Falls", after="Genomic falls")
    another = change(3, kind="controller-added", field="controllers", before="genomic", after=None)

    assert numbers_told(news(reworded, retitled, another), words=["genomic"]) == [1, 2]


def test_texts_are_asked_for_only_where_somebody_follows_words():
    member = change(3, first_seen="2026-11-19T03:17:00Z")
    some = news(change(1), group(9), members={f"{9:020x}": [member]})

    assert moments_of(some) == {("DARS-NIC-1", SEEN), ("DARS-NIC-3", "2026-11-19T03:17:00Z")}
    assert needs_texts([followed(), followed(words=["rare"])])
    assert not needs_texts([followed(), followed(datasets=["MHSDS"])])


# --- narrowed, and left out -------------------------------------------------------------------------------------------


def test_severity_is_at_least():
    changes = news(*(change(number, severity=one) for number, one in enumerate(Severity, start=1)))

    assert numbers_told(changes, severity="high") == [1]
    assert numbers_told(changes, severity="low") == [1, 2, 3]
    assert numbers_told(changes) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("exception", "told"),
    [
        ("DARS-NIC-1", [2, 3, 4, 5]),
        (" dars-nic-1", [2, 3, 4, 5]),
        ("NIC-1", [2, 3, 4, 5]),
        (HARROWDALE, [4, 5]),
        ("nhs_eastmere_icb", [1, 2, 3, 5]),  # not its predecessor
        # Agreement 1 holds another dataset too, so it is told; agreement 2 holds nothing else.
        ("ECDS", [1, 4, 5]),
        ("MHSDS", [1, 2, 3, 4, 5]),
    ],
)
def test_an_exception_is_an_agreement_an_organisation_or_a_dataset_found_out_by_looking(exception, told):
    changes = news(
        agreement_added(1),
        agreement_added(2),
        dataset_added(3, ECDS),
        change(4, "nhs_eastmere_icb"),
        change(5, "nhs_eastmere_ccg"),
    )

    assert problems(exceptions=[exception]) == []
    assert numbers_told(changes, exceptions=[exception]) == told


def test_editorial_changes_are_told_to_nobody():
    assert numbers_told(news(change(1, substantive=False))) == []


# --- groups -----------------------------------------------------------------------------------------------------------

MEMBERS = [change(1), change(2, "nhs_eastmere_icb"), change(3, "nhs_eastmere_ccg"), change(4, "wexcombe")]
GROUPED = news(group(9), members={f"{9:020x}": MEMBERS})


@pytest.mark.parametrize(
    ("fields", "members"),
    [
        ({}, MEMBERS),
        ({"organisations": [EASTMERE]}, MEMBERS[1:3]),
        ({"organisations": [EASTMERE], "exceptions": [CCG]}, MEMBERS[1:2]),
        ({"exceptions": ["wexcombe", "DARS-NIC-1"]}, MEMBERS[1:3]),
        ({"exceptions": [EASTMERE, CCG, "wexcombe", HARROWDALE]}, None),
        ({"organisations": [HARROWDALE], "kinds": ["dataset-added"]}, None),
        ({"kinds": ["dsa-extended"], "severity": "high"}, None),
        ({"datasets": ["MHSDS"]}, None),
    ],
)
def test_a_group_is_one_item_told_with_the_members_that_concern_the_follower(fields, members):
    (told,) = tell([followed(**fields)], GROUPED)

    assert told == ([] if members is None else [Told(GROUPED.changes[0], members)])


def test_a_group_of_datasets_is_told_to_those_who_follow_one():
    members = [dataset_added(number, MHSDS) for number in (1, 2)]
    grouped = news(group(9, kind="dataset-added", field="datasets", added=[MHSDS]), members={f"{9:020x}": members})
    (told,) = tell([followed(datasets=["MHSDS"])], grouped)

    assert [one.members for one in told] == [members]


# --- what holds of any changes ----------------------------------------------------------------------------------------

some_changes = st.lists(
    st.builds(
        lambda number, page, kind, severity, name: change(
            number, page, kind=kind, severity=severity, field="datasets", before=None, after=None, added=[name]
        ),
        st.integers(1, 3),
        st.sampled_from(sorted(KNOWN.pages)),
        st.sampled_from(["dataset-added", "agreement-added", "agreement-removed", "opt-outs-changed"]),
        st.sampled_from(list(Severity)),
        st.sampled_from([MHSDS, ECDS]),
    ),
    max_size=12,
).map(lambda changes: [replace(one, id=f"{number:020x}") for number, one in enumerate(changes)])
some_kinds = st.sets(st.sampled_from(["dataset-added", "agreement-added", "opt-outs-changed"]), min_size=1)
some_names = {
    "organisations": st.lists(st.sampled_from([HARROWDALE, EASTMERE, CCG]), max_size=2),
    "datasets": st.lists(st.sampled_from(["MHSDS", "ECDS"]), max_size=2),
    "words": st.lists(st.sampled_from(["winter", "rare"]), max_size=2),
}
TEXTS = {("DARS-NIC-1", SEEN): ["A winter"], ("DARS-NIC-2", SEEN): ["Rare winter"]}


@given(some_changes, some_kinds)
def test_who_follows_everything_of_some_kinds_is_told_exactly_the_changes_of_these(changes, kinds):
    expected = [int(one.id, 16) for one in changes if one.kind in kinds]

    assert numbers_told(news(*changes), kinds=sorted(kinds)) == expected


@given(some_changes, st.fixed_dictionaries(some_names))
def test_who_follows_several_things_is_told_what_concerns_any_of_them(changes, names):
    facts = news(*changes, texts=TEXTS)
    apart = [numbers_told(facts, **{sort: [one]}) for sort, several in names.items() for one in several]
    together = set().union(*apart) if apart else {int(one.id, 16) for one in changes}

    assert numbers_told(facts, **names) == sorted(together)


@given(some_changes, st.fixed_dictionaries(some_names), st.sampled_from([HARROWDALE, "DARS-NIC-2", "ECDS"]), some_kinds)
def test_narrowing_and_exceptions_only_take_away(changes, names, exception, kinds):
    facts = news(*changes, texts=TEXTS)
    all_told = numbers_told(facts, **names)
    narrowed = numbers_told(facts, **names, kinds=sorted(kinds), exceptions=[exception])
    left = [number for number in all_told if changes[number].kind in kinds]
    left_out = set(numbers_told(facts)) - set(numbers_told(facts, exceptions=[exception]))

    assert narrowed == [number for number in left if number not in left_out]


@given(some_changes, st.lists(st.fixed_dictionaries(some_names), max_size=4))
def test_what_one_is_told_does_not_depend_on_who_else_follows(changes, several):
    facts = news(*changes, texts=TEXTS)
    everybody = follow([subscription(f"s{n}", **names) for n, names in enumerate(several)], KNOWN, VOCABULARY)

    assert tell(everybody, facts) == [tell([one], facts)[0] for one in everybody]


@given(some_changes)
def test_a_group_is_told_to_whom_one_of_its_members_would_have_been_told_alone(changes):
    one = followed(organisations=[EASTMERE], datasets=["MHSDS"], exceptions=["DARS-NIC-2"])
    (alone,) = tell([one], news(*changes))
    (told,) = tell([one], news(group(99), members={f"{99:020x}": changes}))

    assert [list(item.members) for item in told] == ([[item.change for item in alone]] if alone else [])


def test_every_kind_can_be_told():
    changes = [
        change(number, kind=kind.value, field=None, before=None, after=None) for number, kind in enumerate(ChangeKind)
    ]

    assert numbers_told(news(*changes), organisations=[HARROWDALE]) == list(range(len(changes)))
