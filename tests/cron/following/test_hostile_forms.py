"""Hostile text in every field of every form: no error, no other recipient, no word of a stranger in a letter."""

import json
import shutil
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest

from snapshots.browse.following.site import FollowSite
from snapshots.people.keys import add_key
from tests.harness.browse_server import serving
from tests.harness.editions import HARROWDALE, REGISTER, with_project
from tests.harness.mail_server import LoopbackMail
from tests.harness.nights import FIRST_NIGHT
from tests.harness.readers import ADA, ONE_CLICK, URLENCODED, Follow, Reader
from tests.harness.register_server import RegisterServer, Site

HARROW, *_ = REGISTER
PAGE = f"/organisations/{HARROW}"
BEA = "bea@example.org"
VICTIM = "victim@example.net"
MARK = "Zebrafish9"
DAY = timedelta(days=1)
TEXTS = {
    "header": f"x\r\nBcc: {VICTIM}\r\nSubject: {MARK}",
    "newline": f"x\nBcc: {VICTIM}",
    "return": f"x\rBcc: {VICTIM}",
    "body": f"x\r\n\r\n{MARK}",
    "nul": f"x\0{MARK}",
    "bidi": f"\u202e{MARK}\u2066\u200b",
    "surrogate": "\ufffd\uffff\U0010ffff",
    "separators": f"x\u2028Bcc: {VICTIM}\u2029\x85\x0b\x0c\x1c{MARK}",
    "markup": f"<script>{MARK}</script>\"'><img src=x onerror=alert(1)>",
    "sql": f"x'); delete from people; -- {MARK}",
    "template": f"{{{{ config }}}} {{% raise %}} ${{{MARK}}} %(x)s %s {{0}}",
    "encoded": f"=?utf-8?q?x=0D=0ABcc:_{VICTIM.replace('@', '=40')}?=",
    "percent": f"%0d%0aBcc:%20{VICTIM}%00",
    "path": f"../../etc/passwd/{MARK}",
    "long": MARK * 1_000,
    "empty": "",
    "spaces": " \t ",
    "number": "9" * 400,
    "minus": "-1",
}
WORST = ("header", "nul", "separators", "markup", "long")
EACH = pytest.mark.parametrize(
    "name", [name if name in WORST else pytest.param(name, marks=pytest.mark.soak) for name in TEXTS]
)
"""All of them, of which some need no long haul."""
ADDRESSES = {
    "list": f"{ADA},{VICTIM}",
    "semicolon": f"{ADA};{VICTIM}",
    "header": f"{ADA}\r\nBcc: {VICTIM}",
    "newline": f"{ADA}\nRCPT TO:<{VICTIM}>",
    "named": f"{MARK} <{ADA}>",
    "angles": f"<{ADA}>,<{VICTIM}>",
    "quoted": f'"x\r\nBcc: {VICTIM}"@example.org',
    "comment": f"({MARK})ada@example.org",
    "route": f"@example.net:{ADA}",
    "bang": "example.net!ada",
    "percent": "victim%example.net@example.org",
    "literal": "ada@[127.0.0.1]",
    "bidi": "\u202eada@example.org",
    "dash": "-oQ/tmp/x@example.org",
    "dots": "a..b@example.org",
    "nul": "ada\0@example.org",
    "encoded": "=?utf-8?q?ada?=@example.org",
    "word": f"{MARK}",
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with RegisterServer(Site(dict(REGISTER))) as server, LoopbackMail() as mail:
        office = Follow(tmp_path_factory.mktemp("hostile"), server, mail)
        add_key(office.folder / "people.key")
        office.run_at(FIRST_NIGHT)
        yield server, mail, office.folder


@pytest.fixture
def office(servers, tmp_path):
    server, mail, before = servers
    mail.taken.clear()
    server.site.pages[HARROW] = HARROWDALE
    return Follow(shutil.copytree(before, tmp_path / "office"), server, mail)


@pytest.fixture
def reader(office):
    folder = office.folder
    following = FollowSite(database=folder / "people.db", key_file=folder / "people.key", trusted_proxy="127.0.0.1")
    with serving(office.database, following=following, public=True, clock=lambda: office.now) as served:
        yield Reader(served.port)


class Networks:
    """Headers under which each request comes from another network."""

    def __init__(self):
        self.number = 0

    def next(self):
        self.number += 1
        return {"X-Forwarded-For": f"10.{self.number // 250}.{self.number % 250}.1"}


@pytest.fixture
def networks():
    return Networks()


def shown(reader, page=PAGE):
    return {**reader.form(page), "address": ADA, "frequency": "run"}


def safe(answer):
    """Return whether an answer is one of ours, and repeats nothing that a browser would run."""
    return answer.status in (200, 303, 400, 404, 405, 413, 414) and b"<script>Z" not in answer.body


def assert_nobody_else_is_told(office, allowed=frozenset({ADA})):
    """Send what is to be sent; assert that each letter has one recipient, the right one, and no word of a stranger."""
    office.send_letters()
    for one in office.mail.taken:
        message = one.message
        assert len(one.to) == 1
        assert one.to[0] in allowed
        assert message.get_all("To") == [one.to[0]]
        assert not {"bcc", "cc", "resent-to"} & {name.lower() for name in message}
        assert len(message.get_all("Subject")) == 1
        said = "".join(part.get_content() for part in message.walk() if part.get_content_maintype() == "text")
        for word in (MARK, VICTIM):
            assert word not in said
            assert word not in "".join(f"{name}: {value}\n" for name, value in message.items())


@EACH
def test_hostile_text_in_each_field_of_the_form(office, reader, networks, name):
    form = shown(reader)
    for field in (*form, "unknown", "follow[]", MARK, ""):
        answer = reader.ask("/follow", {**form, field: TEXTS[name]}, **networks.next())
        assert safe(answer), (field, answer.status)
        if field == "address":
            assert answer.status in (303, 413), answer.status

    assert_nobody_else_is_told(office)


def test_hostile_addresses_get_no_letter_and_the_answer_that_all_get(office, reader, networks):
    form = shown(reader)
    answers = {
        name: reader.ask("/follow", {**form, "address": address}, **networks.next())
        for name, address in ADDRESSES.items()
    }

    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(ADDRESSES, 303)
    assert len({answer.headers["location"] for answer in answers.values()}) == 1
    allowed = {ADA, "victim%example.net@example.org", "-oQ/tmp/x@example.org", "=?utf-8?q?ada?=@example.org"}
    assert_nobody_else_is_told(office, allowed)


@EACH
def test_a_search_that_is_followed_says_nothing_in_the_letter(office, reader, networks, name):
    for page in ("/search?q=", "/?words=", "/?organisation=", "/datasets?q="):
        address = page + quote(f"coast {TEXTS[name]}", safe="")
        answer = reader.ask(address)
        assert safe(answer), (address, answer.status)
        if answer.status == 200 and (form := reader.form(address)):
            answer = reader.ask("/follow", {**form, "address": ADA, "frequency": "run"}, **networks.next())
            assert safe(answer), (address, answer.status)

    assert_nobody_else_is_told(office)
    assert office.taken(ADA)
    for number in range(len(office.taken(ADA))):
        assert safe(reader.ask(office.link("confirm", number)))
        assert safe(reader.ask(office.link("confirm", number), {}))


@pytest.mark.parametrize("name", ["header", "separators"])
def test_who_follows_a_hostile_search_keeps_nobody_from_being_told(office, reader, networks, name):
    for who, page in ((ADA, "/search?q=" + quote(f"coast {TEXTS[name]}", safe="")), (BEA, PAGE)):
        reader.ask("/follow", {**reader.form(page), "address": who, "frequency": "run"}, **networks.next())
        office.send_letters()
        assert reader.ask(office.link("confirm", address=who), {}).status in (200, 303)
    office.server.site.pages[HARROW] = with_project(HARROWDALE, end="2029-03-12")

    office.night_at(FIRST_NIGHT + DAY)

    assert "-> 2029-03-12" in office.letter(address=BEA)
    assert_nobody_else_is_told(office, {ADA, BEA})


BODIES = {
    "json": ("application/json", json.dumps({"address": ADA, "what": PAGE, "frequency": "run"}).encode()),
    "json-list": (URLENCODED, b'[{"address": 1}]'),
    "text": ("text/plain", b"address=ada@example.org"),
    "nothing": (URLENCODED, b""),
    "no-utf8": (URLENCODED, b"address=\xff\xfe\xfa&what=%ff%fe&frequency=%c0%80"),
    "raw-nul": (URLENCODED, b"address=\0&\0=\0"),
    "ampersands": (URLENCODED, b"&" * 10_000),
    "fields": (URLENCODED, b"&".join(b"f%d=1" % n for n in range(1_500))),
    "semicolons": (URLENCODED, b"address=a;what=b;;;=;"),
    "megabyte": (URLENCODED, b"address=" + b"a" * 1_000_000),
    "utf16": ("application/x-www-form-urlencoded; charset=utf-16", "address=a".encode("utf-16")),
    "odd-charset": ("application/x-www-form-urlencoded; charset=\u00e9", b"address=a"),
    "multipart-no-boundary": ("multipart/form-data", b"--x\r\n\r\n"),
    "multipart-open": ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name="),
    "multipart-file": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="address"; filename="a\x00b"\r\n\r\n\xff\r\n--x--\r\n',
    ),
    "no-type": ("", b"address=ada"),
    "odd-type": (";;;=", b"address=ada"),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_are_no_form_are_refused_at_every_address(office, reader, name):
    kind, body = BODIES[name]
    for path in ("/follow", "/follow/confirm/x", "/follow/manage/x", "/follow/stop/x"):
        answer = reader.send("POST", path, body, **{"Content-Type": kind.encode("latin-1").decode("latin-1")})
        assert safe(answer), (path, answer.status)
        assert answer.status >= 400, (path, answer.status)

    assert_nobody_else_is_told(office, frozenset())


def test_a_field_that_stands_twice_gives_one_letter_at_most(office, reader, networks):
    form = shown(reader)
    for field in form:
        for other in (VICTIM, "", PAGE, "weekly"):
            body = urlencode([*form.items(), (field, other)]).encode()
            for order in (body, urlencode([(field, other), *form.items()]).encode()):
                assert safe(reader.send("POST", "/follow", order, **networks.next()))

    office.send_letters()
    assert all(len(one.to) == 1 for one in office.mail.taken)
    assert {one.to[0] for one in office.mail.taken} <= {ADA, VICTIM}
    assert len(office.taken(ADA)) <= 3


def test_a_form_in_parts_is_a_form_or_refused(office, reader, networks):
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in shown(reader).items()
    )
    kind = {"Content-Type": "multipart/form-data; boundary=x"}

    assert safe(reader.send("POST", "/follow", f"{parts}--x--\r\n".encode(), **kind, **networks.next()))
    assert_nobody_else_is_told(office)


def test_hostile_headers_change_nothing_in_a_letter(office, reader):
    form = shown(reader)
    for name, value in {
        "Referer": f"https://evil.example/{MARK}",
        "User-Agent": MARK * 500,
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "javascript",
        "X-Forwarded-For": f"{MARK}, \xff\xfe",
        "Forwarded": f"for={MARK};host=evil.example",
        "Accept-Language": f"{MARK};q=\xe9",
        "Cookie": f"a={MARK}; =; \x01",
        "X-HTTP-Method-Override": "DELETE",
    }.items():
        assert safe(reader.ask("/follow", form, **{name: value})), name
    for name in ("Origin", "Sec-Fetch-Site"):
        for value in ("https://evil.example", "null", "cross-site", MARK, "\xff"):
            assert safe(reader.ask("/follow", form, **{name: value})), (name, value)

    assert_nobody_else_is_told(office)
    assert office.taken(ADA)
    assert "evil.example" not in "".join(one.as_string() for one in office.taken())


@pytest.mark.parametrize("use", ["confirm", "manage", "stop"])
def test_hostile_text_in_place_of_a_token(reader, use):
    odd = (
        "%00",
        "%ff",
        "%0d%0aX:y",
        "..%2f..%2fetc",
        "%E2%80%AE",
        "." * 50,
        "a" * 8_000,
        "%252e",
        "x/y",
        "x?a=%00",
    )
    for token in odd:
        for form in (None, {}, ONE_CLICK):
            answer = reader.ask(f"/follow/{use}/{token}", form)
            assert answer.status in (400, 404, 405, 414), (token[:20], form, answer.status)


@EACH
def test_hostile_text_in_a_preview(reader, name):
    for what in (
        TEXTS[name],
        f"/{TEXTS[name]}",
        f"/?words={TEXTS[name]}",
        f"//evil.example/{MARK}",
        f"{PAGE}?{TEXTS[name]}",
    ):
        assert safe(reader.ask(f"/follow/preview?{urlencode({'what': what})}")), what
    assert safe(reader.ask(f"/follow/preview?{urlencode({TEXTS[name]: 'x'})}"))


def test_hostile_text_in_the_forms_of_who_manages(office, reader, networks):
    for page in (PAGE, "/"):
        reader.ask("/follow", shown(reader, page), **networks.next())
        office.send_letters()
        assert reader.ask(office.link("confirm"), {}).status in (200, 303)
    with office.context(lambda: office.now) as context:
        keys, person = context.people().keys, context.people().find(ADA)
    manage = f"/follow/manage/{keys.token('manage', person)}"
    ids = [field["value"] for field in reader.ask(manage).soup.select('input[name="follow"]')]
    assert len(set(ids)) == 2

    for text in TEXTS.values():
        for form in (
            {"follow": text, "frequency": "weekly"},
            {"follow": text, "stop": "1"},
            {"follow": ids[0], "frequency": text},
            {"frequency": text},
            {"follow": ids[0], text: text},
            {text: "1"},
        ):
            assert safe(reader.ask(manage, form)), form

    page = reader.ask(manage)
    assert [field["value"] for field in page.soup.select('input[name="follow"]')] == ids
    assert all(one["value"] == "run" for one in page.soup.select('select[name="frequency"] option[selected]'))
    assert MARK not in page.text
