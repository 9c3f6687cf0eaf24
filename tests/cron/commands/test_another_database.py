"""With another database than the settings' nothing is written or sent outside of it, unless somebody says --tell."""

import pytest

from tests.harness.editions import HARROWDALE, REGISTER, run, with_project
from tests.harness.mail_server import LoopbackMail
from tests.harness.office import ALL, Office
from tests.harness.servers import Loopback, answer

HARROW, *_ = REGISTER
NEWS = with_project(HARROWDALE, end="2029-03-12")


@pytest.fixture(scope="module")
def mail_server():
    with LoopbackMail() as mail:
        yield mail


@pytest.fixture(scope="module")
def pinged():
    with Loopback({path: answer(status="204 No Content") for path in ("/hook", "/well", "/ill")}) as server:
        yield server


@pytest.fixture
def office(tmp_path, server, mail_server, pinged):
    """A register with a reader, a webhook, an operator, feeds and pings; and a second database that read it once."""
    mail_server.taken.clear()
    pinged.requests.clear()
    office = Office(tmp_path, server, mail_server)
    hook = {"name": "hook", "webhook": f"{pinged.url}/hook", "allow_private": True}
    office.tells(ALL, hook, operator="operator@example.org")
    pings = f'[schedule]\nping_url = "{pinged.url}/well"\nping_failure_url = "{pinged.url}/ill"\n'
    office.config.write_text(pings + office.config.read_text(encoding="utf-8"), encoding="utf-8")
    office.database = tmp_path / "other.db"
    assert office.night("--no-notify").exit_code == 0
    server.site.pages[HARROW] = NEWS
    return office


def outside(office, mail_server, pinged):
    """Return what stands or was sent outside of the database."""
    files = [path.name for path in office.folder.iterdir() if not path.name.startswith(("other.db", "edition-"))]
    return sorted(files), mail_server.to(), pinged.paths()


NOTHING = (["registerwatch.toml"], [], [])


def test_a_run_tells_nobody_and_writes_no_feeds(office, mail_server, pinged):
    result = office.night()

    assert result.exit_code == 0
    assert office.told() == [("dsa-extended", "DARS-NIC-204517-H6M2P")]
    assert result.stderr == (
        f"registerwatch: {office.database} is not the database of the settings, {office.folder}/registerwatch.db: "
        "nothing is sent, no feeds are written; or say --tell\n"
    )
    assert outside(office, mail_server, pinged) == NOTHING


def test_a_run_that_fails_pings_nobody(office, mail_server, pinged, server):
    server.site.faults["/"] = answer(status="503 Busy")
    assert office.night().exit_code == 1

    assert outside(office, mail_server, pinged) == NOTHING


def test_a_run_that_is_to_tell_tells(office, mail_server, pinged):
    assert office.night("--tell").exit_code == 0

    files, to, asked = outside(office, mail_server, pinged)
    assert files == ["feeds", "registerwatch.toml"]
    assert sorted(to) == ["all@example.org", "operator@example.org"]
    assert sorted(asked) == ["/hook", "/well"]


def test_what_is_due_in_it_is_not_delivered(office, mail_server, pinged):
    with office.context() as context:
        context.store().db.execute(
            "insert into deliveries (subscription, item, due_at) select 'all', id, '2026-01-01T00:00:00Z' from changes"
        )
    result = office.run("notify")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing is sent" in result.stderr
    assert outside(office, mail_server, pinged) == NOTHING
    assert office.run("notify", "--tell").exit_code == 0


def test_a_held_run_that_is_released_is_told_to_nobody(office, mail_server, pinged, server):
    for slug in REGISTER:
        server.site.faults[slug] = answer(status="403 Forbidden")
    assert office.night().exit_code == 3
    (held,) = office.status()["held"]
    assert office.run("release", str(held["id"])).exit_code == 0

    assert outside(office, mail_server, pinged) == NOTHING


def test_feeds_go_where_somebody_says_and_not_where_the_settings_say(office, mail_server, pinged):
    assert office.run("feeds").exit_code == 2
    assert outside(office, mail_server, pinged) == NOTHING

    assert office.run("feeds", office.folder / "edition-feeds").exit_code == 0


@pytest.mark.parametrize("name", ["registerwatch.db", "./registerwatch.db", "link.db"])
def test_the_settings_database_by_another_name_is_no_other(office, mail_server, pinged, name):
    (office.folder / "registerwatch.db").write_bytes(office.database.read_bytes())
    (office.folder / "link.db").symlink_to("registerwatch.db")
    office.database = office.folder / name
    assert office.night().stderr == ""

    assert "all@example.org" in mail_server.to()


def test_the_environment_too_may_name_another_one(office, mail_server, pinged):
    environment = {"REGISTERWATCH_STORE__DATABASE": str(office.database)}
    result = run(office.folder, "run", environment=environment)

    assert "is not the database of the settings" in result.stderr
    assert outside(office, mail_server, pinged) == NOTHING
