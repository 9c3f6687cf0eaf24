"""Webhooks and other services: what is posted, where it never goes, and what counts as taken. Real servers."""

import json
import logging
import re
import socket
import sys
import time
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path

import pytest
import standardwebhooks

from notify.channels.channel import DeliveryError
from notify.channels.service import notify_service
from notify.channels.webhook import Webhook, payload, post, signature
from tests.harness.servers import (
    CERTIFICATES,
    FastClock,
    Loopback,
    answer,
    babbler,
    chunks,
    drip,
    gzip_bomb,
    hang_up,
    held_port,
    packed,
    redirect,
    reset,
    silence,
)

NOW = 1_700_000_000.25
MESSAGE = "<90ac16783fbc54c3@example.org>"
BODY = payload(MESSAGE, "newsroom", {"changes": [], "ends": [], "register": "Sample register"})
AUTHORITY = str(CERTIFICATES / "authority.pem")
TOKEN = "s3cr3t-token"
OK = answer(b"taken")
HURRIED = {"timeout_s": 0.3, "deadline_s": 600.0}
"""Who says nothing is not waited for; no other step of a post takes any time, however busy the machine is."""


def send(url, *, secret="key", allow_private=True, message=MESSAGE, body=BODY, **how):
    post(Webhook(url=url, secret=secret, allow_private=allow_private), message, body, **{"now": NOW, **how})


def send_to(reply, *, certificate=None, **how):
    """Post to a server that answers with *reply*; return the requests that it got."""
    with Loopback({f"/{TOKEN}": reply}, certificate=certificate) as server:
        send(f"{server.url}/{TOKEN}", **how)
        return server.requests


def failure(call, *arguments, hidden=(), **how):
    """Return how a delivery fails; nowhere does it name the address, not even where a bug would print it."""
    with pytest.raises(DeliveryError) as caught:
        call(*arguments, **how)
    told = "".join(traceback.format_exception(caught.type, caught.value, None)) + "".join(
        str(one) for one in (caught.value.__cause__,) if one
    )
    for word in (TOKEN, "127.0.0.1", "localhost", "hook.example", *hidden):
        assert word not in told
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert "\n" not in caught.value.reason
    return caught.value


def reason(reply, **how):
    return failure(send_to, reply, **how).reason


# --- what is posted


def test_the_news_are_posted_as_json_with_id_time_and_signature():
    (request,) = send_to(OK)

    assert (request.method, request.path, request.body) == ("POST", f"/{TOKEN}", BODY)
    assert json.loads(request.body) == {
        "version": 1,
        "message": MESSAGE,
        "subscription": "newsroom",
        "changes": [],
        "ends": [],
        "register": "Sample register",
    }
    headers = {name: value for name, value in request.headers.items() if name.startswith(("registerwatch", "content"))}
    assert headers == {
        "content-type": "application/json",
        "content-length": str(len(BODY)),
        "registerwatch-message": MESSAGE,
        "registerwatch-timestamp": "1700000000",
        "registerwatch-signature": signature("key", 1_700_000_000, BODY),
    }


def test_another_attempt_is_the_same_but_for_its_time():
    with Loopback({"/": [answer(status="503 Busy"), OK]}) as server:
        failure(send, f"{server.url}/")
        send(f"{server.url}/", now=NOW + 300)
        first, second = server.requests

    assert first.body == second.body
    differing = {name for name in first.headers if first.headers[name] != second.headers[name]}
    assert differing == {
        f"{whose}-{what}" for whose in ("registerwatch", "webhook") for what in ("timestamp", "signature")
    }


def test_without_a_secret_nothing_is_signed():
    (request,) = send_to(OK, secret=None)

    assert not {"registerwatch-signature", "webhook-signature"} & request.headers.keys()
    assert request.headers["webhook-id"] == MESSAGE


def test_the_bytes_do_not_depend_on_the_order_of_keys_and_take_any_text():
    one = payload("m", "Übersicht", {"changes": [{"b": "\ud800", "a": "é\u2028"}], "ends": []})

    assert one == payload("m", "Übersicht", {"ends": [], "changes": [{"a": "é\u2028", "b": "\ud800"}]})
    assert json.loads(one)["changes"] == [{"a": "é\u2028", "b": "?"}]


def test_news_cannot_pass_for_another_message():
    said = json.loads(payload("m", "newsroom", {"message": "other", "subscription": "other", "version": 9}))

    assert said == {"message": "m", "subscription": "newsroom", "version": 1}


@pytest.mark.parametrize("secret", ["a löng random text", "whsec_bG9uZyBlbm91Z2ggZm9yIGEga2V5"])
def test_a_receiver_can_verify_it_with_the_library_of_standard_webhooks(secret):
    receiver = standardwebhooks.Webhook(secret if secret.startswith("whsec_") else secret.encode())
    body = payload(MESSAGE, "newsroom", {"changes": [{"title": "Übersicht "}], "ends": []})
    (request,) = send_to(OK, secret=secret, body=body, now=time.time())

    assert receiver.verify(request.body, request.headers) == json.loads(body)
    for changed in (
        {"webhook-id": "another"},
        {"webhook-timestamp": str(int(request.headers["webhook-timestamp"]) - 1)},
        {"webhook-signature": "v1,AAAA"},
    ):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            receiver.verify(request.body, request.headers | changed)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        receiver.verify(request.body + b" ", request.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(b"another key").verify(request.body, request.headers)


def test_a_receiver_can_verify_it_as_the_documentation_shows():
    document = (Path(__file__).parents[3] / "docs/webhooks.md").read_text(encoding="utf-8")
    names = {}
    exec(re.search(r"```python\n(.*?)```", document, re.DOTALL).group(1), names)
    now = time.time()
    (request,) = send_to(OK, secret="a löng random text", now=now)
    headers = {name.title(): value for name, value in request.headers.items()}
    genuine = names["is_genuine"]

    assert genuine("a löng random text", headers, request.body)
    assert not genuine("another", headers, request.body)
    assert not genuine("a löng random text", headers, request.body + b" ")
    assert not genuine("a löng random text", headers | {"Registerwatch-Timestamp": f"{int(now) + 1}"}, request.body)
    (old,) = send_to(OK, secret="a löng random text", now=now - 400)
    assert not genuine("a löng random text", {n.title(): v for n, v in old.headers.items()}, old.body)


# --- what counts as taken


@pytest.mark.parametrize(
    "reply",
    [
        OK,
        answer(status="201 Created"),
        answer(status="204 No Content"),
        answer(status="299 Whatever"),
        chunks(b"taken", end=False) + b"rubbish",
        packed(b"taken")[:-6],
        answer(b"x", content_encoding="br"),
        gzip_bomb(50_000_000),
        answer(b"x", content_length="999999999999"),
        hang_up(b"HTTP/1.1 200 OK\r\n\r\nno end"),
        hang_up(b"HTTP/1.1 100 Continue\r\n\r\n" + OK),
    ],
)
def test_a_status_from_200_to_299_is_taken_whatever_comes_with_it(reply):
    # Whoever waits for more than the status gets an error, though later than anybody would like.
    assert len(send_to(reply, timeout_s=10, deadline_s=20)) == 1


def test_an_answer_whose_body_drips_is_taken_before_it_is_there():
    whole = answer(b"", content_length="5000")

    def then_nothing(connection):
        connection.sendall(whole)
        connection.recv(1)  # until we have gone

    assert len(send_to(then_nothing, timeout_s=60, deadline_s=60)) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "401 No", "404 Not Found", "410 Gone", "500 Oops", "503 Busy"])
def test_any_other_status_is_not_taken_and_none_of_the_servers_words_are_repeated(status):
    error = failure(send_to, answer(f"no: {TOKEN}".encode(), status=status))

    assert error.reason == f"the webhook answered {status[:3]}"
    assert (error.status, error.wait_s, error.server) == (int(status[:3]), None, status[0] == "5")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(status):
    with Loopback({"/a": redirect("/b", status), "/b": OK}) as server:
        error = failure(send, f"{server.url}/a")

    assert error.reason == f"the webhook answered {status[:3]}, a redirect, which is not followed"
    assert server.paths() == ["/a"]


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("86401", 86400),
        ("9" * 400, 86400),
        ("Tue, 14 Nov 2023 22:15:20 GMT", 119.75),
        ("Tue, 14 Nov 2023 22:15:20 -0000", 119.75),
        ("Tuesday, 14-Nov-23 22:15:20 GMT", 119.75),
        ("Mon, 13 Nov 2023 22:15:20 GMT", 0),
        ("Sat, 14 Nov 2099 22:15:20 GMT", 86400),
        ("-5", None),
        ("1.5", None),
        ("\xb2", None),
        ("soon", None),
        ("", None),
        ("Tue, 99 Nov 2023 99:99:99 GMT", None),
    ],
)
def test_a_server_says_how_long_it_wants_to_be_left_alone_at_most_a_day(said, wait_s):
    assert failure(send_to, answer(status="429 Slow Down", retry_after=said)).wait_s == wait_s


# --- no proper answer


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (hang_up(), "the connection broke: Remote end closed connection without response"),
        (reset(), "the connection broke: Connection reset by peer"),
        (hang_up(f"{TOKEN} what?\r\n\r\n".encode()), "no proper answer"),
        (hang_up(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 100_000), "no proper answer"),
        (hang_up(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1000), "no proper answer"),
    ],
)
def test_no_proper_answer_is_one_clear_reason(reply, said):
    assert reason(reply) == said


def test_silence_is_not_waited_out():
    assert reason(silence(), **HURRIED) == "no answer for 0.3 s"


def test_an_answer_that_drips_is_not_waited_for():
    clock = FastClock()
    dripping = drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 500, pause_s=10, sleep=clock.sleep)

    assert reason(dripping, clock=clock) == "not there within 30 s"


@contextmanager
def deaf():
    """A server whose system takes connections, but which reads nothing from them. Gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_server_that_does_not_read_does_not_hold_us():
    with deaf() as port:
        error = failure(send, f"http://127.0.0.1:{port}/{TOKEN}", body=b"x" * 20_000_000, **HURRIED)

    assert error.reason == "no answer for 0.3 s"


def test_a_server_that_is_not_there():
    with held_port() as port:
        error = failure(send, f"http://127.0.0.1:{port}/{TOKEN}")

    assert error.reason == "no connection: Connection refused"


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        ("expired.pem", "the certificate is not to be trusted: certificate has expired"),
        ("self-signed.pem", "the certificate is not to be trusted: self-signed certificate"),
        ("other-name.pem", "the certificate is not to be trusted: IP address mismatch"),
    ],
)
def test_a_certificate_that_is_not_to_be_trusted_gets_nothing(certificate, said):
    with Loopback({"/": OK}, certificate=certificate) as server:
        error = failure(send, f"{server.url}/", ca_file=AUTHORITY)

    assert (error.reason, error.lasting) == (said, True)
    assert not server.requests


def test_a_certificate_that_is_trusted_is_enough():
    assert len(send_to(OK, certificate="valid.pem", ca_file=AUTHORITY)) == 1


def test_tls_asked_of_a_server_without_it():
    with babbler(b"HTTP/1.1 400 Bad\r\n\r\n") as port:
        assert failure(send, f"https://127.0.0.1:{port}/").reason.startswith("no secure connection: ")


def test_a_handshake_that_stalls_is_given_up():
    with deaf() as port:
        assert failure(send, f"https://127.0.0.1:{port}/", **HURRIED).reason == "no answer for 0.3 s"


# --- where it never goes


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0", "0.0.0.0", "localhost",
        "LOCALHOST", "localhost.", "127.0.0.1.", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1%25lo]", "[fd00::1]",
        "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255",
        "%31%32%37.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1",
    ],
)  # fmt: skip
def test_a_private_address_gets_no_connection_in_any_spelling(host):
    with Loopback({f"/{TOKEN}": OK}) as server:
        error = failure(send, f"http://{host}:{server.port}/{TOKEN}", allow_private=False, hidden=(host.strip("[]"),))

    assert error.reason in (
        "its host is not on the public internet, and allow_private is not set",
        "the name of its host does not resolve",
        "its webhook is no address of the web",
        "no proper answer",
    )
    assert server.connections == 0


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["::1"],
        ["10.0.0.1", "fd00::1"],
        ["fec0::1"],
        ["::7f00:1"],
        ["::ffff:0:7f00:1"],
        ["fe80::1%1"],
        [],
    ],
)
def test_a_name_that_leads_to_a_private_address_gets_no_connection(found):
    with Loopback({"/": OK}) as server:
        error = failure(
            send,
            f"http://hook.example:{server.port}/",
            allow_private=False,
            resolve=lambda host, port: found,
            hidden=found,
        )

    assert error.reason == "its host is not on the public internet, and allow_private is not set"
    assert error.lasting
    assert server.connections == 0


def test_a_name_without_an_address_is_not_connected_to():
    error = failure(send, "http://hook.example/", resolve=lambda host, port: [])

    assert error.reason == "its host is not on the public internet, and allow_private is not set"


def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to():
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with Loopback({"/": OK}) as server:
        send(f"http://hook.example:{server.port}/", resolve=rebinding)

    assert asked == ["hook.example"]
    assert server.requests[0].headers["host"] == f"hook.example:{server.port}"


def test_a_private_address_among_public_ones_is_passed_over(monkeypatch):
    tried = []

    def connect(address, timeout):
        tried.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    error = failure(
        send,
        "https://hook.example/",
        allow_private=False,
        resolve=lambda host, port: ["127.0.0.1", "2606:2800:220:1::1", "10.0.0.1", "93.184.216.34"],
    )

    assert tried == ["2606:2800:220:1::1", "93.184.216.34"]
    assert error.reason == "no connection: Connection refused"


def test_a_name_that_does_not_resolve():
    def unknown(host, port):
        raise socket.gaierror(-2, f"{host}: Name or service not known")

    error = failure(send, "https://hook.example/", resolve=unknown)

    assert (error.reason, error.server) == ("the name of its host does not resolve", True)


def test_settings_of_the_environment_lead_nowhere_else(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")

    assert len(send_to(OK)) == 1


@pytest.mark.parametrize(
    "url",
    [
        f"ftp://hook.example/{TOKEN}",
        f"file:///{TOKEN}",
        f"https:///{TOKEN}",
        f"https://user:{TOKEN}@hook.example/",
        f"https://hook.example:99999/{TOKEN}",
        f"https://hook.example/{TOKEN}\r\nX: 1",
        f"http://[::1/{TOKEN}",
        TOKEN,
        "",
    ],
)
def test_what_is_no_address_of_the_web_is_never_asked(url):
    error = failure(send, url, resolve=lambda host, port: pytest.fail("looked up"))

    assert (error.reason, error.lasting) == ("its webhook is no address of the web", True)


# --- other services

with warnings.catch_warnings(action="ignore"):
    apprise = pytest.importorskip("apprise")


@contextmanager
def all_logs():
    """Collect whatever is logged, by whomever, on any level."""
    lines = []
    handler = logging.Handler(level=1)
    handler.emit = lambda record: lines.append(record.getMessage())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(1)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def test_another_service_gets_subject_and_text():
    with Loopback({f"/{TOKEN}": answer(b"{}")}) as server, all_logs() as logged:
        notify_service(
            f"json://127.0.0.1:{server.port}/{TOKEN}?cto=60&rto=60", "3 changes: é", "Dataset added\n<b> & *more*\n"
        )
        logging.getLogger(__name__).warning("after it logs speak again")

    (request,) = server.requests
    said = json.loads(request.body)
    assert (request.method, said["title"], said["message"].strip()) == (
        "POST", "3 changes: é", "Dataset added\n<b> & *more*",
    )  # fmt: skip
    assert request.headers["user-agent"] == "registerwatch"
    assert logged == ["after it logs speak again"]


@pytest.mark.parametrize("reply", [answer(TOKEN.encode(), status="500 Oops"), hang_up(), redirect("/elsewhere")])
def test_a_service_that_does_not_take_it_is_one_reason_without_its_address(reply, capfd):
    with Loopback({f"/{TOKEN}": reply}) as server, all_logs() as logged:
        error = failure(notify_service, f"json://127.0.0.1:{server.port}/{TOKEN}?cto=60&rto=60", "title", "text")

    assert error.reason == "the service did not take it"
    assert logged == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("url", [f"nobody://{TOKEN}", TOKEN, "", f"json://user:{TOKEN}@[", "discord://"])
def test_what_apprise_does_not_know_is_one_reason(url, capfd):
    with all_logs() as logged:
        error = failure(notify_service, url, "title", "text")

    assert (error.reason, error.lasting) == ("its url is none that Apprise knows", True)
    assert logged == []
    assert capfd.readouterr() == ("", "")


def test_a_plugin_that_breaks_is_one_reason_and_logs_speak_again(monkeypatch):
    def broken(self, **how):
        raise RuntimeError(f"http://127.0.0.1/{TOKEN}")

    monkeypatch.setattr(apprise.Apprise, "notify", broken)
    error = failure(notify_service, f"json://127.0.0.1/{TOKEN}", "title", "text")

    assert error.reason == "the service failed (RuntimeError)"
    assert logging.root.manager.disable == logging.NOTSET


def test_without_apprise_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    error = failure(notify_service, f"json://127.0.0.1/{TOKEN}", "title", "text")

    assert error.reason == "Apprise is not installed; it comes with: pip install 'registerwatch[apprise]'"
