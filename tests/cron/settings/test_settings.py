import json
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from cron.settings.load import KEYS, load_settings, settings_template, variable
from cron.settings.sections import (
    FetchSettings,
    GuardSettings,
    MailSettings,
    Settings,
    StoreSettings,
    SubscriptionSettings,
)
from diff.deciding.guards import Guards
from notify.channels.smtp import MailServer
from notify.following.subscription import Subscription
from scraper.errors import SettingsError
from scraper.web.fetch import FetchPolicy


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "registerwatch.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refusal(*arguments):
    with pytest.raises(SettingsError) as caught:
        load_settings(*arguments)
    (line,) = str(caught.value).splitlines()
    return line


def test_without_anything_the_defaults_stand():
    assert load_settings(None, None, {}) == Settings()
    assert Settings().guards == GuardSettings(gone_fraction=0.33, failed_fraction=0.5, group_from=25)


def test_the_defaults_are_those_of_the_domain():
    contact, index, name = "me@a.example", "https://a.example/", "ig"
    fetch, mail = FetchSettings(contact=contact), MailSettings(host="smtp.a.example", sender=contact)

    assert GuardSettings().as_value(Guards) == Guards()
    assert fetch.as_value(FetchPolicy, index=index) == FetchPolicy(contact=contact, index=index)
    assert mail.as_value(MailServer) == MailServer(host="smtp.a.example")
    assert SubscriptionSettings(name=name, email=contact).as_value(Subscription) == Subscription(name=name)


def test_a_value_takes_over_what_is_called_as_its_fields_and_a_secret_as_text():
    mail = MailSettings(host="smtp.a.example", sender="me@a.example", port=2525, password=SecretStr("s3cret"))

    assert mail.as_value(MailServer) == MailServer(host="smtp.a.example", port=2525, password="s3cret")


def test_the_file_yields_to_the_environment_and_that_to_options(write):
    config = write("[guards]\ngone_fraction = 0.1\nfailed_fraction = 0.2\ngroup_from = 3\n")
    environ = {"REGISTERWATCH_GUARDS__FAILED_FRACTION": "0.4", "REGISTERWATCH_GUARDS__GROUP_FROM": "5"}

    settings = load_settings(config, {"guards.group_from": 7, "store.database": None}, environ)

    assert settings.guards == GuardSettings(gone_fraction=0.1, failed_fraction=0.4, group_from=7)


@pytest.mark.parametrize("full_name", KEYS)
def test_every_key_has_an_environment_variable(full_name):
    section, key = KEYS[full_name]
    examples = {
        "log.format": "json",
        "guards.group_from": "2",
        "register.hosts": '["a.example"]',
        "register.slugs": '["a_page"]',
        "fetch.contact": "me@a.example",
        "fetch.max_bytes": "5000",
        "fetch.proxy": "http://me:s3cret@proxy.example:3128",
        "schedule.cron": "5 4 * * sun",
        "schedule.timezone": "Asia/Kathmandu",
    }
    examples |= {
        "mail.host": "smtp.a.example",
        "mail.security": "tls",
        "mail.sender": "me@a.example",
        "mail.operator": "me@a.example",
        "browse.publish_pages": "True",
        "browse.contact": "desk@a.example",
        "witness.tsa": '["https://a.example/tsr"]',
        "archive.save": "True",
        "follow.enabled": "True",
        "follow.return_path": "back+{token}@a.example",
        "follow.trusted_proxy": "127.0.0.1",
        "archive.url": "https://a.example/",
        "compute.dask": "tcp://a.example:8786",
    }
    is_address = key in ("index", "sitemap", "ping_url", "ping_failure_url", "base_url")
    value = "https://a.example/" if is_address else examples.get(full_name, "1")

    needed = {
        "mail.host": {"mail.sender": "me@a.example"},
        "archive.access_key": {"archive.secret_key": "1"},
        "archive.secret_key": {"archive.access_key": "1"},
    }
    beside = {variable(name): text for name, text in needed.get(full_name, {}).items()}
    settings = load_settings(None, None, {**beside, variable(full_name): value})

    read = getattr(getattr(settings, section), key)
    if isinstance(read, SecretStr):
        assert "SecretStr('**********')" in repr(settings)
        read = read.get_secret_value()
    assert (json.dumps(read) if isinstance(read, tuple) else str(read)) in (value, f"{value}.0")


def test_relative_paths_count_from_the_folder_of_the_file(write, tmp_path):
    config = write('[store]\ndatabase = "data/register.db"\n')

    assert load_settings(config, None, {}).store == StoreSettings(database=tmp_path / "data/register.db")
    assert load_settings(write(""), None, {}).store == StoreSettings(database=tmp_path / "registerwatch.db")
    assert load_settings(write("[store]\ndatabase = '/var/r.db'"), None, {}).store == StoreSettings(
        database=Path("/var/r.db")
    )


def test_paths_given_as_options_count_from_the_current_directory(write):
    settings = load_settings(write(""), {"store.database": Path("other.db")}, {})

    assert settings.store == StoreSettings(database=Path("other.db"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "[guards]\ngon_fraction = 1\n",
            "unknown key guards.gon_fraction, the nearest known one is guards.gone_fraction",
        ),
        ("[guard]\ngroup_from = 3\n", "unknown section [guard], the nearest known one is [guards]"),
        ('database = "x.db"\n', "unknown key database, the nearest known one is store.database"),
        ("log = 3\n", "log must be a section, as in [log]"),
        ("[guards]\ngone_fraction = 1.5\n", "guards.gone_fraction must be less than or equal to 1"),
        ("[guards]\ngone_fraction = nan\n", "guards.gone_fraction must be less than or equal to 1"),
        ("[guards]\ngroup_from = 'many'\n", "guards.group_from must be a valid integer"),
        ("[log]\nformat = 'xml'\n", "log.format must be text or json"),
        ("[mail]\nsecurity = 'ssl'\n", "mail.security must be starttls, tls or none"),
        ("[browse]\nbase_url = 'example.org'\n", "browse.base_url must be a web address, as in https://example.org/"),
        ("[register]\nname = ''\n", "register.name must have at least 1 character"),
        ("[store]\ndatabase = 3\n", "store.database must be a valid path"),
        ("[guards]\ngroup_from = 3\n[guards\n", "not TOML: Cannot declare ('guards',) twice (at line 3"),
        (b"[log]\nformat = '\xff'\n", "not a settings file (not UTF-8 text)"),
        ("[store]\ndatabase = ''\n", "store.database must name a file"),
        ("[fetch]\nca_file = ''\n", "fetch.ca_file must name a file"),
        ("[fetch]\nproxy = 'proxy:3128'\n", "fetch.proxy must be the address of a proxy, as in "),
        ("[compute]\ndask = 'http://a.example:8786'\n", "compute.dask must match pattern "),
        ("[compute]\nworkers = 0\n", "compute.workers must be "),
        ("[fetch]\nproxy = 'socks5://proxy:1080'\n", "fetch.proxy must be the address of a proxy, as in "),
        ("[schedule]\ncron = 'often'\n", "schedule.cron: 'often' cannot be read: "),
        ("[schedule]\ncron = '17 3 * * 1-5'\n", "schedule.cron: '17 3 * * 1-5' names days of the week by number"),
        ("[schedule]\ncron = '17 3 30 feb *'\n", "schedule.cron: '17 3 30 feb *' names a time that never comes"),
        ("[schedule]\ntimezone = 'Mars'\n", "schedule.timezone: there is no time zone 'Mars'"),
        ("[[store]]\ndatabase = 'x'\n", "store must be a section, as in [store]"),
        ("[register]\nhosts = 'a.example'\n", 'register.hosts must be a list, as in ["x"]'),
        ("[subscription]\n", "unknown section [subscription], the nearest known one is [[subscriptions]]"),
        ("[[subscription]]\n", "unknown section [[subscription]], the nearest known one is [[subscriptions]]"),
        ("[subscriptions]\n", "subscriptions must be sections, as in [[subscriptions]]"),
    ],
)
def test_a_wrong_file_is_refused_by_name(write, text, complaint):
    config = write(text)

    assert refusal(config, None, {}).startswith(f"{config}: {complaint}")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[zebra]\n", "unknown section [zebra]"),
        ("[[zebras]]\nto = 'me'\n", "unknown section [[zebras]]"),
        ("[guards]\nzebra = 1\n", "unknown key guards.zebra"),
        ("zebra = 1\n", "unknown key zebra"),
    ],
)
def test_no_name_is_suggested_where_none_is_near(write, text, complaint):
    config = write(text)

    assert refusal(config, None, {}) == f"{config}: {complaint}"


def test_no_variable_is_suggested_where_none_is_near():
    assert refusal(None, None, {"REGISTERWATCH_ZEBRA": "1"}) == "REGISTERWATCH_ZEBRA: unknown environment variable"


def test_lists_of_tables_are_sections_and_the_near_one_is_named(write):
    config = write("[[guard]]\n")

    assert refusal(config, None, {}) == f"{config}: unknown section [[guard]], the nearest known one is [guards]"


SUBSCRIPTION = """
[[subscriptions]]
name = "Our own pages"
email = "ig@a.example"
"""


def test_a_subscription_needs_a_name_and_an_address(write):
    (one,) = load_settings(write(SUBSCRIPTION), None, {}).subscriptions

    assert (one.name, one.email, one.when, one.severity) == ("Our own pages", "ig@a.example", "run", None)
    assert not any((one.organisations, one.datasets, one.words, one.kinds, one.exceptions, one.expiring))


def test_a_subscription_says_what_is_followed_and_when_it_is_told(write):
    more = """organisations = ["a_page"]
kinds = ["dataset-added"]
except = ["DARS-NIC-1-A1B2C"]
expiring = 60
when = "weekly"
at = "mon 07:30"
"""
    (one,) = load_settings(write(SUBSCRIPTION + more), None, {}).subscriptions

    assert (one.organisations, one.kinds, one.exceptions) == (("a_page",), ("dataset-added",), ("DARS-NIC-1-A1B2C",))
    assert (one.expiring, one.when, one.at) == ((60,), "weekly", "mon 07:30")


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ('organisation = ["x"]', "unknown key organisation, the nearest known one is organisations"),
        ('kinds = ["dataset-aded"]', "kinds: unknown kind dataset-aded, the nearest known one is dataset-added"),
        ('severity = "huge"', "severity must be high, medium, low or info"),
        ('severity = "hihg"', "severity must be high, medium, low or info, the nearest is high"),
        ('when = "hourly"', "when must be run, daily or weekly"),
        ('organisations = "a_page"', 'organisations must be a list, as in ["x"]'),
        ('at = "08:00"', 'at needs when = "daily" or "weekly"'),
        ('when = "daily"\nat = "8"', 'at must be a time of day, as in "08:00"'),
        ('when = "weekly"\nat = "08:00"', 'at must be a weekday and a time of day, as in "mon 08:00"'),
        ('timezone = "Mars"', "timezone: there is no time zone 'Mars'"),
        ('timezone = "London"', "timezone: there is no time zone 'London', the nearest is Europe/London"),
        ('webhook = "https://a.example/hook"', "must have exactly one of email, webhook and url"),
        ('secret = "s3cret"', "secret must have at least 16 characters"),
        ('secret = "whsec_not base64 at all"', "secret must have base64 behind whsec_"),
        ('secret = "whsec_c2hvcnQgb25l"', "secret must have at least 16 bytes in base64 behind whsec_"),
        ('secret = "a long random text"', "secret is for a webhook"),
        ("expiring = [-1]", "expiring must be greater than or equal to 0"),
    ],
)
def test_a_wrong_subscription_is_refused_by_its_name(write, more, complaint):
    config = write(SUBSCRIPTION + more + "\n")

    said = refusal(config, None, {})

    assert said.startswith(f"{config}: subscription 'Our own pages'")
    assert complaint in said


@pytest.mark.parametrize(
    "wrong",
    [
        '[[subscriptions]]\nname = "a"\nemail = "s3cret"\n',
        '[[subscriptions]]\nname = "a"\nwebhook = "ftp://s3cret"\n',
        '[mail]\nsender = "s3cret"\n',
        '[mail]\nhost = "smtp.a.example"\npassword = "s3cret"\n',
        '[fetch]\nproxy = "https://me:s3cret@proxy.example"\n',
        '[fetch]\nproxy = "http://me:s3cret@proxy.example:99999"\n',
    ],
)
def test_no_address_and_no_password_is_repeated(write, wrong):
    assert "s3cret" not in refusal(write(wrong), None, {})


@pytest.mark.parametrize("contact", ["javascript:alert(1)", "the desk", "https://", "a@b c"])
def test_a_contact_that_is_no_address_is_refused(write, contact):
    said = refusal(write(f'[browse]\ncontact = "{contact}"\n'), None, {})

    assert "contact must be a mail or a web address" in said


def test_a_subscription_without_a_name_is_told_so_in_our_words(write):
    config = write('[[subscriptions]]\nemail = "ig@a.example"\n')

    assert refusal(config, None, {}) == f"{config}: subscription 1: name must be set"


def test_two_subscriptions_of_one_name_are_refused_and_so_is_the_operators(write):
    assert "there are two of this name" in refusal(write(SUBSCRIPTION * 2), None, {})
    assert "'operator' is taken" in refusal(write(SUBSCRIPTION.replace("Our own pages", "operator")), None, {})


def test_a_schedule_in_the_environment_is_named_by_its_variable():
    assert refusal(None, None, {"REGISTERWATCH_SCHEDULE__TIMEZONE": "Mars"}) == (
        "REGISTERWATCH_SCHEDULE__TIMEZONE: there is no time zone 'Mars'"
    )


def test_everything_wrong_is_said_in_one_line(write):
    config = write("[guards]\ngroup_form = 3\nfailed_fraction = 3\n[stor]\n")

    assert refusal(config, {"log.format": "xml"}, {"REGISTERWATCH_STORE__DATABASES": "x"}) == (
        f"{config}: unknown key guards.group_form, the nearest known one is guards.group_from; "
        "unknown section [stor], the nearest known one is [store]; "
        "guards.failed_fraction must be less than or equal to 1; "
        "REGISTERWATCH_STORE__DATABASES: unknown environment variable, "
        "the nearest known one is REGISTERWATCH_STORE__DATABASE; "
        "the option for log.format must be text or json"
    )


def test_a_wrong_value_in_the_environment_is_named_by_its_variable():
    assert refusal(None, None, {"REGISTERWATCH_GUARDS__GROUP_FROM": "many"}) == (
        "REGISTERWATCH_GUARDS__GROUP_FROM must be a valid integer"
    )


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path):
    assert refusal(tmp_path / "no.toml", None, {}) == f"{tmp_path}/no.toml: cannot be read (no such file or directory)"
    assert refusal(tmp_path, None, {}) == f"{tmp_path}: cannot be read (is a directory)"


def test_variables_of_others_are_none_of_our_business():
    assert load_settings(None, None, {"HOME": "/", "REAL_REGISTER_DIR": "x"}) == Settings()


def test_what_init_writes_reads_as_the_defaults(write, tmp_path):
    assert load_settings(write(settings_template()), None, {}) == load_settings(write(""), None, {})


def test_what_init_writes_names_every_key():
    lines = settings_template().splitlines()

    assert all(any(line.removeprefix("#").startswith(f"{key} = ") for line in lines) for _, key in KEYS.values())


def uncommented(text, *but):
    """Return a settings file with every setting in force that stands there behind a single #."""
    lines = text.splitlines()
    settings = [line for line in lines if re.match(r"#\S", line)]
    assert settings
    assert all(re.match(r"#(\w+ = |\[\[)", line) for line in settings)
    kept = [line for line in lines if not line.startswith(tuple(f"#{key} = " for key in but))]
    return "\n".join(line[1:] if line in settings else line for line in kept)


def test_every_setting_that_init_comments_out_reads_once_its_sign_is_taken_away(write):
    settings = load_settings(write(uncommented(settings_template(), "webhook", "url", "secret")), None, {})

    (one,) = settings.subscriptions
    assert (settings.fetch.contact, settings.mail.port) == ("you@example.org", 587)
    assert (one.name, one.email, one.when, one.at) == ("Our own pages", "ig@example.org", "weekly", "mon 08:00")


def test_the_first_lines_of_a_subscription_are_enough(write):
    template = settings_template()
    for line in ("[[subscriptions]]", 'name = "Our own pages"', 'email = "ig@example.org"'):
        template = template.replace(f"#{line}", line)

    assert [one.name for one in load_settings(write(template), None, {}).subscriptions] == ["Our own pages"]


def test_the_example_of_the_webhooks_page_reads_without_error(write):
    page = (Path(__file__).parents[3] / "docs/webhooks.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)

    (one,) = load_settings(write(example), None, {}).subscriptions

    assert (one.name, one.webhook, one.words) == ("newsroom", "https://example.org/hook", ("genomic",))
