"""Letters that came back: read from where the mail server puts them, and counted for whoever they went to."""

import mailbox
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cron.work.context import Context
from notify.channels.returned import LARGEST, read_returned
from scraper.errors import RegisterWatchError, SettingsError
from snapshots.people.keys import tokens_in


class MailboxError(RegisterWatchError):
    """There is no mailbox where one is named."""


def take_returned(context: Context, path: Path | None, piped: BinaryIO) -> Counter[str]:
    """Take what came back; return how many letters of which sort.

    Args:
        context: Settings, the people's file, the clock.
        path: A Maildir or an mbox; None for one letter that is piped.
        piped: Where that comes from.

    Raises:
        MailboxError: It is no mailbox.
        SettingsError: The settings name no return path.
    """
    if context.settings.follow.return_path is None:
        raise SettingsError(
            "no letter says who it went to: set return_path in [follow] of registerwatch.toml", page=None
        )
    counts: Counter[str] = Counter()
    letters = _of_pipe(piped) if path is None else _of_mailbox(path)
    for raw in letters:
        counts[_take(context, raw)] += 1
    return counts


def _take(context: Context, raw: bytes) -> str:
    """Take one letter; return what it was, `other` for what says nothing of a letter of ours."""
    before, _, behind = str(context.settings.follow.return_path).partition("{token}")
    people, now = context.people(), context.clock()
    sort = read_returned(raw)
    if sort is None:
        return "other"
    text = raw[:LARGEST].decode("latin-1")
    known = (people.keys.returned(token) for token in tokens_in(text, before, behind))
    for found in known:
        if found is None:
            continue
        person, message = found
        if sort == "stop":
            people.stop(person, None, now)
        elif not people.note_returned(person, message, sort, now):
            return "known"
        return sort
    return "other"


def _of_pipe(piped: BinaryIO) -> Iterator[bytes]:
    if raw := piped.read(LARGEST):
        yield raw


def _start_of(file: Path) -> bytes:
    with file.open("rb") as letter:
        return letter.read(LARGEST)


def _of_mailbox(path: Path) -> Iterator[bytes]:
    """Yield the letters of a Maildir that are new, each put among those that were read after it was; all of an mbox."""
    if (path / "new").is_dir() and (path / "cur").is_dir():
        for file in sorted((path / "new").iterdir()):
            if file.name.startswith("."):
                continue
            # Another that reads this mailbox now may be faster; what both take counts once.
            with suppress(FileNotFoundError):
                yield _start_of(file)
                # After it was taken: who is killed in between takes it again, and it counts once.
                file.rename(path / "cur" / f"{file.name}:2,S")
        return
    if not path.is_file():
        raise MailboxError(f"{path}: is no Maildir and no mbox")
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            yield box.get_bytes(key)[:LARGEST]
    finally:
        box.close()
