"""The ways out: mail, webhooks, other services. Here addresses and passwords meet the messages, and nowhere else."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Self

from cron.settings.sections import MailSettings, SubscriptionSettings
from cron.work.messages import Outgoing
from notify.channels.delivery import DeliveryError
from notify.channels.post import Letter, MailServer, Outbox, Post, SmtpPost, compose
from notify.channels.push import Webhook, notify_service, payload, post


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a message was not taken."""

    reason: str
    wait_s: float | None = None
    """How long the receiver asked to be left alone."""


class Channels:
    """All ways out, for one round; each is opened when it is first needed."""

    def __init__(self, mail: MailSettings) -> None:
        self._mail = mail
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def closed(self, settings: SubscriptionSettings | None) -> str | None:
        """Return why nothing more goes out this way in this round; None if something may."""
        return self._post.down if settings is None or settings.email else None

    def send(self, outgoing: Outgoing, now: datetime) -> Trouble | None:
        """Send a message; return why it was not taken, if it was not."""
        settings, digest = outgoing.settings, outgoing.digest
        try:
            if settings is None or settings.email:
                self._post.send(compose(self._letter(outgoing, now), self._mail.sender))
            elif settings.webhook:
                webhook = settings.as_value(Webhook, url=settings.webhook)
                body = payload(outgoing.message, outgoing.to, outgoing.news)
                post(webhook, outgoing.message, body, now=now.timestamp())
            elif settings.url:
                notify_service(settings.url.get_secret_value(), digest.subject, digest.text)
        except DeliveryError as error:
            return Trouble(error.reason, error.wait_s)
        return None

    def _letter(self, outgoing: Outgoing, now: datetime) -> Letter:
        settings, digest = outgoing.settings, outgoing.digest
        return Letter(
            to=(settings.email if settings else self._mail.operator) or "",
            subject=digest.subject,
            text=digest.text,
            html=digest.html or None,
            list_name=outgoing.to,
            message_id=outgoing.message,
            date=now,
            stop=self._mail.sender if settings else None,
        )

    @cached_property
    def _post(self) -> Post:
        return self._stack.enter_context(_post_of(self._mail))


def _post_of(mail: MailSettings) -> Post:
    """Return what takes mail by these settings: a server, or a folder."""
    if mail.host is None:
        return Outbox(mail.folder)
    return SmtpPost(mail.as_value(MailServer))
