"""Two processes confirm, stop, sign up, run and deliver at once: nobody is told twice or unasked, nobody forgotten."""

import shutil
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest

from snapshots.people.keys import Keys, add_key
from snapshots.people.people import Followable, SignUp, open_people
from tests.harness.editions import HARROWDALE, REGISTER, with_project
from tests.harness.mail_server import LoopbackMail
from tests.harness.nights import FIRST_NIGHT
from tests.harness.readers import ADA, ONE_CLICK, Follow, Reader
from tests.harness.register_server import RegisterServer, Site
from tests.notify.channels.test_returned import DSN

HARROW, *_ = REGISTER
PAGE = f"/organisations/{HARROW}"
BOARD = Followable(what=PAGE, asks=f"organisation={HARROW}", said="University of Harrowdale")
DAY = timedelta(days=1)
SECOND = FIRST_NIGHT + DAY
MANY = [f"reader{number}@example.org" for number in range(30)]


@pytest.fixture(scope="module")
def servers(tmp_path_factory, breeder):
    with RegisterServer(Site(dict(REGISTER))) as server, LoopbackMail() as mail:
        office = Follow(tmp_path_factory.mktemp("at-once"), server, mail)
        add_key(office.folder / "people.key")
        assert breeder.run(office.folder, "run", at=FIRST_NIGHT)[0] == 0
        yield server, mail, office.folder


@pytest.fixture
def office(servers, tmp_path):
    server, mail, before = servers
    mail.taken.clear()
    server.site.pages[HARROW] = HARROWDALE
    return Follow(shutil.copytree(before, tmp_path / "office"), server, mail)


@pytest.fixture
def commands(breeder, office):
    """Run some commands at once, each in a process of its own; return how they ended and what they said."""

    def at_once(at, *commands):
        running = [breeder.start(office.folder, *command, at=at) for command in commands]
        return [(command.wait(), command.said) for command in running]

    return at_once


@pytest.fixture
def readers(breeder, office):
    """Serve the pages by two processes at once."""
    running = [breeder.start(office.folder, "browse", "--public", "--port", "0", at=FIRST_NIGHT) for _ in range(2)]
    yield [Reader(served.port(), Host="register.example.org") for served in running]
    for served in running:
        served.stop()


def both(*asked):
    """Ask all at once; return the statuses."""
    with ThreadPoolExecutor(len(asked)) as pool:
        return [one.status for one in pool.map(lambda ask: ask[0].ask(*ask[1:]), asked)]


def follows(office):
    with closing(sqlite3.connect(office.folder / "people.db")) as people:
        return people.execute("select count(*) from follows").fetchone()[0]


def following(office, addresses, frequency="daily"):
    """Have many confirm."""
    office.now = FIRST_NIGHT
    with closing(open_people(office.folder / "people.db", Keys.read(office.folder / "people.key"))) as people:
        forms = [
            SignUp(address=address, followable=BOARD, frequency=frequency, client=f"10.{number}.0.1")
            for number, address in enumerate(addresses)
        ]
        assert people.sign_up(forms, FIRST_NIGHT) == len(forms)
        for letter in people.letters_due(FIRST_NIGHT):
            people.confirm(letter.asked, FIRST_NIGHT)


def news(office, end):
    office.server.site.pages[HARROW] = with_project(HARROWDALE, end=end)


def told_of(office, end):
    """Return how many messages told each reader of a new end."""
    taken = office.mail.taken
    return Counter(one.to[0] for one in taken if f"-> {end}" in one.message.get_body("plain").get_content())


@pytest.mark.soak
def test_two_processes_confirm_at_once_and_there_is_one_follow(office, readers, commands):
    readers[0].sign_up(PAGE)
    commands(FIRST_NIGHT, ["notify"])
    link = office.link("confirm")

    assert set(both(*[(readers[number % 2], link, {}) for number in range(8)])) <= {200, 303}

    assert follows(office) == 1
    news(office, "2029-03-12")
    commands(SECOND, ["run"])
    assert told_of(office, "2029-03-12") == {ADA: 1}


def test_two_processes_confirm_and_stop_at_once_and_a_stop_that_was_answered_holds(office, readers, commands):
    readers[0].sign_up(PAGE)
    commands(FIRST_NIGHT, ["notify"])
    readers[0].ask(office.link("confirm"), {})
    news(office, "2029-03-12")
    commands(SECOND, ["run"])
    stop, first = office.link("stop"), office.link("confirm", 0)

    for number in range(6):
        statuses = both((readers[0], stop, ONE_CLICK), (readers[1], first, {}), (readers[number % 2], stop, ONE_CLICK))
        assert set(statuses) <= {200, 303, 404}

    assert follows(office) == 0
    news(office, "2030-03-12")
    commands(SECOND + DAY / 2, ["run"])
    assert told_of(office, "2030-03-12") == {}


@pytest.mark.soak
def test_two_processes_take_one_address_at_once_and_send_no_more_letters_than_one_would(office, readers, commands):
    forms = [{**readers[0].form(PAGE), "address": ADA, "frequency": frequency} for frequency in ("run", "weekly")]

    assert set(both(*[(readers[n % 2], "/follow", forms[n // 2 % 2]) for n in range(12)])) == {303}

    commands(FIRST_NIGHT, ["notify"], ["notify"])
    assert 1 <= len(office.taken(ADA)) <= 3
    assert set(Counter(one["Message-ID"] for one in office.taken()).values()) == {1}


@pytest.mark.soak
def test_two_processes_deliver_at_once_and_each_is_told_once(office, commands):
    following(office, MANY)
    news(office, "2029-03-12")
    commands(SECOND, ["run"])
    assert told_of(office, "2029-03-12") == {}

    ended = commands(SECOND + DAY, ["notify"], ["notify"], ["notify"])

    assert {status for status, _ in ended} <= {0, 3}, ended
    commands(SECOND + 2 * DAY, ["notify"])
    assert told_of(office, "2029-03-12") == dict.fromkeys(MANY, 1)


def test_two_processes_run_at_once_and_each_is_told_once(office, commands):
    following(office, MANY, "run")
    news(office, "2029-03-12")

    commands(SECOND, ["run"], ["notify"], ["run"], ["notify"])
    commands(SECOND + timedelta(hours=1), ["run"], ["notify"])

    assert told_of(office, "2029-03-12") == dict.fromkeys(MANY, 1)


@pytest.mark.soak
def test_who_stops_while_two_processes_deliver_is_told_once_or_not_at_all(office, readers, commands, breeder):
    following(office, MANY)
    news(office, "2029-03-12")
    commands(SECOND, ["run"])
    keys = Keys.read(office.folder / "people.key")
    with closing(open_people(office.folder / "people.db", keys)) as people:
        stops = [f"/follow/stop/{keys.token('stop', people.find(address))}" for address in MANY]

    running = [breeder.start(office.folder, "notify", at=SECOND + DAY) for _ in range(2)]
    statuses = both(*[(readers[n % 2], stop, ONE_CLICK) for n, stop in enumerate(stops[::2])])
    ended = [(one.wait(), one.said) for one in running]

    assert set(statuses) == {200}
    assert {status for status, _ in ended} <= {0, 3}, ended
    told = told_of(office, "2029-03-12")
    assert {address: told[address] for address in MANY[1::2]} == dict.fromkeys(MANY[1::2], 1)
    assert set(told.values()) == {1}
    news(office, "2030-03-12")
    commands(SECOND + 2 * DAY, ["run"])
    commands(SECOND + 3 * DAY, ["notify"], ["notify"])
    assert told_of(office, "2030-03-12") == dict.fromkeys(MANY[1::2], 1)


@pytest.mark.soak
def test_two_processes_read_one_mailbox_at_once_and_each_letter_counts_once(office, commands):
    following(office, MANY, "run")
    for number, end in enumerate(("2029-03-12", "2030-03-12")):
        news(office, end)
        commands(SECOND + number * DAY, ["run"])
    first, second = office.mail.taken[: len(MANY)], office.mail.taken[len(MANY) :]
    for letters, suspended in ((first, 0), (first, 0), (second, len(MANY))):
        for number, one in enumerate(letters):
            dsn = DSN.format(action="failed", status="5.1.1").replace("bounces+x@example.org", one.sender)
            for name in ("new", "cur", "tmp"):
                (office.folder / "bounces" / name).mkdir(parents=True, exist_ok=True)
            (office.folder / "bounces/new" / f"{number}.{one.sender[8:20]}").write_text(dsn)

        ended = commands(SECOND + 2 * DAY, *[["bounces", "bounces"]] * 3)

        assert {status for status, _ in ended} == {0}, ended
        assert list((office.folder / "bounces/new").iterdir()) == []
        with office.context(lambda: SECOND + 2 * DAY) as context:
            assert context.people().counts(SECOND + 2 * DAY)["suspended"] == suspended
