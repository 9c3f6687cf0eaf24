"""Following through nginx, set up by the file that operations.md installs: forms come through, and who sent them."""

import http.client
import shutil
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from snapshots.people.keys import add_key
from tests.harness.browse_server import PATIENCE_S
from tests.harness.editions import HARROWDALE, REGISTER, with_project
from tests.harness.mail_server import LoopbackMail
from tests.harness.nights import FIRST_NIGHT
from tests.harness.readers import ADA, ONE_CLICK, Follow, Reader
from tests.harness.register_server import RegisterServer, Site
from tests.harness.servers import held_port
from tests.snapshots.browse.test_proxy import NAME, NGINX, example, nginx, wait_for

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed here")

HARROW, *_ = REGISTER
PAGE = f"/organisations/{HARROW}"
MOST = 20
"""Letters that go out for one network in a day."""


class From(Reader):
    """A reader whose machine has an address of its own; the whole of 127.0.0.0/8 is this machine."""

    def __init__(self, machine, port, **always):
        super().__init__(port, Host=NAME, **always)
        self.machine = machine

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S, source_address=(self.machine, 0))


@pytest.fixture(scope="module")
def servers(tmp_path_factory, breeder):
    with RegisterServer(Site(dict(REGISTER))) as server, LoopbackMail() as mail:
        office = Follow(tmp_path_factory.mktemp("proxied"), server, mail)
        add_key(office.folder / "people.key")
        assert breeder.run(office.folder, "run", at=FIRST_NIGHT)[0] == 0
        yield server, mail, office.folder


@pytest.fixture
def office(servers, tmp_path):
    server, mail, before = servers
    mail.taken.clear()
    return Follow(shutil.copytree(before, tmp_path / "office"), server, mail)


@pytest.fixture
def published(office, breeder, tmp_path):
    """Serve the pages, and nginx before them; give the ports of nginx and of the program."""

    @contextmanager
    def publish(trusted):
        if trusted:
            text = office.config.read_text()
            office.config.write_text(text.replace("[follow]\n", f'[follow]\ntrusted_proxy = "{trusted}"\n'))
        browse = breeder.start(office.folder, "browse", "--public", "--port", "0", at=FIRST_NIGHT)
        with held_port() as port, nginx(tmp_path / "nginx", example(port, browse.port(), tmp_path)) as process:
            wait_for(port, process)
            yield port, browse.port()
        browse.stop()
        assert "Traceback" not in browse.said

    return publish


@pytest.fixture
def letters(office, breeder):
    """Send what letters are still to be sent; return to whom any went."""

    def send():
        assert breeder.run(office.folder, "notify", at=FIRST_NIGHT)[0] == 0
        return {one.to[0] for one in office.mail.taken}

    return send


def sign_up_many(reader, name, headers=lambda number: {}):
    """Sign up five more addresses than one network may."""
    form = reader.form(PAGE)
    for number in range(MOST + 5):
        fields = {**form, "address": f"{name}{number}@example.org", "frequency": "run"}
        assert reader.ask("/follow", fields, **headers(number)).status == 303


def test_signed_up_confirmed_told_and_stopped_by_one_click_through_nginx(office, published, letters, breeder):
    with published("127.0.0.1") as (port, _):
        reader = From("127.1.0.1", port)
        answer = reader.sign_up(PAGE)
        assert (answer.status, answer.headers["location"]) == (303, "/follow/sent")
        assert reader.ask("/follow/sent").status == 200
        letters()
        assert reader.ask(office.link("confirm")).status == 200
        assert reader.ask(office.link("confirm"), {}).status in (200, 303)
        office.server.site.pages[HARROW] = with_project(HARROWDALE, end="2029-03-12")
        assert breeder.run(office.folder, "run", at=FIRST_NIGHT + timedelta(days=1))[0] == 0
        assert "-> 2029-03-12" in office.letter()
        assert "because you follow" in reader.ask(office.link("manage")).words

        answer = reader.ask(office.link("stop"), ONE_CLICK)

        assert answer.status == 200
        assert not {"location", "set-cookie"} & set(answer.headers)
        assert "follow nothing" in reader.ask(office.link("manage")).words.lower()


def test_a_provider_of_mailboxes_presses_by_a_form_in_parts(office, published, letters):
    body = b'--xx\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--xx--\r\n'
    kind = "multipart/form-data; boundary=xx"
    with published("127.0.0.1") as (port, _):
        reader = From("127.1.0.1", port)
        reader.sign_up(PAGE)
        letters()
        reader.ask(office.link("confirm"), {})
        with office.context(lambda: FIRST_NIGHT) as context:
            keys, person = context.people().keys, context.people().find(ADA)

        answer = reader.send("POST", f"/follow/stop/{keys.token('stop', person)}", body, **{"Content-Type": kind})

        assert answer.status == 200
        with office.context(lambda: FIRST_NIGHT) as context:
            assert context.people().counts(FIRST_NIGHT)["follows"] == 0


def test_nginx_says_who_asks_and_nobody_says_so_himself(published, letters):
    with published("127.0.0.1") as (port, _):
        forging = From("127.1.0.1", port)
        sign_up_many(forging, "forging", lambda number: {"X-Forwarded-For": f"192.{number}.2.1"})
        assert From("127.2.0.1", port).sign_up(PAGE, "other@example.org").status == 303

        told = letters()

    assert len(told) == MOST + 1
    assert "other@example.org" in told


@pytest.mark.soak
def test_who_asks_the_program_itself_is_not_believed(published, letters):
    with published("127.0.0.1") as (_, port):
        direct = From("127.1.0.1", port)
        sign_up_many(direct, "direct", lambda number: {"X-Forwarded-For": f"192.{number}.2.1"})

        assert len(letters()) == MOST


@pytest.mark.soak
def test_where_no_proxy_is_trusted_none_is_believed(published, letters):
    with published(None) as (_, port):
        proxy = From("127.0.0.1", port)
        sign_up_many(proxy, "any", lambda number: {"X-Forwarded-For": f"192.{number}.2.1"})

        assert len(letters()) == MOST


@pytest.mark.soak
def test_of_a_list_the_trusted_proxy_said_the_last_one(published, letters):
    with published("127.0.0.1") as (_, port):
        proxy = From("127.0.0.1", port)
        sign_up_many(proxy, "listed", lambda number: {"X-Forwarded-For": f"192.{number}.2.1, 203.0.113.9"})

        assert len(letters()) == MOST


@pytest.mark.soak
def test_a_proxy_that_says_nothing_of_use_gives_no_more_letters(published, letters):
    odd = ["", "nobody", "999.1.1.1", ",,,", "1.2.3.4, nobody:9", "\xe9" * 50, "1" * 3000, " , "]
    with published("127.0.0.1") as (_, port):
        proxy = From("127.0.0.1", port)
        sign_up_many(proxy, "odd", lambda number: {"X-Forwarded-For": odd[number % len(odd)]})

        assert len(letters()) == MOST


@pytest.mark.soak
def test_nginx_takes_small_forms_at_their_addresses_and_nothing_else(published):
    with published("127.0.0.1") as (port, _):
        reader = From("127.1.0.1", port)

        assert reader.ask("/follow", {"address": "x" * 20_000}).status == 413
        assert reader.ask("/follow/preview", {}).status == 405
        assert reader.ask("/follow/sent", {}).status == 405
        assert reader.ask("/", {}).status == 405
        with closing(reader.connection()) as connection:
            connection.request("PUT", "/follow", b"x", {"Host": NAME})
            assert connection.getresponse().status == 405
