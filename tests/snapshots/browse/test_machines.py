"""What monitors are told: `/-/health`, `/-/metrics`, and `status` with the same facts. Never whom anything is for."""

import contextlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from cron.cli import cli
from scraper.names.vocabulary import default_vocabulary
from snapshots.asking import health
from snapshots.asking.answers import Answers
from snapshots.keeping.store import open_store
from tests.harness.browse_server import copy_of, register_database, serving

READER = "a secret reader"
LATE = "2016-07-20T02:17:00Z"
HELD = "update runs set state = 'held' where id = 5"
FAILING = "insert into refusals (run, page, reason) select 10, slug, 'from 10.0.0.1: no' from pages limit 1"
GIVEN_UP = (
    f"update deliveries set subscription = '{READER}', state = 'given up', attempts = 9, failure = 'smtp says no', "
    "given_up_at = '2016-07-29T03:00:00Z', message = 'one'"
)
WAITING = (
    f"update deliveries set subscription = '{READER}', state = 'due', due_at = '2017-05-20T02:00:00Z', message = 'one'"
)
QUIET = "delete from deliveries"
ATTEMPTS = "insert into attempts (at, reason) values ('2017-05-16T03:00:00Z', 'no route to 10.0.0.1')"
FEEDS = "insert into feeds_failed (at, reason) values ('2017-05-16T03:00:00Z', '/srv/feeds: read-only file system')"
NOW = datetime(2017, 5, 20, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    return register_database(tmp_path_factory.mktemp("browse"))


def changed(register, tmp_path, *statements):
    database = copy_of(register, tmp_path)
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        for sql in statements:
            db.execute(sql)
    return database


def asked(database, address="/-/health", **settings):
    with serving(database, clock=lambda: NOW, **settings) as served:
        return served.get(address)


def overdue(_last, _now):
    return {"next_due": LATE, "overdue": LATE}


def test_where_nobody_is_needed_the_answer_is_200(register, tmp_path):
    answer = asked(changed(register, tmp_path, QUIET))
    said = json.loads(answer.body)

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert (said["status"], said["reasons"]) == ("pass", [])
    assert (said["pages"], said["agreements"], said["runs"]) == (40, 122, {"committed": 9, "superseded": 1})
    assert (said["deliveries_due"], said["deliveries_oldest_s"]) == (0, None)


@pytest.mark.parametrize(
    ("statements", "settings", "reason", "said"),
    [
        ([QUIET], {"due": overdue}, "overdue", "A run has been overdue since Wednesday 20 July 2016, 02:17 UTC."),
        ([QUIET, HELD], {}, "held", "Run 5 is held."),
        ([QUIET, FAILING], {}, "failing", "1 page could not be read, since Monday 15 May 2017."),
        ([QUIET, *[ATTEMPTS] * 3], {}, "failing", "3 runs in a row have failed, since Tuesday 16 May 2017."),
        ([QUIET, FEEDS], {}, "feeds", "The feeds have not been written since Tuesday 16 May 2017, 03:00 UTC."),
        ([GIVEN_UP], {}, "undelivered", "1 message could not be delivered, due since Wednesday 29 June 2016."),
    ],
)
def test_the_reason_is_named_with_503(register, tmp_path, statements, settings, reason, said):
    answer = asked(changed(register, tmp_path, *statements), **settings)

    assert answer.status == 503
    assert json.loads(answer.body)["reasons"] == [{"reason": reason, "said": said}]


def test_a_disk_that_fills_up_is_a_reason(register):
    with contextlib.closing(open_store(register, create=False)) as store:
        state = Answers(store.db, default_vocabulary()).runs.status(NOW) | {"undelivered": []}
    said = health.health_of(state, 12_000_000, NOW)

    assert (said["status"], said["disk_free_bytes"]) == ("fail", 12_000_000)
    assert said["reasons"] == [
        {"reason": "disk", "said": "12.0 MB are left on the disk of the database, and 200.0 MB are needed."}
    ]


def test_a_message_that_waits_for_an_hour_is_counted_and_needs_nobody(register, tmp_path):
    said = json.loads(asked(changed(register, tmp_path, WAITING)).body)

    assert (said["status"], said["deliveries_due"], said["deliveries_oldest_s"]) == ("pass", 1, 3600.0)


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("address", ["/-/health", "/-/metrics"])
def test_neither_says_whom_anything_is_for_nor_what_a_server_said(register, tmp_path, address, public):
    database = changed(register, tmp_path, GIVEN_UP, HELD, FAILING, *[ATTEMPTS] * 3)
    body = asked(database, address, public=public).text

    for secret in (READER, "smtp says no", "10.0.0.1", str(database.parent)):
        assert secret not in body


def test_metrics_are_read_by_the_parser_of_prometheus(register, tmp_path):
    answer = asked(changed(register, tmp_path, GIVEN_UP, HELD), "/-/metrics", due=overdue)
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    values = {
        (sample.name.removeprefix("registerwatch_"), *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }

    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert all(family.documentation and family.type == "gauge" for family in families.values())
    assert (values["healthy",], values["trouble", "held"], values["trouble", "disk"]) == (0, 1, 0)
    assert (values["pages",], values["runs", "committed"], values["runs", "held"]) == (40, 9, 1)
    assert values["deliveries_given_up",] == 1
    assert values["next_run_timestamp_seconds",] == datetime(2016, 7, 20, 2, 17, tzinfo=UTC).timestamp()
    assert {("changes", severity) for severity in ("high", "medium", "low", "info")} <= values.keys()


def test_status_has_the_same_facts(register, tmp_path):
    database = changed(register, tmp_path, GIVEN_UP, HELD)
    served = json.loads(asked(database).body)
    program = CliRunner()
    told = json.loads(program.invoke(cli, ["--db", str(database), "status", "--format", "json"]).stdout)[0]["health"]
    varying = {"checked_at", "disk_free_bytes", "next_due", "overdue"}

    assert {name: value for name, value in told.items() if name not in varying} == {
        name: value for name, value in served.items() if name not in varying
    }
    text = program.invoke(cli, ["--db", str(database), "status", "--format", "prometheus"]).stdout
    assert next(family.name for family in text_string_to_metric_families(text)) == "registerwatch_healthy"


def test_what_was_written_since_is_there_at_the_next_question(register, tmp_path):
    database = changed(register, tmp_path, QUIET)
    with serving(database, clock=lambda: NOW) as served:
        before = served.get("/-/health").status
        with contextlib.closing(sqlite3.connect(database)) as db, db:
            db.execute(HELD)
        after = served.get("/-/health").status

    assert (before, after) == (200, 503)


def test_time_alone_makes_a_message_late(register, tmp_path):
    now, statuses = [NOW], []
    with serving(changed(register, tmp_path, WAITING), clock=lambda: now[-1]) as served:
        for later in (timedelta(0), timedelta(days=3)):
            now.append(NOW + later)
            statuses.append(served.get("/-/health").status)

    assert statuses == [200, 503]


def test_a_database_that_cannot_be_read_is_trouble_and_no_zero(register, tmp_path):
    database = copy_of(register, tmp_path)
    with serving(database) as served:
        database.write_bytes(b"no database" * 1000)
        answers = [served.get(address) for address in ("/-/health", "/-/metrics")]

    assert [answer.status for answer in answers] == [503, 503]
    assert json.loads(answers[0].body)["status"] == "fail"
    assert "registerwatch_" not in answers[1].text


def test_a_monitor_may_ask_a_published_site_by_any_name_and_a_private_one_by_its_own(register):
    with serving(register, public=True, base_url="https://example.org/") as served:
        assert served.get("/-/health", Host="browse:8001").status in (200, 503)
        assert served.get("/", Host="browse:8001").status == 400
    with serving(register) as served:
        assert served.get("/-/health", Host="elsewhere.example").status == 400


def test_only_reading_is_answered(register):
    with serving(register) as served:
        assert served.get("/-/health", method="POST").status == 405
        assert served.get("/-/health", method="HEAD").body == b""
