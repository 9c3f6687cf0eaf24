"""What a page lacks once is still held (rule 6): every page that says who has what now has the same number."""

import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from snapshots.browse.app import addresses
from tests.harness.browse_server import serving
from tests.harness.editions import ADMISSIONS, FALLS, HARROWDALE, REGISTER, Page, Watch

ECDS = "Emergency Care Data Set (ECDS)"
ROADS = replace(FALLS, reference="DARS-NIC-600009-R4T5Y")
BASIS = "HSCA2012:s261(2)(a)"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a register in which an agreement was missing from its page for the first time in the last edition."""
    watch = Watch(tmp_path_factory.mktemp("missing-once"))
    watch.take(
        REGISTER | {"university_of_harrowdale": Page(HARROWDALE.organisation, (ADMISSIONS, ROADS))}, "2026-06-01"
    )
    watch.take(REGISTER, "2026-07-01")
    with serving(watch.database) as served:
        yield served


def rows(served, address, **asked):
    return json.loads(served.page(f"{address}.json{f'?{urlencode(asked)}' if asked else ''}").body)


def places(found):
    return sorted((row["page"], row["reference"]) for row in found)


def test_who_has_a_dataset_is_who_its_page_says(served):
    of_page = places(rows(served, addresses.dataset(ECDS)))

    assert len(of_page) == 3
    assert places(rows(served, "/questions/who-has-dataset", dataset=ECDS)) == of_page
    (held,) = [row for row in rows(served, "/questions/datasets-most-widely-held") if row["dataset"] == ECDS]
    assert held["organisations"] == 3


def test_who_cites_a_legal_basis_is_who_its_page_says(served):
    of_page = places(rows(served, addresses.legal_basis(BASIS)))

    assert len(of_page) == 4
    assert places(rows(served, "/questions/who-cites", basis=BASIS)) == of_page


def test_what_an_organisation_has_counts_it(served):
    found = rows(served, "/questions/what-organisation-has", organisation=HARROWDALE.organisation)
    assert ECDS in {row["dataset"] for row in found}
    (most,) = [
        row
        for row in rows(served, "/questions/organisations-most-agreements")
        if row["organisation"] == HARROWDALE.organisation
    ]
    assert most["agreements"] == 2
    assert most["datasets"] == len(found) == 4
