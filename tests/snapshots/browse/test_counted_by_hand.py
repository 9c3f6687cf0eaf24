"""Questions on what came and went, asked of four editions that are small enough to be counted by hand."""

import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from tests.harness.browse_server import serving
from tests.harness.editions import ADMISSIONS, EASTMERE, FALLS, REGISTER, TIDES, WEXCOMBE, Page, Watch

CARE, DEATHS, OUTPATIENTS = *ADMISSIONS.datasets, FALLS.datasets[0]
CRITICAL = "Hospital Episode Statistics Critical Care"
NEW = replace(ADMISSIONS, reference="DARS-NIC-600001-N3W4B", datasets=(CARE,), controllers="NORTHBY STUDIES LTD")
OTHER = replace(NEW, reference="DARS-NIC-600002-N5W6B", datasets=(CRITICAL, DEATHS), controllers="SOUTHBY STUDIES LTD")


def page(of, *projects):
    return Page(of.organisation, projects)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a register to which a body with two agreements came; the last edition lacks the first."""
    watch = Watch(tmp_path_factory.mktemp("by-hand"))
    northby = Page("Northby Studies Ltd", (NEW, OTHER))
    second = REGISTER | {
        "northby_studies_ltd": northby,
        "nhs_eastmere_icb": page(EASTMERE, replace(TIDES, datasets=(*TIDES.datasets, CRITICAL))),
    }
    third = second | {
        "wexcombe_city_council": page(WEXCOMBE, replace(FALLS, datasets=FALLS.datasets[1:])),
        "northby_studies_ltd": page(northby, NEW, replace(OTHER, datasets=(DEATHS,))),
    }
    last = third | {"northby_studies_ltd": page(northby, replace(OTHER, datasets=(DEATHS,)))}
    for night, pages in {"02-01": REGISTER, "03-01": second, "04-01": third, "05-01": third, "06-01": last}.items():
        watch.take(pages, f"2026-{night}")
    with serving(watch.database) as served:
        yield served


def rows(served, slug, *columns, **asked):
    """Return the rows of an answer, of each some columns, and of times the day."""
    found = json.loads(served.page(f"/questions/{slug}.json?{urlencode(asked)}").body)
    return sorted(tuple(str(row[column]).removesuffix("T00:00:00Z") for column in columns) for row in found)


def test_who_got_a_dataset_is_who_joined_it_a_new_organisation_too(served):
    columns = ("first_seen", "dataset", "reference", "still_listed")

    assert rows(served, "who-got-dataset", *columns, dataset="HES", since="2026-01-01") == [
        ("2026-03-01", CARE, NEW.reference, "1"),
        ("2026-03-01", CRITICAL, TIDES.reference, "1"),
        ("2026-03-01", CRITICAL, OTHER.reference, "0"),
    ]


def test_who_got_a_dataset_says_what_changes_say(served):
    got = rows(served, "who-got-dataset", "first_seen", "reference", dataset="HES", since="2026-01-01")
    told = json.loads(served.page("/changes.json?kind=dataset-added&kind=agreement-added&dataset=HES").body)

    assert got == sorted((one["first_seen"][:10], one["reference"]) for one in told)


def test_an_agreement_that_a_page_lacks_once_is_not_said_to_list_its_datasets_no_longer(served):
    assert rows(served, "lost-dataset", "dataset", "reference") == [
        (CRITICAL, OTHER.reference),
        (OUTPATIENTS, FALLS.reference),
    ]


def test_the_controller_of_an_agreement_that_a_page_lacks_once_is_named_now(served):
    assert rows(served, "company-controllers", "controller", "in_agreements") == [
        ("NORTHBY STUDIES LTD", NEW.reference),
        ("SOUTHBY STUDIES LTD", OTHER.reference),
    ]


@pytest.mark.parametrize(
    ("slug", "asked", "sentence"),
    [
        ("who-has-dataset", {"dataset": CRITICAL}, f"1 agreement of 1 organisation lists “{CRITICAL}” now."),
        ("who-has-dataset", {"dataset": "ECDS"}, "2 agreements of 2 organisations list “ECDS” now."),
        ("history-of-agreement", {"reference": FALLS.reference}, f"1 change was seen of {FALLS.reference}."),
        (
            "lost-dataset",
            {"dataset": CRITICAL},
            f"1 agreement of 1 organisation listed “{CRITICAL}”, and does not now.",
        ),
        ("company-controllers", {}, "2 data controllers named now have the name of a company."),
    ],
)
def test_a_sentence_speaks_of_one_as_of_one(served, slug, asked, sentence):
    answer = served.page(f"/questions/{slug}?{urlencode(asked)}").soup

    assert sentence in " ".join(answer.main.get_text().split())
