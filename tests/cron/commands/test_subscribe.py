"""Subscriptions written into the settings, taken out and tried: nothing else in the file changes, no reader is told."""

import stat

import pytest

from tests.harness.editions import HARROWDALE, REGISTER, run, with_project
from tests.harness.mail_server import LoopbackMail
from tests.harness.office import ALL, Office

HARROW, *_ = REGISTER
OPERATOR = "operator@example.org"


@pytest.fixture(scope="module")
def mail_server():
    with LoopbackMail() as mail:
        yield mail


@pytest.fixture
def office(tmp_path, server, mail_server):
    """A register of which there was news once, an operator, and no subscription."""
    office = Office(tmp_path, server, mail_server, operator=OPERATOR)
    office.night("--no-notify")
    server.site.pages[HARROW] = with_project(HARROWDALE, end="2029-03-12")
    office.night("--no-notify")
    mail_server.taken.clear()
    return office


OURS = ("Our own pages", "--email", "ig@example.org", "--organisation", HARROW)


def test_what_is_added_stands_at_the_end_and_is_told_from_then_on(office, mail_server, server):
    before = office.config.read_text(encoding="utf-8")
    result = office.run("subscriptions", "add", *OURS, "--severity", "medium")

    assert result.exit_code == 0, result.output
    assert "In the last year it would have been told 1 change." in result.stdout
    assert office.config.read_text(encoding="utf-8") == (
        f'{before.rstrip()}\n\n[[subscriptions]]\nname = "Our own pages"\nemail = "ig@example.org"\n'
        f'organisations = ["{HARROW}"]\nseverity = "medium"\n'
    )
    server.site.pages[HARROW] = with_project(HARROWDALE, end="2031-03-12")
    office.quiet_night()
    assert "ig@example.org" in mail_server.to()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("x",), "must have exactly one of email, webhook and url"),
        (("x", "--email", "nobody"), "email must be a mail address"),
        (("x", "--email", "a@example.org", "--kind", "dataset-aded"), "the nearest known one is dataset-added"),
        (("x", "--email", "a@example.org", "--when", "dayly"), "when must be run, daily or weekly"),
        (("x", "--email", "a@example.org", "--organisation", "Harrowdale Universty"), "no organisation is called"),
        (("all", "--email", "a@example.org"), "there are two of this name"),
        (("operator", "--email", "a@example.org"), "is taken"),
    ],
)
def test_what_would_be_refused_is_not_written(office, options, says):
    office.tells(ALL, operator=OPERATOR)
    before = office.config.read_bytes()
    result = office.run("subscriptions", "add", *options)

    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert office.config.read_bytes() == before


def test_what_is_taken_out_leaves_everything_else_as_it_stood(office):
    text = """# Settings of ours.
[fetch]
contact = "op@example.org"   # whoever is on duty

[[subscriptions]]
name = "first"
email = "first@example.org"

# The press office wants to know.
[[subscriptions]]   # since May
name = "press"
email = "press@example.org"
words = [
  "genomic",  # in any text
]

# What follows is about mail.
[mail]
sender = "register@example.org"
"""
    office.config.write_text(text, encoding="utf-8")
    office.config.chmod(0o640)
    assert office.run("subscriptions", "remove", "press").exit_code == 0

    taken = text.index("[[subscriptions]]   # since May"), text.index("\n# What follows")
    assert office.config.read_text(encoding="utf-8") == text[: taken[0]] + text[taken[1] :]
    assert stat.S_IMODE(office.config.stat().st_mode) == 0o640
    missing = office.run("subscriptions", "remove", "press")
    assert (missing.exit_code, "no subscription is called 'press'; there are: first" in missing.stderr) == (2, True)


def test_what_is_written_in_another_form_is_left_to_its_owner(office):
    office.config.write_text('subscriptions = [{ name = "a", email = "a@example.org" }]\n', encoding="utf-8")
    before = office.config.read_bytes()

    assert office.run("subscriptions", "remove", "a").exit_code == 2
    assert office.config.read_bytes() == before


def test_added_and_taken_out_again_the_file_is_as_before(office):
    office.tells(ALL, operator=OPERATOR)
    before = office.config.read_text(encoding="utf-8")
    office.run("subscriptions", "add", *OURS)
    office.run("subscriptions", "remove", OURS[0])

    assert office.config.read_text(encoding="utf-8").rstrip() == before.rstrip()


def test_a_sample_goes_to_the_operator_and_to_nobody_else_and_counts_for_nothing(office, mail_server):
    office.tells(ALL, operator=OPERATOR)
    before = office.everything()
    result = office.run("subscriptions", "test", "all")

    assert (result.exit_code, result.stdout) == (0, f"Sent a sample of 1 change to the operator, {OPERATOR}.\n")
    (letter,) = office.taken()
    assert letter["To"].addresses[0].addr_spec == OPERATOR
    assert letter["Subject"].startswith("Sample: ")
    assert "2029-03-12" in letter.get_body("plain").get_content()
    assert office.everything() == before


def test_a_subscription_is_tried_before_it_goes_live(office, mail_server):
    before = office.config.read_bytes()
    result = office.run("subscriptions", "add", *OURS, "--try")

    assert (result.exit_code, mail_server.to()) == (0, [OPERATOR])
    assert office.config.read_bytes() == before


def test_without_an_operator_or_news_it_is_said_why_there_is_no_sample(office, mail_server):
    office.tells(ALL, {"name": "quiet", "email": "q@example.org", "severity": "high"}, operator=OPERATOR)
    assert "nothing to sample" in office.run("subscriptions", "test", "quiet").stdout
    office.tells(ALL)
    result = office.run("subscriptions", "test", "all")

    assert (result.exit_code, "set operator in [mail]" in result.stderr) == (2, True)
    assert mail_server.taken == []


def test_without_a_settings_file_it_is_said_how_to_have_one(tmp_path):
    result = run(tmp_path, "subscriptions", "add", "x", "--email", "a@example.org")

    assert (result.returncode, "registerwatch init" in result.stderr) == (2, True)
