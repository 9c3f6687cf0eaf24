"""The commands about subscriptions: say who is told what; write one into the settings, take one out, try one."""

from collections.abc import Callable
from typing import Any

import click

from cron.commands.options import WRONG_USAGE, CommandGroup, end_with, format_option, stays_apart, tell_option
from cron.settings.editing import with_subscription, without_subscription, write_settings
from cron.settings.load import read_subscriptions
from cron.settings.sections import SubscriptionSettings
from cron.terminal.output import complain, say, screen, write
from cron.terminal.status import render_subscriptions
from cron.work.context import Context
from cron.work.outbox import problems_of, told_last_year
from cron.work.sample import send_sample, told_to
from diff.saying.english import plural
from scraper.errors import SettingsError


@click.group("subscriptions", cls=CommandGroup, invoke_without_command=True, subcommand_metavar="[COMMAND] [ARGS]...")
@format_option("table", "json", "ndjson")
@click.pass_context
def subscriptions(ctx: click.Context, format_: str) -> None:
    r"""Say who is told what: what each subscription follows, and what it would have been told in the last year.

    An organisation, a dataset or an exception that is not known is an error, with the nearest names: exit status 2.

    \b
    Example:
      registerwatch subscriptions
      registerwatch subscriptions add "Our own pages" --email ig@example.org --organisation nhs_example_icb
    """
    if ctx.invoked_subcommand is not None:
        return
    context: Context = ctx.obj
    rows = told_last_year(context)
    write(rows, format_, lambda: render_subscriptions(rows, **screen()))
    if problems := problems_of(context):
        complain(*map(str, problems))
        end_with(WRONG_USAGE)


def _follows(name: str, key: str, meaning: str) -> Callable[[Any], Any]:
    return click.option(name, key, multiple=True, metavar="X", help=f"{meaning}; may be repeated.")


@subscriptions.command()
@click.argument("name")
@click.option("--email", metavar="ADDRESS", help="Address to write to.")
@click.option("--webhook", metavar="URL", help="Or an address to which changes are posted as JSON.")
@click.option("--url", metavar="URL", help="Or an Apprise URL of another service.")
@click.option("--secret", metavar="TEXT", help="Key that signs what is posted to the webhook.")
@_follows("--organisation", "organisations", "Follow this organisation, by slug or name")
@_follows("--dataset", "datasets", "Follow this dataset, by any name")
@_follows("--word", "words", "Follow this word in titles and prose")
@_follows("--kind", "kinds", "Only changes of this kind")
@_follows("--except", "except", "Not this agreement, organisation or dataset")
@click.option("--severity", metavar="S", help="Only changes at least as severe: high, medium, low, info.")
@click.option("--when", metavar="WHEN", help="run, daily or weekly; after each run that has news if not said.")
@click.option("--at", metavar="TIME", help='Time of day, for weekly after a weekday: "mon 08:00".')
@click.option("--timezone", metavar="ZONE", help="Time zone of that time.")
@click.option("--try", "is_tried", is_flag=True, help="Write nothing; send the operator a sample of what it is told.")
@tell_option
@click.pass_obj
def add(context: Context, /, name: str, is_tried: bool, tell: bool, **given: Any) -> None:
    r"""Write a subscription at the end of the settings file, whose other lines stay as they are.

    It is checked first, as at any start: nothing is written that would be refused, or that names what nobody knows.
    What is said is what it would have been told in the last year. It is told what is found from the next run on.

    \b
    Example:
      registerwatch subscriptions add "Our own pages" --email ig@example.org --organisation nhs_example_icb --try
    """
    values = {"name": name} | {key: list(said) if isinstance(said, tuple) else said for key, said in given.items()}
    values = {key: said for key, said in values.items() if said}
    try:
        (subscription,) = read_subscriptions([values])
    except ValueError as error:
        raise SettingsError(str(error)) from error
    written = with_subscription(_text_of(context), values)
    told = told_to(context, subscription) if context.has_history else None
    if is_tried:
        _try(context, subscription, tell)
        return
    file = context.settings.file
    assert file is not None  # its text was read
    write_settings(file, written)
    last_year = f" In the last year it would have been told {plural(len(told['changes']), 'change')}." if told else ""
    say(f"Wrote {name!r} into {file}.{last_year} Try it: registerwatch subscriptions test {name!r}\n")


@subscriptions.command()
@click.argument("name")
@click.pass_obj
def remove(context: Context, name: str) -> None:
    r"""Take a subscription out of the settings file, whose other lines stay as they are.

    What is due to it and was not delivered yet waits for a week, and is given up.

    \b
    Example:
      registerwatch subscriptions remove "Our own pages"
    """
    left = without_subscription(_text_of(context), name)
    file = context.settings.file
    assert file is not None  # its text was read
    write_settings(file, left)
    say(f"Took {name!r} out of {file}.\n")


@subscriptions.command("test")
@click.argument("name")
@tell_option
@click.pass_obj
def test_(context: Context, name: str, tell: bool) -> None:
    r"""Send the operator a sample of what a subscription is told: a digest of the newest changes of the last year.

    Its own reader gets nothing, and nothing counts as told.

    \b
    Example:
      registerwatch subscriptions test "Our own pages"
    """
    known = {one.name: one for one in context.settings.subscriptions}
    if name not in known:
        raise SettingsError(f"no subscription is called {name!r}; there are: {', '.join(known) or 'none'}", page=None)
    _try(context, known[name], tell)


def _try(context: Context, subscription: SubscriptionSettings, tell: bool) -> None:
    if stays_apart(context, tell):
        end_with(WRONG_USAGE)
    number = send_sample(context, subscription, told_to(context, subscription))
    if number:
        say(f"Sent a sample of {plural(number, 'change')} to the operator, {context.settings.mail.operator}.\n")
    else:
        say(f"{subscription.name!r} would have been told nothing in the last year: there is nothing to sample.\n")


def _text_of(context: Context) -> str:
    if context.settings.file is None:
        raise SettingsError("there is no settings file; write one with: registerwatch init", page=None)
    return context.settings.file.read_text(encoding="utf-8")
