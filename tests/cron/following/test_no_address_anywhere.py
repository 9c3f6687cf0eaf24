"""No address of whoever follows, and no link that opens what they follow, stands anywhere but in the people's file.

A whole story is played with commands in processes of their own, and with all that goes wrong on the way. Then history,
exports, feeds, pages, what was said and what was logged are searched for the addresses, however they are written.
"""

import base64
import hashlib
import http.client
import json
import sqlite3
import zlib
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from urllib.parse import quote

import pytest

from snapshots.people.keys import add_key
from tests.harness.browse_server import PATIENCE_S, Served, crawl
from tests.harness.editions import HARROWDALE, REGISTER, with_project
from tests.harness.mail_server import Die, LoopbackMail, Refuse
from tests.harness.nights import FIRST_NIGHT
from tests.harness.office import ALL
from tests.harness.readers import ONE_CLICK, Follow, Reader
from tests.harness.register_server import RegisterServer, Site
from tests.harness.servers import held_port
from tests.notify.channels.test_returned import ARF, DSN

HARROW, *_ = REGISTER
PAGE = f"/organisations/{HARROW}"
NAME = "register.example.org"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PEOPLE = {
    name: f"Quillfeather{name}9@post.example.net" for name in ("told", "bounced", "complaining", "stopped", "asked")
}
REFUSED, ERASED = "quillfeatherrefused9@post.example.net", "quillfeathererased9@post.example.net"
ADDRESSES = [*PEOPLE.values(), REFUSED, ERASED]
PATHS = (
    *("/", "/status", "/runs", PAGE, "/feeds", "/-/health", "/-/metrics", "/register", "/register.json"),
    *("/register/deliveries.json", "/-/databases.json", "/people", "/people.db", "/nothing"),
)
OWN = ("people.db", "people.key")
"""Files of the people's own, by the beginnings of their names."""


# --- how an address can be written ------------------------------------------------------------------------------------


def spellings(address):
    """Return every way in which an address may stand somewhere, in lower case but for base64."""
    local = address.partition("@")[0]
    plain = {spelled.encode() for whole in {address, local} for spelled in (whole.lower(), quote(whole.lower()))}
    for whole in {address, address.lower()}:
        raw = whole.encode()
        plain |= {raw.hex().encode(), whole.lower().encode("utf-16-le"), whole.lower()[::-1].encode()}
        plain |= {hashlib.new(name, raw).hexdigest().encode() for name in ("md5", "sha1", "sha256")}
    return plain


def in_base64(address):
    """Return what base64 makes of a local part, wherever it begins."""
    local = address.partition("@")[0]
    found = set()
    for whole in {local, local.lower()}:
        for shift in range(3):
            packed = base64.b64encode(b"\0" * shift + whole.encode())
            found.add(packed[4 if shift else 0 : -4])
    return found


PLAIN = {spelled for address in ADDRESSES for spelled in spellings(address)}
PACKED = {spelled for address in ADDRESSES for spelled in in_base64(address)}


def stands_in(content, tokens=()):
    """Return what of it stands in some bytes."""
    low = content.lower()
    found = [one for one in PLAIN if one in low] + [one for one in PACKED if one in content]
    return found + [token for token in tokens if token in content]


@pytest.mark.parametrize(
    "spell",
    [
        str.encode,
        lambda address: address.upper().encode(),
        lambda address: address.replace("@", "=40").encode(),
        lambda address: quote(address, safe="").encode(),
        lambda address: base64.b64encode(f"To: {address}\r\n".encode()),
        lambda address: base64.b64encode(f"xTo: {address}\r\n".encode()),
        lambda address: json.dumps({"a": address}).encode(),
        lambda address: address.encode("utf-16-le"),
        lambda address: hashlib.sha256(address.encode()).hexdigest().encode(),
        lambda address: address.partition("@")[0].encode(),
    ],
)
def test_an_address_is_found_however_it_is_written(spell):
    assert all(stands_in(b"some " + spell(address) + b" where") for address in ADDRESSES)
    assert not stands_in(b"postmaster@post.example.net, bounces+token@example.org")


# --- the story --------------------------------------------------------------------------------------------------------


class Patient(Reader):
    """A reader who waits for longer than a locked database does."""

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)


class Story:
    """What was played, and all that came of it, by name."""

    def __init__(self, breeder, office, reports):
        self.breeder, self.office, self.folder = breeder, office, office.folder
        self.came = reports
        self.tokens = set()

    def run(self, *arguments, at, typed=b""):
        status, command = self.breeder.run(self.folder, *arguments, at=at, typed=typed)
        self.came[f"{len(self.came)} {' '.join(arguments)}"] = command.said.encode()
        return status

    @contextmanager
    def pages(self, at, *options):
        served = self.breeder.start(self.folder, "-v", "browse", "--port", "0", *options, at=at)
        try:
            yield Patient(served.port(), Host=NAME if "--public" in options else "localhost")
        finally:
            served.stop()
            self.came[f"{len(self.came)} browse"] = served.said.encode()

    def tell(self, reader, path, form=None, **headers):
        """Ask as somebody does; what is answered to them is theirs but for what a form that failed says."""
        answer = reader.ask(path, form, **headers)
        if answer.status >= 400 or path == "/follow":
            self.came[f"{len(self.came)} {path}"] = str(sorted(answer.headers.items())).encode() + answer.body
        return answer

    def ask_to_follow(self, reader, address):
        form = {**reader.form(PAGE), "address": address, "frequency": "run"}
        assert self.tell(reader, "/follow", form).status == 303

    def link(self, use, address):
        known = {one.to[0].lower(): one.to[0] for one in self.office.mail.taken}
        link = self.office.link(use, address=known[address.lower()])
        self.tokens.add(link.rsplit("/", 1)[1].encode())
        return link

    def sender(self, address):
        return [one.sender for one in self.office.mail.taken if one.to[0].lower() == address.lower()][-1]

    def news(self, end):
        self.office.server.site.pages[HARROW] = with_project(HARROWDALE, end=end)


def with_mail_at(office, port):
    """Return the settings with another port of the mail server."""
    text = office.config.read_text()
    office.config.write_text(text.replace(f"port = {office.mail.port}", f"port = {port}"))
    return text


@contextmanager
def locked(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("begin exclusive")
        yield
        db.execute("rollback")


def play(story):
    """Sign up, confirm, be told, bounce, complain, stop, be refused, be erased."""
    night = FIRST_NIGHT
    assert story.run("-v", "run", at=night) == 0
    with story.pages(night, "--public") as reader:
        for address in ADDRESSES:
            story.ask_to_follow(reader, address)
        story.run("-v", "notify", at=night + HOUR)
        for address in set(ADDRESSES) - {PEOPLE["asked"]}:
            assert story.tell(reader, story.link("confirm", address), {}).status in (200, 303)
        story.office.mail.refused = {REFUSED: 550, REFUSED.capitalize(): 550}
        story.news("2029-03-12")
        story.run("-v", "run", at=night + DAY)
        for use in ("manage", "stop"):
            story.link(use, PEOPLE["told"])
        story.tell(reader, story.link("stop", PEOPLE["stopped"]), ONE_CLICK)
        for text, name in (
            (DSN.format(action="failed", status="5.1.1"), "bounced"),
            (ARF.format(kind="abuse"), "complaining"),
        ):
            address = PEOPLE[name]
            text = text.replace("bounces+x@example.org", story.sender(address)).replace("ada@example.net", address)
            story.run("-v", "bounces", at=night + DAY, typed=f"To: {story.sender(address)}\n{text}".encode())
        story.run("-v", "bounces", at=night + DAY, typed=f"From: {ERASED}\nTo: nobody@example.org\n\n\xff".encode())
        story.run("-v", "followers", "erase", ERASED, at=night + DAY)
        story.tell(reader, story.link("manage", ERASED))
        story.news("2030-03-12")
        story.run("-v", "run", at=night + 2 * DAY)
        story.run("-v", "notify", "--dry-run", at=night + 2 * DAY)


def go_wrong(story):
    """Let go wrong what can."""
    at, office = FIRST_NIGHT + 3 * DAY, story.office
    for number, fault in enumerate(
        (Refuse(451, f"4.3.0 <{PEOPLE['told']}> later"), Refuse(554, f"<{PEOPLE['told']}>"), Die())
    ):
        for step in ("MAIL", "RCPT", "DATA", "dot"):
            office.mail.faults[step] = [fault] * 3
        story.news(f"203{number + 1}-03-12")
        story.run("-v", "run", at=at + number * DAY)
        story.run("-v", "notify", at=at + number * DAY + HOUR)
        story.run("status", "--format", "json", at=at + number * DAY + HOUR)
        office.mail.faults.clear()
    with held_port() as nobody:
        settings = with_mail_at(office, nobody)
        with story.pages(at, "--public") as reader:
            story.tell(reader, "/follow", {**reader.form(PAGE), "address": ADDRESSES[0], "frequency": "run"})
        story.news("2035-03-12")
        for command in ("run", "notify", "doctor", "status"):
            story.run("-v", command, at=at + 4 * DAY)
        office.config.write_text(settings)
    break_the_peoples_file(story, at + 5 * DAY)


def break_the_peoples_file(story, at):
    people, key = story.folder / "people.db", story.folder / "people.key"
    whole, keys = people.read_bytes(), key.read_bytes()
    with closing(sqlite3.connect(people, isolation_level=None)) as db:
        for table, column in columns(db):
            with suppress(sqlite3.Error):
                db.execute(f'update "{table}" set "{column}" = cast("{column}" as text) || char(0, 10) || \'{{x\'')
    ask_everything(story, at)
    for content in (whole[:5_000], b"SQLite format 3\0" + whole[3_000:], b"nothing"):
        for log in story.folder.glob("people.db-*"):
            log.unlink()
        people.write_bytes(content)
        ask_everything(story, at)
    people.write_bytes(whole)
    key.write_bytes(b"no key at all\n")
    ask_everything(story, at)
    key.write_bytes(keys)


def columns(db):
    """Yield tables and columns of what was asked for, but not whose it is."""
    for (table,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
        for _, column, *_ in db.execute(f'pragma table_info("{table}")').fetchall():
            if column in ("what", "asks", "said", "frequency", "follow", "told_at", "confirmed_at", "asked_at"):
                yield table, column


def ask_everything(story, at):
    for command in (["run"], ["notify"], ["status"], ["doctor"], ["followers"], ["bounces"]):
        story.run("-v", *command, at=at, typed=f"From: {ADDRESSES[0]}\nSubject: stop\n\n".encode())


TAKEN_OUT = (
    ["export", "out"],
    ["backup", "copy.db"],
    ["followers", "--format", "json"],
    ["-v", "doctor", "--format", "json"],
    *(["status", "--format", form] for form in ("json", "prometheus")),
)
MORE_TAKEN_OUT = (
    ["feeds", "more-feeds"],
    ["verify", "--all"],
    ["compact"],
    ["subscriptions"],
    ["followers"],
    ["changes", "--all", "--format", "json"],
    *(["status", "--format", form] for form in ("table", "ndjson")),
    ["reparse"],
)


def take_out(story, at, commands):
    """Have written what anybody can have."""
    for command in commands:
        story.run(*command, at=at)


def search(story):
    """Return what stands where it must not, by where."""
    found = {}
    for path in story.folder.rglob("*"):
        if path.is_file() and not path.name.startswith(OWN):
            found[str(path.relative_to(story.folder))] = stands_in(path.read_bytes(), story.tokens)
    with closing(sqlite3.connect(story.office.database)) as db:
        for (table,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
            with suppress(sqlite3.OperationalError):  # a table of the search's own
                for row in db.execute(f'select * from "{table}"'):
                    found[f"{table} {row[:1]}"] = stands_in(b"\0".join(map(opened, row)), story.tokens)
    for name, content in story.came.items():
        found[name] = stands_in(content, story.tokens)
    return {name: spelled for name, spelled in found.items() if spelled}


def opened(value):
    """Return a value as bytes, unpacked if it is packed."""
    if not isinstance(value, bytes):
        return str(value).encode()
    with suppress(zlib.error):
        return zlib.decompress(value)
    return value


@pytest.fixture
def story(tmp_path, breeder):
    with RegisterServer(Site(dict(REGISTER))) as server, LoopbackMail() as mail:
        office = Follow(tmp_path / "office", server, mail)
        office.tells(ALL, operator="operator@example.org")
        add_key(office.folder / "people.key")
        yield Story(breeder, office, {})


def others_are_told(story):
    """Assert that letters to the operator and to subscribers name no follower; take them for files."""
    for one in story.office.mail.taken:
        if one.to[0] in ("operator@example.org", ALL["email"]):
            story.came[f"{len(story.came)} to {one.to[0]}"] = one.body


@pytest.mark.soak
def test_no_address_anywhere_after_a_whole_story(story):
    play(story)
    at = FIRST_NIGHT + 3 * DAY
    for options in (["--public"], []):
        with story.pages(at, *options) as reader:
            for path in PATHS:
                answer = reader.ask(path)
                story.came[f"{len(story.came)} {path}"] = str(answer.headers).encode() + answer.body
    take_out(story, at, TAKEN_OUT)
    others_are_told(story)

    assert len(story.tokens) > 5
    assert len(story.came) > 40
    assert search(story) == {}


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_no_address_anywhere_whatever_goes_wrong(story):
    play(story)
    go_wrong(story)
    take_out(story, FIRST_NIGHT + 10 * DAY, TAKEN_OUT + MORE_TAKEN_OUT)
    others_are_told(story)

    assert any(b"Traceback" in said for said in story.came.values())
    assert search(story) == {}


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_no_address_anywhere_while_files_are_locked(story):
    play(story)
    at = FIRST_NIGHT + 3 * DAY
    story.news("2031-03-12")
    for name in ("people.db", "registerwatch.db"):
        with locked(story.folder / name):
            story.run("-v", "notify", at=at)
            story.run("-v", "run", at=at)
            story.run("-v", "followers", at=at)
    with story.pages(at, "--public") as reader:
        form = {**reader.form(PAGE), "address": "quillfeathernew9@post.example.net", "frequency": "run"}
        link = story.link("manage", PEOPLE["told"])
        with locked(story.folder / "people.db"):
            for path, sent in (("/follow", form), (link, None), (link, {"stop-all": "1"})):
                assert story.tell(reader, path, sent).status != 303
    others_are_told(story)

    assert search(story) == {}


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("options", [["--public"], []], ids=["public", "own"])
def test_no_address_on_any_page_that_a_crawl_reaches(story, options):
    play(story)
    with story.pages(FIRST_NIGHT + 3 * DAY, *options) as reader:

        class Here(Served):
            def get(self, address, *, method="GET", **headers):
                return reader.send(method, address, **headers)

        def faults(answer):
            if found := stands_in(str(answer.headers).encode() + answer.body, story.tokens):
                yield str(found)

        crawled = crawl(Here(f"http://127.0.0.1:{reader.port}/"), faults=faults, most=4_000)

    assert len(crawled.pages) > 100
    assert crawled.wrong == []
