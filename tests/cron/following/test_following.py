"""A page is followed by e-mail: from its form to the mail of the next night, and stopped by one click."""

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from cron.following.returned import take_returned
from snapshots.browse.following.site import FollowSite
from snapshots.people.keys import add_key
from tests.harness.browse_server import serving
from tests.harness.chromium import Visit, chromium, needs_chromium
from tests.harness.editions import HARROWDALE, REGISTER, with_project
from tests.harness.mail_server import Die, LoopbackMail
from tests.harness.nights import FIRST_NIGHT
from tests.harness.office import ALL, Office
from tests.harness.readers import ADA, Follow, Reader
from tests.harness.register_server import RegisterServer, Site
from tests.notify.channels.test_returned import DSN
from tests.snapshots.browse.test_axe import findings

HARROW, WEX, *_ = REGISTER
PAGE = f"/organisations/{HARROW}"
SECOND_NIGHT = FIRST_NIGHT + timedelta(days=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with RegisterServer() as server, LoopbackMail() as mail:
        server.site = Site(dict(REGISTER))
        office = Office(tmp_path_factory.mktemp("first"), server, mail)
        office.night_at(FIRST_NIGHT)
        yield server, mail, office.database


@pytest.fixture
def office(tmp_path, servers):
    server, mail, database = servers
    server.site = Site(dict(REGISTER))
    mail.taken.clear()
    mail.faults.clear()
    shutil.copy(database, tmp_path)
    add_key(tmp_path / "people.key")
    return Follow(tmp_path, server, mail)


@pytest.fixture
def reader(office):
    folder = office.database.parent
    following = FollowSite(database=folder / "people.db", key_file=folder / "people.key")
    with serving(office.database, following=following, public=True, clock=lambda: office.now) as served:
        yield Reader(served.port)


def follow(office, reader, page=PAGE, frequency="run"):
    assert reader.sign_up(page, frequency=frequency).status == 303
    office.send_letters()
    return reader.ask(office.link("confirm"), {})


def news(office, end="2029-03-12"):
    office.server.site.pages[HARROW] = with_project(HARROWDALE, end=end)


def people_rows(office, table):
    with closing(sqlite3.connect(office.database.parent / "people.db")) as db:
        return db.execute(f"select count(*) from {table}").fetchone()[0]


def test_sign_up_confirm_be_told_change_to_weekly_and_stop_by_one_click(office, reader):
    answer = reader.sign_up(PAGE)
    assert (answer.status, answer.headers["location"]) == (303, "/follow/sent")
    assert "set-cookie" not in answer.headers
    office.send_letters()
    news(office)
    office.night_at(SECOND_NIGHT)
    assert len(office.taken()) == 1  # the letter that asks, and no news before it is answered

    assert reader.ask(office.link("confirm")).soup.select("form button")
    reader.ask(office.link("confirm"), {})
    news(office, "2030-03-12")
    office.night_at(SECOND_NIGHT + DAY)
    assert "2029-03-12 -> 2030-03-12" in office.letter()
    message = office.taken(ADA)[-1]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert office.mail.taken[-1].to == (ADA,)
    assert office.mail.taken[-1].sender.startswith("bounces+")

    manage, stop = office.link("manage"), office.link("stop")
    page = reader.ask(manage)
    assert "because you follow" in page.words
    (id_,) = [field["value"] for field in page.soup.select('input[name="follow"]')]
    reader.ask(manage, {"follow": id_, "frequency": "weekly"})
    news(office, "2031-03-12")
    office.night_at(SECOND_NIGHT + 2 * DAY)
    assert len(office.taken(ADA)) == 2
    office.deliver(SECOND_NIGHT + 9 * DAY)
    assert "2030-03-12 -> 2031-03-12" in office.letter()

    answer = reader.ask(stop, {"List-Unsubscribe": "One-Click"})
    assert answer.status == 200
    news(office, "2032-03-12")
    office.night_at(SECOND_NIGHT + 10 * DAY)
    assert len(office.taken(ADA)) == 3


FOLLOWED = {
    "/": "/",
    "/?severity=high&since=2026-01-01": "/?severity=high",
    "/red-flags": "/?severity=high",
    f"/red-flags?organisation={HARROW}": PAGE,
    "/red-flags?organisation=nobody": None,
    "/expiring?days=30": "/expiring",
    f"/expiring?days=30&organisation={HARROW}": f"/expiring?organisation={HARROW}",
    "/expiring?organisation=nobody": None,
    f"/compare?from=2026-01-01&organisation={HARROW}": PAGE,
    f"/compare?organisation={HARROW}&organisation={WEX}": f"/?organisation={HARROW}&organisation={WEX}",
    "/compare": None,
    "/status": None,
}
"""Page → what its form follows, however it was come by; None where there is no form."""


def test_a_page_has_a_form_where_its_changes_can_be_followed(reader):
    assert {page: reader.form(page).get("what") for page in FOLLOWED} == FOLLOWED


def test_who_follows_printed_ends_is_told_of_one_that_moves_and_of_nothing_else(office, reader):
    follow(office, reader, "/expiring")
    office.server.site.pages[HARROW] = with_project(HARROWDALE, title="Another title")
    office.night_at(SECOND_NIGHT)
    assert len(office.taken(ADA)) == 1

    news(office)
    office.night_at(SECOND_NIGHT + DAY)
    assert "You follow printed ends that come, go or move." in office.letter()


def test_a_scanner_that_gets_every_link_changes_nothing(office, reader):
    reader.sign_up(PAGE)
    office.send_letters()
    for link in re.findall(r"https://register\.example\.org(/\S+)", office.letter()):
        assert reader.ask(link).status == 200
    assert people_rows(office, "follows") == 0
    reader.ask(office.link("confirm"), {})
    news(office)
    office.night_at(SECOND_NIGHT)

    for link in re.findall(r"https://register\.example\.org(/follow/\S+)", office.letter()):
        assert reader.ask(link).status == 200

    assert people_rows(office, "follows") == 1


def test_two_follows_land_in_one_mail_and_a_change_of_both_is_told_once(office, reader):
    follow(office, reader)
    follow(office, reader, "/")
    news(office)

    office.night_at(SECOND_NIGHT)

    assert len(office.taken(ADA)) == 3
    assert office.letter().count("-> 2029-03-12") == 1


def test_who_stops_between_the_run_and_the_mail_is_told_nothing(office, reader):
    follow(office, reader, frequency="daily")
    news(office)
    office.night_at(SECOND_NIGHT)
    assert office.rows("state") == [("due",)]
    with office.context() as context:
        keys, person = context.people().keys, context.people().find(ADA)
    reader.ask(f"/follow/stop/{keys.token('stop', person)}", {"List-Unsubscribe": "One-Click"})

    office.deliver(SECOND_NIGHT + DAY)

    assert len(office.taken(ADA)) == 1
    assert office.rows("state") == []


@pytest.mark.parametrize(("step", "copies"), [("DATA", 1), ("taken", 2)])
def test_a_server_that_dies_under_way_gets_the_same_message_again(office, reader, step, copies):
    follow(office, reader)
    news(office)
    office.mail.taken.clear()
    office.mail.faults[step] = [Die()]

    office.night_at(SECOND_NIGHT)
    office.deliver(SECOND_NIGHT + timedelta(minutes=6))
    office.deliver(SECOND_NIGHT + DAY)

    assert office.mail.to() == [ADA] * copies
    assert len({message["Message-ID"] for message in office.taken()}) == 1


def test_a_run_that_is_taken_back_leaves_nothing_due_and_the_next_one_tells(office, reader):
    follow(office, reader)
    news(office)
    with office.context(lambda: SECOND_NIGHT) as context, context.store().writing(keep=False):
        office.run_at(SECOND_NIGHT, context=context)
        assert office.rows("item") == []
    assert office.rows("item") == []

    office.night_at(SECOND_NIGHT + DAY)

    assert len(office.taken(ADA)) == 2


def test_the_answer_is_the_same_whatever_is_known_of_an_address(office, reader):
    follow(office, reader)
    answers = [reader.sign_up(PAGE, address) for address in (ADA, "new@example.org", "no address", "x@localhost")]

    assert len({(answer.status, answer.headers["location"], answer.body) for answer in answers}) == 1


def test_what_no_form_of_ours_sent_is_refused_in_a_sentence(office, reader):
    shown = {**reader.form(PAGE), "address": ADA, "frequency": "run"}

    assert reader.ask("/follow", {**shown, "token": "x"}).status == 400
    assert reader.ask("/follow", {**shown, "what": "/"}).status == 400
    assert reader.ask("/follow", shown, **{"Sec-Fetch-Site": "cross-site"}).status == 400
    assert reader.ask("/follow", {**shown, "address": "x" * 20_000}).status == 413
    assert reader.ask("/follow", {**shown, "website": "https://spam.example"}).status == 303
    office.now += 3 * DAY
    assert reader.ask("/follow", shown).status == 400
    assert people_rows(office, "people") == 0 if (office.database.parent / "people.db").exists() else True
    for path in ("confirm", "manage", "stop"):
        for form in (None, {}):
            answer = reader.ask(f"/follow/{path}/forged", form)
            assert (answer.status, "does not work" in answer.words) == (404, True)
    assert reader.ask("/", {}).status == 405
    assert reader.ask(PAGE, {}).status == 405


def test_no_word_of_whoever_asks_stands_in_the_letter_and_no_markup_of_theirs_in_a_page(office, reader):
    hostile = '/search?q=<script>alert(1)</script>"buy%0d%0aBcc: me'
    reader.sign_up(hostile.replace(" ", "%20"))
    office.send_letters()

    assert "alert" not in office.taken(ADA)[-1].as_string()
    page = reader.ask(office.link("confirm"))
    assert page.status == 200
    assert not page.soup.select("main script")


def test_a_preview_says_what_a_year_would_have_told(office, reader):
    news(office)
    office.night_at(SECOND_NIGHT)

    page = reader.ask(f"/follow/preview?{urlencode({'what': PAGE})}")

    assert "1 change, in 1 mail" in page.words
    assert reader.ask("/follow/preview?what=https://elsewhere.example/").status == 404


def test_where_nobody_may_follow_there_is_no_form_and_no_page(office):
    with serving(office.database, public=True) as served:
        reader = Reader(served.port)

        assert reader.form(PAGE) == {}
        assert reader.ask("/follow/sent").status == 404
        assert reader.ask("/follow", {}).status == 405


def test_letters_that_come_back_suspend_and_the_mail_to_stop_stops(office, reader, tmp_path):
    follow(office, reader)
    news(office)
    office.night_at(SECOND_NIGHT)
    box = tmp_path / "box"
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True)
    for number, one in enumerate(office.mail.taken):
        dsn = DSN.format(action="failed", status="5.1.1").replace("bounces+x@example.org", one.sender)
        (box / "new" / f"{number}").write_text(dsn)
    with office.context(lambda: office.now) as context:
        assert take_returned(context, box, None)["hard"] == 2
        assert context.people().counts(office.now)["suspended"] == 1
    assert list((box / "new").iterdir()) == []

    news(office, "2030-03-12")
    office.night_at(SECOND_NIGHT + DAY)
    assert len(office.taken(ADA)) == 2


def test_no_address_stands_anywhere_but_in_the_peoples_file(office, reader, tmp_path):
    office.tells(ALL, operator="operator@example.org")
    follow(office, reader)
    news(office)
    office.mail.faults["RCPT"] = [Die()] * 3
    office.night_at(SECOND_NIGHT)
    office.deliver(SECOND_NIGHT + DAY)
    said = [
        office.run(*command, *("--format", "json") * (command[0] in ("status", "followers")))
        for command in (["status"], ["followers"], ["-v", "notify", "--dry-run"], ["export", str(tmp_path / "out")])
    ]
    pages = [reader.ask(path).body for path in ("/", "/status", PAGE, "/feeds", "/-/health", "/-/metrics")]

    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith("people.")]
    assert files
    assert [path.name for path in files if ADA.encode() in path.read_bytes()] == []
    assert not any(ADA in result.output for result in said)
    assert not any(ADA.encode() in page for page in pages)


def test_who_is_erased_leaves_no_row_in_the_history(office, reader):
    follow(office, reader)
    news(office)
    office.night_at(SECOND_NIGHT)
    assert office.rows("state") == [("delivered",)]

    assert office.run("followers", "erase", ADA).exit_code == 0
    office.deliver(SECOND_NIGHT + DAY)

    assert office.rows("state") == []
    assert office.run("followers", "show", ADA).exit_code == 1


@needs_chromium
@pytest.mark.soak
def test_the_whole_story_in_a_browser_without_script(office, reader):
    url = f"http://127.0.0.1:{reader.port}"
    with chromium() as browser, Visit(browser, url, java_script_enabled=False) as visit:
        page = visit.to(PAGE)
        page.fill("#follow-address", ADA)
        page.select_option("#follow-frequency", "run")
        page.click('text="Follow"')
        assert page.url.endswith("/follow/sent")
        office.send_letters()
        visit.to(office.link("confirm"))
        page.click('text="Confirm"')
        assert "You follow" in page.inner_text("h1")
        news(office)
        office.night_at(SECOND_NIGHT)
        visit.to(office.link("manage"))
        page.select_option(".following select", "weekly")
        page.click('text="Change"')
        assert page.input_value(".following select") == "weekly"
        visit.to(office.link("stop"))
        page.click('text="Stop"')
        assert page.inner_text("h1") == "Stopped"
        assert visit.context.cookies() == []
        assert visit.elsewhere() == []
    assert people_rows(office, "follows") == 0


@needs_chromium
@pytest.mark.soak
@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_axe_finds_nothing_on_the_pages_of_following(office, reader, width, scheme):
    follow(office, reader)
    reader.sign_up("/expiring")
    office.send_letters()
    news(office)
    office.night_at(SECOND_NIGHT)
    links = [office.link("manage"), office.link("stop"), "/follow", "/follow/sent", f"/follow/preview?what={PAGE}"]
    with (
        chromium() as browser,
        Visit(browser, f"http://127.0.0.1:{reader.port}", width=width, color_scheme=scheme) as v,
    ):
        for address in (*links, PAGE, "/red-flags", "/expiring", "/search?q=data", "/follow/confirm/nothing"):
            assert findings(v.to(address)) == [], address
            assert v.sideways() == 0, address
