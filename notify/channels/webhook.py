"""A webhook: a program is told by signed JSON.

A webhook is sent nothing but POST, follows no redirect, and is never on a private network unless that is allowed: its
address is looked up once, and the very address that was checked is connected to. Whatever goes wrong, the reason names
no address: it is kept, and addresses hold tokens. docs/webhooks.md tells the other side.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from notify.channels.channel import DeliveryError, Message, key_of
from scraper.web.addresses import AddressError, check_address, host_of
from scraper.web.sockets import look_up
from scraper.web.transport import Resolve, Response, Transport, TransportError, retry_after_s

TIMEOUT_S = 15.0
DEADLINE_S = 30.0  # a round has many receivers, and each waits for the one before it
LONGEST_WAIT_S = 24 * 3600  # of what a server asks for with Retry-After; a week on the message is given up

# Only the status counts; so much of the body is read to keep the connection, and no more.
_MOST_BYTES = 1 << 16
_AGENT = "registerwatch (webhook)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where to post, and with which key to sign."""

    url: str
    secret: str | None = None
    allow_private: bool = False

    @property
    def down(self) -> None:
        """Each message is tried: a webhook that failed for one may take the next."""

    def send(self, message: Message, now: datetime) -> None:
        """Post *message*; see `Channel`."""
        post(self, message.id, payload(message.id, message.to, message.news), now=now.timestamp())

    def preview(self, message: Message) -> tuple[list[str], str]:
        """Return where to, without the path, which is mostly a password, and the news."""
        parts = urlsplit(self.url)
        body = json.dumps(message.news, indent=2, ensure_ascii=True)
        return [f"POST: {parts.scheme}://{parts.netloc}/…"], f"{body}\n"


def payload(message: str, subscription: str, news: Mapping[str, Any]) -> bytes:
    """Return what is posted: JSON with sorted keys, the same bytes at every attempt.

    Args:
        message: Id of the message; a receiver that has seen it may forget the second copy.
        subscription: Its name.
        news: Lists of changes (in public form, a group with its `members`) and of printed ends, the register's name.
    """
    said = {**news, "version": 1, "message": message, "subscription": subscription}
    return json.dumps(said, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a body sent at a time: HMAC with SHA-256 over the time, a point and the body.

    Whoever receives it computes the same, compares in constant time, and refuses times that are minutes off.

    >>> signature("key", 1_700_000_000, b"{}")[:20]
    'v1=9d713ed406bb7076d'
    """
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={digest.hexdigest()}"


def standard_signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """Return the signature as Standard Webhooks has it, so that a receiver may verify it with a library.

    >>> standard_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
    ...     b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    digest = hmac.new(key_of(secret), f"{message}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def post(
    webhook: Webhook,
    message: str,
    body: bytes,
    *,
    now: float,
    timeout_s: float = TIMEOUT_S,
    deadline_s: float = DEADLINE_S,
    resolve: Resolve = look_up,
    ca_file: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Post *body*; return when the server has taken it, which any status from 200 to 299 says.

    Args:
        webhook: Where to.
        message: Id of the message.
        body: See `payload`.
        now: Seconds since 1970, for the signature.
        timeout_s: Seconds to wait for the server to connect or to go on.
        deadline_s: Seconds that all of it may take.
        resolve: Looks a name up.
        ca_file: File of certificates to trust instead of the usual ones.
        clock: Seconds that never go back.

    Raises:
        DeliveryError: It was not taken; the reason names no address.
    """
    transport = Transport(
        timeout_s=timeout_s,
        deadline_s=deadline_s,
        max_bytes=_MOST_BYTES,
        allow_private=webhook.allow_private,
        clock=clock,
        resolve=resolve,
        ca_file=ca_file,
    )
    try:
        check_address(webhook.url, {host_of(webhook.url)} - {""})
        headers = _headers(webhook, message, int(now), body)
        response = transport.ask(webhook.url, headers, clock() + deadline_s, post=body)
    # Without the cause: its words have the address.
    except AddressError:
        raise DeliveryError("its webhook is no address of the web", lasting=True) from None
    except TransportError as error:
        raise DeliveryError(error.anonymous, server=error.temporary, lasting=not error.temporary) from None
    finally:
        transport.close()
    if not 200 <= response.status < 300:
        raise _not_taken(response, now)


def _headers(webhook: Webhook, message: str, timestamp: int, body: bytes) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": _AGENT,
        "Accept": "*/*",
        "Registerwatch-Message": message,
        "Registerwatch-Timestamp": str(timestamp),
        "Webhook-Id": message,
        "Webhook-Timestamp": str(timestamp),
    }
    if webhook.secret:
        headers["Registerwatch-Signature"] = signature(webhook.secret, timestamp, body)
        headers["Webhook-Signature"] = standard_signature(webhook.secret, message, timestamp, body)
    return headers


def _not_taken(response: Response, now: float) -> DeliveryError:
    wait_s = retry_after_s(response.header("Retry-After"), datetime.fromtimestamp(now, UTC))
    # A redirect may lead to where nobody has checked the address, and it is not the receiver's to choose that.
    redirect = ", a redirect, which is not followed" if 300 <= response.status < 400 else ""
    return DeliveryError(
        f"the webhook answered {response.status}{redirect}",
        status=response.status,
        server=response.status >= 500 or response.status == 429,
        wait_s=None if wait_s is None else min(wait_s, LONGEST_WAIT_S),
    )
