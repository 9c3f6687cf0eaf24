"""The commands about those who follow the published pages by e-mail: counts, what is kept of one, what came back."""

import sys
from pathlib import Path

import click

from cron.commands.options import PATH, CommandGroup, format_option
from cron.terminal.output import say, screen, write
from cron.terminal.status import render_followers
from cron.work.context import Context
from diff.saying.english import plural
from scraper.errors import RegisterWatchError


class NotKeptError(RegisterWatchError):
    """Nobody with that address is kept."""


@click.group("followers", cls=CommandGroup, invoke_without_command=True, subcommand_metavar="[COMMAND] [ARGS]...")
@format_option("table", "json", "ndjson")
@click.pass_context
def followers(ctx: click.Context, format_: str) -> None:
    r"""Say how many follow the published pages by e-mail: counts, and nobody's name.

    \b
    Example:
      registerwatch followers
      registerwatch followers show ada@example.org
    """
    if ctx.invoked_subcommand is not None:
        return
    context: Context = ctx.obj
    counts = context.people().counts(context.clock())
    write([counts], format_, lambda: render_followers(counts, **screen()))


def _kept(context: Context, address: str) -> str:
    """Return the id of who has an address."""
    if (person := context.people().find(address)) is None:
        raise NotKeptError("nothing is kept of this address")
    return person


@followers.command()
@click.argument("address")
@click.pass_obj
def show(context: Context, address: str) -> None:
    r"""Print all that is kept of an address, as JSON, for the person who asks.

    \b
    Example:
      registerwatch followers show ada@example.org
    """
    person = _kept(context, address)
    write([context.people().everything_of(person)], "json", lambda: "")


@followers.command()
@click.argument("address")
@click.pass_obj
def erase(context: Context, address: str) -> None:
    r"""Erase all that is kept of an address, at once; a keyed hash remains, so that nobody is put here by mistake.

    \b
    Example:
      registerwatch followers erase ada@example.org
    """
    person = _kept(context, address)
    context.people().erase(person, "erased", context.clock())
    say("Erased. Nothing more is sent to this address.\n")


@followers.command()
@click.pass_obj
def rotate(context: Context) -> None:
    r"""Add a new key to the file of keys, made if there is none; links of old mails go on working.

    Take the oldest line out of the file when no mail of its time should work any more, and restart `browse`.

    \b
    Example:
      registerwatch followers rotate
    """
    from snapshots.people.keys import add_key

    path = context.settings.follow.key_file
    number = add_key(path)
    say(f"{path} holds {plural(number, 'key')}, the newest of which signs. Restart browse, if it runs.\n")


@click.command()
@click.argument("mailbox", type=PATH, required=False)
@click.pass_obj
def bounces(context: Context, mailbox: Path | None) -> None:
    r"""Read letters that came back: MAILBOX is a Maildir or an mbox; without one a single letter is piped in.

    Of an address from which two letters came back for good, or letters for a week, nothing more is sent to it, until it
    is confirmed anew; a complaint ends everything at once. A letter counts once, however often it is read. Of a Maildir
    what is new is read, and put among what was read.

    \b
    Example:
      registerwatch bounces /var/mail/bounces
    """
    from cron.following.returned import take_returned

    counts = take_returned(context, mailbox, sys.stdin.buffer)
    said: list[str] = [
        plural(counts["hard"], "letter came back for good", "letters came back for good"),
        f"{counts['soft']:,} for the time being",
        plural(counts["complaint"], "complaint"),
        plural(counts["stop"], "wish to stop", "wishes to stop"),
        f"{counts['other'] + counts['known']:,} of no concern, or known",
    ]
    say(f"{'; '.join(said)}.\n")
