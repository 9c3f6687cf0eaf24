"""Delivering what is due, once: each message is put down before it is sent, and noted when it was taken.

What is due was written beside the run that it is of (`outbox`); how a message reads is for `messages` to say, how it
goes out for `channels`. Both are loaded when there is something to send: `notify` comes every few minutes, mostly for
nothing.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache

from cron.settings.sections import SubscriptionSettings
from cron.work.context import Context
from diff.change import Change
from diff.saying.english import plural
from notify.channels.channel import Channel, DeliveryError, Message
from notify.message.operator import OPERATOR
from snapshots.keeping.deliveries import Batch

Way = Callable[[SubscriptionSettings | None], Channel]
"""A subscription, or None for the operator → the channel to it."""

_log = logging.getLogger(__name__)

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

    @property
    def in_words(self) -> str | None:
        """What became of them, if there were any; a note to the operator tells no reader."""
        readers = self.messages - self.notes
        delivered = "delivered" if readers == 1 else "all delivered"
        if not self.all_well:
            delivered = f"{self.sent - self.notes:,} delivered"
        told = [f"{plural(readers, 'message')}, {delivered}"] if readers else []
        told += [f"{plural(self.notes, 'note')} to the operator"] if self.notes else []
        return "; ".join(told) or None

    @property
    def complaints(self) -> Iterator[str]:
        """What did not go out and why, a line each."""
        for name, reason in self.failed:
            yield f"message to {name}: {reason}; it is tried again"
        for name, reason in self.given_up:
            yield f"message to {name}: {reason}; it is given up after a week"
        for reason, number in self.kept_back.items():
            yield f"{plural(number, 'more message waits', 'more messages wait')}: {reason}"
        for name in self.unknown:
            yield f"something is due for {name!r}, which the settings do not name: it waits for a week"


def deliver(context: Context, fresh: Sequence[Change] = (), note: Callable[[], None] = lambda: None) -> Delivered:
    """Send what is due by now; what fails is tried again later.

    Args:
        context: Settings, the database, the clock.
        fresh: Changes that are at hand, and need not be read.
        note: Notes what the operator has to know; called when readers were told, so that it knows what came of that.
    """
    result = Delivered()
    with ExitStack() as stack:
        way = cache(lambda: _way(context, stack))
        _deliver_all(context, fresh, result, way, to_operator=False)
        note()
        _deliver_all(context, (), result, way, to_operator=True)
    return result


def _way(context: Context, stack: ExitStack) -> Way:
    """Open the channels: here and not before, for with them come clients of mail and HTTP."""
    from cron.work.channels import Channels

    return stack.enter_context(Channels(context.settings.mail)).of


def _deliver_all(
    context: Context, fresh: Sequence[Change], result: Delivered, way: Callable[[], Way], *, to_operator: bool
) -> None:
    """Send what is due to readers, or to the operator."""
    before = dict(result.kept_back)
    for _ in range(MOST_ROUNDS):
        # What was kept back in the round before is due still, and is counted again.
        result.kept_back = dict(before)
        batches = _batches(context, result, to_operator=to_operator)
        # If another process was faster with a part of a message, the rest of it is due still.
        if not batches or not _deliver_round(context, batches, fresh, result, way()):
            break


def _deliver_round(
    context: Context, batches: Sequence[Batch], fresh: Sequence[Change], result: Delivered, way: Way
) -> bool:
    """Send *batches*; say whether another process has begun any of them since they were read."""
    from cron.work.messages import MessageBuilder

    settings = {one.name: one for one in context.settings.subscriptions}
    builder = MessageBuilder(context, batches, fresh)
    overtaken = False
    for batch in batches:
        channel = way(settings.get(batch.subscription))
        if reason := channel.down:
            # What is not tried keeps its turn: its wait is no longer for it.
            result.kept_back[reason] = result.kept_back.get(reason, 0) + 1
        elif not _send(context, batch, builder.compose(batch), channel, result):
            overtaken = True
    return overtaken


def _send(context: Context, batch: Batch, message: Message | None, channel: Channel, result: Delivered) -> bool:
    """Send a message, if there is anything left to tell; say whether it was still this process's to send."""
    deliveries, clock = context.store().deliveries, context.clock
    if message is None:
        deliveries.let_go(batch, clock())
        return True
    # Put down before it is sent: a process that is killed now leaves a message that is sent again under the same id.
    begun = deliveries.begin(batch, message.id, clock())
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
    result.notes += batch.subscription == OPERATOR
    _log.info("message to %s: taken", message.to)
    return True


def compose_due(context: Context, note: Callable[[], None] = lambda: None) -> Iterator[Message]:
    """Yield what `deliver` would send, and note that it was sent: to be called where nothing of it is kept."""
    for to_operator in (False, True):
        if to_operator:
            note()
        batches = _batches(context, Delivered(), to_operator=to_operator)
        if not batches:
            continue
        from cron.work.messages import MessageBuilder

        deliveries, now = context.store().deliveries, context.clock()
        builder = MessageBuilder(context, batches)
        for batch in batches:
            message = builder.compose(batch)
            if message is not None:
                yield message
                # What the operator's note counts is counted as it will be.
                deliveries.delivered(deliveries.begin(batch, message.id, now) or batch, now)


def _batches(context: Context, result: Delivered, *, to_operator: bool) -> list[Batch]:
    """Return what is to be sent, what was never tried first: a server's patience is not used up by what it refuses."""
    deliveries, now = context.store().deliveries, context.clock()
    names = {one.name for one in context.settings.subscriptions}
    # Notes to the operator are kept as deliveries of a name that no subscription may have.
    names |= {OPERATOR} if context.settings.mail.operator else set()
    deliveries.give_up_orphans(names, now)
    deliveries.drop_needless_corrections()
    batches = list(deliveries.messages_to_send(now))
    result.unknown = sorted({batch.subscription for batch in batches} - names)
    asked = [one for one in batches if one.subscription in names and (one.subscription == OPERATOR) is to_operator]
    return sorted(asked, key=lambda one: one.attempts)
