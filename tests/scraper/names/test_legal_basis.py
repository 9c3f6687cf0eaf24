"""Every legal basis we have seen gives its ids and families, and what we have not seen gives none of them."""

import random
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from scraper.names.fold import fold
from scraper.names.legal_basis import count_blank_cells, read_legal_bases, split_cells
from scraper.names.legal_families import FAMILIES, compared_ids, families_of, family_of, spell_out
from scraper.names.packaged import read_facts
from scraper.records import LegalBasis

FACTS = read_facts("legal-bases")
STRINGS: list[dict[str, Any]] = FACTS["strings"]
VECTORS: list[dict[str, Any]] = FACTS["field_vectors"]
RAW = sorted({entry["raw"].strip() for entry in STRINGS} - {""})
KNOWN_IDS = {basis_id for entry in STRINGS for basis_id in entry["canonical"]}
S261 = "Health and Social Care Act 2012 – s261"

cells = st.lists(st.sampled_from(RAW), max_size=8)


def ids(field: str) -> list[str]:
    return [basis.id for basis in read_legal_bases(field)]


@pytest.mark.parametrize("entry", STRINGS, ids=lambda entry: entry["raw"] or "blank")
def test_every_known_text_gives_its_ids_and_families(entry: dict[str, Any]) -> None:
    assert ids(entry["raw"]) == sorted(entry["canonical"])
    assert families_of(entry["canonical"]) == frozenset(entry["families"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_known_field_gives_its_cells_ids_and_families(vector: dict[str, Any]) -> None:
    assert split_cells(vector["raw"]) == vector["cells"]
    assert count_blank_cells(vector["raw"]) == vector["blank_cells"]
    assert ids(vector["raw"]) == sorted(vector["canonical_set"])
    assert families_of(ids(vector["raw"])) == frozenset(vector["families"])


@given(cells)
def test_joining_then_splitting_is_the_identity(known: list[str]) -> None:
    assert split_cells(", ".join(known)) == known


@given(cells, st.randoms(use_true_random=False))
def test_the_order_of_cells_does_not_count(known: list[str], order: random.Random) -> None:
    shuffled = order.sample(known, len(known))

    assert split_cells(", ".join(shuffled)) == shuffled
    assert ids(", ".join(shuffled)) == ids(", ".join(known))


@given(st.one_of(st.text(), cells.map(", , ".join), st.text(st.sampled_from("Other-Section 36, ;(\n"))))
def test_splitting_loses_no_character_but_spaces_and_commas(field: str) -> None:
    def inked(text: str) -> str:
        return "".join(text.replace(",", "").split())

    assert inked("".join(split_cells(field))) == inked(field)


@given(cells, st.data())
def test_a_lost_or_changed_dash_leaves_the_ids_alone(known: list[str], data: st.DataObject) -> None:
    field = ", ".join(known)
    pieces = field.replace("–", "-").split("-")
    dashes = data.draw(st.lists(st.sampled_from(["-", "–", "—", "", " "]), min_size=len(pieces), max_size=len(pieces)))
    changed = "".join(piece + dash for piece, dash in zip(pieces, [*dashes[1:], ""], strict=True))

    assert ids(changed) == ids(field)


@given(cells, st.sampled_from(["'", "’", "‘", "“", ""]), st.sampled_from([" ", "  ", "\N{NO-BREAK SPACE}", "\n"]))
def test_quotes_and_spaces_leave_the_ids_alone(known: list[str], quote: str, space: str) -> None:
    field = ", ".join(known)

    assert ids(field.replace("'", quote).replace(" ", space)) == ids(field)


@given(st.text())
@example("Health and Social Care Bill 2012 – s261(2)(c)")
@example("Health and Social Care Act 2012 Schedule 13, Part 9, subsection 11")
@example("Consent")
@example("various things under s261(7)")
@example("pursuant to section 287 of the Health and Social Care Act (2012)")
@example("NHS England Directions")
def test_unknown_text_never_becomes_a_known_id(text: str) -> None:
    assume(fold(text) not in map(fold, RAW))
    assert KNOWN_IDS.isdisjoint(ids(text))


@given(st.text(st.characters(exclude_characters=",;"), min_size=1))
def test_unknown_text_is_known_by_its_fold(text: str) -> None:
    assume(fold(text) and not text.lstrip().casefold().startswith("other"))
    assert ids(text) == ["TEXT:" + sha256(fold(text.strip()).encode()).hexdigest()[:12]]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (f"{S261}(9)", ["HSCA2012:s261(9)"]),
        (f"{S261} (2) (c)", ["HSCA2012:s261(2)(c)"]),
        ("Health and Social Care Act 2012 – s26(12)(c)", ["HSCA2012:s26(12)(c)"]),
        ("Health and Social Care Act 2012 - section 261(7)", ["HSCA2012:s261(7)"]),
        (f"{S261}(2)(b)(ii) and s261(2)(c)", ["HSCA2012:s261(2)(b)(ii)", "HSCA2012:s261(2)(c)"]),
        (f"{S261}(2)(b)(ii) / s261(2)(c)", ["HSCA2012:s261(2)(b)(ii)", "HSCA2012:s261(2)(c)"]),
        ("Section 251 of the NHS Act 2006", ["NHSA2006:s251"]),
        ("Section 251 NHS Act 2006", ["NHSA2006:s251"]),
        ("Section 251 approval (CAG 7-04(a)/2013) is in place", ["NHSA2006:s251"]),
        ("Informed Patient consent of 2 March 2019", ["CONSENT:informed"]),
        ("COPI Notice", ["COPI2002"]),
        ("COPI Notice of 20 March 2020", ["COPI2002"]),
        ("UK GDPR Article 6(1)(e)", ["UKGDPR:art6(1)(e)"]),
        ("NHS England Cancer Data Directions 2027", ["DIR:nhse-cancer-data-2027"]),
        ("Other – Section 36, Health Act 2009", ["HA2009:s36"]),
    ],
)
def test_other_sections_of_known_acts_get_ids_by_the_grammar(field: str, expected: list[str]) -> None:
    assert ids(field) == expected


@pytest.mark.parametrize("tail", [", Data Act 2031", " and 2 others", " under notice 17"])
def test_what_follows_a_citation_is_not_lost(tail: str) -> None:
    first, second = ids(f"{S261}(7){tail}")

    assert first == "HSCA2012:s261(7)"
    assert second.startswith("TEXT:")


def test_a_citation_that_a_free_text_marks_as_its_ground_is_presumed() -> None:
    field = "CQC powers of entry. Dissemination: Health and Social Care Act 2012 - s261(5)(d)"

    assert [basis_id[:20] for basis_id in ids(field)] == ["HSCA2012:s261(5)(d)?", ids(field)[1]]
    assert ids(field)[1].startswith("TEXT:")


def test_other_in_front_of_a_text_is_not_part_of_it() -> None:
    assert ids("Other-Data Act 2031") == ids("Other - Data Act 2031") == ids("Data Act 2031")


def test_other_alone_is_a_text_too() -> None:
    assert len(ids("Other-")) == len(ids("Other")) == 1
    assert ids("–") == []


def test_otherwise_is_not_other() -> None:
    assert ids("otherwise lawful") != ids("wise lawful")
    assert split_cells("Data Act 2031, other lawful grounds") == ["Data Act 2031, other lawful grounds"]


def test_printed_is_the_first_basis_that_gave_the_id() -> None:
    field = f"Other-Data Act 2031; {S261}(7), Health and Social Care Act 2012 s261(7)"

    assert read_legal_bases(field)[0] == LegalBasis("HSCA2012:s261(7)", "s251-support", f"{S261}(7)")
    assert read_legal_bases(field)[1].printed == "Other-Data Act 2031"


@pytest.mark.parametrize(
    ("listed", "compared"),
    [
        (["HSCA2012:s261(1)", "HSCA2012:s261(2)(b)(ii)"], {"HSCA2012:s261(2)(b)(ii)"}),
        (["HSCA2012:s261(1)", "HSCA2012:s261"], {"HSCA2012:s261"}),
        (["HSCA2012:s261(1)", "HSCA2012"], {"HSCA2012:s261(1)", "HSCA2012"}),
        (["HSCA2012:s261(1)"], {"HSCA2012:s261(1)"}),
        (["HSCA2012:s261(1)", "HSCA2012:s2610"], {"HSCA2012:s261(1)", "HSCA2012:s2610"}),
        (["COPI2002:r3", "COPI2002:r3?"], {"COPI2002:r3"}),
        ([], set()),
    ],
)
def test_what_comparisons_see(listed: list[str], compared: set[str]) -> None:
    assert compared_ids(listed) == compared


@pytest.mark.parametrize(
    ("basis_id", "family"),
    [
        ("HSCA2012", "s261-dissemination"),
        ("HSCA2012:s261(9)", "s261-dissemination"),
        ("HSCA2012:s261(7)(a)", "s251-support"),
        ("HSCA2012:s259", "directions-s254-s259"),
        ("HSCA2012:s287", "other"),
        ("COPI2002:r3?", "copi-regulations"),
        ("SRSA2007:s42", "srsa2007-other"),
        ("UKGDPR:art6(1)(e)", "other"),
        ("TEXT:0123456789ab", "other"),
        ("", "other"),
    ],
)
def test_families_are_decided_by_the_table(basis_id: str, family: str) -> None:
    assert family_of(basis_id) == family
    assert family in FAMILIES


def test_no_basis_is_not_recorded() -> None:
    assert read_legal_bases(" ") == ()
    assert families_of(()) == {"not-recorded"}


@pytest.mark.parametrize("basis_id", sorted(KNOWN_IDS))
def test_every_known_id_can_be_spelled_out(basis_id: str) -> None:
    words = spell_out(basis_id)

    assert words
    assert ":" not in words
    assert "?" not in words


@pytest.mark.parametrize(
    ("basis_id", "printed", "words"),
    [
        ("SRSA2007:s45A", "", "section 45A of the Statistics and Registration Service Act 2007"),
        ("UKGDPR:art6(1)(e)", "", "article 6(1)(e) of the UK General Data Protection Regulation"),
        ("NHSA2006", "", "the National Health Service Act 2006"),
        ("DIR:nhse-cancer-2027", "NHS England Cancer Directions 2027", "“NHS England Cancer Directions 2027”"),
        ("TEXT:0123456789ab", " Data Act 2031 ", "“Data Act 2031”"),
        ("TEXT:0123456789ab", "", "TEXT:0123456789ab"),
    ],
)
def test_ids_are_spelled_out_with_care(basis_id: str, printed: str, words: str) -> None:
    assert spell_out(basis_id, printed) == words


@pytest.mark.large
@pytest.mark.parametrize(
    "unit",
    [
        " ",
        ",",
        ";",
        "(",
        "1",
        "s261",
        "s261(2) and ",
        "and ",
        ", Other-",
        "health and social care act 2012 s261(",
        "Other ",
        "nhs england ",
        "dissemination:",
        " as amended by",
        "-",
        "–'",
        "a,",
        "a;",
        "Section 36, ",
    ],
)
def test_a_megabyte_of_anything_is_read_in_time(unit: str) -> None:
    read_legal_bases(S261 + unit * (1_000_000 // len(unit)))
    read_legal_bases(unit * (1_000_000 // len(unit)) + S261)
