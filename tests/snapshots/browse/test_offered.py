"""Names are offered while somebody types into a field: a bounded list, without script."""

from urllib.parse import quote

import pytest

from snapshots.browse.parts.offered import MOST
from tests.harness.browse_server import register_database, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(register_database(tmp_path_factory.mktemp("browse"))) as served:
        yield served


@pytest.mark.parametrize(
    "address",
    ["/", "/compare", "/red-flags", "/expiring", "/questions/who-has-dataset", "/questions/what-organisation-has"],
)
def test_a_field_offers_the_names_there_are_and_a_family(served, address):
    soup = served.page(address).soup
    fields = soup.select("main input[list]")
    names = {one["id"]: [option.get_text() for option in one.select("option")] for one in soup.select("datalist")}

    assert fields
    assert {field["list"] for field in fields} <= names.keys()
    assert all(0 < len(offered) <= MOST + 20 for offered in names.values())
    assert any("Hospital Episode Statistics" in name for name in names["datasets"])


def test_a_name_that_is_offered_is_understood(served):
    offered = served.page("/").soup.select("datalist#datasets option")

    for option in (offered[0], offered[-1]):
        answer = served.page(f"/questions/who-has-dataset?dataset={quote(option.get_text())}")
        assert "No dataset is called" not in answer.text
