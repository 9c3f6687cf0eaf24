"""The commands that bring in the past: captures from archives, and from the lists of the Wayback Machine."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path

import click

from cron.session import NEEDS_A_PERSON, Commands, Session, Time, clock, coloured, columns, say, show_progress
from cron.terminal.backfill_report import BackfillReport, render_backfill
from scraper.times import as_text
from scraper.web.addresses import host_of
from snapshots.asking.answers import Question
from snapshots.sources.captures import Found, captures_in
from snapshots.sources.intake import Backfilled, Intake, backfill
from snapshots.sources.payloads import Payload
from snapshots.sources.wayback import Fetch, SavedCaptures, captures_of, read_list

ARCHIVE = "https://web.archive.org/"


@click.group("backfill", cls=Commands, invoke_without_command=True, subcommand_metavar="COMMAND [ARGS]...")
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
        ctx.exit(2)


@backfill_.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="FILE...")
@click.option(
    "--fetched-at", type=Time(), metavar="TIME", help="When pages were captured that no name dates; UTC unless it says."
)
@click.pass_obj
def archive(session: Session, files: tuple[Path, ...], fetched_at: str | None) -> None:
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
    found = chain.from_iterable(captures_in(file, _hosts(session), fetched_at) for file in files)
    _take(session, found)


@backfill_.command()
@click.argument("list_", metavar="LIST", type=click.Path(path_type=Path, readable=False))
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path, readable=False))
@click.option("--no-fetch", is_flag=True, help="Ask the archive for nothing; a capture that is not in DIR is refused.")
@click.option(
    "--archive", "root", default=ARCHIVE, show_default=True, metavar="URL", help="Where captures are fetched."
)
@click.pass_obj
def wayback(session: Session, list_: Path, directory: Path | None, no_fetch: bool, root: str) -> None:
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
    if directory is None and not folder.is_dir() and (no_fetch or not session.settings.fetch.contact):
        raise click.UsageError(
            "name a DIR with the captures; to fetch them set contact in [fetch] of registerwatch.toml"
        )
    saved = SavedCaptures(folder) if folder.is_dir() else None
    with _fetching(session, root, folder, no_fetch=no_fetch) as fetch:
        found = captures_of(listed.captures, saved, _hosts(session), fetch)
        _take(session, chain(listed.refused, show_progress(found, len(listed.captures), "gathering")))


def _hosts(session: Session) -> frozenset[str]:
    register = session.settings.register
    return frozenset(filter(None, map(host_of, (register.index, *register.hosts))))


@contextmanager
def _fetching(session: Session, root: str, folder: Path, *, no_fetch: bool) -> Iterator[Fetch]:
    """Yield what fetches captures, or says why none is fetched."""
    settings = session.settings.fetch
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


def _take(session: Session, found: Iterable[Found]) -> None:
    """Take captures, say what became of them, and end with the status that this comes to."""
    now, database = as_text(clock()), session.settings.store.database
    known = session.store().log.read_bodies() if database.exists() else {}
    with closing(Intake(known, now=now, folder=database.parent)) as intake:
        intake.gather(found)
        before = set(session.answers.change_ids()) if database.exists() else set[str]()
        done = backfill(session.store(create=True), intake, session.rules, progress=show_progress)
    report = _report(session, done, before)
    say(render_backfill(report, width=columns(), colour=coloured()))
    if report.refused or report.held:
        click.get_current_context().exit(NEEDS_A_PERSON)


def _report(session: Session, done: Backfilled, before: set[str]) -> BackfillReport:
    changes = session.answers.changes(Question(editorial=True)) if done.kept else []
    in_runs = [
        (slug, reason)
        for outcome in done.outcomes
        for slug, reason in (*outcome.refused.items(), *outcome.decision.distrusted.items())
    ]
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
        held=_held(session, [outcome.run for outcome in done.outcomes]),
    )


def _held(session: Session, runs: Sequence[int]) -> list[tuple[int, str]]:
    """Return number and reason of the editions that are not believed."""
    found = (session.answers.run(run) for run in runs)
    return [(run["id"], run["reason"]) for run in found if run["state"] == "held"]


COMMANDS = (backfill_,)
