"""How a run is told at its end: values go in, text comes out. Nothing is printed here."""

from cron.terminal.news import changes_by_kind, notice_lines, troubles
from cron.terminal.style import NARROWEST, fact_lines, paint, wrap
from cron.work.afterwards import Afterwards
from cron.work.nightly import RunFacts
from diff.saying.english import duration, plural, size, weekday
from scraper.text import clean
from scraper.times import read_time


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
