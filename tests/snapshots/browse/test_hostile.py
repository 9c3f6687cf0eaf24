"""What nobody would ask in good faith is answered in a plain sentence, and nothing of it stands on a page as markup."""

import contextlib
import csv
import io
import json
import socket
from urllib.parse import quote

import pytest
from lxml import etree

from tests.harness.browse_server import PATIENCE_S, Answer, serving
from tests.harness.ten_names import watched

MARK = "<b id=zz>zz</b>"
ABSURD = {
    "markup": f"{MARK}\"'&--></script>{MARK}",
    "right to left": "\u202egnp.exe\u2066",
    "a nul": "a\0b",
    "ten thousand letters": "x" * 10_000,
    "a query of operators": 'NOT A AND ( OR "',
    "a quote": "'; drop table changes; --",
    "half a character": "\udcff\udcfe",
    "a number without end": "9" * 400,
    "less than nothing": "-1",
    "no date": "2026-02-30",
    "other letters": "Ｈ\u0345ES💥\u200d" * 40,
    "a way out": "../../../../etc/passwd",
    "a hundred words": "nhs " * 100,
    "nothing but space": " \t\n ",
}
FILTERS = ("q", "dataset", "organisation", "reference", "kind", "severity", "since", "until", "words", "days", "as_of")
PAGES = (
    "/",
    "/search",
    "/search/suggest",
    "/organisations",
    "/datasets",
    "/legal-bases",
    "/compare",
    "/expiring",
    "/red-flags",
    "/changes.csv",
    "/changes.json",
    "/changes.feed.json",
    "/changes.atom",
    "/changes.rss",
    "/pictures",
    "/pictures/figures.svg",
    "/pictures/term.svg",
    "/pictures/recipients.csv",
    "/questions",
    "/questions/who-has-dataset",
    "/questions/history-of-agreement.json",
    "/questions/words-in-prose.csv",
    "/about",
    "/glossary",
    "/severity",
)
BELOW = (
    "/organisations/",
    "/agreements/",
    "/datasets/",
    "/legal-bases/",
    "/changes/",
    "/runs/",
    "/snapshots/",
    "/pictures/",
)
EVERY = 9
"""Each page is asked every so-manieth pair of filter and word, and each page begins at another."""
ALLOWED = {200, 301, 302, 303, 400, 403, 404, 414}
LARGEST = 200_000
"""Bytes of the largest answer: a hostile word is not said again and again."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(watched(tmp_path_factory.mktemp("hostile")).database, public=True) as served:
        yield served


def faults(answer: Answer):
    """Yield what is wrong with an answer, in a few words each."""
    if answer.status not in ALLOWED:
        yield f"status {answer.status}"
    if len(answer.body) > LARGEST:
        yield f"{len(answer.body)} bytes"
    if b"Traceback" in answer.body:
        yield "a traceback"
    content = answer.headers.get("content-type", "")
    if content.startswith("text/html") and answer.body:
        yield from faults_of_page(answer)
    elif "json" in content:
        json.loads(answer.text)
    elif "xml" in content:
        etree.fromstring(answer.body)
    elif content.startswith("text/csv"):
        list(csv.reader(io.StringIO(answer.text), strict=True))


def faults_of_page(answer: Answer):
    if answer.tree.xpath("//*[@id='zz'] | //script[not(@src)]"):
        yield "markup of a stranger"
    if answer.status >= 400:
        said = " ".join(" ".join(answer.tree.xpath("//main//p//text()")).split())
        if not said.rstrip().endswith("."):
            yield f"no sentence: {said[:80]}"
    if "\u202e" in answer.text or "\0" in answer.text:
        yield "a character that turns the line around"


def asked(served, address: str) -> list[str]:
    return [f"{address[:90]}: {fault}" for fault in faults(served.get(address))]


def spelled(value: str) -> str:
    return quote(value, safe="", errors="surrogateescape")


@pytest.mark.parametrize("page", PAGES)
def test_an_absurd_question_gets_a_sentence(served, page):
    pairs = [(name, value) for name in FILTERS for value in ABSURD.values()]
    few = pairs[PAGES.index(page) % EVERY :: EVERY]

    assert [fault for name, value in few for fault in asked(served, f"{page}?{name}={spelled(value)}")] == []


@pytest.mark.soak
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", FILTERS)
def test_every_absurd_question_gets_a_sentence(served, page, name):
    assert [fault for value in ABSURD.values() for fault in asked(served, f"{page}?{name}={spelled(value)}")] == []


@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize("ending", ["", ".json", ".csv"])
def test_an_absurd_name_gets_a_sentence(served, below, ending):
    assert [fault for value in ABSURD.values() for fault in asked(served, below + spelled(value) + ending)] == []


@pytest.mark.parametrize("page", PAGES)
def test_names_without_number_and_names_given_twice_are_answered(served, page):
    for query in ("q=1&q=2&q=", "=&=&&&=", "a" * 10_000, "severity=high&severity=low", "[]=1&q[]=2", "%=%&%zz=%u0041"):
        assert asked(served, f"{page}?{query}") == []
    assert served.get(f"{page}?{'severity=high&' * 3000}").status in (400, 414)


@pytest.mark.parametrize(
    "line",
    [
        b"GET /search?q=<b>\xff\xfe HTTP/1.1",
        b"GET /search?q=a b c HTTP/1.1",
        b"GET " + b"/x" * 40_000 + b" HTTP/1.1",
        b"BREW / HTTP/1.1",
        b"POST /search?q=nhs HTTP/1.1\r\nContent-Length: 3\r\n\r\nq=1",
        b"GET http://elsewhere.example/ HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_what_is_no_request_harms_nobody(served, line):
    said = b""
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as connection:
        # Who has answered a line need not read its end, and then the system breaks the connection off.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                said += piece

    assert int(said[9:12]) in {200, 301, 400, 404, 405, 414}, said[:200]
    assert b"location: http" not in said
    assert b"location: //" not in said
    assert b"Traceback" not in said
    assert served.page("/").status == 200
