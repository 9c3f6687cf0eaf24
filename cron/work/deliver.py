"""Delivering what is due, once: each message is put down before it is sent, and noted when it was taken.

What is due was written beside the run that it is of (`outbox`); how a message reads is for `messages` to say, how it
goes out for `channels`. Both are loaded when there is something to send: `notify` comes every few minutes, mostly for
nothing.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from cron.following.followers import Followers
from cron.work.context import Context
from diff.change import Change
from diff.saying.english import plural
from notify.channels.channel import Channel, DeliveryError, Message
from notify.message.operator import OPERATOR
from snapshots.keeping.database import noting
from snapshots.keeping.deliveries import Batch

if TYPE_CHECKING:
    from cron.work.channels import Channels
    from cron.work.messages import MessageBuilder

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
    refused: list[tuple[Batch, DeliveryError]] = field(default_factory=list)
    """Messages to followers at whose address nobody is, as the server says; settled when all others were sent."""
    came_back: int = 0
    """How many of these counted as come back."""
    kept_back: dict[str, int] = field(default_factory=dict)
    """Reason → how many messages were not tried for it: the server had failed just before."""
    unknown: list[str] = field(default_factory=list)
    """Subscriptions that the settings do not name."""
    broken_off: str | None = None
    """Why it was not gone on with, once something had been sent."""

    @property
    def messages(self) -> int:
        """How many were due."""
        known = self.sent + self.came_back + len(self.failed) + len(self.given_up)
        return known + sum(self.kept_back.values())

    @property
    def all_well(self) -> bool:
        """Whether everybody was told whose mailbox is still there."""
        return self.sent + self.came_back == self.messages and not self.broken_off

    @property
    def in_words(self) -> str | None:
        """What became of them, if there were any; a note to the operator tells no reader."""
        readers = self.messages - self.notes
        delivered = "delivered" if readers == 1 else "all delivered"
        if self.sent != self.messages:
            delivered = f"{self.sent - self.notes:,} delivered"
        if self.came_back:
            delivered += f", {self.came_back:,} came back"
        told = [f"{plural(readers, 'message')}, {delivered}"] if readers else []
        told += [f"{plural(self.notes, 'note')} to the operator"] if self.notes else []
        return "; ".join(told) or None

    @property
    def complaints(self) -> Iterator[str]:
        """What did not go out and why, a line each."""
        # Of those who follow by e-mail nobody is named: what failed alike is one line.
        for (name, reason), number in Counter(self.failed).items():
            yield f"{_messages(number)} to {name}: {reason}; {'it is' if number == 1 else 'they are'} tried again"
        for (name, reason), number in Counter(self.given_up).items():
            given_up = "it is" if number == 1 else "they are"
            yield f"{_messages(number)} to {name}: {reason}; {given_up} given up after a week"
        for reason, number in self.kept_back.items():
            yield f"{plural(number, 'more message waits', 'more messages wait')}: {reason}"
        for name in self.unknown:
            yield f"something is due for {name!r}, which the settings do not name: it waits for a week"
        if self.broken_off:
            yield self.broken_off


def _messages(number: int) -> str:
    return "message" if number == 1 else f"{number:,} messages"


def deliver(
    context: Context,
    fresh: Sequence[Change] = (),
    note: Callable[[], None] = lambda: None,
    result: Delivered | None = None,
) -> Delivered:
    """Send what is due by now; what fails is tried again later.

    Args:
        context: Settings, the database, the clock.
        fresh: Changes that are at hand, and need not be read.
        note: Notes what the operator has to know; called when readers were told, so that it knows what came of that.
        result: Filled as it goes, for who has to say what was sent before an error.
    """
    result = result or Delivered()
    with ExitStack() as stack:
        channels = cache(lambda: _channels(context, stack))
        _deliver_all(context, fresh, result, channels, to_operator=False)
        _settle_refused(context, result)
        note()
        _deliver_all(context, (), result, channels, to_operator=True)
    return result


def _channels(context: Context, stack: ExitStack) -> "Channels":
    """Open the channels: here and not before, for with them come clients of mail and HTTP."""
    from cron.work.channels import Channels

    return stack.enter_context(Channels(context.settings.mail))


def _deliver_all(
    context: Context,
    fresh: Sequence[Change],
    result: Delivered,
    channels: Callable[[], "Channels"],
    *,
    to_operator: bool,
) -> None:
    """Send what is due to readers, or to the operator."""
    before = dict(result.kept_back)
    for _ in range(MOST_ROUNDS):
        # What was kept back in the round before is due still, and is counted again.
        result.kept_back = dict(before)
        batches = _batches(context, result, to_operator=to_operator)
        # If another process was faster with a part of a message, the rest of it is due still.
        if not batches or not _deliver_round(context, batches, fresh, result, channels()):
            break


def _deliver_round(
    context: Context, batches: Sequence[Batch], fresh: Sequence[Change], result: Delivered, channels: "Channels"
) -> bool:
    """Send *batches*; say whether another process has begun any of them since they were read."""
    from cron.work.messages import MessageBuilder

    followers = Followers(context) if any(one.is_to_follower for one in batches) else None
    settings = {one.name: one for one in context.settings.subscriptions}
    builder = MessageBuilder(context, batches, fresh, followers)
    overtaken = False
    for batch in batches:
        channel = None if batch.is_to_follower else channels.of(settings.get(batch.subscription))
        if reason := channels.down if channel is None else channel.down:
            # What is not tried keeps its turn: its wait is no longer for it.
            result.kept_back[reason] = result.kept_back.get(reason, 0) + 1
        elif channel is not None:
            overtaken |= not _send(context, batch, builder.compose(batch), channel, result)
        elif followers is not None:
            overtaken |= not _send_to_follower(context, batch, builder, followers, channels, result)
    return overtaken


def _send_to_follower(
    context: Context,
    batch: Batch,
    builder: "MessageBuilder",
    followers: Followers,
    channels: "Channels",
    result: Delivered,
) -> bool:
    """Send a message to somebody who follows by e-mail, if that is so still; see `_send`."""
    # Asked of their own file at this moment: who stopped while others were told is told nothing.
    still = followers.still_due(batch)
    if gone := [part.row for part in batch.parts if part not in still.parts]:
        context.store().deliveries.forget(gone)
    address = followers.address_of(still) if still.parts else None
    if address is None:
        # From whom letters came back is told nothing later either.
        context.store().deliveries.forget(part.row for part in still.parts)
        return True
    message = builder.compose(still)
    name = batch.subscription
    channel = channels.letters_to_follower(
        address,
        one_click=followers.stop_link(name),
        return_path=followers.return_path(name, message.id) if message else None,
    )
    sent = result.sent
    was_ours = _send(context, still, message, channel, result)
    if result.sent > sent:
        followers.sent(name, context.clock())
    return was_ours


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
    to = "a follower" if batch.is_to_follower else message.to
    try:
        channel.send(message, clock())
    except DeliveryError as error:
        if batch.is_to_follower and error.no_mailbox:
            result.refused.append((begun, error))
        else:
            _note_failed(context, begun, to, error, result)
        return True
    result.sent += 1
    result.notes += batch.subscription == OPERATOR
    with noting(f"message to {to}: taken", "it is sent again under the same Message-ID"):
        deliveries.delivered(begun, clock())
    _log.info("message to %s: taken", to)
    return True


def _note_failed(context: Context, begun: Batch, to: str, error: DeliveryError, result: Delivered) -> None:
    given_up = context.store().deliveries.failed(begun, context.clock(), error.reason, wait_s=error.wait_s)
    (result.given_up if given_up else result.failed).append((to, error.reason))
    _log.info("message to %s: %s", to, error.reason)


def _settle_refused(context: Context, result: Delivered) -> None:
    """Take messages for come back whose readers' mailboxes are gone; a server that took nothing else refuses us."""
    for begun, error in result.refused:
        if not result.sent:
            _note_failed(context, begun, "a follower", error, result)
            continue
        # In this order: who is killed in between tries again, and it counts once.
        Followers(context).came_back(begun.subscription, begun.message or "", context.clock())
        context.store().deliveries.forget(part.row for part in begun.parts)
        result.came_back += 1
    result.refused.clear()


def compose_due(context: Context, note: Callable[[], None] = lambda: None) -> Iterator[Message]:
    """Yield what `deliver` would send, and note that it was sent: to be called where nothing of it is kept."""
    for to_operator in (False, True):
        if to_operator:
            note()
        # To those who follow by e-mail what is due is counted elsewhere, and shown to nobody.
        batches = [one for one in _batches(context, Delivered(), to_operator=to_operator) if not one.is_to_follower]
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
    may_be_followed = context.may_be_followed
    if may_be_followed and not to_operator:
        deliveries.forget_followers(Followers(context).names())
    batches = list(deliveries.messages_to_send(now))
    result.unknown = sorted({one.subscription for one in batches if not one.is_to_follower} - names)
    known = [one for one in batches if one.subscription in names or (one.is_to_follower and may_be_followed)]
    asked = [one for one in known if (one.subscription == OPERATOR) is to_operator]
    return sorted(asked, key=lambda one: one.attempts)
