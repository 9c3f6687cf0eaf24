"""Names are offered while somebody types into a field: a bounded list, without script."""

import json
from urllib.parse import quote

import pytest

from snapshots.browse.parts.offered import MOST


@pytest.mark.parametrize(
    "address",
    ["/", "/compare", "/red-flags", "/expiring", "/questions/who-has-dataset", "/questions/who-cites"],
)
def test_a_field_offers_the_names_there_are_and_a_family(served, address):
    soup = served.page(address).soup
    fields = soup.select("main input[list]")
    names = {one["id"]: [option.get_text() for option in one.select("option")] for one in soup.select("datalist")}

    assert fields
    assert {field["list"] for field in fields} <= names.keys()
    assert all(0 < len(offered) <= MOST + 20 for offered in names.values())
    assert any("Hospital Episode Statistics" in name for name in names["datasets"])


@pytest.mark.parametrize("address", ["/", "/search?q=hes"])
def test_the_search_offers_names_of_each_sort_where_no_script_suggests_them_and_each_is_found(served, address):
    soup = served.page(address).soup
    offered = [option.get_text() for option in soup.select(f"datalist#{soup.select_one('#q')['list']} option")]

    assert "Hospital Episode Statistics (HES)" in offered
    for name in offered[:: len(offered) // 12]:
        assert "Nothing was found" not in served.page(f"/search?q={quote(name)}").words, name


def test_a_name_that_is_offered_is_understood(served):
    offered = served.page("/").soup.select("datalist#datasets option")

    for option in (offered[0], offered[-1]):
        answer = served.page(f"/questions/who-has-dataset?dataset={quote(option.get_text())}")
        assert "No dataset is called" not in answer.text


def test_a_legal_basis_that_is_offered_asks_for_itself_alone(served):
    now = json.loads(served.page("/register/legal_bases_now.json?_shape=array&_size=max").text)
    sections = {row["basis"].removesuffix("?") for row in now if not row["basis"].startswith("TEXT:")}
    offered = [option.get_text() for option in served.page("/").soup.select("datalist#bases option")]
    asked = {one: json.loads(served.page(f"/questions/who-cites.json?basis={quote(one)}").text) for one in offered}

    assert len(offered) == len(sections) > 5
    found = {one: {row["bases"].removesuffix("?") for row in rows} for one, rows in asked.items()}
    assert [one for one in offered if len(found[one]) != 1] == []


def test_changes_are_filtered_by_a_legal_basis_in_a_field(served):
    field = served.page("/?basis=s251").soup.select_one("main form input[name=basis]")

    assert (field["value"], field["list"]) == ("s251", "bases")
