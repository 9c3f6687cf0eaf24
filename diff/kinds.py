"""The kinds of change: a table, a row for each.

What a row says of its kind is asked of the row wherever changes are decided, told and documented; so a new kind is a
new row, and its words a function or two in `diff.saying` (docs/howto.md). Which kind a field is told by stands in the
table of fields (`scraper.records`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from diff.saying import bases, places, remarks, values, versions
from diff.saying.phrase import Phrase, Say, plain, set_values, two, with_values
from diff.saying.sentence import listed, organisations, quoted, who
from diff.severity import (
    HIGH,
    INFO,
    LOW,
    MEDIUM,
    Severity,
    Weigh,
    gains,
    of_access,
    of_controllers,
    of_legal_bases,
    of_opt_outs,
    of_words,
)
from scraper.names.vocabulary import Vocabulary

if TYPE_CHECKING:  # as in `diff.saying.sentence`
    from diff.change import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What there is to know of a kind of change."""

    name: str
    """As in JSON and in settings."""
    when: str
    """When a change is of this kind, for docs/records.md."""
    severity: Severity | Weigh
    """How much it matters, or what decides that by what came and went."""
    weighed: str = ""
    """How that is decided, in words."""
    heading: str
    """What it is called where kinds are listed."""
    sentence: "Callable[[Change], str]"
    """Its summary; begins small, has no full stop."""
    phrase: Say
    """Its few words for a row of a page, a mail, a terminal."""
    grouped: bool = True
    """Whether the same edit on many agreements in one run is told as one change (rule 7)."""
    grouped_in: Sequence[str] = ()
    """Fields in which it is, though it is not otherwise."""
    editorial: bool = False
    """Whether people are never told of it."""
    gathers: bool = False
    """Whether its members, if it has any, are changes that it is made of, and not the same edit on many agreements."""

    def weigh(self, before: frozenset[str], after: frozenset[str], vocabulary: Vocabulary) -> Severity:
        """Return how much it matters that *before* became *after*."""
        if isinstance(self.severity, Severity):
            return self.severity
        return self.severity(before, after, vocabulary)

    def groups(self, field: str | None) -> bool:
        """Say whether the same edit of *field* on many agreements in one run is told as one change."""
        return self.grouped or field in self.grouped_in

    @property
    def usual(self) -> Severity:
        """How much it matters where nothing needs to be weighed."""
        assert isinstance(self.severity, Severity), f"{self.name} is weighed"
        return self.severity


def _again(change: "Change") -> str:
    return "listed again" if change.details.listed_again else ""


_WORDS = "medium: a word to watch or a negation came or went; else low"


class ChangeKind(StrEnum):
    """What kind of fact differs; the order is the one in which kinds are listed."""

    row: Kind

    def __new__(cls, row: Any) -> Self:  # a Kind; but the checker takes the look-up of a name for this call
        """Make the member that is its row's name and has the row."""
        member = str.__new__(cls, row.name)
        member._value_ = row.name
        member.row = row
        return member

    # Only where a complete run lacked the page: after a first import of a few pages all others would be new (rule 10).
    ORGANISATION_ADDED = Kind(
        name="organisation-added",
        when="a page that an earlier complete run lacked",
        severity=MEDIUM,
        heading="organisation added",
        sentence=lambda change: f"{change.organisation} is {_again(change) or 'new on the register'}",
        phrase=lambda told: Phrase(head=f"Organisation {_again(told.change) or 'new on the register'}"),
        grouped=False,
    )
    # That the page is gone says nothing of its agreements: they may stand on another one by then.
    ORGANISATION_REMOVED = Kind(
        name="organisation-removed",
        when="a page is gone, at the second sighting",
        severity=MEDIUM,
        heading="organisation no longer listed",
        sentence=lambda change: f"the page of {change.organisation} is no longer on the register",
        phrase=plain("Organisation no longer on the register"),
        grouped=False,
    )
    # Capitals that a newer build corrects are no other name. Low, because nothing was agreed.
    ORGANISATION_RENAMED = Kind(
        name="organisation-renamed",
        when="the heading's name differs, or all agreements of a page that went stand on one new page",
        severity=LOW,
        heading="organisation renamed",
        sentence=places.organisation_renamed,
        phrase=places.organisation_renamed_briefly,
        grouped=False,
        gathers=True,
    )
    # A hundred bodies that are succeeded on one day are one decision of a government (rule 20).
    REORGANISATION = Kind(
        name="reorganisation",
        when="25 or more pages or agreements went from bodies to their listed successors, by one listed reorganisation",
        severity=LOW,
        heading="reorganisation",
        sentence=places.reorganisation,
        phrase=places.reorganisation_briefly,
        grouped=False,
        gathers=True,
    )
    # One line for the whole agreement: its own datasets and controllers would tell the same thing ten times over.
    AGREEMENT_ADDED = Kind(
        name="agreement-added",
        when="an agreement that its page lacked before and no page had",
        severity=MEDIUM,
        heading="new agreement",
        sentence=places.agreement_added,
        phrase=places.agreement_added_briefly,
        grouped=False,
    )
    # Never "ended": the register is nearly append-only, and of those that went some came back.
    AGREEMENT_REMOVED = Kind(
        name="agreement-removed",
        when="an agreement stands on no page any more, at the second sighting",
        severity=MEDIUM,
        heading="agreement no longer on the pages",
        sentence=places.agreement_removed,
        phrase=places.agreement_removed_briefly,
        grouped=False,
    )
    # The applicant may change between versions: the agreement is the same, and a page is a view of it.
    AGREEMENT_MOVED = Kind(
        name="agreement-moved",
        when="a reference left one page and stands on another",
        severity=LOW,
        heading="agreement moved to another page",
        sentence=places.agreement_moved,
        phrase=places.agreement_moved_briefly,
        grouped=False,
    )
    # Older systems left DARS out. Probably the same agreement, which is said and not assumed in silence.
    REFERENCE_CHANGED = Kind(
        name="reference-changed",
        when="`NIC-…` became `DARS-NIC-…` of the same stem",
        severity=LOW,
        heading="reference changed",
        sentence=lambda change: f"{change.before} ({organisations(change)}) is now listed as {change.after}",
        phrase=two("Reference changed"),
    )
    # A renewal is a new version there, with a term of its own; the pages show it as later release months, if at all.
    VERSION_ADDED = Kind(
        name="version-added",
        when="a version of a known agreement that no earlier edition of the official register had",
        severity=MEDIUM,
        weighed="high: something that differs from the version below it would be high by itself; else medium",
        heading="new version",
        sentence=versions.version_added,
        phrase=versions.version_added_briefly,
        grouped=False,
    )
    VERSION_REMOVED = Kind(
        name="version-removed",
        when="a version is gone from the official register and others of its agreement are not, at the second sighting",
        severity=LOW,
        heading="version no longer listed",
        sentence=versions.version_removed,
        phrase=versions.version_removed_briefly,
        grouped=False,
    )
    # What readers come for. Lists are unions over all versions, so that an addition can be trusted.
    DATASET_ADDED = Kind(
        name="dataset-added",
        when="a dataset that the agreement did not list under any of its names",
        severity=MEDIUM,
        heading="dataset added",
        sentence=values.name_added,
        phrase=values.name("Dataset added", "in", "{} added"),
    )
    # For the same reason a removal is more often trouble with the page than news.
    DATASET_REMOVED = Kind(
        name="dataset-removed",
        when="a dataset is gone, at the second sighting",
        severity=LOW,
        heading="dataset removed",
        sentence=values.name_removed,
        phrase=values.name("Dataset removed", "out", "{} no longer listed"),
    )
    # In January 2023 some twenty datasets got acronyms in their names, wherever they stood.
    DATASET_RELABELLED = Kind(
        name="dataset-relabelled",
        when="another name of a dataset that the agreement lists already",
        severity=LOW,
        weighed="info, editorial if the name is known; low if it is only probable",
        heading="dataset under a newer name",
        sentence=values.relabelled,
        phrase=values.renamed("Dataset under a newer name", "Dataset probably under a newer name"),
    )
    # A dataset may stand twice on one version, as an identifiable and an anonymised cut.
    DATASET_ROW_CHANGED = Kind(
        name="dataset-row-changed",
        when="the row of a dataset says something else, or one of several rows came or went, and all rows together say "
        "the same as before",
        severity=LOW,
        heading="dataset row changed",
        sentence=versions.row_changed,
        phrase=versions.row_changed_briefly,
    )
    # The page prints the term of the first version it holds: a renewal seldom moves it, and if it does, that is news.
    DSA_EXTENDED = Kind(
        name="dsa-extended",
        when="the printed end moved later",
        severity=MEDIUM,
        heading="printed end moved later",
        sentence=places.term_changed,
        phrase=places.dates("Printed end moved later"),
    )
    # Mostly a correction of the register or the site.
    DSA_SHORTENED = Kind(
        name="dsa-shortened",
        when="the printed end moved earlier",
        severity=LOW,
        heading="printed end moved earlier",
        sentence=places.term_changed,
        phrase=places.dates("Printed end moved earlier"),
    )
    DSA_TERM_CHANGED = Kind(
        name="dsa-term-changed",
        when="the start alone moved, an end appeared or went, a word stands for a date, a remark that is no incident",
        severity=LOW,
        heading="printed term changed",
        sentence=places.term_changed,
        phrase=places.dates("Printed term changed", {"dsa_start": "start", "dsa_end": "end"}),
    )
    # This is how a renewal usually shows. Low, because every release of a running agreement does it too.
    RELEASES_CONTINUED = Kind(
        name="releases-continued",
        when="the release window ends later",
        severity=LOW,
        heading="releases continued",
        sentence=places.releases_continued,
        phrase=places.dates("Releases continued"),
    )
    RELEASE_WINDOW_CHANGED = Kind(
        name="release-window-changed",
        when="the window starts otherwise or ends earlier",
        severity=LOW,
        heading="release window changed",
        sentence=places.window_changed,
        phrase=places.dates("Release window changed", {"released_from": "first month", "released_to": "last month"}),
    )
    # By family and not by words: consent that gives way to section 251 weighs more than a limb made precise.
    LEGAL_BASIS_CHANGED = Kind(
        name="legal-basis-changed",
        when="the set of legal bases differs",
        severity=of_legal_bases,
        weighed="high: section 251 support, COPI or directions came, or consent went; medium: another change of "
        "families, or all gone; low: families unchanged; info: a bare act made precise",
        heading="legal basis changed",
        sentence=bases.basis_changed,
        phrase=bases.basis_changed_briefly,
    )
    # A No is lawful more often than not. Beside or instead of a Yes it is still what everybody asks about first.
    OPT_OUTS_CHANGED = Kind(
        name="opt-outs-changed",
        when="opt-outs honoured",
        severity=of_opt_outs,
        weighed="high: a No came beside or instead of a Yes; else medium",
        heading="opt outs changed",
        sentence=values.changed,
        phrase=values.set_changed,
    )
    # Beside each other stand the values of all versions: that Identifiable is there is new, not that others are.
    TYPE_OF_DATA_CHANGED = Kind(
        name="type-of-data-changed",
        when="type of data",
        severity=gains(["Identifiable"], HIGH, MEDIUM),
        weighed="high: Identifiable came; else medium",
        heading="type of data changed",
        sentence=values.changed,
        phrase=values.set_changed,
    )
    CONFIDENTIALITY_CHANGED = Kind(
        name="confidentiality-changed",
        when="the duty of confidentiality",
        severity=MEDIUM,
        heading="confidentiality changed",
        sentence=values.changed,
        phrase=values.set_changed,
    )
    SENSITIVITY_CHANGED = Kind(
        name="sensitivity-changed",
        when="sensitive or not",
        severity=gains(["Sensitive"], MEDIUM, LOW),
        weighed="medium: Sensitive came; else low",
        heading="sensitivity changed",
        sentence=values.changed,
        phrase=values.set_changed,
    )
    # From looking at data where they lie to files that leave is a step; more ways of the same sort are none.
    ACCESS_METHOD_CHANGED = Kind(
        name="access-method-changed",
        when="access method",
        severity=of_access,
        weighed="medium: from system access only to files; else low",
        heading="access method changed",
        sentence=values.changed,
        phrase=values.set_changed,
    )
    # Yes beside No: the values of all versions stand there, and the newest is not marked.
    COMMERCIAL_CHANGED = Kind(
        name="commercial-changed",
        when="commercial purpose",
        severity=gains(["Yes"], HIGH, LOW),
        weighed="high: Yes came; else low",
        heading="commercial purpose changed",
        sentence=values.changed,
        phrase=values.set_changed,
    )
    # Fewer than one agreement in twenty allows it, and what is handed on is in no register.
    SUBLICENSING_CHANGED = Kind(
        name="sublicensing-changed",
        when="sublicensing",
        severity=gains(["Yes"], HIGH, LOW),
        weighed="high: Yes came; else low",
        heading="sublicensing changed",
        sentence=values.changed,
        phrase=values.set_changed,
    )
    ORGANISATION_TYPE_CHANGED = Kind(
        name="organisation-type-changed",
        when="type of organisation",
        severity=gains(["Commercial", "Supplier"], HIGH, LOW),
        weighed="high: Commercial or Supplier came; else low",
        heading="organisation type changed",
        sentence=values.changed,
        phrase=values.set_changed,
    )
    # Some amendments are a controller and nothing else. A company among them weighs more than another hospital.
    CONTROLLER_ADDED = Kind(
        name="controller-added",
        when="a controller came",
        severity=of_controllers,
        weighed="high: its name ends like a company's; else medium",
        heading="controller added",
        sentence=values.name_added,
        phrase=values.name("Data controller added", "in", "data controller added"),
    )
    CONTROLLER_REMOVED = Kind(
        name="controller-removed",
        when="a controller is gone, at the second sighting",
        severity=LOW,
        heading="controller removed",
        sentence=values.name_removed,
        phrase=values.name("Data controller removed", "out", "data controller no longer listed"),
    )
    # In October 2022 groups became boards on hundreds of agreements; two of all those amendments were anything else.
    CONTROLLER_SUCCEEDED = Kind(
        name="controller-succeeded",
        when="another name or the successor of a controller that is listed already",
        severity=LOW,
        weighed="info, editorial if known; low if it is only presumed",
        heading="controller succeeded",
        sentence=values.succeeded,
        phrase=values.renamed("Data controller succeeded", "Data controller presumably succeeded", form="pair"),
    )
    CONTROLLER_BASIS_CHANGED = Kind(
        name="controller-basis-changed",
        when="whether the controllers are sole or joint, where the controllers stay",
        severity=LOW,
        heading="sole or joint controllers changed",
        sentence=versions.basis_changed,
        phrase=versions.basis_changed_briefly,
    )
    TITLE_CHANGED = Kind(
        name="title-changed",
        when="the title",
        severity=of_words,
        weighed=_WORDS,
        heading="title changed",
        sentence=values.changed,
        phrase=values.title_changed_briefly,
    )
    # From edition to edition long prose hardly changes; where it does, the words decide whether it is more than low.
    TEXT_CHANGED = Kind(
        name="text-changed",
        when="a section, purposes in prose, or lines in no field",
        severity=of_words,
        weighed=_WORDS,
        heading="section reworded",
        sentence=values.text_changed,
        phrase=values.text_changed_briefly,
    )
    DISCUSSION_ADDED = Kind(
        name="discussion-added",
        when="minutes of a discussion came",
        severity=LOW,
        heading="discussion added",
        sentence=lambda change: f"{listed(change.added)} named as discussion of {who(change)}",
        phrase=lambda told: with_values("Discussion added", set_values(told.change)),
    )
    # In the page's own words and never in ours: that it prints "breached contract" is the news.
    INCIDENT_NOTED = Kind(
        name="incident-noted",
        when="an incident in a remark beside the dates, or in a line in no field",
        severity=HIGH,
        heading="remark printed",
        sentence=remarks.incident_noted,
        phrase=remarks.incident_noted_briefly,
        grouped=False,
        grouped_in=("remainder",),
    )
    INCIDENT_REMOVED = Kind(
        name="incident-removed",
        when="that remark or line is gone, at the second sighting",
        severity=MEDIUM,
        heading="remark no longer printed",
        sentence=remarks.incident_removed,
        phrase=remarks.incident_removed_briefly,
        grouped=False,
        grouped_in=("remainder",),
    )
    # The site's sentence on the organisation as a whole; it names no agreement.
    FLAG_RAISED = Kind(
        name="flag-raised",
        when="the page raises a 🚩",
        severity=HIGH,
        heading="flag raised",
        sentence=lambda change: f"the page of {change.organisation} now raises a flag: {quoted(change.after)}",
        phrase=remarks.own_words("The page raises a flag", "a flag on the page"),
        grouped=False,
    )
    FLAG_CLEARED = Kind(
        name="flag-cleared",
        when="it raises none any more, at the second sighting",
        severity=LOW,
        heading="flag cleared",
        sentence=lambda change: f"the page of {change.organisation} no longer raises its flag: {quoted(change.before)}",
        phrase=remarks.own_words("The page no longer raises a flag"),
        grouped=False,
    )
    # It rises with every release, and the release window tells that by itself.
    FILES_COUNT_CHANGED = Kind(
        name="files-count-changed",
        when="the number of files",
        severity=INFO,
        heading="number of files changed",
        sentence=values.count_changed,
        phrase=two("Files disseminated"),
        grouped=False,
        editorial=True,
    )
    # A rebuilt site changes the markup of every page in one night, which would be seven hundred alerts.
    LAYOUT_CHANGED = Kind(
        name="layout-changed",
        when="the site was rebuilt: one change a run for each pair of layouts",
        severity=INFO,
        heading="layout of the site changed",
        sentence=values.layout_changed,
        phrase=values.layout_changed_briefly,
        grouped=False,
        editorial=True,
    )
    # In late 2024 the site lost every en dash. Kept, so that nothing printed changes in silence; told to nobody.
    WORDING_CHANGED = Kind(
        name="wording-changed",
        when="other words or signs, the same meaning",
        severity=INFO,
        heading="same meaning, printed otherwise",
        sentence=values.wording_changed,
        phrase=values.wording_changed_briefly,
        editorial=True,
    )


INCIDENTS = frozenset({ChangeKind.INCIDENT_NOTED, ChangeKind.INCIDENT_REMOVED})
"""Kinds that are told line by line: the line that came or went, and what it stands for."""
