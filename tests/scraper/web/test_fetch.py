"""One page over a real socket: what a polite reader asks, and what a careful one refuses."""

import gzip
import socket
import tracemalloc
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from types import SimpleNamespace

import pytest

from scraper.errors import FetchError, ForbiddenError, GoneError
from scraper.web.connections import trusted_context
from scraper.web.fetch import FetchedPage, Fetcher, FetchPolicy, Validators
from scraper.web.robots import parse_robots
from scraper.web.transport import TransportError
from tests.harness.servers import (
    CERTIFICATES,
    FastClock,
    Loopback,
    LoopbackProxy,
    answer,
    babbler,
    chunks,
    drip,
    gzip_bomb,
    hang_up,
    held_port,
    look_up_here,
    packed,
    redirect,
    reset,
    silence,
)

NOW = datetime(2026, 11, 21, 3, 17, tzinfo=UTC)
BODY = "<html><body><h1>NHS Example ICB projects</h1> 2012 – s261</body></html>".encode()
AUTHORITY = str(CERTIFICATES / "authority.pem")


def fetcher_of(server, clock=None, *, resolve=None, **settings):
    clock = clock or FastClock()
    settings = {"contact": "ops@example.org", "index": f"{server.url}/", "interval_s": 0.0, "retries": 0} | settings
    given = {"resolve": resolve} if resolve else {}
    return Fetcher(
        FetchPolicy(**settings),
        clock=clock,
        sleep=clock.sleep,
        now=lambda: NOW,
        jitter=lambda: 0.0,
        **given,
    )


@contextmanager
def asking(script, clock=None, *, certificate=None, **settings):
    """Give a server with *script*, and a fetcher that may ask it."""
    clock = clock or FastClock()
    with (
        Loopback(script, certificate=certificate, clock=clock) as server,
        fetcher_of(server, clock, **settings) as fetcher,
    ):
        yield server, fetcher


def fetch(reply, **settings):
    """Return what comes of one request that is answered with *reply*."""
    with asking({"/page": reply}, **settings) as (server, fetcher):
        return fetcher.fetch(f"{server.url}/page")


def refusal(reply, **settings):
    """Return the words with which *reply* is refused, without the address."""
    with pytest.raises(FetchError) as caught:
        fetch(reply, **settings)
    assert "\n" not in str(caught.value)
    return caught.value.reason


# --- a good answer


def test_a_page_comes_with_all_that_is_known_of_it():
    said = answer(BODY, content_type='text/html; charset="UTF-8"', etag='W/"abc"', last_modified="Sat, 21 Nov 2026")
    with asking({"/organisations/x": said}) as (server, fetcher):
        page = fetcher.fetch(f"{server.url}/organisations/x")

    assert page == FetchedPage(
        url=f"{server.url}/organisations/x",
        body=BODY,
        charset="utf-8",
        etag='W/"abc"',
        last_modified="Sat, 21 Nov 2026",
        fetched_at=NOW,
        received=len(said),
        headers=(
            ("Content-Type", 'text/html; charset="UTF-8"'),
            ("Etag", 'W/"abc"'),
            ("Last-Modified", "Sat, 21 Nov 2026"),
            ("Content-Length", str(len(BODY))),
        ),
    )


def test_we_say_who_we_are_and_whom_to_write_to():
    with asking({"/": answer(BODY)}, contact="https://example.org/watch") as (server, fetcher):
        fetcher.fetch(f"{server.url}/")

    (request,) = server.requests
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "registerwatch/0.1.0 (+https://example.org/watch)",
        "accept": "text/html, */*;q=0.5",
        "accept-encoding": "gzip",
        "connection": "keep-alive",
    }


@pytest.mark.parametrize("contact", ["", "  ", "a@b.org\r\nX-Evil: 1", "ops@exämple.org"])
def test_without_a_usable_contact_nothing_is_asked(contact):
    with pytest.raises(ValueError, match="contact"):
        FetchPolicy(contact=contact, index="https://theysolditanyway.com/")


def test_gzip_and_chunks_are_undone():
    assert fetch(packed(BODY)).body == BODY
    assert fetch(chunks(BODY[:7], BODY[7:])).body == BODY
    half = gzip.compress(BODY[:9], mtime=0) + gzip.compress(BODY[9:], mtime=0) + b"\0\0"
    assert fetch(answer(half, content_encoding="gzip")).body == BODY


def test_bytes_are_counted_as_they_came():
    said = packed(BODY * 100)
    with asking({"/page": [said, answer(status="304 Not Modified")]}) as (server, fetcher):
        page = fetcher.fetch(f"{server.url}/page")
        fetcher.fetch(f"{server.url}/page", Validators(etag='"a"'))

    assert page.received == len(said) < len(page.body) / 10
    assert fetcher.received == len(said) + len(answer(status="304 Not Modified"))


def test_an_answer_without_any_headers_is_a_page():
    page = fetch(hang_up(b"HTTP/1.0 200 OK\r\n\r\n" + BODY))

    assert (page.body, page.charset, page.etag, page.last_modified) == (BODY, None, None, None)


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/html", None),  # requests would make ISO-8859-1 of it
        ("text/html; charset=utf-16", "utf-16"),  # wrong, and the parser's to find out
        ("text/html; charset=utf-8; charset=latin1", "utf-8"),
        ("text/html;charset='windows-1252'", "windows-1252"),
        ("text/html; charset=", None),
        ("; charset", None),
    ],
)
def test_the_declared_charset_is_handed_on_and_the_bytes_are_not_touched(content_type, charset):
    page = fetch(answer(BODY, content_type=content_type))

    assert (page.charset, page.body) == (charset, BODY)


@pytest.mark.parametrize("encoding", ["identity", "none", "utf-8", "UTF8", "iso-8859-1", "8bit", "binary", ""])
def test_what_is_no_packing_is_read_as_it_came(encoding):
    assert fetch(answer(BODY, content_encoding=encoding)).body == BODY
    assert fetch(answer(gzip.compress(BODY), content_encoding=f"gzip, {encoding}")).body == BODY


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "br, gzip"])
def test_a_packing_that_was_not_asked_for_is_refused(encoding):
    assert refusal(answer(BODY, content_encoding=encoding)).startswith(f"the answer is packed as {encoding!r}")


def test_hints_before_the_answer_are_not_the_answer():
    hints = b'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nETag: "no"\r\n\r\n'
    script = {"/page": [b"HTTP/1.1 100 Continue\r\n\r\n" + hints * 2 + answer(BODY, etag='"a"'), answer(b"next")]}
    with asking(script) as (server, fetcher):
        page, following = (fetcher.fetch(f"{server.url}/page") for _ in range(2))

    assert (page.body, page.etag, following.body) == (BODY, '"a"', b"next")
    assert "Link" not in dict(page.headers)
    assert server.connections == 1


@pytest.mark.parametrize("hint", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_hints_without_an_answer_come_to_an_end(hint):
    assert refusal(hang_up(hint * 5000)) == "no proper answer: hints without an answer"


def test_what_comes_beside_a_page_is_counted_too():
    trailers = b"0\r\n" + b"X-Filler: %s\r\n" % (b"x" * 1000) * 4000
    said = hang_up(chunks(BODY, end=False) + trailers)

    with asking({"/page": said}, max_bytes=100_000) as (server, fetcher):
        with pytest.raises(FetchError, match="an answer without an end"):
            fetcher.fetch(f"{server.url}/page")

        assert fetcher.received < 1_500_000


# --- asking only for what is new


def test_a_page_that_apache_packs_is_transferred_once():
    with asking({"/page": [packed(BODY, etag='"x-gzip"')]}) as (server, fetcher):
        first = fetcher.fetch(f"{server.url}/page")
        server.script["/page"] = [answer(status="304 Not Modified", etag='"x"')]
        second = fetcher.fetch(f"{server.url}/page", Validators(first.etag))

    assert (first.body, second) == (BODY, None)
    assert server.requests[-1].headers["if-none-match"] == '"x-gzip", "x"'


@pytest.mark.parametrize("etag", ['"a\x01b"', '"' + "x" * 9000 + '"', '"é"'])
def test_a_tag_that_no_server_would_bear_is_not_sent_back(etag):
    with asking({"/page": answer(BODY)}) as (server, fetcher):
        page = fetcher.fetch(f"{server.url}/page", Validators(etag, "Sat, 21 Nov 2026"))

    assert page.body == BODY
    assert "if-none-match" not in server.requests[0].headers
    assert server.requests[0].headers["if-modified-since"] == "Sat, 21 Nov 2026"


@pytest.mark.parametrize("status", ["400 Bad Request", "431 Request Header Fields Too Large"])
def test_a_server_that_does_not_bear_its_own_tag_is_asked_once_without(status):
    with asking({"/page": [answer(status=status), answer(BODY)]}) as (server, fetcher):
        page = fetcher.fetch(f"{server.url}/page", Validators('"a"', "Sat, 21 Nov 2026"))

    assert page.body == BODY
    assert [("if-none-match" in one.headers) for one in server.requests] == [True, False]

    with asking({"/page": answer(status=status)}) as (server, fetcher), pytest.raises(FetchError, match=status[:3]):
        fetcher.fetch(f"{server.url}/page", Validators('"a"'))

    assert len(server.requests) == 2


def test_a_page_that_the_server_calls_unchanged_is_none():
    with asking({"/page": answer(status="304 Not Modified", etag='W/"a"')}) as (server, fetcher):
        pages = [fetcher.fetch(f"{server.url}/page", Validators('W/"a"', "Sat, 21 Nov 2026")) for _ in range(3)]

    assert pages == [None, None, None]
    assert {(r.headers["if-none-match"], r.headers["if-modified-since"]) for r in server.requests} == {
        ('W/"a"', "Sat, 21 Nov 2026")
    }
    assert server.connections == 1


def test_without_validators_none_are_sent():
    with asking({"/page": answer(BODY, etag='"a"')}) as (server, fetcher):
        fetcher.fetch(f"{server.url}/page")
        fetcher.fetch(f"{server.url}/page", Validators())  # the page's own tag of a moment ago is not remembered

    assert all(not {"if-none-match", "if-modified-since"} & r.headers.keys() for r in server.requests)


def test_unchanged_is_no_answer_to_someone_who_has_nothing():
    assert refusal(answer(status="304 Not Modified")) == "answered 304 Not Modified"


def test_cookies_are_not_kept():
    with asking({"/page": answer(BODY, set_cookie="a=b; Path=/")}) as (server, fetcher):
        fetcher.fetch(f"{server.url}/page")
        fetcher.fetch(f"{server.url}/page")

    assert all("cookie" not in request.headers for request in server.requests)


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert fetch(answer(BODY)).body == BODY


# --- manners


def test_requests_come_evenly_spaced_whatever_they_are_for():
    clock = FastClock()
    script = {
        "/old": redirect("/new"),
        "/new": [answer(status="503 Service Unavailable", retry_after="0"), answer(BODY), answer(BODY)],
    }
    with asking(script, clock, interval_s=1.0, retries=2) as (server, fetcher):
        fetcher.fetch(f"{server.url}/old")
        fetcher.fetch(f"{server.url}/new")

    assert server.paths() == ["/old", "/new", "/old", "/new", "/new"]
    assert [later.at - earlier.at for earlier, later in pairwise(server.requests)] == pytest.approx([1.0] * 4, abs=0.1)
    assert max(clock.slept) <= 1.0


def test_a_crawl_delay_spaces_requests_further_and_never_closer():
    clock = FastClock()
    with asking({"/page": answer(BODY)}, clock, interval_s=1.0) as (server, fetcher):
        fetcher.obey(parse_robots(b"User-agent: *\nCrawl-delay: 2.5"), server.url)
        fetcher.obey(parse_robots(b"User-agent: *\nCrawl-delay: 0.1"), server.url)
        for _ in range(3):
            fetcher.fetch(f"{server.url}/page")

    assert [later.at - earlier.at for earlier, later in pairwise(server.requests)] == pytest.approx([2.5] * 2, abs=0.1)


def test_what_robots_txt_forbids_is_not_asked_not_even_by_a_redirect():
    rules = parse_robots(b"User-agent: registerwatch\nDisallow: /private\nUser-agent: *\nDisallow: /")
    with asking({"/page": redirect("/private/page")}) as (server, fetcher):
        fetcher.obey(rules, server.url)
        for path in ("/private/x", "/page"):
            with pytest.raises(ForbiddenError, match=r"robots.txt forbids"):
                fetcher.fetch(f"{server.url}{path}")

    assert server.paths() == ["/page"]


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 x", "502 x", "503 x", "504 x"])
def test_what_may_pass_is_asked_again_with_growing_pauses(status):
    clock = FastClock()
    script = {"/page": [answer(status=status)] * 4 + [answer(BODY)]}
    with asking(script, clock, retries=4) as (server, fetcher):
        page = fetcher.fetch(f"{server.url}/page")

    assert page.body == BODY
    assert clock.slept == pytest.approx([1, 2, 4, 8], abs=0.1)


def test_tries_come_to_an_end():
    with asking({"/page": answer(status="503 x")}, retries=2) as (server, fetcher), pytest.raises(FetchError) as caught:
        fetcher.fetch(f"{server.url}/page")

    assert (caught.value.reason, caught.value.status) == ("answered 503 Service Unavailable", 503)
    assert len(server.requests) == 3


def test_jitter_is_added_to_each_pause():
    clock = FastClock()
    with Loopback({"/page": [reset(), answer(BODY)]}) as server:
        policy = FetchPolicy(contact="ops@example.org", index=server.url, interval_s=0)
        with Fetcher(policy, clock=clock, sleep=clock.sleep, jitter=lambda: 0.75) as fetcher:
            fetcher.fetch(f"{server.url}/page")

    assert clock.slept == pytest.approx([1.75], abs=0.1)


@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [
        ("7", 7),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0),
        ("Saturday, 21-Nov-26 03:17:20 GMT", 20),
        ("soon", 1),
        ("-5", 1),
        ("1e3", 1),
        ("", 1),
        ("Sat, 99 Nov 2026 99:99:99 GMT", 1),
    ],
)
def test_a_server_that_asks_for_patience_gets_it(retry_after, wait_s):
    clock = FastClock()
    script = {"/page": [answer(status="429 x", retry_after=retry_after), answer(BODY)]}
    with asking(script, clock, retries=1) as (server, fetcher):
        fetcher.fetch(f"{server.url}/page")

    assert sum(clock.slept) == pytest.approx(wait_s, abs=0.1)


@pytest.mark.parametrize("retry_after", ["86400", format_datetime(NOW + timedelta(days=1), usegmt=True), "9" * 9])
def test_a_server_that_asks_for_a_day_loses_us_the_page_and_holds_up_the_next_for_two_minutes(retry_after):
    clock = FastClock()
    script = {"/page": answer(status="429 x", retry_after=retry_after), "/next": answer(BODY)}
    with asking(script, clock, retries=4) as (server, fetcher):
        with pytest.raises(FetchError, match=r"429 Too Many Requests and asked for \d+ h of patience") as caught:
            fetcher.fetch(f"{server.url}/page")
        assert clock.slept == []
        fetcher.fetch(f"{server.url}/next")

    assert caught.value.wait_s >= 86400
    assert clock.slept == pytest.approx([120], abs=0.1)
    assert server.paths() == ["/page", "/next"]


@pytest.mark.parametrize(("headers", "wait_s"), [({"retry_after": "7"}, 7), ({}, 0)])
def test_after_its_last_try_a_page_holds_up_the_next_only_if_the_server_asked_for_it(headers, wait_s):
    clock = FastClock()
    script = {"/page": answer(status="503 x", **headers), "/next": answer(BODY)}
    with asking(script, clock, retries=0) as (server, fetcher):
        with pytest.raises(FetchError, match="503"):
            fetcher.fetch(f"{server.url}/page")
        fetcher.fetch(f"{server.url}/next")

    assert sum(clock.slept) == pytest.approx(wait_s, abs=0.1)


def test_pauses_count_towards_the_deadline_of_a_page():
    clock = FastClock()
    with (
        asking({"/page": answer(status="503 x")}, clock, retries=9) as (server, fetcher),
        pytest.raises(FetchError, match="503"),
    ):
        fetcher.fetch(f"{server.url}/page")

    assert clock.slept == pytest.approx([1, 2, 4, 8, 16, 32], abs=0.1)  # 64 more would be over two minutes


def test_a_long_wait_for_its_turn_does_not_cost_a_page_its_deadline():
    clock = FastClock()
    with asking({"/page": answer(BODY)}, clock, interval_s=60, deadline_s=1) as (server, fetcher):
        pages = [fetcher.fetch(f"{server.url}/page") for _ in range(2)]

    assert [page.body for page in pages] == [BODY, BODY]


# --- pages that are not there


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_gone_is_told_apart(status):
    with pytest.raises(GoneError, match=f"answered {status}"):
        fetch(answer(b"<h1>Sorry</h1>", status=status), retries=4)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("403 Go away <script>", "answered 403 Forbidden"),
        ("401 x", "answered 401 Unauthorized"),
        ("206 x", "answered 206 Partial Content"),
        ("204 x", "answered 204 No Content"),
        ("300 x", "answered 300 Multiple Choices"),
        ("799 x", "answered 799"),
        ("302 Found", "answered 302 without saying where to"),
    ],
)
def test_every_other_status_is_a_refusal_and_asked_once(status, reason):
    with asking({"/page": answer(status=status)}, retries=4) as (server, fetcher), pytest.raises(FetchError) as caught:
        fetcher.fetch(f"{server.url}/page")

    assert (caught.value.reason, len(server.requests)) == (reason, 1)


def test_a_refusal_keeps_the_connection_and_a_long_one_does_not():
    script = {"/short": answer(b"x" * 100, status="404 x"), "/long": answer(b"x" * 999_999, status="404 x")}
    with asking(script) as (server, fetcher):
        for path in ("/short", "/short", "/long", "/short"):
            with pytest.raises(GoneError):
                fetcher.fetch(f"{server.url}{path}")

    assert [request.connection for request in server.requests] == [1, 1, 1, 2]


# --- redirects


def test_redirects_within_the_register_are_followed():
    script = {"/a": redirect("/b?x#y", "301 x"), "/c": answer(BODY)}
    with asking(script, hosts=("https://localhost/",)) as (server, fetcher):
        server.script["/b?x"] = [redirect(f"http://LOCALHOST:{server.port}/c", "308 x")]
        page = fetcher.fetch(f"{server.url}/a")

    assert (page.url, page.body) == (f"http://LOCALHOST:{server.port}/c", BODY)
    assert page.received > len(answer(BODY))


def test_a_redirect_may_say_its_address_in_utf_8():
    said = b"HTTP/1.1 302 Found\r\nLocation: /organisations/soci\xc3\xa9t\xc3\xa9\r\nContent-Length: 0\r\n\r\n"
    with asking({"/page": said, "/organisations/soci%C3%A9t%C3%A9": answer(BODY)}) as (server, fetcher):
        assert fetcher.fetch(f"{server.url}/page").body == BODY


def test_nobody_is_sent_from_https_to_http():
    script = {"/page": [], "/new": answer(BODY)}
    with asking(script, certificate="valid.pem", ca_file=AUTHORITY) as (server, fetcher):
        server.script["/page"] = [redirect(f"http://127.0.0.1:{server.port}/new")]
        with pytest.raises(FetchError, match="redirects from https to http"):
            fetcher.fetch(f"{server.url}/page")

    assert server.paths() == ["/page"]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://evil.example/page", "redirects off the register: evil.example is not a host of the register"),
        ("//evil.example/", "redirects off the register: evil.example is not a host of the register"),
        ("http://169.254.169.254/latest/meta-data/", "redirects off the register: 169.254.169.254 is not a host"),
        ("http://127.0.0.1@evil.example/", "redirects off the register: an address with a user's name"),
        ("http://evil.example\\@127.0.0.1/", "redirects off the register"),
        ("http://127.0.0.1:22/", "redirects to another port: http://127.0.0.1:22/"),
        ("http://127.0.0.1:99999/", "redirects off the register: 'http://127.0.0.1:99999/' is not an address"),
        ("file:///etc/passwd", "redirects off the register: 'file:///etc/passwd' is not an address of the web"),
        ("http://[::1", "redirects to 'http://[::1', which is not an address"),
        ("http://0x7f000001/", "redirects off the register: 0x7f000001 is not a host of the register"),
    ],
)
def test_redirects_elsewhere_are_not_followed(location, reason):
    assert refusal(redirect(location), retries=4).startswith(reason)


def test_redirects_in_a_circle_come_to_an_end():
    with (
        asking({"/a": redirect("/b"), "/b": redirect("/a")}, retries=4) as (server, fetcher),
        pytest.raises(FetchError, match=r"redirects in a circle, at last to http.*/a"),
    ):
        fetcher.fetch(f"{server.url}/a")

    assert server.paths() == ["/a", "/b"]


def test_redirects_without_end_come_to_one():
    script = {f"/{n}": redirect(f"/{n + 1}") for n in range(30)}
    with asking(script) as (server, fetcher), pytest.raises(FetchError, match="redirects in a circle"):
        fetcher.fetch(f"{server.url}/0")

    assert len(server.requests) == 6


def test_the_body_of_a_redirect_is_not_read():
    # A requests session reads and unpacks it to its end, even when told not to follow.
    endless = answer(b"x" * 5_000_000, status="302 Found", location="/new")
    with asking({"/old": endless, "/new": answer(BODY)}) as (server, fetcher):
        page = fetcher.fetch(f"{server.url}/old")

    assert page.body == BODY
    assert page.received < 500_000


# --- distrust


def dripping(said, **settings):
    """Return how *said* is refused that comes a byte at a time, on a clock on which nothing else takes time."""
    clock = FastClock()
    return refusal(drip(said, pause_s=60, sleep=clock.sleep), clock=clock, deadline_s=600, **settings)


def test_a_slow_drip_is_cut_at_the_deadline():
    assert dripping(answer(BODY * 100), retries=4) == "not there within 600 s"


def test_a_slow_drip_of_headers_or_chunks_is_cut_at_the_deadline_too():
    assert dripping(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 999) == "not there within 600 s"
    assert dripping(chunks(*[b"x"] * 999)) == "not there within 600 s"
    assert dripping(b"HTTP/1.1 100 Continue\r\n\r\n" * 15) == "not there within 600 s"


def test_silence_is_not_waited_out():
    # On a busy machine the good answer may come too late as well, but not time after time.
    with asking({"/page": [silence(), answer(BODY)]}, timeout_s=0.5, retries=30, deadline_s=1e12) as (server, f):
        assert f.fetch(f"{server.url}/page").body == BODY

    assert refusal(silence(), timeout_s=0.5) == "no answer for 0.5 s"


def test_a_silence_may_be_shorter_than_the_deadline_but_not_longer():
    clock = FastClock()

    def until_the_deadline(connection):
        clock.sleep(0.5)
        silence()(connection)

    assert refusal(until_the_deadline, clock=clock, timeout_s=30.0, deadline_s=0.5) == "not there within 0.5 s"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (hang_up(answer(BODY)[:-5]), f"cut off after {len(BODY) - 5} of {len(BODY)} bytes"),
        (hang_up(answer(BODY, content_encoding="identity")[:-5]), f"cut off after {len(BODY) - 5} of"),
        (hang_up(chunks(BODY, end=False)), "cut off among its chunks"),
        (hang_up(chunks(BODY)[:-20]), "cut off among its chunks"),
        (
            answer(gzip.compress(BODY, mtime=0)[:-9], content_encoding="gzip"),
            "cut off: the gzip of the answer has no end",
        ),
        (
            answer(gzip.compress(BODY, mtime=0)[:30], content_encoding="x-gzip"),
            "cut off: the gzip of the answer has no end",
        ),
        (answer(BODY, content_encoding="gzip"), "the gzip of the answer is broken"),
        (
            answer(gzip.compress(BODY, mtime=0)[:-8] + bytes(8), content_encoding="gzip"),
            "the gzip of the answer is broken",
        ),
        (answer(BODY, content_encoding="br"), "the answer is packed as 'br', which was not asked for"),
        (reset(), "the connection broke: Connection reset by peer"),
        (reset(answer(BODY)[:-5]), "the connection broke: Connection reset by peer"),
        (hang_up(), "the connection broke: Remote end closed connection without response"),
        (hang_up(b"SSH-2.0-OpenSSH_9.2\r\n"), "no proper answer: "),
        (hang_up(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a number\r\n"), "cut off among its chunks"),
        (hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello"), "no proper answer: "),
        (hang_up(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), "no proper answer: got more than 100 headers"),
    ],
)
def test_an_answer_that_is_not_whole_is_refused(reply, reason):
    assert refusal(reply).startswith(reason)


def test_a_whole_answer_may_follow_a_broken_one():
    script = {
        "/page": [
            reset(),
            hang_up(answer(BODY)[:-5]),
            answer(gzip.compress(BODY, mtime=0)[:-3], content_encoding="gzip"),
        ]
    }
    script["/page"].append(answer(BODY))
    with asking(script, retries=3) as (server, fetcher):
        assert fetcher.fetch(f"{server.url}/page").body == BODY


def test_a_bomb_of_gzip_does_not_go_off():
    bomb = gzip_bomb(300_000_000)
    assert len(bomb) < 300_000
    tracemalloc.start()
    try:
        said = refusal(bomb, max_bytes=5_000_000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert said == "the answer unpacks to more than 5,000,000 bytes"
    assert most < 12_000_000


def test_what_is_too_big_is_asked_for_once():
    with (
        asking({"/page": packed(bytes(20_000))}, retries=4, max_bytes=10_000) as (server, fetcher),
        pytest.raises(FetchError, match="unpacks to more than 10,000 bytes"),
    ):
        fetcher.fetch(f"{server.url}/page")

    assert len(server.requests) == 1


def test_a_huge_body_is_not_read_to_its_end():
    endless = hang_up(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3_000_000)
    script = {"/said": answer(b"x" * 3_000_000), "/unsaid": endless}
    with asking(script, retries=4, max_bytes=1_000_000) as (server, fetcher):
        for path in ("/said", "/unsaid"):
            with pytest.raises(FetchError, match="longer than 1,000,000 bytes"):
                fetcher.fetch(f"{server.url}{path}")

    assert fetcher.received < 1_500_000
    assert len(server.requests) == 2


def test_a_host_that_does_not_resolve_is_one_line(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    policy = FetchPolicy(contact="ops@example.org", index="https://register.invalid/", retries=0)
    with Fetcher(policy) as fetcher, pytest.raises(FetchError) as caught:
        fetcher.fetch("https://register.invalid/")

    assert str(caught.value) == "https://register.invalid/: the name register.invalid does not resolve"


def test_a_closed_port_is_one_line():
    with held_port() as port:
        nobody = SimpleNamespace(url=f"http://127.0.0.1:{port}")
        with fetcher_of(nobody) as fetcher, pytest.raises(FetchError) as caught:
            fetcher.fetch(f"{nobody.url}/")

    assert caught.value.reason == "no connection: Connection refused"


# --- addresses that are not public


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254"])
def test_a_public_name_at_an_address_that_is_not_gets_no_connection(ip):
    with Loopback({"/": answer(BODY)}) as server:
        url = f"http://register.example:{server.port}/"
        fetcher = fetcher_of(server, index=url, resolve=lambda host, port: [ip], retries=4)
        with fetcher, pytest.raises(FetchError) as caught:
            fetcher.fetch(url)

    assert caught.value.reason == f"register.example is at {ip}, which is not public"
    assert server.connections == 0


def test_a_private_register_may_be_where_it_is_and_its_name_is_looked_up_once_for_each_connection():
    asked = []

    def resolve(host, port):
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    with Loopback({"/": answer(BODY)}) as server:
        url = f"http://register.internal:{server.port}/"
        with fetcher_of(server, index=url, resolve=resolve) as fetcher:
            pages = [fetcher.fetch(url) for _ in range(3)]

    assert [page.body for page in pages] == [BODY] * 3
    assert asked == [("register.internal", server.port)]
    assert server.requests[0].headers["host"] == f"register.internal:{server.port}"


def test_the_next_address_is_tried_where_one_does_not_answer():
    with socket.create_server(("127.0.0.2", 0)) as closed, Loopback({"/": answer(BODY)}) as server:
        closed.close()
        url = f"http://localhost:{server.port}/"
        with fetcher_of(server, index=url, resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"]) as fetcher:
            assert fetcher.fetch(url).body == BODY


def test_only_the_registers_hosts_are_asked():
    with (
        asking({"/": answer(BODY)}, index="http://localhost/") as (server, fetcher),
        pytest.raises(FetchError, match=r"127\.0\.0\.1 is not a host of the register"),
    ):
        fetcher.fetch(f"{server.url}/")

    assert server.connections == 0


# --- TLS


def test_a_certificate_of_a_known_authority_is_trusted():
    page = fetch(answer(BODY), certificate="valid.pem", ca_file=AUTHORITY)

    assert (page.body, page.received) == (BODY, len(answer(BODY)))


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("expired.pem", "certificate has expired"),
        ("self-signed.pem", "self-signed certificate"),
        ("other-name.pem", "IP address mismatch, certificate is not valid for '127.0.0.1'."),
    ],
)
def test_a_certificate_that_is_not_to_be_trusted_is_one_clear_line_and_asked_once(certificate, reason):
    clock = FastClock()

    said = refusal(answer(BODY), clock=clock, certificate=certificate, ca_file=AUTHORITY, retries=4)

    assert said == f"the certificate is not to be trusted: {reason}"
    assert clock.slept == []


def test_without_a_ca_file_this_machines_own_certificates_count_and_no_librarys_settings(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", AUTHORITY)
    monkeypatch.setenv("CURL_CA_BUNDLE", AUTHORITY)

    said = refusal(answer(BODY), certificate="valid.pem")

    assert said == "the certificate is not to be trusted: unable to get local issuer certificate"

    # Where OpenSSL looks for what the machine trusts.
    monkeypatch.setenv("SSL_CERT_FILE", AUTHORITY)

    assert fetch(answer(BODY), certificate="valid.pem").body == BODY


def test_a_machine_without_certificates_takes_those_that_come_with_the_program(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))

    assert len(trusted_context(None).get_ca_certs()) > 100


@pytest.mark.parametrize(("text", "why"), [(None, "No such file or directory"), ("hello", "no certificates in it")])
def test_a_ca_file_that_is_none_is_one_line_before_anything_is_asked(text, why, tmp_path):
    file = tmp_path / "authority.pem"
    if text:
        file.write_text(text)

    with Loopback({}) as server, pytest.raises(TransportError) as caught:
        fetcher_of(server, ca_file=file)

    assert str(caught.value) == f"ca_file {file}: {why}"


def test_a_server_that_does_not_speak_tls_is_one_line():
    with babbler(answer(status="400 Bad Request")) as port:
        url = f"https://127.0.0.1:{port}/page"
        fetcher = Fetcher(FetchPolicy(contact="ops@example.org", index=url, retries=0))
        with fetcher, pytest.raises(FetchError) as caught:
            fetcher.fetch(url)

    assert caught.value.reason.startswith("no secure connection: ")


# --- through a proxy


def through(proxy, index, **settings):
    """Return what comes of one request through *proxy*; nobody but it looks a name up."""

    def resolve(host, port):
        assert host == "127.0.0.1", f"{host} was looked up here"
        return [host]

    clock = FastClock()
    policy = FetchPolicy(contact="ops@example.org", index=index, interval_s=0, retries=0, proxy=proxy, **settings)
    with Fetcher(policy, clock=clock, sleep=clock.sleep, resolve=resolve) as fetcher:
        return [fetcher.fetch(index).body for _ in range(2)]


def test_a_plain_page_comes_through_a_proxy_that_is_told_its_whole_address():
    script = {"/page": answer(BODY)}
    with Loopback(script) as server, LoopbackProxy({"register.example": server.port}) as proxy:
        bodies = through(proxy.address, "http://register.example/page")

    assert bodies == [BODY, BODY]
    assert proxy.asked == ["GET http://register.example/page HTTP/1.1"] * 2
    assert server.requests[0].headers["host"] == "register.example"
    assert server.connections == 1


def test_a_page_of_https_comes_through_a_tunnel_and_its_certificate_is_checked():
    with (
        Loopback({"/page": answer(BODY)}, certificate="valid.pem") as server,
        LoopbackProxy({f"{host}:443": server.port for host in ("localhost", "register.example")}) as proxy,
    ):
        bodies = through(proxy.address, "https://localhost/page", ca_file=AUTHORITY)
        with pytest.raises(FetchError, match=r"certificate is not valid for 'register\.example'"):
            through(proxy.address, "https://register.example/page", ca_file=AUTHORITY)

    assert bodies == [BODY, BODY]
    assert proxy.asked[0] == "CONNECT localhost:443 HTTP/1.1"


def test_a_proxy_may_want_a_login_and_nobody_else_hears_it():
    with (
        Loopback({"/page": answer(BODY)}, certificate="valid.pem") as server,
        LoopbackProxy({"localhost:443": server.port}, login="Basic bWU6c2VjcmV0") as proxy,
    ):
        with_login = proxy.address.replace("http://", "http://me:secret@")
        assert through(with_login, "https://localhost/page", ca_file=AUTHORITY) == [BODY, BODY]
        with pytest.raises(FetchError, match="the proxy answered 407") as caught:
            through(proxy.address, "https://localhost/page", ca_file=AUTHORITY)

    assert all("proxy-authorization" not in request.headers for request in server.requests)
    assert not caught.value.temporary


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer(status="502 Bad Gateway"), "the proxy answered 502"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "the proxy gave no proper answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300, "no secure connection"),
        (b"", "the proxy gave no proper answer"),
    ],
)
def test_a_proxy_that_opens_no_tunnel_is_one_line(said, reason):
    with babbler(said) as port, pytest.raises(FetchError, match=reason):
        through(f"http://127.0.0.1:{port}", "https://register.example/page")


def test_behind_a_proxy_only_the_registers_hosts_are_asked_too():
    script = {"/page": redirect("http://169.254.169.254/latest/meta-data/")}
    with (
        Loopback(script) as server,
        LoopbackProxy({"register.example": server.port, "169.254.169.254": server.port}) as proxy,
        pytest.raises(FetchError, match="redirects off the register"),
    ):
        through(proxy.address, "http://register.example/page")

    assert len(server.requests) == len(proxy.asked) == 1
