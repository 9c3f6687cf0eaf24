"""What holds of every register: nothing from nothing, nothing from noise, one change from one fact."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diff.saying.redline import redline
from scraper.names.fold import as_set, fold
from tests.harness.builders import PLAIN, SLUG, Watched, agreement, bases, kinds, news, page

QUICK = settings(max_examples=60, deadline=None)
WORDS = (
    "data trust board consent 55–80 year’s NHS Digital (a) 1. • - <5 >5 1.5 é Σ £3 audit. cohort, a) – study".split()
)
NAMES = ("Hospital Episode Statistics Critical Care", "Civil Registrations of Death", "Adult Social Care",
         "Emergency Care Data Set (ECDS)", "Diagnostic Imaging Dataset", "National Diabetes Audit")  # fmt: skip
IDS = (PLAIN, "HSCA2012:s261(2)(b)(ii)", "NHSA2006:s251", "HSCA2012", "CONSENT:informed", "TEXT:0123456789ab")
CONTROLLERS = ("UNIVERSITY OF HARROWDALE", "NOVAVAX, INC.", "NHS CAMDEN CCG", "CALDER MOOR NHS TRUST")

lines = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)
texts = st.none() | st.lists(lines, min_size=1, max_size=4).map("\n".join)


def sets(*values):
    return st.none() | st.lists(st.sampled_from(values), max_size=len(values)).map(as_set)


dates = st.none() | st.sampled_from(["2025-07", "2025-07-14", "2026-01-31", "2024-02"])
months = st.none() | st.sampled_from(["2024-01", "2024-11", "2025-07"])
fields = st.fixed_dictionaries(
    {
        "title": st.none() | lines,
        "opt_outs": sets("Yes", "No", "Identifiable", "No - data flow is not identifiable"),
        "confidentiality": sets("Section 251", "Mixed"),
        "legal_bases": st.none() | st.sets(st.sampled_from(IDS)).map(lambda ids: bases(*ids)),
        "commercial": sets("Yes", "No"),
        "organisation_types": sets("Academic", "Commercial", "Agency/Public Body"),
        "sensitivity": sets("Sensitive", "Non-Sensitive"),
        "dsa_start": dates,
        "dsa_end": dates,
        "released_from": months,
        "released_to": months,
        "when_note": st.sampled_from(
            [None, "No", "(or before)", "breached contract — audit report.", "No\nbreached it"]
        ),
        "access_methods": sets("One-Off", "System Access"),
        "controllers": sets(*CONTROLLERS),
        "sublicensing": sets("Yes", "No"),
        "datasets": sets(*NAMES),
        "objectives": texts,
        "outputs": texts,
    }
)
layouts = st.sampled_from(["L1", "L3", "L3", "L4"])


def state(values, layout="L3"):
    """Return an agreement of *layout* with those of *values* that the layout prints."""
    unseen = agreement(layout=layout).unprinted
    has_word = "dsa_end" not in unseen and (values["dsa_start"] is None) != (values["dsa_end"] is None)
    if values["when_note"] and not has_word:  # a word stands in place of one of two dates, and nowhere else
        remarks = [part for part in values["when_note"].split("\n") if part != "No"]
        values = values | {"when_note": "\n".join(remarks) or None}
    return agreement(layout=layout, **{name: value for name, value in values.items() if name not in unseen})


@QUICK
@given(fields, layouts)
def test_a_page_compared_with_itself_has_no_changes(values, layout):
    one = page(state(values, layout), layout=layout)
    watched = Watched(one)

    assert watched.see(one) == []
    assert kinds(watched.see(replace(one, files_disseminated=59))) == ["files-count-changed"], "though it is read again"


def noisy(text, random):
    """Return *text* re-typed as the site re-types it."""
    ways = [str.upper, str.lower, str.title, lambda t: t.replace("–", ""), lambda t: t.replace("’", "'"), str.strip]
    ways += [lambda t: t.replace(" ", "  "), lambda t: f"• {t}", lambda t: t.replace("-", "–"), lambda t: f"“{t}”"]
    typed = random.choice(ways)(text)
    return typed if fold(typed) == fold(text) else text


def retyped(one, random):
    """Return an agreement whose every value is re-typed and whose every list is shuffled, with repeats."""
    values = {}
    for name in fields_of(one):
        value = getattr(one, name)
        if name == "legal_bases" and value:
            values[name] = tuple(replace(basis, printed=noisy(basis.printed, random)) for basis in value)
        elif isinstance(value, tuple):
            values[name] = as_set(random.sample([noisy(v, random) for v in (*value, *value)], 2 * len(value)))
        elif name in ("title", "objectives", "outputs") and value:
            values[name] = "\n".join(noisy(line, random) for line in value.split("\n"))
    return replace(one, **values)


def fields_of(one):
    return [name for name in one.__slots__ if name not in ("reference", "printed", "unprinted")]


@QUICK
@given(fields, st.integers(0, 999))
def test_permutation_and_typing_give_nothing_substantive(values, seed):
    one = state(values)

    told = Watched(page(one)).see(page(retyped(one, Random(seed))))

    assert news(told) == []
    assert set(kinds(told)) <= {"wording-changed"}


@QUICK
@given(fields, st.lists(st.tuples(layouts, st.integers(0, 999)), max_size=4))
def test_rebuilds_and_typing_alone_give_nothing_substantive(values, editions):
    watched = Watched(page(state(values), layout="L3"))

    for layout, seed in editions:
        one = retyped(state(values, layout), Random(seed))
        assert news(watched.see(page(one, layout=layout))) == []


FACTS = [
    ("datasets", "dataset-added", "Bridge File"),
    ("controllers", "controller-added", "ICNARC"),
    ("confidentiality", "confidentiality-changed", "Consent (Reasonable Expectation)"),
    ("access_methods", "access-method-changed", "Ongoing"),
    ("opt_outs", "opt-outs-changed", "No - deaths data flowing to Local Authorities"),
    ("organisation_types", "organisation-type-changed", "Supplier"),
    ("sensitivity", "sensitivity-changed", "Really Sensitive"),
]


@QUICK
@given(fields, st.sampled_from(FACTS), st.integers(0, 999))
def test_one_added_fact_amid_noise_gives_exactly_that_change(values, fact, seed):
    name, kind, value = fact
    one = state(values)
    random = Random(seed)
    noise = retyped(one, random)
    more = replace(noise, **{name: as_set((*(getattr(noise, name) or ()), value))})

    (change,) = news(Watched(page(one)).see(page(more)))

    assert (change.kind.value, change.added, change.removed) == (kind, (value,), ())
    assert news(Watched(page(one)).see(page(noise))) == []


@QUICK
@given(fields, fields)
def test_what_is_applied_and_reverted_before_it_is_confirmed_leaves_the_belief_as_it_was(before, now):
    one = state(before)
    watched = Watched(page(one))
    applied = watched.see(page(state(now)))
    watched.see(page(one))
    watched.see(page(one))
    reverted = watched.see(page(one))

    assert reverted == [], "two sightings settle everything"
    assert not watched.past.pages[SLUG].unsettled
    assert len(applied) == len({change.id for change in applied})


@QUICK
@given(fields, fields)
def test_two_sightings_settle_everything_on_what_is_printed(before, now):
    watched, fresh = Watched(page(state(before))), Watched(page(state(now)))
    for _ in range(3):
        watched.see(page(state(now)))

    ours, theirs = (one.past.pages[SLUG].places for one in (watched, fresh))

    for name in fields_of(state(now)):
        mine, other = (getattr(next(iter(places.values())).believed, name) for places in (ours, theirs))
        if name in ("dsa_start", "dsa_end"):
            assert (mine or "").startswith(other or "") or (other or "").startswith(mine or "")
        else:
            assert mine == other


@QUICK
@given(st.lists(fields, min_size=2, max_size=4))
def test_ids_do_not_hang_on_the_order_of_pages(states):
    def ids(pages_of):
        watched = Watched()
        return [
            [change.id for change in watched.see(*pages_of([page(state(values), slug=f"p{n}") for n in range(3)]))]
            for values in states
        ]

    assert ids(list) == ids(lambda pages: pages[::-1])


REPOSITORY = Path(__file__).parents[3]


def story():
    """Return the public changes of a small register's history, as text."""
    random = Random(7)
    watched = Watched()
    told = []
    for _ in range(6):
        pages = []
        for number in range(6):
            names = random.sample(NAMES, 3)
            ids = random.sample(IDS, 2)
            parties = tuple(random.sample(CONTROLLERS, 2))
            states = [
                agreement(f"DARS-NIC-{100000 + 10 * number + n}-A1B2C", datasets=tuple(names), controllers=parties,
                          legal_bases=bases(*ids), opt_outs=tuple(random.sample(["Yes", "No"], 1)))
                for n in range(5)
            ]  # fmt: skip
            pages.append(page(*states, slug=f"trust_{number}", files=random.randrange(5)))
        told += [change.to_json() for change in watched.see(*pages, lately=False)]
    return "\n".join(map(str, told))


@pytest.mark.large
@pytest.mark.parametrize(("seed", "zone"), [("0", "UTC"), ("7", "Pacific/Kiritimati"), ("4242", "America/Los_Angeles")])
def test_changes_are_the_same_in_every_process_and_time_zone(seed, zone):
    code = "from tests.diff.deciding.test_properties import story; print(story())"
    environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(REPOSITORY)}
    environment["PYTHONIOENCODING"] = "utf-8"
    other = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )

    assert other.stdout.strip() == story()
    assert story().count("\n") > 50


# --- prose ------------------------------------------------------------------------------------------------------------


@given(texts)
def test_a_text_against_itself_is_all_the_same(text):
    marks = {run.mark for run in redline(text or "", text or "").runs("same")}

    assert marks <= {"same"}
    assert redline(text or "", text or "").words("out") == redline(text or "", text or "").words("in") == 0


def says(text):
    """Return what a text says: its paragraphs folded, joined."""
    return "".join(map(fold, text.split("\n")))


unmarked = st.lists(st.sampled_from([word for word in WORDS if word not in ("1.", "a)")]), min_size=1, max_size=8)
unmarked_texts = st.lists(unmarked.map(" ".join), max_size=4).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(unmarked_texts, unmarked_texts)
def test_what_stays_and_what_went_is_the_text_before_and_what_stays_and_what_came_the_text_after(before, after):
    runs = [run for paragraph in redline(before, after).paragraphs for run in paragraph]

    for marks, text in (({"same", "out"}, before), ({"same", "in"}, after)):
        assert says(" ".join(run.text for run in runs if run.mark in marks)) == says(text)


@settings(max_examples=200, deadline=None)
@given(texts, texts)
def test_words_go_or_come_exactly_where_texts_differ(before, after):
    changed = redline(before or "", after or "")

    assert (changed.words("out") + changed.words("in") == 0) == (fold(before or "") == fold(after or ""))
