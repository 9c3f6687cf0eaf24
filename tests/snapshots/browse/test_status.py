"""The page for the operator, the page of the feeds, and what both leave out in public."""

import contextlib
import sqlite3
from datetime import datetime, timedelta

import pytest

from cron.terminal.status import render_status
from snapshots.browse.app.request import SiteSettings
from tests.harness.browse_server import copy_of, running, serving
from tests.harness.editions import REGISTER, Watch


def changed(register, tmp_path, *statements):
    database = copy_of(register, tmp_path)
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        for sql in statements:
            db.execute(sql)
    return database


def shown(database, address="/status", **settings):
    with serving(database, **settings) as served:
        return served.page(address)


HELD = "update runs set state = 'held' where id = 5"
FAILING = "insert into refusals (run, page, reason) select 10, slug, 'empty <b>page</b>' from pages limit 1"
UNSENT = "update deliveries set subscription = 'the newsroom', state = 'attempted', attempts = 3, failure = 'refused'"


def test_a_quiet_register_needs_nobody(register, tmp_path):
    answer = shown(changed(register, tmp_path, "delete from deliveries"))

    assert answer.soup.select_one(".stand").get_text() == "Nothing needs a person."
    assert "10, import of Monday 15 May 2017, 03:00 UTC: finished" in answer.words
    assert "40 pages, 122 agreements" in answer.words


def test_it_says_what_the_terminal_says(register, tmp_path):
    from datetime import UTC, datetime

    from snapshots.asking.status import needs_a_person
    from snapshots.keeping.store import open_store

    database = changed(register, tmp_path, HELD, FAILING, UNSENT)
    with contextlib.closing(open_store(database, create=False)) as store:
        from scraper.names.vocabulary import default_vocabulary
        from snapshots.asking.answers import Answers

        facts = Answers(store.db, default_vocabulary()).runs.status(datetime.now(UTC)) | {"attempts": None}
    listed = [item.get_text() for item in shown(database).soup.select("[aria-labelledby=h-needs] li")]

    assert listed == needs_a_person(facts)
    assert len(listed) == 3
    assert all(need.split()[0] in render_status(facts, width=200, colour=False) for need in listed)


def test_failing_pages_have_their_reason_and_since_when(register, tmp_path):
    answer = shown(changed(register, tmp_path, FAILING))
    row = answer.soup.select_one("[aria-labelledby=h-failing] tbody tr")

    assert "empty <b>page</b>" in row.get_text()
    assert "15 May 2017" in row.get_text()
    assert not row.find("b")


def test_held_runs_lead_to_their_page(register, tmp_path):
    answer = shown(changed(register, tmp_path, HELD))

    assert answer.soup.select_one('[aria-labelledby=h-held] a[href="/runs/5"]')
    assert "registerwatch release 5" in answer.words


def test_what_was_not_delivered_is_for_this_machine_alone(register, tmp_path):
    database = changed(
        register,
        tmp_path,
        UNSENT,
        "insert into attempts values ('2016-07-20T03:00:00Z', 'no route')",
        "insert into feeds_failed values ('2016-07-20T03:00:00Z', '/srv/feeds: read-only file system')",
    )
    here, public = shown(database), shown(database, public=True)

    assert "the newsroom" in here.words
    assert "no route" in here.words
    assert (
        "The feeds have not been written since Wednesday 20 July 2016, 03:00 UTC: /srv/feeds: read-only" in here.words
    )
    for words in ("the newsroom", "Undelivered", "no route", "refused", "/srv/feeds"):
        assert words not in public.words


def test_the_head_of_the_chain_is_there_to_be_kept(register, tmp_path):
    answer = shown(register)
    with contextlib.closing(sqlite3.connect(register)) as db:
        ((number, hash_),) = db.execute("select number, hash from manifests order by number desc limit 1").fetchall()

    part = answer.soup.select_one("[aria-labelledby=h-chain]").get_text()
    assert hash_ in part.replace(" ", "")
    assert str(number) in part


def test_when_the_next_run_is_due_stands_there_by_the_settings(register, tmp_path):
    database = changed(register, tmp_path, "update runs set kind = 'run'")
    seen = []

    def due(last, now):
        seen.append((last, now))
        return {"next_due": "2016-07-20T02:17:00Z", "overdue": "2016-07-20T02:17:00Z"}

    answer = shown(database, due=due)
    assert "due Wednesday 20 July 2016, 02:17 UTC" in answer.words
    assert "A run has been overdue since Wednesday 20 July 2016, 02:17 UTC." in answer.words
    last, now = seen[0]
    assert now - last > timedelta(days=1)


def test_while_a_run_is_overdue_every_page_says_so_in_one_line_with_the_day_of_the_last(register, tmp_path):
    database = changed(register, tmp_path, "update runs set kind = 'run'")
    late = {"next_due": "2026-07-20T02:17:00Z", "overdue": "2026-07-20T02:17:00Z"}
    with serving(database, due=lambda _last, _now: late) as served:
        lines = [served.page(address).soup.select("p.overdue") for address in ("/", "/organisations", "/status")]
        tables = served.page("/register").words
    said = "The register was last read here on Monday 15 May 2017. A run has been overdue since Monday 20 July 2026"

    for (line,) in lines:
        assert line.get_text().startswith(said)
        assert line.a["href"] == "/status"
    assert said in tables


def test_while_no_run_is_overdue_no_page_speaks_of_it(register):
    with serving(register) as served:
        assert "overdue" not in served.page("/").words
        assert "overdue" not in served.page("/register").words


@pytest.mark.parametrize(("now", "so_far"), [("2017-05-28", "so far in May 2017"), ("2017-06-01", "in May 2017")])
def test_a_month_that_is_over_has_no_so_far(register, now, so_far):
    with serving(register, clock=lambda: datetime.fromisoformat(f"{now}T12:00:00+00:00")) as served:
        lead = served.page("/").soup.select_one(".stand").get_text()

    assert so_far in lead
    assert ("so far" in lead) == ("so far" in so_far)


def test_the_command_knows_when_a_run_is_due(register, tmp_path):
    database = changed(register, tmp_path, "update runs set kind = 'run'")
    with running(database) as served:
        assert "A run has been overdue since Tuesday 16 May 2017" in served.page("/status").words


def test_an_empty_history_has_a_status(tmp_path):
    watch = Watch(tmp_path)
    watch.take(REGISTER, "2026-01-01")
    with contextlib.closing(sqlite3.connect(watch.database)) as db, db:
        db.execute("pragma foreign_keys = off")
        for table in ("runs", "changes", "snapshots", "pages", "manifests", "agreements", "agreement_versions"):
            db.execute(f"delete from {table}")
    with serving(watch.database) as served:
        for address in ("/status", "/runs"):
            assert "Nothing has been read yet." in served.page(address).words


# --- feeds ------------------------------------------------------------------------------------------------------------


def test_feeds_and_calendars_are_listed_where_they_are_published(register):
    answer = shown(register, "/feeds", feeds_url="https://example.org/feeds/")
    links = {link["href"] for link in answer.soup.select("main a")}
    with contextlib.closing(sqlite3.connect(register)) as db:
        slugs = [slug for (slug,) in db.execute("select slug from pages where organisation is not null")]

    assert {f"https://example.org/feeds/everything.{form}" for form in ("atom", "rss", "json", "ics")} <= links
    for slug in slugs:
        assert {f"https://example.org/feeds/organisations/{slug}.{form}" for form in ("atom", "ics")} <= links
    assert answer.soup.select_one('.nav a[aria-current="page"]').get_text() == "Feeds"


def test_every_feed_that_is_listed_is_one_that_is_written(register, tmp_path):
    from click.testing import CliRunner

    from cron.cli import cli

    written = tmp_path / "feeds"
    assert CliRunner().invoke(cli, ["--db", str(register), "feeds", str(written)]).exit_code == 0
    links = [a["href"] for a in shown(register, "/feeds", feeds_url="https://example.org/feeds").soup.select("main a")]
    listed = {link.removeprefix("https://example.org/feeds/") for link in links if link.startswith("https://example")}
    files = {str(path.relative_to(written)) for path in written.rglob("*") if path.suffix in (".atom", ".rss", ".json")}

    assert {name for name in listed if not name.endswith(".ics")} == files
    calendars = {str(path.relative_to(written)) for path in written.rglob("*.ics")}
    assert not calendars or calendars <= {name for name in listed if name.endswith(".ics")}


def test_without_published_feeds_it_says_how_to_get_them(register):
    answer = shown(register, "/feeds")

    assert "registerwatch feeds DIRECTORY" in answer.words
    assert "base_url" in answer.words
    files = [a["href"] for a in answer.soup.select("a") if a["href"].endswith((".atom", ".rss", ".ics"))]
    assert all(file.startswith("/changes.") for file in files)


def test_a_site_needs_no_schedule(register):
    site = SiteSettings(database=register)

    assert site.due(None, None) == {}
