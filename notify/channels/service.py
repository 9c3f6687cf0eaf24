"""Any other service: a text through Apprise, which chooses its own way, so that no check of ours stands before it."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from notify.channels.channel import DeliveryError, Message


@dataclass(frozen=True, slots=True)
class Service:
    """The channel of a service that Apprise knows."""

    url: str = field(repr=False)

    @property
    def down(self) -> None:
        """Each message is tried: nothing is known of the service."""

    def send(self, message: Message, now: datetime) -> None:  # noqa: ARG002 (the channels' signature)
        """Tell the service subject and text; see `Channel`."""
        notify_service(self.url, message.subject, message.text)

    def preview(self, message: Message) -> tuple[list[str], str]:
        """Return which service it is, without its address, which is mostly a password, and what it is told."""
        where = f"To: {urlsplit(self.url).scheme}://…"
        return [where, f"Message-ID: {message.id}", f"Subject: {message.subject}"], message.text


def notify_service(url: str, title: str, text: str) -> None:
    """Tell the service at *url*.

    Raises:
        DeliveryError: It was not taken, or Apprise is not installed; the reason names no address.
    """
    with _silence():
        try:
            import apprise
        except ImportError:
            raise DeliveryError(
                "Apprise is not installed; it comes with: pip install 'registerwatch[apprise]'", lasting=True
            ) from None
        try:
            asset = apprise.AppriseAsset(app_id="registerwatch", app_desc="registerwatch", async_mode=False)
            service = apprise.Apprise(asset=asset)
            known = service.add(url)
            taken = known and service.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT)
        except Exception as error:  # a plugin of Apprise may raise anything; its words may hold the address
            raise DeliveryError(f"the service failed ({type(error).__name__})") from None
    if not known:
        raise DeliveryError("its url is none that Apprise knows", lasting=True)
    if not taken:
        raise DeliveryError("the service did not take it")


@contextmanager
def _silence() -> Iterator[None]:
    """Keep every log shut: Apprise and the libraries of its plugins write addresses, and with them tokens."""
    # Not the loggers we know: a plugin brings its own, and a library below it another.
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(before)
