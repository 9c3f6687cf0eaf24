"""Can the published pages be followed by e-mail as they are set up? For `doctor`: nothing is made, kept or sent."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from cron.work.context import Context
from diff.saying.english import plural
from scraper.errors import RegisterWatchError
from snapshots.people.keys import Keys
from snapshots.people.people import MOST_LETTERS, open_people


class Fitness(NamedTuple):
    """What works of it, and what does not."""

    works: list[str]
    wrong: list[str]


def examine_following(context: Context) -> Fitness:
    """Return what of [follow] works and what does not."""
    found = Fitness(works=[], wrong=[])
    found.wrong.extend(_missing(context))
    for file in (context.settings.follow.key_file, context.settings.follow.database):
        found.wrong.extend(_shown_to_others(context, file))
    _look_at_files(context, found)
    if context.settings.follow.return_path:
        found.works.append(f"letters come back to {context.settings.follow.return_path}")
    else:
        found.works.append("without return_path nobody knows which letters came back")
    return found


def _missing(context: Context) -> Iterator[str]:
    """Yield what the settings lack: without a sender and `base_url` no page has a form."""
    mail, base, follow = context.settings.mail, context.settings.browse.base_url, context.settings.follow
    if not mail.sender:
        yield "no sender in [mail], so that no page has a form"
    if not base:
        yield "no base_url in [browse], so that no page has a form"
    elif not base.startswith("https:"):
        yield f"base_url is {base}: without https mail programs show no button that stops"
    elif follow.trusted_proxy is None:
        # The program itself speaks no https: somebody stands before it.
        most = plural(MOST_LETTERS["network"], "letter")
        yield f"no trusted_proxy: all readers behind the web server count as one, to whom {most} go in a day"


def _shown_to_others(context: Context, file: Path) -> Iterator[str]:
    """Yield why a file lies in a wrong place."""
    feeds = context.settings.feeds.directory
    if feeds and file.absolute().is_relative_to(feeds.absolute()):
        yield f"{file} lies among the feeds, which a web server shows"


def _look_at_files(context: Context, found: Fitness) -> None:
    """Note whether the keys and the file of those who follow can be used, and by nobody else."""
    file = context.settings.follow.database
    try:
        keys = Keys.read(context.settings.follow.key_file)
        if not file.exists():
            folder = file.absolute().parent
            if not os.access(folder, os.W_OK):
                found.wrong.append(f"{folder} cannot be written by this user, and {file} is not there yet")
            found.works.append(f"{file} is not there yet, the first form makes it")
            return
        if file.stat().st_mode & 0o077:
            found.wrong.append(f"{file}: others can read who follows; say chmod 600 {file}")
        with closing(open_people(file, keys)) as people:
            counts = people.counts(context.clock())
    except RegisterWatchError as error:
        found.wrong.append(str(error))
        return
    found.works.append(f"{file}: {plural(counts['followers'], 'follower')}")
    if not os.access(file, os.W_OK):
        found.wrong.append(f"{file} cannot be written by this user")
