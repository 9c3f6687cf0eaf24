"""Real mail systems of Debian, with settings of a test's own: they deliver, and send back what they cannot."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from tests.harness.servers import wait_until

SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin"
POSTFIX = shutil.which("postfix", path=SBIN)
needs_postfix = pytest.mark.skipif(
    POSTFIX is None or os.getuid() != 0, reason="Postfix is not installed here, or cannot be started by who is not root"
)
OPENSMTPD = shutil.which("smtpctl", path=SBIN) and shutil.which("smtpd", path=SBIN)
needs_opensmtpd = pytest.mark.skipif(
    OPENSMTPD is None or os.getuid() != 0, reason="OpenSMTPD is not installed here, or cannot be started but by root"
)
USER = "nobody"
"""Who stands for the user `registerwatch` of the recipes."""

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.org
mydomain = example.org
mydestination = example.org
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
local_recipient_maps =
alias_maps = hash:{folder}/aliases
alias_database = hash:{folder}/aliases
notify_classes =
"""
SERVICES = """
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class MailSystem:
    """A mail system that runs; what it writes can be reached by all users, as on a machine of its own.

    Attributes:
        folder: Its place, and that of the Maildirs.
        port: Where it takes mail.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.aliases: dict[str, str] = {}

    def maildir(self, name: str) -> Path:
        """Return a folder in which mail for *name* is put, as the recipe makes it."""
        folder = self.folder / name
        subprocess.run(["install", "-d", "-m", "700", "-o", USER, folder], check=True)
        return folder

    def letters(self, name: str) -> list[EmailMessage]:
        """Return what came for somebody and was not read yet, the oldest first."""
        new = self.folder / name / "new"
        files = sorted(new.iterdir(), key=lambda path: path.stat().st_mtime_ns) if new.exists() else []
        found = [message_from_bytes(path.read_bytes(), policy=default) for path in files]
        return [one for one in found if isinstance(one, EmailMessage)]


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give a folder that every user may enter; those of tests are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="registerwatch-mail-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class Postfix(MailSystem):
    """Postfix, with aliases."""

    def command(self, *arguments: str) -> str:
        done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, "PATH": SBIN}, check=False)
        assert done.returncode == 0, done.stdout + done.stderr + self.log()
        return done.stdout

    def configure(self, setting: str) -> None:
        """Set something, as the recipe does."""
        self.command("postconf", "-c", f"{self.folder}/etc", "-e", setting)
        self.command("postfix", "-c", f"{self.folder}/etc", "reload")

    def alias(self, **aliases: str | None) -> None:
        """Say where mail goes; None: nowhere."""
        self.aliases = {name: to for name, to in {**self.aliases, **aliases}.items() if to is not None}
        lines = [f"{name}: {to}\n" for name, to in self.aliases.items()]
        (self.folder / "aliases").write_text("".join(lines))
        self.command("newaliases", "-C", f"{self.folder}/etc")

    def log(self) -> str:
        log = self.folder / "mail.log"
        return log.read_text() if log.exists() else ""

    def is_idle(self) -> bool:
        """Return whether nothing is under way."""
        return not any(
            path.is_file()
            for name in ("maildrop", "incoming", "active")
            for path in (self.folder / "queue" / name).rglob("*")
        )

    def deferred(self) -> list[Path]:
        return [path for path in (self.folder / "queue/deferred").rglob("*") if path.is_file()]


@contextmanager
def running_postfix(port: int) -> Iterator[Postfix]:
    """Run a Postfix of its own at a port of this machine."""
    with open_folder() as folder:
        postfix = Postfix(folder, port)
        for name in ("etc", "queue", "data"):
            (folder / name).mkdir(mode=0o755)
        os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
        (folder / "etc/main.cf").write_text(MAIN.format(folder=folder))
        (folder / "etc/master.cf").write_text(SERVICES.format(port=f"127.0.0.1:{port}"))
        postfix.alias()
        postfix.command("postfix", "-c", f"{folder}/etc", "start")
        try:
            yield postfix
        finally:
            postfix.command("postfix", "-c", f"{folder}/etc", "stop")


class OpenSmtpd(MailSystem):
    """OpenSMTPD, of which a machine runs one."""

    def queued(self) -> int:
        """Return how many letters it has still to deliver."""
        shown = subprocess.run(
            ["smtpctl", "show", "queue"], capture_output=True, text=True, env={"PATH": SBIN}, check=True
        )
        return len(shown.stdout.splitlines())


@contextmanager
def running_opensmtpd(port: int, settings: Callable[[MailSystem], str]) -> Iterator[OpenSmtpd]:
    """Run OpenSMTPD at a port of this machine, by settings that know its folder."""
    with open_folder() as folder:
        system = OpenSmtpd(folder, port)
        (folder / "smtpd.conf").write_text(f"listen on 127.0.0.1 port {port}\n{settings(system)}")
        with (folder / "log").open("w") as log:
            process = subprocess.Popen([OPENSMTPD, "-d", "-f", folder / "smtpd.conf"], stdout=log, stderr=log)
        try:
            wait_until(lambda: answers(port) or process.poll() is not None, "it does not answer")
            assert process.poll() is None, (folder / "log").read_text()
            yield system
        finally:
            process.terminate()
            process.wait(20)


def answers(port: int) -> bool:
    """Return whether somebody takes mail at a port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
        return connection.recv(3) == b"220"
    return False
