"""The command line: options in, one call, text out. What is printed for people comes from `terminal` and `news`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cron.commands import backfill as backfilling
from cron.commands import browse as browsing
from cron.commands import export as exporting
from cron.commands import keep as keeping
from cron.commands import look as asking
from cron.commands import run as watching
from cron.commands import subscriptions as subscribing
from cron.session import (
    NEEDS_A_PERSON,
    Commands,
    Options,
    Session,
    Time,
    answer,
    clock,
    coloured,
    columns,
    complain,
    format_option,
    say,
    show_progress,
    write,
)
from cron.settings.load import settings_template
from cron.terminal import formats, news
from cron.terminal.run_report import NOTHING_AFTERWARDS, render_afterwards
from cron.work import feeds as feeding
from cron.work.afterwards import after_run
from cron.work.outbox import dues_of, dues_of_release
from diff.saying.english import plural
from scraper.errors import RefusedPageError, RegisterWatchError
from scraper.names.vocabulary import Vocabulary
from scraper.records import page_to_json
from scraper.times import as_text
from snapshots.asking.answers import Question
from snapshots.keeping.store import Dues, Outcome
from snapshots.sources.captures import SourceError


@click.group(
    cls=Commands,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="Settings, instead of ./registerwatch.toml.",
)
@click.option(
    "--db",
    "database",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="The database, instead of the settings'.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show where an error came from.")
@click.version_option(package_name="registerwatch")
@click.pass_context
def cli(ctx: click.Context, config: Path | None, database: Path | None, verbose: bool) -> None:
    """Watch a public register of data sharing agreements, and tell what changed.

    Exit status: 0 done; 1 failed, nothing changed; 2 wrong usage or settings; 3 finished, but something needs a
    person.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)
    ctx.obj = Session(Options(config=config, database=database, verbose=verbose))
    ctx.call_on_close(ctx.obj.close)


def main() -> None:
    """Run the command line."""
    cli.main(prog_name="registerwatch")


# --- reading and importing --------------------------------------------------------------------------------------------


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path, readable=False), default=".")
def init(directory: Path) -> None:
    r"""Write a commented registerwatch.toml, which its owner alone can read: passwords may come to stand in it.

    \b
    Example:
      registerwatch init
    """
    path = directory / "registerwatch.toml"
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise RegisterWatchError(f"{path}: is there already; it is left as it is") from error
    path.write_text(settings_template(), encoding="utf-8")
    say(
        f"Wrote {path}. Next: set contact in it and say registerwatch run, or: "
        "registerwatch import FOLDER --fetched-at DATE --complete\n"
    )


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="FILE...")
@click.pass_obj
def parse(session: Session, files: tuple[Path, ...]) -> None:
    r"""Read saved pages and print their records as a JSON array; no database is touched.

    A file that is refused is one line on standard error and no element of the array; exit status 3.

    \b
    Example:
      registerwatch parse page.html | jq '.[].agreements[].datasets'
    """
    records, refused = [], 0
    for file in files:
        try:
            records += list(_parsed(file, session.vocabulary))
        except (RefusedPageError, SourceError) as error:
            refused += 1
            complain(str(error))
    answer(formats.to_json(records))
    if refused:
        click.get_current_context().exit(NEEDS_A_PERSON)


def _parsed(file: Path, vocabulary: Vocabulary) -> Iterator[dict[str, Any]]:
    from scraper.reading.page import read_page
    from snapshots.sources.captures import read_one_file

    if file.is_dir():
        raise SourceError(file, f"is a folder; name its files, as in {file}/*.html")
    yield page_to_json(read_page(read_one_file(file), source=str(file), vocabulary=vocabulary))


@cli.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="PATH...")
@click.option(
    "--fetched-at", required=True, type=Time(), metavar="TIME", help="When the pages were fetched; UTC unless it says."
)
@click.option("--complete", is_flag=True, help="The edition holds every page: what is missing is seen to be missing.")
@click.option("--tell", is_flag=True, help="Tell subscribers what is new, and write the feeds, as a run does.")
@click.pass_obj
def import_(session: Session, paths: tuple[Path, ...], fetched_at: str, complete: bool, tell: bool) -> None:
    r"""Take saved pages as one edition of the register, and decide what changed.

    PATH is a page (.html, .htm, .txt), a folder of them, a .zip or a .warc.gz. An index.html directly in a folder,
    robots.txt, files of other types and pages that list organisations are passed over. The same edition again adds
    nothing; with further pages it is extended. Two files of one page, or other bytes for a page of a known edition:
    nothing is taken.

    \b
    Example:
      registerwatch import saved/2026-10 --fetched-at 2026-10-01 --complete
    """
    from snapshots.sources.intake import EARLIEST, gather_editions, take_editions

    now = as_text(clock())
    if fetched_at > now:
        raise click.UsageError(f"--fetched-at {fetched_at} lies in the future")
    if fetched_at < EARLIEST:
        raise click.UsageError(f"--fetched-at {fetched_at} is a time before there were web pages")
    known = session.store() if session.settings.store.database.exists() else None
    editions = gather_editions(
        known, paths, time=fetched_at, now=now, vocabulary=session.vocabulary, progress=show_progress
    )
    outcomes = take_editions(
        session.store(create=True),
        editions,
        session.rules,
        complete=complete,
        progress=show_progress,
        dues=dues_of(session, clock()) if tell else None,
    )
    done = after_run(session) if tell else NOTHING_AFTERWARDS
    for outcome in outcomes:
        say(_report(session, outcome))
    say(render_afterwards(done, width=columns(), colour=coloured()))
    if not done.all_well or any(_needs_a_person(session, outcome) for outcome in outcomes):
        click.get_current_context().exit(NEEDS_A_PERSON)


def _needs_a_person(session: Session, outcome: Outcome) -> bool:
    return bool(outcome.refused or outcome.decision.distrusted or _why_held(session, outcome))


def _why_held(session: Session, outcome: Outcome) -> str | None:
    """Return why an edition is held: found now, or when it was taken before."""
    run = session.answers.run(outcome.run)
    return outcome.decision.held or (run["reason"] if run["state"] == "held" else None)


def _report(session: Session, outcome: Outcome) -> str:
    """Return what became of an edition, as an import tells it."""
    run = session.answers.run(outcome.run)
    refused = [*outcome.refused.items(), *outcome.decision.distrusted.items()]
    changes = session.answers.changes(Question(run=outcome.run, editorial=True))
    report = news.ImportReport(
        run=outcome.run,
        fetched_at=run["captured_at"],
        complete=bool(run["complete"]),
        known=outcome.known,
        unchanged=run["pages_read"] - run["pages_changed"],
        changed=run["pages_changed"] - run["pages_new"],
        new=run["pages_new"],
        refused=refused,
        changes=changes,
        baseline=not changes and run["pages_new"] == run["pages_read"],
        notices=outcome.notices,
        held=_why_held(session, outcome),
    )
    text = news.render_import(report, width=columns(), colour=coloured())
    if run["state"] == "held":  # not any more if a later edition of the same import was believed
        text += f"  Decide with: registerwatch release {outcome.run}, or: registerwatch discard {outcome.run}\n"
    return text


# --- keeping ----------------------------------------------------------------------------------------------------------


@cli.command()
@click.pass_obj
def reparse(session: Session) -> None:
    r"""Derive everything again from the kept pages, by today's rules and names.

    A change of the reading rules is no news: what was told keeps its id, and nobody is told again.

    \b
    Example:
      registerwatch reparse
    """
    store = session.store()
    before = set(session.answers.change_ids())
    outcomes = store.reparse(session.rules, progress=show_progress)
    after = set(session.answers.change_ids())
    runs, kept = plural(len(outcomes), "run"), plural(len(before & after), "change")
    say(f"Derived {runs} again: {kept} as before, {len(after - before)} new, {len(before - after)} no longer found.\n")


@cli.command()
@click.argument("run", type=int)
@click.pass_obj
def release(session: Session, run: int) -> None:
    r"""Believe the latest held run: what it says becomes the state of things.

    \b
    Example:
      registerwatch release 7
    """
    outcome = _settle(session, run, "released", dues_of_release(session, clock()))
    done = after_run(session)
    say(_report(session, outcome) + render_afterwards(done, width=columns(), colour=coloured()))
    if not done.all_well:
        click.get_current_context().exit(NEEDS_A_PERSON)


@cli.command()
@click.argument("run", type=int)
@click.pass_obj
def discard(session: Session, run: int) -> None:
    r"""Disbelieve the latest held run: its pages are kept, and nothing else.

    \b
    Example:
      registerwatch discard 7
    """
    _settle(session, run, "discarded")
    say(f"Run {run} is discarded. Its pages are kept; the state of things is that of the run before it.\n")


def _settle(session: Session, run: int, decision: str, dues: Dues | None = None) -> Outcome:
    store, now = session.store(), as_text(clock())
    return store.settle_held(run, decision, session.rules, at=now, progress=show_progress, dues=dues)


@cli.command()
@format_option("table", "json", "ndjson")
@click.pass_obj
def status(session: Session, format_: str) -> None:
    r"""Say how things are: the last run, failing pages, held runs, size. Exit status 3 if anything needs a person.

    \b
    Example:
      registerwatch status
    """
    from cron.terminal.status import render_status
    from cron.work.overview import state_of

    facts = state_of(session, clock())
    write([facts], format_, lambda: render_status(facts, width=columns(), colour=coloured()))
    if facts["needs_a_person"]:
        click.get_current_context().exit(NEEDS_A_PERSON)


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path, readable=False), required=False)
def demo(directory: Path | None) -> None:
    r"""Watch the made-up sample register for five nights, served on this machine.

    A first night, a quiet one, one with news, one on which the site was rebuilt, and one on which two pages are broken:
    each is a run over HTTP, told as `run` tells it. It takes a few seconds and no network, and touches nothing of
    yours. The database is left in DIRECTORY (./demo without one), to try the other commands on; one that an earlier
    demo left there is replaced.

    \b
    Example:
      registerwatch demo
    """
    from cron.demo.demo import run_demo

    run_demo(directory or Path("demo"), width=columns(), colour=coloured(), say=click.echo)


for command in (
    *watching.COMMANDS,
    *asking.COMMANDS,
    *browsing.COMMANDS,
    *feeding.COMMANDS,
    *subscribing.COMMANDS,
    *keeping.COMMANDS,
    *exporting.COMMANDS,
    *backfilling.COMMANDS,
):
    cli.add_command(command)
