"""What a change says beside who and when: its values, and the facts that stand in its sentence alone."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from scraper.times import same_date

Value = str | int | tuple[str, ...] | None
"""What a field held: a single value, a set as a sorted tuple, prose; None where there was nothing."""


def single(value: Value) -> str:
    """Return a single value as text, empty where there is none."""
    return "" if value is None or isinstance(value, tuple) else str(value)


def several(value: Value) -> tuple[str, ...]:
    """Return the values of a set, none where it is no set."""
    return value if isinstance(value, tuple) else ()


class Families(NamedTuple):
    """The families of legal bases that came and those that went."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


class Span(NamedTuple):
    """A printed term or a release window: dates as precise as printed, None where none is printed."""

    start: str | None
    end: str | None
    word: str | None = None
    """What stands where a date should: `No`, `ongoing`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Facts that the summary says and no other field has; never part of the id. What does not apply is left out."""

    words_out: int | None = None
    """Of prose how many words went, how many came, and the first of each where the text first differs."""
    words_in: int | None = None
    first_out: str | None = None
    first_in: str | None = None
    watch_words: tuple[str, ...] | None = None
    """Of prose the words to watch and the negations that came or went."""
    term_before: Span | None = None
    term_after: Span | None = None
    """The whole printed term, of which `before` and `after` are one date."""
    window_before: Span | None = None
    """The whole release window where there is none after it, or none was before it."""
    window_after: Span | None = None
    name_before: str | None = None
    """Of a group the old and the new name: its own `before` and `after` are null."""
    name_after: str | None = None
    printed: Mapping[str, str] | None = None
    """Legal basis that is not understood → its printed text."""
    page_names: Mapping[str, str] | None = None
    """Slug → organisation, of the pages that an agreement left or came to."""
    listed_again: bool | None = None
    """Whether it was told as gone before."""
    also_on: tuple[str, ...] | None = None
    """Further organisations on whose pages the same was seen in the same run."""
    organisations: int | None = None
    """At how many organisations a group is."""
    pages: int | None = None
    """Of a reorganisation how many pages went on under another name, and how many agreements went with it."""
    agreements: int | None = None
    versions: tuple[str, ...] | None = None
    """Of an agreement of the official register that came or went, its other versions, which came or went with it."""
    datasets_added: tuple[str, ...] | None = None
    """Of a new version, what it has and the one before it had not, and the other way round."""
    datasets_removed: tuple[str, ...] | None = None
    bases_added: tuple[str, ...] | None = None
    bases_removed: tuple[str, ...] | None = None
    controllers_added: tuple[str, ...] | None = None
    controllers_removed: tuple[str, ...] | None = None
    fields: tuple[str, ...] | None = None
    """Which fields of a new version differ from the one before it, all of them."""
    files: Mapping[str, int] | None = None
    """Of releases that continued: how many files were released in the months that came."""
    source: str | None = None
    """`official` if the official register says it, and the month of its edition."""
    edition: str | None = None
    official: str | None = None
    """Of a change of the pages, the newest version of the official register that says the same; found when asked."""

    @property
    def whole(self) -> Span | None:
        """The whole term or release window that stands there where none did, or does no longer."""
        for before, after in ((self.term_before, self.term_after), (self.window_before, self.window_after)):
            for one, other in ((before, after), (after, before)):
                if one and one.start and one.end and not any(other or ()):
                    return one
        return None

    @property
    def moved_dates(self) -> dict[str, tuple[str | None, str | None]]:
        """Which dates of the printed term differ, "end" before "start": what was printed, and what is now."""
        before, after = self.term_before or Span(None, None), self.term_after or Span(None, None)
        pairs = {"end": (before.end, after.end), "start": (before.start, after.start)}
        return {name: pair for name, pair in pairs.items() if not same_date(*pair)}

    def to_json(self) -> dict[str, Any]:
        """Return what applies, as values that `json.dumps` takes."""
        if self == NO_DETAILS:
            return {}
        values = {name: getattr(self, name) for name in DETAILS}
        return {name: _detail_to_json(value) for name, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, details: Mapping[str, Any]) -> "Details":
        """Return the details of a public form; the inverse of `to_json`."""
        if not details:
            return NO_DETAILS
        spans = {name: Span(**details[name]) for name in _SPANS & details.keys()}
        return cls(**{name: read_value(value) for name, value in details.items()} | spans)


DETAILS = tuple(one.name for one in fields(Details))
"""The names of details, in public order."""
NO_DETAILS = Details()
_SPANS = {"term_before", "term_after", "window_before", "window_after"}


def _detail_to_json(value: Any) -> Any:
    if isinstance(value, Span):
        return {name: one for name, one in value._asdict().items() if name != "word" or one is not None}
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def read_value(value: Any) -> Any:
    """Return a value as changes hold it: what JSON has as a list is a tuple."""
    return tuple(value) if isinstance(value, list) else value
