"""How a run, an import and a backfill are told at their end: values go in, text comes out. Nothing is printed here.

They have one voice: what came in by numbers, what was refused and why, changes by kind, and what needs a person.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cron.terminal.news import render_change
from cron.terminal.style import LABEL, Pen
from diff.change import Change
from diff.kinds import ChangeKind
from diff.saying.english import duration, moment, plural, size, weekday
from diff.saying.phrase import Told
from diff.severity import Severity
from scraper.text import clean
from scraper.times import read_time
from snapshots.asking.status import decide_on

if TYPE_CHECKING:  # what fetches pages is loaded by who does
    from cron.official.inbox import TakenWorkbook
    from cron.work.afterwards import Afterwards
    from cron.work.nightly import RunFacts

# A rebuilt site makes the same notice on every page; the first few say what it is.
NOTICES_SHOWN = 3
# There are as many labels that may be newly not understood; of pages that fail for long the first few are enough.
NEEDS_SHOWN = 20
NEWS_SHOWN = 5
"""Changes that a run tells by itself: the most severe ones."""
MOST_NAMED = 3
"""Captures that are refused for the same reason and named; of more the first ones are, and a number."""


# --- a run ------------------------------------------------------------------------------------------------------------


def render_run(facts: "RunFacts", *, width: int = 80, colour: bool = False) -> str:
    """Return what a run did: pages, transfer, changes by kind, and what needs a person."""
    pen = Pen(width, colour)
    name = "Run, not kept" if facts.run is None else f"Run {facts.run}"
    times = f"{facts.started_at[11:19]} to {facts.finished_at[11:19]} UTC"
    counts = {"fetched": facts.fetched, "unchanged": facts.unchanged, "changed": facts.changed}
    counts |= {"gone": facts.gone} if facts.gone else {}
    seconds = (read_time(facts.finished_at) - read_time(facts.started_at)).total_seconds()
    transfer = f"received {size(facts.received_bytes)}    kept {size(facts.kept_bytes)}    {duration(seconds)}"
    lines = [
        *(line for one in facts.official.taken for line in render_taken(one, width=width, colour=colour).splitlines()),
        *([""] if facts.official.taken else []),
        *pen.title(f"{name}, {weekday(facts.started_at)}, {times}"),
        *pen.fact("Pages", _in_figures(counts | {"failed": len(facts.failed)})),
        *pen.fact("Transfer", transfer),
        "",
        *_failures("failed", facts.failed, pen),
        *_changes_by_kind(facts.changes, pen, baseline=facts.baseline),
        *([] if facts.held else _most_severe(facts, pen)),
        *_notices(facts.notices, pen),
        *_unread(facts.unread, pen),
        *(line for left in facts.official.left for line in pen.wrap(clean(left))),
        *_after_lines(facts.after, pen),
    ]
    if facts.held:
        decide = "" if facts.run is None else f" Decide with: {decide_on(facts.run)}"
        lines += pen.need(f"This run is held: {clean(facts.held)}. It is told to nobody.{decide}")
    if facts.failed:
        sentence = f"{plural(len(facts.failed), 'page')} could not be read. Nothing is lost; the next run asks again."
        lines += ["", *pen.wrap(sentence)]
    needs = facts.all_needs
    for need in needs[:NEEDS_SHOWN]:
        lines += pen.need(clean(need))
    if len(needs) > NEEDS_SHOWN:
        lines += pen.need(f"And {len(needs) - NEEDS_SHOWN:,} more: registerwatch status")
    return "\n".join(lines) + "\n"


def _most_severe(facts: "RunFacts", pen: Pen) -> Iterator[str]:
    """Say what the most severe changes are, and where to read the others."""
    order = list(Severity)
    told = sorted((change for change in facts.changes if change.substantive), key=lambda one: order.index(one.severity))
    if not told:
        return
    yield from ("", pen.paint("The most severe of them" if len(told) > NEWS_SHOWN else "What changed", "bold"))
    for change in told[:NEWS_SHOWN]:
        counts = facts.dataset_counts.get(change.reference or "")
        yield from ("", *render_change(Told(change, datasets=counts), width=pen.width, colour=pen.colour))
    if facts.run is not None:
        more = f"{len(told) - NEWS_SHOWN:,} more: " if len(told) > NEWS_SHOWN else "Again: "
        where = f"\n{facts.page}" if facts.page else ""
        yield from ("", *pen.wrap(f"{more}registerwatch changes --since {facts.started_at}"), *where.split("\n")[1:])


def run_in_a_line(facts: "RunFacts") -> str:
    """Return what a run came to, for a log in which each run has a line.

    A run that needs a person says so at the end; `status` says what it is.
    """
    told = [change for change in facts.changes if change.substantive]
    severe = sum(change.severity is Severity.HIGH for change in told)
    pages = f"{plural(facts.fetched, 'page')} read, {facts.changed:,} changed"
    parts = [pages + (f", {len(facts.failed):,} failed" if facts.failed else "")]
    parts.append(plural(len(told), "change") + (f", {severe:,} HIGH" if severe else ""))
    parts += [facts.after.told] if facts.after.told else []
    parts += ["needs a person: registerwatch status"] if facts.needs_a_person else []
    return f"Run {facts.run}, {moment(facts.started_at)}: {'; '.join(parts)}."


def render_afterwards(after: "Afterwards", *, width: int = 80, colour: bool = False) -> str:
    """Return what followed a run, an edition or a release; nothing where nothing did."""
    return "".join(f"{line}\n" for line in _after_lines(after, Pen(width, colour)))


def _after_lines(after: "Afterwards", pen: Pen) -> list[str]:
    # A hash is one word of 64 digits: in halves it fits any width.
    chain = f"{after.chain[:32]}\n{after.chain[32:]}" if after.chain else None
    rows = [
        ("Told", after.told),
        ("Feeds", after.feeds),
        ("Chain", chain),
        ("Witness", after.witness),
        ("Archive", after.archive),
    ]
    lines = [line for label, value in rows if value for line in pen.fact(label, value)]
    return ["", *lines] if lines else []


# --- an import --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, as far as a reader wants to know."""

    run: int
    fetched_at: str
    complete: bool
    unchanged: int
    changed: int
    new: int
    refused: Sequence[tuple[str, str]] = ()
    """Slug or file, and the reason."""
    known: bool = False
    """Whether all of it was taken before: nothing was counted now."""
    changes: Sequence[Change] = ()
    """All of this run's, the editorial too."""
    baseline: bool = False
    """Whether the register was met for the first time, so that nothing could be told."""
    notices: Sequence[str] = ()
    """What the reader noticed, after the page."""
    held: str | None = None
    """Why the edition is not believed, if it is not."""
    decide: int | None = None
    """The held run that somebody has to decide on first, if this edition waits for that: this one or a later one."""
    unread: Sequence[str] = ()
    """What this edition is the first not to have understood, a sentence each."""
    passed: Mapping[str, int] = field(default_factory=dict)
    """Why → how many, of the files of all of the import that are no organisation's page."""

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look after it."""
        return bool(self.refused or self.held or self.unread)

    @property
    def taken(self) -> int:
        """How many pages were read."""
        return self.unchanged + self.changed + self.new


def render_import(report: ImportReport, *, width: int = 80, colour: bool = False) -> str:
    """Return what an import did: pages, refusals, changes by kind, and what needs a person."""
    pen = Pen(width, colour)
    lines = list(_known(report, pen) if report.known else _imported(report, pen))
    if report.refused:
        sentence = f"{plural(len(report.refused), 'page')} could not be read."
        if report.taken and not report.held and not report.known:
            sentence += " The others were taken." if report.taken > 1 else " The other was taken."
        lines += pen.need(sentence)
    if report.held:
        lines += ["", pen.paint("1 thing needs a person", "bold red")]
        lines += pen.wrap(f"This edition is held: {clean(report.held)}", indent=2)
    if report.decide is not None:
        lines.append(f"  Decide with: {decide_on(report.decide)}")
    for sentence in report.unread:
        lines += pen.need(clean(sentence))
    return "\n".join(lines) + "\n"


def render_taken(taken: "TakenWorkbook", *, width: int = 80, colour: bool = False) -> str:
    """Return what became of a workbook of the official register."""
    pen, outcome = Pen(width, colour), taken.outcome
    if outcome.known:
        return f"Run {outcome.run}, official register of {taken.month}, holds this workbook already; nothing to add.\n"
    lines = list(pen.title(f"Run {outcome.run}, official register of {taken.month}"))
    lines += pen.fact("Taken", f"{plural(taken.versions, 'version')} of {plural(outcome.pages, 'agreement')}")
    lines += [line for notice in outcome.notices for line in pen.fact("Noticed", clean(notice))]
    lines.append("")
    if outcome.decision.held:
        lines += pen.need(f"This edition is held: {clean(outcome.decision.held)}")
        lines.append(f"  Decide with: {decide_on(outcome.run)}")
    else:
        lines += _changes_by_kind(outcome.changes, pen, baseline=taken.first, read="this workbook says")
    return "\n".join(lines) + "\n"


def render_workbook(taken: "TakenWorkbook", *, width: int = 80, colour: bool = False) -> str:
    """Return what became of a workbook that a command took, and what of it needs a person: a run says that last."""
    pen = Pen(width, colour)
    needs = [line for need in taken.unread for line in pen.need(clean(need))]
    return render_taken(taken, width=width, colour=colour) + "".join(f"{line}\n" for line in needs)


def _known(report: ImportReport, pen: Pen) -> Iterator[str]:
    yield f"Run {report.run} of {weekday(report.fetched_at)} holds these pages already; nothing to add."
    if report.refused:
        yield ""
        yield from _failures("refused", report.refused, pen)[:-1]


def _imported(report: ImportReport, pen: Pen) -> Iterator[str]:
    counts = {"read": report.taken, "unchanged": report.unchanged, "changed": report.changed, "new": report.new}
    edition = "complete edition" if report.complete else "edition"
    yield from pen.title(f"Run {report.run}, {edition} of {weekday(report.fetched_at)}")
    yield from pen.fact("Pages", _in_figures(counts | {"refused": len(report.refused)}))
    if report.passed:
        yield from pen.fact("Passed over", _passed_over(report.passed))
    yield ""
    yield from _failures("refused", report.refused, pen)
    begins = report.baseline and report.new > 0 and not report.held
    yield from _changes_by_kind(report.changes, pen, baseline=begins)
    yield from _notices(report.notices, pen)


# --- a backfill -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillReport:
    """What a backfill did, as far as a reader wants to know."""

    read: int
    """Captures of organisations' pages that were found."""
    kept: int
    known: int
    passed: Mapping[str, int]
    """Why → how many, of what is no capture of an organisation's page."""
    refused: Sequence[tuple[str, str]]
    """Place and reason."""
    editions: int
    times: Sequence[str]
    """First and last time of capture of what was kept; nothing if nothing was."""
    changes: Sequence[Change] = ()
    """Those found now that were not known before, the editorial too."""
    notices: Sequence[str] = ()
    held: Sequence[tuple[int, str]] = ()
    """Number and reason of editions that are not believed."""


def render_backfill(report: BackfillReport, *, width: int = 80, colour: bool = False) -> str:
    """Return what a backfill did: captures, editions, refusals, changes by kind, and what needs a person."""
    pen = Pen(width, colour)
    lines = list(_backfilled(report, pen))
    if report.refused:
        others = " The others were taken." if report.kept else ""
        lines += pen.need(f"{plural(len(report.refused), 'capture')} could not be taken.{others}")
    if report.held:
        lines += ["", pen.paint(f"{plural(len(report.held), 'edition')} held", "bold red")]
        for run, reason in report.held:
            lines += pen.wrap(f"Run {run}: {clean(reason)}", indent=2)
    return "\n".join(lines) + "\n"


def _backfilled(report: BackfillReport, pen: Pen) -> Iterator[str]:
    counts = {"read": report.read, "kept": report.kept, "known": report.known, "refused": len(report.refused)}
    yield from pen.title("Backfill")
    yield from pen.fact("Captures", _in_figures(counts))
    if report.passed:
        yield from pen.fact("Passed over", _passed_over(report.passed))
    if report.times:
        first, last = (weekday(time) for time in (report.times[0], report.times[-1]))
        span = f"of {first}" if first == last else f"from {first} to {last}"
        yield from pen.fact("Editions", f"{report.editions:,}, {span}")
    yield ""
    yield from _failures("refused", list(_shortened(report.refused)), pen)
    if not report.kept:
        yield "These captures are known already; nothing to add."
        return
    yield from _changes_by_kind(report.changes, pen)
    if any(change.substantive for change in report.changes):
        yield ""
        yield "Nobody is told of these changes: they lie in the past."
    yield from _notices(report.notices, pen)


_MANY = {
    "another site": "of another site",
    "another page of the register": "of another page of the register",
    "other kind of file": "other kinds of file",
    "file without an ending": "files without an ending",
    "list of organisations": "lists of organisations",
}


def _passed_over(passed: Mapping[str, int]) -> str:
    """Return how many of what, the most frequent first.

    >>> _passed_over({"redirect": 2, "another site": 10, "other kind of file": 1})
    '10 of another site, 2 redirects, 1 other kind of file'
    """
    ordered = sorted(passed.items(), key=lambda item: (-item[1], item[0]))
    one = {why: many for why, many in _MANY.items() if many == f"of {why}"}
    return ", ".join(plural(number, one.get(why, why), _MANY.get(why, "")) for why, number in ordered)


def _shortened(refused: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the refused, but of many with the same reason the first ones and how many more there are."""
    left: Counter[str] = Counter(reason for _, reason in refused)
    named: defaultdict[str, int] = defaultdict(int)
    for place, reason in refused:
        # "And 1 more" takes as much room as the one.
        if named[reason] < MOST_NAMED or left[reason] == MOST_NAMED + 1:
            named[reason] += 1
            yield place, reason
    for reason, number in left.items():
        if number > named[reason]:
            yield f"and {number - named[reason]:,} more", reason


# --- what they have in common -----------------------------------------------------------------------------------------


def _in_figures(counts: Mapping[str, int]) -> str:
    return "    ".join(f"{word} {number:,}" for word, number in counts.items())


def _failures(word: str, rows: Sequence[tuple[str, str]], pen: Pen) -> list[str]:
    """Say who was refused or failed and why, and leave a line free below."""
    label = pen.paint(word, "bold red") + " " * (LABEL - len(word))
    named = [(clean(name), clean(reason)) for name, reason in rows]
    room = max((len(name) for name, reason in named if LABEL + len(name) + 3 + len(reason) <= pen.width), default=0)
    lines = []
    for name, reason in named:
        if LABEL + max(len(name), room) + 3 + len(reason) <= pen.width:
            lines.append(f"{label}{name:<{room}}   {reason}")
        else:
            # A name is never cut: it is what a person has to look for.
            lines += [label + name, *pen.wrap(reason, indent=LABEL)]
    return [*lines, ""] if lines else []


def _notices(notices: Sequence[str], pen: Pen) -> list[str]:
    """Say what the reader noticed, in a few lines."""
    if not notices:
        return []
    # A label that is new may be a field that nobody reads yet: it is named first.
    first = sorted(notices, key=lambda notice: "unknown label" not in notice)[:NOTICES_SHOWN]
    more = [f"and {len(notices) - len(first):,} more"] if len(notices) > len(first) else []
    return ["", *pen.wrap(f"{plural(len(notices), 'notice')}: {'; '.join([*map(clean, first), *more])}")]


def _unread(unread: Sequence[str], pen: Pen) -> list[str]:
    """Say what was not understood before, and is not now."""
    if not unread:
        return []
    more = f", and {len(unread) - 1:,} more" if len(unread) > 1 else ""
    return ["", *pen.wrap(f"Not understood still: {clean(unread[0])}{more}. List them: registerwatch status")]


def _changes_by_kind(
    changes: Sequence[Change], pen: Pen, *, baseline: bool = False, read: str = "these pages say"
) -> Iterator[str]:
    """Say how many changes there were, how severe, of which kinds; *baseline*: the register was met just now."""
    told = [change for change in changes if change.substantive]
    editorial = len(changes) - len(told)
    label = pen.paint("Changes", "dim") + " " * (LABEL - len("Changes"))
    tail = [pen.paint(f"{editorial:,} editorial, told to nobody", "dim")] if editorial else []
    if not told:
        why = f"none: what {read} is where the history begins" if baseline else "none"
        yield label + "    ".join([why, *tail])
        return
    yield label + "    ".join([pen.paint(f"{len(told):,}", "bold"), *_severities(told, pen), *tail])
    counts = Counter(change.kind.row.heading for change in told)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    yield from pen.wrap(", ".join(f"{heading} {number:,}" for heading, number in ordered), indent=LABEL)
    for change in told:
        if change.kind is ChangeKind.REORGANISATION:
            yield from pen.wrap(clean(change.summary), "dim", indent=LABEL)
        elif change.is_same_edit:
            edit = f"is the same edit on {plural(change.agreements, 'agreement')}"
            sentence = f"one of these, “{change.kind.row.heading}”, {edit}"
            yield from pen.wrap(sentence, "dim", indent=LABEL)


def _severities(changes: Sequence[Change], pen: Pen) -> Iterator[str]:
    counts = Counter(change.severity for change in changes)
    styles = {Severity.HIGH: "bold red", Severity.MEDIUM: "bold"}
    for severity in Severity:
        if counts[severity]:
            word = "HIGH" if severity is Severity.HIGH else severity
            yield pen.paint(f"{counts[severity]:,} {word}", styles.get(severity, ""))
