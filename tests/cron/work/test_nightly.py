"""The nightly run over real sockets: which pages it asks for, what it believes, what it survives."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from base64 import b64encode
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from cron.work.afterwards import ping
from cron.work.context import AlreadyRunningError, only_run
from cron.work.nightly import RunFailedError, RunStoppedError
from diff.kinds import ChangeKind
from scraper.errors import FetchError
from scraper.web.crawl import find_slugs
from snapshots.keeping.store import open_store
from tests.harness.editions import (
    EASTMERE,
    FALLS,
    HARROWDALE,
    REGISTER,
    TIDES,
    WEXCOMBE,
    Page,
    many,
    with_project,
    write_edition,
)
from tests.harness.nights import BIG, FIRST_NIGHT, NORTHAM, Nights, play_killed, undisturbed
from tests.harness.register_server import MAINTENANCE, RegisterServer, Site
from tests.harness.servers import Loopback, answer, hang_up, held_port, look_up_here, packed, redirect, reset

HARROW, WEX, EAST = REGISTER
BUSY = answer(b"<h1>Later</h1>", status="503 Service Unavailable")
GONE = answer(b"<h1>Gone</h1>", status="410 Gone")
EXTENDED = with_project(HARROWDALE, end="2027-03-12")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def known(nights, server):
    """A register that was read once."""
    nights.run_at()
    server.forget()
    return nights


# --- finding pages ----------------------------------------------------------------------------------------------------


def test_the_first_night_reads_every_page_that_the_index_links_to_and_tells_nothing(nights, server):
    report = nights.run_at()

    assert sorted(server.pages_asked()) == sorted(REGISTER)
    assert (report.asked, report.failed, report.gone) == (3, {}, 0)
    assert nights.told() == []
    assert nights.counts()["bodies"] == 3


def test_a_new_organisation_joins_by_itself_and_is_told(known, site):
    site.pages["nhs_northam_icb"] = NORTHAM
    known.run_at()

    assert sorted(known.told()) == [
        ("agreement-added", "DARS-NIC-555001-Z9Y8X"),
        ("organisation-added", None),
    ]


def test_an_index_that_names_absurdly_many_pages_is_an_error_in_a_line(nights, site, server):
    site.more_links = [f"/organisations/made_up_{number}" for number in range(20_001)]
    result = nights.night()

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"registerwatch: {server.index}: names 20,004 pages, more than 20,000: not believed, and none was asked for\n"
    )
    assert server.pages_asked() == []


def test_pages_that_no_index_names_are_asked_for_if_the_settings_name_them(nights, site, server):
    site.unlisted.add(EAST)
    nights.run_at(register={"slugs": (EAST,)})

    assert sorted(server.pages_asked()) == sorted(REGISTER)


def test_pages_that_only_the_sitemap_names_are_asked_for(nights, site, server):
    site.unlisted.add(EAST)
    listed = f"<urlset><url><loc>{server.url}/organisations/{EAST}</loc></url></urlset>"
    site.faults["/sitemap.xml"] = answer(listed.encode(), content_type="application/xml")
    nights.run_at(register={"sitemap": f"{server.url}/sitemap.xml"})

    assert sorted(server.pages_asked()) == sorted(REGISTER)


def test_a_sitemap_that_cannot_be_read_stops_the_run_before_any_page(nights, server):
    with pytest.raises(FetchError, match="answered 404"):
        nights.run_at(register={"sitemap": f"{server.url}/sitemap.xml"})

    assert server.pages_asked() == []


def test_links_elsewhere_are_not_followed(nights, site, server):
    site.more_links += [
        "https://elsewhere.example/organisations/stranger",
        "/private/organisations/stranger",
        "/reports/2026",
        "mailto:someone@example.org",
        "javascript:void(0)",
        "/organisations/",
    ]
    nights.run_at()

    assert {one.path for one in server.asked} == {"/robots.txt", "/", *(f"/organisations/{s}" for s in REGISTER)}


def test_a_page_that_vanishes_from_the_index_is_asked_for_as_long_as_it_stands(known, site, server):
    site.unlisted.add(EAST)
    for _ in range(3):
        server.forget()
        known.run_at()
        assert EAST in server.pages_asked()

    assert known.told() == []


def test_an_index_that_is_as_it_was_is_not_read_again_unless_what_was_kept_of_it_came_to_harm(
    known, site, server, monkeypatch
):
    read = []
    monkeypatch.setattr("cron.work.crawl.find_slugs", lambda *at, **by: read.append(at) or find_slugs(*at, **by))
    known.run_at()
    assert sorted(server.pages_asked()) == sorted(REGISTER)
    assert read == []

    with closing(sqlite3.connect(known.database)) as database, database:
        database.execute("update listed_pages set pages = replace(pages, :slug, 'other')", {"slug": EAST})
    server.forget()
    known.run_at()
    assert sorted(server.pages_asked()) == sorted(REGISTER)
    assert len(read) == 1

    site.pages["new"] = Page("New Trust", (FALLS,))
    known.run_at()
    assert "new" in server.pages_asked()
    assert len(read) == 2


def test_it_is_asked_for_where_it_was_seen_last(tmp_path, server):
    site = server.site
    site.more_links += [f"/organisations/{EAST}/"]
    site.faults[f"{EAST}/"] = answer(EASTMERE.html())
    site.faults[EAST] = answer(status="404 Not Found")
    site.unlisted.add(EAST)
    nights = Nights(tmp_path, server)
    nights.run_at()
    site.more_links.clear()
    for _ in range(3):
        assert nights.run_at().gone == 0

    assert nights.told() == []


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_a_page_that_is_gone_is_told_at_its_second_sighting_and_asked_for_no_more(known, site, server, status):
    site.unlisted.add(EAST)
    site.faults[EAST] = answer(status=status)
    told = []
    for _ in range(3):
        server.forget()
        report = known.run_at()
        told.append((EAST in server.pages_asked(), report.failed, sorted(known.told())))
    removed = [("agreement-removed", TIDES.reference), ("organisation-removed", None)]

    assert told == [(True, {}, []), (True, {}, removed), (False, {}, removed)]


def test_a_page_that_is_gone_for_one_night_was_never_news(known, site):
    site.faults[EAST] = GONE
    known.run_at()
    del site.faults[EAST]
    known.run_at()
    site.faults[EAST] = GONE
    known.run_at()

    assert known.told() == []


def test_a_night_without_an_answer_between_two_without_the_page_proves_nothing(known, site):
    site.faults[EAST] = GONE
    known.run_at()
    site.faults[EAST] = BUSY
    known.run_at()
    assert known.told() == []
    site.faults[EAST] = GONE
    known.run_at()

    assert ("organisation-removed", None) in known.told()


def test_an_organisation_that_was_told_as_gone_is_told_when_it_is_back(known, site):
    site.faults[EAST] = GONE
    site.unlisted.add(EAST)
    known.run_at()
    known.run_at()
    site.faults.clear()
    site.unlisted.clear()
    known.run_at()

    kinds = [kind for kind, _ in known.told()]
    assert kinds.count("organisation-added") == 1
    assert known.status()["pages"] == 3


def test_a_link_to_a_page_that_never_was_does_no_harm(known, site):
    site.more_links.append("/organisations/nowhere")
    reports = [known.run_at() for _ in range(3)]

    assert [(report.failed, report.gone) for report in reports] == [({}, 1)] * 3
    assert known.told() == []
    assert "nowhere" not in {row[0] for row in known.everything()["beliefs"]}


def test_a_page_that_redirects_to_another_organisations_page_is_gone_and_not_a_copy_of_it(known, site):
    renamed = replace(EASTMERE, organisation="NHS Westmere ICB")
    site.pages["nhs_westmere_icb"] = renamed
    site.unlisted.add(EAST)
    site.faults[EAST] = redirect("/organisations/nhs_westmere_icb", "301 Moved Permanently")
    report = known.run_at()

    assert (report.gone, report.failed) == (1, {})
    assert known.told() == [("organisation-renamed", None)], "the agreement went with its page"
    assert ("organisation-renamed", None) in known.told("--reference", TIDES.reference)


def test_a_page_that_redirects_to_the_index_has_failed(known, site, server):
    site.faults[EAST] = redirect("/")
    report = known.run_at()

    assert report.failed == {EAST: f"redirects to {server.index}, which is no page that is known"}
    assert known.told() == []


def test_a_page_that_redirects_to_another_spelling_of_itself_is_read(known, site):
    site.faults[EAST] = redirect(f"/organisations/{EAST}/")
    site.faults[f"{EAST}/"] = answer(EASTMERE.html())
    report = known.run_at()

    assert (report.failed, report.gone, report.outcome.changed) == ({}, 0, 0)


# --- conditional requests: "unchanged" means equal to the last snapshot that was understood and committed -------------


def test_the_second_night_asks_with_the_servers_own_validators_and_gets_no_page(known, server, site):
    before = known.history()
    report = known.run_at()

    sent = {one.slug: one.headers["if-none-match"] for one in server.asked if one.is_conditional}
    assert sent == {slug: site.etag(site.body(slug)) for slug in REGISTER}
    assert server.statuses() == dict.fromkeys(REGISTER, 304)
    assert (report.outcome.pages, report.outcome.changed) == (3, 0)
    assert known.counts()["captures"] == 3
    assert len(known.history()["runs"]) == len(before["runs"]) + 1
    assert known.history()["versions"] == before["versions"]


def test_the_index_and_robots_txt_are_always_fetched_whole(known, server):
    known.run_at()

    assert [one.path for one in server.asked if not one.is_conditional] == ["/robots.txt", "/"]


def test_last_modified_is_sent_back_as_it_was_said(known, site, server):
    said = "Mon, 01 Jun 2026 00:00:00 GMT"
    site.validates = False
    site.faults[EAST] = answer(EASTMERE.html(), last_modified=said)
    known.run_at()
    server.forget()
    known.run_at()

    (asked,) = [one for one in server.asked if one.slug == EAST]
    assert asked.headers["if-modified-since"] == said


def test_equal_bytes_with_200_are_unchanged(known, site):
    site.validates = False
    report = known.run_at()

    assert (report.outcome.pages, report.outcome.changed) == (3, 0)
    assert known.counts()["captures"] == 3
    assert known.told() == []


def test_a_new_etag_with_equal_bytes_is_learned(known, site, server):
    site.etag_salt = "another machine"
    known.run_at()
    assert set(server.statuses().values()) == {200}
    known.run_at()

    assert server.statuses() == dict.fromkeys(REGISTER, 304)


def test_what_changed_is_told_once(known, site):
    site.pages[HARROW] = EXTENDED
    known.run_at()
    known.run_at()

    assert known.told() == [("dsa-extended", HARROWDALE.projects[0].reference)]


def test_a_page_that_was_not_understood_is_fetched_whole_the_next_night(known, site, server):
    site.pages[HARROW] = MAINTENANCE
    report = known.run_at()
    assert list(report.failed) == [HARROW]
    server.forget()
    known.run_at()

    assert server.statuses() == {HARROW: 200, WEX: 304, EAST: 304}


def test_a_maintenance_page_with_an_etag_never_hides_the_page(known, site):
    # The news came before the notice; the notice has status 200 and an ETag of its own, for three nights.
    site.pages[HARROW] = MAINTENANCE
    for _ in range(3):
        assert list(known.run_at().failed) == [HARROW]
    site.pages[HARROW] = EXTENDED
    report = known.run_at()

    assert (report.failed, report.outcome.changed) == ({}, 1)
    assert known.told() == [("dsa-extended", HARROWDALE.projects[0].reference)]


def test_a_server_that_keeps_the_etag_while_its_page_is_broken_and_mended_does_not_hide_it(known, site, server):
    """All versions of the page under one ETag that is not ours any more: the answer must be whole."""
    etag = '"the-same-for-ever"'
    site.faults[HARROW] = answer(MAINTENANCE, etag=etag)
    known.run_at()
    site.faults[HARROW] = answer(EXTENDED.html(), etag=etag)
    server.forget()
    known.run_at()

    (asked,) = [one for one in server.asked if one.slug == HARROW]
    assert not asked.is_conditional
    assert known.told() == [("dsa-extended", HARROWDALE.projects[0].reference)]


def test_a_page_that_is_back_to_what_it_was_before_it_broke_is_validated_again(known, site, server):
    site.pages[HARROW] = MAINTENANCE
    known.run_at()
    site.pages[HARROW] = HARROWDALE
    known.run_at()
    server.forget()
    report = known.run_at()

    assert server.statuses() == dict.fromkeys(REGISTER, 304)
    assert (report.failed, report.outcome.changed, known.told()) == ({}, 0, [])


def test_the_pages_of_a_held_run_are_fetched_whole_the_next_night(tmp_path, server):
    server.site.pages = dict(BIG)
    nights = Nights(tmp_path, server)
    nights.run_at()
    broken = {slug: replace(page, projects=many(4, first=5000 + 10 * n)) for n, (slug, page) in enumerate(BIG.items())}
    server.site.pages = broken
    assert nights.run_at().outcome.decision.held
    server.forget()
    assert nights.run_at().outcome.decision.held

    assert set(server.statuses().values()) == {200}


def test_a_304_that_was_not_asked_for_is_no_page(nights, site):
    site.faults[HARROW] = answer(status="304 Not Modified", etag='"x"')
    report = nights.run_at()

    assert list(report.failed) == [HARROW]
    assert "304" in report.failed[HARROW]


# --- one failing page -------------------------------------------------------------------------------------------------

FAULTS = {
    "busy": BUSY,
    "internal error": answer(b"<h1>Oops</h1>", status="500 Internal Server Error"),
    "forbidden": answer(status="403 Forbidden"),
    "reset": reset(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "hang up": hang_up(),
    "truncated": hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<html>half a pa"),
    "cut before the end": answer(WEXCOMBE.html().partition(b"</body>")[0]),
    "broken gzip": answer(packed(WEXCOMBE.html()).partition(b"\r\n\r\n")[2][:-12], content_encoding="gzip"),
    "maintenance": answer(MAINTENANCE, etag='"m"'),
    "empty": answer(b""),
    "another page of the site": answer(b"<html><body><h1>About us</h1><p>We are nice.</p></body></html>"),
    "redirect loop": redirect(f"/organisations/{WEX}"),
    "redirect off the register": redirect("https://elsewhere.example/organisations/x"),
    "redirect to a private address": redirect("http://169.254.169.254/latest/meta-data/"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_one_failing_page_is_named_stops_nothing_and_heals_the_next_night(known, site, fault):
    site.faults[WEX] = fault
    site.pages[HARROW] = EXTENDED
    site.pages[WEX] = with_project(WEXCOMBE, end="2030-01-01")
    report = known.run_at()
    assert list(report.failed) == [WEX]
    assert known.told() == [("dsa-extended", HARROWDALE.projects[0].reference)]
    assert (known.status()["last_run"]["state"], known.status()["last_run"]["pages_failed"]) == ("committed", 1)
    site.faults.clear()
    report = known.run_at()

    assert report.failed == {}
    assert sorted(known.told()) == [
        ("dsa-extended", HARROWDALE.projects[0].reference),
        ("dsa-extended", FALLS.reference),
    ]


def test_a_page_that_failed_says_why_and_the_command_exits_3(nights, site):
    nights.quiet_night()
    site.faults[WEX] = BUSY
    result = nights.night()

    assert result.exit_code == 3
    assert f"{WEX}: answered 503 Service Unavailable" in result.stderr
    assert "answered 503 Service Unavailable" in result.stdout
    assert "1 page could not be read. Nothing is lost; the next run asks again." in result.stdout


def test_a_page_that_fails_at_its_first_sight_is_a_baseline_when_it_is_read(nights, site):
    site.faults[EAST] = BUSY
    nights.run_at()
    site.faults.clear()
    nights.run_at()

    assert nights.told() == []
    assert nights.status()["pages"] == 3


def test_a_page_that_failed_and_left_the_index_is_still_asked_for(nights, site, server):
    site.faults[EAST] = BUSY
    nights.run_at()
    site.unlisted.add(EAST)
    server.forget()
    nights.run_at()

    assert EAST in server.pages_asked()


# --- end tags ---------------------------------------------------------------------------------------------------------


def minified(page):
    """Return a page without the end tags that HTML lets a generator leave out."""
    return page.html().replace(b"\n</body></html>\n", b"")


MINIFIED = {slug: minified(page) for slug, page in BIG.items()}


def test_a_register_that_never_prints_end_tags_is_read_from_its_first_night_on(nights, site):
    site.pages = dict(MINIFIED)
    assert nights.run_at().failed == {}
    edited = "nhs_board_03"
    site.pages[edited] = minified(with_project(BIG[edited], end="2031-01-01"))

    assert nights.run_at().failed == {}
    assert nights.told() == [("dsa-extended", BIG[edited].projects[0].reference)]


@pytest.mark.parametrize("minified_pages", [6, 7, 12])
def test_a_site_that_leaves_the_end_tags_out_from_one_night_to_the_next_is_no_news(nights, site, minified_pages):
    site.pages = dict(BIG)
    nights.run_at()
    site.pages |= dict(list(MINIFIED.items())[:minified_pages])
    report = nights.run_at()

    assert (report.failed, report.outcome.decision.held, nights.told()) == ({}, None, [])
    assert report.outcome.changed == minified_pages
    assert nights.run("reparse").exit_code == 0
    assert (nights.status()["last_run"]["pages_failed"], nights.told()) == (0, [])


def test_a_page_that_loses_its_end_tags_alone_is_fetched_whole_until_its_third_equal_sighting(known, site, server):
    site.pages[HARROW] = minified(EXTENDED)
    for _ in range(2):
        server.forget()
        report = known.run_at()
        assert report.failed == {HARROW: "the page stops before </html>, which its last snapshot had"}
        assert server.statuses()[HARROW] == 200
    assert known.told() == []
    assert known.run_at().failed == {}
    told = known.changes("--all")
    assert [change["kind"] for change in told] == ["dsa-extended"]
    server.forget()
    known.run_at()

    assert server.statuses()[HARROW] == 304
    assert known.run("reparse").exit_code == 0
    assert known.changes("--all") == told


def test_a_proxy_that_cuts_every_page_holds_the_run_night_after_night_and_is_told_by_nobody(nights, site):
    site.pages = dict(BIG)
    nights.run_at()
    site.faults = {slug: answer(page.html()[: len(page.html()) * 4 // 5]) for slug, page in BIG.items()}
    for _ in range(4):
        assert nights.run_at().outcome.decision.held == "12 of the 12 pages asked for could not be read"
    site.faults = {}

    assert nights.run_at().failed == {}
    assert nights.told() == []


# --- many pages that fail ---------------------------------------------------------------------------------------------


def many_pages(count):
    return {f"page_{n:02d}": Page(f"Board {n}", many(1, first=n)) for n in range(count)}


def test_a_site_that_gives_no_answer_ten_times_in_a_row_is_left_alone(nights, site, server):
    site.pages = many_pages(30)
    nights.run_at()
    site.faults = dict.fromkeys(list(site.pages)[5:], BUSY)
    server.forget()
    report = nights.run_at()

    assert len(server.pages_asked()) == 15
    assert len(report.failed) == 25
    assert list(report.failed.values()).count("not asked: the site gave no answer 10 times in a row") == 15
    assert report.outcome.decision.held
    site.faults.clear()
    assert nights.run_at().failed == {}
    assert nights.told() == []


def test_pages_that_answer_between_those_that_do_not_are_all_asked(nights, site, server):
    site.pages = many_pages(30)
    nights.run_at()
    site.faults = dict.fromkeys([slug for n, slug in enumerate(site.pages) if n % 10], BUSY)
    server.forget()
    nights.run_at()

    assert len(server.pages_asked()) == 30


def test_ten_pages_that_fail_for_good_do_not_hide_those_behind_them(nights, site):
    site.pages = many_pages(30)
    nights.run_at()
    site.faults = dict.fromkeys(list(site.pages)[:10], BUSY)
    site.pages["page_29"] = with_project(site.pages["page_29"], end="2031-01-01")
    for _ in range(3):
        nights.run_at()

    assert [kind for kind, _ in nights.told()] == ["dsa-extended"]


# --- held runs --------------------------------------------------------------------------------------------------------


@pytest.fixture
def big(tmp_path, server):
    """A register of 48 agreements on 12 pages, read once."""
    server.site.pages = dict(BIG)
    nights = Nights(tmp_path, server)
    nights.quiet_night()
    server.forget()
    return nights


def test_half_of_the_pages_failing_is_a_held_run_that_tells_nobody(big, site):
    site.pages["nhs_board_11"] = with_project(BIG["nhs_board_11"], end="2030-01-01")
    site.faults = dict.fromkeys(list(BIG)[:6], BUSY)
    result = big.night()

    assert result.exit_code == 3
    assert "This run is held: 6 of the 12 pages asked for could not be read. It is told to nobody." in " ".join(
        result.stdout.split()
    )
    assert big.told() == []
    assert [run["id"] for run in big.status()["held"]] == [2]
    assert big.run("status").exit_code == 3


def test_a_held_run_is_superseded_by_the_next_believable_one(big, site):
    site.pages["nhs_board_11"] = with_project(BIG["nhs_board_11"], end="2030-01-01")
    site.faults = dict.fromkeys(list(BIG)[:6], BUSY)
    big.night()
    site.faults.clear()
    big.quiet_night()

    assert big.told() == [("dsa-extended", BIG["nhs_board_11"].projects[0].reference)]
    assert (big.status()["held"], big.run("status").exit_code) == ([], 0)


def test_half_of_the_register_gone_is_a_held_run(big, site):
    for slug in list(BIG)[:6]:
        del site.pages[slug]
    for _ in range(3):
        result = big.night()
        assert result.exit_code == 3
        assert "24 of the 48 agreements on the pages asked for are gone" in " ".join(result.stdout.split())

    assert big.told() == []
    assert big.status()["pages"] == 12


def test_a_released_run_counts_and_the_next_night_goes_on_from_it(big, site):
    for slug in list(BIG)[:6]:
        del site.pages[slug]
    big.night()
    assert big.run("release", "2").exit_code == 0
    told = big.told()
    big.quiet_night()

    assert [kind for kind, _ in told].count("organisation-removed") == 6
    assert big.told() == told
    assert big.status()["pages"] == 6


def test_a_discarded_run_keeps_its_bodies_and_nothing_else(big, site):
    before = big.history()
    site.pages = {slug: replace(page, projects=page.projects[:1]) for slug, page in BIG.items()}
    big.night()
    assert big.run("discard", "2").exit_code == 0
    site.pages = dict(BIG)

    assert big.counts()["bodies"] == 24
    assert [state for state in big.history() if big.history()[state] != before[state]] == ["runs"]
    big.quiet_night()
    assert big.told() == []


# --- what bad input gets ----------------------------------------------------------------------------------------------


@pytest.fixture
def pinged():
    """A server that is told how runs ended: its paths are /well and /ill."""
    ok = {"/well": answer(b"ok"), "/ill": answer(b"ok"), "/secret-token-1/ill": answer(b"ok")}
    with RegisterServer(Site(faults=dict(ok))) as server:
        yield server


def pings(server):
    return {"ping_url": f"{server.url}/well", "ping_failure_url": f"{server.url}/ill"}


def paths(server):
    return [one.path for one in server.asked]


TROUBLES = {
    "the index is busy": ({"/": BUSY}, "answered 503 Service Unavailable"),
    "the index is not there": ({"/": answer(status="404 Not Found")}, "answered 404 Not Found"),
    "the index links to no organisation": (
        {"/": answer(b"<html><body><a href='/about'>About</a></body></html>")},
        "no link to an organisation's page (/organisations/<slug>) among 1 link",
    ),
    "the index is a maintenance page": ({"/": answer(MAINTENANCE)}, "no link to an organisation's page"),
    "robots.txt forbids": (
        {"/robots.txt": answer(b"User-agent: *\nDisallow: /\n", content_type="text/plain")},
        "robots.txt forbids it",
    ),
    "robots.txt forbids us by name": (
        {"/robots.txt": answer(b"User-agent: registerwatch\nDisallow: /\n", content_type="text/plain")},
        "robots.txt forbids it",
    ),
    "robots.txt cannot be read": (
        {"/robots.txt": BUSY},
        "what robots.txt allows is not known: answered 503 Service Unavailable",
    ),
}


@pytest.mark.parametrize(("faults", "says"), TROUBLES.values(), ids=TROUBLES)
def test_a_register_that_cannot_be_read_is_one_clear_line_and_exit_1(tmp_path, server, pinged, faults, says):
    nights = Nights(tmp_path, server, schedule=pings(pinged))
    nights.quiet_night()
    before = nights.everything()
    server.site.faults = faults
    server.forget()
    result = nights.night()
    (line,) = result.stderr.splitlines()

    assert (result.exit_code, result.stdout) == (1, "")
    assert says in line
    assert server.pages_asked() == []
    assert nights.everything() | {"attempts": []} == before
    assert says in nights.status()["attempts"]["reason"]
    assert paths(pinged) == ["/well", "/ill"]
    server.site.faults = {}
    nights.quiet_night()
    assert nights.status()["attempts"] is None


def test_robots_txt_that_forbids_one_page_fails_that_page_without_asking_for_it(known, site, server):
    site.robots = f"User-agent: *\nDisallow: /organisations/{EAST}\n".encode()
    report = known.run_at()

    assert report.failed == {EAST: "robots.txt forbids it"}
    assert EAST not in server.pages_asked()


def test_no_robots_txt_is_no_rule(nights, site):
    site.faults["/robots.txt"] = answer(status="404 Not Found")

    assert nights.run_at().failed == {}


def test_a_run_without_a_contact_asks_for_nothing(tmp_path, server, pinged):
    nights = Nights(tmp_path, server, fetch={"contact": None}, schedule=pings(pinged))
    result = nights.night()
    (line,) = result.stderr.splitlines()

    assert (result.exit_code, result.stdout) == (2, "")
    assert "no contact" in line
    assert "REGISTERWATCH_FETCH__CONTACT" in line
    assert (server.asked, paths(pinged)) == ([], ["/ill"])
    assert not nights.database.exists()


def test_a_host_that_does_not_resolve_is_said(tmp_path, server, pinged, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    nights = Nights(tmp_path, server, register={"index": "http://register.invalid/"}, schedule=pings(pinged))
    result = nights.night()
    (line,) = result.stderr.splitlines()

    assert (result.exit_code, result.stdout) == (1, "")
    assert "register.invalid does not resolve" in line
    assert paths(pinged) == ["/ill"]


def test_a_server_that_is_not_there_is_said(tmp_path, server):
    with held_port() as port:
        result = Nights(tmp_path, server, register={"index": f"http://127.0.0.1:{port}/"}).night()
    (line,) = result.stderr.splitlines()

    assert result.exit_code == 1
    assert "refused" in line


AS_ONE_WHOM_PERMISSIONS_CONCERN = """
import ctypes
for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP
import os, sys
if "second" not in os.environ:
    os.execve(sys.executable, [sys.executable, "-c", "from cron.cli import main; main()", *sys.argv[1:]],
              {**os.environ, "second": "1"})
"""
"""Root may write everywhere, unless it gives up these two rights; for others this changes nothing."""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_database_that_may_not_be_written_is_said_and_pinged(tmp_path, server, pinged, what):
    nights = Nights(tmp_path / "data", server, schedule=pings(pinged))
    nights.quiet_night()
    before = nights.database.read_bytes()
    server.site.pages[HARROW] = EXTENDED
    nights.database.chmod(0o444 if what == "file" else 0o644)
    nights.folder.chmod(0o555 if what == "folder" else 0o755)
    process = nights.process("run", before=AS_ONE_WHOM_PERMISSIONS_CONCERN)
    stdout, stderr = process.communicate(timeout=60)
    nights.folder.chmod(0o755)
    nights.database.chmod(0o644)
    (line,) = stderr.splitlines()

    assert (process.returncode, stdout) == (1, "")
    assert str(nights.database) in line
    assert "writable" in line
    assert nights.database.read_bytes() == before
    assert paths(pinged) == ["/well", "/ill"]
    nights.quiet_night()
    assert nights.told() == [("dsa-extended", HARROWDALE.projects[0].reference)]


def big_pages(n_pages=12):
    """Return pages of some 100 KB each that do not pack well."""
    random = Random(4)
    prose = "\n".join(f"{random.getrandbits(600):x}" for _ in range(600))
    return {
        f"nhs_board_{n:02d}": Page(f"NHS Board {n}", many(1, first=n, objectives=f"{n} {prose[n * 50 :]}"))
        for n in range(n_pages)
    }


FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))"


def test_a_disk_that_fills_up_is_said_and_nothing_is_lost(tmp_path, server, pinged):
    """A limit on the size of files stands in for the disk: a write fails in the middle of the run."""
    nights = Nights(tmp_path, server, schedule=pings(pinged))
    nights.quiet_night()
    history = nights.history()
    server.site.pages |= big_pages()
    process = nights.process("run", before=FULL_DISK)
    stdout, stderr = process.communicate(timeout=60)
    (line,) = stderr.splitlines()

    assert (process.returncode, stdout) == (1, "")
    assert str(nights.database) in line
    assert nights.history() == history
    assert paths(pinged) == ["/well", "/ill"]
    nights.night()
    assert nights.status()["pages"] == 15


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root may make a small disk")
def test_a_disk_that_is_full_is_said_and_nothing_is_lost(tmp_path, server, pinged):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        nights = Nights(tmp_path, server, schedule=pings(pinged), store={"database": str(disk / "watch.db")})
        nights.database = disk / "watch.db"
        nights.quiet_night()
        history = nights.history()
        server.site.pages |= big_pages()
        result = nights.night()
        (line,) = result.stderr.splitlines()

        assert (result.exit_code, result.stdout) == (1, "")
        assert "the disk is full; make room and try again" in line
        assert nights.history() == history
        assert paths(pinged) == ["/well", "/ill"]
        subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
        nights.night()
        assert nights.status()["pages"] == 15
    finally:
        subprocess.run(["umount", disk], check=True)


# --- one run at a time ------------------------------------------------------------------------------------------------


def test_a_second_run_at_the_same_time_does_nothing_and_says_so(nights, server):
    with only_run(nights.database):
        result = nights.night()
    (line,) = result.stderr.splitlines()

    assert (result.exit_code, result.stdout, server.asked) == (1, "", [])
    assert "another run is under way; this one does nothing" in line
    nights.quiet_night()


def test_a_second_run_is_pinged_as_a_failure_and_noted_as_none(tmp_path, server, pinged):
    nights = Nights(tmp_path, server, schedule=pings(pinged))
    nights.night()
    with only_run(nights.database):
        nights.night()

    assert paths(pinged) == ["/well", "/ill"]
    assert nights.status()["attempts"] is None


def test_the_lock_of_a_run_that_was_killed_is_free(tmp_path, server):
    nights = Nights(tmp_path, server)
    code = (
        "from pathlib import Path; from cron.work.context import only_run; import os, signal, sys\n"
        "with only_run(Path(sys.argv[1])):\n    print('locked', flush=True); os.kill(os.getpid(), signal.SIGSTOP)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, nights.database], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    with pytest.raises(AlreadyRunningError), only_run(nights.database):
        pass
    holder.kill()
    holder.communicate(timeout=60)

    with only_run(nights.database):
        pass


# --- killed at any instant --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tonight(tmp_path_factory):
    return undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("seed", range(10))
def test_a_run_killed_at_any_instant_leaves_bodies_at_most_and_the_next_one_completes(tmp_path, tonight, seed):
    played = play_killed(tmp_path, tonight, seed)

    assert (played.wrong, played.story == tonight.story) == ([], True), played


# --- options ----------------------------------------------------------------------------------------------------------


def test_only_asks_for_that_page_and_proves_nothing_of_the_others(known, site, server):
    site.pages[HARROW] = EXTENDED
    site.faults[EAST] = GONE
    report = known.run_at(only=[HARROW])

    assert server.pages_asked() == [HARROW]
    assert (report.asked, report.gone) == (1, 0)
    assert known.told() == [("dsa-extended", HARROWDALE.projects[0].reference)]
    assert known.status()["last_run"]["complete"] is False
    assert known.status()["pages"] == 3


def test_only_of_an_unknown_page_names_the_nearest(known):
    with pytest.raises(RunFailedError, match=f"no page is called 'wexcombe_council'; the nearest is {WEX}"):
        known.run_at(only=["wexcombe_council"])


def test_only_of_one_failing_page_is_that_pages_failure_and_no_held_run(known, site):
    site.faults[EAST] = BUSY
    report = known.run_at(only=[EAST])

    assert (list(report.failed), report.outcome.decision.held) == ([EAST], None)


def test_limit_asks_for_no_more_pages_and_proves_nothing_of_the_others(known, server):
    known.run_at(limit=2)

    assert len(server.pages_asked()) == 2
    assert known.status()["last_run"]["complete"] is False


def test_a_dry_run_says_what_it_found_and_keeps_nothing(nights, site):
    nights.quiet_night()
    before = nights.everything()
    site.pages[HARROW] = EXTENDED
    site.pages["nhs_northam_icb"] = NORTHAM
    site.faults[EAST] = BUSY
    result = nights.night("--dry-run")

    assert result.exit_code == 3
    assert "Run, not kept" in result.stdout
    assert nights.everything() == before
    kinds = ("dsa-extended", "organisation-added", "agreement-added")
    assert all(ChangeKind(kind).row.heading in result.stdout for kind in kinds), result.stdout
    assert nights.night().exit_code == 3
    assert {kind for kind, _ in nights.told()} == set(kinds)


def test_a_dry_run_is_no_sign_of_life(tmp_path, server, pinged):
    nights = Nights(tmp_path, server, schedule=pings(pinged))
    nights.night("--dry-run")

    assert paths(pinged) == []


def test_a_run_that_is_told_to_stop_leaves_bodies_at_most(known, site, server):
    before = known.history()
    site.pages = {slug: with_project(page, end="2031-01-01") for slug, page in REGISTER.items()}
    with pytest.raises(RunStoppedError):
        known.run_at(stopped=lambda: len(server.pages_asked()) >= 2)

    assert known.history() == before
    assert len(server.pages_asked()) == 2
    assert known.counts()["bodies"] == 3 + 2, "what arrived is kept before anybody knows what it means"
    known.run_at()
    assert [kind for kind, _ in known.told()] == ["dsa-extended"] * 3


def test_two_runs_in_one_second_are_two_runs(known, site):
    site.pages[HARROW] = EXTENDED
    known.run_at(FIRST_NIGHT)
    site.pages[HARROW] = HARROWDALE
    known.run_at(FIRST_NIGHT)

    assert [run["captured_at"][-3:] for run in known.history()["runs"]] == ["00Z", "01Z", "02Z"]


@pytest.mark.parametrize("days", [-400, -2, 400])
def test_a_clock_that_is_wrong_for_one_night_loses_nothing_tells_nothing_wrong_and_is_said(known, site, days, caplog):
    known.run_at()
    site.pages[HARROW] = EXTENDED
    known.run_at(FIRST_NIGHT + timedelta(days=days))
    site.pages[WEX] = with_project(WEXCOMBE, end="2030-01-01")
    known.run_at(FIRST_NIGHT + timedelta(days=2))
    known.run_at(FIRST_NIGHT + timedelta(days=3))
    told = known.told()

    assert sorted(told) == [
        ("dsa-extended", HARROWDALE.projects[0].reference),
        ("dsa-extended", FALLS.reference),
    ]
    assert "is it right?" in caplog.text
    assert known.run("reparse").exit_code == 0
    assert known.told() == told


# --- beside imports and reparse ---------------------------------------------------------------------------------------


def test_a_run_after_an_import_continues_its_history(nights, tmp_path, site):
    saved = {f"{slug}.html": page.html() for slug, page in REGISTER.items()}
    assert nights.take(write_edition(tmp_path / "saved", saved), "2026-05-01").exit_code == 0
    site.pages[HARROW] = EXTENDED
    report = nights.run_at()

    assert (report.outcome.pages, report.outcome.changed) == (3, 1)
    assert nights.told() == [("dsa-extended", HARROWDALE.projects[0].reference)]
    assert nights.counts()["pages"] == 3


def test_a_page_whose_file_count_falls_after_an_import_is_no_stale_copy(nights, tmp_path, site):
    """A saved file has no address: what the site itself says later cannot be an older copy of it."""
    saved = {f"{slug}.html": page.html() for slug, page in REGISTER.items()}
    nights.take(write_edition(tmp_path / "saved", saved), "2026-05-01")
    site.pages[HARROW] = replace(EXTENDED, files=3)
    nights.run_at()
    nights.run_at()

    assert nights.told() == [("dsa-extended", HARROWDALE.projects[0].reference)]


def test_the_charset_that_the_server_declared_is_kept_for_the_next_reading(nights, site):
    named = replace(HARROWDALE, organisation="Universität Žatec")
    site.pages[HARROW] = named.html().decode().encode("iso-8859-15", "xmlcharrefreplace")
    site.content_type = "text/html; charset=iso-8859-15"
    nights.run_at()
    before = nights.history()
    with closing(open_store(nights.database)) as store, store.writing():
        store.db.execute("update readings set rules = 'older'")
    assert nights.run("reparse").exit_code == 0

    assert nights.history() == before
    assert "Universität Žatec" in {row["organisation"] for row in nights.history()["pages"]}


def test_reparse_finds_what_the_nights_found(big, site, server):
    """Failures, gone pages, 304s, a maintenance page, a held run, a part of the register: all in the run log."""
    nights = [
        lambda: site.faults.update(nhs_board_00=BUSY, nhs_board_01=GONE),
        lambda: site.pages.update(nhs_board_02=with_project(BIG["nhs_board_02"], end="2031-01-01")),
        lambda: site.pages.update(nhs_board_03=MAINTENANCE),
        lambda: site.faults.update(dict.fromkeys(list(BIG)[:7], BUSY)),
        lambda: site.faults.clear(),
        lambda: site.pages.update(nhs_board_03=with_project(BIG["nhs_board_03"], sublicensing="Yes")),
        lambda: site.pages.pop("nhs_board_04"),
        lambda: site.pages.update(nhs_northam_icb=NORTHAM),
        lambda: site.pages.update({slug: replace(BIG[slug], files=40) for slug in list(BIG)[5:9]}),
    ]
    for change in nights:
        change()
        assert big.night().exit_code in (0, 3)
    assert big.run("run", "--only", "nhs_board_05").exit_code == 0
    history, ids = big.history(), [change["id"] for change in big.changes("--all")]
    assert big.run("reparse").exit_code == 0

    assert [change["id"] for change in big.changes("--all")] == ids
    assert len(ids) >= 6
    again = big.history()
    assert {table: again[table] == rows for table, rows in history.items()} == dict.fromkeys(history, True)


# --- what status knows ------------------------------------------------------------------------------------------------


def nights_until_now(nights, *faults):
    """Run a night for each of *faults*, the last one now."""
    now = datetime.now(UTC)
    nights.server.site.pages |= BIG  # one of few pages would be a tenth of them, which needs a person at once
    for number, fault in enumerate(faults):
        nights.server.site.faults = fault
        nights.run_at(now - timedelta(days=len(faults) - 1 - number))


def test_one_bad_night_does_not_need_a_person(nights):
    nights_until_now(nights, {}, {EAST: BUSY})
    result = nights.run("status")

    assert result.exit_code == 0, result.output
    assert "1 failing" in result.stdout


def test_three_bad_nights_need_a_person(nights):
    nights_until_now(nights, {}, {EAST: BUSY}, {EAST: answer(MAINTENANCE)}, {EAST: BUSY})
    result = nights.run("status")

    assert result.exit_code == 3
    assert f"{EAST} has not been read for 3 runs" in result.stdout
    assert f"registerwatch -v run --only {EAST}" in " ".join(result.stdout.split())


def test_bad_nights_with_a_good_one_between_do_not(nights):
    nights_until_now(nights, {EAST: BUSY}, {EAST: BUSY}, {}, {EAST: BUSY})

    assert nights.run("status").exit_code == 0


def test_three_runs_in_a_row_that_could_not_begin_need_a_person(nights, site):
    nights.quiet_night()
    site.faults["/"] = BUSY
    exits = []
    for _ in range(3):
        assert nights.night().exit_code == 1
        exits.append(nights.run("status").exit_code)

    assert exits == [0, 0, 3]


def test_a_run_that_is_overdue_needs_a_person(nights):
    nights.run_at(datetime.now(UTC) - timedelta(days=3))
    result = nights.run("status")

    assert result.exit_code == 3
    assert "A run has been overdue since" in result.stdout


def test_a_run_of_last_night_is_not_overdue(nights):
    nights.run_at(datetime.now(UTC) - timedelta(hours=1))

    assert nights.run("status").exit_code == 0


# --- signs of life, and logs ------------------------------------------------------------------------------------------


def test_a_run_that_went_well_is_pinged_at_one_address_and_one_with_failures_at_the_other(tmp_path, server, pinged):
    nights = Nights(tmp_path, server, schedule=pings(pinged))
    nights.quiet_night()
    server.site.faults[EAST] = BUSY
    nights.night()

    assert paths(pinged) == ["/well", "/ill"]


@pytest.mark.parametrize(
    "fault",
    [BUSY, hang_up(), answer(status="404 Not Found")],
    ids=["busy", "no answer", "not there"],
)
def test_a_ping_that_fails_is_said_and_changes_nothing(tmp_path, server, pinged, fault):
    token = "s3cr3t-t0k3n"
    pinged.site.faults[f"/{token}"] = fault
    address = f"{pinged.url.replace('//', f'//user:{token}@')}/{token}?key={token}"
    pinged.site.faults[f"/{token}?key={token}"] = fault
    nights = Nights(tmp_path, server, schedule={"ping_url": address})
    process = nights.process("-v", "run")
    stdout, stderr = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "ping: 127.0.0.1" in stderr
    assert token not in stdout + stderr
    assert len(pinged.asked) == 1


def test_a_ping_sends_the_password_of_its_address_to_that_host_alone():
    with (
        Loopback({"/there": answer(b"well")}) as other,
        Loopback({"/ping": redirect(f"{other.url}/there")}) as own,
    ):
        ping(f"{own.url.replace('//', '//me:s3%40cret@')}/ping")

    (first,), (second,) = own.requests, other.requests
    assert first.headers["authorization"] == "Basic " + b64encode(b"me:s3@cret").decode()
    assert "authorization" not in second.headers


def test_a_ping_that_works_leaves_no_token_in_the_log_either(tmp_path, server, pinged):
    address = f"{pinged.url}/secret-token-1/ill"
    nights = Nights(tmp_path, server, schedule={"ping_failure_url": address}, log={"format": "json"})
    server.site.faults["/"] = BUSY
    result = nights.run("-v", "run")

    assert paths(pinged) == ["/secret-token-1/ill"]
    assert "secret-token" not in result.output


def test_log_lines_in_json_can_be_read_by_programs(tmp_path, server):
    nights = Nights(tmp_path, server, log={"format": "json"})
    server.site.faults[EAST] = BUSY
    result = nights.night()
    lines = [json.loads(line) for line in result.stderr.splitlines()]

    assert result.exit_code == 3
    assert {"at", "level", "logger", "message"} <= lines[0].keys()
    assert f"{EAST}: answered 503 Service Unavailable" in [line["message"] for line in lines]


def test_pages_are_log_lines_where_nobody_watches(nights):
    result = nights.run("-v", "run")
    said = [line.split(" INFO ")[1] for line in result.stderr.splitlines() if " INFO " in line]

    assert said == [f"{n} of 3: {slug}" for n, slug in enumerate(REGISTER, 1)]
    assert nights.night().stderr == ""
