"""Messages that parse back as they were meant, and their way to real mail servers on loopback, most of them bad."""

import io
import re
import socket
import ssl
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.charset import SHORTEST, Charset
from email.header import Header
from email.message import EmailMessage
from email.policy import default
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.channels.channel import DeliveryError
from notify.channels.mail import LONGEST_SUBJECT, Letter, Outbox, compose, domain_of, list_id, message_id
from notify.channels.smtp import MailServer, ServerDownError, SmtpPost
from scraper.text import cut, one_line
from tests.harness.mail_server import AUTHORITY, STEPS, Die, Drip, LoopbackMail, Refuse, Stall
from tests.harness.servers import babbler, held_port, look_up_here

SENDER = "register@example.org"
USER, PASSWORD = "postroom", "hunter2"
SECRETS = ("@", USER, PASSWORD, "not for")
DATE = datetime(2026, 11, 20, 3, 31, 9, tzinfo=UTC)
TRUSTING = ssl.create_default_context(cafile=str(AUTHORITY))
# Not by its name: a library that sends mail may have set another encoding for it, in this whole process.
UTF_8 = Charset("utf-8")
UTF_8.header_encoding = SHORTEST
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "Auto-Submitted"]

LETTER = Letter(
    to="ig@example.org",
    subject="3 changes: HES added at Imperial College London, …",
    text="Dataset added\n– HES\n",
    html="<p>Dataset added – HES</p>\n",
    list_name="NHS Eastmere and MHSDS",
    message_id="<90ac16783fbc54c3@example.org>",
    date=DATE,
    stop=SENDER,
)


def read(message):
    return message_from_bytes(message.as_bytes(), policy=default)


def bodies(message):
    return [
        part.get_content().replace("\r\n", "\n") for part in message.walk() if part.get_content_maintype() == "text"
    ]


# A message


def test_a_message_says_from_whom_to_whom_what_and_when():
    message = read(compose(LETTER, SENDER))

    assert {name: message[name] for name in HEADERS} == {
        "From": "registerwatch <register@example.org>",
        "To": "ig@example.org",
        "Subject": "3 changes: HES added at Imperial College London, …",
        "Date": "Fri, 20 Nov 2026 03:31:09 +0000",
        "Message-ID": "<90ac16783fbc54c3@example.org>",
        "List-Id": '"NHS Eastmere and MHSDS" <nhs-eastmere-and-mhsds.example.org>',
        "List-Unsubscribe": "<mailto:register@example.org?subject=stop>",
        "Auto-Submitted": "auto-generated",
    }
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert bodies(message) == [LETTER.text, LETTER.html]


def test_a_message_without_html_is_plain_text():
    message = read(compose(replace(LETTER, html=None), SENDER))

    assert message.get_content_type() == "text/plain"
    assert bodies(message) == [LETTER.text]


def test_a_message_without_a_sender_comes_from_this_machine_and_names_nobody_to_write_to():
    message = read(compose(replace(LETTER, stop=None), None))

    assert message["From"] == "registerwatch <registerwatch@localhost>"
    assert message["List-Id"] == '"NHS Eastmere and MHSDS" <nhs-eastmere-and-mhsds.localhost>'
    assert message["List-Unsubscribe"] is None


def test_a_date_is_told_in_universal_time():
    moved = DATE.astimezone(timezone(timedelta(hours=5)))

    assert read(compose(replace(LETTER, date=moved), SENDER))["Date"] == "Fri, 20 Nov 2026 03:31:09 +0000"


def test_a_message_composed_again_is_the_same_to_the_byte():
    assert compose(LETTER, SENDER).as_bytes() == compose(LETTER, SENDER).as_bytes()


def test_the_message_id_depends_on_what_is_told_and_to_which_subscription():
    one = message_id("ours", ["b", "a"], "example.org")

    assert one == message_id("ours", ["a", "b"], "example.org")
    assert one not in {
        message_id("theirs", ["a", "b"], "example.org"),
        message_id("ours", ["a"], "example.org"),
        message_id("ours", ["ab"], "example.org"),
    }
    assert re.fullmatch("<[0-9a-f]{32}@example.org>", one)


def test_a_long_address_to_write_to_stays_an_address():
    sender = f"{'register' * 8}@{'sub.' * 40}example.org"
    raw = compose(replace(LETTER, stop=sender, to=sender), sender).as_bytes()

    assert f"List-Unsubscribe: <mailto:{sender}?subject=stop>\r\n".encode() in raw
    assert f"To: {sender}\r\n".encode() in raw


@pytest.mark.parametrize("local", ["a+b", "o'neil", "a%b", "a&b", "a?b"])
def test_an_address_to_write_to_is_escaped(local):
    told = read(compose(replace(LETTER, stop=f"{local}@example.org"), SENDER))["List-Unsubscribe"]

    assert re.fullmatch(r"<mailto:[A-Za-z0-9%]+@example\.org\?subject=stop>", told)


HOSTILE = [
    "one\r\nBcc: everyone@example.com",
    "one\n\n<script>alert(1)</script>",
    "one\r\n\r\nbody",
    "=?utf-8?q?one=0D=0ABcc:_everyone=40example.com?=",
    "\u202eeno \x1b[31m \x00 \x85Bcc: x \u2028Bcc: y",
    'quoted "name" <a@b> \\',
    "wort" * 5000,
    "ä" * 20_000,
    "🜚 " * 300,
    "\ud800 half",
    "",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_no_words_of_a_page_or_of_the_settings_make_a_header(words):
    message = compose(replace(LETTER, subject=words, list_name=words, text=words, html=words), SENDER)
    raw = message.as_bytes()
    back = read(message)

    assert back.keys() == [*HEADERS, "MIME-Version", "Content-Type"]
    assert back["To"] == "ig@example.org"
    assert len(back["Subject"]) <= LONGEST_SUBJECT
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert re.search(rb'^List-Id: ("([^"\\]|\\.)*" )?<[a-z0-9-]+\.example\.org>\r$', raw, re.MULTILINE)


@given(subject=st.text(), name=st.text(min_size=1, max_size=100), text=st.text(), html=st.none() | st.text())
def test_any_letter_parses_back_as_it_was_meant(subject, name, text, html):
    letter = replace(LETTER, subject=subject, list_name=name, text=text, html=html)
    raw = compose(letter, SENDER).as_bytes()
    back = message_from_bytes(raw, policy=default)

    assert sorted(set(back.keys()) - {"Content-Transfer-Encoding"}) == sorted(
        [*HEADERS, "MIME-Version", "Content-Type"]
    )
    assert back["Subject"] == cut(one_line(subject).replace("=?", "= ?"), LONGEST_SUBJECT)
    assert (back["From"], back["To"], back["Message-ID"]) == (
        f"registerwatch <{SENDER}>",
        LETTER.to,
        LETTER.message_id,
    )
    assert back["List-Id"].endswith(f"<{list_id(name, 'example.org')}>")
    assert bodies(back) == [
        said.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
        for said in (text, html)
        if said is not None
    ]
    assert not any(part.defects for part in back.walk())
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert all(len(line) <= 78 for line in raw.split(b"\r\n") if line.startswith((b"Subject", b" =?")))


@given(subject=st.text() | st.text("ab ,é–…健"), text=st.text(), html=st.none() | st.text())
def test_a_letter_is_written_down_as_the_library_would(subject, text, html):
    letter = compose(replace(LETTER, subject=subject, text=text, html=html), SENDER)
    said = cut(one_line(subject).replace("=?", "= ?"), LONGEST_SUBJECT)
    header = Header(said, None if said.isascii() else UTF_8, header_name="Subject").encode(linesep="\r\n")

    assert letter.as_bytes() == EmailMessage.as_bytes(letter)
    assert f"\r\nSubject: {header}\r\n".encode() in letter.as_bytes()


@given(name=st.text(min_size=1, max_size=100), labels=st.lists(st.sampled_from(["example", "a" * 60]), max_size=5))
def test_a_list_id_is_always_one(name, labels):
    made = list_id(name, ".".join(["org", *labels]))

    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]+)+", made)
    assert len(made) <= 255


def test_a_domain_with_other_letters_is_written_as_all_servers_know_it():
    message = compose(replace(LETTER, to="ig@bücher.example"), "register@bücher.example")

    assert b"To: ig@xn--bcher-kva.example\r\n" in message.as_bytes()
    assert domain_of("register@bücher.example") == "xn--bcher-kva.example"


@pytest.mark.parametrize("address", ["nobody", "@example.org", "a@", "a\r\nBcc: b@example.org", f"a@{'ü' * 70}.org"])
def test_an_address_that_is_none_is_refused_without_being_repeated(address):
    with pytest.raises(DeliveryError) as caught:
        compose(replace(LETTER, to=address), SENDER)

    assert str(caught.value) == "an address cannot be written in a message"


# Into a folder


def test_a_folder_gets_a_file_for_each_message_that_only_its_owner_reads(tmp_path):
    folder = tmp_path / "new" / "outbox"
    with Outbox(folder) as outbox:
        outbox.send(compose(LETTER, SENDER))
        outbox.send(compose(replace(LETTER, message_id="<2@example.org>"), SENDER))

    files = sorted(folder.iterdir())
    assert all(re.fullmatch(r"2026-11-20-nhs-eastmere-and-mhsds-[0-9a-f]{12}\.eml", file.name) for file in files), files
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    assert compose(LETTER, SENDER).as_bytes() in [file.read_bytes() for file in files]


def test_the_same_message_again_replaces_its_own_file_also_on_another_day(tmp_path):
    for day in range(3):
        with Outbox(tmp_path) as outbox:
            outbox.send(compose(replace(LETTER, date=DATE + timedelta(days=day)), SENDER))

    (file,) = tmp_path.iterdir()
    assert read_file(file)["Date"] == "Sun, 22 Nov 2026 03:31:09 +0000"


def read_file(path):
    return message_from_bytes(path.read_bytes(), policy=default)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", ".hidden", "健康", "x" * 100, "con\r\n"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    with Outbox(tmp_path / "outbox") as outbox:
        outbox.send(compose(replace(LETTER, list_name=name), SENDER))

    (file,) = (tmp_path / "outbox").iterdir()
    assert re.fullmatch(r"2026-11-20-[a-z0-9-]+\.eml", file.name)
    assert list(tmp_path.iterdir()) == [tmp_path / "outbox"]


def test_what_a_killed_run_left_behind_goes(tmp_path):
    with Outbox(tmp_path) as outbox:
        outbox.send(compose(LETTER, SENDER))
    (file,) = tmp_path.iterdir()
    (tmp_path / f".{file.name}.part").write_bytes(b"half a mess")
    with Outbox(tmp_path) as outbox:
        outbox.send(compose(LETTER, SENDER))

    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_cannot_be_is_a_reason(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with Outbox(tmp_path / "file") as outbox, pytest.raises(DeliveryError) as caught:
        outbox.send(compose(LETTER, SENDER))

    assert str(caught.value) == "the folder for messages cannot be written (file exists)"
    assert caught.value.server


# To a server


def post_to(server, *, context=TRUSTING, clock=time.monotonic, **settings):
    user, password = next(iter(server.users.items()), (None, None))
    given = {"host": server.host, "port": server.port, "security": server.security, "user": user, "password": password}
    return SmtpPost(MailServer(**given | settings), context=context, clock=clock)


class Unhurried(io.RawIOBase):
    """In place of a `BoundedSocket`: a silence is over when *server* means it, not when the machine is busy."""

    def __init__(self, server, sock, limits):
        self.server, self.sock, self.limits = server, sock, limits

    def makefile(self):
        return io.BufferedReader(self)

    def readable(self):
        return True

    def readinto(self, buffer):
        self.limits.patience_s()
        self.sock.settimeout(0.02)
        while True:
            try:
                return self.sock.recv_into(buffer)
            except TimeoutError:
                if self.server.silent.is_set():
                    self.server.silent.clear()
                    raise


@pytest.fixture
def unhurried(monkeypatch):
    """Have all that is read of a server be read without hurry; give the function to which it is named."""
    return lambda server: monkeypatch.setattr("notify.channels.smtp.BoundedSocket", partial(Unhurried, server))


def reader(number):
    return f"reader-{number}@example.org"


def letter(number):
    to = reader(number)
    return compose(replace(LETTER, to=to, message_id=message_id(to, ["change"], "example.org")), SENDER)


def attempt(post, *numbers):
    """Send the letters to these readers; return the errors of those that were not taken."""
    errors = {}
    for number in numbers:
        try:
            post.send(letter(number))
        except DeliveryError as error:
            errors[number] = error
    return errors


def assert_says_nothing_private(error):
    shown = "".join(traceback.format_exception(error))
    assert not [secret for secret in SECRETS if secret in error.reason]
    assert "\n" not in error.reason
    # Nor does a traceback tell what the library said, which repeats the server.
    assert shown.count("Traceback") == 1
    assert "smtplib.SMTP" not in shown


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_letters_go_over_one_connection_that_is_logged_in(security, mechanism):
    with LoopbackMail(security, users={USER: "hunter2 ä"}, mechanisms=[mechanism]) as server:
        with post_to(server) as post:
            assert attempt(post, 1, 2, 3) == {}

        assert server.to() == [reader(1), reader(2), reader(3)]
        assert [one.body for one in server.taken] == [letter(number).as_bytes() for number in (1, 2, 3)]
        assert {(one.sender, one.login) for one in server.taken} == {(SENDER, USER)}
        assert server.connections == 1


def test_a_post_that_is_left_unused_asks_nothing_of_the_server():
    with LoopbackMail() as server:
        with post_to(server):
            pass

        assert server.connections == 0


def test_lines_that_begin_with_a_point_arrive():
    text = ".\n..\n.a\n" * 20_000  # several pieces
    with LoopbackMail() as server:
        with post_to(server) as post:
            post.send(compose(replace(LETTER, text=text, html=None), SENDER))

        assert bodies(server.taken[0].message) == [text]


def test_a_server_that_takes_a_letter_before_it_was_given_one_has_not_taken_it():
    with LoopbackMail(faults={"DATA": [Refuse(250)]}) as server, post_to(server) as post:
        with pytest.raises(DeliveryError, match="the mail server's answer cannot be read"):
            post.send(letter(1))
        post.send(letter(2))

    assert server.to() == [reader(2)]


WHAT_IS_SAID = {
    "greeting": "the mail server takes no mail now (451)",
    "EHLO": "the mail server refused EHLO (451)",
    "STARTTLS": "STARTTLS refused (451)",
    "AUTH": "login refused (451)",
    "MAIL": "sender refused (451)",
    "RCPT": "recipient refused (451)",
    "DATA": "letter refused (451)",
    "dot": "letter refused (451)",
}
WHERE = {"AUTH": "the login", "MAIL": "the sender", "RCPT": "the recipient"} | dict.fromkeys(
    ("DATA", "dot", "taken"), "the letter"
) | {"greeting": "the greeting", "EHLO": "EHLO", "STARTTLS": "STARTTLS"}  # fmt: skip
FAULTS = [
    *((step, Refuse(), reason) for step, reason in WHAT_IS_SAID.items()),
    *((step, Die(), f"the mail server broke the connection off, at {WHERE[step]}") for step in STEPS),
    *((step, Stall(), f"the mail server did not answer in time, at {WHERE[step]}") for step in STEPS),
    *(
        (step, Drip(), f"the mail server did not answer in time, at {WHERE[step]}")
        for step in ("greeting", "EHLO", "RCPT", "dot")
    ),
]


@pytest.mark.parametrize(
    ("step", "fault", "reason"), FAULTS, ids=[f"{step}-{type(fault).__name__}" for step, fault, _ in FAULTS]
)
def test_trouble_at_a_step_delays_one_letter_and_no_other(step, fault, reason, unhurried):
    with LoopbackMail("starttls", users={USER: PASSWORD}, faults={step: [fault]}) as server:
        if isinstance(fault, Stall):
            unhurried(server)
        # Its time is over when the answer begins to drip.
        with post_to(server, clock=lambda: 1_000.0 * server.dripping.is_set()) as post:
            errors = attempt(post, 1)
            assert attempt(post, 2, 3) == {}
        with post_to(server) as again:
            assert attempt(again, 1) == {}

        assert {number: error.reason for number, error in errors.items()} == {1: reason}
        assert_says_nothing_private(errors[1])
        assert errors[1].server == (step not in ("MAIL", "RCPT", "DATA", "dot") or not isinstance(fault, Refuse))
        kept_at_once = [reader(1)] if step == "taken" else []
        assert server.to() == [*kept_at_once, reader(2), reader(3), reader(1)]
        ids = [one.message["Message-ID"] for one in server.taken if one.to == (reader(1),)]
        assert set(ids) == {letter(1)["Message-ID"]}


def test_a_refusal_leaves_the_connection_as_it_is():
    with LoopbackMail(refused={reader(2): 550}) as server:
        with post_to(server) as post:
            errors = attempt(post, 1, 2, 3)

        assert (errors[2].reason, errors[2].status, errors[2].server) == ("recipient refused (550)", 550, False)
        assert_says_nothing_private(errors[2])
        assert server.to() == [reader(1), reader(3)]
        assert server.connections == 1


def test_any_number_of_refused_readers_is_not_the_servers_trouble():
    with LoopbackMail(refused={reader(number): 451 for number in range(9)}) as server, post_to(server) as post:
        assert len(attempt(post, *range(10))) == 9
        assert server.to() == [reader(9)]


@pytest.mark.parametrize("fault", [Die(), Refuse(421)])
def test_a_connection_that_was_closed_meanwhile_delays_nobody(fault):
    with LoopbackMail(faults={"MAIL": [None, fault]}) as server:
        with post_to(server) as post:
            assert attempt(post, 1, 2, 3) == {}

        assert server.to() == [reader(1), reader(2), reader(3)]
        assert server.connections == 2


def test_a_server_that_takes_only_so_many_on_a_connection_gets_another():
    with LoopbackMail(most=2) as server:
        with post_to(server) as post:
            assert attempt(post, 1, 2, 3, 4, 5) == {}

        assert server.to() == [reader(number) for number in (1, 2, 3, 4, 5)]
        assert server.connections == 3


def test_a_server_that_nobody_answers_for_is_tried_twice_in_a_round():
    with held_port() as port, SmtpPost(MailServer(host="127.0.0.1", port=port, security="none")) as post:
        errors = attempt(post, 1, 2, 3, 4)

    refused = "the mail server cannot be reached (connection refused)"
    assert [error.reason for error in errors.values()] == [refused, refused, *[f"not tried again: {refused}"] * 2]
    assert [type(error) for error in errors.values()] == [
        DeliveryError,
        DeliveryError,
        ServerDownError,
        ServerDownError,
    ]
    assert all(error.server for error in errors.values())


def test_a_name_that_nobody_has_is_said_so(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    with SmtpPost(MailServer(host="mail.invalid", security="none")) as post:
        assert attempt(post, 1)[1].reason == "the mail server's name cannot be looked up"


def test_a_server_that_says_nothing_is_not_waited_for():
    with LoopbackMail(faults={"greeting": [Stall()]}) as server, post_to(server, timeout_s=0.5) as post:
        (error,) = attempt(post, 1).values()

    assert error.reason == "the mail server did not answer in time, at the greeting"


def test_a_server_that_stalls_letter_after_letter_is_left_alone(unhurried):
    with LoopbackMail(faults={"RCPT": [Stall()] * 9}) as server:
        unhurried(server)
        with post_to(server) as post:
            errors = attempt(post, *range(100))

        assert [isinstance(error, ServerDownError) for error in errors.values()] == [False] * 3 + [True] * 97
        assert server.connections == 3


def test_two_letters_that_are_lost_far_apart_stop_no_round():
    with LoopbackMail(faults={"dot": [Die(), None, Die(), None, Die()]}) as server, post_to(server) as post:
        assert list(attempt(post, *range(7))) == [0, 2, 4]


def test_a_wrong_password_is_tried_once():
    with LoopbackMail("starttls", users={USER: PASSWORD}) as server:
        with post_to(server, password="wrong") as post:
            errors = attempt(post, 1, 2, 3)

        assert errors[1].reason == "login refused (535)"
        assert [type(errors[number]) for number in (2, 3)] == [ServerDownError] * 2
        assert server.commands.count("AUTH") == 1
        assert_says_nothing_private(errors[1])


def test_starttls_is_never_left_out():
    with LoopbackMail("none", users={USER: PASSWORD}) as server:
        with post_to(server, security="starttls") as post:
            errors = attempt(post, 1, 2)

        assert errors[1].reason == "the mail server offers no STARTTLS, which is demanded"
        assert isinstance(errors[2], ServerDownError)
        assert server.commands == ["EHLO"]
        assert server.taken == []


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("expired.pem", "has expired"),
        ("other-name.pem", "is not valid for its name"),
        ("self-signed.pem", "is signed by itself alone"),
    ],
)
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_cannot_prove_its_name_gets_nothing(security, certificate, reason):
    with LoopbackMail(security, users={USER: PASSWORD}, certificate=certificate) as server:
        with post_to(server) as post:
            errors = attempt(post, 1, 2)

        assert errors[1].reason == f"the mail server's certificate {reason}"
        assert isinstance(errors[2], ServerDownError)
        assert "AUTH" not in server.commands


def test_the_machines_own_certificates_are_the_ones_trusted(monkeypatch):
    with LoopbackMail("starttls") as server:
        with post_to(server, context=None) as post:
            (error,) = attempt(post, 1).values()
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        with post_to(server, context=None) as post:
            assert attempt(post, 1) == {}

    assert error.reason == "the mail server's certificate is not signed by an authority that is trusted here"


def test_tls_where_there_is_none_is_a_reason():
    with LoopbackMail("none") as server, post_to(server, security="tls") as post:
        (error,) = attempt(post, 1).values()

    assert error.reason == "no TLS with the mail server, at the greeting; see security of [mail]"


def test_a_login_that_is_not_offered_is_a_reason():
    with LoopbackMail("none", mechanisms=[]) as server, post_to(server, user=USER, password=PASSWORD) as post:
        (error,) = attempt(post, 1).values()

    assert error.reason == "the mail server offers no login by PLAIN or LOGIN"


@pytest.mark.parametrize(
    "said", [b"hello\r\n", b"220-a\r\n" * 20_000, b"2" * 100_000, b"\xff\xfe\r\n", b"999 x\r\n", b"-20 x\r\n"]
)
def test_an_answer_that_is_none_is_a_reason(said):
    with (
        babbler(said) as port,
        SmtpPost(MailServer(host="127.0.0.1", port=port, security="none")) as post,
    ):
        (error,) = attempt(post, 1).values()

    assert re.match("the mail server's answer cannot be read|the mail server broke the connection off", error.reason)
    assert error.server


def test_an_address_beyond_ascii_goes_to_a_server_that_takes_it():
    message = compose(replace(LETTER, to="jürgen@example.org"), SENDER)
    with LoopbackMail() as server:
        with post_to(server) as post:
            post.send(message)

        assert server.to() == ["jürgen@example.org"]
        assert server.taken[0].message["To"] == "jürgen@example.org"


def test_an_address_beyond_ascii_that_a_server_does_not_take_is_that_letters_alone():
    message = compose(replace(LETTER, to="jürgen@example.org"), SENDER)
    with LoopbackMail(utf8=False) as server, post_to(server) as post:
        with pytest.raises(DeliveryError) as caught:
            post.send(message)
        assert attempt(post, 1) == {}

    assert str(caught.value) == "the mail server takes no address with letters beyond ASCII (no SMTPUTF8)"
    assert not caught.value.server


def test_settings_that_are_shown_show_no_password():
    shown = repr(MailServer(host="smtp.example.org", user=USER, password=PASSWORD))

    assert USER not in shown
    assert PASSWORD not in shown
