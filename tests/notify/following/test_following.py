"""Who is told what, and when: names looked up, changes and printed ends matched, times of day in their own zone."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diff.change import Change, ChangeKind, Severity
from diff.names import KnownNames
from notify.following.ends import ends_due, most_days_before
from notify.following.matching import News, Told, moments_of, needs_texts, tell
from notify.following.subscription import Subscription, SubscriptionError, due_at, find_problems, follow
from scraper.errors import RegisterWatchError
from scraper.names.vocabulary import default_vocabulary
from snapshots.asking.agreements import read_texts
from snapshots.asking.names import read_known
from snapshots.asking.terms import read_ends
from snapshots.keeping.store import open_store
from tests.harness.builders import a_change
from tests.harness.editions import ADMISSIONS, FALLS, REGISTER, TIDES, Page, Watch, with_project

HARROWDALE, EASTMERE = "University of Harrowdale", "NHS Eastmere ICB"
CCG, MERGED = "NHS Eastmere CCG", "NHS Eastmere and Westmere ICB"
MHSDS, ECDS = "Mental Health Services Data Set (MHSDS)", "Emergency Care Data Set (ECDS)"
HES_OP, DEATHS = "Hospital Episode Statistics Outpatients", "Civil Registrations of Death"
SEEN = "2026-11-20T03:17:00Z"
VOCABULARY = default_vocabulary().extended(
    {
        "organisations": [
            {"kind": "succession", "from": [CCG], "to": EASTMERE},
            {"kind": "succession", "from": [EASTMERE], "to": MERGED},
            {"kind": "succession", "from": ["Northam Trust"], "to": "Southam Trust"},
            {"kind": "alias", "from": ["Harrowdale University"], "to": HARROWDALE},
        ]
    }
)
KNOWN = KnownNames(
    pages={
        "university_of_harrowdale": HARROWDALE,
        "nhs_eastmere_icb": EASTMERE,
        "nhs_eastmere_ccg": CCG,
        "nhs_eastmere_and_westmere_icb": MERGED,
        "wexcombe": "Wexcombe City Council",
    },
    headings={"wexcombe": ["Borough of Wexcombe", "Wexcombe City Council"]},
    datasets=(MHSDS, ECDS, HES_OP, "Civil Registration - Deaths"),
    holdings={"DARS-NIC-1": [MHSDS, ECDS], "DARS-NIC-2": [ECDS]},
    references=("DARS-NIC-1", "DARS-NIC-2", "NIC-3"),
    since="2026-01-01T00:00:00Z",
)


def change(number, page="university_of_harrowdale", **fields):
    values = {
        "id": f"{number:020x}",
        "organisation": KNOWN.pages.get(page),
        "page": page,
        "reference": f"DARS-NIC-{number}",
        "title": "Winter admissions",
        "field": "dsa_end",
        "before": "2026-03-12",
        "after": "2029-03-12",
        "first_seen": SEEN,
    }
    return a_change(**values | fields)


def dataset_added(number, name, page="university_of_harrowdale", **fields):
    values = {"kind": "dataset-added", "field": "datasets", "before": None, "after": None, "added": [name]}
    return change(number, page, **values, **fields)


def agreement_added(number, page="university_of_harrowdale", **fields):
    return change(number, page, **{"kind": "agreement-added", "field": None, "before": None, "after": None, **fields})


def group(number, **fields):
    one = change(number, None, reference=None, title=None, organisation=None, **fields)
    return replace(one, group=one.id)


def news(*changes, **facts):
    return News(changes=changes, **{"holdings": KNOWN.holdings, **facts})


def subscription(name="ig", **fields):
    return Subscription(name=name, **fields)


def followed(known=KNOWN, **fields):
    (one,) = follow([subscription(**fields)], known, VOCABULARY)
    return one


def numbers_told(told_news, known=KNOWN, **fields):
    """Return the numbers of the changes that one subscription is told."""
    (told,) = tell([followed(known, **fields)], told_news)
    return [int(one.change.id, 16) for one in told]


def problems(known=KNOWN, **fields):
    return [str(problem) for problem in find_problems([subscription(**fields)], known, VOCABULARY)]


# --- what is followed -------------------------------------------------------------------------------------------------

ONE_A_PAGE = news(*(change(number, page) for number, page in enumerate(KNOWN.pages, start=1)))


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


# --- names that are not known -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"organisations": ["Univercity of Harowdale"]},
            "subscription 'ig': no organisation is called 'Univercity of Harowdale'; "
            "the nearest is University of Harrowdale",
        ),
        (
            {"organisations": ["Borough of Wexcomb"]},
            "subscription 'ig': no organisation is called 'Borough of Wexcomb'; the nearest are Borough of Wexcombe, "
            "wexcombe",
        ),
        # The program knows it, but nobody on this register follows it or is followed by it.
        ({"organisations": ["Northam Trust"]}, "subscription 'ig': no organisation is called 'Northam Trust'"),
        (
            {"exceptions": ["DARS-NIC-4"]},
            "subscription 'ig': no agreement, organisation or dataset is called 'DARS-NIC-4'; the nearest are "
            "DARS-NIC-2, DARS-NIC-1, NIC-3",
        ),
        ({"words": ["–"]}, "subscription 'ig': '–' has neither letter nor digit, so no text holds it"),
    ],
)
def test_what_nobody_knows_is_named_with_the_nearest_names(fields, problem):
    assert problems(**fields) == [problem]


def test_a_mistyped_dataset_is_a_problem():
    (problem,) = problems(datasets=["Mental Health Servises Data Set"])

    assert problem.startswith("subscription 'ig': no dataset is called 'Mental Health Servises Data Set'; the nearest")
    assert MHSDS in problem


def test_a_part_of_several_names_is_a_problem_that_names_them():
    (problem,) = problems(datasets=["HES"])

    assert problem.startswith("subscription 'ig': no dataset is called 'HES'; the nearest are ")
    assert HES_OP in problem


def test_a_dataset_that_the_vocabulary_knows_can_be_waited_for():
    assert (
        problems(replace(KNOWN, datasets=(ECDS,)), datasets=["Hospital Episode Statistics Outpatients", "HES OP"]) == []
    )


def test_all_problems_of_all_subscriptions_are_found():
    found = find_problems(
        [subscription("one", organisations=["Nobody"], datasets=["Nothing"]), subscription("two", exceptions=["?"])],
        KNOWN,
        VOCABULARY,
    )

    assert [problem.subscription for problem in found] == ["one", "one", "two"]
    assert all(isinstance(problem, RegisterWatchError) for problem in found)


def test_what_is_known_is_followed_although_the_rest_is_not():
    one = followed(organisations=["Nobody of that name", HARROWDALE], exceptions=["Nothing of that name"])

    assert len(one.problems) == 2
    assert numbers_told(ONE_A_PAGE, organisations=["Nobody of that name", HARROWDALE], exceptions=["Zilch"]) == [1]


def test_a_name_that_is_not_known_does_not_make_it_follow_everything():
    for fields in ({"organisations": ["Nobody"]}, {"datasets": ["Nothing"]}, {"words": ["–"]}):
        assert numbers_told(ONE_A_PAGE, **fields) == []
        assert followed(**fields).said == "nothing that is known"


def test_before_there_is_a_history_every_name_is_taken():
    nothing = KnownNames()
    fields = {"organisations": ["nhs_eastmere_icb", "Anybody"], "datasets": ["Anything"], "exceptions": ["DARS-NIC-9"]}

    assert problems(nothing, **fields) == []
    # By way of its slug, which says the name, even its relatives are found.
    assert numbers_told(ONE_A_PAGE, nothing, **fields) == [2, 3, 4]


def test_an_error_is_one_line_whatever_a_page_is_called():
    known = KnownNames(pages={"x": "University\r\nBcc: \u202e" + "of Harrowdale " * 2_000})
    found = SubscriptionError("my\nname", "no organisation is called 'x'", known.pages.values())

    assert len(str(found).splitlines()) == 1
    assert len(str(found)) < 300
    assert "\u202e" not in str(found)


# --- in words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "everything"),
        ({"severity": "high"}, "everything of high severity"),
        ({"severity": "medium"}, "everything of medium severity or more"),
        ({"kinds": ["dataset-added"]}, "everything, only dataset-added"),
        (
            {"severity": "low", "kinds": ["dataset-added", "dsa-extended"], "exceptions": ["DARS-NIC-1"]},
            "everything of low severity or more, only dataset-added or dsa-extended, except DARS-NIC-1",
        ),
        ({"organisations": [HARROWDALE]}, HARROWDALE),
        ({"organisations": ["wexcombe"]}, "Wexcombe City Council"),
        ({"organisations": ["Borough of Wexcombe"]}, "Wexcombe City Council"),
        ({"organisations": [MERGED], "datasets": ["MHSDS"]}, f"{MERGED}, its predecessors, and MHSDS"),
        ({"organisations": [CCG]}, f"{CCG} and its successors"),
        ({"organisations": [EASTMERE, HARROWDALE]},
         f"{EASTMERE}, {HARROWDALE}, and their predecessors and successors"),
        ({"datasets": ["MHSDS"], "severity": "high"}, "MHSDS; of high severity"),
        ({"words": ["genomic"]}, 'the word "genomic"'),
        ({"datasets": ["MHSDS"], "words": ["rare disease", "genomic"]},
         'MHSDS and the words "rare disease" or "genomic"'),
    ],
)  # fmt: skip
def test_what_is_followed_is_said_in_words(fields, said):
    assert followed(**fields).said == said


def test_of_many_names_the_first_are_said():
    one = followed(KnownNames(), datasets=list("ABCDEFG"), exceptions=list("1234567"))

    assert one.said == "A, B, C, D, and 3 more datasets; except 1, 2, 3, 4, and 3 others"


def test_what_is_said_is_one_line_of_bounded_length():
    long = [f"{number} \r\nBcc: x\u202e " + "word " * 4_000 for number in range(40)]
    said = followed(KnownNames(), organisations=long, datasets=long, words=long, exceptions=long).said

    assert len(said) < 3_000
    assert said.splitlines() == [said]
    assert "\u202e" not in said


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "at", "zone", "now", "due"),
    [
        ("run", None, "Europe/London", "2026-11-20T03:31:09Z", "2026-11-20T03:31:09Z"),
        ("daily", None, "Europe/London", "2026-11-20T03:31:09Z", "2026-11-20T08:00:00Z"),
        ("daily", "08:00", "Europe/London", "2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"),
        ("daily", "08:00", "Europe/London", "2026-11-20T08:00:01Z", "2026-11-21T08:00:00Z"),
        ("daily", "08:00", "Europe/London", "2026-07-01T03:17:00Z", "2026-07-01T07:00:00Z"),
        ("weekly", None, "Europe/London", "2026-11-20T03:31:09Z", "2026-11-23T08:00:00Z"),  # a Friday
        ("weekly", "mon 08:00", "Europe/London", "2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z"),
        ("weekly", "mon 08:00", "Europe/London", "2026-11-23T08:00:01Z", "2026-11-30T08:00:00Z"),
        # It is Monday already in Auckland, still Sunday in Honolulu.
        ("weekly", "mon 08:00", "Pacific/Auckland", "2026-11-22T12:00:00Z", "2026-11-22T19:00:00Z"),
        ("weekly", "sun 18:00", "Pacific/Honolulu", "2026-11-23T03:00:00Z", "2026-11-23T04:00:00Z"),
        # 29 March 2026: from 01:00 to 02:00 there is no time in London. The day before, the day, the day after.
        ("daily", "01:30", "Europe/London", "2026-03-28T01:00:00Z", "2026-03-28T01:30:00Z"),
        ("daily", "01:30", "Europe/London", "2026-03-28T02:00:00Z", "2026-03-29T01:30:00Z"),
        ("daily", "01:30", "Europe/London", "2026-03-29T01:31:00Z", "2026-03-30T00:30:00Z"),
        ("daily", "08:00", "Europe/London", "2026-03-28T09:00:00Z", "2026-03-29T07:00:00Z"),
        ("weekly", "sun 08:00", "Europe/London", "2026-03-23T09:00:00Z", "2026-03-29T07:00:00Z"),
        # 25 October 2026: 01:30 comes twice. It is the first that counts, once.
        ("daily", "01:30", "Europe/London", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        ("daily", "01:30", "Europe/London", "2026-10-25T00:31:00Z", "2026-10-26T01:30:00Z"),
        ("daily", "08:00", "Europe/London", "2026-10-24T12:00:00Z", "2026-10-25T08:00:00Z"),
        # Where the clocks change at midnight, a day begins at one; Samoa had no 30 December 2011 at all.
        ("daily", "00:00", "Asia/Beirut", "2026-03-28T12:00:00Z", "2026-03-28T22:00:00Z"),
        ("daily", "00:00", "Asia/Beirut", "2026-03-28T22:00:01Z", "2026-03-29T21:00:00Z"),
        ("daily", "08:00", "Pacific/Apia", "2011-12-29T19:00:00Z", "2011-12-30T18:00:00Z"),
    ],
)
def test_a_subscription_is_due_at_its_time_of_day(when, at, zone, now, due):
    one = subscription(when=when, at=at, timezone=zone)

    assert due_at(one, datetime.fromisoformat(now)) == due


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Chatham"]),
    st.times().map(lambda time: time.strftime("%H:%M")),
    st.sampled_from(["", "mon", "thu", "sun"]),
)
def test_it_is_due_at_that_time_of_day_not_before_now_and_within_a_period(now, zone, clock, weekday):
    one = subscription(when="weekly" if weekday else "daily", at=f"{weekday} {clock}".strip(), timezone=zone)
    due = datetime.fromisoformat(due_at(one, now))
    local = due.astimezone(ZoneInfo(zone))

    assert now.replace(microsecond=0) <= due <= now + timedelta(days=7 if weekday else 1, hours=2)
    assert weekday in ("", local.strftime("%a").lower())
    skipped = local.strftime("%H:%M") != clock
    assert not skipped or local.utcoffset() != (local - timedelta(days=1)).utcoffset()
    assert due_at(one, due) == due_at(one, now)


# --- printed ends that come up ----------------------------------------------------------------------------------------

TODAY = date(2026, 11, 20)


def standing(number=1, end="2027-02-18", page="university_of_harrowdale", datasets=(ECDS,), **fields):
    values = {"reference": f"DARS-NIC-{number}", "title": "Falls", "organisation": KNOWN.pages[page], "page": page}
    return {**values, "dsa_end": end, "datasets": list(datasets), **fields}


def due_ends(rows, told=(), today=TODAY, texts=None, **fields):
    fields = fields or {"organisations": [HARROWDALE]}
    (due,) = ends_due([followed(**fields)], rows, today=today, told={"ig": told}, texts=texts)
    return due


def items(*args, **fields):
    return [end.item for end in due_ends(*args, **fields)]


@pytest.mark.parametrize(
    ("end", "days"),
    [
        ("2027-02-19", None),  # in 91 days
        ("2027-02-18", 90),
        ("2026-12-21", 90),  # in 31 days
        ("2026-12-20", 30),
        ("2026-11-20", 30),  # today
        ("2026-11-19", None),
        ("2026-11", 30),  # a month is its last day
        ("2026-12", 90),
        ("2026-10", None),
        ("2027-02", None),
        (None, None),
        ("", None),
        ("unknown", None),
        ("2027-02-30", None),
    ],
)
def test_an_end_is_due_for_the_smallest_number_of_days_that_holds(end, days):
    assert items([standing(end=end)]) == ([] if days is None else [f"end:DARS-NIC-1:{end}:{days}"])


def test_an_end_says_what_is_to_be_told():
    (end,) = due_ends([standing(end="2026-12", title="Falls")])

    assert (end.organisation, end.page, end.title) == (HARROWDALE, "university_of_harrowdale", "Falls")
    assert (end.dsa_end, end.day, end.days, end.days_left) == ("2026-12", "2026-12-31", 90, 41)


@pytest.mark.parametrize(
    ("end", "told", "due"),
    [
        ("2027-02-18", ["end:DARS-NIC-1:2027-02-18:90"], []),
        ("2026-12-20", ["end:DARS-NIC-1:2026-12-20:90"], ["end:DARS-NIC-1:2026-12-20:30"]),
        ("2026-12-20", ["end:DARS-NIC-1:2026-12-20:30", "end:DARS-NIC-1:2026-12-20:90"], []),
        # The page named it by the older form of its reference then.
        ("2027-02-18", ["end:NIC-1:2027-02-18:90"], []),
        # Told for 7 days, which the settings no longer name: not told for 30 after that.
        ("2026-11-25", ["end:DARS-NIC-1:2026-11-25:7"], []),
        # Another end of the same agreement, the same end of another; a change and a note.
        ("2027-02-18", ["end:DARS-NIC-1:2027-01-18:30", "end:DARS-NIC-2:2027-02-18:30", "0f5e", "note:1"],
         ["end:DARS-NIC-1:2027-02-18:90"]),
    ],
)  # fmt: skip
def test_an_end_is_told_once(end, told, due):
    assert items([standing(end=end)], told) == due


@given(st.lists(st.integers(1, 120), min_size=1, max_size=4, unique=True), st.integers(0, 150))
def test_from_night_to_night_each_number_of_days_is_told_once_on_its_day(days, first):
    end, told = date(2027, 6, 1), []
    for night in range(first, -3, -1):
        due = items(
            [standing(end=end.isoformat())],
            told,
            today=end - timedelta(days=night),
            organisations=[HARROWDALE],
            expiring=days,
        )
        assert len(due) <= 1
        told += due

    started = min((one for one in days if first <= one), default=None)
    expected = {one for one in days if one < first} | ({started} if started else set())
    assert Counter(told) == Counter(f"end:DARS-NIC-1:2027-06-01:{one}" for one in expected)


def test_an_agreement_on_several_pages_is_told_once():
    rows = [standing(), standing(page="wexcombe")]

    assert items(rows, organisations=[HARROWDALE, "wexcombe"]) == ["end:DARS-NIC-1:2027-02-18:90"]
    (end,) = due_ends(rows, organisations=["wexcombe"])
    assert end.page == "wexcombe"


@pytest.mark.parametrize(
    ("fields", "numbers"),
    [
        ({}, []),  # who names no organisation asks for ends by saying so
        ({"datasets": ["MHSDS"]}, []),
        ({"expiring": [90]}, [1, 2, 3]),
        ({"expiring": [90], "datasets": ["MHSDS"]}, [2]),
        ({"expiring": [90], "words": ["rare"]}, [3]),
        ({"organisations": [HARROWDALE]}, [1, 2]),
        ({"organisations": [CCG]}, [3]),
        ({"organisations": [HARROWDALE], "expiring": []}, []),
        ({"organisations": [HARROWDALE], "kinds": ["dataset-added"], "severity": "high"}, [1, 2]),
        ({"expiring": [90], "exceptions": ["DARS-NIC-1", EASTMERE]}, [2]),
        ({"expiring": [90], "exceptions": ["MHSDS"]}, [1, 3]),
    ],
)
def test_an_end_is_followed_as_its_agreement_is(fields, numbers):
    rows = [
        standing(1),
        standing(2, datasets=[MHSDS], end="2027-02-17"),
        standing(3, page="nhs_eastmere_icb", datasets=[ECDS, MHSDS][:1]),
    ]
    due = due_ends(rows, texts={"DARS-NIC-3": ["Rare"]}, **(fields or {"name": "ig"}))

    assert sorted(int(end.reference[-1]) for end in due) == numbers
    assert [end.day for end in due] == sorted(end.day for end in due)


def test_it_is_known_how_far_ahead_to_look():
    assert most_days_before([followed(), followed(organisations=[HARROWDALE]), followed(expiring=[7])]) == 90
    assert most_days_before([followed()]) is None


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
    for_old, for_wexcombe = tell(followers, News(changes=[Change.from_json(public) for public in watch.changes()]))
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


def test_every_kind_can_be_told():
    changes = [
        change(number, kind=kind.value, field=None, before=None, after=None) for number, kind in enumerate(ChangeKind)
    ]

    assert numbers_told(news(*changes), organisations=[HARROWDALE]) == list(range(len(changes)))
