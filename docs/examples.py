"""One made-up change of each kind, from which docs/severity.md takes its sentences: they are made as all others are."""

from typing import Any

from diff.change import Change
from diff.details import Details, Families, Span
from diff.kinds import ChangeKind
from diff.severity import Severity

KIND = ChangeKind
PAGE, ORGANISATION, REFERENCE = "university_of_harrowdale", "University of Harrowdale", "DARS-NIC-927731-B8F3W"
MHSDS = "Mental Health Services Data Set (MHSDS)"
OLD_BODY, NEW_BODY = "NHS Eastmere CCG", "NHS Eastmere ICB"

EXAMPLES: dict[ChangeKind, dict[str, Any]] = {
    KIND.ORGANISATION_ADDED: {"reference": None},
    KIND.ORGANISATION_REMOVED: {"reference": None},
    KIND.ORGANISATION_RENAMED: {"reference": None, "before": "Harrowdale University", "after": ORGANISATION},
    KIND.REORGANISATION: {
        "reference": None, "organisation": None, "field": "ccg-to-icb 2022-07-01",
        "details": Details(pages=97, agreements=261),
    },
    KIND.AGREEMENT_ADDED: {"title": "Winter pressures and frailty"},
    KIND.AGREEMENT_REMOVED: {},
    KIND.AGREEMENT_MOVED: {
        "before": ("nhs_eastmere_ccg",), "after": ("nhs_eastmere_icb",),
        "details": Details(page_names={"nhs_eastmere_ccg": OLD_BODY, "nhs_eastmere_icb": NEW_BODY}),
    },
    KIND.REFERENCE_CHANGED: {"before": "NIC-927731-B8F3W", "after": REFERENCE},
    KIND.VERSION_ADDED: {
        "reference": f"{REFERENCE}-v2.0", "field": "version", "before": "1.4", "after": "2.0",
        "details": Details(
            term_before=Span("2023-03-13", "2026-03-12"), term_after=Span("2026-03-13", "2029-03-12"),
            datasets_added=(MHSDS,), fields=("dsa_end", "datasets"), source="official", edition="2026-11",
        ),
    },
    KIND.VERSION_REMOVED: {
        "reference": f"{REFERENCE}-v1.3", "field": "version", "before": "1.3",
        "details": Details(source="official", edition="2026-11"),
    },
    KIND.DATASET_ADDED: {"field": "datasets", "added": (MHSDS,)},
    KIND.DATASET_REMOVED: {"field": "datasets", "removed": (MHSDS,)},
    KIND.DATASET_RELABELLED: {
        "field": "datasets", "before": "Ambulance Data", "after": "Ambulance Data Set (ADS)",
        "added": ("Ambulance Data Set (ADS)",), "removed": ("Ambulance Data",),
    },
    KIND.DATASET_ROW_CHANGED: {
        "reference": f"{REFERENCE}-v2.0", "field": "dataset_rows",
        "added": (f"{MHSDS} | Pseudonymised | Sensitive | Ongoing | HSCA2012:s261(2)(a) | ",),
        "removed": (f"{MHSDS} | Pseudonymised | Sensitive | One-Off | HSCA2012:s261(2)(a) | ",),
        "details": Details(source="official", edition="2026-11"),
    },
    KIND.DSA_EXTENDED: {
        "field": "dsa_end", "before": "2026-03-12", "after": "2029-03-12",
        "details": Details(term_before=Span("2023-03-13", "2026-03-12"), term_after=Span("2023-03-13", "2029-03-12")),
    },
    KIND.DSA_SHORTENED: {
        "field": "dsa_end", "before": "2029-03-12", "after": "2026-03-12",
        "details": Details(term_before=Span("2023-03-13", "2029-03-12"), term_after=Span("2023-03-13", "2026-03-12")),
    },
    KIND.DSA_TERM_CHANGED: {
        "field": "dsa_start", "before": "2023-03-13", "after": "2023-04-01",
        "details": Details(term_before=Span("2023-03-13", "2026-03-12"), term_after=Span("2023-04-01", "2026-03-12")),
    },
    KIND.RELEASES_CONTINUED: {"field": "released_to", "before": "2026-05", "after": "2026-10"},
    KIND.RELEASE_WINDOW_CHANGED: {"field": "released_from", "before": "2018-04", "after": "2016-04"},
    KIND.LEGAL_BASIS_CHANGED: {
        "field": "legal_bases", "severity": Severity.HIGH, "before": ("HSCA2012:s261(2)(a)",),
        "after": ("HSCA2012:s261(2)(a)", "NHSA2006:s251"), "added": ("NHSA2006:s251",),
        "families": Families(("s251",), ()),
    },
    KIND.OPT_OUTS_CHANGED: {"field": "opt_outs", "before": ("Yes",), "after": ("No", "Yes"), "added": ("No",)},
    KIND.TYPE_OF_DATA_CHANGED: {
        "field": "type_of_data", "before": ("Pseudonymised",), "after": ("Identifiable", "Pseudonymised"),
        "added": ("Identifiable",),
    },
    KIND.CONFIDENTIALITY_CHANGED: {
        "field": "confidentiality", "before": ("Consent (Reasonable Expectation)",),
        "after": ("Section 251 NHS Act 2006",), "added": ("Section 251 NHS Act 2006",),
        "removed": ("Consent (Reasonable Expectation)",),
    },
    KIND.SENSITIVITY_CHANGED: {
        "field": "sensitivity", "before": ("Non-Sensitive",), "after": ("Non-Sensitive", "Sensitive"),
        "added": ("Sensitive",),
    },
    KIND.ACCESS_METHOD_CHANGED: {
        "field": "access_methods", "before": ("System Access",), "after": ("Ongoing", "System Access"),
        "added": ("Ongoing",),
    },
    KIND.COMMERCIAL_CHANGED: {"field": "commercial", "before": ("No",), "after": ("No", "Yes"), "added": ("Yes",)},
    KIND.SUBLICENSING_CHANGED: {"field": "sublicensing", "before": ("No",), "after": ("No", "Yes"), "added": ("Yes",)},
    KIND.ORGANISATION_TYPE_CHANGED: {
        "field": "organisation_types", "before": ("Academic",), "after": ("Academic", "Commercial"),
        "added": ("Commercial",),
    },
    KIND.CONTROLLER_ADDED: {"field": "controllers", "added": ("Meridian Outcomes Research Ltd",)},
    KIND.CONTROLLER_REMOVED: {"field": "controllers", "removed": ("Meridian Outcomes Research Ltd",)},
    KIND.CONTROLLER_SUCCEEDED: {
        "field": "controllers", "before": OLD_BODY, "after": NEW_BODY, "added": (NEW_BODY,), "removed": (OLD_BODY,),
    },
    KIND.CONTROLLER_BASIS_CHANGED: {
        "reference": f"{REFERENCE}-v2.0", "field": "controller_basis",
        "before": "Sole Data Controller", "after": "Joint Data Controller",
        "details": Details(source="official", edition="2026-11"),
    },
    KIND.TITLE_CHANGED: {"field": "title", "before": "Winter pressures", "after": "Winter pressures and frailty"},
    KIND.TEXT_CHANGED: {
        "field": "objectives", "before": "…", "after": "…",
        "details": Details(
            words_out=16, words_in=54, first_out="pseudonymised", first_in="identifiable",
            watch_words=("identifiable", "pseudonymised"),
        ),
    },
    KIND.DISCUSSION_ADDED: {"field": "discussions", "added": ("AGD minutes 14 May 2026",)},
    KIND.INCIDENT_NOTED: {"field": "when_note", "after": "breached contract — audit report."},
    KIND.INCIDENT_REMOVED: {"field": "when_note", "before": "breached contract — audit report."},
    KIND.FLAG_RAISED: {
        "reference": None, "field": "flags",
        "after": "received multiple files from the same dataset, in the same month, both with optouts respected and "
        "with optouts ignored",
    },
    KIND.FLAG_CLEARED: {
        "reference": None, "field": "flags",
        "before": "received multiple files from the same dataset, in the same month, both with optouts respected and "
        "with optouts ignored",
    },
    KIND.FILES_COUNT_CHANGED: {"reference": None, "field": "files_disseminated", "before": 120, "after": 131},
    KIND.LAYOUT_CHANGED: {"reference": None, "organisation": None, "before": "L3", "after": "L4", "agreements": 1843},
    KIND.WORDING_CHANGED: {"field": "datasets", "before": ("Non Sensitive",), "after": ("Non-Sensitive",)},
}  # fmt: skip


def example(kind: ChangeKind) -> str:
    """Return the sentence of the made-up change of *kind*, in quotation marks; nothing while there is none."""
    if kind not in EXAMPLES:
        return ""
    given = {
        "severity": kind.row.severity if isinstance(kind.row.severity, Severity) else Severity.LOW,
        "organisation": ORGANISATION, "page": PAGE, "reference": REFERENCE, "title": None, "field": None,
        "before": None, "after": None, "added": (), "removed": (), "families": None,
    } | EXAMPLES[kind]  # fmt: skip
    change = Change(
        id="", kind=kind, substantive=not kind.row.editorial, summary="", first_seen="2026-11-20T03:17:00Z", run=1,
        snapshot_before=None, snapshot_after=None, **given,
    )  # fmt: skip
    said = kind.row.sentence(change)
    return f"“{said[:1].upper()}{said[1:]}.”"
