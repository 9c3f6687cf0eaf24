"""The commands that take saved pages: to read them, as an edition of today, and as captures of the past."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

import click

from cron.commands.options import NEEDS_A_PERSON, PATH, WRONG_USAGE, CommandGroup, Time, end_with, format_option
from cron.terminal.output import complain, say, screen, show_progress, write
from cron.terminal.reports import BackfillReport, ImportReport, render_afterwards, render_backfill, render_import
from cron.work.afterwards import NOTHING_AFTERWARDS, after_run
from cron.work.context import Context
from cron.work.outbox import what_to_tell
from diff.cells import to_json
from scraper.errors import RefusedPageError
from scraper.names.vocabulary import Vocabulary
from scraper.records import RegisterPage, page_to_json
from scraper.times import as_text
from scraper.web.addresses import host_of
from snapshots.asking.changes import ChangeFilter
from snapshots.asking.status import latest_of
from snapshots.asking.unread import unread_needs
from snapshots.keeping.store import Outcome
from snapshots.sources.captures import Found, SourceError, captures_in
from snapshots.sources.intake import Backfilled, Intake, backfill
from snapshots.sources.payloads import Payload
from snapshots.sources.wayback import Fetch, SavedCaptures, captures_of, read_list

ARCHIVE = "https://web.archive.org/"


@click.command()
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@format_option("json", "ndjson")
@click.pass_obj
def parse(context: Context, files: tuple[Path, ...], format_: str) -> None:
    r"""Read saved pages and print their records as a JSON array; no database is touched.

    What the pages share is the site's and is left out; of fewer than three pages nothing is. A file that is refused is
    one line on standard error and no element of the array; exit status 3, as with a field that is not understood.

    \b
    Example:
      registerwatch parse page.html | jq '.[].agreements[].datasets'
    """
    from scraper.reading.agreements import not_understood
    from scraper.reading.frame import take_out_frame

    pages, troubles = [], 0
    for file in files:
        try:
            pages.append(_read(file, context.vocabulary))
        except (RefusedPageError, SourceError) as error:
            troubles += 1
            complain(str(error))
    for page in pages:
        for agreement in page.agreements:
            if agreement.unread:
                troubles += 1
                complain(f"{page.source}: {'; '.join(not_understood(agreement))}")
    records = [page_to_json(page) for page in take_out_frame(pages)]
    write(records, format_, lambda: to_json(records))
    if troubles:
        end_with(NEEDS_A_PERSON)


def _read(file: Path, vocabulary: Vocabulary) -> RegisterPage:
    from scraper.reading.page import read_page
    from snapshots.sources.captures import read_one_file

    if file.is_dir():
        raise SourceError(file, f"is a folder; name its files, as in {file}/*.html")
    return read_page(read_one_file(file), source=str(file), vocabulary=vocabulary)


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="PATH...")
@click.option(
    "--fetched-at", required=True, type=Time(), metavar="TIME", help="When the pages were fetched; UTC unless it says."
)
@click.option("--complete", is_flag=True, help="The edition holds every page: what is missing is seen to be missing.")
@click.option("--tell", is_flag=True, help="Tell subscribers what is new, and write the feeds, as a run does.")
@click.pass_obj
def import_(context: Context, paths: tuple[Path, ...], fetched_at: str, complete: bool, tell: bool) -> None:
    r"""Take saved pages as one edition of the register, and decide what changed.

    PATH is a page (.html, .htm, .txt), a folder of them, a .zip or a .warc.gz. In a folder called organisations, as
    mirrors make one, a file without an ending is a page too. The front page of a site, robots.txt, files of other types
    and pages that list organisations are passed over and counted. The same edition again adds
    nothing; with further pages it is extended. Two files of one page, or other bytes for a page of a known edition:
    nothing is taken. Exit status 3 if a file was refused, the edition is held, or is the first not to understand a
    field.

    \b
    Example:
      registerwatch import saved/2026-10 --fetched-at 2026-10-01 --complete
    """
    from snapshots.sources.intake import EARLIEST, Intake, gather_editions, take_editions

    now = as_text(context.clock())
    if fetched_at > now:
        raise click.UsageError(f"--fetched-at {fetched_at} lies in the future")
    if fetched_at < EARLIEST:
        raise click.UsageError(f"--fetched-at {fetched_at} is a time before there were web pages")
    # No database is made for pages that are refused.
    known = context.store() if context.has_history else None
    with closing(Intake.of_import(known, time=fetched_at, now=now)) as intake:
        rules = context.rules_for_many
        editions = gather_editions(
            intake, paths, rules.vocabulary, hosts=_hosts(context), readers=rules.readers, progress=show_progress
        )
        passed = intake.passed
        outcomes = take_editions(
            context.store(create=True),
            editions,
            rules,
            complete=complete,
            progress=show_progress,
            dues=what_to_tell(context) if tell else None,
        )
    done = after_run(context) if tell else NOTHING_AFTERWARDS
    reports = [report_of(context, outcome) for outcome in outcomes]
    complain(*done.complaints)
    reports[:1] = [replace(reports[0], passed=passed)]  # files have no time: they are told of once
    say("".join(render_import(report, **screen()) for report in reports) + render_afterwards(done, **screen()))
    if not done.all_well or any(report.needs_a_person for report in reports):
        end_with(NEEDS_A_PERSON)


def report_of(context: Context, outcome: Outcome) -> ImportReport:
    """Return what became of an edition, as an import tells it."""
    run = context.answers.runs.run(outcome.run)
    changes = context.answers.changes.find(ChangeFilter(run=outcome.run, editorial=True))
    # Found now, or when it was taken before; not any more if a later edition of the same import was believed.
    is_held = run["state"] == "held"
    return ImportReport(
        run=outcome.run,
        fetched_at=run["captured_at"],
        complete=bool(run["complete"]),
        known=outcome.known,
        unchanged=run["pages_read"] - run["pages_changed"],
        changed=run["pages_changed"] - run["pages_new"],
        new=run["pages_new"],
        refused=_refused_in(outcome),
        changes=changes,
        baseline=not changes and run["pages_new"] == run["pages_read"],
        notices=outcome.notices,
        held=outcome.decision.held or (run["reason"] if is_held else None),
        decide=latest_of(context.answers.runs.reading()["held"])["id"] if is_held else None,
        unread=[] if outcome.known else unread_needs(context.answers.runs.newly_not_understood(run["captured_at"])),
    )


def _refused_in(outcome: Outcome) -> list[tuple[str, str]]:
    return [*outcome.refused.items(), *outcome.decision.distrusted.items()]


@click.group("backfill", cls=CommandGroup, invoke_without_command=True, subcommand_metavar="COMMAND [ARGS]...")
@click.pass_context
def backfill_(ctx: click.Context) -> None:
    r"""Bring in the past: pages captured at many times, from archives or by a Wayback list.

    Captures fill the time between what is known. They are no whole edition, so nothing is gone because it is not among
    them; each keeps its own time; nobody is told of what they show. The captures of a day (UTC) are taken together, as
    of 23:59 of it; of two versions of a page on one day each has an edition of its own. The same backfill again adds
    nothing; more captures later extend it.

    \b
    Example:
      registerwatch backfill archive crawl-2024.warc.gz
      registerwatch backfill wayback captures.cdx.json captures/
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(WRONG_USAGE)


@backfill_.command()
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option(
    "--fetched-at", type=Time(), metavar="TIME", help="When pages were captured that no name dates; UTC unless it says."
)
@click.pass_obj
def archive(context: Context, files: tuple[Path, ...], fetched_at: str | None) -> None:
    r"""Take captures of pages from web archives, zip archives and folders.

    A record of a .warc or .warc.gz has its own time. Of a saved page the innermost folder that is named by a date says
    it, in the .zip or folder given, or else that .zip's or folder's own name: 2024-10-03, 20241003, 20241003120000 or
    2024-10-03T1200. A page that no name dates needs --fetched-at; the times of files are not trusted.

    Pages count under every host of the settings, with or without www. and a final slash. Records and mirrored files of
    other sites, redirects and error answers are passed over and counted. Of a damaged archive what stands before the
    damage is taken. Exit status 3 if anything was refused, 1 if nothing was taken.

    \b
    Example:
      registerwatch backfill archive crawl-2024.warc.gz saved/2024-10-03 mirror.zip
    """
    found = chain.from_iterable(captures_in(file, _hosts(context), fetched_at) for file in files)
    _take(context, found)


@backfill_.command()
@click.argument("list_", metavar="LIST", type=PATH)
@click.argument("directory", metavar="[DIR]", required=False, type=PATH)
@click.option("--no-fetch", is_flag=True, help="Ask the archive for nothing; a capture that is not in DIR is refused.")
@click.option(
    "--archive", "root", default=ARCHIVE, show_default=True, metavar="URL", help="Where captures are fetched."
)
@click.pass_obj
def wayback(context: Context, list_: Path, directory: Path | None, no_fetch: bool, root: str) -> None:
    r"""Take the captures that a saved CDX list names; fetch those that are not there.

    LIST is what a Wayback server answers for a site (/cdx/search/cdx?url=..., plain or as JSON), or a .cdx or .cdxj
    file; packed with gzip or not. DIR holds captures as TIME/HOST/PATH (waybackpack), as HOST/TIME/PATH
    (wayback_machine_downloader), as TIMEid_/ADDRESS with the address percent-encoded, as TIME.html or DIGEST.html, or
    under any names, and then they are told by their bytes. TIME has 14 digits.

    What is missing is fetched one by one, at the pace that [fetch] of the settings and the archive's robots.txt allow,
    and is kept in DIR as it arrives (without DIR in a folder beside LIST): the same command goes on where it was
    stopped. A capture whose bytes do not have the digest of the list is refused. Exit status 3 if anything was
    refused, 1 if nothing was taken.

    \b
    Example:
      registerwatch backfill wayback captures.cdx.json captures/
    """
    if not root.startswith(("http://", "https://")) or not host_of(root):
        raise click.UsageError(f"--archive {root!r} is not an address of the web")
    folder = directory or list_.with_name(f"{list_.name.partition('.')[0]}-captures")
    listed = read_list(list_)
    if directory is None and not folder.is_dir() and (no_fetch or not context.settings.fetch.contact):
        raise click.UsageError(
            "name a DIR with the captures; to fetch them set contact in [fetch] of registerwatch.toml"
        )
    saved = SavedCaptures(folder) if folder.is_dir() else None
    with _fetching(context, root, folder, no_fetch=no_fetch) as fetch:
        found = captures_of(listed.captures, saved, _hosts(context), fetch)
        _take(context, chain(listed.refused, show_progress(found, len(listed.captures), "gathering")))


def _hosts(context: Context) -> frozenset[str]:
    register = context.settings.register
    return frozenset(filter(None, map(host_of, (register.index, *register.hosts))))


@contextmanager
def _fetching(context: Context, root: str, folder: Path, *, no_fetch: bool) -> Iterator[Fetch]:
    """Yield what fetches captures, or says why none is fetched."""
    settings = context.settings.fetch
    if no_fetch or not settings.contact:
        why = f"is not in {folder}" + ("" if no_fetch else "; to fetch it set contact in [fetch] of registerwatch.toml")
        yield lambda _capture: Payload(b"", why)
        return
    from scraper.web.fetch import Fetcher, FetchPolicy
    from snapshots.sources.wayback_server import RemoteCaptures

    try:
        policy = settings.as_value(FetchPolicy, index=root)
    except ValueError as error:
        raise click.UsageError(f"[fetch] contact: {error}") from error
    with Fetcher(policy) as fetcher:
        yield RemoteCaptures(fetcher, root, folder).fetch


def _take(context: Context, found: Iterable[Found]) -> None:
    """Take captures, say what became of them, and end with the status that this comes to."""
    now, database = as_text(context.clock()), context.settings.store.database
    known = context.store().log.read_bodies() if context.has_history else {}
    with closing(Intake(known, now=now, folder=database.parent)) as intake:
        intake.gather(found)
        rules = context.rules_for_many
        # Before there is a database: none is left behind where nothing could be read.
        intake.read(rules.vocabulary, show_progress, rules.readers)
        before = set(context.answers.changes.ids()) if context.has_history else set[str]()
        done = backfill(context.store(create=True), intake, rules, progress=show_progress)
    report = _report(context, done, before)
    say(render_backfill(report, **screen()))
    if report.refused or report.held:
        end_with(NEEDS_A_PERSON)


def _report(context: Context, done: Backfilled, before: set[str]) -> BackfillReport:
    changes = context.answers.changes.find(ChangeFilter(editorial=True)) if done.kept else []
    in_runs = [refused for outcome in done.outcomes for refused in _refused_in(outcome)]
    runs = (context.answers.runs.run(outcome.run) for outcome in done.outcomes)
    return BackfillReport(
        read=done.read,
        kept=done.kept,
        known=done.known,
        passed=done.passed,
        refused=[*((one.place, one.reason) for one in done.refused), *in_runs],
        editions=len(done.outcomes),
        times=done.times,
        changes=[change for change in changes if change.id not in before and not change.withdrawn],
        notices=[notice for outcome in done.outcomes for notice in outcome.notices],
        held=[(run["id"], run["reason"]) for run in runs if run["state"] == "held"],
    )
