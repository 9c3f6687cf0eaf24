"""The known names: every listed one is found, no other one is made up."""

import pickle
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import VocabularyError
from scraper.names.fold import fold
from scraper.names.organisations import code_of
from scraper.names.packaged import read_facts
from scraper.names.vocabulary import default_vocabulary, parse_vocabulary

DATASETS = read_facts("datasets")
ORGANISATIONS = read_facts("organisations")
ENTRIES: list[dict[str, Any]] = ORGANISATIONS["entries"]
NAMES = sorted(
    {name for entry in ENTRIES for name in (*entry["from"], entry["to"], entry.get("parent", entry["to"]))}
    | {name for pair in ORGANISATIONS["distinct"] for name in pair}
    | set(ORGANISATIONS["comma_names"])
)
VOCABULARY = default_vocabulary()


def is_known(entry: dict[str, Any]) -> bool:
    return str(entry["confidence"]).startswith(("high", "medium"))


KNOWN_ALIASES = [alias for alias in DATASETS["aliases"] if is_known(alias)]
UNKNOWN_ALIASES = [alias for alias in DATASETS["aliases"] if not is_known(alias)]


def how(entry: dict[str, Any]) -> str:
    return f"{entry['from'][0]} > {entry['to']}"


# Datasets


@pytest.mark.parametrize("alias", KNOWN_ALIASES, ids=lambda alias: alias["canonical"])
def test_every_listed_alias_with_confidence_is_one(alias: dict[str, Any]) -> None:
    for variant in alias["variants"]:
        assert VOCABULARY.same_dataset(variant, alias["canonical"])
        assert VOCABULARY.dataset_canonical(variant) == alias["canonical"]
        assert VOCABULARY.dataset_names(variant) == set(map(fold, alias["variants"]))


@pytest.mark.parametrize("alias", UNKNOWN_ALIASES, ids=lambda alias: alias["canonical"])
def test_an_alias_with_low_confidence_is_none(alias: dict[str, Any]) -> None:
    newer, older = alias["variants"]

    assert not VOCABULARY.same_dataset(newer, older)
    assert VOCABULARY.dataset_canonical(older) == older
    assert VOCABULARY.dataset_names(older) == {fold(older)}


@pytest.mark.parametrize("pair", DATASETS["different_datasets"], ids=lambda pair: f"{pair['a']} / {pair['b']}")
def test_different_datasets_stay_apart(pair: dict[str, str]) -> None:
    assert not VOCABULARY.same_dataset(pair["a"], pair["b"])


def test_candidates_and_local_flows_are_no_aliases() -> None:
    pairs = [(pair["a"], pair["b"]) for pair in DATASETS["unreviewed_candidates"]]
    pairs += [(pair["current"], pair["old_2016_17"]) for pair in DATASETS["local_provider_flows"]]

    assert [pair for pair in pairs if VOCABULARY.same_dataset(*pair)] == []


def test_names_that_fold_alike_are_one_dataset() -> None:
    assert VOCABULARY.same_dataset("NDRS Linked HES A&E ", "NDRS linked HES A&E")
    assert VOCABULARY.dataset_canonical("Never Seen") == "Never Seen"


# Successions


@pytest.mark.parametrize("entry", ENTRIES, ids=how)
def test_every_listed_organisation_is_followed_as_listed(entry: dict[str, Any]) -> None:
    expected = "known" if is_known(entry) else "presumed"

    assert {VOCABULARY.succession(name, entry["to"]) for name in entry["from"]} == {expected}
    same_code = code_of(entry["to"]) and code_of(entry["from"][0]) == code_of(entry["to"])
    backwards = VOCABULARY.succession(entry["to"], entry["from"][0])
    assert backwards == (expected if entry["kind"] == "alias" or same_code else None)


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if "parent" in entry], ids=how)
def test_a_place_and_its_own_board_are_one_body(entry: dict[str, Any]) -> None:
    place, board = entry["to"], entry["parent"]

    assert VOCABULARY.succession(place, board) == VOCABULARY.succession(board, place) == "known"
    assert VOCABULARY.succession(entry["from"][0], board) == "known"


def test_different_codes_are_different_places() -> None:
    places = [name for name in NAMES if code_of(name)]

    assert [
        (one, other)
        for one in places
        for other in places
        if (VOCABULARY.succession(one, other) is not None) != (code_of(one) == code_of(other))
    ] == []


def test_distinct_bodies_are_joined_only_by_a_listed_succession() -> None:
    listed = {
        (fold(name), fold(entry["to"])) for entry in ENTRIES if entry["kind"] == "succession" for name in entry["from"]
    }

    for one, other in ORGANISATIONS["distinct"]:
        for old, new in ((one, other), (other, one)):
            assert (VOCABULARY.succession(old, new) is not None) == ((fold(old), fold(new)) in listed)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("NHS Leicester City CCG", "NHS LEICESTER, LEICESTERSHIRE AND RUTLAND ICB  04C", "known"),
        ("NHS ENGLAND (QUARRY HOUSE)", "NHS ENGLAND (SKIPTON HOUSE)", "known"),
        ("NHS DIGITAL", "NHS ENGLAND - X26", "known"),
        ("NHS ENGLAND - X26", "NHS DIGITAL", None),
        ("NHS CAMDEN CCG", "NHS WEST AND NORTH LONDON ICB - 93C", "known"),
        ("NHS BRIGHTON AND HOVE CCG", "NHS SURREY AND SUSSEX INTEGRATED CARE BOARD", "known"),
        ("NHS BRIGHTON AND HOVE CCG", "NHS SUSSEX ICB - 70F", None),
        ("NHS SUSSEX INTEGRATED CARE BOARD", "NHS SURREY AND SUSSEX ICB - 92A", None),
        ("NHS CENTRAL EAST ICB - 06K", "NHS ESSEX INTEGRATED CARE BOARD", None),
        ("NHS FRIMLEY ICB - D4U1Y", "NHS THAMES VALLEY ICB", "presumed"),
        ("NHSX", "NHS ENGLAND", "presumed"),
        ("BURTON HOSPITALS NHS FOUNDATION TRUST", "BIRMINGHAM WOMEN'S NHS FOUNDATION TRUST", None),
        ("NEVER SEEN", "NHS ENGLAND", None),
        ("Never Seen", "NEVER SEEN", "known"),
    ],
)
def test_paths_are_followed_to_their_end(old: str, new: str, expected: str | None) -> None:
    assert VOCABULARY.succession(old, new) == expected


def test_a_place_under_a_board_we_do_not_know_is_known_by_its_code() -> None:
    assert VOCABULARY.succession("NHS BARNSLEY CCG", "NHS NEW NORTHERN ICB - 02P") == "known"
    assert VOCABULARY.succession("NHS SOUTH YORKSHIRE ICB - 02P", "NHS NEW NORTHERN ICB - 02P") == "known"
    assert VOCABULARY.succession("NHS BARNSLEY CCG", "NHS NEW NORTHERN ICB - 02Q") is None


def test_predecessors_and_successors_mirror_each_other() -> None:
    spelled = {fold(name): name for name in NAMES}

    for name in NAMES:
        for other in VOCABULARY.successors(name):
            assert fold(name) in VOCABULARY.predecessors(spelled[other])
        for other in VOCABULARY.predecessors(name):
            assert fold(name) in VOCABULARY.successors(spelled[other])


def test_an_unknown_name_is_its_own_only_predecessor() -> None:
    assert VOCABULARY.predecessors("Never Seen") == VOCABULARY.successors("Never Seen") == {"neverseen"}


# Lists of controllers


@given(st.lists(st.sampled_from(NAMES), max_size=10))
def test_joined_names_are_taken_apart_again(names: list[str]) -> None:
    assert VOCABULARY.split_controllers(", ".join(names)) == names
    assert VOCABULARY.split_controllers(", ".join(names).title()) == [name.title() for name in names]


@given(st.lists(st.sampled_from(NAMES), max_size=6), st.sampled_from(["", " ", "–"]), st.sampled_from(["", "’"]))
def test_lost_dashes_and_quotes_do_not_change_where_names_end(names: list[str], dash: str, quote: str) -> None:
    printed = [name.replace("-", dash).replace("'", quote) for name in names]

    assert VOCABULARY.split_controllers(", ".join(printed)) == printed


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        (" , ,", []),
        ("ACME TRIALS, INC. , ICO", ["ACME TRIALS, INC.", "ICO"]),
        ("ACME TRIALS,LTD", ["ACME TRIALS,LTD"]),
        ("INC, ICO", ["INC", "ICO"]),
        ("NHS NORTHAM, SOUTHAM & WESTHAM ICB - 01X, ICO", ["NHS NORTHAM, SOUTHAM & WESTHAM ICB - 01X", "ICO"]),
        ("NHS DIGITAL, NEL CSU", ["NHS DIGITAL", "NEL CSU"]),
        ("NHS DIGITAL, NORTHAM AND SOUTHAM CCG", ["NHS DIGITAL", "NORTHAM AND SOUTHAM CCG"]),
        (
            "NHS NORTHAM, SOUTHAM COUNCIL, NHS EASTHAM AND WESTHAM CCG",
            ["NHS NORTHAM", "SOUTHAM COUNCIL", "NHS EASTHAM AND WESTHAM CCG"],
        ),
        ("THREE TOWNS (NORTHAM, SOUTHAM AND WESTHAM), ICO", ["THREE TOWNS (NORTHAM, SOUTHAM AND WESTHAM)", "ICO"]),
        ("THREE TOWNS (NORTHAM, SOUTHAM, ICO", ["THREE TOWNS (NORTHAM", "SOUTHAM", "ICO"]),
        (
            "BCP COUNCIL BOURNEMOUTH, CHRISTCHURCH AND POOLE, ICO",
            ["BCP COUNCIL BOURNEMOUTH, CHRISTCHURCH AND POOLE", "ICO"],
        ),
        (
            "RUTLAND COUNCIL, CUMBRIA, NORTHUMBERLAND, TYNE AND WEAR NHS FOUNDATION TRUST",
            [
                "RUTLAND COUNCIL",
                "CUMBRIA, NORTHUMBERLAND, TYNE AND WEAR NHS FOUNDATION TRUST",
            ],
        ),
    ],
)
def test_commas_in_names_do_not_end_them(text: str, names: list[str]) -> None:
    assert VOCABULARY.split_controllers(text) == names


@pytest.mark.large
@pytest.mark.parametrize("unit", [",", "A,", "NHS X,", "(,", "NHS A, B AND C", " "])
def test_a_megabyte_of_controllers_is_taken_apart_in_time(unit: str) -> None:
    VOCABULARY.split_controllers(unit * (1_000_000 // len(unit)))


@pytest.mark.parametrize("suffix", ORGANISATIONS["corporate_suffixes"])
def test_a_corporate_suffix_is_a_word_of_its_own(suffix: str) -> None:
    assert VOCABULARY.is_corporate(f"Acme {suffix}")
    assert VOCABULARY.is_corporate(f"ACME, {suffix.lower()}")
    assert not VOCABULARY.is_corporate(f"ACME{suffix.replace('.', '')} TRUST")
    assert not VOCABULARY.is_corporate(f"{suffix} TRUST")


@pytest.mark.parametrize(
    "name", ["", "TOBACCO", "NHS LINCOLN", "UNIVERSITY OF WARSAS", "UNINCORPORATED BODY", "PLASMA"]
)
def test_other_names_are_not_corporate(name: str) -> None:
    assert not VOCABULARY.is_corporate(name)


# The user's own names

USER_FILE = """
comma_names = ["SMITH, JONES AND PARTNERS"]

[[datasets]]
names = ["Hospital Visits", "Hospital Episode Statistics Outpatients"]

[[organisations]]
kind = "succession"
from = ["NORTHAM TRUST", "THE NORTHAM TRUST"]
to = "SOUTHAM TRUST"
date = 2026-04-01

[[organisations]]
kind = "alias"
from = ["SOUTHAM"]
to = "SOUTHAM TRUST"
note = "as the letter head has it"
"""


def test_the_users_names_are_known() -> None:
    vocabulary = VOCABULARY.extended(parse_vocabulary(USER_FILE))

    assert vocabulary.split_controllers("SMITH, JONES AND PARTNERS, ICO") == ["SMITH, JONES AND PARTNERS", "ICO"]
    assert vocabulary.dataset_canonical("Hospital Episode Statistics Outpatients (HES OP)") == "Hospital Visits"
    assert vocabulary.succession("The Northam Trust", "Southam") == "known"
    assert vocabulary.succession("NHS DIGITAL", "NHS ENGLAND") == "known"
    assert VOCABULARY.succession("The Northam Trust", "Southam") is None


def test_an_old_name_added_by_the_user_does_not_become_the_newest() -> None:
    vocabulary = VOCABULARY.extended({"datasets": [{"names": ["Ambulance Data", "Ambulances"]}]})

    assert vocabulary.dataset_canonical("Ambulances") == "Ambulance Data Set"


def test_a_vocabulary_can_be_sent_to_another_process() -> None:
    sent = pickle.loads(pickle.dumps(VOCABULARY.extended(parse_vocabulary(USER_FILE))))

    assert sent.succession("The Northam Trust", "Southam") == "known"


def test_no_names_of_ones_own_are_no_harm() -> None:
    assert VOCABULARY.extended({}).succession("NHS DIGITAL", "NHS ENGLAND") == "known"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[datasets]", "not TOML"),
        ("names = 1", "unknown key 'names'"),
        ("datasets = 1", r"\[\[datasets\]\]"),
        ("comma_names = 1", "comma_names must be a list"),
        ('[[datasets]]\nnames = ["A", "a"]', "datasets, entry 1: names needs two"),
        ('[[datasets]]\nnames = ["A", 1]', "datasets, entry 1: names must be"),
        ('[[datasets]]\nname = ["A"]', "datasets, entry 1: unknown key 'name'"),
        ("[[datasets]]", "datasets, entry 1: names must be"),
        (
            '[[datasets]]\nnames = ["Mental Health Minimum Data Set", "Mental Health Services Data Set"]',
            "different datasets",
        ),
        ('[[organisations]]\nkind = "merger"', "organisations, entry 1: kind must be"),
        ('[[organisations]]\nkind = "alias"\nfrom = []\nto = "A"', "entry 1: from names nobody"),
        ('[[organisations]]\nkind = "alias"\nfrom = ["A"]', "entry 1: to must be one name, as a text$"),
        ('[[organisations]]\nkind = "alias"\nfrom = ["A"]\nto = ["X"]', r"to must be one name, not \['X'\]"),
        ('[[organisations]]\nkind = "alias"\nfrom = "A"\nto = "X"', "from must be a list of names, not 'A'"),
        ('[[organisations]]\nkind = "alias"\nfrom = ["A"]\nto = "a"', "both sides"),
        ('[[organisations]]\nkind = "alias"\nfrom = ["A"]\nto = "B"\ndate = 1', "entry 1: date must be"),
        ('[[organisations]]\nkind = "succession"\nfrom = ["NHS ENGLAND"]\nto = "NHS DIGITAL"', "already known"),
        (
            '[[organisations]]\nkind = "alias"\nfrom = ["IQVIA LTD"]\nto = "IQVIA SOLUTIONS UK LIMITED"',
            "different bodies",
        ),
    ],
)
def test_a_wrong_entry_is_named(text: str, says: str) -> None:
    with pytest.raises(VocabularyError, match=says):
        VOCABULARY.extended(parse_vocabulary(text))


def test_a_joined_list_with_unknown_boards_is_taken_apart() -> None:
    order = random.Random(2)
    boards = [name.replace("LEICESTER", "NORTHAM").replace("BEDFORD", "SOUTHAM") for name in NAMES if "ICB - " in name]

    for _ in range(200):
        names = order.sample(boards, 5)
        assert VOCABULARY.split_controllers(", ".join(names)) == names
