"""Messages to a mail server, one after the other over one connection.

What is guaranteed of an error: no address, user name, password or word of the server stands in it, nor in the traceback
that is printed with it. What is guaranteed of time: every wait is limited, and all waits of one letter together are;
the system's own look-up of a name is the one thing that no deadline reaches. What is guaranteed of privacy: TLS is
demanded unless the settings say "none", and the server proves its name before it gets a login or a letter.
"""

import base64
import io
import os
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Literal, NoReturn, Self

from notify.channels.delivery import DeliveryError
from notify.channels.letter import domain_of
from scraper.errors import RegisterWatchError

PORTS = {"starttls": 587, "tls": 465, "none": 25}

_LONGEST_REPLY = 65536  # bytes of one answer of a server
_PIECE = 16384  # what is sent under one time-out
_FAREWELL_S = 5.0
_MOST_LOST = 3  # letters in a row that were lost under way, before the server is left alone

_CERTIFICATE = {
    10: "has expired",
    18: "is signed by itself alone",
    19: "is not signed by an authority that is trusted here",
    20: "is not signed by an authority that is trusted here",
    62: "is not valid for its name",
    64: "is not valid for its name",
}
"""What OpenSSL's codes mean (X509_V_ERR_…)."""


class ServerDownError(DeliveryError):
    """A message that was not tried, because the server failed too often in this round."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not tried again: {reason}", server=True, lasting=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Who takes our messages, and how patient we are with it."""

    host: str
    port: int | None = None
    """None: the usual one of its security."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    timeout_s: float = 60.0
    """Seconds to wait for one answer."""
    deadline_s: float = 120.0
    """Seconds that one letter may take in all."""


class SmtpPost:
    """Hands messages to a mail server over one connection, made at the first of them.

    A refusal of a message, its sender or its reader is that message's alone, and the connection goes on. Anything else
    is the server's: the connection is given up, and the next letter makes a new one. If that fails too, or letter after
    letter is lost under way, the server is left alone: further letters fail at once.
    """

    def __init__(
        self, server: MailServer, *, context: ssl.SSLContext | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = server
        self._context = context
        self._limit = _Limit(server.timeout_s, clock)
        self._line: _Line | None = None
        self._lost = 0  # letters in a row
        self._down: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._line:
            self._limit.start(_FAREWELL_S)
            # All was said: how the server takes our leave changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                self._line.docmd("QUIT")
        self._hang_up()

    @property
    def down(self) -> str | None:
        """Why the server is left alone from now on; None while it is not."""
        return self._down

    def send(self, message: EmailMessage) -> None:
        """Hand *message* over.

        Raises:
            ServerDownError: It was not tried, see above.
            DeliveryError: It was not taken, or it is not known whether it was.
        """
        if self._down:
            raise ServerDownError(self._down)
        self._limit.start(self._server.deadline_s)
        try:
            self._hand_over(message)
        except DeliveryError as error:
            if error.server:
                self._reckon(error, connecting=self._line is None)
            raise
        self._lost = 0

    def _reckon(self, error: DeliveryError, *, connecting: bool) -> None:
        self._hang_up()
        self._lost += 1
        if error.lasting or self._lost >= (2 if connecting else _MOST_LOST):
            self._down = error.reason

    def _hang_up(self) -> None:
        if self._line:
            self._line.close()
        self._line = None

    def _hand_over(self, message: EmailMessage) -> None:
        body, sender, to = message.as_bytes(), _bare(message, "From"), _bare(message, "To")
        was_open = self._line is not None
        line = self._line or self._connect(domain_of(sender))
        international = not f"{sender}{to}".isascii()
        try:
            _begin(line, sender, len(body), international=international)
        except _LostError:
            if not was_open:
                raise
            # Servers close a connection that waited long or brought enough. Nothing was handed over: once more, anew.
            self._hang_up()
            line = self._connect(domain_of(sender))
            _begin(line, sender, len(body), international=international)
        with _step("the recipient"):
            code, _ = line.rcpt(to)
        _demand(line, code, "recipient")
        with _step("the letter"):
            try:
                code, _ = line.data(body)
            except smtplib.SMTPDataError as error:
                code = error.smtp_code
        _demand(line, code, "letter")

    def _connect(self, name: str) -> "_Line":
        """Open a connection, private and logged in, as the settings want it."""
        line = _Line(self._server, self._limit, self._context, name)
        try:
            line.open()
        except BaseException:
            line.close()
            raise
        self._line = line
        return line


class _LostError(DeliveryError):
    """The server is gone, and did not keep us waiting for it."""


class _Limit:
    """How long the next step may take. One for all connections of a post."""

    def __init__(self, timeout_s: float, clock: Callable[[], float]) -> None:
        self._timeout_s = timeout_s
        self._clock = clock
        self._until = clock()

    def start(self, seconds: float) -> None:
        self._until = self._clock() + seconds

    def patience_s(self) -> float:
        left = self._until - self._clock()
        if left <= 0:
            raise TimeoutError
        return min(left, self._timeout_s)


class _Replies(io.RawIOBase):
    """The server's side of a connection. Every read has what is left of the time, so a server that drips is no use."""

    def __init__(self, sock: socket.socket, limit: _Limit) -> None:
        super().__init__()
        self._sock = sock
        self._limit = limit
        self.room = _LONGEST_REPLY

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._limit.patience_s())
        n_bytes = self._sock.recv_into(buffer)
        self.room -= n_bytes
        if self.room < 0:
            raise ValueError("an answer without an end")
        return n_bytes


class _Line(smtplib.SMTP):
    """The library's protocol, with our limits on each wait and our rules on privacy."""

    def __init__(self, server: MailServer, limit: _Limit, context: ssl.SSLContext | None, name: str) -> None:
        # A name is given because the library would look one up, without limit.
        super().__init__(local_hostname=name)
        self._server = server
        self._limit = limit
        self._context = context
        self._replies: _Replies | None = None

    def open(self) -> None:
        """Connect, make it private, log in: as the settings want it, and nothing less."""
        server = self._server
        with _step("the greeting"):
            self.sock = self._reach(server.host.strip("[]"), server.port or PORTS[server.security])
            if server.security == "tls":
                self._encrypt()
            code, _ = self.getreply()
        if code != 220:
            _fail("the mail server takes no mail now", code)
        self._introduce()
        if server.security == "starttls":
            self._make_private()
            self._introduce()
        if server.user is not None:
            self._log_in(server.user, server.password or "")

    def send(self, s: Any) -> None:
        data = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for start in range(0, len(data), _PIECE):
            if self.sock:
                self.sock.settimeout(self._limit.patience_s())
            super().send(data[start : start + _PIECE])

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self._replies = _Replies(self.sock, self._limit)
            self.file = io.BufferedReader(self._replies)
        if self._replies:
            self._replies.room = _LONGEST_REPLY
        return super().getreply()

    def _reach(self, host: str, port: int) -> socket.socket:
        trouble: OSError | None = None
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                sock = socket.create_connection((str(address[0]), port), self._limit.patience_s())
            except OSError as error:
                trouble = error
            else:
                # Else the end of a long letter waits until the server has said that it got the part before.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
        raise _UnreachedError(trouble)

    def _introduce(self) -> None:
        with _step("EHLO"):
            code, _ = self.ehlo()
        if code // 100 == 5 and self._server.security == "none" and self._server.user is None:
            with _step("HELO"):  # an old server in our own house
                code, _ = self.helo()
        if code // 100 != 2:
            _fail("the mail server refused EHLO", code)

    def _make_private(self) -> None:
        if not self.has_extn("starttls"):
            raise DeliveryError("the mail server offers no STARTTLS, which is demanded", server=True, lasting=True)
        with _step("STARTTLS"):
            code, _ = self.docmd("STARTTLS")
            if code == 220:
                self._encrypt()
        if code != 220:
            _fail("STARTTLS refused", code)
        # What was said in the open counts for nothing, also if it arrives now (RFC 3207).
        self.file = None
        self.esmtp_features = {}

    def _encrypt(self) -> None:
        assert self.sock is not None
        context = self._context or ssl.create_default_context()
        self.sock.settimeout(self._limit.patience_s())
        self.sock = context.wrap_socket(self.sock, server_hostname=self._server.host.strip("[]"))

    def _log_in(self, user: str, password: str) -> None:
        """Log in, in one attempt: the library tries one way after the other, and servers lock out who fails often."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        with _step("the login"):
            if "PLAIN" in offered:
                code, _ = self.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password}"))
            elif "LOGIN" in offered:
                code, _ = self.docmd("AUTH", "LOGIN")
                for word in (user, password):
                    if code == 334:
                        code, _ = self.docmd(_base64(word))
            else:
                raise DeliveryError("the mail server offers no login by PLAIN or LOGIN", server=True, lasting=True)
        if code != 235:
            _fail("login refused", code)


class _UnreachedError(RegisterWatchError):
    """No connection. `trouble` is the system's."""

    def __init__(self, trouble: OSError | None) -> None:
        super().__init__()
        self.trouble = trouble or OSError()


def _begin(line: _Line, sender: str, size: int, *, international: bool) -> None:
    options = ["BODY=8BITMIME", "SMTPUTF8"] if international else []
    if international and not line.has_extn("smtputf8"):
        raise DeliveryError("the mail server takes no address with letters beyond ASCII (no SMTPUTF8)")
    if line.has_extn("size"):
        options.append(f"SIZE={size}")
    with _step("the sender"):
        code, _ = line.mail(sender, options)
    _demand(line, code, "sender")


def _demand(line: _Line, code: int, what: str) -> None:
    """Go on only if the server took what it was given; if not, make the connection ready for the next letter."""
    if code // 100 == 2:
        return
    if code == 421:
        raise _LostError("the mail server closes the connection (421)", status=code, server=True)
    if code // 100 not in (4, 5):
        raise DeliveryError("the mail server's answer cannot be read", server=True)
    # If not even that works, the next letter finds out.
    with suppress(smtplib.SMTPException, OSError):
        line.rset()
    raise DeliveryError(f"{what} refused ({code})", status=code)


def _fail(reason: str, code: int) -> NoReturn:
    if not 200 <= code <= 599:
        raise DeliveryError("the mail server's answer cannot be read", server=True)
    raise DeliveryError(f"{reason} ({code})", status=code, server=True, lasting=code // 100 == 5)


@contextmanager
def _step(step: str) -> Iterator[None]:
    """Say in our own words what went wrong at *step*; the library's and the server's may hold addresses."""
    try:
        yield
    except (smtplib.SMTPException, OSError, ValueError, _UnreachedError) as error:
        raise _in_our_words(error, step) from None


def _in_our_words(error: Exception, step: str) -> DeliveryError:
    cause = error.__context__ if isinstance(error, smtplib.SMTPServerDisconnected) else error
    match cause:
        case ssl.SSLCertVerificationError():
            why = _CERTIFICATE.get(cause.verify_code, "is not valid")
            return DeliveryError(f"the mail server's certificate {why}", server=True, lasting=True)
        case ssl.SSLError():
            return DeliveryError(f"no TLS with the mail server, at {step}; see security of [mail]", server=True)
        case socket.gaierror() | UnicodeError():
            return DeliveryError("the mail server's name cannot be looked up", server=True)
        case _UnreachedError():
            return DeliveryError(f"the mail server cannot be reached ({in_system_words(cause.trouble)})", server=True)
        case TimeoutError():
            return DeliveryError(f"the mail server did not answer in time, at {step}", server=True)
        case smtplib.SMTPResponseException() | ValueError():
            return DeliveryError(f"the mail server's answer cannot be read, at {step}", server=True)
        case _:
            return _LostError(f"the mail server broke the connection off, at {step}", server=True)


def _bare(message: EmailMessage, header: str) -> str:
    (address,) = message[header].addresses
    return str(address.addr_spec)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def in_system_words(error: OSError) -> str:
    """Return what the system says of *error*, without the names that go with it."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (os.strerror(error.errno) if error.errno else "unknown trouble").lower()
