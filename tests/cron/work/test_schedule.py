"""When runs are due, and the program that stays: what it makes up for, what it says, how it stops."""

import contextlib
import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cron.settings.crontab import ScheduleError, missed, next_after, trigger_of
from cron.settings.sections import ScheduleSettings
from cron.work.context import only_run
from cron.work.schedule import stay
from tests.harness.editions import HARROWDALE, REGISTER, with_project
from tests.harness.nights import Nights
from tests.harness.register_server import RegisterServer, Site
from tests.harness.servers import Loopback, answer

LONDON = "Europe/London"
NIGHTLY = "17 3 * * *"
FIRST, SECOND, THIRD = REGISTER


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(cron, timezone, after, count):
    """Return the next times in UTC, as text."""
    times, moment = [], at(after)
    for _ in range(count):
        moment = next_after(cron, timezone, moment)
        times.append(moment.strftime("%Y-%m-%d %H:%M"))
    return times


# --- the times --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", ["0", "7", "1-5", "mon,3", "mon-5", "*/2", "0/2"])
def test_days_of_the_week_by_number_are_refused_and_the_reason_is_said(days):
    with pytest.raises(ScheduleError, match="by number, and a week begins on Sunday for some") as refused:
        trigger_of(f"17 3 * * {days}", LONDON)

    assert "write sun, mon, …" in str(refused.value)


@pytest.mark.parametrize(
    ("days", "days_found"),
    [("sun", {6}), ("mon-fri", {0, 1, 2, 3, 4}), ("sat,sun", {5, 6}), ("*", {0, 1, 2, 3, 4, 5, 6})],
)
def test_days_of_the_week_by_name_are_what_they_say(days, days_found):
    found = due(f"17 3 * * {days}", "UTC", "2026-06-01 12:00", 14)

    assert {at(one).weekday() for one in found} == days_found


@pytest.mark.parametrize("cron", ["", "17 3 * *", "17 3 * * * *", "61 3 * * *", "x 3 * * *", "@daily"])
def test_what_is_no_crontab_line_is_refused_by_the_settings_name(cron):
    with pytest.raises(ScheduleError, match=r"^schedule\.cron: "):
        trigger_of(cron, LONDON)


@pytest.mark.parametrize("timezone", ["Europe/Londinium", "Europe", "", "../etc/passwd", "GMT+25"])
def test_what_is_no_time_zone_is_refused_by_the_settings_name(timezone):
    with pytest.raises(ScheduleError, match=r"^schedule\.timezone: there is no time zone"):
        trigger_of(NIGHTLY, timezone)


def test_a_time_that_never_comes_is_refused():
    with pytest.raises(ScheduleError, match="never comes"):
        next_after("17 3 30 feb *", LONDON, at("2026-06-01"))


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [(LONDON, "2026-06-01 02:17"), ("UTC", "2026-06-01 03:17"), ("Asia/Kathmandu", "2026-05-31 21:32")],
)
def test_times_are_those_of_the_time_zone(timezone, expected):
    assert due(NIGHTLY, timezone, "2026-05-31 12:00", 1) == [expected]


@pytest.mark.parametrize("year", [2026, 2027, 2031])
@pytest.mark.parametrize("timezone", [LONDON, "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_each_day_of_a_year_has_one_night_also_those_on_which_clocks_change(year, timezone):
    zone, moment, days = ZoneInfo(timezone), datetime(year, 1, 1, tzinfo=ZoneInfo(timezone)), []
    while (moment := next_after(NIGHTLY, timezone, moment)).astimezone(zone).year == year:
        local = moment.astimezone(zone)
        assert (local.hour, local.minute) == (3, 17)
        days.append(local.date())

    assert len(days) == len(set(days)) == (datetime(year + 1, 1, 1) - datetime(year, 1, 1)).days


def test_the_nights_on_which_london_changes_its_clocks():
    assert due(NIGHTLY, LONDON, "2026-03-28 00:00", 3) == ["2026-03-28 03:17", "2026-03-29 02:17", "2026-03-30 02:17"]
    assert due(NIGHTLY, LONDON, "2026-10-24 00:00", 3) == ["2026-10-24 02:17", "2026-10-25 03:17", "2026-10-26 03:17"]


@pytest.mark.parametrize(
    ("last_run", "now", "is_missed"),
    [
        (None, "2026-06-02 12:00", True),
        ("2026-06-02 02:17", "2026-06-02 12:00", False),
        ("2026-06-02 02:17", "2026-06-03 02:16", False),
        ("2026-06-02 02:17", "2026-06-03 02:17", True),
        ("2026-06-02 02:17", "2026-06-30 12:00", True),
        ("2026-06-01 11:00", "2026-06-02 02:00", False),
    ],
)
def test_a_night_is_missed_if_one_was_due_since_the_last_run(last_run, now, is_missed):
    assert missed(NIGHTLY, LONDON, last_run and at(last_run), at(now)) is is_missed


# --- staying, in this process -----------------------------------------------------------------------------------------


def stay_until(stop_after, *, last_run, run=lambda: None):
    """Stay until the run was called so often; return how often it was."""
    told, calls = threading.Event(), []

    def counted():
        calls.append(threading.current_thread())
        try:
            run()
        finally:
            if len(calls) >= stop_after:
                told.set()

    if stop_after == 0:
        told.set()
    stay(ScheduleSettings(cron="17 3 1 jan *"), last_run=last_run, run=counted, told_to_stop=told)
    return calls


def test_a_missed_night_is_made_up_for_once_however_many_were_missed():
    assert len(stay_until(1, last_run=at("2020-01-01"))) == 1


def test_what_was_not_missed_is_not_made_up_for():
    assert stay_until(0, last_run=datetime.now(UTC)) == []


def test_an_error_of_the_run_is_said(caplog):
    def fail():
        raise ZeroDivisionError("so it goes")

    with caplog.at_level(logging.ERROR):
        stay_until(1, last_run=None, run=fail)

    assert "a scheduled run failed: ZeroDivisionError('so it goes')" in caplog.text


def test_a_run_under_way_is_given_the_time_to_end():
    ended, told = [], threading.Event()

    def run():
        told.set()
        time.sleep(0.05)
        ended.append(True)

    stay(ScheduleSettings(), last_run=None, run=run, told_to_stop=told)

    assert ended == [True]


# --- staying, as the command does -------------------------------------------------------------------------------------

PATIENCE_S = 200
"""What is waited for here comes; how soon is the machine's business, and it may have others."""

SLOW_TO_COMPLAIN = """
import cron.commands.run as it
from pathlib import Path
class Heard(it.Event):
    def set(self):
        super().set()
        Path("heard").touch()
it.Event = Heard
it.SAYS_SO_AFTER_S = 600.0
"""
"""Nothing is said of a stop that takes long, as it does on a busy machine; a file shows that the signal was heard."""


def until(condition, seconds=PATIENCE_S):
    """Wait until *condition*, looking often."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail("waited in vain")
        time.sleep(0.005)


def minds_sigterm(process):
    """Say whether a process has a handler of its own for SIGTERM."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        caught = next(line for line in status if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> 14 & 1)


@contextlib.contextmanager
def staying(nights, *arguments):
    """Start `schedule`; give the process once it can be stopped, and stop it at the end if nobody has."""
    process = nights.process(*arguments, "schedule", before=SLOW_TO_COMPLAIN)
    # So that a line that is waited for and never comes is a failure, and no endless wait.
    watchdog = threading.Timer(PATIENCE_S, process.kill)
    watchdog.start()
    try:
        until(lambda: process.poll() is not None or minds_sigterm(process))
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def stopped(process):
    process.terminate()
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    return process.returncode, stdout, stderr


def test_sigterm_stops_it_cleanly_between_two_nights(nights, server):
    nights.quiet_night()
    server.forget()
    with staying(nights) as process:
        assert process.stdout.readline().startswith("Next run: ")
        assert stopped(process) == (0, "", "")

    assert server.asked == []


def test_a_missed_night_is_made_up_for_at_the_start_as_the_run_log_knows_it(nights, server):
    nights.run_at(datetime.now(UTC) - timedelta(days=3))
    server.site.pages[FIRST] = with_project(HARROWDALE, end="2027-03-12")
    server.forget()
    with staying(nights) as process:
        # Both by lines: what came with the first would be lost to `communicate`, which reads past the buffer.
        line, rest = process.stdout.readline(), process.stdout.readline()
        status, more, stderr = stopped(process)

    assert line.startswith("Run 2, ")
    assert line.endswith(": 3 pages read, 1 changed; 1 change.\n")
    assert rest.startswith("Next run: ")
    assert (status, stderr, more) == (0, "", "")
    assert nights.told() == [("dsa-extended", HARROWDALE.projects[0].reference)]


def test_sigterm_while_a_web_archive_is_silent_is_not_waited_out(nights, server):
    running, over = [], threading.Event()

    def stop_and_say_nothing(_connection):
        running[0].terminate()
        over.wait()

    with Loopback({"/save": stop_and_say_nothing}) as archive:
        nights.configure(archive={"save": True, "url": archive.url, "interval_s": 0})
        nights.run_at(datetime.now(UTC) - timedelta(days=3))
        server.site.pages[FIRST] = with_project(HARROWDALE, end="2027-03-12")
        with staying(nights) as process:
            running.append(process)
            try:
                stdout, stderr = process.communicate(timeout=PATIENCE_S)
            finally:
                over.set()

    assert process.returncode == 0
    assert stdout.startswith("Run 2, ")
    assert "not waited for: the program is told to stop; the next run tries again" in stderr


@pytest.fixture
def stopped_midway(tmp_path, server):
    """A schedule that got SIGTERM while its first run asked for the second of three pages; who was pinged."""
    running, here = [], threading.Event()

    def stop(path):
        if path.endswith(SECOND):
            assert here.wait(PATIENCE_S)
            running[0].terminate()
            until((tmp_path / "heard").exists)

    with RegisterServer(Site(faults={"/ill": answer(b"")})) as pinged:
        nights = Nights(tmp_path, server, schedule={"ping_failure_url": f"{pinged.url}/ill"})
        server.site.before_answer = stop
        # Before the first night, all is missed: it runs at once.
        with staying(nights, "-v") as process:
            running.append(process)
            here.set()
            _, stderr = process.communicate(timeout=PATIENCE_S)
        server.site.before_answer = lambda path: None
        yield nights, process.returncode, stderr, pinged


def test_sigterm_in_the_middle_of_a_run_stops_it_between_two_pages_and_loses_nothing(stopped_midway, server):
    nights, status, stderr, _ = stopped_midway

    assert (status, server.pages_asked()) == (0, [FIRST, SECOND])
    assert "stopped between two pages; nothing is lost" in stderr
    assert (nights.counts()["runs"], nights.counts()["bodies"]) == (0, 2)
    nights.quiet_night()
    assert nights.status()["pages"] == 3


def test_told_to_stop_while_a_page_does_not_come_it_says_what_it_waits_for(nights, server):
    asked, said = threading.Event(), threading.Event()

    def keep_waiting(path):
        if path.endswith(FIRST):
            asked.set()
            assert said.wait(PATIENCE_S)

    server.site.before_answer = keep_waiting
    nights.configure(fetch={"timeout_s": 250, "deadline_s": 250})
    process = nights.process("schedule", before="import cron.commands.run as it; it.SAYS_SO_AFTER_S = 0.1")
    assert asked.wait(PATIENCE_S)
    process.terminate()
    line = process.stderr.readline()
    said.set()
    _, rest = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, rest) == (0, "")
    assert line == (
        "registerwatch: stopping when the page is there that is being asked for; everything before it is kept\n"
    )


def test_a_run_that_was_stopped_is_no_failure_to_be_pinged(stopped_midway):
    _, _, stderr, pinged = stopped_midway

    assert "stopped between two pages" in stderr
    assert pinged.asked == []


def test_a_run_that_fails_is_said_and_the_next_night_is_waited_for(nights, server):
    server.site.faults["/"] = answer(status="503 Service Unavailable")
    with staying(nights) as process:
        line = process.stderr.readline()
        assert process.poll() is None
        status, stdout, rest = stopped(process)

    assert "ERROR run failed: " in line
    assert "answered 503 Service Unavailable" in line
    assert (status, rest) == (0, "")
    assert stdout.startswith("Next run: ")


def test_a_run_beside_another_one_is_said(nights):
    with only_run(nights.database), staying(nights) as process:
        line = process.stderr.readline()
        assert stopped(process)[0] == 0

    assert "another run is under way; this one does nothing" in line


def test_errors_are_log_lines_in_json_if_asked_for(tmp_path, server):
    nights = Nights(tmp_path, server, log={"format": "json"})
    server.site.faults["/"] = answer(status="503 Service Unavailable")
    with staying(nights) as process:
        lines = [json.loads(process.stderr.readline()) for _ in range(2)]
        stopped(process)

    assert [line["level"] for line in lines] == ["info", "error"]
    assert lines[0]["message"] == "a run was missed: it is made up for now"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"schedule": {"cron": "17 3 * * 1-5"}}, "by number"),
        ({"schedule": {"cron": "often"}}, "schedule.cron"),
        ({"schedule": {"cron": "17 3 30 feb *"}}, "never comes"),
        ({"schedule": {"timezone": "Europe/Londinium"}}, "schedule.timezone"),
        ({"fetch": {"contact": None}}, "no contact"),
    ],
)
def test_settings_that_cannot_work_are_said_at_once_and_exit_2(tmp_path, server, settings, says):
    nights = Nights(tmp_path, server, **settings)
    result = nights.run("schedule")
    (line,) = result.stderr.splitlines()

    assert (result.exit_code, result.stdout, server.asked) == (2, "", [])
    assert says in line
