"""A web archive is asked to save each page that changed: politely, resumably, within a limit; its address is kept."""

import sqlite3
import zipfile
from contextlib import closing
from types import SimpleNamespace

import pytest

from tests.harness.browse_server import serving
from tests.harness.editions import HARROWDALE, REGISTER, WEXCOMBE, with_project
from tests.harness.nights import CONTACT, Nights
from tests.harness.save_page_now import TIMESTAMP, SavePageNowServer

HARROW, WEX, EAST = REGISTER


@pytest.fixture
def archive():
    with SavePageNowServer() as archive:
        yield archive


@pytest.fixture
def nights(tmp_path, server, archive):
    """A register that was read once, of which two pages change before the next night."""
    nights = Nights(tmp_path / "watch", server)
    archived_by(nights, archive)
    nights.quiet_night()
    server.site.pages[HARROW] = with_project(HARROWDALE, end="2029-03-12")
    server.site.pages[WEX] = with_project(WEXCOMBE, end="2030-01-01")
    return nights


def archived_by(nights, archive, **more):
    nights.configure(archive={"save": True, "url": archive.url, "interval_s": 0, **more})


def kept(nights):
    with closing(sqlite3.connect(nights.database)) as database:
        return database.execute(
            "select page, address, capture, attempts, failure from archived_pages order by page"
        ).fetchall()


def test_pages_that_changed_are_saved_and_no_others(nights, archive):
    assert archive.asked == []  # by the first night nothing changed
    result = nights.night()
    nights.quiet_night()

    assert (result.exit_code, result.stderr) == (0, "")
    assert "2 pages saved" in result.stdout
    assert sorted(url.rpartition("/")[2] for url in archive.asked) == sorted([HARROW, WEX])
    assert [(page, capture) for page, _, capture, *_ in kept(nights)] == sorted(
        (url.rpartition("/")[2], f"{archive.url}web/{TIMESTAMP}/{url}") for url in archive.asked
    )


def test_the_capture_stands_on_the_page_of_the_change_and_in_evidence(nights, archive, tmp_path):
    nights.quiet_night()
    change = nights.changes()[0]
    ((_, _, capture, *_),) = [row for row in kept(nights) if row[0] == change["page"]]
    with serving(nights.database) as served:
        page = served.page(f"/changes/{change['id']}").text
    nights.run("export", "--evidence", change["id"], tmp_path / "e.zip")
    with zipfile.ZipFile(tmp_path / "e.zip") as opened:
        readme, printed = opened.read("README.txt").decode(), opened.read("change.html").decode()

    assert f'href="{capture}"' in page
    assert "Saved by a web archive" in page
    assert capture in readme
    assert capture in printed


def test_no_more_are_asked_for_than_the_limit_and_the_others_by_the_next_run(nights, archive):
    archived_by(nights, archive, at_most=1)
    first = nights.night()
    assert len(archive.asked) == 1
    nights.quiet_night()

    assert "1 to be saved with the next run" in first.stdout
    assert len(archive.asked) == len(set(archive.asked)) == 2


def test_what_is_under_way_is_looked_at_by_the_next_run_and_not_asked_for_again(nights, archive, monkeypatch):
    # All the time there is has passed as soon as both were looked at.
    clock = SimpleNamespace(monotonic=lambda: 1e9 if len(archive.looks) == 2 else 0.0)
    monkeypatch.setattr("snapshots.proving.saving.time", clock)
    archive.pending = 10**6
    nights.night()
    assert [capture for _, _, capture, *_ in kept(nights)] == [None, None]
    archive.pending = 0
    monkeypatch.undo()
    nights.quiet_night()

    assert len(archive.asked) == 2
    assert all(capture for _, _, capture, *_ in kept(nights))


def test_keys_are_sent_and_the_contact_is_said(nights, archive):
    archive.keys = "LOW key:secret-of-it"
    archived_by(nights, archive, access_key="key", secret_key="secret-of-it")
    result = nights.night()

    assert len(archive.asked) == 2
    assert all(CONTACT in agent for agent in archive.agents)
    assert "secret-of-it" not in result.output + nights.run("status", "--format", "json").output


def test_without_an_account_the_job_is_read_off_the_page(nights, archive):
    archive.by_page = True
    nights.quiet_night()

    assert all(capture for _, _, capture, *_ in kept(nights))


@pytest.mark.parametrize(
    "refusal",
    [
        (429, "Too Many Requests"),
        (503, ""),
        (401, '{"message": "You need to be logged in."}'),
        (
            200,
            '{"status": "error", "status_ext": "error:user-session-limit", "message": "The limit is reached."}',
        ),
    ],
)
def test_an_archive_that_asks_to_be_left_alone_is(nights, archive, refusal):
    archive.refusal = refusal
    refused = nights.night()
    asked = len(archive.agents)
    archive.refusal = None
    nights.quiet_night()

    assert refused.exit_code == 0
    (line,) = refused.stderr.splitlines()
    assert archive.url.rstrip("/") in line
    assert asked == 1
    assert all(capture for _, _, capture, *_ in kept(nights))


@pytest.mark.parametrize("refusal", [(500, ""), (200, "<html>Welcome</html>"), (200, "{" * 100_000), (404, "{}")])
def test_an_archive_that_answers_nonsense_is_one_line_and_stops_no_run(nights, archive, refusal):
    archive.refusal = refusal
    refused = nights.night()

    assert (refused.exit_code, len(refused.stderr.splitlines())) == (0, 1)
    assert kept(nights) == []


def test_a_page_that_cannot_be_saved_is_given_up_after_some_times(nights, archive):
    nights.server.site.pages[WEX] = WEXCOMBE
    failed = {"status": "error", "status_ext": "error:blocked-url", "message": "This URL is in our block list."}
    archive.outcomes = Everything(failed)
    for _ in range(5):
        nights.quiet_night()

    assert len(archive.asked) == 3
    ((_, _, capture, attempts, failure),) = kept(nights)
    assert (capture, attempts, failure) == (None, 3, "error:blocked-url")
    assert nights.status()["witness"]["archive"]["failed"] == 1


class Everything(dict):
    def __init__(self, value):
        self.value = value

    def get(self, key, default=None):
        return self.value


@pytest.mark.parametrize("timestamp", ["../../evil", "99999999999999", "", None, 7])
def test_a_time_that_is_none_is_no_capture(nights, archive, timestamp):
    archive.outcomes = Everything({"status": "success", "timestamp": timestamp})
    nights.night()

    assert [capture for _, _, capture, *_ in kept(nights)] == [None, None]


def test_nobody_is_asked_unless_it_is_set(nights, archive):
    nights.configure(archive={"save": False, "url": archive.url})
    nights.quiet_night()

    assert archive.agents == []


def test_a_key_without_its_secret_is_refused(nights, archive):
    archived_by(nights, archive, access_key="key")

    assert nights.run("status").exit_code == 2


@pytest.mark.parametrize(
    "altered",
    [
        "update archived_pages set capture = capture || 'x'",
        "update archived_pages set captured_at = '2020-01-01T00:00:00Z'",
        "update archived_pages set address = 'https://elsewhere.example/'",
    ],
)
def test_an_address_that_is_another_than_it_was_is_named_by_verify(nights, altered):
    nights.quiet_night()
    assert nights.run("verify").exit_code == 0
    with closing(sqlite3.connect(nights.database, isolation_level=None)) as database:
        assert database.execute(altered).rowcount == 2
    result = nights.run("verify")

    assert result.exit_code == 1
    assert "archived_pages" in result.stderr


def test_status_and_doctor_name_the_state(nights):
    nights.quiet_night()
    state = nights.status()["witness"]["archive"]

    assert (state["saved"], state["under_way"], state["asked"]) == (2, 0, True)
    assert "2 pages saved" in nights.run("status").stdout
    assert "answers: ok" in " ".join(nights.run("doctor").stdout.split())
