"""What every way out has in common: a channel takes a message, or says why not."""

import os
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from scraper.errors import RegisterWatchError


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one subscription is told at one time, in every form that a channel may want."""

    id: str
    """The same for the same news, so that a second copy is known as one."""
    to: str
    """Name of the subscription."""
    subject: str
    text: str
    html: str
    """Nothing where there is text alone."""
    news: Mapping[str, Any]
    """The same as data, where a program reads it: a webhook's."""


class Channel(Protocol):
    """One way to one reader. How many of them share a connection is theirs to know."""

    @property
    def down(self) -> str | None:
        """Why nothing more goes out this way in this round; None while something may."""

    def send(self, message: Message, now: datetime) -> None:
        """Hand *message* over: when this returns it was taken.

        Raises:
            DeliveryError: It was not taken, or it is not known whether it was.
        """

    def preview(self, message: Message) -> tuple[list[str], str]:
        """Return what would go out: lines that say where to and how it is headed, without secrets, and the body."""


class DeliveryError(RegisterWatchError):
    """A message that was not taken. The reason names no address and repeats no word of whoever refused it."""

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        server: bool = False,
        lasting: bool = False,
        no_mailbox: bool = False,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status  # of the server's answer; None if there was none
        self.server = server  # the trouble is not this message's or its reader's, but the server's
        self.lasting = lasting  # asking again in this round is of no use
        self.no_mailbox = no_mailbox  # there is nobody at this address, and will be nobody
        self.wait_s = wait_s  # how long the receiver asked to be left alone


def in_system_words(error: OSError) -> str:
    """Return what the system says of *error*, without the names that go with it."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (os.strerror(error.errno) if error.errno else "unknown trouble").lower()


BASE64_SECRET = "whsec_"
"""What a secret begins with whose key is not its text, as Standard Webhooks writes one."""


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret: of one that begins with `whsec_` what its base64 says, else those of its text.

    Raises:
        ValueError: What stands behind `whsec_` is no base64.
    """
    if not secret.startswith(BASE64_SECRET):
        return secret.encode()
    return b64decode(secret.removeprefix(BASE64_SECRET), validate=True)
