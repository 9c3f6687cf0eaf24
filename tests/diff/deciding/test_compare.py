"""One agreement on one page: every field, what it tells, how much that matters, and at which sighting."""

from dataclasses import replace
from typing import Any

import pytest

from diff.deciding.compare import compare_place, first_belief
from scraper.names.vocabulary import default_vocabulary
from scraper.reading.values import read_when
from scraper.records import LegalBasis
from tests.harness.builders import (
    DEATHS,
    HES,
    PLAIN,
    PROSE,
    REFERENCE,
    Watched,
    after,
    agreement,
    bases,
    body_of,
    edited,
    kinds,
    news,
    page,
)

S251, S261_7, CONSENT = "NHSA2006:s251", "HSCA2012:s261(7)", "CONSENT:informed"
COPI, DIRECTIONS, BLURRED = "COPI2002:r3(4)", "DIR:nhs-england-de-identified-2023", "HSCA2012:s261(2)(b)(ii)"
GENERAL, BARE = "HSCA2012:s261(1)", "HSCA2012"


def says(change: Any) -> tuple[Any, ...]:
    """Return kind, severity, field, before, after, added, removed: what a change says."""
    values = (change.before, change.after, change.added, change.removed)
    return (change.kind.value, change.severity.value, change.field, *values)


def whole(kind: str, severity: str, field: str, before: tuple[str, ...], now: tuple[str, ...]) -> tuple[Any, ...]:
    """Return what a change of a set says that is told as a whole."""
    added, removed = tuple(v for v in now if v not in before), tuple(v for v in before if v not in now)
    return (kind, severity, field, before, now, added, removed)


def single(kind: str, severity: str, field: str, before: Any, now: Any) -> tuple[Any, ...]:
    return (kind, severity, field, before, now, (), ())


# --- sets told as a whole ---------------------------------------------------------------------------------------------

NO_FLOW, UPHELD = "No - data flow is not identifiable", "Yes - patient objections upheld"
CODE = "Anonymised - ICO Code Compliant"

SETS = [
    ("opt-outs-changed", "high", "opt_outs", ("Yes",), ("No",)),
    ("opt-outs-changed", "high", "opt_outs", ("Yes",), ("No", "Yes")),
    ("opt-outs-changed", "high", "opt_outs", ("Y",), ("N", "Y")),
    ("opt-outs-changed", "high", "opt_outs", (UPHELD,), (NO_FLOW,)),
    ("opt-outs-changed", "high", "opt_outs", ("Yes",), ("No - NHS bodies only", "Yes")),
    ("opt-outs-changed", "high", "opt_outs", ("Yes",), ("No - type 1 objections", "Yes")),
    ("opt-outs-changed", "medium", "opt_outs", ("No",), ("Yes",)),
    ("opt-outs-changed", "medium", "opt_outs", ("No",), ("No", "Yes")),
    ("opt-outs-changed", "medium", "opt_outs", ("No",), ("No", NO_FLOW)),
    ("opt-outs-changed", "medium", "opt_outs", ("Yes",), ("Not applicable",)),
    ("opt-outs-changed", "medium", "opt_outs", ("Yes",), ("None", "Yes")),
    ("opt-outs-changed", "medium", "opt_outs", (), ("No",)),
    ("type-of-data-changed", "high", "type_of_data", ("Pseudonymised",), ("Identifiable", "Pseudonymised")),
    ("type-of-data-changed", "high", "type_of_data", (CODE,), ("Identifiable",)),
    ("type-of-data-changed", "medium", "type_of_data", ("Identifiable",), ("Pseudonymised",)),
    ("type-of-data-changed", "medium", "type_of_data", (CODE,), (CODE, "Pseudonymised")),
    ("confidentiality-changed", "medium", "confidentiality", ("Section 251",), ("Mixed",)),
    ("confidentiality-changed", "medium", "confidentiality", (), ("Section 251",)),
    ("sensitivity-changed", "medium", "sensitivity", ("Non-Sensitive",), ("Non-Sensitive", "Sensitive")),
    ("sensitivity-changed", "low", "sensitivity", ("Sensitive",), ("Non-Sensitive",)),
    ("access-method-changed", "medium", "access_methods", ("System Access",), ("Ongoing", "System Access")),
    ("access-method-changed", "medium", "access_methods", ("System access",), ("One-Off",)),
    ("access-method-changed", "low", "access_methods", ("One-Off",), ("System Access",)),
    ("access-method-changed", "low", "access_methods", ("System Access", "One-Off"), ("System Access", "Ongoing")),
    ("commercial-changed", "high", "commercial", ("No",), ("No", "Yes")),
    ("commercial-changed", "high", "commercial", (), ("Yes",)),
    ("commercial-changed", "low", "commercial", ("Yes",), ("No",)),
    ("sublicensing-changed", "high", "sublicensing", ("No",), ("Yes",)),
    ("sublicensing-changed", "low", "sublicensing", ("Yes",), ("No", "Yes")),
    ("organisation-type-changed", "high", "organisation_types", ("Academic",), ("Academic", "Commercial")),
    ("organisation-type-changed", "high", "organisation_types", ("Academic",), ("Supplier",)),
    ("organisation-type-changed", "low", "organisation_types", ("Commercial",), ("Academic",)),
    ("organisation-type-changed", "low", "organisation_types", ("Academic",), ("Academic", "Charity")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "severity", "field", "before", "now"), SETS)
def test_a_set_that_gains_or_replaces_is_told_at_once_with_both_whole_lists(kind, severity, field, before, now):
    layout = "L4" if field == "type_of_data" else "L3"
    states = [agreement(layout=layout, **{field: values}) for values in (before, now)]

    told = after(*states, layouts=[layout] * 2)

    lists = [getattr(state, field) for state in states]
    assert [says(change) for change in told] == [whole(kind, severity, field, *lists)]


BARE_REMOVALS = [
    ("opt-outs-changed", "opt_outs", ("No", "Yes"), ("Yes",)),
    ("confidentiality-changed", "confidentiality", ("Section 251",), ()),
    ("sensitivity-changed", "sensitivity", ("Non-Sensitive", "Sensitive"), ("Non-Sensitive",)),
    ("access-method-changed", "access_methods", ("One-Off", "Ongoing"), ("One-Off",)),
    ("commercial-changed", "commercial", ("No", "Yes"), ("No",)),
    ("sublicensing-changed", "sublicensing", ("No", "Yes"), ()),
    ("organisation-type-changed", "organisation_types", ("Academic", "Charity"), ("Academic",)),
]


@pytest.mark.parametrize(("kind", "field", "before", "now"), BARE_REMOVALS)
def test_a_value_that_only_goes_from_a_set_is_told_at_its_second_sighting(kind, field, before, now):
    full, less = agreement(**{field: before}), agreement(**{field: now})

    assert after(full, less) == []
    assert [(c.kind.value, c.removed, c.added) for c in after(full, less, less)] == [
        (kind, tuple(v for v in getattr(full, field) if v not in now), ())
    ]
    assert after(full, less, less, less) == []
    assert after(full, less, full) == [], "what is missing once and comes back was never news"
    assert after(full, less, full, less) == [], "and the count begins again"


@pytest.mark.parametrize("gone", [None, ()])
def test_an_empty_label_and_a_missing_one_are_both_a_value_that_goes(gone):
    (change,) = edited(2, sublicensing=gone)

    assert says(change) == (*whole("sublicensing-changed", "low", "sublicensing", ("No",), ())[:4], gone, (), ("No",))


def test_what_went_a_sighting_before_something_came_is_told_as_replaced():
    states = [("Academic",), (), ("Charity",)]

    (change,) = after(*[agreement(organisation_types=values) for values in states])

    assert says(change) == whole("organisation-type-changed", "low", "organisation_types", ("Academic",), ("Charity",))


# --- legal bases ------------------------------------------------------------------------------------------------------

LEGAL_BASES = [
    # what stood there, what stands there now, severity, families that came, families that went
    ((PLAIN,), (PLAIN, S251), "high", ("s251-support",), ()),
    ((CONSENT,), (S251,), "high", ("s251-support",), ("consent",)),
    ((PLAIN,), (PLAIN, COPI), "high", ("copi-regulations",), ()),
    ((PLAIN,), (DIRECTIONS, PLAIN), "high", ("directions-s254-s259",), ()),
    ((CONSENT, PLAIN), (BLURRED, PLAIN), "high", (), ("consent",)),
    ((PLAIN,), (CONSENT, PLAIN), "medium", ("consent",), ()),
    ((PLAIN,), (PLAIN, "SRSA2007:s42(4)"), "medium", ("srsa2007-s42(4)",), ()),
    ((), (PLAIN,), "medium", ("s261-dissemination",), ()),
    ((PLAIN,), (BLURRED,), "low", (), ()),
    ((S251,), (S261_7,), "low", (), ()),
    ((BARE,), (BARE, PLAIN), "low", (), ()),
    ((BARE,), (PLAIN,), "info", (), ()),
    ((BARE, CONSENT), (CONSENT, BLURRED), "info", (), ()),
    ((BARE, S251), (S261_7, S251), "info", (), ("s261-dissemination",)),
    ((BARE,), (S261_7,), "high", ("s251-support",), ("s261-dissemination",)),
    ((BARE,), (PLAIN, S251), "high", ("s251-support",), ()),
]


@pytest.mark.parametrize(("before", "now", "severity", "came", "went"), LEGAL_BASES)
def test_a_legal_basis_matters_by_its_family(before, now, severity, came, went):
    (change,) = after(agreement(legal_bases=bases(*before)), agreement(legal_bases=bases(*now)))

    lists = (tuple(sorted(before)), tuple(sorted(now)))
    assert says(change) == whole("legal-basis-changed", severity, "legal_bases", *lists)
    assert (change.families, change.substantive) == ((came, went), True)


def test_a_consent_that_is_gone_without_anything_instead_is_high_at_its_second_sighting():
    with_consent, without = (agreement(legal_bases=bases(*ids)) for ids in ((CONSENT, PLAIN), (PLAIN,)))

    assert after(with_consent, without) == []
    (change,) = after(with_consent, without, without)
    assert (change.severity.value, change.removed, change.families) == ("high", (CONSENT,), ((), ("consent",)))


def test_no_legal_basis_at_all_any_more_is_medium():
    (change,) = edited(2, legal_bases=())

    assert says(change) == whole("legal-basis-changed", "medium", "legal_bases", (PLAIN,), ())
    assert change.families == ((), ("s261-dissemination",))


SAME_BASES = [
    ((GENERAL, BLURRED), (BLURRED,)),
    ((BLURRED,), (GENERAL, BLURRED)),
    (("COPI2002:r3?",), ("COPI2002:r3",)),
]


@pytest.mark.parametrize(("before", "now"), SAME_BASES)
def test_the_general_power_beside_another_section_and_a_presumption_are_no_news(before, now):
    states = [agreement(legal_bases=bases(*ids)) for ids in (before, now)]

    assert news(after(*states, states[1])) == []


def test_the_general_power_alone_counts():
    assert [c.added for c in after(agreement(legal_bases=()), agreement(legal_bases=bases(GENERAL)))] == [(GENERAL,)]
    (change,) = after(agreement(legal_bases=bases(GENERAL)), agreement(legal_bases=bases(S261_7)))
    assert (change.added, change.removed, change.severity.value) == ((S261_7,), (GENERAL,), "high")


def test_a_limb_that_comes_beside_the_general_power_is_added_and_takes_nothing_away():
    (change,) = after(agreement(legal_bases=bases(GENERAL)), agreement(legal_bases=bases(GENERAL, PLAIN)))

    # `before` and `after` name what is compared: the general power counts only while it stands alone.
    assert says(change) == ("legal-basis-changed", "low", "legal_bases", (GENERAL,), (PLAIN,), (PLAIN,), ())


def test_a_limb_that_goes_and_leaves_the_general_power_waits_for_its_second_sighting():
    both, one = agreement(legal_bases=bases(GENERAL, PLAIN)), agreement(legal_bases=bases(GENERAL))

    assert after(both, one) == []
    assert [(c.added, c.removed) for c in after(both, one, one)] == [((), (PLAIN,))]


# --- names: datasets and controllers ----------------------------------------------------------------------------------

ECDS, DID, OLD_DID = "Emergency Care Data Set (ECDS)", "Diagnostic Imaging Data Set (DID)", "Diagnostic Imaging Dataset"
HES_NOW = "Hospital Episode Statistics Critical Care (HES Critical Care)"


def test_each_dataset_is_told_by_itself_the_new_at_once_the_gone_at_its_second_sighting():
    replaced = agreement(datasets=(ECDS, "Personal Demographic Service", DEATHS))

    assert sorted(map(says, after(agreement(), replaced))) == [
        ("dataset-added", "medium", "datasets", None, None, (ECDS,), ()),
        ("dataset-added", "medium", "datasets", None, None, ("Personal Demographic Service",), ()),
    ]
    assert [says(change) for change in after(agreement(), replaced, replaced)] == [
        ("dataset-removed", "low", "datasets", None, None, (), (HES,))
    ]


CONTROLLERS = [
    ("CALDER MOOR NHS TRUST", "medium"),
    ("NOVAVAX, INC.", "high"),
    ("Stonegate Biometrics LLP", "high"),
    ("ACME TRIALS LIMITED", "high"),
    ("UNIVERSITY OF LINCOLN", "medium"),
]


@pytest.mark.parametrize(("name", "severity"), CONTROLLERS)
def test_a_controller_that_is_a_company_by_its_name_matters_more(name, severity):
    (change,) = edited(controllers=(name, "UNIVERSITY OF HARROWDALE"))

    assert says(change) == ("controller-added", severity, "controllers", None, None, (name,), ())


def test_a_controller_that_goes_is_told_at_its_second_sighting():
    assert edited(controllers=()) == []
    assert [says(change) for change in edited(2, controllers=())] == [
        ("controller-removed", "low", "controllers", None, None, (), ("UNIVERSITY OF HARROWDALE",))
    ]


RELABELLED = [
    # before, after, before and after of the change, what went with it
    ((OLD_DID, DEATHS), (DID, DEATHS), (OLD_DID, DID), (OLD_DID,)),
    ((OLD_DID, DEATHS), (OLD_DID, DID, DEATHS), (OLD_DID, DID), ()),
    ((DID, DEATHS), (OLD_DID, DEATHS), (DID, OLD_DID), (DID,)),
]


@pytest.mark.parametrize(("before", "now", "pair", "went"), RELABELLED)
def test_a_known_other_name_of_a_dataset_is_a_relabelling_and_no_news(before, now, pair, went):
    told = after(agreement(datasets=before), agreement(datasets=now))

    assert [says(change) for change in told] == [("dataset-relabelled", "info", "datasets", *pair, (pair[1],), went)]
    assert news(told) == []
    assert after(*[agreement(datasets=values) for values in (before, now, now)]) == [], "nothing follows"


def test_names_that_look_alike_but_are_not_known_as_one_stay_two():
    births = agreement(datasets=("Mental Health Minimum Data Set (MHMDS)",))
    other = agreement(datasets=("Mental Health Services Data Set (MHSDS)",))

    assert kinds(after(births, other)) == ["dataset-added"]


def test_an_old_name_that_goes_while_the_new_one_stays_is_editorial_at_its_second_sighting():
    both, one = agreement(datasets=(OLD_DID, DID, DEATHS)), agreement(datasets=(DID, DEATHS))

    assert after(both, one) == []
    assert [says(change) for change in after(both, one, one)] == [
        ("dataset-relabelled", "info", "datasets", OLD_DID, DID, (), (OLD_DID,))
    ]
    assert news(after(both, one, one)) == []


BOARD = "NHS NORTH CENTRAL LONDON ICB - 93C"


def test_a_known_successor_is_one_editorial_change_for_each_new_name():
    camden, barnet = "NHS CAMDEN CCG", "NHS BARNET CCG"
    groups, board = agreement(controllers=(camden, barnet)), agreement(controllers=(BOARD,))

    assert [says(change) for change in after(groups, board)] == [
        ("controller-succeeded", "info", "controllers", barnet, BOARD, (BOARD,), (barnet,))
    ]
    assert [says(change) for change in after(groups, board, board)] == [
        ("controller-succeeded", "info", "controllers", camden, BOARD, (), (camden,))
    ]
    assert news([*after(groups, board), *after(groups, board, board)]) == []


def test_a_presumed_successor_is_told_low():
    (change,) = after(agreement(controllers=("NHSX",)), agreement(controllers=("NHS ENGLAND - X26",)))

    said = ("controller-succeeded", "low", "controllers", "NHSX", "NHS ENGLAND - X26")
    assert says(change) == (*said, ("NHS ENGLAND - X26",), ("NHSX",))
    assert change.substantive


def test_a_predecessor_is_no_successor():
    told = after(agreement(controllers=(BOARD,)), agreement(controllers=("NHS CAMDEN CCG",)))

    assert kinds(told) == ["controller-added"]


# --- single values ----------------------------------------------------------------------------------------------------

TERMS = [
    # start and end before, start and end now, what is told
    (("2023-03-13", "2026-03-12"), ("2023-03-13", "2027-03-12"), "dsa-extended", "medium", "dsa_end"),
    (("2023-03-13", "2026-03-12"), ("2024-03-13", "2027-03-12"), "dsa-extended", "medium", "dsa_end"),
    (("2023-03-13", "2026-03-12"), ("2023-03-13", "2025-03-12"), "dsa-shortened", "low", "dsa_end"),
    (("2023-03-13", "2026-03-12"), ("2023-03-14", "2026-03-12"), "dsa-term-changed", "low", "dsa_start"),
    (("2023-03-13", None), ("2023-03-13", "2026-03-12"), "dsa-term-changed", "low", "dsa_end"),
    ((None, None), ("2023-03-13", "2026-03-12"), "dsa-term-changed", "low", "dsa_end"),
    (("2023-03", "2026-03"), ("2023-03", "2026-04"), "dsa-extended", "medium", "dsa_end"),
    (("2023-03-13", "2026-03-12"), ("2023-03", "2026-04"), "dsa-extended", "medium", "dsa_end"),
    (("2023-03-13", "2026-03-12"), ("2023-03", "2026-02"), "dsa-shortened", "low", "dsa_end"),
]


@pytest.mark.parametrize(("before", "now", "kind", "severity", "field"), TERMS)
def test_the_printed_term_is_told_once_by_its_end_or_else_by_its_start(before, now, kind, severity, field):
    states = [agreement(dsa_start=start, dsa_end=end) for start, end in (before, now)]

    (change,) = after(*states)

    assert says(change) == single(kind, severity, field, *(getattr(state, field) for state in states))


@pytest.mark.parametrize(
    ("gone", "field"), [({"dsa_end": None}, "dsa_end"), ({"dsa_start": None, "dsa_end": None}, "dsa_end")]
)
def test_a_date_that_is_no_longer_printed_is_told_at_its_second_sighting(gone, field):
    assert edited(**gone) == []
    assert [says(change) for change in edited(2, **gone)] == [
        single("dsa-term-changed", "low", field, "2026-03-12", None)
    ]
    assert edited(3, **gone) == []
    assert after(agreement(), agreement(**gone), agreement()) == []


def test_a_word_in_place_of_a_date_is_told_at_once_and_is_no_incident():
    (change,) = edited(dsa_end=None, when_note="No")

    assert says(change) == single("dsa-term-changed", "low", "dsa_end", "2026-03-12", None)
    assert edited(2, dsa_end=None, when_note="No") == []


def test_a_date_in_place_of_a_word_is_told_at_once():
    (change,) = after(agreement(dsa_end=None, when_note="No"), agreement())

    assert says(change) == single("dsa-term-changed", "low", "dsa_end", None, "2026-03-12")


def test_another_word_in_place_of_a_date_is_a_change_of_the_term():
    (change,) = after(agreement(dsa_end=None, when_note="No"), agreement(dsa_end=None, when_note="TBC"))

    assert says(change) == single("dsa-term-changed", "low", "when_note", "No", "TBC")


def test_a_word_in_place_of_a_date_that_goes_is_told_at_its_second_sighting():
    word, nothing = agreement(dsa_end=None, when_note="No"), agreement(dsa_end=None)

    assert after(word, nothing) == []
    assert after(word, nothing, word) == []
    assert [says(c) for c in after(word, nothing, nothing)] == [
        single("dsa-term-changed", "low", "when_note", "No", None)
    ]


RELEASES = [
    (("2023-12", "2024-11"), ("2023-12", "2025-01"), [("releases-continued", "released_to", "2024-11", "2025-01")]),
    ((None, "2024-11"), (None, "2024-10"), [("release-window-changed", "released_to", "2024-11", "2024-10")]),
    (("2023-12", None), ("2023-11", None), [("release-window-changed", "released_from", "2023-12", "2023-11")]),
    (
        ("2023-12", "2024-11"),
        ("2023-11", "2025-01"),
        [
            ("release-window-changed", "released_from", "2023-12", "2023-11"),
            ("releases-continued", "released_to", "2024-11", "2025-01"),
        ],
    ),
    ((None, None), ("2023-12", "2024-11"), [("release-window-changed", "released_to", None, "2024-11")]),
    (("2023-12", None), ("2023-12", "2024-11"), [("release-window-changed", "released_to", None, "2024-11")]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "now", "expected"), RELEASES)
def test_the_release_window_is_told_end_by_end_and_as_one_when_it_appears(before, now, expected):
    states = [agreement(released_from=start, released_to=end) for start, end in (before, now)]

    told = sorted(says(change) for change in after(*states))

    assert told == [single(kind, "low", field, old, new) for kind, field, old, new in expected]


def test_a_release_window_that_goes_is_one_change_at_its_second_sighting():
    gone = {"released_from": None, "released_to": None}

    assert edited(**gone) == []
    assert [says(change) for change in edited(2, **gone)] == [
        single("release-window-changed", "low", "released_to", "2024-11", None)
    ]
    assert after(agreement(), agreement(**gone), agreement()) == []


def test_an_end_of_the_release_window_that_was_missing_before_is_told_when_only_the_other_is_back():
    states = [agreement(), agreement(released_from=None, released_to=None), agreement(released_from=None)]

    assert [says(change) for change in after(*states)] == [
        single("release-window-changed", "low", "released_from", "2023-12", None)
    ]


TEXTS = ["objectives", "expected_benefits", "yielded_benefits", "outputs", "processing", "purposes_text"]


@pytest.mark.parametrize("field", TEXTS)
def test_a_text_that_appears_changes_or_goes_is_told(field):
    none, one, other = (agreement(**{field: text}) for text in (None, PROSE, PROSE.replace("Digital", "England")))

    assert [says(c) for c in after(none, one)] == [single("text-changed", "low", field, None, PROSE)]
    assert [says(c) for c in after(one, other)] == [
        single("text-changed", "low", field, PROSE, PROSE.replace("Digital", "England"))
    ]
    assert after(one, none) == []
    assert [says(c) for c in after(one, none, none)] == [single("text-changed", "low", field, PROSE, None)]
    assert after(one, none, one) == []


def test_a_title_that_appears_changes_or_goes_is_told():
    none, one, other = agreement(title=None), agreement(), agreement(title="Summer admissions")

    assert [says(c) for c in after(none, one)] == [single("title-changed", "low", "title", None, one.title)]
    assert [says(c) for c in after(one, other)] == [
        single("title-changed", "low", "title", one.title, "Summer admissions")
    ]
    assert after(one, none) == []
    assert [says(c) for c in after(one, none, none)] == [single("title-changed", "low", "title", one.title, None)]


BREACH = "breached contract — audit report."


def test_an_incident_remark_is_told_high_and_its_going_at_the_second_sighting():
    clean, noted = agreement(), agreement(when_note=BREACH)

    assert [says(c) for c in after(clean, noted)] == [single("incident-noted", "high", "when_note", None, BREACH)]
    assert after(noted, clean) == []
    assert [says(c) for c in after(noted, clean, clean)] == [
        single("incident-removed", "medium", "when_note", BREACH, None)
    ]
    assert after(noted, clean, noted) == []


def test_another_incident_remark_replaces_the_one_before():
    (change,) = after(agreement(when_note=BREACH), agreement(when_note="SMLS reported a serious incident."))

    assert says(change) == single("incident-noted", "high", "when_note", BREACH, "SMLS reported a serious incident.")


@pytest.mark.parametrize("note", ["(or before)", "unknown", "(or before)\nunknown", "Unknown"])
def test_what_the_site_says_of_its_own_knowledge_is_no_incident(note):
    assert news(edited(2, when_note=note)) == []
    assert news(after(agreement(when_note=note), agreement(), agreement())) == []


DATES = "DSA runs 2021-04-01 — 2024-03-31 2021.06 — 2022.01."
OPEN, ONGOING = "DSA runs 2021-04-01", "DSA runs 2021-04-01 — 2024-03-31 2021.06 — ongoing"
WINDOW, LETTER = "2021.06 — 2022.01.", "amended by letter of 2024-05-01"


def when(text: str) -> Any:
    """Return the agreement whose page prints *text* behind `When`."""
    read = read_when([text])
    assert not read.pop("unread")
    return agreement(**read)


END, LAST_MONTH = "dsa-term-changed low dsa_end", "release-window-changed low released_to"
REMARK, NOTED = "dsa-term-changed low when_note", "incident-noted high when_note"
GONE = "incident-removed medium when_note"
# What the line prints before and after; the changes told at once.
WHENS = {
    "a word in place of the end": (DATES, f"{OPEN} — TBC {WINDOW}", [END]),
    "words in its place": (DATES, f"{OPEN} — to be confirmed {WINDOW}", [END]),
    "other words in its place": (f"{OPEN} — TBC {WINDOW}", f"{OPEN} — not yet agreed {WINDOW}", [REMARK]),
    "a date for words": (f"{OPEN} — until further notice {WINDOW}", DATES, [END]),
    "words for the last month": (DATES, ONGOING, [LAST_MONTH]),
    "a month for words": (ONGOING, DATES, [LAST_MONTH]),
    "words at both": (DATES, f"{OPEN} — No 2021.06 — ongoing", [END, LAST_MONTH]),
    "a remark with a date": (DATES, f"{DATES} {LETTER}", [REMARK]),
    "another with a date": (f"{DATES} {LETTER}", f"{DATES} amended by letter of 1 June 2024", [REMARK]),
    "a remark without a letter": (DATES, f"{DATES} 3/4", [REMARK]),
    "a remark without a date": (DATES, f"{DATES} see the minutes", [NOTED]),
    "a grave word with a date": (DATES, f"{DATES} breach reported 03/2021", [NOTED]),
    "a grave word beside a word": (DATES, f"{OPEN} — No {WINDOW} suspended", [END, NOTED]),
    "grave words where the end is missing": (f"{OPEN} {WINDOW}", f"{OPEN} {WINDOW} breached contract", [NOTED]),
    "grave words as the end goes": (DATES, f"{OPEN} {WINDOW} breached contract", [END, NOTED]),
    "grave words for which an end comes": (f"{OPEN} {WINDOW} breached contract", DATES, [END, GONE]),
    "an incident instead of a remark": (f"{DATES} {LETTER}", f"{DATES} suspended", [NOTED]),
    "a remark instead of an incident": (f"{DATES} suspended", f"{DATES} {LETTER}", [GONE]),
    "the same word at both": (DATES, f"{OPEN} — ongoing 2021.06 — ongoing", [END, LAST_MONTH]),
    "a date for one of the same words": (f"{OPEN} — ongoing 2021.06 — ongoing", ONGOING, [END]),
    "words for both dates": (DATES, f"DSA runs ongoing — ongoing {WINDOW}", [END]),
    "dates for words at both": (f"DSA runs ongoing — ongoing {WINDOW}", DATES, [END]),
    "other words for both dates": (f"DSA runs TBC — TBC {WINDOW}", f"DSA runs No — No {WINDOW}", [REMARK]),
    "a remark between": (DATES, f"{OPEN} — 2024-03-31 breached contract {WINDOW}", [NOTED]),
    "a remark before both": (DATES, f"breached contract {DATES}", [NOTED]),
    "a remark before the window, the term behind": (DATES, f"(closed) {WINDOW} {OPEN} — 2024-03-31", [NOTED]),
    "a dated remark between": (DATES, f"{OPEN} — 2024-03-31 {LETTER} {WINDOW}", [REMARK]),
    "a sentence behind a word": (DATES, f"{OPEN} — TBC. breached contract {WINDOW}", [END, NOTED]),
}


@pytest.mark.parametrize(("before", "now", "told"), WHENS.values(), ids=WHENS.keys())
def test_what_stands_beside_the_dates_or_in_their_place_is_told_by_what_it_is(before, now, told):
    changes = after(when(before), when(now))

    assert sorted(f"{c.kind.value} {c.severity.value} {c.field}" for c in changes) == told
    assert after(when(before), when(now), when(now)) == []


@pytest.mark.parametrize("remark", [LETTER, "3/4"])
def test_a_remark_that_is_no_incident_goes_at_the_second_sighting(remark):
    noted, clean = when(f"{DATES} {remark}"), when(DATES)

    assert after(noted, clean) == []
    assert [says(c) for c in after(noted, clean, clean)] == [
        single("dsa-term-changed", "low", "when_note", remark, None)
    ]
    assert after(noted, clean, noted) == []


def test_a_word_in_place_of_a_month_goes_at_the_second_sighting():
    ongoing, bare = (agreement(released_to=None, when_note=word) for word in ("ongoing", None))

    assert after(ongoing, bare) == []
    assert [says(c) for c in after(ongoing, bare, bare)] == [
        single("release-window-changed", "low", "when_note", "ongoing", None)
    ]
    assert after(ongoing, bare, ongoing) == []


def test_a_short_remark_that_goes_with_a_word_never_becomes_a_word_itself():
    both = agreement(dsa_end=None, released_from=None, released_to=None, when_note="No\nbreached it")
    neither = replace(both, released_to="2024-01", when_note=None)

    assert kinds(news(after(both, neither))) == ["release-window-changed"]
    assert sorted(kinds(news(after(both, neither, neither)))) == ["dsa-term-changed", "incident-removed"]
    assert news(after(both, neither, neither, neither)) == []


def test_a_word_for_a_date_that_comes_as_a_remark_goes_is_told_once():
    noted, word = agreement(when_note=BREACH), agreement(dsa_end=None, when_note="No")

    assert kinds(news(after(noted, word))) == ["dsa-term-changed"]
    assert kinds(news(after(noted, word, word))) == ["incident-removed"]
    assert news(after(noted, word, word, word)) == []


def test_a_remark_that_goes_from_beside_a_word_is_not_called_wording():
    both, word = (agreement(dsa_end=None, when_note=note) for note in (f"No\n{BREACH}", "No"))

    assert after(both, word) == []
    assert kinds(after(both, word, word)) == ["incident-removed"]


def test_a_discussion_is_told_when_it_comes_and_its_going_is_editorial():
    lists = ("IGARD 2024.pdf",), ("AGD 2025.pdf", "IGARD 2024.pdf")
    one, two = (agreement(layout="L4", discussions=names) for names in lists)

    assert [says(c) for c in after(one, two, layouts=["L4"] * 2)] == [
        whole("discussion-added", "low", "discussions", *lists)
    ]
    assert after(two, one, layouts=["L4"] * 2) == []
    (change,) = after(two, one, one, layouts=["L4"] * 3)
    assert (change.kind.value, change.substantive, change.removed) == ("wording-changed", False, ("AGD 2025.pdf",))


def test_a_discussion_that_replaces_another_is_one_change():
    states = [agreement(layout="L4", discussions=names) for names in (("IGARD 2024.pdf",), ("AGD 2025.pdf",))]

    assert [says(c) for c in after(*states, layouts=["L4"] * 2)] == [
        whole("discussion-added", "low", "discussions", ("IGARD 2024.pdf",), ("AGD 2025.pdf",))
    ]
    assert after(*states, states[1], layouts=["L4"] * 3) == []


# --- print alone ------------------------------------------------------------------------------------------------------

TYPOGRAPHY = [
    ("title", "Winter  Admissions in ‘coastal’ towns"),
    ("opt_outs", ("No – data flow is not identifiable",)),
    ("confidentiality", ("DOES NOT include the flow of confidential data",)),
    ("commercial", ("NO",)),
    ("organisation_types", ("academic",)),
    ("sensitivity", ("Non Sensitive",)),
    ("access_methods", ("One Off",)),
    ("controllers", ("University of Harrowdale",)),
    ("sublicensing", ("no",)),
    ("datasets", (HES.upper(), DEATHS)),
    ("objectives", "• " + PROSE.replace(" every", ", every").replace("Only", "2. Only")),
    ("legal_bases", (LegalBasis(PLAIN, "s261-dissemination", "section 261(2)(a), Health and Social Care Act 2012"),)),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), TYPOGRAPHY)
def test_print_alone_is_one_editorial_change(field, value):
    (change,) = edited(**{field: value})

    assert (change.kind.value, change.severity.value, change.field) == ("wording-changed", "info", field)
    assert not change.substantive
    assert change.before != change.after
    assert edited(2, **{field: value}) == []


def test_the_note_under_system_access_is_never_compared():
    assert after(agreement(system_access_note=False), agreement(system_access_note=True)) == []


def test_nothing_at_all_changes_nothing():
    assert edited(2) == []


# --- not printed is not empty -----------------------------------------------------------------------------------------


def test_a_field_that_a_layout_does_not_print_is_compared_with_the_last_that_did():
    l3, l1 = agreement(), agreement(layout="L1")
    moved_on = agreement(sublicensing=("Yes",), dsa_end="2027-03-12", title="Summer admissions")

    assert kinds(after(l3, l1, layouts=["L3", "L1"])) == ["layout-changed"]
    assert news(after(l3, l1, l1, layouts=["L3", "L1", "L1"])) == []
    assert news(after(l3, l1, l3, layouts=["L3", "L1", "L3"])) == [], "what did not change comes back silently"
    assert kinds(news(after(l3, l1, moved_on, layouts=["L3", "L1", "L3"]))) == [
        "dsa-extended", "sublicensing-changed", "title-changed",
    ]  # fmt: skip


def test_what_no_earlier_snapshot_printed_is_not_told():
    l1, l3 = agreement(layout="L1"), agreement()

    assert news(after(l1, l3, layouts=["L1", "L3"])) == []


def test_a_change_during_a_rebuild_is_told():
    l3, l4 = agreement(), agreement(layout="L4", dsa_start="2023-03", dsa_end="2026-03", datasets=(HES, DEATHS, ECDS))

    assert kinds(after(l3, l4, layouts=["L3", "L4"])) == ["dataset-added", "layout-changed"]


def test_the_type_of_data_is_compared_across_layouts_that_print_it():
    l1, l3 = agreement(layout="L1", type_of_data=("Pseudonymised",)), agreement()
    l4 = agreement(layout="L4", type_of_data=("Identifiable",))

    assert kinds(news(after(l1, l3, l4, layouts=["L1", "L3", "L4"]))) == ["type-of-data-changed"]


def test_controllers_that_a_text_form_lost_are_not_gone():
    lost = agreement(without=["controllers"])

    assert after(agreement(), lost, lost) == []
    assert after(agreement(), lost, lost, agreement()) == []


def test_a_removal_waits_over_layouts_that_do_not_print_the_field():
    gone = agreement(dsa_start=None, dsa_end=None, sublicensing=())
    states = [agreement(), gone, agreement(layout="L1"), replace(gone, outputs="Two reports a year.")]

    told = news(after(*states, layouts=["L3", "L3", "L1", "L3"]))
    assert kinds(one for one in told if one.field != "outputs") == ["dsa-term-changed", "sublicensing-changed"]


def test_a_word_for_a_date_outlives_a_layout_that_prints_no_term():
    word = agreement(dsa_end=None, when_note="No")

    assert news(after(word, agreement(layout="L1"), word, layouts=["L3", "L1", "L3"])) == []


def test_a_date_keeps_its_day_over_a_layout_that_prints_months():
    day, month, other = (agreement(dsa_end=end) for end in ("2025-07-14", "2025-07", "2025-07-20"))

    assert after(day, month) == []
    assert after(day, month, day) == []
    assert [says(c) for c in after(day, month, other)] == [
        single("dsa-extended", "medium", "dsa_end", "2025-07-14", "2025-07-20")
    ]


def test_a_month_that_gains_its_day_is_no_change_and_the_day_counts_from_then_on():
    month, day, other = (agreement(dsa_end=end) for end in ("2025-07", "2025-07-14", "2025-07-13"))

    assert after(month, day) == []
    assert kinds(after(month, day, other)) == ["dsa-shortened"]
    assert kinds(after(month, day, month, other)) == ["dsa-shortened"]


# --- types of data among the opt-outs ---------------------------------------------------------------------------------

ONLY_NO, WITH_WORD = agreement(opt_outs=("No",)), agreement(opt_outs=("No", "Identifiable"))


def test_identifiable_newly_among_the_opt_outs_of_one_layout_is_high():
    (change,) = after(ONLY_NO, WITH_WORD)

    said = ("type-of-data-changed", "high", "opt_outs", ("No",), ("Identifiable", "No"), ("Identifiable",), ())
    assert says(change) == said


def test_identifiable_that_is_missing_once_and_comes_back_was_never_news():
    assert after(WITH_WORD, ONLY_NO, WITH_WORD) == []
    assert kinds(after(WITH_WORD, ONLY_NO, ONLY_NO, WITH_WORD, WITH_WORD)) == ["type-of-data-changed"]


@pytest.mark.parametrize("word", ["Pseudonymised", CODE])
def test_other_types_of_data_among_the_opt_outs_are_no_opt_outs(word):
    assert news(after(ONLY_NO, agreement(opt_outs=("No", word)))) == []
    assert news(after(agreement(opt_outs=("No", word)), ONLY_NO, ONLY_NO)) == []


def test_identifiable_that_only_another_layout_prints_among_the_opt_outs_is_no_news():
    l4 = agreement(layout="L4", opt_outs=("No",), dsa_start="2023-03", dsa_end="2026-03")

    assert kinds(after(WITH_WORD, l4, layouts=["L3", "L4"])) == ["layout-changed"]
    assert news(after(l4, WITH_WORD, layouts=["L4", "L3"])) == []
    assert news(after(WITH_WORD, l4, WITH_WORD, layouts=["L3", "L4", "L3"])) == []
    assert kinds(news(after(ONLY_NO, l4, WITH_WORD, layouts=["L3", "L4", "L3"]))) == ["type-of-data-changed"]


# --- where it was seen ------------------------------------------------------------------------------------------------

REMOVALS = [
    {"sublicensing": ()},
    {"datasets": (DEATHS,)},
    {"title": None},
    {"outputs": None},
    {"dsa_end": None},
    {"released_from": None, "released_to": None},
    {"released_to": None},
]


@pytest.mark.parametrize("gone", REMOVALS, ids=lambda gone: next(iter(gone)))
def test_a_removal_names_the_body_that_last_showed_the_value_and_the_one_that_confirmed_its_absence(gone):
    full, first = page(agreement()), page(agreement(**gone))
    second = page(agreement(**gone), files=59)
    watched = Watched(full)
    watched.see(first)

    (change,) = news(watched.see(second))

    assert (change.snapshot_before, change.snapshot_after) == (body_of(full), body_of(second))
    assert (change.first_seen, change.run) == ("2025-03-01T03:00:00Z", 3)


def test_a_change_says_whose_it_is_and_where_and_when_it_was_seen():
    before, now = page(agreement()), page(agreement(sublicensing=("Yes",)))

    (change,) = Watched(before).see(now)

    assert (change.organisation, change.page, change.reference) == (now.organisation, now.slug, REFERENCE)
    assert (change.title, change.first_seen) == ("Winter admissions in coastal towns", "2025-02-01T03:00:00Z")
    assert (change.snapshot_before, change.snapshot_after) == (body_of(before), body_of(now))
    assert (change.group, change.agreements, change.withdrawn) == (None, 1, False)


SGSS = (
    "Second Generation Surveillance System (SGSS)",
    "Second Generation Surveillance System",
    "SGSS First Positives (Second Generation Surveillance System)",
)


def test_where_several_old_names_fit_the_first_in_order_is_named_and_the_others_follow_as_editorial():
    long, short, newest = (f"COVID-19 {name}" for name in SGSS)
    both, one = agreement(datasets=(long, short)), agreement(datasets=(newest,))

    assert [says(c) for c in after(both, one)] == [
        ("dataset-relabelled", "info", "datasets", short, newest, (newest,), (short,))
    ]
    assert [says(c) for c in after(both, one, one)] == [
        ("dataset-relabelled", "info", "datasets", long, newest, (), (long,))
    ]
    beside = agreement(datasets=(newest, short))
    assert [(c.before, c.removed) for c in after(both, beside)] == [(short, ())]
    assert [(c.before, c.removed) for c in after(both, beside, beside)] == [(long, (long,))]


def test_two_new_names_are_two_relabellings_of_the_one_old_name():
    old, *names = (f"COVID-19 {name}" for name in SGSS)

    told = after(agreement(datasets=(old,)), agreement(datasets=tuple(names)))

    assert sorted((c.before, c.added, c.removed) for c in told) == [(old, (name,), (old,)) for name in sorted(names)]


def test_a_presumed_basis_beside_the_certain_one_is_not_named_twice():
    sure = LegalBasis("COPI2002:r3", "copi-regulations", "Regulation 3 of the Regulations 2002")
    presumed = LegalBasis("COPI2002:r3?", "copi-regulations", "NHS Regulatons (3)")

    (change,) = edited(1, legal_bases=(sure, presumed))

    assert (change.after, change.added) == (("COPI2002:r3",), ("COPI2002:r3",))


# --- what is believed afterwards --------------------------------------------------------------------------------------


def test_what_is_believed_without_a_doubt_is_the_agreement_that_was_printed():
    place, printed = first_belief(agreement(), "L3"), agreement(title="Summer admissions", datasets=(HES,))
    _, doubted = compare_place(place, printed, layout="L3", old_body="a", vocabulary=default_vocabulary())
    _, settled = compare_place(doubted, printed, layout="L3", old_body="b", vocabulary=default_vocabulary())

    assert (doubted.believed.datasets, doubted.believed.title) == ((DEATHS, HES), "Summer admissions")
    assert settled.believed is printed  # which is kept once
