"""Killed at any instant between form, database and mail: nobody is told twice or unasked, and nobody is forgotten."""

import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPException
from itertools import count
from pathlib import Path

import pytest

from snapshots.people.keys import add_key
from tests.harness.editions import HARROWDALE, REGISTER, with_project
from tests.harness.instants import KILLED, Breeder
from tests.harness.mail_server import LoopbackMail
from tests.harness.nights import FIRST_NIGHT
from tests.harness.readers import ADA, ONE_CLICK, Follow, Reader
from tests.harness.register_server import RegisterServer, Site
from tests.notify.channels.test_returned import ARF, DSN

HARROW, *_ = REGISTER
PAGE = f"/organisations/{HARROW}"
NAME = "register.example.org"
BEA, CLEO, EVE, UNA, NEW = (f"{name}@example.org" for name in ("bea", "cleo", "eve", "una", "new"))
TOLD_AT = {ADA: "run", BEA: "daily", CLEO: "daily"}
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SECOND, THIRD = FIRST_NIGHT + DAY, FIRST_NIGHT + 2 * DAY


@dataclass(frozen=True)
class Stage:
    """The servers, what starts commands, and a folder in which two are to be told in the morning."""

    breeder: Breeder
    server: RegisterServer
    mail: LoopbackMail
    before: Path
    sent_to_ada: str  # the return path of the letter that told her
    numbers: count

    def office(self, folder):
        """Return an office as it was before, with an empty postbag."""
        own = folder / f"case-{next(self.numbers)}"
        shutil.copytree(self.before, own)
        self.mail.taken.clear()
        print_end(self.server, "2029-03-12")
        return Case(Follow(own, self.server, self.mail), self)


def print_end(server, end):
    server.site.pages[HARROW] = with_project(HARROWDALE, end=end)


@dataclass(frozen=True)
class Case:
    """An office whose commands are real processes."""

    office: Follow
    stage: Stage

    def run(self, *arguments, at, **options):
        return self.stage.breeder.run(self.office.folder, *arguments, at=at, **options)

    def well(self, *arguments, at, **options):
        """Run a command that must do well."""
        status, command = self.run(*arguments, at=at, **options)
        assert status == 0, command.said
        return command.said

    @contextmanager
    def pages(self, at, kill_at=None):
        """Serve the pages. Counted are instants from the time on that the test says so."""
        folder = self.office.folder
        served = self.stage.breeder.start(
            folder, "browse", "--public", "--port", "0", at=at, kill_at=kill_at, counting=False
        )
        try:
            yield served, Reader(served.port(), Host=NAME)
        finally:
            served.stop()

    def press(self, path, form, at):
        with self.pages(at) as (_, reader):
            return reader.ask(path, form).status

    def told(self, address, end):
        """Return how many different messages told somebody of a new end."""
        messages = {one["Message-ID"]: one for one in self.office.taken(address)}
        return sum(f"-> {end}" in one.get_body("plain").get_content() for one in messages.values())

    def copies(self):
        """Return how often each message was handed over."""
        return Counter((one["Message-ID"], one["To"]) for one in self.office.taken())

    def tomorrow(self, end, at):
        """Have news told the next night, and the morning after it to those who are told in the morning."""
        print_end(self.stage.server, end)
        self.well("run", at=at)
        self.well("notify", at=at + DAY)


@pytest.fixture(scope="module")
def stage(tmp_path_factory, breeder):
    with RegisterServer(Site(dict(REGISTER))) as server, LoopbackMail() as mail:
        office = Follow(tmp_path_factory.mktemp("killed"), server, mail)
        add_key(office.folder / "people.key")
        stage = Stage(breeder, server, mail, office.folder, "", count())
        case = Case(office, stage)
        case.well("run", at=FIRST_NIGHT)
        with case.pages(FIRST_NIGHT) as (_, reader):
            for address, frequency in {**TOLD_AT, EVE: "run", UNA: "run"}.items():
                assert reader.sign_up(PAGE, address, frequency).status == 303
            case.well("notify", at=FIRST_NIGHT)
            for address in (*TOLD_AT, EVE):
                assert reader.ask(office.link("confirm", address=address), {}).status in (200, 303)
            links = {address: office.link("confirm", address=address) for address in (EVE, UNA)}
        print_end(server, "2028-03-12")
        case.well("run", at=FIRST_NIGHT + HOUR)
        assert case.press(office.link("stop", address=EVE), ONE_CLICK, FIRST_NIGHT + HOUR) == 200
        case.well("notify", at=FIRST_NIGHT + 12 * HOUR)
        assert {address: case.told(address, "2028-03-12") for address in TOLD_AT} == dict.fromkeys(TOLD_AT, 1)
        (office.folder / "una").write_text(links[UNA])
        (office.folder / "stop").write_text(office.link("stop"))
        (office.folder / "manage").write_text(office.link("manage"))
        print_end(server, "2029-03-12")
        case.well("run", at=SECOND)
        senders = [one.sender for one in mail.taken if one.to == (ADA,)]
        assert case.told(ADA, "2029-03-12") == 1
        assert case.told(BEA, "2029-03-12") == 0
        yield Stage(breeder, server, mail, office.folder, senders[-1], count())


def answered(reader, *asked):
    """Return the status of the answer, or None where none came."""
    try:
        return reader.ask(*asked).status
    except (OSError, HTTPException):
        return None


# --- what is killed: each does one thing, is killed at an instant, and asserts what must be true then -----------------


def sign_up(case, kill_at):
    with case.pages(SECOND, kill_at) as (served, reader):
        form = {**reader.form(PAGE), "address": NEW, "frequency": "run"}
        served.count()
        status = answered(reader, "/follow", form)
        served.until(lambda: case.office.taken(NEW) != [])
        instants = served.instants
    case.well("notify", at=SECOND + 3 * HOUR)
    ids = {one["Message-ID"] for one in case.office.taken(NEW)}
    assert len(ids) == 1 if status else len(ids) <= 1
    assert status in (303, None)

    if ids:
        assert case.press(case.office.link("confirm", address=NEW), {}, SECOND + 4 * HOUR) in (200, 303)
    case.tomorrow("2030-03-12", THIRD)
    assert case.told(NEW, "2030-03-12") == len(ids)
    return instants


def confirm(case, kill_at):
    link = (case.office.folder / "una").read_text()
    with case.pages(SECOND, kill_at) as (served, reader):
        served.count()
        status = answered(reader, link, {})
        instants = served.instants
    if status is None:
        assert case.press(link, {}, SECOND + HOUR) in (200, 303)
    case.tomorrow("2030-03-12", THIRD)
    assert case.told(UNA, "2030-03-12") == 1
    assert case.told(UNA, "2029-03-12") == 0
    return instants


def stop(case, kill_at):
    link = (case.office.folder / "stop").read_text()
    with case.pages(SECOND, kill_at) as (served, reader):
        served.count()
        status = answered(reader, link, ONE_CLICK)
        instants = served.instants
    assert status in (200, None)
    if status is None:
        assert case.press(link, ONE_CLICK, SECOND + HOUR) in (200, 404)
    case.tomorrow("2030-03-12", THIRD)
    assert case.told(ADA, "2030-03-12") == 0
    assert case.told(BEA, "2030-03-12") == 1
    return instants


def erase_oneself(case, kill_at):
    link = (case.office.folder / "manage").read_text()
    with case.pages(SECOND, kill_at) as (served, reader):
        served.count()
        status = answered(reader, link, {"erase": "1"})
        instants = served.instants
    if status is None:
        assert case.press(link, {"erase": "1"}, SECOND + HOUR) in (200, 303, 404)
    is_gone(case)
    return instants


def is_gone(case):
    """Assert that nothing is left of Ada, and that all others are told."""
    status, _ = case.run("followers", "show", ADA, at=SECOND + HOUR)
    assert status == 1
    case.tomorrow("2030-03-12", THIRD)
    assert case.told(ADA, "2030-03-12") == 0
    assert case.told(BEA, "2030-03-12") == 1
    kept = b"".join(path.read_bytes() for path in case.office.folder.glob("people.db*"))
    assert b"ada@" not in kept


def erase(case, kill_at):
    _, command = case.run("followers", "erase", ADA, at=SECOND, kill_at=kill_at)
    status, again = case.run("followers", "erase", ADA, at=SECOND + HOUR)
    assert status in (0, 1), again.said
    is_gone(case)
    return command.instants


def night(case, kill_at):
    print_end(case.stage.server, "2030-03-12")
    _, command = case.run("run", at=THIRD, kill_at=kill_at)
    case.well("notify", at=THIRD + HOUR)
    case.well("run", at=THIRD + 2 * HOUR)
    case.well("notify", at=THIRD + DAY)
    everybody_once(case, "2030-03-12")
    assert case.told(BEA, "2029-03-12") == case.told(CLEO, "2029-03-12") == 1
    assert case.told(ADA, "2029-03-12") == 0
    return command.instants


def everybody_once(case, end):
    """Assert that everybody was told once, and that at most the message under way was handed over once more."""
    assert {address: case.told(address, end) for address in TOLD_AT} == dict.fromkeys(TOLD_AT, 1)
    assert {address for _, address in case.copies()} == set(TOLD_AT)
    assert sum(case.copies().values()) <= len(case.copies()) + 1


def digests(case, kill_at):
    _, command = case.run("notify", at=SECOND + DAY, kill_at=kill_at)
    case.well("notify", at=SECOND + DAY + HOUR)
    case.well("notify", at=SECOND + 2 * DAY)
    assert case.told(BEA, "2029-03-12") == case.told(CLEO, "2029-03-12") == 1
    assert {address for _, address in case.copies()} == {BEA, CLEO}
    assert sum(case.copies().values()) <= 3
    return command.instants


def refused(case, kill_at):
    case.office.mail.refused = {BEA: "550 5.1.1 no such mailbox"}
    _, command = case.run("notify", at=SECOND + DAY, kill_at=kill_at)
    case.run("notify", at=SECOND + DAY + HOUR)
    case.office.mail.refused = {}
    case.tomorrow("2030-03-12", SECOND + 2 * DAY)
    assert case.told(CLEO, "2029-03-12") == case.told(CLEO, "2030-03-12") == 1
    assert case.told(BEA, "2030-03-12") == 1  # one letter that came back suspends nobody, however often it was tried
    return command.instants


def came_back(case, text, sender):
    """Put a letter into a Maildir."""
    box = case.office.folder / "bounces"
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True, exist_ok=True)
    (box / "new" / str(len(list(box.rglob("*"))))).write_text(text.replace("bounces+x@example.org", sender))


def bounce(case, kill_at):
    dsn = DSN.format(action="failed", status="5.1.1")
    came_back(case, dsn, case.stage.sent_to_ada)
    _, command = case.run("bounces", "bounces", at=SECOND, kill_at=kill_at)
    case.well("bounces", "bounces", at=SECOND + HOUR)
    assert list((case.office.folder / "bounces/new").iterdir()) == []
    twice(case, dsn)
    return command.instants


def twice(case, dsn):
    """Assert that one letter came back so far, and that the second one suspends."""
    case.tomorrow("2030-03-12", THIRD)
    assert case.told(ADA, "2030-03-12") == 1
    came_back(case, dsn, next(one.sender for one in case.office.mail.taken if one.to == (ADA,)))
    case.well("bounces", "bounces", at=THIRD + HOUR)
    case.tomorrow("2031-03-12", THIRD + DAY)
    assert case.told(ADA, "2031-03-12") == 0
    assert case.told(BEA, "2031-03-12") == 1


def piped_bounce(case, kill_at):
    dsn = DSN.format(action="failed", status="5.1.1")
    typed = dsn.replace("bounces+x@example.org", case.stage.sent_to_ada).encode()
    status, command = case.run("bounces", at=SECOND, kill_at=kill_at, typed=typed)
    if status == KILLED:  # a mail server keeps what a pipe did not take
        case.well("bounces", at=SECOND + HOUR, typed=typed)
    twice(case, dsn)
    return command.instants


def complaint(case, kill_at):
    report = ARF.format(kind="abuse").replace("From: feedback", f"To: {case.stage.sent_to_ada}\nFrom: feedback")
    came_back(case, report, "")
    _, command = case.run("bounces", "bounces", at=SECOND, kill_at=kill_at)
    case.well("bounces", "bounces", at=SECOND + HOUR)
    is_gone(case)
    with case.pages(THIRD + DAY) as (_, reader):
        assert reader.sign_up(PAGE, ADA).status == 303
    case.well("notify", at=THIRD + DAY)
    assert case.office.taken(ADA) == []
    return command.instants


def new_key(case, kill_at):
    _, command = case.run("followers", "rotate", at=SECOND, kill_at=kill_at)
    case.tomorrow("2030-03-12", THIRD)
    assert case.told(ADA, "2030-03-12") == 1
    for link in ((case.office.folder / "stop").read_text(), case.office.link("stop")):
        with case.pages(THIRD) as (_, reader):
            assert reader.ask(link).status == 200
    return command.instants


CASES = (
    sign_up,
    confirm,
    stop,
    erase_oneself,
    erase,
    night,
    digests,
    refused,
    bounce,
    piped_bounce,
    complaint,
    new_key,
)
DECISIVE = (
    (sign_up, "update asked set"),
    (night, "update people set"),
)
"""What is killed also where there is no time to try every instant, right before what."""


@pytest.mark.parametrize(("case", "before"), DECISIVE, ids=lambda one: getattr(one, "__name__", one))
def test_killed_at_a_decisive_instant(stage, tmp_path, case, before):
    instants = case(stage.office(tmp_path), before)

    assert instants[-1] == "killed"


def of_interest(instants):
    """Return the numbers of all instants but those at which a feed is written."""
    padded = ["", *instants, "", ""]
    return [n for n in range(len(instants) + 1) if not all(what.startswith("os.") for what in padded[n : n + 3])]


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_killed_at_every_instant(stage, tmp_path, case):
    wrong = {}
    instants = case(stage.office(tmp_path), None)
    for number in of_interest(instants):
        try:
            case(stage.office(tmp_path), number)
        except AssertionError as error:
            wrong[number, " | ".join(instants[number - 1 : number + 1])] = str(error)

    assert wrong == {}
