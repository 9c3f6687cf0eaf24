"""One place at work: what was believed of an agreement, what is printed now, and what is found between them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from diff.change import Difference
from diff.deciding.belief import Doubt, Place
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.names.name_lists import NameSplitter
from scraper.names.vocabulary import Vocabulary
from scraper.reading.frame import Frame
from scraper.records import Agreement


@dataclass(slots=True)
class Comparison:
    """One place at work: what is found is gathered here, field by field."""

    place: Place
    printed: Agreement
    layout: str
    old_body: str
    vocabulary: Vocabulary
    frame: Frame
    splitter: NameSplitter
    part: str = ""
    """What is being compared: a name of the folded form, or `type_words`."""
    found: list[Difference] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    """The new belief, field by field."""
    doubts: dict[str, Doubt] = field(default_factory=dict)
    sure: bool = False
    """What is missing needs no second sighting."""

    def tell(
        self,
        kind: ChangeKind,
        field: str,
        severity: Severity | None = None,
        weighed: tuple[Iterable[str], Iterable[str]] = ((), ()),
        **facts: Any,
    ) -> None:
        """Note a difference; where no severity is given, the kind says it of the values *weighed*."""
        before, after = map(frozenset, weighed)
        severity = severity or kind.row.weigh(before, after, self.vocabulary)
        self.note(Difference(kind=kind, severity=severity, field=field, **facts))

    def note(self, difference: Difference) -> None:
        """Note a difference with the last body that showed what was there before."""
        body = self.doubt.body or self.place.last_bodies.get(difference.field or "")
        self.found.append(replace(difference, old_body=body))

    def confirmed(self, gone: frozenset[str], *, replaced: bool = False, text: str = "") -> frozenset[str]:
        """Return which of the values *gone* are told as gone: those missing before, or all if others came instead.

        *text* is kept with those that are doubted, as what they were printed in.
        """
        told = gone if replaced or self.sure else gone & self.doubt.values
        if gone - told:
            self.doubts[self.part] = Doubt(gone - told, self.doubt.body or self.old_body, text)
        return told

    @property
    def doubt(self) -> Doubt:
        """What was missing at the sighting before from what is being compared."""
        return self.place.doubts.get(self.part, _NO_DOUBT)


_NO_DOUBT = Doubt(frozenset(), "")
