"""A change as a value: its id, for ever the same for what it says, and its public form."""

import hashlib
import json
from dataclasses import replace
from random import Random

import pytest

from diff.change import Change, fact_id, group_id
from diff.details import Details, Span
from diff.kinds import ChangeKind
from diff.severity import Severity
from tests.harness.builders import DEATHS, HES, PLAIN, SLUG, Watched, a_change, after, agreement, bases, edited, page

NEW = "Emergency Care Data Set (ECDS)"


def hashed(*array):
    text = json.dumps(array, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def test_an_id_hashes_what_the_change_says_folded_and_nothing_else():
    (added,) = edited(datasets=(HES, DEATHS, NEW))
    (basis,) = edited(legal_bases=bases(PLAIN, "NHSA2006:s251"))
    (end,) = edited(dsa_end="2027-03-12")

    reference = "DARS-NIC-918274-K4R7T"
    assert added.id == hashed("dataset-added", reference, "datasets", None, None, ["emergencycaredatasetecds"], [], 0)
    pair = [["hsca2012s2612a"], ["hsca2012s2612a", "nhsa2006s251"]]
    assert basis.id == hashed("legal-basis-changed", reference, "legal_bases", *pair, ["nhsa2006s251"], [], 0)
    assert end.id == hashed("dsa-extended", reference, "dsa_end", "20260312", "20270312", [], [], 0)


def test_the_id_of_a_change_of_a_page_holds_its_slug():
    (change,) = Watched(page(agreement(), files=58)).see(page(agreement(), files=61))

    assert change.id == hashed("files-count-changed", SLUG, "files_disseminated", 58, 61, [], [], 0)


def test_the_id_of_a_group_holds_the_date_of_its_run():
    def pages(**fields):
        return page(*(agreement(f"DARS-NIC-{100000 + n}-A1B2C", **fields) for n in range(25)))

    (sets,) = Watched(pages()).see(pages(sublicensing=("Yes",)))
    (single,) = Watched(pages()).see(pages(dsa_end="2027-03-12"))

    day = "2025-02-01"
    assert sets.id == hashed("group", "sublicensing-changed", "sublicensing", ["yes"], ["no"], None, None, day)
    assert single.id == hashed("group", "dsa-extended", "dsa_end", [], [], "20260312", "20270312", day)


def test_typography_bytes_and_time_are_no_part_of_an_id():
    (plain,) = edited(datasets=(HES, DEATHS, NEW))
    (curled,) = after(agreement(), agreement(), agreement(datasets=(HES.upper(), NEW.replace(" ", "  "), DEATHS)))

    assert plain.id == curled.id
    assert plain.first_seen != curled.first_seen
    assert plain.snapshot_after != curled.snapshot_after


KEYS = (
    "id kind severity substantive organisation page reference title field before after added removed families details "
    "summary first_seen run snapshot_before snapshot_after group agreements withdrawn"
).split()


@pytest.mark.parametrize("edit", [{"sublicensing": ("Yes",)}, {"legal_bases": bases("NHSA2006:s251")}, {"title": None}])
def test_the_public_form_has_the_fields_of_the_contract_and_is_json(edit):
    for change in edited(2, **edit) or edited(**edit):
        public = change.to_json()

        assert list(public) == KEYS
        assert json.loads(json.dumps(public)) == public
        assert Change.from_json(public) == change


def test_families_are_given_for_legal_bases_alone():
    (basis,) = edited(legal_bases=bases(PLAIN, "NHSA2006:s251"))
    (end,) = edited(dsa_end="2027-03-12")

    assert basis.to_json()["families"] == {"added": ["s251-support"], "removed": []}
    assert end.to_json()["families"] is None


def test_a_change_reads_back_from_its_public_form():
    whole = a_change(
        "text-changed",
        before="One.",
        after=None,
        added=["one"],
        families={"added": [], "removed": ["consent"]},
        details={
            "words_out": 1,
            "term_before": {"start": "2023-03-13", "end": None, "word": "No"},
            "term_after": {"start": "2023-03-13", "end": "2026-03"},
            "printed": {"TEXT:228c98f57f3f": "A letter"},
            "also_on": ["NHS England"],
            "listed_again": True,
        },
    )

    public = json.loads(json.dumps(whole.to_json()))

    assert Change.from_json(public) == whole
    assert whole.details.term_before == Span("2023-03-13", None, "No")
    assert public["details"]["term_after"] == {"start": "2023-03-13", "end": "2026-03"}
    assert {whole, replace(whole, id="")} == {whole, replace(whole, id="")}


def test_details_are_no_part_of_an_id():
    change = a_change("agreement-added")

    assert fact_id(change, 0) == fact_id(replace(change, details=Details(listed_again=True)), 0)


def digest(array):
    text = json.dumps(array, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def test_ids_of_another_register_begin_with_its_name():
    first = replace(a_change("agreement-added"), reference=None)
    other = replace(first, page=f"nhs-official/{first.page}")
    says = [first.kind.value, first.page, None, None, None, [], [], 0]

    assert fact_id(first, 0) == digest(says)
    assert fact_id(other, 0) == digest(["nhs-official", *says])
    assert fact_id(replace(other, reference="R"), 1) == digest(
        ["nhs-official", first.kind.value, "R", None, None, None, [], [], 1]
    )
    edit = ("text-changed", "outputs", ["a"], ["b"], None, None, "2026-11-01")
    assert group_id(*edit, page=first.page) == digest(["group", *edit])
    assert group_id(*edit, page=other.page) == digest(["nhs-official", "group", *edit])


def test_changes_are_listed_newest_first_then_by_severity_organisation_reference_and_kind():
    (one,) = edited(dsa_end="2027-03-12")
    later = replace(one, first_seen="2026-01-01T03:00:00Z", severity=Severity.INFO)
    higher = replace(one, severity=Severity.HIGH)
    before = replace(one, organisation="A Trust")
    other = replace(one, reference="DARS-NIC-000001-A1B2C")
    kind = replace(one, kind=ChangeKind.DATASET_ADDED)
    page_only = replace(one, organisation=None, reference=None)

    order = [later, higher, page_only, before, other, kind, one]
    assert sorted(Random(1).sample(order, len(order)), key=Change.sort_key) == order


def test_severities_are_ranked_and_kinds_are_those_of_the_contract():
    assert [str(s) for s in sorted(Severity, key=lambda s: s.rank)] == ["high", "medium", "low", "info"]
    assert len(ChangeKind) == 42
