"""Words to watch in prose, and incidents among the lines in no field: what is told, how much it matters, and when."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diff.deciding.texts import compare_remainders
from scraper.names.fold import fold
from scraper.names.vocabulary import default_vocabulary, parse_vocabulary
from scraper.records import PROSE as FIELDS_OF_PROSE
from tests.harness.builders import Watched, after, agreement, news, page

VOCABULARY = default_vocabulary()
SECTIONS = [field for field in FIELDS_OF_PROSE if field != "remainder"]
MANY = 25
SUSPENDED, BREACH, CLOSED = "Suspended pending an audit.", "A breach was reported.", "(closed)"


def says(change):
    return (change.kind.value, change.severity.value, change.before, change.after)


# --- words to watch, and negations ------------------------------------------------------------------------------------

REWORDED = [
    ("It is shown.", "It is not shown.", "medium", ("not",)),
    ("It is never shown.", "It is shown.", "medium", ("never",)),
    ("It is pseudonymised.", "It is identifiable.", "medium", ("identifiable", "pseudonymised")),
    ("It is kept here.", "It is kept outside the U.K.", "medium", ("outside the UK",)),
    ("It goes to a board.", "It goes to a third-party board.", "medium", ("third party",)),
    ("It does go out.", "It doesn’t go out.", "medium", ("doesn't",)),
    ("It is not sold. It is shown.", "It is shown. It is not sold.", "low", None),
    ("It is not shown to them.", "It isn't shown to us.", "low", None),
    ("The team is unsold.", "The team is keen.", "low", None),
]


@pytest.mark.parametrize("field", [*FIELDS_OF_PROSE, "title"])
@pytest.mark.parametrize(("old", "new", "severity", "words"), REWORDED)
def test_a_text_matters_more_where_a_word_to_watch_or_a_negation_comes_or_goes(field, old, new, severity, words):
    (change,) = after(agreement(**{field: old}), agreement(**{field: new}))

    assert (change.severity.value, change.details.watch_words) == (severity, words)
    assert all(f'"{word}"' in change.summary for word in words or ())
    assert ("to watch came or went" in change.summary) == bool(words)


@pytest.mark.parametrize("field", SECTIONS)
def test_prose_of_a_section_is_no_incident_whatever_it_says(field):
    (change,) = after(agreement(**{field: "A board meets."}), agreement(**{field: "A breach was reported."}))

    assert (change.kind.value, change.severity.value) == ("text-changed", "low")


@pytest.mark.parametrize("field", FIELDS_OF_PROSE)
def test_a_text_that_comes_or_goes_with_such_a_word_matters_more(field):
    none, told = agreement(**{field: None}), agreement(**{field: "It is not shown."})

    assert [c.severity.value for c in after(none, told)] == ["medium"]
    assert [c.severity.value for c in after(told, none, none)] == ["medium"]


def test_a_word_of_the_users_own_counts():
    own = VOCABULARY.extended(parse_vocabulary('watch_words = ["biobank"]'))

    def seen(vocabulary):
        watched = Watched(page(agreement(outputs="It is kept.")), vocabulary=vocabulary)
        return [change.severity.value for change in watched.see(page(agreement(outputs="It is kept in a biobank.")))]

    assert (seen(VOCABULARY), seen(own)) == (["low"], ["medium"])


def reference(number):
    return f"DARS-NIC-{100000 + number}-A1B2C"


def pages(edit):
    """Return five pages of five agreements; `edit(n)` gives fields of the n-th."""
    states = [agreement(reference(n), **edit(n)) for n in range(MANY)]
    return [page(*states[n : n + 5], slug=f"trust_{n}") for n in range(0, MANY, 5)]


def test_members_of_a_group_matter_alike_though_one_word_is_part_of_another_beside_it():
    # "party" is a word to watch behind "third", and nothing behind "second".
    ordinal = ["second", "third"]
    watched = Watched(*pages(lambda n: {"outputs": f"The {n}th: a {ordinal[n % 2]} one"}))

    (group,) = watched.see(*pages(lambda n: {"outputs": f"The {n}th: a {ordinal[n % 2]} party one"}))

    assert (group.severity.value, group.details.watch_words) == ("medium", ("third party",))
    assert {member.severity.value for member in group.members} == {"medium"}


# --- incidents among the lines in no field ----------------------------------------------------------------------------

LINES = [
    (None, SUSPENDED, [("incident-noted", "high", None, SUSPENDED)]),
    ("See there.", f"See there.\n{SUSPENDED}", [("incident-noted", "high", None, SUSPENDED)]),
    (SUSPENDED, BREACH, [("incident-noted", "high", SUSPENDED, BREACH)]),
    (CLOSED, "(withdrawn)", [("incident-noted", "high", CLOSED, "(withdrawn)")]),
    (CLOSED, f"{CLOSED}\n{SUSPENDED}\n{BREACH}",
     [("incident-noted", "high", None, BREACH), ("incident-noted", "high", None, SUSPENDED)]),
    (f"{CLOSED}\n{SUSPENDED}", BREACH, [("incident-noted", "high", f"{SUSPENDED}\n{CLOSED}", BREACH)]),
    ("(withdrawn)", CLOSED, [("incident-removed", "medium", "(withdrawn)", CLOSED)]),
    ("See there.", f"See here.\n{SUSPENDED}",
     [("incident-noted", "high", None, SUSPENDED), ("text-changed", "low", "See there.", "See here.")]),
    (f"{SUSPENDED}\nSee there.", f"See here.\n{SUSPENDED}", [("text-changed", "low", "See there.", "See here.")]),
    ("See there.", "See not there.", [("text-changed", "medium", "See there.", "See not there.")]),
    (None, "It follows the ICO Code.", [("text-changed", "low", None, "It follows the ICO Code.")]),
    (SUSPENDED, SUSPENDED.upper(), []),
    (f"{CLOSED}\n{SUSPENDED}", f"{SUSPENDED}\n{CLOSED}", []),
    (f"{CLOSED}\n{SUSPENDED}", f"{CLOSED} {SUSPENDED}", []),
]  # fmt: skip


def noted(remainder, *, on_page):
    """Return a page with these lines: of its agreement, or of the page itself."""
    if on_page:
        return replace(page(agreement()), remainder=remainder)
    return page(agreement(remainder=remainder))


def watched(*remainders, on_page):
    """Return what the last of these editions tells."""
    first, *others = remainders
    register = Watched(noted(first, on_page=on_page))
    told = [register.see(noted(remainder, on_page=on_page)) for remainder in others]
    return sorted(news(told[-1]), key=says)


WHERE = pytest.mark.parametrize("on_page", [False, True], ids=["agreement", "page"])


@WHERE
@pytest.mark.parametrize(("old", "new", "told"), LINES)
def test_an_incident_among_the_lines_is_told_as_one_and_the_rest_as_prose(old, new, told, on_page):
    changes = watched(old, new, on_page=on_page)

    assert [says(change) for change in changes] == told
    assert {change.field for change in changes} <= {"remainder"}
    assert {change.reference is None for change in changes} <= {on_page}
    assert watched(old, new, new, on_page=on_page) == [], "and once"


GOES = [
    (SUSPENDED, None, [("incident-removed", "medium", SUSPENDED, None)]),
    (f"{CLOSED}\n{SUSPENDED}", CLOSED, [("incident-removed", "medium", SUSPENDED, None)]),
    (f"{CLOSED}\n{SUSPENDED}", SUSPENDED, [("text-changed", "low", CLOSED, None)]),
    (f"{BREACH}\n{SUSPENDED}", None,
     [("incident-removed", "medium", BREACH, None), ("incident-removed", "medium", SUSPENDED, None)]),
    (f"{CLOSED}\n{SUSPENDED}", None,
     [("incident-removed", "medium", SUSPENDED, None), ("text-changed", "low", CLOSED, None)]),
]  # fmt: skip


@WHERE
@pytest.mark.parametrize(("old", "new", "told"), GOES)
def test_what_only_goes_is_told_at_its_second_sighting(old, new, told, on_page):
    assert watched(old, new, on_page=on_page) == []
    assert [says(change) for change in watched(old, new, new, on_page=on_page)] == told
    assert watched(old, new, new, new, on_page=on_page) == []
    assert watched(old, new, old, on_page=on_page) == [], "what is missing once and comes back was never news"
    assert watched(old, new, old, new, on_page=on_page) == [], "and the count begins again"


@WHERE
def test_prose_beside_an_incident_that_is_missing_once_is_told_all_the_same(on_page):
    old, new = f"See there.\n{SUSPENDED}", "See here."

    assert [says(change) for change in watched(old, new, on_page=on_page)] == [
        ("text-changed", "low", "See there.", "See here.")
    ]
    assert [says(change) for change in watched(old, new, new, on_page=on_page)] == [
        ("incident-removed", "medium", SUSPENDED, None)
    ]


@WHERE
def test_each_line_waits_for_itself(on_page):
    both, one = f"{BREACH}\n{SUSPENDED}", SUSPENDED

    assert [says(change) for change in watched(both, one, None, on_page=on_page)] == [
        ("incident-removed", "medium", BREACH, None)
    ]
    assert [says(change) for change in watched(both, one, None, None, on_page=on_page)] == [
        ("incident-removed", "medium", SUSPENDED, None)
    ]


def test_an_incident_is_the_same_fact_whatever_else_is_told_that_night():
    (alone,) = watched(None, SUSPENDED, on_page=False)
    beside = watched("See there.", f"See here.\n{BREACH}\n{SUSPENDED}", on_page=False)

    assert alone.id in {change.id for change in beside}


@pytest.mark.parametrize("goes", [False, True])
def test_an_equal_line_on_many_agreements_is_one_change(goes):
    plain, said = pages(lambda n: {}), pages(lambda n: {"remainder": SUSPENDED if n else SUSPENDED.upper()})
    register = Watched(*(said if goes else plain))

    told = register.see(*(plain if goes else said))
    (group,) = register.see(*plain) if goes else told

    kind, line = ("incident-removed" if goes else "incident-noted"), SUSPENDED.upper()
    assert (group.kind.value, group.agreements, group.field) == (kind, MANY, "remainder")
    assert (group.before, group.after) == (None, None)
    assert (group.added, group.removed) == (((), (line,)) if goes else ((line,), ()))
    assert f'"{line}" among the other lines of 25 agreements at 5 organisations' in group.summary


def test_another_line_is_another_edit():
    register = Watched(*pages(lambda n: {}))

    told = register.see(*pages(lambda n: {"remainder": SUSPENDED if n < 12 else BREACH}))

    assert len(told) == MANY


def test_an_agreement_on_two_pages_is_told_once_for_each_line():
    both = f"{BREACH}\n{SUSPENDED}"
    register = Watched(*(page(agreement(remainder=both), slug=slug) for slug in ("a_trust", "b_trust")))
    gone = [page(agreement(remainder=None), slug=slug) for slug in ("a_trust", "b_trust")]

    assert register.see(*gone) == []
    assert sorted(says(change)[2] for change in register.see(*gone)) == [BREACH, SUSPENDED]


SENTENCES = [
    (None, SUSPENDED, False, f'The page now prints "{SUSPENDED}" among the other lines of DARS-NIC-918274-K4R7T (NHS '
     "Eastmere Integrated Care Board)"),
    (CLOSED, "(withdrawn)", True,
     'The page of NHS Eastmere Integrated Care Board now prints "(withdrawn)", where it printed "(closed)"'),
    ("(withdrawn)", CLOSED, True,
     'The page of NHS Eastmere Integrated Care Board no longer prints "(withdrawn)", where it now prints "(closed)"'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "on_page", "sentence"), SENTENCES)
def test_an_incident_is_quoted_where_it_stands(old, new, on_page, sentence):
    assert [change.summary for change in watched(old, new, on_page=on_page)] == [sentence]


# --- properties -------------------------------------------------------------------------------------------------------

LINE = st.sampled_from(
    [SUSPENDED, BREACH, CLOSED, "(withdrawn)", "See there.", "See here.", "It is not here.", "—", "1."]
)
REMAINDERS = st.lists(LINE, unique=True, max_size=5).map(lambda lines: "\n".join(lines) or None)
DOUBTED = st.frozensets(LINE.map(fold) | st.just("remainder"))


def lines_of(text):
    return {fold(line) for line in (text or "").split("\n")} - {""}


@given(REMAINDERS, REMAINDERS, DOUBTED)
def test_every_line_that_comes_or_goes_is_told_or_waits(old, new, doubted):
    outcome = compare_remainders(old, new, doubted, VOCABULARY)

    came = lines_of(new) - lines_of(old)
    gone = lines_of(old) - lines_of(new)
    told_in = set().union(*(lines_of(one.after) for one in outcome.found)) if outcome.found else set()
    told_out = set().union(*(lines_of(one.before) for one in outcome.found)) if outcome.found else set()
    assert came <= told_in
    assert gone <= told_out | lines_of(outcome.believed)
    assert lines_of(new) <= lines_of(outcome.believed)
    assert bool(outcome.missing) == bool(lines_of(outcome.believed) - lines_of(new))


@given(REMAINDERS, REMAINDERS, DOUBTED)
def test_what_is_seen_twice_is_settled(old, new, doubted):
    first = compare_remainders(old, new, doubted, VOCABULARY)
    second = compare_remainders(first.believed, new, first.missing, VOCABULARY)

    assert second.missing == frozenset()
    assert lines_of(second.believed) == lines_of(new)
    assert bool(first.missing) == bool(second.found)


@given(REMAINDERS, REMAINDERS)
def test_incidents_are_told_as_incidents_and_other_lines_as_prose(old, new):
    for one in compare_remainders(old, new, frozenset(), VOCABULARY).found:
        if one.kind.value == "text-changed":
            assert not any(VOCABULARY.tells_incident(side or "") for side in (one.before, one.after))
        else:
            assert VOCABULARY.tells_incident((one.after if one.kind.value == "incident-noted" else one.before) or "")
