"""Can people trust what is told? Recall and precision over a simulated register, ours beside a plain line diff.

The line diff stands for a general change watcher: it keeps the lines of each page and reports every page whose set of
lines differs from the last time. It cannot name a kind; for recall by kind, a change counts as found when its page was
reported in the edition that had to tell it or in one of the two before (a removal is told late). A report is right when
something substantive about its page was due then or in the next edition. The register is edited far more than the real
one, which favours the line diff.
"""

import html
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.markups.report import report
from tests.simulation.play import play
from tests.simulation.story import Edition, quick
from tests.simulation.truth import Expected, Score

SEEDS = ("trust 1", "trust 2", "trust 3")
_TAG = re.compile(r"<[^>]+>")


def lines_of(body: bytes) -> frozenset[str]:
    """Return the lines of a page as a reader sees them: tags gone, spaces outside trimmed."""
    text = html.unescape(_TAG.sub("", body.decode("utf-8", "replace")))
    return frozenset(line.strip() for line in text.splitlines() if line.strip())


@dataclass
class LineDiff:
    """A watcher that reports every page whose lines differ."""

    pages: dict[str, frozenset[str]] = field(default_factory=dict)
    reported: list[set[str]] = field(default_factory=list)
    lines: int = 0

    def read(self, edition: Edition) -> None:
        """Take in an edition and report the pages that differ, are new or are gone."""
        reported = set()
        for name, body in edition.files.items():
            slug, lines = name.rsplit(".", 1)[0], lines_of(body)
            if (slug in self.pages and lines != self.pages[slug]) or (slug not in self.pages and self.reported):
                reported.add(slug)
                self.lines += len(lines ^ self.pages.get(slug, frozenset()))
            self.pages[slug] = lines
        if edition.complete:
            gone = set(self.pages) - {name.rsplit(".", 1)[0] for name in edition.files}
            reported |= gone
            for slug in gone:
                del self.pages[slug]
        self.reported.append(reported)


def places(expected: Expected) -> set[str]:
    """Return the pages on which the change stands."""
    members = {slug for slug, _ in expected.members}
    return members | set(expected.pages) | ({expected.absent} if expected.absent else set())


class PageWatcher(Protocol):
    """Something that reports pages which differ."""

    reported: list[set[str]]
    """Slugs, for each edition."""

    def read(self, edition: Edition) -> None:
        """Take in an edition."""


def judge_watcher(editions: list[Edition], watcher: PageWatcher) -> tuple[Score, int]:
    """Return its recall by kind, and how many of its reports were right."""
    score = Score()
    news: dict[int, set[str]] = defaultdict(set)
    for index, edition in enumerate(editions):
        watcher.read(edition)
        for expected in edition.due:
            if not expected.substantive or expected.optional:
                continue
            where = places(expected)
            recent = set().union(*watcher.reported[max(0, index - 2) : index + 1])
            (score.right if where & recent else score.missing)[expected.kind] += 1
            news[index] |= where
            news[index - 1] |= where
    right = sum(len(reported & news[index]) for index, reported in enumerate(watcher.reported))
    return score, right


def table(ours: Score, theirs: Score, kinds: Iterable[str]) -> list[str]:
    """Return the rows of a Markdown table, one for each kind."""
    rows = ["| kind | changes | recall | precision | line diff: page reported |", "|---|--:|--:|--:|--:|"]
    for kind in kinds:
        number = ours.right[kind] + ours.missing[kind]
        other = f"{theirs.recall(kind):.2f}" if theirs.right[kind] + theirs.missing[kind] else "not asked for"
        rows.append(f"| `{kind}` | {number:,} | {ours.recall(kind):.2f} | {ours.precision(kind):.2f} | {other} |")
    return rows


def main() -> str:
    """Return a Markdown table of recall and precision by kind."""
    ours, theirs, totals = Score(), Score(), Counter[str]()
    for seed in SEEDS:
        editions = list(quick(seed, organisations=60, edit_count=25))
        with tempfile.TemporaryDirectory() as folder:
            played = play(editions, Path(folder), seed)
        for verdict in played.verdicts:
            ours.add(verdict)
        watcher = LineDiff()
        found, right = judge_watcher(editions, watcher)
        theirs.right += found.right
        theirs.missing += found.missing
        totals.update(edits=played.edits, editions=len(editions), lines=watcher.lines, right=right)
        totals["reports"] += sum(map(len, watcher.reported))
    right, missing, unexpected = (sum(c.values()) for c in (ours.right, ours.missing, ours.unexpected))
    return "\n".join(
        [
            f"{totals['editions']} editions of a simulated register, {totals['edits']:,} edits, {len(SEEDS)} seeds.",
            "",
            *table(ours, theirs, ours.kinds()),
            "",
            f"Ours: {right:,} changes right, {missing} missing, {unexpected} unexpected.",
            f"The line diff: {totals['reports']:,} pages reported ({totals['lines']:,} lines), of which "
            f"{totals['right']:,} had news: precision {totals['right'] / max(1, totals['reports']):.2f} by page, "
            f"{right / max(1, totals['lines']):.3f} changes for each line to read.",
            "",
            "### The second simulation",
            "",
            "Markups that nobody tuned the reader to, and histories written from the rules alone (`tests/markups`).",
            *second_simulation(),
        ]
    )


def second_simulation() -> Iterable[str]:
    """Yield the tables of the second simulation, its totals first."""
    for rows in reversed(report()):
        yield ""
        for number, row in enumerate(rows):
            yield f"| {' | '.join(row)} |"
            yield from ["|---" + "|--:" * (len(row) - 1) + "|"] if number == 0 else []


if __name__ == "__main__":
    print(main())
