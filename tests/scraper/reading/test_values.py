"""Header values in the shapes that the register's pages have."""

import pytest

from scraper.reading.values import (
    read_access,
    read_discussions,
    read_opt_outs,
    read_purposes,
    read_sensitivity,
    read_type_of_data,
    read_when,
)


@pytest.mark.parametrize(
    ("printed", "answers", "confidentiality"),
    [
        ("", (), None),
        ("Y, N", ("N", "Y"), None),
        ("N ()", ("N",), ()),
        ("N (, )", ("N",), ()),
        ("Yes - upheld, Identifiable (Section 251, Section 251 NHS Act 2006)", ("Identifiable", "Yes - upheld"),
         ("Section 251", "Section 251 NHS Act 2006")),
        ("No (Consent (Reasonable Expectation))", ("No",), ("Consent (Reasonable Expectation)",)),
        ("Identifiable (Mixture of data flow(s) with consent)", ("Identifiable",),
         ("Mixture of data flow(s) with consent",)),
        ("unknown (Excuses: Mixed)", ("unknown",), ("Mixed",)),
        ("Yes (Excuses: )", ("Yes",), ()),
        ("No - a sentence about the data.", ("No - a sentence about the data.",), None),
        ("No - data flow(s)", ("No - data flow(s)",), None),
        ("Identifiable (Section 251", ("Identifiable",), ("Section 251",)),
        ("(Section 251)", (), ("Section 251",)),
    ],
)  # fmt: skip
def test_opt_outs_and_the_duty_of_confidentiality_are_told_apart(printed, answers, confidentiality):
    assert read_opt_outs([printed]) == {"opt_outs": answers, "confidentiality": confidentiality}


@pytest.mark.parametrize(
    ("printed", "commercial", "types", "text"),
    [
        ("", (), None, None),
        ("()", (), (), None),
        ("No", ("No",), None, None),
        ("(Agency/Public Body)", (), ("Agency/Public Body",), None),
        ("No, Yes (Charity)", ("No", "Yes"), ("Charity",), None),
        ("No (Clinical Commissioning Group (CCG), Sub ICB Location)", ("No",),
         ("Clinical Commissioning Group (CCG)", "Sub ICB Location"), None),
        ("Yes, to bill (and to be billed) for care", ("Yes",), None, "to bill (and to be billed) for care"),
        ("To bill.\nTo be billed. (NHS England)", (), ("NHS England",), "To bill.\nTo be billed."),
    ],
)  # fmt: skip
def test_purposes_are_flags_kinds_of_organisation_or_prose(printed, commercial, types, text):
    assert read_purposes([printed]) == {"commercial": commercial, "organisation_types": types, "purposes_text": text}


@pytest.mark.parametrize(
    ("printed", "dsa", "released", "note"),
    [
        ("", (None, None), (None, None), None),
        ("2017.09 — 2019.06.", (None, None), ("2017-09", "2019-06"), None),
        ("2017.06 — 2017.05.", (None, None), ("2017-06", "2017-05"), None),
        ("DSA runs 2022-10-26 — 2025-10-25", ("2022-10-26", "2025-10-25"), (None, None), None),
        ("DSA runs 2023-03-13 — 2026-03-12 2023.12 — 2024.11.",
         ("2023-03-13", "2026-03-12"), ("2023-12", "2024-11"), None),
        ("2019.02 — 2019.03. DSA runs 2018-05-01 — 2019-04-30",
         ("2018-05-01", "2019-04-30"), ("2019-02", "2019-03"), None),
        ("2015/02 — 2015/03.", (None, None), ("2015-02", "2015-03"), None),
        ("2015/02 (or before) — 2016/01.", (None, None), ("2015-02", "2016-01"), "(or before)"),
        ("DSA runs 2031-01 – 2034-01 2031.02 — 2031.02.", ("2031-01", "2034-01"), ("2031-02", "2031-02"), None),
        ("DSA runs 2031-01 2034-01 2031.02 2031.02.", ("2031-01", "2034-01"), ("2031-02", "2031-02"), None),
        ("unknown — 09/2015", (None, None), (None, "2015-09"), "unknown"),
        ("DSA runs 2015-03-04 — No", ("2015-03-04", None), (None, None), "No"),
        ("DSA runs 2015-03-04 — No 2015.04 — 2015.05. breached a — b; c", ("2015-03-04", None), ("2015-04", "2015-05"),
         "No\nbreached a — b; c"),
        ("DSA runs 2030-01-02 — 2033-01-01 breached <it> — audit report.", ("2030-01-02", "2033-01-01"), (None, None),
         "breached <it> — audit report."),
        ("DSA runs 2030-02-31 — 2033-01-01", (None, None), (None, None), None),
        ("DSA runs 2015-03-04 to 2016-03-03 2015.02 to 2015.03.",
         ("2015-03-04", "2016-03-03"), ("2015-02", "2015-03"), None),
        ("DSA runs 2015-03-04 — to be confirmed 2015.02 — ongoing.", ("2015-03-04", None), ("2015-02", None),
         "to be confirmed\nongoing"),
        ("2017.09 — 2019.06. 2020.01 — 2020.05.", (None, None), ("2017-09", "2019-06"), "2020.01 — 2020.05."),
        ("2015/02 (or before) — unknown. SMLS reported an incident; see — there.", (None, None), ("2015-02", None),
         "(or before)\nunknown\nSMLS reported an incident; see — there."),
    ],
)  # fmt: skip
def test_when_is_a_term_a_window_and_a_remark(printed, dsa, released, note):
    when = read_when([printed])

    assert (when["dsa_start"], when["dsa_end"]) == dsa
    assert (when["released_from"], when["released_to"]) == released
    assert when["when_note"] == note


@pytest.mark.parametrize(
    ("printed", "kinds"),
    [
        ("information not disclosed for TRE projects", None),
        ("", ()),
        ("Identifiable (held by the trust )", ("Identifiable",)),
        ("Anonymised - ICO Code Compliant, Identifiable", ("Anonymised - ICO Code Compliant", "Identifiable")),
    ],
)
def test_the_placeholder_is_no_type_of_data(printed, kinds):
    assert read_type_of_data([printed])["type_of_data"] == kinds


@pytest.mark.parametrize(
    ("printed", "unread"),
    [
        ("DSA runs 1 January 2019 — 31 December 2020 2019.02 — 2020.03.", ("dsa_start", "dsa_end")),
        ("DSA runs 01/01/2019 — 31/12/2020", ("dsa_start", "dsa_end")),
        ("DSA runs January 2019 — December 2020", ("dsa_start", "dsa_end")),
        ("DSA runs 2030-02-31 — 2033-01-01", ("dsa_start", "dsa_end")),
        ("DSA runs 2019-01-01 — 2020-01-01 Sept 2017 — June 2019", ("released_from", "released_to")),
        ("Sept 2017 — June 2019", ("dsa_start", "dsa_end", "released_from", "released_to")),
        ("ongoing", ()),
        ("DSA runs 2019-01-01 — 2020-01-01", ()),
    ],
)
def test_dates_in_another_form_are_not_understood_and_not_guessed(printed, unread):
    when = read_when([printed])

    assert when["unread"] == unread
    assert when["when_note"] == ("ongoing" if printed == "ongoing" else None)


@pytest.mark.parametrize("printed", ["Not Sensitive", "Sensitive?", "formerly Sensitive"])
def test_words_beside_a_sensitivity_may_turn_it_round(printed):
    expected = (
        {"sensitivity": ("Sensitive",)}
        if printed == "Sensitive?"
        else {"sensitivity": None, "unread": ("sensitivity",)}
    )

    assert read_sensitivity([printed]) == expected


def test_methods_that_differ_in_case_are_one_method():
    assert read_access(["Frequent adhoc flow, Frequent Adhoc Flow, One-Off"]) == {
        "access_methods": ("Frequent adhoc flow", "One-Off"),
        "system_access_note": False,
    }


def test_names_of_minutes_hold_commas_and_dots():
    printed = "IGARD Minutes - 3rd, 4th May 2020 v1.0.pdf, AGD--2025.pdf"

    assert read_discussions([printed]) == {
        "discussions": ("AGD--2025.pdf", "IGARD Minutes - 3rd, 4th May 2020 v1.0.pdf")
    }
