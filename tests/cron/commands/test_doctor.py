"""`doctor` says what works and what does not, against real servers; it keeps and sends nothing."""

import json

import pytest

from snapshots.people.keys import add_key
from tests.harness.editions import HARROWDALE, REGISTER, Page, with_project
from tests.harness.mail_server import AUTHORITY, LoopbackMail
from tests.harness.nights import Nights
from tests.harness.servers import Loopback, answer

HARROW, WEX, EAST = REGISTER


def checks(nights):
    """Return exit status, and what is said of each thing that was looked at."""
    result = nights.run("doctor", "--format", "json")
    assert result.stderr == ""
    rows = json.loads(result.stdout)
    assert (result.exit_code == 0) == all(row["good"] for row in rows)
    assert result.exit_code in (0, 3)
    said = {}
    for row in rows:
        said.setdefault(row["what"], []).append(row["said"])
    return [row["what"] for row in rows if not row["good"]], {what: "; ".join(all_) for what, all_ in said.items()}


def mailing(nights, mail):
    nights.config.write_text(nights.config.read_text(encoding="utf-8") + mail.settings, encoding="utf-8")


def test_where_everything_works_ten_lines_say_so_and_nothing_is_kept(nights, server):
    result = nights.run("doctor")

    assert (result.exit_code, result.stderr) == (0, "")
    heads = [line[:12].strip() for line in result.stdout.splitlines() if not line.startswith(" ")]
    pages = ["Page"] * 3
    assert heads == ["Settings", "Database", "Mail", "Certificate", "robots.txt", "Index", *pages, "Result"]
    assert "everything works; go on with: registerwatch run" in result.stdout
    assert [path.name for path in nights.folder.iterdir()] == ["registerwatch.toml"]
    assert [one.path for one in server.asked][:2] == ["/robots.txt", "/"]
    assert sorted(server.pages_asked()) == sorted(REGISTER)


def test_it_says_how_much_of_each_page_went_where(nights, server):
    page = HARROWDALE.html().replace(b"</body>", b"<p>Ten words that stand below all and in no field here.</p></body>")
    server.site.pages[HARROW] = page.replace(b"<p>University", b"<p>A word of welcome.</p><p>University")
    _, said = checks(nights)

    assert f"{EAST}: 1 agreement, " in said["Page"]
    shares = said["Page"].split(f"{HARROW}: 1 agreement, ")[1].partition(";")[0]
    assert shares.endswith(" % remainder, 0 % frame")
    assert " words: 9" in shares


def test_the_frame_that_is_known_is_counted_as_that(tmp_path, server):
    nights = Nights(tmp_path, server)
    menu = b"<body><p>Menu home organisations about the site</p>"
    pages = {
        f"b_{n:02d}": with_project(Page(f"Board {n}", HARROWDALE.projects), reference=f"DARS-NIC-10000{n}-A1B2C")
        for n in range(10)
    }
    server.site.pages = {slug: page.html().replace(b"<body>", menu) for slug, page in pages.items()}
    nights.quiet_night()
    _, said = checks(nights)

    assert "84 % fields, 0 % remainder, 16 % frame" in said["Page"]


def test_a_page_that_is_not_understood_is_named_with_what_stands_there(nights, server):
    server.site.pages[HARROW] = with_project(HARROWDALE, sensitive="see the catalogue")
    server.site.pages[WEX] = b"<!DOCTYPE html><html><body><h1>Down for maintenance</h1></body></html>"
    bad, said = checks(nights)

    assert bad == ["Page", "Page"]
    assert f"{WEX} is not understood: an error or maintenance page" in said["Page"]
    assert "`Sensitive` is not understood: 'see the catalogue'" in said["Page"]


def test_of_many_pages_three_are_asked_for_politely(tmp_path, server):
    nights = Nights(tmp_path, server, fetch={"interval_s": 0.01})
    server.site.pages = {f"b_{n:02d}": HARROWDALE for n in range(40)}
    server.site.robots = b"User-agent: *\nCrawl-delay: 0.02\n"
    bad, said = checks(nights)

    assert (bad, len(server.asked)) == ([], 5)
    assert server.pages_asked() == ["b_00", "b_19", "b_39"]
    assert "a request every 0.02 s, as it asks" in said["robots.txt"]
    assert all("registerwatch" in one.headers["user-agent"] for one in server.asked)


@pytest.mark.parametrize(
    ("rules", "says", "asked"),
    [
        (b"User-agent: *\nDisallow: /\n", "forbids the index", ["/robots.txt"]),
        (b"User-agent: registerwatch\nDisallow: /organisations/\n", "forbids 3 pages", ["/robots.txt", "/"]),
    ],
)
def test_what_robots_txt_forbids_is_not_asked_for(nights, server, rules, says, asked):
    server.site.robots = rules
    bad, said = checks(nights)

    assert bad == ["robots.txt"]
    assert said["robots.txt"].startswith(says)
    assert [one.path for one in server.asked] == asked


def test_an_index_without_links_and_one_that_fails_are_told(nights, server):
    server.site.pages = {}
    bad, said = checks(nights)
    assert (bad, "no link to an organisation" in said["Index"]) == (["Index"], True)

    server.site.faults["/"] = answer(status="403 Forbidden")
    bad, said = checks(nights)
    assert (bad, "answered 403" in said["Index"]) == (["Index"], True)


def test_a_site_that_is_not_there_is_told_as_that(nights):
    nights.configure(register={"index": "http://127.0.0.1:9/"})
    bad, said = checks(nights)

    assert bad == ["Site"]
    assert said["Site"].startswith("the site cannot be reached: no connection")


def test_a_site_with_a_certificate_of_another_is_told(nights):
    with Loopback({}, certificate="other-name.pem") as site:
        nights.configure(register={"index": f"{site.url}/"})
        bad, said = checks(nights)

    assert bad == ["Certificate"]
    assert "the site does not prove its name: the certificate is not to be trusted" in said["Certificate"]


def test_without_a_contact_the_site_is_not_asked(nights, server):
    nights.configure(fetch={"contact": None})
    bad, said = checks(nights)

    assert (bad, server.asked) == (["Site"], [])
    assert "no contact" in said["Site"]


# --- mail -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_login_that_works_sends_nothing(nights, monkeypatch, security):
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with LoopbackMail(security, users={"register": "hunter22"}) as mail:
        mailing(nights, mail)
        bad, said = checks(nights)

    assert (bad, mail.taken) == ([], [])
    assert "AUTH" in mail.commands
    assert not {"MAIL", "RCPT", "DATA"} & set(mail.commands)
    assert said["Mail"] == "127.0.0.1 takes our login, its certificate is good"


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        ("expired.pem", "has expired"),
        ("other-name.pem", "is not valid for its name"),
        ("self-signed.pem", "is signed by itself alone"),
    ],
)
def test_a_bad_certificate_is_told_before_any_password(nights, monkeypatch, certificate, why):
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with LoopbackMail("tls", users={"register": "hunter22"}, certificate=certificate) as mail:
        mailing(nights, mail)
        bad, said = checks(nights)

    assert bad == ["Mail"]
    assert said["Mail"] == f"127.0.0.1: the mail server's certificate {why}"
    assert mail.commands == []


def test_a_login_that_is_refused_is_told_without_the_password(nights, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with LoopbackMail("tls", users={"register": "hunter22"}) as mail:
        mailing(nights, mail)
        mail.users["register"] = "another"
        bad, said = checks(nights)
        text = nights.run("doctor")

    assert bad == ["Mail"]
    assert said["Mail"] == "127.0.0.1: login refused (535)"
    assert "hunter22" not in text.output
    assert "1 thing does not work" in text.stdout
    assert text.exit_code == 3


# --- this machine -----------------------------------------------------------------------------------------------------


def test_a_database_that_is_none_of_ours_is_told_and_the_rest_is_looked_at(nights):
    nights.database.write_text("mine", encoding="utf-8")
    bad, said = checks(nights)

    assert bad == ["Database"]
    assert "is not a database of registerwatch" in said["Database"]
    assert len(said["Page"].split("; ")) == 3


def test_a_name_that_nobody_knows_is_told(nights):
    nights.quiet_night()
    nights.add_settings(
        '[[subscriptions]]\nname = "a"\nemail = "a@example.org"\norganisations = ["Harowdale University"]'
    )
    bad, said = checks(nights)

    assert bad == ["Settings"]
    assert "no organisation is called 'Harowdale University'" in said["Settings"]


# Following by e-mail


FOLLOWED = {
    "mail": {"sender": "register@example.org"},
    "browse": {"base_url": "https://register.example.org"},
    "follow": {"enabled": True, "trusted_proxy": "127.0.0.1", "return_path": "bounces+{token}@example.org"},
}


def followed(nights, **others):
    """Write settings with which pages may be followed, but for *others*."""
    names = FOLLOWED.keys() | others.keys()
    nights.configure(**{name: {**FOLLOWED.get(name, {}), **others.get(name, {})} for name in names})


def test_where_pages_can_be_followed_it_says_so_and_makes_nothing(nights):
    followed(nights)
    add_key(nights.folder / "people.key")
    bad, said = checks(nights)

    assert bad == []
    assert "people.db is not there yet, the first form makes it" in said["Follow"]
    assert "letters come back to bounces+{token}@example.org" in said["Follow"]
    assert not (nights.folder / "people.db").exists()


def test_what_is_said_of_followers_is_how_many_there_are(nights):
    followed(nights)
    add_key(nights.folder / "people.key")
    assert nights.run("followers").exit_code == 0
    bad, said = checks(nights)

    assert (bad, "people.db: 0 followers" in said["Follow"]) == ([], True)


@pytest.mark.parametrize(
    ("section", "settings", "says"),
    [
        ("mail", {"sender": None}, "no sender in [mail]"),
        ("browse", {"base_url": None}, "no base_url in [browse]"),
        ("browse", {"base_url": "http://register.example.org"}, "no button that stops"),
        ("follow", {"trusted_proxy": None}, "count as one, to whom 20 letters go in a day"),
        ("feeds", {"directory": "."}, "people.db lies among the feeds"),
    ],
)
def test_a_setting_that_keeps_readers_from_following_is_told(nights, section, settings, says):
    followed(nights, **{section: settings})
    add_key(nights.folder / "people.key")
    bad, said = checks(nights)

    assert (bad, says in said["Follow"]) == (["Follow"], True)


def test_a_key_and_a_file_that_others_can_read_are_told(nights):
    followed(nights)
    bad, said = checks(nights)
    assert (bad, "there is no key; make one with" in said["Follow"]) == (["Follow"], True)

    add_key(nights.folder / "people.key")
    nights.run("followers")
    (nights.folder / "people.db").chmod(0o644)
    bad, said = checks(nights)
    assert (bad, "people.db: others can read who follows; say chmod 600" in said["Follow"]) == (["Follow"], True)

    (nights.folder / "people.key").chmod(0o640)
    bad, said = checks(nights)
    assert (bad, "others can read this key; say chmod 600" in said["Follow"]) == (["Follow"], True)


def test_a_file_of_followers_that_is_another_programs_is_told(nights):
    followed(nights)
    add_key(nights.folder / "people.key")
    nights.quiet_night()
    followed(nights, follow={"database": "registerwatch.db"})
    bad, said = checks(nights)

    assert (bad, "is another database; name another file in [follow]" in said["Follow"]) == (["Follow"], True)
