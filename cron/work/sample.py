"""A sample of what a subscription is told: to whoever looks after the machine, before or after it goes live."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from cron.settings.sections import SubscriptionSettings
from cron.work.context import Context
from cron.work.outbox import problems_of, told_last_year
from notify.channels.mail import domain_of, message_id
from scraper.errors import SettingsError
from scraper.times import as_text
from snapshots.asking.changes import ChangeFilter
from snapshots.keeping.deliveries import Batch, BatchRow

MOST_TOLD = 10
"""Changes of a sample: the newest ones that would have been told."""


def told_to(context: Context, subscription: SubscriptionSettings) -> Mapping[str, Any]:
    """Return what *subscription*, of the settings or not, would have been told in the last year.

    Raises:
        SettingsError: It names what nobody knows.
    """
    with closing(_with_alone(context, subscription)) as alone:
        if problems := problems_of(alone):
            raise SettingsError("; ".join(map(str, problems)), page="docs/operations.md")
        (row,) = told_last_year(alone)
        return row


def send_sample(context: Context, subscription: SubscriptionSettings, told: Mapping[str, Any]) -> int:
    """Send the operator a digest of the newest changes that *subscription* would have been *told*; return how many.

    Raises:
        SettingsError: The settings name no operator.
        DeliveryError: It was not taken.
    """
    from cron.work.channels import Channels
    from cron.work.messages import MessageBuilder

    if context.settings.mail.operator is None:
        raise SettingsError("a sample goes to the operator: set operator in [mail] of registerwatch.toml", page=None)
    with closing(_with_alone(context, subscription)) as alone, Channels(alone.settings.mail) as channels:
        changes = alone.answers.changes.find(ChangeFilter(ids=[one["id"] for one in told["changes"][:MOST_TOLD]]))
        parts = tuple(BatchRow(row=0, item=change.id, note=None, run=change.run) for change in changes)
        batch = Batch(subscription=subscription.name, message=None, parts=parts)
        message = MessageBuilder(alone, [batch], changes).compose(batch) if parts else None
        if message is None:
            return 0
        # Another id than the message's own: a mail program would take that for a copy of the sample.
        now = context.clock()
        own = message_id(f"sample {subscription.name}", [as_text(now)], domain_of(alone.settings.mail.sender))
        channels.of(None).send(replace(message, id=own, subject=f"Sample: {message.subject}"), now)
        return len(changes)


def _with_alone(context: Context, subscription: SubscriptionSettings) -> Context:
    settings = replace(context.settings, subscriptions=(subscription,))
    return Context(lambda: settings, context.clock)
