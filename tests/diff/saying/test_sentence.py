"""The sentence of each change: both values, who, and no opinion. No full stop, so that it can stand in subjects."""

import re

import pytest

from diff.kinds import ChangeKind
from diff.saying.values import changed
from tests.harness.builders import (
    DEATHS,
    HES,
    ORGANISATION,
    PLAIN,
    PROSE,
    REFERENCE,
    Watched,
    after,
    agreement,
    bases,
    edited,
    page,
)

WHO = f"{REFERENCE} ({ORGANISATION})"
BREACH = "breached contract — audit report."
S251, S261_7, BLURRED = "NHSA2006:s251", "HSCA2012:s261(7)", "HSCA2012:s261(2)(b)(ii)"
SECTION = "section 261(2)(a) of the Health and Social Care Act 2012"

SENTENCES = [
    # what differs, at which sighting, the sentence
    ({"datasets": (HES, DEATHS, "ECDS")}, 1, f"ECDS added to {WHO}"),
    ({"datasets": (HES, DEATHS, "e-Referral Service")}, 1, f"e-Referral Service added to {WHO}"),
    ({"datasets": (HES,)}, 2, f"{DEATHS} no longer listed for {WHO}"),
    (
        {"datasets": (HES, "Civil Registration - Deaths")},
        1,
        f'"{DEATHS}" of {WHO} now listed as "Civil Registration - Deaths"',
    ),
    (
        {"datasets": (HES, DEATHS, "Civil Registration - Deaths")},
        1,
        f'"{DEATHS}" of {WHO} now also listed under its other name "Civil Registration - Deaths"',
    ),
    ({"dsa_end": "2029-03-12"}, 1, f"Printed end of {REFERENCE} moved from 2026-03-12 to 2029-03-12"),
    ({"dsa_start": "2024-01-01"}, 1, f"Printed start of {REFERENCE} moved from 2023-03-13 to 2024-01-01"),
    (
        {"dsa_start": "2024-01-01", "dsa_end": "2029-03-12"},
        1,
        f"Printed end of {REFERENCE} moved from 2026-03-12 to 2029-03-12 "
        "and printed start moved from 2023-03-13 to 2024-01-01",
    ),
    ({"dsa_end": None}, 2, f"Printed end of {REFERENCE} was 2026-03-12 and is no longer printed"),
    (
        {"dsa_end": None, "when_note": "No"},
        1,
        f'Printed end of {REFERENCE} was 2026-03-12; the page now reads "No"',
    ),
    (
        {"released_to": "2025-01"},
        1,
        f"Releases under {REFERENCE} continued: last release month moved from 2024-11 to 2025-01",
    ),
    ({"released_from": "2023-11"}, 1, f"First release month of {REFERENCE} changed from 2023-12 to 2023-11"),
    (
        {"released_from": None, "released_to": None},
        2,
        f"Release window of {REFERENCE} was 2023-12 to 2024-11 and is no longer printed",
    ),
    (
        {"legal_bases": bases(PLAIN, S251)},
        1,
        f"Legal basis of {WHO}: section 251 of the National Health Service Act 2006 now cited beside {SECTION}",
    ),
    (
        {"legal_bases": bases(PLAIN, S251, S261_7)},
        1,
        f"Legal basis of {WHO}: section 261(7) of the Health and Social Care Act 2012 and "
        "section 251 of the National Health Service Act 2006 now cited beside section 261(2)(a)",
    ),
    (
        {"legal_bases": bases(BLURRED)},
        1,
        f"Legal basis of {WHO}: {SECTION} replaced by section 261(2)(b)(ii)",
    ),
    ({"legal_bases": ()}, 2, f"Legal basis of {WHO}: {SECTION} no longer cited"),
    ({"commercial": ("No", "Yes")}, 1, f'Commercial purpose of {WHO} changed from "No" to "No, Yes"'),
    ({"sublicensing": ()}, 2, f'Sublicensing of {WHO} no longer printed; it was "No"'),
    ({"controllers": ("UNIVERSITY OF HARROWDALE", "X LLP")}, 1, f"X LLP added as data controller of {WHO}"),
    ({"controllers": ()}, 2, f"UNIVERSITY OF HARROWDALE no longer listed as data controller of {WHO}"),
    ({"title": "Summer"}, 1, f'Title of {WHO} changed from "Winter admissions in coastal towns" to "Summer"'),
    ({"when_note": BREACH}, 1, f'The page now prints "{BREACH}" beside the dates of {WHO}'),
    (
        {"objectives": PROSE.replace("NHS Digital", "NHS England")},
        1,
        f'Objectives of {WHO} reworded: 1 word out, 1 in, beginning with "Digital", now "England"',
    ),
    (
        {"objectives": PROSE.replace("every month", "every month and whenever it is asked to")},
        1,
        f'Objectives of {WHO} reworded: 0 words out, 6 in, beginning with "and whenever it is asked to."',
    ),
    (
        {"processing": "It is linked."},
        1,
        f'Processing of {WHO} now printed: 3 words, beginning "It is linked."; a word to watch came or went: "linked"',
    ),
    (
        {"title": "Commercial admissions, not in towns"},
        1,
        f'Title of {WHO} changed from "Winter admissions in coastal towns" to "Commercial admissions, not in towns"; '
        'words to watch came or went: "commercial" and "not"',
    ),
    ({"outputs": None}, 2, f'Outputs of {WHO} no longer printed: 4 words, beginning "A report a year."'),
    (
        {"objectives": PROSE.upper()},
        1,
        f"Objectives of {WHO} printed differently",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "sighting", "sentence"), SENTENCES)
def test_a_change_is_told_in_a_sentence(edit, sighting, sentence):
    assert [change.summary for change in edited(sighting, **edit)] == [sentence]


def test_the_two_sentences_of_the_issue():
    south = "NHS South, Central and West Commissioning Support Unit"
    first = agreement("DARS-NIC-99675-X5S7X", datasets=(DEATHS,))
    second = agreement("DARS-NIC-617743-X0M9Z")
    watched = Watched(page(first, organisation=south, slug="south"), page(second, slug="leicester"))

    told = watched.see(
        page(agreement("DARS-NIC-99675-X5S7X", datasets=(DEATHS, HES)), organisation=south, slug="south"),
        page(agreement("DARS-NIC-617743-X0M9Z", dsa_end="2027-03-12"), slug="leicester"),
    )

    assert [change.summary for change in told] == [
        "Printed end of DARS-NIC-617743-X0M9Z moved from 2026-03-12 to 2027-03-12",
        "Hospital Episode Statistics Critical Care added to DARS-NIC-99675-X5S7X "
        "(NHS South, Central and West Commissioning Support Unit)",
    ]


OTHER = "DARS-NIC-911052-Q7N2D"


def test_agreements_that_come_go_and_move():
    def on(slug, *references):
        return page(*map(agreement, references), slug=slug)

    watched = Watched(on("calder_moor", REFERENCE), on("eastmere_ccg", OTHER))
    told = [
        change.summary
        for edition in (
            [on("calder_moor", REFERENCE, "PHECancerReg"), on("eastmere_ccg", OTHER)],
            [on("calder_moor", "PHECancerReg"), on("eastmere_ccg", OTHER, REFERENCE)],
            [on("calder_moor", "PHECancerReg"), on("eastmere_ccg", OTHER, REFERENCE, "PHECancerReg")],
            [on("calder_moor", "PHECancerReg"), on("eastmere_ccg", OTHER, REFERENCE)],
            [on("calder_moor", "PHECancerReg"), on("eastmere_ccg", OTHER, REFERENCE)],
            [on("calder_moor", "PHECancerReg"), on("eastmere_ccg", REFERENCE)],
            [on("calder_moor", "PHECancerReg"), on("eastmere_ccg", REFERENCE)],
            [on("calder_moor", "PHECancerReg"), on("eastmere_icb", REFERENCE)],
        )
        for change in watched.see(*edition)
    ]

    assert told == [
        "PHECancerReg (Calder Moor) is new on the register's pages: Winter admissions in coastal towns",
        f"{REFERENCE} moved from the page of Calder Moor to that of Eastmere Ccg",
        "PHECancerReg now also on the page of Eastmere Ccg, beside that of Calder Moor",
        "PHECancerReg no longer on the page of Eastmere Ccg; still on that of Calder Moor",
        f"{OTHER} (Eastmere Ccg) is no longer on the register's pages",
        "The page of Eastmere Ccg is gone; all its agreements stand on the new page of Eastmere Icb (eastmere_icb)",
    ]


def test_pages():
    flag = "Calder Moor was sent multiple files."
    watched = Watched(page(agreement(), files=1))
    told = [
        change.summary
        for seen in (
            page(agreement(), files=2),
            page(agreement(), files=2, flags=(flag,)),
            page(agreement(), files=2),
            page(agreement(), files=2),
            page(agreement(), files=2, organisation="Calder Moor"),
            page(agreement(layout="L1"), files=2, organisation="Calder Moor", layout="L1"),
        )
        for change in watched.see(seen)
    ]

    assert told == [
        f"Files disseminated on the page of {ORGANISATION}: 1 before, 2 now",
        f'The page of {ORGANISATION} now raises a flag: "{flag}"',
        f'The page of {ORGANISATION} no longer raises its flag: "{flag}"',
        f'"{ORGANISATION}" is now headed "Calder Moor"',
        "The site's layout changed from L3 to L1 on pages with 1 agreement",
    ]


def test_a_controller_and_its_successor():
    camden, board = "NHS CAMDEN CCG", "NHS NORTH CENTRAL LONDON ICB - 93C"
    (known,) = after(agreement(controllers=(camden,)), agreement(controllers=(board,)))
    (presumed,) = after(agreement(controllers=("NHSX",)), agreement(controllers=("NHS ENGLAND - X26",)))

    assert known.summary == f'"{camden}" as data controller of {WHO} succeeded by "{board}"'
    assert presumed.summary == (
        f'"NHSX" as data controller of {WHO} succeeded by "NHS ENGLAND - X26": presumably its successor'
    )


def test_a_remark_that_is_replaced_and_one_that_goes():
    noted, other = agreement(when_note=BREACH), agreement(when_note="SMLS reported a serious incident.")

    assert [c.summary for c in after(noted, other)] == [
        f'The page now prints "SMLS reported a serious incident." beside the dates of {WHO}, '
        f'where it printed "{BREACH}"'
    ]
    assert [c.summary for c in after(noted, agreement(), agreement())] == [
        f'The page no longer prints "{BREACH}" beside the dates of {WHO}'
    ]


GROUPS = [
    (
        {"legal_bases": bases(BLURRED)},
        f"Legal basis of 38 agreements at 19 organisations: {SECTION} replaced by "
        "section 261(2)(b)(ii)",
    ),
    (
        {"legal_bases": bases(PLAIN, S251)},
        "Legal basis of 38 agreements at 19 organisations: "
        "section 251 of the National Health Service Act 2006 now cited",
    ),
    ({"dsa_end": "2027-03-12"}, "Printed end of 38 agreements at 19 organisations moved from 2026-03-12 to 2027-03-12"),
    ({"sublicensing": ("Yes",)}, 'Sublicensing of 38 agreements at 19 organisations: "No" replaced by "Yes"'),
    ({"sublicensing": ("No", "Yes")}, 'Sublicensing of 38 agreements at 19 organisations: "Yes" now stands there'),
    ({"datasets": (HES, DEATHS, "ECDS")}, "ECDS added to 38 agreements at 19 organisations"),
    ({"released_to": "2025-01"}, "Releases under 38 agreements at 19 organisations continued: "
     "last release month moved from 2024-11 to 2025-01"),
    ({"title": None}, "Title of 38 agreements at 19 organisations no longer printed; it was "
     '"Winter admissions in coastal towns"'),
    ({"processing": "It is linked."}, "Processing of 38 agreements at 19 organisations reworded: 0 words out, 3 in, "
     'beginning with "It is linked."; a word to watch came or went: "linked"'),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "sentence"), GROUPS)
def test_a_group_is_told_in_a_sentence(edit, sentence):
    def pages(**fields):
        return [
            page(
                *(agreement(f"DARS-NIC-{100000 + n}-A1B2C", **fields) for n in (start, start + 1)),
                slug=f"trust_{start}",
            )
            for start in range(0, 38, 2)
        ]

    watched = Watched(*pages())
    # Released, because a title that goes from all of them holds the run.
    (group,) = watched.see(*pages(**edit), trusted=True)

    assert group.summary == sentence


def test_no_sentence_ends_in_a_full_stop_or_gives_an_opinion():
    states = [edited(sighting, **edit) for edit, sighting, _ in SENTENCES]

    for change in (change for changes in states for change in changes):
        assert not change.summary.endswith("."), change.summary
        assert not re.search(r"\b(sold|breach|ended|because|now illegal)\b", change.summary.replace(BREACH, "")), change
        assert change.summary[0].isupper() or change.summary.startswith(('"', *change.added))


def test_every_kind_has_a_sentence_of_its_own_or_names_its_field():
    plain = {kind for kind in ChangeKind if kind.row.sentence is changed}

    assert all(kind.value.endswith("-changed") for kind in plain)
