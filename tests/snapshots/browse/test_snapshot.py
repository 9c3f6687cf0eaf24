"""A kept page: its text, its source, two side by side; shown as text whatever it holds, and only to whom it may be."""

import contextlib
import hashlib
import re
import sqlite3

import pytest

from snapshots.browse.parts.kept_text import MOST_LINES, PageLine, side_by_side, source_of, text_of
from tests.harness.browse_server import copy_of, serving
from tests.harness.editions import HARROWDALE, REGISTER, Watch, with_project

FIRST, SECOND, THIRD = (f"2026-{month:02d}-03T03:00:00Z" for month in (2, 5, 8))
SLUG = "university_of_harrowdale"
HOSTILE = (
    b"</li></ol><script>alert(1)</script><p onclick='x'>\xe2\x80\xae \"quoted\" "
    b"<a href='javascript:alert(2)'>press</a></p><img src='http://elsewhere.example/pixel'>"
    + b"w" * 20_000
    + b"\0<p>after</p>"
)
BEFORE = HARROWDALE.html()
AFTER = with_project(HARROWDALE, end="2029-03-12").html().replace(b"</body>", HOSTILE + b"</body>")


def sha(body):
    return hashlib.sha256(body).hexdigest()


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    watch = Watch(tmp_path_factory.mktemp("snapshot"))
    others = {slug: page for slug, page in REGISTER.items() if slug != SLUG}
    for at, body in ((FIRST, BEFORE), (SECOND, AFTER), (THIRD, b"")):
        watch.take({**others, f"{SLUG}.html": body}, at)
    return watch


@pytest.fixture(scope="module")
def served(watch):
    with serving(watch.database) as served:
        yield served


def facts(answer):
    rows = answer.soup.select_one("dl.facts").select("div")
    return {row.dt.get_text(): " ".join(row.dd.get_text(" ").split()) for row in rows}


def test_a_kept_page_says_what_it_is_and_how_to_check_it(served):
    answer = served.page(f"/snapshots/{sha(BEFORE)}")

    assert answer.soup.h1.get_text() == "University of Harrowdale: page kept 3 February 2026"
    assert facts(answer)["SHA-256"].replace(" ", "") == sha(BEFORE)
    assert facts(answer)["Read as"].startswith("layout L3, 1 agreement")
    assert f"sha256sum {SLUG}-{sha(BEFORE)[:16]}.txt" in answer.words


def test_its_text_is_what_the_reader_sees(served):
    lines = [line.get_text() for line in served.page(f"/snapshots/{sha(BEFORE)}").soup.select("ol.kept li")]

    assert lines[1] == "University of Harrowdale projects"
    assert "Datasets:" in lines
    assert not any("<p>" in line for line in lines)


def test_its_source_is_numbered_and_escaped(served):
    lines = served.page(f"/snapshots/{sha(BEFORE)}?as=source").soup.select("ol.source li")

    assert [line["value"] for line in lines[:3]] == ["1", "2", "3"]
    assert "\n".join(line.get_text() for line in lines) == BEFORE.decode().rstrip("\n")


def test_two_stand_side_by_side_with_what_differs_marked(served):
    answer = served.page(f"/snapshots/{sha(AFTER)}?with={sha(BEFORE)}")
    row = next(row for row in answer.soup.select("tr.differs") if "DSA runs" in row.get_text())

    assert [cell.get_text() for cell in answer.soup.select(".kept-pair thead th")] == ["3 February 2026", "3 May 2026"]
    assert (row.find("del").get_text(), row.find("ins").get_text()) == ("2026-03-12", "2029-03-12")
    assert "lines alike" in answer.words


def test_the_state_before_is_a_link_away(served):
    answer = served.page(f"/snapshots/{sha(AFTER)}")

    assert answer.soup.find("a", rel="prev")["href"] == f"/snapshots/{sha(BEFORE)}"
    assert f"/snapshots/{sha(AFTER)}?with={sha(BEFORE)}#h-text" in [link["href"] for link in answer.soup.select("a")]


@pytest.mark.parametrize("query", ["", "?as=source", f"?with={sha(BEFORE)}", f"?with={sha(BEFORE)}&as=source"])
def test_nothing_in_a_kept_page_is_run_or_fetched(served, query):
    answer = served.page(f"/snapshots/{sha(AFTER)}{query}")
    main = answer.soup.main

    assert not main.find(["script", "img", "iframe", "object", "style"])
    assert not [tag for tag in main.find_all() if any(name.startswith("on") for name in tag.attrs)]
    assert not [link for link in main.select("a[href]") if not re.match(r"(https?:|/|#)", link["href"])]
    assert "\u202e" not in answer.text
    assert "\0" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    if "source" in query:
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text


def test_its_bytes_are_saved_as_plain_text(served):
    answer = served.page(f"/snapshots/{sha(AFTER)}.txt")

    assert answer.body == AFTER
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == f'attachment; filename="{SLUG}-{sha(AFTER)[:16]}.txt"'


def test_a_page_that_was_not_believed_is_shown_with_the_reason(served):
    answer = served.page(f"/snapshots/{sha(b'')}")

    assert "Not believed when it came: empty." in answer.words
    assert "not believed: empty" in answer.words


def test_the_first_digits_of_a_checksum_lead_to_it(served):
    answer = served.get(f"/snapshots/{sha(BEFORE)[:12].upper()}?as=source")

    assert (answer.status, answer.headers["location"]) == (301, f"/snapshots/{sha(BEFORE)}?as=source")


@pytest.mark.parametrize("digits", ["0" * 64, "abc", "..%2Fetc", "%3Cb%3E"])
def test_what_is_no_checksum_is_not_here(served, digits):
    answer = served.get(f"/snapshots/{digits}")

    assert answer.status == 404
    assert "checksum" in answer.words


def test_a_page_is_not_compared_with_itself(served):
    assert served.get(f"/snapshots/{sha(AFTER)}?with={sha(AFTER)[:10]}").status == 400


@pytest.mark.parametrize("address", [f"/snapshots/{sha(AFTER)}", f"/snapshots/{sha(AFTER)}.txt"])
def test_in_public_kept_pages_are_shown_only_if_the_settings_say_so(watch, address):
    with serving(watch.database, public=True) as public:
        refused = public.get(address)
    with serving(watch.database, public=True, publish_pages=True) as published:
        shown = published.get(address)

    assert (refused.status, shown.status) == (403, 200)
    assert "alert(1)" not in refused.text


def test_bytes_of_a_run_that_was_killed_are_not_shown(watch, tmp_path):
    database = copy_of(watch.database, tmp_path)
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.execute(
            "insert into bodies "
            "select :orphan, size, kept_at, base, dictionary, data from bodies where sha256 = :sha256",
            {"orphan": "f" * 64, "sha256": sha(BEFORE)},
        )
    with serving(database) as served:
        answer = served.get(f"/snapshots/{'f' * 64}")

    assert answer.status == 404
    assert "belong to no run" in answer.words


# --- lines ------------------------------------------------------------------------------------------------------------


def numbered(*texts):
    return [PageLine(number=n, text=text) for n, text in enumerate(texts, start=1)]


def test_what_is_alike_is_counted_and_two_lines_beside_a_difference_stay():
    same = [str(n) for n in range(20)]
    rows = side_by_side(numbered("a", *same), numbered("b", *same))

    assert rows[0].differs
    assert [row.before.runs[0].text for row in rows[1:3]] == ["0", "1"]
    assert rows[3].alike == 18


def test_a_huge_page_is_cut():
    body = b"<p>line</p>\n" * (MOST_LINES + 10)

    assert text_of(body, None).left_out == 10
    assert source_of(body, None).left_out == 10


def test_bytes_that_are_no_text_are_not_shown_as_text():
    assert text_of(b"%PDF-1.4 \x00\x01", None).lines == ()
    assert source_of(b"\x89PNG\r\n", None).notices == ("these bytes are no text",)
