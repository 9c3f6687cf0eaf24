"""The judge: what was read or told, held against the truth.

Of a page: `right`, `said` (a field is null, a notice names it, its text stands in the remainder), `refused`, `misread`.
Of a night: told exactly, missed, false, inexact, and whether it was held as demanded.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.markups import truth
from tests.markups.fold import alike, fold
from tests.markups.program import Parsed
from tests.markups.register import Page, Register
from tests.markups.sites.markups import Markup

RIGHT, SAID, REFUSED, MISREAD = "right", "said", "refused", "misread"
WORST_LAST = (RIGHT, REFUSED, SAID, MISREAD)


@dataclass
class Reading:
    """The verdict over the pages of one markup."""

    markup: str
    pages: Counter[str] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """Return the worst outcome of a page."""
        return max(self.pages, key=WORST_LAST.index)

    def add(self, outcome: str, reasons: list[str]) -> None:
        """Take the verdict over one page."""
        self.pages[outcome] += 1
        self.reasons += reasons


def judge_reading(markup: Markup, register: Register, parsed: Parsed) -> Reading:
    """Return the verdict over what `parse` gave of the register in that markup."""
    reading = Reading(markup.name)
    for page in register.pages:
        outcome, reasons = _judge_page(markup, page, parsed)
        reading.add(outcome, [f"{page.slug}: {reason}" for reason in reasons])
    return reading


def _judge_page(markup: Markup, page: Page, parsed: Parsed) -> tuple[str, list[str]]:
    read = parsed.pages.get(page.slug)
    if read is None:
        named = markup.file_name(page) in parsed.refused and parsed.exit_code in (1, 3)
        return (REFUSED, ["refused"]) if named else (MISREAD, ["left out without a word"])
    wrong = _fields(truth.page_record(page), read, read)
    wrong += _agreements(markup.records(page), read)
    unsaid = [reason for said, reason in wrong if not said]
    if unsaid:
        return MISREAD, unsaid
    if wrong and parsed.exit_code != 3:
        return MISREAD, [f"said, but ended with {parsed.exit_code} (contract, section 3)"]
    return (SAID, [reason for _, reason in wrong]) if wrong else (RIGHT, [])


def _agreements(expected: dict[str, dict], read: dict) -> list[tuple[bool, str]]:
    found = {one["reference"]: one for one in read["agreements"]}
    wrong = [(False, f"{reference} is not there") for reference in expected if reference not in found]
    wrong += [(False, f"{reference} is nobody's") for reference in found if reference not in expected]
    for reference, record in expected.items():
        if reference in found:
            differing = _fields(record, found[reference], read)
            wrong += [(said, f"{reference} {reason}") for said, reason in differing]
    return wrong


def _fields(expected: dict[str, Any], read: dict, page: dict) -> list[tuple[bool, str]]:
    """Return the fields that differ, each with whether that was said."""
    wrong = []
    for name, value in expected.items():
        got = _value(name, read.get(name, "(no such field)" if name == "remainder" and value else None))
        if not alike(_ids(name, value), got):
            wrong.append((_is_said(name, value, read, page), f"{name}: {got!r} for {value!r}"))
    lost = any(said and not reason.startswith("remainder") for said, reason in wrong)
    # What was not understood stands in the remainder: that it is longer is no second fault.
    return [(said or (lost and reason.startswith("remainder:")), reason) for said, reason in wrong]


def _value(name: str, got: Any) -> Any:
    return _ids(name, [basis["id"] for basis in got] if name == "legal_bases" and got is not None else got)


def _ids(name: str, value: Any) -> Any:
    """Return ids as they are compared, without the mark of a presumed one; a note that is not there is no note."""
    if name == "system_access_note":
        return bool(value)
    return [one.rstrip("?") for one in value] if name == "legal_bases" and value else value


def _is_said(name: str, value: Any, read: dict, page: dict) -> bool:
    """Return whether a field is null, named by a notice, and its text is kept in a remainder (design rule 20)."""
    label = truth.LABELS.get(name)
    if read.get(name) is not None or label is None:
        return False
    named = any(label.casefold() in notice.casefold() or name in notice for notice in page["notices"])
    remainders = fold("\n".join([read.get("remainder") or "", page.get("remainder") or ""]))
    parts = value if isinstance(value, list) else [] if value is None or name in DATES else [str(value)]
    if printed := read.get("printed", {}).get(label):
        parts = [printed]  # a site may print something else than the register says
    return named and all(fold(str(part)) in remainders for part in parts if name != "legal_bases")


# The text of a date that was not understood is not its ISO form, so only the notice can be asked for.
DATES = ("dsa_start", "dsa_end", "released_from", "released_to", "when_note")
