"""Pages and agreements that go to the bodies which took over: one reorganisation, or one rename (design rule 20)."""

import json

import pytest

from diff.deciding.guards import Guards
from scraper.names.packaged import read_facts
from scraper.names.vocabulary import default_vocabulary
from scraper.slugs import slug_of
from tests.harness.builders import Watched, agreement, kinds, page

GROUPS = [
    (entry["from"][0].title(), entry["to"].title(), entry["parent"].title())
    for entry in read_facts("organisations")["entries"]
    if entry.get("class") == "ccg-2022" and entry["kind"] == "succession"
]
EVENT = "ccg-2022 2022-07-01"
GUARDS = Guards(gone_fraction=1.0)


def body(number: int, name: str, *, slug: str = "", each: int = 2):
    """Return the page of a body: *each* agreements, at the address of its number unless a *slug* is given."""
    held = [agreement(f"DARS-NIC-{100000 + 10 * number + n}-A1B2C") for n in range(each)]
    return page(*held, slug=slug or f"body_{number}", organisation=name)


def before(count: int, **options):
    return [body(n, old, **options) for n, (old, _, _) in enumerate(GROUPS[:count])]


def headed_anew(count: int, *, of: int):
    """Return pages of which the first *count* are headed by the successor."""
    return [body(n, new if n < count else old) for n, (old, new, _) in enumerate(GROUPS[:of])]


def at_new_addresses(count: int):
    return [body(n, new, slug=slug_of(new.replace(" ", "_"))) for n, (_, new, _) in enumerate(GROUPS[:count])]


@pytest.mark.parametrize(("count", "told"), [(24, ["organisation-renamed"] * 24), (25, ["reorganisation"])])
def test_from_25_pages_on_another_heading_is_a_reorganisation(count, told):
    watched = Watched(*before(30))

    assert kinds(watched.see(*headed_anew(count, of=30))) == told


def test_a_reorganisation_names_the_entries_and_counts_what_went():
    watched = Watched(*before(30))
    (change,) = watched.see(*headed_anew(30, of=30))

    assert (change.field, change.severity.value, change.substantive) == (EVENT, "low", True)
    assert (change.before, change.after, change.added, change.removed) == (None, None, (), ())
    assert (change.organisation, change.page, change.reference, change.group) == (None, None, None, change.id)
    assert (change.details.to_json(), change.agreements) == ({"pages": 30, "agreements": 60}, 60)
    assert kinds(change.members) == ["organisation-renamed"] * 30
    assert {member.member_of for member in change.members} == {change.id}
    assert change.summary == (
        "Reorganisation ccg-2022 of 2022-07-01: 30 pages and 60 agreements now stand under the bodies that are known "
        "to follow those named before"
    )


def test_the_id_of_a_reorganisation_is_that_of_its_day_and_not_of_its_members():
    one, other = Watched(*before(40)), Watched(*before(40))
    (of_30,), (of_40,) = one.see(*headed_anew(30, of=40)), other.see(*headed_anew(40, of=40))

    assert of_30.id == of_40.id


def test_pages_at_new_addresses_and_what_moved_with_them_are_one_reorganisation():
    watched = Watched(*before(30), guards=GUARDS)
    now = at_new_addresses(30)
    (change,) = watched.see(*now)

    assert change.details.to_json() == {"pages": 30, "agreements": 60}
    assert kinds(change.members) == ["agreement-moved"] * 60 + ["organisation-renamed"] * 30
    assert watched.see(*now) == watched.see(*now) == []


def test_agreements_that_move_to_pages_that_were_there_are_a_reorganisation_too():
    (old, _, board), *_ = GROUPS
    there = page(agreement("DARS-NIC-999999-A1B2C"), slug="board", organisation=board)
    watched = Watched(body(0, old, each=9), body(1, "University of Harrowdale"), there, guards=Guards(group_from=8))
    moved = [agreement(f"DARS-NIC-{100000 + n}-A1B2C") for n in range(8)]
    left = page(agreement("DARS-NIC-100008-A1B2C"), slug="body_0", organisation=old)
    now = (left, body(1, "University of Harrowdale"), page(*there.agreements, *moved, slug="board", organisation=board))

    (change,) = watched.see(*now)

    assert (change.kind.value, change.field) == ("reorganisation", EVENT)
    assert (change.details.to_json(), kinds(change.members)) == (
        {"pages": 0, "agreements": 8},
        ["agreement-moved"] * 8,
    )


def test_moves_between_bodies_that_do_not_follow_each_other_are_never_grouped():
    one, other = body(0, "Northam Trust", each=30), body(50, "Southam Trust", each=1)
    watched = Watched(one, other, guards=GUARDS)
    moved = page(*other.agreements, *one.agreements[:29], slug="body_50", organisation="Southam Trust")

    told = watched.see(page(one.agreements[29], slug="body_0", organisation="Northam Trust"), moved)

    assert kinds(told) == ["agreement-moved"] * 29


def test_the_users_successions_without_a_class_are_renames():
    names = [(f"Northam Trust {n}", f"Southam Trust {n}") for n in range(30)]
    entries = [{"kind": "succession", "from": [a], "to": b, "date": "2026-04-01"} for a, b in names]
    vocabulary = default_vocabulary().extended({"organisations": entries})
    watched = Watched(*(body(n, a) for n, (a, _) in enumerate(names)), vocabulary=vocabulary)

    assert kinds(watched.see(*(body(n, b) for n, (_, b) in enumerate(names)))) == ["organisation-renamed"] * 30


def test_two_reorganisations_in_one_run_are_two_changes():
    merged = [
        (entry["from"][0].title(), entry["to"].title())
        for entry in read_facts("organisations")["entries"]
        if entry.get("class") == "ccg-merger" and entry["date"] == "2020-04-01"
    ]
    old = [*before(25), *(body(100 + n, name) for n, (name, _) in enumerate(merged[:26]))]
    new = [*headed_anew(25, of=25), *(body(100 + n, name) for n, (_, name) in enumerate(merged[:26]))]

    assert sorted(change.field for change in Watched(*old).see(*new)) == [EVENT, "ccg-merger 2020-04-01"]


def test_a_page_that_could_not_be_read_joins_its_reorganisation_untold():
    watched = Watched(*before(30))
    late = headed_anew(30, of=30)[7]
    (told,) = watched.see(*(one for one in headed_anew(30, of=30) if one.slug != late.slug), failed=[late.slug])

    assert watched.see(*headed_anew(30, of=30)) == []
    assert [(one.kind.value, one.page, one.member_of) for one in watched.last.joined] == [
        ("organisation-renamed", late.slug, told.id)
    ]


def test_a_renamed_page_is_one_change_with_the_agreements_that_went_with_it():
    (old, new, _), *_ = GROUPS
    elsewhere = body(1, "University of Harrowdale")
    watched = Watched(body(0, old, each=3), elsewhere)

    (change,) = watched.see(body(0, new, each=3, slug="successor"), elsewhere)

    assert (change.kind.value, change.group, change.agreements) == ("organisation-renamed", change.id, 3)
    assert (change.before, change.after) == ((old, "body_0"), (new, "successor"))
    assert kinds(change.members) == ["agreement-moved"] * 3
    assert json.dumps(change.to_json())


def test_a_page_renamed_back_and_again_is_told_each_time_under_an_id_of_its_own():
    elsewhere = body(1, "University of Harrowdale")
    watched = Watched(body(0, "Northam Trust"), elsewhere)
    there, back = body(0, "Southam Trust", slug="southam"), body(0, "Northam Trust")

    told = [watched.see(page_, elsewhere) for page_ in (there, back, there)]
    renamed = [change for changes in told for change in changes if change.kind == "organisation-renamed"]

    assert len({change.id for change in renamed}) == len(renamed)
    assert all(member.member_of == change.id for change in renamed for member in change.members)
