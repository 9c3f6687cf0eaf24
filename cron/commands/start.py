"""The commands to begin with: a settings file to fill in, a demo that needs none, and whether everything works."""

from dataclasses import asdict
from pathlib import Path

import click

from cron.commands.options import NEEDS_A_PERSON, PATH, end_with, format_option
from cron.settings.load import settings_template
from cron.settings.sections import FollowSettings
from cron.terminal.output import say, screen, show_progress, write
from cron.terminal.status import render_checks
from cron.work.context import Context
from scraper.errors import RegisterWatchError


@click.command()
@click.argument("directory", type=PATH, default=".")
def init(directory: Path) -> None:
    r"""Write a commented registerwatch.toml, which its owner alone can read: passwords may come to stand in it.

    Beside it a key is made, people.key, for those who may come to follow the published pages by e-mail.

    \b
    Example:
      registerwatch init
    """
    path = directory / "registerwatch.toml"
    try:
        # Made before anything is in it: between writing and closing it to others somebody could read it.
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise RegisterWatchError(f"{path}: is there already; it is left as it is") from error
    path.write_text(settings_template(), encoding="utf-8")
    key = directory / FollowSettings().key_file
    if not key.exists():
        from snapshots.people.keys import add_key  # what signs takes longer to load than all settings

        add_key(key)
    say(
        f"Wrote {path}. Next: set contact in it and say registerwatch run, or: "
        "registerwatch import FOLDER --fetched-at DATE --complete\n"
    )


@click.command()
@click.argument("directory", type=PATH, required=False)
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

    run_demo(directory or Path("demo"), **screen(), say=click.echo)


@click.command()
@format_option("table", "json", "ndjson")
@click.pass_obj
def doctor(context: Context, format_: str) -> None:
    r"""Say whether everything works that a night needs, and how much of three pages of the site is understood.

    Settings, database, the login at the mail server and its certificate, the site's certificate, its robots.txt and
    index, and three pages: how many of their words went into fields, into the remainder and into the site's frame.
    Nothing is kept or sent, and the site is asked as politely as by a run. Exit status 3 if something does not work.

    \b
    Example:
      registerwatch doctor
    """
    from cron.work.doctor import MOST_CHECKS, examine

    rows = [asdict(check) for check in show_progress(examine(context), MOST_CHECKS, "asking")]
    write(rows, format_, lambda: render_checks(rows, **screen()))
    if not all(row["good"] for row in rows):
        end_with(NEEDS_A_PERSON)
