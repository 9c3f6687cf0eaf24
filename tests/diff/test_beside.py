"""The pages beside the official register: each fact that one has and the other lacks, and nothing that is explained."""

from typing import Any

import pytest

from diff.beside import COMPARED, SETS, differences
from scraper.names.vocabulary import default_vocabulary

VOCABULARY = default_vocabulary()
HES, HES_NOW = "Hospital Episode Statistics Outpatients", "Hospital Episode Statistics Outpatients (HES OP)"


def page(**fields: Any) -> dict[str, Any]:
    record: dict[str, Any] = dict.fromkeys(("title", "dsa_start", "dsa_end", *SETS))
    record |= {"reference": "DARS-NIC-204517-H6M2P", "unprinted": frozenset()}
    record |= {"dsa_start": "2022-03-13", "dsa_end": "2026-03-12", "title": "Falls in winter"}
    return record | fields


def version(number: str = "1.2", **fields: Any) -> dict[str, Any]:
    return page(reference=f"DARS-NIC-204517-H6M2P-v{number}", version=number) | fields


def told(pages, versions):
    found = differences(pages, versions, VOCABULARY)
    return [(one.field, one.page, one.official, one.version) for one in found]


def test_equal_sides_do_not_differ():
    assert told([page()], [version()]) == []
    assert told([], []) == []


def test_what_stands_on_one_side_only_is_one_element():
    assert told([page(datasets=["A"])], []) == [("reference", "DARS-NIC-204517-H6M2P", None, None)]
    assert told([], [version("2.0"), version("1.2")]) == [("reference", None, "DARS-NIC-204517-H6M2P-v2.0", "2.0")]


def test_the_term_is_held_against_that_of_the_newest_version():
    versions = [version("2.0", dsa_start="2026-03-13", dsa_end="2029-03-12"), version()]

    assert told([page()], versions) == [("dsa_end", "2026-03-12", "2029-03-12", "2.0")]
    assert told([page(dsa_end="2029-03-12")], versions) == [("dsa_start", "2022-03-13", "2026-03-13", "2.0")]
    assert told([page(dsa_start="2026-03", dsa_end="2029-03")], versions) == []


def test_a_term_that_the_layout_does_not_print_is_no_difference():
    assert told([page(dsa_start=None, dsa_end=None, unprinted={"dsa_start", "dsa_end"})], [version()]) == []
    assert told([page(dsa_start=None, dsa_end=None)], [version()]) == [("dsa_end", None, "2026-03-12", "1.2")]
    assert told([page()], [version(dsa_start=None, dsa_end=None)]) == []


def test_a_title_of_any_version_is_the_title():
    versions = [version("2.0", title="Falls in spring"), version(title="FALLS – in winter")]

    assert told([page()], versions) == []
    assert told([page(title=None)], versions) == []
    assert told([page(title="Fog")], versions) == [("title", "Fog", "Falls in spring", "2.0")]


def test_sets_are_held_against_all_versions_together():
    versions = [version("2.0", datasets=["B", "C"]), version("1.2", datasets=["A", "B"])]

    assert told([page(datasets=["A", "B", "C"])], versions) == []
    assert told([page(datasets=["A", "B", "D"])], versions) == [
        ("datasets", "D", None, None),
        ("datasets", None, "C", "2.0"),
    ]
    assert told([page(datasets=["A"]), page(datasets=["B", "C"])], versions) == []


@pytest.mark.parametrize("field", SETS)
def test_a_set_that_one_side_does_not_print_is_no_difference(field):
    assert told([page(**{field: None})], [version(**{field: ["Yes"]})]) == []
    assert told([page(**{field: ["Yes"]})], [version(**{field: None})]) == []


@pytest.mark.parametrize(
    ("field", "printed", "official"),
    [
        ("datasets", [HES], [HES_NOW]),
        ("datasets", ["Bridge file – Births  to Deaths"], ["BRIDGE FILE Births to Deaths"]),
        ("controllers", ["UNIVERSITY OF MANCHESTER"], ["THE UNIVERSITY OF MANCHESTER"]),
        ("controllers", ["NHS BARNSLEY CCG"], ["NHS SOUTH YORKSHIRE ICB - 02P"]),
        ("controllers", ["NHS ENGLAND - X26"], ["NHS ENGLAND (QUARRY HOUSE)"]),
        ("controllers", ["HARROWDALE", "FELL AND DALE COUNCIL"], ["HARROWDALE, FELL AND DALE COUNCIL"]),
        ("controllers", ["HARROWDALE, FELL AND DALE COUNCIL"], ["HARROWDALE", "FELL AND DALE COUNCIL"]),
        ("legal_bases", ["HSCA2012:s261(1)", "HSCA2012:s261(2)(b)(ii)"], ["HSCA2012:s261(2)(b)(ii)"]),
        ("legal_bases", ["COPI2002:r3?"], ["COPI2002:r3"]),
        ("opt_outs", ["No - data flow is not identifiable", "No", "Identifiable"], ["No"]),
        ("opt_outs", ["Y"], ["Yes"]),
        ("access_methods", ["Frequent adhoc flow"], ["Frequent Adhoc Flow"]),
    ],
)
def test_what_a_name_or_typography_explains_is_none(field, printed, official):
    assert told([page(**{field: printed})], [version(**{field: official})]) == []


def test_what_is_another_body_or_answer_is_one():
    sides = (
        [page(controllers=["HARROWDALE, FELL AND DALE COUNCIL"], opt_outs=["Yes"])],
        [version(controllers=["HARROWDALE COUNCIL"], opt_outs=["Yes", "No"])],
    )

    assert told(*sides) == [
        ("controllers", "HARROWDALE, FELL AND DALE COUNCIL", None, None),
        ("controllers", None, "HARROWDALE COUNCIL", "1.2"),
        ("opt_outs", None, "No", "1.2"),
    ]


def test_every_field_of_a_difference_is_named():
    assert COMPARED[:4] == ("reference", "title", "dsa_end", "dsa_start")
    assert set(SETS) <= set(COMPARED)
