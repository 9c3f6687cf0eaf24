"""Where saved pages come from: which files are pages, and what they are called."""

import gzip
import os
import random
import shutil
import tempfile
import zipfile
import zlib
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from scraper.limits import LARGEST_PAGE
from snapshots.sources.captures import Passed, SavedPage, SourceError, count_pages, edition_in
from snapshots.sources.payloads import read_payload
from tests.harness.editions import answer_archive, http_answer, web_archive

FILES = {
    "b_board.html": b"b",
    "A_Board.HTM": b"a",
    "notes.txt": b"c",
    "index.html": b"index",
    "robots.txt": b"robots",
    "ROBOTS.TXT": b"robots",
    "style.css": b"css",
    "no_ending": b"?",
    "deeper/index.html": b"d",
    "deeper/index.txt/x.html": b"e",
    "deeper/robots.txt": b"robots",
    "deeper/king%27s_college.html": b"f",
    ".git/page.html": b"hidden",
    "deeper/.trash.html": b"hidden",
}
EXPECTED = [
    ("a_board", "A_Board.HTM", b"a"),
    ("b_board", "b_board.html", b"b"),
    ("deeper", "deeper/index.html", b"d"),
    ("x", "deeper/index.txt/x.html", b"e"),
    ("king's_college", "deeper/king%27s_college.html", b"f"),
    ("notes", "notes.txt", b"c"),
]


@pytest.fixture
def folder(tmp_path):
    for name, body in FILES.items():
        file = tmp_path / "pages" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return tmp_path / "pages"


def saved_pages(paths):
    return [one for one in edition_in(paths) if isinstance(one, SavedPage)]


def found(*paths):
    return [(page.slug, page.source, page.body) for page in saved_pages(paths)]


def told(*paths):
    return [(page.slug, page.body, page.refused) for page in saved_pages(paths)]


def test_pages_of_a_folder_come_in_order_of_their_names(folder):
    assert found(folder) == EXPECTED


def test_a_zip_holds_what_its_folder_holds(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))

    assert found(tmp_path / "pages.zip") == EXPECTED


def test_what_is_passed_over_is_told_with_its_reason(folder):
    passed = [one for one in edition_in([folder]) if isinstance(one, Passed)]

    assert Counter(one.why for one in passed) == {
        "another page of the register": 1,
        "other kind of file": 4,
        "file without an ending": 1,
    }
    assert [one.place for one in passed if one.place] == [f"{folder}/no_ending"]
    assert count_pages([folder]) == len(list(edition_in([folder])))


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("organisations/nhs_example_icb", "nhs_example_icb"),
        ("organisations/dr._foster", "dr._foster"),
        ("organisations/king%27s_college", "king's_college"),
        ("theysolditanyway.com/organisations/nhs_example_icb", "nhs_example_icb"),
        ("www.theysolditanyway.com/organisations/nhs_example_icb.html", "nhs_example_icb"),
        ("127.0.0.1:8900/organisations/nhs_example_icb", "nhs_example_icb"),
        ("mirror/Organisation/NHS_Example_ICB", "nhs_example_icb"),
        ("organisations/dr.foster/index.html", "dr.foster"),
        ("saved/dr.foster.html", "dr.foster"),
        ("theysolditanyway.com/index.html", "another page of the register"),
        ("mirror.example/index.html", "another page of the register"),
        ("organisations/index.html", "another page of the register"),
        ("theysolditanyway.com/organisations.html", "another page of the register"),
        ("theysolditanyway.com/datasets/hes.html", "another page of the register"),
        ("theysolditanyway.com/datasets/hes", "file without an ending"),
        ("hts-cache/readme.txt", "other kind of file"),
        ("hts-cache/x.html", "other kind of file"),
        ("hts-log.txt", "other kind of file"),
        ("organisations/style.css", "other kind of file"),
        ("LICENSE", "file without an ending"),
    ],
)
def test_a_file_is_the_page_of_its_address_or_passed_over(tmp_path, name, slug):
    file = tmp_path / "saved" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"page")
    with zipfile.ZipFile(tmp_path / "saved.zip", "w") as archive:
        archive.writestr(name, b"page")

    for path in (tmp_path / "saved", tmp_path / "saved.zip"):
        (one,) = edition_in([path])
        assert slug == (one.slug if isinstance(one, SavedPage) else one.why)


def test_the_folder_that_is_named_may_itself_be_that_of_the_pages(tmp_path):
    (tmp_path / "organisations").mkdir()
    (tmp_path / "organisations" / "nhs_example_icb").write_bytes(b"page")

    assert found(tmp_path / "organisations") == [("nhs_example_icb", "nhs_example_icb", b"page")]
    assert found(tmp_path / "organisations" / "nhs_example_icb") == [("nhs_example_icb", "nhs_example_icb", b"page")]


def test_an_index_is_a_page_if_it_is_named_itself(folder):
    assert found(folder / "index.html") == [("index", "index.html", b"index")]


def test_a_page_is_named_by_its_checksum(folder):
    (page,) = saved_pages([folder / "b_board.html"])

    assert page.sha256 == "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
    assert page.captured_at is None


def test_links_that_lead_nowhere_are_passed_over(folder):
    (folder / "lost.html").symlink_to(folder / "not-there.html")
    (folder / "round.html").symlink_to(folder / "round.html")
    (folder / "self").symlink_to(folder)

    assert found(folder) == EXPECTED


def test_a_pipe_is_no_page(folder):
    os.mkfifo(folder / "pipe.html")

    assert found(folder) == EXPECTED


@pytest.mark.parametrize("name", ["missing", "missing.html", "missing.zip", "missing.warc.gz"])
def test_what_is_not_there_is_named(tmp_path, name):
    with pytest.raises(SourceError, match=f"{name}: is not there"):
        found(tmp_path / name)


def test_a_zip_with_a_password_is_named(tmp_path):
    path = tmp_path / "pages.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("board.html", b"page")
    # The flag "encrypted", in both places that have it.
    body = bytearray(path.read_bytes())
    body[6] |= 1
    body[body.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(body)

    with pytest.raises(SourceError, match=r"pages\.zip: board\.html cannot be read"):
        found(path)


def test_a_name_in_a_zip_cannot_lead_out_of_it(tmp_path):
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        archive.writestr("../../etc/board.html", b"page")

    assert [slug for slug, _, _ in found(tmp_path / "pages.zip")] in ([], ["board"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pages.zip"]


def test_a_file_that_grows_beyond_a_page_in_a_zip_is_a_refused_page_and_the_others_are_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "pages.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("board.html", b"\0" * 80_000_000)
        archive.writestr("trust.html", b"page")

    assert told(tmp_path / "pages.zip") == [("board", b"", "80 MB, too large for a page"), ("trust", b"page", None)]


def test_a_path_with_spaces_and_signs_is_a_path(tmp_path):
    folder = Path(tmp_path / "päges of 100% #1")
    folder.mkdir()
    (folder / "ünï board.html").write_bytes(b"x")

    assert found(folder) == [("ünï board", "ünï board.html", b"x")]


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a%2Fb.html", "a%5Cb.html", "a%00b.html", "%2E%2E.html", "new\nline.html", "a\\b.txt"]
)
def test_a_name_that_no_page_can_have_is_refused_by_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"page")

    with pytest.raises(SourceError, match="no page can be called"):
        found(tmp_path)
    with pytest.raises(SourceError, match="no page can be called"):
        found(tmp_path / name)


def test_a_name_that_is_not_utf8_is_refused_by_name(tmp_path):
    (tmp_path / os.fsdecode(b"b\xe9arn.html")).write_bytes(b"page")

    with pytest.raises(SourceError) as refusal:
        found(tmp_path)
    assert r"b\xe9arn.html: no page can be called" in str(refusal.value)
    str(refusal.value).encode("utf-8")


def test_a_record_of_an_address_that_names_no_page_is_passed_over_as_a_link_to_it_is(tmp_path):
    path = web_archive(tmp_path / "crawl.warc.gz", [(f"{SITE}a%2Fb", AT, b"odd"), (f"{SITE}board", AT, b"page")])

    assert told(path) == [("board", b"page", None)]


def test_a_page_says_where_a_person_finds_it(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        archive.writestr("deeper/board.html", b"page")

    assert [page.place for page in saved_pages([folder / "notes.txt"])] == [f"{folder}/notes.txt"]
    assert [page.place for page in saved_pages([folder])][2] == f"{folder}/deeper/index.html"
    assert [page.place for page in saved_pages([tmp_path / "pages.zip"])] == [f"{tmp_path}/pages.zip/deeper/board.html"]


# --- what is no file, or may not be read ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pipe.html", "pipe.zip", "pipe.warc.gz"])
def test_a_pipe_that_is_named_is_one_line_and_nobody_waits_for_it(tmp_path, name):
    os.mkfifo(tmp_path / name)

    assert count_pages([tmp_path / name]) == 1
    with pytest.raises(SourceError, match=f"{name}: is a pipe or a device, not a file"):
        found(tmp_path / name)


@contextmanager
def somebody_else():
    """Yield a folder of a user who may not read everything, and be that user."""
    folder = Path(tempfile.mkdtemp())
    if os.getuid() == 0:
        shutil.chown(folder, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        os.seteuid(os.getuid())
        for path in [folder, *folder.iterdir()]:
            path.chmod(0o700)
        shutil.rmtree(folder)


def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path):
    with somebody_else() as folder:
        (folder / "board.html").write_bytes(b"page")
        (folder / ".trash").mkdir(mode=0)
        assert told(folder) == [("board", b"page", None)]

        (folder / "north").mkdir(mode=0)
        for ask in (told, lambda path: count_pages([path])):
            with pytest.raises(SourceError, match="north: permission denied"):
                ask(folder)


def test_a_file_that_cannot_be_read_is_a_refused_page_and_the_others_are_read(tmp_path):
    with somebody_else() as folder:
        (folder / "board.html").write_bytes(b"page")
        (folder / "trust.html").touch(mode=0)

        assert told(folder) == [("board", b"page", None), ("trust", b"", "permission denied")]
        assert told(folder / "trust.html") == [("trust", b"", "permission denied")]


def test_a_file_beyond_the_limit_is_a_refused_page(tmp_path):
    (tmp_path / "board.html").write_bytes(b"x" * LARGEST_PAGE)
    with (tmp_path / "trust.html").open("wb") as file:
        file.truncate(LARGEST_PAGE + 1)

    assert told(tmp_path) == [("board", b"x" * LARGEST_PAGE, None), ("trust", b"", "20 MB, too large for a page")]


# --- damage -----------------------------------------------------------------------------------------------------------


def sound_or_refused(path):
    """Ask for the pages of a damaged archive: there are some, or there is one clear line."""
    for ask in (count_pages, lambda paths: list(saved_pages(paths))):
        said = f"{path}: "
        try:
            ask([path])
        except SourceError as error:
            said = str(error)
        assert said.startswith(f"{path}: ")
        assert "\n" not in said


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_with_any_byte_damaged_is_read_or_refused_in_one_line(tmp_path, packing):
    path = tmp_path / "pages.zip"
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("bürd.html", b"a page of some length " * 9)
        archive.writestr("trust.html", b"another " * 9)
    whole = path.read_bytes()
    for place in range(len(whole)):
        for put_in in (0, 255, whole[place] ^ 1, whole[place] ^ 128):
            path.write_bytes(whole[:place] + bytes([put_in]) + whole[place + 1 :])
            sound_or_refused(path)


def test_a_web_archive_with_any_part_damaged_is_read_or_refused_in_one_line(tmp_path, capfd):
    body = random.Random(3).randbytes(3_000).hex().encode()
    path = web_archive(tmp_path / "crawl.warc.gz", [(f"{SITE}{name}", AT, body) for name in ("board", "trust")])
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        sound_or_refused(path)

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("cut", range(20, 3_000, 150))
def test_a_web_archive_that_is_cut_anywhere_is_refused(tmp_path, cut):
    body = random.Random(3).randbytes(3_000).hex().encode()
    path = web_archive(tmp_path / "crawl.warc.gz", [(f"{SITE}{name}", AT, body) for name in ("board", "trust")])
    path.write_bytes(path.read_bytes()[:-cut])

    with pytest.raises(SourceError, match=r"crawl\.warc\.gz: is"):
        found(path)


# --- web archives -----------------------------------------------------------------------------------------------------

SITE = "https://theysolditanyway.com/organisations/"
AT = "2026-09-20T03:00:01Z"
PAGE = b"<html>" + b"a page of some length " * 40 + b"</html>"


def test_records_of_other_protocols_are_passed_over(tmp_path):
    records = [
        ("dns:theysolditanyway.com", AT, b"20260920030000\ntheysolditanyway.com. 300 IN A 192.0.2.1\n"),
        (f"{SITE}board", AT, http_answer(PAGE)),
    ]
    for name in ("crawl.warc", "crawl.warc.gz"):
        assert told(answer_archive(tmp_path / name, records)) == [("board", PAGE, None)]


def test_a_record_that_holds_less_than_its_header_says_is_a_refused_page(tmp_path):
    records = [
        (f"{SITE}board", AT, http_answer(PAGE, Content_Length=str(len(PAGE)))),
        (f"{SITE}trust", AT, http_answer(PAGE[:100], Content_Length=str(len(PAGE)))),
    ]
    path = answer_archive(tmp_path / "crawl.warc.gz", records)

    assert told(path) == [
        ("board", PAGE, None),
        ("trust", b"", f"the body has 100 bytes, and its Content-Length says {len(PAGE)}"),
    ]
    assert [page.captured_at for page in saved_pages([path])] == [AT, AT]


def test_a_record_that_says_it_was_truncated_is_a_refused_page(tmp_path):
    path = answer_archive(tmp_path / "crawl.warc", [(f"{SITE}board", AT, http_answer(PAGE))], WARC_Truncated="time")

    assert told(path) == [("board", b"", "the archive holds only the beginning of it (time)")]


def test_a_record_beyond_the_limit_is_a_refused_page_and_not_its_beginning(tmp_path):
    records = [
        (f"{SITE}board", AT, http_answer(b"x" * 21_000_000)),
        (f"{SITE}trust", AT, http_answer(gzip.compress(b"x" * 21_000_000), Content_Encoding="gzip")),
        (f"{SITE}wexcombe", AT, http_answer(PAGE)),
    ]

    assert told(answer_archive(tmp_path / "crawl.warc.gz", records)) == [
        ("board", b"", "21 MB, too large for a page"),
        ("trust", b"", "unpacks to more than 20 MB, too large for a page"),
        ("wexcombe", PAGE, None),
    ]


def chunked(body, size=100):
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


ZIPPED, DEFLATED, BARE = gzip.compress(PAGE, mtime=0), zlib.compress(PAGE), zlib.compress(PAGE, wbits=-15)
LENGTH = {"Content-Length": str(len(PAGE))}
ZIP, DEFLATE, CHUNKS = {"Content-Encoding": "gzip"}, {"Content-Encoding": "deflate"}, {"Transfer-Encoding": "chunked"}


def of(raw, headers):
    return read_payload(raw, len(raw), headers.get)


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        (PAGE, {}),
        (PAGE, LENGTH),
        (PAGE, {"Content-Length": "10"}),
        (PAGE, {"Content-Length": "many"}),
        (ZIPPED, ZIP | {"Content-Length": str(len(ZIPPED))}),
        (ZIPPED + b"\0\0", ZIP),
        (DEFLATED, DEFLATE),
        (BARE, DEFLATE),
        (chunked(PAGE), CHUNKS),
        (chunked(ZIPPED), CHUNKS | ZIP),
        (chunked(PAGE), CHUNKS | {"Content-Length": "99999"}),
        # Unpacked by whoever kept it, under the headers that it came with.
        (PAGE, ZIP | {"Content-Length": "100"}),
        (PAGE, ZIP | {"Content-Length": "99999"}),
        (PAGE, DEFLATE),
        (PAGE, {"Content-Encoding": "br", "Content-Length": "99999"}),
        (PAGE, CHUNKS),
        (ZIPPED, CHUNKS | ZIP),
    ],
)
def test_a_page_is_read_however_it_was_packed(raw, headers):
    payload = of(raw, headers)

    assert (payload.refused, payload.body) == (None, PAGE)


@pytest.mark.parametrize(
    ("raw", "headers", "reason"),
    [
        (PAGE[:-1], LENGTH, f"{len(PAGE) - 1} bytes, and its Content-Length says {len(PAGE)}"),
        (b"", LENGTH, "the body has 0 bytes"),
        (ZIPPED[:-9], ZIP | {"Content-Length": str(len(ZIPPED))}, "Content-Length"),
        (ZIPPED[:-9], ZIP, "the packed body is cut short"),
        (DEFLATED[:-9], DEFLATE, "the packed body"),
        (ZIPPED[:30] + b"\xff" * 9 + ZIPPED[39:], ZIP, "the packed body is"),
        (chunked(PAGE)[:-5], CHUNKS, "stops before its last chunk"),
        (chunked(PAGE)[:250], CHUNKS, "stops before its last chunk"),
        (chunked(PAGE)[:50], CHUNKS, "stops before its last chunk"),
    ],
)
def test_a_page_that_is_not_whole_is_refused(raw, headers, reason):
    payload = of(raw, headers)

    assert payload.body == b""
    assert reason in payload.refused


def test_a_record_without_an_address_is_one_line_and_nobody_talks_beside_it(tmp_path, capfd):
    path = web_archive(tmp_path / "crawl.warc", [(f"{SITE}board", AT, PAGE)])
    path.write_bytes(path.read_bytes().replace(b"WARC-Target-URI", b"WARC-Target-XXX"))

    sound_or_refused(path)
    assert capfd.readouterr() == ("", "")


def test_gzip_of_a_hundred_thousand_members_is_one_page():
    member = gzip.compress(b"x" * 100, mtime=0)

    payload = read_payload(member * 100_000, len(member) * 100_000, {"Content-Encoding": "gzip"}.get)

    assert (len(payload.body), payload.refused) == (10_000_000, None)
    assert read_payload(member * 3 + b"padding", 0, {"Content-Encoding": "gzip"}.get).body == b"x" * 300
    assert read_payload(member * 2 + member[:-3], 0, {"Content-Encoding": "gzip"}.get).refused
