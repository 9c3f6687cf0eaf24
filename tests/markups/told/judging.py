"""Runs a history through the command line, and holds what was told against what was to be told."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.markups import truth
from tests.markups.fold import alike
from tests.markups.program import Watch
from tests.markups.sites.markups import markup
from tests.markups.told.expect import ANY, History, Night, Told

FIRST = datetime(2025, 1, 29, 3, 0, tzinfo=UTC)
EXACT, MISSED, FALSE, INEXACT, HELD, REFUSED = "exact", "missed", "false", "inexact", "held", "refused"


@dataclass
class Verdict:
    """What came of a history: a count of outcomes, those by kind, and a sentence for each fault."""

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    misjudged: int = 0

    @property
    def good(self) -> bool:
        """Return whether everything was told exactly, and held and refused as demanded."""
        return not self.faults

    def count(self, outcome: str, kind: str) -> None:
        """Count an outcome for a kind of change."""
        self.outcomes[outcome] += 1
        self.kinds.setdefault(kind, Counter())[outcome] += 1


def judge(history: History, folder: Path) -> Verdict:
    """Return the verdict over a history."""
    verdict, watch, seen = Verdict(history.name), Watch(folder), set()
    open_tells = list(history.tells)
    for number, night in enumerate(history.nights):
        exit_code, said = watch.take(files(night, number), at(night))
        _judge_run(verdict, night, number, watch, exit_code, said)
        fresh = [change for change in watch.changes() if change["id"] not in seen and not change["withdrawn"]]
        seen |= {change["id"] for change in fresh}
        open_tells = _judge_told(verdict, fresh, open_tells, number)
    for told in open_tells:
        if not told.optional:
            verdict.count(MISSED, told.kinds[0])
            verdict.faults.append(f"missed: {_show(told)}")
    return verdict


def at(night: Night) -> str:
    """Return the time at which the night's edition was fetched."""
    return (FIRST + timedelta(days=night.day)).strftime("%Y-%m-%dT%H:%M:%SZ")


def files(night: Night, number: int) -> dict[str, bytes]:
    """Return the edition's files: each page in its markup, an old copy where the night says so."""
    made = {}
    for page in night.register.pages:
        site = markup(night.by_page.get(page.slug, night.markup))
        shown = night.copies[page.slug].page(page.slug) if page.slug in night.copies else page
        body = site.page(shown, int(night.day))
        change = night.tamper.get(page.slug)
        made[site.file_name(page)] = change(body.decode()).encode() if change else body
    return made


def _judge_run(verdict: Verdict, night: Night, number: int, watch: Watch, exit_code: int, said: str) -> None:
    # Only a run that ends with 3 may be held (contract, section 3), so the others are not asked.
    status = json.loads(watch.status()["text"])[0]["last_run"] if exit_code == 3 else {"state": "", "reason": None}
    held, reason = status["state"] == "held", str(status["reason"])
    if held:
        verdict.outcomes[HELD] += 1
    if night.exit_code not in (None, exit_code):
        verdict.faults.append(f"night {number}: ended with {exit_code}, not {night.exit_code}")
    if night.free:
        return
    if held != (night.held is not None):
        verdict.misjudged += 1
        verdict.faults.append(f"night {number}: {'held' if held else 'not held'}: {reason}")
    unnamed = [word for word in night.held or () if held and not _named(word, reason)]
    verdict.faults += [f"night {number}: held without naming {word}: {reason}" for word in unnamed]
    refused = _refused(night, exit_code, said)
    verdict.outcomes[REFUSED] += len(refused)
    if refused != night.refused or exit_code not in (0, 3):
        verdict.misjudged += 1
        verdict.faults.append(f"night {number}: refused {sorted(refused)}, exit {exit_code}: {said[-300:]}")


def _named(word: str, reason: str) -> bool:
    """Return whether the reason names the field by its label or by its name."""
    names = [word, *(name for name, label in truth.LABELS.items() if label == word)]
    return any(name.casefold().replace("_", " ") in reason.casefold().replace("_", " ") for name in names)


def _refused(night: Night, exit_code: int, said: str) -> set[str]:
    """Return the slugs of the pages that were refused: named on a line that says so, or where nothing was taken."""
    words = {
        word for line in said.splitlines() if "refused" in line or exit_code == 1 for word in re.findall(r"\w+", line)
    }
    return {page.slug for page in night.register.pages if page.slug in words}


def _judge_told(verdict: Verdict, fresh: list[dict], tells: list[Told], number: int) -> list[Told]:
    """Match the night's changes with what is open; return what is still open."""
    rest, still_open = list(fresh), []
    due = [told for told in tells if number in told.nights]
    for told in sorted(due, key=lambda told: told.optional):
        near = [change for change in rest if _is_about(told, change)]
        exact = next((change for change in near if not _differs(told, change)), None)
        if exact is not None:
            verdict.count(EXACT, told.kinds[0])
            rest.remove(exact)
        elif near and not told.optional:
            verdict.count(INEXACT, told.kinds[0])
            verdict.faults.append(f"night {number}: inexact: {_differs(told, near[0])} for {_show(told)}")
            rest.remove(near[0])
        else:
            still_open.append(told)
    for change in rest:
        if change["substantive"]:
            verdict.count(FALSE, change["kind"])
            verdict.faults.append(
                f"night {number}: false: {change['kind']} {change['severity']}: {change['summary'][:200]}"
            )
    return [told for told in tells if number not in told.nights or told in still_open]


def _is_about(told: Told, change: dict) -> bool:
    same_place = all(
        wanted in (ANY, change[name]) for name, wanted in (("reference", told.reference), ("page", told.page))
    )
    same_value = all(
        _fits(getattr(told, name), change[name]) for name in ("added", "removed") if change["kind"] in SPLIT
    )
    return change["kind"] in told.kinds and same_place and same_value


# Of these there may be several in one agreement: the value says which is meant.
SPLIT = (
    "dataset-added",
    "dataset-removed",
    "controller-added",
    "controller-removed",
    "dataset-relabelled",
    "controller-succeeded",
)


def _differs(told: Told, change: dict) -> dict[str, Any]:
    names = ("field", "severity", "substantive", "before", "after", "added", "removed", "agreements")
    return {name: change[name] for name in names if not _fits(getattr(told, name), change[name])}


def _fits(wanted: Any, got: Any) -> bool:
    return wanted == ANY or alike(wanted, got) if not isinstance(wanted, bool) else wanted == got


def _show(told: Told) -> str:
    shown = {name: value for name, value in vars(told).items() if value != ANY and name not in ("nights", "optional")}
    return ", ".join(f"{name} {value}" for name, value in shown.items()) + f" in night {told.nights}"
