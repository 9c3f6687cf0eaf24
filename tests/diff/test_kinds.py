"""The table of kinds: a row for each, every column filled."""

from dataclasses import fields

import pytest

from diff.kinds import ChangeKind, Kind
from diff.saying.phrase import Phrase, Told
from diff.severity import Severity
from scraper.names.vocabulary import default_vocabulary
from scraper.records import FIELDS
from tests.harness.builders import a_change

NOTHING = frozenset()


@pytest.mark.parametrize("kind", ChangeKind)
def test_every_kind_has_every_column_filled(kind):
    row = kind.row
    texts = (row.name, row.when, row.heading)

    assert all(text and text == text.strip() for text in texts)
    assert {field.name for field in fields(Kind)} == {
        "name", "when", "severity", "weighed", "heading", "sentence", "phrase", "grouped", "grouped_in",
        "editorial", "gathers",
    }  # fmt: skip
    assert isinstance(row.severity, Severity) or row.weighed, "how it is weighed is said"
    assert row.weigh(NOTHING, NOTHING, default_vocabulary()) in Severity
    assert not row.heading[0].isupper()


@pytest.mark.parametrize("kind", ChangeKind)
def test_every_kind_is_said_in_a_sentence_and_in_few_words(kind):
    field = next((name for name, one in FIELDS.items() if one.kind == kind), "dsa_end")
    change = a_change(
        kind, field=field, before="2026-03-12", after="2027-03-12", added=["One"], removed=["Other"],
        details={
            "term_before": {"start": None, "end": "2026-03-12"}, "term_after": {"start": None, "end": "2027-03-12"},
            "words_out": 1, "words_in": 2,
        },
    )  # fmt: skip

    assert kind.row.sentence(change)
    assert isinstance(kind.row.phrase(Told(change)), Phrase)


def test_a_kind_is_found_by_its_name_and_is_its_name():
    assert ChangeKind("dsa-extended") is ChangeKind.DSA_EXTENDED == "dsa-extended"
    assert [kind.value for kind in ChangeKind] == [kind.row.name for kind in ChangeKind]


def test_headings_tell_kinds_apart():
    assert len({kind.row.heading for kind in ChangeKind}) == len(ChangeKind)


def test_what_happens_to_pages_agreements_and_the_site_is_never_grouped():
    single = {kind.value for kind in ChangeKind if not kind.row.grouped}

    assert single == {
        "organisation-added", "organisation-removed", "organisation-renamed", "reorganisation",
        "agreement-added", "agreement-removed", "version-added", "version-removed",
        "agreement-moved", "incident-noted", "incident-removed", "flag-raised", "flag-cleared", "files-count-changed",
        "layout-changed",
    }  # fmt: skip


def test_editorial_kinds_matter_to_nobody():
    editorial = {kind.value: kind.row.severity for kind in ChangeKind if kind.row.editorial}

    assert editorial == dict.fromkeys(("files-count-changed", "layout-changed", "wording-changed"), Severity.INFO)
