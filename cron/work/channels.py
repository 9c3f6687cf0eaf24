"""The ways out, as the settings name them. Here addresses and passwords meet the messages, and nowhere else."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Self

from cron.settings.sections import MailSettings, SubscriptionSettings
from notify.channels.channel import Channel
from notify.channels.mail import Mail, Outbox, Post
from notify.channels.service import Service
from notify.channels.smtp import MailServer, SmtpPost
from notify.channels.webhook import Webhook


class Channels:
    """All ways out, for one round; what several of them share is opened when it is first needed."""

    def __init__(self, mail: MailSettings) -> None:
        self._mail = mail
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def of(self, subscription: SubscriptionSettings | None) -> Channel:
        """Return the way to a subscription, or to the operator if there is none."""
        if subscription is None:
            return self.letters_to(self._mail.operator or "", stop=None)
        return CHANNELS[subscription.way](self, subscription)

    def letters_to(self, address: str, *, stop: str | None) -> Mail:
        """Return the way by mail to *address*."""
        return Mail(post=self._post, sender=self._mail.sender, to=address, stop=stop)

    def letters_of(self, subscription: SubscriptionSettings) -> Mail:
        """Return the way to a subscription that is told by mail."""
        return self.letters_to(subscription.email or "", stop=self._mail.sender)

    def letters_to_follower(
        self, address: str, *, one_click: str | None = None, return_path: str | None = None
    ) -> Mail:
        """Return the way to somebody who follows by e-mail: the list is called alike for all, and names nobody."""
        return Mail(
            post=self._post,
            sender=self._mail.sender,
            to=address,
            # Where letters come back to, who wants no more is known: registerwatch bounces reads it.
            stop=(return_path or self._mail.sender) if one_click else None,
            one_click=one_click,
            list_name="Follow by e-mail",
            return_path=return_path,
        )

    @property
    def down(self) -> str | None:
        """Why no letter goes out any more; None while one may."""
        return self._post.down

    @cached_property
    def _post(self) -> Post:
        """What takes letters by these settings: a server, or a folder."""
        to_server = self._mail.host is not None
        post: Post = SmtpPost(self._mail.as_value(MailServer)) if to_server else Outbox(self._mail.folder)
        return self._stack.enter_context(post)


CHANNELS: dict[str, Callable[[Channels, SubscriptionSettings], Channel]] = {
    "email": Channels.letters_of,
    "webhook": lambda _, subscription: subscription.as_value(Webhook, url=subscription.webhook),
    "url": lambda _, subscription: Service(subscription.url.get_secret_value() if subscription.url else ""),
}
"""Each of `WAYS` → the channel that goes there. Not in the settings themselves: those load no HTTP and no mail."""
