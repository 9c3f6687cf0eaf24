"""Controllers whose names hold commas, from the page's bytes to what is told (design rule 20)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.names.fold import fold
from scraper.reading.page import read_page
from scraper.records import RegisterPage
from tests.harness.builders import Watched

LISTED = ["NHS DIGITAL", "BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL", "GRAIL, INC.", "CITY, UNIVERSITY OF LONDON"]
UNLISTED = [
    "SMITH, JONES AND PARTNERS",
    "NORTHAM",
    "SOUTHAM COUNCIL",
    "THE EASTHAM, WESTHAM AND FENHAM TRUST",
    "ACME LTD",
]


def page(controllers: str, *, organisation: str = "University of Harrowdale", slug: str = "here") -> RegisterPage:
    """Read a page of one agreement whose controllers stand there as *controllers*, markup or not."""
    number = sum(map(ord, slug))
    body = f"""<html><body><h1>{organisation} projects</h1>
        <h2>Winter admissions — DARS-NIC-{number:06}-A1B2C</h2>
        <p>Legal basis: Consent</p><p>Sensitive: Sensitive</p>
        <p>Data-controller type: {controllers}</p><p>Sublicensing allowed: No</p>
        <p>Datasets:</p><ul><li>Ambulance Data Set</li></ul><p>Objectives:</p><p>To count.</p></body></html>"""
    return read_page(body.encode(), source=slug, slug=slug)


def joined(names: list[str]) -> str:
    return ", ".join(names)


def items(names: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{name}</li>' for name in names)}</ul>"


def chips(names: list[str]) -> str:
    return " ".join(f"<span>{name}</span>" for name in names)


def told(before: str, *after: str, elsewhere: tuple[RegisterPage, ...] = ()) -> list[tuple[str, str, str]]:
    """Return kind, severity and name of all that is told of the last of these printings, one a run."""
    watched = Watched(page(before), *elsewhere)
    changes = [watched.see(page(controllers), *elsewhere) for controllers in after]
    return sorted((c.kind.value, c.severity.value, *c.added, *c.removed) for c in changes[-1])


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("NHS DIGITAL", "NHS DIGITAL, SMITH, JONES AND PARTNERS", ["SMITH, JONES AND PARTNERS"]),
        ("NHS DIGITAL", "SMITH,JONES AND PARTNERS, NHS DIGITAL", ["SMITH,JONES AND PARTNERS"]),
        ("NHS DIGITAL", "SMITH, NHS DIGITAL, JONES AND PARTNERS", ["JONES AND PARTNERS", "SMITH"]),
        ("NHS DIGITAL", "NHS DIGITAL, ACME LTD, NORTHAM", ["ACME LTD", "NORTHAM"]),
        ("NHS DIGITAL", "NHS DIGITAL, NHS NORTHAM CCG, NORTHAM", ["NHS NORTHAM CCG", "NORTHAM"]),
        ("NHS DIGITAL", "NHS DIGITAL, GRAIL, INC. (UK), NORTHAM", ["GRAIL, INC. (UK)", "NORTHAM"]),
        ("NORTHAM", "NORTHAM, SOUTHAM COUNCIL, ACME", ["SOUTHAM COUNCIL, ACME"]),
        ("NORTHAM, SOUTHAM", "SOUTHAM, ACME, NORTHAM", ["ACME"]),
        ("SMITH, JONES AND PARTNERS", "SMITH, JONES AND PARTNERS, SMITH, BROWN AND CO", ["SMITH, BROWN AND CO"]),
        (
            "NHS DIGITAL",
            "NHS DIGITAL, CITY, UNIVERSITY OF LONDON - E06, ACME",
            ["ACME", "CITY, UNIVERSITY OF LONDON - E06"],
        ),
    ],
)
def test_what_came_is_told_as_the_page_prints_it(before: str, after: str, names: list[str]) -> None:
    assert [change[2] for change in told(before, after)] == names


def test_a_listed_name_with_initials_behind_it_is_one_and_the_same_body() -> None:
    council = "BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL"

    assert told("ICO", f"{council} (BCP), ICO") == [("controller-added", "medium", f"{council} (BCP)")]
    assert told(f"ICO, {council}", f"{council} (BCP), ICO")[0][:2] == ("controller-succeeded", "info")


def test_a_company_at_the_end_of_what_came_matters_more() -> None:
    assert told("ICO", "ICO, SMITH, JONES LTD") == [("controller-added", "high", "SMITH, JONES LTD")]


def test_unlisted_names_that_head_pages_are_told_one_by_one() -> None:
    heading = page("NHS DIGITAL", organisation="Northam", slug="northam")

    assert [c[2] for c in told("ICO", "ICO, NORTHAM, SOUTHAM COUNCIL, ACME", elsewhere=(heading,))] == [
        "NORTHAM",
        "SOUTHAM COUNCIL, ACME",
    ]


def test_a_name_with_a_comma_that_heads_a_page_is_one_controller_also_of_other_pages() -> None:
    watched = Watched(page("ICO"))
    firm = page("ICO", organisation="Smith, Jones And Partners", slug="smith")

    (added,) = watched.see(page("ICO, NORTHAM, SMITH, JONES AND PARTNERS"))
    watched.see(page("ICO, NORTHAM, SMITH, JONES AND PARTNERS"), firm)
    later = watched.see(page("ICO, NORTHAM, SMITH, JONES AND PARTNERS, ACME"), firm)

    (place,) = watched.past.pages["here"].places.values()
    assert added.added == ("NORTHAM, SMITH, JONES AND PARTNERS",)
    assert [change.added for change in later] == [("ACME",)]
    assert place.believed.controllers == ("ACME", "ICO", "NORTHAM", "SMITH, JONES AND PARTNERS")


def test_what_went_is_told_as_the_last_page_that_showed_it_printed_it() -> None:
    both = "ICO, SMITH, JONES AND PARTNERS"

    assert told(both, "ICO") == []
    assert told(both, "ICO", "ICO") == [("controller-removed", "low", "SMITH, JONES AND PARTNERS")]
    assert told(both, "ICO", both) == []
    assert told(both, "ICO", "JONES AND PARTNERS, ICO") == [("controller-removed", "low", "SMITH")]


def test_what_the_markup_keeps_apart_is_one_name_each() -> None:
    for form in (items, chips):
        read = page(form(["BROWN, GREEN AND SONS", "ACME"]))
        assert read.agreements[0].controllers == ("ACME", "BROWN, GREEN AND SONS")
        assert [c[2] for c in told("ICO", form(["ICO", "BROWN, GREEN AND SONS", "ACME"]))] == [
            "ACME",
            "BROWN, GREEN AND SONS",
        ]


names = st.lists(st.sampled_from(LISTED + UNLISTED), min_size=1, max_size=6, unique=True)
forms = st.sampled_from([joined, items, chips])


@given(names, forms, forms, st.randoms())
def test_another_order_and_another_markup_are_no_news(names, before, after, rng) -> None:
    other = rng.sample(names, len(names))

    assert told(before(names), after(other), after(other)) == []


@given(names, st.data())
def test_every_word_that_comes_is_told_once_and_no_other(names, data) -> None:
    come = data.draw(st.lists(st.sampled_from(LISTED + UNLISTED), min_size=1, max_size=3, unique=True))
    old = [name for name in names if name not in come]
    news = told(joined(["ICO", *old]), joined(["ICO", *old, *come]))

    assert {change[:1] for change in news} == {("controller-added",)}
    assert sorted(fold(part) for c in news for part in c[2].split(",")) == sorted(
        fold(part) for name in come for part in name.split(",")
    )
    assert all(any(change[2].endswith(name) or name in change[2] for change in news) for name in come)
