"""Edits of the header lines: every field but the legal bases, every kind of change that has to do with them."""
# ruff: noqa: E501  (a table: one edit a line)

from typing import Any

from tests.markups.told.edits import L4, Edit, of_l4, told
from tests.markups.told.expect import Told

LEEDS, CARDIFF = "UNIVERSITY OF LEEDS", "CARDIFF UNIVERSITY"
BARNSLEY, SOUTH_YORKSHIRE = "NHS BARNSLEY CCG", "NHS SOUTH YORKSHIRE ICB - 02P"
BCP = "BOURNEMOUTH, CHRISTCHURCH AND POOLE COUNCIL"
NORTH, ENGLAND = "NHS ENGLAND NORTH (CUMBRIA AND NORTH EAST)", "NHS ENGLAND - X26"
TERM = ("2021-04-01", "2024-03-31")
SYSTEM, FILES = "System Access", "Ongoing"


def _set(
    name: str, field: str, old: tuple | None, new: tuple | None, tells: tuple = (), later: tuple = (), rule: str = "6"
) -> Edit:
    return Edit(name, rule, {field: old}, {field: new}, tells, later)


def _on_l4(name: str, field: str, old: tuple, new: tuple, tells: tuple = (), later: tuple = ()) -> Edit:
    return Edit(name, "6", {field: old}, {field: new}, tells, later, reference=L4)


def _when(
    name: str, before: dict[str, Any], after: dict[str, Any], tells: tuple = (), later: tuple = (), rule: str = "20"
) -> Edit:
    stands = {"term": TERM, "window": ("2021-06", "2023-09"), "when_remark": None}
    return Edit(name, rule, {**stands, **before}, {**stands, **before, **after}, tells, later)


def _added(name: str, severity: str = "medium") -> tuple[Told, ...]:
    return told("controller-added", "controllers", severity, added=[name], removed=[], before=None, after=None)


def _gone(name: str) -> tuple[Told, ...]:
    return told("controller-removed", "controllers", "low", added=[], removed=[name], before=None, after=None)


def _succeeded(
    old: str, new: str, severity: str = "info", *, substantive: bool = False, went: bool = True
) -> tuple[Told, ...]:
    gone = [old] if went else []
    return told(
        "controller-succeeded",
        "controllers",
        severity,
        substantive=substantive,
        before=old,
        after=new,
        added=[new],
        removed=gone,
    )


def _opt_outs(severity: str, **more: Any) -> tuple[Told, ...]:
    return told("opt-outs-changed", "opt_outs", severity, **more)


# fmt: off
OPT_OUTS = [
    _set("opt-outs:no-instead-of-yes", "opt_outs", ("Yes",), ("No",), _opt_outs("high", before=["Yes"], after=["No"], added=["No"], removed=["Yes"])),
    _set("opt-outs:no-beside-yes", "opt_outs", ("Yes",), ("Yes", "No"), _opt_outs("high", added=["No"], removed=[])),
    _set("opt-outs:yes-beside-no", "opt_outs", ("No",), ("No", "Yes"), _opt_outs("medium", added=["Yes"], removed=[])),
    _set("opt-outs:yes-goes", "opt_outs", ("No", "Yes"), ("No",), (), _opt_outs("medium", added=[], removed=["Yes"])),
    _set("opt-outs:another-no", "opt_outs", ("No - data flow is not identifiable",), ("No - consent provided by participants of research study",), _opt_outs("medium")),
    _set("opt-outs:emptied", "opt_outs", ("Y",), (), (), _opt_outs("medium", removed=["Y"])),
    _set("opt-outs:type-word-goes", "opt_outs", ("No", "Pseudonymised"), ("No",), rule="contract 2: ignoring type-of-data words"),
    _set("opt-outs:identifiable-comes", "opt_outs", ("No", "Anonymised - ICO Code Compliant"), ("No", "Anonymised - ICO Code Compliant", "Identifiable"), told("type-of-data-changed", "opt_outs", "high")),
    _set("opt-outs:other-order", "opt_outs", ("No", "Yes"), ("Yes", "No"), rule="4"),
    _set("opt-outs:case", "opt_outs", ("Yes - patient objections upheld",), ("YES – Patient Objections Upheld",), rule="4"),
    _set("confidentiality:other", "confidentiality", ("Section 251",), ("Consent (Reasonable Expectation)",), told("confidentiality-changed", "confidentiality", "medium", added=["Consent (Reasonable Expectation)"], removed=["Section 251"])),
    _set("confidentiality:more", "confidentiality", ("Section 251",), ("Section 251", "Consent (Reasonable Expectation)"), told("confidentiality-changed", "confidentiality", "medium", added=["Consent (Reasonable Expectation)"], removed=[])),
    _set("confidentiality:less", "confidentiality", ("Section 251", "Consent (Reasonable Expectation)"), ("Section 251",), (), told("confidentiality-changed", "confidentiality", "medium", added=[], removed=["Consent (Reasonable Expectation)"])),
    _set("confidentiality:brackets-go", "confidentiality", ("Section 251",), None, (), told("confidentiality-changed", "confidentiality", "medium")),
]

PURPOSES = [
    _set("commercial:yes-instead-of-no", "commercial", ("No",), ("Yes",), told("commercial-changed", "commercial", "high", before=["No"], after=["Yes"])),
    _set("commercial:yes-beside-no", "commercial", ("No",), ("No", "Yes"), told("commercial-changed", "commercial", "high", added=["Yes"])),
    _set("commercial:no-instead-of-yes", "commercial", ("Yes",), ("No",), told("commercial-changed", "commercial", "low")),
    _set("commercial:yes-goes", "commercial", ("No", "Yes"), ("No",), (), told("commercial-changed", "commercial", "low", removed=["Yes"])),
    _set("organisation-types:commercial-comes", "organisation_types", ("Academic",), ("Academic", "Commercial"), told("organisation-type-changed", "organisation_types", "high", added=["Commercial"])),
    _set("organisation-types:supplier-instead", "organisation_types", ("Academic",), ("Supplier",), told("organisation-type-changed", "organisation_types", "high")),
    _set("organisation-types:charity-comes", "organisation_types", ("Academic",), ("Academic", "Charity"), told("organisation-type-changed", "organisation_types", "low")),
    _set("organisation-types:one-goes", "organisation_types", ("Academic", "Charity"), ("Academic",), (), told("organisation-type-changed", "organisation_types", "low", removed=["Charity"])),
    _set("sublicensing:yes-instead-of-no", "sublicensing", ("No",), ("Yes",), told("sublicensing-changed", "sublicensing", "high", before=["No"], after=["Yes"])),
    _set("sublicensing:yes-beside-no", "sublicensing", ("No",), ("No", "Yes"), told("sublicensing-changed", "sublicensing", "high")),
    _set("sublicensing:no-instead-of-yes", "sublicensing", ("Yes",), ("No",), told("sublicensing-changed", "sublicensing", "low")),
    _set("sublicensing:no-goes", "sublicensing", ("No", "Yes"), ("Yes",), (), told("sublicensing-changed", "sublicensing", "low", removed=["No"])),
    _set("sensitivity:sensitive-instead", "sensitivity", ("Non Sensitive",), ("Sensitive",), told("sensitivity-changed", "sensitivity", "medium", added=["Sensitive"], removed=["Non-Sensitive"])),
    _set("sensitivity:sensitive-beside", "sensitivity", ("Non-Sensitive",), ("Non-Sensitive", "Sensitive"), told("sensitivity-changed", "sensitivity", "medium", added=["Sensitive"])),
    _set("sensitivity:sensitive-goes", "sensitivity", ("Sensitive", "Non-Sensitive"), ("Non-Sensitive",), (), told("sensitivity-changed", "sensitivity", "low", removed=["Sensitive"])),
    _set("sensitivity:hyphen", "sensitivity", ("Non Sensitive",), ("Non-Sensitive",), rule="4"),
    _set("sensitivity:not-sensitive", "sensitivity", ("Sensitive",), ("Not Sensitive",), told("text-changed", "remainder", "medium"), rule="20"),
    _set("sensitivity:unknown-word", "sensitivity", ("Sensitive",), ("See catalogue",), told("text-changed", "remainder", "low"), rule="20"),
]

WHEN = [
    _when("term:extended", {}, {"term": ("2021-04-01", "2025-03-31")}, told("dsa-extended", "dsa_end", "medium", before="2024-03-31", after="2025-03-31"), rule="contract 2"),
    _when("term:shortened", {}, {"term": ("2021-04-01", "2023-03-31")}, told("dsa-shortened", "dsa_end", "low", before="2024-03-31", after="2023-03-31"), rule="contract 2"),
    _when("term:other-start", {}, {"term": ("2021-05-01", "2024-03-31")}, told("dsa-term-changed", "dsa_start", "low", before="2021-04-01", after="2021-05-01"), rule="contract 2"),
    _when("term:both-later", {}, {"term": ("2022-04-01", "2025-03-31")}, told("dsa-extended", "dsa_end", "medium"), rule="contract 2"),
    _when("term:one-day", {}, {"term": ("2021-04-01", "2024-03-30")}, told("dsa-shortened", "dsa_end", "low"), rule="contract 2"),
    _when("term:appears", {"term": None}, {"term": TERM}, told("dsa-term-changed", "dsa_end", "low", after="2024-03-31"), rule="contract 2"),
    _when("term:goes", {}, {"term": None}, (), told("dsa-term-changed", "dsa_end", "low", before="2024-03-31", after=None), rule="6"),
    _when("term:months", {}, {"term": ("2021-04", "2024-03")}, rule="contract 2: `2025-07` and `2025-07-14` do not differ"),
    _when("term:ends-with-no", {"window": None}, {"when_raw": "DSA runs 2021-04-01 — No"}, told("dsa-term-changed", "dsa_end", "low", before="2024-03-31", nights=(1, 2))),
    _when("term:ongoing", {"window": None}, {"when_raw": "DSA runs 2021-04-01 — ongoing"}, told("dsa-term-changed", "dsa_end", "low", nights=(1, 2))),
    _when("term:to-be-confirmed", {"window": None}, {"when_raw": "DSA runs 2021-04-01 — to be confirmed"}, told("dsa-term-changed", "dsa_end", "low", nights=(1, 2))),
    _when("term:words", {"window": None}, {"when_raw": "DSA runs from 1 April 2021 to 31 March 2024"}, told("text-changed", "remainder", "low", optional=True)),
    _when("term:slashes", {"window": None}, {"when_raw": "DSA runs 01/04/2021 — 31/03/2024"}, told("text-changed", "remainder", "low", optional=True)),
    _when("term:to-for-dash", {"window": None}, {"when_raw": "DSA runs 2021-04-01 to 2024-03-31"}, told("text-changed", "remainder", "low", optional=True)),
    _when("when:breach-comes", {}, {"when_remark": "breached contract — audit report."}, told("incident-noted", "when_note", "high", after="breached contract — audit report.")),
    _when("when:breach-goes", {"when_remark": "breached contract — audit report."}, {"when_remark": None}, (), told("incident-removed", "when_note", "medium")),
    _when("when:words-and-no-date", {}, {"when_remark": "under discussion with the board"}, told("incident-noted", "when_note", "high")),
    _when("when:a-date-and-no-incident", {}, {"when_remark": "amended by letter of 2024-05-01"}, told("dsa-term-changed", severity="low")),
    _when("when:an-incident-with-a-date", {}, {"when_remark": "suspended on 2024-05-01"}, told("incident-noted", "when_note", "high")),
    _when("releases:continued", {}, {"window": ("2021-06", "2023-12")}, told("releases-continued", "released_to", "low", before="2023-09", after="2023-12"), rule="contract 2"),
    _when("releases:end-earlier", {}, {"window": ("2021-06", "2022-12")}, told("release-window-changed", "released_to", "low", before="2023-09", after="2022-12"), rule="contract 2"),
    _when("releases:start-differs", {}, {"window": ("2021-05", "2023-09")}, told("release-window-changed", "released_from", "low", before="2021-06", after="2021-05"), rule="contract 2"),
    _when("releases:window-appears", {"window": None}, {"window": ("2021-06", "2023-09")}, told("release-window-changed", severity="low"), rule="contract 2"),
    _when("releases:window-goes", {}, {"window": None}, (), told("release-window-changed", severity="low"), rule="6"),
    _when("releases:end-before-start", {}, {"window": ("2021-06", "2021-05")}, told("release-window-changed", "released_to", "low"), rule="domain.md 4"),
]

ACCESS = [
    _set("access:one-more", "access", ("One-Off",), ("One-Off", "Ongoing"), told("access-method-changed", "access_methods", "low", added=["Ongoing"])),
    _set("access:files-instead-of-system", "access", (SYSTEM,), (FILES,), told("access-method-changed", "access_methods", "medium", added=[FILES], removed=[SYSTEM])),
    _set("access:files-beside-system", "access", (SYSTEM,), (SYSTEM, FILES), told("access-method-changed", "access_methods", "medium", added=[FILES])),
    _set("access:one-less", "access", ("One-Off", "Ongoing"), ("One-Off",), (), told("access-method-changed", "access_methods", "low", removed=["Ongoing"])),
    _set("access:repeated", "access", ("Frequent adhoc flow",), ("Frequent adhoc flow", "Frequent Adhoc Flow"), rule="4"),
    _set("access:system-note-comes", "system_note", False, True, rule="contract 1: never compared"),
    _set("access:system-note-goes", "system_note", True, False, rule="contract 1: never compared"),
    _set("access:another-note", "access_note", None, "(Files are kept in a vault)", told("text-changed", "remainder", "low"), rule="16"),
    _set("access:a-note-that-negates", "access_note", None, "(Files are not kept)", told("text-changed", "remainder", "medium"), rule="16"),
    _on_l4("discussions:one-more", "discussions", ("a.pdf",), ("a.pdf", "minutes of 1 May.pdf"), of_l4("discussion-added", "discussions", "low", added=["minutes of 1 May.pdf"])),
    _on_l4("discussions:one-goes", "discussions", ("a.pdf", "b.pdf"), ("a.pdf",)),
    _on_l4("type-of-data:identifiable-comes", "type_of_data", ("Pseudonymised",), ("Pseudonymised", "Identifiable"), of_l4("type-of-data-changed", "type_of_data", "high", added=["Identifiable"])),
    _on_l4("type-of-data:identifiable-instead", "type_of_data", ("Pseudonymised",), ("Identifiable",), of_l4("type-of-data-changed", "type_of_data", "high")),
    _on_l4("type-of-data:identifiable-goes", "type_of_data", ("Pseudonymised", "Identifiable"), ("Pseudonymised",), (), of_l4("type-of-data-changed", "type_of_data", "medium", removed=["Identifiable"])),
    _on_l4("type-of-data:other", "type_of_data", ("Pseudonymised",), ("Anonymised - ICO Code Compliant",), of_l4("type-of-data-changed", "type_of_data", "medium")),
    _set("type-of-data:first-printed", "type_of_data", None, ("Pseudonymised",), rule="5: the placeholder counts as not printed"),
]

CONTROLLERS = [
    _set("controllers:one-more", "controllers", (LEEDS,), (LEEDS, CARDIFF), _added(CARDIFF)),
    _set("controllers:a-company", "controllers", (LEEDS,), (LEEDS, "HOLLIN BANK PARTNERS LTD"), _added("HOLLIN BANK PARTNERS LTD", "high")),
    _set("controllers:two-companies", "controllers", (LEEDS,), (LEEDS, "HOLLIN BANK LTD", "DUNMERE WORKS LLP"), (*_added("HOLLIN BANK LTD", "high"), *_added("DUNMERE WORKS LLP", "high")), rule="20"),
    _set("controllers:one-less", "controllers", (LEEDS, CARDIFF), (LEEDS,), (), _gone(CARDIFF)),
    _set("controllers:another", "controllers", (LEEDS,), (CARDIFF,), _added(CARDIFF), _gone(LEEDS)),
    _set("controllers:emptied", "controllers", (LEEDS,), (), (), _gone(LEEDS)),
    _set("controllers:successor-instead", "controllers", (BARNSLEY,), (SOUTH_YORKSHIRE,), _succeeded(BARNSLEY, SOUTH_YORKSHIRE), rule="8"),
    _set("controllers:successor-beside", "controllers", (BARNSLEY,), (BARNSLEY, SOUTH_YORKSHIRE), _succeeded(BARNSLEY, SOUTH_YORKSHIRE, went=False), rule="8"),
    _set("controllers:alias-instead", "controllers", ("BCP COUNCIL",), (BCP,), _succeeded("BCP COUNCIL", BCP), rule="8"),
    _set("controllers:presumed-successor", "controllers", (NORTH,), (ENGLAND,), _succeeded(NORTH, ENGLAND, "low", substantive=True), rule="8"),
    _set("controllers:unknown-with-commas", "controllers", (LEEDS,), (LEEDS, "WEIR, TARN AND BECK COUNCIL"), _added("WEIR, TARN AND BECK COUNCIL"), rule="20"),
    _set("controllers:known-with-initials", "controllers", (LEEDS,), (LEEDS, f"{BCP} (BCP)"), _added(f"{BCP} (BCP)"), rule="20"),
    _set("controllers:known-with-commas", "controllers", (LEEDS,), (LEEDS, "BIRKBECK, UNIVERSITY OF LONDON"), _added("BIRKBECK, UNIVERSITY OF LONDON"), rule="20"),
    _set("controllers:unknown-that-stood-alone", "controllers", ("WEIR, TARN AND BECK COUNCIL",), ("WEIR, TARN AND BECK COUNCIL", CARDIFF), _added(CARDIFF), rule="20"),
    _set("controllers:other-order", "controllers", (LEEDS, CARDIFF), (CARDIFF, LEEDS, CARDIFF), rule="4"),
    _set("controllers:case", "controllers", (LEEDS,), ("University of Leeds",), rule="4"),
]
# fmt: on

EDITS = [*OPT_OUTS, *PURPOSES, *WHEN, *ACCESS, *CONTROLLERS]
