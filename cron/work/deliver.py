"""Delivering what is due, once: each message is put down before it is sent, and noted when it was taken.

What is due was written beside the run that it is of (`due`); how a message reads is the desk's to say, how it goes out
the channels'. Both are loaded when there is something to send: `notify` comes every few minutes, mostly for nothing.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from cron.session import Session
from notify.channels.channel import Channel, DeliveryError, Message
from notify.message.operator import OPERATOR
from snapshots.keeping.deliveries import Bundle

if TYPE_CHECKING:
    from cron.work.messages import Desk

_log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

MOST_ROUNDS = 3
"""How often what is due is read anew because another process was faster."""


@dataclass(slots=True, kw_only=True)
class Delivered:
    """What became of the messages that were due."""

    sent: int = 0
    notes: int = 0
    """How many of these were notes to the operator."""
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Subscription and reason: they are tried again."""
    given_up: list[tuple[str, str]] = field(default_factory=list)
    kept_back: dict[str, int] = field(default_factory=dict)
    """Reason → how many messages were not tried for it: the server had failed just before."""
    unknown: list[str] = field(default_factory=list)
    """Subscriptions that the settings do not name."""

    @property
    def messages(self) -> int:
        """How many were due."""
        return self.sent + len(self.failed) + len(self.given_up) + sum(self.kept_back.values())

    @property
    def all_well(self) -> bool:
        """Whether everybody was told."""
        return self.sent == self.messages


def deliver(session: Session, clock: Clock) -> Delivered:
    """Send what is due by now; what fails is noted, and tried again later."""
    result = Delivered()
    for _ in range(MOST_ROUNDS):
        # If another process was faster with a part of a message, the rest of it is due still.
        if not _deliver_round(session, clock, result):
            break
    return result


def _deliver_round(session: Session, clock: Clock, result: Delivered) -> bool:
    """Send what is due by now; say whether another process has begun any of it since it was read."""
    result.kept_back.clear()
    bundles = _bundles(session, clock(), result)
    if not bundles:
        return False
    from cron.work.channels import Channels
    from cron.work.messages import Desk

    settings = {one.name: one for one in session.settings.subscriptions}
    desk = Desk(session, bundles, clock())
    overtaken = False
    with Channels(session.settings.mail) as channels:
        for bundle in bundles:
            channel = channels.of(settings.get(bundle.subscription))
            if reason := channel.down:
                # What is not tried keeps its turn: its wait is no longer for it.
                result.kept_back[reason] = result.kept_back.get(reason, 0) + 1
            elif not _deliver(session, bundle, desk, channel, clock, result):
                overtaken = True
    return overtaken


def _deliver(session: Session, bundle: Bundle, desk: "Desk", channel: Channel, clock: Clock, result: Delivered) -> bool:
    """Send a message, if there is anything left to tell; say whether it was still this process's to send."""
    deliveries = session.store().deliveries
    message = desk.compose(bundle)
    if message is None:
        deliveries.let_go(bundle, clock())
        return True
    begun = deliveries.begin(bundle, message.id, clock())
    if begun is None:
        return False
    try:
        channel.send(message, clock())
    except DeliveryError as error:
        given_up = deliveries.failed(begun, clock(), error.reason, wait_s=error.wait_s)
        (result.given_up if given_up else result.failed).append((message.to, error.reason))
        _log.info("message to %s: %s", message.to, error.reason)
        return True
    deliveries.delivered(begun, clock())
    result.sent += 1
    result.notes += bundle.subscription == OPERATOR
    _log.info("message to %s: taken", message.to)
    return True


def compose_due(session: Session, now: datetime) -> Iterator[Message]:
    """Yield what `deliver` would send."""
    bundles = _bundles(session, now, Delivered())
    if bundles:
        from cron.work.messages import Desk

        desk = Desk(session, bundles, now)
        yield from filter(None, map(desk.compose, bundles))


def _bundles(session: Session, now: datetime, result: Delivered) -> list[Bundle]:
    """Return what is to be sent, what was never tried first: a server's patience is not used up by what it refuses."""
    deliveries = session.store().deliveries
    names = {one.name for one in session.settings.subscriptions}
    names |= {OPERATOR} if session.settings.mail.operator else set()
    deliveries.give_up_orphans(names, now)
    bundles = list(deliveries.messages_to_send(now))
    result.unknown = sorted({bundle.subscription for bundle in bundles} - names)
    return sorted((one for one in bundles if one.subscription in names), key=lambda one: one.attempts)
