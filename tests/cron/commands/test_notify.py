"""Telling as a user meets it: run, import, release, notify, subscriptions, with real servers of pages and of mail."""

import os
import re
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.cron.work.test_deliver import ECDS, HARROWDALES
from tests.harness.editions import EASTMERE, HARROWDALE, REGISTER, TIDES, Page, many, with_project
from tests.harness.mail_server import LoopbackMail, Refuse
from tests.harness.nights import Nights
from tests.harness.office import ALL, block

HARROW, WEX, EAST = REGISTER
NEWS = with_project(HARROWDALE, end="2029-03-12")
PASSWORD = "correct horse 7"


class House(Nights):
    """A register that is watched, and settings that say who is told."""

    def tells(self, *subscriptions, mail=""):
        self.configure()
        self.add_settings("\n".join([mail, *map(block, subscriptions)]))

    def outbox(self):
        """Return the messages that lie in the folder, by whom they are to."""
        texts = [path.read_bytes().decode() for path in sorted(self.folder.glob("outbox/*.eml"))]
        return {re.search("^To: (.+)\r$", text, re.MULTILINE)[1]: text for text in texts}

    def rewind(self, **ago):
        """Let what waits have waited for so long."""
        earlier = (datetime.now(UTC) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
        with closing(sqlite3.connect(self.database)) as database:
            database.execute(
                """
                update deliveries set due_at = min(due_at, :at),
                  next_attempt_at = case when next_attempt_at is not null then :at end
                """,
                {"at": earlier},
            )
            database.commit()

    def states(self):
        """Return how many rows there are in which state."""
        with closing(sqlite3.connect(self.database)) as database:
            return dict(database.execute("select state, count(*) from deliveries group by state").fetchall())


@pytest.fixture
def house(tmp_path, server):
    """A register that was read once; three subscriptions, and no mail server."""
    house = House(tmp_path, server)
    house.tells(ECDS, HARROWDALES, ALL)
    house.quiet_night()
    return house


def test_without_a_mail_server_each_message_is_a_file_for_its_owner_alone(house):
    assert house.outbox() == {}
    house.server.site.pages[HARROW] = NEWS

    result = house.night()

    assert (result.exit_code, result.stderr) == (0, "")
    assert re.search(r"^Told +2 messages, all delivered$", result.stdout, re.MULTILINE)
    assert sorted(house.outbox()) == ["all@example.org", "harrow@example.org"]
    assert stat.S_IMODE((house.folder / "outbox").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in house.folder.glob("outbox/*")} == {0o600}


def test_a_second_run_in_the_same_night_writes_to_nobody(house):
    house.server.site.pages[HARROW] = NEWS
    house.quiet_night()
    before = {path.name: path.stat().st_mtime_ns for path in house.folder.glob("outbox/*")}

    result = house.night()

    assert "Told" not in result.stdout
    assert {path.name: path.stat().st_mtime_ns for path in house.folder.glob("outbox/*")} == before


def test_a_night_without_notify_tells_nobody_now_or_later(house):
    house.server.site.pages[HARROW] = NEWS
    assert house.night("--no-notify").exit_code == 0
    assert house.night("--dry-run").exit_code == 0

    house.quiet_night()

    assert house.run("notify").stdout == "Nothing is due.\n"
    assert (house.outbox(), house.states()) == ({}, {})


def test_import_tells_nobody_unless_it_is_told_to(tmp_path, server):
    house = House(tmp_path, server)
    house.tells(ALL)
    house.take(REGISTER, "2026-01-01")
    house.take({**REGISTER, HARROW: with_project(HARROWDALE, end="2028-03-12")}, "2026-02-01")
    assert (house.outbox(), house.states()) == ({}, {})

    folder = tmp_path / "told"
    folder.mkdir()
    (folder / f"{HARROW}.html").write_bytes(NEWS.html())
    result = house.run("import", folder, "--fetched-at", "2026-03-01", "--tell")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "1 message, delivered" in result.stdout
    assert "2028-03-12" in house.outbox()["all@example.org"]


def test_older_editions_and_reading_again_tell_nobody(house):
    house.server.site.pages[HARROW] = NEWS
    house.quiet_night()
    messages = house.outbox()
    earlier = with_project(HARROWDALE, end="2024-03-12")

    assert house.take({**REGISTER, HARROW: earlier}, "2025-01-01").exit_code == 0
    assert house.run("reparse").exit_code == 0
    house.quiet_night()

    assert len(house.told()) == 2
    assert house.outbox() == messages


@pytest.fixture
def held(tmp_path, server):
    """A run is held: of 40 agreements half are gone at once."""
    pages = {f"board_{n}": Page(f"Board {n}", many(4, first=4 * n)) for n in range(10)}
    server.site.pages = dict(pages)
    house = House(tmp_path, server)
    house.tells(ALL)
    house.quiet_night()
    server.site.pages = {
        slug: with_project(Page(page.organisation, page.projects[:2]), end="2031-01-01") for slug, page in pages.items()
    }
    result = house.night()
    assert (result.exit_code, house.outbox(), house.states()) == (3, {}, {})
    return house


def test_releasing_a_held_run_tells(held):
    result = held.run("release", "2")

    assert (result.exit_code, result.stderr) == (0, "")
    assert "1 message, delivered" in result.stdout
    assert "2031-01-01" in held.outbox()["all@example.org"]


def test_discarding_a_held_run_tells_nobody(held):
    assert held.run("discard", "2").exit_code == 0
    assert held.run("notify").stdout == "Nothing is due.\n"
    assert held.outbox() == {}


def test_a_run_that_is_held_at_first_and_read_again_the_next_night_tells_once(held):
    """The next believable run supersedes it, and tells what it finds itself."""
    held.server.site.pages = {
        f"board_{n}": with_project(page, end="2031-01-01") if n < 7 else page
        for n, page in enumerate(Page(f"Board {n}", many(4, first=4 * n)) for n in range(10))
    }
    held.quiet_night()

    (text,) = held.outbox().values()
    assert "7 changes" in text


# --- a mail server ----------------------------------------------------------------------------------------------------


@pytest.fixture
def mail():
    with LoopbackMail("starttls", users={"register": PASSWORD}) as mail:
        yield mail


def run_in_process(house, mail, *arguments, before=""):
    process = house.process(*arguments, before=before, environment=mail.environment)
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def killed_at(step):
    """Return Python that has a process killed, with signal 9, instead of this step of its deliveries."""
    return f"""
import os
from snapshots.keeping.deliveries import Deliveries
Deliveries.{step} = lambda *_: os.kill(os.getpid(), 9)
"""


def test_over_tls_and_logged_in_without_a_secret_in_anything_that_is_kept_or_said(house, mail):
    subscriptions = [ECDS, HARROWDALES, ALL]
    house.tells(*subscriptions, mail=mail.settings + 'operator = "operator@example.org"\n')
    house.server.site.pages[HARROW] = NEWS
    mail.refused["all@example.org"] = 550

    status, stdout, stderr = run_in_process(house, mail, "-v", "run")

    assert status == 3
    assert sorted(mail.to()) == ["harrow@example.org", "operator@example.org"]
    assert {one.login for one in mail.taken} == {"register"}
    assert "registerwatch: message to all: recipient refused (550); it is tried again" in stderr
    kept = [path.read_bytes() for path in house.folder.rglob("*") if path.is_file() and path != house.config]
    said = [stdout.encode(), stderr.encode(), *kept]
    assert len(said) > 10
    for secret in (PASSWORD, *(one["email"] for one in subscriptions), "operator@example.org", "register@example.org"):
        assert not any(secret.encode() in text for text in said), secret


def test_a_process_killed_between_sending_and_noting_sends_a_second_copy_under_the_same_id(house, mail):
    house.tells(ALL, mail=mail.settings)
    house.server.site.pages[HARROW] = NEWS
    kill = killed_at("delivered")

    status, _, _ = run_in_process(house, mail, "run", before=kill)
    assert (status, mail.to(), house.states()) == (-9, ["all@example.org"], {"attempted": 1})
    assert run_in_process(house, mail, "notify")[1] == "Nothing is due.\n"
    house.rewind(minutes=10)
    status, stdout, _ = run_in_process(house, mail, "notify")

    assert (status, stdout) == (0, "1 message, delivered.\n")
    first, second = (one.message for one in mail.taken)
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_body("plain").get_content() == second.get_body("plain").get_content()
    assert house.states() == {"delivered": 1}


def test_a_process_killed_before_the_commit_leaves_nothing_to_tell_and_the_next_run_tells(house, mail):
    house.tells(ALL, mail=mail.settings)
    house.server.site.pages[HARROW] = NEWS
    kill = killed_at("add")

    status, _, _ = run_in_process(house, mail, "run", before=kill)
    assert (status, mail.taken, house.states(), house.told()) == (-9, [], {}, [])
    status, _, _ = run_in_process(house, mail, "run")

    assert (status, mail.to()) == (0, ["all@example.org"])


def test_a_wrong_password_is_one_line_and_the_run_is_kept(house, mail):
    house.tells(ECDS, HARROWDALES, ALL, mail=mail.settings.replace(PASSWORD, "wrong"))
    house.server.site.pages[HARROW] = NEWS

    status, stdout, stderr = run_in_process(house, mail, "run")

    assert status == 3
    assert stderr.splitlines() == [
        "registerwatch: message to all: login refused (535); it is tried again",
        "registerwatch: 1 more message waits: login refused (535)",
    ]
    assert re.search("^Told +2 messages, 0 delivered$", stdout, re.MULTILINE)
    assert house.told() == [("dsa-extended", "DARS-NIC-204517-H6M2P")]
    assert house.status()["undelivered"][0]["failure"] == "login refused (535)"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_line_and_the_run_is_kept(house):
    house.tells(ALL)
    (house.folder / "outbox").mkdir(mode=0o500)
    house.server.site.pages[HARROW] = NEWS

    result = house.night()

    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith("registerwatch: message to all: the folder for messages cannot be written")
    assert len(house.told()) == 1


def test_a_file_in_place_of_the_folder_is_one_line_and_the_run_is_kept(house):
    house.tells(ALL)
    (house.folder / "outbox").write_text("mine", encoding="utf-8")
    house.server.site.pages[HARROW] = NEWS

    result = house.night()

    assert result.exit_code == 3
    assert len(result.stderr.splitlines()) == 1
    assert len(house.told()) == 1
    assert (house.folder / "outbox").read_text(encoding="utf-8") == "mine"


# --- names that nobody knows ------------------------------------------------------------------------------------------


def test_a_mistyped_organisation_is_named_with_the_nearest_and_the_others_are_told(house):
    wrong = {"name": "wrong", "email": "wrong@example.org", "organisations": ["University of Harowdale"]}
    house.tells(wrong, ALL)
    house.server.site.pages[HARROW] = NEWS

    listed = house.run("subscriptions")
    night = house.night()

    said = "subscription 'wrong': no organisation is called 'University of Harowdale'; the nearest"
    assert (listed.exit_code, "all\nFollows     everything" in listed.stdout) == (2, True)
    assert f"{said} is University of Harrowdale" in listed.stderr
    assert night.exit_code == 3
    assert f"registerwatch: {said} is University of Harrowdale" in night.stderr
    assert list(house.outbox()) == ["all@example.org"]
    status = house.run("status")
    assert status.exit_code == 3
    assert "University of Harowdale" in " ".join(status.stdout.split())


# --- what would be sent -----------------------------------------------------------------------------------------------


def test_a_dry_run_prints_what_is_then_sent_and_changes_nothing(house):
    with LoopbackMail() as mail:
        house.tells(ALL, HARROWDALES, mail=mail.settings + 'operator = "operator@example.org"\n')
        house.server.site.pages[HARROW] = NEWS
        mail.faults["MAIL"] = [Refuse(), Refuse(), Refuse()]
        assert house.night().exit_code == 3
        house.rewind(minutes=10)
        before = house.everything()

        printed = house.run("notify", "--dry-run")

        assert (printed.exit_code, printed.stderr, house.everything(), mail.taken) == (0, "", before, [])
        sent = house.run("notify")
        assert (sent.exit_code, sent.stdout) == (0, "2 messages, all delivered; 1 note to the operator.\n")
        letters = [
            f"Subscription: {name}\nTo: {one.to[0]}\nMessage-ID: {one.message['Message-ID']}\n"
            f"Subject: {one.message['Subject']}\n\n{plain(one.message)}"
            for name, one in zip(("all", "harrow", "operator"), mail.taken, strict=True)
        ]
        assert printed.stdout == "\n".join(letters)


def plain(message):
    part = message.get_body("plain") or message
    return part.get_content().replace("\r\n", "\n")


def test_a_dry_run_shows_the_sign_of_life_that_would_go_out(house):
    house.tells(ALL, mail='[mail]\noperator = "operator@example.org"')
    before = house.everything()

    result = house.run("notify", "--dry-run")

    assert "To: operator@example.org" in result.stdout
    assert house.everything() == before
    assert (house.run("notify").stdout, list(house.outbox())) == (
        "1 note to the operator.\n",
        ["operator@example.org"],
    )


def test_a_dry_run_names_no_path_of_a_webhook_and_no_key_of_a_service(house):
    key = "a key of at least sixteen characters"
    hook = {"name": "hook", "webhook": "https://hooks.example.org/services/T0SECRET", "secret": key}
    service = {"name": "push", "url": "ntfy://tok3n@example.org/register"}
    house.tells(hook, service)
    house.server.site.pages[HARROW] = NEWS
    assert house.night("--no-notify").exit_code == 0
    (change,) = house.changes()
    with closing(sqlite3.connect(house.database)) as database:
        rows = [(name, change["id"], "2026-01-01T00:00:00Z") for name in ("hook", "push")]
        database.executemany("insert into deliveries (subscription, item, due_at) values (?, ?, ?)", rows)
        database.commit()

    result = house.run("notify", "--dry-run")

    assert result.exit_code == 0, result.output
    assert "POST: https://hooks.example.org/…" in result.stdout
    assert "To: ntfy://…" in result.stdout
    assert not any(secret in result.output for secret in ("T0SECRET", key, "tok3n"))


# --- who is told what -------------------------------------------------------------------------------------------------


def test_subscriptions_say_what_each_would_have_been_told(house):
    house.server.site.pages[HARROW] = NEWS
    house.server.site.pages[EAST] = Page(
        EASTMERE.organisation, (TIDES, with_project(EASTMERE, reference="DARS-NIC-418834-K1D7R").projects[0])
    )
    house.quiet_night()

    rows = {row["name"]: row for row in house.json("subscriptions", "--format", "json")}

    told = {name: sorted(change["kind"] for change in row["changes"]) for name, row in rows.items()}
    assert told == {
        "beds": ["agreement-added"],
        "harrow": ["dsa-extended"],
        "all": ["agreement-added", "dsa-extended"],
    }
    table = house.run("subscriptions")
    assert table.exit_code == 0
    assert "@" not in table.stdout


def test_without_subscriptions_the_command_says_how_to_have_one(tmp_path, server):
    house = House(tmp_path, server)
    house.quiet_night()

    assert "[[subscriptions]]" in house.run("subscriptions").stdout
    assert house.run("notify").stdout == "Nothing is due.\n"
