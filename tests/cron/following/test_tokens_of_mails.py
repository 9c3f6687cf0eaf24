"""Links of mails: what is signed for one use, one person and one time opens nothing else."""

import shutil
from datetime import timedelta

import pytest

from snapshots.browse.following.site import FollowSite
from snapshots.people.keys import add_key
from tests.harness.browse_server import serving
from tests.harness.editions import REGISTER
from tests.harness.mail_server import LoopbackMail
from tests.harness.nights import FIRST_NIGHT
from tests.harness.readers import ADA, ONE_CLICK, Follow, Reader
from tests.harness.register_server import RegisterServer, Site

HARROW, WEXCOMBE, _ = REGISTER
PAGE, OTHER = f"/organisations/{HARROW}", f"/organisations/{WEXCOMBE}"
BEA = "bea@example.org"
DAY = timedelta(days=1)
USES = ("confirm", "manage", "stop")


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with RegisterServer(Site(dict(REGISTER))) as server, LoopbackMail() as mail:
        office = Follow(tmp_path_factory.mktemp("tokens"), server, mail)
        add_key(office.folder / "people.key")
        office.run_at(FIRST_NIGHT)
        yield server, mail, office.folder


@pytest.fixture
def office(servers, tmp_path):
    server, mail, before = servers
    mail.taken.clear()
    return Follow(shutil.copytree(before, tmp_path / "office"), server, mail)


@pytest.fixture
def reader(office):
    following = FollowSite(database=office.folder / "people.db", key_file=office.folder / "people.key")
    with serving(office.database, following=following, public=True, clock=lambda: office.now) as served:
        yield Reader(served.port)


def follow(office, reader, address=ADA, page=PAGE):
    """Have somebody follow a page; return the links of use to them."""
    assert reader.sign_up(page, address).status == 303
    office.send_letters()
    links = {"confirm": office.link("confirm", address=address)}
    assert reader.ask(links["confirm"], {}).status in (200, 303)
    with office.context(lambda: office.now) as context:
        keys, person = context.people().keys, context.people().find(address)
        return links | {use: f"/follow/{use}/{keys.token(use, person)}" for use in ("manage", "stop")}


def counts(office):
    with office.context(lambda: office.now) as context:
        return context.people().counts(office.now)


def opened(reader, link):
    """Return the statuses of showing and of pressing."""
    return reader.ask(link).status, reader.ask(link, ONE_CLICK).status


def test_a_link_of_one_use_is_none_of_another(office, reader):
    links = follow(office, reader)

    for use, link in links.items():
        token = link.rsplit("/", 1)[1]
        for other in set(USES) - {use}:
            assert opened(reader, f"/follow/{other}/{token}") == (404, 404), (use, other)
    form = reader.form(PAGE)
    for use in USES:
        assert opened(reader, f"/follow/{use}/{form['token']}") == (404, 404)
    assert counts(office)["follows"] == 1


def test_a_signature_of_one_person_is_none_for_another(office, reader):
    tokens = [follow(office, reader, address)["stop"].rsplit("/", 1)[1] for address in (ADA, BEA)]
    (ada, signed_ada), (bea, signed_bea) = (token.rsplit(".", 1) for token in tokens)

    assert opened(reader, f"/follow/stop/{ada}.{signed_bea}") == (404, 404)
    assert opened(reader, f"/follow/stop/{bea}.{signed_ada}") == (404, 404)
    assert counts(office)["follows"] == 2


@pytest.mark.parametrize("use", USES)
def test_a_token_that_differs_in_a_letter_opens_nothing(office, reader, use):
    link = follow(office, reader)[use]
    start = len(f"/follow/{use}/")

    for number in range(start, len(link), 5):
        changed = "A" if link[number] != "A" else "B"
        assert reader.ask(f"{link[:number]}{changed}{link[number + 1 :]}", {}).status == 404, number
    for changed in (link[:-1], f"{link}A", f"{link}=", f"{link}.", link[:start] + link[start:].swapcase()):
        assert reader.ask(changed, {}).status == 404, changed
    assert counts(office)["follows"] == 1


def test_a_letter_that_asks_may_be_answered_for_seven_days(office, reader):
    reader.sign_up(PAGE)
    office.send_letters()
    link = office.link("confirm")

    office.now += 7 * DAY + timedelta(minutes=1)

    assert opened(reader, link) == (404, 404)
    assert counts(office)["follows"] == 0
    office.now -= timedelta(minutes=2)
    assert reader.ask(link).status == 200
    reader.ask(link, {})
    assert counts(office)["follows"] == 1


def test_links_of_mails_work_while_something_is_followed_and_a_day_longer(office, reader):
    links = follow(office, reader)
    office.now += 1000 * DAY
    office.deliver(office.now)
    assert reader.ask(links["manage"]).status == 200
    assert opened(reader, links["stop"]) == (200, 200)

    office.now += DAY / 2
    assert reader.ask(links["stop"], ONE_CLICK).status == 200
    office.now += DAY
    office.deliver(office.now)

    assert [opened(reader, links[use]) for use in USES] == [(404, 404)] * 3


def test_after_an_erasure_no_link_opens_anything_nor_brings_anybody_back(office, reader):
    links = follow(office, reader)

    assert office.run("followers", "erase", ADA).exit_code == 0

    assert [opened(reader, links[use]) for use in USES] == [(404, 404)] * 3
    assert counts(office)["follows"] == 0
    office.send_letters()
    assert len(office.taken(ADA)) == 1


def test_who_was_erased_and_comes_back_is_not_opened_by_links_from_before(office, reader):
    before = follow(office, reader)
    office.run("followers", "erase", ADA)
    after = follow(office, reader)

    assert [opened(reader, before[use]) for use in USES] == [(404, 404)] * 3
    assert counts(office)["follows"] == 1
    assert reader.ask(after["manage"]).status == 200


def test_a_new_key_leaves_old_links_open_until_the_old_one_is_taken_out(office, reader):
    before = follow(office, reader)
    assert office.run("followers", "rotate").exit_code == 0
    assert [reader.ask(before[use]).status for use in ("manage", "stop")] == [200, 200]

    key_file = office.folder / "people.key"
    old, *_ = [line for line in key_file.read_text().splitlines() if line and not line.startswith("#")]
    key_file.write_text(key_file.read_text().replace(f"{old}\n", ""))
    following = FollowSite(database=office.folder / "people.db", key_file=key_file)
    with serving(office.database, following=following, public=True, clock=lambda: office.now) as restarted:
        again = Reader(restarted.port)

        assert [opened(again, before[use]) for use in USES] == [(404, 404)] * 3
        assert counts(office)["follows"] == 1
        new = follow(office, again, page=OTHER)
        assert again.ask(new["manage"]).status == 200


def test_a_form_is_that_of_its_page_and_its_day(office, reader):
    form = {**reader.form(PAGE), "address": ADA, "frequency": "run"}

    assert reader.ask("/follow", {**form, "what": OTHER}).status == 400
    assert reader.ask("/follow", {**form, "what": f"{PAGE}?x=1"}).status == 400
    assert reader.ask("/follow", {**form, "token": reader.form(OTHER)["token"]}).status == 400
    office.now += timedelta(hours=12)
    assert reader.ask("/follow", form).status == 303
    office.now += 3 * DAY
    assert reader.ask("/follow", form).status == 400
    office.send_letters()
    assert len(office.taken()) == 1


def test_nobody_changes_what_another_follows_by_its_number(office, reader):
    ada, bea = follow(office, reader), follow(office, reader, BEA)
    (id_,) = [field["value"] for field in reader.ask(bea["manage"]).soup.select('input[name="follow"]')]

    for form in ({"follow": id_, "stop": "1"}, {"follow": id_, "frequency": "weekly"}):
        assert reader.ask(ada["manage"], form).status < 500

    assert counts(office)["follows"] == 2
    page = reader.ask(bea["manage"])
    assert page.soup.select_one('select[name="frequency"] option[selected]')["value"] == "run"
    assert BEA not in reader.ask(ada["manage"]).text
