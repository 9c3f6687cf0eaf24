"""Letters that ask whether somebody wants to be told: sent at once by who serves the pages, else by `notify`."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from cron.following.followers import link_to, return_path
from cron.work.context import Context
from snapshots.keeping.deliveries import FOLLOWER

if TYPE_CHECKING:
    from snapshots.people.people import AskingLetter

_log = logging.getLogger(__name__)

FIRST_WAIT = timedelta(minutes=5)
GIVEN_UP_AFTER = 8
"""Attempts at one letter: about a day."""

PAUSE_S = 0.5
"""Seconds after a form in which others may come, before its letter goes out."""

MOST_PAUSES = 10
"""So many pauses at most."""

AGAIN_S = 300.0
"""Seconds after which letters are tried again and what is kept no longer is erased, if nobody asks for anything."""


class LettersSent(NamedTuple):
    """What became of the letters that ask for a confirmation."""

    sent: int
    reasons: Sequence[str]
    """Why others were not taken; they are tried again."""


def ask_for_consent(context: Context) -> LettersSent:
    """Send the letters that ask for a confirmation, erase what is kept no longer; what fails is tried again later."""
    people, now = context.people(), context.clock()
    people.sweep(now, context.settings.follow.keep_days)
    letters = people.letters_due(now)
    if not letters:
        return LettersSent(0, ())
    from cron.work.channels import Channels
    from notify.channels.channel import DeliveryError

    sent, reasons = 0, []
    with Channels(context.settings.mail) as channels:
        for letter in letters:
            now = context.clock()
            # Put down before it is sent: who is killed in between sends it again, under the same Message-ID.
            if not people.begin_letter(letter, now + FIRST_WAIT * 2 ** min(letter.attempts, 7)):
                continue
            try:
                message, channel = _asking(context, letter, channels)
                channel.send(message, now)
            except DeliveryError as error:
                reasons.append(error.reason)
                if letter.attempts + 1 >= GIVEN_UP_AFTER:
                    people.end_letter(letter, given_up=True)
                continue
            people.end_letter(letter)
            sent += 1
    _log.info("letters that ask for a confirmation: %d taken, %d not", sent, len(reasons))
    return LettersSent(sent, reasons)


def _asking(context: Context, letter: "AskingLetter", channels: Any) -> tuple[Any, Any]:
    from notify.channels.channel import Message
    from notify.channels.mail import domain_of, message_id
    from notify.message.consent import ask

    domain = domain_of(context.settings.mail.sender)
    id_ = message_id(f"{FOLLOWER}{letter.person}", [letter.asked], domain)
    said = ask(
        said=letter.said,
        frequency=letter.frequency,
        confirm=link_to(context, "confirm", letter.asked),
        site=context.settings.browse.base_url or "",
        register=context.settings.register.name,
    )
    message = Message(id=id_, to="follow", subject=said.subject, text=said.text, html=said.html, news={})
    return message, channels.letters_to_follower(letter.address, return_path=return_path(context, letter.person, id_))


class Postman:
    """Sends these letters from a thread of its own, for as long as this process serves the pages."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="postman", daemon=True)

    def __enter__(self) -> Callable[[], None]:
        """Begin; return what is to be called when there is something to send."""
        self._thread.start()
        return self._wanted.set

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._wanted.set()
        self._thread.join(PAUSE_S)

    def _work(self) -> None:
        while not self._ended.is_set():
            self._wanted.wait(AGAIN_S)
            self._wait_for_quiet()
            if not self._ended.is_set():
                self._send()

    def _wait_for_quiet(self) -> None:
        """Wait until no form has come for a moment, but not for long: letters and answers share one interpreter."""
        for _ in range(MOST_PAUSES):
            self._wanted.clear()
            self._ended.wait(PAUSE_S)
            if not self._wanted.is_set():
                return
        self._wanted.clear()

    def _send(self) -> None:
        try:
            with closing(self._context.another()) as context:
                ask_for_consent(context)
        except Exception as error:  # the pages are served whatever becomes of a letter; notify tries again
            _log.warning("letters that ask for a confirmation: %s", type(error).__name__)
