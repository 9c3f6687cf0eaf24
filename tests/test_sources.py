"""Where saved pages come from: which files are pages, and what they are called."""

import os
import zipfile
from pathlib import Path

import pytest

from snapshots.sources import SourceError, saved_pages

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


def found(*paths):
    return [(page.slug, page.source, page.body) for page in saved_pages(paths)]


def test_pages_of_a_folder_come_in_order_of_their_names(folder):
    assert found(folder) == EXPECTED


def test_a_zip_holds_what_its_folder_holds(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))

    assert found(tmp_path / "pages.zip") == EXPECTED


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


def test_a_file_that_grows_beyond_a_page_in_a_zip_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "pages.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("board.html", b"\0" * 80_000_000)

    with pytest.raises(SourceError, match=r"board\.html has 80 MB, too large for a page"):
        found(tmp_path / "pages.zip")


def test_a_path_with_spaces_and_signs_is_a_path(tmp_path):
    folder = Path(tmp_path / "päges of 100% #1")
    folder.mkdir()
    (folder / "ünï board.html").write_bytes(b"x")

    assert found(folder) == [("ünï board", "ünï board.html", b"x")]
