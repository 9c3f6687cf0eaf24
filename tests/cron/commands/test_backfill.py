"""Bringing in the past: captures of many times, from archives and Wayback lists, take their places in the history."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cron.terminal.reports import BackfillReport, render_backfill
from snapshots.keeping.runlog import KeptCapture
from snapshots.sources.captures import Refused, SavedPage, captures_in
from snapshots.sources.filenames import time_in
from snapshots.sources.payloads import digest_of
from snapshots.sources.placing import place
from snapshots.sources.wayback import read_list
from tests.harness.editions import (
    EASTMERE,
    HARROWDALE,
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
from tests.harness.servers import answer, hang_up, redirect
from tests.harness.wayback_server import Archived, WaybackServer, cdx_file, cdx_json, cdx_packed, cdx_plain, cdxj

SITE = "https://theysolditanyway.com/organisations/"
LATER = with_project(HARROWDALE, end="2027-03-12")
LATEST = with_project(HARROWDALE, end="2028-03-12")
EARLIER = with_project(HARROWDALE, end="2025-03-12")
CONTACT = "tests@example.org"


class Past(Watch):
    """A database whose past is brought in."""

    def __init__(self, folder: Path, **fetch: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "registerwatch.toml"
        manners = {"contact": CONTACT, "interval_s": 0, "retries": 0} | fetch
        lines = [f"{key} = {json.dumps(value)}" for key, value in manners.items() if value is not None]
        config.write_text("\n".join(["[fetch]", *lines]) + "\n", encoding="utf-8")
        super().__init__(folder, "--config", str(config))

    def archive(self, *files: Path | str):
        return self.run("backfill", "archive", *files)

    def captures(self) -> list[tuple[str, str, str]]:
        """Return page, time of capture and time of edition of every capture that is kept."""
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(
                """
                select captures.page, captures.captured_at, runs.captured_at
                from captures join runs on runs.id = captures.run order by 2, 1
                """
            ).fetchall()

    def versions(self) -> list[tuple[str, str, str]]:
        """Return page, reference and state of each version, in order."""
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(
                """
                select v.page, v.reference, states.hash
                from agreement_versions v join states on states.id = v.state order by v.page, v.reference, v.first_seen
                """
            ).fetchall()

    def ids(self) -> list[str]:
        with closing(sqlite3.connect(self.database)) as database:
            return [one for (one,) in database.execute("select id from changes where not withdrawn order by id")]


@pytest.fixture
def past(tmp_path):
    return Past(tmp_path / "watch")


def warc(path: Path, captures: Iterable[tuple[str, str, Page | bytes]]) -> Path:
    """Write (slug or address, time, page) as a web archive."""
    return web_archive(
        path,
        [
            (name if "://" in name else SITE + name, at, page if isinstance(page, bytes) else page.html())
            for name, at, page in captures
        ],
    )


def flat(text: str) -> str:
    return " ".join(text.split())


HISTORY = [
    ("harrowdale", "2024-10-03T10:00:00Z", HARROWDALE),
    ("wexcombe", "2024-10-03T10:00:05Z", WEXCOMBE),
    ("harrowdale", "2025-01-09T08:30:00Z", LATER),
    ("wexcombe", "2025-01-09T08:30:07Z", WEXCOMBE),
    ("harrowdale", "2025-06-01T00:00:10Z", LATEST),
]


def test_captures_of_a_day_are_one_edition_and_each_keeps_its_own_time(past, tmp_path):
    result = past.archive(warc(tmp_path / "crawl.warc.gz", HISTORY))

    assert (result.exit_code, result.stderr) == (0, "")
    assert past.captures() == [
        ("harrowdale", "2024-10-03T10:00:00Z", "2024-10-03T23:59:00Z"),
        ("wexcombe", "2024-10-03T10:00:05Z", "2024-10-03T23:59:00Z"),
        ("harrowdale", "2025-01-09T08:30:00Z", "2025-01-09T23:59:00Z"),
        ("wexcombe", "2025-01-09T08:30:07Z", "2025-01-09T23:59:00Z"),
        ("harrowdale", "2025-06-01T00:00:10Z", "2025-06-01T23:59:00Z"),
    ]
    assert past.told() == [("dsa-extended", "DARS-NIC-204517-H6M2P")] * 2


def test_the_time_of_import_is_kept_beside_the_time_of_capture(past, tmp_path):
    past.archive(warc(tmp_path / "crawl.warc.gz", HISTORY))

    tables = past.everything()
    assert {row[2] for row in tables["bodies"]} == {row[3] for row in tables["runs"]}
    assert all(row[3] > "2026" > row[2] for row in tables["runs"])


def test_a_backfill_is_told_in_the_voice_of_an_import(past, tmp_path):
    captures = [*HISTORY, ("https://example.org/organisations/x", "2024-10-03T10:00:00Z", HARROWDALE)]

    assert past.archive(warc(tmp_path / "crawl.warc.gz", captures)).stdout.splitlines() == [
        "Backfill",
        "",
        "Captures    read 5    kept 5    known 0    refused 0",
        "Passed over 1 of another site",
        "Editions    3, from Thursday 3 October 2024 to Sunday 1 June 2025",
        "",
        "Changes     2    2 medium",
        "            printed end moved later 2",
        "",
        "Nobody is told of these changes: they lie in the past.",
    ]


def test_nobody_is_told(past, tmp_path):
    past.archive(warc(tmp_path / "crawl.warc.gz", HISTORY))

    assert past.counts()["deliveries"] == 0


def test_the_same_backfill_again_adds_nothing(past, tmp_path):
    crawl = warc(tmp_path / "crawl.warc.gz", HISTORY)
    past.archive(crawl)
    before = past.everything()

    result = past.archive(crawl)

    assert result.exit_code == 0
    assert "read 5    kept 0    known 5" in result.stdout
    assert "known already; nothing to add" in result.stdout
    assert past.everything() == before


def test_more_captures_extend_a_backfill(past, tmp_path):
    whole, parts = Past(tmp_path / "whole"), past
    whole.archive(warc(tmp_path / "whole.warc.gz", HISTORY))

    parts.archive(warc(tmp_path / "b.warc.gz", HISTORY[3:]))
    parts.archive(warc(tmp_path / "a.warc.gz", HISTORY[:3]))

    assert parts.history() == whole.history()


def test_the_past_between_two_snapshots_is_filled_and_what_was_told_keeps_its_id(past, tmp_path):
    past.take({"harrowdale": HARROWDALE}, "2024-01-01")
    past.take({"harrowdale": LATEST}, "2026-01-01")
    (told,) = past.changes()

    past.archive(warc(tmp_path / "crawl.warc.gz", [("harrowdale", "2025-05-05T05:05:05Z", LATEST)]))

    (found,) = past.changes()
    assert found["id"] == told["id"]
    assert (told["first_seen"], found["first_seen"]) == ("2026-01-01T00:00:00Z", "2025-05-05T23:59:00Z")


def test_nothing_is_gone_because_it_is_not_among_the_captures(past, tmp_path):
    past.take({"harrowdale": HARROWDALE, "wexcombe": WEXCOMBE}, "2024-01-01")

    for day in ("02", "03", "04"):
        past.archive(warc(tmp_path / f"{day}.warc", [("harrowdale", f"2024-01-{day}T05:05:05Z", HARROWDALE)]))

    assert past.changes("--all") == []


def test_a_capture_between_runs_of_its_day_takes_its_place_between_them(past, tmp_path):
    past.take({"harrowdale": HARROWDALE}, "2024-01-01T03:00:00Z")
    past.take({"harrowdale": LATEST}, "2024-01-01T21:00:00Z")

    past.archive(warc(tmp_path / "crawl.warc", [("harrowdale", "2024-01-01T12:34:56Z", LATER)]))

    assert ("harrowdale", "2024-01-01T12:34:56Z", "2024-01-01T12:59:59Z") in past.captures()
    assert [change["after"] for change in past.changes()] == ["2028-03-12", "2027-03-12"]


def test_two_versions_of_a_page_on_one_day_are_two_editions_in_the_order_of_capture(past, tmp_path):
    captures = [("harrowdale", "2024-01-01T12:00:00Z", LATER), ("harrowdale", "2024-01-01T09:00:00Z", HARROWDALE)]

    past.archive(warc(tmp_path / "crawl.warc", captures))

    assert past.captures() == [
        ("harrowdale", "2024-01-01T09:00:00Z", "2024-01-01T09:59:59Z"),
        ("harrowdale", "2024-01-01T12:00:00Z", "2024-01-01T23:59:00Z"),
    ]


def test_an_edit_on_many_pages_of_one_day_is_one_change(past, tmp_path):
    pages = {f"town_{n:02d}": Page(f"Town {n}", many(1, first=n)) for n in range(30)}
    captures = [(slug, f"2024-01-01T10:00:{n:02d}Z", page) for n, (slug, page) in enumerate(pages.items())]
    captures += [
        (slug, f"2024-02-01T10:00:{n:02d}Z", with_project(page, sublicensing="Yes"))
        for n, (slug, page) in enumerate(pages.items())
    ]

    past.archive(warc(tmp_path / "crawl.warc.gz", captures))

    (change,) = past.changes()
    assert (change["kind"], change["agreements"]) == ("sublicensing-changed", 30)


# --- hosts and spellings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "http://theysolditanyway.com/organisations/king_s_college",
        "https://www.theysolditanyway.com/organisations/king_s_college/",
        "http://WWW.TheySoldItAnyway.com:80/organisations/King_s_College",
        "https://theysolditanyway.com/organisations/king%5Fs_college/index.html",
        "https://theysolditanyway.com/organisations/king_s_college.html?utm=1#top",
        "https://dataregister.medconfidential.org/organisation/king_s_college",
        "https://GoodTREsWork.com/organisations/king_s_college/",
        "https://www.goodtreswork.com//organisations//king_s_college/",
    ],
)
def test_every_host_and_spelling_is_one_page(past, tmp_path, address):
    past.archive(warc(tmp_path / "crawl.warc", [(address, "2024-01-01T12:00:00Z", HARROWDALE)]))

    assert [page for page, _, _ in past.captures()] == ["king_s_college"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://example.org/organisations/x", "1 of another site"),
        ("https://theysolditanyway.com.example.org/organisations/x", "1 of another site"),
        ("https://theysolditanyway.com/", "1 of another page of the register"),
        ("https://theysolditanyway.com/organisations/", "1 of another page of the register"),
        ("https://theysolditanyway.com/datasets/hes", "1 of another page of the register"),
        ("https://theysolditanyway.com/organisations/a%2Fb", "1 of another page of the register"),
    ],
)
def test_other_addresses_are_passed_over_and_counted(past, tmp_path, address, said):
    good = ("harrowdale", "2024-01-01T12:00:00Z", HARROWDALE)
    result = past.archive(warc(tmp_path / "crawl.warc", [good, (address, "2024-01-01T12:00:00Z", WEXCOMBE)]))

    assert result.exit_code == 0
    assert said in result.stdout
    assert [page for page, _, _ in past.captures()] == ["harrowdale"]


def test_a_stale_copy_from_another_host_starts_no_change(past, tmp_path):
    old = replace(HARROWDALE, files=3)
    captures = [
        ("harrowdale", "2024-01-01T12:00:00Z", HARROWDALE),
        (
            "https://goodtreswork.com/organisations/harrowdale/",
            "2024-02-01T12:00:00Z",
            with_project(old, end="2020-01-01"),
        ),
        ("harrowdale", "2024-03-01T12:00:00Z", HARROWDALE),
    ]

    past.archive(warc(tmp_path / "crawl.warc", captures))

    assert past.changes("--all") == []
    assert sorted(row["stale"] for row in past.history()["snapshots"]) == [0, 1]


# --- folders and zips -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("2024-10-03", "2024-10-03T00:00:00Z"),
        ("20241003", "2024-10-03T00:00:00Z"),
        ("20241003120001", "2024-10-03T12:00:01Z"),
        ("20241003120001id_", "2024-10-03T12:00:01Z"),
        ("2024-10-03T12:00:01Z", "2024-10-03T12:00:01Z"),
        ("2024-10-03T1200", "2024-10-03T12:00:00Z"),
        ("2024-10-03 12.00", "2024-10-03T12:00:00Z"),
        ("2024-02-30", None),
        ("2024", None),
        ("20241", None),
        ("harrowdale", None),
        ("٢٠٢٤-١٠-٠٣", None),
    ],
)
def test_a_folder_may_be_named_by_its_date(name, time):
    assert time_in(name) == time


def test_folders_that_are_dates_say_when_their_pages_were_captured(past, tmp_path):
    saved = tmp_path / "saved"
    write_edition(saved / "2024-10-03", {"harrowdale": HARROWDALE, "index.html": b"<html>list</html>"})
    write_edition(saved / "2025-10-03" / "deeper", {"harrowdale": LATER})

    result = past.archive(saved)

    assert (result.exit_code, result.stderr) == (0, "")
    assert [(page, at) for page, at, _ in past.captures()] == [
        ("harrowdale", "2024-10-03T00:00:00Z"),
        ("harrowdale", "2025-10-03T00:00:00Z"),
    ]


def test_the_folder_or_zip_given_may_itself_be_named_by_its_date(past, tmp_path):
    write_edition(tmp_path / "2024-10-03", {"harrowdale": HARROWDALE})
    with zipfile.ZipFile(tmp_path / "2025-10-03.zip", "w") as archive:
        archive.writestr("pages/harrowdale.html", LATER.html())

    past.archive(tmp_path / "2024-10-03", tmp_path / "2025-10-03.zip")

    assert [at for _, at, _ in past.captures()] == ["2024-10-03T00:00:00Z", "2025-10-03T00:00:00Z"]


def test_a_mirror_below_a_time_is_read_by_its_addresses(past, tmp_path):
    mirror = tmp_path / "mirror"
    pages = {
        "20241003120000/www.theysolditanyway.com/organisations/harrowdale/index.html": HARROWDALE.html(),
        "20241003120000/example.org/organisations/harrowdale/index.html": WEXCOMBE.html(),
        "20241003120000/www.theysolditanyway.com/index.html": b"<html>the site</html>",
    }
    result = past.archive(write_edition(mirror, pages))

    assert result.exit_code == 0
    assert [(page, at) for page, at, _ in past.captures()] == [("harrowdale", "2024-10-03T12:00:00Z")]


def test_pages_that_nothing_dates_need_a_time(past, tmp_path):
    saved = write_edition(tmp_path / "saved", {"harrowdale": HARROWDALE})

    result = past.archive(saved)
    assert result.exit_code == 1
    assert "name its folder by the date, or say --fetched-at: nothing was taken" in result.stderr
    assert not past.database.exists() or past.captures() == []

    assert past.archive(saved, "--fetched-at", "2024-10-03").exit_code == 0
    assert [at for _, at, _ in past.captures()] == ["2024-10-03T00:00:00Z"]


def test_pages_that_list_organisations_are_passed_over(past, tmp_path):
    links = "".join(f'<li><a href="/organisations/o{n}">Organisation {n}</a></li>' for n in range(40))
    listing = f"<!DOCTYPE html><html><body><ul>{links}</ul></body></html>".encode()
    saved = write_edition(tmp_path / "2024-10-03", {"harrowdale": HARROWDALE, "all.html": listing})

    result = past.archive(saved)

    assert result.exit_code == 0, result.output
    assert "1 list of organisations" in result.stdout


# --- bad input --------------------------------------------------------------------------------------------------------

GOOD = ("harrowdale", "2024-01-01T12:00:00Z", HARROWDALE)


def refused_beside_the_good(past, result, said):
    assert result.exit_code == 3, result.output
    assert said in flat(result.stdout)
    assert "Traceback" not in result.output
    assert [page for page, _, _ in past.captures()] == ["harrowdale"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (("wexcombe", "2199-01-01T12:00:00Z", WEXCOMBE), "2199-01-01T12:00:00Z lies in the future"),
        (("wexcombe", "1980-01-01T12:00:00Z", WEXCOMBE), "is a time before there were web pages"),
        (("wexcombe", "yesterday", WEXCOMBE), "'yesterday' is no date"),
        (("wexcombe", "2024-01-01T12:00:00Z", b""), "empty"),
        (("wexcombe", "2024-01-01T12:00:00Z", b"<html><h1>503</h1>Down for maintenance</html>"), "refused"),
        (("wexcombe", "2024-01-01T12:00:00Z", b"<html><h1>Page not found</h1></html>"), "refused"),
    ],
)
def test_a_bad_record_is_one_line_and_the_others_are_taken(past, tmp_path, bad, said):
    refused_beside_the_good(past, past.archive(warc(tmp_path / "crawl.warc.gz", [GOOD, bad])), said)


def test_a_refused_capture_holds_no_edition(past, tmp_path):
    sick = ("wexcombe", "2024-03-01T12:00:00Z", b"<html><h1>503</h1>Down for maintenance</html>")
    past.archive(warc(tmp_path / "crawl.warc.gz", [GOOD, sick]))

    assert [row["state"] for row in past.history()["runs"]] == ["committed"]


def test_redirects_and_errors_are_passed_over_and_counted(past, tmp_path):
    def said(status):
        return http_answer(b"<html></html>").replace(b"200 OK", status)

    records = [
        (f"{SITE}harrowdale", "2024-01-01T12:00:00Z", http_answer(HARROWDALE.html())),
        (f"{SITE}wexcombe", "2024-01-01T12:00:00Z", said(b"301 Moved")),
        (f"{SITE}wexcombe", "2024-01-02T12:00:00Z", said(b"404 Not Found")),
        (f"{SITE}wexcombe", "2024-01-03T12:00:00Z", said(b"503 Busy")),
    ]
    result = past.archive(answer_archive(tmp_path / "crawl.warc", records))

    assert result.exit_code == 0
    assert "2 error answers, 1 redirect" in result.stdout


@pytest.mark.parametrize("cut", [30, 400])
def test_of_a_web_archive_that_is_cut_short_the_part_before_is_taken(past, tmp_path, cut):
    noise = WEXCOMBE.html() + Random(3).randbytes(2_000).hex().encode()
    path = warc(tmp_path / "crawl.warc.gz", [GOOD, ("wexcombe", "2024-01-01T12:00:00Z", noise)])
    path.write_bytes(path.read_bytes()[:-cut])

    refused_beside_the_good(past, past.archive(path), "what stands before that counts")


@pytest.mark.parametrize("name", ["crawl.warc.gz", "crawl.warc"])
def test_of_a_damaged_web_archive_only_whole_pages_are_found_and_damage_is_one_line(tmp_path, name, capfd):
    bodies = [page.html() + Random(3).randbytes(1_500).hex().encode() for page in (HARROWDALE, WEXCOMBE, EASTMERE)]
    names = ("harrowdale", "wexcombe", "eastmere")
    path = warc(tmp_path / name, [(slug, GOOD[1], body) for slug, body in zip(names, bodies, strict=True)])
    whole = path.read_bytes()
    for spot in range(0, len(whole), 41):
        for damaged in (whole[:spot], whole[:spot] + bytes([whole[spot] ^ 255]) + whole[spot + 1 :]):
            path.write_bytes(damaged)
            for one in captures_in(path, {"theysolditanyway.com"}, None):
                if isinstance(one, SavedPage) and not one.refused and name.endswith(".gz"):
                    assert one.body in bodies
                elif isinstance(one, Refused):
                    assert "\n" not in one.reason

    assert capfd.readouterr() == ("", "")


def test_a_zip_whose_paths_climb_out_is_told_and_the_others_are_taken(past, tmp_path):
    path = tmp_path / "2024-01-01.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("harrowdale.html", HARROWDALE.html())
        archive.writestr("../../etc/wexcombe.html", WEXCOMBE.html())
        archive.writestr("/etc/eastmere.html", EASTMERE.html())

    result = past.archive(path)

    refused_beside_the_good(past, result, "its path leads out of the archive")
    assert "wexcombe" in result.output
    assert "eastmere" in result.output
    assert sorted(file.name for file in tmp_path.iterdir()) == ["2024-01-01.zip", "watch"]


def test_a_zip_bomb_is_a_refused_page_and_the_others_are_taken(past, tmp_path):
    path = tmp_path / "2024-01-01.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("harrowdale.html", HARROWDALE.html())
        archive.writestr("wexcombe.html", b"\0" * 60_000_000)

    refused_beside_the_good(past, past.archive(path), "60 MB, too large for a page")


def test_a_zip_with_a_damaged_page_is_read_around_it(past, tmp_path):
    path = tmp_path / "2024-01-01.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("harrowdale.html", HARROWDALE.html())
        archive.writestr("wexcombe.html", WEXCOMBE.html())
    path.write_bytes(path.read_bytes().replace(b"Wexcombe", b"Wexc0mbe", 1))

    refused_beside_the_good(past, past.archive(path), "wexcombe.html cannot be read: Bad CRC")


@pytest.mark.parametrize("name", ["missing.warc.gz", "missing", "missing.zip"])
def test_a_file_that_is_not_there_is_told_and_the_others_are_taken(past, tmp_path, name):
    good = warc(tmp_path / "crawl.warc", [GOOD])

    refused_beside_the_good(past, past.archive(tmp_path / name, good), f"{name} is not there")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.warc.gz", b"\x1f\x8bnothing of the kind", "not a web archive"),
        ("a.warc", b"nothing of the kind", "not a web archive"),
        ("a.zip", b"nothing of the kind", "is not a zip archive"),
        ("a.pdf", b"nothing of the kind", "is no page, folder, .zip or .warc.gz"),
    ],
)
def test_what_is_no_archive_is_one_line_and_nothing_is_taken(past, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)

    result = past.archive(tmp_path / name)

    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert "nothing was taken" in result.stderr


def test_an_archive_of_other_things_says_so(past, tmp_path):
    result = past.archive(
        warc(tmp_path / "a.warc", [("https://example.org/organisations/x", "2024-01-01T00:00:00Z", HARROWDALE)])
    )

    assert result.exit_code == 1
    assert "no captures of organisations' pages found, only other things (1 another site)" in result.stderr


def test_an_archive_of_nothing_says_so(past, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("notes.pdf", b"")

    result = past.archive(tmp_path / "a.zip")

    assert result.exit_code == 1
    assert result.stderr == (
        "registerwatch: no captures of organisations' pages found, only other things (1 other kind of file): "
        "nothing was taken\n"
    )


def test_a_digest_that_does_not_match_is_refused_by_name(past, tmp_path):
    good, bad = HARROWDALE.html(), WEXCOMBE.html()
    records = [(f"{SITE}wexcombe", "2024-01-01T12:00:00Z", http_answer(bad))]
    wrong = answer_archive(tmp_path / "bad.warc", records, WARC_Payload_Digest=f"sha1:{digest_of(b'other')}")
    records = [(f"{SITE}harrowdale", "2024-01-01T12:00:00Z", http_answer(good))]
    right = answer_archive(tmp_path / "good.warc", records, WARC_Payload_Digest=f"sha1:{digest_of(good)}")

    result = past.archive(wrong, right)

    refused_beside_the_good(past, result, f"its bytes have the digest {digest_of(bad)}, and the archive says")
    assert f"{SITE}wexcombe of 2024-01-01T12:00:00Z" in flat(result.stdout)


def revisit(path, address, at, digest):
    head = {
        "WARC-Type": "revisit",
        "WARC-Record-ID": "<urn:uuid:00000000-0000-4000-8000-000000009999>",
        "WARC-Target-URI": address,
        "WARC-Date": at,
        "WARC-Profile": "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
        "WARC-Payload-Digest": f"sha1:{digest}",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": "0",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    path.write_bytes(f"WARC/1.1\r\n{lines}\r\n\r\n\r\n".encode())
    return path


def test_a_revisit_has_the_bytes_of_the_capture_with_its_digest_in_whichever_order_they_come(past, tmp_path):
    body = HARROWDALE.html()
    records = [(f"{SITE}harrowdale", "2024-01-01T12:00:00Z", http_answer(body))]
    first = answer_archive(tmp_path / "a.warc", records, WARC_Payload_Digest=f"sha1:{digest_of(body)}")
    again = revisit(tmp_path / "b.warc", f"{SITE}harrowdale", "2024-02-01T12:00:00Z", digest_of(body))

    result = past.archive(again, first)

    assert result.exit_code == 0
    assert [at for _, at, _ in past.captures()] == ["2024-01-01T12:00:00Z", "2024-02-01T12:00:00Z"]
    assert len(past.history()["snapshots"]) == 1


def test_a_revisit_of_what_is_not_there_is_refused(past, tmp_path):
    again = revisit(tmp_path / "b.warc", f"{SITE}wexcombe", "2024-02-01T12:00:00Z", digest_of(b"other"))

    result = past.archive(again, warc(tmp_path / "crawl.warc", [GOOD]))

    refused_beside_the_good(past, result, "has the bytes of another capture")


def test_equal_captures_are_sightings_and_no_new_snapshots(past, tmp_path):
    captures = [("harrowdale", f"2024-0{month}-01T12:00:00Z", HARROWDALE) for month in (1, 2, 3)]
    captures += [("harrowdale", "2024-03-01T15:00:00Z", HARROWDALE)]

    result = past.archive(warc(tmp_path / "crawl.warc", captures))

    assert "kept 3    known 1" in result.stdout
    (snapshot,) = past.history()["snapshots"]
    assert (snapshot["first_seen"], snapshot["last_seen"]) == ("2024-01-01T23:59:00Z", "2024-03-01T23:59:00Z")


# --- lists of the Wayback Machine -------------------------------------------------------------------------------------

ARCHIVED = [
    Archived(timestamp="20241003100000", original=f"{SITE}harrowdale", body=HARROWDALE.html()),
    Archived(timestamp="20241003100005", original=f"{SITE}wexcombe/", body=WEXCOMBE.html()),
    Archived(timestamp="20250109083000", original=f"{SITE}harrowdale", body=LATER.html()),
    Archived(timestamp="20250109083007", original=f"{SITE}wexcombe", body=WEXCOMBE.html()),
]
NOT_PAGES = [
    Archived(timestamp="20250101000000", original=f"{SITE}harrowdale", statuscode="301"),
    Archived(timestamp="20250101000001", original=f"{SITE}harrowdale", statuscode="404"),
    Archived(timestamp="20250101000002", original=f"{SITE}logo.png", mimetype="image/png"),
    Archived(timestamp="20250101000003", original="https://example.org/organisations/x"),
]


def laid_out(folder: Path, captures: Iterable[Archived], name) -> Path:
    for one in captures:
        file = folder / name(one)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(one.body)
    return folder


def address(one):
    return one.original.partition("://")[2].rstrip("/")


def quoted(one):
    return one.original.replace(":", "%3A").replace("/", "%2F")


@pytest.mark.parametrize(
    "name",
    [
        lambda one: f"{one.timestamp}id_/{quoted(one)}",
        lambda one: f"{one.timestamp}/{address(one)}/index.html",
        lambda one: f"{one.timestamp}/{address(one)}",
        lambda one: f"{address(one).partition('/')[0]}/{one.timestamp}/{address(one).partition('/')[2]}/index.html",
        lambda one: f"{one.timestamp}.html",
        lambda one: f"{digest_of(one.body)}.html",
        lambda one: f"{digest_of(one.body)}",
        lambda one: f"pages/{digest_of(one.body)[:5].lower()}-copy.html",
    ],
)
def test_captures_beside_a_list_are_found_however_they_were_saved(past, tmp_path, name):
    (tmp_path / "list.json").write_bytes(cdx_json([*ARCHIVED, *NOT_PAGES]))
    folder = laid_out(tmp_path / "captures", ARCHIVED, name)

    result = past.run("backfill", "wayback", tmp_path / "list.json", folder, "--no-fetch")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "1 of another site, 1 error answer, 1 other kind of file, 1 redirect" in flat(result.stdout)
    assert [(page, at) for page, at, _ in past.captures()] == [
        ("harrowdale", "2024-10-03T10:00:00Z"),
        ("wexcombe", "2024-10-03T10:00:05Z"),
        ("harrowdale", "2025-01-09T08:30:00Z"),
        ("wexcombe", "2025-01-09T08:30:07Z"),
    ]
    assert past.told() == [("dsa-extended", "DARS-NIC-204517-H6M2P")]


@pytest.mark.parametrize("form", [cdx_json, cdx_plain, cdx_file, cdxj, cdx_packed])
def test_a_list_is_read_in_every_form(past, tmp_path, form):
    (tmp_path / "list").write_bytes(form([*ARCHIVED, *NOT_PAGES]))

    listed = read_list(tmp_path / "list")

    assert [(one.timestamp, one.original, one.statuscode, one.digest) for one in listed.captures] == [
        (one.timestamp, one.original, one.statuscode, digest_of(one.body)) for one in [*ARCHIVED, *NOT_PAGES]
    ]
    assert listed.refused == []


def test_a_list_that_stops_at_its_limit_is_read(tmp_path):
    rows = [*json.loads(cdx_json(ARCHIVED)), [], ["com,theysolditanyway)/organisations/x 2024"]]
    (tmp_path / "list").write_text(json.dumps(rows))

    assert len(read_list(tmp_path / "list").captures) == len(ARCHIVED)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is a list without captures"),
        (b"[]", "is a list without captures"),
        (b'[["urlkey","timestamp","original"]]', "is a list without captures"),
        (b"<!DOCTYPE html><html><body>504 Gateway Time-out</body></html>", "is not a CDX list"),
        (b'{"error": "rate limited"}', "is not a CDX list"),
        (b'[{"timestamp": "20240101000000"}]', "is not a CDX list"),
        (b"[[1, 2], [3, 4]]", "is not a CDX list"),
        (cdx_json(ARCHIVED)[:-40], "is not a CDX list, or is cut short"),
        (b"[" * 100_000, "is not a CDX list"),
        (cdx_packed(ARCHIVED)[:-20], "is damaged, or cut short"),
        (b"\xff\xfe\x00" * 100, "is not a CDX list"),
        (b"PK\x03\x04" + bytes(100), "is not a CDX list"),
    ],
)
def test_a_file_that_is_no_list_is_one_line(past, tmp_path, content, said):
    (tmp_path / "list").write_bytes(content)

    result = past.run("backfill", "wayback", tmp_path / "list", tmp_path)

    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not past.database.exists()


def test_a_list_of_2_gb_in_one_line_is_one_line_too(past, tmp_path):
    with (tmp_path / "list").open("wb") as file:
        file.truncate(2_000_000_000)

    result = past.run("backfill", "wayback", tmp_path / "list", tmp_path)

    assert (result.exit_code, result.stderr) == (
        1,
        f"registerwatch: {tmp_path}/list: is larger than 64 MB; ask for the captures of one site\n",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "com,x)/ 2024 https://theysolditanyway.com/organisations/x text/html 200 - 5",
            "'2024' is no time of a capture",
        ),
        (
            "com,x)/ 20241399000000 https://theysolditanyway.com/organisations/x text/html 200 - 5",
            "is no time of a capture",
        ),
        ("com,x)/ 20990101000000 https://theysolditanyway.com/organisations/x text/html 200 - 5", "not in"),
        ("what is this", "names no capture of a web page"),
        ("{{{", "names no capture of a web page"),
    ],
)
def test_a_bad_line_of_a_list_is_named_and_the_others_are_taken(past, tmp_path, line, said):
    (tmp_path / "list").write_bytes(cdx_plain(ARCHIVED[:1]) + line.encode() + b"\n")
    folder = laid_out(tmp_path / "captures", ARCHIVED[:1], lambda one: f"{one.timestamp}.html")

    refused_beside_the_good(past, past.run("backfill", "wayback", tmp_path / "list", folder, "--no-fetch"), said)


def test_captures_that_are_missing_are_named_and_the_others_are_taken(past, tmp_path):
    (tmp_path / "list").write_bytes(cdx_plain(ARCHIVED[:2]))
    folder = laid_out(tmp_path / "captures", ARCHIVED[:1], lambda one: f"{one.timestamp}.html")

    result = past.run("backfill", "wayback", tmp_path / "list", folder, "--no-fetch")

    refused_beside_the_good(past, result, f"20241003100005 {SITE}wexcombe/ is not in /")


def test_a_capture_with_other_bytes_than_the_list_says_is_refused_by_name(past, tmp_path):
    (tmp_path / "list").write_bytes(cdx_plain(ARCHIVED[:2]))
    folder = laid_out(tmp_path / "captures", ARCHIVED[:2], lambda one: f"{one.timestamp}.html")
    (folder / "20241003100005.html").write_bytes(WEXCOMBE.html()[:-100])

    result = past.run("backfill", "wayback", tmp_path / "list", folder)

    refused_beside_the_good(past, result, f"and the list says {digest_of(WEXCOMBE.html())}")


def test_a_list_without_digests_is_taken_by_times_and_names(past, tmp_path):
    listed = [replace(one, digest="-") for one in ARCHIVED]
    (tmp_path / "list").write_bytes(cdx_plain(listed))
    folder = laid_out(tmp_path / "captures", ARCHIVED, lambda one: f"{one.timestamp}/{address(one)}/index.html")

    assert past.run("backfill", "wayback", tmp_path / "list", folder, "--no-fetch").exit_code == 0
    assert len(past.captures()) == 4


# --- fetched ----------------------------------------------------------------------------------------------------------


def test_captures_are_fetched_once_for_each_digest_over_one_connection_and_kept(past, tmp_path):
    with WaybackServer([*ARCHIVED, *NOT_PAGES]) as server:
        listed = server.save_list(tmp_path / "list.json")
        connections = server.connections

        result = past.run("backfill", "wayback", listed, "--archive", server.root)

        assert (result.exit_code, "kept 4" in result.stdout) == (0, True)
        assert server.fetched() == [one.path for one in ARCHIVED[:3]]
        assert server.paths()[1] == "/robots.txt"
        assert server.connections == connections + 1

        again = past.run("backfill", "wayback", listed, "--archive", server.root)

        assert (again.exit_code, "known 4" in again.stdout) == (0, True)
        assert len(server.fetched()) == 3
    assert len([file for file in (tmp_path / "list-captures").rglob("*") if file.is_file()]) == 3


def test_a_plain_list_does_as_well(past, tmp_path):
    with WaybackServer(ARCHIVED) as server:
        listed = server.save_list(tmp_path / "list.cdx", "")

        assert past.run("backfill", "wayback", listed, "--archive", server.root).exit_code == 0
    assert len(past.captures()) == 4


def test_only_what_is_missing_in_the_folder_is_fetched(past, tmp_path):
    folder = laid_out(tmp_path / "captures", ARCHIVED[:2], lambda one: f"{one.timestamp}.html")
    with WaybackServer(ARCHIVED) as server:
        listed = server.save_list(tmp_path / "list.json")

        assert past.run("backfill", "wayback", listed, folder, "--archive", server.root).exit_code == 0
        assert server.fetched() == [ARCHIVED[2].path]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer(status="404 Not Found"), "answered 404"),
        (answer(status="503 Busy"), "answered 503"),
        (answer(b"<html>something else</html>"), "what the archive sent has the digest"),
        (hang_up(answer(WEXCOMBE.html()[:-50], content_length=str(len(WEXCOMBE.html())))), "try again later"),
        (redirect("/web/20230101000000id_/x"), "answered 404"),
        (redirect("https://example.org/"), "redirects off the register"),
    ],
)
def test_a_capture_that_cannot_be_had_is_named_and_the_others_are_taken(past, tmp_path, reply, said):
    with WaybackServer(ARCHIVED[:2], instead={ARCHIVED[1].path: reply}) as server:
        listed = server.save_list(tmp_path / "list.json")

        result = past.run("backfill", "wayback", listed, "--archive", server.root)

    refused_beside_the_good(past, result, said)
    assert len([file for file in (tmp_path / "list-captures").rglob("*") if file.is_file()]) == 1


def test_an_archive_that_does_not_answer_is_left_alone(past, tmp_path):
    captures = [replace(ARCHIVED[0], timestamp=f"202410{day:02d}000000", digest="-") for day in range(1, 20)]
    busy = {one.path: answer(status="503 Busy") for one in captures[1:]}
    with WaybackServer(captures, instead=busy) as server:
        listed = server.save_list(tmp_path / "list.json")

        result = past.run("backfill", "wayback", listed, "--archive", server.root)

        assert len(server.fetched()) == 4
    refused_beside_the_good(past, result, "not asked for: the archive does not answer; try again later")


def test_an_archive_whose_robots_txt_forbids_is_not_asked(past, tmp_path):
    folder = laid_out(tmp_path / "captures", ARCHIVED[:1], lambda one: f"{one.timestamp}.html")
    rules = {"/robots.txt": answer(b"User-agent: *\nDisallow: /web/\n")}
    with WaybackServer(ARCHIVED[:2], instead=rules) as server:
        listed = server.save_list(tmp_path / "list.json")

        result = past.run("backfill", "wayback", listed, folder, "--archive", server.root)

        assert server.fetched() == []
    refused_beside_the_good(past, result, "robots.txt forbids it")


def test_without_a_contact_nothing_is_fetched(tmp_path):
    past = Past(tmp_path / "watch", contact=None)
    (tmp_path / "list.json").write_bytes(cdx_json(ARCHIVED[:2]))

    result = past.run("backfill", "wayback", tmp_path / "list.json")
    assert (result.exit_code, "set contact in [fetch]" in result.stderr) == (2, True)

    folder = laid_out(tmp_path / "captures", ARCHIVED[:1], lambda one: f"{one.timestamp}.html")
    refused_beside_the_good(
        past, past.run("backfill", "wayback", tmp_path / "list.json", folder), "to fetch it set contact"
    )


def test_a_fetch_that_is_killed_goes_on_where_it_stopped(past, tmp_path):
    killed = []

    def kill(connection):
        killed.append(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    third = ARCHIVED[2]
    with WaybackServer(ARCHIVED, instead={third.path: [kill, answer(third.body)]}) as server:
        listed = server.save_list(tmp_path / "list.json")
        arguments = ["backfill", "wayback", str(listed), "--archive", server.root]
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from cron.cli import main; main()",
                *past.options,
                "--db",
                past.database,
                *arguments,
            ],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        process.wait(30)
        assert killed
        assert not past.database.exists()

        result = past.run(*arguments)

        assert result.exit_code == 0, result.output
        assert server.fetched() == [ARCHIVED[0].path, ARCHIVED[1].path, third.path, third.path]
    assert len(past.captures()) == 4


def test_a_revisit_of_a_list_has_the_bytes_of_its_digest(past, tmp_path):
    body = HARROWDALE.html()
    captures = [
        ARCHIVED[0],
        Archived(
            timestamp="20241203100000",
            original=f"{SITE}harrowdale",
            mimetype="warc/revisit",
            statuscode="-",
            digest=digest_of(body),
        ),
    ]
    with WaybackServer(captures) as server:
        listed = server.save_list(tmp_path / "list.json")

        assert past.run("backfill", "wayback", listed, "--archive", server.root).exit_code == 0
        assert server.fetched() == [ARCHIVED[0].path]
    assert [at for _, at, _ in past.captures()] == ["2024-10-03T10:00:00Z", "2024-12-03T10:00:00Z"]


# --- any order --------------------------------------------------------------------------------------------------------

VERSIONS = {
    "harrowdale": (EARLIER, HARROWDALE, LATER, LATEST),
    "wexcombe": (WEXCOMBE, with_project(WEXCOMBE, sublicensing="Yes"), with_project(WEXCOMBE, datasets=())),
    "eastmere": (EASTMERE, with_project(EASTMERE, opt_outs="Yes - patient objections upheld")),
}


@st.composite
def histories(draw, *, hours: tuple[int, ...]):
    """Draw captures as {(slug, day, hour): version}, and a number of the backfill that each comes in."""
    spots = st.tuples(st.sampled_from(sorted(VERSIONS)), st.integers(1, 9), st.sampled_from(hours))
    chosen = draw(st.lists(spots, min_size=2, max_size=10, unique=True))
    captures = []
    for slug, day, hour in chosen:
        page = draw(st.sampled_from(VERSIONS[slug]))
        captures.append((slug, f"2024-03-{day:02d}T{hour:02d}:10:00Z", page))
    return draw(st.permutations(captures)), draw(st.lists(st.integers(0, 2), min_size=10, max_size=10))


def split(captures, parts):
    numbered = list(zip(captures, parts, strict=False))
    return [[one for one, number in numbered if number == n] for n in sorted(set(parts[: len(captures)]))]


def backfilled(folder: Path, batches) -> Past:
    past = Past(folder)
    for number, batch in enumerate(batches):
        result = past.archive(warc(folder / f"{number}.warc", batch))
        assert result.exit_code == 0, result.output
    return past


QUICKLY = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICKLY
@given(histories(hours=(10,)))
def test_any_split_and_order_of_captures_gives_the_history_of_importing_them_in_order(tmp_path_factory, drawn):
    captures, parts = drawn
    folder = tmp_path_factory.mktemp("any")
    by_day: dict[str, dict[str, bytes]] = {}
    for slug, at, page in captures:
        by_day.setdefault(at[:10], {})[f"{slug}.html"] = page.html()
    imported = Past(folder / "imported")
    for day, pages in sorted(by_day.items()):
        assert imported.take(pages, f"{day}T23:59:00Z", complete=False).exit_code == 0

    filled = backfilled(folder / "filled", split(captures, parts))

    assert (filled.ids(), filled.versions()) == (imported.ids(), imported.versions())
    assert filled.history() == backfilled(folder / "whole", [captures]).history()


@QUICKLY
@given(histories(hours=(3, 10, 17)))
def test_several_versions_a_day_come_in_their_order_however_they_are_split(tmp_path_factory, drawn):
    captures, parts = drawn
    folder = tmp_path_factory.mktemp("any")

    filled, whole = backfilled(folder / "filled", split(captures, parts)), backfilled(folder / "whole", [captures])

    assert (filled.ids(), filled.versions()) == (whole.ids(), whole.versions())


@given(st.lists(st.tuples(st.integers(0, 86_399), st.sampled_from("XYZ")), max_size=12), st.data())
@settings(max_examples=200, deadline=None)
def test_editions_of_a_page_are_in_the_order_of_its_captures(drawn, data):
    moments = [(f"2024-03-01T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}Z", body) for s, body in drawn]
    kept: list[KeptCapture] = []
    while moments:
        count = data.draw(st.integers(1, len(moments)))
        batch, moments = moments[:count], moments[count:]
        found = place(batch, kept, "2025")
        kept += [KeptCapture(*moment, edition) for moment, edition in found if edition]
        editions = [seen.edition for seen in sorted(kept)]
        assert editions == sorted(set(editions))
        assert all(seen.at <= seen.edition <= f"{seen.at[:10]}T23:59:59Z" for seen in kept)


def test_no_edition_is_of_the_future():
    now = "2024-03-01T10:30:30Z"

    assert list(place([("2024-03-01T10:20:10Z", "X")], [], now)) == [
        (("2024-03-01T10:20:10Z", "X"), "2024-03-01T10:20:59Z")
    ]


# --- the report -------------------------------------------------------------------------------------------------------


def test_of_many_refused_for_one_reason_the_first_are_named():
    report = BackfillReport(
        read=30, kept=10, known=0, passed={}, editions=1, times=("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        refused=[(f"capture {n}", "is not there") for n in range(20)],
    )  # fmt: skip

    text = render_backfill(report)
    assert text.count("capture ") == 3
    assert "and 17 more" in text
    assert "20 captures could not be taken. The others were taken." in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_both_commands_say_what_they_do(past):
    for arguments in (
        ["backfill"],
        ["backfill", "--help"],
        ["backfill", "wayback", "--help"],
        ["backfill", "archive", "-h"],
    ):
        result = past.run(*arguments)
        assert re.search(r"\n  Example:\n    registerwatch backfill ", result.output), result.output
