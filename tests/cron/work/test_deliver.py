"""What is due is delivered, once: on a clock of the test, through a real mail server that fails where it is told to."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from cron.work.afterwards import after_failure, deliver_and_note
from notify.channels.webhook import signature
from scraper.errors import SettingsError
from tests.harness.editions import HARROWDALE, REGISTER, Page, many, with_project
from tests.harness.mail_server import Die, LoopbackMail, Refuse
from tests.harness.nights import BIG, FIRST_NIGHT
from tests.harness.office import ALL, Office
from tests.harness.register_server import MAINTENANCE, RegisterServer, Site
from tests.harness.servers import Loopback, answer

HARROW, WEX, EAST = REGISTER
NEWS = with_project(HARROWDALE, end="2029-03-12")
SECOND_NIGHT = FIRST_NIGHT + timedelta(days=1)
OPERATOR = "operator@example.org"

ECDS = {"name": "beds", "email": "beds@example.org", "datasets": ["ECDS"]}
HARROWDALES = {"name": "harrow", "email": "harrow@example.org", "organisations": [HARROW], "expiring": []}
SEVERE = {"name": "severe", "email": "severe@example.org", "severity": "high"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """A register and a mail server for all tests, and a database in which the register was read once."""
    with RegisterServer() as server, LoopbackMail() as mail:
        server.site = Site(dict(REGISTER))
        office = Office(tmp_path_factory.mktemp("first"), server, mail)
        office.night_at(FIRST_NIGHT)
        yield server, mail, office.database


@pytest.fixture
def server(servers):
    server, _, _ = servers
    server.site = Site(dict(REGISTER))
    return server


@pytest.fixture
def mail(servers):
    _, mail, _ = servers
    mail.taken.clear()
    mail.faults.clear()
    mail.refused.clear()
    return mail


@pytest.fixture
def office(tmp_path, servers, server, mail):
    """A register that was read once; three subscriptions."""
    shutil.copy(servers[2], tmp_path)
    return Office(tmp_path, server, mail, ECDS, HARROWDALES, ALL)


def news(office, page=NEWS, slug=HARROW):
    office.server.site.pages[slug] = page


# --- who is told, once ------------------------------------------------------------------------------------------------


def test_the_first_run_tells_nobody(tmp_path, server, mail):
    office = Office(tmp_path, server, mail, ECDS, HARROWDALES, ALL)
    office.night_at(FIRST_NIGHT)

    assert (mail.taken, office.rows("*")) == ([], [])


def test_a_night_with_news_is_told_to_those_who_follow_it_and_only_once(office, mail):
    news(office)
    office.night_at(SECOND_NIGHT)
    assert sorted(mail.to()) == ["all@example.org", "harrow@example.org"]

    office.night_at(SECOND_NIGHT + timedelta(hours=1))
    office.deliver(SECOND_NIGHT + timedelta(days=1))

    assert len(mail.taken) == 2
    assert {state for (state,) in office.rows("state")} == {"delivered"}


def test_a_subscription_added_later_starts_from_now(office, mail):
    news(office)
    office.night_at(SECOND_NIGHT)
    mail.taken.clear()

    office.tells(ALL, {**ALL, "name": "new", "email": "new@example.org"})
    office.night_at(SECOND_NIGHT + timedelta(days=1))
    assert mail.to() == []

    news(office, with_project(HARROWDALE, end="2031-03-12"))
    office.night_at(SECOND_NIGHT + timedelta(days=2))
    assert sorted(mail.to()) == ["all@example.org", "new@example.org"]
    (message,) = office.taken("new@example.org")
    assert "2029-03-12 -> 2031-03-12" in message.get_body("plain").get_content()


def test_a_change_that_comes_to_stand_in_a_group_before_the_morning_is_told(office, mail):
    office.tells({**HARROWDALES, "when": "daily"})
    news(office, with_project(HARROWDALE, sensitive="Sensitive"))
    office.night_at(SECOND_NIGHT)
    (single,) = office.rows("item")
    with closing(sqlite3.connect(office.database)) as database:
        database.execute("update changes set member_of = id, is_group = 0 where id = ?", single)
        database.commit()

    office.deliver(SECOND_NIGHT + timedelta(hours=8))

    assert mail.to() == ["harrow@example.org"]


def test_nothing_is_sent_of_what_no_longer_holds_and_no_person_is_needed(office, mail):
    news(office)
    office.tells({**HARROWDALES, "when": "daily"})
    office.night_at(SECOND_NIGHT)
    mail.taken.clear()
    with closing(sqlite3.connect(office.database)) as database:
        database.execute("delete from changes")
        database.commit()

    office.deliver(SECOND_NIGHT + timedelta(hours=8))
    office.deliver(SECOND_NIGHT + timedelta(days=3))

    assert mail.to() == []
    assert office.rows("state", "failure")[0] == ("given up", "what was to be told no longer holds")
    assert office.status()["undelivered"] == []


def test_a_group_is_told_with_the_members_that_touch_the_follower(tmp_path, server, mail):
    boards = {f"board_{n:02}": Page(f"Board {n}", many(1, first=n)) for n in range(30)}
    server.site.pages = dict(boards)
    office = Office(tmp_path, server, mail, {**ALL, "organisations": ["board_07"], "expiring": []})
    office.night_at(FIRST_NIGHT)
    server.site.pages = {slug: with_project(page, sensitive="Sensitive") for slug, page in boards.items()}
    office.night_at(SECOND_NIGHT)

    (message,) = office.taken()
    text = message.get_body("plain").get_content()
    assert "DARS-NIC-500007-Q2W3E" in text
    assert text.count("DARS-NIC-5") == text.count("DARS-NIC-500007-Q2W3E")


def test_a_group_whose_follower_follows_something_else_by_now_names_no_member(tmp_path, server, mail):
    boards = {f"board_{n:02}": Page(f"Board {n}", many(1, first=n)) for n in range(30)}
    server.site.pages = dict(boards)
    follower = {**ALL, "organisations": ["board_07"], "expiring": [], "when": "daily"}
    office = Office(tmp_path, server, mail, follower)
    office.night_at(FIRST_NIGHT)
    server.site.pages = {slug: with_project(page, sensitive="Sensitive") for slug, page in boards.items()}
    office.night_at(SECOND_NIGHT)
    office.tells({**follower, "organisations": [], "words": ["nowhere"]})

    office.deliver(SECOND_NIGHT + timedelta(hours=8))

    (message,) = office.taken()
    text = message.get_body("plain").get_content()
    assert "30" in text
    assert "DARS-NIC-5" not in text


# --- when -------------------------------------------------------------------------------------------------------------


def test_a_digest_of_a_day_goes_out_at_its_time(office, mail):
    office.tells({**ALL, "when": "daily", "at": "08:00", "timezone": "UTC"})
    news(office)
    office.night_at(SECOND_NIGHT)

    office.deliver(SECOND_NIGHT.replace(hour=7, minute=59))
    assert mail.to() == []

    office.deliver(SECOND_NIGHT.replace(hour=8, minute=0))
    assert mail.to() == ["all@example.org"]


def test_a_digest_of_a_week_collects_several_runs_in_one_message(office, mail):
    office.tells({**ALL, "when": "weekly", "at": "mon 08:00", "timezone": "UTC"})
    for days, end in ((1, "2029-03-12"), (2, "2030-03-12"), (3, "2031-03-12")):
        news(office, with_project(HARROWDALE, end=end))
        office.night_at(FIRST_NIGHT + timedelta(days=days))
    next_monday = FIRST_NIGHT + timedelta(days=7)

    office.deliver(next_monday)
    assert mail.to() == []

    office.deliver(next_monday.replace(hour=8))
    (message,) = office.taken()
    text = message.get_body("plain").get_content()
    assert all(end in text for end in ("2029-03-12", "2030-03-12", "2031-03-12"))
    assert "3 changes" in message["Subject"]


# --- printed ends -----------------------------------------------------------------------------------------------------

ENDING = {"name": "harrow", "email": "harrow@example.org", "organisations": [HARROW]}


@pytest.fixture
def ending(tmp_path, server, mail):
    """A follower of one organisation, whose one printed end is 2026-10-09: 130 days after the first night."""
    news_page = with_project(HARROWDALE, end="2026-10-09")
    server.site.pages[HARROW] = news_page
    office = Office(tmp_path, server, mail, ENDING)
    office.night_at(FIRST_NIGHT)
    return office


def night_before(end, days):
    return datetime.fromisoformat(f"{end}T03:17:00+00:00") - timedelta(days=days)


def test_a_printed_end_is_told_once_at_90_days_and_once_at_30(ending, mail):
    told = {}
    for days in (91, 90, 89, 60, 31, 30, 29, 1):
        ending.night_at(night_before("2026-10-09", days))
        told[days] = len(mail.taken)
        mail.taken.clear()

    assert told == {91: 0, 90: 1, 89: 0, 60: 0, 31: 0, 30: 1, 29: 0, 1: 0}


def test_a_printed_end_that_moved_is_told_again(ending, mail):
    ending.night_at(night_before("2026-10-09", 80))
    mail.taken.clear()
    news(ending, with_project(HARROWDALE, end="2026-12-09"))

    ending.night_at(night_before("2026-12-09", 88))

    (message,) = ending.taken()
    text = message.get_body("plain").get_content()
    assert "88 days" in text
    assert "2026-10-09" in text  # the printed end moved


def test_an_end_that_moved_before_the_morning_is_not_told_as_coming_up(ending, mail):
    ending.tells({**ENDING, "when": "weekly", "at": "mon 08:00", "kinds": ["dataset-added"]})
    ending.night_at(night_before("2026-10-09", 90))
    assert [item for (item,) in ending.rows("item")] == ["end:DARS-NIC-204517-H6M2P:2026-10-09:90"]
    news(ending, with_project(HARROWDALE, end="2029-10-09"))
    ending.night_at(night_before("2026-10-09", 89))

    ending.deliver(night_before("2026-10-09", 80))

    assert mail.to() == []
    assert ending.status()["undelivered"] == []


# --- a server that fails ----------------------------------------------------------------------------------------------


def test_a_server_that_was_down_for_a_night_is_given_each_message_once_and_under_its_first_id(office, mail):
    news(office)
    mail.faults["greeting"] = [Die()] * 4
    _, result = office.night_at(SECOND_NIGHT)
    assert (result.sent, len(result.failed)) == (0, 2)
    assert mail.taken == []
    ids = dict(office.rows("subscription", "message"))

    office.deliver(SECOND_NIGHT + timedelta(minutes=6))
    office.deliver(SECOND_NIGHT + timedelta(hours=12))

    assert {one.to[0].partition("@")[0]: one.message["Message-ID"] for one in mail.taken} == ids
    assert len(mail.taken) == 2


def test_what_was_not_tried_does_not_wait_longer_for_it(office, mail):
    many_readers = [{**ALL, "name": f"n{n}", "email": f"n{n}@example.org"} for n in range(6)]
    office.tells(*many_readers)
    news(office)
    mail.faults["greeting"] = [Refuse(554)]

    _, result = office.night_at(SECOND_NIGHT)

    assert (len(result.failed), list(result.kept_back.values())) == (1, [5])
    assert sorted(office.rows("attempts")) == [(0,)] * 5 + [(1,)]
    assert office.deliver(SECOND_NIGHT + timedelta(minutes=1)).sent == 5
    assert office.deliver(SECOND_NIGHT + timedelta(minutes=6)).sent == 1
    assert len(set(mail.to())) == 6


def test_a_reader_who_is_refused_keeps_nobody_waiting(office, mail):
    news(office)
    mail.refused["all@example.org"] = 550

    _, result = office.night_at(SECOND_NIGHT)

    assert mail.to() == ["harrow@example.org"]
    assert result.failed == [("all", "recipient refused (550)")]


@pytest.mark.parametrize(
    ("step", "fault", "copies"),
    [("DATA", Die(), 1), ("dot", Die(), 1), ("taken", Die(), 2), ("dot", Refuse(), 1), ("taken", Refuse(), 2)],
)
def test_a_server_that_fails_under_way_gets_the_same_message_again(office, mail, step, fault, copies):
    office.tells(ALL)
    news(office)
    mail.faults[step] = [fault]

    office.night_at(SECOND_NIGHT)
    office.deliver(SECOND_NIGHT + timedelta(minutes=6))
    office.deliver(SECOND_NIGHT + timedelta(days=1))

    assert mail.to() == ["all@example.org"] * copies
    assert len({one.message["Message-ID"] for one in mail.taken}) == 1
    assert len({one.message.get_body("plain").get_content() for one in mail.taken}) == 1


def test_a_message_that_nobody_takes_for_a_week_is_given_up_and_the_operator_is_told(office, mail):
    office.tells(ALL, operator=OPERATOR)
    news(office)
    mail.refused["all@example.org"] = 550
    at = SECOND_NIGHT
    office.night_at(at)
    mail.taken.clear()

    for hours in range(6, 7 * 24 + 12, 6):
        result = office.deliver(at + timedelta(hours=hours, minutes=hours))
        if result.given_up:
            break

    assert result.given_up == [("all", "recipient refused (550)")]
    assert set(mail.to()) == {OPERATOR}
    text = office.taken()[-1].get_content()
    assert "1 message to all, due since" in " ".join(text.split())
    assert "all@example.org" not in text
    assert any("given up" in need for need in office.status()["needs_a_person"])
    assert office.run("status").exit_code == 3
    before = len(mail.taken)
    office.deliver(at + timedelta(days=8))
    assert "all@example.org" not in mail.to()
    assert sum("given up" in one.get_content() for one in office.taken(OPERATOR)[before:]) == 0


def test_waits_are_of_each_message_and_double(office, mail):
    office.tells(ALL)
    news(office)
    mail.refused["all@example.org"] = 450
    office.night_at(SECOND_NIGHT)

    waits = []
    for _ in range(9):
        ((next_at,),) = office.rows("next_attempt_at")
        at = datetime.fromisoformat(next_at)
        waits.append((at - office.now) / timedelta(minutes=1))
        office.now = at
        office.deliver(at)

    assert waits == [5, 10, 20, 40, 80, 160, 320, 360, 360]


def test_a_round_that_takes_long_notes_each_message_at_its_own_time(office):
    """Else a second process would take the last ones of it for messages of a process that was killed."""
    news(office)
    with office.context(lambda: SECOND_NIGHT) as context:
        office.run_at(SECOND_NIGHT, context=context)
    ticks = iter(range(1000))
    office.mail.refused |= {"all@example.org": 450, "harrow@example.org": 450}

    with office.context(lambda: SECOND_NIGHT + timedelta(minutes=next(ticks))) as context:
        deliver_and_note(context)

    first, second = sorted(datetime.fromisoformat(at) for (at,) in office.rows("next_attempt_at"))
    assert second - first >= timedelta(minutes=2)


def test_what_another_process_takes_first_keeps_nothing_beside_it_waiting(office, mail):
    """Its run had news for a subscription whose earlier message that process was about to send."""
    news(office, with_project(HARROWDALE, end="2029-03-12", title="Another title"))
    with office.context(lambda: SECOND_NIGHT) as context:
        office.run_at(SECOND_NIGHT, context=context)
    later = f"{SECOND_NIGHT + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    others = "update deliveries set state = 'attempted', message = '<a@b>', attempts = 1, next_attempt_at = ?"
    first = " where id in (select min(id) from deliveries group by subscription)"
    calls = []

    def clock():
        calls.append(SECOND_NIGHT)
        if len(calls) == 3:  # it knows what is due, and has begun nothing
            with closing(sqlite3.connect(office.database)) as database, database:
                database.execute(others + first, [later])
        return SECOND_NIGHT

    with office.context(clock) as context:
        deliver_and_note(context)

    states = [state for (state,) in office.rows("state")]
    assert (states.count("attempted"), states.count("delivered")) == (2, 2)
    assert sorted(mail.to()) == ["all@example.org", "harrow@example.org"]


# --- the operator -----------------------------------------------------------------------------------------------------


@pytest.fixture
def watched(office, mail):
    """Somebody looks after it, and had the first sign of life; one reader follows everything."""
    office.tells(ALL, operator=OPERATOR)
    office.deliver(FIRST_NIGHT)
    assert mail.to() == [OPERATOR]
    return office


def test_the_sign_of_life_comes_once_a_week_for_as_long_as_there_are_runs(watched, mail):
    for hours in range(0, 24 * 22, 12):
        watched.deliver(FIRST_NIGHT + timedelta(hours=hours))

    weeks = [message["Subject"] for message in watched.taken() if "week" in message["Subject"]]
    assert weeks == ["registerwatch: all is well, week 23", "registerwatch: 1 thing needs a person still, week 24"]
    assert set(mail.to()) == {OPERATOR}


def test_a_page_that_fails_for_three_nights_is_told_to_the_operator_once_and_to_no_reader(watched, mail):
    watched.server.site.pages |= BIG  # one of few pages would be a tenth of them, which is told at once
    watched.night_at(SECOND_NIGHT)
    mail.taken.clear()
    watched.server.site.pages[HARROW] = MAINTENANCE
    told = []
    for days in range(2, 7):
        watched.night_at(FIRST_NIGHT + timedelta(days=days))
        told.append(len(mail.taken))

    assert told == [0, 0, 1, 1, 1]
    (message,) = watched.taken()
    assert message["To"].addresses[0].addr_spec == OPERATOR
    assert HARROW in message.get_content()


def test_a_held_run_tells_its_operator_and_no_reader_but_what_other_runs_left_goes_out(watched, mail):
    mail.taken.clear()
    news(watched)
    mail.faults["RCPT"] = [Refuse(450)]
    watched.night_at(SECOND_NIGHT)
    assert mail.to() == []

    watched.server.site.pages = dict.fromkeys(REGISTER, MAINTENANCE)
    watched.night_at(SECOND_NIGHT + timedelta(days=1))

    assert sorted(mail.to()) == ["all@example.org", OPERATOR]
    (note,) = watched.taken(OPERATOR)
    assert "is held" in note.get_content()


def test_notes_for_an_operator_whom_the_settings_no_longer_name_end(watched, mail):
    mail.refused[OPERATOR] = 450
    watched.night_at(FIRST_NIGHT + timedelta(days=7))
    watched.tells(ALL)

    result = watched.deliver(FIRST_NIGHT + timedelta(days=8))
    assert result.unknown == ["operator"]

    result = watched.deliver(FIRST_NIGHT + timedelta(days=15))
    assert (result.unknown, result.messages) == ([], 0)
    assert watched.status()["undelivered"] == []


def test_a_run_that_fails_delivers_what_other_runs_left(watched, mail):
    mail.taken.clear()
    news(watched)
    mail.faults["RCPT"] = [Refuse(450)]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with watched.context(lambda: yesterday) as context:
        watched.run_at(yesterday, context=context)
    watched.deliver(yesterday)

    with watched.context() as context:
        after_failure(context)

    assert "all@example.org" in mail.to()


# --- programs ---------------------------------------------------------------------------------------------------------

SECRET = "a long random text"


def hook(server, **more):
    return {"name": "hook", "webhook": f"{server.url}/in", "allow_private": True, "secret": SECRET, **more}


def test_a_webhook_that_asks_to_be_left_alone_is_told_later_the_same_and_once(office):
    news(office)
    busy = answer(status="503 Busy", **{"Retry-After": "7200"})
    with Loopback({"/in": [busy, answer(status="204 Taken")]}) as receiver:
        office.tells(hook(receiver))
        _, first = office.night_at(SECOND_NIGHT)
        office.deliver(SECOND_NIGHT + timedelta(hours=1))
        assert len(receiver.requests) == 1
        assert "503" in str(first)

        office.deliver(SECOND_NIGHT + timedelta(hours=2, minutes=1))
        office.deliver(SECOND_NIGHT + timedelta(days=1))

    refused, taken = receiver.requests
    assert refused.body == taken.body
    assert refused.headers["registerwatch-message"] == taken.headers["registerwatch-message"]
    at = int(taken.headers["registerwatch-timestamp"])
    assert taken.headers["registerwatch-signature"] == signature(SECRET, at, taken.body)
    (told,) = json.loads(taken.body)["changes"]
    assert (told["kind"], told["after"]) == ("dsa-extended", "2029-03-12")


def test_a_webhook_on_this_machine_is_refused_at_the_start_unless_that_is_allowed(office):
    news(office)
    with Loopback({"/in": answer()}) as receiver:
        office.tells(hook(receiver, allow_private=False))
        with pytest.raises(SettingsError) as caught:
            office.night_at(SECOND_NIGHT)

    assert receiver.requests == []
    assert "webhook is on this machine or a private network, which needs allow_private = true" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_any_other_service_is_told_through_apprise(office):
    pytest.importorskip("apprise")
    news(office)
    with Loopback({"/in": answer()}) as receiver:
        office.tells({"name": "chat", "url": f"json://127.0.0.1:{receiver.port}/in?cto=60&rto=60"})
        office.night_at(SECOND_NIGHT)
        office.deliver(SECOND_NIGHT + timedelta(days=1))

    (asked,) = receiver.requests
    assert "2029-03-12" in json.loads(asked.body)["message"]
