"""The commands that ask the history: options in, one question, text out."""

from typing import Any

import click

from cron.commands.options import NEEDS_A_PERSON, Time, as_of_option, end_with, format_option, shown_format
from cron.terminal import news
from cron.terminal import style as terminal
from cron.terminal.news import render_agreement, render_redlines
from cron.terminal.output import answer, complain, screen, table_of, write
from cron.work.context import Context
from diff.beside import COMPARED
from diff.change import PUBLIC
from diff.kinds import ChangeKind
from diff.severity import Severity
from scraper.register import REGISTERS
from snapshots.asking.agreements import shown_as_json

FIELDS = {
    "agreements": (
        "reference", "title", "organisation", "page", "dsa_start", "dsa_end", "released_to", "legal_bases", "opt_outs",
        "controllers", "datasets", "first_seen",
    ),
    "organisations": ("slug", "organisation", "agreements", "files_disseminated", "flags", "first_seen"),
    "datasets": ("dataset", "printed_as", "agreements", "organisations"),
}  # fmt: skip
"""The fields of each list, as the head line of CSV has them whether or not there is anything to list."""


@click.command()
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
@click.option(
    "--register",
    type=click.Choice(list(REGISTERS)),
    help="What this register says: the pages, or the official workbook that they reformat.",
)
@click.option("--severity", type=click.Choice([s.value for s in Severity]), help="At least this severe.")
@click.option("--group", metavar="ID", help="The members of this group.")
@click.option("--all", "editorial", is_flag=True, help="The editorial changes too, which are told to nobody.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="No more than N.")
@format_option("table", "json", "ndjson", "csv")
@click.pass_obj
def changes(context: Context, /, limit: int | None, format_: str, **asked: Any) -> None:
    r"""Tell what changed: newest first, then the most severe.

    \b
    Example:
      registerwatch changes --since 2026-11-01 --severity medium
    """
    from snapshots.asking.changes import ChangeFilter

    # Every other option is called as what it asks for.
    question = ChangeFilter(**asked)
    asked_of = context.answers.changes
    found = asked_of.find(question, limit=limit)

    def table() -> str:
        left_out = 0 if question.editorial or question.group else asked_of.count_editorial(question)
        added = [change.reference or "" for change in found if change.kind is ChangeKind.AGREEMENT_ADDED]
        return news.render_changes(
            found,
            **screen(),
            # How many a limit leaves out is counted only where there is one.
            more=asked_of.count(question) - len(found) if limit else 0,
            editorial_left_out=left_out,
            dataset_counts=context.answers.agreements.dataset_counts(added),
        )

    write([change.to_json() for change in found], format_, table, PUBLIC)


@click.command()
@click.argument("reference")
@as_of_option
@shown_format()
@click.pass_obj
def show(context: Context, reference: str, as_of: str | None, format_: str) -> None:
    r"""Show one agreement: what its page prints, its versions, its changes.

    At a terminal it is a page to be read; a program, or a file, gets JSON.

    \b
    Example:
      registerwatch show DARS-NIC-617743-X0M9Z --as-of 2026-01-15
    """
    shown = context.answers.agreements.show(reference, as_of)
    write([shown_as_json(shown)], format_, lambda: render_agreement(shown, **screen()))


@click.command()
@click.argument("reference")
@click.option(
    "--from", "since", type=Time(until=True), metavar="TIME", help="The earlier time; else the last other prose."
)
@click.option("--to", "until", type=Time(until=True), metavar="TIME", help="The later time; else now.")
@format_option("table", "json", "ndjson")
@click.pass_obj
def redline(context: Context, reference: str, since: str | None, until: str | None, format_: str) -> None:
    r"""Show the prose of an agreement at two times, word by word: [-out-] and {+in+}.

    \b
    Example:
      registerwatch redline DARS-NIC-617743-X0M9Z --from 2026-01-01 --to 2026-02-01
    """
    if since and until and since > until:
        raise click.UsageError(f"--from {since} lies after --to {until}")
    # A name that is not known is told before any prose is read.
    kept = context.answers.names.reference(reference)
    earlier, later, changed = context.answers.agreements.redlines(reference, since, until)
    rows = [
        {
            "field": name,
            "out": lines.words("out"),
            "in": lines.words("in"),
            "paragraphs": [[{"mark": run.mark, "text": run.text} for run in one] for one in lines.paragraphs],
        }
        for name, lines in changed.items()
    ]
    write(rows, format_, lambda: render_redlines(kept, earlier, later, changed, **screen()))


@click.command()
@as_of_option
@format_option("table", "json", "ndjson", "csv")
@click.pass_obj
def agreements(context: Context, as_of: str | None, format_: str) -> None:
    r"""List every agreement on every page.

    \b
    Example:
      registerwatch agreements --as-of 2026-01-15 --format csv > agreements.csv
    """
    rows = context.answers.lists.agreements(as_of)
    columns = [
        terminal.TableColumn("reference", "Reference", whole=True),
        terminal.TableColumn("organisation", "Organisation"),
        terminal.TableColumn("title", "Title", "without a title"),
        terminal.TableColumn("dsa_end", "Printed end", whole=True),
        terminal.TableColumn("datasets_count", "Datasets"),
    ]
    counted = [{**row, "datasets_count": len(row["datasets"] or ())} for row in rows]
    write(rows, format_, lambda: table_of(counted, columns, "No agreements."), FIELDS["agreements"])


@click.command()
@as_of_option
@format_option("table", "json", "ndjson", "csv")
@click.pass_obj
def organisations(context: Context, as_of: str | None, format_: str) -> None:
    r"""List every organisation with a page.

    \b
    Example:
      registerwatch organisations
    """
    rows = context.answers.lists.organisations(as_of)
    columns = [
        terminal.TableColumn("organisation", "Organisation"),
        terminal.TableColumn("slug", "Page"),
        terminal.TableColumn("agreements", "Agreements"),
        terminal.TableColumn("files_disseminated", "Files"),
    ]
    write(rows, format_, lambda: table_of(rows, columns, "No organisations."), FIELDS["organisations"])


@click.command("datasets")
@as_of_option
@format_option("table", "json", "ndjson", "csv")
@click.option("--families", is_flag=True, help="List families (HES, SUS) in place of datasets.")
@click.pass_obj
def datasets_(context: Context, as_of: str | None, format_: str, *, families: bool) -> None:
    r"""List every dataset under its newest known name, with how many agreements hold it.

    \b
    Example:
      registerwatch datasets --format json
    """
    rows = context.answers.lists.datasets(as_of, by_family=families)
    columns = [
        terminal.TableColumn("dataset", "Dataset"),
        terminal.TableColumn("agreements", "Agreements"),
        terminal.TableColumn("organisations", "Pages"),
    ]
    write(rows, format_, lambda: table_of(rows, columns, "No datasets."), FIELDS["datasets"])


@click.command("differences")
@click.option("--reference", "references", multiple=True, metavar="R", help="Of this agreement; may be repeated.")
@click.option(
    "--organisation", "organisations", multiple=True, metavar="X", help="Of this organisation; may be repeated."
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    type=click.Choice(COMPARED),
    metavar="F",
    help="In this field, as in datasets or dsa_end; may be repeated.",
)
@format_option("table", "json", "ndjson", "csv")
@click.pass_obj
def differences_(context: Context, /, format_: str, **asked: Any) -> None:
    r"""List where the pages and the official register disagree now, and since when.

    \b
    Example:
      registerwatch differences --field dsa_end --format csv > terms.csv
    """
    from snapshots.asking.differences import DIFFERENCE

    if context.answers.official.edition() is None:
        complain("no edition of the official register is held; take one with `registerwatch import-official`")
    rows = [one.to_json() for one in context.answers.differences.find(**asked)]
    columns = [
        terminal.TableColumn("reference", "Reference", whole=True),
        terminal.TableColumn("field", "Field", whole=True),
        terminal.TableColumn("page", "On the page", "not there"),
        terminal.TableColumn("official", "Official", "not there"),
        terminal.TableColumn("version", "Version", "", whole=True),
        terminal.TableColumn("since", "Since", whole=True),
    ]
    dated = [{**row, "since": row["since"][:10]} for row in rows]
    write(rows, format_, lambda: table_of(dated, columns, "No differences."), DIFFERENCE)


@click.command()
@format_option("table", "json", "ndjson", "prometheus")
@click.pass_obj
def status(context: Context, format_: str) -> None:
    r"""Say how things are: the last run, failing pages, held runs, size. Exit status 3 if anything needs a person.

    What is not understood is listed for as long as it lasts; it needs a person after the run that met it first.
    `health` in JSON is what /-/health of the pages says, and prometheus is what /-/metrics says.

    \b
    Example:
      registerwatch status
    """
    from cron.terminal.status import render_status
    from cron.work.standing import state_of
    from snapshots.asking.metrics import metrics_text

    facts = state_of(context)
    if format_ == "prometheus":
        answer(metrics_text(facts["health"]))
    else:
        write([facts], format_, lambda: render_status(facts, **screen()))
    if facts["needs_a_person"]:
        end_with(NEEDS_A_PERSON)
