"""How it is said that versions of the official register come and go, and what their rows say otherwise."""

from typing import TYPE_CHECKING

from diff.details import Details, Span, Value
from diff.saying.english import plural
from diff.saying.phrase import Marked, Phrase, Told, two, with_values
from diff.saying.sentence import NOTHING, listed, quoted, who
from scraper.records import EVERY_FIELD
from scraper.text import cut, one_line

if TYPE_CHECKING:  # as in `sentence`
    from diff.change import Change

_SETS = (
    ("datasets", "dataset"),
    ("controllers", "data controller"),
    ("bases", "legal basis"),
)
LONGEST_NUMBER = 20
"""Characters of a version's number."""

_SAID_APART = frozenset(("datasets", "controllers", "legal_bases", "dsa_start", "dsa_end"))


def version_added(change: "Change") -> str:
    """Return the sentence of a version: what differs from the one below it."""
    again = "listed again" if change.details.listed_again else "new"
    below = f", after version {change.before}" if change.before else ""
    return "; ".join([f"{who(change)} is {again} in the official register{below}", *_differences(change.details)])


def _differences(details: Details) -> list[str]:
    found = [words for words in (_term(details),) if words]
    for name, what in _SETS:
        added, removed = getattr(details, f"{name}_added") or (), getattr(details, f"{name}_removed") or ()
        found += [f"{what} added: {listed(added)}"] if added else []
        found += [f"{what} no longer listed: {listed(removed)}"] if removed else []
    others = [EVERY_FIELD[name].called.lower() for name in details.fields or () if name in EVERY_FIELD]
    others = [name for name, field in zip(others, details.fields or (), strict=True) if field not in _SAID_APART]
    return [*found, f"also differ: {listed(others)}"] if others else found


def _term(details: Details) -> str:
    before, after = details.term_before, details.term_after
    if not after or not any(after):
        return ""
    if before and any(before) and before != after:
        return f"term {_dates(after)}, before {_dates(before)}"
    return f"term {_dates(after)}"


def _dates(span: Span) -> str:
    return f"{span.start or NOTHING} to {span.end or NOTHING}"


def version_added_briefly(told: Told) -> Phrase:
    """Return its phrase: the terms, and what came and went."""
    change, details = told.change, told.change.details
    values: list[Marked] = []
    before, after = details.term_before, details.term_after
    if before and after and before != after and any(before):
        values.append(("out", f"term {_dates(before)}"))
    if after and any(after):
        values.append(("in" if before != after else "same", f"term {_dates(after)}"))
    for name, _ in _SETS:
        values += [("out", one) for one in getattr(details, f"{name}_removed") or ()]
        values += [("in", one) for one in getattr(details, f"{name}_added") or ()]
    again = "Version listed again" if details.listed_again else "New version"
    number = _number(change.after)
    return with_values(f"{again}{number}", values, short=f"new version{number}")


def _number(version: Value) -> str:
    """Return the number of a version behind the word, made safe like all that is printed; empty where there is none."""
    return f" {cut(one_line(str(version)), LONGEST_NUMBER)}" if version else ""


def version_removed(change: "Change") -> str:
    """Return the sentence of a version that went."""
    return f"{who(change)} is no longer in the official register; other versions of the agreement are"


def version_removed_briefly(told: Told) -> Phrase:
    """Return its phrase."""
    return Phrase(head=f"Version{_number(told.change.before)} no longer listed", short="version gone")


def row_changed(change: "Change") -> str:
    """Return the sentence of a dataset's row."""
    if change.added and change.removed:
        return f"a dataset row of {who(change)} changed from {quoted(change.removed)} to {quoted(change.added)}"
    if change.added:
        return f"one more row of a dataset of {who(change)}: {quoted(change.added)}"
    return f"one row of a dataset of {who(change)} is no longer listed: {quoted(change.removed)}"


def row_changed_briefly(told: Told) -> Phrase:
    """Return its phrase."""
    change = told.change
    values: list[Marked] = [("out", one) for one in change.removed] + [("in", one) for one in change.added]
    return with_values("Dataset row changed", values, short="dataset row changed")


def basis_changed(change: "Change") -> str:
    """Return the sentence of controllers that are sole or joint."""
    of = f"Sole or joint data controllers of {who(change)}"
    return f"{of}: now {quoted(change.after)}, before {quoted(change.before)}"


basis_changed_briefly = two("Sole or joint")


def first_release(change: "Change") -> str:
    """Return the sentence of the first files of a version."""
    return f"releases under {who(change)} began: first release month {change.after}{files_of(change)}"


def files_of(change: "Change") -> str:
    """Return how many files were released in the months that came, as the end of a sentence, if that is known."""
    files = {} if change.group else change.details.files or {}
    counted = [f"{plural(number, 'file')} in {month}" for month, number in files.items()]
    return f"; {listed(counted)}" if counted else ""


def others_of(change: "Change") -> str:
    """Return what else came or went with the lowest version of an agreement, as the end of a sentence."""
    others = change.details.versions
    return f", with {listed(others)}" if others else ""
