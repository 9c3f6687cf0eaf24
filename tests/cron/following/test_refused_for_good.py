"""A mailbox that is gone, as the mail server says at once: two letters suspend, and no person is needed every night."""

import io
import json
from datetime import timedelta

import pytest

from cron.following.returned import take_returned
from snapshots.people.keys import Keys, add_key
from snapshots.people.people import Followable, SignUp, open_people
from tests.harness.editions import HARROWDALE, REGISTER, with_project
from tests.harness.mail_server import LoopbackMail
from tests.harness.nights import FIRST_NIGHT
from tests.harness.readers import ADA, Follow
from tests.harness.register_server import RegisterServer, Site
from tests.notify.channels.test_returned import DSN

HARROW, *_ = REGISTER
BEA = "bea@example.org"
DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path):
    with RegisterServer(Site(dict(REGISTER))) as server, LoopbackMail() as mail:
        office = Follow(tmp_path, server, mail)
        add_key(tmp_path / "people.key")
        office.night_at(FIRST_NIGHT)
        yield office


def follow(office, *addresses, frequency="run"):
    keys = Keys.read(office.folder / "people.key")
    board = Followable(what=f"/organisations/{HARROW}", asks=f"organisation={HARROW}", said="Harrowdale")
    people = open_people(office.folder / "people.db", keys)
    for number, address in enumerate(addresses):
        client = f"10.{number}.0.1"
        people.sign_up([SignUp(address=address, followable=board, frequency=frequency, client=client)], FIRST_NIGHT)
        (letter,) = people.letters_due(FIRST_NIGHT)
        people.confirm(letter.asked, FIRST_NIGHT)
    people.close()


def night(office, number):
    """Have news told; return what was delivered."""
    office.server.site.pages[HARROW] = with_project(HARROWDALE, end=f"{2030 + number}-03-12")
    return office.night_at(FIRST_NIGHT + number * DAY)[1]


def suspended(office):
    with office.context(lambda: office.now) as context:
        return context.people().counts(office.now)["suspended"]


def undelivered(office):
    """Return what `status` says of messages that wait; that no run came since is this test's own doing."""
    (status,) = json.loads(office.run("status", "--format", "json").stdout)
    return status["undelivered"]


@pytest.mark.parametrize("answer", ["550 5.1.1 <ada@example.org> user unknown", "550 no such user here"])
def test_a_mailbox_that_is_gone_is_suspended_after_two_letters_and_needs_no_person(office, answer):
    follow(office, ADA, BEA)
    office.mail.refused = {ADA: answer}
    for number in (1, 2):
        told = night(office, number)
        assert told.all_well
        assert undelivered(office) == []
        assert suspended(office) == number // 2
    office.mail.commands.clear()

    night(office, 3)
    office.deliver(office.now + DAY)

    assert office.mail.to() == [BEA] * 3
    assert office.mail.commands.count("RCPT") == 1


@pytest.mark.parametrize(
    "answer",
    ["450 4.2.1 later", "554 5.7.1 relay access denied", "552 5.2.2 mailbox full", "550 5.1.8 sender rejected"],
)
def test_what_is_refused_for_another_reason_is_tried_again(office, answer):
    follow(office, ADA, BEA)
    office.mail.refused = {ADA: answer}
    assert not night(office, 1).all_well
    assert undelivered(office)
    office.mail.refused = {}

    office.deliver(office.now + timedelta(hours=1))

    assert sorted(office.mail.to()) == [ADA, BEA]
    assert suspended(office) == 0


def test_a_server_that_takes_nothing_at_all_refuses_us_and_no_reader(office):
    follow(office, ADA, BEA)
    office.mail.refused = dict.fromkeys((ADA, BEA), "550 no relaying")
    for number in (1, 2, 3):
        assert not night(office, number).all_well
    assert suspended(office) == 0
    office.mail.refused = {}

    office.deliver(office.now + DAY)

    assert set(office.mail.to()) == {ADA, BEA}


def test_a_letter_that_is_refused_and_also_sent_back_counts_once(office):
    follow(office, ADA, BEA)
    night(office, 1)
    sender = next(one.sender for one in office.mail.taken if one.to == (ADA,))
    dsn = DSN.format(action="failed", status="5.1.1").replace("bounces+x@example.org", sender).encode()
    for _ in range(2):
        with office.context(lambda: office.now) as context:
            take_returned(context, None, io.BytesIO(dsn))
    assert suspended(office) == 0
    office.mail.refused = {ADA: 550}

    night(office, 2)

    assert suspended(office) == 1


@pytest.mark.parametrize("frequency", ["daily", "weekly"])
def test_what_was_due_to_a_suspended_address_waits_for_nobody(office, frequency):
    follow(office, ADA, frequency=frequency)
    night(office, 1)
    with office.context(lambda: office.now) as context:
        person = context.people().find(ADA)
        for message in ("m1", "m2"):
            context.people().note_returned(person, message, "hard", office.now)

    told = [office.deliver(office.now + number * DAY) for number in (1, 8, 9)]

    assert all(one.all_well for one in told)
    assert office.mail.to() == []
    assert office.rows("state") == []
