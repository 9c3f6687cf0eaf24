"""Letters as .eml files in a folder, for a machine without a mail server and for whoever wants to see them first."""

import os
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Self

from notify.channels.channel import DeliveryError
from notify.channels.mail import list_slug, short_hash
from notify.channels.smtp import in_system_words
from scraper.files import whole_file


class Outbox:
    """Writes each message as a file of *folder*; one that comes again replaces its own file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        self._down: str | None = None

    @property
    def down(self) -> str | None:
        """Why it takes nothing more: what a folder refuses for one message, it refuses for all."""
        return self._down

    def __enter__(self) -> Self:
        with suppress(OSError):  # if it cannot be read, writing into it tells why
            names = [path.name for path in self._folder.glob("[!.]*.eml")]
            self._names = {name.removesuffix(".eml").rpartition("-")[2]: name for name in names}
        return self

    def __exit__(self, *_: object) -> None:
        self._names.clear()

    def send(self, message: EmailMessage) -> None:
        """Write *message*: under its name is a whole file or none, which only its owner may read.

        Raises:
            DeliveryError: The folder cannot be made or written.
        """
        short = short_hash(message["Message-ID"], 12)
        label = list_slug(message["List-Id"].rpartition("<")[2].partition(".")[0])
        # A message that is sent again on another day keeps the name of its first.
        name = self._names.setdefault(short, f"{message['Date'].datetime:%Y-%m-%d}-{label}-{short}.eml")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with whole_file(self._folder / name, mode=0o600) as file:
                file.write(message.as_bytes())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._down = f"the folder for messages cannot be written ({in_system_words(error)})"
            raise DeliveryError(self._down, server=True) from None
