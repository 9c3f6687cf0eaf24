"""The command line: options in, one call, text out. What is printed for people comes from `terminal` and `news`."""

import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from cron import formats, news, terminal
from cron.config import Settings, load_settings, settings_template
from cron.progress import Progress
from diff.changes import ChangeKind, Severity
from diff.guards import Guards
from diff.wording import NAMES
from scraper.errors import RefusedPageError, RegisterWatchError
from scraper.records import page_to_json
from scraper.vocabulary import Vocabulary, default_vocabulary, parse_vocabulary
from snapshots.answers import Answers, Question
from snapshots.sources import SourceError
from snapshots.store import DatabaseError, Outcome, Store, explain, open_store
from snapshots.times import as_text, end_of, read_time

NEEDS_A_PERSON = 3
EARLIEST = "1991-08-06T00:00:00Z"
"""The first web page: no page was fetched before it."""
FORMATS = click.Choice(["table", "json", "ndjson", "csv"])


@dataclass(slots=True, kw_only=True)
class Options:
    """The options before the command."""

    config: Path | None
    database: Path | None
    verbose: bool


class Session:
    """What a command works with: settings, names, the database; each made when it is first needed."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._open: Store | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings."""
        overrides = {"store.database": self.options.database}
        try:
            return load_settings(self.options.config, overrides)
        except RegisterWatchError as error:
            raise click.UsageError(str(error)) from error

    @cached_property
    def guards(self) -> Guards:
        """What is believable."""
        guards = self.settings.guards
        return Guards(guards.gone_fraction, guards.failed_fraction, guards.group_from)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The known names, the user's own among them."""
        file = self.settings.vocabulary.file
        if file is None:
            return default_vocabulary()
        try:
            return default_vocabulary().extended(parse_vocabulary(file.read_text(encoding="utf-8")))
        except OSError as error:
            raise click.UsageError(f"{file}: {error.strerror}") from error
        except (RegisterWatchError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{file}: {error}") from error

    def store(self, *, create: bool = False) -> Store:
        """Open the database."""
        if self._open is None:
            self._open = open_store(self.settings.store.database, create=create)
        return self._open

    @cached_property
    def answers(self) -> Answers:
        """Questions to the database."""
        store = self.store()
        return Answers(store.db, store.states, self.vocabulary)

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open.close()


class Commands(click.Group):
    """Commands whose errors are one line, with the exit status of docs/cli.md."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn what went wrong into one line and status 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read our output has seen enough, as `head` does: nobody is left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)
        except (RegisterWatchError, DatabaseError, OSError) as error:
            if ctx.params.get("verbose"):
                traceback.print_exc()
            named = isinstance(error, DatabaseError) and isinstance(ctx.obj, Session)
            _complain(explain(ctx.obj.settings.store.database, error) if named else str(error) or type(error).__name__)
            ctx.exit(1)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run; wrong usage is one line too, and status 2."""
        extra["standalone_mode"] = False
        try:
            status = super().main(*args, **extra)
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else "registerwatch"
            _complain(f"{error.format_message()} (see {path} --help)")
            status = 2
        except click.Abort:
            _complain("stopped; nothing was changed")
            status = 1
        sys.exit(status if isinstance(status, int) else 0)


def _complain(message: str) -> None:
    click.echo(f"registerwatch: {' '.join(terminal.clean(message).split())}", err=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
    ctx.obj = Session(Options(config=config, database=database, verbose=verbose))
    ctx.call_on_close(ctx.obj.close)


def main() -> None:
    """Run the command line."""
    cli.main(prog_name="registerwatch")


# --- output -----------------------------------------------------------------------------------------------------------


def _width() -> int:
    return shutil.get_terminal_size((80, 24)).columns


def _colour() -> bool:
    return terminal.wants_colour(sys.stdout, os.environ)


def _write(rows: Sequence[dict[str, Any]], format_: str, table: Callable[[], str]) -> None:
    """Write an answer to standard output in the form asked for."""
    writers = {"json": formats.to_json, "ndjson": formats.to_ndjson, "csv": formats.to_csv}
    text = writers[format_](rows) if format_ in writers else table()
    click.echo(text, nl=False)


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[terminal.Column], nothing: str) -> str:
    return terminal.render_table(rows, columns, width=_width(), colour=_colour()) if rows else f"{nothing}\n"


def _progress(items: Iterable[Any], length: int, word: str) -> Iterator[Any]:
    with Progress(length, sys.stderr, width=_width(), colour=terminal.wants_colour(sys.stderr, os.environ)) as progress:
        for item in items:
            yield item
            progress.step(word)


class Time(click.ParamType[str]):
    """A time as people write it, kept as UTC text."""

    name = "time"

    def __init__(self, *, until: bool = False) -> None:
        self._until = until

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the time as it is kept."""
        try:
            return end_of(value) if self._until else as_text(read_time(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write it as 2026-11-21 or 2026-11-21T03:17:00Z", param, ctx)


format_option = click.option(
    "--format", "format_", type=FORMATS, default="table", show_default=True, help="How the answer is written."
)
as_of_option = click.option("--as-of", type=Time(until=True), metavar="TIME", help="As the pages read at that time.")


def _now() -> datetime:
    return datetime.now(UTC)


# --- reading and importing --------------------------------------------------------------------------------------------


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path, readable=False), default=".")
def init(directory: Path) -> None:
    r"""Write a commented registerwatch.toml.

    \b
    Example:
      registerwatch init
    """
    path = directory / "registerwatch.toml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(settings_template())
    except FileExistsError as error:
        raise RegisterWatchError(f"{path}: is there already; it is left as it is") from error
    click.echo(f"Wrote {path}. Next: registerwatch import FOLDER --fetched-at DATE --complete")


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
            _complain(str(error))
    click.echo(formats.to_json(records), nl=False)
    if refused:
        click.get_current_context().exit(NEEDS_A_PERSON)


def _parsed(file: Path, vocabulary: Vocabulary) -> Iterator[dict[str, Any]]:
    from scraper.parse import read_page
    from snapshots.readings import LARGEST_PAGE

    if file.is_dir():
        raise SourceError(f"{file}: is a folder; name its files, as in {file}/*.html")
    try:
        if file.stat().st_size > LARGEST_PAGE:
            raise SourceError(f"{file}: {file.stat().st_size // 1_000_000} MB, too large for a page")
        body = file.read_bytes()
    except OSError as error:
        raise SourceError(f"{file}: {(error.strerror or str(error)).lower()}") from error
    yield page_to_json(read_page(body, source=str(file), vocabulary=vocabulary))


@cli.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="PATH...")
@click.option(
    "--fetched-at", required=True, type=Time(), metavar="TIME", help="When the pages were fetched; UTC unless it says."
)
@click.option("--complete", is_flag=True, help="The edition holds every page: what is missing is seen to be missing.")
@click.pass_obj
def import_(session: Session, paths: tuple[Path, ...], fetched_at: str, complete: bool) -> None:
    r"""Take saved pages as one edition of the register, and decide what changed.

    PATH is a page (.html, .htm, .txt), a folder of them, a .zip or a .warc.gz. An index.html directly in a folder,
    robots.txt, files of other types and pages that list organisations are passed over. The same edition again adds
    nothing; with further pages it is extended. Two files of one page, or other bytes for a page of a known edition:
    nothing is taken.

    \b
    Example:
      registerwatch import saved/2026-10 --fetched-at 2026-10-01 --complete
    """
    from cron.importing import gather_editions, take_editions

    now = as_text(_now())
    if fetched_at > now:
        raise click.UsageError(f"--fetched-at {fetched_at} lies in the future")
    if fetched_at < EARLIEST:
        raise click.UsageError(f"--fetched-at {fetched_at} is a time before there were web pages")
    known = session.store() if session.settings.store.database.exists() else None
    editions = gather_editions(known, paths, time=fetched_at, now=now, vocabulary=session.vocabulary)
    outcomes = take_editions(
        session.store(create=True),
        editions,
        complete=complete,
        now=now,
        vocabulary=session.vocabulary,
        guards=session.guards,
        progress=_progress,
    )
    for outcome in outcomes:
        click.echo(_report(session, outcome), nl=False)
    if any(outcome.refused or outcome.decision.distrusted or outcome.decision.held for outcome in outcomes):
        click.get_current_context().exit(NEEDS_A_PERSON)


def _report(session: Session, outcome: Outcome) -> str:
    """Return what became of an edition, as an import tells it."""
    run = session.answers.run(outcome.run)
    if outcome.known:
        day = terminal.long_date(run["captured_at"])
        return f"Run {outcome.run} of {day} holds these pages already; nothing to add.\n"
    refused = [*outcome.refused.items(), *outcome.decision.distrusted.items()]
    changes = session.answers.changes(Question(run=outcome.run, editorial=True))
    report = news.ImportReport(
        run=outcome.run,
        fetched_at=run["captured_at"],
        complete=bool(run["complete"]),
        unchanged=run["pages_read"] - run["pages_changed"],
        changed=run["pages_changed"] - run["pages_new"],
        new=run["pages_new"],
        refused=refused,
        changes=changes,
        baseline=not changes and run["pages_new"] == run["pages_read"],
        held=outcome.decision.held,
    )
    text = news.render_import(report, width=_width(), colour=_colour())
    if outcome.decision.held:
        text += f"  Decide with: registerwatch release {outcome.run}, or: registerwatch discard {outcome.run}\n"
    return text


# --- asking -----------------------------------------------------------------------------------------------------------


@cli.command()
@click.option("--since", type=Time(), metavar="TIME", help="First seen at that time or later.")
@click.option(
    "--until", type=Time(until=True), metavar="TIME", help="First seen up to that time; a date includes its day."
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([k.value for k in ChangeKind]),
    metavar="KIND",
    help="Of this kind, as in dataset-added; may be repeated.",
)
@click.option(
    "--organisation",
    "organisations",
    multiple=True,
    metavar="X",
    help="Of this organisation, by name or slug, and of its predecessors; may be repeated.",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="X",
    help="Of this dataset under all its names, and of agreements that hold it; may be repeated.",
)
@click.option("--reference", "references", multiple=True, metavar="R", help="Of this agreement; may be repeated.")
@click.option("--severity", type=click.Choice([s.value for s in Severity]), help="At least this severe.")
@click.option("--group", metavar="ID", help="The members of this group.")
@click.option("--all", "editorial", is_flag=True, help="The editorial changes too, which are told to nobody.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="No more than N.")
@format_option
@click.pass_obj
def changes(
    session: Session,
    since: str | None,
    until: str | None,
    kinds: tuple[str, ...],
    organisations: tuple[str, ...],
    datasets: tuple[str, ...],
    references: tuple[str, ...],
    severity: str | None,
    group: str | None,
    editorial: bool,
    limit: int | None,
    format_: str,
) -> None:
    r"""Tell what changed: newest first, then the most severe.

    \b
    Example:
      registerwatch changes --since 2026-11-01 --severity medium
    """
    question = Question(
        since=since,
        until=until,
        kinds=kinds,
        organisations=organisations,
        datasets=datasets,
        references=references,
        severity=severity,
        group=group,
        editorial=editorial,
    )
    found = session.answers.changes(question)[:limit]

    def table() -> str:
        left_out = 0 if editorial or group else session.answers.count_editorial(question)
        added = [c["reference"] for c in found if c["kind"] == "agreement-added"]
        return news.render_changes(
            found,
            width=_width(),
            colour=_colour(),
            editorial_left_out=left_out,
            dataset_counts=session.answers.dataset_counts(added),
        )

    _write(found, format_, table)


@cli.command()
@click.argument("reference")
@as_of_option
@click.pass_obj
def show(session: Session, reference: str, as_of: str | None) -> None:
    r"""Show one agreement: what its page prints, its versions, its changes; as JSON.

    \b
    Example:
      registerwatch show DARS-NIC-617743-X0M9Z --as-of 2026-01-15
    """
    click.echo(formats.to_json([session.answers.show(reference, as_of)]), nl=False)


@cli.command()
@click.argument("reference")
@click.option(
    "--from", "since", type=Time(until=True), metavar="TIME", help="The earlier time; else the last other prose."
)
@click.option("--to", "until", type=Time(until=True), metavar="TIME", help="The later time; else now.")
@click.pass_obj
def redline(session: Session, reference: str, since: str | None, until: str | None) -> None:
    r"""Show the prose of an agreement at two times, word by word: [-out-] and {+in+}.

    \b
    Example:
      registerwatch redline DARS-NIC-617743-X0M9Z --from 2026-01-01 --to 2026-02-01
    """
    earlier, later, changed = session.answers.redlines(reference, since, until)
    if earlier > later:
        raise click.UsageError("--from lies after --to")
    width, colour = _width(), _colour()
    if not changed:
        since = f"since it was first seen on {terminal.long_date(earlier)}"
        between = f"between {terminal.long_date(earlier)} and {terminal.long_date(later)}"
        click.echo(f"The prose of {reference} has not changed {since if earlier == later else between}.")
        return
    click.echo(f"{reference}: as first seen on {terminal.long_date(earlier)}, and on {terminal.long_date(later)}")
    for name, lines in changed.items():
        title = terminal.paint(NAMES[name], "bold", colour)
        words = f"{lines.words('out')} words out, {lines.words('in')} in"
        click.echo(f"\n{title}, {words}\n\n{terminal.render_redline(lines, width=width, colour=colour)}", nl=False)


@cli.command()
@as_of_option
@format_option
@click.pass_obj
def agreements(session: Session, as_of: str | None, format_: str) -> None:
    r"""List every agreement on every page.

    \b
    Example:
      registerwatch agreements --as-of 2026-01-15 --format csv > agreements.csv
    """
    rows = session.answers.agreements(as_of)
    columns = [
        terminal.Column("reference", "Reference", whole=True),
        terminal.Column("organisation", "Organisation"),
        terminal.Column("title", "Title", "without a title"),
        terminal.Column("dsa_end", "Printed end"),
        terminal.Column("datasets_count", "Datasets"),
    ]
    counted = [{**row, "datasets_count": len(row["datasets"] or ())} for row in rows]
    _write(rows, format_, lambda: _table(counted, columns, "No agreements."))


@cli.command()
@as_of_option
@format_option
@click.pass_obj
def organisations(session: Session, as_of: str | None, format_: str) -> None:
    r"""List every organisation with a page.

    \b
    Example:
      registerwatch organisations
    """
    rows = session.answers.organisations(as_of)
    columns = [
        terminal.Column("organisation", "Organisation"),
        terminal.Column("slug", "Page"),
        terminal.Column("agreements", "Agreements"),
        terminal.Column("files_disseminated", "Files"),
    ]
    _write(rows, format_, lambda: _table(rows, columns, "No organisations."))


@cli.command("datasets")
@as_of_option
@format_option
@click.pass_obj
def datasets_(session: Session, as_of: str | None, format_: str) -> None:
    r"""List every dataset under its newest known name, with how many agreements hold it.

    \b
    Example:
      registerwatch datasets --format json
    """
    rows = session.answers.datasets(as_of)
    columns = [
        terminal.Column("dataset", "Dataset"),
        terminal.Column("agreements", "Agreements"),
        terminal.Column("organisations", "Pages"),
    ]
    _write(rows, format_, lambda: _table(rows, columns, "No datasets."))


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
    outcomes = store.reparse(vocabulary=session.vocabulary, guards=session.guards, progress=_progress)
    after = set(session.answers.change_ids())
    runs, kept = terminal.plural(len(outcomes), "run"), terminal.plural(len(before & after), "change")
    click.echo(
        f"Derived {runs} again: {kept} as before, {len(after - before)} new, {len(before - after)} no longer found."
    )


@cli.command()
@click.argument("run", type=int)
@click.pass_obj
def release(session: Session, run: int) -> None:
    r"""Believe the latest held run: what it says becomes the state of things.

    \b
    Example:
      registerwatch release 7
    """
    click.echo(_report(session, _settle(session, run, "released")), nl=False)


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
    click.echo(f"Run {run} is discarded. Its pages are kept; the state of things is that of the run before it.")


def _settle(session: Session, run: int, decision: str) -> Outcome:
    return session.store().settle_held(
        run, decision, vocabulary=session.vocabulary, guards=session.guards, progress=_progress
    )


@cli.command()
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the answer is written.",
)
@click.pass_obj
def status(session: Session, format_: str) -> None:
    r"""Say how things are: the last run, failing pages, held runs, size. Exit status 3 if anything needs a person.

    \b
    Example:
      registerwatch status
    """
    from cron.state import needs_a_person, render_status

    store = session.store()
    facts = session.answers.status() | {"database": str(store.path), "database_bytes": store.path.stat().st_size}
    if format_ == "json":
        click.echo(formats.to_json([facts]), nl=False)
    else:
        click.echo(render_status(facts, width=_width(), colour=_colour()), nl=False)
    if needs_a_person(facts):
        click.get_current_context().exit(NEEDS_A_PERSON)


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path, readable=False), required=False)
@click.pass_obj
def demo(session: Session, directory: Path | None) -> None:
    r"""Import two editions of the sample register and tell what changed; no network, nothing of yours is touched.

    The database is left in DIRECTORY (./demo without one), to try the other commands on.

    \b
    Example:
      registerwatch demo
    """
    from cron.demo import run_demo

    run_demo(directory or Path("demo"), session.vocabulary, session.guards, _width(), _colour(), click.echo)
