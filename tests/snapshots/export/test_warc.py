"""The kept pages as a web archive: others' tools accept it, it tells what the server sent, and it can be read back."""

import base64
import gzip
import hashlib
import json
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from snapshots.keeping.bodies import LONGEST_HEADER, MOST_HEADERS, headers_as_kept, kept_headers
from tests.harness.editions import EASTMERE, HARROWDALE, REGISTER, WEXCOMBE, Watch, answer_archive, with_project
from tests.harness.nights import Nights
from tests.harness.register_server import RegisterServer, Site
from tests.harness.servers import packed

LATER = {
    **REGISTER,
    "university_of_harrowdale": with_project(HARROWDALE, end="2027-03-12", controllers="HARROWDALE ANALYTICS LTD"),
}
LATEST = {
    **LATER,
    "nhs_eastmere_icb": with_project(
        EASTMERE, datasets=("Emergency Care Data Set (ECDS)", "Civil Registrations of Death")
    ),
}
EDITIONS = {"2025-01-01": REGISTER, "2025-02-01": LATER, "2025-03-01": LATER, "2025-04-01T05:06:07Z": LATEST}


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    watch = Watch(tmp_path_factory.mktemp("watched"))
    for at, pages in EDITIONS.items():
        watch.take({f"{slug}.html" if slug != "nhs_eastmere_icb" else f"2025/{slug}.txt": body(slug, page)
                    for slug, page in pages.items()}, at)  # fmt: skip
    return watch


def body(slug, page):
    return page.text() if slug == "nhs_eastmere_icb" else page.html()


def archive_of(watch, name="out"):
    result = watch.run("export", watch.folder / name, "--pages")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return watch.folder / name / "pages.warc.gz"


@pytest.fixture(scope="module")
def archive(watch):
    return archive_of(watch)


def records(path):
    """Yield type, headers of the record, headers of the answer and body of each record."""
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, check_digests="raise"):
            http = record.http_headers and [record.http_headers.statusline, *record.http_headers.headers]
            yield record.rec_type, dict(record.rec_headers.headers), http, record.raw_stream.read()


def is_accepted(path, capsys):
    status = Checker(SimpleNamespace(inputs=[str(path)], verbose=True)).process_all()
    lines = capsys.readouterr().out.splitlines()
    said = set(lines[2::2]) - {"    digest present but not checked (revisit)"}
    return status == 0 and said == {"    digest pass"}


# --- saved pages ------------------------------------------------------------------------------------------------------


def test_warcio_accepts_the_archive(archive, capsys):
    assert is_accepted(archive, capsys)


def test_every_record_is_a_gzip_member_of_its_own(archive):
    data = archive.read_bytes()
    with archive.open("rb") as stream:
        archived = ArchiveIterator(stream)
        places = [archived.get_record_offset() for _ in archived]

    assert len(places) == 12
    for place in places:
        assert gzip.decompress(data[place:]).startswith(b"WARC/1.1\r\n")


def test_a_saved_page_is_a_resource_and_nobody_makes_up_how_it_was_answered(archive):
    first, *others = (record for record in records(archive) if record[0] != "revisit")
    told = [(kind, head["WARC-Target-URI"], head["WARC-Date"], head["Content-Type"]) for kind, head, _, _ in others]

    assert first[0] == "warcinfo"
    assert b"medConfidential" in first[3]
    assert told == [
        ("resource", "file:///2025/nhs_eastmere_icb.txt", "2025-01-01T00:00:00Z", "text/plain"),
        ("resource", "file:///university_of_harrowdale.html", "2025-01-01T00:00:00Z", "text/html"),
        ("resource", "file:///wexcombe_city_council.html", "2025-01-01T00:00:00Z", "text/html"),
        ("resource", "file:///university_of_harrowdale.html", "2025-02-01T00:00:00Z", "text/html"),
        ("resource", "file:///2025/nhs_eastmere_icb.txt", "2025-04-01T05:06:07Z", "text/plain"),
    ]
    assert [http for _, _, http, _ in others] == [None] * 5
    assert [text for _, _, _, text in others][:3] == [EASTMERE.text(), HARROWDALE.html(), WEXCOMBE.html()]


def test_a_page_seen_again_is_a_revisit_of_its_first_capture_however_often(watch, archive):
    captured = {head["WARC-Record-ID"]: head for _, head, _, _ in records(archive)}
    seen = [head for kind, head, _, _ in records(archive) if kind == "revisit"]
    wexcombe = [head for head in seen if "wexcombe" in head["WARC-Target-URI"]]

    assert [head["WARC-Date"] for head in wexcombe] == ["2025-02-01T00:00:00Z", "2025-04-01T05:06:07Z"]
    for head in seen:
        first = captured[head["WARC-Refers-To"]]
        assert head["WARC-Payload-Digest"] == first["WARC-Payload-Digest"]
        assert head["WARC-Refers-To-Date"] == first["WARC-Date"] < head["WARC-Date"]
        assert head["WARC-Refers-To-Target-URI"] == first["WARC-Target-URI"]


def test_read_back_it_gives_the_same_changes_with_the_same_ids(watch, archive, tmp_path):
    again = Watch(tmp_path)
    result = again.run("import", archive, "--fetched-at", "2025-05-01")

    assert result.exit_code == 0, result.output
    assert [change["kind"] for change in watch.changes()] == [
        "dataset-added",
        "controller-removed",
        "controller-added",
        "dsa-extended",
    ]
    for one, other in zip(watch.changes("--all"), again.changes("--all"), strict=True):
        assert one | {"run": 0} == other | {"run": 0}
    assert archive_of(again).read_bytes() == archive.read_bytes()


def test_the_pages_are_written_only_if_asked_for(watch, tmp_path):
    watch.run("export", tmp_path / "out")

    assert "pages" not in {
        one["name"] for one in json.loads((tmp_path / "out/datapackage.json").read_text())["resources"]
    }
    assert not (tmp_path / "out" / "pages.warc.gz").exists()


def test_the_package_says_that_the_pages_are_not_ours_to_give(watch, archive):
    package = json.loads((archive.parent / "datapackage.json").read_text())
    (pages,) = (one for one in package["resources"] if one["name"] == "pages")

    assert [licence["name"] for licence in pages["licenses"]] == ["other-closed"]


def test_names_of_saved_files_are_written_as_addresses(tmp_path, capsys):
    watch = Watch(tmp_path)
    watch.take({"été 2024/king%27s_college #1.html": HARROWDALE.html()}, "2025-01-01")
    ((_, head, _, text),) = list(records(archive_of(watch)))[1:]
    again = Watch(tmp_path / "again")
    again.folder.mkdir()
    again.run("import", archive_of(watch), "--fetched-at", "2025-05-01")

    assert head["WARC-Target-URI"] == "file:///%C3%A9t%C3%A9%202024/king%2527s_college%20%231.html"
    assert text == HARROWDALE.html()
    assert is_accepted(archive_of(watch), capsys)
    assert archive_of(again).read_bytes() == archive_of(watch).read_bytes()


# --- fetched pages ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    with RegisterServer(Site({slug: page.html() for slug, page in REGISTER.items()})) as server:
        yield server


@pytest.fixture(scope="module")
def nights(server, tmp_path_factory):
    """Three nights; on the second nothing changed, on the third one page came packed and with a cookie."""
    nights = Nights(tmp_path_factory.mktemp("nights"), server)
    nights.run_at()
    nights.run_at()
    later = LATER["university_of_harrowdale"].html()
    server.site.faults["university_of_harrowdale"] = packed(
        later, content_type="text/html; charset=windows-1252", set_cookie="session=1234", server="Häuschen"
    )
    nights.run_at()
    return nights


def captures(watch):
    with closing(sqlite3.connect(watch.database)) as database:
        return database.execute("select page, headers from captures order by run, page").fetchall()


def test_a_page_keeps_what_the_server_sent_and_a_quiet_night_adds_nothing(nights, server):
    kept = captures(nights)
    headers = dict(kept_headers(kept[0][1]))

    assert [page for page, _ in kept] == [*sorted(REGISTER), "university_of_harrowdale"]
    assert headers == {
        "Content-Type": "text/html; charset=utf-8",
        "Etag": server.site.etag(EASTMERE.html()),
        "Content-Length": str(len(EASTMERE.html())),
    }


def test_a_cookie_is_not_kept(nights):
    assert "1234" not in str(nights.everything()["captures"])


def test_a_fetched_page_is_a_response_with_headers_that_are_true_of_the_kept_bytes(nights, server, capsys):
    path = archive_of(nights)
    *_, (kind, head, http, text) = (record for record in records(path) if record[0] == "response")
    later = LATER["university_of_harrowdale"].html()

    assert is_accepted(path, capsys)
    assert kind == "response"
    assert head["WARC-Target-URI"] == f"{server.url}/organisations/university_of_harrowdale"
    assert head["WARC-Date"] == "2026-06-03T03:17:00Z"
    assert text == later
    assert http[0] == "200 OK"
    assert dict(http[1:]) == {
        "X-Orig-Content-Encoding": "gzip",
        "Content-Type": "text/html; charset=windows-1252",
        "Server": "Häuschen",
        "X-Orig-Content-Length": str(len(gzip.compress(later, mtime=0))),
        "Content-Length": str(len(later)),
    }


def test_nights_read_back_give_the_same_changes_headers_and_archive(nights, tmp_path):
    again = Nights(tmp_path, nights.server)
    archive = archive_of(nights)
    result = again.run("import", archive, "--fetched-at", "2026-07-01")

    assert result.exit_code == 0, result.output
    assert [one["id"] for one in again.changes("--all")] == [one["id"] for one in nights.changes("--all")] != []
    assert archive_of(again).read_bytes() == archive.read_bytes()


def test_an_archive_gives_the_set_of_characters_that_the_server_declared(tmp_path):
    page = with_project(HARROWDALE, title="Cafés of the coast").html().decode().encode("mac-roman")
    watch = Watch(tmp_path)
    at = "2025-01-01T03:00:00Z"
    whole = b"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=Macintosh\r\n\r\n" + page
    file = answer_archive(tmp_path / "one.warc.gz", [("https://example.org/organisations/harrowdale", at, whole)])
    watch.run("import", file, "--fetched-at", "2025-02-01")
    with closing(sqlite3.connect(watch.database)) as database:
        assert database.execute("select charset from captures").fetchall() == [("macintosh",)]
    assert watch.json("agreements", "--format", "json")[0]["title"] == "Cafés of the coast"


def test_resources_of_others_are_taken_only_where_they_are_pages(tmp_path):
    page = HARROWDALE.html()

    def record(address, content_type):
        head = f"WARC/1.1\r\nWARC-Type: resource\r\nWARC-Target-URI: {address}\r\nWARC-Date: 2025-01-01T03:00:00Z\r\n"
        head += f"WARC-Record-ID: <urn:uuid:0>\r\nContent-Type: {content_type}\r\nContent-Length: {len(page)}\r\n\r\n"
        return gzip.compress(head.encode() + page + b"\r\n\r\n")

    file = tmp_path / "others.warc.gz"
    file.write_bytes(
        record("urn:view:https://example.org/organisations/a_board", "image/png")
        + record("urn:text:https://example.org/organisations/b_board", "text/html")
        + record("https://example.org/organisations/c_board", "text/html")
        + record("https://example.org/about", "text/html")
        + record("file:///saved/d_board.html", "text/html; charset=utf-8")
        + record("file:///saved/style.css", "text/css")
    )
    watch = Watch(tmp_path)
    watch.run("import", file, "--fetched-at", "2025-02-01")

    assert [row["slug"] for row in watch.json("organisations", "--format", "json")] == ["c_board", "d_board"]


def revisit(address, at, digest):
    head = f"WARC/1.1\r\nWARC-Type: revisit\r\nWARC-Target-URI: {address}\r\nWARC-Date: {at}\r\n"
    head += f"WARC-Record-ID: <urn:uuid:1>\r\nWARC-Payload-Digest: {digest}\r\nContent-Length: 0\r\n\r\n"
    return gzip.compress(head.encode() + b"\r\n\r\n")


ADDRESS = "https://example.org/organisations/harrowdale"


@pytest.fixture
def harrowdale(tmp_path):
    """A watch that knows one page, from an archive of 1 January."""
    watch = Watch(tmp_path)
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HARROWDALE.html()
    file = answer_archive(tmp_path / "one.warc.gz", [(ADDRESS, "2025-01-01T03:00:00Z", whole)])
    assert watch.run("import", file, "--fetched-at", "2025-02-01").exit_code == 0
    return watch


def last_seen(watch):
    with closing(sqlite3.connect(watch.database)) as database:
        return database.execute("select page, last_seen from snapshots").fetchall()


def test_a_revisit_of_bytes_that_are_kept_is_a_sighting_in_whatever_form_the_checksum_is(harrowdale):
    sha256 = hashlib.sha256(HARROWDALE.html()).digest()
    forms = {"03": sha256.hex(), "04": base64.b32encode(sha256).decode(), "05": base64.b32encode(sha256).decode()[:52]}
    file = harrowdale.folder / "again.warc.gz"
    for month, form in forms.items():
        file.write_bytes(revisit(ADDRESS, f"2025-{month}-01T03:00:00Z", f"sha256:{form}"))
        assert harrowdale.run("import", file, "--fetched-at", "2025-06-01").exit_code == 0
        assert last_seen(harrowdale) == [("harrowdale", f"2025-{month}-01T03:00:00Z")]


def test_a_revisit_of_what_is_not_there_is_passed_over(harrowdale):
    before = harrowdale.everything()
    file = harrowdale.folder / "again.warc.gz"
    known = f"sha256:{hashlib.sha256(HARROWDALE.html()).hexdigest()}"
    for address, digest in [
        (ADDRESS, "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"),
        (ADDRESS, f"sha256:{'0' * 64}"),
        (ADDRESS, "sha256:nonsense"),
        ("https://example.org/about", known),
    ]:
        file.write_bytes(revisit(address, "2025-03-01T03:00:00Z", digest))
        result = harrowdale.run("import", file, "--fetched-at", "2025-06-01")
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert "no pages found" in result.stderr
    assert harrowdale.everything() == before


@pytest.mark.parametrize("at", ["2999-01-01T00:00:00Z", "yesterday"])
def test_a_revisit_at_no_believable_time_takes_nothing(harrowdale, at):
    before = harrowdale.everything()
    file = harrowdale.folder / "again.warc.gz"
    file.write_bytes(revisit(ADDRESS, at, f"sha256:{hashlib.sha256(HARROWDALE.html()).hexdigest()}"))
    result = harrowdale.run("import", file, "--fetched-at", "2025-06-01")

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert harrowdale.everything() == before


# --- what is kept of headers ------------------------------------------------------------------------------------------


def test_headers_are_kept_in_order_with_repeats():
    sent = (("Vary", "Accept"), ("Link", "<a>"), ("Link", "<b>"))

    assert kept_headers(headers_as_kept(sent)) == sent


def test_without_headers_there_is_nothing_to_keep():
    assert headers_as_kept(()) is None
    assert kept_headers(None) == ()


def test_headers_are_capped_in_number_and_size():
    many = tuple((f"X-{n}", "x" * 100) for n in range(1000))
    long = (("X-Long", "x" * (LONGEST_HEADER + 1)), ("ETag", '"a"'))

    assert len(kept_headers(headers_as_kept(many))) == MOST_HEADERS
    assert len(headers_as_kept(tuple((f"X-{n}", "x" * LONGEST_HEADER) for n in range(60)))) < 20_000
    assert kept_headers(headers_as_kept(long)) == (("ETag", '"a"'),)


def test_no_header_smuggles_another_line_into_the_archive():
    sent = (("X-A", "1\r\nSet-Cookie: x"), ("Bad\r\nName", "2"), ("X: Y", "3"))

    assert kept_headers(headers_as_kept(sent)) == (("X-A", "1 Set-Cookie: x"),)
