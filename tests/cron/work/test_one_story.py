"""The operator reads one story: what `run`, `notify` and `status` say, and what the notes say of them, is the same."""

import pytest

from tests.cron.work.test_deliver import HARROWDALES
from tests.harness.editions import HARROWDALE, REGISTER, Page, many, with_project
from tests.harness.mail_server import LoopbackMail, Refuse
from tests.harness.office import ALL, Office
from tests.harness.servers import answer

HARROW, *_ = REGISTER
OPERATOR = "operator@example.org"
MANY = {f"board_{n:02d}": Page(f"Board {n}", many(1, first=n)) for n in range(20)}
BUSY = answer(b"<h1>Later</h1>", status="503 Service Unavailable")


@pytest.fixture(scope="module")
def mail_server():
    with LoopbackMail() as mail:
        yield mail


@pytest.fixture
def mail(mail_server):
    mail_server.taken.clear()
    mail_server.faults.clear()
    mail_server.refused.clear()
    return mail_server


@pytest.fixture
def office(tmp_path, server, mail):
    """A register that was read once, two readers, and somebody who looks after it and was not written to yet."""
    office = Office(tmp_path, server, mail, HARROWDALES, ALL, operator=OPERATOR)
    office.run("run", "--no-notify")
    server.site.pages[HARROW] = with_project(HARROWDALE, end="2029-03-12")
    return office


def note(office):
    """Return the one letter to the operator."""
    (letter,) = office.taken(OPERATOR)
    return letter["Subject"], " ".join(letter.get_content().split())


def needs(office):
    return office.status()["needs_a_person"]


def test_the_weekly_note_counts_what_the_run_that_sends_it_delivered(office):
    assert office.night().exit_code == 0

    subject, text = note(office)
    assert subject.startswith("registerwatch: all is well, week ")
    assert "1 told, 2 messages delivered" in text


def test_all_is_not_well_where_the_run_ended_with_3(office, mail):
    mail.refused["all@example.org"] = 450
    assert office.night().exit_code == 3

    subject, text = note(office)
    assert subject.startswith("registerwatch: 1 thing needs a person still, week ")
    assert "1 message to all has waited since" in text
    assert "recipient refused (450)" in text
    assert len(needs(office)) == 1
    assert office.run("status").exit_code == 3


def test_feeds_that_cannot_be_written_are_in_the_note(office):
    (office.folder / "feeds").write_text("mine", encoding="utf-8")
    assert office.night().exit_code == 3

    subject, text = note(office)
    assert subject == "registerwatch: 1 thing needs a person"
    assert "feeds cannot be written" in text
    (need,) = needs(office)
    assert "".join(need.split()) in "".join(text.split())  # a long path is broken where a line ends
    assert office.run("status").exit_code == 3

    (office.folder / "feeds").unlink()
    assert office.night().exit_code == office.run("status").exit_code == 0
    assert needs(office) == []


def test_notify_does_not_say_that_what_it_delivers_waits(office, mail):
    mail.faults["MAIL"] = [Refuse(), Refuse(), Refuse()]
    assert office.night().exit_code == 3
    assert mail.taken == []
    with office.context() as context:
        context.store().db.execute("update deliveries set due_at = '2026-01-01T00:00:00Z', next_attempt_at = due_at")

    assert office.run("notify").exit_code == 0
    subject, text = note(office)
    assert subject.startswith("registerwatch: all is well")
    assert "waited" not in text
    assert "2 messages delivered" in text


def test_of_two_held_nights_the_latest_alone_is_named_and_can_be_decided_on(office, server):
    server.site.pages |= MANY
    office.night("--no-notify")
    for slug in [*MANY][:15]:
        server.site.faults[slug] = BUSY
    assert office.night().exit_code == 3
    assert office.night().exit_code == 3
    first, latest = (run["id"] for run in office.status()["held"])

    (held,) = [need for need in needs(office) if "is held" in need]
    assert held.startswith(f"Run {latest} is held: ")
    assert f"registerwatch discard {latest}" in held
    assert f"release {first}" not in held
    assert "1 earlier run is held too" in held
    assert f"Held run {latest}, 1 before it" in " ".join(office.run("status").stdout.split())
    assert office.run("discard", str(latest)).exit_code == 0
    assert office.run("discard", str(first)).exit_code == 0


def test_a_run_that_goes_well_ends_with_3_while_something_of_before_needs_a_person(office, mail):
    mail.refused["all@example.org"] = 550
    office.night()
    with office.context() as context:
        context.store().db.execute(
            "update deliveries set state = 'given up', given_up_at = '2026-01-01T00:00:00Z' where failure is not null"
        )
    result = office.night()

    assert result.exit_code == office.run("status").exit_code == 3
    assert "1 message to all, due since" in " ".join(result.stdout.split())
    mail.refused.clear()
    office.server.site.pages[HARROW] = with_project(HARROWDALE, end="2030-03-12")
    assert office.night().exit_code == office.run("status").exit_code == 0
