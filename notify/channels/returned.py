"""What comes back: delivery status notifications (RFC 3464), complaints (RFC 5965), and the wish to stop. Pure.

Which letter it is about is said by the address that it came back to, and by nothing that a stranger may write.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message as Letter
from email.policy import compat32
from typing import Any, Literal

Sort = Literal["hard", "soft", "complaint", "stop"]

LARGEST = 2_000_000
"""Bytes of what came back that are read: a notification may hold the whole letter."""

# Codes of a failure for the time being, though it is told as final: a full mailbox, a letter too large, a policy that
# met this letter (RFC 3463). An address is not given up for them at once.
_PASSING = re.compile(r"^(4\.|5\.2\.2$|5\.2\.3$|5\.3\.|5\.7\.)")


def read_returned(raw: bytes) -> Sort | None:
    """Return what came back: for good, for the time being, a complaint, or the wish to stop; None for anything else.

    A notification that a letter is late, or was delivered, is none of them, and an automatic answer is none either.
    """
    letter = message_from_bytes(raw[:LARGEST], policy=compat32)
    parts = list(letter.walk())
    if any(part.get_content_type() == "message/feedback-report" for part in parts):
        return "complaint" if _is_complaint(parts) else None
    statuses = [one for part in parts if part.get_content_type() == "message/delivery-status" for one in _failed(part)]
    if statuses:
        return "soft" if all(_PASSING.match(status) for status in statuses) else "hard"
    subject = str(letter.get("Subject", "")).strip().lower()
    is_automatic = str(letter.get("Auto-Submitted", "no")).strip().lower() not in ("", "no")
    return "stop" if subject == "stop" and not is_automatic else None


def _is_complaint(parts: list[Letter]) -> bool:
    for part in parts:
        if part.get_content_type() != "message/feedback-report":
            continue
        kind = _fields(part).get("feedback-type", "abuse")
        # "not-spam" takes a complaint back, and "auth-failure" is about the server.
        return kind.lower() in ("abuse", "fraud", "virus", "other", "opt-out")
    return False


def _failed(part: Letter) -> Iterator[str]:
    """Yield the status of each recipient to whom the letter could not be delivered."""
    for block in _blocks(part):
        if block.get("action", "").lower() == "failed":
            yield block.get("status", "5.0.0").split()[0] if block.get("status", "").split() else "5.0.0"


def _blocks(part: Letter) -> Iterator[dict[str, str]]:
    """Yield the blocks of fields of a report: the library reads each as a message of its own."""
    payload: Any = part.get_payload()
    if isinstance(payload, list):
        yield from ({name.lower(): str(value).strip() for name, value in one.items()} for one in payload)
    else:
        yield _fields(part)


def _fields(part: Letter) -> dict[str, str]:
    payload = part.get_payload()
    if isinstance(payload, list):
        return next(_blocks(part), {})
    raw = part.get_payload(decode=True)
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(payload)
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line and not line[:1].isspace())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
