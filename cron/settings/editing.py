"""Subscriptions written into the settings file, and taken out of it: everything else stays as it stands, to the letter.

A block is added as text at the end and taken out line by line; a result that does not read as meant is not written.
"""

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cron.settings.load import SUBSCRIPTIONS, in_toml, read_subscriptions
from cron.settings.sections import SubscriptionSettings
from scraper.errors import SettingsError, explained
from scraper.files import whole_file

_HEADER = f"[[{SUBSCRIPTIONS}]]"


def with_subscription(text: str, values: Mapping[str, Any]) -> str:
    """Return the *text* of a settings file with a subscription of these *values*, by their keys, at its end.

    Raises:
        SettingsError: It would be refused there.
    """
    lines = [_HEADER, *(f"{key} = {in_toml(values[key])}" for key in SubscriptionSettings.rows() if key in values)]
    written = f"{text.rstrip()}\n\n" if text.strip() else ""
    written += "\n".join(lines) + "\n"
    try:
        read_subscriptions(tomllib.loads(written).get(SUBSCRIPTIONS))
    except (ValueError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(str(error)) from error
    return written


def without_subscription(text: str, name: str) -> str:
    """Return the *text* of a settings file without the subscription of this *name*; comments around it stay.

    Raises:
        SettingsError: There is none, or it is written in a way that is not safe to take out.
    """
    before = tomllib.loads(text)
    tables = before.get(SUBSCRIPTIONS, [])
    numbers = [number for number, table in enumerate(tables) if table.get("name") == name]
    if not numbers:
        known = ", ".join(str(table.get("name")) for table in tables) or "none"
        raise SettingsError(f"no subscription is called {name!r}; there are: {known}", page=None)
    lines = text.splitlines(keepends=True)
    headers = [number for number, line in enumerate(lines) if line.lstrip().startswith(_HEADER)]
    if len(headers) == len(tables):
        start = headers[numbers[0]]
        ends = (number for number in range(start + 1, len(lines)) if lines[number].lstrip().startswith("["))
        left = "".join(lines[:start] + lines[_back(lines, next(ends, len(lines))) :])
        wanted = {**before, SUBSCRIPTIONS: [table for table in tables if table.get("name") != name]}
        with suppress(tomllib.TOMLDecodeError):
            if {SUBSCRIPTIONS: [], **tomllib.loads(left)} == wanted:
                return left
    raise SettingsError(f"the subscription {name!r} is written in a form that is left to you: take it out by hand")


def _back(lines: list[str], end: int) -> int:
    """Return where the comments above the next section begin: they are its own, or what a template holds ready."""
    while lines[end - 1].strip() == "" or lines[end - 1].lstrip().startswith("#"):
        end -= 1
    return end


def write_settings(path: Path, text: str) -> None:
    """Write the settings file, whole, for those who could read it before.

    Raises:
        SettingsError: It cannot be written.
    """
    path = path.resolve()
    try:
        was = path.stat()
        with whole_file(path, mode=was.st_mode & 0o777) as file:
            # Whoever the runs are must read it still, also if somebody else wrote it.
            os.fchown(file.fileno(), was.st_uid, was.st_gid)
            os.fchmod(file.fileno(), was.st_mode & 0o777)
            file.write(text.encode())
    except OSError as error:
        raise SettingsError(explained(error), page=None) from error
