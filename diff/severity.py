"""How much does a change matter? Four severities, and the few that need a look at what came and went."""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

from scraper.names.fold import fold, fold_set
from scraper.names.legal_families import families_of
from scraper.names.vocabulary import Vocabulary


class Severity(StrEnum):
    """How much a change matters to a reader; compared by `rank`."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Return 0 for the most severe."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}

HIGH, MEDIUM, LOW, INFO = Severity

STANDS_FOR = {
    HIGH: "what most readers ask about first: section 251 support or COPI newly cited, consent gone, a No beside the "
    "opt-outs, identifiable data, a commercial purpose, sublicensing, a company as controller, a remark about "
    "something grave, a flag",
    MEDIUM: "who has which data, and until when: an organisation, an agreement or a dataset came, a printed end moved "
    "later, confidentiality is met otherwise, a word to watch came into a text",
    LOW: "what belongs to the ordinary life of an agreement: releases went on, a body was renamed, a text was "
    "reworded, a dataset is no longer listed",
    INFO: "kept so that nothing printed changes in silence; mostly editorial, and then told to nobody",
}
"""What each stands for, to a reader: docs/severity.md."""

Weigh = Callable[[frozenset[str], frozenset[str], Vocabulary], Severity]
"""Severity of a set that changed: values before, values after, known names."""


def gains(words: Iterable[str], then: Severity, otherwise: Severity) -> Weigh:
    """Return what says *then* where one of *words* came into a set, and *otherwise* where none did."""
    wanted = fold_set(words)
    return lambda before, after, _: then if (fold_set(after) - fold_set(before)) & wanted else otherwise


_ANSWER = re.compile(r"\W*(y|yes|n|no)\b", re.IGNORECASE)


def _answers(values: Iterable[str]) -> set[str]:
    """Return what opt-out values answer: "N" and "No - deaths data …" say no, "None" and "Not applicable" do not."""
    return {found[1][0].lower() for value in values if (found := _ANSWER.match(value))}


def of_opt_outs(before: frozenset[str], after: frozenset[str], _: Vocabulary) -> Severity:
    """Return high where a No came beside or instead of a Yes."""
    no_is_new = "n" in _answers(after) - _answers(before)
    return HIGH if no_is_new and "y" in _answers(before) else MEDIUM


def of_access(before: frozenset[str], after: frozenset[str], _: Vocabulary) -> Severity:
    """Return medium where files came to what was system access alone."""
    system_only = {fold("System Access")}
    return MEDIUM if fold_set(before) == system_only and fold_set(after) - system_only else LOW


def of_controllers(before: frozenset[str], after: frozenset[str], vocabulary: Vocabulary) -> Severity:
    """Return high where a company came."""
    return HIGH if any(map(vocabulary.is_corporate, after - before)) else MEDIUM


def of_words(before: frozenset[str], after: frozenset[str], _: Vocabulary) -> Severity:
    """Return medium where a word to watch or a negation came or went: of a text these are its values."""
    return MEDIUM if before != after else LOW


def of_legal_bases(before: frozenset[str], after: frozenset[str], _: Vocabulary) -> Severity:
    """Return how much it matters that the compared ids *before* became *after*.

    >>> from scraper.names.vocabulary import default_vocabulary as known
    >>> str(of_legal_bases(frozenset({"HSCA2012"}), frozenset({"HSCA2012:s261(2)(a)"}), known()))
    'info'
    >>> str(of_legal_bases(frozenset({"CONSENT:informed"}), frozenset(), known()))
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
