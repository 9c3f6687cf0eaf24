"""What `registerwatch import` takes, what it refuses, and what it leaves behind in either case."""

import gzip
import itertools
import json
import random
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cron.terminal.reports import ImportReport, render_import
from scraper.names.vocabulary import default_vocabulary
from snapshots.sources.intake import Intake, IntakeRefusedError, gather_editions
from tests.harness.editions import (
    EASTMERE,
    HARROWDALE,
    REGISTER,
    WEXCOMBE,
    Page,
    Watch,
    answer_archive,
    http_answer,
    many,
    web_archive,
    with_project,
    write_edition,
)

EXTENDED = with_project(HARROWDALE, end="2028-03-12")
INDEX = b"<html><body><h1>All organisations</h1><ul>%s</ul></body></html>" % b"".join(
    b'<li><a href="/organisations/%d">NHS Board %d</a></li>' % (n, n) for n in range(40)
)
ERROR_PAGE = b"<html><body><h1>503 Service Unavailable</h1><p>Please try again later.</p></body></html>"
SITE = "https://theysolditanyway.com/organisations/"


@pytest.fixture
def watch(tmp_path):
    return Watch(tmp_path)


@pytest.fixture
def started(watch):
    """A watch that holds the edition of October."""
    assert watch.take(REGISTER, "2026-10-01").exit_code == 0
    return watch


def refused(result, *, status=1):
    """Return the one line on standard error of a command that failed."""
    (line,) = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (status, ""), result.output
    assert line.startswith("registerwatch: ")
    assert "Traceback" not in line
    return line.removeprefix("registerwatch: ")


# --- the same again, more of the same, something else under the same name ---------------------------------------------


def test_the_same_edition_twice_adds_nothing(started):
    before = started.everything()

    result = started.run("import", started.folder / "edition-000", "--fetched-at", "2026-10-01", "--complete")

    assert (result.exit_code, result.stdout) == (
        0,
        "Run 1 of Thursday 1 October 2026 holds these pages already; nothing to add.\n",
    )
    assert started.everything() == before


def test_a_part_of_an_edition_that_is_known_adds_nothing(started):
    before = started.everything()

    assert started.take({"wexcombe_city_council": WEXCOMBE}, "2026-10-01", complete=False).exit_code == 0
    assert started.everything() == before


def test_further_pages_extend_an_edition(watch):
    watch.take({"university_of_harrowdale": HARROWDALE}, "2026-10-01", complete=False)
    watch.take({"wexcombe_city_council": WEXCOMBE, "nhs_eastmere_icb": EASTMERE}, "2026-10-01T00:00:00Z")
    whole = Watch(watch.folder / "whole")
    whole.folder.mkdir()
    whole.take(REGISTER, "2026-10-01")

    assert watch.history() == whole.history()


def test_an_edition_is_made_complete_by_saying_so(started, tmp_path):
    in_parts = Watch(tmp_path / "parts")
    in_parts.folder.mkdir()
    in_parts.take(REGISTER, "2026-10-01", complete=False)
    in_parts.take(REGISTER, "2026-10-01", complete=True)

    assert in_parts.history() == started.history()


def test_other_bytes_for_a_known_page_and_time_refuse_the_whole_import(started):
    before = started.everything()
    result = started.take({"new_board": EASTMERE, "university_of_harrowdale": EXTENDED}, "2026-10-01")

    assert "university_of_harrowdale" in refused(result)
    assert "2026-10-01" in refused(result)
    assert started.everything() == before


@pytest.mark.parametrize(
    "names", [("board.html", "board.txt"), ("Board.html", "board.html"), ("a/board.html", "b/board.html")]
)
def test_two_files_of_one_slug_refuse_the_whole_import(started, names):
    before = started.everything()
    result = started.take(dict.fromkeys(names, EASTMERE.html()), "2026-11-01")
    line = refused(result)

    assert all(name in line for name in names)
    assert started.everything() == before


def test_an_unchanged_edition_adds_one_run_with_its_manifest_and_no_other_row(started):
    before = started.counts()
    for day in ("2026-10-02", "2026-10-03", "2026-10-04"):
        assert started.take(REGISTER, day).exit_code == 0
    runs = before["runs"] + 3

    assert started.counts() == before | {"runs": runs, "manifests": runs}


# --- what is passed over ----------------------------------------------------------------------------------------------


def test_what_is_no_page_is_passed_over(started):
    before = started.counts()
    extra = {
        "index.html": INDEX,
        "robots.txt": b"User-agent: *\nAllow: /\n",
        "site.css": b"body {}",
        "sheet.csv": b"a,b\n",
        ".hidden.html": b"",
        "list_of_all.html": INDEX,
        "deeper/robots.txt": b"User-agent: *\n",
        "deeper/index.html": INDEX,
    }
    result = started.take(REGISTER | extra, "2026-10-02")

    assert (result.exit_code, result.stderr) == (0, "")
    assert started.counts() == before | {"runs": 2, "manifests": 2}


def mirror(host="theysolditanyway.com", ending=""):
    """Return the register's pages as `wget -r` and HTTrack leave them, with what they put beside them."""
    links = "".join(f'<li><a href="organisations/{slug}{ending}">{slug}</a></li>' for slug in REGISTER)
    front = f"<!DOCTYPE html><html><body><ul>{links}</ul></body></html>".encode()
    pages = {f"{host}/organisations/{slug}{ending}": page.html() for slug, page in REGISTER.items()}
    beside = {"hts-log.txt": b"HTTrack3.49-4 launched", "hts-cache/readme.txt": b"What's in this folder?"}
    return pages | beside | {f"{host}/index.html": front, f"{host}/style.css": b"", f"{host}/about": front}


@pytest.mark.parametrize("host", ["theysolditanyway.com", "mirror.example", "127.0.0.1:8900"])
@pytest.mark.parametrize("ending", ["", ".html"])
def test_a_mirror_is_an_edition_of_its_pages_and_what_lies_beside_them_is_counted(watch, host, ending):
    result = watch.take(mirror(host, ending), "2026-10-01")

    assert (result.exit_code, result.stderr) == (0, "")
    assert [row["slug"] for row in watch.json("organisations", "--format", "json")] == sorted(REGISTER)
    said = " ".join(result.stdout.split())
    front = "1 list of organisations" if host == "127.0.0.1:8900" else "1 of another page of the register"
    assert all(one in said for one in ("3 other kinds of file", "1 file without an ending", front))


def test_a_front_page_with_relative_links_is_a_list_and_no_refused_page(watch):
    front = mirror("x.example", ".html")["x.example/index.html"]
    result = watch.take(REGISTER | {"all_organisations.html": front}, "2026-10-01")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "Passed over 1 list of organisations" in " ".join(result.stdout.split())


def test_a_known_page_that_lies_beside_a_complete_edition_without_an_ending_is_not_told_as_gone(started):
    before = started.everything()
    pages = {"university_of_harrowdale.html": HARROWDALE.html(), "wexcombe_city_council": WEXCOMBE.html()}
    folder = write_edition(started.folder / "november", pages | {"nhs_eastmere_icb.html": EASTMERE.html()})

    said = refused(started.run("import", folder, "--fetched-at", "2026-11-01", "--complete"))

    assert said == (
        f"{folder}/wexcombe_city_council has no ending and may be the page wexcombe_city_council; call it "
        "wexcombe_city_council.html, or put it into a folder organisations: nothing was imported"
    )
    assert started.everything() == before

    (folder / "wexcombe_city_council").rename(folder / "wexcombe_city_council.html")
    (folder / "Makefile").write_text("all:")
    result = started.run("import", folder, "--fetched-at", "2026-11-01", "--complete")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "Passed over 1 file without an ending" in " ".join(result.stdout.split())


def test_pages_in_sub_folders_are_read_and_an_index_there_is_named_by_its_folder(watch):
    pages = {
        "pages/north/university_of_harrowdale.html": HARROWDALE.html(),
        "pages/wexcombe_city_council/index.html": WEXCOMBE.html(),
        "NHS%20Eastmere_ICB.HTM": EASTMERE.html(),
    }
    result = watch.take(pages, "2026-10-01")

    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(row["slug"] for row in watch.json("organisations", "--format", "json")) == [
        "nhs eastmere_icb", "university_of_harrowdale", "wexcombe_city_council"
    ]  # fmt: skip


def test_several_paths_are_one_edition(watch):
    north = write_edition(watch.folder / "north", {"university_of_harrowdale": HARROWDALE})
    south = write_edition(watch.folder / "south", {"wexcombe_city_council": WEXCOMBE, "nhs_eastmere_icb": EASTMERE})
    result = watch.run("import", north, south / "wexcombe_city_council.txt", "--fetched-at", "2026-10-01T03:17")

    assert result.exit_code == 0
    assert watch.counts()["runs"] == 1
    assert len(watch.json("agreements", "--format", "json")) == 2


# --- archives ---------------------------------------------------------------------------------------------------------


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return path


def test_a_zip_is_taken_like_the_folder_it_holds(started, tmp_path):
    files = {f"{slug}.txt": page.text() for slug, page in REGISTER.items()}
    files |= {"index.html": INDEX, "__MACOSX/._university_of_harrowdale.txt": b"\0\5"}
    other = Watch(tmp_path / "other")
    other.folder.mkdir()
    result = other.take(zipped(tmp_path / "october.zip", files), "2026-10-01")

    assert (result.exit_code, result.stderr) == (0, "")
    assert other.history() == started.history()


def test_a_zip_that_is_none_is_refused_by_name(watch):
    (watch.folder / "october.zip").write_bytes(b"PK nothing of the kind")

    assert refused(watch.take(watch.folder / "october.zip", "2026-10-01")).endswith("october.zip: is not a zip archive")


def test_a_zip_damaged_on_its_way_is_refused_by_name(watch):
    path = zipped(watch.folder / "october.zip", {f"{slug}.txt": page.text() for slug, page in REGISTER.items()})
    whole = path.read_bytes()
    for place in range(60, 600, 20):
        path.write_bytes(whole[:place] + b"\xff\x00\xff" + whole[place + 3 :])
        result = watch.take(path, "2026-10-01")
        assert result.exit_code in (0, 1, 3), (place, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit), (place, result.exception)


def test_a_record_of_a_web_archive_is_taken_as_of_its_own_date(watch):
    records = [
        ("https://theysolditanyway.com/", "2026-09-20T03:00:00Z", INDEX),
        (f"{SITE}university_of_harrowdale", "2026-09-20T03:00:01Z", HARROWDALE.html()),
        (f"{SITE}wexcombe_city_council/", "2026-09-20T03:00:05Z", WEXCOMBE.html()),
        (f"{SITE}university_of_harrowdale", "2026-10-20T03:00:01Z", EXTENDED.html()),
    ]
    result = watch.take(web_archive(watch.folder / "crawl.warc.gz", records), "2026-11-01", complete=False)

    assert (result.exit_code, result.stderr) == (0, "")
    assert [run["captured_at"] for run in watch.history()["runs"]] == ["2026-09-20T03:00:05Z", "2026-10-20T03:00:01Z"]
    assert [(one["kind"], one["first_seen"]) for one in watch.changes()] == [("dsa-extended", "2026-10-20T03:00:01Z")]
    assert {(row["page"], row["captured_at"]) for row in watch.history()["snapshots"]} == {
        ("university_of_harrowdale", "2026-09-20T03:00:01Z"),
        ("wexcombe_city_council", "2026-09-20T03:00:05Z"),
        ("university_of_harrowdale", "2026-10-20T03:00:01Z"),
    }


def test_a_web_archive_twice_adds_nothing(watch):
    records = [(f"{SITE}university_of_harrowdale", "2026-09-20T03:00:01Z", HARROWDALE.html())]
    path = web_archive(watch.folder / "crawl.warc.gz", records)
    watch.take(path, "2026-11-01")
    before = watch.everything()

    assert watch.take(path, "2026-11-02").exit_code == 0
    assert watch.everything() == before


def test_a_web_archive_is_refused_whole_if_one_of_its_days_is(watch):
    watch.take({"university_of_harrowdale": HARROWDALE}, "2026-10-20T03:00:01Z", complete=False)
    before = watch.everything()
    records = [
        (f"{SITE}wexcombe_city_council", "2026-09-20T03:00:05Z", WEXCOMBE.html()),
        (f"{SITE}university_of_harrowdale", "2026-10-20T03:00:01Z", EXTENDED.html()),
    ]
    result = watch.take(web_archive(watch.folder / "crawl.warc.gz", records), "2026-11-01", complete=False)

    assert "university_of_harrowdale" in refused(result)
    assert watch.everything() == before


def test_a_web_archive_of_the_future_is_refused(started):
    before = started.everything()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    records = [(f"{SITE}university_of_harrowdale", tomorrow, EXTENDED.html())]
    result = started.take(web_archive(started.folder / "crawl.warc.gz", records), "2026-11-01")

    assert tomorrow in refused(result)
    assert started.everything() == before


@pytest.mark.parametrize("cut", [20, 300, -40])
def test_a_web_archive_that_is_cut_short_is_refused(started, cut):
    before = started.everything()
    records = [
        (f"{SITE}page_{n}", "2026-10-20T03:00:01Z", with_project(WEXCOMBE, title=f"Study {n}").html()) for n in range(3)
    ]
    path = web_archive(started.folder / "crawl.warc.gz", records)
    path.write_bytes(path.read_bytes()[:cut])

    assert "crawl.warc.gz" in refused(started.take(path, "2026-11-01", complete=False))
    assert started.everything() == before


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bnot really", gzip.compress(b"no records in here", mtime=0)])
def test_a_file_that_is_no_web_archive_is_refused(started, content):
    before = started.everything()
    (started.folder / "crawl.warc.gz").write_bytes(content)

    assert refused(started.take(started.folder / "crawl.warc.gz", "2026-11-01"))
    assert started.everything() == before


def test_a_web_archive_record_with_a_senseless_date_is_refused(started):
    before = started.everything()
    path = web_archive(started.folder / "crawl.warc", [(f"{SITE}harrowdale", "some day", HARROWDALE.html())])

    assert "crawl.warc" in refused(started.take(path, "2026-11-01"))
    assert started.everything() == before


# --- bad pages --------------------------------------------------------------------------------------------------------


def test_a_bad_page_among_good_ones_is_named_and_the_others_are_taken(watch):
    result = watch.take(REGISTER | {"nhs_northam_icb.html": ERROR_PAGE}, "2026-10-01")

    assert result.exit_code == 3
    assert "nhs_northam_icb" in result.stdout
    assert len(watch.json("agreements", "--format", "json")) == 3


def test_a_page_that_was_refused_is_not_missing(started):
    for month, body in (("2026-10-02", ERROR_PAGE), ("2026-10-03", ERROR_PAGE + b"\n")):
        pages = {slug: page for slug, page in REGISTER.items() if slug != "nhs_eastmere_icb"}
        assert started.take(pages | {"nhs_eastmere_icb.html": body}, month).exit_code == 3

    assert started.told() == []
    assert len(started.json("agreements", "--format", "json")) == 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (bytes(range(256)) * 40, ""),
        (random.Random(7).randbytes(100_000), ""),
        (b"NHS Eastmere ICB projects\n", ""),
        (b"Something else entirely, at some length.\n" * 50, ""),
        (EASTMERE.html()[:-20] + b"<p", "inside a tag"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(watch, body, reason):
    result = watch.take({"university_of_harrowdale": HARROWDALE, "nhs_eastmere_icb.html": body}, "2026-10-01")

    assert result.exit_code == 3
    assert "nhs_eastmere_icb" in result.stdout
    assert reason in result.stdout
    assert [row["slug"] for row in watch.json("organisations", "--format", "json")] == ["university_of_harrowdale"]


def test_an_edition_of_which_nothing_can_be_read_changes_nothing(started):
    before = started.everything()
    result = started.take({"nhs_eastmere_icb.html": ERROR_PAGE, "nhs_northam_icb.html": b""}, "2026-11-01")
    line = refused(result)

    assert "nhs_eastmere_icb" in line
    assert "nhs_northam_icb" in line
    assert started.everything() == before


def test_a_bad_page_that_was_kept_before_is_still_bad(started):
    started.take(REGISTER | {"nhs_northam_icb.html": ERROR_PAGE}, "2026-10-02")
    before = started.everything()

    assert "nhs_northam_icb" in refused(started.take({"nhs_northam_icb.html": ERROR_PAGE}, "2026-11-01"))
    assert started.everything() == before


def test_an_edition_that_fails_leaves_no_database_where_there_was_none(watch):
    (watch.folder / "empty").mkdir()
    for path in ("empty", "missing"):
        assert refused(watch.take(watch.folder / path, "2026-10-01"))

    assert list(watch.folder.glob("*.db*")) == []


def test_a_folder_without_pages_is_refused(started):
    before = started.everything()
    result = started.take({"robots.txt": b"", "index.html": INDEX, "notes/readme.md": b"# Nothing"}, "2026-11-01")

    assert "edition-001" in refused(result)
    assert "no pages" in refused(result)
    assert started.everything() == before


def test_a_path_that_is_not_there_is_refused(started):
    before = started.everything()

    assert refused(started.take(started.folder / "novmber", "2026-11-01")).endswith("novmber: is not there")
    assert refused(started.take(started.folder / "page.html", "2026-11-01")).endswith("page.html: is not there")
    assert started.everything() == before


def test_a_file_of_another_type_is_refused(started):
    (started.folder / "november.pdf").write_bytes(b"%PDF-1.7")

    assert "november.pdf: is no page, folder, .zip or .warc.gz" in refused(
        started.take(started.folder / "november.pdf", "2026-11-01")
    )


@pytest.mark.parametrize(
    "body",
    [b"\0" * 50_000_000, b"<p>x" * 12_500_000, b"<div>" * 10_000_000, b"no page but a long line " * 2_200_000],
    ids=["zeroes", "paragraphs", "nesting", "text"],
)
def test_a_file_of_50_megabytes_is_one_refused_page(watch, body):
    result = watch.take({"university_of_harrowdale": HARROWDALE, "huge.html": body}, "2026-10-01")

    assert (result.exit_code, result.stderr) == (3, "")
    assert "huge" in result.stdout


def test_a_file_too_large_for_a_page_is_refused_by_name(watch):
    with (watch.folder / "huge.html").open("wb") as file:
        file.truncate(70_000_000)
    line = refused(watch.take(watch.folder / "huge.html", "2026-10-01"))

    assert "huge.html: 70 MB, too large for a page" in line
    assert list(watch.folder.glob("*.db*")) == []


def test_a_page_that_lost_its_closing_tag_is_refused_if_it_had_one(started):
    started.take({"nhs_eastmere_icb.html": EASTMERE.html()}, "2026-10-02", complete=False)
    cut = EASTMERE.html().removesuffix(b"<p>A paper a year, and a table for each town.</p>\n</body></html>\n")
    result = started.take({"nhs_eastmere_icb.html": cut, "university_of_harrowdale": HARROWDALE}, "2026-10-03")

    assert result.exit_code == 3
    assert "nhs_eastmere_icb" in result.stdout
    assert "</html>" in result.stdout
    assert started.told() == []


def test_a_page_that_never_had_a_closing_tag_is_taken(watch):
    body = EASTMERE.html().removesuffix(b"\n</body></html>\n")

    assert watch.take({"nhs_eastmere_icb.html": body}, "2026-10-01").exit_code == 0
    changed = body.replace(b"2026-03-12", b"2027-03-12")
    assert watch.take({"nhs_eastmere_icb.html": changed}, "2026-10-02").exit_code == 0
    assert watch.told() == [("dsa-extended", "DARS-NIC-418833-K1D7R")]


def test_an_edition_of_a_site_that_leaves_closing_tags_out_is_taken_whole(watch):
    pages = {f"{slug}.html": page.html() for slug, page in REGISTER.items()}
    watch.take(pages, "2026-10-01")
    minified = {name: body.removesuffix(b"\n</body></html>\n") for name, body in pages.items()}

    assert watch.take(minified, "2026-10-02").exit_code == 0
    assert watch.told() == []


def test_a_page_of_text_after_one_of_html_is_not_cut_short(watch):
    watch.take({"nhs_eastmere_icb.html": EASTMERE.html()}, "2026-10-01")

    assert watch.take({"nhs_eastmere_icb": EASTMERE}, "2026-10-02").exit_code == 0


HUGE = b"\0" * 21_000_000
WITHOUT_EASTMERE = {slug: page for slug, page in REGISTER.items() if slug != "nhs_eastmere_icb"}


def test_a_page_beyond_the_limit_is_named_kept_out_and_not_missing(started):
    kept = started.counts()["bodies"]
    for day in ("2026-10-02", "2026-10-03"):
        result = started.take(WITHOUT_EASTMERE | {"nhs_eastmere_icb.html": HUGE}, day)
        assert (result.exit_code, result.stderr) == (3, "")
        assert "nhs_eastmere_icb   21 MB, too large for a page" in result.stdout

    assert started.told() == []
    assert started.counts()["bodies"] == kept
    assert len(started.json("agreements", "--format", "json")) == 3


def test_a_refusal_that_no_bytes_tell_is_still_there_after_everything_is_derived_again(started):
    started.take(WITHOUT_EASTMERE | {"nhs_eastmere_icb.html": HUGE}, "2026-10-02")
    before = started.history()

    assert started.run("reparse").exit_code == 0
    assert started.history() == before
    assert [row["reason"] for row in before["refusals"]] == ["21 MB, too large for a page"]


def test_editions_with_refused_pages_end_in_the_same_state_in_any_order(tmp_path):
    editions = [
        (REGISTER, "2026-10-01"),
        (WITHOUT_EASTMERE | {"nhs_eastmere_icb.html": HUGE}, "2026-10-02"),
        (REGISTER | {"university_of_harrowdale": EXTENDED}, "2026-10-03"),
    ]
    histories = []
    for number, order in enumerate(itertools.permutations(editions)):
        watch = Watch(tmp_path / str(number))
        watch.folder.mkdir()
        assert sorted(watch.take(pages, at).exit_code for pages, at in order) == [0, 0, 3]
        histories.append(watch.history())

    assert all(history == histories[0] for history in histories)


def cut_short(page):
    """Return an answer of which the end is missing."""
    return http_answer(page.html()[:-60], Content_Length=str(len(page.html())))


def test_a_record_of_a_web_archive_that_was_cut_short_is_a_refused_page(started):
    records = [
        (f"{SITE}nhs_eastmere_icb", "2026-10-02T03:00:01Z", cut_short(EASTMERE)),
        (f"{SITE}university_of_harrowdale", "2026-10-02T03:00:02Z", http_answer(EXTENDED.html())),
    ]
    path = answer_archive(started.folder / "crawl.warc.gz", records)
    result = started.run("import", path, "--fetched-at", "2026-10-05")

    assert (result.exit_code, result.stderr) == (3, "")
    assert "and its Content-Length says" in result.stdout
    assert started.told() == [("dsa-extended", "DARS-NIC-204517-H6M2P")]
    before = started.history()
    assert started.run("reparse").exit_code == 0
    assert started.history() == before


def test_a_page_that_was_refused_can_be_put_into_its_edition_later(watch):
    watch.take(WITHOUT_EASTMERE | {"nhs_eastmere_icb.html": HUGE}, "2026-10-01")
    assert watch.take({"nhs_eastmere_icb": EASTMERE}, "2026-10-01").exit_code == 0
    whole = Watch(watch.folder / "whole")
    whole.folder.mkdir()
    whole.take(REGISTER, "2026-10-01")

    assert watch.history() == whole.history()


def test_a_page_of_a_known_edition_that_cannot_be_read_now_refuses_the_whole_import(started):
    before = started.everything()
    result = started.take({"nhs_eastmere_icb.html": HUGE, "new_board": WEXCOMBE}, "2026-10-01")

    assert "nhs_eastmere_icb: 21 MB, too large for a page" in refused(result)
    assert started.everything() == before


@pytest.mark.parametrize("body", [ERROR_PAGE, HUGE], ids=["error", "huge"])
def test_the_same_edition_again_with_a_page_that_is_refused_says_so(started, body):
    pages = REGISTER | {"nhs_northam_icb.html": body}
    started.take(pages, "2026-10-02")
    before = started.everything()
    result = started.take(pages, "2026-10-02")

    assert (result.exit_code, result.stderr) == (3, "")
    assert result.stdout.startswith(
        "Run 2 of Friday 2 October 2026 holds these pages already; nothing to add.\n\nrefused     nhs_northam_icb   "
    )
    assert result.stdout.endswith("\n\n1 page could not be read.\n")
    assert started.everything() == before
    assert started.take(REGISTER, "2026-10-02").exit_code == 0


def test_an_edition_of_which_nothing_can_be_believed_changes_nothing(started):
    started.take({"nhs_eastmere_icb.html": EASTMERE.html()}, "2026-10-02", complete=False)
    before = started.everything()
    cut = EASTMERE.html().removesuffix(b"\n</body></html>\n")
    result = started.take({"nhs_eastmere_icb.html": cut}, "2026-10-03", complete=False)

    assert refused(result).endswith(
        "nhs_eastmere_icb: the page stops before </html>, which its last snapshot had: nothing was imported"
    )
    assert started.everything() == before


def test_pages_that_no_machine_can_hold_at_once_are_refused(watch):
    path = zipped(watch.folder / "bomb.zip", {f"board_{n}.html": b"x" * 1_000_000 for n in range(9)})
    intake = Intake.of_import(None, time="2026-10-01T00:00:00Z", now="2026-11-01T00:00:00Z", most_bytes=5_000_000)

    with pytest.raises(IntakeRefusedError, match=r"bomb\.zip/board_5\.html: more than 5 MB of pages"):
        gather_editions(intake, [path], default_vocabulary())


def test_files_of_one_page_are_named_by_their_whole_paths(started):
    north = write_edition(started.folder / "north", {"board.html": EASTMERE.html()})
    south = write_edition(started.folder / "south", {"board.html": EASTMERE.html()})
    line = refused(started.run("import", north, south, "--fetched-at", "2026-10-02"))

    assert line == f"{south}/board.html and {north}/board.html are both board: nothing was imported"


def test_a_page_that_a_web_archive_holds_twice_on_a_day_counts_once(watch):
    url = f"{SITE}university_of_harrowdale"
    same = [(url, f"2026-09-20T03:00:0{n}Z", http_answer(HARROWDALE.html())) for n in (1, 2)]
    again = [(url, "2026-09-20T02:00:00Z", cut_short(HARROWDALE)), same[0]]
    for number, records in enumerate((same, again, [same[0], again[0]])):
        other = Watch(watch.folder / str(number))
        other.folder.mkdir()
        path = answer_archive(other.folder / "crawl.warc.gz", records)
        result = other.run("import", path, "--fetched-at", "2026-09-30")
        assert (result.exit_code, result.stderr) == (0, "")
        assert len(other.history()["snapshots"]) == 1

    other = (url, "2026-09-20T03:00:09Z", http_answer(EXTENDED.html()))
    path = answer_archive(watch.folder / "crawl.warc.gz", [same[0], other])
    assert "are both university_of_harrowdale" in refused(watch.run("import", path, "--fetched-at", "2026-09-30"))


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-10-01", "2026-10-01T00:00:00Z"),
        ("2026-10-01T04:30", "2026-10-01T04:30:00Z"),
        ("2026-10-01 04:30:15", "2026-10-01T04:30:15Z"),
        ("2026-10-01T04:30:00+01:00", "2026-10-01T03:30:00Z"),
        ("2026-10-01T03:17:00Z", "2026-10-01T03:17:00Z"),
    ],
)
def test_a_time_is_utc_unless_it_says(watch, written, kept):
    watch.take(REGISTER, written)

    assert [run["captured_at"] for run in watch.history()["runs"]] == [kept]


@pytest.mark.parametrize(
    "time",
    [
        "", "long ago", "2026", "2026-13-01", "2026-02-30", "01/10/2026", "20261001", "2026-10-01T25:00", "0001-01-01",
        "1026-10-01", "2026-10-01T04:30+99:00", "9999-12-31T23:59-01:00", "2026-10-01junk", "２０２６-10-01",
    ],
)  # fmt: skip
def test_a_senseless_time_is_wrong_usage(started, time):
    before = started.everything()

    assert "time" in refused(started.take(REGISTER, time), status=2)
    assert started.everything() == before


def test_a_future_time_is_wrong_usage(started):
    before = started.everything()
    soon = (datetime.now(UTC) + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert f"{soon} lies in the future" in refused(started.take(REGISTER, soon), status=2)
    assert started.everything() == before


def test_no_time_is_wrong_usage(started):
    assert "--fetched-at" in refused(started.run("import", started.folder / "edition-000"), status=2)


# --- what an import says ----------------------------------------------------------------------------------------------


def test_an_import_that_is_held_says_why_and_what_to_do(watch):
    full = Page("NHS Eastmere ICB", many(40))
    watch.take({"nhs_eastmere_icb": full}, "2026-10-01")
    result = watch.take({"nhs_eastmere_icb": Page("NHS Eastmere ICB", many(20))}, "2026-10-02")

    assert result.exit_code == 3
    assert "20 of the 40 agreements" in " ".join(result.stdout.split())
    assert "registerwatch release 2" in result.stdout
    assert "registerwatch discard 2" in result.stdout
    assert watch.told() == []


def test_the_editions_of_a_run_are_told_as_changes_of_it(started):
    started.take(REGISTER | {"university_of_harrowdale": EXTENDED}, "2026-10-02")
    (change,) = started.changes()

    assert change["run"] == 2
    assert change["first_seen"] == "2026-10-02T00:00:00Z"
    assert json.loads(started.run("changes", "--format", "ndjson").stdout) == change


def test_an_import_that_is_held_took_nothing_and_begins_no_history(watch):
    pages = {"a.html": ERROR_PAGE, "b.html": ERROR_PAGE + b" ", "nhs_eastmere_icb": EASTMERE}
    result = watch.take(pages, "2026-10-01")
    said = " ".join(result.stdout.split())

    assert result.exit_code == 3
    assert "read 1 unchanged 0 changed 0 new 1 refused 2" in said
    assert "2 pages could not be read. 1 thing needs a person This edition is held" in said
    assert "taken" not in said
    assert "history begins" not in said
    again = watch.run("import", watch.folder / "edition-000", "--fetched-at", "2026-10-01")
    assert again.exit_code == 3
    assert "This edition is held" in again.stdout
    assert "registerwatch release 1" in again.stdout


def test_an_edition_that_is_held_needs_a_person_even_if_a_later_one_of_the_same_import_is_believed(watch):
    records = [(f"{SITE}{slug}", "2026-09-20T03:00:00Z", ERROR_PAGE) for slug in ("a", "b")]
    records += [(f"{SITE}{slug}", day, page.html()) for day in ("2026-09-20T03:00:00Z", "2026-09-21T03:00:00Z")
                for slug, page in REGISTER.items() if day > "2026-09-21" or slug == "nhs_eastmere_icb"]  # fmt: skip
    path = web_archive(watch.folder / "crawl.warc.gz", records)
    result = watch.run("import", path, "--fetched-at", "2026-09-30")

    assert (result.exit_code, result.stderr) == (3, "")
    assert "read 1 unchanged 0 changed 0 new 1 refused 2" in " ".join(result.stdout.split())
    assert "This edition is held" in result.stdout
    assert "registerwatch release" not in result.stdout


def report(**fields):
    values = {"run": 1, "fetched_at": "2026-10-01T00:00:00Z", "complete": True, "unchanged": 0, "changed": 0, "new": 0}
    return " ".join(render_import(ImportReport(**values | fields)).split())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"new": 5}, "1 page could not be read. The others were taken."),
        ({"new": 1}, "1 page could not be read. The other was taken."),
        ({}, "1 page could not be read."),
        ({"new": 5, "held": "because"}, "1 page could not be read. 1 thing needs"),
    ],
)
def test_others_are_told_of_only_where_they_were_taken(fields, said):
    text = report(refused=[("board", "empty")], **fields)

    assert said in text
    assert ("taken" in text) == ("taken" in said)


@pytest.mark.parametrize("fields", [{}, {"unchanged": 3}, {"new": 3, "held": "because"}])
def test_the_history_begins_only_where_pages_are_new_and_believed(fields):
    assert "history begins" not in report(baseline=True, **fields)


def test_what_the_reader_noticed_is_told_once(watch):
    page = EASTMERE.text().replace(b"Access method:", b"Weather: Fine\nAccess method:")
    pages = {"nhs_eastmere_icb.txt": page, "university_of_harrowdale": HARROWDALE}
    result = watch.take(pages, "2026-10-01")

    assert result.exit_code == 0
    assert "1 notice: nhs_eastmere_icb: DARS-NIC-418833-K1D7R: unknown label 'Weather'" in " ".join(
        result.stdout.split()
    )
    assert "notice" not in watch.take(pages, "2026-10-02").stdout


def test_of_many_notices_the_first_few_are_told_and_unknown_labels_before_others():
    notices = [*(f"board: 'Outputs {n}' stands there twice" for n in range(1200)), "trust: unknown label 'Weather'"]

    assert report(notices=notices).endswith(
        "1,201 notices: trust: unknown label 'Weather'; board: 'Outputs 0' stands there twice; "
        "board: 'Outputs 1' stands there twice; and 1,198 more"
    )
