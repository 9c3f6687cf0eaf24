"""Tables in another order: a link above a table leads to the same rows, sorted, without script."""

import pytest


def column(served, address, part, n):
    """Return the words of one column of the table in a part."""
    rows = served.page(address).soup.find(id=part).find_parent("section").select("tbody tr")
    return [" ".join(row.find_all(["th", "td"])[n].get_text(" ").split()) for row in rows]


def sorted_by(served, address, part, words):
    """Return where the link to an order leads; what it leads to says that this is its order."""
    link = served.page(address).soup.find("a", string=words)
    assert served.page(link["href"].partition("#")[0]).soup.find("b", string=words)
    return link["href"].partition("#")[0]


def numbers(cells):
    return [int(cell.replace(",", "")) if cell[:1].isdigit() else -1 for cell in cells]


@pytest.mark.parametrize(
    ("address", "part", "words", "n"),
    [
        ("/datasets", "h-now", "Most agreements first", 1),
        ("/datasets", "h-now", "Most organisations first", 2),
        ("/legal-bases", "h-all", "Most organisations first", 2),
    ],
)
def test_the_most_come_first(served, address, part, words, n):
    found = numbers(column(served, sorted_by(served, address, part, words), part, n))

    assert len(set(found)) > 1
    assert found == sorted(found, reverse=True)


def test_agreements_of_an_organisation_are_sorted_by_their_columns(served, most):
    ends, kept = (
        column(served, address, "h-now", 1) for address in (sorted_by(served, most, "h-now", "By printed end"), most)
    )
    datasets = numbers(column(served, sorted_by(served, most, "h-now", "Most datasets first"), "h-now", 3))

    assert sorted(ends) == sorted(kept)
    assert [end.split(" to ")[-1] for end in ends if " to 2" in end] == sorted(
        end.split(" to ")[-1] for end in kept if " to 2" in end
    )
    assert datasets == sorted(datasets, reverse=True)


def test_red_flags_are_sorted_by_organisation_and_stay_so_on_the_next_piece(served):
    address = sorted_by(served, "/red-flags?rule=releases-after-the-end", "h-rows", "By organisation")
    names = column(served, address, "h-rows", 0)

    assert len(names) > 1
    assert names == sorted(names, key=str.casefold)


@pytest.mark.parametrize("address", ["/datasets", "/legal-bases", "/red-flags?rule=remark", "/datasets/hes"])
def test_an_order_that_there_is_not_is_refused_in_a_sentence(served, address):
    answer = served.get(f"{address}{'&' if '?' in address else '?'}sort=colour")

    assert answer.status == 400
    assert "A table can be sorted by" in answer.text
    assert "not by “colour”" in answer.text


@pytest.fixture(scope="module")
def most(served):
    """The page of the organisation with the most agreements."""
    first = served.page("/organisations?sort=agreements").soup.select_one("tbody th a")
    return first["href"]
