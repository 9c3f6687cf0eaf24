"""A real mail server on loopback that keeps what it takes, and refuses, stalls, drips or dies where it is told to."""

# ruff: noqa: N802 (the library finds what answers a command by its name)

import asyncio
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.harness.servers import CERTIFICATES

PATIENCE_S = 60
"""Seconds that this server has to begin and to end: others have this machine too."""

AUTHORITY = CERTIFICATES / "authority.pem"

STEPS = ("greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "dot", "taken")
"""Where a fault can be put: before the answer to that command. `dot`: the whole message is there and is not kept;
`taken`: it is kept, and the answer is missing."""


@dataclass(frozen=True)
class Refuse:
    """Answer with this code and words that hold what must not be repeated."""

    code: int = 451
    words: str = "4.3.0 <reader@example.org> not for register with hunter2"


@dataclass(frozen=True)
class Stall:
    """Say nothing more, and keep the connection."""


@dataclass(frozen=True)
class Drip:
    """Go on with an answer for ever, a byte at a time."""

    pause_s: float = 0.02


@dataclass(frozen=True)
class Die:
    """Break the connection off."""


Fault = Refuse | Stall | Drip | Die


@dataclass(frozen=True)
class Taken:
    sender: str
    to: tuple[str, ...]
    body: bytes
    login: str | None

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.body, policy=default)
        assert isinstance(message, EmailMessage)
        return message


class LoopbackMail:
    """Listens on a port of its own while it is entered.

    Args:
        security: As in the settings; `tls` from the start, `starttls` offered, or `none`.
        users: Who may log in, with their passwords; without any nobody need.
        faults: For each step what happens at it the first time, the second time, and so on; None: nothing.
        refused: Addresses that are always refused, and with which code or whole answer.
        most: Messages that it takes on one connection, before it says 421.
    """

    def __init__(
        self,
        security: str = "none",
        *,
        users: Mapping[str, str] | None = None,
        faults: Mapping[str, Sequence[Fault | None]] | None = None,
        refused: Mapping[str, int | str] | None = None,
        most: int | None = None,
        certificate: str = "valid.pem",
        utf8: bool = True,
        mechanisms: Sequence[str] = ("PLAIN", "LOGIN"),
    ) -> None:
        self.taken: list[Taken] = []
        self.commands: list[str] = []  # the first words, in order
        self.connections = 0
        self.security = security
        self.users = dict(users or {})
        self.faults = {step: list(given) for step, given in (faults or {}).items()}
        self.refused = dict(refused or {})
        self.most = most
        self.utf8 = utf8
        self.mechanisms = mechanisms
        self.context = None
        if security != "none":
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(CERTIFICATES / certificate)
        assert set(self.faults) <= set(STEPS)
        self.armed = False
        self.silent = threading.Event()
        """Set at each stall: what was to be said is said, and nothing follows."""
        self.dripping = threading.Event()
        """Set as soon as an answer drips."""
        self._controller = _Controller(self)

    host = "127.0.0.1"

    @property
    def port(self) -> int:
        return self._controller.port

    @property
    def environment(self) -> dict[str, str]:
        """What a child process must have in its environment to trust our certificate."""
        return {"SSL_CERT_FILE": str(AUTHORITY)}

    @property
    def settings(self) -> str:
        """The section of a settings file that sends mail here."""
        lines = ["[mail]", f'host = "{self.host}"', f"port = {self.port}", f'security = "{self.security}"']
        lines += ['sender = "register@example.org"']
        for user, password in list(self.users.items())[:1]:
            lines += [f'user = "{user}"', f'password = "{password}"']
        return "\n".join(lines) + "\n"

    def to(self) -> list[str]:
        """Return who got a message, in order."""
        return [address for one in self.taken for address in one.to]

    def __enter__(self) -> "LoopbackMail":
        self._controller.start()
        self.armed = True
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def next_fault(self, step: str) -> Fault | None:
        if not self.armed:
            return None
        given = self.faults.get(step)
        return given.pop(0) if given else None

    def knows(self, user: bytes, password: bytes) -> bool:
        return self.users.get(user.decode()) == password.decode()


class _Controller(Controller):
    def __init__(self, server: LoopbackMail) -> None:
        super().__init__(
            server,
            hostname="127.0.0.1",
            port=0,
            ssl_context=server.context if server.security == "tls" else None,
            ready_timeout=PATIENCE_S,
        )
        self.sessions: list[_Session] = []

    def factory(self) -> SMTP:
        self.sessions.append(_Session(self.handler))
        return self.sessions[-1]

    def stop(self, no_assert: bool = False) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(PATIENCE_S)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        """Break off what is open, and let the loop close it: the library stops the loop over open sockets."""
        self.server.close()
        while open_ones := [session for session in self.sessions if session.transport is not None]:
            for session in open_ones:
                session.hang_up()
            await asyncio.sleep(0.001)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _trigger_server(self) -> None:
        """Be greeted once. The library's own way gives up after a second, and its connection may be counted as ours."""
        self.port = self.server.sockets[0].getsockname()[1]
        with ExitStack() as open_ones:
            one = open_ones.enter_context(socket.create_connection(("127.0.0.1", self.port), PATIENCE_S))
            if self.ssl_context:
                anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
                one = open_ones.enter_context(anybody.wrap_socket(one))
            one.recv(1024)

    def _run(self, ready_event: Any) -> None:
        super()._run(ready_event)
        asyncio.set_event_loop(None)


class _Handler:
    """Keeps whole messages."""

    def __init__(self, server: LoopbackMail, smtp: "_Session") -> None:
        self.server, self.smtp = server, smtp

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:
        if code := self.server.refused.get(address):
            return code if isinstance(code, str) else f"{code} <{address}> is not known here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:
        if refusal := await self.smtp.fault("dot"):
            return refusal
        login = session.auth_data.login.decode() if session.authenticated else None
        taken = Taken(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.original_content, login)
        self.server.taken.append(taken)
        self.smtp.n_taken += 1
        return await self.smtp.fault("taken") or "250 OK"


class _Session(SMTP):
    def __init__(self, server: LoopbackMail) -> None:
        self.mail_server = server
        self.n_taken = 0
        super().__init__(
            _Handler(server, self),
            hostname="mail.example.org",
            enable_SMTPUTF8=server.utf8,
            tls_context=server.context if server.security == "starttls" else None,
            auth_require_tls=server.security == "starttls",
            auth_exclude_mechanism={"PLAIN", "LOGIN", "CRAM-MD5"} - set(server.mechanisms),
            authenticator=self._log_in,
        )

    def _log_in(self, *given: Any) -> AuthResult:
        data = given[-1]
        known = isinstance(data, LoginPassword) and self.mail_server.knows(data.login, data.password)
        return AuthResult(success=known, handled=False, auth_data=data)

    async def fault(self, step: str) -> str | None:
        """Do what is to happen at *step*; return a refusal that is still to be said."""
        match self.mail_server.next_fault(step):
            case Refuse() as refuse:
                return f"{refuse.code} {refuse.words}"
            case Stall():
                self.mail_server.silent.set()
                await asyncio.Event().wait()
            case Drip() as drip:
                self.mail_server.dripping.set()
                while self.transport is not None and not self.transport.is_closing():
                    self._writer.write(b"2")
                    await asyncio.sleep(drip.pause_s)
            case Die():
                self.hang_up()
                await asyncio.Event().wait()
        return None

    def hang_up(self) -> None:
        (self._original_transport or self.transport).abort()

    async def _says_no(self, step: str) -> bool:
        self.mail_server.commands.append(step)
        if refusal := await self.fault(step):
            await self.push(refusal)
            return True
        return False

    async def _handle_client(self) -> None:
        if self.mail_server.armed:
            self.mail_server.connections += 1
        if refusal := await self.fault("greeting"):
            await self.push(refusal)
            self.transport.close()
            return
        with suppress(ConnectionError):
            await super()._handle_client()

    async def smtp_EHLO(self, arg: str) -> None:
        if not await self._says_no("EHLO"):
            await super().smtp_EHLO(arg)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if not await self._says_no("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._says_no("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str) -> None:
        if self.mail_server.users and not self.session.authenticated:
            await self.push("530 log in first")
        elif self.mail_server.most is not None and self.n_taken >= self.mail_server.most:
            await self.push("421 enough for one connection")
            self.transport.close()
        elif not await self._says_no("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:
        if not await self._says_no("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._says_no("DATA"):
            await super().smtp_DATA(arg)
