"""The commands that look after what is kept: a copy, a proof, economy."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cron.session import Session, coloured, columns, complain, format_option, say, show_progress, write
from cron.terminal.style import LABEL, facts
from cron.work.lock import only_run
from diff.saying.english import moment, plural, size
from snapshots.keeping.chain import Head


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
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option("--force", is_flag=True, help="Replace FILE if it is there; it is replaced at the end, at once.")
@click.pass_obj
def backup(session: Session, file: Path, force: bool) -> None:
    r"""Copy the database to FILE, also while a run writes; restoring is copying FILE back.

    FILE appears when the copy is whole and was looked at; otherwise nothing is left there.

    \b
    Example:
      registerwatch backup /mnt/copies/registerwatch-$(date +%A).db --force
    """
    from snapshots.keeping.backup import back_up

    store = session.store()
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
@format_option("table", "json")
@click.pass_obj
def verify(session: Session, known_head: Head | None, format_: str) -> None:
    r"""Check that everything kept is as it was: the chain of runs, the log, every page.

    The first thing that is not is named on standard error; exit status 1. What is derived from the pages is no proof
    and is not looked at: `reparse` makes it anew. A chain that only one side holds proves little: name a head from an
    old digest, and a history that was written anew since then is noticed.

    \b
    Example:
      registerwatch verify
      registerwatch verify --head 512:0c8c88ef035b02231a2271159f9e1fa1091cb1338748a160b571935f5c76dd77
    """
    from snapshots.keeping.verify import verify as look_at

    store = session.store()
    report = look_at(store.db, show_progress, known_head)
    row = asdict(report) | {"database": str(store.path), "good": report.flaw is None}
    row |= {name: head and head._asdict() for name, head in (("head", report.head), ("known_head", report.known_head))}
    write([row], format_, lambda: _render_report(row))
    if report.flaw is not None:
        complain(f"{store.path}: not as it was: {report.flaw}")
        click.get_current_context().exit(1)


def _render_report(row: Mapping[str, Any]) -> str:
    head, known, good = row["head"], row["known_head"], row["good"]
    checked = [
        f"{plural(row['manifests'], 'manifest')}, {plural(row['runs'], 'run')}, {plural(row['captures'], 'capture')}",
        f"{_bodies(row['bodies'])} of pages, {size(row['bytes'])} as they came",
    ]
    checked += [f"{row['loose']:,} of these of a run that did not finish"] if row["loose"] else []
    rows = [("Database", row["database"]), ("Looked at", "\n".join(checked))]
    if head:
        rows.append(("Head" if good else "Read up to", f"of run {row['run']}, written {moment(row['made_at'])}"))
    results = []
    if known and good:
        results.append(("Your head", f"number {known['number']:,} stands in the chain with this hash"))
    results.append(("Result", _GOOD if good else _NOT_GOOD))
    width, colour = columns(), coloured()
    # The head is one word that --head takes: it is never wrapped.
    token = f"{'':<{LABEL}}{head['number']}:{head['hash']}\n" if head else ""
    return facts(rows, width=width, colour=colour) + token + facts(results, width=width, colour=colour)


_GOOD = "everything is as it was"
_NOT_GOOD = "not everything is as it was; it stopped at the first such thing, and the rest was not looked at"


def _bodies(number: int) -> str:
    return f"{number:,} {'body' if number == 1 else 'bodies'}"


@click.command()
@click.pass_obj
def compact(session: Session) -> None:
    r"""Compress the kept pages by more effort, and give the room back to the disk.

    It need never be done; it saves about a tenth of what pages take, and takes some five minutes for each gigabyte of
    them. It may be killed at any time: each page is read back before it takes the place of what was there. No run
    starts meanwhile.

    \b
    Example:
      registerwatch compact
    """
    from snapshots.keeping.compact import compact as compress

    store = session.store()
    folder = store.path.absolute().parent
    with only_run(store.path):
        done = compress(store, show_progress, room=lambda: shutil.disk_usage(folder).free)
    file = f"the file {size(done.file_before)}, now {size(done.file_after)}"
    smaller = f"{done.smaller:,} of {_bodies(done.looked_at)} made smaller"
    say(f"Bodies of pages took {size(done.before)} and take {size(done.after)}: {smaller}; {file}.\n")
    if not done.given_back:
        complain(f"{store.path}: the disk has no room to write it anew; runs use up what became free in it")


COMMANDS = (backup, verify, compact)
