"""Mail: a message becomes a letter (RFC 5322), which leaves by a mail server or into a folder.

What it says is decided elsewhere, and so is when it is sent. Names and titles come off a page or out of the settings;
none of them can make a header.
"""

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import base64mime, quoprimime
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
from notify.quoted import quoted
from scraper.files import whole_file
from scraper.text import cut, one_line

LONGEST_SUBJECT = 200  # characters, beyond which it is cut: a page may print a title of any length

# Whom a message comes from where no sender is set. RFC 2919 keeps `localhost` for lists without their own domain.
NO_SENDER = "registerwatch@localhost"

# It stands in names of files and in List-Id, whose 255 characters it shares with the sender's domain.
_LONGEST_SLUG = 40
_LONGEST_LIST_ID = 255  # RFC 2919
_LONGEST_LINE = 78  # RFC 5322
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


class Post(Protocol):
    """Takes letters, one after the other. It keeps what it needs for the next one until it is left."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def down(self) -> str | None:
        """Why it takes nothing more; None while it may."""

    def send(self, message: EmailMessage, return_path: str | None = None) -> None:
        """Hand *message* over; what comes back goes to *return_path*, by default to its sender.

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
    one_click: str | None = None
    """See `Letter`."""
    list_name: str | None = None
    """What the list is called, where the message's own name for its reader is nobody's business."""
    return_path: str | None = None
    """Where the letter comes back to; None for the sender."""

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
            list_name=self.list_name or message.to,
            message_id=message.id,
            date=now,
            stop=self.stop,
            one_click=self.one_click,
        )
        self.post.send(compose(letter, self.sender), self.return_path)

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
    one_click: str | None = None
    """Web address that stops it by one POST (RFC 8058), where there is one."""


class _Policy(EmailPolicy):
    """Writes headers as `compose` made them: the library would encode a long address when it folds it, and lose it.

    What is read of them is parsed once, because much is the same in many letters: half of the time that a letter takes
    went into that.
    """

    def header_max_count(self, name: str) -> int | None:  # noqa: ARG002 each is written once here
        return None

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


class _Written(EmailMessage):
    """A letter that is written down as it was made: the library gives the same bytes, and takes ten times as long."""

    boundary = ""

    def as_bytes(self, unixfrom: bool = False, policy: Any = None) -> bytes:  # noqa: ARG002 it has one form
        body: Any = self.get_payload()
        if self.boundary:
            parts = "".join(f"--{self.boundary}\r\n{_headers_of(one)}{one.get_payload()}\r\n" for one in body)
            body = f"{parts}--{self.boundary}--\r\n"
        return f"{_headers_of(self)}{body}".encode()


def _headers_of(message: EmailMessage) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in message.raw_items()) + "\r\n"


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
    automatic answers away, List-Id and Auto-Submitted do. List-Unsubscribe-Post needs a web address, and one of https.

    Raises:
        DeliveryError: The address of sender or reader cannot be written in a message.
    """
    origin, to = _address(sender or NO_SENDER), _address(letter.to)
    subject = _header_text(letter.subject, LONGEST_SUBJECT)
    message = _Written(_POLICY)
    message["From"] = f"registerwatch <{origin}>"
    message["To"] = to
    message["Subject"] = _folded(subject)
    message["Date"] = format_datetime(letter.date.astimezone(UTC))
    message["Message-ID"] = letter.message_id
    said = re.sub(r'(["\\])', r"\\\1", _header_text(letter.list_name, 100))
    # A name stands before the id where it can be said in plain characters: no standard says how to encode it there.
    name = f'"{said}" ' if said and said.isascii() else ""
    message["List-Id"] = f"{name}<{list_id(letter.list_name, domain_of(sender))}>"
    ways = [letter.one_click] if letter.one_click else []
    ways += [f"mailto:{quote(_address(letter.stop), safe='@')}?subject=stop"] if letter.stop else []
    if ways:
        message["List-Unsubscribe"] = ",\r\n ".join(f"<{way}>" for way in ways)
    if letter.one_click and letter.one_click.startswith("https:"):
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    message["MIME-Version"] = "1.0"
    if letter.html is None:
        _fill(message, letter.text, "plain")
        return message
    # No line of quoted-printable text can hold "=_"; and not by chance, so that a second copy is equal to the byte.
    message.boundary = f"=_{short_hash(letter.message_id, 32)}"
    message["Content-Type"] = f'multipart/alternative;\r\n boundary="{message.boundary}"'
    for text, kind in ((letter.text, "plain"), (letter.html, "html")):
        part = _Written(_POLICY)
        _fill(part, text, kind)
        message.attach(part)
    return message


def _header_text(text: str, longest: int) -> str:
    # What looks like an encoded word would be read as one, and may hold anything.
    return cut(one_line(text).replace("=?", "= ?"), longest)


def _folded(subject: str) -> str:
    # The library's older way to fold: its newer one loses blanks between words that it encodes.
    if subject.isascii():
        return Header(subject, header_name="Subject").encode(linesep="\r\n")
    # As the library does it, but that it encodes the whole line anew for each character.
    said = subject.encode()
    plain = quoprimime.header_length(said) <= base64mime.header_length(said)
    encode: Callable[[bytes, str], str] = quoprimime.header_encode if plain else base64mime.header_encode
    return "\r\n ".join(encode(piece, "utf-8") for piece in _pieces(subject, plain=plain))


def _pieces(subject: str, *, plain: bool) -> Iterator[bytes]:
    """Yield as many characters at a time as fit into an encoded word (RFC 2047)."""
    piece, length, room = b"", 0, _LONGEST_LINE - len("Subject: ") - len("=?utf-8?q??=")
    for character in subject:
        said = character.encode()
        added = quoprimime.header_length(said) if plain else 0
        if (length + added if plain else base64mime.header_length(piece + said)) > room:
            yield piece
            piece, length, room = b"", 0, _LONGEST_LINE - len(" ") - len("=?utf-8?q??=")
        piece, length = piece + said, length + added
    yield piece


def _fill(part: EmailMessage, text: str, kind: str) -> None:
    part["Content-Type"] = f'text/{kind}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(quoted(text))


@lru_cache(maxsize=256)
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

    def send(self, message: EmailMessage, return_path: str | None = None) -> None:  # noqa: ARG002 nothing comes back from here
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
