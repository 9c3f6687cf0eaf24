"""Real mail systems deliver, and send back what they cannot; `bounces` reads it, by the recipes of operations.md."""

import os
import shutil
import smtplib
import subprocess
import sys
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from snapshots.people.keys import add_key
from tests.harness.browse_server import ROOT
from tests.harness.editions import HARROWDALE, REGISTER, with_project
from tests.harness.mail_server import LoopbackMail
from tests.harness.mail_systems import (
    USER,
    needs_opensmtpd,
    needs_postfix,
    open_folder,
    running_opensmtpd,
    running_postfix,
)
from tests.harness.nights import FIRST_NIGHT
from tests.harness.readers import BASE_URL, ONE_CLICK, Follow, Reader
from tests.harness.register_server import RegisterServer, Site
from tests.harness.servers import held_port, wait_until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

HARROW, *_ = REGISTER
PAGE = f"/organisations/{HARROW}"
ADA, GHOST, AWAY = "ada@example.org", "ghost@example.org", "away@example.net"
DAY = timedelta(days=1)
PAGE_OF_RECIPES = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def recipe(line):
    """Return a line of a recipe, which must stand there."""
    assert line in PAGE_OF_RECIPES, line
    return line


class Post:
    """An office whose mail a real mail system carries."""

    def __init__(self, office, system, breeder):
        self.office, self.system, self.breeder = office, system, breeder
        text = office.config.read_text()
        office.config.write_text(text.replace(f"port = {office.mail.port}", f"port = {system.port}"))

    def run(self, *arguments, at=FIRST_NIGHT):
        status, command = self.breeder.run(self.office.folder, *arguments, at=at)
        assert status == 0, command.said
        return command.said

    def wait_for(self, name, count):
        wait_until(lambda: len(self.system.letters(name)) >= count, f"{count} letters for {name}")
        assert len(self.system.letters(name)) == count
        return self.system.letters(name)[-1]

    def follow(self, *addresses):
        served = self.breeder.start(self.office.folder, "browse", "--public", "--port", "0", at=FIRST_NIGHT)
        reader = Reader(served.port(), Host="register.example.org")
        for address in addresses:
            assert reader.sign_up(PAGE, address).status == 303
        self.run("notify")
        for address in addresses:
            name, _, domain = address.partition("@")
            if domain == "example.org":
                letter = self.wait_for(name, 1)
            else:
                wait_until(lambda address=address: self.office.taken(address) != [], f"a letter for {address}")
                (letter,) = self.office.taken(address)
            assert reader.ask(link(letter, "confirm"), {}).status in (200, 303)
        served.stop()

    def press(self, path):
        served = self.breeder.start(self.office.folder, "browse", "--public", "--port", "0", at=FIRST_NIGHT)
        status = Reader(served.port(), Host="register.example.org").ask(path, ONE_CLICK).status
        served.stop()
        return status

    def news(self, end, at):
        self.office.server.site.pages[HARROW] = with_project(HARROWDALE, end=end)
        self.run("run", at=at)

    def counts(self, at):
        with self.office.context(lambda: at) as context:
            return context.people().counts(at)


def link(letter, use):
    (found,) = {word for word in letter.get_body("plain").get_content().split() if f"{BASE_URL}/follow/{use}/" in word}
    return found.removeprefix(BASE_URL)


def end_told(letter):
    return letter.get_body("plain").get_content().split("-> ")[1].split()[0]


@pytest.fixture
def office():
    with open_folder() as folder, RegisterServer(Site(dict(REGISTER))) as server, LoopbackMail() as mail:
        (folder / "office").mkdir()
        office = Follow(folder / "office", server, mail)
        add_key(office.folder / "people.key")
        yield office


@pytest.fixture
def post(office, breeder):
    with held_port() as port, running_postfix(port) as postfix:
        postfix.configure(recipe("recipient_delimiter = +"))
        postfix.configure(recipe("default_privs = registerwatch").replace("registerwatch", USER))
        postfix.alias(**{name: f"{postfix.maildir(name)}/" for name in ("ada", "ghost")})
        post = Post(office, postfix, breeder)
        post.run("run")
        yield post


@needs_postfix
def test_postfix_with_a_maildir(post):
    folder = post.system.maildir("bounces")
    recipe("echo 'bounces: /var/lib/registerwatch/bounces/'")
    post.system.alias(bounces=f"{folder}/")
    tell_a_ghost(post, lambda at: post.run("bounces", folder, at=at))
    assert post.system.letters("bounces") == []

    letter = post.system.letters("ada")[-1]
    address = next(one for one in letter["List-Unsubscribe"].split("<") if one.startswith("mailto:")).split(">")[0]
    wish = EmailMessage()
    wish["From"], wish["To"] = ADA, unquote(urlsplit(address).path)
    wish["Subject"] = parse_qs(urlsplit(address).query).get("subject", ["stop"])[0]
    wish.set_content("")
    with smtplib.SMTP("127.0.0.1", post.system.port) as mailer:
        mailer.send_message(wish)
    post.wait_for("bounces", 1)
    post.run("bounces", folder, at=FIRST_NIGHT + 4 * DAY)

    before = len(post.system.letters("ada"))
    post.news("2039-03-12", FIRST_NIGHT + 5 * DAY)
    assert post.counts(FIRST_NIGHT + 5 * DAY)["follows"] <= 1  # the ghost's
    wait_until(post.system.is_idle, "mail is under way")
    assert len(post.system.letters("ada")) == before


@needs_postfix
def test_postfix_with_a_pipe(post):
    line = recipe('bounces: "|cd /var/lib/registerwatch && /usr/local/bin/registerwatch bounces"')
    program = post.system.folder / "registerwatch"
    program.write_text(f"#!/bin/sh\n{for_everybody()} -c 'from cron.cli import main; main()' \"$@\"\n")
    program.chmod(0o755)
    own(post.office.folder)
    to = line.partition(" ")[2].replace("/var/lib/registerwatch", str(post.office.folder))
    post.system.alias(bounces=to.replace("/usr/local/bin/registerwatch", str(program)))

    def arrive(at):
        wait_until(lambda: post.system.log().count("delivered to command") >= at.day - 1, post.system.log())

    tell_a_ghost(post, arrive)

    assert post.system.deferred() == []
    assert post.press(link(post.system.letters("ada")[-1], "stop")) == 200


@needs_opensmtpd
def test_opensmtpd_with_a_maildir(office, breeder):
    lines = [
        recipe('action "bounces" maildir "/var/lib/registerwatch/bounces" alias { bounces = registerwatch }'),
        recipe(r'match from any for rcpt-to regex "^bounces\+.*@example\.org$" action "bounces"'),
    ]

    def settings(system):
        text = "\n".join(lines).replace("/var/lib/registerwatch/bounces", str(system.maildir("bounces")))
        return (
            text.replace("= registerwatch", f"= {USER}")
            + f"""
            action "ada" maildir "{system.maildir("ada")}" alias {{ ada = {USER} }}
            action "away" relay host "smtp://127.0.0.1:{office.mail.port}"
            match from any for rcpt-to "{ADA}" action "ada"
            match from any for any action "away"
            """
        )

    with held_port() as port, running_opensmtpd(port, settings) as system:
        post = Post(office, system, breeder)
        post.run("run")
        post.follow(ADA, AWAY)
        office.mail.refused[AWAY] = 550
        for number in (1, 2):
            at = FIRST_NIGHT + number * DAY
            post.news(f"203{number}-03-12", at)
            assert end_told(post.wait_for("ada", number + 1)) == f"203{number}-03-12"
            report = post.wait_for("bounces", 1)
            assert "message/delivery-status" in {part.get_content_type() for part in report.walk()}
            post.run("bounces", system.folder / "bounces", at=at)
            assert post.counts(at)["suspended"] == number // 2
        post.news("2033-03-12", FIRST_NIGHT + 3 * DAY)
        post.wait_for("ada", 4)
        wait_until(lambda: system.queued() == 0, "mail is under way")
        assert post.system.letters("bounces") == []


def tell_a_ghost(post, take):
    """Have two told, of whom one's mailbox goes; *take* what comes back, after which nothing goes there any more."""
    post.follow(ADA, GHOST)
    post.system.alias(ghost=None)
    for number in (1, 2):
        at = FIRST_NIGHT + number * DAY
        post.news(f"203{number}-03-12", at)
        assert end_told(post.wait_for("ada", number + 1)) == f"203{number}-03-12"
        if "/" in post.system.aliases["bounces"][:1]:
            report = post.wait_for("bounces", 1)
            assert "message/delivery-status" in {part.get_content_type() for part in report.walk()}
        take(at)
        wait_until(lambda number=number: post.counts(FIRST_NIGHT)["suspended"] == number // 2, "what came back")
    assert len(post.system.letters("ghost")) == 1  # the letter that asked
    bounced = post.system.log().count("status=bounced")
    assert bounced == 2

    post.news("2033-03-12", FIRST_NIGHT + 3 * DAY)

    assert end_told(post.wait_for("ada", 4)) == "2033-03-12"
    wait_until(post.system.is_idle, "mail is under way")
    assert post.system.log().count("status=bounced") == bounced


def for_everybody():
    """Return a command by which another user runs this program's Python; skip where none can."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}", "/usr/bin/python3"):
        command = ["env", f"PYTHONPATH={ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE=1", python]
        if shutil.which(python) and runs([*command, "-c", "import cron.cli, pydantic, snapshots.people.people"]):
            return " ".join(command)
    pytest.skip(f"the user {USER} can run no Python that has this program")


def runs(command):
    return subprocess.run(command, user=USER, cwd="/", capture_output=True, check=False).returncode == 0


def own(folder: Path):
    """Give a folder to the user of the recipes."""
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, USER)
    assert os.stat(folder).st_uid
