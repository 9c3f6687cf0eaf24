"""How a run is told at its end: values go in, text comes out. Nothing is printed here."""

from collections.abc import Sequence
from dataclasses import dataclass

from cron.terminal.news import changes_by_kind, notice_lines, troubles
from cron.terminal.style import NARROWEST, clean, fact_lines, paint, wrap
from cron.work.nightly import RunReport
from diff.change import Change
from diff.saying.english import duration, plural, size, weekday
from scraper.times import read_time
from snapshots.asking.answers import Answers, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """What followed a run, in words; None where there was nothing to do."""

    all_well: bool = True
    told: str | None = None
    """What became of the messages that were due."""
    feeds: str | None = None
    """What was written of the feeds."""
    chain: str | None = None
    """Head of the chain of runs."""


NOTHING_AFTERWARDS = Afterwards()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What a run did, as far as a reader wants to know. Times are UTC text."""

    run: int | None
    """None of one that was not kept."""
    started_at: str
    finished_at: str
    fetched: int
    unchanged: int
    changed: int
    gone: int
    failed: Sequence[tuple[str, str]]
    """Slug and reason."""
    received_bytes: int
    kept_bytes: int
    changes: Sequence[Change]
    baseline: bool
    held: str | None
    notices: Sequence[str] = ()
    """What the reader noticed, after the page."""
    after: Afterwards = NOTHING_AFTERWARDS


def facts_of(report: RunReport, answers: Answers, *, kept: bool = True) -> RunFacts:
    """Return what a reader wants to know of a run; of one that was not kept its changes are in the report alone."""
    outcome = report.outcome
    fetched = report.asked - len(report.failed) - report.gone
    changes: Sequence[Change] = outcome.decision.changes
    if kept:
        changes = answers.changes(Question(run=outcome.run, editorial=True))
    return RunFacts(
        run=outcome.run if kept else None,
        started_at=report.started_at,
        finished_at=report.finished_at,
        fetched=fetched,
        unchanged=fetched - outcome.changed,
        changed=outcome.changed,
        gone=report.gone,
        failed=sorted(report.failed.items()),
        received_bytes=report.received_bytes,
        kept_bytes=report.kept_bytes,
        changes=changes,
        baseline=not changes and (answers.is_first(outcome.run) if kept else not answers.newest()),
        held=outcome.decision.held,
        notices=outcome.notices,
    )


def render_run(facts: RunFacts, *, width: int = 80, colour: bool = False) -> str:
    """Return what a run did: pages, transfer, changes by kind, and what needs a person."""
    width = max(width, NARROWEST)
    lines = [paint(_title(facts), "underline", colour), ""]
    counts = [("fetched", facts.fetched), ("unchanged", facts.unchanged), ("changed", facts.changed)]
    counts += [("gone", facts.gone)] if facts.gone else []
    counts += [("failed", len(facts.failed))]
    lines += fact_lines("Pages", "    ".join(f"{word} {number:,}" for word, number in counts), width, colour)
    seconds = (read_time(facts.finished_at) - read_time(facts.started_at)).total_seconds()
    transfer = f"received {size(facts.received_bytes)}    kept {size(facts.kept_bytes)}    {duration(seconds)}"
    lines += [*fact_lines("Transfer", transfer, width, colour), ""]
    lines += troubles("failed", facts.failed, width, colour)
    lines += [""] * bool(facts.failed)
    lines += changes_by_kind(facts.changes, width, colour, baseline=facts.baseline)
    lines += notice_lines(facts.notices, width)
    lines += _after_lines(facts.after, width, colour)
    for sentence in _needs(facts):
        lines += ["", *(paint(line, "bold", colour) for line in wrap(sentence, width))]
    return "\n".join(lines) + "\n"


def render_afterwards(after: Afterwards, *, width: int = 80, colour: bool = False) -> str:
    """Return what followed a run, an edition or a release; nothing where nothing did."""
    return "".join(f"{line}\n" for line in _after_lines(after, max(width, NARROWEST), colour))


def _after_lines(after: Afterwards, width: int, colour: bool) -> list[str]:
    chain = f"{after.chain[:32]}\n{after.chain[32:]}" if after.chain else None
    rows = [("Told", after.told), ("Feeds", after.feeds), ("Chain", chain)]
    lines = [line for label, value in rows if value for line in fact_lines(label, value, width, colour)]
    return ["", *lines] if lines else []


def _title(facts: RunFacts) -> str:
    name = "Run, not kept" if facts.run is None else f"Run {facts.run}"
    return f"{name}, {weekday(facts.started_at)}, {facts.started_at[11:19]} to {facts.finished_at[11:19]} UTC"


def _needs(facts: RunFacts) -> list[str]:
    needs = []
    if facts.held:
        decide = f"Decide with: registerwatch release {facts.run}, or: registerwatch discard {facts.run}"
        needs.append(f"This run is held: {clean(facts.held)}. It is told to nobody. {decide}")
    if facts.failed:
        needs.append(
            f"{plural(len(facts.failed), 'page')} could not be read. Nothing is lost; the next run asks again."
        )
    return needs
