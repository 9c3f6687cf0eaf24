"""What a difference in a field means, and how much it matters: tables, and the few severities that need a look.

The source of every line is the table of change kinds in docs/records.md.
"""

import re
from collections.abc import Callable, Iterable

from diff.change import ChangeKind, Severity
from scraper.names.fold import fold, fold_set
from scraper.names.legal_basis import families_of

HIGH, MEDIUM, LOW, INFO = Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO

EDITORIAL = frozenset({ChangeKind.FILES_COUNT_CHANGED, ChangeKind.LAYOUT_CHANGED, ChangeKind.WORDING_CHANGED})
"""Kinds that are never told by themselves."""

NEVER_GROUPED_PREFIXES = ("organisation-", "agreement-", "flag-", "incident-", "files-", "layout-")
"""Starts of the kinds that stay single however many there are in a run."""

SEVERITY: dict[ChangeKind, Severity] = {
    ChangeKind.ORGANISATION_ADDED: MEDIUM,
    ChangeKind.ORGANISATION_REMOVED: MEDIUM,
    ChangeKind.ORGANISATION_RENAMED: LOW,
    ChangeKind.AGREEMENT_ADDED: MEDIUM,
    ChangeKind.AGREEMENT_REMOVED: MEDIUM,
    ChangeKind.AGREEMENT_MOVED: LOW,
    ChangeKind.REFERENCE_CHANGED: LOW,
    ChangeKind.DATASET_ADDED: MEDIUM,
    ChangeKind.DATASET_REMOVED: LOW,
    ChangeKind.DATASET_RELABELLED: LOW,  # proposed; a known alias is INFO
    ChangeKind.DSA_EXTENDED: MEDIUM,
    ChangeKind.DSA_SHORTENED: LOW,
    ChangeKind.DSA_TERM_CHANGED: LOW,
    ChangeKind.RELEASES_CONTINUED: LOW,
    ChangeKind.RELEASE_WINDOW_CHANGED: LOW,
    ChangeKind.CONFIDENTIALITY_CHANGED: MEDIUM,
    ChangeKind.CONTROLLER_REMOVED: LOW,
    ChangeKind.CONTROLLER_SUCCEEDED: LOW,  # presumed; a known one is INFO
    ChangeKind.TITLE_CHANGED: LOW,
    ChangeKind.TEXT_CHANGED: LOW,
    ChangeKind.DISCUSSION_ADDED: LOW,
    ChangeKind.INCIDENT_NOTED: HIGH,
    ChangeKind.INCIDENT_REMOVED: MEDIUM,
    ChangeKind.FLAG_RAISED: HIGH,
    ChangeKind.FLAG_CLEARED: LOW,
    ChangeKind.FILES_COUNT_CHANGED: INFO,
    ChangeKind.LAYOUT_CHANGED: INFO,
    ChangeKind.WORDING_CHANGED: INFO,
}
"""Severities that hang on the kind alone."""

SetSeverity = Callable[[frozenset[str], frozenset[str]], Severity]
"""Severity of a set that changed: values before, values after, as printed."""


def _gains(words: Iterable[str], then: Severity, otherwise: Severity) -> SetSeverity:
    wanted = fold_set(words)
    return lambda before, after: then if (fold_set(after) - fold_set(before)) & wanted else otherwise


_ANSWER = re.compile(r"\W*(y|yes|n|no)\b", re.IGNORECASE)


def _answers(values: Iterable[str]) -> set[str]:
    """Return what opt-out values answer: "N" and "No - deaths data …" say no, "None" and "Not applicable" do not."""
    return {found[1][0].lower() for value in values if (found := _ANSWER.match(value))}


def _opt_outs(before: frozenset[str], after: frozenset[str]) -> Severity:
    no_is_new = "n" in _answers(after) - _answers(before)
    return HIGH if no_is_new and "y" in _answers(before) else MEDIUM


def _access(before: frozenset[str], after: frozenset[str]) -> Severity:
    system_only = {fold("System Access")}
    return MEDIUM if fold_set(before) == system_only and fold_set(after) - system_only else LOW


_OF_SETS: dict[ChangeKind, SetSeverity] = {
    ChangeKind.TYPE_OF_DATA_CHANGED: _gains(["Identifiable"], HIGH, MEDIUM),
    ChangeKind.OPT_OUTS_CHANGED: _opt_outs,
    ChangeKind.COMMERCIAL_CHANGED: _gains(["Yes"], HIGH, LOW),
    ChangeKind.ORGANISATION_TYPE_CHANGED: _gains(["Commercial", "Supplier"], HIGH, LOW),
    ChangeKind.SENSITIVITY_CHANGED: _gains(["Sensitive"], MEDIUM, LOW),
    ChangeKind.ACCESS_METHOD_CHANGED: _access,
    ChangeKind.SUBLICENSING_CHANGED: _gains(["Yes"], HIGH, LOW),
}
"""Severities of sets that are told as a whole, as far as they hang on what came and went."""


def set_severity(kind: ChangeKind, before: frozenset[str], after: frozenset[str]) -> Severity:
    """Return how much it matters that a set, told as *kind*, became *after*."""
    return _OF_SETS[kind](before, after) if kind in _OF_SETS else SEVERITY[kind]


TYPE_WORDS = tuple(map(fold, ("Identifiable", "Pseudonymised", "Anonymised", "Aggregated")))
"""Starts of the type-of-data values that some layouts print among the opt-outs."""

LONGEST_TYPE_WORD = len(fold("Anonymised - ICO Code Compliant, small numbers suppressed"))


def is_type_of_data(value: str) -> bool:
    """Say whether an opt-out value is really a type of data.

    >>> is_type_of_data("Anonymised - ICO Code Compliant"), is_type_of_data("No - data flow is not identifiable")
    (True, False)
    """
    folded = fold(value)
    return folded.startswith(TYPE_WORDS) and len(folded) <= LONGEST_TYPE_WORD


def legal_basis_severity(before: frozenset[str], after: frozenset[str]) -> Severity:
    """Return how much it matters that the compared ids *before* became *after*.

    >>> str(legal_basis_severity(frozenset({"HSCA2012"}), frozenset({"HSCA2012:s261(2)(a)"})))
    'info'
    >>> str(legal_basis_severity(frozenset({"CONSENT:informed"}), frozenset()))
    'high'
    """
    gone, come = before - after, after - before
    old, new = families_of(before), families_of(after)
    made_precise = gone == {"HSCA2012"} and come and all(basis.startswith("HSCA2012:s261") for basis in come)
    if made_precise and new <= old:  # a limb that is consent or section 251 support, where none was, says more
        return INFO
    grave = {"s251-support", "copi-regulations", "directions-s254-s259"}
    if (new - old) & grave or "consent" in old - new:
        return HIGH
    return MEDIUM if old != new else LOW


def grouped(kind: ChangeKind) -> bool:
    """Say whether the same edit of this kind on many agreements is told as one change."""
    return not kind.value.startswith(NEVER_GROUPED_PREFIXES)
