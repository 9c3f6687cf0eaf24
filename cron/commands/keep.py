"""The commands that look after what is kept: a proof, a copy, economy, a decision, the history written out."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cron.commands.intake import report_of
from cron.commands.options import NEEDS_A_PERSON, PATH, end_with, format_option, stays_apart, tell_option
from cron.terminal.output import complain, say, screen, show_progress, write
from cron.terminal.reports import render_afterwards, render_import
from cron.terminal.status import render_proof
from cron.work.afterwards import NOTHING_AFTERWARDS, after_run
from cron.work.context import Context, only_run
from cron.work.outbox import what_to_tell_of_release
from diff.saying.english import plural, size
from scraper.times import as_text
from snapshots.keeping.chain import Head
from snapshots.keeping.store import Dues, Outcome


class HeadType(click.ParamType[Head]):
    """The head of a chain as it is told: a number and a hash."""

    name = "head"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Head:
        """Return the head that *value* names."""
        number, _, hash_ = str(value).partition(":")
        hash_ = "".join(hash_.split()).lower()
        if not (number.strip().isdecimal() and len(hash_) == 64 and set(hash_) <= set("0123456789abcdef")):
            self.fail(f"{value!r} is no head; write its number, a colon and all 64 digits of its hash", param, ctx)
        return Head(int(number), hash_)


@click.command()
@click.argument("file", type=PATH)
@click.option("--force", is_flag=True, help="Replace FILE if it is there; it is replaced at the end, at once.")
@click.pass_obj
def backup(context: Context, file: Path, force: bool) -> None:
    r"""Copy the database to FILE, also while a run writes; restoring is copying FILE back.

    FILE appears when the copy is whole and was looked at; otherwise nothing is left there.

    \b
    Example:
      registerwatch backup /mnt/copies/registerwatch-$(date +%A).db --force
    """
    from snapshots.keeping.upkeep import back_up

    store = context.store()
    copy = back_up(store.db, store.path, file, force=force)
    chain = f"; head of the chain of runs, number {copy.head.number}: {copy.head.hash}" if copy.head else ""
    say(f"Copied {size(copy.bytes)} to {file}{chain}.\n")


@click.command()
@click.option(
    "--head",
    "known_head",
    type=HeadType(),
    metavar="NUMBER:HASH",
    help="A head that you kept, from an old digest or the feeds' page: say whether it stands in the chain.",
)
@click.option("--all", "everything", is_flag=True, help="Also derive everything once more, beside, and compare.")
@format_option("table", "json")
@click.pass_obj
def verify(context: Context, known_head: Head | None, everything: bool, format_: str) -> None:
    r"""Check that everything kept is as it was: the chain of runs, the log, every page, and what was read of them.

    The first thing that is not is named on standard error; exit status 1. What is derived from the pages is compared
    with its keys, and some pages are read anew; with --all everything is derived once more in a copy beside the file
    and compared row by row, which takes the time of `reparse` and, for as long, twice the room of the file. A chain
    that only one side holds proves little: name a head from an old digest, and a history that was written anew since
    then is noticed.

    \b
    Example:
      registerwatch verify
      registerwatch verify --all
      registerwatch verify --head 512:0c8c88ef035b02231a2271159f9e1fa1091cb1338748a160b571935f5c76dd77
    """
    from snapshots.keeping.verify import verify as look_at

    store = context.store()
    beside = store.path if everything else None
    report = look_at(store.db, show_progress, context.rules, known_head, beside=beside)
    row = asdict(report) | {"database": str(store.path), "good": report.flaw is None}
    # A head is a named tuple, of which JSON would make a list.
    row |= {name: head and head._asdict() for name, head in (("head", report.head), ("known_head", report.known_head))}
    write([row], format_, lambda: render_proof(row, **screen()))
    if report.stamps_unread:
        complain(report.stamps_unread)
    if report.flaw is not None:
        complain(f"{store.path}: not as it was: {report.flaw}")
        end_with(1)


@click.command()
@click.pass_obj
def compact(context: Context) -> None:
    r"""Compress the kept pages by more effort, and give the room back to the disk.

    It need never be done; it saves about a tenth of what pages take, and takes some five minutes for each gigabyte of
    them. It may be killed at any time: each page is read back before it takes the place of what was there. No run
    starts meanwhile.

    \b
    Example:
      registerwatch compact
    """
    from snapshots.keeping.upkeep import compact as compress

    store = context.store()
    folder = store.path.absolute().parent
    with only_run(store.path):
        done = compress(store, show_progress, room=lambda: shutil.disk_usage(folder).free)
    file = f"the file {size(done.file_before)}, now {size(done.file_after)}"
    smaller = f"{done.smaller:,} of {plural(done.looked_at, 'body', 'bodies')} made smaller"
    say(f"Bodies of pages took {size(done.before)} and take {size(done.after)}: {smaller}; {file}.\n")
    if not done.given_back:
        complain(f"{store.path}: the disk has no room to write it anew; runs use up what became free in it")


@click.command()
@click.option("--again", is_flag=True, help="Read every page anew, whatever was read of it: it heals rot.")
@click.pass_obj
def reparse(context: Context, again: bool) -> None:
    r"""Derive everything again from the kept pages, by today's rules and names.

    A change of the reading rules is no news: what was told keeps its id, and nobody is told again.

    \b
    Example:
      registerwatch reparse
      registerwatch reparse --again
    """
    store = context.store()
    before = set(context.answers.changes.ids())
    outcomes = store.reparse(context.rules_for_many, again=again, progress=show_progress)
    after = set(context.answers.changes.ids())
    runs, kept = plural(len(outcomes), "run"), plural(len(before & after), "change")
    say(f"Derived {runs} again: {kept} as before, {len(after - before)} new, {len(before - after)} no longer found.\n")


@click.command()
@click.argument("run", type=int)
@tell_option
@click.pass_obj
def release(context: Context, run: int, tell: bool) -> None:
    r"""Believe the latest held run: what it says becomes the state of things.

    \b
    Example:
      registerwatch release 7
    """
    apart = stays_apart(context, tell)
    outcome = _settle(context, run, "released", None if apart else what_to_tell_of_release(context))
    done = NOTHING_AFTERWARDS if apart else after_run(context, outcome.changes)
    complain(*done.complaints)
    say(render_import(report_of(context, outcome), **screen()) + render_afterwards(done, **screen()))
    if not done.all_well:
        end_with(NEEDS_A_PERSON)


@click.command()
@click.argument("run", type=int)
@click.pass_obj
def discard(context: Context, run: int) -> None:
    r"""Disbelieve the latest held run: its pages are kept, and nothing else.

    \b
    Example:
      registerwatch discard 7
    """
    _settle(context, run, "discarded")
    say(f"Run {run} is discarded. Its pages are kept; the state of things is that of the run before it.\n")


def _settle(context: Context, run: int, decision: str, dues: Dues | None = None) -> Outcome:
    store, now = context.store(), as_text(context.clock())
    return store.settle_held(run, decision, context.rules, at=now, progress=show_progress, dues=dues)


@click.command()
@click.argument("directory", type=PATH, metavar="DIR", required=False)
@click.option(
    "--evidence",
    metavar="CHANGE",
    help="Write what proves this change into one zip, DIR or --output, and nothing else; an id or its first 8 digits.",
)
@click.option("--output", type=PATH, metavar="FILE", help="The zip.")
@click.option("--wacz", is_flag=True, help="The evidence as WACZ, for ReplayWeb.page, with the zip in it.")
@click.option("--pages", is_flag=True, help="The kept pages too, as a web archive: large, and not ours to publish.")
@click.pass_obj
def export(
    context: Context, directory: Path | None, evidence: str | None, output: Path | None, wacz: bool, pages: bool
) -> None:
    r"""Write the history into DIR as CSV and JSON lines, with a datapackage.json that describes every column.

    Agreements, their versions and texts, datasets, legal bases, controllers, changes, organisations and snapshots;
    and data_uses.csv, the agreements in the columns of HDR UK's data-use register standard. The same history gives
    the same bytes; files that would be the same are not touched, and none is removed.

    With --evidence it is one zip for somebody who trusts nobody: the pages before and after to the byte, their headers,
    the links of the chain up to the next time stamp, the stamps with their certificates, the change to be printed, and
    a README that says how to check each with sha256sum and openssl alone. The same database gives the same bytes.

    \b
    Example:
      registerwatch export history
      registerwatch export --evidence 3f2a91c04d --output evidence.zip
      registerwatch export --evidence 3f2a91c04d --output evidence.wacz --wacz
    """
    if evidence is not None:
        if (output is None) == (directory is None) or pages:
            raise click.UsageError("--evidence needs one file to write, as in --output evidence.zip, and no --pages")
        _export_evidence(context, evidence, output or directory or Path(), wacz=wacz)
        return
    if directory is None or output is not None or wacz:
        raise click.UsageError("name a folder to write into; --output and --wacz are for --evidence")
    from snapshots.export.writing import export as write_out

    register = context.settings.register
    written = write_out(
        context.store(),
        directory,
        register=register.name,
        index=register.index,
        vocabulary=context.vocabulary,
        pages=pages,
    )
    changed = sum(file.changed for file in written)
    say(f"{directory}: {plural(changed, 'file')} written, {len(written) - changed:,} as before.\n")


def _export_evidence(context: Context, change: str, file: Path, *, wacz: bool) -> None:
    from scraper.files import whole_file
    from snapshots.asking.changes import ChangeFilter
    from snapshots.proving.bundle import bundle
    from snapshots.proving.evidence import gather_evidence
    from snapshots.proving.wacz import web_archive_of

    store, changes = context.store(), context.answers.changes
    found = changes.called(change)
    members = changes.find(ChangeFilter(group=found.id)) if found.group else []
    evidence = gather_evidence(store.db, store.bodies, found, members)
    body = web_archive_of(evidence) if wacz else bundle(evidence)
    with whole_file(file) as stream:
        stream.write(body)
    stamped = plural(len(evidence.stamps), "time stamp")
    kept, links = plural(len(evidence.pages), "kept page"), plural(len(evidence.manifests), "manifest")
    say(f"{file}: {kept}, {links}, {stamped}; {size(len(body))}. {_HOW[wacz]}\n")


_HOW = {
    False: "README.txt in it says how to check each.",
    True: "ReplayWeb.page shows it; evidence/evidence.zip in it says how to check each.",
}
