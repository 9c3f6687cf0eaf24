"""Messages to a mail server, one after the other over one connection.

What is guaranteed of an error: no address, user name, password or word of the server stands in it, nor in the traceback
that is printed with it. What is guaranteed of time: every wait is limited, and all waits of one letter together are;
the system's own look-up of a name is the one thing that no deadline reaches. What is guaranteed of privacy: TLS is
demanded unless the settings say "none", and the server proves its name before it gets a login or a letter.
"""

import base64
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Literal, Self

from notify.channels.channel import DeliveryError, in_system_words
from notify.channels.mail import domain_of
from scraper.web.sockets import BoundedSocket, Limits, look_up, reach

PORTS = {"starttls": 587, "tls": 465, "none": 25}

_LONGEST_REPLY = 65536  # bytes of one answer of a server
_PIECE = 16384  # what is sent under one time-out
# All letters are out: the night does not wait for a server that is slow to say goodbye.
_FAREWELL_S = 5.0
_MOST_LOST = 3  # letters in a row that were lost under way, before the server is left alone

_STEPS = {
    "": ("the greeting", "the mail server takes no mail now"),
    "ehlo": ("EHLO", "the mail server refused EHLO"),
    "helo": ("HELO", "the mail server refused EHLO"),
    "STARTTLS": ("STARTTLS", "STARTTLS refused"),
    "AUTH": ("the login", "login refused"),
    "mail": ("the sender", "sender refused"),
    "rcpt": ("the recipient", "recipient refused"),
    "data": ("the letter", "letter refused"),
}
"""Command → what it is for, and what is said if the server refuses it."""

_CERTIFICATE = {
    10: "has expired",
    18: "is signed by itself alone",
    19: "is not signed by an authority that is trusted here",
    20: "is not signed by an authority that is trusted here",
    62: "is not valid for its name",
    64: "is not valid for its name",
}
"""What OpenSSL's codes mean (X509_V_ERR_…)."""


_NO_MAILBOX = (550, 551, 553)
"""What is said of a mailbox that is not there, where no enhanced status says more (RFC 5321, 4.2.3)."""


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
        self._server, self._context = server, context
        self._limits = Limits(server.timeout_s, clock)
        self._connection: _SMTPConnection | None = None
        self._lost = 0  # letters in a row
        self._down: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection:
            self._limits.start(_FAREWELL_S)
            # All was said: how the server takes our leave changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                self._connection.docmd("QUIT")
        self._hang_up()

    @property
    def down(self) -> str | None:
        """Why the server is left alone from now on; None while it is not."""
        return self._down

    def send(self, message: EmailMessage, return_path: str | None = None) -> None:
        """Hand *message* over; what comes back goes to *return_path*, by default to its sender.

        Raises:
            ServerDownError: It was not tried, see above.
            DeliveryError: It was not taken, or it is not known whether it was.
        """
        if self._down:
            raise ServerDownError(self._down)
        self._limits.start(self._server.deadline_s)
        try:
            self._hand_over(message, return_path)
        except DeliveryError as error:
            if error.server:
                # What cannot be reached twice is down; a letter lost under way may have been that letter's fault.
                is_unreached = self._connection is None or not self._connection.is_open
                self._hang_up()
                self._lost += 1
                if error.lasting or self._lost >= (2 if is_unreached else _MOST_LOST):
                    self._down = error.reason
            raise
        self._lost = 0

    def try_login(self) -> None:
        """Connect and log in as for a letter, and hand none over.

        Raises:
            DeliveryError: A letter would not be taken.
        """
        self._limits.start(self._server.deadline_s)
        self._connection = _SMTPConnection(self._server, self._limits, self._context, "localhost")
        self._connection.open()

    def _hand_over(self, message: EmailMessage, return_path: str | None) -> None:
        body, to = message.as_bytes(), _bare(message, "To")
        sender = return_path or _bare(message, "From")
        if self._connection:
            try:
                self._connection.take(sender, to, body)
            except _LostError:
                if self._connection.command != "mail":
                    raise
            else:
                return
            # Servers close a connection that waited long or brought enough. Nothing was handed over: once more, anew.
            self._hang_up()
        self._connection = _SMTPConnection(self._server, self._limits, self._context, domain_of(sender))
        self._connection.take(sender, to, body)

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


class _LostError(DeliveryError):
    """The server is gone, and did not keep us waiting for it."""


class _SMTPConnection(smtplib.SMTP):
    """The library's protocol, with our limits on each wait and our rules on privacy.

    Its own ways to send a whole mail, to log in and to begin TLS are not used: they do not say at which step they
    failed, try one login after the other, and take a password in ASCII only.
    """

    def __init__(self, server: MailServer, limits: Limits, context: ssl.SSLContext | None, name: str) -> None:
        # A name is given because the library would look one up, without limit.
        super().__init__(local_hostname=name)
        self._server, self._limits, self._context = server, limits, context
        self.command = ""  # the last one that was sent
        self.is_open = False

    def take(self, sender: str, to: str, body: bytes) -> None:
        """Hand a letter over, and before the first one connect.

        Raises:
            DeliveryError: It was not taken, or it is not known whether it was.
        """
        with self._explaining():
            if not self.is_open:
                self._open()
            self._hand_over(sender, to, body)

    def open(self) -> None:
        """Connect and log in.

        Raises:
            DeliveryError: The server cannot be reached, cannot prove its name, or refuses.
        """
        with self._explaining():
            self._open()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except (smtplib.SMTPException, OSError, ValueError) as error:
            # Without the cause: the library's words and the server's may hold addresses.
            raise _in_our_words(error, _STEPS[self.command][0]) from None

    # --- the library's own ways, within limits ------------------------------------------------------------------------

    # The command under way is kept, because the library's errors do not say at which step they happened.
    def putcmd(self, cmd: str, args: str = "") -> None:
        self.command = cmd if cmd in _STEPS else self.command
        super().putcmd(cmd, args)

    def send(self, s: Any) -> None:
        data = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for start in range(0, len(data), _PIECE):
            if self.sock:
                self.sock.settimeout(self._limits.patience_s())
            super().send(data[start : start + _PIECE])

    def getreply(self) -> tuple[int, bytes]:
        # The library would make a file that waits as long as a byte comes now and then.
        if self.file is None and self.sock is not None:
            self.file = BoundedSocket(self.sock, self._limits).makefile()
        self._limits.room = _LONGEST_REPLY
        return super().getreply()

    # --- a connection as the settings want it, and nothing less -------------------------------------------------------

    def _open(self) -> None:
        server = self._server
        host, port = server.host.strip("[]"), server.port or PORTS[server.security]
        addresses = look_up(host, port)
        try:
            self.sock = reach(addresses, port, self._limits)
        except OSError as error:
            raise DeliveryError(f"the mail server cannot be reached ({in_system_words(error)})", server=True) from None
        if server.security == "tls":
            self._encrypt()
        code, _ = self.getreply()
        self._require(code, code == 220)
        self._introduce()
        if server.security == "starttls":
            self._make_private()
            self._introduce()
        if server.user is not None:
            self._log_in(server.user, server.password or "")
        self.is_open = True

    def _encrypt(self) -> None:
        assert self.sock is not None
        context = self._context or ssl.create_default_context()
        self.sock.settimeout(self._limits.patience_s())
        self.sock = context.wrap_socket(self.sock, server_hostname=self._server.host.strip("[]"))

    def _introduce(self) -> None:
        code, _ = self.ehlo()
        if code // 100 == 5 and self._server.security == "none" and self._server.user is None:
            code, _ = self.helo()  # an old server in our own house
        self._require(code, code // 100 == 2)

    def _make_private(self) -> None:
        if not self.has_extn("starttls"):
            raise DeliveryError("the mail server offers no STARTTLS, which is demanded", server=True, lasting=True)
        code, _ = self.docmd("STARTTLS")
        self._require(code, code == 220)
        self._encrypt()
        # What was said in the open counts for nothing, also if it arrives now (RFC 3207).
        self.file = None
        self.esmtp_features = {}

    def _log_in(self, user: str, password: str) -> None:
        """Log in, in one attempt: servers lock out who fails often."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            code, _ = self.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password}"))
        elif "LOGIN" in offered:
            code, _ = self.docmd("AUTH", "LOGIN")
            for word in (user, password):
                if code == 334:
                    code, _ = self.docmd(_base64(word))
        else:
            raise DeliveryError("the mail server offers no login by PLAIN or LOGIN", server=True, lasting=True)
        self._require(code, code == 235)

    def _require(self, code: int, is_well: bool) -> None:
        """Go on only if the server did what all letters depend on."""
        if is_well:
            return
        if not 200 <= code <= 599:
            raise DeliveryError("the mail server's answer cannot be read", server=True)
        reason = f"{_STEPS[self.command][1]} ({code})"
        raise DeliveryError(reason, status=code, server=True, lasting=code // 100 == 5)

    # --- one letter ---------------------------------------------------------------------------------------------------

    def _hand_over(self, sender: str, to: str, body: bytes) -> None:
        international = not f"{sender}{to}".isascii()
        if international and not self.has_extn("smtputf8"):
            raise DeliveryError("the mail server takes no address with letters beyond ASCII (no SMTPUTF8)")
        # A letter with ASCII addresses is ASCII throughout, so any server takes it as it is.
        options = ["BODY=8BITMIME", "SMTPUTF8"] if international else []
        options += [f"SIZE={len(body)}"] if self.has_extn("size") else []
        self.command_encoding = "utf-8" if international else "ascii"
        # Not by the library's ways to say this, which take addresses apart and a letter by its lines: for ten thousand
        # letters that is most of the time that a connection takes.
        self._accept(self.docmd("mail", " ".join([f"FROM:<{sender}>", *options]))[0])
        code, said = self.docmd("rcpt", f"TO:<{to}>")
        self._accept(code, no_mailbox=_is_gone(code, said))
        self._accept(self._give(body))

    def _give(self, body: bytes) -> int:
        """Return what the server says of *body*, or of being given one."""
        code, _ = self.docmd("data")
        if code != 354:
            return 0 if code // 100 == 2 else code  # it took what it was not given
        ended = b"" if body.endswith(b"\r\n") else b"\r\n"
        self.send(body.replace(b"\r\n.", b"\r\n..") + ended + b".\r\n")
        return self.getreply()[0]

    def _accept(self, code: int, *, no_mailbox: bool = False) -> None:
        """Go on only if the server took what it was given; if not, make the connection ready for the next letter."""
        if code // 100 == 2:
            return
        # The one refusal that is the connection's and not the letter's (RFC 5321, 4.2.3).
        if code == 421:
            raise _LostError("the mail server closes the connection (421)", status=code, server=True)
        if code // 100 not in (4, 5):
            raise DeliveryError("the mail server's answer cannot be read", server=True)
        # If not even that works, the next letter finds out.
        with suppress(smtplib.SMTPException, OSError):
            self.rset()
        raise DeliveryError(f"{_STEPS[self.command][1]} ({code})", status=code, no_mailbox=no_mailbox)


def _is_gone(code: int, said: bytes) -> bool:
    """Return whether a server that was told the recipient says that there is no such mailbox, and will be none."""
    status = said.split(b" ", 1)[0].split(b".")
    if code // 100 == 5 and status[0] == b"5" and len(status) == 3:
        # 5.1.7 and 5.1.8 are about the sender, which some servers look at no sooner (RFC 3463).
        return status[1] == b"1" and status[2] not in (b"7", b"8")
    return code in _NO_MAILBOX


def _in_our_words(error: Exception, step: str) -> DeliveryError:
    # The library says of every break that the server is gone; what the system said is behind that.
    cause = error.__context__ if isinstance(error, smtplib.SMTPServerDisconnected) else error
    match cause:
        case ssl.SSLCertVerificationError():
            why = _CERTIFICATE.get(cause.verify_code, "is not valid")
            return DeliveryError(f"the mail server's certificate {why}", server=True, lasting=True)
        case ssl.SSLError():
            return DeliveryError(f"no TLS with the mail server, at {step}; see security of [mail]", server=True)
        case socket.gaierror() | UnicodeError():
            return DeliveryError("the mail server's name cannot be looked up", server=True)
        case TimeoutError():
            return DeliveryError(f"the mail server did not answer in time, at {step}", server=True)
        case smtplib.SMTPResponseException() | ValueError():
            return DeliveryError(f"the mail server's answer cannot be read, at {step}", server=True)
        case _:
            return _LostError(f"the mail server broke the connection off, at {step}", server=True)


def _bare(message: EmailMessage, header: str) -> str:
    raw = next(value for name, value in message.raw_items() if name == header)
    return parseaddr(raw)[1]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
