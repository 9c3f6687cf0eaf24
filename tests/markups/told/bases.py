"""Edits of the legal bases, and of what is known by other names: what makes a basis another one, and what does not."""
# ruff: noqa: E501  (a table: one edit a line)

from tests.markups.pools import BIRTHS, CONSENT, COPI, DIRECTIONS, HSCA, S251
from tests.markups.told.edits import Edit, told
from tests.markups.told.expect import ANY, Told

LIMB, OTHER_LIMB = f"{HSCA} – s261(2)(a)", f"{HSCA} – s261(4)"
SUPPORT = f"{HSCA} – s261(7)"


def _bases(name: str, old: tuple, new: tuple, severity: str = "", *, later: bool = False, added: object = ANY) -> Edit:
    change = told("legal-basis-changed", "legal_bases", severity, added=added) if severity else ()
    tells, waits = ((), change) if later else (change, ())
    return Edit(
        f"legal-basis:{name}", "domain/legal-bases.md 5", {"legal_bases": old}, {"legal_bases": new}, tells, waits
    )


# fmt: off
CHANGES = [
    _bases("support-comes", (LIMB,), (LIMB, S251), "high", added=["NHSA2006:s251"]),
    _bases("notice-comes", (LIMB,), (LIMB, COPI), "high", added=["COPI2002:r3(4)"]),
    _bases("directions-come", (LIMB,), (LIMB, DIRECTIONS), "high"),
    _bases("consent-replaced", (CONSENT,), (LIMB,), "high"),
    _bases("consent-goes", (CONSENT, LIMB), (LIMB,), "high", later=True),
    _bases("consent-emptied", (CONSENT,), (), "high", later=True),
    _bases("emptied", (LIMB,), (), "medium", later=True),
    _bases("another-family", (LIMB,), (LIMB, BIRTHS), "medium", added=["SRSA2007:s42(4)"]),
    _bases("another-limb", (LIMB,), (OTHER_LIMB,), "low", added=["HSCA2012:s261(4)"]),
    _bases("one-more-limb", (LIMB,), (LIMB, OTHER_LIMB), "low"),
    _bases("bare-act-made-precise", (HSCA,), (LIMB,), "info"),
    _bases("a-limb-goes", (LIMB, OTHER_LIMB), (LIMB,), "low", later=True),
    _bases("unknown-text-comes", (LIMB,), (LIMB, "Other-The charter of the northern registries"), "medium"),
    *(_bases(f"support-{word.replace(' ', '-')}", (SUPPORT,), (f"{SUPPORT} – {word}",), "medium") for word in ("support refused", "expired", "not approved", "renewed")),
]
# fmt: on

# A typist's spelling is typography: nothing is told. What stands on the left is what stood there before.
SAME = {
    "s261(1)-dropped": (f"{HSCA} – s261(1) and s261(2)(b)(ii)", f"{HSCA} – s261(2)(b)(ii)"),
    "dash-lost": (LIMB, f"{HSCA} s261(2)(a)"),
    "dash-lost-two-spaces": (LIMB, f"{HSCA}  s261(2)(a)"),
    "hyphen": (LIMB, f"{HSCA} - s261(2)(a)"),
    "ampersand": (LIMB, "Health & Social Care Act 2012 – s261(2)(a)"),
    "comma": (LIMB, f"{HSCA}, s261(2)(a)"),
    "colon": (LIMB, f"{HSCA}: s261(2)(a)"),
    "bracket": (LIMB, f"{HSCA} (s261(2)(a))"),
    "initials": (LIMB, "HSCA 2012 – s261(2)(a)"),
    "as-amended": (LIMB, f"{HSCA} (as amended) – s261(2)(a)"),
    "the": (LIMB, f"The {HSCA} – s261(2)(a)"),
    "sect.": (LIMB, f"{HSCA} – sect. 261(2)(a)"),
    "section": (LIMB, f"{HSCA} – section 261(2)(a)"),
    "square-brackets": (LIMB, f"{HSCA} – s261[2][a]"),
    "one-letter-lost": (LIMB, "Health and Social Car Act 2012 – s261(2)(a)"),
    "one-letter-more": (LIMB, "Health and Sociall Care Act 2012 – s261(2)(a)"),
    "no-year": (S251, "National Health Service Act - s251 - 'Control of patient information'."),
    "heading-lost": (S251, "National Health Service Act 2006 - s251"),
    "support-in-words": (S251, "Section 251 approval is in place for the flow of identifiable data"),
    "body-renamed": (CONSENT, CONSENT.replace("NHS Digital", "the HSCIC")),
    "misspelling-put-right": ("Other-NHS Regulatons (3)", "Other-NHS Regulations (3)"),
    "curly-quotes": (S251, S251.replace("'", "’")),
    "upper-case": (LIMB, LIMB.upper()),
}
SPELLINGS = [_bases(f"spelt-{name}", (old,), (new,)) for name, (old, new) in SAME.items()]
LISTS = [
    _bases("other-order", (LIMB, BIRTHS), (BIRTHS, LIMB)),
    _bases("repeated", (LIMB,), (LIMB, f"{HSCA} s261(2)(a)")),
    _bases("blank-cell", (LIMB,), ("", LIMB)),
]

DID, OLD_DID = "Diagnostic Imaging Data Set (DID)", "Diagnostic Imaging Dataset"
DIABETES, ECDS = "National Diabetes Audit", "Emergency Care Data Set (ECDS)"


def _added(name: str) -> tuple[Told, ...]:
    return told("dataset-added", "datasets", "medium", added=[name], removed=[], before=None, after=None)


def _gone(name: str) -> tuple[Told, ...]:
    return told("dataset-removed", "datasets", "low", added=[], removed=[name], before=None, after=None)


def _relabelled(added: list[str], removed: list[str], nights: tuple[int, ...] = (1,)) -> tuple[Told, ...]:
    return told(
        "dataset-relabelled",
        "datasets",
        "info",
        substantive=False,
        before=OLD_DID,
        after=DID,
        added=added,
        removed=removed,
        nights=nights,
    )


def _datasets(name: str, old: tuple, new: tuple, tells: tuple = (), later: tuple = (), rule: str = "6") -> Edit:
    return Edit(f"datasets:{name}", rule, {"datasets": old}, {"datasets": new}, tells, later)


# fmt: off
DATASETS = [
    _datasets("one-more", (DIABETES,), (DIABETES, ECDS), _added(ECDS)),
    _datasets("one-less", (DIABETES, ECDS), (DIABETES,), (), _gone(ECDS)),
    _datasets("another", (DIABETES,), (ECDS,), _added(ECDS), _gone(DIABETES)),
    _datasets("emptied", (DIABETES, ECDS), (), (), (*_gone(DIABETES), *_gone(ECDS))),
    _datasets("unknown", (DIABETES,), (DIABETES, "Aldermoor Falls Register"), _added("Aldermoor Falls Register")),
    _datasets("a-name-with-commas", (DIABETES,), (DIABETES, "Local Provider Data - Acute, Ambulance, Community"), _added("Local Provider Data - Acute, Ambulance, Community")),
    _datasets("like-a-label", (DIABETES,), (DIABETES, "Sensitive: paediatric audit"), _added("Sensitive: paediatric audit"), rule="16"),
    _datasets("alias-instead", (OLD_DID,), (DID,), _relabelled([DID], [OLD_DID]), rule="8"),
    _datasets("alias-beside", (OLD_DID,), (OLD_DID, DID), _relabelled([DID], []), rule="8"),
    _datasets("alias-goes", (OLD_DID, DID), (DID,), _relabelled([], [OLD_DID], (1, 2)), rule="8"),
    _datasets("alike-and-different", ("Mental Health Minimum Data Set (MHMDS)",), ("Mental Health Services Data Set (MHSDS)",), _added("Mental Health Services Data Set (MHSDS)"), _gone("Mental Health Minimum Data Set (MHMDS)"), rule="8"),
    _datasets("alias-of-low-confidence", ("Sentinel Stroke National Audit Programme (SSNAP)",), ("COVID-19 Sentinel Stroke National Audit Programme (SSNAP)",), _added("COVID-19 Sentinel Stroke National Audit Programme (SSNAP)"), _gone("Sentinel Stroke National Audit Programme (SSNAP)"), rule="8"),
    _datasets("a-point-in-a-number", ("Tarn audit v1.5",), ("Tarn audit v15",), _added("Tarn audit v15"), _gone("Tarn audit v1.5"), rule="4"),
    _datasets("a-sign", ("Scans ≤18 weeks",), ("Scans ≥18 weeks",), _added("Scans ≥18 weeks"), _gone("Scans ≤18 weeks"), rule="4"),
    _datasets("underscore", ("Tarn audit v1.5",), ("Tarn audit_v1.5",), rule="4"),
    _datasets("case", ("Tarn Audit",), ("TARN audit",), rule="4"),
    _datasets("other-order", (DIABETES, ECDS), (ECDS, DIABETES, ECDS), rule="4"),
]
# fmt: on

EDITS = [*CHANGES, *SPELLINGS, *LISTS, *DATASETS]
