"""One register-wide edit is one change; what only looks like a relabelling is told, what is known to be one is not."""

from dataclasses import replace

import pytest

from diff.deciding.guards import Guards
from tests.harness.builders import DEATHS, HES, PLAIN, Watched, agreement, bases, kinds, news, page

MANY = 25
NEW, OTHER = "Ambulance Care Record Set (ACRS)", "Adult Social Care"
COMPANY, UNIVERSITY = "NOVAVAX, INC.", "UNIVERSITY OF HARROWDALE"
BLURRED, CONSENT = "HSCA2012:s261(2)(b)(ii)", "CONSENT:informed"


def reference(number):
    return f"DARS-NIC-{100000 + number}-A1B2C"


def register(number, a_page=5, edit=lambda number: {}, **fields):
    """Return pages with *number* agreements in all, *a_page* on each; `edit(n)` gives fields of the n-th."""
    states = [agreement(reference(n), **({"title": "Winter admissions"} | fields | edit(n))) for n in range(number)]
    starts = range(0, number, a_page)
    return [page(*states[start : start + a_page], slug=f"trust_{start // a_page:02}") for start in starts]


def only(numbers, **fields):
    """Return an edit of the agreements with these numbers."""
    return lambda number: fields if number in numbers else {}


GROUPED = [
    ({"sublicensing": ("Yes",)}, "sublicensing-changed", "high", (None, None), (("Yes",), ("No",))),
    ({"dsa_end": "2027-03-12"}, "dsa-extended", "medium", ("2026-03-12", "2027-03-12"), ((), ())),
    ({"title": "Summer admissions"}, "title-changed", "low", ("Winter admissions", "Summer admissions"), ((), ())),
    ({"legal_bases": bases(BLURRED)}, "legal-basis-changed", "low", (None, None), ((BLURRED,), (PLAIN,))),
    ({"controllers": (COMPANY, UNIVERSITY)}, "controller-added", "high", (None, None), ((COMPANY,), ())),
    ({"organisation_types": ("Charity",)}, "organisation-type-changed", "low", (None, None),
     (("Charity",), ("Academic",))),
    ({"when_note": "breached contract — audit report."}, None, None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "kind", "severity", "pair", "sets"), GROUPED)
def test_the_same_edit_on_25_agreements_is_one_change_and_on_24_it_is_24(edit, kind, severity, pair, sets):
    watched, fewer = Watched(*register(MANY)), Watched(*register(MANY))

    told = watched.see(*register(MANY, **edit))
    singles = fewer.see(*register(MANY, edit=only(range(MANY - 1), **edit)))

    assert len(singles) == MANY - 1
    assert all(change.group is None and change.agreements == 1 for change in singles)
    if kind is None:  # incident-noted is never grouped
        assert len(told) == MANY
        return
    (group,) = told
    assert (group.kind.value, group.severity.value, group.agreements) == (kind, severity, MANY)
    assert ((group.before, group.after), (group.added, group.removed)) == (pair, sets)
    assert (group.organisation, group.page, group.reference, group.title) == (None, None, None, None)
    assert (group.snapshot_before, group.snapshot_after, group.id) == (None, None, group.group)
    assert [member.reference for member in group.members] == [reference(n) for n in range(MANY)]
    assert {(member.member_of, member.group) for member in group.members} == {(group.id, None)}
    assert f"{MANY} agreements at 5 organisations" in group.summary


def test_two_edits_in_one_field_are_two_groups():
    edit = only(range(MANY), sublicensing=("Yes",)), only(range(MANY, 2 * MANY), sublicensing=("No", "Yes"))
    watched = Watched(*register(2 * MANY))

    told = watched.see(*register(2 * MANY, edit=lambda n: edit[0](n) | edit[1](n)))

    assert sorted((c.added, c.removed, c.agreements) for c in told) == [(("Yes",), (), MANY), (("Yes",), ("No",), MANY)]


def test_agreements_added_and_removed_are_never_grouped():
    more, fewer = register(2 * MANY), register(MANY)
    watched = Watched(*fewer, guards=Guards(gone_fraction=0.9))

    assert kinds(watched.see(*more)).count("agreement-added") == MANY
    watched.see(*fewer)
    assert kinds(watched.see(*fewer)).count("agreement-removed") == MANY


def test_references_that_gain_their_prefix_are_not_one_edit():
    old = [page(*(agreement(f"NIC-{100000 + n}-A1B2C") for n in range(MANY)))]
    new = [page(*(agreement(f"DARS-NIC-{100000 + n}-A1B2C") for n in range(MANY)))]

    assert kinds(Watched(*old).see(*new)) == ["reference-changed"] * MANY


def test_print_alone_on_many_agreements_is_one_line():
    (group,) = Watched(*register(MANY)).see(*register(MANY, datasets=(HES.upper(), DEATHS)))

    assert (group.kind.value, group.substantive, group.agreements) == ("wording-changed", False, MANY)


def test_the_same_words_put_into_many_texts_are_one_change():
    def texts(n, word):
        return {"objectives": f"The {n}th trust will {word} the data.\nIt keeps them for {n} years."}

    watched = Watched(*register(MANY, edit=lambda n: texts(n, "see")))

    (group,) = watched.see(*register(MANY, edit=lambda n: texts(n, "keep and see")))

    assert (group.kind.value, group.added, group.removed) == ("text-changed", ("keepand",), ())
    assert (group.before, group.after) == (None, None)
    assert (
        group.summary == "Objectives of 25 agreements at 5 organisations reworded: 0 words out, 2 in, "
        'beginning with "keep and"'
    )


def test_a_group_on_one_page_names_its_organisation():
    watched = Watched(*register(MANY, a_page=MANY))

    (group,) = watched.see(*register(MANY, a_page=MANY, sublicensing=("Yes",)))

    assert (group.organisation, group.page) == ("Trust 00", "trust_00")
    assert "25 agreements at 1 organisation:" in group.summary


def test_an_agreement_on_two_pages_counts_once():
    def twice(**fields):
        pages = register(MANY - 1, **fields)
        return [*pages, replace(pages[0], slug="second_page", organisation="Second Page", source="second_page.html")]

    assert len(Watched(*twice()).see(*twice(sublicensing=("Yes",)))) == MANY - 1


# --- pages that come late ---------------------------------------------------------------------------------------------


def test_a_page_that_could_not_be_read_joins_the_group_untold():
    before, now = register(MANY + 5), register(MANY + 5, sublicensing=("Yes",))
    watched = Watched(*before)
    (group,) = watched.see(*now[1:], failed=["trust_00"])
    assert group.agreements == MANY

    assert watched.see(*now) == []

    assert [(member.reference, member.member_of) for member in watched.last.joined] == [
        (reference(n), group.id) for n in range(5)
    ]
    assert watched.see(*now) == []


def test_another_edit_on_a_late_page_is_told():
    before, now = register(MANY + 5), register(MANY + 5, sublicensing=("Yes",))
    watched = Watched(*before)
    watched.see(*now[1:], failed=["trust_00"])
    late = register(MANY + 5, edit=only(range(5), sublicensing=("No", "Yes")), sublicensing=("Yes",))

    assert kinds(watched.see(*late)) == ["sublicensing-changed"] * 5


def test_only_the_next_reading_of_a_late_page_joins():
    before, now = register(MANY + 5), register(MANY + 5, sublicensing=("Yes",))
    watched = Watched(*before)
    watched.see(*now[1:], failed=["trust_00"])

    assert watched.see(before[0], *now[1:]) == []
    assert kinds(watched.see(*now)) == ["sublicensing-changed"] * 5


def test_a_removal_that_a_late_page_confirms_joins_the_group_untold():
    before, now = register(MANY + 5), register(MANY + 5, sublicensing=())
    watched = Watched(*before)
    watched.see(*now[1:], failed=["trust_00"])
    (group,) = watched.see(*now[1:], failed=["trust_00"])

    told = [*watched.see(*now), *watched.see(*now)]

    assert told == []
    assert {member.member_of for member in watched.last.joined} == {group.id}


# --- relabellings -----------------------------------------------------------------------------------------------------


def distinct(n):
    """Return datasets of which only one is shared by all agreements."""
    return (HES, f"Local flow {n}")


def labelled(n, *names):
    return {"datasets": (*names, f"Local flow {n}")}


def test_an_unknown_name_that_comes_in_place_of_one_on_all_that_carry_it_is_proposed_as_its_new_name():
    watched = Watched(*register(30, edit=lambda n: labelled(n, HES)))
    now = register(30, edit=lambda n: labelled(n, NEW))

    (group,) = watched.see(*now)

    assert (group.kind.value, group.severity.value, group.substantive) == ("dataset-relabelled", "low", True)
    assert (group.added, group.removed, group.agreements) == ((NEW,), (HES,), 30)
    assert {(m.before, m.after, m.added, m.removed) for m in group.members} == {(HES, NEW, (NEW,), (HES,))}
    assert group.summary == (
        f'"{HES}" replaced by "{NEW}" on all 30 agreements that carry it: probably a new name for it'
    )
    assert watched.see(*now) == [], "the old name is not told as removed"


def test_an_unknown_name_beside_the_old_one_is_proposed_too():
    watched = Watched(*register(30, edit=lambda n: labelled(n, HES)))

    (group,) = watched.see(*register(30, edit=lambda n: labelled(n, HES, NEW)))

    assert (group.kind.value, group.added, group.removed) == ("dataset-relabelled", (NEW,), ())


NOT_PROPOSED = [
    # 24 agreements carry the old name
    (24, lambda n: (HES,), lambda n: (NEW,)),
    # two old names stand on all
    (30, lambda n: (HES, OTHER), lambda n: (HES, OTHER, NEW)),
    # no old name stands on all
    (30, lambda n: (HES,) if n else (OTHER,), lambda n: (HES, NEW) if n else (OTHER, NEW)),
    # 28 of 30 that carry the old name gained the new one: less than 95 %
    (30, lambda n: (HES,), lambda n: (HES,) if n < 2 else (HES, NEW)),
]


@pytest.mark.parametrize(("number", "before", "now"), NOT_PROPOSED)
def test_what_fails_one_condition_is_told_as_added(number, before, now):
    watched = Watched(*register(number, edit=lambda n: labelled(n, *before(n))))

    told = watched.see(*register(number, edit=lambda n: labelled(n, *now(n))))

    assert set(kinds(told)) == {"dataset-added"}
    assert sum(change.agreements for change in told) == sum(NEW in now(n) for n in range(number))


def test_a_name_that_an_earlier_run_had_is_no_new_label():
    before = register(31, edit=lambda n: labelled(n, *([HES] if n else [NEW])))

    told = Watched(*before).see(*register(31, edit=lambda n: labelled(n, NEW)))

    assert kinds(told) == ["dataset-added"]
    assert told[0].agreements == 30


def test_nearly_all_that_were_read_is_enough():
    watched = Watched(*register(40, edit=lambda n: labelled(n, HES)))
    now = register(40, edit=lambda n: labelled(n, HES if n == 39 else NEW))

    (group,) = watched.see(*now[1:], failed=["trust_00"])

    assert (group.kind.value, group.agreements) == ("dataset-relabelled", 34)
    assert watched.see(*now) == [], "the late page joins"
    assert len(watched.last.joined) == 5
    assert watched.see(*now) == []


def test_a_known_alias_on_all_agreements_is_editorial():
    old, new = "Diagnostic Imaging Dataset", "Diagnostic Imaging Data Set (DID)"

    (group,) = Watched(*register(30, edit=lambda n: labelled(n, old))).see(
        *register(30, edit=lambda n: labelled(n, new))
    )

    assert (group.kind.value, group.severity.value, group.substantive) == ("dataset-relabelled", "info", False)
    assert news([group]) == []


def test_a_known_succession_of_a_controller_on_many_agreements_is_one_editorial_line():
    watched = Watched(*register(30, controllers=("NHS ENGLAND (QUARRY HOUSE)",)))

    (group,) = watched.see(*register(30, controllers=("NHS ENGLAND - X26",)))

    assert (group.kind.value, group.severity.value, group.substantive) == ("controller-succeeded", "info", False)
    assert group.agreements == 30


def test_a_name_that_was_missing_before_its_new_one_came_is_not_told_as_removed_beside_the_proposal():
    watched = Watched(*register(30, edit=lambda n: labelled(n, HES)))
    assert watched.see(*register(30, edit=labelled)) == []

    (group,) = watched.see(*register(30, edit=lambda n: labelled(n, NEW)))

    assert (group.kind.value, group.added, group.removed) == ("dataset-relabelled", (NEW,), (HES,))
    assert watched.see(*register(30, edit=lambda n: labelled(n, NEW))) == []
