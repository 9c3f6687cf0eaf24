"""Mail: a message becomes a letter (RFC 5322), which leaves by a mail server or into a folder.

What it says is decided elsewhere, and so is when it is sent. Names and titles come off a page or out of the settings;
none of them can make a header.
"""

import binascii
import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote

from notify.channels.channel import DeliveryError, Message, in_system_words
from scraper.files import whole_file
from scraper.text import cut, one_line

LONGEST_SUBJECT = 200  # characters, beyond which it is cut: a page may print a title of any length

# Whom a message comes from where no sender is set. RFC 2919 keeps `localhost` for lists without their own domain.
NO_SENDER = "registerwatch@localhost"

# It stands in names of files and in List-Id, whose 255 characters it shares with the sender's domain.
_LONGEST_SLUG = 40
_LONGEST_LIST_ID = 255  # RFC 2919
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


class Post(Protocol):
    """Takes letters, one after the other. It keeps what it needs for the next one until it is left."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def down(self) -> str | None:
        """Why it takes nothing more; None while it may."""

    def send(self, message: EmailMessage) -> None:
        """Hand *message* over.

        Raises:
            DeliveryError: It was not taken, or it is not known whether it was.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The channel of those who get letters."""

    post: Post
    sender: str | None
    to: str
    stop: str | None
    """See `Letter`."""

    @property
    def down(self) -> str | None:
        """Why the post takes nothing more."""
        return self.post.down

    def send(self, message: Message, now: datetime) -> None:
        """Send *message* as a letter; see `Channel`."""
        letter = Letter(
            to=self.to,
            subject=message.subject,
            text=message.text,
            html=message.html or None,
            list_name=message.to,
            message_id=message.id,
            date=now,
            stop=self.stop,
        )
        self.post.send(compose(letter, self.sender))

    def preview(self, message: Message) -> tuple[list[str], str]:
        """Return the heads of the letter, and its text."""
        return [f"To: {self.to}", f"Message-ID: {message.id}", f"Subject: {message.subject}"], message.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is told to one reader."""

    to: str
    subject: str
    text: str
    html: str | None = None
    list_name: str
    """The subscription's name."""
    message_id: str
    date: datetime
    """Timezone-aware."""
    stop: str | None = None
    """Address to write to with the subject "stop"; None where there is nobody to write to."""


class _Policy(EmailPolicy):
    """Writes headers as `compose` made them: the library would encode a long address when it folds it, and lose it.

    What is read of them is parsed once, because much is the same in many letters: half of the time that a letter takes
    went into that.
    """

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        return name, value

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return _parsed(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return f"{name}: {value}\r\n".encode()


@lru_cache(maxsize=256)
def _parsed(name: str, value: str) -> Any:
    return EmailPolicy().header_store_parse(name, value.replace("\r\n", ""))[1]


_POLICY = _Policy(linesep="\r\n")


def domain_of(sender: str | None) -> str:
    """Return the domain that ids of messages of *sender* end in.

    >>> domain_of("register@example.org"), domain_of("register@bücher.example"), domain_of(None)
    ('example.org', 'xn--bcher-kva.example', 'localhost')
    """
    domain = _ascii_domain((sender or NO_SENDER).rpartition("@")[2])
    return domain if domain and _DOT_ATOM.fullmatch(domain) else "localhost"


def message_id(subscription: str, items: Iterable[str], domain: str) -> str:
    """Return the Message-ID of what is told: the same for the same items, so that a second copy is known as one.

    >>> message_id("ours", ["b", "a"], "example.org") == message_id("ours", ["a", "b"], "example.org")
    True
    """
    told = json.dumps([subscription, sorted(items)]).encode()
    return f"<{hashlib.sha256(told).hexdigest()[:32]}@{domain}>"


def list_id(name: str, domain: str) -> str:
    """Return the List-Id of a subscription: a label made of its *name*, in front of *domain*.

    >>> list_id("NHS Eastmere & MHSDS", "example.org"), list_id("健康", "example.org")
    ('nhs-eastmere-mhsds.example.org', 'list-aa18b6dc.example.org')
    """
    label = list_slug(name)
    return f"{label}.{domain if len(label) + 1 + len(domain) <= _LONGEST_LIST_ID else 'localhost'}"


def list_slug(name: str) -> str:
    """Return *name* in a form for ids and file names: letters a to z, figures, hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-")
    return slug or f"list-{short_hash(name, 8)}"


def compose(letter: Letter, sender: str | None) -> EmailMessage:
    """Return *letter* as a whole message from *sender*, with text and, where there is one, HTML.

    There is no Precedence header: no standard defines it (RFC 3834 says not to rely on it), and what it is for, keeping
    automatic answers away, List-Id and Auto-Submitted do. There is no List-Unsubscribe-Post either, which needs a web
    address.

    Raises:
        DeliveryError: The address of sender or reader cannot be written in a message.
    """
    origin, to = _address(sender or NO_SENDER), _address(letter.to)
    subject = _header_text(letter.subject, LONGEST_SUBJECT)
    message = EmailMessage(_POLICY)
    message["From"] = f"registerwatch <{origin}>"
    message["To"] = to
    # The library's older way to fold: its newer one loses blanks between words that it encodes.
    message["Subject"] = Header(subject, None if subject.isascii() else "utf-8", header_name="Subject").encode(
        linesep="\r\n"
    )
    message["Date"] = format_datetime(letter.date.astimezone(UTC))
    message["Message-ID"] = letter.message_id
    said = re.sub(r'(["\\])', r"\\\1", _header_text(letter.list_name, 100))
    # A name stands before the id where it can be said in plain characters: no standard says how to encode it there.
    name = f'"{said}" ' if said and said.isascii() else ""
    message["List-Id"] = f"{name}<{list_id(letter.list_name, domain_of(sender))}>"
    if letter.stop:
        message["List-Unsubscribe"] = f"<mailto:{quote(_address(letter.stop), safe='@')}?subject=stop>"
    message["Auto-Submitted"] = "auto-generated"
    message["MIME-Version"] = "1.0"
    if letter.html is None:
        _fill(message, letter.text, "plain")
        return message
    # No line of quoted-printable text can hold "=_"; and not by chance, so that a second copy is equal to the byte.
    message["Content-Type"] = f'multipart/alternative;\r\n boundary="=_{short_hash(letter.message_id, 32)}"'
    for text, kind in ((letter.text, "plain"), (letter.html, "html")):
        part = EmailMessage(_POLICY)
        _fill(part, text, kind)
        message.attach(part)
    return message


def _header_text(text: str, longest: int) -> str:
    # What looks like an encoded word would be read as one, and may hold anything.
    return cut(one_line(text).replace("=?", "= ?"), longest)


def _fill(part: EmailMessage, text: str, kind: str) -> None:
    # Not by the library, which takes several times as long for the same bytes: a digest has thousands of lines.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    part["Content-Type"] = f'text/{kind}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(binascii.b2a_qp(lines).decode("ascii"))


def _address(address: str) -> str:
    """Return *address* as it stands in a message."""
    local, _, domain = address.rpartition("@")
    domain = _ascii_domain(domain)
    if not local or not domain or one_line(address) != address:
        raise DeliveryError("an address cannot be written in a message")
    return Address("", local, domain).addr_spec


def _ascii_domain(domain: str) -> str:
    """Return *domain* in the letters that every server knows; nothing if it has no such form."""
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def short_hash(text: str, length: int) -> str:
    """Return that many figures, which stand for *text* in names and ids."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


# --- a folder instead of a mail server --------------------------------------------------------------------------------


class Outbox:
    """Writes each message as a file of *folder*; one that comes again replaces its own file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        self._down: str | None = None

    @property
    def down(self) -> str | None:
        """Why it takes nothing more: what a folder refuses for one message, it refuses for all."""
        return self._down

    def __enter__(self) -> Self:
        with suppress(OSError):  # if it cannot be read, writing into it tells why
            names = [path.name for path in self._folder.glob("[!.]*.eml")]
            self._names = {name.removesuffix(".eml").rpartition("-")[2]: name for name in names}
        return self

    def __exit__(self, *_: object) -> None:
        self._names.clear()

    def send(self, message: EmailMessage) -> None:
        """Write *message*: under its name is a whole file or none, which only its owner may read.

        Raises:
            DeliveryError: The folder cannot be made or written.
        """
        short = short_hash(message["Message-ID"], 12)
        label = list_slug(message["List-Id"].rpartition("<")[2].partition(".")[0])
        # A message that is sent again on another day keeps the name of its first.
        name = self._names.setdefault(short, f"{message['Date'].datetime:%Y-%m-%d}-{label}-{short}.eml")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with whole_file(self._folder / name, mode=0o600) as file:
                file.write(message.as_bytes())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._down = f"the folder for messages cannot be written ({in_system_words(error)})"
            raise DeliveryError(self._down, server=True) from None
