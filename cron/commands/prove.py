"""The commands that make what is kept provable to others: an operator's remark, time stamps of the chain's head."""

import click

from cron.commands.options import NEEDS_A_PERSON, end_with
from cron.terminal.output import complain, say, screen
from cron.terminal.reports import render_afterwards
from cron.work.afterwards import NOTHING_AFTERWARDS, after_note
from cron.work.context import Context
from cron.work.outbox import what_to_tell_of_note
from cron.work.proving import bear_witness
from diff.saying.english import plural
from scraper.text import clean
from scraper.times import as_text
from snapshots.keeping.notes import keep_note


@click.command()
@click.argument("change")
@click.argument("text")
@click.option("--tell", is_flag=True, help="Tell it, once, to those who were told of the change.")
@click.pass_obj
def note(context: Context, change: str, text: str, tell: bool) -> None:
    r"""Put a remark on CHANGE, named by its id or the first 8 digits of it: "confirmed by NHS England on 3 March".

    It stands on the change's page and beside it in lists, mails, feeds and exports, and in the chain of runs: it is
    never altered or taken back, only answered by another one. So name no person in it who has not agreed. Nobody is
    told of it without --tell. A change that was withdrawn can be remarked on too.

    \b
    Example:
      registerwatch note 3f2a91c04d "Confirmed by NHS England on 3 March 2026." --tell
    """
    store = context.store()
    apart = context.is_apart and not tell
    with store.writing():
        found = context.answers.changes.called(change)
        kept = keep_note(store.db, found, text, as_text(context.clock()))
        told = store.deliveries.add(None, what_to_tell_of_note(context, found, kept)) if tell else 0
    said = "Kept, with" if kept.is_new else "It was kept before, with"
    say(f"{said} number {kept.number:,} of the chain, on: {clean(found.summary)}\n")
    if tell:
        say(f"It is told to {plural(told, 'subscription')}.\n")
    done = NOTHING_AFTERWARDS if apart else after_note(context, tell=tell)
    complain(*done.complaints)
    say(render_afterwards(done, **screen()))
    if not done.all_well:
        end_with(NEEDS_A_PERSON)


@click.command()
@click.pass_obj
def witness(context: Context) -> None:
    r"""Have the head of the chain of runs stamped and mirrored by all that [witness] of the settings names.

    `run` does it by itself. An authority stamps the time at which it saw the head (RFC 3161): what was kept by then
    cannot be made up later. Its answer is kept with its certificates, and `verify` checks it offline. Exit status 3
    if somebody could not be reached; the next run tries again.

    \b
    Example:
      registerwatch witness
    """
    found = bear_witness(context)
    complain(*found.complaints)
    if found.said is None and not found.complaints:
        say("Nobody is asked, or there is no chain yet: [witness] of the settings names who.\n")
    if found.said:
        say(f"The head of the chain, {found.said}.\n")
    if found.complaints:
        end_with(NEEDS_A_PERSON)
